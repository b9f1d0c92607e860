//! The parts of a ward's page that change. Every part is a direct child with an id of its own, so that the script can leave alone
//! those that stayed the same. What other units show too is in [`figures`].

use maud::{Markup, html};
use wardvoice_protocol::fortnight::Calendar;

use super::View;
use crate::scoring::Measure;
use crate::web::charts::Window;
use crate::web::comments;
use crate::web::figures::{self, About};
use crate::web::words;
use crate::web::{help, signals};

/// All parts.
pub(super) fn body(view: &View, calendar: &Calendar) -> Markup {
    let period = view.period.to_string();
    let about = About {
        unit: &view.sheet.unit,
        period: &view.period,
        asked: view.asked_of(&period),
        sheet: &view.sheet,
        outlook: &view.outlook,
        actions: &view.flagged,
        final_after_days: view.final_after_days,
        today: view.today,
    };
    let window = Window::of(view.outlook.scores());
    let is_silent = view.presence.is_silent(view.now);
    let heard = view.presence.last_record.filter(|_| about.is_running() && !is_silent);
    let heard = heard.map(|last| format!("Last heard from: {}.", words::ago(last, view.now, calendar)));
    let silent = if about.is_running() && is_silent {
        silent(view, calendar)
    } else {
        html! {}
    };
    let trend = html! {
        @if let Some(signal) = view.outlook.get(&Measure::Overall) {
            div.trend { (figures::chart(&about, signal, window)) }
        }
    };
    html! {
        (help::section(view))
        (figures::standing(&about, heard.as_deref(), &silent))
        (figures::glance(&about, &trend))
        (signals::what_changed(&view.outlook, |measure| about.link(measure)))
        (figures::domains(&about, window))
        (figures::friends_and_family(&about))
        (actions(view))
        (comments::section(&view.comments))
        (comments::trend::section(&view.themes))
        (figures::not_shown(&view.sheet))
        (figures::versions(&about))
    }
}

/// One sentence for a screen reader.
pub(super) fn said(view: &View) -> String {
    if !view.help.is_empty() {
        return format!("{} for help.", words::of(view.help.len() as u64, "person asks", "people ask"));
    }
    figures::said(&view.sheet)
}

/// The ward is silent, which is not the same as unchanged.
fn silent(view: &View, calendar: &Calendar) -> Markup {
    html! {
        div.note {
            strong { "This ward is silent." } " "
            @if view.presence.kiosks == 0 {
                "No kiosk stands on it."
            } @else {
                @match view.presence.last_record {
                    Some(last) => { "The last record came " (words::ago(last, view.now, calendar)) "." }
                    None => "No record has come from it.",
                }
                " " (view.presence.connected) " of " (words::of(view.presence.kiosks as u64, "kiosk", "kiosks")) " "
                (if view.presence.kiosks == 1 { "is" } else { "are" }) " connected."
            }
            " The numbers below may be old."
        }
    }
}

/// What the ward does about what patients said, and what came of it.
fn actions(view: &View) -> Markup {
    html! {
        section #actions.sheet.flows aria-labelledby="actions-title" {
            h2 id="actions-title" { "You said, we did" }
            @if view.actions.is_empty() {
                p { "No action has been written down for this ward yet." }
            } @else {
                p.aside {
                    "Measured is the difference between the people before the day it was done and those after, with its 95% interval, over "
                    "at most six fortnights on either side. It is drawn on the chart as a flag. Other things change too: it is no proof."
                }
                (signals::action_list(&view.actions, |_| None))
            }
        }
    }
}
