//! The wire: takes what kiosks publish to the [`Inbox`], carries receipts and assignments back.
//!
//! The only room of the aggregator that knows rumqttc. It decides nothing: what a record is worth is the judge's
//! business, and every record is acknowledged to the broker only when the log has given its [`Ack`] back.
//!
//! Three parts share the work. The *line* (a task) polls the connection and must never wait on anything slow, or
//! acknowledgements and pings stop with it. The *intake* (a thread) hands what came to the inbox, which may block as
//! long as it likes: the line then waits for room, and the broker's window of unacknowledged messages holds the rest
//! back. The *sender* (a task) signs and publishes what goes out; receipts that wait together are put together, one
//! signed message a kiosk. Beside them [`keep_out`] ends the connections of kiosks that were taken off.
//!
//! Known of rumqttc 0.25 and handled here: it throws away what is in flight when a session is new, re-sends with a
//! stale packet id, and can wait for ever on a collision after a lost session (rumqttc #1056), so every connection
//! is a new client and an [`Ack`] of an earlier connection is worth nothing; it refuses packets over 10 KiB by default,
//! which would come again for ever, so the limit here is MQTT's own and the judge refuses what is too large; `poll`
//! must not be cancelled (#930) and returns errors at once, so the waiting is done here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, MqttOptions, QoS};
use tokio::sync::{mpsc, oneshot};
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::receipt::Verdict;
use wardvoice_protocol::status::{Introduction, Status};
use wardvoice_protocol::topic::Topic;

use self::poller::Poller;
use self::sender::Sender;
use crate::authority::SharedAuthority;
use crate::ingest::Arrival;

mod certificate;
mod eviction;
mod link;
mod poller;
mod sender;
mod tls;

pub use certificate::NoteCertificate;
pub use eviction::{TellLingering, keep_out};
pub use link::{Link, LinkError};

/// How many messages may wait between the line and the inbox.
const INTAKE_ROOM: usize = 8_192;
/// How many messages the inbox is given at once.
const INTAKE_BATCH: usize = 1_024;
/// How many requests wait inside the client.
const CLIENT_ROOM: usize = 1_024;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// What takes the messages that come. Called on the intake's thread, one call at a time; may block.
pub trait Inbox: Send {
    /// Records came. Each [`Ack`] goes back through [`Messenger::receipt`] once its record is safe.
    fn records(&mut self, letters: Vec<Letter>);
    /// A kiosk said how it is, or the broker said that it is gone.
    fn status(&mut self, status: Status);
    /// Simulated kiosks ask to be known.
    fn introductions(&mut self, introductions: Vec<Introduction>);
}

/// A record as it came, with the right to acknowledge it.
#[derive(Debug)]
pub struct Letter {
    /// What came, on whose topic, when.
    pub arrival: Arrival,
    /// The right to acknowledge it to the broker.
    pub ack: Ack,
}

/// The right to acknowledge one message to the broker, on the connection it came over.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a message that is never acknowledged fills the broker's window"]
pub struct Ack {
    connection: u64,
    packet: u16,
    qos: QoS,
}

/// Something to say.
#[derive(Debug)]
pub struct Message {
    /// Where.
    pub topic: Topic,
    /// The signed payload.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for who comes later.
    pub retain: bool,
}

#[derive(Debug)]
enum Outgoing {
    Receipt { kiosk: KioskId, verdicts: Vec<Verdict>, acks: Vec<Ack> },
    Ack(Ack),
    Message(Message),
    Goodbye,
}

#[derive(Debug)]
enum Incoming {
    Letter(Letter),
    Status(Status),
    Introduction(Introduction),
    End,
}

/// The way out: cheap to clone, never blocks.
#[derive(Debug, Clone)]
pub struct Messenger {
    outgoing: mpsc::UnboundedSender<Outgoing>,
    state: Arc<LineState>,
}

/// What the line counts, for health and metrics.
#[derive(Debug, Default)]
pub struct LineState {
    connected: AtomicBool,
    connections: AtomicU64,
    strangers: AtomicU64,
}

