//! A server whose disk fills up, can only be read, or is damaged: it ends and says why, kiosks keep what they have, and once the disk is
//! well again everything that was thanked for is stored once. The way back is in docs/operate.md.
//!
//! The disk is a real one of 96 MB, in memory, that only this test sees: the test starts itself anew in a mount namespace of its own
//! (`unshare` of util-linux), where it may mount one. The kiosk's disk is another.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::aggregator::{Aggregator, Carrier};
use wardvoice_tests::faults::Bedside;
use wardvoice_tests::programs;
use wardvoice_tests::wait::{until, until_true};

const STORY: &str = "a_server_on_a_bad_disk_says_so_and_loses_nothing";
/// Names the small disk to the test that runs inside.
const DISK: &str = "WARDVOICE_TESTS_SERVER_DISK";
const DEADLINE: Duration = Duration::from_mins(1);

#[test]
fn a_server_on_a_bad_disk_says_so_and_loses_nothing() -> Result<()> {
    if let Some(disk) = std::env::var_os(DISK) {
        return story(Path::new(&disk));
    }
    let disk = tempfile::tempdir()?;
    let status = Command::new(programs::installed("unshare", "util-linux")?)
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o size=96m wardvoice \"$0\" && exec \"$@\"")
        .arg(disk.path())
        .arg(std::env::current_exe()?)
        .args(["--exact", STORY, "--nocapture"])
        .env(DISK, disk.path())
        .status()
        .context("failed to start the story on its own disk")?;
    ensure!(status.success(), "the story on a small disk ended with {status}");
    Ok(())
}

fn goes_on(kiosk: &mut Bedside, patients: usize) -> Result<()> {
    let before = kiosk.kept();
    until_true("patients to be thanked", DEADLINE, || {
        kiosk.must_be_running()?;
        Ok(kiosk.kept() >= before + patients)
    })
}

fn story(disk: &Path) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    symlink(disk, directory.path().join("aggregator"))?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Embedded)?;
    aggregator.start()?;
    let broker = format!("mqtt://127.0.0.1:{}", aggregator.broker_port()?);
    let mut kiosk = Bedside::register(1, "W1", &aggregator, &broker, directory.path())?;
    kiosk.start(None)?;
    goes_on(&mut kiosk, 10)?;

    // Full: what cannot be written is not acknowledged, and the server ends instead of going on without its disk.
    let filler = disk.join("filler");
    fill(&filler)?;
    goes_on(&mut kiosk, 20)?;
    let process = aggregator.process()?;
    let status = until("the server to end on a full disk", DEADLINE, || process.ended())?;
    ensure!(!status.success(), "it ended as if nothing were wrong");
    ensure!(process.last_words().contains("No space left"), "{}", process.last_words());
    aggregator.kill()?;
    fs::remove_file(&filler)?;
    aggregator.start()?;
    let kept = kiosk.kept();
    until_true("what was kept meanwhile to arrive", DEADLINE, || Ok(aggregator.ledger()?.stored() >= kept))?;

    // Read-only, as a file system makes itself after an error of its disk.
    aggregator.stop()?;
    remount(disk, "ro")?;
    refuses_to_serve(&aggregator, "Read-only file system")?;
    goes_on(&mut kiosk, 5)?;
    remount(disk, "rw")?;

    // Damaged: nothing is served from it, and what is to be done is said. With the folder put back, nothing has happened.
    let (log, aside) = (disk.join("log"), directory.path().join("log-as-it-was"));
    copy(&log, &aside)?;
    OpenOptions::new().write(true).open(log.join("store/db"))?.set_len(0)?;
    refuses_to_serve(&aggregator, "log salvage")?;
    fs::remove_dir_all(&log)?;
    copy(&aside, &log)?;

    aggregator.start()?;
    kiosk.no_more_patients();
    let status =
        until("the kiosk to empty its outbox", DEADLINE, || kiosk.ended()).with_context(|| kiosk.last_words())?;
    ensure!(status.success(), "the kiosk ended with {status}: {}", kiosk.last_words());
    aggregator.stop()?;
    let ledger = aggregator.ledger()?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    let stored = ledger.marks();
    for mark in kiosk.marks() {
        ensure!(stored.get(mark.as_str()) == Some(&1), "{mark} is stored {:?} times", stored.get(mark.as_str()));
    }
    aggregator.verify()?;
    Ok(())
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

fn remount(disk: &Path, how: &str) -> Result<()> {
    let status = Command::new(programs::installed("mount", "mount")?)
        .arg("-o")
        .arg(format!("remount,{how}"))
        .arg(disk)
        .status()
        .context("failed to run mount")?;
    ensure!(status.success(), "mounting the disk {how} ended with {status}");
    Ok(())
}

/// Writes until nothing more can be written.
fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    let mut block = vec![0x5a; 1 << 16];
    while !block.is_empty() {
        match file.write_all(&block) {
            Ok(()) => {}
            // To the last byte: what fits in a corner would be written.
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => block.truncate(block.len() / 2),
            Err(error) => return Err(error).context("failed to fill the disk"),
        }
    }
    Ok(())
}
