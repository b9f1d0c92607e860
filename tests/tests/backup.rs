//! A machine is lost: everything comes back from a backup that was written while kiosks were answering.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::aggregator::{Aggregator, Carrier};
use wardvoice_tests::faults::Bedside;
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::programs;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);
const RESPONSES: &str = "400";

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a strange path")?.to_owned())
}

fn in_folder(data: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(programs::aggregator()?);
    command.arg("--data").arg(data).args(arguments).output().context("failed to run the aggregator")
}

fn restore(from: &Path, to: &Path, key: &Path) -> Result<Output> {
    in_folder(to, &["restore", "--from", &text(from)?, "--to", &text(to)?, "--key", &text(key)?, "--json"])
}

fn records(value: &Value) -> Result<usize> {
    let records = value.get("records").and_then(Value::as_u64).context("no records")?;
    Ok(usize::try_from(records)?)
}

/// Written while a fleet answers, restored elsewhere, and everything adds up there; the pages of the restored one open, and nothing that
/// was secret is left lying about.
#[test]
fn a_backup_written_while_kiosks_answer_is_restored_elsewhere_and_verified() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.open_the_office()?;
    let place = tempfile::tempdir()?;
    let (key, other) = (place.path().join("key.txt"), place.path().join("other.txt"));
    let recipient = ward.aggregator.run(&["backup", "new-key", "--secret", &text(&key)?])?;
    ward.aggregator.run(&["backup", "new-key", "--secret", &text(&other)?])?;
    let (early, late) = (place.path().join("early.age"), place.path().join("late.age"));
    let back_up =
        |to: &Path| ward.aggregator.json(&["backup", "--to", &text(to)?, "--recipient", recipient.trim()]);
    let port = ward.broker_port()?;
    let (during, fleet) = std::thread::scope(|scope| {
        let fleet =
            scope.spawn(move || Fleet::run(port, &["--kiosks", "6", "--responses", RESPONSES, "--seed", "7"]));
        let during = until_true("the first answers", DEADLINE, || Ok(ward.aggregator.ledger()?.stored() > 20))
            .and_then(|()| back_up(&early));
        (during, fleet.join())
    });
    let during = during?;
    let fleet = fleet.map_err(|_| anyhow::anyhow!("the fleet panicked"))??;
    ensure!(fleet.get("refused") == Some(&Value::from(0)), "{fleet}");
    ensure!(during.get("sound") == Some(&Value::from(true)), "{during}");
    let after = back_up(&late)?;
    let all = ward.aggregator.run(&["export"])?;
    ensure!(records(&after)? == all.lines().count(), "{after}");
    let note = fs::read_to_string(ward.aggregator.data().join("backup.json"))?;
    let note: Value = serde_json::from_str(&note)?;
    ensure!(note.get("at") == after.get("at"), "{note} is noted, and {after} was made");
    let metrics = ward.aggregator.http().get(&ward.aggregator.url("/metrics"))?.body;
    let age = metrics.lines().find_map(|line| line.strip_prefix("wardvoice_backup_age_seconds "));
    let age: u64 = age.with_context(|| format!("no age in {metrics}"))?.parse()?;
    ensure!(age < 3_600, "the last backup is {age} seconds old");
    let left: Vec<_> = fs::read_dir(ward.aggregator.data())?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.starts_with(".trial"))
        .collect();
    ensure!(left.is_empty(), "{left:?} is left of a trial");
    ensure!(fs::read_dir(place.path())?.count() == 4, "something is left beside the backups");

    for (from, said) in [(&early, &during), (&late, &after)] {
        let to = place.path().join("restored").join(from.file_stem().context("no name")?);
        let restored = restore(from, &to, &key)?;
        ensure!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        let restored: Value = serde_json::from_slice(&restored.stdout)?;
        ensure!(records(&restored)? == records(said)?, "{restored} of {said}");
        let verified = in_folder(&to, &["verify", "--deep", "--json"])?;
        let report: Value = serde_json::from_slice(&verified.stdout)?;
        ensure!(report.get("sound") == Some(&Value::from(true)), "{report}");
        // The backup has what came before it, in the same order, and nothing else.
        let export = String::from_utf8(in_folder(&to, &["export"])?.stdout)?;
        let before: Vec<&str> = all.lines().take(records(said)?).collect();
        ensure!(export.lines().collect::<Vec<_>>() == before, "{} holds something else", to.display());
        let audit = in_folder(&to, &["audit", "verify"])?;
        ensure!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
        let again = restore(from, &to, &key)?;
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        ensure!(!again.status.success() && said.contains("not empty"), "{said}");
    }

    let nowhere = place.path().join("nowhere");
    let wrong = restore(&late, &nowhere, &other)?;
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    ensure!(!wrong.status.success() && said.contains("other keys"), "{said}");
    let bytes = fs::read(&late)?;
    fs::write(&late, bytes.get(..bytes.len() - 20).context("an empty backup")?)?;
    let cut = restore(&late, &nowhere, &key)?;
    let said = String::from_utf8_lossy(&cut.stderr).into_owned();
    ensure!(!cut.status.success() && said.contains("damaged or cut off"), "{said}");
    ensure!(!nowhere.join("log").exists(), "something of a refused restore is left");

    // What was lost stands again, at the same addresses, with the same accounts.
    ward.aggregator.kill()?;
    fs::remove_dir_all(ward.aggregator.data())?;
    fs::rename(place.path().join("restored/late"), ward.aggregator.data())?;
    ward.aggregator.start()?;
    ward.aggregator.sign_in()?;
    let page = ward.aggregator.http().get(&ward.aggregator.url("/ward/W1"))?;
    ensure!(page.status == 200, "the page answers {}", page.status);
    ensure!(ward.aggregator.verify()?.get("complete") == Some(&Value::from(true)), "not complete");
    Ok(())
}

/// The authority is in the backup with everything it gave and took back: nobody has to be taken in anew, and whoever was taken off stays so.
#[test]
fn an_authority_comes_back_with_what_it_gave_and_what_it_took_back() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Certified)?;
    aggregator.start()?;
    let mut kiosk = Bedside::enrol(1, "W1", &aggregator, directory.path())?;
    let taken_off = Bedside::enrol(2, "W2", &aggregator, directory.path())?;
    aggregator.run(&["kiosk", "revoke", "--id", "k-0002"])?;
    let shown = aggregator.json(&["authority", "show"])?;
    let place = tempfile::tempdir()?;
    let [key, file, restored] = ["key.txt", "backup.age", "restored"].map(|name| place.path().join(name));
    let recipient = aggregator.run(&["backup", "new-key", "--secret", &text(&key)?])?;
    aggregator.run(&["backup", "--to", &text(&file)?, "--recipient", recipient.trim()])?;
    aggregator.stop()?;

    fs::remove_dir_all(aggregator.data())?;
    let output = restore(&file, &restored, &key)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::rename(&restored, aggregator.data())?;
    aggregator.start()?;
    ensure!(aggregator.json(&["authority", "show"])? == shown, "another authority came back");
    kiosk.start(None)?;
    until_true("patients to be thanked", DEADLINE, || {
        kiosk.must_be_running()?;
        Ok(kiosk.kept() >= 3)
    })?;
    until_true("their answers to be stored", DEADLINE, || Ok(aggregator.ledger()?.stored() >= 3))?;
    let mut renew = Command::new(programs::kiosk()?);
    let output =
        renew.args(["renew", "--data"]).arg(taken_off.data()).output().context("failed to run a kiosk")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success() && said.contains("enrol it again"), "who was taken off is let in: {said}");
    kiosk.kill()?;
    aggregator.stop()
}
