//! The composition of a running aggregator, and its end.
//!
//! ```text
//! settings ─► keys, kiosks, directory ─► log ─► facts ─► pipeline ─► broker ─► line ─► control ─► pages
//! ```
//!
//! The end runs backwards: pages and intake close, what is under way is committed, its receipts are sent, the facts are
//! saved. A log that fails ends the process with an error; the next start recovers what was promised.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::id::{Hash, KioskId, RecordId};
use wardvoice_protocol::receipt::{Decision, Verdict};
use wardvoice_protocol::status::{Introduction, Presence, Status};

use crate::alerts;
use crate::assignments::Assignments;
use crate::boards::{self, Boards};
use crate::config::Config;
use crate::control;
use crate::durable_file::{self, Readers};
use crate::fleet::Fleet;
use crate::help::StaffRole;
use crate::ingest::mqtt::{Ack, Greeting, Inbox, Letter, Line, Link, Messenger, Unconnected};
use crate::ingest::pipeline::TellKiosk;
use crate::ingest::{Pipeline, Unacked};
use crate::log::Seen;
use crate::metrics::Metrics;
use crate::notify::{self, Manager};
#[cfg(feature = "openid")]
use crate::openid::OpenId;
use crate::operations::{self, PlanAsk, Request};
use crate::premises::{House, Premises, failed};
use crate::registry::{Introduced, Registry};
use crate::web;

mod ahead;
mod desk;
pub(crate) mod reach;
mod transport;

/// How many of the last records tell when each kiosk was last heard.
const RECENT_RECORDS: u64 = 5_000;
/// How long the last receipts may take on the way out.
const GOODBYE: Duration = Duration::from_secs(5);
/// How long pages wait for the broker at the start.
const BROKER_PATIENCE: Duration = Duration::from_secs(5);
/// How many pages are drawn at once at most. Each may hold a megabyte while it is drawn, and more threads than processors draw none sooner;
/// some wait for a browser that takes a table.
const DRAWN_AT_ONCE: usize = 64;
/// How long open pages may keep the process on the way out.
const PAGES_DRAIN: Duration = Duration::from_secs(2);

/// Where a running aggregator is reached; `addresses.json` in the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The pages, `http://127.0.0.1:8080`, or `https` where they are encrypted.
    pub http: String,
    /// The broker, `mqtt://127.0.0.1:1883`.
    pub mqtt: String,
    /// Where kiosks are taken in, `127.0.0.1:8884`; none where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<String>,
}

impl Addresses {
    /// What the last start wrote down.
    pub fn read(data: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path(data)).ok()?).ok()
    }

    fn write(&self, data: &Path) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        durable_file::replace(&path(data), &bytes, Readers::Anyone)
            .with_context(|| format!("failed to write {}", path(data).display()))
    }
}

fn path(data: &Path) -> PathBuf {
    data.join("addresses.json")
}

