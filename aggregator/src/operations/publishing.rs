//! The national return and the releases to the public.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{Hash, WardId};

use super::{PROGRESS_EVERY, Talk, say};
use crate::audit::Deed;
use crate::log::Reader;
use crate::national_return::{self, Sources};
use crate::premises::{House, Premises, failed};
use crate::publication::{self, Ground, Plan, PlanError, Release, Rhythm};

/// What can be asked about the national return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnRequest {
    /// Answers with the return of a month, its files and what to look at before it is sent.
    Make {
        /// The month, `2026-10`.
        month: String,
        /// Whoever had arrived by the end of this day is in it; yesterday when absent.
        as_of: Option<Date>,
        /// Whether something to look at is a fault.
        check: bool,
    },
    /// Notes that the files of a return were written.
    Exported {
        /// The month.
        month: String,
        /// As of which day.
        as_of: Date,
        /// The hash of what is to be sent.
        digest: Hash,
    },
    /// Notes how many patients were eligible, and answers with all that are noted.
    NoteEligible {
        /// The month.
        month: String,
        /// How many of each ward.
        counts: BTreeMap<WardId, u64>,
    },
    /// Answers with the eligible patients of every ward that are noted.
    ListEligible {
        /// The month.
        month: String,
    },
}

impl ReturnRequest {
    /// What changes something goes into the audit: what it is, and which month.
    pub(super) fn noted(&self) -> Option<(Deed, &str)> {
        match self {
            Self::Exported { month, .. } => Some((Deed::ExportedReturn, month)),
            Self::NoteEligible { month, .. } => Some((Deed::ChangedEligible, month)),
            Self::Make { .. } | Self::ListEligible { .. } => None,
        }
    }
}

/// What can be asked about releases to the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseRequest {
    /// Answers with everything that the public may see, and releases nothing.
    Plan {
        /// Whoever had arrived by the end of this day is in it; yesterday when absent.
        until: Option<Date>,
        /// Whether figures are of fortnights; of months otherwise.
        fortnights: bool,
    },
    /// Releases it.
    Make {
        /// Whoever had arrived by the end of this day is in it; yesterday when absent.
        until: Option<Date>,
        /// Whether figures are of fortnights; of months otherwise.
        fortnights: bool,
    },
    /// Answers with everything that was released.
    List,
}

/// The eligible patients of a ward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EligibleLine {
    /// The month.
    pub month: String,
    /// The ward.
    pub ward: WardId,
    /// How many; none when it is not known.
    pub count: Option<u64>,
}

impl ReturnRequest {
    /// Whether it can be done without the log.
    pub(super) fn needs_only_premises(&self) -> bool {
        matches!(self, Self::NoteEligible { .. } | Self::ListEligible { .. })
    }
}

impl ReleaseRequest {
    /// Whether it can be done without the log.
    pub(super) fn needs_only_premises(&self) -> bool {
        matches!(self, Self::List)
    }
}

/// Does what is asked about the return without the log.
pub(super) fn return_on_premises(
    premises: &Premises,
    request: ReturnRequest,
    talk: &mut dyn Talk,
) -> Result<bool> {
    let month = match request {
        ReturnRequest::NoteEligible { month, counts } => {
            let month = month_named(premises, &month)?.to_string();
            premises.returns.note_eligible(&month, counts, &premises.directory).map_err(failed)?;
            month
        }
        ReturnRequest::ListEligible { month } => month_named(premises, &month)?.to_string(),
        other => bail!("failed to do {other:?}: it needs the log"),
    };
    let counts = premises.returns.eligible(&month);
    for ward in premises.directory.wards() {
        let count = counts.get(&ward.id).copied();
        say(talk, &EligibleLine { month: month.clone(), ward: ward.id.clone(), count })?;
    }
    Ok(true)
}

