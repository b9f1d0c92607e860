//! What an account may be: a role, with whose where that is not everybody's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::id::{ConsultantId, DepartmentId, WardId};

use super::Audience;

/// A role, written `office`, `ward:W12`, `consultant:C07`. An account may have several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Role {
    /// The patient-experience team.
    Office,
    /// Whoever runs the machine: kiosks, quarantine, and who did what. No figures.
    Administrator,
    /// The board.
    Board,
    /// The staff of a ward.
    Ward(WardId),
    /// Who leads a department.
    Department(DepartmentId),
    /// The consultant.
    Consultant(ConsultantId),
    /// Who appraises that consultant.
    Appraiser(ConsultantId),
    /// The screen in a ward's corridor.
    Display(WardId),
}

/// Why a text is no role, or names what is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// Not a role.
    #[error(
        "read the role {0:?}: write office, administrator, board, ward:W12, department:ID, consultant:ID, appraiser:ID (of that \
         consultant) or display:W12"
    )]
    Unreadable(String),
    /// The directory has no such ward, department or consultant.
    #[error("give the role {0}: the directory has no such {1}")]
    NotThere(Role, &'static str),
}

impl Role {
    /// What it is without whose: `ward`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Administrator => "administrator",
            Self::Board => "board",
            Self::Ward(_) => "ward",
            Self::Department(_) => "department",
            Self::Consultant(_) => "consultant",
            Self::Appraiser(_) => "appraiser",
            Self::Display(_) => "display",
        }
    }

    fn whose(&self) -> Option<&str> {
        match self {
            Self::Office | Self::Administrator | Self::Board => None,
            Self::Ward(id) | Self::Display(id) => Some(id.as_str()),
            Self::Department(id) => Some(id.as_str()),
            Self::Consultant(id) | Self::Appraiser(id) => Some(id.as_str()),
        }
    }

    /// Whether the directory knows whom it names.
    pub fn check(&self, directory: &Directory) -> Result<(), RoleError> {
        let (known, what) = match self {
            Self::Office | Self::Administrator | Self::Board => (true, ""),
            Self::Ward(id) | Self::Display(id) => (directory.ward(id).is_some(), "ward"),
            Self::Department(id) => {
                (directory.file().departments.iter().any(|entry| entry.id == *id), "department")
            }
            Self::Consultant(id) | Self::Appraiser(id) => (directory.consultant(id).is_some(), "consultant"),
        };
        if known { Ok(()) } else { Err(RoleError::NotThere(self.clone(), what)) }
    }

    /// As what it looks at a consultant; `None` when it has no business there.
    pub(super) fn audience_of(&self, consultant: &ConsultantId) -> Option<Audience> {
        match self {
            Self::Consultant(own) if own == consultant => Some(Audience::Consultant),
            Self::Appraiser(named) if named == consultant => Some(Audience::Appraiser),
            Self::Office => Some(Audience::Office),
            Self::Board => Some(Audience::Board),
            _ => None,
        }
    }

    /// Whether it may read what the patients of a unit said; a consultant's figures have rules of their own.
    pub(super) fn reads(&self, unit: &Unit, directory: &Directory) -> bool {
        match (self, unit) {
            (_, Unit::Consultant(_)) => false,
            (Self::Office | Self::Board, _) => true,
            (Self::Ward(own), Unit::Ward(ward)) => own == ward,
            (Self::Department(own), Unit::Department(department)) => own == department,
            (Self::Department(own), Unit::Ward(ward)) => {
                directory.ward(ward).is_some_and(|entry| entry.department == *own)
            }
            _ => false,
        }
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let read = || match text.split_once(':') {
            None => match text {
                "office" => Some(Self::Office),
                "administrator" => Some(Self::Administrator),
                "board" => Some(Self::Board),
                _ => None,
            },
            Some(("ward", id)) => id.parse().ok().map(Self::Ward),
            Some(("department", id)) => id.parse().ok().map(Self::Department),
            Some(("consultant", id)) => id.parse().ok().map(Self::Consultant),
            Some(("appraiser", id)) => id.parse().ok().map(Self::Appraiser),
            Some(("display", id)) => id.parse().ok().map(Self::Display),
            Some(_) => None,
        };
        read().ok_or_else(|| RoleError::Unreadable(text.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind())?;
        self.whose().map_or(Ok(()), |whose| write!(formatter, ":{whose}"))
    }
}

impl TryFrom<String> for Role {
    type Error = RoleError;
    fn try_from(text: String) -> Result<Self, RoleError> {
        text.parse()
    }
}

impl From<Role> for String {
    fn from(role: Role) -> String {
        role.to_string()
    }
}
