//! What the monitor found in a period, and the notes about it.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Talk, say};
use crate::help::StaffRole;
use crate::monitor::of_period;
use crate::premises::{House, failed};

/// What is asked of the monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorAsk {
    /// The period's name.
    pub period: String,
    /// What is to be noted first, and by whom.
    pub mark: Option<(MonitorMark, StaffRole)>,
}

/// A note about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorMark {
    /// Somebody has looked at it.
    LookedAt {
        /// The finding.
        finding: String,
        /// What they noted.
        note: String,
    },
    /// That was a mistake.
    TakenBack {
        /// The finding.
        finding: String,
    },
}

/// Notes what is to be noted, and says what was found.
pub(super) fn look(house: &House, asked: &MonitorAsk, talk: &mut dyn Talk) -> Result<bool> {
    let period = house.premises.config.calendar.period(&asked.period).context("failed to read the period")?;
    let report = of_period(&house.reader(), &house.world, &house.facts, &period).map_err(failed)?;
    let now = Timestamp::now();
    match &asked.mark {
        Some((MonitorMark::LookedAt { finding, note }, by)) => {
            let found = report.findings.iter().find(|one| one.id == *finding);
            let found = found.with_context(|| {
                format!("failed to find {finding:?}: `monitor --period {}` shows what was found", asked.period)
            })?;
            house.marks.look(found, by, note, now).map_err(failed)?;
        }
        Some((MonitorMark::TakenBack { finding }, by)) => {
            house.marks.take_back(finding, by, now).map_err(failed)?;
        }
        None => {}
    }
    say(talk, &report.with(&house.marks))?;
    Ok(true)
}
