//! The calendar: local civil days in Europe/London, fortnights for the programme, months for the national return,
//! half years for snapshots, six months (26 weeks) up to a day for consultants, and any span of days.
//!
//! A fortnight is 14 local days from a configured anchor Monday, for ever in both directions. Its name is the ISO
//! week-year of its first Monday and its place among the fortnights that start in that year: `2026-F23`. A year has 26
//! of them, or 27. A local day has 23, 24 or 25 hours; days are counted in the calendar, never in seconds.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The days of a fortnight.
pub const FORTNIGHT_DAYS: i32 = 14;

/// The time zone of the calendar: that of the programme's hospitals.
pub const ZONE: &str = "Europe/London";

/// Why a calendar or a period is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The anchor is not a Monday.
    #[error("the fortnight anchor {0} is not a Monday")]
    NotMonday(Date),
    /// The text names no period.
    #[error(
        "{0:?} is not a period: write 2026-F23 (fortnight), 2026-11 (month), 2026-H2 (half year), 6m-2026-11-22 (the six \
         months up to a day) or 2026-11-01..2026-11-14 (days)"
    )]
    NotPeriod(String),
    /// The span ends before it begins.
    #[error("{0:?} ends before it begins")]
    Backwards(String),
    /// The year has no such fortnight.
    #[error("{0} has no fortnight {1}")]
    NoSuchFortnight(i16, u8),
    /// The date is outside the years 1900 to 2999.
    #[error("{0} is outside the years this calendar covers")]
    OutOfRange(String),
    /// The zone database is missing.
    #[error("the time zone {ZONE} is not known")]
    NoZone,
}

/// The calendar of a programme.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    anchor: Date,
    zone: TimeZone,
}

/// A fortnight of a calendar. Only a [`Calendar`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fortnight {
    start: Date,
    year: i16,
    number: u8,
}

/// A span of whole local days that scores are computed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A fortnight, `2026-F23`.
    Fortnight(Fortnight),
    /// A calendar month, `2026-11`.
    Month {
        /// The first day.
        start: Date,
    },
    /// Half a calendar year, `2026-H2`.
    HalfYear {
        /// The first day.
        start: Date,
    },
    /// The six months up to a day, `6m-2026-11-22`: 26 weeks, so that those which end with a fortnight are made of whole ones.
    RollingHalfYear {
        /// The last day.
        last: Date,
    },
    /// Any span of days, `2026-11-01..2026-11-14`.
    Days {
        /// The first day.
        start: Date,
        /// The last day, inclusive, not before the first.
        last: Date,
    },
}

impl Calendar {
    /// A calendar whose fortnights are counted from a Monday.
    pub fn new(anchor: Date) -> Result<Self, CalendarError> {
        if anchor.weekday() != Weekday::Monday {
            return Err(CalendarError::NotMonday(anchor));
        }
        let zone = TimeZone::get(ZONE).map_err(|_| CalendarError::NoZone)?;
        Ok(Self { anchor, zone })
    }

    /// The anchor.
    pub fn anchor(&self) -> Date {
        self.anchor
    }

    /// The local day a moment falls on.
    pub fn day_of(&self, moment: Timestamp) -> Date {
        self.zone.to_datetime(moment).date()
    }

    /// What a clock on the ward's wall shows at a moment.
    pub fn wall_clock(&self, moment: Timestamp) -> DateTime {
        self.zone.to_datetime(moment)
    }

    /// The moment a local day begins.
    pub fn start_of(&self, day: Date) -> Result<Timestamp, CalendarError> {
        let zoned = day.to_zoned(self.zone.clone()).map_err(|_| CalendarError::OutOfRange(day.to_string()))?;
        Ok(zoned.timestamp())
    }

    /// The fortnight a local day falls in.
    pub fn fortnight_of(&self, day: Date) -> Result<Fortnight, CalendarError> {
        let index = days_between(self.anchor, day)?.div_euclid(FORTNIGHT_DAYS);
        self.fortnight_at(index)
    }

