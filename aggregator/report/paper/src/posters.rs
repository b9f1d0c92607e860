//! What hangs on a wall: one page, large type, in the language that was asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::Change;

/// The sheet of a poster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// 210 by 297 mm.
    A4,
    /// 297 by 420 mm.
    #[default]
    A3,
}

/// What patients of a ward say. Figures are released ones: the small-number rule was asked before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WardPoster {
    /// The sheet.
    #[serde(default)]
    pub size: Size,
    /// The figures: at most 3.
    pub figures: Vec<PosterFigure>,
    /// What was changed: at most 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// How many of how many people said something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PosterFigure {
    /// What was asked.
    pub question: String,
    /// What so many of a hundred answered.
    pub answer: String,
    /// How many of a hundred: 0 to 100.
    pub percent: u8,
    /// Of how many people: 6 or more.
    pub people: u64,
    /// Of whom.
    pub of: Whose,
    /// The first day, 2026-06-01.
    pub first_day: String,
    /// The last day.
    pub last_day: String,
}

/// Whose figure stands on a ward's poster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The ward's own.
    ThisWard,
    /// A larger unit's, by its name, because the ward's own would be of too few people.
    Unit(String),
}

/// What patients said and what was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct YouSaidWeDid {
    /// The sheet.
    #[serde(default)]
    pub size: Size,
    /// What was changed: 1 to 4.
    pub changes: Vec<Change>,
}
