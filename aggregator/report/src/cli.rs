//! The command line. Exit codes: 0 done, 1 failed, 2 wrong usage.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::guard::{self, Limits};
use crate::{MOST_BYTES, set};

/// The first argument of the inner process.
const INSIDE: &str = "--inside";

/// Sets a report or a poster: JSON on standard input, an accessible PDF (PDF/UA-1) on standard output.
#[derive(Debug, Parser)]
#[command(name = "wardvoice-report", version, max_term_width = 110)]
struct Arguments {
    /// Write the PDF into a file instead.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How long it may take, reading the input included.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// How much memory it may take.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(64..=8192))]
    megabytes: u32,
    /// Print the JSON Schema of the input instead.
    #[arg(long)]
    schema: bool,
    /// Set the report in this process, inside the limits.
    #[arg(long, hide = true)]
    inside: bool,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    perform(&arguments).unwrap_or_else(|error| {
        say(&format!("wardvoice-report: {error:#}\n"));
        ExitCode::FAILURE
    })
}

/// To standard error; there is nowhere to say that it is gone.
fn say(text: &str) {
    drop(io::stderr().write_all(text.as_bytes()));
}

fn perform(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.schema {
        let schema = serde_json::to_string_pretty(&wardvoice_paper::schema())?;
        io::stdout().write_all(format!("{schema}\n").as_bytes()).context("failed to write the schema")?;
        return Ok(ExitCode::SUCCESS);
    }
    let limits = Limits { seconds: arguments.seconds, megabytes: arguments.megabytes };
    if arguments.inside {
        guard::enter(limits).context("failed to set limits")?;
        return inside(arguments.out.as_deref()).map(|()| ExitCode::SUCCESS);
    }
    ensure!(
        !io::stdin().is_terminal(),
        "failed to read the report: pipe its JSON in, as `wardvoice-aggregator report … --json` prints it"
    );
    ensure!(
        arguments.out.is_some() || !io::stdout().is_terminal(),
        "failed to write a PDF to a terminal: use --out FILE"
    );
    let mut again = vec![format!("--seconds={}", limits.seconds), format!("--megabytes={}", limits.megabytes)];
    if let Some(out) = &arguments.out {
        let out = out.to_str().context("failed to read --out: it is not UTF-8")?;
        again.push(format!("--out={out}"));
    }
    let (code, said) = guard::run(&again, INSIDE, limits).map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    say(&said);
    Ok(code)
}

fn inside(out: Option<&Path>) -> Result<()> {
    let mut json = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    io::stdin().lock().take(most).read_to_end(&mut json).context("failed to read standard input")?;
    let printed = set(&json).map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    for warning in &printed.warnings {
        say(&format!("wardvoice-report: {warning}\n"));
    }
    match out {
        None => io::stdout().write_all(&printed.pdf).context("failed to write the PDF"),
        Some(path) => write(path, &printed.pdf),
    }
}

/// A file is there whole or not at all.
fn write(path: &Path, pdf: &[u8]) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let failed = || format!("failed to write {}", path.display());
    fs::write(&part, pdf).with_context(failed)?;
    fs::rename(&part, path).with_context(failed)
}
