//! Who did what: a file that only grows, each line chained to the one before.
//!
//! Purpose: every look at a named consultant and every change can be told afterwards, by account and time, and nobody can take a line
//! out of the middle or change one unseen.
//!
//! Vocabulary: an *entry* is one line of `audit.ndjson`; the *head* is the number and hash of the last one.
//!
//! Invariants:
//! - An entry is on the disk before what it tells of is shown or done. What cannot be noted is refused: a look at a consultant, a change of
//!   accounts, a replay. The one exception is that a request for help was seen: nobody waits for help because a disk is full.
//! - An entry holds the SHA-256 of the bytes of the line before and is numbered without gaps, so a line that is changed, taken out or put
//!   in is found. Lines cut off the end are found by whoever keeps a head elsewhere ([`Report::head`]); the chain alone cannot tell.
//! - Names are those of accounts, or `command` for whoever runs commands on the server. No patient is in it, and no words of one.
//!
//! A chain that is broken keeps nobody from working: entries go on after the last line, and `audit verify` and the office's page say
//! where it broke.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::Hash;

use crate::lines::Lines;

mod index;
mod leaf;

pub use leaf::{Leaf, Wanted};

/// Who does what is asked on the command line.
pub const COMMAND: &str = "command";
/// Somebody who tried to sign in and whom nobody knows.
pub const UNKNOWN: &str = "unknown";
/// How many entries are kept at hand for pages.
const AT_HAND: usize = 1_000;
/// The longest text of an entry, in characters.
const MAX_CHARACTERS: usize = 200;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Deed {
    SignedIn,
    SignInRefused,
    SignedOut,
    SawConsultant,
    SawRecords,
    ChangedAccount,
    ChangedKiosk,
    ChangedCertificate,
    ChangedPin,
    ChangedPlan,
    ChangedApproval,
    ChangedFrame,
    ChangedLists,
    ChangedAction,
    ChangedRebase,
    ChangedEligible,
    ExportedReturn,
    DecidedComment,
    MarkedFinding,
    Published,
    Released,
    SawHelp,
    SawAlert,
    TestedContact,
    Disputed,
    Ruled,
    Replayed,
    Imported,
    Rebuilt,
    BackedUp,
    Withdrew,
    Swept,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of this shape: 1.
    pub version: u32,
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The account, or `command`.
    pub who: String,
    /// What was done, `saw_consultant`.
    pub did: String,
    /// About whom or what, `consultant:C07`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What else there is to say, `6m-2026-11-22 as appraiser`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The SHA-256 of the line before; zeros for the first.
    pub previous: Hash,
}

/// The last entry, to be kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number; 0 when there is none.
    pub number: u64,
    /// The hash of its line.
    pub hash: Hash,
}

/// What a check of the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How many entries there are.
    pub entries: u64,
    /// The last of them.
    pub head: Head,
    /// Where the chain is broken; empty when it is whole.
    pub faults: Vec<String>,
}

/// Why entries cannot be read or noted.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be read or written.
    #[error("note who did what in {path}: {source}; what cannot be noted is not done", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The entries, open for writing. Shared by reference.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    book: Mutex<Book>,
    /// For looking through; nothing that is noted waits for it.
    index: Mutex<index::Index>,
}

#[derive(Debug)]
struct Book {
    lines: Lines,
    head: Head,
    recent: VecDeque<Entry>,
    /// By consultant and window, when the consultant last opened it.
    opened: BTreeMap<(String, String), Timestamp>,
    fault: Option<String>,
}

