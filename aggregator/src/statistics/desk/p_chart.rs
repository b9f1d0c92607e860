//! `p_chart`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use super::xmr::{no_limits, not_screened, screening};
use crate::statistics::moving_range::Screening;
use crate::statistics::p_chart::{Limits, NoWidth, Part, Point, Width, p_chart};

const NO_DENOMINATOR: &str = "the denominator is 0";

/// What is not said is what `qicharts2` does unasked: the plain chart, and moving ranges are not screened.
pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["numerators", "denominators", "prime", "screen"])?;
    let (numerators, denominators) = input.parts("numerators", "denominators", "denominator")?;
    let screening = screening(input, Screening::Off)?;
    let is_prime = input.field_or_null("prime")?.map_or(Ok(false), |field| field.truth())?;
    let width = if is_prime { Width::Laney(screening) } else { Width::Binomial };
    let part = |(numerator, denominator): (&u64, &u64)| Part { numerator: *numerator, denominator: *denominator };
    let parts: Vec<Part> = numerators.iter().zip(&denominators).map(part).collect();
    let chart = p_chart(&parts, width);
    let mut why = Why::default();
    if let Some(reason) = chart.unscreened {
        why.say("screen", not_screened(reason));
    }
    let no_width = match chart.sigma_z {
        Ok(_) => NO_DENOMINATOR,
        Err(NoWidth::Certain) => "the proportion is 0 or 1, and there is no z",
        Err(NoWidth::NoMovingRange(reason)) => no_limits(reason),
    };
    let rate =
        why.list("rate", chart.points.iter().map(|point| point.map(|point| point.rate).ok_or(NO_DENOMINATOR)));
    let centre = why.figure("centre", chart.centre.ok_or("all denominators are 0"));
    let mut limit = |name: &str, get: fn(Limits) -> f64| {
        let of = |point: &Option<Point>| point.ok_or(NO_DENOMINATOR)?.limits.map(get).ok_or(no_width);
        why.list(name, chart.points.iter().map(of))
    };
    let lower = limit("lower", |limits| limits.lower);
    let upper = limit("upper", |limits| limits.upper);
    let lower_95 = limit("lower95", |limits| limits.lower_95);
    let upper_95 = limit("upper95", |limits| limits.upper_95);
    let is_signal = |point: &Option<Point>| point.is_some_and(|point| point.is_signal());
    Ok(why.close(json!({
        "rate": rate,
        "centre": centre,
        "lower": lower,
        "upper": upper,
        "lower95": lower_95,
        "upper95": upper_95,
        "signal": chart.points.iter().map(is_signal).collect::<Vec<_>>(),
    })))
}
