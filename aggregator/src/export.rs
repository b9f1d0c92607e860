//! Tables for people's own programs: the same rows as CSV, Excel, JSON or Parquet, each with a count and a hash at its end.
//!
//! Not to be taken for [`crate::transfer`], which moves the log itself. A table is for a spreadsheet, a statistician or a data warehouse.
//!
//! # Vocabulary
//!
//! - a *[table](Table)* is what is written: responses, scores, contacts, comments or actions;
//! - a *[form](Form)* is how it is written: CSV, Excel, JSON or Parquet;
//! - a *[head](Head)* is its columns with what each means; a *[cell](Cell)* is one value of a row;
//! - the *[seal](Seal)* is how many rows there are and a SHA-256, from which a stranger sees that nothing is missing or changed.
//!
//! # Invariants
//!
//! - Who may have what is asked of [`crate::policy`] by whoever calls, through [`Asker`]: raw rows are the office's, scores are withheld by the
//!   same rows as everywhere, and no table holds a named consultant.
//! - Rows are given one after the other and are never all in memory; the facts are read a day at a time, and nobody who downloads slowly
//!   keeps answers from being counted.
//! - The same facts, question and day give the same bytes, if the day is over ([`Ask::as_of`]).
//! - What patients wrote is in the table of released comments, after moderation, and nowhere else.
//!
//! # Hashes
//!
//! CSV and JSON end with a line that holds the SHA-256 of every byte before it. Excel and Parquet cannot hold a hash of their own bytes; theirs is
//! that of the same rows as CSV, so that the same rows have the same hash whichever of the three they are in. `docs/exports.md` says how to check.
//!
//! # Failure modes
//!
//! [`ExportError`]: the days or the questionnaire make no sense, a sheet of Excel would be too long, or whoever takes the bytes went away.

use std::io;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::id::Hash;

use crate::comments::CommentsError;
use crate::scoring::ScoreError;

mod actions;
mod answers;
mod column;
mod comma_separated;
mod comments;
mod excel;
mod form;
mod ground;
mod json_lines;
mod parquet_file;
mod scores;
mod table;

pub use column::{Cell, Column, Head, Kind};
pub use form::{Form, FormError, Writer};
pub use ground::{Asker, Ground};
pub use table::{Ask, By, Table, TableError};

/// What a table ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Seal {
    /// How many rows there are, the head not counted.
    pub rows: u64,
    /// The SHA-256, as the documents say of what.
    #[schema(value_type = String)]
    pub sha256: Hash,
}

/// Why a table is not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The bytes could not be handed on.
    #[error("write the table: {0}")]
    File(#[from] io::Error),
    /// The days contradict each other.
    #[error("write the table: its first day {from} is after its last, {to}")]
    Days {
        /// The first.
        from: Date,
        /// The last.
        to: Date,
    },
    /// More periods than a table of scores may have.
    #[error(
        "write the table: there are more than {most} periods from {from} on; begin later, or take longer periods"
    )]
    TooManyPeriods {
        /// The first day.
        from: Date,
        /// The most.
        most: usize,
    },
    /// There is no such questionnaire.
    #[error("write the answers to questionnaire {asked:?}: there are {known}")]
    NoQuestionnaire {
        /// What was asked for.
        asked: String,
        /// Those there are.
        known: String,
    },
    /// A sheet of Excel has an end.
    #[error(
        "write the table for Excel: it has more than {most} rows, which is all a sheet holds; take CSV or Parquet, or fewer days"
    )]
    TooManyRows {
        /// The most rows.
        most: u32,
    },
    /// Scores could not be made.
    #[error(transparent)]
    Score(#[from] Box<ScoreError>),
    /// Comments could not be read.
    #[error(transparent)]
    Comments(#[from] Box<CommentsError>),
    /// A library could not write its format.
    #[error("write the table as {form}: {reason}")]
    Library {
        /// The format.
        form: Form,
        /// What it said.
        reason: String,
    },
}

impl From<ScoreError> for ExportError {
    fn from(error: ScoreError) -> Self {
        Self::Score(Box::new(error))
    }
}

impl From<CommentsError> for ExportError {
    fn from(error: CommentsError) -> Self {
        Self::Comments(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
