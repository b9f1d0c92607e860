//! Comments: what people wrote, and who may read it.
//!
//! Purpose: every comment is read by a person, the likely serious ones first, and only text that a person has passed leaves the office.
//! What leaves is asked for at one place, [`Comments::released`]; a consultant's at [`crate::appraisal::comments`].
//!
//! Vocabulary:
//! - a *comment* is the free text that one response gives to one question; its name ([`CommentId`]) is the record and the question;
//! - a *sign* is a word of a list in a comment: of harm, of distress, or the name of a member of staff. Signs order the queue and are
//!   highlighted; nothing hangs on them but that a name on the list has to become a role where the comment is no praise;
//! - an *edit* strikes out a span of the text or puts a role in its place; the text in the log stays as it is;
//! - a *decision* is an entry of the ledger `comments.ndjson`; how a comment *stands* follows from its decisions and nothing else;
//! - a *reach* says how far a released text may go: the ward's staff, or everybody.
//!
//! Invariants:
//! - Raw text is in the log and, once read, in memory; the ledger has names, places of spans, roles and reasons, and no text of a patient.
//! - A decision is durable before anything is shown by it. Undoing is a decision too: nothing is ever taken out of the history.
//! - Whoever decides says how the comment stood when they looked; when somebody else was quicker they are told and nothing is written.
//! - Whatever is not released stands nowhere but in the office, and so does everything when the ledger cannot be read.
//!
//! Units: places in a text are Unicode scalar values, from 0.
//!
//! Failure modes: [`CommentsError`]. Comments are found by reading the log from where the last reading ended; the first time, all of it, which a
//! thread beside everything else does ([`Comments::reads_beside`]) while pages show what was found so far.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::Hash;

use crate::facts::Facts;
use crate::help::StaffRole;
use crate::ingest::World;
use crate::ledger::{Entry, Ledger, LedgerError};
use crate::log::{LogError, Reader};
use book::Book;
use reading::Reading;

mod book;
mod find;
mod fortnights;
mod handle;
mod history;
mod id;
mod index;
mod kept;
mod lately;
mod list;
mod lists;
mod names;
mod reading;
mod release;
mod signs;
mod terms;
mod text;
mod themes;
mod trend;

pub use find::Found;
pub use handle::CommentHandle;
pub use history::{
    Decided, Decision, DecisionError, History, MAX_REASON_CHARACTERS, Reach, Rules, Standing, Tone, Wish,
};
pub use id::{CommentId, CommentIdError};
pub use list::{Leaf, Listed, Urgency, Which};
pub use lists::{ListChange, ListError, ListedWord};
pub use names::{Names, NamesError};
pub(crate) use release::Patients;
pub use release::{Newest, Released};
pub use signs::{Sign, SignKind, Signs, SignsError, WordKind, WordKindError};
pub use text::{Edit, Piece, Word, apply, edits_for, pieces, words};
pub use themes::{Frame, FrameChange, FrameError, Theme, ThemeCount, ThemeId, ThemeWish};
pub use trend::{ThemeTones, ThemeTrend};

/// The files of a trust's own in the data folder.
pub const NAMES_FILE: &str = "staff-names.txt";
/// The word list that takes the place of the shipped one.
pub const SIGNS_FILE: &str = "comment-words.json";
/// The coding frame that takes the place of the shipped one.
pub const FRAME_FILE: &str = "comment-themes.json";
/// The ledger of decisions.
pub const LEDGER_FILE: &str = "comments.ndjson";

/// Every comment there is, and what was decided about it. Shared by reference.
pub struct Comments {
    data: PathBuf,
    /// Replaced only while the book is held, so that they are those that its index follows from.
    lists: RwLock<Arc<Lists>>,
    frame: RwLock<Arc<Frame>>,
    frame_path: PathBuf,
    rules: Rules,
    reader: Reader,
    world: Arc<World>,
    facts: Arc<RwLock<Facts>>,
    book: Mutex<Book>,
    reading: Reading,
}

/// What comments are looked through for.
#[derive(Debug)]
pub struct Lists {
    signs: Signs,
    names: Names,
}

/// An entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    comment: CommentId,
    by: StaffRole,
    decision: Decision,
}

