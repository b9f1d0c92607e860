//! `scores`: a unit's sheet, whole or as an audience may see it.
//!
//! Whoever runs commands on the server holds the log, so a sheet is given whole unless an audience is named. That of a named consultant is
//! noted, and given to no audience: what one sees of a consultant is an appraisal.

use std::sync::PoisonError;

use anyhow::{Result, bail, ensure};
use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;

use super::{Talk, say};
use crate::policy::{self, Audience, Decision, Show};
use crate::premises::{House, failed};
use crate::scoring::{Ask, explain, score_asked};

/// What is wanted of a sheet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Whether to say how it came to be.
    pub(super) steps: bool,
    /// As what it is looked at; everything is given when absent.
    pub(super) audience: Option<Audience>,
}

pub(super) fn scores(
    house: &House,
    ask: &Ask,
    as_of: Option<Date>,
    wanted: Wanted,
    talk: &mut dyn Talk,
) -> Result<bool> {
    if let (Some(audience), Unit::Consultant(consultant)) = (wanted.audience, &ask.unit) {
        // There is one way to what an audience sees of a consultant.
        bail!(
            "failed to show {consultant} to an audience here: run `appraisal --consultant {consultant} --audience {audience}`"
        );
    }
    let today = house.premises.today();
    let day = as_of.unwrap_or(today);
    ensure!(day <= today, "failed to look back from {day}: it is still to come");
    let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
    let sheet = score_asked(&facts, &house.scoring, ask, day).map_err(failed)?.from_log(facts.head());
    let of_a_ward = wanted.audience == Some(Audience::Ward);
    if let Some(field) =
        ask.cut.fields().map(|(field, _)| field).find(|field| of_a_ward && !policy::may_cut_by(field))
    {
        bail!(
            "failed to cut by {field}: a ward may ask by mode and language, because few people give the same answers"
        );
    }
    let decision = wanted
        .audience
        .map(|audience| policy::of_sheet(&house.scoring, &sheet, audience, &house.premises.policy()));
    if wanted.steps {
        if let Some(Decision { show, why }) = decision.filter(|decision| !decision.show.score()) {
            bail!("failed to explain {} at {}: {why}", ask.unit, word(show));
        }
        let explained = explain(&facts, &house.scoring, ask, day).map_err(failed)?.from_log(facts.head());
        let explained = if of_a_ward { explained.of_own_unit() } else { explained };
        drop(facts);
        say(talk, &explained)?;
        return Ok(true);
    }
    drop(facts);
    let shown = match decision {
        None => sheet,
        Some(decision) => match policy::withhold(sheet, &decision) {
            Some(sheet) if of_a_ward => policy::of_own_unit(sheet),
            Some(sheet) => sheet,
            None => bail!("failed to show the scores of {}: {}", ask.unit, decision.why),
        },
    };
    say(talk, &shown)?;
    Ok(true)
}

fn word(show: Show) -> &'static str {
    match show {
        Show::Nothing => "nothing",
        Show::SpecialtyOnly | Show::ByPolicy => "the specialty only",
        Show::Count => "a count",
        Show::GreyedScore => "a score that is not reliable yet",
        Show::Score => "a score",
        Show::Everything => "everything",
    }
}
