//! What a kiosk needs to take volunteers in: who may, which wards they go to, and whom they call when somebody is at risk.
//! [Signed](crate::signed), retained on the kiosk's round topic.
//!
//! It is a message of its own beside the [assignment](crate::assignment), so that the assignment stays readable by every kiosk
//! there ever was, and so that a new PIN does not look like a new assignment.
//!
//! PINs cross the wire and lie on the tablet as argon2id hashes only. A PIN of four digits can be tried out by whoever holds
//! its hash, so it is a door latch and not a safe: behind the door there is no answer of any patient.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{KioskId, WardId};

/// What a kiosk needs to take volunteers in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// The kiosk.
    pub kiosk: KioskId,
    /// When this was said. A kiosk keeps the newest it has seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub issued: Timestamp,
    /// The argon2id hash of the volunteers' PIN, in PHC form; absent while there is none, and then nobody comes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteer_pin: Option<String>,
    /// The same for managers, who may also move the kiosk to another ward and end its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_pin: Option<String>,
    /// The wards that are visited with this kiosk, its own first. Their boards are worth subscribing to.
    pub wards: Vec<WardName>,
    /// Whom to call when somebody tells of harm, as the screen says it; absent where the trust has set nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safeguarding: Option<String>,
}

/// A ward and what people call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WardName {
    /// Its id.
    pub id: WardId,
    /// Its name.
    pub name: String,
}

/// The fewest digits of a PIN.
pub const MIN_PIN_DIGITS: usize = 4;
/// The most digits of a PIN.
pub const MAX_PIN_DIGITS: usize = 8;

/// Whether a text has the form of a PIN.
pub fn is_pin(text: &str) -> bool {
    (MIN_PIN_DIGITS..=MAX_PIN_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_to_eight_digits() {
        for (text, expected) in [
            ("2580", true),
            ("12345678", true),
            ("123", false),
            ("123456789", false),
            ("12a4", false),
            ("", false),
        ] {
            assert_eq!(is_pin(text), expected, "{text:?}");
        }
        assert!(!is_pin("١٢٣٤"), "digits of another script are not on the keys");
    }
}
