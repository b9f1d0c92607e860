//! Funnel plots: units of different size beside each other without a league table.
//!
//! D. J. Spiegelhalter, *Funnel plots for comparing institutional performance*, Statistics in Medicine 24, 2005;
//! [over-dispersion](super::over_dispersion) after the same author, as the R package `FunnelPlotR` 0.6 has them.
//!
//! | | transformed | standard error | target | plain limits | adjusted limits |
//! |---|---|---|---|---|---|
//! | proportion x / n | asin sqrt(x/n) | 1 / (2 sqrt n) | sum x / sum n | sin² of the angle of the target +- k s | with s² + tau² for s² |
//! | ratio O / E | sqrt(O/E) | 1 / (2 sqrt E) | 1 | exact Poisson | max(0, 1 +- k sqrt(s² + tau²))² |
//!
//! Angles are clamped to 0..pi/2, so that a limit that cannot be reached is 0 or 1 and does not come down again. The exact Poisson
//! limits are `chi2inv(a; 2E) / 2E` and `chi2inv(1 - a; 2(E + 1)) / 2E` with a = 0.025 and 0.001.
//!
//! Edges. A unit with a denominator of 0 is missing. One unit alone has nothing between units: no tau², no adjusted figures, and its
//! plain limits decide. With fewer than [`FEWEST_TO_ADJUST`] units the adjusted limits can be computed and are not to be drawn.

use super::chi_squared::{Tail, chi_squared_quantile};
use super::over_dispersion::{Deviation, K_95, K_998, OverDispersion, over_dispersion};
use super::sum::sum;

/// With fewer units than this a plot draws no adjusted limits.
pub const FEWEST_TO_ADJUST: usize = 10;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Some of a number of people: the numerator is at most the denominator.
    Proportion,
    /// Observed over expected.
    Ratio,
}

/// A unit as it comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    /// How many, or observed; 0 or more.
    pub numerator: f64,
    /// Of how many, or expected; 0 is a missing unit.
    pub denominator: f64,
}

/// A funnel plot's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// The value all are compared with; `None` when all units of a proportion are missing.
    pub target: Option<f64>,
    /// The mean square of the winsorised z; `None` without units.
    pub phi: Option<f64>,
    /// The variance between units on the transformed scale; `None` for fewer than two units.
    pub tau2: Option<f64>,
    /// Per unit; `None` for a missing one.
    pub units: Vec<Option<Unit>>,
}

/// A unit that is not missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// The proportion or ratio.
    pub value: f64,
    /// The same on the transformed scale.
    pub transformed: f64,
    /// The standard error on the transformed scale.
    pub standard_error: f64,
    /// The z score.
    pub z: f64,
    /// The winsorised z score.
    pub z_winsorised: f64,
    /// The z score with the variance between units.
    pub z_adjusted: Option<f64>,
    /// Limits of chance alone, on the scale of the value.
    pub plain: Limits,
    /// Limits with the variance between units, on the scale of the value.
    pub adjusted: Option<Limits>,
}

/// Limits at 95 % and 99.8 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Lower, 95 %.
    pub lower_95: f64,
    /// Upper, 95 %.
    pub upper_95: f64,
    /// Lower, 99.8 %.
    pub lower_998: f64,
    /// Upper, 99.8 %.
    pub upper_998: f64,
}

/// The figures of some units; z scores are winsorised at `trim` and 1 - `trim`, 0 to 0.5.
pub fn funnel(counts: &[Count], measure: Measure, trim: f64) -> Funnel {
    let present: Vec<Count> = counts.iter().copied().filter(|count| count.denominator > 0.0).collect();
    let target = measure.target(&present);
    let centre = target.map_or(0.0, |target| measure.transform(target));
    let deviations: Vec<Deviation> = present
        .iter()
        .map(|count| Deviation {
            distance: measure.transform(count.numerator / count.denominator) - centre,
            standard_error: 0.5 / count.denominator.sqrt(),
        })
        .collect();
    let OverDispersion { winsorised, phi, tau2 } = over_dispersion(&deviations, trim);
    let mut found = present.iter().zip(&deviations).zip(&winsorised).map(|((count, deviation), z_winsorised)| {
        let value = count.numerator / count.denominator;
        Unit {
            value,
            transformed: measure.transform(value),
            standard_error: deviation.standard_error,
            z: deviation.z(),
            z_winsorised: *z_winsorised,
            z_adjusted: tau2.map(|tau2| deviation.z_adjusted(tau2)),
            plain: match measure {
                Measure::Proportion => measure.limits(centre, deviation.standard_error),
                Measure::Ratio => exact_poisson(count.denominator),
            },
            adjusted: tau2.map(|tau2| measure.limits(centre, deviation.error_with(tau2))),
        }
    });
    let units = counts.iter().map(|count| (count.denominator > 0.0).then(|| found.next()).flatten()).collect();
    Funnel { target, phi, tau2, units }
}

/// The limits of a proportion for a number of people, with a variance between units on the scale of the angle.
pub fn proportion_limits(target: f64, denominator: f64, tau2: f64) -> Limits {
    let deviation = Deviation { distance: 0.0, standard_error: 0.5 / denominator.sqrt() };
    Measure::Proportion.limits(Measure::Proportion.transform(target), deviation.error_with(tau2))
}

impl Funnel {
    /// Whether there is more spread than chance explains.
    pub fn is_over_dispersed(&self) -> bool {
        self.phi.is_some_and(|phi| phi > 1.0)
    }

    /// Whether a unit is strictly outside the limits at 99.8 %: the adjusted ones when phi is above 1, as far as there are any.
    pub fn is_outlier(&self, unit: &Unit) -> bool {
        let limits = unit.adjusted.filter(|_| self.is_over_dispersed()).unwrap_or(unit.plain);
        unit.value > limits.upper_998 || unit.value < limits.lower_998
    }
}

impl Measure {
    fn target(self, present: &[Count]) -> Option<f64> {
        match self {
            Self::Ratio => Some(1.0),
            Self::Proportion if present.is_empty() => None,
            Self::Proportion => {
                let total = |get: fn(&Count) -> f64| sum(present.iter().map(get));
                Some(total(|count| count.numerator) / total(|count| count.denominator))
            }
        }
    }

    fn transform(self, value: f64) -> f64 {
        match self {
            Self::Proportion => value.sqrt().asin(),
            Self::Ratio => value.sqrt(),
        }
    }

    fn back(self, transformed: f64) -> f64 {
        let root = match self {
            Self::Proportion => transformed.clamp(0.0, std::f64::consts::FRAC_PI_2).sin(),
            Self::Ratio => transformed.clamp(0.0, f64::INFINITY),
        };
        root * root
    }

    fn limits(self, centre: f64, error: f64) -> Limits {
        Limits {
            lower_95: self.back(centre - K_95 * error),
            upper_95: self.back(centre + K_95 * error),
            lower_998: self.back(centre - K_998 * error),
            upper_998: self.back(centre + K_998 * error),
        }
    }
}

fn exact_poisson(expected: f64) -> Limits {
    let lower = |tail: f64| chi_squared_quantile(Tail::Lower, tail, 2.0 * expected) / (2.0 * expected);
    let upper = |tail: f64| chi_squared_quantile(Tail::Upper, tail, 2.0 * (expected + 1.0)) / (2.0 * expected);
    Limits { lower_95: lower(0.025), upper_95: upper(0.025), lower_998: lower(0.001), upper_998: upper(0.001) }
}

#[cfg(test)]
mod tests;
