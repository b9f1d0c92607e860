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
use super::index::Coded;
use super::text::apply;
use super::themes::{ThemeCount, ThemeId};
use super::{CommentHandle, CommentId, Comments, CommentsError, Found, History, fortnights};
use crate::facts::Fact;
use crate::policy::Audience;
use crate::scoring::InCharge;

/// So many people must have answered before anybody at all is shown what one of them wrote: a cell of five or fewer is never public.
const FEWEST_IN_PUBLIC: usize = 6;
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

/// Among which released comments to look.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// Those of some wards.
    OfWards(&'a dyn Fn(&WardId) -> bool),
    /// Those of the patients for whom a consultant of that number was named.
    Of(u16),
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
        let released = self.released_with_handles(unit, period, audience, usize::MAX)?;
        Ok(released.into_iter().map(|(_, released)| released).collect())
    }

    /// The first so many of the same, each with the handle by which an action may name it.
    pub fn released_with_handles(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        most: usize,
    ) -> Result<Vec<(CommentHandle, Released)>, CommentsError> {
        let Some(days) = fortnights::whole(&self.world.calendar, period) else { return Ok(Vec::new()) };
        if !self.may_be_asked(unit, &days, audience) {
            return Ok(Vec::new());
        }
        let is_of = |ward: &WardId| self.holds(unit, ward);
        self.passed(&days, most, Wanted::OfWards(&is_of), |_, _, _, reach| {
            audience != Audience::Public || reach == Reach::Everybody
        })
    }

    /// The same of those who answered the questionnaire of a number in facts.
    pub fn released_in(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        questionnaire: u8,
    ) -> Result<Vec<Released>, CommentsError> {
        let Some(days) = fortnights::whole(&self.world.calendar, period) else { return Ok(Vec::new()) };
        if !self.may_be_asked(unit, &days, audience) {
            return Ok(Vec::new());
        }
        let is_of = |ward: &WardId| self.holds(unit, ward);
        let passed = self.passed(&days, usize::MAX, Wanted::OfWards(&is_of), |_, found, _, reach| {
            let is_in = found.row.is_some_and(|row| row.questionnaire_index() == questionnaire);
            is_in && (audience != Audience::Public || reach == Reach::Everybody)
        })?;
        Ok(passed.into_iter().map(|(_, released)| released).collect())
    }

    /// What was passed about consultants by patients of one. Whether it may be shown at all, whoever asks has asked the policy.
    pub(crate) fn of_patients(&self, patients: &Patients<'_>) -> Result<Vec<Released>, CommentsError> {
        let Some(days) = fortnights::whole(&self.world.calendar, &patients.window) else { return Ok(Vec::new()) };
        let frame = self.frame();
        let about = |theme: &ThemeId| frame.theme(theme).is_some_and(|theme| theme.about_consultants);
        let passed =
            self.passed(&days, usize::MAX, Wanted::Of(patients.consultant), |id, found, history, _| {
                let known = found.row.filter(|row| row.arrival_day() <= DayNumber::from(patients.as_of));
                let of = known.and_then(|row| patients.in_charge.consultant_of_response(&row));
                of == Some(patients.consultant)
                    && !patients.not_theirs.contains(&id.record())
                    && history.themes().iter().any(about)
            })?;
        Ok(passed.into_iter().map(|(_, released)| released).collect())
    }

    /// The first so many of what was passed of what patients wrote on some days, as far as it is wanted.
    fn passed(
        &self,
        days: &RangeInclusive<Date>,
        most: usize,
        among: Wanted<'_>,
        wanted: impl Fn(&CommentId, &Found, &History, Reach) -> bool,
    ) -> Result<Vec<(CommentHandle, Released)>, CommentsError> {
        let book = self.up_to_date()?;
        let mut released: Vec<(Tone, Date, &Found, &History)> = Vec::new();
        let ids = match among {
            Wanted::Of(consultant) => book.index.released_of(consultant, days),
            Wanted::OfWards(is_asked) => book.index.released(days, is_asked),
        };
        for id in ids {
            let (Some(found), Some(history)) = (book.found.get(id), book.histories.get(id)) else { continue };
            let Standing::Released { tone, reach } = history.standing() else { continue };
            if found.of_patients && days.contains(&found.day) && wanted(id, found, history, *reach) {
                released.push((*tone, found.day, found, history));
            }
        }
        released.sort_by(|a, b| (a.0, b.1, b.2.position).cmp(&(b.0, a.1, a.2.position)));
        let shown = released
            .into_iter()
            .take(most)
            .map(|(tone, _, found, history)| (CommentHandle::of(&found.id), self.shown(found, history, tone)));
        Ok(shown.collect())
    }

    /// Whether anything may be shown at all, whatever was released.
    fn may_be_asked(&self, unit: &Unit, days: &RangeInclusive<Date>, audience: Audience) -> bool {
        match (unit, audience) {
            (Unit::Consultant(_), _) | (_, Audience::Consultant | Audience::Appraiser) => false,
            (_, Audience::Public) => self.answered_by(unit, days, FEWEST_IN_PUBLIC),
            (_, Audience::Ward | Audience::Board | Audience::Office) => true,
        }
    }

    /// Whether so many patients of a unit of wards answered in a span of days.
    fn answered_by(&self, unit: &Unit, days: &RangeInclusive<Date>, fewest: usize) -> bool {
        let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner);
        let vocabulary = facts.vocabulary();
        let is_counted = |fact: &&Fact| {
            let questionnaire = vocabulary.questionnaire(fact.questionnaire_index());
            let of_patients = questionnaire.is_some_and(|one| one.file().audience == KioskAudience::Patients);
            of_patients && fact.outcome().has_response()
        };
        let wards = (0..vocabulary.ward_count())
            .filter(|index| vocabulary.ward(*index).is_some_and(|ward| self.holds(unit, ward)));
        let rows = wards.flat_map(|index| facts.ward_days(index, *days.start(), *days.end())).flatten();
        rows.filter(is_counted).take(fewest).count() == fewest
    }

    /// Whether a ward belongs to a unit of wards.
    pub(super) fn holds(&self, unit: &Unit, ward: &WardId) -> bool {
        holds(&self.world.directory, unit, ward)
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
        let mut counts: BTreeMap<&ThemeId, Coded> = BTreeMap::new();
        let days = period.start()..=period.last();
        book.index.each_theme(
            &days,
            |ward| self.holds(unit, ward),
            |theme, coded| {
                let count = counts.entry(theme).or_default();
                count.praise += coded.praise;
                count.criticism += coded.criticism;
                count.not_released += coded.not_released;
            },
        );
        let frame = self.frame();
        let counted = counts.into_iter().map(|(theme, coded)| ThemeCount {
            theme: theme.clone(),
            label: frame.label(theme),
            praise: coded.praise,
            criticism: coded.criticism,
            not_released: coded.not_released,
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
