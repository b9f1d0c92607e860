//! A question read aloud at a real window: once asked for, each screen that comes is spoken part by part. The sound goes into
//! files, as a machine for tests has no loudspeaker.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::KioskWindow;

const DEADLINE: Duration = Duration::from_mins(1);

/// How many parts are there, each longer than a sound file's head.
fn spoken(folder: &Path) -> usize {
    let is_heard =
        |part: usize| fs::metadata(folder.join(format!("{part}.wav"))).is_ok_and(|file| file.len() > 4_000);
    (0..20).take_while(|part| is_heard(*part)).count()
}

#[test]
fn a_screen_is_read_aloud_and_so_are_those_that_follow() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    let mut shown = kiosk.until("rest", |shown| shown.screen == "rest")?;
    ensure!(!shown.labels().contains(&"Read aloud"), "nobody is at rest to hear it");
    for label in ["Touch here to start", "English"] {
        if shown.labels().contains(&label) {
            shown = kiosk.touch_on(&shown, label)?;
        }
    }
    let shown = kiosk.until("a voice", |shown| shown.labels().contains(&"Read aloud"))?;
    ensure!(shown.screen == "consent", "{}", shown.screen);
    let folder = kiosk.speech();
    ensure!(spoken(&folder) == 0, "nothing is said unasked");
    kiosk.touch(&shown, "Read aloud")?;
    until_true("the consent to be read", DEADLINE, || Ok(spoken(&folder) == 3))?;

    fs::remove_dir_all(&folder)?;
    fs::create_dir(&folder)?;
    let shown = kiosk.touch_on(&shown, "Yes, start")?;
    ensure!(shown.question.as_deref() == Some("consistency"), "{shown:?}");
    // The question, three answers, and what else can be said.
    until_true("the first question to be read unasked", DEADLINE, || Ok(spoken(&folder) >= 4))?;
    Ok(())
}
