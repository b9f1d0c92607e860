//! The broker inside the aggregator: rmqtt as a library, one node, everything in memory.
//!
//! This is the only file that knows rmqtt (pinned: it breaks its interface often). A broker is a disposable carrier
//! here: kiosks keep every record until a signed receipt names it, so whatever this one loses is sent again. What it
//! must do is carry fast, keep strangers apart, and never grow without bound.
//!
//! Two listeners: one that kiosks reach, with small packets and short queues, and one on loopback for the
//! aggregator's own client, with room for a directory and a long queue of records. The own client's password is drawn
//! at every start and never leaves the process.
//!
//! What a kiosk may do, by its client id: publish its records, status and introduction; have its status as its last
//! will; subscribe to its receipts, its assignment, its posting, its round, its help, its approvals, its thanks, the board of any ward, any
//! questionnaire and the directory. Everything else is refused, and a refused publish ends the connection. The client id is the kiosk id, or the kiosk id with a dot and more for a second
//! connection beside the kiosk's own. On a network every kiosk shows a certificate ([`front`]), and a client id counts only if
//! the certificate is that kiosk's. On loopback alone, where there is none, the client id proves nothing (the signatures do);
//! binding it to topics keeps an honest mistake and a noisy neighbour in their own corner.
//!
//! Known of rmqtt 0.24 and handled here: anonymous access is on unless switched off; access checks pass when nobody
//! answers them; a last will is never checked (so it is at the connect); queued messages expire after five minutes;
//! retained messages are dropped by the storage it comes with; there is no way to stop it, so it ends with the
//! process. Unacknowledged messages come back in another order, and messages to a full queue are dropped: the courier
//! and the log are made for both.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, Register, ReturnType, Type};
use rmqtt::net::{Builder, Listener};
use rmqtt::retain::{DefaultRetainStorage, RetainStorage};
use rmqtt::server::MqttServer;
use rmqtt::session::Session;
use rmqtt::types::{
    AuthResult, ConnectInfo, LastWill, Publish, PublishAclResult, Retain, Subscribe, SubscribeAclResult,
    TopicFilter, TopicName,
};
use tokio::net::TcpListener;
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::topic::{Channel, Topic};

use self::front::Certified;
use crate::authority::{ServerCertificate, SharedAuthority};
use crate::gate::{self, Gate, Passes};
use crate::ingest::mqtt::Link;
use crate::keys;

mod front;

/// The largest packet from a kiosk, in bytes: more than the largest envelope, so that one that is too large by a
/// little is refused with a reason and one that is too large by far ends the connection.
const KIOSK_PACKET_BYTES: u32 = 64 * 1024;
/// The largest packet from the aggregator itself, in bytes.
const OWN_PACKET_BYTES: u32 = 1024 * 1024;
/// How many messages wait for one kiosk.
const KIOSK_QUEUE: usize = 1_000;
/// How many records wait for the aggregator. Beyond that the oldest are dropped and sent again by their kiosks.
const OWN_QUEUE: usize = 50_000;
/// How many unacknowledged records the aggregator is given: enough for several commits.
const OWN_IN_FLIGHT: u16 = 4_096;
const KIOSK_IN_FLIGHT: u16 = 64;
/// Its own topics and the boards of the wards that are visited with it.
const KIOSK_SUBSCRIPTIONS: usize = 64;
/// How long anything waits in the broker. Longer than any restart of a tablet, shorter than for ever.
const MESSAGE_EXPIRY: Duration = Duration::from_hours(24);
/// How long the broker keeps a session for a client that has gone, whatever it asks for. Kiosks begin a new one each time; whoever
/// leaves one under every id that it can think of leaves it for so long.
const SESSION_EXPIRY: Duration = Duration::from_mins(10);
const KIOSK_LISTENER: u16 = 1;
const OWN_LISTENER: u16 = 2;
/// The own client's id cannot be a kiosk id, so no kiosk can take over its session.
const OWN_CLIENT: &str = "wardvoice/aggregator";

