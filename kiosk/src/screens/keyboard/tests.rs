#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use skrifa::{FontRef, MetadataProvider as _};
use wardvoice_kiosk_ui::{fonts, words};

use super::*;

const SHOWN: [Shown; 3] = [Shown::Letters, Shown::Further, Shown::Signs];

/// What people of a language write with, as its schools teach it: letters, then vowel signs and marks. Latin in small letters.
const ALPHABETS: [(&str, &str); 13] = [
    ("en", "a b c d e f g h i j k l m n o p q r s t u v w x y z"),
    ("en-simple", "a b c d e f g h i j k l m n o p q r s t u v w x y z"),
    ("cy", "a b c d e f g h i j l m n o p r s t u w y k z â ê î ô û ŵ ŷ á é í ó ú à è ì ò ù ä ë ï ö ü ẅ ÿ ẁ ẃ '"),
    ("pl", "a ą b c ć d e ę f g h i j k l ł m n ń o ó p r s ś t u w y z ź ż q v x"),
    ("ro", "a ă â b c d e f g h i î j k l m n o p q r s ș t ț u v w x y z"),
    (
        "pa",
        "ੳ ਅ ੲ ਸ ਹ ਕ ਖ ਗ ਘ ਙ ਚ ਛ ਜ ਝ ਞ ਟ ਠ ਡ ਢ ਣ ਤ ਥ ਦ ਧ ਨ ਪ ਫ ਬ ਭ ਮ ਯ ਰ ਲ ਵ ੜ ਸ਼ ਖ਼ ਗ਼ ਜ਼ ਫ਼ ਲ਼ \
         ਆ ਇ ਈ ਉ ਊ ਏ ਐ ਓ ਔ ਾ ਿ ੀ ੁ ੂ ੇ ੈ ੋ ੌ ਂ ੰ ੱ ੍ ।",
    ),
    (
        "ur",
        "ا آ ب پ ت ٹ ث ج چ ح خ د ڈ ذ ر ڑ ز ژ س ش ص ض ط ظ ع غ ف ق ک گ ل م ن ں و ہ ھ ء ی ے ئ ؤ ۂ ۃ ۓ أ \
         \u{64b} \u{64e} \u{64f} \u{650} \u{651} \u{652} \u{654} \u{670} ، ۔ ؟",
    ),
    ("pt", "a b c d e f g h i j k l m n o p q r s t u v w x y z á â ã à ç é ê í ó ô õ ú ü"),
    ("es", "a b c d e f g h i j k l m n ñ o p q r s t u v w x y z á é í ó ú ü ¿ ¡"),
    (
        "ar",
        "ا ب ت ث ج ح خ د ذ ر ز س ش ص ض ط ظ ع غ ف ق ك ل م ن ه و ي ء آ أ إ ؤ ئ ى ة ـ \
         \u{64b} \u{64c} \u{64d} \u{64e} \u{64f} \u{650} \u{651} \u{652} \u{670} ، ؛ ؟",
    ),
    (
        "bn",
        "অ আ ই ঈ উ ঊ ঋ এ ঐ ও ঔ ক খ গ ঘ ঙ চ ছ জ ঝ ঞ ট ঠ ড ঢ ণ ত থ দ ধ ন প ফ ব ভ ম য র ল শ ষ স হ ড় ঢ় য় ৎ \
         ং ঃ ঁ া ি ী ু ূ ৃ ে ৈ ো ৌ ্ ।",
    ),
    (
        "gu",
        "અ આ ઇ ઈ ઉ ઊ ઋ ઍ એ ઐ ઑ ઓ ઔ ક ખ ગ ઘ ઙ ચ છ જ ઝ ઞ ટ ઠ ડ ઢ ણ ત થ દ ધ ન પ ફ બ ભ મ ય ર લ વ શ ષ સ હ ળ \
         ં ઃ ા િ ી ુ ૂ ૃ ૅ ે ૈ ૉ ો ૌ ્",
    ),
    ("it", "a b c d e f g h i j k l m n o p q r s t u v w x y z à è é ì ò ù '"),
];

fn keyboard(language: &str, text: &str) -> Keyboard {
    Keyboard::new(&Language::new(language).unwrap(), text)
}

fn key(keyboard: &Keyboard, kind: KeyKind, label: &str) -> Key {
    let keys = keyboard.keys(&words::english());
    keys.into_iter().find(|key| key.kind == kind && (label.is_empty() || key.label == label)).unwrap()
}

fn press(keyboard: &mut Keyboard, key: &Key, text: &mut String) {
    let end = i32::try_from(text.len()).unwrap();
    let edited = keyboard.press(key, text, end, end);
    assert_eq!(usize::try_from(edited.caret), Ok(edited.text.len()));
    *text = edited.text.into();
}

fn type_keys(keyboard: &mut Keyboard, labels: &[&str]) -> String {
    let mut text = String::new();
    for label in labels {
        let keys = keyboard.keys(&words::english());
        let key =
            keys.into_iter().find(|key| key.label == *label).unwrap_or_else(|| panic!("no key says {label}"));
        press(keyboard, &key, &mut text);
    }
    text
}

