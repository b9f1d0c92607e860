//! `weighted_mean`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::{Input, Names};
use super::why::Why;
use crate::statistics::weighted_mean::{Person, WeightError, WeightedMean, weighted_mean};

/// The most one person counts for when nothing is said.
const DEFAULT_CAP: f64 = 5.0;

const NO_SCORE: &str = "there is no score";

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["unit", "cell", "score", "population", "cap", "level"])?;
    let scores = input.field("score")?.each(|score| score.number_or_null())?;
    let mut names = Names::default();
    let field = input.field("unit")?;
    let units = field.as_long_as(field.names(&mut names)?, "score", scores.len())?;
    let population = input.field("population")?.entries(|count| count.number_at_least_zero())?;
    let field = input.field("cell")?;
    let cells = field.each(|cell| {
        let name = cell.name()?;
        let place = population.iter().position(|(known, _)| *known == name);
        place.ok_or_else(|| cell.refuse(format!("{name:?} is not in the population")))
    })?;
    let cells = field.as_long_as(cells, "score", scores.len())?;
    let cap = input.field_or_null("cap")?.map_or(Ok(DEFAULT_CAP), |cap| cap.number_above_zero())?;
    let level = input.level()?;
    let person = |((unit, cell), score): ((usize, usize), Option<f64>)| Person { unit, cell, score };
    let people: Vec<Person> = units.into_iter().zip(cells).zip(scores).map(person).collect();
    let counts: Vec<f64> = population.iter().map(|(_, count)| *count).collect();
    let found = weighted_mean(&people, names.len(), &counts, cap, level).map_err(|error| match error {
        WeightError::EmptyPopulation => input.child_named("population").refuse("has nobody"),
        WeightError::UnknownCell(place) => input.child_named("cell").at(place).refuse("is not in the population"),
        WeightError::UnknownUnit(place) => input.child_named("unit").at(place).refuse("is not known"),
    })?;
    let mut why = Why::default();
    let weight = why.list("weight", found.weights.iter().map(|weight| weight.ok_or(NO_SCORE)));
    let mut list = |name: &str, get: fn(&WeightedMean) -> Option<f64>| {
        let reason = |unit: &WeightedMean| match unit {
            WeightedMean { n: 0, .. } => "nobody answered",
            WeightedMean { mean: None, .. } => "all weights are 0",
            _ => "one person answered",
        };
        why.list(name, found.units.iter().map(|unit| get(unit).ok_or_else(|| reason(unit))))
    };
    let n_effective = list("n_effective", |unit| unit.n_effective);
    let mean = list("mean", |unit| unit.mean);
    let standard_error = list("standard_error", |unit| unit.standard_error);
    let lower = list("lower", |unit| unit.interval.map(|(lower, _)| lower));
    let upper = list("upper", |unit| unit.interval.map(|(_, upper)| upper));
    Ok(why.close(json!({
        "weight": weight,
        "unit": names.written(),
        "n": found.units.iter().map(|unit| unit.n).collect::<Vec<_>>(),
        "n_effective": n_effective,
        "mean": mean,
        "standard_error": standard_error,
        "lower": lower,
        "upper": upper,
    })))
}
