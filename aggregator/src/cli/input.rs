//! What people type or pipe in.

use std::io::{self, BufRead, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

/// The first line of standard input.
pub(super) fn first_line() -> Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("failed to read standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks twice with the echo off.
pub(super) fn ask_for(what: &str) -> Result<String> {
    anyhow::ensure!(
        io::stdin().is_terminal(),
        "failed to ask for the {what}: there is no terminal; pipe it in (see --help)"
    );
    let echo = |state: &str| std::process::Command::new("stty").arg(state).status();
    let once = |prompt: &str| -> Result<String> {
        let mut out = io::stderr();
        write!(out, "{prompt}")?;
        out.flush()?;
        let hidden = echo("-echo").is_ok_and(|status| status.success());
        let line = first_line();
        if hidden {
            echo("echo").context("failed to switch the terminal's echo on again: type `stty echo`")?;
        }
        writeln!(out)?;
        line
    };
    let first = once(&format!("New {what}: "))?;
    let second = once("The same again: ")?;
    anyhow::ensure!(first == second, "failed to set it: the two differ; run the command again");
    Ok(first)
}

/// A file, or standard input where none is named.
pub(super) fn open(file: Option<&Path>) -> Result<Box<dyn BufRead>> {
    match file {
        None => Ok(Box::new(io::BufReader::new(io::stdin()))),
        Some(path) => {
            let opened = std::fs::File::open(path);
            let file = opened.with_context(|| format!("failed to open {}", path.display()))?;
            Ok(Box::new(io::BufReader::new(file)))
        }
    }
}
