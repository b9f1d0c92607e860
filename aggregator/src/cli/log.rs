//! `log`: mending and rewriting, without a server.

use std::path::Path;

use anyhow::Result;
use clap::Subcommand;

use super::reach;

#[derive(Debug, Subcommand)]
pub(super) enum LogCommand {
    /// Write the log anew, so that nothing that was deleted stays in its file. The server must not run.
    Rewrite {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Move a damaged log aside and take over every record that can still be read.
    Salvage {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl LogCommand {
    pub(super) fn run(&self, data: &Path) -> Result<bool> {
        match self {
            Self::Rewrite { json } => reach::rewrite(data, *json).map(|()| true),
            Self::Salvage { json } => reach::salvage(data, *json),
        }
    }
}
