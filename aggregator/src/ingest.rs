//! Ingest: from a payload on a kiosk's topic to a verdict.
//!
//! Purpose: every envelope is counted exactly once, or refused with a reason that a person can act on, and nothing a
//! broker or a client sends can stop the next one.
//!
//! The way: [`judge`] asks what can be asked of one payload alone (shape, signature, seal, record, day) and is pure; the
//! [`Writer`] asks what only the log knows (seen before, where in the chain) and decides; the [`Pipeline`] is the
//! threads around both.
//!
//! Vocabulary: an *arrival* is one payload as the broker handed it over; a *verdict* is what its kiosk is told.
//!
//! Invariants: a verdict that settles an envelope leaves only after the log's flush. An [`Unacked`] message can only be
//! let go of by accepting or quarantining it, which gives the broker's token back.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::{KioskId, WardId};
use wardvoice_protocol::keys::OpenKey;
use wardvoice_protocol::questionnaire::Questionnaire;

use crate::facts::Vocabulary;
use crate::registry::Registry;

pub mod day;
pub mod judge;
pub mod mqtt;
pub mod pipeline;
mod recent;
#[cfg(test)]
pub(crate) mod testing;
pub mod writer;

pub use judge::{Judged, Opened, judge, judge_all};
pub use pipeline::{Forgetting, Pipeline, PipelineError, Sinks};
pub use writer::Writer;

/// One payload as it came on a kiosk's records topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The kiosk of the topic.
    pub kiosk: KioskId,
    /// What came.
    pub payload: Vec<u8>,
    /// When, by the aggregator's clock. Kept to the millisecond.
    pub received: Timestamp,
    /// The first local day on which it may count as having come, where it is taken in later than it was received: what was published
    /// meanwhile was published without it.
    pub not_before: Option<Date>,
}

/// An arrival together with the broker's token for it, which must be given back once the fate of the arrival is durable.
#[must_use = "a message that is neither accepted nor quarantined is never acknowledged"]
#[derive(Debug)]
pub struct Unacked<T> {
    arrival: Arrival,
    token: T,
}

impl<T> Unacked<T> {
    /// A message that has not been acknowledged.
    pub fn new(arrival: Arrival, token: T) -> Self {
        Self { arrival, token }
    }

    /// What came.
    pub fn arrival(&self) -> &Arrival {
        &self.arrival
    }

    /// Its record is durable (or was before): the token may be used.
    pub fn accept(self) -> T {
        self.token
    }

    /// Its refusal is decided, and durable where the verdict says so: the token may be used.
    pub fn quarantine(self) -> T {
        self.token
    }

    /// Moves the payload out; kiosk and time stay, the token too.
    pub(crate) fn take_arrival(&mut self) -> Arrival {
        let payload = std::mem::take(&mut self.arrival.payload);
        let (received, not_before) = (self.arrival.received, self.arrival.not_before);
        Arrival { kiosk: self.arrival.kiosk.clone(), payload, received, not_before }
    }
}

/// What the aggregator knows and judges by.
#[derive(Debug)]
pub struct World {
    /// The trust.
    pub directory: Directory,
    /// The questionnaires whose answers are taken.
    pub questionnaires: Vec<Questionnaire>,
    /// The calendar that says which local day a moment is on.
    pub calendar: Calendar,
    /// The small numbers that facts use.
    pub vocabulary: Arc<Vocabulary>,
    /// The keys that envelopes are sealed to, the present one first.
    pub open_keys: Vec<OpenKey>,
    /// The kiosks.
    pub registry: Arc<Registry>,
}

/// Something new is in the log and in the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The wards it is about.
    pub wards: Vec<WardId>,
    /// The last position.
    pub position: u64,
}
