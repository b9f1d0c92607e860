//! What was taken back stays away: through a restart, a new key, retention, a backup and a restore on another machine; and what was sealed to an
//! earlier key can be read as long as there is the key.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_tests::programs;
use wardvoice_tests::tablet::Tablet;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);
const KIOSK: &str = "sim-forgotten";
const TAKEN_BACK: &str = "the words that were taken back";
const OTHERS: [&str; 4] = ["a quiet night", "a kind doctor", "a cold meal", "a long wait"];
/// Long enough ago for a fortnight to be final and for words to be a month old, and not too long for a clock to be believed.
const DAYS_AGO: i64 = 40;

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a strange path")
}

fn in_folder(data: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(programs::aggregator()?);
    command.arg("--data").arg(data).args(arguments).output().context("failed to run the aggregator")
}

/// What a command on a folder prints; anything but exit code 0 is an error.
fn printed(data: &Path, arguments: &[&str]) -> Result<String> {
    let output = in_folder(data, arguments)?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn number(value: &Value, name: &str) -> Result<u64> {
    value.get(name).and_then(Value::as_u64).with_context(|| format!("no {name} in {value}"))
}

fn send(ward: &Ward, tablet: &Tablet, envelopes: &[&Envelope]) -> Result<()> {
    let mut client = tablet.connect(ward.broker_port()?)?;
    for envelope in envelopes {
        client.publish(&tablet.records(), &envelope.to_json())?;
    }
    let verdicts = tablet.verdicts(&mut client, envelopes.len(), DEADLINE)?;
    ensure!(verdicts.iter().all(|verdict| verdict.decision.settles()), "{verdicts:?}");
    client.disconnect()
}

/// Makes the log anew as if everything had come on the day it was said: times of an export are believed. The aggregator runs before and after.
fn as_if_it_had_come_then(ward: &mut Ward, then: Timestamp, day: &str) -> Result<()> {
    let mut lines = Vec::new();
    for line in ward.aggregator.run(&["export"])?.lines() {
        let mut line: Value = serde_json::from_str(line)?;
        for (name, value) in [("received", then.to_string()), ("arrived", day.to_owned())] {
            *line.get_mut(name).with_context(|| format!("a line without {name}"))? = Value::from(value);
        }
        writeln!(lines, "{line}")?;
    }
    let file = ward.path().join("export.jsonl");
    fs::write(&file, lines)?;
    ward.aggregator.stop()?;
    fs::remove_dir_all(ward.aggregator.data().join("log"))?;
    let config = ward.aggregator.data().join("config.toml");
    fs::write(&config, fs::read_to_string(&config)? + "\n[retention]\ncomments_months = 1\n")?;
    ward.aggregator.start()?;
    // Simulated kiosks introduce themselves at each start.
    Tablet::introduce(KIOSK, Some("W1"), ward.broker_port()?, 1)?;
    let imported = ward.aggregator.json(&["import", text(&file)?])?;
    ensure!(number(&imported, "refused")? == 0 && number(&imported, "accepted")? == 5, "{imported}");
    Ok(())
}

/// Served, answered, taken back on the office's page, shown by a revision, reduced by retention, backed up, restored elsewhere: it is not back.
#[test]
fn what_the_office_took_back_is_in_no_score_no_backup_and_no_restored_log() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.open_the_office()?;
    let then = Timestamp::now() - SignedDuration::from_hours(24 * DAYS_AGO);
    let calendar = Calendar::new("2026-01-05".parse()?)?;
    let day = calendar.day_of(then);
    let period = calendar.fortnight_of(day)?.to_string();
    let mut tablet = Tablet::introduce(KIOSK, Some("W1"), ward.broker_port()?, 1)?;
    let taken_back = tablet.completes_at(TAKEN_BACK, then)?;
    let others: Vec<Envelope> =
        OTHERS.iter().map(|words| tablet.completes_at(words, then)).collect::<Result<_>>()?;
    let all: Vec<&Envelope> = std::iter::once(&taken_back).chain(&others).collect();
    send(&ward, &tablet, &all)?;
    as_if_it_had_come_then(&mut ward, then, &day.to_string())?;
    ward.aggregator.sign_in()?;

    let scores = ["scores", "--period", period.as_str(), "--unit", "ward:W1"];
    let before = ward.aggregator.json(&scores)?;
    ensure!((number(&before, "responses")?, number(&before, "revision")?) == (5, 1), "{before}");
    let base = ward.aggregator.url("");
    let form = format!("record={}&sure=yes", taken_back.record());
    let answer = ward.aggregator.http().post_form(&base, "/office/withdrawal", &form)?;
    ensure!(answer.status == 303, "the page answers {}: {}", answer.status, answer.body);
    let after = ward.aggregator.json(&scores)?;
    ensure!((number(&after, "responses")?, number(&after, "revision")?) == (4, 2), "{after}");

    // The words of everybody else are a month old, and go; no figure changes by it.
    ward.aggregator.json(&["retention"])?;
    let export = ward.aggregator.run(&["export"])?;
    ensure!(
        OTHERS.iter().all(|words| !export.contains(words)),
        "words are kept for longer than a month: {export}"
    );
    let reduced = ward.aggregator.json(&scores)?;
    for name in ["responses", "overall", "domains"] {
        ensure!(reduced.get(name) == after.get(name), "{name} changed: {reduced} was {after}");
    }

    let place = tempfile::tempdir()?;
    let [key, file, elsewhere] = ["key.txt", "backup.age", "elsewhere"].map(|name| place.path().join(name));
    let recipient = ward.aggregator.run(&["backup", "new-key", "--secret", text(&key)?])?;
    ward.aggregator.run(&["backup", "--to", text(&file)?, "--recipient", recipient.trim()])?;
    ward.aggregator.kill()?;
    printed(&elsewhere, &["restore", "--from", text(&file)?, "--to", text(&elsewhere)?, "--key", text(&key)?])?;
    printed(&elsewhere, &["verify", "--deep"])?;
    let export = printed(&elsewhere, &["export"])?;
    for words in OTHERS.iter().chain(&[TAKEN_BACK]) {
        ensure!(!export.contains(words), "{words:?} is back: {export}");
    }
    let id = taken_back.record().to_string();
    let lines: Vec<&str> = export.lines().filter(|line| line.contains(&id)).collect();
    ensure!(lines.len() == 1 && lines.iter().all(|line| line.contains("\"forgotten\"")), "{lines:?}");
    let restored: Value = serde_json::from_str(&printed(&elsewhere, &[&scores[..], &["--json"]].concat())?)?;
    for name in ["responses", "overall", "domains", "revision"] {
        ensure!(restored.get(name) == reduced.get(name), "{name} is another elsewhere: {restored}");
    }

    // The machine elsewhere takes the place of the lost one, and the kiosk sends everything again.
    fs::remove_dir_all(ward.aggregator.data())?;
    fs::rename(&elsewhere, ward.aggregator.data())?;
    ward.aggregator.start()?;
    Tablet::introduce(KIOSK, Some("W1"), ward.broker_port()?, 1)?;
    send(&ward, &tablet, &all)?;
    let again = ward.aggregator.json(&scores)?;
    ensure!(number(&again, "responses")? == 4, "what was taken back counts again: {again}");
    let export = ward.aggregator.run(&["export"])?;
    ensure!(!export.contains(TAKEN_BACK), "what was sent again is there again: {export}");
    ward.aggregator.verify()?;
    Ok(())
}

