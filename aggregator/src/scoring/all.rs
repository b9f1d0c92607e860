//! The sheets of every unit in a period, in one pass over its facts.
//!
//! Wards are tallied one after the other, and what counts for consultants is laid aside in the same pass and tallied after it; departments,
//! sites, specialties and the trust are sums of their wards' tallies. Several cores take wards each, then consultants each, then units each. The sheets are, byte for byte,
//! those of [`score`](super::score).

use std::borrow::Cow;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::cut::Cut;
use super::definition::DefinitionRef;
use super::score::{Making, Unitary};
use super::sheet::ScoreSheet;
use super::tally::{Counted, Depth, Gathering, Rules, Tally};
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

/// A ward's tally, and what of its contacts counts for each consultant.
struct OfWard {
    tally: Tally,
    consultants: Vec<Vec<Counted>>,
}

impl Tallies {
    fn new(facts: &Facts, making: &Making<'_>, depth: Depth) -> Self {
        let rows = facts.count_of(making.period.start(), making.period.last());
        let threads = threads::processors().min(rows / FACTS_A_THREAD).max(1);
        let rules = Rules { depth, ..making.rules() };
        let wards =
            threads::each(&every_ward(making.world), threads, |ward| OfWard::new(facts, making, &rules, *ward));
        // A consultant's contacts are counted after those of all wards: tables of all consultants at once fit no near memory.
        let consultants: Vec<usize> = (0..making.world.directory().consultants().len()).collect();
        let consultants = threads::each(&consultants, threads, |consultant| {
            let mut gathering = Gathering::new(rules);
            let of_wards = wards.iter().filter_map(|ward| ward.consultants.get(*consultant));
            of_wards.flatten().for_each(|counted| gathering.add_counted(counted));
            gathering.close()
        });
        Self { wards: wards.into_iter().map(|ward| ward.tally).collect(), consultants, depth }
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

impl OfWard {
    fn new(facts: &Facts, making: &Making<'_>, rules: &Rules<'_>, ward: u16) -> Self {
        let (first, last) = (making.period.start(), making.period.last());
        let count = making.world.directory().consultants().len();
        // Room for as many as there are if all consultants have as many: what is not needed is never touched, and growing copies.
        let each = facts.ward_days(ward, first, last).map(<[_]>::len).sum::<usize>() / count.max(1);
        let mut consultants: Vec<Vec<Counted>> = (0..count).map(|_| Vec::with_capacity(each + each / 8)).collect();
        let mut gathering = Gathering::new(*rules);
        // A row says its ward, so no other thread takes what is dropped here.
        let mut dropped = facts.dropped(rules.as_of);
        for fact in facts.ward_days(ward, first, last).flatten() {
            let Some(counted) = rules.counted(fact) else { continue };
            gathering.add_counted(&counted);
            let index = rules.consultant_of(fact).filter(|_| !dropped.take(fact)).map(usize::from);
            if let Some(of_consultant) = index.and_then(|index| consultants.get_mut(index)) {
                of_consultant.push(counted);
            }
        }
        Self { tally: gathering.close(), consultants }
    }
}
