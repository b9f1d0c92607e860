#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::receipt::{Decision, Reason, Refusal};
use wardvoice_protocol::record::Cleaning;

use super::*;

fn identity() -> Identity {
    Identity { kiosk: "k-1".parse().unwrap(), signing_key: SigningKey::from_bytes(&[3; 32]) }
}

fn open_key() -> OpenKey {
    OpenKey::from_bytes(&[7; 32]).unwrap()
}

fn body() -> Body {
    Body::Cleaning(Cleaning { ward: "W1".parse().unwrap(), confirmed: true })
}

fn open(data: &Path) -> Outbox {
    try_open(data).unwrap()
}

fn try_open(data: &Path) -> Result<Outbox, OutboxError> {
    Outbox::open_with_reserve(data, identity(), 0)
}

fn damage(data: &Path) -> Damage {
    match try_open(data).map(|outbox| outbox.head()) {
        Err(OutboxError::Damaged { damage, .. }) => damage,
        other => panic!("expected damage, got {other:?}"),
    }
}

fn append(outbox: &mut Outbox) -> Result<Envelope, OutboxError> {
    let wall = "2026-11-23T10:07:00Z".parse().unwrap();
    outbox.append(body(), Clock::new(wall, None), open_key().seal_key())
}

fn append_many(outbox: &mut Outbox, count: usize) -> Vec<Envelope> {
    (0..count).map(|_| append(outbox).unwrap()).collect()
}

fn verdict(envelope: &Envelope, decision: Decision) -> Verdict {
    Verdict {
        envelope: envelope.hash(),
        record: Some(envelope.record()),
        sequence: Some(envelope.sequence()),
        decision,
    }
}

fn refused(kept: bool) -> Decision {
    Decision::Refused(Refusal { reason: Reason::UnknownKiosk, detail: "not known".to_owned(), kept })
}

fn numbers(outbox: &Outbox) -> Vec<u64> {
    outbox.waiting().map(|waiting| waiting.sequence).collect()
}

fn database(data: &Path, generation: u64) -> PathBuf {
    store_path(data, generation).join("db")
}

#[test]
fn what_was_appended_is_there_after_reopening_and_opens_with_the_aggregators_key_alone() {
    let data = tempfile::tempdir().unwrap();
    let mut outbox = open(data.path());
    let envelopes = append_many(&mut outbox, 5);
    drop(outbox);

    let mut outbox = open(data.path());
    assert_eq!(numbers(&outbox), [1, 2, 3, 4, 5]);
    assert_eq!(outbox.head(), envelopes[4].chain_head());
    let mut previous = Hash::ZERO;
    for envelope in &envelopes {
        let read = Envelope::read(&outbox.payload(envelope.sequence().get()).unwrap().unwrap()).unwrap();
        assert_eq!(read, *envelope);
        assert_eq!(read.previous(), previous);
        assert_eq!(read.open(&open_key()).unwrap().body, body());
        assert!(read.open(&OpenKey::from_bytes(&[9; 32]).unwrap()).is_err());
        previous = read.hash();
    }
    assert_eq!(outbox.payload(6).unwrap(), None);
}

#[test]
fn only_a_settling_verdict_of_the_same_number_record_and_hash_deletes() {
    let data = tempfile::tempdir().unwrap();
    let mut outbox = open(data.path());
    let envelopes = append_many(&mut outbox, 4);
    let accepted = || verdict(&envelopes[0], Decision::Accepted);
    let harmless = [
        Verdict { envelope: envelopes[1].hash(), ..accepted() },
        Verdict { record: Some(envelopes[1].record()), ..accepted() },
        Verdict { record: None, ..accepted() },
        Verdict { sequence: None, ..accepted() },
        Verdict { sequence: Some(envelopes[1].sequence()), ..accepted() },
        verdict(&envelopes[0], refused(false)),
    ];
    assert_eq!(outbox.settle(&harmless).unwrap(), []);
    assert_eq!(numbers(&outbox), [1, 2, 3, 4]);

    let settling = [
        accepted(),
        accepted(),
        verdict(&envelopes[2], Decision::Duplicate),
        verdict(&envelopes[3], refused(true)),
    ];
    let settled: Vec<u64> = outbox.settle(&settling).unwrap().iter().map(|waiting| waiting.sequence).collect();
    assert_eq!(settled, [1, 3, 4]);
    assert_eq!(numbers(&outbox), [2]);
    drop(outbox);
    assert_eq!(numbers(&open(data.path())), [2]);
}

