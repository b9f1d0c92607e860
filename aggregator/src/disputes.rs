//! Disputes: a consultant says that a patient was not theirs, and the office rules.
//!
//! Purpose: attribution is the weak joint of a consultant's score. Whoever is scored may say that a contact is not theirs without
//! anybody learning who the patient was, and what is ruled is seen in the figures, dated, and never hidden.
//!
//! Vocabulary: a *[handle](Handle)* is what a page calls a contact: it says nothing and is nobody else's word for it; a dispute is *open* until
//! it is *ruled* on: *upheld*, and the contact no longer counts for the consultant, or *declined*.
//!
//! Invariants:
//! - The file `disputes.ndjson` has a line for everything that ever happened to a dispute, and only grows. A line is synced before anybody
//!   is told.
//! - What is upheld follows into the facts as a ruling with its day ([`crate::facts::Rulings`]); it is made again from this file and the log
//!   at every start and every rebuild. The record in the log stays as it came.
//! - Nobody is shown more of a contact than fortnight, ward and who said it. The record id, which knows the hour, is in the file alone.
//! - A contact is disputed once: what was ruled is ruled.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{ConsultantId, RecordId, WardId};
use wardvoice_protocol::one_line;
use wardvoice_protocol::record::Body;

use crate::facts::{Rulings, fact_of};
use crate::ingest::World;
use crate::line_file::{LineFile, LineFileError};
use crate::log::{LogError, Reader};

mod attributed;

pub use attributed::{Attributed, AttributedContact, Handle, HandleError};

/// The longest reason, in characters.
pub const MAX_CHARACTERS: usize = 300;
/// The most disputes of one consultant that are open at once.
pub const MOST_OPEN: usize = 100;

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Its number, from 1.
    pub number: u32,
    /// Whose it is.
    pub consultant: ConsultantId,
    /// The ward of the contact.
    pub ward: WardId,
    /// The fortnight of the contact, `2026-F23`.
    pub fortnight: String,
    /// Who said that the consultant was in charge.
    pub source: AttributionSource,
    /// Why it is disputed.
    pub reason: String,
    /// The local day it was opened.
    pub opened: Date,
    /// What was ruled; none while it is open.
    pub ruled: Option<Ruled>,
    /// The record that it is about. Shown to nobody.
    #[serde(skip)]
    pub(crate) record: Option<RecordId>,
}

/// What was ruled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruled {
    /// How.
    pub ruling: Ruling,
    /// The local day.
    pub on: Date,
    /// Why, for the consultant to read.
    pub note: Option<String>,
}

/// How a dispute ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The contact no longer counts for the consultant.
    Upheld,
    /// It counts as before.
    Declined,
}

/// How many disputes of a consultant stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DisputeCounts {
    /// Nobody has ruled yet.
    pub open: u64,
    /// The contact no longer counts.
    pub upheld: u64,
    /// The contact counts as before.
    pub declined: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Opened(Opened),
    Ruled { number: u32, ruling: Ruling, on: Date, note: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    record: RecordId,
    consultant: ConsultantId,
    ward: WardId,
    fortnight: String,
    source: AttributionSource,
    reason: String,
    on: Date,
}

/// Why disputes cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DisputesError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// A text is empty, too long, or has control characters.
    #[error("take the dispute: {0} must have 1 to {MAX_CHARACTERS} characters and no line breaks")]
    Text(&'static str),
    /// There is no such dispute.
    #[error("find dispute {0}: there is none of that number; `dispute list` shows those there are")]
    NotThere(u32),
    /// It was ruled on.
    #[error("rule on dispute {number}: it was {ruling} already")]
    Already {
        /// The dispute.
        number: u32,
        /// How it ended.
        ruling: Ruling,
    },
    /// The contact is disputed, or was.
    #[error("dispute this contact: it was disputed before, as number {0}")]
    Twice(u32),
    /// So many are open.
    #[error(
        "open another dispute: {MOST_OPEN} of this consultant are open; wait until the office has ruled on some"
    )]
    TooMany,
}

impl std::fmt::Display for Ruling {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Upheld => "upheld",
            Self::Declined => "declined",
        })
    }
}

impl Dispute {
    /// Whether it is about a contact.
    pub fn is_about(&self, contact: &AttributedContact) -> bool {
        self.record == Some(contact.record)
    }
}

/// Every dispute of the trust.
#[derive(Debug)]
pub struct Disputes {
    ledger: Mutex<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    file: LineFile<Event>,
    disputes: Vec<Dispute>,
}

