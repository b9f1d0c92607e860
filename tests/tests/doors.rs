//! Looked at from outside: what listens and whom it lets in without a certificate, and that a kiosk gets its next one by itself.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::hospital::Hospital;
use wardvoice_tests::mqtt::{Client, Options};
use wardvoice_tests::process::{Process, what_is_open};
use wardvoice_tests::programs;
use wardvoice_tests::stranger::Stranger;
use wardvoice_tests::wait::until_true;

const DEADLINE: Duration = Duration::from_mins(1);
/// How the system writes that a socket listens.
const LISTENS: &str = "0A";

/// Where a process listens over TCP, as the system says.
fn listening(process: u32) -> Result<Vec<SocketAddr>> {
    let mut own = BTreeSet::new();
    for target in what_is_open(process)? {
        let target = target.to_string_lossy();
        let socket = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        own.extend(socket.map(str::to_owned));
    }
    let mut found = Vec::new();
    for table in ["tcp", "tcp6"] {
        // A machine may know one of them alone; with neither nothing is found.
        let text = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [_, local, _, state, _, _, _, _, _, socket, ..] = columns.as_slice() else { continue };
            if *state == LISTENS && own.contains(*socket) {
                found.push(address(local)?);
            }
        }
    }
    Ok(found)
}

/// Reads `0100007F:1F90`: words of four bytes as this machine orders them, and a port.
fn address(text: &str) -> Result<SocketAddr> {
    let (host, port) = text.split_once(':').with_context(|| format!("{text:?} is no address"))?;
    let mut bytes = Vec::new();
    for word in host.as_bytes().chunks(8) {
        bytes.extend(u32::from_str_radix(std::str::from_utf8(word)?, 16)?.to_ne_bytes());
    }
    let host = match (<[u8; 4]>::try_from(bytes.as_slice()), <[u8; 16]>::try_from(bytes.as_slice())) {
        (Ok(four), _) => IpAddr::from(four),
        (_, Ok(sixteen)) => IpAddr::from(sixteen),
        _ => bail!("{text:?} is no address"),
    };
    Ok(SocketAddr::new(host, u16::from_str_radix(port, 16)?))
}

#[test]
fn whatever_listens_lets_no_kiosk_in_that_speaks_in_the_clear() -> Result<()> {
    let mut hospital = Hospital::with_the_broker_inside()?;
    let kiosk = hospital.enrol(1, "W1")?;
    let doors = listening(hospital.aggregator.process()?.id())?;
    // Pages, kiosks, whoever joins, and the broker behind its front: for kiosks, and for the aggregator itself.
    ensure!(doors.len() >= 5, "not all that listens is seen: {doors:?}");
    for door in doors {
        ensure!(door.ip().is_loopback(), "{door} is no address of this machine alone");
        for id in ["k-0001", "wardvoice/aggregator"] {
            let let_in = Client::connect(door.port(), &Options::clean(id)).is_ok();
            ensure!(!let_in, "{id} got in at {door} without a certificate");
        }
    }
    let (authority, pass) = (kiosk.data().join("ca.pem"), Some(kiosk.data().join("pass.pem")));
    let with_one = Stranger::try_connect(hospital.broker_port()?, &authority, pass, "k-0001")?;
    ensure!(with_one.is_some(), "k-0001 is not let in with its certificate either");
    hospital.aggregator.stop()
}

#[test]
fn a_kiosk_gets_its_next_certificate_by_itself_while_its_window_is_open() -> Result<()> {
    let mut hospital = Hospital::with_the_broker_inside()?;
    let kiosk = hospital.enrol(1, "W1")?;
    let [pass, path] = ["pass.pem", "enrolment.json"].map(|name| kiosk.data().join(name));
    let before = fs::read(&pass)?;
    // A kiosk goes by what it has noted of its certificate.
    let mut enrolment: Value = serde_json::from_slice(&fs::read(&path)?)?;
    let yesterday = Timestamp::now() - SignedDuration::from_hours(24);
    *enrolment.get_mut("renew_after").context("nothing says when")? = Value::from(yesterday.to_string());
    fs::write(&path, enrolment.to_string())?;

    let desktop = Desktop::start(1280, 800, hospital.path())?;
    let mut command = Command::new(programs::kiosk()?);
    command.arg("run").arg("--data").arg(kiosk.data()).arg("--fullscreen");
    command.env("DISPLAY", desktop.name()).env_remove("WAYLAND_DISPLAY");
    let mut window = Process::start("window", command, hospital.path())?;
    until_true("the certificate to be renewed", DEADLINE, || {
        window.must_be_running()?;
        let kept = wardvoice_kiosk::pass::enrolment(kiosk.data())?.context("no enrolment")?;
        Ok(kept.renew_after > yesterday)
    })
    .with_context(|| window.last_words())?;
    ensure!(fs::read(&pass)? != before, "the certificate is the old one");
    window.kill()?;
    hospital.aggregator.stop()
}
