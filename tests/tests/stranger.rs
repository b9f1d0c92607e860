//! A kiosk in another language, written from docs/protocol.md alone, gets on with the aggregator.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::programs;
use wardvoice_tests::ward::{Between, Ward};

fn talks(between: Between) -> Result<()> {
    let target = programs::profile_directory()?;
    let python = target.parent().unwrap_or(&target).join("python/bin/python3");
    ensure!(python.is_file(), "{} is not there: tests/run.sh makes it", python.display());
    let ward = Ward::open(between)?;
    let output = Command::new(python)
        .arg(programs::workspace().join("tests/stranger/kiosk.py"))
        .args(["--kiosk", "sim-stranger", "--records", "20"])
        .arg("--broker")
        .arg(format!("127.0.0.1:{}", ward.broker_port()?))
        .output()
        .context("failed to start the stranger")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "the stranger failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_str(&said)?;
    ensure!(report.get("accepted").and_then(Value::as_u64) == Some(40), "{report}");
    let ledger = ward.aggregator.ledger()?;
    ensure!(
        ledger.stored() == 20 && ledger.faults().is_empty(),
        "{} stored; {:?}",
        ledger.stored(),
        ledger.faults()
    );
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn a_python_kiosk_gets_on_with_the_broker_inside() -> Result<()> {
    talks(Between::Embedded)
}

#[test]
fn a_python_kiosk_gets_on_with_mosquitto() -> Result<()> {
    talks(Between::Mosquitto)
}
