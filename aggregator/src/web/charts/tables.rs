//! The numbers of a drawing, to stand beside it.

use maud::{Markup, html};

use super::super::words::{self, Scale};
use crate::scoring::{Comparison, PlaceInFunnel, Signal, SignalPoint, Standing};
use crate::statistics::xmr::{Kind, Side};

/// A control chart's numbers.
pub(crate) fn of_signal(signal: &Signal) -> Markup {
    let scale = if signal.per_cent { Scale::PerCent } else { Scale::Points };
    let write = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| exact(scale, value));
    html! {
        div.scroller {
            table.numbers {
                caption { (signal.label) ", " (signal.unit_name) ": limits as computed, also where they lie outside the scale." }
                thead { tr {
                    th scope="col" { "Fortnight" } th.n scope="col" { "Value" } th.n scope="col" { "n" } th.n scope="col" { "Lower limit" }
                    th.n scope="col" { "Mean" } th.n scope="col" { "Upper limit" } th scope="col" { "What the rules say" }
                } }
                tbody {
                    @for (place, point) in signal.points.iter().chain(&signal.provisional).enumerate() {
                        tr {
                            th scope="row" { (point.period) }
                            td.n { (write(point.figure.value)) } td.n { (words::count(point.figure.n)) } td.n { (write(point.lower_limit)) }
                            td.n { (write(point.mean)) } td.n { (write(point.upper_limit)) } td { (said(signal, place, point)) }
                        }
                    }
                }
            }
        }
    }
}

/// One more decimal than on the page, so that a value can be told from a limit.
pub(crate) fn exact(scale: Scale, value: f64) -> String {
    match scale {
        Scale::Points => format!("{value:.2}"),
        Scale::PerCent => format!("{value:.1}%"),
    }
}

/// What the rules say of a place.
pub(crate) fn said(signal: &Signal, place: usize, point: &SignalPoint) -> &'static str {
    match point.kind {
        _ if place == signal.points.len() => "still runs, provisional",
        None => "nobody answered: a gap",
        Some(_) if !signal.is_told_at(place) => "too few fortnights to say",
        Some(Kind::Outside(Side::High)) => "above the upper limit",
        Some(Kind::Outside(Side::Low)) => "below the lower limit",
        Some(Kind::Trend(Side::High)) => "in a trend upwards",
        Some(Kind::Trend(Side::Low)) => "in a trend downwards",
        Some(Kind::TwoOfThree(Side::High)) => "one of two of three near the upper limit",
        Some(Kind::TwoOfThree(Side::Low)) => "one of two of three near the lower limit",
        Some(Kind::Shift(Side::High)) => "in a run above the mean",
        Some(Kind::Shift(Side::Low)) => "in a run below the mean",
        Some(Kind::Common) if point.standing == Standing::Provisional => "late answers may still come",
        Some(Kind::Common) => "",
    }
}

/// Where a ward lies, in words.
pub(crate) fn lies(place: PlaceInFunnel) -> &'static str {
    match place {
        PlaceInFunnel::Inside => "inside",
        PlaceInFunnel::Above => "above the 95% limit",
        PlaceInFunnel::Below => "below the 95% limit",
        PlaceInFunnel::FarAbove => "above the 99.8% limit",
        PlaceInFunnel::FarBelow => "below the 99.8% limit",
    }
}

/// A funnel's numbers, in alphabetical order.
pub(crate) fn of_comparison(comparison: &Comparison) -> Markup {
    let scale = if comparison.per_cent { Scale::PerCent } else { Scale::Points };
    let between = |ends: Option<(f64, f64)>| {
        ends.map_or_else(
            || "–".to_owned(),
            |(lower, upper)| format!("{} to {}", exact(scale, lower), exact(scale, upper)),
        )
    };
    html! {
        div.scroller {
            table.numbers {
                caption { (comparison.label) ", in alphabetical order. What is expected depends on n." }
                thead { tr {
                    th scope="col" { "Ward" } th.n scope="col" { "Value" } th.n scope="col" { "n" } th.n scope="col" { "Expected, 95%" }
                    th.n scope="col" { "Expected, 99.8%" } th scope="col" { "Lies" }
                } }
                tbody {
                    @for ward in &comparison.wards {
                        tr {
                            th scope="row" { (ward.name) }
                            td.n { (exact(scale, ward.value)) } td.n { (words::count(ward.n)) }
                            td.n { (between(ward.limits.map(|limits| (limits.lower_95, limits.upper_95)))) }
                            td.n { (between(ward.limits.map(|limits| (limits.lower_998, limits.upper_998)))) }
                            td { (lies(ward.place)) }
                        }
                    }
                    @for ward in &comparison.left_out {
                        tr { th scope="row" { (ward.name) } td colspan="5" { "Not compared: 5 answers or fewer." } }
                    }
                }
            }
        }
    }
}
