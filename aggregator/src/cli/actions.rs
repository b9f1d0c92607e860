//! What `action` can be asked.

use anyhow::Result;
use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::WardId;

use super::say;
use super::whose::Whose;
use crate::actions::{Cause, NewAction};
use crate::operations::Request;
use crate::scoring::Measure;

#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum ActionCommand {
    /// Take an action on for a ward, a department, a specialty, a site or the trust.
    Add {
        #[command(flatten)]
        whose: Whose,
        /// What patients said, in your own words.
        #[arg(long, value_name = "TEXT")]
        said: String,
        /// What is done about it.
        #[arg(long, value_name = "TEXT")]
        did: String,
        /// The role that sees to it, for example "ward sister"; no name.
        #[arg(long, value_name = "ROLE")]
        owner: Option<String>,
        /// What it is to change, domain:kindness: its effect is measured by that; the overall score when absent.
        #[arg(long, value_name = "MEASURE")]
        about: Option<Measure>,
        /// The day by which it is to be done, 2026-12-01.
        #[arg(long, value_name = "DATE")]
        due: Option<Date>,
        /// Print the action as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say that an action is done: the kiosks of its wards show it from then on.
    Done {
        /// Its number.
        number: u32,
        /// The day it was done; today when absent.
        #[arg(long, value_name = "DATE")]
        on: Option<Date>,
        /// Print the action as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say that an action is not done after all.
    Reopen {
        /// Its number.
        number: u32,
        /// Print the action as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the actions, the newest first, with what those that are done came to.
    List {
        /// Of one ward; of everybody when absent.
        #[arg(long)]
        ward: Option<WardId>,
        /// Of one unit, where it is no ward: department:ID, specialty:ID, site:ID or trust:ID.
        #[arg(long, value_name = "KIND:ID", conflicts_with = "ward")]
        unit: Option<Unit>,
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl ActionCommand {
    pub(super) fn asked(&self) -> Result<(Request, say::Style)> {
        Ok(match self.clone() {
            Self::Add { whose, said, did, owner, about, due, json } => {
                let unit = whose.unit()?;
                let action = NewAction { unit, said, did, owner, about, due, cause: Cause::default() };
                (Request::ActionAdd(action), say::Style::one(json, say::action))
            }
            Self::Done { number, on, json } => {
                (Request::ActionDone { number, on }, say::Style::one(json, say::action))
            }
            Self::Reopen { number, json } => {
                (Request::ActionReopen { number }, say::Style::one(json, say::action))
            }
            Self::List { ward, unit, json } => {
                let unit = unit.or_else(|| ward.map(Unit::Ward));
                (Request::ActionList { unit }, say::Style::list(json, say::action))
            }
        })
    }
}
