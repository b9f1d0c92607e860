//! What to send, when to send it again, and what a receipt allows. Pure: no clock, no socket, no disk.
//!
//! # Vocabulary
//! An envelope is *ready* (to be sent), *in flight* (sent, no verdict yet) or *resting* (refused by an aggregator that did
//! not keep it). The *window* is how many may be in flight just now. `at_ms` is any clock that only goes forward.
//!
//! # Invariants
//! 1. An envelope is forgotten only with an [`Effect::Settle`] that carries a verdict of its number, record id and hash
//!    which says that the aggregator holds it. Nothing a broker says (PUBACK, session present, a closed connection)
//!    forgets anything.
//! 2. Envelopes leave in the order of their numbers; one that was sent before goes again before one that was not.
//! 3. After a lost connection everything in flight is ready again.
//! 4. A resting envelope does not stand in the way of the others and is tried again, ever more slowly, for ever.
//!
//! 5. The aggregator's clock is learnt only from a receipt that answers an envelope in flight which was sent less than
//!    [`FRESH_MS`] ago. A receipt that a broker held back, or says again, would teach an hour that is past.
//!
//! # Times
//! A resend waits [`Pace::resend_ms`], doubled for every attempt up to [`Pace::resend_most_ms`], times 0.5 to 1.5 by the
//! jitter handed in. Any receipt proves that the aggregator is there, and takes the doublings of all in flight back.
//!
//! # The window
//! It begins at [`FIRST_WINDOW`] with each connection. Answers within a quarter of the first resend's wait widen it by as many, up to
//! [`Pace::window`]; answers that take more than half of that wait, and waits that end without one, halve it, once in such a wait and down to
//! one. So kiosks that come back together with full outboxes keep the queue before the aggregator shorter than the time after which they send
//! again; otherwise most of what it reads would be what it has read before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use wardvoice_protocol::id::{Hash, RecordId, Sequence};
use wardvoice_protocol::receipt::{Decision, Receipt, Refusal, Verdict};

use crate::outbox::Waiting;

/// How fast the courier goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many envelopes may be in flight while answers come quickly.
    pub window: usize,
    /// How long an envelope in flight waits for its verdict the first time.
    pub resend_ms: u64,
    /// The longest such wait.
    pub resend_most_ms: u64,
    /// How long a refused envelope rests the first time.
    pub rest_ms: u64,
    /// The longest rest.
    pub rest_most_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { window: 100, resend_ms: 5_000, resend_most_ms: 60_000, rest_ms: 30_000, rest_most_ms: 900_000 }
    }
}

/// How long after an envelope was sent a receipt of it still teaches the aggregator's clock (docs/protocol.md).
pub const FRESH_MS: u64 = 60_000;

/// How many envelopes may be in flight before the first answer of a connection.
pub const FIRST_WINDOW: usize = 8;

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The time on a clock that only goes forward, in milliseconds.
    pub at_ms: u64,
    /// A random number from 0 to 1, drawn by the shell.
    pub jitter: f64,
    /// What happened.
    pub kind: EventKind,
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// The connection stands and receipts are subscribed.
    Connected,
    /// The connection is gone.
    Disconnected,
    /// The outbox keeps a new envelope.
    Appended(Waiting),
    /// A receipt came whose signature is the aggregator's.
    Receipt {
        /// The receipt.
        receipt: Receipt,
        /// The tablet's wall clock when it came.
        wall: Timestamp,
    },
    /// Time has passed.
    Tick,
}

/// What the shell must do, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Publish the envelope of this number.
    Publish(u64),
    /// Delete from the outbox what these verdicts settle.
    Settle(Vec<Verdict>),
    /// Tell people: the aggregator refuses this envelope.
    Alarm {
        /// The envelope's number.
        sequence: u64,
        /// Why, and whether the aggregator kept the bytes.
        refusal: Refusal,
    },
    /// Remember the aggregator's clock.
    LearnOffset {
        /// Aggregator minus tablet, in seconds.
        offset_s: i64,
        /// The aggregator's time in the receipt.
        aggregator_time: Timestamp,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    InFlight { due_ms: u64 },
    Resting { until_ms: u64 },
}

#[derive(Debug, Clone)]
struct Parcel {
    record: RecordId,
    hash: Hash,
    state: State,
    sent_ms: u64,
    /// When it was sent first since it last had to begin anew, by a new connection or a rest.
    first_sent_ms: Option<u64>,
    attempts: u32,
    refusals: u32,
}

/// The state machine.
#[derive(Debug, Clone)]
pub struct Courier {
    pace: Pace,
    connected: bool,
    parcels: BTreeMap<u64, Parcel>,
    // When the parcels that are in flight or resting are due, with their numbers.
    timers: BTreeSet<(u64, u64)>,
    in_flight: usize,
    // How many may be in flight, and until when it is not made smaller again.
    window: usize,
    narrowed_until_ms: u64,
    // No parcel below this number is ready; saves walking over a long queue for each event.
    first_ready: u64,
}