    /// A fortnight by its name's parts.
    pub fn fortnight(&self, year: i16, number: u8) -> Result<Fortnight, CalendarError> {
        let missing = || CalendarError::NoSuchFortnight(year, number);
        if number == 0 {
            return Err(missing());
        }
        let first = self.first_index_of(year)?;
        let found = self.fortnight_at(first + i32::from(number) - 1)?;
        if found.year == year { Ok(found) } else { Err(missing()) }
    }

    /// The fortnight after another.
    pub fn after(&self, fortnight: Fortnight) -> Result<Fortnight, CalendarError> {
        self.fortnight_of(add_days(fortnight.start, FORTNIGHT_DAYS)?)
    }

    /// The fortnight before another.
    pub fn before(&self, fortnight: Fortnight) -> Result<Fortnight, CalendarError> {
        self.fortnight_of(add_days(fortnight.start, -FORTNIGHT_DAYS)?)
    }

    /// Reads the name of a period.
    pub fn period(&self, text: &str) -> Result<Period, CalendarError> {
        let error = || CalendarError::NotPeriod(text.to_owned());
        if let Some(last) = text.strip_prefix("6m-") {
            let last = in_range(plain_date(last).ok_or_else(error)?)?;
            return in_range(six_months_to(last)).map(|_| Period::RollingHalfYear { last });
        }
        if let Some((start, last)) = text.split_once("..") {
            let day = |text| plain_date(text).ok_or_else(error).and_then(in_range);
            let (start, last) = (day(start)?, day(last)?);
            let backwards = || CalendarError::Backwards(text.to_owned());
            return if start <= last { Ok(Period::Days { start, last }) } else { Err(backwards()) };
        }
        let (year, rest) = text.split_once('-').ok_or_else(error)?;
        if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        let year: i16 = year.parse().map_err(|_| error())?;
        let two_digits = |digits: &str| -> Option<i8> {
            (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
        };
        if let Some(number) = rest.strip_prefix('F') {
            let number = two_digits(number).and_then(|n| u8::try_from(n).ok()).ok_or_else(error)?;
            return Ok(Period::Fortnight(self.fortnight(year, number)?));
        }
        if let Some(half) = rest.strip_prefix('H') {
            let month = match half {
                "1" => 1,
                "2" => 7,
                _ => return Err(error()),
            };
            let start = Date::new(year, month, 1).map_err(|_| error())?;
            return in_range(start).map(|start| Period::HalfYear { start });
        }
        let month = two_digits(rest).ok_or_else(error)?;
        let start = Date::new(year, month, 1).map_err(|_| error())?;
        in_range(start).map(|start| Period::Month { start })
    }

    fn fortnight_at(&self, index: i32) -> Result<Fortnight, CalendarError> {
        let days =
            index.checked_mul(FORTNIGHT_DAYS).ok_or_else(|| CalendarError::OutOfRange(index.to_string()))?;
        let start = in_range(add_days(self.anchor, days)?)?;
        let year = start.iso_week_date().year();
        let number = index - self.first_index_of(year)? + 1;
        let number = u8::try_from(number).map_err(|_| CalendarError::OutOfRange(start.to_string()))?;
        Ok(Fortnight { start, year, number })
    }

    /// The index of the first fortnight that starts in an ISO week-year.
    fn first_index_of(&self, year: i16) -> Result<i32, CalendarError> {
        let range = || CalendarError::OutOfRange(year.to_string());
        // The fourth of January is always in the first ISO week of its year.
        let fourth = Date::new(year, 1, 4).map_err(|_| range())?;
        let monday = add_days(fourth, -i32::from(fourth.weekday().to_monday_zero_offset()))?;
        let days = days_between(self.anchor, monday)?;
        Ok(days.div_euclid(FORTNIGHT_DAYS) + i32::from(days.rem_euclid(FORTNIGHT_DAYS) != 0))
    }
}

impl Fortnight {
    /// The first day, a Monday.
    pub fn start(&self) -> Date {
        self.start
    }

