//! Actions: what a ward, a department, a specialty, a site or the trust did about what patients said ("you said, we did").
//!
//! Vocabulary: an action is *open* from the day somebody took it on until the day it was done; it is *overdue* when it is open
//! after its due day. What is done is a *change*: it is shown on the kiosks of its wards and drawn on its charts. [Whose](over) it is says where
//! it stands: on the pages of its unit and of those the unit is a part of.
//!
//! The file `actions.ndjson` has a line for everything that ever happened to an action, and [only grows](crate::line_file): an
//! action is what its lines say, in order. A program from before actions said what they are about, what caused them, that they were
//! changed or that they are of another unit than a ward reads every line that does not say it, and refuses the others with their number
//! rather than take them for something else.
//!
//! No person is in it: an owner is a role ("ward sister"), and what patients said is put in the unit's own words.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::board::WardChange;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::one_line;

use crate::line_file::{LineFile, LineFileError};
use crate::scoring::{Change, Measure, Rebasing};

mod cause;
mod whose;
mod written;

pub use cause::{Cause, MOST_COMMENTS, SignalCause};
pub use whose::{acts, belongs, over};
pub use written::NobodysError;
use written::Written;

/// The longest text of an action, in characters: it has to fit a kiosk's screen and a poster.
pub const MAX_CHARACTERS: usize = 160;

/// An action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its number, from 1.
    pub number: u32,
    /// Who took it on.
    pub unit: Unit,
    /// What patients said, in the unit's words.
    pub said: String,
    /// What the unit does about it.
    pub did: String,
    /// The role that sees to it.
    pub owner: Option<String>,
    /// What it is to change, `domain:kindness`; its effect is measured by that, or by the overall score when absent.
    pub about: Option<Measure>,
    /// What caused it.
    pub cause: Cause,
    /// The local day it was taken on.
    pub opened: Date,
    /// The local day by which it is to be done.
    pub due: Option<Date>,
    /// The local day it was done; none while it is open.
    pub done: Option<Date>,
}

/// What is asked of a new action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct NewAction {
    /// Who takes it on.
    pub unit: Unit,
    /// What patients said.
    pub said: String,
    /// What the unit does about it.
    pub did: String,
    /// The role that sees to it.
    pub owner: Option<String>,
    /// What it is to change.
    pub about: Option<Measure>,
    /// By which day.
    pub due: Option<Date>,
    /// What caused it.
    pub cause: Cause,
}

/// What can happen to an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Opened {
        on: Date,
        action: NewAction,
    },
    Done {
        number: u32,
        on: Date,
    },
    /// It is other than it was taken on.
    Changed {
        number: u32,
        action: NewAction,
    },
    /// It was done, and is not: it was too early, or did not last.
    Reopened {
        number: u32,
    },
}

/// Why actions cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ActionsError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// A text is empty, too long, or has control characters.
    #[error("take the action: {0} must have 1 to {MAX_CHARACTERS} characters and no line breaks")]
    Text(&'static str),
    /// There is no such action.
    #[error("find action {0}: there is none of that number; `action list` shows those there are")]
    NotThere(u32),
    /// It is done or open already.
    #[error("change action {number}: it is {standing} already")]
    Already {
        /// The action.
        number: u32,
        /// How it stands.
        standing: &'static str,
    },
    /// It names more comments than fit.
    #[error("take the action: it may name {MOST_COMMENTS} comments, not {0}")]
    Comments(usize),
    /// It would be another unit's.
    #[error("change action {0}: it is of another unit")]
    OtherUnit(u32),
    /// It would have been done before it was taken on.
    #[error("finish action {number} on {on}: it was taken on later, on {opened}")]
    DoneBefore {
        /// The action.
        number: u32,
        /// The day that was given.
        on: Date,
        /// The day it was taken on.
        opened: Date,
    },
}

/// Every action of the trust.
#[derive(Debug)]
pub struct Actions {
    ledger: Mutex<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    file: LineFile<Event>,
    actions: Vec<Action>,
}

impl Action {
    /// By what its effect is measured.
    pub fn measure(&self) -> Measure {
        self.about.clone().unwrap_or(Measure::Overall)
    }

    /// What is to be measured of it, beside the trust's other actions and the unit's re-basings; `None` while it is open. `over` is the
    /// [unit and what stands over it](over): what they change, they change for the same people. What one of its parts changes is felt by few of
    /// them, and counts as one of the other things that changed too.
    pub fn change(&self, all: &[Self], over: &[Unit], rebasings: &[Rebasing]) -> Option<Change> {
        let done = self.done?;
        let beside = |other: &&Self| other.number != self.number && over.contains(&other.unit);
        let others = all.iter().filter(beside).filter_map(|other| other.done);
        let others = others.chain(rebasings.iter().map(|rebasing| rebasing.from)).collect();
        Some(Change { unit: self.unit.clone(), measure: self.measure(), done, others })
    }

