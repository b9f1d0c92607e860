//! How long people wait who ask for help, on the board's page: the trust, and every ward that had a request.

use jiff::SignedDuration;
use maud::{Markup, html};

use crate::help::times::{Times, TimesSheet, Waits, WardTimes};
use crate::web::words;

/// The section. `longest` is how long the one waits now who waits longest.
pub(super) fn section(help: &TimesSheet, longest: Option<SignedDuration>) -> Markup {
    let trust = &help.trust;
    html! {
        section #help-times.sheet.flows aria-labelledby="help-times-title" {
            h2 id="help-times-title" { "Requests for help" }
            p {
                @match longest {
                    None => "Nobody is waiting now.",
                    Some(longest) => { strong { (words::count(trust.waiting)) } " waiting now, the longest for " (duration(longest.as_secs())) "." },
                }
            }
            p {
                "In the last " (help.days) " days there " (if trust.requests == 1 { "was " } else { "were " })
                (words::of(trust.requests, "request", "requests")) ". " (sentence("Staff said that they had seen it within", trust.seen)) " "
                (sentence("A contact had the message within", trust.delivered)) " "
                (went_on(trust))
            }
            @if !help.wards.is_empty() {
                details id="help-wards" {
                    summary id="help-wards-title" { "Ward by ward" }
                    (table(&help.wards))
                }
            }
        }
    }
}

/// The trust's lines as text, for paper.
pub(crate) fn lines(help: &TimesSheet, longest: Option<SignedDuration>) -> [String; 2] {
    let trust = &help.trust;
    let now = longest.map_or_else(
        || "Nobody is waiting now.".to_owned(),
        |longest| {
            let waiting = words::count(trust.waiting);
            format!("{waiting} waiting now, the longest for {}.", duration(longest.as_secs()))
        },
    );
    let requests = words::of(trust.requests, "request", "requests");
    let seen = sentence("Staff said that they had seen it within", trust.seen);
    let delivered = sentence("A contact had the message within", trust.delivered);
    let went_on = went_on(trust);
    [now, format!("In the last {} days: {requests}. {seen} {delivered} {went_on}", help.days)]
}

/// What became of the requests that nobody answered at once.
fn went_on(trust: &Times) -> String {
    let (escalated, never_seen) = (words::count(trust.escalated), words::count(trust.never_seen));
    let were = if trust.never_seen == 1 { "was" } else { "were" };
    format!("{escalated} had to go on to another contact; {never_seen} {were} never seen by anybody.")
}

/// "Staff said that they had seen it within 4 minutes for half of them, 31 minutes at the longest (n 12)."
fn sentence(what: &str, waits: Waits) -> String {
    match (waits.median_s, waits.longest_s) {
        (Some(median), Some(longest)) => format!(
            "{what} {} for half of them, {} at the longest (n {}).",
            duration(median),
            duration(longest),
            words::count(waits.n)
        ),
        _ => format!("{what}: none (n 0)."),
    }
}

fn table(wards: &[WardTimes]) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="help-wards-title" {
            table.numbers {
                thead {
                    tr {
                        th scope="col" { "Ward" } th.n scope="col" { "Requests" }
                        th.n scope="col" { "Delivered, half within" } th.n scope="col" { "Longest" } th.n scope="col" { "n" }
                        th.n scope="col" { "Seen, half within" } th.n scope="col" { "Longest" } th.n scope="col" { "n" }
                        th.n scope="col" { "Went on" } th.n scope="col" { "Waiting" } th.n scope="col" { "Never seen" }
                    }
                }
                tbody { @for ward in wards { tr { th scope="row" { (ward.name) } (cells(&ward.times)) } } }
            }
        }
    }
}

fn cells(times: &Times) -> Markup {
    let time = |seconds: Option<i64>| seconds.map_or_else(|| "–".to_owned(), duration);
    let waits = |waits: Waits| {
        html! {
            td.n { (time(waits.median_s)) } td.n { (time(waits.longest_s)) } td.n { (words::count(waits.n)) }
        }
    };
    html! {
        td.n { (words::count(times.requests)) }
        (waits(times.delivered))
        (waits(times.seen))
        td.n { (words::count(times.escalated)) } td.n { (words::count(times.waiting)) } td.n { (words::count(times.never_seen)) }
    }
}

fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0).unsigned_abs();
    match seconds {
        0 => "a second".to_owned(),
        1..=119 => words::of(seconds, "second", "seconds"),
        120..=7_199 => words::of(seconds / 60, "minute", "minutes"),
        _ => words::of(seconds / 3_600, "hour", "hours"),
    }
}
