//! The durable queue of sealed records: what a patient was thanked for is in here until the aggregator has it.
//!
//! # Vocabulary
//! The *head* is the number and hash of the last envelope ever appended; it outlives the envelopes. The *marker* is a
//! small fsynced file beside the store that repeats the head. The *beginning* is another, on a tablet that was given the
//! name of one before it: after which record its chain begins. A *generation* is one store on disk; an empty store that
//! has grown large is replaced by the next generation. *Waiting* envelopes are those no settled verdict has named.
//!
//! # Invariants
//! 1. When [`Outbox::append`] returns, the envelope is flushed, fsynced and named by the marker.
//! 2. An envelope leaves only through [`Outbox::settle`], which wants its number, record id *and* hash.
//! 3. The head never goes back. A store that is behind its marker, lacks an envelope that it counts, or does not read is
//!    an error with a way back ([`recover`]), never a fresh start.
//! 4. After a failed write the outbox is *poisoned*: every later call fails until it is opened again, and that opening
//!    copies what it finds into a new store, because a failed fsync leaves no trust in the files it was asked of.
//! 5. Envelopes are sealed on entry; nothing here can be read back by the kiosk.
//!
//! # On disk
//! `outbox/lock`, `outbox/store-<generation>/`, `outbox/poisoned` after a failed write, `outbox/broken-<generation>/` after
//! a recovery, `outbox.marker`, and `outbox.beginning` where there is one, all in the data directory. An append makes the
//! store durable first and the marker second; a kill between the two leaves the store one ahead, which opening mends
//! because the one envelope proves itself by the chain.
//!
//! # Failure modes
//! [`OutboxError::NoSpace`] and [`OutboxError::TooLarge`] refuse one append and leave the outbox good; on a full disk it
//! is not opened ([`OutboxError::NoSpaceToOpen`]) and opens when there is room. All others want a
//! person or a restart; [`OutboxError::Damaged`] says which command is the way back.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::envelope::{ChainHead, Envelope, EnvelopeError};
use wardvoice_protocol::id::{Hash, KioskId, RecordId};
use wardvoice_protocol::keys::SealKey;
use wardvoice_protocol::receipt::Verdict;
use wardvoice_protocol::record::{Body, Record};

use crate::identity::Identity;
use crate::killpoint;

mod beginning;
mod checked;
mod marker;
mod places;
mod recover;
mod store;

pub use beginning::begin_after;
pub use recover::{Recovered, recover};

use marker::{Found, Marker, MarkerFile};
use places::{beginning_path, directory, generations, has_been_used, marker_path, poison_path, store_path};
use store::{Contents, Store, StoreError, StoredHead};

/// New interviews are refused when the disk has less than this free.
pub const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// The outbox is not even opened with less than this free: opening writes.
const OPEN_BYTES: u64 = 256 * 1024;

/// An empty store larger than this is replaced.
const REWRITE_BYTES: u64 = 8 * 1024 * 1024;

/// Why the outbox cannot be opened, or cannot keep a record.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The directory or one of its files cannot be used.
    #[error("use {path}: {source}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("open the outbox in {0}: another wardvoice-kiosk has it open")]
    InUse(PathBuf),
    /// It belongs to another kiosk.
    #[error("open the outbox in {data}: it belongs to kiosk {found}, not to {wanted}")]
    OtherKiosk {
        /// The data directory.
        data: PathBuf,
        /// Whose it is.
        found: KioskId,
        /// Who asked.
        wanted: KioskId,
    },
    /// It is not what it was when it was last closed.
    #[error(
        "open the outbox in {data}: {damage}. Nothing has been deleted. To go on, run `wardvoice-kiosk outbox --data {data} recover`: it puts this store aside and continues the numbering, so that the aggregator sees what is missing"
    )]
    Damaged {
        /// The data directory.
        data: PathBuf,
        /// What is wrong.
        damage: Damage,
    },
    /// There is too little room to promise anything.
    #[error(
        "keep a record: the disk has {free_bytes} bytes free, fewer than the {reserve_bytes} that must remain"
    )]
    NoSpace {
        /// What is free.
        free_bytes: u64,
        /// What must remain.
        reserve_bytes: u64,
    },
    /// There is too little room to open it.
    #[error("open the outbox in {data}: the disk has {free_bytes} bytes free; make room and try again")]
    NoSpaceToOpen {
        /// The data directory.
        data: PathBuf,
        /// What is free.
        free_bytes: u64,
    },
    /// The record is larger than the wire allows.
    #[error("keep a record: it has {0} bytes, more than the wire allows")]
    TooLarge(usize),
    /// The record could not be sealed.
    #[error("seal a record: {0}")]
    Seal(EnvelopeError),
    /// A write failed, now or before. Nothing is known about the last change until the outbox is opened again.
    #[error("keep records: a write failed ({0}); the kiosk must be restarted")]
    Poisoned(String),
    /// The system gives no random bytes.
    #[error("draw random bytes: {0}")]
    Random(String),
}

