//! `wardvoice-kiosk simulate`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::mqtt::BrokerAddress;
use crate::simulate::{self, Options, Outage, Progress, Summary};

const REDRAW: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Where the broker is: mqtt://host:port, or mqtts://host:port
    #[arg(long, value_name = "URL")]
    broker: BrokerAddress,
    /// Certificates (PEM) that the broker's is checked with, for mqtts://
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How many kiosks
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    kiosks: u32,
    /// How many patients over all kiosks, each of them one record
    #[arg(long, value_name = "N", default_value_t = 100)]
    responses: u64,
    /// How many patients a second over all kiosks; as fast as possible when not given
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,
    /// Fixes the answers; drawn when not given
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Cut the network START seconds after the first patient for LENGTH seconds; several: 5:2|20:10
    #[arg(long, value_name = "START:LENGTH", value_delimiter = '|')]
    outage: Vec<Outage>,
    /// Keep keys and outboxes here, and go on from them
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How many of a hundred patients answer nothing (asleep, declined …)
    #[arg(long, value_name = "PERCENT", default_value_t = 12, value_parser = clap::value_parser!(u8).range(0..=100))]
    non_response: u8,
    /// Give up when nothing has happened for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "write a number".to_owned())?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("write a number above 0".to_owned()) }
}

impl Simulate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let seed = match self.seed {
            Some(seed) => seed,
            None => u64::from(getrandom::u32()?),
        };
        let options = Options {
            broker: self.broker,
            ca: self.ca,
            kiosks: self.kiosks,
            responses: self.responses,
            rate: self.rate,
            seed,
            outages: self.outage,
            data: self.data,
            non_response_percent: self.non_response,
            patience: Duration::from_secs(self.patience),
        };
        let stop = Arc::new(AtomicBool::new(false));
        stop_on_signal(&stop)?;
        let summary = simulate::run(&options, &stop, bar(options.responses))?;
        say(&if self.json { serde_json::to_string(&summary)? } else { words(&summary) })?;
        Ok(if summary.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn words(summary: &Summary) -> String {
    let shown = |value: Option<f64>| value.map_or("none".to_owned(), |value| format!("{value:.1} ms"));
    format!(
        "{} kiosks, {} of {} records acknowledged, {} refused, {} waiting, in {:.1} s ({:.0} a second); \
         receipt after {} (half), {} (99 of 100)",
        summary.kiosks,
        summary.acknowledged,
        summary.responses,
        summary.refused,
        summary.waiting,
        summary.seconds,
        summary.records_per_second,
        shown(summary.latency_ms.p50),
        shown(summary.latency_ms.p99),
    )
}

/// A line on a terminal that says how far the fleet is; nothing elsewhere.
fn bar(responses: u64) -> impl FnMut(Progress) {
    let terminal = io::stderr().is_terminal();
    let mut drawn = Instant::now();
    move |progress| {
        if terminal && drawn.elapsed() >= REDRAW {
            drawn = Instant::now();
            // A terminal that has gone away is no reason to stop.
            let _gone = write!(
                io::stderr(),
                "\r{} kept, {} acknowledged, of {responses}   ",
                progress.kept,
                progress.settled
            );
        }
    }
}

/// Ends the fleet in good order at the first SIGINT or SIGTERM, at once at the second.
fn stop_on_signal(stop: &Arc<AtomicBool>) -> io::Result<()> {
    let stop = Arc::clone(stop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            loop {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                if stop.swap(true, Ordering::Relaxed) {
                    std::process::exit(1);
                }
            }
        });
    })?;
    Ok(())
}
