//! Racing duplicates, copies out of order, and a kiosk that was switched off for weeks: each record counts once.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::receipt::{Decision, Verdict};
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::mqtt::{Client, Options};
use wardvoice_tests::tablet::Tablet;
use wardvoice_tests::ward::{Between, Ward};

const RECORDS: usize = 200;
const COPIES: usize = 5;
const DEADLINE: Duration = Duration::from_mins(2);

fn accepted(verdicts: &[Verdict]) -> BTreeMap<Hash, usize> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.decision == Decision::Accepted) {
        *counts.entry(verdict.envelope).or_insert(0) += 1;
    }
    counts
}

fn race(between: Between) -> Result<()> {
    let ward = Ward::open(between)?;
    let port = ward.broker_port()?;
    let mut tablet = Tablet::introduce("sim-racer", Some("W1"), port, 5)?;
    let envelopes: Vec<Envelope> =
        (0..RECORDS).map(|n| tablet.completes(&format!("race {n}"))).collect::<Result<_>>()?;
    let mut listener = tablet.connect(port)?;
    let start = Arc::new(Barrier::new(COPIES));
    let racers: Vec<_> = (0..COPIES)
        .map(|copy| {
            let payloads: Vec<Vec<u8>> = envelopes.iter().map(Envelope::to_json).collect();
            let (topic, start) = (tablet.records(), Arc::clone(&start));
            std::thread::spawn(move || -> Result<()> {
                let mut client = Client::connect(port, &Options::clean(format!("sim-racer.{copy}")))?;
                start.wait();
                for payload in &payloads {
                    client.publish(&topic, payload)?;
                }
                client.wait_acknowledged(payloads.len(), DEADLINE)?;
                client.disconnect()
            })
        })
        .collect();
    let verdicts = tablet.verdicts(&mut listener, RECORDS * COPIES, DEADLINE)?;
    for racer in racers {
        racer.join().map_err(|_| anyhow::anyhow!("a racer panicked"))??;
    }
    let strange: Vec<_> = verdicts.iter().filter(|verdict| verdict.decision != Decision::Accepted).collect();
    ensure!(strange.is_empty(), "{} racing copies were not accepted: {:?}", strange.len(), strange.first());
    let counts = accepted(&verdicts);
    ensure!(counts.len() == RECORDS, "{} records of {RECORDS} have a verdict", counts.len());
    ensure!(counts.values().all(|count| *count == COPIES), "not every record was accepted {COPIES} times");
    let ledger = ward.aggregator.ledger()?;
    ensure!(ledger.stored() == RECORDS, "{} are stored, not {RECORDS}", ledger.stored());
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn five_copies_at_once_are_stored_once_and_all_accepted_by_the_broker_inside() -> Result<()> {
    race(Between::Embedded)
}

#[test]
fn five_copies_at_once_are_stored_once_and_all_accepted_by_mosquitto() -> Result<()> {
    race(Between::Mosquitto)
}

#[test]
fn records_that_come_in_reverse_order_are_all_stored() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    let port = ward.broker_port()?;
    let mut tablet = Tablet::introduce("sim-reverse", Some("W1"), port, 6)?;
    let envelopes: Vec<Envelope> =
        (0..50).map(|n| tablet.completes(&format!("reverse {n}"))).collect::<Result<_>>()?;
    let mut client = tablet.connect(port)?;
    for envelope in envelopes.iter().rev() {
        client.publish(&tablet.records(), &envelope.to_json())?;
    }
    let verdicts = tablet.verdicts(&mut client, 50, DEADLINE)?;
    ensure!(accepted(&verdicts).len() == 50, "not all 50 were accepted: {:?}", verdicts.first());
    ensure!(ward.aggregator.ledger()?.faults().is_empty(), "the chain has a fault");
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn a_copy_from_before_a_restart_is_a_duplicate_and_changes_nothing() -> Result<()> {
    let mut ward = Ward::open(Between::Mosquitto)?;
    let port = ward.broker_port()?;
    let mut tablet = Tablet::introduce("sim-again", Some("W1"), port, 7)?;
    let envelope = tablet.completes("again")?.to_json();
    let mut client = tablet.connect(port)?;
    client.publish(&tablet.records(), &envelope)?;
    ensure!(tablet.verdicts(&mut client, 1, DEADLINE)?.iter().all(|v| v.decision == Decision::Accepted));
    ward.aggregator.kill()?;
    ward.aggregator.start()?;
    client.publish(&tablet.records(), &envelope)?;
    let verdicts = tablet.verdicts(&mut client, 1, DEADLINE)?;
    // What was decided before is not remembered any more, so that it is the log that knows it.
    ensure!(verdicts.iter().all(|verdict| verdict.decision == Decision::Duplicate), "{verdicts:?}");
    ensure!(ward.aggregator.ledger()?.stored() == 1);
    ward.aggregator.verify()?;
    Ok(())
}

fn scores(ward: &Ward, period: &str, unit: &str) -> Result<Value> {
    ward.aggregator.json(&["scores", "--period", period, "--unit", unit])
}

#[test]
fn a_record_that_comes_after_its_fortnight_closed_makes_a_numbered_revision() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    let port = ward.broker_port()?;
    let calendar = wardvoice_protocol::fortnight::Calendar::new("2026-01-05".parse()?)?;
    // Thirty days ago is at most 44 days back from today: old enough for its fortnight to be final, not too old to count.
    let long_ago = Timestamp::now() - SignedDuration::from_hours(30 * 24);
    let period = calendar.fortnight_of(calendar.day_of(long_ago))?.to_string();
    let before = scores(&ward, &period, "ward:W2")?;
    let mut tablet = Tablet::introduce("sim-late", Some("W2"), port, 8)?;
    let envelope = tablet.completes_at("late", long_ago)?;
    let mut client = tablet.connect(port)?;
    client.publish(&tablet.records(), &envelope.to_json())?;
    let verdicts = tablet.verdicts(&mut client, 1, DEADLINE)?;
    ensure!(verdicts.iter().all(|verdict| verdict.decision == Decision::Accepted), "{verdicts:?}");
    let after = scores(&ward, &period, "ward:W2")?;
    let revision = |sheet: &Value| sheet.get("revision").and_then(Value::as_u64).context("no revision");
    ensure!(after.get("standing").and_then(Value::as_str) == Some("final"), "{period} is not final: {after}");
    ensure!(
        revision(&after)? == revision(&before)? + 1,
        "revision {} -> {}",
        revision(&before)?,
        revision(&after)?
    );
    ensure!(
        after.get("responses").and_then(Value::as_u64) == Some(1),
        "the late response is not counted: {after}"
    );
    // The same again the same day is no new revision; a copy of the record is none either.
    let envelope = tablet.completes_at("late too", long_ago)?;
    client.publish(&tablet.records(), &envelope.to_json())?;
    client.publish(&tablet.records(), &envelope.to_json())?;
    tablet.verdicts(&mut client, 2, DEADLINE)?;
    let again = scores(&ward, &period, "ward:W2")?;
    ensure!(revision(&again)? == revision(&after)?, "a second late record of one day made another revision");
    ensure!(again.get("responses").and_then(Value::as_u64) == Some(2), "two late responses are not two");
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn one_seed_twice_is_two_fleets_with_the_same_answers() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    for round in 1..=2_u64 {
        let arguments = ["--kiosks", "3", "--responses", "40", "--seed", "11", "--patience", "20"];
        let summary = Fleet::run(ward.broker_port()?, &arguments)?;
        ensure!(
            summary.get("acknowledged") == Some(&Value::from(40))
                && summary.get("refused") == Some(&Value::from(0)),
            "round {round}: {summary}"
        );
    }
    let report = ward.aggregator.json(&["verify"])?;
    let kiosks = report.get("kiosks").and_then(Value::as_array).context("verify lists no kiosks")?;
    let stored: u64 = kiosks.iter().filter_map(|kiosk| kiosk.get("stored")?.as_u64()).sum();
    ensure!((kiosks.len(), stored) == (6, 80), "{report}");
    Ok(())
}
