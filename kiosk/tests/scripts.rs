//! Every script is really drawn in the running window, in both weights, by the fonts that are compiled in, and shaped; names in
//! Latin letters look the same in every language; and every layer of every keyboard has keys that are large enough, with what is
//! on them clear of their edges.
//!
//! Keeps a picture of the languages, of a question and of every keyboard under `target/tmp/screens`.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod patient;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use patient::Patient;
use slint::fontique_011::{fontique, shared_collection};
use slint::{ComponentHandle as _, Model as _, Rgba8Pixel, SharedPixelBuffer};
use wardvoice_kiosk::interview::{Action, Happening, Screen, Setting};
use wardvoice_kiosk_ui::fonts::FONTS;
use wardvoice_kiosk_ui::{
    CommentAdapter, Journey, Key, KeyKind, MessageAdapter, ScreenKind, Theme, Words, fonts, words,
};
use wardvoice_protocol::assignment::{Assignment, KioskAudience};
use wardvoice_protocol::id::{KioskId, Language, WardId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::questionnaire::Questionnaire;

/// The least height and width of a key, in pixels.
const TARGET: f32 = 72.0;

/// The languages that are not written in Latin, with a word whose letters join or change their shape.
const SCRIPTS: [(&str, &str); 5] = [("pa", "ਪ੍ਰ"), ("ur", "بہت"), ("ar", "سلام"), ("bn", "ক্ষ"), ("gu", "ક્ષ")];

#[test]
fn every_language_can_be_read_and_written() {
    let patient = Patient::arrives(480, 320);
    our_fonts_come_first();
    every_character_is_drawn(&patient);
    letters_join(&patient);
    names_in_latin_letters_are_latin(&patient);
    patient.window.global::<Words>().set_font(fonts::family("en").into());
    patient.turns(1280, 800);
    every_language_on_the_screen(&patient);
}

/// Whatever fonts the machine has.
fn our_fonts_come_first() {
    let mut collection = shared_collection();
    for font in &FONTS {
        let key = fontique::FallbackKey::new(fontique::Script::from_bytes(font.script), None);
        let first = collection.fallback_families(key).next().unwrap();
        assert_eq!(collection.family_name(first), Some(font.family));
    }
    let families: BTreeSet<&str> = FONTS.iter().map(|font| font.family).collect();
    for generic in [fontique::GenericFamily::SansSerif, fontique::GenericFamily::SystemUi] {
        let first: Vec<_> = collection.generic_families(generic).take(families.len()).collect();
        let first: BTreeSet<String> =
            first.into_iter().map(|family| collection.family_name(family).unwrap().to_owned()).collect();
        assert!(first.iter().map(String::as_str).eq(families.iter().copied()), "{first:?}");
    }
}

/// Draws a text in bold and another in the regular weight.
fn draw(patient: &Patient, bold: &str, regular: &str) -> Vec<u8> {
    picture(patient, bold, regular).as_bytes().to_vec()
}

fn picture(patient: &Patient, bold: &str, regular: &str) -> SharedPixelBuffer<Rgba8Pixel> {
    let message = patient.window.global::<MessageAdapter>();
    message.set_title(bold.into());
    message.set_body(regular.into());
    patient.window.global::<Journey>().set_screen(ScreenKind::Message);
    patient.window.window().take_snapshot().unwrap()
}

fn every_character_is_drawn(patient: &Patient) {
    // No font has a character that Unicode has not given a meaning.
    const UNKNOWN: &str = "\u{378}";
    for (language, _) in SCRIPTS {
        patient.window.global::<Words>().set_font(fonts::family(language).into());
        let blank = draw(patient, " ", " ");
        let unknown = [draw(patient, UNKNOWN, " "), draw(patient, " ", UNKNOWN)];
        let said = words::texts(language).iter().flat_map(|text| text.chars());
        let characters: BTreeSet<char> = said.filter(|character| *character > '\u{500}').collect();
        assert!(characters.len() > 30, "{language} has {characters:?}");
        for character in characters.into_iter().filter(|character| !is_typographic(*character)) {
            let text = character.to_string();
            for (drawn, unknown) in
                [draw(patient, &text, " "), draw(patient, " ", &text)].into_iter().zip(&unknown)
            {
                assert!(drawn != blank, "{language}: {character:?} is blank");
                assert!(drawn != *unknown, "{language}: {character:?} is drawn as what is unknown");
            }
        }
    }
}

/// Quotation marks, dashes and the ellipsis, which Latin has too.
fn is_typographic(character: char) -> bool {
    ('\u{2000}'..='\u{206f}').contains(&character)
}

fn letters_join(patient: &Patient) {
    for (language, word) in SCRIPTS {
        // Between two letters this character keeps them from joining.
        let apart: String = word.chars().flat_map(|letter| [letter, '\u{200c}']).collect();
        assert!(draw(patient, word, " ") != draw(patient, &apart, " "), "{language}: {word} is not shaped");
        assert!(draw(patient, " ", word) != draw(patient, " ", &apart), "{language}: {word} is not shaped");
    }
}

/// With their digits and signs, which the fonts of other scripts have too, in shapes of their own.
fn names_in_latin_letters_are_latin(patient: &Patient) {
    let name = "Consultant 001, ward 12: 3.5";
    let drawn = |language: &str, text: &str| {
        patient.window.global::<Words>().set_font(fonts::family(language).into());
        draw(patient, text, text)
    };
    let latin = drawn("en", name);
    for (language, word) in SCRIPTS {
        assert!(drawn(language, name) == latin, "{language} draws {name:?} in another way than English");
        assert!(drawn(language, "001, 12") != drawn("en", "001, 12"), "{language} has digits of its own");
        assert_eq!(fonts::family_of(word), "", "{word} is the language's own");
    }
}

fn every_language_on_the_screen(patient: &Patient) {
    patient.meets(Happening::Assigned(Arc::new(setting())));
    for language in words::LANGUAGES {
        patient.meets(Happening::Touch(Action::Start));
        if language == "en" {
            keep(patient, "languages");
        }
        patient.meets(Happening::Touch(Action::ChooseLanguage(Language::new(language).unwrap())));
        assert_eq!(patient.view().language.as_str(), language);
        patient.meets(Happening::Touch(Action::Agree));
        while !matches!(patient.view().screen, Screen::Comment(_)) {
            if patient.question().as_deref() == Some("involvement") {
                keep(patient, &format!("{language}-question"));
            }
            patient.meets(Happening::Touch(Action::Skip));
        }
        let text = words::phrases(language).unwrap().help_failed;
        patient.meets(Happening::Touch(Action::Write(text.into())));
        every_layer(patient, language);
        patient.meets(Happening::Touch(Action::Stop));
        patient.meets(Happening::Touch(Action::StopNow));
        patient.meets(Happening::Touch(Action::Dismiss));
        patient.meets(Happening::Touch(Action::Wiped));
    }
}

/// Shows each layer with the keys of the keyboard itself, and looks at it lying and standing.
fn every_layer(patient: &Patient, language: &str) {
    let mut layer = 0;
    let mut pressed = BTreeSet::new();
    let in_its_script = SCRIPTS.iter().any(|(other, _)| *other == language);
    let letters: Vec<_> =
        patient.window.global::<CommentAdapter>().get_keys().iter().map(|key| key.writes).collect();
    let foreign = letters.iter().any(|letter| letter.starts_with(|character: char| character > '\u{500}'));
    assert_eq!(foreign, in_its_script, "{language} is written with {letters:?}");
    loop {
        layer += 1;
        keep(patient, &format!("{language}-keyboard-{layer}"));
        for (width, height) in [(800, 1280), (1280, 800)] {
            patient.turns(width, height);
            check_keys(patient, language);
            check_caps(patient, language);
        }
        let keys = patient.window.global::<CommentAdapter>();
        let next =
            keys.get_keys().iter().find(|key| key.kind == KeyKind::Layer && pressed.insert(key.label.clone()));
        let Some(next) = next else { break };
        press(patient, &next);
    }
    let layers = if language.starts_with("en") { 3 } else { 4 };
    assert_eq!(
        layer, layers,
        "{language}: letters, further letters where there are some, signs, and letters again"
    );
}

fn press(patient: &Patient, key: &Key) {
    let adapter = patient.window.global::<CommentAdapter>();
    let edited = adapter.invoke_press(key.clone(), adapter.get_draft(), 0, 0);
    patient.meets(Happening::Touch(Action::Write(edited.text.into())));
}

fn check_keys(patient: &Patient, language: &str) {
    let adapter = patient.window.global::<CommentAdapter>();
    let names: BTreeSet<_> = adapter.get_keys().iter().map(|key| key.name).collect();
    let mut found = BTreeSet::new();
    for control in patient.controls() {
        let label = control.accessible_label().unwrap_or_default();
        if names.contains(&label) {
            let size = control.size();
            assert!(size.width >= TARGET && size.height >= TARGET, "{language}: {label} is {size:?}");
            found.insert(label);
        }
    }
    assert_eq!(found, names, "{language}: every key is a control that says its name");
}

/// At the largest text nothing that is written on a key comes near its edge: between its line and 6 pixels within there is one colour.
fn check_caps(patient: &Patient, language: &str) {
    const LINE: u32 = 4;
    const CLEAR: u32 = 6;
    // A corner is round.
    const CORNER: u32 = 14;
    let theme = patient.window.global::<Theme>();
    let usual = theme.get_text_scale();
    theme.set_text_scale(2.0);
    let names: BTreeSet<_> =
        patient.window.global::<CommentAdapter>().get_keys().iter().map(|key| key.name).collect();
    let keys: Vec<_> = patient.surveys().0.into_iter().filter(|control| names.contains(&control.label)).collect();
    assert_eq!(keys.len(), names.len(), "{language}");
    let picture = patient.window.window().take_snapshot().unwrap();
    let pixel = |x: u32, y: u32| picture.as_slice()[(y * picture.width() + x) as usize];
    for key in keys {
        let [left, top, right, bottom] =
            [key.x, key.y, key.x + key.width, key.y + key.height].map(|edge| edge.round() as u32);
        let ground = pixel(left + CORNER, top + LINE);
        let clear = |x: u32, y: u32| pixel(x, y) == ground;
        for within in LINE..CLEAR {
            let across =
                (left + CORNER..right - CORNER).all(|x| clear(x, top + within) && clear(x, bottom - 1 - within));
            let down =
                (top + CORNER..bottom - CORNER).all(|y| clear(left + within, y) && clear(right - 1 - within, y));
            assert!(across && down, "{language}: {:?} comes near the edge of its key", key.label);
        }
    }
    theme.set_text_scale(usual);
}

fn keep(patient: &Patient, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scripts");
    std::fs::create_dir_all(&folder).unwrap();
    patient.keeps_picture(&folder.join(format!("{name}.png")));
}

/// A demonstration in every language.
fn setting() -> Setting {
    let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
    let assignment = Assignment {
        kiosk: KioskId::new("k-0018").unwrap(),
        ward: WardId::new("W12").unwrap(),
        ward_name: "Ward 12".to_owned(),
        audience: KioskAudience::Patients,
        questionnaire: questionnaire.reference(),
        languages: words::LANGUAGES.map(|tag| Language::new(tag).unwrap()).to_vec(),
        consultants: Vec::new(),
        seal_key: OpenKey::from_bytes(&[7; 32]).unwrap().seal_key().clone(),
        aggregator_key: SigningKey::from_bytes(&[8; 32]).verifying_key(),
        fortnight_anchor: jiff::civil::date(2026, 1, 5),
        demonstration: true,
    };
    Setting::new(&assignment, questionnaire, |_| true).unwrap()
}
