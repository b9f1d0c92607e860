//! A day in minutes: kiosks at a steady rate, pages that are opened and closed, tables, exports, alerts that come and go, backups, and a wire
//! that is cut; and whether memory and open files of the aggregator and of a kiosk stay as they are.
//!
//! One more kiosk may have its real window, with a patient at it all day.
//!
//! A simulated hour is a twenty-fourth of a day of the run. What a day brings in answers is what a day brings; what is done to the server in a
//! day is far more than anybody does. The server runs in the environment of its unit. What it keeps on purpose, up to a bound of its own,
//! grows in a first day too; more days than one tell that from what has none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;

use super::at_the_window::{Answered, AtTheWindow};
use super::gauge::{Gauge, Trend};
use crate::aggregator::{Aggregator, Carrier};
use crate::clock::WallClock;
use crate::faults::Bedside;
use crate::proxy::Proxy;
use crate::stream::EventStream;
use crate::wait::{let_pass, until_true};

const HOURS: u32 = 24;
/// What is asked for besides wards' pages.
const OTHER_PAGES: [&str; 4] = ["/", "/trust", "/alerts", "/metrics"];
/// More than the five minutes that make an alert of a kiosk's clock.
const CLOCK_OUT: SignedDuration = SignedDuration::from_mins(30);
const DEADLINE: Duration = Duration::from_mins(2);
/// A patient so often is none.
const NOBODY: Duration = Duration::from_hours(24);

/// What a run is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How long a day takes.
    pub day: Duration,
    /// How many days.
    pub days: u32,
    /// How many kiosks there are.
    pub kiosks: usize,
    /// How many answers they give in a day.
    pub answers: u32,
    /// How often memory and files are looked at in an hour.
    pub looks: u32,
    /// How many wards' pages are opened and left at each look.
    pub pages: u32,
    /// Whether one more kiosk has its window.
    pub window: bool,
    /// How much more memory a day may take, of the aggregator, of a kiosk without its window and of one with it, in MB.
    pub most_mb: [f64; 3],
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many days there were.
    pub days: u32,
    /// How long a day took, in seconds.
    pub day_s: u64,
    /// Of the aggregator.
    pub aggregator: Trend,
    /// Of one kiosk without its window.
    pub kiosk: Trend,
    /// Of the one with its window, where there is one.
    pub window: Option<Trend>,
    /// How many patients were thanked at the window.
    pub at_the_window: usize,
    /// Pages that were asked for.
    pub pages: usize,
    /// Streams that were opened and left.
    pub streams: usize,
    /// Exports of everything.
    pub exports: usize,
    /// Backups, each restored once for trial.
    pub backups: usize,
    /// How often the wire was cut or stalled.
    pub disturbed: usize,
    /// How many different alerts were seen.
    pub alerts: usize,
    /// What the kiosks' staff corners said meanwhile.
    pub said: BTreeSet<String>,
    /// Answers that kiosks thanked for.
    pub acknowledged: usize,
    /// Of those, not stored.
    pub lost: usize,
    /// Stored more than once.
    pub doubled: usize,
    /// What an export and the aggregator's own `verify` found wrong.
    pub verify: Vec<String>,
    /// Whether memory and files stayed within what the plan allows.
    pub flat: bool,
}

impl Report {
    /// Whether nothing was lost and everything was done.
    pub fn is_whole(&self) -> bool {
        self.lost + self.doubled == 0
            && self.verify.is_empty()
            && self.acknowledged > 0
            && self.exports > 0
            && self.backups > 0
            && self.streams > 0
            && self.window.is_none_or(|_| self.at_the_window > 0)
    }

    /// Whether everything held.
    pub fn holds(&self) -> bool {
        self.is_whole() && self.flat
    }
}

/// Open files come and go with connections; a day that leaves this many behind is a leak.
const MOST_FILES: f64 = 4.0;

fn is_flat(trend: &Trend, most_mb: f64) -> bool {
    trend.memory_a_day_mb <= most_mb && trend.files_a_day <= MOST_FILES
}

struct Scene {
    directory: PathBuf,
    aggregator: Aggregator,
    wire: Proxy,
    kiosks: Vec<Bedside>,
    window: Option<(Bedside, AtTheWindow)>,
    /// Of the last kiosk, which is set wrong every other hour.
    clock: WallClock,
    recipient: String,
    gauges: [Gauge; 2],
    alerts: BTreeSet<String>,
    pages: usize,
    streams: usize,
    exports: usize,
    backups: usize,
    disturbed: usize,
}

