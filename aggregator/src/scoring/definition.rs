//! Scoring definitions: the file form that serde reads, and the checked form that a score trusts.
//!
//! Scoring is data and versioned: option values, what "does not apply" means for each question, the order of averaging, scales
//! within scales, reversed items, minimum numbers, norms to compare with, the case mix and who may see what. A definition is checked
//! against its questionnaire when it is loaded; a disagreement between the two about what an option is worth is an error unless
//! the definition says that its values are its own. Changing a policy makes a new version, and a new version starts a new series.
//!
//! Formats. 2 is written now; a program from before there was `attribution` refuses a file that has it, and one without it is what it was. 1 knew domains of questions over people and nothing else; files of it are read for ever
//! ([`FirstFormat`]) and keep their hash, which is that of their own form. An older program refuses format 2 by its number.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::id::{DomainId, Hash, Language, OptionId, QuestionId, QuestionnaireId};
use wardvoice_protocol::questionnaire::{OptionScore, Questionnaire, QuestionnaireRef, Text};

use super::scheme::Scheme;
use crate::policy::AudienceRow;

mod check;
mod first_format;

pub use first_format::{DomainFile, FirstFormat, FirstMinimum};

/// A definition at a version, written `inpatient@2`.
pub type DefinitionRef = QuestionnaireRef;

/// A definition as a file of format 2 says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionFile {
    /// The version of this shape: 2.
    pub format: u32,
    /// The definition; named like the questionnaire it began with.
    pub id: QuestionnaireId,
    /// Its version, from 1.
    pub version: u32,
    /// What people call it.
    pub title: String,
    /// The questionnaire whose answers it scores.
    pub questionnaire: QuestionnaireRef,
    /// In which order means are taken.
    pub order: Order,
    /// Whose the option values are.
    pub option_values: OptionValues,
    /// The ends of the scale of the option values.
    pub scale: ScaleFile,
    /// The scale that scores are reported on, when it is another one; the ends of the one become the ends of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<ScaleFile>,
    /// How many people a figure needs.
    pub minimum_people: MinimumFile,
    /// The overall score, where there is one: the mean of the scales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<OverallFile>,
    /// The scales in the order of the pages; none for a questionnaire that is not scored.
    pub scales: Vec<ScalePartFile>,
    /// How to standardise for case mix; nothing is standardised when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_mix: Option<CaseMixFile>,
    /// Which answers are a named consultant's; whatever is attributed to one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<AttributionFile>,
    /// Who may see what, by the number of people behind it.
    pub audiences: Vec<AudienceRow>,
}

/// Which answers are a named consultant's. Attribution is the weak joint: somebody has to know who was in charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributionFile {
    /// The scored questions that are about the consultant.
    pub questions: Vec<QuestionId>,
    /// Whose word is enough.
    pub sources: Vec<AttributionSource>,
    /// With what answer of the patient anybody's word is enough; nobody else's is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_by: Option<KnownByFile>,
}

/// The answer with which a patient knows the consultant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownByFile {
    /// The question that asks for it.
    pub question: QuestionId,
    /// The options that say so.
    pub options: Vec<OptionId>,
}

/// In which order means are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Over people first: question means, scales as plain means of their parts, overall as the plain mean of the scales.
    OverPeople,
    /// Each person first: the mean of the person's answers, scale by scale up to the overall score; then means over people.
    PerPerson,
}

/// Whose the option values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionValues {
    /// Those of the questionnaire; a difference is an error.
    AsTheQuestionnaire,
    /// Its own, on purpose.
    ItsOwn,
}

/// The ends of the scale, in thousandths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleFile {
    /// The worst score.
    pub lowest_milli: i32,
    /// The best score.
    pub highest_milli: i32,
}

/// How many people a figure needs before it has a value; at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumFile {
    /// A question; one below this also leaves its scale.
    pub question: u64,
    /// A scale; one below this also leaves the scale above it.
    pub scale: u64,
    /// The overall score.
    pub overall: u64,
}

/// The overall score as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverallFile {
    /// What pages call it.
    pub label: String,
    /// How many scales must have a score (of the person, or of the unit) before there is an overall one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub minimum_answered: u32,
    /// What to compare it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<NormFile>,
}

