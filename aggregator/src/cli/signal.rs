//! What `signal` and `rebase` can be asked.

use wardvoice_protocol::directory::Unit;

use super::say::{self, Style};
use crate::operations::Request;
use crate::scoring::Measure;

#[derive(Debug, clap::Args)]
pub(super) struct SignalArguments {
    /// ward:W12, department:, site:, trust: or specialty: and an id.
    #[arg(long)]
    unit: Unit,
    /// `overall`, `domain:kindness`, `friends_and_family`, `problem:domain:kindness` or `problem:question:kindness`; may be
    /// given more than once; all when absent.
    #[arg(long)]
    measure: Vec<Measure>,
    /// The last fortnight: 2026-F23, or a day of it; the present one when absent.
    #[arg(long, value_name = "FORTNIGHT")]
    until: Option<String>,
    /// Print points, limits and findings as JSON.
    #[arg(long)]
    json: bool,
}

impl SignalArguments {
    pub(super) fn request(&self) -> Request {
        Request::Signal { unit: self.unit.clone(), measures: self.measure.clone(), until: self.until.clone() }
    }

    pub(super) fn style(&self) -> Style {
        Style::list(self.json, say::signal)
    }
}

#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum RebaseCommand {
    /// Start limits and rules afresh from a fortnight on.
    Add {
        /// ward:W12, department:, site:, trust: or specialty: and an id.
        #[arg(long)]
        unit: Unit,
        /// overall, domain:kindness and so on, as in `signal`; every measure of the unit when absent.
        #[arg(long)]
        measure: Option<Measure>,
        /// The first fortnight of the new limits: 2026-F12, or a day of it.
        #[arg(long, value_name = "FORTNIGHT")]
        from: String,
        /// Why: what is known to have changed. It is drawn on the chart.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Print the re-basing as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a re-basing back; it stays in the list.
    Remove {
        /// Its number.
        number: u32,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Print the re-basing as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the re-basings, removed ones too, the newest first.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl RebaseCommand {
    pub(super) fn asked(&self) -> (Request, Style) {
        match self.clone() {
            Self::Add { unit, measure, from, reason, json } => {
                (Request::RebaseAdd { unit, measure, from, reason }, Style::one(json, say::rebase))
            }
            Self::Remove { number, reason, json } => {
                (Request::RebaseRemove { number, reason }, Style::one(json, say::rebase))
            }
            Self::List { json } => (Request::RebaseList, Style::list(json, say::rebase)),
        }
    }
}
