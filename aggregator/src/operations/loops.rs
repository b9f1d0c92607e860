//! What commands say about alerts and about the times of requests for help.

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Talk, say};
use crate::help::StaffRole;
use crate::premises::{House, failed};

/// What is asked about alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsAsk {
    /// The key of one that somebody has seen, and who; every open one is listed when absent.
    pub seen: Option<(String, StaffRole)>,
}

/// Says every open alert, or one that was seen.
pub(super) fn alerts(house: &House, asked: &AlertsAsk, talk: &mut dyn Talk) -> Result<bool> {
    match &asked.seen {
        Some((key, by)) => {
            let (premises, now) = (&house.premises, Timestamp::now());
            if house.alerts.get(key).is_some() {
                premises.forks.seen(key, by, &house.reader(), &premises.registry, now).map_err(failed)?;
            }
            say(talk, &house.alerts.see(key, by, now).map_err(failed)?)?;
        }
        None => house.alerts.all().iter().try_for_each(|open| say(talk, open))?,
    }
    Ok(true)
}

/// Says the times of requests for help.
pub(super) fn help_times(house: &House, talk: &mut dyn Talk) -> Result<bool> {
    say(talk, &house.help.times(&house.delivery, &house.premises.directory, Timestamp::now()))?;
    Ok(true)
}
