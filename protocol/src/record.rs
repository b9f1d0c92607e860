//! What a kiosk seals and sends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, ClockError};
use crate::contact::{Contact, ContactError};
use crate::id::WardId;
use crate::one_line;

/// One thing that happened at a kiosk. Its id, kiosk and place in the chain are in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When it happened, as far as the tablet can say.
    pub clock: Clock,
    /// What happened.
    pub body: Body,
}

/// Why a record that has the right shape is still not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A time that tells more than a quarter of an hour.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// A contact that contradicts itself.
    #[error(transparent)]
    Contact(#[from] ContactError),
}

impl Record {
    /// Checks what the shape alone does not say. Sealing and opening both ask; nothing behind them needs to.
    pub fn check(&self) -> Result<(), RecordError> {
        self.clock.check()?;
        match &self.body {
            Body::Contact(contact) => contact.check()?,
            Body::HelpRequest(_) | Body::Cleaning(_) => {}
        }
        Ok(())
    }

    /// Reads a record from its JSON and checks it.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        record.check().map_err(|error| error.to_string())?;
        Ok(record)
    }

    /// The ward it happened on.
    pub fn ward(&self) -> &WardId {
        match &self.body {
            Body::Contact(contact) => &contact.ward,
            Body::HelpRequest(request) => &request.ward,
            Body::Cleaning(cleaning) => &cleaning.ward,
        }
    }
}

/// The kinds of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// An approach to a patient.
    Contact(Contact),
    /// Somebody asked for help. Never holds or names answers.
    HelpRequest(HelpRequest),
    /// The tablet was wiped.
    Cleaning(Cleaning),
}

/// A request for help, routed to staff and never scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelpRequest {
    /// The ward.
    pub ward: WardId,
    /// What is needed.
    pub need: Need,
    /// The bay or room chosen from the ward's list, when the kiosk is not fixed to one. Never a bed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What somebody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the buttons' own")]
pub enum Need {
    Pain,
    Toilet,
    Drink,
    Worried,
    Talk,
    Other,
}

/// The name of a bay or room: 1 to 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct Place(#[schemars(length(min = 1, max = 40))] String);

/// Why a text is not a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a bay or room has 1 to 40 characters and no control characters")]
pub struct PlaceError;

impl Place {
    /// Checks the text and makes the place.
    pub fn new(text: impl Into<String>) -> Result<Self, PlaceError> {
        let text = text.into();
        if one_line::fits(&text, 40) { Ok(Self(text)) } else { Err(PlaceError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;
    fn try_from(text: String) -> Result<Self, PlaceError> {
        Self::new(text)
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.0
    }
}

/// The tablet was wiped between patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cleaning {
    /// The ward.
    pub ward: WardId,
    /// Whether the wipe was confirmed, or the prompt timed out.
    pub confirmed: bool,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::record;

    #[test]
    fn places_are_short_and_plain() {
        for text in ["", "Bay\n2", &"x".repeat(41)] {
            assert_eq!(Place::new(text), Err(PlaceError), "{text:?}");
        }
        assert_eq!(Place::new("Bay 2").unwrap().as_str(), "Bay 2");
    }

    #[test]
    fn a_record_that_contradicts_itself_is_refused() {
        let contact = |outcome: &str, wall: &str| {
            let json = format!(
                r#"{{"clock":{{"wall":"{wall}"}},"body":{{"contact":{{"ward":"W12",
                "questionnaire":{{"id":"inpatient","version":1}},"outcome":"{outcome}","mode":"self","language":"en"}}}}}}"#
            );
            Record::from_json(json.as_bytes()).map(|record| record.ward().to_string())
        };
        assert_eq!(contact("asleep", "2026-11-23T10:15:00Z"), Ok("W12".to_owned()));
        assert_eq!(
            contact("completed", "2026-11-23T10:15:00Z"),
            Err("a contact that is completed has a response, and this one has none".to_owned())
        );
        assert_eq!(
            contact("asleep", "2026-11-23T10:15:01Z"),
            Err("wall is not cut down to a quarter of an hour".to_owned())
        );
    }

    proptest! {
        #[test]
        fn records_round_trip(record in record()) {
            let json = serde_json::to_vec(&record).unwrap();
            prop_assert_eq!(Record::from_json(&json), Ok(record));
        }
    }
}
