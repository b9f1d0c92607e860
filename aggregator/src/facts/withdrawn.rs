//! Contacts that were withdrawn: of which local days they were, and on which local days that happened. Nothing else is known of them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use wardvoice_protocol::fortnight::DayNumber;

/// What was withdrawn, by the contact's day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withdrawn(BTreeMap<i32, Vec<i32>>);

impl Withdrawn {
    /// Notes that a contact of a day was withdrawn, on another.
    pub(super) fn add(&mut self, day: DayNumber, on: DayNumber) {
        let days = self.0.entry(day.count()).or_default();
        days.push(on.count());
        days.sort_unstable();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many contacts of a span of days were withdrawn after a day.
    pub fn count_after(&self, first: DayNumber, last: DayNumber, after: DayNumber) -> usize {
        if first > last {
            return 0;
        }
        let days = self.0.range(first.count()..=last.count()).flat_map(|(_, days)| days);
        days.filter(|on| **on > after.count()).count()
    }

    /// The days on which contacts of a span of days were withdrawn.
    pub(super) fn days_of(&self, from: Date, to_inclusive: Date) -> impl Iterator<Item = i32> {
        let (from, to) = (DayNumber::from(from), DayNumber::from(to_inclusive));
        let about = self.0.iter().filter(move |(day, _)| (from.count()..=to.count()).contains(*day));
        about.flat_map(|(_, days)| days.iter().copied())
    }

    /// All of it as bytes, in order.
    pub(super) fn each(&self, mut see: impl FnMut(&[u8])) {
        for (day, ons) in &self.0 {
            see(&day.to_le_bytes());
            for on in ons {
                see(&on.to_le_bytes());
            }
        }
    }
}