/// Why comments cannot be read, or a decision not be taken.
#[derive(Debug, thiserror::Error)]
pub enum CommentsError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The word lists or the list of staff names cannot be used or changed.
    #[error(transparent)]
    Lists(#[from] ListError),
    /// The coding frame cannot be used.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// There is no such comment.
    #[error("find comment {0}: there is none; `comments list` shows those there are")]
    NotThere(CommentId),
    /// Comments are counted by wards and what is made of them.
    #[error("count comments by {0}: they are counted by ward and what is above it, and never by one consultant")]
    OfOnePerson(Unit),
    /// The decision cannot be taken.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

impl Comments {
    /// Opens the decisions of a data folder, and the lists that comments are looked through for.
    pub fn open(
        data: &Path,
        rules: Rules,
        reader: Reader,
        world: Arc<World>,
        facts: Arc<RwLock<Facts>>,
    ) -> Result<Self, CommentsError> {
        let lists = Arc::new(Lists::open(data)?);
        let frame_path = data.join(FRAME_FILE);
        let frame = RwLock::new(Arc::new(Frame::open(&frame_path)?));
        let mut histories = BTreeMap::new();
        let ledger = Ledger::open(data.join(LEDGER_FILE), |entry: Entry<Event>| {
            let (comment, decided) = decided(entry);
            let history: &mut History = histories.entry(comment).or_default();
            history.push(decided).map_err(|error| error.to_string())
        })?;
        let book = Mutex::new(Book::new(ledger, histories, Arc::clone(&lists)));
        let (data, lists) = (data.to_owned(), RwLock::new(lists));
        Ok(Self { data, lists, frame, frame_path, rules, reader, world, facts, book, reading: Reading::new() })
    }

    /// The themes that comments are coded by.
    pub fn frame(&self) -> Arc<Frame> {
        Arc::clone(&self.frame.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the coding frame, durably; false when it is another than the one of that hash, which whoever changes it has seen.
    pub fn change_frame(&self, change: &FrameChange, seen: Hash) -> Result<bool, CommentsError> {
        let mut frame = self.frame.write().unwrap_or_else(PoisonError::into_inner);
        if frame.hash() != seen {
            return Ok(false);
        }
        let changed = frame.changed(change, &self.frame_path)?;
        changed.keep(&self.frame_path)?;
        *frame = Arc::new(changed);
        Ok(true)
    }

    /// What release needs.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Whether the silence of the word lists says anything in a language.
    pub fn has_checked_list(&self, language: &wardvoice_protocol::id::Language) -> bool {
        self.lists().signs.is_checked(language)
    }

    /// One comment and what was decided about it.
    pub fn one(&self, id: &CommentId) -> Result<(Found, History), CommentsError> {
        let book = self.with(id)?;
        let kept = book.one(id).ok_or_else(|| CommentsError::NotThere(id.clone()))?;
        Ok((kept.found(), kept.history().clone()))
    }

    /// Takes a decision about a comment, durably. `seen` is the number of the last entry that whoever decides has seen of it, 0
    /// for none; when there is a later one nothing is written.
    pub fn decide(
        &self,
        id: &CommentId,
        seen: u64,
        by: &StaffRole,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<Decided, CommentsError> {
        let mut book = self.with(id)?;
        let kept = book.one(id).ok_or_else(|| CommentsError::NotThere(id.clone()))?;
        let decision = kept.history().judge(self.rules, &kept.found(), &self.frame(), seen, by, wish)?;
        let event = Event { comment: id.clone(), by: by.clone(), decision };
        let written = book.write(now, vec![event])?;
        written.into_iter().next().ok_or_else(|| CommentsError::NotThere(id.clone()))
    }

    /// Takes the same kind of decision about many comments at once, each as it stands: for a made-up past, in which nobody read.
    pub(crate) fn decide_unread(
        &self,
        by: &StaffRole,
        now: Timestamp,
        wish: impl Fn(&Found) -> Option<Wish>,
    ) -> Result<usize, CommentsError> {
        let mut book = self.up_to_date()?;
        let mut events = Vec::new();
        for kept in book.kept.by_name() {
            let (found, history) = (kept.found(), kept.history());
            let Some(wish) = wish(&found) else { continue };
            let decision = history.judge(self.rules, &found, &self.frame(), history.last(), by, &wish)?;
            events.push(Event { comment: found.id, by: by.clone(), decision });
        }
        book.write(now, events).map(|written| written.len())
    }
}

fn decided(entry: Entry<Event>) -> (CommentId, Decided) {
    let Entry { number, at, event: Event { comment, by, decision } } = entry;
    (comment, Decided { number, at, by, decision })
}

/// The themes that a text's words suggest, in the frame's order.
pub fn suggested(frame: &Frame, found: &Found) -> BTreeSet<ThemeId> {
    frame.suggested(&found.text, &found.language)
}

#[cfg(test)]
mod tests;
