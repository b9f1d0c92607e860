//! Who may sign in: `accounts.json`, an argon2 hash and the roles of each account, readable by its owner only.
//!
//! Names of accounts are ids, never the names of people; there is no address and nothing to write to. What an account may see follows
//! from its roles ([`crate::policy`]).
//!
//! People of the trust's own sign-in (`openid`) are accounts too, while they are signed in: the provider knows them, and nothing of them
//! stands in the file. Their names begin with `sso-` or `sso_`, those of screens with `screen-`; no new account of the file may.
//!
//! Formats. 1 knew hashes by name and one account, `office`; it is read for ever and still written while it can say everything. 2 has
//! roles beside each hash. A program from before there were roles refuses 2 by its number and lets nobody in. 3 is 2 with accounts that are
//! locked, and is written while there are any: a program that does not know of locks refuses it and lets nobody in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use wardvoice_protocol::id::Hash;

use crate::audit::{COMMAND, UNKNOWN};
use crate::durable_file::{self, Readers};
use crate::policy::Role;

/// The account that is the office where nothing else is said.
pub const OFFICE: &str = "office";
/// The fewest characters a password has.
pub const MIN_PASSWORD_CHARACTERS: usize = 12;
/// The most accounts there are.
pub const MOST_ACCOUNTS: usize = 5_000;
/// The most roles an account has.
pub const MOST_ROLES: usize = 100;

/// How names begin that are of no account here: of people of the trust's own sign-in, by what the provider calls them or by a hash of it,
/// and of screens in corridors.
const KEPT: [&str; 3] = ["sso-", "sso_", "screen-"];

/// A hash of nothing anybody knows, so that an unknown name takes as long as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aS1hbS1ub3QtYS1zYWx0$KVHCR0rHi0GtbkN9g0VvJ1yU5Y0Nc0mF5o1VdJ0xW1Y";

/// The name of an account: 1 to 40 ASCII letters, digits, `-` or `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// Why a text is no name of an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of an account: use 1 to 40 ASCII letters, digits, '-' or '_', and nobody's real name")]
pub struct AccountNameError(String);

/// Who may sign in.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    known: RwLock<BTreeMap<AccountName, Entry>>,
    changed: watch::Sender<u64>,
    /// What each password cost that was worked out to its end.
    #[cfg(test)]
    worked_out: std::sync::Mutex<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    password: String,
    roles: BTreeSet<Role>,
    /// Whether an administrator has shut it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    locked: bool,
}

/// An account as it is told of: without its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: AccountName,
    /// What it may be.
    pub roles: BTreeSet<Role>,
    /// Whether an administrator has locked it: nobody signs in with it until it is unlocked.
    #[serde(default)]
    pub locked: bool,
    /// Changes exactly when the password, the roles or the lock do: sessions hold it, and end when it is another.
    #[serde(skip, default = "no_stamp")]
    pub stamp: Hash,
    /// Who knows it.
    #[serde(skip)]
    pub source: Source,
}

/// Who knows an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// The file here.
    #[default]
    Here,
    /// Somebody else, who said so: the trust's own sign-in when the session began, or a screen's token.
    Elsewhere,
}

/// How an account proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof<'a> {
    /// By a password that somebody has chosen.
    Chosen(&'a str),
    /// By a token that is drawn here, for a screen or a program.
    Drawn,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstFile {
    version: u32,
    accounts: BTreeMap<AccountName, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountsFile {
    version: u32,
    accounts: BTreeMap<AccountName, Entry>,
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
    #[error("find the account {0}: `user list` shows those there are")]
    NotThere(AccountName),
    /// It would have no role.
    #[error("add the account {0} without a role: say what it may be, as in --role ward:W12")]
    NoRole(AccountName),
    /// There would be nobody left who may say who signs in.
    #[error(
        "take the administrator's role from {0}, who is the last to have it: give it to another account first"
    )]
    LastAdministrator(AccountName),
    /// The name is kept for others.
    #[error(
        "add the account {0}: command, unknown and names that begin with sso-, sso_ or screen- are kept for others"
    )]
    Reserved(AccountName),
    /// There are too many.
    #[error("add more: there may be {MOST_ACCOUNTS} accounts, each with {MOST_ROLES} roles")]
    TooMany,
    /// The hash could not be made.
    #[error("hash the password: {0}")]
    Hash(String),
    /// The system gave no randomness.
    #[error("draw a token: {0}")]
    NoRandomness(getrandom::Error),
}