/// Serves a data folder until SIGTERM or SIGINT. `announce` is called once, when everything is reached at the addresses.
pub fn serve(data: &Path, config: Config, announce: impl FnOnce(&Addresses) -> Result<()>) -> Result<()> {
    let premises = Premises::open(data, config)?;
    let manager = Manager::from_environment().map(Arc::new);
    #[cfg(feature = "openid")]
    let openid = premises.config.openid.clone().map(OpenId::new).transpose().map_err(failed)?.map(Arc::new);
    let unconnected = Unconnected::new();
    let messenger = unconnected.messenger();
    let (fleet, metrics) = (Arc::new(Fleet::new()), Arc::new(Metrics::new()));
    let receipts = receipts(messenger.clone(), Arc::clone(&fleet), Arc::clone(&metrics));
    let house = Arc::new(House::open(premises, receipts, fleet, Arc::clone(&metrics))?);
    tracing::info!(
        records = house.reader().position(),
        contacts = house.facts.read().map_or(0, |facts| facts.len()),
        origin = ?house.origin,
        "the log is open"
    );
    recall_kiosks(&house)?;
    let stopping = CancellationToken::new();
    let reaching = reach::start(&house, stopping.clone())?;

    let (broken, breakdown) = mpsc::unbounded_channel();
    let authority = house.premises.authority()?;
    house.fleet.know_passes(&authority);
    let unconnected = unconnected.shutting_out(authority);
    let (to_broker, mqtt) = transport::broker(&house.premises)?;
    let boards = Arc::new(noticeboards(&house)?);
    let fleet = Arc::clone(&house.fleet);
    let to_broker = to_broker.telling_certificate(Arc::new(move |until| fleet.broker_certificate(until)));
    let line = connect(&house, &boards, unconnected, &to_broker, broken)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("pages")
        .max_blocking_threads(DRAWN_AT_ONCE)
        .enable_all()
        .build()
        .context("failed to start the threads of the pages")?;
    let ended = runtime.block_on(async {
        let known = Addresses::read(data);
        let remembered = known.as_ref().and_then(|known| place_of(&known.http));
        let listener = listen("web.listen", house.premises.config.web_listen, remembered).await?;
        let listening = listener.local_addr().context("failed to learn the address of the pages")?;
        let rules = transport::pages(&house)?;
        let http = format!("{}://{listening}", if rules.is_some() { "https" } else { "http" });
        let desk = transport::enrolment(&house, &messenger, known.and_then(|known| known.enrolment)).await?;
        let addresses = Addresses { http, mqtt, enrolment: desk.as_ref().map(|(_, address)| address.to_string()) };
        addresses.write(data)?;
        answer_commands(&house, &messenger)?;
        let enrolling = desk.map(|(desk, _)| tokio::spawn(desk));
        transport::keep_out(&house, &to_broker, &stopping)?;
        let changes = house.changes.subscribe();
        let keeping = boards::keep(Arc::clone(&boards), changes, messenger.clone(), stopping.clone());
        let keeping = tokio::spawn(keeping);
        wait_connected(&messenger).await;
        // After the broker has shown its certificate, if it is there.
        let watching = tokio::spawn(alerts::keep(alerts::Watch::new(Arc::clone(&house)), stopping.clone()));
        announce(&addresses)?;
        // What would only make the start longer; whoever looks before it is through is told so.
        ahead::comments(&house, stopping.clone())?;
        if let Some(manager) = &manager {
            manager.ready(&format!("pages at {}, broker at {}", addresses.http, addresses.mqtt));
            // It ends with the threads of the pages.
            tokio::spawn(notify::keep(Arc::clone(manager), Arc::clone(&house.facts), stopping.clone()));
        }
        let sweeping = tokio::spawn(operations::sweep_daily(Arc::clone(&house), stopping.clone()));
        let ended = pages(
            &house,
            &messenger,
            metrics,
            transport::Place { listener, rules },
            breakdown,
            #[cfg(feature = "openid")]
            openid,
        )
        .await;
        if let Some(manager) = &manager {
            manager.stopping();
        }
        stopping.cancel();
        if let Some(enrolling) = enrolling {
            enrolling.abort();
        }
        drop(keeping.await);
        // A look may take a while with many answers; what it finds is found again.
        watching.abort();
        sweeping.abort();
        ended
    });
    stopping.cancel();
    drop(reaching.join());
    runtime.shutdown_timeout(Duration::from_millis(200));

    tracing::info!("ending: finishing what is under way");
    line.close_intake();
    let stopped = house.pipeline.stop().map_err(failed).map(drop);
    line.finish(GOODBYE);
    if let Err(error) = std::fs::remove_file(control::socket_path(data)) {
        tracing::debug!(%error, "the control socket was gone");
    }
    ended.and(stopped)
}

/// What the pipeline calls once verdicts are durable.
fn receipts(messenger: Messenger, fleet: Arc<Fleet>, metrics: Arc<Metrics>) -> TellKiosk<Ack> {
    Box::new(move |kiosk: KioskId, verdicts: Vec<Verdict>, acks: Vec<Ack>| {
        for verdict in &verdicts {
            metrics.verdict(&verdict.decision);
        }
        if verdicts.iter().any(|verdict| verdict.decision == Decision::Accepted) {
            fleet.record(&kiosk, Timestamp::now());
        }
        messenger.receipt(kiosk, verdicts, acks);
    })
}

/// Tells the fleet when each kiosk was last heard, from the end of the log.
fn recall_kiosks(house: &House) -> Result<()> {
    let reader = house.reader();
    let from = reader.position().saturating_sub(RECENT_RECORDS) + 1;
    for record in reader.records(from).map_err(failed)? {
        let record = record.map_err(failed)?;
        house.fleet.record(&record.kiosk, record.received);
    }
    Ok(())
}

/// The socket address in an address that was written down, whatever is spoken there.
fn place_of(address: &str) -> Option<SocketAddr> {
    address.split_once("://")?.1.parse().ok()
}

