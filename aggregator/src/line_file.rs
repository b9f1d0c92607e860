//! [Files of lines](crate::lines) in which every line says its version and its moment: what happened, in order.
//!
//! A damaged line in the middle is an error: what it said is not known.
//!
//! Each line is `{"version":1,"at":"…","event":{…}}`. A version that is not known is an error, never skipped: a reader from before
//! would otherwise take the past for something else.

use std::io;
use std::marker::PhantomData;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::durable_file::{self, Readers};
use crate::lines::Lines;

const VERSION: u32 = 1;

/// Why a file of lines cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LineFileError {
    /// The file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line in the middle is not what this program writes.
    #[error("read {path}, line {line}: {reason}; restore it from a backup", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<T> {
    version: u32,
    at: Timestamp,
    event: T,
}

/// An open file of lines. One process has it open: the one that has the house, or a command while there is none.
#[derive(Debug)]
pub struct LineFile<T> {
    path: PathBuf,
    lines: Lines,
    events: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> LineFile<T> {
    /// Opens a file, making it where there is none, and shows what happened so far, in order, with the moment of each. What the reader
    /// objects to is an error that names the line.
    pub fn open(
        path: impl Into<PathBuf>,
        mut see: impl FnMut(Timestamp, T) -> Result<(), String>,
    ) -> Result<Self, LineFileError> {
        let path = path.into();
        let (file, lines) =
            Lines::open(&path).map_err(|source| LineFileError::File { path: path.clone(), source })?;
        for (place, line) in lines.iter().enumerate() {
            let read = read(line).and_then(|line| see(line.at, line.event));
            read.map_err(|reason| LineFileError::Unreadable { path: path.clone(), line: place + 1, reason })?;
        }
        Ok(Self { path, lines: file, events: PhantomData })
    }

    /// Writes events, durably: all of them are there when this returns, and none when it fails.
    pub fn append(&mut self, at: Timestamp, events: &[T]) -> Result<(), LineFileError> {
        let failed = |source| LineFileError::File { path: self.path.clone(), source };
        let lines: Vec<Line<&T>> = events.iter().map(|event| Line { version: VERSION, at, event }).collect();
        self.lines.append_all(&lines).map_err(failed)
    }

    /// Writes the whole file anew, durably, with these events and nothing else: for one whose past need not be kept. When it fails the file
    /// is as it was.
    pub fn rewrite(&mut self, events: &[(Timestamp, T)]) -> Result<(), LineFileError> {
        let failed = |source| LineFileError::File { path: self.path.clone(), source };
        let mut bytes = Vec::new();
        for (at, event) in events {
            let line = Line { version: VERSION, at: *at, event };
            serde_json::to_writer(&mut bytes, &line).map_err(|error| failed(error.into()))?;
            bytes.push(b'\n');
        }
        durable_file::replace(&self.path, &bytes, Readers::Owner).map_err(failed)?;
        let (lines, _) = Lines::open(&self.path).map_err(failed)?;
        self.lines = lines;
        Ok(())
    }
}

fn read<T: DeserializeOwned>(line: &[u8]) -> Result<Line<T>, String> {
    let line: Line<T> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if line.version == VERSION { Ok(line) } else { Err(format!("version {} is not known", line.version)) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;
    use std::path::Path;

    use super::*;

    fn open(path: &Path) -> Result<(LineFile<String>, Vec<String>), LineFileError> {
        let mut events = Vec::new();
        let file = LineFile::open(path, |_, event| {
            events.push(event);
            Ok(())
        })?;
        Ok((file, events))
    }

    fn events(path: &Path) -> Vec<String> {
        open(path).unwrap().1
    }

    #[test]
    fn what_was_appended_is_there_wherever_the_last_line_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.ndjson");
        let now = Timestamp::UNIX_EPOCH;
        let (mut file, before) = open(&path).unwrap();
        assert!(before.is_empty());
        file.append(now, &["one".to_owned(), "two".to_owned()]).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() / 2 {
            fs::write(&path, [whole.as_slice(), whole.get(..cut).unwrap()].concat()).unwrap();
            assert_eq!(events(&path), ["one", "two"], "{cut}");
        }
        let (mut file, _) = open(&path).unwrap();
        file.append(now, &["three".to_owned()]).unwrap();
        assert_eq!(events(&path), ["one", "two", "three"]);
    }

    #[test]
    fn a_file_that_is_written_anew_has_nothing_else_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.ndjson");
        let now = Timestamp::UNIX_EPOCH;
        let (mut file, _) = open(&path).unwrap();
        file.append(now, &["one".to_owned(), "two".to_owned()]).unwrap();
        file.rewrite(&[(now, "three".to_owned())]).unwrap();
        file.append(now, &["four".to_owned()]).unwrap();
        assert_eq!(events(&path), ["three", "four"]);
    }

    #[test]
    fn a_damaged_line_and_an_unknown_version_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.ndjson");
        let (mut file, _) = open(&path).unwrap();
        file.append(Timestamp::UNIX_EPOCH, &["one".to_owned()]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for (damaged, says) in [
            (whole.replace("\"one\"", "1"), "line 1"),
            (whole.replace("\"version\":1", "\"version\":2"), "version 2 is not known"),
        ] {
            fs::write(&path, damaged).unwrap();
            let said = open(&path).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
        fs::write(&path, &whole).unwrap();
        let object = |_, event: String| Err(format!("{event} cannot be"));
        let said = LineFile::open(&path, object).unwrap_err().to_string();
        assert!(said.contains("line 1: one cannot be"), "{said}");
    }
}
