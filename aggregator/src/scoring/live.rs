//! Scores that stand while answers come: tallies of what somebody looks at, kept up to date response by response.
//!
//! Vocabulary: a period is *watched* once a sheet of it has been asked for, and a unit *stands* in it from then on. What came since is
//! added to the tallies of the units it belongs to, in each watched period it falls in; a sheet is then made from those. It is,
//! byte for byte, that of [`score`](super::score) over all facts.
//!
//! Several sheets that are asked for together are shared out to the processors, and so are tallies that do not stand yet.
//!
//! Bounds: so many periods are watched, the one asked for longest ago leaves first; with it go its tallies. A new local day, a new
//! ruling about an attribution and a withdrawal start afresh, because they decide what is known.
//!
//! Failure modes: facts of which too many came since, or that are others than before, are tallied anew. One `Live` belongs to one
//! set of facts that only grows.

use std::collections::HashMap;
use std::slice;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{DayNumber, Period};

use super::cut::Cut;
use super::definition::DefinitionRef;
use super::score::{Making, Unitary};
use super::sheet::{PreviousPeriod, ScoreSheet};
use super::tally::{Depth, Tally};
use super::threads;
use super::world::{Members, ScoreError, ScoringWorld};
use crate::facts::{Fact, Facts};

/// Fewer sheets than this are not worth another thread.
const SHEETS_A_THREAD: usize = 6;

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
    standing: Vec<StandingTally>,
    /// Where each unit's tally stands, and those of whoever a response touches: its ward's units and its consultant.
    places: HashMap<Unit, usize>,
    of_ward: HashMap<u16, Vec<usize>>,
    of_consultant: HashMap<u16, usize>,
    /// The standard population by cell; of the trust it grows with each answer.
    population: Option<Vec<u64>>,
}

/// A unit that is asked for.
struct Asked {
    unit: Unit,
    name: String,
    members: Members,
}

/// A sheet that is to be made.
struct Job<'a> {
    making: &'a Making<'a>,
    one: &'a Asked,
    tally: &'a Tally,
    before: Option<PreviousPeriod>,
    population: Option<&'a [u64]>,
}

