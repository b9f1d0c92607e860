//! A plan over real facts, months after months.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::sync::Arc;

use wardvoice_protocol::contact::{Answer, Contact};
use wardvoice_protocol::id::{OptionId, QuestionId};
use wardvoice_protocol::questionnaire::Questionnaire;

use super::*;
use crate::facts::{Vocabulary, fact_of};
use crate::ingest::testing::Trust;

/// The example's trust with facts.
struct Place {
    trust: Trust,
    facts: Facts,
    released: Vec<Release>,
    elsewhere: Vec<Told>,
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

impl Place {
    fn new() -> Self {
        let trust = Trust::new(1);
        let facts = Facts::new(Arc::clone(&trust.world.vocabulary));
        Self { trust, facts, released: Vec::new(), elsewhere: Vec::new() }
    }

    /// So many patients of a ward on a day who give one answer to the friends and family test, and the best to everything else.
    fn answer(&mut self, ward: &str, on: &str, arrived: &str, answer: &str, people: usize) {
        let mut contact = self.trust.contact_answering("friends_and_family", answer);
        contact.ward = ward.parse().unwrap();
        for _ in 0..people {
            self.insert(&contact, on, arrived);
        }
    }

    fn insert(&mut self, contact: &Contact, on: &str, arrived: &str) {
        let fact = fact_of(contact, date(on).into(), date(arrived).into(), self.facts.vocabulary()).unwrap();
        self.facts.insert(fact);
    }

    fn plan(&self, as_of: &str) -> Result<Plan, PlanError> {
        let ground = Ground {
            facts: &self.facts,
            directory: &self.trust.world.directory,
            calendar: &self.trust.world.calendar,
            final_after_days: 7,
            released: &self.released,
            published_elsewhere: &self.elsewhere,
        };
        plan(&ground, Rhythm::Months, date(as_of))
    }

    /// Plans and releases; what is new of the friends and family test.
    fn release(&mut self, as_of: &str) -> Vec<String> {
        let plan = self.plan(as_of).unwrap();
        let is_test = |release: &&Release| release.subject == Subject::FriendsAndFamily;
        let said = plan.releases.iter().filter(is_test).map(|release| {
            let parts: Vec<String> =
                release.parts.iter().map(|part| format!("{} {}", part.name, part.people)).collect();
            format!("{} {}: {}", release.period, release.unit, parts.join(", "))
        });
        let said = said.collect();
        self.released.extend(plan.releases);
        said
    }
}

#[test]
fn a_small_ward_is_not_worked_out_from_departments_and_sites() {
    let mut place = Place::new();
    place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 30);
    place.answer("W1", "2026-10-05", "2026-10-05", "poor", 8);
    place.answer("W2", "2026-10-06", "2026-10-06", "good", 12);
    place.answer("W3", "2026-10-07", "2026-10-07", "good", 3);
    assert_eq!(place.release("2026-11-06"), [] as [&str; 0], "October is not final yet");
    // W3 is all of site S2, and with W1 the department of medicine: S1 would leave the three, and so would W1.
    assert_eq!(
        place.release("2026-11-07"),
        [
            "2026-10 trust:T1: very_good 30, good 15, neither 0, poor 8, very_poor 0, dont_know 0",
            "2026-10 department:medicine: positive 33, neither 0, negative 8",
            "2026-10 department:surgery: positive 12, neither 0, negative 0",
            "2026-10 ward:W2: positive 12, neither 0, negative 0",
        ],
        "the three good answers of W3 are not told apart from very good ones"
    );
    assert_eq!(place.release("2026-11-08"), [] as [&str; 0], "what was released stands");
    assert!(place.plan("2026-11-08").unwrap().standing > 0);
}

/// One of 20 withdraws after October was released: what was said stands, nothing of October is told again in any other way, and November is.
#[test]
fn a_withdrawal_ends_no_releases_and_nothing_more_is_told_of_whom_it_was_among() {
    let mut place = Place::new();
    place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 20);
    place.answer("W2", "2026-10-06", "2026-10-06", "good", 12);
    assert!(!place.release("2026-11-07").is_empty());
    let standing = place.plan("2026-11-19").unwrap().standing;
    let of_w1 = place.facts.days(date("2026-10-05"), date("2026-10-05")).next().copied().unwrap();
    place.facts.withdraw(&of_w1, date("2026-11-20").into());
    let plan = place.plan("2026-11-21").unwrap();
    assert_eq!((plan.releases.len(), plan.standing), (0, standing));
    place.answer("W1", "2026-10-07", "2026-11-22", "poor", 9);
    place.answer("W2", "2026-11-09", "2026-11-09", "good", 20);
    let later = place.release("2026-12-08");
    assert!(!later.is_empty() && later.iter().all(|said| said.starts_with("2026-11 ")), "{later:?}");
    // What was withdrawn before it could be told is not among what is told, and closes nothing.
    let of_w2 = place.facts.days(date("2026-11-09"), date("2026-11-09")).next().copied().unwrap();
    place.facts.withdraw(&of_w2, date("2026-12-01").into());
    place.released.retain(|release| !release.period.starts_with("2026-11"));
    let again = place.release("2026-12-08");
    assert!(again.iter().any(|said| said.contains("19")), "{again:?}");
}

#[test]
fn late_answers_are_told_of_once_they_are_six() {
    let mut place = Place::new();
    place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 20);
    let first = place.release("2026-11-07");
    assert_eq!(first.len(), 4, "trust, site, department and ward are the same people: {first:?}");
    place.answer("W1", "2026-10-06", "2026-11-10", "very_good", 5);
    assert_eq!(place.release("2026-11-10"), [] as [&str; 0]);
    place.answer("W1", "2026-10-06", "2026-11-11", "very_good", 1);
    let again = place.release("2026-11-11");
    assert_eq!(again.len(), 4);
    assert!(again.first().unwrap().contains("very_good 26"), "{again:?}");
}

