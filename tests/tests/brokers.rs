//! Broker conformance: what the rooms rely on, asked of the broker inside and of mosquitto alike, with the aggregator at
//! the other end.
//!
//! They rely on little, because a broker may lose anything at any time: what is published while both are connected
//! arrives, in one piece, up to beyond the size limit; a receipt comes back; a retained assignment meets a new
//! subscriber; a last will is said; a second connection with one id ends the first. The broker inside also keeps kiosks
//! to their own topics.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::limits::{MAX_ENVELOPE_BYTES, MAX_MESSAGE_BYTES};
use wardvoice_protocol::signed;
use wardvoice_tests::broker::{Broker, Setup};
use wardvoice_tests::mqtt::{Client, Incoming, Options};
use wardvoice_tests::programs;
use wardvoice_tests::tablet::Tablet;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_secs(20);
const BOTH: [Between; 2] = [Between::Embedded, Between::Mosquitto];

fn on_both(story: impl Fn(&Ward, u16) -> Result<()>) -> Result<()> {
    for between in BOTH {
        let ward = Ward::open(between)?;
        let port = ward.broker_port()?;
        story(&ward, port).map_err(|error| error.context(format!("with {between:?}")))?;
    }
    Ok(())
}

#[test]
fn a_payload_of_every_size_arrives_in_one_piece_and_is_answered() -> Result<()> {
    on_both(|_, port| {
        let tablet = Tablet::introduce("sim-sizes", Some("W1"), port, 1)?;
        let mut client = tablet.connect(port)?;
        for size in [0, 1, 127, 128, 16_383, 16_384, MAX_ENVELOPE_BYTES, MAX_ENVELOPE_BYTES + 1, 60_000] {
            let payload = vec![b'w'; size];
            client.publish(&tablet.records(), &payload)?;
            let verdicts = tablet.verdicts(&mut client, 1, DEADLINE).with_context(|| format!("{size} bytes"))?;
            let arrived = verdicts.iter().all(|verdict| verdict.envelope == Hash::of(&payload));
            ensure!(arrived, "{size} bytes were sent, something else arrived: {verdicts:?}");
        }
        Ok(())
    })
}

#[test]
fn what_is_far_too_large_ends_its_connection_and_nothing_else() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    let port = ward.broker_port()?;
    let mut good = Tablet::introduce("sim-good", Some("W1"), port, 2)?;
    let mut client = good.connect(port)?;
    let mut loud = Client::connect(port, &Options::clean("k-loud"))?;
    // The broker may close while we still write.
    drop(loud.publish("wardvoice/1/kiosks/k-loud/records", &vec![b'w'; MAX_MESSAGE_BYTES]));
    loop {
        match loud.receive(DEADLINE)? {
            Some(Incoming::Closed) => break,
            Some(_) => {}
            None => bail!("the broker kept a client that sent half a megabyte"),
        }
    }
    client.publish(&good.records(), &good.completes("quiet")?.to_json())?;
    good.verdicts(&mut client, 1, DEADLINE)?;
    Ok(())
}

#[test]
fn a_retained_assignment_meets_who_subscribes_later() -> Result<()> {
    on_both(|_, port| {
        let tablet = Tablet::introduce("sim-later", Some("W3"), port, 3)?;
        let mut later = Client::connect(port, &Options::clean("sim-later"))?;
        later.subscribe(&["wardvoice/1/kiosks/sim-later/assignment"])?;
        let message = later.message(DEADLINE)?;
        ensure!(message.retained, "the assignment came, but not as retained");
        let assignment: Assignment = signed::read_trusting(&message.payload)?;
        ensure!(assignment.kiosk == tablet.kiosk && assignment.ward.as_str() == "W3", "{assignment:?}");
        Ok(())
    })
}

