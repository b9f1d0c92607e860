#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use wardvoice_protocol::receipt::Reason;

use super::*;

const PACE: Pace = Pace { window: 3, resend_ms: 100, resend_most_ms: 800, rest_ms: 1_000, rest_most_ms: 4_000 };

fn waiting(sequence: u64) -> Waiting {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&sequence.to_le_bytes());
    Waiting { sequence, record: RecordId::new(0, random), hash: Hash::of(&sequence.to_le_bytes()) }
}

fn verdict(sequence: u64, decision: Decision) -> Verdict {
    let waiting = waiting(sequence);
    Verdict { envelope: waiting.hash, record: Some(waiting.record), sequence: Sequence::new(sequence), decision }
}

fn refused(kept: bool) -> Decision {
    Decision::Refused(Refusal { reason: Reason::UnknownWard, detail: "not there".to_owned(), kept })
}

fn receipt(verdicts: Vec<Verdict>) -> EventKind {
    let aggregator_time = "2026-11-23T12:00:10Z".parse().unwrap();
    let receipt = Receipt { kiosk: "k-1".parse().unwrap(), aggregator_time, verdicts };
    EventKind::Receipt { receipt, wall: "2026-11-23T12:00:00Z".parse().unwrap() }
}

fn published(effects: &[Effect]) -> Vec<u64> {
    effects.iter().filter_map(|effect| if let Effect::Publish(n) = effect { Some(*n) } else { None }).collect()
}

/// Drives a courier with the middle of the jitter, which makes every wait exact.
struct Drive(Courier);

impl Drive {
    fn with(count: u64) -> Self {
        let all: Vec<Waiting> = (1..=count).map(waiting).collect();
        Self(Courier::new(PACE, &all))
    }

    fn at(&mut self, at_ms: u64, kind: EventKind) -> Vec<Effect> {
        self.0.apply(Event { at_ms, jitter: 0.5, kind })
    }
}

#[test]
fn sends_in_order_up_to_the_window_and_goes_on_as_receipts_come() {
    let mut drive = Drive::with(5);
    assert_eq!(drive.at(0, EventKind::Tick), [], "nothing leaves without a connection");
    assert_eq!(published(&drive.at(0, EventKind::Connected)), [1, 2, 3]);
    let effects = drive.at(10, receipt(vec![verdict(2, Decision::Accepted)]));
    assert_eq!(published(&effects), [4]);
    assert!(effects.contains(&Effect::Settle(vec![verdict(2, Decision::Accepted)])));
    let settled = vec![verdict(1, Decision::Duplicate), verdict(3, Decision::Accepted), verdict(4, refused(true))];
    assert_eq!(published(&drive.at(20, receipt(settled))), [5]);
    assert_eq!(published(&drive.at(21, EventKind::Appended(waiting(6)))), [6]);
    assert_eq!(drive.0.len(), 2);
}

#[test]
fn a_lost_connection_sends_everything_in_flight_again_first() {
    let mut drive = Drive::with(5);
    drive.at(0, EventKind::Connected);
    assert_eq!(published(&drive.at(5, EventKind::Disconnected)), [] as [u64; 0]);
    assert_eq!(drive.0.in_flight(), 0);
    // A receipt that was on its way counts all the same.
    drive.at(6, receipt(vec![verdict(1, Decision::Accepted)]));
    assert_eq!(published(&drive.at(10, EventKind::Connected)), [2, 3, 4]);
    // A connection that stands without the loss of the one before having been noticed is the same.
    assert_eq!(published(&drive.at(20, EventKind::Connected)), [2, 3, 4]);
}

#[test]
fn resends_wait_twice_as_long_each_time_until_a_receipt_proves_the_aggregator() {
    let mut drive = Drive::with(1);
    drive.at(0, EventKind::Connected);
    for (at, due) in [(100, 300), (300, 700), (700, 1_500), (1_500, 2_300), (2_300, 3_100)] {
        assert_eq!(published(&drive.at(at - 1, EventKind::Tick)), [] as [u64; 0], "at {at}");
        assert_eq!(published(&drive.at(at, EventKind::Tick)), [1], "at {at}");
        assert_eq!(drive.0.next_due_ms(), Some(due), "at {at}");
    }
    drive.at(2_310, receipt(vec![verdict(9, Decision::Accepted)]));
    assert_eq!(drive.0.next_due_ms(), Some(2_410));
}

