//! Scores: pure folds over [facts](crate::facts) with [statistics](crate::statistics), by rules that are data.
//!
//! Vocabulary: a *[definition](Definition)* is the versioned rules; a *[cut](Cut)* is a part of a unit's people; a *tally* is what
//! facts add up to, in whole numbers; a *[score sheet](ScoreSheet)* is everything known about one unit in one period; a
//! *[figure](Figure)* is a value with its n and interval, or why there is none.
//!
//! Invariants:
//! - A sheet is a function of facts, [`ScoringWorld`], what is asked and today, and of nothing else: the same facts give the
//!   same bytes of JSON, whatever order they came in. Where it comes from (log, program) stands beside it, outside this function.
//! - Missing is never zero: a figure without answers has no value and says why.
//! - Nothing is pooled silently: responses to another questionnaire or version are counted apart and not scored, and
//!   the numbers by mode stand beside the score.
//! - Nothing published changes: a period belongs to the definition that was in force on its first day. What came after the day
//!   that a sheet is seen on is not in it, so that any earlier sheet can be made again.
//! - Many ways, one answer: one sheet from the facts of its unit ([`score`]), all in one pass ([`score_all`]), and
//!   those that are kept up to date ([`Live`]) are the same bytes.
//!
//! Units: scores are points on the scale that the definition reports on, friends-and-family, shares and response rate are per cent.

mod all;
mod belonging;
mod bulk;
mod comparison;
mod consultant;
mod coverage;
mod cut;
mod definition;
mod effect;
mod explain;
mod history;
mod in_charge;
mod live;
mod means;
mod measure;
mod period;
mod plan;
mod results;
mod scheme;
mod score;
mod sheet;
mod signal;
mod standardised;
mod tally;
mod threads;
mod unscored;
mod word;
mod world;

pub use all::score_all;
pub(crate) use belonging::{Belongs, belonging, rows_of};
pub use comparison::{
    ComparedWard, Comparison, CurvePoint, FEWEST_TO_COMPARE, LeftOut, LimitSheet, Peers, PlaceInFunnel, by_name,
};
pub use consultant::{
    AttributionSheet, FEWEST_CONSULTANTS, FEWEST_FOR_A_MEAN, FEWEST_PATIENTS, PUBLISHED_CORRELATION,
    ReliabilityBasis, ReliabilitySheet, SourceCounts,
};
pub(crate) use consultant::{ConsultantWindow, consultant_window};
pub use coverage::{CoverageSheet, GroupSheet};
pub use cut::{Cut, CutError};
pub use definition::{
    AttributionFile, CaseMixFile, CellCountFile, Definition, DefinitionError, DefinitionFile, DefinitionRef,
    DefinitionRefError, DomainFile, FirstFormat, FirstMinimum, KnownByFile, MinimumFile, NormFile,
    NotApplicablePolicy, OptionValues, Order, OverallFile, PopulationFile, RuleFile, ScaleFile, ScalePartFile,
    Unchecked, UnitKind, WorthFile, definition_ref,
};
pub use effect::{
    Change, EFFECT_FORTNIGHTS, EffectFinding, EffectSheet, FEWEST_FOR_EFFECT, SideSheet, effect, effect_rows,
};
pub use explain::{Explained, Step, explain};
pub use history::{
    Grain, GrainStamp, History, MOST_FORTNIGHTS, Reading, SignalError, comparison_stamp, grain, grain_stamp,
    grains, history_stamp, reading, reading_stamp,
};
pub use in_charge::InCharge;
pub use live::Live;
pub use means::{WardFortnight, question_means};
pub use measure::{Measure, MeasureError};
pub use period::{previous, revision, standing};
pub use plan::{FORTNIGHT_RESPONSES, Plan, Plans, Timeline, WardPlan};
pub(crate) use score::share as proportion;
pub use score::{Ask, LEVEL, score, score_asked};
pub use sheet::{
    DomainSheet, Figure, FriendsAndFamilySheet, NormSheet, OptionCount, PlanSheet, PreviousPeriod,
    ProvenanceSheet, QuestionSheet, ScaleSheet, ScoreSheet, ShareSheet, Standing, VersionSheet,
};
pub use signal::{
    ChartKind, FEWEST_TO_SAY, Finding, Rebasing, RunSheet, Signal, SignalGroup, SignalPoint, assurance_words, say,
    signal, variation_words,
};
pub use standardised::{CellSheet, StandardisedScale, StandardisedSheet};
pub use unscored::{AnswersSheet, answers};
pub use word::Word;
pub use world::{
    FINAL_AFTER_DAYS, ScoreError, ScoringWorld, ScoringWorldError, SeriesStart, is_standardised_by_the_trust,
    kind_of,
};

#[cfg(test)]
mod tests;
