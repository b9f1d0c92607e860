//! Releases to the public: what may be released and what stays hidden, the way to release it, and what was released before.
//!
//! A plan is made only when it is asked for, because it takes long where answers are many. What is released is what was shown: if anything has
//! come between, nothing is released and the new plan is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::Hash;

use super::month;
use crate::audit::Deed;
use crate::line_file::LineFileError;
use crate::national_return;
use crate::operations::plan_releases;
use crate::publication::{Plan, PlanError, Release, Rhythm, Subject};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread, sentence};
use crate::web::{Shared, Web, words};

/// So many figures of a kind are shown.
const SHOWN: usize = 300;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    until: Option<String>,
    /// How many figures have just been released.
    released: Option<u64>,
}

/// What is to be released.
#[derive(Debug, Deserialize)]
pub(crate) struct Make {
    #[serde(default)]
    until: String,
    /// The hash of what was shown.
    #[serde(default)]
    plan: String,
    #[serde(default)]
    sure: String,
}

/// What is said besides the plan.
enum Said {
    Nothing,
    Released(u64),
    /// The plan would be another now.
    Changed,
    /// Whoever releases has not said that they are sure.
    NotSure,
}

struct View {
    yesterday: Date,
    until: Date,
    /// The plan, or why there is none; nothing where none was asked for.
    plan: Option<Result<Plan, String>>,
    released: Arc<Vec<Release>>,
    said: Said,
}

/// Why nothing was released.
enum Refused {
    Changed,
    File(LineFileError),
    NotNoted(Failure),
}

impl From<LineFileError> for Refused {
    fn from(error: LineFileError) -> Self {
        Self::File(error)
    }
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let wanted = asked.until.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    page_off_thread(&web, move |web| {
        let said = asked.released.map_or(Said::Nothing, Said::Released);
        let until = day(web, wanted.as_deref())?;
        Ok(render(web, &viewer, &view(web, until, wanted.is_some(), said)?))
    })
    .await
}

/// Releases what was shown.
pub(crate) async fn make(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Make>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let until = day(web, Some(form.until.trim()))?;
        let again = |said: Said| -> Result<Response, Failure> {
            let view = view(web, until, true, said)?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(web, &viewer, &view)).into_response())
        };
        if form.sure != "yes" {
            return again(Said::NotSure);
        }
        let released = web.desk.releases.release(|released| -> Result<Vec<Release>, Refused> {
            // A plan that fails says so on the page.
            let plan = plan(web, until, released).map_err(|_| Refused::Changed)?;
            if digest(&plan).as_deref() != Some(form.plan.as_str()) {
                return Err(Refused::Changed);
            }
            let noted = web.note(viewer.name(), Deed::Released, Some("release"), None);
            noted.map_err(Refused::NotNoted)?;
            Ok(plan.releases)
        });
        match released {
            Ok(new) => {
                Ok(Redirect::to(&format!("/office/release?released={}#released", new.len())).into_response())
            }
            Err(Refused::Changed) => again(Said::Changed),
            Err(Refused::File(error)) => Err(Failure::internal(&error)),
            Err(Refused::NotNoted(failure)) => Err(failure),
        }
    })
    .await
}

/// How the releases stand, for the office's first page.
pub(super) fn words_of(web: &Web) -> String {
    let all = web.desk.releases.all();
    match all.last() {
        Some(last) => {
            let many = words::of(all.len() as u64, "figure", "figures");
            format!("{many} released, the last as of {}", words::day(last.as_of))
        }
        None => "Nothing is released yet".to_owned(),
    }
}

fn day(web: &Web, text: Option<&str>) -> Result<Date, Failure> {
    let day = text.map(|text| {
        let unread = || Failure::bad_request(format!("As of must be a day as 2026-11-10; you wrote “{text}”."));
        text.parse::<Date>().map_err(|_| unread())
    });
    let day = national_return::day_that_is_over(web.today(), day.transpose()?);
    day.map_err(|error| Failure::bad_request(sentence(&format!("failed to {error}"))))
}

fn plan(web: &Web, until: Date, released: &[Release]) -> Result<Plan, PlanError> {
    plan_releases(&month::sources(web), Rhythm::Months, until, released)
}

