//! The one file of the aggregator that knows sled.
//!
//! A promise is [`Store::apply`]: one atomic batch, sled's flush, then fsync of the database file, in that order. sled's
//! own flush is no barrier for the size of the file or the cache of the device (measured: 5 of 10 power cuts lost
//! thousands of acknowledged records), so the fsync is ours. Every value carries a checksum over its key and itself.
//!
//! What sled does to names, it does while it opens; that is made durable once, before anything is promised.
//!
//! Three traps of sled 0.34 shape the sizes here. A leaf holds up to some 19 values, and a leaf of more than 128 KiB is
//! written to a file of its own that sled does not fsync: so no value is larger than [`MAX_VALUE_BYTES`]. And a damaged
//! file makes sled panic, not fail: so every call is guarded and a panic becomes an error. The third, what it does to its
//! snapshots, is in [`snapshots`].
//!
//! One more shapes the time a start takes: sled notes where everything is only while it opens, and an opening reads all that
//! was written since the one before. So a store that has grown is closed and opened again while it is in use, at a moment
//! when nobody reads ([`Store::refresh`]).

use std::fs::{self, File, TryLockError};
use std::ops::Deref;
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::LogError;
use crate::killpoint::die;

mod snapshots;

/// The largest value that may be stored; larger things are cut into parts.
pub(super) const MAX_VALUE_BYTES: usize = 6_000;

const CACHE_BYTES: u64 = 32 * 1024 * 1024;
const CHECKSUM_BYTES: usize = 4;
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// The key-value store under the log.
pub(super) struct Store {
    /// `None` once it was closed and did not open again.
    database: RwLock<Option<sled::Db>>,
    /// Lent to every iterator: they hold the database too.
    lent: Arc<()>,
    file: File,
    directory: PathBuf,
    /// The length of the file when it was opened last.
    noted: AtomicU64,
}

/// A value without its checksum.
pub(super) struct Value(sled::IVec);

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // The checksum's presence was checked when the value was read.
        self.0.split_last_chunk::<CHECKSUM_BYTES>().map_or(&[], |(payload, _)| payload)
    }
}

/// What one promise writes.
#[derive(Default)]
pub(super) struct Writes(sled::Batch);

impl Writes {
    pub(super) fn put(&mut self, key: &[u8], payload: &[u8]) {
        debug_assert!(payload.len() <= MAX_VALUE_BYTES + 64, "a value of {} bytes", payload.len());
        let mut value = Vec::with_capacity(payload.len() + CHECKSUM_BYTES);
        value.extend_from_slice(payload);
        value.extend_from_slice(&checksum(key, payload));
        self.0.insert(key, value);
    }

    pub(super) fn delete(&mut self, key: &[u8]) {
        self.0.remove(key);
    }
}

impl Store {
    /// Whether a store has been made in this directory.
    pub(super) fn exists(directory: &Path) -> bool {
        directory.join("db").exists()
    }

    /// Opens or makes the store. A panic inside becomes [`LogError::WouldNotOpen`].
    pub(super) fn open(directory: &Path) -> Result<Self, LogError> {
        Self::open_within(directory, LOCK_PATIENCE)
    }

