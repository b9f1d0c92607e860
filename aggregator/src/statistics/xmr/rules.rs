//! The four rules, inside one group.

use std::cmp::Ordering;

use super::{Group, Limits, Side, Signals, TwoOfThree};

/// Points in a trend and in a shift.
const RUN: usize = 7;

/// The signals of a group's points; `None` for a missing one.
pub(super) fn signals(members: &[Option<f64>], group: &Group, rule: TwoOfThree) -> Vec<Option<Signals>> {
    let sides: Vec<_> = members.iter().map(|value| side(*value, group.mean)).collect();
    let outside: Vec<_> = members.iter().map(|value| outside(*value, group.limits.ok())).collect();
    let mut found: Vec<Option<Signals>> = members
        .iter()
        .zip(&outside)
        .map(|(value, outside)| value.map(|_| Signals { outside: *outside, ..Signals::default() }))
        .collect();
    for (signals, trend) in found.iter_mut().zip(trend(members)) {
        if let Some(signals) = signals {
            signals.trend = trend;
        }
    }
    for (signals, shift) in found.iter_mut().zip(shift(&sides)) {
        if let Some(signals) = signals {
            signals.shift = shift;
        }
    }
    let near: Vec<_> = members
        .iter()
        .zip(&outside)
        .map(|(value, outside)| match (rule, outside) {
            (TwoOfThree::Classic, Some(_)) => None,
            _ => near(*value, group.limits.ok()),
        })
        .collect();
    for (signals, two_of_three) in found.iter_mut().zip(two_of_three(&sides, &near)) {
        if let Some(signals) = signals {
            signals.two_of_three = two_of_three;
        }
    }
    found
}

/// The side of the mean; `None` on it, where the value is missing, and where there is no mean.
fn side(value: Option<f64>, mean: Option<f64>) -> Option<Side> {
    beyond(value?, mean?, mean?)
}

fn outside(value: Option<f64>, limits: Option<Limits>) -> Option<Side> {
    let limits = limits?;
    beyond(value?, limits.lower, limits.upper)
}

fn near(value: Option<f64>, limits: Option<Limits>) -> Option<Side> {
    let limits = limits?;
    beyond(value?, limits.near_lower, limits.near_upper)
}

fn beyond(value: f64, lower: f64, upper: f64) -> Option<Side> {
    if value > upper {
        Some(Side::High)
    } else if value < lower {
        Some(Side::Low)
    } else {
        None
    }
}

/// All seven points of six steps one way; each with the direction of the step to the next point, where that is in a trend too,
/// otherwise of the step from the one before.
///
/// A step of nothing between the end of one trend and the start of another has no direction, and the step before counts:
/// here the R package says "decreasing", whichever way the trend went.
fn trend(members: &[Option<f64>]) -> Vec<Option<Side>> {
    let steps: Vec<Option<Side>> = members
        .iter()
        .zip(members.iter().skip(1))
        .map(|(earlier, later)| match later.as_ref()?.partial_cmp(earlier.as_ref()?)? {
            Ordering::Greater => Some(Side::High),
            Ordering::Less => Some(Side::Low),
            Ordering::Equal => None,
        })
        .collect();
    let is_in_trend = all_in_run(members.len(), &steps, RUN - 1, RUN);
    (0..members.len())
        .map(|place| {
            let is_member = |place: usize| is_in_trend.get(place).copied().unwrap_or(false);
            let step = |place: usize| steps.get(place).copied().flatten();
            if !is_member(place) {
                return None;
            }
            let next = if is_member(place + 1) { step(place) } else { None };
            next.or_else(|| step(place.checked_sub(1)?))
        })
        .collect()
}

/// All seven points on one side of the mean.
fn shift(sides: &[Option<Side>]) -> Vec<Option<Side>> {
    let is_in_shift = all_in_run(sides.len(), sides, RUN, RUN);
    sides.iter().zip(is_in_shift).map(|(side, is_member)| side.filter(|_| is_member)).collect()
}

/// Which points are in a run: `length` successive marks are equal and there, and each run covers `covered` points.
fn all_in_run(points: usize, marks: &[Option<Side>], length: usize, covered: usize) -> Vec<bool> {
    let mut is_member = vec![false; points];
    for (start, window) in marks.windows(length).enumerate() {
        if let Some(Some(first)) = window.first()
            && window.iter().all(|mark| *mark == Some(*first))
        {
            is_member.iter_mut().skip(start).take(covered).for_each(|is_member| *is_member = true);
        }
    }
    is_member
}

/// The near ones of three points on one side, of which at least two are near.
fn two_of_three(sides: &[Option<Side>], near: &[Option<Side>]) -> Vec<Option<Side>> {
    let mut found = vec![None; sides.len()];
    for (start, (sides, near)) in sides.windows(3).zip(near.windows(3)).enumerate() {
        let Some(Some(first)) = sides.first() else { continue };
        let is_one_side = sides.iter().all(|side| *side == Some(*first));
        if is_one_side && near.iter().flatten().count() >= 2 {
            for (found, near) in found.iter_mut().skip(start).zip(near).filter(|(_, near)| near.is_some()) {
                *found = *near;
            }
        }
    }
    found
}
