//! What is on the disk when the power comes back: everything durable, and of what was pending what chance kept.
//!
//! A file's pages of 4 KiB are kept each by itself, with the changes of a page in the order in which they were made; a
//! page may be torn at a sector of 512 bytes. Its length is one that it had at some moment since its last sync, whatever
//! pages were kept: a page may lie beyond it, and what it covers without a page is zeros. Names are kept either as a
//! journal would, up to a moment, or each by itself.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::disk::{Change, Disk, Names, Naming, Number, apply, set};

const PAGE_BYTES: usize = 4_096;
const SECTOR_BYTES: usize = 512;

/// What chance keeps of what was pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// All of it, as when only the process was killed.
    Calm,
    /// None of it.
    Bolt,
    /// Some of it.
    Storm,
}

/// Everything on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Directories and files by their path below the top; a directory has no bytes.
    entries: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Disk {
    /// What is left when the power fails now.
    pub fn cut(&self, weather: Weather, chance: &mut StdRng) -> Image {
        let mut names = self.durable_names();
        for (folder, name, node) in kept_names(self.pending_names(), weather, chance).into_iter().flatten() {
            set(names.entry(*folder).or_default(), name.clone(), *node);
        }
        let mut image = Image { entries: BTreeMap::new() };
        self.collect(0, Path::new(""), &names, weather, chance, &mut image);
        image
    }

    fn collect(
        &self,
        folder: Number,
        path: &Path,
        names: &BTreeMap<Number, Names>,
        weather: Weather,
        chance: &mut StdRng,
        image: &mut Image,
    ) {
        for (name, node) in names.get(&folder).into_iter().flatten() {
            let path = path.join(name);
            let bytes = self.bytes(*node).map(|(durable, pending)| kept_bytes(durable, &pending, weather, chance));
            let is_folder = bytes.is_none();
            image.entries.insert(path.clone(), bytes);
            if is_folder {
                self.collect(*node, &path, names, weather, chance, image);
            }
        }
    }
}

