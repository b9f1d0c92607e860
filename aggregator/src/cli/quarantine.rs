//! What `quarantine` can be asked.

use super::say;
use crate::operations::Request;

#[derive(Debug, clap::Subcommand)]
pub(super) enum QuarantineCommand {
    /// List what was refused and why.
    List {
        /// Print the entries as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one entry with what came.
    Show {
        /// Its number.
        number: u64,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Judge one entry again, or all, and store what is good now.
    Replay {
        /// Its number; all when absent.
        number: Option<u64>,
        /// Print the verdicts as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl QuarantineCommand {
    pub(super) fn asked(&self) -> (Request, say::Style) {
        match *self {
            Self::List { json } => (Request::QuarantineList, say::Style::list(json, say::refused)),
            Self::Show { number, json } => (Request::QuarantineShow { number }, say::Style::one(json, say::entry)),
            Self::Replay { number, json } => {
                (Request::QuarantineReplay { number }, say::Style::list(json, say::replayed))
            }
        }
    }
}
