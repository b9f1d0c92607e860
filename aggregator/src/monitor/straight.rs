//! Sheets with the same option all the way down.
//!
//! A pleased patient's sheet is such a sheet too, so one sheet says nothing. What is compared is how many a kiosk has with how many it
//! would have at the rate of the other kiosks, mode by mode, because people who are read to answer more alike.

use std::collections::BTreeMap;

use wardvoice_protocol::contact::Mode;

use super::limits::{at_least, reaches, share};
use super::{Check, Finding, Kind, Line, Measure, Observation, Watched, of_all};
use crate::statistics::over_dispersion::Deviation;

/// So many sheets a kiosk needs before it is compared.
const FEWEST: u64 = 10;
/// So many sheets the other kiosks need in a mode for a rate of its own; without them the rate is that of all modes.
const FEWEST_OF_OTHERS: u64 = 30;
/// So many sheets of one kind must there be, and so much of the kiosk's sheets more than expected.
const FEWEST_FOUND: u64 = 4;
const LEAST_EXCESS: f64 = 0.15;

const LINES: [(Line, &str); 2] = [
    (Line::Best, "the best option in every question"),
    (Line::Other, "one and the same lesser option in every question"),
];

/// How many sheets there are, and how many of them run straight.
#[derive(Debug, Clone, Copy, Default)]
struct Sheets {
    all: u64,
    straight: u64,
}

/// A kiosk's sheets against what is expected of them.
struct Compared {
    kiosk: String,
    sheets: Sheets,
    expected: f64,
    deviation: Deviation,
}

pub(super) fn straight_lines(watched: &Watched<'_>) -> (Check, Vec<Finding>) {
    let mut findings = Vec::new();
    let (mut compared, mut left_out) = (0, 0);
    let lines = LINES.map(|(line, words)| (line, words, units(watched, line)));
    for (_, _, (units, few)) in &lines {
        compared += units.len();
        left_out += few;
    }
    for (line, words, (units, _)) in lines {
        let deviations: Vec<_> = units.iter().map(|unit| unit.deviation).collect();
        for (unit, reach) in units.iter().zip(reaches(&deviations, compared)) {
            let Sheets { all, straight } = unit.sheets;
            let expected = unit.expected / all as f64;
            // The normal limit is too narrow where few are expected; the exact one does not know how kiosks differ.
            let is_far = unit.deviation.distance > reach && at_least(straight, all, expected) < share(compared);
            if !is_far || straight < FEWEST_FOUND || unit.deviation.distance < LEAST_EXCESS {
                continue;
            }
            findings.push(Finding {
                id: format!("{}:{}:{}:{}", Kind::StraightLines, name(line), unit.kiosk, watched.period),
                kind: Kind::StraightLines,
                unit: format!("kiosk:{}", unit.kiosk),
                day: None,
                n: all,
                measure: Measure::Share,
                observed: straight as f64 / all as f64,
                expected,
                lower: None,
                upper: Some((expected + reach.max(LEAST_EXCESS)).min(1.0)),
                sentence: format!(
                    "Kiosk {}: {} sheets have {words}; {:.1} were expected from the other kiosks.",
                    unit.kiosk,
                    of_all(straight, all),
                    unit.expected
                ),
                looked_at: None,
            });
        }
    }
    let rule = format!(
        "Sheets of six scored answers or more with the same option all the way down, for each kiosk with {FEWEST} sheets, against \
         the rate of the other kiosks in the same modes: beyond the limit, {FEWEST_FOUND} sheets or more, and {:.0} points in a \
         hundred more than expected.",
        100.0 * LEAST_EXCESS
    );
    (Check { kind: Kind::StraightLines, compared: compared as u64, left_out, rule }, findings)
}

fn name(line: Line) -> &'static str {
    match line {
        Line::Best => "best",
        Line::Other | Line::Mixed => "other",
    }
}

fn units(watched: &Watched<'_>, line: Line) -> (Vec<Compared>, u64) {
    let everything = tally(watched.now.iter().chain(&watched.past).copied(), line);
    let of_kiosks = watched.by(|one| &one.kiosk);
    let past = watched.past.iter().copied();
    let mut own_past: BTreeMap<_, Vec<&Observation>> = BTreeMap::new();
    past.for_each(|one| own_past.entry(&one.kiosk).or_default().push(one));
    let (mut units, mut left_out) = (Vec::new(), 0);
    for (kiosk, observations) in of_kiosks {
        let own = tally(observations.iter().copied(), line);
        let before = own_past.get(kiosk).map(|past| tally(past.iter().copied(), line)).unwrap_or_default();
        let others = subtract(subtract(everything, own), before);
        let sheets = total(own);
        if sheets.all < FEWEST || total(others).all < FEWEST_OF_OTHERS {
            left_out += u64::from(sheets.all > 0);
            continue;
        }
        let (mut expected, mut variance) = (0.0, 0.0);
        for (own, others_in_mode) in own.iter().zip(others) {
            let rate = rate(if others_in_mode.all < FEWEST_OF_OTHERS { total(others) } else { others_in_mode });
            expected += rate * own.all as f64;
            variance += rate * (1.0 - rate) * own.all as f64;
        }
        let all = sheets.all as f64;
        let deviation = Deviation {
            distance: (sheets.straight as f64 - expected) / all,
            standard_error: variance.sqrt() / all,
        };
        units.push(Compared { kiosk: kiosk.to_string(), sheets, expected, deviation });
    }
    (units, left_out)
}

/// A rate that is never quite 0 or 1, as nobody has seen everything: half a sheet of each kind is added (Jeffreys).
fn rate(sheets: Sheets) -> f64 {
    (sheets.straight as f64 + 0.5) / (sheets.all as f64 + 1.0)
}

/// By mode, in the order of the modes.
type ByMode = [Sheets; Mode::ALL.len()];

fn tally<'a>(observations: impl Iterator<Item = &'a Observation>, line: Line) -> ByMode {
    let mut by_mode = ByMode::default();
    for one in observations {
        let Some(is) = one.answers.and_then(|answers| answers.line) else { continue };
        let place = Mode::ALL.iter().position(|mode| *mode == one.mode);
        if let Some(sheets) = place.and_then(|place| by_mode.get_mut(place)) {
            sheets.all += 1;
            sheets.straight += u64::from(is == line);
        }
    }
    by_mode
}

fn subtract(mut from: ByMode, part: ByMode) -> ByMode {
    for (from, part) in from.iter_mut().zip(part) {
        from.all -= part.all;
        from.straight -= part.straight;
    }
    from
}

fn total(by_mode: ByMode) -> Sheets {
    by_mode.iter().fold(Sheets::default(), |sum, sheets| Sheets {
        all: sum.all + sheets.all,
        straight: sum.straight + sheets.straight,
    })
}
