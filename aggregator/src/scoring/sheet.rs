//! What a score sheet says, as pages, `scores --json` and the API say it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{DomainId, Hash, QuestionId};

use super::coverage::CoverageSheet;
use super::standardised::StandardisedSheet;
use super::word::Word;
use crate::facts::LogHead;
use crate::statistics::FriendsAndFamilyCounts;

/// Everything known about one unit in one period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ScoreSheet {
    /// The period's name, `2026-F23`, `2026-11`, `2026-H2`, `6m-2026-11-22` or `2026-11-01..2026-11-14`.
    pub period: String,
    /// Its first local day.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// Its last local day, inclusive.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
    /// The unit, `ward:W12`.
    #[schema(value_type = String)]
    pub unit: Unit,
    /// The unit's name.
    pub unit_name: String,
    /// Whether the period may still fill.
    pub standing: Standing,
    /// 0 while provisional, 1 when final, and one more for each day on which late records of the period came.
    pub revision: u32,
    /// The part of the unit's people that everything here is about, `mode=self,age=81plus`; all of them when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// The local day it was looked at on; what came later is not in it.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// The rules the scores were made by.
    pub definition: VersionSheet,
    /// Whether the period is published by these rules; others can stand beside them.
    pub in_force: bool,
    /// The ends of the scale that scores are reported on.
    pub scale: ScaleSheet,
    /// The questionnaire whose answers are scored.
    pub questionnaire: VersionSheet,
    /// Contacts by outcome; every outcome is there, in the documents' order.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub contacts: BTreeMap<Outcome, u64>,
    /// Responses to the scored questionnaire.
    pub responses: u64,
    /// Responses of the same audience to other questionnaires or versions: not in any figure here.
    pub responses_elsewhere: u64,
    /// Per cent of approached patients (contacts other than "already asked") who gave a response.
    pub response_rate: Figure,
    /// Scored responses by mode; modes move scores, so the mix stands beside the figures.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub modes: BTreeMap<Mode, u64>,
    /// The fortnight's quota and how far it is done; none for other periods and for consultants.
    pub plan: Option<PlanSheet>,
    /// Who is among the responses, and who is missing.
    pub coverage: CoverageSheet,
    /// The overall score, in points.
    pub overall: Figure,
    /// How the overall score compares with a norm from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<NormSheet>,
    /// The scales of the first level in the definition's order.
    pub domains: Vec<DomainSheet>,
    /// The same scores standardised for case mix, beside the plain ones and never instead of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standardised: Option<StandardisedSheet>,
    /// The friends and family test.
    pub friends_and_family: FriendsAndFamilySheet,
    /// The overall score of the period before; none where the calendar has no such period.
    pub previous: Option<PreviousPeriod>,
    /// Which log and which program it comes from. Beside the score and no part of it: another log with the same answers gives
    /// the same sheet without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<ProvenanceSheet>,
}

/// Where a sheet comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProvenanceSheet {
    /// The last position of the log whose records are in the facts.
    pub log_position: u64,
    /// The running hash of the log up to there.
    #[schema(value_type = String)]
    pub log_hash: Hash,
    /// The version of the program.
    pub code: String,
}

impl ScoreSheet {
    /// The sheet with where it comes from.
    #[must_use]
    pub fn from_log(mut self, head: Option<LogHead>) -> Self {
        self.provenance = head.map(|head| ProvenanceSheet {
            log_position: head.position,
            log_hash: head.running,
            code: env!("CARGO_PKG_VERSION").to_owned(),
        });
        self
    }
}

/// The ends of a scale, in points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ScaleSheet {
    /// The worst score.
    pub lowest: f64,
    /// The best score.
    pub highest: f64,
}

/// A norm from elsewhere, shown as such.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NormSheet {
    /// The mean of whoever was normed.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// Who they were.
    pub source: String,
    /// The score minus the norm's mean; none without a score.
    pub difference: Option<f64>,
    /// The same in the norm's standard deviations.
    pub in_sds: Option<f64>,
}

/// A value with its n and interval, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// The value; `null` when it does not exist.
    pub value: Option<f64>,
    /// The number of people behind it.
    pub n: u64,
    /// The lower end of the 95 % interval, never outside the scale.
    pub lower: Option<f64>,
    /// The upper end of the 95 % interval, never outside the scale.
    pub upper: Option<f64>,
    /// Why the value or the interval does not exist, or what the value leaves out.
    pub why: Option<String>,
}

/// Whether a period may still fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Records of the period are still expected.
    Provisional,
    /// The period is closed; a late record makes a numbered revision.
    Final,
}

/// A version of rules or questions and the hash that proves which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VersionSheet {
    /// The id.
    pub id: String,
    /// The version, from 1.
    pub version: u32,
    /// The SHA-256 of its file form as compact JSON.
    #[schema(value_type = String)]
    pub hash: Hash,
}

/// A fortnight's plan for a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanSheet {
    /// How many responses the fortnight should have.
    pub quota: u64,
    /// How many responses to the scored questionnaire it has.
    pub done: u64,
}

/// A domain's score and its questions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DomainSheet {
    /// The domain.
    #[schema(value_type = String)]
    pub id: DomainId,
    /// What pages call it.
    #[schema(value_type = String)]
    pub label: Word,
    /// Its score, in points: the plain mean of its parts, or over people of what each person's answers make.
    pub figure: Figure,
    /// How it compares with a norm from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<NormSheet>,
    /// Its questions in the definition's order.
    pub questions: Vec<QuestionSheet>,
    /// The scales inside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub parts: Vec<DomainSheet>,
}

/// A question's score and its answers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuestionSheet {
    /// The question.
    #[schema(value_type = String)]
    pub id: QuestionId,
    /// Its English wording.
    #[schema(value_type = String)]
    pub label: Word,
    /// The mean of option values over the people who answered, in points.
    pub figure: Figure,
    /// Per cent of those who count that gave the best answer.
    pub top_box: ShareSheet,
    /// Per cent of those who count that reported a problem.
    pub problem: ShareSheet,
    /// How many chose each option.
    pub distribution: Vec<OptionCount>,
    /// To how many it did not apply.
    pub not_applicable: u64,
    /// How many did not know.
    pub dont_know: u64,
    /// How many would rather not say.
    pub declined: u64,
    /// How many were never asked.
    pub not_shown: u64,
}

/// A share with the counts it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ShareSheet {
    /// How many did.
    pub count: u64,
    /// Per cent of how many (its n), with Wilson's interval.
    pub figure: Figure,
}

/// How many chose an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OptionCount {
    /// The option.
    #[schema(value_type = String)]
    pub option: Word,
    /// Its English wording.
    #[schema(value_type = String)]
    pub label: Word,
    /// How many chose it.
    pub count: u64,
}

/// The friends and family test: counts first, percentages after.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FriendsAndFamilySheet {
    /// The six counts.
    pub counts: FriendsAndFamilyCounts,
    /// Per cent very good or good, of all six.
    pub positive: Figure,
    /// Per cent poor or very poor, of all six.
    pub negative: Figure,
}

/// The period before, for comparison.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PreviousPeriod {
    /// Its name.
    pub period: String,
    /// Its overall score, by the same definition.
    pub overall: Figure,
}