/// Presses what it takes to write one letter as it stands: a layer, shift, and the key.
fn type_letter(keyboard: &mut Keyboard, letter: &str, text: &mut String) {
    let say = words::english();
    let writes = |keyboard: &Keyboard| {
        keyboard.keys(&say).into_iter().find(|key| key.kind == KeyKind::Character && key.writes == letter)
    };
    for _ in 0..3 {
        for _ in 0..2 {
            if let Some(key) = writes(keyboard) {
                return press(keyboard, &key, text);
            }
            let shift = keyboard.keys(&say).into_iter().find(|key| key.kind == KeyKind::Shift);
            if let Some(shift) = shift {
                press(keyboard, &shift, text);
            }
        }
        // The layer key that leads on: further letters first, then the signs, then the letters again.
        let layers = keyboard.keys(&say).into_iter().filter(|key| key.kind == KeyKind::Layer);
        let next = layers.min_by_key(|key| {
            let wanted = match keyboard.shown {
                Shown::Letters if keyboard.layout.further.is_some() => Shown::Further,
                Shown::Letters | Shown::Further => Shown::Signs,
                Shown::Signs => Shown::Letters,
            };
            keyboard.shown_by(key) != wanted
        });
        press(keyboard, &next.unwrap(), text);
    }
    panic!("{letter:?} cannot be typed");
}

#[test]
fn sentences_begin_with_a_capital_and_go_on_without() {
    let text =
        type_keys(&mut Keyboard::default(), &["H", "i", ".", "Space", "O", "k", "New line", "A", "Delete", "B"]);
    assert_eq!(text, "Hi. Ok\nB");
}

#[test]
fn shift_holds_for_one_letter() {
    let text = type_keys(&mut Keyboard::default(), &["A", "Shift", "B", "c"]);
    assert_eq!(text, "ABc");
}

#[test]
fn the_signs_stay_until_they_are_left() {
    assert_eq!(type_keys(&mut keyboard("en", "D"), &["123", "4", "7", "!", "ABC", "x"]), "47!x");
}

#[test]
fn a_further_letter_is_followed_by_plain_ones() {
    assert_eq!(type_keys(&mut keyboard("cy", "D"), &["âŵŷ", "ŵ", "y", "123", "âŵŷ", "â", "n"]), "ŵyân");
    assert_eq!(type_keys(&mut keyboard("pl", ""), &["ąćę", "Ż", "y", "Shift", "ąćę", "Ć"]), "ŻyĆ");
    assert_eq!(type_keys(&mut keyboard("bn", ""), &["অখ", "ধ", "ন", "◌্", "অখ", "ABC", "য"]), "ধন্য");
    assert_eq!(type_keys(&mut keyboard("ur", ""), &["آٹڈ", "آ", "پ", "آٹڈ", "123", "7"]), "آپ7");
}

#[test]
fn backspace_takes_a_sign_without_its_consonant() {
    let mut keyboard = keyboard("gu", "");
    let delete = key(&keyboard, KeyKind::Backspace, "");
    assert_eq!(keyboard.press(&delete, "કી", 6, 6), Edited { text: "ક".into(), caret: 3 });
}

#[test]
fn keys_act_at_the_caret_and_on_a_selection() {
    let mut keyboard = keyboard("en", "a");
    let x = key(&keyboard, KeyKind::Character, "x");
    assert_eq!(keyboard.press(&x, "aŵb", 1, 3), Edited { text: "axb".into(), caret: 2 });
    let delete = key(&keyboard, KeyKind::Backspace, "");
    assert_eq!(keyboard.press(&delete, "aŵb", 3, 3), Edited { text: "ab".into(), caret: 1 });
    assert_eq!(keyboard.press(&delete, "aŵb", 3, 0), Edited { text: "b".into(), caret: 0 });
}

#[test]
fn no_key_lies_outside_or_over_another_or_is_narrower_than_one() {
    for language in words::LANGUAGES {
        let say = words::phrases(language).unwrap();
        for shown in SHOWN {
            let keys = Keyboard { shown, ..keyboard(language, "") }.keys(&say);
            for (at, key) in keys.iter().enumerate() {
                assert!(key.column >= 0.0 && key.column + key.width <= COLUMNS && key.width >= 1.0, "{key:?}");
                assert!((0..4).contains(&key.row) && !key.label.is_empty() && !key.name.is_empty(), "{key:?}");
                for other in keys.iter().skip(at + 1).filter(|other| other.row == key.row) {
                    let apart = key.column + key.width <= other.column || other.column + other.width <= key.column;
                    assert!(apart, "{language} {shown:?}: {key:?} {other:?}");
                }
            }
        }
    }
}

