//! The half of a connection that listens.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use rumqttc::{AsyncClient, Event, EventLoop, Packet, Publish, QoS, SubscribeFilter, SubscribeReasonCode};
use tokio::sync::{mpsc, oneshot};
use wardvoice_protocol::status::{Introduction, Status};
use wardvoice_protocol::topic::{Channel, Topic};

use super::tls;
use super::{Ack, Ended, Greeting, Incoming, Letter, Messenger, Outgoing, is_shut_out};
use crate::authority::SharedAuthority;
use crate::ingest::Arrival;

/// The half of a connection that listens.
pub(super) struct Poller<'a> {
    pub(super) client: AsyncClient,
    pub(super) connection: u64,
    pub(super) intake: &'a mpsc::Sender<Incoming>,
    pub(super) messenger: &'a Messenger,
    pub(super) greeting: &'a Greeting,
    pub(super) place: &'a str,
    pub(super) passes: Option<&'a SharedAuthority>,
    pub(super) subscribed: Option<oneshot::Sender<()>>,
}

impl Poller<'_> {
    pub(super) async fn run(mut self, events: &mut EventLoop) -> Ended {
        loop {
            let handled = match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => self.subscribe(),
                Ok(Event::Incoming(Packet::SubAck(answer))) => self.begin(&answer.return_codes),
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    self.take(&publish).await;
                    Ok(())
                }
                Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) => return Ended::Finished,
                Ok(_) => Ok(()),
                Err(error) => Err(tls::why(&error)),
            };
            if let Err(reason) = handled {
                return Ended::Lost(reason);
            }
        }
    }

    /// Never trusting `session_present`: subscriptions are made on every connection.
    fn subscribe(&self) -> Result<(), String> {
        let filters = [Channel::Records, Channel::Status, Channel::Introduction]
            .map(|channel| SubscribeFilter::new(channel.of_every_kiosk(), QoS::AtLeastOnce));
        self.client.try_subscribe_many(filters).map_err(|error| error.to_string())
    }

    fn begin(&mut self, answers: &[SubscribeReasonCode]) -> Result<(), String> {
        if answers.contains(&SubscribeReasonCode::Failure) {
            return Err("it does not let the aggregator subscribe to the kiosks' topics".to_owned());
        }
        if let Some(subscribed) = self.subscribed.take() {
            self.messenger.state.connections.fetch_add(1, Ordering::Relaxed);
            self.messenger.state.connected.store(true, Ordering::Relaxed);
            tracing::info!(broker = %self.place, "connected to the broker");
            for message in (self.greeting)() {
                self.messenger.publish(message);
            }
            return subscribed.send(()).map_err(|()| "the sender ended".to_owned());
        }
        Ok(())
    }

    async fn take(&self, publish: &Publish) {
        let ack = Ack { connection: self.connection, packet: publish.pkid, qos: publish.qos };
        let (incoming, ack) = read(publish, ack, self.passes);
        if let Some(incoming) = incoming {
            // The intake is closed only on the way out: what comes then stays with the broker.
            drop(self.intake.send(incoming).await);
        } else {
            self.messenger.state.strangers.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(ack) = ack {
            self.messenger.say(Outgoing::Ack(ack));
        }
    }
}

/// Reads what came; nothing of a kiosk that was taken off. The right to acknowledge goes with a record; everything else
/// is worth no more than the moment and gives it back at once.
fn read(publish: &Publish, ack: Ack, passes: Option<&SharedAuthority>) -> (Option<Incoming>, Option<Ack>) {
    let payload = &publish.payload;
    let incoming = match publish.topic.parse() {
        Ok(topic) if is_shut_out(passes, &topic) => {
            tracing::debug!(topic = %publish.topic, "a kiosk that was taken off is not heard");
            None
        }
        Ok(Topic::Kiosk(kiosk, Channel::Records)) => {
            let arrival =
                Arrival { kiosk, payload: payload.to_vec(), received: Timestamp::now(), not_before: None };
            return (Some(Incoming::Letter(Letter { arrival, ack })), None);
        }
        Ok(Topic::Kiosk(kiosk, Channel::Status)) => Status::read(payload, &kiosk).ok().map(Incoming::Status),
        Ok(Topic::Kiosk(kiosk, Channel::Introduction)) => {
            Introduction::read(payload, &kiosk).ok().map(Incoming::Introduction)
        }
        _ => None,
    };
    (incoming, Some(ack))
}
