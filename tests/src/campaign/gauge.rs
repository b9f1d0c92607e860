//! Whether what a process holds stays as it is: samples over time, and the slope of a line through those after the warm-up.
//!
//! What counts is memory that is the process's own ([`Process::held_bytes`]); what is resident besides is told beside it and judged by nobody.

use anyhow::Result;
use serde::Serialize;

use crate::process::Process;

/// Which part of the run is warm-up: a third.
const WARM_UP: f64 = 1.0 / 3.0;

/// Samples of one process.
#[derive(Debug, Clone, Default)]
pub struct Gauge {
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    /// When, in simulated hours.
    hour: f64,
    megabytes: f64,
    resident: f64,
    files: f64,
}

/// What the samples say.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Trend {
    /// How many samples there are.
    pub samples: usize,
    /// Memory of its own at the end of the warm-up, in MB.
    pub memory_mb: f64,
    /// The same at the end.
    pub end_mb: f64,
    /// The most there was, in MB.
    pub most_mb: f64,
    /// What a simulated day adds to it after the warm-up, by the line through the samples, in MB.
    pub memory_a_day_mb: f64,
    /// The same of everything that is resident, pages of its program and of other files among it.
    pub resident_a_day_mb: f64,
    /// Open files and sockets at the end of the warm-up.
    pub files: f64,
    /// What a simulated day adds to them.
    pub files_a_day: f64,
}

impl Gauge {
    /// Looks at a process.
    pub fn sample(&mut self, process: &Process, hour: f64) -> Result<()> {
        let [megabytes, resident] =
            [process.held_bytes()?, process.resident_bytes()?].map(|bytes| bytes as f64 / (1024.0 * 1024.0));
        self.samples.push(Sample { hour, megabytes, resident, files: process.open_files()? as f64 });
        Ok(())
    }

    /// What the samples say.
    pub fn trend(&self) -> Trend {
        let last = self.samples.last().map_or(0.0, |sample| sample.hour);
        let warm: Vec<Sample> =
            self.samples.iter().copied().filter(|sample| sample.hour >= last * WARM_UP).collect();
        let none = Sample { hour: 0.0, megabytes: 0.0, resident: 0.0, files: 0.0 };
        let [first, end] = [warm.first(), warm.last()].map(|sample| sample.copied().unwrap_or(none));
        let a_day = |what: fn(&Sample) -> f64| 24.0 * slope(warm.iter().map(|sample| (sample.hour, what(sample))));
        Trend {
            samples: self.samples.len(),
            memory_mb: first.megabytes,
            end_mb: end.megabytes,
            most_mb: self.samples.iter().map(|sample| sample.megabytes).fold(0.0, f64::max),
            memory_a_day_mb: a_day(|sample| sample.megabytes),
            resident_a_day_mb: a_day(|sample| sample.resident),
            files: first.files,
            files_a_day: a_day(|sample| sample.files),
        }
    }
}

/// The slope of the line of least squares.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let count = points.clone().count() as f64;
    let (x, y) = points.clone().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (x, y) = (x / count, y / count);
    let (rises, runs) = points.fold((0.0, 0.0), |(rises, runs), point| {
        (rises + (point.0 - x) * (point.1 - y), runs + (point.0 - x) * (point.0 - x))
    });
    if runs > 0.0 { rises / runs } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(memory: impl Fn(f64) -> f64) -> Trend {
        let at = |tenth: u32| f64::from(tenth) / 10.0;
        // Of what is resident besides, more and more is looked at, and that is no leak.
        let of = |hour| Sample { hour, megabytes: memory(hour), resident: memory(hour) + hour, files: 30.0 };
        let samples = (0..=240).map(at).map(of);
        Gauge { samples: samples.collect() }.trend()
    }

    #[test]
    fn a_leak_is_seen_through_noise_and_a_warm_up_is_none() {
        let noise = |hour: f64| (hour * 37.0).sin();
        let flat = run(|hour| 60.0 + 40.0 * (hour / 8.0).min(1.0) + noise(hour));
        assert!(flat.memory_a_day_mb.abs() < 1.0 && flat.files_a_day.abs() < 1e-9, "{flat:?}");
        let leaks = run(|hour| 60.0 + 2.0 * hour + noise(hour));
        assert!((leaks.memory_a_day_mb - 48.0).abs() < 1.0, "{leaks:?}");
        assert_eq!(flat.samples, 241);
        assert!((flat.resident_a_day_mb - flat.memory_a_day_mb - 24.0).abs() < 1e-6, "{flat:?}");
        assert!((leaks.end_mb - 108.0).abs() <= 1.0, "{leaks:?}");
    }
}
