//! How people were asked, and what each way of asking gives.
//!
//! Modes move scores, in different directions in different places, so nothing is subtracted for them anywhere. But when the mix moves,
//! or what one mode gives against the others, a score can move with it, and somebody has to know.

use std::collections::BTreeMap;

use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::id::WardId;

use super::limits::reaches;
use super::{Check, Finding, Kind, Measure, Observation, Watched, of_all};
use crate::statistics::over_dispersion::Deviation;
use crate::statistics::sum::mean;

/// So many responses a ward needs in the period, and in the past; the whole trust needs many times that.
const FEWEST_NOW: u64 = 15;
const FEWEST_PAST: u64 = 40;
const FEWEST_OF_TRUST: u64 = 100;
/// So much of the responses must have moved, on a ward and in the whole trust.
const LEAST_SHIFT: f64 = 0.25;
const LEAST_SHIFT_OF_TRUST: f64 = 0.10;
/// So many responses a mode and the others need, in the period and in the past, and so many points they must have moved apart.
const FEWEST_SCORED: usize = 20;
const LEAST_POINTS: f64 = 0.5;

/// Responses by mode, in the order of the modes.
type ByMode = [u64; Mode::ALL.len()];

/// A mode's share of some responses, now and before.
struct Shift {
    mode: Mode,
    count: u64,
    now: u64,
    expected: f64,
    deviation: Deviation,
}

pub(super) fn mix(watched: &Watched<'_>) -> (Check, Vec<Finding>) {
    let (now, past) = (by_ward(&watched.now), by_ward(&watched.past));
    let (mut wards, mut left_out) = (Vec::new(), 0);
    for (ward, counts) in &now {
        let before = past.get(ward).copied().unwrap_or_default();
        if total(*counts) < FEWEST_NOW || total(before) < FEWEST_PAST {
            left_out += u64::from(total(*counts) > 0);
            continue;
        }
        wards.push((*ward, shifts(*counts, before)));
    }
    let (all_now, all_past) = (sum(now.values()), sum(past.values()));
    let has_trust = total(all_now) >= FEWEST_OF_TRUST && total(all_past) >= FEWEST_OF_TRUST;
    let trust = if has_trust { shifts(all_now, all_past) } else { Vec::new() };
    let compared = wards.iter().map(|(_, shifts)| shifts.len()).sum::<usize>() + trust.len();

    let mut findings = Vec::new();
    if let Some((shift, reach)) = farthest(&trust, &reaches_of(&trust, compared), LEAST_SHIFT_OF_TRUST) {
        findings.push(mix_finding(watched, "trust", "In the whole trust", shift, reach));
    }
    // What differs between wards differs mode by mode: wards are compared with each other in each.
    let mut of_wards: Vec<Vec<f64>> = vec![Vec::new(); wards.len()];
    for mode in Mode::ALL {
        let of_mode: Vec<(usize, Deviation)> = wards
            .iter()
            .enumerate()
            .flat_map(|(place, (_, shifts))| shifts.iter().map(move |shift| (place, shift)))
            .filter(|(_, shift)| shift.mode == mode)
            .map(|(place, shift)| (place, shift.deviation))
            .collect();
        let deviations: Vec<_> = of_mode.iter().map(|(_, deviation)| *deviation).collect();
        for ((place, _), reach) in of_mode.iter().zip(reaches(&deviations, compared)) {
            if let Some(reaches) = of_wards.get_mut(*place) {
                reaches.push(reach);
            }
        }
    }
    for ((ward, shifts), reaches) in wards.iter().zip(&of_wards) {
        if let Some((shift, reach)) = farthest(shifts, reaches, LEAST_SHIFT) {
            findings.push(mix_finding(watched, &format!("ward:{ward}"), &format!("On ward {ward}"), shift, reach));
        }
    }
    let rule = format!(
        "The share of each mode among a ward's responses ({FEWEST_NOW} or more, and {FEWEST_PAST} in the twelve weeks before) and among \
         all of the trust's ({FEWEST_OF_TRUST} or more in both), against the twelve weeks before: beyond the limit, and {:.0} points \
         in a hundred on a ward, {:.0} in the trust. One finding for a ward, of the mode that moved most.",
        100.0 * LEAST_SHIFT,
        100.0 * LEAST_SHIFT_OF_TRUST
    );
    (Check { kind: Kind::ModeMix, compared: compared as u64, left_out, rule }, findings)
}

