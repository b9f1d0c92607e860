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
//! - Where patients are too few for that, a dispute is about all of six months, or all on one ward in them, and says of none of them more.
//!
//! Format: a dispute about several contacts is an event of its own (`opened_all`), so what was written before is read as ever; a program from
//! before refuses a file that has one.
//! - A contact is disputed once: what was ruled is ruled.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::fortnight::{DayNumber, Period};
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
    /// The ward of the contact, or of all contacts; none where it is about those on any ward.
    pub ward: Option<WardId>,
    /// The fortnight of the contact, `2026-F23`; none where it is about six months.
    pub fortnight: Option<String>,
    /// Who said that the consultant was in charge; none where it is about six months.
    pub source: Option<AttributionSource>,
    /// The six months that it is about all contacts of, `6m-2026-11-22`; none where it is about one.
    pub window: Option<String>,
    /// How many contacts it is about. For the office.
    pub contacts: usize,
    /// Why it is disputed.
    pub reason: String,
    /// The local day it was opened.
    pub opened: Date,
    /// What was ruled; none while it is open.
    pub ruled: Option<Ruled>,
    /// The records that it is about. Shown to nobody.
    #[serde(skip)]
    pub(crate) records: Vec<RecordId>,
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
    OpenedAll(OpenedAll),
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenedAll {
    records: Vec<RecordId>,
    consultant: ConsultantId,
    window: String,
    ward: Option<WardId>,
    reason: String,
    on: Date,
}

/// Contacts that are too few to be told apart: all of a consultant in six months, or all on a ward.
#[derive(Debug, Clone, Copy)]
pub struct AllOf<'a> {
    /// The consultant.
    pub consultant: &'a ConsultantId,
    /// The six months.
    pub window: &'a Period,
    /// The ward; any when absent.
    pub ward: Option<&'a WardId>,
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
    /// The contact, or all of six months, is disputed, or was.
    #[error("dispute this: it was disputed before, as number {0}")]
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
        self.records.contains(&contact.record)
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

    /// Opens a dispute about everything that counts for a consultant in six months, or on one ward in them, durably. Of the contacts given, those
    /// that are so; it may be that none is, and whoever disputes does not learn it from this.
    pub fn dispute_all(
        &self,
        all: AllOf<'_>,
        contacts: &[AttributedContact],
        reason: &str,
        today: Date,
        now: Timestamp,
    ) -> Result<Dispute, DisputesError> {
        let before = self.of(all.consultant);
        let is_about = |contact: &&AttributedContact| {
            all.ward.is_none_or(|ward| contact.ward == *ward) && !before.iter().any(|one| one.is_about(contact))
        };
        let opened = OpenedAll {
            records: contacts.iter().filter(is_about).map(|contact| contact.record).collect(),
            consultant: all.consultant.clone(),
            window: all.window.to_string(),
            ward: all.ward.cloned(),
            reason: text("the reason", reason)?,
            on: today,
        };
        self.happen(Event::OpenedAll(opened), now)
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
        upheld.flat_map(|dispute| dispute.records).collect()
    }

    /// What was upheld, as the facts want it: the rows of those records, each with the day of the ruling.
    pub fn rulings(&self, reader: &Reader, world: &World) -> Result<Rulings, LogError> {
        let mut rulings = Rulings::default();
        let upheld = |dispute: Dispute| {
            let ruled = dispute.ruled.filter(|ruled| ruled.ruling == Ruling::Upheld)?;
            Some((dispute.number, dispute.records, ruled.on))
        };
        let upheld = self.list().into_iter().filter_map(upheld);
        let records =
            upheld.flat_map(|(number, records, on)| records.into_iter().map(move |record| (number, record, on)));
        for (number, record, on) in records {
            let position = reader.find(&record)?;
            let stored = position.map(|position| reader.record(position)).transpose()?.flatten();
            let Some(stored) = stored else {
                tracing::warn!(number, "the record of a dispute is not in the log");
                continue;
            };
            let Body::Contact(contact) = &stored.record.body else { continue };
            let (day, arrival) = (DayNumber::from(stored.day), DayNumber::from(stored.arrival_day));
            // What the directory no longer knows has no fact either.
            let row = fact_of(contact, day, arrival, &world.vocabulary);
            if let Some(row) = row {
                rulings.add(row, DayNumber::from(on));
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
            let dispute = Dispute {
                number: next(disputes),
                consultant: opened.consultant.clone(),
                ward: Some(opened.ward.clone()),
                fortnight: Some(opened.fortnight.clone()),
                source: Some(opened.source),
                window: None,
                contacts: 1,
                reason: opened.reason.clone(),
                opened: opened.on,
                ruled: None,
                records: vec![opened.record],
            };
            open(disputes, dispute)
        }
        Event::OpenedAll(opened) => {
            let dispute = Dispute {
                number: next(disputes),
                consultant: opened.consultant.clone(),
                ward: opened.ward.clone(),
                fortnight: None,
                source: None,
                window: Some(opened.window.clone()),
                contacts: opened.records.len(),
                reason: opened.reason.clone(),
                opened: opened.on,
                ruled: None,
                records: opened.records.clone(),
            };
            open(disputes, dispute)
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

fn next(disputes: &[Dispute]) -> u32 {
    u32::try_from(disputes.len()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Opens a dispute unless it was opened before, or too many are open.
fn open(disputes: &mut Vec<Dispute>, dispute: Dispute) -> Result<Dispute, DisputesError> {
    let is_again = |before: &&Dispute| {
        let all_again = dispute.window.is_some()
            && (&before.consultant, &before.window, &before.ward)
                == (&dispute.consultant, &dispute.window, &dispute.ward);
        all_again || before.records.iter().any(|record| dispute.records.contains(record))
    };
    if let Some(before) = disputes.iter().find(is_again) {
        return Err(DisputesError::Twice(before.number));
    }
    let is_open = |before: &&Dispute| before.consultant == dispute.consultant && before.ruled.is_none();
    if disputes.iter().filter(is_open).count() >= MOST_OPEN {
        return Err(DisputesError::TooMany);
    }
    disputes.push(dispute.clone());
    Ok(dispute)
}

fn text(name: &'static str, text: &str) -> Result<String, DisputesError> {
    one_line::trimmed(text, MAX_CHARACTERS).map(str::to_owned).ok_or(DisputesError::Text(name))
}

#[cfg(test)]
mod tests;
