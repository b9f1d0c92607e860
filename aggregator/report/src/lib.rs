//! Sets papers: JSON in, an accessible PDF out.
//!
//! Purpose: what staff, boards and consultants read on paper and what hangs in a corridor, made by the same program everywhere. It gets
//! everything it needs in a [`wardvoice_paper::Paper`] and computes no number.
//!
//! Vocabulary: a paper is *raw* until [`Checked`] has looked at every field; the *[press]* sets what was checked; the *guard* is the
//! process around it that holds time and memory.
//!
//! Invariants:
//! - What is not PDF/UA-1 is an error and no file: titles, tags, languages, words for every drawing, a character for every glyph.
//! - The same input gives the same bytes: dates come from the paper, identifiers from its hash.
//! - Nothing is read but the input, the fonts and the pages that are compiled in; nothing is fetched.
//! - Input is bounded: in bytes, in the length of every text and list, in what a drawing may hold.
//!
//! Failure modes: a field that is wrong is named with its place; a paper that takes too long or too much memory ends with an error and
//! exit code 1.

mod check;
mod cli;
mod drawing;
mod fonts;
mod guard;
mod press;
mod text;

pub use check::{CheckError, Checked};
pub use cli::run;
pub use press::{PressError, Printed, press};

/// The most bytes of JSON that are read.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The paper is not one.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// It cannot be set.
    #[error(transparent)]
    Press(#[from] PressError),
}

/// Checks a paper and sets it.
pub fn set(json: &[u8]) -> Result<Printed, ReportError> {
    Ok(press(&Checked::read(json)?)?)
}
