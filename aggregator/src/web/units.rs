//! Departments, sites, specialties and the trust: what a ward's page shows, over more wards. Wards stand in alphabetical order
//! and never in an order of scores.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Fortnight, Period};
use wardvoice_protocol::id::WardId;

use super::alerts::{self, Heeded};
use super::charts::{self, tables};
use super::comments;
use super::comments::trend::{self, Trends};
use super::failure::Failure;
use super::help::Waiting;
use super::layout::{self, Page, Place};
use super::live::Scene;
use super::presence::{self, Presence};
use super::signals::{self, Outlook};
use super::viewer::Viewer;
use super::ward::{self, Fragment, page_off_thread};
use super::words::{self, Scale};
use super::{Shared, Web};
use crate::alerts::Audience;
use crate::comments::Newest;
use crate::facts::Facts;
use crate::operations::ActionLine;
use crate::policy;
use crate::scoring::{Comparison, Measure, ScoreSheet, Signal, by_name};

pub(crate) mod one;
mod parts;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    pub(super) period: Option<String>,
    pub(super) measure: Option<String>,
}

/// What of a unit's or of the board's page was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sight {
    /// A period of its own, or (none) whatever fortnight it is.
    own: Option<Period>,
    /// The measure that wards are compared by, as it was asked for.
    measure: Option<String>,
}

impl Sight {
    /// What a query asks for.
    pub(crate) fn of(web: &Web, asked: &Asked) -> Result<Self, Failure> {
        let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let own = named(&asked.period).map(|name| ward::period(web, Some(&name))).transpose()?;
        Ok(Self { own, measure: named(&asked.measure) })
    }

    /// The period that is shown.
    pub(crate) fn period(&self, web: &Web) -> Result<Period, Failure> {
        self.own.map_or_else(|| ward::period(web, None), Ok)
    }

    /// Whether a period was asked for.
    pub(crate) fn has_own(&self) -> bool {
        self.own.is_some()
    }

    /// The measure that is compared, of those that there are.
    pub(crate) fn measure(&self, known: &[Measure]) -> Result<Measure, Failure> {
        measure(self.measure.as_deref(), known)
    }

    /// One of many, for tests that count rooms.
    #[cfg(test)]
    pub(crate) fn numbered(number: usize) -> Self {
        Self { own: None, measure: Some(number.to_string()) }
    }

    /// The address of the stream of a page; `measure` is what the page compares wards by.
    pub(crate) fn stream(&self, page: &str, measure: &Measure) -> String {
        let period = self.own.map(|period| format!("period={period}"));
        let measure = self.measure.as_ref().map(|_| format!("measure={measure}"));
        let asked: Vec<String> = period.into_iter().chain(measure).collect();
        if asked.is_empty() { format!("{page}/stream") } else { format!("{page}/stream?{}", asked.join("&")) }
    }
}

/// A ward beside others.
pub(crate) struct Ward {
    pub(crate) id: WardId,
    pub(crate) name: String,
    pub(crate) signal: Signal,
}

/// A ward, when it was last heard from, and its sheet.
struct Heard {
    id: WardId,
    name: String,
    presence: Presence,
    sheet: Arc<ScoreSheet>,
}

/// Everything the page shows.
pub(crate) struct View {
    unit: Unit,
    name: String,
    period: Period,
    own: bool,
    sheet: Arc<ScoreSheet>,
    outlook: Arc<Outlook>,
    measure: Measure,
    wards: Vec<Ward>,
    comparison: Arc<Option<Comparison>>,
    actions: Vec<ActionLine>,
    /// Those that charts of all its wards together have flags for, with what stands over it has done.
    flagged: Vec<ActionLine>,
    /// When each ward was last heard from, and what its people said, in alphabetical order.
    heard: Vec<Heard>,
    /// Who asks for help now; nobody on the page of a period that is over.
    waiting: Vec<Waiting>,
    /// What people wrote, as far as it was released.
    comments: Newest,
    /// What comments are about, fortnight by fortnight.
    themes: Trends,
    today: Date,
    now: Timestamp,
}

