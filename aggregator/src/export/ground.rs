//! What tables are made of, for whom, and how one is written.

use std::io::Write;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Calendar, Period};

use super::{Ask, By, Cell, ExportError, Form, Head, Seal, Table, actions, answers, comments, scores};
use crate::actions::Actions;
use crate::comments::Comments;
use crate::facts::Facts;
use crate::policy::{self, Audience};
use crate::rebases::Rebases;
use crate::scoring::ScoringWorld;

/// The most periods of one table: eleven years of fortnights.
const MOST_PERIODS: usize = 300;

/// What tables are made of.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The facts, live: they are looked at for as long as it takes to copy a day or to score a period.
    pub facts: &'a RwLock<Facts>,
    /// The rules of scoring.
    pub world: &'a ScoringWorld,
    /// What people wrote.
    pub comments: &'a Comments,
    /// What wards do.
    pub actions: &'a Actions,
    /// Where charts start afresh.
    pub rebases: &'a Rebases,
    /// The local day it is.
    pub today: Date,
}

/// For whom a table is.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// Which units may be read, as the policy says.
    pub reads: &'a (dyn Fn(&Unit) -> bool + Sync),
    /// As what.
    pub audience: Audience,
    /// What the trust has decided about who may see what.
    pub settings: &'a policy::Settings,
}

/// Takes rows as they come.
pub(super) type Take<'t> = dyn FnMut(&[Cell<'_>]) -> Result<(), ExportError> + 't;
/// Hears how far it is, in days or periods, and of how many.
pub(super) type Progress<'t> = dyn FnMut(u64, u64) + 't;

/// A table that can be written.
pub(super) trait Rows {
    /// What a reader is told.
    fn head(&self) -> Head;
    /// Gives every row, in order.
    fn each(&self, take: &mut Take<'_>, progress: &mut Progress<'_>) -> Result<(), ExportError>;
}

/// A table that was asked for and makes sense.
pub struct Opened<'a>(Box<dyn Rows + 'a>);

impl<'a> Ground<'a> {
    /// A table for somebody. Nothing is read yet but what is needed to say that it cannot be.
    pub fn open(&self, ask: &Ask, asker: Asker<'a>) -> Result<Opened<'a>, ExportError> {
        let span = self.span(ask)?;
        let as_of = ask.as_of.unwrap_or(self.today).min(self.today);
        Ok(Opened(match ask.table {
            Table::Responses => Box::new(answers::Answers::new(*self, span, ask.questionnaire.as_deref(), as_of)?),
            Table::Scores => Box::new(scores::Scores::new(*self, asker, self.periods(ask.by, span)?, as_of)),
            Table::Contacts => Box::new(scores::Contacts::new(*self, asker, self.periods(ask.by, span)?, as_of)),
            Table::Comments => Box::new(comments::Released::new(*self, asker, self.periods(By::Month, span)?)),
            Table::Actions => Box::new(actions::Done::new(*self, asker, (ask.from, span.1), as_of)),
        }))
    }

    pub(super) fn facts(&self) -> RwLockReadGuard<'a, Facts> {
        self.facts.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first and the last day.
    fn span(&self, ask: &Ask) -> Result<(Date, Date), ExportError> {
        let to = ask.to.unwrap_or(self.today);
        let from = ask.from.or_else(|| self.facts().first_day()).unwrap_or(to.min(self.today));
        match ask.from {
            Some(from) if from > to => Err(ExportError::Days { from, to }),
            _ => Ok((from.min(to), to.min(self.today))),
        }
    }

    /// The periods that a span of days touches, the oldest first.
    fn periods(&self, by: By, (from, to): (Date, Date)) -> Result<Vec<Period>, ExportError> {
        let calendar = self.world.calendar();
        let mut periods = Vec::new();
        let mut day = from;
        while day <= to {
            if periods.len() == MOST_PERIODS {
                return Err(ExportError::TooManyPeriods { from, most: MOST_PERIODS });
            }
            let Some(period) = period_of(calendar, by, day) else { break };
            periods.push(period);
            let Ok(next) = period.last().tomorrow() else { break };
            day = next;
        }
        Ok(periods)
    }
}

fn period_of(calendar: &Calendar, by: By, day: Date) -> Option<Period> {
    match by {
        By::Fortnight => calendar.fortnight_of(day).ok().map(Period::Fortnight),
        By::Month => calendar.period(&format!("{:04}-{:02}", day.year(), day.month())).ok(),
        By::HalfYear => {
            calendar.period(&format!("{:04}-H{}", day.year(), if day.month() <= 6 { 1 } else { 2 })).ok()
        }
    }
}

impl Opened<'_> {
    /// What a reader is told about it.
    pub fn head(&self) -> Head {
        self.0.head()
    }

    /// Writes it.
    pub fn write<W: Write + Send>(
        &self,
        form: Form,
        out: W,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Seal, ExportError> {
        let mut writer = form.writer(&self.head(), out)?;
        self.0.each(&mut |cells| writer.row(cells), progress)?;
        writer.finish()
    }
}