/// The hash of what a plan would release; none where it cannot be written, and then nobody can release it.
fn digest(plan: &Plan) -> Option<String> {
    serde_json::to_vec(&plan.releases).ok().map(|bytes| Hash::of(&bytes).to_string())
}

fn view(web: &Web, until: Date, planned: bool, said: Said) -> Result<View, Failure> {
    let released = web.desk.releases.all();
    let plan =
        planned.then(|| plan(web, until, &released).map_err(|error| sentence(&format!("failed to {error}"))));
    Ok(View { yesterday: day(web, None)?, until, plan, released, said })
}

fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › What the public may see" }
        div.head {
            div {
                h1 { "What the public may see" }
                p.lede { "Figures of months and half years that are final, as finely as no five people can be worked out from everything there ever was." }
            }
            (picker(view))
        }
        div.stack {
            @match &view.plan {
                None => section.sheet aria-labelledby="none" {
                    h2 id="none" { "No plan yet" }
                    p { "Choose a day and make a plan: it says what may be released of whoever had arrived by its end, and releases nothing. With many answers it takes a while." }
                },
                Some(Err(why)) => section.sheet aria-labelledby="none" {
                    h2 id="none" { "Nothing can be released" }
                    p.problem role="alert" { (why) }
                },
                Some(Ok(plan)) => { (planned(web, view, plan)) (hidden(web, plan)) },
            }
            (before(web, view))
            section.sheet aria-labelledby="publish" {
                h2 id="publish" { "To other places" }
                p {
                    "Wards’ displays show what is released at once. To the trust’s web server or a file share it is put by "
                    a href="/office/publish" { "Publish" } "."
                }
            }
        }
    };
    let page = Page { title: "What the public may see", place: Place::Office, live: false };
    layout::frame(web, viewer, &page, &content)
}

fn picker(view: &View) -> Markup {
    html! {
        form.period method="get" action="/office/release" {
            div {
                label for="until" { "As of the end of" }
                input id="until" name="until" type="date" required max=(view.yesterday) value=(view.until);
            }
            button.action.quiet type="submit" { "Make a plan" }
        }
    }
}

/// What would be released, and the way to do it.
fn planned(web: &Web, view: &View, plan: &Plan) -> Markup {
    let many = plan.releases.len() as u64;
    html! {
        section #plan.sheet.flows aria-labelledby="plan-title" {
            h2 id="plan-title" { "What may be released now" }
            p.strip {
                span { strong { (words::count(many)) } " new" }
                span { strong { (words::count(plan.standing)) } " released before, and they stand" }
                span { strong { (words::count(plan.hidden.len() as u64)) } " not shown" }
            }
            @if let Said::Changed = view.said {
                p.problem role="alert" { "Nothing was released: something has come between what you looked at and now. This is the plan as it is now; look again." }
            }
            @if plan.releases.is_empty() { p { "Nothing is new as of the end of " (words::day(plan.as_of)) "." } }
            @else {
                (figures(web, "plan-title", &plan.releases))
                (release(view, plan))
            }
        }
    }
}

fn release(view: &View, plan: &Plan) -> Markup {
    let missed = matches!(view.said, Said::NotSure);
    html! {
        form method="post" action="/office/release" {
            input type="hidden" name="until" value=(plan.as_of);
            input type="hidden" name="plan" value=[digest(plan)];
            div.choices {
                label {
                    input type="checkbox" name="sure" value="yes" aria-invalid=[missed.then_some("true")] aria-describedby=[missed.then_some("not-sure")];
                    "I know that everybody sees it from then on and that it cannot be taken back"
                }
            }
            @if missed { p.wrong id="not-sure" { "Nothing was released yet. Tick this to release." } }
            p.buttons { button.action type="submit" { "Release " (words::of(plan.releases.len() as u64, "figure", "figures")) } }
        }
    }
}

/// A period as people call it; by its name where the calendar has none such.
fn period_name(web: &Web, name: &str) -> String {
    web.desk.scoring.calendar().period(name).map_or_else(|_| name.to_owned(), |period| words::period(&period))
}

