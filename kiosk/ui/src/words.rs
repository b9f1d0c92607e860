//! The kiosk's own words, language by language.
//!
//! A language is one complete [`Phrases`] value in a file of its own under `words/`: a language that lacks a phrase does not
//! compile. `{number}` and `{of}` in a phrase stand for numbers that the program fills in.
//!
//! English is written by people. Welsh is a machine translation that nobody has approved; the questionnaire says the same of its
//! own Welsh, and the kiosk offers such a language in a demonstration only, under a strip that says so.

use crate::Phrases;

mod english;
mod welsh;

/// The languages there are words in, as language tags.
pub const LANGUAGES: [&str; 2] = ["en", "cy"];

/// The words of a language.
pub fn phrases(language: &str) -> Option<Phrases> {
    match language {
        "en" => Some(english::phrases()),
        "cy" => Some(welsh::phrases()),
        _ => None,
    }
}

/// The words every kiosk has.
pub fn english() -> Phrases {
    english::phrases()
}

fn list<const LENGTH: usize>(phrases: [&str; LENGTH]) -> slint::ModelRc<slint::SharedString> {
    phrases.map(slint::SharedString::from).into()
}
