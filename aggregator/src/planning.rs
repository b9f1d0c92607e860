//! What the office has decided about the fortnight's plan: targets of the trust and of wards, and the beds that weigh a ward's share.
//!
//! Purpose: the settings say how many answers a fortnight aims at and the directory how many beds a ward has; both are files that are
//! read at the start. What changes from one fortnight to the next is decided here, with a reason, while the server runs.
//!
//! Vocabulary: a *wish* is what somebody asks for; a *decision* is what was written down of it, one change each; the *plans* are what
//! follows from all decisions, fortnight by fortnight ([`Plans`]), and what everybody looks at: pages, boards and kiosks.
//!
//! Invariants:
//! - A decision holds from the fortnight it was taken in. Fortnights that are over keep the plan they had.
//! - The file `plan.ndjson` [only grows](crate::line_file) and is all there is to know: the same file, directory, calendar and total give the same plans.
//! - Wards' own targets never come to more than the trust's, so that no ward is left without a plan unseen.
//! - No person is in it: whoever decides is a role; the account is in the audit.
//!
//! A decision about a ward that has left the directory stays in the list and changes nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::board::MAX_BEDS;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::WardId;
use wardvoice_protocol::one_line;

use crate::help::StaffRole;
use crate::line_file::{LineFile, LineFileError};
use crate::scoring::{Plan, Plans, Timeline, WardPlan};

/// The longest reason, in characters.
pub const MAX_REASON_CHARACTERS: usize = 200;
/// The most answers a fortnight may aim at, as in the settings.
pub const MAX_RESPONSES: u32 = 1_000_000;
/// The most decisions that are kept.
pub const MOST_DECISIONS: usize = 100_000;

/// What a target is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// What falls to the ward by its beds.
    Share,
    /// So many answers.
    Responses(u32),
}

/// What somebody asks for. Fields that are absent stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanWish {
    /// The ward; the whole trust when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<WardId>,
    /// Its beds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beds: Option<u16>,
    /// Its target, or the trust's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Why.
    pub reason: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum PlanChange {
    /// What the trust aims at in a fortnight.
    Trust {
        /// So many answers.
        responses: u32,
    },
    /// A ward's own target.
    Target {
        /// The ward.
        ward: WardId,
        /// So many answers; by its beds again when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        responses: Option<u32>,
    },
    /// A ward's beds.
    Beds {
        /// The ward.
        ward: WardId,
        /// So many.
        beds: u16,
    },
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDecision {
    /// Its number, from 1.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// The local day; it holds from the fortnight of that day.
    pub on: Date,
    /// Whoever decided: a role.
    pub by: StaffRole,
    /// What changes.
    pub change: PlanChange,
    /// What it was before, for people to read: the number, or `by its beds`.
    pub before: String,
    /// Why.
    pub reason: String,
}

/// A decision as the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    on: Date,
    by: StaffRole,
    change: PlanChange,
    reason: String,
}

/// Why a plan cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// A reason is empty, too long, or has control characters.
    #[error("change the plan: the reason must have 1 to {MAX_REASON_CHARACTERS} characters and no line breaks")]
    Reason,
    /// The directory has no such ward.
    #[error("change the plan of ward {0}: the directory has no such ward")]
    NoWard(WardId),
    /// Nothing is asked for, or only what is so already.
    #[error("change the plan: nothing would be different; give other beds or another target")]
    Nothing,
    /// Beds or a share were asked for without a ward.
    #[error("change the plan: {0} needs a ward; the trust has a number of answers alone")]
    NeedsWard(&'static str),
    /// More beds than a ward can have.
    #[error("change the plan: {0} beds are more than the {MAX_BEDS} that a ward can have")]
    Beds(u16),
    /// A target that no fortnight can have.
    #[error("change the plan: write a target of {least} to {MAX_RESPONSES} answers, not {asked}")]
    Target {
        /// What was asked for.
        asked: u32,
        /// The least that can be.
        least: u32,
    },
    /// Wards would have more between them than the trust.
    #[error(
        "change the plan: the wards' own targets would come to {wards}, more than the {trust} of the whole trust; \
         raise the trust's target first, or lower a ward's"
    )]
    MoreThanTrust {
        /// What the wards' own targets come to.
        wards: u64,
        /// What the trust aims at.
        trust: u32,
    },
    /// There are as many as there may be.
    #[error("change the plan: there are {MOST_DECISIONS} decisions already")]
    TooMany,
}

