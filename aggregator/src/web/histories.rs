//! What control charts are made of, each computed once as long as nothing that could change it has changed.
//!
//! A ward's fortnight is kept under its [`GrainStamp`]: a closed one does not change, so of a page with years of fortnights only the
//! one that still runs is added up again. The effect of an action is kept under the number of facts it rests on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use wardvoice_protocol::fortnight::Fortnight;

use crate::facts::Facts;
use crate::scoring::{
    self, Change, EffectSheet, Grain, GrainStamp, ScoreError, ScoringWorld, effect_rows, grain_stamp,
};

/// The most grains that are kept, some 10 kB each: 190 wards with a year of fortnights.
const MOST_GRAINS: usize = 5_000;
/// The most effects that are kept.
const MOST_EFFECTS: usize = 5_000;

/// What is kept.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    grains: Mutex<HashMap<(u16, Fortnight), KeptGrain>>,
    effects: Mutex<HashMap<u32, (EffectStamp, Arc<EffectSheet>)>>,
}

/// A grain and what it is kept under.
type KeptGrain = (GrainStamp, Arc<Grain>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct EffectStamp {
    change: Change,
    rows: usize,
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
        let (key, stamp) = ((ward, fortnight), grain_stamp(facts, ward, fortnight, today));
        {
            let kept = self.grains.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, grain)) = kept.get(&key).filter(|(under, _)| *under == stamp) {
                return Ok(Arc::clone(grain));
            }
        }
        let grain = Arc::new(scoring::grain(facts, world, ward, fortnight, today)?);
        let mut kept = self.grains.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_GRAINS {
            kept.clear();
        }
        kept.insert(key, (stamp, Arc::clone(&grain)));
        Ok(grain)
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
        let stamp = EffectStamp { change: change.clone(), rows: effect_rows(facts, world, change, today), today };
        {
            let kept = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, effect)) = kept.get(&number).filter(|(under, _)| *under == stamp) {
                return Some(Arc::clone(effect));
            }
        }
        let effect = Arc::new(scoring::effect(facts, world, change, today).ok()?);
        let mut kept = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_EFFECTS {
            kept.clear();
        }
        kept.insert(number, (stamp, Arc::clone(&effect)));
        Some(effect)
    }
}
