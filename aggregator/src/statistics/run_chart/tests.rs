#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that panics is a test that fails"
)]

use proptest::prelude::*;

use super::*;

fn all(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

#[track_caller]
fn check(points: &[Option<f64>], useful: u64, runs: Option<[u64; 4]>, is_signal: bool) {
    let found = run_chart(points);
    assert_eq!((found.useful, found.is_signal()), (useful, is_signal), "{found:?}");
    let of = |runs: Runs| [runs.longest_run, runs.longest_run_limit, runs.crossings, runs.crossings_limit];
    assert_eq!(found.runs.map(of), runs);
}

/// Counted by hand; limits by `SciPy`.
#[test]
fn runs_and_crossings() {
    check(&all(&[1.0, 2.0, 3.0, 4.0]), 4, Some([2, 5, 1, 0]), false);
    let step: Vec<f64> = (0..20).map(|i| if i < 10 { 1.0 } else { 2.0 }).collect();
    check(&all(&step), 20, Some([10, 7, 1, 6]), true);
    let zigzag: Vec<f64> = (0..20).map(|i| f64::from(i % 2)).collect();
    check(&all(&zigzag), 20, Some([1, 7, 19, 6]), false);
}

#[test]
fn points_on_the_median_and_missing_ones_are_passed_over() {
    check(&[Some(1.0), None, Some(1.0), Some(2.0), Some(3.0), None, Some(3.0)], 4, Some([2, 5, 1, 0]), false);
}

#[test]
fn without_a_useful_point_there_is_no_signal() {
    check(&[], 0, None, false);
    check(&[None, None], 0, None, false);
    check(&[Some(7.0)], 0, None, false);
    check(&all(&[8.7; 20]), 0, None, false);
    assert_eq!(run_chart(&all(&[8.7; 20])).median, Some(8.7));
    assert_eq!(run_chart(&[None]).median, None);
    // One useful point: three points of which the median is two.
    check(&all(&[1.0, 1.0, 9.0]), 1, Some([1, 3, 0, 0]), false);
}

/// `SciPy` 1.17: `binom.ppf(0.05, n, 0.5)`.
#[test]
fn quantiles_of_fair_throws() {
    for (throws, expected) in [(0, 0), (1, 0), (9, 2), (10, 2), (19, 6), (23, 8), (99, 41), (9_999, 4_917)] {
        assert_eq!(fair_quantile(throws, 0.05), expected, "{throws}");
    }
}

#[test]
fn limits_of_long_runs() {
    for (useful, expected) in [(1, 3), (10, 6), (11, 6), (12, 7), (24, 8), (100, 10)] {
        assert_eq!(longest_run_limit(useful), expected, "{useful}");
    }
}

proptest! {
    /// Slow and obvious: the quantile from whole binomial coefficients.
    #[test]
    fn quantiles_agree_with_whole_numbers(throws in 0_u64..110, probability in 0.001..0.5_f64) {
        let mut row = vec![1_u128];
        for _ in 0..throws {
            let mut next = vec![1_u128];
            next.extend(row.windows(2).map(|pair| pair.iter().sum::<u128>()));
            next.push(1);
            row = next;
        }
        let total = 2.0_f64.powi(i32::try_from(throws).unwrap());
        let mut reached = 0_u128;
        let expected = row.iter().position(|ways| { reached += ways; reached as f64 >= probability * total }).unwrap();
        prop_assert_eq!(fair_quantile(throws, probability), expected as u64);
    }

    /// Slow and obvious: signs written out and split.
    #[test]
    fn runs_agree_with_signs_written_out(points in prop::collection::vec(prop::option::of(0_u8..5), 0..40)) {
        let points: Vec<Option<f64>> = points.into_iter().map(|point| point.map(f64::from)).collect();
        let found = run_chart(&points);
        if let Some(median) = found.median {
            let signs: String = points.iter().flatten().filter_map(|y| if *y > median { Some('+') } else if *y < median { Some('-') } else { None }).collect();
            let longest = signs.split("+-").flat_map(|part| part.split("-+")).count();
            prop_assert_eq!(found.useful, signs.len() as u64);
            if let Some(runs) = found.runs {
                let crossings = signs.as_bytes().windows(2).filter(|pair| pair.first() != pair.last()).count();
                prop_assert_eq!(runs.crossings, crossings as u64);
                let is_there = |n: usize| signs.contains(&"+".repeat(n)) || signs.contains(&"-".repeat(n));
                prop_assert!(is_there(runs.longest_run as usize) && !is_there(runs.longest_run as usize + 1));
            }
            prop_assert!(longest > 0);
        }
    }
}
