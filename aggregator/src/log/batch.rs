//! A batch: what the writer has decided and not yet promised.
//!
//! It is asked before the log is, so that the second of two copies in one batch is seen as well as one that came a year
//! ago. Dropping it leaves no trace.

use std::collections::{BTreeMap, HashMap};

use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{Hash, KioskId, RecordId};
use wardvoice_protocol::receipt::Reason;

use super::block::{Blocks, parts};
use super::forget::{Gone, Left, Rewritten, Tombstone};
use super::keys::{self, Family};
use super::quarantine::{self, MAX_ENTRIES, MAX_SOURCE_BYTES, MAX_SOURCE_ENTRIES, NewRefusal, Refused, Source};
use super::row::{self, Meta, OpenedRow, encode_opened, run_on};
use super::{Head, Holder, Log, LogError, Seen, Slot, Writes};

/// A record to be appended.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// The kiosk.
    pub kiosk: &'a KioskId,
    /// The record as it will stand in the log; its position is given by the batch.
    pub row: OpenedRow<'a>,
    /// The envelope as `encode_envelope` wrote it.
    pub envelope: &'a [u8],
    /// The hash its predecessor must have, when that one is not there to be asked.
    pub waits_for: Option<Hash>,
    /// Whether it is a request for help.
    pub asks_for_help: bool,
}

/// One promise in the making.
pub struct Batch {
    meta: Meta,
    opened: Blocks,
    envelopes: Blocks,
    slots: HashMap<(KioskId, u64), Slot>,
    ids: HashMap<RecordId, u64>,
    heads: HashMap<KioskId, Head>,
    sources: HashMap<KioskId, Source>,
    fingerprints: HashMap<[u8; 16], u64>,
    refused: BTreeMap<u64, Refused>,
    released: Vec<(Refused, [u8; 16])>,
    restated: Vec<Refused>,
    requests: BTreeMap<u64, RecordId>,
    seen: BTreeMap<RecordId, Seen>,
    rewritten: Rewritten,
    tombstones: BTreeMap<u64, Tombstone>,
    changed: bool,
}

pub(super) struct Parts {
    pub(super) writes: Writes,
    pub(super) meta: Meta,
    pub(super) heads: HashMap<KioskId, Head>,
    pub(super) sources: HashMap<KioskId, Source>,
    pub(super) forgotten: u64,
    pub(super) gone: u64,
}

impl Batch {
    pub(super) fn new(log: &Log) -> Self {
        Self {
            meta: log.meta,
            opened: Blocks::new(Family::Opened),
            envelopes: Blocks::new(Family::Envelopes),
            slots: HashMap::new(),
            ids: HashMap::new(),
            heads: HashMap::new(),
            sources: HashMap::new(),
            fingerprints: HashMap::new(),
            refused: BTreeMap::new(),
            released: Vec::new(),
            restated: Vec::new(),
            requests: BTreeMap::new(),
            seen: BTreeMap::new(),
            rewritten: Rewritten::default(),
            tombstones: BTreeMap::new(),
            changed: false,
        }
    }

    /// Whether there is nothing to promise.
    pub fn is_empty(&self) -> bool {
        !self.changed
    }

    /// Where a kiosk's chain stands with this batch.
    pub fn head(&self, log: &Log, kiosk: &KioskId) -> Head {
        self.heads.get(kiosk).copied().unwrap_or_else(|| log.head(kiosk))
    }

    /// Who holds a number of a kiosk's chain.
    pub fn slot(&self, log: &Log, kiosk: &KioskId, sequence: u64) -> Result<Option<Slot>, LogError> {
        let head = self.head(log, kiosk);
        if sequence > head.highest && head.unlinked == 0 {
            return Ok(None);
        }
        // The envelope before the next one is asked for all the time; no need to go to the store for it.
        match self.slots.get(&(kiosk.clone(), sequence)) {
            Some(slot) => Ok(Some(*slot)),
            None => log.shared.slot(kiosk, sequence),
        }
    }

    /// The position of a record id.
    pub fn position_of(&self, log: &Log, id: &RecordId) -> Result<Option<u64>, LogError> {
        match self.ids.get(id) {
            Some(position) => Ok(Some(*position)),
            None => log.shared.position_of(id),
        }
    }

    /// An entry of the quarantine.
    pub fn refused(&self, log: &Log, number: u64) -> Result<Option<Refused>, LogError> {
        match self.refused.get(&number) {
            Some(refused) => Ok(Some(refused.clone())),
            None => quarantine::get(&log.shared.store, number),
        }
    }

