//! When something happened, as a tablet with a wrong clock can honestly say it.
//!
//! The aggregator decides the local day of a record (`aggregator::ingest`); a kiosk only gives evidence.
//!
//! Everything is cut down to whole quarters of an hour (in UTC), which is all that a day needs and says little about
//! a person. Days begin on a quarter of an hour, so cutting a *time* down never moves it to another day; but adding up
//! parts that were each cut down could. So the kiosk adds up first, with exact values, and the parts are chosen such
//! that [`Clock::by_monotonic_age`] and [`Clock::by_offset`] give exactly the estimates, cut down:
//!
//! - `wall` = down(wall clock)
//! - `learnt.aggregator_time` = down(aggregator's time in the receipt)
//! - `learnt.age_s` = down(aggregator's time + monotonic age) - `learnt.aggregator_time`
//! - `learnt.offset_s` = down(wall clock + offset) - `wall`

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const QUARTER_HOUR_S: i64 = 900;

/// The evidence a record carries about when it was completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// The tablet's wall clock in UTC, cut down to a quarter of an hour.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub wall: Timestamp,
    /// What the last receipt taught, if there ever was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learnt: Option<Learnt>,
}

/// What a receipt taught the kiosk about the aggregator's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Learnt {
    /// Aggregator time minus wall clock when the receipt came, in seconds. Positive: the tablet was slow. In a
    /// record chosen so that `wall` plus it is the corrected time cut down to a quarter of an hour.
    pub offset_s: i64,
    /// Seconds of monotonic time since that receipt; absent when the tablet has restarted since. In a record
    /// chosen so that `aggregator_time` plus it is the present time cut down to a quarter of an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// The aggregator's time in that receipt, cut down to a quarter of an hour.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub aggregator_time: Timestamp,
}

