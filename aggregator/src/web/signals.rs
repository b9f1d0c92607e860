//! What the pages of wards, larger units and the board have in common: a unit's signals, and the parts that show them.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::civil::Date;
use maud::{Markup, html};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Fortnight, Period};

use super::Web;
use super::charts::control::{Control, Event, Size};
use super::charts::{Window, icons, tables};
use super::failure::Failure;
use super::words::{self, Scale};
use crate::facts::Facts;
use crate::operations::ActionLine;
use crate::scoring::{Figure, Finding, Measure, Signal, SignalError, assurance_words, variation_words};

/// A unit's signals up to a fortnight.
#[derive(Debug)]
pub(crate) struct Outlook {
    /// Every measure in the order of pages.
    pub(crate) signals: Vec<Signal>,
    /// The fortnights, oldest first.
    pub(crate) fortnights: Vec<Fortnight>,
}

impl Outlook {
    /// The signals of a unit up to the end of a period.
    pub(crate) fn of(web: &Web, facts: &Facts, unit: &Unit, period: &Period) -> Result<Arc<Self>, Failure> {
        web.books().outlook(facts, unit, period).map_err(Failure::from)
    }

    /// The signal of a measure.
    pub(crate) fn get(&self, measure: &Measure) -> Option<&Signal> {
        self.signals.iter().find(|signal| signal.measure == *measure)
    }

    /// The signals of scores, which share a window.
    pub(crate) fn scores(&self) -> impl Iterator<Item = &Signal> {
        self.signals.iter().filter(|signal| !signal.per_cent)
    }
}

/// The fortnight that charts of a period end with: the one that still runs, or the last that ended in the period.
pub(crate) fn until(web: &Web, period: &Period) -> Result<Fortnight, Failure> {
    web.books().until(period).map_err(Failure::from)
}

/// Why there is no signal, for a page.
pub(crate) fn not_told(error: SignalError) -> Failure {
    match error {
        SignalError::NoMeasure { measure, known, .. } => Failure::new(
            StatusCode::NOT_FOUND,
            "There is no such measure",
            format!("There is no {measure}; there are {known}."),
        ),
        SignalError::NotBegun(fortnight) => {
            Failure::new(StatusCode::NOT_FOUND, "That has not begun yet", format!("{fortnight} has not begun."))
        }
        SignalError::Consultant(_) => Failure::new(
            StatusCode::FORBIDDEN,
            "Not given here",
            "A consultant's score is first for the consultant, over six months, and only where n can carry it.",
        ),
        other @ SignalError::Score(_) => Failure::internal(&other),
    }
}

/// The actions of a unit and of its parts with their effects, or everybody's; the newest first.
pub(crate) fn actions(web: &Web, facts: &Facts, of: Option<&Unit>) -> Vec<ActionLine> {
    web.books().actions(facts, of)
}

/// What is drawn of a unit's actions on the chart of a measure: those that are done and are about it or about everything.
pub(crate) fn events(actions: &[ActionLine], measure: &Measure) -> Vec<Event> {
    let concerns = |action: &&ActionLine| {
        action.about.as_ref().is_none_or(|about| {
            about == measure
                || matches!((about, measure), (Measure::Domain(a), Measure::DomainProblem(b)) if a == b)
        })
    };
    let event = |action: &ActionLine| {
        let step = action.effect.clone().filter(|effect| effect.measure == *measure);
        Some(Event { day: action.done?, number: action.number, words: action.did.clone(), step })
    };
    actions.iter().rev().filter(concerns).filter_map(event).collect()
}

/// A score with its n and its interval.
pub(crate) fn value(figure: &Figure) -> Markup {
    html! {
        div.value {
            @match figure.value {
                Some(value) => b { (Scale::Points.write(value)) },
                None => span { "No score" },
            }
            " " small {
                "n " (words::count(figure.n))
                @if let Some(interval) = words::interval(figure, Scale::Points) { ", " (interval) }
            }
        }
    }
}

