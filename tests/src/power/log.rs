//! The aggregator's log under power cuts: the real program serves tablets while it is recorded; each receipt it sends is a
//! promise.
//!
//! Receipts are read out of what the process writes to its sockets, so a promise stands in the recording at the moment it
//! leaves. An image is looked at with the program's own commands (`verify --deep`, `export`, `quarantine list`) and, where
//! it does not open, brought back with `log salvage`; what is stored is counted by the harness's own ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::receipt::Decision;

use super::recording::{Process, Recorded, copy};
use super::trace::Descriptor;
use super::{Finding, Subject};
use crate::aggregator::{Aggregator, Carrier};
use crate::http::Http;
use crate::ledger::Ledger;
use crate::loopback;
use crate::mqtt::{Incoming, understand};
use crate::programs;
use crate::tablet::{Tablet, read_receipt};
use crate::wait::until_true;

const TABLETS: u64 = 3;
/// Recorded, everything takes many times as long.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);
/// The first byte of a connection that speaks MQTT: CONNECT from a client, CONNACK from a broker.
const MQTT: [u8; 2] = [0x10, 0x20];

/// The aggregator's log as a subject.
#[derive(Debug)]
pub struct AggregatorLog {
    /// How many records are sent in a life.
    pub records: usize,
    logs: PathBuf,
    web_port: u16,
    broker_port: u16,
    pub(super) tablets: Vec<Tablet>,
    /// Everything that was ever sent, by tablet.
    pub(super) sent: Vec<(usize, Vec<u8>)>,
}

/// What receipts have promised.
#[derive(Debug, Clone, Default)]
pub struct Promised {
    stored: BTreeSet<Hash>,
    quarantined: BTreeSet<Hash>,
    streams: BTreeMap<Descriptor, Option<Vec<u8>>>,
}

impl AggregatorLog {
    /// A log that is given so many records in each life.
    pub fn new(records: usize) -> Self {
        let (tablets, sent) = (Vec::new(), Vec::new());
        Self { records, logs: PathBuf::new(), web_port: 0, broker_port: 0, tablets, sent }
    }

    pub(super) fn start(&self, data: &Path, recording: &Path) -> Result<Recorded> {
        let mut command = Command::new(programs::aggregator()?);
        command.arg("--data").arg(data).arg("serve");
        let mut recorded = Recorded::start("recorded-aggregator", &command, recording, &self.logs)?;
        let http = Http::new()?;
        let url = format!("http://127.0.0.1:{}/healthz", self.web_port);
        until_true("the recorded aggregator to be well", PATIENCE, || {
            recorded.must_be_running()?;
            Ok(loopback::answers(self.broker_port) && http.get(&url).is_ok_and(|answer| answer.status == 200))
        })?;
        Ok(recorded)
    }

    /// Introduces the tablets, as simulated kiosks do whenever they start.
    fn introduce(&mut self) -> Result<()> {
        for number in 0..TABLETS {
            let name = format!("sim-power-{number}");
            let tablet = Tablet::introduce(&name, Some("W1"), self.broker_port, number + 1)?;
            match self.tablets.get(usize::try_from(number)?) {
                Some(known) => {
                    ensure!(known.seal_key == tablet.seal_key, "after a cut the aggregator has another key");
                }
                None => self.tablets.push(tablet),
            }
        }
        Ok(())
    }

    /// Sends what a tablet has in its outbox, in one burst, and waits for a verdict on each.
    pub(super) fn send(&self, tablet: usize, payloads: &[Vec<u8>]) -> Result<()> {
        let tablet = self.tablets.get(tablet).context("no such tablet")?;
        let mut client = tablet.connect(self.broker_port)?;
        for payload in payloads {
            client.publish(&tablet.records(), payload)?;
        }
        tablet.verdicts(&mut client, payloads.len(), PATIENCE)?;
        client.disconnect()
    }

    /// Tablets come, send what they have, and go on until so many new records are sent.
    pub(super) fn serve(&mut self, records: usize, chance: &mut StdRng) -> Result<()> {
        self.introduce()?;
        // A kiosk sends again whatever it has no receipt for; after a cut that may be anything.
        for tablet in 0..self.tablets.len() {
            let again = self.sent.iter().filter(|(of, _)| *of == tablet).map(|(_, payload)| payload.clone());
            let again: Vec<_> = again.collect();
            if !again.is_empty() {
                self.send(tablet, &again)?;
            }
        }
        let mut left = records;
        while left > 0 {
            let burst = chance.random_range(1..12).min(left);
            left -= burst;
            let (of, payloads) = self.seal(chance, burst)?;
            self.send(of, &payloads)?;
        }
        Ok(())
    }

