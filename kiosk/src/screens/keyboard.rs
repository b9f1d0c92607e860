//! The kiosk's own keyboard: layouts as data, and what a key does to a text.
//!
//! A field of ten letter keys by four rows. The last row is the same in every layout. Shift holds for one character and
//! sets itself at the beginning of a sentence. Positions in a text are in bytes, as the window counts them.

use slint::SharedString;
use wardvoice_kiosk_ui::{Edited, Key, KeyKind, Phrases};
use wardvoice_protocol::id::Language;

const COLUMNS: f32 = 10.0;
const WIDE_KEY: f32 = 1.5;

/// The characters of a layer's first three rows; the third stands between two wide keys.
type Layer = [&'static str; 3];

const LETTERS: Layer = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
const SYMBOLS: Layer = ["1234567890", "-/:;()£&@\"", "+=%#*!?"];
const WELSH_SYMBOLS: Layer = ["1234567890", "âêîôûŵŷïäö", "-/()!?\""];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Letters,
    Symbols,
}

/// Which keys are shown, and whether the next letter is a capital.
#[derive(Debug)]
pub(super) struct Keyboard {
    symbols: Layer,
    shown: Shown,
    shift: bool,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self { symbols: SYMBOLS, shown: Shown::Letters, shift: true }
    }
}

impl Keyboard {
    /// The keyboard of a language over a text.
    pub(super) fn new(language: &Language, text: &str) -> Self {
        let symbols = if language.as_str() == "cy" { WELSH_SYMBOLS } else { SYMBOLS };
        Self { symbols, shown: Shown::Letters, shift: begins_sentence(text) }
    }

    /// The keys with their places.
    pub(super) fn keys(&self, say: &Phrases) -> Vec<Key> {
        let layer = match self.shown {
            Shown::Letters => &LETTERS,
            Shown::Symbols => &self.symbols,
        };
        let mut keys = Vec::new();
        for (row, characters) in (0..).zip(layer) {
            let width = characters.chars().count() as f32;
            let begin = (COLUMNS - width) / 2.0;
            for (place, character) in (0u8..).zip(characters.chars()) {
                keys.push(self.character(character, begin + f32::from(place), row));
            }
        }
        let other = if self.shown == Shown::Letters { &say.key_symbols } else { &say.key_letters };
        let wide = |kind, label: &SharedString, column, row, width| Key {
            kind,
            label: label.clone(),
            name: label.clone(),
            writes: SharedString::new(),
            column,
            row,
            width,
            active: false,
        };
        let backspace = COLUMNS - WIDE_KEY;
        keys.push(Key { active: self.shift, ..wide(KeyKind::Shift, &say.key_shift, 0.0, 2, WIDE_KEY) });
        keys.push(wide(KeyKind::Backspace, &say.key_backspace, backspace, 2, WIDE_KEY));
        keys.push(wide(KeyKind::Layer, other, 0.0, 3, WIDE_KEY));
        keys.push(self.character(',', WIDE_KEY, 3));
        keys.push(self.character('\'', WIDE_KEY + 1.0, 3));
        let space = wide(KeyKind::Character, &say.key_space, WIDE_KEY + 2.0, 3, 3.5);
        keys.push(Key { writes: " ".into(), ..space });
        keys.push(self.character('.', 7.0, 3));
        keys.push(wide(KeyKind::Return, &say.key_return, 8.0, 3, 2.0));
        keys
    }

    fn character(&self, character: char, column: f32, row: i32) -> Key {
        let text: SharedString =
            if self.shift { character.to_uppercase().collect::<String>() } else { character.to_string() }.into();
        Key {
            kind: KeyKind::Character,
            label: text.clone(),
            name: text.clone(),
            writes: text,
            column,
            row,
            width: 1.0,
            active: false,
        }
    }

    /// What becomes of a text and its caret when a key is pressed on it.
    pub(super) fn press(&mut self, key: &Key, text: &str, anchor: i32, caret: i32) -> Edited {
        let (begin, end) = selection(text, anchor, caret);
        let (before, after) = (text.get(..begin).unwrap_or_default(), text.get(end..).unwrap_or_default());
        match key.kind {
            KeyKind::Shift => {
                self.shift = !self.shift;
                edited(text.to_owned(), end)
            }
            KeyKind::Layer => {
                self.shown = if self.shown == Shown::Letters { Shown::Symbols } else { Shown::Letters };
                edited(text.to_owned(), end)
            }
            KeyKind::Backspace => {
                // Without a selection the character before the caret goes.
                let kept = if begin == end { before.char_indices().last().map_or(0, |(at, _)| at) } else { begin };
                self.replaced(before.get(..kept).unwrap_or_default(), "", after)
            }
            KeyKind::Character => self.replaced(before, &key.writes, after),
            KeyKind::Return => self.replaced(before, "\n", after),
        }
    }

