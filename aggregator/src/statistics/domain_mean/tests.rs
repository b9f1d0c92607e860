#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;

use super::*;
use crate::statistics::mean::mean_interval;

#[derive(Debug)]
struct Table {
    scores: Vec<Vec<Option<f64>>>,
    weights: Vec<f64>,
}

impl People for Table {
    fn each(&self, mut visit: impl FnMut(u64, f64, &[Option<f64>])) {
        self.scores.iter().zip(&self.weights).for_each(|(row, weight)| visit(1, *weight, row));
    }
}

fn unweighted(scores: &[&[Option<f64>]]) -> Table {
    Table { scores: scores.iter().map(|row| row.to_vec()).collect(), weights: vec![1.0; scores.len()] }
}

/// Slow and obvious: the whole covariance matrix V of the ratios, then a'Va.
fn by_matrix(table: &Table, groups: &[usize]) -> Option<(f64, f64)> {
    let questions = groups.len();
    let answered = |k: usize| {
        table.scores.iter().zip(&table.weights).filter_map(move |(row, w)| (*w > 0.0).then_some((row[k]?, *w)))
    };
    let weight: Vec<f64> = (0..questions).map(|k| answered(k).map(|(_, w)| w).sum()).collect();
    let mean: Vec<f64> =
        (0..questions).map(|k| answered(k).map(|(y, w)| w * y).sum::<f64>() / weight[k]).collect();
    let counted = |k: usize| weight[k] > 0.0;
    let size = |g: usize| (0..questions).filter(|k| groups[*k] == g && counted(*k)).count();
    let filled = (0..=groups.iter().copied().max()?).filter(|g| size(*g) > 0).count();
    let a: Vec<f64> = (0..questions)
        .map(|k| if counted(k) { 1.0 / (filled as f64 * size(groups[k]) as f64) } else { 0.0 })
        .collect();
    let people: Vec<_> = table
        .scores
        .iter()
        .zip(&table.weights)
        .filter(|(row, w)| **w > 0.0 && row.iter().any(Option::is_some))
        .collect();
    let n = people.len() as f64;
    if people.is_empty() {
        return None;
    }
    let influence = |row: &[Option<f64>], w: f64, k: usize| row[k].map_or(0.0, |y| w * (y - mean[k]) / weight[k]);
    let mut variance = 0.0;
    for j in (0..questions).filter(|k| counted(*k)) {
        for k in (0..questions).filter(|k| counted(*k)) {
            let covariance: f64 =
                people.iter().map(|(row, w)| influence(row, **w, j) * influence(row, **w, k)).sum();
            variance += a[j] * a[k] * covariance * n / (n - 1.0);
        }
    }
    let overall = (0..questions).filter(|k| counted(*k)).map(|k| a[k] * mean[k]).sum();
    Some((overall, variance.max(0.0).sqrt()))
}

#[test]
fn one_question_is_the_t_interval_of_its_mean() {
    let values = [10.0, 10.0, 5.0, 0.0, 5.0];
    let table = Table { scores: values.iter().map(|y| vec![Some(*y)]).collect(), weights: vec![1.0; 5] };
    let found = domain_mean(&table, 1).overall.unwrap();
    let expected = mean_interval(&values, 0.95).unwrap();
    let ((lower, upper), (low, high)) = (found.interval(0.95).unwrap(), expected.interval.unwrap());
    assert!((found.mean - 6.0).abs() < 1e-15, "vector T-01");
    assert!((lower - low).abs() < 1e-12 && (upper - high).abs() < 1e-12);
}

#[test]
fn answers_of_one_person_belong_together() {
    // Two questions that everybody answers alike carry no more than one of them.
    let alike = unweighted(&[
        &[Some(10.0), Some(10.0)],
        &[Some(5.0), Some(5.0)],
        &[Some(0.0), Some(0.0)],
        &[Some(5.0), Some(5.0)],
    ]);
    let found = domain_mean(&alike, 2);
    let one = found.questions[0].unwrap().standard_error().unwrap();
    let both = found.overall.unwrap().standard_error().unwrap();
    assert!((one - both).abs() < 1e-15);
    // Two that cancel carry everything.
    let opposite = unweighted(&[&[Some(10.0), Some(0.0)], &[Some(0.0), Some(10.0)], &[Some(5.0), Some(5.0)]]);
    assert!(domain_mean(&opposite, 2).overall.unwrap().standard_error().unwrap() < 1e-15);
}

