//! What `plan` can be asked.

use anyhow::{Result, ensure};
use wardvoice_protocol::id::WardId;

use super::say;
use crate::help::StaffRole;
use crate::operations::{PlanAsk, Request};
use crate::planning::{PlanWish, Target};

#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum PlanCommand {
    /// List every ward's beds and target, and how far the fortnight is.
    List {
        /// The fortnight, 2026-F23; the present one when absent.
        #[arg(long, value_name = "FORTNIGHT")]
        period: Option<String>,
        /// Print the wards as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change the plan from the present fortnight on; kiosks and pages follow at once.
    Set {
        /// The ward; the trust's target when absent.
        #[arg(long)]
        ward: Option<WardId>,
        /// Answers a fortnight, or `share` for what falls to the ward by its beds.
        #[arg(long, value_name = "N|share")]
        target: Option<Target>,
        /// The ward's beds, which weigh its share.
        #[arg(long, value_name = "N")]
        beds: Option<u16>,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The role of whoever decides; never a name.
        #[arg(long, value_name = "ROLE", default_value = "office")]
        by: StaffRole,
        /// Print what was decided as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List what was decided about the plan, the newest first.
    History {
        /// Print the decisions as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl PlanCommand {
    pub(super) fn asked(&self) -> Result<(Request, say::Style)> {
        Ok(match self.clone() {
            Self::List { period, json } => {
                (Request::Plan(PlanAsk::List { period }), say::Style::list(json, say::plan_line))
            }
            Self::Set { ward, target, beds, reason, by, json } => {
                ensure!(target.is_some() || beds.is_some(), "failed to change the plan: give --target or --beds");
                let wish = PlanWish { ward, beds, target, reason };
                (Request::Plan(PlanAsk::Set { wish, by }), say::Style::list(json, say::plan_decision))
            }
            Self::History { json } => {
                (Request::Plan(PlanAsk::History), say::Style::list(json, say::plan_decision))
            }
        })
    }
}
