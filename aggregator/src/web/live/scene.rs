//! What an open page shows: how it is drawn, which news concern it, and how often it may be drawn again.
//!
//! Two pages show the same scene when what changes on them is the same for both who look. So whatever of it depends on who looks is part of
//! the scene, as the policy has decided it when the page and its stream were opened; the stream ends when that may have changed.

use std::collections::BTreeSet;
use std::time::Duration;

use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use crate::web::alerts::Heeded;
use crate::web::failure::Failure;
use crate::web::units::Sight;
use crate::web::ward::{self, Fragment};
use crate::web::{Web, alerts, board, fleet, office, units};

/// What an open page shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scene {
    /// A ward, in a period of its own or (none) whatever fortnight it is, with the alerts that whoever looks is shown.
    Ward(WardId, Option<Period>, Heeded),
    /// A department, a site, a specialty or the trust.
    Unit {
        unit: Unit,
        sight: Sight,
        /// The wards on which whoever looks may say that a request for help was seen.
        helps: BTreeSet<WardId>,
        heeded: Heeded,
    },
    /// One measure of a unit.
    Signal { unit: Unit, sight: Sight },
    /// The board's page.
    Board(Sight, Heeded),
    /// The office's first page.
    Office(office::Sight),
    /// Every kiosk.
    Fleet,
    /// The alerts that whoever looks is shown.
    Alerts(Heeded),
}

/// How often a scene is drawn again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The shortest rest between two drawings while changes keep coming. Faster than the eye follows none need be, and each costs
    /// every open page some drawing.
    pub(super) shortest_rest: Duration,
    /// The longest: what happens is on the page within this time, and within that of the others' drawings, however busy the machine is.
    pub(super) longest_rest: Duration,
    /// How often it is looked at without any change.
    pub(super) look_again: Duration,
}

/// A ward's page: an answer is on it within a blink.
const OF_A_WARD: Pace = Pace {
    shortest_rest: Duration::from_millis(10),
    longest_rest: Duration::from_millis(500),
    look_again: Duration::from_mins(1),
};
/// A page of several wards: every answer of any of them concerns it.
const OF_MANY: Pace = Pace {
    shortest_rest: Duration::from_millis(500),
    longest_rest: Duration::from_secs(5),
    look_again: Duration::from_mins(1),
};
/// Kiosks come, go and tell of themselves without a record, and fall silent without anything at all.
const OF_KIOSKS: Pace = Pace { look_again: Duration::from_secs(15), ..OF_MANY };

impl Scene {
    /// Draws what changes on the page.
    pub(crate) fn draw(&self, web: &Web) -> Result<Fragment, Failure> {
        match self {
            Self::Ward(ward, own, heeded) => {
                let period = own.map_or_else(|| ward::period(web, None), Ok)?;
                Ok(ward::fragment(web, &ward::view(web, ward, period)?, heeded))
            }
            Self::Unit { unit, sight, helps, heeded } => {
                Ok(units::fragment(web, &units::view(web, unit, sight, helps)?, heeded))
            }
            Self::Signal { unit, sight } => units::one::fragment(web, unit, sight),
            Self::Board(sight, heeded) => Ok(board::fragment(web, &board::view(web, sight)?, heeded)),
            Self::Office(sight) => office::fragment(web, sight),
            Self::Fleet => fleet::fragment(web),
            Self::Alerts(heeded) => Ok(alerts::fragment(web, heeded)),
        }
    }

    /// Whether it is made of the answers of more than one ward, and so takes long to draw. A list of alerts does not.
    pub(super) fn is_large(&self) -> bool {
        !matches!(self, Self::Ward(..) | Self::Signal { unit: Unit::Ward(_), .. } | Self::Alerts(_))
    }

    /// How often it is drawn again.
    pub(super) fn pace(&self) -> Pace {
        match self {
            Self::Ward(..) | Self::Signal { unit: Unit::Ward(_), .. } => OF_A_WARD,
            Self::Unit { .. } | Self::Signal { .. } | Self::Board(..) => OF_MANY,
            Self::Office(_) | Self::Fleet | Self::Alerts(_) => OF_KIOSKS,
        }
    }

    /// The wards whose news concern it; every ward's where there is no list.
    pub(super) fn wards(&self, web: &Web) -> Option<BTreeSet<WardId>> {
        match self {
            Self::Ward(ward, ..) => Some(BTreeSet::from([ward.clone()])),
            Self::Alerts(heeded) => heeded.wards(web),
            Self::Unit { unit: Unit::Trust(_), .. }
            | Self::Signal { unit: Unit::Trust(_), .. }
            | Self::Board(..)
            | Self::Office(_)
            | Self::Fleet => None,
            Self::Unit { unit, .. } | Self::Signal { unit, .. } => {
                Some(units::ward_ids(web, unit).into_iter().collect())
            }
        }
    }
}
