//! A log copied into another folder, for a backup: what is read, byte for byte as the store holds it, and what is made of it again.
//!
//! Records up to a position are changed by nothing but being forgotten, so they are read while more is written: one that is forgotten
//! meanwhile is in the copy as it was or as it is, and fits either way. What changes (the
//! quarantine, who has seen a request) is small and is read while nothing is written. Slots, heads, indices and counts follow from these
//! and are made anew, as a salvage makes them; so what comes out is a log that this program would have written, and the running hash over
//! it says that it is the same one.
//!
//! A copied record is its opened row and its envelope, each behind its length, and where these were forgotten its tombstone; a copied entry of the quarantine is the entry and the slot
//! of the chain that it holds, if it holds one.

use std::ops::RangeInclusive;
use std::path::Path;

use wardvoice_protocol::id::RecordId;

use super::bytes::{Cursor, Put};
use super::forget::Tombstone;
use super::keys::{self, Family};
use super::quarantine::{NewRefusal, Refused};
use super::row::{self, decode_seen, encode_opened};
use super::salvage::append;
use super::{Batch, Committed, Holder, Log, LogError, Reader, Seen, Slot};

/// How many records are looked at together.
const TOGETHER: u64 = 128;
/// How many things are promised at once.
const BATCH: usize = 1_024;

impl Reader {
    /// Shows every record of a span of positions as the store holds it, with its position.
    pub(crate) fn copy_records<E: From<LogError>>(
        &self,
        positions: RangeInclusive<u64>,
        mut see: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut from, last) = (*positions.start(), *positions.end());
        while from <= last {
            let until = from.saturating_add(TOGETHER - 1).min(last);
            let mut rows = Vec::new();
            self.each::<LogError>(Family::Opened, from..=until, |_, row| {
                rows.push(row.to_vec());
                Ok(())
            })?;
            let mut rows = rows.into_iter();
            self.each::<E>(Family::Envelopes, from..=until, |position, envelope| {
                let mut row = rows.next().unwrap_or_default();
                if envelope.is_empty() {
                    // It may have been forgotten since its row was read.
                    row = self.row(position, |row| Ok(encode_opened(&row)))?.unwrap_or_default();
                }
                let mut bytes = Vec::new();
                bytes.put_block(&row);
                bytes.put_block(envelope);
                if envelope.is_empty() {
                    let tombstone = self.tombstone(position)?;
                    bytes.put_block(&tombstone.map(|tombstone| tombstone.encode()).unwrap_or_default());
                }
                see(position, &bytes)
            })?;
            from = until + 1;
        }
        Ok(())
    }

    /// Shows every entry of the quarantine as the store holds it, with what it holds of a chain; how many there are. To be called
    /// while nothing is written.
    pub(crate) fn copy_quarantine<E: From<LogError>>(
        &self,
        mut see: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut count = 0;
        for entry in self.quarantine(0)? {
            let entry = entry?;
            let slot = match entry.sequence {
                Some(sequence) => self.shared.slot(&entry.kiosk, sequence.get())?,
                None => None,
            };
            let holds =
                |slot: &Slot| matches!(slot.holder, Holder::Refused { number, .. } if number == entry.number);
            let slot = slot.filter(holds).map(|slot| row::encode_slot(&slot)).unwrap_or_default();
            let mut bytes = Vec::new();
            bytes.put_block(&entry.encode());
            bytes.put_block(&slot);
            see(&bytes)?;
            count += 1;
        }
        Ok(count)
    }

    /// Shows who has seen which request for help, as the store holds it; how many there are. To be called while nothing is written.
    pub(crate) fn copy_seen<E: From<LogError>>(
        &self,
        mut see: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let (from, until) = keys::all_of_kind(&keys::seen(&RecordId::new(0, [0; 10])));
        let mut count = 0;
        for entry in self.shared.store.range(&from, &until) {
            let (key, value) = entry?;
            let unreadable = || LogError::Unreadable(keys::describe(&key));
            let record = keys::seen_record(&key).ok_or_else(unreadable)?;
            let mut bytes = record.as_bytes().to_vec();
            bytes.put(&value);
            see(&bytes)?;
            count += 1;
        }
        Ok(count)
    }
}

