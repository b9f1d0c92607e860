//! Charts as SVG, drawn on the server: a specification in, markup out.
//!
//! Vocabulary: a *bar* is one figure on its whole scale with its interval; *[answers](answers())* are a bar an answer; a *[control chart](control)*
//! is one measure over fortnights with its limits; a *[funnel](funnel())* is wards beside each other; a *[share](share())* is how many in a hundred;
//! an *[icon](icons)* is a finding as a picture.
//!
//! Invariants:
//! - Everything is in presentation attributes and nothing in classes, so that a drawing is the same in a page, in a saved file and
//!   in a PDF. Ink is `currentColor`, the page's own; the two [colours](palette) are as legible on white as on black.
//! - Colour never carries meaning alone: what differs in colour differs in shape.
//! - Every drawing has a title and says its finding in words; a table of the same numbers stands beside it.
//! - Nothing drawn is not a number: what does not exist is not drawn, and what lies outside the window is drawn on its edge.
//!
//! Units: figures are on their own scale; drawings are in the view box's units and stretch with the page.

use maud::{Markup, html};

use super::words::{self, Scale};
use crate::scoring::Figure;

mod answers;
pub(crate) mod control;
mod counts;
pub(crate) mod funnel;
pub(crate) mod icons;
mod palette;
mod share;
pub(crate) mod tables;
mod window;

pub(crate) use answers::{answers, round_top};
pub(crate) use counts::{Column, Counts, counts};
pub(crate) use funnel::funnel;
pub(crate) use share::share;
pub(crate) use window::Window;

use palette::{INK, TEAL};

const BAR_WIDTH: f64 = 600.0;

/// One figure on its whole scale: the bar to its value, a line for the interval, a dot on the value.
pub(crate) fn bar(name: &str, figure: &Figure, scale: Scale) -> Markup {
    let x = |value: f64| round(BAR_WIDTH * value / scale.top());
    let label = format!("{name}: {}", words::figure(figure, scale));
    html! {
        svg role="img" viewBox="0 0 600 28" preserveAspectRatio="none" fill="none" {
            title { (label) }
            rect x="0" y="8" width="600" height="12" fill=(INK) fill-opacity="0.12" {}
            @if let Some(value) = figure.value {
                rect x="0" y="8" width=(x(value)) height="12" fill=(TEAL) fill-opacity="0.4" {}
            }
            @for step in 1..=3 {
                line x1=(150 * step) x2=(150 * step) y1="8" y2="20" stroke=(INK) stroke-opacity="0.25" stroke-width="1" {}
            }
            @if let (Some(lower), Some(upper)) = (figure.lower, figure.upper) {
                (range(x(lower), x(upper)))
            }
            @if let Some(value) = figure.value {
                rect x=(round(x(value) - 2.5)) y="2" width="5" height="24" fill=(INK) {}
            }
        }
    }
}

/// The interval: a line with an end on either side. Ends stay inside the drawing.
fn range(lower: f64, upper: f64) -> Markup {
    let inside = |x: f64| round(x.clamp(1.0, BAR_WIDTH - 1.0));
    let (lower, upper) = (inside(lower), inside(upper));
    html! {
        path stroke=(INK) stroke-width="2" vector-effect="non-scaling-stroke" d=(format!("M{lower} 9v10M{lower} 14H{upper}M{upper} 9v10")) {}
    }
}

/// How much of a whole is done; more than the whole fills it.
pub(crate) fn progress(name: &str, done: u64, whole: u64) -> Markup {
    let share = if whole == 0 { 0.0 } else { (done as f64 / whole as f64).min(1.0) };
    html! {
        svg role="img" viewBox="0 0 600 10" preserveAspectRatio="none" {
            title { (name) ": " (words::count(done)) " of " (words::count(whole)) }
            rect x="0" y="0" width="600" height="10" fill=(INK) fill-opacity="0.12" {}
            rect x="0" y="0" width=(round(600.0 * share)) height="10" fill=(TEAL) fill-opacity="0.6" {}
        }
    }
}

/// Cuts to a tenth of a unit, so that the same figure always draws the same text. What is no number is drawn at the edge.
fn round(value: f64) -> f64 {
    // Adding 0 turns a negative zero into zero.
    if value.is_finite() { (value * 10.0).round() / 10.0 + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests;