pub(crate) async fn trust(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = trust_of(&web);
    page(web, viewer, unit, asked).await
}

pub(crate) async fn site(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = named(&web, "site", &id)?;
    page(web, viewer, unit, asked).await
}

pub(crate) async fn department(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = named(&web, "department", &id)?;
    page(web, viewer, unit, asked).await
}

pub(crate) async fn specialty(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = named(&web, "specialty", &id)?;
    page(web, viewer, unit, asked).await
}

/// The trust.
pub(crate) fn trust_of(web: &Web) -> Unit {
    Unit::Trust(web.desk.world.directory.file().trust.id.clone())
}

/// The unit of a kind that a path names.
pub(crate) fn named(web: &Web, kind: &str, id: &str) -> Result<Unit, Failure> {
    let unit = format!("{kind}:{id}").parse::<Unit>().ok();
    let unit = unit.filter(|unit| web.desk.scoring.unit_name(unit).is_some());
    unit.ok_or_else(|| unknown(kind, id))
}

/// A unit that a query names, if the directory has it and the viewer may read it.
pub(crate) fn readable(web: &Web, viewer: &Viewer, text: &str) -> Result<Unit, Failure> {
    let unit: Unit = text.parse().map_err(|error| Failure::bad_request(format!("{error}.")))?;
    if web.desk.scoring.unit_name(&unit).is_none() {
        return Err(unknown("unit", text));
    }
    web.enter(viewer, policy::Place::Unit(&unit))?;
    Ok(unit)
}

/// Says that the directory has no such unit.
pub(crate) fn unknown(kind: &str, id: &str) -> Failure {
    let detail = format!("The directory has no {kind} “{id}”. Start from the list of wards.");
    Failure::new(axum::http::StatusCode::NOT_FOUND, format!("There is no such {kind}"), detail)
}

async fn page(web: Shared, viewer: Viewer, unit: Unit, asked: Asked) -> Result<Response, Failure> {
    let sight = Sight::of(&web, &asked)?;
    page_off_thread(&web, move |web| {
        let helps = helps(web, &viewer, &unit);
        let view = view(web, &unit, &sight, &helps)?;
        let fragment = fragment(web, &view, &heeded(web, &viewer, &unit));
        let place = if matches!(view.unit, Unit::Trust(_)) { Place::Trust } else { Place::Unit };
        let page = Page { title: &view.name, place, live: true };
        Ok(layout::frame(web, &viewer, &page, &parts::around(web, &viewer, &view, &sight, &fragment)))
    })
    .await
}

/// What somebody sees who opens a unit's page.
pub(crate) fn scene(web: &Web, viewer: &Viewer, unit: Unit, sight: Sight) -> Scene {
    let helps = helps(web, viewer, &unit);
    let heeded = heeded(web, viewer, &unit);
    Scene::Unit { unit, sight, helps, heeded }
}

/// The wards of a unit on which somebody may say that a request for help was seen.
fn helps(web: &Web, viewer: &Viewer, unit: &Unit) -> BTreeSet<WardId> {
    let may = |ward: &WardId| web.enter(viewer, policy::Place::Help(ward)).is_ok();
    ward_ids(web, unit).into_iter().filter(may).collect()
}

/// Whose alerts the page shows to somebody: a department's; larger units have none of their own.
fn heeded(web: &Web, viewer: &Viewer, unit: &Unit) -> Heeded {
    match unit {
        Unit::Department(id) => Heeded::of(web, viewer, &[Audience::Department(id.clone())]),
        _ => Heeded::default(),
    }
}

/// What changes on the page.
pub(crate) fn fragment(web: &Web, view: &View, heeded: &Heeded) -> Fragment {
    let changes = html! {
        (alerts::notice(web, heeded))
        (parts::body(web, view))
    };
    Fragment::new(changes, parts::said(view))
}

