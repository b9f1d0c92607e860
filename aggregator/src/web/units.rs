//! Departments, sites, specialties and the trust: what a ward's page shows, over more wards. Wards stand in alphabetical order
//! and never in an order of scores.

use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Fortnight, Period};
use wardvoice_protocol::id::WardId;

use super::charts::control::Event;
use super::charts::{self, Window, icons, tables};
use super::comments::trend::{self, Trends};
use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::signals::{self, Outlook};
use super::viewer::Viewer;
use super::ward::{self, page_off_thread};
use super::words::{self, Scale};
use super::{Shared, Web, alerts};
use crate::alerts::Audience;
use crate::facts::Facts;
use crate::operations::ActionLine;
use crate::policy;
use crate::scoring::{
    Comparison, DomainSheet, Figure, History, Measure, Peers, ScoreSheet, Signal, by_name, signal, variation_words,
};

pub(crate) mod one;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    pub(super) period: Option<String>,
    pub(super) measure: Option<String>,
}

/// A ward beside others.
pub(crate) struct Ward {
    pub(crate) id: WardId,
    pub(crate) name: String,
    pub(crate) signal: Signal,
}

/// Everything the page shows.
struct View {
    unit: Unit,
    name: String,
    period: Period,
    own: bool,
    sheet: Arc<ScoreSheet>,
    outlook: Outlook,
    measure: Measure,
    wards: Vec<Ward>,
    comparison: Option<Comparison>,
    actions: Vec<ActionLine>,
    /// What comments are about, fortnight by fortnight.
    themes: Trends,
}

pub(crate) async fn trust(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = Unit::Trust(web.desk.world.directory.file().trust.id.clone());
    page(web, viewer, unit, asked).await
}

pub(crate) async fn site(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    named(web, viewer, ("site", id), asked).await
}

pub(crate) async fn department(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    named(web, viewer, ("department", id), asked).await
}

pub(crate) async fn specialty(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    named(web, viewer, ("specialty", id), asked).await
}

async fn named(
    web: Shared,
    viewer: Viewer,
    (kind, id): (&str, String),
    asked: Asked,
) -> Result<Response, Failure> {
    let unit = format!("{kind}:{id}").parse::<Unit>().ok();
    let unit = unit.filter(|unit| web.desk.scoring.unit_name(unit).is_some());
    page(web, viewer, unit.ok_or_else(|| unknown(kind, &id))?, asked).await
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
    let period = ward::period(&web, asked.period.as_deref())?;
    page_off_thread(&web, move |web| {
        let view = view(web, unit, period, &asked)?;
        let place = if matches!(view.unit, Unit::Trust(_)) { Place::Trust } else { Place::Unit };
        Ok(layout::frame(
            web,
            &viewer,
            &Page { title: &view.name, place, live: false },
            &body(web, &viewer, &view),
        ))
    })
    .await
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

fn view(web: &Web, unit: Unit, period: Period, asked: &Asked) -> Result<View, Failure> {
    let themes = trend::of(web, &unit, &period)?;
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let outlook = Outlook::of(web, &facts, &unit, &period)?;
    let known: Vec<Measure> = outlook.signals.iter().map(|signal| signal.measure.clone()).collect();
    let measure = measure(asked.measure.as_deref(), &known)?;
    let sheet = web.sheets.get(&facts, &web.desk.scoring, &period, &unit, web.today());
    let ids = ward_ids(web, &unit);
    Ok(View {
        name: web.desk.scoring.unit_name(&unit).unwrap_or_default(),
        sheet: sheet.map_err(|error| Failure::internal(&error))?,
        wards: wards(web, &facts, &ids, &measure, &period)?,
        comparison: compare(web, &facts, &unit, &compared(web, &outlook.fortnights, &period))?
            .and_then(|peers| peers.compare(&measure)),
        actions: signals::actions(web, &facts, Some(&ids)),
        themes,
        own: asked.period.as_deref().is_some_and(|text| !text.is_empty()),
        measure,
        outlook,
        period,
        unit,
    })
}

/// The wards of a unit, in the directory's order.
fn ward_ids(web: &Web, unit: &Unit) -> Vec<WardId> {
    let scoring = &web.desk.scoring;
    let indices = scoring.wards_of(unit).unwrap_or_default();
    indices.into_iter().filter_map(|index| scoring.vocabulary().ward(index).cloned()).collect()
}

/// What wards say about a measure, in alphabetical order.
fn wards(
    web: &Web,
    facts: &Facts,
    ids: &[WardId],
    measure: &Measure,
    period: &Period,
) -> Result<Vec<Ward>, Failure> {
    let (scoring, today) = (&web.desk.scoring, web.today());
    let until = signals::until(web, period)?;
    let mut grains = |ward, fortnight| web.histories.grain(facts, scoring, ward, fortnight, today);
    let mut wards = Vec::with_capacity(ids.len());
    for id in ids {
        let unit = Unit::Ward(id.clone());
        let history = History::new(facts, scoring, &unit, until, today, &mut grains);
        let history = history.map_err(signals::not_told)?;
        let rebasings = web.desk.rebases.in_force(&unit, measure);
        let found = signal(&history, measure, &rebasings).map_err(signals::not_told)?;
        wards.push(Ward { id: id.clone(), name: found.unit_name.clone(), signal: found });
    }
    wards.sort_by(|left, right| by_name(&left.name, &right.name));
    Ok(wards)
}

/// The fortnights that wards are compared over: those that ended in the period, or half a year up to its end.
pub(crate) fn compared(web: &Web, fortnights: &[Fortnight], period: &Period) -> Vec<Fortnight> {
    web.books().compared(fortnights, period)
}

/// The wards of a unit over some fortnights; `None` for no fortnights or fewer than two wards.
pub(crate) fn compare<'a>(
    web: &'a Web,
    facts: &Facts,
    unit: &Unit,
    fortnights: &[Fortnight],
) -> Result<Option<Peers<'a>>, Failure> {
    web.books().peers(facts, unit, fortnights).map_err(Failure::from)
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

