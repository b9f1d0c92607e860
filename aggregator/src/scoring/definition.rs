//! Scoring definitions: the file form that serde reads, and the checked form that a score trusts.
//!
//! Scoring is data and versioned: option values, what "does not apply" means for each question, the order of averaging and
//! the minimum numbers. A definition is checked against its questionnaire when it is loaded; a disagreement between the two
//! about what an option is worth is an error and never resolved silently. Changing a policy makes a new version, and a new
//! version starts a new series.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{DomainId, Hash, Language, OptionId, QuestionId, QuestionnaireId};
use wardvoice_protocol::questionnaire::{
    KindFile, OptionScore, QuestionFile, Questionnaire, QuestionnaireRef, Text,
};

/// A definition as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionFile {
    /// The version of this shape: 1.
    pub format: u32,
    /// The definition; named like the questionnaire it began with.
    pub id: QuestionnaireId,
    /// Its version, from 1.
    pub version: u32,
    /// The questionnaire whose answers it scores.
    pub questionnaire: QuestionnaireRef,
    /// In which order means are taken.
    pub order: Order,
    /// The ends of the scale.
    pub scale: ScaleFile,
    /// How many people a figure needs.
    pub minimum_answered: MinimumFile,
    /// The domains in the order of the pages.
    pub domains: Vec<DomainFile>,
}

/// In which order means are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Over people first: question means, domains as plain means of questions, overall as the plain mean of domains.
    QuestionDomainOverall,
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
    /// A question; one below this also leaves its domain.
    pub question: u64,
    /// A domain; one below this also leaves the overall score.
    pub domain: u64,
    /// The overall score.
    pub overall: u64,
}

/// A domain as a file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainFile {
    /// The domain, as the questionnaire names it.
    pub id: DomainId,
    /// What pages call it.
    pub label: String,
    /// Its questions.
    pub questions: Vec<RuleFile>,
}

/// How a question is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The question.
    pub id: QuestionId,
    /// What "does not apply to me" counts as.
    pub not_applicable: NotApplicablePolicy,
    /// Every option of the question and what it is worth.
    pub options: Vec<WorthFile>,
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

/// A definition that has been checked against its questionnaire.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    file: DefinitionFile,
    hash: Hash,
    questions: Vec<Rule>,
}

/// A scored question, ready for rows of facts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    /// Its place among the questionnaire's questions.
    pub(super) position: usize,
    /// Its domain's place among the definition's domains.
    pub(super) domain: usize,
    /// Its points per nibble of a row; `None` for what is missing or unscored.
    pub(super) points: [Option<f64>; 16],
}

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// Not JSON of the right shape.
    #[error("read the scoring definition: {0}")]
    Unreadable(String),
    /// A format or version that is not known.
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
    /// A domain or question stands twice.
    #[error("read the scoring definition: {0} stands twice")]
    Twice(String),
    /// A question does not fit the questionnaire's.
    #[error("read the scoring definition: question {question} {problem}")]
    Question {
        /// The question.
        question: QuestionId,
        /// What does not fit.
        problem: String,
    },
}

impl Definition {
    /// Reads a definition and checks it against the questionnaire it scores.
    pub fn from_json(json: &[u8], questionnaire: &Questionnaire) -> Result<Self, DefinitionError> {
        let file = serde_json::from_slice(json).map_err(|error| DefinitionError::Unreadable(error.to_string()))?;
        Self::new(file, questionnaire)
    }

    /// The definition this project ships for its inpatient questionnaire.
    pub fn inpatient(questionnaire: &Questionnaire) -> Result<Self, DefinitionError> {
        Self::from_json(include_bytes!("../../definitions/inpatient-1.json"), questionnaire)
    }

