//! Forgetting is killed at every named place: afterwards the record is wholly there or wholly forgotten, the log opens and is proved complete,
//! what was acknowledged stays forgotten, and of a log that was written anew no byte holds its words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wardvoice_protocol::envelope::Envelope;
use wardvoice_tests::aggregator::arm;
use wardvoice_tests::ledger::Ledger;
use wardvoice_tests::power::recording::copy;
use wardvoice_tests::programs;
use wardvoice_tests::tablet::Tablet;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);
/// What is taken back, and what is not.
const WORDS: &str = "the words that were taken back";
const STAYS: [&str; 2] = ["what stays first", "what stays last"];

/// Places on the way of a withdrawal, in their order.
const WITHDRAWING: [&str; 4] =
    ["forget.before_commit", "log.before_flush", "log.after_flush", "forget.after_commit"];
/// From here on it is on the disk.
const IS_DURABLE: [&str; 2] = ["log.after_flush", "forget.after_commit"];
/// Places on the way of a log that is written anew, in their order.
const REWRITING: [&str; 3] = ["rewrite.in_the_middle", "rewrite.before_exchange", "rewrite.after_exchange"];

/// What is found of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    WhollyThere,
    WhollyForgotten,
}

/// A ward whose kiosk has sent three answers, the second of which is to be forgotten. The aggregator is stopped.
struct Scene {
    ward: Ward,
    tablet: Tablet,
    payloads: Vec<Vec<u8>>,
    record: String,
}

impl Scene {
    fn open() -> Result<Self> {
        let ward = Ward::open(Between::Embedded)?;
        let mut tablet = Tablet::introduce("sim-forgetting", Some("W1"), ward.broker_port()?, 1)?;
        let [first, last] = STAYS;
        let mut envelopes = Vec::new();
        for words in [first, WORDS, last] {
            envelopes.push(tablet.completes(words)?);
        }
        let record = envelopes.get(1).context("no second answer")?.record().to_string();
        let payloads = envelopes.iter().map(Envelope::to_json).collect();
        let mut scene = Self { ward, tablet, payloads, record };
        scene.send()?;
        scene.ward.aggregator.stop()?;
        ensure!(holds(scene.ward.aggregator.data(), WORDS)?, "the words are not found where they should be");
        Ok(scene)
    }

    fn send(&self) -> Result<()> {
        let mut client = self.tablet.connect(self.ward.broker_port()?)?;
        for payload in &self.payloads {
            client.publish(&self.tablet.records(), payload)?;
        }
        self.tablet.verdicts(&mut client, self.payloads.len(), DEADLINE)?;
        client.disconnect()
    }

    /// A folder of its own, as the aggregator has left it.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.ward.path().join(name);
        copy(self.ward.aggregator.data(), &folder)?;
        Ok(folder)
    }

    fn withdraw(&self, data: &Path, armed: Option<&str>) -> Result<Output> {
        run(data, &["withdraw", "--record", &self.record], armed)
    }

    /// What an export says of the record, and that the log is proved complete.
    fn found(&self, data: &Path) -> Result<Found> {
        let proof = run(data, &["verify", "--deep", "--json"], None)?;
        ensure!(proof.status.success(), "{}{}", said(&proof.stdout), said(&proof.stderr));
        let export = run(data, &["export"], None)?;
        ensure!(export.status.success(), "{}", said(&export.stderr));
        let export = said(&export.stdout);
        for words in STAYS {
            ensure!(export.contains(words), "{words:?} is gone: {export}");
        }
        let ledger = Ledger::read(&export)?;
        ensure!(ledger.doubled() == 0 && ledger.broken_links().is_empty(), "{:?}", ledger.broken_links());
        let is_forgotten =
            export.lines().any(|line| line.contains("\"forgotten\"") && line.contains(&self.record));
        match (ledger.stored(), export.contains(WORDS), is_forgotten) {
            (3, true, false) => Ok(Found::WhollyThere),
            (2, false, true) => Ok(Found::WhollyForgotten),
            other => anyhow::bail!("the record is neither there nor forgotten, {other:?}: {export}"),
        }
    }
}

