//! What is on the screen can be read: every character has a shape, every text stands out from its ground.
//!
//! A character that the shipped fonts lack would be a silent blank. The keys of the keyboards are held against the fonts beside
//! their layouts.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::{BTreeMap, BTreeSet};

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
