//! [Files of lines](crate::line_file) whose past need not be kept: what is in them is a state that goes on, and they are written anew, with
//! the fewest lines that say the same, when most of them are of the past.
//!
//! What goes on here may not stop because a disk is full ([`Journal::note`]): then it goes on in memory, and the file is written anew as
//! soon as that is possible. What may ([`Journal::keep`]) fails instead. Nor may what a later program wrote stop it: that is kept and passed over.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::line_file::{LineFile, LineFileError};

/// So many lines of the past are left before the file is written anew.
const SLACK: usize = 2_000;
/// How long nothing is written after a failure.
const REST: SignedDuration = SignedDuration::from_secs(10);

/// What a journal is the journal of.
pub(crate) trait State<E> {
    /// The fewest entries that say the same, each with its moment.
    fn entries(&self) -> Vec<(Timestamp, E)>;
    /// How many those are, at most.
    fn size(&self) -> usize;
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Journal<E> {
    file: LineFile<E>,
    lines: usize,
    /// When something that happened is not in the file: from when on that is tried again.
    unwritten: Option<Timestamp>,
}

impl<E: Serialize + DeserializeOwned + Clone> Journal<E> {
    /// Opens a file, making it where there is none, and shows what happened so far.
    pub(crate) fn open(
        path: impl Into<std::path::PathBuf>,
        mut see: impl FnMut(Timestamp, E) -> Result<(), String>,
    ) -> Result<Self, LineFileError> {
        let mut lines = 0;
        let file = LineFile::open_passing_over(path, |at, entry| {
            see(at, entry)?;
            lines += 1;
            Ok(())
        })?;
        Ok(Self { file, lines, unwritten: None })
    }

    /// Whether something that happened is not in the file.
    pub(crate) fn is_unwritten(&self) -> bool {
        self.unwritten.is_some()
    }

    /// Writes entries that the state has taken, and says in the log where that is not possible.
    pub(crate) fn note(&mut self, now: Timestamp, entries: &[E], state: &impl State<E>) {
        if let Some(again) = self.unwritten {
            // A clock that was set back may not keep it from being written.
            if now >= again || again.duration_since(now) > REST {
                self.write_anew(now, state);
            }
            return;
        }
        if entries.is_empty() {
            return;
        }
        match self.file.append(now, entries) {
            Ok(()) => self.lines += entries.len(),
            Err(error) => {
                tracing::error!("failed to {error}; it goes on without the file");
                self.unwritten = Some(now);
            }
        }
        if self.lines > SLACK + 2 * state.size() {
            self.write_anew(now, state);
        }
    }

    /// Writes an entry before the state takes it: what cannot be written is an error, and has not happened.
    pub(crate) fn keep(&mut self, now: Timestamp, entry: &E, state: &impl State<E>) -> Result<(), LineFileError> {
        if self.unwritten.is_some() {
            self.file.rewrite(&state.entries())?;
            self.unwritten = None;
        }
        self.file.append(now, std::slice::from_ref(entry)).inspect_err(|_| self.unwritten = Some(now))?;
        self.lines += 1;
        Ok(())
    }

    fn write_anew(&mut self, now: Timestamp, state: &impl State<E>) {
        let all = state.entries();
        match self.file.rewrite(&all) {
            Ok(()) => {
                self.lines = all.len();
                if self.unwritten.take().is_some() {
                    tracing::info!("the file is written again");
                }
            }
            Err(error) => {
                tracing::error!("failed to {error}; it goes on without the file");
                self.unwritten = Some(now.saturating_add(REST).unwrap_or(now));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;
    use std::path::Path;

    use super::*;

    /// The last number that was said.
    #[derive(Debug, Default, PartialEq)]
    struct Last(u32);

    impl State<u32> for Last {
        fn entries(&self) -> Vec<(Timestamp, u32)> {
            vec![(Timestamp::UNIX_EPOCH, self.0)]
        }

        fn size(&self) -> usize {
            1
        }
    }

    fn open(path: &Path) -> (Journal<u32>, Last) {
        let mut last = Last::default();
        let journal = Journal::open(path, |_, entry| {
            last.0 = entry;
            Ok(())
        });
        (journal.unwrap(), last)
    }

    #[test]
    fn a_long_past_is_left_behind_and_the_state_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.ndjson");
        let (mut journal, mut last) = open(&path);
        for number in 1..=5 {
            last.0 = number;
            journal.note(Timestamp::UNIX_EPOCH, &[number; 500], &last);
        }
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        assert_eq!(open(&path).1, last);
    }

    #[test]
    fn what_a_disk_did_not_take_is_written_as_soon_as_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        let path = inside.join("lines.ndjson");
        let (mut journal, mut last) = open(&path);
        let at = |second| Timestamp::from_second(second).unwrap();
        // Somebody has cut the file short, which makes appending to it fail; that it cannot be replaced either needs no folder.
        journal.note(at(0), &[1], &Last(1));
        fs::write(&path, "").unwrap();
        last.0 = 2;
        journal.note(at(1), &[2], &last);
        assert!(journal.is_unwritten());
        let aside = folder.path().join("aside");
        fs::rename(&inside, &aside).unwrap();
        fs::write(&inside, "not a folder").unwrap();
        journal.note(at(2), &[], &last);
        assert!(journal.is_unwritten());
        fs::remove_file(&inside).unwrap();
        fs::rename(&aside, &inside).unwrap();
        journal.note(at(3), &[], &last);
        assert!(journal.is_unwritten(), "it rests after a failure");
        journal.note(at(13), &[], &last);
        assert!(!journal.is_unwritten());
        assert_eq!(open(&path).1, last);
    }
}