impl Image {
    /// Writes it into a new directory.
    pub fn write(&self, top: &Path) -> Result<()> {
        let mut folders = fs::DirBuilder::new();
        folders.mode(0o700);
        folders.create(top).with_context(|| format!("failed to make {}", top.display()))?;
        for (path, bytes) in &self.entries {
            let path = top.join(path);
            match bytes {
                None => folders.create(&path)?,
                Some(bytes) => {
                    let mut file = fs::OpenOptions::new();
                    let file = file.write(true).create_new(true).mode(0o600).open(&path);
                    std::io::Write::write_all(
                        &mut file.with_context(|| format!("failed to write {}", path.display()))?,
                        bytes,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// A file's bytes.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.entries.get(Path::new(path))?.as_deref()
    }

    /// Whether there is a file or directory.
    pub fn has(&self, path: &str) -> bool {
        self.entries.contains_key(Path::new(path))
    }
}

fn kept_names<'a>(pending: &'a [Naming], weather: Weather, chance: &mut StdRng) -> Vec<&'a Naming> {
    match weather {
        Weather::Calm => pending.iter().collect(),
        Weather::Bolt => Vec::new(),
        Weather::Storm if chance.random() => {
            let journalled = chance.random_range(0..=pending.len());
            pending.iter().take(journalled).collect()
        }
        Weather::Storm => pending.iter().filter(|_| chance.random()).collect(),
    }
}

fn kept_bytes(durable: &[u8], pending: &[&Change], weather: Weather, chance: &mut StdRng) -> Vec<u8> {
    let mut bytes = durable.to_vec();
    match weather {
        Weather::Bolt => {}
        Weather::Calm => pending.iter().for_each(|change| apply(&mut bytes, change)),
        Weather::Storm => {
            let mut lengths = vec![bytes.len()];
            let mut grown = bytes.clone();
            for change in pending {
                apply(&mut grown, change);
                lengths.push(grown.len());
            }
            let longest = lengths.iter().copied().max().unwrap_or(0);
            bytes.resize(longest, 0);
            for (page, target) in bytes.chunks_mut(PAGE_BYTES).enumerate() {
                keep_page(page * PAGE_BYTES, target, pending, chance);
            }
            let length = lengths.get(chance.random_range(0..lengths.len())).copied().unwrap_or(0);
            bytes.truncate(length);
        }
    }
    bytes
}

/// Changes a page by the first so many of the changes that touch it, and by a torn piece of the next.
fn keep_page(start: usize, page: &mut [u8], pending: &[&Change], chance: &mut StdRng) {
    let end = start + page.len();
    let touches = |change: &&&Change| match change {
        Change::Write { at, bytes } => *at < end && at + bytes.len() > start,
        Change::Resize(length) => *length < end,
    };
    let touching: Vec<&&Change> = pending.iter().filter(touches).collect();
    if touching.is_empty() {
        return;
    }
    let whole = chance.random_range(0..=touching.len());
    let mut next = page.to_vec();
    for (number, change) in touching.into_iter().enumerate().take(whole + 1) {
        on_page(start, &mut next, change);
        if number < whole {
            page.copy_from_slice(&next);
        } else if chance.random_ratio(1, 3) {
            for (sector, torn) in page.chunks_mut(SECTOR_BYTES).zip(next.chunks(SECTOR_BYTES)) {
                if chance.random() {
                    sector.copy_from_slice(torn);
                }
            }
        }
    }
}

fn on_page(start: usize, page: &mut [u8], change: &Change) {
    match change {
        Change::Resize(length) => {
            for byte in page.iter_mut().skip(length.saturating_sub(start)) {
                *byte = 0;
            }
        }
        Change::Write { at, bytes } => {
            let skipped = start.saturating_sub(*at);
            let target = page.iter_mut().skip(at.saturating_sub(start));
            for (byte, new) in target.zip(bytes.iter().skip(skipped)) {
                *byte = *new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use rand::SeedableRng as _;

    use super::super::disk::{Barriers, Effect};
    use super::super::trace::parse;
    use super::*;

    /// A recording in the words of `strace`, with strings as they are.
    fn played(lines: &[&str], barriers: Barriers) -> Result<(Disk, Vec<Effect>)> {
        let directory = tempfile::tempdir()?;
        let top = directory.path().canonicalize()?;
        fs::create_dir(top.join("old"))?;
        fs::write(top.join("old/file"), "0123456789")?;
        let mut disk = Disk::of(&top, barriers)?;
        let mut effects = Vec::new();
        for moment in parse(&recorded(lines, &top.display().to_string())?)? {
            effects.push(disk.play(&moment)?);
        }
        Ok((disk, effects))
    }

    fn recorded(lines: &[&str], top: &str) -> Result<String> {
        let mut text = String::new();
        for line in lines {
            text.push_str("1 ");
            for (place, piece) in line.replace("TOP", top).split('"').enumerate() {
                if place % 2 == 0 {
                    text.push_str(piece);
                } else {
                    text.push('"');
                    for byte in piece.bytes() {
                        write!(text, "\\x{byte:02x}")?;
                    }
                    text.push('"');
                }
            }
            text.push('\n');
        }
        Ok(text)
    }

    const NEW: &str = "openat(AT_FDCWD, \"TOP/new\", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 3";
    const FOLDER: &str = "openat(AT_FDCWD, \"TOP\", O_RDONLY|O_CLOEXEC) = 4";

    fn images(disk: &Disk) -> Vec<Image> {
        let mut chance = StdRng::seed_from_u64(1);
        (0..400).map(|_| disk.cut(Weather::Storm, &mut chance)).collect()
    }

    #[test]
    fn a_name_is_kept_when_its_directory_was_synced_and_bytes_when_their_file_was() -> Result<()> {
        let check = |lines: &[&str], name: bool, bytes: bool| -> Result<()> {
            let (disk, _) =
                played(&[&[NEW, "write(3, \"hello\", 5) = 5", FOLDER], lines].concat(), Barriers::Honest)?;
            let bolt = disk.cut(Weather::Bolt, &mut StdRng::seed_from_u64(1));
            assert_eq!(bolt.has("new"), name, "{lines:?}");
            assert_eq!(bolt.file("new") == Some(b"hello"), name && bytes, "{lines:?}");
            let calm = disk.cut(Weather::Calm, &mut StdRng::seed_from_u64(1));
            assert_eq!(calm.file("new"), Some(&b"hello"[..]), "{lines:?}");
            for image in images(&disk) {
                assert!(image.has("new") || !name, "{lines:?}");
                assert!(image.file("new").is_none_or(|found| found == b"hello" || !bytes), "{lines:?}");
                assert_eq!(image.file("old/file"), Some(&b"0123456789"[..]));
            }
            Ok(())
        };
        check(&[], false, false)?;
        check(&["sync_file_range(3, 0, 5, SYNC_FILE_RANGE_WRITE) = 0"], false, false)?;
        check(&["fdatasync(3) = 0"], false, true)?;
        check(&["fsync(4) = 0"], true, false)?;
        check(&["fsync(3) = 0", "fsync(4) = 0"], true, true)
    }

    #[test]
    fn a_sync_covers_what_had_been_written_when_it_began() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let top = directory.path().canonicalize()?;
        fs::write(top.join("file"), "0123456789")?;
        let before = ["openat(AT_FDCWD, \"TOP/file\", O_RDWR) = 3", "pwrite64(3, \"aa\", 2, 0) = 2"];
        let text = recorded(&before, &top.display().to_string())?
            + "1 fdatasync(3 <unfinished ...>\n2 pwrite64(3, \"\\x62\\x62\", 2, 2) = 2\n1 <... fdatasync resumed>) = 0\n";
        let mut disk = Disk::of(&top, Barriers::Honest)?;
        for moment in parse(&text)? {
            disk.play(&moment)?;
        }
        let bolt = disk.cut(Weather::Bolt, &mut StdRng::seed_from_u64(1));
        assert_eq!(bolt.file("file"), Some(&b"aa23456789"[..]));
        Ok(())
    }

    #[test]
    fn a_rename_is_whole_or_not_at_all_and_may_come_before_the_bytes() -> Result<()> {
        let lines = [
            "openat(AT_FDCWD, \"TOP/old/next\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3",
            "write(3, \"abc\", 3) = 3",
            "rename(\"TOP/old/next\", \"TOP/old/file\") = 0",
        ];
        let (disk, _) = played(&lines, Barriers::Honest)?;
        let found: Vec<Image> = images(&disk);
        assert!(found.iter().any(|image| image.file("old/file") == Some(b"")), "the bytes are not there yet");
        assert!(found.iter().any(|image| image.file("old/file") == Some(b"abc")));
        assert!(found.iter().any(|image| image.file("old/file") == Some(b"0123456789")));
        assert!(found.iter().all(|image| image.has("old/file")));
        Ok(())
    }

    #[test]
    fn an_exchange_is_whole_or_not_at_all_and_a_sync_of_everything_keeps_bytes_and_names() -> Result<()> {
        let before = [
            "mkdirat(AT_FDCWD, \"TOP/other\", 0700) = 0",
            "openat(AT_FDCWD, \"TOP/other/file\", O_WRONLY|O_CREAT, 0644) = 3",
            "write(3, \"abc\", 3) = 3",
        ];
        let exchange = "renameat2(AT_FDCWD, \"TOP/other\", AT_FDCWD, \"TOP/old\", RENAME_EXCHANGE) = 0";
        let lines = [before.as_slice(), &["syncfs(3) = 0", exchange]].concat();
        let (disk, _) = played(&lines, Barriers::Honest)?;
        let (old, new) = (Some(&b"0123456789"[..]), Some(&b"abc"[..]));
        let mut seen = std::collections::BTreeSet::new();
        for image in images(&disk) {
            let found = (image.file("old/file"), image.file("other/file"));
            assert!(found == (old, new) || found == (new, old), "{found:?}");
            seen.insert(found == (new, old));
        }
        assert_eq!(seen.len(), 2, "both are possible until the folder is synced");

        // What came after the sync began is not kept by it.
        let (disk, _) = played(&[before.as_slice(), &[exchange]].concat(), Barriers::Honest)?;
        assert!(images(&disk).iter().any(|image| image.file("old/file") == Some(b"")), "names without bytes");
        Ok(())
    }

    #[test]
    fn pages_are_kept_each_by_itself_and_a_length_without_its_bytes() -> Result<()> {
        let bytes = "x".repeat(3 * PAGE_BYTES);
        let write = format!("pwrite64(3, \"{bytes}\", {}, 0) = {}", bytes.len(), bytes.len());
        let (disk, _) = played(&[NEW, FOLDER, "fsync(4) = 0", &write], Barriers::Honest)?;
        let mut seen = std::collections::BTreeSet::new();
        for image in images(&disk) {
            let file = image.file("new").context("its name is durable")?;
            assert!(file.is_empty() || file.len() == bytes.len());
            let full = |page: &[u8]| page.iter().all(|byte| *byte == b'x');
            let empty = |page: &[u8]| page.iter().all(|byte| *byte == 0);
            seen.insert(file.chunks(PAGE_BYTES).map(|page| (full(page), empty(page))).collect::<Vec<_>>());
        }
        assert!(seen.contains(&vec![(true, false), (false, true), (true, false)]), "a hole between two pages");
        assert!(seen.iter().flatten().any(|page| *page == (false, false)), "a torn page");
        Ok(())
    }

    #[test]
    fn with_syncs_ignored_bytes_are_lost_and_names_are_not() -> Result<()> {
        let lines = [NEW, "write(3, \"hello\", 5) = 5", "fsync(3) = 0", FOLDER, "fsync(4) = 0"];
        let (disk, effects) = played(&lines, Barriers::Ignored)?;
        assert_eq!(disk.cut(Weather::Bolt, &mut StdRng::seed_from_u64(1)).file("new"), Some(&b""[..]));
        assert_eq!(effects.iter().filter(|effect| **effect == Effect::Disk).count(), 4);
        Ok(())
    }

    #[test]
    fn a_disk_that_is_written_out_reads_back() -> Result<()> {
        let (disk, _) = played(&[NEW, "write(3, \"hello\", 5) = 5"], Barriers::Honest)?;
        let image = disk.cut(Weather::Calm, &mut StdRng::seed_from_u64(1));
        let directory = tempfile::tempdir()?;
        let top = directory.path().join("image");
        image.write(&top)?;
        let again = Disk::of(&top, Barriers::Honest)?.cut(Weather::Bolt, &mut StdRng::seed_from_u64(1));
        assert_eq!(again, image);
        Ok(())
    }
}
