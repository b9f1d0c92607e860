//! What crosses the wire between a kiosk and the aggregator, and what it means.
//!
//! This crate is pure: it reads no clock, draws no randomness that was not handed in, opens no socket and
//! no file. Everything a stranger needs to write a kiosk in another language is in `docs/protocol.md`, and the
//! types here are that page in Rust.
//!
//! Vocabulary: a *record* is what a kiosk seals and sends; an *envelope* is a sealed record; a *receipt* is the
//! aggregator's word that an envelope is durably stored. A *contact* is one approach to one patient and may hold a
//! *response*.

#![warn(missing_docs)]

pub mod approvals;
#[cfg(test)]
mod arbitrary;
pub mod assignment;
pub mod board;
pub mod clock;
pub mod contact;
pub mod directory;
pub mod enrolment;
pub mod envelope;
pub mod fortnight;
pub mod help;
pub mod id;
pub mod keys;
pub mod limits;
pub mod one_line;
pub mod posting;
pub mod questionnaire;
pub mod receipt;
pub mod record;
pub mod round;
pub mod schema;
pub mod signed;
pub mod status;
pub mod thanks;
pub mod topic;
mod version;
pub mod withdrawal;
