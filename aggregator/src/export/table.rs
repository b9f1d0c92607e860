//! The tables there are, and what can be asked of one.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// What each patient answered, a row a response.
    Responses,
    /// Every unit's scores, period by period.
    Scores,
    /// What came of approaches, ward by ward and period by period.
    Contacts,
    /// What patients wrote, as far as it was released.
    Comments,
    /// What is done about what patients said.
    Actions,
}

/// A text that names no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no table: write responses, scores, contacts, comments or actions")]
pub struct TableError(String);

/// What is asked of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Which table.
    pub table: Table,
    /// The first local day; that of the first answer when absent.
    pub from: Option<Date>,
    /// The last local day, inclusive; today when absent.
    pub to: Option<Date>,
    /// The periods of scores and contacts.
    pub by: By,
    /// The questionnaire of responses, by its id; the one that is planned for when absent.
    pub questionnaire: Option<String>,
    /// The local day to look from: what came later is not in it. Today when absent.
    pub as_of: Option<Date>,
}

/// The periods of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Fortnights.
    #[default]
    Fortnight,
    /// Months.
    Month,
    /// Half years.
    HalfYear,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 5] = [Self::Responses, Self::Scores, Self::Contacts, Self::Comments, Self::Actions];

    /// The table as commands and addresses name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Responses => "responses",
            Self::Scores => "scores",
            Self::Contacts => "contacts",
            Self::Comments => "comments",
            Self::Actions => "actions",
        }
    }

    /// What it is, in a sentence.
    pub fn says(self) -> &'static str {
        match self {
            Self::Responses => "What each patient answered, a row a response, a column a question.",
            Self::Scores => {
                "Every unit's scores by period, each with its n, interval, standing, revision and the rules it was made by."
            }
            Self::Contacts => "What came of approaches to patients, and the response rate, by ward and period.",
            Self::Comments => "What patients wrote, as far as it was released, by ward and month.",
            Self::Actions => "What is done about what patients said, and what it came to.",
        }
    }

    /// Whom it is for, in words.
    pub fn is_for(self) -> &'static str {
        match self {
            Self::Responses => "the patient-experience team",
            _ => "whoever may read the units in it",
        }
    }
}

impl Ask {
    /// Everything of a table.
    pub fn all_of(table: Table) -> Self {
        Self { table, from: None, to: None, by: By::default(), questionnaire: None, as_of: None }
    }
}

impl FromStr for Table {
    type Err = TableError;

    fn from_str(text: &str) -> Result<Self, TableError> {
        Self::ALL.into_iter().find(|table| table.as_str() == text).ok_or_else(|| TableError(text.to_owned()))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl By {
    /// Every kind of period with the word for it.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Fortnight, "fortnight"), (Self::Month, "month"), (Self::HalfYear, "half-year")];
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(_, word)| *word == text);
        known
            .map(|(by, _)| by)
            .ok_or_else(|| format!("{text:?} is no kind of period: write fortnight, month or half-year"))
    }
}