/// Every decision about the plan, and what follows from them.
#[derive(Debug)]
pub struct Planning {
    ground: Ground,
    plans: Arc<Plans>,
    ledger: Mutex<Ledger>,
}

/// What plans are made from besides decisions.
#[derive(Debug)]
struct Ground {
    wards: Vec<(WardId, u16)>,
    total: u32,
    calendar: Calendar,
}

#[derive(Debug)]
struct Ledger {
    file: LineFile<Event>,
    decisions: Vec<PlanDecision>,
    state: State,
}

/// What holds at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    total: u32,
    wards: BTreeMap<WardId, WardPlan>,
}

impl Planning {
    /// Opens the decisions of a file; one that is not there is made and has none. `total` is what the settings aim at.
    pub fn open(
        path: impl Into<PathBuf>,
        directory: &Directory,
        total: u32,
        calendar: Calendar,
    ) -> Result<Self, PlanningError> {
        let wards = directory.wards().iter().map(|ward| (ward.id.clone(), ward.beds)).collect();
        let ground = Ground { wards, total, calendar };
        let mut state = ground.state();
        let mut decisions = Vec::new();
        let file = LineFile::open(path, |at, event| {
            decisions.push(state.apply(decisions.len(), at, event));
            Ok(())
        })?;
        let plans = Arc::new(Plans::new(ground.timeline(&decisions)));
        Ok(Self { ground, plans, ledger: Mutex::new(Ledger { file, decisions, state }) })
    }

    /// The plans that follow from what was decided; they stay true.
    pub fn plans(&self) -> Arc<Plans> {
        Arc::clone(&self.plans)
    }

    /// Every decision, the newest first.
    pub fn decisions(&self) -> Vec<PlanDecision> {
        self.locked().decisions.iter().rev().cloned().collect()
    }

    /// A ward's beds, as they are now.
    pub fn beds(&self, ward: &WardId) -> Option<u16> {
        self.locked().state.wards.get(ward).map(|ward| ward.beds)
    }

    /// A ward's beds as the directory says them.
    pub fn beds_of_directory(&self, ward: &WardId) -> Option<u16> {
        self.ground.wards.iter().find(|(known, _)| known == ward).map(|(_, beds)| *beds)
    }

    /// Decides, durably, and gives what was written down: all that was wished for, or nothing.
    pub fn decide(
        &self,
        wish: &PlanWish,
        by: &StaffRole,
        today: Date,
    ) -> Result<Vec<PlanDecision>, PlanningError> {
        let reason = one_line::trimmed(&wish.reason, MAX_REASON_CHARACTERS).ok_or(PlanningError::Reason)?;
        let mut ledger = self.locked();
        let mut state = ledger.state.clone();
        let changes = changes(wish, &state)?;
        if changes.is_empty() {
            return Err(PlanningError::Nothing);
        }
        if ledger.decisions.len() + changes.len() > MOST_DECISIONS {
            return Err(PlanningError::TooMany);
        }
        let at = Timestamp::now();
        let event = |change| Event { on: today, by: by.clone(), change, reason: reason.to_owned() };
        let events: Vec<Event> = changes.into_iter().map(event).collect();
        let number = ledger.decisions.len();
        let decided: Vec<PlanDecision> =
            (number..).zip(&events).map(|(number, event)| state.apply(number, at, event.clone())).collect();
        let (wards, trust) = (state.own_targets(), state.total);
        if wards > u64::from(trust) {
            return Err(PlanningError::MoreThanTrust { wards, trust });
        }
        ledger.file.append(at, &events)?;
        ledger.decisions.extend(decided.iter().cloned());
        ledger.state = state;
        self.plans.replace(self.ground.timeline(&ledger.decisions));
        Ok(decided)
    }

