//! Whether the hospital has the request for help that is on the screen, and whether staff have seen it.
//!
//! Only the request that was stored last can be on the screen, so its id is all that is remembered; what the aggregator says of
//! any other is for a screen that has gone.

use std::sync::{Arc, Mutex, PoisonError};

use wardvoice_protocol::id::RecordId;

use super::post::Post;
use crate::dispatch::Dispatch;
use crate::interview::Happening;

/// The request for help that was stored last.
#[derive(Debug, Clone, Default)]
pub(super) struct HelpOnScreen {
    stored: Arc<Mutex<Option<RecordId>>>,
}

impl HelpOnScreen {
    /// Lets the window know when the request on its screen has been delivered and seen.
    pub(super) fn watch(dispatch: &Dispatch, post: &Post) -> Self {
        let help = Self::default();
        let tells = |happening: Happening| {
            let (watching, post) = (help.clone(), post.clone());
            move |records: &[RecordId]| {
                if watching.is_among(records) {
                    post.put(happening.clone());
                }
            }
        };
        dispatch.on_delivered(tells(Happening::HelpDelivered));
        dispatch.on_help_seen(tells(Happening::HelpSeen));
        help
    }

    /// A request has been stored. Called on the dispatch's thread, before the window hears of it.
    pub(super) fn remember(&self, record: RecordId) {
        *self.stored.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
    }

    fn is_among(&self, records: &[RecordId]) -> bool {
        let stored = *self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.is_some_and(|record| records.contains(&record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_request_that_was_stored_last_is_on_the_screen() {
        let help = HelpOnScreen::default();
        let [one, other] = [1, 2].map(|byte| RecordId::new(0, [byte; 10]));
        assert!(!help.is_among(&[one, other]), "nobody has asked");
        help.remember(one);
        assert!(help.is_among(&[other, one]));
        help.remember(other);
        assert!(!help.is_among(&[one]));
    }
}
