//! Backups: everything that must be kept of a data folder in one sealed file, written while the server runs, and the way back.
//!
//! Purpose: a machine that is lost, stolen or broken loses nobody's answers and gives nobody's away.
//!
//! A backup is an [age](crate::backup::age) file; inside is a tar archive:
//!
//! | path | what it is |
//! |---|---|
//! | `log/quarantine/…`, `log/seen/…` | what changes in the log, as it was at one moment |
//! | `data/…` | every other file of the data folder, as it was at the same moment ([`contents`]) |
//! | `log/records/…` | every record up to that moment |
//! | `manifest.json` | how much of each there is, and the running hash over all records; last |
//!
//! Files below `log` hold blocks, each behind its length as four bytes, the lowest first ([`crate::log`] says what is in them).
//!
//! Invariants:
//! - What is in it is of one moment, at which nothing was being written; intake waits for no longer than the small files take.
//! - Nothing is written unsealed but inside the data folder itself, for the trial, and it is removed.
//! - A backup takes its name when it is whole, on the disk, and has been opened, unpacked and verified once. What had the name before
//!   stays until then.
//! - Writing needs a public key only. Whoever steals the server cannot open older backups with what is on it.
//! - Memory is bounded, however long the log is.
//!
//! Failure modes: every one is a [`BackupError`] and leaves nothing behind; a restore that fails or is killed leaves a folder that no
//! server starts in.
//!
//! Old readers and writers: the manifest says the version of all of it; another one is an error that says so.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use wardvoice_protocol::id::Hash;

use crate::durable_file;
use crate::log::{Committed, LogError, Reader};

pub mod age;
mod archive;
mod contents;
mod last;
mod restore;

use age::{AgeError, FileKey, OpenWith, Opener, Recipient, Sealer};
use archive::Archive;
use contents::Kept;

pub use last::{LastBackup, Unsaved};
use restore::unpack;
pub use restore::{RESTORING, Restoring, open};

/// The version of what is in a backup.
const VERSION: u32 = 1;
/// The folder in a backup with the files of the data folder.
const DATA: &str = "data";
const RECORDS: &str = "log/records";
const QUARANTINE: &str = "log/quarantine";
const SEEN: &str = "log/seen";
const MANIFEST: &str = "manifest.json";
/// Blocks are gathered into files of about this size.
const PIECE_BYTES: usize = 1024 * 1024;
/// How much more than a backup its trial may take: a store grows while it is filled.
const SPREAD: u64 = 3;
/// What is left free on a disk after a trial.
const SPARE_BYTES: u64 = 64 * 1024 * 1024;
/// How many records go by between two words about progress.
const PROGRESS_EVERY: u64 = 1_000;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of its shape: 1.
    pub version: u32,
    /// The program that wrote it.
    pub program: String,
    /// The moment it is of.
    pub at: Timestamp,
    /// How many records.
    pub records: u64,
    /// The running hash over them.
    pub running: Hash,
    /// How many envelopes of the quarantine.
    pub quarantined: u64,
    /// How many acknowledged requests for help.
    pub seen: u64,
    /// How many files of the data folder.
    pub files: u64,
}

/// Why a backup cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The backup cannot be written.
    #[error("write the backup: {0}")]
    Writing(io::Error),
    /// The backup does not open.
    #[error("open the backup {path}: {source}", path = path.display())]
    Sealed {
        /// The backup.
        path: PathBuf,
        /// Why.
        source: AgeError,
    },
    /// What is in it is not what was promised.
    #[error("read the backup {path}: {what}", path = path.display())]
    NotWhole {
        /// The backup.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// There is no key to seal it for.
    #[error(
        "write the backup: there is no key to seal it for; run `backup new-key` and set backup.recipients, or give --recipient"
    )]
    NoRecipient,
    /// It would be written where it is read.
    #[error("write the backup {}: it would be in the data folder, and be lost with it; choose another place", .0.display())]
    Inside(PathBuf),
    /// The folder of a restore is in use.
    #[error("restore into {}: it is not empty; nothing was changed; choose a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A trial restore might fill the disk that the log is on.
    #[error(
        "try the backup in {path}: it may take {wanted_mb} MB and {free_mb} MB are free; make room, or name another folder with --trial-in",
        path = path.display()
    )]
    NoRoom {
        /// Where.
        path: PathBuf,
        /// How much it may take.
        wanted_mb: u64,
        /// How much there is.
        free_mb: u64,
    },
}

/// What a backup is made of, and where it goes.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The data folder.
    pub data: PathBuf,
    /// The settings, when they are not in it.
    pub settings: Option<PathBuf>,
    /// The backup.
    pub to: PathBuf,
    /// The keys that open it.
    pub recipients: Vec<Recipient>,
}

type Out = Archive<Sealer<BufWriter<File>>>;

/// A backup that has nothing in it yet. Like what follows from it, dropping it removes it.
pub struct Begun {
    sources: Sources,
    file: NamedTempFile,
    key: FileKey,
    out: Out,
}

/// A backup with everything that changes, and the promise of the rest.
pub struct Frozen {
    begun: Begun,
    at: Timestamp,
    kept: Vec<Kept>,
    end: Committed,
    quarantined: u64,
    seen: u64,
}

/// A backup that is whole and on the disk, and has not been tried yet.
pub struct Written {
    file: NamedTempFile,
    to: PathBuf,
    key: FileKey,
    /// What is in it.
    pub manifest: Manifest,
    /// How large it is.
    pub bytes: u64,
}

