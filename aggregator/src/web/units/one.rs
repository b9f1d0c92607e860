//! One measure of one unit: its chart by itself, the problems beside a score, changes and re-basings, and the numbers.

use std::sync::PoisonError;

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::Sight;
use crate::operations::ActionLine;
use crate::policy;
use crate::rebases::Rebase;
use crate::scoring::{ChartKind, Measure, Signal, signal};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{Fragment, page_off_thread};
use crate::web::{Shared, Web, live, signals, words};

pub(crate) mod rebase;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    unit: String,
    measure: Option<String>,
    period: Option<String>,
}

impl Asked {
    /// Which unit is asked for, which somebody may read, and what of it.
    pub(crate) fn read(&self, web: &Web, viewer: &Viewer) -> Result<(Unit, Sight), Failure> {
        let (period, measure) = (self.period.clone(), self.measure.clone());
        let sight = Sight::of(web, &super::Asked { period, measure })?;
        Ok((super::readable(web, viewer, &self.unit)?, sight))
    }
}

struct View {
    unit: Unit,
    period: Period,
    own: bool,
    signal: Signal,
    /// The problems beside a domain's score.
    problems: Option<Signal>,
    known: Vec<(Measure, String)>,
    actions: Vec<ActionLine>,
    /// Those that the charts have flags for.
    flagged: Vec<ActionLine>,
    /// Whose those of others are, in words.
    names: Vec<(Unit, String)>,
    rebases: Vec<Rebase>,
    /// Whether whoever looks may decide where limits start afresh.
    may_rebase: bool,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let (unit, sight) = asked.read(&web, &viewer)?;
    page_off_thread(&web, move |web| {
        let may_rebase = web.enter(&viewer, policy::Place::Programme).is_ok();
        let view = View { may_rebase, ..view(web, &unit, &sight)? };
        let title = format!("{}: {}", view.signal.label, view.signal.unit_name);
        let page = Page { title: &title, place: Place::Unit, live: true };
        Ok(layout::frame(web, &viewer, &page, &around(&view)))
    })
    .await
}

/// What changes on the page.
pub(crate) fn fragment(web: &Web, unit: &Unit, sight: &Sight) -> Result<Fragment, Failure> {
    Ok(changing(&view(web, unit, sight)?))
}

fn changing(view: &View) -> Fragment {
    let said = format!("Updated: {}: {}", view.signal.label, view.signal.words);
    Fragment::new(body(view), said)
}

fn view(web: &Web, unit: &Unit, sight: &Sight) -> Result<View, Failure> {
    let (unit, period) = (unit.clone(), sight.period(web)?);
    let scoring = &web.desk.scoring;
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let until = signals::until(web, &period)?;
    let history = web.books().history(&facts, &unit, until).map_err(signals::not_told)?;
    let known = history.measures();
    let measure = sight.measure(&known)?;
    let found = |measure: &Measure| {
        signal(&history, measure, &web.desk.rebases.in_force(&unit, measure)).map_err(signals::not_told)
    };
    let problems = match &measure {
        Measure::Domain(id) => Some(found(&Measure::DomainProblem(id.clone()))?),
        _ => None,
    };
    let signal = found(&measure)?;
    let label = |measure: Measure| scoring.measure_label(until.start(), &measure).map(|label| (measure, label));
    let mut actions = signals::actions(web, &facts, Some(&unit));
    // The trust's page has its own alone, as its chart has: the board's page lists everybody's.
    actions.retain(|action| !matches!(unit, Unit::Trust(_)) || action.unit == unit);
    let others = actions.iter().filter(|action| action.unit != unit);
    let names = others.filter_map(|action| Some((action.unit.clone(), scoring.unit_name(&action.unit)?)));
    let names: Vec<(Unit, String)> = names.collect();
    let concerns =
        |rebase: &Rebase| rebase.unit == unit && rebase.measure.as_ref().is_none_or(|one| *one == measure);
    Ok(View {
        flagged: web.books().flagged(&unit, &actions),
        names,
        actions,
        rebases: web.desk.rebases.list().into_iter().filter(concerns).collect(),
        known: known.into_iter().filter_map(label).collect(),
        own: sight.has_own(),
        signal,
        problems,
        period,
        unit,
        may_rebase: false,
    })
}