    /// Lets a tablet keep so many records.
    fn seal(&mut self, chance: &mut StdRng, count: usize) -> Result<(usize, Vec<Vec<u8>>)> {
        let of = chance.random_range(0..self.tablets.len());
        let tablet = self.tablets.get_mut(of).context("no such tablet")?;
        let mut payloads = Vec::with_capacity(count);
        for number in 0..count {
            let envelope = match chance.random_range(0..10) {
                // Signed and linked, and no record: refused, and kept in the quarantine.
                0 => tablet.seal_bytes(b"{\"not\": \"a record\"}")?,
                _ => tablet.completes(&format!("{number} {}", "x".repeat(chance.random_range(0..900))))?,
            };
            payloads.push(envelope.to_json());
        }
        self.sent.extend(payloads.iter().map(|payload| (of, payload.clone())));
        Ok((of, payloads))
    }

    pub(super) fn ask(image: &Path, arguments: &[&str]) -> Result<Output> {
        Command::new(programs::aggregator()?)
            .arg("--data")
            .arg(image)
            .args(arguments)
            .output()
            .with_context(|| format!("failed to run {arguments:?}"))
    }
}

pub(super) fn said(output: &Output) -> String {
    let words = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    words.concat().trim().to_owned()
}

impl Subject for AggregatorLog {
    type Promises = Promised;
    const NAME: &'static str = "log";

    fn prepare(&mut self, directory: &Path) -> Result<PathBuf> {
        let aggregator = Aggregator::prepare(directory, &Carrier::Embedded)?;
        self.logs = directory.to_path_buf();
        self.broker_port = aggregator.broker_port()?;
        self.web_port = aggregator.web_port();
        Ok(aggregator.data().to_path_buf())
    }

    fn live(&mut self, data: &Path, recordings: &Path, seed: u64) -> Result<Vec<Process>> {
        let mut chance = StdRng::seed_from_u64(seed);
        let paths = ["first", "second"].map(|name| recordings.join(name));
        let [first, second] = &paths;
        // Killed in the middle of a burst: what it wrote last is in the system's memory and was promised to nobody.
        let mut recorded = self.start(data, first)?;
        self.serve(self.records / 3, &mut chance)?;
        let (of, payloads) = self.seal(&mut chance, 12)?;
        let tablet = self.tablets.get(of).context("no such tablet")?;
        let mut client = tablet.connect(self.broker_port)?;
        for payload in &payloads {
            client.publish(&tablet.records(), payload)?;
        }
        client.wait_acknowledged(chance.random_range(1..=payloads.len()), PATIENCE)?;
        recorded.end("KILL", PATIENCE)?;
        let left = recordings.join("left");
        copy(data, &left)?;
        let mut recorded = self.start(data, second)?;
        self.serve(self.records - self.records / 3, &mut chance)?;
        // In order or not: both ways of ending are ways to begin.
        let signal = if chance.random() { "TERM" } else { "KILL" };
        recorded.end(signal, PATIENCE)?;
        let [first, second] = paths;
        Ok(vec![Process { recording: first, left: Some(left) }, Process { recording: second, left: None }])
    }
    fn hear(&self, promised: &mut Promised, to: Descriptor, bytes: &[u8]) -> Result<()> {
        let speaks = bytes.first().is_some_and(|first| MQTT.contains(first));
        let Some(stream) = promised.streams.entry(to).or_insert_with(|| speaks.then(Vec::new)) else {
            return Ok(());
        };
        stream.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some((kind, body, length)) = packet(stream) {
            if let Some(Incoming::Message(message)) = understand(kind, body) {
                messages.push(message);
            }
            stream.drain(..length);
        }
        for message in messages.iter().filter(|message| message.topic.ends_with("/receipts")) {
            for verdict in read_receipt(message)?.verdicts {
                match verdict.decision {
                    Decision::Accepted | Decision::Duplicate => promised.stored.insert(verdict.envelope),
                    Decision::Refused(refusal) => refusal.kept && promised.quarantined.insert(verdict.envelope),
                };
            }
        }
        Ok(())
    }

    fn hung(&self, promised: &mut Promised, to: Descriptor) {
        promised.streams.remove(&to);
    }

    fn gone(&self, promised: &mut Promised) {
        promised.streams.clear();
    }

    fn count(promised: &Promised) -> usize {
        promised.stored.len() + promised.quarantined.len()
    }

    fn examine(&self, image: &Path, promised: &Promised) -> Result<Finding> {
        self.examine_but(image, promised, &BTreeSet::new()).map(|(finding, _)| finding)
    }
}

