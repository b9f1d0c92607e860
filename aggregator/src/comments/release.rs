//! What may leave the office: the only way out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::PoisonError;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::{DayNumber, Period};
use wardvoice_protocol::id::{RecordId, WardId};

use super::history::{Reach, Standing, Tone};
use super::text::apply;
use super::themes::{ThemeCount, ThemeId};
use super::{CommentHandle, CommentId, Comments, CommentsError, Found, History, fortnights};
use crate::facts::Fact;
use crate::policy::Audience;
use crate::scoring::InCharge;

/// So many people must have answered before anybody at all is shown what one of them wrote: a cell of five or fewer is never public.
const FEWEST_IN_PUBLIC: u64 = 6;
/// A comment as it may be shown. It says neither who passed it nor when it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Released {
    /// The ward's id.
    #[schema(value_type = String)]
    pub ward: WardId,
    /// What was asked, in English.
    pub asked: String,
    /// What it is.
    pub tone: Tone,
    /// The text, with roles in the place of names and marks where something was struck out.
    pub text: String,
    /// The tag of the language it was written in, as far as is known: that of the interview.
    pub language: String,
    /// What it is about, as the coding frame calls it.
    pub themes: Vec<String>,
}

/// The patients of a consultant in six months, as the figures that their comments stand beside count them.
pub(crate) struct Patients<'a> {
    /// The consultant's number in facts.
    pub(crate) consultant: u16,
    /// The six months.
    pub(crate) window: Period,
    /// What came after this day is not known yet.
    pub(crate) as_of: Date,
    /// Whose patients there are.
    pub(crate) in_charge: InCharge<'a>,
    /// The records of those who were not the consultant's after all.
    pub(crate) not_theirs: BTreeSet<RecordId>,
}

impl Comments {
    /// The comments of a unit of wards in the whole fortnights of a period that an audience may read, praise first and the newest days first.
    ///
    /// The public is shown what was released to everybody, of units of which six people or more answered in the period. Nobody is shown
    /// comments by consultant here: [`crate::appraisal::comments`]. What staff wrote in questionnaires of their own is shown nowhere.
    pub fn released(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
    ) -> Result<Vec<Released>, CommentsError> {
        let released = self.released_with_handles(unit, period, audience)?;
        Ok(released.into_iter().map(|(_, released)| released).collect())
    }

    /// The same, each with the handle by which an action may name it.
    pub fn released_with_handles(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
    ) -> Result<Vec<(CommentHandle, Released)>, CommentsError> {
        let Some(days) = fortnights::whole(&self.world.calendar, period) else { return Ok(Vec::new()) };
        if !self.may_be_asked(unit, &days, audience) {
            return Ok(Vec::new());
        }
        self.passed(&days, |_, found, _, reach| {
            (audience != Audience::Public || reach == Reach::Everybody) && self.is_of(found, unit)
        })
    }

    /// What was passed about consultants by patients of one. Whether it may be shown at all, whoever asks has asked the policy.
    pub(crate) fn of_patients(&self, patients: &Patients<'_>) -> Result<Vec<Released>, CommentsError> {
        let Some(days) = fortnights::whole(&self.world.calendar, &patients.window) else { return Ok(Vec::new()) };
        let frame = self.frame();
        let about = |theme: &ThemeId| frame.theme(theme).is_some_and(|theme| theme.about_consultants);
        let passed = self.passed(&days, |id, found, history, _| {
            let known = found.row.filter(|row| row.arrival_day() <= DayNumber::from(patients.as_of));
            let of = known.and_then(|row| patients.in_charge.consultant_of_response(&row));
            of == Some(patients.consultant)
                && !patients.not_theirs.contains(&id.record())
                && history.themes().iter().any(about)
        })?;
        Ok(passed.into_iter().map(|(_, released)| released).collect())
    }

    /// What was passed of what patients wrote on some days, as far as it is wanted.
    fn passed(
        &self,
        days: &RangeInclusive<Date>,
        wanted: impl Fn(&CommentId, &Found, &History, Reach) -> bool,
    ) -> Result<Vec<(CommentHandle, Released)>, CommentsError> {
        let book = self.up_to_date()?;
        let mut released: Vec<(Tone, Date, u64, (CommentHandle, Released))> = Vec::new();
        for (id, history) in &book.histories {
            let Standing::Released { tone, reach } = history.standing() else { continue };
            let Some(found) = book.found.get(id) else { continue };
            if found.of_patients && days.contains(&found.day) && wanted(id, found, history, *reach) {
                let shown = (CommentHandle::of(id), self.shown(found, history, *tone));
                released.push((*tone, found.day, found.position, shown));
            }
        }
        drop(book);
        released.sort_by(|a, b| (a.0, b.1, b.2).cmp(&(b.0, a.1, a.2)));
        Ok(released.into_iter().map(|(_, _, _, shown)| shown).collect())
    }

