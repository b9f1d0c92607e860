//! Proportions with their intervals.

use super::quantile::{inverse_beta, normal_two_sided};

/// A proportion and its interval, as parts of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportion {
    /// Successes over total.
    pub estimate: f64,
    /// The lower end of the interval; exactly 0 when there are no successes.
    pub lower: f64,
    /// The upper end of the interval; exactly 1 when there is nothing else.
    pub upper: f64,
}

/// Wilson's score interval without continuity correction (E. B. Wilson, *JASA* 22, 1927; vector T-27). `None` when the
/// total is 0 or smaller than the successes.
pub fn wilson(successes: u64, total: u64, level: f64) -> Option<Proportion> {
    let estimate = estimate(successes, total)?;
    let n = total as f64;
    let z = normal_two_sided(level);
    let q = z * z;
    let centre = estimate + q / (2.0 * n);
    let half = z * (estimate * (1.0 - estimate) / n + q / (4.0 * n * n)).sqrt();
    let scale = 1.0 + q / n;
    // At the edges the formula gives 0 and 1 in real numbers; floating point must not miss them.
    let lower = if successes == 0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let upper = if successes == total { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Some(Proportion { estimate, lower, upper })
}

/// The exact interval of Clopper and Pearson (*Biometrika* 26, 1934), from beta quantiles. `None` as for [`wilson`].
pub fn exact(successes: u64, total: u64, level: f64) -> Option<Proportion> {
    let estimate = estimate(successes, total)?;
    let tail = (1.0 - level) / 2.0;
    let (x, n) = (successes as f64, total as f64);
    let lower = if successes == 0 { 0.0 } else { inverse_beta(tail, x, n - x + 1.0) };
    // The mirrored beta keeps the small tail's precision near 1.
    let upper = if successes == total { 1.0 } else { 1.0 - inverse_beta(tail, n - x, x + 1.0) };
    Some(Proportion { estimate, lower, upper })
}

fn estimate(successes: u64, total: u64) -> Option<f64> {
    (total > 0 && successes <= total).then(|| successes as f64 / total as f64)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test that panics is a test that fails")]
    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found:?} is not {expected:?}");
    }

    /// Vector T-27.
    #[test]
    fn t27_wilson() {
        for (successes, total, lower, upper, digit) in
            [(12, 12, 75.75, 100.0, 0.005), (11, 12, 64.6, 98.5, 0.05), (380, 400, 92.4, 96.7, 0.05)]
        {
            let found = wilson(successes, total, 0.95).unwrap();
            check(found.lower * 100.0, lower, digit);
            check(found.upper * 100.0, upper, digit);
        }
    }

    #[test]
    fn edges_are_exact() {
        for total in 1..200 {
            for interval in [wilson, exact] {
                assert_eq!(interval(0, total, 0.95).unwrap().lower, 0.0);
                assert_eq!(interval(total, total, 0.95).unwrap().upper, 1.0);
            }
        }
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(exact(2, 1, 0.95), None);
    }

    /// Closed forms: at x = n the lower bound is (tail)^(1/n); R `binom.test(7, 20)` for a middle one.
    #[test]
    fn exact_matches_closed_forms_and_references() {
        check(exact(12, 12, 0.95).unwrap().lower, 0.025_f64.powf(1.0 / 12.0), 1e-13);
        check(exact(0, 12, 0.95).unwrap().upper, 1.0 - 0.025_f64.powf(1.0 / 12.0), 1e-13);
        let found = exact(7, 20, 0.95).unwrap();
        check(found.lower, 0.153_909_2, 1e-7);
        check(found.upper, 0.592_188_5, 1e-7);
    }

    /// `SciPy` 1.17: `beta.ppf` and `beta.isf`.
    #[test]
    fn exact_holds_for_a_few_of_very_many_and_for_half_of_them() {
        for (successes, total, lower, upper) in [
            (1, 10_000_000, 2.531_780_795_224_03e-9, 5.571_642_116_990_815e-7),
            (3, 500_000_000, 1.237_344_247_500_38e-9, 1.753_454_611_284_892e-8),
            (500_000, 1_000_000, 0.499_019_519_195_311_84, 0.500_980_480_804_688_2),
            (5_000_000_000, 10_000_000_000, 0.499_990_200_130_078_5, 0.500_009_799_869_921_6),
        ] {
            let found = exact(successes, total, 0.95).unwrap();
            check(found.lower / lower, 1.0, 1e-11);
            check(found.upper, upper, 1e-15);
        }
    }

    /// The tail of the binomial by adding up its terms: slow and obvious.
    fn tail_at_least(successes: u64, total: u64, p: f64) -> f64 {
        let mut term = (1.0 - p).powi(i32::try_from(total).unwrap());
        let mut tail = 0.0;
        for k in 0..=total {
            if k >= successes {
                tail += term;
            }
            term *= (total - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        }
        tail
    }

    proptest::proptest! {
        /// At the exact interval's ends the binomial tails are half of what the level leaves.
        #[test]
        fn exact_ends_have_their_tails(total in 2_u64..60, part in 0.0..1.0_f64, level in 0.5..0.999_f64) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a small total")]
            let successes = ((total as f64 * part) as u64).clamp(1, total - 1);
            let found = exact(successes, total, level).unwrap();
            let tail = (1.0 - level) / 2.0;
            proptest::prop_assert!((tail_at_least(successes, total, found.lower) - tail).abs() < 1e-9);
            proptest::prop_assert!((1.0 - tail_at_least(successes + 1, total, found.upper) - tail).abs() < 1e-9);
        }

        /// Wilson's ends are where the score test's statistic is exactly z.
        #[test]
        fn wilson_ends_solve_the_score_equation(total in 1_u64..100_000, part in 0.0..1.0_f64, level in 0.5..0.999_f64) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a small total")]
            let successes = (total as f64 * part) as u64;
            let found = wilson(successes, total, level).unwrap();
            let z = normal_two_sided(level);
            for end in [found.lower, found.upper].into_iter().filter(|end| *end > 0.0 && *end < 1.0) {
                let score = (found.estimate - end).abs() / (end * (1.0 - end) / total as f64).sqrt();
                proptest::prop_assert!((score - z).abs() < 1e-6 * z, "{score} {z}");
            }
        }
    }
}
