//! Where every comment stands in the lists, so that a page of twenty need not look through all.
//!
//! Everything here follows from the comments that were found and from what was decided about them, and from nothing else: it is changed when
//! they are, one comment at a time, and is never stored.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use jiff::civil::Date;
use wardvoice_protocol::id::WardId;

use super::History;
use super::history::{Reach, Standing, Tone};
use super::kept::{Kept, Number};
use super::list::{Urgency, Which};
use super::themes::ThemeId;

/// How a comment may stand, in the order of the office's page.
pub(super) const STANDINGS: [&str; 5] = ["waiting", "proposed", "escalated", "held", "released"];

/// Comments by how they stand, by ward and day, and by what they are about.
#[derive(Debug, Default)]
pub(super) struct Index {
    all: Lists,
    of_wards: BTreeMap<WardId, Lists>,
    released: BTreeMap<WardId, BTreeMap<(Tone, Reach), ByDay>>,
    released_of_consultants: BTreeMap<u16, ByDay>,
    themes: BTreeMap<ThemeId, BTreeMap<WardId, BTreeMap<Date, Coded>>>,
}

type Lists = [BTreeSet<Turn>; STANDINGS.len()];
type ByDay = BTreeMap<Date, BTreeSet<Number>>;

/// When it is a comment's turn in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// It waits: the likely serious ones first, the oldest first among these.
    Waits(Urgency, Number),
    /// What was decided last stands first.
    Decided(Reverse<u64>, Number),
}

/// How many comments of patients are about a theme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Coded {
    /// Released as praise.
    pub(super) praise: u64,
    /// Released as criticism, or as both.
    pub(super) criticism: u64,
    /// Not released.
    pub(super) not_released: u64,
}

impl Index {
    /// Takes a comment in as it stands.
    pub(super) fn put(&mut self, number: Number, kept: &Kept, urgency: Urgency) {
        let history = kept.history();
        let (place, turn) = (place(history), turn(number, history, urgency));
        for lists in [&mut self.all, self.of_wards.entry(kept.ward().clone()).or_default()] {
            if let Some(list) = lists.get_mut(place) {
                list.insert(turn);
            }
        }
        if !kept.of_patients() {
            return;
        }
        if let Standing::Released { tone, reach } = history.standing() {
            let of_ward = self.released.entry(kept.ward().clone()).or_default();
            let days = of_ward.entry((*tone, *reach)).or_default();
            days.entry(kept.day()).or_default().insert(number);
            if let Some(consultant) = named(kept) {
                let days = self.released_of_consultants.entry(consultant).or_default();
                days.entry(kept.day()).or_default().insert(number);
            }
        }
        for theme in history.themes() {
            let wards = self.themes.entry(theme.clone()).or_default();
            let days = wards.entry(kept.ward().clone()).or_default();
            *days.entry(kept.day()).or_default().like(history) += 1;
        }
    }

    /// Takes a comment out again, with the history and the urgency it was taken in with.
    pub(super) fn take_out(&mut self, number: Number, kept: &Kept, urgency: Urgency) {
        let history = kept.history();
        let (place, turn) = (place(history), turn(number, history, urgency));
        for lists in std::iter::once(&mut self.all).chain(self.of_wards.get_mut(kept.ward())) {
            if let Some(list) = lists.get_mut(place) {
                list.remove(&turn);
            }
        }
        if let Standing::Released { tone, reach } = history.standing() {
            let of_ward = self.released.get_mut(kept.ward()).and_then(|tones| tones.get_mut(&(*tone, *reach)));
            let of_consultant = named(kept).and_then(|named| self.released_of_consultants.get_mut(&named));
            for days in of_ward.into_iter().chain(of_consultant) {
                if let Some(numbers) = days.get_mut(&kept.day()) {
                    numbers.remove(&number);
                }
            }
        }
        for theme in history.themes().iter().filter(|_| kept.of_patients()) {
            let days = self.themes.get_mut(theme).and_then(|wards| wards.get_mut(kept.ward()));
            let Some(days) = days else { continue };
            if let Some(coded) = days.get_mut(&kept.day()) {
                let count = coded.like(history);
                *count = count.saturating_sub(1);
            }
            if days.get(&kept.day()) == Some(&Coded::default()) {
                days.remove(&kept.day());
            }
        }
    }

    /// How many comments stand how, in the order of [`STANDINGS`].
    pub(super) fn counts(&self) -> [u64; STANDINGS.len()] {
        self.all.each_ref().map(|list| list.len() as u64)
    }

    /// How many a list has.
    pub(super) fn len(&self, which: &Which) -> usize {
        self.lists(which).into_iter().map(BTreeSet::len).sum()
    }

    /// The comments of a list in their order: those that wait first, then what was decided about last.
    pub(super) fn turns(&self, which: &Which) -> impl Iterator<Item = Number> {
        let mut lists: Vec<_> = self.lists(which).into_iter().map(|list| list.iter().peekable()).collect();
        std::iter::from_fn(move || {
            // Each list is in order, so the next of all is the next of one.
            let next = lists.iter_mut().filter_map(|list| Some((*list.peek()?, list)));
            let (_, list) = next.min_by_key(|(turn, _)| **turn)?;
            list.next().map(|turn| turn.number())
        })
    }

