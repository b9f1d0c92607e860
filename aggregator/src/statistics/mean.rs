//! The mean of a sample with its t interval.

use super::quantile::student_two_sided;
use super::sum::{mean, sum};

/// A sample's mean, spread and interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanInterval {
    /// How many values there are, at least 1.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation with n - 1; none for one value.
    pub deviation: Option<f64>,
    /// The ends of the t interval on n - 1 degrees of freedom, not clamped to any scale; none for one value.
    pub interval: Option<(f64, f64)>,
}

/// The mean, standard deviation and t interval of finite values; `None` when there are none.
pub fn mean_interval(values: &[f64], level: f64) -> Option<MeanInterval> {
    let n = values.len();
    let mean = mean(values)?;
    let deviation = (n > 1).then(|| (sum(values.iter().map(|y| (y - mean).powi(2))) / (n - 1) as f64).sqrt());
    let interval = deviation.map(|deviation| {
        let half = student_two_sided(level, (n - 1) as u64) * deviation / (n as f64).sqrt();
        (mean - half, mean + half)
    });
    Some(MeanInterval { n: n as u64, mean, deviation, interval })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test that panics is a test that fails")]
    use super::*;

    /// Vector T-01, with R `t.test(c(10, 10, 5, 0, 5))` for the interval.
    #[test]
    fn t01_mean() {
        let found = mean_interval(&[10.0, 10.0, 5.0, 0.0, 5.0], 0.95).unwrap();
        assert_eq!(found.mean, 6.0);
        assert!((found.deviation.unwrap() - 17.5_f64.sqrt()).abs() < 1e-15);
        let half = 2.776_445_105_197_793 * (17.5_f64 / 5.0).sqrt();
        let (lower, upper) = found.interval.unwrap();
        assert!((lower - (6.0 - half)).abs() < 1e-12 && (upper - (6.0 + half)).abs() < 1e-12);
    }

    #[test]
    fn one_value_has_no_interval_and_none_has_no_mean() {
        let one = mean_interval(&[7.0], 0.95).unwrap();
        assert_eq!((one.n, one.mean, one.deviation, one.interval), (1, 7.0, None, None));
        assert_eq!(mean_interval(&[], 0.95), None);
    }

    #[test]
    fn equal_values_have_no_spread() {
        let found = mean_interval(&[8.7; 14], 0.95).unwrap();
        assert_eq!((found.mean, found.deviation, found.interval), (8.7, Some(0.0), Some((8.7, 8.7))));
    }
}
