//! What a score needs besides facts: the trust, the calendar, the rules and the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::{Calendar, Period};
use wardvoice_protocol::id::WardId;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire, QuestionnaireRef};

use super::bulk::Bulk;
use super::cut::CutError;
use super::definition::{Definition, DefinitionError, DefinitionRef, UnitKind};
use super::measure::Measure;
use super::plan::{FORTNIGHT_RESPONSES, Plan, Plans, Timeline};
use super::word::{Word, Words};
use crate::facts::Vocabulary;

/// After how many whole local days a period is final, unless configured otherwise.
pub const FINAL_AFTER_DAYS: u16 = 7;

/// What a score needs besides facts.
#[derive(Debug, Clone)]
pub struct ScoringWorld {
    directory: Directory,
    calendar: Calendar,
    vocabulary: Arc<Vocabulary>,
    editions: Vec<Edition>,
    /// The wards' ids, by their numbers in facts.
    ward_words: Vec<Word>,
    series: Vec<SeriesStart>,
    plans: Arc<Plans>,
    targets: BTreeMap<Measure, f64>,
    final_after_days: u16,
}

/// From this day on periods are published by this definition. A period belongs to the series that is in force on its first day, so
/// a new version starts a new series and changes nothing that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesStart {
    /// The first day.
    pub from: Date,
    /// The definition.
    pub definition: DefinitionRef,
}

/// A definition with its questionnaire as facts know it.
#[derive(Debug, Clone)]
pub(super) struct Edition {
    pub(super) definition: Definition,
    pub(super) questionnaire: Questionnaire,
    pub(super) questionnaire_index: u8,
    /// Which questionnaires have the same audience, by number.
    pub(super) audience: Vec<bool>,
    pub(super) bulk: Option<Bulk>,
    pub(super) words: Words,
    /// The place of the friends and family test among the questions, if it is asked.
    pub(super) friends_and_family: Option<usize>,
}

/// Why there can be no scoring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScoringWorldError {
    /// The definition does not fit.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The questionnaire that is to be scored is not among those that facts know.
    #[error("score questionnaire {0}: it is not among the questionnaires in use")]
    NoQuestionnaire(QuestionnaireRef),
    /// There is no definition at all.
    #[error("score anything: there is no definition")]
    NoDefinition,
    /// A definition stands twice, or a series names one that is not there, or begins twice on one day.
    #[error("score by {0}: {1}")]
    Series(DefinitionRef, &'static str),
}

/// Why there is no score sheet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The directory has no such unit.
    #[error("score {0}: the directory has no such unit")]
    UnknownUnit(Unit),
    /// The facts were numbered by another vocabulary.
    #[error("score facts that were numbered under another directory or other questionnaires")]
    OtherVocabulary,
    /// There is no such definition.
    #[error("score by {asked}: the definitions are {known}")]
    UnknownDefinition {
        /// What was asked for.
        asked: DefinitionRef,
        /// What there is.
        known: String,
    },
    /// The questionnaire has no such cut.
    #[error(transparent)]
    Cut(#[from] CutError),
}

/// Which facts are a unit's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Members {
    Wards(Vec<u16>),
    Consultant(u16),
}

impl ScoringWorld {
    /// A world with one definition of one's own. The questionnaire it scores must be in the vocabulary.
    pub fn new(
        directory: Directory,
        calendar: Calendar,
        vocabulary: Arc<Vocabulary>,
        definition: Definition,
        final_after_days: u16,
    ) -> Result<Self, ScoringWorldError> {
        Self::with(directory, calendar, vocabulary, vec![definition], Vec::new(), final_after_days)
    }

    /// A world with several definitions. The first is in force from the beginning of the calendar, unless a series says otherwise.
    pub fn with(
        directory: Directory,
        calendar: Calendar,
        vocabulary: Arc<Vocabulary>,
        definitions: Vec<Definition>,
        series: Vec<SeriesStart>,
        final_after_days: u16,
    ) -> Result<Self, ScoringWorldError> {
        let mut editions: Vec<Edition> = Vec::new();
        for definition in definitions {
            let reference = definition.reference();
            if editions.iter().any(|edition| edition.definition.reference() == reference) {
                return Err(ScoringWorldError::Series(reference, "it stands twice"));
            }
            editions.push(Edition::new(definition, &vocabulary)?);
        }
        if editions.is_empty() {
            return Err(ScoringWorldError::NoDefinition);
        }
        let mut starts: BTreeMap<Date, SeriesStart> = BTreeMap::new();
        for start in series {
            let reference = start.definition.clone();
            if !editions.iter().any(|edition| edition.definition.reference() == reference) {
                return Err(ScoringWorldError::Series(reference, "there is no such definition"));
            }
            if starts.insert(start.from, start).is_some() {
                return Err(ScoringWorldError::Series(reference, "another series begins on the same day"));
            }
        }
        let plan = Plan::new(&directory, FORTNIGHT_RESPONSES);
        let plans = Arc::new(Plans::new(Timeline::new(plan)));
        let series = starts.into_values().collect();
        let wards = (0..vocabulary.ward_count()).map(|ward| vocabulary.ward(ward));
        let ward_words = wards.map(|id| Word::of(id.map(WardId::as_str).unwrap_or_default())).collect();
        Ok(Self {
            directory,
            calendar,
            vocabulary,
            editions,
            ward_words,
            series,
            plans,
            targets: BTreeMap::new(),
            final_after_days,
        })
    }