#[test]
fn jitter_spreads_a_wait_from_half_to_one_and_a_half() {
    for (jitter, due) in [(0.0, 50), (0.25, 75), (1.0, 150), (7.0, 150), (-1.0, 50), (f64::NAN, 50)] {
        let mut courier = Courier::new(PACE, &[waiting(1)]);
        courier.apply(Event { at_ms: 0, jitter, kind: EventKind::Connected });
        assert_eq!(courier.next_due_ms(), Some(due), "jitter {jitter}");
    }
}

#[test]
fn what_was_refused_and_not_kept_stays_and_blocks_nobody() {
    let mut drive = Drive::with(5);
    drive.at(0, EventKind::Connected);
    let verdicts = vec![verdict(1, refused(false)), verdict(2, refused(false)), verdict(3, refused(false))];
    let effects = drive.at(10, receipt(verdicts));
    assert_eq!(published(&effects), [4, 5]);
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Alarm { .. })).count(), 3);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Settle(_))));
    drive.at(20, receipt(vec![verdict(4, Decision::Accepted), verdict(5, Decision::Accepted)]));
    assert_eq!((drive.0.len(), drive.0.in_flight()), (3, 0));
    assert_eq!(published(&drive.at(1_009, EventKind::Tick)), [] as [u64; 0]);
    assert_eq!(published(&drive.at(1_010, EventKind::Tick)), [1, 2, 3]);
    // The second rest is twice as long, and a new connection does not shorten it.
    drive.at(1_020, receipt(vec![verdict(1, refused(false))]));
    assert_eq!(published(&drive.at(1_030, EventKind::Connected)), [2, 3]);
    drive.at(1_040, receipt(vec![verdict(2, Decision::Accepted), verdict(3, Decision::Accepted)]));
    assert_eq!(drive.0.next_due_ms(), Some(3_020));
}

#[test]
fn a_verdict_on_other_bytes_settles_nothing() {
    let mut drive = Drive::with(1);
    drive.at(0, EventKind::Connected);
    let accepted = || verdict(1, Decision::Accepted);
    let strange = vec![
        Verdict { envelope: Hash::ZERO, ..accepted() },
        Verdict { record: Some(waiting(2).record), ..accepted() },
        Verdict { record: None, ..accepted() },
        Verdict { sequence: None, ..accepted() },
        Verdict { sequence: Sequence::new(2), ..accepted() },
    ];
    let effects = drive.at(10, receipt(strange));
    assert!(effects.is_empty(), "{effects:?}");
    assert_eq!(drive.0.len(), 1);
}

#[test]
fn the_window_widens_with_quick_answers_and_narrows_with_slow_ones_and_with_none() {
    let all: Vec<Waiting> = (1..=200).map(waiting).collect();
    let pace = Pace { window: 20, resend_ms: 1_000, resend_most_ms: 8_000, ..PACE };
    let mut drive = Drive(Courier::new(pace, &all));
    let accepted = |numbers: &[u64]| receipt(numbers.iter().map(|n| verdict(*n, Decision::Accepted)).collect());
    let first = published(&drive.at(0, EventKind::Connected));
    assert_eq!(first, [1, 2, 3, 4, 5, 6, 7, 8]);
    let second = published(&drive.at(100, accepted(&first)));
    assert_eq!(second.len(), 16, "as many more as were answered");
    let third = published(&drive.at(200, accepted(&second)));
    assert_eq!(third.len(), 20, "and no more than the pace allows");
    let fourth = published(&drive.at(600, accepted(&third)));
    assert_eq!(fourth.len(), 20, "an answer that took its time changes nothing");
    let fifth = published(&drive.at(1_200, accepted(&fourth)));
    assert_eq!(fifth.len(), 10, "a slow one halves it");
    let sixth = published(&drive.at(1_900, accepted(&fifth)));
    assert_eq!(sixth.len(), 10, "once in a while");
    // None of them is answered: half of them go again, the first of them first.
    let again = published(&drive.at(2_900, EventKind::Tick));
    assert_eq!(Some(again.as_slice()), sixth.get(..5));
    // An answer is as late as its first copy, however soon it comes after the second: it widens nothing.
    assert_eq!(published(&drive.at(3_000, accepted(&again))).len(), 5);
    let anew = published(&drive.at(4_000, EventKind::Connected));
    assert_eq!(anew.len(), 8, "a new connection begins anew");
    let quick = published(&drive.at(4_010, accepted(&anew)));
    assert_eq!(quick.len(), 16, "and counts no time from before it");
}

