//! The way back: a backup unpacked into a new folder, checked as it is read, and put in place when somebody has proved it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::age::{AgeError, Identity, OpenWith, Opener};
use super::archive::{Member, Unpacking};
use super::{BackupError, DATA, MANIFEST, Manifest, PIECE_BYTES, QUARANTINE, RECORDS, SEEN, VERSION};
use crate::log::{Copying, LogError};

/// The folder inside a data folder in which a restore stands until it is proved. No server starts where it is.
pub const RESTORING: &str = ".restoring";
const LOG: &str = "log";
/// The largest file of blocks that is read: one block may come on top of a full one.
const MAX_PIECE_BYTES: u64 = 2 * PIECE_BYTES as u64;
const MAX_MANIFEST_BYTES: u64 = 64 * 1024;
/// What a file of a data folder may be to anybody: nothing is run from there, and only its owner writes there.
const MOST_MODE: u32 = 0o644;

/// Opens a backup with the secret half of one of its keys.
pub fn open(path: &Path, identity: &Identity) -> Result<Opener<impl Read + use<>>, BackupError> {
    let file = File::open(path).map_err(|source| BackupError::File { path: path.to_owned(), source })?;
    let opener = Opener::open(BufReader::new(file), &OpenWith::Identity(identity));
    opener.map_err(|source| BackupError::Sealed { path: path.to_owned(), source })
}

/// A folder that is being restored into. Until [`Restoring::put_in_place`] it holds nothing but `.restoring`, which dropping this removes.
#[derive(Debug)]
pub struct Restoring {
    to: PathBuf,
    inside: PathBuf,
    is_moving: bool,
}

impl Restoring {
    /// Begins in a folder that is empty or not there.
    pub fn begin(to: &Path) -> Result<Self, BackupError> {
        let failed = |source| BackupError::File { path: to.to_owned(), source };
        make_folder(to).map_err(failed)?;
        if fs::read_dir(to).map_err(failed)?.next().is_some() {
            return Err(BackupError::NotEmpty(to.to_owned()));
        }
        let inside = to.join(RESTORING);
        make_folder(&inside).map_err(failed)?;
        Ok(Self { to: to.to_owned(), inside, is_moving: false })
    }

    /// Unpacks a backup, checks that all of it is there, and says what is in it.
    pub fn unpack(&self, path: &Path, input: impl Read) -> Result<Manifest, BackupError> {
        unpack(path, input, &self.inside)
    }

    /// Where it stands until it is in place.
    pub fn folder(&self) -> &Path {
        &self.inside
    }

    /// Puts everything in place, durably.
    pub fn put_in_place(mut self) -> Result<(), BackupError> {
        self.is_moving = true;
        let moved = || -> io::Result<()> {
            // Everything is on the disk before the first name says so.
            rustix::fs::syncfs(File::open(&self.to)?)?;
            for entry in fs::read_dir(&self.inside)? {
                let entry = entry?;
                fs::rename(entry.path(), self.to.join(entry.file_name()))?;
            }
            File::open(&self.to)?.sync_all()?;
            fs::remove_dir(&self.inside)?;
            File::open(&self.to)?.sync_all()
        };
        moved().map_err(|source| BackupError::File { path: self.to.clone(), source })
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        if !self.is_moving
            && let Err(error) = fs::remove_dir_all(&self.inside)
        {
            tracing::warn!(%error, "what was left of a restore could not be removed");
        }
    }
}

/// Unpacks what an opened backup holds into an empty folder, and says what that is. `path` names the backup in errors.
pub(super) fn unpack(path: &Path, input: impl Read, into: &Path) -> Result<Manifest, BackupError> {
    let mut unpacking = Unpacking::new(input);
    let broken = |error| unreadable(path, error);
    let mut found = Found { log: Copying::begin(&into.join(LOG))?, records: 0, quarantined: 0, seen: 0, files: 0 };
    let mut manifest = None;
    while let Some(member) = unpacking.member().map_err(broken)? {
        if manifest.is_some() {
            return Err(not_whole(path, "there is something behind its manifest"));
        }
        if member.name == MANIFEST {
            let bytes = read(path, &member, &mut unpacking, MAX_MANIFEST_BYTES)?;
            let said = serde_json::from_slice::<Manifest>(&bytes);
            manifest = Some(said.map_err(|_| {
                not_whole(path, "its manifest cannot be read; a later version may have written it")
            })?);
        } else if let Some(name) = member.name.strip_prefix(DATA).and_then(|name| name.strip_prefix('/')) {
            write(path, &member, &mut unpacking, into, name)?;
            found.files += 1;
        } else {
            let bytes = read(path, &member, &mut unpacking, MAX_PIECE_BYTES)?;
            found.take(path, &member, &bytes)?;
        }
    }
    let manifest = manifest.ok_or_else(|| not_whole(path, "its manifest is not there"))?;
    found.check(path, manifest)
}

