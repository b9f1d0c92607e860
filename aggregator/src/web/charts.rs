//! Small charts as SVG, drawn on the server: a specification in, markup out, no style in it but class names.
//!
//! Vocabulary: a *bar* is one figure on its whole scale with its interval; a *trend* is one figure over the last periods.
//! Colour never carries meaning alone, and every chart says in words what it shows.
//!
//! Units: figures are on their own scale; drawings are in the view box's units and stretch with the page.

use maud::{Markup, html};

use super::words::{self, Scale};
use crate::scoring::Figure;

const BAR_WIDTH: f64 = 600.0;
const TREND_WIDTH: f64 = 240.0;
const TREND_HEIGHT: f64 = 60.0;
const TREND_EDGE: f64 = 6.0;

/// One figure on its whole scale: the bar to its value, a line for the interval, a dot on the value.
pub(crate) fn bar(name: &str, figure: &Figure, scale: Scale) -> Markup {
    let x = |value: f64| round(BAR_WIDTH * value / scale.top());
    let label = format!("{name}: {}", words::figure(figure, scale));
    html! {
        svg role="img" aria-label=(label) viewBox="0 0 600 28" preserveAspectRatio="none" {
            rect.track x="0" y="8" width="600" height="12" {}
            @if let Some(value) = figure.value {
                rect.fill x="0" y="8" width=(x(value)) height="12" {}
            }
            @for step in 1..=3 {
                line.tick x1=(150 * step) x2=(150 * step) y1="8" y2="20" {}
            }
            @if let (Some(lower), Some(upper)) = (figure.lower, figure.upper) {
                (range(x(lower), x(upper)))
            }
            @if let Some(value) = figure.value {
                rect.now x=(round(x(value) - 2.5)) y="2" width="5" height="24" {}
            }
        }
    }
}

/// The interval: a line with an end on either side. Ends stay inside the drawing.
fn range(lower: f64, upper: f64) -> Markup {
    let inside = |x: f64| round(x.clamp(1.0, BAR_WIDTH - 1.0));
    let (lower, upper) = (inside(lower), inside(upper));
    html! {
        path.range vector-effect="non-scaling-stroke" d=(format!("M{lower} 9v10M{lower} 14H{upper}M{upper} 9v10")) {}
    }
}

/// How much of a whole is done; more than the whole fills it.
pub(crate) fn progress(name: &str, done: u64, whole: u64) -> Markup {
    let share = if whole == 0 { 0.0 } else { (done as f64 / whole as f64).min(1.0) };
    html! {
        svg role="img" aria-label=(format!("{name}: {} of {}", words::count(done), words::count(whole))) viewBox="0 0 600 10" preserveAspectRatio="none" {
            rect.track x="0" y="0" width="600" height="10" {}
            rect.fill x="0" y="0" width=(round(600.0 * share)) height="10" {}
        }
    }
}

/// A figure of one period, as a trend draws it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrendPoint {
    /// The period in words.
    pub(crate) period: String,
    /// Its figure.
    pub(crate) figure: Figure,
}

/// What a trend draws from top to bottom: the same for all trends of a page, so that they can be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    /// The bottom, in points.
    pub(crate) from: f64,
    /// The top, in points.
    pub(crate) to: f64,
}

impl Window {
    /// The window that holds all intervals: whole points, at least four of them, up to the top of the scale.
    pub(crate) fn of<'a>(figures: impl Iterator<Item = &'a Figure>) -> Self {
        let to = Scale::Points.top();
        let lowest = figures.filter_map(|figure| figure.lower.or(figure.value)).fold(to - 4.0, f64::min);
        Self { from: lowest.floor().max(0.0), to }
    }
}

