//! Words that many sheets say alike: of questions, options, scales and wards.
//!
//! Each distinct text is kept once and for as long as the program runs. So a sheet has its words without copying them, and without counting
//! who else has them, which would make processors that make sheets side by side wait for each other.
//!
//! Bounds: these are texts of definitions, questionnaires and directories alone, of which a program reads a few at its start. Nothing that
//! anybody answered becomes a word.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};
use wardvoice_protocol::questionnaire::{QuestionFile, Questionnaire};

use super::definition::english;
use super::scheme::{CaseMix, Scheme};

/// A text that is kept once; a copy of it is as small as a reference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(&'static str);

/// What sheets say of a questionnaire and of the scales of a definition.
#[derive(Debug, Clone)]
pub(super) struct Words {
    questions: Vec<QuestionWords>,
    scales: Vec<Word>,
    cells: Vec<&'static [Word]>,
}

/// What sheets say of a question.
#[derive(Debug, Clone)]
pub(super) struct QuestionWords {
    /// Its id.
    pub(super) id: Word,
    /// Its English wording.
    pub(super) label: Word,
    /// The id and the English wording of each option.
    pub(super) options: Vec<(Word, Word)>,
}

impl Word {
    /// What wards are called among groups.
    pub(super) const WARD: Self = Self("ward");

    /// A text of a definition, a questionnaire or a directory.
    pub(crate) fn of(text: &str) -> Self {
        static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = known.get(text) {
            return Self(word);
        }
        let kept: Box<str> = text.into();
        let word: &'static str = Box::leak(kept);
        known.insert(word);
        Self(word)
    }

    /// Several as a list that is kept once too.
    fn list(words: Vec<Self>) -> &'static [Self] {
        static KNOWN: Mutex<BTreeSet<&'static [Word]>> = Mutex::new(BTreeSet::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = known.get(words.as_slice()) {
            return list;
        }
        let list: &'static [Self] = Vec::leak(words);
        known.insert(list);
        list
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl Words {
    pub(super) fn new(questionnaire: &Questionnaire, scheme: &Scheme) -> Self {
        let question = |question: &QuestionFile| QuestionWords {
            id: Word::of(question.id.as_str()),
            label: Word::of(&english(&question.text)),
            options: question
                .options
                .iter()
                .map(|option| (Word::of(option.id.as_str()), Word::of(&english(&option.text))))
                .collect(),
        };
        let cells = |mix: &CaseMix| -> Vec<&'static [Word]> {
            let words = |cell| mix.options_of(cell).map(|option| Word::of(option.as_str())).collect();
            (0..mix.cells()).map(|cell| Word::list(words(cell))).collect()
        };
        Self {
            cells: scheme.case_mix.as_ref().map(cells).unwrap_or_default(),
            questions: questionnaire.questions().iter().map(question).collect(),
            scales: scheme.nodes.iter().map(|node| Word::of(&node.label)).collect(),
        }
    }

    /// Those of the question at a place of the questionnaire.
    pub(super) fn question(&self, position: usize) -> Option<&QuestionWords> {
        self.questions.get(position)
    }

    /// The options of a cell of the case mix.
    pub(super) fn cell(&self, cell: usize) -> &'static [Word] {
        self.cells.get(cell).copied().unwrap_or_default()
    }

    /// What pages call the scale at a place among the nodes.
    pub(super) fn scale(&self, place: usize) -> Option<Word> {
        self.scales.get(place).copied()
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl Borrow<str> for Word {
    fn borrow(&self) -> &str {
        self.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, formatter)
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_text_is_kept_once_and_is_written_as_it_is() {
        let text = String::from("Could you “rest”?");
        let (one, other) = (Word::of("Could you “rest”?"), Word::of(&text));
        assert!(std::ptr::eq(one.as_str(), other.as_str()), "it was kept twice");
        assert_ne!(one, Word::of("Could you rest?"));
        assert_eq!(one, "Could you “rest”?");
        assert_eq!(Word::WARD, Word::of("ward"));
        let list = || Word::list(vec![one, Word::WARD]);
        assert!(std::ptr::eq(list(), list()), "a list was kept twice");
        assert_eq!(list().join(" "), "Could you “rest”? ward");
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(one.as_str()).unwrap());
        assert_eq!(format!("{one} {one:?}"), format!("{0} {0:?}", one.as_str()));
    }
}
