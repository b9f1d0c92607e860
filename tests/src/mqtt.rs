//! A small MQTT 3.1.1 client of the harness's own: it shares no code with the programs under test, can send the same
//! packet five times at once, can go silent, and can vanish in the middle of a packet.
//!
//! A thread reads; what comes in is a queue. QoS 1 messages are acknowledged when they are read unless told otherwise.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::loopback;
use crate::wait::until;

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH_QOS1: u8 = 0x32;
const PUBACK: u8 = 0x40;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const DISCONNECT: u8 = 0xe0;

/// The code of a broker that takes nobody now.
const SERVER_UNAVAILABLE: u8 = 3;
/// How long such a broker is asked again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// The broker took over the packet of this id.
    Acknowledged(u16),
    /// The broker's answer to a subscription; 0x80 is a refusal.
    Subscribed(Vec<u8>),
    /// The connection has ended.
    Closed,
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// Whether the broker kept it for us.
    pub retained: bool,
    /// The packet id, 0 for QoS 0.
    pub packet: u16,
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// The client id.
    pub client_id: String,
    /// Whether the broker starts a new session.
    pub clean: bool,
    /// Whether received QoS 1 messages are acknowledged at once.
    pub acknowledge: bool,
    /// The last will: topic and payload.
    pub will: Option<(String, Vec<u8>)>,
}

impl Options {
    /// A clean session that acknowledges.
    pub fn clean(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), clean: true, acknowledge: true, will: None }
    }
}

/// A connected client.
#[derive(Debug)]
pub struct Client {
    stream: Arc<Mutex<TcpStream>>,
    incoming: Receiver<Incoming>,
    next_packet: u16,
    session_present: bool,
    set_aside: std::collections::VecDeque<Incoming>,
}

impl Client {
    /// Connects to a port of this machine. A broker that has no time for it says so, and is asked again, as a kiosk asks again.
    pub fn connect(port: u16, options: &Options) -> Result<Self> {
        until("a broker that has time", PATIENCE, || Self::try_connect(port, options))
    }

    fn try_connect(port: u16, options: &Options) -> Result<Option<Self>> {
        let stream = TcpStream::connect_timeout(&loopback::address(port), Duration::from_secs(5))
            .with_context(|| format!("failed to connect to the broker on port {port}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut reader = BufReader::with_capacity(256 * 1024, stream.try_clone()?);
        (&stream).write_all(&connect_packet(options))?;
        let (kind, body) = read_packet(&mut reader).context("the broker did not answer CONNECT")?;
        ensure!(kind & 0xf0 == CONNACK, "the broker answered CONNECT with {kind:#x}");
        let [flags, code] = body[..] else { bail!("the CONNACK has {} bytes", body.len()) };
        if code == SERVER_UNAVAILABLE {
            return Ok(None);
        }
        ensure!(code == 0, "the broker refused the connection with code {code}");
        stream.set_read_timeout(None)?;
        let stream = Arc::new(Mutex::new(stream));
        let (sender, incoming) = mpsc::channel();
        let writer = options.acknowledge.then(|| Arc::clone(&stream));
        std::thread::Builder::new().name("mqtt-reader".to_owned()).spawn(move || {
            while let Ok((kind, body)) = read_packet(&mut reader) {
                let Some(event) = understand(kind, &body) else { continue };
                if let (Incoming::Message(message), Some(writer)) = (&event, &writer)
                    && message.packet != 0
                {
                    let mut stream = writer.lock().unwrap_or_else(PoisonError::into_inner);
                    if stream.write_all(&acknowledgement(message.packet)).is_err() {
                        break;
                    }
                }
                if sender.send(event).is_err() {
                    return;
                }
            }
            // The receiver may have gone first; then nobody wants to know.
            drop(sender.send(Incoming::Closed));
        })?;
        let set_aside = std::collections::VecDeque::new();
        Ok(Some(Self { stream, incoming, next_packet: 0, session_present: flags & 1 == 1, set_aside }))
    }

    /// What the broker said about an earlier session.
    pub fn session_present(&self) -> bool {
        self.session_present
    }

    /// Subscribes with QoS 1 and waits for the broker's word.
    pub fn subscribe(&mut self, filters: &[&str]) -> Result<()> {
        let packet = self.packet_id();
        let mut body = packet.to_be_bytes().to_vec();
        for filter in filters {
            put_text(&mut body, filter.as_bytes());
            body.push(1);
        }
        self.write(&framed(SUBSCRIBE, &body))?;
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut waiting = Vec::new();
        let codes = loop {
            match self.receive(deadline.saturating_duration_since(Instant::now()))? {
                Some(Incoming::Subscribed(codes)) => break codes,
                Some(Incoming::Closed) => bail!("the broker closed the connection instead of subscribing"),
                Some(other) => waiting.push(other),
                None => bail!("the broker did not answer SUBSCRIBE"),
            }
        };
        self.set_aside.extend(waiting);
        ensure!(codes.iter().all(|code| *code <= 2), "the broker refused a subscription: {codes:?}");
        Ok(())
    }

    /// Sends a message with QoS 1 and returns its packet id without waiting.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<u16> {
        let packet = self.packet_id();
        self.write(&publish_packet(topic, payload, packet, false))?;
        Ok(packet)
    }

    /// Sends a message that the broker keeps.
    pub fn publish_retained(&mut self, topic: &str, payload: &[u8]) -> Result<u16> {
        let packet = self.packet_id();
        self.write(&publish_packet(topic, payload, packet, true))?;
        Ok(packet)
    }

    /// Sends bytes as they are.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(bytes).context("failed to write to the broker")
    }

