#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::receipt::Reason;
use wardvoice_protocol::record::{Body, HelpRequest, Need};

use super::*;
use crate::ingest::testing::{NOW, cleaning, clock, ward};

/// Appends so many records of one kiosk in one batch; the envelopes are made up.
fn append(log: &mut Log, count: u64, bytes: usize) {
    append_json(log, count, bytes, &serde_json::to_vec(&cleaning()).unwrap());
}

/// The same with something of one's own inside.
fn append_json(log: &mut Log, count: u64, bytes: usize, json: &[u8]) {
    let mut batch = log.begin();
    for _ in 0..count {
        let sequence = batch.head(log, &kiosk()).highest + 1;
        let mut random = [7; 10];
        random[..8].copy_from_slice(&sequence.to_le_bytes());
        let envelope = Hash::of(&sequence.to_le_bytes());
        let row = OpenedRow {
            position: 0,
            kiosk: "k-1",
            sequence,
            record_id: RecordId::new(1_795_428_000_000, random),
            envelope,
            received: NOW.parse().unwrap(),
            day: DayNumber::from_count(20_780),
            arrival_day: DayNumber::from_count(20_780),
            evidence: DayEvidence {
                method: DayMethod::Wall,
                claimed: "2026-11-23T11:30:00Z".parse().unwrap(),
                held_to_arrival: false,
            },
            json,
        };
        let mut kept = vec![1, 0];
        kept.extend((0..bytes).map(|place| u8::try_from((place as u64 + sequence) % 251).unwrap()));
        let new = NewRecord { kiosk: &kiosk(), row, envelope: &kept, waits_for: None, asks_for_help: false };
        batch.append(log, new).unwrap();
    }
    log.commit(batch).unwrap();
}

fn kiosk() -> KioskId {
    KioskId::new("k-1").unwrap()
}

fn refusal(text: &str) -> NewRefusal {
    NewRefusal {
        kiosk: kiosk(),
        received: NOW.parse().unwrap(),
        reason: Reason::Unreadable,
        detail: "not an envelope".to_owned(),
        envelope: Hash::of(text.as_bytes()),
        record: None,
        sequence: None,
        payload: text.as_bytes().to_vec(),
    }
}

fn positions(log: &Log) -> Vec<u64> {
    log.reader().records(1).unwrap().map(|record| record.unwrap().position).collect()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn rows_of_every_size_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    let sizes = [0, 1, 100, 5_990, 5_994, 5_995, 6_000, 11_999, 40_000, 3];
    for size in sizes {
        append(&mut log, 1, size);
    }
    append(&mut log, 40, 900);
    for round in 0..2 {
        let reader = log.reader();
        for (position, size) in (1..).zip(sizes) {
            let envelope = reader.envelope(position).unwrap().unwrap();
            assert_eq!(envelope.len(), size, "position {position}, round {round}");
            let expected = |place: u64| u8::try_from((place + position) % 251).unwrap();
            assert!(envelope.iter().zip(0..).all(|(byte, place)| *byte == expected(place)));
        }
        assert_eq!(positions(&log), (1..=50).collect::<Vec<_>>());
        assert_eq!(reader.record(51).unwrap(), None);
        assert_eq!(reader.records(17).unwrap().count(), 34);
        let mut seen = Vec::new();
        reader
            .each_envelope::<LogError>(7..=23, |position, _| {
                seen.push(position);
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, (7..=23).collect::<Vec<_>>());
        assert!(reader.each_row::<LogError>(48..=51, |_| Ok(())).is_err(), "a missing record is an error");
        drop(reader);
        drop(log);
        log = Log::open(folder.path()).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path().join("store/blobs")).unwrap().count(), 0, "sled does not fsync blobs");
}

#[test]
fn what_was_committed_is_there_after_a_kill_at_any_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    for round in 1..=12 {
        append(&mut log, round * 3, 700);
        let mut batch = log.begin();
        batch.quarantine(&log, refusal(&format!("rubbish {round}"))).unwrap();
        log.commit(batch).unwrap();
        // What a killed process leaves behind is what the files hold at that moment.
        let image = tempfile::tempdir().unwrap();
        copy_folder(folder.path(), image.path());
        let again = Log::open(image.path()).unwrap();
        assert_eq!(again.end(), log.end());
        assert_eq!(positions(&again), (1..=log.end().position).collect::<Vec<_>>());
        assert_eq!(again.reader().quarantined().unwrap(), round);
        assert_eq!(again.head(&kiosk()), log.head(&kiosk()));
    }
}

