//! The writer: decides what only the log can tell, and makes it durable. One in the world, on one thread.
//!
//! For an envelope whose signature is the kiosk's, the log and the batch in the making are asked who holds its number:
//!
//! | the number is held by | verdict |
//! |---|---|
//! | this envelope, as a record | `accepted` for the last 65,536, else `duplicate` |
//! | this envelope, refused | the same refusal again |
//! | another envelope with this record id | `conflict` |
//! | another envelope | `forked_chain`; but one that broke the chain gives way to one that does not |
//! | nobody, and a neighbour is there whose hash does not fit | `broken_chain` |
//! | nobody, and the record id is stored elsewhere | `conflict` |
//! | nobody | what the judge said |
//!
//! Arrival order means nothing: an envelope whose predecessor is missing is taken and remembers which hash it waits for,
//! so the gap is visible and only the right envelope fills it. A refused envelope holds its number, so that the next one
//! is not refused for being linked to it.

use std::collections::BTreeSet;

use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{Hash, KioskId, RecordId, Sequence, WardId};
use wardvoice_protocol::receipt::{Decision, Reason, Refusal, Verdict};

use super::Judged;
use super::judge::Opened;
use super::recent::Recent;
use crate::facts::Fact;
use crate::help::Request;
use crate::killpoint::die;
use crate::log::{
    Batch, Committed, Holder, Left, Log, LogError, NewRecord, NewRefusal, OpenedRow, Reader, Refused, Seen, Slot,
};

/// Decides and commits.
pub struct Writer {
    log: Log,
    batch: Batch,
    recent: Recent,
}

/// What became of an arrival, to be told once the batch is committed.
#[derive(Debug, Clone)]
pub struct Decided {
    /// What the kiosk is told.
    pub verdict: Verdict,
    /// The record that is new in the log, if one is.
    pub stored: Option<Stored>,
}

/// A record that is new in the log.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its position.
    pub position: u64,
    /// The ward it is about.
    pub ward: WardId,
    /// Its fact, when it is a contact.
    pub fact: Option<Fact>,
    /// What is asked for, when it is a request for help.
    pub request: Option<Request>,
}

/// How an envelope fits its neighbours in the chain.
enum Link {
    /// It fits those that are there; the hash is that of the missing one before it.
    Fits { waits_for: Option<Hash> },
    /// It does not fit one that is there.
    Broken,
}

/// An envelope's place.
struct Place<'a> {
    kiosk: &'a KioskId,
    sequence: Sequence,
    previous: Hash,
}

impl Writer {
    /// A writer for a log.
    pub fn new(log: Log) -> Self {
        Self { batch: log.begin(), log, recent: Recent::default() }
    }

    /// A reader of the log.
    pub fn reader(&self) -> Reader {
        self.log.reader()
    }

    /// Decides about an arrival. Nothing is durable, and nothing may be told, before [`Writer::commit`].
    pub fn decide(&mut self, judged: Judged) -> Result<Decided, LogError> {
        self.decide_for(judged, None)
    }

    /// Decides again about an entry of the quarantine, judged anew.
    pub fn replay(&mut self, judged: Judged, number: u64) -> Result<Decided, LogError> {
        let entry = self.batch.refused(&self.log, number)?;
        self.decide_for(judged, entry)
    }

    /// Notes that somebody has seen a request for help ([`Batch::acknowledge`]).
    pub fn acknowledge(&mut self, record: RecordId, seen: Seen) -> Result<Option<(Seen, bool)>, LogError> {
        self.batch.acknowledge(&self.log, record, seen)
    }

    /// Takes what some committed records held out of the log, durably, and says of which anything went ([`Batch::forget`]). What was decided before
    /// is made durable first.
    pub fn forget(&mut self, records: &[(u64, Left)], on: DayNumber) -> Result<BTreeSet<u64>, LogError> {
        self.commit()?;
        let mut batch = self.log.begin();
        let mut forgotten = BTreeSet::new();
        for (position, left) in records {
            if batch.forget(&self.log, *position, left, on)? {
                forgotten.insert(*position);
            }
        }
        die_before_forgetting();
        self.log.commit(batch)?;
        die_after_forgetting();
        self.batch = self.log.begin();
        Ok(forgotten)
    }

    /// Where the log ends.
    pub fn end(&self) -> Committed {
        self.log.end()
    }

    /// Makes everything decided so far durable.
    pub fn commit(&mut self) -> Result<Committed, LogError> {
        let batch = std::mem::replace(&mut self.batch, self.log.begin());
        let committed = self.log.commit(batch);
        self.batch = self.log.begin();
        committed
    }

