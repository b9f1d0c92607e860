//! What people wrote, and decisions about it, by command. The socket is its owner's, who could read the log as well.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{Language, WardId};

use super::{Talk, say};
use crate::audit::Deed;
use crate::comments::{
    CommentId, Decided, Edit, Found, History, ListChange, Listed, Sign, ThemeId, Urgency, Which, Wish, WordKind,
    apply, edits_for, suggested, words,
};
use crate::help::StaffRole;
use crate::ingest::Change;
use crate::premises::{House, failed};

/// What is asked about comments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentsAsk {
    /// Answers with comments, in the order in which they are to be read.
    List(Which),
    /// Answers with one.
    Show(CommentId),
    /// Strikes words out of a text, or puts a role in their place, and answers with the comment.
    Strike {
        /// The comment.
        comment: CommentId,
        /// The words, as they stand in the text; none to show it unedited again.
        words: Option<String>,
        /// The role.
        role: Option<StaffRole>,
        /// Who decides.
        by: StaffRole,
    },
    /// Decides, and answers with the comment.
    Decide {
        /// The comment.
        comment: CommentId,
        /// What is to happen.
        wish: Wish,
        /// Who decides.
        by: StaffRole,
    },
    /// Takes the last decision that stands back, and answers with the comment.
    Undo {
        /// The comment.
        comment: CommentId,
        /// Who decides.
        by: StaffRole,
    },
    /// Answers with how many comments are about what.
    Themes {
        /// The unit.
        unit: Unit,
        /// The period's name.
        period: String,
    },
    /// Answers with the words of a language, after a change where one is wished.
    Words {
        /// The language.
        language: Language,
        /// What is to be different.
        change: Option<ListChange>,
    },
    /// Answers with the names of staff, after a change where one is wished.
    Names {
        /// What is to be different.
        change: Option<ListChange>,
    },
}

impl CommentsAsk {
    /// What is noted of it, where it changes something or shows what nobody has passed: what is done, about what, and how.
    pub(super) fn noted(&self) -> Option<(Deed, String, Option<String>)> {
        if let Some(comment) = self.decided() {
            return Some((Deed::DecidedComment, format!("comment:{comment}"), None));
        }
        match self {
            Self::Words { change: Some(change), .. } | Self::Names { change: Some(change) } => {
                let (about, detail) = change.noted();
                Some((Deed::ChangedLists, about, Some(detail)))
            }
            Self::List(_) | Self::Show(_) => Some((Deed::SawRecords, "comments".to_owned(), None)),
            _ => None,
        }
    }

    /// The comment about which something is decided.
    fn decided(&self) -> Option<&CommentId> {
        match self {
            Self::Strike { comment, .. } | Self::Decide { comment, .. } | Self::Undo { comment, .. } => {
                Some(comment)
            }
            Self::List(_) | Self::Show(_) | Self::Themes { .. } | Self::Words { .. } | Self::Names { .. } => None,
        }
    }
}

/// The words that comments in a language are looked through for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordLists {
    /// The language.
    pub language: Language,
    /// Whether somebody who speaks it has checked the lists.
    pub checked: bool,
    /// Words of harm.
    pub safeguarding: Vec<String>,
    /// Words of distress.
    pub distress: Vec<String>,
}

/// A listed name of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffName {
    /// The name, in a form that patients use.
    pub name: String,
    /// The role that takes its place.
    pub role: Option<StaffRole>,
}

/// A comment as commands show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentLine {
    /// Its name.
    pub id: CommentId,
    /// The ward.
    pub ward: WardId,
    /// The local day.
    pub day: Date,
    /// The language the interview was in.
    pub language: String,
    /// What was asked.
    pub asked: String,
    /// How soon it should be read.
    pub urgency: Urgency,
    /// How it stands, in one word.
    pub standing: String,
    /// The text as it was written.
    pub text: String,
    /// The text as it would be shown.
    pub shown: String,
    /// Words of the lists.
    pub signs: Vec<Sign>,
    /// What is struck out or replaced.
    pub edits: Vec<Edit>,
    /// What it is about, as somebody has decided.
    pub themes: Vec<ThemeId>,
    /// What its words suggest that it is about.
    pub suggested: Vec<ThemeId>,
    /// Every decision, the oldest first.
    pub history: Vec<Decided>,
}

