//! The fortnight's plan: how many responses each ward should give.
//!
//! Vocabulary: a ward's *share* is what falls to it by its beds; its *own* target takes the place of its share, and then the other wards
//! share what is left of the trust's total. A *timeline* says which plan held from which fortnight on, so that a plan that is changed
//! today changes nothing about fortnights that are over.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::civil::Date;
use wardvoice_protocol::directory::Directory;

/// What a fortnight of the programme aims at, trust-wide.
pub const FORTNIGHT_RESPONSES: u32 = 400;

/// Quotas per ward, in the directory's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    total: u32,
    wards: Vec<WardPlan>,
    quotas: Vec<u32>,
}

/// What a ward's quota rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WardPlan {
    /// Its beds, which weigh its share.
    pub beds: u16,
    /// Its own target, in the place of a share.
    pub own: Option<u32>,
}

impl Plan {
    /// Splits a total over the wards of a directory by their beds.
    pub fn new(directory: &Directory, total: u32) -> Self {
        let wards = directory.wards().iter().map(|ward| WardPlan { beds: ward.beds, own: None });
        Self::of(wards.collect(), total)
    }

    /// Gives wards their own targets, and splits what is left of a total over the others by beds with the method of largest
    /// remainders; equal remainders go to the ward that stands first. They share equally where none of them has a bed.
    pub fn of(wards: Vec<WardPlan>, total: u32) -> Self {
        let own: u64 = wards.iter().filter_map(|ward| ward.own).map(u64::from).sum();
        let mut beds: Vec<u64> =
            wards.iter().map(|ward| if ward.own.is_some() { 0 } else { u64::from(ward.beds) }).collect();
        if beds.iter().all(|beds| *beds == 0) {
            beds = wards.iter().map(|ward| u64::from(ward.own.is_none())).collect();
        }
        let all: u64 = beds.iter().sum::<u64>().max(1);
        let total_left = if beds.iter().all(|beds| *beds == 0) { 0 } else { u64::from(total).saturating_sub(own) };
        let mut quotas: Vec<u64> = beds.iter().map(|beds| total_left * beds / all).collect();
        let left = total_left - quotas.iter().sum::<u64>();
        let mut order: Vec<(usize, u64)> = beds.iter().map(|beds| total_left * beds % all).enumerate().collect();
        order.sort_by_key(|(ward, remainder)| (std::cmp::Reverse(*remainder), *ward));
        // Fewer are left than there are wards that share, so each of those gets at most one more.
        for (ward, _) in order.iter().zip(0..left).map(|(entry, _)| entry) {
            if let Some(quota) = quotas.get_mut(*ward) {
                *quota += 1;
            }
        }
        let quotas = quotas
            .iter()
            .zip(&wards)
            .map(|(share, ward)| ward.own.unwrap_or_else(|| u32::try_from(*share).unwrap_or(u32::MAX)));
        Self { total, quotas: quotas.collect(), wards }
    }

    /// A ward's quota by its place in the directory.
    pub fn quota(&self, ward_index: u16) -> u32 {
        self.quotas.get(usize::from(ward_index)).copied().unwrap_or(0)
    }

    /// Every ward's quota, in the directory's order.
    pub fn quotas(&self) -> &[u32] {
        &self.quotas
    }

    /// What a ward's quota rests on, by its place in the directory.
    pub fn ward(&self, ward_index: u16) -> Option<WardPlan> {
        self.wards.get(usize::from(ward_index)).copied()
    }

    /// What every ward's quota rests on, in the directory's order.
    pub fn wards(&self) -> &[WardPlan] {
        &self.wards
    }

    /// What the trust aims at. The quotas come to that, unless every ward has its own.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// What the wards' own targets come to.
    pub fn own_targets(&self) -> u64 {
        self.wards.iter().filter_map(|ward| ward.own).map(u64::from).sum()
    }
}

/// Which plan held when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    first: Arc<Plan>,
    later: BTreeMap<Date, Arc<Plan>>,
}

impl Timeline {
    /// One plan for all days.
    pub fn new(plan: Plan) -> Self {
        Self { first: Arc::new(plan), later: BTreeMap::new() }
    }

    /// From a day on another plan holds.
    pub fn change(&mut self, from: Date, plan: Plan) {
        self.later.insert(from, Arc::new(plan));
    }

    /// The plan that holds on a day.
    pub fn on(&self, day: Date) -> &Arc<Plan> {
        self.later.range(..=day).next_back().map_or(&self.first, |(_, plan)| plan)
    }
}

/// The timeline that is in use, shared by whoever changes it and everybody who looks at it.
#[derive(Debug)]
pub struct Plans(RwLock<(Timeline, u64)>);

impl Plans {
    /// A timeline to begin with.
    pub fn new(timeline: Timeline) -> Self {
        Self(RwLock::new((timeline, 0)))
    }

    /// The plan that holds on a day.
    pub fn on(&self, day: Date) -> Arc<Plan> {
        Arc::clone(self.0.read().unwrap_or_else(PoisonError::into_inner).0.on(day))
    }

    /// How often the timeline has been replaced: what was made under another number may be of another plan.
    pub fn edition(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Takes another timeline.
    pub fn replace(&self, timeline: Timeline) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *held = (timeline, held.1 + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas(wards: &[(u16, Option<u32>)], total: u32) -> Vec<u32> {
        let wards = wards.iter().map(|(beds, own)| WardPlan { beds: *beds, own: *own });
        Plan::of(wards.collect(), total).quotas().to_vec()
    }

    #[test]
    fn wards_without_a_target_of_their_own_share_what_is_left() {
        assert_eq!(quotas(&[(10, None), (10, Some(100)), (20, None)], 400), [100, 100, 200]);
        assert_eq!(quotas(&[(10, Some(0)), (10, None)], 40), [0, 40], "none is a target too");
        assert_eq!(quotas(&[(0, None), (0, Some(30)), (0, None)], 41), [6, 30, 5], "nobody has a bed");
        assert_eq!(quotas(&[(10, Some(10)), (10, Some(20))], 400), [10, 20], "nobody shares");
        assert_eq!(quotas(&[(10, Some(500)), (10, None)], 400), [500, 0], "nothing is left");
        assert_eq!(quotas(&[], 400), [0; 0]);
    }

    #[test]
    fn a_change_leaves_what_is_over_as_it_was() {
        let plan = |total| Plan::of(vec![WardPlan { beds: 1, own: None }], total);
        let plans = Plans::new(Timeline::new(plan(400)));
        let mut timeline = Timeline::new(plan(400));
        timeline.change(Date::constant(2026, 11, 23), plan(300));
        plans.replace(timeline);
        assert_eq!(plans.edition(), 1);
        let on = |month, day| plans.on(Date::constant(2026, month, day)).total();
        assert_eq!((on(11, 22), on(11, 23), on(12, 31)), (400, 300, 300));
    }
}