/// Runs a plan in an empty directory.
pub fn run(plan: &Plan, directory: &Path) -> Result<Report> {
    let Plan { days, kiosks, answers, looks, .. } = *plan;
    ensure!(days > 0 && kiosks > 0 && answers > 0 && looks > 0, "no kiosks, answers or looks are no day");
    let began = Instant::now();
    let mut scene = Scene::open(plan, directory)?;
    let look = plan.day / (HOURS * plan.looks);
    let mut due = Instant::now();
    for hour in 0..HOURS * plan.days {
        tracing::info!("hour {hour}: {} answers", scene.acknowledged());
        scene.begin_an_hour(hour)?;
        for part in 0..plan.looks {
            due += look;
            scene.look_at_pages(hour * plan.looks + part, plan.pages)?;
            scene.sample(f64::from(hour) + f64::from(part) / f64::from(plan.looks))?;
            let_pass(due.saturating_duration_since(Instant::now()));
        }
        scene.end_an_hour()?;
    }
    scene.settle(plan, began.elapsed() / plan.days)
}

impl Scene {
    fn open(plan: &Plan, directory: &Path) -> Result<Self> {
        let mut aggregator = Aggregator::prepare(directory, &Carrier::Certified)?;
        aggregator.runs_as_a_service()?;
        aggregator.start()?;
        aggregator.open_the_office()?;
        let wire = Proxy::start(aggregator.broker_port()?)?;
        let clock = WallClock::make(directory, "kiosk")?;
        let key = directory.join("backup.key");
        let recipient = aggregator.run(&["backup", "new-key", "--secret", path(&key)?])?.trim().to_owned();
        let between = plan.day.mul_f64(plan.kiosks as f64 / f64::from(plan.answers));
        let mut kiosks = Vec::new();
        for number in 0..plan.kiosks {
            let ward = format!("W{}", number % 26 + 1);
            let mut kiosk = Bedside::enrol(number, &ward, &aggregator, directory)?;
            kiosk.reach(&format!("mqtts://localhost:{}", wire.port()))?;
            kiosk.take_a_patient_every(between);
            if number + 1 == plan.kiosks {
                kiosk.live_by(&clock);
            }
            kiosk.start(None)?;
            kiosks.push(kiosk);
        }
        let window = if plan.window {
            let kiosk = Bedside::enrol(plan.kiosks, "W7", &aggregator, directory)?;
            kiosk.reach(&format!("mqtts://localhost:{}", wire.port()))?;
            let open = AtTheWindow::open(&kiosk, directory, plan.day)?;
            Some((kiosk, open))
        } else {
            None
        };
        Ok(Self {
            directory: directory.to_owned(),
            aggregator,
            wire,
            kiosks,
            window,
            clock,
            recipient,
            gauges: [Gauge::default(), Gauge::default()],
            alerts: BTreeSet::new(),
            pages: 0,
            streams: 0,
            exports: 0,
            backups: 0,
            disturbed: 0,
        })
    }

    fn acknowledged(&self) -> usize {
        self.kiosks.iter().map(Bedside::kept).sum()
    }

    /// A clock that is wrong in every other hour, a wire that is cut, an export, and four times a day a backup.
    fn begin_an_hour(&mut self, hour: u32) -> Result<()> {
        self.clock.set(if hour % 2 == 1 { CLOCK_OUT } else { SignedDuration::ZERO })?;
        match hour % 4 {
            0 => self.wire.cut(),
            1 => self.wire.reset(),
            // Until the hour is over.
            2 => self.wire.stall(),
            _ => self.wire.drip(256),
        }
        self.disturbed += 1;
        let mut export = self.aggregator.command()?;
        let status = export.arg("export").stdout(Stdio::null()).status().context("failed to start an export")?;
        ensure!(status.success(), "an export ended with {status}");
        self.exports += 1;
        if hour % 6 == 2 {
            let to = self.directory.join("soak.age");
            let made = self.aggregator.json(&["backup", "--to", path(&to)?, "--recipient", &self.recipient])?;
            ensure!(made.get("sound") == Some(&Value::from(true)), "a backup is not sound: {made}");
            std::fs::remove_file(&to).context("failed to remove a backup")?;
            self.backups += 1;
        }
        Ok(())
    }