/// The running line, to be ended in order.
#[derive(Debug)]
pub struct Line {
    messenger: Messenger,
    intake: mpsc::Sender<Incoming>,
    taking: JoinHandle<()>,
    talking: JoinHandle<()>,
}

/// What every new connection begins with (the directory and the assignments), made afresh each time.
pub type Greeting = Box<dyn Fn() -> Vec<Message> + Send>;

impl Messenger {
    /// Says what became of a kiosk's records, then acknowledges them to the broker. Call it after the log's flush.
    pub fn receipt(&self, kiosk: KioskId, verdicts: Vec<Verdict>, acks: Vec<Ack>) {
        self.say(Outgoing::Receipt { kiosk, verdicts, acks });
    }

    /// Publishes a signed message.
    pub fn publish(&self, message: Message) {
        self.say(Outgoing::Message(message));
    }

    /// Whether the broker is there.
    pub fn is_connected(&self) -> bool {
        self.state.connected.load(Ordering::Relaxed)
    }

    /// How often a connection was made, and how many messages came that nobody here knows.
    pub fn counts(&self) -> (u64, u64) {
        (self.state.connections.load(Ordering::Relaxed), self.state.strangers.load(Ordering::Relaxed))
    }

    fn say(&self, outgoing: Outgoing) {
        // The sender ends only after the goodbye; what is said later is said again after the next start.
        drop(self.outgoing.send(outgoing));
    }
}

/// A way out that is not yet connected to anything, so that the inbox can be made before the line.
#[derive(Debug)]
pub struct Unconnected {
    messenger: Messenger,
    queue: mpsc::UnboundedReceiver<Outgoing>,
    passes: Option<SharedAuthority>,
}

impl Unconnected {
    /// Makes both ends.
    pub fn new() -> Self {
        let (outgoing, queue) = mpsc::unbounded_channel();
        Self { messenger: Messenger { outgoing, state: Arc::default() }, queue, passes: None }
    }

    /// Neither hears nor tells kiosks whose passes of this authority were all taken back. What they send is acknowledged to the broker and
    /// to nobody else, so an honest kiosk that is taken in again still has it.
    #[must_use]
    pub fn shutting_out(self, passes: SharedAuthority) -> Self {
        Self { passes: Some(passes), ..self }
    }

    /// The way out.
    pub fn messenger(&self) -> Messenger {
        self.messenger.clone()
    }

    /// Starts the line: connects, and connects again for ever.
    pub fn connect(
        self,
        link: &Link,
        signing_key: SigningKey,
        inbox: Box<dyn Inbox>,
        greeting: Greeting,
    ) -> Result<Line, LinkError> {
        let options = options(link)?;
        let (intake, coming) = mpsc::channel(INTAKE_ROOM);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| LinkError::Start(error.to_string()))?;
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(|error| LinkError::Start(error.to_string()))
        };
        let intake_thread = spawn("intake", Box::new(move || take_in(coming, inbox)))?;
        let place = link.to_string();
        let mut connections = Connections {
            options,
            place,
            greeting,
            signing_key,
            intake: intake.clone(),
            messenger: self.messenger.clone(),
            queue: self.queue,
            passes: self.passes,
            number: 0,
        };
        let line_thread = spawn("line", Box::new(move || runtime.block_on(connections.run())))?;
        Ok(Line { messenger: self.messenger, intake, taking: intake_thread, talking: line_thread })
    }
}

impl Default for Unconnected {
    fn default() -> Self {
        Self::new()
    }
}

impl Line {
    /// The way out.
    pub fn messenger(&self) -> Messenger {
        self.messenger.clone()
    }