/// What has been found so far.
struct Found {
    log: Copying,
    records: u64,
    quarantined: u64,
    seen: u64,
    files: u64,
}

impl Found {
    /// Takes the blocks of a file.
    fn take(&mut self, path: &Path, member: &Member, bytes: &[u8]) -> Result<(), BackupError> {
        let mut rest = bytes;
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let block = after.split_at_checked(length);
            let (block, after) =
                block.ok_or_else(|| not_whole(path, &format!("{} ends too early", member.name)))?;
            self.take_one(path, member, block)?;
            rest = after;
        }
        if rest.is_empty() { Ok(()) } else { Err(not_whole(path, &format!("{} ends too early", member.name))) }
    }

    fn take_one(&mut self, path: &Path, member: &Member, block: &[u8]) -> Result<(), BackupError> {
        let of = |folder: &str| member.name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let (taken, count) = if of(RECORDS) {
            (self.log.record(block), &mut self.records)
        } else if of(QUARANTINE) {
            (self.log.refused(block), &mut self.quarantined)
        } else if of(SEEN) {
            (self.log.seen(block), &mut self.seen)
        } else {
            return Err(not_whole(
                path,
                &format!("{} is not known here; a later version may have written it", member.name),
            ));
        };
        *count += 1;
        taken.map_err(|error| match error {
            LogError::Unreadable(what) => not_whole(path, &format!("{what} cannot be read")),
            other => BackupError::Log(other),
        })
    }

    /// Closes the log and holds everything against what was promised.
    fn check(self, path: &Path, manifest: Manifest) -> Result<Manifest, BackupError> {
        if manifest.version != VERSION {
            let what = format!("it is of version {}, and this program reads {VERSION}", manifest.version);
            return Err(not_whole(path, &what));
        }
        let counts = [
            ("records", self.records, manifest.records),
            ("refused envelopes", self.quarantined, manifest.quarantined),
            ("acknowledgements", self.seen, manifest.seen),
            ("files", self.files, manifest.files),
        ];
        if let Some((what, found, promised)) = counts.iter().find(|(_, found, promised)| found != promised) {
            return Err(not_whole(path, &format!("{promised} {what} were promised and {found} are there")));
        }
        if self.log.finish()?.running != manifest.running {
            return Err(not_whole(path, "its records are not those that the running hash was made over"));
        }
        Ok(manifest)
    }
}

fn read(path: &Path, member: &Member, input: &mut impl Read, most: u64) -> Result<Vec<u8>, BackupError> {
    if member.bytes > most {
        return Err(not_whole(path, &format!("{} is larger than it can be", member.name)));
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    Ok(bytes)
}

/// Writes a file of the data folder. Its name stays inside, which the archive has checked.
fn write(path: &Path, member: &Member, input: &mut impl Read, into: &Path, name: &str) -> Result<(), BackupError> {
    if Path::new(name).starts_with(LOG) {
        return Err(not_whole(path, &format!("{} is in the way of the log", member.name)));
    }
    let target = into.join(name);
    let failed = |source| BackupError::File { path: target.clone(), source };
    target.parent().map_or(Ok(()), make_folder).map_err(failed)?;
    // Nobody else may read it while it is written, whatever it will be.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target).map_err(failed)?;
    io::copy(input, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => unreadable(path, error),
        _ => failed(error),
    })?;
    file.set_permissions(Permissions::from_mode(member.mode & MOST_MODE)).map_err(failed)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn not_whole(path: &Path, what: &str) -> BackupError {
    BackupError::NotWhole { path: path.to_owned(), what: what.to_owned() }
}

fn unreadable(path: &Path, error: io::Error) -> BackupError {
    match error.downcast::<AgeError>() {
        Ok(source) => BackupError::Sealed { path: path.to_owned(), source },
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
            not_whole(path, &error.to_string())
        }
        Err(source) => BackupError::File { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn no_file_of_a_backup_is_open_to_more_than_a_data_folder_needs() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, expected) in [(0o600, 0o600), (0o644, 0o644), (0o777, 0o644), (0o666, 0o644), (0o755, 0o644)] {
            let name = format!("file-{mode:o}");
            let member = Member { name: format!("data/{name}"), bytes: 4, mode };
            write(Path::new("a.age"), &member, &mut &b"text"[..], folder.path(), &name).unwrap();
            let found = fs::metadata(folder.path().join(&name)).unwrap().permissions().mode() & 0o7777;
            assert_eq!(found, expected, "{mode:o} became {found:o}");
        }
        let again = Member { name: "data/file-600".to_owned(), bytes: 0, mode: 0o600 };
        assert!(write(Path::new("a.age"), &again, &mut &b""[..], folder.path(), "file-600").is_err(), "twice");
    }
}
