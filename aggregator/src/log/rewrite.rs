//! A log written anew, so that nothing that was forgotten stands in unused parts of its file.
//!
//! The store keeps what was written over until it needs the room. A new store holds what the log says now and nothing else; it takes the place
//! of the old one in one step, once it is whole, and the old one is removed. What the disk itself keeps of a removed file is the disk's.
//!
//! Killed at any moment, one whole log has the log's name. What then lies beside it is half a copy or the log from before, in which stands what was
//! forgotten; so whoever opens the log removes it ([`clear`]), after the exchange of names is durable: or a power cut could give the name
//! back to a log of which half is removed already.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with, syncfs};
use serde::Serialize;

use super::{Copying, Log, LogError};
use crate::killpoint::die;

/// What the folder beside the log is called while it is filled, and while the old log is removed.
const BESIDE: &str = "rewriting";

/// What a log that was written anew came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rewrote {
    /// How many records it has.
    pub records: u64,
    /// The bytes of its files before.
    pub bytes_before: u64,
    /// The bytes of its files now.
    pub bytes_now: u64,
}

/// Writes the log of a folder anew. Nobody else may have it open.
pub fn rewrite(directory: &Path) -> Result<Rewrote, LogError> {
    let beside = beside(directory);
    let failed = |source| LogError::File { path: beside.clone(), source };
    clear(directory).map_err(failed)?;
    let bytes_before = size(&directory.join("store")).map_err(failed)?;
    let end = copy(directory, &beside).inspect_err(|_| {
        if let Err(error) = remove(&beside) {
            tracing::warn!(%error, "half a copy of the log could not be removed");
        }
    })?;
    fail::fail_point!("rewrite.before_exchange", |_| die());
    exchange(&beside, directory).map_err(failed)?;
    fail::fail_point!("rewrite.after_exchange", |_| die());
    clear(directory).map_err(failed)?;
    let bytes_now = size(&directory.join("store")).map_err(failed)?;
    Ok(Rewrote { records: end, bytes_before, bytes_now })
}

/// Copies a log and says how many records it has.
fn copy(directory: &Path, beside: &Path) -> Result<u64, LogError> {
    let log = Log::open(directory)?;
    let (reader, end) = (log.reader(), log.end());
    let mut copying = Copying::begin(beside)?;
    fail::fail_point!("rewrite.in_the_middle", |_| die());
    reader.copy_quarantine(|entry| copying.refused(entry))?;
    reader.copy_records::<LogError>(1..=end.position, |_, record| copying.record(record))?;
    reader.copy_seen(|seen| copying.seen(seen))?;
    let copied = copying.finish()?;
    if copied == end {
        return Ok(end.position);
    }
    let what = format!("its copy has {} records and not {}", copied.position, end.position);
    Err(LogError::Inconsistent { path: directory.to_owned(), what })
}

/// Removes what a rewriting that was killed has left beside a log. Durable when this returns.
pub(super) fn clear(directory: &Path) -> io::Result<()> {
    let beside = beside(directory);
    // The copy itself is opened while it is filled, and is no log that something lies beside.
    if directory.extension().is_some() || !beside.exists() {
        return Ok(());
    }
    // Which of the two has the log's name must be settled before anything of the other goes.
    sync_names(directory)?;
    remove(&beside)?;
    sync_names(directory)
}

fn beside(directory: &Path) -> PathBuf {
    directory.with_extension(BESIDE)
}

fn exchange(beside: &Path, directory: &Path) -> io::Result<()> {
    syncfs(File::open(beside)?)?;
    renameat_with(CWD, beside, CWD, directory, RenameFlags::EXCHANGE)?;
    Ok(())
}

/// Makes the names in the folder that a log is in durable.
fn sync_names(directory: &Path) -> io::Result<()> {
    match directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The bytes of the files of a folder.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let about = entry?.metadata()?;
        bytes += if about.is_file() { about.len() } else { 0 };
    }
    Ok(bytes)
}
