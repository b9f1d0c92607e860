//! The screens in wards' corridors that have been let in: `displays.json`, readable by its owner only.
//!
//! Purpose: where a trust does not want its displays to be public (`displays.need_token`), a screen that nobody signs in at has to show
//! that it is one of theirs, for months and over restarts.
//!
//! Vocabulary: a *code* is what stands in the address that is opened once on the screen; a *secret* is what the screen's browser gets for
//! it and keeps in a cookie.
//!
//! Invariants:
//! - Addresses stand in the logs of proxies and the histories of browsers. So a code is worth one opening within [`CODE_HOLDS`], and
//!   afterwards nothing; the secret is never in an address.
//! - Codes and secrets are 32 random bytes; here stand only their hashes.
//! - A screen is let in for one ward. Revoking it holds from its next request on.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{Hash, WardId};

use crate::durable_file::{self, Readers};

/// How long a code may wait to be opened.
pub const CODE_HOLDS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The most screens.
pub const MOST: usize = 1_000;

/// The screens that have been let in.
#[derive(Debug)]
pub struct DisplayTokens {
    path: PathBuf,
    known: RwLock<Known>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    version: u32,
    /// The highest number that was ever given: none is given twice.
    last: u32,
    displays: BTreeMap<u32, Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    ward: WardId,
    made: Timestamp,
    standing: Standing,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Nobody has opened the address yet.
    Waits { code: Hash, until: Timestamp },
    /// A screen has.
    Entered { secret: Hash, at: Timestamp },
}

/// A screen as it is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayLine {
    /// Its number.
    pub number: u32,
    /// Its ward.
    pub ward: WardId,
    /// When it was made.
    pub made: Timestamp,
    /// When a screen opened the address; none has when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<Timestamp>,
    /// Until when the address can be opened, where none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The address to open on the screen, without the server's own; it is nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The same with the server's own address, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Why screens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DisplayError {
    /// The file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not hold screens.
    #[error("read {path}: {reason}; delete it and make new tokens with `display token add`", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no such screen.
    #[error("find the token {0}: `display token list` shows those there are")]
    NotThere(u32),
    /// There are too many.
    #[error("make a token: there are {MOST}; revoke those of screens that are gone")]
    TooMany,
    /// The system gave no randomness.
    #[error("draw a token: {0}")]
    NoRandomness(getrandom::Error),
}

impl DisplayTokens {
    /// Opens the screens of a file; a file that is not there holds none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DisplayError> {
        let path = path.into();
        let known = read(&path)?;
        Ok(Self { path, known: RwLock::new(known) })
    }

    /// Makes a token for a screen of a ward, durably. The path to open on it is given back and is nowhere else.
    pub fn add(&self, ward: &WardId, now: Timestamp) -> Result<DisplayLine, DisplayError> {
        let code = draw()?;
        let until = now.saturating_add(CODE_HOLDS).unwrap_or(now);
        let line = self.change(|known| {
            if known.displays.len() >= MOST {
                return Err(DisplayError::TooMany);
            }
            known.last = known.last.checked_add(1).ok_or(DisplayError::TooMany)?;
            let standing = Standing::Waits { code: Hash::of(code.as_bytes()), until };
            let entry = Entry { ward: ward.clone(), made: now, standing };
            let line = entry.line(known.last);
            known.displays.insert(known.last, entry);
            Ok(line)
        })?;
        Ok(DisplayLine { path: Some(format!("/display/{ward}/enter/{code}")), ..line })
    }

    /// Lets the screen in that opened this code, durably: its number, and what its browser is to keep. `None` when the code is none, was
    /// opened before or waited too long.
    pub fn enter(&self, ward: &WardId, code: &str, now: Timestamp) -> Result<Option<(u32, String)>, DisplayError> {
        let given = Hash::of(code.as_bytes());
        let opens = |entry: &Entry| {
            let is_it =
                matches!(&entry.standing, Standing::Waits { code, until } if *code == given && now <= *until);
            is_it && entry.ward == *ward
        };
        // Looked at first, so that guessing writes nothing.
        if !self.read(|known| known.displays.values().any(opens)) {
            return Ok(None);
        }
        let secret = draw()?;
        self.change(|known| {
            let Some((number, entry)) = known.displays.iter_mut().find(|(_, entry)| opens(entry)) else {
                return Ok(None);
            };
            entry.standing = Standing::Entered { secret: Hash::of(secret.as_bytes()), at: now };
            Ok(Some((*number, secret)))
        })
    }

    /// The screen whose browser holds this secret: its number and its ward.
    pub fn holder(&self, secret: &str) -> Option<(u32, WardId)> {
        let given = Hash::of(secret.as_bytes());
        let is_it =
            |entry: &Entry| matches!(&entry.standing, Standing::Entered { secret, .. } if *secret == given);
        self.read(|known| {
            let found = known.displays.iter().find(|(_, entry)| is_it(entry));
            found.map(|(number, entry)| (*number, entry.ward.clone()))
        })
    }

    /// Every screen, by number.
    pub fn list(&self) -> Vec<DisplayLine> {
        self.read(|known| known.displays.iter().map(|(number, entry)| entry.line(*number)).collect())
    }

    /// Turns a screen out, durably, and gives what it was.
    pub fn revoke(&self, number: u32) -> Result<DisplayLine, DisplayError> {
        self.change(|known| {
            let gone = known.displays.remove(&number).ok_or(DisplayError::NotThere(number))?;
            Ok(gone.line(number))
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Known) -> Result<T, DisplayError>) -> Result<T, DisplayError> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Known { version: 1, ..known.clone() };
        let done = change(&mut changed)?;
        let file = |source| DisplayError::File { path: self.path.clone(), source };
        let mut bytes = serde_json::to_vec_pretty(&changed).map_err(|error| file(error.into()))?;
        bytes.push(b'\n');
        durable_file::replace(&self.path, &bytes, Readers::Owner).map_err(file)?;
        *known = changed;
        Ok(done)
    }
}

