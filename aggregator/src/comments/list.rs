//! The queue: comments in the order in which they are to be read.

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{Language, WardId};

use super::history::History;
use super::index::STANDINGS;
use super::{Comments, CommentsError, Found, Lists, Sign, SignKind};

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

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The comments on it.
    pub listed: Vec<Listed>,
    /// Its number, from 1: the one that was asked for, or the last there is.
    pub page: usize,
    /// How many pages there are, at least one.
    pub pages: usize,
}

impl Comments {
    /// The comments of a kind: those that wait with the likely serious ones first and the oldest first among these, others with what was
    /// decided last first.
    pub fn list(&self, which: &Which) -> Result<Vec<Listed>, CommentsError> {
        self.catch_up()?;
        Ok(self.leaf(which, 1, usize::MAX)?.listed)
    }

    /// A page of the same with at most so many comments.
    pub fn leaf(&self, which: &Which, page: usize, most: usize) -> Result<Leaf, CommentsError> {
        let book = self.so_far()?;
        let pages = book.index.len(which).div_ceil(most).max(1);
        let page = page.clamp(1, pages);
        let lists = self.lists();
        let turns = book.index.turns(which).skip((page - 1).saturating_mul(most)).take(most);
        let listed = turns.filter_map(|number| {
            let kept = book.kept.get(number)?;
            let urgency = lists.urgency(kept.signs(), kept.language());
            Some(Listed { found: kept.found(), history: kept.history().clone(), urgency })
        });
        Ok(Leaf { listed: listed.collect(), page, pages })
    }

    /// How many comments stand how: waiting, proposed, escalated, held, released.
    pub fn counts(&self) -> Result<[(&'static str, u64); 5], CommentsError> {
        let counts = self.so_far()?.index.counts();
        let mut named = STANDINGS.map(|standing| (standing, 0));
        for ((_, count), counted) in named.iter_mut().zip(counts) {
            *count = counted;
        }
        Ok(named)
    }

    /// How soon a comment should be read.
    pub fn urgency(&self, found: &Found) -> Urgency {
        self.lists().urgency(&found.signs, &found.language)
    }
}

impl Lists {
    /// How soon a comment should be read, by the words in it.
    pub(super) fn urgency(&self, signs: &[Sign], language: &Language) -> Urgency {
        match signs.iter().map(|sign| sign.kind).min() {
            Some(SignKind::Safeguarding) => Urgency::Safeguarding,
            Some(SignKind::Distress) => Urgency::Distress,
            Some(SignKind::StaffName) => Urgency::StaffName,
            None if self.signs.is_checked(language) => Urgency::Unmarked,
            None => Urgency::NoList,
        }
    }
}
