#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::HashMap;

use proptest::prelude::*;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::RecordId;
use wardvoice_protocol::keys::SigningKey;

use super::*;
use crate::ingest::testing::{NOW, Tablet, Trust, arrival, cleaning, contact_record};
use crate::ingest::{Arrival, judge};
use crate::log::{DayEvidence, DayMethod, Gap, Head};

/// A writer over a log in a folder that goes away with it.
struct Desk {
    folder: tempfile::TempDir,
    writer: Option<Writer>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = Some(Writer::new(Log::open(folder.path()).unwrap()));
        Self { folder, writer }
    }

    fn writer(&mut self) -> &mut Writer {
        self.writer.as_mut().unwrap()
    }

    fn reopen(&mut self) {
        drop(self.writer.take());
        self.writer = Some(Writer::new(Log::open(self.folder.path()).unwrap()));
    }

    /// Judges, decides and commits; the verdict in a word.
    fn send(&mut self, trust: &Trust, arrival: &Arrival) -> String {
        let judged = judge(arrival.clone(), &trust.world);
        let decided = self.writer().decide(judged).unwrap();
        self.writer().commit().unwrap();
        word(&decided.verdict.decision)
    }

    fn gaps(&mut self, tablet: &Tablet) -> Vec<(u64, u64)> {
        let gaps = self.writer().reader().gaps(&tablet.id).unwrap();
        gaps.into_iter().map(|Gap { first, last }| (first, last)).collect()
    }

    fn head(&mut self, tablet: &Tablet) -> Head {
        self.writer().reader().heads().unwrap().get(&tablet.id).copied().unwrap_or(Head::EMPTY)
    }
}

fn word(decision: &Decision) -> String {
    match decision {
        Decision::Accepted => "accepted".to_owned(),
        Decision::Duplicate => "duplicate".to_owned(),
        Decision::Refused(Refusal { reason, kept: true, .. }) => reason.to_string(),
        Decision::Refused(Refusal { reason, kept: false, .. }) => format!("{reason}, not kept"),
    }
}

#[test]
fn a_copy_is_accepted_at_once_and_a_duplicate_after_a_restart() {
    let (mut trust, mut desk) = (Trust::new(1), Desk::new());
    let mut tablet = trust.tablet("k-1");
    let sent = trust.contacts(&mut tablet, 3);
    for _ in 0..2 {
        for arrival in &sent {
            assert_eq!(desk.send(&trust, arrival), "accepted");
        }
    }
    desk.reopen();
    for arrival in &sent {
        assert_eq!(desk.send(&trust, arrival), "duplicate");
    }
    let reader = desk.writer().reader();
    assert_eq!(reader.position(), 3);
    for (position, arrival) in (1..).zip(&sent) {
        assert_eq!(reader.envelope(position).unwrap().unwrap(), arrival.payload, "as it was received");
        let record = reader.record(position).unwrap().unwrap();
        assert_eq!((record.sequence.get(), record.received), (position, arrival.received));
        assert_eq!(reader.find(&record.record_id).unwrap(), Some(position));
    }
}

#[test]
fn arrivals_out_of_order_leave_a_gap_that_only_the_right_envelope_fills() {
    let (mut trust, mut desk) = (Trust::new(2), Desk::new());
    let mut tablet = trust.tablet("k-1");
    let sent = trust.contacts(&mut tablet, 7);
    let mut copy = Tablet { head: ChainHeadAt(&sent, 2).head(), ..tablet.clone() };
    for number in [1, 4, 7] {
        assert_eq!(desk.send(&trust, sent.get(number - 1).unwrap()), "accepted");
    }
    assert_eq!(desk.gaps(&tablet), [(2, 3), (5, 6)]);
    // Another third envelope, rightly linked to the second, is not the one that the fourth is linked to.
    let impostor = trust.contacts(&mut copy, 1);
    assert_eq!(desk.send(&trust, impostor.first().unwrap()), "broken_chain");
    assert_eq!(desk.gaps(&tablet), [(2, 3), (5, 6)], "what broke the chain fills no gap");
    desk.reopen();
    for number in [6, 3, 2, 5] {
        assert_eq!(desk.send(&trust, sent.get(number - 1).unwrap()), "accepted", "number {number}");
    }
    assert_eq!(desk.gaps(&tablet), []);
    let head = desk.head(&tablet);
    assert_eq!((head.highest, head.stored, head.unlinked), (7, 7, 0));
    assert_eq!(desk.writer().reader().quarantined().unwrap(), 1);
}

