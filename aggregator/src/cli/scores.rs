//! What `scores` can be asked.

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;

use super::say::{self, Style};
use crate::operations::Request;
use crate::policy::Audience;
use crate::scoring::{Cut, DefinitionRef};

#[derive(Debug, clap::Args)]
pub(super) struct ScoresArguments {
    /// 2026-F23 (fortnight), 2026-11 (month), 2026-H2 (half year), 6m-2026-11-22 (six months to a day) or
    /// 2026-11-01..2026-11-14.
    #[arg(long)]
    period: String,
    /// ward:W12, department:, site:, trust:, specialty: or consultant: and an id.
    #[arg(long)]
    unit: Unit,
    /// A part of the unit's people: mode=self,age=81+ and so on.
    #[arg(long, value_name = "FIELD=VALUE,…", default_value_t)]
    cut: Cut,
    /// The scoring definition, for example inpatient@1; the one in force when absent.
    #[arg(long, value_name = "ID@VERSION")]
    definition: Option<DefinitionRef>,
    /// Look back from a day: what came later is not in it.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Withhold what this audience may not see: ward, board, public or office. Without it everything is printed, for whoever checks the
    /// figures; for a consultant see `appraisal`.
    #[arg(long)]
    audience: Option<Audience>,
    /// Print step by step how it came to be.
    #[arg(long)]
    explain: bool,
    /// Print the sheet as JSON.
    #[arg(long)]
    json: bool,
}

impl ScoresArguments {
    pub(super) fn request(&self) -> Request {
        Request::Scores {
            period: self.period.clone(),
            unit: self.unit.clone(),
            cut: self.cut.clone(),
            definition: self.definition.clone(),
            as_of: self.as_of,
            explain: self.explain,
            audience: self.audience,
        }
    }

    pub(super) fn style(&self) -> Style {
        Style::one(self.json, if self.explain { say::explained } else { say::sheet })
    }
}
