//! How many answers does a unit need before its mean says something about the unit?
//!
//! One-way analysis of variance with units of unequal size and the intraclass correlation it gives (P. E. Shrout and J. L. Fleiss,
//! *Intraclass correlations*, Psychological Bulletin 86, 1979, ICC(1); n0 after G. W. Snedecor and W. G. Cochran, *Statistical
//! Methods*, section 13.5; R `irr::icc` and `psych::ICC` for equal sizes), stepped up by C. Spearman and W. Brown (British Journal
//! of Psychology 3, 1910; vector T-23, after M. J. Roberts and others, BMJ 349, 2014):
//!
//! > `n0 = (N - sum n² / N) / (k - 1)`, `icc = (MSB - MSW) / (MSB + (n0 - 1) MSW)`, `r_n = n icc / (1 + (n - 1) icc)`
//!
//! The reliability of the mean of n0 answers is `(MSB - MSW) / MSB`, ICC(1,k). A unit's reliability is r at its own n, and its mean
//! is shrunk by it to the mean of all answers.
//!
//! Edges. A negative or zero correlation is shown as it is, and no reliability is: units cannot be told apart, and each is
//! shrunk to the grand mean. The same where there is no correlation: fewer than two units, no unit with two answers, or no
//! spread at all. With spread between units and none within, F does not exist, the correlation is 1 and so is every reliability.

use super::sum::{mean, sum};
use super::variation::shrink;

/// The scores of some units.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// The mean of all answers; `None` without answers.
    pub grand_mean: Option<f64>,
    /// Mean square between units, in the score's unit squared; `None` for fewer than two units.
    pub ms_between: Option<f64>,
    /// Mean square within units; `None` when no unit has two answers.
    pub ms_within: Option<f64>,
    /// Between over within; `None` when either is missing or nothing is within.
    pub f: Option<f64>,
    /// The typical number of answers of a unit; `None` for fewer than two units.
    pub n0: Option<f64>,
    /// The intraclass correlation: the reliability of one answer. Negative when units differ less than chance.
    pub icc: Option<f64>,
    /// The reliability of the mean of n0 answers; `None` unless the correlation is above 0.
    pub mean_reliability: Option<f64>,
    /// Per unit.
    pub units: Vec<Unit>,
}

/// A unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// How many answers it has, at least 1.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// How far that mean is to be trusted, 0 to 1; `None` unless the correlation is above 0.
    pub reliability: Option<f64>,
    /// The mean, drawn to the grand mean by what is not reliable.
    pub shrunk: f64,
}

/// The reliability of the mean of n answers, each of reliability `single` (Spearman and Brown); n above 0.
pub fn spearman_brown(single: f64, n: f64) -> f64 {
    n * single / (1.0 + (n - 1.0) * single)
}

/// How many answers, not rounded, make a mean of reliability `wanted`, above 0 and below 1; `single` is above 0.
pub fn answers_needed(single: f64, wanted: f64) -> f64 {
    wanted * (1.0 - single) / (single * (1.0 - wanted))
}

/// The standard error of the correlation of `units` with `n0` answers each (R. A. Fisher, *Statistical Methods for Research Workers*, 1925; A.
/// Donner, *A review of inference procedures for the intraclass correlation coefficient in the one-way random effects model*,
/// International Statistical Review 54, 1986); `units` above 1 and `n0` above 1.
///
/// > `√(2 (1 - r)² (1 + (n0 - 1) r)² / (n0 (n0 - 1) (k - 1)))`
pub fn correlation_error(icc: f64, n0: f64, units: u64) -> f64 {
    let spread = (1.0 - icc) * (1.0 + (n0 - 1.0) * icc);
    (2.0 * spread * spread / (n0 * (n0 - 1.0) * (units as f64 - 1.0))).sqrt()
}

/// The reliability of units, each with its answers; units without any are passed over.
pub fn reliability(units: &[Vec<f64>]) -> Reliability {
    let all: Vec<f64> = units.iter().flatten().copied().collect();
    let groups: Vec<(f64, &Vec<f64>)> = units.iter().filter_map(|unit| Some((mean(unit)?, unit))).collect();
    let grand_mean = mean(&all);
    let centre = grand_mean.unwrap_or(0.0);
    let (answers, count) = (all.len() as f64, groups.len() as f64);
    let between = sum(groups.iter().map(|(mean, unit)| unit.len() as f64 * (mean - centre).powi(2)));
    let within = sum(groups.iter().flat_map(|(mean, unit)| unit.iter().map(move |y| (y - mean).powi(2))));
    let ms_between = (groups.len() > 1).then(|| between / (count - 1.0));
    let ms_within = (all.len() > groups.len()).then(|| within / (answers - count));
    let squares = sum(groups.iter().map(|(_, unit)| (unit.len() as f64).powi(2)));
    let n0 = (groups.len() > 1).then(|| (answers - squares / answers) / (count - 1.0));
    let squares = ms_between.zip(ms_within);
    let f = squares.filter(|(_, within)| *within > 0.0).map(|(between, within)| between / within);
    let icc = squares.zip(n0).and_then(|((between, within), n0)| {
        let all = between + (n0 - 1.0) * within;
        (between > 0.0 || within > 0.0).then(|| (between - within) / all)
    });
    let usable = icc.filter(|icc| *icc > 0.0);
    let mean_reliability = usable.and(squares).map(|(between, within)| (between - within) / between);
    let units = groups.iter().map(|(mean, unit)| {
        let reliability = usable.map(|icc| spearman_brown(icc, unit.len() as f64));
        let shrunk = shrink(*mean, centre, reliability.unwrap_or(0.0));
        Unit { n: unit.len() as u64, mean: *mean, reliability, shrunk }
    });
    Reliability { grand_mean, ms_between, ms_within, f, n0, icc, mean_reliability, units: units.collect() }
}

impl Reliability {
    /// The correlation where it can be stepped up, above 0.
    pub fn usable(&self) -> Option<f64> {
        self.icc.filter(|icc| *icc > 0.0)
    }
}

#[cfg(test)]
mod tests;
