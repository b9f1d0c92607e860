//! `mean`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::{MeanInterval, mean_interval};

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["groups", "level"])?;
    let groups = input.field("groups")?.entries(|values| values.each(|value| value.number()))?;
    let level = input.level()?;
    let found: Vec<_> = groups.iter().map(|(_, values)| mean_interval(values, level)).collect();
    let mut why = Why::default();
    for (place, mean) in found.iter().enumerate() {
        let (lists, reason): (&[&str], _) = match mean {
            None => (&["mean", "sd", "lower", "upper"], "there are no values"),
            Some(mean) if mean.n < 2 => (&["sd", "lower", "upper"], "there is one value"),
            Some(_) => continue,
        };
        for list in lists {
            why.say(format!("{list}[{place}]"), reason);
        }
    }
    let interval = |mean: &Option<MeanInterval>| mean.and_then(|mean| mean.interval);
    Ok(why.close(json!({
        "group": groups.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        "n": groups.iter().map(|(_, values)| values.len()).collect::<Vec<_>>(),
        "mean": found.iter().map(|mean| mean.map(|mean| mean.mean)).collect::<Vec<_>>(),
        "sd": found.iter().map(|mean| mean.and_then(|mean| mean.deviation)).collect::<Vec<_>>(),
        "lower": found.iter().map(|mean| interval(mean).map(|(lower, _)| lower)).collect::<Vec<_>>(),
        "upper": found.iter().map(|mean| interval(mean).map(|(_, upper)| upper)).collect::<Vec<_>>(),
    })))
}