    /// Appends a record and returns its position. The caller has made sure that its id is not in use and that its slot
    /// is free, or holds an entry of the quarantine that gives way.
    pub fn append(&mut self, log: &Log, new: NewRecord<'_>) -> Result<u64, LogError> {
        let sequence = new.row.sequence;
        let before = self.slot(log, new.kiosk, sequence)?;
        let position = self.meta.position + 1;
        let row = OpenedRow { position, ..new.row };
        self.opened.push(position, &encode_opened(&row));
        self.envelopes.push(position, new.envelope);
        self.ids.insert(row.record_id, position);
        if new.asks_for_help {
            self.requests.insert(position, row.record_id);
        }
        if self.meta.requests_to + 1 == position {
            self.meta.requests_to = position;
        }
        self.meta.position = position;
        self.meta.running = run_on(&self.meta.running, &row.envelope);
        let slot = Slot { hash: row.envelope, holder: Holder::Stored(position), waits_for: new.waits_for };
        self.take_slot(log, new.kiosk, sequence, before, slot);
        self.changed = true;
        Ok(position)
    }

    /// Notes that somebody has seen a request for help. The first acknowledgement stays; what stands is returned, with whether
    /// it is this one. `None` when the record is not a request for help.
    pub fn acknowledge(
        &mut self,
        log: &Log,
        record: RecordId,
        seen: Seen,
    ) -> Result<Option<(Seen, bool)>, LogError> {
        let Some(position) = self.position_of(log, &record)? else { return Ok(None) };
        if !self.requests.contains_key(&position) && !log.shared.is_request(position)? {
            return Ok(None);
        }
        let known = match self.seen.get(&record) {
            Some(known) => Some(known.clone()),
            None => log.shared.seen(&record)?,
        };
        if let Some(known) = known {
            return Ok(Some((known, false)));
        }
        self.seen.insert(record, seen.clone());
        self.changed = true;
        Ok(Some((seen, true)))
    }

    /// Takes what a committed record held out of the log for good, but for what is left of it; a tombstone stays. Whether anything went.
    pub fn forget(&mut self, log: &Log, position: u64, left: &Left, on: DayNumber) -> Result<bool, LogError> {
        let Some(tombstone) = self.rewritten.forget(&log.shared.store, position, left, on)? else {
            return Ok(false);
        };
        self.tombstones.insert(position, tombstone);
        self.changed = true;
        Ok(true)
    }

    /// Says what stays of a record that was appended without anything in it, as another log had it.
    pub(super) fn bury(&mut self, position: u64, tombstone: Tombstone) {
        self.tombstones.insert(position, tombstone);
        self.changed = true;
    }

    /// Gives the requests for help among records that were stored before there were keys for them their keys.
    pub(super) fn note_requests(&mut self, requests: BTreeMap<u64, RecordId>, to: u64) {
        self.requests.extend(requests);
        self.meta.requests_to = to;
        self.changed = true;
    }

    /// Says of every source how many of its entries are forks and which is the newest, where a program from before did not.
    pub(super) fn note_forks(&mut self, log: &Log, forks: &HashMap<KioskId, (u64, u64)>) {
        for (kiosk, source) in &log.sources {
            let (forked, last_forked) = forks.get(kiosk).copied().unwrap_or_default();
            self.sources.insert(kiosk.clone(), Source { forked, last_forked, ..*source });
        }
        self.changed = true;
    }

    /// Puts an envelope into the quarantine, unless its source's share is full: then it is only counted and `None` is
    /// returned. The same bytes from the same source are kept once. `whole` of the entry says whether all of it is kept.
    pub fn quarantine(&mut self, log: &Log, new: NewRefusal) -> Result<Option<Refused>, LogError> {
        let fingerprint = new.fingerprint();
        let known = match self.fingerprints.get(&fingerprint) {
            Some(number) => Some(*number),
            None => log.shared.by_fingerprint(&fingerprint)?,
        };
        if let Some(number) = known
            && let Some(refused) = self.refused(log, number)?
        {
            return Ok(Some(refused));
        }
        let source = self.source(log, &new.kiosk);
        let full = source.entries >= MAX_SOURCE_ENTRIES
            || source.bytes.saturating_add(new.payload.len() as u64) > MAX_SOURCE_BYTES
            || self.meta.quarantined >= MAX_ENTRIES;
        if full {
            // Only what has entries is worth a line of its own; the count goes to the disk with the next promise.
            if source.entries > 0 {
                self.sources.insert(new.kiosk, Source { dropped: source.dropped + 1, ..source });
            }
            return Ok(None);
        }
        let number = self.meta.last_refused + 1;
        let refused = new.numbered(number);
        self.sources.insert(refused.kiosk.clone(), source.with(&refused));
        self.meta.last_refused = number;
        self.meta.quarantined += 1;
        self.fingerprints.insert(fingerprint, number);
        self.refused.insert(number, refused.clone());
        self.changed = true;
        Ok(Some(refused))
    }

    /// Says of an entry of this batch, copied from another log, that its payload was too large to be kept whole.
    pub(super) fn keep_glimpse(&mut self, number: u64, bytes: u64) {
        if let Some(refused) = self.refused.get_mut(&number) {
            (refused.bytes, refused.whole) = (bytes, false);
        }
    }

    /// Lets a quarantined envelope hold its number of the chain, so that the next one finds what it is linked to.
    pub fn hold_slot(&mut self, log: &Log, kiosk: &KioskId, sequence: u64, slot: Slot) -> Result<(), LogError> {
        let before = self.slot(log, kiosk, sequence)?;
        self.take_slot(log, kiosk, sequence, before, slot);
        self.changed = true;
        Ok(())
    }

