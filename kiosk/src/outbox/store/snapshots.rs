//! What must be done around sled's snapshots so that opening survives a power cut at any moment of it.
//!
//! While it opens, sled writes where every page is into `snap.<place>.generating`, syncs that file, renames it to
//! `snap.<place>`, removes the snapshot before, and then writes zeros over the segments that the new snapshot no longer
//! needs. It syncs no directory in between. Two things follow, and power cuts found both:
//! - a snapshot is not only a cache: once segments are zeroed, the log does not read from its beginning, and a store without
//!   a snapshot opens **empty**. A disk that kept the removal and not the rename loses everything;
//! - an unfinished `.generating` is taken for a snapshot and called corrupt, so the store never opens again.
//!
//! So the newest snapshot gets a second name, durably, before sled opens, and loses it when what sled did is durable. And
//! the database file is synced first: after a kill it may hold what only the system's memory knows, and a snapshot that
//! speaks of more than the disk has is one more store that never opens.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::files;

const SNAPSHOT: &str = "snap.";
const UNFINISHED: &str = ".generating";
const KEPT: &str = "kept.";

/// Makes a store ready to be opened: nobody may have it open.
pub(super) fn prepare(directory: &Path) -> io::Result<()> {
    match File::open(directory.join("db")) {
        Ok(database) => database.sync_all()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut changed = false;
    for path in named(directory, SNAPSHOT)?.filter(|path| is_unfinished(path)) {
        // It was synced before the rename: when it is whole, only its name was lost.
        if is_whole(&path)? {
            fs::rename(&path, path.with_extension(""))?;
        } else {
            fs::remove_file(&path)?;
        }
        changed = true;
    }
    let kept: Vec<PathBuf> = named(directory, KEPT)?.collect();
    match (named(directory, SNAPSHOT)?.max(), kept.iter().max()) {
        (None, Some(kept)) => {
            fs::hard_link(kept, other_name(kept, KEPT, SNAPSHOT))?;
            changed = true;
        }
        (Some(newest), _) => {
            let second = other_name(&newest, SNAPSHOT, KEPT);
            if !kept.contains(&second) {
                fs::hard_link(&newest, &second)?;
                changed = true;
            }
            for other in kept.iter().filter(|other| **other != second) {
                fs::remove_file(other)?;
            }
        }
        (None, None) => {}
    }
    if changed { files::sync_directory(directory) } else { Ok(()) }
}

/// Makes durable what opening has done, and lets go of what was kept for the case that it does not come this far.
pub(super) fn settle(directory: &Path) -> io::Result<()> {
    for name in ["db", "conf"] {
        File::open(directory.join(name))?.sync_all()?;
    }
    files::sync_directory(&directory.join("blobs"))?;
    // The names in it, and its own.
    files::sync_directory(directory)?;
    files::sync_directory(directory.parent().unwrap_or(Path::new(".")))?;
    for kept in named(directory, KEPT)? {
        fs::remove_file(kept)?;
    }
    Ok(())
}

fn named(directory: &Path, prefix: &'static str) -> io::Result<impl Iterator<Item = PathBuf> + use<>> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let matching = move |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(prefix);
    Ok(entries.into_iter().filter(matching).map(|entry| entry.path()))
}

fn is_unfinished(path: &Path) -> bool {
    path.to_string_lossy().ends_with(UNFINISHED)
}

fn other_name(path: &Path, from: &str, to: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{to}{}", name.strip_prefix(from).unwrap_or(&name)))
}

/// A snapshot ends with its length and the CRC-32 of what comes before both.
fn is_whole(path: &Path) -> io::Result<bool> {
    let bytes = fs::read(path)?;
    let Some((rest, crc)) = bytes.split_last_chunk::<4>() else { return Ok(false) };
    let Some((body, _length)) = rest.split_last_chunk::<8>() else { return Ok(false) };
    Ok(!body.is_empty() && crc32fast::hash(body) == u32::from_le_bytes(*crc))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn snapshot(body: &[u8]) -> Vec<u8> {
        [body, &(body.len() as u64).to_le_bytes(), &crc32fast::hash(body).to_le_bytes()].concat()
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn whatever_names_a_cut_left_the_newest_snapshot_is_there_under_two() {
        let check = |files: &[(&str, &[u8])], expected: &[&str]| {
            let directory = tempfile::tempdir().unwrap();
            for (name, bytes) in files {
                fs::write(directory.path().join(name), bytes).unwrap();
            }
            prepare(directory.path()).unwrap();
            assert_eq!(names(directory.path()), expected);
            prepare(directory.path()).unwrap();
            assert_eq!(names(directory.path()), expected, "a second time there is nothing to do");
        };
        let whole = snapshot(b"pages");
        check(&[("snap.0A", &whole)], &["kept.0A", "snap.0A"]);
        check(&[("snap.0A", &whole), ("snap.0B.generating", &whole)], &["kept.0B", "snap.0A", "snap.0B"]);
        check(&[("snap.0A", &whole), ("snap.0B.generating", b"torn")], &["kept.0A", "snap.0A"]);
        check(&[("snap.0B.generating", &whole)], &["kept.0B", "snap.0B"]);
        check(&[("kept.0A", &whole)], &["kept.0A", "snap.0A"]);
        check(&[("kept.0A", &whole), ("snap.0B", &whole)], &["kept.0B", "snap.0B"]);
        check(&[("kept.0A", &whole), ("snap.0B.generating", b"")], &["kept.0A", "snap.0A"]);
    }

    #[test]
    fn a_new_store_has_nothing_to_prepare() {
        let directory = tempfile::tempdir().unwrap();
        prepare(directory.path()).unwrap();
        assert!(names(directory.path()).is_empty());
    }
}