impl Deed {
    /// Every deed, in the order they are offered to choose from.
    pub const ALL: [Self; 32] = [
        Self::SignedIn,
        Self::SignInRefused,
        Self::SignedOut,
        Self::SawConsultant,
        Self::SawRecords,
        Self::ChangedAccount,
        Self::ChangedKiosk,
        Self::ChangedCertificate,
        Self::ChangedPin,
        Self::ChangedPlan,
        Self::ChangedApproval,
        Self::ChangedFrame,
        Self::ChangedLists,
        Self::ChangedAction,
        Self::ChangedRebase,
        Self::ChangedEligible,
        Self::ExportedReturn,
        Self::DecidedComment,
        Self::MarkedFinding,
        Self::Published,
        Self::Released,
        Self::SawHelp,
        Self::SawAlert,
        Self::TestedContact,
        Self::Disputed,
        Self::Ruled,
        Self::Replayed,
        Self::Imported,
        Self::Rebuilt,
        Self::BackedUp,
        Self::Withdrew,
        Self::Swept,
    ];

    /// The deed as entries say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SignedOut => "signed_out",
            Self::SawConsultant => "saw_consultant",
            Self::SawRecords => "saw_records",
            Self::ChangedAccount => "changed_account",
            Self::ChangedKiosk => "changed_kiosk",
            Self::ChangedCertificate => "changed_certificate",
            Self::ChangedPin => "changed_pin",
            Self::ChangedPlan => "changed_plan",
            Self::ChangedApproval => "changed_approval",
            Self::ChangedFrame => "changed_frame",
            Self::ChangedLists => "changed_lists",
            Self::ChangedAction => "changed_action",
            Self::ChangedRebase => "changed_rebase",
            Self::ChangedEligible => "changed_eligible",
            Self::ExportedReturn => "exported_return",
            Self::Published => "published",
            Self::Released => "released",
            Self::DecidedComment => "decided_comment",
            Self::MarkedFinding => "marked_finding",
            Self::SawHelp => "saw_help",
            Self::SawAlert => "saw_alert",
            Self::TestedContact => "tested_contact",
            Self::Disputed => "disputed",
            Self::Ruled => "ruled",
            Self::Replayed => "replayed",
            Self::Imported => "imported",
            Self::Rebuilt => "rebuilt",
            Self::BackedUp => "backed_up",
            Self::Withdrew => "withdrew",
            Self::Swept => "swept",
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How a look at a consultant is noted: in which window, and as what.
pub fn look(window: &str, audience: &str) -> String {
    format!("{window} as {audience}")
}

impl Audit {
    /// Opens the entries of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, AuditError> {
        let path = path.into();
        let (file, lines) =
            Lines::open(&path).map_err(|source| AuditError::File { path: path.clone(), source })?;
        let mut book = Book {
            lines: file,
            head: Head { number: 0, hash: Hash::ZERO },
            recent: VecDeque::new(),
            opened: BTreeMap::new(),
            fault: None,
        };
        for line in &lines {
            let (entry, fault) = book.head.follow(line);
            if let Some(fault) = fault {
                tracing::error!(path = %path.display(), "the chain of who did what is broken: {fault}");
                book.fault.get_or_insert(fault);
            }
            if let Some(entry) = entry {
                book.remember(entry);
            }
        }
        Ok(Self { path, book: Mutex::new(book), index: Mutex::default() })
    }

    /// Notes what somebody is about to do, durably.
    pub fn note(
        &self,
        at: Timestamp,
        who: &str,
        deed: Deed,
        about: Option<&str>,
        detail: Option<&str>,
    ) -> Result<(), AuditError> {
        let mut book = self.locked();
        let cut = |text: &str| -> String {
            text.chars().filter(|letter| !letter.is_control()).take(MAX_CHARACTERS).collect()
        };
        let (who, about, detail) = (cut(who), about.map(cut), detail.map(cut));
        let Book { lines, head, .. } = &mut *book;
        let (mut others, end) = (Vec::new(), std::cell::Cell::new(*head));
        // A command without a server may have noted something since.
        let see = |line: &[u8]| {
            let mut head = end.get();
            others.push(head.follow(line));
            end.set(head);
        };
        let make = || {
            let (number, previous) = (end.get().number + 1, end.get().hash);
            Entry { version: 1, number, at, who, did: deed.as_str().to_owned(), about, detail, previous }
        };
        let written = lines.follow(see, make);
        let (entry, line) = written.map_err(|source| AuditError::File { path: self.path.clone(), source })?;
        *head = Head { number: entry.number, hash: Hash::of(&line) };
        for (other, fault) in others {
            book.fault = book.fault.take().or(fault);
            if let Some(other) = other {
                book.remember(other);
            }
        }
        book.remember(entry);
        Ok(())
    }