/// What is wrong with an outbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// There is a store but no marker.
    #[error("its marker file is missing")]
    MarkerMissing,
    /// The marker does not read.
    #[error("its marker file is damaged")]
    MarkerDamaged,
    /// There is a marker but no store.
    #[error("its store is missing although {0} records were written")]
    StoreMissing(u64),
    /// The store does not read.
    #[error("its store does not read: {0}")]
    Unreadable(String),
    /// The store has lost its end.
    #[error("its store ends at record {found} but {marker} were written")]
    Shortened {
        /// The store's last number.
        found: u64,
        /// The marker's.
        marker: u64,
    },
    /// Store and marker do not belong together.
    #[error("its store (at record {found}) and its marker (at record {marker}) do not belong together")]
    Mismatch {
        /// The store's last number.
        found: u64,
        /// The marker's.
        marker: u64,
    },
    /// Envelopes are missing or foreign.
    #[error("its store counts {counted} waiting records but holds {held} that fit")]
    Incomplete {
        /// What the store says.
        counted: u64,
        /// What is there.
        held: u64,
    },
    /// An envelope does not read or does not fit the chain.
    #[error("record {0} in its store does not fit the chain")]
    Chain(u64),
}

/// A waiting envelope by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the kiosk's sequence.
    pub sequence: u64,
    /// The record's id.
    pub record: RecordId,
    /// The envelope's hash.
    pub hash: Hash,
}

/// The open outbox. One process, one thread at a time.
pub struct Outbox {
    data: PathBuf,
    identity: Identity,
    store: Store,
    marker: MarkerFile,
    generation: u64,
    head: ChainHead,
    waiting: BTreeMap<u64, Waiting>,
    digest: [u8; 32],
    reserve_bytes: u64,
    rewrite_bytes: u64,
    poison: Option<String>,
    rng: StdRng,
    // Declared last: the lock is let go after the store has closed.
    _lock: File,
}

impl Outbox {
    /// Opens the outbox of a data directory, or makes the first one of a kiosk, after checking everything in it.
    pub fn open(data: &Path, identity: Identity) -> Result<Self, OutboxError> {
        Self::open_with_reserve(data, identity, RESERVE_BYTES)
    }

    /// Opens it with another amount of free disk that must remain.
    pub fn open_with_reserve(data: &Path, identity: Identity, reserve_bytes: u64) -> Result<Self, OutboxError> {
        let lock = lock(data)?;
        let marker = match Marker::read(&marker_path(data)).map_err(|source| file(marker_path(data), source))? {
            Found::Marker(marker) => marker,
            Found::Damaged => return Err(damaged(data, Damage::MarkerDamaged)),
            Found::Nothing if has_been_used(data)? => return Err(damaged(data, Damage::MarkerMissing)),
            Found::Nothing => {
                // The marker comes first: one that is as the beginning says promises nothing, so a kill before the store exists is
                // harmless.
                let head = beginning::first_head(data, &identity.kiosk)
                    .map_err(|source| file(beginning_path(data), source))?;
                let first = Marker { kiosk: identity.kiosk.clone(), generation: 1, head };
                MarkerFile::create(&marker_path(data), &first)
                    .map_err(|source| file(marker_path(data), source))?;
                first
            }
        };
        if marker.kiosk != identity.kiosk {
            let (found, wanted) = (marker.kiosk, identity.kiosk);
            return Err(OutboxError::OtherKiosk { data: data.to_owned(), found, wanted });
        }
        let free_bytes = free_bytes(data)?;
        if free_bytes < OPEN_BYTES {
            return Err(OutboxError::NoSpaceToOpen { data: data.to_owned(), free_bytes });
        }
        let is_first = beginning::is_first(data, &marker);
        let (store, contents) = open_store(data, &marker, is_first)?;
        let (head, waiting) =
            check(&contents, &marker, &identity.kiosk, is_first).map_err(|damage| damaged(data, damage))?;
        let marker_file =
            MarkerFile::open(&marker_path(data)).map_err(|source| file(marker_path(data), source))?;
        let rng = StdRng::try_from_rng(&mut SysRng).map_err(|error| OutboxError::Random(error.to_string()))?;
        let digest = digest(waiting.values());
        let mut outbox = Self {
            data: data.to_owned(),
            identity,
            store,
            marker: marker_file,
            generation: marker.generation,
            head,
            waiting,
            digest,
            reserve_bytes,
            rewrite_bytes: REWRITE_BYTES,
            poison: None,
            rng,
            _lock: lock,
        };
        if contents.head.is_none() {
            outbox.commit(&[], &[])?;
        }
        if outbox.head != marker.head {
            outbox.mark()?;
        }
        outbox.remove_other_generations();
        if poison_path(data).exists() {
            outbox.rewrite(&contents.envelopes)?;
            fs::remove_file(poison_path(data)).map_err(|source| file(poison_path(data), source))?;
        }
        Ok(outbox)
    }

