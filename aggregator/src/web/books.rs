//! What pages and reports are made from: the stores, the rules and what was computed before, on one day.
//!
//! The server's pages have theirs on the desk ([`Web::books`]); a command makes them from the house it opened. Both ask the same functions
//! here, so that a report says what the page says.

use std::sync::{Arc, RwLock};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::{CalendarError, Fortnight, Period};

use super::Web;
use super::failure::Failure;
use super::histories::{Compared, Histories, OutlookStamp};
use super::sheets::Sheets;
use super::signals::{self, Outlook};
use crate::actions::{Action, Actions, belongs, over};
use crate::comments::Comments;
use crate::delivery::Delivery;
use crate::disputes::Disputes;
use crate::facts::Facts;
use crate::help::HelpDesk;
use crate::help::times::TimesSheet;
use crate::operations::ActionLine;
use crate::rebases::{Rebase, Rebases};
use crate::releases::Releases;
use crate::scoring::{
    Comparison, History, Measure, Peers, ScoreError, ScoreSheet, ScoringWorld, Signal, SignalError,
    comparison_stamp, history_stamp, signal,
};

/// So many fortnights make a comparison, half a year, unless a period of its own was asked for.
const COMPARED_FORTNIGHTS: usize = 13;

/// Everything a report is made from.
pub(crate) struct Books<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) scoring: &'a ScoringWorld,
    pub(crate) facts: &'a RwLock<Facts>,
    pub(crate) actions: &'a Actions,
    pub(crate) rebases: &'a Rebases,
    pub(crate) releases: &'a Releases,
    pub(crate) comments: &'a Comments,
    pub(crate) disputes: &'a Disputes,
    pub(crate) help: &'a HelpDesk,
    pub(crate) delivery: &'a Delivery,
    pub(crate) sheets: &'a Sheets,
    pub(crate) histories: &'a Histories,
    /// Whether everything is generated.
    pub(crate) demonstration: bool,
    pub(crate) now: Timestamp,
    /// The local day to look from; what came later is not seen.
    pub(crate) today: Date,
}

/// Why something cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BooksError {
    /// There is no such signal.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// There are no such figures.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// There is no such period.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

impl From<BooksError> for Failure {
    fn from(error: BooksError) -> Self {
        match error {
            BooksError::Signal(error) => signals::not_told(error),
            BooksError::Score(error) => Self::internal(&error),
            BooksError::Calendar(error) => Self::internal(&error),
        }
    }
}

impl Web {
    /// What the pages are made from, as of now.
    pub(crate) fn books(&self) -> Books<'_> {
        let desk = &self.desk;
        Books {
            directory: &desk.world.directory,
            scoring: &desk.scoring,
            facts: &desk.facts,
            actions: &desk.actions,
            rebases: &desk.rebases,
            releases: &desk.releases,
            comments: &desk.comments,
            disputes: &desk.disputes,
            help: &desk.help,
            delivery: &desk.delivery,
            sheets: &self.sheets,
            histories: &self.histories,
            demonstration: desk.demonstration,
            now: self.now(),
            today: self.today(),
        }
    }
}

