//! The chi-squared distribution with any number of degrees of freedom above 0, whole or not.

use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur, ln_gamma};

/// Above so many degrees of freedom quantiles come from the expansion; its next term is below 1e-15 of them there.
const MANY: f64 = 20_000.0;

/// Which tail a probability is counted from: the smaller one keeps its precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// P(X <= x).
    Lower,
    /// P(X > x).
    Upper,
}

/// P(X > x), for x >= 0; 1 at 0. `None` where it cannot be computed.
pub fn chi_squared_above(x: f64, degrees_of_freedom: f64) -> Option<f64> {
    if x <= 0.0 {
        return Some(1.0);
    }
    checked_gamma_ur(degrees_of_freedom / 2.0, x / 2.0).ok().filter(|tail| tail.is_finite())
}

/// The quantile: x with the given probability in the given tail, for a probability strictly between 0 and 1.
///
/// Up to 20,000 degrees of freedom by bisection of the incomplete gamma function on the scale of logarithms; above, by the
/// Cornish-Fisher expansion of H. Goldberg and H. Levine (*Approximate Formulas for the Percentage Points and Normalization of t
/// and chi-squared*, Annals of Mathematical Statistics 17, 1946). So small a quantile that it underflows is 0.
pub fn chi_squared_quantile(tail: Tail, probability: f64, degrees_of_freedom: f64) -> f64 {
    if degrees_of_freedom > MANY {
        return expansion(tail, probability, degrees_of_freedom);
    }
    let shape = degrees_of_freedom / 2.0;
    let is_below = |x: f64| match tail {
        Tail::Lower => checked_gamma_lr(shape, x).is_ok_and(|reached| reached < probability),
        Tail::Upper => checked_gamma_ur(shape, x).is_ok_and(|left| left > probability),
    };
    // The incomplete gamma function is at most x^a / gamma(a + 1), so its inverse is at least this.
    let lower = match tail {
        Tail::Lower => probability.ln(),
        Tail::Upper => (-probability).ln_1p(),
    };
    let mut low = ((lower + ln_gamma(shape + 1.0)) / shape).exp();
    if low < f64::MIN_POSITIVE {
        return 0.0;
    }
    let mut high = low * 2.0;
    while is_below(high) {
        low = high;
        high *= 2.0;
    }
    while high - low > f64::EPSILON * high {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    2.0 * (low + (high - low) / 2.0)
}

fn expansion(tail: Tail, probability: f64, v: f64) -> f64 {
    let z = super::quantile::normal_lower(probability);
    let z = if tail == Tail::Upper { -z } else { z };
    let q = z * z;
    let root = (2.0 * v).sqrt();
    let corrections = [
        2.0 / 3.0 * (q - 1.0),
        z * (q - 7.0) / (9.0 * root),
        -((6.0 * q + 14.0) * q - 32.0) / (405.0 * v),
        z * ((9.0 * q + 256.0) * q - 433.0) / (4_860.0 * v * root),
    ];
    super::sum::sum([v, z * root].into_iter().chain(corrections))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found:?} is not {expected:?}");
    }

    /// `SciPy` 1.17: `chi2.ppf`, `chi2.isf` and `chi2.sf`.
    #[test]
    fn quantiles_and_tails_match_references() {
        for (probability, freedom, expected) in [
            (0.025, 0.02, 7.045_371_994_627_437e-161),
            (0.025, 1.0, 0.000_982_069_117_175_255_5),
            (0.001, 7.3, 0.671_990_079_090_574_5),
            (0.001, 20_000.0, 19_387.648_771_647_45),
            (0.025, 22_000.0, 21_590.772_058_806_53),
            (0.001, 2_000_000.0, 1_993_825.234_639_630_4),
        ] {
            check(chi_squared_quantile(Tail::Lower, probability, freedom), expected);
        }
        for (probability, freedom, expected) in [
            (0.025, 2.02, 7.419_760_144_613_401),
            (0.001, 9.3, 28.394_549_821_073_57),
            (0.001, 20_000.0, 20_623.750_449_079_074),
            (0.025, 22_000.0, 22_413.016_528_190_117),
            (0.001, 2_000_000.0, 2_006_186.164_739_708_9),
        ] {
            check(chi_squared_quantile(Tail::Upper, probability, freedom), expected);
        }
        for (x, freedom, expected) in [
            (0.5, 1.0, 0.479_500_122_186_953_37),
            (30.0, 9.0, 0.000_438_721_770_979_479_4),
            (100.0, 120.0, 0.907_734_948_041_067),
        ] {
            check(chi_squared_above(x, freedom).unwrap(), expected);
        }
        assert_eq!(chi_squared_above(0.0, 3.0), Some(1.0));
    }

    #[test]
    fn what_underflows_is_nought() {
        assert!(chi_squared_quantile(Tail::Lower, 0.001, 1e-3) <= 0.0);
        check(chi_squared_quantile(Tail::Upper, 0.001, 2.0), -2.0 * 0.001_f64.ln());
    }

    proptest::proptest! {
        #[test]
        fn quantiles_invert_the_distribution(p in 0.0005..0.9995_f64, freedom in 0.1..2_000.0_f64) {
            let x = chi_squared_quantile(Tail::Upper, p, freedom);
            proptest::prop_assert!((chi_squared_above(x, freedom).unwrap() - p).abs() < 1e-11);
            let same = chi_squared_quantile(Tail::Lower, 1.0 - p, freedom);
            proptest::prop_assert!((x - same).abs() < 1e-7 * x, "{x} {same}");
        }
    }
}
