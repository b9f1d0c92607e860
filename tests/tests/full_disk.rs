//! A kiosk whose disk fills up, is damaged or can only be read asks nobody, says so to staff, and goes on by itself when that is over;
//! also one that starts then.
//!
//! The disk is a real one of 64 MB ([`SmallDisk`]).

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::small_disk::SmallDisk;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::{KioskWindow, Shown};

#[test]
fn a_full_disk_asks_nobody_and_says_so() -> Result<()> {
    SmallDisk::story("a_full_disk_asks_nobody_and_says_so", 64, story)
}

fn story(disk: &SmallDisk) -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    symlink(disk.path(), ward.path().join("kiosk"))?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    let shown = kiosk.until("the kiosk at rest", |shown| shown.screen == "rest")?;
    ensure!(shown.labels().contains(&"Touch here to start"), "{:?}", shown.labels());

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

    kiosk.process().kill()?;
    disk.make_read_only()?;
    calls_staff(&kiosk.kill_and_start(None)?)?;
    disk.make_writable()?;
    let shown = kiosk.until("the kiosk at rest once it can write", |shown| shown.screen == "rest")?;
    kiosk.touch_on(&shown, "Touch here to start")?;
    Ok(())
}

fn calls_staff(shown: &Shown) -> Result<()> {
    ensure!(shown.screen == "staff", "it starts with {}", shown.screen);
    ensure!(!shown.labels().contains(&"Touch here to start"), "nobody is asked: {:?}", shown.labels());
    Ok(())
}
