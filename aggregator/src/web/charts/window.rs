//! What a chart draws from bottom to top.

use crate::scoring::{Signal, SignalPoint};

/// A fortnight that still runs stretches a drawing once it rests on so many people: the first of them would move every point of every chart,
/// and move it back.
const ENOUGH: u64 = 10;

/// The ends of a drawing on the measure's scale: the same for all charts that are to be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    /// The bottom.
    pub(crate) from: f64,
    /// The top.
    pub(crate) to: f64,
}

impl Window {
    /// The window that holds everything that charts of one kind of measure draw, cut at the ends of the scale: on twentieths of
    /// it, and at least a fifth, so that chance does not fill the drawing. A fortnight that has only begun is drawn on the edge where it lies
    /// outside.
    pub(crate) fn of<'a>(signals: impl Iterator<Item = &'a Signal>) -> Self {
        let mut ends: Option<(f64, f64)> = None;
        let mut scale = (0.0, 10.0);
        for signal in signals {
            scale = (signal.scale.lowest, signal.scale.highest);
            let of_point = |point: &SignalPoint| [point.figure.value, point.lower_limit, point.upper_limit];
            let running = signal.provisional.iter().filter(|point| point.figure.n >= ENOUGH);
            let running = running.filter_map(|point| point.figure.value);
            let points = signal.points.iter().flat_map(of_point).flatten().chain(running);
            for value in points.chain(signal.target).filter(|value| value.is_finite()) {
                let value = value.clamp(scale.0, scale.1);
                let (from, to) = ends.unwrap_or((value, value));
                ends = Some((from.min(value), to.max(value)));
            }
        }
        let (lowest, highest) = scale;
        let Some((from, to)) = ends else { return Self { from: lowest, to: highest } };
        let step = (highest - lowest) / 20.0;
        let short = (4.0 * step - (to - from)).max(0.0) / 2.0;
        let (from, to) = (from - short, to + short);
        // What does not fit above is given below, and the other way round.
        let (from, to) = (from - (to - highest).max(0.0), to + (lowest - from).max(0.0));
        let on = |value: f64, round: fn(f64) -> f64| lowest + round((value - lowest) / step) * step;
        Self { from: on(from, f64::floor).max(lowest), to: on(to, f64::ceil).min(highest) }
    }

    /// Where a value lies, 0 at the bottom and 1 at the top; what lies outside is drawn on the edge.
    pub(crate) fn share(self, value: f64) -> f64 {
        let height = self.to - self.from;
        if height > 0.0 && value.is_finite() { ((value - self.from) / height).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The round values that are written beside a large chart.
    pub(crate) fn ticks(self) -> Vec<f64> {
        round_numbers(self.from, self.to)
    }
}

/// Round numbers between two ends, both included where they are round: some three to six of them.
pub(super) fn round_numbers(from: f64, to: f64) -> Vec<f64> {
    let wanted = (to - from) / 5.0;
    if !(wanted.is_finite() && wanted > 0.0) {
        return vec![from];
    }
    let power = 10_f64.powf(wanted.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| *step >= wanted).unwrap_or(power);
    // A little more than the end, so that an end that is round is there however it was rounded.
    let (first, end) = ((from / step - 1e-9).ceil(), to / step + 1e-9);
    (0..10)
        .map(|place| first + f64::from(place))
        .take_while(|number| *number <= end)
        .map(|number| number * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_beside_a_chart_is_round() {
        let check = |from: f64, to: f64, expected: &[&str]| {
            let found: Vec<String> = round_numbers(from, to).iter().map(|number| format!("{number:.1}")).collect();
            assert_eq!(found, expected, "{from} to {to}");
        };
        check(6.5, 10.0, &["7.0", "8.0", "9.0", "10.0"]);
        check(7.0, 9.0, &["7.0", "7.5", "8.0", "8.5", "9.0"]);
        check(0.0, 45.0, &["0.0", "10.0", "20.0", "30.0", "40.0"]);
        check(18.0, 240.0, &["50.0", "100.0", "150.0", "200.0"]);
        check(3.0, 3.0, &["3.0"]);
    }
}
