//! The shell over rumqttc 0.25.1: connects, subscribes, publishes, and says what came. **The only place that knows it.**
//!
//! Nothing here is trusted for delivery: a publish may be lost after `Ok`, after its PUBACK, or before either. What came
//! in is handed on unread; [`crate::dispatch`] checks signatures.
//!
//! What was measured of rumqttc, and what is done about it:
//! - it throws away what is in flight and queued when a session is not present, and can livelock on a packet id after that
//!   (rumqttc #1056): every connection gets a new client, and the courier sends again;
//! - `poll` is not safe to cancel (rumqttc #930): it runs in a task of its own, which is ended only with its connection;
//! - `poll` returns errors at once, for ever: the wait between connections is here;
//! - packets above 10 KiB are refused by default, and `TCP_NODELAY` is off: both are set.
//!
//! A connection is called lost when the broker has acknowledged nothing for [`STALL`] although something is outstanding,
//! even if it answers pings.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, NetworkOptions, Outgoing, Packet, QoS,
    SubscribeFilter, SubscribeReasonCode, Transport,
};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;
use tokio::time::{self, Instant};
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::limits::MAX_MESSAGE_BYTES;
use wardvoice_protocol::topic::Topic;

mod tls;

/// How long outstanding publishes may go without any acknowledgement.
const STALL: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT_S: u64 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
const GOODBYE: Duration = Duration::from_secs(2);
const QUEUE: usize = 1_024;
const PACKET_OVERHEAD_BYTES: usize = 1_024;

/// Where a broker is: `mqtt://host:port`, or `mqtts://host:port` for TLS. The ports default to 1883 and 8883.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    tls: bool,
    host: String,
    port: u16,
}

/// Why a text is not a broker's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a broker's address: write mqtt://host:port, or mqtts://host:port for TLS")]
pub struct BrokerAddressError(String);

/// Why no connection can even be tried.
#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    /// The certificates cannot be read.
    #[error("read certificates from {path}: {reason}")]
    Certificates {
        /// The PEM file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// TLS without anything to check the broker against.
    #[error("connect to {0} with TLS: name a PEM file of certificates to trust with --ca")]
    NoCertificates(BrokerAddress),
    /// TLS cannot be set up.
    #[error("set up TLS: {0}")]
    Tls(String),
    /// It would be in the clear on a network.
    #[error(
        "connect to {0}: what goes over a network is encrypted, so write mqtts:// (mqtt:// is for this machine alone)"
    )]
    InTheClear(BrokerAddress),
}

impl FromStr for BrokerAddress {
    type Err = BrokerAddressError;

    fn from_str(text: &str) -> Result<Self, BrokerAddressError> {
        let error = || BrokerAddressError(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(error)?;
        let (tls, default_port) = match scheme {
            "mqtt" => (false, 1883),
            "mqtts" => (true, 8883),
            _ => return Err(error()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(error)?)),
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(default_port), |port| port.parse().map_err(|_| error()))?;
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            return Err(error());
        }
        Ok(Self { tls, host: host.to_owned(), port })
    }
}

impl BrokerAddress {
    /// Whether it is on this machine.
    fn is_here(&self) -> bool {
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        self.host == "localhost" || self.host.parse().is_ok_and(is_loopback)
    }
}

impl std::fmt::Display for BrokerAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(formatter, "{scheme}://{open}{}{close}:{}", self.host, self.port)
    }
}

/// What the link is asked to do.
#[derive(Debug)]
pub enum Command {
    /// Publish with QoS 1 on the connection of this number; dropped when that connection is gone.
    Publish {
        /// The connection.
        connection: u64,
        /// Where to.
        topic: Topic,
        /// What.
        payload: Vec<u8>,
    },
    /// Subscribe to more on the connection of this number, each by itself. A broker may refuse: then nothing comes.
    Subscribe {
        /// The connection.
        connection: u64,
        /// To what.
        topics: Vec<Topic>,
    },
    /// Allow or cut the connection.
    Allow(bool),
    /// Publish a last message, say goodbye and end.
    Stop {
        /// Where to.
        topic: Topic,
        /// What.
        payload: Vec<u8>,
    },
}

/// What the link says.
#[derive(Debug)]
pub enum Report {
    /// The connection of this number stands and the subscriptions are confirmed.
    Connected(u64),
    /// It is gone, or could not be made.
    Disconnected(String),
    /// Something came on a topic that was subscribed to.
    Message {
        /// Where.
        topic: Topic,
        /// What.
        payload: Vec<u8>,
    },
}

/// Everything a link needs to know.
pub struct Link {
    options: MqttOptions,
    subscriptions: Vec<Topic>,
}