/// What is typed is drawn in either weight. A sign that stands on others is shown on a dotted circle of the same font.
#[test]
fn every_character_of_every_key_is_in_the_fonts() {
    for weight in [400, 700] {
        let fonts = fonts::FONTS.iter().filter(|font| font.weight == weight);
        let charmaps: Vec<_> = fonts.map(|font| FontRef::new(font.bytes).unwrap().charmap()).collect();
        for language in words::LANGUAGES {
            for (shown, shift) in SHOWN.into_iter().flat_map(|shown| [(shown, false), (shown, true)]) {
                let keyboard = Keyboard { shown, shift, ..keyboard(language, "") };
                for key in keyboard.keys(&words::phrases(language).unwrap()) {
                    let one_has_all = |text: &str| {
                        charmaps
                            .iter()
                            .any(|charmap| text.chars().all(|character| charmap.map(character).is_some()))
                    };
                    assert!(one_has_all(&key.label) && one_has_all(&key.writes), "{language} {weight}: {key:?}");
                }
            }
        }
    }
}

/// A key that has the keyboard's focus, or that one-button scanning is at, keeps it when the layer changes.
#[test]
fn the_layers_of_a_layout_have_the_same_shape() {
    for language in words::LANGUAGES {
        let places = |shown| -> Vec<_> {
            let keys = Keyboard { shown, ..keyboard(language, "") }.keys(&words::english());
            keys.into_iter().map(|key| format!("{} {} {}", key.row, key.column, key.width)).collect()
        };
        let letters = places(Shown::Letters);
        assert!(SHOWN.iter().all(|shown| places(*shown) == letters), "{language}");
    }
}

#[test]
fn no_layer_has_a_key_twice() {
    for language in words::LANGUAGES {
        for shown in SHOWN {
            let keys = Keyboard { shown, ..keyboard(language, "") }.keys(&words::phrases(language).unwrap());
            let mut seen = BTreeSet::new();
            for key in keys {
                assert!(seen.insert(key.name.clone()), "{language} {shown:?} has {} twice", key.name);
            }
        }
    }
}

#[test]
fn every_letter_of_every_alphabet_can_be_typed() {
    assert!(ALPHABETS.iter().map(|(language, _)| *language).eq(words::LANGUAGES));
    for (language, alphabet) in ALPHABETS {
        let mut keyboard = keyboard(language, "");
        let (mut text, mut expected) = (String::new(), String::new());
        for letter in alphabet.split_whitespace() {
            let letter = one_character(letter);
            for letter in BTreeSet::from([letter.clone(), letter.to_uppercase()]) {
                type_letter(&mut keyboard, &letter, &mut text);
                expected.push_str(&letter);
            }
        }
        for sign in ["1", "0", "?", ".", "-"].into_iter().filter(|sign| has_sign(language, sign)) {
            type_letter(&mut keyboard, sign, &mut text);
            expected.push_str(sign);
        }
        assert_eq!(text, expected);
    }
}

/// A letter that Unicode has as one character and every editor as two is typed as one.
fn one_character(letter: &str) -> String {
    const LETTERS: [(&str, char); 9] = [
        ("\u{9a1}\u{9bc}", '\u{9dc}'),
        ("\u{9a2}\u{9bc}", '\u{9dd}'),
        ("\u{9af}\u{9bc}", '\u{9df}'),
        ("\u{a32}\u{a3c}", '\u{a33}'),
        ("\u{a38}\u{a3c}", '\u{a36}'),
        ("\u{a16}\u{a3c}", '\u{a59}'),
        ("\u{a17}\u{a3c}", '\u{a5a}'),
        ("\u{a1c}\u{a3c}", '\u{a5b}'),
        ("\u{a2b}\u{a3c}", '\u{a5e}'),
    ];
    let composed = LETTERS.iter().find(|(pair, _)| *pair == letter).map(|(_, character)| character.to_string());
    composed.unwrap_or_else(|| letter.to_owned())
}

/// Arabic and Urdu ask with ؟, and Bengali, Panjabi and Urdu end a sentence with । or ۔.
fn has_sign(language: &str, sign: &str) -> bool {
    match sign {
        "?" => !matches!(language, "ar" | "ur"),
        "." => !matches!(language, "bn" | "pa" | "ur"),
        _ => true,
    }
}

proptest! {
    #[test]
    fn no_key_breaks_a_text(
        language in proptest::sample::select(&words::LANGUAGES[..]),
        shown in proptest::sample::select(&SHOWN[..]),
        text in any::<String>(),
        anchor in -5i32..500,
        caret in -5i32..500,
        pick in 0usize..60,
    ) {
        let mut keyboard = Keyboard { shown, ..keyboard(language, "") };
        let keys = keyboard.keys(&words::english());
        let edited = keyboard.press(&keys[pick % keys.len()], &text, anchor, caret);
        prop_assert!(edited.text.is_char_boundary(usize::try_from(edited.caret).unwrap()));
    }

    #[test]
    fn what_is_typed_is_what_is_written(
        (language, letters) in proptest::sample::select(&ALPHABETS[..]).prop_flat_map(|(language, alphabet)| {
            let letters: Vec<_> = alphabet.split_whitespace().map(one_character).collect();
            (Just(language), proptest::collection::vec(proptest::sample::select(letters), 0..40))
        }),
    ) {
        let mut keyboard = keyboard(language, "");
        let mut text = String::new();
        for letter in &letters {
            type_letter(&mut keyboard, letter, &mut text);
        }
        prop_assert_eq!(text, letters.concat());
    }
}
