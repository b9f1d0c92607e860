//! Thousands of kiosks at once: all connected over TLS that both ends prove themselves for, all back after a restart, and all back after a
//! week without network with everything they have kept, while somebody asks for a ward's page all the time.
//!
//! Everything is counted from an export that is read with the protocol alone, against the hashes of what was sealed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use wardvoice_protocol::id::Hash;

use super::light::{Board, LightKiosk, Parcel};
use super::open_page::{Live, OpenPage};
use super::storm::Storm;
use super::{Enrolled, enrol};
use crate::aggregator::{Aggregator, Carrier, OFFICE, PASSWORD};
use crate::bench::{ms, quantile};
use crate::http::Http;
use crate::load;
use crate::wait::{let_pass, until_true};

/// The days of an absence over which records are spread.
const A_WEEK: usize = 7;
/// Between two questions for the page: somebody who looks all the time, and leaves the processors to the rest.
const BETWEEN_PAGES: Duration = Duration::from_millis(50);
/// Below so many kiosks, and after so short an absence, nobody has had to wait: whether they come back one by one says nothing.
const A_CROWD: usize = 100;
const LONG_ENOUGH: Duration = Duration::from_secs(10);
/// So often an open page is told something new at least, where there is news for minutes.
const NEWS_OF_A_CROWD: usize = 20;
const MB: f64 = 1024.0 * 1024.0;
/// What the server may take at most, in MB: by itself, for each kiosk, and for each record with its comment.
const MOST_MB: [f64; 3] = [256.0, 0.1, 0.0015];

/// What a run is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many kiosks are taken in and connected.
    pub kiosks: usize,
    /// How many records each brings back.
    pub records: usize,
    /// How long the server is away each time.
    pub away: Duration,
    /// When the run gives up.
    pub deadline: Duration,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Kiosks.
    pub kiosks: usize,
    /// Records in all.
    pub records: usize,
    /// How long it took to take the kiosks in, in seconds.
    pub enrolling_s: f64,
    /// What each connected kiosk without records costs the aggregator, in kB of resident memory.
    pub connected_kb_each: f64,
    /// How many files and sockets the aggregator has open with all of them connected.
    pub open_files: usize,
    /// All back after a restart, with nothing to deliver.
    pub restart: Storm,
    /// All back after a week, with everything they have kept.
    pub week: Storm,
    /// From the moment the server was well to the last receipt, in seconds.
    pub draining_s: f64,
    /// Records a second meanwhile.
    pub records_a_second: f64,
    /// The ward's page meanwhile.
    pub page: Page,
    /// The same page, left open.
    pub live: Live,
    /// The most memory the aggregator had meanwhile, in MB.
    pub peak_mb: f64,
    /// The most it may have with so many kiosks and records, in MB.
    pub most_mb: f64,
    /// Its memory once everything was there, in MB.
    pub resident_mb: f64,
    /// Sealed and not stored.
    pub lost: usize,
    /// Stored more than once.
    pub doubled: usize,
    /// Stored and never sealed here.
    pub strange: usize,
    /// Refused.
    pub refused: usize,
    /// What an export and the aggregator's own `verify` found wrong.
    pub verify: Vec<String>,
    /// Whether absence and number were such that the kiosks had to come back one by one.
    pub spread_is_judged: bool,
}

/// How a page answered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Page {
    /// How often it was asked for.
    pub asked: usize,
    /// How often it did not come.
    pub failed: usize,
    /// Half of the answers came within this, in milliseconds.
    pub p50_ms: f64,
    /// 99 of a hundred within this.
    pub p99_ms: f64,
    /// The last within this.
    pub most_ms: f64,
}

impl Report {
    /// Whether everything that was promised held.
    pub fn holds(&self) -> bool {
        let whole = self.lost + self.doubled + self.strange + self.refused == 0 && self.verify.is_empty();
        let back = self.restart.kiosks == self.kiosks && self.week.kiosks == self.kiosks;
        let spread = !self.spread_is_judged || (self.restart.is_spread() && self.week.is_spread());
        let news = if self.spread_is_judged { NEWS_OF_A_CROWD } else { 1 };
        let pages = self.page.asked > 0 && self.page.failed == 0;
        let live = self.live.ends_as_a_reload && self.live.news >= news;
        whole && back && spread && pages && live && self.peak_mb <= self.most_mb
    }
}

struct Scene {
    aggregator: Aggregator,
    runtime: Runtime,
    board: Arc<Board>,
    kiosks: Vec<LightKiosk>,
    ends: Instant,
}

