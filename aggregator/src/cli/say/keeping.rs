//! Backups and restores in words.

use serde_json::Value;

use super::words::{number, text};

/// What a backup came to.
pub(crate) fn backed_up(value: &Value) -> String {
    let keys = value.pointer("/recipients").and_then(Value::as_array).map_or(0, Vec::len);
    format!(
        "{} is written and was tried: {}, {} bytes, for {}.\n{}",
        text(value, "/to"),
        content(value),
        number(value, "/bytes"),
        if keys == 1 { "1 key".to_owned() } else { format!("{keys} keys") },
        standing(value)
    )
}

/// What a restore came to.
pub(crate) fn restored(value: &Value) -> String {
    format!("{} holds the backup: {}.\n{}", text(value, "/to"), content(value), standing(value))
}

/// What a log that was written anew came to.
pub(crate) fn rewrote(value: &Value) -> String {
    format!(
        "The log is written anew: {} records in {} bytes, {} before.",
        number(value, "/records"),
        number(value, "/bytes_now"),
        number(value, "/bytes_before")
    )
}

/// What had been kept for long enough.
pub(crate) fn swept(value: &Value) -> String {
    let dry = value.pointer("/dry_run").and_then(Value::as_bool) == Some(true);
    format!(
        "{} on {}: the words of comments of {} responses, the detail of {} responses and of {} contacts without one, everything of {} contacts.",
        if dry { "Due" } else { "Deleted" },
        text(value, "/on"),
        number(value, "/comments"),
        number(value, "/responses"),
        number(value, "/contacts"),
        number(value, "/figures")
    )
}

/// What stays of an answer that was withdrawn.
pub(crate) fn withdrawn(value: &Value) -> String {
    format!(
        "What was answered in record {} is deleted. Scores of ward {} in {} are made without it; where they were final they say so by a revision.",
        text(value, "/record"),
        text(value, "/ward"),
        text(value, "/period")
    )
}

fn content(value: &Value) -> String {
    format!(
        "{} records, {} refused envelopes and {} files as of {}",
        number(value, "/records"),
        number(value, "/quarantined"),
        number(value, "/files"),
        text(value, "/at")
    )
}

fn standing(value: &Value) -> String {
    let faults = value.pointer("/faults").and_then(Value::as_array);
    let faults: Vec<&str> = faults.into_iter().flatten().filter_map(Value::as_str).collect();
    let says = |what: &str| value.pointer(what).and_then(Value::as_bool) == Some(true);
    match (says("/sound"), says("/complete")) {
        (true, true) => "Everything in it is sound and complete.".to_owned(),
        (true, false) => {
            "Everything in it is sound. Some kiosks' records had not come yet: `verify` says which.".to_owned()
        }
        (false, _) => format!("Something in it was wrong already; `verify` says more:\n  {}", faults.join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_is_said_with_what_is_wrong() {
        let check = |sound: bool, complete: bool, says: &str| {
            let value = serde_json::json!({
                "to": "/backups/monday.age", "at": "2026-11-23T02:00:00Z", "bytes": 12_345, "records": 7, "quarantined": 1,
                "files": 20, "recipients": ["age1a"], "sound": sound, "complete": complete, "faults": ["record 3 is gone"],
            });
            for said in [backed_up(&value), restored(&value)] {
                assert!(
                    said.contains("7 records, 1 refused envelopes and 20 files as of 2026-11-23T02:00:00Z"),
                    "{said}"
                );
                assert!(said.contains(says), "{said}");
            }
        };
        check(true, true, "sound and complete");
        check(true, false, "had not come yet");
        check(false, true, "\n  record 3 is gone");
    }
}