impl Link {
    /// A link of a kiosk to a broker, with the file of what it believes, the file of its pass, what it subscribes to at every connection
    /// and its last will.
    pub fn new(
        broker: &BrokerAddress,
        ca: Option<&Path>,
        pass: &Path,
        kiosk: &KioskId,
        subscriptions: Vec<Topic>,
        last_will: (Topic, Vec<u8>),
    ) -> Result<Self, MqttError> {
        let mut options = MqttOptions::new(kiosk.as_str(), broker.host.clone(), broker.port);
        options
            .set_clean_session(true)
            .set_keep_alive(KEEP_ALIVE)
            .set_inflight(1_000)
            .set_max_packet_size(
                MAX_MESSAGE_BYTES + PACKET_OVERHEAD_BYTES,
                MAX_MESSAGE_BYTES + PACKET_OVERHEAD_BYTES,
            )
            .set_last_will(LastWill::new(last_will.0.to_string(), last_will.1, QoS::AtLeastOnce, false));
        if broker.tls {
            let ca = ca.ok_or_else(|| MqttError::NoCertificates(broker.clone()))?;
            options.set_transport(Transport::tls_with_config(tls::trusting(ca, pass)?));
        } else if !broker.is_here() {
            return Err(MqttError::InTheClear(broker.clone()));
        }
        Ok(Self { options, subscriptions })
    }
}

enum End {
    Lost { reason: String, stood: bool },
    Cut,
    Stopped,
}

/// Keeps a connection until it is told to stop.
pub async fn run(link: Link, mut commands: UnboundedReceiver<Command>, report: impl Fn(Report)) {
    let mut rng = StdRng::try_from_rng(&mut SysRng).unwrap_or_else(|_| StdRng::seed_from_u64(0));
    let mut failures = 0_u32;
    let mut allowed = true;
    let mut connection = 0;
    loop {
        while !allowed {
            match commands.recv().await {
                Some(Command::Allow(now)) => allowed = now,
                Some(Command::Publish { .. } | Command::Subscribe { .. }) => {}
                Some(Command::Stop { .. }) | None => return,
            }
        }
        connection += 1;
        let wait = match one_connection(&link, connection, &mut commands, &report).await {
            End::Stopped => return,
            End::Cut => {
                report(Report::Disconnected("the connection was cut on purpose".to_owned()));
                allowed = false;
                continue;
            }
            End::Lost { reason, stood } => {
                report(Report::Disconnected(reason));
                failures = if stood { 0 } else { failures.saturating_add(1) };
                let longest = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_WAIT);
                longest.mul_f64(rng.random_range(0.5..1.5))
            }
        };
        let until = Instant::now() + wait;
        loop {
            match time::timeout_at(until, commands.recv()).await {
                Err(_) => break,
                Ok(Some(Command::Publish { .. } | Command::Subscribe { .. })) => {}
                Ok(Some(Command::Allow(now))) => {
                    allowed = now;
                    break;
                }
                Ok(Some(Command::Stop { .. }) | None) => return,
            }
        }
    }
}

/// A task that ends with the value that holds it.
struct Poller(JoinHandle<()>);

