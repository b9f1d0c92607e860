//! How records, envelopes, slots and heads are written as bytes.
//!
//! Every kind of value starts with the version of its shape, so that a later version can read what this one wrote.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use wardvoice_protocol::envelope::{Envelope, EnvelopeFile, EnvelopeVersion};
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{Hash, KioskId, RecordId, Sequence};
use wardvoice_protocol::keys::{KeyId, Signature};
use wardvoice_protocol::record::{Body, Record};

use super::bytes::{Cursor, Put};
use super::{DayEvidence, DayMethod, Head, Holder, Seen, Slot, Source};

const VERSION: u8 = 1;

/// One opened record as its bytes in the log: what a scan hands out without copying.
#[derive(Debug, Clone, Copy)]
pub struct OpenedRow<'a> {
    /// The place in the log, from 1.
    pub position: u64,
    /// The kiosk.
    pub kiosk: &'a str,
    /// The place in the kiosk's chain.
    pub sequence: u64,
    /// The record's id.
    pub record_id: RecordId,
    /// The envelope's hash.
    pub envelope: Hash,
    /// When the aggregator received it.
    pub received: Timestamp,
    /// The local day that was decided for it.
    pub day: DayNumber,
    /// The local day it arrived on.
    pub arrival_day: DayNumber,
    /// How its day was decided.
    pub evidence: DayEvidence,
    /// The record's JSON as the kiosk wrote it.
    pub json: &'a [u8],
}

impl OpenedRow<'_> {
    /// Whether what was in it was forgotten: then there is no JSON, and only the place stays.
    pub fn is_forgotten(&self) -> bool {
        self.json.is_empty()
    }
}

const HELD: u8 = 0x80;

pub(super) fn encode_opened(row: &OpenedRow<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(120 + row.json.len());
    bytes.put_u8(VERSION);
    bytes.put_text(row.kiosk);
    bytes.put_u64(row.sequence);
    bytes.put(row.record_id.as_bytes());
    bytes.put_hash(&row.envelope);
    bytes.put_timestamp_ms(row.received);
    bytes.put_i32(row.day.count());
    bytes.put_i32(row.arrival_day.count());
    let method = match row.evidence.method {
        DayMethod::MonotonicAge => 0,
        DayMethod::Offset => 1,
        DayMethod::Wall => 2,
    };
    bytes.put_u8(method | if row.evidence.held_to_arrival { HELD } else { 0 });
    bytes.put_i64(row.evidence.claimed.as_second());
    bytes.put(row.json);
    bytes
}

pub(super) fn decode_opened(position: u64, bytes: &[u8]) -> Option<OpenedRow<'_>> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u8()? != VERSION {
        return None;
    }
    Some(OpenedRow {
        position,
        kiosk: cursor.text()?,
        sequence: cursor.u64()?,
        record_id: cursor.record_id()?,
        envelope: cursor.hash()?,
        received: cursor.timestamp_ms()?,
        day: DayNumber::from_count(cursor.i32()?),
        arrival_day: DayNumber::from_count(cursor.i32()?),
        evidence: {
            let flags = cursor.u8()?;
            let method = match flags & !HELD {
                0 => DayMethod::MonotonicAge,
                1 => DayMethod::Offset,
                2 => DayMethod::Wall,
                _ => return None,
            };
            let claimed = Timestamp::from_second(cursor.i64()?).ok()?;
            DayEvidence { method, claimed, held_to_arrival: flags & HELD != 0 }
        },
        json: cursor.rest(),
    })
}

const AS_RECEIVED: u8 = 0;
const CANONICAL: u8 = 1;

/// Writes an envelope so that [`decode_envelope`] gives back the payload byte for byte. A payload that is exactly what
/// [`Envelope::to_json`] writes (any honest kiosk's) takes two thirds of its size; any other is kept as it is.
pub(crate) fn encode_envelope(envelope: &Envelope, payload: &[u8]) -> Vec<u8> {
    if envelope.to_json() == payload
        && let Some(bytes) = encode_canonical(envelope)
    {
        return bytes;
    }
    let mut bytes = Vec::with_capacity(payload.len() + 2);
    bytes.put_u8(VERSION);
    bytes.put_u8(AS_RECEIVED);
    bytes.put(payload);
    bytes
}

