//! What is on the screen can be read: every character has a shape. (`contrast.rs`: every text stands out from its ground.)
//!
//! A character that the shipped fonts lack would be a silent blank.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;

use skrifa::{FontRef, MetadataProvider as _};
use wardvoice_kiosk_ui::words;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{Questionnaire, Text};

const FONTS: [(&str, &[u8]); 2] = [
    ("Regular", include_bytes!("../ui/fonts/AtkinsonHyperlegibleNext-Regular.ttf")),
    ("Bold", include_bytes!("../ui/fonts/AtkinsonHyperlegibleNext-Bold.ttf")),
];

#[test]
fn every_character_of_every_language_is_in_the_fonts() {
    let questionnaire = Questionnaire::inpatient().unwrap();
    for tag in words::LANGUAGES {
        let language = Language::new(tag).unwrap();
        let mut characters = BTreeSet::new();
        // The debug form of the words holds them all.
        characters.extend(format!("{:?}", words::phrases(tag).unwrap()).chars());
        characters.extend(include_str!("../src/screens/keyboard.rs").chars());
        let mut read =
            |text: &Text| characters.extend(text.get(&language).into_iter().flat_map(|text| text.chars()));
        for question in questionnaire.questions() {
            read(&question.text);
            question.options.iter().for_each(|option| read(&option.text));
            question.not_applicable.iter().for_each(&mut read);
        }
        for (name, bytes) in FONTS {
            let charmap = FontRef::new(bytes).unwrap().charmap();
            let missing: String = characters
                .iter()
                .filter(|character| !character.is_control() && charmap.map(**character).is_none())
                .collect();
            assert!(missing.is_empty(), "{name} has no {missing:?} ({tag})");
        }
    }
}
