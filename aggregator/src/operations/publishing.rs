//! The national return and the releases to the public.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{Hash, QuestionId, WardId};
use wardvoice_protocol::questionnaire::{KindFile, QuestionnaireRef};

use super::{PROGRESS_EVERY, Talk, say};
use crate::audit::Deed;
use crate::facts::Facts;
use crate::national_return::{self, Evidence, Exported, Finding, Return};
use crate::premises::{House, Premises, failed};
use crate::publication::{self, Ground, Plan, Release, Rhythm, Told};

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

/// A return with what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReturnAnswer {
    /// The return.
    #[serde(rename = "return")]
    pub made: Return,
    /// The day by which it is sent, bank holidays not counted.
    pub due: Date,
    /// What to look at before it is sent, the worst first.
    pub findings: Vec<Finding>,
    /// The hash of what is to be sent.
    pub digest: Hash,
    /// The files by name.
    pub files: BTreeMap<String, String>,
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
    let premises = &house.premises;
    match request {
        ReturnRequest::Make { month, as_of, check } => {
            let month = month_named(premises, &month)?;
            let as_of = day_that_is_over(premises, as_of)?;
            let (first, name) = (month.start(), month.to_string());
            ensure!(as_of >= first, "failed to make the return of {name}: by the end of {as_of} it had not begun");
            let made = make(house, &month, as_of);
            let (files, digest) = files_of(&made)?;
            let findings = findings(house, &made, digest, talk)?;
            let is_well = findings.is_empty() || !check;
            let due = national_return::due(made.last_day);
            say(talk, &ReturnAnswer { made, due, findings, digest, files })?;
            Ok(is_well)
        }
        ReturnRequest::Exported { month, as_of, digest } => {
            let month = month_named(premises, &month)?;
            let made = make(house, &month, day_that_is_over(premises, Some(as_of))?);
            let (_, now) = files_of(&made)?;
            ensure!(
                now == digest,
                "failed to note the export of {month}: the codes, names or eligible patients have changed since; export again"
            );
            let wards = made.wards.iter().map(|ward| (ward.ward.clone(), ward.answers.answers.total())).collect();
            let responses = made.trust.answers.answers.total();
            let exported = Exported { month: month.to_string(), as_of, responses, wards, digest };
            premises.returns.note_exported(exported.clone()).map_err(failed)?;
            say(talk, &exported)?;
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
    let premises = &house.premises;
    // A copy: a plan takes long where answers are many, and meanwhile nobody else could take in what kiosks send.
    let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner).clone();
    let ground = Ground {
        facts: &facts,
        directory: &premises.directory,
        calendar: &premises.config.calendar,
        final_after_days: premises.config.final_after_days,
        released,
        published_elsewhere: &published_nationally(premises, &facts),
    };
    publication::plan(&ground, rhythm, until).map_err(failed)
}

/// What everybody knows from the national publication of every return that was exported.
fn published_nationally(premises: &Premises, facts: &Facts) -> Vec<Told> {
    let exported = premises.returns.exported();
    let months = exported.iter().filter_map(|exported| {
        let month = premises.config.calendar.period(&exported.month).ok()?;
        Some(return_from(premises, facts, &month, exported.as_of))
    });
    months.flat_map(|made| national_return::published_nationally(&made, facts.vocabulary())).collect()
}

fn make(house: &House, month: &Period, as_of: Date) -> Return {
    let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
    return_from(&house.premises, &facts, month, as_of)
}

fn return_from(premises: &Premises, facts: &Facts, month: &Period, as_of: Date) -> Return {
    let counts = national_return::count(facts, month.start(), month.last(), as_of);
    let eligible = premises.returns.eligible(&month.to_string());
    national_return::tables(&premises.directory, &premises.config.national, (month, as_of), &counts, &eligible)
}

fn files_of(made: &Return) -> Result<(BTreeMap<String, String>, Hash)> {
    let files: BTreeMap<String, String> =
        national_return::files(made).context("failed to write the tables")?.into_iter().collect();
    let sent: String =
        files.iter().filter(|(name, _)| name.contains("-submitted")).map(|(_, text)| text.as_str()).collect();
    Ok((files, Hash::of(sent.as_bytes())))
}

fn findings(house: &House, made: &Return, digest: Hash, talk: &mut dyn Talk) -> Result<Vec<Finding>> {
    let (premises, reader) = (&house.premises, house.reader());
    let end = reader.position();
    let recount = national_return::recount(
        &reader,
        &tests_asked(premises),
        (made.first_day, made.last_day),
        made.as_of,
        |position| {
            if position % PROGRESS_EVERY == 0 {
                talk.progress("reading the log", position, end);
            }
        },
    );
    let recount = recount.map_err(failed)?;
    let heads = reader.heads().map_err(failed)?;
    let gaps = heads.keys().map(|kiosk| Ok((kiosk.clone(), reader.gaps(kiosk).map_err(failed)?)));
    let began = premises.config.calendar.start_of(made.first_day).map_err(failed)?;
    let mut refused = 0;
    for entry in reader.quarantine(0).map_err(failed)? {
        refused += u64::from(entry.map_err(failed)?.received >= began);
    }
    let registered = premises.registry.all();
    let kiosks: Vec<_> = registered.iter().map(|(id, kiosk)| (id.clone(), kiosk.ward.clone())).collect();
    let exported = premises.returns.exported();
    Ok(national_return::check(&Evidence {
        made,
        digest,
        recount: &recount,
        directory: &premises.directory,
        codes: &premises.config.national,
        eligible: &premises.returns.eligible(&made.month),
        final_after_days: premises.config.final_after_days,
        kiosks: &kiosks,
        gaps: &gaps.collect::<Result<Vec<_>>>()?,
        refused,
        exported: exported.iter().rev().find(|exported| exported.month == made.month),
    }))
}

/// Which question of which questionnaire is the test that patients are asked.
fn tests_asked(premises: &Premises) -> BTreeMap<QuestionnaireRef, QuestionId> {
    let patients = premises.questionnaires.all().iter();
    let patients = patients.filter(|questionnaire| questionnaire.file().audience == KioskAudience::Patients);
    let tests = patients.filter_map(|questionnaire| {
        let mut questions = questionnaire.questions().iter();
        let test = questions.find(|question| question.kind == KindFile::FriendsAndFamily)?;
        Some((questionnaire.reference(), test.id.clone()))
    });
    tests.collect()
}

fn month_named(premises: &Premises, name: &str) -> Result<Period> {
    match premises.config.calendar.period(name) {
        Ok(month @ Period::Month { .. }) => Ok(month),
        _ => bail!("failed to read the month {name:?}: write a year and a month as 2026-10"),
    }
}

/// Only whole days: what is counted as of a day must be the same whenever it is counted.
fn day_that_is_over(premises: &Premises, day: Option<Date>) -> Result<Date> {
    let today = premises.today();
    let yesterday = today.yesterday().context("failed to find the day before today")?;
    let day = day.unwrap_or(yesterday);
    ensure!(
        day <= yesterday,
        "failed to count as of {day}: that day is not over; give {yesterday} or an earlier one"
    );
    Ok(day)
}

#[cfg(test)]
mod tests;
