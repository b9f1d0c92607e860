//! Whom a site is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::policy::Audience;

/// Whom a site is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// Everybody.
    Public,
    /// Everybody who works in the trust: for the intranet.
    Trust,
}

/// A word that names no edition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no edition: write public or trust")]
pub struct EditionError(String);

impl Edition {
    /// Every edition.
    pub const ALL: [Self; 2] = [Self::Public, Self::Trust];

    /// The edition as commands name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Trust => "trust",
        }
    }

    /// As what its readers look, for whoever decides what may be shown.
    pub fn audience(self) -> Audience {
        match self {
            Self::Public => Audience::Public,
            Self::Trust => Audience::Ward,
        }
    }
}

impl FromStr for Edition {
    type Err = EditionError;

    fn from_str(text: &str) -> Result<Self, EditionError> {
        Self::ALL.into_iter().find(|edition| edition.as_str() == text).ok_or_else(|| EditionError(text.to_owned()))
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
