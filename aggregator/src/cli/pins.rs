//! `pin`: the PINs of the kiosks' doors.

use anyhow::Result;
use clap::Subcommand;

use super::{input, say};
use crate::operations::Request;
use crate::pins::Role;

#[derive(Debug, Subcommand)]
pub(super) enum PinCommand {
    /// Set the PIN that volunteers or managers come in with at every kiosk.
    Set {
        /// volunteer or manager.
        #[arg(long)]
        role: Role,
        /// Read the PIN from standard input instead of asking for it.
        #[arg(long)]
        pin_stdin: bool,
    },
}

impl PinCommand {
    pub(super) fn run(&self, ask: impl FnOnce(Request, say::Style) -> Result<bool>) -> Result<bool> {
        let Self::Set { role, pin_stdin } = self;
        let pin = if *pin_stdin { input::first_line()? } else { input::ask_for("PIN (4 to 8 digits)")? };
        let well = ask(Request::PinSet { role: *role, pin }, say::Style::Json)?;
        say::text(&format!("The {role} PIN is set. Kiosks learn it as they connect.\n"))?;
        Ok(well)
    }
}
