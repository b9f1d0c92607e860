//! What consultants' pages are made of, each computed once as long as nothing that could change it has changed.
//!
//! What can be looked at is final six months as of a day that is over ([`crate::appraisal`]), so answers of today change none of it: it is kept for a
//! day, under the number of rulings and of the facts whose days are final. Who may see what of it is decided at every look.

use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use wardvoice_protocol::id::ConsultantId;

use super::kept::Kept;
use crate::appraisal::{AppraisalError, Chosen, Gathered, Looker, Offers};

/// The most consultants whose windows are kept.
const MOST_OFFERS: usize = 1_000;
/// The most looks whose figures are kept, some 100 kB each.
const MOST_LOOKS: usize = 500;

/// What is kept.
#[derive(Debug)]
pub(crate) struct Appraisals {
    offers: Kept<ConsultantId, Stamp, Offers>,
    looks: Kept<Chosen, Stamp, Gathered>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    today: Date,
    ruled: (usize, usize),
    rows: usize,
}

impl Default for Appraisals {
    fn default() -> Self {
        Self { offers: Kept::new(MOST_OFFERS), looks: Kept::new(MOST_LOOKS) }
    }
}

impl Appraisals {
    /// The windows of a consultant that are final.
    pub(crate) fn offers(
        &self,
        looker: &Looker<'_>,
        consultant: &ConsultantId,
    ) -> Result<Arc<Offers>, AppraisalError> {
        self.offers.get(consultant.clone(), stamp(looker), || looker.offers(consultant))
    }

    /// What a look is made of.
    pub(crate) fn gathered(&self, looker: &Looker<'_>, chosen: &Chosen) -> Result<Arc<Gathered>, AppraisalError> {
        self.looks.get(chosen.clone(), stamp(looker), || looker.gather(chosen))
    }
}

fn stamp(looker: &Looker<'_>) -> Stamp {
    let Looker { facts, world, today, .. } = *looker;
    // Six months are final when so many days have passed since their last one.
    let last = today.saturating_sub((i32::from(world.final_after_days()) + 1).days());
    let rows = facts.first_day().map_or(0, |first| facts.count_of(first, last));
    Stamp { today, ruled: facts.corrections(), rows }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::contact::{Attribution, AttributionSource};
    use wardvoice_protocol::fortnight::{Calendar, DayNumber};

    use super::*;
    use crate::appraisal::note_look;
    use crate::audit::Audit;
    use crate::disputes::Disputes;
    use crate::facts::{Fact, Facts, fact_of};
    use crate::ingest::testing::Trust;
    use crate::policy::{Audience, Settings};
    use crate::scoring::ScoringWorld;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// After an answer of today, one that comes late, a ruling and a new day.
    #[test]
    fn what_is_kept_is_what_is_gathered_anew() {
        let trust = Trust::new(5);
        let vocabulary = Arc::clone(&trust.world.vocabulary);
        let calendar = Calendar::new(day("2026-01-05")).unwrap();
        let directory = trust.world.directory.clone();
        let world = ScoringWorld::inpatient(directory, calendar, Arc::clone(&vocabulary), 7).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let disputes = Disputes::open(folder.path().join("disputes.ndjson")).unwrap();
        let audit = Audit::open(folder.path().join("audit.ndjson")).unwrap();
        let settings =
            Settings { demonstration: false, displays_need_token: false, shown_to: [].into(), first_days: 14 };
        let consultant: ConsultantId = "C1".parse().unwrap();
        let mut contact = trust.contact();
        let source = AttributionSource::Roster;
        contact.attribution = Some(Attribution { consultant: consultant.clone(), source });
        let row = |on: &str, arrives: &str| -> Fact {
            fact_of(&contact, day(on).into(), day(arrives).into(), &vocabulary).unwrap()
        };
        let kept = Appraisals::default();
        let check = |facts: &Facts, today: &str| -> (Arc<Offers>, Vec<Arc<Gathered>>) {
            let looker =
                Looker { facts, world: &world, settings: &settings, disputes: &disputes, today: day(today) };
            let offers = kept.offers(&looker, &consultant).unwrap();
            let fresh = looker.offers(&consultant).unwrap();
            assert_eq!(format!("{offers:?}"), format!("{fresh:?}"), "{today}");
            let mut looks = Vec::new();
            for audience in [Audience::Consultant, Audience::Board] {
                for window in fresh.list(audience).into_iter().take(3) {
                    let chosen = fresh.of(&window, audience).unwrap();
                    let at = "2026-12-24T12:00:00Z".parse().unwrap();
                    let noted = || note_look(&audit, at, "c1", chosen.clone()).unwrap();
                    let gathered = kept.gathered(&looker, &chosen).unwrap();
                    let seen = looker.look_at(&gathered, noted()).unwrap();
                    assert_eq!(seen, looker.look(noted()).unwrap(), "{window} for {audience:?}");
                    looks.push(gathered);
                }
            }
            (offers, looks)
        };
        let mut facts = Facts::new(Arc::clone(&vocabulary));
        check(&facts, "2026-11-20");
        for step in 0..40 {
            let on = format!("2026-{:02}-{:02}", 5 + step % 6, 1 + step % 9);
            facts.insert(row(&on, &on));
        }
        let (offers, looks) = check(&facts, "2026-11-20");
        facts.insert(row("2026-11-20", "2026-11-20"));
        let (still, same) = check(&facts, "2026-11-20");
        assert!(Arc::ptr_eq(&offers, &still), "an answer of today changes nothing that is final");
        assert!(looks.iter().zip(&same).all(|(one, other)| Arc::ptr_eq(one, other)));
        // What came before a window was final, and was stored later: an import.
        facts.insert(row("2026-10-05", "2026-10-06"));
        let (moved, _) = check(&facts, "2026-11-20");
        assert!(!Arc::ptr_eq(&offers, &moved));
        let mut rulings = facts.rulings().clone();
        rulings.add(row("2026-10-05", "2026-10-06"), DayNumber::from(day("2026-11-01")));
        facts.set_rulings(rulings);
        check(&facts, "2026-11-20");
        check(&facts, "2026-11-30");
    }
}
