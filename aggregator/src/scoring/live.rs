//! Scores that stand while answers come: tallies of the present periods, kept up to date response by response.
//!
//! A new response is added to the tallies of the units it belongs to, in each watched period it falls in, and the sheets it
//! touches are made from those. They are, byte for byte, those of [`score`](super::score) over all facts.

use std::collections::HashMap;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::all::every_ward;
use super::cut::Cut;
use super::score::{Making, Unitary};
use super::sheet::{PreviousPeriod, ScoreSheet};
use super::tally::Tally;
use super::world::{Members, ScoreError, ScoringWorld};
use crate::facts::{Fact, Facts};

/// Standing tallies of some periods, seen on one local day.
pub struct Live<'a> {
    world: &'a ScoringWorld,
    watched: Vec<Watched<'a>>,
    units: Vec<(Unit, String, Members)>,
    /// Which units a ward belongs to, by the ward's number.
    of_ward: Vec<Vec<usize>>,
    /// The unit of a consultant, by the consultant's number.
    of_consultant: HashMap<u16, usize>,
}

struct Watched<'a> {
    making: Making<'a>,
    tallies: Vec<Tally>,
    /// The period before, by unit.
    before: Option<(Making<'a>, Vec<(Tally, PreviousPeriod)>)>,
    population: Option<Vec<u64>>,
    population_is_the_trust: bool,
}

impl<'a> Live<'a> {
    /// Tallies the facts there are.
    pub fn new(
        facts: &Facts,
        world: &'a ScoringWorld,
        periods: &[Period],
        today: Date,
    ) -> Result<Self, ScoreError> {
        let mut units = Vec::new();
        for (unit, name) in world.units() {
            let members = world.members(&unit).ok_or_else(|| ScoreError::UnknownUnit(unit.clone()))?;
            units.push((unit, name, members));
        }
        let mut of_ward = vec![Vec::new(); every_ward(world).len()];
        let mut of_consultant = HashMap::new();
        for (place, (_, _, members)) in units.iter().enumerate() {
            match members {
                Members::Wards(wards) => {
                    for ward in wards {
                        if let Some(places) = of_ward.get_mut(usize::from(*ward)) {
                            places.push(place);
                        }
                    }
                }
                Members::Consultant(consultant) => {
                    of_consultant.insert(*consultant, place);
                }
            }
        }
        let mut watched = Vec::new();
        for period in periods {
            let making = Making::new(facts, world, *period, &Cut::default(), None, today)?;
            let tallies = |making: &Making<'_>| {
                units.iter().map(|(_, _, members)| making.tally(facts, members)).collect::<Vec<_>>()
            };
            let mix = making.scheme().case_mix.as_ref();
            watched.push(Watched {
                population_is_the_trust: mix.is_some_and(|mix| mix.population.is_none()),
                population: making.population(facts),
                tallies: tallies(&making),
                before: making.before().map(|before| {
                    let of_unit = |tally: Tally| {
                        let summary = before.summary(&tally);
                        (tally, summary)
                    };
                    let all = tallies(&before).into_iter().map(of_unit).collect();
                    (before, all)
                }),
                making,
            });
        }
        Ok(Self { world, watched, units, of_ward, of_consultant })
    }

    /// Adds a fact that is new to the facts, and gives the sheets that follow from it: every watched period it falls in, every unit it
    /// belongs to. Its standing and revision are those of the facts given.
    pub fn add(&mut self, facts: &Facts, fact: &Fact) -> Vec<ScoreSheet> {
        let Some(day) = fact.day().date() else { return Vec::new() };
        let of_ward = self.of_ward.get(usize::from(fact.ward_index())).cloned().unwrap_or_default();
        let mut sheets = Vec::new();
        for watched in &mut self.watched {
            let mut places = of_ward.clone();
            let consultant = watched.making.rules().consultant_of(fact);
            places.extend(consultant.and_then(|index| self.of_consultant.get(&index)));
            if let Some((before, tallies)) = &mut watched.before
                && before.period.contains(day)
            {
                let rules = before.rules();
                for place in &places {
                    if let Some((tally, summary)) = tallies.get_mut(*place) {
                        tally.add(&rules, fact);
                        *summary = before.summary(tally);
                    }
                }
            }
            if !watched.making.period.contains(day) {
                continue;
            }
            let rules = watched.making.rules();
            for place in &places {
                if let Some(tally) = watched.tallies.get_mut(*place) {
                    tally.add(&rules, fact);
                }
            }
            watched.making.see_again(facts);
            if watched.population_is_the_trust {
                // The trust is the first of the units.
                watched.population = watched.tallies.first().map(Tally::people_by_cell);
            }
            sheets.extend(places.iter().filter_map(|place| sheet(&self.units, watched, *place)));
        }
        sheets
    }

    /// The sheet of a unit in a watched period.
    pub fn sheet(&self, period: &Period, unit: &Unit) -> Option<ScoreSheet> {
        let place = self.units.iter().position(|(known, _, _)| known == unit)?;
        let watched = self.watched.iter().find(|watched| watched.making.period == *period)?;
        sheet(&self.units, watched, place)
    }

    /// What scores are made by.
    pub fn world(&self) -> &ScoringWorld {
        self.world
    }
}

fn sheet(units: &[(Unit, String, Members)], watched: &Watched<'_>, place: usize) -> Option<ScoreSheet> {
    let (unit, name, members) = units.get(place)?;
    let tally = watched.tallies.get(place)?;
    let before = watched.before.as_ref();
    let before = before.and_then(|(_, units)| Some(units.get(place)?.1.clone()));
    let whom = Unitary { unit, unit_name: name.clone(), members };
    Some(watched.making.sheet(whom, tally, before, watched.population.as_deref()))
}
