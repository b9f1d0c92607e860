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

/// Where every record stands in its kiosk's chain.
#[derive(Debug, Default)]
pub(super) struct Links {
    by_position: Vec<Link>,
    kiosks: BTreeMap<KioskId, u64>,
    days: BTreeSet<Date>,
    forgotten: u64,
}

/// A record's place in a chain.
#[derive(Debug, Clone)]
pub(super) struct Link {
    position: u64,
    pub(super) kiosk: KioskId,
    pub(super) sequence: u64,
    pub(super) envelope: Hash,
    pub(super) previous: Hash,
}

impl Links {
    pub(super) fn at(&self, position: u64) -> Option<&Link> {
        // One that could not be read is missing here, so the place in the list is not the position.
        let place = self.by_position.binary_search_by_key(&position, |link| link.position).ok()?;
        self.by_position.get(place)
    }

    pub(super) fn count(&self) -> u64 {
        self.by_position.len() as u64
    }

    /// Every kiosk that has records, and how many.
    pub(super) fn kiosks(&self) -> &BTreeMap<KioskId, u64> {
        &self.kiosks
    }

    /// How many of them were forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn days(&self) -> &BTreeSet<Date> {
        &self.days
    }
}

/// What one thread found in its span.
#[derive(Default)]
struct Part {
    links: Vec<Link>,
    days: BTreeSet<Date>,
    forgotten: u64,
    faults: Faults,
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
        let part = part.ok_or_else(|| LogError::Store("reading the log panicked".to_owned()))?;
        faults.absorb(part.faults);
        links.days.extend(part.days);
        links.forgotten += part.forgotten;
        for link in part.links {
            running = run_on(&running, &link.envelope);
            match links.kiosks.get_mut(&link.kiosk) {
                Some(count) => *count += 1,
                None => drop(links.kiosks.insert(link.kiosk.clone(), 1)),
            }
            links.by_position.push(link);
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
    let mut known_kiosks: HashMap<String, KioskId> = HashMap::new();
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
            let known = known_kiosks.get(&row.kiosk).cloned();
            let Some(kiosk) = known.or_else(|| KioskId::new(row.kiosk.as_str()).ok()) else {
                part.faults.add(format!("record {position} names no kiosk"));
                continue;
            };
            known_kiosks.entry(row.kiosk).or_insert_with(|| kiosk.clone());
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
