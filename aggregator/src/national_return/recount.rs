//! The same counts again by another way: every opened record of the log, read as the kiosk wrote it.
//!
//! Nothing here knows facts, vocabularies or scores. Wards and options are the texts that stand in the records, so an answer that
//! the facts lost, or counted for another ward, shows.
//!
//! What a month has is kept by the day on which it came ([`MonthRead`]): so the count as of any day is at hand, and whoever has read the log once
//! reads only what is new, on a later day too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use wardvoice_protocol::contact::Answer;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{KioskId, QuestionId, WardId};
use wardvoice_protocol::questionnaire::{FRIENDS_AND_FAMILY_OPTIONS, QuestionnaireRef};
use wardvoice_protocol::record::{Body, Record};

use super::count::Tally;
use super::sources::Sources;
use super::tables::Return;
use crate::log::{LogError, OpenedRow, Reader};

/// So many months are kept to go on from.
const KEPT: usize = 4;

/// What the log says of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recount {
    /// The answers of each ward.
    pub wards: BTreeMap<WardId, Tally>,
    /// The kiosks that a record of the month came from.
    pub heard: BTreeSet<KioskId>,
    /// Records that could not be read again.
    pub unreadable: u64,
}

/// A month as far as the log was read for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthRead {
    by_arrival: BTreeMap<DayNumber, Recount>,
    /// Up to where the log was read.
    position: u64,
    /// How many records had been forgotten then.
    forgotten: u64,
}

/// The months that were looked at last: a later look reads only what is new, until something is forgotten. One is counted at a time, and whoever
/// else wants one waits.
#[derive(Debug, Default)]
pub struct Recounts(Mutex<Vec<(String, MonthRead)>>);

impl Recounts {
    /// A return counted again.
    pub fn of(&self, sources: &Sources<'_>, made: &Return) -> Result<Recount, LogError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(month, _)| *month == made.month);
        // What fails half way is not kept.
        let mut read = known.map(|place| kept.remove(place).1).unwrap_or_default();
        sources.catch_up(&mut read, made, |_| ())?;
        let found = read.as_of(made.as_of);
        kept.insert(0, (made.month.clone(), read));
        kept.truncate(KEPT);
        Ok(found)
    }
}

impl MonthRead {
    /// Reads what is new in the log between two days. `asked` says which question of which questionnaire is the test. After a failure it is
    /// not to be used any more.
    pub fn catch_up(
        &mut self,
        reader: &Reader,
        asked: &BTreeMap<QuestionnaireRef, QuestionId>,
        (first, last): (Date, Date),
        mut progress: impl FnMut(u64),
    ) -> Result<(), LogError> {
        let days = DayNumber::from(first)..=DayNumber::from(last);
        let (end, forgotten) = (reader.position(), reader.forgotten());
        if self.forgotten != forgotten {
            *self = Self { forgotten, ..Self::default() };
        }
        if end <= self.position {
            return Ok(());
        }
        reader.each_row::<LogError>(self.position + 1..=end, |row| {
            progress(row.position);
            if days.contains(&row.day) && !row.is_forgotten() {
                self.by_arrival.entry(row.arrival_day).or_default().add(&row, asked);
            }
            Ok(())
        })?;
        self.position = end;
        Ok(())
    }

    /// What whoever had arrived by the end of a day comes to.
    pub fn as_of(&self, day: Date) -> Recount {
        let mut sum = Recount::default();
        for (_, found) in self.by_arrival.range(..=DayNumber::from(day)) {
            for (ward, tally) in &found.wards {
                *sum.wards.entry(ward.clone()).or_default() += *tally;
            }
            sum.heard.extend(found.heard.iter().cloned());
            sum.unreadable += found.unreadable;
        }
        sum
    }
}

impl Recount {
    /// Adds a record as the kiosk wrote it.
    fn add(&mut self, row: &OpenedRow<'_>, asked: &BTreeMap<QuestionnaireRef, QuestionId>) {
        let Ok(record) = serde_json::from_slice::<Record>(row.json) else {
            self.unreadable += 1;
            return;
        };
        if let Ok(kiosk) = KioskId::new(row.kiosk) {
            self.heard.insert(kiosk);
        }
        let Body::Contact(contact) = record.body else { return };
        let test = asked.get(&contact.questionnaire);
        let answer = test.and_then(|question| contact.response.as_ref()?.answers.get(question));
        let place = match answer {
            Some(Answer::Answered(option)) => {
                FRIENDS_AND_FAMILY_OPTIONS.iter().position(|known| *known == option.as_str())
            }
            Some(Answer::DontKnow) => FRIENDS_AND_FAMILY_OPTIONS.iter().position(|known| *known == "dont_know"),
            _ => None,
        };
        if let Some(place) = place {
            self.wards.entry(contact.ward.clone()).or_default().add(place, contact.mode);
        }
    }
}