    /// Lets the log's store note where everything is ([`Log::note_places`]). To be called after a commit.
    pub fn note_places(&mut self, grown_bytes: u64) -> Result<(), LogError> {
        self.log.note_places(grown_bytes)
    }

    /// Gives the log back. What was not committed is forgotten.
    pub fn into_log(self) -> Log {
        self.log
    }

    fn decide_for(&mut self, judged: Judged, entry: Option<Refused>) -> Result<Decided, LogError> {
        let Some((kiosk, sequence, previous)) = judged.link() else {
            let (reason, detail) = match &judged.outcome {
                Err((reason, detail)) => (*reason, detail.clone()),
                // The judge opens nothing that is not signed; should it ever, the answer is the safe one.
                Ok(_) => (Reason::WrongSignature, "the signature was not checked".to_owned()),
            };
            return self.refuse(judged, reason, detail, entry).map(|(decided, _)| decided);
        };
        if self.recent.contains(&judged.envelope) {
            if let Some(entry) = entry {
                self.batch.release(&self.log, entry);
            }
            return Ok(told(&judged, Decision::Accepted));
        }
        let kiosk = kiosk.clone();
        let place = Place { kiosk: &kiosk, sequence, previous };
        let slot = self.batch.slot(&self.log, &kiosk, sequence.get())?;
        match slot {
            None => self.take_place(judged, &place, entry),
            Some(slot) if slot.hash == judged.envelope => self.repeat(judged, &place, slot, entry),
            Some(slot) => self.contend(judged, &place, slot, entry),
        }
    }

    /// The number is free, or is held by something that gives way.
    fn take_place(
        &mut self,
        judged: Judged,
        place: &Place<'_>,
        entry: Option<Refused>,
    ) -> Result<Decided, LogError> {
        let link = self.link(place, &judged.envelope)?;
        let (waits_for, linked) = match link {
            Link::Fits { waits_for } => (waits_for, true),
            Link::Broken => (None, false),
        };
        let conflict = match judged.identity {
            Some((id, _)) if linked && judged.outcome.is_ok() => self.batch.position_of(&self.log, &id)?,
            _ => None,
        };
        let refusal = match &judged.outcome {
            Err((reason, detail)) => Some((*reason, detail.clone())),
            Ok(_) if !linked => {
                let detail = format!("envelope {} is not linked to the one before or after it", place.sequence);
                Some((Reason::BrokenChain, detail))
            }
            Ok(_) => conflict
                .map(|position| (Reason::Conflict, format!("the record id is already that of record {position}"))),
        };
        if let Some((reason, detail)) = refusal {
            let hash = judged.envelope;
            let (decided, kept) = self.refuse(judged, reason, detail, entry)?;
            if let Some(number) = kept {
                let slot = Slot { hash, holder: Holder::Refused { number, linked }, waits_for };
                self.batch.hold_slot(&self.log, place.kiosk, place.sequence.get(), slot)?;
            }
            return Ok(decided);
        }
        self.store(judged, place, waits_for, entry)
    }

    fn store(
        &mut self,
        judged: Judged,
        place: &Place<'_>,
        waits_for: Option<Hash>,
        entry: Option<Refused>,
    ) -> Result<Decided, LogError> {
        let decided = told(&judged, Decision::Accepted);
        let (Ok(opened), Some((record_id, _))) = (judged.outcome, judged.identity) else { return Ok(decided) };
        let Opened { json, envelope, ward, day, arrival_day, evidence, fact, request } = opened;
        let received = judged.arrival.received;
        let request =
            request.map(|asked| Request::new(record_id, place.kiosk.clone(), asked, received, evidence.claimed));
        let row = OpenedRow {
            position: 0,
            kiosk: place.kiosk.as_str(),
            sequence: place.sequence.get(),
            record_id,
            envelope: judged.envelope,
            received,
            day,
            arrival_day,
            evidence,
            json: &json,
        };
        let asks_for_help = request.is_some();
        let new = NewRecord { kiosk: place.kiosk, row, envelope: &envelope, waits_for, asks_for_help };
        let position = self.batch.append(&self.log, new)?;
        self.recent.remember(judged.envelope);
        if let Some(entry) = entry {
            self.batch.release(&self.log, entry);
        }
        Ok(Decided { stored: Some(Stored { position, ward, fact, request }), ..decided })
    }

    /// The very same envelope was here before.
    fn repeat(
        &mut self,
        judged: Judged,
        place: &Place<'_>,
        slot: Slot,
        entry: Option<Refused>,
    ) -> Result<Decided, LogError> {
        match (slot.holder, entry) {
            (Holder::Stored(_), entry) => {
                if let Some(entry) = entry {
                    self.batch.release(&self.log, entry);
                }
                Ok(told(&judged, Decision::Duplicate))
            }
            (Holder::Refused { number, .. }, Some(entry)) if entry.number == number => {
                self.take_place(judged, place, Some(entry))
            }
            (Holder::Refused { number, .. }, _) => match self.batch.refused(&self.log, number)? {
                Some(Refused { reason, detail, whole, .. }) => {
                    Ok(told(&judged, Decision::Refused(Refusal { reason, detail, kept: whole })))
                }
                None => self.take_place(judged, place, None),
            },
        }
    }

