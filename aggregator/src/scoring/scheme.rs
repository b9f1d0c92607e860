//! A checked definition, ready for rows of facts: points per nibble, scales as lists of their parts, cells of the case mix.
//!
//! Units: a question's value is in thousandths of a point; a scale's value of one person is in a finer unit in which every mean it
//! can have is a whole number, so that what people add up to is exact whatever their order.

use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::id::{DomainId, OptionId};

use super::definition::{NormFile, points_of};

/// Points of a question, scales and cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scheme {
    /// The scored questions, scale by scale.
    pub(super) rules: Vec<Rule>,
    /// The scales; the parts of one stand before it, and the overall score, if there is one, is the last.
    pub(super) nodes: Vec<Node>,
    /// The scales of the first level, in order.
    pub(super) top: Vec<usize>,
    /// The overall score's place.
    pub(super) overall: Option<usize>,
    /// Whether means are taken person by person first.
    pub(super) per_person: bool,
    /// From points to reported points.
    pub(super) report: Report,
    /// The case mix.
    pub(super) case_mix: Option<CaseMix>,
    /// Which answers are a named consultant's.
    pub(super) attribution: Option<Attributed>,
}

/// Which answers are a named consultant's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attributed {
    /// The places among the rules of the questions that are about the consultant.
    pub(super) rules: Vec<usize>,
    /// Whose word is enough.
    pub(super) sources: Vec<AttributionSource>,
    /// The place of the question that asks whether the patient knows, and the nibbles that say so, a bit each.
    pub(super) known_by: Option<(usize, u16)>,
}

impl Attributed {
    /// Whether it is known who was in charge; `answers` are those to the scored questionnaire, where there are any.
    pub(super) fn believes(&self, source: Option<AttributionSource>, answers: Option<u128>) -> bool {
        let known = self.known_by.zip(answers);
        source.is_some_and(|source| self.sources.contains(&source))
            || known.is_some_and(|((position, bits), answers)| bits >> nibble(answers, position) & 1 == 1)
    }
}

/// A scored question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    /// Its place among the questionnaire's questions.
    pub(super) position: usize,
    /// Its thousandths of a point per nibble of a row; `None` for what is missing or unscored.
    pub(super) points: [Option<i64>; 16],
    /// The nibbles of the top box, a bit each.
    pub(super) top_box: u16,
    /// The nibbles that report a problem, a bit each.
    pub(super) problem: u16,
}

/// A scale, or the overall score.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// The scale; the overall score has none.
    pub(super) id: Option<DomainId>,
    /// What pages call it.
    pub(super) label: String,
    /// What it is the mean of.
    pub(super) parts: Vec<Part>,
    /// How many parts must have a value.
    pub(super) minimum_answered: usize,
    /// What to compare it with.
    pub(super) norm: Option<NormFile>,
    /// The scored questions anywhere below it, a bit each.
    pub(super) questions: u32,
    /// How many of its unit make a thousandth of a point.
    pub(super) per_milli: i64,
}

/// What a scale is the mean of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A question, by its place among the rules.
    Question(usize),
    /// A scale, by its place among the nodes.
    Scale(usize),
}

/// From points to reported points: the ends of one scale become the ends of the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Report {
    /// The ends of the points.
    pub(super) from: (f64, f64),
    /// The ends of the reported points; the same where nothing is transformed.
    pub(super) to: (f64, f64),
}

/// The cells of the case mix.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CaseMix {
    /// The places of the questions that make them.
    pub(super) by: Vec<usize>,
    /// The options of each.
    pub(super) options: Vec<Vec<OptionId>>,
    /// The largest weight.
    pub(super) cap: f64,
    /// How many people of each cell the standard population has; `None` for the trust in the period.
    pub(super) population: Option<Vec<u64>>,
}

impl Scheme {
    /// One person's values: first per question, then, where means are taken per person, per scale. Gives a bit for each
    /// question that was answered.
    pub(super) fn person(&self, answers: u128, values: &mut Vec<Option<i64>>) -> u32 {
        values.clear();
        let mut answered = 0;
        for (place, rule) in self.rules.iter().enumerate() {
            let points = rule.points.get(nibble(answers, rule.position)).copied().flatten();
            answered |= u32::from(points.is_some()) << place;
            values.push(points);
        }
        if self.per_person {
            for node in &self.nodes {
                let value = self.value(node, values);
                values.push(value);
            }
        }
        answered
    }

