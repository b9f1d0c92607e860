//! Whether anything has been heard from a ward. Silence is not stability: it is said, never drawn as "unchanged".

use jiff::Timestamp;
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::{KioskId, WardId};

use super::{Web, words};
use crate::fleet::{self, Sighting};
use crate::registry::Kiosk;

/// What is known of a ward's kiosks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presence {
    /// How many kiosks stand on the ward.
    pub(crate) kiosks: usize,
    /// How many of them are connected.
    pub(crate) connected: usize,
    /// When the last record of any of them came.
    pub(crate) last_record: Option<Timestamp>,
}

impl Presence {
    /// Whether nothing has come for so long that nobody may read stability into it.
    pub(crate) fn is_silent(&self, now: Timestamp) -> bool {
        fleet::is_silent(self.last_record, now)
    }

    /// When it was last heard from, in words.
    pub(crate) fn last_heard(&self, now: Timestamp, calendar: &Calendar) -> String {
        match self.last_record {
            Some(last) => words::ago(last, now, calendar),
            None if self.kiosks == 0 => "no kiosk".to_owned(),
            None => "nothing has come".to_owned(),
        }
    }
}

/// What is known of a ward's kiosks.
pub(crate) fn of_ward(web: &Web, ward: &WardId) -> Presence {
    let registered = web.desk.world.registry.all();
    let kiosks = registered.iter().filter(|(_, kiosk)| kiosk.ward == *ward);
    sum(kiosks.map(|(id, _): (&KioskId, &Kiosk)| web.desk.fleet.get(id).unwrap_or_default()))
}

fn sum(sightings: impl Iterator<Item = Sighting>) -> Presence {
    let nothing = Presence { kiosks: 0, connected: 0, last_record: None };
    sightings.fold(nothing, |sum, sighting| Presence {
        kiosks: sum.kiosks + 1,
        connected: sum.connected + usize::from(sighting.is_online()),
        last_record: sum.last_record.max(sighting.last_record),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_ward_is_silent_when_its_newest_record_is_old_or_there_is_none() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let heard = |text: &str| Sighting { last_record: Some(at(text)), ..Sighting::default() };
        let now = at("2026-11-23T12:00:00Z");
        let silent = |sightings: Vec<Sighting>| sum(sightings.into_iter()).is_silent(now);
        assert!(silent(vec![]));
        assert!(silent(vec![Sighting::default()]));
        assert!(silent(vec![heard("2026-11-20T11:59:59Z")]));
        assert!(!silent(vec![heard("2026-11-20T12:00:00Z")]));
        assert!(!silent(vec![heard("2026-11-01T12:00:00Z"), Sighting::default(), heard("2026-11-23T11:00:00Z")]));
    }
}
