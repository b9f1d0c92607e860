//! `join` and `renew`: the kiosk's certificate.

use std::io::{self, BufRead as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use wardvoice_protocol::enrolment::{JoinCode, fingerprint};

use super::say;
use crate::{identity, join};

/// What `join` can be told.
#[derive(Debug, Args)]
pub(super) struct Join {
    /// Where the kiosk keeps its keys, settings and outbox
    #[arg(long, value_name = "DIR", env = "WARDVOICE_KIOSK_DATA")]
    data: PathBuf,
    /// Where the aggregator takes kiosks in: a host and a port, as `kiosk enrol` prints them
    #[arg(long, value_name = "HOST:PORT")]
    aggregator: String,
}

/// What `renew` can be told.
#[derive(Debug, Args)]
pub(super) struct Renew {
    /// Where the kiosk keeps its keys, settings and outbox
    #[arg(long, value_name = "DIR", env = "WARDVOICE_KIOSK_DATA")]
    data: PathBuf,
}

impl Join {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let key = fingerprint(&identity::load_or_create(&self.data)?.verifying_key());
        // Before anything is sent, so that whoever stands here can read it out.
        say(&format!("This kiosk's fingerprint: {key}"))?;
        let code = ask_for_code()?;
        let settings = join::join(&self.data, &self.aggregator, &code)?;
        let assignment = &settings.assignment;
        say(&format!(
            "This kiosk is {} on {}. It reaches {}.",
            assignment.kiosk, assignment.ward_name, settings.broker
        ))?;
        say("The office sees the same fingerprint with `wardvoice-aggregator kiosk list`.")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// From standard input: what stands among the arguments is read by everybody on the machine, and stays in the shell's history.
fn ask_for_code() -> anyhow::Result<JoinCode> {
    say("Type the join code:")?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("read standard input")?;
    Ok(line.trim().parse()?)
}

impl Renew {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let until = join::renew(&self.data)?;
        say(&format!("The certificate counts until {until}."))?;
        Ok(ExitCode::SUCCESS)
    }
}