impl Accounts {
    /// Opens the accounts of a file; a file that is not there holds none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, AccountsError> {
        let path = path.into();
        let known = read(&path)?;
        Ok(Self {
            path,
            known: RwLock::new(known),
            changed: watch::Sender::default(),
            #[cfg(test)]
            worked_out: std::sync::Mutex::default(),
        })
    }

    /// Whether nobody may sign in yet.
    pub fn is_empty(&self) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// An account.
    pub fn get(&self, name: &str) -> Option<Account> {
        let name = AccountName::from_str(name).ok()?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&name).map(|entry| entry.account(name.clone()))
    }

    /// An account as it stands, if it is what it was when it signed in.
    pub fn still(&self, then: &Account) -> Option<Account> {
        match then.source {
            Source::Here => self.get(then.name.as_str()).filter(|now| now.stamp == then.stamp && !now.locked),
            Source::Elsewhere => Some(then.clone()),
        }
    }

    /// Says when an account has changed, so that what is open looks whether it was its own.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Every account, by name.
    pub fn all(&self) -> Vec<Account> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(name, entry)| entry.account(name.clone())).collect()
    }

    /// Adds an account or gives one that is there a new proof, durably. Roles are those given; without any, those it has, and
    /// `office` is the office. A token that was drawn is given back and is nowhere else.
    pub fn add(
        &self,
        name: &AccountName,
        proof: Proof<'_>,
        roles: &[Role],
    ) -> Result<Option<String>, AccountsError> {
        if name.is_kept() {
            return Err(AccountsError::Reserved(name.clone()));
        }
        let drawn = match proof {
            Proof::Chosen(password) if password.chars().count() < MIN_PASSWORD_CHARACTERS => {
                return Err(AccountsError::TooShort);
            }
            Proof::Chosen(_) => None,
            Proof::Drawn => Some(draw()?),
        };
        let secret = match (&drawn, proof) {
            (Some(token), _) => token,
            (None, Proof::Chosen(password)) => password,
            (None, Proof::Drawn) => return Err(AccountsError::TooShort),
        };
        let hash = Argon2::default()
            .hash_password(secret.as_bytes())
            .map_err(|error| AccountsError::Hash(error.to_string()))?
            .to_string();
        self.change(|known| {
            let locked = known.get(name).is_some_and(|entry| entry.locked);
            let had = known.get(name).map(|entry| entry.roles.clone());
            let roles = if roles.is_empty() {
                let office = || (name.as_str() == OFFICE).then(|| BTreeSet::from([Role::Office]));
                had.or_else(office).ok_or_else(|| AccountsError::NoRole(name.clone()))?
            } else {
                roles.iter().cloned().collect()
            };
            known.insert(name.clone(), Entry { password: hash, roles, locked });
            Ok(())
        })?;
        Ok(drawn)
    }

    /// Gives an account other roles, durably: its sessions end.
    pub fn set_roles(&self, name: &AccountName, roles: &[Role]) -> Result<(), AccountsError> {
        if roles.is_empty() {
            return Err(AccountsError::NoRole(name.clone()));
        }
        self.change(|known| {
            let entry = known.get_mut(name).ok_or_else(|| AccountsError::NotThere(name.clone()))?;
            entry.roles = roles.iter().cloned().collect();
            Ok(())
        })
    }

    /// Locks an account, durably: its sessions end, and its password opens nothing until it is unlocked, a new one neither.
    pub fn lock(&self, name: &AccountName) -> Result<(), AccountsError> {
        self.shut(name, true)
    }

    /// Unlocks an account, durably. Whoever was signed in signs in again.
    pub fn unlock(&self, name: &AccountName) -> Result<(), AccountsError> {
        self.shut(name, false)
    }

    fn shut(&self, name: &AccountName, locked: bool) -> Result<(), AccountsError> {
        self.change(|known| {
            let entry = known.get_mut(name).ok_or_else(|| AccountsError::NotThere(name.clone()))?;
            entry.locked = locked;
            Ok(())
        })
    }

    /// Removes an account, durably: its sessions end.
    pub fn remove(&self, name: &AccountName) -> Result<(), AccountsError> {
        self.change(|known| known.remove(name).map(drop).ok_or_else(|| AccountsError::NotThere(name.clone())))
    }

    /// The account whose name and password these are, unless it is locked. Takes tens of milliseconds of CPU: call it off the async threads.
    pub fn verify(&self, name: &str, password: &str) -> Option<Account> {
        let name = AccountName::from_str(name).ok();
        let known = name.and_then(|name| {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(&name).map(|entry| (entry.account(name.clone()), entry.password.clone()))
        });
        let (account, text) = match known {
            Some((account, hash)) => (Some(account), hash),
            None => (None, NOBODY.to_owned()),
        };
        let matches = PasswordHash::new(&text).is_ok_and(|hash| {
            let tried = Argon2::default().verify_password(password.as_bytes(), &hash);
            #[cfg(test)]
            self.count(&hash, &tried);
            tried.is_ok()
        });
        // A locked one costs the same work and is told no more than a wrong password.
        account.filter(|account| matches && !account.locked)
    }

    fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<AccountName, Entry>) -> Result<(), AccountsError>,
    ) -> Result<(), AccountsError> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = known.clone();
        change(&mut changed)?;
        let is_administrator = |entry: &Entry| entry.roles.contains(&Role::Administrator) && !entry.locked;
        if let Some((last, _)) = known.iter().find(|(_, entry)| is_administrator(entry))
            && !changed.values().any(is_administrator)
        {
            return Err(AccountsError::LastAdministrator(last.clone()));
        }
        if changed.len() > MOST_ACCOUNTS || changed.values().any(|entry| entry.roles.len() > MOST_ROLES) {
            return Err(AccountsError::TooMany);
        }
        write(&self.path, &changed)?;
        *known = changed;
        self.changed.send_modify(|many| *many = many.wrapping_add(1));
        Ok(())
    }
}