/// The broker, running until the process ends.
#[derive(Debug, Clone)]
pub struct Broker {
    address: SocketAddr,
    own: Link,
}

/// What kiosks are met with on a network.
#[derive(Debug, Clone)]
pub struct Mutual {
    /// What the broker shows.
    pub shown: Arc<ServerCertificate>,
    /// Whose certificates it lets in.
    pub authority: SharedAuthority,
}

/// Why the broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address cannot be had.
    #[error("listen for kiosks on {address}: {reason}; is another aggregator running, or is the port taken?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// The password could not be drawn.
    #[error(transparent)]
    Keys(#[from] keys::KeysError),
    /// The thread or its runtime could not be made.
    #[error("start the broker: {0}")]
    Start(String),
}

impl Broker {
    /// Starts the broker on a thread of its own and returns once it listens, without encryption.
    pub fn start(listen: SocketAddr) -> Result<Self, BrokerError> {
        Self::start_with(listen, None)
    }

    /// Starts the broker for kiosks that show certificates.
    pub fn start_encrypted(listen: SocketAddr, mutual: Mutual) -> Result<Self, BrokerError> {
        Self::start_with(listen, Some(mutual))
    }

    fn start_with(listen: SocketAddr, mutual: Option<Mutual>) -> Result<Self, BrokerError> {
        let password = URL_SAFE_NO_PAD.encode(keys::random()?);
        let (started, starting) = mpsc::channel();
        let access =
            Access { password: password.clone(), certified: mutual.as_ref().map(|_| Certified::default()) };
        thread::Builder::new()
            .name("broker".to_owned())
            .spawn(move || serve(listen, access, mutual, &started))
            .map_err(|error| BrokerError::Start(error.to_string()))?;
        let (address, own) = starting
            .recv()
            .map_err(|_| BrokerError::Start("its thread ended before it listened".to_owned()))??;
        let own = Link::new(own.ip().to_string(), own.port(), OWN_CLIENT)
            .with_credentials("aggregator", password)
            .with_clean_session();
        Ok(Self { address, own })
    }

    /// Where kiosks reach it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How the aggregator's own client reaches it.
    pub fn own_link(&self) -> &Link {
        &self.own
    }
}

type Started = Result<(SocketAddr, SocketAddr), BrokerError>;

fn serve(listen: SocketAddr, access: Access, mutual: Option<Mutual>, started: &mpsc::Sender<Started>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("broker").enable_all().build();
    let report = |result| {
        // The starter waits for exactly one report; when it is gone there is nobody to serve.
        drop(started.send(result));
    };
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return report(Err(BrokerError::Start(error.to_string()))),
    };
    runtime.block_on(async {
        let certified = access.certified.clone();
        // Behind the front only the front comes to the broker.
        let broker = if mutual.is_some() { SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) } else { listen };
        let prepared = match prepare(broker, access).await {
            Ok((server, (kiosks, own))) => {
                front_of(mutual.zip(certified), listen, kiosks).await.map(|kiosks| (server, (kiosks, own)))
            }
            Err(error) => Err(error),
        };
        match prepared {
            Ok((server, addresses)) => {
                report(Ok(addresses));
                if let Err(error) = server.run().await {
                    tracing::error!(%error, "the broker ended");
                }
            }
            Err(error) => report(Err(error)),
        }
    });
}

/// Puts the front before the broker, where there is to be one; where kiosks come to.
async fn front_of(
    mutual: Option<(Mutual, Certified)>,
    listen: SocketAddr,
    broker: SocketAddr,
) -> Result<SocketAddr, BrokerError> {
    let Some((Mutual { shown, authority }, certified)) = mutual else { return Ok(broker) };
    let failed = |error: std::io::Error| BrokerError::Listen { address: listen, reason: error.to_string() };
    let rules = gate::rules(shown, &Passes::Needed(&authority), &[]);
    let rules = rules.map_err(|error| BrokerError::Start(error.to_string()))?;
    let gate = Gate::open(TcpListener::bind(listen).await.map_err(failed)?, rules).map_err(failed)?;
    let address = gate.address();
    tokio::spawn(front::stand(gate, broker, certified, authority));
    Ok(address)
}