fn encode_canonical(envelope: &Envelope) -> Option<Vec<u8>> {
    let input = std::str::from_utf8(envelope.signing_input()).ok()?;
    let mut lines = input.rsplit('\n');
    let ciphertext = URL_SAFE_NO_PAD.decode(lines.next()?).ok()?;
    let encapsulated = URL_SAFE_NO_PAD.decode(lines.next()?).ok()?;
    let mut bytes = Vec::with_capacity(ciphertext.len() + 220);
    bytes.put_u8(VERSION);
    bytes.put_u8(CANONICAL);
    bytes.put_text(envelope.kiosk().as_str());
    bytes.put_u64(envelope.sequence().get());
    bytes.put(envelope.record().as_bytes());
    bytes.put_hash(&envelope.previous());
    bytes.put(&u64::from_str_radix(envelope.key_id().as_str(), 16).ok()?.to_be_bytes());
    bytes.put(encapsulated.first_chunk::<32>()?);
    bytes.put(envelope.signature().as_bytes());
    bytes.put(&ciphertext);
    Some(bytes)
}

/// The hash that an envelope names as the one before.
pub(super) fn decode_envelope_link(bytes: &[u8]) -> Option<Hash> {
    Some(Envelope::read(&decode_envelope(bytes)?).ok()?.previous())
}

/// The payload as it was received; nothing where it was forgotten.
pub(super) fn decode_envelope(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut cursor = Cursor::new(bytes);
    if cursor.u8()? != VERSION {
        return None;
    }
    match cursor.u8()? {
        AS_RECEIVED => Some(cursor.rest().to_vec()),
        CANONICAL => serde_json::to_vec(&EnvelopeFile {
            version: EnvelopeVersion::V1,
            kiosk: cursor.kiosk()?,
            sequence: Sequence::new(cursor.u64()?)?,
            record: cursor.record_id()?,
            previous: cursor.hash()?,
            key: KeyId::try_from(format!("{:016x}", u64::from_be_bytes(cursor.array()?))).ok()?,
            encapsulated: URL_SAFE_NO_PAD.encode(cursor.array::<32>()?),
            signature: Signature::try_from(URL_SAFE_NO_PAD.encode(cursor.array::<64>()?)).ok()?,
            ciphertext: URL_SAFE_NO_PAD.encode(cursor.rest()),
        })
        .ok(),
        _ => None,
    }
}

const STORED: u8 = 0;
const REFUSED: u8 = 1;
const UNLINKED: u8 = 2;
const WAITS: u8 = 0x80;

pub(super) fn encode_slot(slot: &Slot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(74);
    let (kind, number) = match slot.holder {
        Holder::Stored(position) => (STORED, position),
        Holder::Refused { number, linked: true } => (REFUSED, number),
        Holder::Refused { number, linked: false } => (UNLINKED, number),
    };
    bytes.put_u8(kind | if slot.waits_for.is_some() { WAITS } else { 0 });
    bytes.put_u64(number);
    bytes.put_hash(&slot.hash);
    if let Some(hash) = &slot.waits_for {
        bytes.put_hash(hash);
    }
    bytes
}

pub(super) fn decode_slot(bytes: &[u8]) -> Option<Slot> {
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.u8()?;
    let number = cursor.u64()?;
    let holder = match flags & !WAITS {
        STORED => Holder::Stored(number),
        REFUSED => Holder::Refused { number, linked: true },
        UNLINKED => Holder::Refused { number, linked: false },
        _ => return None,
    };
    let hash = cursor.hash()?;
    let waits_for = if flags & WAITS == 0 { None } else { Some(cursor.hash()?) };
    Some(Slot { hash, holder, waits_for })
}

pub(super) fn encode_head(head: &Head) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(65);
    bytes.put_u8(VERSION);
    bytes.put_u64(head.highest);
    bytes.put_hash(&head.hash);
    bytes.put_u64(head.stored);
    bytes.put_u64(head.refused);
    bytes.put_u64(head.unlinked);
    bytes
}

pub(super) fn decode_head(bytes: &[u8]) -> Option<Head> {
    let mut cursor = Cursor::new(bytes);
    (cursor.u8()? == VERSION).then_some(())?;
    Some(Head {
        highest: cursor.u64()?,
        hash: cursor.hash()?,
        stored: cursor.u64()?,
        refused: cursor.u64()?,
        unlinked: cursor.u64()?,
    })
}

