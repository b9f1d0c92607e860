//! Questionnaires: the file form that serde reads, and the checked form that the program trusts.
//!
//! A version of a questionnaire never changes once it is used; its [hash](Questionnaire::hash) proves that. Question and
//! option ids are stable over versions while their meaning is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::Answer;
use crate::id::{DomainId, Hash, Language, OptionId, QuestionId, QuestionnaireId};

mod check;

pub use check::QuestionnaireError;

/// The most questions a questionnaire may have.
pub const MAX_QUESTIONS: usize = 32;
/// The most options a question may have.
pub const MAX_OPTIONS: usize = 11;
/// The most free-text questions a questionnaire may have: so many comments of the greatest length always fit into
/// [`MAX_RECORD_BYTES`](crate::limits::MAX_RECORD_BYTES).
pub const MAX_COMMENTS: usize = 5;

/// A questionnaire at a version, written `inpatient@1` in text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionnaireRef {
    /// The questionnaire.
    pub id: QuestionnaireId,
    /// Its version, from 1.
    #[schemars(range(min = 1))]
    pub version: u32,
}

impl fmt::Display for QuestionnaireRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.id, self.version)
    }
}

/// Why a text is not a questionnaire at a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a questionnaire at a version: write an id, '@' and a version from 1, as in inpatient@1")]
pub struct QuestionnaireRefError(String);

/// A questionnaire as people name it: `inpatient@2`, or `inpatient` for its newest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum QuestionnaireName {
    /// The newest version there is.
    Newest(QuestionnaireId),
    /// That version.
    Version(QuestionnaireRef),
}

impl fmt::Display for QuestionnaireName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest(id) => write!(formatter, "{id}"),
            Self::Version(reference) => write!(formatter, "{reference}"),
        }
    }
}

impl FromStr for QuestionnaireName {
    type Err = QuestionnaireRefError;

    fn from_str(text: &str) -> Result<Self, QuestionnaireRefError> {
        if text.contains('@') {
            return text.parse().map(Self::Version);
        }
        QuestionnaireId::new(text).map(Self::Newest).map_err(|_| QuestionnaireRefError(text.to_owned()))
    }
}

impl TryFrom<String> for QuestionnaireName {
    type Error = QuestionnaireRefError;
    fn try_from(text: String) -> Result<Self, QuestionnaireRefError> {
        text.parse()
    }
}

impl From<QuestionnaireName> for String {
    fn from(name: QuestionnaireName) -> String {
        name.to_string()
    }
}

impl FromStr for QuestionnaireRef {
    type Err = QuestionnaireRefError;

    fn from_str(text: &str) -> Result<Self, QuestionnaireRefError> {
        let parsed = text.split_once('@').and_then(|(id, version)| {
            Some(Self { id: QuestionnaireId::new(id).ok()?, version: version.parse().ok()? })
        });
        // One reference has one spelling: no sign, no leading zero.
        parsed
            .filter(|reference| reference.version >= 1 && reference.to_string() == text)
            .ok_or_else(|| QuestionnaireRefError(text.to_owned()))
    }
}

/// A text in every language the questionnaire offers.
pub type Text = BTreeMap<Language, String>;

/// A questionnaire as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionnaireFile {
    /// The version of this shape: 1.
    #[schemars(range(min = 1, max = 1))]
    pub format: u32,
    /// The questionnaire.
    pub id: QuestionnaireId,
    /// Its version, from 1.
    #[schemars(range(min = 1))]
    pub version: u32,
    /// Who answers it.
    pub audience: crate::assignment::KioskAudience,
    /// What it is called.
    pub title: Text,
    /// The languages it offers and how far each is approved. English is always among them.
    pub languages: BTreeMap<Language, Approval>,
    /// The questions in order.
    pub questions: Vec<QuestionFile>,
}

/// How far a translation may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Checked by people; real kiosks may offer it.
    Approved,
    /// Made by a machine and not checked; only demonstrations offer it.
    MachineTranslation,
}