/// Why evidence about the time may not be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not cut down to a quarter of an hour")]
pub struct ClockError(&'static str);

impl Clock {
    /// The evidence at a moment: the exact wall clock, and exactly what was learnt before. Cuts everything down.
    pub fn new(wall: Timestamp, learnt: Option<Learnt>) -> Self {
        let cut_wall = to_quarter_hour(wall);
        let learnt = learnt.map(|learnt| {
            let cut_time = to_quarter_hour(learnt.aggregator_time);
            let age_s = learnt.age_s.and_then(|age_s| {
                let now = learnt.aggregator_time.checked_add(seconds(i64::try_from(age_s).ok()?)).ok()?;
                u64::try_from(to_quarter_hour(now).as_second() - cut_time.as_second()).ok()
            });
            // An offset that leaves the calendar says nothing; zero lets the wall clock speak for itself.
            let corrected = wall.checked_add(seconds(learnt.offset_s)).map_or(cut_wall, to_quarter_hour);
            let offset_s = corrected.as_second() - cut_wall.as_second();
            Learnt { offset_s, age_s, aggregator_time: cut_time }
        });
        Self { wall: cut_wall, learnt }
    }

    /// Checks that nothing tells more than a quarter of an hour.
    pub fn check(&self) -> Result<(), ClockError> {
        let cut = |field, time: Timestamp| {
            if to_quarter_hour(time) == time { Ok(()) } else { Err(ClockError(field)) }
        };
        cut("wall", self.wall)?;
        let Some(learnt) = self.learnt else { return Ok(()) };
        cut("aggregator_time", learnt.aggregator_time)?;
        if learnt.offset_s % QUARTER_HOUR_S != 0 {
            return Err(ClockError("offset_s"));
        }
        if learnt.age_s.is_some_and(|age_s| age_s % QUARTER_HOUR_S.unsigned_abs() != 0) {
            return Err(ClockError("age_s"));
        }
        Ok(())
    }

    /// The aggregator's time in the last receipt plus the monotonic time since: independent of the wall clock.
    pub fn by_monotonic_age(&self) -> Option<Timestamp> {
        let learnt = self.learnt?;
        learnt.aggregator_time.checked_add(seconds(i64::try_from(learnt.age_s?).ok()?)).ok()
    }

    /// The wall clock corrected by the last offset.
    pub fn by_offset(&self) -> Option<Timestamp> {
        self.wall.checked_add(seconds(self.learnt?.offset_s)).ok()
    }
}

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

/// Cuts a time down to the quarter hour before it.
pub fn to_quarter_hour(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(QUARTER_HOUR_S)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use jiff::SignedDuration;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::timestamp;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_cut_down_never_up() {
        let check = |input: &str, expected: &str| assert_eq!(to_quarter_hour(at(input)), at(expected));
        check("2026-11-23T10:14:59.999Z", "2026-11-23T10:00:00Z");
        check("2026-11-23T10:15:00Z", "2026-11-23T10:15:00Z");
        check("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z");
        check("1969-12-31T23:59:59Z", "1969-12-31T23:45:00Z");
    }

    /// 23:59 in the receipt and 6 minutes since: had each been cut down on its own, the sum would be yesterday.
    #[test]
    fn adding_up_after_cutting_down_does_not_lose_midnight() {
        let learnt = Learnt { offset_s: -300, age_s: Some(360), aggregator_time: at("2026-11-22T23:59:00Z") };
        let clock = Clock::new(at("2026-11-23T00:10:00Z"), Some(learnt));
        assert_eq!(clock.by_monotonic_age(), Some(at("2026-11-23T00:00:00Z")));
        assert_eq!(clock.by_offset(), Some(at("2026-11-23T00:00:00Z")));
        assert_eq!(clock.wall, at("2026-11-23T00:00:00Z"));
    }

    /// The example of docs/protocol.md.
    #[test]
    fn the_example_of_the_page() {
        let learnt = Learnt { offset_s: -120, age_s: Some(1500), aggregator_time: at("2026-11-23T09:59:10Z") };
        let expected = Learnt { offset_s: 0, age_s: Some(1800), aggregator_time: at("2026-11-23T09:45:00Z") };
        let clock = Clock::new(at("2026-11-23T10:26:10Z"), Some(learnt));
        assert_eq!(clock, Clock { wall: at("2026-11-23T10:15:00Z"), learnt: Some(expected) });
    }

    #[test]
    fn without_a_receipt_there_is_only_the_wall_clock() {
        let clock = Clock::new(at("2026-11-23T10:20:00Z"), None);
        assert_eq!((clock.by_monotonic_age(), clock.by_offset()), (None, None));
        assert_eq!(serde_json::to_string(&clock).unwrap(), r#"{"wall":"2026-11-23T10:15:00Z"}"#);
    }

    #[test]
    fn after_a_restart_the_offset_is_left() {
        let learnt = Learnt { offset_s: 3600, age_s: None, aggregator_time: at("2026-11-22T12:00:00Z") };
        let clock = Clock::new(at("2026-11-23T09:00:00Z"), Some(learnt));
        assert_eq!(clock.by_monotonic_age(), None);
        assert_eq!(clock.by_offset(), Some(at("2026-11-23T10:00:00Z")));
    }

    #[test]
    fn evidence_that_tells_too_much_is_refused() {
        let fine = Learnt { offset_s: -900, age_s: Some(1800), aggregator_time: at("2026-11-22T12:00:00Z") };
        let wall = at("2026-11-22T12:30:00Z");
        let check = |wall, learnt, expected| {
            assert_eq!(Clock { wall, learnt: Some(learnt) }.check().map_err(|ClockError(field)| field), expected);
        };
        check(wall, fine, Ok(()));
        check(at("2026-11-22T12:31:00Z"), fine, Err("wall"));
        check(at("2026-11-22T12:30:00.5Z"), fine, Err("wall"));
        check(wall, Learnt { offset_s: -901, ..fine }, Err("offset_s"));
        check(wall, Learnt { age_s: Some(1), ..fine }, Err("age_s"));
        check(wall, Learnt { aggregator_time: at("2026-11-22T12:00:01Z"), ..fine }, Err("aggregator_time"));
    }

    #[test]
    fn numbers_beyond_the_calendar_are_no_estimate() {
        let time = at("2026-11-22T12:00:00Z");
        for (offset_s, age_s) in [(i64::MAX, u64::MAX), (i64::MIN, u64::MAX / 2), (i64::MAX - 900, 1 << 62)] {
            let raw =
                Clock { wall: time, learnt: Some(Learnt { offset_s, age_s: Some(age_s), aggregator_time: time }) };
            assert_eq!((raw.by_monotonic_age(), raw.by_offset()), (None, None));
            let clock = Clock::new(raw.wall, raw.learnt);
            assert_eq!((clock.by_monotonic_age(), clock.by_offset()), (None, Some(time)));
        }
    }

    proptest! {
        #[test]
        fn estimates_are_the_exact_ones_cut_down(
            wall in timestamp(),
            aggregator_time in timestamp(),
            offset_s in -400_000_000_i64..400_000_000,
            age_s in option::of(0_u64..400_000_000),
        ) {
            let clock = Clock::new(wall, Some(Learnt { offset_s, age_s, aggregator_time }));
            prop_assert_eq!(clock.check(), Ok(()));
            let after = |time: Timestamp, seconds| to_quarter_hour(time + SignedDuration::from_secs(seconds));
            prop_assert_eq!(clock.wall, to_quarter_hour(wall));
            prop_assert_eq!(clock.by_offset(), Some(after(wall, offset_s)));
            let age_s = age_s.map(|age_s| i64::try_from(age_s).unwrap());
            prop_assert_eq!(clock.by_monotonic_age(), age_s.map(|age_s| after(aggregator_time, age_s)));
        }

        #[test]
        fn json_round_trip(clock in crate::arbitrary::clock()) {
            let json = serde_json::to_string(&clock).unwrap();
            prop_assert_eq!(serde_json::from_str::<Clock>(&json).unwrap(), clock);
            prop_assert_eq!(Clock::new(clock.wall, clock.learnt), clock, "cutting down twice changes nothing");
        }
    }
}
