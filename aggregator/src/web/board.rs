//! The board's page: for every ward and measure whether there is signal, wards beside each other, actions and what they came
//! to, and who is not heard.

use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use jiff::SignedDuration;
use jiff::civil::Date;
use maud::{Markup, html};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use super::alerts::{self, Heeded};
use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::signals::{self, Outlook};
use super::units::{self, Asked, Sight};
use super::viewer::Viewer;
use super::ward::{self, Fragment, page_off_thread};
use super::{Shared, Web, consultants, figures, live, presence, reports, words};
use crate::alerts::Audience;
use crate::help::times::TimesSheet;
use crate::operations::ActionLine;
use crate::scoring::{Comparison, Measure, ScoreSheet, Signal, Standing, by_name};

pub(crate) mod help;
pub(crate) mod parts;

/// A ward and all its signals.
struct Row {
    id: WardId,
    name: String,
    outlook: Arc<Outlook>,
    sheet: Arc<ScoreSheet>,
    is_silent: bool,
}

/// Everything the page shows.
pub(crate) struct View {
    trust: Unit,
    trust_name: String,
    period: Period,
    own: bool,
    sheet: Arc<ScoreSheet>,
    outlook: Arc<Outlook>,
    rows: Vec<Row>,
    measure: Measure,
    comparison: Arc<Option<Comparison>>,
    actions: Vec<ActionLine>,
    /// The trust's own, which its chart has flags for.
    flagged: Vec<ActionLine>,
    /// What the units are called that have taken actions on.
    names: Vec<(Unit, String)>,
    today: Date,
    help: TimesSheet,
    longest: Option<SignedDuration>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let sight = Sight::of(&web, &asked)?;
    page_off_thread(&web, move |web| {
        let view = view(web, &sight)?;
        let fragment = fragment(web, &view, &heeded(web, &viewer));
        let page = Page { title: "Board", place: Place::Board, live: true };
        Ok(layout::frame(web, &viewer, &page, &around(web, &viewer, &view, &sight, &fragment)))
    })
    .await
}

/// Whose alerts the page shows to somebody.
pub(crate) fn heeded(web: &Web, viewer: &Viewer) -> Heeded {
    Heeded::of(web, viewer, &[Audience::Board])
}

/// What changes on the page.
pub(crate) fn fragment(web: &Web, view: &View, heeded: &Heeded) -> Fragment {
    let changes = html! {
        (alerts::notice(web, heeded))
        (body(view))
    };
    Fragment::new(changes, figures::said(&view.sheet))
}

/// Everything the page shows.
pub(crate) fn view(web: &Web, sight: &Sight) -> Result<View, Failure> {
    let period = sight.period(web)?;
    let (scoring, now) = (&web.desk.scoring, web.now());
    let directory = web.desk.world.directory.file();
    let trust = units::trust_of(web);
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let outlook = Outlook::of(web, &facts, &trust, &period)?;
    let known: Vec<Measure> = outlook.signals.iter().map(|signal| signal.measure.clone()).collect();
    let measure = sight.measure(&known)?;
    let wards = directory.wards.iter().map(|entry| Unit::Ward(entry.id.clone()));
    let prepared = web.sheets.prepare(&facts, scoring, &period, wards.chain([trust.clone()]), web.today());
    prepared.map_err(|error| Failure::internal(&error))?;
    let mut rows = Vec::with_capacity(directory.wards.len());
    for entry in &directory.wards {
        let unit = Unit::Ward(entry.id.clone());
        let sheet = web.sheets.get(&facts, scoring, &period, &unit, web.today());
        rows.push(Row {
            id: entry.id.clone(),
            name: entry.name.clone(),
            outlook: Outlook::of(web, &facts, &unit, &period)?,
            sheet: sheet.map_err(|error| Failure::internal(&error))?,
            is_silent: period.contains(web.today()) && presence::of_ward(web, &entry.id).is_silent(now),
        });
    }
    rows.sort_by(|left, right| by_name(&left.name, &right.name));
    let sheet = web.sheets.get(&facts, scoring, &period, &trust, web.today());
    let compared = units::compared(web, &outlook.fortnights, &period);
    let actions = signals::actions(web, &facts, None);
    let named = |action: &ActionLine| Some((action.unit.clone(), scoring.unit_name(&action.unit)?));
    Ok(View {
        trust_name: directory.trust.name.clone(),
        sheet: sheet.map_err(|error| Failure::internal(&error))?,
        comparison: units::compare(web, &facts, &trust, &compared, &measure)?,
        flagged: web.books().flagged(&trust, &actions),
        names: actions.iter().filter_map(named).collect(),
        actions,
        own: sight.has_own(),
        today: web.today(),
        help: web.books().help_times(),
        longest: web.books().longest_wait(),
        outlook,
        rows,
        measure,
        period,
        trust,
    })
}

/// The page around what changes on it.
fn around(web: &Web, viewer: &Viewer, view: &View, sight: &Sight, fragment: &Fragment) -> Markup {
    let name = view.period.to_string();
    html! {
        div.head {
            div {
                h1 { "Board" }
                p.lede { (view.trust_name) ", " (words::days(view.period.start(), view.period.last())) }
            }
            (ward::picker(web, "/board", view.period, view.own))
        }
        (reports::links(&[
            (format!("/board/report.pdf?period={name}"), "the board’s report"),
            ("/board/half-year.pdf".to_owned(), "the last half year"),
        ]))
        (consultants::link(web, viewer))
        (live::part(&sight.stream("/board", &view.measure), fragment))
    }
}

/// All parts that change, each with an id of its own.
fn body(view: &View) -> Markup {
    let name = view.period.to_string();
    let period = view.own.then_some(name.as_str());
    let link = |measure: &Measure| signals::address(&view.trust, measure, period);
    let overall = view.outlook.signals.first();
    html! {
        (standing(view, overall))
        @if let Some(signal) = overall {
            section #overall.sheet.flows aria-labelledby="overall-title" {
                h2 id="overall-title" { (signal.label) ", the whole trust" }
                (signals::by_itself(signal, &signals::events(&view.flagged, &signal.measure)))
            }
        }
        (signals::what_changed(&view.outlook, link))
        (parts::matrix(view, period))
        (parts::funnel(view, period))
        (parts::like_for_like(view, period))
        (parts::actions(view))
        (parts::coverage(view))
        (help::section(&view.help, view.longest))
    }
}

/// Which days, whether they may still fill, and who is silent.
fn standing(view: &View, overall: Option<&Signal>) -> Markup {
    let silent = view.rows.iter().filter(|row| row.is_silent).count();
    html! {
        p #standing.strip {
            strong { (words::period(&view.period)) }
            @match view.sheet.standing {
                Standing::Provisional => span.tag { "Provisional" },
                Standing::Final => span.tag.final { "Final" @if view.sheet.revision > 1 { ", revision " (view.sheet.revision) } },
            }
            span { strong { (words::count(view.sheet.responses)) } " answers" }
            @if silent > 0 { span.tag.silent { (words::of(silent as u64, "ward", "wards")) " silent" } }
            span { "Control charts end with " (overall.map(|signal| words::fortnight(&signal.until)).unwrap_or_default()) "." }
        }
    }
}