#[derive(Debug)]
struct StandingTally {
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
        let sheets = self.sheets(facts, world, slice::from_ref(period), slice::from_ref(unit), today)?;
        sheets.into_iter().next().ok_or_else(|| ScoreError::UnknownUnit(unit.clone()))
    }

    /// The sheets of some units in some periods, all units of a period before those of the next.
    pub fn sheets(
        &mut self,
        facts: &Facts,
        world: &ScoringWorld,
        periods: &[Period],
        units: &[Unit],
        today: Date,
    ) -> Result<Vec<ScoreSheet>, ScoreError> {
        let ruled = facts.corrections();
        if self.today != Some(today) || self.ruled != ruled {
            *self = Self { today: Some(today), ruled, ..Self::default() };
        }
        let whom = |unit: &Unit| {
            let known = world.unit_name(unit).zip(world.members(unit));
            let (name, members) = known.ok_or_else(|| ScoreError::UnknownUnit(unit.clone()))?;
            Ok(Asked { unit: unit.clone(), name, members })
        };
        let asked: Vec<Asked> = units.iter().map(whom).collect::<Result<_, ScoreError>>()?;
        let mut sheets = Vec::with_capacity(periods.len() * units.len());
        // With its periods before them no more are watched at once than can be.
        for some in periods.chunks(MOST_PERIODS / 2) {
            let make = |period: &Period| Making::new(facts, world, *period, &Cut::default(), None, today);
            let makings: Vec<Making<'_>> = some.iter().map(make).collect::<Result<_, _>>()?;
            sheets.extend(self.sheets_of(facts, &makings, &asked));
        }
        Ok(sheets)
    }

    fn sheets_of(&mut self, facts: &Facts, makings: &[Making<'_>], asked: &[Asked]) -> Vec<ScoreSheet> {
        let mut befores = Vec::with_capacity(makings.len() * asked.len());
        for making in makings {
            if let Some(before) = making.before() {
                let watched = self.watch(facts, &before);
                watched.stand(facts, &before, asked, Depth::Whole);
                befores.extend(asked.iter().map(|one| watched.summary(&before, &one.unit)));
            } else {
                befores.resize(befores.len() + asked.len(), None);
            }
            let watched = self.watch(facts, making);
            watched.stand(facts, making, asked, Depth::Cells);
            if watched.population.is_none() {
                watched.population = making.population(facts);
            }
        }
        let mut jobs = Vec::with_capacity(befores.len());
        let mut befores = befores.into_iter();
        for making in makings {
            let watched = self.watched.get(&key(making));
            for one in asked {
                let before = befores.next().flatten();
                if let Some((watched, standing)) =
                    watched.and_then(|all| Some((all, all.standing.get(*all.places.get(&one.unit)?)?)))
                {
                    jobs.push(Job {
                        making,
                        one,
                        tally: &standing.tally,
                        before,
                        population: watched.population.as_deref(),
                    });
                }
            }
        }
        let threads = threads::processors().min(jobs.len() / SHEETS_A_THREAD);
        threads::each(&jobs, threads, Job::sheet)
    }

    /// The tallies of a period, with everything that came until now.
    fn watch(&mut self, facts: &Facts, making: &Making<'_>) -> &mut Watched {
        let key = key(making);
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
            _ => *self = Self { asked: self.asked, ..Self::default() },
        }
        self.seen = facts.len();
    }

    fn add(&mut self, making: &Making<'_>, fact: &Fact) {
        let rules = making.rules();
        let Some(counted) = rules.counted(fact) else { return };
        let consultant = rules.consultant_of(fact).and_then(|consultant| self.of_consultant.get(&consultant));
        let touched = self.of_ward.get(&fact.ward_index()).into_iter().flatten().chain(consultant);
        for place in touched {
            if let Some(standing) = self.standing.get_mut(*place) {
                standing.tally.add(&rules, &counted);
                standing.summary = None;
            }
        }
        if let Some(population) = self.population.as_mut().filter(|_| making.counts_its_population()) {
            making.count_in_population(&counted, population);
        }
    }

    /// Makes units' tallies stand, summed at least so deep.
    fn stand(&mut self, facts: &Facts, making: &Making<'_>, asked: &[Asked], depth: Depth) {
        let standing = |one: &Asked| self.standing.get(*self.places.get(&one.unit)?);
        let is_deep = |standing: &StandingTally| depth == Depth::Whole || standing.tally.has_cells();
        let missing: Vec<&Asked> = asked.iter().filter(|one| !standing(one).is_some_and(is_deep)).collect();
        let threads = threads::processors().min(missing.len());
        let tallies = threads::each(&missing, threads, |one| making.tally(facts, &one.members, depth));
        for (one, tally) in missing.into_iter().zip(tallies) {
            self.put(one, StandingTally { tally, summary: None });
        }
    }

    fn put(&mut self, asked: &Asked, tally: StandingTally) {
        if let Some(standing) = self.places.get(&asked.unit).and_then(|place| self.standing.get_mut(*place)) {
            *standing = tally;
            return;
        }
        let place = self.standing.len();
        self.standing.push(tally);
        self.places.insert(asked.unit.clone(), place);
        match &asked.members {
            Members::Wards(wards) => {
                for ward in wards {
                    self.of_ward.entry(*ward).or_default().push(place);
                }
            }
            Members::Consultant(consultant) => {
                self.of_consultant.insert(*consultant, place);
            }
        }
    }

    /// What stands of a unit on the sheet of the period after; nothing for a unit that does not stand.
    fn summary(&mut self, making: &Making<'_>, unit: &Unit) -> Option<PreviousPeriod> {
        let standing = self.standing.get_mut(*self.places.get(unit)?)?;
        Some(standing.summary.get_or_insert_with(|| making.summary(&standing.tally)).clone())
    }
}

impl Job<'_> {
    fn sheet(&self) -> ScoreSheet {
        let Asked { unit, name, members } = self.one;
        let whom = Unitary { unit, unit_name: name.clone(), members };
        self.making.sheet(whom, self.tally, self.before.clone(), self.population)
    }
}

fn key(making: &Making<'_>) -> (Period, DefinitionRef) {
    (making.period, making.edition.definition.reference())
}