/// Begins a backup beside where it is to be.
pub fn begin(sources: Sources) -> Result<Begun, BackupError> {
    if sources.recipients.is_empty() {
        return Err(BackupError::NoRecipient);
    }
    let folder = folder_of(&sources.to);
    let real =
        |path: &Path| fs::canonicalize(path).map_err(|source| BackupError::File { path: path.to_owned(), source });
    if real(folder)?.starts_with(real(&sources.data)?) {
        return Err(BackupError::Inside(sources.to));
    }
    let failed = |source| BackupError::File { path: folder.to_owned(), source };
    let file = tempfile::Builder::new().prefix(".wardvoice-backup-").tempfile_in(folder).map_err(failed)?;
    let out = BufWriter::new(file.as_file().try_clone().map_err(failed)?);
    let sealer = Sealer::begin(out, &sources.recipients);
    let (sealer, key) = sealer.map_err(|source| BackupError::Sealed { path: sources.to.clone(), source })?;
    Ok(Begun { sources, file, key, out: Archive::new(sealer) })
}

impl Begun {
    /// Takes what changes, as it is at this moment. To be called while nothing is written.
    pub fn freeze(mut self, reader: &Reader, at: Timestamp) -> Result<Frozen, BackupError> {
        let kept = contents::gather(&self.sources.data, self.sources.settings.as_deref())?;
        let end = reader.end()?;
        let mut pieces = Pieces::new(&mut self.out, QUARANTINE);
        let quarantined = reader.copy_quarantine(|entry| pieces.add(entry))?;
        pieces.finish()?;
        let mut pieces = Pieces::new(&mut self.out, SEEN);
        let seen = reader.copy_seen(|entry| pieces.add(entry))?;
        pieces.finish()?;
        Ok(Frozen { begun: self, at, kept, end, quarantined, seen })
    }
}

impl Frozen {
    /// Writes the rest, which nothing changes any more, to the disk. `progress` is told how many records are written, and of how many.
    pub fn finish(self, reader: &Reader, mut progress: impl FnMut(u64, u64)) -> Result<Written, BackupError> {
        let Self { begun: Begun { sources, file, key, mut out }, at, kept, end, quarantined, seen } = self;
        for one in &kept {
            let path = PathBuf::from(&one.member.name);
            out.add(&one.member, one.content()).map_err(|source| BackupError::File { path, source })?;
        }
        let mut pieces = Pieces::new(&mut out, RECORDS);
        reader.copy_records::<BackupError>(1..=end.position, |position, record| {
            if position % PROGRESS_EVERY == 0 {
                progress(position, end.position);
            }
            pieces.add(record)
        })?;
        pieces.finish()?;
        let manifest = Manifest {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            at,
            records: end.position,
            running: end.running,
            quarantined,
            seen,
            files: kept.len() as u64,
        };
        let said = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from);
        let written = said.and_then(|said| out.add_bytes(MANIFEST.to_owned(), &said));
        let written = written.and_then(|()| out.finish()?.finish());
        let synced = written.and_then(|written| written.get_ref().sync_all());
        let bytes = synced.and_then(|()| Ok(file.as_file().metadata()?.len())).map_err(BackupError::Writing)?;
        Ok(Written { file, to: sources.to, key, manifest, bytes })
    }
}

impl Written {
    /// Unpacks it into a folder, as a restore would, but for the secret half of the key.
    pub fn try_in(&self, folder: &Path) -> Result<(), BackupError> {
        let failed = |source| BackupError::File { path: self.to.clone(), source };
        let input = BufReader::new(File::open(self.file.path()).map_err(failed)?);
        let opener = Opener::open(input, &OpenWith::FileKey(&self.key));
        let opener = opener.map_err(|source| BackupError::Sealed { path: self.to.clone(), source })?;
        let found = unpack(&self.to, opener, folder)?;
        if found == self.manifest {
            return Ok(());
        }
        let what = "what was read back is not what was written".to_owned();
        Err(BackupError::NotWhole { path: self.to.clone(), what })
    }

    /// Gives it its name, durably; what had the name before is gone then.
    pub fn put_in_place(self) -> Result<(), BackupError> {
        let folder = folder_of(&self.to);
        let failed = |source| BackupError::File { path: self.to.clone(), source };
        self.file.persist(&self.to).map_err(|error| failed(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

/// Whether a folder has room for a trial of a backup of some size; the log may be on the same disk.
pub fn check_room(folder: &Path, backup_bytes: u64) -> Result<(), BackupError> {
    let free = durable_file::free_bytes(folder);
    let free = free.map_err(|source| BackupError::File { path: folder.to_owned(), source })?;
    let wanted = backup_bytes.saturating_mul(SPREAD).saturating_add(SPARE_BYTES);
    if free >= wanted {
        return Ok(());
    }
    let mb = |bytes: u64| bytes / (1024 * 1024);
    Err(BackupError::NoRoom { path: folder.to_owned(), wanted_mb: mb(wanted), free_mb: mb(free) })
}

/// Blocks, gathered into files of a folder of the archive.
struct Pieces<'a> {
    out: &'a mut Out,
    folder: &'static str,
    number: u64,
    held: Vec<u8>,
}

impl<'a> Pieces<'a> {
    fn new(out: &'a mut Out, folder: &'static str) -> Self {
        Self { out, folder, number: 1, held: Vec::new() }
    }

    fn add(&mut self, block: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(block.len()).map_err(|error| BackupError::Writing(io::Error::other(error)))?;
        self.held.extend_from_slice(&length.to_le_bytes());
        self.held.extend_from_slice(block);
        if self.held.len() < PIECE_BYTES {
            return Ok(());
        }
        self.write()
    }

    fn finish(mut self) -> Result<(), BackupError> {
        if self.held.is_empty() { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), BackupError> {
        let name = format!("{}/{:010}", self.folder, self.number);
        self.out.add_bytes(name, &self.held).map_err(BackupError::Writing)?;
        self.number += 1;
        self.held.clear();
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests;
