//! What the monitor found, on the office's page: for a person to look at, and never a reason to leave an answer out.

use axum::Form;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::fortnight::Period;

use super::failure::Failure;
use super::viewer::Viewer;
use super::ward::{off_thread, period};
use super::{Shared, Web, ward, words};
use crate::audit::Deed;
use crate::help::{StaffRole, StaffRoleError};
use crate::monitor::{Check, Finding, Kind, MarksError, Measure, Report};

#[derive(Debug, Deserialize)]
pub(crate) struct MarkAsked {
    period: String,
    finding: String,
    /// What was found out; absent where a note is taken back.
    note: Option<String>,
}

/// The section; of the fortnight that ended last where no period is asked for, because a running one is only half there.
pub(super) fn section(web: &Web, asked: Option<Period>) -> Result<Markup, Failure> {
    let shown = asked.map_or_else(|| last_complete(web), Ok)?;
    let report = report(web, &shown)?;
    Ok(render(web, &shown, &report))
}

fn last_complete(web: &Web) -> Result<Period, Failure> {
    let calendar = web.desk.scoring.calendar();
    let before = calendar.fortnight_of(web.today()).and_then(|fortnight| calendar.before(fortnight));
    before.map(Period::Fortnight).map_err(|error| Failure::internal(&error))
}

fn report(web: &Web, shown: &Period) -> Result<Report, Failure> {
    let report =
        web.desk.observations.report(web.desk.ground(), shown).map_err(|error| Failure::internal(&error))?;
    // What people have noted is looked up each time, because it changes without a record.
    Ok(std::sync::Arc::unwrap_or_clone(report).with(&web.desk.marks))
}

/// Somebody in the office has looked at a finding, or takes back that they have.
pub(crate) async fn mark(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(asked): Form<MarkAsked>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let shown = period(web, Some(&asked.period))?;
        web.note(viewer.name(), Deed::MarkedFinding, Some(&format!("period:{shown}")), None)?;
        let by: StaffRole = viewer.name().parse().map_err(|error: StaffRoleError| Failure::internal(&error))?;
        let marked = match &asked.note {
            Some(note) => {
                let report = report(web, &shown)?;
                let finding = report.findings.iter().find(|one| one.id == asked.finding).ok_or_else(not_there)?;
                web.desk.marks.look(finding, &by, note, web.now())
            }
            None => web.desk.marks.take_back(&asked.finding, &by, web.now()),
        };
        marked.map_err(|error| match error {
            MarksError::Note => Failure::bad_request(
                "Write what you found out in 1 to 300 characters on one line, without a name.",
            ),
            MarksError::NotMarked(_) => not_there(),
            MarksError::Ledger(error) => Failure::internal(&error),
        })?;
        Ok(Redirect::to(&format!("/office?monitor={shown}#monitor")).into_response())
    })
    .await
}

fn not_there() -> Failure {
    let detail = "The numbers have moved on, or somebody else was quicker. Open the office’s page again to see what stands.";
    Failure::new(StatusCode::NOT_FOUND, "There is no such finding", detail)
}

fn render(web: &Web, shown: &Period, report: &Report) -> Markup {
    let (new, seen) = report.apart();
    html! {
        section #monitor.sheet.flows aria-labelledby="monitor-title" {
            div.head {
                h2 id="monitor-title" { "How answers were gathered" }
                (picker(web, shown))
            }
            p.aside {
                "What a person should look at: " (words::period(shown)) ", " (words::of(report.responses, "answer", "answers"))
                ", against the twelve weeks before (" (words::count(report.past_responses)) "). Nothing here is left out of any score."
            }
            @if report.responses == 0 {
                p { "Nobody answered in these days, so there is nothing to look at." }
            } @else if new.is_empty() {
                p { "Nothing new to look at." }
            } @else {
                ul.checks { @for finding in new { (item(web, shown, finding)) } }
            }
            @if !seen.is_empty() {
                h3 { "Looked at" }
                ul.checks { @for finding in seen { (item(web, shown, finding)) } }
            }
            (checks(report))
        }
    }
}