    /// Whether anything may be shown at all, whatever was released.
    fn may_be_asked(&self, unit: &Unit, days: &RangeInclusive<Date>, audience: Audience) -> bool {
        match (unit, audience) {
            (Unit::Consultant(_), _) | (_, Audience::Consultant | Audience::Appraiser) => false,
            (_, Audience::Public) => self.responses(unit, days) >= FEWEST_IN_PUBLIC,
            (_, Audience::Ward | Audience::Board | Audience::Office) => true,
        }
    }

    /// How many patients of a unit of wards answered in a span of days.
    fn responses(&self, unit: &Unit, days: &RangeInclusive<Date>) -> u64 {
        let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner);
        let vocabulary = facts.vocabulary();
        let is_counted = |fact: &&Fact| {
            let questionnaire = vocabulary.questionnaire(fact.questionnaire_index());
            let of_patients = questionnaire.is_some_and(|one| one.file().audience == KioskAudience::Patients);
            let ward = vocabulary.ward(fact.ward_index());
            let is_of_unit = ward.is_some_and(|ward| holds(&self.world.directory, unit, ward));
            of_patients && is_of_unit && fact.outcome().has_response()
        };
        facts.days(*days.start(), *days.end()).filter(is_counted).count() as u64
    }

    /// Whether a comment is of a unit of wards.
    pub(super) fn is_of(&self, found: &Found, unit: &Unit) -> bool {
        holds(&self.world.directory, unit, &found.ward)
    }

    fn shown(&self, found: &Found, history: &History, tone: Tone) -> Released {
        let frame = self.frame();
        Released {
            ward: found.ward.clone(),
            asked: found.asked.clone(),
            tone,
            text: apply(&found.text, history.edits()),
            language: found.language.to_string(),
            themes: history.themes().iter().map(|theme| frame.label(theme)).collect(),
        }
    }

    /// How many comments of a unit in a period are about each theme, as people have coded them; for the office only, and of no consultant.
    pub fn theme_counts(&self, unit: &Unit, period: &Period) -> Result<Vec<ThemeCount>, CommentsError> {
        if matches!(unit, Unit::Consultant(_)) {
            return Err(CommentsError::OfOnePerson(unit.clone()));
        }
        let book = self.up_to_date()?;
        let mut counts: BTreeMap<&ThemeId, (u64, u64, u64)> = BTreeMap::new();
        for (id, history) in &book.histories {
            let Some(found) = book.found.get(id) else { continue };
            if !found.of_patients || !period.contains(found.day) || !self.is_of(found, unit) {
                continue;
            }
            for theme in history.themes() {
                let count = counts.entry(theme).or_default();
                match history.standing() {
                    Standing::Released { tone: Tone::Praise, .. } => count.0 += 1,
                    Standing::Released { .. } => count.1 += 1,
                    _ => count.2 += 1,
                }
            }
        }
        let frame = self.frame();
        let counted = counts.into_iter().map(|(theme, (praise, criticism, not_released))| ThemeCount {
            theme: theme.clone(),
            label: frame.label(theme),
            praise,
            criticism,
            not_released,
        });
        let mut counted: Vec<_> = counted.collect();
        counted.sort_by_key(|count| std::cmp::Reverse(count.praise + count.criticism + count.not_released));
        Ok(counted)
    }
}

/// Whether a ward belongs to a unit of wards.
fn holds(directory: &Directory, unit: &Unit, ward: &WardId) -> bool {
    let Some(entry) = directory.ward(ward) else { return false };
    match unit {
        Unit::Ward(id) => entry.id == *id,
        Unit::Department(id) => entry.department == *id,
        Unit::Site(id) => entry.site == *id,
        Unit::Trust(id) => directory.file().trust.id == *id,
        Unit::Specialty(id) => entry.specialties.first() == Some(id),
        Unit::Consultant(_) => false,
    }
}