#[test]
fn the_chain_goes_on_after_the_outbox_was_empty() {
    let data = tempfile::tempdir().unwrap();
    let mut outbox = open(data.path());
    let envelopes = append_many(&mut outbox, 3);
    outbox.settle(&envelopes.iter().map(|e| verdict(e, Decision::Accepted)).collect::<Vec<_>>()).unwrap();
    drop(outbox);
    let mut outbox = open(data.path());
    assert_eq!(numbers(&outbox), [] as [u64; 0]);
    let next = append(&mut outbox).unwrap();
    assert_eq!((next.sequence().get(), next.previous()), (4, envelopes[2].hash()));
}

#[test]
fn an_empty_store_that_is_large_is_replaced_and_the_chain_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let mut outbox = open(data.path());
    outbox.rewrite_bytes = 0;
    let first = append(&mut outbox).unwrap();
    outbox.settle(&[verdict(&first, Decision::Accepted)]).unwrap();
    assert!(!store_path(data.path(), 1).exists());
    let second = append(&mut outbox).unwrap();
    drop(outbox);
    let outbox = open(data.path());
    assert_eq!(outbox.head(), second.chain_head());
    assert_eq!(second.previous(), first.hash());
    assert_eq!(generations(data.path(), "store-").unwrap(), [2]);
}

#[test]
fn a_store_that_was_begun_and_never_named_is_removed() {
    let data = tempfile::tempdir().unwrap();
    append_many(&mut open(data.path()), 2);
    fs::create_dir(store_path(data.path(), 2)).unwrap();
    assert_eq!(numbers(&open(data.path())), [1, 2]);
    assert_eq!(generations(data.path(), "store-").unwrap(), [1]);
}

#[test]
fn a_lost_or_damaged_marker_is_no_fresh_start_and_a_whole_store_brings_it_back() {
    for damaged_as in [Damage::MarkerMissing, Damage::MarkerDamaged] {
        let data = tempfile::tempdir().unwrap();
        let envelopes = append_many(&mut open(data.path()), 3);
        match damaged_as {
            Damage::MarkerMissing => fs::remove_file(marker_path(data.path())).unwrap(),
            _ => fs::write(marker_path(data.path()), "x").unwrap(),
        }
        assert_eq!(damage(data.path()), damaged_as);
        let recovered = recover(data.path(), &identity(), None).unwrap();
        assert!(matches!(recovered, Recovered::Continued { carried: 3, head, .. } if head.sequence == 3));
        let mut outbox = open(data.path());
        assert_eq!(numbers(&outbox), [1, 2, 3]);
        assert_eq!(append(&mut outbox).unwrap().previous(), envelopes[2].hash());
    }
}

#[test]
fn a_lost_store_is_no_fresh_start_and_the_chain_goes_on_after_the_marker() {
    let data = tempfile::tempdir().unwrap();
    let envelopes = append_many(&mut open(data.path()), 3);
    fs::remove_dir_all(store_path(data.path(), 1)).unwrap();
    assert_eq!(damage(data.path()), Damage::StoreMissing(3));
    let recovered = recover(data.path(), &identity(), None).unwrap();
    assert_eq!(recovered, Recovered::Continued { aside: None, carried: 0, head: envelopes[2].chain_head() });
    let next = append(&mut open(data.path())).unwrap();
    assert_eq!((next.sequence().get(), next.previous()), (4, envelopes[2].hash()));
}