/// One figure over the last periods, oldest first: a line through the values, a stroke for each interval. A period
/// without a figure is a gap, never a zero and never bridged.
pub(crate) fn trend(name: &str, points: &[TrendPoint], window: Window) -> Markup {
    let last = points.len().saturating_sub(1).max(1) as f64;
    let x = |place: usize| round(TREND_EDGE + (TREND_WIDTH - 2.0 * TREND_EDGE) * place as f64 / last);
    let y = |value: f64| {
        let share = ((value - window.from) / (window.to - window.from)).clamp(0.0, 1.0);
        round(TREND_HEIGHT - TREND_EDGE - (TREND_HEIGHT - 2.0 * TREND_EDGE) * share)
    };
    let said =
        points.iter().map(|point| format!("{} {}", point.period, words::figure(&point.figure, Scale::Points)));
    let label = format!("{name} over time: {}", said.collect::<Vec<_>>().join("; "));
    html! {
        svg role="img" aria-label=(label) viewBox=(format!("0 0 {TREND_WIDTH} {TREND_HEIGHT}")) preserveAspectRatio="xMinYMid meet" {
            line.rule x1="0" x2=(TREND_WIDTH) y1=(y(window.to)) y2=(y(window.to)) {}
            line.rule x1="0" x2=(TREND_WIDTH) y1=(y(window.from)) y2=(y(window.from)) {}
            @for (place, point) in points.iter().enumerate() {
                @if let (Some(lower), Some(upper)) = (point.figure.lower, point.figure.upper) {
                    line.whisker x1=(x(place)) x2=(x(place)) y1=(y(lower)) y2=(y(upper)) {}
                }
            }
            path.thread d=(thread(points, x, y)) {}
            @for (place, point) in points.iter().enumerate() {
                @if let Some(value) = point.figure.value {
                    @let now = place + 1 == points.len();
                    circle class=(if now { "now" } else { "dot" }) cx=(x(place)) cy=(y(value)) r=(if now { 5 } else { 4 }) {}
                }
            }
        }
    }
}

/// The line through the values: a new stroke after every gap.
fn thread(points: &[TrendPoint], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = Vec::new();
    let mut drawing = false;
    for (place, point) in points.iter().enumerate() {
        if let Some(value) = point.figure.value {
            path.push(format!("{}{} {}", if drawing { 'L' } else { 'M' }, x(place), y(value)));
        }
        drawing = point.figure.value.is_some();
    }
    path.concat()
}

/// Cuts to a tenth of a unit, so that the same figure always draws the same text.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, half: f64, n: u64) -> Figure {
        Figure {
            value: Some(value),
            n,
            lower: Some((value - half).max(0.0)),
            upper: Some((value + half).min(10.0)),
            why: None,
        }
    }

    fn missing() -> Figure {
        Figure { value: None, n: 0, lower: None, upper: None, why: Some("nobody answered".to_owned()) }
    }

    fn point(period: &str, figure: Figure) -> TrendPoint {
        TrendPoint { period: period.to_owned(), figure }
    }

    #[test]
    fn a_bar_shows_the_value_and_its_interval_on_the_whole_scale() {
        insta::assert_snapshot!("bar", bar("Kindness", &figure(8.44, 0.5, 31), Scale::Points).into_string());
        insta::assert_snapshot!(
            "bar_at_the_top",
            bar("Respect", &figure(10.0, 0.0, 12), Scale::Points).into_string()
        );
        insta::assert_snapshot!("bar_without_answers", bar("Pain", &missing(), Scale::Points).into_string());
    }

    #[test]
    fn a_period_without_a_figure_is_a_gap_and_not_a_zero() {
        let points = [
            point("fortnight 20", figure(8.0, 0.6, 20)),
            point("fortnight 21", figure(8.3, 0.5, 31)),
            point("fortnight 22", missing()),
            point("fortnight 23", figure(7.1, 1.4, 9)),
        ];
        let window = Window::of(points.iter().map(|point| &point.figure));
        assert_eq!(window, Window { from: 5.0, to: 10.0 });
        let drawn = trend("Kindness", &points, window).into_string();
        assert_eq!(drawn.matches("<circle").count(), 3);
        insta::assert_snapshot!("trend", drawn);
    }

    #[test]
    fn nothing_drawn_is_not_a_number() {
        for points in
            [vec![], vec![point("fortnight 1", missing())], vec![point("fortnight 1", figure(0.0, 0.0, 1))]]
        {
            let window = Window::of(points.iter().map(|point| &point.figure));
            let drawn = trend("Noise", &points, window).into_string();
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
        assert!(progress("Plan", 3, 0).into_string().contains("width=\"0\""));
    }
}
