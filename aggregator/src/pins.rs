//! The PINs that volunteers and managers come in with at a kiosk: `pins.json`, one argon2id hash a role, readable by its owner
//! only. The hashes go to the kiosks with their [rounds](wardvoice_protocol::round), so that a door opens without a network.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::round::is_pin;

use crate::durable_file::{self, Readers};

/// Who comes in with a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Goes from bed to bed.
    Volunteer,
    /// May also move a kiosk to another ward and end its program.
    Manager,
}

impl Role {
    /// The role as it stands in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Volunteer => "volunteer",
            Self::Manager => "manager",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Volunteer, Self::Manager]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| "write volunteer or manager".to_owned())
    }
}

/// The hashes of the PINs that are set.
#[derive(Debug)]
pub struct Pins {
    path: PathBuf,
    hashes: RwLock<BTreeMap<Role, String>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinsFile {
    version: u32,
    pins: BTreeMap<Role, String>,
}

/// Why PINs cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// The file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not hold PINs.
    #[error("read {path}: {reason}; delete it and run `pin set` again", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It has another form.
    #[error("take the PIN: it must have 4 to 8 digits and nothing else")]
    NotPin,
    /// Volunteer and manager would be one.
    #[error("take the PIN: it is the one of the {0}, and the two must differ")]
    SameAs(Role),
    /// The hash could not be made.
    #[error("hash the PIN: {0}")]
    Hash(String),
}

impl Pins {
    /// Opens the PINs of a file; a file that is not there holds none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, PinsError> {
        let path = path.into();
        let hashes = read(&path)?;
        Ok(Self { path, hashes: RwLock::new(hashes) })
    }

    /// The hash of a role's PIN, in PHC form.
    pub fn hash(&self, role: Role) -> Option<String> {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).get(&role).cloned()
    }

    /// Sets a role's PIN, durably.
    pub fn set(&self, role: Role, pin: &str) -> Result<(), PinsError> {
        if !is_pin(pin) {
            return Err(PinsError::NotPin);
        }
        let other = match role {
            Role::Volunteer => Role::Manager,
            Role::Manager => Role::Volunteer,
        };
        if self.hash(other).is_some_and(|hash| opens(&hash, pin)) {
            return Err(PinsError::SameAs(other));
        }
        let hash =
            Argon2::default().hash_password(pin.as_bytes()).map_err(|error| PinsError::Hash(error.to_string()))?;
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = hashes.clone();
        changed.insert(role, hash.to_string());
        write(&self.path, &changed)?;
        *hashes = changed;
        Ok(())
    }
}

fn opens(hash: &str, pin: &str) -> bool {
    use argon2::password_hash::PasswordVerifier as _;
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}

fn read(path: &Path) -> Result<BTreeMap<Role, String>, PinsError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(PinsError::File { path: path.to_owned(), source }),
    };
    let unreadable = |reason: String| PinsError::Unreadable { path: path.to_owned(), reason };
    let file: PinsFile = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if file.version != 1 {
        return Err(unreadable(format!("version {} is not known", file.version)));
    }
    match file.pins.values().find(|hash| PasswordHash::new(hash).is_err()) {
        Some(_) => Err(unreadable("a hash is not readable".to_owned())),
        None => Ok(file.pins),
    }
}

fn write(path: &Path, pins: &BTreeMap<Role, String>) -> Result<(), PinsError> {
    let file = |source| PinsError::File { path: path.to_owned(), source };
    let mut bytes = serde_json::to_vec_pretty(&PinsFile { version: 1, pins: pins.clone() })
        .map_err(|error| file(error.into()))?;
    bytes.push(b'\n');
    durable_file::replace(path, &bytes, Readers::Owner).map_err(file)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_pin_is_kept_as_a_hash_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.json");
        let pins = Pins::open(&path).unwrap();
        assert_eq!(pins.hash(Role::Volunteer), None);
        pins.set(Role::Volunteer, "2580").unwrap();
        pins.set(Role::Manager, "13579").unwrap();
        let again = Pins::open(&path).unwrap();
        assert!(opens(&again.hash(Role::Volunteer).unwrap(), "2580"));
        assert!(!opens(&again.hash(Role::Volunteer).unwrap(), "13579"));
        assert!(again.hash(Role::Manager).unwrap().starts_with("$argon2id$"));
        assert!(!fs::read_to_string(&path).unwrap().contains("2580"));
    }

    #[test]
    fn what_is_no_pin_or_not_another_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pins = Pins::open(folder.path().join("pins.json")).unwrap();
        for text in ["", "123", "123456789", "12 4", "abcd"] {
            assert!(matches!(pins.set(Role::Volunteer, text), Err(PinsError::NotPin)), "{text:?}");
        }
        pins.set(Role::Volunteer, "2580").unwrap();
        assert!(matches!(pins.set(Role::Manager, "2580"), Err(PinsError::SameAs(Role::Volunteer))));
        pins.set(Role::Volunteer, "2580").unwrap();
    }

    #[test]
    fn a_file_that_is_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pins.json");
        for text in ["{", r#"{"version":2,"pins":{}}"#, r#"{"version":1,"pins":{"volunteer":"2580"}}"#] {
            fs::write(&path, text).unwrap();
            assert!(matches!(Pins::open(&path), Err(PinsError::Unreadable { .. })), "{text}");
        }
    }
}
