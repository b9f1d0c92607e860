#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn calendar() -> Calendar {
    Calendar::new(date(2026, 1, 5)).unwrap()
}

/// The slow, obvious calendar: walk from day to day, start a fortnight on every second Monday, and count those that
/// start in the same ISO week-year, which is the year of the Thursday of the first week.
fn walk(anchor: Date, from: Date, to: Date) -> BTreeMap<Date, (Date, i16, u8)> {
    let mut start = anchor;
    while start > from {
        for _ in 0..14 {
            start = start.yesterday().unwrap();
        }
    }
    let year_of = |monday: Date| {
        let mut thursday = monday;
        while thursday.weekday() != Weekday::Thursday {
            thursday = thursday.tomorrow().unwrap();
        }
        thursday.year()
    };
    let number_of = |monday: Date| {
        let (mut number, mut earlier) = (1, monday);
        loop {
            for _ in 0..14 {
                earlier = earlier.yesterday().unwrap();
            }
            if year_of(earlier) != year_of(monday) {
                return number;
            }
            number += 1;
        }
    };
    let (mut day, mut place) = (start, 0);
    let mut found = BTreeMap::new();
    let mut name = (start, year_of(start), number_of(start));
    while day <= to {
        if place == 14 {
            place = 0;
            name = (day, year_of(day), number_of(day));
        }
        if day >= from {
            found.insert(day, name);
        }
        place += 1;
        day = day.tomorrow().unwrap();
    }
    found
}

fn check_against_walk(anchor: Date, from: Date, to: Date) {
    let calendar = Calendar::new(anchor).unwrap();
    for (day, (start, year, number)) in walk(anchor, from, to) {
        let fortnight = calendar.fortnight_of(day).unwrap();
        assert_eq!((fortnight.start(), fortnight.year(), fortnight.number()), (start, year, number), "{day}");
        assert_eq!(calendar.fortnight(year, number), Ok(fortnight));
        assert_eq!(calendar.period(&fortnight.to_string()), Ok(Period::Fortnight(fortnight)));
        assert!(Period::Fortnight(fortnight).contains(day));
    }
}

#[test]
fn every_day_of_fifty_years_falls_where_walking_says() {
    check_against_walk(date(2026, 1, 5), date(2001, 1, 1), date(2051, 12, 31));
}

#[test]
fn the_anchor_may_be_any_monday() {
    check_against_walk(date(2009, 6, 15), date(2008, 12, 1), date(2016, 3, 1));
    check_against_walk(date(2024, 12, 30), date(2019, 12, 1), date(2027, 3, 1));
    assert_eq!(Calendar::new(date(2026, 1, 6)), Err(CalendarError::NotMonday(date(2026, 1, 6))));
}

#[test]
fn the_first_fortnight_starts_on_the_anchor() {
    let check = |day, name: &str, start| {
        let fortnight = calendar().fortnight_of(day).unwrap();
        assert_eq!((fortnight.to_string().as_str(), fortnight.start()), (name, start));
    };
    check(date(2026, 1, 5), "2026-F01", date(2026, 1, 5));
    check(date(2026, 1, 18), "2026-F01", date(2026, 1, 5));
    check(date(2026, 1, 19), "2026-F02", date(2026, 1, 19));
    check(date(2026, 1, 4), "2025-F26", date(2025, 12, 22));
    check(date(2026, 11, 23), "2026-F24", date(2026, 11, 23));
}

/// 2026 has 53 ISO weeks. Its fortnights start on 5 January and then on every second Monday: 26 of them, and the week
/// that is left over begins the first fortnight of 2027 one week late.
#[test]
fn a_year_of_53_weeks() {
    let calendar = calendar();
    let last = calendar.fortnight_of(date(2026, 12, 31)).unwrap();
    assert_eq!((last.to_string().as_str(), last.start()), ("2026-F26", date(2026, 12, 21)));
    assert_eq!(calendar.after(last).unwrap().to_string(), "2027-F01");
    assert_eq!(calendar.fortnight_of(date(2027, 1, 4)).unwrap().start(), date(2027, 1, 4));
    assert_eq!(calendar.fortnight(2026, 27), Err(CalendarError::NoSuchFortnight(2026, 27)));
}

