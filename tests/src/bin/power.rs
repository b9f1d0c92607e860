//! `power`: cuts the power of both stores at drawn moments and counts what was promised and lost.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand, ValueEnum};
use wardvoice_tests::long_run;
use wardvoice_tests::power::{
    self, AggregatorLog, Barriers, End, ForgettingLog, KioskOutbox, Plan, Report, Temper,
};

/// How many cuts share a life, unless told otherwise.
const CUTS_A_LIFE: usize = 20;

/// Cuts the power of the aggregator's log and the kiosk's outbox; exits 1 unless every promise is kept.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    inner: Option<Inner>,
    /// How many cuts for each store.
    #[arg(long, default_value_t = 100)]
    cuts: usize,
    /// How many lives the cuts are spread over; each begins with what a cut of the one before left.
    #[arg(long)]
    lives: Option<usize>,
    /// Where the drawing of cuts starts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Whose store.
    #[arg(long, value_enum, default_value = "both")]
    store: Choice,
    /// What a life consists of: records sent, or things an outbox is asked to do.
    #[arg(long, default_value_t = 60)]
    steps: usize,
    /// Take an fsync of a file for nothing. Promises are lost then, or this proves nothing.
    #[arg(long)]
    without_barriers: bool,
    /// Print one JSON object a store.
    #[arg(long)]
    json: bool,
    /// Leave the run's directory where it is.
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
enum Inner {
    /// The process whose outbox is cut; started by a run itself.
    #[command(hide = true)]
    WriteOutbox {
        /// The kiosk's data directory.
        #[arg(long)]
        data: PathBuf,
        /// Where its drawing starts.
        #[arg(long)]
        seed: u64,
        /// How many things it does.
        #[arg(long)]
        steps: usize,
        /// Where it ends.
        #[arg(long)]
        end: String,
        /// Promise before anything is kept.
        #[arg(long)]
        hasty: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The aggregator's.
    Log,
    /// The kiosk's.
    Outbox,
    /// The aggregator's, while answers are taken back and the log is written anew.
    Forgetting,
    /// The log and the outbox, one after the other.
    Both,
}

fn main() -> Result<ExitCode> {
    long_run::speaks_from("error");
    let arguments = Arguments::parse();
    if let Some(Inner::WriteOutbox { data, seed, steps, end, hasty }) = &arguments.inner {
        let temper = if *hasty { Temper::Hasty } else { Temper::Patient };
        power::write_an_outbox(data, *seed, *steps, temper, End::named(end)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = Plan {
        cuts: arguments.cuts,
        lives: arguments.lives.unwrap_or_else(|| arguments.cuts.div_ceil(CUTS_A_LIFE)),
        seed: arguments.seed,
        barriers: if arguments.without_barriers { Barriers::Ignored } else { Barriers::Honest },
    };
    let mut holds = true;
    for store in [Choice::Outbox, Choice::Log, Choice::Forgetting] {
        let is_meant =
            arguments.store == store || (arguments.store == Choice::Both && store != Choice::Forgetting);
        if is_meant {
            holds &= one(&arguments, store, &plan)?;
        }
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn one(arguments: &Arguments, store: Choice, plan: &Plan) -> Result<bool> {
    let directory = tempfile::Builder::new().prefix("wardvoice-power-").tempdir()?;
    let path = directory.path();
    let outcome = match store {
        Choice::Outbox => {
            power::run(&mut KioskOutbox { steps: arguments.steps, temper: Temper::Patient }, plan, path)
        }
        Choice::Forgetting => {
            power::run(&mut ForgettingLog::new(arguments.steps, arguments.steps / 5), plan, path)
        }
        Choice::Log | Choice::Both => power::run(&mut AggregatorLog::new(arguments.steps), plan, path),
    };
    let holds = outcome.as_ref().is_ok_and(Report::holds);
    if arguments.keep || outcome.is_err() {
        tracing::error!("the run's directory is left in {}", directory.keep().display());
    }
    let report = outcome.with_context(|| format!("failed to finish the run with seed {}", plan.seed))?;
    let text =
        if arguments.json { serde_json::to_string(&report)? } else { serde_json::to_string_pretty(&report)? };
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(holds)
}
