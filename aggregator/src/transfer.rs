//! Export and import: the log as lines of JSON, for a move, a backup that a person can read, or a second opinion.
//!
//! A record's line: `{"kind": "record", "position", "kiosk", "sequence", "id", "hash", "received", "arrived", "day",
//! "evidence", "envelope", "record"}`, where `envelope` is the payload as it was received, as a string, and `record` what was inside.
//! A line of the quarantine: `{"kind": "refused", "number", "kiosk", "received", "reason", "detail", "hash",
//! "payload"}`, where `payload` is base64. A line of a record that was forgotten: `{"kind": "forgotten", "position", "kiosk", "sequence", "id",
//! "hash", "previous", "on"}`, with what is left of it as `record` where anything is. Records come first, in the order of the log, tombstones last.
//!
//! An import forgets what was forgotten where the export comes from and is still here: the log may be a restored one, from a backup that knew nothing of
//! it yet. A tombstone proves nothing in another log, so where its record is not here it is passed over, and the gap is a gap. The tombstones alone
//! ([`tombstone_lines`]) are the list to keep beside backups.
//!
//! Import takes `kind`, `kiosk`, `received`, `arrived` and the bytes, believes the times, and judges everything else anew: a line that
//! was changed is refused like anything that comes over the wire, and a line that is here already changes nothing. So an
//! import may be repeated, and interrupted. What was refused is refused again, for the reason that holds now. Nothing counts as having
//! come before the last record that the log holds already: what was published from it was published without the import. Exports of
//! programs that did not write `arrived` yet are read, and count as having come when they were received.

