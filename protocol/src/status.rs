//! What a kiosk says about itself, and what the broker says when the kiosk is gone.
//!
//! These messages are not signed: a last will is written before it is true. Nothing is counted from them; a false one
//! can at most show a kiosk as silent or make the aggregator repeat an assignment.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::{Hash, KioskId, WardId};
use crate::keys::VerifyingKey;
use crate::limits::MAX_MESSAGE_BYTES;
use crate::version::{VersionedError, read_versioned, read_versioned_to};

/// A kiosk's presence, published on connecting and every minute; its last will says offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The version of this shape: 3 when it names the [questionnaire](Health::questionnaire), 2 when it says something about
    /// the [tablet](Health::tablet) and no more, otherwise 1.
    #[schemars(range(min = 1, max = 3))]
    pub version: u32,
    /// The kiosk.
    pub kiosk: KioskId,
    /// Whether it is there.
    pub presence: Presence,
}

/// Whether a kiosk is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is connected.
    Online(Health),
    /// The broker lost it, or it said goodbye.
    Offline,
}

/// How a kiosk is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// The version of its software.
    pub software: String,
    /// How many records wait in its outbox.
    pub waiting: u64,
    /// The number of its last sealed record, 0 for none. The aggregator knows from it what has not come yet.
    pub last_sequence: u64,
    /// Its clock's last known offset in seconds (aggregator minus kiosk).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_s: Option<i64>,
    /// The hash of the assignment it works by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Hash>,
    /// How the tablet itself is; from version 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tablet: Option<Tablet>,
    /// The hash of the questionnaire that it asks now; from version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questionnaire: Option<Hash>,
}

/// How a tablet is. What it cannot tell is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tablet {
    /// The charge of its battery, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_percent: Option<u8>,
    /// Whether it hangs on a charger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charging: Option<bool>,
    /// The free bytes of the disk that its outbox is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_disk_bytes: Option<u64>,
    /// The ward a manager has moved it to, when that is not the one of its assignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<WardId>,
}

/// A simulated kiosk asks to be known. Real kiosks are registered by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Introduction {
    /// The version of this shape: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The kiosk; its id starts with `sim-`.
    pub kiosk: KioskId,
    /// Its public key.
    pub signing_key: VerifyingKey,
    /// The ward it would like; the aggregator chooses when absent or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<WardId>,
}

/// Why a payload is not a status or an introduction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// Too large.
    #[error("the message has {0} bytes, more than {MAX_MESSAGE_BYTES}")]
    Oversize(usize),
    /// Not JSON of the right shape.
    #[error("the message is not readable: {0}")]
    Unreadable(String),
    /// Of a version that is not known here.
    #[error("message version {0} is not known")]
    UnknownVersion(u64),
    /// The message names another kiosk than its topic.
    #[error("the message speaks for kiosk {0}, which is not the topic's")]
    WrongTopic(KioskId),
    /// Only a simulated kiosk introduces itself.
    #[error("kiosk {0} is not a simulated one, whose id starts with sim-")]
    NotSimulated(KioskId),
}

impl Status {
    /// Presence, in the oldest version of the message that can say it.
    ///
    /// An aggregator from before a version refuses it. So a kiosk speaks of its tablet only to one that has sent it a
    /// [round](crate::round), and of its questionnaire only to one that has sent it a [posting](crate::posting), which are of
    /// the same ages.
    pub fn new(kiosk: KioskId, presence: Presence) -> Self {
        let version = match &presence {
            Presence::Online(Health { questionnaire: Some(_), .. }) => 3,
            Presence::Online(Health { tablet: Some(_), .. }) => 2,
            Presence::Online(_) | Presence::Offline => 1,
        };
        Self { version, kiosk, presence }
    }

    /// Reads the payload of a kiosk's status topic, of version 1 to 3.
    pub fn read(payload: &[u8], kiosk: &KioskId) -> Result<Self, StatusError> {
        let status: Self = read_as(payload, |payload| read_versioned_to(payload, 3))?;
        if status.kiosk == *kiosk { Ok(status) } else { Err(StatusError::WrongTopic(status.kiosk)) }
    }
}

