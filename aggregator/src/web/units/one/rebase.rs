//! Where limits start afresh, under a chart: everybody who may read the chart sees it with its reason, and the office decides it.

use axum::Form;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::fortnight::Period;

use super::View;
use crate::audit::Deed;
use crate::rebases::{MAX_REASON_CHARACTERS, NewRebase, Rebase, RebasesError};
use crate::scoring::Measure;
use crate::web::failure::Failure;
use crate::web::units;
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, sentence};
use crate::web::{Shared, Web, signals};

/// What the forms say.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    unit: String,
    /// The measure whose chart is open.
    #[serde(default)]
    shown: String,
    /// The measure it is to hold for; every measure when empty.
    #[serde(default)]
    measure: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    reason: String,
}

/// Starts a unit's limits afresh.
pub(crate) async fn add(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(sent): Form<Sent>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let unit = units::readable(web, &viewer, sent.unit.trim())?;
        let shown = measure(web, &sent.shown)?;
        let about = Some(sent.measure.trim()).filter(|text| !text.is_empty());
        let about = about.map(|text| measure(web, text)).transpose()?;
        let from = match web.desk.scoring.calendar().period(sent.from.trim()) {
            Ok(Period::Fortnight(fortnight)) if fortnight.start() <= web.today() => fortnight,
            _ => {
                let says = "From must be a fortnight that has begun, as 2026-F23; you wrote";
                return Err(Failure::bad_request(format!("{says} “{}”.", sent.from)));
            }
        };
        web.note(viewer.name(), Deed::ChangedRebase, Some(&unit.to_string()), None)?;
        let rebase = NewRebase {
            unit: unit.clone(),
            measure: about,
            from: from.to_string(),
            first_day: from.start(),
            reason: sent.reason,
        };
        web.desk.rebases.add(rebase).map_err(failure)?;
        Ok(Redirect::to(&format!("{}#rebases", signals::address(&unit, &shown, None))).into_response())
    })
    .await
}

/// Takes one back.
pub(crate) async fn remove(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(sent): Form<Sent>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let unit = units::readable(web, &viewer, sent.unit.trim())?;
        let shown = measure(web, &sent.shown)?;
        let number = sent.number.trim().parse::<u32>().ok();
        let own = number.filter(|number| {
            web.desk.rebases.list().iter().any(|rebase| rebase.number == *number && rebase.unit == unit)
        });
        let Some(number) = own else {
            let detail = format!("{unit} has no re-basing “{}”. Open its chart again.", sent.number);
            return Err(Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such re-basing", detail));
        };
        web.note(viewer.name(), Deed::ChangedRebase, Some(&format!("rebase:{number}")), None)?;
        web.desk.rebases.remove(number, Some(&sent.reason)).map_err(failure)?;
        Ok(Redirect::to(&format!("{}#rebases", signals::address(&unit, &shown, None))).into_response())
    })
    .await
}

fn measure(web: &Web, text: &str) -> Result<Measure, Failure> {
    let measure: Option<Measure> = text.trim().parse().ok();
    let known = measure.filter(|measure| web.desk.scoring.has_measure(measure));
    known.ok_or_else(|| Failure::bad_request(format!("There is no measure “{text}”. Open the chart again.")))
}

fn failure(error: RebasesError) -> Failure {
    match error {
        RebasesError::File(error) => Failure::internal(&error),
        error => Failure::bad_request(sentence(&format!("failed to {error}"))),
    }
}

/// What was decided about the chart, and for the office the ways to decide.
pub(super) fn section(view: &View) -> Markup {
    html! {
        @if view.may_rebase || !view.rebases.is_empty() {
            section #rebases.sheet aria-labelledby="rebases-title" {
                h2 id="rebases-title" { "Where limits start afresh" }
                @if view.rebases.is_empty() { p { "Nowhere: the limits are made of all fortnights." } }
                @else { ul { @for rebase in &view.rebases { li { (line(view, rebase)) } } } }
                @if view.may_rebase { (form(view)) }
            }
        }
    }
}

fn line(view: &View, rebase: &Rebase) -> Markup {
    let id = format!("reason-{}", rebase.number);
    html! {
        "From " (rebase.from) ": " (rebase.reason)
        @if rebase.measure.is_none() { " (every chart)" }
        @if rebase.removed.is_some() { " (taken back" @if let Some(because) = &rebase.removed_because { ": " (because) } ")" }
        @else if view.may_rebase {
            form.note-form.no-print method="post" action="/signal/rebase/remove" {
                (hidden(view))
                input type="hidden" name="number" value=(rebase.number);
                div.field {
                    label for=(id) { "Why it is taken back" }
                    input id=(id) name="reason" type="text" required maxlength=(MAX_REASON_CHARACTERS) autocomplete="off";
                }
                button.action.quiet type="submit" { "Take back" span.hidden { " the one from " (rebase.from) } }
            }
        }
    }
}

fn form(view: &View) -> Markup {
    html! {
        form.no-print method="post" action="/signal/rebase" aria-labelledby="rebase-title" {
            h3 id="rebase-title" { "Start the limits afresh" }
            p.aside {
                "Only where it is known that care is another from a fortnight on, and never because a chart looks bad. The reason is drawn on the chart; it is written down with \
                 your account."
            }
            (hidden(view))
            div.field {
                label for="rebase-from" { "From" }
                select id="rebase-from" name="from" required {
                    option value="" { "Choose a fortnight" }
                    @for point in view.signal.points.iter().rev() { option value=(point.period) { (point.period) } }
                }
            }
            div.field {
                label for="rebase-measure" { "Which charts" }
                select id="rebase-measure" name="measure" {
                    option value=(view.signal.measure.to_string()) { (view.signal.label) }
                    option value="" { "Every chart of " (view.signal.unit_name) }
                }
            }
            div.field {
                label for="rebase-reason" { "Why" }
                input id="rebase-reason" name="reason" type="text" required maxlength=(MAX_REASON_CHARACTERS) autocomplete="off";
            }
            p.buttons { button.action type="submit" { "Start afresh" } }
        }
    }
}

fn hidden(view: &View) -> Markup {
    html! {
        input type="hidden" name="unit" value=(view.unit.to_string());
        input type="hidden" name="shown" value=(view.signal.measure.to_string());
    }
}