/// A log made again from what was copied. It is one when [`Copying::finish`] has returned.
pub(crate) struct Copying {
    log: Log,
    batch: Batch,
    waiting: usize,
    records: u64,
    refused: u64,
    seen: Vec<(RecordId, Seen)>,
}

impl Copying {
    /// Begins in a folder that holds no log.
    pub(crate) fn begin(directory: &Path) -> Result<Self, LogError> {
        let log = Log::open(directory)?;
        if log.end().position > 0 {
            let what = "it holds records already".to_owned();
            return Err(LogError::Inconsistent { path: directory.to_owned(), what });
        }
        let batch = log.begin();
        Ok(Self { log, batch, waiting: 0, records: 0, refused: 0, seen: Vec::new() })
    }

    /// Takes the next record.
    pub(crate) fn record(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let position = self.records + 1;
        let mut cursor = Cursor::new(bytes);
        let taken = match (cursor.block(), cursor.block()) {
            (Some(row), Some(envelope)) => {
                let tombstone = cursor.block().and_then(Tombstone::decode);
                append(&self.log, &mut self.batch, position, envelope, Some(row), tombstone)?
            }
            _ => false,
        };
        if !taken {
            return Err(LogError::Unreadable(format!("the copy of record {position}")));
        }
        self.records = position;
        self.more()
    }

    /// Takes the next entry of the quarantine.
    pub(crate) fn refused(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        self.refused += 1;
        let unreadable = || LogError::Unreadable(format!("the copy of refused envelope {}", self.refused));
        let mut cursor = Cursor::new(bytes);
        let (entry, slot) = cursor.block().zip(cursor.block()).ok_or_else(unreadable)?;
        let entry = Refused::decode(self.refused, entry).ok_or_else(unreadable)?;
        let slot = if slot.is_empty() { None } else { Some(row::decode_slot(slot).ok_or_else(unreadable)?) };
        let (kiosk, sequence) = (entry.kiosk.clone(), entry.sequence);
        let glimpse = (!entry.whole).then_some(entry.bytes);
        let new = NewRefusal {
            kiosk: entry.kiosk,
            received: entry.received,
            reason: entry.reason,
            detail: entry.detail,
            envelope: entry.envelope,
            record: entry.record,
            sequence: entry.sequence,
            payload: entry.payload,
        };
        let kept = self.batch.quarantine(&self.log, new)?.ok_or_else(unreadable)?;
        if let Some(bytes) = glimpse {
            self.batch.keep_glimpse(kept.number, bytes);
        }
        if let (Some(slot), Some(sequence)) = (slot, sequence) {
            let Holder::Refused { linked, .. } = slot.holder else { return Err(unreadable()) };
            let holder = Holder::Refused { number: kept.number, linked };
            self.batch.hold_slot(&self.log, &kiosk, sequence.get(), Slot { holder, ..slot })?;
        }
        self.more()
    }

    /// Takes who has seen a request for help.
    pub(crate) fn seen(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let unreadable = || LogError::Unreadable("the copy of an acknowledgement".to_owned());
        let mut cursor = Cursor::new(bytes);
        let record = cursor.record_id().ok_or_else(unreadable)?;
        let seen = decode_seen(cursor.rest()).ok_or_else(unreadable)?;
        self.seen.push((record, seen));
        Ok(())
    }

    /// Promises everything, closes the log and says how far it reaches.
    pub(crate) fn finish(mut self) -> Result<Committed, LogError> {
        for (record, seen) in std::mem::take(&mut self.seen) {
            self.batch.acknowledge(&self.log, record, seen)?;
        }
        self.promise()?;
        Ok(self.log.end())
    }

    fn more(&mut self) -> Result<(), LogError> {
        self.waiting += 1;
        if self.waiting < BATCH {
            return Ok(());
        }
        self.promise()
    }

    fn promise(&mut self) -> Result<(), LogError> {
        let batch = std::mem::replace(&mut self.batch, self.log.begin());
        self.log.commit(batch)?;
        // A batch counts on from the log it was begun in.
        self.batch = self.log.begin();
        self.waiting = 0;
        Ok(())
    }
}