/// Where the chain stood after the first so many of the sent envelopes.
struct ChainHeadAt<'a>(&'a [Arrival], usize);

impl ChainHeadAt<'_> {
    fn head(&self) -> wardvoice_protocol::envelope::ChainHead {
        let Self(sent, count) = self;
        let last = sent.get(count - 1).unwrap();
        wardvoice_protocol::envelope::Envelope::read(&last.payload).unwrap().chain_head()
    }
}

#[test]
fn two_tablets_with_a_copied_disk_are_a_forked_chain() {
    let (mut trust, mut desk) = (Trust::new(3), Desk::new());
    let mut tablet = trust.tablet("k-1");
    let before = trust.contacts(&mut tablet, 3);
    let mut copy = tablet.clone();
    let (of_first, of_second) = (trust.contacts(&mut tablet, 3), trust.contacts(&mut copy, 3));
    for arrival in &before {
        assert_eq!(desk.send(&trust, arrival), "accepted");
    }
    for arrival in &of_first {
        assert_eq!(desk.send(&trust, arrival), "accepted");
    }
    for arrival in &of_second {
        assert_eq!(desk.send(&trust, arrival), "forked_chain");
    }
    // Nothing of the second tablet is lost, and the first goes on.
    assert_eq!(desk.writer().reader().quarantined().unwrap(), 3);
    let more = trust.contacts(&mut tablet, 1);
    assert_eq!(desk.send(&trust, more.first().unwrap()), "accepted");
    // The same copies again are the same refusals, and are kept once.
    for arrival in &of_second {
        assert_eq!(desk.send(&trust, arrival), "forked_chain");
    }
    assert_eq!(desk.writer().reader().quarantined().unwrap(), 3);
    // Whoever asks after a restart is told, and which one came last.
    desk.reopen();
    let reader = desk.writer().reader();
    let source = reader.sources().unwrap().get(&tablet.id).copied().unwrap();
    assert_eq!((source.entries, source.forked), (3, 3));
    let newest = reader.last_fork(&tablet.id, &source).unwrap().unwrap();
    assert_eq!(newest.payload, of_second.last().unwrap().payload);
}

#[test]
fn one_record_id_is_one_record() {
    let (mut trust, mut desk) = (Trust::new(4), Desk::new());
    let (mut first, mut second) = (trust.tablet("k-1"), trust.tablet("k-2"));
    let (id, json) = (trust.record_id(), serde_json::to_vec(&cleaning()).unwrap());
    let mut copy = first.clone();
    let original = trust.seal_as(&mut first, id, &json);
    let same_place = trust.seal_as(&mut copy, id, &json);
    let elsewhere = trust.seal_as(&mut second, id, &json);
    let after = trust.seal(&mut second, &cleaning());
    assert_eq!(desk.send(&trust, &original), "accepted");
    assert_eq!(desk.send(&trust, &same_place), "conflict");
    assert_eq!(desk.send(&trust, &elsewhere), "conflict");
    assert_eq!(desk.send(&trust, &after), "accepted", "the refused one holds its place in the chain");
    assert_eq!(desk.gaps(&second), []);
    let mut batch = trust.tablet("k-3");
    let twice = [trust.seal_as(&mut batch, id, &json), trust.seal_as(&mut batch, id, &json)];
    for arrival in &twice {
        assert_eq!(desk.send(&trust, arrival), "conflict");
    }
}

