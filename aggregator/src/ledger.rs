//! A file in which people's decisions are written one below the other, and that only grows.
//!
//! Purpose: what people decided (which comment may be shown, which finding was looked at) survives every restart, and nobody can
//! change or drop a line of it unseen.
//!
//! Vocabulary: an *entry* is one line of JSON, numbered from 1; each names the hash of the line before it. The *head* is a small
//! file beside it that says how many lines were promised and the hash of the last.
//!
//! Invariants:
//! - An entry is whole and synced, and the head after it, before [`Ledger::append`] returns.
//! - A line that was changed, dropped or put in is an error that names the line, never a shorter ledger. A last line that a power
//!   cut left unfinished is cut off when it is beyond the head: nobody was told of it.
//! - One process has the file open.
//!
//! Failure modes: after a write that failed the ledger takes no more until the process has been started again
//! ([`LedgerError::Poisoned`]). Everything else is in [`LedgerError`].
//!
//! Old readers and writers: a line says the version of its shape; one that is not known here is an error, and nothing is written.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::Hash;

use crate::durable_file::{self, Readers};

/// The version of the shape of a line.
const VERSION: u32 = 1;

/// One decision as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<E> {
    /// Its number, from 1.
    pub number: u64,
    /// When it was written, to the millisecond.
    pub at: Timestamp,
    /// What was decided.
    pub event: E,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line<E> {
    version: u32,
    previous: Hash,
    at: Timestamp,
    event: E,
}

/// How far the file must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    lines: u64,
    hash: Hash,
}

/// Why a ledger cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file, or the head beside it, cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("open {path}: another process has it open; ask the running aggregator instead", path = .0.display())]
    InUse(PathBuf),
    /// A line is not what this program writes, or does not follow the one before.
    #[error("read {path}, line {line}: {reason}; restore it from a backup, with the file that ends in .head", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// It ends before what was promised.
    #[error(
        "read {path}: {promised} lines were promised and {found} are there; restore it from a backup, with the file that ends in .head",
        path = path.display()
    )]
    Shortened {
        /// The file.
        path: PathBuf,
        /// How many the head says.
        promised: u64,
        /// How many there are.
        found: u64,
    },
    /// An earlier write failed.
    #[error("write to {path}: it is closed since a write failed ({reason}); start the aggregator again", path = path.display())]
    Poisoned {
        /// The file.
        path: PathBuf,
        /// What had failed.
        reason: String,
    },
}

/// A ledger of decisions, open for writing.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: File,
    head: Head,
    poisoned: Option<String>,
}

