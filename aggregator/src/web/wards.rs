//! The wards, in the directory's order and never in an order of scores.

use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use wardvoice_protocol::directory::{Unit, WardEntry};
use wardvoice_protocol::fortnight::Period;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::presence::{self, Presence};
use super::viewer::Viewer;
use super::ward::{self, Asked, page_off_thread};
use super::words::{self, Scale};
use super::{Shared, Web, charts, figures, units};
use crate::policy;
use crate::scoring::{Figure, ScoreSheet, by_name};

/// A ward in the list.
struct Row<'a> {
    ward: &'a WardEntry,
    sheet: Arc<ScoreSheet>,
    presence: Presence,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let period = ward::period(&web, asked.period.as_deref())?;
    let own = asked.period.is_some_and(|text| !text.is_empty());
    page_off_thread(&web, move |web| render(web, &viewer, period, own)).await
}

fn render(web: &Web, viewer: &Viewer, period: Period, own: bool) -> Result<Markup, Failure> {
    let now = web.now();
    let rows = rows(web, viewer, period)?;
    let answers: u64 = rows.iter().map(|row| row.sheet.responses).sum();
    let quota: u64 = rows.iter().filter_map(|row| row.sheet.plan).map(|plan| plan.quota).sum();
    let silent = rows.iter().filter(|row| row.presence.is_silent(now)).count();
    let directory = web.desk.world.directory.file();
    let content = html! {
        div.head {
            div {
                h1 { (if period.contains(web.today()) { heading(&period) } else { "The wards" }) }
                p.lede { (words::period(&period)) ", " (words::days(period.start(), period.last())) }
            }
            (ward::picker(web, "/", period, own))
        }
        p.strip {
            span {
                strong { (words::count(answers)) }
                @if quota > 0 { " of " (words::count(quota)) " planned answers" } @else { " answers" }
            }
            span { strong { (rows.len() - silent) } " of " (words::of(rows.len() as u64, "ward", "wards")) " heard from in the last 3 days" }
            @if silent > 0 { span.tag.silent { (silent) " silent" } }
        }
        @for site in &directory.sites {
            @let here: Vec<_> = rows.iter().filter(|row| row.ward.site == site.id).collect();
            @if !here.is_empty() {
                section.sheet.flows.site aria-labelledby=(format!("site-{}", site.id)) {
                    h2 id=(format!("site-{}", site.id)) { (site.name) }
                    div.scroller { (table(web, &period, own, &here, now)) }
                }
            }
        }
        (larger(web, viewer, own.then(|| period.to_string()).as_deref()))
        p.small {
            "In the order of the directory. There are no ranks: with these intervals an order would be mostly chance."
        }
    };
    Ok(layout::frame(web, viewer, &Page { title: "Wards", place: Place::Wards, live: false }, &content))
}

/// The pages of larger units that a viewer may open; nothing where there are none.
fn larger(web: &Web, viewer: &Viewer, period: Option<&str>) -> Markup {
    let units = web.desk.scoring.units();
    let of = |wanted: fn(&Unit) -> bool| {
        let mut found: Vec<_> = units.iter().filter(|(unit, _)| wanted(unit) && web.reads(viewer, unit)).collect();
        found.sort_by(|(_, left), (_, right)| by_name(left, right));
        found
    };
    let kinds = [
        ("Trust", of(|unit| matches!(unit, Unit::Trust(_)))),
        ("Sites", of(|unit| matches!(unit, Unit::Site(_)))),
        ("Departments", of(|unit| matches!(unit, Unit::Department(_)))),
        ("Specialties", of(|unit| matches!(unit, Unit::Specialty(_)))),
    ];
    let board = web.enter(viewer, policy::Place::Trust).is_ok();
    if !board && kinds.iter().all(|(_, found)| found.is_empty()) {
        return html! {};
    }
    html! {
        section #larger.sheet.site aria-labelledby="larger-title" {
            h2 id="larger-title" { "More wards at once" }
            dl.places {
                @for (kind, found) in &kinds {
                    @if !found.is_empty() {
                        div {
                            dt { (kind) }
                            @for (unit, name) in found { @if let Some(address) = units::address(unit, period) { dd { a href=(address) { (name) } } } }
                        }
                    }
                }
                @if board {
                    div { dt { "Board" } dd { a href=(period.map_or_else(|| "/board".to_owned(), |period| format!("/board?period={period}"))) { "Signal, actions and who is missing" } } }
                }
            }
        }
    }
}