impl Disputes {
    /// Opens the disputes of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DisputesError> {
        let mut disputes = Vec::new();
        let file = LineFile::open(path, |_, event| {
            apply(&mut disputes, &event).map(drop).map_err(|error| error.to_string())
        })?;
        Ok(Self { ledger: Mutex::new(Ledger { file, disputes }) })
    }

    /// Every dispute, the newest first.
    pub fn list(&self) -> Vec<Dispute> {
        let mut disputes = self.locked().disputes.clone();
        disputes.reverse();
        disputes
    }

    /// The disputes of a consultant, the newest first.
    pub fn of(&self, consultant: &ConsultantId) -> Vec<Dispute> {
        self.list().into_iter().filter(|dispute| dispute.consultant == *consultant).collect()
    }

    /// How the disputes of a consultant stand.
    pub fn counts(&self, consultant: &ConsultantId) -> DisputeCounts {
        let mut counts = DisputeCounts::default();
        for dispute in self.of(consultant) {
            match dispute.ruled.map(|ruled| ruled.ruling) {
                None => counts.open += 1,
                Some(Ruling::Upheld) => counts.upheld += 1,
                Some(Ruling::Declined) => counts.declined += 1,
            }
        }
        counts
    }

    /// A dispute by its number.
    pub fn get(&self, number: u32) -> Result<Dispute, DisputesError> {
        let ledger = self.locked();
        let found = ledger.disputes.iter().find(|dispute| dispute.number == number);
        found.cloned().ok_or(DisputesError::NotThere(number))
    }

    /// Opens a dispute about a contact, durably.
    pub fn dispute(
        &self,
        contact: &AttributedContact,
        reason: &str,
        today: Date,
        now: Timestamp,
    ) -> Result<Dispute, DisputesError> {
        let opened = Opened {
            record: contact.record,
            consultant: contact.consultant.clone(),
            ward: contact.ward.clone(),
            fortnight: contact.fortnight.clone(),
            source: contact.source,
            reason: text("the reason", reason)?,
            on: today,
        };
        self.happen(Event::Opened(opened), now)
    }

    /// Rules on a dispute, durably.
    pub fn rule(
        &self,
        number: u32,
        ruling: Ruling,
        note: &str,
        today: Date,
        now: Timestamp,
    ) -> Result<Dispute, DisputesError> {
        let note = if note.trim().is_empty() { None } else { Some(text("the note", note)?) };
        self.happen(Event::Ruled { number, ruling, on: today, note }, now)
    }

    /// The records whose patients were not the consultant's after all. For whoever has to leave them out, and shown to nobody.
    pub(crate) fn not_theirs(&self, consultant: &ConsultantId) -> BTreeSet<RecordId> {
        let is_upheld = |ruled: &Ruled| ruled.ruling == Ruling::Upheld;
        let upheld =
            self.of(consultant).into_iter().filter(|dispute| dispute.ruled.as_ref().is_some_and(is_upheld));
        upheld.filter_map(|dispute| dispute.record).collect()
    }

    /// What was upheld, as the facts want it: the rows of those records, each with the day of the ruling.
    pub fn rulings(&self, reader: &Reader, world: &World) -> Result<Rulings, LogError> {
        let mut rulings = Rulings::default();
        for dispute in self.list() {
            let (Some(record), Some(ruled)) = (dispute.record, dispute.ruled) else { continue };
            if ruled.ruling != Ruling::Upheld {
                continue;
            }
            let position = reader.find(&record)?;
            let stored = position.map(|position| reader.record(position)).transpose()?.flatten();
            let Some(stored) = stored else {
                tracing::warn!(number = dispute.number, "the record of a dispute is not in the log");
                continue;
            };
            let Body::Contact(contact) = &stored.record.body else { continue };
            let (day, arrival) = (DayNumber::from(stored.day), DayNumber::from(stored.arrival_day));
            // What the directory no longer knows has no fact either.
            let row = fact_of(contact, day, arrival, &world.vocabulary);
            if let Some(row) = row {
                rulings.add(row, DayNumber::from(ruled.on));
            }
        }
        Ok(rulings)
    }

    fn happen(&self, event: Event, now: Timestamp) -> Result<Dispute, DisputesError> {
        let mut ledger = self.locked();
        let mut disputes = ledger.disputes.clone();
        let dispute = apply(&mut disputes, &event)?;
        ledger.file.append(now, &[event])?;
        ledger.disputes = disputes;
        Ok(dispute)
    }

    fn locked(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(disputes: &mut Vec<Dispute>, event: &Event) -> Result<Dispute, DisputesError> {
    match event {
        Event::Opened(opened) => {
            if let Some(before) = disputes.iter().find(|dispute| dispute.record == Some(opened.record)) {
                return Err(DisputesError::Twice(before.number));
            }
            let is_open = |dispute: &&Dispute| dispute.consultant == opened.consultant && dispute.ruled.is_none();
            if disputes.iter().filter(is_open).count() >= MOST_OPEN {
                return Err(DisputesError::TooMany);
            }
            let dispute = Dispute {
                number: u32::try_from(disputes.len()).unwrap_or(u32::MAX).saturating_add(1),
                consultant: opened.consultant.clone(),
                ward: opened.ward.clone(),
                fortnight: opened.fortnight.clone(),
                source: opened.source,
                reason: opened.reason.clone(),
                opened: opened.on,
                ruled: None,
                record: Some(opened.record),
            };
            disputes.push(dispute.clone());
            Ok(dispute)
        }
        Event::Ruled { number, ruling, on, note } => {
            let dispute = disputes.iter_mut().find(|dispute| dispute.number == *number);
            let dispute = dispute.ok_or(DisputesError::NotThere(*number))?;
            if let Some(ruled) = &dispute.ruled {
                return Err(DisputesError::Already { number: *number, ruling: ruled.ruling });
            }
            dispute.ruled = Some(Ruled { ruling: *ruling, on: *on, note: note.clone() });
            Ok(dispute.clone())
        }
    }
}

fn text(name: &'static str, text: &str) -> Result<String, DisputesError> {
    one_line::trimmed(text, MAX_CHARACTERS).map(str::to_owned).ok_or(DisputesError::Text(name))
}

#[cfg(test)]
mod tests;
