//! A signal as a sentence, its icons as words. Plain English, and never a number without its n.

use super::{Finding, Signal, SignalPoint};
use crate::statistics::xmr::{Assurance, Kind, Side, Variation};

/// The finding as a sentence: "Kindness: 7 fortnights above the mean. This is unlikely to be chance. …"
pub fn say(signal: &Signal) -> String {
    let label = &signal.label;
    let last = signal.points.last();
    let said = match signal.finding {
        Finding::NoAnswers => return format!("{label}: no answers yet."),
        Finding::Silent => return silent(signal),
        Finding::TooFew => return too_few(signal),
        Finding::Common => {
            format!("{label}: no signal. The ups and downs of {} are those of chance.", fortnights(known(signal)))
        }
        Finding::Signal => {
            let what = last.map_or_else(String::new, |point| what(signal, point));
            format!("{label}: {what}. This is unlikely to be chance.")
        }
    };
    let n = last.map_or(0, |point| point.figure.n);
    let mut said = match signal.finding {
        Finding::Signal => format!("{said} {}, n {n} in the last.", fortnights(known(signal))),
        _ => format!("{said} n {n} in the last."),
    };
    if signal.groups.last().is_some_and(|group| group.trial) {
        said.push_str(" Limits on trial.");
    }
    said
}

fn what(signal: &Signal, point: &SignalPoint) -> String {
    let value = point.figure.value.map(|value| write(signal, value)).unwrap_or_default();
    let limit = |limit: Option<f64>| limit.map(|limit| write(signal, limit)).unwrap_or_default();
    match point.kind {
        Some(Kind::Outside(Side::High)) => {
            format!("the last fortnight, {value}, is above the upper limit of {}", limit(point.upper_limit))
        }
        Some(Kind::Outside(Side::Low)) => {
            format!("the last fortnight, {value}, is below the lower limit of {}", limit(point.lower_limit))
        }
        Some(Kind::Trend(side)) => {
            let way = if side == Side::High { "upwards" } else { "downwards" };
            format!("{} one after another {way}", fortnights(signal.run_length))
        }
        Some(Kind::TwoOfThree(side)) => {
            let which = if side == Side::High { "upper" } else { "lower" };
            format!("2 of the last 3 fortnights near the {which} limit")
        }
        Some(Kind::Shift(side)) => {
            let which = if side == Side::High { "above" } else { "below" };
            format!("{} {which} the mean", fortnights(signal.run_length))
        }
        Some(Kind::Common) | None => "no signal".to_owned(),
    }
}

fn silent(signal: &Signal) -> String {
    let label = &signal.label;
    match &signal.last_heard {
        Some(period) => format!("{label}: silent. No answers since {period}. That is not the same as no change."),
        None => format!("{label}: silent. No answers in the last fortnight. That is not the same as no change."),
    }
}

fn too_few(signal: &Signal) -> String {
    let label = &signal.label;
    let last = signal.points.last();
    if let Some(last) = last.filter(|last| last.figure.value.is_none()) {
        return format!("{label}: too few answers in the last fortnight to say (n {}).", last.figure.n);
    }
    let group = signal.groups.last();
    let have = group.map_or(0, |group| group.values);
    let since = group.and_then(|group| group.reason.as_ref()).map(|_| " since the re-basing").unwrap_or_default();
    let n = last.map_or(0, |point| point.figure.n);
    let needed = super::FEWEST_TO_SAY;
    format!("{label}: too few to say. {} ended{since}, n {n} in the last; {needed} are needed.", fortnights(have))
}

fn known(signal: &Signal) -> usize {
    signal.groups.last().map_or(0, |group| group.values)
}

fn fortnights(count: usize) -> String {
    if count == 1 { "1 fortnight".to_owned() } else { format!("{count} fortnights") }
}

fn write(signal: &Signal, value: f64) -> String {
    if signal.per_cent { format!("{value:.0}%") } else { format!("{value:.1}") }
}

/// The variation icon in words.
pub fn variation_words(signal: &Signal) -> &'static str {
    match (signal.finding, signal.variation) {
        (Finding::NoAnswers, _) => "No answers",
        (Finding::Silent, _) => "Silent",
        (Finding::TooFew, _) => "Too few to say",
        (_, Some(Variation::Improvement(Side::High))) => "Better: higher",
        (_, Some(Variation::Improvement(Side::Low))) => "Better: lower",
        (_, Some(Variation::Concern(Side::High))) => "Worse: higher",
        (_, Some(Variation::Concern(Side::Low))) => "Worse: lower",
        (_, Some(Variation::Neutral(Side::High))) => "Changed: higher",
        (_, Some(Variation::Neutral(Side::Low))) => "Changed: lower",
        (_, Some(Variation::Common) | None) => "No signal",
    }
}

/// The assurance icon in words; `None` without a target.
pub fn assurance_words(signal: &Signal) -> Option<String> {
    let target = write(signal, signal.target?);
    if !matches!(signal.finding, Finding::Signal | Finding::Common) {
        return Some(format!("Target {target}: too few to say"));
    }
    match signal.assurance {
        Assurance::Pass => Some(format!("Target {target}: will be met")),
        Assurance::Fail => Some(format!("Target {target}: will be missed unless something changes")),
        Assurance::Inconsistent => Some(format!("Target {target}: met or missed by chance")),
        Assurance::NotAsked => None,
    }
}
