#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use super::*;
use crate::statistics::over_dispersion::tests::{T25_ERRORS, T25_VALUES};

fn t25() -> Vec<Score> {
    let score = |(value, standard_error): (&f64, &f64)| Score { value: *value, standard_error: *standard_error };
    T25_VALUES.iter().zip(&T25_ERRORS).map(score).collect()
}

/// Vector T-25.
#[test]
fn t25_expected_range() {
    let found = expected_range(&t25(), None, 0.1);
    assert!((found.target.unwrap() - 8.86).abs() < 1e-12);
    assert!((found.phi.unwrap() - 5.706_46).abs() < 0.000_005);
    assert!((found.tau2.unwrap() - 0.091_747_2).abs() < 0.000_000_05);
    let expected = [-2.0938, -1.3609, -0.6620, -0.5016, -0.1842, 0.1254, 0.3973, 0.7100, 1.3505, 2.6334];
    for (unit, expected) in found.units.iter().zip(expected) {
        assert!((unit.z_adjusted.unwrap() - expected).abs() < 0.000_05, "{unit:?}");
    }
    let half = 3.09 * (0.04 + found.tau2.unwrap()).sqrt();
    let (lower, upper) = found.units[0].range_998.unwrap();
    assert!((lower - (8.86 - half)).abs() < 1e-12 && (upper - (8.86 + half)).abs() < 1e-12);
}

#[test]
fn a_target_may_be_given() {
    let found = expected_range(&t25(), Some(9.0), 0.1);
    assert_eq!(found.target, Some(9.0));
    assert!((found.units[0].z + 4.5).abs() < 1e-12);
}

#[test]
fn edges() {
    let none = expected_range(&[], None, 0.1);
    assert_eq!((none.target, none.phi, none.tau2), (None, None, None));
    let one = expected_range(&t25()[..1], Some(9.0), 0.1);
    assert!(one.phi.is_some() && one.tau2.is_none() && one.units[0].range_95.is_none());
    let equal = expected_range(&[Score { value: 8.7, standard_error: 0.1 }; 14], None, 0.1);
    assert_eq!((equal.target, equal.phi, equal.tau2), (Some(8.7), Some(0.0), Some(0.0)));
    assert!(equal.units.iter().all(|unit| unit.z.abs() <= 0.0));
}
