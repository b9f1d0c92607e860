//! When a simulated fleet is without network.

use std::str::FromStr;
use std::time::Duration;

/// A time without network, counted from the first patient: `10:5` begins after ten seconds and lasts five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// When it begins.
    pub start: Duration,
    /// How long it lasts.
    pub length: Duration,
}

/// Why a text is no outage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an outage: write START:LENGTH in seconds, for example 10:5, and join several with |")]
pub struct OutageError(String);

impl FromStr for Outage {
    type Err = OutageError;

    fn from_str(text: &str) -> Result<Self, OutageError> {
        let seconds = |text: &str| text.trim().parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
        let parsed = text
            .split_once(':')
            .and_then(|(start, length)| Some(Self { start: seconds(start)?, length: seconds(length)? }));
        parsed.ok_or_else(|| OutageError(text.to_owned()))
    }
}

/// When the network is cut (false) and comes back (true), the next one last. Outages that touch are one.
pub(super) fn changes(outages: &[Outage]) -> Vec<(Duration, bool)> {
    let mut spans: Vec<(Duration, Duration)> =
        outages.iter().map(|outage| (outage.start, outage.start.saturating_add(outage.length))).collect();
    spans.sort_unstable();
    let mut joined: Vec<(Duration, Duration)> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined.into_iter().rev().flat_map(|(start, end)| [(end, true), (start, false)]).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    use super::*;

    #[test]
    fn outages_read_and_join() {
        let outages: Vec<Outage> = ["20:1", "1:2", "2.5:3"].iter().map(|text| text.parse().unwrap()).collect();
        let seconds = Duration::from_secs_f64;
        let expected = [(21.0, true), (20.0, false), (5.5, true), (1.0, false)];
        assert_eq!(changes(&outages), expected.map(|(at, allowed)| (seconds(at), allowed)));
        for text in ["", "5", "5:", "-1:2", "a:b", "1:2:3", "nan:1"] {
            assert_eq!(text.parse::<Outage>(), Err(OutageError(text.to_owned())), "{text}");
        }
    }
}
