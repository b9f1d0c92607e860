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
//! Failure modes: [`CommentsError`]. Comments are found by reading the log from where the last reading ended; the first time, all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::Hash;

use crate::facts::Facts;
use crate::help::StaffRole;
use crate::ingest::World;
use crate::ledger::{Entry, Ledger, LedgerError};
use crate::log::{LogError, Reader};
use index::Index;

mod find;
mod fortnights;
mod handle;
mod history;
mod id;
mod index;
mod lately;
mod list;
mod lists;
mod names;
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
pub use release::Released;
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
}

/// What comments are looked through for.
#[derive(Debug)]
pub struct Lists {
    signs: Signs,
    names: Names,
}

#[derive(Debug)]
struct Book {
    ledger: Ledger,
    /// The last position of the log that was read.
    read_to: u64,
    /// How many records had been forgotten then.
    forgotten: u64,
    /// Every comment that was found.
    found: BTreeMap<CommentId, Found>,
    /// What was decided, also about comments that have not been found yet.
    histories: BTreeMap<CommentId, History>,
    /// The comments that were found, by how they stand.
    index: Index,
    lists: Arc<Lists>,
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
        let mut histories: BTreeMap<CommentId, History> = BTreeMap::new();
        let ledger = Ledger::open(data.join(LEDGER_FILE), |entry: Entry<Event>| {
            let (comment, decided) = decided(entry);
            histories.entry(comment).or_default().push(decided).map_err(|error| error.to_string())
        })?;
        let (found, index) = (BTreeMap::new(), Index::default());
        let book = Mutex::new(Book {
            ledger,
            read_to: 0,
            forgotten: 0,
            found,
            histories,
            index,
            lists: Arc::clone(&lists),
        });
        let (data, lists) = (data.to_owned(), RwLock::new(lists));
        Ok(Self { data, lists, frame, frame_path, rules, reader, world, facts, book })
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

    /// Reads what has come to the log since the last reading. Anything that shows comments does so by itself.
    pub fn catch_up(&self) -> Result<(), CommentsError> {
        self.up_to_date().map(drop)
    }

    /// One comment and what was decided about it.
    pub fn one(&self, id: &CommentId) -> Result<(Found, History), CommentsError> {
        let book = self.up_to_date()?;
        let found = book.found.get(id).ok_or_else(|| CommentsError::NotThere(id.clone()))?;
        Ok((found.clone(), book.histories.get(id).cloned().unwrap_or_default()))
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
        let mut book = self.up_to_date()?;
        let found = book.found.get(id).ok_or_else(|| CommentsError::NotThere(id.clone()))?;
        let history = book.histories.get(id).cloned().unwrap_or_default();
        let decision = history.judge(self.rules, found, &self.frame(), seen, by, wish)?;
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
        for (id, found) in &book.found {
            let Some(wish) = wish(found) else { continue };
            let history = book.histories.get(id).cloned().unwrap_or_default();
            let decision = history.judge(self.rules, found, &self.frame(), history.last(), by, &wish)?;
            events.push(Event { comment: id.clone(), by: by.clone(), decision });
        }
        book.write(now, events).map(|written| written.len())
    }

    fn up_to_date(&self) -> Result<MutexGuard<'_, Book>, CommentsError> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let (end, forgotten) = (self.reader.position(), self.reader.forgotten());
        if book.forgotten != forgotten {
            let gone = self.reader.tombstones().map(|entry| entry.map(|(position, _)| position));
            let gone = gone.collect::<Result<BTreeSet<u64>, LogError>>()?;
            book.forget(&gone);
            book.forgotten = forgotten;
        }
        if book.read_to < end {
            let found = find::find(&self.reader, &self.world, &book.lists, book.read_to + 1, end)?;
            for found in found {
                book.take_in(found);
            }
            book.read_to = end;
        }
        Ok(book)
    }
}

impl Book {
    /// A comment that was found, with what was decided about it before.
    fn take_in(&mut self, found: Found) {
        let undecided = History::default();
        let history = self.histories.get(&found.id).unwrap_or(&undecided);
        self.index.put(&found, history, self.lists.urgency(&found));
        self.found.insert(found.id.clone(), found);
    }

    /// Lets go of the comments of records that were forgotten. What was decided about them stays in the ledger, which has no text.
    fn forget(&mut self, positions: &BTreeSet<u64>) {
        let undecided = History::default();
        let gone = self.found.values().filter(|found| positions.contains(&found.position));
        for id in gone.map(|found| found.id.clone()).collect::<Vec<_>>() {
            let Some(found) = self.found.remove(&id) else { continue };
            let history = self.histories.get(&id).unwrap_or(&undecided);
            self.index.take_out(&found, history, self.lists.urgency(&found));
        }
    }

    /// A decision more about a comment.
    fn push(&mut self, comment: CommentId, decided: Decided) -> Result<(), DecisionError> {
        let found = self.found.get(&comment).map(|found| (found, self.lists.urgency(found)));
        let history = self.histories.entry(comment).or_default();
        if let Some((found, urgency)) = found {
            self.index.take_out(found, history, urgency);
        }
        let pushed = history.push(decided);
        if let Some((found, urgency)) = found {
            self.index.put(found, history, urgency);
        }
        pushed
    }

    fn write(&mut self, now: Timestamp, events: Vec<Event>) -> Result<Vec<Decided>, CommentsError> {
        let mut written = Vec::with_capacity(events.len());
        for entry in self.ledger.append_all(now, events)? {
            let (comment, decided) = decided(entry);
            self.push(comment, decided.clone())?;
            written.push(decided);
        }
        Ok(written)
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