    fn replaced(&mut self, before: &str, written: &str, after: &str) -> Edited {
        let before = format!("{before}{written}");
        self.shift = begins_sentence(&before);
        let caret = before.len();
        edited(before + after, caret)
    }
}

fn edited(text: String, caret: usize) -> Edited {
    Edited { text: text.into(), caret: i32::try_from(caret).unwrap_or(i32::MAX) }
}

/// The selection as two character boundaries in order.
fn selection(text: &str, anchor: i32, caret: i32) -> (usize, usize) {
    let bound = |at: i32| text.floor_char_boundary(usize::try_from(at).unwrap_or(0).min(text.len()));
    let (anchor, caret) = (bound(anchor), bound(caret));
    (anchor.min(caret), anchor.max(caret))
}

fn begins_sentence(before: &str) -> bool {
    let words = before.trim_end_matches([' ', '\n']);
    words.is_empty() || before.ends_with('\n') || (words.len() < before.len() && words.ends_with(['.', '!', '?']))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;
    use wardvoice_kiosk_ui::words;

    use super::*;

    fn key(keyboard: &Keyboard, kind: KeyKind, label: &str) -> Key {
        let keys = keyboard.keys(&words::english());
        keys.into_iter().find(|key| key.kind == kind && (label.is_empty() || key.label == label)).unwrap()
    }

    fn type_keys(keyboard: &mut Keyboard, labels: &[&str]) -> String {
        let mut text = String::new();
        for label in labels {
            let keys = keyboard.keys(&words::english());
            let key = keys.into_iter().find(|key| key.label == *label).unwrap();
            let end = i32::try_from(text.len()).unwrap();
            text = keyboard.press(&key, &text, end, end).text.into();
        }
        text
    }

    #[test]
    fn sentences_begin_with_a_capital_and_go_on_without() {
        let text = type_keys(
            &mut Keyboard::default(),
            &["H", "i", ".", "Space", "O", "k", "New line", "A", "Delete", "B"],
        );
        assert_eq!(text, "Hi. Ok\nB");
    }

    #[test]
    fn shift_holds_for_one_letter() {
        let text = type_keys(&mut Keyboard::default(), &["A", "Shift", "B", "c"]);
        assert_eq!(text, "ABc");
    }

    #[test]
    fn the_other_layer_has_digits_and_in_welsh_its_own_letters() {
        let cy = Language::new("cy").unwrap();
        let mut keyboard = Keyboard::new(&cy, "D");
        assert_eq!(type_keys(&mut keyboard, &["123", "ŵ", "7"]), "ŵ7");
    }

    #[test]
    fn keys_act_at_the_caret_and_on_a_selection() {
        let mut keyboard = Keyboard::new(&Language::english(), "a");
        let x = key(&keyboard, KeyKind::Character, "x");
        assert_eq!(keyboard.press(&x, "aŵb", 1, 3), Edited { text: "axb".into(), caret: 2 });
        let delete = key(&keyboard, KeyKind::Backspace, "");
        assert_eq!(keyboard.press(&delete, "aŵb", 3, 3), Edited { text: "ab".into(), caret: 1 });
        assert_eq!(keyboard.press(&delete, "aŵb", 3, 0), Edited { text: "b".into(), caret: 0 });
    }

    #[test]
    fn no_key_lies_outside_or_over_another() {
        for symbols in [SYMBOLS, WELSH_SYMBOLS] {
            for shown in [Shown::Letters, Shown::Symbols] {
                let keys = Keyboard { symbols, shown, shift: false }.keys(&words::english());
                for (at, key) in keys.iter().enumerate() {
                    assert!(key.column >= 0.0 && key.column + key.width <= COLUMNS, "{key:?}");
                    for other in keys.iter().skip(at + 1).filter(|other| other.row == key.row) {
                        let apart =
                            key.column + key.width <= other.column || other.column + other.width <= key.column;
                        assert!(apart, "{key:?} {other:?}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_key_breaks_a_text(text in any::<String>(), anchor in -5i32..500, caret in -5i32..500, pick in 0usize..40) {
            let mut keyboard = Keyboard::default();
            let keys = keyboard.keys(&words::english());
            let edited = keyboard.press(&keys[pick % keys.len()], &text, anchor, caret);
            prop_assert!(edited.text.is_char_boundary(usize::try_from(edited.caret).unwrap()));
        }
    }
}
