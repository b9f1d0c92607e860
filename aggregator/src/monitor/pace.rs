//! When answers were given: more at once than people can give, and in the small hours.
//!
//! Records say the quarter of an hour and no more. Where the evidence about the time could not be believed nothing is said.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use wardvoice_protocol::contact::{Mode, Outcome};

use super::limits::{at_least, share};
use super::{Check, Finding, Kind, Measure, Watched, counted, of_all};

/// A whole questionnaire takes three minutes at the least: a good 300 words at 238 words a minute (M. Brysbaert, *Journal of Memory and
/// Language* 109, 2019), and a touch for each of some twenty screens. So five fit into a quarter of an hour; over a whole hour somebody
/// has to wipe the tablet and hand it on, a minute each, and fifteen do.
const MOST_IN_A_QUARTER: u64 = 5;
const MOST_IN_AN_HOUR: u64 = 15;
/// Nobody goes round before this hour, and patients should be asleep.
const SMALL_HOURS_END: i8 = 6;
/// So many answers with somebody beside the bed are worth a look; one may be a nurse with a patient who could not sleep.
const FEWEST_ACCOMPANIED: u64 = 2;
/// So many of patients alone, and a kiosk must have more of them than at least this share leads one to expect.
const FEWEST_ALONE: u64 = 5;
const USUAL_ALONE: f64 = 0.02;

pub(super) fn bursts(watched: &Watched<'_>) -> (Check, Vec<Finding>) {
    let completed = watched.now.iter().filter(|one| one.outcome == Outcome::Completed);
    let mut by_day: BTreeMap<(&str, Date), BTreeMap<DateTime, u64>> = BTreeMap::new();
    let (mut left_out, mut uncorrected) = (0, BTreeMap::<(&str, Date), bool>::new());
    for one in completed {
        let Some(moment) = one.moment else {
            left_out += 1;
            continue;
        };
        let kiosk = one.kiosk.as_str();
        *by_day.entry((kiosk, moment.quarter.date())).or_default().entry(moment.quarter).or_default() += 1;
        *uncorrected.entry((kiosk, moment.quarter.date())).or_default() |= moment.uncorrected;
    }
    let mut findings = Vec::new();
    for ((kiosk, day), quarters) in &by_day {
        let Some(burst) = worst(quarters) else { continue };
        let (count, most, span, how) = burst;
        let clock = if uncorrected.get(&(*kiosk, *day)).copied().unwrap_or(false) { CLOCK } else { "" };
        findings.push(Finding {
            id: format!("{}:{kiosk}:{day}", Kind::Bursts),
            kind: Kind::Bursts,
            unit: format!("kiosk:{kiosk}"),
            day: Some(*day),
            n: quarters.values().sum(),
            measure: Measure::Responses,
            observed: count as f64,
            expected: most as f64,
            lower: None,
            upper: Some(most as f64),
            sentence: format!(
                "Kiosk {kiosk}: {} of one {} on {}; at the most {most} fit {how}.{clock}",
                counted(count, "whole response", "whole responses"),
                span,
                day.strftime("%-d %B %Y")
            ),
            looked_at: None,
        });
    }
    let rule = format!(
        "Whole responses of one kiosk that were finished in the same quarter of an hour (more than {MOST_IN_A_QUARTER}) or in the same \
         hour (more than {MOST_IN_AN_HOUR}), one finding for a kiosk and a day."
    );
    (Check { kind: Kind::Bursts, compared: by_day.len() as u64, left_out, rule }, findings)
}

const CLOCK: &str = " The tablet's own clock says so, and nothing corrected it.";