impl Entry {
    fn account(&self, name: AccountName) -> Account {
        let roles: Vec<String> = self.roles.iter().map(ToString::to_string).collect();
        let lock = if self.locked { "\nlocked" } else { "" };
        let stamp = Hash::of(format!("{}\n{}{lock}", self.password, roles.join("\n")).as_bytes());
        Account { name, roles: self.roles.clone(), locked: self.locked, stamp, source: Source::Here }
    }
}

impl Account {
    /// Somebody who is not in the file.
    pub fn from_elsewhere(name: AccountName, roles: BTreeSet<Role>) -> Self {
        // It is what it was until its session ends: nobody is asked again.
        Self { name, roles, locked: false, stamp: Hash::ZERO, source: Source::Elsewhere }
    }
}

fn no_stamp() -> Hash {
    Hash::ZERO
}

/// A token that nobody can guess.
fn draw() -> Result<String, AccountsError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(AccountsError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(secret))
}

fn read(path: &Path) -> Result<BTreeMap<AccountName, Entry>, AccountsError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(AccountsError::File { path: path.to_owned(), source }),
    };
    let unreadable = |reason: String| AccountsError::Unreadable { path: path.to_owned(), reason };
    let shape = |error: serde_json::Error| unreadable(error.to_string());
    let Version { version } = serde_json::from_slice(&bytes).map_err(shape)?;
    let accounts: BTreeMap<AccountName, Entry> = match version {
        1 => {
            let file: FirstFile = serde_json::from_slice(&bytes).map_err(shape)?;
            let office = |password| Entry { password, roles: BTreeSet::from([Role::Office]), locked: false };
            file.accounts.into_iter().map(|(name, password)| (name, office(password))).collect()
        }
        2 | 3 => serde_json::from_slice::<AccountsFile>(&bytes).map_err(shape)?.accounts,
        version => return Err(unreadable(format!("version {version} is not known"))),
    };
    match accounts.values().find(|entry| PasswordHash::new(&entry.password).is_err()) {
        Some(_) => Err(unreadable("a password hash is not readable".to_owned())),
        None => Ok(accounts),
    }
}

fn write(path: &Path, accounts: &BTreeMap<AccountName, Entry>) -> Result<(), AccountsError> {
    let file = |source| AccountsError::File { path: path.to_owned(), source };
    let only_office = |(name, entry): (&AccountName, &Entry)| {
        name.as_str() == OFFICE && entry.roles == BTreeSet::from([Role::Office]) && !entry.locked
    };
    let version = if accounts.values().any(|entry| entry.locked) { 3 } else { 2 };
    let written = if accounts.iter().all(only_office) {
        let hashes = accounts.iter().map(|(name, entry)| (name.clone(), entry.password.clone())).collect();
        serde_json::to_vec_pretty(&FirstFile { version: 1, accounts: hashes })
    } else {
        serde_json::to_vec_pretty(&AccountsFile { version, accounts: accounts.clone() })
    };
    let mut bytes = written.map_err(|error| file(error.into()))?;
    bytes.push(b'\n');
    durable_file::replace(path, &bytes, Readers::Owner).map_err(file)
}

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether no account here may have it, because it says of others who they are.
    fn is_kept(&self) -> bool {
        [COMMAND, UNKNOWN].contains(&self.as_str()) || KEPT.iter().any(|start| self.0.starts_with(start))
    }
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, AccountNameError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let fits = text.len() <= 40 && starts && text.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(AccountNameError(text.to_owned())) }
    }
}

impl TryFrom<String> for AccountName {
    type Error = AccountNameError;
    fn try_from(text: String) -> Result<Self, AccountNameError> {
        text.parse()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> String {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
