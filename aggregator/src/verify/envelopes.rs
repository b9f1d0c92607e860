//! Every envelope against the record that was opened from it, in spans on all cores.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::thread;

use jiff::civil::Date;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{Hash, KioskId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::record::Record;

use super::Faults;
use crate::ingest::{World, day};
use crate::log::{Gone, LogError, OpenedRow, Reader, run_on};
use crate::rebuild::spans;

/// How many records are looked at together; also how many signatures are checked at once.
const TOGETHER: u64 = 128;

/// Where every record stands in its kiosk's chain: some 90 bytes a record, for as long as chains are looked at.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Those of each span of the log as its thread has made them, none of them empty. Many as they are, they are copied nowhere.
    spans: Vec<Vec<Link>>,
    kiosks: BTreeMap<KioskId, Numbered>,
    days: BTreeSet<Date>,
    forgotten: u64,
}

/// A record's place in a chain.
#[derive(Debug, Clone)]
pub(super) struct Link {
    position: u64,
    /// The kiosk's number among the links.
    pub(super) kiosk: u32,
    pub(super) sequence: u64,
    pub(super) envelope: Hash,
    pub(super) previous: Hash,
}

/// A kiosk's number among the links, and how many of them are its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    pub(super) number: u32,
    pub(super) records: u64,
}

impl Links {
    pub(super) fn at(&self, position: u64) -> Option<&Link> {
        let ends_before = |span: &Vec<Link>| span.last().is_some_and(|link| link.position < position);
        let span = self.spans.get(self.spans.partition_point(ends_before))?;
        // One that could not be read is missing here, so the place in the list does not follow from the position.
        let place = span.binary_search_by_key(&position, |link| link.position).ok()?;
        span.get(place)
    }

    pub(super) fn count(&self) -> u64 {
        self.spans.iter().map(|span| span.len() as u64).sum()
    }

    /// Every kiosk that has records.
    pub(super) fn kiosks(&self) -> impl Iterator<Item = &KioskId> {
        self.kiosks.keys()
    }

    /// A kiosk that has records.
    pub(super) fn of(&self, kiosk: &KioskId) -> Option<Numbered> {
        self.kiosks.get(kiosk).copied()
    }

    /// How many of them were forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The local days of all records, and no more of the links.
    pub(super) fn into_days(self) -> BTreeSet<Date> {
        self.days
    }

    /// Adds records to a kiosk's and gives its number.
    fn add(&mut self, kiosk: KioskId, records: u64) -> u32 {
        // There are as many kiosks as were registered, and that is far from so many.
        let next = u32::try_from(self.kiosks.len()).unwrap_or(u32::MAX);
        let known = self.kiosks.entry(kiosk).or_insert(Numbered { number: next, records: 0 });
        known.records += records;
        known.number
    }
}

/// What one thread found in its span.
#[derive(Default)]
struct Part {
    /// With numbers that count in this part alone.
    links: Vec<Link>,
    /// By their numbers, each with how many records it has here.
    kiosks: Vec<(KioskId, u64)>,
    days: BTreeSet<Date>,
    forgotten: u64,
    faults: Faults,
}

impl Part {
    /// A number for a kiosk that has none here; nothing where it is no kiosk's name.
    fn number(&mut self, kiosk: &str) -> Option<u32> {
        let number = u32::try_from(self.kiosks.len()).ok()?;
        self.kiosks.push((KioskId::new(kiosk).ok()?, 0));
        Some(number)
    }
}

/// What the log has of a record besides its row.
enum What {
    Envelope(Box<Envelope>),
    /// It was forgotten; the hash is that of the envelope before.
    Tombstone(Hash),
}

/// A record as the log has it.
struct Row {
    kiosk: String,
    sequence: u64,
    envelope: Hash,
    json: Vec<u8>,
    day: Option<Date>,
    held: (crate::log::DayEvidence, jiff::Timestamp),
}

pub(super) fn check(reader: &Reader, world: &World, deep: bool) -> Result<(Links, Faults), LogError> {
    let last = reader.position();
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let parts: Vec<Option<Part>> = thread::scope(|scope| {
        let spans = spans(last, threads.min(last / TOGETHER).max(1));
        let spawned: Vec<_> =
            spans.into_iter().map(|span| scope.spawn(move || check_span(reader, world, span, deep))).collect();
        spawned.into_iter().map(|part| part.join().ok()).collect()
    });
    let (mut links, mut faults) = (Links::default(), Faults::default());
    let mut running = Hash::ZERO;
    for part in parts {
        let mut part = part.ok_or_else(|| LogError::Store("reading the log panicked".to_owned()))?;
        faults.absorb(part.faults);
        links.days.extend(part.days);
        links.forgotten += part.forgotten;
        let numbers: Vec<u32> =
            part.kiosks.into_iter().map(|(kiosk, records)| links.add(kiosk, records)).collect();
        for link in &mut part.links {
            running = run_on(&running, &link.envelope);
            if let Some(number) = numbers.get(link.kiosk as usize) {
                link.kiosk = *number;
            }
        }
        if !part.links.is_empty() {
            links.spans.push(part.links);
        }
    }
    let end = reader.end()?;
    if reader.tombstones().flatten().count() as u64 != links.forgotten {
        faults.add("there are tombstones that stand for no record".to_owned());
    }
    if end.position != links.count() || end.running != running {
        faults.add("the records are not those that the running hash was made over".to_owned());
    }
    Ok((links, faults))
}

