//! What a message about a request for help says: ward, bay or room, and what is needed. Nothing else is known of who asked.

use wardvoice_protocol::record::{Need, Place};

use super::Request;
use super::escalation::Step;
use crate::delivery::{Fact, Letter, Message, MessageId, Subject};

impl Request {
    /// The message of a step. `minutes` is how long each contact has before the next is told.
    pub(super) fn message(&self, step: &Step, ward_name: &str, minutes: i64) -> Message {
        // A contact is told once of a request, whatever place in the chain the settings give it.
        let id = MessageId::of(&["help", &self.record.to_string(), step.contact.as_str()]);
        let waited = minutes * i64::from(step.number);
        let title = match step.number {
            0 => format!("{ward_name}: somebody asks for help"),
            _ => format!("{ward_name}: nobody has seen a request for help for {}", minutes_in_words(waited)),
        };
        let place = self.place.as_ref().map_or("not said", Place::as_str);
        let facts = vec![
            Fact::new("ward", "Ward", self.ward.as_str(), ward_name),
            Fact::new("place", "Where", place, place),
            Fact::new("need", "Needs", need_word(self.need), need(self.need)),
        ];
        Message {
            id,
            contact: step.contact.clone(),
            subject: Subject::Help { record: self.record, step: step.number },
            made: step.due,
            letter: Letter { title, facts, page: Some(format!("/ward/{}#help", self.ward)) },
        }
    }
}

fn minutes_in_words(minutes: i64) -> String {
    if minutes == 1 { "1 minute".to_owned() } else { format!("{minutes} minutes") }
}

/// What somebody needs.
pub(crate) fn need(need: Need) -> &'static str {
    match need {
        Need::Pain => "In pain",
        Need::Toilet => "The toilet",
        Need::Drink => "A drink",
        Need::Worried => "Worried",
        Need::Talk => "To talk to someone",
        Need::Other => "Something else",
    }
}

/// The same for machines, as records say it.
pub(crate) fn need_word(need: Need) -> &'static str {
    match need {
        Need::Pain => "pain",
        Need::Toilet => "toilet",
        Need::Drink => "drink",
        Need::Worried => "worried",
        Need::Talk => "talk",
        Need::Other => "other",
    }
}
