//! What is held and kept is what the log says, after everything that can happen to it.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use wardvoice_protocol::contact::Contact;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{Hash, RecordId};
use wardvoice_protocol::record::{Body, Record};

use super::*;
use crate::facts::fact_of;
use crate::ingest::testing::{Trust, clock, keep};
use crate::log::{DayEvidence, DayMethod, Log, OpenedRow};

/// A log that is written by hand, and observations that stand beside it.
struct Watch {
    trust: Trust,
    log: Log,
    reader: Reader,
    facts: Arc<RwLock<Facts>>,
    observations: Observations,
    written: u64,
    _folder: tempfile::TempDir,
}

impl Watch {
    fn new(most: usize) -> Self {
        let trust = Trust::new(7);
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("log")).unwrap();
        let (facts, reader) = (trust.facts(), log.reader());
        let observations = Observations { most, ..Observations::default() };
        Self { trust, log, reader, facts, observations, written: 0, _folder: folder }
    }

    fn ground(&self) -> Ground<'_> {
        Ground { reader: &self.reader, world: &self.trust.world, facts: &self.facts }
    }

    /// A contact of a day, that came on another or the same.
    fn writes(&mut self, kiosk: &str, ward: &str, day: &str, came: &str) {
        self.written += 1;
        let outcome = *Outcome::ALL.iter().cycle().nth(usize::try_from(self.written).unwrap() / 3).unwrap();
        let mode = *Mode::ALL.iter().cycle().nth(usize::try_from(self.written).unwrap()).unwrap();
        let whole = self.trust.contact();
        let response = whole.response.clone().filter(|_| outcome.has_response());
        let contact = Contact { ward: ward.parse().unwrap(), outcome, mode, response, ..whole };
        let day_number = DayNumber::from(day.parse::<Date>().unwrap());
        let received: Timestamp = format!("{came}T17:30:00Z").parse().unwrap();
        let claimed: Timestamp = format!("{day}T10:15:00Z").parse().unwrap();
        let arrival_day = DayNumber::from(came.parse::<Date>().unwrap());
        let fact = fact_of(&contact, day_number, arrival_day, &self.trust.world.vocabulary).unwrap();
        let record = Record { clock: clock(&format!("{day}T10:15:00Z")), body: Body::Contact(contact) };
        let json = serde_json::to_vec(&record).unwrap();
        let mut random = [7; 10];
        random.iter_mut().zip(self.written.to_be_bytes()).for_each(|(byte, of)| *byte = of);
        let row = OpenedRow {
            position: 0,
            kiosk,
            sequence: self.written,
            record_id: RecordId::new(1_794_477_600_000, random),
            envelope: Hash::of(&self.written.to_le_bytes()),
            received,
            day: day_number,
            arrival_day,
            evidence: DayEvidence {
                method: DayMethod::Wall,
                claimed,
                held_to_arrival: self.written.is_multiple_of(5),
            },
            json: &json,
        };
        keep(&mut self.log, row);
        self.facts.write().unwrap().insert(fact);
    }

    /// What is given is what a fresh reading gives.
    fn check(&self, periods: &[&str]) {
        let world = &self.trust.world;
        for name in periods {
            let period = world.calendar.period(name).unwrap();
            let given = self.observations.report(self.ground(), &period).unwrap();
            let fresh = of_period(&self.reader, world, &self.facts, &period).unwrap();
            assert_eq!(*given, fresh, "{name} after {}", self.written);
            let again = self.observations.report(self.ground(), &period).unwrap();
            assert!(Arc::ptr_eq(&given, &again), "{name}: nothing has come, so nothing is made again");
            let days = (period.start(), period.last());
            for ward in [None, Some("W1".parse().unwrap())] {
                let given = self.observations.by_kiosk(self.ground(), days, ward.as_ref()).unwrap();
                assert_eq!(given, self.counted(days, ward.as_ref()), "{name} {ward:?}");
            }
        }
    }

    fn counted(&self, (first, last): (Date, Date), ward: Option<&WardId>) -> Grouped<(WardId, KioskId)> {
        let mut counted = Grouped::default();
        let expected = of_patients(&self.facts, first, last);
        let observed = super::super::observe(&self.reader, &self.trust.world, first, last, expected).unwrap();
        for one in observed.into_iter().filter(|one| ward.is_none_or(|ward| *ward == one.ward)) {
            counted.add((one.ward, one.kiosk), one.outcome);
        }
        counted
    }
}

/// Later fortnights first, then earlier ones, while answers of today, late ones and some from long ago arrive.
#[test]
fn kept_reports_are_what_a_fresh_reading_gives() {
    let mut watch = Watch::new(MOST);
    watch.check(&["2026-F22"]);
    for (step, ward) in (1..=24).zip(["W1", "W2", "W1", "W3"].into_iter().cycle()) {
        let day = format!("2026-11-{step:02}");
        watch.writes("k-1", ward, &day, &day);
        watch.writes("k-2", "W1", &format!("2026-10-{step:02}"), &day);
    }
    watch.check(&["2026-F23", "2026-F22", "2026-11", "2026-F21", "2026-F23"]);
    // An import brings what came long ago after everything else, and out of order.
    watch.writes("k-9", "W2", "2026-03-02", "2026-03-03");
    watch.check(&["2026-F23", "2026-03"]);
    watch.writes("k-9", "W2", "2026-03-04", "2026-03-04");
    watch.writes("k-1", "W1", "2026-11-20", "2026-11-25");
    watch.check(&["2026-F23", "2026-F22", "2026-03", "2026-H1"]);
}

/// Where more than the most would be held, early days are let go and answers are the same.
#[test]
fn what_is_let_go_is_read_again() {
    let mut watch = Watch::new(10);
    let mut most = BTreeMap::new();
    for step in 1..=25 {
        let day = format!("2026-11-{step:02}");
        watch.writes("k-1", "W1", &day, &day);
        watch.check(&["2026-F23", "2026-F22"]);
        let held = watch.observations.held();
        most.insert(step, held.count);
        assert!(held.count <= 10 && held.count == held.days.values().map(Vec::len).sum::<usize>());
    }
    assert!(most.values().any(|count| *count == 10), "the bound was never reached: {most:?}");
}
