//! Windows of consultants that stand while answers come.
//!
//! The window of one consultant rests on the patients of all, because of the reliability. So what is gathered of a window is gathered of every
//! consultant at once and kept, and what came since is added to it, as [`Live`] does with tallies. Whatever is given is what
//! [`consultant_window`](super::consultant_window) and [`score`](crate::scoring::score) give.
//!
//! Bounds: [`MOST_WINDOWS`] windows, the one asked for longest ago leaves first; a window of a million patients takes some 8 MB. A new local day
//! and a new ruling about an attribution start afresh.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{DayNumber, Period};
use wardvoice_protocol::id::ConsultantId;

use super::{ConsultantWindow, Gathered, put_together};
use crate::facts::Facts;
use crate::scoring::cut::Cut;
use crate::scoring::score::Making;
use crate::scoring::{DefinitionRef, Live, ScoreError, ScoreSheet, ScoringWorld};

/// The most windows that are gathered: those that can be chosen are thirteen.
const MOST_WINDOWS: usize = 13;

/// What stands of every window that somebody has looked at. Of one set of facts that only grows. Shared by reference.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    standing: Mutex<Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    today: Option<Date>,
    /// How many rulings about attributions there were.
    ruled: usize,
    live: Live,
    gathered: HashMap<(Period, DefinitionRef), Kept>,
    /// How often a window has been asked for.
    asked: u64,
}

#[derive(Debug)]
struct Kept {
    /// When it was asked for last.
    asked: u64,
    /// How many facts are in it.
    seen: usize,
    gathered: Gathered,
}

impl Windows {
    /// Everything about a consultant in a window by the definition in force, seen on a local day.
    pub(crate) fn of(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        consultant: &ConsultantId,
        window: &Period,
        today: Date,
    ) -> Result<ConsultantWindow, ScoreError> {
        let unit = Unit::Consultant(consultant.clone());
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let sheet = standing.live.sheet(facts, world, window, &unit, today)?;
        let index = world.vocabulary().consultant_index(consultant).ok_or(ScoreError::UnknownUnit(unit))?;
        let making = Making::new(facts, world, *window, &Cut::default(), None, today)?;
        let gathered = standing.gathered(facts, &making, today);
        Ok(put_together(sheet, gathered, &making, index))
    }

    /// The sheet of another unit in a window, for what stands beside a consultant's figures.
    pub(crate) fn sheet(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        window: &Period,
        unit: &Unit,
        today: Date,
    ) -> Result<ScoreSheet, ScoreError> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.live.sheet(facts, world, window, unit, today)
    }
}

impl Standing {
    /// What is gathered of a window, with everything that came until now.
    fn gathered(&mut self, facts: &Facts, making: &Making<'_>, today: Date) -> &Gathered {
        let ruled = facts.rulings().len();
        if self.today != Some(today) || self.ruled != ruled {
            (self.today, self.ruled) = (Some(today), ruled);
            self.gathered.clear();
        }
        let key = (making.period, making.edition.definition.reference());
        if self.gathered.len() >= MOST_WINDOWS && !self.gathered.contains_key(&key) {
            let longest_ago = self.gathered.iter().min_by_key(|(_, kept)| kept.asked);
            if let Some(key) = longest_ago.map(|(key, _)| key.clone()) {
                self.gathered.remove(&key);
            }
        }
        self.asked += 1;
        let kept = self.gathered.entry(key).or_insert_with(|| Kept {
            asked: 0,
            seen: facts.len(),
            gathered: Gathered::new(facts, making),
        });
        kept.asked = self.asked;
        match facts.since(kept.seen) {
            Some(new) => {
                let days = DayNumber::from(making.period.start())..=DayNumber::from(making.period.last());
                new.filter(|fact| days.contains(&fact.day())).for_each(|fact| kept.gathered.add(making, fact));
            }
            None => kept.gathered = Gathered::new(facts, making),
        }
        kept.seen = facts.len();
        &kept.gathered
    }
}
