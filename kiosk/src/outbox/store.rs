//! The outbox's bytes on disk. **The only file of the kiosk that knows sled**, and no type of sled leaves it.
//!
//! What sled 0.34.7 was measured to do, and what is done about it here:
//! - `flush` is no barrier on Linux (`sync_file_range`): a promise is `apply_batch`, `flush`, fdatasync of `db` (which
//!   covers its growth), and fsync of the directories when names in them have changed.
//! - A page above 128 KiB goes to a file under `blobs/` that sled never syncs: those are synced here too.
//! - It panics on a flipped bit, at opening or at any later read: every call is guarded and a panic is an error.
//! - A shortened file opens as an empty store: the caller compares with a marker kept outside.
//! - Opening replaces a snapshot without which the store may not be read, syncs no directory while it does, and takes an
//!   unfinished one for a real one: see [`snapshots`].
//! - Its threads may hold the file's lock for a moment after the database was dropped: opening waits for that.
//! - It never gives space back: the caller starts a new store when this one is empty and large.
//!
//! Keys: `h` the head; `e` and the sequence number, big endian, an envelope. Every value ends with the CRC-32 (IEEE,
//! little endian) of the bytes before it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use wardvoice_protocol::id::Hash;

use crate::files;
use crate::killpoint;

mod snapshots;

const HEAD_KEY: &[u8] = b"h";
const ENVELOPE_PREFIX: u8 = b'e';
const HEAD_VERSION: u8 = 1;
const CACHE_BYTES: u64 = 4 * 1024 * 1024;
/// How long threads of sled's may hold a store after it was dropped.
const CLOSING: Duration = Duration::from_secs(5);
const CLOSING_LOOK: Duration = Duration::from_millis(5);

/// Why the store cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum StoreError {
    /// The system or sled says no.
    #[error("{0}")]
    Failed(String),
    /// sled panicked on what it read.
    #[error("the database is damaged ({0})")]
    Panicked(String),
    /// A value's own checksum does not match.
    #[error("the checksum of {0} does not match")]
    Checksum(String),
    /// A value or key of a shape that was never written.
    #[error("{0} is not of a known shape")]
    Shape(String),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What the store says about itself, written in the batch of every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredHead {
    /// The number of the last envelope ever appended.
    pub(super) sequence: u64,
    /// Its hash.
    pub(super) hash: Hash,
    /// How many envelopes wait.
    pub(super) count: u64,
    /// The exclusive or of the hashes of the waiting envelopes.
    pub(super) digest: [u8; 32],
}

/// Everything in a store.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) head: Option<StoredHead>,
    pub(super) envelopes: BTreeMap<u64, Vec<u8>>,
}

/// An open store.
pub(super) struct Store {
    database: Option<sled::Db>,
    file: File,
    path: PathBuf,
}