    /// The world of the definitions that this project ships, of those questionnaires that are in use.
    pub fn inpatient(
        directory: Directory,
        calendar: Calendar,
        vocabulary: Arc<Vocabulary>,
        final_after_days: u16,
    ) -> Result<Self, ScoringWorldError> {
        let mut definitions = Vec::new();
        for unchecked in Definition::shipped()? {
            let index = vocabulary.questionnaire_index(unchecked.questionnaire());
            if let Some(questionnaire) = index.and_then(|index| vocabulary.questionnaire(index)) {
                definitions.push(unchecked.check(questionnaire)?);
            }
        }
        Self::with(directory, calendar, vocabulary, definitions, Vec::new(), final_after_days)
    }

    /// The same with the plans that the office decides about.
    #[must_use]
    pub fn with_plans(mut self, plans: Arc<Plans>) -> Self {
        self.plans = plans;
        self
    }

    /// The trust.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// What facts' numbers mean.
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// Every definition, as far as scores are made by it.
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.editions.iter().map(|edition| &edition.definition)
    }

    /// The definition that a period which begins on a day is published by.
    pub fn in_force(&self, day: Date) -> Option<&Definition> {
        self.edition_in_force(day).map(|edition| &edition.definition)
    }

    /// The questionnaire that a definition scores; none where there is no such definition.
    pub fn questionnaire_of(&self, definition: &DefinitionRef) -> Option<&Questionnaire> {
        self.edition(definition).ok().map(|edition| &edition.questionnaire)
    }

    /// Whether a definition scores what staff say of their work.
    pub fn is_of_staff(&self, definition: &DefinitionRef) -> bool {
        let questionnaire = self.questionnaire_of(definition);
        questionnaire.is_some_and(|questionnaire| questionnaire.file().audience == KioskAudience::Staff)
    }

    pub(super) fn edition_in_force(&self, day: Date) -> Option<&Edition> {
        let start = self.series.iter().rev().find(|start| start.from <= day);
        match start {
            Some(start) => self.edition(&start.definition).ok(),
            None => self.editions.first(),
        }
    }

    pub(super) fn edition(&self, asked: &DefinitionRef) -> Result<&Edition, ScoreError> {
        let found = self.editions.iter().find(|edition| edition.definition.is(asked));
        found.ok_or_else(|| {
            let known: Vec<_> = self.definitions().map(|one| one.reference().to_string()).collect();
            ScoreError::UnknownDefinition { asked: asked.clone(), known: known.join(", ") }
        })
    }

    /// A ward's id, by its number in facts.
    pub(super) fn ward_word(&self, ward: u16) -> Option<Word> {
        self.ward_words.get(usize::from(ward)).copied()
    }

    pub(super) fn editions(&self) -> impl Iterator<Item = &Edition> {
        self.editions.iter()
    }

    /// What measures are to reach, as far as the trust has said so.
    #[must_use]
    pub fn with_targets(mut self, targets: BTreeMap<Measure, f64>) -> Self {
        self.targets = targets;
        self
    }

    /// What a measure is to reach, in its own unit.
    pub fn target(&self, measure: &Measure) -> Option<f64> {
        self.targets.get(measure).copied()
    }

    /// The plan of the fortnight that a day is in.
    pub fn plan(&self, day: Date) -> Arc<Plan> {
        self.plans.on(day)
    }

    /// Which edition of the plans is in use: a sheet that was made under another may show another quota.
    pub fn plan_edition(&self) -> u64 {
        self.plans.edition()
    }

    /// After how many whole local days a period is final.
    pub fn final_after_days(&self) -> u16 {
        self.final_after_days
    }

    /// Every unit that has scores and its name: the trust, sites, departments, specialties that are some ward's main one,
    /// wards, consultants; each kind in the directory's order.
    pub fn units(&self) -> Vec<(Unit, String)> {
        let file = self.directory.file();
        let main: BTreeSet<_> = file.wards.iter().filter_map(|ward| ward.specialties.first()).collect();
        let mut units = vec![(Unit::Trust(file.trust.id.clone()), file.trust.name.clone())];
        units.extend(file.sites.iter().map(|site| (Unit::Site(site.id.clone()), site.name.clone())));
        units
            .extend(file.departments.iter().map(|entry| (Unit::Department(entry.id.clone()), entry.name.clone())));
        let specialties = file.specialties.iter().filter(|entry| main.contains(&entry.id));
        units.extend(specialties.map(|entry| (Unit::Specialty(entry.id.clone()), entry.name.clone())));
        units.extend(file.wards.iter().map(|ward| (Unit::Ward(ward.id.clone()), ward.name.clone())));
        units.extend(
            file.consultants.iter().map(|entry| (Unit::Consultant(entry.id.clone()), entry.label.clone())),
        );
        units
    }

    /// A unit's name, if the directory has the unit.
    pub fn unit_name(&self, unit: &Unit) -> Option<String> {
        let file = self.directory.file();
        match unit {
            Unit::Ward(id) => self.directory.ward(id).map(|ward| ward.name.clone()),
            Unit::Department(id) => file.departments.iter().find(|e| e.id == *id).map(|e| e.name.clone()),
            Unit::Site(id) => file.sites.iter().find(|entry| entry.id == *id).map(|entry| entry.name.clone()),
            Unit::Trust(id) => (file.trust.id == *id).then(|| file.trust.name.clone()),
            Unit::Specialty(id) => file.specialties.iter().find(|e| e.id == *id).map(|e| e.name.clone()),
            Unit::Consultant(id) => self.directory.consultant(id).map(|entry| entry.label.clone()),
        }
    }

    /// The wards that a unit is made of, by their numbers in facts; `None` for consultants and for what the directory has not.
    pub fn wards_of(&self, unit: &Unit) -> Option<Vec<u16>> {
        match self.members(unit)? {
            Members::Wards(wards) => Some(wards),
            Members::Consultant(_) => None,
        }
    }

    /// Which facts are a unit's.
    pub(super) fn members(&self, unit: &Unit) -> Option<Members> {
        self.unit_name(unit)?;
        if let Unit::Consultant(id) = unit {
            return self.vocabulary.consultant_index(id).map(Members::Consultant);
        }
        let wards = self.directory.wards().iter().filter(|ward| match unit {
            Unit::Ward(id) => ward.id == *id,
            Unit::Department(id) => ward.department == *id,
            Unit::Site(id) => ward.site == *id,
            Unit::Trust(_) => true,
            Unit::Specialty(id) => ward.specialties.first() == Some(id),
            Unit::Consultant(_) => false,
        });
        // The vocabulary numbers wards in the directory's order; asking it keeps that its own business.
        Some(Members::Wards(wards.filter_map(|ward| self.vocabulary.ward_index(&ward.id)).collect()))
    }
}

