//! The two charts, group by group: single values by `XmR`, proportions by P or Laney's P'.
//!
//! Proportions are judged by the same four rules as single values: what lies outside, near a limit or on one side is judged of
//! each point's distance from the centre in its own standard deviations, because limits differ from point to point; a trend is
//! judged of the proportions themselves.

use wardvoice_protocol::fortnight::Fortnight;

use super::{ChartKind, Judged};
use crate::scoring::history::Observation;
use crate::scoring::measure::Measure;
use crate::statistics::moving_range::Screening;
use crate::statistics::p_chart::{PChart, Part, Width, p_chart};
use crate::statistics::xmr::{
    Assurance, Chart, FEWEST_FOR_FIRM_LIMITS, Improvement, Limits, Settings, Signals, TwoOfThree,
    judge as signals_of, xmr,
};

/// The rule "two of three" that pages use.
const TWO_OF_THREE: TwoOfThree = TwoOfThree::Since2023;

/// What the points of a measure are held against. `starts` begins with 0 and is ascending.
pub(super) fn judge(
    points: &[(Fortnight, Observation)],
    starts: &[(usize, Option<String>)],
    measure: &Measure,
    target: Option<f64>,
) -> Judged {
    let starts: Vec<usize> = starts.iter().map(|(place, _)| *place).collect();
    let values: Vec<Option<f64>> = points.iter().map(|(_, found)| found.figure.value).collect();
    if !measure.is_problem() {
        let settings = Settings {
            improvement: measure.improvement(),
            target,
            rebase_at: starts.into_iter().skip(1).collect(),
            fix_after: None,
            screening: Screening::On,
            two_of_three: TWO_OF_THREE,
        };
        return match xmr(&values, &settings) {
            Ok(chart) => of_values(chart),
            // Starts are places of points, so there is always a chart.
            Err(_) => Judged::of_nothing(ChartKind::Xmr),
        };
    }
    let parts: Vec<Part> = points
        .iter()
        .map(|(_, found)| found.part.filter(|_| found.figure.value.is_some()))
        .map(|part| part.unwrap_or(Part { numerator: 0, denominator: 0 }))
        .collect();
    let mut judged = Judged::of_nothing(ChartKind::P);
    let ends = starts.iter().copied().skip(1).chain([parts.len()]);
    for (start, end) in starts.iter().zip(ends) {
        judged.add(parts.get(*start..end).unwrap_or_default());
    }
    let last = judged.limits.last().copied().flatten();
    judged.assurance = assurance(last, target, measure.improvement());
    judged
}

fn of_values(chart: Chart) -> Judged {
    let per_point = |get: &dyn Fn(&crate::statistics::xmr::Group) -> Option<(f64, f64)>| {
        let groups = chart.groups.iter().flat_map(|group| vec![get(group); group.length]);
        groups.collect::<Vec<_>>()
    };
    let means = per_point(&|group| group.mean.map(|mean| (mean, mean)));
    Judged {
        means: means.into_iter().map(|mean| mean.map(|(mean, _)| mean)).collect(),
        limits: per_point(&|group| group.limits.ok().map(|limits| (limits.lower, limits.upper))),
        trial: chart.groups.iter().map(crate::statistics::xmr::Group::is_trial).collect(),
        signals: chart.points,
        chart: ChartKind::Xmr,
        assurance: chart.assurance,
    }
}

impl Judged {
    fn of_nothing(chart: ChartKind) -> Self {
        let (means, limits, signals, trial) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { means, limits, signals, trial, chart, assurance: Assurance::NotAsked }
    }

    /// Adds a group of proportions. The wider of the two charts is taken, so that no limit is narrower than chance.
    fn add(&mut self, parts: &[Part]) {
        let prime = p_chart(parts, Width::Laney(Screening::On));
        let spread = prime.sigma_z.ok().filter(|spread| *spread > 1.0);
        let chart = if spread.is_some() { prime } else { p_chart(parts, Width::Binomial) };
        if spread.is_some() {
            self.chart = ChartKind::PPrime;
        }
        self.trial.push(parts.len() < FEWEST_FOR_FIRM_LIMITS);
        self.signals.extend(proportions(parts, &chart, spread.unwrap_or(1.0)));
        for point in &chart.points {
            self.means.push(chart.centre.map(|centre| centre * 100.0));
            let limits = point.and_then(|point| point.limits);
            self.limits.push(limits.map(|limits| (limits.lower * 100.0, limits.upper * 100.0)));
        }
    }
}

/// The rules for proportions.
fn proportions(parts: &[Part], chart: &PChart, spread: f64) -> Vec<Option<Signals>> {
    let rates: Vec<Option<f64>> = chart.points.iter().map(|point| point.map(|point| point.rate)).collect();
    let Some(centre) = chart.centre else { return vec![None; parts.len()] };
    let trends = signals_of(&rates, centre, None, TWO_OF_THREE);
    if centre <= 0.0 || centre >= 1.0 {
        return trends;
    }
    let distances: Vec<Option<f64>> = rates
        .iter()
        .zip(parts)
        .map(|(rate, part)| {
            let deviation = (centre * (1.0 - centre) / part.denominator as f64).sqrt() * spread;
            rate.map(|rate| (rate - centre) / deviation)
        })
        .collect();
    let limits = Limits { lower: -3.0, upper: 3.0, near_lower: -2.0, near_upper: 2.0 };
    let judged = signals_of(&distances, 0.0, Some(limits), TWO_OF_THREE);
    let both = judged.into_iter().zip(trends);
    both.map(|(judged, trend)| Some(Signals { trend: trend?.trend, ..judged? })).collect()
}

fn assurance(limits: Option<(f64, f64)>, target: Option<f64>, improvement: Improvement) -> Assurance {
    let (above, below) = match improvement {
        Improvement::Increase => (Assurance::Fail, Assurance::Pass),
        Improvement::Decrease => (Assurance::Pass, Assurance::Fail),
        Improvement::Neutral => return Assurance::NotAsked,
    };
    match (target, limits) {
        (None, _) => Assurance::NotAsked,
        (Some(target), Some((_, upper))) if target > upper => above,
        (Some(target), Some((lower, _))) if target < lower => below,
        _ => Assurance::Inconsistent,
    }
}
