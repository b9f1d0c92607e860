//! Findings as pictures of our own. Shape and stroke say it; colour only helps. Words stand beside every icon, so a screen reader
//! is told nothing twice.

use maud::{Markup, html};

use super::palette::{INK, ON_COLOUR, ORANGE, TEAL};
use crate::scoring::{Finding, Signal};
use crate::statistics::xmr::{Assurance, Side, Variation};

/// An arrow that goes up or down.
const UP: &str = "M10 25L17 18L21 22L30 12M23 11.5h7.5v7.5";
const DOWN: &str = "M10 15L17 22L21 18L30 28M23 28.5h7.5v-7.5";

fn picture(content: &Markup) -> Markup {
    html! {
        svg aria-hidden="true" width="32" height="32" viewBox="0 0 40 40" fill="none" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" { (content) }
    }
}

fn arrow(side: Side) -> Markup {
    html! { path d=(if side == Side::High { UP } else { DOWN }) stroke=(ON_COLOUR) {} }
}

/// What varies: a filled disc is better, a filled diamond worse, a wave in a ring no signal, a broken ring nothing to say.
pub(crate) fn variation(signal: &Signal) -> Markup {
    let broken = |inside: &Markup| {
        picture(&html! {
            circle cx="20" cy="20" r="16" stroke=(INK) stroke-opacity="0.7" stroke-dasharray="4 5" {}
            (inside)
        })
    };
    match (signal.finding, signal.variation) {
        (Finding::Silent | Finding::NoAnswers, _) => broken(&html! { path d="M11 29L29 11" stroke=(INK) {} }),
        (Finding::TooFew, _) => {
            broken(&html! { path d="M13 20h.01M20 20h.01M27 20h.01" stroke=(INK) stroke-width="4" {} })
        }
        (_, Some(Variation::Improvement(side))) => picture(&html! {
            circle cx="20" cy="20" r="18" fill=(TEAL) {}
            (arrow(side))
        }),
        (_, Some(Variation::Concern(side))) => picture(&html! {
            path d="M20 0L40 20L20 40L0 20z" fill=(ORANGE) {}
            (arrow(side))
        }),
        (_, Some(Variation::Neutral(side))) => picture(&html! {
            rect x="3" y="3" width="34" height="34" fill="#5b6670" {}
            (arrow(side))
        }),
        (_, Some(Variation::Common) | None) => picture(&html! {
            circle cx="20" cy="20" r="16" stroke=(INK) stroke-opacity="0.7" {}
            path d="M10 21c2.5-6 5-6 7 0s4.5 6 7 0s4-4 6-1" stroke=(INK) {}
        }),
    }
}

/// Whether a target is met: a filled shield with a tick, an octagon with a cross, or a square that is half and half.
pub(crate) fn assurance(signal: &Signal) -> Option<Markup> {
    if !matches!(signal.finding, Finding::Signal | Finding::Common) {
        return None;
    }
    match signal.assurance {
        Assurance::Pass => Some(picture(&html! {
            path d="M20 2L36 8v11c0 10-7 16-16 19C11 35 4 29 4 19V8z" fill=(TEAL) {}
            path d="M12 20l6 6l11-12" stroke=(ON_COLOUR) {}
        })),
        Assurance::Fail => Some(picture(&html! {
            path d="M13 2h14l11 11v14l-11 11h-14l-11-11v-14z" fill=(ORANGE) {}
            path d="M14 14l12 12M26 14l-12 12" stroke=(ON_COLOUR) {}
        })),
        Assurance::Inconsistent => Some(picture(&html! {
            rect x="4" y="4" width="32" height="32" rx="6" stroke=(INK) stroke-opacity="0.7" {}
            path d="M4 36L36 4" stroke=(INK) stroke-opacity="0.7" {}
            path d="M9 14l3 3l6-7M24 24l7 7M31 24l-7 7" stroke=(INK) {}
        })),
        Assurance::NotAsked => None,
    }
}
