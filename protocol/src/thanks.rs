//! What a kiosk gives with its thanks. [Signed](crate::signed), retained on the kiosk's thanks topic.
//!
//! It is a message of its own beside the [assignment](crate::assignment), for the reason that a [round](crate::round) is: every
//! kiosk there ever was goes on reading the assignment. A kiosk that does not know this message thanks, and gives nothing.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::KioskId;

/// What a kiosk gives with its thanks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thanks {
    /// The kiosk.
    pub kiosk: KioskId,
    /// When this was said. A kiosk keeps the newest it has seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub issued: Timestamp,
    /// Whether whoever has answered is shown a [code](crate::withdrawal) with which the answer can be deleted.
    pub withdrawal_codes: bool,
}
