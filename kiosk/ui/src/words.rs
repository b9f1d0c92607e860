//! The kiosk's own words, language by language.
//!
//! They are kept in gettext catalogues under `words/`, one file a language, as translators' tools (Poedit, Weblate) read and
//! write them: the template `kiosk.pot` has the English of every phrase and says where it stands; a phrase's context is its
//! name. The build reads them and makes one complete [`Phrases`] a language. A language that lacks a phrase, has one that is not
//! in the template, follows an English that has changed since, or loses a placeholder does not build ([`catalogue`]).
//!
//! `{number}` and `{of}` in a phrase stand for numbers that the program fills in. No phrase depends on the number: Arabic has six
//! forms for "seconds", Welsh and Polish several, and a number comes at run time. So a counted thing stands before a colon,
//! "Seconds left: 12", which is right in every language and for every number.
//!
//! A phrase marked *fuzzy* has not been checked by a person. A language is [approved](is_approved) when none is; a real kiosk
//! offers only such languages, a demonstration all of them under a strip that says so. gettext's own tools mark a phrase fuzzy
//! when its English changes, so a new English wording takes its translations out of service until somebody has looked.

use slint::{ModelRc, SharedString};

use crate::Phrases;

#[cfg(test)]
mod catalogue;

/// The words of one language, as the build made them.
struct Spoken {
    tag: &'static str,
    right_to_left: bool,
    approved: bool,
    phrases: fn() -> Phrases,
    texts: &'static [&'static str],
}

include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// The words of a language.
pub fn phrases(language: &str) -> Option<Phrases> {
    spoken(language).map(|spoken| (spoken.phrases)())
}

/// The words every kiosk has.
pub fn english() -> Phrases {
    en()
}

/// Every phrase of a language, one after the other; nothing when there are no words in it.
pub fn texts(language: &str) -> &'static [&'static str] {
    spoken(language).map_or(&[], |spoken| spoken.texts)
}

/// Whether a language is written from right to left. One there are no words in is not.
pub fn is_right_to_left(language: &str) -> bool {
    spoken(language).is_some_and(|spoken| spoken.right_to_left)
}

/// Whether people have checked every phrase of a language. One there are no words in is not approved.
pub fn is_approved(language: &str) -> bool {
    spoken(language).is_some_and(|spoken| spoken.approved)
}

fn spoken(language: &str) -> Option<&'static Spoken> {
    SPOKEN.iter().find(|spoken| spoken.tag == language)
}

fn list<const LENGTH: usize>(phrases: [&str; LENGTH]) -> ModelRc<SharedString> {
    phrases.map(SharedString::from).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_words_and_two_are_written_from_right_to_left() {
        let right_to_left: Vec<_> = LANGUAGES.into_iter().filter(|tag| is_right_to_left(tag)).collect();
        assert_eq!(right_to_left, ["ur", "ar"]);
        assert!(LANGUAGES.iter().all(|tag| phrases(tag).is_some_and(|say| !say.language.is_empty())));
        assert!(phrases("xx").is_none() && !is_right_to_left("xx") && !is_approved("xx"));
    }

    /// The languages most spoken in England and Wales after English (Census 2021), with Welsh and easy-read English.
    #[test]
    fn the_languages_are_those_of_the_wards() {
        assert_eq!(
            LANGUAGES,
            ["en", "en-simple", "cy", "pl", "ro", "pa", "ur", "pt", "es", "ar", "bn", "gu", "it"]
        );
    }

    /// Nobody has checked a translation yet. One that somebody has checked is named here with the change.
    #[test]
    fn english_alone_is_approved() {
        let approved: Vec<_> = LANGUAGES.into_iter().filter(|tag| is_approved(tag)).collect();
        assert_eq!(approved, ["en"]);
    }
}
