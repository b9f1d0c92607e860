//! A fleet of kiosks without windows: the same interview, outbox, courier and link, with patients who were never there.
//!
//! Kiosk `n` of the fleet is `sim-<seed>-<n>-<tag>`, the tag being the beginning of its key's hash. It introduces itself, is given a ward, and sees its share of the
//! patients one after the other. One patient is one record, so the number of a kiosk's last record says how many of
//! its patients it has seen: a fleet that was killed goes on where its outboxes stand, and a fleet that has seen all
//! of its patients only delivers what is left.
//!
//! Content is fixed by the seed and the ward; ids, keys and encryption are not. Two runs of one seed are two fleets with
//! the same answers; with `data` the second is the first, going on.
//!
//! Units: outages are in seconds after the first patient; latencies in milliseconds from submitting a record to the
//! receipt that settles it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use wardvoice_protocol::contact::Outcome;
use wardvoice_protocol::id::{Hash, IdError, KioskId, Language};
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::record::Body;

use crate::commission::Commission;
use crate::dispatch::{Dispatch, DispatchConfig, DispatchError, ParcelEvent, SIMULATED_ORIGIN, Trust};
use crate::identity::{self, Identity, IdentityError};
use crate::interview::{Setting, SettingError};
use crate::mqtt::BrokerAddress;
use crate::settings::{self, SettingsError};

mod outage;
pub mod plausible;
mod visit;

pub use outage::{Outage, OutageError};

use plausible::Patient;

/// The disk that must remain for a simulated kiosk: its records are worth nothing.
const RESERVE_BYTES: u64 = 1024 * 1024;
const LOOK: Duration = Duration::from_millis(200);

/// What a fleet is told to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the broker is.
    pub broker: BrokerAddress,
    /// Certificates for `mqtts`.
    pub ca: Option<PathBuf>,
    /// How many kiosks.
    pub kiosks: u32,
    /// How many patients, over all kiosks and all runs with the same data directory.
    pub responses: u64,
    /// How many patients a second, over all kiosks; as many as there can be when absent.
    pub rate: Option<f64>,
    /// What fixes names and answers.
    pub seed: u64,
    /// When the whole fleet is without network.
    pub outages: Vec<Outage>,
    /// Where keys and outboxes are kept; a directory that is removed at the end when absent.
    pub data: Option<PathBuf>,
    /// How many of a hundred patients answer nothing.
    pub non_response_percent: u8,
    /// How long nothing at all may happen before the fleet gives up.
    pub patience: Duration,
}

/// What a fleet did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How many kiosks.
    pub kiosks: u32,
    /// How many patients were asked for.
    pub responses: u64,
    /// How many records the fleet has ever kept in its outboxes.
    pub kept: u64,
    /// How many of them the aggregator holds and counts.
    pub acknowledged: u64,
    /// How many of them the aggregator refused in this run.
    pub refused: u64,
    /// How many still wait.
    pub waiting: u64,
    /// Interviews of this run that came to their end.
    pub completed: u64,
    /// Interviews of this run that were stopped.
    pub partial: u64,
    /// Contacts of this run without a response.
    pub without_response: u64,
    /// How long this run took from its first patient to its last receipt.
    pub seconds: f64,
    /// Records settled in this run for each of those seconds.
    pub records_per_second: f64,
    /// From submitting a record to its receipt.
    pub latency_ms: Latency,
}

/// Latencies in milliseconds; none when nothing was settled.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Latency {
    /// Half were faster.
    pub p50: Option<f64>,
    /// 99 of 100 were faster.
    pub p99: Option<f64>,
    /// The slowest.
    pub max: Option<f64>,
}

