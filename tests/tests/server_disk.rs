//! A server whose disk fills up, can only be read, or is damaged: it ends and says why, kiosks keep what they have, and once the disk is
//! well again everything that was thanked for is stored once. The way back is in docs/operate.md.
//!
//! The disk is a real one of 96 MB ([`SmallDisk`]). The kiosk's disk is another.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::slice;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::aggregator::{Aggregator, Carrier};
use wardvoice_tests::faults::{Bedside, everything_is_stored_once};
use wardvoice_tests::small_disk::SmallDisk;
use wardvoice_tests::wait::{until, until_true};

const DEADLINE: Duration = Duration::from_mins(1);

#[test]
fn a_server_on_a_bad_disk_says_so_and_loses_nothing() -> Result<()> {
    SmallDisk::story("a_server_on_a_bad_disk_says_so_and_loses_nothing", 96, story)
}

fn story(disk: &SmallDisk) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    symlink(disk.path(), directory.path().join("aggregator"))?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Embedded)?;
    aggregator.start()?;
    let broker = format!("mqtt://127.0.0.1:{}", aggregator.broker_port()?);
    let mut kiosk = Bedside::register(1, "W1", &aggregator, &broker, directory.path())?;
    kiosk.start(None)?;
    kiosk.goes_on(10)?;

    // Full: what cannot be written is not acknowledged, and the server ends instead of going on without its disk.
    disk.fill()?;
    kiosk.goes_on(20)?;
    let process = aggregator.process()?;
    let status = until("the server to end on a full disk", DEADLINE, || process.ended())?;
    ensure!(!status.success(), "it ended as if nothing were wrong");
    ensure!(process.last_words().contains("No space left"), "{}", process.last_words());
    aggregator.kill()?;
    disk.make_room()?;
    aggregator.start()?;
    let kept = kiosk.kept();
    until_true("what was kept meanwhile to arrive", DEADLINE, || Ok(aggregator.ledger()?.stored() >= kept))?;

    // Read-only, as a file system makes itself after an error of its disk.
    aggregator.stop()?;
    disk.make_read_only()?;
    refuses_to_serve(&aggregator, "Read-only file system")?;
    kiosk.goes_on(5)?;
    disk.make_writable()?;

    // Damaged: nothing is served from it, and what is to be done is said. With the folder put back, nothing has happened.
    let (log, aside) = (disk.path().join("log"), directory.path().join("log-as-it-was"));
    copy(&log, &aside)?;
    OpenOptions::new().write(true).open(log.join("store/db"))?.set_len(0)?;
    refuses_to_serve(&aggregator, "log salvage")?;
    fs::remove_dir_all(&log)?;
    copy(&aside, &log)?;

    // Damaged such that everything can be read: the way back that the message names is gone, and nothing is missing afterwards.
    fs::remove_file(log.join("marker"))?;
    refuses_to_serve(&aggregator, "log salvage")?;
    let salvaged = aggregator.json(&["log", "salvage"])?;
    ensure!(salvaged.get("records").and_then(Value::as_u64).is_some_and(|records| records >= 10), "{salvaged}");

    aggregator.start()?;
    everything_is_stored_once(slice::from_mut(&mut kiosk), &mut aggregator)
}

/// Whoever runs the server hears of it while answers still come in.
#[test]
fn a_server_whose_disk_is_nearly_full_says_so_while_it_takes_answers() -> Result<()> {
    SmallDisk::story("a_server_whose_disk_is_nearly_full_says_so_while_it_takes_answers", 96, nearly_full)
}

fn nearly_full(disk: &SmallDisk) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    symlink(disk.path(), directory.path().join("aggregator"))?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Embedded)?;
    // Less than 64 MB are left, and more than the 32 MB without which it is not ready.
    fs::write(disk.path().join("filler"), vec![0x5a; 36 << 20])?;
    aggregator.start()?;
    let alerts = until("the alert about the disk", DEADLINE, || {
        let alerts = aggregator.run(&["alert", "list"])?;
        Ok(alerts.contains("disk:data").then_some(alerts))
    })?;
    ensure!(alerts.contains("of 96 MB are free"), "{alerts}");
    until_true("the server to be ready all the same", DEADLINE, || {
        Ok(aggregator.http().get(&aggregator.url("/readyz"))?.status == 200)
    })?;
    aggregator.stop()
}

/// A start by hand ends at once and says why.
fn refuses_to_serve(aggregator: &Aggregator, words: &str) -> Result<()> {
    let output = aggregator.try_run(&["serve"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && said.contains(words), "it does not say {words:?}: {said}");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let status = Command::new("cp").arg("-a").args([from, to]).status().context("failed to run cp")?;
    ensure!(status.success(), "copying {} ended with {status}", from.display());
    Ok(())
}
