//! What may leave the office: the only way out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::PoisonError;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{RecordId, WardId};

use super::history::{Reach, Standing, Tone};
use super::index::Coded;
use super::text::apply;
use super::themes::{ThemeCount, ThemeId};
use super::{CommentHandle, Comments, CommentsError, Found, History, fortnights};
use crate::facts::Fact;
use crate::policy::Audience;

/// So many people must have answered before anybody at all is shown what one of them wrote: a cell of five or fewer is never public.
const FEWEST_IN_PUBLIC: u64 = 6;
/// So many before a consultant and who appraises them are (the table of named consultants).
const FEWEST_OF_A_CONSULTANT: u64 = 5;

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

impl Comments {
    /// The comments of a unit in the whole fortnights of a period that an audience may read, praise first and the newest days first.
    ///
    /// The public is shown what was released to everybody, of units of which six people or more answered in the period. A consultant
    /// and their appraiser are shown what was passed about consultants, by patients of theirs that the roster or the patient gave them, five
    /// or more; nobody else is shown comments by consultant. What staff wrote in questionnaires of their own is shown nowhere here.
    pub fn released(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
    ) -> Result<Vec<Released>, CommentsError> {
        self.released_but(unit, period, audience, &BTreeSet::new())
    }

    /// The same without those of some records: patients who were not the consultant's after all.
    pub fn released_but(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        not_theirs: &BTreeSet<RecordId>,
    ) -> Result<Vec<Released>, CommentsError> {
        let released = self.released_named(unit, period, audience, not_theirs)?;
        Ok(released.into_iter().map(|(_, released)| released).collect())
    }

    /// The same, each with the handle by which an action may name it.
    pub fn released_with_handles(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
    ) -> Result<Vec<(CommentHandle, Released)>, CommentsError> {
        self.released_named(unit, period, audience, &BTreeSet::new())
    }

    fn released_named(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        not_theirs: &BTreeSet<RecordId>,
    ) -> Result<Vec<(CommentHandle, Released)>, CommentsError> {
        let Some(days) = fortnights::whole(&self.world.calendar, period) else { return Ok(Vec::new()) };
        if !self.may_be_asked(unit, &days, audience) {
            return Ok(Vec::new());
        }
        let book = self.up_to_date()?;
        let mut released: Vec<(Tone, Date, u64, (CommentHandle, Released))> = Vec::new();
        let ids = match unit {
            Unit::Consultant(consultant) => book.index.released_of(consultant, &days),
            _ => book.index.released(&days, |ward| self.holds(unit, ward)),
        };
        for id in ids {
            let (Some(found), Some(history)) = (book.found.get(id), book.histories.get(id)) else { continue };
            let Standing::Released { tone, reach } = history.standing() else { continue };
            let goes_there = audience != Audience::Public || *reach == Reach::Everybody;
            let goes_there = goes_there && !not_theirs.contains(&id.record());
            if goes_there && found.of_patients && days.contains(&found.day) && self.is_of(found, history, unit) {
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
        let fewest = match (unit, audience) {
            (Unit::Consultant(_), Audience::Consultant | Audience::Appraiser) => FEWEST_OF_A_CONSULTANT,
            (Unit::Consultant(_), _) | (_, Audience::Consultant | Audience::Appraiser) => return false,
            (_, Audience::Public) => FEWEST_IN_PUBLIC,
            (_, Audience::Ward | Audience::Board | Audience::Office) => return true,
        };
        self.responses(unit, days, fewest) >= fewest
    }

    /// How many patients of a unit answered in a span of days, counted up to `most`.
    fn responses(&self, unit: &Unit, days: &RangeInclusive<Date>, most: u64) -> u64 {
        let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner);
        let vocabulary = facts.vocabulary();
        let is_counted = |fact: &&Fact| {
            let questionnaire = vocabulary.questionnaire(fact.questionnaire_index());
            let of_patients = questionnaire.is_some_and(|one| one.file().audience == KioskAudience::Patients);
            of_patients && fact.outcome().has_response()
        };
        let (first, last, most) = (*days.start(), *days.end(), usize::try_from(most).unwrap_or(usize::MAX));
        let counted = match unit {
            Unit::Consultant(id) => {
                let Some(index) = vocabulary.consultant_index(id) else { return 0 };
                let named = facts.days(first, last).filter(|fact| fact.consultant_index() == Some(index));
                named.filter(is_counted).take(most).count()
            }
            _ => {
                let wards = (0..vocabulary.ward_count())
                    .filter(|index| vocabulary.ward(*index).is_some_and(|ward| self.holds(unit, ward)));
                let rows = wards.flat_map(|index| facts.ward_days(index, first, last)).flatten();
                rows.filter(is_counted).take(most).count()
            }
        };
        counted as u64
    }

    /// Whether a ward belongs to a unit of wards.
    pub(super) fn holds(&self, unit: &Unit, ward: &WardId) -> bool {
        holds(&self.world.directory, unit, ward)
    }

    pub(super) fn is_of(&self, found: &Found, history: &History, unit: &Unit) -> bool {
        let Unit::Consultant(consultant) = unit else { return holds(&self.world.directory, unit, &found.ward) };
        let frame = self.frame();
        let about = |theme: &ThemeId| frame.theme(theme).is_some_and(|theme| theme.about_consultants);
        found.consultant.as_ref() == Some(consultant) && history.themes().iter().any(about)
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