/// A 53-week year whose first Monday begins a fortnight has 27 that start in it.
#[test]
fn a_year_of_27_fortnights() {
    let calendar = Calendar::new(date(2025, 12, 29)).unwrap();
    let last = calendar.fortnight(2026, 27).unwrap();
    assert_eq!((last.start(), last.last()), (date(2026, 12, 28), date(2027, 1, 10)));
    assert_eq!(calendar.fortnight_of(date(2027, 1, 10)), Ok(last));
    assert_eq!(calendar.after(last).unwrap().to_string(), "2027-F01");
    assert_eq!(calendar.before(calendar.fortnight(2027, 1).unwrap()), Ok(last));
    let years = (1990..2090).filter(|year| calendar.fortnight(*year, 27).is_ok()).count();
    assert!((1..20).contains(&years), "{years} of 100 years have 27 fortnights");
    assert!((1990..2090).all(|year| calendar.fortnight(year, 26).is_ok()));
    assert!((1990..2090).all(|year| calendar.fortnight(year, 28).is_err()));
}

#[test]
fn the_day_of_a_moment_follows_both_clock_changes() {
    let check = |moment: &str, day| assert_eq!(calendar().day_of(moment.parse().unwrap()), day, "{moment}");
    // Winter time: London is UTC.
    check("2026-11-23T23:59:59Z", date(2026, 11, 23));
    check("2026-11-24T00:00:00Z", date(2026, 11, 24));
    // Summer time: London is an hour ahead.
    check("2026-07-01T22:59:59Z", date(2026, 7, 1));
    check("2026-07-01T23:00:00Z", date(2026, 7, 2));
    // 29 March 2026: 01:00 UTC becomes 02:00; the day has 23 hours.
    check("2026-03-29T00:00:00Z", date(2026, 3, 29));
    check("2026-03-29T22:59:59Z", date(2026, 3, 29));
    check("2026-03-29T23:00:00Z", date(2026, 3, 30));
    // 25 October 2026: 01:00 UTC becomes 01:00 again; the day has 25 hours.
    check("2026-10-24T23:00:00Z", date(2026, 10, 25));
    check("2026-10-25T23:59:59Z", date(2026, 10, 25));
    check("2026-10-26T00:00:00Z", date(2026, 10, 26));
}

#[test]
fn days_have_23_24_or_25_hours() {
    let calendar = calendar();
    let hours = |day: Date| {
        let (start, end) = (calendar.start_of(day).unwrap(), calendar.start_of(day.tomorrow().unwrap()).unwrap());
        (end.as_second() - start.as_second()) / 3600
    };
    assert_eq!(hours(date(2026, 3, 29)), 23);
    assert_eq!(hours(date(2026, 10, 25)), 25);
    assert_eq!(hours(date(2026, 11, 23)), 24);
}

#[test]
fn months_and_half_years() {
    let check = |name: &str, start, last| {
        let period = calendar().period(name).unwrap();
        assert_eq!((period.start(), period.last()), (start, last));
        assert_eq!(period.to_string(), name);
        assert!(period.contains(start) && period.contains(last));
        assert!(!period.contains(start.yesterday().unwrap()) && !period.contains(last.tomorrow().unwrap()));
    };
    check("2026-02", date(2026, 2, 1), date(2026, 2, 28));
    check("2028-02", date(2028, 2, 1), date(2028, 2, 29));
    check("2026-12", date(2026, 12, 1), date(2026, 12, 31));
    check("2026-H1", date(2026, 1, 1), date(2026, 6, 30));
    check("2026-H2", date(2026, 7, 1), date(2026, 12, 31));
    check("2026-F23", date(2026, 11, 9), date(2026, 11, 22));
    check("6m-2026-11-22", date(2026, 5, 25), date(2026, 11, 22));
    check("6m-2026-06-30", date(2025, 12, 31), date(2026, 6, 30));
    check("6m-2026-08-30", date(2026, 3, 2), date(2026, 8, 30));
    check("6m-2026-08-31", date(2026, 3, 3), date(2026, 8, 31));
    check("2026-11-01..2026-11-14", date(2026, 11, 1), date(2026, 11, 14));
    check("2026-11-01..2026-11-01", date(2026, 11, 1), date(2026, 11, 1));
}

