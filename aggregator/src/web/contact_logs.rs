//! Contacts of wards, each ward's of a period counted once as long as no more have come.
//!
//! What a contact came to and how it was gone about stand in its row for ever, so that as many rows are the same contacts.

use std::convert::Infallible;
use std::sync::Arc;

use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::fortnight::Period;

use super::kept::Kept;
use crate::contact_log::Grouped;
use crate::facts::{Fact, Facts};

/// The most wards' periods that are kept, below a kilobyte each: 190 wards with a year of fortnights.
const MOST: usize = 5_000;

/// What is kept.
#[derive(Debug)]
pub(crate) struct ContactLogs {
    kept: Kept<(u16, Period), usize, Grouped<Mode>>,
}

impl Default for ContactLogs {
    fn default() -> Self {
        Self { kept: Kept::new(MOST) }
    }
}

impl ContactLogs {
    /// A ward's contacts with patients in a period, by how it was gone about.
    pub(crate) fn of_ward(&self, facts: &Facts, ward: u16, period: &Period) -> Arc<Grouped<Mode>> {
        let rows = facts.ward_days(ward, period.start(), period.last()).map(<[_]>::len).sum();
        let Ok(contacts) =
            self.kept.get((ward, *period), rows, || Ok::<_, Infallible>(count(facts, ward, period)));
        contacts
    }
}

/// The same, counted now.
fn count(facts: &Facts, ward: u16, period: &Period) -> Grouped<Mode> {
    let mut contacts = Grouped::default();
    let rows = facts.ward_days(ward, period.start(), period.last()).flatten();
    rows.filter(|fact| is_of_patients(facts, fact)).for_each(|fact| contacts.add(fact.mode(), fact.outcome()));
    contacts
}

fn is_of_patients(facts: &Facts, fact: &Fact) -> bool {
    let questionnaire = facts.vocabulary().questionnaire(fact.questionnaire_index());
    questionnaire.is_some_and(|questionnaire| questionnaire.file().audience == KioskAudience::Patients)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use jiff::civil::date;
    use wardvoice_protocol::contact::{Contact, Outcome};
    use wardvoice_protocol::fortnight::DayNumber;

    use super::*;
    use crate::facts::fact_of;
    use crate::ingest::testing::Trust;

    /// Kept contacts are those that are counted now, whatever came and however often somebody looked.
    #[test]
    fn kept_contacts_are_what_counting_gives() {
        let trust = Trust::new(2);
        let facts = trust.facts();
        let mut facts = facts.write().unwrap();
        let logs = ContactLogs::default();
        let calendar = &trust.world.calendar;
        let periods = ["2026-F22", "2026-F23", "2026-11"].map(|name| calendar.period(name).unwrap());
        let wards: Vec<_> = trust.world.directory.wards().iter().map(|entry| entry.id.clone()).collect();
        for step in 0..40_u64 {
            let day = DayNumber::from(date(2026, 11, 1 + i8::try_from(step % 20).unwrap()));
            let ward = wards.get(usize::try_from(step % 3).unwrap()).unwrap();
            let outcome = *Outcome::ALL.iter().cycle().nth(usize::try_from(step).unwrap()).unwrap();
            let mode = *Mode::ALL.iter().cycle().nth(usize::try_from(step / 2).unwrap()).unwrap();
            let whole = trust.contact();
            let response = whole.response.clone().filter(|_| outcome.has_response());
            let contact = Contact { ward: ward.clone(), outcome, mode, response, ..whole };
            facts.insert(fact_of(&contact, day, day, &trust.world.vocabulary).unwrap());
            for index in 0..trust.world.vocabulary.ward_count() {
                for period in &periods {
                    assert_eq!(*logs.of_ward(&facts, index, period), count(&facts, index, period), "{step}");
                }
            }
        }
    }
}
