//! MQTT over TLS, both ends: delivered with the right authority, and with a broker that cannot prove who it is, nothing
//! is said to it, nothing is lost, and everybody says why.
//!
//! The broker here speaks TLS and nothing else, so whatever arrives came encrypted.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::slice;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use wardvoice_tests::aggregator::{Aggregator, Carrier};
use wardvoice_tests::broker::{Broker, Setup};
use wardvoice_tests::certificates::{Authority, Certificate, Flaw};
use wardvoice_tests::faults::{Bedside, everything_is_stored_once};
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::programs;
use wardvoice_tests::wait::{until, until_true};

const DEADLINE: Duration = Duration::from_mins(1);
/// What mosquitto writes when a client has introduced itself with MQTT's CONNECT: the first thing that is ever sent.
const LET_IN: &str = "New client connected";

const OURS: &str = "Example Infirmary";
const THEIRS: &str = "Another Infirmary";

/// A hospital with an authority, a broker that has its certificate, and an aggregator and a kiosk that trust it.
struct Hospital {
    directory: TempDir,
    authority: Authority,
    broker: Broker,
    aggregator: Aggregator,
}

impl Hospital {
    fn open() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
        let authority = Authority::make(&directory.path().join("authority"), OURS)?;
        let broker = Broker::start_encrypted(directory.path(), Setup::Tuned, &authority.sign(Flaw::None)?)?;
        let carrier = Carrier::Encrypted { url: url(&broker), authority: authority.pem() };
        let mut aggregator = Aggregator::prepare(directory.path(), &carrier)?;
        aggregator.start()?;
        Ok(Self { directory, authority, broker, aggregator })
    }

    fn kiosk(&self) -> Result<Bedside> {
        let kiosk = Bedside::register(1, "W1", &self.aggregator, &url(&self.broker), self.directory.path())?;
        kiosk.trust(&self.authority.pem())?;
        Ok(kiosk)
    }

    /// Lets the kiosk empty its outbox and counts.
    fn everything_is_stored_once(mut self, mut kiosk: Bedside) -> Result<()> {
        everything_is_stored_once(slice::from_mut(&mut kiosk), &mut self.aggregator)
    }
}

fn url(broker: &Broker) -> String {
    format!("mqtts://localhost:{}", broker.port())
}

/// What `wardvoice-kiosk outbox` says about a kiosk that is not running.
fn waiting(kiosk: &Bedside) -> Result<u64> {
    let output =
        Command::new(programs::kiosk()?).args(["outbox", "--json", "--data"]).arg(kiosk.data()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let status: Value = serde_json::from_str(&said)?;
    status.get("waiting").and_then(Value::as_u64).with_context(|| format!("the outbox said {status}"))
}

#[test]
fn a_registered_kiosk_and_the_aggregator_both_speak_tls_to_the_broker() -> Result<()> {
    let hospital = Hospital::open()?;
    let mut kiosk = hospital.kiosk()?;
    kiosk.start(None)?;
    kiosk.goes_on(10)?;
    let output = hospital.broker.output()?;
    ensure!(output.contains("as k-0001") && output.contains("as wardvoice-aggregator"), "{output}");
    hospital.everything_is_stored_once(kiosk)
}

#[test]
fn a_simulated_fleet_delivers_over_tls_to_an_aggregator_told_by_hand() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let authority = Authority::make(&directory.path().join("authority"), OURS)?;
    let broker = Broker::start_encrypted(directory.path(), Setup::Tuned, &authority.sign(Flaw::None)?)?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Embedded)?;
    let (broker, ca) = (url(&broker), text(authority.pem())?);
    aggregator.serve(&["--broker", &broker, "--ca", &ca])?;
    let report = Fleet::run_against(
        &broker,
        &["--ca", &ca, "--kiosks", "3", "--responses", "60", "--seed", "4", "--non-response", "0"],
    )?;
    ensure!(report.get("acknowledged").and_then(Value::as_u64) == Some(60), "{report}");
    aggregator.stop()?;
    let ledger = aggregator.ledger()?;
    ensure!(
        ledger.stored() == 60 && ledger.faults().is_empty(),
        "{} stored, {:?}",
        ledger.stored(),
        ledger.faults()
    );
    aggregator.verify()?;
    Ok(())
}

#[test]
fn a_fleet_with_the_wrong_authority_says_so_and_sends_nothing() -> Result<()> {
    let hospital = Hospital::open()?;
    let another = Authority::make(&hospital.directory.path().join("another"), THEIRS)?;
    let before = hospital.broker.output()?.matches(LET_IN).count();
    let refused = Fleet::run_against(
        &url(&hospital.broker),
        &["--ca", &text(another.pem())?, "--kiosks", "1", "--responses", "5", "--patience", "3"],
    );
    let said = format!("{:#}", refused.err().context("a fleet without the right authority got through")?);
    ensure!(said.contains("not from an authority that this kiosk trusts"), "{said}");
    let output = hospital.broker.output()?;
    ensure!(!output.contains("as sim-"), "{output}");
    // The aggregator may have come meanwhile; nobody else.
    ensure!(output.matches(LET_IN).count() <= before + 1, "{output}");
    Ok(())
}