/// A new key for sealing: what was sealed to the one before is opened still, whether it is stored already or still on its way.
#[test]
fn records_sealed_to_an_earlier_key_are_read_after_a_new_one_was_drawn() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    let mut tablet = Tablet::introduce(KIOSK, Some("W1"), ward.broker_port()?, 1)?;
    let stored = tablet.completes("stored before")?;
    send(&ward, &tablet, &[&stored])?;
    let on_its_way = tablet.completes("sealed before and sent after")?;
    let earlier = tablet.seal_key.clone();

    let drawn = ward.aggregator.json(&["authority", "new-seal-key"])?;
    ensure!(number(&drawn, "keys")? == 2, "{drawn}");
    ward.aggregator.stop()?;
    ward.aggregator.start()?;
    let told = Tablet::introduce(KIOSK, Some("W1"), ward.broker_port()?, 1)?;
    ensure!(told.seal_key != earlier, "kiosks are told of the earlier key still");
    send(&ward, &tablet, &[&on_its_way])?;
    tablet.seal_key = told.seal_key;
    let after = tablet.completes("sealed after")?;
    send(&ward, &tablet, &[&after])?;

    let ledger = ward.aggregator.ledger()?;
    let marks = ledger.marks();
    for mark in ["stored before", "sealed before and sent after", "sealed after"] {
        ensure!(marks.get(mark) == Some(&1), "{mark} is stored {:?} times", marks.get(mark));
    }
    // Deep: every envelope is opened again.
    let proof = ward.aggregator.verify()?;
    ensure!(proof.get("sound") == Some(&Value::from(true)), "{proof}");

    // The earlier key is what opens them: without it the proof fails, so the proof is one.
    ward.aggregator.stop()?;
    let keys = ward.aggregator.data().join("keys/open.key");
    let text = fs::read_to_string(&keys)?;
    let newest = text.lines().next().context("no key")?;
    ensure!(text.lines().count() == 2, "there are other keys than two");
    fs::write(&keys, format!("{newest}\n"))?;
    let without = in_folder(ward.aggregator.data(), &["verify", "--deep", "--json"])?;
    ensure!(
        !without.status.success(),
        "records are opened without their key: {}",
        String::from_utf8_lossy(&without.stdout)
    );
    fs::write(&keys, &text)?;
    ward.aggregator.verify()?;
    Ok(())
}