/// Why a fleet cannot run, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// A kiosk's name would not be one.
    #[error("name a simulated kiosk: {0}")]
    Name(#[from] IdError),
    /// A key does not read.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A saved assignment does not read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A kiosk does not start.
    #[error("start kiosk {kiosk}: {source}")]
    Dispatch {
        /// The kiosk.
        kiosk: KioskId,
        /// Why.
        source: DispatchError,
    },
    /// A kiosk is told to ask what it cannot ask.
    #[error("set up kiosk {kiosk}: {source}")]
    Setting {
        /// The kiosk.
        kiosk: KioskId,
        /// Why.
        source: SettingError,
    },
    /// The introduction was not answered.
    #[error(
        "get an assignment: the aggregator behind {broker} did not answer the introduction of {kiosk} within {seconds} s ({last}). Is it running with kiosks.accept_simulated = true, and is that name new to it or this its data directory?"
    )]
    NotIntroduced {
        /// The broker.
        broker: BrokerAddress,
        /// The first kiosk without an answer.
        kiosk: KioskId,
        /// How long it waited.
        seconds: u64,
        /// What the kiosk last said about its connection.
        last: String,
    },
    /// A record was not kept.
    #[error("see a patient at {kiosk}: {reason}")]
    Visit {
        /// The kiosk.
        kiosk: KioskId,
        /// Why.
        reason: String,
    },
    /// A thread, a directory or the runtime.
    #[error("run the fleet: {0}")]
    System(#[from] std::io::Error),
}

/// How far a fleet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records kept in this run.
    pub kept: u64,
    /// Records settled in this run.
    pub settled: u64,
}

enum News {
    Assigned,
    Kept,
    Settled { counted: bool, took: Option<Duration> },
    TurnedAway,
    Done(Result<Seen, SimulateError>),
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    completed: u64,
    partial: u64,
    without_response: u64,
}

struct Member {
    kiosk: KioskId,
    dispatch: Dispatch,
    submitted: Arc<Mutex<Instant>>,
}