    fn locked(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What would be different.
fn changes(wish: &PlanWish, state: &State) -> Result<Vec<PlanChange>, PlanningError> {
    let in_range = |asked: u32, least: u32| {
        let fits = (least..=MAX_RESPONSES).contains(&asked);
        if fits { Ok(asked) } else { Err(PlanningError::Target { asked, least }) }
    };
    let Some(ward) = &wish.ward else {
        if wish.beds.is_some() {
            return Err(PlanningError::NeedsWard("a number of beds"));
        }
        return match wish.target {
            None => Ok(Vec::new()),
            Some(Target::Share) => Err(PlanningError::NeedsWard("a share by beds")),
            Some(Target::Responses(asked)) => {
                let responses = in_range(asked, 1)?;
                let change = (responses != state.total).then_some(PlanChange::Trust { responses });
                Ok(change.into_iter().collect())
            }
        };
    };
    let known = state.wards.get(ward).ok_or_else(|| PlanningError::NoWard(ward.clone()))?;
    let mut changes = Vec::new();
    if let Some(beds) = wish.beds.filter(|beds| *beds != known.beds) {
        if usize::from(beds) > MAX_BEDS {
            return Err(PlanningError::Beds(beds));
        }
        changes.push(PlanChange::Beds { ward: ward.clone(), beds });
    }
    let responses = match wish.target {
        None => known.own,
        Some(Target::Share) => None,
        Some(Target::Responses(asked)) => Some(in_range(asked, 0)?),
    };
    if responses != known.own {
        changes.push(PlanChange::Target { ward: ward.clone(), responses });
    }
    Ok(changes)
}

impl Ground {
    fn state(&self) -> State {
        let wards = self.wards.iter().map(|(ward, beds)| (ward.clone(), WardPlan { beds: *beds, own: None }));
        State { total: self.total, wards: wards.collect() }
    }

    fn plan(&self, state: &State) -> Plan {
        let wards = self
            .wards
            .iter()
            .map(|(ward, beds)| state.wards.get(ward).copied().unwrap_or(WardPlan { beds: *beds, own: None }));
        Plan::of(wards.collect(), state.total)
    }

    fn timeline(&self, decisions: &[PlanDecision]) -> Timeline {
        let mut state = self.state();
        let mut timeline = Timeline::new(self.plan(&state));
        for (place, decision) in decisions.iter().enumerate() {
            state.change(&decision.change);
            let from = self.calendar.fortnight_of(decision.on).map(|fortnight| fortnight.start());
            let from = from.unwrap_or(decision.on);
            // Several decisions of one fortnight are one change of its plan.
            let next = decisions.get(place + 1).and_then(|next| self.calendar.fortnight_of(next.on).ok());
            if next.is_none_or(|next| next.start() != from) {
                timeline.change(from, self.plan(&state));
            }
        }
        timeline
    }
}

impl State {
    /// Changes what holds and gives the decision with what was before.
    fn apply(&mut self, decisions: usize, at: Timestamp, event: Event) -> PlanDecision {
        let Event { on, by, change, reason } = event;
        let before = self.change(&change);
        let number = u32::try_from(decisions).unwrap_or(u32::MAX).saturating_add(1);
        PlanDecision { number, at, on, by, change, before, reason }
    }

    /// Changes what holds and says what it was before.
    fn change(&mut self, change: &PlanChange) -> String {
        match change {
            PlanChange::Trust { responses } => std::mem::replace(&mut self.total, *responses).to_string(),
            PlanChange::Target { ward, responses } => match self.wards.get_mut(ward) {
                Some(known) => target_words(std::mem::replace(&mut known.own, *responses)),
                None => String::new(),
            },
            PlanChange::Beds { ward, beds } => match self.wards.get_mut(ward) {
                Some(known) => std::mem::replace(&mut known.beds, *beds).to_string(),
                None => String::new(),
            },
        }
    }

    fn own_targets(&self) -> u64 {
        self.wards.values().filter_map(|ward| ward.own).map(u64::from).sum()
    }
}

fn target_words(own: Option<u32>) -> String {
    own.map_or_else(|| "by its beds".to_owned(), |own| own.to_string())
}

impl PlanChange {
    /// What it is about, as the audit names it.
    pub fn about(&self) -> String {
        match self {
            Self::Trust { .. } => "plan:trust".to_owned(),
            Self::Target { ward, .. } | Self::Beds { ward, .. } => format!("plan:{ward}"),
        }
    }

    /// The ward it is about.
    pub fn ward(&self) -> Option<&WardId> {
        match self {
            Self::Trust { .. } => None,
            Self::Target { ward, .. } | Self::Beds { ward, .. } => Some(ward),
        }
    }
}

/// What it is from now on: the number, or `by its beds`.
impl fmt::Display for PlanChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trust { responses } => write!(formatter, "{responses}"),
            Self::Target { responses, .. } => formatter.write_str(&target_words(*responses)),
            Self::Beds { beds, .. } => write!(formatter, "{beds}"),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "share" => Ok(Self::Share),
            number => number.parse().map(Self::Responses).map_err(|_| {
                format!("{text:?} is not a target: write a number of answers, or share for what falls to the ward by its beds")
            }),
        }
    }
}

#[cfg(test)]
mod tests;
