//! What control charts are made of, each computed once as long as nothing that could change it has changed.
//!
//! A ward's fortnight is kept under its [`GrainStamp`]: a closed one does not change, so of a page with years of fortnights only the
//! one that still runs is added up again. The effect of an action is kept under the number of facts it rests on.

use std::sync::Arc;

use jiff::civil::Date;
use wardvoice_protocol::fortnight::Fortnight;

use super::kept::Kept;
use crate::facts::Facts;
use crate::scoring::{
    self, Change, EffectSheet, Grain, GrainStamp, ScoreError, ScoringWorld, effect_rows, grain_stamp,
};

/// The most grains that are kept, some 10 kB each: 190 wards with a year of fortnights.
const MOST_GRAINS: usize = 5_000;
/// The most effects that are kept.
const MOST_EFFECTS: usize = 5_000;

/// What is kept.
#[derive(Debug)]
pub(crate) struct Histories {
    grains: Kept<(u16, Fortnight), GrainStamp, Grain>,
    effects: Kept<u32, EffectStamp, EffectSheet>,
}

impl Default for Histories {
    fn default() -> Self {
        Self { grains: Kept::new(MOST_GRAINS), effects: Kept::new(MOST_EFFECTS) }
    }
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