impl Courier {
    /// A courier for what waits in the outbox when it starts.
    pub fn new<'a>(pace: Pace, waiting: impl IntoIterator<Item = &'a Waiting>) -> Self {
        let parcels = waiting.into_iter().map(|waiting| (waiting.sequence, Parcel::of(waiting))).collect();
        Self {
            pace,
            connected: false,
            parcels,
            timers: BTreeSet::new(),
            in_flight: 0,
            window: pace.window.min(FIRST_WINDOW),
            narrowed_until_ms: 0,
            first_ready: 0,
        }
    }

    /// Takes an event and says what to do.
    pub fn apply(&mut self, event: Event) -> Vec<Effect> {
        let Event { at_ms, jitter, kind } = event;
        let mut effects = Vec::new();
        match kind {
            EventKind::Connected => {
                self.lose_in_flight();
                self.connected = true;
                self.window = self.pace.window.min(FIRST_WINDOW);
                self.narrowed_until_ms = 0;
            }
            EventKind::Disconnected => {
                self.lose_in_flight();
                self.connected = false;
            }
            EventKind::Appended(waiting) => {
                self.parcels.entry(waiting.sequence).or_insert_with(|| Parcel::of(&waiting));
                self.first_ready = self.first_ready.min(waiting.sequence);
            }
            EventKind::Receipt { receipt, wall } => {
                self.take_receipt(receipt, wall, at_ms, jitter, &mut effects);
            }
            EventKind::Tick => {}
        }
        if self.connected {
            self.wake(at_ms);
            self.send(at_ms, jitter, &mut effects);
        }
        effects
    }

    /// When [`EventKind::Tick`] is next of use; none while nothing waits for time to pass.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.timers.first().filter(|_| self.connected).map(|(due_ms, _)| *due_ms)
    }

    /// How many envelopes are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many envelopes the courier knows.
    pub fn len(&self) -> usize {
        self.parcels.len()
    }

    /// Whether everything is settled.
    pub fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    fn change(&mut self, sequence: u64, state: State) {
        let Some(parcel) = self.parcels.get_mut(&sequence) else { return };
        if let Some(due_ms) = parcel.state.due_ms() {
            self.timers.remove(&(due_ms, sequence));
        }
        if let Some(due_ms) = state.due_ms() {
            self.timers.insert((due_ms, sequence));
        }
        self.in_flight -= usize::from(parcel.state.is_in_flight());
        self.in_flight += usize::from(state.is_in_flight());
        if state == State::Ready {
            self.first_ready = self.first_ready.min(sequence);
        }
        parcel.state = state;
    }

    fn in_flight_numbers(&self) -> Vec<u64> {
        let in_flight = |number: &u64| self.parcels.get(number).is_some_and(|parcel| parcel.state.is_in_flight());
        self.timers.iter().map(|(_, number)| *number).filter(in_flight).collect()
    }

    fn lose_in_flight(&mut self) {
        for sequence in self.in_flight_numbers() {
            self.change(sequence, State::Ready);
            if let Some(parcel) = self.parcels.get_mut(&sequence) {
                parcel.attempts = 0;
            }
        }
        // Those that are ready again because nobody answered, too: how long the way was without a connection says nothing.
        for parcel in self.parcels.values_mut() {
            parcel.first_sent_ms = None;
        }
    }

    fn take_receipt(
        &mut self,
        receipt: Receipt,
        wall: Timestamp,
        at_ms: u64,
        jitter: f64,
        effects: &mut Vec<Effect>,
    ) {
        let aggregator_time = receipt.aggregator_time;
        let offset_s = aggregator_time.as_second() - wall.as_second();
        if receipt.verdicts.iter().any(|verdict| self.is_fresh(verdict, at_ms)) {
            effects.push(Effect::LearnOffset { offset_s, aggregator_time });
        }
        let mut settled = Vec::new();
        let (mut answered, mut slowest_ms) = (0, 0);
        for verdict in receipt.verdicts {
            let Some(sequence) = verdict.sequence.map(Sequence::get) else { continue };
            let Some(parcel) = self.parcels.get_mut(&sequence) else { continue };
            if verdict.record != Some(parcel.record) || verdict.envelope != parcel.hash {
                continue;
            }
            if let Some(sent_ms) = parcel.first_sent_ms.take() {
                answered += 1;
                slowest_ms = at_ms.saturating_sub(sent_ms).max(slowest_ms);
            }
            if let Decision::Refused(refusal) = &verdict.decision {
                effects.push(Effect::Alarm { sequence, refusal: refusal.clone() });
            }
            if verdict.decision.settles() {
                self.change(sequence, State::Ready);
                self.parcels.remove(&sequence);
                settled.push(verdict);
            } else {
                let rest = spread(doubled(self.pace.rest_ms, parcel.refusals, self.pace.rest_most_ms), jitter);
                parcel.refusals = parcel.refusals.saturating_add(1);
                parcel.attempts = 0;
                self.change(sequence, State::Resting { until_ms: at_ms.saturating_add(rest) });
            }
        }
        if !settled.is_empty() {
            effects.push(Effect::Settle(settled));
        }
        self.suit_window(answered, slowest_ms, at_ms);
        self.take_back_doublings(at_ms.saturating_add(spread(self.pace.resend_ms, jitter)));
    }

    /// Whether a verdict answers an envelope that was sent on this connection, and not long ago.
    fn is_fresh(&self, verdict: &Verdict, at_ms: u64) -> bool {
        let parcel = verdict.sequence.and_then(|sequence| self.parcels.get(&sequence.get()));
        parcel.is_some_and(|parcel| {
            verdict.record == Some(parcel.record)
                && verdict.envelope == parcel.hash
                && parcel.state.is_in_flight()
                && at_ms.saturating_sub(parcel.sent_ms) < FRESH_MS
        })
    }

    /// Makes the window larger or smaller, by how long the slowest of some answers took.
    fn suit_window(&mut self, answered: usize, slowest_ms: u64, at_ms: u64) {
        if slowest_ms > self.pace.resend_ms / 2 {
            self.narrow(at_ms);
        } else if slowest_ms <= self.pace.resend_ms / 4 {
            self.window = self.window.saturating_add(answered).min(self.pace.window);
        }
    }

    fn narrow(&mut self, at_ms: u64) {
        if at_ms >= self.narrowed_until_ms {
            self.window = (self.window / 2).max(1);
            self.narrowed_until_ms = at_ms.saturating_add(self.pace.resend_ms);
        }
    }

    fn take_back_doublings(&mut self, latest_ms: u64) {
        for sequence in self.in_flight_numbers() {
            let Some(parcel) = self.parcels.get_mut(&sequence).filter(|parcel| parcel.attempts > 1) else {
                continue;
            };
            parcel.attempts = 1;
            if parcel.state.due_ms() > Some(latest_ms) {
                self.change(sequence, State::InFlight { due_ms: latest_ms });
            }
        }
    }

    /// Makes ready what is due: in flight for too long, or rested enough.
    fn wake(&mut self, at_ms: u64) {
        let mut unanswered = false;
        while let Some((_, sequence)) = self.timers.first().copied().filter(|(due_ms, _)| *due_ms <= at_ms) {
            unanswered |= self.parcels.get(&sequence).is_some_and(|parcel| parcel.state.is_in_flight());
            self.change(sequence, State::Ready);
        }
        if unanswered {
            self.narrow(at_ms);
        }
    }

    fn send(&mut self, at_ms: u64, jitter: f64, effects: &mut Vec<Effect>) {
        let mut from = self.first_ready;
        while self.in_flight < self.window {
            let next = self.parcels.range_mut(from..).find(|(_, parcel)| parcel.state == State::Ready);
            let Some((&sequence, parcel)) = next else {
                from = u64::MAX;
                break;
            };
            let wait = spread(doubled(self.pace.resend_ms, parcel.attempts, self.pace.resend_most_ms), jitter);
            parcel.attempts = parcel.attempts.saturating_add(1);
            parcel.sent_ms = at_ms;
            parcel.first_sent_ms = parcel.first_sent_ms.or(Some(at_ms));
            self.change(sequence, State::InFlight { due_ms: at_ms.saturating_add(wait) });
            effects.push(Effect::Publish(sequence));
            from = sequence.saturating_add(1);
        }
        self.first_ready = from;
    }
}

impl State {
    fn due_ms(self) -> Option<u64> {
        match self {
            Self::Ready => None,
            Self::InFlight { due_ms } => Some(due_ms),
            Self::Resting { until_ms } => Some(until_ms),
        }
    }

    fn is_in_flight(self) -> bool {
        matches!(self, Self::InFlight { .. })
    }
}

impl Parcel {
    fn of(waiting: &Waiting) -> Self {
        Self {
            record: waiting.record,
            hash: waiting.hash,
            state: State::Ready,
            sent_ms: 0,
            first_sent_ms: None,
            attempts: 0,
            refusals: 0,
        }
    }
}

fn doubled(first_ms: u64, times: u32, most_ms: u64) -> u64 {
    first_ms.saturating_mul(2_u64.saturating_pow(times)).min(most_ms)
}

/// Half to one and a half of a time.
fn spread(ms: u64, jitter: f64) -> u64 {
    let thousandths = (jitter.clamp(0.0, 1.0) * 1_000.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a whole number from 0 to 1,000"
    )]
    let thousandths = thousandths as u64;
    ms.saturating_mul(500 + thousandths) / 1_000
}

#[cfg(test)]
mod tests;
