//! What was released of the last months, for screens and pages that ask for no period.

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Calendar;

use super::{Comments, CommentsError, Released};
use crate::policy::Audience;

impl Comments {
    /// The first so many comments of a unit in so many calendar months up to a day's own that an audience may read, praise first and the newest
    /// months first. Each month is asked for by itself, so that one in which few people answered gives nothing.
    pub fn released_lately(
        &self,
        unit: &Unit,
        calendar: &Calendar,
        until: Date,
        months: usize,
        audience: Audience,
        most: usize,
    ) -> Result<Vec<Released>, CommentsError> {
        let mut released = Vec::new();
        let mut day = until;
        for _ in 0..months {
            let Ok(month) = calendar.period(&format!("{:04}-{:02}", day.year(), day.month())) else { break };
            // Of each tone as many as there may be in all: which tones the other months have is not known here.
            released.extend(self.newest_released(unit, &month, audience, most)?.listed);
            let Ok(before) = month.start().yesterday() else { break };
            day = before;
        }
        // A stable sort: among equals the newest stay first.
        released.sort_by_key(|comment: &Released| comment.tone);
        released.truncate(most);
        Ok(released)
    }
}