async fn prepare(
    listen: SocketAddr,
    access: Access,
) -> Result<(MqttServer, (SocketAddr, SocketAddr)), BrokerError> {
    // Its measure of "busy" is the machine's load, which would turn kiosks away during a build or a backup.
    let context = ServerContext::new().busy_check_enable(false).build().await;
    *context.extends.retain_mut().await = Box::new(Retained(DefaultRetainStorage::new()));
    let register = context.extends.hook_mgr().register();
    for kind in [
        Type::ClientAuthenticate,
        Type::ClientSubscribeCheckAcl,
        Type::MessagePublishCheckAcl,
        Type::MessagePublish,
    ] {
        register.add(kind, Box::new(access.clone())).await;
    }
    Register::start(register.as_ref()).await;

    let common = Builder::new()
        .nodelay(true)
        .reuseaddr(Some(true))
        .allow_anonymous(false)
        .handshake_timeout(Duration::from_secs(10))
        .message_expiry_interval(MESSAGE_EXPIRY)
        .message_retry_interval(Duration::from_mins(1));
    let kiosks = common
        .clone()
        .name("kiosks")
        .laddr(listen)
        .max_packet_size(KIOSK_PACKET_BYTES)
        .max_clientid_len(64)
        .max_subscriptions(KIOSK_SUBSCRIPTIONS)
        .max_mqueue_len(KIOSK_QUEUE)
        .session_expiry_interval(SESSION_EXPIRY)
        .max_session_expiry_interval(SESSION_EXPIRY)
        .max_inflight(NonZeroU16::new(KIOSK_IN_FLIGHT).unwrap_or(NonZeroU16::MIN));
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let own = common
        .name("own")
        .laddr(loopback)
        .max_packet_size(OWN_PACKET_BYTES)
        .max_mqueue_len(OWN_QUEUE)
        .max_inflight(NonZeroU16::new(OWN_IN_FLIGHT).unwrap_or(NonZeroU16::MIN));
    let (kiosks, address) = bind(kiosks, listen)?;
    let (own, own_address) = bind(own, loopback)?;
    let server =
        MqttServer::new(context).listener_by_id(kiosks, KIOSK_LISTENER).listener_by_id(own, OWN_LISTENER).build();
    Ok((server, (address, own_address)))
}

fn bind(builder: Builder, address: SocketAddr) -> Result<(Listener, SocketAddr), BrokerError> {
    let bound = || -> rmqtt::Result<_> {
        let listener = builder.bind()?.tcp()?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound().map_err(|error| BrokerError::Listen { address, reason: error.to_string() })
}

/// Who may do what. One handler for every question the broker asks.
#[derive(Clone)]
struct Access {
    password: String,
    /// Who is behind each socket, where kiosks come through the front.
    certified: Option<Certified>,
}

#[async_trait]
impl Handler for Access {
    async fn hook(&self, question: &Parameter, before: Option<HookResult>) -> ReturnType {
        match question {
            Parameter::ClientAuthenticate(client) => {
                (false, Some(HookResult::AuthResult(self.may_connect(client))))
            }
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                (false, Some(HookResult::SubscribeAclResult(may_subscribe(session, subscribe))))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                (false, Some(HookResult::PublishAclResult(may_publish(session, publish))))
            }
            Parameter::MessagePublish(Some(session), _, publish) => {
                (false, without_retain(session, publish).map(HookResult::Publish).or(before))
            }
            _ => (true, before),
        }
    }
}