    /// The last day, a Sunday.
    pub fn last(&self) -> Date {
        self.start.saturating_add((FORTNIGHT_DAYS - 1).days())
    }

    /// The ISO week-year of its first Monday.
    pub fn year(&self) -> i16 {
        self.year
    }

    /// Its place among the fortnights that start in its year, from 1.
    pub fn number(&self) -> u8 {
        self.number
    }
}

impl fmt::Display for Fortnight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-F{:02}", self.year, self.number)
    }
}

impl Period {
    /// The first day.
    pub fn start(&self) -> Date {
        match self {
            Self::Fortnight(fortnight) => fortnight.start,
            Self::Month { start } | Self::HalfYear { start } | Self::Days { start, .. } => *start,
            Self::RollingHalfYear { last } => six_months_to(*last),
        }
    }

    /// The last day, inclusive.
    pub fn last(&self) -> Date {
        match self {
            Self::Fortnight(fortnight) => fortnight.last(),
            Self::Month { start } => start.last_of_month(),
            Self::HalfYear { start } => start.saturating_add(5.months()).last_of_month(),
            Self::RollingHalfYear { last } | Self::Days { last, .. } => *last,
        }
    }

    /// Whether a day falls in it.
    pub fn contains(&self, day: Date) -> bool {
        (self.start()..=self.last()).contains(&day)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fortnight(fortnight) => fortnight.fmt(formatter),
            Self::Month { start } => write!(formatter, "{:04}-{:02}", start.year(), start.month()),
            Self::HalfYear { start } => {
                write!(formatter, "{:04}-H{}", start.year(), if start.month() == 1 { 1 } else { 2 })
            }
            Self::RollingHalfYear { last } => write!(formatter, "6m-{last}"),
            Self::Days { start, last } => write!(formatter, "{start}..{last}"),
        }
    }
}

/// A local day as a number of days since 1970-01-01, for compact storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DayNumber(i32);

impl DayNumber {
    /// A day number from its count.
    pub fn from_count(days: i32) -> Self {
        Self(days)
    }

    /// The number of days since 1970-01-01.
    pub fn count(self) -> i32 {
        self.0
    }

    /// The date; `None` beyond the calendar's years.
    pub fn date(self) -> Option<Date> {
        add_days(EPOCH, self.0).ok()
    }
}

const EPOCH: Date = Date::constant(1970, 1, 1);

impl From<Date> for DayNumber {
    fn from(date: Date) -> Self {
        // Dates of this calendar span fewer than 2^31 days, so the count always fits.
        let days = EPOCH.until(date).map_or(0, |span| span.get_days());
        Self(days)
    }
}

impl FromStr for DayNumber {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<Date>().map(Self::from)
    }
}

/// The first of the six months that end on a day: 13 fortnights.
fn six_months_to(last: Date) -> Date {
    last.saturating_sub((13 * FORTNIGHT_DAYS - 1).days())
}

/// A date written `2026-11-22` and in no other way.
fn plain_date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

fn in_range(date: Date) -> Result<Date, CalendarError> {
    if (1900..=2999).contains(&date.year()) { Ok(date) } else { Err(CalendarError::OutOfRange(date.to_string())) }
}

fn days_between(from: Date, to: Date) -> Result<i32, CalendarError> {
    in_range(to)?;
    from.until(to).map(|span| span.get_days()).map_err(|_| CalendarError::OutOfRange(to.to_string()))
}

fn add_days(date: Date, days: i32) -> Result<Date, CalendarError> {
    // `days.days()` would panic on a number that no calendar holds.
    let span = Span::new().try_days(days).map_err(|_| CalendarError::OutOfRange(date.to_string()))?;
    date.checked_add(span).map_err(|_| CalendarError::OutOfRange(date.to_string()))
}

#[cfg(test)]
mod tests;
