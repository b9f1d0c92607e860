//! The sheets of every unit in a period, in one pass over its facts.
//!
//! Wards are tallied one after the other, consultants beside them in the same pass; departments, sites, specialties and the trust are
//! sums of their wards' tallies. Several cores take wards each, and then units each. The sheets are, byte for byte, those of [`score`](super::score).

use std::borrow::Cow;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::cut::Cut;
use super::definition::DefinitionRef;
use super::score::{Making, Unitary};
use super::sheet::ScoreSheet;
use super::tally::{Depth, Gathering, Rules, Tally};
use super::threads;
use super::world::{Members, ScoreError, ScoringWorld};
use crate::facts::Facts;

/// Fewer facts than this are not worth another thread.
const FACTS_A_THREAD: usize = 4_000;

/// Everything known about every unit in a period, seen on a local day, in the order of [`ScoringWorld::units`].
pub fn score_all(
    facts: &Facts,
    world: &ScoringWorld,
    period: &Period,
    definition: Option<&DefinitionRef>,
    today: Date,
) -> Result<Vec<ScoreSheet>, ScoreError> {
    let making = Making::new(facts, world, *period, &Cut::default(), definition, today)?;
    let tallies = Tallies::new(facts, &making, Depth::Cells);
    let before = making.before().map(|before| (Tallies::new(facts, &before, Depth::Whole), before));
    let population = making.scheme().case_mix.as_ref().map(|mix| match &mix.population {
        Some(counts) => counts.clone(),
        None => tallies.population(mix.cells()),
    });
    let sheet = |(unit, unit_name): &(Unit, String)| -> Result<ScoreSheet, ScoreError> {
        let members = world.members(unit).ok_or_else(|| ScoreError::UnknownUnit(unit.clone()))?;
        let tally = tallies.of(&making, &members);
        let before = before.as_ref().map(|(tallies, before)| before.summary(&tallies.of(before, &members)));
        let whom = Unitary { unit, unit_name: unit_name.clone(), members: &members };
        Ok(making.sheet(whom, &tally, before, population.as_deref()))
    };
    threads::each(&world.units(), threads::processors(), sheet).into_iter().collect()
}

pub(super) fn every_ward(world: &ScoringWorld) -> Vec<u16> {
    (0..world.vocabulary().ward_count()).collect()
}

/// Tallies by ward and by consultant.
struct Tallies {
    wards: Vec<Tally>,
    consultants: Vec<Tally>,
    depth: Depth,
}

impl Tallies {
    fn new(facts: &Facts, making: &Making<'_>, depth: Depth) -> Self {
        let (first, last) = (making.period.start(), making.period.last());
        let wards = every_ward(making.world);
        let rows = facts.count_of(first, last);
        let threads = threads::processors().min(rows / FACTS_A_THREAD).max(1);
        let shares: Vec<&[u16]> = wards.chunks(wards.len().div_ceil(threads).max(1)).collect();
        let parts = threads::each(&shares, threads, |wards| Self::of_wards(facts, making, depth, wards));
        let mut all = Self { wards: Vec::with_capacity(wards.len()), consultants: Vec::new(), depth };
        for part in parts {
            all.wards.extend(part.wards);
            if all.consultants.is_empty() {
                all.consultants = part.consultants;
            } else {
                all.consultants.iter_mut().zip(&part.consultants).for_each(|(mine, theirs)| mine.merge(theirs));
            }
        }
        all
    }

    fn of_wards(facts: &Facts, making: &Making<'_>, depth: Depth, wards: &[u16]) -> Self {
        let rules = Rules { depth, ..making.rules() };
        let count = making.world.directory().consultants().len();
        let mut consultants: Vec<Option<Gathering<'_>>> = (0..count).map(|_| None).collect();
        let mut tallies = Vec::with_capacity(wards.len());
        // A row says its ward, so no other thread takes what is dropped here.
        let mut dropped = facts.dropped(rules.as_of);
        for ward in wards {
            let mut gathering = Gathering::new(rules);
            for fact in facts.ward_days(*ward, making.period.start(), making.period.last()).flatten() {
                let Some(counted) = rules.counted(fact) else { continue };
                gathering.add_counted(&counted);
                let index = rules.consultant_of(fact).filter(|_| !dropped.take(fact)).map(usize::from);
                if let Some(slot) = index.and_then(|index| consultants.get_mut(index)) {
                    slot.get_or_insert_with(|| Gathering::new(rules)).add_counted(&counted);
                }
            }
            tallies.push(gathering.close());
        }
        let close = |slot: Option<Gathering<'_>>| slot.map_or_else(|| Tally::new(&rules), Gathering::close);
        Self { wards: tallies, consultants: consultants.into_iter().map(close).collect(), depth }
    }

    fn of(&self, making: &Making<'_>, members: &Members) -> Cow<'_, Tally> {
        let nobody = || Tally::new(&Rules { depth: self.depth, ..making.rules() });
        let known = match members {
            Members::Consultant(consultant) => self.consultants.get(usize::from(*consultant)),
            Members::Wards(wards) => match wards.as_slice() {
                [ward] => self.wards.get(usize::from(*ward)),
                several => {
                    let mut all = nobody();
                    let members = several.iter().filter_map(|ward| self.wards.get(usize::from(*ward)));
                    members.for_each(|ward| all.merge(ward));
                    return Cow::Owned(all);
                }
            },
        };
        known.map_or_else(|| Cow::Owned(nobody()), Cow::Borrowed)
    }

    /// How many people of each cell answered a scored question in any ward.
    fn population(&self, cells: usize) -> Vec<u64> {
        let mut population = vec![0; cells];
        for ward in &self.wards {
            population.iter_mut().zip(ward.people_by_cell()).for_each(|(all, ward)| *all += ward);
        }
        population
    }
}