#[test]
fn when_nothing_reads_the_aggregator_must_say_where_the_chain_stands() {
    let data = tempfile::tempdir().unwrap();
    let envelopes = append_many(&mut open(data.path()), 3);
    fs::remove_file(marker_path(data.path())).unwrap();
    File::options().write(true).open(database(data.path(), 1)).unwrap().set_len(0).unwrap();
    assert!(matches!(recover(data.path(), &identity(), None), Err(OutboxError::Damaged { .. })));
    // Asking again changes nothing: the broken store is still there, and is not taken for a beginning.
    assert_eq!(damage(data.path()), Damage::MarkerMissing);
    assert!(matches!(recover(data.path(), &identity(), None), Err(OutboxError::Damaged { .. })));
    recover(data.path(), &identity(), Some(envelopes[2].chain_head())).unwrap();
    assert_eq!(append(&mut open(data.path())).unwrap().sequence().get(), 4);
}

#[test]
fn a_truncated_database_is_never_taken_for_an_empty_or_shorter_outbox() {
    let data = tempfile::tempdir().unwrap();
    let envelopes = append_many(&mut open(data.path()), 40);
    let whole = fs::read(database(data.path(), 1)).unwrap();
    let marker = fs::read(marker_path(data.path())).unwrap();
    for length in [0, 1, 20, 1_000, whole.len() / 8, whole.len() / 4, whole.len() / 2, whole.len() - 1] {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir_all(store_path(copy.path(), 1)).unwrap();
        for entry in fs::read_dir(store_path(data.path(), 1)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), store_path(copy.path(), 1).join(entry.file_name())).unwrap();
            }
        }
        fs::write(database(copy.path(), 1), &whole[..length]).unwrap();
        fs::write(marker_path(copy.path()), &marker).unwrap();
        if let Ok(mut outbox) = try_open(copy.path()) {
            // What was cut off was padding: everything must be there.
            assert_eq!(outbox.head(), envelopes[39].chain_head(), "cut to {length}");
            assert_eq!(payloads(&mut outbox), payloads_of(&envelopes), "cut to {length}");
            continue;
        }
        damage(copy.path());
        let recovered = recover(copy.path(), &identity(), None).unwrap();
        assert!(
            matches!(&recovered, Recovered::Continued { aside: Some(_), head, .. } if *head == envelopes[39].chain_head()),
            "cut to {length}: {recovered:?}"
        );
        let mut outbox = open(copy.path());
        let all = payloads_of(&envelopes);
        for (sequence, json) in payloads(&mut outbox) {
            assert_eq!(all[&sequence], json, "cut to {length}");
        }
        assert_eq!(append(&mut outbox).unwrap().previous(), envelopes[39].hash());
    }
}

