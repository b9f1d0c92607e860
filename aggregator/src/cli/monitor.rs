//! What `monitor` can be asked.

use anyhow::{Result, bail};

use super::say::{self, Style};
use crate::help::StaffRole;
use crate::operations::{MonitorAsk, MonitorMark};

#[derive(Debug, clap::Args)]
pub(super) struct MonitorArguments {
    /// 2026-F23 (fortnight), 2026-11 (month), 2026-H2 (half year) or 2026-11-01..2026-11-14.
    #[arg(long)]
    period: String,
    /// Note that somebody has looked at a finding, by its id; it is then listed apart. Needs a note and a role.
    #[arg(long, value_name = "FINDING", requires_all = ["note", "by"])]
    looked_at: Option<String>,
    /// What they found out, on one line, without a name.
    #[arg(long, value_name = "TEXT", requires = "looked_at")]
    note: Option<String>,
    /// Say that a note was a mistake: the finding is listed as new again.
    #[arg(long, value_name = "FINDING", conflicts_with = "looked_at", requires = "by")]
    take_back: Option<String>,
    /// The role of whoever looked, for example "programme lead"; never a name.
    #[arg(long, value_name = "ROLE")]
    by: Option<StaffRole>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

impl MonitorArguments {
    pub(super) fn request(&self) -> Result<MonitorAsk> {
        let note = self.note.clone().unwrap_or_default();
        let mark = match (&self.looked_at, &self.take_back, &self.by) {
            (Some(finding), _, Some(by)) => {
                Some((MonitorMark::LookedAt { finding: finding.clone(), note }, by.clone()))
            }
            (None, Some(finding), Some(by)) => {
                Some((MonitorMark::TakenBack { finding: finding.clone() }, by.clone()))
            }
            (None, None, None) => None,
            _ => bail!("failed to note anything: --by ROLE goes with --looked-at or --take-back"),
        };
        Ok(MonitorAsk { period: self.period.clone(), mark })
    }

    pub(super) fn style(&self) -> Style {
        Style::one(self.json, say::monitored)
    }
}
