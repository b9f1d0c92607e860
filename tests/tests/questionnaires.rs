//! Another questionnaire comes over the broker while somebody answers: the office puts a file into a folder and names it.
//!
//! The pictures of every step are in `target/artefacts/questionnaires`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireFile};
use wardvoice_tests::desktop::{Album, Desktop};
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::{KioskWindow, Shown};

const DEADLINE: Duration = Duration::from_mins(1);

/// The trust's own second version of the friends and family test, in the folder of the aggregator's data.
fn puts_a_file_into_the_folder(data: &Path) -> Result<Questionnaire> {
    let shipped = Questionnaire::friends_and_family()?;
    let mut file = QuestionnaireFile { version: 2, ..shipped.file().clone() };
    for question in &mut file.questions {
        if question.id.as_str() == "good" {
            question.text.values_mut().for_each(|text| text.push_str(" (2)"));
        }
    }
    let folder = data.join("questionnaires");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("friends-and-family-2.json"), serde_json::to_vec_pretty(&file)?)?;
    Ok(Questionnaire::try_from(file)?)
}

/// The hashes of what a kiosk is told to ask and of what it asks.
fn asked_and_applied(ward: &Ward, kiosk: &str) -> Result<(Option<String>, Option<String>)> {
    let kiosks = ward.aggregator.list(&["kiosk", "list"])?;
    let line = kiosks.iter().find(|line| line.get("id").and_then(Value::as_str) == Some(kiosk));
    let line = line.with_context(|| format!("{kiosk} is not listed: {kiosks:?}"))?;
    let hash = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok((hash("asked"), hash("applied")))
}

fn goes_to_the_first_question(desktop: &Desktop, album: &mut Album, kiosk: &mut KioskWindow<'_>) -> Result<Shown> {
    let mut shown = kiosk.until("rest", |shown| shown.screen == "rest")?;
    while shown.question.is_none() {
        desktop.keep(&album.next(&shown.screen))?;
        let label = match shown.screen.as_str() {
            "rest" => "Touch here to start",
            "language" => "English",
            _ => "Yes, start",
        };
        shown = kiosk.touch_on(&shown, label)?;
    }
    Ok(shown)
}

fn stops(kiosk: &mut KioskWindow<'_>, shown: &Shown) -> Result<()> {
    let shown = kiosk.touch_on(shown, "Stop")?;
    let shown = kiosk.touch_on(&shown, "Stop now")?;
    kiosk.back_to_rest(shown).map(drop)
}

