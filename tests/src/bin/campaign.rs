//! `campaign`: thousands of kiosks at once, or a day in minutes; ends by itself and exits 1 unless everything held.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use wardvoice_tests::bench::machine;
use wardvoice_tests::campaign::{scale, soak};
use wardvoice_tests::long_run;

/// Long runs against a whole Wardvoice; each prints one line of JSON.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    run: Run,
    /// Leave the run's directory where it is.
    #[arg(long, global = true)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
enum Run {
    /// Kiosks that are all connected at once, all come back after a restart, and all come back after a week with what they have kept.
    Scale(Scale),
    /// A day in minutes, and whether memory and open files stay as they are.
    Soak(Soak),
}

#[derive(Debug, Args)]
struct Scale {
    /// How many kiosks.
    #[arg(long, default_value_t = 2_000)]
    kiosks: usize,
    /// How many records each brings back.
    #[arg(long, default_value_t = 500)]
    records: usize,
    /// How long the server is away each time, in seconds.
    #[arg(long, default_value_t = 60)]
    away_seconds: u64,
    /// Minutes after which the run gives up.
    #[arg(long, default_value_t = 120)]
    deadline_minutes: u64,
    /// Within how many seconds everybody has to be back.
    #[arg(long, default_value_t = 60)]
    most_back_seconds: u64,
    /// How late an open page may be, in seconds.
    #[arg(long, default_value_t = 5)]
    most_late_seconds: u64,
    /// How much memory the aggregator may ever take, in MB: half of what docs/operate.md asks of a server.
    #[arg(long, default_value_t = 2_048.0)]
    most_mb: f64,
}

#[derive(Debug, Args)]
struct Soak {
    /// How long a day takes, in minutes.
    #[arg(long, default_value_t = 24)]
    minutes: u64,
    /// How many days.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// How many kiosks.
    #[arg(long, default_value_t = 6)]
    kiosks: usize,
    /// How many answers they give in a day.
    #[arg(long, default_value_t = 2_000)]
    answers: u32,
    /// One more kiosk with its real window, on a display without a screen (Xvfb), with a patient at it all day.
    #[arg(long)]
    window: bool,
    /// How much more memory the aggregator may take in a day, in MB.
    #[arg(long, default_value_t = 24.0)]
    most_aggregator_mb: f64,
    /// The same of a kiosk.
    #[arg(long, default_value_t = 4.0)]
    most_kiosk_mb: f64,
    /// The same of the kiosk with its window.
    #[arg(long, default_value_t = 8.0)]
    most_window_mb: f64,
}

/// What is printed.
#[derive(Serialize)]
struct Line<R> {
    run: &'static str,
    machine: String,
    holds: bool,
    #[serde(flatten)]
    report: R,
}

fn main() -> Result<ExitCode> {
    // Fails only when a provider is there already.
    drop(rustls::crypto::ring::default_provider().install_default());
    long_run::speaks_from("info");
    let arguments = Arguments::parse();
    let directory = tempfile::Builder::new().prefix("wardvoice-campaign-").tempdir()?;
    let path = directory.path().to_path_buf();
    let holds = match &arguments.run {
        Run::Scale(scale) => scale.run(&path),
        Run::Soak(soak) => soak.run(&path),
    };
    if arguments.keep || !holds.as_ref().is_ok_and(|holds| *holds) {
        tracing::warn!("the run's directory is left in {}", directory.keep().display());
    }
    Ok(if holds? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Scale {
    fn run(&self, directory: &Path) -> Result<bool> {
        let plan = scale::Plan {
            kiosks: self.kiosks,
            records: self.records,
            away: Duration::from_secs(self.away_seconds),
            deadline: Duration::from_secs(60 * self.deadline_minutes),
            most_back: Duration::from_secs(self.most_back_seconds),
            most_late: Duration::from_secs(self.most_late_seconds),
            most_mb: self.most_mb,
        };
        let report = scale::run(&plan, directory).context("failed to finish the run")?;
        say("scale", report.holds(), report)
    }
}

impl Soak {
    fn run(&self, directory: &Path) -> Result<bool> {
        let plan = soak::Plan {
            day: Duration::from_secs(60 * self.minutes),
            days: self.days,
            kiosks: self.kiosks,
            answers: self.answers,
            looks: 10,
            pages: 4,
            window: self.window,
            most_mb: [self.most_aggregator_mb, self.most_kiosk_mb, self.most_window_mb],
        };
        let report = soak::run(&plan, directory).context("failed to finish the run")?;
        say("soak", report.holds(), report)
    }
}

fn say(run: &'static str, holds: bool, report: impl Serialize) -> Result<bool> {
    let line = serde_json::to_string(&Line { run, machine: machine()?, holds, report })?;
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(holds)
}