#[test]
fn a_refused_record_does_not_break_the_chain_behind_it() {
    let (mut trust, mut desk) = (Trust::new(5), Desk::new());
    let mut tablet = trust.tablet("k-1");
    let bad = trust.contact_answering("respect", "sort-of");
    let bad = trust.seal(&mut tablet, &contact_record(bad));
    let good = trust.seal(&mut tablet, &cleaning());
    assert_eq!(desk.send(&trust, &bad), "unknown_option");
    assert_eq!(desk.send(&trust, &good), "accepted");
    desk.reopen();
    assert_eq!(desk.send(&trust, &bad), "unknown_option", "again, and kept once");
    let head = desk.head(&tablet);
    assert_eq!((head.highest, head.stored, head.refused), (2, 1, 1));
    let refused = desk.writer().reader().refused(1).unwrap().unwrap();
    assert_eq!((refused.payload, refused.sequence), (bad.payload, Sequence::new(1)));
}

#[test]
fn what_broke_the_chain_gives_way_to_what_does_not() {
    let (mut trust, mut desk) = (Trust::new(6), Desk::new());
    let mut tablet = trust.tablet("k-1");
    let first = trust.contacts(&mut tablet, 2);
    for arrival in &first {
        assert_eq!(desk.send(&trust, arrival), "accepted");
    }
    let mut lost = tablet.clone();
    lost.head.hash = Hash::of(b"another past");
    let broken = trust.contacts(&mut lost, 2);
    assert_eq!(desk.send(&trust, broken.first().unwrap()), "broken_chain");
    assert_eq!(desk.head(&tablet).unlinked, 1);
    let proper = trust.contacts(&mut tablet, 2);
    for arrival in &proper {
        assert_eq!(desk.send(&trust, arrival), "accepted");
    }
    let head = desk.head(&tablet);
    assert_eq!((head.highest, head.stored, head.unlinked), (4, 4, 0));
    assert_eq!(desk.send(&trust, broken.first().unwrap()), "forked_chain");
    assert_eq!(desk.send(&trust, broken.last().unwrap()), "forked_chain");
    let mut wrong_start = trust.tablet("k-2");
    wrong_start.head.hash = Hash::of(b"something");
    let wrong = trust.seal(&mut wrong_start, &cleaning());
    assert_eq!(desk.send(&trust, &wrong), "broken_chain");
}

#[test]
fn a_replayed_refusal_becomes_a_record_and_leaves_the_quarantine() {
    let (mut trust, mut desk) = (Trust::new(7), Desk::new());
    let mut tablet = trust.stranger("k-1");
    let sent = trust.contacts(&mut tablet, 2);
    for arrival in &sent {
        assert_eq!(desk.send(&trust, arrival), "unknown_kiosk");
    }
    let replay = |desk: &mut Desk, trust: &Trust, number: u64| {
        let entry = desk.writer().reader().refused(number).unwrap().unwrap();
        let again =
            Arrival { kiosk: entry.kiosk, payload: entry.payload, received: entry.received, not_before: None };
        let decided = desk.writer().replay(judge(again, &trust.world), number).unwrap();
        desk.writer().commit().unwrap();
        word(&decided.verdict.decision)
    };
    assert_eq!(replay(&mut desk, &trust, 1), "unknown_kiosk");
    let key = tablet.key.verifying_key();
    trust.world.registry.add(&tablet.id, &crate::ingest::testing::ward(), key, &trust.world.directory).unwrap();
    assert_eq!(replay(&mut desk, &trust, 1), "accepted");
    // The second came again by itself before it was replayed: it is a record already.
    assert_eq!(desk.send(&trust, sent.last().unwrap()), "accepted");
    assert_eq!(replay(&mut desk, &trust, 2), "accepted");
    desk.reopen();
    let reader = desk.writer().reader();
    assert_eq!((reader.position(), reader.quarantined().unwrap()), (2, 0));
    assert_eq!(reader.quarantine(0).unwrap().count(), 0);
    let source = reader.sources().unwrap().get(&tablet.id).copied().unwrap();
    assert_eq!((source.entries, source.bytes), (0, 0));
}

