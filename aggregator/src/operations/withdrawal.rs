//! Withdrawal: what a patient answered is deleted, and a tombstone stays.
//!
//! Which answer is told by its record, or by the code that the kiosk's thank-you screen showed: the record's id was made of it, so it is
//! found by computing and nothing is stored that says which code is whose.

use std::io;
use std::sync::PoisonError;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::fortnight::{DayNumber, Period};
use wardvoice_protocol::id::{RecordId, WardId};
use wardvoice_protocol::record::{Body, Record};
use wardvoice_protocol::status::Presence;
use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::{Talk, say};
use crate::audit::{COMMAND, Deed};
use crate::ingest::Forgetting;
use crate::log::{Left, LogError, OpenedRow};
use crate::premises::{House, failed};
use crate::transfer::{Gone, Tombstones};
use crate::{rebuild, transfer};

/// Which answer is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawAsk {
    /// That of a record.
    Record(RecordId),
    /// The one that somebody was given this code for.
    Code(WithdrawalCode),
    /// None: which records were deleted is answered, a line each, as an import takes it.
    List,
}

/// What was deleted: nothing of what was in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// The record.
    pub record: RecordId,
    /// Its ward.
    pub ward: WardId,
    /// The fortnight whose scores have a revision more, if it was final.
    pub period: String,
    /// The local day it was deleted on.
    pub on: Date,
}

/// What is at a place of the log.
enum Found {
    Contact(Forgetting),
    Forgotten,
    SomethingElse,
}

pub(super) fn withdraw(house: &House, asked: &WithdrawAsk, talk: &mut dyn Talk) -> Result<bool> {
    let record = match asked {
        WithdrawAsk::Record(record) => *record,
        WithdrawAsk::Code(code) => {
            // What is noted before anything is done names the record, and only now is it known.
            let record = of_code(house, *code)?;
            let (audit, about) = (&house.premises.audit, format!("record:{record}"));
            audit.note(Timestamp::now(), COMMAND, Deed::Withdrew, Some(&about), None).map_err(failed)?;
            record
        }
        WithdrawAsk::List => {
            let give = |line: &str| talk.item(line).map_err(io::Error::other);
            transfer::tombstone_lines(&house.reader(), Tombstones::OfNothing, give).map_err(failed)?;
            return Ok(true);
        }
    };
    say(talk, &withdrawn(house, record)?)?;
    Ok(true)
}

/// The record that somebody was given a code for.
pub(crate) fn of_code(house: &House, code: WithdrawalCode) -> Result<RecordId> {
    let random = code.randomness().map_err(failed)?;
    let reader = house.reader();
    match reader.made_of(random).map_err(failed)?[..] {
        [record] => return Ok(record),
        [] => {}
        // Not in the life of a trust, by the number of codes; deleting the wrong one would be worse than asking.
        [..] => bail!("failed to tell which answer the code belongs to: two have it; give the record instead"),
    }
    for refused in reader.quarantine(0).map_err(failed)? {
        let refused = refused.map_err(failed)?;
        if refused.record.is_some_and(|record| record.is_made_of(random)) {
            bail!(
                "failed to delete the answer of this code: it came from kiosk {} and could not be counted, so it is in no figure; it is \
                 entry {} of the quarantine. `quarantine replay --number {}` counts it if it can be, and then it can be deleted",
                refused.kiosk,
                refused.number,
                refused.number
            );
        }
    }
    bail!(
        "failed to find an answer with this code, although it is written as a code should be: {}",
        not_here(house)
    )
}

/// Why a code that is right may have no record here.
fn not_here(house: &House) -> String {
    let kiosks = house.premises.registry.all();
    let (mut away, mut waiting) = (0_usize, Vec::new());
    for id in kiosks.keys() {
        match house.fleet.get(id).and_then(|sighting| sighting.presence) {
            Some(Presence::Online(health)) if health.waiting > 0 => waiting.push(id.as_str()),
            Some(Presence::Online(_)) => {}
            Some(Presence::Offline) | None => away += 1,
        }
    }
    let absent =
        format!("{away} of {} kiosks are not connected now, and what they keep comes when they are", kiosks.len());
    match (waiting.is_empty(), away) {
        (true, 0) => "no kiosk has anything left to send; compare it with what was noted down".to_owned(),
        (true, _) => format!("the answer may not have arrived yet: {absent}"),
        (false, 0) => format!("the answer may not have arrived yet: some wait on {}", waiting.join(", ")),
        (false, _) => {
            format!("the answer may not have arrived yet: some wait on {}, and {absent}", waiting.join(", "))
        }
    }
}

