//! The way back from a damaged outbox: the broken store is put aside, never deleted, and a new one continues the chain.
//!
//! Envelopes of the broken store that still prove themselves (checksum, number, kiosk, own signature) are carried over.
//! What is lost stays visible: the next envelope takes the number after the last one ever promised, so the aggregator
//! names the gap.

use std::fs;
use std::path::{Path, PathBuf};

use wardvoice_protocol::envelope::ChainHead;
use wardvoice_protocol::id::KioskId;

use super::marker::{Found, Marker, MarkerFile};
use super::store::{Contents, Store, StoredHead};
use super::{
    Damage, Outbox, OutboxError, Waiting, check, damaged, digest, directory, file, generations, lock, marker_path,
    read, store_path,
};
use crate::files;
use crate::identity::Identity;

/// What recovering did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// Nothing was wrong.
    NotNeeded {
        /// How many records wait.
        waiting: u64,
        /// Where the chain stands.
        head: ChainHead,
    },
    /// The chain goes on in a new store.
    Continued {
        /// Where the broken store is now; absent when there was none.
        aside: Option<PathBuf>,
        /// How many envelopes were carried over.
        carried: u64,
        /// Where the chain goes on from.
        head: ChainHead,
    },
}

/// Brings an outbox that does not open back to work.
///
/// `known_head` is where the aggregator says the chain stands (`wardvoice-aggregator verify --json`); it is needed only when
/// neither marker nor store reads, and used when it is ahead of both.
pub fn recover(data: &Path, identity: &Identity, known_head: Option<ChainHead>) -> Result<Recovered, OutboxError> {
    match Outbox::open_with_reserve(data, identity.clone(), 0) {
        Ok(outbox) if known_head.is_none_or(|known| known.sequence <= outbox.head().sequence) => {
            return Ok(Recovered::NotNeeded { waiting: outbox.waiting().len() as u64, head: outbox.head() });
        }
        Ok(_) | Err(OutboxError::Damaged { .. }) => {}
        Err(other) => return Err(other),
    }
    let lock = lock(data)?;
    let marker = match Marker::read(&marker_path(data)).map_err(|source| file(marker_path(data), source))? {
        Found::Marker(marker) => Some(marker),
        Found::Damaged | Found::Nothing => None,
    };
    let generation = match &marker {
        Some(marker) => marker.generation,
        None => generations(data, "store-")?
            .last()
            .copied()
            .max(generations(data, "broken-")?.last().copied())
            .unwrap_or(1),
    };
    let (from, to) = (store_path(data, generation), directory(data).join(format!("broken-{generation}")));
    // A recovery that was interrupted may have renamed the store already.
    let contents =
        [&from, &to].into_iter().find(|path| path.exists()).map(|path| salvage(path)).unwrap_or_default();
    let head = head_to_continue(&contents, marker.as_ref(), &identity.kiosk, known_head)
        .ok_or_else(|| damaged(data, Damage::MarkerDamaged))?;
    let carried = carry(contents, identity, head);
    // Only now that there is a way on: a store without a marker must stay where opening finds and refuses it.
    let aside = put_aside(&from, to)?;

    // Whatever a recovery that was interrupted left behind under the new number was never in use.
    let path = store_path(data, generation + 1);
    if path.exists() {
        fs::remove_dir_all(&path).map_err(|source| file(path.clone(), source))?;
    }
    let unreadable = |error: super::StoreError| damaged(data, Damage::Unreadable(error.to_string()));
    let mut store = Store::open(&path).map_err(unreadable)?;
    let puts: Vec<(u64, &[u8])> =
        carried.iter().map(|(waiting, json)| (waiting.sequence, json.as_slice())).collect();
    let stored = StoredHead {
        sequence: head.sequence,
        hash: head.hash,
        count: carried.len() as u64,
        digest: digest(carried.iter().map(|(waiting, _)| waiting)),
    };
    store.commit(&puts, &[], &stored).map_err(unreadable)?;
    drop(store);
    let marker = Marker { kiosk: identity.kiosk.clone(), generation: generation + 1, head };
    MarkerFile::create(&marker_path(data), &marker).map_err(|source| file(marker_path(data), source))?;
    drop(lock);
    Outbox::open_with_reserve(data, identity.clone(), 0)?;
    Ok(Recovered::Continued { aside, carried: carried.len() as u64, head })
}

/// Renames the store; finds it again when an interrupted recovery had already done so.
fn put_aside(from: &Path, to: PathBuf) -> Result<Option<PathBuf>, OutboxError> {
    if from.exists() && !to.exists() {
        fs::rename(from, &to)
            .and_then(|()| files::sync_directory(to.parent().unwrap_or(Path::new("."))))
            .map_err(|source| file(from.to_owned(), source))?;
    }
    Ok(to.exists().then_some(to))
}

/// Reads what can be read from a copy, because opening a sled database writes to it.
fn salvage(broken: &Path) -> Contents {
    let read = |path: &Path| Store::open(path).map(|store| store.salvage().0);
    let copy = broken.with_extension("copy");
    let copied = remove_if_there(&copy).and_then(|()| copy_tree(broken, &copy));
    let contents = match copied {
        Ok(()) => read(&copy).unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "copying the broken store; nothing is carried over from it");
            Contents::default()
        }
    };
    if let Err(error) = remove_if_there(&copy) {
        tracing::warn!(%error, "removing the copy of the broken store");
    }
    contents
}

/// The highest head that anyone vouches for. A store alone is believed when it is whole, or when there is no marker.
fn head_to_continue(
    contents: &Contents,
    marker: Option<&Marker>,
    kiosk: &KioskId,
    known: Option<ChainHead>,
) -> Option<ChainHead> {
    let stored = contents.head.map(|head| ChainHead { sequence: head.sequence, hash: head.hash });
    let stored = stored.filter(|head| {
        let alone = Marker { kiosk: kiosk.clone(), generation: 0, head: *head };
        check(contents, &alone, kiosk, false).is_ok()
    });
    [marker.map(|marker| marker.head), stored, known].into_iter().flatten().max_by_key(|head| head.sequence)
}

fn carry(contents: Contents, identity: &Identity, head: ChainHead) -> Vec<(Waiting, Vec<u8>)> {
    let key = identity.signing_key.verifying_key();
    let whole = |(sequence, json): (u64, Vec<u8>)| {
        let envelope = read(&json, sequence, &identity.kiosk)?;
        let fits = sequence < head.sequence || envelope.chain_head() == head;
        (fits && envelope.is_signed_by(&key)).then(|| (Waiting::of(&envelope), json))
    };
    contents.envelopes.into_iter().filter_map(whole).collect()
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    if path.exists() { fs::remove_dir_all(path) } else { Ok(()) }
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
