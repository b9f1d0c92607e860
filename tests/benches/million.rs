//! What a million stored responses change: cold start, rebuild, the ward page, memory; and what none cost.
//!
//! `WARDVOICE_RECORDS` sets how many (default 1,000,000), in rounds of 100,000 through the whole pipe.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use wardvoice_tests::bench::{machine, ms, number, quantile, say};
use wardvoice_tests::load;
use wardvoice_tests::wait::let_pass;
use wardvoice_tests::ward::{Between, Ward};

const TABLETS: usize = 50;
const WINDOW: usize = 200;
const ROUND: usize = 100_000;
const VISITS: usize = 2_000;

fn main() -> Result<()> {
    let records = number("WARDVOICE_RECORDS", 1_000_000);
    let machine = machine()?;
    let mut ward = Ward::open(Between::Embedded)?;
    let_pass(Duration::from_secs(3));
    let cpu_before = ward.aggregator.process()?.cpu_seconds()?;
    let_pass(Duration::from_secs(10));
    let idle_cpu = ward.aggregator.process()?.cpu_seconds()? - cpu_before;
    say(&json!({
        "bench": "idle", "machine": machine, "resident_mb": mb(ward.aggregator.process()?.resident_bytes()?),
        "cpu_percent": idle_cpu * 10.0,
    }))?;

    ward.aggregator.open_the_office()?;
    let port = ward.broker_port()?;
    let mut tablets = load::introduce(TABLETS, port)?;
    let mut rates = Vec::new();
    let mut stored = 0;
    while stored < records {
        let each = ROUND.min(records - stored) / TABLETS;
        let sealed = load::seal(tablets, each)?;
        let (took, back) = load::send(sealed, port, WINDOW)?;
        tablets = back;
        stored += each * TABLETS;
        rates.push((each * TABLETS) as f64 / took.as_secs_f64());
    }
    say(
        &json!({ "bench": "filling", "machine": machine, "records": stored, "records_a_second_by_round": rates }),
    )?;

    pages(&ward, stored, &machine)?;
    say(&json!({
        "bench": "memory", "machine": machine, "records": stored,
        "resident_mb": mb(ward.aggregator.process()?.resident_bytes()?),
    }))?;

    // Killed with everything since the start still to be found again, stopped in order, and killed soon after a start.
    ward.aggregator.kill()?;
    let killed_in_filling = cold_start(&mut ward)?;
    ward.aggregator.stop()?;
    let stopped = cold_start(&mut ward)?;
    ward.aggregator.kill()?;
    let killed_soon = cold_start(&mut ward)?;
    let resident = ward.aggregator.process()?.resident_bytes()?;
    say(&json!({
        "bench": "cold_start", "machine": machine, "records": stored, "after_kill_in_filling_ms": ms(killed_in_filling),
        "after_stop_ms": ms(stopped), "after_kill_ms": ms(killed_soon), "resident_mb": mb(resident),
    }))?;
    pages(&ward, stored, &machine)?;

    ward.aggregator.stop()?;
    let began = Instant::now();
    let rebuilt: Value = ward.aggregator.json(&["rebuild"])?;
    let took = began.elapsed();
    say(&json!({
        "bench": "rebuild", "machine": machine, "records": stored, "seconds": took.as_secs_f64(),
        "records_a_second": stored as f64 / took.as_secs_f64(), "says": rebuilt,
    }))?;
    let began = Instant::now();
    ward.aggregator.json(&["verify"])?;
    say(
        &json!({ "bench": "verify", "machine": machine, "records": stored, "seconds": began.elapsed().as_secs_f64() }),
    )
}

/// From the start of the process to the first good answer.
fn cold_start(ward: &mut Ward) -> Result<Duration> {
    let began = Instant::now();
    ward.aggregator.start()?;
    let took = began.elapsed();
    ward.aggregator.sign_in()?;
    Ok(took)
}

fn pages(ward: &Ward, stored: usize, machine: &str) -> Result<()> {
    let http = ward.aggregator.http();
    let mut times = Vec::with_capacity(VISITS);
    let mut bytes = 0;
    for visit in 0..VISITS {
        let url = ward.aggregator.url(&format!("/ward/W{}", visit % 26 + 1));
        let began = Instant::now();
        let answer = http.get(&url)?;
        times.push(began.elapsed());
        ensure!(answer.status == 200, "{url} answered {}", answer.status);
        bytes += answer.body.len();
    }
    say(&json!({
        "bench": "ward_page", "machine": machine, "records": stored, "visits": VISITS,
        "bytes_a_page": bytes / VISITS, "p50_ms": ms(quantile(&mut times, 0.5)),
        "p99_ms": ms(quantile(&mut times, 0.99)), "worst_ms": ms(quantile(&mut times, 1.0)),
    }))
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