#[test]
fn a_flipped_bit_is_found_or_does_not_matter() {
    let data = tempfile::tempdir().unwrap();
    let envelopes = append_many(&mut open(data.path()), 12);
    let path = database(data.path(), 1);
    let whole = fs::read(&path).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut found = 0;
    for place in (0..=used).step_by(used / 60) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        fs::write(&path, &flipped).unwrap();
        match try_open(data.path()) {
            Ok(mut outbox) => {
                assert_eq!(payloads(&mut outbox), payloads_of(&envelopes), "byte {place}");
                assert_eq!(outbox.head(), envelopes[11].chain_head(), "byte {place}");
            }
            Err(OutboxError::Damaged { .. }) => found += 1,
            Err(other) => panic!("byte {place}: {other}"),
        }
        // Opening may have written: the next flip starts from the whole store again.
        for entry in fs::read_dir(store_path(data.path(), 1)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with("snap.") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
    assert!(found > 20, "only {found} flips were found");
    fs::write(&path, &whole).unwrap();
    assert_eq!(payloads(&mut open(data.path())), payloads_of(&envelopes));
}

#[test]
fn a_kill_between_store_and_marker_is_mended_and_an_older_marker_is_not_believed() {
    let data = tempfile::tempdir().unwrap();
    let mut outbox = open(data.path());
    append(&mut outbox).unwrap();
    let older = fs::read(marker_path(data.path())).unwrap();
    append(&mut outbox).unwrap();
    let before = fs::read(marker_path(data.path())).unwrap();
    let last = append(&mut outbox).unwrap();
    drop(outbox);
    fs::write(marker_path(data.path()), &before).unwrap();
    let outbox = open(data.path());
    assert_eq!(outbox.head(), last.chain_head());
    assert_eq!(peek(data.path()).unwrap().unwrap().1, last.chain_head());
    drop(outbox);
    fs::write(marker_path(data.path()), &older).unwrap();
    assert_eq!(damage(data.path()), Damage::Mismatch { found: 3, marker: 1 });
    // Both are whole, so the one that is further on is right.
    recover(data.path(), &identity(), None).unwrap();
    assert_eq!(numbers(&open(data.path())), [1, 2, 3]);
}

#[test]
fn a_kill_while_a_store_was_being_opened_does_no_harm() {
    let data = tempfile::tempdir().unwrap();
    let envelopes = append_many(&mut open(data.path()), 3);
    // What sled leaves when it is killed, or the disk is full, while it writes a snapshot.
    for unfinished in ["", "half a snapshot"] {
        fs::write(store_path(data.path(), 1).join("snap.00000000FFFFFFFF.generating"), unfinished).unwrap();
        assert_eq!(payloads(&mut open(data.path())), payloads_of(&envelopes));
    }
    // And while it made its very first files.
    let data = tempfile::tempdir().unwrap();
    drop(open(data.path()));
    fs::write(database(data.path(), 1), [0xA5; 700]).unwrap();
    fs::write(store_path(data.path(), 1).join("conf"), "segment_si").unwrap();
    assert_eq!(append(&mut open(data.path())).unwrap().sequence().get(), 1);
}

/// What a tablet of the same name has sent before this one was given it.
fn sent_before(count: usize) -> ChainHead {
    let lost = tempfile::tempdir().unwrap();
    append_many(&mut open(lost.path()), count).last().unwrap().chain_head()
}

fn begin(data: &Path, head: Option<ChainHead>) {
    begin_after(data, &identity().kiosk, head).unwrap();
}

#[test]
fn an_empty_tablet_begins_after_what_was_sent_in_its_name_and_a_kill_at_any_moment_changes_nothing() {
    let (data, head) = (tempfile::tempdir().unwrap(), sent_before(5));
    begin(data.path(), Some(head));
    assert_eq!(open(data.path()).head(), head);
    // Killed before the store was made, and while it was.
    fs::remove_dir_all(store_path(data.path(), 1)).unwrap();
    assert_eq!(open(data.path()).head(), head);
    fs::write(database(data.path(), 1), [0xA5; 700]).unwrap();
    fs::write(store_path(data.path(), 1).join("conf"), "segment_si").unwrap();
    assert_eq!(open(data.path()).head(), head);
    // And before there was a marker.
    fs::remove_dir_all(store_path(data.path(), 1)).unwrap();
    fs::remove_file(marker_path(data.path())).unwrap();
    let mut outbox = open(data.path());
    let first = append(&mut outbox).unwrap();
    assert_eq!((first.sequence().get(), first.previous()), (6, head.hash));
    drop(outbox);
    let mut outbox = open(data.path());
    assert_eq!(numbers(&outbox), [6]);
    assert_eq!(append(&mut outbox).unwrap().previous(), first.hash());
    outbox.settle([&verdict(&first, Decision::Accepted)]).unwrap();
    drop(outbox);
    // From the first record on a lost store is no fresh start here either.
    fs::remove_dir_all(store_path(data.path(), 1)).unwrap();
    assert_eq!(damage(data.path()), Damage::StoreMissing(7));
    recover(data.path(), &identity(), None).unwrap();
    assert_eq!(append(&mut open(data.path())).unwrap().sequence().get(), 8);
}

#[test]
fn a_tablet_that_has_or_had_an_outbox_knows_better_where_its_chain_stands() {
    let used = || {
        let data = tempfile::tempdir().unwrap();
        append_many(&mut open(data.path()), 2);
        data
    };
    let data = used();
    begin(data.path(), Some(sent_before(5)));
    assert_eq!(append(&mut open(data.path())).unwrap().sequence().get(), 3);
    // While it runs, nobody waits for it.
    let running = open(data.path());
    begin(data.path(), Some(sent_before(5)));
    assert_eq!(running.head().sequence, 3);
    drop(running);
    // One that has kept nothing yet, but is one.
    let empty = tempfile::tempdir().unwrap();
    drop(open(empty.path()));
    begin(empty.path(), Some(sent_before(5)));
    assert_eq!(open(empty.path()).head(), ChainHead::EMPTY);
    // Damage stays damage, whatever is said.
    let data = used();
    fs::remove_file(marker_path(data.path())).unwrap();
    begin(data.path(), Some(sent_before(5)));
    assert_eq!(damage(data.path()), Damage::MarkerMissing);
    let data = used();
    fs::remove_dir_all(store_path(data.path(), 1)).unwrap();
    begin(data.path(), Some(sent_before(2)));
    assert_eq!(damage(data.path()), Damage::StoreMissing(2));
}

#[test]
fn of_two_beginnings_the_later_counts_and_another_kiosks_never() {
    let (data, later) = (tempfile::tempdir().unwrap(), sent_before(7));
    begin_after(data.path(), &"k-2".parse().unwrap(), Some(sent_before(5))).unwrap();
    begin(data.path(), Some(sent_before(5)));
    begin(data.path(), Some(later));
    assert_eq!(open(data.path()).head(), later);
    for joins_again in [false, true] {
        let data = tempfile::tempdir().unwrap();
        begin_after(data.path(), &"k-2".parse().unwrap(), Some(later)).unwrap();
        if joins_again {
            // In a name in which nobody has sent.
            begin(data.path(), None);
        }
        assert_eq!(beginning_path(data.path()).exists(), !joins_again);
        assert_eq!(open(data.path()).head(), ChainHead::EMPTY, "what was said was of another kiosk");
    }
}

#[test]
fn a_beginning_with_any_byte_changed_is_none_and_is_mended_by_joining_again() {
    let (data, head) = (tempfile::tempdir().unwrap(), sent_before(5));
    begin(data.path(), Some(head));
    let path = beginning_path(data.path());
    let written = fs::read(&path).unwrap();
    for place in 0..written.len() {
        let mut changed = written.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        let refused = try_open(data.path()).map(|outbox| outbox.head());
        assert!(matches!(refused, Err(OutboxError::File { .. })), "byte {place}: {refused:?}");
    }
    begin(data.path(), Some(head));
    assert_eq!(open(data.path()).head(), head);
}

#[test]
fn one_process_one_kiosk() {
    let data = tempfile::tempdir().unwrap();
    let outbox = open(data.path());
    assert!(matches!(try_open(data.path()), Err(OutboxError::InUse(_))));
    drop(outbox);
    let other = Identity { kiosk: "k-2".parse().unwrap(), ..identity() };
    assert!(matches!(Outbox::open(data.path(), other), Err(OutboxError::OtherKiosk { .. })));
    assert_eq!(numbers(&open(data.path())), [] as [u64; 0]);
}

#[test]
fn a_full_disk_refuses_and_takes_again_when_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let mut outbox = open(data.path());
    append(&mut outbox).unwrap();
    outbox.reserve_bytes = u64::MAX;
    assert!(matches!(append(&mut outbox), Err(OutboxError::NoSpace { .. })));
    assert!(outbox.can_keep().is_err());
    outbox.reserve_bytes = 0;
    assert_eq!(append(&mut outbox).unwrap().sequence().get(), 2);
}

