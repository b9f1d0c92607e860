//! The fortnights that a period shows comments of. Pure.
//!
//! The day a comment was written stays in the office, so outside it a comment counts by its fortnight: whoever asks for one day, or for two
//! spans that differ by one, is shown whole fortnights or nothing.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use wardvoice_protocol::fortnight::{Calendar, Period};

/// The days of the whole fortnights of a period; none when it has no whole one.
///
/// Of months and half years these are the fortnights that end in it, so that every fortnight is in one month and in one half year; of
/// everything else those that lie in it from their first day to their last.
pub(super) fn whole(calendar: &Calendar, period: &Period) -> Option<RangeInclusive<Date>> {
    let first = calendar.fortnight_of(period.start()).ok()?;
    let ends_are_enough = matches!(period, Period::Month { .. } | Period::HalfYear { .. });
    let first =
        if ends_are_enough || first.start() == period.start() { first } else { calendar.after(first).ok()? };
    let last = calendar.fortnight_of(period.last()).ok()?;
    let last = if last.last() == period.last() { last } else { calendar.before(last).ok()? };
    (first.start() <= last.start()).then(|| first.start()..=last.last())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_period_shows_whole_fortnights() {
        let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
        let check = |period: &str, expected: Option<(&str, &str)>| {
            let found = whole(&calendar, &calendar.period(period).unwrap());
            let found = found.map(|days| (days.start().to_string(), days.end().to_string()));
            assert_eq!(found, expected.map(|(first, last)| (first.to_owned(), last.to_owned())), "{period}");
        };
        check("2026-F23", Some(("2026-11-09", "2026-11-22")));
        check("2026-11-09..2026-11-22", Some(("2026-11-09", "2026-11-22")));
        check("2026-11-08..2026-11-23", Some(("2026-11-09", "2026-11-22")));
        check("2026-11-10..2026-11-22", None);
        check("2026-11-09..2026-11-21", None);
        check("2026-11-12..2026-11-12", None);
        // The fortnight from 26 October to 8 November ends in November, that from 23 November in December.
        check("2026-11", Some(("2026-10-26", "2026-11-22")));
        check("2026-12", Some(("2026-11-23", "2026-12-20")));
        check("2026-H2", Some(("2026-06-22", "2026-12-20")));
        check("6m-2026-11-22", Some(("2026-05-25", "2026-11-22")));
    }
}
