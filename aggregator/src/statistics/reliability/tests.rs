#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;

use super::*;

#[track_caller]
fn close(found: f64, expected: f64, digit: f64) {
    assert!((found - expected).abs() <= digit, "{found} is not {expected}");
}

/// The six targets and four judges of Shrout and Fleiss (1979), table 2: BMS 11.24, WMS 6.26, ICC(1,1) 0.17, ICC(1,4) 0.44.
#[test]
fn shrout_and_fleiss() {
    let targets = [
        [9., 2., 5., 8.],
        [6., 1., 3., 2.],
        [8., 4., 6., 8.],
        [7., 1., 2., 6.],
        [10., 5., 6., 9.],
        [6., 2., 4., 7.],
    ];
    let units: Vec<Vec<f64>> = targets.iter().map(|scores| scores.to_vec()).collect();
    let found = reliability(&units);
    close(found.ms_between.unwrap(), 11.24, 0.005);
    close(found.ms_within.unwrap(), 6.26, 0.005);
    close(found.f.unwrap(), 1.79, 0.005);
    close(found.n0.unwrap(), 4.0, 1e-12);
    close(found.icc.unwrap(), 0.17, 0.005);
    close(found.mean_reliability.unwrap(), 0.44, 0.005);
    close(found.units[0].reliability.unwrap(), found.mean_reliability.unwrap(), 1e-12);
}

/// Vector T-23.
#[test]
fn t23_answers_needed() {
    close(answers_needed(0.082, 0.7), 26.1, 0.05);
    close(answers_needed(0.082, 0.8), 44.8, 0.05);
    close(spearman_brown(0.082, 27.0), 0.707, 0.0005);
    close(spearman_brown(0.082, 46.0), 0.804, 0.0005);
}

#[test]
fn a_negative_correlation_shows_no_reliability() {
    let found = reliability(&[vec![0.0, 10.0], vec![10.0, 0.0], vec![1.0, 9.0]]);
    assert!(found.icc.unwrap() < 0.0 && found.usable().is_none() && found.mean_reliability.is_none());
    for unit in &found.units {
        assert_eq!(unit.reliability, None);
        close(unit.shrunk, 5.0, 1e-12);
    }
}

#[test]
fn edges() {
    let none = reliability(&[]);
    assert_eq!(
        (none.grand_mean, none.ms_between, none.ms_within, none.n0, none.icc),
        (None, None, None, None, None)
    );
    let one = reliability(&[vec![1.0, 2.0, 3.0]]);
    assert_eq!((one.ms_between, one.ms_within, one.f, one.n0, one.icc), (None, Some(1.0), None, None, None));
    let single = reliability(&[vec![1.0], vec![3.0]]);
    assert_eq!((single.ms_between, single.ms_within, single.icc), (Some(2.0), None, None));
    close(single.units[0].shrunk, 2.0, 1e-12);
    let equal = reliability(&[vec![8.7; 5], vec![8.7; 9]]);
    assert_eq!((equal.ms_between, equal.ms_within, equal.f, equal.icc), (Some(0.0), Some(0.0), None, None));
    close(equal.units[1].shrunk, 8.7, 0.0);
    let sharp = reliability(&[vec![1.0, 1.0], vec![2.0, 2.0]]);
    assert_eq!((sharp.f, sharp.icc, sharp.mean_reliability), (None, Some(1.0), Some(1.0)));
    close(answers_needed(1.0, 0.7), 0.0, 0.0);
}

proptest! {
    /// A unit's reliability is the share of the variance between units in the variance of its mean.
    #[test]
    fn reliability_is_a_share_of_variance(units in prop::collection::vec(prop::collection::vec(0.0..10.0_f64, 2..8), 2..8)) {
        let found = reliability(&units);
        if found.usable().is_some() {
            let between = (found.ms_between.unwrap() - found.ms_within.unwrap()) / found.n0.unwrap();
            for unit in &found.units {
                let share = between / (between + found.ms_within.unwrap() / unit.n as f64);
                prop_assert!((unit.reliability.unwrap() - share).abs() < 1e-9);
            }
        }
    }
}
