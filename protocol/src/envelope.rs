//! Sealed records: encrypted to the aggregator, signed by the kiosk, chained one to the next.
//!
//! An envelope is a JSON object on the wire. What is signed and hashed is not the JSON but the *signing input*: lines
//! of ASCII that any language can write the same way, so white space and the order of fields mean nothing.
//!
//! ```text
//! wardvoice-envelope-1
//! <kiosk>
//! <sequence, decimal>
//! <record id>
//! <previous, 64 hexadecimal digits>
//! <key id, 16 hexadecimal digits>
//! <encapsulated, base64url>
//! <ciphertext, base64url>
//! ```
//!
//! joined by one line feed, none at the end. The first six lines are also the additional data of the encryption. The
//! SHA-256 of the signing input is the envelope's *hash*; it names the envelope in a receipt and is what the next
//! envelope of the same kiosk carries as `previous`. Ed25519 signs the signing input.
//!
//! Encryption is HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256) = 0x0020, HKDF-SHA256 = 0x0001 and
//! `ChaCha20Poly1305` = 0x0003, info `wardvoice-record-1`, one message an encapsulation.

use hpke::rand_core::CryptoRng;
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{Hash, KioskId, RecordId, Sequence};
use crate::keys::{
    KeyId, OpenKey, Opening, SealKem, SealKey, Signature, SigningKey, VerifyingKey, from_base64, to_base64,
};
use crate::limits::{MAX_ENVELOPE_BYTES, MAX_RECORD_BYTES};
use crate::record::Record;

type SealAead = hpke::aead::ChaCha20Poly1305;
pub(crate) type SealKdf = hpke::kdf::HkdfSha256;

const INFO: &[u8] = b"wardvoice-record-1";

/// The bytes of the authentication tag at the end of a ciphertext.
const TAG_BYTES: usize = 16;

/// The versions of the envelope. This enum is the wire format's changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[repr(u32)]
pub enum EnvelopeVersion {
    /// The first.
    V1 = 1,
}

impl TryFrom<u32> for EnvelopeVersion {
    type Error = String;
    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            1 => Ok(Self::V1),
            other => Err(format!("version {other} is not known; this side knows version 1")),
        }
    }
}

impl From<EnvelopeVersion> for u32 {
    fn from(version: EnvelopeVersion) -> u32 {
        version as u32
    }
}

/// An envelope as it crosses the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeFile {
    /// The version of this shape: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    pub version: EnvelopeVersion,
    /// The kiosk that sealed it.
    pub kiosk: KioskId,
    /// Its place in the kiosk's sequence.
    pub sequence: Sequence,
    /// The record's id.
    pub record: RecordId,
    /// The hash of the kiosk's envelope before this one; 64 zeros for the first.
    pub previous: Hash,
    /// The short name of the aggregator's key that it is sealed to.
    pub key: KeyId,
    /// The HPKE encapsulated key: 32 bytes as base64url without padding.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{43}$"))]
    pub encapsulated: String,
    /// The encrypted record with its tag, as base64url without padding.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{22,32790}$"))]
    pub ciphertext: String,
    /// The kiosk's Ed25519 signature over the signing input.
    pub signature: Signature,
}

/// A readable envelope: every field has its shape, the hash is known. Whether the signature holds and what is inside
/// is still to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    file: EnvelopeFile,
    encapsulated: Vec<u8>,
    ciphertext: Vec<u8>,
    signing_input: String,
    hash: Hash,
}

/// Why a payload is not an envelope, or an envelope does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is larger than [`MAX_ENVELOPE_BYTES`].
    #[error("the payload has {0} bytes, more than {MAX_ENVELOPE_BYTES}")]
    Oversize(usize),
    /// It is not JSON of the right shape.
    #[error("the payload is not an envelope: {0}")]
    Unreadable(String),
    /// It says it is of a version that is not known here.
    #[error("envelope version {0} is not known")]
    UnknownVersion(u64),
    /// A base64url field does not hold what it should.
    #[error("the payload is not an envelope: {field} is not {expected} as base64url without padding")]
    NotBase64 {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The encryption failed: nothing can be sealed to that key.
    #[error("nothing can be sealed to key {0}")]
    CannotSeal(KeyId),
    /// The decryption failed: sealed to another key, or tampered with.
    #[error("the envelope does not open with key {0}")]
    CannotOpen(KeyId),
    /// What was inside is not a record.
    #[error("the record is not valid: {0}")]
    InvalidRecord(String),
    /// The record is, or would be, too large.
    #[error("the record has {0} bytes, more than {MAX_RECORD_BYTES}")]
    RecordTooLarge(usize),
}

