//! What is on the screen can be read: every character has a shape, every text stands out from its ground.
//!
//! A character that the shipped fonts lack would be a silent blank.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::{BTreeMap, BTreeSet};

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

/// Text and its ground (7:1), then lines and marks and theirs (3:1, WCAG 2.2 success criterion 1.4.11).
const TEXTS: [(&str, &str); 13] = [
    ("ink", "paper"),
    ("ink", "card"),
    ("ink", "pressed"),
    ("ink", "notice"),
    ("ink-soft", "paper"),
    ("primary", "card"),
    ("primary", "pressed"),
    ("on-primary", "primary"),
    ("on-primary", "primary-pressed"),
    ("on-primary", "help"),
    ("help", "card"),
    ("help", "pressed"),
    ("primary", "on-primary"),
];
const MARKS: [(&str, &str); 5] =
    [("line", "card"), ("line", "paper"), ("focus", "paper"), ("focus", "card"), ("primary", "track")];

#[test]
fn texts_and_marks_stand_out() {
    let colours = colours(include_str!("../ui/ui/theme.slint"));
    for (pairs, least) in [(&TEXTS[..], 7.0), (&MARKS[..], 3.0)] {
        for (mark, ground) in pairs {
            let contrast = contrast(colours[mark], colours[ground]);
            assert!(contrast >= least, "{mark} on {ground} is {contrast:.2}:1, less than {least}:1");
        }
    }
}

/// The colours of the theme by name.
fn colours(theme: &str) -> BTreeMap<&str, u32> {
    let lines = theme.lines().filter_map(|line| line.trim().strip_prefix("out property <color> "));
    let named = lines.filter_map(|line| line.trim_end_matches(';').split_once(": #"));
    named.map(|(name, colour)| (name, u32::from_str_radix(colour, 16).unwrap())).collect()
}

/// WCAG 2.2, "contrast ratio" and "relative luminance".
fn contrast(one: u32, other: u32) -> f64 {
    let luminance = |colour: u32| {
        let channel = |shift: u32| {
            let value = f64::from((colour >> shift) & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}
