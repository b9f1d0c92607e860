//! Alerts: what somebody should look at, told to whom it concerns, seldom enough to be read.
//!
//! Purpose: a change that is more than chance, a kiosk that has fallen silent, a plan that will not be met reach the people who can do
//! something about them, and nobody gets so many that they stop reading. What each means and what to do is in `docs/alerts.md`.
//!
//! Vocabulary: an *alert* is *raised* when its [kind](Kind)'s condition holds, is *open* while it does, and *ends* when it has not held for
//! [`book::ENDS_AFTER`]. An *[audience](Audience)* is told *at once* as long as its *budget* of the week lasts; the rest goes into a *digest* once a
//! day. Somebody who has *seen* an alert silences it until it has ended and comes back.
//!
//! ```text
//! log, facts, fleet, delivery, disk ─► Situation ─► find (pure) ─► Book (pure) ─► alerts.ndjson ─► delivery room, pages
//! ```
//!
//! Invariants: what is found follows from the [`Situation`] alone; what is told, from what was found and told before. The book survives
//! restarts. An alert quotes no patient and names no consultant.
//!
//! Bounds: at most [`book::MOST_OPEN`] alerts of an audience are open; the file is written anew when most of its lines are of the past.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::{DepartmentId, WardId};

use crate::delivery::ContactName;
use crate::help::StaffRole;
use crate::journal::Journal;
use crate::line_file::LineFileError;

pub mod book;
mod find;
mod letter;
mod server;
mod situation;
mod watch;

pub use book::{Book, Open, Seen, Tell};
pub use find::find;
pub use situation::{
    Backups, Cause, Certificate, Disk, Forked, Holder, Kiosk, Lingering, Quota, Server, Share, Situation,
    Undelivered, Unpublished,
};
pub use watch::{Watch, keep};

use book::Entry;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// What it is known by, the same for as long as it holds: `silent_kiosk:k-1`.
    pub key: String,
    /// What is wrong, or better.
    pub kind: Kind,
    /// Whom it concerns.
    pub audience: Audience,
    /// What there is, in one sentence.
    pub words: String,
    /// The page to look at.
    pub page: String,
}

/// What an alert is about, the most urgent first: where a budget does not last for all, it goes to these first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A broker may still let a kiosk in that was taken off.
    Lingering,
    /// The disk of the server's data fills.
    DiskFilling,
    /// Two tablets send in the name of one kiosk.
    ForkedChain,
    /// Messages could not be delivered to a contact.
    Undelivered,
    /// Records wait on a kiosk that is connected.
    StuckOutbox,
    /// A certificate runs out: the broker's, the pages' or a kiosk's.
    Certificate,
    /// No backup has been made for long.
    BackupOverdue,
    /// A kiosk's share of the quarantine fills.
    QuarantineFilling,
    /// The server's clock is doubted, and nothing is deleted by it.
    ClockDoubted,
    /// Nothing comes from a kiosk.
    SilentKiosk,
    /// A kiosk's clock is wrong.
    ClockOffset,
    /// A measure has become worse or better, more than chance gives.
    SpecialCause,
    /// A ward will not meet its plan of the fortnight.
    QuotaAtRisk,
    /// A site could not be published.
    NotPublished,
}

impl Kind {
    /// What keys of alerts begin with, and what the manual lists them by.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lingering => "lingering",
            Self::DiskFilling => "disk",
            Self::ForkedChain => "forked_chain",
            Self::Undelivered => "undelivered",
            Self::StuckOutbox => "stuck_outbox",
            Self::Certificate => "certificate",
            Self::BackupOverdue => "backup",
            Self::QuarantineFilling => "quarantine",
            Self::ClockDoubted => "clock_doubted",
            Self::SilentKiosk => "silent_kiosk",
            Self::ClockOffset => "clock",
            Self::SpecialCause => "special_cause",
            Self::QuotaAtRisk => "quota",
            Self::NotPublished => "not_published",
        }
    }

    /// The key of an alert about something.
    pub fn key(self, about: &str) -> String {
        format!("{}:{about}", self.word())
    }
}

/// Whom an alert concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audience {
    /// The board.
    Board,
    /// Whoever runs kiosks and server.
    It,
    /// The patient-experience team.
    Office,
    /// Who leads a department.
    Department(DepartmentId),
    /// The staff of a ward.
    Ward(WardId),
}

/// Why a text is no audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the audience {0:?}: write board, it, office, department:medicine or ward:W12")]
pub struct AudienceError(String);

