//! Who has seen a request: a role, never a person.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::one_line;

const MAX_CHARACTERS: usize = 40;

/// The name of a role: `nurse in charge`, `office`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StaffRole(String);

/// Why a text is not the name of a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the name of a role: write 1 to {MAX_CHARACTERS} plain characters, as in \"nurse in charge\""
)]
pub struct StaffRoleError(String);

impl StaffRole {
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StaffRole {
    type Err = StaffRoleError;

    fn from_str(text: &str) -> Result<Self, StaffRoleError> {
        if one_line::trimmed(text, MAX_CHARACTERS) == Some(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(StaffRoleError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for StaffRole {
    type Error = StaffRoleError;
    fn try_from(text: String) -> Result<Self, StaffRoleError> {
        text.parse()
    }
}

impl From<StaffRole> for String {
    fn from(role: StaffRole) -> String {
        role.0
    }
}

impl fmt::Display for StaffRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_short_and_plain() {
        for (text, is_one) in [
            ("office", true),
            ("nurse in charge", true),
            ("", false),
            (" office", false),
            ("two\nlines", false),
            (&"x".repeat(41), false),
        ] {
            assert_eq!(text.parse::<StaffRole>().is_ok(), is_one, "{text:?}");
        }
    }
}