    /// Whether it should be done and is not.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.done.is_none() && self.due.is_some_and(|due| due < today)
    }
}

impl Actions {
    /// Opens the actions of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ActionsError> {
        let mut actions = Vec::new();
        let file = LineFile::open(path, |_, event| {
            apply(&mut actions, &event).map(drop).map_err(|error| error.to_string())
        })?;
        Ok(Self { ledger: Mutex::new(Ledger { file, actions }) })
    }

    /// Every action, the newest first.
    pub fn list(&self) -> Vec<Action> {
        let mut actions = self.locked().actions.clone();
        actions.reverse();
        actions
    }

    /// The actions of a unit itself, the newest first.
    pub fn of(&self, unit: &Unit) -> Vec<Action> {
        self.list().into_iter().filter(|action| action.unit == *unit).collect()
    }

    /// What some units have changed, the latest first: a ward's patients are shown what the ward and what stands [over] it changed.
    pub fn changes(&self, units: &[Unit]) -> Vec<WardChange> {
        let mut done = self.list();
        done.retain(|action| action.done.is_some() && units.contains(&action.unit));
        done.sort_by_key(|action| std::cmp::Reverse(action.done));
        done.into_iter().map(|action| WardChange { said: action.said, did: action.did }).collect()
    }

    /// Takes an action on, durably, and says its number.
    pub fn add(&self, action: NewAction, today: Date) -> Result<Action, ActionsError> {
        self.happen(Event::Opened { on: today, action: checked(action)? })
    }

    /// Changes an action that is open, durably. Whose it is stays.
    pub fn change(&self, number: u32, action: NewAction) -> Result<Action, ActionsError> {
        self.happen(Event::Changed { number, action: checked(action)? })
    }

    /// Says that an action is done, durably.
    pub fn finish(&self, number: u32, on: Date) -> Result<Action, ActionsError> {
        self.happen(Event::Done { number, on })
    }

    /// Says that an action is not done after all, durably.
    pub fn reopen(&self, number: u32) -> Result<Action, ActionsError> {
        self.happen(Event::Reopened { number })
    }

    fn happen(&self, event: Event) -> Result<Action, ActionsError> {
        let mut ledger = self.locked();
        let mut actions = ledger.actions.clone();
        let action = apply(&mut actions, &event)?;
        ledger.file.append(Timestamp::now(), &[event])?;
        ledger.actions = actions;
        Ok(action)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(actions: &mut Vec<Action>, event: &Event) -> Result<Action, ActionsError> {
    match event {
        Event::Opened { on, action } => {
            let number = u32::try_from(actions.len()).unwrap_or(u32::MAX).saturating_add(1);
            let NewAction { unit, said, did, owner, about, due, cause } = action.clone();
            actions.push(Action { number, unit, said, did, owner, about, cause, opened: *on, due, done: None });
            actions.last().cloned().ok_or(ActionsError::NotThere(number))
        }
        Event::Changed { number, action: wished } => {
            let action = found(actions, *number)?;
            if action.done.is_some() {
                return Err(ActionsError::Already { number: *number, standing: "done" });
            }
            let NewAction { unit, said, did, owner, about, due, cause } = wished.clone();
            if unit != action.unit {
                return Err(ActionsError::OtherUnit(*number));
            }
            let (number, opened) = (action.number, action.opened);
            *action = Action { number, unit, said, did, owner, about, cause, opened, due, done: None };
            Ok(action.clone())
        }
        Event::Done { number, on } => {
            let action = found(actions, *number)?;
            if action.done.is_some() {
                return Err(ActionsError::Already { number: *number, standing: "done" });
            }
            if *on < action.opened {
                return Err(ActionsError::DoneBefore { number: *number, on: *on, opened: action.opened });
            }
            action.done = Some(*on);
            Ok(action.clone())
        }
        Event::Reopened { number } => {
            let action = found(actions, *number)?;
            if action.done.take().is_none() {
                return Err(ActionsError::Already { number: *number, standing: "open" });
            }
            Ok(action.clone())
        }
    }
}

fn found(actions: &mut [Action], number: u32) -> Result<&mut Action, ActionsError> {
    actions.iter_mut().find(|action| action.number == number).ok_or(ActionsError::NotThere(number))
}

fn checked(action: NewAction) -> Result<NewAction, ActionsError> {
    if action.cause.comments.len() > MOST_COMMENTS {
        return Err(ActionsError::Comments(action.cause.comments.len()));
    }
    Ok(NewAction {
        said: text("what patients said", &action.said)?,
        did: text("what the ward does", &action.did)?,
        owner: action.owner.map(|owner| text("the owner", &owner)).transpose()?,
        ..action
    })
}

fn text(name: &'static str, text: &str) -> Result<String, ActionsError> {
    one_line::trimmed(text, MAX_CHARACTERS).map(str::to_owned).ok_or(ActionsError::Text(name))
}

#[cfg(test)]
mod tests;
