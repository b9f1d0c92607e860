//! A volunteer at a real window: the PIN, a bed, an interview, an empty battery in the middle of it; and a panic, after which the
//! kiosk is at rest again and has lost nothing.
//!
//! The pictures of every step are in `target/artefacts/volunteer-round`.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::clock::WallClock;
use wardvoice_tests::desktop::{Album, Desktop};
use wardvoice_tests::wait::{until, until_true};
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::{KioskWindow, Shown};

const DEADLINE: Duration = Duration::from_mins(1);
const PIN: &str = "2580";

fn set_pin(ward: &Ward) -> Result<()> {
    let mut command = ward.aggregator.command()?;
    command.args(["pin", "set", "--role", "volunteer", "--pin-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    writeln!(child.stdin.take().context("no input")?, "{PIN}")?;
    ensure!(child.wait()?.success(), "`pin set` failed");
    Ok(())
}

/// Opens the door once the PIN has come from the hospital.
fn comes_in(desktop: &Desktop, kiosk: &mut KioskWindow<'_>) -> Result<Shown> {
    desktop.key("ctrl+shift+v")?;
    let mut shown = kiosk.until("the door", |shown| shown.screen == "door")?;
    for digit in PIN.chars() {
        shown = kiosk.touch_key(&shown, &digit.to_string())?;
    }
    kiosk.touch_on(&shown, "OK")
}

fn label_with<'a>(shown: &'a Shown, part: &str) -> Result<&'a str> {
    let labels = shown.labels();
    labels.iter().copied().find(|label| label.contains(part)).with_context(|| format!("no {part:?} in {labels:?}"))
}

/// Waits until a kiosk knows the PIN and the ward's board.
fn can_be_gone_round(data: &Path) -> Result<()> {
    until_true("the PIN and the board to come", DEADLINE, || {
        Ok(data.join("round.json").exists() && data.join("boards/W1.json").exists())
    })
}

/// From whatever an interview begins with to the question about respect, which comes after the first answers.
fn comes_to_the_questions(kiosk: &mut KioskWindow<'_>, mut shown: Shown) -> Result<Shown> {
    for label in ["English", "Yes, start", "Yes, always", "Yes, completely"] {
        if shown.labels().contains(&label) {
            shown = kiosk.touch_on(&shown, label)?;
        }
    }
    ensure!(shown.question.as_deref() == Some("respect"), "{shown:?}");
    Ok(shown)
}

/// The patient stops at a question, the tablet is wiped, and the next bed is on the screen.
fn stops_and_goes_on_to_the_next_bed(kiosk: &mut KioskWindow<'_>, question: &Shown) -> Result<()> {
    let sure = kiosk.touch_on(question, "Stop")?;
    let mut shown = kiosk.touch_on(&sure, "Stop now")?;
    if shown.screen == "saving" {
        shown = kiosk.until("thanks", |shown| shown.screen == "thanks")?;
    }
    shown = kiosk.touch_on(&shown, "Finish")?;
    if shown.screen == "wipe" {
        shown = kiosk.touch_on(&shown, "It has been wiped")?;
    }
    ensure!(
        shown.screen == "volunteer_bed",
        "the round does not go on at the next bed, but with {}",
        shown.screen
    );
    Ok(())
}

#[test]
fn a_round_survives_an_empty_battery() -> Result<()> {
    let mut album = Album::new("volunteer-round")?;
    let ward = Ward::open(Between::Embedded)?;
    set_pin(&ward)?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    let data = kiosk.data();
    can_be_gone_round(&data)?;

    let wards = comes_in(&desktop, &mut kiosk)?;
    ensure!(wards.screen == "volunteer_wards", "{}", wards.screen);
    desktop.keep(&album.next("wards"))?;
    let plan = kiosk.touch_on(&wards, label_with(&wards, "Ward 1 ·")?)?;
    desktop.keep(&album.next("plan"))?;
    let bed = kiosk.touch_on(&plan, "Start the round")?;
    desktop.keep(&album.next("bed"))?;
    let bed = kiosk.touch_key(&bed, "is asleep")?;
    let how = kiosk.touch_on(&bed, "Start the interview")?;
    let team = kiosk.touch_on(&how, "I read the questions aloud")?;
    let shown = kiosk.touch_on(&team, "Consultant C001")?;
    comes_to_the_questions(&mut kiosk, shown)?;
    desktop.keep(&album.next("question"))?;
    until_true("the draft to be on the disk", DEADLINE, || Ok(data.join("draft.sealed").exists()))?;

    let rest = kiosk.kill_and_start(None)?;
    ensure!(rest.screen == "rest", "after the battery the kiosk shows {}", rest.screen);
    let resume = comes_in(&desktop, &mut kiosk)?;
    ensure!(resume.screen == "volunteer_resume", "{}", resume.screen);
    desktop.keep(&album.next("resume"))?;
    let question = kiosk.touch_on(&resume, "Go on with it")?;
    ensure!(question.question.as_deref() == Some("respect"), "it goes on with {:?}", question.question);
    stops_and_goes_on_to_the_next_bed(&mut kiosk, &question)?;
    ensure!(!data.join("draft.sealed").exists() && !data.join("draft.key").exists(), "the draft is wiped");

    let export = until("both contacts and the cleaning to arrive", DEADLINE, || {
        let export = ward.aggregator.run(&["export"])?;
        Ok((export.lines().count() == 3).then_some(export))
    })?;
    ensure!(export.matches("\"mode\":\"interview\"").count() == 2, "{export}");
    ensure!(export.contains("\"source\":\"volunteer\"") && export.contains("\"asleep\""), "{export}");
    let visits = std::fs::read_to_string(data.join("visits.ndjson"))?;
    ensure!(visits.lines().count() == 1, "one order was drawn: {visits}");
    let unfinished = std::fs::read_to_string(data.join("unfinished.json"))?;
    ensure!(unfinished.contains("\"approached\":2,\"answered\":1"), "{unfinished}");
    ward.aggregator.verify()?;
    Ok(())
}

