#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;

use super::*;

fn settings() -> Settings {
    Settings {
        improvement: Improvement::Increase,
        target: None,
        rebase_at: Vec::new(),
        fix_after: None,
        screening: Screening::Off,
        two_of_three: TwoOfThree::Classic,
    }
}

fn all(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

fn chart(values: &[f64], settings: &Settings) -> Chart {
    xmr(&all(values), settings).unwrap()
}

#[track_caller]
fn limits(chart: &Chart, group: usize) -> (f64, f64) {
    let limits = chart.groups[group].limits.unwrap();
    (limits.lower, limits.upper)
}

#[track_caller]
fn close(found: (f64, f64), expected: (f64, f64), digit: f64) {
    assert!((found.0 - expected.0).abs() <= digit && (found.1 - expected.1).abs() <= digit, "{found:?}");
}

fn trends(chart: &Chart) -> Vec<usize> {
    flagged(chart, |signals| signals.trend.is_some())
}

fn flagged(chart: &Chart, is_flagged: impl Fn(&Signals) -> bool) -> Vec<usize> {
    let points = chart.points.iter().enumerate();
    points.filter(|(_, point)| point.as_ref().is_some_and(&is_flagged)).map(|(place, _)| place).collect()
}

const JUMP: [f64; 18] = [1., 2., 1., 2., 10., 1., 2., 1., 2., 1., 2., 1., 2., 1., 2., 1., 2., 1.];

/// Vectors T-07 and T-08.
#[test]
fn t07_t08_screening() {
    let screened = chart(&JUMP, &Settings { screening: Screening::On, ..settings() });
    close(limits(&screened, 0), (-0.72, 4.60), 0.005);
    assert!((screened.groups[0].mean.unwrap() - 1.94).abs() < 0.005);
    close(limits(&chart(&JUMP, &settings()), 0), (-3.06, 6.95), 0.005);
    assert_eq!(flagged(&screened, |signals| signals.outside.is_some()), [4]);
}

/// Vector T-10: six moves one way make a trend of seven; a tie ends it.
#[test]
fn t10_trend() {
    assert_eq!(trends(&chart(&[1., 2., 3., 4., 5., 6., 7.], &settings())), [0, 1, 2, 3, 4, 5, 6]);
    assert!(trends(&chart(&[1., 2., 3., 3., 4., 5., 6.], &settings())).is_empty());
    assert!(trends(&chart(&[1., 2., 3., 4., 5., 6.], &settings())).is_empty());
}

/// Vector T-12: near points on both sides of the mean are not two of three.
#[test]
fn t12_two_of_three_are_on_one_side() {
    let values = [5., 6., 5., 6., 5., 6., 5., 8.5, 2.5, 5., 6., 5., 6., 5., 6.];
    for two_of_three in [TwoOfThree::Classic, TwoOfThree::Since2023] {
        let found = chart(&values, &Settings { two_of_three, ..settings() });
        let limits = found.groups[0].limits.unwrap();
        assert!(values[7] > limits.near_upper && values[7] < limits.upper, "{limits:?}");
        assert!(values[8] < limits.near_lower && values[8] > limits.lower, "{limits:?}");
        assert!(flagged(&found, |signals| signals.two_of_three.is_some()).is_empty());
    }
}

/// Vector T-13: limits (1, 3), (5, 7) and (1, 5) about means of 2, 6 and 3.
#[test]
fn t13_assurance() {
    let with_limits = |lower: f64, upper: f64| {
        let (mean, half) = (f64::midpoint(lower, upper), (upper - lower) / 5.32 / 2.0);
        [mean - half, mean + half, mean - half, mean + half]
    };
    for (lower, upper, up, down) in [
        (1.0, 3.0, Assurance::Fail, Assurance::Pass),
        (5.0, 7.0, Assurance::Pass, Assurance::Fail),
        (1.0, 5.0, Assurance::Inconsistent, Assurance::Inconsistent),
    ] {
        for (improvement, expected) in [
            (Improvement::Increase, up),
            (Improvement::Decrease, down),
            (Improvement::Neutral, Assurance::NotAsked),
        ] {
            let found =
                chart(&with_limits(lower, upper), &Settings { improvement, target: Some(4.0), ..settings() });
            close(limits(&found, 0), (lower, upper), 1e-12);
            assert_eq!(found.assurance, expected);
        }
    }
    let untargeted = chart(&with_limits(1.0, 3.0), &settings());
    assert_eq!(untargeted.assurance, Assurance::NotAsked);
}

/// A target on a limit is neither beyond it nor short of it.
#[test]
fn a_target_on_a_limit_is_inconsistent() {
    let plain = chart(&[1., 2., 1., 2.], &settings());
    let (lower, upper) = limits(&plain, 0);
    for target in [lower, upper] {
        let found = chart(&[1., 2., 1., 2.], &Settings { target: Some(target), ..settings() });
        assert_eq!(found.assurance, Assurance::Inconsistent);
    }
    let alone = chart(&[1.], &Settings { target: Some(9.0), ..settings() });
    assert_eq!(alone.assurance, Assurance::Inconsistent, "without limits nobody can say");
}

#[test]
fn a_shift_is_seven_on_one_side() {
    let found = chart(&[1., 1.1, 1., 1.1, 1., 1.1, 1., 2., 2.1, 2., 2.1, 2., 2.1, 2.], &settings());
    assert_eq!(flagged(&found, |signals| signals.shift == Some(Side::Low)), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(flagged(&found, |signals| signals.shift == Some(Side::High)), [7, 8, 9, 10, 11, 12, 13]);
    // The mean is 2, and the fourth point lies on it.
    let on_mean = chart(&[1., 1., 1., 2., 1., 1., 1., 3., 3., 3., 3., 3., 3., 2.], &settings());
    assert!(flagged(&on_mean, |signals| signals.shift.is_some()).is_empty());
}

#[test]
fn only_near_points_of_two_of_three_are_flagged() {
    // The mean is 5 and limits are at 5 +- 2.66 x 0.9375; near begins at 5 +- 1.6625.
    let values = [4., 5., 4., 5., 4., 5., 4., 5., 4., 6.9, 6.2, 6.9, 5., 4., 5., 4., 5.];
    let found = chart(&values, &settings());
    assert_eq!(flagged(&found, |signals| signals.two_of_three == Some(Side::High)), [9, 11]);
}

/// A point outside counts as near since 2023 and did not before.
#[test]
fn points_outside_count_in_the_newer_rule() {
    let mut values = vec![5., 5.2, 5., 4.8, 5., 5.2, 5., 4.8, 5., 5.2, 5., 4.8, 5., 5.2, 5., 4.8];
    values.extend([5.9, 6.8, 5.4]);
    for (two_of_three, expected) in [(TwoOfThree::Classic, vec![]), (TwoOfThree::Since2023, vec![16, 17])] {
        let found = chart(&values, &Settings { two_of_three, ..settings() });
        let near = found.groups[0].limits.unwrap();
        assert!(values[16] > near.near_upper && values[16] <= near.upper && values[17] > near.upper, "{near:?}");
        assert_eq!(flagged(&found, |signals| signals.two_of_three.is_some()), expected);
        assert_eq!(found.points[17].unwrap().kind(), Kind::Outside(Side::High));
    }
}

/// The top of a rise and a fall belongs to the fall, as in the R package; the last point looks back.
#[test]
fn a_trend_looks_to_the_next_point() {
    let found = chart(&[1., 2., 3., 4., 5., 6., 7., 6., 5., 4., 3., 2., 1.], &settings());
    let sides: Vec<_> = found.points.iter().map(|point| point.unwrap().trend.unwrap()).collect();
    assert_eq!(sides[5], Side::High);
    assert!(sides[6..].iter().all(|side| *side == Side::Low));
    let stairs = chart(&[1., 2., 3., 4., 5., 6., 7., 7., 8., 9., 10., 11., 12., 13.], &settings());
    assert!(stairs.points.iter().all(|point| point.unwrap().trend == Some(Side::High)));
}

#[test]
fn groups_start_afresh() {
    let values = [1., 2., 1., 2., 1., 2., 11., 12., 11., 12., 11., 12., 11.];
    let found = chart(&values, &Settings { rebase_at: vec![6, 0, 6], ..settings() });
    let sizes: Vec<_> = found.groups.iter().map(|group| (group.first, group.length, group.is_trial())).collect();
    assert_eq!(sizes, [(0, 6, true), (6, 7, true)]);
    close(limits(&found, 0), (1.5 - 2.66, 1.5 + 2.66), 1e-12);
    assert_eq!(flagged(&found, |signals| signals.kind() != Kind::Common), Vec::<usize>::new());
    let error = xmr(&all(&values), &Settings { rebase_at: vec![3, 13], ..settings() }).unwrap_err();
    assert_eq!(error, XmrError::RebaseOutOfRange { place: 1, index: 13, points: 13 });
    assert!(!chart(&values, &settings()).groups[0].is_trial());
}

#[test]
fn limits_may_be_fixed() {
    let mut values = vec![1., 2., 1., 2., 1., 2., 1., 2., 1., 2., 1., 2.];
    values.extend([50.; 10]);
    let found = chart(&values, &Settings { fix_after: Some(12), ..settings() });
    close(limits(&found, 0), (1.5 - 2.66, 1.5 + 2.66), 1e-12);
    let error = xmr(&all(&values), &Settings { fix_after: Some(11), ..settings() }).unwrap_err();
    assert_eq!(error, XmrError::FixedTooEarly(11));
}

#[test]
fn series_without_limits() {
    let check = |values: &[Option<f64>], screening, mean, reason| {
        let found = xmr(values, &Settings { screening, ..settings() }).unwrap();
        assert_eq!((found.groups[0].mean, found.groups[0].limits), (mean, Err(reason)), "{values:?}");
    };
    check(&[], Screening::On, None, NoMovingRange::NoPoints);
    check(&[None, None, None], Screening::On, None, NoMovingRange::NoPoints);
    check(&[Some(7.0)], Screening::Off, Some(7.0), NoMovingRange::OnePoint);
    check(&[Some(1.0), None, Some(3.0)], Screening::Off, Some(2.0), NoMovingRange::NoNeighbours);
    check(&[Some(8.7); 14], Screening::On, Some(8.7), NoMovingRange::Constant);
    let missing = xmr(&[Some(1.0), Some(2.0), None], &settings()).unwrap();
    assert_eq!((missing.variation, missing.points[2]), (None, None), "silence is not stability");
}

/// With a plain sum the mean of fourteen 8.7s is one unit in the last place off, and every point is a signal.
#[test]
fn a_constant_series_is_no_signal() {
    for n in [2, 7, 14, 49, 300] {
        for value in [8.7, 0.1, 1e9 / 3.0] {
            let found = chart(&vec![value; n], &settings());
            assert_eq!(limits(&found, 0), (value, value));
            assert!(flagged(&found, |signals| signals.kind() != Kind::Common).is_empty(), "{n} times {value}");
        }
    }
}

#[test]
fn variation_depends_on_what_is_better() {
    let rising = [1., 2., 3., 4., 5., 6., 7.];
    for (improvement, expected) in [
        (Improvement::Increase, Variation::Improvement(Side::High)),
        (Improvement::Decrease, Variation::Concern(Side::High)),
        (Improvement::Neutral, Variation::Neutral(Side::High)),
    ] {
        assert_eq!(chart(&rising, &Settings { improvement, ..settings() }).variation, Some(expected));
    }
    assert_eq!(chart(&[1., 2.], &settings()).variation, Some(Variation::Common));
}

/// Slow and obvious: is there a window around the point in which the rule holds?
fn in_window(length: usize, points: usize, place: usize, holds: impl Fn(&[usize]) -> bool) -> bool {
    (0..points).filter(|start| start + length <= points).any(|start| {
        let window: Vec<usize> = (start..start + length).collect();
        window.contains(&place) && holds(&window)
    })
}

proptest! {
    #[test]
    fn rules_agree_with_their_definitions(
        values in prop::collection::vec(prop_oneof![1 => Just(None), 12 => (0_i32..9).prop_map(|y| Some(f64::from(y)))], 0..30),
        steady in prop::collection::vec(0_i32..3, 0..30),
        is_newer in any::<bool>(),
    ) {
        let mut climbing = Vec::new();
        steady.iter().fold(0, |height, step| { climbing.push(Some(f64::from(height + step))); height + step });
        for values in [values, climbing] {
            let two_of_three = if is_newer { TwoOfThree::Since2023 } else { TwoOfThree::Classic };
            let found = xmr(&values, &Settings { two_of_three, ..settings() }).unwrap();
            let (mean, limits) = (found.groups[0].mean, found.groups[0].limits.ok());
            let side = |place: usize| mean.zip(values[place]).map_or(0.0, |(mean, y)| if y > mean { 1.0 } else if y < mean { -1.0 } else { 0.0 });
            let is_out = |place: usize| limits.zip(values[place]).is_some_and(|(limits, y)| y < limits.lower || y > limits.upper);
            let is_near = |place: usize| limits.zip(values[place]).is_some_and(|(limits, y)| y < limits.near_lower || y > limits.near_upper)
                && (is_newer || !is_out(place));
            for (place, point) in found.points.iter().enumerate() {
                let Some(signals) = point else { prop_assert!(values[place].is_none()); continue };
                let is_trend = in_window(7, values.len(), place, |window| {
                    let steps: Vec<Option<f64>> = window.windows(2).map(|pair| Some(values[pair[1]]? - values[pair[0]]?)).collect();
                    steps.iter().all(|step| step.is_some_and(|step| step > 0.0)) || steps.iter().all(|step| step.is_some_and(|step| step < 0.0))
                });
                let sum = |window: &[usize]| window.iter().map(|place| side(*place)).sum::<f64>().abs();
                let is_shift = in_window(7, values.len(), place, |window| sum(window) > 6.5);
                let is_pair = is_near(place) && in_window(3, values.len(), place, |window| {
                    sum(window) > 2.5 && window.iter().filter(|place| is_near(**place)).count() >= 2
                });
                prop_assert_eq!(signals.outside.is_some(), is_out(place));
                prop_assert_eq!(signals.trend.is_some(), is_trend);
                prop_assert_eq!(signals.shift.is_some(), is_shift);
                prop_assert_eq!(signals.two_of_three.is_some(), is_pair);
            }
        }
    }
}