fn mix_finding(watched: &Watched<'_>, unit: &str, place: &str, shift: &Shift, reach: f64) -> Finding {
    Finding {
        id: format!("{}:{}:{}", Kind::ModeMix, unit.replace(':', "-"), watched.period),
        kind: Kind::ModeMix,
        unit: unit.to_owned(),
        day: None,
        n: shift.now,
        measure: Measure::Share,
        observed: shift.count as f64 / shift.now as f64,
        expected: shift.expected,
        lower: Some((shift.expected - reach).max(0.0)),
        upper: Some((shift.expected + reach).min(1.0)),
        sentence: format!(
            "{place} {} responses were given {}; {:.1} were expected from the twelve weeks before.",
            of_all(shift.count, shift.now),
            words(shift.mode),
            shift.expected * shift.now as f64
        ),
        looked_at: None,
    }
}

/// The shift farthest beyond its reach, with that; none when all are within.
fn farthest<'a>(shifts: &'a [Shift], reaches: &[f64], least: f64) -> Option<(&'a Shift, f64)> {
    let beyond = shifts.iter().zip(reaches).map(|(shift, reach)| (shift, reach.max(least)));
    beyond
        .filter(|(shift, reach)| shift.deviation.distance.abs() > *reach)
        .max_by(|a, b| a.0.deviation.distance.abs().total_cmp(&b.0.deviation.distance.abs()))
}

fn reaches_of(shifts: &[Shift], compared: usize) -> Vec<f64> {
    shifts.iter().flat_map(|shift| reaches(&[shift.deviation], compared)).collect()
}

fn shifts(now: ByMode, past: ByMode) -> Vec<Shift> {
    let (n, before) = (total(now), total(past));
    let all = Mode::ALL.into_iter().zip(now).zip(past).map(|((mode, count), earlier)| {
        let expected = earlier as f64 / before as f64;
        let pooled = (count + earlier) as f64 + 0.5;
        let pooled = pooled / ((n + before) as f64 + 1.0);
        let variance = pooled * (1.0 - pooled) * (1.0 / n as f64 + 1.0 / before as f64);
        let deviation =
            Deviation { distance: count as f64 / n as f64 - expected, standard_error: variance.sqrt() };
        Shift { mode, count, now: n, expected, deviation }
    });
    all.collect()
}

fn by_ward<'a>(observations: &[&'a Observation]) -> BTreeMap<&'a WardId, ByMode> {
    let mut wards: BTreeMap<&WardId, ByMode> = BTreeMap::new();
    for one in observations.iter().filter(|one| one.answers.is_some()) {
        let counts = wards.entry(&one.ward).or_default();
        let place = Mode::ALL.iter().position(|mode| *mode == one.mode);
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    wards
}

fn total(counts: ByMode) -> u64 {
    counts.iter().sum()
}

fn sum<'a>(wards: impl Iterator<Item = &'a ByMode>) -> ByMode {
    wards.fold(ByMode::default(), |mut sum, counts| {
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        sum
    })
}

/// How the responses of a mode were given.
pub(super) fn words(mode: Mode) -> &'static str {
    match mode {
        Mode::Alone => "by patients alone",
        Mode::Assisted => "with somebody's help",
        Mode::Interview => "to somebody who read aloud",
        Mode::Proxy => "by a relative",
    }
}