/// Does what is asked.
pub(super) fn comments(house: &House, asked: CommentsAsk, talk: &mut dyn Talk) -> Result<bool> {
    let now = Timestamp::now();
    match asked {
        CommentsAsk::List(which) => {
            for Listed { found, history, .. } in house.comments.list(&which).map_err(failed)? {
                say(talk, &line(house, found, &history))?;
            }
            Ok(true)
        }
        CommentsAsk::Show(comment) => show(house, &comment, talk),
        CommentsAsk::Strike { comment, words, role, by } => {
            let (found, history) = house.comments.one(&comment).map_err(failed)?;
            let edits = match &words {
                None => Vec::new(),
                Some(words) => struck(&found, &history, words, role.as_ref())?,
            };
            decide(house, &comment, &history, &by, &Wish::Redact(edits), now)?;
            show(house, &comment, talk)
        }
        CommentsAsk::Decide { comment, wish, by } => {
            let (_, history) = house.comments.one(&comment).map_err(failed)?;
            decide(house, &comment, &history, &by, &wish, now)?;
            show(house, &comment, talk)
        }
        CommentsAsk::Undo { comment, by } => {
            let (_, history) = house.comments.one(&comment).map_err(failed)?;
            let last = history.undoable().context("failed to undo: nothing was decided that stands")?.number;
            decide(house, &comment, &history, &by, &Wish::Undo(last), now)?;
            show(house, &comment, talk)
        }
        CommentsAsk::Themes { unit, period } => {
            let period = house.premises.config.calendar.period(&period).context("failed to read the period")?;
            house.comments.catch_up().map_err(failed)?;
            for count in house.comments.theme_counts(&unit, &period).map_err(failed)? {
                say(talk, &count)?;
            }
            Ok(true)
        }
        CommentsAsk::Words { language, change } => word_lists(house, language, change.as_ref(), talk),
        CommentsAsk::Names { change } => staff_names(house, change.as_ref(), talk),
    }
}

fn word_lists(
    house: &House,
    language: Language,
    change: Option<&ListChange>,
    talk: &mut dyn Talk,
) -> Result<bool> {
    if let Some(change) = change {
        house.comments.change_lists(change).map_err(failed)?;
    }
    let lists = house.comments.lists();
    let signs = lists.signs();
    let of = |kind| signs.words(&language, kind).to_vec();
    let (safeguarding, distress) = (of(WordKind::Safeguarding), of(WordKind::Distress));
    let checked = signs.languages().any(|known| *known == language) && signs.is_checked(&language);
    say(talk, &WordLists { language, checked, safeguarding, distress })?;
    Ok(true)
}

fn staff_names(house: &House, change: Option<&ListChange>, talk: &mut dyn Talk) -> Result<bool> {
    if let Some(change) = change {
        house.comments.change_lists(change).map_err(failed)?;
    }
    let lists = house.comments.lists();
    for (name, role) in lists.names().listed() {
        say(talk, &StaffName { name: name.clone(), role: role.clone() })?;
    }
    Ok(true)
}

fn show(house: &House, comment: &CommentId, talk: &mut dyn Talk) -> Result<bool> {
    let (found, history) = house.comments.one(comment).map_err(failed)?;
    say(talk, &line(house, found, &history))?;
    Ok(true)
}

fn decide(
    house: &House,
    comment: &CommentId,
    history: &History,
    by: &StaffRole,
    wish: &Wish,
    now: Timestamp,
) -> Result<()> {
    house.comments.decide(comment, history.last(), by, wish, now).map_err(failed)?;
    let (found, _) = house.comments.one(comment).map_err(failed)?;
    // Nobody has to be looking.
    drop(house.changes.send(Change { wards: vec![found.ward], position: house.reader().position() }));
    Ok(())
}

/// The edits once every place of some words is struck out too.
fn struck(found: &Found, history: &History, wanted: &str, role: Option<&StaffRole>) -> Result<Vec<Edit>> {
    let bare = |text: &str| text.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
    let wanted: Vec<String> = wanted.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect();
    let there: Vec<String> = words(&found.text).iter().map(|word| bare(&word.text)).collect();
    let begins = there.windows(wanted.len().max(1)).enumerate().filter(|(_, window)| *window == wanted.as_slice());
    let chosen: Vec<usize> = begins.flat_map(|(place, _)| place..place + wanted.len()).collect();
    anyhow::ensure!(
        !chosen.is_empty(),
        "failed to edit the text: these words do not stand in it, one after the other"
    );
    Ok(edits_for(&found.text, history.edits(), &chosen, role))
}

fn line(house: &House, found: Found, history: &History) -> CommentLine {
    CommentLine {
        ward: found.ward.clone(),
        day: found.day,
        language: found.language.to_string(),
        asked: found.asked.clone(),
        urgency: house.comments.urgency(&found),
        standing: history.standing().as_str().to_owned(),
        shown: apply(&found.text, history.edits()),
        edits: history.edits().to_vec(),
        themes: history.themes().iter().cloned().collect(),
        suggested: suggested(&house.comments.frame(), &found).into_iter().collect(),
        history: history.entries().to_vec(),
        id: found.id,
        text: found.text,
        signs: found.signs,
    }
}

#[cfg(test)]
mod tests;
