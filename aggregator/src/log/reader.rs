//! Reading the log: on any thread, while it is being written, and only what is on the disk.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::id::{KioskId, RecordId, Sequence};
use wardvoice_protocol::receipt::Reason;
use wardvoice_protocol::record::Record;

use super::block;
use super::forget::{self, Tombstone};
use super::keys::{self, Family};
use super::quarantine::{self, Refused, Source};
use super::row::{self, Meta, OpenedRow, decode_envelope, decode_opened};
use super::{Committed, Head, LogError, Seen, Shared, Slot, StoredRecord};

/// Reads the log.
#[derive(Clone)]
pub struct Reader {
    pub(super) shared: Arc<Shared>,
}

/// Numbers of a kiosk's chain that nothing has come for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first missing number.
    pub first: u64,
    /// The last missing number.
    pub last: u64,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The last position that is on the disk, 0 when there is none.
    pub fn position(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }

    /// The last position and the running hash up to it, as the store says.
    pub fn end(&self) -> Result<Committed, LogError> {
        let meta = self.meta()?;
        Ok(Committed { position: meta.position, running: meta.running })
    }

    /// How many envelopes are in the quarantine.
    pub fn quarantined(&self) -> Result<u64, LogError> {
        Ok(self.meta()?.quarantined)
    }

    /// The local day on which the last record came, none in an empty log.
    pub fn last_arrival_day(&self) -> Result<Option<Date>, LogError> {
        Ok(self.row(self.position(), |row| Ok(row.arrival_day.date()))?.flatten())
    }

    /// Whether writing has stopped for good, and why.
    pub fn poisoned(&self) -> Option<String> {
        self.shared.check().err().map(|error| error.to_string())
    }

    /// Of how many records nothing is left but their places.
    pub fn gone(&self) -> u64 {
        self.shared.gone.load(Ordering::Acquire)
    }

    /// How often records were forgotten or reduced. Whoever keeps something that was made of records makes it anew when this is another.
    pub fn forgotten(&self) -> u64 {
        self.shared.forgotten.load(Ordering::Acquire)
    }

    /// What stays of every record that was forgotten, with its position, in order.
    pub fn tombstones(&self) -> impl Iterator<Item = Result<(u64, Tombstone), LogError>> + use<> {
        forget::all(&self.shared.store)
    }

    /// What stays of a record, when it was forgotten.
    pub fn tombstone(&self, position: u64) -> Result<Option<Tombstone>, LogError> {
        forget::get(&self.shared.store, position)
    }

    /// Whether a position has its row and its envelope, or what stays of them.
    pub(super) fn holds(&self, position: u64) -> Result<bool, LogError> {
        let row = self.row(position, |_| Ok(()))?;
        Ok(row.is_some() && self.envelope(position)?.is_some())
    }

    /// Shows one opened record, if there is one at the position.
    pub fn row<R>(
        &self,
        position: u64,
        see: impl FnOnce(OpenedRow<'_>) -> Result<R, LogError>,
    ) -> Result<Option<R>, LogError> {
        if position > self.position() {
            return Ok(None);
        }
        let Some(block) = block::find(&self.shared.store, Family::Opened, position)? else { return Ok(None) };
        let row = block.rows().find(|(number, _)| *number == position);
        row.map(|(number, bytes)| see(opened(number, bytes)?)).transpose()
    }

    /// One record; none where it was forgotten.
    pub fn record(&self, position: u64) -> Result<Option<StoredRecord>, LogError> {
        Ok(self.row(position, |row| stored(&row))?.flatten())
    }

    /// The position of a record id.
    pub fn find(&self, id: &RecordId) -> Result<Option<u64>, LogError> {
        Ok(self.shared.position_of(id)?.filter(|position| *position <= self.position()))
    }

    /// The records on the disk whose ids were made from these random bytes, whatever the hour, as those with a withdrawal code are. Looks
    /// at the whole index: a kiosk's clock may have been wrong by years.
    pub fn made_of(&self, random: [u8; 10]) -> Result<Vec<RecordId>, LogError> {
        let (from, until) = keys::all_ids();
        let mut found = Vec::new();
        for entry in self.shared.store.range(&from, &until) {
            let (key, _) = entry?;
            let record = keys::record_of(&key).ok_or_else(|| LogError::Unreadable(keys::describe(&key)))?;
            if record.is_made_of(random) && self.find(&record)?.is_some() {
                found.push(record);
            }
        }
        Ok(found)
    }

    /// The records from a position on, in order, up to the last one that is on the disk now. Those that were forgotten are passed over.
    pub fn records(
        &self,
        from: u64,
    ) -> Result<impl Iterator<Item = Result<StoredRecord, LogError>> + use<>, LogError> {
        let last = self.position();
        let blocks = block::scan(&self.shared.store, Family::Opened, from)?;
        let records = blocks.flat_map(move |block| match block {
            Ok(block) => {
                let rows = block.rows().filter(|(number, _)| (from..=last).contains(number));
                rows.filter_map(|(number, bytes)| opened(number, bytes).and_then(|row| stored(&row)).transpose())
                    .collect()
            }
            Err(error) => vec![Err(error)],
        });
        Ok(records)
    }

    /// Shows every opened record of a span of positions without copying it. Fails when one is missing.
    pub fn each_row<E: From<LogError>>(
        &self,
        positions: RangeInclusive<u64>,
        mut see: impl FnMut(OpenedRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each(Family::Opened, positions, |number, bytes| see(opened(number, bytes)?))
    }

    /// Shows every envelope of a span of positions as it was received, and nothing where it was forgotten. Fails when one is missing.
    pub fn each_envelope<E: From<LogError>>(
        &self,
        positions: RangeInclusive<u64>,
        mut see: impl FnMut(u64, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each(Family::Envelopes, positions, |number, bytes| see(number, received(number, bytes)?))
    }

    /// One envelope as it was received; no bytes where it was forgotten.
    pub fn envelope(&self, position: u64) -> Result<Option<Vec<u8>>, LogError> {
        if position > self.position() {
            return Ok(None);
        }
        let Some(block) = block::find(&self.shared.store, Family::Envelopes, position)? else { return Ok(None) };
        let row = block.rows().find(|(number, _)| *number == position);
        row.map(|(number, bytes)| received(number, bytes)).transpose()
    }

    /// Where every kiosk's chain stands.
    pub fn heads(&self) -> Result<BTreeMap<KioskId, Head>, LogError> {
        self.of_kiosks(&keys::head, row::decode_head)
    }

    /// How much of the quarantine every source uses.
    pub fn sources(&self) -> Result<BTreeMap<KioskId, Source>, LogError> {
        self.of_kiosks(&keys::source, row::decode_source)
    }

    /// Whether forks are counted for every source.
    pub(super) fn counts_forks(&self) -> Result<bool, LogError> {
        let counted = self.of_kiosks(&keys::source, |bytes| Some(row::counts_forks(bytes)))?;
        Ok(counted.values().all(|counted| *counted))
    }

    /// The newest envelope of a source in the quarantine that has a number of the chain which another envelope holds.
    pub fn last_fork(&self, kiosk: &KioskId, source: &Source) -> Result<Option<Refused>, LogError> {
        if source.forked == 0 {
            return Ok(None);
        }
        let is_one = |entry: &Refused| entry.reason == Reason::ForkedChain && entry.kiosk == *kiosk;
        let newest = self.refused(source.last_forked)?;
        if newest.as_ref().is_some_and(is_one) {
            return Ok(newest);
        }
        // It was taken in, or judged otherwise, since: which one is the newest now has to be looked for.
        let mut last = None;
        for entry in self.quarantine(0)? {
            let entry = entry?;
            if is_one(&entry) {
                last = Some(entry);
            }
        }
        Ok(last)
    }

    /// The numbers of a kiosk's chain that are in use, in order, with who holds them.
    pub fn chain(&self, kiosk: &KioskId) -> impl Iterator<Item = Result<(Sequence, Slot), LogError>> + use<> {
        let entries = self.shared.store.range(&keys::slot(kiosk, 0), &keys::slot(kiosk, u64::MAX));
        entries.map(|entry| {
            let (key, value) = entry?;
            let sequence = keys::sequence_of(&key).and_then(Sequence::new);
            sequence.zip(row::decode_slot(&value)).ok_or_else(|| LogError::Unreadable(keys::describe(&key)))
        })
    }

    /// The numbers below the highest that nothing has come for.
    pub fn gaps(&self, kiosk: &KioskId) -> Result<Vec<Gap>, LogError> {
        let mut gaps = Vec::new();
        let mut next = 1;
        for slot in self.chain(kiosk) {
            let (sequence, slot) = slot?;
            if matches!(slot.holder, super::Holder::Refused { linked: false, .. }) {
                continue;
            }
            if sequence.get() > next {
                gaps.push(Gap { first: next, last: sequence.get() - 1 });
            }
            next = sequence.get() + 1;
        }
        Ok(gaps)
    }

    /// The same of every kiosk that sent anything. A chain of which every number is held has no gap, and is not walked to find that out.
    pub fn missing(&self) -> Result<Vec<(KioskId, Vec<Gap>)>, LogError> {
        let of = |(kiosk, head): (KioskId, Head)| {
            let gaps = if head.is_whole() { Vec::new() } else { self.gaps(&kiosk)? };
            Ok((kiosk, gaps))
        };
        self.heads()?.into_iter().map(of).collect()
    }

    /// The quarantine from a number on, in order.
    pub fn quarantine(
        &self,
        from: u64,
    ) -> Result<impl Iterator<Item = Result<Refused, LogError>> + use<>, LogError> {
        quarantine::all(&self.shared.store, from)
    }

    /// One entry of the quarantine.
    pub fn refused(&self, number: u64) -> Result<Option<Refused>, LogError> {
        quarantine::get(&self.shared.store, number)
    }

    /// The position and record id of every request for help, in order.
    pub fn requests(&self) -> Result<Vec<(u64, RecordId)>, LogError> {
        let entries = self.shared.store.range(&keys::request(0), &keys::request(u64::MAX));
        let read = entries.map(|entry| {
            let (key, value) = entry?;
            let record = (*value).try_into().ok().and_then(RecordId::from_bytes);
            keys::request_position(&key).zip(record).ok_or_else(|| LogError::Unreadable(keys::describe(&key)))
        });
        read.collect()
    }

    /// Who has seen a request for help, and when.
    pub fn seen(&self, record: &RecordId) -> Result<Option<Seen>, LogError> {
        self.shared.seen(record)
    }

    pub(super) fn each<E: From<LogError>>(
        &self,
        family: Family,
        positions: RangeInclusive<u64>,
        mut see: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut next, last) = (*positions.start(), *positions.end());
        let missing = |position: u64| LogError::Unreadable(keys::describe(&family.part(position, 0)));
        for block in block::scan(&self.shared.store, family, next)? {
            let block = block?;
            if next > last {
                break;
            }
            for (number, bytes) in block.rows() {
                if number < next || number > last {
                    continue;
                }
                if number > next {
                    break;
                }
                see(number, bytes)?;
                next = number + 1;
            }
            if next <= last && next < block.end() {
                return Err(missing(next).into());
            }
        }
        if next <= last { Err(missing(next).into()) } else { Ok(()) }
    }

    fn of_kiosks<T>(
        &self,
        key: &dyn Fn(&KioskId) -> Vec<u8>,
        decode: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<BTreeMap<KioskId, T>, LogError> {
        let Ok(any) = KioskId::new("any") else { return Ok(BTreeMap::new()) };
        let (from, until) = keys::all_of_kind(&key(&any));
        let entries = self.shared.store.range(&from, &until).map(|entry| {
            let (key, value) = entry?;
            let entry = keys::kiosk_of(&key).zip(decode(&value));
            entry.ok_or_else(|| LogError::Unreadable(keys::describe(&key)))
        });
        entries.collect()
    }

    fn meta(&self) -> Result<Meta, LogError> {
        self.shared.meta().map(|meta| meta.unwrap_or(Meta::EMPTY))
    }
}

impl Shared {
    pub(super) fn slot(&self, kiosk: &KioskId, sequence: u64) -> Result<Option<Slot>, LogError> {
        let key = keys::slot(kiosk, sequence);
        let Some(value) = self.store.get(&key)? else { return Ok(None) };
        row::decode_slot(&value).map(Some).ok_or_else(|| LogError::Unreadable(keys::describe(&key)))
    }

    pub(super) fn position_of(&self, id: &RecordId) -> Result<Option<u64>, LogError> {
        self.number(&keys::id(id))
    }

    pub(super) fn is_request(&self, position: u64) -> Result<bool, LogError> {
        Ok(self.store.get(&keys::request(position))?.is_some())
    }

    pub(super) fn seen(&self, record: &RecordId) -> Result<Option<Seen>, LogError> {
        let key = keys::seen(record);
        let Some(value) = self.store.get(&key)? else { return Ok(None) };
        row::decode_seen(&value).map(Some).ok_or_else(|| LogError::Unreadable(keys::describe(&key)))
    }

    pub(super) fn by_fingerprint(&self, fingerprint: &[u8; 16]) -> Result<Option<u64>, LogError> {
        self.number(&keys::fingerprint(fingerprint))
    }

    pub(super) fn meta(&self) -> Result<Option<Meta>, LogError> {
        let Some(value) = self.store.get(keys::META)? else { return Ok(None) };
        Meta::decode(&value).map(Some).ok_or_else(|| LogError::Unreadable(keys::describe(keys::META)))
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, LogError> {
        let Some(value) = self.store.get(key)? else { return Ok(None) };
        let number = value.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        number.map(Some).ok_or_else(|| LogError::Unreadable(keys::describe(key)))
    }
}

fn opened(position: u64, bytes: &[u8]) -> Result<OpenedRow<'_>, LogError> {
    decode_opened(position, bytes).ok_or_else(|| LogError::Unreadable(format!("the opened record {position}")))
}

fn received(position: u64, bytes: &[u8]) -> Result<Vec<u8>, LogError> {
    decode_envelope(bytes).ok_or_else(|| LogError::Unreadable(format!("the envelope {position}")))
}

fn stored(row: &OpenedRow<'_>) -> Result<Option<StoredRecord>, LogError> {
    if row.is_forgotten() {
        return Ok(None);
    }
    let read = || {
        Some(StoredRecord {
            position: row.position,
            kiosk: row::kiosk_id(row.kiosk)?,
            sequence: Sequence::new(row.sequence)?,
            record_id: row.record_id,
            envelope: row.envelope,
            received: row.received,
            day: row.day.date()?,
            arrival_day: row.arrival_day.date()?,
            evidence: row.evidence,
            record: serde_json::from_slice::<Record>(row.json).ok()?,
        })
    };
    read().map(Some).ok_or_else(|| LogError::Unreadable(format!("the opened record {}", row.position)))
}
