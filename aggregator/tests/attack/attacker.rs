//! The attacker: sentences as equations over whole numbers of people.

use std::collections::BTreeSet;

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use super::trust::{About, Kind, Sentence, Trust};

/// A number of people that no trust has.
const MANY: f64 = 1e6;
const NEARLY: f64 = 1e-6;

/// What the attacker can say of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// At most so many people are in it, and that is 5 or fewer.
    AtMost(u64),
    /// Another trust, in which as much was published and the cell is not small, is as likely.
    CannotTell,
}

/// Everything the attacker knows: which kinds of people there could be, which sentences hold which of them, and what they say.
pub(crate) struct Attack {
    kinds: Vec<(Kind, Vec<usize>)>,
    totals: Vec<u64>,
}

/// The equations with the people that nothing tells apart taken together: how they weigh in each sentence and in the cell.
struct Equations<'a> {
    /// Per variable, the sentences it is in and whether it is in the cell.
    variables: Vec<(&'a [usize], bool)>,
    totals: &'a [u64],
}

impl Attack {
    pub(crate) fn new(trust: &Trust, said: &[Sentence]) -> Self {
        // Which kinds there could be is known; how many there are of each is not looked at.
        let kinds = trust.kinds.iter().map(|(kind, _)| {
            let sentences = said.iter().enumerate().filter(|(_, sentence)| sentence.about.holds(kind));
            (*kind, sentences.map(|(place, _)| place).collect())
        });
        Self { kinds: kinds.collect(), totals: said.iter().map(|sentence| sentence.people).collect() }
    }

    /// Whether a cell is found out to be small.
    pub(crate) fn on(&self, cell: &About) -> Found {
        match self.equations(cell).extreme(OptimizationDirection::Maximize) {
            Some(most) if most <= 5 => Found::AtMost(most),
            _ => Found::CannotTell,
        }
    }

    /// The fewest and the most people that can be in a cell; `None` when nothing bounds it.
    pub(crate) fn between(&self, cell: &About) -> Option<(u64, u64)> {
        let equations = self.equations(cell);
        let least = equations.extreme(OptimizationDirection::Minimize)?;
        Some((least, equations.extreme(OptimizationDirection::Maximize)?))
    }

    fn equations(&self, cell: &About) -> Equations<'_> {
        let together: BTreeSet<(&[usize], bool)> =
            self.kinds.iter().map(|(kind, sentences)| (sentences.as_slice(), cell.holds(kind))).collect();
        Equations { variables: together.into_iter().collect(), totals: &self.totals }
    }
}

impl Equations<'_> {
    /// The fewest or the most people that can be in the cell; `None` when there is no bound.
    fn extreme(&self, direction: OptimizationDirection) -> Option<u64> {
        let is_free = self.variables.iter().any(|(sentences, in_cell)| *in_cell && sentences.is_empty());
        if is_free && direction == OptimizationDirection::Maximize {
            return None;
        }
        // Fractions of people first: that is quick, and often whole.
        let relaxed = self.solve(direction, false);
        let people = if relaxed.iter().all(|value| (value - value.round()).abs() < NEARLY) {
            relaxed
        } else {
            self.solve(direction, true)
        };
        Some(self.people_in_cell(&people))
    }

    fn solve(&self, direction: OptimizationDirection, whole: bool) -> Vec<f64> {
        let mut problem = Problem::new(direction);
        let variables: Vec<Variable> = self
            .variables
            .iter()
            .map(|(_, in_cell)| {
                let weight = if *in_cell { 1.0 } else { 0.0 };
                if whole {
                    problem.add_integer_var(weight, (0, 1_000_000))
                } else {
                    problem.add_var(weight, (0.0, MANY))
                }
            })
            .collect();
        for (place, total) in self.totals.iter().enumerate() {
            let members =
                self.variables.iter().zip(&variables).filter(|((sentences, _), _)| sentences.contains(&place));
            let terms: Vec<(Variable, f64)> = members.map(|(_, variable)| (*variable, 1.0)).collect();
            let total = u32::try_from(*total).map(f64::from).unwrap();
            problem.add_constraint(terms, ComparisonOp::Eq, total);
        }
        let solution = problem.solve().unwrap().into_solution().unwrap();
        variables.iter().map(|variable| solution.var_value(*variable)).collect()
    }

    /// How many people a world has in the cell, after looking whether the world fits everything that was said, in whole numbers.
    fn people_in_cell(&self, values: &[f64]) -> u64 {
        let people: Vec<u64> = values.iter().map(|value| whole(*value)).collect();
        for (place, total) in self.totals.iter().enumerate() {
            let members =
                self.variables.iter().zip(&people).filter(|((sentences, _), _)| sentences.contains(&place));
            assert_eq!(members.map(|(_, people)| people).sum::<u64>(), *total, "the solver's world is none");
        }
        let inside = self.variables.iter().zip(&people).filter(|((_, in_cell), _)| *in_cell);
        inside.map(|(_, people)| people).sum()
    }
}

fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is bounded by 0 and a million"
    )]
    let whole = value.round().max(0.0) as u64;
    whole
}
