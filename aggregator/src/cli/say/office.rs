//! The office's decisions in words.

use serde_json::Value;

use super::words::{number, text};

/// `W12  Ward 12  28 beds  31 of 40, 9 to go (2026-F23)`
pub(crate) fn plan_line(value: &Value) -> String {
    let own = if value.pointer("/own").and_then(Value::as_bool) == Some(true) { ", its own target" } else { "" };
    let to_go = match number(value, "/to_go") {
        0 => "the plan is met".to_owned(),
        to_go => format!("{to_go} to go"),
    };
    format!(
        "{:<12} {:<36} {:>3} beds  {:>4} of {:<4} {to_go}{own} ({})",
        text(value, "/ward"),
        text(value, "/name"),
        number(value, "/beds"),
        number(value, "/done"),
        number(value, "/target"),
        text(value, "/period")
    )
}

/// `  3  2026-11-25  W12, target: 40, before by its beds (office: the ward has moved)`
pub(crate) fn plan_decision(value: &Value) -> String {
    let change = value.pointer("/change").unwrap_or(&Value::Null);
    let (what, now) = match text(change, "/of") {
        "beds" => (format!("{}, beds", text(change, "/ward")), number(change, "/beds").to_string()),
        "trust" => ("the trust's target".to_owned(), number(change, "/responses").to_string()),
        _ => {
            let own = change.pointer("/responses").and_then(Value::as_u64);
            let now = own.map_or_else(|| "by its beds".to_owned(), |own| own.to_string());
            (format!("{}, target", text(change, "/ward")), now)
        }
    };
    format!(
        "{:>4}  {}  {what}: {now}, before {} ({}: {})",
        number(value, "/number"),
        text(value, "/on"),
        text(value, "/before"),
        text(value, "/by"),
        text(value, "/reason")
    )
}

/// `inpatient@1  pl  machine translation, not approved`
pub(crate) fn translation_line(value: &Value) -> String {
    let standing = match text(value, "/standing") {
        "original" => "the original",
        "written" => "approved by its file",
        "approved" => "approved",
        "withdrawn" => "withdrawn",
        _ => "machine translation, not approved",
    };
    let decided = value.pointer("/decided").and_then(Value::as_str).map(|said| format!(" ({said})"));
    format!(
        "{:<28} {:<10} {standing}{}",
        text(value, "/questionnaire"),
        text(value, "/language"),
        decided.unwrap_or_default()
    )
}

/// `  3  inpatient@1  pl  approved (office: checked by the interpreters)`
pub(crate) fn translation_decision(value: &Value) -> String {
    let withdrawn = value.pointer("/ruling").and_then(Value::as_str) == Some("withdraw");
    format!(
        "{:>4}  {}@{}  {}  {} ({}: {})",
        number(value, "/number"),
        text(value, "/questionnaire/id"),
        number(value, "/questionnaire/version"),
        text(value, "/language"),
        if withdrawn { "withdrawn" } else { "approved" },
        text(value, "/by"),
        text(value, "/reason")
    )
}
