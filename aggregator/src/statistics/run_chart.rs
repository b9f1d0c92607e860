//! The run chart: is a series random around its median?
//!
//! Anhøj's rules (J. Anhøj and A. V. Olesen, *Run Charts Revisited*, `PLoS ONE` 9(11), 2014): too long a run on one side of the
//! median (M. F. Schilling, *The Surprising Predictability of Long Runs*, Mathematics Magazine 85, 2012) or too few
//! crossings of it (Z. Chen, *A note on the runs test*, Model Assisted Statistics and Applications 5, 2010), as the R package
//! [`qicharts2`](https://github.com/anhoej/qicharts2) has them.
//!
//! Only useful points count, those not on the median. Missing points and points on the median neither end a run nor are in one.

use super::sample_quantile::median;

/// The chance that a random series has fewer crossings than the limit.
const CROSSINGS_PROBABILITY: f64 = 0.05;

/// What a run chart shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunChart {
    /// The median of the points, in the series' unit; `None` when all are missing.
    pub median: Option<f64>,
    /// How many points are not on the median.
    pub useful: u64,
    /// Runs and crossings; `None` without a useful point.
    pub runs: Option<Runs>,
}

/// Runs and crossings of the median, with their limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    /// The number of points in the longest run.
    pub longest_run: u64,
    /// The longest that a random series is expected to have: log2 n, rounded half to even, plus 3.
    pub longest_run_limit: u64,
    /// How often the series crosses the median.
    pub crossings: u64,
    /// The fewest that a random series is expected to have: the 5 % quantile of a binomial of n - 1 fair throws.
    pub crossings_limit: u64,
}

impl RunChart {
    /// Whether the series is not random: a run too long or crossings too few.
    pub fn is_signal(&self) -> bool {
        self.runs
            .is_some_and(|runs| runs.longest_run > runs.longest_run_limit || runs.crossings < runs.crossings_limit)
    }
}

/// The run chart of a series in which `None` is a missing point.
pub fn run_chart(points: &[Option<f64>]) -> RunChart {
    let values: Vec<f64> = points.iter().copied().flatten().collect();
    let Some(median) = median(&values) else { return RunChart { median: None, useful: 0, runs: None } };
    let (mut useful, mut run, mut longest_run, mut crossings) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut side = None;
    let sides = values.iter().filter_map(|value| value.partial_cmp(&median)).filter(|side| side.is_ne());
    for is_above in sides.map(std::cmp::Ordering::is_gt) {
        if side.is_some_and(|side| side != is_above) {
            crossings += 1;
            run = 0;
        }
        side = Some(is_above);
        useful += 1;
        run += 1;
        longest_run = longest_run.max(run);
    }
    let runs = (useful > 0).then(|| Runs {
        longest_run,
        longest_run_limit: longest_run_limit(useful),
        crossings,
        crossings_limit: fair_quantile(useful - 1, CROSSINGS_PROBABILITY),
    });
    RunChart { median: Some(median), useful, runs }
}

fn longest_run_limit(useful: u64) -> u64 {
    let rounded = (useful as f64).log2().round_ties_even();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a logarithm of at most 64")]
    let rounded = rounded as u64;
    rounded + 3
}

/// The smallest k with P(X <= k) >= p, where X counts the heads of some fair throws: terms are taken relative to the middle one,
/// so that none that matters underflows.
fn fair_quantile(throws: u64, probability: f64) -> u64 {
    let middle = throws / 2;
    let mut below = Vec::new();
    let mut term = 1.0;
    for k in (0..middle).rev() {
        term *= (k + 1) as f64 / (throws - k) as f64;
        below.push(term);
    }
    // By symmetry the terms above mirror those below, and with an odd number of throws there are two in the middle.
    let tail: f64 = below.iter().rev().sum();
    let total = 2.0 * tail + if throws.is_multiple_of(2) { 1.0 } else { 2.0 };
    let mut reached = 0.0;
    for (k, term) in (0..).zip(below.iter().rev()) {
        reached += term;
        if reached >= probability * total {
            return k;
        }
    }
    middle
}

#[cfg(test)]
mod tests;
