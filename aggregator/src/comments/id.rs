//! The name of a comment: the record it came in and the question it answers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{QuestionId, RecordId};

/// The name of a comment, `01a2…/better`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommentId {
    record: RecordId,
    question: QuestionId,
}

/// Why a text is not the name of a comment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the name of a comment: write a record id, a stroke and a question, as `comments list` prints them"
)]
pub struct CommentIdError(String);

impl CommentId {
    /// The comment that a record holds about a question.
    pub fn new(record: RecordId, question: QuestionId) -> Self {
        Self { record, question }
    }

    /// The record.
    pub fn record(&self) -> RecordId {
        self.record
    }

    /// The question.
    pub fn question(&self) -> &QuestionId {
        &self.question
    }
}

impl FromStr for CommentId {
    type Err = CommentIdError;

    fn from_str(text: &str) -> Result<Self, CommentIdError> {
        let read = || {
            let (record, question) = text.split_once('/')?;
            Some(Self { record: record.parse().ok()?, question: question.parse().ok()? })
        };
        read().ok_or_else(|| CommentIdError(text.chars().take(120).collect()))
    }
}

impl TryFrom<String> for CommentId {
    type Error = CommentIdError;
    fn try_from(text: String) -> Result<Self, CommentIdError> {
        text.parse()
    }
}

impl From<CommentId> for String {
    fn from(id: CommentId) -> String {
        id.to_string()
    }
}

impl fmt::Display for CommentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.record, self.question)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_name_is_a_record_and_a_question() {
        let text = "01a207d9-2100-7707-8707-070707070707/better";
        assert_eq!(text.parse::<CommentId>().unwrap().to_string(), text);
        for wrong in [
            "",
            "better",
            "01a207d9-2100-7707-8707-070707070707",
            "01a207d9/better",
            "01a207d9-2100-7707-8707-070707070707/a b",
        ] {
            assert!(wrong.parse::<CommentId>().is_err(), "{wrong:?}");
        }
    }
}