/// The measure that was asked for; the first there is when none was.
pub(crate) fn measure(asked: Option<&str>, known: &[Measure]) -> Result<Measure, Failure> {
    let Some(text) = asked.filter(|text| !text.is_empty()) else {
        return known.first().cloned().ok_or_else(|| Failure::internal(&"follow anything: there is no measure"));
    };
    let asked: Measure = text.parse().map_err(|error| Failure::bad_request(format!("{error}.")))?;
    let is_known = known.contains(&asked) || matches!(asked, Measure::QuestionProblem(_));
    is_known.then_some(asked).ok_or_else(|| {
        let known: Vec<_> = known.iter().map(ToString::to_string).collect();
        let detail = format!("There is no {text}; there are {}.", known.join(", "));
        Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such measure", detail)
    })
}

/// Everything the page shows, for somebody who may say of some wards that a request for help was seen.
pub(crate) fn view(web: &Web, unit: &Unit, sight: &Sight, helps: &BTreeSet<WardId>) -> Result<View, Failure> {
    let period = sight.period(web)?;
    let themes = trend::of(web, unit, &period)?;
    let most = comments::MOST_OF_WARDS;
    let comments = web.desk.comments.newest_released(unit, &period, policy::Audience::Ward, most);
    let comments = comments.map_err(|error| Failure::internal(&error))?;
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let outlook = Outlook::of(web, &facts, unit, &period)?;
    let known: Vec<Measure> = outlook.signals.iter().map(|signal| signal.measure.clone()).collect();
    let measure = sight.measure(&known)?;
    let sheet = web.sheets.get(&facts, &web.desk.scoring, &period, unit, web.today());
    let ids = ward_ids(web, unit);
    let actions = signals::actions(web, &facts, Some(unit));
    Ok(View {
        flagged: web.books().flagged(unit, &actions),
        name: web.desk.scoring.unit_name(unit).unwrap_or_default(),
        sheet: sheet.map_err(|error| Failure::internal(&error))?,
        wards: wards(web, &facts, &ids, &measure, &period)?,
        comparison: compare(web, &facts, unit, &compared(web, &outlook.fortnights, &period), &measure)?,
        actions,
        heard: heard(web, &facts, &ids, &period)?,
        waiting: if period.contains(web.today()) { waiting(web, helps, &ids) } else { Vec::new() },
        comments,
        themes,
        today: web.today(),
        now: web.now(),
        own: sight.has_own(),
        measure,
        outlook,
        period,
        unit: unit.clone(),
    })
}

/// The wards of a unit, in the directory's order.
pub(crate) fn ward_ids(web: &Web, unit: &Unit) -> Vec<WardId> {
    let scoring = &web.desk.scoring;
    let indices = scoring.wards_of(unit).unwrap_or_default();
    indices.into_iter().filter_map(|index| scoring.vocabulary().ward(index).cloned()).collect()
}

/// When wards were last heard from and what their people said, in alphabetical order.
fn heard(web: &Web, facts: &Facts, ids: &[WardId], period: &Period) -> Result<Vec<Heard>, Failure> {
    let units = ids.iter().map(|id| Unit::Ward(id.clone()));
    let prepared = web.sheets.prepare(facts, &web.desk.scoring, period, units, web.today());
    prepared.map_err(|error| Failure::internal(&error))?;
    let mut wards = Vec::with_capacity(ids.len());
    for id in ids {
        let sheet = web.sheets.get(facts, &web.desk.scoring, period, &Unit::Ward(id.clone()), web.today());
        let sheet = sheet.map_err(|error| Failure::internal(&error))?;
        wards.push(Heard {
            id: id.clone(),
            name: ward_name(web, id),
            presence: presence::of_ward(web, id),
            sheet,
        });
    }
    wards.sort_by(|left, right| by_name(&left.name, &right.name));
    Ok(wards)
}

/// What a ward is called.
fn ward_name(web: &Web, id: &WardId) -> String {
    web.desk.world.directory.ward(id).map_or_else(|| id.to_string(), |entry| entry.name.clone())
}

/// Who asks for help on some wards, the one that waits longest first.
fn waiting(web: &Web, helps: &BTreeSet<WardId>, ids: &[WardId]) -> Vec<Waiting> {
    let all = web.desk.help.all(web.now()).into_iter().filter(|request| ids.contains(&request.ward));
    let waiting = all.map(|request| Waiting {
        ward_name: ward_name(web, &request.ward),
        may_be_seen: helps.contains(&request.ward),
        request,
    });
    waiting.collect()
}