#[test]
fn a_kill_or_a_full_disk_while_the_store_was_opening_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    append(&mut log, 5, 100);
    let end = log.end();
    drop(log);
    for unfinished in ["", "half a snapshot"] {
        fs::write(folder.path().join("store/snap.00000000FFFFFFFF.generating"), unfinished).unwrap();
        assert_eq!(Log::open(folder.path()).unwrap().end(), end);
    }
}

#[test]
fn a_batch_that_was_not_committed_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    append(&mut log, 5, 100);
    let before = log.end();
    let mut batch = log.begin();
    batch.quarantine(&log, refusal("rubbish")).unwrap();
    drop(batch);
    assert_eq!(log.end(), before);
    append(&mut log, 5, 100);
    assert_eq!(positions(&log), (1..=10).collect::<Vec<_>>());
    assert_eq!(log.reader().quarantined().unwrap(), 0);
}

/// Makes a log of 300 records in a folder, harms it and opens it again. What a salvage puts beside the log is in the folder too.
fn harmed(folder: &Path, harm: impl FnOnce(&Path)) -> (PathBuf, Result<Log, LogError>) {
    let data = folder.join("log");
    let mut log = Log::open(&data).unwrap();
    for _ in 0..30 {
        append(&mut log, 10, 900);
    }
    drop(log);
    harm(&data);
    let opened = Log::open(&data);
    (data, opened)
}

fn truncate(folder: &Path, length: u64) {
    let file = OpenOptions::new().write(true).open(folder.join("store/db")).unwrap();
    file.set_len(length).unwrap();
}

#[test]
fn a_store_that_is_empty_shortened_or_gone_is_an_error_with_a_way_back() {
    let check = |name: &str, harm: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        let (data, opened) = harmed(folder.path(), harm);
        let error = opened.err().unwrap_or_else(|| panic!("{name} was opened"));
        assert!(error.is_damage(), "{name}: {error}");
        assert!(error.to_string().contains("salvage") || !error.to_string().starts_with("open"), "{error}");
        let salvaged = salvage(&data).unwrap();
        assert!(salvaged.damaged.starts_with(folder.path()) && salvaged.damaged.exists(), "{name}");
        let log = Log::open(&data).unwrap();
        assert_eq!(log.end().position, salvaged.records, "{name}");
    };
    check("an emptied file", &|folder| truncate(folder, 0));
    check("half a file", &|folder| truncate(folder, 400_000));
    check("no store", &|folder| fs::remove_dir_all(folder.join("store")).unwrap());
    check("no database file", &|folder| fs::remove_file(folder.join("store/db")).unwrap());
    check("no marker", &|folder| fs::remove_file(folder.join("marker")).unwrap());
    check("a marker of zeros", &|folder| fs::write(folder.join("marker"), [0; 1024]).unwrap());
}

/// What a program from before there were requests writes, and what one writes that was put back for a while.
#[test]
fn requests_that_an_older_program_stored_are_found_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    let body = Body::HelpRequest(HelpRequest { ward: ward(), need: Need::Talk, place: None });
    let request = serde_json::to_vec(&Record { clock: clock("2026-11-23T11:30:00Z"), body }).unwrap();
    append(&mut log, 3, 50);
    append_json(&mut log, 1, 50, &request);
    append(&mut log, 3, 50);
    assert!(log.reader().requests().unwrap().is_empty(), "as the older program left it");
    // An older program's counts end before the place up to which there are keys.
    let older = |meta: &Meta| {
        let mut bytes = meta.encode();
        bytes.truncate(bytes.len() - 8);
        bytes
    };
    assert_eq!(Meta::decode(&older(&log.meta)), Some(Meta { requests_to: 0, ..log.meta }));
    let mut writes = Writes::default();
    writes.put(keys::META, &older(&log.meta));
    log.shared.store.apply(writes).unwrap();
    drop(log);
    let log = Log::open(folder.path()).unwrap();
    let found = log.reader().requests().unwrap();
    assert_eq!(found.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [4]);
    assert_eq!(log.reader().record(4).unwrap().unwrap().record_id, found[0].1);
    assert_eq!((log.end().position, log.meta.requests_to), (7, 7));
    let commits = log.meta.commits;
    drop(log);
    assert_eq!(Log::open(folder.path()).unwrap().meta.commits, commits, "it is looked for once");
}