impl Access {
    fn may_connect(&self, client: &ConnectInfo) -> AuthResult {
        let id = client.client_id();
        if id.as_ref() as &str == OWN_CLIENT {
            let given = client.password().map(|password| password.as_ref() as &[u8]).unwrap_or_default();
            return if same(given, self.password.as_bytes()) {
                AuthResult::Allow(true, None)
            } else {
                AuthResult::BadUsernameOrPassword
            };
        }
        if client.id().lid == OWN_LISTENER || KioskId::new(kiosk_of(id)).is_err() {
            return AuthResult::NotAuthorized;
        }
        if let Some(certified) = &self.certified {
            let shown = client.id().remote_addr.and_then(|socket| certified.of(socket));
            if shown.as_ref().map(KioskId::as_str) != Some(kiosk_of(id)) {
                return AuthResult::NotAuthorized;
            }
        }
        let will = match client.last_will() {
            Some(LastWill::V3(will)) => Some(&will.topic),
            Some(LastWill::V5(will)) => Some(&will.topic),
            None => None,
        };
        match will {
            Some(topic) if !is_own(topic, id, &[Channel::Status]) => AuthResult::NotAuthorized,
            _ => AuthResult::Allow(false, None),
        }
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(given: &[u8], expected: &[u8]) -> bool {
    given.len() == expected.len()
        && given.iter().zip(expected).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

/// The kiosk that a client id speaks for.
fn kiosk_of(client: &str) -> &str {
    client.split_once('.').map_or(client, |(kiosk, _)| kiosk)
}

fn is_own(topic: &str, client: &str, channels: &[Channel]) -> bool {
    match Topic::from_str(topic) {
        Ok(Topic::Kiosk(kiosk, channel)) => kiosk.as_str() == kiosk_of(client) && channels.contains(&channel),
        _ => false,
    }
}

fn may_subscribe(session: &Session, subscribe: &Subscribe) -> SubscribeAclResult {
    const CHANNELS: [Channel; 7] = [
        Channel::Receipts,
        Channel::Assignment,
        Channel::Posting,
        Channel::Round,
        Channel::Help,
        Channel::Approvals,
        Channel::Thanks,
    ];
    let filter: &str = &subscribe.topic_filter;
    let own = is_own(filter, &session.id.client_id, &CHANNELS);
    let shared =
        matches!(Topic::from_str(filter), Ok(Topic::Directory | Topic::Board(_) | Topic::Questionnaire(_)));
    if own || shared {
        SubscribeAclResult::new_success(subscribe.opts.qos(), None)
    } else {
        SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
    }
}

fn may_publish(session: &Session, publish: &Publish) -> PublishAclResult {
    const CHANNELS: [Channel; 3] = [Channel::Records, Channel::Status, Channel::Introduction];
    if is_own(&publish.topic, &session.id.client_id, &CHANNELS) {
        PublishAclResult::allow()
    } else {
        let disconnect = true;
        PublishAclResult::rejected(disconnect, None)
    }
}

/// Nothing of a kiosk is retained: a retained record or status would be told again and again long after.
fn without_retain(session: &Session, publish: &Publish) -> Option<Publish> {
    if !publish.retain || session.id.client_id.as_ref() as &str == OWN_CLIENT {
        return None;
    }
    let mut publish = publish.clone();
    publish.inner.retain = false;
    Some(publish)
}

/// rmqtt's own storage holds retained messages well but only says so to its plugin; this hands them on.
struct Retained(DefaultRetainStorage);

#[async_trait]
impl RetainStorage for Retained {
    fn enable(&self) -> bool {
        true
    }

    async fn set(&self, topic: &TopicName, retain: Retain, _expiry: Option<Duration>) -> rmqtt::Result<()> {
        self.0.set_with_timeout(topic, retain, None).await
    }

    async fn get(&self, topic_filter: &TopicFilter) -> rmqtt::Result<Vec<(TopicName, Retain)>> {
        self.0.get_message(topic_filter).await
    }

    async fn count(&self) -> isize {
        self.0.count().await
    }

    async fn max(&self) -> isize {
        self.0.max().await
    }
}
