//! `variation`.

use serde_json::{Value, json};

use super::DeskError;
use super::funnel::{FEW_UNITS, NO_UNITS};
use super::input::Input;
use super::why::Why;
use crate::statistics::variation::{Score, Shrunk, variation};

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["values", "standard_errors"])?;
    let score = |(value, standard_error)| Score { value, standard_error };
    let scores: Vec<Score> = input.scores()?.into_iter().map(score).collect();
    let found = variation(&scores);
    let mut why = Why::default();
    let few = if scores.is_empty() { NO_UNITS } else { FEW_UNITS };
    let random = found.random.as_ref();
    let pooled = random.map(|random| random.pooled);
    let mut figure = |name: &str, figure: Option<f64>, reason: &str| why.figure(name, figure.ok_or(reason));
    let q = figure("q", found.q, NO_UNITS);
    let q_p = figure("q_p", found.q_p, few);
    let i2 = figure("i2", found.i2, few);
    let fixed = json!({
        "mean": figure("fixed.mean", found.fixed.map(|fixed| fixed.mean), NO_UNITS),
        "se": figure("fixed.se", found.fixed.map(|fixed| fixed.standard_error), NO_UNITS),
    });
    let random_figures = json!({
        "tau2": figure("random.tau2", random.map(|random| random.tau2), few),
        "mean": figure("random.mean", pooled.map(|pooled| pooled.mean), few),
        "se": figure("random.se", pooled.map(|pooled| pooled.standard_error), few),
    });
    let mut list = |name: &str, get: fn(&Shrunk) -> f64| {
        let units: Vec<_> = match random {
            Some(random) => random.units.iter().map(|unit| Ok(get(unit))).collect(),
            None => vec![Err(few); scores.len()],
        };
        why.list(name, units)
    };
    let shrunk = list("shrunk", |unit| unit.estimate);
    let reliability = list("reliability", |unit| unit.reliability);
    Ok(why.close(json!({
        "q": q,
        "q_p": q_p,
        "i2": i2,
        "fixed": fixed,
        "random": random_figures,
        "shrunk": shrunk,
        "reliability": reliability,
    })))
}
