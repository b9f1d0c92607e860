//! The aggregator's word that an envelope is durably stored, or why it is refused.
//!
//! A receipt is a [signed](crate::signed) message on the kiosk's receipts topic. It is sent only after the
//! aggregator's own log is flushed. A kiosk deletes a record when a verdict names its id *and its hash* and settles it.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{Hash, KioskId, RecordId, Sequence};

/// One or more verdicts for one kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The kiosk.
    pub kiosk: KioskId,
    /// The aggregator's clock when it wrote the receipt; kiosks learn their offset from it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub aggregator_time: Timestamp,
    /// One verdict for each copy received.
    pub verdicts: Vec<Verdict>,
}

/// What became of one envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The hash of the envelope; of the whole payload when it could not be read as an envelope.
    pub envelope: Hash,
    /// The record and its number; absent when the payload could not be read as an envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// The number in the kiosk's sequence; absent when the payload could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
    /// What became of it.
    pub decision: Decision,
}

/// What became of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is stored, flushed and counted once. Racing copies of one envelope are all accepted.
    Accepted,
    /// It was stored long ago; this copy changes nothing.
    Duplicate,
    /// It is not counted.
    Refused(Refusal),
}

impl Decision {
    /// Whether the kiosk may delete the record: the aggregator holds the bytes, flushed.
    pub fn settles(&self) -> bool {
        match self {
            Self::Accepted | Self::Duplicate => true,
            Self::Refused(refusal) => refusal.kept,
        }
    }
}

/// Why an envelope is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The kind of reason.
    pub reason: Reason,
    /// The same in words, without anything a patient wrote.
    pub detail: String,
    /// Whether the bytes are in the aggregator's quarantine, flushed. When not, the kiosk must keep its copy.
    pub kept: bool,
}

/// The kinds of reason for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Larger than the limit.
    Oversize,
    /// Not JSON of an envelope's shape.
    Unreadable,
    /// An envelope version that is not known.
    UnknownVersion,
    /// The envelope names another kiosk than the topic.
    WrongTopic,
    /// No kiosk of that id is registered.
    UnknownKiosk,
    /// The signature is not the kiosk's.
    WrongSignature,
    /// Signed with, or sealed to, a key that has been replaced or is not known.
    StaleKey,
    /// `previous` is not the hash of the envelope before.
    BrokenChain,
    /// Another envelope already holds this number: two tablets with one key, or a restored copy.
    ForkedChain,
    /// The record id is already stored with other bytes.
    Conflict,
    /// The decryption failed.
    CannotOpen,
    /// What was inside is not a record.
    InvalidRecord,
    /// The ward is not in the directory.
    UnknownWard,
    /// The questionnaire or its version is not known.
    UnknownQuestionnaire,
    /// A question that the questionnaire does not have, or one that is missing.
    UnknownQuestion,
    /// An option that the question does not have.
    UnknownOption,
    /// The evidence about the time puts the record too far in the past or the future.
    Clock,
}

impl Reason {
    /// Every reason, in the order they are asked for.
    pub const ALL: [Self; 17] = [
        Self::Oversize,
        Self::Unreadable,
        Self::UnknownVersion,
        Self::WrongTopic,
        Self::UnknownKiosk,
        Self::WrongSignature,
        Self::StaleKey,
        Self::BrokenChain,
        Self::ForkedChain,
        Self::Conflict,
        Self::CannotOpen,
        Self::InvalidRecord,
        Self::UnknownWard,
        Self::UnknownQuestionnaire,
        Self::UnknownQuestion,
        Self::UnknownOption,
        Self::Clock,
    ];

    /// The reason as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oversize => "oversize",
            Self::Unreadable => "unreadable",
            Self::UnknownVersion => "unknown_version",
            Self::WrongTopic => "wrong_topic",
            Self::UnknownKiosk => "unknown_kiosk",
            Self::WrongSignature => "wrong_signature",
            Self::StaleKey => "stale_key",
            Self::BrokenChain => "broken_chain",
            Self::ForkedChain => "forked_chain",
            Self::Conflict => "conflict",
            Self::CannotOpen => "cannot_open",
            Self::InvalidRecord => "invalid_record",
            Self::UnknownWard => "unknown_ward",
            Self::UnknownQuestionnaire => "unknown_questionnaire",
            Self::UnknownQuestion => "unknown_question",
            Self::UnknownOption => "unknown_option",
            Self::Clock => "clock",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_aggregator_holds_settles() {
        let refused = |kept| {
            Decision::Refused(Refusal { reason: Reason::BrokenChain, detail: "3 follows 1".to_owned(), kept })
        };
        let check = |decision: Decision, expected| assert_eq!(decision.settles(), expected, "{decision:?}");
        check(Decision::Accepted, true);
        check(Decision::Duplicate, true);
        check(refused(true), true);
        check(refused(false), false);
    }

    #[test]
    fn decisions_stand_in_json_as_documented() {
        let check = |json: serde_json::Value, expected: Decision| {
            assert_eq!(serde_json::from_value::<Decision>(json.clone()).unwrap(), expected);
            assert_eq!(serde_json::to_value(expected).unwrap(), json);
        };
        check(json!("accepted"), Decision::Accepted);
        check(json!("duplicate"), Decision::Duplicate);
        check(
            json!({"refused": {"reason": "clock", "detail": "400 days ahead", "kept": true}}),
            Decision::Refused(Refusal { reason: Reason::Clock, detail: "400 days ahead".to_owned(), kept: true }),
        );
        for json in [json!("refused"), json!({"accepted": true}), json!("Accepted"), json!({"refused": {}})] {
            assert!(serde_json::from_value::<Decision>(json).is_err());
        }
    }

    #[test]
    fn every_reason_has_one_spelling() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), json!(reason.as_str()));
            assert_eq!(reason.to_string(), reason.as_str());
        }
    }

    #[test]
    fn a_verdict_on_the_unreadable_names_only_its_bytes() {
        let verdict = Verdict {
            envelope: Hash::of(b"{"),
            record: None,
            sequence: None,
            decision: Decision::Refused(Refusal {
                reason: Reason::Unreadable,
                detail: "not JSON".to_owned(),
                kept: true,
            }),
        };
        let receipt = Receipt {
            kiosk: KioskId::new("k-1").unwrap(),
            aggregator_time: "2026-11-23T10:15:02Z".parse().unwrap(),
            verdicts: vec![verdict],
        };
        let json = serde_json::to_string(&receipt).unwrap();
        assert!(!json.contains("sequence") && !json.contains("null"), "{json}");
        assert_eq!(serde_json::from_str::<Receipt>(&json).unwrap(), receipt);
    }
}