#[test]
fn a_flood_of_rubbish_fills_its_share_and_is_counted_beyond() {
    let (mut trust, mut desk) = (Trust::new(8), Desk::new());
    let (flood, mut other) = (trust.tablet("k-1"), trust.tablet("k-2"));
    let mut last = String::new();
    for number in 0..3_000 {
        let rubbish = arrival(&flood.id, format!("rubbish {number}").into_bytes());
        let decided = desk.writer().decide(judge(rubbish, &trust.world)).unwrap();
        last = word(&decided.verdict.decision);
    }
    desk.writer().commit().unwrap();
    assert_eq!(last, "unreadable, not kept");
    let good = trust.seal(&mut other, &cleaning());
    assert_eq!(desk.send(&trust, &good), "accepted");
    let first = arrival(&flood.id, b"rubbish 0".to_vec());
    assert_eq!(desk.send(&trust, &first), "unreadable", "this one is kept");
    desk.reopen();
    let source = desk.writer().reader().sources().unwrap().get(&flood.id).copied().unwrap();
    assert_eq!((source.entries, source.dropped), (1_000, 2_000));
    let huge = arrival(&other.id, vec![b'x'; 300_000]);
    assert_eq!(desk.send(&trust, &huge), "oversize, not kept");
    let large = arrival(&other.id, vec![b'x'; 60_000]);
    assert_eq!(desk.send(&trust, &large), "oversize");
    let entries: Vec<_> = desk.writer().reader().quarantine(1_001).unwrap().map(|e| e.unwrap()).collect();
    let sizes: Vec<_> = entries.iter().map(|entry| (entry.bytes, entry.payload.len(), entry.whole)).collect();
    assert_eq!(sizes, [(300_000, 1_024, false), (60_000, 60_000, true)]);
}

#[test]
fn a_key_that_is_not_the_kiosks_gives_no_place_in_the_chain() {
    let (mut trust, mut desk) = (Trust::new(9), Desk::new());
    let mut tablet = trust.tablet("k-1");
    let mut thief = Tablet { key: SigningKey::from_bytes(&[9; 32]), ..tablet.clone() };
    let forged = trust.seal(&mut thief, &cleaning());
    assert_eq!(desk.send(&trust, &forged), "wrong_signature");
    let own = trust.seal(&mut tablet, &cleaning());
    assert_eq!(desk.send(&trust, &own), "accepted");
}

/// One thing sent in a random history.
#[derive(Debug, Clone)]
struct Sent {
    kiosk: usize,
    sequence: u64,
    previous: u8,
    hash: u8,
    id: u8,
    good: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Send(Sent),
    Commit,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sent = (0..2_usize, 1..6_u64, 0..3_u8, 0..3_u8, 0..24_u8, prop::bool::weighted(0.85)).prop_map(
        |(kiosk, sequence, previous, hash, id, good)| {
            // Mostly honest: the hashes of a number are drawn from few, the one before from the same few.
            Step::Send(Sent { kiosk, sequence, previous: previous / 2, hash: hash / 2, id, good })
        },
    );
    let step = prop_oneof![12 => sent, 3 => Just(Step::Commit), 1 => Just(Step::Reopen)];
    prop::collection::vec(step, 1..60)
}

fn hash_of(kiosk: usize, sequence: u64, variant: u8) -> Hash {
    if sequence == 0 && variant == 0 {
        Hash::ZERO
    } else {
        Hash::of(format!("{kiosk} {sequence} {variant}").as_bytes())
    }
}

