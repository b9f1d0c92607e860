//! Where every line of the file of who did what stands, and what it is about in brief: some 50 bytes a line.
//!
//! What a line says is kept as four hashes, enough to tell which lines a page wants; a page then reads those from the disk, as they stand there.
//! A line that is found to be another than the brief says was changed under us, and the whole file is looked through anew.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::Entry;
use super::leaf::{Leaf, Wanted, of_a_kind};

/// What is known of a file.
#[derive(Debug, Default)]
pub(super) struct Index {
    lines: Vec<Line>,
    /// Where the last whole line ends.
    end: u64,
}

#[derive(Debug)]
struct Line {
    /// Where it begins.
    offset: u64,
    /// What it says in brief; nothing where it is no entry.
    brief: Option<Brief>,
}

/// The hashes of what an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Brief {
    who: u64,
    did: u64,
    about: u64,
    of_a_kind: u64,
}

impl Brief {
    fn of(entry: &Entry) -> Self {
        let about = entry.about.as_deref().unwrap_or_default();
        Self {
            who: hash(&entry.who),
            did: hash(&entry.did),
            about: hash(about),
            of_a_kind: hash(of_a_kind(about)),
        }
    }
}

/// The same in every run; nothing but looking rests on it.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

impl Index {
    /// Reads the lines that were written since the last time. What is being written meanwhile is not a whole line yet and so no entry; the
    /// next look has it.
    pub(super) fn catch_up(&mut self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        if file.metadata()?.len() < self.end || !ends_a_line(&file, self.end)? {
            *self = Self::default();
        }
        let mut file = BufReader::new(file);
        file.seek(SeekFrom::Start(self.end))?;
        let mut line = Vec::new();
        while file.read_until(b'\n', &mut line)? > 0 {
            if line.last() != Some(&b'\n') {
                break;
            }
            // A line that is no entry was changed by somebody; `verify` names it.
            let brief = serde_json::from_slice::<Entry>(&line).ok().map(|entry| Brief::of(&entry));
            self.lines.push(Line { offset: self.end, brief });
            self.end += line.len() as u64;
            line.clear();
        }
        Ok(())
    }

    /// So many of the entries that are wanted, the newest of those before a line of the file, or of all. `None` when what stands on the disk is
    /// not what was read before.
    pub(super) fn leaf(
        &self,
        path: &Path,
        wanted: &Wanted,
        before: Option<u64>,
        many: usize,
    ) -> io::Result<Option<Leaf>> {
        let [who, did, about] = [&wanted.who, &wanted.did, &wanted.about].map(|text| text.as_deref().map(hash));
        let is = |wanted: Option<u64>, said: u64| wanted.is_none_or(|wanted| wanted == said);
        let takes = |brief: &Brief| {
            is(who, brief.who) && is(did, brief.did) && (is(about, brief.about) || is(about, brief.of_a_kind))
        };
        let (mut matching, mut chosen, mut has_older) = (0, Vec::new(), false);
        for (place, line) in self.lines.iter().enumerate().rev() {
            let (Some(brief), number) = (line.brief.filter(&takes), place as u64 + 1) else { continue };
            matching += 1;
            if before.is_some_and(|before| number >= before) {
                continue;
            }
            if chosen.len() < many {
                chosen.push((number, line.offset, brief));
            } else {
                has_older = true;
            }
        }
        let mut file = BufReader::new(File::open(path)?);
        let (mut entries, mut text) = (Vec::with_capacity(chosen.len()), Vec::new());
        for (_, offset, brief) in &chosen {
            file.seek(SeekFrom::Start(*offset))?;
            text.clear();
            file.read_until(b'\n', &mut text)?;
            let entry = serde_json::from_slice::<Entry>(&text).ok();
            let Some(entry) = entry.filter(|entry| Brief::of(entry) == *brief && wanted.takes(entry)) else {
                return Ok(None);
            };
            entries.push(entry);
        }
        let older = chosen.last().filter(|_| has_older).map(|(number, _, _)| *number);
        Ok(Some(Leaf { entries, matching, older }))
    }
}

/// Whether a line ends at a place, or the file begins there.
fn ends_a_line(mut file: &File, place: u64) -> io::Result<bool> {
    let Some(before) = place.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(before))?;
    Ok(file.read(&mut byte)? == 1 && byte == *b"\n")
}