impl AggregatorLog {
    /// Holds an image against what was promised, but for envelopes that may have been forgotten since; with what an export says.
    pub(super) fn examine_but(
        &self,
        image: &Path,
        promised: &Promised,
        forgotten: &BTreeSet<Hash>,
    ) -> Result<(Finding, String)> {
        let mut finding = Finding::default();
        let mut proof = Self::ask(image, &["verify", "--deep", "--json"])?;
        if !proof.status.success() && said(&proof).contains("log salvage") {
            let why = said(&proof);
            let salvaged = Self::ask(image, &["log", "salvage", "--json"])?;
            proof = Self::ask(image, &["verify", "--deep", "--json"])?;
            if !proof.status.success() {
                let way_back = format!("{why}; salvage: {}; verify: {}", said(&salvaged), said(&proof));
                return Ok((Finding::stuck(&way_back, Self::count(promised)), String::new()));
            }
            finding.mended(&why);
        }
        if !proof.status.success() {
            return Ok((Finding::stuck(&said(&proof), Self::count(promised)), String::new()));
        }
        let export = Self::ask(image, &["export"])?;
        let refused = Self::ask(image, &["quarantine", "list", "--json"])?;
        ensure!(export.status.success() && refused.status.success(), "{} {}", said(&export), said(&refused));
        let export = String::from_utf8(export.stdout)?;
        let ledger = Ledger::read(&export)?;
        let stored = ledger.hashes();
        let quarantined = hashes(&String::from_utf8(refused.stdout)?)?;
        let sent: BTreeSet<Hash> =
            self.sent.iter().map(|(_, payload)| envelope_hash(payload)).collect::<Result<_>>()?;
        let missing = |promised: &BTreeSet<Hash>, found: &BTreeSet<Hash>, what: &str| -> Vec<String> {
            promised.difference(found).map(|hash| format!("{what} {hash}")).collect()
        };
        finding.lost(&missing(&(&promised.stored - forgotten), &stored, "record"));
        finding.lost(&missing(&promised.quarantined, &quarantined, "refused envelope"));
        finding.invented(&missing(&stored, &sent, "record"));
        finding.faults.extend(ledger.broken_links());
        if ledger.doubled() > 0 {
            finding.faults.push(format!("{} records are stored twice", ledger.doubled()));
        }
        Ok((finding, export))
    }
}

/// The first packet of a stream: its kind, its body and how many bytes it takes. None while it is not whole.
fn packet(stream: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (kind, mut rest) = stream.split_first()?;
    let (mut length, mut shift, mut header) = (0_usize, 0, 1);
    loop {
        let (byte, after) = rest.split_first()?;
        (rest, header) = (after, header + 1);
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 || shift > 21 {
            break;
        }
    }
    Some((*kind, rest.get(..length)?, header + length))
}

fn envelope_hash(payload: &[u8]) -> Result<Hash> {
    Ok(wardvoice_protocol::envelope::Envelope::read(payload)?.hash())
}

/// The envelopes of a list of refusals.
fn hashes(list: &str) -> Result<BTreeSet<Hash>> {
    let entries: Vec<Value> = match serde_json::from_str(list) {
        Ok(Value::Array(entries)) => entries,
        _ => list.lines().map(serde_json::from_str).collect::<Result<_, _>>()?,
    };
    let hash = |entry: &Value| -> Result<Hash> {
        let hash = entry.get("envelope").and_then(Value::as_str);
        Ok(hash.with_context(|| format!("no envelope in {entry}"))?.parse()?)
    };
    entries.iter().map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::publish_packet;

    #[test]
    fn a_receipt_is_heard_when_its_last_byte_has_left() -> Result<()> {
        let receipt = include_bytes!("../../../protocol/fixtures/v1/receipt-signed.json");
        let mut stream = vec![0x10, 2, 0, 0];
        stream.extend(publish_packet("wardvoice/1/kiosks/k-0017/receipts", receipt, 7, false));
        let log = AggregatorLog::new(0);
        let mut promised = Promised::default();
        let (last, before) = stream.split_last().context("there are bytes")?;
        for piece in before.chunks(100) {
            log.hear(&mut promised, 9, piece)?;
        }
        assert_eq!(AggregatorLog::count(&promised), 0);
        log.hear(&mut promised, 9, &[*last])?;
        assert_eq!((promised.stored.len(), promised.quarantined.len()), (2, 1));
        Ok(())
    }

    #[test]
    fn what_is_no_mqtt_is_not_read() -> Result<()> {
        let log = AggregatorLog::new(0);
        let mut promised = Promised::default();
        log.hear(&mut promised, 9, b"HTTP/1.1 200 OK\r\n")?;
        log.hear(&mut promised, 9, &[0x30, 0])?;
        assert!(promised.streams.get(&9).is_some_and(Option::is_none));
        log.hung(&mut promised, 9);
        assert!(promised.streams.is_empty());
        Ok(())
    }
}
