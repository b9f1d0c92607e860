//! Whose something is: a ward's, or another unit's.

use anyhow::{Context as _, Result};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::WardId;

/// A ward, or a unit of another kind.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// The ward.
    #[arg(long)]
    ward: Option<WardId>,
    /// The unit, where it is no ward: department:ID, specialty:ID, site:ID or trust:ID.
    #[arg(long, value_name = "KIND:ID")]
    unit: Option<Unit>,
}

impl Whose {
    pub(super) fn unit(&self) -> Result<Unit> {
        let Self { ward, unit } = self.clone();
        unit.or_else(|| ward.map(Unit::Ward)).context("failed to tell whose it is: say --ward or --unit")
    }
}
