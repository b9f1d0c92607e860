//! Scores that stand while answers come: tallies of what somebody looks at, kept up to date response by response.
//!
//! Vocabulary: a period is *watched* once a sheet of it has been asked for, and a unit *stands* in it from then on. What came since is
//! added to the tallies of the units it belongs to, in each watched period it falls in; a sheet is then made from those. It is,
//! byte for byte, that of [`score`](super::score) over all facts.
//!
//! Bounds: so many periods are watched, the one asked for longest ago leaves first; with it go its tallies. A new local day, a new
//! ruling about an attribution and a withdrawal start afresh, because they decide what is known.
//!
//! Failure modes: facts of which too many came since, or that are others than before, are tallied anew. One `Live` belongs to one
//! set of facts that only grows.

use std::collections::HashMap;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{DayNumber, Period};

use super::cut::Cut;
use super::definition::DefinitionRef;
use super::scheme::CaseMix;
use super::score::{Making, Unitary};
use super::sheet::{PreviousPeriod, ScoreSheet};
use super::tally::Tally;
use super::world::{Members, ScoreError, ScoringWorld};
use crate::facts::{Fact, Facts};

/// The most periods that are watched: a page shows a trend of eight and the one before, a board twice as many.
const MOST_PERIODS: usize = 24;

/// Standing tallies.
#[derive(Debug, Default)]
pub struct Live {
    today: Option<Date>,
    /// How often something was ruled on or withdrawn.
    ruled: (usize, usize),
    watched: HashMap<(Period, DefinitionRef), Watched>,
    /// How often a period has been asked for.
    asked: u64,
}

#[derive(Debug, Default)]
struct Watched {
    /// When it was asked for last.
    asked: u64,
    /// How many facts are in it.
    seen: usize,
    standing: HashMap<Unit, StandingTally>,
    /// The trust's people by cell, where the trust is the standard population.
    population: Option<Vec<u64>>,
}

#[derive(Debug)]
struct StandingTally {
    members: Members,
    tally: Tally,
    /// What stands on the sheet of the period after, as long as nothing was added.
    summary: Option<PreviousPeriod>,
}

impl Live {
    /// The sheet of a unit in a period by the definition in force, seen on a local day.
    pub fn sheet(
        &mut self,
        facts: &Facts,
        world: &ScoringWorld,
        period: &Period,
        unit: &Unit,
        today: Date,
    ) -> Result<ScoreSheet, ScoreError> {
        let unknown = || ScoreError::UnknownUnit(unit.clone());
        let unit_name = world.unit_name(unit).ok_or_else(unknown)?;
        let members = world.members(unit).ok_or_else(unknown)?;
        let making = Making::new(facts, world, *period, &Cut::default(), None, today)?;
        let ruled = facts.corrections();
        if self.today != Some(today) || self.ruled != ruled {
            *self = Self { today: Some(today), ruled, ..Self::default() };
        }
        let before = making.before().map(|before| {
            let standing = self.watch(facts, &before).standing(facts, &before, unit, &members);
            standing.summary.get_or_insert_with(|| before.summary(&standing.tally)).clone()
        });
        let watched = self.watch(facts, &making);
        watched.standing(facts, &making, unit, &members);
        let population = match &making.scheme().case_mix {
            None => None,
            Some(CaseMix { population: Some(given), .. }) => Some(given.as_slice()),
            Some(_) => {
                let everybody = watched.population.take().or_else(|| making.population(facts));
                watched.population = everybody;
                watched.population.as_deref()
            }
        };
        let tally = watched.standing.get(unit).map(|standing| &standing.tally).ok_or_else(unknown)?;
        let whom = Unitary { unit, unit_name, members: &members };
        Ok(making.sheet(whom, tally, before, population))
    }

    /// The tallies of a period, with everything that came until now.
    fn watch(&mut self, facts: &Facts, making: &Making<'_>) -> &mut Watched {
        let key = (making.period, making.edition.definition.reference());
        if self.watched.len() >= MOST_PERIODS && !self.watched.contains_key(&key) {
            let longest_ago = self.watched.iter().min_by_key(|(_, watched)| watched.asked);
            if let Some(key) = longest_ago.map(|(key, _)| key.clone()) {
                self.watched.remove(&key);
            }
        }
        self.asked += 1;
        let watched = self.watched.entry(key).or_default();
        watched.asked = self.asked;
        watched.catch_up(facts, making);
        watched
    }
}

impl Watched {
    /// Adds what came since, or forgets everything when that is not known any more.
    fn catch_up(&mut self, facts: &Facts, making: &Making<'_>) {
        match facts.since(self.seen) {
            Some(new) if !self.standing.is_empty() => {
                let days = DayNumber::from(making.period.start())..=DayNumber::from(making.period.last());
                new.filter(|fact| days.contains(&fact.day())).for_each(|fact| self.add(making, fact));
            }
            _ => {
                self.standing.clear();
                self.population = None;
            }
        }
        self.seen = facts.len();
    }

    fn add(&mut self, making: &Making<'_>, fact: &Fact) {
        let rules = making.rules();
        let consultant = rules.consultant_of(fact);
        let has = |members: &Members| match members {
            Members::Wards(wards) => wards.contains(&fact.ward_index()),
            Members::Consultant(own) => consultant == Some(*own),
        };
        for standing in self.standing.values_mut().filter(|standing| has(&standing.members)) {
            standing.tally.add(&rules, fact);
            standing.summary = None;
        }
        if let Some(population) = &mut self.population {
            making.count_in_population(&rules, fact, population);
        }
    }

    fn standing(
        &mut self,
        facts: &Facts,
        making: &Making<'_>,
        unit: &Unit,
        members: &Members,
    ) -> &mut StandingTally {
        self.standing.entry(unit.clone()).or_insert_with(|| StandingTally {
            members: members.clone(),
            tally: making.tally(facts, members),
            summary: None,
        })
    }
}
