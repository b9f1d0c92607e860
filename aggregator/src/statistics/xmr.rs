//! The `XmR` chart: is a series of single values doing more than it always does?
//!
//! Formulas and rules are those of "Making Data Count" (NHS England and NHS Improvement, *Strengthening your decisions*, 2019)
//! as its R package [`NHSRplotthedots`](https://github.com/nhs-r-community/NHSRplotthedots) 0.2.2 has them; limits after D. J.
//! Wheeler, *Understanding Variation*, 1993. Mean and limits of a group of points between two re-basings:
//!
//! > `mean +- 2.66 x average moving range`
//!
//! never clipped to a scale. Limits, rules and the marking of trial limits all stay inside one group.
//!
//! Edges. A missing point has no kind and no signal, and ends a trend, a shift and a window of three. A group without limits (one
//! point, no neighbours, constant and screened) still has its mean, its trends and its shifts. Where the last point is
//! missing there is no variation: silence is not stability.

use super::moving_range::{MovingRange, NoMovingRange, Screening, Unscreened, moving_range};
use super::sum::mean;

mod rules;

/// Fewer points than this in a group make trial limits.
pub const FEWEST_FOR_FIRM_LIMITS: usize = 13;

/// The fewest points that limits may be fixed after.
pub const FEWEST_TO_FIX_AFTER: usize = 12;

/// Limits are this many average moving ranges from the mean: 3 / d2 with d2 = 1.128, rounded as the guidance prints it.
const LIMIT: f64 = 2.66;

/// Near a limit means beyond this many average moving ranges, two thirds of the way.
const NEAR: f64 = 2.0 * (LIMIT / 3.0);

/// How a chart is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which way is better.
    pub improvement: Improvement,
    /// The value to be reached, in the series' unit.
    pub target: Option<f64>,
    /// Places of points that start a group, in any order and as often as one likes; 0 changes nothing.
    pub rebase_at: Vec<usize>,
    /// Only the first so many points of each group make limits, missing ones counted. At least [`FEWEST_TO_FIX_AFTER`].
    pub fix_after: Option<usize>,
    /// Whether large moving ranges are left out.
    pub screening: Screening,
    /// Which rule "two of three" is.
    pub two_of_three: TwoOfThree,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Improvement {
    /// Higher is better.
    Increase,
    /// Lower is better.
    Decrease,
    /// Neither is.
    Neutral,
}

/// Which points count as near a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwoOfThree {
    /// Those beyond two thirds of the way that are not outside the limit.
    Classic,
    /// Those beyond two thirds of the way, outside the limit or not: the official tools since 2023, and our pages.
    Since2023,
}

/// A way a point can lie or a series can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Above, or upwards.
    High,
    /// Below, or downwards.
    Low,
}

/// Lower and upper limit, and where "near" begins, in the series' unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The lower limit.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
    /// Below this a point is near the lower limit.
    pub near_lower: f64,
    /// Above this a point is near the upper limit.
    pub near_upper: f64,
}

/// Points between two re-basings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// The place of its first point.
    pub first: usize,
    /// How many points it has, missing ones counted.
    pub length: usize,
    /// The mean of the points that make limits; `None` when all of them are missing.
    pub mean: Option<f64>,
    /// The limits, or why there are none.
    pub limits: Result<Limits, NoMovingRange>,
    /// Why screening was asked for and not done.
    pub unscreened: Option<Unscreened>,
}

/// What the rules say of a point that is not missing. A trend's side is its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// Strictly outside a limit.
    pub outside: Option<Side>,
    /// One of seven points with six steps the same way.
    pub trend: Option<Side>,
    /// One of at least two of three points near the same limit, all three on that side of the mean.
    pub two_of_three: Option<Side>,
    /// One of seven points on one side of the mean.
    pub shift: Option<Side>,
}

/// The first signal that holds, in the order of the guidance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Outside a limit.
    Outside(Side),
    /// In a trend.
    Trend(Side),
    /// Two of three near a limit.
    TwoOfThree(Side),
    /// In a shift.
    Shift(Side),
    /// Nothing special.
    Common,
}

/// What the last point says, by whether it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variation {
    /// A signal on the better side.
    Improvement(Side),
    /// A signal on the worse side.
    Concern(Side),
    /// A signal where neither side is better.
    Neutral(Side),
    /// No signal.
    Common,
}

/// Whether the process can be relied on to reach the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assurance {
    /// It will pass, unless something changes.
    Pass,
    /// It will fail, unless something changes.
    Fail,
    /// It may do either, or nobody can say.
    Inconsistent,
    /// There is no target, or neither way is better.
    NotAsked,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The groups in order; together they are all points.
    pub groups: Vec<Group>,
    /// Per point; `None` for a missing one.
    pub points: Vec<Option<Signals>>,
    /// What the last point says; `None` when it is missing or there are no points.
    pub variation: Option<Variation>,
    /// Assurance from the limits of the last group.
    pub assurance: Assurance,
}

/// Why there is no chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmrError {
    /// A re-basing at a place where there is no point.
    #[error("re-base at point {index}: there are {points}")]
    RebaseOutOfRange {
        /// Which re-basing it is, from 0.
        place: usize,
        /// The point it names.
        index: usize,
        /// How many points there are.
        points: usize,
    },
    /// Too few points to fix limits after.
    #[error("fix limits after {0} points: fewer than {FEWEST_TO_FIX_AFTER}")]
    FixedTooEarly(usize),
}

