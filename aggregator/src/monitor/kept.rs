//! Observations that stand while records arrive, so that no page reads the log twice for them.
//!
//! Vocabulary: days are *held* from the earliest on that somebody has asked for. What came to the log since is added before every answer, by its
//! position; earlier days are read when they are asked for. A report is kept for as long as its days hold as many observations: observations
//! are only ever added, and a report is made of nothing else. Whatever is given is what [`of_period`] and [`observe`](super::observe) give.
//!
//! Bounds: at most [`MOST`] observations of some 60 bytes are held, the earliest days are let go first; what reaches further back is read
//! from the log as commands do, and its report is kept until a record arrives. At most [`MOST_REPORTS`] reports are kept.
//!
//! Failure modes: [`LogError`]; nothing is added of a reading that failed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::ToSpan as _;
use jiff::civil::Date;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{KioskId, WardId};

use super::observe::{Source, of_patients};
use super::{Answers, Moment, Observation, Report, monitor, needed_since, of_period};
use crate::contact_log::Grouped;
use crate::facts::Facts;
use crate::ingest::World;
use crate::log::{LogError, Reader};

/// The most observations that are held: two years of a trust in which a million answer a year.
const MOST: usize = 2_000_000;
/// The most reports that are kept: every period that can be chosen, and some more.
const MOST_REPORTS: usize = 64;

/// What observations are made of.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The log.
    pub reader: &'a Reader,
    /// The trust and its questionnaires.
    pub world: &'a World,
    /// How many there should be.
    pub facts: &'a RwLock<Facts>,
}

/// The observations that are held, and the reports that were made of them. Of one log. Shared by reference.
#[derive(Debug)]
pub struct Observations {
    held: Mutex<Held>,
    reports: Mutex<HashMap<Period, (Stamp, Arc<Report>)>>,
    most: usize,
}

impl Default for Observations {
    fn default() -> Self {
        Self { held: Mutex::default(), reports: Mutex::default(), most: MOST }
    }
}

/// What a report is kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stamp {
    /// So many observations are held of its days, after so much was forgotten.
    Held(usize, u64),
    /// They are not; the log is as long as that, after so much was forgotten.
    Read(u64, u64),
}

#[derive(Debug, Default)]
struct Held {
    /// Everything of this day and later ones is here; nothing until somebody has asked.
    from: Option<Date>,
    /// The last position of the log that was read.
    read_to: u64,
    /// How many records had been forgotten then.
    forgotten: u64,
    /// Whether early days were let go; then none are read again.
    is_full: bool,
    days: BTreeMap<Date, Vec<Row>>,
    count: usize,
    kiosks: Names<KioskId>,
    wards: Names<WardId>,
}

/// An observation with numbers for its kiosk and its ward; the day stands above it.
#[derive(Debug, Clone, Copy)]
struct Row {
    moment: Option<Moment>,
    answers: Option<Answers>,
    kiosk: u32,
    ward: u32,
    mode: Mode,
    outcome: Outcome,
}

impl Observations {
    /// What is to be looked at in a period, without what people have noted.
    pub fn report(&self, ground: Ground<'_>, period: &Period) -> Result<Arc<Report>, LogError> {
        let (first, last) = (period.start(), period.last());
        let since = needed_since(first);
        let (stamp, observations) = {
            let mut held = self.held();
            let stamp = if held.reach(ground, since, self.most)? {
                Stamp::Held(held.span(since, last).map(|(_, rows)| rows.len()).sum(), held.forgotten)
            } else {
                Stamp::Read(held.read_to, held.forgotten)
            };
            if let Some(report) = self.kept(period, stamp) {
                return Ok(report);
            }
            (stamp, matches!(stamp, Stamp::Held(..)).then(|| held.observations(since, last)))
        };
        let report = match observations {
            Some(observations) => monitor(&period.to_string(), first, last, &observations),
            None => of_period(ground.reader, ground.world, ground.facts, period)?,
        };
        let report = Arc::new(report);
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() >= MOST_REPORTS {
            reports.clear();
        }
        reports.insert(*period, (stamp, Arc::clone(&report)));
        Ok(report)
    }

