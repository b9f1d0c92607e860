//! A kiosk's certificate is good for that kiosk's own corner of a broker and for nothing else: at the broker inside, and at a mosquitto that is set up
//! exactly as `deploy/mosquitto` says.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::faults::Bedside;
use wardvoice_tests::hospital::Hospital;
use wardvoice_tests::stranger::{LAST_WILL, Stranger, Told};
use wardvoice_tests::wait::{until, until_true};

const DEADLINE: Duration = Duration::from_mins(1);

/// What a kiosk's certificate is good for, and for nothing else.
fn a_kiosk_has_its_own_corner(hospital: &Hospital) -> Result<()> {
    let (one, other) = (hospital.enrol(1, "W1")?, hospital.enrol(2, "W2")?);
    let port = hospital.broker_port()?;
    let authority = one.data().join("ca.pem");
    let pass = |kiosk: &Bedside| Some(kiosk.data().join("pass.pem"));
    ensure!(Stranger::try_connect(port, &authority, None, "k-0001")?.is_none(), "somebody without a pass got in");

    let mut listener =
        Stranger::try_connect(port, &authority, pass(&other), "k-0002")?.context("k-0002 is not let in")?;
    for topic in ["kiosks/k-0001/status", "kiosks/k-0001/receipts", "kiosks/k-0002/receipts", "directory"] {
        listener.subscribe(&format!("wardvoice/1/{topic}"))?;
    }
    listener.hears("wardvoice/1/directory")?;

    let mut kiosk =
        Stranger::try_connect(port, &authority, pass(&one), "k-0001")?.context("k-0001 is not let in")?;
    ensure!(kiosk.publish("wardvoice/1/kiosks/k-0001/status", "{}")?, "its own status was refused");
    // mosquitto says yes and throws it away; the broker inside ends the connection.
    let _taken = kiosk.publish("wardvoice/1/kiosks/k-0002/receipts", "forged")?;
    // Whatever the listener was sent before this comes before it.
    listener.subscribe("wardvoice/1/wards/W1/board")?;
    listener.hears("wardvoice/1/wards/W1/board")?;
    nothing_comes_of_probing(hospital, &one, &other)
}

