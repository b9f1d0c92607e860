//! A name for a released comment that says nothing about the record it came in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::Hash;

use super::CommentId;

const DIGITS: usize = 16;

/// A comment's handle: the beginning of the hash of its id, which nobody can guess.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommentHandle(String);

impl CommentHandle {
    /// The handle of a comment.
    pub(super) fn of(id: &CommentId) -> Self {
        Self(Hash::of(id.to_string().as_bytes()).to_string().chars().take(DIGITS).collect())
    }
}

impl fmt::Display for CommentHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for CommentHandle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if plain { Ok(Self(text.to_owned())) } else { Err(format!("{text:?} is not the handle of a comment")) }
    }
}

impl TryFrom<String> for CommentHandle {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<CommentHandle> for String {
    fn from(handle: CommentHandle) -> String {
        handle.0
    }
}
