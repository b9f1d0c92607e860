#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;
use std::sync::Arc;

use wardvoice_protocol::contact::Attribution;
use wardvoice_protocol::keys::SigningKey;

use super::*;
use crate::ingest::testing::{NOW, Trust, contact_record};
use crate::ingest::{Writer, judge};
use crate::log::Log;
use crate::rebuild;
use crate::scoring::ScoringWorld;

/// A log of patients, five of C1 and two of nobody.
struct Scene {
    folder: tempfile::TempDir,
    trust: Trust,
    writer: Writer,
}

fn consultant() -> ConsultantId {
    "C1".parse().unwrap()
}

fn today() -> Date {
    "2026-11-23".parse().unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::new(Log::open(&folder.path().join("log")).unwrap());
        let mut scene = Self { folder, trust: Trust::new(11), writer };
        scene.patients(Some(AttributionSource::Roster), 5);
        scene.patients(None, 2);
        scene
    }

    fn patients(&mut self, source: Option<AttributionSource>, many: usize) {
        self.patients_who(source, "yes", many);
    }

    /// So many patients, who know the consultant or not.
    fn patients_who(&mut self, source: Option<AttributionSource>, knows: &str, many: usize) {
        let mut tablet = self.trust.tablet(&format!("k-{many}-{}", self.writer.reader().position()));
        let mut contact = self.trust.contact_answering("consultant", knows);
        contact.attribution = source.map(|source| Attribution { consultant: consultant(), source });
        for _ in 0..many {
            let arrival = self.trust.seal(&mut tablet, &contact_record(contact.clone()));
            self.writer.decide(judge(arrival, &self.trust.world)).unwrap();
        }
        self.writer.commit().unwrap();
    }

    fn attributed(&self, key: u8) -> Attributed {
        let key = SigningKey::from_bytes(&[key; 32]);
        Attributed::new(self.writer.reader(), Arc::clone(&self.trust.world), &key)
    }

    fn disputes(&self) -> Disputes {
        Disputes::open(self.folder.path().join("disputes.ndjson")).unwrap()
    }

    fn rulings(&self) -> Rulings {
        self.disputes().rulings(&self.writer.reader(), &self.trust.world).unwrap()
    }
}

fn contacts(attributed: &Attributed) -> Vec<AttributedContact> {
    contacts_of(attributed, &consultant())
}

fn contacts_of(attributed: &Attributed, consultant: &ConsultantId) -> Vec<AttributedContact> {
    let world = Trust::new(11).world;
    let (directory, calendar) = (world.directory.clone(), world.calendar.clone());
    let scoring = ScoringWorld::inpatient(directory, calendar, Arc::clone(&world.vocabulary), 7).unwrap();
    let period = scoring.calendar().period(&format!("{}..{}", first_day(), today())).unwrap();
    attributed.of(consultant, &period, &scoring, today()).unwrap()
}

#[test]
fn handles_name_a_contact_and_tell_nothing_of_it() {
    let mut scene = Scene::new();
    let attributed = scene.attributed(1);
    let found = contacts(&attributed);
    assert_eq!(found.len(), 5, "those of nobody are nobody's");
    let shown: Vec<_> = found.iter().map(|contact| contact.handle.to_string()).collect();
    assert_eq!(shown, contacts(&scene.attributed(1)).iter().map(|c| c.handle.to_string()).collect::<Vec<_>>());
    assert!(shown.is_sorted(), "in no order but their own");
    for contact in &found {
        let handle = contact.handle.to_string();
        assert_eq!(handle.parse::<Handle>().unwrap(), contact.handle);
        assert!(!contact.record.to_string().replace('-', "").contains(contact.handle.short()));
        assert_eq!((contact.fortnight.as_str(), contact.ward.as_str()), ("2026-F24", "W1"));
    }
    let other = contacts(&scene.attributed(2));
    assert!(
        other.iter().all(|contact| !shown.contains(&contact.handle.to_string())),
        "another key, other handles"
    );
    // What comes later is there as well.
    scene.patients(Some(AttributionSource::Volunteer), 1);
    let later = contacts(&attributed);
    assert_eq!(later.iter().filter(|contact| contact.source == AttributionSource::Volunteer).count(), 1);
    let elsewhere: ConsultantId = "C2".parse().unwrap();
    assert!(contacts_of(&attributed, &elsewhere).is_empty(), "another's contact cannot be named");
    assert!("0123".parse::<Handle>().is_err());
}

/// What can be disputed is what the figures count.
#[test]
fn what_does_not_count_for_the_consultant_is_not_there_to_be_disputed() {
    let mut scene = Scene::new();
    for source in [AttributionSource::Roster, AttributionSource::Patient, AttributionSource::Volunteer] {
        scene.patients_who(Some(source), "no", 1);
        scene.patients_who(Some(source), "yes", 1);
    }
    let found = contacts(&scene.attributed(1));
    let of = |source| found.iter().filter(|contact| contact.source == source).count();
    let counts = [AttributionSource::Roster, AttributionSource::Patient, AttributionSource::Volunteer].map(of);
    assert_eq!(counts, [5 + 2, 1, 1]);
}

