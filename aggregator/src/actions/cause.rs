//! What caused an action: the comments that were read, and the chart that showed it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::comments::CommentHandle;
use crate::scoring::Measure;

/// The most comments that an action names.
pub const MOST_COMMENTS: usize = 20;

/// What caused an action. Nothing where nobody said so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The released comments, by handles that say nothing about who wrote them or when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub comments: Vec<CommentHandle>,
    /// The chart that showed it, and the fortnight in which it did: `domain:kindness@2026-F22`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub signal: Option<SignalCause>,
}

/// A chart and a fortnight in which it showed a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignalCause {
    /// What the chart is of.
    pub measure: Measure,
    /// The fortnight's name.
    pub fortnight: String,
}

impl Cause {
    /// Whether nothing is named.
    pub fn is_nothing(&self) -> bool {
        self.comments.is_empty() && self.signal.is_none()
    }
}

impl fmt::Display for SignalCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.measure, self.fortnight)
    }
}

impl FromStr for SignalCause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a chart in a fortnight: write domain:kindness@2026-F22");
        let (measure, fortnight) = text.split_once('@').ok_or_else(wrong)?;
        let plain = (1..=12).contains(&fortnight.len())
            && fortnight.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let measure = measure.parse().map_err(|_| wrong())?;
        if plain { Ok(Self { measure, fortnight: fortnight.to_owned() }) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for SignalCause {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SignalCause> for String {
    fn from(cause: SignalCause) -> String {
        cause.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_chart_in_a_fortnight_is_one_word() {
        let cause: SignalCause = "domain:kindness@2026-F22".parse().unwrap();
        assert_eq!(cause.to_string(), "domain:kindness@2026-F22");
        for text in ["domain:kindness", "domain:kindness@", "nothing@2026-F22", "overall@<script>"] {
            assert!(text.parse::<SignalCause>().is_err(), "{text}");
        }
        assert_eq!(serde_json::to_string(&Cause::default()).unwrap(), "{}");
    }
}
