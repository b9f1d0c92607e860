//! Thousands of kiosks at once: all connected over TLS that both ends prove themselves for, all back after a restart, and all back after a
//! week without network with everything they have kept, while somebody asks for a ward's page all the time and somebody else has it open.
//!
//! Everything is counted from an export that is read with the protocol alone, against the hashes of what was sealed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use wardvoice_protocol::id::{Hash, WardId};

use super::light::{Board, LightKiosk, Parcel};
use super::page::{Asking, Open, Page, Watching};
use super::storm::Storm;
use super::{Enrolled, enrol};
use crate::aggregator::{Aggregator, Carrier};
use crate::bench::ms;
use crate::load;
use crate::wait::{let_pass, until_true};

/// The days of an absence over which records are spread.
const A_WEEK: usize = 7;
/// The ward that is looked at; the first kiosk stands on it.
const LOOKED_AT: &str = "W1";
/// Below so many kiosks, and after so short an absence, nobody has had to wait: whether they come back one by one says nothing.
const A_CROWD: usize = 100;
const LONG_ENOUGH: Duration = Duration::from_secs(10);
const MB: f64 = 1024.0 * 1024.0;
/// How many files and sockets the server has open for each kiosk, and whatever else either process may have open.
const FILES_EACH: usize = 3;
const FILES_BESIDE: usize = 256;

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
    /// Within what time everybody has to be back.
    pub most_back: Duration,
    /// How late an open page may be.
    pub most_late: Duration,
    /// How much memory the server may ever take, in MB.
    pub most_mb: f64,
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
    /// The page of the fleet with all of them on it, in kB before it is compressed.
    pub fleet_kb: f64,
    /// How long it took to come, in milliseconds.
    pub fleet_ms: f64,
    /// All back after a restart, with nothing to deliver.
    pub restart: Storm,
    /// All back after a week, with everything they have kept.
    pub week: Storm,
    /// From the moment the server was well to the last receipt, in seconds.
    pub draining_s: f64,
    /// Records a second meanwhile.
    pub records_a_second: f64,
    /// The ward's page meanwhile, asked for again and again.
    pub page: Page,
    /// The same page left open.
    pub open: Open,
    /// The most memory the aggregator had meanwhile, in MB.
    pub peak_mb: f64,
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
    /// What did not hold.
    pub broken: Vec<&'static str>,
}

impl Report {
    /// Whether everything that was promised held.
    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }

    /// What of a plan's promises did not hold.
    pub fn judge(&self, plan: &Plan) -> Vec<&'static str> {
        let is_whole = self.lost + self.doubled + self.strange + self.refused == 0 && self.verify.is_empty();
        let [restart, week] = [&self.restart, &self.week];
        let is_back = restart.is_over(plan.kiosks, plan.most_back) && week.is_over(plan.kiosks, plan.most_back);
        let is_spread = !self.spread_is_judged || (restart.is_spread() && week.is_spread());
        let promises = [
            ("nothing is lost, doubled, strange or refused", is_whole),
            ("everybody is back in time", is_back),
            ("they come back one by one", is_spread),
            ("the page comes whenever it is asked for", self.page.asked > 0 && self.page.failed == 0),
            ("the open page is live", self.open.is_live(plan.most_late)),
            ("memory stays within its bound", self.peak_mb <= plan.most_mb),
        ];
        promises.into_iter().filter(|(_, holds)| !holds).map(|(promise, _)| promise).collect()
    }
}

/// How everything came in after the week.
struct Drained {
    week: Storm,
    took: Duration,
    page: Page,
    open: Open,
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
    may_open(FILES_EACH * plan.kiosks + FILES_BESIDE)?;
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
    let board = Arc::new(Board::watching(LOOKED_AT.parse::<WardId>()?));
    let start =
        |(number, kiosk): (usize, &Enrolled)| LightKiosk::start(number, &kiosk.data, runtime.handle(), &board);
    let kiosks = enrolled.iter().enumerate().map(start).collect::<Result<Vec<_>>>()?;
    let mut scene = Scene { aggregator, runtime, board, kiosks, ends };
    scene.wait_until_all_are_connected()?;
    let connected = scene.aggregator.process()?.resident_bytes()?;
    let open_files = scene.aggregator.process()?.open_files()?;
    let (fleet_kb, fleet_ms) = scene.look_at_the_fleet()?;

    tracing::info!("all are connected; the server is killed");
    scene.aggregator.kill()?;
    let restart = scene.come_back(plan.away)?;
    tracing::info!("all are back; the server is killed, and they bring what they have kept");
    scene.aggregator.kill()?;
    for (kiosk, parcels) in scene.kiosks.iter().zip(parcels) {
        kiosk.take(parcels);
    }
    let Drained { week, took, page, open } = scene.drain(plan, sealed.len())?;
    let draining_s = took.as_secs_f64();
    let (peak, resident) =
        (scene.aggregator.process()?.peak_bytes()?, scene.aggregator.process()?.resident_bytes()?);
    let refused = scene.board.refused();
    let mut aggregator = scene.end();
    tracing::info!("everything has a receipt; it is counted");
    let (lost, doubled, strange, verify) = count(&mut aggregator, &sealed)?;
    let mut report = Report {
        kiosks: plan.kiosks,
        records: sealed.len(),
        enrolling_s,
        connected_kb_each: (connected.saturating_sub(alone)) as f64 / 1024.0 / plan.kiosks as f64,
        open_files,
        fleet_kb,
        fleet_ms,
        restart,
        week,
        draining_s,
        records_a_second: sealed.len() as f64 / draining_s.max(f64::EPSILON),
        page,
        open,
        peak_mb: peak as f64 / MB,
        resident_mb: resident as f64 / MB,
        lost,
        doubled,
        strange,
        refused,
        verify,
        spread_is_judged: plan.kiosks >= A_CROWD && plan.away >= LONG_ENOUGH,
        broken: Vec::new(),
    };
    report.broken = report.judge(plan);
    Ok(report)
}

/// Whether this process and those that it starts may open so many files. Where they may not, a run would wait for its deadline.
fn may_open(files: usize) -> Result<()> {
    let limits = fs::read_to_string("/proc/self/limits").context("failed to read /proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()).context("there is no limit of open files")?;
    let enough = soft == "unlimited" || soft.parse::<usize>().is_ok_and(|soft| soft >= files);
    ensure!(enough, "{files} open files are needed and {soft} are allowed: say `ulimit -n {files}` before");
    Ok(())
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

    /// The weight of the page with everybody on it, in kB, and how long it takes, in milliseconds.
    fn look_at_the_fleet(&self) -> Result<(f64, f64)> {
        let began = Instant::now();
        let page = self.aggregator.http().get(&self.aggregator.url("/fleet"))?;
        let took = began.elapsed();
        ensure!(page.status == 200, "the fleet's page answered {}", page.status);
        Ok((page.body.len() as f64 / 1024.0, ms(took)))
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
        let path = format!("/ward/{LOOKED_AT}");
        let (asking, watching) =
            (Asking::start(&self.aggregator, &path)?, Watching::start(&self.aggregator, &path)?);
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
        let took = well.elapsed();
        let open = watching.finish(&self.board.take_receipts())?;
        let page = asking.finish()?;
        let week = Storm::of(&self.board.take_connections(), well, plan.away);
        Ok(Drained { week, took, page, open })
    }

    fn end(mut self) -> Aggregator {
        for kiosk in std::mem::take(&mut self.kiosks) {
            kiosk.stop(self.runtime.handle());
        }
        self.runtime.shutdown_background();
        self.aggregator
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
