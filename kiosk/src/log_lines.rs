//! What the program says of itself, a line for each event.
//!
//! What a broker, or whatever answers in its place, has sent may stand in the reason why there is no connection. So no event is two lines, and none
//! moves the cursor of whoever reads it: control characters are written as what they are ([`Line`]). The aggregator's lines are made so
//! too, in its own `log_lines`: the two programs share nothing but the protocol, which knows no `tracing`.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use wardvoice_protocol::one_line::Line;

/// Writes the fields of each event on one line, whatever is in them.
#[derive(Debug, Clone, Copy, Default)]
pub struct OneLine;

impl<'writer> FormatFields<'writer> for OneLine {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut words = Words { line: Line(writer), is_first: true, result: Ok(()) };
        fields.record(&mut words);
        words.result
    }
}

/// The fields of an event as they are written.
struct Words<'writer> {
    line: Line<Writer<'writer>>,
    is_first: bool,
    result: fmt::Result,
}

impl Words<'_> {
    fn write(&mut self, name: &str, value: fmt::Arguments<'_>) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.line.write_char(' ')?;
        }
        if name != "message" {
            write!(self.line, "{name}=")?;
        }
        self.line.write_fmt(value)
    }
}

impl Visit for Words<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.result.is_ok() {
            self.result = self.write(field.name(), format_args!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What answers in a broker's place sends what looks like the end of one line and another of ours.
    #[test]
    fn whatever_a_broker_says_an_event_is_one_line() {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt().fmt_fields(OneLine).with_ansi(false);
        let lines = lines.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(lines, || {
            let forged = "unknown field `a\r\n2026-11-20T12:00:00Z INFO all is well\u{1b}[2J\u{9b}`";
            tracing::warn!(from = %forged, many = 3, "no connection: {forged}");
            tracing::warn!(quoted = forged, "as ever: àèìòù");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(
            text.ends_with('\n') && !text.trim_end_matches('\n').contains(|c: char| c.is_control() && c != '\n')
        );
        let first = text.lines().next().unwrap();
        assert!(first.contains("no connection: unknown field `a\\r\\n2026-11-20T12:00:00Z INFO"), "{first}");
        assert!(first.contains(" many=3") && first.contains("\\u{1b}[2J\\u{9b}`"), "{first}");
        assert!(text.contains("as ever: àèìòù quoted="), "{text}");
    }
}