/// A scale as a file says it; its score is the plain mean of its questions and of the scales inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalePartFile {
    /// The scale; where it holds questions, the domain that the questionnaire names.
    pub id: DomainId,
    /// What pages call it.
    pub label: String,
    /// How many of its parts must be answered (by the person, or by anybody) before it has a score.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub minimum_answered: u32,
    /// What to compare it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<NormFile>,
    /// Its questions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<RuleFile>,
    /// The scales inside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scales: Vec<ScalePartFile>,
}

/// A norm from elsewhere, in thousandths of a reported point. It is compared with and never mixed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormFile {
    /// The mean of whoever was normed.
    pub mean_milli: i32,
    /// Their standard deviation, above 0.
    pub sd_milli: u32,
    /// Who they were, and where that stands.
    pub source: String,
}

/// How a question is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The question.
    pub id: QuestionId,
    /// What "does not apply to me" counts as.
    pub not_applicable: NotApplicablePolicy,
    /// Whether the best of its values counts as the worst and so on: v becomes best + worst - v.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reversed: bool,
    /// Every option of the question and what it is worth.
    pub options: Vec<WorthFile>,
    /// The options of the top box; the best when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top_box: Vec<OptionId>,
    /// The options that report a problem; all but the best when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problem: Vec<OptionId>,
}

/// What "does not apply to me" counts as: validated forms differ in exactly this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotApplicablePolicy {
    /// As no answer.
    Missing,
    /// As the question's best option.
    NoProblem,
}

/// What an option is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorthFile {
    /// The option.
    pub id: OptionId,
    /// What it is worth, or that it is worth nothing on purpose.
    pub score: OptionScore,
}

/// How to standardise for case mix: weight of a cell = standard share / unit share, capped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseMixFile {
    /// The questions whose options make the cells.
    pub by: Vec<QuestionId>,
    /// The largest weight, in thousandths.
    pub cap_milli: u32,
    /// Whom to be like.
    pub population: PopulationFile,
}

/// A standard population.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PopulationFile {
    /// Everybody of the trust who answered in the same period and cut.
    TrustInThePeriod,
    /// So many of each cell; a cell that is not named has nobody.
    Counts(Vec<CellCountFile>),
}

/// How many people of a cell a standard population has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellCountFile {
    /// An option of each question, in the questions' order.
    pub cell: Vec<OptionId>,
    /// How many.
    pub count: u64,
}

