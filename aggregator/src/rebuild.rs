//! Facts from the log: all of them again, or a snapshot and what came after it.
//!
//! Facts are memory; the log is the truth. [`rebuild`] reads every opened record, on all cores. [`load`] starts from a
//! snapshot when there is a sound one: its position and the running hash at it are in the file, and the running hash
//! over the records after it must lead to the log's end. A snapshot of another log, of another past, or under another
//! directory or other questionnaires therefore never counts; the answer to every doubt is a rebuild.
//!
//! The file `facts.snapshot` beside the store: `WVSNAP02`, position, running hash, how many records were forgotten, CRC-32 of these, and the body
//! that [`Facts::encode`] writes. A snapshot from before something was forgotten does not count; nor does one of a program from before
//! that could be (`WVSNAP01`), whose place is taken by a rebuild, once.

use std::fs;
use std::io;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use wardvoice_protocol::id::Hash;
use wardvoice_protocol::record::{Body, Record};

use crate::durable_file::{self, Readers};
use crate::facts::{Fact, Facts, LogHead, Vocabulary, fact_at_a_glance, fact_of};
use crate::ingest::World;
use crate::log::{Committed, Gone, LogError, OpenedRow, Reader, run_on};

const MAGIC: &[u8; 8] = b"WVSNAP02";
const HEADER_BYTES: usize = 8 + 8 + 32 + 8;
/// Fewer records than this are not worth another thread.
const RECORDS_A_THREAD: u64 = 5_000;

/// Where facts came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A snapshot, and so many records after it.
    Snapshot {
        /// The position of the snapshot.
        position: u64,
        /// How many records were read from the log.
        after: u64,
    },
    /// The log alone.
    Log,
}

/// The facts of everything the log holds, from the snapshot in the log's folder where it is sound.
pub fn load(directory: &Path, reader: &Reader, world: &World) -> Result<(Facts, Origin), LogError> {
    let end = reader.end()?;
    if let Some((mut facts, at, forgotten)) = read_snapshot(directory, &world.vocabulary)
        && at.position <= end.position
        && forgotten == reader.gone()
    {
        let mut running = at.running;
        let mut see = |row: OpenedRow<'_>| {
            running = run_on(&running, &row.envelope);
            if let Some(fact) = fact(&row, world)? {
                facts.insert(fact);
            }
            Ok::<(), LogError>(())
        };
        if at.position < end.position {
            reader.each_row(at.position + 1..=end.position, &mut see)?;
        }
        if running == end.running {
            let after = end.position - at.position;
            facts.stand_at(LogHead { position: end.position, running });
            note_withdrawn(reader, &mut facts)?;
            return Ok((facts, Origin::Snapshot { position: at.position, after }));
        }
        tracing::warn!("the snapshot of the facts does not belong to this log; reading the whole log");
    }
    rebuild(reader, world).map(|facts| (facts, Origin::Log))
}

/// The facts of everything the log holds, from the log alone, on all cores.
pub fn rebuild(reader: &Reader, world: &World) -> Result<Facts, LogError> {
    let end = reader.end()?;
    let last = end.position;
    let mut facts = Facts::new(Arc::clone(&world.vocabulary));
    facts.stand_at(LogHead { position: end.position, running: end.running });
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let spans = spans(last, threads.min(last / RECORDS_A_THREAD).max(1));
    let parts: Vec<Result<Vec<Fact>, LogError>> = thread::scope(|scope| {
        let spawned: Vec<_> =
            spans.into_iter().map(|span| scope.spawn(move || facts_of(reader, span, world))).collect();
        let failed = || Err(LogError::Store("reading the log panicked".to_owned()));
        spawned.into_iter().map(|part| part.join().unwrap_or_else(|_| failed())).collect()
    });
    for part in parts {
        for fact in part? {
            facts.insert(fact);
        }
    }
    note_withdrawn(reader, &mut facts)?;
    Ok(facts)
}

