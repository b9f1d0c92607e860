//! The facts: one small fixed row per contact, in memory, partitioned by local day and ward.
//!
//! Purpose: everything a score needs and nothing else. The log is the truth; facts are rebuilt from it, or read from a
//! snapshot that is checked against it.
//!
//! Vocabulary: a *fact* is one contact as 32 bytes; the *[vocabulary](Vocabulary)* gives wards, consultants, languages
//! and questionnaires their small numbers; a *nibble* is one question's answer in four bits.
//!
//! Invariants:
//! - A fact's day is the local day the aggregator decided for it; its arrival day is the local day it came.
//! - Facts say nothing about who came when inside a day: rows are compared, encoded and hashed in sorted order, so
//!   [`Facts::digest`] and [`Facts::encode`] are the same for every order of insertion.
//! - A row means nothing without its vocabulary; a snapshot names the vocabulary's hash and is refused under another.
//!
//! Rulings: an attribution that was disputed with success is dropped beside the rows ([`Rulings`]), with the day of the ruling. The row stays,
//! so the ward keeps the answer and a look back to before the ruling shows what stood. Rulings follow from the disputes and the log and
//! are in no snapshot.
//!
//! Withdrawals: a contact that was withdrawn has no row any more; that one of its day was, and when, stays ([`Withdrawn`]), so that scores of its
//! day have a revision more. It follows from the log's tombstones and is in no snapshot.
//!
//! Units: days since 1970-01-01. Ten million rows take 320 MB (plus the slack of growing lists).
//!
//! Failure modes: [`FactsError`] says why bytes are no snapshot; the answer to each is to rebuild from the log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::Hash;

mod fact;
mod glance;
mod rulings;
mod snapshot;
mod vocabulary;
mod withdrawn;

pub use fact::{Code, Fact, fact_of};
pub(crate) use glance::fact_at_a_glance;
pub use rulings::{Dropped, Rulings};
pub use snapshot::FactsError;
pub use vocabulary::{Vocabulary, VocabularyError};
pub use withdrawn::Withdrawn;

/// All facts.
#[derive(Debug, Clone)]
pub struct Facts {
    vocabulary: Arc<Vocabulary>,
    days: BTreeMap<i32, Day>,
    length: usize,
    /// The last ones that came, the newest at the end.
    recent: VecDeque<Fact>,
    head: Option<LogHead>,
    rulings: Rulings,
    withdrawn: Withdrawn,
}

/// So many of the last facts are remembered in the order they came.
const RECENT: usize = 4_096;

/// Up to where a log's records are in the facts. No part of what facts mean: another log with the same contacts has the same
/// digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// The last position.
    pub position: u64,
    /// The running hash up to it.
    pub running: Hash,
}

/// The facts of one local day: a list per ward index, and the days on which they came.
#[derive(Debug, Clone, Default)]
struct Day {
    wards: Vec<Vec<Fact>>,
    arrivals: BTreeSet<i32>,
}

impl Facts {
    /// No facts yet.
    pub fn new(vocabulary: Arc<Vocabulary>) -> Self {
        Self {
            vocabulary,
            days: BTreeMap::new(),
            length: 0,
            recent: VecDeque::new(),
            head: None,
            rulings: Rulings::default(),
            withdrawn: Withdrawn::default(),
        }
    }

    /// What the small numbers in the rows mean.
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// Adds a fact. The caller has made sure that each contact is added once.
    pub fn insert(&mut self, fact: Fact) {
        let day = self.days.entry(fact.day().count()).or_default();
        let ward = usize::from(fact.ward_index());
        if day.wards.len() <= ward {
            day.wards.resize_with(ward + 1, Vec::new);
        }
        if let Some(rows) = day.wards.get_mut(ward) {
            rows.push(fact);
            day.arrivals.insert(fact.arrival_day().count());
            self.length += 1;
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(fact);
        }
    }

    /// Adds facts of one ward's day, as [`insert`](Self::insert) does one after another.
    fn insert_together(&mut self, together: &[Fact]) {
        let Some(first) = together.first() else { return };
        let day = self.days.entry(first.day().count()).or_default();
        let ward = usize::from(first.ward_index());
        if day.wards.len() <= ward {
            day.wards.resize_with(ward + 1, Vec::new);
        }
        let Some(rows) = day.wards.get_mut(ward) else { return };
        rows.extend_from_slice(together);
        // Most came on one day, so most need not be looked for among the days.
        for same in together.chunk_by(|left, right| left.arrival_day() == right.arrival_day()) {
            day.arrivals.extend(same.first().map(|fact| fact.arrival_day().count()));
        }
        self.length += together.len();
        let last = together.get(together.len().saturating_sub(RECENT)..).unwrap_or_default();
        let forgotten = (self.recent.len() + last.len()).saturating_sub(RECENT);
        self.recent.drain(..forgotten);
        self.recent.extend(last);
    }

    /// The facts that came after there were so many; `None` when that is too long ago, or never was.
    pub fn since(&self, length: usize) -> Option<impl Iterator<Item = &Fact>> {
        let known = self.recent.len().checked_sub(self.length.checked_sub(length)?)?;
        Some(self.recent.iter().skip(known))
    }

