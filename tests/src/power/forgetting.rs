//! Forgetting under power cuts: answers are taken back while the aggregator is recorded, and its log is written anew; each answer of the
//! command is a promise.
//!
//! That something was withdrawn is heard on the socket for commands, at the moment at which it leaves; that the log was written anew, on the
//! output of the command. An image is held against the same promises as the log's, and besides: what was promised to be forgotten is not in an
//! export; what was asked to be forgotten and not promised is there wholly or not at all; and once a log was written anew, no file holds a
//! byte of the words that had been forgotten before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use wardvoice_protocol::id::{Hash, RecordId};

use super::log::{AggregatorLog, PATIENCE, Promised, said};
use super::recording::{Process, copy, record};
use super::trace::Descriptor;
use super::{Finding, Subject};
use crate::programs;

/// An answer of the command begins with this, and nothing else does that is said here.
const ANSWER: u8 = b'{';

/// The log of an aggregator that forgets.
#[derive(Debug)]
pub struct ForgettingLog {
    log: AggregatorLog,
    /// How many answers are taken back in a life.
    withdrawals: usize,
    /// Every answer that was ever asked to be forgotten: its envelope and its words.
    asked: BTreeMap<RecordId, (Hash, String)>,
}

/// What was promised to be kept, and what to be forgotten.
#[derive(Debug, Clone, Default)]
pub struct Forgotten {
    kept: Promised,
    withdrawn: BTreeSet<RecordId>,
    /// Those of them of which no byte may be found.
    erased: BTreeSet<RecordId>,
    answers: BTreeMap<Descriptor, Option<Vec<u8>>>,
}

impl ForgettingLog {
    /// A log that is given so many records in each life, and asked to forget so many others.
    pub fn new(records: usize, withdrawals: usize) -> Self {
        Self { log: AggregatorLog::new(records), withdrawals, asked: BTreeMap::new() }
    }

    /// Stores some answers and takes them back, one after the other.
    fn store_and_withdraw(&mut self, data: &Path, count: usize, chance: &mut StdRng) -> Result<()> {
        for _ in 0..count {
            let of = chance.random_range(0..self.log.tablets.len());
            let words = format!("taken back {:016x}", chance.random::<u64>());
            let tablet = self.log.tablets.get_mut(of).context("no such tablet")?;
            let envelope = tablet.completes(&words)?;
            let (id, payload) = (envelope.record(), envelope.to_json());
            self.log.sent.push((of, payload.clone()));
            self.log.send(of, &[payload])?;
            self.asked.insert(id, (envelope.hash(), words));
            let withdrawn = AggregatorLog::ask(data, &["withdraw", "--record", &id.to_string()])?;
            ensure!(withdrawn.status.success(), "{}", said(&withdrawn));
        }
        Ok(())
    }
}

impl Subject for ForgettingLog {
    type Promises = Forgotten;
    const NAME: &'static str = "forgetting";

    fn prepare(&mut self, directory: &Path) -> Result<PathBuf> {
        self.log.prepare(directory)
    }

    fn live(&mut self, data: &Path, recordings: &Path, seed: u64) -> Result<Vec<Process>> {
        let mut chance = StdRng::seed_from_u64(seed);
        let paths = ["first", "rewriting", "last"].map(|name| recordings.join(name));
        let [first, rewriting, last] = &paths;
        let half = self.withdrawals / 2;
        let mut recorded = self.log.start(data, first)?;
        self.log.serve(self.log.records / 2, &mut chance)?;
        self.store_and_withdraw(data, self.withdrawals - half, &mut chance)?;
        recorded.end("KILL", PATIENCE)?;
        let [after_first, after_rewriting] = ["left", "left-rewritten"].map(|name| recordings.join(name));
        copy(data, &after_first)?;

        let mut command = Command::new(programs::aggregator()?);
        command.arg("--data").arg(data).args(["log", "rewrite", "--json"]);
        // A server that was killed has left its socket, which nobody answers.
        record(&command, rewriting, true)?;
        copy(data, &after_rewriting)?;

        // Everything is sent again, what was forgotten too, and more is forgotten.
        let mut recorded = self.log.start(data, last)?;
        self.log.serve(self.log.records - self.log.records / 2, &mut chance)?;
        self.store_and_withdraw(data, half, &mut chance)?;
        let signal = if chance.random() { "TERM" } else { "KILL" };
        recorded.end(signal, PATIENCE)?;
        let [first, rewriting, last] = paths;
        Ok(vec![
            Process { recording: first, left: Some(after_first) },
            Process { recording: rewriting, left: Some(after_rewriting) },
            Process { recording: last, left: None },
        ])
    }