/// A question as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionFile {
    /// The question.
    pub id: QuestionId,
    /// What kind of question it is.
    pub kind: KindFile,
    /// The wording.
    pub text: Text,
    /// The options in order; none for free text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionFile>,
    /// The wording of "this does not apply to me", where the question may not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<Text>,
    /// The wording of "I do not know", where that is offered beside the options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dont_know: Option<Text>,
    /// When the question is asked; always when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<ConditionFile>,
}

/// The kinds of question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindFile {
    /// Counts towards a domain: `{"domain": "kindness"}`.
    Domain(DomainId),
    /// The friends and family test: six fixed options, verbatim wording.
    FriendsAndFamily,
    /// Whether the patient knows the consultant: `yes` or `no`; unscored.
    Attribution,
    /// A fact about the person; optional and unscored. The options are fixed by the fact.
    About(AboutFact),
    /// Free text.
    Comment,
    /// Whether help is needed now: `yes` or `no`; routed to staff, never scored.
    Help,
    /// A choice that counts towards nothing.
    Unscored,
}

/// The facts about a person that may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum AboutFact {
    AgeBand,
    Sex,
    Admission,
    Nights,
}

impl AboutFact {
    /// The option ids the fact has, in order; part of the format because case-mix cells are built from them.
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Self::AgeBand => &["16-35", "36-50", "51-65", "66-80", "81plus"],
            Self::Sex => &["female", "male", "other"],
            Self::Admission => &["planned", "emergency"],
            Self::Nights => &["0", "1-2", "3-7", "8plus"],
        }
    }
}

/// The option ids of the friends and family test, in order; the sixth counts in the total too.
pub const FRIENDS_AND_FAMILY_OPTIONS: [&str; 6] =
    ["very_good", "good", "neither", "poor", "very_poor", "dont_know"];

/// The option ids of an attribution and of a help question, in order.
pub const YES_NO_OPTIONS: [&str; 2] = ["yes", "no"];

/// An option as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionFile {
    /// The option.
    pub id: OptionId,
    /// The wording.
    pub text: Text,
    /// What the option is worth, or that it is worth nothing on purpose.
    pub score: OptionScore,
}

/// What an option is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionScore {
    /// So many thousandths of a point: `{"milli": 10000}` is 10.
    Milli(i32),
    /// Chosen but not counted: `"unscored"`.
    Unscored,
}

/// When a question is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionFile {
    /// An earlier question.
    pub question: QuestionId,
    /// The question is asked unless the earlier one was answered with one of these.
    pub unless: Vec<OptionId>,
}

/// A checked questionnaire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questionnaire {
    file: QuestionnaireFile,
    positions: BTreeMap<QuestionId, usize>,
    hash: Hash,
}

