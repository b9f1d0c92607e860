#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;

use super::*;
use crate::statistics::{Coefficient, People, linear_mean, mean_interval};

struct Rows<'a>(&'a [(Vec<Option<i64>>, f64)]);

impl People for Rows<'_> {
    fn each(&self, mut visit: impl FnMut(u64, f64, &[Option<f64>])) {
        for (row, weight) in self.0 {
            let row: Vec<_> = row.iter().map(|value| value.map(|value| value as f64 / 1000.0)).collect();
            visit(1, *weight, &row);
        }
    }
}

fn answered(row: &[Option<i64>]) -> u32 {
    row.iter().enumerate().map(|(place, value)| u32::from(value.is_some()) << place).sum()
}

fn sums(rows: &[&(Vec<Option<i64>>, f64)], items: usize) -> JointSums {
    let mut sums = JointSums::new(items, Pairs::All);
    for (row, _) in rows {
        sums.add(answered(row), row, 1);
    }
    sums
}

#[test]
fn t01_and_its_interval() {
    let mut sums = JointSums::new(1, Pairs::Own);
    for value in [10_000, 10_000, 5_000, 0, 5_000] {
        sums.add(1, &[Some(value)], 1);
    }
    let found = linearise(&[(1.0, &sums)], &[1000.0]).item(0).unwrap();
    let plain = mean_interval(&[10.0, 10.0, 5.0, 0.0, 5.0], 0.95).unwrap();
    assert_eq!((found.mean, found.n), (6.0, 5));
    assert!((found.interval().unwrap().0 - plain.interval.unwrap().0).abs() < 1e-12);
}

#[test]
fn equal_answers_have_no_spread_at_all() {
    let mut sums = JointSums::new(2, Pairs::All);
    sums.add(3, &[Some(33_333), Some(66_667)], 7);
    sums.add(1, &[Some(33_333), None], 5);
    let found = linearise(&[(1.0, &sums)], &[1000.0; 2]);
    assert_eq!(found.squares_of(&[(0, 0.5), (1, 0.5)]), 0.0);
    assert_eq!((sums.people(1), sums.people(2), sums.everybody()), (12, 7, 12));
}

#[test]
fn the_remembered_quantiles_are_the_computed_ones() {
    for v in [1, 2, 30, 999, 1_000, 1_001, 50_000] {
        assert_eq!(t95(v), student_two_sided(0.95, v));
    }
}

fn rows() -> impl Strategy<Value = Vec<(Vec<Option<i64>>, f64)>> {
    let row = prop::collection::vec(prop::option::weighted(0.8, (0..5_i64).prop_map(|step| step * 2_500)), 4);
    prop::collection::vec((row, prop::sample::select(vec![0.0, 0.5, 1.0, 3.0])), 1..40)
}

proptest! {
    /// Slow and obvious: the people themselves. Two groups of two questions, weights by person.
    #[test]
    fn sums_say_what_the_people_say(rows in rows(), weighted in any::<bool>()) {
        let rows: Vec<_> = rows.into_iter().map(|(row, weight)| (row, if weighted { weight } else { 1.0 })).collect();
        let slow = linear_mean(&Rows(&rows), &[0, 0, 1, 1].map(|group| Coefficient { group }));
        let samples: Vec<(f64, JointSums)> = [0.0, 0.5, 1.0, 3.0]
            .into_iter()
            .map(|weight| (weight, sums(&rows.iter().filter(|(_, w)| *w == weight).collect::<Vec<_>>(), 4)))
            .collect();
        let parts: Vec<(f64, &JointSums)> = samples.iter().map(|(weight, sums)| (*weight, sums)).collect();
        let fast = linearise(&parts, &[1000.0; 4]);
        for (place, question) in slow.questions.iter().enumerate() {
            let mine = fast.item(place);
            prop_assert_eq!(mine.map(|found| found.n), question.map(|found| found.n));
            if let (Some(mine), Some(theirs)) = (mine, question) {
                prop_assert!((mine.mean - theirs.mean).abs() < 1e-12);
                if let (Some(error), Some(expected)) = (mine.standard_error(), theirs.standard_error()) {
                    prop_assert!((error - expected).abs() < 1e-7, "{error} {expected}");
                }
            }
        }
        let filled = |group: [usize; 2]| group.into_iter().filter(|item| fast.item(*item).is_some()).collect::<Vec<_>>();
        let groups: Vec<Vec<usize>> = [[0, 1], [2, 3]].map(filled).into_iter().filter(|g| !g.is_empty()).collect();
        let coefficients: Vec<(usize, f64)> = groups
            .iter()
            .flat_map(|group| group.iter().map(|item| (*item, 1.0 / (group.len() * groups.len()) as f64)))
            .collect();
        if let Some(overall) = slow.overall {
            let n: u64 = parts.iter().filter(|(w, _)| *w > 0.0).map(|(_, sums)| sums.people(0b1111)).sum();
            prop_assert_eq!(n, overall.n);
            let found = Estimated { mean: overall.mean, n, squares: fast.squares_of(&coefficients) };
            if let (Some(error), Some(expected)) = (found.standard_error(), overall.standard_error()) {
                prop_assert!((error - expected).abs() < 1e-7, "{error} {expected}");
            }
        }
    }

    /// Adding in any order, in parts, or one by one gives the same bits.
    #[test]
    fn no_order_of_adding_changes_a_bit((one, other) in rows().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())), cut in 0..40_usize) {
        let all = |rows: &[(Vec<Option<i64>>, f64)]| sums(&rows.iter().collect::<Vec<_>>(), 4);
        let (front, back) = other.split_at(cut.min(other.len()));
        let mut merged = all(front);
        merged.merge(&all(back));
        prop_assert_eq!(&merged, &all(&one));
        let mut equal = JointSums::new(4, Pairs::All);
        for (row, _) in &one {
            equal.add(answered(row), row, 2);
        }
        merged.merge(&all(&one));
        prop_assert_eq!(merged, equal);
    }

    /// Values of any size: as many bits as they take, whatever the order and the parts.
    #[test]
    fn large_values_among_small_ones_are_summed_without_loss(
        rows in prop::collection::vec(
            prop::collection::vec(prop::option::of(prop::sample::select(vec![0, 7, -3, 5_000, 1 << 17, (1 << 17) + 1, -MAX_VALUE])), 3),
            0..30,
        ),
        cut in 0..30_usize,
    ) {
        let all = |rows: &[Vec<Option<i64>>]| {
            let mut sums = JointSums::new(3, Pairs::All);
            for row in rows {
                sums.add(answered(row), row, 1);
            }
            sums
        };
        let (front, back) = rows.split_at(cut.min(rows.len()));
        let (mut one, mut other) = (all(front), all(back));
        let later = other.clone();
        other.merge(&one);
        one.merge(&later);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(&one, &all(&rows));
        for (first, second) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)] {
            let values = |row: &Vec<Option<i64>>| Some((row.get(first).copied()??, row.get(second).copied()??));
            let both: Vec<(i64, i64)> = rows.iter().filter_map(values).collect();
            let expected = PairSums {
                both: both.len() as u64,
                left: both.iter().map(|(left, _)| left).sum(),
                right: both.iter().map(|(_, right)| right).sum(),
                product: both.iter().map(|(left, right)| i128::from(*left) * i128::from(*right)).sum(),
            };
            prop_assert_eq!(one.pair(first, second), expected);
        }
    }
}