impl Ledger {
    /// Opens a ledger, or makes an empty one where there was none, and shows every entry in order. What `see` objects to is an
    /// error about that line.
    pub fn open<E: DeserializeOwned>(
        path: impl Into<PathBuf>,
        mut see: impl FnMut(Entry<E>) -> Result<(), String>,
    ) -> Result<Self, LedgerError> {
        let path = path.into();
        let failed = |source| LedgerError::File { path: path.clone(), source };
        let is_new = !path.exists();
        let promised = read_head(&path)?;
        // Only the office may read it: decisions quote nobody, but what staff wrote about a comment is theirs.
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgerError::InUse(path)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        if is_new {
            file.sync_all().and_then(|()| File::open(folder_of(&path))?.sync_all()).map_err(failed)?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut head = Head { lines: 0, hash: Hash::ZERO };
        for line in bytes.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let number = head.lines + 1;
            let unreadable = |reason: String| LedgerError::Unreadable { path: path.clone(), line: number, reason };
            let read = read_line(line, head.hash).map_err(unreadable)?;
            see(Entry { number, at: read.at, event: read.event }).map_err(unreadable)?;
            head = Head { lines: number, hash: Hash::of(line) };
            if promised.is_some_and(|promised| promised.lines == number && promised.hash != head.hash) {
                return Err(unreadable("it is not the line that was promised".to_owned()));
            }
        }
        match promised {
            Some(promised) if head.lines < promised.lines => {
                return Err(LedgerError::Shortened { path, promised: promised.lines, found: head.lines });
            }
            None if head.lines > 1 => {
                // One line without a head is a first append that the power cut off; more never were without one.
                return Err(LedgerError::File {
                    path: head_path(&path),
                    source: io::Error::new(
                        io::ErrorKind::NotFound,
                        "it says how far the ledger must reach, and is gone",
                    ),
                });
            }
            _ => {}
        }
        if whole < bytes.len() {
            tracing::warn!(path = %path.display(), "an unfinished last line was cut off");
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        let mut ledger = Self { path, file, head, poisoned: None };
        if promised != Some(head) && head.lines > 0 {
            ledger.keep_head()?;
        }
        Ok(ledger)
    }

    /// How many entries there are.
    pub fn len(&self) -> u64 {
        self.head.lines
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.head.lines == 0
    }

    /// Writes an entry, durably, and says what stands.
    pub fn append<E: Serialize>(&mut self, at: Timestamp, event: E) -> Result<Entry<E>, LedgerError> {
        let mut written = self.append_all(at, vec![event])?;
        written.pop().ok_or_else(|| self.poison("nothing was written".to_owned()))
    }

    /// Writes entries in their order, durably, with one sync for all of them.
    pub fn append_all<E: Serialize>(
        &mut self,
        at: Timestamp,
        events: Vec<E>,
    ) -> Result<Vec<Entry<E>>, LedgerError> {
        if let Some(reason) = &self.poisoned {
            return Err(LedgerError::Poisoned { path: self.path.clone(), reason: reason.clone() });
        }
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let (mut head, mut bytes, mut entries) = (self.head, Vec::new(), Vec::with_capacity(events.len()));
        for event in events {
            let line = Line { version: VERSION, previous: head.hash, at, event };
            let written = serde_json::to_vec(&line)
                .map_err(|error| LedgerError::File { path: self.path.clone(), source: error.into() })?;
            head = Head { lines: head.lines + 1, hash: Hash::of(&written) };
            bytes.extend_from_slice(&written);
            bytes.push(b'\n');
            entries.push(Entry { number: head.lines, at, event: line.event });
        }
        if entries.is_empty() {
            return Ok(entries);
        }
        let failed = |source| LedgerError::File { path: self.path.clone(), source };
        let before = (self.head, self.file.metadata().map_err(failed)?.len());
        let written = self.write(&bytes).map_err(|source| LedgerError::File { path: self.path.clone(), source });
        let kept = written.and_then(|()| {
            self.head = head;
            self.keep_head()
        });
        match kept {
            Ok(()) => Ok(entries),
            Err(error) => {
                self.take_back(before, head);
                self.poisoned = Some(error.to_string());
                Err(error)
            }
        }
    }

    /// Takes lines back that were not promised: whoever decided was told that it failed, and must not find it done after a restart.
    /// Where their head did reach the disk they stay, because a ledger shorter than its head is refused.
    fn take_back(&mut self, (head, end): (Head, u64), promised: Head) {
        if read_head(&self.path).ok().flatten().is_none_or(|found| found != promised) {
            self.head = head;
            let cut = self.file.set_len(end).and_then(|()| self.file.sync_all());
            if let Err(error) = cut {
                tracing::error!(path = %self.path.display(), "failed to take a line back that was not promised: {error}");
            }
        }
    }

    fn poison(&mut self, reason: String) -> LedgerError {
        self.poisoned = Some(reason.clone());
        LedgerError::Poisoned { path: self.path.clone(), reason }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.file.seek(SeekFrom::End(0))?;
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_all());
        if written.is_err() {
            // What is half there would be cut off at the next opening anyhow.
            drop(self.file.set_len(end));
        }
        written
    }

    fn keep_head(&mut self) -> Result<(), LedgerError> {
        let path = head_path(&self.path);
        let failed = |source| LedgerError::File { path: path.clone(), source };
        let mut bytes = serde_json::to_vec(&self.head).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        durable_file::replace(&path, &bytes, Readers::Owner).map_err(failed)
    }
}

