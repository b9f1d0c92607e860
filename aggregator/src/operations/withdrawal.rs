//! Withdrawal: what a patient answered is deleted, and a tombstone stays.

use std::sync::PoisonError;

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::fortnight::{DayNumber, Period};
use wardvoice_protocol::id::{RecordId, WardId};
use wardvoice_protocol::record::{Body, Record};

use super::{Talk, say};
use crate::ingest::Forgetting;
use crate::log::{Left, LogError, OpenedRow};
use crate::premises::{House, failed};
use crate::rebuild;

/// Whose answer is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawAsk {
    /// The record it came in.
    pub record: RecordId,
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
    say(talk, &withdrawn(house, asked.record)?)?;
    Ok(true)
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
    {
        // What was ruled about it is ruled about nothing any more.
        let mut facts = house.facts.write().unwrap_or_else(PoisonError::into_inner);
        facts.set_rulings(house.rulings()?);
    }
    // Whoever opens a list of comments next finds it without them; here, so that nothing of it stays in memory until then.
    house.comments.catch_up().map_err(failed)?;
    let day = day.date().context("failed to tell the day of the record")?;
    let fortnight = house.world.calendar.fortnight_of(day).map_err(failed)?;
    Ok(Withdrawn { record, ward, period: Period::Fortnight(fortnight).to_string(), on })
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
