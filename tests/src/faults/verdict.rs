//! The count at the end, from the kiosks' own words and the export.

use std::time::Instant;

use anyhow::Result;

use super::{Plan, Report, Scene};

pub(super) fn reach(mut scene: Scene, plan: &Plan, began: Instant) -> Result<Report> {
    let kept: Vec<String> = scene.kiosks.iter().flat_map(super::Bedside::marks).collect();
    // The aggregator is stopped and read from its disk: what is only in its memory does not count.
    scene.aggregator.stop()?;
    let ledger = scene.aggregator.ledger()?;
    let stored = ledger.marks();
    let lost = kept.iter().filter(|mark| !stored.contains_key(mark.as_str())).count();
    let doubled = stored.values().map(|count| count - 1).sum::<usize>() + ledger.doubled();
    let refused = scene.aggregator.list(&["quarantine", "list"])?.len();
    let mut verify = ledger.faults();
    if let Err(error) = scene.aggregator.verify() {
        verify.push(format!("{error:#}"));
    }
    Ok(Report {
        acknowledged: kept.len(),
        stored: ledger.stored(),
        lost,
        doubled,
        kills: scene.kills,
        gaps: ledger.gaps(),
        refused,
        verify,
        connections: scene.connections,
        seed: plan.seed,
        seconds: began.elapsed().as_secs(),
    })
}