fn body(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let name = view.period.to_string();
    let period = view.own.then_some(name.as_str());
    let address = address(&view.unit, None).unwrap_or_default();
    let window = Window::of(view.outlook.scores());
    let link = |measure: &Measure| signals::address(&view.unit, measure, period);
    html! {
        p.crumbs { a href="/" { "Wards" } @if !matches!(view.unit, Unit::Trust(_)) { " › " a href="/trust" { "Trust" } } }
        div.head {
            div {
                h1 { (view.name) }
                p.lede { (words::of(view.wards.len() as u64, "ward", "wards")) ", " (words::days(view.period.start(), view.period.last())) }
            }
            (ward::picker(web, &address, view.period, view.own))
        }
        @if let Unit::Department(department) = &view.unit {
            (alerts::notice(web, viewer, &Audience::Department(department.clone())))
        }
        div.stack {
            (glance(view, &link))
            (signals::what_changed(&view.outlook, link))
            section #domains.sheet.flows aria-labelledby="domains-title" {
                h2 id="domains-title" { "What care was like" }
                p.aside { "The score of these days with its 95% interval, and the fortnights up to them, from " (window.from) " to " (window.to) " points." }
                ul.domains { @for domain in &view.sheet.domains { (domain_of(view, domain, window, &link)) } }
            }
            (small_multiples(view, period, &address))
            (spread(view.comparison.as_ref(), &view.period))
            (trend::section(&view.themes))
            (actions(view))
        }
    }
}

/// The overall score and how many were heard.
fn glance(view: &View, link: &impl Fn(&Measure) -> String) -> Markup {
    let figure = &view.sheet.overall;
    let overall = view.outlook.get(&Measure::Overall);
    html! {
        section #overall.sheet.overall aria-labelledby="overall-title" {
            h2 id="overall-title" { "Overall" }
            @match figure.value {
                Some(value) => p.number { b { (Scale::Points.write(value)) } span { "out of 10" } },
                None => p.number { span.none { "No score" } },
            }
            p { (counted(figure)) ". " @if let Some(plan) = view.sheet.plan { (words::count(plan.done)) " of " (words::count(plan.quota)) " planned answers." } }
            @if let Some(signal) = overall {
                (signals::by_itself(signal, &[]))
                p.small { a href=(link(&signal.measure)) { "The chart by itself" } }
            }
        }
    }
}