impl Entry {
    fn line(&self, number: u32) -> DisplayLine {
        let (entered, until) = match self.standing {
            Standing::Waits { until, .. } => (None, Some(until)),
            Standing::Entered { at, .. } => (Some(at), None),
        };
        DisplayLine { number, ward: self.ward.clone(), made: self.made, entered, until, path: None, address: None }
    }
}

fn draw() -> Result<String, DisplayError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(DisplayError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(secret))
}

fn read(path: &Path) -> Result<Known, DisplayError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Known::default()),
        Err(source) => return Err(DisplayError::File { path: path.to_owned(), source }),
    };
    let unreadable = |reason: String| DisplayError::Unreadable { path: path.to_owned(), reason };
    let known: Known = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if known.version == 1 { Ok(known) } else { Err(unreadable(format!("version {} is not known", known.version))) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    fn code_of(line: &DisplayLine) -> String {
        line.path.as_deref().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    #[test]
    fn a_code_opens_once_and_what_it_opened_holds_over_restarts_until_it_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("displays.json");
        let (ward, other): (WardId, WardId) = ("W1".parse().unwrap(), "W2".parse().unwrap());
        let tokens = DisplayTokens::open(&path).unwrap();
        let code = code_of(&tokens.add(&ward, now()).unwrap());
        assert_eq!(tokens.enter(&other, &code, now()).unwrap(), None, "not for another ward");
        let (number, secret) = tokens.enter(&ward, &code, now()).unwrap().unwrap();
        assert_eq!(tokens.enter(&ward, &code, now()).unwrap(), None, "an address in a log is worth nothing");
        let again = DisplayTokens::open(&path).unwrap();
        assert_eq!(again.holder(&secret), Some((number, ward.clone())));
        assert_eq!((again.holder(&code), again.holder("guess")), (None, None));
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&code));
        again.revoke(number).unwrap();
        assert_eq!(again.holder(&secret), None);
        assert!(matches!(again.revoke(number), Err(DisplayError::NotThere(_))));
        assert_eq!(again.add(&ward, now()).unwrap().number, number + 1, "no number is given twice");
    }

    #[test]
    fn a_code_that_waited_too_long_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = DisplayTokens::open(folder.path().join("displays.json")).unwrap();
        let ward: WardId = "W1".parse().unwrap();
        let code = code_of(&tokens.add(&ward, now()).unwrap());
        let late = now() + CODE_HOLDS + SignedDuration::from_secs(1);
        assert_eq!(tokens.enter(&ward, &code, late).unwrap(), None);
        assert_eq!(tokens.list().first().unwrap().entered, None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("displays.json");
        for broken in ["", "{}", "{\"version\": 2, \"last\": 0, \"displays\": {}}"] {
            fs::write(&path, broken).unwrap();
            assert!(matches!(DisplayTokens::open(&path), Err(DisplayError::Unreadable { .. })), "{broken:?}");
        }
    }
}
