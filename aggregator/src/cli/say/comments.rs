//! Comments in words.

use std::fmt::Write as _;

use serde_json::Value;

use super::words::{list, number, plural, text};

/// A comment in a list: its name, where it is from, how soon it should be read, and the text.
pub(crate) fn comment_line(value: &Value) -> String {
    format!(
        "{}\n    {}, {}, {}, {}, {}\n    {}",
        text(value, "/id"),
        text(value, "/ward"),
        text(value, "/day"),
        text(value, "/language"),
        text(value, "/standing"),
        text(value, "/urgency"),
        text(value, "/text").replace('\n', "\n    ")
    )
}

/// A comment with how it would be shown, what it is about and what was decided.
pub(crate) fn comment(value: &Value) -> String {
    let mut said = comment_line(value);
    let shown = text(value, "/shown");
    if shown != text(value, "/text") {
        write!(said, "\n  shown as:\n    {}", shown.replace('\n', "\n    ")).unwrap_or_default();
    }
    for (name, pointer) in [("themes", "/themes"), ("words suggest", "/suggested")] {
        let themes: Vec<_> = list(value, pointer).iter().filter_map(Value::as_str).collect();
        if !themes.is_empty() {
            write!(said, "\n  {name}: {}", themes.join(", ")).unwrap_or_default();
        }
    }
    for entry in list(value, "/history") {
        let details = ["tone", "reach", "to", "reason"].map(|name| text(entry, &format!("/decision/{name}")));
        let details: Vec<_> = details.into_iter().filter(|detail| !detail.is_empty()).collect();
        let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
        write!(
            said,
            "\n  {:>5}  {}  {}: {}{details}",
            number(entry, "/number"),
            text(entry, "/at"),
            text(entry, "/by"),
            text(entry, "/decision/what")
        )
        .unwrap_or_default();
    }
    said
}

/// How many comments are about a theme.
pub(crate) fn theme_count(value: &Value) -> String {
    format!(
        "{:<36} {}, {}, {} not released",
        text(value, "/label"),
        plural(number(value, "/praise"), "praise", "praises"),
        plural(number(value, "/criticism"), "criticism", "criticisms"),
        number(value, "/not_released")
    )
}

/// The words of a language, a list a line.
pub(crate) fn word_lists(value: &Value) -> String {
    let is_checked = value.pointer("/checked") == Some(&Value::Bool(true));
    let checked =
        if is_checked { "somebody who speaks it has checked these" } else { "no speaker has checked these" };
    let mut said = format!("{}: {checked}", text(value, "/language"));
    for (heading, pointer) in [("words of harm", "/safeguarding"), ("words of distress", "/distress")] {
        let words: Vec<_> = list(value, pointer).iter().filter_map(Value::as_str).collect();
        let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
        write!(said, "\n  {heading}: {words}").unwrap_or_default();
    }
    said
}

/// `Nurse Placeholder = a nurse`, as it stands in the file.
pub(crate) fn staff_name(value: &Value) -> String {
    let (name, role) = (text(value, "/name"), text(value, "/role"));
    if role.is_empty() { name.to_owned() } else { format!("{name} = {role}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_is_said_with_how_it_is_shown_and_what_was_decided() {
        let said = comment(&json!({
            "id": "01a207d9-2100-7707-8707-070707070707/better", "ward": "W1", "day": "2026-11-12", "language": "en",
            "standing": "released", "urgency": "staff_name", "text": "Nurse Placeholder\nwas rude.", "shown": "[a nurse]\nwas rude.",
            "themes": ["kindness"], "suggested": ["kindness", "nurses"],
            "history": [
                {"number": 3, "at": "2026-11-20T12:00:00Z", "by": "office", "decision": {"what": "redacted", "edits": []}},
                {"number": 4, "at": "2026-11-20T12:01:00Z", "by": "office",
                    "decision": {"what": "released", "tone": "criticism", "reach": "staff"}}
            ]
        }));
        insta::assert_snapshot!(said);
    }
}