    /// Seals a record as the next of the chain and keeps it. It is safe from kill and power cut when this returns.
    pub fn append(&mut self, body: Body, clock: Clock, seal_key: &SealKey) -> Result<Envelope, OutboxError> {
        let mut random = [0; 10];
        self.rng.fill_bytes(&mut random);
        self.append_made_of(random, body, clock, seal_key)
    }

    /// The same for a record whose id is made of these random bytes. They must be of a source that gives none twice.
    pub fn append_made_of(
        &mut self,
        random: [u8; 10],
        body: Body,
        clock: Clock,
        seal_key: &SealKey,
    ) -> Result<Envelope, OutboxError> {
        self.can_keep()?;
        let unix_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
        let id = RecordId::new(unix_ms, random);
        let record = Record { clock, body };
        let (kiosk, key) = (&self.identity.kiosk, &self.identity.signing_key);
        let envelope = Envelope::seal(&record, id, kiosk, self.head, seal_key, key, &mut self.rng);
        let envelope = envelope.map_err(|error| match error {
            EnvelopeError::RecordTooLarge(bytes) => OutboxError::TooLarge(bytes),
            other => OutboxError::Seal(other),
        })?;
        let waiting = Waiting::of(&envelope);
        self.head = envelope.chain_head();
        self.waiting.insert(waiting.sequence, waiting);
        self.digest = xor(self.digest, &waiting.hash);
        self.commit(&[(waiting.sequence, &envelope.to_json())], &[])?;
        killpoint::reach("outbox.after_flush");
        self.mark()?;
        Ok(envelope)
    }

