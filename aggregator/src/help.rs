//! Requests for help: who still waits, and that somebody has seen it.
//!
//! Purpose: what a patient asked for on a kiosk is on the ward's page within a blink, stays there until a member of staff says
//! that they have seen it, and the kiosk then says so to the patient.
//!
//! Who outside the pages is told of it, and of whom else when nobody has seen it, is [escalation]; how long all that took is [times].
//!
//! Vocabulary: a request is *open* until it is *acknowledged*; one that nobody acknowledged for [`OPEN_FOR`] is no longer shown,
//! because whoever asked has long had help or gone, and is still in the log. To *tell* a kiosk is to publish which of its
//! requests were seen.
//!
//! Invariants:
//! - Nothing but need, place and time is shown of a request, and nothing but its record id is told to a kiosk.
//! - An acknowledgement is in the log, flushed, before anybody is told of it. The first one stays; another changes nothing.
//! - What is here follows from the log: a start reads it again ([`HelpDesk::load`]).
//!
//! Units: a request's time is when it arrived. One that waited on a kiosk without a network has only the quarter of an hour in
//! which it was asked, and is given that.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::help::{HelpSeen, MOST_SEEN};
use wardvoice_protocol::id::{KioskId, RecordId, WardId};
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::record::{Body, HelpRequest, Need, Place};
use wardvoice_protocol::signed;
use wardvoice_protocol::topic::{Channel, Topic};

use crate::ingest::mqtt::Message;
use crate::log::{LogError, Reader, StoredRecord};

pub mod escalation;
mod letter;
mod role;
pub mod times;
mod watch;

pub(crate) use letter::{need, need_word};
pub use role::{StaffRole, StaffRoleError};
pub use watch::{Watch, watch};

/// For how long a request that nobody has acknowledged is shown.
pub const OPEN_FOR: SignedDuration = SignedDuration::from_hours(24 * 7);
/// For how long a kiosk that connects anew is told of an acknowledgement. No screen waits for longer.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// For how long requests are remembered for their times.
pub const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24 * 28);
/// So many answered requests are remembered for their times, and so many that nobody has seen.
const MOST_REMEMBERED: usize = 10_000;
/// A request that arrives later than this after the quarter of an hour it was asked in has waited on the kiosk.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(20);

/// Somebody asked for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The record's id.
    pub record: RecordId,
    /// The kiosk it was asked on.
    pub kiosk: KioskId,
    /// The ward.
    pub ward: WardId,
    /// What is needed.
    pub need: Need,
    /// The bay or room, where the kiosk is not fixed to one.
    pub place: Option<Place>,
    /// When it was asked.
    pub asked: Timestamp,
    /// When it came, from which on people are told.
    pub arrived: Timestamp,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The record's id.
    pub record: RecordId,
    /// The ward.
    pub ward: WardId,
    /// When it came.
    pub arrived: Timestamp,
    /// When somebody had seen it; nobody yet otherwise.
    pub seen: Option<Timestamp>,
}

/// The requests that are open, and what kiosks are told. Shared by reference.
#[derive(Debug, Default)]
pub struct HelpDesk {
    book: RwLock<Book>,
    changes: AtomicU64,
}

#[derive(Debug, Default)]
struct Book {
    open: BTreeMap<RecordId, Request>,
    told: BTreeMap<KioskId, VecDeque<(RecordId, Timestamp)>>,
    /// Those of the last [`REMEMBERED_FOR`], and at most [`MOST_REMEMBERED`].
    answered: VecDeque<Course>,
}

impl Request {
    /// A request as it was judged.
    pub(crate) fn new(
        record: RecordId,
        kiosk: KioskId,
        request: HelpRequest,
        received: Timestamp,
        claimed: Timestamp,
    ) -> Self {
        let HelpRequest { ward, need, place } = request;
        // What is claimed is cut down to the quarter of an hour, so a request that came at once was asked when it came.
        let at_once = received.duration_since(claimed) <= AT_ONCE;
        let asked = if at_once { received } else { claimed };
        Self { record, kiosk, ward, need, place, asked, arrived: received }
    }

    /// The request that a record of the log is, if it is one.
    fn of(stored: StoredRecord) -> Option<Self> {
        match stored.record.body {
            Body::HelpRequest(request) => {
                let claimed = stored.evidence.claimed;
                Some(Self::new(stored.record_id, stored.kiosk, request, stored.received, claimed))
            }
            Body::Contact(_) | Body::Cleaning(_) => None,
        }
    }

    fn is_shown(&self, now: Timestamp) -> bool {
        now.duration_since(self.asked) <= OPEN_FOR
    }
}

impl Course {
    fn of(request: &Request, seen: Option<Timestamp>) -> Self {
        Self { record: request.record, ward: request.ward.clone(), arrived: request.arrived, seen }
    }
}