/// Deletes what a record held: durable, out of facts, comments and pages when this returns.
pub(crate) fn withdrawn(house: &House, record: RecordId) -> Result<Withdrawn> {
    let reader = house.reader();
    let position = reader.find(&record).map_err(failed)?;
    let found =
        position.map(|position| reader.row(position, |row| look(&row, house))).transpose().map_err(failed)?;
    let contact = match found.flatten() {
        None => bail!("failed to find record {record}: there is none in the log"),
        Some(Found::Forgotten) => bail!("failed to withdraw record {record}: nothing is left of it already"),
        Some(Found::SomethingElse) => bail!("failed to withdraw record {record}: it holds no answers"),
        Some(Found::Contact(contact)) => contact,
    };
    let on = house.premises.today();
    let (ward, day) = (contact.ward.clone(), contact.day);
    let forgotten = house.pipeline.forget(vec![contact], DayNumber::from(on)).map_err(failed)?;
    anyhow::ensure!(forgotten == 1, "failed to withdraw record {record}: somebody else was quicker");
    is_nowhere(house)?;
    let day = day.date().context("failed to tell the day of the record")?;
    let fortnight = house.world.calendar.fortnight_of(day).map_err(failed)?;
    Ok(Withdrawn { record, ward, period: Period::Fortnight(fortnight).to_string(), on })
}

/// Deletes what was deleted where an export comes from: a backup from before has it still. How many records that was.
pub(super) fn again(house: &House, gone: &[Gone]) -> Result<u64> {
    let (reader, mut due) = (house.reader(), Vec::<Forgetting>::new());
    for Gone { kiosk, id, hash } in gone {
        let Some(position) = reader.find(id).map_err(failed)? else { continue };
        // Lists that were put together name a record more than once.
        if due.iter().any(|one| one.position == position) {
            continue;
        }
        let found = reader.row(position, |row| {
            // Another record under the same id is nobody's wish.
            let is_the_same = row.kiosk == kiosk.as_str() && row.envelope == *hash;
            if is_the_same { look(&row, house) } else { Ok(Found::SomethingElse) }
        });
        if let Some(Found::Contact(contact)) = found.map_err(failed)? {
            let (audit, about) = (&house.premises.audit, format!("record:{id}"));
            let noted = audit.note(Timestamp::now(), COMMAND, Deed::Withdrew, Some(&about), Some("import"));
            noted.map_err(failed)?;
            due.push(contact);
        }
    }
    if due.is_empty() {
        return Ok(0);
    }
    let forgotten = house.pipeline.forget(due, DayNumber::from(house.premises.today())).map_err(failed)?;
    is_nowhere(house)?;
    Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
}

/// Takes what was forgotten out of what is made of records and kept in memory.
fn is_nowhere(house: &House) -> Result<()> {
    {
        // What was ruled about it is ruled about nothing any more.
        let mut facts = house.facts.write().unwrap_or_else(PoisonError::into_inner);
        facts.set_rulings(house.rulings()?);
    }
    // Whoever opens a list of comments next finds it without them; here, so that nothing of it stays in memory until then.
    house.comments.catch_up().map_err(failed)
}

fn look(row: &OpenedRow<'_>, house: &House) -> Result<Found, LogError> {
    if row.is_forgotten() {
        return Ok(Found::Forgotten);
    }
    let unreadable = || LogError::Unreadable(format!("the opened record {}", row.position));
    let record: Record = serde_json::from_slice(row.json).map_err(|_| unreadable())?;
    let Body::Contact(contact) = record.body else { return Ok(Found::SomethingElse) };
    let fact = rebuild::fact(row, &house.world)?;
    Ok(Found::Contact(Forgetting {
        position: row.position,
        ward: contact.ward,
        day: row.day,
        fact,
        left: Left::Nothing,
    }))
}

#[cfg(test)]
pub(super) mod tests;