#[test]
fn a_question_nobody_answered_leaves() {
    let table = unweighted(&[&[Some(10.0), None], &[Some(5.0), None], &[None, None]]);
    let found = domain_mean(&table, 2);
    assert!(found.questions[1].is_none());
    let overall = found.overall.unwrap();
    assert_eq!(overall.n, 2, "a person who answered nothing is not counted");
    assert!((overall.mean - 7.5).abs() < 1e-15);
    let nothing = domain_mean(&unweighted(&[&[None], &[None]]), 1);
    assert!(nothing.overall.is_none() && nothing.groups[0].is_none());
}

#[test]
fn one_person_has_a_mean_and_no_interval() {
    let found = domain_mean(&unweighted(&[&[Some(10.0), Some(5.0)]]), 2).overall.unwrap();
    assert_eq!((found.n, found.standard_error(), found.interval(0.95)), (1, None, None));
}

#[test]
fn groups_weigh_the_same_whatever_their_size() {
    let table = unweighted(&[&[Some(10.0), Some(10.0), Some(0.0)], &[Some(10.0), Some(10.0), Some(0.0)]]);
    let groups = [0, 0, 1].map(|group| Coefficient { group });
    let found = linear_mean(&table, &groups);
    assert!((found.overall.unwrap().mean - 5.0).abs() < 1e-15);
    assert!((found.groups[0].unwrap().mean - 10.0).abs() < 1e-15);
}

fn tables() -> impl Strategy<Value = (Table, Vec<usize>)> {
    let answer = prop_oneof![1 => Just(None), 3 => prop_oneof![Just(0.0), Just(5.0), Just(10.0)].prop_map(Some)];
    (1_usize..6, 1_usize..40).prop_flat_map(move |(questions, people)| {
        let scores = prop::collection::vec(prop::collection::vec(answer.clone(), questions), people);
        let weights = prop::collection::vec(prop_oneof![1 => Just(0.0), 5 => 0.1..5.0_f64], people);
        let groups = prop::collection::vec(0_usize..3, questions);
        (scores, weights, groups).prop_map(|(scores, weights, groups)| (Table { scores, weights }, groups))
    })
}

proptest! {
    #[test]
    fn agrees_with_the_whole_matrix((table, groups) in tables()) {
        let coefficients: Vec<_> = groups.iter().map(|group| Coefficient { group: *group }).collect();
        let found = linear_mean(&table, &coefficients).overall;
        let expected = by_matrix(&table, &groups);
        prop_assert_eq!(found.is_some(), expected.is_some());
        if let (Some(found), Some((mean, error))) = (found, expected) {
            prop_assert!((found.mean - mean).abs() < 1e-12);
            prop_assert_eq!(found.standard_error().is_none(), found.n == 1);
            // The matrix takes differences of large terms, so variances are compared and not their roots. Of one person it
            // divides by nothing.
            if let Some(found) = found.standard_error() {
                prop_assert!((found * found - error * error).abs() < 1e-12, "{found} {error}");
            }
        }
    }

    /// Repeating a row is the same as counting it.
    #[test]
    fn equal_rows_may_be_counted((table, groups) in tables(), repeat in 1_u64..5) {
        struct Counted<'a>(&'a Table, u64);
        impl People for Counted<'_> {
            fn each(&self, mut visit: impl FnMut(u64, f64, &[Option<f64>])) {
                self.0.each(|_, weight, row| visit(self.1, weight, row));
            }
        }
        struct Repeated<'a>(&'a Table, u64);
        impl People for Repeated<'_> {
            fn each(&self, mut visit: impl FnMut(u64, f64, &[Option<f64>])) {
                self.0.each(|_, weight, row| (0..self.1).for_each(|_| visit(1, weight, row)));
            }
        }
        let coefficients: Vec<_> = groups.iter().map(|group| Coefficient { group: *group }).collect();
        let counted = linear_mean(&Counted(&table, repeat), &coefficients);
        let repeated = linear_mean(&Repeated(&table, repeat), &coefficients);
        for (left, right) in counted.groups.iter().zip(&repeated.groups) {
            prop_assert_eq!(left.map(|e| e.n), right.map(|e| e.n));
            if let (Some(left), Some(right)) = (left, right) {
                prop_assert!((left.mean - right.mean).abs() < 1e-12);
                let (left, right) = (left.standard_error(), right.standard_error());
                prop_assert!((left.unwrap_or(0.0) - right.unwrap_or(0.0)).abs() < 1e-9);
            }
        }
    }
}
