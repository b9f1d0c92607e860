//! Where an outbox has its files.

use std::fs;
use std::path::{Path, PathBuf};

use super::{OutboxError, file};

pub(super) fn directory(data: &Path) -> PathBuf {
    data.join("outbox")
}

pub(super) fn marker_path(data: &Path) -> PathBuf {
    data.join("outbox.marker")
}

pub(super) fn beginning_path(data: &Path) -> PathBuf {
    data.join("outbox.beginning")
}

pub(super) fn store_path(data: &Path, generation: u64) -> PathBuf {
    directory(data).join(format!("store-{generation}"))
}

/// Stands while the last write failed. What the system shows of a file after a failed fsync need not be on the disk, so
/// the next opening writes everything into new files.
pub(super) fn poison_path(data: &Path) -> PathBuf {
    directory(data).join("poisoned")
}

/// Whether there is or was a store, so that a missing marker is damage and not a beginning.
pub(super) fn has_been_used(data: &Path) -> Result<bool, OutboxError> {
    Ok(!generations(data, "store-")?.is_empty() || !generations(data, "broken-")?.is_empty())
}

/// The generations whose directories of this kind are on disk, in order.
pub(super) fn generations(data: &Path, prefix: &str) -> Result<Vec<u64>, OutboxError> {
    let directory = directory(data);
    let entries = fs::read_dir(&directory).map_err(|source| file(directory.clone(), source))?;
    let mut found: Vec<u64> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()).collect();
    found.sort_unstable();
    Ok(found)
}
