//! `xmr`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::moving_range::{NoMovingRange, Screening, Unscreened};
use crate::statistics::xmr::{
    Chart, FEWEST_TO_FIX_AFTER, Group, Improvement, Limits, Settings, Side, Signals, TwoOfThree, Variation,
    XmrError, xmr,
};

const FIELDS: [&str; 7] = ["values", "improvement", "target", "rebase_at", "fix_after", "screen", "two_of_three"];
const IMPROVEMENTS: [(&str, Improvement); 3] =
    [("increase", Improvement::Increase), ("decrease", Improvement::Decrease), ("neutral", Improvement::Neutral)];
const RULES: [(&str, TwoOfThree); 2] = [("classic", TwoOfThree::Classic), ("2023", TwoOfThree::Since2023)];
const MISSING: &str = "the point is missing";

/// What is not said is what the R package does unasked: higher is better and moving ranges are screened.
pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&FIELDS)?;
    let values = input.field("values")?.each(|value| value.number_or_null())?;
    let settings = Settings {
        improvement: input
            .field_or_null("improvement")?
            .map_or(Ok(Improvement::Increase), |it| it.word(&IMPROVEMENTS))?,
        target: input.field_or_null("target")?.map(|target| target.number()).transpose()?,
        rebase_at: input
            .field_or_null("rebase_at")?
            .map_or(Ok(Vec::new()), |list| list.each(|place| place.place()))?,
        fix_after: input.field_or_null("fix_after")?.map(|count| count.place()).transpose()?,
        screening: screening(input, Screening::On)?,
        two_of_three: input
            .field_or_null("two_of_three")?
            .map_or(Ok(TwoOfThree::Since2023), |it| it.word(&RULES))?,
    };
    match xmr(&values, &settings) {
        Ok(chart) => Ok(written(&values, &chart)),
        Err(XmrError::RebaseOutOfRange { place, points, .. }) => {
            Err(input.field("rebase_at")?.at(place).refuse(format!("is not one of the {points} points, from 0")))
        }
        Err(XmrError::FixedTooEarly(_)) => {
            Err(input.field("fix_after")?.refuse(format!("must be {FEWEST_TO_FIX_AFTER} or more")))
        }
    }
}

/// The field `screen`.
pub(super) fn screening(input: &Input<'_>, default: Screening) -> Result<Screening, DeskError> {
    let Some(field) = input.field_or_null("screen")? else { return Ok(default) };
    Ok(if field.truth()? { Screening::On } else { Screening::Off })
}

/// Why a chart has no limits.
pub(super) fn no_limits(reason: NoMovingRange) -> &'static str {
    match reason {
        NoMovingRange::NoPoints => "all points are missing",
        NoMovingRange::OnePoint => "there is one point",
        NoMovingRange::NoNeighbours => "no two points follow each other",
        NoMovingRange::Constant => "all points are equal and screening leaves no moving range",
    }
}

/// Why nothing was screened.
pub(super) fn not_screened(reason: Unscreened) -> &'static str {
    match reason {
        Unscreened::NothingLeft => "not done: it would leave no moving range",
        Unscreened::ZeroWidth => "not done: it would leave limits of no width",
    }
}

fn written(values: &[Option<f64>], chart: &Chart) -> Value {
    let mut why = Why::default();
    for group in &chart.groups {
        if let Some(reason) = group.unscreened {
            let (first, last) = (group.first, group.first + group.length.saturating_sub(1));
            why.say(format!("screen[{first}..{last}]"), not_screened(reason));
        }
    }
    let per_point = |get: &dyn Fn(&Group) -> Result<f64, &'static str>| {
        let of_group = |group: &Group| vec![get(group); group.length];
        chart.groups.iter().flat_map(of_group).collect::<Vec<_>>()
    };
    let limit = |get: fn(&Limits) -> f64| {
        per_point(&|group: &Group| group.limits.as_ref().map(get).map_err(|reason| no_limits(*reason)))
    };
    let mean = why.list("mean", per_point(&|group: &Group| group.mean.ok_or(no_limits(NoMovingRange::NoPoints))));
    let lower = why.list("lower", limit(|limits| limits.lower));
    let upper = why.list("upper", limit(|limits| limits.upper));
    for (place, _) in values.iter().enumerate().filter(|(_, value)| value.is_none()) {
        why.say(format!("point[{place}]"), MISSING);
    }
    if chart.variation.is_none() {
        why.say("variation", if values.is_empty() { "there are no points" } else { "the last point is missing" });
    }
    let flags = |get: fn(&Signals) -> Option<Side>| {
        chart.points.iter().map(|point| point.as_ref().and_then(get).is_some()).collect::<Vec<_>>()
    };
    let trial: Vec<bool> = chart.groups.iter().flat_map(|group| vec![group.is_trial(); group.length]).collect();
    why.close(json!({
        "mean": mean,
        "lower": lower,
        "upper": upper,
        "outside": flags(|signals| signals.outside),
        "trend": flags(|signals| signals.trend),
        "shift": flags(|signals| signals.shift),
        "two_of_three": flags(|signals| signals.two_of_three),
        "point": chart.points.iter().map(|point| point.map(|signals| signals.kind().as_str())).collect::<Vec<_>>(),
        "variation": chart.variation.map(Variation::as_str),
        "assurance": chart.assurance.as_str(),
        "trial": trial,
    }))
}
