//! `reliability`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::{Input, Names};
use super::why::Why;
use crate::statistics::reliability::{Unit, answers_needed, reliability, spearman_brown};

const NO_ANSWERS: &str = "there are no scores";
const ONE_UNIT: &str = "there is one unit";
const NOTHING_WITHIN: &str = "no unit has two scores";

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["unit", "score", "at"])?;
    let scores = input.field("score")?.each(|score| score.number())?;
    let field = input.field("unit")?;
    let mut names = Names::default();
    let units = field.as_long_as(field.names(&mut names)?, "score", scores.len())?;
    let at = input.field_or_null("at")?.map_or(Ok(Vec::new()), |list| list.each(|n| n.number_above_zero()))?;
    let mut members = vec![Vec::new(); names.len()];
    for (unit, score) in units.into_iter().zip(scores) {
        if let Some(members) = members.get_mut(unit) {
            members.push(score);
        }
    }
    let found = reliability(&members);
    let usable = found.usable();
    let none = if found.grand_mean.is_none() { NO_ANSWERS } else { ONE_UNIT };
    let between = found.ms_between.ok_or(none);
    let within = found.ms_within.ok_or(if found.grand_mean.is_none() { NO_ANSWERS } else { NOTHING_WITHIN });
    let squares = between.and(within);
    let icc = found.icc.ok_or_else(|| squares.err().unwrap_or("all scores are equal"));
    let stepped_up =
        usable.ok_or_else(|| icc.err().unwrap_or("units differ less than chance: the correlation is not above 0"));
    let mut why = Why::default();
    let spearman_browns =
        why.list("spearman_brown", at.iter().map(|n| stepped_up.map(|icc| spearman_brown(icc, *n))));
    let mut figure = |name: &str, figure: Result<f64, &str>| why.figure(name, figure);
    let ms_between = figure("ms_between", between);
    let ms_within = figure("ms_within", within);
    let f = figure("f", squares.and(found.f.ok_or("nothing varies within units")));
    let n0 = figure("n0", found.n0.ok_or(none));
    let icc = figure("icc", icc);
    let mean_reliability = figure("mean_reliability", stepped_up.and(found.mean_reliability.ok_or(none)));
    let needed_070 = figure("needed_for_070", stepped_up.map(|icc| answers_needed(icc, 0.7)));
    let needed_080 = figure("needed_for_080", stepped_up.map(|icc| answers_needed(icc, 0.8)));
    let of = |unit: &Unit| unit.reliability.ok_or_else(|| stepped_up.err().unwrap_or(none));
    let unit_reliability = why.list("unit_reliability", found.units.iter().map(of));
    Ok(why.close(json!({
        "ms_between": ms_between,
        "ms_within": ms_within,
        "f": f,
        "n0": n0,
        "icc": icc,
        "mean_reliability": mean_reliability,
        "spearman_brown": spearman_browns,
        "needed_for_070": needed_070,
        "needed_for_080": needed_080,
        "unit": names.written(),
        "n": found.units.iter().map(|unit| unit.n).collect::<Vec<_>>(),
        "unit_reliability": unit_reliability,
        "shrunk": found.units.iter().map(|unit| unit.shrunk).collect::<Vec<_>>(),
    })))
}