/// What was forgotten was a contact of its day.
fn note_withdrawn(reader: &Reader, facts: &mut Facts) -> Result<(), LogError> {
    for entry in reader.tombstones() {
        let (position, tombstone) = entry?;
        if tombstone.gone == Gone::Part {
            continue;
        }
        if let Some(day) = reader.row(position, |row| Ok(row.day))? {
            facts.note_withdrawn(day, tombstone.on);
        }
    }
    Ok(())
}

/// Removes the snapshot, because something that is in it was forgotten.
pub fn drop_snapshot(directory: &Path) -> io::Result<()> {
    match fs::remove_file(snapshot_path(directory)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a snapshot of the facts at the log's end, durably.
pub fn save_snapshot(directory: &Path, facts: &Facts, at: Committed) -> io::Result<()> {
    let mut bytes = header(at, facts.withdrawn().len() as u64);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(&facts.encode());
    durable_file::replace(&snapshot_path(directory), &bytes, Readers::Owner)
}

fn snapshot_path(directory: &Path) -> PathBuf {
    directory.join("facts.snapshot")
}

fn header(at: Committed, forgotten: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&at.position.to_le_bytes());
    bytes.extend_from_slice(at.running.as_bytes());
    bytes.extend_from_slice(&forgotten.to_le_bytes());
    bytes
}

/// The facts of the snapshot, where the log stood, and how many of its records were forgotten.
fn read_snapshot(directory: &Path, vocabulary: &Arc<Vocabulary>) -> Option<(Facts, Committed, u64)> {
    let bytes = fs::read(snapshot_path(directory)).ok()?;
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let (sum, body) = rest.split_first_chunk::<4>()?;
    let fields = header.strip_prefix(MAGIC)?;
    let (position, fields) = fields.split_first_chunk::<8>()?;
    let (running, forgotten) = fields.split_first_chunk::<32>()?;
    let forgotten = u64::from_le_bytes(forgotten.try_into().ok()?);
    let running = Hash::from_bytes(*running);
    if crc32fast::hash(header).to_le_bytes() != *sum {
        tracing::warn!("the snapshot of the facts is damaged; reading the whole log");
        return None;
    }
    match Facts::decode(body, Arc::clone(vocabulary)) {
        Ok(facts) => Some((facts, Committed { position: u64::from_le_bytes(*position), running }, forgotten)),
        Err(error) => {
            tracing::warn!("failed to {error}; reading the whole log");
            None
        }
    }
}

pub(crate) fn spans(last: u64, count: u64) -> Vec<RangeInclusive<u64>> {
    let bound = |number: u64| last * number / count;
    (0..count).map(|number| bound(number) + 1..=bound(number + 1)).filter(|span| !span.is_empty()).collect()
}

fn facts_of(reader: &Reader, span: RangeInclusive<u64>, world: &World) -> Result<Vec<Fact>, LogError> {
    let mut facts = Vec::with_capacity(usize::try_from(span.end() - span.start() + 1).unwrap_or(0));
    reader.each_row::<LogError>(span, |row| {
        facts.extend(fact(&row, world)?);
        Ok(())
    })?;
    Ok(facts)
}

/// The fact of an opened record, when it is a contact and was not forgotten.
pub(crate) fn fact(row: &OpenedRow<'_>, world: &World) -> Result<Option<Fact>, LogError> {
    if row.is_forgotten() {
        return Ok(None);
    }
    if let Some(fact) = fact_at_a_glance(row.json, row.day, row.arrival_day, &world.vocabulary) {
        return Ok(Some(fact));
    }
    let record: Record = serde_json::from_slice(row.json)
        .map_err(|_| LogError::Unreadable(format!("the opened record {}", row.position)))?;
    Ok(match &record.body {
        Body::Contact(contact) => fact_of(contact, row.day, row.arrival_day, &world.vocabulary),
        Body::HelpRequest(_) | Body::Cleaning(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_every_position_once() {
        for (last, count) in [(0, 1), (1, 1), (10, 3), (7, 7), (100, 8)] {
            let covered: Vec<u64> = spans(last, count).into_iter().flatten().collect();
            assert_eq!(covered, (1..=last).collect::<Vec<_>>());
        }
    }
}