#[test]
fn an_update_waits_for_the_patient_and_is_there_after_a_restart_without_a_network() -> Result<()> {
    let mut album = Album::new("questionnaires")?;
    let mut ward = Ward::prepare(Between::Embedded)?;
    let second = puts_a_file_into_the_folder(ward.aggregator.data())?;
    ward.aggregator.start()?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    kiosk.until_it_is_told()?;
    let first = Questionnaire::inpatient()?.hash().to_string();
    until_true("the kiosk to say what it asks", DEADLINE, || {
        Ok(asked_and_applied(&ward, "k-0001")? == (Some(first.clone()), Some(first.clone())))
    })?;

    let shown = goes_to_the_first_question(&desktop, &mut album, &mut kiosk)?;
    ensure!(shown.question.as_deref() == Some("consistency"), "{:?}", shown.question);
    ward.aggregator.run(&["kiosk", "assign", "--id", "k-0001", "--questionnaire", "friends-and-family"])?;
    let file = kiosk.data().join(format!("questionnaires/{}.json", second.hash()));
    until_true("the questionnaire to be on the kiosk's disk", DEADLINE, || Ok(file.exists()))?;
    let shown = kiosk.touch_on(&shown, "Yes, always")?;
    ensure!(
        shown.question.as_deref() == Some("coordination"),
        "nothing moves under a finger: {:?}",
        shown.question
    );
    desktop.keep(&album.next("goes-on-with-the-old-one"))?;
    let (asked, applied) = asked_and_applied(&ward, "k-0001")?;
    ensure!(asked == Some(second.hash().to_string()) && applied == Some(first), "{asked:?} {applied:?}");
    stops(&mut kiosk, &shown)?;

    until_true("the kiosk to say that it asks the new one", DEADLINE, || {
        let (asked, applied) = asked_and_applied(&ward, "k-0001")?;
        Ok(asked == applied)
    })?;
    let shown = goes_to_the_first_question(&desktop, &mut album, &mut kiosk)?;
    ensure!(shown.question.as_deref() == Some("friends_and_family"), "{:?}", shown.question);
    desktop.keep(&album.next("asks-the-new-one"))?;
    stops(&mut kiosk, &shown)?;
    until_true("both contacts to arrive", DEADLINE, || {
        Ok(ward.aggregator.run(&["export"])?.matches("\"outcome\":\"partial\"").count() == 2)
    })?;
    let export = ward.aggregator.run(&["export"])?;
    let contacts: Vec<&str> = export.lines().filter(|line| line.contains("\"outcome\"")).collect();
    ensure!(contacts.iter().any(|line| line.contains("\"id\":\"inpatient\",\"version\":1")), "{export}");
    ensure!(contacts.iter().any(|line| line.contains("\"id\":\"friends-and-family\",\"version\":2")), "{export}");

    // The hospital is out of reach and the battery was empty.
    ward.aggregator.stop()?;
    kiosk.kill_and_start(None)?;
    let shown = goes_to_the_first_question(&desktop, &mut album, &mut kiosk)?;
    ensure!(shown.question.as_deref() == Some("friends_and_family"), "{:?}", shown.question);
    stops(&mut kiosk, &shown)?;

    // The version is in use: a file that says something else under its number lets nothing start.
    let path = ward.aggregator.data().join("questionnaires/friends-and-family-2.json");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace(" (2)", " (two)"))?;
    let refused = ward.aggregator.try_run(&["kiosk", "list"])?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(!refused.status.success() && said.contains("friends-and-family-2.json"), "{said}");
    fs::remove_file(&path)?;
    ward.aggregator.start()?;
    until_true("the contact from without the network to arrive", DEADLINE, || {
        Ok(ward.aggregator.run(&["export"])?.matches("\"outcome\":\"partial\"").count() == 3)
    })?;
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn a_simulated_fleet_asks_what_it_is_told_to_with_mosquitto_between() -> Result<()> {
    let mut ward = Ward::prepare(Between::Mosquitto)?;
    let second = puts_a_file_into_the_folder(ward.aggregator.data())?;
    ward.aggregator.start()?;
    let fleet = ward.path().join("fleet");
    let data = fleet.to_str().context("the directory has a strange name")?;
    let port = ward.broker_port()?;
    let run = |responses: &str| {
        let arguments =
            ["--kiosks", "2", "--responses", responses, "--seed", "5", "--data", data, "--non-response", "0"];
        Fleet::run(port, &arguments)
    };
    run("4")?;
    let kiosks = ward.aggregator.list(&["kiosk", "list"])?;
    for kiosk in &kiosks {
        let id = kiosk.get("id").and_then(Value::as_str).context("no id")?;
        ward.aggregator.run(&["kiosk", "assign", "--id", id, "--questionnaire", "friends-and-family@2"])?;
    }
    // A fleet that is started anew asks what it did until the hospital's word comes, which may be after some patients.
    let of_second = |export: &str| export.matches("\"id\":\"friends-and-family\",\"version\":2").count();
    let mut responses = 4;
    until_true("the fleet to ask the new one", DEADLINE, || {
        responses += 40;
        run(&responses.to_string())?;
        Ok(of_second(&ward.aggregator.run(&["export"])?) > 0)
    })?;
    for kiosk in ["0", "1"] {
        let found = fs::read_dir(&fleet)?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| path.ends_with(format!("sim-5-{kiosk}")));
        let kept = found.context("no such kiosk")?.join(format!("questionnaires/{}.json", second.hash()));
        ensure!(kept.exists(), "{} is not there", kept.display());
    }
    ward.aggregator.verify()?;
    Ok(())
}
