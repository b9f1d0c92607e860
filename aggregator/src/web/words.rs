//! Numbers, days and reasons in the words that pages use. A number never stands without its n.

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::contact::{AttributionSource, Mode, Outcome};
use wardvoice_protocol::fortnight::{Calendar, Period};
use wardvoice_protocol::receipt::Reason;

pub(crate) use crate::help::{need, need_word};
use crate::scoring::Figure;

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Points from 0 to 10, with one decimal.
    Points,
    /// Per cent from 0 to 100, whole.
    PerCent,
}

impl Scale {
    /// The top of the scale.
    pub(crate) fn top(self) -> f64 {
        match self {
            Self::Points => 10.0,
            Self::PerCent => 100.0,
        }
    }

    /// A value, rounded as the scale is.
    pub(crate) fn write(self, value: f64) -> String {
        match self {
            Self::Points => format!("{value:.1}"),
            Self::PerCent => format!("{value:.0}%"),
        }
    }
}

/// A count of people: "1 person", "31 people".
pub(crate) fn people(n: u64) -> String {
    if n == 1 { "1 person".to_owned() } else { format!("{} people", count(n)) }
}

/// A count with its noun: "1 answer", "31 answers".
pub(crate) fn of(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", count(n)) }
}

/// A count with thousands apart: 12,345.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The interval in words: "8.1 to 8.7"; none when there is none.
pub(crate) fn interval(figure: &Figure, scale: Scale) -> Option<String> {
    Some(format!("{} to {}", scale.write(figure.lower?), scale.write(figure.upper?)))
}

/// The whole figure in words: "8.4 (n 31, 8.1 to 8.7)", or why there is none.
pub(crate) fn figure(figure: &Figure, scale: Scale) -> String {
    match (figure.value, interval(figure, scale)) {
        (Some(value), Some(interval)) => format!("{} (n {}, {interval})", scale.write(value), count(figure.n)),
        (Some(value), None) => format!("{} (n {})", scale.write(value), count(figure.n)),
        (None, _) => format!("no score (n {})", count(figure.n)),
    }
}

/// A day: "Monday 9 November 2026" without the weekday's noise, "9 November 2026".
pub(crate) fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// A span of days: "9 to 22 November 2026", "28 December 2026 to 10 January 2027".
pub(crate) fn days(first: Date, last: Date) -> String {
    if first.year() != last.year() {
        return format!("{} to {}", day(first), day(last));
    }
    if first.month() != last.month() {
        return format!("{} to {}", first.strftime("%-d %B"), day(last));
    }
    format!("{} to {}", first.day(), day(last))
}

/// A period: "Fortnight 23 of 2026", "November 2026", "July to December 2026".
pub(crate) fn period(period: &Period) -> String {
    match period {
        Period::Fortnight(fortnight) => format!("Fortnight {} of {}", fortnight.number(), fortnight.year()),
        Period::Month { start } => start.strftime("%B %Y").to_string(),
        Period::HalfYear { start } => {
            format!("{} to {}", start.strftime("%B"), period.last().strftime("%B %Y"))
        }
        Period::RollingHalfYear { last } => format!("Six months to {}", day(*last)),
        Period::Days { start, last } => days(*start, *last),
    }
}

/// A fortnight by its name, in a sentence: "fortnight 24 of 2026" for `2026-F24`.
pub(crate) fn fortnight(name: &str) -> String {
    name.split_once("-F").map_or_else(
        || name.to_owned(),
        |(year, number)| format!("fortnight {} of {year}", number.trim_start_matches('0')),
    )
}

/// How long ago, in words a person would use. Times of day are not said on purpose unless it was today.
pub(crate) fn ago(moment: Timestamp, now: Timestamp, calendar: &Calendar) -> String {
    let minutes = (now.as_second() - moment.as_second()) / 60;
    let (today, then) = (calendar.day_of(now), calendar.day_of(moment));
    let apart = then.until(today).map_or(0, |span| span.get_days());
    match (minutes, apart) {
        (..=0, _) => "just now".to_owned(),
        (1, _) => "1 minute ago".to_owned(),
        (2..=59, _) => format!("{minutes} minutes ago"),
        (_, ..=0) => "today".to_owned(),
        (_, 1) => "yesterday".to_owned(),
        (_, 2..=13) => format!("{apart} days ago"),
        _ => format!("on {}", day(then)),
    }
}

/// How long somebody has waited, in words a person would use.
pub(crate) fn waiting(since: Timestamp, now: Timestamp) -> String {
    let minutes = ((now.as_second() - since.as_second()) / 60).max(0);
    let ago = |count: i64, one: &str, many: &str| format!("{} ago", of(count.unsigned_abs(), one, many));
    match minutes {
        0 => "just now".to_owned(),
        1..=59 => ago(minutes, "minute", "minutes"),
        60..=1439 => ago(minutes / 60, "hour", "hours"),
        _ => ago(minutes / 1440, "day", "days"),
    }
}

/// What came of an approach.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "Answered",
        Outcome::Partial => "Answered in part",
        Outcome::Declined => "Said no",
        Outcome::Asleep => "Asleep",
        Outcome::Unwell => "Too unwell",
        Outcome::LacksCapacity => "Not able to agree",
        Outcome::Language => "No shared language",
        Outcome::Isolation => "In isolation",
        Outcome::Away => "Away from the ward",
        Outcome::AlreadyAsked => "Already asked",
    }
}

