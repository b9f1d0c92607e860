//! `expected_range`.

use serde_json::{Value, json};

use super::DeskError;
use super::funnel::{FEW_UNITS, NO_UNITS, spread};
use super::input::Input;
use super::why::Why;
use crate::statistics::expected_range::{Score, Unit, expected_range};

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["values", "standard_errors", "trim", "target"])?;
    let target = input.field_or_null("target")?.map(|target| target.number()).transpose()?;
    let score = |(value, standard_error)| Score { value, standard_error };
    let scores: Vec<Score> = input.scores()?.into_iter().map(score).collect();
    let found = expected_range(&scores, target, input.trim()?);
    let mut why = Why::default();
    let target = why.figure("target", found.target.ok_or(NO_UNITS));
    let (phi, tau2) = spread(&mut why, found.phi, found.tau2);
    let mut list = |name: &str, get: fn(&Unit) -> Option<f64>| {
        why.list(name, found.units.iter().map(|unit| get(unit).ok_or(FEW_UNITS)))
    };
    let z_adjusted = list("z_adjusted", |unit| unit.z_adjusted);
    let lower_95 = list("lower95", |unit| unit.range_95.map(|(lower, _)| lower));
    let upper_95 = list("upper95", |unit| unit.range_95.map(|(_, upper)| upper));
    let lower_998 = list("lower998", |unit| unit.range_998.map(|(lower, _)| lower));
    let upper_998 = list("upper998", |unit| unit.range_998.map(|(_, upper)| upper));
    Ok(why.close(json!({
        "target": target,
        "z": found.units.iter().map(|unit| unit.z).collect::<Vec<_>>(),
        "z_winsorised": found.units.iter().map(|unit| unit.z_winsorised).collect::<Vec<_>>(),
        "phi": phi,
        "tau2": tau2,
        "z_adjusted": z_adjusted,
        "lower95": lower_95,
        "upper95": upper_95,
        "lower998": lower_998,
        "upper998": upper_998,
    })))
}