    /// Takes a row out that was withdrawn, and notes that a contact of its day was, on another local day.
    pub fn withdraw(&mut self, fact: &Fact, on: DayNumber) {
        // What came before it is no longer what came since: whoever adds up starts afresh.
        self.recent.clear();
        self.withdrawn.add(fact.day(), on);
        let rows = self.days.get_mut(&fact.day().count());
        let rows = rows.and_then(|day| day.wards.get_mut(usize::from(fact.ward_index())));
        let place = rows.as_ref().and_then(|rows| rows.iter().position(|row| row == fact));
        if let (Some(rows), Some(place)) = (rows, place) {
            rows.swap_remove(place);
            self.length -= 1;
        }
    }

    /// Notes that a contact of a day was withdrawn, on another local day; its row was never here.
    pub fn note_withdrawn(&mut self, day: DayNumber, on: DayNumber) {
        self.withdrawn.add(day, on);
    }

    /// What was withdrawn: of which days, and when.
    pub fn withdrawn(&self) -> &Withdrawn {
        &self.withdrawn
    }

    /// How often something that was here was corrected: ruled on, or withdrawn. Whoever keeps what was added up from rows starts afresh when
    /// this is another.
    pub fn corrections(&self) -> (usize, usize) {
        (self.rulings.len(), self.withdrawn.len())
    }

    /// Says up to where the log's records are here now.
    pub fn stand_at(&mut self, head: LogHead) {
        self.head = Some(head);
    }

    /// Up to where the log's records are here; none for facts that come from no log.
    pub fn head(&self) -> Option<LogHead> {
        self.head
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The facts of a span of local days, both ends included, in no particular order inside a ward's day.
    pub fn days(&self, from: Date, to_inclusive: Date) -> impl Iterator<Item = &Fact> {
        self.span(from, to_inclusive).flat_map(|(_, day)| day.wards.iter().flatten())
    }

    /// How many facts there are of a span of local days, both ends included.
    pub fn count_of(&self, from: Date, to_inclusive: Date) -> usize {
        self.span(from, to_inclusive).flat_map(|(_, day)| &day.wards).map(Vec::len).sum()
    }

    /// The facts of one ward in a span of local days, a slice per day that has any.
    pub fn ward_days(&self, ward_index: u16, from: Date, to_inclusive: Date) -> impl Iterator<Item = &[Fact]> {
        self.span(from, to_inclusive)
            .filter_map(move |(_, day)| day.wards.get(usize::from(ward_index)))
            .map(Vec::as_slice)
            .filter(|rows| !rows.is_empty())
    }

    /// The distinct local days on which facts of a span of days came, an attribution among them was dropped, or one was withdrawn, trust-wide:
    /// those after a day and up to another.
    pub fn arrival_days(
        &self,
        from: Date,
        to_inclusive: Date,
        after: DayNumber,
        until: DayNumber,
    ) -> BTreeSet<DayNumber> {
        let counts = self.span(from, to_inclusive).flat_map(|(_, day)| day.arrivals.iter().copied());
        let corrected = self.rulings.days_of(from, to_inclusive).chain(self.withdrawn.days_of(from, to_inclusive));
        let arrivals = counts.chain(corrected).map(DayNumber::from_count);
        arrivals.filter(|day| *day > after && *day <= until).collect()
    }

    /// The first local day that has facts.
    pub fn first_day(&self) -> Option<Date> {
        self.days.first_key_value().and_then(|(count, _)| DayNumber::from_count(*count).date())
    }

    /// The last local day on which a fact of a span of days came, or one was withdrawn, trust-wide.
    pub fn last_arrival(&self, from: Date, to_inclusive: Date) -> Option<DayNumber> {
        let arrived = self.span(from, to_inclusive).filter_map(|(_, day)| day.arrivals.last()).copied();
        let latest = arrived.chain(self.withdrawn.days_of(from, to_inclusive)).max();
        latest.map(DayNumber::from_count)
    }

    /// What was ruled about attributions. No part of the rows, which stay as they came.
    pub fn rulings(&self) -> &Rulings {
        &self.rulings
    }

    /// Rules anew about attributions, instead of what was ruled before.
    pub fn set_rulings(&mut self, rulings: Rulings) {
        self.rulings = rulings;
    }

    /// The attributions that no longer count, seen on a day.
    pub fn dropped(&self, as_of: i32) -> Dropped {
        self.rulings.dropped(as_of)
    }

    /// The SHA-256 over all rows in sorted order, and what was ruled about them: equal exactly when the facts are equal, whatever order they
    /// came in.
    pub fn digest(&self) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(self.vocabulary.hash().as_bytes());
        self.each_sorted(|rows| rows.iter().for_each(|row| hasher.update(row.to_bytes())));
        self.rulings.each(|bytes| hasher.update(bytes));
        self.withdrawn.each(|bytes| hasher.update(bytes));
        Hash::from_bytes(hasher.finalize().into())
    }

    /// Visits every ward's day with its rows sorted.
    fn each_sorted(&self, mut visit: impl FnMut(&[Fact])) {
        let mut sorted = Vec::new();
        for rows in self.days.values().flat_map(|day| &day.wards).filter(|rows| !rows.is_empty()) {
            sorted.clear();
            sorted.extend_from_slice(rows);
            sorted.sort_unstable();
            visit(&sorted);
        }
    }

    fn span(&self, from: Date, to_inclusive: Date) -> impl Iterator<Item = (&i32, &Day)> {
        let (from, to) = (DayNumber::from(from).count(), DayNumber::from(to_inclusive).count());
        // A span that ends before it begins holds nothing; a map's range would panic on it.
        let range: RangeInclusive<i32> = from..=to.max(from);
        self.days.range(range).filter(move |_| from <= to)
    }
}

#[cfg(test)]
mod tests;
