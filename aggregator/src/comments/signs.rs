//! Signs: words of harm and distress, so that the likely serious comments are read first.
//!
//! A list finds what it has and misses what it does not, in every language: of 7,908 comments of a real programme a list flagged four. So
//! every comment is read, and a language whose list nobody who speaks it has checked is treated as one without a list: its comments
//! are read before those in which a checked list found nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::Language;

use super::names::Names;
use super::terms::{MAX_TERM_CHARACTERS, Term, Terms, folded};
use crate::help::StaffRole;

mod change;

pub use change::{WordKind, WordKindError};

/// The list that is part of this program.
const SHIPPED: &str = include_str!("words.json");
/// The most terms of a file.
const MAX_TERMS: usize = 5_000;

/// What a word is a sign of, the most serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignKind {
    /// Harm that somebody did or let happen.
    Safeguarding,
    /// That somebody is at the end of their strength.
    Distress,
    /// The name of a member of staff.
    StaffName,
}

/// A word of a list in a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// What it is a sign of.
    pub kind: SignKind,
    /// The first character, from 0.
    pub from: usize,
    /// The first character after it.
    pub to: usize,
    /// For a name, the role that may take its place.
    pub role: Option<StaffRole>,
}

/// Why a word list cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("read the word list {path}: {reason}", path = path.display())]
pub struct SignsError {
    path: PathBuf,
    reason: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignsFile {
    format: u32,
    languages: BTreeMap<Language, WordsFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    checked: bool,
    safeguarding: Vec<String>,
    distress: Vec<String>,
}

/// The word lists.
#[derive(Debug)]
pub struct Signs {
    languages: BTreeMap<String, List>,
    /// What they were made from, to be written again with a change.
    file: SignsFile,
}

#[derive(Debug)]
struct List {
    checked: bool,
    terms: Terms<SignKind>,
}

impl Signs {
    /// The trust's own list where there is one, the shipped one otherwise.
    pub fn open(path: &Path) -> Result<Self, SignsError> {
        let failed = |reason: String| SignsError { path: path.to_owned(), reason };
        match fs::read_to_string(path) {
            Ok(text) => Self::read(&text).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::read(SHIPPED).map_err(failed),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        Self::of(serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    fn of(file: SignsFile) -> Result<Self, String> {
        if file.format != 1 {
            return Err(format!("format {} is not known; write 1", file.format));
        }
        let mut languages = BTreeMap::new();
        for (language, words) in &file.languages {
            let kinds = [(SignKind::Safeguarding, &words.safeguarding), (SignKind::Distress, &words.distress)];
            let mut terms = Vec::new();
            for (kind, texts) in kinds {
                for text in texts {
                    let term = Term::new(text).ok_or_else(|| {
                        format!("{language}: {text:?} is no term: write 1 to {MAX_TERM_CHARACTERS} characters, a star at the end at most")
                    })?;
                    terms.push((term, kind));
                }
            }
            languages.insert(language.to_string(), List { checked: words.checked, terms: Terms::new(terms) });
        }
        if languages.values().map(|list| list.terms.len()).sum::<usize>() > MAX_TERMS {
            return Err(format!("it has more than {MAX_TERMS} terms"));
        }
        Ok(Self { languages, file })
    }

    /// Whether somebody who speaks a language has checked its list, so that its silence says something.
    pub fn is_checked(&self, language: &Language) -> bool {
        self.list(language.as_str()).is_some_and(|list| list.checked)
    }

    /// The list of a language; easy read is the same language.
    fn list(&self, language: &str) -> Option<&List> {
        let spoken = language.split('-').next().unwrap_or(language);
        self.languages.get(language).or_else(|| self.languages.get(spoken))
    }

    /// Every sign in a text, in its order: by the list of the language the interview was in, by the English one, which many write
    /// in all the same, and by the names of staff.
    pub(super) fn find(&self, text: &str, language: &Language, names: &Names) -> Vec<Sign> {
        let letters = folded(text);
        let mut signs = Vec::new();
        let own = self.list(language.as_str());
        let english = self.list("en").filter(|english| own.is_none_or(|own| !std::ptr::eq(own, *english)));
        for list in own.into_iter().chain(english) {
            signs.extend(list.terms.find(&letters).map(|(kind, from, to)| Sign {
                kind: *kind,
                from,
                to,
                role: None,
            }));
        }
        let name_sign = |(role, from, to): (&Option<StaffRole>, _, _)| Sign {
            kind: SignKind::StaffName,
            from,
            to,
            role: role.clone(),
        };
        signs.extend(names.find(&letters).map(name_sign));
        signs.sort_by_key(|sign| (sign.from, sign.kind));
        signs
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn shipped() -> Signs {
        Signs::read(SHIPPED).unwrap()
    }

    fn kinds(text: &str, language: &str) -> Vec<(SignKind, String)> {
        let signs = shipped().find(text, &language.parse().unwrap(), &Names::default());
        let of = |sign: Sign| (sign.kind, text.chars().skip(sign.from).take(sign.to - sign.from).collect());
        signs.into_iter().map(of).collect()
    }

    #[test]
    fn words_of_harm_and_distress_are_found_as_whole_words() {
        let check = |text: &str, expected: &[(SignKind, &str)]| {
            let expected: Vec<_> = expected.iter().map(|(kind, word)| (*kind, (*word).to_owned())).collect();
            assert_eq!(kinds(text, "en"), expected, "{text}");
        };
        let (harm, distress) = (SignKind::Safeguarding, SignKind::Distress);
        check("A porter HIT ME on the arm.", &[(harm, "HIT ME")]);
        check("I was bruised, and\nthey shouted at me", &[(harm, "bruised"), (harm, "shouted at")]);
        check("I can’t go on", &[(distress, "can’t go on")]);
        check("I thought of suicide", &[(distress, "suicide")]);
        check("A white mess. Thieves' market. The skilled staff.", &[]);
        check("Everything was fine, thank you.", &[]);
    }

    #[test]
    fn every_offered_language_has_a_list_that_says_whether_it_was_checked() {
        let signs = shipped();
        let questionnaire = wardvoice_protocol::questionnaire::Questionnaire::inpatient().unwrap();
        for language in questionnaire.file().languages.keys() {
            let list = signs.list(language.as_str());
            assert!(list.is_some_and(|list| list.terms.len() >= 6), "{language} has no list");
            let is_english = language.as_str().starts_with("en");
            assert_eq!(signs.is_checked(language), is_english, "{language}");
        }
        assert!(!signs.is_checked(&"xx".parse().unwrap()));
    }

    #[test]
    fn other_scripts_are_found_with_their_vowel_signs() {
        for (language, text) in [
            ("pl", "Pielęgniarz mnie uderzył."),
            ("ar", "أفكر في الانتحار"),
            ("bn", "আমি আত্মহত্যা করতে চাই"),
            ("es", "Quiero morir."),
            ("cy", "Dw i eisiau marw"),
        ] {
            assert!(!kinds(text, language).is_empty(), "{language}: {text}");
        }
        assert_eq!(kinds("a nurse slapped me", "pl").len(), 1, "many write in English all the same");
    }

    #[test]
    fn a_list_that_cannot_be_used_says_why() {
        let check = |text: &str, says: &str| {
            let error = Signs::read(text).unwrap_err();
            assert!(error.contains(says), "{error}");
        };
        check("{", "EOF");
        check(r#"{"format": 2, "languages": {}}"#, "format 2");
        check(
            r#"{"format": 1, "languages": {"en": {"checked": true, "safeguarding": ["a*b"], "distress": []}}}"#,
            "a*b",
        );
        check(
            r#"{"format": 1, "languages": {"en": {"checked": true, "safeguarding": [""], "distress": []}}}"#,
            "no term",
        );
        check(r#"{"format": 1, "languages": {"en": {"safeguarding": [], "distress": []}}}"#, "checked");
    }

    #[test]
    fn a_long_comment_is_looked_through_at_once() {
        let text = "they hit me and hit me ".repeat(43);
        let began = std::time::Instant::now();
        assert!(kinds(&text, "en").len() >= 80);
        assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
