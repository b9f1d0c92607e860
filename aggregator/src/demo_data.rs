//! A generated trust with a generated past, for demonstrations and tests. Nothing here is about a real place or person.
//!
//! Purpose: pages that have something to show, and a check that scores recover what is known to be there. Pure: the same seed
//! gives the same bytes, on every machine and for ever, because the [dice] are our own.
//!
//! Built in on purpose (the [effects]), on top of small differences between wards that mean nothing:
//!
//! | unit | question | fortnights | points |
//! |---|---|---|---|
//! | ward W07 | kindness | 1 to 6 | -2.8, gone from the 7th on: the ward made a change and it worked |
//! | ward W15 | noise | all | -3.0: nobody can rest there |
//! | ward W21 | all | 1 to 10 | from -2.0 to +0.7 in a straight line: a ward that gets better |
//! | consultant C07 | doctors | all | -3.0 with this consultant's patients |
//! | ward W24 | | 9 | silent: no contact at all |
//!
//! Fortnights are numbered so that the last one is always the 10th. Points move the expected score of an answer; an expected
//! score stays between 0.4 and 9.6.

mod changes;
mod dice;
mod directory;
mod effects;
mod history;

pub use changes::{MadeUp, actions};
pub use directory::directory;
pub use effects::{Effect, EffectOn, effects};
pub use history::{fortnight, history};

#[cfg(test)]
pub(crate) mod tests;
