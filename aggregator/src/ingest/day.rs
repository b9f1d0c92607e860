//! The day of a record: a tablet's wrong clock must not move an answer to another fortnight.
//!
//! The kiosk gives evidence, the aggregator decides: the aggregator's own time in the last receipt plus the monotonic time
//! since, when there is that; else the wall clock corrected by the last offset; else the wall clock. Whatever is
//! believed is held against the arrival: nobody answers after it, and after 45 days nobody can say when it was.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::fortnight::Calendar;

use crate::log::{DayEvidence, DayMethod};

/// How far after its arrival a record may claim to be and still be given the arrival's day.
const MAX_AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// How far before its arrival a record may claim to be.
const MAX_BEHIND: SignedDuration = SignedDuration::from_hours(45 * 24);

/// Why no day can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// The evidence is later than the arrival by more than a day.
    #[error("the record claims to be {0} hours after its arrival")]
    TooLate(i64),
    /// The evidence is earlier than the arrival by more than 45 days.
    #[error("the record claims to be {0} days before its arrival")]
    TooEarly(i64),
}

/// Decides the local day of a record and keeps how.
pub fn decide(clock: &Clock, received: Timestamp, calendar: &Calendar) -> Result<(Date, DayEvidence), DayError> {
    let by_age = clock.by_monotonic_age().map(|claimed| (DayMethod::MonotonicAge, claimed));
    let by_offset = || clock.by_offset().map(|claimed| (DayMethod::Offset, claimed));
    let (method, claimed) = by_age.or_else(by_offset).unwrap_or((DayMethod::Wall, clock.wall));
    let ahead = claimed.duration_since(received);
    if ahead > MAX_AHEAD {
        return Err(DayError::TooLate(ahead.as_hours()));
    }
    if -ahead > MAX_BEHIND {
        return Err(DayError::TooEarly(-ahead.as_hours() / 24));
    }
    let held_to_arrival = ahead > SignedDuration::ZERO;
    let day = calendar.day_of(if held_to_arrival { received } else { claimed });
    Ok((day, DayEvidence { method, claimed, held_to_arrival }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::clock::Learnt;

    use super::*;

    const RECEIVED: &str = "2026-11-23T12:00:00Z";

    fn clock(wall: &str, learnt: Option<(i64, Option<u64>, &str)>) -> Clock {
        let learnt = learnt.map(|(offset_s, age_s, time)| Learnt {
            offset_s,
            age_s,
            aggregator_time: time.parse().unwrap(),
        });
        Clock::new(wall.parse().unwrap(), learnt)
    }

    #[test]
    fn the_best_evidence_decides_the_day() {
        let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
        let check = |clock: Clock, expected: &str| {
            let said = match decide(&clock, RECEIVED.parse().unwrap(), &calendar) {
                Ok((day, evidence)) => {
                    format!("{day} {:?}{}", evidence.method, if evidence.held_to_arrival { " held" } else { "" })
                }
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(said, expected);
        };
        // A wall clock a year off is overruled by what a receipt taught.
        check(
            clock("2025-11-20T10:00:00Z", Some((31_536_000, Some(7_200), "2026-11-20T08:00:00Z"))),
            "2026-11-20 MonotonicAge",
        );
        check(
            clock("2025-11-20T10:00:00Z", Some((31_536_000, None, "2026-11-20T08:00:00Z"))),
            "2026-11-20 Offset",
        );
        check(clock("2026-11-20T10:00:00Z", None), "2026-11-20 Wall");
        // In summer the local day begins an hour before the day in UTC.
        check(clock("2026-10-22T23:30:00Z", None), "2026-10-23 Wall");
        check(clock("2026-11-22T23:30:00Z", None), "2026-11-22 Wall");
        check(clock("2026-11-24T11:00:00Z", None), "2026-11-23 Wall held");
        check(clock("2026-11-24T12:00:00Z", None), "2026-11-23 Wall held");
        check(clock("2026-11-24T12:15:00Z", None), "TooLate(24)");
        check(clock("2027-11-23T12:00:00Z", None), "TooLate(8760)");
        check(clock("2026-10-09T12:00:00Z", None), "2026-10-09 Wall");
        check(clock("2026-10-09T11:45:00Z", None), "TooEarly(45)");
        check(clock("2025-11-23T12:00:00Z", None), "TooEarly(365)");
    }
}