    /// The same, waiting so long for a store that was closed a moment ago to let go.
    pub(super) fn open_within(directory: &Path, patience: Duration) -> Result<Self, LogError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| LogError::File { path: directory.to_owned(), source })?;
        let database = open_database(directory, patience)?;
        let file_path = directory.join("db");
        let opened = File::open(&file_path).and_then(|file| file.metadata().map(|data| (file, data.len())));
        let (file, length) = opened.map_err(|source| LogError::File { path: file_path, source })?;
        Ok(Self {
            database: RwLock::new(Some(database)),
            lent: Arc::default(),
            file,
            directory: directory.to_owned(),
            noted: AtomicU64::new(length),
        })
    }

    /// Closes and opens a store that has grown by so many bytes since it was opened last, so that the next start need not
    /// read them; whether it did. It does nothing while somebody iterates. Everything else waits meanwhile.
    pub(super) fn refresh(&self, grown_bytes: u64) -> Result<bool, LogError> {
        let length = self.file.metadata();
        let length = length.map_err(|source| LogError::File { path: self.directory.clone(), source })?.len();
        if length < self.noted.load(Ordering::Relaxed).saturating_add(grown_bytes) {
            return Ok(false);
        }
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(&self.lent) > 1 {
            return Ok(false);
        }
        // The old one has to be gone before it can be opened again.
        *database = None;
        *database = Some(open_database(&self.directory, LOCK_PATIENCE)?);
        self.noted.store(length, Ordering::Relaxed);
        Ok(true)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Value>, LogError> {
        match self.with(|database| database.get(key))? {
            Some(value) => checked(key, value).map(Some),
            None => Ok(None),
        }
    }

    /// The greatest key below another, with its value.
    pub(super) fn last_before(&self, key: &[u8]) -> Result<Option<(Vec<u8>, Value)>, LogError> {
        match self.with(|database| database.get_lt(key))? {
            Some((key, value)) => Ok(Some((key.to_vec(), checked(&key, value)?))),
            None => Ok(None),
        }
    }

    /// Keys and values from one key up to, and without, another, in order.
    pub(super) fn range(
        &self,
        from: &[u8],
        until: &[u8],
    ) -> impl Iterator<Item = Result<(Vec<u8>, Value), LogError>> + use<> {
        let lent = Arc::clone(&self.lent);
        let opened = self.with(|database| Ok(database.range(from.to_vec()..until.to_vec())));
        let (mut entries, mut failure) = match opened {
            Ok(entries) => (Some((entries, lent)), None),
            Err(error) => (None, Some(error)),
        };
        std::iter::from_fn(move || {
            if let Some(error) = failure.take() {
                return Some(Err(error));
            }
            let (open, _lent) = entries.as_mut()?;
            let item = match guarded(|| open.next().transpose()) {
                Ok(item) => item.map(|(key, value)| checked(&key, value).map(|value| (key.to_vec(), value))),
                Err(error) => Some(Err(error)),
            };
            if !matches!(item, Some(Ok(_))) {
                entries = None;
            }
            item
        })
    }

    /// Makes one promise: everything or nothing, on the disk when this returns.
    pub(super) fn apply(&self, writes: Writes) -> Result<(), LogError> {
        self.with(|database| database.apply_batch(writes.0))?;
        fail::fail_point!("log.before_flush", |_| die());
        self.with(|database| database.flush().map(drop))?;
        self.sync()?;
        fail::fail_point!("log.flush_fails", |_| Err(LogError::Store("the flush was made to fail".to_owned())));
        fail::fail_point!("log.after_flush", |_| die());
        Ok(())
    }

    fn with<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, LogError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let closed = || LogError::Store("it was closed and did not open again".to_owned());
        let database = database.as_ref().ok_or_else(closed)?;
        guarded(|| call(database))
    }

    fn sync(&self) -> Result<(), LogError> {
        let error = |source| LogError::File { path: self.directory.clone(), source };
        // fdatasync flushes the size too when reading back needs it.
        self.file.sync_data().map_err(error)?;
        // Values are kept small so that nothing ever lands here; should sled change its mind, it is still flushed.
        for blob in fs::read_dir(self.directory.join("blobs")).map_err(error)? {
            File::open(blob.map_err(error)?.path()).and_then(|blob| blob.sync_all()).map_err(error)?;
        }
        Ok(())
    }
}

fn open_database(directory: &Path, patience: Duration) -> Result<sled::Db, LogError> {
    let path = || directory.to_owned();
    let file = |source| LogError::File { path: path(), source };
    let config = sled::Config::new()
        .path(directory)
        .cache_capacity(CACHE_BYTES)
        .mode(sled::Mode::HighThroughput)
        .flush_every_ms(None);
    let patience = Instant::now() + patience;
    let database = loop {
        if prepare(directory).map_err(file)? {
            match catch_unwind(AssertUnwindSafe(|| config.open())) {
                Ok(Ok(database)) => break database,
                Ok(Err(error)) if error.to_string().contains("could not acquire lock") => {}
                Ok(Err(error)) => return Err(LogError::WouldNotOpen { path: path(), reason: error.to_string() }),
                Err(panic) => return Err(LogError::WouldNotOpen { path: path(), reason: panic_text(&*panic) }),
            }
        }
        // A store closed a moment ago in this process lets go of its lock when its last task ends.
        if Instant::now() > patience {
            return Err(LogError::InUse(path()));
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    snapshots::settle(directory).map_err(file)?;
    Ok(database)
}

/// Readies a store for opening, unless somebody has it open.
fn prepare(directory: &Path) -> std::io::Result<bool> {
    match File::open(directory.join("db")) {
        // sled holds the same lock while it has the file open; ours ends with this function.
        Ok(file) => match file.try_lock() {
            Ok(()) => snapshots::prepare(directory).map(|()| true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => snapshots::prepare(directory).map(|()| true),
        Err(error) => Err(error),
    }
}

pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, LogError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| LogError::Store(error.to_string())),
        Err(panic) => Err(LogError::Store(panic_text(&*panic))),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the store panicked: {}", text.unwrap_or("no reason given"))
}

fn checked(key: &[u8], value: sled::IVec) -> Result<Value, LogError> {
    let sound =
        value.split_last_chunk::<CHECKSUM_BYTES>().is_some_and(|(payload, sum)| *sum == checksum(key, payload));
    if sound { Ok(Value(value)) } else { Err(LogError::Checksum(super::keys::describe(key))) }
}

fn checksum(key: &[u8], payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(payload);
    hasher.finalize().to_le_bytes()
}
