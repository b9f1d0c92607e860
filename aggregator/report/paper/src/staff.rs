//! What staff, consultants and the board read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::{Action, Chart, Comment, Count, Fact, Figure, Finding, Measured, Table};

/// A ward's fortnight, or another period of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WardFortnight {
    /// The overall score.
    pub overall: Measured,
    /// Who was heard: the plan, the response rate, how they answered, the period before.
    pub reach: Vec<Fact>,
    /// What changed, where it is signal; one finding without a picture says why there is none.
    pub changed: Vec<Finding>,
    /// Every domain.
    pub domains: Vec<Measured>,
    /// The friends and family test.
    pub friends: Friends,
    /// What the ward does about what patients said, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// What people wrote, as far as it was released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
    /// What is left out, and why.
    pub not_shown: Vec<String>,
    /// The numbers of the overall chart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Table>,
}

/// The friends and family test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Friends {
    /// Who said very good or good.
    pub positive: Figure,
    /// Who said poor or very poor.
    pub negative: Figure,
    /// How many gave each answer.
    pub counts: Vec<Count>,
    /// The fortnights up to the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<Chart>,
    /// What those fortnights say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
}

/// Six months of a consultant. What is withheld is not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsultantAppraisal {
    /// How much is shown, and why.
    pub why: String,
    /// How many patients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patients: Option<u64>,
    /// Whether the score may be relied upon at this n.
    pub reliable: bool,
    /// The score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Figure>,
    /// The score on its whole scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bar: Option<Chart>,
    /// How far to trust it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<Fact>,
    /// What patients answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// The whole specialty, where only that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<Specialty>,
    /// Who said that the patients were the consultant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Table>,
    /// Who they were: by ward, by fortnight, by how they were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<Counts>,
    /// How disputes stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Count>,
    /// What was released about doctors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
    /// What is not shown, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Fact>,
}

/// A question with its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub label: String,
    /// The mean.
    pub mean: Figure,
    /// How many gave each answer.
    pub answers: Vec<Count>,
    /// How many gave none, by why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Count>,
}

/// A specialty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Specialty {
    /// What it is called.
    pub name: String,
    /// How many responses it has.
    pub responses: u64,
    /// What its patients answered.
    pub questions: Vec<Question>,
}

/// Counts under a heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// The heading.
    pub title: String,
    /// The counts.
    pub counts: Vec<Count>,
}

/// What the board reviews.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The overall score of the trust.
    pub overall: Measured,
    /// What changed in the trust, where it is signal.
    pub changed: Vec<Finding>,
    /// Signal or chance, ward by ward.
    pub matrix: Matrix,
    /// Wards beside each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// What wards do.
    pub actions: ActionSummary,
    /// Who was heard, and who is missing.
    pub coverage: Coverage,
    /// How long people wait who ask for help.
    pub help: Vec<String>,
}

/// Every ward by every measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// What the pictures mean.
    pub note: String,
    /// The measures.
    pub columns: Vec<String>,
    /// The wards in alphabetical order.
    pub rows: Vec<MatrixRow>,
}

/// A ward of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatrixRow {
    /// Its name.
    pub ward: String,
    /// A cell for each measure; none where there is nothing to say.
    pub cells: Vec<Option<Cell>>,
}

/// A ward's measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// What varies.
    pub variation: Chart,
    /// Whether the target is met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance: Option<Chart>,
    /// The last value with its n: "8.4, n 16".
    pub value: String,
}

/// Wards beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The measure.
    pub label: String,
    /// What it shows.
    pub says: String,
    /// How to read it.
    pub note: String,
    /// The funnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<Chart>,
    /// Its numbers.
    pub numbers: Table,
}

/// What wards do about what patients said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionSummary {
    /// Overdue, open, done, and what came of those.
    pub counts: Vec<Count>,
    /// What should be done and is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overdue: Vec<Action>,
    /// What is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Action>,
    /// What was done, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Action>,
}

/// Who was heard, and who is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// In words.
    pub says: Vec<String>,
    /// Every group.
    pub groups: Table,
}

/// A half year of the trust as it stood on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HalfYear {
    /// The overall score.
    pub overall: Measured,
    /// Who was heard.
    pub reach: Vec<Fact>,
    /// What changed, where it is signal.
    pub changed: Vec<Finding>,
    /// Every domain.
    pub domains: Vec<Measured>,
    /// The friends and family test.
    pub friends: Friends,
    /// Every ward's overall score in alphabetical order.
    pub wards: Table,
    /// Wards beside each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// What wards do.
    pub actions: ActionSummary,
    /// Who was heard, and who is missing.
    pub coverage: Coverage,
}