#[test]
fn a_failed_write_poisons_until_the_outbox_is_opened_again() {
    for point in ["outbox.apply_error", "outbox.flush_error"] {
        let scenario = fail::FailScenario::setup();
        let data = tempfile::tempdir().unwrap();
        let mut outbox = open(data.path());
        let first = append(&mut outbox).unwrap();
        fail::cfg(point, "return").unwrap();
        assert!(matches!(append(&mut outbox), Err(OutboxError::Poisoned(_))));
        fail::remove(point);
        assert!(matches!(append(&mut outbox), Err(OutboxError::Poisoned(_))));
        assert!(matches!(outbox.payload(1), Err(OutboxError::Poisoned(_))));
        assert!(matches!(outbox.settle(&[verdict(&first, Decision::Accepted)]), Err(OutboxError::Poisoned(_))));
        drop(outbox);

        let mut outbox = open(data.path());
        // The failed append was never promised; it may be there, and the chain is whole in both cases.
        assert!(matches!(numbers(&outbox)[..], [1] | [1, 2]));
        assert_eq!(
            generations(data.path(), "store-").unwrap(),
            [2],
            "a store after a failed write is written anew"
        );
        let next = append(&mut outbox).unwrap();
        assert_eq!(next.sequence().get(), outbox.head().sequence);
        drop(outbox);
        assert_eq!(generations(data.path(), "store-").unwrap(), [2]);
        open(data.path());
        scenario.teardown();
    }
}

