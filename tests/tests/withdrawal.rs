//! A patient takes an answer back with the code from the thank-you screen: a real outbox, a real broker, a real aggregator.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;
use wardvoice_kiosk::dispatch::{Dispatch, DispatchConfig, Kept, Trust};
use wardvoice_kiosk::identity::{self, Identity};
use wardvoice_kiosk::interview::Keepsake;
use wardvoice_kiosk::settings::Settings;
use wardvoice_protocol::record::Body;
use wardvoice_tests::tablet::interview;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);
const STAYS: &str = "what stays";
const GOES: &str = "what nobody is to read again";

/// A kiosk of ward W1 with its outbox, without a window.
fn kiosk(ward: &Ward) -> Result<Dispatch> {
    let data = ward.path().join("kiosk");
    let key = identity::load_or_create(&data)?;
    let public = key.verifying_key().to_string();
    let printed =
        ward.aggregator.run(&["kiosk", "add", "--id", "k-0001", "--ward", "W1", "--signing-key", &public])?;
    let file = ward.path().join("settings.json");
    fs::write(&file, printed)?;
    Settings::install(&data, &file)?;
    again(ward)
}

/// The same kiosk after a restart, or for the first time.
fn again(ward: &Ward) -> Result<Dispatch> {
    let data = ward.path().join("kiosk");
    let settings = Settings::load(&data)?;
    let identity = Identity { kiosk: settings.kiosk().clone(), signing_key: identity::load(&data)? };
    let trust = Trust::Pinned { assignment: settings.assignment.clone(), origin: settings.origin() };
    let mut config = DispatchConfig::new(data, identity, ward.broker_url()?.parse()?, trust);
    config.reserve_bytes = 0;
    Ok(Dispatch::start(config)?)
}

/// Keeps an answer that says something, and what its patient takes along.
fn keeps(dispatch: &Dispatch, said: &str) -> Result<Kept> {
    let (sender, kept) = mpsc::channel();
    let body = Body::Contact(interview(&"W1".parse()?, said)?);
    dispatch.submit_with(Keepsake::Code, body, move |kept| drop(sender.send(kept)));
    kept.recv_timeout(DEADLINE).context("the outbox never answered")?.map_err(|error| anyhow!("not kept: {error}"))
}

fn all_has_arrived(dispatch: &Dispatch) -> Result<()> {
    until_true("everything to arrive", DEADLINE, || Ok(dispatch.state().waiting == 0))
}

/// What `withdraw --code` says when it does not delete anything.
fn refused(ward: &Ward, code: &str) -> Result<String> {
    let output = ward.aggregator.try_run(&["withdraw", "--code", code])?;
    ensure!(!output.status.success(), "deleted: {}", String::from_utf8_lossy(&output.stdout));
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_answer_is_taken_back_by_the_code_that_its_patient_was_shown() -> Result<()> {
    let mut ward = Ward::prepare(Between::Embedded)?;
    let config = ward.aggregator.data().join("config.toml");
    let settings = fs::read_to_string(&config)?;
    fs::write(&config, format!("{settings}withdrawal_codes = true\n"))?;
    ward.aggregator.start_talkative()?;
    let dispatch = kiosk(&ward)?;
    until_true("the kiosk to hear that codes are given", DEADLINE, || {
        Ok(dispatch.commission().is_some_and(|commission| commission.withdrawal_codes))
    })?;

    let stays = keeps(&dispatch, STAYS)?;
    all_has_arrived(&dispatch)?;
    dispatch.allow_network(false);
    until_true("the network to be gone", DEADLINE, || Ok(!dispatch.state().connected))?;
    let goes = keeps(&dispatch, GOES)?;
    let code = goes.code.context("no code was made")?.to_string();
    ensure!(stays.code.is_some_and(|other| other.to_string() != code), "two answers have one code");

    // It is in the outbox, and nobody can tell the difference between that and a code that nobody has.
    let said = refused(&ward, &code)?;
    ensure!(said.contains("may not have arrived yet"), "{said}");
    // A slip of the pen is not looked up, and never deletes the answer of somebody else.
    let first = if code.starts_with('A') { 'B' } else { 'A' };
    let slipped = format!("{first}{}", code.get(1..).context("a short code")?);
    let said = refused(&ward, &slipped)?;
    ensure!(said.contains("one of its letters or digits is wrong"), "{said}");

    dispatch.allow_network(true);
    all_has_arrived(&dispatch)?;
    let export = ward.aggregator.run(&["export"])?;
    ensure!(export.contains(STAYS) && export.contains(GOES), "{export}");
    ensure!(!export.contains(&code) && !export.contains(&code.replace('-', "")), "no code is stored: {export}");

    let gone = ward.aggregator.json(&["withdraw", "--code", &code.to_lowercase()])?;
    let record = goes.record.to_string();
    ensure!(gone.get("record").and_then(Value::as_str) == Some(record.as_str()), "{gone}");
    let export = ward.aggregator.run(&["export"])?;
    ensure!(export.contains(STAYS) && !export.contains(GOES), "{export}");
    let tombstone = export.lines().find(|line| line.contains("forgotten")).context("no tombstone")?;
    ensure!(tombstone.contains(&record), "{tombstone}");
    let proved = ward.aggregator.verify()?;
    ensure!(proved.get("forgotten").and_then(Value::as_u64) == Some(1), "{proved}");
    let said = refused(&ward, &code)?;
    ensure!(said.contains("nothing is left of it already"), "{said}");
    let audit = fs::read_to_string(ward.aggregator.data().join("audit.ndjson"))?;
    ensure!(audit.contains(&format!("record:{record}")) && !audit.contains(&code), "{audit}");
    // Whoever gathers logs learns nothing that anybody said, however much the server says of itself.
    let log = fs::read_to_string(ward.path().join("aggregator.log"))?;
    ensure!(log.contains(" DEBUG "), "the server was to be talkative: {log}");
    for said in [STAYS, GOES, code.as_str(), &code.replace('-', "")] {
        ensure!(!log.to_lowercase().contains(&said.to_lowercase()), "{said:?} is in the log: {log}");
    }
    dispatch.stop();

    // The trust thinks better of it: the kiosk hears of that too.
    ward.aggregator.stop()?;
    fs::write(&config, settings)?;
    ward.aggregator.start()?;
    let dispatch = again(&ward)?;
    until_true("the kiosk to hear that no codes are given any more", DEADLINE, || {
        Ok(dispatch.commission().is_some_and(|commission| !commission.withdrawal_codes))
    })?;
    dispatch.stop();
    Ok(())
}
