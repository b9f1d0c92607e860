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
    #[schemars(with = "String")]
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
    /// [`Clock`] whole quarters of an hour, see the module.
    pub offset_s: i64,
    /// Seconds of monotonic time since that receipt; absent when the tablet has restarted since. In a [`Clock`] whole
    /// quarters of an hour, see the module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// The aggregator's time in that receipt, cut down to a quarter of an hour.
    #[schemars(with = "String")]
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
