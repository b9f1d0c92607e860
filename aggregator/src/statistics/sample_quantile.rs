//! Quantiles of a sample.

/// The sample quantile of type 7: between the order statistics of n values at place (n - 1) p, by linear interpolation (R. J.
/// Hyndman and Y. Fan, *Sample Quantiles in Statistical Packages*, The American Statistician 50, 1996; what R, `NumPy` and
/// spreadsheets do unasked). `None` without values. `probability` is between 0 and 1.
pub fn sample_quantile(values: &[f64], probability: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = sorted.len().checked_sub(1)? as f64 * probability;
    let whole = place.floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let below = *sorted.get(whole as usize)?;
    let part = place - whole;
    if part <= 0.0 {
        return Some(below);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let above = *sorted.get(whole as usize + 1)?;
    // As R writes it: with equal neighbours the value itself, without overflow between two large ones.
    Some(if below >= above { below } else { (1.0 - part) * below + part * above })
}

/// The median: the middle value, or the mean of the two in the middle. `None` without values.
pub fn median(values: &[f64]) -> Option<f64> {
    sample_quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_r() {
        // numpy.quantile([1, 3, 4, 10], [0, 0.1, 0.5, 0.9, 1]).
        let values = [10.0, 1.0, 4.0, 3.0];
        for (p, expected) in [(0.0, 1.0), (0.1, 1.6), (0.5, 3.5), (0.9, 8.2), (1.0, 10.0)] {
            let found = sample_quantile(&values, p).unwrap_or(f64::NAN);
            assert!((found - expected).abs() < 1e-12, "{p}: {found}");
        }
        assert_eq!(sample_quantile(&[], 0.5), None);
        assert_eq!(sample_quantile(&[7.0], 0.1), Some(7.0));
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[1.7e308, 1.7e308]), Some(1.7e308));
        assert_eq!(median(&[0.1, 0.1, 0.1, 0.1]), Some(0.1));
        assert_eq!(median(&[2.0, 1.0]), Some(1.5));
    }
}