fn run(data: &Path, arguments: &[&str], armed: Option<&str>) -> Result<Output> {
    let mut command = Command::new(programs::aggregator()?);
    command.arg("--data").arg(data).args(arguments);
    arm(&mut command, armed);
    command.output().with_context(|| format!("failed to run {arguments:?}"))
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Dies at a place, as if the power had gone.
fn died(output: &Output, point: &str) -> Result<()> {
    let (out, error) = (said(&output.stdout), said(&output.stderr));
    ensure!(
        output.status.code().is_none(),
        "it ended with {} and did not die at {point}: {out}{error}",
        output.status
    );
    ensure!(!out.contains("records\":"), "it said that it was done before it died at {point}: {out}");
    Ok(())
}

/// Whether any file of a folder holds some words.
fn holds(folder: &Path, words: &str) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        let found = if kind.is_dir() {
            holds(&path, words)?
        } else {
            kind.is_file() && fs::read(&path)?.windows(words.len()).any(|some| some == words.as_bytes())
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn a_withdrawal_that_is_killed_anywhere_is_done_or_not_done_and_can_be_done_again() -> Result<()> {
    let scene = Scene::open()?;
    for point in WITHDRAWING {
        let data = scene.folder(point)?;
        died(&scene.withdraw(&data, Some(&format!("{point}=return")))?, point)?;
        let found = scene.found(&data).with_context(|| format!("killed at {point}"))?;
        if IS_DURABLE.contains(&point) {
            ensure!(found == Found::WhollyForgotten, "what was flushed is undone after a kill at {point}");
        }
        let again = scene.withdraw(&data, None)?;
        let complaint = said(&again.stderr);
        match found {
            Found::WhollyThere => ensure!(again.status.success(), "after a kill at {point}: {complaint}"),
            Found::WhollyForgotten => ensure!(complaint.contains("nothing is left of it already"), "{complaint}"),
        }
        ensure!(scene.found(&data)? == Found::WhollyForgotten, "it is back after a kill at {point}");
    }
    Ok(())
}

#[test]
fn a_rewriting_that_is_killed_anywhere_leaves_one_whole_log_and_no_byte_of_what_was_forgotten_after_the_next()
-> Result<()> {
    let mut scene = Scene::open()?;
    let mut last = None;
    for point in REWRITING {
        let data = scene.folder(point)?;
        let withdrawn = scene.withdraw(&data, None)?;
        ensure!(withdrawn.status.success(), "{}", said(&withdrawn.stderr));
        died(&run(&data, &["log", "rewrite", "--json"], Some(&format!("{point}=return")))?, point)?;
        ensure!(data.join("log.rewriting").exists(), "nothing is left beside the log after a kill at {point}");
        let found = scene.found(&data).with_context(|| format!("killed at {point}"))?;
        ensure!(found == Found::WhollyForgotten, "a record is back after a kill at {point}");
        ensure!(!data.join("log.rewriting").exists(), "what a kill at {point} has left stays");

        let rewrote = run(&data, &["log", "rewrite", "--json"], None)?;
        ensure!(rewrote.status.success(), "after a kill at {point}: {}", said(&rewrote.stderr));
        ensure!(!holds(&data, WORDS)?, "the words are still in a file after a kill at {point}");
        ensure!(holds(&data.join("log"), STAYS[0])?, "the search finds nothing at all");
        ensure!(
            scene.found(&data)? == Found::WhollyForgotten,
            "a record is back in the log that was written anew"
        );
        last = Some(data);
    }

    // The kiosk may send everything again, as after a lost receipt: it is forgotten still.
    fs::remove_dir_all(scene.ward.aggregator.data())?;
    fs::rename(last.context("no folder")?, scene.ward.aggregator.data())?;
    scene.ward.aggregator.start()?;
    // Simulated kiosks introduce themselves at each start.
    Tablet::introduce("sim-forgetting", Some("W1"), scene.ward.broker_port()?, 1)?;
    scene.send()?;
    scene.ward.aggregator.stop()?;
    ensure!(
        scene.found(scene.ward.aggregator.data())? == Found::WhollyForgotten,
        "what was sent again is there again"
    );
    ensure!(!holds(&scene.ward.aggregator.data().join("log"), WORDS)?, "the words came back with it");
    Ok(())
}

#[test]
fn every_place_on_the_way_of_forgetting_is_killed_at() -> Result<()> {
    let mut places = BTreeSet::new();
    for file in ["ingest/writer.rs", "log/rewrite.rs", "log/forget.rs"] {
        let text = fs::read_to_string(programs::workspace().join("aggregator/src").join(file))?;
        let named = text.split("fail_point!(\"").skip(1).filter_map(|rest| rest.split('"').next());
        places.extend(named.map(str::to_owned));
    }
    ensure!(places.len() == 5, "{places:?}");
    for place in &places {
        ensure!(WITHDRAWING.iter().chain(&REWRITING).any(|known| known == place), "nothing is killed at {place}");
    }
    Ok(())
}
