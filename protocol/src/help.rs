//! Which of a kiosk's requests for help staff have seen. [Signed](crate::signed), retained on the kiosk's help topic.
//!
//! It names records and nothing else: not what was needed, not where, not who has seen it. A kiosk shows it for the request
//! that is on its screen and forgets it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{KioskId, RecordId};

/// The most requests that one message names.
pub const MOST_SEEN: usize = 20;

/// Which requests have been seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelpSeen {
    /// The kiosk.
    pub kiosk: KioskId,
    /// The ids of the records that were seen last, oldest first; at most [`MOST_SEEN`].
    #[schemars(length(max = 20))]
    pub seen: Vec<RecordId>,
}