#[test]
fn names_of_nothing_are_refused() {
    for name in [
        "",
        "2026",
        "2026-",
        "2026-13",
        "2026-00",
        "2026-1",
        "2026-F00",
        "2026-F1",
        "2026-F27",
        "2026-F99",
        "2026-H0",
        "2026-H3",
        "2026-H",
        "26-F01",
        "+026-F01",
        "2026-F+1",
        "2026-f01",
        "2026-F01 ",
        "1800-F01",
        "9999-01",
        "0000-H1",
        "2026-F256",
        "２０２６-01",
    ] {
        assert!(calendar().period(name).is_err(), "{name:?}");
    }
}

#[test]
fn the_edges_of_the_calendar_are_errors_and_not_panics() {
    let calendar = calendar();
    for day in [Date::MIN, Date::MAX, date(1899, 12, 31), date(3000, 1, 1)] {
        assert!(matches!(calendar.fortnight_of(day), Err(CalendarError::OutOfRange(_))), "{day}");
    }
    let last = calendar.fortnight_of(date(2999, 12, 31)).unwrap();
    assert!(calendar.after(last).is_err());
    let first = calendar.fortnight_of(date(1900, 1, 31)).unwrap();
    assert!((0..3).try_fold(first, |fortnight, _| calendar.before(fortnight)).is_err());
    for year in [i16::MIN, -1, 0, 9999, i16::MAX] {
        assert!(calendar.fortnight(year, 1).is_err(), "{year}");
    }
    assert!(Calendar::new(date(-9999, 1, 1)).is_ok_and(|far| far.fortnight_of(date(2026, 1, 1)).is_ok()));
}

#[test]
fn day_numbers_count_from_1970() {
    assert_eq!(DayNumber::from(date(1970, 1, 1)).count(), 0);
    assert_eq!(DayNumber::from(date(2026, 11, 23)).count(), 20_780);
    assert_eq!(DayNumber::from(Date::MAX).date(), Some(Date::MAX));
    assert_eq!(DayNumber::from_count(i32::MAX).date(), None);
    assert_eq!(DayNumber::from_count(i32::MIN).date(), None);
    assert_eq!("2026-11-23".parse::<DayNumber>().unwrap(), DayNumber::from(date(2026, 11, 23)));
}

fn any_day() -> impl Strategy<Value = Date> {
    (-20_000_i32..300_000).prop_map(|count| DayNumber::from_count(count).date().unwrap())
}

proptest! {
    #[test]
    fn a_day_falls_in_the_fortnight_that_says_so(day in any_day(), week in 0_i32..3000) {
        let calendar = Calendar::new(date(1999, 1, 4).checked_add((week * 7).days()).unwrap()).unwrap();
        let fortnight = calendar.fortnight_of(day).unwrap();
        prop_assert!((fortnight.start()..=fortnight.last()).contains(&day));
        prop_assert_eq!(fortnight.start().weekday(), Weekday::Monday);
        prop_assert_eq!(calendar.fortnight_of(fortnight.last()), Ok(fortnight));
        prop_assert!((1..=27).contains(&fortnight.number()));
        prop_assert_eq!(calendar.period(&fortnight.to_string()), Ok(Period::Fortnight(fortnight)));
        let after = calendar.after(fortnight).unwrap();
        prop_assert_eq!(after.start(), fortnight.last().tomorrow().unwrap());
        prop_assert_eq!(calendar.before(after), Ok(fortnight));
        prop_assert!((after.year(), after.number()) > (fortnight.year(), fortnight.number()));
    }

    #[test]
    fn a_moment_lies_in_its_day(second in 0_i64..30_000_000_000) {
        let (calendar, moment) = (calendar(), Timestamp::from_second(second).unwrap());
        let day = calendar.day_of(moment);
        prop_assert!(calendar.start_of(day).unwrap() <= moment);
        prop_assert!(moment < calendar.start_of(day.tomorrow().unwrap()).unwrap());
    }

    #[test]
    fn a_day_begins_on_a_quarter_of_an_hour(day in any_day()) {
        let start = calendar().start_of(day).unwrap();
        prop_assert_eq!(crate::clock::to_quarter_hour(start), start);
    }

    #[test]
    fn periods_have_one_name(name in "[0-9FH]{3,5}-?[FH]?[0-9]{0,3}") {
        if let Ok(period) = calendar().period(&name) {
            prop_assert_eq!(period.to_string(), name);
        }
    }

    #[test]
    fn day_numbers_round_trip(day in any_day()) {
        prop_assert_eq!(DayNumber::from(day).date(), Some(day));
    }
}
