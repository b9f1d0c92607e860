//! Scores: pure folds over [facts](crate::facts) with [statistics](crate::statistics), by rules that are data.

mod sheet;

pub use sheet::{
    DomainSheet, Figure, FriendsAndFamilySheet, OptionCount, PlanSheet, PreviousPeriod, QuestionSheet, ScoreSheet,
    Standing, VersionSheet,
};
