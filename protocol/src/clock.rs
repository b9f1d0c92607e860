//! When something happened, as a tablet with a wrong clock can honestly say it.
//!
//! The aggregator decides the local day of a record (`aggregator::ingest`); a kiosk only gives evidence. Times are
//! cut to the quarter hour, which is all that a day needs and says little about a person.

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
    /// Aggregator time minus wall clock when the receipt came, in seconds. Positive: the tablet was slow.
    pub offset_s: i64,
    /// Seconds of monotonic time since that receipt; absent when the tablet has restarted since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// The aggregator's time in that receipt, cut down to a quarter of an hour.
    #[schemars(with = "String")]
    pub aggregator_time: Timestamp,
}

impl Clock {
    /// The evidence at a moment: the wall clock and what was learnt before.
    pub fn new(wall: Timestamp, learnt: Option<Learnt>) -> Self {
        let learnt =
            learnt.map(|learnt| Learnt { aggregator_time: to_quarter_hour(learnt.aggregator_time), ..learnt });
        Self { wall: to_quarter_hour(wall), learnt }
    }

    /// The aggregator's time in the last receipt plus the monotonic time since: independent of the wall clock.
    pub fn by_monotonic_age(&self) -> Option<Timestamp> {
        let learnt = self.learnt?;
        let age = SignedDuration::from_secs(i64::try_from(learnt.age_s?).ok()?);
        learnt.aggregator_time.checked_add(age).ok()
    }

    /// The wall clock corrected by the last offset.
    pub fn by_offset(&self) -> Option<Timestamp> {
        self.wall.checked_add(SignedDuration::from_secs(self.learnt?.offset_s)).ok()
    }
}

/// Cuts a time down to the quarter hour before it.
pub fn to_quarter_hour(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(QUARTER_HOUR_S)).unwrap_or(time)
}
