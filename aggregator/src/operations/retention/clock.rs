//! Whether the clock is believed enough to delete by it: what is deleted is deleted, and by a clock that somebody has set a year ahead
//! everything may be due.
//!
//! A clock is doubted that has come further than time has passed since the start, or that says at the start that nothing has arrived for
//! months. A machine that slept, or whose hypervisor had it stand still, looks like the first of these where no clock went on meanwhile. So a
//! doubt ends without a restart, by one of three words, none of which is the clock's own:
//!
//! - The clock comes back to where time has passed to: somebody has set it right again.
//! - The tablets' own clocks say the same ([`Tablets`]). Nothing here sets them, what they say is signed, and a record can only say too early, by
//!   having waited, and never too late.
//! - Somebody deletes by hand ([`Believed::believe`]): a person who has looked at the clock.
//!
//! Records that came meanwhile are no such word by when they came, because that is what the clock said.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// How much further than time has passed the clock may have come: one that was set right by a little is no wonder.
const MOST_AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// For how long nothing may have arrived before a start.
const MOST_QUIET: SignedDuration = SignedDuration::from_hours(62 * 24);
/// How far a tablet's clock may be from ours when its record arrives, to say the same.
const MOST_APART: SignedDuration = SignedDuration::from_hours(24);
/// So many tablets have to say the same: one may be as wrong as we are.
const ENOUGH_TABLETS: usize = 2;

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

/// The clock since a start, or since it was believed again.
#[derive(Debug)]
pub(super) struct Believed {
    wall: Timestamp,
    steady: Duration,
    doubt: Option<Doubt>,
}

/// What the tablets' own clocks said of ours, each with its last record.
#[derive(Debug, Default)]
pub(super) struct Tablets(BTreeMap<String, bool>);

/// Time that nobody sets, since the machine started: it goes on while the machine sleeps.
pub(super) fn steady() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    let seconds = Duration::from_secs(u64::try_from(now.tv_sec).unwrap_or_default());
    seconds.saturating_add(Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap_or_default()))
}

/// Whether a tablet's own clock said the same as ours when its record arrived.
pub(super) fn says_the_same(tablet: Timestamp, arrived: Timestamp) -> bool {
    arrived.duration_since(tablet).abs() <= MOST_APART
}

impl Believed {
    /// At a start, with when the last record arrived.
    pub(super) fn at_a_start(wall: Timestamp, steady: Duration, newest: Option<Timestamp>) -> Self {
        let quiet = newest.map_or(SignedDuration::ZERO, |newest| wall.duration_since(newest));
        let doubt = (quiet > MOST_QUIET).then(|| Doubt::Quiet(quiet.as_hours() / 24));
        Self { wall, steady, doubt }
    }

    /// Looks at the clock again: why it is doubted, if it is.
    pub(super) fn doubt(&mut self, wall: Timestamp, steady: Duration) -> Option<Doubt> {
        let passed = SignedDuration::try_from(steady.saturating_sub(self.steady));
        let ahead = wall.duration_since(self.wall) - passed.unwrap_or(SignedDuration::ZERO);
        self.doubt = match self.doubt {
            None if ahead > MOST_AHEAD => Some(Doubt::Jumped(ahead.as_hours())),
            Some(Doubt::Jumped(_)) if ahead <= MOST_AHEAD => None,
            doubt => doubt,
        };
        self.doubt
    }

    /// Somebody who knows better has said that the clock is right: what follows is held against this moment.
    pub(super) fn believe(&mut self, wall: Timestamp, steady: Duration) {
        *self = Self { wall, steady, doubt: None };
    }
}

impl Tablets {
    /// A tablet's record arrived; its last one counts, because those from before may have waited on it for days.
    pub(super) fn hear(&mut self, kiosk: &str, tablet: Timestamp, arrived: Timestamp) {
        self.0.insert(kiosk.to_owned(), says_the_same(tablet, arrived));
    }