use std::io::{BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{Hash, KioskId, RecordId, Sequence};
use wardvoice_protocol::receipt::{Decision, Reason, Verdict};
use wardvoice_protocol::record::Record;

use crate::ingest::Arrival;
use crate::log::{DayEvidence, LogError, Reader};

/// How many arrivals are handed on at once.
const TOGETHER: usize = 512;

/// A line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Record(Box<RecordLine>),
    Refused(RefusedLine),
    Forgotten(ForgottenLine),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RecordLine {
    position: u64,
    kiosk: KioskId,
    sequence: Sequence,
    id: RecordId,
    hash: Hash,
    received: Timestamp,
    /// The local day it counts as having come on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived: Option<Date>,
    day: Date,
    evidence: DayEvidence,
    envelope: String,
    record: Record,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RefusedLine {
    number: u64,
    kiosk: KioskId,
    received: Timestamp,
    reason: Reason,
    detail: String,
    hash: Hash,
    payload: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ForgottenLine {
    position: u64,
    kiosk: KioskId,
    sequence: u64,
    id: RecordId,
    hash: Hash,
    previous: Hash,
    /// The local day on which it was forgotten or reduced.
    on: Date,
    /// What is left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Record>,
}

/// Which kind a line is of.
#[derive(Debug, Deserialize)]
struct KindLine {
    #[serde(default)]
    kind: String,
}

/// What an import needs of a line; the rest is for people.
#[derive(Debug, Deserialize)]
struct ImportLine {
    kiosk: KioskId,
    received: Timestamp,
    #[serde(default)]
    arrived: Option<Date>,
    #[serde(default)]
    envelope: Option<String>,
    #[serde(default)]
    payload: Option<String>,
}

/// What an import needs of a tombstone's line.
#[derive(Debug, Deserialize)]
struct GoneLine {
    kiosk: KioskId,
    id: RecordId,
    hash: Hash,
    #[serde(default)]
    record: Option<IgnoredAny>,
}

/// Why an export or an import ended.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file cannot be read or written.
    #[error("read or write the export: {0}")]
    File(#[from] std::io::Error),
    /// A line is not a line of an export.
    #[error("read line {line} of the export: {reason}; the lines before it were taken")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// Ingest takes nothing any more.
    #[error("take line {line} of the export: {reason}")]
    NotTaken {
        /// The last line that was handed on, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
}

/// Which tombstones are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tombstones {
    /// Every one, also of records that were only reduced.
    All,
    /// Those of records of which nothing is left.
    OfNothing,
}

/// A record of which nothing is left where an export comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The kiosk that sent it.
    pub kiosk: KioskId,
    /// Its id.
    pub id: RecordId,
    /// The hash of its envelope.
    pub hash: Hash,
}

/// What comes with a line.
enum Taken {
    Arrival(Arrival),
    Gone(Gone),
    Nothing,
}

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exported {
    /// How many records.
    pub records: u64,
    /// How many envelopes of the quarantine.
    pub quarantined: u64,
    /// How many tombstones of records that were forgotten.
    #[serde(default)]
    pub forgotten: u64,
}

/// What an import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Imported {
    /// How many lines were read.
    pub lines: u64,
    /// How many records are new in the log.
    pub accepted: u64,
    /// How many were there already.
    pub known: u64,
    /// How many were refused, now or before.
    pub refused: u64,
    /// How many of these could not be kept, because the quarantine is full.
    pub not_kept: u64,
    /// How many records are forgotten here too, because they are where the export comes from.
    #[serde(default)]
    pub forgotten: u64,
}

/// Gives every line of an export, without line feeds.
pub fn export_lines(
    reader: &Reader,
    mut give: impl FnMut(&str) -> std::io::Result<()>,
) -> Result<Exported, TransferError> {
    let mut exported = Exported::default();
    for record in reader.records(1)? {
        let record = record?;
        let position = record.position;
        let unreadable = || LogError::Unreadable(format!("the envelope {position}"));
        let envelope = reader.envelope(position)?.ok_or_else(unreadable)?;
        if envelope.is_empty() {
            // Forgotten since it was read; its tombstone comes below.
            continue;
        }
        // What was read as JSON is text.
        let envelope = String::from_utf8(envelope).map_err(|_| unreadable())?;
        let line = Line::Record(Box::new(RecordLine {
            position,
            kiosk: record.kiosk,
            sequence: record.sequence,
            id: record.record_id,
            hash: record.envelope,
            received: record.received,
            arrived: Some(record.arrival_day),
            day: record.day,
            evidence: record.evidence,
            envelope,
            record: record.record,
        }));
        give(&serde_json::to_string(&line).map_err(std::io::Error::from)?)?;
        exported.records += 1;
    }
    for refused in reader.quarantine(0)? {
        let refused = refused?;
        let line = Line::Refused(RefusedLine {
            number: refused.number,
            kiosk: refused.kiosk,
            received: refused.received,
            reason: refused.reason,
            detail: refused.detail,
            hash: refused.envelope,
            payload: STANDARD.encode(&refused.payload),
        });
        give(&serde_json::to_string(&line).map_err(std::io::Error::from)?)?;
        exported.quarantined += 1;
    }
    // Last, so that a program that does not know them has taken everything else before it stops at one.
    exported.forgotten = tombstone_lines(reader, Tombstones::All, give)?;
    Ok(exported)
}

/// Gives the line of every tombstone that is wanted, without line feeds, and how many there are.
pub fn tombstone_lines(
    reader: &Reader,
    wanted: Tombstones,
    mut give: impl FnMut(&str) -> std::io::Result<()>,
) -> Result<u64, TransferError> {
    let mut given = 0;
    for entry in reader.tombstones() {
        let (position, tombstone) = entry?;
        let line = reader.row(position, |row| {
            let unreadable = || LogError::Unreadable(format!("the tombstone of record {position}"));
            let kiosk = KioskId::new(row.kiosk).map_err(|_| unreadable())?;
            Ok(ForgottenLine {
                position,
                kiosk,
                sequence: row.sequence,
                id: row.record_id,
                hash: row.envelope,
                previous: tombstone.previous,
                on: tombstone.on.date().ok_or_else(unreadable)?,
                record: match row.json {
                    [] => None,
                    json => Some(serde_json::from_slice(json).map_err(|_| unreadable())?),
                },
            })
        })?;
        let line = line.ok_or_else(|| LogError::Unreadable(format!("record {position}")))?;
        if line.record.is_some() && wanted == Tombstones::OfNothing {
            continue;
        }
        give(&serde_json::to_string(&Line::Forgotten(line)).map_err(std::io::Error::from)?)?;
        given += 1;
    }
    Ok(given)
}

/// Writes an export.
pub fn export(reader: &Reader, mut output: impl Write) -> Result<Exported, TransferError> {
    let exported = export_lines(reader, |line| {
        output.write_all(line.as_bytes())?;
        output.write_all(b"\n")
    })?;
    output.flush()?;
    Ok(exported)
}

/// Reads an export and hands its envelopes on, some hundreds at a time, to something that judges, stores and says what
/// became of each ([`Pipeline::settle`](crate::ingest::Pipeline::settle)). `newest` is the day on which the last record came that the log
/// holds already; `forget` is given what is gone where the export comes from, after everything that came before it, and says how much of it was
/// here; `progress` is told the lines read so far.
pub fn import<E: std::fmt::Display, F: std::fmt::Display>(
    input: impl BufRead,
    newest: Option<Date>,
    mut settle: impl FnMut(Vec<Arrival>) -> Result<Vec<Verdict>, E>,
    mut forget: impl FnMut(&[Gone]) -> Result<u64, F>,
    mut progress: impl FnMut(u64),
) -> Result<Imported, TransferError> {
    let mut imported = Imported::default();
    let (mut waiting, mut gone) = (Vec::new(), Vec::new());
    let mut broken = None;
    for line in input.lines() {
        let line = line?;
        imported.lines += 1;
        if line.trim().is_empty() {
            continue;
        }
        match read_line(&line) {
            Ok(Taken::Nothing) => {}
            Ok(Taken::Gone(one)) => gone.push(one),
            Ok(Taken::Arrival(arrival)) => {
                waiting.push(Arrival { not_before: arrival.not_before.max(newest), ..arrival });
            }
            Err(reason) => {
                broken = Some(TransferError::Line { line: imported.lines, reason });
                break;
            }
        }
        if waiting.len() == TOGETHER || gone.len() == TOGETHER {
            hand_on(std::mem::take(&mut waiting), &mut settle, &mut imported)?;
            let_go(&std::mem::take(&mut gone), &mut forget, &mut imported)?;
            progress(imported.lines);
        }
    }
    hand_on(waiting, &mut settle, &mut imported)?;
    let_go(&gone, &mut forget, &mut imported)?;
    progress(imported.lines);
    broken.map_or(Ok(imported), Err)
}

fn hand_on<E: std::fmt::Display>(
    arrivals: Vec<Arrival>,
    settle: &mut impl FnMut(Vec<Arrival>) -> Result<Vec<Verdict>, E>,
    imported: &mut Imported,
) -> Result<(), TransferError> {
    if arrivals.is_empty() {
        return Ok(());
    }
    let verdicts = settle(arrivals)
        .map_err(|error| TransferError::NotTaken { line: imported.lines, reason: error.to_string() })?;
    for verdict in verdicts {
        match verdict.decision {
            Decision::Accepted => imported.accepted += 1,
            Decision::Duplicate => imported.known += 1,
            Decision::Refused(refusal) => {
                imported.refused += 1;
                imported.not_kept += u64::from(!refusal.kept);
            }
        }
    }
    Ok(())
}

fn let_go<F: std::fmt::Display>(
    gone: &[Gone],
    forget: &mut impl FnMut(&[Gone]) -> Result<u64, F>,
    imported: &mut Imported,
) -> Result<(), TransferError> {
    if !gone.is_empty() {
        imported.forgotten += forget(gone)
            .map_err(|error| TransferError::NotTaken { line: imported.lines, reason: error.to_string() })?;
    }
    Ok(())
}

/// What comes with a line; nothing with the tombstone of a record that was only reduced, because that follows from the settings here.
fn read_line(line: &str) -> Result<Taken, String> {
    let place = |error: serde_json::Error| format!("it is not JSON of a line (column {})", error.column());
    if serde_json::from_str::<KindLine>(line).is_ok_and(|line| line.kind == "forgotten") {
        let GoneLine { kiosk, id, hash, record } = serde_json::from_str(line).map_err(place)?;
        return Ok(if record.is_some() { Taken::Nothing } else { Taken::Gone(Gone { kiosk, id, hash }) });
    }
    let ImportLine { kiosk, received, arrived, envelope, payload } = serde_json::from_str(line).map_err(place)?;
    let payload = match (envelope, payload) {
        (Some(envelope), None) => envelope.into_bytes(),
        (None, Some(payload)) => STANDARD.decode(payload).map_err(|_| "its payload is not base64".to_owned())?,
        _ => return Err("it has neither an envelope nor a payload, or both".to_owned()),
    };
    Ok(Taken::Arrival(Arrival { kiosk, payload, received, not_before: arrived }))
}

#[cfg(test)]
mod tests;
