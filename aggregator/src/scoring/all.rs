//! The sheets of every unit in a period, in one pass over its facts.
//!
//! Wards are tallied one after the other, consultants beside them in the same pass; departments, sites, specialties and the trust are
//! sums of their wards' tallies. Several cores take wards each, and then units each. The sheets are, byte for byte, those of [`score`](super::score).

use std::num::NonZero;
use std::thread;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::cut::Cut;
use super::definition::DefinitionRef;
use super::score::{Making, Unitary};
use super::sheet::ScoreSheet;
use super::tally::{Gathering, Tally};
use super::world::{Members, ScoreError, ScoringWorld};
use crate::facts::Facts;

/// Fewer facts than this are not worth another thread.
const FACTS_A_THREAD: usize = 50_000;

/// Everything known about every unit in a period, seen on a local day, in the order of [`ScoringWorld::units`].
pub fn score_all(
    facts: &Facts,
    world: &ScoringWorld,
    period: &Period,
    definition: Option<&DefinitionRef>,
    today: Date,
) -> Result<Vec<ScoreSheet>, ScoreError> {
    let making = Making::new(facts, world, *period, &Cut::default(), definition, today)?;
    let tallies = Tallies::new(facts, &making);
    let before = making.before().map(|before| (Tallies::new(facts, &before), before));
    let population = making.scheme().case_mix.as_ref().map(|mix| match &mix.population {
        Some(counts) => counts.clone(),
        None => tallies.of(&making, &Members::Wards(every_ward(world))).people_by_cell(),
    });
    let sheet = |(unit, unit_name): (Unit, String)| {
        let members = world.members(&unit).ok_or_else(|| ScoreError::UnknownUnit(unit.clone()))?;
        let tally = tallies.of(&making, &members);
        let before = before.as_ref().map(|(tallies, before)| before.summary(&tallies.of(before, &members)));
        let whom = Unitary { unit: &unit, unit_name, members: &members };
        Ok(making.sheet(whom, &tally, before, population.as_deref()))
    };
    let units = world.units();
    let share = units.len().div_ceil(cores()).max(1);
    let parts: Vec<Result<Vec<ScoreSheet>, ScoreError>> = thread::scope(|scope| {
        let sheet = &sheet;
        let spawned: Vec<_> = units
            .chunks(share)
            .map(|some| scope.spawn(move || some.iter().cloned().map(sheet).collect()))
            .collect();
        // A thread that panics would have panicked here as well.
        spawned.into_iter().filter_map(|part| part.join().ok()).collect()
    });
    parts.into_iter().collect::<Result<Vec<_>, _>>().map(|parts| parts.into_iter().flatten().collect())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

pub(super) fn every_ward(world: &ScoringWorld) -> Vec<u16> {
    (0..world.vocabulary().ward_count()).collect()
}

/// Tallies by ward and by consultant.
struct Tallies {
    wards: Vec<Tally>,
    consultants: Vec<Tally>,
}

impl Tallies {
    fn new(facts: &Facts, making: &Making<'_>) -> Self {
        let (first, last) = (making.period.start(), making.period.last());
        let wards = every_ward(making.world);
        let rows: usize = wards.iter().flat_map(|ward| facts.ward_days(*ward, first, last)).map(<[_]>::len).sum();
        let threads = cores().min(rows / FACTS_A_THREAD).max(1);
        let share = wards.len().div_ceil(threads).max(1);
        let parts: Vec<Self> = if threads == 1 {
            vec![Self::of_wards(facts, making, &wards)]
        } else {
            thread::scope(|scope| {
                let spawned: Vec<_> = wards
                    .chunks(share)
                    .map(|some| scope.spawn(move || Self::of_wards(facts, making, some)))
                    .collect();
                // A thread that panics would have panicked here as well.
                spawned.into_iter().filter_map(|part| part.join().ok()).collect()
            })
        };
        let mut all = Self { wards: Vec::new(), consultants: Vec::new() };
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

    fn of_wards(facts: &Facts, making: &Making<'_>, wards: &[u16]) -> Self {
        let rules = making.rules();
        let count = making.world.directory().consultants().len();
        let mut consultants: Vec<Option<Gathering<'_>>> = (0..count).map(|_| None).collect();
        let mut tallies = Vec::with_capacity(wards.len());
        // A row says its ward, so no other thread takes what is dropped here.
        let mut dropped = facts.dropped(rules.as_of);
        for ward in wards {
            let mut gathering = Gathering::new(rules);
            for fact in facts.ward_days(*ward, making.period.start(), making.period.last()).flatten() {
                gathering.add(fact);
                let index = rules.consultant_of(fact).filter(|_| !dropped.take(fact)).map(usize::from);
                if let Some(slot) = index.and_then(|index| consultants.get_mut(index)) {
                    slot.get_or_insert_with(|| Gathering::new(rules)).add(fact);
                }
            }
            tallies.push(gathering.close());
        }
        let close = |slot: Option<Gathering<'_>>| slot.map_or_else(|| Tally::new(&rules), Gathering::close);
        Self { wards: tallies, consultants: consultants.into_iter().map(close).collect() }
    }

    fn of(&self, making: &Making<'_>, members: &Members) -> Tally {
        let tally = match members {
            Members::Wards(wards) => {
                let mut all = Tally::new(&making.rules());
                let members = wards.iter().filter_map(|ward| self.wards.get(usize::from(*ward)));
                members.for_each(|ward| all.merge(ward));
                return all;
            }
            Members::Consultant(consultant) => self.consultants.get(usize::from(*consultant)).cloned(),
        };
        tally.unwrap_or_else(|| Tally::new(&making.rules()))
    }
}
