//! What a score needs besides facts: the trust, the calendar, the rules and the plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire, QuestionnaireRef};

use super::definition::{Definition, DefinitionError};
use super::plan::{FORTNIGHT_RESPONSES, Plan};
use crate::facts::Vocabulary;

/// After how many whole local days a period is final, unless configured otherwise.
pub const FINAL_AFTER_DAYS: u16 = 7;

/// What a score needs besides facts.
#[derive(Debug, Clone)]
pub struct ScoringWorld {
    directory: Directory,
    calendar: Calendar,
    vocabulary: Arc<Vocabulary>,
    definition: Definition,
    questionnaire: Questionnaire,
    questionnaire_index: u8,
    friends_and_family_position: Option<usize>,
    plan: Plan,
    final_after_days: u16,
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
}

/// Which facts are a unit's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Members {
    Wards(Vec<u16>),
    Consultant(u16),
}

impl ScoringWorld {
    /// A world with a definition of one's own. The questionnaire it scores must be in the vocabulary.
    pub fn new(
        directory: Directory,
        calendar: Calendar,
        vocabulary: Arc<Vocabulary>,
        definition: Definition,
        final_after_days: u16,
    ) -> Result<Self, ScoringWorldError> {
        let reference = definition.file().questionnaire.clone();
        let missing = || ScoringWorldError::NoQuestionnaire(reference.clone());
        let questionnaire_index = vocabulary.questionnaire_index(&reference).ok_or_else(missing)?;
        let questionnaire = vocabulary.questionnaire(questionnaire_index).ok_or_else(missing)?.clone();
        let friends_and_family_position =
            questionnaire.questions().iter().position(|question| question.kind == KindFile::FriendsAndFamily);
        let plan = Plan::new(&directory, FORTNIGHT_RESPONSES);
        Ok(Self {
            directory,
            calendar,
            vocabulary,
            definition,
            questionnaire,
            questionnaire_index,
            friends_and_family_position,
            plan,
            final_after_days,
        })
    }

    /// The world of the inpatient questionnaire, version 1, with the definition this project ships.
    pub fn inpatient(
        directory: Directory,
        calendar: Calendar,
        vocabulary: Arc<Vocabulary>,
        final_after_days: u16,
    ) -> Result<Self, ScoringWorldError> {
        // The shipped questionnaire is checked by its own tests; an error here would be its definition's.
        let questionnaire = Questionnaire::inpatient()
            .map_err(|error| DefinitionError::Unreadable(format!("its questionnaire: {error}")))?;
        let definition = Definition::inpatient(&questionnaire)?;
        Self::new(directory, calendar, vocabulary, definition, final_after_days)
    }

    /// The same with another number of responses planned for a fortnight.
    #[must_use]
    pub fn with_plan_of(mut self, responses: u32) -> Self {
        self.plan = Plan::new(&self.directory, responses);
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

    /// The rules.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// The questionnaire whose answers are scored.
    pub fn questionnaire(&self) -> &Questionnaire {
        &self.questionnaire
    }

    /// Its number in facts.
    pub fn questionnaire_index(&self) -> u8 {
        self.questionnaire_index
    }

    /// The place of the friends and family test among the questions, if it is asked.
    pub fn friends_and_family_position(&self) -> Option<usize> {
        self.friends_and_family_position
    }

    /// The fortnight's plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
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