    /// A second handle of the socket, for a load that writes from its own thread.
    pub fn socket(&self) -> Result<TcpStream> {
        Ok(self.stream.lock().unwrap_or_else(PoisonError::into_inner).try_clone()?)
    }

    /// Acknowledges a message by hand.
    pub fn acknowledge(&self, message: &Message) -> Result<()> {
        self.write(&acknowledgement(message.packet))
    }

    /// The next thing that comes in, `None` when nothing does in time.
    pub fn receive(&mut self, deadline: Duration) -> Result<Option<Incoming>> {
        if let Some(event) = self.set_aside.pop_front() {
            return Ok(Some(event));
        }
        match self.incoming.recv_timeout(deadline) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Incoming::Closed)),
        }
    }

    /// The next message; acknowledgements are passed over.
    pub fn message(&mut self, deadline: Duration) -> Result<Message> {
        let ends = Instant::now() + deadline;
        loop {
            match self.receive(ends.saturating_duration_since(Instant::now()))? {
                Some(Incoming::Message(message)) => return Ok(message),
                Some(Incoming::Closed) => bail!("the broker closed the connection"),
                Some(_) => {}
                None => bail!("no message came in {} s", deadline.as_secs()),
            }
        }
    }

    /// Waits until the broker has acknowledged so many packets; messages that come meanwhile are kept for later.
    pub fn wait_acknowledged(&mut self, mut count: usize, deadline: Duration) -> Result<()> {
        let ends = Instant::now() + deadline;
        let mut waiting = Vec::new();
        while count > 0 {
            match self.receive(ends.saturating_duration_since(Instant::now()))? {
                Some(Incoming::Acknowledged(_)) => count -= 1,
                Some(Incoming::Closed) => bail!("the broker closed the connection with {count} packets open"),
                Some(other) => waiting.push(other),
                None => bail!("the broker left {count} packets open for {} s", deadline.as_secs()),
            }
        }
        self.set_aside.extend(waiting);
        Ok(())
    }

    /// Says goodbye.
    pub fn disconnect(self) -> Result<()> {
        self.write(&[DISCONNECT, 0])
    }

    fn packet_id(&mut self) -> u16 {
        self.next_packet = self.next_packet.checked_add(1).unwrap_or(1);
        self.next_packet
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // The other side may have closed it before.
        drop(stream.shutdown(Shutdown::Both));
    }
}

/// A QoS 1 PUBLISH as bytes.
pub fn publish_packet(topic: &str, payload: &[u8], packet: u16, retain: bool) -> Vec<u8> {
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 4);
    put_text(&mut body, topic.as_bytes());
    body.extend_from_slice(&packet.to_be_bytes());
    body.extend_from_slice(payload);
    framed(PUBLISH_QOS1 | u8::from(retain), &body)
}

/// A PUBACK as bytes.
pub fn acknowledgement(packet: u16) -> [u8; 4] {
    let [high, low] = packet.to_be_bytes();
    [PUBACK, 2, high, low]
}

/// Reads one packet: its first byte and its body.
pub fn read_packet(reader: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut first = [0; 1];
    reader.read_exact(&mut first)?;
    let mut length = 0_usize;
    for place in 0..4 {
        let mut byte = [0; 1];
        reader.read_exact(&mut byte)?;
        let [byte] = byte;
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let [kind] = first;
            return Ok((kind, body));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a packet's length has more than four bytes"))
}

/// What a packet means; `None` for those that need no attention.
pub fn understand(kind: u8, body: &[u8]) -> Option<Incoming> {
    match kind & 0xf0 {
        0x30 => {
            let (length, rest) = body.split_first_chunk::<2>()?;
            let (topic, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let quality = (kind >> 1) & 3;
            let (packet, payload) = if quality == 0 {
                (0, rest)
            } else {
                let (packet, payload) = rest.split_first_chunk::<2>()?;
                (u16::from_be_bytes(*packet), payload)
            };
            let topic = String::from_utf8_lossy(topic).into_owned();
            let message = Message { topic, payload: payload.to_vec(), retained: kind & 1 == 1, packet };
            Some(Incoming::Message(message))
        }
        PUBACK => {
            let (packet, _) = body.split_first_chunk::<2>()?;
            Some(Incoming::Acknowledged(u16::from_be_bytes(*packet)))
        }
        SUBACK => Some(Incoming::Subscribed(body.get(2..)?.to_vec())),
        _ => None,
    }
}

fn connect_packet(options: &Options) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, b"MQTT");
    let flags = if options.clean { 0x02 } else { 0 } | if options.will.is_some() { 0x0c } else { 0 };
    // Protocol level 4, no keep-alive: the harness's clients may be silent for as long as a story needs.
    body.extend_from_slice(&[4, flags, 0, 0]);
    put_text(&mut body, options.client_id.as_bytes());
    if let Some((topic, payload)) = &options.will {
        put_text(&mut body, topic.as_bytes());
        put_text(&mut body, payload);
    }
    framed(CONNECT, &body)
}

fn put_text(body: &mut Vec<u8>, text: &[u8]) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(text);
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(body.len() + 5);
    packet.push(kind);
    let mut length = body.len();
    loop {
        let digit = u8::try_from(length % 128).unwrap_or(0);
        length /= 128;
        packet.push(if length > 0 { digit | 0x80 } else { digit });
        if length == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_reads_back() -> Result<()> {
        for length in [0, 1, 100, 200, 20_000] {
            let payload = vec![7; length];
            let bytes = publish_packet("a/b", &payload, 513, true);
            let (kind, body) = read_packet(&mut &bytes[..])?;
            let expected =
                Message { topic: "a/b".to_owned(), payload: payload.clone(), retained: true, packet: 513 };
            assert_eq!(understand(kind, &body), Some(Incoming::Message(expected)));
        }
        Ok(())
    }
}
