//! `funnel`.

use serde_json::{Map, Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::funnel::{Count, Funnel, Limits, Measure, Unit, funnel};

const NO_DENOMINATOR: &str = "the denominator is 0";
pub(super) const FEW_UNITS: &str = "one unit has nothing between units";
pub(super) const NO_UNITS: &str = "there are no units";

/// A limit's name and how it is got.
type Named = (&'static str, fn(&Limits) -> f64);

const LIMITS: [Named; 4] = [
    ("lower95", |limits| limits.lower_95),
    ("upper95", |limits| limits.upper_95),
    ("lower998", |limits| limits.lower_998),
    ("upper998", |limits| limits.upper_998),
];

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["numerators", "denominators", "kind", "trim"])?;
    let measure = input.field("kind")?.word(&[("proportion", Measure::Proportion), ("ratio", Measure::Ratio)])?;
    let counts = counts(input, measure)?;
    let found = funnel(&counts, measure, input.trim()?);
    let mut why = Why::default();
    let mut output = Map::new();
    output.insert("target".to_owned(), why.figure("target", found.target.ok_or("all denominators are 0")));
    let per_unit = |why: &mut Why, name: &str, get: &dyn Fn(&Unit) -> Option<f64>| {
        let of = |unit: &Option<Unit>| get(unit.as_ref().ok_or(NO_DENOMINATOR)?).ok_or(FEW_UNITS);
        why.list(name, found.units.iter().map(of))
    };
    for (name, get) in [
        ("transformed", (|unit| unit.transformed) as fn(&Unit) -> f64),
        ("standard_error", |unit| unit.standard_error),
        ("z", |unit| unit.z),
        ("z_winsorised", |unit| unit.z_winsorised),
    ] {
        output.insert(name.to_owned(), per_unit(&mut why, name, &|unit| Some(get(unit))));
    }
    let (phi, tau2) = spread(&mut why, found.phi, found.tau2);
    output.insert("phi".to_owned(), phi);
    output.insert("tau2".to_owned(), tau2);
    output.insert("z_adjusted".to_owned(), per_unit(&mut why, "z_adjusted", &|unit| unit.z_adjusted));
    for (name, get) in LIMITS {
        output.insert(name.to_owned(), per_unit(&mut why, name, &|unit| Some(get(&unit.plain))));
    }
    for (name, get) in LIMITS {
        let name = format!("{name}_adjusted");
        let list = per_unit(&mut why, &name, &|unit| unit.adjusted.as_ref().map(get));
        output.insert(name, list);
    }
    output.insert("outlier".to_owned(), outliers(&found));
    Ok(why.close(Value::Object(output)))
}

/// phi and tau² with their reasons.
pub(super) fn spread(why: &mut Why, phi: Option<f64>, tau2: Option<f64>) -> (Value, Value) {
    let reason = if phi.is_none() { NO_UNITS } else { FEW_UNITS };
    (why.figure("phi", phi.ok_or(NO_UNITS)), why.figure("tau2", tau2.ok_or(reason)))
}

fn outliers(found: &Funnel) -> Value {
    let is_outlier = |unit: &Option<Unit>| unit.is_some_and(|unit| found.is_outlier(&unit));
    json!(found.units.iter().map(is_outlier).collect::<Vec<_>>())
}

fn counts(input: &Input<'_>, measure: Measure) -> Result<Vec<Count>, DeskError> {
    let (numerators, denominators) = match measure {
        Measure::Proportion => {
            let (numerators, denominators) = input.parts("numerators", "denominators", "denominator")?;
            let float = |counts: Vec<u64>| counts.into_iter().map(|count| count as f64).collect::<Vec<_>>();
            (float(numerators), float(denominators))
        }
        Measure::Ratio => {
            let numerators = input.field("numerators")?.each(|number| number.number_at_least_zero())?;
            let field = input.field("denominators")?;
            let denominators = field.each(|number| number.number_at_least_zero())?;
            let denominators = field.as_long_as(denominators, "numerators", numerators.len())?;
            (numerators, denominators)
        }
    };
    let count = |(numerator, denominator)| Count { numerator, denominator };
    Ok(numerators.into_iter().zip(denominators).map(count).collect())
}
