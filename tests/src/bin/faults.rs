//! `faults`: kills, cuts and stalls everything while patients answer, and counts at the end.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand, ValueEnum};
use wardvoice_tests::faults::{self, Plan};
use wardvoice_tests::long_run;
use wardvoice_tests::ward::Between;

/// Kills aggregator, broker and kiosks while a fleet answers; exits 1 unless everything is stored once.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    inner: Option<Inner>,
    /// How many processes are killed at least.
    #[arg(long, default_value_t = 50)]
    kills: u64,
    /// How many responses are thanked for at least.
    #[arg(long, default_value_t = 1_000)]
    responses: usize,
    /// Where the drawing of faults starts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The broker between kiosks and aggregator.
    #[arg(long, value_enum, default_value = "embedded")]
    broker: Choice,
    /// Minutes after which the run gives up.
    #[arg(long, default_value_t = 60)]
    deadline_minutes: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Leave the run's directory where it is.
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
enum Inner {
    /// One kiosk process of a run; started by the run itself.
    #[command(hide = true)]
    Bedside {
        /// The kiosk's data directory.
        #[arg(long)]
        data: PathBuf,
        /// What its marks start with.
        #[arg(long)]
        mark: String,
        /// How long after one patient the next comes, in milliseconds.
        #[arg(long)]
        every_ms: u64,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Choice {
    /// The one inside the aggregator.
    Embedded,
    /// A mosquitto that saves every second.
    Mosquitto,
    /// A mosquitto as Debian ships it.
    MosquittoDefault,
}

fn main() -> Result<ExitCode> {
    // Fails only when a provider is there already.
    drop(rustls::crypto::ring::default_provider().install_default());
    long_run::speaks_from("info");
    let arguments = Arguments::parse();
    if let Some(Inner::Bedside { data, mark, every_ms }) = &arguments.inner {
        faults::work_at_the_bedside(data, mark, Duration::from_millis(*every_ms))?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = Plan {
        kills: arguments.kills,
        responses: arguments.responses,
        seed: arguments.seed,
        between: match arguments.broker {
            Choice::Embedded => Between::Embedded,
            Choice::Mosquitto => Between::Mosquitto,
            Choice::MosquittoDefault => Between::MosquittoDefault,
        },
        deadline: Duration::from_secs(60 * arguments.deadline_minutes),
    };
    let directory = tempfile::Builder::new().prefix("wardvoice-faults-").tempdir()?;
    let path = directory.path().to_path_buf();
    let outcome = faults::run(&plan, &path);
    let holds = outcome.as_ref().is_ok_and(faults::Report::holds);
    if arguments.keep || !holds {
        tracing::warn!("the run's directory is left in {}", directory.keep().display());
    }
    let report = outcome.with_context(|| format!("failed to finish the run with seed {}", plan.seed))?;
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string(&report)?)?;
    } else {
        writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
