#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test that panics is a test that fails"
)]

use proptest::prelude::*;

use super::*;

fn counts(of: &[(f64, f64)]) -> Vec<Count> {
    of.iter().map(|(numerator, denominator)| Count { numerator: *numerator, denominator: *denominator }).collect()
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// The figures of the formulas in `NumPy` and `SciPy` 1.17 for these counts.
#[test]
fn proportions() {
    let found = funnel(
        &counts(&[(90.0, 100.0), (45.0, 50.0), (180.0, 200.0), (60.0, 100.0), (38.0, 40.0)]),
        Measure::Proportion,
        0.1,
    );
    close(found.target.unwrap(), 413.0 / 490.0);
    close(found.phi.unwrap(), 4.689_644_849_164);
    close(found.tau2.unwrap(), 0.013_536_406_08);
    let unit = found.units[3].unwrap();
    close(unit.z, -5.542_266_608_521);
    close(unit.plain.lower_998, 0.715_933_337_371);
    close(unit.adjusted.unwrap().lower_998, 0.486_462_625_148);
    assert!(found.is_over_dispersed() && !found.is_outlier(&unit));
}

#[test]
fn a_limit_that_cannot_be_reached_is_nought_or_one() {
    let found = funnel(&counts(&[(1.0, 2.0), (99.0, 100.0), (98.0, 100.0)]), Measure::Proportion, 0.0);
    let small = found.units[0].unwrap().plain;
    assert_eq!((small.upper_95, small.upper_998), (1.0, 1.0));
    let found = funnel(&counts(&[(1.0, 2.0), (1.0, 100.0), (2.0, 100.0)]), Measure::Proportion, 0.0);
    assert_eq!(found.units[0].unwrap().plain.lower_998, 0.0);
}

#[test]
fn ratios_have_exact_limits() {
    let found = funnel(&counts(&[(10.0, 10.0), (0.0, 4.5)]), Measure::Ratio, 0.1);
    assert_eq!(found.target, Some(1.0));
    let limits = found.units[0].unwrap().plain;
    // SciPy: chi2.ppf(0.025, 20) / 20 and chi2.isf(0.001, 22) / 20.
    close(limits.lower_95, 0.479_538_869_613);
    close(limits.upper_998, 2.413_397_114_542);
    let none = found.units[1].unwrap();
    assert_eq!((none.value, none.transformed), (0.0, 0.0));
}

#[test]
fn edges() {
    for measure in [Measure::Proportion, Measure::Ratio] {
        let empty = funnel(&counts(&[(0.0, 0.0)]), measure, 0.1);
        assert_eq!((empty.phi, empty.tau2, empty.units), (None, None, vec![None]));
        let one = funnel(&counts(&[(3.0, 10.0), (0.0, 0.0)]), measure, 0.1);
        let unit = one.units[0].unwrap();
        assert_eq!((one.tau2, unit.adjusted, unit.z_adjusted), (None, None, None));
    }
    let far = funnel(&counts(&[(30.0, 10.0)]), Measure::Ratio, 0.1);
    assert!(
        far.is_over_dispersed() && far.is_outlier(&far.units[0].unwrap()),
        "plain limits decide about one unit"
    );
    for x in [0.0, 1.0] {
        let same = funnel(&counts(&[(x * 10.0, 10.0), (x * 20.0, 20.0)]), Measure::Proportion, 0.1);
        assert_eq!((same.target, same.phi, same.tau2), (Some(x), Some(0.0), Some(0.0)));
        assert!(same.units.iter().all(|unit| !same.is_outlier(&unit.unwrap())));
    }
}

proptest! {
    /// Slow and obvious: at the exact limits the tails of the Poisson distribution, added up term by term, are what they should be.
    #[test]
    fn exact_limits_have_their_tails(expected in 1_u32..60) {
        let expected = f64::from(expected);
        let limits = exact_poisson(expected);
        let at_most = |count: f64, mean: f64| {
            let mut term = (-mean).exp();
            let mut total = 0.0;
            let mut k = 0.0;
            while k <= count + 0.5 {
                total += term;
                k += 1.0;
                term *= mean / k;
            }
            total
        };
        // An observed count equal to E has an exact interval that is E times the limits.
        prop_assert!((1.0 - at_most(expected - 1.0, expected * limits.lower_95) - 0.025).abs() < 1e-9);
        prop_assert!((at_most(expected, expected * limits.upper_998) - 0.001).abs() < 1e-9);
    }
}
