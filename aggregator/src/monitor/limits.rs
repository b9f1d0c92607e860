//! What is far: limits that know how much is compared.

use statrs::function::beta::beta_reg;

use crate::statistics::funnel::FEWEST_TO_ADJUST;
use crate::statistics::over_dispersion::{Deviation, over_dispersion};
use crate::statistics::quantile::normal_two_sided;

/// The chance of a false finding in a whole check.
const ERROR_OF_A_CHECK: f64 = 0.05;
/// The widest limit there is: what lies outside 99.8 %.
const WIDEST: f64 = 0.002;
/// The usual winsorising of a funnel plot.
const TRIM: f64 = 0.1;

/// The chance, two-sided, that one of so many comparisons may be far by.
pub(super) fn share(compared: usize) -> f64 {
    (ERROR_OF_A_CHECK / compared.max(1) as f64).min(WIDEST)
}

/// For each unit how far it may be from what is expected, in the units of its distance. With ten units or more the spread between
/// them counts, with fewer that of chance alone.
pub(super) fn reaches(units: &[Deviation], compared: usize) -> Vec<f64> {
    let tau2 = if units.len() >= FEWEST_TO_ADJUST {
        let found = over_dispersion(units, TRIM);
        // Less spread than chance explains says nothing about the next unit.
        found.tau2.filter(|_| found.phi.is_some_and(|phi| phi > 1.0)).unwrap_or(0.0)
    } else {
        0.0
    };
    let z = normal_two_sided(1.0 - share(compared));
    units.iter().map(|unit| z * unit.error_with(tau2)).collect()
}

/// The chance of so many or more out of n, each with the same probability: the upper tail of the binomial, by the incomplete beta
/// function (NIST Digital Library of Mathematical Functions 8.17.5).
pub(super) fn at_least(count: u64, n: u64, probability: f64) -> f64 {
    if count == 0 || probability >= 1.0 {
        return 1.0;
    }
    if count > n || probability <= 0.0 {
        return 0.0;
    }
    beta_reg(count as f64, (n - count + 1) as f64, probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_compared_the_farther_is_far() {
        for (compared, expected) in [(0, 0.002), (1, 0.002), (25, 0.002), (100, 0.0005), (1_000, 0.000_05)] {
            assert!((share(compared) - expected).abs() < 1e-12, "{compared}");
        }
        let alone = [Deviation { distance: 1.0, standard_error: 0.5 }];
        let reach = reaches(&alone, 1);
        assert!(reach.iter().all(|reach| (reach - 3.090_232 * 0.5).abs() < 1e-6), "{reach:?}");
    }

    #[test]
    fn wards_that_differ_anyway_must_differ_more() {
        let near = |distance: f64| Deviation { distance, standard_error: 1.0 };
        let quiet: Vec<_> = (0..20).map(|place| near(f64::from(place % 3) - 1.0)).collect();
        let uneven: Vec<_> = (0..20).map(|place| near(f64::from(place % 5 - 2) * 3.0)).collect();
        let widest = |units: &[Deviation]| reaches(units, 20).into_iter().fold(0.0, f64::max);
        assert!(widest(&uneven) > 2.0 * widest(&quiet));
        assert!(
            (widest(uneven.get(..9).unwrap_or_default()) - widest(&quiet)).abs() < 1e-9,
            "nine are too few to say"
        );
    }

    /// The tail by adding up its terms.
    #[test]
    fn the_tail_is_the_sum_of_its_terms() {
        let choose = |n: u64, k: u64| (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64);
        for (count, n, p) in [(0, 5, 0.2), (3, 5, 0.2), (5, 5, 0.2), (8, 30, 0.1), (1, 30, 0.01)] {
            let power = |base: f64, times: u64| base.powi(i32::try_from(times).unwrap_or(0));
            let terms = (count..=n).map(|k| choose(n, k) * power(p, k) * power(1.0 - p, n - k));
            let sum: f64 = terms.sum();
            assert!((at_least(count, n, p) - sum).abs() < 1e-12, "{count} of {n}");
        }
        assert!(at_least(6, 5, 0.5) < 1e-300 && at_least(2, 5, 0.0) < 1e-300 && at_least(2, 5, 1.0) > 0.999);
    }
}