    /// Another envelope holds the number.
    fn contend(
        &mut self,
        judged: Judged,
        place: &Place<'_>,
        slot: Slot,
        entry: Option<Refused>,
    ) -> Result<Decided, LogError> {
        if matches!(slot.holder, Holder::Refused { linked: false, .. })
            && matches!(self.link(place, &judged.envelope)?, Link::Fits { .. })
        {
            return self.take_place(judged, place, entry);
        }
        if let Err((reason, detail)) = &judged.outcome {
            let (reason, detail) = (*reason, detail.clone());
            return self.refuse(judged, reason, detail, entry).map(|(decided, _)| decided);
        }
        let holds_id = match (judged.identity, slot.holder) {
            (Some((id, _)), Holder::Stored(position)) => self.batch.position_of(&self.log, &id)? == Some(position),
            (Some((id, _)), Holder::Refused { number, .. }) => {
                self.batch.refused(&self.log, number)?.is_some_and(|refused| refused.record == Some(id))
            }
            (None, _) => false,
        };
        let number = place.sequence;
        let (reason, detail) = if holds_id {
            (Reason::Conflict, format!("envelope {number} was received before with other bytes"))
        } else {
            (Reason::ForkedChain, format!("another envelope already has number {number}"))
        };
        self.refuse(judged, reason, detail, entry).map(|(decided, _)| decided)
    }

    /// Puts an arrival into the quarantine. Gives its number there when all of it is kept.
    fn refuse(
        &mut self,
        judged: Judged,
        reason: Reason,
        detail: String,
        entry: Option<Refused>,
    ) -> Result<(Decided, Option<u64>), LogError> {
        if let Some(entry) = entry {
            let kept = entry.whole.then_some(entry.number);
            self.batch.restate(&self.log, entry, reason, detail.clone());
            let refusal = Refusal { reason, detail, kept: kept.is_some() };
            return Ok((told(&judged, Decision::Refused(refusal)), kept));
        }
        let mut decided = told(&judged, Decision::Duplicate);
        let new = NewRefusal {
            kiosk: judged.arrival.kiosk,
            received: judged.arrival.received,
            reason,
            detail: detail.clone(),
            envelope: judged.envelope,
            record: judged.identity.map(|(id, _)| id),
            sequence: judged.identity.map(|(_, sequence)| sequence),
            payload: judged.arrival.payload,
        };
        let kept = self.batch.quarantine(&self.log, new)?;
        let number = kept.filter(|refused| refused.whole).map(|refused| refused.number);
        decided.verdict.decision = Decision::Refused(Refusal { reason, detail, kept: number.is_some() });
        Ok((decided, number))
    }

    fn link(&self, place: &Place<'_>, hash: &Hash) -> Result<Link, LogError> {
        let sequence = place.sequence.get();
        let head = self.batch.head(&self.log, place.kiosk);
        let waits_for = if sequence == 1 || (sequence == head.highest + 1 && head.unlinked == 0) {
            let before = if sequence == 1 { Hash::ZERO } else { head.hash };
            if before != place.previous {
                return Ok(Link::Broken);
            }
            None
        } else {
            match self.batch.slot(&self.log, place.kiosk, sequence - 1)? {
                None | Some(Slot { holder: Holder::Refused { linked: false, .. }, .. }) => Some(place.previous),
                Some(before) if before.hash == place.previous => None,
                Some(_) => return Ok(Link::Broken),
            }
        };
        let after = self.batch.slot(&self.log, place.kiosk, sequence.saturating_add(1))?;
        match after.and_then(|after| after.waits_for) {
            Some(awaited) if awaited != *hash => Ok(Link::Broken),
            _ => Ok(Link::Fits { waits_for }),
        }
    }
}

fn told(judged: &Judged, decision: Decision) -> Decided {
    let verdict = Verdict {
        envelope: judged.envelope,
        record: judged.identity.map(|(id, _)| id),
        sequence: judged.identity.map(|(_, sequence)| sequence),
        decision,
    };
    Decided { verdict, stored: None }
}

fn die_before_forgetting() {
    fail::fail_point!("forget.before_commit", |_| die());
}

fn die_after_forgetting() {
    fail::fail_point!("forget.after_commit", |_| die());
}

#[cfg(test)]
mod tests;