/// A definition that has been checked against its questionnaire.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    file: DefinitionFile,
    hash: Hash,
    scheme: Scheme,
}

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// Not JSON of the right shape.
    #[error("read the scoring definition: {0}")]
    Unreadable(String),
    /// A format or version that is not known, or numbers that cannot be.
    #[error("read the scoring definition: {0}")]
    Shape(&'static str),
    /// It scores another questionnaire.
    #[error("use the scoring definition for {found}: it scores {expected}")]
    OtherQuestionnaire {
        /// What it scores.
        expected: QuestionnaireRef,
        /// What it was to be used for.
        found: QuestionnaireRef,
    },
    /// A scale or question stands twice.
    #[error("read the scoring definition: {0} stands twice")]
    Twice(String),
    /// A scale contradicts itself.
    #[error("read the scoring definition: {scale} {problem}")]
    Scale {
        /// The scale.
        scale: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A question does not fit the questionnaire's.
    #[error("read the scoring definition: question {question} {problem}")]
    Question {
        /// The question.
        question: QuestionId,
        /// What does not fit.
        problem: String,
    },
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A definition file of any known format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    file: DefinitionFile,
    hash: Hash,
}

impl Unchecked {
    /// Reads a file without its questionnaire.
    pub fn from_json(json: &[u8]) -> Result<Self, DefinitionError> {
        let unreadable = |error: serde_json::Error| DefinitionError::Unreadable(error.to_string());
        let Format { format } = serde_json::from_slice(json).map_err(unreadable)?;
        match format {
            1 => {
                let first: FirstFormat = serde_json::from_slice(json).map_err(unreadable)?;
                let hash = Hash::of(&serde_json::to_vec(&first).map_err(unreadable)?);
                Ok(Self { file: first.into(), hash })
            }
            2 => Self::new(serde_json::from_slice(json).map_err(unreadable)?),
            _ => Err(DefinitionError::Shape("only formats 1 and 2 are known")),
        }
    }

    /// A file of format 2.
    pub fn new(file: DefinitionFile) -> Result<Self, DefinitionError> {
        let json = serde_json::to_vec(&file).map_err(|error| DefinitionError::Unreadable(error.to_string()))?;
        Ok(Self { file, hash: Hash::of(&json) })
    }

    /// Which definition it says it is.
    pub fn reference(&self) -> DefinitionRef {
        DefinitionRef { id: self.file.id.clone(), version: self.file.version }
    }

    /// The SHA-256 of the file form as compact JSON.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The questionnaire it scores.
    pub fn questionnaire(&self) -> &QuestionnaireRef {
        &self.file.questionnaire
    }

    /// Checks it against the questionnaire.
    pub fn check(self, questionnaire: &Questionnaire) -> Result<Definition, DefinitionError> {
        let scheme = check::scheme(&self.file, questionnaire)?;
        Ok(Definition { file: self.file, hash: self.hash, scheme })
    }
}

impl Definition {
    /// Reads a definition and checks it against the questionnaire it scores.
    pub fn from_json(json: &[u8], questionnaire: &Questionnaire) -> Result<Self, DefinitionError> {
        Unchecked::from_json(json)?.check(questionnaire)
    }

    /// Checks a definition against the questionnaire it scores.
    pub fn new(file: DefinitionFile, questionnaire: &Questionnaire) -> Result<Self, DefinitionError> {
        Unchecked::new(file)?.check(questionnaire)
    }

    /// The definitions this project ships, the one that scores the inpatient questionnaire first.
    pub fn shipped() -> Result<Vec<Unchecked>, DefinitionError> {
        let all: [&[u8]; 6] = [
            include_bytes!("../../definitions/inpatient-3.json"),
            include_bytes!("../../definitions/inpatient-2.json"),
            include_bytes!("../../definitions/inpatient-1.json"),
            include_bytes!("../../definitions/friends-and-family-1.json"),
            include_bytes!("../../definitions/listening-into-action-1.json"),
            include_bytes!("../../definitions/staff-engagement-1.json"),
        ];
        all.into_iter().map(Unchecked::from_json).collect()
    }

    /// The newest definition this project ships for its inpatient questionnaire.
    pub fn inpatient(questionnaire: &Questionnaire) -> Result<Self, DefinitionError> {
        Self::from_json(include_bytes!("../../definitions/inpatient-3.json"), questionnaire)
    }

    /// Which definition and version it is.
    pub fn reference(&self) -> DefinitionRef {
        DefinitionRef { id: self.file.id.clone(), version: self.file.version }
    }

    /// Whether it is the definition that is named.
    pub fn is(&self, named: &DefinitionRef) -> bool {
        self.file.id == named.id && self.file.version == named.version
    }

    /// The file it was made from, in format 2.
    pub fn file(&self) -> &DefinitionFile {
        &self.file
    }

    /// The SHA-256 of the file form, in the format it was written in, as compact JSON.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The ends of the scale that scores are reported on, in points.
    pub fn scale(&self) -> (f64, f64) {
        let scale = self.file.reported.unwrap_or(self.file.scale);
        (points_of(scale.lowest_milli), points_of(scale.highest_milli))
    }

    pub(super) fn scheme(&self) -> &Scheme {
        &self.scheme
    }
}

/// The English wording, which every questionnaire has.
pub(super) fn english(text: &Text) -> String {
    static ENGLISH: LazyLock<Language> = LazyLock::new(Language::english);
    text.get(&*ENGLISH).cloned().unwrap_or_default()
}

pub(super) fn points_of(milli: i32) -> f64 {
    f64::from(milli) / 1000.0
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A kind of unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum UnitKind {
    Ward,
    Department,
    Site,
    Trust,
    Specialty,
    Consultant,
}

impl fmt::Display for UnitKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ward => "ward",
            Self::Department => "department",
            Self::Site => "site",
            Self::Trust => "trust",
            Self::Specialty => "specialty",
            Self::Consultant => "consultant",
        })
    }
}

/// Why a text is not a definition as people name one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scoring definition: write an id and a version, as in inpatient@2")]
pub struct DefinitionRefError(String);

/// Reads `inpatient@2`.
pub fn definition_ref(text: &str) -> Result<DefinitionRef, DefinitionRefError> {
    DefinitionRef::from_str(text).map_err(|_| DefinitionRefError(text.to_owned()))
}
