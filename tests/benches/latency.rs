//! From the submit on a kiosk to the new figure on an open ward page: through outbox, fsync, broker, ingest, log, fsync,
//! facts, score and the page's stream, at 50 records a second in all.
//!
//! Twice: every record about one ward (the page changes 50 times a second), and spread over 26 wards with a page open on
//! each. `WARDVOICE_RECORDS` sets how many records each (default 2,000), `WARDVOICE_BROKER` which broker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use wardvoice_kiosk::dispatch::{Dispatch, DispatchConfig, Trust};
use wardvoice_kiosk::identity::{self, Identity};
use wardvoice_protocol::record::Body;
use wardvoice_tests::bench::{machine, ms, number, quantile, say};
use wardvoice_tests::stream::EventStream;
use wardvoice_tests::tablet::interview;
use wardvoice_tests::wait::{PATIENCE, let_pass, until_true};
use wardvoice_tests::ward::{Between, Ward};

const RATE: u32 = 50;

/// When each record of a ward was submitted, in order, and when the page showed that many.
#[derive(Debug, Default)]
struct Times {
    submitted: Vec<Instant>,
    visible: Vec<Instant>,
}

fn main() -> Result<()> {
    let records = number("WARDVOICE_RECORDS", 2_000);
    let chosen = std::env::var("WARDVOICE_BROKER").ok();
    for (name, between) in [("embedded", Between::Embedded), ("mosquitto", Between::Mosquitto)] {
        if chosen.as_deref().is_none_or(|chosen| chosen == name) {
            for wards in [1, 26] {
                measure(name, between, wards, records)?;
            }
        }
    }
    Ok(())
}

fn kiosk(ward: &Ward, number: usize) -> Result<Dispatch> {
    let data = ward.path().join(format!("kiosk-{number}"));
    let identity =
        Identity { kiosk: format!("sim-{number:04}").parse()?, signing_key: identity::load_or_create(&data)? };
    let broker = ward.broker_url()?.parse()?;
    let trust = Trust::Introduce { ward: Some(format!("W{number}").parse()?), known: None };
    let dispatch = Dispatch::start(DispatchConfig::new(data, identity, broker, trust))?;
    until_true("the kiosk's assignment", PATIENCE, || Ok(dispatch.assignment().is_some()))?;
    Ok(dispatch)
}

/// The number of people a live message speaks of: the last number in what it says to a screen reader.
fn answers(data: &str) -> Option<usize> {
    let message: Value = serde_json::from_str(data).ok()?;
    let said = message.get("said")?.as_str()?.replace(',', "");
    said.split(|letter: char| !letter.is_ascii_digit()).rev().find_map(|digits| digits.parse().ok())
}

fn measure(name: &str, between: Between, wards: usize, records: usize) -> Result<()> {
    let mut ward = Ward::open(between)?;
    ward.aggregator.open_the_office()?;
    let session = ward.aggregator.http().session()?.to_owned();
    let kiosks: Vec<Dispatch> = (1..=wards).map(|number| kiosk(&ward, number)).collect::<Result<_>>()?;
    let times: Arc<Mutex<BTreeMap<usize, Times>>> = Arc::default();
    let each = records / wards;
    let mut pages = Vec::new();
    for number in 1..=wards {
        let stream = EventStream::open(&ward.aggregator.url(&format!("/ward/W{number}/stream")), &session)?;
        let times = Arc::clone(&times);
        pages.push(std::thread::spawn(move || -> Result<()> {
            let mut seen = 0;
            while seen < each {
                let event = stream.next(PATIENCE).context("the page's stream fell silent")?;
                let Some(shown) = answers(&event.data) else { continue };
                let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
                let visible = &mut times.entry(number).or_default().visible;
                visible.resize(shown.max(visible.len()), event.at);
                seen = visible.len();
            }
            Ok(())
        }));
    }
    let began = Instant::now();
    for at in 0..each * wards {
        let due = began + Duration::from_secs(1) / RATE * u32::try_from(at)?;
        let_pass(due.saturating_duration_since(Instant::now()));
        let number = at % wards + 1;
        let body = Body::Contact(interview(&format!("W{number}").parse()?, &format!("latency {at}"))?);
        times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(number)
            .or_default()
            .submitted
            .push(Instant::now());
        let kiosk = kiosks.get(number - 1).context("no such kiosk")?;
        kiosk.submit(body, |_| {});
    }
    for page in pages {
        page.join().map_err(|_| anyhow!("a page's thread panicked"))??;
    }
    let times = times.lock().unwrap_or_else(PoisonError::into_inner);
    let mut delays: Vec<Duration> = times
        .values()
        .flat_map(|times| times.submitted.iter().zip(&times.visible))
        .map(|(submitted, visible)| visible.saturating_duration_since(*submitted))
        .collect();
    ensure!(delays.len() == each * wards, "{} of {} records were seen", delays.len(), each * wards);
    say(&json!({
        "bench": "latency", "broker": name, "machine": machine()?, "wards": wards, "records": delays.len(),
        "records_a_second": RATE, "p50_ms": ms(quantile(&mut delays, 0.5)),
        "p99_ms": ms(quantile(&mut delays, 0.99)), "worst_ms": ms(quantile(&mut delays, 1.0)),
    }))
}
