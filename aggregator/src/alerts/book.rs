//! Which alerts are open, who has seen them, and what an audience was told: a state machine without clock, file or socket.
//!
//! As in the [delivery room](crate::delivery::queue), everything that lasts is an [`Entry`], and the state is what its entries say. When an
//! alert was first found, or last, is not kept: after a restart those times begin afresh, which ends nothing too early.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::fortnight::Calendar;

use super::{Alert, Audience, Kind, Settings};
use crate::journal::State;

/// An alert ends when its condition has not held for so long: a kiosk that comes and goes is one alert, and what a restart does not know yet
/// ends none.
pub const ENDS_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Records that wait on a kiosk which has just come back are on their way: they are an alert when they still wait after so long.
const STUCK_FOR: SignedDuration = SignedDuration::from_mins(5);
/// The most alerts of one audience that are open: four of each of 2,500 kiosks, where a network is gone for days. What is beyond comes once
/// others have ended. An audience takes nothing from the others.
pub const MOST_OPEN: usize = 10_000;

/// An alert that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The alert, as it was last found.
    pub alert: Alert,
    /// When it was raised.
    pub raised: Timestamp,
    /// Whether its audience was told at once; over the budget it is in the digest of the day.
    pub at_once: bool,
    /// Whether it was in a digest.
    pub digested: bool,
    /// Who has seen it.
    pub seen: Option<Seen>,
}

/// Somebody has seen an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// The role or the account of whoever has.
    pub by: String,
}

/// Something that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// An alert is open, and its audience was told at once or will be by the digest.
    Raised {
        /// The alert.
        alert: Alert,
        /// Whether its audience is told at once, out of the budget.
        at_once: bool,
        /// The Monday of the week.
        week: Date,
    },
    /// It has ended.
    Ended {
        /// Which.
        key: String,
    },
    /// Somebody has seen it.
    Seen {
        /// Which.
        key: String,
        /// Who.
        by: String,
    },
    /// These were in a digest.
    Digested {
        /// Which.
        keys: Vec<String>,
    },
    /// So much of a budget is spent; only in a file that was written anew.
    Spent {
        /// Whose.
        audience: Audience,
        /// The Monday of the week.
        week: Date,
        /// How many alerts.
        count: u32,
    },
}

/// Somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tell {
    /// Of an alert, at once.
    Alert(Open),
    /// Of those of a day that were over the budget.
    Digest {
        /// Who.
        audience: Audience,
        /// The local day.
        day: Date,
        /// Of what, the most urgent first.
        alerts: Vec<Open>,
    },
}

/// What a look came to: keep the entries first, then tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// What lasts, in order.
    pub entries: Vec<Entry>,
    /// Who is to be told.
    pub tell: Vec<Tell>,
}

/// Every alert that is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    open: BTreeMap<String, Open>,
    /// The moment of what was spent last, the week, and how much of it: per audience.
    spent: BTreeMap<Audience, (Timestamp, Date, u32)>,
    /// Since when an open alert's condition does not hold.
    missing: BTreeMap<String, Timestamp>,
    /// Since when the condition of one that is not open yet holds.
    coming: BTreeMap<String, Timestamp>,
}

impl Book {
    /// What was found at a moment.
    pub fn look(&mut self, found: Vec<Alert>, now: Timestamp, calendar: &Calendar, settings: &Settings) -> Looked {
        let mut looked = Looked::default();
        let found: BTreeMap<String, Alert> = found.into_iter().map(|alert| (alert.key.clone(), alert)).collect();
        self.end(&found, now, &mut looked);
        let mut new = self.refresh(found, now);
        new.sort_by(|left, right| (left.kind, &left.key).cmp(&(right.kind, &right.key)));
        let week = week_of(calendar.day_of(now));
        let mut counts: BTreeMap<Audience, usize> = BTreeMap::new();
        for open in self.open.values() {
            *counts.entry(open.alert.audience.clone()).or_default() += 1;
        }
        for alert in new {
            let count = counts.entry(alert.audience.clone()).or_default();
            if *count >= MOST_OPEN {
                continue;
            }
            *count += 1;
            let at_once = self.spent_in(&alert.audience, week) < settings.budgets.of(&alert.audience);
            let key = alert.key.clone();
            self.decide(now, Entry::Raised { alert, at_once, week }, &mut looked);
            if at_once {
                looked.tell.extend(self.open.get(&key).cloned().map(Tell::Alert));
            }
        }
        self.digest(now, calendar, settings, &mut looked);
        looked
    }