#[test]
fn months_make_half_years_where_a_month_is_too_small() {
    let mut place = Place::new();
    for month in ["2026-07-10", "2026-08-10", "2026-09-10", "2026-10-10", "2026-11-10", "2026-12-10"] {
        place.answer("W1", month, month, "very_good", 4);
    }
    let found = place.release("2027-01-07");
    let half_years = found.iter().filter(|said| said.starts_with("2026-H2")).count();
    assert_eq!((found.len(), half_years), (4, 4), "{found:?}");
}

#[test]
fn what_was_published_nationally_is_known_to_everybody() {
    let mut place = Place::new();
    place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 20);
    place.answer("W1", "2026-10-06", "2026-11-09", "very_good", 2);
    let ward = Circle::of_wards([0], date("2026-10-01").into(), date("2026-10-31").into());
    place.elsewhere = vec![Told { circle: ward.as_of(date("2026-11-08").into()), step: 3, counts: None }];
    assert_eq!(place.release("2026-11-10"), [] as [&str; 0], "two came after the return was sent");
    assert!(!place.release("2026-11-08").is_empty());
}

#[test]
fn scored_questions_are_planned_too_and_people_who_did_not_answer_are_no_cell() {
    let mut place = Place::new();
    let question: QuestionId = "kindness".parse().unwrap();
    for person in 0..20 {
        let mut contact = place.trust.contact();
        if person < 3 {
            contact.response.as_mut().unwrap().answers.insert(question.clone(), Answer::Declined);
        }
        place.insert(&contact, "2026-10-05", "2026-10-05");
    }
    let plan = place.plan("2026-11-07").unwrap();
    let kindness = plan.releases.iter().find(
        |release| matches!(&release.subject, Subject::Question { question: asked, .. } if *asked == question),
    );
    assert_eq!(kindness.unwrap().people(), 17);
    let asked: std::collections::BTreeSet<String> =
        plan.releases.iter().map(|release| release.subject.to_string()).collect();
    assert!(asked.len() > 10, "{asked:?}");
}

#[test]
fn nothing_is_released_while_an_earlier_release_cannot_be_found_again() {
    let mut place = Place::new();
    place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 20);
    place.release("2026-11-07");
    let whole = place.facts.clone();
    place.facts = Facts::new(Arc::clone(&place.trust.world.vocabulary));
    place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 19);
    let error = place.plan("2026-11-08").unwrap_err();
    assert!(matches!(error, PlanError::Changed { .. }), "{error}");
    assert!(error.to_string().contains("was released as [20, 0"), "{error}");
    place.facts = whole;
    place.released.first_mut().unwrap().wards = vec!["W9".parse().unwrap()];
    let error = place.plan("2026-11-08").unwrap_err();
    assert!(matches!(error, PlanError::Forgotten { .. }), "{error}");
}

#[test]
fn versions_of_a_questionnaire_are_one_subject() {
    let first = Questionnaire::inpatient().unwrap();
    let mut file = first.file().clone();
    file.version = 2;
    let second = Questionnaire::try_from(file).unwrap();
    let directory = crate::directory::example();
    let one = Vocabulary::new(&directory, std::slice::from_ref(&first)).unwrap();
    let both = Vocabulary::new(&directory, &[first, second]).unwrap();
    let subjects = |vocabulary: &Vocabulary| -> Vec<Subject> {
        questions(vocabulary).into_iter().map(|question| question.subject).collect()
    };
    assert_eq!(subjects(&one), subjects(&both));
    let kind = questions(&both).into_iter().find(|question| question.text.contains("kind")).unwrap();
    assert_eq!(kind.best_said, "said “Yes, always”");
    assert!(kind.ladder.steps().iter().flat_map(|step| &step.parts).any(|part| part.name == "best"));
    let always: OptionId = "always".parse().unwrap();
    assert!(kind.ladder.steps().last().unwrap().parts.iter().any(|part| part.name == always.as_str()));
}

#[test]
fn an_option_more_in_a_new_version_stops_no_release() {
    for worth in [7_500, 12_000] {
        let mut place = Place::new();
        place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 20);
        place.release("2026-11-07");
        let released = place.released.len() as u64;
        let first = Questionnaire::inpatient().unwrap();
        let mut file = first.file().clone();
        file.version += 1;
        let dignity = file.questions.iter_mut().find(|question| question.id.as_str() == "dignity").unwrap();
        let mut more = dignity.options.first().unwrap().clone();
        more.id = "mostly".parse().unwrap();
        more.score = wardvoice_protocol::questionnaire::OptionScore::Milli(worth);
        dignity.options.push(more);
        let second = Questionnaire::try_from(file).unwrap();
        let both = Vocabulary::new(&place.trust.world.directory, &[first, second]).unwrap();
        place.facts = Facts::new(Arc::new(both));
        place.answer("W1", "2026-10-05", "2026-10-05", "very_good", 20);
        let plan = place.plan("2026-11-08").unwrap();
        assert_eq!((plan.releases.len(), plan.standing), (0, released), "{worth}");
        // The display finds the people of what was released before.
        let questions = questions(place.facts.vocabulary());
        for release in &place.released {
            let question = questions.iter().find(|question| question.subject == release.subject).unwrap();
            assert_eq!(question.people_of(release, "everybody"), Some(release.people()));
        }
    }
}
