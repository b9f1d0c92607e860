//! The funnel: wards by how many people speak for them, between limits that widen as those become fewer.
//!
//! | drawn | meaning |
//! |---|---|
//! | dot | inside the 95 % limits |
//! | hollow triangle, upwards or downwards | between the 95 % and 99.8 % limits |
//! | filled triangle with the ward's name | outside the 99.8 % limits |
//! | level line | what all are compared with |
//! | dashes, line | limits at 95 % and at 99.8 %, cut at the ends of the scale |

use maud::{Markup, html};

use super::palette::{FONT, INK, ORANGE, TEAL};
use super::round;
use super::window::round_numbers;
use crate::scoring::{ComparedWard, Comparison, CurvePoint, LimitSheet, PlaceInFunnel};
use crate::web::words::{self, Scale};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 48.0;
/// Half the size of a mark.
const R: f64 = 5.0;

struct Plot<'a> {
    comparison: &'a Comparison,
    across: (f64, f64),
    up: (f64, f64),
}

/// The drawing; `None` where there is nothing to compare.
pub(crate) fn funnel(comparison: &Comparison) -> Option<Markup> {
    if comparison.wards.len() < 2 {
        return None;
    }
    let plot = Plot::of(comparison)?;
    let scale = plot.scale();
    let bottom = HEIGHT - BOTTOM;
    Some(html! {
        svg role="img" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) fill="none" font-family=(FONT) font-size="14" {
            title { (comparison.label) ": wards of " (comparison.unit_name) }
            desc { (comparison.words) }
            @for tick in round_numbers(plot.up.0, plot.up.1) {
                line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(plot.y(tick)) y2=(plot.y(tick)) stroke=(INK) stroke-opacity="0.12" {}
                text x=(LEFT - 6.0) y=(round(plot.y(tick) + 5.0)) text-anchor="end" fill=(INK) fill-opacity="0.8" { (scale.write(tick)) }
            }
            @for tick in round_numbers(plot.across.0, plot.across.1) {
                text x=(plot.x(tick)) y=(bottom + 18.0) text-anchor="middle" fill=(INK) fill-opacity="0.8" { (tick) }
            }
            text x=(round(f64::midpoint(LEFT, WIDTH))) y=(HEIGHT - 6.0) text-anchor="middle" fill=(INK) fill-opacity="0.8" {
                (if comparison.per_cent { "answers (n)" } else { "people (n)" })
            }
            @if let Some(target) = comparison.target {
                line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(plot.y(target)) y2=(plot.y(target)) stroke=(INK) stroke-opacity="0.75" {}
            }
            path d=(plot.curve(|limits| limits.lower_95) + &plot.curve(|limits| limits.upper_95)) stroke=(INK) stroke-opacity="0.6" stroke-dasharray="6 4" {}
            path d=(plot.curve(|limits| limits.lower_998) + &plot.curve(|limits| limits.upper_998)) stroke=(INK) stroke-opacity="0.6" {}
            @for ward in &comparison.wards { (plot.mark(ward)) }
        }
    })
}

impl<'a> Plot<'a> {
    fn of(comparison: &'a Comparison) -> Option<Self> {
        let first = comparison.wards.iter().map(|ward| ward.n).min()? as f64;
        let last = comparison.wards.iter().map(|ward| ward.n).max()? as f64;
        let curve = comparison.curve.first().zip(comparison.curve.last());
        let across = curve.map_or((first, last), |(first, last)| (first.n as f64, last.n as f64));
        let across = if across.1 > across.0 { across } else { (across.0 - 1.0, across.0 + 1.0) };
        let (lowest, highest) = (comparison.scale.lowest, comparison.scale.highest);
        let step = (highest - lowest) / 20.0;
        let limits = comparison.curve.iter().flat_map(|point| [point.limits.lower_998, point.limits.upper_998]);
        let values = || comparison.wards.iter().map(|ward| ward.value);
        let inside = limits.filter(|limit| (lowest..=highest).contains(limit));
        let all: Vec<f64> = values().chain(inside).filter(|value| value.is_finite()).collect();
        let from = all.iter().copied().fold(highest, f64::min);
        let to = all.iter().copied().fold(lowest, f64::max);
        let from = (((from - lowest) / step).floor() * step + lowest).max(lowest);
        let to = (((to - lowest) / step).ceil() * step + lowest).min(highest);
        let up = if to > from { (from, to) } else { ((from - step).max(lowest), (from + step).min(highest)) };
        Some(Self { comparison, across, up })
    }

    fn scale(&self) -> Scale {
        if self.comparison.per_cent { Scale::PerCent } else { Scale::Points }
    }

    fn x(&self, n: f64) -> f64 {
        let share = ((n - self.across.0) / (self.across.1 - self.across.0)).clamp(0.0, 1.0);
        round(LEFT + 8.0 + (WIDTH - LEFT - RIGHT - 16.0) * share)
    }

    fn y(&self, value: f64) -> f64 {
        let share = ((value - self.up.0) / (self.up.1 - self.up.0)).clamp(0.0, 1.0);
        round(TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share))
    }

    /// A limit from left to right; a stretch beyond the drawing runs along its edge.
    fn curve(&self, get: fn(&LimitSheet) -> f64) -> String {
        let stroke = |(place, point): (usize, &CurvePoint)| {
            let letter = if place == 0 { 'M' } else { 'L' };
            format!("{letter}{} {}", self.x(point.n as f64), self.y(get(&point.limits)))
        };
        self.comparison.curve.iter().enumerate().map(stroke).collect()
    }

    fn mark(&self, ward: &ComparedWard) -> Markup {
        let (x, y) = (self.x(ward.n as f64), self.y(ward.value));
        let is_above = matches!(ward.place, PlaceInFunnel::Above | PlaceInFunnel::FarAbove);
        let is_better = is_above != self.comparison.measure.is_problem();
        let colour = if is_better { TEAL } else { ORANGE };
        let triangle = if is_above {
            format!("M{x} {}l{R} {}h-{}z", round(y - R), 2.0 * R, 2.0 * R)
        } else {
            format!("M{x} {}l{R}-{}h-{}z", round(y + R), 2.0 * R, 2.0 * R)
        };
        let is_far = matches!(ward.place, PlaceInFunnel::FarAbove | PlaceInFunnel::FarBelow);
        // A name near the right edge stands to the left of its mark.
        let (anchor, beside) = if x > WIDTH * 0.7 { ("end", x - 9.0) } else { ("start", x + 9.0) };
        html! {
            g {
                title { (ward.name) ": " (self.scale().write(ward.value)) ", n " (words::count(ward.n)) }
                @match ward.place {
                    PlaceInFunnel::Inside => circle cx=(x) cy=(y) r="4" fill=(INK) fill-opacity="0.75" {},
                    PlaceInFunnel::Above | PlaceInFunnel::Below => path d=(triangle) stroke=(colour) stroke-width="2" {},
                    PlaceInFunnel::FarAbove | PlaceInFunnel::FarBelow => path d=(triangle) fill=(colour) {},
                }
                @if is_far {
                    text x=(round(beside)) y=(round(y + 5.0)) text-anchor=(anchor) fill=(INK) { (ward.name) }
                }
            }
        }
    }
}
