//! What comments are looked through for, and changes to it while the server runs: a word more, a word less, a language that somebody has
//! checked, a name of staff more or less.
//!
//! A change is one word or one name and not a list, so that two people who change lists at the same time lose nothing of each other's. The files
//! are read again before each, so that what somebody has written into them by hand stays. The trust's own file is replaced as a whole and
//! durably; then every comment is looked through again, and the queue stands in its new order before the change is told as done. Whoever looks at
//! the queue meanwhile sees it in its old order, and waits for nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::Language;

use super::kept::Number;
use super::terms::MAX_TERM_CHARACTERS;
use super::{
    Comments, CommentsError, Lists, NAMES_FILE, Names, NamesError, SIGNS_FILE, Sign, Signs, SignsError, WordKind,
};
use crate::help::StaffRole;

/// So many comments are copied at once to be looked through.
pub(super) const SPAN: usize = 500;

/// What is to be different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListChange {
    /// A word more.
    AddWord(ListedWord),
    /// A word less.
    RemoveWord(ListedWord),
    /// Somebody who speaks a language has checked its list, or finds that nobody has.
    Checked {
        /// The language.
        language: Language,
        /// Whether its silence says something.
        checked: bool,
    },
    /// A name more.
    AddName {
        /// The name, in a form that patients use.
        name: String,
        /// The role that takes its place.
        role: Option<StaffRole>,
    },
    /// A name less.
    RemoveName {
        /// The name as it is listed.
        name: String,
    },
}

/// A word of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedWord {
    /// The language.
    pub language: Language,
    /// What it is a sign of.
    pub kind: WordKind,
    /// The word or the few words, a star at the end for any ending.
    pub word: String,
}

/// Why a list cannot be changed. Says no name.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The word list cannot be used or written.
    #[error(transparent)]
    Signs(#[from] SignsError),
    /// The list of names cannot be used or written.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// It is on the list.
    #[error("add it: it is on the list already")]
    Already,
    /// It is not on the list.
    #[error("take it off: it is not on the list any more")]
    NotThere,
    /// A language has no list.
    #[error("check the list: there is none for {0} yet")]
    NoList(Language),
    /// It is no word.
    #[error(
        "add it: write 1 to {MAX_TERM_CHARACTERS} characters with a letter among them, and a star at the end at most"
    )]
    NoWord,
    /// It is no name.
    #[error(
        "add it: write a name of 2 to {MAX_TERM_CHARACTERS} characters on one line, without stars, = and a leading #"
    )]
    NoName,
    /// The list is full.
    #[error("add it: the list is full with {0}; take some off first")]
    Full(usize),
}

impl ListChange {
    /// How it is noted who did it: about what, and what was done. No name of staff is in it.
    pub fn noted(&self) -> (String, String) {
        let of = |word: &ListedWord| format!("words:{}", word.language);
        match self {
            Self::AddWord(word) => (of(word), format!("add {}: {}", word.kind, word.word)),
            Self::RemoveWord(word) => (of(word), format!("remove {}: {}", word.kind, word.word)),
            Self::Checked { language, checked: true } => (format!("words:{language}"), "checked".to_owned()),
            Self::Checked { language, checked: false } => (format!("words:{language}"), "not checked".to_owned()),
            Self::AddName { .. } => (NAMES_FILE.to_owned(), "add a name".to_owned()),
            Self::RemoveName { .. } => (NAMES_FILE.to_owned(), "remove a name".to_owned()),
        }
    }
}

impl Lists {
    /// The lists of a data folder.
    pub(super) fn open(data: &Path) -> Result<Self, ListError> {
        Ok(Self { signs: Signs::open(&data.join(SIGNS_FILE))?, names: Names::open(&data.join(NAMES_FILE))? })
    }

    /// The word lists.
    pub fn signs(&self) -> &Signs {
        &self.signs
    }

    /// The names of staff. They stand on the page of the lists and on no other, and in the answer of the command that asks for them.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The lists of a data folder with a change, which is on the disk by then.
    fn changed(data: &Path, change: &ListChange) -> Result<Self, ListError> {
        let Self { mut signs, mut names } = Self::open(data)?;
        let (signs_path, names_path) = (data.join(SIGNS_FILE), data.join(NAMES_FILE));
        match change {
            ListChange::AddName { name, role } => {
                names = names.with(name, role.as_ref())?;
                names.keep(&names_path)?;
            }
            ListChange::RemoveName { name } => {
                names = names.without(name)?;
                names.keep(&names_path)?;
            }
            change => {
                signs = match change {
                    ListChange::AddWord(word) => signs.with(word)?,
                    ListChange::RemoveWord(word) => signs.without(word)?,
                    ListChange::Checked { language, checked } => signs.checked(language, *checked)?,
                    ListChange::AddName { .. } | ListChange::RemoveName { .. } => signs,
                };
                signs.keep(&signs_path)?;
            }
        }
        Ok(Self { signs, names })
    }
}

impl Comments {
    /// What comments are looked through for.
    pub fn lists(&self) -> Arc<Lists> {
        Arc::clone(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a list, durably, and looks through every comment again by what it says now.
    pub fn change_lists(&self, change: &ListChange) -> Result<(), CommentsError> {
        // What is being read now is looked through for what the lists say now, so it is waited for; what comes later is looked through for
        // what they say then.
        let _pause = self.pause();
        let lists = Arc::new(Lists::changed(&self.data, change)?);
        let found = self.found_anew(&lists);
        let mut book = self.look();
        book.go_by(Arc::clone(&lists), found);
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = lists;
        Ok(())
    }

    /// What other lists find in comments, where that is something else. Nobody reads meanwhile; whoever looks does, between two spans.
    fn found_anew(&self, lists: &Lists) -> BTreeMap<Number, Box<[Sign]>> {
        let mut found = BTreeMap::new();
        let given = self.look().kept.given();
        for from in (0..given).step_by(SPAN) {
            let texts = self.look().kept.texts(from, SPAN);
            found.extend(texts.iter().filter_map(|text| text.found_anew(lists)));
        }
        found
    }
}
