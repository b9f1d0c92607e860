//! The keys of the log's one key space. The first byte says the kind; numbers are big-endian so that they sort.
//!
//! | key | value |
//! |---|---|
//! | `e` position, part | a block of envelopes as received |
//! | `o` position, part | a block of opened records |
//! | `i` record id | the position of the record |
//! | `s` kiosk, 0, sequence | the chain's slot: who holds this number |
//! | `h` kiosk | the head of the kiosk's chain and its counts |
//! | `q` number, part | a refused envelope in the quarantine |
//! | `u` fingerprint | the number of the quarantined envelope with these bytes |
//! | `c` kiosk | how much of the quarantine a source uses, and how much of that forks its chain |
//! | `r` position | the record id of a request for help |
//! | `a` record id | who has seen the request, and when |
//! | `t` position | what stays of a record that was forgotten |
//! | `m` | how far everything reaches |

use wardvoice_protocol::id::{KioskId, RecordId};

pub(super) const META: &[u8] = b"m";

/// A family of values that are kept in order of a number and may be cut into parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Envelopes,
    Opened,
    Quarantine,
}

impl Family {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Envelopes => b'e',
            Self::Opened => b'o',
            Self::Quarantine => b'q',
        }
    }

    pub(super) fn part(self, number: u64, part: u16) -> Vec<u8> {
        let mut key = vec![self.byte()];
        key.extend_from_slice(&number.to_be_bytes());
        key.extend_from_slice(&part.to_be_bytes());
        key
    }

    /// The first key that is not of the family.
    pub(super) fn end(self) -> Vec<u8> {
        vec![self.byte() + 1]
    }

    /// The number and part of a key, if it is of the family.
    pub(super) fn parse(self, key: &[u8]) -> Option<(u64, u16)> {
        let (first, rest) = key.split_first()?;
        let (number, part) = rest.split_first_chunk::<8>()?;
        let part: [u8; 2] = part.try_into().ok()?;
        (*first == self.byte()).then(|| (u64::from_be_bytes(*number), u16::from_be_bytes(part)))
    }
}

pub(super) fn id(id: &RecordId) -> Vec<u8> {
    prefixed(b'i', id.as_bytes())
}

/// Every entry of the record index: from and until.
pub(super) fn all_ids() -> (Vec<u8>, Vec<u8>) {
    all_of_kind(b"i")
}

/// The record id of such a key.
pub(super) fn record_of(key: &[u8]) -> Option<RecordId> {
    RecordId::from_bytes(key.get(1..)?.try_into().ok()?)
}

pub(super) fn slot(kiosk: &KioskId, sequence: u64) -> Vec<u8> {
    let mut key = prefixed(b's', kiosk.as_str().as_bytes());
    key.push(0);
    key.extend_from_slice(&sequence.to_be_bytes());
    key
}

/// The number at the end of a slot's key.
pub(super) fn sequence_of(slot_key: &[u8]) -> Option<u64> {
    slot_key.split_last_chunk::<8>().map(|(_, number)| u64::from_be_bytes(*number))
}

pub(super) fn head(kiosk: &KioskId) -> Vec<u8> {
    prefixed(b'h', kiosk.as_str().as_bytes())
}

pub(super) fn source(kiosk: &KioskId) -> Vec<u8> {
    prefixed(b'c', kiosk.as_str().as_bytes())
}

/// Every key of a kind whose key is a kiosk: from and until.
pub(super) fn all_of_kind(key: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let kind = key.first().copied().unwrap_or_default();
    (vec![kind], vec![kind + 1])
}

/// The kiosk of a head's or a source's key.
pub(super) fn kiosk_of(key: &[u8]) -> Option<KioskId> {
    let text = std::str::from_utf8(key.get(1..)?).ok()?;
    KioskId::new(text).ok()
}

pub(super) fn fingerprint(fingerprint: &[u8; 16]) -> Vec<u8> {
    prefixed(b'u', fingerprint)
}

/// A request for help, in the order of the log.
pub(super) fn request(position: u64) -> Vec<u8> {
    prefixed(b'r', &position.to_be_bytes())
}

/// The position of a request's key.
pub(super) fn request_position(key: &[u8]) -> Option<u64> {
    let (kind, rest) = key.split_first()?;
    let position: [u8; 8] = rest.try_into().ok()?;
    (*kind == b'r').then(|| u64::from_be_bytes(position))
}

/// What stays of a record that was forgotten.
pub(super) fn tombstone(position: u64) -> Vec<u8> {
    prefixed(b't', &position.to_be_bytes())
}

/// The position of a tombstone's key.
pub(super) fn tombstone_position(key: &[u8]) -> Option<u64> {
    let (kind, rest) = key.split_first()?;
    let position: [u8; 8] = rest.try_into().ok()?;
    (*kind == b't').then(|| u64::from_be_bytes(position))
}

/// That a request has been seen.
pub(super) fn seen(record: &RecordId) -> Vec<u8> {
    prefixed(b'a', record.as_bytes())
}

/// The record id of such a key.
pub(super) fn seen_record(key: &[u8]) -> Option<RecordId> {
    RecordId::from_bytes(key.get(1..)?.try_into().ok()?)
}

/// A key in words for an error.
pub(super) fn describe(key: &[u8]) -> String {
    for (family, name) in [
        (Family::Envelopes, "the envelopes from position"),
        (Family::Opened, "the opened records from position"),
        (Family::Quarantine, "the quarantined envelope"),
    ] {
        if let Some((number, part)) = family.parse(key) {
            return format!("{name} {number} (part {part})");
        }
    }
    match key.split_first() {
        Some((b'i', _)) => "an entry of the record index".to_owned(),
        Some((b's', _)) => format!("the chain slot {}", sequence_of(key).unwrap_or_default()),
        Some((b'h', _)) => "a kiosk's head".to_owned(),
        Some((b'c', _)) => "a source's count".to_owned(),
        Some((b'u', _)) => "a fingerprint".to_owned(),
        Some((b'r', _)) => "an entry of the requests for help".to_owned(),
        Some((b'a', _)) => "an acknowledgement".to_owned(),
        Some((b't', _)) => "a tombstone".to_owned(),
        _ => "the log's own counts".to_owned(),
    }
}

fn prefixed(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(rest.len() + 10);
    key.push(kind);
    key.extend_from_slice(rest);
    key
}
