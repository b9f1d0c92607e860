//! What a kiosk says about itself, and what the broker says when the kiosk is gone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{Hash, KioskId, WardId};
use crate::keys::VerifyingKey;

/// A kiosk's presence, published on connecting and every minute; its last will says offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The version of this shape: 1.
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
}

/// A simulated kiosk asks to be known. Real kiosks are registered by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Introduction {
    /// The version of this shape: 1.
    pub version: u32,
    /// The kiosk; its id starts with `sim-`.
    pub kiosk: KioskId,
    /// Its public key.
    pub signing_key: VerifyingKey,
    /// The ward it would like; the aggregator chooses when absent or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<WardId>,
}
