//! Which files of the data folder are kept: all of them but for the log, which is copied record by record, and what is made anew.
//!
//! Files that are replaced as a whole are taken as they are when they are opened. Files of lines only grow: what is taken is how far
//! they reach at one moment, to the end of the last whole line. A ledger's head is taken before the ledger, because a ledger may go on
//! behind its head, and never the other way round.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::BackupError;
use super::archive::Member;
use crate::keys;

/// What is made anew, is of one run of the program, or is copied in another way.
const LEFT_OUT: [&str; 4] = ["addresses.json", "control.sock", "log", "previews"];
/// Folders that a salvage has put a damaged log into, or in which one is written anew.
const BESIDE_THE_LOG: &str = "log.";
/// The authority's key, which may come from systemd.
const AUTHORITY_KEY: &str = "authority/authority.key";
/// How deep folders are followed.
const MAX_DEPTH: usize = 8;
/// Files up to this size are read at once; larger ones stay open until it is their turn.
const SMALL_BYTES: u64 = 256 * 1024;
/// So much is read at once altogether.
const MAX_AT_HAND_BYTES: u64 = 32 * 1024 * 1024;
/// The longest last line that is looked for.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// A file as it is at one moment.
pub(super) struct Kept {
    pub(super) member: Member,
    content: Content,
}

enum Content {
    AtHand(Vec<u8>),
    Open(File),
}

impl Kept {
    /// The bytes.
    pub(super) fn content(&self) -> Box<dyn Read + '_> {
        match &self.content {
            Content::AtHand(bytes) => Box::new(bytes.as_slice()),
            Content::Open(file) => Box::new(file),
        }
    }
}

/// Everything that is kept of a data folder, as it is now; `settings` is where they are when they are not in it.
pub(super) fn gather(data: &Path, settings: Option<&Path>) -> Result<Vec<Kept>, BackupError> {
    let mut paths = Vec::new();
    list(data, &PathBuf::new(), MAX_DEPTH, &mut paths)?;
    if settings.is_some() {
        paths.retain(|path| path.as_os_str() != "config.toml");
    }
    paths.sort_by_key(|path| (path.extension().is_none_or(|extension| extension != "head"), path.clone()));
    let mut at_hand = 0;
    let mut kept = Vec::new();
    let named = paths.iter().map(|path| (data.join(path), path.clone()));
    let settings = settings.map(|path| (path.to_owned(), PathBuf::from("config.toml")));
    // Without its keys a backup is worth nothing, wherever they lie.
    let handed_over = keys::elsewhere(data).into_iter().filter_map(|path| {
        let name = Path::new("keys").join(path.file_name()?);
        Some((path, name))
    });
    let authority = keys::handed_over(&data.join(AUTHORITY_KEY)).map(|path| (path, PathBuf::from(AUTHORITY_KEY)));
    for (path, name) in named.chain(settings).chain(handed_over).chain(authority) {
        match keep(&path, &name, &mut at_hand) {
            Ok(one) => kept.push(one),
            // What was removed since the folder was listed need not be kept.
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BackupError::File { path, source }),
        }
    }
    Ok(kept)
}

fn list(data: &Path, below: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), BackupError> {
    let folder = data.join(below);
    let failed = |source| BackupError::File { path: folder.clone(), source };
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let path = below.join(&name);
        let text = name.to_string_lossy();
        let at_top = below.as_os_str().is_empty();
        let left_out = text.starts_with('.')
            || (at_top && (LEFT_OUT.contains(&text.as_ref()) || text.starts_with(BESIDE_THE_LOG)));
        if left_out {
            continue;
        }
        // A link to a file or folder elsewhere stands for what it leads to.
        match fs::metadata(data.join(&path)) {
            Ok(about) if about.is_dir() => {
                let depth = depth.checked_sub(1).ok_or_else(|| failed(io::Error::other("it is too deep")))?;
                list(data, &path, depth, found)?;
            }
            Ok(about) if about.is_file() => found.push(path),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BackupError::File { path: data.join(path), source }),
        }
    }
    Ok(())
}