/// Kiosks with full outboxes that connect at the same moment, and an aggregator that reads one envelope a millisecond in the order of their
/// arrival: what all of them send, until everything has its receipt.
#[test]
fn a_crowd_with_full_outboxes_sends_little_twice() {
    const KIOSKS: u64 = 30;
    const RECORDS: u64 = 100;
    let pace = Pace { window: 100, resend_ms: 500, resend_most_ms: 8_000, ..PACE };
    let all: Vec<Waiting> = (1..=RECORDS).map(waiting).collect();
    let mut kiosks: Vec<(u64, Courier)> = (0..KIOSKS).map(|kiosk| (kiosk, Courier::new(pace, &all))).collect();
    let mut queue = VecDeque::new();
    let (mut sent, mut now) = (0, 0);
    while kiosks.iter().any(|(_, courier)| !courier.is_empty()) {
        let read = queue.pop_front();
        for (kiosk, courier) in &mut kiosks {
            let kind = match read {
                _ if now == 0 => EventKind::Connected,
                Some((of, sequence)) if of == *kiosk => receipt(vec![verdict(sequence, Decision::Accepted)]),
                _ if courier.next_due_ms().is_some_and(|due_ms| due_ms <= now) => EventKind::Tick,
                _ => continue,
            };
            #[expect(clippy::cast_precision_loss, reason = "a number below 100")]
            let jitter = ((*kiosk * 37 + now) % 100) as f64 / 100.0;
            let effects = courier.apply(Event { at_ms: now, jitter, kind });
            let published = published(&effects);
            sent += published.len() as u64;
            queue.extend(published.into_iter().map(|sequence| (*kiosk, sequence)));
        }
        now += 1;
        assert!(
            now < 60_000,
            "{} of them are not empty",
            kiosks.iter().filter(|(_, one)| !one.is_empty()).count()
        );
    }
    assert!(sent * 4 <= KIOSKS * RECORDS * 5, "{sent} for {} records", KIOSKS * RECORDS);
}

#[test]
fn only_a_fresh_receipt_teaches_the_clock() {
    let accepted = |sequence| receipt(vec![verdict(sequence, Decision::Accepted)]);
    let teaches = |effects: &[Effect]| effects.contains(&offset());
    let mut drive = Drive::with(3);
    assert!(!teaches(&drive.at(0, accepted(1))), "nothing was sent yet");
    let mut drive = Drive::with(3);
    drive.at(0, EventKind::Connected);
    assert!(teaches(&drive.at(10, accepted(1))));
    assert!(!teaches(&drive.at(20, accepted(1))), "the same receipt again");
    drive.at(30, EventKind::Disconnected);
    assert!(!teaches(&drive.at(40, accepted(2))), "it was sent on another connection");
    drive.at(50, EventKind::Connected);
    assert!(!teaches(&drive.at(50 + FRESH_MS, accepted(3))), "it came late");
}

fn offset() -> Effect {
    Effect::LearnOffset { offset_s: 10, aggregator_time: "2026-11-23T12:00:10Z".parse().unwrap() }
}

/// What may happen between a kiosk and an aggregator.
#[derive(Debug, Clone)]
enum Step {
    Append,
    /// The broker hands one of the messages on its way to the aggregator, which answers so.
    Deliver(prop::sample::Index, Answer),
    /// A receipt arrives, perhaps late, perhaps again.
    Receive(prop::sample::Index),
    LoseMessages,
    LoseSession,
    Connect,
    Kill,
    Pass(u64),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Store,
    StoreSilently,
    Quarantine,
    TurnAway,
}

fn step() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        5 => Just(Answer::Store),
        1 => Just(Answer::StoreSilently),
        1 => Just(Answer::Quarantine),
        2 => Just(Answer::TurnAway),
    ];
    prop_oneof![
        4 => Just(Step::Append),
        6 => (any::<prop::sample::Index>(), answer).prop_map(|(index, answer)| Step::Deliver(index, answer)),
        6 => any::<prop::sample::Index>().prop_map(Step::Receive),
        1 => Just(Step::LoseMessages),
        1 => Just(Step::LoseSession),
        2 => Just(Step::Connect),
        1 => Just(Step::Kill),
        3 => (0_u64..2_000).prop_map(Step::Pass),
    ]
}

/// Both ends and what is between them, as simple as can be.
struct World {
    courier: Courier,
    now_ms: u64,
    outbox: BTreeSet<u64>,
    appended: u64,
    /// Messages on their way to the aggregator.
    up: Vec<u64>,
    /// Verdicts on their way to the kiosk, and those that came before and may come again.
    down: Vec<Verdict>,
    stored: BTreeSet<u64>,
    connected: bool,
}

