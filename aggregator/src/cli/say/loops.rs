//! Alerts, and times of requests for help, in words.

use std::fmt::Write as _;

use serde_json::Value;

use super::words::{list, number, plural, text};

/// `silent_kiosk:k-1  it  since 2026-11-23T10:15:00Z` and what there is below it.
pub(crate) fn alert(value: &Value) -> String {
    let mut said = format!(
        "{}  for {}, since {}",
        text(value, "/alert/key"),
        text(value, "/alert/audience"),
        text(value, "/raised")
    );
    if value.pointer("/seen/by").is_some() {
        write!(said, ", seen by {} at {}", text(value, "/seen/by"), text(value, "/seen/at")).unwrap_or_default();
    }
    write!(said, "\n      {}", text(value, "/alert/words")).unwrap_or_default();
    said
}

/// `site-manager has not taken the test message 0f5c…: it answered with HTTP status 401; check its token …`.
pub(crate) fn contact_test(value: &Value) -> String {
    let (contact, id) = (text(value, "/contact"), text(value, "/id"));
    let seconds = value.pointer("/seconds").and_then(Value::as_f64).unwrap_or_default();
    if value.pointer("/taken") == Some(&Value::Bool(true)) {
        return format!("{contact} has taken the test message {id} after {seconds:.1} s.");
    }
    let advice = value.pointer("/advice").and_then(Value::as_str);
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("{contact} has not taken the test message {id}: {}{advice}.", text(value, "/answer"))
}

/// The trust, and a line a ward.
pub(crate) fn help_times(value: &Value) -> String {
    let mut said = format!("Requests for help of the last {} days.", number(value, "/days"));
    write!(said, "\n{:<24} {}", "The trust", times(value.pointer("/trust"))).unwrap_or_default();
    for ward in list(value, "/wards") {
        let name = format!("{} {}", text(ward, "/ward"), text(ward, "/name"));
        write!(said, "\n{name:<24} {}", times(ward.pointer("/times"))).unwrap_or_default();
    }
    said
}

fn times(value: Option<&Value>) -> String {
    let value = value.unwrap_or(&Value::Null);
    format!(
        "{}; delivered {}; seen {}; {} went on, {} waiting, {} never seen",
        plural(number(value, "/requests"), "request", "requests"),
        waits(value, "/delivered"),
        waits(value, "/seen"),
        number(value, "/escalated"),
        number(value, "/waiting"),
        number(value, "/never_seen")
    )
}

fn waits(value: &Value, pointer: &str) -> String {
    let n = number(value, &format!("{pointer}/n"));
    if n == 0 {
        return "none (n 0)".to_owned();
    }
    let seconds = |name: &str| number(value, &format!("{pointer}/{name}"));
    format!("half within {} s, longest {} s (n {n})", seconds("median_s"), seconds("longest_s"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_alert_says_for_whom_and_who_has_seen_it() {
        let alert_of = |seen: Value| {
            json!({
                "alert": { "key": "silent_kiosk:k-1", "audience": "it", "words": "Kiosk k-1 on Ward 1 is silent." },
                "raised": "2026-11-23T10:15:00Z",
                "seen": seen,
            })
        };
        let new = "silent_kiosk:k-1  for it, since 2026-11-23T10:15:00Z\n      Kiosk k-1 on Ward 1 is silent.";
        assert_eq!(alert(&alert_of(Value::Null)), new);
        let seen = alert(&alert_of(json!({ "by": "site manager", "at": "2026-11-23T11:00:00Z" })));
        assert!(seen.contains(", seen by site manager at 2026-11-23T11:00:00Z\n"), "{seen}");
    }

    #[test]
    fn a_test_says_what_was_answered_and_what_to_look_at() {
        let test = |taken: bool, answer: &str, advice: Value| {
            contact_test(&json!({
                "contact": "site-manager", "id": "0f5c", "taken": taken, "answer": answer, "advice": advice, "seconds": 0.14
            }))
        };
        assert_eq!(
            test(true, "it has taken the message", Value::Null),
            "site-manager has taken the test message 0f5c after 0.1 s."
        );
        assert_eq!(
            test(false, "it answered with HTTP status 401", json!("check its token")),
            "site-manager has not taken the test message 0f5c: it answered with HTTP status 401; check its token."
        );
    }

    #[test]
    fn times_stand_with_their_n() {
        let of = |n: u64| {
            json!({
                "requests": n, "delivered": { "n": 0, "median_s": null, "longest_s": null },
                "seen": { "n": n, "median_s": 240, "longest_s": 1860 }, "escalated": 1, "waiting": 0, "never_seen": 2
            })
        };
        let wards = [json!({ "ward": "W1", "name": "Ward 1", "times": of(3) })];
        let said = help_times(&json!({ "days": 28, "trust": of(1), "wards": wards }));
        for line in [
            "Requests for help of the last 28 days.",
            "1 request; delivered none (n 0); seen half within 240 s, longest 1860 s (n 1); 1 went on, 0 waiting, 2 never seen",
            "3 requests; delivered none (n 0); seen half within 240 s, longest 1860 s (n 3); 1 went on, 0 waiting, 2 never seen",
        ] {
            assert!(said.lines().any(|said| said.ends_with(line)), "{said}");
        }
        assert!(said.contains("\nThe trust  ") && said.contains("\nW1 Ward 1  "), "{said}");
    }
}
