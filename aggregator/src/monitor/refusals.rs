//! Who says no: whether on one kiosk more people decline than elsewhere, or fewer.
//!
//! Fewer is worth a look too: whoever writes down only those who answered has no denominator.

use wardvoice_protocol::contact::Outcome;

use super::limits::{at_least, reaches, share};
use super::{Check, Finding, Kind, Measure, Observation, Watched, of_all};
use crate::statistics::over_dispersion::Deviation;

/// So many people must have been asked on a kiosk, and on all others together.
const FEWEST: u64 = 20;
const FEWEST_OF_OTHERS: u64 = 60;
/// So much of those who were asked more, or fewer, than expected.
const LEAST_DIFFERENCE: f64 = 0.15;

/// How many were asked, and how many of them declined.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    all: u64,
    declined: u64,
}

pub(super) fn refusals(watched: &Watched<'_>) -> (Check, Vec<Finding>) {
    let everybody = asked(watched.now.iter().copied());
    let (mut units, mut left_out) = (Vec::new(), 0);
    for (kiosk, observations) in watched.by(|one| &one.kiosk) {
        let own = asked(observations.into_iter());
        let others = Asked { all: everybody.all - own.all, declined: everybody.declined - own.declined };
        if own.all < FEWEST || others.all < FEWEST_OF_OTHERS {
            left_out += u64::from(own.all > 0);
            continue;
        }
        let expected = (others.declined as f64 + 0.5) / (others.all as f64 + 1.0);
        let distance = own.declined as f64 / own.all as f64 - expected;
        let variance = expected * (1.0 - expected) * (1.0 / own.all as f64 + 1.0 / others.all as f64);
        units.push((kiosk, own, expected, Deviation { distance, standard_error: variance.sqrt() }));
    }
    let deviations: Vec<_> = units.iter().map(|(_, _, _, deviation)| *deviation).collect();
    let mut findings = Vec::new();
    for ((kiosk, own, expected, deviation), reach) in units.iter().zip(reaches(&deviations, units.len())) {
        let reach = reach.max(LEAST_DIFFERENCE);
        // The normal limit is too narrow where few are expected.
        let by_chance = if deviation.distance > 0.0 {
            at_least(own.declined, own.all, *expected)
        } else {
            1.0 - at_least(own.declined + 1, own.all, *expected)
        };
        if deviation.distance.abs() <= reach || by_chance > share(units.len()) {
            continue;
        }
        findings.push(Finding {
            id: format!("{}:{kiosk}:{}", Kind::Refusals, watched.period),
            kind: Kind::Refusals,
            unit: format!("kiosk:{kiosk}"),
            day: None,
            n: own.all,
            measure: Measure::Share,
            observed: own.declined as f64 / own.all as f64,
            expected: *expected,
            lower: Some((expected - reach).max(0.0)),
            upper: Some((expected + reach).min(1.0)),
            sentence: format!(
                "Kiosk {kiosk}: {} people who were asked said no; {:.1} were expected from the other kiosks.",
                of_all(own.declined, own.all),
                expected * own.all as f64
            ),
            looked_at: None,
        });
    }
    let rule = format!(
        "People who said no, of those who answered or said no, for each kiosk with {FEWEST} of them, against the other kiosks: \
         beyond the limit, and {:.0} points in a hundred from what is expected.",
        100.0 * LEAST_DIFFERENCE
    );
    (Check { kind: Kind::Refusals, compared: units.len() as u64, left_out, rule }, findings)
}

fn asked<'a>(observations: impl Iterator<Item = &'a Observation>) -> Asked {
    observations.fold(Asked::default(), |sum, one| {
        let declined = one.outcome == Outcome::Declined;
        let counts = declined || one.outcome.has_response();
        Asked { all: sum.all + u64::from(counts), declined: sum.declined + u64::from(declined) }
    })
}
