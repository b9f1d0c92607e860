//! What is on the screen can be read: every character has a shape. (`contrast.rs`: every text stands out from its ground.)
//!
//! A character that the shipped fonts lack would be a silent blank. The keys of the keyboards are held against the fonts beside
//! their layouts.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;

use skrifa::{FontRef, MetadataProvider as _};
use wardvoice_kiosk_ui::fonts::FONTS;
use wardvoice_kiosk_ui::words;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{Questionnaire, Text};

/// The window's first font, which the components import; every other is in [`FONTS`].
const LATIN: [(u16, &[u8]); 2] = [
    (400, include_bytes!("../ui/fonts/AtkinsonHyperlegibleNext-Regular.ttf")),
    (700, include_bytes!("../ui/fonts/AtkinsonHyperlegibleNext-Bold.ttf")),
];

#[test]
fn every_character_of_every_language_is_in_the_fonts() {
    for tag in words::LANGUAGES {
        let characters = characters(tag);
        assert!(characters.len() > 20, "{tag} has {characters:?}");
        for (weight, latin) in LATIN {
            let others = FONTS.iter().filter(|font| font.weight == weight).map(|font| font.bytes);
            let charmaps: Vec<_> =
                std::iter::once(latin).chain(others).map(|bytes| FontRef::new(bytes).unwrap().charmap()).collect();
            let has = |character: &char| charmaps.iter().any(|charmap| charmap.map(*character).is_some());
            let missing: String = characters.iter().filter(|character| !has(character)).collect();
            assert!(missing.is_empty(), "no font of weight {weight} has {missing:?} ({tag})");
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
