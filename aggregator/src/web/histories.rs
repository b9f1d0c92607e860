//! What control charts are made of, each computed once as long as nothing that could change it has changed.
//!
//! What is missing of several wards or fortnights is made together, shared out to the processors.
//!
//! A ward's fortnight is kept under its [`GrainStamp`]: a closed one does not change, so of a page with years of fortnights only the
//! one that still runs is added up again. So is what a larger unit's wards come to in a fortnight. The signals that follow from a unit's
//! fortnights are kept under the stamps of all of them, the re-basings in force and the day; the comparison of its wards under the rows it rests
//! on. The effect of an action is kept under the number of facts it rests on.

use std::sync::Arc;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Fortnight;

use super::kept::Kept;
use super::signals::Outlook;
use crate::facts::Facts;
use crate::scoring::{
    self, Change, Comparison, EffectSheet, Grain, GrainStamp, Measure, Reading, ScoreError, ScoringWorld,
    effect_rows, grain_stamp, reading_stamp,
};

/// The most grains that are kept, some 10 kB each: 190 wards with a year of fortnights.
const MOST_GRAINS: usize = 5_000;
/// The most fortnights of larger units that are kept, some 3 kB each: 90 units with a year of fortnights.
const MOST_READINGS: usize = 2_500;
/// The most outlooks that are kept, some 100 kB each: 190 wards and what is above them.
const MOST_OUTLOOKS: usize = 300;
/// The most comparisons that are kept, some 20 kB each.
const MOST_COMPARISONS: usize = 300;
/// The most effects that are kept.
const MOST_EFFECTS: usize = 5_000;

/// What is kept.
#[derive(Debug)]
pub(crate) struct Histories {
    grains: Kept<(u16, Fortnight), GrainStamp, Grain>,
    readings: Kept<(Unit, Fortnight), GrainStamp, Reading>,
    outlooks: Kept<(Unit, Fortnight), OutlookStamp, Outlook>,
    comparisons: Kept<Compared, (GrainStamp, Date), Option<Comparison>>,
    effects: Kept<u32, EffectStamp, EffectSheet>,
}

impl Default for Histories {
    fn default() -> Self {
        Self {
            grains: Kept::new(MOST_GRAINS),
            readings: Kept::new(MOST_READINGS),
            outlooks: Kept::new(MOST_OUTLOOKS),
            comparisons: Kept::new(MOST_COMPARISONS),
            effects: Kept::new(MOST_EFFECTS),
        }
    }
}

/// What an outlook is kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutlookStamp {
    /// Of each fortnight.
    pub(super) fortnights: Vec<GrainStamp>,
    /// The numbers of the re-basings in force; what one says never changes.
    pub(super) rebases: Vec<u32>,
    pub(super) today: Date,
}

/// Whose wards are compared by what, from one fortnight to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Compared {
    pub(super) unit: Unit,
    pub(super) measure: Measure,
    pub(super) first: Fortnight,
    pub(super) last: Fortnight,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct EffectStamp {
    change: Change,
    rows: usize,
    withdrawn: usize,
    today: Date,
}

impl Histories {
    /// A ward's fortnight.
    pub(crate) fn grain(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        ward: u16,
        fortnight: Fortnight,
        today: Date,
    ) -> Result<Arc<Grain>, ScoreError> {
        let stamp = grain_stamp(facts, ward, fortnight, today);
        self.grains.get((ward, fortnight), stamp, || scoring::grain(facts, world, ward, fortnight, today))
    }

    /// Makes what is missing of some wards' fortnights, shared out to the processors; whoever asks for one then finds it.
    pub(crate) fn prepare(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        wanted: impl Iterator<Item = (u16, Fortnight)>,
        today: Date,
    ) -> Result<(), ScoreError> {
        let stamped = wanted.map(|key| (key, grain_stamp(facts, key.0, key.1, today)));
        let missing: Vec<_> = stamped.filter(|(key, stamp)| !self.grains.has(key, stamp)).collect();
        let keys: Vec<_> = missing.iter().map(|(key, _)| *key).collect();
        for ((key, stamp), grain) in missing.into_iter().zip(scoring::grains(facts, world, &keys, today)?) {
            self.grains.put(key, stamp, grain);
        }
        Ok(())
    }

    /// What the wards of a unit come to in a fortnight.
    pub(crate) fn reading(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        (unit, wards): (&Unit, &[u16]),
        fortnight: Fortnight,
        today: Date,
    ) -> Result<Arc<Reading>, ScoreError> {
        let mut grains = |ward, fortnight| self.grain(facts, world, ward, fortnight, today);
        if let [ward] = wards {
            return grains(*ward, fortnight).map(|grain| grain.reading());
        }
        let stamp = reading_stamp(facts, wards, fortnight, today);
        let make = || {
            self.prepare(facts, world, wards.iter().map(|ward| (*ward, fortnight)), today)?;
            scoring::reading(facts, world, wards, fortnight, today, &mut grains)
        };
        self.readings.get((unit.clone(), fortnight), stamp, make)
    }

    /// A unit's outlook up to a fortnight: what is kept under the stamp, or else what is made now.
    pub(super) fn outlook<E>(
        &self,
        (unit, until): (&Unit, Fortnight),
        stamp: OutlookStamp,
        make: impl FnOnce() -> Result<Outlook, E>,
    ) -> Result<Arc<Outlook>, E> {
        self.outlooks.get((unit.clone(), until), stamp, make)
    }

    /// A comparison of wards: what is kept under the stamp, or else what is made now.
    pub(super) fn comparison<E>(
        &self,
        compared: Compared,
        stamp: (GrainStamp, Date),
        make: impl FnOnce() -> Result<Option<Comparison>, E>,
    ) -> Result<Arc<Option<Comparison>>, E> {
        self.comparisons.get(compared, stamp, make)
    }

    /// The effect of the action of a number; `None` where it cannot be measured.
    pub(crate) fn effect(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        number: u32,
        change: &Change,
        today: Date,
    ) -> Option<Arc<EffectSheet>> {
        let (rows, withdrawn) = (effect_rows(facts, world, change, today), facts.withdrawn().len());
        let stamp = EffectStamp { change: change.clone(), rows, withdrawn, today };
        self.effects.get(number, stamp, || scoring::effect(facts, world, change, today)).ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::demo_data::tests::scoring_world;

    #[test]
    fn what_was_prepared_is_found_and_not_made_again() {
        let world = scoring_world();
        let facts = Facts::new(Arc::clone(world.vocabulary()));
        let today = Date::constant(2026, 11, 18);
        let fortnight = world.calendar().fortnight(2026, 23).unwrap();
        let (histories, wards) = (Histories::default(), 0..world.vocabulary().ward_count());
        let prepare = || {
            let wanted = wards.clone().map(|ward| (ward, fortnight));
            histories.prepare(&facts, &world, wanted, today).unwrap();
        };
        prepare();
        let is_kept =
            |ward| histories.grains.has(&(ward, fortnight), &grain_stamp(&facts, ward, fortnight, today));
        assert!(wards.len() > 20 && wards.clone().all(is_kept), "every ward's");
        let first = histories.grain(&facts, &world, 3, fortnight, today).unwrap();
        prepare();
        let again = histories.grain(&facts, &world, 3, fortnight, today).unwrap();
        assert!(Arc::ptr_eq(&first, &again), "it was made again");
    }
}