    /// Whether enough of them, and most of them, say that our clock is right.
    pub(super) fn say_it_is_right(&self) -> bool {
        let same = self.0.values().filter(|same| **same).count();
        same >= ENOUGH_TABLETS && 2 * same > self.0.len()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const BOOTED: Duration = Duration::from_secs(7);

    #[test]
    fn nothing_is_deleted_by_a_clock_that_has_jumped_or_finds_nothing_of_the_last_months() {
        let start = at("2026-11-26T12:00:00Z");
        let mut clock = Believed::at_a_start(start, BOOTED, Some(at("2026-11-25T12:00:00Z")));
        let later = BOOTED + Duration::from_hours(48);
        assert_eq!(clock.doubt(at("2026-11-28T13:00:00Z"), later), None, "two days have passed");
        assert_eq!(clock.doubt(at("2026-10-28T13:00:00Z"), later), None, "what is behind deletes less");
        assert_eq!(clock.doubt(at("2027-11-28T12:00:00Z"), later), Some(Doubt::Jumped(365 * 24)));
        assert_eq!(clock.doubt(at("2027-11-29T12:00:00Z"), later), Some(Doubt::Jumped(365 * 24)), "it stays");

        let mut clock = Believed::at_a_start(at("2027-11-26T12:00:00Z"), BOOTED, Some(start));
        assert_eq!(clock.doubt(at("2027-11-26T12:01:00Z"), BOOTED), Some(Doubt::Quiet(365)));
        assert_eq!(
            Believed::at_a_start(start, BOOTED, None).doubt(start, BOOTED),
            None,
            "an empty log has no past"
        );
    }

    /// A machine that its hypervisor had stand still for a weekend need not be started again.
    #[test]
    fn a_doubted_clock_is_believed_again_when_it_comes_back_or_somebody_knows_better() {
        let start = at("2026-11-26T12:00:00Z");
        let (jumped, minute) = (at("2026-11-29T12:01:00Z"), BOOTED + Duration::from_mins(1));
        let mut clock = Believed::at_a_start(start, BOOTED, None);
        assert_eq!(clock.doubt(jumped, minute), Some(Doubt::Jumped(72)));
        assert_eq!(clock.doubt(at("2026-11-26T12:02:00Z"), minute), None, "somebody has set it right");
        assert_eq!(clock.doubt(jumped, minute), Some(Doubt::Jumped(72)), "and wrong again");
        clock.believe(jumped, minute);
        assert_eq!(clock.doubt(jumped, minute), None);
        let later = minute + Duration::from_hours(24);
        assert_eq!(clock.doubt(at("2026-11-30T12:01:00Z"), later), None, "it goes on from there");
        assert!(clock.doubt(at("2027-11-30T12:01:00Z"), later).is_some(), "the next jump is one");

        let mut clock = Believed::at_a_start(at("2027-11-26T12:00:00Z"), BOOTED, Some(start));
        assert_eq!(clock.doubt(at("2026-11-26T12:00:00Z"), BOOTED), Some(Doubt::Quiet(365)), "it says nothing");
        clock.believe(at("2027-11-26T12:00:00Z"), BOOTED);
        assert_eq!(clock.doubt(at("2027-11-26T12:01:00Z"), minute), None);
    }

    #[test]
    fn most_of_the_tablets_have_to_say_the_same_and_no_tablet_alone() {
        let (now, right) = (at("2026-11-29T12:00:00Z"), at("2026-11-29T11:45:00Z"));
        let behind = at("2026-11-26T09:00:00Z");
        let mut tablets = Tablets::default();
        assert!(!tablets.say_it_is_right(), "nobody has said anything");
        tablets.hear("k-1", right, now);
        assert!(!tablets.say_it_is_right(), "one may be as wrong as we are");
        tablets.hear("k-1", right, now);
        assert!(!tablets.say_it_is_right(), "twice the same one");
        tablets.hear("k-2", behind, now);
        tablets.hear("k-2", right, now);
        assert!(tablets.say_it_is_right(), "what had waited came first, and then what is of now");
        tablets.hear("k-3", behind, now);
        assert!(tablets.say_it_is_right(), "one of three may be wrong");
        tablets.hear("k-4", at("2027-11-29T12:00:00Z"), now);
        assert!(!tablets.say_it_is_right(), "half of them are not most of them");
    }

    #[test]
    fn time_that_nobody_sets_goes_on() {
        let before = steady();
        assert!(before > Duration::ZERO);
        assert!(steady() >= before);
    }
}
