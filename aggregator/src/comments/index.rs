//! Where every comment stands in the lists, so that a page of twenty need not look through all.
//!
//! Everything here follows from the comments that were found and from what was decided about them, and from nothing else: it is changed when
//! they are, one comment at a time, and is never stored.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::civil::Date;
use wardvoice_protocol::id::WardId;

use super::history::{Standing, Tone};
use super::list::{Urgency, Which};
use super::themes::ThemeId;
use super::{CommentId, Found, History};

/// How a comment may stand, in the order of the office's page.
pub(super) const STANDINGS: [&str; 5] = ["waiting", "proposed", "escalated", "held", "released"];

/// Comments by how they stand, by ward and day, and by what they are about.
#[derive(Debug, Default)]
pub(super) struct Index {
    all: Lists,
    of_wards: BTreeMap<WardId, Lists>,
    released: BTreeMap<WardId, ByDay>,
    released_of_consultants: BTreeMap<u16, ByDay>,
    themes: BTreeMap<WardId, BTreeMap<Date, BTreeMap<ThemeId, Coded>>>,
}

type Lists = [BTreeSet<Turn>; STANDINGS.len()];
type ByDay = BTreeMap<Date, BTreeSet<Arc<CommentId>>>;

/// When it is a comment's turn in its list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// It waits: the likely serious ones first, the oldest first among these.
    Waits(Urgency, u64, Arc<CommentId>),
    /// What was decided last stands first.
    Decided(Reverse<u64>, Arc<CommentId>),
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
    pub(super) fn put(&mut self, found: &Found, history: &History, urgency: Urgency) {
        let id = Arc::new(found.id.clone());
        let (place, turn) = (place(history), turn(&id, found, history, urgency));
        for lists in [&mut self.all, self.of_wards.entry(found.ward.clone()).or_default()] {
            if let Some(list) = lists.get_mut(place) {
                list.insert(turn.clone());
            }
        }
        if !found.of_patients {
            return;
        }
        if is_released(history) {
            let days = self.released.entry(found.ward.clone()).or_default();
            days.entry(found.day).or_default().insert(Arc::clone(&id));
            if let Some(consultant) = named(found) {
                let days = self.released_of_consultants.entry(consultant).or_default();
                days.entry(found.day).or_default().insert(id);
            }
        }
        if !history.themes().is_empty() {
            let days = self.themes.entry(found.ward.clone()).or_default();
            let themes = days.entry(found.day).or_default();
            for theme in history.themes() {
                *themes.entry(theme.clone()).or_default().like(history) += 1;
            }
        }
    }

    /// Takes a comment out again, with the history and the urgency it was taken in with.
    pub(super) fn take_out(&mut self, found: &Found, history: &History, urgency: Urgency) {
        let id = Arc::new(found.id.clone());
        let (place, turn) = (place(history), turn(&id, found, history, urgency));
        for lists in std::iter::once(&mut self.all).chain(self.of_wards.get_mut(&found.ward)) {
            if let Some(list) = lists.get_mut(place) {
                list.remove(&turn);
            }
        }
        let of_consultant = named(found).and_then(|named| self.released_of_consultants.get_mut(&named));
        for days in self.released.get_mut(&found.ward).into_iter().chain(of_consultant) {
            if let Some(ids) = days.get_mut(&found.day) {
                ids.remove(&id);
            }
        }
        let themes = self.themes.get_mut(&found.ward).and_then(|days| days.get_mut(&found.day));
        if let Some(themes) = themes.filter(|_| found.of_patients) {
            for theme in history.themes() {
                if let Some(coded) = themes.get_mut(theme) {
                    let count = coded.like(history);
                    *count = count.saturating_sub(1);
                }
            }
            themes.retain(|_, coded| *coded != Coded::default());
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
    pub(super) fn turns(&self, which: &Which) -> Box<dyn Iterator<Item = &CommentId> + '_> {
        let lists = self.lists(which);
        if let [list] = lists.as_slice() {
            return Box::new(list.iter().map(Turn::id));
        }
        let mut all: Vec<&Turn> = lists.into_iter().flatten().collect();
        all.sort_unstable();
        Box::new(all.into_iter().map(Turn::id))
    }

    /// The released comments of patients of some wards and days, in no order that says anything.
    pub(super) fn released(
        &self,
        days: &RangeInclusive<Date>,
        is_asked: impl Fn(&WardId) -> bool,
    ) -> Vec<&CommentId> {
        let wards = self.released.iter().filter(|(ward, _)| is_asked(ward));
        wards.flat_map(|(_, by_day)| of_days(by_day, days)).collect()
    }

    /// The released comments of a consultant's patients on some days, whoever named the consultant.
    pub(super) fn released_of(&self, consultant: u16, days: &RangeInclusive<Date>) -> Vec<&CommentId> {
        self.released_of_consultants
            .get(&consultant)
            .map(|by_day| of_days(by_day, days).collect())
            .unwrap_or_default()
    }

    /// Shows how often what patients of some wards wrote on some days was about what, in parts to be added up.
    pub(super) fn each_theme<'a>(
        &'a self,
        days: &RangeInclusive<Date>,
        is_asked: impl Fn(&WardId) -> bool,
        mut see: impl FnMut(&'a ThemeId, Coded),
    ) {
        for (_, by_day) in self.themes.iter().filter(|(ward, _)| is_asked(ward)) {
            for (_, themes) in span(by_day, days) {
                for (theme, coded) in themes {
                    see(theme, *coded);
                }
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
    fn id(&self) -> &CommentId {
        match self {
            Self::Waits(_, _, id) | Self::Decided(_, id) => id,
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

fn turn(id: &Arc<CommentId>, found: &Found, history: &History, urgency: Urgency) -> Turn {
    match history.standing() {
        Standing::Waiting => Turn::Waits(urgency, found.position, Arc::clone(id)),
        _ => Turn::Decided(Reverse(history.last()), Arc::clone(id)),
    }
}

fn place(history: &History) -> usize {
    let standing = history.standing().as_str();
    STANDINGS.iter().position(|name| *name == standing).unwrap_or_default()
}

fn is_released(history: &History) -> bool {
    matches!(history.standing(), Standing::Released { .. })
}

/// The number of the consultant who was named, by whomever; whose patient the writer was is decided elsewhere.
fn named(found: &Found) -> Option<u16> {
    found.row.and_then(|row| row.consultant_index())
}

fn of_days<'a>(by_day: &'a ByDay, days: &RangeInclusive<Date>) -> impl Iterator<Item = &'a CommentId> + use<'a> {
    span(by_day, days).flat_map(|(_, ids)| ids.iter().map(Arc::as_ref))
}

/// Some days of a map; a span that ends before it begins holds none, and a map's own range would panic on it.
fn span<'a, T>(
    by_day: &'a BTreeMap<Date, T>,
    days: &RangeInclusive<Date>,
) -> impl Iterator<Item = (&'a Date, &'a T)> + use<'a, T> {
    let days = Some(days.clone()).filter(|days| !days.is_empty());
    days.into_iter().flat_map(move |days| by_day.range(days))
}
