//! The queue: comments in the order in which they are to be read.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::WardId;

use super::history::{History, Standing};
use super::{Comments, CommentsError, Found, SignKind};

/// How soon a comment should be read, the soonest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// A word of harm is in it.
    Safeguarding,
    /// A word of distress is in it.
    Distress,
    /// The name of a member of staff is in it.
    StaffName,
    /// Nobody has checked a list for its language, so that finding nothing says nothing.
    NoList,
    /// A checked list found nothing, which is no proof.
    Unmarked,
}

/// Which comments are listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// How they stand: `waiting`, `proposed`, `released`, `held` or `escalated`; all when absent.
    pub standing: Option<String>,
    /// Of one ward; of all when absent.
    pub ward: Option<WardId>,
}

/// A comment, what was decided about it, and how soon it should be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The comment.
    pub found: Found,
    /// What was decided.
    pub history: History,
    /// How soon it should be read.
    pub urgency: Urgency,
}

impl Comments {
    /// The comments of a kind: those that wait with the likely serious ones first and the oldest first among these, others with what was
    /// decided last first.
    pub fn list(&self, which: &Which) -> Result<Vec<Listed>, CommentsError> {
        let book = self.up_to_date()?;
        let mut listed: Vec<Listed> = Vec::new();
        for (id, found) in &book.found {
            let history = book.histories.get(id);
            let standing = history.map_or(Standing::Waiting.as_str(), |history| history.standing().as_str());
            let is_asked = which.standing.as_ref().is_none_or(|asked| asked == standing)
                && which.ward.as_ref().is_none_or(|ward| found.ward == *ward);
            if is_asked {
                let history = history.cloned().unwrap_or_default();
                listed.push(Listed { found: found.clone(), history, urgency: self.urgency(found) });
            }
        }
        drop(book);
        let waits = |one: &Listed| *one.history.standing() == Standing::Waiting;
        listed.sort_by(|a, b| match (waits(a), waits(b)) {
            (true, true) => {
                (a.urgency, a.found.position, &a.found.id).cmp(&(b.urgency, b.found.position, &b.found.id))
            }
            (false, false) => b.history.last().cmp(&a.history.last()),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        });
        Ok(listed)
    }

    /// How many comments stand how: waiting, proposed, released, held, escalated.
    pub fn counts(&self) -> Result<[(&'static str, u64); 5], CommentsError> {
        let book = self.up_to_date()?;
        let mut counts = ["waiting", "proposed", "escalated", "held", "released"].map(|standing| (standing, 0));
        for id in book.found.keys() {
            let standing = book.histories.get(id).map_or("waiting", |history| history.standing().as_str());
            counts.iter_mut().filter(|(name, _)| *name == standing).for_each(|(_, count)| *count += 1);
        }
        Ok(counts)
    }

    /// How soon a comment should be read.
    pub fn urgency(&self, found: &Found) -> Urgency {
        match found.signs.iter().map(|sign| sign.kind).min() {
            Some(SignKind::Safeguarding) => Urgency::Safeguarding,
            Some(SignKind::Distress) => Urgency::Distress,
            Some(SignKind::StaffName) => Urgency::StaffName,
            None if self.has_checked_list(&found.language) => Urgency::Unmarked,
            None => Urgency::NoList,
        }
    }
}
