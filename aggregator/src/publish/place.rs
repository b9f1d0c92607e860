//! A site in a folder: every version in a folder of its own, and one of them seen.
//!
//! ```text
//! DIR/site               what web servers and people open: the version that is seen
//! DIR/versions/3f…/      versions, each whole: its manifest was written last
//! DIR/.lock              one publisher at a time
//! ```
//!
//! A new version is written beside the others and synced, and only then seen. Whatever stops it before, the old one stays; what was half is
//! removed the next time. Files that are not ours are never touched.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;

use super::files::MANIFEST;
use super::switch::{self, By, SITE, VERSIONS, sync};
use super::{Site, files};

/// So many versions are kept besides the one that is seen: for whoever is reading one, and to go back.
const KEPT: usize = 2;
/// How the name of a version begins while it is written.
const HALF: &str = ".new-";

/// What was put where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// The version that is seen now.
    pub version: String,
    /// Whether it is another than before.
    pub is_new: bool,
    /// How many files it has.
    pub files: usize,
    /// How many old versions were removed.
    pub removed: usize,
    /// What to open.
    pub site: PathBuf,
}

/// Why a site is not put in its place. What stood there still stands.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A file or folder cannot be written.
    #[error("publish to {path}: {source}; what was published before still stands", path = path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else is at it.
    #[error("publish to {path}: another publish is writing there; try again when it has ended", path = .0.display())]
    Busy(PathBuf),
    /// A file would not lie in the folder.
    #[error("publish a file called {0:?}: it has no plain name")]
    Name(String),
}

/// Writes a site into a folder, lets it be seen, and removes old versions.
pub fn put_in_place(folder: &Path, site: &Site, by: By) -> Result<Placed, PlaceError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| PlaceError::File { path, source }
    };
    let versions = folder.join(VERSIONS);
    fs::create_dir_all(&versions).map_err(at(&versions))?;
    let lock = lock(folder)?;
    switch::mend(folder).map_err(at(folder))?;
    let before = switch::seen(folder);
    let is_new = before.as_deref() != Some(site.version.as_str());
    if is_new || !is_whole(&folder.join(SITE), site) {
        let there = versions.join(&site.version);
        if !is_whole(&there, site) {
            write(&versions, &there, site)?;
        }
        switch::switch(folder, &site.version, by).map_err(at(&folder.join(SITE)))?;
    }
    let removed = prune(&versions, &site.version).map_err(at(&versions))?;
    drop(lock);
    Ok(Placed {
        version: site.version.clone(),
        is_new,
        files: site.files().len(),
        removed,
        site: folder.join(SITE),
    })
}

/// One publisher at a time, where the folder knows locks.
fn lock(folder: &Path) -> Result<File, PlaceError> {
    let path = folder.join(".lock");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|source| PlaceError::File { path, source })?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(PlaceError::Busy(folder.to_owned())),
        // A file share without locks: then it is up to people.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Whether every file of a site is in a folder as it should be.
fn is_whole(folder: &Path, site: &Site) -> bool {
    site.files()
        .iter()
        .all(|file| fs::read(folder.join(&file.name)).is_ok_and(|bytes| bytes == file.text.as_bytes()))
}

fn write(versions: &Path, there: &Path, site: &Site) -> Result<(), PlaceError> {
    let half = versions.join(format!("{HALF}{}", site.version));
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| PlaceError::File { path, source }
    };
    for old in [&half, &there.to_owned()] {
        match fs::remove_dir_all(old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(old)(error)),
            _ => {}
        }
    }
    fs::create_dir(&half).map_err(at(&half))?;
    for file in site.files() {
        if !is_plain(&file.name) {
            return Err(PlaceError::Name(file.name.clone()));
        }
        let path = half.join(&file.name);
        let written = File::create_new(&path).and_then(|mut out| {
            out.write_all(file.text.as_bytes())?;
            out.sync_all()
        });
        written.map_err(at(&path))?;
    }
    sync(&half).map_err(at(&half))?;
    fs::rename(&half, there).map_err(at(there))?;
    sync(versions).map_err(at(versions))
}

/// A name that stays in its folder, on whatever system.
fn is_plain(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(fits)
}

/// Removes the oldest versions and what was left half; gives how many versions that were.
fn prune(versions: &Path, seen: &str) -> io::Result<usize> {
    let mut old: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(versions)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(HALF) {
            fs::remove_dir_all(entry.path())?;
        } else if is_version(&name) && name != seen && entry.path().join(MANIFEST).is_file() {
            old.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    old.sort_by(|a, b| b.cmp(a));
    let removed = old.split_off(old.len().min(KEPT));
    for (_, path) in &removed {
        // The manifest goes first: what is half removed is no version any more.
        fs::remove_file(path.join(files::MANIFEST))?;
        fs::remove_dir_all(path)?;
    }
    Ok(removed.len())
}

fn is_version(name: &str) -> bool {
    name.len() == 16 && name.chars().all(|letter| letter.is_ascii_hexdigit())
}
