//! The quarantine: refused envelopes with their reason, to be looked at and replayed.
//!
//! It is bounded per source and over all, so that nobody can fill the disk by sending rubbish: beyond that a refusal is
//! only counted, and the kiosk is told that its bytes were not kept.

use jiff::Timestamp;
use serde::Serialize;
use wardvoice_protocol::id::{Hash, KioskId, RecordId, Sequence};
use wardvoice_protocol::receipt::Reason;

use super::LogError;
use super::block::{self, Block};
use super::bytes::{Cursor, Put};
use super::keys::Family;
use super::store::Store;

/// The most entries one source (the kiosk of the topic) may have.
pub(super) const MAX_SOURCE_ENTRIES: u64 = 1_000;
/// The most bytes one source may have.
pub(super) const MAX_SOURCE_BYTES: u64 = 16 * 1024 * 1024;
/// The most entries there may be.
pub(super) const MAX_ENTRIES: u64 = 50_000;
/// The largest payload that is kept whole. No honest kiosk sends one larger than `MAX_ENVELOPE_BYTES`.
pub(super) const MAX_PAYLOAD_BYTES: usize = 96 * 1024;
/// What is kept of a larger one, to be looked at.
pub(super) const GLIMPSE_BYTES: usize = 1024;

const VERSION: u8 = 1;

/// An envelope in the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its number in the quarantine.
    pub number: u64,
    /// The kiosk whose topic it came on.
    pub kiosk: KioskId,
    /// When.
    pub received: Timestamp,
    /// Why it was refused.
    pub reason: Reason,
    /// The same in words.
    pub detail: String,
    /// The envelope's hash; of the whole payload when it could not be read.
    pub envelope: Hash,
    /// The record's id, where it could be read.
    pub record: Option<RecordId>,
    /// The number in the kiosk's chain, where it could be read.
    pub sequence: Option<Sequence>,
    /// The size of the payload as it came.
    pub bytes: u64,
    /// Whether the payload here is all of it.
    pub whole: bool,
    /// The payload, or the front of one that was far too large.
    #[serde(skip)]
    pub payload: Vec<u8>,
}

/// An envelope to be put into the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefusal {
    /// The kiosk whose topic it came on.
    pub kiosk: KioskId,
    /// When.
    pub received: Timestamp,
    /// Why it is refused.
    pub reason: Reason,
    /// The same in words.
    pub detail: String,
    /// The envelope's hash; of the whole payload when it could not be read.
    pub envelope: Hash,
    /// The record's id, where it could be read.
    pub record: Option<RecordId>,
    /// The number in the kiosk's chain, where it could be read.
    pub sequence: Option<Sequence>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// How much of the quarantine a source uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Source {
    /// How many entries it has.
    pub entries: u64,
    /// How many bytes they take.
    pub bytes: u64,
    /// How many refused payloads were only counted, because the source's share was full.
    pub dropped: u64,
    /// How many of its entries have a number of the chain that another envelope holds.
    pub forked: u64,
    /// The newest of them, as far as none of them has left since; 0 where there are none.
    pub last_forked: u64,
}

impl Source {
    /// The same with an entry more.
    pub(super) fn with(self, entry: &Refused) -> Self {
        let forks = entry.reason == Reason::ForkedChain;
        Self {
            entries: self.entries + 1,
            bytes: self.bytes + entry.weight(),
            forked: self.forked + u64::from(forks),
            last_forked: if forks { self.last_forked.max(entry.number) } else { self.last_forked },
            ..self
        }
    }

    /// The same without an entry.
    pub(super) fn without(self, entry: &Refused) -> Self {
        let forked = self.forked.saturating_sub(u64::from(entry.reason == Reason::ForkedChain));
        Self {
            entries: self.entries.saturating_sub(1),
            bytes: self.bytes.saturating_sub(entry.weight()),
            forked,
            last_forked: if forked == 0 { 0 } else { self.last_forked },
            ..self
        }
    }

    /// How full its share is, in per cent.
    pub fn per_cent(&self) -> u64 {
        (self.entries * 100 / MAX_SOURCE_ENTRIES).max(self.bytes * 100 / MAX_SOURCE_BYTES)
    }
}

impl NewRefusal {
    /// What tells two payloads from one source apart.
    pub(super) fn fingerprint(&self) -> [u8; 16] {
        let mut bytes = self.kiosk.as_str().as_bytes().to_vec();
        bytes.push(0);
        bytes.extend_from_slice(&self.payload);
        let hash = Hash::of(&bytes);
        hash.as_bytes().first_chunk().copied().unwrap_or_default()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.payload.len() <= MAX_PAYLOAD_BYTES
    }

    pub(super) fn numbered(self, number: u64) -> Refused {
        let (bytes, whole) = (self.payload.len() as u64, self.is_whole());
        let mut payload = self.payload;
        if !whole {
            payload.truncate(GLIMPSE_BYTES);
        }
        Refused {
            number,
            kiosk: self.kiosk,
            received: self.received,
            reason: self.reason,
            detail: self.detail,
            envelope: self.envelope,
            record: self.record,
            sequence: self.sequence,
            bytes,
            whole,
            payload,
        }
    }
}

impl Refused {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.payload.len() + 200);
        bytes.put_u8(VERSION);
        bytes.put_text(self.kiosk.as_str());
        bytes.put_timestamp_ms(self.received);
        bytes.put_text(self.reason.as_str());
        bytes.put_text(&self.detail);
        bytes.put_hash(&self.envelope);
        bytes.put_u8(u8::from(self.record.is_some()));
        if let Some(record) = &self.record {
            bytes.put(record.as_bytes());
        }
        bytes.put_u64(self.sequence.map_or(0, Sequence::get));
        bytes.put_u64(self.bytes);
        bytes.put_u8(u8::from(self.whole));
        bytes.put(&self.payload);
        bytes
    }

    pub(super) fn decode(number: u64, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        (cursor.u8()? == VERSION).then_some(())?;
        Some(Self {
            number,
            kiosk: cursor.kiosk()?,
            received: cursor.timestamp_ms()?,
            reason: reason(cursor.text()?)?,
            detail: cursor.text()?.to_owned(),
            envelope: cursor.hash()?,
            record: if cursor.u8()? == 0 { None } else { Some(cursor.record_id()?) },
            sequence: Sequence::new(cursor.u64()?),
            bytes: cursor.u64()?,
            whole: cursor.u8()? != 0,
            payload: cursor.rest().to_vec(),
        })
    }

    /// What it takes from its source's share.
    pub(super) fn weight(&self) -> u64 {
        self.payload.len() as u64
    }
}

/// A reason by its name in JSON.
fn reason(text: &str) -> Option<Reason> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

pub(super) fn get(store: &Store, number: u64) -> Result<Option<Refused>, LogError> {
    block::find(store, Family::Quarantine, number)?.map(|block| decode(&block)).transpose()
}

/// Every entry from a number on, in order.
pub(super) fn all(
    store: &Store,
    from: u64,
) -> Result<impl Iterator<Item = Result<Refused, LogError>> + use<>, LogError> {
    let blocks = block::scan(store, Family::Quarantine, from)?;
    let entries = blocks.map(|block| block.and_then(|block| decode(&block)));
    Ok(entries.filter(move |entry| entry.as_ref().map_or(true, |entry| entry.number >= from)))
}

fn decode(block: &Block) -> Result<Refused, LogError> {
    Refused::decode(block.first, block.bytes())
        .ok_or_else(|| LogError::Unreadable(format!("the quarantined envelope {}", block.first)))
}
