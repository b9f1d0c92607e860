//! What the aggregator says to kiosks is signed, so that a broker in between can lose a message but not make one up.
//!
//! On the wire: `{"version": 1, "signed": "<JSON as a string>", "signature": "<base64url>"}`. The Ed25519 signature is
//! over `wardvoice-signed-1`, a line feed, the topic, a line feed, and the bytes of `signed`. Verify first, then
//! parse `signed`.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::keys::{Signature, SigningKey, VerifyingKey};
use crate::limits::MAX_MESSAGE_BYTES;
use crate::topic::Topic;
use crate::version::{VersionedError, read_versioned};

/// A signed message as it crosses the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedFile {
    /// The version of this shape: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The message as JSON text.
    pub signed: String,
    /// The aggregator's signature.
    pub signature: Signature,
}

/// Why a payload is not a message from the aggregator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Too large.
    #[error("the message has {0} bytes, more than {MAX_MESSAGE_BYTES}")]
    Oversize(usize),
    /// Not JSON of the right shape.
    #[error("the message is not readable: {0}")]
    Unreadable(String),
    /// Of a version that is not known here.
    #[error("message version {0} is not known")]
    UnknownVersion(u64),
    /// Not signed by the aggregator for this topic.
    #[error("the message is not signed by the aggregator for topic {0}")]
    WrongSignature(Topic),
}

/// Signs a message for a topic and returns the payload.
pub fn sign<T: Serialize>(message: &T, topic: &Topic, key: &SigningKey) -> Result<Vec<u8>, serde_json::Error> {
    let signed = serde_json::to_string(message)?;
    let signature = key.sign(&signing_input(topic, &signed));
    serde_json::to_vec(&SignedFile { version: 1, signed, signature })
}

/// Checks a payload's signature for a topic and reads the message.
pub fn verify<T: DeserializeOwned>(payload: &[u8], topic: &Topic, key: &VerifyingKey) -> Result<T, SignedError> {
    let file = read(payload)?;
    if !key.verifies(&signing_input(topic, &file.signed), &file.signature) {
        return Err(SignedError::WrongSignature(topic.clone()));
    }
    parse(&file.signed)
}

/// Reads a message *without* a key, for a simulated kiosk that learns the key from the message itself.
pub fn read_trusting<T: DeserializeOwned>(payload: &[u8]) -> Result<T, SignedError> {
    parse(&read(payload)?.signed)
}

