//! Changes to the word lists, one word at a time.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::one_line;

use super::{MAX_TERMS, Signs, SignsError, WordsFile};
use crate::comments::lists::{ListError, ListedWord};
use crate::comments::terms::{MAX_TERM_CHARACTERS, Term, folded};
use crate::durable_file::{self, Readers};

/// Which of a language's two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordKind {
    /// Words of harm that somebody did or let happen.
    Safeguarding,
    /// Words of somebody who is at the end of their strength.
    Distress,
}

/// A word that is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no list: write safeguarding or distress")]
pub struct WordKindError(String);

impl WordKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Safeguarding, Self::Distress];

    /// The list as forms and the audit name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safeguarding => "safeguarding",
            Self::Distress => "distress",
        }
    }
}

impl fmt::Display for WordKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for WordKind {
    type Err = WordKindError;

    fn from_str(text: &str) -> Result<Self, WordKindError> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| WordKindError(text.to_owned()))
    }
}

impl WordsFile {
    pub(super) fn of(&self, kind: WordKind) -> &[String] {
        match kind {
            WordKind::Safeguarding => &self.safeguarding,
            WordKind::Distress => &self.distress,
        }
    }

    fn of_mut(&mut self, kind: WordKind) -> &mut Vec<String> {
        match kind {
            WordKind::Safeguarding => &mut self.safeguarding,
            WordKind::Distress => &mut self.distress,
        }
    }
}

impl Signs {
    /// The languages that have lists.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.file.languages.keys()
    }

    /// The words of a language's list, in its order; none where there is no list.
    pub fn words(&self, language: &Language, kind: WordKind) -> &[String] {
        self.file.languages.get(language).map_or(&[], |words| words.of(kind))
    }

    /// The lists with a word more, at the end. A language that has no list gets one, which nobody has checked.
    pub(in crate::comments) fn with(&self, wish: &ListedWord) -> Result<Self, ListError> {
        // A star more than the letters of a term.
        let word = one_line::trimmed(&wish.word, MAX_TERM_CHARACTERS + 1).ok_or(ListError::NoWord)?;
        if Term::new(word).is_none() {
            return Err(ListError::NoWord);
        }
        if self.languages.values().map(|list| list.terms.len()).sum::<usize>() >= MAX_TERMS {
            return Err(ListError::Full(MAX_TERMS));
        }
        let mut file = self.file.clone();
        let empty = WordsFile { checked: false, safeguarding: Vec::new(), distress: Vec::new() };
        let words = file.languages.entry(wish.language.clone()).or_insert(empty);
        let letters = folded(word);
        if words.of(wish.kind).iter().any(|known| folded(known.trim()) == letters) {
            return Err(ListError::Already);
        }
        words.of_mut(wish.kind).push(word.to_owned());
        Self::of(file).map_err(|_| ListError::NoWord)
    }

    /// The lists with a word less.
    pub(in crate::comments) fn without(&self, wish: &ListedWord) -> Result<Self, ListError> {
        let mut file = self.file.clone();
        let words = file.languages.get_mut(&wish.language).ok_or(ListError::NotThere)?.of_mut(wish.kind);
        let (many, letters) = (words.len(), folded(wish.word.trim()));
        words.retain(|known| folded(known.trim()) != letters);
        if words.len() == many {
            return Err(ListError::NotThere);
        }
        Self::of(file).map_err(|_| ListError::NotThere)
    }

    /// The lists with that of a language checked by somebody who speaks it, or not.
    pub(in crate::comments) fn checked(&self, language: &Language, checked: bool) -> Result<Self, ListError> {
        let mut file = self.file.clone();
        let list = file.languages.get_mut(language).ok_or_else(|| ListError::NoList(language.clone()))?;
        list.checked = checked;
        Self::of(file).map_err(|_| ListError::NoList(language.clone()))
    }

    /// Writes the lists as the trust's own, durably.
    pub(in crate::comments) fn keep(&self, path: &Path) -> Result<(), SignsError> {
        let failed = |reason: String| SignsError { path: path.to_owned(), reason };
        let mut bytes = serde_json::to_vec_pretty(&self.file).map_err(|error| failed(error.to_string()))?;
        bytes.push(b'\n');
        durable_file::replace(path, &bytes, Readers::Anyone).map_err(|error| failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn word(language: &str, kind: WordKind, word: &str) -> ListedWord {
        ListedWord { language: language.parse().unwrap(), kind, word: word.to_owned() }
    }

    #[test]
    fn a_word_comes_and_goes_in_its_language_and_the_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("comment-words.json");
        let shipped = Signs::open(&path).unwrap();
        let many = shipped.words(&Language::english(), WordKind::Distress).len();
        let tether = word("en", WordKind::Distress, "  end of my tether ");
        let more = shipped.with(&tether).unwrap();
        more.keep(&path).unwrap();
        let again = Signs::open(&path).unwrap();
        let words = again.words(&Language::english(), WordKind::Distress);
        assert_eq!((words.len(), words.last().unwrap().as_str()), (many + 1, "end of my tether"));
        assert!(matches!(
            again.with(&word("en", WordKind::Distress, "End of my TETHER")),
            Err(ListError::Already)
        ));
        let less = again.without(&tether).unwrap();
        assert_eq!(less.words(&Language::english(), WordKind::Distress).len(), many);
        assert!(matches!(less.without(&tether), Err(ListError::NotThere)));
    }

    #[test]
    fn a_language_without_a_list_gets_one_that_nobody_has_checked() {
        let folder = tempfile::tempdir().unwrap();
        let signs = Signs::open(&folder.path().join("none.json")).unwrap();
        let finnish: Language = "fi".parse().unwrap();
        assert!(signs.words(&finnish, WordKind::Safeguarding).is_empty());
        assert!(matches!(signs.checked(&finnish, true), Err(ListError::NoList(_))));
        let signs = signs.with(&word("fi", WordKind::Safeguarding, "löi minua")).unwrap();
        assert!(!signs.is_checked(&finnish));
        assert!(signs.checked(&finnish, true).unwrap().is_checked(&finnish));
    }

    #[test]
    fn what_is_no_word_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let signs = Signs::open(&folder.path().join("none.json")).unwrap();
        for wrong in ["", " ", "a*b", "*", "!!", "two\nlines", &"x".repeat(MAX_TERM_CHARACTERS + 1)] {
            let wish = word("en", WordKind::Safeguarding, wrong);
            assert!(matches!(signs.with(&wish), Err(ListError::NoWord)), "{wrong:?}");
        }
        let long = word("en", WordKind::Safeguarding, &format!("{}*", "x".repeat(MAX_TERM_CHARACTERS)));
        assert!(signs.with(&long).is_ok());
    }
}
