//! What reports are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a document is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// The title of the document, also for the list of open windows: "Ward 7: fortnight 23 of 2026".
    pub title: String,
    /// The ward, the consultant or the trust.
    pub unit: String,
    /// The trust.
    pub trust: String,
    /// What days it is of, in words.
    pub period: String,
    /// The local day it was made on, 2026-11-22. It is the only date in the file, so that the same input gives the same bytes.
    pub made_on: String,
    /// The language of everything that has none of its own, as a tag: `en`, `ur`.
    pub language: String,
    /// What has to be known before anything is read: that it is private, made up, provisional.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// What a document rests on; it stands at the foot of every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Foot {
    /// How many people answered, where that may be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Whether it may still change: "provisional" or "final".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
    /// 0 while provisional, 1 when final, one more for each later day on which something came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The rules that the scores were made by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Rules>,
    /// The questions that were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questionnaire: Option<Rules>,
    /// The log it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
}

/// A definition or a questionnaire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Its id and version, `inpatient@2`.
    pub name: String,
    /// Its hash.
    pub hash: String,
}

/// A place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How many records it had.
    pub records: u64,
    /// The running hash over them.
    pub head: String,
}

/// A value with how many people it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The value in words: "8.4", "92%". Absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// How many people.
    pub n: u64,
    /// Its 95 % interval in words: "8.1 to 8.7".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Why there is no value, or what is to be known about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A drawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// What it shows, in words, for whoever cannot see it.
    pub alt: String,
    /// The drawing: SVG in presentation attributes, of lines, paths, shapes and text alone.
    pub svg: String,
}

/// Numbers in rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What they are.
    pub title: String,
    /// The columns; the first names the rows.
    pub columns: Vec<Column>,
    /// The rows, as wide as the columns; a cell may be empty.
    pub rows: Vec<Vec<String>>,
    /// What is to be known about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What stands above it.
    pub label: String,
    /// Whether it holds numbers, which stand at the far edge.
    #[serde(default)]
    pub numbers: bool,
}

/// One measure: its figure, its drawings and what they say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What it is called.
    pub label: String,
    /// The figure of the period.
    pub figure: Figure,
    /// The figure on its whole scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bar: Option<Chart>,
    /// The fortnights up to the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<Chart>,
    /// What those fortnights say, in one sentence or more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
}

/// Something that is not chance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The same as a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Chart>,
    /// What it is.
    pub says: String,
}

/// Something that a ward does about what patients said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its number.
    pub number: u32,
    /// The ward, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<String>,
    /// How it stands: "done 9 November 2026".
    pub standing: String,
    /// What patients said.
    pub said: String,
    /// What is done.
    pub did: String,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
}

/// What patients said and what was done, in any language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What patients said.
    pub said: String,
    /// What was done.
    pub did: String,
    /// The language of both, where it is not that of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// What somebody wrote, as it was released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// What it is.
    pub tone: Tone,
    /// What was asked.
    pub asked: String,
    /// The text.
    pub text: String,
    /// The language of the text.
    pub language: String,
}

/// What a comment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Praise.
    Praise,
    /// Both.
    Mixed,
    /// Criticism.
    Criticism,
}

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The name.
    pub label: String,
    /// What it is.
    pub value: String,
    /// What is to be known about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How many of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Of what.
    pub label: String,
    /// How many.
    pub count: u64,
}
