//! What is to be one line: what people write into one (names of places, roles, reasons, notes), and what is said of anything, whatever is in it.

use std::fmt;

/// Whether a text is one line of 1 to so many characters, without line breaks and other control characters.
pub fn fits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A text without the space around it, if that fits.
pub fn trimmed(text: &str, most: usize) -> Option<&str> {
    Some(text.trim()).filter(|text| fits(text, most))
}

/// Hands text on so that all of it is one line and none of it moves the cursor of whoever reads it: control characters are written as what
/// they are, `\n` and `\u{1b}`.
#[derive(Debug)]
pub struct Line<W>(pub W);

impl<W: fmt::Write> fmt::Write for Line<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            match part.chars().next_back().filter(|last| last.is_control()) {
                Some(last) => {
                    self.0.write_str(part.strip_suffix(last).unwrap_or(part))?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                None => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fmt::Write as _;

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

    #[test]
    fn control_characters_are_written_as_what_they_are() {
        let mut line = Line(String::new());
        let moves = "\u{1b}[2J\u{9b}";
        write!(line, "a\r\nb{moves}c\t").unwrap();
        line.write_str("àèìòù \"\\").unwrap();
        assert_eq!(line.0, "a\\r\\nb\\u{1b}[2J\\u{9b}c\\tàèìòù \"\\");
    }
}
