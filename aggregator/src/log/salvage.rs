//! The way back from a damaged store: move it aside and take over every record that can still be read.
//!
//! Positions are given anew, so the running hash and every snapshot of the facts start afresh. What could not be read is
//! counted against what the marker promised: salvage never hides a loss. The damaged store stays where it was moved to.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::RecordId;

use super::block::{self, Block};
use super::forget::{self, Tombstone};
use super::keys;
use super::keys::Family;
use super::marker::{Found, Marker};
use super::open::{marker_path, store_path};
use super::quarantine::{self, NewRefusal};
use super::row::{self, decode_envelope, decode_opened, encode_envelope, kiosk_id};
use super::store::Store;
use super::{Holder, Log, LogError, NewRecord, Slot};

const BATCH_RECORDS: u64 = 256;

/// What a salvage came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Salvaged {
    /// Where the damaged log is now.
    pub damaged: PathBuf,
    /// How many records the marker promised; absent when the marker was not readable.
    pub promised: Option<u64>,
    /// How many records were taken over.
    pub records: u64,
    /// How many quarantined envelopes were taken over.
    pub quarantined: u64,
    /// Why reading ended early, when it did.
    pub stopped_at: Option<String>,
}

/// Moves the log in a folder aside and makes a new one from what can be read of it.
pub fn salvage(directory: &Path) -> Result<Salvaged, LogError> {
    let file = |path: &Path, source| LogError::File { path: path.to_owned(), source };
    let damaged = (1..u16::MAX)
        .map(|number| directory.with_extension(format!("damaged-{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| directory.with_extension("damaged"));
    fs::rename(directory, &damaged).map_err(|source| file(directory, source))?;
    let promised = match Marker::find(&marker_path(&damaged)) {
        Ok(Found::Mark(_, mark)) => Some(mark.position),
        Ok(Found::Nothing | Found::Unreadable) | Err(_) => None,
    };
    let mut log = Log::open(directory)?;
    let stopped_at = match Store::open(&store_path(&damaged)) {
        Ok(store) => take_over(&store, &mut log)?,
        Err(error) => Some(error.to_string()),
    };
    let reader = log.reader();
    Ok(Salvaged { damaged, promised, records: reader.position(), quarantined: reader.quarantined()?, stopped_at })
}

/// Reads until the damaged store fails; only an error of the new log is an error.
fn take_over(damaged: &Store, log: &mut Log) -> Result<Option<String>, LogError> {
    let mut stopped = None;
    let mut next = 1;
    let blocks = match block::scan(damaged, Family::Envelopes, 0) {
        Ok(blocks) => blocks,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let mut batch = log.begin();
    for envelopes in blocks {
        let opened = envelopes.and_then(|envelopes| {
            let opened = block::find(damaged, Family::Opened, envelopes.first)?;
            opened.map(|opened| (envelopes, opened)).ok_or_else(|| missing(next))
        });
        let (envelopes, first) = match opened {
            Ok(blocks) => blocks,
            Err(error) => {
                stopped = Some(error.to_string());
                break;
            }
        };
        next = envelopes.end();
        let mut opened: Block = first;
        for (position, envelope) in envelopes.rows() {
            if position >= opened.end() {
                let Ok(Some(found)) = block::find(damaged, Family::Opened, position) else {
                    stopped.get_or_insert_with(|| missing(position).to_string());
                    continue;
                };
                opened = found;
            }
            let row = opened.rows().find(|(number, _)| *number == position);
            // One that cannot be read is a record that cannot be taken over.
            let tombstone = forget::get(damaged, position).ok().flatten();
            if !append(log, &mut batch, position, envelope, row.map(|(_, row)| row), tombstone)? {
                stopped.get_or_insert_with(|| missing(position).to_string());
            }
            if position % BATCH_RECORDS == 0 {
                let full = std::mem::replace(&mut batch, log.begin());
                log.commit(full)?;
                batch = log.begin();
            }
        }
    }
    log.commit(batch)?;
    let refused = take_over_quarantine(damaged, log)?;
    let seen = take_over_seen(damaged, log)?;
    Ok(stopped.or(refused).or(seen))
}

fn missing(position: u64) -> LogError {
    LogError::Unreadable(format!("record {position}"))
}

/// Appends a record as a store holds it; whether it is one, and its id and its number in the chain are free.
pub(super) fn append(
    log: &Log,
    batch: &mut super::Batch,
    position: u64,
    envelope: &[u8],
    row: Option<&[u8]>,
    tombstone: Option<Tombstone>,
) -> Result<bool, LogError> {
    let parsed = row.and_then(|row| {
        let row = decode_opened(position, row)?;
        if envelope.is_empty() {
            return Some((row, kiosk_id(row.kiosk)?, Vec::new(), tombstone?.previous));
        }
        let payload = decode_envelope(envelope)?;
        let envelope = Envelope::read(&payload).ok().filter(|envelope| envelope.hash() == row.envelope)?;
        Some((row, kiosk_id(row.kiosk)?, encode_envelope(&envelope, &payload), envelope.previous()))
    });
    let Some((row, kiosk, envelope, previous)) = parsed else { return Ok(false) };
    let taken =
        batch.slot(log, &kiosk, row.sequence)?.is_some() || batch.position_of(log, &row.record_id)?.is_some();
    if taken {
        return Ok(false);
    }
    let before = match row.sequence.checked_sub(1) {
        None | Some(0) => true,
        Some(before) => {
            let slot = batch.slot(log, &kiosk, before)?;
            slot.is_some_and(|slot| !matches!(slot.holder, Holder::Refused { linked: false, .. }))
        }
    };
    let waits_for = (!before).then_some(previous);
    let asks_for_help = row::asks_for_help(row.json);
    let new = NewRecord { kiosk: &kiosk, row, envelope: &envelope, waits_for, asks_for_help };
    let is_less = envelope.is_empty();
    let appended = batch.append(log, new)?;
    if let Some(tombstone) = tombstone.filter(|_| is_less) {
        batch.bury(appended, tombstone);
    }
    Ok(true)
}

/// Who has seen the requests for help that were taken over.
fn take_over_seen(damaged: &Store, log: &mut Log) -> Result<Option<String>, LogError> {
    let (from, until) = keys::all_of_kind(&keys::seen(&RecordId::new(0, [0; 10])));
    let mut batch = log.begin();
    for entry in damaged.range(&from, &until) {
        let (key, value) = match entry {
            Ok(entry) => entry,
            Err(error) => {
                log.commit(batch)?;
                return Ok(Some(error.to_string()));
            }
        };
        if let Some((record, seen)) = keys::seen_record(&key).zip(row::decode_seen(&value)) {
            batch.acknowledge(log, record, seen)?;
        }
    }
    log.commit(batch)?;
    Ok(None)
}

fn take_over_quarantine(damaged: &Store, log: &mut Log) -> Result<Option<String>, LogError> {
    let entries = match quarantine::all(damaged, 0) {
        Ok(entries) => entries,
        Err(error) => return Ok(Some(error.to_string())),
    };
    for entry in entries {
        let refused = match entry {
            Ok(refused) => refused,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let mut batch = log.begin();
        let new = NewRefusal {
            kiosk: refused.kiosk.clone(),
            received: refused.received,
            reason: refused.reason,
            detail: refused.detail.clone(),
            envelope: refused.envelope,
            record: refused.record,
            sequence: refused.sequence,
            payload: refused.payload.clone(),
        };
        let kept = batch.quarantine(log, new)?;
        // Whoever held a number of the chain holds it again, so that a late copy is not taken for a new record.
        if let (Some(kept), Some(sequence)) = (kept, refused.sequence)
            && batch.slot(log, &refused.kiosk, sequence.get())?.is_none()
            && held_slot(damaged, &refused)
        {
            let holder = Holder::Refused { number: kept.number, linked: true };
            let slot = Slot { hash: refused.envelope, holder, waits_for: None };
            batch.hold_slot(log, &refused.kiosk, sequence.get(), slot)?;
        }
        log.commit(batch)?;
    }
    Ok(None)
}

fn held_slot(damaged: &Store, refused: &super::Refused) -> bool {
    let Some(sequence) = refused.sequence else { return false };
    let key = super::keys::slot(&refused.kiosk, sequence.get());
    let slot = damaged.get(&key).ok().flatten().and_then(|value| super::row::decode_slot(&value));
    slot.is_some_and(
        |slot| matches!(slot.holder, Holder::Refused { number, linked: true } if number == refused.number),
    )
}
