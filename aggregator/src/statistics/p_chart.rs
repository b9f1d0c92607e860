//! The P chart: is a proportion doing more from period to period than chance?
//!
//! Centre `p = sum x / sum n`; limits `p +- 3 sqrt(p (1 - p) / n_i)`, clipped to 0 and 1 (D. C. Montgomery, *Introduction to
//! Statistical Quality Control*, section 7.2). Laney's P' chart multiplies the width by the spread that the points really have
//! from one to the next (D. B. Laney, *Improved Control Charts for Attributes*, Quality Engineering 14, 2002):
//!
//! > `z_i = (p_i - p) / sd_i; sigma_z = mean |z_i - z_i-1| / 1.128`
//!
//! not floored at 1, so that under-dispersed series get narrower limits. Both are those of the R package
//! [`qicharts2`](https://github.com/anhoej/qicharts2), which screens moving ranges as [`moving_range`](super::moving_range) does.
//!
//! Edges. A point with a denominator of 0 is missing and is not bridged. With p = 0 or 1 there is no z, hence no P' limits; the
//! plain limits are then both p. One point has plain limits and no P' limits.

use super::moving_range::{NoMovingRange, Screening, Unscreened, moving_range};

/// d2 for moving ranges of two: what makes a mean moving range a standard deviation.
const D2: f64 = 1.128;

/// Which chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// The binomial's.
    Binomial,
    /// Laney's.
    Laney(Screening),
}

/// A period's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How many of them.
    pub numerator: u64,
    /// Of how many, at least as many; 0 is a missing point.
    pub denominator: u64,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct PChart {
    /// The proportion over all points; `None` when all are missing.
    pub centre: Option<f64>,
    /// Laney's factor, or why there is none; 1 for the plain chart.
    pub sigma_z: Result<f64, NoWidth>,
    /// Why screening was asked for and not done.
    pub unscreened: Option<Unscreened>,
    /// Per point; `None` for a missing one.
    pub points: Vec<Option<Point>>,
}

/// A point that is not missing. All figures are parts of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Numerator over denominator.
    pub rate: f64,
    /// The limits; `None` where the chart has no width.
    pub limits: Option<Limits>,
}

/// Limits, clipped to 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Three standard deviations below the centre.
    pub lower: f64,
    /// Three standard deviations above.
    pub upper: f64,
    /// Two standard deviations below.
    pub lower_95: f64,
    /// Two standard deviations above.
    pub upper_95: f64,
}

/// Why Laney's chart has no limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWidth {
    /// The proportion is 0 or 1, and there is no z.
    Certain,
    /// There is no average moving range of z.
    NoMovingRange(NoMovingRange),
}

impl Point {
    /// Whether it is strictly outside the limits of three standard deviations.
    pub fn is_signal(&self) -> bool {
        self.limits.is_some_and(|limits| self.rate > limits.upper || self.rate < limits.lower)
    }
}

/// The chart of a series of periods. A numerator above its denominator is the caller's fault and counts as given.
pub fn p_chart(parts: &[Part], width: Width) -> PChart {
    // Whole sums, so that a period with exactly the overall proportion has exactly the centre's value.
    let total = |get: fn(&Part) -> u64| parts.iter().map(|part| u128::from(get(part))).sum::<u128>();
    let (successes, all) = (total(|part| part.numerator), total(|part| part.denominator));
    if all == 0 {
        let sigma_z = Err(NoWidth::NoMovingRange(NoMovingRange::NoPoints));
        return PChart { centre: None, sigma_z, unscreened: None, points: vec![None; parts.len()] };
    }
    let centre = successes as f64 / all as f64;
    let rate = |part: &Part| (part.denominator > 0).then(|| part.numerator as f64 / part.denominator as f64);
    let deviation = |part: &Part| (centre * (1.0 - centre) / part.denominator as f64).sqrt();
    let (sigma_z, unscreened) = match width {
        Width::Binomial => (Ok(1.0), None),
        Width::Laney(_) if centre <= 0.0 || centre >= 1.0 => (Err(NoWidth::Certain), None),
        Width::Laney(screening) => {
            let z: Vec<_> =
                parts.iter().map(|part| rate(part).map(|rate| (rate - centre) / deviation(part))).collect();
            match moving_range(&z, screening) {
                Ok(range) => (Ok(range.average / D2), range.unscreened),
                Err(reason) => (Err(NoWidth::NoMovingRange(reason)), None),
            }
        }
    };
    let limits = |part: &Part| {
        let half = deviation(part) * sigma_z.ok()?;
        let (lower, upper) = ((centre - 3.0 * half).max(0.0), (centre + 3.0 * half).min(1.0));
        let (lower_95, upper_95) = ((centre - 2.0 * half).max(0.0), (centre + 2.0 * half).min(1.0));
        Some(Limits { lower, upper, lower_95, upper_95 })
    };
    let points = parts.iter().map(|part| rate(part).map(|rate| Point { rate, limits: limits(part) })).collect();
    PChart { centre: Some(centre), sigma_z, unscreened, points }
}

#[cfg(test)]
mod tests;
