#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use wardvoice_protocol::contact::{Answer, Comment, Contact};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::envelope::{ChainHead, Envelope};
use wardvoice_protocol::id::{Hash, QuestionId};
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::status::{Health, Status};

use super::*;
use crate::comments::CommentId;
use crate::config::{Config, ConfigFile};
use crate::directory;
use crate::facts::Facts;
use crate::fleet::Fleet;
use crate::ingest::Arrival;
use crate::ingest::testing::{Tablet, Trust, cleaning, contact_record, ward};
use crate::operations::heard::Heard;
use crate::operations::{import, verified};
use crate::premises::Premises;
use crate::scoring::{Live, revision, score};

pub(in crate::operations) const WORDS: &str = "what nobody is to read again";

/// A data folder with a house in it and a kiosk.
pub(in crate::operations) struct Scene {
    pub(in crate::operations) folder: tempfile::TempDir,
    trust: Trust,
    tablet: Tablet,
    pub(in crate::operations) house: House,
}

fn open(folder: &Path) -> House {
    let config = Config::try_from(ConfigFile::default()).unwrap();
    let premises = Premises::open(folder, config).unwrap();
    House::open(premises, Box::new(|_, _, _| ()), Arc::new(Fleet::new()), Arc::default()).unwrap()
}

impl Scene {
    pub(in crate::operations) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("directory.json"), directory::example_file()).unwrap();
        let house = open(folder.path());
        let key = SigningKey::from_bytes(&[7; 32]);
        let premises = &house.premises;
        let tablet = Tablet {
            id: "k-1".parse().unwrap(),
            seal_key: premises.keys.seal_key().clone(),
            head: ChainHead::EMPTY,
            key,
        };
        let public = tablet.key.verifying_key();
        premises.registry.add(&tablet.id, &ward(), public, &premises.directory).unwrap();
        Self { folder, trust: Trust::new(seed), tablet, house }
    }

    /// A contact that says something, if that is wanted.
    fn contact(&self, said: Option<&str>) -> Contact {
        let mut contact = self.trust.contact();
        if let Some(said) = said {
            let answers = &mut contact.response.as_mut().unwrap().answers;
            answers.insert(asked(), Answer::Said(Comment::new(said).unwrap()));
        }
        contact
    }

    /// Sends a contact and gives the record and what arrived.
    pub(in crate::operations) fn sends(&mut self, said: Option<&str>) -> (RecordId, Arrival) {
        let record = contact_record(self.contact(said));
        let arrival = self.trust.seal(&mut self.tablet, &record);
        self.house.pipeline.settle(vec![arrival.clone()]).unwrap();
        (Envelope::read(&arrival.payload).unwrap().record(), arrival)
    }

    /// The same in a record that somebody has the code of.
    fn sends_with(&mut self, code: WithdrawalCode, said: &str) -> (RecordId, Arrival) {
        let id = RecordId::new(1_795_428_000_000, code.randomness().unwrap());
        let record = contact_record(self.contact(Some(said)));
        let arrival = self.trust.seal_as(&mut self.tablet, id, &serde_json::to_vec(&record).unwrap());
        self.house.pipeline.settle(vec![arrival.clone()]).unwrap();
        (id, arrival)
    }

    /// Another kiosk sends a contact that has waited on it for so many days.
    pub(in crate::operations) fn another_sends(&mut self, number: u8, waited_days: i64) {
        let key = SigningKey::from_bytes(&[number; 32]);
        let id = format!("k-{number}").parse().unwrap();
        let seal_key = self.tablet.seal_key.clone();
        let mut tablet = Tablet { id, key, seal_key, head: ChainHead::EMPTY };
        let premises = &self.house.premises;
        premises.registry.add(&tablet.id, &ward(), tablet.key.verifying_key(), &premises.directory).unwrap();
        let record = contact_record(self.contact(None));
        let mut arrival = self.trust.seal(&mut tablet, &record);
        arrival.received += SignedDuration::from_hours(24 * waited_days);
        let verdicts = self.house.pipeline.settle(vec![arrival]).unwrap();
        assert_eq!(verdicts.first().unwrap().decision, Decision::Accepted);
    }

    pub(in crate::operations) fn export(&self) -> String {
        let mut bytes = Vec::new();
        transfer::export(&self.house.reader(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    pub(in crate::operations) fn reopen(self) -> Self {
        let Self { folder, trust, tablet, house } = self;
        house.close().unwrap();
        let house = open(folder.path());
        Self { folder, trust, tablet, house }
    }

    /// Everything follows from the log, and so many contacts are left.
    pub(in crate::operations) fn is_proved_with(&self, contacts: u64, forgotten: u64) {
        for deep in [false, true] {
            let report = verified(&self.house, deep).unwrap();
            assert!(report.is_proved(), "{:?}", report.told);
            assert_eq!((report.facts.live, report.forgotten), (contacts, forgotten));
        }
    }
}

pub(in crate::operations) fn asked() -> QuestionId {
    "better".parse().unwrap()
}

#[test]
fn what_was_withdrawn_is_nowhere_and_the_chain_is_still_proved() {
    let mut scene = Scene::new(1);
    scene.sends(None);
    let (record, arrival) = scene.sends(Some(WORDS));
    scene.sends(Some("what stays"));
    let comment = CommentId::new(record, asked());
    assert_eq!(scene.house.comments.one(&comment).unwrap().0.text, WORDS);
    assert!(scene.export().contains(WORDS));
    scene.is_proved_with(3, 0);

    let gone = withdrawn(&scene.house, record).unwrap();
    assert_eq!((gone.record, gone.ward), (record, ward()));
    scene.is_proved_with(2, 1);
    assert!(scene.house.comments.one(&comment).is_err(), "the comment is still there");
    let export = scene.export();
    assert!(!export.contains(WORDS) && export.contains("what stays"), "{export}");
    let tombstone = export.lines().last().unwrap();
    assert!(tombstone.contains("forgotten") && tombstone.contains(&record.to_string()), "{tombstone}");
    assert!(!scene.folder.path().join("log/facts.snapshot").exists(), "the snapshot still has its row");

    // A kiosk that never heard of the first receipt sends it again: it stays forgotten.
    let again = scene.house.pipeline.settle(vec![arrival]).unwrap();
    assert_eq!(again.first().unwrap().decision, Decision::Duplicate);
    scene.is_proved_with(2, 1);

    // Over a restart, from the snapshot and from the log alone.
    scene.sends(None);
    let scene = scene.reopen();
    scene.is_proved_with(3, 1);
    fs::remove_file(scene.folder.path().join("log/facts.snapshot")).unwrap();
    let scene = scene.reopen();
    scene.is_proved_with(3, 1);
    let said = withdrawn(&scene.house, record).unwrap_err().to_string();
    assert!(said.contains("nothing is left of it already"), "{said}");
}

#[test]
fn a_score_is_made_without_it_and_has_a_revision_more() {
    let mut scene = Scene::new(2);
    for _ in 0..3 {
        scene.sends(None);
    }
    let (record, _) = scene.sends(Some(WORDS));
    let day: Date = "2026-11-23".parse().unwrap();
    let period = Period::Fortnight(scene.house.world.calendar.fortnight_of(day).unwrap());
    let unit = Unit::Ward(ward());
    // After the fortnight of the contacts has been final for a while.
    let today: Date = "2099-03-01".parse().unwrap();
    let mut live = Live::default();
    let mut sheets = |house: &House| {
        let facts = house.facts.read().unwrap();
        let standing = live.sheet(&facts, &house.scoring, &period, &unit, today).unwrap();
        let anew = score(&facts, &house.scoring, &period, &unit, today).unwrap();
        assert_eq!(serde_json::to_vec(&standing).unwrap(), serde_json::to_vec(&anew).unwrap());
        anew.responses
    };
    assert_eq!(sheets(&scene.house), 4);
    withdrawn(&scene.house, record).unwrap();
    assert_eq!(sheets(&scene.house), 3);
    // As many as before, and still others.
    scene.sends(None);
    assert_eq!(sheets(&scene.house), 4);

    // Withdrawn when the fortnight was final already: from that day on its scores say so.
    let mut facts = scene.house.facts.read().unwrap().clone();
    let on: Date = "2099-02-01".parse().unwrap();
    let revisions =
        |facts: &Facts| [on.yesterday().unwrap(), on, today].map(|day| revision(facts, &period, day, 7));
    let before = revisions(&facts);
    let row = *facts.days(day, day).next().unwrap();
    facts.withdraw(&row, on.into());
    let [yesterday, then, now] = before;
    assert_eq!(revisions(&facts), [yesterday, then + 1, now + 1]);
}

#[test]
fn what_cannot_be_withdrawn_is_said_and_changes_nothing() {
    let mut scene = Scene::new(3);
    let wiped = scene.trust.seal(&mut scene.tablet, &cleaning());
    scene.house.pipeline.settle(vec![wiped.clone()]).unwrap();
    let wiped = Envelope::read(&wiped.payload).unwrap().record();
    let said = withdrawn(&scene.house, wiped).unwrap_err().to_string();
    assert!(said.contains("holds no answers"), "{said}");
    let unknown = RecordId::new(1_795_428_000_000, [9; 10]);
    let said = withdrawn(&scene.house, unknown).unwrap_err().to_string();
    assert!(said.contains("there is none in the log"), "{said}");
    scene.is_proved_with(0, 0);
}

#[test]
fn nothing_of_it_is_in_the_file_of_a_log_that_was_written_anew() {
    let mut scene = Scene::new(4);
    scene.sends(None);
    let (record, _) = scene.sends(Some(WORDS));
    scene.sends(Some("what stays"));
    withdrawn(&scene.house, record).unwrap();
    let export = scene.export();
    let Scene { folder, trust, tablet, house } = scene;
    house.close().unwrap();
    let log = folder.path().join("log");
    let holds = |words: &str| {
        let bytes = fs::read(log.join("store/db")).unwrap();
        bytes.windows(words.len()).any(|some| some == words.as_bytes())
    };
    assert!(holds("what stays"));
    let rewrote = crate::log::rewrite(&log).unwrap();
    assert_eq!(rewrote.records, 3);
    assert!(holds("what stays") && !holds(WORDS));
    let house = open(folder.path());
    let scene = Scene { folder, trust, tablet, house };
    assert_eq!(scene.export(), export, "it is the same log");
    scene.is_proved_with(2, 1);
}

/// What is said instead of a record.
fn not_found(house: &House, code: WithdrawalCode) -> String {
    of_code(house, code).unwrap_err().to_string()
}

#[test]
fn a_code_finds_its_record_and_no_other() {
    let mut scene = Scene::new(5);
    let [code, other] = [[7; 7], [8; 7]].map(WithdrawalCode::from_random);
    scene.sends(None);
    let (record, arrival) = scene.sends_with(code, WORDS);
    scene.sends_with(other, "what stays");
    assert_eq!(of_code(&scene.house, code).unwrap(), record);
    withdrawn(&scene.house, record).unwrap();
    scene.is_proved_with(2, 1);
    let export = scene.export();
    assert!(!export.contains(WORDS) && export.contains("what stays"), "{export}");
    // A code that was used finds what is left, over restarts too, and its copy that comes late stays forgotten.
    let scene = scene.reopen();
    assert_eq!(of_code(&scene.house, code).unwrap(), record);
    let again = scene.house.pipeline.settle(vec![arrival]).unwrap();
    assert_eq!(again.first().unwrap().decision, Decision::Duplicate);
    let said = withdrawn(&scene.house, record).unwrap_err().to_string();
    assert!(said.contains("nothing is left of it already"), "{said}");
}

#[test]
fn a_code_that_finds_nothing_says_where_the_answer_may_be() {
    let mut scene = Scene::new(6);
    let code = WithdrawalCode::from_random([7; 7]);
    let said = not_found(&scene.house, code);
    assert!(said.contains("may not have arrived yet: 1 of 1 kiosks are not connected now"), "{said}");
    let says = |scene: &Scene, waiting: u64| {
        let health = Health {
            software: "0".to_owned(),
            waiting,
            last_sequence: waiting,
            clock_offset_s: None,
            assignment: None,
            tablet: None,
            questionnaire: None,
        };
        let status = Status { version: 1, kiosk: "k-1".parse().unwrap(), presence: Presence::Online(health) };
        scene.house.fleet.status(&status, Timestamp::now());
    };
    says(&scene, 3);
    let said = not_found(&scene.house, code);
    assert!(said.contains("some wait on k-1") && !said.contains("not connected"), "{said}");
    says(&scene, 0);
    let said = not_found(&scene.house, code);
    assert!(said.contains("no kiosk has anything left to send"), "{said}");

    // What came and could not be counted is in no figure, and is found where it is.
    let id = RecordId::new(1_795_428_000_000, code.randomness().unwrap());
    let arrival = scene.trust.seal_as(&mut scene.tablet, id, b"{}");
    scene.house.pipeline.settle(vec![arrival]).unwrap();
    let said = not_found(&scene.house, code);
    assert!(
        said.contains("from kiosk k-1 and could not be counted") && said.contains("quarantine replay"),
        "{said}"
    );
}

#[test]
fn two_answers_with_one_code_are_both_left_alone() {
    let mut scene = Scene::new(7);
    let code = WithdrawalCode::from_random([7; 7]);
    scene.sends_with(code, "one");
    // Of another hour, so that the ids are two.
    let id = RecordId::new(1_795_431_600_000, code.randomness().unwrap());
    let record = contact_record(scene.contact(Some("another")));
    let arrival = scene.trust.seal_as(&mut scene.tablet, id, &serde_json::to_vec(&record).unwrap());
    scene.house.pipeline.settle(vec![arrival]).unwrap();
    let said = not_found(&scene.house, code);
    assert!(said.contains("two have it"), "{said}");
    scene.is_proved_with(2, 0);
}

/// Whoever restores, with the lines of a list.
struct Reading(Heard, VecDeque<String>);

impl Talk for Reading {
    fn item(&mut self, json: &str) -> Result<()> {
        self.0.item(json)
    }

    fn progress(&mut self, _: &str, _: u64, _: u64) {}

    fn next_line(&mut self) -> Result<Option<String>> {
        Ok(self.1.pop_front())
    }
}

/// Imports lines, and says how many records were deleted by them.
fn imports(house: &House, lines: &[String]) -> u64 {
    let mut talk = Reading(Heard::default(), lines.iter().cloned().collect());
    assert!(import(house, &mut talk).unwrap());
    talk.0.0.first().unwrap().pointer("/forgotten").unwrap().as_u64().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A backup from before has the answer still, and whoever restores it must not have to remember.
#[test]
fn what_was_withdrawn_after_a_backup_is_deleted_again_by_the_list_that_lies_beside_it() {
    let mut scene = Scene::new(9);
    let (record, _) = scene.sends(Some(WORDS));
    let (stays, _) = scene.sends(Some("what stays"));
    let Scene { folder, house, .. } = scene;
    house.close().unwrap();
    let older = tempfile::tempdir().unwrap();
    copy(folder.path(), older.path());

    let house = open(folder.path());
    let listed = |house: &House| {
        let mut heard = Heard::default();
        assert!(withdraw(house, &WithdrawAsk::List, &mut heard).unwrap());
        heard.0.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(listed(&house).is_empty());
    withdrawn(&house, record).unwrap();
    let list = listed(&house);
    assert_eq!(list.len(), 1, "{list:?}");
    assert!(list.concat().contains(&record.to_string()) && !list.concat().contains(WORDS), "{list:?}");
    house.close().unwrap();

    let house = open(older.path());
    let words = |house: &House, record| house.comments.one(&CommentId::new(record, asked())).is_ok();
    assert!(words(&house, record), "the backup is from before");
    // Nothing but the very record: not another one of its id, nor one that was only reduced there.
    let hash = house.reader().row(1, |row| Ok(row.envelope.to_string())).unwrap().unwrap();
    let other = list.concat().replace(&hash, &Hash::of(b"another").to_string());
    let reduced = list.concat().replacen('{', "{\"record\":{},", 1);
    assert!(other != list.concat() && !other.contains(&hash), "{other}");
    assert_eq!(imports(&house, &[other, reduced]), 0);
    assert!(words(&house, record));

    assert_eq!(imports(&house, &[list.clone(), list.clone()].concat()), 1, "twice the same is once");
    assert!(!words(&house, record) && words(&house, stays));
    assert_eq!(imports(&house, &list), 0, "a second time changes nothing");
    let report = verified(&house, true).unwrap();
    assert!(report.is_proved() && (report.facts.live, report.forgotten) == (1, 1), "{:?}", report.told);
    let audit = fs::read_to_string(older.path().join("audit.ndjson")).unwrap();
    assert_eq!(audit.matches(&format!("record:{record}")).count(), 1, "{audit}");
}
