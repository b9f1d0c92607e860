//! What commands say about signal, comparisons, re-basings and the effect of actions.

use std::sync::{Arc, PoisonError};

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Fortnight, Period};
use wardvoice_protocol::id::WardId;

use super::{Talk, say};
use crate::actions::{Action, ActionsError, Cause, NewAction, over};
use crate::premises::{House, Premises, failed};
use crate::rebases::NewRebase;
use crate::scoring::{EffectSheet, History, Measure, effect, grain, signal};

/// An action with how it stands and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActionLine {
    /// Its number, from 1.
    pub number: u32,
    /// Who took it on: `ward:W12`, `department:medicine`.
    #[schema(value_type = String)]
    pub unit: Unit,
    /// The ward's id, where a ward took it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub ward: Option<WardId>,
    /// What patients said, in the unit's words.
    pub said: String,
    /// What the unit does about it.
    pub did: String,
    /// The role that sees to it.
    pub owner: Option<String>,
    /// What it is to change; the overall score when absent.
    #[schema(value_type = Option<String>)]
    pub about: Option<Measure>,
    /// What caused it.
    #[serde(skip_serializing_if = "Cause::is_nothing")]
    pub cause: Cause,
    /// The local day it was taken on.
    #[schema(value_type = String, format = Date)]
    pub opened: Date,
    /// The local day by which it is to be done.
    #[schema(value_type = Option<String>, format = Date)]
    pub due: Option<Date>,
    /// The local day it was done; none while it is open.
    #[schema(value_type = Option<String>, format = Date)]
    pub done: Option<Date>,
    /// Whether it should be done and is not.
    pub overdue: bool,
    /// What it came to; none while it is open.
    pub effect: Option<EffectSheet>,
}

impl ActionLine {
    /// An action, seen on a local day.
    pub fn new(action: Action, today: Date, effect: Option<EffectSheet>) -> Self {
        let overdue = action.is_overdue(today);
        let Action { number, unit, said, did, owner, about, cause, opened, due, done } = action;
        let ward = match &unit {
            Unit::Ward(ward) => Some(ward.clone()),
            _ => None,
        };
        Self { number, unit, ward, said, did, owner, about, cause, opened, due, done, overdue, effect }
    }
}

/// Says what a unit's fortnights say, a line a measure.
pub(super) fn signals(
    house: &House,
    unit: &Unit,
    measures: &[Measure],
    until: Option<&str>,
    talk: &mut dyn Talk,
) -> Result<bool> {
    let (scoring, today) = (&house.scoring, house.premises.today());
    let until = match until {
        Some(text) => fortnight(house, text).context("failed to read --until")?,
        None => scoring.calendar().fortnight_of(today).context("failed to find the present fortnight")?,
    };
    let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
    let mut grains = |ward, fortnight| grain(&facts, scoring, ward, fortnight, today).map(Arc::new);
    let history = History::new(&facts, scoring, unit, until, today, &mut grains).map_err(failed)?;
    let asked = if measures.is_empty() { history.measures() } else { measures.to_vec() };
    let mut found = Vec::new();
    for measure in &asked {
        let rebasings = house.premises.rebases.in_force(unit, measure);
        found.push(signal(&history, measure, &rebasings).map_err(failed)?);
    }
    drop(facts);
    found.iter().try_for_each(|signal| say(talk, signal))?;
    Ok(true)
}

/// Says the actions of a unit, or everybody's, the newest first, with their effects.
pub(super) fn actions(house: &House, of: Option<&Unit>, talk: &mut dyn Talk) -> Result<bool> {
    let (premises, today) = (&house.premises, house.premises.today());
    let all = premises.actions.list();
    let mut lines = Vec::new();
    {
        let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
        for action in all.iter().filter(|action| of.is_none_or(|unit| action.unit == *unit)) {
            let rebasings = premises.rebases.in_force(&action.unit, &action.measure());
            // A unit or a measure that has gone since is no reason not to show the others.
            let effect = action
                .change(&all, &over(&premises.directory, &action.unit), &rebasings)
                .and_then(|change| effect(&facts, &house.scoring, &change, today).ok());
            lines.push(ActionLine::new(action.clone(), today, effect));
        }
    }
    lines.iter().try_for_each(|line| say(talk, line))?;
    Ok(true)
}

/// Says what became of an action, as the list says it; what it came to takes facts, and is not said.
pub(super) fn say_action(
    premises: &Premises,
    action: Result<Action, ActionsError>,
    talk: &mut dyn Talk,
) -> Result<bool> {
    say(talk, &ActionLine::new(action.map_err(failed)?, premises.today(), None))?;
    Ok(true)
}

/// Refuses an action about something that no definition has.
pub(super) fn check_action(house: &House, action: &NewAction) -> Result<()> {
    action.about.as_ref().map_or(Ok(()), |measure| check_measure(house, measure))
}

/// Adds a re-basing and says it.
pub(super) fn rebase(
    house: &House,
    unit: Unit,
    measure: Option<Measure>,
    from: &str,
    reason: String,
    talk: &mut dyn Talk,
) -> Result<bool> {
    ensure!(house.scoring.unit_name(&unit).is_some(), "failed to find {unit} in the directory");
    ensure!(
        !matches!(unit, Unit::Consultant(_)),
        "failed to re-base {unit}: a consultant has no chart by fortnight"
    );
    if let Some(measure) = &measure {
        check_measure(house, measure)?;
    }
    let fortnight = fortnight(house, from).context("failed to read --from")?;
    let today = house.premises.today();
    ensure!(fortnight.start() <= today, "failed to re-base from {fortnight}: it has not begun");
    let (from, first_day) = (fortnight.to_string(), fortnight.start());
    let added = house.premises.rebases.add(NewRebase { unit, measure, from, first_day, reason });
    say(talk, &added.map_err(failed)?)?;
    Ok(true)
}

fn check_measure(house: &House, measure: &Measure) -> Result<()> {
    let known = || house.scoring.measures(house.premises.today());
    ensure!(house.scoring.has_measure(measure), "failed to find {measure}: the measures are {}", {
        known().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    });
    Ok(())
}

/// A fortnight by its name, or by a day of it.
fn fortnight(house: &House, text: &str) -> Result<Fortnight> {
    let calendar = house.scoring.calendar();
    if let Ok(day) = text.parse::<Date>() {
        return Ok(calendar.fortnight_of(day)?);
    }
    match calendar.period(text)? {
        Period::Fortnight(fortnight) => Ok(fortnight),
        other => Err(anyhow!("{other} is not a fortnight: write 2026-F23, or a day of it as 2026-11-09")),
    }
}
