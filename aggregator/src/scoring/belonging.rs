//! Which of a consultant's responses are in the figures of six months: row by row, so that six months can be held against others.

use jiff::civil::Date;
use wardvoice_protocol::fortnight::{DayNumber, Period};

use super::consultant::value_of;
use super::cut::Cut;
use super::in_charge::InCharge;
use super::score::Making;
use super::world::{ScoreError, ScoringWorld};
use crate::facts::{Fact, Facts};
use crate::policy::AudienceRow;

/// How a row stands to the figures of six months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// It answers a question that is the consultant's, and counts.
    Counts,
    /// It counts among the consultant's responses and answers none of those questions.
    Silent,
    /// It would count, and was disputed with success.
    Dropped,
    /// It is not in them.
    Not,
}

impl Belongs {
    /// Whether anything shown of the six months has it.
    pub(crate) fn is_shown(self) -> bool {
        matches!(self, Self::Counts | Self::Silent)
    }
}

/// The rows in which a consultant was named, of all time. Their order is their own and not that in which they came.
pub(crate) fn rows_of(facts: &Facts, consultant: u16) -> Vec<Fact> {
    let all = facts.days(facts.first_day().unwrap_or(Date::MIN), Date::MAX);
    let mut rows: Vec<Fact> = all.filter(|fact| fact.consultant_index() == Some(consultant)).copied().collect();
    rows.sort_unstable();
    rows
}

/// How each of a consultant's rows stands to the figures of a window as of a day; and who may see how much of such figures.
pub(crate) fn belonging<'a>(
    facts: &Facts,
    world: &'a ScoringWorld,
    rows: &[Fact],
    window: &Period,
    as_of: Date,
) -> Result<(Vec<Belongs>, &'a [AudienceRow]), ScoreError> {
    let making = Making::new(facts, world, *window, &Cut::default(), None, as_of)?;
    let rules = making.rules();
    let in_charge = InCharge::new(rules.scheme, rules.questionnaire);
    let days = DayNumber::from(window.start())..=DayNumber::from(window.last());
    let mut dropped = facts.dropped(rules.as_of);
    let mut points = Vec::new();
    let mut belongs = |row: &Fact| {
        let is_known = days.contains(&row.day()) && row.arrival_day().count() <= rules.as_of;
        if !is_known || in_charge.consultant_of_response(row).is_none() {
            return Belongs::Not;
        }
        making.scheme().person(row.answers(), &mut points);
        match value_of(&making, &points) {
            _ if dropped.take(row) => Belongs::Dropped,
            Some(_) => Belongs::Counts,
            None => Belongs::Silent,
        }
    };
    Ok((rows.iter().map(&mut belongs).collect(), &making.edition.definition.file().audiences))
}