/// The chart of a series in which `None` is a missing point.
pub fn xmr(values: &[Option<f64>], settings: &Settings) -> Result<Chart, XmrError> {
    if let Some(fix_after) = settings.fix_after.filter(|points| *points < FEWEST_TO_FIX_AFTER) {
        return Err(XmrError::FixedTooEarly(fix_after));
    }
    let mut groups = Vec::new();
    let mut points = Vec::with_capacity(values.len());
    let mut rest = values;
    for length in group_lengths(values.len(), &settings.rebase_at)? {
        let (members, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = after;
        let group = group(points.len(), members, settings);
        points.extend(rules::signals(members, &group, settings.two_of_three));
        groups.push(group);
    }
    let last = points.last().copied().flatten();
    let variation = last.map(|signals| Variation::of(signals.kind(), settings.improvement));
    let limits = groups.last().and_then(|group| group.limits.ok());
    Ok(Chart { groups, points, variation, assurance: assurance(limits, settings) })
}

/// What the rules say of a series whose mean and limits come from elsewhere; `None` for a missing point.
pub fn judge(
    values: &[Option<f64>],
    mean: f64,
    limits: Option<Limits>,
    two_of_three: TwoOfThree,
) -> Vec<Option<Signals>> {
    let limits = limits.ok_or(NoMovingRange::NoPoints);
    let group = Group { first: 0, length: values.len(), mean: Some(mean), limits, unscreened: None };
    rules::signals(values, &group, two_of_three)
}

impl Group {
    /// Whether its limits are trial limits: fewer than [`FEWEST_FOR_FIRM_LIMITS`] points, missing ones counted.
    pub fn is_trial(&self) -> bool {
        self.length < FEWEST_FOR_FIRM_LIMITS
    }
}

impl Signals {
    /// The first signal that holds.
    pub fn kind(&self) -> Kind {
        let in_order = [
            self.outside.map(Kind::Outside),
            self.trend.map(Kind::Trend),
            self.two_of_three.map(Kind::TwoOfThree),
            self.shift.map(Kind::Shift),
        ];
        in_order.into_iter().flatten().next().unwrap_or(Kind::Common)
    }
}

impl Kind {
    /// As the statistics desk and the documents write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outside(Side::High) => "outside_high",
            Self::Outside(Side::Low) => "outside_low",
            Self::Trend(Side::High) => "trend_up",
            Self::Trend(Side::Low) => "trend_down",
            Self::TwoOfThree(Side::High) => "two_of_three_high",
            Self::TwoOfThree(Side::Low) => "two_of_three_low",
            Self::Shift(Side::High) => "shift_high",
            Self::Shift(Side::Low) => "shift_low",
            Self::Common => "common",
        }
    }
}

impl Assurance {
    /// As the statistics desk and the documents write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconsistent => "inconsistent",
            Self::NotAsked => "none",
        }
    }
}

impl Variation {
    /// As the statistics desk and the documents write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Improvement(Side::High) => "improvement_high",
            Self::Improvement(Side::Low) => "improvement_low",
            Self::Concern(Side::High) => "concern_high",
            Self::Concern(Side::Low) => "concern_low",
            Self::Neutral(Side::High) => "neutral_high",
            Self::Neutral(Side::Low) => "neutral_low",
            Self::Common => "common",
        }
    }

    /// What a kind of point means where one way is better, or neither.
    pub fn of(kind: Kind, improvement: Improvement) -> Self {
        let (Kind::Outside(side) | Kind::Trend(side) | Kind::TwoOfThree(side) | Kind::Shift(side)) = kind else {
            return Self::Common;
        };
        match (improvement, side) {
            (Improvement::Neutral, side) => Self::Neutral(side),
            (Improvement::Increase, Side::High) | (Improvement::Decrease, Side::Low) => Self::Improvement(side),
            (Improvement::Increase, Side::Low) | (Improvement::Decrease, Side::High) => Self::Concern(side),
        }
    }
}

fn group_lengths(points: usize, rebase_at: &[usize]) -> Result<Vec<usize>, XmrError> {
    if let Some((place, index)) = rebase_at.iter().copied().enumerate().find(|(_, index)| *index >= points) {
        return Err(XmrError::RebaseOutOfRange { place, index, points });
    }
    let mut starts = rebase_at.to_vec();
    starts.push(0);
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().copied().skip(1).chain([points]);
    Ok(starts.iter().zip(ends).map(|(start, end)| end - start).collect())
}

fn group(first: usize, members: &[Option<f64>], settings: &Settings) -> Group {
    let fixed = settings.fix_after.unwrap_or(usize::MAX).min(members.len());
    let base = members.get(..fixed).unwrap_or(members);
    let values: Vec<f64> = base.iter().copied().flatten().collect();
    let mean = mean(&values);
    let range = moving_range(base, settings.screening);
    let limits = match (mean, range) {
        (Some(mean), Ok(MovingRange { average, .. })) => Ok(Limits {
            lower: mean - LIMIT * average,
            upper: mean + LIMIT * average,
            near_lower: mean - NEAR * average,
            near_upper: mean + NEAR * average,
        }),
        (_, Err(reason)) => Err(reason),
        (None, Ok(_)) => Err(NoMovingRange::NoPoints),
    };
    let unscreened = range.ok().and_then(|range| range.unscreened);
    Group { first, length: members.len(), mean, limits, unscreened }
}

fn assurance(limits: Option<Limits>, settings: &Settings) -> Assurance {
    let (above, below) = match settings.improvement {
        Improvement::Increase => (Assurance::Fail, Assurance::Pass),
        Improvement::Decrease => (Assurance::Pass, Assurance::Fail),
        Improvement::Neutral => return Assurance::NotAsked,
    };
    let Some(target) = settings.target else { return Assurance::NotAsked };
    match limits {
        Some(limits) if target > limits.upper => above,
        Some(limits) if target < limits.lower => below,
        _ => Assurance::Inconsistent,
    }
}

#[cfg(test)]
mod tests;
