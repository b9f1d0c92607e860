//! Which translations of a questionnaire people have approved since its file was written. [Signed](crate::signed), retained on the
//! kiosk's approvals topic.
//!
//! A version of a questionnaire never changes once it is used, and its file says of each language only whether it was approved when
//! the file was written. Somebody who checks a translation later changes no word of it; so what they decide stands beside the file, with
//! the file's hash, and the file, its hash and every score that names it stay as they are.
//!
//! A kiosk that does not know this message offers what the file approves, and no more. A language that is withdrawn is no matter of this
//! message: the aggregator leaves it out of the languages of the assignment, which every kiosk there ever was reads.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{Hash, KioskId, Language};

/// What a kiosk may offer besides what the questionnaire's file approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// The kiosk.
    pub kiosk: KioskId,
    /// When this was said. A kiosk keeps the newest it has seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub issued: Timestamp,
    /// The hash of the questionnaire that it is about.
    pub questionnaire: Hash,
    /// The languages that are approved.
    pub languages: BTreeMap<Language, ApprovedLanguage>,
}

/// A language that is approved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovedLanguage {
    /// The hash of the kiosk's own words (its buttons and explanations) as whoever approved has seen them; absent where they have not been
    /// looked at. A kiosk whose own words are not approved by their makers offers the language only where it has exactly these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Hash>,
}