/// The wards that a viewer may read.
fn rows<'a>(web: &'a Web, viewer: &Viewer, period: Period) -> Result<Vec<Row<'a>>, Failure> {
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let wards = web.desk.world.directory.wards().iter();
    let wards: Vec<_> = wards.filter(|ward| web.reads(viewer, &Unit::Ward(ward.id.clone()))).collect();
    let units = wards.iter().map(|ward| Unit::Ward(ward.id.clone()));
    let prepared = web.sheets.prepare(&facts, &web.desk.scoring, &period, units, web.today());
    prepared.map_err(|error| Failure::internal(&error))?;
    wards
        .into_iter()
        .map(|ward| {
            let unit = Unit::Ward(ward.id.clone());
            let sheet = web.sheets.get(&facts, &web.desk.scoring, &period, &unit, web.today());
            let sheet = sheet.map_err(|error| Failure::internal(&error))?;
            Ok(Row { ward, sheet, presence: presence::of_ward(web, &ward.id) })
        })
        .collect()
}

fn table(web: &Web, period: &Period, own: bool, rows: &[&Row<'_>], now: Timestamp) -> Markup {
    let asked = own.then(|| period.to_string());
    html! {
        table.cards.even {
            thead {
                tr {
                    th scope="col" { "Ward" }
                    th scope="col" { "Overall, 0 to 10" }
                    th.n scope="col" { "Score" }
                    th.n scope="col" { (figures::before_word(period)) }
                    th.n scope="col" { "Plan" }
                    th scope="col" { "Last heard from" }
                }
            }
            tbody { @for row in rows { (row_of(web, asked.as_deref(), row, now)) } }
        }
    }
}

fn row_of(web: &Web, asked: Option<&str>, row: &Row<'_>, now: Timestamp) -> Markup {
    let before = row.sheet.previous.as_ref().map(|before| &before.overall);
    html! {
        tr {
            th scope="row" { a href=(ward::address(&row.ward.id, asked)) { (row.ward.name) } }
            td.wide { (charts::bar("Overall", &row.sheet.overall, Scale::Points)) }
            td.n data-label="Score" { (score(&row.sheet.overall)) }
            td.n data-label="Before" { @if let Some(before) = before { (score(before)) } }
            td.n data-label="Plan" {
                @if let Some(plan) = &row.sheet.plan { (words::count(plan.done)) " of " (words::count(plan.quota)) }
            }
            td data-label="Last heard from" { (heard(web, row.presence, now)) }
        }
    }
}

/// A score with its n and interval in two lines.
fn score(figure: &Figure) -> Markup {
    html! {
        @match figure.value {
            Some(value) => strong { (Scale::Points.write(value)) },
            None => "No score",
        }
        " " small {
            "n " (words::count(figure.n))
            @if let Some(interval) = words::interval(figure, Scale::Points) { ", " (interval) }
        }
    }
}

fn heading(period: &Period) -> &'static str {
    match period {
        Period::Fortnight(_) => "The wards this fortnight",
        Period::Month { .. } => "The wards this month",
        Period::HalfYear { .. } => "The wards this half year",
        Period::RollingHalfYear { .. } => "The wards in six months",
        Period::Days { .. } => "The wards in these days",
    }
}

/// When the ward was last heard from. A silent ward says so in words.
fn heard(web: &Web, presence: Presence, now: Timestamp) -> Markup {
    let calendar = web.desk.scoring.calendar();
    html! {
        @if presence.is_silent(now) {
            span.tag.silent { "Silent" } " "
        }
        (presence.last_heard(now, calendar))
        @if presence.kiosks > 0 && presence.connected == 0 { " " small { "not connected" } }
    }
}