/// What a response's score is beyond its ward's mean, by mode, and that of the others.
struct Apart {
    of_mode: Vec<f64>,
    of_others: Vec<f64>,
}

impl Apart {
    /// How far the mode is from the others.
    fn distance(&self) -> Option<f64> {
        Some(mean(&self.of_mode)? - mean(&self.of_others)?)
    }

    fn is_enough(&self) -> bool {
        self.of_mode.len() >= FEWEST_SCORED && self.of_others.len() >= FEWEST_SCORED
    }

    /// What a variance of one response is worth in the distance.
    fn share_of_variance(&self) -> f64 {
        1.0 / self.of_mode.len() as f64 + 1.0 / self.of_others.len() as f64
    }
}

pub(super) fn results(watched: &Watched<'_>) -> (Check, Vec<Finding>) {
    let (now, past) = (beyond_wards(&watched.now), beyond_wards(&watched.past));
    let squares: Vec<f64> = now.iter().chain(&past).map(|(_, beyond)| beyond * beyond).collect();
    let variance = mean(&squares).unwrap_or(0.0);
    let (mut compared, mut left_out) = (Vec::new(), 0);
    for mode in Mode::ALL {
        let (now, past) = (apart(&now, mode), apart(&past, mode));
        let distances = now.distance().zip(past.distance()).filter(|_| now.is_enough() && past.is_enough());
        let Some((distance, before)) = distances else {
            left_out += u64::from(!now.of_mode.is_empty());
            continue;
        };
        let error = (variance * (now.share_of_variance() + past.share_of_variance())).sqrt();
        let deviation = Deviation { distance: distance - before, standard_error: error.max(f64::MIN_POSITIVE) };
        compared.push((mode, now.of_mode.len(), distance, before, deviation));
    }
    let mut findings = Vec::new();
    for (mode, n, distance, before, deviation) in &compared {
        let reach = reaches(&[*deviation], compared.len()).into_iter().fold(LEAST_POINTS, f64::max);
        if deviation.distance.abs() <= reach {
            continue;
        }
        findings.push(Finding {
            id: format!("{}:{mode}:{}", Kind::ModeResults, watched.period),
            kind: Kind::ModeResults,
            unit: format!("mode:{mode}"),
            day: None,
            n: *n as u64,
            measure: Measure::Points,
            observed: *distance,
            expected: *before,
            lower: Some(before - reach),
            upper: Some(before + reach),
            sentence: format!(
                "Responses that were given {} (n {n}) score {distance:+.1} points against the others on the same wards; in the twelve weeks \
                 before it was {before:+.1}.",
                words(*mode)
            ),
            looked_at: None,
        });
    }
    let rule = format!(
        "The mean score of each mode less that of the others, ward by ward, against the same difference in the twelve weeks before, \
         {FEWEST_SCORED} responses or more in each of the four: beyond the limit, and {LEAST_POINTS} points."
    );
    (Check { kind: Kind::ModeResults, compared: compared.len() as u64, left_out, rule }, findings)
}

/// Every score less the mean of its ward.
fn beyond_wards(observations: &[&Observation]) -> Vec<(Mode, f64)> {
    let mut wards: BTreeMap<&WardId, Vec<f64>> = BTreeMap::new();
    for one in observations {
        wards.entry(&one.ward).or_default().extend(one.score());
    }
    let means: BTreeMap<_, _> = wards.iter().filter_map(|(ward, scores)| Some((*ward, mean(scores)?))).collect();
    let beyond = |one: &&Observation| Some((one.mode, one.score()? - means.get(&one.ward)?));
    observations.iter().filter_map(beyond).collect()
}

fn apart(scores: &[(Mode, f64)], mode: Mode) -> Apart {
    let of = |is: bool| scores.iter().filter(|(one, _)| (*one == mode) == is).map(|(_, beyond)| *beyond).collect();
    Apart { of_mode: of(true), of_others: of(false) }
}
