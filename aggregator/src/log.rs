//! The log: the append-only truth of the aggregator.
//!
//! Purpose: every envelope is stored exactly once, as it was received and opened, and everything else (facts, scores,
//! pages) can be thrown away and made again from here.
//!
//! Vocabulary:
//! - a *position* is a record's place in the log: 1, 2, 3 … without gaps;
//! - a *slot* is one number of one kiosk's chain; it is free, holds a stored record, or holds a refused one;
//! - a *request* is a record in which somebody asks for help; it is *seen* once a member of staff has said so;
//! - the *quarantine* keeps refused envelopes with their reason until somebody looks at them or replays them;
//! - the *marker* is a small fsynced file that says how far the store must reach;
//! - the *running hash* is SHA-256 over the one before and the envelope's hash, over all positions.
//!
//! Invariants:
//! - A [`Batch`] is one promise: all of it or nothing, on the disk when [`Log::commit`] returns. Nothing is promised to
//!   anybody before that.
//! - One writer: [`Log`] is not `Clone`, and only it appends. That a record id and a slot are used once is decided
//!   against the log and the batch being written, by the one thread that writes both.
//! - What is committed is never changed but by being *forgotten*: then what was in a record and its envelope are gone, and a tombstone stays, so
//!   that chain and completeness can still be proved. A slot that holds a refused envelope may come to hold the same envelope as a
//!   record when the refusal is replayed, or a linked envelope in place of one that broke the chain.
//! - [`Reader`] shows only what is on the disk.
//!
//! Units: positions and sequence numbers count from 1; times are kept to the millisecond.
//!
//! Failure modes: a store that does not open, is empty or is shorter than its marker is a [`LogError`] that says what
//! to do, never a fresh start. After a failed flush the log is *poisoned*: it takes no more batches until the process
//! has been started again and the store has been read anew.
//!
//! The store is sled and lives behind `log/store.rs`; no other file knows it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{Hash, KioskId, RecordId, Sequence};
use wardvoice_protocol::record::Record;

mod batch;
mod block;
mod bytes;
mod copy;
mod forget;
mod keys;
mod marker;
mod open;
mod quarantine;
mod reader;
mod rewrite;
mod row;
mod salvage;
mod store;

pub use batch::{Batch, NewRecord};
pub(crate) use copy::Copying;
pub use forget::{Gone, Left, Tombstone};
pub use quarantine::{NewRefusal, Refused, Source};
pub use reader::{Gap, Reader};
pub use rewrite::{Rewrote, rewrite};
pub use row::OpenedRow;
pub(crate) use row::{encode_envelope, run_on};
pub use salvage::{Salvaged, salvage};

use marker::{Mark, Marker};
use row::Meta;
use store::{Store, Writes};

/// A record as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecord {
    /// The place in the log, from 1.
    pub position: u64,
    /// The kiosk that sealed it.
    pub kiosk: KioskId,
    /// The place in the kiosk's chain.
    pub sequence: Sequence,
    /// The record's id.
    pub record_id: RecordId,
    /// The envelope's hash.
    pub envelope: Hash,
    /// When the aggregator received it, to the millisecond.
    pub received: Timestamp,
    /// The local day that was decided for it.
    pub day: Date,
    /// The local day it counts as having come on: that of `received`, or later where it was taken in later.
    pub arrival_day: Date,
    /// How its day was decided.
    pub evidence: DayEvidence,
    /// What was inside; the clock's evidence as the kiosk gave it is in it.
    pub record: Record,
}

/// How the local day of a record was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEvidence {
    /// Which evidence was believed.
    pub method: DayMethod,
    /// The moment it gave.
    pub claimed: Timestamp,
    /// Whether that moment was up to a day after the arrival, so that the arrival's day was taken.
    pub held_to_arrival: bool,
}

