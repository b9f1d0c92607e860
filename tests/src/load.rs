//! A load of sealed records: many tablets, everything sealed beforehand, sent as fast as receipts allow.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use jiff::{SignedDuration, Timestamp};

use crate::mqtt::{Client, Incoming};
use crate::tablet::Tablet;

/// One tablet's sealed records in order, as payloads.
#[derive(Debug)]
pub struct Sealed {
    /// The tablet.
    pub tablet: Tablet,
    /// Its envelopes.
    pub payloads: Vec<Vec<u8>>,
}

/// Over how many past days a load is spread; the aggregator refuses what is more than 45 days old.
const DAYS: usize = 40;

fn days_ago(days: usize) -> Timestamp {
    let hours = i64::try_from(days).unwrap_or(0) * 24;
    Timestamp::now() - SignedDuration::from_hours(hours)
}

/// Seals so many records for each tablet, spread over the last weeks, on as many threads as there are processors.
pub fn seal(tablets: Vec<Tablet>, records_each: usize) -> Result<Vec<Sealed>> {
    seal_over(tablets, records_each, DAYS)
}

/// The same spread over so many past days, one after the other and from the first again.
pub fn seal_over(tablets: Vec<Tablet>, records_each: usize, days: usize) -> Result<Vec<Sealed>> {
    let lanes = std::thread::available_parallelism()?.get();
    let mut shares: Vec<Vec<Tablet>> = (0..lanes).map(|_| Vec::new()).collect();
    for (at, tablet) in tablets.into_iter().enumerate() {
        if let Some(share) = shares.get_mut(at % lanes) {
            share.push(tablet);
        }
    }
    let workers: Vec<_> = shares
        .into_iter()
        .map(|share| {
            std::thread::spawn(move || -> Result<Vec<Sealed>> {
                let seal_one = |mut tablet: Tablet| {
                    let payloads = (0..records_each)
                        .map(|n| Ok(tablet.completes_at(&format!("load {n}"), days_ago(n % days))?.to_json()))
                        .collect::<Result<_>>()?;
                    Ok(Sealed { tablet, payloads })
                };
                share.into_iter().map(seal_one).collect()
            })
        })
        .collect();
    let mut sealed = Vec::new();
    for worker in workers {
        sealed.extend(worker.join().map_err(|_| anyhow!("a sealing thread panicked"))??);
    }
    Ok(sealed)
}

/// Introduces so many tablets.
pub fn introduce(count: usize, port: u16) -> Result<Vec<Tablet>> {
    (0..count)
        .map(|at| {
            let ward = format!("W{}", at % 26 + 1);
            Tablet::introduce(&format!("sim-load-{at:03}"), Some(&ward), port, 1_000 + at as u64)
        })
        .collect()
}

/// Sends everything, each tablet on a connection of its own with at most `window` records without a receipt, and
/// returns how long it took from the first record to the last receipt, and the tablets for another round.
pub fn send(sealed: Vec<Sealed>, port: u16, window: usize) -> Result<(Duration, Vec<Tablet>)> {
    let start = Arc::new(Barrier::new(sealed.len() + 1));
    let mut lanes = Vec::new();
    for one in sealed {
        let client = one.tablet.connect(port)?;
        let start = Arc::clone(&start);
        lanes.push(std::thread::spawn(move || {
            start.wait();
            send_one(&one, client, window).map(|()| one.tablet)
        }));
    }
    start.wait();
    let began = Instant::now();
    let mut tablets = Vec::new();
    for lane in lanes {
        tablets.push(lane.join().map_err(|_| anyhow!("a sending thread panicked"))??);
    }
    Ok((began.elapsed(), tablets))
}

fn send_one(one: &Sealed, mut client: Client, window: usize) -> Result<()> {
    let topic = one.tablet.records();
    let mut waiting = 0_usize;
    let mut settled = 0_usize;
    let mut payloads = one.payloads.iter();
    while settled < one.payloads.len() {
        while waiting < window
            && let Some(payload) = payloads.next()
        {
            client.publish(&topic, payload)?;
            waiting += 1;
        }
        match client.receive(Duration::from_mins(1))? {
            Some(Incoming::Message(message)) => {
                let (verdicts, accepted) = count_verdicts(&message.payload)?;
                ensure!(verdicts == accepted, "a record of the load was not accepted");
                waiting = waiting.saturating_sub(verdicts);
                settled += verdicts;
            }
            Some(Incoming::Closed) => bail!("the broker closed the connection of {}", one.tablet.kiosk),
            Some(_) => {}
            None => bail!("{} has {waiting} records without a receipt for a minute", one.tablet.kiosk),
        }
    }
    client.disconnect()
}

/// Counts the verdicts of a receipt without reading it all: the load must cost little beside what it measures.
fn count_verdicts(payload: &[u8]) -> Result<(usize, usize)> {
    let text = std::str::from_utf8(payload).context("a receipt is not text")?;
    Ok((text.matches("\\\"envelope\\\"").count(), text.matches("\\\"accepted\\\"").count()))
}
