//! Re-basings: from a fortnight on a unit's limits and rules start afresh, because its care is known to be another since.
//!
//! They are decisions of people, not settings: each has a reason, is taken while the server runs, and has to stay findable after
//! it was taken back. So the file `rebases.ndjson` [only grows](crate::line_file): a line says that a re-basing was added or
//! removed, when and why. A removed one is shown with its reasons and changes no chart any more.
//!
//! No person is in it: a reason says what happened to the ward.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::one_line;

use crate::line_file::{LineFile, LineFileError};
use crate::scoring::{Measure, Rebasing};

/// The longest reason, in characters.
pub const MAX_REASON_CHARACTERS: usize = 200;
/// The most re-basings of a trust, removed ones counted.
pub const MOST_REBASES: usize = 10_000;

/// A re-basing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rebase {
    /// Its number, from 1.
    pub number: u32,
    /// The unit whose charts it is on.
    #[schema(value_type = String)]
    pub unit: Unit,
    /// The measure; every measure of the unit when absent.
    #[schema(value_type = Option<String>)]
    pub measure: Option<Measure>,
    /// The first fortnight of the new limits, `2026-F12`.
    pub from: String,
    /// Its first local day.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// Why.
    pub reason: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub added: Timestamp,
    /// When it was removed; none while it is in force.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub removed: Option<Timestamp>,
    /// Why it was removed, as far as somebody said so.
    pub removed_because: Option<String>,
}

/// What is asked of a new re-basing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRebase {
    /// The unit.
    pub unit: Unit,
    /// The measure; every measure when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// The first fortnight, by its name.
    pub from: String,
    /// Its first local day.
    pub first_day: Date,
    /// Why.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Added {
        rebase: NewRebase,
    },
    Removed {
        number: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// Why re-basings cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RebasesError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// A reason is empty, too long, or has control characters.
    #[error("re-base: the reason must have 1 to {MAX_REASON_CHARACTERS} characters and no line breaks")]
    Reason,
    /// There is no such re-basing.
    #[error("find re-basing {0}: there is none of that number; `rebase list` shows those there are")]
    NotThere(u32),
    /// It is removed already.
    #[error("remove re-basing {0}: it is removed already")]
    Removed(u32),
    /// The same is in force already.
    #[error("re-base {unit} from {from}: re-basing {number} does so already")]
    Already {
        /// The unit.
        unit: Unit,
        /// The fortnight.
        from: String,
        /// The one in force.
        number: u32,
    },
    /// There are as many as there may be.
    #[error("re-base: there are {MOST_REBASES} already")]
    TooMany,
}

/// Every re-basing of the trust.
#[derive(Debug)]
pub struct Rebases {
    ledger: Mutex<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    file: LineFile<Event>,
    rebases: Vec<Rebase>,
}