/// Runs a fleet until everything is acknowledged, nothing happens any more, or `stop` is set.
///
/// The caller looks at the summary: a fleet that gave up has `waiting` above 0 or `kept` below `responses`.
pub fn run(
    options: &Options,
    stop: &Arc<AtomicBool>,
    mut progress: impl FnMut(Progress),
) -> Result<Summary, SimulateError> {
    let temporary = Temporary::new(options)?;
    let data = options.data.as_deref().unwrap_or(&temporary.0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (sender, news) = mpsc::channel();
    let mut fleet = Vec::new();
    for number in 0..options.kiosks {
        fleet.push(Member::start(options, data, number, runtime.handle(), &sender)?);
    }
    introduce(options, &fleet, &news, stop)?;

    let earlier: u64 = fleet.iter().map(|member| member.dispatch.state().waiting).sum();
    let start = Instant::now();
    for (number, member) in (0..).zip(&fleet) {
        member.see_patients(options, number, start, stop, &sender)?;
    }
    let mut course = Course::new(options, &fleet, earlier);
    while !course.is_over() && !stop.load(Ordering::Relaxed) {
        let before = course.progress();
        course.listen(&news, start)?;
        if course.progress() != before {
            progress(course.progress());
        }
    }
    stop.store(true, Ordering::Relaxed);
    for member in &fleet {
        member.dispatch.allow_network(true);
    }
    for member in &fleet {
        member.dispatch.stop();
    }
    runtime.shutdown_background();
    // Counted when every thread has ended: the last receipt may still be on its way into a state before.
    Ok(course.summary(options, start))
}

/// Waits until every kiosk has an assignment and the questionnaire that it names.
fn introduce(
    options: &Options,
    fleet: &[Member],
    news: &Receiver<News>,
    stop: &Arc<AtomicBool>,
) -> Result<(), SimulateError> {
    let mut last_news = Instant::now();
    loop {
        let Some(member) = fleet.iter().find(|member| member.dispatch.commission().is_none()) else {
            return Ok(());
        };
        if last_news.elapsed() > options.patience || stop.load(Ordering::Relaxed) {
            let state = member.dispatch.state();
            let connected = if state.connected { "the broker is connected" } else { "no connection yet" };
            return Err(SimulateError::NotIntroduced {
                broker: options.broker.clone(),
                kiosk: member.kiosk.clone(),
                seconds: last_news.elapsed().as_secs(),
                last: state.waits_for.or(state.last_error).unwrap_or_else(|| connected.to_owned()),
            });
        }
        if news.recv_timeout(LOOK).is_ok() {
            last_news = Instant::now();
        }
    }
}

/// Tells fleets of one seed apart: the first eight digits of the hash of the public key.
fn tag(key: &SigningKey) -> String {
    Hash::of(key.verifying_key().to_string().as_bytes()).to_string().chars().take(8).collect()
}

impl Member {
    fn start(
        options: &Options,
        data: &Path,
        number: u32,
        runtime: &tokio::runtime::Handle,
        news: &Sender<News>,
    ) -> Result<Self, SimulateError> {
        let name = format!("sim-{}-{number}", options.seed);
        let data = data.join(&name);
        let signing_key = identity::load_or_create(&data)?;
        let kiosk = KioskId::new(format!("{name}-{}", tag(&signing_key)))?;
        let identity = Identity { kiosk: kiosk.clone(), signing_key };
        let known = settings::load_assignment(&data, SIMULATED_ORIGIN)?;
        let submitted = Arc::new(Mutex::new(Instant::now()));
        let mut config =
            DispatchConfig::new(data, identity, options.broker.clone(), Trust::Introduce { ward: None, known });
        config.ca.clone_from(&options.ca);
        config.reserve_bytes = RESERVE_BYTES;
        config.runtime = Some(runtime.clone());
        config.on_parcel = Some(tell(news.clone(), Arc::clone(&submitted)));
        let dispatch =
            Dispatch::start(config).map_err(|source| SimulateError::Dispatch { kiosk: kiosk.clone(), source })?;
        let news = news.clone();
        dispatch.on_commission(move |_| {
            // The fleet listens no more once it is over.
            let _over = news.send(News::Assigned);
        });
        Ok(Self { kiosk, dispatch, submitted })
    }

    /// Starts the thread that sees this kiosk's share of the patients.
    fn see_patients(
        &self,
        options: &Options,
        number: u32,
        start: Instant,
        stop: &Arc<AtomicBool>,
        news: &Sender<News>,
    ) -> Result<(), SimulateError> {
        let round = Round {
            kiosk: self.kiosk.clone(),
            dispatch: self.dispatch.clone(),
            submitted: Arc::clone(&self.submitted),
            patients: self.dispatch.state().last_sequence..share(options, number),
            number,
            options: options.clone(),
            start,
            stop: Arc::clone(stop),
        };
        let news = news.clone();
        thread::Builder::new().name(self.kiosk.to_string()).spawn(move || {
            let seen = round.walk();
            let _over = news.send(News::Done(seen));
        })?;
        Ok(())
    }
}

/// How many of the patients are this kiosk's.
fn share(options: &Options, number: u32) -> u64 {
    let kiosks = u64::from(options.kiosks.max(1));
    options.responses / kiosks + u64::from(u64::from(number) < options.responses % kiosks)
}

fn tell(news: Sender<News>, submitted: Arc<Mutex<Instant>>) -> Box<dyn Fn(ParcelEvent) + Send> {
    // One patient at a time: the last submission is the one that was kept.
    let kept: Mutex<std::collections::BTreeMap<u64, Instant>> = Mutex::default();
    Box::new(move |event| {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = match event {
            ParcelEvent::Kept { sequence } => {
                kept.insert(sequence, *submitted.lock().unwrap_or_else(PoisonError::into_inner));
                News::Kept
            }
            ParcelEvent::Settled { sequence, decision } => News::Settled {
                counted: !matches!(decision, Decision::Refused(_)),
                took: kept.remove(&sequence).map(|start| start.elapsed()),
            },
            ParcelEvent::TurnedAway { .. } => News::TurnedAway,
        };
        let _over = news.send(piece);
    })
}

/// One kiosk's patients, one after the other.
struct Round {
    kiosk: KioskId,
    dispatch: Dispatch,
    submitted: Arc<Mutex<Instant>>,
    patients: std::ops::Range<u64>,
    number: u32,
    options: Options,
    start: Instant,
    stop: Arc<AtomicBool>,
}

impl Round {
    fn walk(self) -> Result<Seen, SimulateError> {
        let mut seen = Seen::default();
        let mut follows: Option<(Arc<Commission>, Arc<Setting>)> = None;
        let first = self.patients.start;
        for index in self.patients.clone() {
            if !self.wait_for_turn(index - first) {
                break;
            }
            // What the hospital has changed takes effect between two patients.
            let Some(commission) = self.dispatch.commission() else { break };
            let setting = match &follows {
                Some((known, setting)) if Arc::ptr_eq(known, &commission) => Arc::clone(setting),
                _ => self.follow(&commission)?,
            };
            follows = Some((Arc::clone(&commission), Arc::clone(&setting)));
            let ward = &commission.assignment.ward;
            let drawn_from = mix(mix(self.options.seed, u64::from(self.number)), index);
            let mut patient = Patient::draw(ward, drawn_from, self.options.non_response_percent);
            let outcome = patient.outcome;
            visit::visit(&setting, &mut patient, |contact| self.keep(Body::Contact(contact)))
                .map_err(|error| SimulateError::Visit { kiosk: self.kiosk.clone(), reason: error.to_string() })?;
            match outcome {
                Outcome::Completed => seen.completed += 1,
                Outcome::Partial => seen.partial += 1,
                _ => seen.without_response += 1,
            }
        }
        Ok(seen)
    }

    fn follow(&self, commission: &Commission) -> Result<Arc<Setting>, SimulateError> {
        let setting_error = |source| SimulateError::Setting { kiosk: self.kiosk.clone(), source };
        let questionnaire = Arc::clone(&commission.questionnaire);
        self.dispatch.asks(questionnaire.hash());
        let approved = |language: &Language| commission.approved.contains_key(language);
        let setting = Setting::approving(&commission.assignment, questionnaire, approved, |_| true);
        setting.map(Arc::new).map_err(setting_error)
    }

    /// Keeps to the fleet's rate; false when the fleet is stopping.
    fn wait_for_turn(&self, nth: u64) -> bool {
        let turn = self.options.rate.map(|rate| {
            let before = nth as f64 * f64::from(self.options.kiosks) + f64::from(self.number);
            self.start + Duration::try_from_secs_f64(before / rate).unwrap_or(Duration::MAX)
        });
        while let Some(left) = turn.and_then(|turn| turn.checked_duration_since(Instant::now())) {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            thread::sleep(left.min(LOOK));
        }
        !self.stop.load(Ordering::Relaxed)
    }

    fn keep(&self, body: Body) -> Result<(), crate::dispatch::SubmitError> {
        *self.submitted.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let (done, kept) = mpsc::channel();
        self.dispatch.submit(body, move |result| {
            let _stopping = done.send(result);
        });
        kept.recv().unwrap_or(Err(crate::dispatch::SubmitError::Stopped)).map(|_| ())
    }
}

fn mix(seed: u64, number: u64) -> u64 {
    // SplitMix64 (Steele, Lea, Flood 2014): neighbouring numbers give unrelated seeds.
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What is known while the fleet runs.
struct Course<'a> {
    fleet: &'a [Member],
    rounds_left: usize,
    earlier: u64,
    kept: u64,
    settled: u64,
    refused: u64,
    turned_away: u64,
    seen: Seen,
    latencies: Vec<Duration>,
    changes: Vec<(Duration, bool)>,
    last_news: Instant,
    last_receipt: Instant,
    patience: Duration,
}

impl<'a> Course<'a> {
    fn new(options: &Options, fleet: &'a [Member], earlier: u64) -> Self {
        let longest = options.outages.iter().map(|outage| outage.length).max().unwrap_or_default();
        let now = Instant::now();
        Self {
            fleet,
            rounds_left: fleet.len(),
            earlier,
            kept: 0,
            settled: 0,
            refused: 0,
            turned_away: 0,
            seen: Seen::default(),
            latencies: Vec::new(),
            changes: outage::changes(&options.outages),
            last_news: now,
            last_receipt: now,
            patience: options.patience + longest,
        }
    }

    fn progress(&self) -> Progress {
        Progress { kept: self.kept, settled: self.settled }
    }

    fn is_over(&self) -> bool {
        let all = self.rounds_left == 0 && self.settled >= self.earlier + self.kept;
        // Between two patients of a slow fleet nothing happens for long, and that is fine.
        let waits = self.settled < self.earlier + self.kept || self.rounds_left == 0;
        all || (waits && self.last_news.elapsed() > self.patience)
    }

    fn listen(&mut self, news: &Receiver<News>, start: Instant) -> Result<(), SimulateError> {
        while let Some((at, allowed)) = self.changes.last().copied().filter(|(at, _)| *at <= start.elapsed()) {
            tracing::info!(seconds = at.as_secs_f64(), allowed, "network");
            self.changes.pop();
            for member in self.fleet {
                member.dispatch.allow_network(allowed);
            }
        }
        match news.recv_timeout(LOOK) {
            Ok(News::Kept) => self.kept += 1,
            Ok(News::Settled { counted, took }) => {
                self.settled += 1;
                self.refused += u64::from(!counted);
                self.latencies.extend(took);
                self.last_receipt = Instant::now();
            }
            Ok(News::TurnedAway) => {
                self.turned_away += 1;
                return Ok(());
            }
            Ok(News::Done(seen)) => {
                let seen = seen?;
                self.rounds_left -= 1;
                self.seen.completed += seen.completed;
                self.seen.partial += seen.partial;
                self.seen.without_response += seen.without_response;
            }
            Ok(News::Assigned) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        }
        self.last_news = Instant::now();
        Ok(())
    }

    fn summary(&self, options: &Options, start: Instant) -> Summary {
        let states: Vec<_> = self.fleet.iter().map(|member| member.dispatch.state()).collect();
        let kept: u64 = states.iter().map(|state| state.last_sequence).sum();
        let waiting: u64 = states.iter().map(|state| state.waiting).sum();
        let seconds = self.last_receipt.saturating_duration_since(start).as_secs_f64();
        Summary {
            kiosks: options.kiosks,
            responses: options.responses,
            kept,
            acknowledged: kept.saturating_sub(waiting).saturating_sub(self.refused),
            refused: self.refused + self.turned_away.min(waiting),
            waiting,
            completed: self.seen.completed,
            partial: self.seen.partial,
            without_response: self.seen.without_response,
            seconds,
            records_per_second: if seconds > 0.0 { self.settled as f64 / seconds } else { 0.0 },
            latency_ms: latency(self.latencies.clone()),
        }
    }
}

impl Summary {
    /// Whether every patient's record is held and counted by the aggregator.
    pub fn is_complete(&self) -> bool {
        self.waiting == 0 && self.refused == 0 && self.kept >= self.responses
    }
}

fn latency(mut times: Vec<Duration>) -> Latency {
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(place).map(|time| (time.as_secs_f64() * 1e6).round() / 1e3)
    };
    Latency { p50: at(50), p99: at(99), max: at(100) }
}

/// A directory that is removed when the fleet is over, if there is no other.
struct Temporary(PathBuf);

impl Temporary {
    fn new(options: &Options) -> Result<Self, SimulateError> {
        if options.data.is_some() {
            return Ok(Self(PathBuf::new()));
        }
        let name = format!("wardvoice-simulate-{}-{}", options.seed, std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty()
            && let Err(error) = std::fs::remove_dir_all(&self.0)
        {
            tracing::warn!(%error, path = %self.0.display(), "removing the fleet's directory");
        }
    }
}
