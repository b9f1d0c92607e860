#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::sync::Arc;

use super::*;
use crate::ingest::testing::{Trust, cleaning};
use crate::ingest::{Judged, Writer, judge};
use crate::log::Log;
use crate::scoring::FINAL_AFTER_DAYS;

struct Scene {
    _folder: tempfile::TempDir,
    trust: Trust,
    writer: Writer,
    scoring: ScoringWorld,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::new(Log::open(folder.path()).unwrap());
        let trust = Trust::new(seed);
        let world = &trust.world;
        let scoring = ScoringWorld::inpatient(
            world.directory.clone(),
            world.calendar.clone(),
            Arc::clone(&world.vocabulary),
            FINAL_AFTER_DAYS,
        );
        let scoring = scoring.unwrap();
        Self { _folder: folder, trust, writer, scoring }
    }

    fn decide(&mut self, judged: Judged) {
        self.writer.decide(judged).unwrap();
        self.writer.commit().unwrap();
    }

    fn contacts(&mut self, name: &str, count: usize) {
        let mut tablet = self.trust.tablet(name);
        for arrival in self.trust.contacts(&mut tablet, count) {
            let judged = judge(arrival, &self.trust.world);
            self.writer.decide(judged).unwrap();
        }
        self.writer.commit().unwrap();
    }

    fn verify(&self, live: &Facts, deep: bool) -> VerifyReport {
        let today = "2026-11-23".parse().unwrap();
        verify(&self.writer.reader(), &self.trust.world, &self.scoring, live, &Rulings::default(), today, deep)
            .unwrap()
    }

    fn facts(&self) -> Facts {
        rebuild::rebuild(&self.writer.reader(), &self.trust.world).unwrap()
    }
}

#[test]
fn a_log_that_is_whole_is_proved() {
    let mut scene = Scene::new(1);
    scene.contacts("k-1", 40);
    scene.contacts("k-2", 25);
    let mut tablet = scene.trust.tablet("k-3");
    let bad = scene.trust.seal_bytes(&mut tablet, b"{}");
    let good = scene.trust.seal(&mut tablet, &cleaning());
    for arrival in [bad, good] {
        let judged = judge(arrival, &scene.trust.world);
        scene.decide(judged);
    }
    for deep in [false, true] {
        let report = scene.verify(&scene.facts(), deep);
        assert!(report.is_proved(), "{:?}", report.told);
        assert_eq!((report.records, report.envelopes_checked, report.quarantined), (66, 66, 1));
        assert_eq!((report.facts.live, report.facts.rebuilt), (65, 65));
        assert!(report.scores.compared > 5 && report.scores.different.is_empty());
        let third = report.kiosks.iter().find(|report| report.kiosk.as_str() == "k-3").unwrap();
        assert_eq!((third.highest, third.stored, third.refused), (2, 1, 1));
        assert_eq!(third.head, tablet.head.hash, "a kiosk that has lost everything goes on from it");
    }
    // A key that has been replaced since was right then.
    let new = wardvoice_protocol::keys::SigningKey::from_bytes(&[9; 32]).verifying_key();
    scene.trust.world.registry.replace_key(&KioskId::new("k-1").unwrap(), new).unwrap();
    let report = scene.verify(&scene.facts(), true);
    assert!(report.is_proved(), "{:?}", report.told);
}

#[test]
fn a_gap_is_named() {
    let mut scene = Scene::new(2);
    let mut tablet = scene.trust.tablet("k-1");
    let sent = scene.trust.contacts(&mut tablet, 9);
    for arrival in [1, 2, 5, 9].map(|number: usize| sent.get(number - 1).unwrap().clone()) {
        let judged = judge(arrival, &scene.trust.world);
        scene.decide(judged);
    }
    let report = scene.verify(&scene.facts(), true);
    assert!(report.sound && !report.complete && !report.is_proved(), "{:?}", report.told);
    let gaps = &report.kiosks.first().unwrap().gaps;
    assert_eq!(*gaps, [Gap { first: 3, last: 4 }, Gap { first: 6, last: 8 }]);
}

#[test]
fn what_does_not_follow_from_the_log_is_told() {
    let check = |seed: u64, deep: bool, tamper: &dyn Fn(&mut Judged), expected: &str| {
        let mut scene = Scene::new(seed);
        scene.contacts("k-0", 3);
        let mut tablet = scene.trust.tablet("k-1");
        let arrivals = scene.trust.contacts(&mut tablet, 3);
        for (number, arrival) in arrivals.into_iter().enumerate() {
            let mut judged = judge(arrival, &scene.trust.world);
            if number == 1 {
                tamper(&mut judged);
            }
            scene.writer.decide(judged).unwrap();
        }
        scene.writer.commit().unwrap();
        let report = scene.verify(&scene.facts(), deep);
        assert!(!report.sound, "{expected}");
        assert!(report.told.iter().any(|fault| fault.contains(expected)), "{:?}", report.told);
    };
    let opened = |judged: &mut Judged, change: &dyn Fn(&mut crate::ingest::Opened)| {
        change(judged.outcome.as_mut().unwrap());
    };
    check(
        3,
        true,
        &|judged| opened(judged, &|opened| opened.json = serde_json::to_vec(&cleaning()).unwrap()),
        "is not what its envelope holds",
    );
    check(
        4,
        true,
        &|judged| {
            opened(judged, &|opened| {
                opened.day = wardvoice_protocol::fortnight::DayNumber::from_count(opened.day.count() - 1);
            });
        },
        "another day",
    );
    check(5, false, &|judged| judged.envelope = Hash::of(b"x"), "is not the one in its envelope");
    check(6, false, &|judged| opened(judged, &|opened| opened.envelope.truncate(40)), "the envelope 5");
}

#[test]
fn facts_and_scores_in_use_must_follow_from_the_log() {
    let mut scene = Scene::new(7);
    scene.contacts("k-1", 12);
    let mut live = scene.facts();
    let one_more = *live.days(jiff::civil::Date::MIN, jiff::civil::Date::MAX).next().unwrap();
    live.insert(one_more);
    let report = scene.verify(&live, false);
    assert!(!report.sound);
    assert_eq!((report.facts.live, report.facts.rebuilt), (13, 12));
    assert!(!report.scores.different.is_empty());
}