/// Which evidence about the time was believed, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayMethod {
    /// The aggregator's time in the last receipt plus the monotonic time since.
    MonotonicAge,
    /// The wall clock corrected by the last offset.
    Offset,
    /// The wall clock as it was.
    Wall,
}

/// One number of a kiosk's chain that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The hash of the envelope that holds it.
    pub hash: Hash,
    /// What became of that envelope.
    pub holder: Holder,
    /// The hash that the envelope before must have, while that one has not come. Kept after it has.
    pub waits_for: Option<Hash>,
}

/// What became of the envelope in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// It is a record at this position.
    Stored(u64),
    /// It is in the quarantine.
    Refused {
        /// Its number there.
        number: u64,
        /// Whether it was linked to the envelope before. One that was not gives way to one that is.
        linked: bool,
    },
}

/// Where a kiosk's chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The highest number that a record or a linked refusal holds.
    pub highest: u64,
    /// The hash of the envelope that holds it.
    pub hash: Hash,
    /// How many records there are.
    pub stored: u64,
    /// How many numbers are held by refused envelopes that were linked.
    pub refused: u64,
    /// How many numbers are held by refused envelopes that broke the chain.
    pub unlinked: u64,
}

impl Head {
    /// The head of a chain that has nothing yet.
    pub const EMPTY: Self = Self { highest: 0, hash: Hash::ZERO, stored: 0, refused: 0, unlinked: 0 };

    /// Whether every number up to the highest is held, so that nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.stored + self.refused >= self.highest
    }
}

/// Who has seen a request for help, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When, to the millisecond.
    pub at: Timestamp,
    /// The role of whoever said so.
    pub by: String,
}

/// Why the log cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the store open.
    #[error("open {path}: another process has it open; ask the running aggregator instead", path = .0.display())]
    InUse(PathBuf),
    /// The store does not open.
    #[error("open {path}: {reason}; {way}", path = path.display(), way = WAY_BACK)]
    WouldNotOpen {
        /// The store.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The store ends before the place that its marker says was flushed.
    #[error("open {path}: {promised} records were promised and the store holds {found}; {way}",
        path = path.display(), way = WAY_BACK)]
    Shortened {
        /// The store.
        path: PathBuf,
        /// How many records the marker says there are.
        promised: u64,
        /// How many the store says.
        found: u64,
    },
    /// There is a store and no marker, or the marker is not readable.
    #[error("open {path}: the marker that says how far the store must reach is {state}; {way}",
        path = path.display(), way = WAY_BACK)]
    NoMarker {
        /// The marker.
        path: PathBuf,
        /// Missing or unreadable.
        state: &'static str,
    },
    /// Parts of the store do not belong together.
    #[error("open {path}: {what}; {way}", path = path.display(), way = WAY_BACK)]
    Inconsistent {
        /// The store.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// A value does not have its checksum.
    #[error("read {0}: its checksum does not fit")]
    Checksum(String),
    /// A value has its checksum and still cannot be read.
    #[error("read {0}: it is not of a shape that is known here")]
    Unreadable(String),
    /// The store failed.
    #[error("use the store: {0}")]
    Store(String),
    /// An earlier flush failed; nothing is accepted until the process has been started again.
    #[error("write to the log: it is closed since a flush failed ({0}); start the aggregator again")]
    Poisoned(String),
}

const WAY_BACK: &str = "nothing was changed; restore the log from a backup, or run `wardvoice-aggregator log salvage`, \
which moves this one aside and takes over every record that can still be read";

impl LogError {
    /// Whether the store itself is damaged or short, so that only a restore or a salvage helps.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::WouldNotOpen { .. }
            | Self::Shortened { .. }
            | Self::NoMarker { .. }
            | Self::Inconsistent { .. }
            | Self::Checksum(_)
            | Self::Unreadable(_) => true,
            Self::File { .. } | Self::InUse(_) | Self::Store(_) | Self::Poisoned(_) => false,
        }
    }
}

