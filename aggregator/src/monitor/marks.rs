//! That somebody has looked at a finding, and what they noted: a ledger of its own, `monitor.ndjson` in the data folder.
//!
//! A mark says how the finding's numbers stood, because those of a running period go on moving. Marking again takes the place of the
//! mark before; a mark that was a mistake is taken back by another entry. Nothing here changes what is found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::one_line;

use super::Finding;
use crate::help::StaffRole;
use crate::ledger::{Ledger, LedgerError};

/// The longest note, in characters.
pub(super) const MAX_NOTE_CHARACTERS: usize = 300;

/// Who has looked at a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LookedAt {
    /// When, in UTC.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The role of whoever did.
    pub by: String,
    /// What they noted.
    pub note: String,
    /// The finding's n then.
    pub n: u64,
    /// What there was then.
    pub observed: f64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    LookedAt { finding: String, by: StaffRole, note: String, n: u64, observed: f64 },
    TakenBack { finding: String, by: StaffRole },
}

/// Why a finding cannot be marked.
#[derive(Debug, thiserror::Error)]
pub enum MarksError {
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The note is empty, too long, or has control characters.
    #[error("take the note: write 1 to {MAX_NOTE_CHARACTERS} characters on one line, and no name")]
    Note,
    /// There is no mark to take back.
    #[error("take back the mark of {0}: nobody has looked at it")]
    NotMarked(String),
}

/// What people have noted about findings.
#[derive(Debug)]
pub struct Marks(Mutex<Book>);

#[derive(Debug)]
struct Book {
    ledger: Ledger,
    marks: BTreeMap<String, LookedAt>,
}

impl Marks {
    /// Opens the marks of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, MarksError> {
        let mut marks = BTreeMap::new();
        let ledger = Ledger::open(path, |entry| {
            apply(&mut marks, entry.at, entry.event);
            Ok(())
        })?;
        Ok(Self(Mutex::new(Book { ledger, marks })))
    }

    /// What stands about a finding.
    pub fn of(&self, finding: &str) -> Option<LookedAt> {
        self.locked().marks.get(finding).cloned()
    }

    /// Somebody has looked at a finding: durable when this returns.
    pub fn look(&self, finding: &Finding, by: &StaffRole, note: &str, now: Timestamp) -> Result<(), MarksError> {
        let note = one_line::trimmed(note, MAX_NOTE_CHARACTERS).ok_or(MarksError::Note)?;
        self.happen(
            now,
            Event::LookedAt {
                finding: finding.id.clone(),
                by: by.clone(),
                note: note.to_owned(),
                n: finding.n,
                observed: finding.observed,
            },
        )
    }

    /// It was a mistake: durable when this returns.
    pub fn take_back(&self, finding: &str, by: &StaffRole, now: Timestamp) -> Result<(), MarksError> {
        if self.of(finding).is_none() {
            return Err(MarksError::NotMarked(finding.to_owned()));
        }
        self.happen(now, Event::TakenBack { finding: finding.to_owned(), by: by.clone() })
    }

    fn happen(&self, now: Timestamp, event: Event) -> Result<(), MarksError> {
        let mut book = self.locked();
        let entry = book.ledger.append(now, event)?;
        apply(&mut book.marks, entry.at, entry.event);
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(marks: &mut BTreeMap<String, LookedAt>, at: Timestamp, event: Event) {
    match event {
        Event::LookedAt { finding, by, note, n, observed } => {
            marks.insert(finding, LookedAt { at, by: by.into(), note, n, observed });
        }
        Event::TakenBack { finding, .. } => {
            marks.remove(&finding);
        }
    }
}