#[test]
fn a_log_without_its_marker_is_salvaged_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("log");
    let (mut trust, mut sent) = (crate::ingest::testing::Trust::new(1), Vec::new());
    let mut writer = crate::ingest::Writer::new(Log::open(&data).unwrap());
    for name in ["k-1", "k-2"] {
        let mut tablet = trust.tablet(name);
        sent.extend(trust.contacts(&mut tablet, 20));
        sent.push(trust.seal_bytes(&mut tablet, b"{}"));
        sent.extend(trust.contacts(&mut tablet, 5));
    }
    for arrival in &sent {
        writer.decide(crate::ingest::judge(arrival.clone(), &trust.world)).unwrap();
    }
    writer.commit().unwrap();
    let before: Vec<_> = writer.reader().records(1).unwrap().map(Result::unwrap).collect();
    let heads = writer.reader().heads().unwrap();
    drop(writer);
    fs::remove_file(data.join("marker")).unwrap();
    assert!(Log::open(&data).is_err());
    let salvaged = salvage(&data).unwrap();
    assert_eq!((salvaged.records, salvaged.quarantined, salvaged.stopped_at), (50, 2, None));
    let log = Log::open(&data).unwrap();
    let after: Vec<_> = log.reader().records(1).unwrap().map(Result::unwrap).collect();
    assert_eq!(after, before);
    assert_eq!(log.reader().heads().unwrap(), heads);
    // What comes again is known, refused or not.
    let mut writer = crate::ingest::Writer::new(log);
    for arrival in sent {
        let decided = writer.decide(crate::ingest::judge(arrival, &trust.world)).unwrap();
        assert!(decided.stored.is_none());
    }
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    for _ in 0..30 {
        append(&mut log, 10, 900);
    }
    let expected: Vec<StoredRecord> = log.reader().records(1).unwrap().map(Result::unwrap).collect();
    drop(log);
    let length = fs::metadata(folder.path().join("store/db")).unwrap().len();
    let mut found = 0;
    for number in 0..24 {
        let image = tempfile::tempdir().unwrap();
        copy_folder(folder.path(), image.path());
        let file = OpenOptions::new().read(true).write(true).open(image.path().join("store/db")).unwrap();
        let place = length * number / 24 + 137;
        let mut byte = [0];
        file.read_exact_at(&mut byte, place).unwrap();
        file.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
        let Ok(log) = Log::open(image.path()) else {
            found += 1;
            continue;
        };
        let read: Result<Vec<StoredRecord>, LogError> = log.reader().records(1).and_then(Iterator::collect);
        match read {
            Ok(read) => {
                assert_eq!(read.len(), expected.len(), "a flip at {place} lost records silently");
                assert!(read == expected, "a flip at {place} changed a record silently");
            }
            Err(_) => found += 1,
        }
        // sled may panic while it is dropped; that is after everything was said.
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(log)));
        drop(dropped);
    }
    assert!(found > 0, "every flip was where nothing stands: nothing was tried");
}

#[test]
fn a_failed_flush_poisons_the_log_until_it_is_opened_again() {
    let scenario = fail::FailScenario::setup();
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    append(&mut log, 5, 100);
    fail::cfg("log.flush_fails", "return").unwrap();
    let mut batch = log.begin();
    batch.quarantine(&log, refusal("rubbish")).unwrap();
    assert!(matches!(log.commit(batch), Err(LogError::Store(_))));
    fail::remove("log.flush_fails");
    let mut batch = log.begin();
    batch.quarantine(&log, refusal("more")).unwrap();
    assert!(matches!(log.commit(batch), Err(LogError::Poisoned(_))), "it does not carry on hoping");
    assert!(log.reader().poisoned().unwrap().contains("flush"));
    assert_eq!(log.reader().position(), 5, "reading goes on");
    drop(log);
    let mut log = Log::open(folder.path()).unwrap();
    append(&mut log, 5, 100);
    assert_eq!(positions(&log), (1..=10).collect::<Vec<_>>());
    scenario.teardown();
}

#[test]
fn a_log_that_is_open_cannot_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path()).unwrap();
    assert!(matches!(Log::open(folder.path()), Err(LogError::InUse(_))));
    drop(log);
    Log::open(folder.path()).unwrap();
}

#[test]
fn the_marker_follows_a_store_that_got_further() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    append(&mut log, 5, 100);
    let behind = fs::read(folder.path().join("marker")).unwrap();
    append(&mut log, 5, 100);
    let end = log.end();
    drop(log);
    fs::write(folder.path().join("marker"), &behind).unwrap();
    assert_eq!(Log::open(folder.path()).unwrap().end(), end);
    let marker = fs::read(folder.path().join("marker")).unwrap();
    assert_ne!(marker, behind);
    // A store from another past does not fit the marker even when it is long enough.
    let mut other = marker;
    let commits = other[8..16].to_vec();
    other[512..520].copy_from_slice(b"spoiled!");
    other[24..56].fill(7);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&other[..56]);
    other[56..60].copy_from_slice(&sum.finalize().to_le_bytes());
    assert_eq!(commits.len(), 8);
    fs::write(folder.path().join("marker"), &other).unwrap();
    assert!(matches!(Log::open(folder.path()), Err(LogError::Inconsistent { .. })));
}

