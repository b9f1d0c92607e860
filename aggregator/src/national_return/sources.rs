//! A return with everything around it, one way for commands and pages: made from the facts, counted again from the log, checked, written
//! and noted.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::fortnight::{Calendar, CalendarError, Period};
use wardvoice_protocol::id::{Hash, QuestionId};
use wardvoice_protocol::questionnaire::{KindFile, QuestionnaireRef};

use super::book::{Book, BookError, Exported};
use super::checks::{self, Evidence, Finding};
use super::codes::NationalCodes;
use super::count::count;
use super::recount::{MonthRead, Recount};
use super::sheets;
use super::tables::{Return, published_nationally, tables};
use crate::facts::Facts;
use crate::ingest::World;
use crate::log::{LogError, Reader};
use crate::publication::Told;

/// Everything that returns are made from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The trust, the calendar and the kiosks.
    pub world: &'a World,
    /// The facts, live.
    pub facts: &'a RwLock<Facts>,
    /// The log.
    pub reader: &'a Reader,
    /// The national codes.
    pub codes: &'a NationalCodes,
    /// Local days after a month's last before no more answers are expected.
    pub final_after_days: u16,
    /// What was noted about returns.
    pub book: &'a Book,
}

/// A return with what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
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

/// Why a return cannot be made, checked or noted.
#[derive(Debug, thiserror::Error)]
pub enum ReturnError {
    /// It is not the name of a month.
    #[error("read the month {0:?}: write a year and a month as 2026-10")]
    NoMonth(String),
    /// Nobody can have answered yet.
    #[error("make the return of {month}: by the end of {as_of} it had not begun")]
    NotBegun {
        /// The month.
        month: String,
        /// As of which day.
        as_of: Date,
    },
    /// The day is not over.
    #[error("count as of {day}: that day is not over; give {yesterday} or an earlier one")]
    DayNotOver {
        /// Which.
        day: Date,
        /// The last that is.
        yesterday: Date,
    },
    /// It is no longer what somebody looked at.
    #[error("note the export of {0}: the codes, names or eligible patients have changed since; export again")]
    Changed(String),
    /// The tables cannot be written.
    #[error("write the tables of {month}: {reason}")]
    Tables {
        /// The month.
        month: String,
        /// Why.
        reason: String,
    },
    /// The month has no beginning.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The book cannot be written in.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// The month that a name names.
pub fn month_named(calendar: &Calendar, name: &str) -> Result<Period, ReturnError> {
    match calendar.period(name) {
        Ok(month @ Period::Month { .. }) => Ok(month),
        _ => Err(ReturnError::NoMonth(name.to_owned())),
    }
}

/// A day that is over, yesterday when none is given. Only whole days: what is counted as of a day must be the same whenever it is counted.
pub fn day_that_is_over(today: Date, day: Option<Date>) -> Result<Date, ReturnError> {
    let yesterday = today.saturating_sub(1.day());
    let day = day.unwrap_or(yesterday);
    if day <= yesterday { Ok(day) } else { Err(ReturnError::DayNotOver { day, yesterday }) }
}

/// The files of a return by name, and the hash of those that are to be sent.
pub fn files_of(made: &Return) -> Result<(BTreeMap<String, String>, Hash), ReturnError> {
    let files = sheets::files(made)
        .map_err(|error| ReturnError::Tables { month: made.month.clone(), reason: error.to_string() })?;
    let files: BTreeMap<String, String> = files.into_iter().collect();
    let sent: String =
        files.iter().filter(|(name, _)| name.contains("-submitted")).map(|(_, text)| text.as_str()).collect();
    Ok((files, Hash::of(sent.as_bytes())))
}

impl Sources<'_> {
    /// The return of a month of whoever had arrived by the end of a day.
    pub fn make(&self, month: &Period, as_of: Date) -> Result<Return, ReturnError> {
        if as_of < month.start() {
            return Err(ReturnError::NotBegun { month: month.to_string(), as_of });
        }
        let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner);
        Ok(self.of(&facts, month, as_of))
    }

    fn of(&self, facts: &Facts, month: &Period, as_of: Date) -> Return {
        let counts = count(facts, month.start(), month.last(), as_of);
        let eligible = self.book.eligible(&month.to_string());
        tables(&self.world.directory, self.codes, (month, as_of), &counts, &eligible)
    }

    /// What everybody knows from the national publication of every return that was exported.
    pub fn published(&self, facts: &Facts) -> Vec<Told> {
        let exported = self.book.exported();
        let months = exported.iter().filter_map(|exported| {
            let month = self.world.calendar.period(&exported.month).ok()?;
            Some(self.of(facts, &month, exported.as_of))
        });
        months.flat_map(|made| published_nationally(&made, facts.vocabulary())).collect()
    }

    /// Counts a return again from the log, all of it.
    pub fn recount(&self, made: &Return, progress: impl FnMut(u64)) -> Result<Recount, LogError> {
        let mut read = MonthRead::default();
        self.catch_up(&mut read, made, progress)?;
        Ok(read.as_of(made.as_of))
    }

    /// Reads what is new in the log of a return's month.
    pub fn catch_up(
        &self,
        read: &mut MonthRead,
        made: &Return,
        progress: impl FnMut(u64),
    ) -> Result<(), LogError> {
        read.catch_up(self.reader, &self.tests_asked(), (made.first_day, made.last_day), progress)
    }

    /// Writes a return's files and looks for whatever should be looked at before it is sent.
    pub fn check(&self, made: Return, recount: &Recount) -> Result<Checked, ReturnError> {
        let (files, digest) = files_of(&made)?;
        let (world, reader) = (self.world, self.reader);
        let began = world.calendar.start_of(made.first_day)?;
        let mut refused = 0;
        for entry in reader.quarantine(0)? {
            refused += u64::from(entry?.received >= began);
        }
        let registered = world.registry.all();
        let kiosks: Vec<_> = registered.iter().map(|(id, kiosk)| (id.clone(), kiosk.ward.clone())).collect();
        let findings = checks::check(&Evidence {
            made: &made,
            digest,
            recount,
            directory: &world.directory,
            codes: self.codes,
            eligible: &self.book.eligible(&made.month),
            final_after_days: self.final_after_days,
            kiosks: &kiosks,
            gaps: &reader.missing()?,
            refused,
            exported: self.book.last_export(&made.month).map(|(_, exported)| exported).as_ref(),
        });
        Ok(Checked { due: checks::due(made.last_day), made, findings, digest, files })
    }

    /// Notes that the files of a return are made, if they still are what the hash says: from then on everybody may know what is published
    /// of it.
    pub fn note_exported(&self, month: &Period, as_of: Date, digest: Hash) -> Result<Exported, ReturnError> {
        let made = self.make(month, as_of)?;
        let (_, now) = files_of(&made)?;
        if now != digest {
            return Err(ReturnError::Changed(month.to_string()));
        }
        let wards = made.wards.iter().map(|ward| (ward.ward.clone(), ward.answers.answers.total())).collect();
        let responses = made.trust.answers.answers.total();
        let exported = Exported { month: month.to_string(), as_of, responses, wards, digest };
        self.book.note_exported(exported.clone())?;
        Ok(exported)
    }

    /// Which question of which questionnaire is the test that patients are asked.
    fn tests_asked(&self) -> BTreeMap<QuestionnaireRef, QuestionId> {
        let patients = self.world.questionnaires.iter();
        let patients = patients.filter(|questionnaire| questionnaire.file().audience == KioskAudience::Patients);
        let tests = patients.filter_map(|questionnaire| {
            let mut questions = questionnaire.questions().iter();
            let test = questions.find(|question| question.kind == KindFile::FriendsAndFamily)?;
            Some((questionnaire.reference(), test.id.clone()))
        });
        tests.collect()
    }
}