    /// Takes an entry, as decided now or as kept.
    pub fn take(&mut self, at: Timestamp, entry: Entry) -> Result<(), String> {
        let not_open = |key: &str| format!("alert {key:?} is not open");
        match entry {
            Entry::Raised { alert, at_once, week } => {
                self.coming.remove(&alert.key);
                if at_once {
                    let count = self.spent_in(&alert.audience, week) + 1;
                    self.spent.insert(alert.audience.clone(), (at, week, count));
                }
                let open = Open { alert, raised: at, at_once, digested: false, seen: None };
                self.open.insert(open.alert.key.clone(), open);
            }
            Entry::Ended { key } => {
                self.missing.remove(&key);
                self.open.remove(&key).ok_or_else(|| not_open(&key))?;
            }
            Entry::Seen { key, by } => {
                self.open.get_mut(&key).ok_or_else(|| not_open(&key))?.seen = Some(Seen { at, by });
            }
            Entry::Digested { keys } => {
                let mut missing = None;
                for key in keys {
                    match self.open.get_mut(&key) {
                        Some(open) => open.digested = true,
                        None => missing = Some(key),
                    }
                }
                // Those that are open were in the digest all the same.
                missing.map_or(Ok(()), |key| Err(not_open(&key)))?;
            }
            Entry::Spent { audience, week, count } => {
                self.spent.insert(audience, (at, week, count));
            }
        }
        Ok(())
    }

    /// Every alert that is open.
    pub fn open(&self) -> impl Iterator<Item = &Open> {
        self.open.values()
    }

    /// One that is open.
    pub fn get(&self, key: &str) -> Option<&Open> {
        self.open.get(key)
    }

    /// Ends what has not been found for so long.
    fn end(&mut self, found: &BTreeMap<String, Alert>, now: Timestamp, looked: &mut Looked) {
        let gone: BTreeSet<String> = self.open.keys().filter(|key| !found.contains_key(*key)).cloned().collect();
        self.missing.retain(|key, _| gone.contains(key));
        for key in gone {
            let since = *self.missing.entry(key.clone()).or_insert(now);
            if now.duration_since(since) >= ENDS_AFTER {
                self.decide(now, Entry::Ended { key }, looked);
            }
        }
    }

    /// Brings what is open up to what was found, and gives what is to be raised.
    fn refresh(&mut self, found: BTreeMap<String, Alert>, now: Timestamp) -> Vec<Alert> {
        self.coming.retain(|key, _| found.contains_key(key));
        let mut new = Vec::new();
        for (key, alert) in found {
            if let Some(open) = self.open.get_mut(&key) {
                open.alert = alert;
                continue;
            }
            let since = *self.coming.entry(key).or_insert(now);
            let is_sure = alert.kind != Kind::StuckOutbox || now.duration_since(since) >= STUCK_FOR;
            if is_sure {
                new.push(alert);
            }
        }
        new
    }

    /// Once a day, at the hour, what was raised over the budget before it and nobody has seen.
    fn digest(&mut self, now: Timestamp, calendar: &Calendar, settings: &Settings, looked: &mut Looked) {
        let today = calendar.day_of(now);
        let hour = today.at(i8::try_from(settings.digest_hour).unwrap_or(0), 0, 0, 0);
        if calendar.wall_clock(now) < hour {
            return;
        }
        let is_due = |open: &&Open| {
            !open.at_once && !open.digested && open.seen.is_none() && calendar.wall_clock(open.raised) < hour
        };
        let mut by_audience: BTreeMap<Audience, Vec<Open>> = BTreeMap::new();
        for open in self.open.values().filter(is_due) {
            by_audience.entry(open.alert.audience.clone()).or_default().push(open.clone());
        }
        for (audience, mut alerts) in by_audience {
            alerts.sort_by_key(|one| (one.alert.kind, one.raised));
            let keys = alerts.iter().map(|open| open.alert.key.clone()).collect();
            self.decide(now, Entry::Digested { keys }, looked);
            looked.tell.push(Tell::Digest { audience, day: today, alerts });
        }
    }

    fn spent_in(&self, audience: &Audience, week: Date) -> u32 {
        self.spent.get(audience).filter(|(_, of, _)| *of == week).map_or(0, |(_, _, count)| *count)
    }

    fn decide(&mut self, now: Timestamp, entry: Entry, looked: &mut Looked) {
        match self.take(now, entry.clone()) {
            Ok(()) => looked.entries.push(entry),
            // Entries are made of what is here, so this is a fault of this file.
            Err(error) => tracing::error!(error, "an alert was not noted"),
        }
    }
}

impl State<Entry> for Book {
    fn entries(&self) -> Vec<(Timestamp, Entry)> {
        let mut entries = Vec::new();
        for open in self.open.values() {
            let (key, alert) = (open.alert.key.clone(), open.alert.clone());
            // What was spent follows, and takes the place of what these would add up to.
            entries.push((open.raised, Entry::Raised { alert, at_once: open.at_once, week: Date::default() }));
            if open.digested {
                entries.push((open.raised, Entry::Digested { keys: vec![key.clone()] }));
            }
            if let Some(Seen { at, by }) = &open.seen {
                entries.push((*at, Entry::Seen { key, by: by.clone() }));
            }
        }
        let spent = self.spent.iter().map(|(audience, (at, week, count))| {
            (*at, Entry::Spent { audience: audience.clone(), week: *week, count: *count })
        });
        entries.extend(spent);
        entries
    }

    fn size(&self) -> usize {
        3 * self.open.len() + self.spent.len()
    }
}

/// The Monday of a local day's week.
fn week_of(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}
