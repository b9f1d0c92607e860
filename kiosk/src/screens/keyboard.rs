//! The kiosk's own keyboard: what keys there are, and what a key does to a text. [`layouts`] says which characters stand where.
//!
//! A field of ten letter keys by four rows. Shift holds for one character and sets itself at the beginning of a sentence; a
//! layer of further letters holds for one character too, as a letter with a mark is followed by plain ones. The layer of signs
//! stays until it is left. Positions in a text are in bytes, as the window counts them.
//!
//! Backspace takes one code point: a vowel sign or a virama goes without the consonant it stands on, as writers of the scripts
//! of India expect.

use slint::SharedString;
use wardvoice_kiosk_ui::{Edited, Key, KeyKind, Phrases};
use wardvoice_protocol::id::Language;

mod layouts;

use layouts::{Layer, Layout};

const COLUMNS: f32 = 10.0;
const WIDE_KEY: f32 = 1.5;
const RETURN_KEY: f32 = 2.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Letters,
    Further,
    Signs,
}

/// Which keys are shown, and whether the next letter is a capital.
#[derive(Debug)]
pub(super) struct Keyboard {
    layout: &'static Layout,
    shown: Shown,
    shift: bool,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self::new(&Language::english(), "")
    }
}

impl Keyboard {
    /// The keyboard of a language over a text.
    pub(super) fn new(language: &Language, text: &str) -> Self {
        let layout = layouts::of(language.as_str());
        Self { layout, shown: Shown::Letters, shift: layout.cased && begins_sentence(text) }
    }

    /// The keys with their places, in reading order.
    pub(super) fn keys(&self, say: &Phrases) -> Vec<Key> {
        let [first, second, third] = self.layer().rows;
        let [before_space, after_space] = self.layer().foot;
        let mut keys = Vec::new();
        for (row, characters) in [(0, first), (1, second)] {
            let begin = (COLUMNS - count(characters)) / 2.0;
            self.push_characters(&mut keys, characters, begin, row);
        }

        let further = self.further_key(say);
        if self.layout.cased {
            keys.push(Key { active: self.shift, ..named(KeyKind::Shift, &say.key_shift, 0.0, 2, WIDE_KEY) });
        } else if let Some(label) = &further {
            keys.push(named(KeyKind::Layer, label, 0.0, 2, WIDE_KEY));
        }
        self.push_characters(&mut keys, third, (COLUMNS - count(third)) / 2.0, 2);
        keys.push(named(KeyKind::Backspace, &say.key_backspace, COLUMNS - WIDE_KEY, 2, WIDE_KEY));

        let signs = if self.shown == Shown::Signs { &say.key_letters } else { &say.key_symbols };
        keys.push(named(KeyKind::Layer, signs, 0.0, 3, WIDE_KEY));
        let mut column = WIDE_KEY;
        if let Some(label) = further.filter(|_| self.layout.cased) {
            keys.push(named(KeyKind::Layer, &label, column, 3, WIDE_KEY));
            column += WIDE_KEY;
        }
        column = self.push_characters(&mut keys, before_space, column, 3);
        let after = COLUMNS - RETURN_KEY - count(after_space);
        let space = named(KeyKind::Character, &say.key_space, column, 3, after - column);
        keys.push(Key { writes: " ".into(), ..space });
        self.push_characters(&mut keys, after_space, after, 3);
        keys.push(named(KeyKind::Return, &say.key_return, COLUMNS - RETURN_KEY, 3, RETURN_KEY));
        let mut row = None;
        for key in &mut keys {
            key.first = row.replace(key.row) != Some(key.row);
        }
        keys
    }

