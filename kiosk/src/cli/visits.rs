//! `visits`: the visit log of a tablet, and the orders that follow from it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::interview::volunteer::{METHOD, order};
use crate::visits;

/// Look at the rounds that volunteers went, and at the order of beds that was drawn for each
#[derive(Debug, Args)]
pub(super) struct Visits {
    /// Where the kiosk keeps its files
    #[arg(long, value_name = "DIR", env = "WARDVOICE_KIOSK_DATA")]
    data: PathBuf,
    /// Print one JSON object a visit, with its order
    #[arg(long)]
    json: bool,
}

impl Visits {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let lines = visits::read(&self.data).context("read the visit log")?;
        for line in lines {
            let known = line.visit.method == METHOD;
            let seed = line.visit.seed.parse::<u64>().ok().filter(|_| known);
            let places = seed.map(|seed| order(seed, line.visit.beds));
            if self.json {
                super::say(
                    &serde_json::json!({"hour": line.hour, "visit": line.visit, "order": places}).to_string(),
                )?;
                continue;
            }
            let order = match places {
                Some(places) => {
                    // From 1, as people count the beds of a ward's board.
                    places.iter().map(|place| (place + 1).to_string()).collect::<Vec<_>>().join(" ")
                }
                None => format!("drawn by {}, which this program does not know", line.visit.method),
            };
            super::say(&format!(
                "{}  {}  {} beds, seed {}: {order}",
                line.hour, line.visit.ward, line.visit.beds, line.visit.seed
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