    /// The released comments of patients of some wards and days, in no order that says anything.
    pub(super) fn released(&self, days: &RangeInclusive<Date>, is_asked: impl Fn(&WardId) -> bool) -> Vec<Number> {
        let wards = self.released.iter().filter(|(ward, _)| is_asked(ward));
        let lists = wards.flat_map(|(_, tones)| tones.values());
        lists.flat_map(|by_day| of_days(by_day, days)).collect()
    }

    /// How many of these were released as something, and day by day, the newest first, at least so many of them where there are.
    pub(super) fn newest(
        &self,
        days: &RangeInclusive<Date>,
        is_asked: impl Fn(&WardId) -> bool,
        released_as: impl Fn(Tone, Reach) -> bool,
        most: usize,
    ) -> (u64, Vec<Vec<Number>>) {
        let wards = self.released.iter().filter(|(ward, _)| is_asked(ward));
        let lists = wards.flat_map(|(_, tones)| tones).filter(|((tone, reach), _)| released_as(*tone, *reach));
        let mut by_day: BTreeMap<&Date, Vec<&BTreeSet<Number>>> = BTreeMap::new();
        for (day, numbers) in lists.flat_map(|(_, by_day)| span(by_day, days)) {
            by_day.entry(day).or_default().push(numbers);
        }
        let count = by_day.values().flatten().map(|numbers| numbers.len() as u64).sum();
        let (mut newest, mut many) = (Vec::new(), 0);
        for numbers in by_day.into_values().rev() {
            if many >= most {
                break;
            }
            let of_day: Vec<Number> = numbers.into_iter().flatten().copied().collect();
            many += of_day.len();
            newest.push(of_day);
        }
        (count, newest)
    }

    /// The released comments of a consultant's patients on some days, whoever named the consultant.
    pub(super) fn released_of(&self, consultant: u16, days: &RangeInclusive<Date>) -> Vec<Number> {
        self.released_of_consultants
            .get(&consultant)
            .map(|by_day| of_days(by_day, days).collect())
            .unwrap_or_default()
    }

    /// Shows how often what patients of some wards wrote on some days was about what, each theme once.
    pub(super) fn each_theme<'a>(
        &'a self,
        days: &RangeInclusive<Date>,
        is_asked: impl Fn(&WardId) -> bool,
        mut see: impl FnMut(&'a ThemeId, Coded),
    ) {
        for (theme, wards) in &self.themes {
            let mut sum = Coded::default();
            for (_, by_day) in wards.iter().filter(|(ward, _)| is_asked(ward)) {
                for (_, coded) in span(by_day, days) {
                    sum.praise += coded.praise;
                    sum.criticism += coded.criticism;
                    sum.not_released += coded.not_released;
                }
            }
            if sum != Coded::default() {
                see(theme, sum);
            }
        }
    }

    /// The lists that are asked for: one, or all five; none where no comment can stand so.
    fn lists(&self, which: &Which) -> Vec<&BTreeSet<Turn>> {
        let lists = match &which.ward {
            None => Some(&self.all),
            Some(ward) => self.of_wards.get(ward),
        };
        let is_asked = |name: &str| which.standing.as_deref().is_none_or(|asked| asked == name);
        let named = lists.into_iter().flat_map(|lists| STANDINGS.iter().zip(lists));
        named.filter(|(name, _)| is_asked(name)).map(|(_, list)| list).collect()
    }
}

impl Turn {
    fn number(self) -> Number {
        match self {
            Self::Waits(_, number) | Self::Decided(_, number) => number,
        }
    }
}

impl Coded {
    /// The count that a comment of such a history is in.
    fn like(&mut self, history: &History) -> &mut u64 {
        match history.standing() {
            Standing::Released { tone: Tone::Praise, .. } => &mut self.praise,
            Standing::Released { .. } => &mut self.criticism,
            _ => &mut self.not_released,
        }
    }
}

fn turn(number: Number, history: &History, urgency: Urgency) -> Turn {
    match history.standing() {
        Standing::Waiting => Turn::Waits(urgency, number),
        _ => Turn::Decided(Reverse(history.last()), number),
    }
}

fn place(history: &History) -> usize {
    let standing = history.standing().as_str();
    STANDINGS.iter().position(|name| *name == standing).unwrap_or_default()
}

/// The number of the consultant who was named, by whomever; whose patient the writer was is decided elsewhere.
fn named(kept: &Kept) -> Option<u16> {
    kept.row().and_then(|row| row.consultant_index())
}

fn of_days<'a>(by_day: &'a ByDay, days: &RangeInclusive<Date>) -> impl Iterator<Item = Number> + use<'a> {
    span(by_day, days).flat_map(|(_, numbers)| numbers.iter().copied())
}

/// Some days of a map; a span that ends before it begins holds none, and a map's own range would panic on it.
fn span<'a, T>(
    by_day: &'a BTreeMap<Date, T>,
    days: &RangeInclusive<Date>,
) -> impl Iterator<Item = (&'a Date, &'a T)> + use<'a, T> {
    let days = Some(days.clone()).filter(|days| !days.is_empty());
    days.into_iter().flat_map(move |days| by_day.range(days))
}