/// How long a source's row is since forks are counted in it.
const SOURCE_BYTES: usize = 41;

pub(super) fn encode_source(source: &Source) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SOURCE_BYTES);
    bytes.put_u8(VERSION);
    bytes.put_u64(source.entries);
    bytes.put_u64(source.bytes);
    bytes.put_u64(source.dropped);
    bytes.put_u64(source.forked);
    bytes.put_u64(source.last_forked);
    bytes
}

pub(super) fn decode_source(bytes: &[u8]) -> Option<Source> {
    let mut cursor = Cursor::new(bytes);
    (cursor.u8()? == VERSION).then_some(())?;
    Some(Source {
        entries: cursor.u64()?,
        bytes: cursor.u64()?,
        dropped: cursor.u64()?,
        forked: cursor.u64().unwrap_or(0),
        last_forked: cursor.u64().unwrap_or(0),
    })
}

/// Whether forks are counted in a source's row. A program from before they were reads past them and, when it writes, leaves them out, so
/// that the next opening counts again.
pub(super) fn counts_forks(source: &[u8]) -> bool {
    source.len() >= SOURCE_BYTES
}

pub(super) fn encode_seen(seen: &Seen) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9 + seen.by.len());
    bytes.put_u8(VERSION);
    bytes.put_timestamp_ms(seen.at);
    bytes.put(seen.by.as_bytes());
    bytes
}

pub(super) fn decode_seen(bytes: &[u8]) -> Option<Seen> {
    let mut cursor = Cursor::new(bytes);
    (cursor.u8()? == VERSION).then_some(())?;
    let at = cursor.timestamp_ms()?;
    Some(Seen { at, by: std::str::from_utf8(cursor.rest()).ok()?.to_owned() })
}

/// Whether a record's JSON is that of a request for help.
pub(super) fn asks_for_help(json: &[u8]) -> bool {
    // The word may stand in a comment; most records do not have it and are not read any further.
    let may = std::str::from_utf8(json).is_ok_and(|text| text.contains("\"help_request\""));
    let read = || serde_json::from_slice::<Record>(json).ok();
    may && read().is_some_and(|record| matches!(record.body, Body::HelpRequest(_)))
}

/// The log's own counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) commits: u64,
    pub(super) position: u64,
    pub(super) running: Hash,
    /// The number of the last quarantined envelope ever.
    pub(super) last_refused: u64,
    /// How many envelopes are in the quarantine now.
    pub(super) quarantined: u64,
    /// The position up to which requests for help have their keys. Absent in what was written before there were any: an older
    /// program reads past it and, when it writes, leaves it out, so that the next opening looks again.
    pub(super) requests_to: u64,
}

impl Meta {
    pub(super) const EMPTY: Self =
        Self { commits: 0, position: 0, running: Hash::ZERO, last_refused: 0, quarantined: 0, requests_to: 0 };

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(73);
        bytes.put_u8(VERSION);
        bytes.put_u64(self.commits);
        bytes.put_u64(self.position);
        bytes.put_hash(&self.running);
        bytes.put_u64(self.last_refused);
        bytes.put_u64(self.quarantined);
        bytes.put_u64(self.requests_to);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        (cursor.u8()? == VERSION).then_some(())?;
        Some(Self {
            commits: cursor.u64()?,
            position: cursor.u64()?,
            running: cursor.hash()?,
            last_refused: cursor.u64()?,
            quarantined: cursor.u64()?,
            requests_to: cursor.u64().unwrap_or(0),
        })
    }
}

/// The running hash once another record has been appended.
pub(crate) fn run_on(running: &Hash, envelope: &Hash) -> Hash {
    let mut bytes = [0; 64];
    let (front, back) = bytes.split_at_mut(32);
    front.copy_from_slice(running.as_bytes());
    back.copy_from_slice(envelope.as_bytes());
    Hash::of(&bytes)
}

/// The kiosk of a row as an id; the bytes were a valid id when they were written.
pub(super) fn kiosk_id(text: &str) -> Option<KioskId> {
    KioskId::new(text).ok()
}