    /// Whether any scored question has an answer that counts.
    pub(super) fn has_answer(&self, answers: u128) -> bool {
        let counts = |rule: &Rule| rule.points.get(nibble(answers, rule.position)).copied().flatten().is_some();
        self.rules.iter().any(counts)
    }

    fn value(&self, node: &Node, values: &[Option<i64>]) -> Option<i64> {
        let (mut sum, mut count) = (0, 0);
        for part in &node.parts {
            let (place, per_milli) = match part {
                Part::Question(rule) => (*rule, 1),
                Part::Scale(inner) => (self.rules.len() + inner, self.nodes.get(*inner)?.per_milli),
            };
            if let Some(value) = values.get(place).copied().flatten() {
                // The node's unit divides every part's and every number of parts, so both divisions leave nothing.
                sum += value * (node.per_milli / per_milli);
                count += 1;
            }
        }
        (count >= 1 && count >= node.minimum_answered).then(|| sum / i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// How many items people are summed by.
    pub(super) fn items(&self) -> usize {
        self.rules.len() + if self.per_person { self.nodes.len() } else { 0 }
    }

    /// How many of each item's units make a point.
    pub(super) fn units(&self) -> Vec<f64> {
        let questions = self.rules.iter().map(|_| 1000.0);
        let scales = self.nodes.iter().map(|node| node.per_milli as f64 * 1000.0);
        questions.chain(scales).take(self.items()).collect()
    }
}

impl Report {
    /// A point of the one scale on the other.
    pub(super) fn point(&self, value: f64) -> f64 {
        if self.from == self.to {
            return value;
        }
        self.to.0 + (value - self.from.0) * self.factor()
    }

    /// How many reported points a point makes.
    pub(super) fn factor(&self) -> f64 {
        (self.to.1 - self.to.0) / (self.from.1 - self.from.0)
    }
}

impl CaseMix {
    /// How many cells there are.
    pub(super) fn cells(&self) -> usize {
        self.options.iter().map(Vec::len).product()
    }

    /// A person's cell; `None` when one of the questions has no answer.
    pub(super) fn cell(&self, answers: u128) -> Option<usize> {
        let mut cell = 0;
        for (position, options) in self.by.iter().zip(&self.options) {
            let option = nibble(answers, *position).checked_sub(4).filter(|option| *option < options.len())?;
            cell = cell * options.len() + option;
        }
        Some(cell)
    }

    /// How many people of some cells are in each option of one of the questions.
    pub(super) fn by_option(&self, people: &[u64], question: usize) -> Vec<u64> {
        let later: usize = self.options.iter().skip(question + 1).map(Vec::len).product();
        let options = self.options.get(question).map_or(1, Vec::len);
        let mut counts = vec![0; options];
        for (cell, people) in people.iter().enumerate() {
            if let Some(count) = counts.get_mut(cell / later.max(1) % options.max(1)) {
                *count += people;
            }
        }
        counts
    }

    /// The options of a cell.
    pub(super) fn options_of(&self, cell: usize) -> impl Iterator<Item = &OptionId> {
        let mut later = self.cells().max(1);
        self.options.iter().filter_map(move |options| {
            later /= options.len().max(1);
            options.get(cell / later.max(1) % options.len().max(1))
        })
    }
}

/// A norm in points.
pub(super) fn norm_points(norm: &NormFile) -> (f64, f64) {
    (points_of(norm.mean_milli), f64::from(norm.sd_milli) / 1000.0)
}

/// A question's nibble of a row.
pub(super) fn nibble(answers: u128, position: usize) -> usize {
    // By the byte, because shifting 128 bits takes several steps.
    let byte = answers.to_le_bytes().get(position / 2).map_or(0, |byte| usize::from(*byte));
    byte >> (4 * (position % 2)) & 0xf
}
