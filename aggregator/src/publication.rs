//! Our own rule for small numbers: what the public, or another ward, may see.
//!
//! *No cell that 5 or fewer people made, and none that can be worked out by subtracting other cells that the same audience can see*:
//! over wards, departments, sites and consultants, over fortnights, months and half years, over answers, and over time (a release
//! minus its revision is whoever came late).
//!
//! # Vocabulary
//!
//! - a *[group](Group)* is the smallest set of people that anything published could tell apart: who gave one answer, on one ward, to
//!   one consultant, on one day, and arrived on one day;
//! - a *[circle](Circle)* is the people that a figure is about: some wards or a consultant, some days, as far as they had come by a day;
//! - a *[ladder](Ladder)* is how finely the answers to a question may be told apart: all together, the best against the rest, each
//!   by itself. A step further down says more;
//! - a *release* is a circle with the number of people of each part of a step. A percentage with its n, or a mean with its n, is
//!   published only where its release is: both say no more than it;
//! - a *class* is what all releases so far, of a step or finer, leave together: people of whom every such release holds all or none.
//!
//! # The rule
//!
//! A release is made only if, afterwards, every class of its step and of the coarser ones has no people or at least [`MINIMUM`].
//! Classes, not differences, are looked at, so it does not matter in how many steps, over how many tables and releases somebody
//! subtracts: whatever follows from sets by union, intersection and difference is made of whole classes.
//!
//! # Why nothing follows by any other way of reasoning either
//!
//! Suppose an attacker knows every number of people in every class of every step, which is more than is published. A cell is any
//! set of groups: some people of some wards on some days who gave some answers. Let 1 to 5 people be in it.
//!
//! 1. On the coarsest step, classes have 0 or at least 6 people each, so the cell holds no whole class that has any. The people of
//!    a class may be spread over its groups in any way, so in some world that fits everything published they are all inside the
//!    cell: it cannot be told from one of 6 or more.
//! 2. On a finer step, a class A of the step above is a table: the parts of the answers, with A's people in each (0 or at least 6), by
//!    the classes that A is split into by coarser releases (again 0 or at least 6). Tables with given margins can have, in any place,
//!    the smaller of its two margins. Where anybody is, both margins are at least 6. So the same holds, step by step down.
//!
//! The answers to different questions are different ladders and do not meet: no release says who answered two of them, so any worlds
//! of two questions fit together. That is why the number of people who were asked is never released beside those who answered.
//!
//! The proof needs that whether somebody answered is not public, and that what is hidden has no reason given: a reason would tell
//! small cells from their cover. An attacker who knows the rule knows of a hidden cell that it, or another that was hidden for it, is
//! small; no rule that hides small cells and shows large ones can help that.
//!
//! The test `attack` is an attacker of its own that tries integer programming on what this module publishes, and on what others would.

mod circle;
mod cuts;
mod decide;
mod disclosure;
mod ladder;
mod plan;
mod release;
mod subject;

pub use circle::{Circle, Group};
pub use cuts::{Cut, Rhythm, public_cuts};
pub use decide::{Changed, Decision, Told, decide};
pub use disclosure::Disclosure;
pub use ladder::{Ladder, LadderError, Part, Step};
pub use plan::{Ground, HiddenCut, Plan, PlanError, plan};
pub use release::{PartCount, Release};
pub use subject::{Question, Subject, questions};

/// The smallest number of people that may be seen: our rule "5 or fewer" is a minimum of 6.
pub const MINIMUM: u64 = 6;
