//! Somebody with a kiosk's certificate who is not the kiosk's program: says and asks to hear whatever a story wants, and sees how the broker
//! takes it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rumqttc::{
    Client, Event, LastWill, MqttOptions, Packet, Publish, QoS, RecvTimeoutError, TlsConfiguration, Transport,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// The words of a last will.
pub const LAST_WILL: &str = "gone";

const DEADLINE: Duration = Duration::from_mins(1);

/// A client with a kiosk's pass, or with none.
pub struct Stranger {
    client: Client,
    connection: rumqttc::Connection,
}

/// What it was told.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where.
    pub topic: String,
    /// In which words.
    pub words: String,
}

impl Told {
    fn of(publish: &Publish) -> Self {
        Self { topic: publish.topic.clone(), words: String::from_utf8_lossy(&publish.payload).into_owned() }
    }
}

impl Stranger {
    /// Connects under an id with the pass of a kiosk's folder; none where the broker refuses it.
    pub fn try_connect(port: u16, authority: &Path, pass: Option<PathBuf>, id: &str) -> Result<Option<Self>> {
        Self::try_connect_leaving(port, authority, pass, id, None)
    }

    /// The same with a last will on a topic.
    pub fn try_connect_leaving(
        port: u16,
        authority: &Path,
        pass: Option<PathBuf>,
        id: &str,
        will: Option<&str>,
    ) -> Result<Option<Self>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match pass {
            Some(pass) => {
                let chain = CertificateDer::pem_file_iter(&pass)?.collect::<Result<Vec<_>, _>>()?;
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&pass)?)?
            }
            None => builder.with_no_client_auth(),
        };
        let mut options = MqttOptions::new(id, "localhost", port);
        options.set_max_packet_size(1 << 20, 1 << 20);
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))));
        if let Some(topic) = will {
            options.set_last_will(LastWill::new(topic, LAST_WILL, QoS::AtLeastOnce, false));
        }
        let (client, mut connection) = Client::new(options, 100);
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            match connection.recv_timeout(DEADLINE) {
                Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => return Ok(Some(Self { client, connection })),
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        anyhow::bail!("the broker neither let {id} in nor refused it")
    }

    /// Waits for a packet, or for the end of the connection: then none.
    pub fn next(&mut self, mut wanted: impl FnMut(&Packet) -> bool) -> Result<Option<Packet>> {
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            match self.connection.recv_timeout(DEADLINE) {
                Ok(Ok(Event::Incoming(packet))) if wanted(&packet) => return Ok(Some(packet)),
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        anyhow::bail!("the broker said nothing for {DEADLINE:?}")
    }

    /// Waits for the next message, which must be on this topic.
    pub fn hears(&mut self, topic: &str) -> Result<()> {
        let next = self.next(|packet| matches!(packet, Packet::Publish(_)))?;
        let next = next.with_context(|| format!("the broker ended the connection before it told of {topic}"))?;
        ensure!(
            matches!(&next, Packet::Publish(publish) if publish.topic == topic),
            "not of {topic} but {next:?}"
        );
        Ok(())
    }

    /// Asks to hear what matches a filter, and does not wait for the answer.
    pub fn subscribe(&self, filter: &str) -> Result<()> {
        Ok(self.client.subscribe(filter, QoS::AtLeastOnce)?)
    }

    /// Asks to hear what matches a filter; everything that is told before the answer. None where the broker ends the connection over it.
    pub fn asks_to_hear(&mut self, filter: &str) -> Result<Option<Vec<Told>>> {
        self.subscribe(filter)?;
        let mut told = Vec::new();
        let answer = self.next(|packet| {
            if let Packet::Publish(publish) = packet {
                told.push(Told::of(publish));
            }
            matches!(packet, Packet::SubAck(_))
        })?;
        Ok(answer.map(|_| told))
    }

    /// The same at a broker that answers everybody.
    pub fn told_until_subscribed(&mut self, filter: &str) -> Result<Vec<Told>> {
        self.asks_to_hear(filter)?.with_context(|| format!("the broker ended the connection over {filter}"))
    }

    /// Everything it is told until the board of W1 has come, which it asks for last: topics and words.
    pub fn told_until_the_board(&mut self) -> Result<Vec<Told>> {
        self.told_until_the_board_and(None)
    }

    /// The same until another topic has come too, which was asked for before.
    pub fn told_until_the_board_and(&mut self, other: Option<&str>) -> Result<Vec<Told>> {
        const BOARD: &str = "wardvoice/1/wards/W1/board";
        let mut told: Vec<Told> = Vec::new();
        self.subscribe(BOARD)?;
        let mut is_asked_for = false;
        while !(is_asked_for && [Some(BOARD), other].into_iter().flatten().all(|topic| has(&told, topic))) {
            let next = self.next(|packet| matches!(packet, Packet::Publish(_) | Packet::SubAck(_)))?;
            match next.context("the broker ended the connection before it told of the board")? {
                Packet::Publish(publish) => {
                    told.push(Told::of(&publish));
                }
                _ => is_asked_for = true,
            }
        }
        Ok(told)
    }

    /// Publishes, and waits until the broker has taken it or ends the connection: whether it has taken it.
    pub fn publish(&mut self, topic: &str, payload: &str) -> Result<bool> {
        self.say(topic, payload, false)
    }

    /// The same with words that the broker is to keep, where it can be had, so that whoever comes later finds them.
    pub fn publish_to_keep(&mut self, topic: &str, payload: &str) -> Result<bool> {
        self.say(topic, payload, true)
    }

    fn say(&mut self, topic: &str, payload: &str, keep: bool) -> Result<bool> {
        self.client.publish(topic, QoS::AtLeastOnce, keep, payload)?;
        Ok(self.next(|packet| matches!(packet, Packet::PubAck(_)))?.is_some())
    }
}

fn has(told: &[Told], wanted: &str) -> bool {
    told.iter().any(|told| told.topic == wanted)
}

impl fmt::Debug for Stranger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stranger")
    }
}