    fn hear(&self, promised: &mut Forgotten, to: Descriptor, bytes: &[u8]) -> Result<()> {
        self.log.hear(&mut promised.kept, to, bytes)?;
        let begins = bytes.first() == Some(&ANSWER);
        let Some(stream) = promised.answers.entry(to).or_insert_with(|| begins.then(Vec::new)) else {
            return Ok(());
        };
        stream.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = stream.iter().position(|byte| *byte == b'\n') {
            lines.push(stream.drain(..=end).collect::<Vec<u8>>());
        }
        for line in lines {
            let Ok(line) = serde_json::from_slice::<Value>(&line) else { continue };
            if line.get("bytes_now").is_some() {
                promised.erased.clone_from(&promised.withdrawn);
            }
            let Some(item) = line.get("item").and_then(Value::as_str) else { continue };
            let item: Value = serde_json::from_str(item)?;
            if let (Some(record), Some(_)) = (item.get("record").and_then(Value::as_str), item.get("on")) {
                promised.withdrawn.insert(record.parse()?);
            }
        }
        Ok(())
    }

    fn hung(&self, promised: &mut Forgotten, to: Descriptor) {
        self.log.hung(&mut promised.kept, to);
        promised.answers.remove(&to);
    }

    fn gone(&self, promised: &mut Forgotten) {
        self.log.gone(&mut promised.kept);
        promised.answers.clear();
    }

    fn count(promised: &Forgotten) -> usize {
        AggregatorLog::count(&promised.kept) + promised.withdrawn.len() + promised.erased.len()
    }

    fn examine(&self, image: &Path, promised: &Forgotten) -> Result<Finding> {
        // Before anything opens it.
        let mut left = Vec::new();
        for record in &promised.erased {
            let (_, words) = self.asked.get(record).context("what nobody asked for is forgotten")?;
            if holds(image, words.as_bytes())? {
                left.push(format!("the words of record {record} in a file"));
            }
        }
        let hashes = self.asked.values().map(|(hash, _)| *hash).collect();
        let (mut finding, export) = self.log.examine_but(image, &promised.kept, &hashes)?;
        for (record, (_, words)) in &self.asked {
            let lines: Vec<&str> = export.lines().filter(|line| line.contains(&record.to_string())).collect();
            let is_there = lines.iter().any(|line| line.contains("\"kind\":\"record\""));
            let has_words = lines.iter().any(|line| line.contains(words.as_str()));
            if promised.withdrawn.contains(record) && (is_there || has_words) {
                left.push(format!("record {record}, which was forgotten"));
            }
            if is_there != has_words {
                finding.faults.push(format!("record {record} is there in part: {lines:?}"));
            }
        }
        finding.invented(&left);
        Ok(finding)
    }
}

/// Whether any file of a folder holds some bytes.
fn holds(folder: &Path, wanted: &[u8]) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let found = if kind.is_dir() {
            holds(&path, wanted)?
        } else {
            kind.is_file() && fs::read(&path)?.windows(wanted.len()).any(|some| some == wanted)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawal_is_heard_when_its_answer_has_left_and_a_rewriting_when_it_says_so() -> Result<()> {
        let log = ForgettingLog::new(0, 0);
        let mut promised = Forgotten::default();
        let record = "01a207d9-2100-7707-8707-070707070707";
        let item =
            format!("{{\"record\":\"{record}\",\"ward\":\"W1\",\"period\":\"2026-F23\",\"on\":\"2026-11-26\"}}");
        let line = serde_json::json!({ "item": item }).to_string() + "\n";
        let (first, rest) = line.as_bytes().split_at(30);
        log.hear(&mut promised, 7, first)?;
        assert!(promised.withdrawn.is_empty());
        log.hear(&mut promised, 7, rest)?;
        let withdrawn: RecordId = record.parse()?;
        assert!(promised.withdrawn.contains(&withdrawn) && promised.erased.is_empty());
        log.hung(&mut promised, 7);
        log.hear(&mut promised, 7, b"{\"done\":{\"well\":true}}\n")?;
        log.hear(&mut promised, 1, b"{\"records\":3,\"bytes_before\":9,\"bytes_now\":4}\n")?;
        assert_eq!(promised.erased, promised.withdrawn);
        assert_eq!(ForgettingLog::count(&promised), 2);
        Ok(())
    }

    #[test]
    fn what_does_not_begin_as_an_answer_is_not_read() -> Result<()> {
        let log = ForgettingLog::new(0, 0);
        let mut promised = Forgotten::default();
        log.hear(&mut promised, 7, b"HTTP/1.1 200 OK\r\n")?;
        log.hear(&mut promised, 7, b"{\"records\":3,\"bytes_now\":4}\n")?;
        assert!(promised.answers.get(&7).is_some_and(Option::is_none));
        Ok(())
    }
}
