//! Every named place where a kill hurts most: before and after each flush, before and after each receipt.
//!
//! With the broker inside, each place has a story of its own. With mosquitto between, which goes on while an aggregator is dead and may
//! forget what it took, the places come one after the other in the life of one ward, which is counted once at its end.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::faults::{AGGREGATOR_POINTS, Bedside, KIOSK_POINTS, everything_is_stored_once};
use wardvoice_tests::wait::until;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);
/// How often a place is passed before the kill: at once, and in the middle of work.
const PASSES: [u32; 2] = [0, 5];
/// The same where every place is passed in one story.
const SOME_PASSES: u32 = 3;

fn armed(point: &str, passes: u32) -> String {
    if passes == 0 { format!("{point}=return") } else { format!("{point}={passes}*off->return") }
}

fn kiosk(ward: &Ward, number: usize) -> Result<Bedside> {
    let broker = ward.broker_url()?;
    Bedside::register(number, "W1", &ward.aggregator, &broker, ward.path())
}

/// Patients go on being thanked, and then everything is counted.
fn goes_on_to_the_end(mut ward: Ward, mut kiosks: Vec<Bedside>) -> Result<()> {
    for kiosk in &mut kiosks {
        kiosk.goes_on(4)?;
        kiosk.no_more_patients();
    }
    everything_is_stored_once(&mut kiosks, &mut ward.aggregator)
}

/// Starts a kiosk that dies at a place, and waits until it has.
fn dies(kiosk: &mut Bedside, point: &str, passes: u32) -> Result<()> {
    kiosk.start(Some(&armed(point, passes)))?;
    let status = until(&format!("the kiosk to die at {point}"), DEADLINE, || kiosk.ended())
        .with_context(|| kiosk.last_words())?;
    ensure!(!status.success(), "the kiosk ended in order at {point}");
    kiosk.kill()
}

/// The same with the aggregator, which runs.
fn aggregator_dies(ward: &mut Ward, point: &str, passes: u32) -> Result<()> {
    ward.aggregator.kill()?;
    ward.aggregator.spawn(Some(&armed(point, passes)))?;
    let process = ward.aggregator.process()?;
    until(&format!("the aggregator to die at {point}"), DEADLINE, || process.ended())
        .with_context(|| process.last_words())?;
    Ok(())
}

fn kiosk_dies_at(point: &str) -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    let mut kiosk = kiosk(&ward, 1)?;
    for passes in PASSES {
        dies(&mut kiosk, point, passes)?;
    }
    kiosk.start(None)?;
    goes_on_to_the_end(ward, vec![kiosk])
}

fn aggregator_dies_at(point: &str) -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    let mut kiosk = kiosk(&ward, 1)?;
    kiosk.start(None)?;
    for passes in PASSES {
        aggregator_dies(&mut ward, point, passes)?;
    }
    ward.aggregator.kill()?;
    ward.aggregator.start()?;
    goes_on_to_the_end(ward, vec![kiosk])
}

/// One kiosk dies at every place of its own, then the aggregator at every place of its own.
fn both_die_everywhere(between: Between) -> Result<()> {
    let mut ward = Ward::open(between)?;
    let mut kiosk = kiosk(&ward, 1)?;
    for point in KIOSK_POINTS {
        dies(&mut kiosk, point, SOME_PASSES)?;
    }
    kiosk.start(None)?;
    for point in AGGREGATOR_POINTS {
        aggregator_dies(&mut ward, point, SOME_PASSES)?;
    }
    ward.aggregator.kill()?;
    ward.aggregator.start()?;
    goes_on_to_the_end(ward, vec![kiosk])
}

#[test]
fn a_kiosk_killed_before_its_flush() -> Result<()> {
    kiosk_dies_at("outbox.before_flush")
}

#[test]
fn a_kiosk_killed_after_its_flush() -> Result<()> {
    kiosk_dies_at("outbox.after_flush")
}

#[test]
fn a_kiosk_killed_before_it_deletes() -> Result<()> {
    kiosk_dies_at("outbox.before_delete")
}

#[test]
fn a_kiosk_killed_after_it_deletes() -> Result<()> {
    kiosk_dies_at("outbox.after_delete")
}

#[test]
fn a_kiosk_killed_after_it_publishes() -> Result<()> {
    kiosk_dies_at("courier.after_publish")
}

#[test]
fn an_aggregator_killed_before_its_flush() -> Result<()> {
    aggregator_dies_at("log.before_flush")
}

#[test]
fn an_aggregator_killed_after_its_flush() -> Result<()> {
    aggregator_dies_at("log.after_flush")
}

#[test]
fn an_aggregator_killed_before_its_receipts() -> Result<()> {
    aggregator_dies_at("receipts.before_send")
}

#[test]
fn an_aggregator_killed_after_its_receipts() -> Result<()> {
    aggregator_dies_at("receipts.after_send")
}

#[test]
fn everything_killed_everywhere_with_mosquitto_between() -> Result<()> {
    both_die_everywhere(Between::Mosquitto)
}

#[test]
fn everything_killed_everywhere_with_a_mosquitto_that_forgets() -> Result<()> {
    both_die_everywhere(Between::MosquittoDefault)
}

#[test]
fn every_place_has_its_story() {
    let told = include_str!("kill_points.rs");
    for point in AGGREGATOR_POINTS.iter().chain(&KIOSK_POINTS) {
        assert!(told.contains(&format!("dies_at(\"{point}\")")), "no story kills at {point}");
    }
}
