//! Whoever asked, as far as records tell: a kiosk's rounds in the period, and one kiosk on one day.
//!
//! What is compared is the scores of people who were read to or helped, with all other scores of the same wards in the period and the
//! twelve weeks before, after the usual difference between modes has been taken out: so neither a good ward nor reading aloud as such
//! makes a round look odd. A ward that changed in the period does; that is for a person to see.

use std::collections::BTreeMap;

use jiff::civil::Date;
use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::id::{KioskId, WardId};

use super::limits::reaches;
use super::{Check, Finding, Kind, Measure, Watched, counted};
use crate::statistics::over_dispersion::Deviation;
use crate::statistics::sum::{mean, sum};

/// So many people a round must have reached, and so many scores there must be to compare it with on its ward.
const FEWEST: usize = 8;
const FEWEST_OF_OTHERS: u64 = 20;
/// So many points it must be away.
const LEAST_POINTS: f64 = 1.0;

/// Sum and number of some scores.
#[derive(Debug, Clone, Copy, Default)]
struct Scores {
    sum: f64,
    n: u64,
}

/// A kiosk, and the day where it is one round.
type Unit<'a> = (&'a KioskId, Option<Date>);

/// Scores of wards once modes have been taken out, and how widely they spread.
struct Levels<'a> {
    wards: BTreeMap<&'a WardId, Scores>,
    by_mode: BTreeMap<Mode, f64>,
    variance: f64,
}

/// A round against what is expected of it.
struct Round<'a> {
    unit: Unit<'a>,
    n: usize,
    observed: f64,
    expected: f64,
    deviation: Deviation,
}

pub(super) fn interviewers(watched: &Watched<'_>) -> (Check, Vec<Finding>) {
    let levels = Levels::of(watched);
    let mut units: BTreeMap<Unit<'_>, BTreeMap<&WardId, Scores>> = BTreeMap::new();
    for one in watched.now.iter().filter(|one| one.is_a_volunteers()) {
        let Some(score) = levels.level(one.mode, one.score()) else { continue };
        for day in [None, Some(one.day)] {
            let wards = units.entry((&one.kiosk, day)).or_default();
            wards.entry(&one.ward).or_default().add(score);
        }
    }
    let all = units.len();
    let rounds: Vec<Round<'_>> = units.iter().filter_map(|(unit, wards)| levels.round(*unit, wards)).collect();
    // Kiosks and rounds are compared each among themselves, and share the error of the check.
    let mut findings: Vec<Finding> = Vec::new();
    for whole in [true, false] {
        let of_kind: Vec<_> = rounds.iter().filter(|round| round.unit.1.is_none() == whole).collect();
        let deviations: Vec<_> = of_kind.iter().map(|round| round.deviation).collect();
        for (round, reach) in of_kind.into_iter().zip(reaches(&deviations, rounds.len())) {
            let reach = reach.max(LEAST_POINTS);
            let unit = format!("kiosk:{}", round.unit.0);
            let is_said = findings.iter().any(|finding| finding.unit == unit && finding.day.is_none());
            // A kiosk whose rounds are odd altogether is said once.
            if round.deviation.distance.abs() > reach && !is_said {
                findings.push(finding(watched, round, reach, unit));
            }
        }
    }
    let rule = format!(
        "The mean score of people who were read to or helped, {FEWEST} or more, for each kiosk in the period and for each kiosk and day, \
         against the other scores of the same wards ({FEWEST_OF_OTHERS} or more, the twelve weeks before included) with the usual \
         difference of modes taken out: beyond the limit, and {LEAST_POINTS:.0} point."
    );
    let (compared, left_out) = (rounds.len() as u64, (all - rounds.len()) as u64);
    (Check { kind: Kind::Interviewers, compared, left_out, rule }, findings)
}