/// Does what is asked about the return.
pub(super) fn national_return(house: &House, request: ReturnRequest, talk: &mut dyn Talk) -> Result<bool> {
    let (premises, reader) = (&house.premises, house.reader());
    let sources = sources(house, &reader);
    match request {
        ReturnRequest::Make { month, as_of, check } => {
            let month = month_named(premises, &month)?;
            let as_of = day_that_is_over(premises, as_of)?;
            let made = sources.make(&month, as_of).map_err(failed)?;
            let end = reader.position();
            let recount = sources.recount(&made, |position| {
                if position % PROGRESS_EVERY == 0 {
                    talk.progress("reading the log", position, end);
                }
            });
            let checked = sources.check(made, &recount.map_err(failed)?).map_err(failed)?;
            say(talk, &checked)?;
            Ok(checked.findings.is_empty() || !check)
        }
        ReturnRequest::Exported { month, as_of, digest } => {
            let month = month_named(premises, &month)?;
            let as_of = day_that_is_over(premises, Some(as_of))?;
            say(talk, &sources.note_exported(&month, as_of, digest).map_err(failed)?)?;
            Ok(true)
        }
        small => return_on_premises(premises, small, talk),
    }
}

/// Says every release.
pub(super) fn list_releases(premises: &Premises, talk: &mut dyn Talk) -> Result<bool> {
    premises.releases.all().iter().try_for_each(|release| say(talk, release))?;
    Ok(true)
}

/// Does what is asked about releases.
pub(super) fn release(house: &House, request: &ReleaseRequest, talk: &mut dyn Talk) -> Result<bool> {
    let premises = &house.premises;
    let rhythm = |fortnights: bool| if fortnights { Rhythm::Fortnights } else { Rhythm::Months };
    let made = match request {
        ReleaseRequest::List => return list_releases(premises, talk),
        ReleaseRequest::Plan { until, fortnights } => {
            let until = day_that_is_over(premises, *until)?;
            plan(house, rhythm(*fortnights), until, &premises.releases.all())?
        }
        ReleaseRequest::Make { until, fortnights } => {
            let until = day_that_is_over(premises, *until)?;
            make_releases(house, rhythm(*fortnights), until)?
        }
    };
    say(talk, &made)?;
    Ok(true)
}

/// Releases everything that the public may see of whoever had arrived by the end of yesterday.
pub(crate) fn release_everything(house: &House) -> Result<()> {
    let until = day_that_is_over(&house.premises, None)?;
    make_releases(house, Rhythm::Months, until).map(drop)
}

fn make_releases(house: &House, rhythm: Rhythm, until: Date) -> Result<Plan> {
    let mut made = None;
    let released = house.premises.releases.release(|released| -> Result<Vec<Release>> {
        let plan = plan(house, rhythm, until, released)?;
        let releases = plan.releases.clone();
        made = Some(plan);
        Ok(releases)
    });
    released.context("failed to release anything")?;
    made.context("failed to plan releases")
}

fn plan(house: &House, rhythm: Rhythm, until: Date, released: &[Release]) -> Result<Plan> {
    plan_releases(&sources(house, &house.reader()), rhythm, until, released).map_err(failed)
}

/// Plans what may be released, from what returns are made from too: what is published of those is known to everybody.
pub(crate) fn plan_releases(
    sources: &Sources<'_>,
    rhythm: Rhythm,
    until: Date,
    released: &[Release],
) -> Result<Plan, PlanError> {
    // A copy: a plan takes long where answers are many, and meanwhile nobody else could take in what kiosks send.
    let facts = sources.facts.read().unwrap_or_else(PoisonError::into_inner).clone();
    let ground = Ground {
        facts: &facts,
        directory: &sources.world.directory,
        calendar: &sources.world.calendar,
        final_after_days: sources.final_after_days,
        released,
        published_elsewhere: &sources.published(&facts),
    };
    publication::plan(&ground, rhythm, until)
}

/// What returns are made from.
fn sources<'a>(house: &'a House, reader: &'a Reader) -> Sources<'a> {
    let premises = &house.premises;
    Sources {
        world: &house.world,
        facts: &house.facts,
        reader,
        codes: &premises.config.national,
        final_after_days: u16::from(premises.config.final_after_days),
        book: &premises.returns,
    }
}

fn month_named(premises: &Premises, name: &str) -> Result<Period> {
    national_return::month_named(&premises.config.calendar, name).map_err(failed)
}

fn day_that_is_over(premises: &Premises, day: Option<Date>) -> Result<Date> {
    national_return::day_that_is_over(premises.today(), day).map_err(failed)
}

#[cfg(test)]
mod tests;
