//! The body of a snapshot file: all rows, sorted, after a header that names the vocabulary, and a CRC-32 at the end.
//!
//! | bytes | content, little-endian |
//! |---|---|
//! | 8 | `WVFACTS` and the version, 1 |
//! | 32 | hash of the vocabulary |
//! | 8 | number of rows |
//! | 32 each | rows, sorted by day, then ward, then the rest |
//! | 4 | CRC-32 of everything before it |
//!
//! New reader, old data: another version is refused and facts are rebuilt from the log; nothing else reads snapshots, so
//! no other migration exists. The file around the body (log position, digest) belongs to the log.

use std::sync::Arc;

use super::fact::ROW_BYTES;
use super::{Fact, Facts, Vocabulary};

const MAGIC: &[u8; 8] = b"WVFACTS\x01";
const HEADER_BYTES: usize = 8 + 32 + 8;
const CRC_BYTES: usize = 4;

/// Why bytes are not a snapshot of facts. The answer is always the same: rebuild the facts from the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// Not a snapshot, or one of another version.
    #[error("read the facts: this is no snapshot of version 1")]
    UnknownVersion,
    /// The directory or the questionnaires have changed since.
    #[error("read the facts: they were written under another directory or other questionnaires")]
    OtherVocabulary,
    /// The length does not fit the number of rows.
    #[error("read the facts: the snapshot has {found} bytes where {expected} belong")]
    Length {
        /// How many bytes the header promises.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The bytes have changed.
    #[error("read the facts: the checksum does not match")]
    Checksum,
    /// A row's numbers have no meaning.
    #[error("read the facts: row {0} has no meaning")]
    Row(usize),
}

impl Facts {
    /// The facts as bytes; the same for every order of insertion.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.len() * ROW_BYTES + CRC_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(self.vocabulary().hash().as_bytes());
        bytes.extend_from_slice(&(self.len() as u64).to_le_bytes());
        self.each_sorted(|rows| rows.iter().for_each(|row| bytes.extend_from_slice(&row.to_bytes())));
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The facts from bytes that [`encode`](Self::encode) made under the same vocabulary.
    #[expect(clippy::needless_pass_by_value, reason = "a decoded snapshot shares the vocabulary, as new facts do")]
    pub fn decode(bytes: &[u8], vocabulary: Arc<Vocabulary>) -> Result<Self, FactsError> {
        let unknown = FactsError::UnknownVersion;
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(unknown)?;
        if magic != MAGIC {
            return Err(unknown);
        }
        let too_short = FactsError::Length { expected: HEADER_BYTES + CRC_BYTES, found: bytes.len() };
        let (hash, rest) = rest.split_first_chunk::<32>().ok_or(too_short)?;
        let (count, rest) = rest.split_first_chunk::<8>().ok_or(too_short)?;
        let (rows, crc) = rest.split_last_chunk::<CRC_BYTES>().ok_or(too_short)?;
        let count = usize::try_from(u64::from_le_bytes(*count)).unwrap_or(usize::MAX);
        let expected = count.saturating_mul(ROW_BYTES).saturating_add(HEADER_BYTES + CRC_BYTES);
        if expected != bytes.len() {
            return Err(FactsError::Length { expected, found: bytes.len() });
        }
        let body = bytes.get(..bytes.len() - CRC_BYTES).unwrap_or_default();
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(FactsError::Checksum);
        }
        if hash != vocabulary.hash().as_bytes() {
            return Err(FactsError::OtherVocabulary);
        }
        let mut facts = Self::new(Arc::clone(&vocabulary));
        // A ward's day stands together, so that its list is found once and not for every row.
        let is_same =
            |one: &Fact, other: &Fact| (one.day(), one.ward_index()) == (other.day(), other.ward_index());
        let mut together: Vec<Fact> = Vec::new();
        for (place, row) in rows.as_chunks::<ROW_BYTES>().0.iter().enumerate() {
            let fact = Fact::from_bytes(row, &vocabulary).ok_or(FactsError::Row(place))?;
            if together.first().is_some_and(|first| !is_same(first, &fact)) {
                facts.insert_together(&together);
                together.clear();
            }
            together.push(fact);
        }
        facts.insert_together(&together);
        Ok(facts)
    }
}
