//! What the kiosk was told to be, kept over restarts.
//!
//! `settings.json` is what `wardvoice-aggregator kiosk add` printed, put there by a person, or what came with a join; it pins the
//! aggregator's key. `assignment.json` is the last assignment that came over MQTT with that key's signature. It names
//! the settings it follows by hash, so that new settings put aside an assignment from before them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wardvoice_protocol::assignment::{Assignment, KioskSettings};
use wardvoice_protocol::id::{Hash, KioskId};

use crate::files;

const SETTINGS_FILE: &str = "settings.json";
const ASSIGNMENT_FILE: &str = "assignment.json";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read or written.
    #[error("read or write {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There are none.
    #[error(
        "find settings in {0}: enrol this kiosk with `wardvoice-kiosk join`, or run `wardvoice-aggregator kiosk add` and give what it \
         prints with --settings FILE"
    )]
    Missing(PathBuf),
    /// The file is not settings.
    #[error("read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The settings as the kiosk works by them: the address, and the newest assignment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the broker is.
    pub broker: String,
    /// The newest assignment; its aggregator key is the one that is trusted.
    pub assignment: Assignment,
    origin: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedAssignment {
    version: u32,
    settings: Hash,
    assignment: Assignment,
}

impl Settings {
    /// Copies a settings file into the data directory after checking that it reads. The same file again is not written: the disk may
    /// be full or read-only by then.
    pub fn install(data: &Path, file: &Path) -> Result<(), SettingsError> {
        let bytes = read(file)?.ok_or_else(|| SettingsError::Missing(file.to_owned()))?;
        parse_settings(file, &bytes)?;
        let path = data.join(SETTINGS_FILE);
        if read(&path).is_ok_and(|known| known.as_ref() == Some(&bytes)) {
            return Ok(());
        }
        fs::create_dir_all(data)
            .and_then(|()| files::replace(&path, &bytes, 0o600))
            .map_err(|source| SettingsError::File { path, source })
    }

    /// Keeps the settings that came with a join.
    pub fn keep(data: &Path, settings: &KioskSettings) -> Result<(), SettingsError> {
        let path = data.join(SETTINGS_FILE);
        let bytes = serde_json::to_vec_pretty(settings)
            .map_err(|error| SettingsError::Unreadable { path: path.clone(), reason: error.to_string() })?;
        files::replace(&path, &bytes, 0o600).map_err(|source| SettingsError::File { path, source })
    }

    /// Reads the settings of a data directory.
    pub fn load(data: &Path) -> Result<Self, SettingsError> {
        let path = data.join(SETTINGS_FILE);
        let bytes = read(&path)?.ok_or_else(|| SettingsError::Missing(data.to_owned()))?;
        let file = parse_settings(&path, &bytes)?;
        let origin = Hash::of(&bytes);
        let saved = load_assignment(data, origin)?;
        Ok(Self { broker: file.broker, assignment: saved.unwrap_or(file.assignment), origin })
    }

    /// The kiosk the settings are for.
    pub fn kiosk(&self) -> &KioskId {
        &self.assignment.kiosk
    }

    /// The name under which later assignments are saved.
    pub fn origin(&self) -> Hash {
        self.origin
    }
}

/// Reads the assignment saved under a settings' name; none when there is none or it follows other settings.
pub fn load_assignment(data: &Path, origin: Hash) -> Result<Option<Assignment>, SettingsError> {
    let path = data.join(ASSIGNMENT_FILE);
    let Some(bytes) = read(&path)? else { return Ok(None) };
    let saved: SavedAssignment = serde_json::from_slice(&bytes)
        .map_err(|error| SettingsError::Unreadable { path, reason: error.to_string() })?;
    Ok((saved.settings == origin).then_some(saved.assignment))
}

/// Saves an assignment whose signature has been checked.
pub fn save_assignment(data: &Path, origin: Hash, assignment: &Assignment) -> Result<(), SettingsError> {
    let path = data.join(ASSIGNMENT_FILE);
    let saved = SavedAssignment { version: 1, settings: origin, assignment: assignment.clone() };
    let bytes = serde_json::to_vec_pretty(&saved)
        .map_err(|error| SettingsError::Unreadable { path: path.clone(), reason: error.to_string() })?;
    files::replace(&path, &bytes, 0o600).map_err(|source| SettingsError::File { path, source })
}

fn parse_settings(path: &Path, bytes: &[u8]) -> Result<KioskSettings, SettingsError> {
    let unreadable = |reason: String| SettingsError::Unreadable { path: path.to_owned(), reason };
    let file: KioskSettings = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
    match file.version {
        1 => Ok(file),
        other => Err(unreadable(format!("settings version {other} is not known; this kiosk knows version 1"))),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, SettingsError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SettingsError::File { path: path.to_owned(), source }),
    }
}
