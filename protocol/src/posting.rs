//! A kiosk's assignment with when it was said and the hash of what it asks. [Signed](crate::signed), retained on the kiosk's
//! posting topic.
//!
//! It is a message of its own beside the [assignment](crate::assignment), for the reason that a [round](crate::round) is: every
//! kiosk there ever was goes on reading the assignment. A kiosk that knows postings lets one take the place of the assignment
//! for good, so that neither an older posting nor any assignment that a broker says again can turn it back.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assignment::Assignment;
use crate::id::Hash;

/// What a kiosk is told to be, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// When this was said. A kiosk keeps the newest it has seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub issued: Timestamp,
    /// The hash of the questionnaire that the assignment names; it comes on the topic of that hash.
    pub questionnaire: Hash,
    /// The assignment.
    pub assignment: Assignment,
}
