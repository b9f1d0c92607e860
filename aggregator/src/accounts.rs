//! Who may sign in: `accounts.json`, one argon2 hash a name, readable by its owner only.
//!
//! For now there is one account, `office`, the patient-experience team.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use serde::{Deserialize, Serialize};

use crate::durable_file::{self, Readers};

/// The office's account.
pub const OFFICE: &str = "office";

/// The fewest characters a password has.
pub const MIN_PASSWORD_CHARACTERS: usize = 12;

/// A hash of nothing anybody knows, so that an unknown name takes as long as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aS1hbS1ub3QtYS1zYWx0$KVHCR0rHi0GtbkN9g0VvJ1yU5Y0Nc0mF5o1VdJ0xW1Y";

/// Who may sign in.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    hashes: RwLock<BTreeMap<String, String>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountsFile {
    version: u32,
    accounts: BTreeMap<String, String>,
}

/// Why accounts cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not hold accounts.
    #[error("read {path}: {reason}; delete it and run `user add office` again", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The password is short.
    #[error("take the password: it has fewer than {MIN_PASSWORD_CHARACTERS} characters")]
    TooShort,
    /// There is no such account.
    #[error("add user {0:?}: the only account is \"{OFFICE}\"")]
    UnknownName(String),
    /// The hash could not be made.
    #[error("hash the password: {0}")]
    Hash(String),
}

impl Accounts {
    /// Opens the accounts of a file; a file that is not there holds none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, AccountsError> {
        let path = path.into();
        let hashes = read(&path)?;
        Ok(Self { path, hashes: RwLock::new(hashes) })
    }

    /// Whether nobody may sign in yet.
    pub fn is_empty(&self) -> bool {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Sets a password, durably.
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), AccountsError> {
        if name != OFFICE {
            return Err(AccountsError::UnknownName(name.to_owned()));
        }
        if password.chars().count() < MIN_PASSWORD_CHARACTERS {
            return Err(AccountsError::TooShort);
        }
        let hash = Argon2::default()
            .hash_password(password.as_bytes())
            .map_err(|error| AccountsError::Hash(error.to_string()))?;
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = hashes.clone();
        changed.insert(name.to_owned(), hash.to_string());
        write(&self.path, &changed)?;
        *hashes = changed;
        Ok(())
    }

    /// Whether this is the account's password. Takes tens of milliseconds of CPU: call it off the async threads.
    pub fn verify(&self, name: &str, password: &str) -> bool {
        let known = self.hashes.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let is_known = known.is_some();
        let text = known.unwrap_or_else(|| NOBODY.to_owned());
        let matches = PasswordHash::new(&text)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        matches && is_known
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, AccountsError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(AccountsError::File { path: path.to_owned(), source }),
    };
    let unreadable = |reason: String| AccountsError::Unreadable { path: path.to_owned(), reason };
    let file: AccountsFile = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if file.version != 1 {
        return Err(unreadable(format!("version {} is not known", file.version)));
    }
    match file.accounts.values().find(|hash| PasswordHash::new(hash).is_err()) {
        Some(_) => Err(unreadable("a password hash is not readable".to_owned())),
        None => Ok(file.accounts),
    }
}

fn write(path: &Path, accounts: &BTreeMap<String, String>) -> Result<(), AccountsError> {
    let file = |source| AccountsError::File { path: path.to_owned(), source };
    let mut bytes = serde_json::to_vec_pretty(&AccountsFile { version: 1, accounts: accounts.clone() })
        .map_err(|error| file(error.into()))?;
    bytes.push(b'\n');
    durable_file::replace(path, &bytes, Readers::Owner).map_err(file)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn only_the_password_opens_and_it_is_not_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.json");
        let accounts = Accounts::open(&path).unwrap();
        assert!(accounts.is_empty());
        assert!(!accounts.verify(OFFICE, "correct horse battery"));
        accounts.set_password(OFFICE, "correct horse battery").unwrap();
        let again = Accounts::open(&path).unwrap();
        assert!(again.verify(OFFICE, "correct horse battery"));
        assert!(!again.verify(OFFICE, "correct horse batterY"));
        assert!(!again.verify("somebody", "correct horse battery"));
        assert!(!fs::read_to_string(&path).unwrap().contains("horse"));
    }

    #[test]
    fn short_passwords_and_other_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(folder.path().join("accounts.json")).unwrap();
        assert!(matches!(accounts.set_password(OFFICE, "short"), Err(AccountsError::TooShort)));
        assert!(matches!(
            accounts.set_password("sister", "correct horse battery"),
            Err(AccountsError::UnknownName(_))
        ));
        assert!(accounts.is_empty());
    }

    #[test]
    fn an_unknown_name_costs_the_same_work() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
