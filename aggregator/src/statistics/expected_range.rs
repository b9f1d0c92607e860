//! The expected range: scores of units on the score's own scale, as the Care Quality Commission's surveys of patients are
//! compared.
//!
//! Picker Institute for the Care Quality Commission, *NHS patient survey programme: scoring and methodology*: a unit is
//! compared with the mean of all by `target +- 1.96` and `3.09` times `sqrt(s² + tau²)`, with
//! [over-dispersion](super::over_dispersion) of winsorised z scores. The multiples are these literals.
//!
//! Edges. One unit alone has nothing between units: no tau², no adjusted z, no range. Without units and without a target there is
//! nothing.

use super::over_dispersion::{Deviation, OverDispersion, over_dispersion};
use super::sum::mean;

/// Two-sided 95 % as the surveys of patients write it.
pub const K_95: f64 = 1.96;

/// Two-sided 99.8 %, likewise.
pub const K_998: f64 = 3.09;

/// A unit's score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The score.
    pub value: f64,
    /// Its standard error, above 0.
    pub standard_error: f64,
}

/// Scores with what is expected of them.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedRange {
    /// What all are compared with: the given value, or the plain mean of the scores.
    pub target: Option<f64>,
    /// The mean square of the winsorised z; `None` without units.
    pub phi: Option<f64>,
    /// The variance between units, in the score's unit squared; `None` for fewer than two units.
    pub tau2: Option<f64>,
    /// Per unit.
    pub units: Vec<Unit>,
}

/// A unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// The z score.
    pub z: f64,
    /// The winsorised z score.
    pub z_winsorised: f64,
    /// The z score with the variance between units.
    pub z_adjusted: Option<f64>,
    /// The expected range at 95 %, lower and upper, not clamped to any scale.
    pub range_95: Option<(f64, f64)>,
    /// The expected range at 99.8 %.
    pub range_998: Option<(f64, f64)>,
}

/// The expected ranges of some scores; z scores are winsorised at `trim` and 1 - `trim`, 0 to 0.5.
pub fn expected_range(scores: &[Score], target: Option<f64>, trim: f64) -> ExpectedRange {
    let values: Vec<f64> = scores.iter().map(|score| score.value).collect();
    let target = target.or_else(|| mean(&values));
    let centre = target.unwrap_or(0.0);
    let deviations: Vec<Deviation> = scores
        .iter()
        .map(|score| Deviation { distance: score.value - centre, standard_error: score.standard_error })
        .collect();
    let OverDispersion { winsorised, phi, tau2 } = over_dispersion(&deviations, trim);
    let units = deviations.iter().zip(winsorised).map(|(deviation, z_winsorised)| {
        let range = |k: f64| {
            let half = k * deviation.error_with(tau2?);
            Some((centre - half, centre + half))
        };
        Unit {
            z: deviation.z(),
            z_winsorised,
            z_adjusted: tau2.map(|tau2| deviation.z_adjusted(tau2)),
            range_95: range(K_95),
            range_998: range(K_998),
        }
    });
    ExpectedRange { target, phi, tau2, units: units.collect() }
}

#[cfg(test)]
mod tests;