/// With the certificate of one kiosk, tries every filter that could hear another's words, while the other says something; and every topic that
/// is not its own. Each with a connection of its own, because the broker inside ends some.
fn nothing_comes_of_probing(hospital: &Hospital, thief: &Bedside, other: &Bedside) -> Result<()> {
    let port = hospital.broker_port()?;
    let authority = thief.data().join("ca.pem");
    let connect = |kiosk: &Bedside| -> Result<Stranger> {
        let pass = Some(kiosk.data().join("pass.pem"));
        Stranger::try_connect(port, &authority, pass, kiosk.name())?
            .with_context(|| format!("{} is not let in", kiosk.name()))
    };
    let mut victim = connect(other)?;
    for filter in [
        "#",
        "+/#",
        "wardvoice/#",
        "wardvoice/1/kiosks/#",
        "wardvoice/1/kiosks/+/status",
        "wardvoice/1/kiosks/k-0002/#",
        "wardvoice/1/kiosks/k-0002/status",
        "wardvoice/1/kiosks/k-0001/../k-0002/status",
        "$share/all/wardvoice/1/kiosks/+/status",
        "$SYS/#",
    ] {
        let mut listener = connect(thief)?;
        // Taken, refused, or the end of the connection: in any case before the other says something.
        let answered = listener.asks_to_hear(filter)?;
        ensure!(victim.publish("wardvoice/1/kiosks/k-0002/status", "{}")?, "k-0002 may not say how it is");
        if let Some(mut heard) = answered {
            heard.extend(listener.told_until_the_board()?);
            let strange =
                heard.iter().find(|told| told.topic.contains("k-0002") || told.topic.starts_with("$SYS"));
            ensure!(strange.is_none(), "a kiosk that listens to {filter} hears {strange:?}");
        }
    }
    let kept = hospital.aggregator.list(&["quarantine", "list"])?.len();
    for topic in [
        "wardvoice/1/kiosks/k-0002/records",
        "wardvoice/1/kiosks/k-0002/receipts",
        "wardvoice/1/kiosks/k-0002/assignment",
        "wardvoice/1/kiosks/k-0002/records/x",
        "wardvoice/1/kiosks/k-0001/receipts",
        "wardvoice/1/directory",
        "wardvoice/1/wards/W1/board",
        "wardvoice/2/kiosks/k-0001/records",
        "$SYS/broker/uptime",
    ] {
        let mut thief = connect(thief)?;
        // Kept by the broker, where it can be had, and so found by whoever comes later.
        let _taken = thief.publish_to_keep(topic, "forged")?;
    }
    let mut reader = connect(other)?;
    for topic in ["kiosks/k-0002/receipts", "kiosks/k-0002/assignment", "directory"] {
        reader.subscribe(&format!("wardvoice/1/{topic}"))?;
    }
    // The broker inside hands out what it keeps in any order.
    let told = reader.told_until_the_board_and(Some("wardvoice/1/directory"))?;
    let forged = told.iter().find(|told| told.words.contains("forged"));
    ensure!(forged.is_none(), "a kiosk spoke for the hospital: {forged:?}");
    // What it says under its own name arrives, and behind it nothing in another's can be on its way any more.
    let mut thief = connect(thief)?;
    ensure!(thief.publish("wardvoice/1/kiosks/k-0001/records", "its own")?, "it may not speak for itself");
    let arrived = until("its own words to arrive", DEADLINE, || {
        Ok(Some(hospital.aggregator.list(&["quarantine", "list"])?).filter(|entries| entries.len() > kept))
    })?;
    let ours = arrived.iter().filter(|entry| entry.to_string().contains("k-0001")).count();
    ensure!((arrived.len(), ours) == (kept + 1, 1), "something in another's name arrived: {arrived:?}");
    Ok(())
}

#[test]
fn a_kiosk_has_its_own_corner_of_the_broker_inside() -> Result<()> {
    let hospital = Hospital::with_the_broker_inside()?;
    a_kiosk_has_its_own_corner(&hospital)?;
    let port = hospital.broker_port()?;
    let folder = hospital.path().join("k-0001");
    let another = Stranger::try_connect(port, &folder.join("ca.pem"), Some(folder.join("pass.pem")), "k-0002")?;
    ensure!(another.is_none(), "a kiosk got in under another's name");
    Ok(())
}

#[test]
fn a_kiosk_has_its_own_corner_of_a_mosquitto_as_it_is_shipped() -> Result<()> {
    a_kiosk_has_its_own_corner(&Hospital::with_a_mosquitto()?)
}

