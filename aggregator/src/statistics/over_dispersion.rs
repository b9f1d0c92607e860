//! More spread between units than chance within them: the additive model.
//!
//! D. J. Spiegelhalter, *Handling over-dispersion of performance indicators*, Quality and Safety in Health Care 14, 2005, as the
//! Care Quality Commission and the R package [`FunnelPlotR`](https://github.com/nhs-r-community/FunnelPlotR) use it: z scores are
//! winsorised, so that the few units in question do not excuse themselves, their mean square phi says how much more they
//! spread than chance would, and tau² is the variance between units that explains it (R. `DerSimonian` and N. Laird,
//! *Meta-analysis in clinical trials*, Controlled Clinical Trials 7, 1986):
//!
//! > `tau2 = max(0, (n phi - (n - 1)) / (sum w - sum w² / sum w)), w = 1 / s²`

use super::sample_quantile::sample_quantile;
use super::sum::{mean, sum};

/// Two-sided 95 % as [`FunnelPlotR`](super::funnel) writes it.
pub(super) const K_95: f64 = 1.959_964;

/// Two-sided 99.8 %, likewise.
pub(super) const K_998: f64 = 3.090_232;

/// A unit's distance from the target and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// Value minus target.
    pub distance: f64,
    /// The standard error of the value, above 0, in the same unit.
    pub standard_error: f64,
}

/// What is found about the units together.
#[derive(Debug, Clone, PartialEq)]
pub struct OverDispersion {
    /// Per unit, its winsorised z.
    pub winsorised: Vec<f64>,
    /// The mean square of the winsorised z; `None` without units.
    pub phi: Option<f64>,
    /// The variance between units, in the value's unit squared; `None` for fewer than two units, which have nothing between them.
    pub tau2: Option<f64>,
}

impl Deviation {
    /// The z score.
    pub fn z(&self) -> f64 {
        self.distance / self.standard_error
    }

    /// The z score with the variance between units added.
    pub fn z_adjusted(&self, tau2: f64) -> f64 {
        self.distance / self.error_with(tau2)
    }

    /// The standard error with the variance between units added.
    pub fn error_with(&self, tau2: f64) -> f64 {
        self.standard_error.hypot(tau2.sqrt())
    }
}

/// Over-dispersion of some units; z scores are drawn in to their quantiles at `trim` and 1 - `trim`, 0 to 0.5. At 0 nothing is
/// drawn in; at 0.5 all are drawn in to the median.
pub fn over_dispersion(units: &[Deviation], trim: f64) -> OverDispersion {
    let z: Vec<f64> = units.iter().map(Deviation::z).collect();
    let ends = sample_quantile(&z, trim).zip(sample_quantile(&z, 1.0 - trim));
    let draw_in = |z: f64| match ends {
        Some((low, _)) if z < low => low,
        Some((_, high)) if z > high => high,
        _ => z,
    };
    let winsorised: Vec<f64> = z.iter().copied().map(draw_in).collect();
    let squares: Vec<f64> = winsorised.iter().map(|z| z * z).collect();
    let phi = mean(&squares);
    let tau2 = phi.filter(|_| units.len() > 1).map(|phi| {
        let n = units.len() as f64;
        if n * phi < n - 1.0 {
            return 0.0;
        }
        let weights: Vec<f64> =
            units.iter().map(|unit| 1.0 / (unit.standard_error * unit.standard_error)).collect();
        (n * phi - (n - 1.0)) / effective_weight(&weights)
    });
    OverDispersion { winsorised, phi, tau2 }
}

/// `sum w - sum w² / sum w`, the denominator of the moment estimate.
pub(super) fn effective_weight(weights: &[f64]) -> f64 {
    let all = sum(weights.iter().copied());
    // As a sum of products, so that nothing cancels where one weight is nearly all of them.
    sum(weights.iter().map(|weight| weight * ((all - weight) / all)))
}

#[cfg(test)]
pub(in crate::statistics) mod tests {
    use super::*;

    /// Vector T-25 about the mean of the scores.
    pub(in crate::statistics) const T25_VALUES: [f64; 10] = [8.1, 8.4, 8.6, 8.7, 8.8, 8.9, 9.0, 9.1, 9.3, 9.7];
    pub(in crate::statistics) const T25_ERRORS: [f64; 10] =
        [0.20, 0.15, 0.25, 0.10, 0.12, 0.10, 0.18, 0.15, 0.12, 0.10];

    fn t25() -> Vec<Deviation> {
        let of = |(value, standard_error): (&f64, &f64)| Deviation {
            distance: value - 8.86,
            standard_error: *standard_error,
        };
        T25_VALUES.iter().zip(&T25_ERRORS).map(of).collect()
    }

    #[test]
    fn t25_over_dispersion() {
        let found = over_dispersion(&t25(), 0.1);
        assert!((found.phi.unwrap_or(f64::NAN) - 5.706_46).abs() < 0.000_005, "{found:?}");
        assert!((found.tau2.unwrap_or(f64::NAN) - 0.091_747_2).abs() < 0.000_000_05, "{found:?}");
    }

    #[test]
    fn few_units_have_less_between_them() {
        assert_eq!(over_dispersion(&[], 0.1), OverDispersion { winsorised: vec![], phi: None, tau2: None });
        let one = over_dispersion(&[Deviation { distance: 2.0, standard_error: 1.0 }], 0.1);
        assert_eq!(one, OverDispersion { winsorised: vec![2.0], phi: Some(4.0), tau2: None });
        let equal = over_dispersion(&[Deviation { distance: 0.0, standard_error: 1.0 }; 2], 0.1);
        assert_eq!(equal, OverDispersion { winsorised: vec![0.0, 0.0], phi: Some(0.0), tau2: Some(0.0) });
    }

    #[test]
    fn trimming_draws_in_nothing_or_all() {
        let units = t25();
        let z: Vec<f64> = units.iter().map(Deviation::z).collect();
        assert_eq!(over_dispersion(&units, 0.0).winsorised, z);
        let all = over_dispersion(&units, 0.5).winsorised;
        assert!(all.windows(2).all(|pair| pair.first() == pair.last()));
    }
}
