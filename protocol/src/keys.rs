//! The four keys: the kiosk signs envelopes, the aggregator opens them, and the aggregator signs what it says back.
//!
//! All keys are 32 bytes and are written as base64url without padding.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey as DalekSigningKey, VerifyingKey as DalekVerifyingKey};
use hpke::rand_core::CryptoRng;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Hash;

mod opening;

pub(crate) use opening::Opening;

pub(crate) type SealKem = hpke::kem::X25519HkdfSha256;

/// Why bytes or a text are not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {0}")]
pub struct KeyError(&'static str);

const VERIFYING_KEY: &str = "verifying key: use a valid Ed25519 public key, 43 characters of base64url";
const SEAL_KEY: &str = "seal key: use an X25519 public key, 43 characters of base64url";
const SECRET_SEAL_KEY: &str = "secret seal key: use the 32 bytes of an X25519 secret key";
const SIGNATURE: &str = "signature: use 64 bytes as 86 characters of base64url";
const KEY_ID: &str = "key id: use 16 lower-case hexadecimal digits";

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn key_bytes(text: &str, kind: &'static str) -> Result<[u8; 32], KeyError> {
    from_base64(text).and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError(kind))
}

/// A 64-byte Ed25519 signature, written as base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct Signature(#[schemars(with = "String", regex(pattern = r"^[A-Za-z0-9_-]{86}$"))] [u8; 64]);

impl Signature {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl TryFrom<String> for Signature {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        let bytes = from_base64(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(KeyError(SIGNATURE))
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> String {
        to_base64(&signature.0)
    }
}

/// A secret Ed25519 key: a kiosk's, or the aggregator's own.
#[derive(Clone)]
pub struct SigningKey(DalekSigningKey);

impl SigningKey {
    /// A key from 32 secret bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(DalekSigningKey::from_bytes(bytes))
    }

    /// The secret bytes, to be kept in a file only its owner can read.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey(of {})", self.verifying_key())
    }
}

/// A public Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct VerifyingKey(#[schemars(with = "String", regex(pattern = r"^[A-Za-z0-9_-]{43}$"))] DalekVerifyingKey);

impl VerifyingKey {
    /// Whether the signature is this key's over these bytes (strict: no malleable or small-order forms).
    pub fn verifies(&self, bytes: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(bytes, &signature).is_ok()
    }

    /// Whether every signature is its key's over its bytes. One check for the lot, about half the price of each
    /// alone; when it fails, ask [`VerifyingKey::verifies`] one by one. The holder of a secret key can make a signature
    /// that passes here and fails there (RFC 8032 leaves both open); nobody else can.
    pub fn verifies_all(messages: &[&[u8]], signatures: &[Signature], keys: &[Self]) -> bool {
        let signatures: Vec<_> =
            signatures.iter().map(|signature| ed25519_dalek::Signature::from_bytes(&signature.0)).collect();
        let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
        ed25519_dalek::verify_batch(messages, &signatures, &keys).is_ok()
    }
}

impl TryFrom<String> for VerifyingKey {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<VerifyingKey> for String {
    fn from(key: VerifyingKey) -> String {
        key.to_string()
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let kind = VERIFYING_KEY;
        let key = DalekVerifyingKey::from_bytes(&key_bytes(text, kind)?).map_err(|_| KeyError(kind))?;
        if key.is_weak() { Err(KeyError(kind)) } else { Ok(Self(key)) }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&to_base64(self.0.as_bytes()))
    }
}

/// The aggregator's public HPKE key (X25519) that records are sealed to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct SealKey(
    #[schemars(with = "String", regex(pattern = r"^[A-Za-z0-9_-]{43}$"))]
    pub(crate)  <SealKem as hpke::Kem>::PublicKey,
);

impl SealKey {
    /// The key's short name: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes.
    pub fn key_id(&self) -> KeyId {
        let hash = Hash::of(&self.0.to_bytes()).to_string();
        KeyId(hash.chars().take(16).collect())
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealKey({self})")
    }
}

impl TryFrom<String> for SealKey {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<SealKey> for String {
    fn from(key: SealKey) -> String {
        key.to_string()
    }
}

impl FromStr for SealKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let kind = SEAL_KEY;
        let bytes = key_bytes(text, kind)?;
        <SealKem as hpke::Kem>::PublicKey::from_bytes(&bytes).map(Self).map_err(|_| KeyError(kind))
    }
}

impl fmt::Display for SealKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&to_base64(&self.0.to_bytes()))
    }
}

/// The aggregator's secret HPKE key that opens records.
#[derive(Clone)]
pub struct OpenKey {
    pub(crate) secret: <Opening as hpke::Kem>::PrivateKey,
    public: SealKey,
    id: KeyId,
}

