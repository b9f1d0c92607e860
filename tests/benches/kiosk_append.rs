//! How long a kiosk takes to seal a record and have it flushed and fsynced: the time between the last touch and the
//! thank-you.

use std::time::Instant;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use wardvoice_kiosk::identity::Identity;
use wardvoice_kiosk::outbox::Outbox;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::record::Body;
use wardvoice_tests::bench::{machine, ms, number, quantile, say};
use wardvoice_tests::tablet::interview;

fn main() -> Result<()> {
    let records = number("WARDVOICE_RECORDS", 5_000);
    let directory = tempfile::tempdir()?;
    let mut random = StdRng::seed_from_u64(1);
    let mut secret = [0; 32];
    random.fill_bytes(&mut secret);
    let identity = Identity { kiosk: "k-bench".parse()?, signing_key: SigningKey::from_bytes(&secret) };
    let seal_key = OpenKey::generate(&mut random).seal_key().clone();
    let mut outbox = Outbox::open(directory.path(), identity).context("the outbox does not open")?;
    let ward = "W1".parse()?;
    let mut times = Vec::with_capacity(records);
    for number in 0..records {
        let body = Body::Contact(interview(&ward, &format!("bench {number}"))?);
        let began = Instant::now();
        outbox.append(body, Clock::new(Timestamp::now(), None), &seal_key)?;
        times.push(began.elapsed());
    }
    say(&json!({
        "bench": "kiosk_append", "machine": machine()?, "records": records,
        "p50_ms": ms(quantile(&mut times, 0.5)), "p99_ms": ms(quantile(&mut times, 0.99)),
        "worst_ms": ms(quantile(&mut times, 1.0)),
    }))
}
