//! What is on the screen can be read: every character has a shape. (`contrast.rs`: every text stands out from its ground.)
//!
//! A character that the shipped fonts lack would be a silent blank. The keys of the keyboards are held against the fonts beside
//! their layouts.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;

use skrifa::{FontRef, MetadataProvider as _};
use wardvoice_kiosk_ui::fonts::{self, FONTS};
use wardvoice_kiosk_ui::words;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{Questionnaire, Text};

#[test]
fn every_character_of_every_language_is_in_the_fonts() {
    for tag in words::LANGUAGES {
        let characters = characters(tag);
        assert!(characters.len() > 20, "{tag} has {characters:?}");
        for weight in [400, 700] {
            let fonts = FONTS.iter().filter(|font| font.weight == weight);
            let charmaps: Vec<_> = fonts.map(|font| FontRef::new(font.bytes).unwrap().charmap()).collect();
            let has = |character: &char| charmaps.iter().any(|charmap| charmap.map(*character).is_some());
            let missing: String = characters.iter().filter(|character| !has(character)).collect();
            assert!(missing.is_empty(), "no font of weight {weight} has {missing:?} ({tag})");
        }
    }
}

/// A word in another font than the space before it is a run of its own, and lines of several runs are broken wrongly where
/// letters join ([`wardvoice_kiosk_ui::fonts`]).
#[test]
fn the_spaces_digits_and_greeting_of_a_language_are_in_its_own_font() {
    for tag in words::LANGUAGES {
        for font in FONTS.iter().filter(|font| font.family == fonts::family(tag)) {
            let charmap = FontRef::new(font.bytes).unwrap().charmap();
            let missing: String = " .,:0123456789".chars().filter(|sign| charmap.map(*sign).is_none()).collect();
            assert!(missing.is_empty(), "{} has no {missing:?} ({tag})", font.family);
            let hello = words::phrases(tag).unwrap().hello;
            let missing: String = hello.chars().filter(|letter| charmap.map(*letter).is_none()).collect();
            assert!(missing.is_empty(), "{} has no {missing:?} of {hello} ({tag})", font.family);
        }
    }
}

/// Every character that the kiosk says in a language of its own accord.
fn characters(tag: &str) -> BTreeSet<char> {
    let language = Language::new(tag).unwrap();
    let mut characters: BTreeSet<char> = words::texts(tag).iter().flat_map(|text| text.chars()).collect();
    for questionnaire in [Questionnaire::inpatient().unwrap(), Questionnaire::friends_and_family().unwrap()] {
        let mut read = |text: &Text| characters.extend(text[&language].chars());
        read(&questionnaire.file().title);
        for question in questionnaire.questions() {
            read(&question.text);
            question.options.iter().for_each(|option| read(&option.text));
            question.not_applicable.iter().chain(&question.dont_know).for_each(&mut read);
        }
    }
    characters
}