    /// Checks a definition against the questionnaire it scores.
    pub fn new(file: DefinitionFile, questionnaire: &Questionnaire) -> Result<Self, DefinitionError> {
        check_shape(&file)?;
        if file.questionnaire != questionnaire.reference() {
            let (expected, found) = (file.questionnaire, questionnaire.reference());
            return Err(DefinitionError::OtherQuestionnaire { expected, found });
        }
        let mut questions = Vec::new();
        for (domain, entry) in file.domains.iter().enumerate() {
            for rule in &entry.questions {
                let problem = |problem| DefinitionError::Question { question: rule.id.clone(), problem };
                let missing = || problem("is not in the questionnaire".to_owned());
                let position = questionnaire.position(&rule.id).ok_or_else(missing)?;
                let question = questionnaire.question(&rule.id).ok_or_else(missing)?;
                if question.kind != KindFile::Domain(entry.id.clone()) {
                    return Err(problem(format!("does not count towards {} in the questionnaire", entry.id)));
                }
                let points = points(rule, question, file.scale).map_err(problem)?;
                questions.push(Rule { position, domain, points });
            }
        }
        let scored: BTreeSet<usize> = questions.iter().map(|rule| rule.position).collect();
        for (position, question) in questionnaire.questions().iter().enumerate() {
            if matches!(question.kind, KindFile::Domain(_)) && !scored.contains(&position) {
                let problem = "counts towards a domain in the questionnaire and has no rule".to_owned();
                return Err(DefinitionError::Question { question: question.id.clone(), problem });
            }
        }
        let json = serde_json::to_vec(&file).map_err(|error| DefinitionError::Unreadable(error.to_string()))?;
        Ok(Self { file, hash: Hash::of(&json), questions })
    }

    /// The file it was made from.
    pub fn file(&self) -> &DefinitionFile {
        &self.file
    }

    /// The SHA-256 of the file form as compact JSON.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The scale's ends in points.
    pub fn scale(&self) -> (f64, f64) {
        (points_of(self.file.scale.lowest_milli), points_of(self.file.scale.highest_milli))
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.questions
    }
}

/// The English wording, which every questionnaire has.
pub(super) fn english(text: &Text) -> String {
    text.get(&Language::english()).cloned().unwrap_or_default()
}

fn points_of(milli: i32) -> f64 {
    f64::from(milli) / 1000.0
}

fn check_shape(file: &DefinitionFile) -> Result<(), DefinitionError> {
    let shape = |problem| Err(DefinitionError::Shape(problem));
    if file.format != 1 {
        return shape("only format 1 is known");
    }
    if file.version == 0 {
        return shape("versions start at 1");
    }
    if file.scale.lowest_milli >= file.scale.highest_milli {
        return shape("the scale's lowest end is not below its highest");
    }
    let least = file.minimum_answered;
    if least.question.min(least.domain).min(least.overall) == 0 {
        return shape("a minimum of 0 would give a value to nothing");
    }
    if file.domains.is_empty() || file.domains.iter().any(|domain| domain.questions.is_empty()) {
        return shape("there must be domains, each with questions");
    }
    let mut seen = BTreeSet::new();
    let domains = file.domains.iter().map(|domain| format!("domain {}", domain.id));
    let questions = file.domains.iter().flat_map(|domain| &domain.questions);
    let names = domains.chain(questions.map(|rule| format!("question {}", rule.id)));
    match names.into_iter().find(|name| !seen.insert(name.clone())) {
        Some(twice) => Err(DefinitionError::Twice(twice)),
        None => Ok(()),
    }
}

/// Points per nibble of a row: 1 not applicable, 4 + i option i, everything else missing.
fn points(rule: &RuleFile, question: &QuestionFile, scale: ScaleFile) -> Result<[Option<f64>; 16], String> {
    let mut points = [None; 16];
    let same = rule.options.iter().map(|worth| &worth.id).eq(question.options.iter().map(|option| &option.id));
    if !same {
        return Err("has other options, or another order of them, than the questionnaire".to_owned());
    }
    for ((worth, option), slot) in rule.options.iter().zip(&question.options).zip(points.iter_mut().skip(4)) {
        if worth.score != option.score {
            return Err(format!("is worth something else in the questionnaire at option {}", worth.id));
        }
        if let OptionScore::Milli(milli) = worth.score {
            if !(scale.lowest_milli..=scale.highest_milli).contains(&milli) {
                return Err(format!("is worth more or less than the scale allows at option {}", worth.id));
            }
            *slot = Some(points_of(milli));
        }
    }
    let best = rule.options.iter().filter_map(|worth| match worth.score {
        OptionScore::Milli(milli) => Some(milli),
        OptionScore::Unscored => None,
    });
    if let (NotApplicablePolicy::NoProblem, Some(best), Some(slot)) =
        (rule.not_applicable, best.max(), points.get_mut(1))
    {
        *slot = Some(points_of(best));
    }
    Ok(points)
}