/// The quarter or the hour with most responses, if it has more than fit: how many, how many fit, and its name.
fn worst(quarters: &BTreeMap<DateTime, u64>) -> Option<(u64, u64, String, &'static str)> {
    let clock = |quarter: &DateTime| quarter.strftime("%H:%M").to_string();
    let by_quarter = quarters.iter().max_by_key(|(_, count)| **count)?;
    if *by_quarter.1 > MOST_IN_A_QUARTER {
        return Some((
            *by_quarter.1,
            MOST_IN_A_QUARTER,
            format!("quarter of an hour, from {}", clock(by_quarter.0)),
            "if each takes three minutes",
        ));
    }
    let mut by_hour: BTreeMap<i8, u64> = BTreeMap::new();
    for (quarter, count) in quarters {
        *by_hour.entry(quarter.hour()).or_default() += count;
    }
    let (hour, count) = by_hour.into_iter().max_by_key(|(_, count)| *count)?;
    (count > MOST_IN_AN_HOUR)
        .then(|| (count, MOST_IN_AN_HOUR, format!("hour, from {hour:02}:00"), "with a minute between them"))
}

/// The responses of a kiosk with a time that is known: all, in the small hours, and the same of patients alone.
#[derive(Debug, Clone, Copy, Default)]
struct Nights {
    all: u64,
    accompanied: u64,
    alone: u64,
    uncorrected: bool,
}

pub(super) fn small_hours(watched: &Watched<'_>) -> (Check, Vec<Finding>) {
    let (mut by_kiosk, mut left_out) = (BTreeMap::<&str, Nights>::new(), 0);
    for one in watched.now.iter().filter(|one| one.answers.is_some()) {
        let Some(moment) = one.moment else {
            left_out += 1;
            continue;
        };
        let nights = by_kiosk.entry(one.kiosk.as_str()).or_default();
        nights.all += 1;
        if moment.quarter.hour() < SMALL_HOURS_END {
            *(if one.mode == Mode::Alone { &mut nights.alone } else { &mut nights.accompanied }) += 1;
            nights.uncorrected |= moment.uncorrected;
        }
    }
    let everywhere = by_kiosk.values().fold((0, 0), |(all, alone), one| (all + one.all, alone + one.alone));
    let limit = share(by_kiosk.len());
    let mut findings = Vec::new();
    for (kiosk, nights) in &by_kiosk {
        let (others, of_others) = (everywhere.0 - nights.all, everywhere.1 - nights.alone);
        let usual = (of_others as f64 / others.max(1) as f64).max(USUAL_ALONE);
        let many_alone = nights.alone >= FEWEST_ALONE && at_least(nights.alone, nights.all, usual) < limit;
        if nights.accompanied < FEWEST_ACCOMPANIED && !many_alone {
            continue;
        }
        let (count, expected, who) = if many_alone {
            (nights.alone + nights.accompanied, usual * nights.all as f64, "")
        } else {
            (nights.accompanied, 0.0, " with somebody beside the patient")
        };
        let clock = if nights.uncorrected { CLOCK } else { "" };
        findings.push(Finding {
            id: format!("{}:{kiosk}:{}", Kind::SmallHours, watched.period),
            kind: Kind::SmallHours,
            unit: format!("kiosk:{kiosk}"),
            day: None,
            n: nights.all,
            measure: Measure::Responses,
            observed: count as f64,
            expected,
            lower: None,
            upper: Some(if many_alone { expected } else { (FEWEST_ACCOMPANIED - 1) as f64 }),
            sentence: format!(
                "Kiosk {kiosk}: {} responses were given between midnight and {SMALL_HOURS_END} o'clock{who}; {expected:.1} were \
                 expected.{clock}",
                of_all(count, nights.all)
            ),
            looked_at: None,
        });
    }
    let rule = format!(
        "Responses between midnight and {SMALL_HOURS_END} o'clock: {FEWEST_ACCOMPANIED} or more with somebody beside the patient, or \
         {FEWEST_ALONE} or more of patients alone and beyond the limit against the other kiosks."
    );
    (Check { kind: Kind::SmallHours, compared: by_kiosk.len() as u64, left_out, rule }, findings)
}
