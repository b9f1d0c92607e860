#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use super::*;
use crate::actions::{Cause, NewAction};
use crate::facts::fact_of;
use crate::ingest::testing::Trust;

const NOW: &str = "2026-11-25T10:00:00Z";

struct Desk {
    trust: Trust,
    boards: Boards,
}

fn desk() -> Desk {
    let trust = Trust::new(1);
    let world = &trust.world;
    let (vocabulary, calendar) = (Arc::clone(&world.vocabulary), world.calendar.clone());
    let scoring = ScoringWorld::inpatient(world.directory.clone(), calendar.clone(), vocabulary, 7).unwrap();
    let questionnaire = world.questionnaires.first().unwrap();
    let key = SigningKey::from_bytes(&[5; 32]);
    let directory = world.directory.clone();
    let folder = tempfile::tempdir().unwrap();
    let actions = Arc::new(Actions::open(folder.path().join("actions.ndjson")).unwrap());
    let boards = Boards::new(directory, actions, calendar, questionnaire, Arc::new(scoring), trust.facts(), key);
    Desk { trust, boards }
}

impl Desk {
    /// So many people of an age band answered on a day.
    fn answered(&self, day: &str, age: &str, count: usize) {
        let contact = self.trust.contact_answering("age", age);
        self.met(day, &contact, count);
    }

    fn met(&self, day: &str, contact: &wardvoice_protocol::contact::Contact, count: usize) {
        let day = day.parse::<Date>().unwrap().into();
        let fact = fact_of(contact, day, day, &self.trust.world.vocabulary).unwrap();
        let mut facts = self.boards.facts.write().unwrap();
        (0..count).for_each(|_| facts.insert(fact));
    }

    fn board(&self) -> Board {
        let ward = self.boards.directory.wards().first().unwrap();
        self.boards.board(ward, NOW.parse().unwrap()).unwrap()
    }

