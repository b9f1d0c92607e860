//! Format 1: domains of questions, means over people, and nothing else. Read for ever, written no more.

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{DomainId, QuestionnaireId};
use wardvoice_protocol::questionnaire::QuestionnaireRef;

use super::{DefinitionFile, MinimumFile, OptionValues, Order, OverallFile, RuleFile, ScaleFile, ScalePartFile};
use crate::policy::consultants_table;

/// A definition as a file of format 1 says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstFormat {
    /// The version of this shape: 1.
    pub format: u32,
    /// The definition.
    pub id: QuestionnaireId,
    /// Its version, from 1.
    pub version: u32,
    /// The questionnaire whose answers it scores.
    pub questionnaire: QuestionnaireRef,
    order: FirstOrder,
    /// The ends of the scale.
    pub scale: ScaleFile,
    /// How many people a figure needs.
    pub minimum_answered: FirstMinimum,
    /// The domains in the order of the pages.
    pub domains: Vec<DomainFile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FirstOrder {
    QuestionDomainOverall,
}

/// How many people a figure needs before it has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstMinimum {
    /// A question.
    pub question: u64,
    /// A domain.
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

impl From<FirstFormat> for DefinitionFile {
    fn from(first: FirstFormat) -> Self {
        let FirstOrder::QuestionDomainOverall = first.order;
        let FirstMinimum { question, domain, overall } = first.minimum_answered;
        let scale = |domain: DomainFile| ScalePartFile {
            id: domain.id,
            label: domain.label,
            minimum_answered: 1,
            norm: None,
            questions: domain.questions,
            scales: Vec::new(),
        };
        Self {
            format: 2,
            title: first.id.to_string(),
            id: first.id,
            version: first.version,
            questionnaire: first.questionnaire,
            order: Order::OverPeople,
            option_values: OptionValues::AsTheQuestionnaire,
            scale: first.scale,
            reported: None,
            minimum_people: MinimumFile { question, scale: domain, overall },
            overall: Some(OverallFile { label: "Overall".to_owned(), minimum_answered: 1, norm: None }),
            scales: first.domains.into_iter().map(scale).collect(),
            case_mix: None,
            attribution: None,
            audiences: consultants_table(),
        }
    }
}
