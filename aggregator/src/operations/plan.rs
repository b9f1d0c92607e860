//! What commands say and change of the fortnight's plan.

use std::sync::PoisonError;

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use super::{Talk, say};
use crate::help::StaffRole;
use crate::planning::PlanWish;
use crate::premises::{House, failed};
use crate::scoring::score;

/// What is asked about the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanAsk {
    /// Answers with every ward's target and how far it is.
    List {
        /// The fortnight's name; the present one when absent.
        period: Option<String>,
    },
    /// Changes the plan and answers with what was written down.
    Set {
        /// What is wished for.
        wish: PlanWish,
        /// Whoever decides: a role.
        by: StaffRole,
    },
    /// Answers with every decision, the newest first.
    History,
}

/// A ward's plan in a fortnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLine {
    /// The ward.
    pub ward: WardId,
    /// Its name.
    pub name: String,
    /// The fortnight.
    pub period: String,
    /// Its beds.
    pub beds: u16,
    /// Its target.
    pub target: u64,
    /// Whether the target is the ward's own, and not what falls to it by its beds.
    pub own: bool,
    /// How many answers it has.
    pub done: u64,
    /// How many are to go.
    pub to_go: u64,
    /// The fortnight's last local day.
    pub last_day: Date,
}

/// Does what is asked about the plan.
pub(super) fn plan(house: &House, asked: PlanAsk, talk: &mut dyn Talk) -> Result<bool> {
    match asked {
        PlanAsk::List { period } => list(house, period.as_deref(), talk)?,
        PlanAsk::Set { wish, by } => {
            let decided = house.plan(&wish, &by).map_err(failed)?;
            decided.iter().try_for_each(|decision| say(talk, decision))?;
        }
        PlanAsk::History => {
            house.premises.planning.decisions().iter().try_for_each(|decision| say(talk, decision))?;
        }
    }
    Ok(true)
}

fn list(house: &House, period: Option<&str>, talk: &mut dyn Talk) -> Result<()> {
    let (scoring, today) = (&house.scoring, house.premises.today());
    let calendar = scoring.calendar();
    let period = match period {
        Some(text) => calendar.period(text).context("failed to read the period")?,
        None => Period::Fortnight(calendar.fortnight_of(today).context("failed to find the present fortnight")?),
    };
    let plan = scoring.plan(period.start());
    let mut lines = Vec::new();
    {
        let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
        for (entry, ward) in scoring.directory().wards().iter().zip(plan.wards()) {
            let sheet = score(&facts, scoring, &period, &Unit::Ward(entry.id.clone()), today).map_err(failed)?;
            let counted = sheet.plan.context("failed to read the plan: only a fortnight has one, as 2026-F23")?;
            lines.push(PlanLine {
                ward: entry.id.clone(),
                name: entry.name.clone(),
                period: period.to_string(),
                beds: ward.beds,
                target: counted.quota,
                own: ward.own.is_some(),
                done: counted.done,
                to_go: counted.quota.saturating_sub(counted.done),
                last_day: period.last(),
            });
        }
    }
    lines.iter().try_for_each(|line| say(talk, line))
}
