//! Means and intervals from what people add up to.
//!
//! Over people first: a question's mean is over whoever answered it; a scale's is the plain mean of its parts that have a
//! value; its interval is linearised over people, because the answers of one person belong together. Person by person first: a
//! scale has a value of each person, and its mean and t interval are over those.

use super::definition::MinimumFile;
use super::scheme::{Node, Part, Report, Scheme};
use super::sheet::Figure;
use crate::statistics::joint_sums::{Estimated, JointSums, Linearised, linearise};
use crate::statistics::sum::Sum;

/// Estimates of a definition's questions and scales.
pub(super) struct Results {
    /// Per rule.
    pub(super) questions: Vec<Option<Estimated>>,
    /// Per node.
    pub(super) scales: Vec<ScaleResult>,
    /// The joint squares of questions, for who wants to redo it.
    pub(super) linearised: Linearised,
}

/// A scale's estimate.
pub(super) struct ScaleResult {
    /// How many people stand behind it, whether there is a value or not.
    pub(super) n: u64,
    /// The estimate, not yet held against the minimum number of people.
    pub(super) estimate: Option<Estimated>,
    /// Over people first: which parts have no value and so are not in it.
    pub(super) left_out: Vec<Part>,
    /// Over people first: each question's share of it.
    pub(super) coefficients: Vec<(usize, f64)>,
}

/// Estimates from samples that are weighted as a whole.
pub(super) fn results(scheme: &Scheme, least: MinimumFile, samples: &[(f64, &JointSums)]) -> Results {
    let linearised = linearise(samples, &scheme.units());
    let questions: Vec<_> = (0..scheme.rules.len()).map(|rule| linearised.item(rule)).collect();
    let mut results = Results { questions, scales: Vec::new(), linearised };
    for (place, node) in scheme.nodes.iter().enumerate() {
        let found = if scheme.per_person {
            let estimate = results.linearised.item(scheme.rules.len() + place);
            let n = estimate.map_or(0, |found| found.n);
            ScaleResult { n, estimate, left_out: Vec::new(), coefficients: Vec::new() }
        } else {
            results.over_people(node, least, samples)
        };
        results.scales.push(found);
    }
    results
}

impl Results {
    fn over_people(&self, node: &Node, least: MinimumFile, samples: &[(f64, &JointSums)]) -> ScaleResult {
        let (mut left_out, mut coefficients, mut means, mut count) = (Vec::new(), Vec::new(), Sum::new(), 0_usize);
        for part in &node.parts {
            let mean = match part {
                Part::Question(rule) => {
                    let found = self.questions.get(*rule).copied().flatten();
                    found.filter(|found| found.n >= least.question).map(|found| {
                        coefficients.push((*rule, 1.0));
                        found.mean
                    })
                }
                Part::Scale(inner) => {
                    let scale = self.scales.get(*inner).filter(|scale| scale.n >= least.scale);
                    scale.and_then(|scale| {
                        let found = scale.estimate?;
                        coefficients.extend_from_slice(&scale.coefficients);
                        Some(found.mean)
                    })
                }
            };
            match mean {
                Some(mean) => {
                    means.add(mean);
                    count += 1;
                }
                None => left_out.push(*part),
            }
        }
        let share = 1.0 / count as f64;
        for (_, a) in &mut coefficients {
            *a *= share;
        }
        let counted = coefficients.iter().fold(0, |set, (rule, _)| set | 1 << rule);
        let set = if counted == 0 { node.questions } else { counted };
        let n = match coefficients.as_slice() {
            [(rule, _)] => self.linearised.counts.get(*rule).copied().unwrap_or(0),
            _ => samples.iter().filter(|(weight, _)| *weight > 0.0).map(|(_, sums)| sums.people(set)).sum(),
        };
        let estimate = (count >= 1 && count >= node.minimum_answered && n > 0).then(|| Estimated {
            mean: means.value() / count as f64,
            n,
            squares: self.linearised.squares_of(&coefficients),
        });
        ScaleResult { n, estimate, left_out, coefficients }
    }

    /// A question as a figure.
    pub(super) fn question(&self, rule: usize, least: MinimumFile, report: &Report) -> Figure {
        let estimate = self.questions.get(rule).copied().flatten();
        figure(estimate, estimate.map_or(0, |found| found.n), least.question, report, None)
    }

    /// A scale as a figure; `place` among the nodes.
    pub(super) fn scale(&self, scheme: &Scheme, place: usize, least: MinimumFile) -> Figure {
        let (Some(node), Some(found)) = (scheme.nodes.get(place), self.scales.get(place)) else {
            return none(0, "the definition has no such score".to_owned());
        };
        let least = if node.id.is_some() { least.scale } else { least.overall };
        let enough = found.estimate.is_some() || found.n == 0;
        let too_few = (!enough).then(|| {
            let has = node.parts.len() - found.left_out.len();
            format!("{has} of the {} parts needed have a score", node.minimum_answered)
        });
        let mut figure = figure(found.estimate, found.n, least, &scheme.report, too_few);
        if figure.value.is_some() && !found.left_out.is_empty() {
            let names: Vec<_> = found.left_out.iter().map(|part| scheme.name(*part)).collect();
            let left_out = format!("without {}: too few answers", names.join(", "));
            figure.why = Some(figure.why.map_or(left_out.clone(), |why| format!("{why}; {left_out}")));
        }
        figure
    }
}

impl Scheme {
    fn name(&self, part: Part) -> String {
        match part {
            Part::Question(rule) => format!("question {}", rule + 1),
            Part::Scale(inner) => self.nodes.get(inner).map_or_else(String::new, |node| node.label.clone()),
        }
    }
}

/// A figure that does not exist.
pub(super) fn none(n: u64, why: String) -> Figure {
    Figure { value: None, n, lower: None, upper: None, why: Some(why) }
}

fn figure(estimate: Option<Estimated>, n: u64, least: u64, report: &Report, too_few: Option<String>) -> Figure {
    let Some(estimate) = estimate else {
        return none(n, too_few.unwrap_or_else(|| "nobody has answered".to_owned()));
    };
    if n < least {
        return none(n, format!("{n} of the {least} people needed have answered"));
    }
    let interval = estimate.interval();
    let why = match interval {
        None => Some("one person has no interval".to_owned()),
        Some((lower, upper)) if lower >= upper => {
            Some("all answers are alike, so the interval has no width".to_owned())
        }
        Some(_) => None,
    };
    // Adding 0 turns a negative zero into zero, so that equal figures have equal bytes.
    let reported = |point: f64| report.point(point).clamp(report.to.0, report.to.1) + 0.0;
    Figure {
        value: Some(reported(estimate.mean)),
        n,
        lower: interval.map(|(lower, _)| reported(lower)),
        upper: interval.map(|(_, upper)| reported(upper)),
        why,
    }
}