    /// The last entries, the newest first.
    pub fn recent(&self, many: usize) -> Vec<Entry> {
        self.locked().recent.iter().rev().take(many).cloned().collect()
    }

    /// When the consultant last opened a window, if ever.
    pub fn opened(&self, consultant: &str, window: &str) -> Option<Timestamp> {
        self.locked().opened.get(&(consultant.to_owned(), window.to_owned())).copied()
    }

    /// Where the chain was broken when it was opened.
    pub fn fault(&self) -> Option<String> {
        self.locked().fault.clone()
    }

    /// Checks the whole chain as it stands on the disk, and that an entry that was noted elsewhere is in it.
    pub fn verify(&self, expects: Option<(u64, Hash)>) -> Result<Report, AuditError> {
        // Nothing is written meanwhile.
        let _book = self.locked();
        verify(&self.path, expects)
    }

    /// Gives every entry's line, the oldest first.
    pub fn each(&self, mut give: impl FnMut(&str) -> io::Result<()>) -> Result<(), AuditError> {
        let failed = |source| AuditError::File { path: self.path.clone(), source };
        let text = {
            let _book = self.locked();
            std::fs::read_to_string(&self.path).map_err(failed)?
        };
        text.lines().try_for_each(&mut give).map_err(failed)
    }

    /// Lets every further note fail, as on a disk that is full.
    #[cfg(test)]
    pub(crate) fn break_for_a_test(&self) {
        self.locked().lines.break_for_a_test();
    }

    fn locked(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks the whole chain of a file.
fn verify(path: &Path, expects: Option<(u64, Hash)>) -> Result<Report, AuditError> {
    let bytes = std::fs::read(path).map_err(|source| AuditError::File { path: path.to_owned(), source })?;
    let mut report = Report { entries: 0, head: Head { number: 0, hash: Hash::ZERO }, faults: Vec::new() };
    let mut found = expects.is_none();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        report.entries += 1;
        if let (_, Some(fault)) = report.head.follow(line) {
            report.faults.push(format!("line {}: {fault}", report.entries));
        }
        found |= expects == Some((report.head.number, report.head.hash));
    }
    if let Some((number, _)) = expects.filter(|_| !found) {
        report.faults.push(format!(
            "entry {number} is not there as it was noted: entries were taken off the end, or all written anew"
        ));
    }
    Ok(report)
}

impl Head {
    /// Goes on to the next line: what it is, and what does not fit, if anything.
    fn follow(&mut self, line: &[u8]) -> (Option<Entry>, Option<String>) {
        let (before, expected) = (self.hash, self.number + 1);
        self.hash = Hash::of(line);
        let Ok(entry) = serde_json::from_slice::<Entry>(line) else {
            self.number = expected;
            return (None, Some("it is no entry".to_owned()));
        };
        self.number = entry.number;
        let fault = if entry.number != expected {
            Some(format!("entry {} stands where entry {expected} belongs", entry.number))
        } else if entry.previous != before {
            Some(format!("entry {expected} does not follow the line before it, which was changed"))
        } else {
            None
        };
        (Some(entry), fault)
    }
}

impl Book {
    fn remember(&mut self, entry: Entry) {
        // A command on the server is not the consultant.
        if entry.did == Deed::SawConsultant.as_str()
            && entry.who != COMMAND
            && let (Some(about), Some(detail)) = (&entry.about, &entry.detail)
            && let Some(window) = detail.strip_suffix(" as consultant")
        {
            self.opened.insert((about.clone(), window.to_owned()), entry.at);
        }
        self.recent.push_back(entry);
        if self.recent.len() > AT_HAND {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