#[test]
fn a_certificate_that_runs_out_soon_is_an_alert_before_anything_stops() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let authority = Authority::make(&directory.path().join("authority"), OURS)?;
    let broker = Broker::start_encrypted(directory.path(), Setup::Tuned, &authority.sign(Flaw::RunsOutSoon)?)?;
    let carrier = Carrier::Encrypted { url: url(&broker), authority: authority.pem() };
    let mut aggregator = Aggregator::prepare(directory.path(), &carrier)?;
    aggregator.start()?;
    let name = format!("certificate:localhost:{}", broker.port());
    let alerts = until("the alert about the certificate", DEADLINE, || {
        let alerts = aggregator.run(&["alert", "list"])?;
        Ok(alerts.contains(&name).then_some(alerts))
    })?;
    ensure!(alerts.contains("runs out in 9 days"), "{alerts}");
    aggregator.stop()
}

fn text(path: PathBuf) -> Result<String> {
    path.into_os_string().into_string().ok().context("the directory has a strange name")
}

/// The broker comes back with something else than its certificate, and later with its own.
fn a_broker_is_not_believed(
    present: impl Fn(&Hospital) -> Result<Certificate>,
    kiosk_says: &str,
    aggregator_says: &str,
) -> Result<()> {
    let mut hospital = Hospital::open()?;
    let mut kiosk = hospital.kiosk()?;
    kiosk.start(None)?;
    kiosk.goes_on(5)?;
    let doubtful = present(&hospital)?;
    hospital.broker.kill()?;
    let heard = hospital.broker.output()?.len();
    hospital.broker.present(&doubtful)?;

    let logs = [("k-0001", kiosk_says), ("aggregator", aggregator_says)];
    for (name, says) in logs {
        let path = hospital.directory.path().join(format!("{name}.log"));
        until_true(&format!("{name} to say why it does not connect"), DEADLINE, || {
            kiosk.must_be_running()?;
            Ok(fs::read_to_string(&path)?.contains(says))
        })
        .with_context(|| fs::read_to_string(&path).unwrap_or_default())?;
    }
    kiosk.goes_on(5)?;
    kiosk.kill()?;
    let kept = waiting(&kiosk)?;
    ensure!(kept >= 5, "{kept} wait in the outbox");
    kiosk.start(None)?;
    kiosk.goes_on(1)?;
    let output = hospital.broker.output()?;
    let since = output.get(heard..).context("the broker's output became shorter")?;
    // mosquitto's words for a client that breaks the handshake off, or goes without a word; they depend on its version.
    ensure!(
        ["SSL routines", "OpenSSL Error", "disconnected"].iter().any(|words| since.contains(words)),
        "nobody tried: {since}"
    );
    ensure!(!since.contains(LET_IN), "somebody spoke to a broker that is not believed: {since}");

    hospital.broker.present(&hospital.authority.sign(Flaw::None)?)?;
    hospital.everything_is_stored_once(kiosk)
}

#[test]
fn a_broker_with_a_certificate_of_another_authority_is_not_believed() -> Result<()> {
    a_broker_is_not_believed(
        |hospital| Authority::make(&hospital.directory.path().join("another"), THEIRS)?.sign(Flaw::None),
        "not from an authority that this kiosk trusts",
        "not from an authority that is trusted here",
    )
}

#[test]
fn a_broker_with_a_certificate_of_another_authority_of_the_same_name_is_not_believed() -> Result<()> {
    a_broker_is_not_believed(
        |hospital| Authority::make(&hospital.directory.path().join("another"), OURS)?.sign(Flaw::None),
        "not from an authority that this kiosk trusts",
        "not from an authority that is trusted here",
    )
}

#[test]
fn a_broker_with_an_expired_certificate_is_not_believed() -> Result<()> {
    a_broker_is_not_believed(
        |hospital| hospital.authority.sign(Flaw::Expired),
        "the broker's certificate has expired",
        "its certificate has expired",
    )
}

#[test]
fn a_broker_with_a_certificate_from_the_future_is_not_believed() -> Result<()> {
    a_broker_is_not_believed(
        |hospital| hospital.authority.sign(Flaw::NotYetValid),
        "the broker's certificate is not valid yet",
        "its certificate is not valid yet",
    )
}

#[test]
fn a_broker_with_a_certificate_for_another_name_is_not_believed() -> Result<()> {
    a_broker_is_not_believed(
        |hospital| hospital.authority.sign(Flaw::AnotherName),
        "the broker's certificate is for another name",
        "its certificate is for another name",
    )
}
