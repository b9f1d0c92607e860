//! What the tablet knows about time: a wall clock that may be wrong, a steady clock that never goes back, and what the
//! last receipt taught.
//!
//! The steady clock is `CLOCK_BOOTTIME`: unlike `CLOCK_MONOTONIC` it goes on while the tablet sleeps, so the age of a
//! receipt is right after a night in a drawer. `clock.json` keeps the last offset over restarts (never the age).

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::clock::{Clock, Learnt};

use crate::files;

const FILE: &str = "clock.json";
/// A saved offset is replaced when it has changed by more than this.
const SAVE_OFFSET_S: i64 = 2;
/// A saved aggregator time is replaced when it is older than this.
const SAVE_AGE_S: i64 = 900;
/// No two moments of the calendar are further apart.
const MOST_OFFSET_S: u64 = 20_000 * 366 * 86_400;

/// Milliseconds of a clock that goes on while the tablet sleeps and never goes back.
pub(crate) fn steady_ms() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds * 1_000 + nanoseconds / 1_000_000
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    version: u32,
    offset_s: i64,
    aggregator_time: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Timekeeper {
    path: PathBuf,
    saved: Option<Saved>,
    last: Option<(i64, Timestamp)>,
    learnt_ms: Option<u64>,
}

impl Timekeeper {
    /// Reads what an earlier run learnt. A file that does not read is as good as none: the wall clock remains.
    pub(crate) fn open(data: &Path) -> Self {
        let path = data.join(FILE);
        let saved: Option<Saved> = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let saved = saved.filter(|saved| saved.version == 1 && saved.offset_s.unsigned_abs() <= MOST_OFFSET_S);
        Self { path, saved, last: saved.map(|saved| (saved.offset_s, saved.aggregator_time)), learnt_ms: None }
    }

    /// Remembers what a receipt taught at this steady time.
    pub(crate) fn learn(&mut self, offset_s: i64, aggregator_time: Timestamp, at_ms: u64) {
        self.last = Some((offset_s, aggregator_time));
        self.learnt_ms = Some(at_ms);
        let worth = self.saved.is_none_or(|saved| {
            (saved.offset_s - offset_s).abs() > SAVE_OFFSET_S
                || aggregator_time.as_second() - saved.aggregator_time.as_second() > SAVE_AGE_S
        });
        if !worth {
            return;
        }
        let saved = Saved { version: 1, offset_s, aggregator_time };
        let written = serde_json::to_vec(&saved)
            .map_err(std::io::Error::other)
            .and_then(|bytes| files::replace(&self.path, &bytes, 0o600));
        match written {
            Ok(()) => self.saved = Some(saved),
            Err(error) => tracing::warn!(%error, "keeping the clock's offset"),
        }
    }

    /// The evidence for a record completed now.
    pub(crate) fn clock(&self, wall: Timestamp, at_ms: u64) -> Clock {
        let learnt = self.last.map(|(offset_s, aggregator_time)| Learnt {
            offset_s,
            age_s: self.learnt_ms.map(|learnt_ms| at_ms.saturating_sub(learnt_ms) / 1_000),
            aggregator_time,
        });
        Clock::new(wall, learnt)
    }

    /// The aggregator's time in the last receipt, of this run or an earlier one.
    pub(crate) fn aggregator_time(&self) -> Option<Timestamp> {
        self.last.map(|(_, aggregator_time)| aggregator_time)
    }

    /// The last offset, in seconds.
    pub(crate) fn offset_s(&self) -> Option<i64> {
        self.last.map(|(offset_s, _)| offset_s)
    }
}

/// The hospital's time, as far as an offset to it is known.
pub(crate) fn corrected_now(offset_s: Option<i64>) -> Timestamp {
    let now = Timestamp::now();
    now.checked_add(SignedDuration::from_secs(offset_s.unwrap_or(0))).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    use super::*;

    #[test]
    fn an_offset_outlives_a_restart_and_an_age_does_not() {
        let data = tempfile::tempdir().unwrap();
        let wall: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let aggregator: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut keeper = Timekeeper::open(data.path());
        assert_eq!(keeper.clock(wall, 0).learnt, None);
        keeper.learn(7_200, aggregator, 1_000);
        // The wall clock is set a year ahead by hand; the steady clock says that one hour has gone by.
        let wrong: Timestamp = "2027-11-23T11:00:00Z".parse().unwrap();
        let clock = keeper.clock(wrong, 3_601_000);
        assert_eq!(clock.by_monotonic_age(), Some("2026-11-23T13:00:00Z".parse().unwrap()));

        let keeper = Timekeeper::open(data.path());
        let clock = keeper.clock(wall, 5);
        assert_eq!(clock.by_monotonic_age(), None);
        assert_eq!(clock.by_offset(), Some(aggregator));
    }
    #[test]
    fn an_offset_that_no_calendar_has_is_as_good_as_none() {
        let data = tempfile::tempdir().unwrap();
        for offset_s in [i64::MIN, i64::MAX, 700_000_000_000] {
            let text =
                format!("{{\"version\":1,\"offset_s\":{offset_s},\"aggregator_time\":\"2026-11-23T10:15:00Z\"}}");
            std::fs::write(data.path().join(FILE), text).unwrap();
            let mut keeper = Timekeeper::open(data.path());
            assert_eq!(keeper.offset_s(), None, "{offset_s}");
            keeper.learn(7_200, "2026-11-23T12:00:00Z".parse().unwrap(), 0);
            assert_eq!(Timekeeper::open(data.path()).offset_s(), Some(7_200));
        }
    }
}
