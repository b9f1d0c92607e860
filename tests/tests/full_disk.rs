//! A kiosk whose disk fills up, is damaged or can only be read asks nobody, says so to staff, and goes on by itself when that is over;
//! also one that starts then. What it was given before waits on that disk all the while, and arrives once.
//!
//! The disk is a real one of 64 MB ([`SmallDisk`]).

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::programs;
use wardvoice_tests::small_disk::SmallDisk;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::{KioskWindow, Shown};

/// That somebody declined, and that the tablet was wiped afterwards.
const SAID: u64 = 2;
const DEADLINE: Duration = Duration::from_mins(1);

#[test]
fn a_full_disk_asks_nobody_and_says_so() -> Result<()> {
    SmallDisk::story("a_full_disk_asks_nobody_and_says_so", 64, story)
}

fn story(disk: &SmallDisk) -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    symlink(disk.path(), ward.path().join("kiosk"))?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    let shown = kiosk.until("the kiosk at rest", |shown| shown.screen == "rest")?;
    ensure!(shown.labels().contains(&"Touch here to start"), "{:?}", shown.labels());
    // Nobody takes records: what this patient says waits on the disk through all that follows.
    ward.aggregator.stop()?;
    kiosk.somebody_declines()?;

    disk.fill()?;
    let shown = kiosk.until("staff to be called", |shown| shown.screen == "staff")?;
    ensure!(!shown.labels().contains(&"Touch here to start"), "nobody is asked: {:?}", shown.labels());

    // A battery that runs empty now must not leave the bedside without a word.
    calls_staff(&kiosk.kill_and_start(None)?)?;
    disk.make_room()?;
    kiosk.until("the kiosk at rest again", |shown| shown.screen == "rest")?;

    let marker = disk.path().join("outbox.marker");
    let whole = fs::read(&marker).context("failed to read the marker")?;
    kiosk.process().kill()?;
    fs::write(&marker, "not a marker")?;
    calls_staff(&kiosk.kill_and_start(None)?)?;
    fs::write(&marker, whole)?;
    kiosk.until("the kiosk at rest once its outbox is mended", |shown| shown.screen == "rest")?;

    // Without a marker to put back, by the way back that docs/operate.md tells.
    kiosk.process().kill()?;
    fs::write(&marker, "not a marker")?;
    let recovered = recover(&kiosk)?;
    ensure!(
        recovered.get("carried").and_then(Value::as_u64) == Some(SAID),
        "what waited is not there: {recovered}"
    );
    let shown = kiosk.kill_and_start(None)?;
    ensure!(shown.screen == "rest", "with an outbox that was recovered it starts with {}", shown.screen);

    kiosk.process().kill()?;
    ward.aggregator.start()?;
    disk.make_read_only()?;
    calls_staff(&kiosk.kill_and_start(None)?)?;
    disk.make_writable()?;
    let shown = kiosk.until("the kiosk at rest once it can write", |shown| shown.screen == "rest")?;
    kiosk.touch_on(&shown, "Touch here to start")?;
    until_true("what was said before all that to arrive", DEADLINE, || {
        Ok(ward.aggregator.run(&["export"])?.contains("\"outcome\":\"declined\""))
    })?;
    let ledger = ward.aggregator.ledger()?;
    ensure!(
        ledger.stored() as u64 == SAID && ledger.faults().is_empty(),
        "{} are stored, {:?}",
        ledger.stored(),
        ledger.faults()
    );
    ward.aggregator.verify()?;
    Ok(())
}

fn recover(kiosk: &KioskWindow<'_>) -> Result<Value> {
    let output = Command::new(programs::kiosk()?)
        .args(["outbox", "--json", "--data"])
        .arg(kiosk.data())
        .arg("recover")
        .output()?;
    ensure!(output.status.success(), "not recovered: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("what `outbox recover` printed is no JSON")
}

fn calls_staff(shown: &Shown) -> Result<()> {
    ensure!(shown.screen == "staff", "it starts with {}", shown.screen);
    ensure!(!shown.labels().contains(&"Touch here to start"), "nobody is asked: {:?}", shown.labels());
    Ok(())
}