/// Runs a plan in an empty directory.
pub fn run(plan: &Plan, directory: &Path) -> Result<Report> {
    ensure!(plan.kiosks > 0 && plan.records > 0, "no kiosks or no records are nothing to run");
    let ends = Instant::now() + plan.deadline;
    let mut aggregator = Aggregator::prepare(directory, &Carrier::Certified)?;
    aggregator.start()?;
    aggregator.open_the_office()?;
    let began = Instant::now();
    let enrolled = enrol(&aggregator, &directory.join("kiosks"), plan.kiosks)?;
    let enrolling_s = began.elapsed().as_secs_f64();
    tracing::info!("{} kiosks are taken in; {} records are being sealed", plan.kiosks, plan.kiosks * plan.records);
    let (parcels, sealed) = seal(&enrolled, plan.records)?;

    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("kiosks").enable_all().build()?;
    let alone = aggregator.process()?.resident_bytes()?;
    let board = Arc::new(Board::default());
    let start =
        |(number, kiosk): (usize, &Enrolled)| LightKiosk::start(number, &kiosk.data, runtime.handle(), &board);
    let kiosks = enrolled.iter().enumerate().map(start).collect::<Result<Vec<_>>>()?;
    let mut scene = Scene { aggregator, runtime, board, kiosks, ends };
    scene.wait_until_all_are_connected()?;
    let connected = scene.aggregator.process()?.resident_bytes()?;
    let open_files = scene.aggregator.process()?.open_files()?;

    tracing::info!("all are connected; the server is killed");
    scene.aggregator.kill()?;
    let restart = scene.come_back(plan.away)?;
    tracing::info!("all are back; the server is killed, and they bring what they have kept");
    scene.aggregator.kill()?;
    for (kiosk, parcels) in scene.kiosks.iter().zip(parcels) {
        kiosk.take(parcels);
    }
    let Drained { week, well, page, live } = scene.drain(plan, sealed.len())?;
    let draining_s = well.elapsed().as_secs_f64();
    let (page, live) = (page.finish()?, live.close()?);
    let (peak, resident) =
        (scene.aggregator.process()?.peak_bytes()?, scene.aggregator.process()?.resident_bytes()?);
    let refused = scene.board.refused();
    let mut aggregator = scene.end();
    tracing::info!("everything has a receipt; it is counted");
    let (lost, doubled, strange, verify) = count(&mut aggregator, &sealed)?;
    Ok(Report {
        kiosks: plan.kiosks,
        records: sealed.len(),
        enrolling_s,
        connected_kb_each: (connected.saturating_sub(alone)) as f64 / 1024.0 / plan.kiosks as f64,
        open_files,
        restart,
        week,
        draining_s,
        records_a_second: sealed.len() as f64 / draining_s.max(f64::EPSILON),
        page,
        live,
        peak_mb: peak as f64 / MB,
        most_mb: most_mb(plan.kiosks, sealed.len()),
        resident_mb: resident as f64 / MB,
        lost,
        doubled,
        strange,
        refused,
        verify,
        spread_is_judged: plan.kiosks >= A_CROWD && plan.away >= LONG_ENOUGH,
    })
}

fn most_mb(kiosks: usize, records: usize) -> f64 {
    let [alone, each_kiosk, each_record] = MOST_MB;
    alone + each_kiosk * kiosks as f64 + each_record * records as f64
}

/// A backlog that has gone out, and what was looked at meanwhile.
struct Drained {
    week: Storm,
    well: Instant,
    page: Asking,
    live: OpenPage,
}

/// Everything that was sealed, kiosk by kiosk, and the hashes of it all.
fn seal(enrolled: &[Enrolled], records: usize) -> Result<(Vec<Vec<Parcel>>, BTreeSet<Hash>)> {
    let tablets = enrolled.iter().map(Enrolled::tablet).collect::<Result<Vec<_>>>()?;
    let mut by_kiosk = load::seal_over(tablets, records, A_WEEK)?;
    by_kiosk.sort_by(|one, other| one.tablet.kiosk.cmp(&other.tablet.kiosk));
    let parcels =
        by_kiosk.into_iter().map(|sealed| sealed.payloads.into_iter().map(Parcel::of).collect::<Result<Vec<_>>>());
    let parcels = parcels.collect::<Result<Vec<_>>>()?;
    let hashes: BTreeSet<Hash> = parcels.iter().flatten().map(Parcel::hash).collect();
    Ok((parcels, hashes))
}

