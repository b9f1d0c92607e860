//! `statistics METHOD` and `statistics batch`.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::statistics::desk;

pub(super) fn run(method: &str, file: Option<&Path>) -> Result<ExitCode> {
    let mut input = super::input::open(file)?;
    if method == "batch" {
        return batch(input);
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).context("failed to read the input")?;
    match desk::run_text(method, &bytes) {
        Ok(output) => super::say::text(&format!("{output}\n")).map(|()| ExitCode::SUCCESS),
        Err(error) => {
            super::say::error(&crate::premises::failed(error));
            Ok(ExitCode::from(desk::REFUSED_STATUS))
        }
    }
}

/// The methods with a line each, for the help.
pub(super) fn methods() -> String {
    let line = |(name, summary): &(&str, &str)| format!("  {name:<15} {summary}");
    let lines: Vec<String> = desk::SUMMARIES.iter().map(line).collect();
    format!("Methods (input, output and an example of each: docs/statistics.md):\n{}", lines.join("\n"))
}

/// One bad line does not stop the next.
fn batch(input: impl BufRead) -> Result<ExitCode> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    // Bytes, because a line that is no text is a bad line like any other.
    for line in input.split(b'\n') {
        if let Some(answer) = desk::run_line(&line.context("failed to read the input")?) {
            writeln!(out, "{answer}")?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