/// Chooses the measure that wards are compared by; a plain form, so that it works without a script.
pub(crate) fn chooser(
    outlook: &Outlook,
    chosen: &Measure,
    period: Option<&str>,
    address: &str,
    label: &str,
) -> Markup {
    html! {
        form.period.no-print method="get" action=(address) {
            @if let Some(period) = period { input type="hidden" name="period" value=(period); }
            div {
                label for="measure" { (label) }
                select id="measure" name="measure" {
                    @for signal in &outlook.signals {
                        option value=(signal.measure.to_string()) selected[signal.measure == *chosen] { (signal.label) }
                    }
                }
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

/// What changed, in words, only where it is signal.
pub(crate) fn what_changed(outlook: &Outlook, link: impl Fn(&Measure) -> String) -> Markup {
    let signals = told(outlook);
    let first = outlook.signals.first();
    html! {
        section #changed.sheet aria-labelledby="changed-title" {
            h2 id="changed-title" { "What changed" }
            @if signals.is_empty() {
                p { (nothing(first)) }
            } @else {
                ul.findings {
                    @for signal in &signals {
                        li {
                            (icons::variation(signal))
                            span { a href=(link(&signal.measure)) { (variation_words(signal)) } ". " (signal.words) }
                        }
                    }
                }
            }
            p.small { "Only what chance alone hardly does is said here, and only of fortnights that have ended." }
        }
    }
}

/// The signals that are told: those of problems only where the score beside them cannot tell.
pub(crate) fn told(outlook: &Outlook) -> Vec<&Signal> {
    let told = |signal: &&Signal| {
        signal.finding == Finding::Signal && (!signal.measure.is_problem() || beside(outlook, signal))
    };
    outlook.signals.iter().filter(told).collect()
}

/// Why there is nothing to say; silence and too few are not the same as no change.
pub(crate) fn nothing(first: Option<&Signal>) -> String {
    match first.map(|signal| (signal.finding, signal)) {
        None | Some((Finding::NoAnswers, _)) => "There are no answers yet.".to_owned(),
        Some((Finding::Silent | Finding::TooFew, signal)) => signal.words.clone(),
        Some((Finding::Common, signal)) => {
            let n = signal.points.last().map_or(0, |point| point.figure.n);
            let fortnights = words::of(signal.points.len() as u64, "fortnight", "fortnights");
            format!("Nothing that chance alone would not do, in {fortnights} (n {} in the last).", words::count(n))
        }
        Some((Finding::Signal, _)) => String::new(),
    }
}

/// Whether the problems of a domain are to be looked at because its score is near the top of the scale.
fn beside(outlook: &Outlook, problems: &Signal) -> bool {
    let Measure::DomainProblem(id) = &problems.measure else { return false };
    outlook.get(&Measure::Domain(id.clone())).is_some_and(|signal| signal.near_ceiling)
}

/// A chart by itself with its words and its numbers.
pub(crate) fn by_itself(signal: &Signal, events: &[Event]) -> Markup {
    let window = Window::of(std::iter::once(signal));
    let chart = Control { signal, window, events, size: Size::Large };
    html! {
        div.verdict { (verdict(signal)) p { (signal.words) } }
        @if signal.points.is_empty() && signal.provisional.is_none() {
            p.aside { "There is nothing to draw yet." }
        } @else {
            div.figure tabindex="0" role="group" aria-label=(format!("The chart of {}", signal.label)) { (chart.draw()) }
            details id=(format!("numbers-{}", signal.measure.slug())) {
                summary id=(format!("numbers-{}-title", signal.measure.slug())) { "The same as numbers" span.hidden { ": " (signal.label) } }
                (tables::of_signal(signal))
            }
        }
    }
}

/// A small chart without letters; what it shows is said beside it.
pub(crate) fn small(signal: &Signal, window: Window, events: &[Event]) -> Markup {
    Control { signal, window, events, size: Size::Small }.draw()
}

/// The icons with their words.
pub(crate) fn verdict(signal: &Signal) -> Markup {
    html! {
        span.verdict-icons {
            span { (icons::variation(signal)) (variation_words(signal)) }
            @if let (Some(icon), Some(said)) = (icons::assurance(signal), assurance_words(signal)) {
                span { (icon) (said) }
            }
        }
    }
}

/// Actions as a list: what patients said, what was done, how it stands and what it came to.
pub(crate) fn action_list(actions: &[ActionLine], name: impl Fn(&Unit) -> Option<String>) -> Markup {
    html! {
        ul.actions {
            @for action in actions {
                li { (action_item(action, name(&action.unit))) }
            }
        }
    }
}

/// One action: what patients said, what is done, how it stands and what it came to.
pub(crate) fn action_item(action: &ActionLine, name: Option<String>) -> Markup {
    html! {
        p { strong { "Action " (action.number) } @if let Some(name) = name { ", " (name) } ": " (standing(action)) }
        p { span.aside { "You said: " } (action.said) }
        p { span.aside { "We did: " } (action.did) }
        @if let Some(effect) = &action.effect { p { span.aside { "Measured: " } (effect.words) "." } }
        @else if action.done.is_some() { p.aside { "It cannot be measured: its measure or unit is gone." } }
    }
}

pub(crate) fn standing(action: &ActionLine) -> String {
    let owner = action.owner.as_ref().map(|owner| format!(" ({owner})")).unwrap_or_default();
    let by = |due: Option<Date>| due.map(|due| format!(", due {}", words::day(due))).unwrap_or_default();
    match action.done {
        Some(done) => format!("done {}", words::day(done)),
        None if action.overdue => format!("overdue{}{owner}", by(action.due)),
        None => format!("open{}{owner}", by(action.due)),
    }
}

/// The address of a measure's own page.
pub(crate) fn address(unit: &Unit, measure: &Measure, period: Option<&str>) -> String {
    let period = period.map(|period| format!("&period={period}")).unwrap_or_default();
    format!("/signal?unit={unit}&measure={measure}{period}")
}
