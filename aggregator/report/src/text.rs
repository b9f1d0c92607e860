//! What of a text can be set.
//!
//! PDF/UA wants a character for every glyph and a glyph for every character. So what changes how a character looks and is none itself
//! (variation selectors), what nobody sees (controls, direction marks) and what no font has is taken out here, before anything is set.
//! What people wrote is not silently shortened: where a sign cannot be set, [`NO_GLYPH`] stands.

use crate::fonts;

/// Stands where signs were that no font has.
pub(crate) const NO_GLYPH: &str = "[?]";

/// A text as it can be set.
pub(crate) fn settable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => clean.push('\n'),
            '\t' | '\u{a0}' | '\u{202f}' | '\u{2009}' => clean.push(' '),
            _ if is_unseen(character) => {}
            // Joiners shape words in several scripts and have no look of their own.
            '\u{200c}' | '\u{200d}' => clean.push(character),
            _ if fonts::have(character) => clean.push(character),
            _ if clean.ends_with(NO_GLYPH) => {}
            _ => clean.push_str(NO_GLYPH),
        }
    }
    clean
}

/// The same for words that are read out and not drawn.
pub(crate) fn readable(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !is_unseen(*character)).collect()
}

/// Whether nobody sees it, or it only changes how its neighbour looks.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' // variation selectors
            | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}'
            | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' // directions
            | '\u{1f3fb}'..='\u{1f3ff}' // skin tones
            | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_set_is_taken_out_or_said() {
        let check = |text: &str, expected: &str| assert_eq!(settable(text), expected, "{text:?}");
        check("Soft bins, thank you – “great”", "Soft bins, thank you – “great”");
        check("a\u{fe0f}b\u{e0100}", "ab");
        check("one\ttwo\r\nthree\u{7}", "one two\nthree");
        check("\u{202e}drow\u{202c}", "drow");
        check("Great \u{1f600}\u{1f3fd}\u{1f600}!", "Great [?]!");
        check("很好 ok", "[?] ok");
        check("آپ نے کہا", "آپ نے کہا");
        check("ক্\u{200d}ষ", "ক্\u{200d}ষ");
        assert_eq!(readable("a\u{fe0f} \u{1f600}"), "a \u{1f600}");
    }
}