/// The page around what changes on it. Forms stand apart, so that nothing moves under somebody who fills one in.
fn around(view: &View) -> Markup {
    let signal = &view.signal;
    let name = view.period.to_string();
    let period = view.own.then_some(name.as_str());
    let asked = period.map(|period| format!("&period={period}")).unwrap_or_default();
    let stream = format!("/signal/stream?unit={}&measure={}{asked}", view.unit, signal.measure);
    html! {
        p.crumbs { a href="/" { "Wards" } " › " a href=(super::address(&view.unit, period).unwrap_or_default()) { (signal.unit_name) } }
        div.head {
            div { h1 { (signal.label) } p.lede { (signal.unit_name) ", up to " (words::fortnight(&signal.until)) } }
            (chooser(view, period))
        }
        (live::part(&stream, &changing(view)))
        (rebase::section(view))
        p.small {
            "Scored by definition " code { (signal.definition.id) "@" (signal.definition.version) } ". What marks and sentences mean is written in docs/signal.md."
        }
    }
}

/// All parts that change, each a section with an id of its own.
fn body(view: &View) -> Markup {
    let signal = &view.signal;
    let events = |measure: &Measure| signals::events(&view.flagged, measure);
    let own: Vec<ActionLine> = view
        .actions
        .iter()
        .filter(|action| {
            let measure = action.about.as_ref();
            measure.is_none_or(|about| *about == signal.measure)
        })
        .cloned()
        .collect();
    html! {
        section #chart.sheet.flows aria-labelledby="chart-title" {
            h2 id="chart-title" { (kind(signal)) }
            (signals::by_itself(signal, &events(&signal.measure)))
            @if signal.near_ceiling {
                p.note { "The upper limit lies above the scale, where no score can cross it. It is drawn on the edge; the problems below can still tell." }
            }
            (run(signal))
        }
        @if let Some(problems) = &view.problems {
            section #problems.sheet.flows aria-labelledby="problems-title" {
                h2 id="problems-title" { (problems.label) }
                p.aside { "Of the answers, how many reported a problem. Here lower is better. " (kind(problems)) "." }
                (signals::by_itself(problems, &events(&problems.measure)))
            }
        }
        @if !own.is_empty() {
            section #actions.sheet.flows aria-labelledby="actions-title" {
                h2 id="actions-title" { "You said, we did" }
                (signals::action_list(&own, |unit| whose(view, unit)))
            }
        }
    }
}

/// Whose an action is, where it is not the unit's own.
fn whose(view: &View, unit: &Unit) -> Option<String> {
    view.names.iter().find(|(known, _)| known == unit).map(|(_, name)| name.clone())
}

fn kind(signal: &Signal) -> &'static str {
    match signal.chart {
        ChartKind::Xmr => "Control chart of single values",
        ChartKind::P => "Control chart of proportions",
        ChartKind::PPrime => {
            "Control chart of proportions, limits widened because they spread more than chance gives"
        }
    }
}

/// The run chart's test in words.
fn run(signal: &Signal) -> Markup {
    let run = &signal.run_chart;
    let (Some(longest), Some(limit), Some(crossings), Some(fewest)) =
        (run.longest_run, run.longest_run_limit, run.crossings, run.crossings_limit)
    else {
        return html! {};
    };
    html! {
        p.small {
            "Run chart of all fortnights: longest run on one side of the median " (longest) " (chance gives up to " (limit) "), the median crossed "
            (crossings) " times (chance gives " (fewest) " or more): " @if run.signal { "not random" } @else { "random" } "."
        }
    }
}

fn chooser(view: &View, period: Option<&str>) -> Markup {
    html! {
        form.period.no-print method="get" action="/signal" {
            input type="hidden" name="unit" value=(view.unit.to_string());
            @if let Some(period) = period { input type="hidden" name="period" value=(period); }
            div {
                label for="measure" { "What to look at" }
                select id="measure" name="measure" {
                    @for (measure, label) in &view.known {
                        option value=(measure.to_string()) selected[*measure == view.signal.measure] { (label) }
                    }
                }
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}
