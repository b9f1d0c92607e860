//! Many open pages while many answers come: when each page showed each answer, what the server keeps, and how it ends.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;

use crate::aggregator::Aggregator;
use crate::mqtt::Client;
use crate::stream::{Ended, EventStream};
use crate::tablet::Tablet;
use crate::wait::{PATIENCE, let_pass, until_true};
use crate::ward::{Between, Ward};

/// How long a page listens before it looks whether it may go.
const LISTEN: Duration = Duration::from_millis(50);

/// How much of it there is.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Open pages, spread over the wards.
    pub pages: usize,
    /// Wards, from `W1` on; at most 26.
    pub wards: usize,
    /// Answers in all.
    pub answers: usize,
    /// Answers a second in all.
    pub rate: u32,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// For every page and every answer of its ward, how long it took from sending the answer until the page showed it.
    pub delays: Vec<Duration>,
    /// How long it took to send all answers.
    pub sending: Duration,
    /// The server's memory with all pages open, before the answers and after them, and when all pages were closed; in bytes.
    pub memory: [u64; 3],
    /// How long the server took to end with all pages open once more.
    pub ending: Duration,
}

/// An open page.
struct Page {
    ward: usize,
    reader: JoinHandle<Shown>,
}

/// What a page showed.
struct Shown {
    /// When it first showed so many people, one after the other.
    at: Vec<Instant>,
    /// The fragment that it has in the end.
    version: String,
    /// Whether each message went on from the one before, or was whole.
    unbroken: bool,
}

/// The number of people a live message speaks of: the last number in what it says to a screen reader.
pub fn people(message: &Value) -> Option<usize> {
    let said = message.get("said")?.as_str()?.replace(',', "");
    said.split(|letter: char| !letter.is_ascii_digit()).rev().find_map(|digits| digits.parse().ok())
}

/// Opens pages, sends answers, closes the pages, opens them again and ends the server.
pub fn hold(crowd: Crowd) -> Result<Outcome> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.open_the_office()?;
    let session = ward.aggregator.http().session()?.to_owned();
    let port = ward.broker_port()?;
    let mut bedsides = (1..=crowd.wards)
        .map(|number| {
            let tablet = Tablet::introduce(
                &format!("sim-live-{number:02}"),
                Some(&format!("W{number}")),
                port,
                number as u64,
            )?;
            let client = tablet.connect(port)?;
            Ok((tablet, client))
        })
        .collect::<Result<Vec<_>>>()?;

    let closing = Arc::new(AtomicBool::new(false));
    let pages = open(&ward.aggregator, &session, crowd, &closing)?;
    let quiet = ward.aggregator.process()?.resident_bytes()?;
    let began = Instant::now();
    let sent = send(&mut bedsides, crowd)?;
    let sending = began.elapsed();
    let lively = ward.aggregator.process()?.resident_bytes()?;
    // Every page has the last answer, or has had its time.
    let_pass(Duration::from_secs(2));
    closing.store(true, Ordering::Relaxed);
    let delays = close(pages, &sent, &ward.aggregator)?;
    wait_for_streams(&ward.aggregator, 0)?;
    let closed = ward.aggregator.process()?.resident_bytes()?;

    let closing = Arc::new(AtomicBool::new(false));
    let pages = open(&ward.aggregator, &session, crowd, &closing)?;
    let began = Instant::now();
    ward.aggregator.stop()?;
    let ending = began.elapsed();
    closing.store(true, Ordering::Relaxed);
    for page in pages {
        page.reader.join().map_err(|_| anyhow!("a page panicked"))?;
    }
    Ok(Outcome { delays, sending, memory: [quiet, lively, closed], ending })
}

fn open(aggregator: &Aggregator, session: &str, crowd: Crowd, closing: &Arc<AtomicBool>) -> Result<Vec<Page>> {
    let pages = (0..crowd.pages).map(|at| {
        let ward = at % crowd.wards + 1;
        let stream = EventStream::open(&aggregator.url(&format!("/ward/W{ward}/stream")), session)?;
        let closing = Arc::clone(closing);
        let reader = std::thread::Builder::new().name("page".to_owned()).spawn(move || read(&stream, &closing))?;
        Ok(Page { ward, reader })
    });
    let pages = pages.collect::<Result<Vec<_>>>()?;
    wait_for_streams(aggregator, crowd.pages)?;
    Ok(pages)
}