impl Store {
    /// Opens or creates the store in a directory.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if path.exists() {
            snapshots::prepare(path)?;
        }
        let deadline = Instant::now() + CLOSING;
        let database = loop {
            let opened = guard(|| {
                Ok(sled::Config::new()
                    .path(path)
                    .cache_capacity(CACHE_BYTES)
                    .flush_every_ms(None)
                    .mode(sled::Mode::LowSpace)
                    .open())
            })?;
            match opened {
                Ok(database) => break database,
                // Another process is kept out by the outbox's own lock, so this is a store that is still closing here.
                Err(sled::Error::Io(error)) if is_locked(&error) && Instant::now() < deadline => {
                    thread::sleep(CLOSING_LOOK);
                }
                Err(error) => return Err(failed(error)),
            }
        };
        // sled makes and renames files while it opens, and a file for each large page; never otherwise.
        snapshots::settle(path)?;
        Ok(Self { database: Some(database), file: File::open(path.join("db"))?, path: path.to_owned() })
    }

    /// Whether a directory holds a store's file.
    pub(super) fn exists(path: &Path) -> bool {
        path.join("db").exists()
    }

    /// Reads everything and checks every checksum; the first that fails is the error.
    pub(super) fn contents(&self) -> Result<Contents, StoreError> {
        let (contents, damage) = self.salvage();
        damage.map_or(Ok(contents), Err)
    }

    /// Reads what can be read, and says what could not.
    pub(super) fn salvage(&self) -> (Contents, Option<StoreError>) {
        let mut contents = Contents::default();
        let mut damage = None;
        let mut last: Option<Vec<u8>> = None;
        // One guarded step an entry: a page that panics ends the walk but not what was read before it.
        loop {
            let step = guard(|| {
                let database = self.database()?;
                let next = match &last {
                    None => database.iter().next(),
                    Some(key) => database.get_gt(key).map_err(failed)?.map(Ok),
                };
                Ok(next.transpose().map_err(failed)?.map(|(key, value)| (key.to_vec(), value.to_vec())))
            });
            let (key, value) = match step {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    damage = damage.or(Some(error));
                    break;
                }
            };
            if let Err(error) = contents.take(&key, &value) {
                damage = damage.or(Some(error));
            }
            last = Some(key);
        }
        (contents, damage)
    }

    /// One envelope's JSON.
    pub(super) fn envelope(&self, sequence: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let value = guard(|| self.database()?.get(envelope_key(sequence)).map_err(failed))?;
        value.map(|value| unchecked(&value, || format!("envelope {sequence}")).map(<[u8]>::to_vec)).transpose()
    }

    /// Writes envelopes, deletes envelopes and sets the head, all or nothing; durable when it returns.
    ///
    /// After an error the store may or may not hold the change: nothing more may be asked of it.
    pub(super) fn commit(
        &mut self,
        puts: &[(u64, &[u8])],
        deletes: &[u64],
        head: &StoredHead,
    ) -> Result<(), StoreError> {
        guard(|| {
            let database = self.database()?;
            let mut batch = sled::Batch::default();
            for (sequence, json) in puts {
                batch.insert(envelope_key(*sequence).as_slice(), checked(json));
            }
            for sequence in deletes {
                batch.remove(envelope_key(*sequence).as_slice());
            }
            batch.insert(HEAD_KEY, checked(&head.encode()));
            fail::fail_point!("outbox.apply_error", |_| Err(StoreError::Failed(
                "no space left (injected)".into()
            )));
            database.apply_batch(batch).map_err(failed)?;
            killpoint::reach("outbox.before_flush");
            fail::fail_point!("outbox.flush_error", |_| Err(StoreError::Failed("flush failed (injected)".into())));
            database.flush().map_err(failed)?;
            Ok(())
        })?;
        // fdatasync writes the file's size too when it has grown.
        self.file.sync_data()?;
        let blobs = self.path.join("blobs");
        let mut new_names = false;
        for entry in fs::read_dir(&blobs)? {
            File::open(entry?.path())?.sync_all()?;
            new_names = true;
        }
        if new_names {
            files::sync_directory(&blobs)?;
        }
        Ok(())
    }

    /// The bytes the store's main file takes.
    pub(super) fn size_bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    fn database(&self) -> Result<&sled::Db, StoreError> {
        // Empty only while the store is being dropped.
        self.database.as_ref().ok_or_else(|| StoreError::Failed("the store is closed".to_owned()))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let database = self.database.take();
        // A store that is damaged may panic while it closes; that must not end the process.
        if let Err(error) = guard(|| {
            drop(database);
            Ok(())
        }) {
            tracing::warn!(%error, "closing the outbox");
        }
    }
}

impl Contents {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if key == HEAD_KEY {
            let value = unchecked(value, || "the head".to_owned())?;
            self.head = Some(StoredHead::decode(value).ok_or_else(|| StoreError::Shape("the head".to_owned()))?);
            return Ok(());
        }
        let sequence = match key.split_first() {
            Some((&ENVELOPE_PREFIX, digits)) => digits.try_into().map(u64::from_be_bytes).ok(),
            _ => None,
        };
        let sequence = sequence.ok_or_else(|| StoreError::Shape("a key".to_owned()))?;
        let json = unchecked(value, || format!("envelope {sequence}"))?;
        self.envelopes.insert(sequence, json.to_vec());
        Ok(())
    }
}

impl StoredHead {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![HEAD_VERSION];
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.hash.as_bytes());
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.digest);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (&HEAD_VERSION, rest) = bytes.split_first()? else { return None };
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (hash, rest) = rest.split_first_chunk::<32>()?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        rest.is_empty().then(|| Self {
            sequence: u64::from_le_bytes(*sequence),
            hash: Hash::from_bytes(*hash),
            count: u64::from_le_bytes(*count),
            digest: *digest,
        })
    }
}

fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn envelope_key(sequence: u64) -> [u8; 9] {
    let mut key = [ENVELOPE_PREFIX; 9];
    if let Some(digits) = key.last_chunk_mut::<8>() {
        *digits = sequence.to_be_bytes();
    }
    key
}

fn checked(bytes: &[u8]) -> Vec<u8> {
    let mut value = bytes.to_vec();
    value.extend(crc32fast::hash(bytes).to_le_bytes());
    value
}

fn unchecked(value: &[u8], name: impl Fn() -> String) -> Result<&[u8], StoreError> {
    let (bytes, crc) = value.split_last_chunk::<4>().ok_or_else(|| StoreError::Shape(name()))?;
    if crc32fast::hash(bytes) == u32::from_le_bytes(*crc) { Ok(bytes) } else { Err(StoreError::Checksum(name())) }
}

#[expect(clippy::needless_pass_by_value, reason = "shaped for map_err")]
fn failed(error: sled::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs something of sled's; a panic inside becomes an error and its message is not printed twice.
fn guard<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                before(info);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "no reason given".to_owned());
        Err(StoreError::Panicked(text.lines().next().unwrap_or_default().to_owned()))
    })
}
