//! What an export says is stored, read with the protocol alone and counted again.
//!
//! The envelopes' own bytes are read, not what the aggregator says about them: numbers, hashes and links of the chain
//! are recomputed here. The opened record beside each envelope gives the mark its patient left.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use serde_json::Value;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{Hash, KioskId, RecordId};

/// One stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The kiosk.
    pub kiosk: KioskId,
    /// The number in the kiosk's sequence.
    pub sequence: u64,
    /// The record.
    pub record: RecordId,
    /// The envelope's hash.
    pub hash: Hash,
    /// What the envelope names as the one before.
    pub previous: Hash,
    /// What the patient wrote under "what was good".
    pub mark: Option<String>,
    /// The local day it counts for.
    pub day: Option<Date>,
}

/// Everything that is stored.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// Reads an export: one JSON object a line, each with an `envelope`.
    pub fn read(export: &str) -> Result<Self> {
        Self::read_from(export.as_bytes())
    }

    /// Reads an export line by line as it comes.
    pub fn read_from(export: impl BufRead) -> Result<Self> {
        let mut entries = Vec::new();
        for (number, line) in export.lines().enumerate() {
            let entry =
                read_line(&line?).with_context(|| format!("failed to read line {} of an export", number + 1))?;
            entries.extend(entry);
        }
        Ok(Self { entries })
    }

    /// Everything that is stored.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many different records there are.
    pub fn stored(&self) -> usize {
        self.entries.iter().map(|entry| entry.record).collect::<BTreeSet<_>>().len()
    }

    /// The records of a kiosk.
    pub fn of(&self, kiosk: &KioskId) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| entry.kiosk == *kiosk).collect()
    }

    /// How many entries hold a record or a number that another entry holds.
    pub fn doubled(&self) -> usize {
        let numbers: BTreeSet<_> = self.entries.iter().map(|entry| (&entry.kiosk, entry.sequence)).collect();
        self.entries.len() - self.stored().min(numbers.len())
    }

    /// How many numbers are missing below each kiosk's highest.
    pub fn gaps(&self) -> usize {
        let mut numbers: BTreeMap<&KioskId, BTreeSet<u64>> = BTreeMap::new();
        for entry in &self.entries {
            numbers.entry(&entry.kiosk).or_default().insert(entry.sequence);
        }
        let missing = |of: &BTreeSet<u64>| {
            let highest = of.last().copied().unwrap_or(0);
            usize::try_from(highest).unwrap_or(usize::MAX) - of.len()
        };
        numbers.values().map(missing).sum()
    }

    /// The patients' marks and how often each is stored.
    pub fn marks(&self) -> BTreeMap<&str, usize> {
        let mut marks = BTreeMap::new();
        for mark in self.entries.iter().filter_map(|entry| entry.mark.as_deref()) {
            *marks.entry(mark).or_insert(0) += 1;
        }
        marks
    }

    /// Everything that is wrong: records stored twice, missing numbers, links that do not hold.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.doubled() > 0 {
            faults.push(format!("{} entries are doubled", self.doubled()));
        }
        if self.gaps() > 0 {
            faults.push(format!("{} numbers are missing", self.gaps()));
        }
        faults.extend(self.broken_links());
        faults
    }

    /// The hashes of all envelopes.
    pub fn hashes(&self) -> BTreeSet<Hash> {
        self.entries.iter().map(|entry| entry.hash).collect()
    }

    /// The neighbours that do not belong together.
    pub fn broken_links(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let hashes: BTreeMap<_, _> =
            self.entries.iter().map(|entry| ((&entry.kiosk, entry.sequence), entry.hash)).collect();
        for entry in &self.entries {
            let before = entry.sequence.checked_sub(1).filter(|number| *number > 0);
            let expected = before.map_or(Some(&Hash::ZERO), |number| hashes.get(&(&entry.kiosk, number)));
            if expected.is_some_and(|hash| *hash != entry.previous) {
                faults
                    .push(format!("number {} of {} does not follow the one before", entry.sequence, entry.kiosk));
            }
        }
        faults
    }
}

fn read_line(line: &str) -> Result<Option<Entry>> {
    let value: Value = serde_json::from_str(line)?;
    let Some(envelope) = value.get("envelope") else { return Ok(None) };
    let payload = match envelope {
        Value::String(text) => text.clone().into_bytes(),
        other => serde_json::to_vec(other)?,
    };
    let envelope = Envelope::read(&payload)?;
    let mark = find_mark(&value);
    Ok(Some(Entry {
        kiosk: envelope.kiosk().clone(),
        sequence: envelope.sequence().get(),
        record: envelope.record(),
        hash: envelope.hash(),
        previous: envelope.previous(),
        mark,
        day: value.get("day").and_then(Value::as_str).and_then(|day| day.parse().ok()),
    }))
}

/// The text under `answers.good.said`, wherever the export keeps the opened record.
fn find_mark(value: &Value) -> Option<String> {
    match value {
        Value::Object(fields) => {
            let said = fields.get("answers").and_then(|answers| answers.pointer("/good/said")?.as_str());
            said.map(str::to_owned).or_else(|| fields.values().find_map(find_mark))
        }
        Value::Array(items) => items.iter().find_map(find_mark),
        _ => None,
    }
}