fn picker(web: &Web, shown: &Period) -> Markup {
    html! {
        form.period method="get" action="/office#monitor" {
            (ward::periods(web, ("monitor-period", "monitor"), shown))
            button.action.quiet type="submit" { "Show" }
        }
    }
}

fn item(web: &Web, shown: &Period, finding: &Finding) -> Markup {
    let field = format!("note-{}", finding.id);
    html! {
        // With an id, so that what somebody writes stays with what it is about when the list moves under an open page.
        li id=(format!("finding-{}", finding.id)) {
            h4 { (title(finding.kind)) }
            p { (finding.sentence) }
            p.small { (figures(finding)) }
            @match &finding.looked_at {
                None => form.note-form method="post" action="/office/monitor" {
                    input type="hidden" name="period" value=(shown);
                    input type="hidden" name="finding" value=(finding.id);
                    div.field {
                        label for=(field) { "What you found out, without a name" }
                        input type="text" id=(field) name="note" required maxlength="300" autocomplete="off";
                    }
                    button.action type="submit" { "Looked at" span.hidden { ": " (finding.sentence) } }
                },
                Some(mark) => {
                    p { strong { (mark.by) ", " (words::day(web.desk.scoring.calendar().day_of(mark.at))) ": " } (mark.note) }
                    @if mark.n != finding.n {
                        p.small { "The n was " (words::count(mark.n)) " then; it is " (words::count(finding.n)) " now." }
                    }
                    form method="post" action="/office/monitor" {
                        input type="hidden" name="period" value=(shown);
                        input type="hidden" name="finding" value=(finding.id);
                        button.action.quiet type="submit" { "Put back" span.hidden { ": " (finding.sentence) } }
                    }
                }
            }
        }
    }
}

/// "n 31; 70%, expected 45%, at the most 63%".
fn figures(finding: &Finding) -> String {
    let write = |value: f64| match finding.measure {
        Measure::Share => format!("{:.0}%", 100.0 * value),
        Measure::Points => format!("{value:.1} points"),
        Measure::Responses => format!("{value:.0}"),
    };
    let limit = |word: &str, value: Option<f64>| {
        value.map_or_else(String::new, |value| format!(", {word} {}", write(value)))
    };
    format!(
        "n {}; {}, expected {}{}{}",
        words::count(finding.n),
        write(finding.observed),
        write(finding.expected),
        limit("at the least", finding.lower),
        limit("at the most", finding.upper)
    )
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::ModeMix => "Asked in another way",
        Kind::ModeResults => "A way of asking gives other results",
        Kind::Refusals => "Who says no",
        Kind::StraightLines => "Sheets filled in alike",
        Kind::Bursts => "Many answers at once",
        Kind::SmallHours => "Answers in the small hours",
        Kind::Interviewers => "A round far from the others",
    }
}

fn checks(report: &Report) -> Markup {
    let compared = |check: &Check| {
        html! {
            tr {
                th scope="row" { (title(check.kind)) }
                td.n { (words::count(check.compared)) }
                td.n { (words::count(check.left_out)) }
                td { (check.rule) }
            }
        }
    };
    html! {
        details id="monitor-rules" {
            summary { "What was compared, and by which rules" }
            p.small {
                "Each check shares out an error of 5% among all it compares and uses no limit wider than 99.8%, so that a trust in which all is \
                 well has a false finding in a check about once in twenty periods. Volunteers are in no record: a kiosk on a day stands for whoever \
                 went round with it."
            }
            div.scroller tabindex="0" role="group" aria-label="What was compared" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Check" } th.n scope="col" { "Compared" } th.n scope="col" { "Too few, or time unknown" }
                            th scope="col" { "Rule" }
                        }
                    }
                    tbody { @for check in &report.checks { (compared(check)) } }
                }
            }
        }
    }
}
