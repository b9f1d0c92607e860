//! What the program says of itself, a line each, for people and, as JSON, for whoever gathers logs.
//!
//! `WARDVOICE_LOG_FORMAT=json` asks for JSON. The library's own form is not built in, because what it needs would build half of the
//! libraries here anew. A line has `timestamp`, `level`, `target`, `message` and the event's fields; as everywhere, nothing a patient said.
//!
//! What somebody outside has sent may stand in a reason why it was refused. So no event is two lines, and none moves the cursor of whoever
//! reads it: control characters are written as what they are ([`OneLine`]).

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;
use wardvoice_protocol::one_line::Line;

/// Writes each event as one line of JSON.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonLines;

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

/// Whether the environment asks for it.
pub fn wanted() -> bool {
    std::env::var_os("WARDVOICE_LOG_FORMAT").is_some_and(|format| format == "json")
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writeln!(writer, "{}", line(event, Timestamp::now()))
    }
}

fn line(event: &Event<'_>, now: Timestamp) -> Value {
    let mut fields = Fields(Map::new());
    let about = event.metadata();
    fields.put("timestamp", now.to_string());
    fields.put("level", about.level().as_str());
    fields.put("target", about.target());
    event.record(&mut fields);
    Value::Object(fields.0)
}

/// The fields of an event as they are told.
struct Fields(Map<String, Value>);

impl Fields {
    /// What is there stays: no field of an event takes the place of its time or level.
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.entry(name).or_insert_with(|| value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

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

    /// Somebody outside sends what looks like the end of one line and another of ours.
    #[test]
    fn whatever_is_in_an_event_it_is_one_line() {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt().fmt_fields(OneLine).with_ansi(false);
        let lines = lines.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(lines, || {
            let forged = "unknown field `a\r\n2026-11-20T12:00:00Z INFO all is well\u{1b}[2J\u{9b}`";
            tracing::warn!(from = %forged, many = 3, "somebody was not taken in: {forged}");
            tracing::warn!(quoted = forged, "as ever: àèìòù");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(
            text.ends_with('\n') && !text.trim_end_matches('\n').contains(|c: char| c.is_control() && c != '\n')
        );
        let first = text.lines().next().unwrap();
        assert!(
            first.contains("somebody was not taken in: unknown field `a\\r\\n2026-11-20T12:00:00Z INFO"),
            "{first}"
        );
        assert!(first.contains(" many=3") && first.contains("\\u{1b}[2J\\u{9b}`"), "{first}");
        assert!(text.contains("as ever: àèìòù quoted="), "{text}");
    }

    #[test]
    fn an_event_is_a_line_of_json() {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt().event_format(JsonLines).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(lines, || {
            tracing::warn!(records = 3_u64, well = false, level = "mine", "a line\nand \"another\"");
            tracing::info!(origin = ?Some(1), "the log is open");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!(lines[0]["level"], "WARN", "a field takes no place of the line's own");
        assert_eq!(lines[0]["message"], "a line\nand \"another\"");
        assert_eq!((&lines[0]["records"], &lines[0]["well"]), (&Value::from(3), &Value::from(false)));
        assert_eq!(lines[1]["origin"], "Some(1)");
        assert!(lines[1]["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    }
}
