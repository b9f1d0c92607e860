//! A ward's board: what a volunteer needs to know to go round it, [signed](crate::signed) and retained on the ward's topic.
//!
//! Purpose: a round works for weeks without a network, so everything it needs comes in one message that a kiosk keeps: the plan
//! of the fortnight and how far it is, where the beds are, whose patients they are, and what the ward has changed.
//!
//! What is absent matters most. Any kiosk may read any board, so a board is seen by other wards: it has no score, and of the
//! people who answered only how many there were. Which age bands came forward little is said as a word ([`Board::few`]) and
//! never as a count, because a cell of five people or fewer is not for another ward.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assignment::ConsultantChoice;
use crate::id::{ConsultantId, OptionId, WardId};
use crate::one_line;

/// What a volunteer needs to know about one ward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The ward.
    pub ward: WardId,
    /// Its name.
    pub ward_name: String,
    /// When this was said. A kiosk keeps the newest it has seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub issued: Timestamp,
    /// The name of the fortnight, `2026-F23`.
    pub fortnight: String,
    /// Its first local day.
    #[schemars(with = "String", extend("format" = "date"))]
    pub first_day: Date,
    /// Its last local day.
    #[schemars(with = "String", extend("format" = "date"))]
    pub last_day: Date,
    /// How many answered questionnaires the fortnight should have.
    pub target: u32,
    /// How many it has.
    pub completed: u32,
    /// How many patients have been approached, whatever came of it.
    pub contacts: u32,
    /// The age bands of which fewer have answered than the ward's past suggests, as option ids of the questionnaire.
    pub few: Vec<OptionId>,
    /// What patients said and what the ward did about it, newest first.
    pub changes: Vec<WardChange>,
    /// The bays with their beds, in the order of the ward.
    pub bays: Vec<Bay>,
    /// The consultants who have patients here.
    pub consultants: Vec<ConsultantChoice>,
}

/// "You said, we did".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WardChange {
    /// What patients said.
    pub said: String,
    /// What the ward did.
    pub did: String,
}

/// Some beds that stand together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bay {
    /// What people call it: `Bay 2`, `Side room 1`.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// What people call its beds. They are for finding the way and never go into a record.
    pub beds: Vec<String>,
    /// Whose patients lie here, by the ward's roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consultant: Option<ConsultantId>,
}

/// The longest name of a bay, in characters.
pub const MAX_BAY_CHARACTERS: usize = 40;
/// The longest name of a bed, in characters.
pub const MAX_BED_CHARACTERS: usize = 12;
/// The most beds of a ward.
pub const MAX_BEDS: usize = 200;

/// What is wrong with bays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BayError {
    /// A bay's name is empty, too long or has control characters.
    #[error("bay {0:?} needs a name of 1 to {MAX_BAY_CHARACTERS} plain characters")]
    BayName(String),
    /// A bed's name is empty, too long or has control characters.
    #[error("bed {0:?} needs a name of 1 to {MAX_BED_CHARACTERS} plain characters")]
    BedName(String),
    /// Two bays have one name, or two beds of a ward.
    #[error("{0:?} stands twice")]
    Twice(String),
    /// There are too many.
    #[error("there are {0} beds, more than {MAX_BEDS}")]
    TooMany(usize),
}

impl Bay {
    /// Checks the bays of a ward: names that fit a screen, none twice, so that "bed 7" is one place.
    pub fn check(bays: &[Self]) -> Result<(), BayError> {
        let mut names: Vec<&str> = Vec::new();
        for bay in bays {
            if !one_line::fits(&bay.name, MAX_BAY_CHARACTERS) {
                return Err(BayError::BayName(bay.name.clone()));
            }
            names.push(&bay.name);
        }
        let mut beds: Vec<&str> = Vec::new();
        for bed in bays.iter().flat_map(|bay| &bay.beds) {
            if !one_line::fits(bed, MAX_BED_CHARACTERS) {
                return Err(BayError::BedName(bed.clone()));
            }
            beds.push(bed);
        }
        if beds.len() > MAX_BEDS {
            return Err(BayError::TooMany(beds.len()));
        }
        for mut list in [names, beds] {
            list.sort_unstable();
            if let Some(twice) =
                list.windows(2).find_map(|pair| (pair.first() == pair.last()).then(|| pair.first()))
            {
                return Err(BayError::Twice((*twice.unwrap_or(&"")).to_owned()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bay(name: &str, beds: &[&str]) -> Bay {
        Bay { name: name.to_owned(), beds: beds.iter().map(|bed| (*bed).to_owned()).collect(), consultant: None }
    }

    #[test]
    fn a_bed_is_one_place() {
        let check = |bays: &[Bay], expected: Result<(), BayError>| assert_eq!(Bay::check(bays), expected);
        check(&[], Ok(()));
        check(&[bay("Bay 1", &["1", "2"]), bay("Side room 1", &["3"])], Ok(()));
        check(&[bay("Bay 1", &["1"]), bay("Bay 1", &["2"])], Err(BayError::Twice("Bay 1".to_owned())));
        check(&[bay("Bay 1", &["1"]), bay("Bay 2", &["1"])], Err(BayError::Twice("1".to_owned())));
        check(&[bay("", &[])], Err(BayError::BayName(String::new())));
        check(&[bay("Bay 1", &["bed\nnumber"])], Err(BayError::BedName("bed\nnumber".to_owned())));
        let many: Vec<String> = (0..=MAX_BEDS).map(|number| number.to_string()).collect();
        check(
            &[Bay { name: "Hall".to_owned(), beds: many, consultant: None }],
            Err(BayError::TooMany(MAX_BEDS + 1)),
        );
    }
}
