//! What comments are about: a coding frame that the trust may replace or [change](FrameChange), suggested by words and decided by a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::one_line;

use super::terms::{Term, folded};

mod change;

pub use change::{FrameChange, ThemeWish};

/// The frame that is part of this program.
const SHIPPED: &str = include_str!("themes.json");
const MAX_THEMES: usize = 60;
const MAX_LABEL_CHARACTERS: usize = 60;

/// The id of a theme: lower-case letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ThemeId(String);

/// Why a coding frame cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("read the coding frame {path}: {reason}", path = path.display())]
pub struct FrameError {
    path: PathBuf,
    reason: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameFile {
    format: u32,
    themes: Vec<ThemeFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    id: ThemeId,
    label: String,
    #[serde(default)]
    about_consultants: bool,
    #[serde(default)]
    terms: BTreeMap<Language, Vec<String>>,
}

/// The themes that comments are coded by.
#[derive(Debug)]
pub struct Frame {
    themes: Vec<Theme>,
    /// What it was made from, to be written again with a change.
    file: FrameFile,
}

/// A theme.
#[derive(Debug)]
pub struct Theme {
    /// Its id, which stays when its label changes.
    pub id: ThemeId,
    /// What people call it.
    pub label: String,
    /// Whether comments about it are about the consultant in charge, who is then shown them once they are released.
    pub about_consultants: bool,
    terms: BTreeMap<String, Vec<Term>>,
}

/// How many comments are about a theme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThemeCount {
    /// The theme.
    pub theme: ThemeId,
    /// Its label; its id where the frame has it no more.
    pub label: String,
    /// Comments that were passed as praise.
    pub praise: u64,
    /// Comments that were passed as both or as criticism.
    pub criticism: u64,
    /// Comments that stay in the office or wait.
    pub not_released: u64,
}

impl Frame {
    /// The trust's own frame where there is one, the shipped one otherwise.
    pub fn open(path: &Path) -> Result<Self, FrameError> {
        let failed = |reason: String| FrameError { path: path.to_owned(), reason };
        match fs::read_to_string(path) {
            Ok(text) => Self::read(&text).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::read(SHIPPED).map_err(failed),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        Self::of(serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    fn of(file: FrameFile) -> Result<Self, String> {
        if file.format != 1 {
            return Err(format!("format {} is not known; write 1", file.format));
        }
        if !(1..=MAX_THEMES).contains(&file.themes.len()) {
            return Err(format!("write 1 to {MAX_THEMES} themes"));
        }
        let (mut themes, mut ids) = (Vec::new(), BTreeSet::new());
        for ThemeFile { id, label, about_consultants, terms } in file.themes.clone() {
            if !ids.insert(id.clone()) {
                return Err(format!("theme {id} stands twice"));
            }
            if !one_line::fits(&label, MAX_LABEL_CHARACTERS) {
                return Err(format!("theme {id}: write a label of 1 to {MAX_LABEL_CHARACTERS} characters"));
            }
            let mut read = BTreeMap::new();
            for (language, texts) in terms {
                let terms = texts
                    .iter()
                    .map(|text| Term::new(text).ok_or_else(|| format!("theme {id}: {text:?} is no term")));
                read.insert(language.to_string(), terms.collect::<Result<Vec<_>, _>>()?);
            }
            themes.push(Theme { id, label, about_consultants, terms: read });
        }
        Ok(Self { themes, file })
    }

    /// What tells this frame from any other.
    pub fn hash(&self) -> Hash {
        // A file of plain texts has no way to fail.
        Hash::of(&serde_json::to_vec(&self.file).unwrap_or_default())
    }

    /// Every theme, in the frame's order.
    pub fn themes(&self) -> &[Theme] {
        &self.themes
    }

    /// A theme.
    pub fn theme(&self, id: &ThemeId) -> Option<&Theme> {
        self.themes.iter().find(|theme| theme.id == *id)
    }

    /// A theme's label; its id where the frame has it no more.
    pub fn label(&self, id: &ThemeId) -> String {
        self.theme(id).map_or_else(|| id.to_string(), |theme| theme.label.clone())
    }

    /// The themes whose words stand in a text.
    pub fn suggested(&self, text: &str, language: &Language) -> BTreeSet<ThemeId> {
        let letters = folded(text);
        let spoken = language.as_str().split('-').next().unwrap_or_default();
        let stands = |theme: &&Theme| {
            let terms = ["en", spoken].into_iter().filter_map(|language| theme.terms.get(language)).flatten();
            terms.into_iter().any(|term| term.find(&letters).next().is_some())
        };
        self.themes.iter().filter(stands).map(|theme| theme.id.clone()).collect()
    }
}

impl ThemeId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ThemeId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if (1..=40).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not the id of a theme: write 1 to 40 lower-case letters, digits, - and _"))
        }
    }
}

impl TryFrom<String> for ThemeId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ThemeId> for String {
    fn from(id: ThemeId) -> String {
        id.0
    }
}

impl fmt::Display for ThemeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn suggested(text: &str) -> Vec<String> {
        let found = Frame::read(SHIPPED).unwrap().suggested(text, &"en".parse().unwrap());
        found.into_iter().map(|theme| theme.to_string()).collect()
    }

    #[test]
    fn themes_are_suggested_by_words() {
        let check = |text: &str, expected: &[&str]| assert_eq!(suggested(text), expected, "{text}");
        check("It was noisy at night.", &["noise"]);
        check("I waited a long time for my medicines.", &["medicines", "waiting"]);
        check("The doctor explained everything.", &["doctors", "information"]);
        check("Thank you.", &[]);
    }

    #[test]
    fn a_frame_that_cannot_be_used_says_why() {
        let check = |text: &str, says: &str| {
            let error = Frame::read(text).unwrap_err();
            assert!(error.contains(says), "{error}");
        };
        check(r#"{"format": 1, "themes": []}"#, "1 to 60 themes");
        check(r#"{"format": 1, "themes": [{"id": "A", "label": "A"}]}"#, "not the id of a theme");
        check(r#"{"format": 1, "themes": [{"id": "a", "label": ""}]}"#, "label");
        check(
            r#"{"format": 1, "themes": [{"id": "a", "label": "A"}, {"id": "a", "label": "B"}]}"#,
            "stands twice",
        );
        check(r#"{"format": 1, "themes": [{"id": "a", "label": "A", "terms": {"en": ["*"]}}]}"#, "no term");
        check(r#"{"format": 3, "themes": []}"#, "format 3");
    }
}
