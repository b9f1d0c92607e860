//! Keeping: a backup that is tried before it counts, and the restore of one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Talk, say, verified};
use crate::backup::age::{Identity, Recipient};
use crate::backup::{self, Restoring, Sources, Written};
use crate::config::Config;
use crate::fleet::Fleet;
use crate::premises::{House, Premises, failed};
use crate::verify::VerifyReport;

/// What folders for trials are called. Those that a kill left behind are removed by the next backup.
const TRIAL: &str = ".trial-restore-";

/// A backup that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupAsk {
    /// Where it is to be, as a path from the root.
    pub to: PathBuf,
    /// The keys that open it; those of the settings when there are none.
    pub recipients: Vec<Recipient>,
    /// Where it is tried; in the data folder when absent.
    pub trial_in: Option<PathBuf>,
}

/// What a backup came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Where it is.
    pub to: PathBuf,
    /// The moment it is of.
    pub at: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// How many records are in it.
    pub records: u64,
    /// How many envelopes of the quarantine.
    pub quarantined: u64,
    /// How many files besides the log.
    pub files: u64,
    /// The keys that open it.
    pub recipients: Vec<Recipient>,
    /// Whether nothing in it contradicts anything.
    pub sound: bool,
    /// Whether no kiosk's chain in it has a gap.
    pub complete: bool,
    /// What is wrong with it, in words.
    pub faults: Vec<String>,
}

/// What a restore came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The data folder.
    pub to: PathBuf,
    /// The moment it is of.
    pub at: Timestamp,
    /// How many records are in it.
    pub records: u64,
    /// How many envelopes of the quarantine.
    pub quarantined: u64,
    /// How many files besides the log.
    pub files: u64,
    /// Whether nothing in it contradicts anything.
    pub sound: bool,
    /// Whether no kiosk's chain in it has a gap.
    pub complete: bool,
    /// What is wrong with it, in words.
    pub faults: Vec<String>,
}

/// Writes a backup, tries it and puts it in place. True when what is in it is sound: gaps that kiosks have yet to fill are no fault of it.
pub(super) fn back_up(house: &House, ask: &BackupAsk, talk: &mut dyn Talk) -> Result<bool> {
    let premises = &house.premises;
    let recipients =
        if ask.recipients.is_empty() { premises.config.backup_recipients.clone() } else { ask.recipients.clone() };
    let sources = Sources {
        data: premises.data.clone(),
        settings: premises.config.elsewhere(&premises.data),
        to: ask.to.clone(),
        recipients: recipients.clone(),
    };
    let begun = backup::begin(sources).map_err(failed)?;
    let (reader, at) = (house.reader(), Timestamp::now());
    let still = reader.clone();
    // Log and files must speak of the same moment.
    let frozen = house.pipeline.while_still(move || begun.freeze(&still, at)).map_err(failed)?.map_err(failed)?;
    let written = frozen.finish(&reader, |done, of| talk.progress("writing records", done, of)).map_err(failed)?;
    talk.progress("trying the backup", 0, 1);
    let report = try_out(premises, &written, ask.trial_in.as_deref()).context("the backup was not kept")?;
    talk.progress("trying the backup", 1, 1);
    let done = BackedUp {
        to: ask.to.clone(),
        at,
        bytes: written.bytes,
        records: written.manifest.records,
        quarantined: written.manifest.quarantined,
        files: written.manifest.files,
        recipients,
        sound: report.sound,
        complete: report.complete,
        faults: report.told,
    };
    written.put_in_place().map_err(failed)?;
    premises.last_backup.note(at);
    say(talk, &done)?;
    Ok(done.sound)
}

/// Unpacks a backup where nobody else can read it, opens it as a server would, and verifies it.
fn try_out(premises: &Premises, written: &Written, trial_in: Option<&Path>) -> Result<VerifyReport> {
    let place = trial_in.unwrap_or(&premises.data);
    if trial_in.is_none() {
        remove_old_trials(place);
    }
    backup::check_room(place, written.bytes).map_err(failed)?;
    let owner = fs::Permissions::from_mode(0o700);
    let trial = tempfile::Builder::new().prefix(TRIAL).permissions(owner).tempdir_in(place);
    let trial = trial.with_context(|| format!("failed to make a folder in {}", place.display()))?;
    let report = written
        .try_in(trial.path())
        .map_err(failed)
        .and_then(|()| prove(trial.path(), premises.config.clone(), false));
    let path = trial.path();
    // A store that was closed a moment ago may write its last file while the folder is being emptied.
    let removed = fs::remove_dir_all(path).or_else(|_| fs::remove_dir_all(path));
    removed.with_context(|| format!("failed to remove {}, which holds secrets", path.display()))?;
    report
}

/// Only one process has the data folder, so what is there belongs to nobody any more.
fn remove_old_trials(data: &Path) {
    let entries = fs::read_dir(data).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(TRIAL)) {
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, path = %entry.path().display(), "an old trial could not be removed");
        }
    }
}

/// Opens a data folder as a server does, and verifies it.
fn prove(data: &Path, config: Config, deep: bool) -> Result<VerifyReport> {
    let premises = Premises::open(data, config)?;
    let house = House::open(premises, Box::new(|_, _, _| ()), Arc::new(Fleet::new()), Arc::default())?;
    let report = verified(&house, deep);
    let closed = house.close();
    let report = report?;
    closed?;
    Ok(report)
}

/// Restores a backup into a new folder. `settings` reads those of a folder. Everything in it is opened and judged again; what was wrong
/// before the backup is wrong after it, and is told.
pub fn restore(
    from: &Path,
    to: &Path,
    identity: &Identity,
    settings: impl FnOnce(&Path) -> Result<Config>,
) -> Result<Restored> {
    let opener = backup::open(from, identity).map_err(failed)?;
    let restoring = Restoring::begin(to).map_err(failed)?;
    let manifest = restoring.unpack(from, opener).map_err(failed)?;
    let report = settings(restoring.folder()).and_then(|config| prove(restoring.folder(), config, true));
    let report = report.context("nothing was restored: what is in the backup cannot be opened here")?;
    restoring.put_in_place().map_err(failed)?;
    Ok(Restored {
        to: to.to_owned(),
        at: manifest.at,
        records: manifest.records,
        quarantined: manifest.quarantined,
        files: manifest.files,
        sound: report.sound,
        complete: report.complete,
        faults: report.told,
    })
}

#[cfg(test)]
mod tests;
