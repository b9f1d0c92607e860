//! A plain MQTT client on a thread of its own, as a kiosk would be one.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rumqttc::{Client as Rumqttc, Connection, Event, LastWill, MqttOptions, Packet, QoS, SubscribeReasonCode};

const PATIENCE: Duration = Duration::from_secs(20);

enum Heard {
    Connected,
    Message(String, Vec<u8>, bool),
    Acknowledged,
    Subscribed(bool),
    Closed(String),
}

/// A connected client.
pub(crate) struct Client {
    requests: Rumqttc,
    heard: Receiver<Heard>,
    vanish: mpsc::Sender<()>,
}

impl Client {
    pub(crate) fn connect(port: u16, id: &str, will: Option<(String, Vec<u8>)>) -> Self {
        Self::try_connect(port, id, will).unwrap()
    }

    pub(crate) fn try_connect(port: u16, id: &str, will: Option<(String, Vec<u8>)>) -> Result<Self, String> {
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        options.set_keep_alive(Duration::from_secs(10)).set_max_packet_size(4 << 20, 4 << 20).set_inflight(60);
        if let Some((topic, payload)) = will {
            options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, false));
        }
        let (client, mut connection) = Rumqttc::new(options, 10_000);
        connection.eventloop.network_options.set_tcp_nodelay(true);
        let (tell, heard) = mpsc::channel();
        let (vanish, vanished) = mpsc::channel();
        thread::spawn(move || listen(connection, &tell, &vanished));
        let this = Self { requests: client, heard, vanish };
        match this.heard.recv_timeout(PATIENCE) {
            Ok(Heard::Connected) => Ok(this),
            Ok(Heard::Closed(reason)) => Err(reason),
            Ok(_) | Err(_) => Err("no answer".to_owned()),
        }
    }

    pub(crate) fn publish(&self, topic: &str, payload: &[u8]) {
        self.requests.publish(topic, QoS::AtLeastOnce, false, payload).unwrap();
    }

    pub(crate) fn publish_retained(&self, topic: &str, payload: &[u8]) {
        self.requests.publish(topic, QoS::AtLeastOnce, true, payload).unwrap();
    }

    pub(crate) fn subscribe(&mut self, filter: &str) -> Result<(), String> {
        self.requests.subscribe(filter, QoS::AtLeastOnce).unwrap();
        loop {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(Heard::Subscribed(true)) => return Ok(()),
                Ok(Heard::Subscribed(false)) => return Err("refused".to_owned()),
                Ok(Heard::Closed(reason)) => return Err(reason),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// The next message: topic, payload, whether it was retained.
    pub(crate) fn message(&mut self, patience: Duration) -> Result<(String, Vec<u8>, bool), String> {
        let deadline = Instant::now() + patience;
        loop {
            match self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Heard::Message(topic, payload, retained)) => return Ok((topic, payload, retained)),
                Ok(Heard::Closed(reason)) => return Err(reason),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// The next message on a topic. Others are passed over: a broker may say what it said already once more.
    pub(crate) fn message_on(&mut self, topic: &str, patience: Duration) -> Result<(Vec<u8>, bool), String> {
        let deadline = Instant::now() + patience;
        loop {
            let (heard_on, payload, retained) =
                self.message(deadline.saturating_duration_since(Instant::now()))?;
            if heard_on == topic {
                return Ok((payload, retained));
            }
        }
    }

    pub(crate) fn wait_for_acknowledgements(&self, mut count: usize, patience: Duration) {
        let deadline = Instant::now() + patience;
        while count > 0 {
            match self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Heard::Acknowledged) => count -= 1,
                Ok(Heard::Closed(reason)) => panic!("the connection ended: {reason}"),
                Ok(_) => {}
                Err(error) => panic!("{count} acknowledgements did not come: {error}"),
            }
        }
    }

    pub(crate) fn wait_closed(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            match self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Heard::Closed(_)) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("the connection is still there"),
            }
        }
    }

    /// Cuts the connection without a goodbye.
    pub(crate) fn vanish(self) {
        self.vanish.send(()).unwrap();
        // Anything to do wakes the listener, which then drops the connection instead.
        drop(self.requests.try_publish("wardvoice/1/kiosks/nobody/status", QoS::AtMostOnce, false, Vec::new()));
    }
}

fn listen(mut connection: Connection, tell: &mpsc::Sender<Heard>, vanished: &Receiver<()>) {
    for event in connection.iter() {
        if vanished.try_recv().is_ok() {
            return;
        }
        let heard = match event {
            Ok(Event::Incoming(Packet::ConnAck(_))) => Heard::Connected,
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                Heard::Message(publish.topic, publish.payload.to_vec(), publish.retain)
            }
            Ok(Event::Incoming(Packet::PubAck(_))) => Heard::Acknowledged,
            Ok(Event::Incoming(Packet::SubAck(answer))) => {
                Heard::Subscribed(!answer.return_codes.contains(&SubscribeReasonCode::Failure))
            }
            Ok(_) => continue,
            Err(error) => Heard::Closed(error.to_string()),
        };
        let closed = matches!(heard, Heard::Closed(_));
        if tell.send(heard).is_err() || closed {
            return;
        }
    }
}
