//! How kiosks come back after their broker was away: when each stood again, and how many in the busiest second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::bench::quantile;

/// The largest share of all kiosks that may come back within one second.
const MOST_IN_A_SECOND: f64 = 0.25;

/// A storm of connections, from the moment the server was well again.
#[derive(Debug, Clone, Serialize)]
pub struct Storm {
    /// How many kiosks came back.
    pub kiosks: usize,
    /// How long the server was away, in seconds.
    pub away_s: f64,
    /// When half of them stood again, in seconds.
    pub half_s: f64,
    /// When 99 of a hundred stood again.
    pub p99_s: f64,
    /// When the last one stood again.
    pub last_s: f64,
    /// How many stood in each second.
    pub by_second: Vec<usize>,
    /// The share of the busiest second.
    pub busiest_share: f64,
    /// How many connections it took in all; more than kiosks where some fell again.
    pub connections: usize,
}

impl Storm {
    /// What came of the connections that were noted since the server was well.
    pub(super) fn of(connections: &[(usize, Instant)], well: Instant, away: Duration) -> Self {
        let mut first: BTreeMap<usize, Duration> = BTreeMap::new();
        for (kiosk, at) in connections {
            // Its broker is there a moment before the server says that it is well.
            let after = at.saturating_duration_since(well);
            first.entry(*kiosk).and_modify(|known| *known = (*known).min(after)).or_insert(after);
        }
        let mut times: Vec<Duration> = first.into_values().collect();
        let mut by_second = Vec::new();
        for time in &times {
            let second = usize::try_from(time.as_secs()).unwrap_or(usize::MAX).min(3_600);
            by_second.resize(by_second.len().max(second + 1), 0);
            if let Some(count) = by_second.get_mut(second) {
                *count += 1;
            }
        }
        let busiest = by_second.iter().max().copied().unwrap_or(0);
        Self {
            kiosks: times.len(),
            away_s: away.as_secs_f64(),
            half_s: quantile(&mut times, 0.5).as_secs_f64(),
            p99_s: quantile(&mut times, 0.99).as_secs_f64(),
            last_s: times.iter().max().copied().unwrap_or_default().as_secs_f64(),
            by_second,
            busiest_share: busiest as f64 / times.len().max(1) as f64,
            connections: connections.len(),
        }
    }

    /// Whether they did not all come at once. Few kiosks after a short while say nothing about it.
    pub(super) fn is_spread(&self) -> bool {
        self.busiest_share <= MOST_IN_A_SECOND
    }

    /// Whether so many came back, the last of them within a time.
    pub(super) fn is_over(&self, kiosks: usize, within: Duration) -> bool {
        self.kiosks == kiosks && self.last_s <= within.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_twice_counts_once_and_a_crowd_is_no_spread() {
        let well = Instant::now();
        let at = |kiosk: usize, ms: u64| (kiosk, well + Duration::from_millis(ms));
        let spread: Vec<_> =
            (0..8).map(|kiosk| at(kiosk, 1_000 * kiosk as u64 + 1)).chain([at(0, 20_000)]).collect();
        let storm = Storm::of(&spread, well, Duration::from_secs(30));
        assert_eq!((storm.kiosks, storm.connections, storm.by_second.len()), (8, 9, 8));
        assert!(storm.is_spread() && storm.last_s < 8.0, "{storm:?}");
        assert!(
            storm.is_over(8, Duration::from_secs(8)) && !storm.is_over(8, Duration::from_secs(7)),
            "{storm:?}"
        );
        assert!(!storm.is_over(9, Duration::from_secs(8)), "one has not come back");
        let crowd: Vec<_> = (0..8).map(|kiosk| at(kiosk, 5_000)).collect();
        assert!(!Storm::of(&crowd, well, Duration::from_secs(30)).is_spread());
    }
}
