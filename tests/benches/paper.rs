//! The board's paper of a made-up year: how long from the command to the PDF, with the server running and without.
//!
//! `WARDVOICE_VISITS` sets how often it is made (default 10).

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use wardvoice_tests::bench::{machine, ms, number, quantile, say};
use wardvoice_tests::made_up::MadeUpTrust;
use wardvoice_tests::programs;

/// A year.
const FORTNIGHTS: u32 = 26;
const GOAL_MS: f64 = 2_000.0;

fn main() -> Result<()> {
    let (machine, many) = (machine()?, number("WARDVOICE_VISITS", 10).max(1));
    programs::report()?;
    let folder = tempfile::tempdir()?;
    let served = MadeUpTrust::start(folder.path(), FORTNIGHTS)?.turn_real(folder.path())?;
    paper(folder.path(), many, (&machine, true))?;
    served.stop()?;
    paper(folder.path(), many, (&machine, false))
}

/// Makes the paper so many times; each is a process of its own, as typed by hand.
fn paper(folder: &Path, many: usize, (machine, served): (&str, bool)) -> Result<()> {
    let out = folder.join("board.pdf");
    let (mut times, mut bytes) = (Vec::with_capacity(many), 0);
    for _ in 0..many {
        let mut command = Command::new(programs::aggregator()?);
        command.arg("--data").arg(folder.join("aggregator")).args(["report", "board", "--out"]).arg(&out);
        let began = Instant::now();
        let output = command.output().context("failed to start the report")?;
        times.push(began.elapsed());
        ensure!(output.status.success(), "`report board` ended: {}", String::from_utf8_lossy(&output.stderr));
        let pdf = std::fs::read(&out)?;
        ensure!(pdf.starts_with(b"%PDF-"), "it is no PDF");
        bytes = pdf.len();
    }
    let first = times.first().copied().unwrap_or_default();
    say(&json!({
        "bench": "paper_for_the_board", "machine": machine, "fortnights": FORTNIGHTS, "server_running": served,
        "made": many, "first_ms": ms(first), "p50_ms": ms(quantile(&mut times, 0.5)),
        "worst_ms": ms(quantile(&mut times, 1.0)), "bytes": bytes, "goal_ms": GOAL_MS,
    }))
}
