//! Opening: nothing is believed before it has been held against the marker.
//!
//! What is checked costs the same for ten records and for ten million: the store reaches as far as the marker says, the
//! running hash leads from the marker to the store's end, the last record is there with its envelope, and the heads of
//! the kiosks' chains add up to the number of records and are where they say. `verify` reads everything.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::receipt::Reason;

use super::forget::{self, Gone};
use super::marker::{Found, Mark, Marker};
use super::rewrite;
use super::row::{Meta, asks_for_help, run_on};
use super::store::Store;
use super::{Head, Holder, Log, LogError, Reader, Shared, Source};

pub(super) fn store_path(directory: &Path) -> PathBuf {
    directory.join("store")
}

pub(super) fn marker_path(directory: &Path) -> PathBuf {
    directory.join("marker")
}

pub(super) fn open(directory: &Path) -> Result<Log, LogError> {
    let (store_path, marker_path) = (store_path(directory), marker_path(directory));
    let file = |path: &Path, source| LogError::File { path: path.to_owned(), source };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| file(directory, source))?;
    let exists = Store::exists(&store_path);
    let (marker, mark) = match Marker::find(&marker_path).map_err(|source| file(&marker_path, source))? {
        Found::Mark(marker, mark) => (marker, mark),
        Found::Unreadable => return Err(LogError::NoMarker { path: marker_path, state: "not readable" }),
        Found::Nothing if exists => return Err(LogError::NoMarker { path: marker_path, state: "missing" }),
        Found::Nothing => {
            let marker = Marker::create(&marker_path, Mark::EMPTY).map_err(|source| file(&marker_path, source))?;
            (marker, Mark::EMPTY)
        }
    };
    if !exists && mark.commits > 0 {
        return Err(LogError::Shortened { path: store_path, promised: mark.position, found: 0 });
    }
    let store = Store::open(&store_path)?;
    // Only now, because nobody else has this log open.
    rewrite::clear(directory).map_err(|source| file(directory, source))?;
    let mut shared = Shared {
        store,
        durable: AtomicU64::new(0),
        forgotten: AtomicU64::new(0),
        gone: AtomicU64::new(0),
        poisoned: Mutex::new(None),
    };
    let meta = shared.meta()?.unwrap_or(Meta::EMPTY);
    if meta.commits < mark.commits || meta.position < mark.position {
        return Err(LogError::Shortened { path: store_path, promised: mark.position, found: meta.position });
    }
    *shared.durable.get_mut() = meta.position;
    let (mut forgotten, mut gone) = (0, 0);
    for tombstone in forget::all(&shared.store) {
        forgotten += 1;
        gone += u64::from(tombstone?.1.gone == Gone::Everything);
    }
    (*shared.forgotten.get_mut(), *shared.gone.get_mut()) = (forgotten, gone);
    let shared = Arc::new(shared);
    let reader = Reader::new(Arc::clone(&shared));
    check_end(&reader, &store_path, &mark, &meta)?;
    let heads: HashMap<KioskId, Head> = reader.heads()?.into_iter().collect();
    let sources: HashMap<KioskId, Source> = reader.sources()?.into_iter().collect();
    check_sums(&shared, &store_path, &meta, &heads, &sources)?;
    if meta.commits > mark.commits {
        // The power went between the store's flush and the marker's.
        let mark = Mark { commits: meta.commits, position: meta.position, running: meta.running };
        marker.advance(&mark).map_err(|source| file(&marker_path, source))?;
    }
    let mut log = Log { directory: directory.to_owned(), shared, marker, meta, heads, sources };
    note_requests(&mut log)?;
    note_forks(&mut log)?;
    Ok(log)
}

/// Finds the requests for help among what a program from before there were keys for them has stored; once.
fn note_requests(log: &mut Log) -> Result<(), LogError> {
    let (from, to) = (log.meta.requests_to + 1, log.meta.position);
    if from > to {
        return Ok(());
    }
    let mut requests = BTreeMap::new();
    log.reader().each_row::<LogError>(from..=to, |row| {
        if asks_for_help(row.json) {
            requests.insert(row.position, row.record_id);
        }
        Ok(())
    })?;
    let mut batch = log.begin();
    batch.note_requests(requests, to);
    log.commit(batch).map(drop)
}

/// Counts the forks among what a program from before they were counted has refused; once. What of the quarantine cannot be read keeps no log from
/// opening.
fn note_forks(log: &mut Log) -> Result<(), LogError> {
    let reader = log.reader();
    if reader.counts_forks()? {
        return Ok(());
    }
    let mut forks: HashMap<KioskId, (u64, u64)> = HashMap::new();
    for entry in reader.quarantine(0)? {
        match entry {
            Ok(entry) if entry.reason == Reason::ForkedChain => {
                let (many, newest) = forks.entry(entry.kiosk).or_default();
                (*many, *newest) = (*many + 1, entry.number);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!("failed to {error}; which kiosks' chains are forked is counted up to there");
                break;
            }
        }
    }
    let mut batch = log.begin();
    batch.note_forks(log, &forks);
    log.commit(batch).map(drop)
}

fn check_end(reader: &Reader, path: &Path, mark: &Mark, meta: &Meta) -> Result<(), LogError> {
    let inconsistent = |what: String| LogError::Inconsistent { path: path.to_owned(), what };
    let mut running = mark.running;
    if mark.position < meta.position {
        reader.each_row::<LogError>(mark.position + 1..=meta.position, |row| {
            running = run_on(&running, &row.envelope);
            Ok(())
        })?;
    }
    if running != meta.running {
        return Err(inconsistent("the records after the marker do not follow from it".to_owned()));
    }
    if meta.position > 0 && !reader.holds(meta.position)? {
        return Err(inconsistent(format!("record {} is not there", meta.position)));
    }
    Ok(())
}

fn check_sums(
    shared: &Shared,
    path: &Path,
    meta: &Meta,
    heads: &HashMap<KioskId, Head>,
    sources: &HashMap<KioskId, Source>,
) -> Result<(), LogError> {
    let inconsistent = |what: String| Err(LogError::Inconsistent { path: path.to_owned(), what });
    let stored: u64 = heads.values().map(|head| head.stored).sum();
    if stored != meta.position {
        return inconsistent(format!("the kiosks have {stored} records and the log {}", meta.position));
    }
    let entries: u64 = sources.values().map(|source| source.entries).sum();
    if entries != meta.quarantined {
        return inconsistent(format!("the sources have {entries} refused envelopes and not {}", meta.quarantined));
    }
    for (kiosk, head) in heads.iter().filter(|(_, head)| head.highest > 0) {
        let slot = shared.slot(kiosk, head.highest)?;
        let fits = slot.is_some_and(|slot| {
            let linked = !matches!(slot.holder, Holder::Refused { linked: false, .. });
            linked && slot.hash == head.hash
        });
        if !fits {
            return inconsistent(format!("number {} of kiosk {kiosk} is not where its head is", head.highest));
        }
    }
    Ok(())
}
