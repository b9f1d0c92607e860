//! A kiosk in another language, written from docs/protocol.md alone, gets on with the aggregator.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::aggregator::small_trust;
use wardvoice_tests::programs;
use wardvoice_tests::ward::{Between, Ward};

const CONTACTS: u64 = 20;
const COPIES: u64 = 2;

fn python() -> Result<PathBuf> {
    let target = programs::profile_directory()?;
    let python = target.parent().unwrap_or(&target).join("python/bin/python3");
    ensure!(python.is_file(), "{} is not there: tests/run.sh makes it", python.display());
    Ok(python)
}

/// The stranger's program with a key of its own, and what it says.
fn stranger(ward: &Ward, arguments: &[&str]) -> Result<String> {
    let output = Command::new(python()?)
        .arg(programs::workspace().join("tests/stranger/kiosk.py"))
        .arg("--key-file")
        .arg(ward.path().join("stranger.key"))
        .args(arguments)
        .output()
        .context("failed to start the stranger")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "the stranger failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

/// Every copy of every contact is answered, and each contact is stored once.
fn check(ward: &Ward, said: &str) -> Result<()> {
    let report: Value = serde_json::from_str(said)?;
    let count = |name: &str| report.get(name).and_then(Value::as_u64).with_context(|| format!("{name}: {report}"));
    ensure!(count("accepted")? + count("duplicate")? == count("published")?, "{report}");
    ensure!(count("published")? >= CONTACTS * COPIES && count("not_ours")? == 0, "{report}");
    ensure!(count("last_sequence")? == CONTACTS && count("waiting")? == 0, "{report}");
    let ledger = ward.aggregator.ledger()?;
    let (stored, faults) = (ledger.stored(), ledger.faults());
    ensure!(u64::try_from(stored)? == CONTACTS && faults.is_empty(), "{stored} stored; {faults:?}");
    ward.aggregator.verify()?;
    Ok(())
}

fn introduces_itself(between: Between) -> Result<()> {
    let ward = Ward::open(between)?;
    let broker = ward.broker_url()?;
    let (contacts, copies) = (CONTACTS.to_string(), COPIES.to_string());
    let said = stranger(
        &ward,
        &["--broker", &broker, "--kiosk", "sim-stranger", "--contacts", &contacts, "--copies", &copies],
    )?;
    check(&ward, &said)
}

/// As a hospital does it: the kiosk's public key is registered by hand, and what that prints is given to the kiosk.
fn is_registered(between: Between) -> Result<()> {
    let ward = Ward::open(between)?;
    let key = stranger(&ward, &["--print-key"])?;
    let small = small_trust();
    let id = small.pointer("/wards/0/id").and_then(Value::as_str).context("the small trust has no ward")?;
    let printed =
        ward.aggregator.run(&["kiosk", "add", "--id", "k-stranger", "--ward", id, "--signing-key", key.trim()])?;
    let settings = ward.path().join("stranger.json");
    fs::write(&settings, printed)?;
    let settings = settings.to_str().context("the directory has a strange name")?;
    let broker = ward.broker_url()?;
    let (contacts, copies) = (CONTACTS.to_string(), COPIES.to_string());
    let said = stranger(
        &ward,
        &["--settings", settings, "--broker", &broker, "--contacts", &contacts, "--copies", &copies],
    )?;
    check(&ward, &said)
}

#[test]
fn a_python_kiosk_gets_on_with_the_broker_inside() -> Result<()> {
    introduces_itself(Between::Embedded)
}

#[test]
fn a_python_kiosk_that_was_registered_gets_on_with_the_broker_inside() -> Result<()> {
    is_registered(Between::Embedded)
}

#[test]
fn a_python_kiosk_that_was_registered_gets_on_with_mosquitto() -> Result<()> {
    is_registered(Between::Mosquitto)
}

#[test]
fn a_python_kiosk_gets_on_with_mosquitto() -> Result<()> {
    introduces_itself(Between::Mosquitto)
}
