//! The book of returns, `returns.ndjson` in the data folder: how many patients were eligible, and what was exported when.
//!
//! Eligible counts come from the trust's own systems and can be said again; the last word counts. What was exported is kept so
//! that a later export that differs is told, and because what is published nationally is known to everybody from then on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{Hash, WardId};

use crate::line_file::{LineFile, LineFileError};

/// More patients than any ward has in a month.
pub const MOST_ELIGIBLE: u64 = 100_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Eligible {
        /// The month, `2026-10`.
        month: String,
        counts: BTreeMap<WardId, u64>,
    },
    Exported(Exported),
}

/// That a return was written to files, to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The month, `2026-10`.
    pub month: String,
    /// Whoever had arrived by the end of this day was in it.
    pub as_of: Date,
    /// How many answers it had.
    pub responses: u64,
    /// How many of each ward.
    pub wards: BTreeMap<WardId, u64>,
    /// The hash of what is to be sent.
    pub digest: Hash,
}

/// Why the book cannot be read or written in.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// The directory has no such ward.
    #[error("note the eligible patients of ward {0}: the directory has no such ward")]
    NoSuchWard(WardId),
    /// A count that no ward can have.
    #[error("note {count} eligible patients of ward {ward}: write a number from 0 to {MOST_ELIGIBLE}")]
    TooMany {
        /// The ward.
        ward: WardId,
        /// What was said.
        count: u64,
    },
}

/// Everything that was noted about returns.
#[derive(Debug)]
pub struct Book {
    file: Mutex<LineFile<Event>>,
    pages: RwLock<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    eligible: BTreeMap<String, BTreeMap<WardId, u64>>,
    exported: Vec<(Timestamp, Exported)>,
}

impl Pages {
    fn apply(&mut self, at: Timestamp, event: Event) {
        match event {
            Event::Eligible { month, counts } => self.eligible.entry(month).or_default().extend(counts),
            Event::Exported(exported) => self.exported.push((at, exported)),
        }
    }
}

impl Book {
    /// Opens the book of a file; one that is not there is made and is empty.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BookError> {
        let mut pages = Pages::default();
        let file = LineFile::open(path, |at, event| {
            pages.apply(at, event);
            Ok(())
        })?;
        Ok(Self { file: Mutex::new(file), pages: RwLock::new(pages) })
    }

    /// How many patients of each ward were eligible in a month, as far as it is known.
    pub fn eligible(&self, month: &str) -> BTreeMap<WardId, u64> {
        let pages = self.pages.read().unwrap_or_else(PoisonError::into_inner);
        pages.eligible.get(month).cloned().unwrap_or_default()
    }

    /// The exports of every month, the oldest first.
    pub fn exported(&self) -> Vec<Exported> {
        self.exports().into_iter().map(|(_, exported)| exported).collect()
    }

    /// The exports of every month with the moment of each, the oldest first.
    pub fn exports(&self) -> Vec<(Timestamp, Exported)> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner).exported.clone()
    }

    /// The last export of a month, and when it was noted.
    pub fn last_export(&self, month: &str) -> Option<(Timestamp, Exported)> {
        let pages = self.pages.read().unwrap_or_else(PoisonError::into_inner);
        pages.exported.iter().rev().find(|(_, exported)| exported.month == month).cloned()
    }

    /// Notes eligible patients, durably: all of them or none.
    pub fn note_eligible(
        &self,
        month: &str,
        counts: BTreeMap<WardId, u64>,
        directory: &Directory,
    ) -> Result<(), BookError> {
        if let Some(ward) = counts.keys().find(|ward| directory.ward(ward).is_none()) {
            return Err(BookError::NoSuchWard(ward.clone()));
        }
        if let Some((ward, count)) = counts.iter().find(|(_, count)| **count > MOST_ELIGIBLE) {
            return Err(BookError::TooMany { ward: ward.clone(), count: *count });
        }
        self.happen(Event::Eligible { month: month.to_owned(), counts })
    }

    /// Notes an export, durably. The same again is not noted twice, but one that was followed by another is: the last word counts.
    pub fn note_exported(&self, exported: Exported) -> Result<(), BookError> {
        match self.last_export(&exported.month) {
            Some((_, last)) if last == exported => Ok(()),
            _ => self.happen(Event::Exported(exported)),
        }
    }

    fn happen(&self, event: Event) -> Result<(), BookError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Timestamp::now();
        file.append(at, std::slice::from_ref(&event))?;
        self.pages.write().unwrap_or_else(PoisonError::into_inner).apply(at, event);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::directory;

    #[test]
    fn the_last_word_about_eligible_patients_counts_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("returns.ndjson");
        let book = Book::open(&path).unwrap();
        let of = |counts: &[(&str, u64)]| -> BTreeMap<WardId, u64> {
            counts.iter().map(|(ward, count)| (ward.parse().unwrap(), *count)).collect()
        };
        let note = |month: &str, counts| book.note_eligible(month, counts, &directory::example());
        note("2026-10", of(&[("W1", 50), ("W2", 60)])).unwrap();
        note("2026-10", of(&[("W2", 61)])).unwrap();
        note("2026-11", of(&[("W1", 1)])).unwrap();
        let said = note("2026-10", of(&[("W1", 5), ("W9", 5)])).unwrap_err().to_string();
        assert!(said.contains("W9"), "{said}");
        let said = note("2026-10", of(&[("W1", 100_001)])).unwrap_err().to_string();
        assert!(said.contains("from 0 to 100000"), "{said}");
        let exported = Exported {
            month: "2026-10".to_owned(),
            as_of: "2026-11-10".parse().unwrap(),
            responses: 3,
            wards: of(&[("W1", 3)]),
            digest: Hash::ZERO,
        };
        book.note_exported(exported.clone()).unwrap();
        book.note_exported(exported.clone()).unwrap();
        let again = Book::open(&path).unwrap();
        assert_eq!(again.eligible("2026-10"), of(&[("W1", 50), ("W2", 61)]));
        assert_eq!(again.exported(), std::slice::from_ref(&exported));
        let other = Exported { digest: Hash::of(b"other codes"), ..exported.clone() };
        again.note_exported(other.clone()).unwrap();
        again.note_exported(exported.clone()).unwrap();
        assert_eq!(again.exported(), [exported.clone(), other, exported.clone()]);
        assert_eq!(again.last_export("2026-10").map(|(_, last)| last), Some(exported));
        assert_eq!(again.last_export("2026-11"), None);
    }
}