    /// The contacts of some days by ward and kiosk, both ends included; of one ward, or of all.
    pub fn by_kiosk(
        &self,
        ground: Ground<'_>,
        (first, last): (Date, Date),
        ward: Option<&WardId>,
    ) -> Result<Grouped<(WardId, KioskId)>, LogError> {
        let is_asked = |id: &WardId| ward.is_none_or(|ward| ward == id);
        let mut by_kiosk = Grouped::default();
        let mut held = self.held();
        if !held.reach(ground, first, self.most)? {
            drop(held);
            let expected = of_patients(ground.facts, first, last);
            for one in super::observe(ground.reader, ground.world, first, last, expected)? {
                if is_asked(&one.ward) {
                    by_kiosk.add((one.ward, one.kiosk), one.outcome);
                }
            }
            return Ok(by_kiosk);
        }
        let mut counts: HashMap<(u32, u32, Outcome), u64> = HashMap::new();
        for row in held.span(first, last).flat_map(|(_, rows)| rows) {
            *counts.entry((row.ward, row.kiosk, row.outcome)).or_default() += 1;
        }
        for ((ward, kiosk, outcome), count) in counts {
            if let (Some(ward), Some(kiosk)) = (held.wards.get(ward), held.kiosks.get(kiosk))
                && is_asked(ward)
            {
                by_kiosk.add_many((ward.clone(), kiosk.clone()), outcome, count);
            }
        }
        Ok(by_kiosk)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, period: &Period, stamp: Stamp) -> Option<Arc<Report>> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.get(period).filter(|(under, _)| *under == stamp).map(|(_, report)| Arc::clone(report))
    }
}

impl Held {
    /// Reads what is missing, so that everything from a day on is here; false when that would be too much.
    fn reach(&mut self, ground: Ground<'_>, first: Date, most: usize) -> Result<bool, LogError> {
        let source = Source::new(ground.reader, ground.world);
        let forgotten = ground.reader.forgotten();
        if self.forgotten != forgotten {
            *self = Self { forgotten, ..Self::default() };
        }
        match self.from {
            None => {
                let expected = of_patients(ground.facts, first, Date::MAX);
                let end = ground.reader.position();
                let found = source.observe(first, Date::MAX, end, expected)?;
                self.take(found);
                (self.from, self.read_to) = (Some(first), end);
            }
            Some(from) => {
                let end = ground.reader.position();
                let found = source.read(self.read_to + 1, end, from, Date::MAX)?;
                self.take(found);
                self.read_to = end;
                if let Some(before) = from.yesterday().ok().filter(|before| first <= *before && !self.is_full) {
                    let expected = of_patients(ground.facts, first, before);
                    let found = source.observe(first, before, self.read_to, expected)?;
                    self.take(found);
                    self.from = Some(first);
                }
            }
        }
        while self.count > most
            && let Some((day, rows)) = self.days.pop_first()
        {
            self.count -= rows.len();
            (self.from, self.is_full) = (Some(day.saturating_add(1.day())), true);
        }
        Ok(self.from.is_some_and(|from| from <= first))
    }

    fn take(&mut self, found: Vec<Observation>) {
        self.count += found.len();
        for Observation { day, moment, kiosk, ward, mode, outcome, answers } in found {
            let (kiosk, ward) = (self.kiosks.number(kiosk), self.wards.number(ward));
            self.days.entry(day).or_default().push(Row { moment, answers, kiosk, ward, mode, outcome });
        }
    }

    fn span(&self, first: Date, last: Date) -> impl Iterator<Item = (&Date, &Vec<Row>)> {
        // A span that ends before it begins holds nothing; a map's range would panic on it.
        self.days.range(first..=last.max(first)).filter(move |_| first <= last)
    }

    fn observations(&self, first: Date, last: Date) -> Vec<Observation> {
        let mut observations = Vec::new();
        for (day, rows) in self.span(first, last) {
            for Row { moment, answers, kiosk, ward, mode, outcome } in rows {
                if let (Some(kiosk), Some(ward)) = (self.kiosks.get(*kiosk), self.wards.get(*ward)) {
                    observations.push(Observation {
                        day: *day,
                        moment: *moment,
                        kiosk: kiosk.clone(),
                        ward: ward.clone(),
                        mode: *mode,
                        outcome: *outcome,
                        answers: *answers,
                    });
                }
            }
        }
        observations
    }
}

/// Names that are kept once, each under a number.
#[derive(Debug)]
struct Names<T> {
    numbers: HashMap<T, u32>,
    names: Vec<T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), names: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    fn number(&mut self, name: T) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        // There are as many kiosks as were registered, and that is far from so many.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.names.get(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests;
