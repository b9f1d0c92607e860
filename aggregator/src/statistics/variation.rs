//! Do units differ more than chance, by how much, and what does that make of each?
//!
//! Inverse-variance meta-analysis: Cochran's Q and its chance (W. G. Cochran, *The combination of estimates from different
//! experiments*, Biometrics 10, 1954), I² (J. P. T. Higgins and S. G. Thompson, *Quantifying heterogeneity in a
//! meta-analysis*, Statistics in Medicine 21, 2002), the variance between units by the method of moments (R. `DerSimonian` and N.
//! Laird, Controlled Clinical Trials 7, 1986, floored at 0), and shrinkage of each unit to the mean by its reliability (C. N.
//! Morris, *Parametric empirical Bayes inference*, JASA 78, 1983; vector T-24). The R package `metafor` gives the same with
//! `rma(method = "DL")` and `blup`, without the uncertainty of tau².
//!
//! > `reliability = tau² / (tau² + s²)`, `shrunk = reliability y + (1 - reliability) mean`, about the random-effects mean
//!
//! Edges. One unit has its fixed mean and Q = 0, and nothing between units. With Q = 0, and whenever Q is below k - 1, I² and tau² are
//! 0, every reliability is 0 and every unit is shrunk to the mean.

use super::chi_squared::chi_squared_above;
use super::over_dispersion::effective_weight;
use super::sum::{Sum, sum};

/// A unit's score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The score.
    pub value: f64,
    /// Its standard error, above 0, in the same unit.
    pub standard_error: f64,
}

/// A pooled mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// How much units differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    /// Cochran's Q; `None` without units.
    pub q: Option<f64>,
    /// The chance of a Q as large when units do not differ; `None` for fewer than two.
    pub q_p: Option<f64>,
    /// The share of the spread that is between units, 0 to 1; `None` for fewer than two.
    pub i2: Option<f64>,
    /// The mean if units do not differ; `None` without units.
    pub fixed: Option<Pooled>,
    /// What holds if they do; `None` for fewer than two.
    pub random: Option<Random>,
}

/// The random-effects model.
#[derive(Debug, Clone, PartialEq)]
pub struct Random {
    /// The variance between units, in the score's unit squared.
    pub tau2: f64,
    /// The mean over units.
    pub pooled: Pooled,
    /// Per unit.
    pub units: Vec<Shrunk>,
}

/// A unit in the light of the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrunk {
    /// How far its own score is to be trusted, 0 to 1.
    pub reliability: f64,
    /// The score, drawn to the mean of all by what is not reliable.
    pub estimate: f64,
}

/// A unit's reliability: what lies between units over all there is. `tau2 + s²` is above 0.
pub fn reliability(tau2: f64, standard_error: f64) -> f64 {
    tau2 / (tau2 + standard_error * standard_error)
}

/// A value drawn to a mean by what is not reliable.
pub fn shrink(value: f64, mean: f64, reliability: f64) -> f64 {
    reliability * value + (1.0 - reliability) * mean
}

/// How much some units differ.
pub fn variation(scores: &[Score]) -> Variation {
    let Some(fixed) = pooled(scores, 0.0) else {
        return Variation { q: None, q_p: None, i2: None, fixed: None, random: None };
    };
    let weights = weights(scores, 0.0);
    let q = sum(scores.iter().zip(&weights).map(|(score, weight)| weight * (score.value - fixed.mean).powi(2)));
    let freedom = (scores.len() - 1) as f64;
    if scores.len() < 2 {
        return Variation { q: Some(q), q_p: None, i2: None, fixed: Some(fixed), random: None };
    }
    // Written so that what is no number stays none.
    let i2 = if q <= freedom { 0.0 } else { (q - freedom) / q };
    let tau2 = if q <= freedom { 0.0 } else { (q - freedom) / effective_weight(&weights) };
    let random = pooled(scores, tau2).map(|pooled| Random {
        tau2,
        pooled,
        units: scores
            .iter()
            .map(|score| {
                let reliability = reliability(tau2, score.standard_error);
                Shrunk { reliability, estimate: shrink(score.value, pooled.mean, reliability) }
            })
            .collect(),
    });
    let q_p = chi_squared_above(q, freedom).unwrap_or(f64::NAN);
    Variation { q: Some(q), q_p: Some(q_p), i2: Some(i2), fixed: Some(fixed), random }
}

fn weights(scores: &[Score], tau2: f64) -> Vec<f64> {
    scores.iter().map(|score| 1.0 / (tau2 + score.standard_error * score.standard_error)).collect()
}

fn pooled(scores: &[Score], tau2: f64) -> Option<Pooled> {
    let weights = weights(scores, tau2);
    let total = sum(weights.iter().copied());
    let weighted: Sum = scores.iter().zip(&weights).map(|(score, weight)| weight * score.value).collect();
    (!scores.is_empty()).then(|| Pooled { mean: weighted.over(total), standard_error: (1.0 / total).sqrt() })
}

#[cfg(test)]
mod tests;
