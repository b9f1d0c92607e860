//! What the monitor found, in words.

use std::fmt::Write as _;

use serde_json::Value;

use super::words::{list, number, plural, text};

/// The findings that are new, those that were looked at, and what was compared.
pub(crate) fn monitored(value: &Value) -> String {
    let mut said = format!(
        "{}, {} to {}: {} from {} approached, compared with {} since {}.\n",
        text(value, "/period"),
        text(value, "/first_day"),
        text(value, "/last_day"),
        plural(number(value, "/responses"), "response", "responses"),
        number(value, "/contacts"),
        plural(number(value, "/past_responses"), "response", "responses"),
        text(value, "/compared_with_since")
    );
    let (seen, new): (Vec<&Value>, Vec<&Value>) =
        list(value, "/findings").iter().partition(|finding| finding.pointer("/looked_at/note").is_some());
    said.push_str(match new.len() {
        0 => "Nothing new is to be looked at.",
        _ => "To be looked at by a person; no score is changed by it:",
    });
    for finding in new {
        write!(said, "\n  {}\n      {}", text(finding, "/id"), text(finding, "/sentence")).unwrap_or_default();
    }
    if !seen.is_empty() {
        said.push_str("\nLooked at:");
    }
    for finding in seen {
        write!(
            said,
            "\n  {}\n      {}\n      {}, {}: {}",
            text(finding, "/id"),
            text(finding, "/sentence"),
            text(finding, "/looked_at/by"),
            text(finding, "/looked_at/at"),
            text(finding, "/looked_at/note")
        )
        .unwrap_or_default();
    }
    said.push_str("\nCompared:");
    for check in list(value, "/checks") {
        write!(
            said,
            "\n  {:<16} {:>5}, too few or unknown {}",
            text(check, "/kind"),
            number(check, "/compared"),
            number(check, "/left_out")
        )
        .unwrap_or_default();
    }
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_new_stands_before_what_was_looked_at() {
        let finding = |id: &str, looked_at: Value| json!({"id": id, "sentence": "Kiosk k-2: 9 whole responses of one quarter of an hour.", "looked_at": looked_at});
        let seen = json!({"by": "office", "at": "2026-11-20T12:00:00Z", "note": "a training session"});
        insta::assert_snapshot!(monitored(&json!({
            "period": "2026-F23", "first_day": "2026-11-09", "last_day": "2026-11-22", "responses": 320, "contacts": 401,
            "past_responses": 1, "compared_with_since": "2026-08-17",
            "findings": [finding("bursts:k-1:2026-11-12", seen), finding("bursts:k-2:2026-11-12", Value::Null)],
            "checks": [{"kind": "bursts", "compared": 300, "left_out": 2}]
        })));
    }
}