/// How an interview was done.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Alone => "patient alone",
        Mode::Assisted => "with help",
        Mode::Interview => "read aloud",
        Mode::Proxy => "a relative answered",
    }
}

/// Who said that a consultant was in charge.
pub(crate) fn attribution_source(source: AttributionSource) -> &'static str {
    match source {
        AttributionSource::Roster => "the roster",
        AttributionSource::Patient => "the patient",
        AttributionSource::Volunteer => "the volunteer",
    }
}

/// What somebody did, as entries of the audit name it.
pub(crate) fn deed(did: &str) -> &str {
    match did {
        "signed_in" => "Signed in",
        "sign_in_refused" => "Was not let in",
        "signed_out" => "Signed out",
        "saw_consultant" => "Saw a consultant",
        "saw_records" => "Took records out",
        "changed_account" => "Changed an account",
        "changed_kiosk" => "Changed a kiosk",
        "changed_certificate" => "Gave out or took back a certificate",
        "changed_pin" => "Changed a PIN",
        "changed_plan" => "Changed the plan",
        "changed_approval" => "Decided about a translation",
        "changed_frame" => "Changed the coding frame",
        "changed_lists" => "Changed a word list or the names of staff",
        "changed_action" => "Changed an action",
        "changed_rebase" => "Changed where limits start afresh",
        "changed_eligible" => "Noted eligible patients",
        "exported_return" => "Wrote the national return",
        "published" => "Published pages",
        "released" => "Released figures to the public",
        "decided_comment" => "Decided about a comment",
        "marked_finding" => "Looked at a finding of the monitor",
        "saw_alert" => "Saw an alert",
        "saw_help" => "Saw a request for help",
        "disputed" => "Disputed a patient",
        "ruled" => "Ruled on a dispute",
        "replayed" => "Tried the quarantine again",
        "imported" => "Took records in",
        "rebuilt" => "Made the facts again",
        "backed_up" => "Made a backup",
        "swept" => "Deleted what had been kept for long enough",
        "withdrew" => "Deleted an answer that was withdrawn",
        other => other,
    }
}

/// Why a record was not counted, for the people who can do something about it.
pub(crate) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Oversize => "Too large",
        Reason::Unreadable => "Could not be read",
        Reason::UnknownVersion => "Made by newer or unknown software",
        Reason::WrongTopic => "Sent under another kiosk's name",
        Reason::UnknownKiosk => "The kiosk is not registered",
        Reason::WrongSignature => "The signature is not the kiosk's",
        Reason::StaleKey => "Signed or sealed with a replaced key",
        Reason::BrokenChain => "Does not follow the kiosk's last record",
        Reason::ForkedChain => "Another record has this number: two tablets with one key?",
        Reason::Conflict => "Same record id, other contents",
        Reason::CannotOpen => "Could not be decrypted",
        Reason::InvalidRecord => "What was inside is not a record",
        Reason::UnknownWard => "The ward is not in the directory",
        Reason::UnknownQuestionnaire => "The questionnaire or its version is not known",
        Reason::UnknownQuestion => "A question is missing or not known",
        Reason::UnknownOption => "An answer is not one of the question's options",
        Reason::Clock => "The tablet's clock is too far out",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(people(1), "1 person");
        let some = Figure { value: Some(8.44), n: 31, lower: Some(8.05), upper: Some(8.74), why: None };
        assert_eq!(figure(&some, Scale::Points), "8.4 (n 31, 8.1 to 8.7)");
        let none = Figure { value: None, n: 0, lower: None, upper: None, why: None };
        assert_eq!(figure(&none, Scale::PerCent), "no score (n 0)");
    }

    #[test]
    fn a_fortnight_is_named_as_people_name_it() {
        assert_eq!(fortnight("2026-F24"), "fortnight 24 of 2026");
        assert_eq!(fortnight("2027-F03"), "fortnight 3 of 2027");
        assert_eq!(fortnight("2026-11"), "2026-11", "what is none stays as it is");
    }

    #[test]
    fn spans_of_days_say_each_part_once() {
        let check = |first: &str, last: &str, expected: &str| {
            assert_eq!(days(first.parse().unwrap(), last.parse().unwrap()), expected);
        };
        check("2026-11-09", "2026-11-22", "9 to 22 November 2026");
        check("2026-10-26", "2026-11-08", "26 October to 8 November 2026");
        check("2026-12-28", "2027-01-10", "28 December 2026 to 10 January 2027");
    }

    #[test]
    fn ago_counts_local_days_not_hours() {
        let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
        let check = |moment: &str, now: &str, expected: &str| {
            assert_eq!(ago(moment.parse().unwrap(), now.parse().unwrap(), &calendar), expected);
        };
        check("2026-11-23T10:00:00Z", "2026-11-23T10:00:20Z", "just now");
        check("2026-11-23T10:00:00Z", "2026-11-23T10:31:20Z", "31 minutes ago");
        check("2026-11-23T06:00:00Z", "2026-11-23T10:00:20Z", "today");
        check("2026-11-22T22:00:00Z", "2026-11-23T00:30:00Z", "yesterday");
        check("2026-11-20T22:00:00Z", "2026-11-23T00:30:00Z", "3 days ago");
        check("2026-10-01T10:00:00Z", "2026-11-23T10:00:00Z", "on 1 October 2026");
    }
}
