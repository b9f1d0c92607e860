#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::sync::Barrier;
use std::sync::mpsc;

use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::receipt::Reason;
use wardvoice_protocol::record::{Body, HelpRequest, Need, Record};

use super::*;
use crate::ingest::testing::{NOW, Trust, cleaning, clock, ward};
use crate::log::{Log, Seen};
use crate::rebuild::{self, Origin};

struct Running {
    folder: tempfile::TempDir,
    pipeline: Pipeline<usize>,
    facts: Arc<RwLock<Facts>>,
    told: mpsc::Receiver<(KioskId, Vec<Verdict>, Vec<usize>)>,
    changes: broadcast::Receiver<Change>,
}

fn run(trust: &Trust) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path()).unwrap();
    let (tell, told) = mpsc::channel();
    let (sender, changes) = broadcast::channel(1_024);
    let receipts: TellKiosk<usize> =
        Box::new(move |kiosk, verdicts, tokens| tell.send((kiosk, verdicts, tokens)).unwrap());
    let facts = trust.facts();
    let sinks = Sinks { receipts, changes: sender, metrics: Arc::default(), help: Arc::default() };
    let pipeline = Pipeline::start(log, Arc::clone(&trust.world), Arc::clone(&facts), sinks).unwrap();
    Running { folder, pipeline, facts, told, changes }
}

#[test]
fn five_racing_copies_of_200_are_200_records_and_all_accepted() {
    let mut trust = Trust::new(1);
    let mut tablets: Vec<_> = (0..4).map(|number| trust.tablet(&format!("k-{number}"))).collect();
    let records: Vec<Arrival> = tablets.iter_mut().flat_map(|tablet| trust.contacts(tablet, 50)).collect();
    let mut running = run(&trust);
    let start = Barrier::new(5);
    std::thread::scope(|scope| {
        for copy in 0..5 {
            let (pipeline, records, start) = (&running.pipeline, &records, &start);
            scope.spawn(move || {
                start.wait();
                for (number, arrival) in records.iter().enumerate() {
                    pipeline.submit(vec![Unacked::new(arrival.clone(), copy * 1_000 + number)]).unwrap();
                }
            });
        }
    });
    let (mut verdicts, mut tokens) = (Vec::new(), Vec::new());
    while verdicts.len() < 1_000 {
        let (kiosk, some, acks) = running.told.recv_timeout(Duration::from_mins(1)).unwrap();
        assert_eq!(some.len(), acks.len());
        assert!(kiosk.as_str().starts_with("k-"));
        verdicts.extend(some);
        tokens.extend(acks);
    }
    assert!(verdicts.iter().all(|verdict| verdict.decision == Decision::Accepted));
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 1_000, "every message is let go of once");
    assert_eq!(running.facts.read().unwrap().len(), 200);
    assert_eq!(running.pipeline.reader().position(), 200);
    let mut last = 0;
    while let Ok(change) = running.changes.try_recv() {
        assert_eq!(change.wards, [ward()]);
        assert!(change.position > last);
        last = change.position;
    }
    assert_eq!(last, 200);
    let log = running.pipeline.stop().unwrap();
    assert_eq!(log.end().position, 200);
    let (loaded, origin) = rebuild::load(running.folder.path(), &log.reader(), &trust.world).unwrap();
    assert_eq!(origin, Origin::Snapshot { position: 200, after: 0 });
    assert_eq!(loaded.digest(), running.facts.read().unwrap().digest());
    assert_eq!(rebuild::rebuild(&log.reader(), &trust.world).unwrap().digest(), loaded.digest());
    assert!(running.pipeline.submit(vec![]).is_ok() && running.pipeline.settle(records).is_err());
}