fn read_line<E: DeserializeOwned>(line: &[u8], previous: Hash) -> Result<Line<E>, String> {
    /// What every version of a line says.
    #[derive(Deserialize)]
    struct AnyLine {
        version: u32,
        previous: Hash,
    }
    let any: AnyLine = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if any.version != VERSION {
        return Err(format!("version {} is not known; it was written by a newer program", any.version));
    }
    if any.previous != previous {
        return Err("it does not follow the line before it".to_owned());
    }
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

fn read_head(path: &Path) -> Result<Option<Head>, LedgerError> {
    let path = head_path(path);
    durable_file::read_json(&path).map_err(|source| LedgerError::File { path, source })
}

fn head_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".head");
    PathBuf::from(name)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;

    use super::*;

    fn at() -> Timestamp {
        "2026-11-20T12:00:00.123Z".parse().unwrap()
    }

    fn open(path: &Path) -> Result<(Ledger, Vec<Entry<String>>), LedgerError> {
        let mut seen = Vec::new();
        let ledger = Ledger::open(path, |entry| {
            seen.push(entry);
            Ok(())
        })?;
        Ok((ledger, seen))
    }

    /// A ledger of three lines, closed.
    fn three(folder: &Path) -> PathBuf {
        let path = folder.join("decisions.ndjson");
        let (mut ledger, seen) = open(&path).unwrap();
        assert!(ledger.is_empty() && seen.is_empty());
        for (number, text) in [(1, "one"), (2, "two"), (3, "three")] {
            let entry = ledger.append(at(), text.to_owned()).unwrap();
            assert_eq!(entry, Entry { number, at: at(), event: text.to_owned() });
        }
        path
    }

    #[test]
    fn what_was_decided_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = three(folder.path());
        let (mut ledger, seen) = open(&path).unwrap();
        let texts: Vec<_> = seen.iter().map(|entry| (entry.number, entry.event.as_str())).collect();
        assert_eq!(texts, [(1, "one"), (2, "two"), (3, "three")]);
        assert!(matches!(open(&path), Err(LedgerError::InUse(_))), "one process has it open");
        assert_eq!(ledger.append(at(), "four".to_owned()).unwrap().number, 4);
        drop(ledger);
        assert_eq!(open(&path).unwrap().1.len(), 4);
    }

    /// Whoever decided was told that it failed.
    #[test]
    fn a_decision_that_was_answered_with_an_error_is_not_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = three(folder.path());
        let (mut ledger, _) = open(&path).unwrap();
        let (lines, head) = (fs::read(&path).unwrap(), fs::read(head_path(&path)).unwrap());
        // A head that cannot be replaced.
        fs::remove_file(head_path(&path)).unwrap();
        fs::create_dir_all(head_path(&path).join("in the way")).unwrap();
        assert!(matches!(ledger.append(at(), "four".to_owned()), Err(LedgerError::File { .. })));
        assert!(matches!(ledger.append(at(), "five".to_owned()), Err(LedgerError::Poisoned { .. })));
        assert_eq!(fs::read(&path).unwrap(), lines);
        drop(ledger);
        fs::remove_dir_all(head_path(&path)).unwrap();
        fs::write(head_path(&path), head).unwrap();
        assert_eq!(open(&path).unwrap().1.len(), 3);
    }

    #[test]
    fn a_line_that_a_power_cut_left_unfinished_is_cut_off_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = three(folder.path());
        let whole = fs::read(&path).unwrap();
        // The line was begun, or whole and its head was not.
        let mut begun = whole.clone();
        begun.extend_from_slice(b"{\"version\":1,\"prev");
        fs::write(&path, &begun).unwrap();
        assert_eq!(open(&path).unwrap().1.len(), 3);
        assert_eq!(fs::read(&path).unwrap(), whole);
        let head = fs::read(head_path(&path)).unwrap();
        open(&path).unwrap().0.append(at(), "four".to_owned()).unwrap();
        fs::write(head_path(&path), head).unwrap();
        assert_eq!(open(&path).unwrap().1.len(), 4, "a line beyond the head counts");
        assert_eq!(open(&path).unwrap().1.len(), 4, "and the head has caught up");
    }

    #[test]
    fn a_line_that_was_changed_dropped_or_put_in_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = three(folder.path());
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let check = |text: String, says: &str| {
            fs::write(&path, text).unwrap();
            let error = open(&path).unwrap_err().to_string();
            assert!(error.contains(says), "{says}: {error}");
        };
        check(whole.replacen("one", "uno", 1), "line 2: it does not follow");
        check(whole.replacen("three", "drei", 1), "line 3: it is not the line that was promised");
        check(format!("{}\n{}\n", lines.first().unwrap(), lines.last().unwrap()), "line 2: it does not follow");
        check(format!("{}\n", lines.first().unwrap()), "3 lines were promised and 1 are there");
        check(String::new(), "3 lines were promised and 0 are there");
        check(whole.replacen("\"version\":1", "\"version\":2", 1), "line 1: version 2 is not known");
        fs::write(&path, &whole).unwrap();
        assert_eq!(open(&path).unwrap().1.len(), 3);
        fs::remove_file(head_path(&path)).unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("is gone"));
    }

    #[test]
    fn what_a_reader_objects_to_names_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = three(folder.path());
        let object =
            |entry: Entry<String>| if entry.number == 2 { Err("no such record".to_owned()) } else { Ok(()) };
        let error = Ledger::open(&path, object).unwrap_err().to_string();
        assert!(error.contains("line 2: no such record"), "{error}");
    }
}