    fn end_an_hour(&mut self) -> Result<()> {
        self.wire.flow();
        self.wire.drip(0);
        for alert in self.aggregator.list(&["alert", "list"])? {
            let key = alert.get("key").map_or_else(|| alert.to_string(), ToString::to_string);
            self.alerts.insert(key);
        }
        for kiosk in &mut self.kiosks {
            kiosk.must_be_running()?;
        }
        self.window.as_ref().map_or(Ok(()), |(_, open)| open.must_be_open())
    }

    /// Opens pages and leaves them.
    fn look_at_pages(&mut self, look: u32, pages: u32) -> Result<()> {
        let session = self.aggregator.http().session()?.to_owned();
        let ward = |number: u32| format!("/ward/W{}", number % 26 + 1);
        let mut open = Vec::new();
        for number in look * pages..(look + 1) * pages {
            let page = self.aggregator.http().get(&self.aggregator.url(&ward(number)))?;
            ensure!(page.status == 200, "{} answered {}", ward(number), page.status);
            open.push(EventStream::open(&self.aggregator.url(&format!("{}/stream", ward(number))), &session)?);
            self.pages += 1;
            self.streams += 1;
        }
        let other = usize::try_from(look)? % OTHER_PAGES.len();
        if let Some(other) = OTHER_PAGES.get(other) {
            let page = self.aggregator.http().get(&self.aggregator.url(other))?;
            ensure!(page.status == 200, "{other} answered {}", page.status);
            self.pages += 1;
        }
        drop(open);
        Ok(())
    }

    fn sample(&mut self, hour: f64) -> Result<()> {
        let [aggregator, kiosk] = &mut self.gauges;
        aggregator.sample(self.aggregator.process()?, hour)?;
        let process = self.kiosks.first_mut().and_then(Bedside::process).context("there is no kiosk")?;
        kiosk.sample(process, hour)
    }

    /// The window closes after its last patient; what it has kept goes out without it.
    fn close_the_window(&mut self) -> Result<Option<Answered>> {
        let Some((mut kiosk, open)) = self.window.take() else { return Ok(None) };
        let answered = open.close()?;
        // Nobody comes any more before it is told so.
        kiosk.take_a_patient_every(NOBODY);
        kiosk.start(None)?;
        self.kiosks.push(kiosk);
        Ok(Some(answered))
    }

    /// No more patients; every outbox runs empty, and everything is counted.
    fn settle(mut self, plan: &Plan, day: Duration) -> Result<Report> {
        self.clock.set(SignedDuration::ZERO)?;
        let answered = self.close_the_window()?;
        for kiosk in &mut self.kiosks {
            kiosk.no_more_patients();
        }
        for kiosk in &mut self.kiosks {
            kiosk.empties_its_outbox()?;
        }
        let streams = "wardvoice_open_streams 0";
        until_true("every page to be left", DEADLINE, || {
            let metrics = self.aggregator.http().get(&self.aggregator.url("/metrics"))?;
            Ok(metrics.body.lines().any(|line| line == streams))
        })?;
        let at_the_window = answered.as_ref().map(|answered| answered.marks.as_slice()).unwrap_or_default();
        let kept: Vec<String> =
            self.kiosks.iter().flat_map(Bedside::marks).chain(at_the_window.iter().cloned()).collect();
        self.aggregator.stop()?;
        let ledger = self.aggregator.ledger()?;
        let stored = ledger.marks();
        let mut verify = ledger.faults();
        if let Err(error) = self.aggregator.verify() {
            verify.push(format!("{error:#}"));
        }
        let [aggregator, kiosk] = self.gauges.each_ref().map(Gauge::trend);
        let window = answered.as_ref().map(|answered| answered.gauge.trend());
        let [most_aggregator, most_kiosk, most_window] = plan.most_mb;
        Ok(Report {
            days: plan.days,
            day_s: day.as_secs(),
            aggregator,
            kiosk,
            window,
            at_the_window: at_the_window.len(),
            pages: self.pages,
            streams: self.streams,
            exports: self.exports,
            backups: self.backups,
            disturbed: self.disturbed,
            alerts: self.alerts.len(),
            said: self.kiosks.iter().flat_map(Bedside::shown).collect(),
            acknowledged: kept.len(),
            lost: kept.iter().filter(|mark| !stored.contains_key(mark.as_str())).count(),
            doubled: stored.values().map(|count| count - 1).sum::<usize>() + ledger.doubled(),
            verify,
            flat: is_flat(&aggregator, most_aggregator)
                && is_flat(&kiosk, most_kiosk)
                && window.is_none_or(|window| is_flat(&window, most_window)),
        })
    }
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a strange path")
}