    /// Deletes the envelopes that verdicts settle and returns them. A verdict counts only when number, record and hash
    /// are those of a waiting envelope and the decision says that the aggregator holds the bytes.
    pub fn settle<'a>(
        &mut self,
        verdicts: impl IntoIterator<Item = &'a Verdict>,
    ) -> Result<Vec<Waiting>, OutboxError> {
        self.is_sound()?;
        let mut settled: BTreeMap<u64, Waiting> = BTreeMap::new();
        for verdict in verdicts.into_iter().filter(|verdict| verdict.decision.settles()) {
            let Some(sequence) = verdict.sequence else { continue };
            if let Some(waiting) = self.waiting.get(&sequence.get())
                && verdict.record == Some(waiting.record)
                && verdict.envelope == waiting.hash
            {
                settled.insert(waiting.sequence, *waiting);
            }
        }
        if settled.is_empty() {
            return Ok(Vec::new());
        }
        killpoint::reach("outbox.before_delete");
        for waiting in settled.values() {
            self.waiting.remove(&waiting.sequence);
            self.digest = xor(self.digest, &waiting.hash);
        }
        let deletes: Vec<u64> = settled.keys().copied().collect();
        self.commit(&[], &deletes)?;
        killpoint::reach("outbox.after_delete");
        if self.waiting.is_empty() && self.store.size_bytes() > self.rewrite_bytes {
            self.rewrite(&BTreeMap::new())?;
        }
        Ok(settled.into_values().collect())
    }

    /// The waiting envelopes, oldest first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Waiting> {
        self.waiting.values()
    }

    /// The JSON of a waiting envelope, as it crosses the wire.
    pub fn payload(&mut self, sequence: u64) -> Result<Option<Vec<u8>>, OutboxError> {
        self.is_sound()?;
        if !self.waiting.contains_key(&sequence) {
            return Ok(None);
        }
        match self.store.envelope(sequence) {
            Ok(Some(json)) => Ok(Some(json)),
            Ok(None) => Err(self.poisoned(format!("record {sequence} is no longer there"))),
            Err(error) => Err(self.poisoned(error.to_string())),
        }
    }

    /// Where the chain stands.
    pub fn head(&self) -> ChainHead {
        self.head
    }

    /// Whether a record could be kept now: the outbox is sound and the disk has room.
    pub fn can_keep(&self) -> Result<(), OutboxError> {
        self.is_sound()?;
        let statistics = rustix::fs::statvfs(&self.data).map_err(|error| file(self.data.clone(), error.into()))?;
        let free_bytes = statistics.f_bavail.saturating_mul(statistics.f_frsize);
        let reserve_bytes = self.reserve_bytes;
        if free_bytes < reserve_bytes { Err(OutboxError::NoSpace { free_bytes, reserve_bytes }) } else { Ok(()) }
    }

    /// The bytes the store takes on disk.
    pub fn size_bytes(&self) -> u64 {
        self.store.size_bytes()
    }

    fn is_sound(&self) -> Result<(), OutboxError> {
        self.poison.as_ref().map_or(Ok(()), |reason| Err(OutboxError::Poisoned(reason.clone())))
    }

    fn poisoned(&mut self, reason: String) -> OutboxError {
        tracing::error!(%reason, "the outbox is poisoned");
        self.poison = Some(reason.clone());
        if let Err(error) = fs::write(poison_path(&self.data), &reason) {
            tracing::warn!(%error, "noting that the outbox is poisoned");
        }
        OutboxError::Poisoned(reason)
    }

    fn commit(&mut self, puts: &[(u64, &[u8])], deletes: &[u64]) -> Result<(), OutboxError> {
        let head = StoredHead {
            sequence: self.head.sequence,
            hash: self.head.hash,
            count: self.waiting.len() as u64,
            digest: self.digest,
        };
        self.store.commit(puts, deletes, &head).map_err(|error| self.poisoned(error.to_string()))
    }

    fn mark(&mut self) -> Result<(), OutboxError> {
        let marker = Marker { kiosk: self.identity.kiosk.clone(), generation: self.generation, head: self.head };
        self.marker.write(&marker).map_err(|error| self.poisoned(error.to_string()))
    }

    /// Replaces the store by a new one with these envelopes: the new one is durable before the marker names it.
    fn rewrite(&mut self, envelopes: &BTreeMap<u64, Vec<u8>>) -> Result<(), OutboxError> {
        let path = store_path(&self.data, self.generation + 1);
        self.store = Store::open(&path).map_err(|error| self.poisoned(error.to_string()))?;
        self.generation += 1;
        let puts: Vec<(u64, &[u8])> =
            envelopes.iter().map(|(sequence, json)| (*sequence, json.as_slice())).collect();
        self.commit(&puts, &[])?;
        self.mark()?;
        self.remove_other_generations();
        Ok(())
    }

    /// Removes stores that no marker names: an older one was empty or copied when it was replaced, a younger one never
    /// used.
    fn remove_other_generations(&self) {
        for generation in generations(&self.data, "store-").unwrap_or_default() {
            if generation != self.generation
                && let Err(error) = fs::remove_dir_all(store_path(&self.data, generation))
            {
                tracing::warn!(%error, generation, "removing an unused store of the outbox");
            }
        }
    }
}

impl Waiting {
    pub(crate) fn of(envelope: &Envelope) -> Self {
        Self { sequence: envelope.sequence().get(), record: envelope.record(), hash: envelope.hash() }
    }
}

/// Whose outbox a data directory holds and how far its chain has come, without opening it; none when there is no
/// readable marker.
pub fn peek(data: &Path) -> Result<Option<(KioskId, ChainHead)>, OutboxError> {
    match Marker::read(&marker_path(data)).map_err(|source| file(marker_path(data), source))? {
        Found::Marker(marker) => Ok(Some((marker.kiosk, marker.head))),
        Found::Nothing | Found::Damaged => Ok(None),
    }
}

/// Appends `count` records one after the other and says how long each took until it was durable.
pub fn measure_appends(
    outbox: &mut Outbox,
    body: &Body,
    seal_key: &SealKey,
    count: usize,
) -> Result<Vec<Duration>, OutboxError> {
    (0..count)
        .map(|_| {
            let start = Instant::now();
            outbox.append(body.clone(), Clock::new(Timestamp::now(), None), seal_key)?;
            Ok(start.elapsed())
        })
        .collect()
}

