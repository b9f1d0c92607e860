//! The half of a connection that speaks.

use std::collections::BTreeMap;
use std::convert::Infallible;

use jiff::Timestamp;
use rumqttc::{AsyncClient, ClientError, Publish, QoS};
use tokio::sync::{mpsc, oneshot};
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::receipt::{Receipt, Verdict};
use wardvoice_protocol::signed;
use wardvoice_protocol::topic::{Channel, Topic};

use super::{INTAKE_BATCH, Message, Outgoing, is_shut_out};
use crate::authority::SharedAuthority;
use crate::killpoint;

/// How many verdicts go into one receipt: some 30 KiB.
const RECEIPT_VERDICTS: usize = 100;

/// The half of a connection that speaks.
pub(super) struct Sender<'a> {
    pub(super) client: AsyncClient,
    pub(super) connection: u64,
    pub(super) signing_key: &'a SigningKey,
    pub(super) passes: Option<&'a SharedAuthority>,
}

impl Sender<'_> {
    /// Sends what waits once the subscriptions are made. Never returns: the other half knows when it is over.
    pub(super) async fn run(
        self,
        queue: &mut mpsc::UnboundedReceiver<Outgoing>,
        when_subscribed: oneshot::Receiver<()>,
    ) -> Infallible {
        if when_subscribed.await.is_ok() {
            let mut batch = Vec::new();
            while queue.recv_many(&mut batch, INTAKE_BATCH).await > 0 {
                if let Err(error) = self.send(batch.drain(..)).await {
                    tracing::debug!(%error, "the connection ended while sending");
                    break;
                }
            }
        }
        std::future::pending().await
    }

    /// Receipts first, one a kiosk; then the rest; then the acknowledgements.
    async fn send(&self, batch: impl Iterator<Item = Outgoing>) -> Result<(), ClientError> {
        let mut receipts: BTreeMap<KioskId, Vec<Verdict>> = BTreeMap::new();
        let (mut messages, mut acks, mut goodbye) = (Vec::new(), Vec::new(), false);
        for outgoing in batch {
            match outgoing {
                Outgoing::Receipt { kiosk, verdicts, acks: some } => {
                    receipts.entry(kiosk).or_default().extend(verdicts);
                    acks.extend(some);
                }
                Outgoing::Ack(ack) => acks.push(ack),
                Outgoing::Message(message) => messages.push(message),
                Outgoing::Goodbye => goodbye = true,
            }
        }
        let sent_receipts = !receipts.is_empty();
        for (kiosk, verdicts) in receipts {
            for some in verdicts.chunks(RECEIPT_VERDICTS) {
                self.publish(self.receipt(&kiosk, some)).await?;
            }
        }
        if sent_receipts {
            after_send();
        }
        for message in messages {
            self.publish(message).await?;
        }
        for ack in acks.into_iter().filter(|ack| ack.connection == self.connection) {
            let acknowledged = Publish { pkid: ack.packet, ..Publish::new("", ack.qos, Vec::new()) };
            self.client.ack(&acknowledged).await?;
        }
        if goodbye { self.client.disconnect().await } else { Ok(()) }
    }

    async fn publish(&self, message: Message) -> Result<(), ClientError> {
        let Message { topic, payload, retain } = message;
        if is_shut_out(self.passes, &topic) {
            return Ok(());
        }
        self.client.publish(topic.to_string(), QoS::AtLeastOnce, retain, payload).await
    }

    fn receipt(&self, kiosk: &KioskId, verdicts: &[Verdict]) -> Message {
        let topic = Topic::Kiosk(kiosk.clone(), Channel::Receipts);
        let receipt =
            Receipt { kiosk: kiosk.clone(), aggregator_time: Timestamp::now(), verdicts: verdicts.to_vec() };
        // Serialising a struct of strings and numbers into memory has no way to fail.
        let payload = signed::sign(&receipt, &topic, self.signing_key).unwrap_or_default();
        Message { topic, payload, retain: false }
    }
}

fn after_send() {
    fail::fail_point!("receipts.after_send", |_| killpoint::die());
}
