//! The count at the end, from the kiosks' own words and the export.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::{Bedside, Plan, Report, Scene};
use crate::aggregator::Aggregator;

/// No more patients: the kiosks empty their outboxes, the server is stopped, and everything they thanked for is stored once.
pub fn everything_is_stored_once(kiosks: &mut [Bedside], aggregator: &mut Aggregator) -> Result<()> {
    kiosks.iter_mut().for_each(Bedside::no_more_patients);
    kiosks.iter_mut().try_for_each(Bedside::empties_its_outbox)?;
    aggregator.stop()?;
    let ledger = aggregator.ledger()?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    let stored = ledger.marks();
    for mark in kiosks.iter().flat_map(Bedside::marks) {
        ensure!(stored.get(mark.as_str()) == Some(&1), "{mark} is stored {:?} times", stored.get(mark.as_str()));
    }
    aggregator.verify()?;
    Ok(())
}

pub(super) fn reach(mut scene: Scene, plan: &Plan, began: Instant) -> Result<Report> {
    let kept: Vec<String> = scene.kiosks.iter().flat_map(Bedside::marks).collect();
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
