//! What a chart draws from bottom to top.

use crate::scoring::{Signal, SignalPoint};

/// The ends of a drawing on the measure's scale: the same for all charts that are to be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    /// The bottom.
    pub(crate) from: f64,
    /// The top.
    pub(crate) to: f64,
}

impl Window {
    /// The window that holds everything that charts of one kind of measure draw, on whole points or whole tens: scores down from
    /// the top of the scale, problems up from none.
    pub(crate) fn of<'a>(signals: impl Iterator<Item = &'a Signal>) -> Self {
        let mut window: Option<Self> = None;
        for signal in signals {
            let own = Self::of_one(signal);
            let all = window.get_or_insert(own);
            *all = Self { from: all.from.min(own.from), to: all.to.max(own.to) };
        }
        window.unwrap_or(Self { from: 0.0, to: 10.0 })
    }

    fn of_one(signal: &Signal) -> Self {
        let (lowest, highest) = (signal.scale.lowest, signal.scale.highest);
        let step = (highest - lowest) / 10.0;
        let points = || signal.points.iter().chain(&signal.provisional);
        let of_point = |point: &SignalPoint| [point.figure.value, point.lower_limit, point.upper_limit];
        let drawn =
            || points().flat_map(of_point).flatten().chain(signal.target).filter(|value| value.is_finite());
        if signal.measure.is_problem() {
            let top = drawn().fold(lowest + 4.0 * step, f64::max);
            return Self { from: lowest, to: (lowest + ((top - lowest) / step).ceil() * step).min(highest) };
        }
        let bottom = drawn().fold(highest - 4.0 * step, f64::min);
        Self { from: (lowest + ((bottom - lowest) / step).floor() * step).max(lowest), to: highest }
    }

    /// Where a value lies, 0 at the bottom and 1 at the top; what lies outside is drawn on the edge.
    pub(crate) fn share(self, value: f64) -> f64 {
        let height = self.to - self.from;
        if height > 0.0 && value.is_finite() { ((value - self.from) / height).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The values that are written beside a large chart: the ends and what lies between them in even steps.
    pub(crate) fn ticks(self) -> Vec<f64> {
        let height = self.to - self.from;
        let steps = if height <= 0.0 { 1 } else { 4 };
        (0..=steps).map(|step| self.from + height * f64::from(step) / f64::from(steps)).collect()
    }
}