/// The slow, obvious writer: looks at everything that ever happened.
#[derive(Debug, Default)]
struct Model {
    /// Per kiosk and number: hash, hash before, and what it is.
    held: HashMap<(usize, u64), (Hash, Hash, &'static str)>,
    ids: HashMap<u8, Hash>,
    /// The id of every envelope that holds a number.
    id_of: HashMap<Hash, u8>,
    reasons: HashMap<Hash, &'static str>,
    stored: Vec<Hash>,
}

impl Model {
    /// What the verdict is, where `settled` stands for accepted or duplicate.
    fn decide(&mut self, sent: &Sent) -> &'static str {
        let (hash, previous) = names(sent);
        let place = (sent.kiosk, sent.sequence);
        let held = self.held.get(&place).copied();
        if let Some((held_hash, _, what)) = held
            && held_hash == hash
        {
            return if what == "stored" { "settled" } else { self.reasons.get(&hash).copied().unwrap() };
        }
        let linked = |what: &str| what == "stored" || what == "refused";
        let before_fits = match self.held.get(&(sent.kiosk, sent.sequence - 1)) {
            _ if sent.sequence == 1 => previous == Hash::ZERO,
            Some((before, _, what)) if linked(what) => *before == previous,
            _ => true,
        };
        let after_fits = match self.held.get(&(sent.kiosk, sent.sequence + 1)) {
            Some((_, wanted, what)) if linked(what) => *wanted == hash,
            _ => true,
        };
        let fits = before_fits && after_fits;
        match held {
            Some((_, _, what)) if linked(what) || !fits => {
                let holder = self.held.get(&place).map(|(hash, ..)| *hash).unwrap();
                if !sent.good {
                    "clock"
                } else if self.id_of.get(&holder) == Some(&sent.id) {
                    "conflict"
                } else {
                    "forked_chain"
                }
            }
            _ => {
                let verdict = if !sent.good {
                    "clock"
                } else if !fits {
                    "broken_chain"
                } else if self.ids.contains_key(&sent.id) {
                    "conflict"
                } else {
                    "settled"
                };
                let what = match (verdict, fits) {
                    ("settled", _) => "stored",
                    (_, true) => "refused",
                    (_, false) => "unlinked",
                };
                if what == "stored" {
                    self.ids.insert(sent.id, hash);
                    self.stored.push(hash);
                }
                self.held.insert(place, (hash, previous, what));
                self.reasons.insert(hash, verdict);
                self.id_of.insert(hash, sent.id);
                verdict
            }
        }
    }
}

/// The hash of an envelope is over all of it, so what differs in anything has another hash.
fn names(sent: &Sent) -> (Hash, Hash) {
    let previous = hash_of(sent.kiosk, sent.sequence - 1, sent.previous);
    (hash_of(sent.kiosk, sent.sequence, sent.hash), previous)
}

fn judged(sent: &Sent, known: &mut HashMap<Hash, Sent>) -> (Judged, Sent) {
    // One hash is one envelope: whoever used the hash first says what else is in it.
    let (hash, _) = names(sent);
    let sent = known.entry(hash).or_insert_with(|| sent.clone()).clone();
    let (hash, previous) = names(&sent);
    let id = RecordId::new(1_795_428_000_000, [sent.id; 10]);
    let kiosk = KioskId::new(format!("k-{}", sent.kiosk)).unwrap();
    let day = DayNumber::from_count(20_780);
    let claimed = NOW.parse().unwrap();
    let opened = Opened {
        json: serde_json::to_vec(&cleaning()).unwrap(),
        envelope: vec![1, 0, sent.id],
        ward: crate::ingest::testing::ward(),
        day,
        arrival_day: day,
        evidence: DayEvidence { method: DayMethod::Wall, claimed, held_to_arrival: false },
        fact: None,
        request: None,
    };
    let outcome = if sent.good { Ok(opened) } else { Err((Reason::Clock, "made up".to_owned())) };
    let judged = Judged {
        arrival: arrival(&kiosk, hash.as_bytes().to_vec()),
        envelope: hash,
        identity: Some((id, Sequence::new(sent.sequence).unwrap())),
        previous: Some(previous),
        outcome,
    };
    (judged, sent)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_writer_decides_as_the_slow_obvious_one_does(steps in steps()) {
        let (mut desk, mut model, mut known) = (Desk::new(), Model::default(), HashMap::new());
        for step in steps {
            match step {
                Step::Commit => { desk.writer().commit().unwrap(); }
                Step::Reopen => {
                    desk.writer().commit().unwrap();
                    desk.reopen();
                }
                Step::Send(sent) => {
                    let (judged, sent) = judged(&sent, &mut known);
                    let decided = desk.writer().decide(judged).unwrap();
                    let said = match word(&decided.verdict.decision).as_str() {
                        "accepted" | "duplicate" => "settled".to_owned(),
                        other => other.to_owned(),
                    };
                    prop_assert_eq!(said, model.decide(&sent), "{:?}", sent);
                }
            }
        }
        desk.writer().commit().unwrap();
        desk.reopen();
        let reader = desk.writer().reader();
        let stored: Vec<Hash> = reader.records(1).unwrap().map(|record| record.unwrap().envelope).collect();
        prop_assert_eq!(stored, model.stored);
    }
}
