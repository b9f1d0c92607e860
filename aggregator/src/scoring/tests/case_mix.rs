//! Standardised scores stand beside the plain ones.

use super::*;
use crate::statistics::weighted_mean::{Person, weighted_mean};

const CELLS: [&str; 5] = ["16-35", "36-50", "51-65", "66-80", "81plus"];

/// By age alone, with a standard population of one's own.
fn by_age(counts: [u64; 5]) -> ScoringWorld {
    world_with(|file| {
        let cell = |(option, count): (&str, u64)| CellCountFile { cell: vec![option.parse().unwrap()], count };
        let population = PopulationFile::Counts(CELLS.into_iter().zip(counts).map(cell).collect());
        file.case_mix = Some(CaseMixFile { by: vec!["age".parse().unwrap()], cap_milli: 5000, population });
    })
}

fn person(age: Option<usize>, respect: Option<&str>) -> Contact {
    let mut answers = Vec::new();
    answers.extend(age.map(|age| ("age", option(CELLS[age]))));
    answers.extend(respect.map(|answer| ("respect", option(answer))));
    contact(&answers)
}

#[test]
fn whoever_has_no_cell_is_left_out_and_said() {
    let world = by_age([1, 1, 1, 1, 1]);
    let people = [
        person(Some(0), Some("always")),
        person(Some(1), Some("no")),
        person(None, Some("no")),
        person(Some(2), None),
    ];
    let sheet = sheet(&world, &facts(&world, people), "ward:W12");
    let standardised = sheet.standardised.unwrap();
    assert_eq!((sheet.overall.n, standardised.people, standardised.without_cell), (3, 2, 1));
    assert_eq!(standardised.overall.value, Some(5.0));
    assert_eq!(sheet.overall.value, Some(10.0 / 3.0), "the plain score is what it was");
    let weights: Vec<f64> = standardised.cells.iter().map(|cell| cell.weight).collect();
    assert_eq!(weights, [0.4, 0.4]);
}

#[test]
fn the_trust_of_the_period_is_a_standard_too() {
    let world = world_with(|file| {
        let by = vec!["age".parse().unwrap()];
        file.case_mix = Some(CaseMixFile { by, cap_milli: 5000, population: PopulationFile::TrustInThePeriod });
    });
    let elsewhere = |contact: Contact| Contact { ward: "W13".parse().unwrap(), ..contact };
    let people = [
        person(Some(0), Some("always")),
        person(Some(4), Some("no")),
        elsewhere(person(Some(4), Some("always"))),
        elsewhere(person(Some(4), Some("always"))),
    ];
    let facts = facts(&world, people);
    let ward = sheet(&world, &facts, "ward:W12").standardised.unwrap();
    assert!((ward.overall.value.unwrap() - 2.5).abs() < 1e-12, "a quarter young, three quarters old");
    let trust = sheet(&world, &facts, "trust:DEMO");
    assert_eq!(trust.standardised.unwrap().overall.value, trust.overall.value, "the trust is like itself");
}

#[test]
fn a_group_that_is_too_small_for_chance_is_named() {
    let world = by_age([20, 20, 20, 20, 20]);
    let people = (0..40).map(|place| person(Some(place % 4), Some("always")));
    let coverage = sheet(&world, &facts(&world, people), "ward:W12").coverage;
    assert_eq!(coverage.under_represented, ["age 81plus: 0 % of the responses, 20 % expected"]);
    let trust = sheet(&world, &facts(&world, (0..100).map(|_| person(Some(0), None))), "trust:DEMO").coverage;
    assert!(trust.under_represented.iter().any(|group| group.starts_with("ward W01: 0 %")), "{trust:?}");
}

proptest! {
    /// Slow and obvious: the desk's weighted mean of the people.
    #[test]
    fn one_question_standardised_is_the_weighted_mean(
        people in prop::collection::vec((prop::option::weighted(0.9, 0..5_usize), 0..3_usize), 1..60),
        counts in prop::array::uniform5(0..40_u64),
    ) {
        prop_assume!(counts.iter().sum::<u64>() > 0);
        let world = by_age(counts);
        let options = ["always", "sometimes", "no"];
        let facts = facts(&world, people.iter().map(|(age, answer)| person(*age, Some(options[*answer]))));
        let found = sheet(&world, &facts, "ward:W12").standardised.unwrap();
        let persons: Vec<Person> = people
            .iter()
            .filter_map(|(age, answer)| Some(Person { unit: 0, cell: (*age)?, score: Some([10.0, 5.0, 0.0][*answer]) }))
            .collect();
        let slow = weighted_mean(&persons, 1, &counts.map(|count| count as f64), 5.0, 0.95).unwrap().units[0];
        prop_assert_eq!(found.overall.value.is_some(), slow.mean.is_some());
        if let (Some(mine), Some(theirs)) = (found.overall.value, slow.mean) {
            prop_assert!((mine - theirs).abs() < 1e-9, "{mine} {theirs}");
            prop_assert!((found.n_effective.unwrap() - slow.n_effective.unwrap()).abs() < 1e-9);
            // Cells of nobody have no weight and no degree of freedom here; the desk counts whoever was given.
            let weighted = found.cells.iter().filter(|cell| cell.weight > 0.0).map(|cell| cell.n).sum::<u64>();
            if let (Some(lower), Some((low, _))) = (found.overall.lower, slow.interval) && weighted == slow.n {
                prop_assert!((lower - low.clamp(0.0, 10.0)).abs() < 1e-6, "{lower} {low}");
            }
        }
    }
}