impl Edition {
    fn new(definition: Definition, vocabulary: &Vocabulary) -> Result<Self, ScoringWorldError> {
        let reference = definition.file().questionnaire.clone();
        let missing = || ScoringWorldError::NoQuestionnaire(reference.clone());
        let questionnaire_index = vocabulary.questionnaire_index(&reference).ok_or_else(missing)?;
        let questionnaire = vocabulary.questionnaire(questionnaire_index).ok_or_else(missing)?.clone();
        let audience = questionnaire.file().audience;
        let all = (0..=u8::MAX).map_while(|index| vocabulary.questionnaire(index));
        let friends_and_family =
            questionnaire.questions().iter().position(|question| question.kind == KindFile::FriendsAndFamily);
        Ok(Self {
            audience: all.map(|other| other.file().audience == audience).collect(),
            bulk: Bulk::new(definition.scheme()),
            words: Words::new(&questionnaire, definition.scheme()),
            definition,
            questionnaire,
            questionnaire_index,
            friends_and_family,
        })
    }
}

/// Whether a unit's sheet of a period changes with answers about other units, because the trust is its standard population.
pub fn is_standardised_by_the_trust(world: &ScoringWorld, period: &Period) -> bool {
    let edition = world.edition_in_force(period.start());
    let mix = edition.and_then(|edition| edition.definition.scheme().case_mix.as_ref());
    mix.is_some_and(|mix| mix.population.is_none())
}

/// What kind of unit it is.
pub fn kind_of(unit: &Unit) -> UnitKind {
    match unit {
        Unit::Ward(_) => UnitKind::Ward,
        Unit::Department(_) => UnitKind::Department,
        Unit::Site(_) => UnitKind::Site,
        Unit::Trust(_) => UnitKind::Trust,
        Unit::Specialty(_) => UnitKind::Specialty,
        Unit::Consultant(_) => UnitKind::Consultant,
    }
}
