//! What people write into one line: names of places, roles, reasons, notes.

/// Whether a text is one line of 1 to so many characters, without line breaks and other control characters.
pub fn fits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A text without the space around it, if that fits.
pub fn trimmed(text: &str, most: usize) -> Option<&str> {
    Some(text.trim()).filter(|text| fits(text, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_characters_and_no_breaks() {
        for (text, expected) in [
            ("", None),
            ("  ", None),
            (" rest at night ", Some("rest at night")),
            ("àèìòù", Some("àèìòù")),
            ("fourteen chars", Some("fourteen chars")),
            ("fifteen chars..", None),
            ("two\nlines", None),
            ("\u{7}bell", None),
        ] {
            assert_eq!(trimmed(text, 14), expected, "{text:?}");
        }
        assert!(!fits("", 14) && fits(" kept ", 14));
    }
}