    fn layer(&self) -> &'static Layer {
        match (self.shown, &self.layout.further) {
            (Shown::Further, Some(further)) => &further.layer,
            (Shown::Signs, _) => &self.layout.signs,
            _ => &self.layout.letters,
        }
    }

    /// What the key says that shows the further letters, or the letters again.
    fn further_key(&self, say: &Phrases) -> Option<SharedString> {
        let further = self.layout.further.as_ref()?;
        Some(if self.shown == Shown::Further { say.key_letters.clone() } else { further.label.into() })
    }

    /// One key after the other from a column on; where the next would stand.
    fn push_characters(&self, keys: &mut Vec<Key>, characters: &str, begin: f32, row: i32) -> f32 {
        let mut column = begin;
        for text in characters.split_whitespace() {
            let writes: SharedString = if self.shift { text.to_uppercase() } else { text.to_owned() }.into();
            let label =
                if text.chars().all(is_mark) { format!("\u{25cc}{writes}").into() } else { writes.clone() };
            keys.push(Key { name: writes.clone(), writes, ..named(KeyKind::Character, &label, column, row, 1.0) });
            column += 1.0;
        }
        column
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
                self.shown = self.shown_by(key);
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

    /// The layer that a layer key shows: of the two keys one leads to each of the layers that are not shown.
    fn shown_by(&self, key: &Key) -> Shown {
        let leads_further = self.layout.further.as_ref().is_some_and(|further| key.label == further.label);
        match self.shown {
            Shown::Letters | Shown::Signs if leads_further => Shown::Further,
            Shown::Letters => Shown::Signs,
            // Both keys stand where they stood on the letters: the one in the corner leads to the signs.
            Shown::Further if key.column < WIDE_KEY && key.row == 3 => Shown::Signs,
            Shown::Further | Shown::Signs => Shown::Letters,
        }
    }

    fn replaced(&mut self, before: &str, written: &str, after: &str) -> Edited {
        let before = format!("{before}{written}");
        self.shift = self.layout.cased && begins_sentence(&before);
        if self.shown == Shown::Further && !written.is_empty() {
            self.shown = Shown::Letters;
        }
        let caret = before.len();
        edited(before + after, caret)
    }
}

/// A key with words on it.
pub(super) fn named(kind: KeyKind, label: &SharedString, column: f32, row: i32, width: f32) -> Key {
    Key {
        kind,
        label: label.clone(),
        name: label.clone(),
        writes: SharedString::new(),
        column,
        row,
        width,
        active: false,
        first: false,
    }
}

/// What each row says: its keys, one after the other.
pub(super) fn row_names(keys: &[Key]) -> Vec<SharedString> {
    let rows = keys.chunk_by(|one, next| one.row == next.row);
    rows.map(|row| row.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join(" ").into()).collect()
}

/// What becomes of a text and its caret when a key is pressed that writes what it says, or takes a character back.
pub(super) fn typed(key: &Key, text: &str, anchor: i32, caret: i32) -> Edited {
    let (begin, end) = selection(text, anchor, caret);
    let (before, after) = (text.get(..begin).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let before = match key.kind {
        KeyKind::Backspace if begin == end => {
            let kept = before.char_indices().last().map_or(0, |(at, _)| at);
            before.get(..kept).unwrap_or_default().to_owned()
        }
        KeyKind::Backspace => before.to_owned(),
        _ => format!("{before}{}", key.writes),
    };
    let caret = before.len();
    edited(before + after, caret)
}

fn count(characters: &str) -> f32 {
    characters.split_whitespace().count() as f32
}

/// Whether a character stands on another: alone it is shown on a dotted circle. Those of the scripts there are layouts of.
fn is_mark(character: char) -> bool {
    matches!(u32::from(character),
        0x064b..=0x0655 | 0x0670                                            // Arabic
        | 0x0981..=0x0983 | 0x09bc | 0x09be..=0x09cd                        // Bengali
        | 0x0a01..=0x0a03 | 0x0a3c | 0x0a3e..=0x0a4d | 0x0a70..=0x0a71      // Gurmukhi
        | 0x0a81..=0x0a83 | 0x0abc | 0x0abe..=0x0acd                        // Gujarati
    )
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
mod tests;
