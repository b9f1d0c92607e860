//! Who is looking, how much is shown, and the rows of a definition that say which of a unit with n people behind it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::scoring::UnitKind;

/// Who is looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The staff of a ward.
    Ward,
    /// The consultant the score is about.
    Consultant,
    /// Who appraises that consultant.
    Appraiser,
    /// The board.
    Board,
    /// Anybody at all.
    Public,
    /// The patient-experience team.
    Office,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// Nothing at all.
    Nothing,
    /// The aggregate of the specialty and nothing of the person.
    SpecialtyOnly,
    /// How many people answered.
    Count,
    /// The distribution, moderated comments, and the score greyed as "not reliable yet".
    GreyedScore,
    /// The score with its interval and reliability.
    Score,
    /// Everything, where the trust has an explicit policy for it; otherwise the aggregate of the specialty.
    ByPolicy,
    /// Everything.
    Everything,
}

/// A row of the table: from so many people on, this is shown of a unit of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudienceRow {
    /// The kind of unit.
    pub unit: UnitKind,
    /// The smallest number of people.
    pub from: u64,
    /// What the consultant sees.
    pub consultant: Show,
    /// What the appraiser sees.
    pub appraiser: Show,
    /// What anyone else sees.
    pub others: Show,
}

impl AudienceRow {
    /// What the row shows to somebody.
    pub fn of(&self, audience: Audience) -> Show {
        match audience {
            Audience::Consultant => self.consultant,
            Audience::Appraiser => self.appraiser,
            Audience::Ward | Audience::Board | Audience::Public | Audience::Office => self.others,
        }
    }
}

impl Audience {
    /// Every audience with the word for it.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Ward, "ward"),
        (Self::Consultant, "consultant"),
        (Self::Appraiser, "appraiser"),
        (Self::Board, "board"),
        (Self::Public, "public"),
        (Self::Office, "office"),
    ];

    /// The audience as commands and settings name it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(audience, _)| *audience == self).map_or("", |(_, word)| word)
    }
}

/// A word that names no audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no audience: write ward, consultant, appraiser, board, public or office")]
pub struct AudienceError(String);

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        let known = Self::ALL.into_iter().find(|(_, word)| *word == text);
        known.map(|(audience, _)| audience).ok_or_else(|| AudienceError(text.to_owned()))
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Show {
    /// Whether anything of the unit itself is shown, if only a count.
    pub fn of_the_unit(self) -> bool {
        !matches!(self, Self::Nothing | Self::SpecialtyOnly | Self::ByPolicy)
    }

    /// Whether it is shown how many gave each answer.
    pub fn distribution(self) -> bool {
        matches!(self, Self::GreyedScore | Self::Score | Self::Everything)
    }

    /// Whether scores stand without being called unreliable.
    pub fn score(self) -> bool {
        matches!(self, Self::Score | Self::Everything)
    }

    /// Whether the unit's people are shown in parts: by ward, by fortnight, by mode.
    pub fn parts(self) -> bool {
        self == Self::Everything
    }
}

/// The table for named consultants: fewer than 5 a count, from 27 a reliability of 0.7, from 46 of 0.8 (M. J. Roberts and others,
/// BMJ 349, 2014, vector T-23).
pub(crate) fn consultants_table() -> Vec<AudienceRow> {
    let row = |from, own, others| AudienceRow {
        unit: UnitKind::Consultant,
        from,
        consultant: own,
        appraiser: own,
        others,
    };
    vec![
        row(0, Show::Count, Show::Nothing),
        row(5, Show::GreyedScore, Show::Nothing),
        row(27, Show::Score, Show::SpecialtyOnly),
        row(46, Show::Everything, Show::ByPolicy),
    ]
}
