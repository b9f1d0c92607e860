//! How many records a second are opened, verified, stored, fsynced and receipted, and what each costs the aggregator.
//!
//! `WARDVOICE_RECORDS` sets how many (default 200,000), `WARDVOICE_BROKER` which broker (`embedded`, `mosquitto`).

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use wardvoice_tests::bench::{machine, number, say};
use wardvoice_tests::load;
use wardvoice_tests::process::cpu_seconds;
use wardvoice_tests::ward::{Between, Ward};

const TABLETS: usize = 50;
/// Records of one tablet that may wait for their receipt.
const WINDOW: usize = 200;

fn main() -> Result<()> {
    let records = number("WARDVOICE_RECORDS", 200_000);
    let chosen = std::env::var("WARDVOICE_BROKER").ok();
    for (name, between) in [("mosquitto", Between::Mosquitto), ("embedded", Between::Embedded)] {
        if chosen.as_deref().is_none_or(|chosen| chosen == name) {
            measure(name, between, records)?;
        }
    }
    Ok(())
}

fn measure(name: &str, between: Between, records: usize) -> Result<()> {
    let mut ward = Ward::open(between)?;
    let port = ward.broker_port()?;
    let sealed = load::seal(load::introduce(TABLETS, port)?, records / TABLETS)?;
    let total: usize = sealed.iter().map(|one| one.payloads.len()).sum();
    let bytes: usize = sealed.iter().flat_map(|one| &one.payloads).map(Vec::len).sum();
    let aggregator = ward.aggregator.process()?.id();
    let broker = ward.broker.as_ref().and_then(|broker| Some(broker.process()?.id()));
    let before = cpu_seconds(aggregator)?;
    let broker_before = broker.map(cpu_seconds).transpose()?;
    let (took, _) = load::send(sealed, port, WINDOW)?;
    let cpu = cpu_seconds(aggregator)? - before;
    let broker_cpu = broker.map(cpu_seconds).transpose()?.zip(broker_before).map(|(after, before)| after - before);
    let resident = ward.aggregator.process()?.resident_bytes()?;
    ward.aggregator.stop()?;
    let report = ward.aggregator.json(&["verify"]).context("the log does not verify after the load")?;
    ensure!(report.is_object(), "verify said {report}");
    let per_record_ms = |seconds: f64| seconds * 1_000.0 / total as f64;
    say(&json!({
        "bench": "throughput", "broker": name, "machine": machine()?, "records": total, "tablets": TABLETS,
        "window": WINDOW, "bytes_a_record": bytes / total.max(1), "seconds": took.as_secs_f64(),
        "records_a_second": total as f64 / took.as_secs_f64(), "aggregator_cpu_ms_a_record": per_record_ms(cpu),
        "broker_cpu_ms_a_record": broker_cpu.map(per_record_ms), "aggregator_resident_mb": resident >> 20,
    }))
}