impl OpenKey {
    /// Draws a new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let (secret, public) = Opening::gen_keypair_with_rng(rng);
        Self::new(secret, SealKey(public))
    }

    /// A key from its 32 secret bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let secret =
            <Opening as hpke::Kem>::PrivateKey::from_bytes(bytes).map_err(|_| KeyError(SECRET_SEAL_KEY))?;
        let public = SealKey(Opening::sk_to_pk(&secret));
        Ok(Self::new(secret, public))
    }

    fn new(secret: <Opening as hpke::Kem>::PrivateKey, public: SealKey) -> Self {
        let id = public.key_id();
        Self { secret, public, id }
    }

    /// The secret bytes, to be kept in a file only its owner can read.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.secret.to_bytes().into()
    }

    /// The public half, given to kiosks.
    pub fn seal_key(&self) -> &SealKey {
        &self.public
    }

    /// The public half's short name.
    pub fn key_id(&self) -> &KeyId {
        &self.id
    }
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OpenKey(of {})", self.public)
    }
}

/// The short name of a seal key: 16 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct KeyId(#[schemars(regex(pattern = r"^[0-9a-f]{16}$"))] String);

impl KeyId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        let shaped = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if shaped { Ok(Self(text)) } else { Err(KeyError(KEY_ID)) }
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::Fixed;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn ed25519_of_the_rfc() {
        let secret = b"\x4c\xcd\x08\x9b\x28\xff\x96\xda\x9d\xb6\xc3\x46\xec\x11\x4e\x0f\x5b\x8a\x31\x9f\x35\xab\xa6\x24\xda\x8c\xf6\xed\x4f\xb8\xa6\xfb";
        let key = SigningKey::from_bytes(secret);
        assert_eq!(key.verifying_key().to_string(), "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
        let signature = String::from(key.sign(b"\x72"));
        let expected = "kqAJqfDUyrhyDoILX2QlQKKye1QWUD-Ps3YiI-vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA";
        assert_eq!(signature, expected);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let weak = to_base64(&[0; 32]);
        for text in ["", "AAAA", &weak, &format!("{weak}="), &"A".repeat(44), &"/".repeat(43)] {
            assert!(text.parse::<VerifyingKey>().is_err(), "{text:?}");
        }
        for text in ["", "AAAA", &"A".repeat(44), &"+".repeat(43), &format!("{weak}\n")] {
            assert!(text.parse::<SealKey>().is_err(), "{text:?}");
        }
        for text in ["", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdefg"] {
            assert!(KeyId::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(Signature::try_from("A".repeat(43)).is_err());
        assert_eq!(
            "x".parse::<SealKey>().unwrap_err().to_string(),
            "not a seal key: use an X25519 public key, 43 characters of base64url"
        );
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let secret = to_base64(&[1; 32]);
        let key = SigningKey::from_bytes(&[1; 32]);
        let open_key = OpenKey::from_bytes(&[1; 32]).unwrap();
        for shown in [format!("{key:?}"), format!("{open_key:?}")] {
            assert!(!shown.contains(&secret) && !shown.contains("1, 1, 1"), "{shown}");
        }
    }

    #[test]
    fn the_key_id_is_the_start_of_the_hash_of_the_key() {
        let key = OpenKey::generate(&mut Fixed::new([3; 32]));
        let bytes = from_base64(&key.seal_key().to_string()).unwrap();
        assert_eq!(key.seal_key().key_id().as_str(), &Hash::of(&bytes).to_string()[..16]);
    }

    proptest! {
        #[test]
        fn keys_round_trip(bytes in any::<[u8; 32]>()) {
            let key = SigningKey::from_bytes(&bytes);
            prop_assert_eq!(key.to_bytes(), bytes);
            prop_assert_eq!(key.verifying_key().to_string().parse(), Ok(key.verifying_key()));
            let open_key = OpenKey::from_bytes(&bytes).unwrap();
            let again = OpenKey::from_bytes(&open_key.to_bytes()).unwrap();
            prop_assert_eq!(again.seal_key(), open_key.seal_key());
            prop_assert_eq!(open_key.seal_key().to_string().parse(), Ok(open_key.seal_key().clone()));
        }

        #[test]
        fn a_batch_says_what_each_alone_says(
            messages in prop::collection::vec(any::<Vec<u8>>(), 0..8),
            wrong in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let keys: Vec<_> = (0..messages.len()).map(|n| SigningKey::from_bytes(&[u8::try_from(n).unwrap(); 32])).collect();
            let mut signatures: Vec<_> = keys.iter().zip(&messages).map(|(key, message)| key.sign(message)).collect();
            if let (Some(wrong), false) = (wrong, signatures.is_empty()) {
                let wrong = wrong.index(signatures.len());
                *signatures.get_mut(wrong).unwrap() = SigningKey::from_bytes(&[99; 32]).sign(b"other");
            }
            let public: Vec<_> = keys.iter().map(SigningKey::verifying_key).collect();
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            let each = public.iter().zip(&messages).zip(&signatures).all(|((key, message), signature)| key.verifies(message, signature));
            prop_assert_eq!(VerifyingKey::verifies_all(&messages, &signatures, &public), each);
        }
    }

    #[test]
    fn lists_of_different_lengths_do_not_verify() {
        let key = SigningKey::from_bytes(&[1; 32]);
        assert!(!VerifyingKey::verifies_all(&[b"a", b"b"], &[key.sign(b"a")], &[key.verifying_key()]));
    }
}
