//! [Files of lines](crate::lines) in which every line says its version and its moment: what happened, in order.
//!
//! A damaged line in the middle is an error: what it said is not known.
//!
//! Each line is `{"version":1,"at":"…","event":{…}}`. A version that is not known is an error, never skipped: a reader from before
//! would otherwise take the past for something else. So is an event that is not known here, where lines are people's decisions: what somebody took
//! back must not stand again because an older program does not know how it was taken back.
//!
//! Where lines are a state that may be forgotten ([`LineFile::open_passing_over`]), an event that a later program wrote stops nothing: it is kept as it
//! stands, for that program to find when it is back, and passed over.

use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// The lines that were passed over, as they stand.
    passed_over: Vec<Vec<u8>>,
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
        let (file, lines) = open_lines(&path)?;
        for (place, line) in lines.iter().enumerate() {
            let read = read(line).and_then(|line| see(line.at, line.event));
            read.map_err(|reason| LineFileError::Unreadable { path: path.clone(), line: place + 1, reason })?;
        }
        Ok(Self { path, lines: file, passed_over: Vec::new(), events: PhantomData })
    }

    /// The same for lines that may be forgotten: events that are not known here, and those that the reader objects to because they follow from
    /// such, are passed over. They stay in the file, also when it is written anew.
    pub fn open_passing_over(
        path: impl Into<PathBuf>,
        mut see: impl FnMut(Timestamp, T) -> Result<(), String>,
    ) -> Result<Self, LineFileError> {
        let path = path.into();
        let (file, lines) = open_lines(&path)?;
        let (mut passed_over, mut first) = (Vec::new(), None);
        for (place, line) in lines.into_iter().enumerate() {
            let taken = match read(&line) {
                Ok(line) => see(line.at, line.event),
                // Whatever it says, it must be a line of this file.
                Err(known) => match read::<Value>(&line) {
                    Ok(_) => Err(known),
                    Err(reason) => {
                        return Err(LineFileError::Unreadable { path, line: place + 1, reason });
                    }
                },
            };
            if let Err(reason) = taken {
                first.get_or_insert((place + 1, reason));
                passed_over.push(line);
            }
        }
        if let Some((line, reason)) = first {
            tracing::warn!(
                path = %path.display(),
                "{} lines are kept and passed over, as a later program may have written them; the first is line {line}: {reason}",
                passed_over.len()
            );
        }
        Ok(Self { path, lines: file, passed_over, events: PhantomData })
    }

    /// How many lines were passed over.
    #[cfg(test)]
    pub(crate) fn passed_over(&self) -> usize {
        self.passed_over.len()
    }

    /// Writes events, durably: all of them are there when this returns, and none when it fails.
    pub fn append(&mut self, at: Timestamp, events: &[T]) -> Result<(), LineFileError> {
        let failed = |source| LineFileError::File { path: self.path.clone(), source };
        let lines: Vec<Line<&T>> = events.iter().map(|event| Line { version: VERSION, at, event }).collect();
        self.lines.append_all(&lines).map_err(failed)
    }

    /// Writes the whole file anew, durably, with what was passed over and behind it these events, and nothing else: for one whose past need not
    /// be kept. In this order, because what was passed over is of before: behind them, the end of something would also end what has begun anew
    /// under the same name since. When it fails the file is as it was.
    pub fn rewrite(&mut self, events: &[(Timestamp, T)]) -> Result<(), LineFileError> {
        let failed = |source| LineFileError::File { path: self.path.clone(), source };
        let mut bytes = Vec::new();
        for line in &self.passed_over {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        for (at, event) in events {
            let line = Line { version: VERSION, at: *at, event };
            serde_json::to_writer(&mut bytes, &line).map_err(|error| failed(error.into()))?;
            bytes.push(b'\n');
        }
        durable_file::replace(&self.path, &bytes, Readers::Owner).map_err(failed)?;
        (self.lines, _) = open_lines(&self.path)?;
        Ok(())
    }
}

fn open_lines(path: &Path) -> Result<(Lines, Vec<Vec<u8>>), LineFileError> {
    Lines::open(path).map_err(|source| LineFileError::File { path: path.to_owned(), source })
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

    /// An older program finds what a later one wrote, and the later one finds it again.
    #[test]
    fn what_a_later_program_wrote_is_kept_and_passed_over_where_lines_may_be_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.ndjson");
        let now = Timestamp::UNIX_EPOCH;
        LineFile::open(&path, |_, _: String| Ok(())).unwrap().append(now, &["one".to_owned()]).unwrap();
        let known = fs::read_to_string(&path).unwrap();
        let later = known.replace("\"one\"", "{\"what\":\"of tomorrow\",\"share\":0.25}");
        let follows = known.replace("one", "follows from it");
        fs::write(&path, [known.as_str(), &later, &follows].concat()).unwrap();
        assert!(open(&path).is_err(), "where they may not be forgotten it is an error");
        let passing_over = || {
            let mut events = Vec::new();
            let file = LineFile::open_passing_over(&path, |_, event: String| {
                if event.starts_with("follows") {
                    return Err("nothing is known that it follows from".to_owned());
                }
                events.push(event);
                Ok(())
            })
            .unwrap();
            (file, events)
        };
        let (mut file, events) = passing_over();
        assert_eq!((events, file.passed_over()), (vec!["one".to_owned()], 2));
        file.append(now, &["two".to_owned()]).unwrap();
        file.rewrite(&[(now, "three".to_owned())]).unwrap();
        file.append(now, &["four".to_owned()]).unwrap();
        let (file, events) = passing_over();
        assert_eq!((events, file.passed_over()), (vec!["three".to_owned(), "four".to_owned()], 2));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&[later.as_str(), &follows].concat()), "not as they stood: {text}");
        assert_eq!(text.lines().count(), 4);

        for (damaged, says) in [
            (known.replace("\"version\":1", "\"version\":2"), "line 1: version 2 is not known"),
            (known.replace("\"at\"", "\"when\""), "line 1"),
            (known.replacen('{', "", 1), "line 1"),
        ] {
            fs::write(&path, damaged).unwrap();
            let said = LineFile::open_passing_over(&path, |_, _: String| Ok(())).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
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