#[test]
fn a_snapshot_of_another_past_or_a_damaged_one_is_not_believed() {
    let mut trust = Trust::new(2);
    let mut tablet = trust.tablet("k-1");
    let running = run(&trust);
    running.pipeline.settle(trust.contacts(&mut tablet, 30)).unwrap();
    let log = running.pipeline.stop().unwrap();
    let (directory, reader) = (running.folder.path(), log.reader());
    let path = directory.join("facts.snapshot");
    let good = std::fs::read(&path).unwrap();
    let origin = || rebuild::load(directory, &reader, &trust.world).map(|(facts, origin)| (facts.len(), origin));
    assert_eq!(origin().unwrap(), (30, Origin::Snapshot { position: 30, after: 0 }));
    let facts = running.facts.read().unwrap();
    let mut end = log.end();
    end.running = wardvoice_protocol::id::Hash::of(b"another past");
    rebuild::save_snapshot(directory, &facts, end).unwrap();
    assert_eq!(origin().unwrap(), (30, Origin::Log));
    for place in [0, 9, 20, 50, 60, good.len() - 1] {
        let mut bad = good.clone();
        *bad.get_mut(place).unwrap() ^= 4;
        std::fs::write(&path, bad).unwrap();
        assert_eq!(origin().unwrap(), (30, Origin::Log), "byte {place}");
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(origin().unwrap(), (30, Origin::Log));
}

#[test]
fn what_comes_after_a_snapshot_is_read_from_the_log() {
    let mut trust = Trust::new(3);
    let mut tablet = trust.tablet("k-1");
    let running = run(&trust);
    running.pipeline.settle(trust.contacts(&mut tablet, 30)).unwrap();
    let log = running.pipeline.stop().unwrap();
    let mut writer = Writer::new(log);
    for arrival in trust.contacts(&mut tablet, 12) {
        writer.decide(crate::ingest::judge(arrival, &trust.world)).unwrap();
    }
    writer.commit().unwrap();
    let loaded = rebuild::load(running.folder.path(), &writer.reader(), &trust.world).unwrap();
    assert_eq!((loaded.0.len(), loaded.1), (42, Origin::Snapshot { position: 30, after: 12 }));
}

#[test]
fn bad_messages_are_refused_and_the_rest_goes_on() {
    let mut trust = Trust::new(4);
    let mut tablet = trust.tablet("k-1");
    let running = run(&trust);
    let mut arrivals = trust.contacts(&mut tablet, 10);
    arrivals.insert(3, Arrival { payload: b"rubbish".to_vec(), ..arrivals.first().unwrap().clone() });
    let bad = trust.seal_bytes(&mut tablet, b"{}");
    arrivals.push(bad);
    arrivals.extend(trust.contacts(&mut tablet, 5));
    let verdicts = running.pipeline.settle(arrivals).unwrap();
    let refused: Vec<_> = verdicts
        .iter()
        .enumerate()
        .filter_map(|(number, verdict)| match &verdict.decision {
            Decision::Refused(refusal) => Some((number, refusal.reason, refusal.kept)),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [(3, Reason::Unreadable, true), (11, Reason::InvalidRecord, true)]);
    assert_eq!(running.pipeline.reader().position(), 15);
    assert_eq!(running.pipeline.reader().quarantined().unwrap(), 2);
}

#[test]
fn the_quarantine_is_replayed_when_the_world_has_learnt() {
    let mut trust = Trust::new(5);
    let mut tablet = trust.stranger("k-1");
    let running = run(&trust);
    let sent = trust.contacts(&mut tablet, 3);
    running.pipeline.settle(sent).unwrap();
    let key = tablet.key.verifying_key();
    trust.world.registry.add(&tablet.id, &ward(), key, &trust.world.directory).unwrap();
    let published = DayNumber::from(jiff::civil::Date::constant(2026, 11, 23));
    let today = jiff::civil::Date::constant(2026, 12, 24);
    let replayed = running.pipeline.replay(&[1, 2, 3, 99], today).unwrap();
    let accepted = replayed.iter().filter(|(_, verdict)| verdict.decision == Decision::Accepted).count();
    assert_eq!((replayed.len(), accepted), (3, 3));
    assert_eq!(running.facts.read().unwrap().len(), 3);
    assert_eq!(running.pipeline.reader().quarantined().unwrap(), 0);
    // They are of the day they were received on, and came when they were taken in: what was published meanwhile stands.
    let facts = running.facts.read().unwrap();
    let day = published.date().unwrap();
    let rows: Vec<_> = facts.days(day, day).collect();
    assert!(rows.len() == 3 && rows.iter().all(|row| row.arrival_day() == DayNumber::from(today)), "{rows:?}");
    let stored = running.pipeline.reader().record(1).unwrap().unwrap();
    assert_eq!((stored.day, stored.arrival_day), (day, today));
    assert_eq!(stored.received, NOW.parse().unwrap());
}

#[test]
fn while_still_nothing_is_under_way() {
    let mut trust = Trust::new(6);
    let mut tablet = trust.tablet("k-1");
    let running = run(&trust);
    let sent = trust.contacts(&mut tablet, 200);
    let reader = running.pipeline.reader();
    std::thread::scope(|scope| {
        let pipeline = &running.pipeline;
        scope.spawn(move || {
            for (number, arrival) in sent.into_iter().enumerate() {
                pipeline.submit(vec![Unacked::new(arrival, number)]).unwrap();
            }
        });
        for _ in 0..20 {
            let (reader, facts) = (reader.clone(), Arc::clone(&running.facts));
            let seen = pipeline.while_still(move || (reader.position(), facts.read().unwrap().len())).unwrap();
            assert_eq!(seen.0, seen.1 as u64);
        }
    });
}

#[test]
fn an_acknowledgement_goes_through_the_one_writer() {
    let mut trust = Trust::new(8);
    let mut tablet = trust.tablet("k-1");
    let running = run(&trust);
    let asked = Record {
        clock: clock("2026-11-23T11:45:00Z"),
        body: Body::HelpRequest(HelpRequest { ward: ward(), need: Need::Pain, place: None }),
    };
    let sent = trust.seal(&mut tablet, &asked);
    let record = Envelope::read(&sent.payload).unwrap().record();
    let seen = |by: &str| Seen { at: "2026-11-23T12:00:00Z".parse().unwrap(), by: by.to_owned() };
    assert_eq!(running.pipeline.acknowledge(record, seen("office")), Ok(None), "it has not come yet");
    running.pipeline.settle(vec![sent]).unwrap();
    std::thread::scope(|scope| {
        let acknowledge = || running.pipeline.acknowledge(record, seen("office")).unwrap().unwrap();
        let racing: Vec<_> = (0..4).map(|_| scope.spawn(acknowledge)).collect();
        let first = racing.into_iter().map(|one| one.join().unwrap()).filter(|(_, new)| *new).count();
        assert_eq!(first, 1, "one of them is the first");
    });
    let log = running.pipeline.stop().unwrap();
    assert_eq!(log.reader().seen(&record).unwrap(), Some(seen("office")));
}

#[test]
fn after_a_failed_flush_nothing_is_told_and_nothing_taken() {
    let scenario = fail::FailScenario::setup();
    let mut trust = Trust::new(7);
    let mut tablet = trust.tablet("k-1");
    let running = run(&trust);
    running.pipeline.settle(vec![trust.seal(&mut tablet, &cleaning())]).unwrap();
    fail::cfg("log.flush_fails", "return").unwrap();
    let lost = trust.seal(&mut tablet, &cleaning());
    assert!(running.pipeline.settle(vec![lost.clone()]).is_err());
    fail::remove("log.flush_fails");
    let reason = running.pipeline.stopped().unwrap();
    assert!(reason.contains("flush"), "{reason}");
    assert!(running.pipeline.submit(vec![Unacked::new(lost.clone(), 1)]).is_err());
    assert!(running.told.try_recv().is_err());
    assert!(running.pipeline.reader().poisoned().is_some());
    assert!(running.pipeline.stop().is_err());
    // A new start takes it, whether or not the failed flush had reached the disk.
    let folder = running.folder;
    drop(running.pipeline);
    let mut writer = Writer::new(Log::open(folder.path()).unwrap());
    let verdict = writer.decide(crate::ingest::judge(lost, &trust.world)).unwrap().verdict;
    assert!(verdict.decision.settles());
    writer.commit().unwrap();
    assert_eq!(writer.reader().position(), 2);
    scenario.teardown();
}
