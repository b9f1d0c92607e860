//! A kiosk without window and disk: the kiosk's own link (TLS, pass, keep-alive, waits between connections) and the kiosk's own courier,
//! over records that were sealed beforehand and lie in memory. Thousands fit in one process.
//!
//! Not in it: the outbox, whose disk thousands of kiosks do not share either.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use wardvoice_kiosk::courier::{Courier, Effect, Event, EventKind, Pace};
use wardvoice_kiosk::mqtt::{self, Command, Link, Report};
use wardvoice_kiosk::outbox::Waiting;
use wardvoice_kiosk::pass;
use wardvoice_kiosk::settings::Settings;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{Hash, KioskId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::receipt::{Receipt, Verdict};
use wardvoice_protocol::signed;
use wardvoice_protocol::status::{Health, Presence, Status};
use wardvoice_protocol::topic::{Channel, Topic};

/// How often a kiosk says how it is.
const STATUS: Duration = Duration::from_mins(1);

/// What all kiosks together have done so far.
#[derive(Debug, Default)]
pub struct Board {
    connected: AtomicUsize,
    settled: AtomicUsize,
    refused: AtomicUsize,
    connections: Mutex<Vec<(usize, Instant)>>,
    /// The ward whose receipts are noted one by one, and when each came.
    watched: Option<WardId>,
    receipts: Mutex<Vec<Instant>>,
}

/// A sealed record.
#[derive(Debug)]
pub struct Parcel {
    waiting: Waiting,
    payload: Vec<u8>,
}

/// A running kiosk.
#[derive(Debug)]
pub struct LightKiosk {
    orders: UnboundedSender<Order>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Order {
    Take(Vec<Parcel>),
    Stop,
}

impl Board {
    /// A board that notes when each record of a ward's kiosks gets its receipt.
    pub fn watching(ward: WardId) -> Self {
        Self { watched: Some(ward), ..Self::default() }
    }

    /// How many are connected.
    pub fn connected(&self) -> usize {
        self.connected.load(Ordering::SeqCst)
    }

    /// How many records have a receipt that lets them be deleted.
    pub fn settled(&self) -> usize {
        self.settled.load(Ordering::SeqCst)
    }

    /// How many were refused.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// Takes what was noted of connections: which kiosk, and when it stood.
    pub fn take_connections(&self) -> Vec<(usize, Instant)> {
        std::mem::take(&mut *self.connections.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what was noted of the watched ward: when each of its records got its receipt.
    pub fn take_receipts(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.receipts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_receipt(&self, ward: &WardId) {
        if self.watched.as_ref() == Some(ward) {
            let mut receipts = self.receipts.lock().unwrap_or_else(PoisonError::into_inner);
            receipts.push(Instant::now());
        }
        self.settled.fetch_add(1, Ordering::SeqCst);
    }

    fn note_connection(&self, number: usize) {
        self.connected.fetch_add(1, Ordering::SeqCst);
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).push((number, Instant::now()));
    }
}

impl Parcel {
    /// A parcel of a payload.
    pub fn of(payload: Vec<u8>) -> Result<Self> {
        let envelope = Envelope::read(&payload)?;
        let waiting =
            Waiting { sequence: envelope.sequence().get(), record: envelope.record(), hash: envelope.hash() };
        Ok(Self { waiting, payload })
    }

    /// The envelope's hash.
    pub fn hash(&self) -> Hash {
        self.waiting.hash
    }
}

impl LightKiosk {
    /// Starts the kiosk of a folder; it goes on connecting until it is stopped.
    pub fn start(number: usize, data: &Path, runtime: &Handle, board: &Arc<Board>) -> Result<Self> {
        let settings = Settings::load(data)?;
        let kiosk = settings.kiosk().clone();
        let topic = |channel| Topic::Kiosk(kiosk.clone(), channel);
        let offline = serde_json::to_vec(&Status::new(kiosk.clone(), Presence::Offline))?;
        let link = Link::new(
            &settings.broker.parse().with_context(|| format!("{} is no broker's address", settings.broker))?,
            Some(&data.join(pass::AUTHORITY_FILE)),
            &data.join(pass::FILE),
            &kiosk,
            vec![topic(Channel::Receipts), topic(Channel::Assignment)],
            (topic(Channel::Status), offline),
        )?;
        let (commands, asked) = unbounded_channel();
        let carrier = Carrier {
            number,
            ward: settings.assignment.ward.clone(),
            key: settings.assignment.aggregator_key,
            assignment: Hash::of(&serde_json::to_vec(&settings.assignment)?),
            kiosk,
            courier: Courier::new(Pace::default(), []),
            payloads: BTreeMap::new(),
            last_sequence: 0,
            commands,
            connection: None,
            board: Arc::clone(board),
            began: tokio::time::Instant::now(),
            status_due: None,
            random: StdRng::seed_from_u64(number as u64),
        };
        let (orders, waiting) = unbounded_channel();
        let task = runtime.spawn(carrier.live(link, asked, waiting));
        Ok(Self { orders, task })
    }

    /// Hands it records to deliver.
    pub fn take(&self, parcels: Vec<Parcel>) {
        // One that has ended delivers nothing, which shows in the count.
        drop(self.orders.send(Order::Take(parcels)));
    }

    /// Lets it say goodbye and end.
    pub fn stop(self, runtime: &Handle) {
        drop(self.orders.send(Order::Stop));
        if runtime.block_on(self.task).is_err() {
            tracing::error!("a kiosk panicked");
        }
    }
}

struct Carrier {
    number: usize,
    kiosk: KioskId,
    ward: WardId,
    key: VerifyingKey,
    assignment: Hash,
    courier: Courier,
    payloads: BTreeMap<u64, Vec<u8>>,
    last_sequence: u64,
    commands: UnboundedSender<Command>,
    connection: Option<u64>,
    board: Arc<Board>,
    began: tokio::time::Instant,
    status_due: Option<tokio::time::Instant>,
    random: StdRng,
}

impl Carrier {
    async fn live(mut self, link: Link, asked: UnboundedReceiver<Command>, mut orders: UnboundedReceiver<Order>) {
        let (reports, mut heard) = unbounded_channel();
        let carrying = tokio::spawn(mqtt::run(link, asked, move |report| drop(reports.send(report))));
        loop {
            let due = self.due();
            tokio::select! {
                report = heard.recv() => match report {
                    Some(report) => self.hear(report),
                    None => break,
                },
                order = orders.recv() => match order {
                    Some(Order::Take(parcels)) => self.take(parcels),
                    Some(Order::Stop) | None => break,
                },
                () = tokio::time::sleep_until(due) => self.wake(),
            }
        }
        let topic = Topic::Kiosk(self.kiosk.clone(), Channel::Status);
        let offline = serde_json::to_vec(&Status::new(self.kiosk, Presence::Offline)).unwrap_or_default();
        // A link that has ended needs no goodbye.
        drop(self.commands.send(Command::Stop { topic, payload: offline }));
        if carrying.await.is_err() {
            tracing::error!("a link panicked");
        }
    }

    fn due(&self) -> tokio::time::Instant {
        let courier = self.courier.next_due_ms().map(|ms| self.began + Duration::from_millis(ms));
        let dues = courier.into_iter().chain(self.status_due);
        dues.min().unwrap_or_else(|| tokio::time::Instant::now() + STATUS)
    }

    fn wake(&mut self) {
        if self.status_due.is_some_and(|due| due <= tokio::time::Instant::now()) {
            self.say_how_it_is();
        }
        self.drive(EventKind::Tick);
    }

    fn take(&mut self, parcels: Vec<Parcel>) {
        for Parcel { waiting, payload } in parcels {
            self.last_sequence = self.last_sequence.max(waiting.sequence);
            self.payloads.insert(waiting.sequence, payload);
            self.drive(EventKind::Appended(waiting));
        }
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Connected(connection) => {
                self.connection = Some(connection);
                self.board.note_connection(self.number);
                self.say_how_it_is();
                self.subscribe(connection);
                self.drive(EventKind::Connected);
            }
            Report::Disconnected(reason) => {
                tracing::debug!(kiosk = %self.kiosk, %reason, "not connected");
                if self.connection.take().is_some() {
                    self.board.connected.fetch_sub(1, Ordering::SeqCst);
                }
                self.status_due = None;
                self.drive(EventKind::Disconnected);
            }
            Report::Message { topic: topic @ Topic::Kiosk(_, Channel::Receipts), payload } => {
                match signed::verify::<Receipt>(&payload, &topic, &self.key) {
                    Ok(receipt) => self.drive(EventKind::Receipt { receipt, wall: Timestamp::now() }),
                    Err(error) => tracing::error!(%error, "a receipt that is not believed"),
                }
            }
            Report::Message { .. } => {}
        }
    }

    /// To everything else that a kiosk hears.
    fn subscribe(&self, connection: u64) {
        let own = |channel| Topic::Kiosk(self.kiosk.clone(), channel);
        let topics = vec![
            own(Channel::Posting),
            own(Channel::Help),
            own(Channel::Approvals),
            own(Channel::Round),
            Topic::Board(self.ward.clone()),
        ];
        drop(self.commands.send(Command::Subscribe { connection, topics }));
    }

    fn say_how_it_is(&mut self) {
        self.status_due = Some(tokio::time::Instant::now() + STATUS);
        let health = Health {
            software: env!("CARGO_PKG_VERSION").to_owned(),
            waiting: self.payloads.len() as u64,
            last_sequence: self.last_sequence,
            clock_offset_s: None,
            assignment: Some(self.assignment),
            tablet: None,
            questionnaire: None,
        };
        let status = Status::new(self.kiosk.clone(), Presence::Online(health));
        self.publish(Channel::Status, serde_json::to_vec(&status).unwrap_or_default());
    }

    fn publish(&self, channel: Channel, payload: Vec<u8>) {
        let Some(connection) = self.connection else { return };
        let topic = Topic::Kiosk(self.kiosk.clone(), channel);
        // A link that has ended carries nothing; what matters is still here.
        drop(self.commands.send(Command::Publish { connection, topic, payload }));
    }

    fn drive(&mut self, kind: EventKind) {
        let at_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let jitter = self.random.random_range(0.0..1.0);
        for effect in self.courier.apply(Event { at_ms, jitter, kind }) {
            match effect {
                Effect::Publish(sequence) => {
                    if let Some(payload) = self.payloads.get(&sequence) {
                        self.publish(Channel::Records, payload.clone());
                    }
                }
                Effect::Settle(verdicts) => self.settle(&verdicts),
                Effect::Alarm { sequence, refusal } => {
                    tracing::error!(kiosk = %self.kiosk, sequence, detail = %refusal.detail, "refused");
                    self.board.refused.fetch_add(1, Ordering::SeqCst);
                }
                Effect::LearnOffset { .. } => {}
            }
        }
    }

    fn settle(&mut self, verdicts: &[Verdict]) {
        for sequence in verdicts.iter().filter_map(|verdict| verdict.sequence) {
            if self.payloads.remove(&sequence.get()).is_some() {
                self.board.note_receipt(&self.ward);
            }
        }
    }
}