/// What the writer and the readers share.
struct Shared {
    store: Store,
    /// The last position that is on the disk.
    durable: AtomicU64,
    /// How often a record was forgotten or reduced, since the log was opened and before.
    forgotten: AtomicU64,
    /// Of how many records nothing is left but their places.
    gone: AtomicU64,
    poisoned: Mutex<Option<String>>,
}

/// The log, open for writing. There is one in the world.
pub struct Log {
    directory: PathBuf,
    shared: Arc<Shared>,
    marker: Marker,
    meta: Meta,
    heads: HashMap<KioskId, Head>,
    sources: HashMap<KioskId, Source>,
}

/// What a commit has made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The last position.
    pub position: u64,
    /// The running hash up to it.
    pub running: Hash,
}

impl Log {
    /// Opens the log in a folder, or makes it where there was none.
    pub fn open(directory: &Path) -> Result<Self, LogError> {
        open::open(directory)
    }

    /// A reader; as many as wanted, on any thread.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }

    /// The folder it is in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The last position and the running hash up to it.
    pub fn end(&self) -> Committed {
        Committed { position: self.meta.position, running: self.meta.running }
    }

    /// Starts a batch. It says nothing to anybody until it is committed.
    pub fn begin(&self) -> Batch {
        Batch::new(self)
    }

    /// Makes a batch durable: all of it or nothing. After an error the log is poisoned.
    pub fn commit(&mut self, batch: Batch) -> Result<Committed, LogError> {
        self.shared.check()?;
        if batch.is_empty() {
            // Refusals that were only counted are nothing to promise; their count goes with the next batch.
            self.sources.extend(batch.into_sources());
            return Ok(self.end());
        }
        let parts = batch.into_parts(self.meta.commits + 1);
        let mark =
            Mark { commits: parts.meta.commits, position: parts.meta.position, running: parts.meta.running };
        let flushed = self.shared.store.apply(parts.writes).and_then(|()| {
            let path = open::marker_path(&self.directory);
            self.marker.advance(&mark).map_err(|source| LogError::File { path, source })
        });
        if let Err(error) = flushed {
            self.shared.poison(&error);
            return Err(error);
        }
        self.meta = parts.meta;
        self.heads.extend(parts.heads);
        self.sources.extend(parts.sources);
        self.shared.gone.fetch_add(parts.gone, Ordering::Release);
        self.shared.forgotten.fetch_add(parts.forgotten, Ordering::Release);
        self.shared.durable.store(self.meta.position, Ordering::Release);
        Ok(self.end())
    }

    /// Lets the store note where everything is, when it has grown by so many bytes since it did last: a start reads all that
    /// came after. Nothing else depends on it; when it fails the log is poisoned.
    pub fn note_places(&mut self, grown_bytes: u64) -> Result<(), LogError> {
        self.shared.check()?;
        let noted = self.shared.store.refresh(grown_bytes).and_then(|refreshed| {
            let meta = if refreshed { self.shared.meta()?.unwrap_or(Meta::EMPTY) } else { self.meta };
            if (meta.commits, meta.position, meta.running)
                == (self.meta.commits, self.meta.position, self.meta.running)
            {
                return Ok(());
            }
            let what =
                format!("it was closed with {} records and opened with {}", self.meta.position, meta.position);
            Err(LogError::Inconsistent { path: open::store_path(&self.directory), what })
        });
        noted.inspect_err(|error| self.shared.poison(error))
    }

    /// Where a kiosk's chain stands.
    pub fn head(&self, kiosk: &KioskId) -> Head {
        self.heads.get(kiosk).copied().unwrap_or(Head::EMPTY)
    }
}

impl Shared {
    fn check(&self) -> Result<(), LogError> {
        match &*self.poisoned.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(LogError::Poisoned(reason.clone())),
            None => Ok(()),
        }
    }

    fn poison(&self, error: &LogError) {
        *self.poisoned.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }
}

#[cfg(test)]
mod tests;