impl Questionnaire {
    /// Reads and checks a questionnaire from its JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, QuestionnaireError> {
        let file: QuestionnaireFile =
            serde_json::from_slice(json).map_err(|error| QuestionnaireError::Unreadable(error.to_string()))?;
        Self::try_from(file)
    }

    /// The inpatient questionnaire this project ships: our own wording over the programme's published domains.
    pub fn inpatient() -> Result<Self, QuestionnaireError> {
        Self::from_json(include_bytes!("../questionnaires/inpatient-1.json"))
    }

    /// The friends and family test on its own: its question with the six fixed answers, and two for free text.
    pub fn friends_and_family() -> Result<Self, QuestionnaireError> {
        Self::from_json(include_bytes!("../questionnaires/friends-and-family-1.json"))
    }

    /// Three open questions that are never scored: their answers become themes and actions.
    pub fn listening_into_action() -> Result<Self, QuestionnaireError> {
        Self::from_json(include_bytes!("../questionnaires/listening-into-action-1.json"))
    }

    /// How staff see their work: motivation, involvement, advocacy, in our own wording. For staff, and never asked among patients.
    pub fn staff_engagement() -> Result<Self, QuestionnaireError> {
        Self::from_json(include_bytes!("../questionnaires/staff-engagement-1.json"))
    }

    /// Every questionnaire that this project ships: kiosk and aggregator both have them.
    pub fn shipped() -> Result<Vec<Self>, QuestionnaireError> {
        Ok(vec![
            Self::inpatient()?,
            Self::friends_and_family()?,
            Self::listening_into_action()?,
            Self::staff_engagement()?,
        ])
    }

    /// Which questionnaire and version it is.
    pub fn reference(&self) -> QuestionnaireRef {
        QuestionnaireRef { id: self.file.id.clone(), version: self.file.version }
    }

    /// The SHA-256 of the file form as compact JSON; two versions with one number are told apart by it.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The file it was made from.
    pub fn file(&self) -> &QuestionnaireFile {
        &self.file
    }

    /// The questions in order.
    pub fn questions(&self) -> &[QuestionFile] {
        &self.file.questions
    }

    /// The place of a question.
    pub fn position(&self, id: &QuestionId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// A question.
    pub fn question(&self, id: &QuestionId) -> Option<&QuestionFile> {
        self.file.questions.get(self.position(id)?)
    }

    /// Whether a question is asked, given the answers so far.
    pub fn is_asked(&self, question: &QuestionFile, answers: &BTreeMap<QuestionId, Answer>) -> bool {
        question.only_if.as_ref().is_none_or(|condition| match answers.get(&condition.question) {
            Some(Answer::Answered(option)) => !condition.unless.contains(option),
            _ => true,
        })
    }

    /// Checks a response's answers: every question there, none besides, every option the question's own.
    pub fn check_answers(&self, answers: &BTreeMap<QuestionId, Answer>) -> Result<(), AnswerError> {
        for question in &self.file.questions {
            let answer = answers.get(&question.id).ok_or_else(|| AnswerError::Missing(question.id.clone()))?;
            question.check(answer)?;
        }
        match answers.keys().find(|id| !self.positions.contains_key(id)) {
            Some(id) => Err(AnswerError::UnknownQuestion(id.clone())),
            None => Ok(()),
        }
    }
}

impl QuestionFile {
    /// The place of an option.
    pub fn option_position(&self, id: &OptionId) -> Option<usize> {
        self.options.iter().position(|option| option.id == *id)
    }

    fn check(&self, answer: &Answer) -> Result<(), AnswerError> {
        let fits = match answer {
            Answer::Answered(option) => {
                return self
                    .option_position(option)
                    .map(|_| ())
                    .ok_or_else(|| AnswerError::UnknownOption(self.id.clone(), option.clone()));
            }
            Answer::Said(_) => self.kind == KindFile::Comment,
            Answer::NotApplicable => self.not_applicable.is_some(),
            Answer::DontKnow => self.dont_know.is_some(),
            Answer::Declined | Answer::NotShown => true,
        };
        if fits { Ok(()) } else { Err(AnswerError::NotOffered(self.id.clone())) }
    }
}

/// What is wrong with a response's answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// A question is not there; the reason for no answer must be said.
    #[error("question {0} has neither an answer nor a reason for none")]
    Missing(QuestionId),
    /// The questionnaire has no such question.
    #[error("question {0} is not in the questionnaire")]
    UnknownQuestion(QuestionId),
    /// The question has no such option.
    #[error("question {0} has no option {1}")]
    UnknownOption(QuestionId, OptionId),
    /// The question does not offer that kind of answer.
    #[error("question {0} does not offer that kind of answer")]
    NotOffered(QuestionId),
}

pub(crate) fn find_duplicate<'a, T: Ord>(mut ids: impl Iterator<Item = &'a T>) -> Option<&'a T> {
    let mut seen = BTreeSet::new();
    ids.find(|id| !seen.insert(*id))
}

#[cfg(test)]
mod tests;