fn keep(path: &Path, name: &Path, at_hand: &mut u64) -> io::Result<Kept> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    let mode = about.permissions().mode();
    // What systemd hands over may carry the mode of its access list.
    let mode = if name.starts_with("keys") || name == Path::new(AUTHORITY_KEY) { mode & !0o077 } else { mode };
    let bytes = if name.extension().is_some_and(|extension| extension == "ndjson") {
        whole_lines(&file, about.len())?
    } else {
        about.len()
    };
    let small = bytes <= SMALL_BYTES && *at_hand + bytes <= MAX_AT_HAND_BYTES;
    let content = if small {
        *at_hand += bytes;
        let mut content = Vec::new();
        file.take(bytes).read_to_end(&mut content)?;
        Content::AtHand(content)
    } else {
        Content::Open(file)
    };
    let name = format!("{}/{}", super::DATA, name.to_string_lossy());
    Ok(Kept { member: Member { name, bytes, mode }, content })
}

/// How far whole lines reach among so many bytes.
fn whole_lines(file: &File, bytes: u64) -> io::Result<u64> {
    let from = bytes.saturating_sub(MAX_LINE_BYTES);
    let mut end = vec![0; usize::try_from(bytes - from).map_err(io::Error::other)?];
    file.read_exact_at(&mut end, from)?;
    match end.iter().rposition(|byte| *byte == b'\n') {
        Some(place) => Ok(from + place as u64 + 1),
        None if from == 0 => Ok(0),
        None => Err(io::Error::other("its last line is longer than any")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::collections::BTreeMap;

    use super::*;

    fn kept(data: &Path, settings: Option<&Path>) -> Vec<(String, String)> {
        let read = |kept: &Kept| {
            let mut text = String::new();
            kept.content().take(kept.member.bytes).read_to_string(&mut text).unwrap();
            (kept.member.name.clone(), text)
        };
        gather(data, settings).unwrap().iter().map(read).collect()
    }

    #[test]
    fn everything_is_kept_but_what_is_made_anew_and_lines_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let large = "x".repeat(300_000);
        let files = [
            ("config.toml", "a", Some("a")),
            ("keys/open.key", "secret", Some("secret")),
            ("audit.ndjson", "one\ntwo\nhalf of th", Some("one\ntwo\n")),
            ("comments.ndjson", large.as_str(), Some("")),
            ("comments.ndjson.head", "{}", Some("{}")),
            ("questionnaires-in-use/a.json", "{}", Some("{}")),
            ("large.bin", large.as_str(), Some(large.as_str())),
            ("something/new/of-a-later-program", "b", Some("b")),
            ("log/store/db", "c", None),
            ("log.damaged-1/store/db", "c", None),
            ("previews/1/a.png", "c", None),
            ("addresses.json", "{}", None),
            (".trial-restore-1/keys/open.key", "secret", None),
            (".kiosks.json.new", "half", None),
        ];
        for (name, text, _) in files {
            let path = data.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = kept(data, None);
        assert_eq!(found.first().unwrap().0, "data/comments.ndjson.head", "heads are taken first");
        let wanted: BTreeMap<String, String> = files
            .iter()
            .filter_map(|(name, _, text)| Some((format!("data/{name}"), (*text)?.to_owned())))
            .collect();
        assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), wanted);

        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        fs::write(elsewhere.path(), "elsewhere").unwrap();
        let settings: Vec<_> = kept(data, Some(elsewhere.path()))
            .into_iter()
            .filter(|(name, _)| name == "data/config.toml")
            .collect();
        assert_eq!(settings, [("data/config.toml".to_owned(), "elsewhere".to_owned())]);
    }

    #[test]
    fn what_is_written_meanwhile_is_not_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.ndjson");
        let line = format!("{}\n", "x".repeat(999));
        fs::write(&path, line.repeat(400)).unwrap();
        let kept = gather(folder.path(), None).unwrap();
        fs::write(&path, line.repeat(500)).unwrap();
        let only = kept.first().unwrap();
        let mut text = String::new();
        only.content().take(only.member.bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, line.repeat(400));
    }
}
