//! Forgetting: what a record held, or a part of it, is taken out of the log, and a tombstone stays in its place.
//!
//! The opened row keeps where the record stood (kiosk, number, id, hash, local day) and nothing of what was in it, or what is left of it; its times
//! are cut to the hour, as its id is. The envelope's bytes are gone. The tombstone keeps the hash of the envelope before, so that the chain can still be
//! walked, and the local day on which it was forgotten. It does not say why, or who asked.
//!
//! Old readers: a program from before there were tombstones finds a record that it cannot read and does not start, with an error that
//! names it. Old stores have none.

use std::collections::BTreeMap;

use jiff::Timestamp;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::Hash;

use super::block::{self, parts};
use super::bytes::{Cursor, Put};
use super::keys::{self, Family};
use super::row::{decode_envelope_link, decode_opened, encode_opened};
use super::store::{MAX_VALUE_BYTES, Store, Writes};
use super::{DayEvidence, LogError, OpenedRow};

const VERSION: u8 = 1;
const SECONDS_AN_HOUR: i64 = 3_600;

/// What stays of a record that was forgotten, or of one that was reduced, besides its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// The hash that its envelope named as the one before.
    pub previous: Hash,
    /// The local day on which it was forgotten or reduced last.
    pub on: DayNumber,
    /// How much is gone.
    pub gone: Gone,
}

/// How much of a record is gone; of all of these the envelope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gone {
    /// A part of what was in it: what stays was written anew.
    Part,
    /// Everything that was in it.
    Everything,
}

/// What is to stay of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Its place.
    Nothing,
    /// Its place and this JSON of a record in the place of what was in it.
    Reduced(Vec<u8>),
}

impl Tombstone {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.put_hash(&self.previous);
        bytes.put_i32(self.on.count());
        bytes.put_u8(u8::from(self.gone == Gone::Everything));
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        (cursor.u8()? == VERSION).then_some(())?;
        let (previous, on) = (cursor.hash()?, DayNumber::from_count(cursor.i32()?));
        let gone = if cursor.u8()? == 0 { Gone::Part } else { Gone::Everything };
        Some(Self { previous, on, gone })
    }
}

/// Blocks that are written anew because something in them is forgotten.
#[derive(Default)]
pub(super) struct Rewritten {
    blocks: BTreeMap<(u8, u64), Rewriting>,
}

struct Rewriting {
    family: Family,
    first: u64,
    parts: usize,
    rows: Vec<Vec<u8>>,
}

impl Rewritten {
    /// Takes what a record held out of its blocks but for what is left of it, and gives the tombstone; `None` when nothing more can go, or it is
    /// not there.
    pub(super) fn forget(
        &mut self,
        store: &Store,
        position: u64,
        left: &Left,
        on: DayNumber,
    ) -> Result<Option<Tombstone>, LogError> {
        let unreadable = |what: &str| LogError::Unreadable(format!("the {what} {position}"));
        let Some(opened) = self.row(store, Family::Opened, position)? else { return Ok(None) };
        let row = decode_opened(position, opened).ok_or_else(|| unreadable("opened record"))?;
        let Some(rewritten) = rewritten(row, left) else { return Ok(None) };
        *opened = rewritten;
        let envelope = self.row(store, Family::Envelopes, position)?.ok_or_else(|| unreadable("envelope"))?;
        let previous = if envelope.is_empty() {
            get(store, position)?.map(|tombstone| tombstone.previous)
        } else {
            decode_envelope_link(envelope)
        };
        let previous = previous.ok_or_else(|| unreadable("envelope"))?;
        envelope.clear();
        let gone = if *left == Left::Nothing { Gone::Everything } else { Gone::Part };
        Ok(Some(Tombstone { previous, on, gone }))
    }

    pub(super) fn write(&self, writes: &mut Writes) {
        for block in self.blocks.values() {
            for part in 0..u16::try_from(block.parts).unwrap_or(u16::MAX) {
                writes.delete(&block.family.part(block.first, part));
            }
            let mut bytes = Vec::new();
            block.rows.iter().for_each(|row| bytes.put_block(row));
            let count = u16::try_from(block.rows.len()).unwrap_or(u16::MAX);
            for (key, value) in parts(block.family, block.first, count, &bytes) {
                writes.put(&key, &value);
            }
        }
    }

    /// A row as it will be written.
    fn row(&mut self, store: &Store, family: Family, position: u64) -> Result<Option<&mut Vec<u8>>, LogError> {
        let Some(block) = block::find(store, family, position)? else { return Ok(None) };
        let first = block.first;
        let rewriting = self.blocks.entry((family.byte(), first)).or_insert_with(|| Rewriting {
            family,
            first,
            parts: block.bytes().len().div_ceil(MAX_VALUE_BYTES),
            rows: block.rows().map(|(_, row)| row.to_vec()).collect(),
        });
        let place = usize::try_from(position - first).unwrap_or(usize::MAX);
        Ok(rewriting.rows.get_mut(place))
    }
}

/// An opened record with what is left of it; `None` when that is what it is already.
fn rewritten(row: OpenedRow<'_>, left: &Left) -> Option<Vec<u8>> {
    let json: &[u8] = match left {
        Left::Nothing => b"",
        Left::Reduced(json) => json,
    };
    if row.is_forgotten() || row.json == json {
        return None;
    }
    let evidence = DayEvidence { claimed: hour(row.evidence.claimed), ..row.evidence };
    Some(encode_opened(&OpenedRow { received: hour(row.received), evidence, json, ..row }))
}

fn hour(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(SECONDS_AN_HOUR)).unwrap_or(time)
}

/// The tombstones of a store with their positions, in order.
pub(super) fn all(store: &Store) -> impl Iterator<Item = Result<(u64, Tombstone), LogError>> + use<> {
    store.range(&keys::tombstone(0), &keys::tombstone(u64::MAX)).map(|entry| {
        let (key, value) = entry?;
        let read = keys::tombstone_position(&key).zip(Tombstone::decode(&value));
        read.ok_or_else(|| LogError::Unreadable(keys::describe(&key)))
    })
}

/// The tombstone of a position.
pub(super) fn get(store: &Store, position: u64) -> Result<Option<Tombstone>, LogError> {
    let key = keys::tombstone(position);
    let Some(value) = store.get(&key)? else { return Ok(None) };
    Tombstone::decode(&value).map(Some).ok_or_else(|| LogError::Unreadable(keys::describe(&key)))
}