impl Rebases {
    /// Opens the re-basings of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, RebasesError> {
        let mut rebases = Vec::new();
        let file = LineFile::open(path, |at, event| {
            apply(&mut rebases, at, &event).map(drop).map_err(|error| error.to_string())
        })?;
        Ok(Self { ledger: Mutex::new(Ledger { file, rebases }) })
    }

    /// Every re-basing, removed ones too, the newest first.
    pub fn list(&self) -> Vec<Rebase> {
        self.locked().rebases.iter().rev().cloned().collect()
    }

    /// What is in force for a measure of a unit, in the order in which it was decided.
    pub fn in_force(&self, unit: &Unit, measure: &Measure) -> Vec<Rebasing> {
        let ledger = self.locked();
        let concerns = |rebase: &&Rebase| {
            rebase.removed.is_none()
                && rebase.unit == *unit
                && rebase.measure.as_ref().is_none_or(|one| one == measure)
        };
        let found = ledger.rebases.iter().filter(concerns);
        found.map(|rebase| Rebasing { from: rebase.first_day, reason: rebase.reason.clone() }).collect()
    }

    /// Adds a re-basing, durably, and gives it with its number.
    pub fn add(&self, rebase: NewRebase) -> Result<Rebase, RebasesError> {
        let rebase = NewRebase { reason: reason(&rebase.reason)?, ..rebase };
        self.happen(Event::Added { rebase })
    }

    /// Removes one, durably, and gives it.
    pub fn remove(&self, number: u32, because: Option<&str>) -> Result<Rebase, RebasesError> {
        let reason = because.map(reason).transpose()?;
        self.happen(Event::Removed { number, reason })
    }

    fn happen(&self, event: Event) -> Result<Rebase, RebasesError> {
        let mut ledger = self.locked();
        let mut rebases = ledger.rebases.clone();
        let at = Timestamp::now();
        let rebase = apply(&mut rebases, at, &event)?;
        ledger.file.append(at, &[event])?;
        ledger.rebases = rebases;
        Ok(rebase)
    }

    fn locked(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(rebases: &mut Vec<Rebase>, at: Timestamp, event: &Event) -> Result<Rebase, RebasesError> {
    match event {
        Event::Added { rebase } => {
            let same = |known: &&Rebase| {
                known.removed.is_none()
                    && (&known.unit, &known.measure, known.first_day)
                        == (&rebase.unit, &rebase.measure, rebase.first_day)
            };
            if let Some(known) = rebases.iter().find(same) {
                let (unit, from) = (rebase.unit.clone(), rebase.from.clone());
                return Err(RebasesError::Already { unit, from, number: known.number });
            }
            if rebases.len() >= MOST_REBASES {
                return Err(RebasesError::TooMany);
            }
            let NewRebase { unit, measure, from, first_day, reason } = rebase.clone();
            let number = u32::try_from(rebases.len()).unwrap_or(u32::MAX).saturating_add(1);
            let added = at;
            let (removed, removed_because) = (None, None);
            let rebase =
                Rebase { number, unit, measure, from, first_day, reason, added, removed, removed_because };
            rebases.push(rebase.clone());
            Ok(rebase)
        }
        Event::Removed { number, reason } => {
            let found = rebases.iter_mut().find(|rebase| rebase.number == *number);
            let rebase = found.ok_or(RebasesError::NotThere(*number))?;
            if rebase.removed.is_some() {
                return Err(RebasesError::Removed(*number));
            }
            rebase.removed = Some(at);
            rebase.removed_because.clone_from(reason);
            Ok(rebase.clone())
        }
    }
}

fn reason(text: &str) -> Result<String, RebasesError> {
    one_line::trimmed(text, MAX_REASON_CHARACTERS).map(str::to_owned).ok_or(RebasesError::Reason)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;

    use super::*;

    fn new(measure: Option<&str>, from: &str, day: &str) -> NewRebase {
        NewRebase {
            unit: "ward:W1".parse().unwrap(),
            measure: measure.map(|text| text.parse().unwrap()),
            from: from.to_owned(),
            first_day: day.parse().unwrap(),
            reason: " the ward moved to a new building ".to_owned(),
        }
    }

    #[test]
    fn a_rebasing_is_in_force_until_it_is_removed_and_stays_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rebases.ndjson");
        let rebases = Rebases::open(&path).unwrap();
        let one = rebases.add(new(Some("domain:kindness"), "2026-F12", "2026-06-08")).unwrap();
        assert_eq!((one.number, one.reason.as_str()), (1, "the ward moved to a new building"));
        rebases.add(new(None, "2026-F14", "2026-07-06")).unwrap();
        let in_force = |rebases: &Rebases, unit: &str, measure: &str| {
            let found = rebases.in_force(&unit.parse().unwrap(), &measure.parse().unwrap());
            found.into_iter().map(|one| one.from.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(in_force(&rebases, "ward:W1", "domain:kindness"), ["2026-06-08", "2026-07-06"]);
        assert_eq!(in_force(&rebases, "ward:W1", "overall"), ["2026-07-06"]);
        assert!(in_force(&rebases, "ward:W2", "overall").is_empty());
        let removed = rebases.remove(1, Some("wrong ward")).unwrap();
        assert_eq!(removed.removed_because.as_deref(), Some("wrong ward"));
        let again = Rebases::open(&path).unwrap();
        assert_eq!(again.list(), rebases.list());
        assert_eq!(again.list().len(), 2, "a removed one can still be found");
        assert_eq!(in_force(&again, "ward:W1", "domain:kindness"), ["2026-07-06"]);
        again.add(new(Some("domain:kindness"), "2026-F12", "2026-06-08")).unwrap();
    }

    #[test]
    fn what_does_not_make_sense_is_refused_and_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rebases.ndjson");
        let rebases = Rebases::open(&path).unwrap();
        let check = |result: Result<Rebase, RebasesError>, says: &str| {
            let said = result.unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        };
        for reason in ["", "  ", "two\nlines", &"x".repeat(MAX_REASON_CHARACTERS + 1)] {
            let rebase = NewRebase { reason: reason.to_owned(), ..new(None, "2026-F12", "2026-06-08") };
            check(rebases.add(rebase), "the reason must have 1 to 200 characters");
        }
        check(rebases.remove(1, None), "none of that number");
        rebases.add(new(None, "2026-F12", "2026-06-08")).unwrap();
        check(rebases.add(new(None, "2026-F12", "2026-06-08")), "re-basing 1 does so already");
        rebases.remove(1, None).unwrap();
        check(rebases.remove(1, None), "removed already");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    }
}
