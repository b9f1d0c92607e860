//! Periods over time: the one before, the standing, and the revision.
//!
//! A period is provisional through its days and `final_after_days` whole local days more, then final. Its revision is 0 while
//! provisional, 1 when final, and one more for each distinct later day on which a record of the period came, whatever the
//! unit: so late is visible, and a replay of the log gives the same numbers.

use jiff::ToSpan;
use jiff::civil::Date;
use wardvoice_protocol::fortnight::{Calendar, DayNumber, Period};

use super::sheet::Standing;
use crate::facts::Facts;

/// The period before, of the same kind and ending where this one begins; `None` at the edge of the calendar.
pub fn previous(calendar: &Calendar, period: &Period) -> Option<Period> {
    match period {
        Period::Fortnight(fortnight) => calendar.before(*fortnight).ok().map(Period::Fortnight),
        Period::Month { start } => within(start.checked_sub(1.month()).ok()?).map(|start| Period::Month { start }),
        Period::HalfYear { start } => {
            within(start.checked_sub(6.months()).ok()?).map(|start| Period::HalfYear { start })
        }
        Period::RollingHalfYear { .. } => {
            let last = within(period.start().yesterday().ok()?)?;
            calendar.period(&Period::RollingHalfYear { last }.to_string()).ok()
        }
        Period::Days { start, last } => {
            let days = start.until(*last).ok()?.get_days();
            let before = start.yesterday().ok()?;
            let first = within(before.checked_sub(days.days()).ok()?)?;
            Some(Period::Days { start: first, last: before })
        }
    }
}

/// Whether the period may still fill, seen on a local day.
pub fn standing(period: &Period, today: Date, final_after_days: u16) -> Standing {
    if today > last_provisional_day(period, final_after_days) { Standing::Final } else { Standing::Provisional }
}

/// The period's revision, seen on a local day.
pub fn revision(facts: &Facts, period: &Period, today: Date, final_after_days: u16) -> u32 {
    let last = last_provisional_day(period, final_after_days);
    if today <= last {
        return 0;
    }
    let late = facts.arrival_days(period.start(), period.last(), DayNumber::from(last), DayNumber::from(today));
    1 + u32::try_from(late.len()).unwrap_or(u32::MAX - 1)
}

fn last_provisional_day(period: &Period, final_after_days: u16) -> Date {
    period.last().saturating_add(i32::from(final_after_days).days())
}

fn within(start: Date) -> Option<Date> {
    // The calendar covers the years 1900 to 2999.
    (1900..=2999).contains(&start.year()).then_some(start)
}
