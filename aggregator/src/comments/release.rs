//! What may leave the office: the only way out.

use std::cmp::Reverse;
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
use super::kept::{Kept, Number};
use super::text::apply;
use super::themes::{ThemeCount, ThemeId};
use super::{Book, CommentHandle, Comments, CommentsError, fortnights};
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

/// The newest of what was released, and how much there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Newest {
    /// The newest of each tone, praise first.
    pub listed: Vec<Released>,
    counts: BTreeMap<Tone, u64>,
}

/// How many released comments are asked for.
#[derive(Debug, Clone, Copy)]
enum Most {
    /// So many in all.
    InAll(usize),
    /// So many of each tone.
    OfEachTone(usize),
}

impl Newest {
    /// How many were released as something, whether they are listed or not.
    pub fn count(&self, tone: Tone) -> u64 {
        self.counts.get(&tone).copied().unwrap_or_default()
    }
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
        self.released_most(unit, period, audience, Most::InAll(usize::MAX)).map(|newest| newest.listed)
    }

    /// The same, at most so many of each tone, with how many there are.
    pub fn newest_released(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        most_of_each: usize,
    ) -> Result<Newest, CommentsError> {
        self.released_most(unit, period, audience, Most::OfEachTone(most_of_each))
    }

    /// The first so many of the same, each with the handle by which an action may name it.
    pub fn released_with_handles(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        most: usize,
    ) -> Result<Vec<(CommentHandle, Released)>, CommentsError> {
        let Some(days) = self.days_of(unit, period, audience) else { return Ok(Vec::new()) };
        let book = self.so_far()?;
        let (chosen, _) = self.chosen(&book, unit, &days, audience, Most::InAll(most));
        let shown = chosen.into_iter().map(|(tone, kept)| (CommentHandle::of(&kept.id()), self.shown(kept, tone)));
        Ok(shown.collect())
    }

    fn released_most(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        most: Most,
    ) -> Result<Newest, CommentsError> {
        let Some(days) = self.days_of(unit, period, audience) else { return Ok(Newest::default()) };
        let book = self.so_far()?;
        let (chosen, counts) = self.chosen(&book, unit, &days, audience, most);
        let listed = chosen.into_iter().map(|(tone, kept)| self.shown(kept, tone)).collect();
        Ok(Newest { listed, counts })
    }

    /// Those that are shown of a unit's, praise first and the newest first, and how many there are of each tone. Looks at no more than at
    /// the days of those that are shown, however much was released.
    fn chosen<'a>(
        &self,
        book: &'a Book,
        unit: &Unit,
        days: &RangeInclusive<Date>,
        audience: Audience,
        most: Most,
    ) -> (Vec<(Tone, &'a Kept)>, BTreeMap<Tone, u64>) {
        let (mut chosen, mut counts) = (Vec::new(), BTreeMap::new());
        for tone in [Tone::Praise, Tone::Mixed, Tone::Criticism] {
            let most = match most {
                Most::InAll(most) => most.saturating_sub(chosen.len()),
                Most::OfEachTone(most) => most,
            };
            let (count, by_day) = book.index.newest(
                days,
                |ward| self.holds(unit, ward),
                |as_tone, reach| as_tone == tone && (audience != Audience::Public || reach == Reach::Everybody),
                most,
            );
            let mut of_tone: Vec<(Tone, &Kept)> = Vec::new();
            for numbers in by_day {
                let mut of_day: Vec<&Kept> =
                    numbers.into_iter().filter_map(|number| book.kept.get(number)).collect();
                of_day.sort_by_key(|kept| Reverse(kept.position()));
                of_tone.extend(of_day.into_iter().map(|kept| (tone, kept)));
            }
            of_tone.truncate(most);
            chosen.extend(of_tone);
            counts.insert(tone, count);
        }
        (chosen, counts)
    }

    /// The same of those who answered the questionnaire of a number in facts.
    pub fn released_in(
        &self,
        unit: &Unit,
        period: &Period,
        audience: Audience,
        questionnaire: u8,
    ) -> Result<Vec<Released>, CommentsError> {
        let Some(days) = self.days_of(unit, period, audience) else { return Ok(Vec::new()) };
        let book = self.so_far()?;
        let numbers = book.index.released(&days, |ward| self.holds(unit, ward));
        Ok(self.passed(&book, numbers, |kept, reach| {
            let is_in = kept.row().is_some_and(|row| row.questionnaire_index() == questionnaire);
            is_in && (audience != Audience::Public || reach == Reach::Everybody)
        }))
    }

    /// What was passed about consultants by patients of one. Whether it may be shown at all, whoever asks has asked the policy.
    pub(crate) fn of_patients(&self, patients: &Patients<'_>) -> Result<Vec<Released>, CommentsError> {
        let Some(days) = fortnights::whole(&self.world.calendar, &patients.window) else { return Ok(Vec::new()) };
        let frame = self.frame();
        let about = |theme: &ThemeId| frame.theme(theme).is_some_and(|theme| theme.about_consultants);
        let book = self.so_far()?;
        let numbers = book.index.released_of(patients.consultant, &days);
        Ok(self.passed(&book, numbers, |kept, _| {
            let known = kept.row().filter(|row| row.arrival_day() <= DayNumber::from(patients.as_of));
            let of = known.and_then(|row| patients.in_charge.consultant_of_response(&row));
            of == Some(patients.consultant)
                && !patients.not_theirs.contains(&kept.record())
                && kept.history().themes().iter().any(about)
        }))
    }

    /// Some released comments of patients, as far as they are wanted, praise first and the newest first.
    fn passed(&self, book: &Book, numbers: Vec<Number>, wanted: impl Fn(&Kept, Reach) -> bool) -> Vec<Released> {
        let mut released: Vec<(Tone, Number, &Kept)> = Vec::new();
        for number in numbers {
            let Some(kept) = book.kept.get(number) else { continue };
            let Standing::Released { tone, reach } = kept.history().standing() else { continue };
            if wanted(kept, *reach) {
                released.push((*tone, number, kept));
            }
        }
        released
            .sort_by_key(|(tone, number, kept)| (*tone, Reverse(kept.day()), Reverse(kept.position()), *number));
        released.into_iter().map(|(tone, _, kept)| self.shown(kept, tone)).collect()
    }

    /// The days of which an audience is shown what was released of a unit; none where it is shown nothing, whatever was released.
    fn days_of(&self, unit: &Unit, period: &Period, audience: Audience) -> Option<RangeInclusive<Date>> {
        fortnights::whole(&self.world.calendar, period).filter(|days| self.may_be_asked(unit, days, audience))
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

    fn shown(&self, kept: &Kept, tone: Tone) -> Released {
        let (frame, history) = (self.frame(), kept.history());
        Released {
            ward: kept.ward().clone(),
            asked: kept.asked().to_owned(),
            tone,
            text: apply(kept.text(), history.edits()),
            language: kept.language().to_string(),
            themes: history.themes().iter().map(|theme| frame.label(theme)).collect(),
        }
    }

    /// How many comments of a unit in a period are about each theme, as people have coded them; for the office only, and of no consultant.
    pub fn theme_counts(&self, unit: &Unit, period: &Period) -> Result<Vec<ThemeCount>, CommentsError> {
        if matches!(unit, Unit::Consultant(_)) {
            return Err(CommentsError::OfOnePerson(unit.clone()));
        }
        let book = self.so_far()?;
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
        counted.sort_by_key(|count| Reverse(count.praise + count.criticism + count.not_released));
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