impl HelpDesk {
    /// What the log says is open, and what kiosks may not have been told before the process ended.
    pub fn load(reader: &Reader, now: Timestamp) -> Result<Self, LogError> {
        let mut book = Book::default();
        let mut requests = reader.requests()?;
        // The newest first: what is older than the oldest that is shown need not be read.
        while let Some((position, record)) = requests.pop() {
            let Some(stored) = reader.record(position)? else { continue };
            if now.duration_since(stored.received) > REMEMBERED_FOR {
                break;
            }
            match reader.seen(&record)? {
                Some(seen) => {
                    book.tell(stored.kiosk.clone(), record, seen.at);
                    if let Some(request) = Request::of(stored) {
                        book.answer(request, seen.at);
                    }
                }
                None => {
                    if let Some(request) = Request::of(stored) {
                        book.open.insert(record, request);
                    }
                }
            }
        }
        for told in book.told.values_mut() {
            told.make_contiguous().sort_by_key(|(_, at)| *at);
        }
        Ok(Self { book: RwLock::new(book), changes: AtomicU64::new(0) })
    }

    /// The open requests of a ward, the one that waits longest first.
    pub fn of_ward(&self, ward: &WardId, now: Timestamp) -> Vec<Request> {
        self.shown(now, |request| request.ward == *ward)
    }

    /// Every open request, the one that waits longest first.
    pub fn all(&self, now: Timestamp) -> Vec<Request> {
        self.shown(now, |_| true)
    }

    /// What became of the requests that came in the last [`REMEMBERED_FOR`], in no particular order.
    pub fn courses(&self, now: Timestamp) -> Vec<Course> {
        let book = self.read();
        let open = book.open.values().map(|request| Course::of(request, None));
        let all = book.answered.iter().cloned().chain(open);
        all.filter(|course| now.duration_since(course.arrived) <= REMEMBERED_FOR).collect()
    }

    /// A number that is another whenever something here is.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn shown(&self, now: Timestamp, which: impl Fn(&Request) -> bool) -> Vec<Request> {
        let book = self.read();
        let mut shown: Vec<_> =
            book.open.values().filter(|request| request.is_shown(now) && which(request)).cloned().collect();
        shown.sort_by_key(|request| request.asked);
        shown
    }

    /// A request is new in the log.
    pub(crate) fn open(&self, request: Request) {
        let mut book = self.write();
        let seen_already =
            book.told.get(&request.kiosk).is_some_and(|told| told.iter().any(|(id, _)| *id == request.record));
        if !seen_already {
            // What is no longer remembered is no longer held either.
            book.open.retain(|_, before| request.arrived.duration_since(before.arrived) <= REMEMBERED_FOR);
            book.open.insert(request.record, request);
            // Ids begin with the hour, so the first is as old as any.
            while book.open.len() > MOST_REMEMBERED {
                book.open.pop_first();
            }
        }
        drop(book);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// An acknowledgement is in the log.
    pub(crate) fn seen(&self, kiosk: KioskId, record: RecordId, at: Timestamp) {
        let mut book = self.write();
        if let Some(request) = book.open.remove(&record) {
            book.answer(request, at);
        }
        book.tell(kiosk, record, at);
        drop(book);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// What a kiosk is told, as a message.
    pub fn letter(&self, kiosk: &KioskId, key: &SigningKey) -> Option<Message> {
        let told = self.read().told.get(kiosk)?.iter().map(|(record, _)| *record).collect();
        let topic = Topic::Kiosk(kiosk.clone(), Channel::Help);
        let payload = signed::sign(&HelpSeen { kiosk: kiosk.clone(), seen: told }, &topic, key).ok()?;
        Some(Message { topic, payload, retain: true })
    }

    /// What every kiosk is told of the last hour, for a broker that may have nothing.
    pub fn letters(&self, key: &SigningKey, now: Timestamp) -> Vec<Message> {
        let recent = |told: &VecDeque<(RecordId, Timestamp)>| {
            told.back().is_some_and(|(_, at)| now.duration_since(*at) <= TOLD_FOR)
        };
        let kiosks: Vec<_> =
            self.read().told.iter().filter(|(_, told)| recent(told)).map(|(kiosk, _)| kiosk.clone()).collect();
        kiosks.iter().filter_map(|kiosk| self.letter(kiosk, key)).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn answer(&mut self, request: Request, seen: Timestamp) {
        if self.answered.iter().any(|known| known.record == request.record) {
            return;
        }
        self.answered.push_back(Course::of(&request, Some(seen)));
        self.answered.retain(|one| seen.duration_since(one.arrived) <= REMEMBERED_FOR);
        while self.answered.len() > MOST_REMEMBERED {
            self.answered.pop_front();
        }
    }

    fn tell(&mut self, kiosk: KioskId, record: RecordId, at: Timestamp) {
        let told = self.told.entry(kiosk).or_default();
        if told.iter().any(|(known, _)| *known == record) {
            return;
        }
        told.push_back((record, at));
        while told.len() > MOST_SEEN {
            told.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