impl Books<'_> {
    /// How long people waited who asked for help.
    pub(crate) fn help_times(&self) -> TimesSheet {
        self.help.times(self.delivery, self.directory, self.now)
    }

    /// How long the one waits now who waits longest.
    pub(crate) fn longest_wait(&self) -> Option<SignedDuration> {
        self.help.all(self.now).iter().map(|request| self.now.duration_since(request.arrived)).max()
    }

    /// The fortnight that charts of a period end with: the one that still runs, or the last that ended in the period.
    pub(crate) fn until(&self, period: &Period) -> Result<Fortnight, BooksError> {
        let calendar = self.scoring.calendar();
        if let Period::Fortnight(fortnight) = period {
            return Ok(*fortnight);
        }
        let last = period.last().min(self.today);
        let fortnight = calendar.fortnight_of(last)?;
        let is_over = fortnight.last() <= last || period.contains(self.today);
        if is_over { Ok(fortnight) } else { Ok(calendar.before(fortnight)?) }
    }

    /// The signals of a unit up to the end of a period.
    pub(crate) fn outlook(&self, facts: &Facts, unit: &Unit, period: &Period) -> Result<Arc<Outlook>, BooksError> {
        let until = self.until(period)?;
        let make = || {
            let history = self.history(facts, unit, until)?;
            let mut signals = Vec::new();
            for measure in history.measures() {
                let rebasings = self.rebases.in_force(unit, &measure);
                signals.push(signal(&history, &measure, &rebasings)?);
            }
            Ok::<_, BooksError>(Outlook { signals, fortnights: history.fortnights().to_vec() })
        };
        // What has no history has a reason, which making it tells.
        let Some(fortnights) = history_stamp(facts, self.scoring, unit, until, self.today) else {
            return make().map(Arc::new);
        };
        let in_force = |rebase: &Rebase| rebase.unit == *unit && rebase.removed.is_none();
        let rebases = self.rebases.list().into_iter().filter(in_force).map(|rebase| rebase.number).collect();
        self.histories.outlook((unit, until), OutlookStamp { fortnights, rebases, today: self.today }, make)
    }

    /// The signal of one measure of a unit up to the end of a period.
    pub(crate) fn signal(
        &self,
        facts: &Facts,
        unit: &Unit,
        period: &Period,
        measure: &Measure,
    ) -> Result<Signal, BooksError> {
        if let Some(found) = self.outlook(facts, unit, period)?.get(measure) {
            return Ok(found.clone());
        }
        let history = self.history(facts, unit, self.until(period)?)?;
        Ok(signal(&history, measure, &self.rebases.in_force(unit, measure))?)
    }

    /// The wards of a unit compared by a measure over some fortnights, one after another; nothing for fewer than two wards or no fortnight.
    pub(crate) fn comparison(
        &self,
        facts: &Facts,
        unit: &Unit,
        fortnights: &[Fortnight],
        measure: &Measure,
    ) -> Result<Arc<Option<Comparison>>, BooksError> {
        let stamp = comparison_stamp(facts, self.scoring, unit, fortnights, self.today);
        let ends = fortnights.first().copied().zip(fortnights.last().copied());
        let make = || {
            let peers = self.peers(facts, unit, fortnights)?;
            Ok::<_, BooksError>(peers.and_then(|peers| peers.compare(measure)))
        };
        let Some((stamp, (first, last))) = stamp.zip(ends) else { return make().map(Arc::new) };
        let compared = Compared { unit: unit.clone(), measure: measure.clone(), first, last };
        self.histories.comparison(compared, (stamp, self.today), make)
    }

    /// The sheet of a unit in a period.
    pub(crate) fn sheet(
        &self,
        facts: &Facts,
        unit: &Unit,
        period: &Period,
    ) -> Result<Arc<ScoreSheet>, BooksError> {
        Ok(self.sheets.get(facts, self.scoring, period, unit, self.today)?)
    }

    /// Every action as it stands on the day that is looked from, the newest first: what came later has not happened.
    pub(super) fn seen(&self) -> Vec<Action> {
        let mut all = self.actions.list();
        all.retain(|action| action.opened <= self.today);
        for action in &mut all {
            action.done = action.done.filter(|done| *done <= self.today);
        }
        all
    }

    /// The actions of a unit and of its parts with their effects, or everybody's; the newest first.
    pub(crate) fn actions(&self, facts: &Facts, of: Option<&Unit>) -> Vec<ActionLine> {
        let all = self.seen();
        let concerns = |action: &&Action| of.is_none_or(|unit| belongs(self.directory, &action.unit, unit));
        let line = |action: &Action| {
            let rebasings = self.rebases.in_force(&action.unit, &action.measure());
            let effect = action
                .change(&all, &over(self.directory, &action.unit), &rebasings)
                .and_then(|change| self.histories.effect(facts, self.scoring, action.number, &change, self.today));
            ActionLine::new(action.clone(), self.today, effect.map(Arc::unwrap_or_clone))
        };
        all.iter().filter(concerns).map(line).collect()
    }

    /// The fortnights that wards are compared over: those that ended in the period, or half a year up to its end.
    pub(crate) fn compared(&self, fortnights: &[Fortnight], period: &Period) -> Vec<Fortnight> {
        let is_span = matches!(period, Period::HalfYear { .. } | Period::RollingHalfYear { .. });
        let ended = |fortnight: &&Fortnight| {
            fortnight.last() < self.today && (!is_span || period.contains(fortnight.last()))
        };
        let mut ended: Vec<Fortnight> = fortnights.iter().filter(ended).copied().collect();
        let first = ended.len().saturating_sub(COMPARED_FORTNIGHTS);
        ended.split_off(first)
    }
}

impl<'a> Books<'a> {
    /// The fortnights of a unit up to one.
    pub(crate) fn history(
        &self,
        facts: &Facts,
        unit: &Unit,
        until: Fortnight,
    ) -> Result<History<'a>, SignalError> {
        // A larger unit's are prepared fortnight by fortnight.
        if let Some([ward]) = self.scoring.wards_of(unit).as_deref()
            && until.start() <= self.today
        {
            let fortnights = self.scoring.run_up_to(facts, until);
            let wanted = fortnights.into_iter().map(|fortnight| (*ward, fortnight));
            self.histories.prepare(facts, self.scoring, wanted, self.today)?;
        }
        let mut readings = |wards: &[u16], fortnight| {
            self.histories.reading(facts, self.scoring, (unit, wards), fortnight, self.today)
        };
        History::of_readings(facts, self.scoring, unit, until, self.today, &mut readings)
    }

    /// The wards of a unit over some fortnights; `None` for no fortnights or fewer than two wards.
    pub(crate) fn peers(
        &self,
        facts: &Facts,
        unit: &Unit,
        fortnights: &[Fortnight],
    ) -> Result<Option<Peers<'a>>, BooksError> {
        let wards = self.scoring.wards_of(unit).unwrap_or_default();
        if fortnights.is_empty() || wards.len() < 2 {
            return Ok(None);
        }
        for fortnight in fortnights {
            let wanted = wards.iter().map(|ward| (*ward, *fortnight));
            self.histories.prepare(facts, self.scoring, wanted, self.today)?;
        }
        let mut grains = |ward, fortnight| self.histories.grain(facts, self.scoring, ward, fortnight, self.today);
        Ok(Peers::new(facts, self.scoring, unit, fortnights, self.today, &mut grains).map(Some)?)
    }
}
