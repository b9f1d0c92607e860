//! Means standardised for case mix: what a unit would score if those who answered were like the population.
//!
//! Direct standardisation by cell (age by sex by admission, say), capped so that nobody speaks for a crowd (Care Quality
//! Commission, *NHS patient survey programme*, which caps weights at 5):
//!
//! > `w = min(cap, population's share of the cell / the unit's share of it among those who answered)`
//! > `mean = sum w y / sum w`, `se = sqrt(n / (n - 1) x sum w² (y - mean)²) / sum w`
//!
//! the linearised error of a ratio with fixed weights, each unit a design of its own (K. M. Wolter, *Introduction to Variance
//! Estimation*, 2nd ed., 2007, ch. 6; R `survey::svymean`), with a t interval on n - 1 degrees of freedom, and L. Kish's effective
//! size `(sum w)² / sum w²` (*Survey Sampling*, 1965, section 11.7).
//!
//! Edges. A cell in which nobody of a unit answered drops out; the shares of the others stay what they are. A person without a score
//! has no weight and is not counted. A cell of nobody in the population gives its people the weight 0; where all of a
//! unit's weights are 0 it has no mean.

use std::collections::BTreeMap;

use super::quantile::student_two_sided;
use super::sum::{Sum, sum};

/// A person who answered, or did not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    /// The unit, by its place in the caller's list.
    pub unit: usize,
    /// The cell, by its place in the population.
    pub cell: usize,
    /// The score; `None` when there is no answer.
    pub score: Option<f64>,
}

/// Everybody's weights and the units' means.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// Per person; `None` without a score.
    pub weights: Vec<Option<f64>>,
    /// Per unit.
    pub units: Vec<WeightedMean>,
}

/// A unit's standardised mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightedMean {
    /// How many answered.
    pub n: u64,
    /// How many equally weighted people would carry as much; `None` without a weight above 0.
    pub n_effective: Option<f64>,
    /// The mean; `None` without a weight above 0.
    pub mean: Option<f64>,
    /// The standard error; `None` as well for one person.
    pub standard_error: Option<f64>,
    /// The t interval, not clamped to any scale; `None` as the standard error.
    pub interval: Option<(f64, f64)>,
}

/// Why there are no weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeightError {
    /// A person's cell is not in the population.
    #[error("weight person {0}: the cell is not in the population")]
    UnknownCell(usize),
    /// A person's unit is not among the units.
    #[error("weight person {0}: the unit is not among the units")]
    UnknownUnit(usize),
    /// The population has nobody.
    #[error("weight people: the population has nobody")]
    EmptyPopulation,
}

/// Weights and means; `population` says how many of each cell there are, `cap` is above 0.
pub fn weighted_mean(
    people: &[Person],
    units: usize,
    population: &[f64],
    cap: f64,
    level: f64,
) -> Result<Weighted, WeightError> {
    let everybody = sum(population.iter().copied());
    if everybody <= 0.0 && !people.is_empty() {
        return Err(WeightError::EmptyPopulation);
    }
    let mut answered: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    let mut sizes = vec![0_u64; units];
    for (place, person) in people.iter().enumerate() {
        if person.cell >= population.len() {
            return Err(WeightError::UnknownCell(place));
        }
        let size = sizes.get_mut(person.unit).ok_or(WeightError::UnknownUnit(place))?;
        if person.score.is_some() {
            *size += 1;
            *answered.entry((person.unit, person.cell)).or_default() += 1;
        }
    }
    let weight = |person: &Person| {
        let of_unit = *sizes.get(person.unit)? as f64;
        let of_cell = *answered.get(&(person.unit, person.cell))? as f64;
        let share = *population.get(person.cell)? / everybody;
        person.score.map(|_| (share / (of_cell / of_unit)).min(cap))
    };
    let weights: Vec<Option<f64>> = people.iter().map(weight).collect();
    let mut members: Vec<Vec<(f64, f64)>> = vec![Vec::new(); units];
    for (person, weight) in people.iter().zip(&weights) {
        if let (Some(members), Some(weight), Some(score)) = (members.get_mut(person.unit), *weight, person.score) {
            members.push((weight, score));
        }
    }
    let units = members.iter().map(|members| of_unit(members, level)).collect();
    Ok(Weighted { weights, units })
}

fn of_unit(members: &[(f64, f64)], level: f64) -> WeightedMean {
    let n = members.len() as u64;
    let total = sum(members.iter().map(|(weight, _)| *weight));
    if total <= 0.0 {
        return WeightedMean { n, n_effective: None, mean: None, standard_error: None, interval: None };
    }
    let mean = members.iter().map(|(weight, score)| weight * score).collect::<Sum>().over(total);
    let squares = sum(members.iter().map(|(weight, _)| weight * weight));
    let standard_error = (n > 1).then(|| {
        let spread = sum(members.iter().map(|(weight, score)| (weight * (score - mean)).powi(2)));
        (n as f64 / (n - 1) as f64 * spread).sqrt() / total
    });
    let interval = standard_error.map(|error| {
        let half = student_two_sided(level, n - 1) * error;
        (mean - half, mean + half)
    });
    WeightedMean { n, n_effective: Some(total * total / squares), mean: Some(mean), standard_error, interval }
}

#[cfg(test)]
mod tests;