impl World {
    fn new() -> Self {
        Self {
            courier: Courier::new(PACE, &[]),
            now_ms: 0,
            outbox: BTreeSet::new(),
            appended: 0,
            up: Vec::new(),
            down: Vec::new(),
            stored: BTreeSet::new(),
            connected: false,
        }
    }

    fn drive(&mut self, kind: EventKind) -> Result<(), TestCaseError> {
        #[expect(clippy::cast_precision_loss, reason = "a number below 100")]
        let jitter = (self.now_ms % 100) as f64 / 100.0;
        for effect in self.courier.apply(Event { at_ms: self.now_ms, jitter, kind }) {
            match effect {
                Effect::Publish(sequence) => {
                    prop_assert!(self.connected, "published without a connection");
                    prop_assert!(self.outbox.contains(&sequence), "published what the outbox has not");
                    self.up.push(sequence);
                }
                Effect::Settle(verdicts) => {
                    for verdict in verdicts {
                        let sequence = verdict.sequence.unwrap().get();
                        prop_assert!(self.stored.contains(&sequence), "deleted {} without a receipt", sequence);
                        prop_assert!(self.outbox.remove(&sequence), "deleted {} twice", sequence);
                    }
                }
                Effect::Alarm { .. } | Effect::LearnOffset { .. } => {}
            }
        }
        prop_assert!(self.courier.in_flight() <= PACE.window);
        prop_assert_eq!(self.courier.len(), self.outbox.len());
        Ok(())
    }

    fn deliver(&mut self, place: usize, answer: Answer) {
        let sequence = self.up.swap_remove(place);
        let decision = match answer {
            // The aggregator's own rule: what it holds is a duplicate, whatever it would say of a new one.
            _ if self.stored.contains(&sequence) => Decision::Duplicate,
            Answer::Store => Decision::Accepted,
            Answer::Quarantine => refused(true),
            Answer::TurnAway => {
                self.down.push(verdict(sequence, refused(false)));
                return;
            }
            Answer::StoreSilently => {
                self.stored.insert(sequence);
                return;
            }
        };
        self.stored.insert(sequence);
        self.down.push(verdict(sequence, decision));
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Append => {
                self.appended += 1;
                self.outbox.insert(self.appended);
                self.drive(EventKind::Appended(waiting(self.appended)))
            }
            Step::Deliver(index, answer) if !self.up.is_empty() => {
                self.deliver(index.index(self.up.len()), answer);
                Ok(())
            }
            Step::Receive(index) if !self.down.is_empty() => {
                let verdict = self.down[index.index(self.down.len())].clone();
                self.drive(receipt(vec![verdict]))
            }
            Step::Deliver(..) | Step::Receive(_) => Ok(()),
            Step::LoseMessages => {
                self.up.clear();
                Ok(())
            }
            Step::LoseSession => {
                self.up.clear();
                self.down.clear();
                self.connected = false;
                self.drive(EventKind::Disconnected)
            }
            Step::Connect => {
                self.connected = true;
                self.drive(EventKind::Connected)
            }
            Step::Kill => {
                // What the broker has stays on its way; the new process knows only the outbox.
                let waiting: Vec<Waiting> = self.outbox.iter().map(|sequence| waiting(*sequence)).collect();
                self.courier = Courier::new(PACE, &waiting);
                self.connected = false;
                Ok(())
            }
            Step::Pass(ms) => {
                self.now_ms += ms;
                self.drive(EventKind::Tick)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens, nothing is deleted without a receipt; and once everything works, everything arrives.
    #[test]
    fn nothing_is_lost_and_nothing_is_deleted_without_a_receipt(
        steps in proptest::collection::vec(step(), 0..120),
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(&step)?;
        }
        world.take(&Step::Connect)?;
        let mut rounds = 0;
        while !world.outbox.is_empty() {
            rounds += 1;
            prop_assert!(rounds < 2_000, "{:?} never arrive", world.outbox);
            while !world.up.is_empty() {
                world.deliver(0, Answer::Store);
            }
            for verdict in std::mem::take(&mut world.down) {
                world.drive(receipt(vec![verdict]))?;
            }
            let due = world.courier.next_due_ms();
            world.now_ms = due.unwrap_or(world.now_ms).max(world.now_ms);
            world.drive(EventKind::Tick)?;
        }
        prop_assert_eq!(world.stored, (1..=world.appended).collect::<BTreeSet<_>>());
        prop_assert!(world.courier.is_empty());
        prop_assert_eq!(world.courier.next_due_ms(), None);
    }
}
