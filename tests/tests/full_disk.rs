//! A kiosk whose disk fills up, is damaged or can only be read asks nobody, says so to staff, and goes on by itself when that is over;
//! also one that starts then.
//!
//! The disk is a real one of 64 MB, in memory, that only this test sees: the test starts itself anew in a mount namespace of its own
//! (`unshare` of util-linux), where it may mount one.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::programs;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::{KioskWindow, Shown};

const STORY: &str = "a_full_disk_asks_nobody_and_says_so";
/// Names the small disk to the test that runs inside.
const DISK: &str = "WARDVOICE_TESTS_SMALL_DISK";

#[test]
fn a_full_disk_asks_nobody_and_says_so() -> Result<()> {
    if let Some(disk) = std::env::var_os(DISK) {
        return story(Path::new(&disk));
    }
    let disk = tempfile::tempdir()?;
    let status = Command::new(programs::installed("unshare", "util-linux")?)
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o size=64m wardvoice \"$0\" && exec \"$@\"")
        .arg(disk.path())
        .arg(std::env::current_exe()?)
        .args(["--exact", STORY, "--nocapture"])
        .env(DISK, disk.path())
        .status()
        .context("failed to start the story on its own disk")?;
    ensure!(status.success(), "the story on a small disk ended with {status}");
    Ok(())
}

fn story(disk: &Path) -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    symlink(disk, ward.path().join("kiosk"))?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    let shown = kiosk.until("the kiosk at rest", |shown| shown.screen == "rest")?;
    ensure!(shown.labels().contains(&"Touch here to start"), "{:?}", shown.labels());

    let filler = disk.join("filler");
    fill(&filler)?;
    let shown = kiosk.until("staff to be called", |shown| shown.screen == "staff")?;
    ensure!(!shown.labels().contains(&"Touch here to start"), "nobody is asked: {:?}", shown.labels());

    // A battery that runs empty now must not leave the bedside without a word.
    calls_staff(&kiosk.kill_and_start(None)?)?;
    fs::remove_file(&filler)?;
    kiosk.until("the kiosk at rest again", |shown| shown.screen == "rest")?;

    let marker = disk.join("outbox.marker");
    let whole = fs::read(&marker).context("failed to read the marker")?;
    kiosk.process().kill()?;
    fs::write(&marker, "not a marker")?;
    calls_staff(&kiosk.kill_and_start(None)?)?;
    fs::write(&marker, whole)?;
    kiosk.until("the kiosk at rest once its outbox is mended", |shown| shown.screen == "rest")?;

    kiosk.process().kill()?;
    remount(disk, "ro")?;
    calls_staff(&kiosk.kill_and_start(None)?)?;
    remount(disk, "rw")?;
    let shown = kiosk.until("the kiosk at rest once it can write", |shown| shown.screen == "rest")?;
    kiosk.touch_on(&shown, "Touch here to start")?;
    Ok(())
}

fn calls_staff(shown: &Shown) -> Result<()> {
    ensure!(shown.screen == "staff", "it starts with {}", shown.screen);
    ensure!(!shown.labels().contains(&"Touch here to start"), "nobody is asked: {:?}", shown.labels());
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
    let block = vec![0x5a; 1 << 16];
    loop {
        match file.write_all(&block) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error).context("failed to fill the disk"),
        }
    }
}