fn is_one_connected(ward: &Ward) -> Result<bool> {
    let text = ward.aggregator.http().get(&ward.aggregator.url("/metrics"))?.body;
    let line = text.lines().find_map(|line| line.strip_prefix("wardvoice_kiosks_connected "));
    let number: f64 = line.with_context(|| format!("no gauge of connected kiosks in {text}"))?.trim().parse()?;
    Ok(number >= 1.0)
}

#[test]
fn a_last_will_is_said_when_a_connection_breaks() -> Result<()> {
    on_both(|ward, port| {
        let tablet = Tablet::introduce("sim-will", Some("W1"), port, 4)?;
        let topic = "wardvoice/1/kiosks/sim-will/status";
        let offline = json!({"version": 1, "kiosk": tablet.kiosk, "presence": "offline"}).to_string();
        let health = json!({"software": "hand", "waiting": 0, "last_sequence": 0});
        let online = json!({"version": 1, "kiosk": tablet.kiosk, "presence": {"online": health}}).to_string();
        let options =
            Options { will: Some((topic.to_owned(), offline.into_bytes())), ..Options::clean("sim-will") };
        let mut client = Client::connect(port, &options)?;
        client.publish(topic, online.as_bytes())?;
        until_true("the kiosk to be seen", DEADLINE, || is_one_connected(ward))?;
        drop(client);
        until_true("the kiosk's last will to be heard", DEADLINE, || Ok(!is_one_connected(ward)?))
    })
}

#[test]
fn a_second_connection_with_one_id_ends_the_first() -> Result<()> {
    on_both(|_, port| {
        let mut first = Client::connect(port, &Options::clean("k-twice"))?;
        let _second = Client::connect(port, &Options::clean("k-twice"))?;
        let seen = first.receive(DEADLINE)?;
        ensure!(seen == Some(Incoming::Closed), "the first connection saw {seen:?}");
        Ok(())
    })
}

/// Whoever is connected and acknowledges nothing, as an aggregator does whose disk is full, is given so much and no more; the rest waits in
/// the queue, which is bounded too.
#[test]
fn a_mosquitto_as_it_is_shipped_keeps_no_more_for_anybody_than_it_says() -> Result<()> {
    const WINDOW: usize = 4_096;
    const SENT: usize = WINDOW + 900;
    let shipped = fs::read_to_string(programs::workspace().join("deploy/mosquitto/wardvoice.conf"))?;
    for bound in ["max_inflight_messages", "max_queued_messages", "max_queued_bytes", "max_packet_size"] {
        let said = shipped.lines().find_map(|line| line.strip_prefix(bound)?.trim().parse::<u64>().ok());
        // Nothing and none are no bound.
        ensure!(said.is_some_and(|said| said > 0), "{bound} is {said:?}");
    }
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let broker = Broker::start(directory.path(), Setup::Tuned)?;
    let mut slow = Client::connect(broker.port(), &Options { acknowledge: false, ..Options::clean("slow") })?;
    slow.subscribe(&["bounded/1"])?;
    let mut quick = Client::connect(broker.port(), &Options::clean("quick"))?;
    for _ in 0..SENT {
        quick.publish("bounded/1", b"x")?;
    }
    quick.wait_acknowledged(SENT, DEADLINE)?;
    // The answer to this comes behind everything that is on its way.
    slow.subscribe(&["bounded/2"])?;
    let mut given = Vec::new();
    while let Some(Incoming::Message(message)) = slow.receive(Duration::ZERO)? {
        given.push(message);
    }
    ensure!(given.len() == WINDOW, "{} are on their way at once", given.len());
    slow.acknowledge(given.first().context("nothing came")?)?;
    slow.message(DEADLINE).context("what waited does not follow")?;
    Ok(())
}

