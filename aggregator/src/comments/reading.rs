//! Reading the log for comments, a span at a time.
//!
//! A thread of its own reads what there is at the start and what comes ([`Comments::reads_beside`]). While it is far behind, whoever only looks is
//! shown what was found so far and told how far that is ([`Comments::found_so_far`]); whoever decides, publishes or carries something out waits
//! for the end ([`Comments::catch_up`]). Where there is no such thread everybody waits.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Book, CommentId, Comments, CommentsError, find};
use crate::log::LogError;

/// So many records are read at once. Nobody who looks waits for more than that, unless they read it themselves.
const SPAN: u64 = 500;
/// So many records a page reads itself before it is drawn; where more are left it is drawn without them.
const MOST_BY_A_PAGE: u64 = 20_000;

/// How far the log has been looked through.
#[derive(Debug)]
pub(super) struct Reading {
    /// Whoever reads holds it.
    turn: Mutex<()>,
    /// The last position that was read.
    read_to: AtomicU64,
    /// How many records had been forgotten then.
    forgotten: AtomicU64,
    /// Whether a thread reads beside everything else.
    beside: AtomicBool,
    /// How many keep everybody from reading, or wait for their turn to.
    pauses: AtomicUsize,
    /// So many records a page reads itself.
    most_by_a_page: AtomicU64,
}

/// Nobody reads while this stands.
#[derive(Debug)]
pub(super) struct Pause<'a> {
    pauses: &'a AtomicUsize,
    _turn: MutexGuard<'a, ()>,
}

/// A thread that reads for comments; while there is one, pages need not wait.
#[derive(Debug)]
pub struct Beside<'a>(&'a AtomicBool);

impl Reading {
    /// Nothing has been read.
    pub(super) fn new() -> Self {
        Self {
            turn: Mutex::new(()),
            read_to: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
            beside: AtomicBool::new(false),
            pauses: AtomicUsize::new(0),
            most_by_a_page: AtomicU64::new(MOST_BY_A_PAGE),
        }
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.pauses.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Comments {
    /// Says that a thread reads beside everything else, for as long as what is given back stands.
    pub fn reads_beside(&self) -> Beside<'_> {
        self.reading.beside.store(true, Ordering::Relaxed);
        Beside(&self.reading.beside)
    }

    /// Reads what has come to the log since the last reading, to its end.
    pub fn catch_up(&self) -> Result<(), CommentsError> {
        self.read_on(|| false)
    }

    /// The same, a span at a time until it is over.
    pub fn read_on(&self, is_over: impl Fn() -> bool) -> Result<(), CommentsError> {
        while !is_over() && self.read_a_span()? {}
        Ok(())
    }

    /// How many records have not been looked through yet.
    pub fn left(&self) -> u64 {
        self.reader.position().saturating_sub(self.reading.read_to.load(Ordering::Acquire))
    }

    /// How much of the log has been looked through, in hundredths, where pages are shown without the rest.
    pub fn found_so_far(&self) -> Option<u64> {
        let (end, left) = (self.reader.position(), self.left());
        let is_behind = self.reading.beside.load(Ordering::Relaxed) && left > self.most_by_a_page();
        // Never all of it: there is something left.
        is_behind.then(|| (end.saturating_sub(left) * 100 / end.max(1)).min(99))
    }

    /// Everything that was found: to the end of the log, but where that would keep somebody waiting who only looks.
    pub(super) fn so_far(&self) -> Result<MutexGuard<'_, Book>, CommentsError> {
        // Asked after every span: the thread may have begun meanwhile.
        while self.found_so_far().is_none() && !self.does_without() && self.read_a_span()? {}
        Ok(self.look())
    }

    /// The same, with a comment that somebody names.
    pub(super) fn with(&self, id: &CommentId) -> Result<MutexGuard<'_, Book>, CommentsError> {
        let book = self.so_far()?;
        if book.one(id).is_some() {
            return Ok(book);
        }
        drop(book);
        self.up_to_date()
    }

    /// Everything that was found, to the end of the log.
    pub(super) fn up_to_date(&self) -> Result<MutexGuard<'_, Book>, CommentsError> {
        self.catch_up()?;
        Ok(self.look())
    }

    fn most_by_a_page(&self) -> u64 {
        self.reading.most_by_a_page.load(Ordering::Relaxed)
    }

    /// Has pages drawn without the rest of the log sooner than otherwise.
    #[cfg(test)]
    pub(crate) fn pages_read_at_most(&self, records: u64) {
        self.reading.most_by_a_page.store(records, Ordering::Relaxed);
    }

    /// Nobody reads for as long as what is given back stands.
    pub(super) fn pause(&self) -> Pause<'_> {
        let pauses = &self.reading.pauses;
        pauses.fetch_add(1, Ordering::Relaxed);
        Pause { pauses, _turn: self.turn() }
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.reading.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a page is drawn without what came in the last moments, because nobody can read at the moment. Whoever was forgotten is waited
    /// for.
    fn does_without(&self) -> bool {
        self.reading.pauses.load(Ordering::Relaxed) > 0 && self.left() < SPAN && !self.has_forgotten()
    }

    /// The book as it stands.
    pub(super) fn look(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to read, or somebody was forgotten.
    fn is_behind(&self) -> bool {
        self.left() > 0 || self.has_forgotten()
    }

    /// Whether somebody was forgotten whose comments are still here.
    fn has_forgotten(&self) -> bool {
        self.reading.forgotten.load(Ordering::Acquire) != self.reader.forgotten()
    }

    /// Reads some of what has come; false when nothing had.
    fn read_a_span(&self) -> Result<bool, CommentsError> {
        if !self.is_behind() {
            return Ok(false);
        }
        // One reads at a time, and the book stays free meanwhile.
        let _turn = self.turn();
        let forgotten = self.reader.forgotten();
        if self.reading.forgotten.load(Ordering::Acquire) != forgotten {
            let gone = self.reader.tombstones().map(|entry| entry.map(|(position, _)| position));
            let gone = gone.collect::<Result<BTreeSet<u64>, LogError>>()?;
            self.look().forget(&gone);
            self.reading.forgotten.store(forgotten, Ordering::Release);
        }
        let (read_to, end) = (self.reading.read_to.load(Ordering::Acquire), self.reader.position());
        let last = end.min(read_to + SPAN);
        if read_to < last {
            let found = find::find(&self.reader, &self.world, &self.lists(), read_to + 1, last)?;
            let mut book = self.look();
            for found in found {
                book.take_in(found);
            }
            self.reading.read_to.store(last, Ordering::Release);
        }
        Ok(true)
    }
}