impl Scene {
    fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    fn wait_until_all_are_connected(&self) -> Result<()> {
        let (board, all) = (Arc::clone(&self.board), self.kiosks.len());
        until_true("all kiosks to be connected", self.left(), || Ok(board.connected() == all))
            .with_context(|| format!("{} of {all} are connected", board.connected()))
    }

    /// Starts the server after a while and waits until everybody is back.
    fn come_back(&mut self, away: Duration) -> Result<Storm> {
        let well = self.start_again(away)?;
        self.wait_until_all_are_connected()?;
        Ok(Storm::of(&self.board.take_connections(), well, away))
    }

    fn start_again(&mut self, away: Duration) -> Result<Instant> {
        let board = Arc::clone(&self.board);
        until_true("everybody to notice that the server is away", self.left(), || Ok(board.connected() == 0))?;
        let_pass(away);
        drop(self.board.take_connections());
        self.aggregator.start()?;
        Ok(Instant::now())
    }

    /// Starts the server after a while, and looks at a page until every record has a receipt.
    fn drain(&mut self, plan: &Plan, records: usize) -> Result<Drained> {
        let well = self.start_again(plan.away)?;
        let live = OpenPage::open(&self.aggregator, "/ward/W7")?;
        let page = Asking::start(&self.aggregator, "/ward/W7")?;
        let (board, mut said) = (Arc::clone(&self.board), Instant::now());
        let process = self.aggregator.process()?;
        until_true(
            "every record to have its receipt",
            self.ends.saturating_duration_since(Instant::now()),
            || {
                process.must_be_running()?;
                if said.elapsed() > Duration::from_secs(15) {
                    said = Instant::now();
                    tracing::info!("{} of {records} have a receipt", board.settled());
                }
                Ok(board.settled() >= records)
            },
        )
        .with_context(|| format!("{} of {records} have a receipt", self.board.settled()))?;
        let week = Storm::of(&self.board.take_connections(), well, plan.away);
        Ok(Drained { week, well, page, live })
    }

    fn end(mut self) -> Aggregator {
        for kiosk in std::mem::take(&mut self.kiosks) {
            kiosk.stop(self.runtime.handle());
        }
        self.runtime.shutdown_background();
        self.aggregator
    }
}

/// Somebody who asks for a page all the time.
struct Asking {
    stop: Arc<AtomicBool>,
    asker: JoinHandle<Result<(Vec<Duration>, usize)>>,
}

impl Asking {
    fn start(aggregator: &Aggregator, path: &str) -> Result<Self> {
        let (base, url) = (aggregator.url(""), aggregator.url(path));
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let asker = std::thread::Builder::new().name("page".to_owned()).spawn(
            move || -> Result<(Vec<Duration>, usize)> {
                let mut http = Http::new()?;
                http.sign_in(&base, OFFICE, PASSWORD)?;
                let (mut times, mut failed) = (Vec::new(), 0);
                loop {
                    let began = Instant::now();
                    match http.get(&url) {
                        Ok(answer) if answer.status == 200 => times.push(began.elapsed()),
                        Ok(_) | Err(_) => failed += 1,
                    }
                    // Once at least, however soon everything was there.
                    if told.load(Ordering::SeqCst) {
                        return Ok((times, failed));
                    }
                    let_pass(BETWEEN_PAGES);
                }
            },
        )?;
        Ok(Self { stop, asker })
    }

    fn finish(self) -> Result<Page> {
        self.stop.store(true, Ordering::SeqCst);
        let (mut times, failed) = self.asker.join().map_err(|_| anyhow!("who asks for the page panicked"))??;
        Ok(Page {
            asked: times.len() + failed,
            failed,
            p50_ms: ms(quantile(&mut times, 0.5)),
            p99_ms: ms(quantile(&mut times, 0.99)),
            most_ms: ms(times.iter().max().copied().unwrap_or_default()),
        })
    }
}

/// What is lost, doubled and strange, and what is wrong besides. The aggregator is stopped: what is only in its memory does not count.
fn count(aggregator: &mut Aggregator, sealed: &BTreeSet<Hash>) -> Result<(usize, usize, usize, Vec<String>)> {
    aggregator.stop()?;
    let ledger = aggregator.ledger_as_it_comes()?;
    let stored = ledger.hashes();
    let doubled = ledger.doubled();
    let mut verify = ledger.faults();
    if let Err(error) = aggregator.verify() {
        verify.push(format!("{error:#}"));
    }
    Ok((sealed.difference(&stored).count(), doubled, stored.difference(sealed).count(), verify))
}
