//! A new action as it is written in the file and in what commands ask: a ward's says `ward`, as it always has, and any other unit's says
//! `unit`. So a program from before other units had actions reads every ward's, and refuses the others rather than take them for a ward's.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::WardId;

use super::{Cause, NewAction};
use crate::scoring::Measure;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ward: Option<WardId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    said: String,
    did: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<Measure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<Date>,
    #[serde(default, skip_serializing_if = "Cause::is_nothing")]
    cause: Cause,
}

/// Whose an action is does not stand in it exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an action is either of a ward or of a unit")]
pub struct NobodysError;

impl TryFrom<Written> for NewAction {
    type Error = NobodysError;

    fn try_from(written: Written) -> Result<Self, NobodysError> {
        let Written { ward, unit, said, did, owner, about, due, cause } = written;
        let unit = match (ward, unit) {
            (Some(ward), None) => Unit::Ward(ward),
            (None, Some(unit)) => unit,
            _ => return Err(NobodysError),
        };
        Ok(Self { unit, said, did, owner, about, due, cause })
    }
}

impl From<NewAction> for Written {
    fn from(action: NewAction) -> Self {
        let NewAction { unit, said, did, owner, about, due, cause } = action;
        let (ward, unit) = match unit {
            Unit::Ward(ward) => (Some(ward), None),
            unit => (None, Some(unit)),
        };
        Self { ward, unit, said, did, owner, about, due, cause }
    }
}