/// What wards say about a measure, in alphabetical order.
fn wards(
    web: &Web,
    facts: &Facts,
    ids: &[WardId],
    measure: &Measure,
    period: &Period,
) -> Result<Vec<Ward>, Failure> {
    let books = web.books();
    let mut wards = Vec::with_capacity(ids.len());
    for id in ids {
        let found = books.signal(facts, &Unit::Ward(id.clone()), period, measure)?;
        wards.push(Ward { id: id.clone(), name: found.unit_name.clone(), signal: found });
    }
    wards.sort_by(|left, right| by_name(&left.name, &right.name));
    Ok(wards)
}

/// The fortnights that wards are compared over: those that ended in the period, or half a year up to its end.
pub(crate) fn compared(web: &Web, fortnights: &[Fortnight], period: &Period) -> Vec<Fortnight> {
    web.books().compared(fortnights, period)
}

/// The wards of a unit compared by a measure over some fortnights; nothing for no fortnights or fewer than two wards.
pub(crate) fn compare(
    web: &Web,
    facts: &Facts,
    unit: &Unit,
    fortnights: &[Fortnight],
    measure: &Measure,
) -> Result<Arc<Option<Comparison>>, Failure> {
    web.books().comparison(facts, unit, fortnights, measure).map_err(Failure::from)
}

/// The address of a unit's page; consultants have theirs elsewhere.
pub(crate) fn address(unit: &Unit, period: Option<&str>) -> Option<String> {
    let path = match unit {
        Unit::Ward(id) => format!("/ward/{id}"),
        Unit::Department(id) => format!("/department/{id}"),
        Unit::Site(id) => format!("/site/{id}"),
        Unit::Specialty(id) => format!("/specialty/{id}"),
        Unit::Trust(_) => "/trust".to_owned(),
        Unit::Consultant(_) => return None,
    };
    Some(period.map_or_else(|| path.clone(), |period| format!("{path}?period={period}")))
}

/// The last fortnight that ended in words: "2026-F22: 8.4 (n 16, 7.9 to 8.9)".
pub(crate) fn last_of(signal: &Signal) -> String {
    let scale = if signal.per_cent { Scale::PerCent } else { Scale::Points };
    signal.points.last().map_or_else(
        || "No fortnight has ended yet".to_owned(),
        |point| format!("{}: {}", point.period, words::figure(&point.figure, scale)),
    )
}

/// How a funnel is read, and of which days it is.
pub(crate) fn how_to_read(comparison: &Comparison, period: &Period) -> String {
    let because = if matches!(period, Period::Fortnight(_) | Period::Month { .. }) {
        ", because a fortnight of one ward is too few people to compare"
    } else {
        ""
    };
    let limits = if comparison.adjusted {
        "The limits are widened by how much wards differ anyway"
    } else {
        "The limits are those of chance alone"
    };
    format!(
        "{}{because}. A triangle lies outside the limits, filled outside 99.8%. {limits} ({}). There are no ranks: with these limits an order \
         would be mostly chance.",
        words::days(comparison.first_day, comparison.last_day),
        words::of(comparison.wards.len() as u64, "ward", "wards")
    )
}

/// The funnel with its words and its numbers.
pub(crate) fn spread(comparison: Option<&Comparison>, period: &Period) -> Markup {
    let Some(comparison) = comparison else { return html! {} };
    html! {
        section #funnel.sheet.flows aria-labelledby="funnel-title" {
            h2 id="funnel-title" { "Wards beside each other: " (comparison.label) }
            p { (comparison.words) }
            p.aside { (how_to_read(comparison, period)) }
            @if let Some(drawn) = charts::funnel(comparison) { div.figure tabindex="0" role="group" aria-label=(format!("The funnel of {}", comparison.label)) { (drawn) } }
            details id="funnel-numbers" {
                summary id="funnel-numbers-title" { "The same as numbers" span.hidden { ": " (comparison.label) } }
                (tables::of_comparison(comparison))
            }
        }
    }
}