    fn few(&self) -> Vec<String> {
        self.board().few.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn a_board_says_how_far_the_fortnight_is() {
    let desk = desk();
    desk.answered("2026-11-23", "51-65", 3);
    desk.answered("2026-11-22", "51-65", 7);
    for (outcome, count) in [(Outcome::Asleep, 2), (Outcome::AlreadyAsked, 5)] {
        let contact = wardvoice_protocol::contact::Contact { outcome, response: None, ..desk.trust.contact() };
        desk.met("2026-11-24", &contact, count);
    }
    let board = desk.board();
    assert_eq!(board.fortnight, "2026-F24");
    assert_eq!(
        (board.first_day.to_string(), board.last_day.to_string()),
        ("2026-11-23".into(), "2026-12-06".into())
    );
    assert_eq!((board.completed, board.contacts), (3, 5), "the seven are of the fortnight before");
    assert_eq!(board.target, desk.boards.scoring.plan(board.first_day).quota(0));
    assert_eq!(
        board.bays.iter().map(|bay| bay.beds.len()).sum::<usize>(),
        28,
        "no bays are named: beds by number"
    );
    assert_eq!(board.consultants.len(), 1);
}

#[test]
fn bands_that_lag_are_named_and_never_counted() {
    let desk = desk();
    for (age, count) in [("16-35", 2), ("51-65", 20), ("66-80", 40), ("81plus", 38)] {
        desk.answered("2026-10-20", age, count);
    }
    desk.answered("2026-11-23", "66-80", 9);
    assert!(desk.few().is_empty(), "nine answers say nothing about a mix");
    desk.answered("2026-11-24", "81plus", 1);
    assert_eq!(desk.few(), ["51-65", "81plus"]);
    desk.answered("2026-11-24", "81plus", 5);
    assert_eq!(desk.few(), ["51-65"]);
    let json = serde_json::to_string(&desk.board()).unwrap();
    assert!(!json.contains("66-80"), "{json}");
}

#[test]
fn a_share_is_few_below_half_of_what_it_was() {
    let check = |now: &[u64], past: &[u64], expected: &[usize]| assert_eq!(few_of(now, past), expected);
    check(&[], &[], &[]);
    check(&[5, 5], &[50, 50], &[]);
    check(&[2, 8], &[50, 50], &[0]);
    check(&[25, 75], &[50, 50], &[]);
    check(&[24, 76], &[50, 50], &[0]);
    check(&[0, 20], &[9, 91], &[]);
    check(&[0, 20], &[10, 90], &[0]);
    check(&[0, 20], &[15, 14], &[]);
}

#[test]
fn what_did_not_change_is_not_said_again() {
    let desk = desk();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(desk.boards.everything(at(NOW)).len(), 3);
    assert!(desk.boards.changed(None, at("2026-11-25T10:05:00Z")).is_empty());
    desk.answered("2026-11-24", "81plus", 1);
    let wards = BTreeSet::from([crate::ingest::testing::ward()]);
    let messages = desk.boards.changed(Some(&wards), at("2026-11-25T10:06:00Z"));
    let [message] = &messages[..] else { panic!("{} messages", messages.len()) };
    let key = SigningKey::from_bytes(&[5; 32]).verifying_key();
    let board: Board = signed::verify(&message.payload, &message.topic, &key).unwrap();
    assert_eq!((board.completed, board.issued), (1, at("2026-11-25T10:06:00Z")));
    assert!(message.retain);
    assert_eq!(desk.boards.changed(None, at("2026-12-07T00:01:00Z")).len(), 3, "a fortnight begins");
}

#[test]
fn what_a_ward_changed_is_on_its_board_and_on_no_others() {
    let desk = desk();
    assert_eq!(desk.board().changes, []);
    let today = "2026-11-25".parse().unwrap();
    let ward = desk.board().ward;
    let action = |said: &str| NewAction {
        unit: Unit::Ward(ward.clone()),
        said: said.to_owned(),
        did: "We changed it.".to_owned(),
        owner: None,
        about: None,
        due: None,
        cause: Cause::default(),
    };
    for number in 1..=12 {
        desk.boards.actions.add(action(&format!("Number {number}.")), today).unwrap();
        if number > 1 {
            desk.boards.actions.finish(number, today).unwrap();
        }
    }
    let changed = desk.boards.changed(None, NOW.parse().unwrap());
    assert_eq!(changed.len(), 3, "nothing had been said yet");
    let said: Vec<String> = desk.board().changes.into_iter().map(|change| change.said).collect();
    assert_eq!(
        (said.len(), said.first().unwrap().as_str()),
        (10, "Number 12."),
        "the latest ten; what is open is not a change"
    );
    desk.boards.actions.reopen(12).unwrap();
    let changed = desk.boards.changed(None, NOW.parse().unwrap());
    assert_eq!(changed.len(), 1, "the others have nothing new to say");
}

#[test]
fn what_a_department_or_the_trust_changed_is_on_the_boards_of_all_its_wards() {
    let desk = desk();
    let today = "2026-11-25".parse().unwrap();
    desk.boards.changed(None, NOW.parse().unwrap());
    let change = |unit: Unit, said: &str| {
        let action = NewAction {
            unit,
            said: said.to_owned(),
            did: "We changed it.".to_owned(),
            owner: None,
            about: None,
            due: None,
            cause: Cause::default(),
        };
        let number = desk.boards.actions.add(action, today).unwrap().number;
        desk.boards.actions.finish(number, today).unwrap();
        desk.boards.changed(None, NOW.parse().unwrap()).len()
    };
    let directory = &desk.boards.directory;
    let own = directory.ward(&desk.board().ward).unwrap().department.clone();
    let wards = directory.wards().iter().filter(|ward| ward.department == own).count();
    assert_eq!(change(Unit::Department(own), "Tea is cold."), wards);
    assert_eq!(change(Unit::Trust(directory.file().trust.id.clone()), "Parking."), directory.wards().len());
    let said: Vec<String> = desk.board().changes.into_iter().map(|change| change.said).collect();
    assert_eq!(said.len(), 2, "{said:?}");
}
