//! `proportion`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::{Proportion, exact, wilson};

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["successes", "totals", "level", "method"])?;
    let (successes, totals) = input.parts("successes", "totals", "total")?;
    let level = input.level()?;
    let interval = match input.field_or_null("method")? {
        None => wilson,
        Some(field) => match field.text()? {
            "wilson" => wilson,
            "exact" => exact,
            _ => return Err(field.refuse("must be \"wilson\" or \"exact\"")),
        },
    };
    let found: Vec<_> = successes.iter().zip(&totals).map(|(x, n)| interval(*x, *n, level)).collect();
    let mut why = Why::default();
    for (place, _) in found.iter().enumerate().filter(|(_, proportion)| proportion.is_none()) {
        for list in ["estimate", "lower", "upper"] {
            why.say(format!("{list}[{place}]"), "the total is 0");
        }
    }
    let list = |get: fn(Proportion) -> f64| found.iter().map(|p| p.map(get)).collect::<Vec<_>>();
    Ok(why.close(json!({
        "estimate": list(|p| p.estimate),
        "lower": list(|p| p.lower),
        "upper": list(|p| p.upper),
    })))
}