/// Where a kiosk's chain stands: the number and hash of its last envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// How many envelopes there are.
    pub sequence: u64,
    /// The hash of the last one, [`Hash::ZERO`] when there is none.
    pub hash: Hash,
}

impl ChainHead {
    /// The head of a chain without envelopes.
    pub const EMPTY: Self = Self { sequence: 0, hash: Hash::ZERO };

    /// The number the next envelope takes.
    pub fn next_sequence(&self) -> Sequence {
        Sequence::new(self.sequence.saturating_add(1)).unwrap_or(Sequence::FIRST)
    }
}

impl Envelope {
    /// Seals a record as the next of a kiosk's chain.
    pub fn seal(
        record: &Record,
        id: RecordId,
        kiosk: &KioskId,
        head: ChainHead,
        seal_key: &SealKey,
        signing_key: &SigningKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, EnvelopeError> {
        record.check().map_err(|error| EnvelopeError::InvalidRecord(error.to_string()))?;
        let plaintext =
            serde_json::to_vec(record).map_err(|error| EnvelopeError::InvalidRecord(error.to_string()))?;
        Self::seal_bytes(&plaintext, id, kiosk, head, seal_key, signing_key, rng)
    }

    /// Seals bytes that stand for a record. Tests use it to send what no honest kiosk would.
    pub fn seal_bytes(
        plaintext: &[u8],
        id: RecordId,
        kiosk: &KioskId,
        head: ChainHead,
        seal_key: &SealKey,
        signing_key: &SigningKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, EnvelopeError> {
        if plaintext.len() > MAX_RECORD_BYTES {
            return Err(EnvelopeError::RecordTooLarge(plaintext.len()));
        }
        let key = seal_key.key_id();
        let sequence = head.next_sequence();
        let header = header(kiosk, sequence, id, head.hash, &key);
        let (encapsulated, ciphertext) = hpke::single_shot_seal_with_rng::<SealAead, SealKdf, SealKem>(
            &OpModeS::Base,
            &seal_key.0,
            INFO,
            plaintext,
            header.as_bytes(),
            rng,
        )
        .map_err(|_| EnvelopeError::CannotSeal(key.clone()))?;
        let encapsulated = encapsulated.to_bytes().to_vec();
        let (encapsulated_text, ciphertext_text) = (to_base64(&encapsulated), to_base64(&ciphertext));
        let signing_input = format!("{header}\n{encapsulated_text}\n{ciphertext_text}");
        let signature = signing_key.sign(signing_input.as_bytes());
        let file = EnvelopeFile {
            version: EnvelopeVersion::V1,
            kiosk: kiosk.clone(),
            sequence,
            record: id,
            previous: head.hash,
            key,
            encapsulated: encapsulated_text,
            ciphertext: ciphertext_text,
            signature,
        };
        let hash = Hash::of(signing_input.as_bytes());
        Ok(Self { file, encapsulated, ciphertext, signing_input, hash })
    }

    /// Reads a payload. Checks size, JSON, version and the shape of every field.
    pub fn read(payload: &[u8]) -> Result<Self, EnvelopeError> {
        #[derive(Deserialize)]
        struct OnlyVersion {
            version: u64,
        }

        if payload.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::Oversize(payload.len()));
        }
        match serde_json::from_slice::<EnvelopeFile>(payload) {
            Ok(file) => Self::try_from(file),
            Err(error) => match serde_json::from_slice::<OnlyVersion>(payload) {
                Ok(only) if only.version != 1 => Err(EnvelopeError::UnknownVersion(only.version)),
                _ => Err(EnvelopeError::Unreadable(error.to_string())),
            },
        }
    }