    /// Takes nothing in any more; returns when the inbox has been given everything that came before.
    pub fn close_intake(&self) {
        drop(self.intake.blocking_send(Incoming::End));
        while !self.taking.is_finished() {
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Says everything that is still to be said, then goodbye; gives up after a time, or at once without a broker.
    pub fn finish(self, within: Duration) {
        self.messenger.say(Outgoing::Goodbye);
        let deadline = Instant::now() + within;
        while self.messenger.is_connected() && !self.talking.is_finished() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

fn options(link: &Link) -> Result<MqttOptions, LinkError> {
    /// The largest packet MQTT knows.
    const LARGEST_PACKET: usize = 268_435_460;
    let mut options = link.options()?;
    options
        .set_manual_acks(true)
        .set_keep_alive(Duration::from_secs(10))
        .set_inflight(2_000)
        .set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET);
    Ok(options)
}

fn take_in(mut coming: mpsc::Receiver<Incoming>, mut inbox: Box<dyn Inbox>) {
    let mut batch = Vec::with_capacity(INTAKE_BATCH);
    let mut ended = false;
    while coming.blocking_recv_many(&mut batch, INTAKE_BATCH) > 0 {
        let mut letters = Vec::new();
        let mut introductions = Vec::new();
        for message in batch.drain(..) {
            match message {
                Incoming::Letter(letter) => letters.push(letter),
                Incoming::Status(status) => inbox.status(status),
                Incoming::Introduction(introduction) => introductions.push(introduction),
                Incoming::End => ended = true,
            }
        }
        // Who a kiosk is comes before what it says.
        if !introductions.is_empty() {
            inbox.introductions(introductions);
        }
        if !letters.is_empty() {
            inbox.records(letters);
        }
        if ended {
            coming.close();
        }
    }
}

struct Connections {
    options: MqttOptions,
    place: String,
    greeting: Greeting,
    signing_key: SigningKey,
    intake: mpsc::Sender<Incoming>,
    messenger: Messenger,
    queue: mpsc::UnboundedReceiver<Outgoing>,
    passes: Option<SharedAuthority>,
    number: u64,
}

/// Whether a topic is that of a kiosk that was taken off.
fn is_shut_out(passes: Option<&SharedAuthority>, topic: &Topic) -> bool {
    match (passes, topic) {
        (Some(passes), Topic::Kiosk(kiosk, _)) => passes.issued().is_taken_off(kiosk),
        _ => false,
    }
}

/// How a connection ended.
enum Ended {
    Lost(String),
    Finished,
}

impl Connections {
    async fn run(&mut self) {
        let mut backoff = FIRST_BACKOFF;
        let mut told = None;
        loop {
            self.number += 1;
            let before = self.messenger.state.connections.load(Ordering::Relaxed);
            let ended = self.connect_once().await;
            self.messenger.state.connected.store(false, Ordering::Relaxed);
            let Ended::Lost(reason) = ended else { return };
            if self.messenger.state.connections.load(Ordering::Relaxed) > before {
                (backoff, told) = (FIRST_BACKOFF, None);
            }
            if told.as_ref() != Some(&reason) {
                tracing::warn!(broker = %self.place, %reason, "no connection to the broker; trying until there is one");
                told = Some(reason);
            }
            tokio::time::sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
    }

    async fn connect_once(&mut self) -> Ended {
        let (client, mut events) = AsyncClient::new(self.options.clone(), CLIENT_ROOM);
        events.network_options.set_tcp_nodelay(true);
        events.network_options.set_connection_timeout(5);
        let (subscribed, when_subscribed) = oneshot::channel();
        let poller = Poller {
            client: client.clone(),
            connection: self.number,
            intake: &self.intake,
            messenger: &self.messenger,
            greeting: &self.greeting,
            place: &self.place,
            passes: self.passes.as_ref(),
            subscribed: Some(subscribed),
        };
        let passes = self.passes.as_ref();
        let sender = Sender { client, connection: self.number, signing_key: &self.signing_key, passes };
        // Dropping the poll here is safe: the sender never ends before it.
        tokio::select! {
            ended = poller.run(&mut events) => ended,
            never = sender.run(&mut self.queue, when_subscribed) => match never {},
        }
    }
}