fn check_span(reader: &Reader, world: &World, span: RangeInclusive<u64>, deep: bool) -> Part {
    let mut part = Part::default();
    let mut known_kiosks: HashMap<String, u32> = HashMap::new();
    let mut from = *span.start();
    while from <= *span.end() {
        let until = (from + TOGETHER - 1).min(*span.end());
        let mut together = Vec::new();
        // What cannot be read is a fault like any other; the next ones are still looked at.
        if let Err(error) = read(reader, from..=until, &mut together, &mut part.faults) {
            part.faults.add(error.to_string());
        }
        if deep {
            check_deep(&together, world, &mut part.faults);
        }
        for (position, row, what) in together {
            let previous = match &what {
                What::Envelope(envelope) => {
                    let same = envelope.hash() == row.envelope
                        && envelope.kiosk().as_str() == row.kiosk
                        && envelope.sequence().get() == row.sequence;
                    if !same {
                        part.faults.add(format!("record {position} is not the one in its envelope"));
                    }
                    envelope.previous()
                }
                What::Tombstone(previous) => *previous,
            };
            part.forgotten += u64::from(matches!(what, What::Tombstone(_)));
            part.days.extend(row.day);
            let known = known_kiosks.get(&row.kiosk).copied();
            let Some(kiosk) = known.or_else(|| part.number(&row.kiosk)) else {
                part.faults.add(format!("record {position} names no kiosk"));
                continue;
            };
            known_kiosks.entry(row.kiosk).or_insert(kiosk);
            if let Some((_, records)) = part.kiosks.get_mut(kiosk as usize) {
                *records += 1;
            }
            part.links.push(Link { position, kiosk, sequence: row.sequence, envelope: row.envelope, previous });
        }
        from = until + 1;
    }
    part
}

/// Reads records and their envelopes side by side.
fn read(
    reader: &Reader,
    positions: RangeInclusive<u64>,
    together: &mut Vec<(u64, Row, What)>,
    faults: &mut Faults,
) -> Result<(), LogError> {
    let mut rows = Vec::new();
    reader.each_row::<LogError>(positions.clone(), |row| {
        if reader.find(&row.record_id)? != Some(row.position) {
            faults.add(format!("record {} is not where the index of record ids says", row.position));
        }
        rows.push(Row::of(&row));
        Ok(())
    })?;
    let mut rows = rows.into_iter();
    reader.each_envelope::<LogError>(positions, |position, payload| {
        let Some(row) = rows.next() else {
            faults.add(format!("record {position} is not there"));
            return Ok(());
        };
        // Either both are gone and a tombstone stands for them, or neither is; that there are no other tombstones is counted.
        if payload.is_empty() {
            match reader.tombstone(position)? {
                Some(tombstone) if row.json.is_empty() == (tombstone.gone == Gone::Everything) => {
                    together.push((position, row, What::Tombstone(tombstone.previous)));
                }
                Some(_) => faults.add(format!("record {position} is not what its tombstone says")),
                None => faults.add(format!("record {position} is empty and has no tombstone")),
            }
            return Ok(());
        }
        match Envelope::read(&payload) {
            Ok(envelope) if !row.json.is_empty() => {
                together.push((position, row, What::Envelope(Box::new(envelope))));
            }
            _ => faults.add(format!("the envelope of record {position} cannot be read")),
        }
        Ok(())
    })
}

impl Row {
    fn of(row: &OpenedRow<'_>) -> Self {
        Self {
            kiosk: row.kiosk.to_owned(),
            sequence: row.sequence,
            envelope: row.envelope,
            json: row.json.to_vec(),
            day: row.day.date(),
            held: (row.evidence, row.received),
        }
    }
}

/// Signatures, seals and days again.
fn check_deep(rows: &[(u64, Row, What)], world: &World, faults: &mut Faults) {
    let there = rows.iter().filter_map(|(position, row, what)| match what {
        What::Envelope(envelope) => Some((position, row, envelope)),
        What::Tombstone(_) => None,
    });
    let rows: Vec<_> = there.collect();
    let kiosks: Vec<_> = rows.iter().map(|(_, _, envelope)| world.registry.get(envelope.kiosk())).collect();
    let present: Vec<_> = kiosks.iter().flatten().map(|kiosk| kiosk.signing_key).collect();
    let messages: Vec<&[u8]> = rows.iter().map(|(_, _, envelope)| envelope.signing_input()).collect();
    let signatures: Vec<_> = rows.iter().map(|(_, _, envelope)| *envelope.signature()).collect();
    let all = present.len() == rows.len() && VerifyingKey::verifies_all(&messages, &signatures, &present);
    for ((position, row, envelope), kiosk) in rows.iter().zip(kiosks) {
        let signed = all
            || kiosk.is_some_and(|kiosk| {
                // A key that has been replaced since was the kiosk's when the record came.
                let mut keys = std::iter::once(&kiosk.signing_key).chain(&kiosk.retired_keys);
                keys.any(|key| envelope.is_signed_by(key))
            });
        if !signed {
            faults.add(format!("the envelope of record {position} is not signed by kiosk {}", row.kiosk));
        }
        let key = world.open_keys.iter().find(|key| key.seal_key().key_id() == *envelope.key_id());
        let opened = key.and_then(|key| envelope.open_bytes(key).ok());
        match opened {
            None => faults.add(format!("the envelope of record {position} does not open")),
            Some(json) if json != row.json => {
                faults.add(format!("record {position} is not what its envelope holds"));
            }
            Some(json) => {
                let (evidence, received) = row.held;
                let again = serde_json::from_slice::<Record>(&json)
                    .ok()
                    .and_then(|record| day::decide(&record.clock, received, &world.calendar).ok());
                if again.is_none_or(|(day, why)| Some(day) != row.day || why != evidence) {
                    faults.add(format!("record {position} would be given another day now"));
                }
            }
        }
    }
}