/// From the first page behind the door to the first question of an interview at the first bed.
fn begins_an_interview(kiosk: &mut KioskWindow<'_>, wards: &Shown) -> Result<Shown> {
    let plan = kiosk.touch_on(wards, label_with(wards, "Ward 1 ·")?)?;
    let bed = kiosk.touch_on(&plan, "Start the round")?;
    let how = kiosk.touch_on(&bed, "Start the interview")?;
    let team = kiosk.touch_on(&how, "I read the questions aloud")?;
    let shown = kiosk.touch_on(&team, "Consultant C001")?;
    comes_to_the_questions(kiosk, shown)
}

#[test]
fn the_change_to_summer_time_comes_in_the_middle_of_a_round_and_changes_nothing() -> Result<()> {
    let mut ward = Ward::prepare(Between::Embedded)?;
    let clock = WallClock::make(ward.path(), "ward")?;
    clock.set_to("2027-03-28T00:50:00Z".parse()?)?;
    ward.aggregator.live_by(&clock);
    ward.aggregator.start()?;
    set_pin(&ward)?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    let data = kiosk.data();
    can_be_gone_round(&data)?;
    let wards = comes_in(&desktop, &mut kiosk)?;
    let question = begins_an_interview(&mut kiosk, &wards)?;

    // Between one o'clock and two there is no time in this night.
    clock.set_to("2027-03-28T01:00:05Z".parse()?)?;
    stops_and_goes_on_to_the_next_bed(&mut kiosk, &question)?;
    let export = until("the interview to arrive", DEADLINE, || {
        let export = ward.aggregator.run(&["export"])?;
        Ok(export.contains("\"mode\":\"interview\"").then_some(export))
    })?;
    ensure!(export.matches("\"mode\":\"interview\"").count() == 1, "{export}");
    ensure!(export.lines().all(|line| line.contains("\"day\":\"2027-03-28\"")), "{export}");
    let unfinished = std::fs::read_to_string(data.join("unfinished.json"))?;
    ensure!(unfinished.contains("\"approached\":1,\"answered\":1"), "{unfinished}");
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn a_panic_ends_at_rest_with_the_outbox_intact() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    // Nobody takes records: what is kept stays in the outbox.
    ward.aggregator.stop()?;
    kiosk.somebody_declines()?;

    // The next window panics as soon as somebody agrees.
    kiosk.kill_and_start(Some("window.agreed=panic"))?;
    let id = kiosk.process().id();
    let mut shown = kiosk.until("rest", |shown| shown.screen == "rest")?;
    let mut before = shown.view;
    while shown.screen != "consent" {
        let label = if shown.screen == "rest" { "Touch here to start" } else { "English" };
        shown = kiosk.touch_on(&shown, label)?;
        before = shown.view;
    }
    kiosk.touch(&shown, "Yes, start")?;
    // The new life counts its views from 1 again.
    kiosk.until("the window to come back at rest", |shown| shown.screen == "rest" && shown.view < before)?;
    ensure!(kiosk.process().id() == id, "it is the same process to whoever watches it");
    let said = kiosk.process().output();
    ensure!(said.contains("panicked") && !said.contains("as the fail point"), "{said}");
    kiosk.somebody_declines()?;

    ward.aggregator.start()?;
    until_true("both contacts to arrive", DEADLINE, || {
        let export = ward.aggregator.run(&["export"])?;
        Ok(export.matches("\"outcome\":\"declined\"").count() == 2)
    })?;
    let ledger = ward.aggregator.ledger()?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    ward.aggregator.verify()?;
    Ok(())
}
