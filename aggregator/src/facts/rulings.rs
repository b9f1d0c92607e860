//! Attributions that no longer count because a dispute about them was upheld.
//!
//! A ruling names a row as it came. Rows that are equal are interchangeable, so it does not matter which of them is meant: as many are
//! passed over as there are rulings about that row.

use std::collections::BTreeMap;

use jiff::civil::Date;
use wardvoice_protocol::fortnight::DayNumber;

use super::Fact;

/// The rows whose attribution was dropped, each with the local days of the rulings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rulings(BTreeMap<Fact, Vec<i32>>);

/// How many of which rows are passed over, seen on a day. Made for one pass over the facts.
#[derive(Debug, Clone, Default)]
pub struct Dropped(BTreeMap<Fact, u32>);

impl Rulings {
    /// Drops the attribution of a row on a local day.
    pub fn add(&mut self, row: Fact, on: DayNumber) {
        let days = self.0.entry(row).or_default();
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

    pub(super) fn dropped(&self, as_of: i32) -> Dropped {
        let known = |days: &Vec<i32>| u32::try_from(days.iter().filter(|day| **day <= as_of).count()).unwrap_or(0);
        Dropped(self.0.iter().map(|(row, days)| (*row, known(days))).filter(|(_, count)| *count > 0).collect())
    }

    /// The days of the rulings about contacts of a span of days.
    pub(super) fn days_of(&self, from: Date, to_inclusive: Date) -> impl Iterator<Item = i32> {
        let (from, to) = (DayNumber::from(from), DayNumber::from(to_inclusive));
        let about = self.0.iter().filter(move |(row, _)| (from.count()..=to.count()).contains(&row.day().count()));
        about.flat_map(|(_, days)| days.iter().copied())
    }

    /// Every ruling as bytes, in order.
    pub(super) fn each(&self, mut see: impl FnMut(&[u8])) {
        for (row, days) in &self.0 {
            see(&row.to_bytes());
            for day in days {
                see(&day.to_le_bytes());
            }
        }
    }
}

impl Dropped {
    /// Whether this row is passed over; then one of its kind fewer will be.
    pub fn take(&mut self, row: &Fact) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Some(left) = self.0.get_mut(row) else { return false };
        *left -= 1;
        if *left == 0 {
            self.0.remove(row);
        }
        true
    }
}
