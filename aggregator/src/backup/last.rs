//! When the last backup was made: `backup.json` in the data folder, so that a server says by itself that it has none, or none of these days.
//!
//! What is noted is the moment that a backup is *of*, once it has been tried and has its name: what came later is not in it. Where it lies and who
//! asked for it is not noted. A backup holds the note of the one before it, and so does a folder that was restored.
//!
//! A file that cannot be read keeps nothing from starting: then nothing is known of a backup, and the next one is noted.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable_file::{self, Readers};
use crate::log::{LogError, Reader};

const VERSION: u32 = 1;

/// What a disk that is lost would take along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaved {
    /// What came after the last backup, which is of this moment.
    AfterBackup(Timestamp),
    /// Everything: the first answer came at this moment, and no backup has been made.
    Everything(Timestamp),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    at: Timestamp,
}

/// When the last backup was made. Shared by reference.
#[derive(Debug)]
pub struct LastBackup {
    path: PathBuf,
    at: Mutex<Option<Timestamp>>,
}

impl Unsaved {
    /// Since when.
    pub fn since(self) -> Timestamp {
        match self {
            Self::AfterBackup(at) | Self::Everything(at) => at,
        }
    }
}

impl LastBackup {
    /// What is known of the last backup of a data folder.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let at = read(&path).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "when the last backup was made is not known");
            None
        });
        Self { path, at: Mutex::new(at) }
    }

    /// The moment it is of; none where none is known of.
    pub fn at(&self) -> Option<Timestamp> {
        *self.locked()
    }

    /// Notes one, durably. A disk that does not take the note makes no backup bad.
    pub fn note(&self, at: Timestamp) {
        let mut last = self.locked();
        *last = Some(at);
        let kept = serde_json::to_vec(&File { version: VERSION, at }).map_err(io::Error::from);
        let kept = kept.and_then(|bytes| durable_file::replace(&self.path, &bytes, Readers::Owner));
        if let Err(error) = kept {
            tracing::error!(path = %self.path.display(), %error, "when the last backup was made is not kept");
        }
    }

    /// What of a log is in no backup; none where there is nothing in it and none was made.
    pub fn unsaved(&self, reader: &Reader) -> Result<Option<Unsaved>, LogError> {
        if let Some(at) = self.at() {
            return Ok(Some(Unsaved::AfterBackup(at)));
        }
        // What was forgotten keeps its place, and when it came.
        let first = reader.row(1, |row| Ok(row.received))?;
        Ok(first.map(Unsaved::Everything))
    }

    fn locked(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> io::Result<Option<Timestamp>> {
    let Some(File { version, at }) = durable_file::read_json(path)? else { return Ok(None) };
    if version == VERSION {
        Ok(Some(at))
    } else {
        Err(io::Error::other(format!("version {version} is not known")))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::log::Log;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn when_the_last_backup_was_made_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.json");
        let (first, second) = (at("2026-11-24T02:30:00Z"), at("2026-11-25T02:30:00Z"));
        let last = LastBackup::open(&path);
        assert_eq!(last.at(), None);
        last.note(first);
        assert_eq!(LastBackup::open(&path).at(), Some(first));
        last.note(second);
        assert_eq!((last.at(), LastBackup::open(&path).at()), (Some(second), Some(second)));
        // A clock that was ahead is set right again: the last is the last.
        last.note(first);
        assert_eq!(LastBackup::open(&path).at(), Some(first));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, r#"{"version":1,"at":"2026-11-24T02:30:00Z"}"#, "the moment, and nothing else");
    }

    #[test]
    fn a_note_that_cannot_be_read_or_written_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.json");
        for wrong in ["", "{", r#"{"version":2,"at":"2026-11-24T02:30:00Z"}"#, r#"{"version":1,"at":"soon"}"#] {
            std::fs::write(&path, wrong).unwrap();
            assert_eq!(LastBackup::open(&path).at(), None, "{wrong}");
        }
        let nowhere = LastBackup::open(path.join("no-folder/backup.json"));
        nowhere.note(at("2026-11-24T02:30:00Z"));
        assert_eq!(nowhere.at(), Some(at("2026-11-24T02:30:00Z")), "this run knows it");
    }

    #[test]
    fn where_nothing_has_come_nothing_is_unsaved() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("log")).unwrap();
        let last = LastBackup::open(folder.path().join("backup.json"));
        assert_eq!(last.unsaved(&log.reader()).unwrap(), None);
        let made = at("2026-11-24T02:30:00Z");
        last.note(made);
        let unsaved = last.unsaved(&log.reader()).unwrap();
        assert_eq!(unsaved, Some(Unsaved::AfterBackup(made)));
        assert_eq!(unsaved.map(Unsaved::since), Some(made));
    }
}
