//! Everything that is known of comments, as it stands in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::history::{Decided, DecisionError, History};
use super::index::Index;
use super::kept::{AllKept, Kept, Number};
use super::signs::Sign;
use super::{CommentId, CommentsError, Event, Found, Lists, decided};
use crate::ledger::Ledger;

/// The comments that were found, what was decided about them, and the lists they stand in.
#[derive(Debug)]
pub(super) struct Book {
    ledger: Ledger,
    /// Every comment that was found, with what was decided about it.
    pub(super) kept: AllKept,
    /// What was decided about comments that have not been found yet, and about those that were forgotten.
    elsewhere: BTreeMap<CommentId, History>,
    /// The comments that were found, by how they stand.
    pub(super) index: Index,
    lists: Arc<Lists>,
}

impl Book {
    /// A book that has the decisions of a ledger and has found no comment yet.
    pub(super) fn new(ledger: Ledger, decided: BTreeMap<CommentId, History>, lists: Arc<Lists>) -> Self {
        Self { ledger, kept: AllKept::default(), elsewhere: decided, index: Index::default(), lists }
    }

    /// A comment that was found.
    pub(super) fn one(&self, id: &CommentId) -> Option<&Kept> {
        self.kept.get(self.kept.number(id)?)
    }

    /// A comment that was found, with what was decided about it before.
    pub(super) fn take_in(&mut self, found: Found) {
        let history = self.elsewhere.remove(&found.id);
        let number = self.kept.put(found, history);
        if let Some((number, kept)) = number.and_then(|number| Some((number, self.kept.get(number)?))) {
            self.index.put(number, kept, self.lists.urgency(kept.signs(), kept.language()));
        }
    }

    /// Goes by other lists, which find something else in some comments.
    pub(super) fn go_by(&mut self, lists: Arc<Lists>, mut found: BTreeMap<Number, Box<[Sign]>>) {
        let Self { kept, index, lists: before, .. } = self;
        for (number, one) in kept.each_mut() {
            let urgency = before.urgency(one.signs(), one.language());
            if let Some(signs) = found.remove(&number) {
                one.mark(signs);
            }
            let now = lists.urgency(one.signs(), one.language());
            if now != urgency {
                index.take_out(number, one, urgency);
                index.put(number, one, now);
            }
        }
        *before = lists;
    }

    /// Lets go of the comments of records that were forgotten. What was decided about them stays in the ledger, which has no text.
    pub(super) fn forget(&mut self, positions: &BTreeSet<u64>) {
        for (number, mut kept) in self.kept.take_out(positions) {
            self.index.take_out(number, &kept, self.lists.urgency(kept.signs(), kept.language()));
            if let Some(history) = kept.take_history() {
                self.elsewhere.insert(kept.id(), history);
            }
        }
    }

    /// Takes decisions down, durably, and goes by them.
    pub(super) fn write(&mut self, now: Timestamp, events: Vec<Event>) -> Result<Vec<Decided>, CommentsError> {
        let mut written = Vec::with_capacity(events.len());
        for entry in self.ledger.append_all(now, events)? {
            let (comment, decided) = decided(entry);
            self.push(comment, decided.clone())?;
            written.push(decided);
        }
        Ok(written)
    }

    /// A decision more about a comment.
    fn push(&mut self, comment: CommentId, decided: Decided) -> Result<(), DecisionError> {
        let Some(number) = self.kept.number(&comment) else {
            return self.elsewhere.entry(comment).or_default().push(decided);
        };
        let Some(kept) = self.kept.get_mut(number) else { return Ok(()) };
        let urgency = self.lists.urgency(kept.signs(), kept.language());
        self.index.take_out(number, kept, urgency);
        let pushed = kept.history_mut().push(decided);
        self.index.put(number, kept, urgency);
        pushed
    }
}