/// mosquitto takes every filter and holds what it sends, and last wills once they are due, against the access list.
#[test]
fn no_filter_and_no_last_will_leads_a_kiosk_out_of_its_corner_of_a_mosquitto() -> Result<()> {
    let hospital = Hospital::with_a_mosquitto()?;
    let (one, other) = (hospital.enrol(1, "W1")?, hospital.enrol(2, "W2")?);
    let (port, authority) = (hospital.broker_port()?, one.data().join("ca.pem"));
    let pass = |kiosk: &Bedside| Some(kiosk.data().join("pass.pem"));
    let mut listener =
        Stranger::try_connect(port, &authority, pass(&other), "k-0002")?.context("k-0002 is not let in")?;
    let mut heard = Vec::new();
    for filter in [
        "#",
        "$SYS/#",
        "+/+/+/+/+",
        "wardvoice/1/kiosks/+/records",
        "wardvoice/1/kiosks/+/assignment",
        "wardvoice/1/kiosks/k-0001/#",
        "$share/all/wardvoice/1/kiosks/+/records",
        "$share/all/wardvoice/1/kiosks/+/receipts",
    ] {
        heard.extend(listener.told_until_subscribed(filter)?);
    }
    let mut kiosk =
        Stranger::try_connect(port, &authority, pass(&one), "k-0001")?.context("k-0001 is not let in")?;
    for topic in ["wardvoice/1/kiosks/k-0001/records", "wardvoice/1/kiosks/k-0001/status"] {
        ensure!(kiosk.publish(topic, "{}")?, "{topic} was refused");
    }
    // What the broker had for the listener before it answers comes before the answer.
    heard.extend(listener.told_until_subscribed("wardvoice/1/wards/W1/board")?);
    ensure!(heard.iter().any(|told| told.topic == "wardvoice/1/directory"), "it listens to nothing: {heard:?}");
    let others = |told: &&Told| told.topic.contains("k-0001") || !told.topic.starts_with("wardvoice/1/");
    let others: Vec<_> = heard.iter().filter(others).collect();
    ensure!(others.is_empty(), "k-0002 hears {others:?}");

    // A second connection of one name ends the first, whose last will is then due.
    let receipts = "wardvoice/1/kiosks/k-0001/receipts";
    kiosk.told_until_subscribed(receipts)?;
    let leaving = Stranger::try_connect_leaving(port, &authority, pass(&other), "k-0002", Some(receipts))?;
    ensure!(leaving.is_some(), "k-0002 is not let in with a last will");
    let after = Stranger::try_connect(port, &authority, pass(&other), "k-0002")?;
    ensure!(after.is_some(), "k-0002 is not let in again");
    let told = kiosk.told_until_subscribed("wardvoice/1/wards/W2/board")?;
    // The aggregator may have answered there to what k-0001 itself has said.
    ensure!(told.iter().all(|told| told.words != LAST_WILL), "k-0001 was told another's last will: {told:?}");
    Ok(())
}

/// Whoever has stolen a tablet's pass and keys can be that kiosk, in a bounded measure, until it is taken off; and never another.
#[test]
fn a_stolen_pass_takes_no_more_than_its_share_and_nothing_once_it_is_taken_back() -> Result<()> {
    const TRIES: usize = 20;
    const SHARE: usize = 16;
    const GARBAGE: usize = 1_500;
    let mut hospital = Hospital::with_the_broker_inside()?;
    let (stolen, mut honest) = (hospital.enrol(1, "W1")?, hospital.enrol(2, "W2")?);
    let (port, authority) = (hospital.broker_port()?, stolen.data().join("ca.pem"));
    let connect = |id: &str| Stranger::try_connect(port, &authority, Some(stolen.data().join("pass.pem")), id);
    let mut thieves = Vec::new();
    for number in 0..TRIES {
        thieves.extend(connect(&format!("k-0001.{number}"))?);
    }
    ensure!(thieves.len() == SHARE, "one pass has {} connections", thieves.len());

    honest.start(None)?;
    honest.goes_on(5)?;
    let thief = thieves.first_mut().context("nobody was let in")?;
    for number in 0..GARBAGE {
        ensure!(thief.publish("wardvoice/1/kiosks/k-0001/records", &format!("garbage {number}"))?);
    }
    ensure!(!thief.publish("wardvoice/1/kiosks/k-0002/records", "in another's name")?, "it spoke for another");
    honest.goes_on(5)?;
    until_true("the honest kiosk's records", DEADLINE, || Ok(hospital.aggregator.ledger()?.stored() >= 10))?;
    let kept = hospital.aggregator.list(&["quarantine", "list"])?;
    ensure!((1..=1_000).contains(&kept.len()), "{} of the garbage are kept", kept.len());
    ensure!(kept.iter().all(|entry| entry.to_string().contains("k-0001")), "somebody else's is among the garbage");

    hospital.revoke("k-0001")?;
    for thief in thieves.iter_mut().skip(1) {
        ensure!(thief.next(|_| false)?.is_none(), "a connection goes on");
    }
    ensure!(connect("k-0001")?.is_none(), "it gets in again");
    honest.goes_on(1)?;
    honest.empties_its_outbox()?;
    hospital.aggregator.verify()?;
    hospital.aggregator.stop()
}
