//! `run`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::run_chart::{Runs, run_chart};

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["values"])?;
    let values = input.field("values")?.each(|value| value.number_or_null())?;
    let chart = run_chart(&values);
    let mut why = Why::default();
    if chart.median.is_none() {
        why.say("median", "all points are missing");
    }
    if chart.runs.is_none() {
        for figure in ["longest_run", "longest_run_limit", "crossings", "crossings_limit"] {
            why.say(figure, "no point is off the median");
        }
    }
    let of = |get: fn(&Runs) -> u64| chart.runs.as_ref().map(get);
    Ok(why.close(json!({
        "median": chart.median,
        "useful": chart.useful,
        "longest_run": of(|runs| runs.longest_run),
        "longest_run_limit": of(|runs| runs.longest_run_limit),
        "crossings": of(|runs| runs.crossings),
        "crossings_limit": of(|runs| runs.crossings_limit),
        "signal": chart.is_signal(),
    })))
}
