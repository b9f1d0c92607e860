//! How a new version takes the place of the old one.
//!
//! By a *link* where there are links: `site` is a link, and a new one is renamed over it, so that whoever opens it sees the one or the other.
//! By *folders* where there are none, as on many file shares: `site` is the folder itself and changes places with the new one, at once where the
//! system can, else in two steps between which there is no `site` for the blink of an eye. If the machine dies in that blink, [`mend`] puts
//! the old one back the next time.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// How to switch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// By a link where that works, by folders elsewhere.
    #[default]
    Whatever,
    /// By folders.
    Folders,
}

/// What the outside opens.
pub(super) const SITE: &str = "site";
/// Where versions are.
pub(super) const VERSIONS: &str = "versions";
/// Where the old folder lies while a new one takes its place.
const OUT: &str = ".out";
const NEW_LINK: &str = ".site.new";

/// The version that is seen, if any.
pub(super) fn seen(folder: &Path) -> Option<String> {
    let site = folder.join(SITE);
    if let Ok(target) = fs::read_link(&site) {
        return target.file_name().map(|name| name.to_string_lossy().into_owned());
    }
    version_of(&site)
}

/// The version that a folder's manifest names.
pub(super) fn version_of(folder: &Path) -> Option<String> {
    let manifest = fs::read(folder.join(super::files::MANIFEST)).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    manifest.get("version")?.as_str().map(str::to_owned)
}

/// Puts back what an interrupted switch has taken away.
pub(super) fn mend(folder: &Path) -> io::Result<()> {
    let (site, out) = (folder.join(SITE), folder.join(VERSIONS).join(OUT));
    match (site.symlink_metadata().is_ok(), out.is_dir()) {
        (false, true) => fs::rename(&out, &site),
        (true, true) => fs::remove_dir_all(&out),
        (_, false) => Ok(()),
    }
}

/// Lets a version be seen.
pub(super) fn switch(folder: &Path, version: &str, by: By) -> io::Result<()> {
    let site = folder.join(SITE);
    let is_folder = site.symlink_metadata().is_ok_and(|found| found.is_dir());
    if by == By::Whatever && !is_folder && link(folder, version).is_ok() {
        return sync(folder);
    }
    fs::remove_file(folder.join(NEW_LINK)).or_else(missing)?;
    exchange(folder, version)?;
    sync(&folder.join(VERSIONS))?;
    sync(folder)
}

fn link(folder: &Path, version: &str) -> io::Result<()> {
    let new = folder.join(NEW_LINK);
    fs::remove_file(&new).or_else(missing)?;
    symlink(Path::new(VERSIONS).join(version), &new)?;
    fs::rename(&new, folder.join(SITE))
}

fn exchange(folder: &Path, version: &str) -> io::Result<()> {
    let (site, versions) = (folder.join(SITE), folder.join(VERSIONS));
    let (new, out) = (versions.join(version), versions.join(OUT));
    match site.symlink_metadata() {
        // Somebody has asked for folders where there was a link: it goes in the same way.
        Ok(found) if found.is_symlink() => {
            fs::remove_file(&site)?;
            return fs::rename(&new, &site);
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fs::rename(&new, &site),
        Err(error) => return Err(error),
    }
    let old = version_of(&site).filter(|old| old != version);
    if renameat_with(CWD, &new, CWD, &site, RenameFlags::EXCHANGE).is_ok() {
        fs::rename(&new, &out)?;
    } else {
        fs::rename(&site, &out)?;
        if let Err(error) = fs::rename(&new, &site) {
            // What was there goes back before anything is said.
            fs::rename(&out, &site)?;
            return Err(error);
        }
    }
    match old {
        Some(old) if !versions.join(&old).exists() => fs::rename(&out, versions.join(old)),
        _ => fs::remove_dir_all(&out),
    }
}

pub(super) fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file shares cannot; their server sees to it.
        Err(error) if matches!(error.raw_os_error(), Some(22 | 95)) => Ok(()),
        synced => synced,
    }
}

fn missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
