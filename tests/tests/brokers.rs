//! Broker conformance: what the rooms rely on, asked of the broker inside and of mosquitto alike.
//!
//! They rely on little, because a broker may lose anything at any time: a message published while both are connected
//! arrives; it arrives in one piece up to the size limit; retained messages meet a new subscriber; a last will is said;
//! a message that is not acknowledged comes again; topics of one kiosk are not another's.

use std::time::Duration;

use anyhow::{Result, ensure};
use wardvoice_protocol::limits::{MAX_ENVELOPE_BYTES, MAX_MESSAGE_BYTES};
use wardvoice_tests::mqtt::{Client, Incoming, Options};
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_secs(20);
const BOTH: [Between; 2] = [Between::Embedded, Between::Mosquitto];

fn on_both(story: impl Fn(u16) -> Result<()>) -> Result<()> {
    for between in BOTH {
        let ward = Ward::open(between)?;
        story(ward.broker_port()?).map_err(|error| error.context(format!("with {between:?}")))?;
    }
    Ok(())
}

#[test]
fn a_message_of_every_size_arrives_in_one_piece() -> Result<()> {
    on_both(|port| {
        let mut listener = Client::connect(port, &Options::clean("k-listener"))?;
        listener.subscribe(&["wardvoice/1/kiosks/k-sizes/receipts"])?;
        let mut client = Client::connect(port, &Options::clean("k-sizes"))?;
        for size in [0, 1, 127, 128, 16_383, 16_384, MAX_ENVELOPE_BYTES, MAX_ENVELOPE_BYTES + 1, MAX_MESSAGE_BYTES]
        {
            let payload = vec![b'w'; size];
            client.publish("wardvoice/1/kiosks/k-sizes/receipts", &payload)?;
            client.wait_acknowledged(1, DEADLINE)?;
            let message = listener.message(DEADLINE)?;
            ensure!(message.payload == payload, "{size} bytes were sent, {} arrived", message.payload.len());
        }
        Ok(())
    })
}

#[test]
fn a_retained_message_meets_who_subscribes_later() -> Result<()> {
    on_both(|port| {
        let topic = "wardvoice/1/kiosks/k-later/assignment";
        let mut client = Client::connect(port, &Options::clean("k-says"))?;
        client.publish_retained(topic, b"first")?;
        client.publish_retained(topic, b"second")?;
        client.wait_acknowledged(2, DEADLINE)?;
        let mut later = Client::connect(port, &Options::clean("k-later"))?;
        later.subscribe(&[topic])?;
        let message = later.message(DEADLINE)?;
        ensure!(message.payload == b"second" && message.retained, "{message:?}");
        Ok(())
    })
}

#[test]
fn a_last_will_is_said_when_a_connection_breaks_and_not_when_it_ends() -> Result<()> {
    on_both(|port| {
        let topic = "wardvoice/1/kiosks/k-will/status";
        let mut listener = Client::connect(port, &Options::clean("k-listens"))?;
        listener.subscribe(&[topic])?;
        let will = Some((topic.to_owned(), b"gone".to_vec()));
        let options = Options { will, ..Options::clean("k-will") };
        let polite = Client::connect(port, &options)?;
        polite.disconnect()?;
        let rude = Client::connect(port, &options)?;
        drop(rude);
        ensure!(listener.message(DEADLINE)?.payload == b"gone");
        let more = listener.receive(Duration::from_millis(300))?;
        ensure!(more.is_none(), "a second will: {more:?}");
        Ok(())
    })
}

#[test]
fn what_is_not_acknowledged_comes_again_to_a_kept_session() -> Result<()> {
    on_both(|port| {
        let topic = "wardvoice/1/kiosks/k-again/receipts";
        let mut options = Options { clean: false, acknowledge: false, ..Options::clean("k-again") };
        let mut first = Client::connect(port, &options)?;
        first.subscribe(&[topic])?;
        let mut client = Client::connect(port, &Options::clean("k-speaks"))?;
        client.publish(topic, b"once")?;
        client.wait_acknowledged(1, DEADLINE)?;
        ensure!(first.message(DEADLINE)?.payload == b"once");
        drop(first);
        options.acknowledge = true;
        let mut second = Client::connect(port, &options)?;
        second.subscribe(&[topic])?;
        ensure!(second.message(DEADLINE)?.payload == b"once", "the unacknowledged message did not come again");
        Ok(())
    })
}

#[test]
fn one_kiosks_messages_do_not_reach_another() -> Result<()> {
    on_both(|port| {
        let mut other = Client::connect(port, &Options::clean("k-other"))?;
        other.subscribe(&["wardvoice/1/kiosks/k-other/receipts"])?;
        let mut client = Client::connect(port, &Options::clean("k-one"))?;
        client.publish("wardvoice/1/kiosks/k-one/receipts", b"mine")?;
        client.publish("wardvoice/1/kiosks/k-other/receipts", b"yours")?;
        client.wait_acknowledged(2, DEADLINE)?;
        ensure!(other.message(DEADLINE)?.payload == b"yours");
        let more = other.receive(Duration::from_millis(300))?;
        ensure!(!matches!(more, Some(Incoming::Message(_))), "a message for another arrived: {more:?}");
        Ok(())
    })
}

#[test]
fn a_client_that_takes_over_an_id_ends_the_one_before() -> Result<()> {
    on_both(|port| {
        let mut first = Client::connect(port, &Options::clean("k-twice"))?;
        let _second = Client::connect(port, &Options::clean("k-twice"))?;
        let seen = first.receive(DEADLINE)?;
        ensure!(seen == Some(Incoming::Closed), "the first connection saw {seen:?}");
        Ok(())
    })
}