impl Drop for Poller {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn poll(mut event_loop: EventLoop) -> (Poller, mpsc::Receiver<Result<Event, ConnectionError>>) {
    let (sender, events) = mpsc::channel(QUEUE);
    let task = tokio::spawn(async move {
        loop {
            let event = event_loop.poll().await;
            let last = event.is_err();
            if sender.send(event).await.is_err() || last {
                return;
            }
        }
    });
    (Poller(task), events)
}

async fn one_connection(
    link: &Link,
    connection: u64,
    commands: &mut UnboundedReceiver<Command>,
    report: &impl Fn(Report),
) -> End {
    let (client, mut event_loop) = AsyncClient::new(link.options.clone(), QUEUE);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_TIMEOUT_S);
    event_loop.set_network_options(network);
    let (poller, mut events) = poll(event_loop);
    let mut stands = false;
    let mut outstanding = 0_u64;
    let mut stalled_at = Instant::now() + STALL;
    loop {
        let lost = |reason: String| End::Lost { reason, stood: stands };
        tokio::select! {
            event = events.recv() => match event {
                Some(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                    // Subscribed after every connection: whether the broker says that it kept a session is not asked.
                    let filters = link.subscriptions.iter();
                    let filters = filters.map(|topic| SubscribeFilter::new(topic.to_string(), QoS::AtLeastOnce));
                    if let Err(error) = client.try_subscribe_many(filters) {
                        return lost(error.to_string());
                    }
                }
                Some(Ok(Event::Incoming(Packet::SubAck(answer)))) if stands => {
                    // An aggregator from before there were volunteers or postings refuses these; a kiosk can do without.
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                        tracing::debug!("the broker refuses a subscription that an older aggregator does not know");
                    }
                }
                Some(Ok(Event::Incoming(Packet::SubAck(answer)))) => {
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                        return lost("the broker refuses the subscription to receipts".to_owned());
                    }
                    stands = true;
                    stalled_at = Instant::now() + STALL;
                    report(Report::Connected(connection));
                }
                Some(Ok(Event::Incoming(Packet::Publish(publish)))) => match publish.topic.parse() {
                    Ok(topic) => report(Report::Message { topic, payload: publish.payload.to_vec() }),
                    Err(error) => tracing::warn!(%error, "a message on an unknown topic"),
                },
                Some(Ok(Event::Incoming(Packet::PubAck(_)))) => {
                    outstanding = outstanding.saturating_sub(1);
                    stalled_at = Instant::now() + STALL;
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return lost(tls::why(&error)),
                None => return lost("the connection ended".to_owned()),
            },
            command = commands.recv() => match command {
                Some(Command::Publish { connection: wanted, topic, payload }) => {
                    if wanted == connection && stands {
                        if outstanding == 0 {
                            stalled_at = Instant::now() + STALL;
                        }
                        // A full queue is no loss: the courier sends again what no receipt came for.
                        match client.try_publish(topic.to_string(), QoS::AtLeastOnce, false, payload) {
                            Ok(()) => outstanding += 1,
                            Err(error) => tracing::debug!(%error, "not queued"),
                        }
                    }
                }
                Some(Command::Subscribe { connection: wanted, topics }) => {
                    if wanted == connection && stands {
                        for topic in topics {
                            // A full queue has room again by the next connection, which subscribes anew.
                            if let Err(error) = client.try_subscribe(topic.to_string(), QoS::AtLeastOnce) {
                                tracing::debug!(%error, %topic, "not subscribed");
                            }
                        }
                    }
                }
                Some(Command::Allow(true)) => {}
                Some(Command::Allow(false)) => return End::Cut,
                Some(Command::Stop { topic, payload }) => {
                    let said = client.try_publish(topic.to_string(), QoS::AtLeastOnce, false, payload);
                    if said.and_then(|()| client.try_disconnect()).is_ok() && stands {
                        let gone = |event| !matches!(event, Some(Ok(ref event)) if *event != Event::Outgoing(Outgoing::Disconnect));
                        let ended = async { while !gone(events.recv().await) {} };
                        if time::timeout(GOODBYE, ended).await.is_err() {
                            tracing::debug!("the goodbye could not be sent");
                        }
                    }
                    drop(poller);
                    return End::Stopped;
                }
                None => return End::Stopped,
            },
            () = time::sleep_until(stalled_at), if outstanding > 0 || !stands => {
                return lost(format!("the broker has answered nothing for {} s", STALL.as_secs()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    use super::*;

    #[test]
    fn addresses_read_and_write_alike() {
        for (text, written) in [
            ("mqtt://localhost:1884", "mqtt://localhost:1884"),
            ("mqtt://broker", "mqtt://broker:1883"),
            ("mqtts://broker.example/", "mqtts://broker.example:8883"),
            ("mqtt://[::1]:2000", "mqtt://[::1]:2000"),
            ("mqtts://[::1]", "mqtts://[::1]:8883"),
        ] {
            assert_eq!(text.parse::<BrokerAddress>().unwrap().to_string(), written);
        }
        for text in ["", "localhost:1883", "http://x", "mqtt://", "mqtt://x:y", "mqtt://u:p@x", "mqtt://[::1]x"] {
            assert_eq!(text.parse::<BrokerAddress>(), Err(BrokerAddressError(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn tls_without_certificates_is_refused_before_any_connection() {
        let kiosk = KioskId::new("k-1").unwrap();
        let will = || (Topic::Directory, Vec::new());
        let broker: BrokerAddress = "mqtts://broker".parse().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let pass = directory.path().join("pass.pem");
        let refused = Link::new(&broker, None, &pass, &kiosk, Vec::new(), will());
        assert!(matches!(refused, Err(MqttError::NoCertificates(_))));
        let plain: BrokerAddress = "mqtt://10.1.2.3".parse().unwrap();
        let refused = Link::new(&plain, None, &pass, &kiosk, Vec::new(), will());
        assert!(matches!(refused, Err(MqttError::InTheClear(_))));
        let ca = directory.path().join("ca.pem");
        std::fs::write(&ca, "nothing").unwrap();
        let refused = Link::new(&broker, Some(&ca), &pass, &kiosk, Vec::new(), will());
        assert!(matches!(refused, Err(MqttError::Certificates { .. })));
    }
}