fn finding(watched: &Watched<'_>, round: &Round<'_>, reach: f64, unit: String) -> Finding {
    let (kiosk, day) = round.unit;
    let (when, name) = match day {
        Some(day) => (format!(" on {}", day.strftime("%-d %B %Y")), day.to_string()),
        None => (String::new(), watched.period.to_owned()),
    };
    Finding {
        id: format!("{}:{kiosk}:{name}", Kind::Interviewers),
        kind: Kind::Interviewers,
        unit,
        day,
        n: round.n as u64,
        measure: Measure::Points,
        observed: round.observed,
        expected: round.expected,
        lower: Some(round.expected - reach),
        upper: Some(round.expected + reach),
        sentence: format!(
            "Kiosk {kiosk}{when}: {} who were read to or helped score {:.1} points; {:.1} were expected from everybody else on the same \
             wards.",
            counted(round.n as u64, "person", "people"),
            round.observed,
            round.expected
        ),
        looked_at: None,
    }
}

impl<'a> Levels<'a> {
    fn of(watched: &Watched<'a>) -> Self {
        let everything = || watched.now.iter().chain(&watched.past);
        let mut crude: BTreeMap<&WardId, Scores> = BTreeMap::new();
        for one in everything() {
            if let Some(score) = one.score() {
                crude.entry(&one.ward).or_default().add(score);
            }
        }
        let mut beyond: BTreeMap<Mode, Vec<f64>> = BTreeMap::new();
        for one in everything() {
            let ward = crude.get(&one.ward).and_then(|ward| ward.mean());
            beyond.entry(one.mode).or_default().extend(one.score().zip(ward).map(|(score, ward)| score - ward));
        }
        let by_mode = beyond.iter().filter_map(|(mode, beyond)| Some((*mode, mean(beyond)?))).collect();
        let mut levels = Self { wards: BTreeMap::new(), by_mode, variance: 0.0 };
        let mut scores = Vec::new();
        for one in everything() {
            if let Some(score) = levels.level(one.mode, one.score()) {
                levels.wards.entry(&one.ward).or_default().add(score);
                scores.push((&one.ward, score));
            }
        }
        let squares = scores.iter().filter_map(|(ward, score)| {
            let apart = score - levels.wards.get(ward)?.mean()?;
            Some(apart * apart)
        });
        let freedom = scores.len().saturating_sub(levels.wards.len()).max(1);
        levels.variance = sum(squares) / freedom as f64;
        levels
    }

    /// A score with what its mode usually does taken out.
    fn level(&self, mode: Mode, score: Option<f64>) -> Option<f64> {
        Some(score? - self.by_mode.get(&mode).copied().unwrap_or(0.0))
    }

    /// A round and what the rest of its wards lets one expect; none where either is too little.
    fn round(&self, unit: Unit<'a>, wards: &BTreeMap<&'a WardId, Scores>) -> Option<Round<'a>> {
        let (mut own, mut expected, mut error) = (Scores::default(), 0.0, 0.0);
        for (ward, scores) in wards {
            let rest = self.wards.get(ward).copied().unwrap_or_default().without(*scores);
            if rest.n < FEWEST_OF_OTHERS {
                continue;
            }
            let n = scores.n as f64;
            own = Scores { sum: own.sum + scores.sum, n: own.n + scores.n };
            expected += n * rest.mean()?;
            error += n * n / rest.n as f64;
        }
        let count = usize::try_from(own.n).ok().filter(|count| *count >= FEWEST)?;
        let n = own.n as f64;
        let (observed, expected) = (own.mean()?, expected / n);
        let variance = self.variance * (1.0 / n + error / (n * n));
        let deviation =
            Deviation { distance: observed - expected, standard_error: variance.sqrt().max(f64::MIN_POSITIVE) };
        Some(Round { unit, n: count, observed, expected, deviation })
    }
}

impl Scores {
    fn add(&mut self, score: f64) {
        self.sum += score;
        self.n += 1;
    }

    fn without(self, part: Self) -> Self {
        Self { sum: self.sum - part.sum, n: self.n.saturating_sub(part.n) }
    }

    fn mean(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }
}