/// A socket on the configured address; where any port will do, the one of the last time if it is free.
async fn listen(setting: &str, wanted: SocketAddr, remembered: Option<SocketAddr>) -> Result<TcpListener> {
    let again = remembered.filter(|known| wanted.port() == 0 && known.ip() == wanted.ip());
    if let Some(again) = again
        && let Ok(listener) = TcpListener::bind(again).await
    {
        return Ok(listener);
    }
    TcpListener::bind(wanted).await.with_context(|| {
        format!("failed to listen on {wanted}: choose another {setting}, or end what listens there")
    })
}

/// Everything that boards are made of.
fn noticeboards(house: &House) -> Result<Boards> {
    let premises = &house.premises;
    let questionnaire = premises.questionnaires.all().first().context("failed to find a questionnaire")?;
    Ok(Boards::new(
        premises.directory.clone(),
        Arc::clone(&premises.actions),
        premises.config.calendar.clone(),
        questionnaire,
        Arc::clone(&house.scoring),
        Arc::clone(&house.facts),
        premises.keys.signing_key().clone(),
    ))
}

fn connect(
    house: &Arc<House>,
    boards: &Arc<Boards>,
    unconnected: Unconnected,
    link: &Link,
    broken: mpsc::UnboundedSender<String>,
) -> Result<Line> {
    let premises = &house.premises;
    let inbox = Intake {
        house: Arc::clone(house),
        messenger: unconnected.messenger(),
        accept_simulated: premises.config.accept_simulated,
        broken,
        stopped: AtomicBool::new(false),
    };
    let assignments = Arc::clone(&premises.assignments);
    let boards = Arc::clone(boards);
    let (help, key) = (Arc::clone(&house.help), premises.keys.signing_key().clone());
    let greeting: Greeting = Box::new(move || {
        let now = Timestamp::now();
        let boards = boards.everything(now);
        assignments.everything().into_iter().chain(boards).chain(help.letters(&key, now)).collect()
    });
    let key = premises.keys.signing_key().clone();
    unconnected.connect(link, key, Box::new(inbox), greeting).map_err(failed)
}

/// Hands what kiosks say to whom it concerns.
struct Intake {
    house: Arc<House>,
    messenger: Messenger,
    accept_simulated: bool,
    broken: mpsc::UnboundedSender<String>,
    stopped: AtomicBool,
}

impl Intake {
    fn pipeline(&self) -> &Pipeline<Ack> {
        &self.house.pipeline
    }

    fn registry(&self) -> &Registry {
        &self.house.premises.registry
    }

    fn assignments(&self) -> &Assignments {
        &self.house.premises.assignments
    }

    fn assign(&self, kiosk: &KioskId) {
        for message in self.assignments().messages(kiosk) {
            self.messenger.publish(message);
        }
    }

    /// Whether a kiosk says that it works by another assignment than its own, or by none.
    fn needs_assignment(&self, kiosk: &KioskId, works_by: Option<Hash>) -> bool {
        let assignment = self.assignments().of(kiosk).and_then(|one| serde_json::to_vec(&one).ok());
        assignment.is_some_and(|bytes| works_by != Some(Hash::of(&bytes)))
    }

    /// Whether a kiosk does not ask what it is told to. One that does not say what it asks is from before there were
    /// postings, or has not heard of one yet; it has the questionnaires that are shipped.
    fn needs_questionnaire(&self, kiosk: &KioskId, asks: Option<Hash>) -> bool {
        let asked = self.assignments().asked(kiosk);
        let planned = self.house.premises.questionnaires.all().first().map(|planned| planned.hash());
        asked.is_some() && asks.or(planned) != asked
    }
}

impl Inbox for Intake {
    fn records(&mut self, letters: Vec<Letter>) {
        let messages = letters.into_iter().map(|letter| Unacked::new(letter.arrival, letter.ack)).collect();
        if let Err(error) = self.pipeline().submit(messages)
            && !self.stopped.swap(true, Ordering::Relaxed)
        {
            // Nobody listens any more only when the end is under way, which is a reason to have stopped.
            drop(self.broken.send(error.to_string()));
        }
    }

    fn status(&mut self, status: Status) {
        if self.registry().get(&status.kiosk).is_none() {
            return;
        }
        self.house.fleet.status(&status, Timestamp::now());
        let Presence::Online(health) = &status.presence else { return };
        let needs_questionnaire = self.needs_questionnaire(&status.kiosk, health.questionnaire);
        if needs_questionnaire && let Some(message) = self.assignments().questionnaire_message(&status.kiosk) {
            self.messenger.publish(message);
        }
        if needs_questionnaire || self.needs_assignment(&status.kiosk, health.assignment) {
            self.assign(&status.kiosk);
        }
    }

