//! What a report says: the JSON that the aggregator writes and `wardvoice-report` sets.
//!
//! Purpose: both ends share these types and nothing else, so that the aggregator needs no typesetter and the typesetter no facts.
//!
//! Vocabulary: a *paper* is one document; its *front* says what it is of, its *foot* what it rests on, its *report* what kind it is and
//! what stands in it. A *figure* is a value in words with its n; a *chart* is a drawing as SVG with what it shows in words.
//!
//! Invariants:
//! - Everything is said: the typesetter computes no number and decides nothing about who may see what.
//! - A figure has its n and a chart its words, or it is no figure and no chart.
//! - A paper is *raw*: `wardvoice-report` checks every field before it sets one, and names the first that is wrong.
//!
//! Shapes: fields are added and never renamed or removed; unknown fields are refused. The schema is made from these types, so it cannot
//! say anything else; `wardvoice-report --schema` prints it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

mod parts;
mod posters;
mod staff;

pub use parts::{
    Action, Change, Chart, Column, Comment, Count, Fact, Figure, Finding, Foot, Front, Log, Measured, Rules,
    Table, Tone,
};
pub use posters::{PosterFigure, Size, WardPoster, Whose, YouSaidWeDid};
pub use staff::{
    ActionSummary, Board, Cell, ConsultantAppraisal, Counts, Coverage, Friends, HalfYear, Matrix, MatrixRow,
    Question, Specialty, Spread, WardFortnight,
};

/// The version of this shape.
pub const VERSION: u32 = 1;

/// One document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// The version of this shape: 1.
    pub version: u32,
    /// What it is of.
    pub front: Front,
    /// What it rests on.
    pub foot: Foot,
    /// What stands in it.
    pub report: Report,
}

/// The kinds of documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// A ward's fortnight, or another period of it, for its staff.
    WardFortnight(Box<WardFortnight>),
    /// Six months of a named consultant, for the appraisal.
    ConsultantAppraisal(Box<ConsultantAppraisal>),
    /// What the board reviews.
    Board(Box<Board>),
    /// A half year of the trust as it stood on a day.
    HalfYear(Box<HalfYear>),
    /// What patients of a ward say, for its corridor.
    WardPoster(Box<WardPoster>),
    /// What patients said and what was done, for everybody.
    YouSaidWeDid(Box<YouSaidWeDid>),
}

/// The JSON Schema of a paper.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Paper>()
}
