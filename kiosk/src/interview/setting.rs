//! What a kiosk is, as far as its screen is concerned.

use std::collections::BTreeSet;
use std::sync::Arc;

use wardvoice_protocol::assignment::{Assignment, ConsultantChoice};
use wardvoice_protocol::board::{Board, WardChange};
use wardvoice_protocol::id::{Language, WardId};
use wardvoice_protocol::questionnaire::{Approval, Questionnaire, QuestionnaireRef};
use wardvoice_protocol::record::Place;

use super::DIM_MS;

/// So many changes are on the screen at rest, the newest first.
const MOST_IMPROVEMENTS: usize = 3;

/// What a ward did about what patients said, for the screen at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Improvement {
    /// What patients said.
    pub you_said: String,
    /// What the ward did.
    pub we_did: String,
}

/// An assignment with the questionnaire it names, checked against each other.
#[derive(Debug, Clone)]
pub struct Setting {
    ward: WardId,
    ward_name: String,
    questionnaire: Arc<Questionnaire>,
    languages: Vec<Language>,
    /// Those of them that people have approved.
    approved: BTreeSet<Language>,
    consultants: Vec<ConsultantChoice>,
    places: Vec<Place>,
    improvements: Vec<Improvement>,
    dims_after_ms: u64,
    withdrawal_codes: bool,
    demonstration: bool,
}

/// Why a kiosk cannot be what it is told to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The assignment names another questionnaire.
    #[error("the assignment asks for {asked} and the kiosk has {has}")]
    OtherQuestionnaire {
        /// What the assignment names.
        asked: QuestionnaireRef,
        /// What there is.
        has: QuestionnaireRef,
    },
    /// A staff questionnaire near patients, or the other way round.
    #[error("questionnaire {0} is not for those who answer on this kiosk")]
    OtherAudience(QuestionnaireRef),
}

impl Setting {
    /// Brings an assignment and its questionnaire together. `spoken` says which languages the kiosk's own words exist in.
    ///
    /// A language is offered when the assignment, the questionnaire and the kiosk all have it and its translation is
    /// approved; an unapproved one is offered only for a demonstration. When nothing is left, English is.
    pub fn new(
        assignment: &Assignment,
        questionnaire: Arc<Questionnaire>,
        spoken: impl Fn(&Language) -> bool,
    ) -> Result<Self, SettingError> {
        Self::approving(assignment, questionnaire, |_| false, spoken)
    }

    /// The same where people have approved translations since the questionnaire's file was written; `approved` says which.
    pub fn approving(
        assignment: &Assignment,
        questionnaire: Arc<Questionnaire>,
        approved: impl Fn(&Language) -> bool,
        spoken: impl Fn(&Language) -> bool,
    ) -> Result<Self, SettingError> {
        let has = questionnaire.reference();
        if assignment.questionnaire != has {
            return Err(SettingError::OtherQuestionnaire { asked: assignment.questionnaire.clone(), has });
        }
        if questionnaire.file().audience != assignment.audience {
            return Err(SettingError::OtherAudience(has));
        }
        let written = &questionnaire.file().languages;
        let is_approved =
            |(language, written): &(&Language, &Approval)| **written == Approval::Approved || approved(language);
        let approved: BTreeSet<Language> =
            written.iter().filter(is_approved).map(|(language, _)| language.clone()).collect();
        let mut languages: Vec<Language> = Vec::new();
        for language in &assignment.languages {
            let offered =
                approved.contains(language) || (assignment.demonstration && written.contains_key(language));
            if offered && spoken(language) && !languages.contains(language) {
                languages.push(language.clone());
            }
        }
        if languages.is_empty() {
            languages.push(Language::english());
        }
        Ok(Self {
            ward: assignment.ward.clone(),
            ward_name: assignment.ward_name.clone(),
            questionnaire,
            languages,
            approved,
            consultants: assignment.consultants.clone(),
            places: Vec::new(),
            improvements: Vec::new(),
            dims_after_ms: DIM_MS,
            withdrawal_codes: false,
            demonstration: assignment.demonstration,
        })
    }

    /// The same for another ward that a volunteer visits with it.
    pub(super) fn visiting(&self, ward: WardId, ward_name: String, consultants: Vec<ConsultantChoice>) -> Self {
        Self { ward, ward_name, consultants, places: Vec::new(), improvements: Vec::new(), ..self.clone() }
    }

    /// The same with the bays and the changes that a board of its ward says; none when they are these already.
    ///
    /// A ward that is one room asks nobody where they are.
    pub(super) fn under(&self, board: &Board) -> Option<Self> {
        let places: Vec<Place> = board.bays.iter().filter_map(|bay| Place::new(bay.name.as_str()).ok()).collect();
        let places = if places.len() > 1 { places } else { Vec::new() };
        let change =
            |change: &WardChange| Improvement { you_said: change.said.clone(), we_did: change.did.clone() };
        let improvements: Vec<Improvement> = board.changes.iter().take(MOST_IMPROVEMENTS).map(change).collect();
        let same = (&places, &improvements) == (&self.places, &self.improvements);
        (!same).then(|| Self { places, improvements, ..self.clone() })
    }

    /// The ward the kiosk stands on.
    pub fn ward(&self) -> &WardId {
        &self.ward
    }

    /// The ward's name, for the screen.
    pub fn ward_name(&self) -> &str {
        &self.ward_name
    }

    /// What is asked.
    pub fn questionnaire(&self) -> &Questionnaire {
        &self.questionnaire
    }

    /// The languages offered; never empty.
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// The language of a kiosk at rest.
    pub fn default_language(&self) -> Language {
        self.languages.first().cloned().unwrap_or_else(Language::english)
    }

    /// The consultants of the ward.
    pub fn consultants(&self) -> &[ConsultantChoice] {
        &self.consultants
    }

    /// The ward's bays and rooms, of which somebody who asks for help chooses one; none where the kiosk is fixed to one.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What the ward did about what patients said.
    pub fn improvements(&self) -> &[Improvement] {
        &self.improvements
    }

    /// How long the screen at rest stays bright when nobody touches it.
    pub fn dims_after_ms(&self) -> u64 {
        self.dims_after_ms
    }

    /// The same on a ward of those bays and rooms.
    #[must_use]
    pub fn with_places(self, places: Vec<Place>) -> Self {
        Self { places, ..self }
    }

    /// The same with those improvements to show.
    #[must_use]
    pub fn with_improvements(self, improvements: Vec<Improvement>) -> Self {
        Self { improvements, ..self }
    }

    /// The same with a screen that stays bright for so long.
    #[must_use]
    pub fn with_dimming_after_ms(self, dims_after_ms: u64) -> Self {
        Self { dims_after_ms, ..self }
    }

    /// The same where whoever has answered is given a code with which the answer can be deleted, or is not.
    #[must_use]
    pub fn with_withdrawal_codes(self, withdrawal_codes: bool) -> Self {
        Self { withdrawal_codes, ..self }
    }

    /// Whether whoever has answered is given a code with which the answer can be deleted.
    pub fn gives_withdrawal_codes(&self) -> bool {
        self.withdrawal_codes
    }

    /// Whether everything here is generated for a demonstration.
    pub fn is_demonstration(&self) -> bool {
        self.demonstration
    }

    /// Whether people have checked the translation.
    pub fn is_approved(&self, language: &Language) -> bool {
        self.approved.contains(language)
    }
}