    /// The envelope as the JSON that crosses the wire.
    pub fn to_json(&self) -> Vec<u8> {
        // Serialising a struct of strings and numbers into memory has no way to fail.
        serde_json::to_vec(&self.file).unwrap_or_default()
    }

    /// Opens the envelope and returns the record's JSON as the kiosk wrote it.
    pub fn open_bytes(&self, key: &OpenKey) -> Result<Vec<u8>, EnvelopeError> {
        let cannot_open = || EnvelopeError::CannotOpen(self.file.key.clone());
        let encapsulated =
            <Opening as hpke::Kem>::EncappedKey::from_bytes(&self.encapsulated).map_err(|_| cannot_open())?;
        let file = &self.file;
        let header = header(&file.kiosk, file.sequence, file.record, file.previous, &file.key);
        hpke::single_shot_open::<SealAead, SealKdf, Opening>(
            &OpModeR::Base,
            &key.secret,
            &encapsulated,
            INFO,
            &self.ciphertext,
            header.as_bytes(),
        )
        .map_err(|_| cannot_open())
    }

    /// Opens the envelope and reads the record.
    pub fn open(&self, key: &OpenKey) -> Result<Record, EnvelopeError> {
        Record::from_json(&self.open_bytes(key)?).map_err(EnvelopeError::InvalidRecord)
    }

    /// Whether this kiosk key signed the envelope.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.signing_input.as_bytes(), &self.file.signature)
    }

    /// The bytes that are signed, for checking many envelopes at once.
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The signature.
    pub fn signature(&self) -> &Signature {
        &self.file.signature
    }

    /// The envelope's hash: its name in receipts and in the next envelope.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The kiosk.
    pub fn kiosk(&self) -> &KioskId {
        &self.file.kiosk
    }

    /// The place in the kiosk's sequence.
    pub fn sequence(&self) -> Sequence {
        self.file.sequence
    }

    /// The record's id.
    pub fn record(&self) -> RecordId {
        self.file.record
    }

    /// The hash of the envelope before.
    pub fn previous(&self) -> Hash {
        self.file.previous
    }

    /// The name of the key it is sealed to.
    pub fn key_id(&self) -> &KeyId {
        &self.file.key
    }

    /// The chain's head once this envelope is its last.
    pub fn chain_head(&self) -> ChainHead {
        ChainHead { sequence: self.file.sequence.get(), hash: self.hash }
    }
}

impl TryFrom<EnvelopeFile> for Envelope {
    type Error = EnvelopeError;

    fn try_from(file: EnvelopeFile) -> Result<Self, EnvelopeError> {
        // Both texts go into the signing input as they stand, so each must be the one spelling of its bytes: a line feed
        // inside one of them would give two envelopes one hash.
        let not_base64 = |field, expected| EnvelopeError::NotBase64 { field, expected };
        let encapsulated = from_base64(&file.encapsulated)
            .filter(|bytes| bytes.len() == 32)
            .ok_or_else(|| not_base64("encapsulated", "32 bytes"))?;
        let ciphertext = from_base64(&file.ciphertext)
            .filter(|bytes| bytes.len() >= TAG_BYTES)
            .ok_or_else(|| not_base64("ciphertext", "at least 16 bytes"))?;
        let record_bytes = ciphertext.len() - TAG_BYTES;
        if record_bytes > MAX_RECORD_BYTES {
            return Err(EnvelopeError::RecordTooLarge(record_bytes));
        }
        let header = header(&file.kiosk, file.sequence, file.record, file.previous, &file.key);
        let signing_input = format!("{header}\n{}\n{}", file.encapsulated, file.ciphertext);
        let hash = Hash::of(signing_input.as_bytes());
        Ok(Self { file, encapsulated, ciphertext, signing_input, hash })
    }
}

fn header(kiosk: &KioskId, sequence: Sequence, record: RecordId, previous: Hash, key: &KeyId) -> String {
    format!("wardvoice-envelope-1\n{kiosk}\n{sequence}\n{record}\n{previous}\n{key}")
}

#[cfg(test)]
mod tests;
