//! The same counts again by another way: every opened record of the log, read as the kiosk wrote it.
//!
//! Nothing here knows facts, vocabularies or scores. Wards and options are the texts that stand in the records, so an answer that
//! the facts lost, or counted for another ward, shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use wardvoice_protocol::contact::Answer;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{KioskId, QuestionId, WardId};
use wardvoice_protocol::questionnaire::{FRIENDS_AND_FAMILY_OPTIONS, QuestionnaireRef};
use wardvoice_protocol::record::{Body, Record};

use super::count::Tally;
use crate::log::{LogError, Reader};

/// What the log says of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recount {
    /// The answers of each ward.
    pub wards: BTreeMap<WardId, Tally>,
    /// The kiosks that a record of the month came from.
    pub heard: BTreeSet<KioskId>,
    /// Records that could not be read again.
    pub unreadable: u64,
    /// Up to where the log was read.
    pub position: u64,
    /// How many records had been forgotten then.
    pub forgotten: u64,
}

/// Reads the log for the answers between two days of whoever had arrived by the end of a third, from where an earlier count of the same
/// days stopped; the log only grows, so that comes to the same. Where something was forgotten since, it is counted from the beginning. `asked` says which question of which questionnaire is the test.
pub fn recount(
    mut found: Recount,
    reader: &Reader,
    asked: &BTreeMap<QuestionnaireRef, QuestionId>,
    (first, last): (Date, Date),
    as_of: Date,
    mut progress: impl FnMut(u64),
) -> Result<Recount, LogError> {
    let (first, last, as_of): (DayNumber, DayNumber, DayNumber) = (first.into(), last.into(), as_of.into());
    let (end, forgotten) = (reader.position(), reader.forgotten());
    if found.forgotten != forgotten {
        found = Recount { forgotten, ..Recount::default() };
    }
    if end <= found.position {
        return Ok(found);
    }
    reader.each_row::<LogError>(found.position + 1..=end, |row| {
        progress(row.position);
        if !(first..=last).contains(&row.day) || row.arrival_day > as_of || row.is_forgotten() {
            return Ok(());
        }
        let Ok(record) = serde_json::from_slice::<Record>(row.json) else {
            found.unreadable += 1;
            return Ok(());
        };
        if let Ok(kiosk) = KioskId::new(row.kiosk) {
            found.heard.insert(kiosk);
        }
        let Body::Contact(contact) = record.body else { return Ok(()) };
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
            found.wards.entry(contact.ward.clone()).or_default().add(place, contact.mode);
        }
        Ok(())
    })?;
    found.position = end;
    Ok(found)
}
