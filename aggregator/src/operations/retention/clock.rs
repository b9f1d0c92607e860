//! Whether the clock is believed enough to delete by it: what is deleted is deleted, and by a clock that somebody has set a year ahead
//! everything may be due.
//!
//! A clock is doubted that has come further than time has passed since the start, or that says at the start that nothing has arrived for
//! months. A doubt stays until the next start, because records that came meanwhile carry the same clock.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// How much further than time has passed the clock may have come: one that was set right by a little is no wonder.
const MOST_AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// For how long nothing may have arrived before a start.
const MOST_QUIET: SignedDuration = SignedDuration::from_hours(62 * 24);

/// Why the clock is doubted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Doubt {
    /// It jumped.
    #[error("the clock has jumped ahead by {0} hours since the start")]
    Jumped(i64),
    /// Nothing has come for long.
    #[error("by the clock nothing has arrived for {0} days")]
    Quiet(i64),
}

/// The clock since a start.
#[derive(Debug)]
pub(super) struct Believed {
    wall: Timestamp,
    steady: Instant,
    doubt: Option<Doubt>,
}

impl Believed {
    /// At a start, with when the last record arrived.
    pub(super) fn at_a_start(wall: Timestamp, steady: Instant, newest: Option<Timestamp>) -> Self {
        let quiet = newest.map_or(SignedDuration::ZERO, |newest| wall.duration_since(newest));
        let doubt = (quiet > MOST_QUIET).then(|| Doubt::Quiet(quiet.as_hours() / 24));
        Self { wall, steady, doubt }
    }

    /// Looks at the clock again: why it is doubted, if it is.
    pub(super) fn doubt(&mut self, wall: Timestamp, steady: Instant) -> Option<Doubt> {
        let passed = SignedDuration::try_from(steady.saturating_duration_since(self.steady));
        let ahead = wall.duration_since(self.wall) - passed.unwrap_or(SignedDuration::ZERO);
        if self.doubt.is_none() && ahead > MOST_AHEAD {
            self.doubt = Some(Doubt::Jumped(ahead.as_hours()));
        }
        self.doubt
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::time::Duration;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_is_deleted_by_a_clock_that_has_jumped_or_finds_nothing_of_the_last_months() {
        let steady = Instant::now();
        let start = at("2026-11-26T12:00:00Z");
        let mut clock = Believed::at_a_start(start, steady, Some(at("2026-11-25T12:00:00Z")));
        let later = steady + Duration::from_hours(48);
        assert_eq!(clock.doubt(at("2026-11-28T13:00:00Z"), later), None, "two days have passed");
        assert_eq!(clock.doubt(at("2026-10-28T13:00:00Z"), later), None, "what is behind deletes less");
        assert_eq!(clock.doubt(at("2027-11-28T12:00:00Z"), later), Some(Doubt::Jumped(365 * 24)));
        assert_eq!(clock.doubt(at("2026-11-28T12:00:00Z"), later), Some(Doubt::Jumped(365 * 24)), "it stays");

        let mut clock = Believed::at_a_start(at("2027-11-26T12:00:00Z"), steady, Some(start));
        assert_eq!(clock.doubt(at("2027-11-26T12:01:00Z"), steady), Some(Doubt::Quiet(365)));
        assert_eq!(
            Believed::at_a_start(start, steady, None).doubt(start, steady),
            None,
            "an empty log has no past"
        );
    }
}
