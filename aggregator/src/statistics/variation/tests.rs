#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use super::*;
use crate::statistics::over_dispersion::tests::{T25_ERRORS, T25_VALUES};

fn scores(values: &[f64], errors: &[f64]) -> Vec<Score> {
    values.iter().zip(errors).map(|(value, error)| Score { value: *value, standard_error: *error }).collect()
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} is not {expected}");
}

/// `statsmodels` 0.14 `combine_effects(method_re="dl")` of the scores of vector T-25, and `SciPy` for the chance of Q.
#[test]
fn scores_of_t25() {
    let found = variation(&scores(&T25_VALUES, &T25_ERRORS));
    close(found.q.unwrap(), 106.947_006_558_554_5);
    close(found.q_p.unwrap() * 1e18, 0.614_339_747_792_920_8);
    close(found.i2.unwrap(), 0.915_846_171_953_654_9);
    close(found.fixed.unwrap().mean, 8.976_356_261_967_016);
    close(found.fixed.unwrap().standard_error, 0.040_837_014_747_484_135);
    let random = found.random.unwrap();
    close(random.tau2, 0.186_964_118_651_258);
    close(random.pooled.mean, 8.875_513_210_235_013);
    close(random.pooled.standard_error, 0.144_813_765_700_278);
}

/// Vector T-24: sigma² of one answer 3.672, tau² 0.328.
#[test]
fn t24_shrinkage() {
    for (n, expected) in [(3.0, 8.577), (8.0, 8.166), (12.0, 7.965), (34.0, 7.495), (52.0, 7.354)] {
        let reliability = reliability(0.328, (3.672_f64 / n).sqrt());
        assert!((shrink(7.0, 9.0, reliability) - expected).abs() < 0.0005, "{n}");
    }
}

#[test]
fn edges() {
    let none = variation(&[]);
    assert_eq!((none.q, none.q_p, none.i2, none.fixed, none.random), (None, None, None, None, None));
    let one = variation(&scores(&[7.0], &[0.5]));
    assert_eq!((one.q, one.q_p, one.i2, one.random), (Some(0.0), None, None, None));
    assert_eq!(one.fixed, Some(Pooled { mean: 7.0, standard_error: 0.5 }));
    let equal = variation(&scores(&[8.7; 4], &[0.1, 0.2, 0.3, 0.4]));
    assert_eq!((equal.i2, equal.q_p), (Some(0.0), Some(1.0)));
    let random = equal.random.unwrap();
    assert!(random.tau2 <= 0.0 && random.units.iter().all(|unit| unit.reliability <= 0.0));
    close(random.units[0].estimate, 8.7);
    let alike = variation(&scores(&[8.0, 8.1], &[1.0, 1.0]));
    assert_eq!((alike.i2, alike.random.map(|random| random.tau2)), (Some(0.0), Some(0.0)));
}