/// Opens and reads the store that a marker names; `is_first` where the marker is the one that the outbox began with.
fn open_store(data: &Path, marker: &Marker, is_first: bool) -> Result<(Store, Contents), OutboxError> {
    let path = store_path(data, marker.generation);
    if !is_first && !Store::exists(&path) {
        return Err(damaged(data, Damage::StoreMissing(marker.head.sequence)));
    }
    let open = || {
        let store = Store::open(&path)?;
        let contents = store.contents()?;
        Ok((store, contents))
    };
    let unreadable = |error: StoreError| damaged(data, Damage::Unreadable(error.to_string()));
    match open() {
        // Killed while the very first store was made: nothing was ever promised from it.
        Err(error) if is_first => {
            tracing::warn!(%error, "making the first store again");
            fs::remove_dir_all(&path).map_err(|source| file(path.clone(), source))?;
            open().map_err(unreadable)
        }
        other => other.map_err(unreadable),
    }
}

fn free_bytes(data: &Path) -> Result<u64, OutboxError> {
    let statistics = rustix::fs::statvfs(data).map_err(|error| file(data.to_owned(), error.into()))?;
    Ok(statistics.f_bavail.saturating_mul(statistics.f_frsize))
}

/// Checks a store's contents against the marker; returns the head and the waiting envelopes.
fn check(
    contents: &Contents,
    marker: &Marker,
    kiosk: &KioskId,
    is_first: bool,
) -> Result<(ChainHead, BTreeMap<u64, Waiting>), Damage> {
    let Some(stored) = contents.head else {
        return if is_first && contents.envelopes.is_empty() {
            Ok((marker.head, BTreeMap::new()))
        } else {
            Err(Damage::Shortened { found: 0, marker: marker.head.sequence })
        };
    };
    let head = ChainHead { sequence: stored.sequence, hash: stored.hash };
    let numbers = (head.sequence, marker.head.sequence);
    if head.sequence < marker.head.sequence {
        return Err(Damage::Shortened { found: numbers.0, marker: numbers.1 });
    }
    let mut waiting = BTreeMap::new();
    let mut before: Option<Waiting> = None;
    for (&sequence, json) in &contents.envelopes {
        let envelope = read(json, sequence, kiosk).ok_or(Damage::Chain(sequence))?;
        let next = Waiting::of(&envelope);
        let follows = before.is_none_or(|before| {
            before.sequence.checked_add(1) != Some(sequence) || envelope.previous() == before.hash
        });
        let within = sequence < head.sequence || (sequence == head.sequence && next.hash == head.hash);
        // One ahead of the marker is an append that was killed before its marker: it must follow the marker's head.
        let after_marker = sequence != marker.head.sequence + 1 || envelope.previous() == marker.head.hash;
        if !(follows && within && after_marker) {
            return Err(Damage::Chain(sequence));
        }
        waiting.insert(sequence, next);
        before = Some(next);
    }
    if stored.count != waiting.len() as u64 || stored.digest != digest(waiting.values()) {
        return Err(Damage::Incomplete { counted: stored.count, held: waiting.len() as u64 });
    }
    let one_ahead = head.sequence == marker.head.sequence + 1 && waiting.contains_key(&head.sequence);
    if head == marker.head || one_ahead {
        Ok((head, waiting))
    } else {
        Err(Damage::Mismatch { found: numbers.0, marker: numbers.1 })
    }
}

fn read(json: &[u8], sequence: u64, kiosk: &KioskId) -> Option<Envelope> {
    let envelope = Envelope::read(json).ok()?;
    (envelope.sequence().get() == sequence && envelope.kiosk() == kiosk).then_some(envelope)
}

fn xor(mut digest: [u8; 32], hash: &Hash) -> [u8; 32] {
    for (byte, other) in digest.iter_mut().zip(hash.as_bytes()) {
        *byte ^= other;
    }
    digest
}

fn digest<'a>(waiting: impl Iterator<Item = &'a Waiting>) -> [u8; 32] {
    waiting.fold([0; 32], |digest, waiting| xor(digest, &waiting.hash))
}

fn file(path: PathBuf, source: io::Error) -> OutboxError {
    OutboxError::File { path, source }
}

fn damaged(data: &Path, damage: Damage) -> OutboxError {
    OutboxError::Damaged { data: data.to_owned(), damage }
}

fn lock(data: &Path) -> Result<File, OutboxError> {
    let directory = directory(data);
    fs::create_dir_all(&directory).map_err(|source| file(directory.clone(), source))?;
    let path = directory.join("lock");
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|source| file(path.clone(), source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OutboxError::InUse(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(file(path, source)),
    }
}

#[cfg(test)]
mod tests;
