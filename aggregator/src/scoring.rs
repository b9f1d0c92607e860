//! Scores: pure folds over [facts](crate::facts) with [statistics](crate::statistics), by rules that are data.
//!
//! Vocabulary: a *[definition](Definition)* is the versioned rules; a *[score sheet](ScoreSheet)* is everything known about
//! one unit in one period; a *[figure](Figure)* is a value with its n and interval, or why there is none.
//!
//! Invariants:
//! - A sheet is a function of facts, [`ScoringWorld`], period, unit and today, and of nothing else: the same facts give the
//!   same bytes of JSON, whatever order they came in.
//! - Missing is never zero: a figure without answers has no value and says why.
//! - Nothing is pooled silently: responses to another questionnaire or version are counted apart and not scored, and
//!   the numbers by mode stand beside the score.
//!
//! Units: scores are points on the definition's scale (0 to 10), friends-and-family and response rate are per cent.

mod definition;
mod period;
mod plan;
mod score;
mod sheet;
mod tally;
mod world;

pub use definition::{
    Definition, DefinitionError, DefinitionFile, DomainFile, MinimumFile, NotApplicablePolicy, Order, RuleFile,
    ScaleFile, WorthFile,
};
pub use period::{previous, revision, standing};
pub use plan::{FORTNIGHT_RESPONSES, Plan};
pub use score::{LEVEL, score};
pub use sheet::{
    DomainSheet, Figure, FriendsAndFamilySheet, OptionCount, PlanSheet, PreviousPeriod, QuestionSheet, ScoreSheet,
    Standing, VersionSheet,
};
pub use world::{FINAL_AFTER_DAYS, ScoreError, ScoringWorld, ScoringWorldError};

#[cfg(test)]
mod tests;