    fn introductions(&mut self, introductions: Vec<Introduction>) {
        if !self.accept_simulated {
            tracing::debug!(
                count = introductions.len(),
                "simulated kiosks introduced themselves; set kiosks.accept_simulated to let them in"
            );
            return;
        }
        let answers = self.registry().introduce_all(&introductions, &self.house.premises.directory);
        for (introduction, answer) in introductions.iter().zip(answers) {
            match answer {
                Ok(Introduced::New | Introduced::Known) => self.assign(&introduction.kiosk),
                Err(error) => tracing::warn!("failed to {error}"),
            }
        }
    }
}

fn answer_commands(house: &Arc<House>, messenger: &Messenger) -> Result<()> {
    let (house, messenger) = (Arc::clone(house), messenger.clone());
    let data = house.premises.data.clone();
    let perform = move |request: Request, talk: &mut dyn operations::Talk| {
        let changed = match &request {
            Request::KioskAdd { id, .. }
            | Request::KioskAssign { id, .. }
            | Request::KioskReplaceKey { id, .. } => Some(id.clone()),
            _ => None,
        };
        let new_pin = matches!(request, Request::PinSet { .. });
        let translated = match &request {
            Request::Translation(asked) => asked.decides(&house.premises.questionnaires),
            _ => None,
        };
        let new_plan = matches!(request, Request::Plan(PlanAsk::Set { .. }));
        if let Request::HelpSeen { record, by } = &request {
            operations::note(&house.premises, &request)?;
            return operations::say_seen(*record, acknowledge(&house, &messenger, *record, by)?, talk);
        }
        let well = operations::perform(&house, request, talk)?;
        let assignments = &house.premises.assignments;
        if let Some(kiosk) = changed {
            tell(assignments, &messenger, &kiosk);
        }
        if new_plan {
            assignments.directory_message().into_iter().for_each(|message| messenger.publish(message));
        }
        if let Some(questionnaire) = translated {
            let messages = assignments.about_translations(questionnaire);
            for message in messages {
                messenger.publish(message);
            }
        }
        if new_pin {
            assignments.rounds().into_iter().for_each(|message| messenger.publish(message));
        }
        Ok(well)
    };
    control::listen(&data, Arc::new(perform)).context("failed to open the control socket")
}

/// Tells a kiosk everything that it is to be.
fn tell(assignments: &Assignments, messenger: &Messenger, kiosk: &KioskId) {
    for message in assignments.questionnaire_message(kiosk).into_iter().chain(assignments.messages(kiosk)) {
        messenger.publish(message);
    }
}

/// Notes that somebody has seen a request for help, and tells the kiosk.
fn acknowledge(house: &House, messenger: &Messenger, record: RecordId, by: &StaffRole) -> Result<Option<Seen>> {
    let Some(stands) = house.acknowledge(record, by)? else { return Ok(None) };
    if let Some(letter) = house.help.letter(&stands.kiosk, house.premises.keys.signing_key()) {
        messenger.publish(letter);
    }
    Ok(Some(stands.seen))
}

/// Waits for the broker, but not for ever: pages are worth something without it.
async fn wait_connected(messenger: &Messenger) {
    let connected = async {
        while !messenger.is_connected() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(BROKER_PATIENCE, connected).await.is_err() {
        tracing::warn!("serving pages without a broker; no record comes in until there is one");
    }
}

/// Serves pages until a signal or a breakdown.
async fn pages(
    house: &Arc<House>,
    messenger: &Messenger,
    metrics: Arc<Metrics>,
    place: transport::Place,
    mut breakdown: mpsc::UnboundedReceiver<String>,
    #[cfg(feature = "openid")] openid: Option<Arc<OpenId>>,
) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("failed to wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to wait for SIGINT")?;
    let stopping = CancellationToken::new();
    // The address of the caller slows down wrong passwords from one place without keeping out the others.
    let desk = desk::of(
        house,
        messenger,
        metrics,
        stopping.clone(),
        #[cfg(feature = "openid")]
        openid,
    );
    ahead::start(&desk)?;
    let router = web::router(desk);
    // Open streams end with the token, so the last answers are not kept waiting by them.
    let drained = stopping.clone().cancelled_owned();
    let serving = place.serve(router, house.premises.config.trusted_proxies.clone(), drained);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        served = &mut serving => return served.context("failed to serve pages"),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        reason = breakdown.recv() => Err(anyhow!("failed to {}", reason.unwrap_or_default()))
            .context("stopped: kiosks keep their records until the aggregator is started again"),
    };
    stopping.cancel();
    if tokio::time::timeout(PAGES_DRAIN, serving).await.is_err() {
        tracing::info!("some pages were still open");
    }
    ended
}