#[test]
fn the_broker_inside_keeps_kiosks_to_their_own_topics() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    let port = ward.broker_port()?;
    // Each attempt with a connection of its own beside the kiosk's, so that none ends another.
    let mut attempt = 0;
    let mut one = |will| {
        attempt += 1;
        Client::connect(port, &Options { will, ..Options::clean(format!("k-one.{attempt}")) })
    };
    for filter in [
        "#",
        "/#",
        "+/#",
        "wardvoice/#",
        "wardvoice/+/kiosks/k-two/receipts",
        "wardvoice/1/+/k-two/receipts",
        "wardvoice/1/kiosks/#",
        "wardvoice/1/kiosks/+/records",
        "wardvoice/1/kiosks/k-one/#",
        "wardvoice/1/kiosks/k-one/+",
        "wardvoice/1/kiosks/k-one/records",
        "wardvoice/1/kiosks/k-one/status",
        "wardvoice/1/kiosks/k-one/../k-two/receipts",
        "wardvoice/1/kiosks/k-one.1/receipts",
        "wardvoice/1/kiosks/k-two/receipts",
        "wardvoice/1/kiosks/K-ONE/receipts",
        "wardvoice/1/wards/+/board",
        "$SYS/#",
        "$SYS/brokers",
        "$share/all/#",
        "$share/all/wardvoice/1/kiosks/k-two/receipts",
        "$share/all/wardvoice/1/kiosks/k-one/receipts",
        "$queue/wardvoice/1/kiosks/k-two/receipts",
        "$exclusive/wardvoice/1/directory",
        "$limit/1/wardvoice/1/directory",
    ] {
        let subscribed = one(None)?.subscribe(&[filter]).map_err(|error| error.to_string());
        // A filter that is none ends the connection.
        let refused = subscribed.as_ref().is_err_and(|error| {
            error.contains("refused a subscription") || error.contains("closed the connection")
        });
        ensure!(refused, "a kiosk that wants to listen to {filter} is told {subscribed:?}");
    }
    one(None)?.subscribe(&["wardvoice/1/kiosks/k-one/receipts", "wardvoice/1/directory"])?;
    for topic in [
        "wardvoice/1/kiosks/k-two/records",
        "wardvoice/1/kiosks/k-one/receipts",
        "wardvoice/1/kiosks/k-one/assignment",
        "wardvoice/1/kiosks/k-one/help",
        "wardvoice/1/kiosks/k-one.1/records",
        "wardvoice/1/kiosks/k-one/records/x",
        "wardvoice/1/kiosks/+/records",
        "wardvoice/1/kiosks/#",
        "wardvoice/1/wards/W1/board",
        "wardvoice/1/directory",
        "wardvoice/2/kiosks/k-one/records",
        "$SYS/brokers",
        "$delayed/1/wardvoice/1/kiosks/k-two/records",
        "$share/all/wardvoice/1/kiosks/k-one/records",
        "/",
    ] {
        let mut client = one(None)?;
        client.publish(topic, b"not mine")?;
        let seen = client.receive(DEADLINE)?;
        ensure!(seen == Some(Incoming::Closed), "a kiosk may write to {topic}: {seen:?}");
    }
    let mut client = one(None)?;
    client.publish("wardvoice/1/kiosks/k-one/status", b"mine")?;
    client.wait_acknowledged(1, DEADLINE)?;
    let theirs = ("wardvoice/1/kiosks/k-two/status".to_owned(), b"gone".to_vec());
    ensure!(one(Some(theirs)).is_err(), "a kiosk may leave another's last will");
    one(Some(("wardvoice/1/kiosks/k-one/status".to_owned(), b"gone".to_vec())))?;
    let long = "k".repeat(200);
    for (id, may_be) in [
        ("wardvoice/aggregator", "the aggregator"),
        ("k-one/../k-two", "two at once"),
        ("k-one#", "a filter"),
        ("+", "a filter"),
        (".k-one", "nobody's second"),
        (long.as_str(), "as long as it likes"),
    ] {
        ensure!(Client::connect(port, &Options::clean(id)).is_err(), "anybody may be {may_be}");
    }
    Ok(())
}
