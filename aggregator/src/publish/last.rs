//! How the last publishing of each edition went: `publishing.json` in the data folder, so that a restart does not make anybody believe that what
//! failed went well, or that nothing was tried.
//!
//! It is known of publishings by the office's page and of those by the command into the folders of the settings. A file that cannot be read
//! keeps nothing from starting: then nothing is known, and the next publishing is. What was under way when the server stopped has not come to its
//! end; whoever reads the site sees the old version or the new one, each whole.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DeliverError, Delivered, Edition};
use crate::durable_file::{self, Readers};

const VERSION: u32 = 1;
/// The longest reason that is kept, in characters.
const MAX_REASON_CHARACTERS: usize = 600;

/// How a publishing went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publishing {
    /// When it began.
    pub since: Timestamp,
    /// The account, or `command`.
    pub who: String,
    /// What came of it.
    pub came: Came,
}

/// What came of a publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Came {
    /// It is under way.
    Running,
    /// It is done.
    Done {
        /// How many files the site has.
        files: usize,
        /// Whether it is another than before.
        is_new: bool,
        /// How many files were put to the web server; none where there is no such server.
        put: Option<usize>,
    },
    /// It failed.
    Failed {
        /// Why.
        why: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    editions: BTreeMap<Edition, Publishing>,
}

/// How the last publishing of each edition went. Shared by reference.
#[derive(Debug)]
pub struct Publishings {
    path: PathBuf,
    last: Mutex<BTreeMap<Edition, Publishing>>,
}

impl Came {
    /// What came of delivering a site.
    pub fn of(delivered: &Result<Delivered, DeliverError>) -> Self {
        match delivered {
            Ok(Delivered { placed, put }) => Self::Done { files: placed.files, is_new: placed.is_new, put: *put },
            Err(error) => Self::failed(&format!("failed to {error}")),
        }
    }

    /// It failed for a reason.
    pub fn failed(why: &str) -> Self {
        Self::Failed { why: why.chars().take(MAX_REASON_CHARACTERS).collect() }
    }
}

impl Publishings {
    /// What is known of the last publishings of a data folder.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let mut last = read(&path).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "how the last publishing went is not known");
            BTreeMap::new()
        });
        for publishing in last.values_mut().filter(|publishing| publishing.came == Came::Running) {
            publishing.came = Came::failed("the server stopped before it was done; publish again");
        }
        Self { path, last: Mutex::new(last) }
    }

    /// How the last publishing of an edition went; none where none is known of.
    pub fn of(&self, edition: Edition) -> Option<Publishing> {
        self.locked().get(&edition).cloned()
    }

    /// Every edition's last.
    pub fn all(&self) -> BTreeMap<Edition, Publishing> {
        self.locked().clone()
    }

    /// Begins one, unless one is under way.
    pub fn begin(&self, edition: Edition, who: &str, since: Timestamp) -> bool {
        let mut last = self.locked();
        if last.get(&edition).is_some_and(|publishing| publishing.came == Came::Running) {
            return false;
        }
        last.insert(edition, Publishing { since, who: who.to_owned(), came: Came::Running });
        self.keep(&last);
        true
    }

    /// Notes what came of the one that is under way.
    pub fn end(&self, edition: Edition, came: Came) {
        let mut last = self.locked();
        if let Some(publishing) = last.get_mut(&edition) {
            publishing.came = came;
            self.keep(&last);
        }
    }

    /// Notes one that somebody else began and ended. One that is under way here ends later, and is noted then.
    pub fn note(&self, edition: Edition, publishing: Publishing) {
        let mut last = self.locked();
        if last.get(&edition).is_none_or(|publishing| publishing.came != Came::Running) {
            last.insert(edition, publishing);
            self.keep(&last);
        }
    }

    /// Writes them, durably. A disk that takes nothing keeps nobody from publishing; it is said elsewhere that it takes nothing.
    fn keep(&self, last: &BTreeMap<Edition, Publishing>) {
        let file = File { version: VERSION, editions: last.clone() };
        let kept = serde_json::to_vec(&file).map_err(io::Error::from);
        let kept = kept.and_then(|bytes| durable_file::replace(&self.path, &bytes, Readers::Owner));
        if let Err(error) = kept {
            tracing::error!(path = %self.path.display(), %error, "how publishing went is not kept");
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Edition, Publishing>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> io::Result<BTreeMap<Edition, Publishing>> {
    let Some(File { version, editions }) = durable_file::read_json(path)? else { return Ok(BTreeMap::new()) };
    if version == VERSION {
        Ok(editions)
    } else {
        Err(io::Error::other(format!("version {version} is not known")))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn how_the_last_publishing_went_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("publishing.json");
        let publishings = Publishings::open(&path);
        assert_eq!(publishings.of(Edition::Public), None);
        assert!(publishings.begin(Edition::Public, "office", at("2026-11-20T12:00:00Z")));
        assert!(!publishings.begin(Edition::Public, "office", at("2026-11-20T12:00:01Z")), "one at a time");
        assert!(publishings.begin(Edition::Trust, "office", at("2026-11-20T12:00:02Z")));
        publishings.end(Edition::Public, Came::Done { files: 12, is_new: true, put: Some(12) });
        let failed = Publishing {
            since: at("2026-11-21T02:00:00Z"),
            who: "command".to_owned(),
            came: Came::failed("failed to put index.html"),
        };
        publishings.note(Edition::Trust, failed.clone());
        assert_eq!(publishings.of(Edition::Trust).unwrap().came, Came::Running, "the one that is under way");
        let again = Publishings::open(&path);
        assert_eq!(again.of(Edition::Public), publishings.of(Edition::Public));
        let Came::Failed { why } = again.of(Edition::Trust).unwrap().came else { panic!("it came to no end") };
        assert!(why.contains("the server stopped"), "{why}");
        again.note(Edition::Trust, failed.clone());
        assert_eq!(Publishings::open(&path).of(Edition::Trust), Some(failed));
        assert_eq!(again.all().len(), 2);
    }

    #[test]
    fn a_file_that_cannot_be_read_says_nothing_and_keeps_nothing_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("publishing.json");
        for wrong in ["", "{", r#"{"version":2,"editions":{}}"#, r#"{"version":1,"editions":{"staff":{}}}"#] {
            std::fs::write(&path, wrong).unwrap();
            assert!(Publishings::open(&path).all().is_empty(), "{wrong}");
        }
        let publishings = Publishings::open(&path);
        assert!(publishings.begin(Edition::Public, "office", at("2026-11-20T12:00:00Z")));
        assert_eq!(Publishings::open(&path).all().len(), 1);
    }
}