fn wait_for_streams(aggregator: &Aggregator, count: usize) -> Result<()> {
    let line = format!("wardvoice_open_streams {count}");
    until_true(&line, PATIENCE, || {
        let metrics = aggregator.http().get(&aggregator.url("/metrics"))?;
        Ok(metrics.body.lines().any(|found| found == line))
    })
}

fn read(stream: &EventStream, closing: &AtomicBool) -> Shown {
    let mut shown = Shown { at: Vec::new(), version: String::new(), unbroken: true };
    while !closing.load(Ordering::Relaxed) {
        let event = match stream.hear(LISTEN) {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            // A crowd that goes on asking would keep the processors from a server that is ending.
            Err(Ended) => break,
        };
        let Ok(message) = serde_json::from_str::<Value>(&event.data) else { continue };
        if event.name == "step" {
            shown.unbroken &= message.get("from").and_then(Value::as_str) == Some(&shown.version);
        }
        if let Some(version) = message.get("version").and_then(Value::as_str) {
            version.clone_into(&mut shown.version);
        }
        let people = people(&message).unwrap_or(0);
        shown.at.resize(people.max(shown.at.len()), event.at);
    }
    shown
}

/// Sends the answers at their rate, ward by ward in turn; when each was sent, by ward.
fn send(bedsides: &mut [(Tablet, Client)], crowd: Crowd) -> Result<BTreeMap<usize, Vec<Instant>>> {
    let mut sent: BTreeMap<usize, Vec<Instant>> = BTreeMap::new();
    let began = Instant::now();
    for at in 0..crowd.answers {
        let (tablet, client) = bedsides.get_mut(at % crowd.wards).context("no such bedside")?;
        // Sealed before its time, so that sealing is no part of what is measured.
        let envelope = tablet.completes(&format!("answer {at}"))?.to_json();
        let due = began + Duration::from_secs(1) / crowd.rate * u32::try_from(at)?;
        let_pass(due.saturating_duration_since(Instant::now()));
        client.publish(&tablet.records(), &envelope)?;
        sent.entry(at % crowd.wards + 1).or_default().push(Instant::now());
    }
    for (number, (tablet, client)) in bedsides.iter_mut().enumerate() {
        let count = sent.get(&(number + 1)).map_or(0, Vec::len);
        tablet.verdicts(client, count, PATIENCE)?;
    }
    Ok(sent)
}

/// When each page showed each answer; every page has what a reload would show.
fn close(
    pages: Vec<Page>,
    sent: &BTreeMap<usize, Vec<Instant>>,
    aggregator: &Aggregator,
) -> Result<Vec<Duration>> {
    let mut delays = Vec::new();
    let mut versions = BTreeMap::new();
    for page in pages {
        let ward = page.ward;
        let shown = page.reader.join().map_err(|_| anyhow!("a page panicked"))?;
        let sent = sent.get(&ward).map(Vec::as_slice).unwrap_or_default();
        ensure!(shown.unbroken, "a page of W{ward} was sent a step from what it did not have");
        ensure!(
            shown.at.len() == sent.len(),
            "a page of W{ward} shows {} of {} answers",
            shown.at.len(),
            sent.len()
        );
        let fresh = match versions.entry(ward) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => {
                let page = aggregator.http().get(&aggregator.url(&format!("/ward/W{ward}")))?;
                let (_, version) = page.body.split_once("data-version=\"").context("the page has no version")?;
                place.insert(version.split('"').next().unwrap_or_default().to_owned())
            }
        };
        ensure!(*fresh == shown.version, "a page of W{ward} is not what a reload shows");
        delays.extend(sent.iter().zip(&shown.at).map(|(sent, shown)| shown.saturating_duration_since(*sent)));
    }
    Ok(delays)
}