#[test]
fn what_is_upheld_follows_into_the_facts_after_every_restart() {
    let scene = Scene::new();
    let contacts = contacts(&scene.attributed(1));
    let [first, second, ..] = contacts.as_slice() else { panic!("too few") };
    let disputes = scene.disputes();
    let one = disputes.dispute(first, " on leave ", today(), now()).unwrap();
    let two = disputes.dispute(second, "not my patient", today(), now()).unwrap();
    assert_eq!((one.number, one.reason.as_str(), two.number), (1, "on leave", 2));
    assert!(scene.rulings().is_empty(), "an open dispute changes nothing");
    disputes.rule(1, Ruling::Upheld, "the rota says so", today(), now()).unwrap();
    disputes.rule(2, Ruling::Declined, "", today(), now()).unwrap();
    let again = scene.disputes();
    assert_eq!(again.list(), disputes.list());
    assert_eq!(again.counts(&consultant()), DisputeCounts { open: 0, upheld: 1, declined: 1 });
    let rulings = scene.rulings();
    assert_eq!(rulings.len(), 1);
    // Facts made anew from the log, and one attribution fewer.
    let mut facts = rebuild::rebuild(&scene.writer.reader(), &scene.trust.world).unwrap();
    facts.set_rulings(rulings);
    let mut dropped = facts.dropped(DayNumber::from(today()).count());
    let first = facts.days(first_day(), today()).find(|fact| fact.consultant_index().is_some()).unwrap();
    assert!(dropped.take(first) && !dropped.take(first), "one, and no other that is alike");
}

fn first_day() -> Date {
    "2026-06-01".parse().unwrap()
}

#[test]
fn a_contact_is_disputed_once_and_ruled_on_once() {
    let scene = Scene::new();
    let contacts = contacts(&scene.attributed(1));
    let contact = contacts.first().unwrap();
    let disputes = scene.disputes();
    let check = |result: Result<Dispute, DisputesError>, says: &str| {
        let said = result.unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    };
    check(disputes.dispute(contact, "  ", today(), now()), "the reason must have 1 to 300 characters");
    check(disputes.dispute(contact, "two\nlines", today(), now()), "no line breaks");
    check(disputes.rule(1, Ruling::Upheld, "", today(), now()), "none of that number");
    disputes.dispute(contact, "on leave", today(), now()).unwrap();
    check(disputes.dispute(contact, "again", today(), now()), "it was disputed before, as number 1");
    disputes.rule(1, Ruling::Declined, "", today(), now()).unwrap();
    check(disputes.rule(1, Ruling::Upheld, "", today(), now()), "it was declined already");
    check(disputes.dispute(contact, "again", today(), now()), "it was disputed before");
    assert!(disputes.list().first().unwrap().is_about(contact));
}

#[test]
fn nobody_is_told_which_record_it_was_and_a_damaged_file_is_an_error() {
    let scene = Scene::new();
    let contacts = contacts(&scene.attributed(1));
    let contact = contacts.first().unwrap();
    let disputes = scene.disputes();
    let dispute = disputes.dispute(contact, "on leave", today(), now()).unwrap();
    let told = serde_json::to_string(&dispute).unwrap();
    assert!(!told.contains(&contact.record.to_string()) && !told.contains("record"), "{told}");
    let path = scene.folder.path().join("disputes.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{{}}\n")).unwrap();
    let said = Disputes::open(&path).unwrap_err().to_string();
    assert!(said.contains("line 2") && said.contains("backup"), "{said}");
}

#[test]
fn all_of_six_months_are_disputed_and_ruled_on_at_once() {
    let scene = Scene::new();
    let contacts = contacts(&scene.attributed(1));
    let disputes = scene.disputes();
    let [first, ..] = contacts.as_slice() else { panic!("there are none") };
    let one = disputes.dispute(first, "on leave", today(), now()).unwrap();
    let (consultant, calendar) = (consultant(), &scene.trust.world.calendar);
    let window = calendar.period("6m-2026-12-06").unwrap();
    let ward = first.ward.clone();
    let nowhere: WardId = "W9".parse().unwrap();
    let all = |ward| AllOf { consultant: &consultant, window: &window, ward };
    let dispute = |ward| disputes.dispute_all(all(ward), &contacts, "nobody of mine", today(), now());
    assert_eq!(dispute(Some(&nowhere)).unwrap().contacts, 0, "whoever disputes does not learn that there is none");
    let whole = dispute(None).unwrap();
    assert_eq!((whole.number, whole.contacts, whole.ward.clone()), (3, 4, None), "one is disputed already");
    assert!(contacts.iter().all(|contact| whole.is_about(contact) != one.is_about(contact)));
    assert!(matches!(dispute(None), Err(DisputesError::Twice(3))));
    assert_eq!(dispute(Some(&ward)).unwrap().contacts, 0, "they are all disputed");
    disputes.rule(3, Ruling::Upheld, "", today(), now()).unwrap();
    assert_eq!(scene.disputes().list(), disputes.list());
    assert_eq!(scene.rulings().len(), 4);
    assert_eq!(scene.disputes().not_theirs(&consultant).len(), 4);
}

/// Lines as they were written before all of six months could be disputed.
#[test]
fn disputes_of_before_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disputes.ndjson");
    let opened = r#"{"version":1,"at":"2026-11-20T12:00:00Z","event":{"what":"opened","record":"01a207d9-2100-7707-8707-070707070707","consultant":"C1","ward":"W1","fortnight":"2026-F23","source":"roster","reason":"on leave","on":"2026-11-20"}}"#;
    let ruled = r#"{"version":1,"at":"2026-11-21T12:00:00Z","event":{"what":"ruled","number":1,"ruling":"upheld","on":"2026-11-21","note":null}}"#;
    fs::write(&path, format!("{opened}\n{ruled}\n")).unwrap();
    let disputes = Disputes::open(&path).unwrap();
    let found = disputes.get(1).unwrap();
    assert_eq!((found.fortnight.as_deref(), found.contacts, found.window), (Some("2026-F23"), 1, None));
    assert_eq!(disputes.counts(&consultant()), DisputeCounts { open: 0, upheld: 1, declined: 0 });
    assert_eq!(disputes.not_theirs(&consultant()).len(), 1);
}
