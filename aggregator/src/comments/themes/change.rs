//! Changes to the coding frame: a theme more, a theme that is called otherwise or suggested by other words, a theme less.
//!
//! The trust's own file is replaced as a whole. A theme that is retired stays with the comments that were coded by it, under its id, and cannot be
//! chosen any more; so a change takes nothing back that a person has decided.

use std::collections::BTreeMap;
use std::path::Path;

use wardvoice_protocol::id::Language;

use super::{Frame, FrameError, ThemeFile, ThemeId};
use crate::durable_file::{self, Readers};

/// What is to be different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameChange {
    /// A theme more, at the end.
    Add(ThemeWish),
    /// A theme is other than it was; its id stays.
    Change(ThemeWish),
    /// A theme less.
    Retire(ThemeId),
}

/// A theme as somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeWish {
    /// Its id.
    pub id: ThemeId,
    /// What people call it.
    pub label: String,
    /// Whether comments about it are about the consultant in charge.
    pub about_consultants: bool,
    /// The English words that suggest it. Those of other languages stay.
    pub terms: Vec<String>,
}

impl FrameChange {
    /// The theme that it is about.
    pub fn theme(&self) -> &ThemeId {
        match self {
            Self::Add(wish) | Self::Change(wish) => &wish.id,
            Self::Retire(id) => id,
        }
    }
}

impl Frame {
    /// The frame with a change, checked as a file would be.
    pub(in crate::comments) fn changed(&self, change: &FrameChange, path: &Path) -> Result<Self, FrameError> {
        let failed = |reason: String| FrameError { path: path.to_owned(), reason };
        let mut file = self.file.clone();
        let place = file.themes.iter().position(|theme| theme.id == *change.theme());
        match (change, place) {
            (FrameChange::Add(wish), None) => {
                let (label, terms) = (wish.label.clone(), BTreeMap::new());
                let mut theme = ThemeFile { id: wish.id.clone(), label, about_consultants: false, terms };
                wish.put(&mut theme);
                file.themes.push(theme);
            }
            (FrameChange::Add(wish), Some(_)) => {
                return Err(failed(format!("theme {} is there already", wish.id)));
            }
            (FrameChange::Change(wish), Some(place)) => {
                if let Some(theme) = file.themes.get_mut(place) {
                    wish.put(theme);
                }
            }
            (FrameChange::Retire(_), Some(place)) => drop(file.themes.remove(place)),
            (change, None) => return Err(failed(format!("there is no theme {}", change.theme()))),
        }
        Self::of(file).map_err(failed)
    }

    /// Writes the frame, durably.
    pub(in crate::comments) fn keep(&self, path: &Path) -> Result<(), FrameError> {
        let failed = |reason: String| FrameError { path: path.to_owned(), reason };
        let mut bytes = serde_json::to_vec_pretty(&self.file).map_err(|error| failed(error.to_string()))?;
        bytes.push(b'\n');
        durable_file::replace(path, &bytes, Readers::Anyone).map_err(|error| failed(error.to_string()))
    }

    /// The English words that suggest a theme.
    pub fn english_terms(&self, id: &ThemeId) -> &[String] {
        let theme = self.file.themes.iter().find(|theme| theme.id == *id);
        theme.and_then(|theme| theme.terms.get(&Language::english())).map_or(&[], Vec::as_slice)
    }
}

impl ThemeWish {
    fn put(&self, theme: &mut ThemeFile) {
        theme.label.clone_from(&self.label);
        theme.about_consultants = self.about_consultants;
        if self.terms.is_empty() {
            theme.terms.remove(&Language::english());
        } else {
            theme.terms.insert(Language::english(), self.terms.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn wish(id: &str, label: &str, terms: &[&str]) -> ThemeWish {
        ThemeWish {
            id: id.parse().unwrap(),
            label: label.to_owned(),
            about_consultants: false,
            terms: terms.iter().map(|term| (*term).to_owned()).collect(),
        }
    }

    #[test]
    fn a_theme_comes_changes_and_goes_and_the_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("comment-themes.json");
        let frame = Frame::open(&path).unwrap();
        let many = frame.themes().len();
        let visiting = wish("visiting", "Visiting times", &["visit*", "visiting hours"]);
        let frame = frame.changed(&FrameChange::Add(visiting), &path).unwrap();
        frame.keep(&path).unwrap();
        let frame = Frame::open(&path).unwrap();
        assert_eq!(frame.themes().len(), many + 1);
        let english = "en".parse().unwrap();
        assert!(frame.suggested("No visitors were let in.", &english).contains(&"visiting".parse().unwrap()));
        assert_eq!(frame.english_terms(&"visiting".parse().unwrap()), ["visit*", "visiting hours"]);
        let changed = FrameChange::Change(wish("visiting", "Visitors", &[]));
        let frame = frame.changed(&changed, &path).unwrap();
        assert_eq!(frame.label(&"visiting".parse().unwrap()), "Visitors");
        assert!(frame.suggested("No visitors were let in.", &english).is_empty());
        let frame = frame.changed(&FrameChange::Retire("visiting".parse().unwrap()), &path).unwrap();
        assert_eq!(frame.themes().len(), many);
        assert_eq!(
            frame.label(&"visiting".parse().unwrap()),
            "visiting",
            "its id stays with what was coded by it"
        );
    }

    #[test]
    fn what_cannot_be_a_frame_is_refused() {
        let path = Path::new("comment-themes.json");
        let frame = Frame::open(Path::new("/nowhere/comment-themes.json")).unwrap();
        let check = |change: FrameChange, says: &str| {
            let said = frame.changed(&change, path).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        };
        check(FrameChange::Add(wish("noise", "Noise", &[])), "there already");
        check(FrameChange::Change(wish("nothing", "Nothing", &[])), "no theme nothing");
        check(FrameChange::Retire("nothing".parse().unwrap()), "no theme nothing");
        check(FrameChange::Add(wish("visiting", "", &[])), "label");
        check(FrameChange::Add(wish("visiting", "Visiting", &["*"])), "no term");
    }
}
