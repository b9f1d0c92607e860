#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::contact::{Answer, Contact};
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::{Calendar, Period};
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::questionnaire::Questionnaire;

use super::*;
use crate::facts::{Facts, Vocabulary, fact_of};
use crate::scoring::{Figure, ScoreSheet, ScoringWorld, score};

const TODAY: Date = Date::constant(2026, 11, 23);
/// How far answers of 0, 5 and 10 lie apart, at most a little less than this.
const ANSWER_DEVIATION: f64 = 3.6;
/// How far people's means over all questions lie apart: √(1.2²/3 + 3.6²/11), the person's own and the answers' part.
const PERSON_DEVIATION: f64 = 1.3;

/// The first demonstration's trust, to be scored with everything that is shipped.
pub(crate) fn scoring_world() -> ScoringWorld {
    let directory = Directory::try_from(directory(1)).unwrap();
    let calendar = Calendar::new(Date::constant(2026, 1, 5)).unwrap();
    let vocabulary = Arc::new(Vocabulary::new(&directory, &Questionnaire::shipped().unwrap()).unwrap());
    ScoringWorld::inpatient(directory, calendar, vocabulary, 7).unwrap()
}

struct Demonstration {
    world: ScoringWorld,
    facts: Facts,
    contacts: Vec<(Timestamp, Contact)>,
}

impl Demonstration {
    fn new(seed: u64) -> Self {
        let directory = Directory::try_from(directory(seed)).unwrap();
        let questionnaire = Questionnaire::inpatient().unwrap();
        let calendar = Calendar::new(Date::constant(2026, 1, 5)).unwrap();
        let contacts = history(seed, &directory, &questionnaire, &calendar, TODAY, 10).unwrap();
        let vocabulary = Arc::new(Vocabulary::new(&directory, &[questionnaire]).unwrap());
        let mut facts = Facts::new(Arc::clone(&vocabulary));
        for (moment, contact) in &contacts {
            let day = calendar.day_of(*moment).into();
            facts.insert(fact_of(contact, day, day, &vocabulary).unwrap());
        }
        let world = ScoringWorld::inpatient(directory, calendar, vocabulary, 7).unwrap();
        Self { world, facts, contacts }
    }

    /// The n-th of the ten fortnights.
    fn fortnight(&self, number: u8) -> Period {
        let mut fortnight = self.world.calendar().fortnight_of(TODAY).unwrap();
        for _ in number..=10 {
            fortnight = self.world.calendar().before(fortnight).unwrap();
        }
        Period::Fortnight(fortnight)
    }

    fn sheet(&self, period: &Period, unit: &str) -> ScoreSheet {
        score(&self.facts, &self.world, period, &unit.parse::<Unit>().unwrap(), TODAY).unwrap()
    }

    /// A question's mean over some fortnights and its standard error, from the sheets alone.
    fn question(&self, unit: &str, question: &str, fortnights: impl Iterator<Item = u8>) -> (f64, f64) {
        let figures = fortnights.filter_map(|number| {
            let sheet = self.sheet(&self.fortnight(number), unit);
            let questions = sheet.domains.into_iter().flat_map(|domain| domain.questions);
            questions.into_iter().find(|sheet| sheet.id.as_str() == question).map(|sheet| sheet.figure)
        });
        pooled(figures, ANSWER_DEVIATION)
    }
}

/// The mean of figures by n, and its standard error from the standard deviation of one person's part in them.
fn pooled(figures: impl Iterator<Item = Figure>, deviation: f64) -> (f64, f64) {
    let (mut n, mut points) = (0.0, 0.0);
    for figure in figures.filter(|figure| figure.n > 0) {
        n += figure.n as f64;
        points += figure.n as f64 * figure.value.unwrap();
    }
    (points / n, deviation / f64::sqrt(n))
}

#[track_caller]
fn check_difference((left, left_error): (f64, f64), (right, right_error): (f64, f64), expected: f64) {
    let (found, error) = (left - right, f64::hypot(left_error, right_error));
    assert!((found - expected).abs() < 3.0 * error, "found {found:.2} ± {error:.2}, put there {expected}");
    assert!(found.abs() > 3.0 * error, "{found:.2} ± {error:.2} cannot be told from nothing");
}

#[test]
fn the_trust_has_its_size_and_no_names_of_people() {
    let file = directory(1);
    assert_eq!((file.sites.len(), file.wards.len(), file.consultants.len()), (3, 26, 60));
    assert_eq!(file.wards.get(11).unwrap().name, "Ward 12 (Orthopaedics, demonstration)");
    assert_eq!(file.consultants.get(6).unwrap().label, "Consultant C07");
    assert!(file.consultants.iter().all(|consultant| !consultant.wards.is_empty()));
    for site in &file.sites {
        assert!(file.wards.iter().any(|ward| ward.site == site.id), "{} has no ward", site.id);
    }
    Directory::try_from(file).unwrap();
    Directory::try_from(directory(u64::MAX)).unwrap();
}