/// How many alerts an audience is told of at once in a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub struct Budgets {
    pub ward: u32,
    pub department: u32,
    pub office: u32,
    pub board: u32,
    pub it: u32,
}

/// Who is told of alerts, how many a week, and when of the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The local hour of the digest.
    pub digest_hour: u8,
    /// How many a week.
    pub budgets: Budgets,
    /// The contacts of each audience.
    pub tell: BTreeMap<Audience, Vec<ContactName>>,
    /// Those of wards that have none of their own.
    pub every_ward: Vec<ContactName>,
    /// Those of departments that have none of their own.
    pub every_department: Vec<ContactName>,
}

/// From when on there is something to say of the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// With fewer free bytes its disk is nearly full.
    pub free_bytes: u64,
    /// After so long a backup is missing; never, where nobody wants to be told.
    pub backup_after: Option<SignedDuration>,
}

/// Why an alert cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum AlertsError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// There is none of that key.
    #[error("find alert {0:?}: there is none of that name that is open; `alert list` shows those there are")]
    NotThere(String),
}

/// Every alert that is open. Shared by reference.
#[derive(Debug)]
pub struct Alerts(Mutex<Held>);

#[derive(Debug)]
struct Held {
    book: Book,
    journal: Journal<Entry>,
}

impl Alerts {
    /// Opens the alerts of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, AlertsError> {
        let mut book = Book::default();
        let journal = Journal::open(path, |at, entry| book.take(at, entry))?;
        Ok(Self(Mutex::new(Held { book, journal })))
    }

    /// What was found at a moment, and so who is to be told of what. The book is written when this returns, where the disk takes it.
    pub fn look(&self, found: Vec<Alert>, now: Timestamp, calendar: &Calendar, settings: &Settings) -> Vec<Tell> {
        let mut held = self.locked();
        let looked = held.book.look(found, now, calendar, settings);
        let Held { book, journal } = &mut *held;
        journal.note(now, &looked.entries, book);
        looked.tell
    }

    /// Somebody has seen an alert: durable when this returns. The first one stays.
    pub fn see(&self, key: &str, by: &StaffRole, now: Timestamp) -> Result<Open, AlertsError> {
        let mut held = self.locked();
        let not_there = || AlertsError::NotThere(key.to_owned());
        let open = held.book.get(key).ok_or_else(not_there)?;
        if open.seen.is_none() {
            let entry = Entry::Seen { key: key.to_owned(), by: by.to_string() };
            let Held { book, journal } = &mut *held;
            journal.keep(now, &entry, book)?;
            book.take(now, entry).map_err(|_| not_there())?;
        }
        held.book.get(key).cloned().ok_or_else(not_there)
    }

    /// Every alert that is open: those that nobody has seen first, then by kind and by when they were raised.
    pub fn all(&self) -> Vec<Open> {
        self.those(|_| true)
    }

    /// The same of some alone: thousands of kiosks may be silent, and a ward's page asks for its own.
    pub fn those(&self, wanted: impl Fn(&Open) -> bool) -> Vec<Open> {
        let mut those: Vec<Open> = self.locked().book.open().filter(|open| wanted(open)).cloned().collect();
        those.sort_by(|one, other| {
            let order = |open: &Open| (open.seen.is_some(), open.alert.kind, open.raised);
            order(one).cmp(&order(other)).then_with(|| one.alert.key.cmp(&other.alert.key))
        });
        those
    }

    /// Whose alerts are open.
    pub fn audiences(&self) -> BTreeSet<Audience> {
        self.locked().book.open().map(|open| open.alert.audience.clone()).collect()
    }

    /// Whether one of a kind is open.
    pub fn is_any_open(&self, kind: Kind) -> bool {
        self.locked().book.open().any(|open| open.alert.kind == kind)
    }

    /// One that is open.
    pub fn get(&self, key: &str) -> Option<Open> {
        self.locked().book.get(key).cloned()
    }

    fn locked(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settings {
    /// Who is told of an audience's alerts.
    pub fn contacts(&self, audience: &Audience) -> &[ContactName] {
        let every = match audience {
            Audience::Ward(_) => self.every_ward.as_slice(),
            Audience::Department(_) => self.every_department.as_slice(),
            Audience::Board | Audience::It | Audience::Office => &[],
        };
        self.tell.get(audience).map_or(every, Vec::as_slice)
    }

    /// The wards that have contacts of their own.
    pub fn wards(&self) -> impl Iterator<Item = &WardId> {
        self.tell.keys().filter_map(|audience| match audience {
            Audience::Ward(ward) => Some(ward),
            Audience::Board | Audience::It | Audience::Office | Audience::Department(_) => None,
        })
    }

    /// The departments that have contacts of their own.
    pub fn departments(&self) -> impl Iterator<Item = &DepartmentId> {
        self.tell.keys().filter_map(|audience| match audience {
            Audience::Department(department) => Some(department),
            Audience::Board | Audience::It | Audience::Office | Audience::Ward(_) => None,
        })
    }
}

impl Budgets {
    /// An audience's.
    pub fn of(&self, audience: &Audience) -> u32 {
        match audience {
            Audience::Ward(_) => self.ward,
            Audience::Department(_) => self.department,
            Audience::Office => self.office,
            Audience::Board => self.board,
            Audience::It => self.it,
        }
    }
}

impl Kind {
    /// What pages call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Lingering => "A kiosk that was taken off",
            Self::DiskFilling => "The server's disk fills",
            Self::ForkedChain => "Two tablets with one name",
            Self::Undelivered => "Messages not delivered",
            Self::StuckOutbox => "Records wait on a kiosk",
            Self::Certificate => "A certificate runs out",
            Self::BackupOverdue => "A backup is missing",
            Self::QuarantineFilling => "The quarantine fills",
            Self::ClockDoubted => "The server's clock is doubted",
            Self::SilentKiosk => "A silent kiosk",
            Self::ClockOffset => "A clock is wrong",
            Self::SpecialCause => "More than chance",
            Self::QuotaAtRisk => "The plan is at risk",
            Self::NotPublished => "A site was not published",
        }
    }

    /// What to do about it.
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Lingering => {
                "See that the broker reads the list of what was taken back, and reload or restart it. Nothing of the kiosk's is counted meanwhile."
            }
            Self::DiskFilling => {
                "Make room on the server's disk, or give it a larger one. Delete nothing in the data folder."
            }
            Self::ForkedChain => {
                "Take the kiosk off and enrol it again; give every other tablet a name of its own, with an empty data folder. Seen means that \
                 this is done: it ends the alert until another such record comes."
            }
            Self::Undelivered => {
                "See on the office's page what was given up; reach those people another way, and mend the webhook."
            }
            Self::StuckOutbox => {
                "Look at the tablet's staff corner for its last error; nothing is lost while it waits."
            }
            Self::Certificate => {
                "Give the broker or the pages a new certificate, or see why the kiosk cannot renew its own. Kiosks keep their records meanwhile."
            }
            Self::BackupOverdue => {
                "See why none is made: whether there is a timer that is on, and what its log says. Then have one written. Without a backup a broken \
                 disk takes everything along."
            }
            Self::QuarantineFilling => {
                "See on the office's page why records were refused, put that right, and try them again."
            }
            Self::ClockDoubted => {
                "Hold the server's clock against another one. If it is wrong, set it or its time server. If it is right, run the command \
                 retention once."
            }
            Self::SilentKiosk => {
                "See whether the tablet is on its charger and has a network, or whether nobody uses it."
            }
            Self::ClockOffset => "Set the tablet's clock or its time server; answers are not moved by it.",
            Self::SpecialCause => {
                "Ask the team what is different since then; note what you do about it as an action."
            }
            Self::QuotaAtRisk => "Send volunteers there, or say why the plan is not to be met.",
            Self::NotPublished => {
                "See on the page why, put that right, and publish again; what is seen there may be old meanwhile."
            }
        }
    }
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        let wrong = || AudienceError(text.to_owned());
        match text {
            "board" => Ok(Self::Board),
            "it" => Ok(Self::It),
            "office" => Ok(Self::Office),
            _ => match text.split_once(':') {
                Some(("ward", id)) => WardId::new(id).map(Self::Ward).map_err(|_| wrong()),
                Some(("department", id)) => DepartmentId::new(id).map(Self::Department).map_err(|_| wrong()),
                _ => Err(wrong()),
            },
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Board => formatter.write_str("board"),
            Self::It => formatter.write_str("it"),
            Self::Office => formatter.write_str("office"),
            Self::Department(department) => write!(formatter, "department:{department}"),
            Self::Ward(ward) => write!(formatter, "ward:{ward}"),
        }
    }
}

impl TryFrom<String> for Audience {
    type Error = AudienceError;
    fn try_from(text: String) -> Result<Self, AudienceError> {
        text.parse()
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> String {
        audience.to_string()
    }
}

#[cfg(test)]
mod tests;