/// The place that sled's newest note of where everything is reaches to, from its file's name.
fn noted(folder: &Path) -> String {
    let names = fs::read_dir(folder.join("store")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with("snap."));
    names.max().unwrap_or_default()
}

#[test]
fn a_store_that_has_grown_notes_where_everything_is_while_it_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    append(&mut log, 300, 5_000);
    let (reader, before) = (log.reader(), noted(folder.path()));
    log.note_places(1 << 40).unwrap();
    assert_eq!(noted(folder.path()), before, "it has not grown by that much");

    let mut under_way = reader.records(1).unwrap();
    assert_eq!(under_way.next().unwrap().unwrap().position, 1);
    log.note_places(1).unwrap();
    assert_eq!(noted(folder.path()), before, "somebody is reading");
    assert_eq!(
        under_way.map(|record| record.unwrap().position).collect::<Vec<_>>(),
        (2..=300).collect::<Vec<_>>()
    );

    log.note_places(1).unwrap();
    let after = noted(folder.path());
    assert!(after > before, "{after} is not beyond {before}");
    assert_eq!(reader.records(1).unwrap().count(), 300, "a reader from before goes on");
    append(&mut log, 10, 100);
    log.note_places(1 << 40).unwrap();
    assert_eq!(noted(folder.path()), after);
    let end = log.end();
    drop((log, reader));
    assert_eq!(Log::open(folder.path()).unwrap().end(), end);
}

#[test]
fn a_log_that_cannot_be_copied_whole_stays_as_it_is() {
    const WORDS: &[u8] = b"what nobody is to read again";
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("log");
    let holds = |directory: &Path| {
        let bytes = fs::read(directory.join("store/db")).unwrap();
        bytes.windows(WORDS.len()).any(|some| some == WORDS)
    };
    let mut log = Log::open(&directory).unwrap();
    append_json(&mut log, 1, 10, WORDS);
    drop(log);
    assert!(holds(&directory));
    // An envelope that is none cannot be copied.
    let refused = rewrite(&directory).unwrap_err().to_string();
    assert!(refused.contains("record 1"), "{refused}");
    assert!(holds(&directory), "a log that cannot be copied stays as it is");
}

#[test]
fn forks_are_counted_with_every_change_and_once_where_a_program_from_before_did_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(folder.path()).unwrap();
    let counted = |log: &Log| {
        let source = log.reader().sources().unwrap().get(&kiosk()).copied().unwrap();
        let newest = log.reader().last_fork(&kiosk(), &source).unwrap();
        (source.entries, source.forked, newest.map(|entry| entry.number))
    };
    let mut batch = log.begin();
    for (text, reason) in [("1", Reason::ForkedChain), ("2", Reason::Unreadable), ("3", Reason::ForkedChain)] {
        batch.quarantine(&log, NewRefusal { reason, ..refusal(text) }).unwrap().unwrap();
    }
    log.commit(batch).unwrap();
    assert_eq!(counted(&log), (3, 2, Some(3)));

    // As a program from before has written it, and read it again.
    let mut old = row::encode_source(log.reader().sources().unwrap().get(&kiosk()).unwrap());
    old.truncate(25);
    assert_eq!(row::decode_source(&old).unwrap().entries, 3);
    let mut writes = Writes::default();
    writes.put(&keys::source(&kiosk()), &old);
    log.shared.store.apply(writes).unwrap();
    drop(log);
    let mut log = Log::open(folder.path()).unwrap();
    assert_eq!(counted(&log), (3, 2, Some(3)));

    let mut batch = log.begin();
    batch.release(&log, log.reader().refused(3).unwrap().unwrap());
    log.commit(batch).unwrap();
    assert_eq!(counted(&log), (2, 1, Some(1)), "the newest that is left");
    let mut batch = log.begin();
    batch.restate(&log, log.reader().refused(1).unwrap().unwrap(), Reason::StaleKey, String::new());
    log.commit(batch).unwrap();
    assert_eq!(counted(&log), (2, 0, None));
    let mut batch = log.begin();
    batch.restate(&log, log.reader().refused(2).unwrap().unwrap(), Reason::ForkedChain, String::new());
    log.commit(batch).unwrap();
    drop(log);
    assert_eq!(counted(&Log::open(folder.path()).unwrap()), (2, 1, Some(2)));
}
