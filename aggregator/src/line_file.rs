//! Files of lines that only grow: what happened, a line of JSON each.
//!
//! A line is whole and synced before anybody is told; a last line that a power cut left unfinished is cut off when the file is
//! opened, as nobody was told of it. A damaged line in the middle is an error: what it said is not known.
//!
//! Each line is `{"version":1,"at":"…","event":{…}}`. A version that is not known is an error, never skipped: a reader from before
//! would otherwise take the past for something else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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
    file: File,
    events: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> LineFile<T> {
    /// Opens a file, making it where there is none, and reads what happened so far with the moment of each.
    pub fn open(path: impl Into<PathBuf>) -> Result<(Self, Vec<(Timestamp, T)>), LineFileError> {
        let path = path.into();
        let failed = |source| LineFileError::File { path: path.clone(), source };
        let (mut file, bytes) = open(&path).map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            tracing::warn!(path = %path.display(), "an unfinished last line was cut off");
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut events = Vec::new();
        let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
        for (place, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
            let unreadable =
                |reason: String| LineFileError::Unreadable { path: path.clone(), line: place + 1, reason };
            let line: Line<T> = serde_json::from_slice(line).map_err(|error| unreadable(error.to_string()))?;
            if line.version != VERSION {
                return Err(unreadable(format!("version {} is not known", line.version)));
            }
            events.push((line.at, line.event));
        }
        Ok((Self { path, file, events: PhantomData }, events))
    }

    /// Writes events, durably: all of them are there when this returns, and none when it fails.
    pub fn append(&mut self, at: Timestamp, events: &[T]) -> Result<(), LineFileError> {
        let failed = |source| LineFileError::File { path: self.path.clone(), source };
        let mut bytes = Vec::new();
        for event in events {
            let line = Line { version: VERSION, at, event };
            serde_json::to_writer(&mut bytes, &line).map_err(|error| failed(error.into()))?;
            bytes.push(b'\n');
        }
        let end = self.file.seek(SeekFrom::End(0)).map_err(failed)?;
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_all());
        if let Err(error) = written {
            // Half a line would make the next one unreadable.
            self.file.set_len(end).map_err(failed)?;
            return Err(failed(error));
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<(File, Vec<u8>)> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    if is_new {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((file, bytes))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;

    use super::*;

    fn events(path: &Path) -> Vec<String> {
        let (_, events) = LineFile::<String>::open(path).unwrap();
        events.into_iter().map(|(_, event)| event).collect()
    }

    #[test]
    fn what_was_appended_is_there_wherever_the_last_line_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.ndjson");
        let now = Timestamp::UNIX_EPOCH;
        let (mut file, before) = LineFile::open(&path).unwrap();
        assert_eq!(before, []);
        file.append(now, &["one".to_owned(), "two".to_owned()]).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() / 2 {
            fs::write(&path, [whole.as_slice(), whole.get(..cut).unwrap()].concat()).unwrap();
            assert_eq!(events(&path), ["one", "two"], "{cut}");
        }
        let (mut file, _) = LineFile::open(&path).unwrap();
        file.append(now, &["three".to_owned()]).unwrap();
        assert_eq!(events(&path), ["one", "two", "three"]);
    }

    #[test]
    fn a_damaged_line_and_an_unknown_version_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.ndjson");
        let (mut file, _) = LineFile::open(&path).unwrap();
        file.append(Timestamp::UNIX_EPOCH, &["one".to_owned()]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for (damaged, says) in [
            (whole.replace("\"one\"", "1"), "line 1"),
            (whole.replace("\"version\":1", "\"version\":2"), "version 2 is not known"),
        ] {
            fs::write(&path, damaged).unwrap();
            let said = LineFile::<String>::open(&path).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
    }
}