impl Introduction {
    /// Reads the payload of a kiosk's introduction topic.
    pub fn read(payload: &[u8], kiosk: &KioskId) -> Result<Self, StatusError> {
        let introduction: Self = read(payload)?;
        if introduction.kiosk != *kiosk {
            Err(StatusError::WrongTopic(introduction.kiosk))
        } else if kiosk.is_simulated() {
            Ok(introduction)
        } else {
            Err(StatusError::NotSimulated(introduction.kiosk))
        }
    }
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, StatusError> {
    read_as(payload, read_versioned)
}

fn read_as<T>(
    payload: &[u8],
    read_payload: impl FnOnce(&[u8]) -> Result<T, VersionedError>,
) -> Result<T, StatusError> {
    if payload.len() > MAX_MESSAGE_BYTES {
        return Err(StatusError::Oversize(payload.len()));
    }
    read_payload(payload).map_err(|error| match error {
        VersionedError::Unreadable(error) => StatusError::Unreadable(error),
        VersionedError::UnknownVersion(version) => StatusError::UnknownVersion(version),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn kiosk(id: &str) -> KioskId {
        KioskId::new(id).unwrap()
    }

    fn check(payload: &str, expected: &Result<Presence, StatusError>) {
        let read = Status::read(payload.as_bytes(), &kiosk("k-1")).map(|status| status.presence);
        match (&read, expected) {
            (Err(StatusError::Unreadable(_)), Err(StatusError::Unreadable(_))) => {}
            _ => assert_eq!(&read, expected, "{payload}"),
        }
    }

    #[test]
    fn presence_reads_for_its_own_kiosk_only() {
        let health = Health {
            software: "0.1.0".to_owned(),
            waiting: 3,
            last_sequence: 12,
            clock_offset_s: Some(-4),
            assignment: None,
            tablet: None,
            questionnaire: None,
        };
        check(r#"{"version":1,"kiosk":"k-1","presence":"offline"}"#, &Ok(Presence::Offline));
        check(
            r#"{"version":1,"kiosk":"k-1","presence":{"online":{"software":"0.1.0","waiting":3,"last_sequence":12,"clock_offset_s":-4}}}"#,
            &Ok(Presence::Online(health)),
        );
        check(r#"{"version":1,"kiosk":"k-2","presence":"offline"}"#, &Err(StatusError::WrongTopic(kiosk("k-2"))));
        check(r#"{"version":7,"presence":"busy"}"#, &Err(StatusError::UnknownVersion(7)));
        check(r#"{"version":1,"kiosk":"k-1","presence":"busy"}"#, &Err(StatusError::Unreadable(String::new())));
        check("", &Err(StatusError::Unreadable(String::new())));
        let large = " ".repeat(MAX_MESSAGE_BYTES + 1);
        check(&large, &Err(StatusError::Oversize(MAX_MESSAGE_BYTES + 1)));
    }

    #[test]
    fn a_tablet_is_version_two_and_a_questionnaire_version_three() {
        let health = |tablet, questionnaire| Health {
            software: "0.1.0".to_owned(),
            waiting: 0,
            last_sequence: 0,
            clock_offset_s: None,
            assignment: None,
            tablet,
            questionnaire,
        };
        let tablet = Tablet {
            battery_percent: Some(81),
            charging: Some(false),
            free_disk_bytes: Some(9_000_000_000),
            moved_to: None,
        };
        let status = |tablet, asks| Status::new(kiosk("k-1"), Presence::Online(health(tablet, asks)));
        for (status, version) in [
            (status(None, None), 1),
            (status(Some(tablet.clone()), None), 2),
            (status(Some(tablet), Some(Hash::ZERO)), 3),
            (status(None, Some(Hash::ZERO)), 3),
        ] {
            assert_eq!(status.version, version);
            let json = serde_json::to_vec(&status).unwrap();
            assert_eq!(Status::read(&json, &kiosk("k-1")), Ok(status));
        }
        check(r#"{"version":4,"kiosk":"k-1","presence":"offline"}"#, &Err(StatusError::UnknownVersion(4)));
    }

    #[test]
    fn a_status_round_trips() {
        let status = Status::new(kiosk("k-1"), Presence::Offline);
        assert_eq!(Status::read(&serde_json::to_vec(&status).unwrap(), &kiosk("k-1")), Ok(status));
    }

    #[test]
    fn only_simulated_kiosks_introduce_themselves() {
        let signing_key = crate::keys::SigningKey::from_bytes(&[1; 32]).verifying_key();
        let introduce = |id: &str, topic: &str| {
            let introduction = Introduction { version: 1, kiosk: kiosk(id), signing_key, ward: None };
            Introduction::read(&serde_json::to_vec(&introduction).unwrap(), &kiosk(topic)).map(|_| ())
        };
        assert_eq!(introduce("sim-1", "sim-1"), Ok(()));
        assert_eq!(introduce("k-1", "k-1"), Err(StatusError::NotSimulated(kiosk("k-1"))));
        assert_eq!(introduce("sim-1", "sim-2"), Err(StatusError::WrongTopic(kiosk("sim-1"))));
    }
}