/// A table of figures, bounded.
fn figures(web: &Web, title: &str, releases: &[Release]) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby=(title) {
            table.cards {
                thead { tr { th scope="col" { "Of" } th scope="col" { "Period" } th scope="col" { "Question" } th.n scope="col" { "People" } th scope="col" { "Told apart as" } } }
                tbody {
                    @for one in releases.iter().take(SHOWN) {
                        tr {
                            th scope="row" { (name_of(web, &one.unit)) }
                            td data-label="Period" { (period_name(web, &one.period)) }
                            td data-label="Question" { (one.subject) }
                            td.n data-label="People" { (words::count(one.people())) }
                            td data-label="Told apart as" { (parts(one)) }
                        }
                    }
                }
            }
        }
        @if releases.len() > SHOWN { p.small { "The first " (SHOWN) " of " (words::count(releases.len() as u64)) "; " code { "wardvoice-aggregator release plan" } " gives all." } }
    }
}

fn parts(release: &Release) -> String {
    if release.parts.len() < 2 {
        return "only how many answered".to_owned();
    }
    let parts =
        release.parts.iter().map(|part| format!("{} {}", part.name.replace('_', " "), words::count(part.people)));
    parts.collect::<Vec<_>>().join(", ")
}

fn name_of(web: &Web, unit: &Unit) -> String {
    web.desk.scoring.unit_name(unit).unwrap_or_else(|| unit.to_string())
}

/// What is held back, a line a unit and period.
fn hidden(web: &Web, plan: &Plan) -> Markup {
    let mut held: BTreeMap<(String, &str), BTreeSet<&Subject>> = BTreeMap::new();
    for one in &plan.hidden {
        held.entry((name_of(web, &one.unit), one.period.as_str())).or_default().insert(&one.subject);
    }
    html! {
        section #hidden.sheet.flows aria-labelledby="hidden-title" {
            h2 id="hidden-title" { "What is held back" }
            @if held.is_empty() { p { "Nothing: everything that is final may be seen." } }
            @else {
                p.aside {
                    "From these, or from these together with what is seen already, five or fewer people could be worked out. Which of them are few and which only cover others is \
                     said to nobody, because that would give them away. They are planned again each time, and may be seen once more people have answered."
                }
                div.scroller tabindex="0" role="group" aria-labelledby="hidden-title" {
                    table.cards {
                        thead { tr { th scope="col" { "Of" } th scope="col" { "Period" } th.n scope="col" { "Questions" } th scope="col" { "Which" } } }
                        tbody {
                            @for ((name, period), subjects) in held.iter().take(SHOWN) {
                                tr {
                                    th scope="row" { (name) }
                                    td data-label="Period" { (period_name(web, period)) }
                                    td.n data-label="Questions" { (words::count(subjects.len() as u64)) }
                                    td data-label="Which" { (subjects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) }
                                }
                            }
                        }
                    }
                }
                @if held.len() > SHOWN { p.small { "The first " (SHOWN) " of " (words::count(held.len() as u64)) " lines." } }
            }
        }
    }
}

/// What was released before, by the day it was as of, the newest first.
fn before(web: &Web, view: &View) -> Markup {
    let mut days: BTreeMap<Date, (u64, BTreeSet<&str>)> = BTreeMap::new();
    for one in &*view.released {
        let (many, periods) = days.entry(one.as_of).or_default();
        *many += 1;
        periods.insert(one.period.as_str());
    }
    let newest: Vec<Release> = view.released.iter().rev().take(SHOWN).cloned().collect();
    html! {
        section #released.sheet.flows aria-labelledby="released-title" {
            h2 id="released-title" { "What was released" }
            @match view.said {
                Said::Released(0) => p.problem role="status" { "There was nothing new to release." },
                Said::Released(many) => p.problem role="status" { (words::of(many, "figure is", "figures are")) " released. Everybody can see them." },
                _ => {},
            }
            @if view.released.is_empty() { p { "Nothing yet. What is not released is seen by nobody outside." } }
            @else {
                ul {
                    @for (day, (many, periods)) in days.iter().rev().take(SHOWN) {
                        li { "As of the end of " (words::day(*day)) ": " (words::of(*many, "figure", "figures")) " of " (periods.iter().map(|period| period_name(web, period)).collect::<Vec<_>>().join(", ")) }
                    }
                }
                details {
                    summary { "The last " (newest.len()) " of " (words::of(view.released.len() as u64, "figure", "figures")) }
                    (figures(web, "released-title", &newest))
                }
                p.small { "Who released them stands in " a href="/office/audit" { "Who did what" } "." }
            }
        }
    }
}
