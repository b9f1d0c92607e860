//! What `help` can be asked: who has asked for help on a kiosk.

use clap::Subcommand;
use wardvoice_protocol::id::RecordId;

use super::say;
use crate::help::StaffRole;
use crate::operations::Request;

#[derive(Debug, Subcommand)]
pub(super) enum HelpCommand {
    /// List the requests that nobody has seen yet.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print how long requests of the last 28 days took to be delivered and seen, by ward.
    Times {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say that somebody has seen a request; the kiosk shows it.
    Seen {
        /// The request's record id.
        record: RecordId,
        /// The role of whoever has seen it, for example "nurse in charge"; never a name.
        #[arg(long, value_name = "ROLE")]
        by: StaffRole,
        /// Print what stands as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl HelpCommand {
    pub(super) fn asked(&self) -> (Request, say::Style) {
        match self {
            Self::List { json } => (Request::HelpList, say::Style::list(*json, say::help_request)),
            Self::Times { json } => (Request::HelpTimes, say::Style::one(*json, say::help_times)),
            Self::Seen { record, by, json } => {
                let request = Request::HelpSeen { record: *record, by: by.clone() };
                (request, say::Style::one(*json, say::help_seen))
            }
        }
    }
}
