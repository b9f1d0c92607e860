#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;

use super::*;

const STANDARD: [f64; 5] = [0.10, 0.10, 0.15, 0.20, 0.45];

fn t26() -> Vec<Person> {
    let cells = [(2, 6.0), (4, 7.0), (6, 8.0), (20, 9.0), (68, 8.5)];
    let of = |(cell, (n, score)): (usize, (usize, f64))| vec![Person { unit: 0, cell, score: Some(score) }; n];
    cells.into_iter().enumerate().flat_map(of).collect()
}

/// Vector T-26.
#[test]
fn t26_case_mix() {
    let found = weighted_mean(&t26(), 1, &STANDARD, 5.0, 0.95).unwrap();
    for (place, expected) in [(0, 5.0), (2, 2.5), (6, 2.5), (12, 1.0), (32, 0.6618)] {
        assert!((found.weights[place].unwrap() - expected).abs() < 0.000_05, "{place}");
    }
    assert!((found.units[0].mean.unwrap() - 8.125).abs() < 1e-12);
    let crude = weighted_mean(&t26(), 1, &[2.0, 4.0, 6.0, 20.0, 68.0], 5.0, 0.95).unwrap();
    assert!((crude.units[0].mean.unwrap() - 8.46).abs() < 1e-12);
    assert!((crude.units[0].n_effective.unwrap() - 100.0).abs() < 1e-9);
}

#[test]
fn weights_are_capped() {
    let found = weighted_mean(&t26(), 1, &STANDARD, 2.0, 0.95).unwrap();
    assert_eq!((found.weights[0], found.weights[2]), (Some(2.0), Some(2.0)));
}

#[test]
fn edges() {
    let person = |unit, cell, score| Person { unit, cell, score };
    let people = [person(0, 0, Some(5.0)), person(1, 0, None), person(2, 1, Some(7.0)), person(2, 1, Some(9.0))];
    let found = weighted_mean(&people, 3, &[1.0, 0.0], 5.0, 0.95).unwrap();
    assert_eq!(found.weights, [Some(1.0), None, Some(0.0), Some(0.0)]);
    let one = found.units[0];
    assert_eq!(
        (one.n, one.mean, one.n_effective, one.standard_error, one.interval),
        (1, Some(5.0), Some(1.0), None, None)
    );
    assert_eq!((found.units[1].n, found.units[1].mean), (0, None));
    assert_eq!((found.units[2].n, found.units[2].mean, found.units[2].n_effective), (2, None, None));
    assert_eq!(weighted_mean(&[person(0, 1, None)], 1, &[1.0], 5.0, 0.95), Err(WeightError::UnknownCell(0)));
    assert_eq!(weighted_mean(&[person(1, 0, None)], 1, &[1.0], 5.0, 0.95), Err(WeightError::UnknownUnit(0)));
    assert_eq!(weighted_mean(&[person(0, 0, None)], 1, &[0.0], 5.0, 0.95), Err(WeightError::EmptyPopulation));
}

proptest! {
    /// When those who answered are like the population, nothing is weighted and the interval is the t interval of the mean.
    #[test]
    fn a_unit_like_the_population_has_its_plain_mean(scores in prop::collection::vec(0.0..10.0_f64, 2..30)) {
        let people: Vec<Person> = scores.iter().enumerate().map(|(place, score)| Person { unit: 0, cell: place % 2, score: Some(*score) }).collect();
        let second = scores.len() / 2;
        let population = [(scores.len() - second) as f64, second as f64];
        let found = weighted_mean(&people, 1, &population, 5.0, 0.9).unwrap().units[0];
        let plain = crate::statistics::mean_interval(&scores, 0.9).unwrap();
        prop_assert!((found.mean.unwrap() - plain.mean).abs() < 1e-9);
        let ((lower, upper), (low, high)) = (found.interval.unwrap(), plain.interval.unwrap());
        prop_assert!((lower - low).abs() < 1e-9 && (upper - high).abs() < 1e-9);
    }
}