#[test]
fn ten_fortnights_of_about_four_hundred() {
    let demonstration = Demonstration::new(1);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (moment, contact) in &demonstration.contacts {
        let day = demonstration.world.calendar().day_of(*moment);
        let fortnight = demonstration.world.calendar().fortnight_of(day).unwrap();
        *counts.entry(fortnight.to_string()).or_default() += 1;
        if let Some(response) = &contact.response {
            Questionnaire::inpatient().unwrap().check_answers(&response.answers).unwrap();
            for answer in response.answers.values() {
                if let Answer::Said(comment) = answer {
                    assert!(comment.as_str().starts_with("Generated comment"), "a comment must say what it is");
                }
            }
        }
    }
    assert_eq!(counts.len(), 10, "{counts:?}");
    assert!(counts.values().all(|count| (350..=440).contains(count)), "{counts:?}");
    assert!(demonstration.contacts.is_sorted_by_key(|(moment, _)| *moment));
}

#[test]
fn every_bed_of_the_trust_has_its_bay_and_most_have_a_consultant() {
    for ward in directory(1).wards {
        assert_eq!(
            ward.bays.iter().map(|bay| bay.beds.len()).sum::<usize>(),
            usize::from(ward.beds),
            "{}",
            ward.id
        );
        let by_roster = ward.bays.iter().filter(|bay| bay.consultant.is_some()).count();
        assert!((2..ward.bays.len()).contains(&by_roster), "{}: {:?}", ward.id, ward.bays);
    }
}

/// The same seed gives the same bytes, on every machine and for ever.
#[test]
fn the_past_does_not_change() {
    let hash = |seed| {
        // Bays are where volunteers go today; the past was made before there were any.
        let trust = Directory::try_from(directory(seed)).unwrap().published();
        let json = serde_json::to_vec(&(trust, Demonstration::new(seed).contacts)).unwrap();
        Hash::of(&json).to_string()
    };
    assert_ne!(hash(1), hash(2));
    insta::assert_snapshot!(hash(1));
}

#[test]
fn w07_becomes_kinder_after_the_sixth_fortnight() {
    let demonstration = Demonstration::new(1);
    let after = demonstration.question("ward:W07", "kindness", 7..=10);
    let before = demonstration.question("ward:W07", "kindness", 1..=6);
    check_difference(after, before, 2.8);
}

#[test]
fn w15_cannot_rest() {
    let demonstration = Demonstration::new(1);
    let ward = demonstration.question("ward:W15", "noise", 1..=10);
    check_difference(ward, demonstration.question("trust:DEMO", "noise", 1..=10), -3.0);
}

#[test]
fn w21_gets_better_in_a_straight_line() {
    let demonstration = Demonstration::new(1);
    let overall = |numbers: std::ops::RangeInclusive<u8>| {
        pooled(
            numbers.map(|number| demonstration.sheet(&demonstration.fortnight(number), "ward:W21").overall),
            PERSON_DEVIATION,
        )
    };
    // From -2.0 to +0.7 in nine steps of 0.3: the means of the first and the last three are 2.1 apart.
    check_difference(overall(8..=10), overall(1..=3), 2.1);
}

#[test]
fn c07s_patients_understand_the_doctors_less() {
    let demonstration = Demonstration::new(1);
    let consultant = demonstration.question("consultant:C07", "doctors", 1..=10);
    check_difference(consultant, demonstration.question("trust:DEMO", "doctors", 1..=10), -3.0);
}

#[test]
fn w24_is_silent_in_the_ninth_fortnight() {
    let demonstration = Demonstration::new(1);
    let sheet = demonstration.sheet(&demonstration.fortnight(9), "ward:W24");
    assert_eq!((sheet.responses, sheet.overall.value), (0, None));
    assert!(sheet.overall.why.is_some());
    assert!(demonstration.sheet(&demonstration.fortnight(8), "ward:W24").responses > 0);
    assert!(demonstration.sheet(&demonstration.fortnight(10), "ward:W24").responses > 0);
}

#[test]
fn every_effect_names_a_unit_that_is_there() {
    let demonstration = Demonstration::new(1);
    for effect in effects() {
        assert!(demonstration.world.unit_name(&effect.unit.parse().unwrap()).is_some(), "{}", effect.unit);
    }
}