fn read(payload: &[u8]) -> Result<SignedFile, SignedError> {
    if payload.len() > MAX_MESSAGE_BYTES {
        return Err(SignedError::Oversize(payload.len()));
    }
    read_versioned(payload).map_err(|error| match error {
        VersionedError::Unreadable(error) => SignedError::Unreadable(error),
        VersionedError::UnknownVersion(version) => SignedError::UnknownVersion(version),
    })
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, SignedError> {
    serde_json::from_str(text).map_err(|error| SignedError::Unreadable(error.to_string()))
}

fn signing_input(topic: &Topic, signed: &str) -> Vec<u8> {
    format!("wardvoice-signed-1\n{topic}\n{signed}").into_bytes()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::enrolment::Ask;
    use crate::envelope::Envelope;
    use crate::id::KioskId;
    use crate::record::Record;
    use crate::status::Status;
    use crate::topic::Channel;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[5; 32])
    }

    fn topic(kiosk: &str) -> Topic {
        Topic::Kiosk(KioskId::new(kiosk).unwrap(), Channel::Receipts)
    }

    fn payload() -> Vec<u8> {
        sign(&json!({"words": "ward\u{a0}12"}), &topic("k-1"), &key()).unwrap()
    }

    #[test]
    fn what_is_signed_verifies_for_its_topic_and_key_only() {
        let read = verify::<Value>(&payload(), &topic("k-1"), &key().verifying_key());
        assert_eq!(read, Ok(json!({"words": "ward\u{a0}12"})));
        let other_topic = verify::<Value>(&payload(), &topic("k-2"), &key().verifying_key());
        assert_eq!(other_topic, Err(SignedError::WrongSignature(topic("k-2"))));
        let other_key = SigningKey::from_bytes(&[6; 32]).verifying_key();
        assert!(matches!(
            verify::<Value>(&payload(), &topic("k-1"), &other_key),
            Err(SignedError::WrongSignature(_))
        ));
        assert!(read_trusting::<Value>(&payload()).is_ok());
    }

    #[test]
    fn the_signature_is_over_the_text_as_it_stands() {
        let mut file: SignedFile = serde_json::from_slice(&payload()).unwrap();
        file.signed.push(' ');
        let changed = serde_json::to_vec(&file).unwrap();
        let verified = verify::<Value>(&changed, &topic("k-1"), &key().verifying_key());
        assert!(matches!(verified, Err(SignedError::WrongSignature(_))));
    }

    #[test]
    fn other_shapes_are_told_apart() {
        let check = |payload: &[u8]| read_trusting::<Value>(payload).unwrap_err();
        assert!(matches!(check(b"{}"), SignedError::Unreadable(_)));
        assert!(matches!(check(b"\xff"), SignedError::Unreadable(_)));
        assert_eq!(check(br#"{"version":2,"envelope":1}"#), SignedError::UnknownVersion(2));
        let mut file: Value = serde_json::from_slice(&payload()).unwrap();
        file["version"] = json!(2);
        assert_eq!(check(&serde_json::to_vec(&file).unwrap()), SignedError::UnknownVersion(2));
        file["version"] = json!(1);
        file["signed"] = json!("{");
        assert!(matches!(check(&serde_json::to_vec(&file).unwrap()), SignedError::Unreadable(_)));
        let large = vec![b' '; MAX_MESSAGE_BYTES + 1];
        assert_eq!(check(&large), SignedError::Oversize(MAX_MESSAGE_BYTES + 1));
    }

    /// A hundred thousand brackets are refused, and take neither the stack nor the memory of whoever reads them.
    #[test]
    fn what_is_nested_without_end_is_refused() {
        for depth in [200, 20_000, 120_000] {
            let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let open = "[".repeat(depth);
            // As many as fit into a message.
            let many = depth.min(50_000);
            let objects = format!("{}1{}", "{\"a\":".repeat(many), "}".repeat(many));
            for text in [lists, open, objects] {
                let bare = read_trusting::<Value>(text.as_bytes());
                assert!(matches!(bare, Err(SignedError::Unreadable(_))), "{depth}: {bare:?}");
                assert!(Envelope::read(text.as_bytes()).is_err());
                // What a kiosk that was taken in could seal, say of itself, and ask for at the desk where kiosks join.
                assert!(Record::from_json(text.as_bytes()).is_err());
                assert!(Status::read(text.as_bytes(), &KioskId::new("k-1").unwrap()).is_err());
                assert!(serde_json::from_str::<Ask>(&text).is_err());
                let beside = format!("{{\"version\":1,\"more\":{text}}}");
                assert!(read_trusting::<Value>(beside.as_bytes()).is_err());
                assert!(Envelope::read(beside.as_bytes()).is_err());
                let signature = key().sign(&signing_input(&Topic::Directory, &text));
                let payload = serde_json::to_vec(&SignedFile { version: 1, signed: text, signature }).unwrap();
                let read = verify::<Value>(&payload, &Topic::Directory, &key().verifying_key());
                assert!(matches!(read, Err(SignedError::Unreadable(_))), "{depth}: {read:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_round_trips(text in "\\PC{0,200}") {
            let payload = sign(&text, &Topic::Directory, &key()).unwrap();
            prop_assert_eq!(verify::<String>(&payload, &Topic::Directory, &key().verifying_key()), Ok(text));
        }
    }
}