fn payloads(outbox: &mut Outbox) -> BTreeMap<u64, Vec<u8>> {
    numbers(outbox).into_iter().map(|number| (number, outbox.payload(number).unwrap().unwrap())).collect()
}

fn payloads_of(envelopes: &[Envelope]) -> BTreeMap<u64, Vec<u8>> {
    envelopes.iter().map(|envelope| (envelope.sequence().get(), envelope.to_json())).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Append,
    Settle(prop::sample::Index),
    SettleAll,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Append),
        3 => any::<prop::sample::Index>().prop_map(Step::Settle),
        1 => Just(Step::SettleAll),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The slow, obvious outbox is a map in memory.
    #[test]
    fn behaves_as_a_map_that_counts(steps in proptest::collection::vec(step(), 1..40)) {
        let data = tempfile::tempdir().unwrap();
        let mut outbox = open(data.path());
        outbox.rewrite_bytes = 0;
        let mut model: BTreeMap<u64, Envelope> = BTreeMap::new();
        let mut head = ChainHead::EMPTY;
        for step in steps {
            match step {
                Step::Append => {
                    let envelope = append(&mut outbox).unwrap();
                    prop_assert_eq!(envelope.previous(), head.hash);
                    head = envelope.chain_head();
                    model.insert(head.sequence, envelope);
                }
                Step::Settle(index) if !model.is_empty() => {
                    let number = *index.get(&model.keys().copied().collect::<Vec<_>>());
                    let envelope = model.remove(&number).unwrap();
                    outbox.settle(&[verdict(&envelope, Decision::Accepted)]).unwrap();
                }
                Step::Settle(_) => {}
                Step::SettleAll => {
                    let verdicts: Vec<_> = model.values().map(|e| verdict(e, Decision::Duplicate)).collect();
                    outbox.settle(&verdicts).unwrap();
                    model.clear();
                }
                Step::Reopen => {
                    drop(outbox);
                    outbox = open(data.path());
                    outbox.rewrite_bytes = 0;
                }
            }
            prop_assert_eq!(outbox.head(), head);
            prop_assert_eq!(numbers(&outbox), model.keys().copied().collect::<Vec<_>>());
        }
        let expected: BTreeMap<u64, Vec<u8>> = model.iter().map(|(n, e)| (*n, e.to_json())).collect();
        prop_assert_eq!(payloads(&mut outbox), expected);
    }
}
