//! What `alert` can be asked.

use super::say::{self, Style};
use crate::help::StaffRole;
use crate::operations::{AlertsAsk, Request};

#[derive(Debug, clap::Subcommand)]
pub(super) enum AlertCommand {
    /// List what is to be looked at, and what was seen and is still so.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say that somebody has seen an alert: it is silent until it ends and comes back.
    Seen {
        /// Its name, as `alert list` shows it.
        key: String,
        /// The role of whoever has seen it, for example "site manager"; never a name.
        #[arg(long, value_name = "ROLE")]
        by: StaffRole,
        /// Print what stands as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl AlertCommand {
    pub(super) fn asked(&self) -> (Request, Style) {
        match self {
            Self::List { json } => (Request::Alerts(AlertsAsk { seen: None }), Style::list(*json, say::alert)),
            Self::Seen { key, by, json } => {
                let seen = Some((key.clone(), by.clone()));
                (Request::Alerts(AlertsAsk { seen }), Style::one(*json, say::alert))
            }
        }
    }
}