fn counted(figure: &Figure) -> String {
    let interval = words::interval(figure, Scale::Points);
    let interval = interval.map(|interval| format!(", 95% interval {interval}")).unwrap_or_default();
    format!("n {}{interval}", words::count(figure.n))
}

fn domain_of(view: &View, domain: &DomainSheet, window: Window, link: &impl Fn(&Measure) -> String) -> Markup {
    let figure = &domain.figure;
    let signal = view.outlook.get(&Measure::Domain(domain.id.clone()));
    html! {
        li.domain {
            h3 { (domain.label) }
            (signals::value(figure))
            div.bar-cell { (charts::bar(&domain.label, figure, Scale::Points)) }
            @if let Some(signal) = signal {
                div.trend-cell {
                    (signals::small(signal, window, &[]))
                    div.said { (icons::variation(signal)) a href=(link(&signal.measure)) { (variation_words(signal)) span.hidden { ": the chart of " (signal.label) } } }
                }
                details id=(format!("numbers-{}", domain.id)) {
                    summary id=(format!("numbers-{}-title", domain.id)) { "Numbers" span.hidden { " of " (domain.label) } }
                    (tables::of_signal(signal))
                }
            }
        }
    }
}

/// One small chart a ward, all of one measure and in one window.
fn small_multiples(view: &View, period: Option<&str>, address: &str) -> Markup {
    let window = Window::of(view.wards.iter().map(|ward| &ward.signal));
    let label = view.wards.first().map(|ward| ward.signal.label.clone()).unwrap_or_default();
    let scale = if view.measure.is_share() { Scale::PerCent } else { Scale::Points };
    html! {
        section #wards.sheet.flows aria-labelledby="wards-title" {
            h2 id="wards-title" { "Ward by ward: " (label) }
            (signals::chooser(&view.outlook, &view.measure, period, &format!("{address}#wards"), "What to compare"))
            p.aside {
                "In alphabetical order. All charts run from " (scale.write(window.from)) " to " (scale.write(window.to)) ". A large dot is better than "
                "chance gives, a diamond worse, a flag an action, a gap a fortnight without answers."
            }
            ul.multiples {
                @for ward in &view.wards {
                    @let events = events(view, &ward.id);
                    li {
                        h3 { a href=(ward::address(&ward.id, period)) { (ward.name) } }
                        @if !ward.signal.points.is_empty() || ward.signal.provisional.is_some() { (signals::small(&ward.signal, window, &events)) }
                        div.said { (icons::variation(&ward.signal)) a href=(signals::address(&ward.signal.unit, &view.measure, period)) { (variation_words(&ward.signal)) span.hidden { ": the chart of " (ward.name) } } }
                        p.small { (last_of(&ward.signal)) }
                    }
                }
            }
        }
    }
}

fn events(view: &View, ward: &WardId) -> Vec<Event> {
    let own: Vec<ActionLine> = view.actions.iter().filter(|action| action.ward == *ward).cloned().collect();
    signals::events(&own, &view.measure)
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

fn actions(view: &View) -> Markup {
    let name = |id: &WardId| view.wards.iter().find(|ward| ward.id == *id).map(|ward| ward.name.clone());
    let open: Vec<ActionLine> = view.actions.iter().filter(|action| action.done.is_none()).cloned().collect();
    let done: Vec<ActionLine> = view.actions.iter().filter(|action| action.done.is_some()).cloned().collect();
    html! {
        section #actions.sheet.flows aria-labelledby="actions-title" {
            h2 id="actions-title" { "You said, we did" }
            p {
                (words::of(open.len() as u64, "action", "actions")) " open, "
                (words::count(open.iter().filter(|action| action.overdue).count() as u64)) " of them overdue; " (words::count(done.len() as u64)) " done."
            }
            @if !open.is_empty() { (signals::action_list(&open, name)) }
            @if !done.is_empty() {
                details id="actions-done" {
                    summary id="actions-done-title" { "What is done, and what it came to" }
                    (signals::action_list(&done, name))
                }
            }
        }
    }
}