    /// Replaces the reason of an entry that was replayed and refused again.
    pub fn restate(&mut self, log: &Log, before: Refused, reason: Reason, detail: String) {
        let now = Refused { reason, detail, ..before.clone() };
        let share = self.source(log, &now.kiosk).without(&before).with(&now);
        self.sources.insert(now.kiosk.clone(), share);
        self.refused.insert(now.number, now);
        self.restated.push(before);
        self.changed = true;
    }

    /// Takes an entry out of the quarantine, because it became a record or was one already.
    pub fn release(&mut self, log: &Log, refused: Refused) {
        let share = self.source(log, &refused.kiosk).without(&refused);
        self.sources.insert(refused.kiosk.clone(), share);
        self.meta.quarantined = self.meta.quarantined.saturating_sub(1);
        self.refused.remove(&refused.number);
        let whole = NewRefusal {
            kiosk: refused.kiosk.clone(),
            received: refused.received,
            reason: refused.reason,
            detail: String::new(),
            envelope: refused.envelope,
            record: refused.record,
            sequence: refused.sequence,
            payload: refused.payload.clone(),
        };
        self.released.push((refused, whole.fingerprint()));
        self.changed = true;
    }

    pub(super) fn into_sources(self) -> HashMap<KioskId, Source> {
        self.sources
    }

    fn source(&self, log: &Log, kiosk: &KioskId) -> Source {
        self.sources.get(kiosk).or_else(|| log.sources.get(kiosk)).copied().unwrap_or_default()
    }

    fn take_slot(&mut self, log: &Log, kiosk: &KioskId, sequence: u64, before: Option<Slot>, slot: Slot) {
        let mut head = self.head(log, kiosk);
        match before.map(|slot| slot.holder) {
            Some(Holder::Refused { linked: true, .. }) => head.refused = head.refused.saturating_sub(1),
            Some(Holder::Refused { linked: false, .. }) => head.unlinked = head.unlinked.saturating_sub(1),
            Some(Holder::Stored(_)) | None => {}
        }
        let linked = match slot.holder {
            Holder::Stored(_) => {
                head.stored += 1;
                true
            }
            Holder::Refused { linked: true, .. } => {
                head.refused += 1;
                true
            }
            Holder::Refused { linked: false, .. } => {
                head.unlinked += 1;
                false
            }
        };
        if linked && sequence >= head.highest {
            head.highest = sequence;
            head.hash = slot.hash;
        }
        self.heads.insert(kiosk.clone(), head);
        self.slots.insert((kiosk.clone(), sequence), slot);
    }

    pub(super) fn into_parts(mut self, commits: u64) -> Parts {
        self.meta.commits = commits;
        let mut writes = Writes::default();
        self.opened.write(&mut writes);
        self.envelopes.write(&mut writes);
        for (id, position) in &self.ids {
            writes.put(&keys::id(id), &position.to_le_bytes());
        }
        for ((kiosk, sequence), slot) in &self.slots {
            writes.put(&keys::slot(kiosk, *sequence), &row::encode_slot(slot));
        }
        for (kiosk, head) in &self.heads {
            writes.put(&keys::head(kiosk), &row::encode_head(head));
        }
        for (kiosk, source) in &self.sources {
            writes.put(&keys::source(kiosk), &row::encode_source(source));
        }
        // A later write of a key in one batch takes the place of an earlier one, so what is replaced goes first.
        for refused in self.restated.iter().chain(self.released.iter().map(|(refused, _)| refused)) {
            for (key, _) in parts(Family::Quarantine, refused.number, 1, &refused.encode()) {
                writes.delete(&key);
            }
        }
        for (_, fingerprint) in &self.released {
            writes.delete(&keys::fingerprint(fingerprint));
        }
        for (number, refused) in &self.refused {
            for (key, value) in parts(Family::Quarantine, *number, 1, &refused.encode()) {
                writes.put(&key, &value);
            }
        }
        for (fingerprint, number) in &self.fingerprints {
            if self.refused.contains_key(number) {
                writes.put(&keys::fingerprint(fingerprint), &number.to_le_bytes());
            }
        }
        for (position, record) in &self.requests {
            writes.put(&keys::request(*position), record.as_bytes());
        }
        for (record, seen) in &self.seen {
            writes.put(&keys::seen(record), &row::encode_seen(seen));
        }
        self.rewritten.write(&mut writes);
        for (position, tombstone) in &self.tombstones {
            writes.put(&keys::tombstone(*position), &tombstone.encode());
        }
        writes.put(keys::META, &self.meta.encode());
        let forgotten = self.tombstones.len() as u64;
        let gone = self.tombstones.values().filter(|tombstone| tombstone.gone == Gone::Everything).count() as u64;
        Parts { writes, meta: self.meta, heads: self.heads, sources: self.sources, forgotten, gone }
    }
}
