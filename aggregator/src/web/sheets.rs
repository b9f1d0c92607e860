//! Score sheets for the pages, each computed once as long as nothing that could change it has changed.
//!
//! A sheet is a pure function of facts, period, unit and day. Facts only ever grow, so the sheet of a unit that is made of wards is
//! unchanged while the number of its rows in the period and the one before, that of the trust's where the trust is the
//! standard population, the period's revision, its standing and the edition of the plan are: these are the *stamp* under which it is kept. When it
//! changes, what came since is added to tallies that stand ([`Live`]).

use std::slice;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Calendar, Period};

use super::kept::Kept;
use crate::facts::Facts;
use crate::scoring::{self, Ask, Cut, DefinitionRef, Live, ScoreError, ScoreSheet, ScoringWorld, Standing};

/// The most sheets that are kept: two dozen wards with a year of fortnights.
const MOST: usize = 2_000;

/// The most sheets by a definition of one's own that are kept.
const MOST_BESIDE: usize = 500;

/// The sheets that are kept.
#[derive(Debug)]
pub(crate) struct Sheets {
    kept: Kept<(Unit, Period), Stamp, ScoreSheet>,
    beside: Kept<(Unit, Period, DefinitionRef), Stamp, ScoreSheet>,
    live: Mutex<Live>,
}

impl Default for Sheets {
    fn default() -> Self {
        Self { kept: Kept::new(MOST), beside: Kept::new(MOST_BESIDE), live: Mutex::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    today: Date,
    rows: usize,
    withdrawn: usize,
    trust: usize,
    revision: u32,
    standing: Standing,
    plan: u64,
}

impl Sheets {
    /// The sheet of a unit in a period.
    pub(crate) fn get(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        period: &Period,
        unit: &Unit,
        today: Date,
    ) -> Result<Arc<ScoreSheet>, ScoreError> {
        let Some(stamp) = stamp(facts, world, period, unit, today) else {
            return scoring::score(facts, world, period, unit, today).map(Arc::new);
        };
        self.kept.get((unit.clone(), *period), stamp, || {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.sheet(facts, world, period, unit, today)
        })
    }

    /// Makes what is missing of some units' sheets of a period together, shared out to the processors; whoever asks for one then finds it.
    pub(crate) fn prepare(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        period: &Period,
        units: impl IntoIterator<Item = Unit>,
        today: Date,
    ) -> Result<(), ScoreError> {
        let stamped = units.into_iter().filter_map(|unit| {
            let stamp = stamp(facts, world, period, &unit, today)?;
            Some(((unit, *period), stamp))
        });
        let missing: Vec<_> = stamped.filter(|(key, stamp)| !self.kept.has(key, stamp)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let units: Vec<Unit> = missing.iter().map(|((unit, _), _)| unit.clone()).collect();
        let sheets = {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.sheets(facts, world, slice::from_ref(period), &units, today)?
        };
        for ((key, stamp), sheet) in missing.into_iter().zip(sheets) {
            self.kept.put(key, stamp, sheet);
        }
        Ok(())
    }

    /// The sheet of a unit in a period by a definition, whether or not the period is published by it.
    pub(crate) fn by(
        &self,
        facts: &Facts,
        world: &ScoringWorld,
        (period, unit): (&Period, &Unit),
        definition: &DefinitionRef,
        today: Date,
    ) -> Result<Arc<ScoreSheet>, ScoreError> {
        let make = || {
            let definition = Some(definition.clone());
            let ask = Ask { period: *period, unit: unit.clone(), cut: Cut::default(), definition };
            scoring::score_asked(facts, world, &ask, today)
        };
        // Its standard population may be the trust's where that of the one in force is not.
        let everywhere = || facts.count_of(period.start(), period.last());
        let stamp = stamp(facts, world, period, unit, today).map(|stamp| Stamp { trust: everywhere(), ..stamp });
        let Some(stamp) = stamp else { return make().map(Arc::new) };
        self.beside.get((unit.clone(), *period, definition.clone()), stamp, make)
    }
}

/// What a unit's sheet is kept under; those of consultants are not kept.
fn stamp(facts: &Facts, world: &ScoringWorld, period: &Period, unit: &Unit, today: Date) -> Option<Stamp> {
    let wards = world.wards_of(unit)?;
    let from = scoring::previous(world.calendar(), period).map_or_else(|| period.start(), |before| before.start());
    let by_trust = scoring::is_standardised_by_the_trust(world, period);
    let rows = |ward| facts.ward_days(ward, from, period.last()).map(<[_]>::len).sum::<usize>();
    Some(Stamp {
        today,
        withdrawn: facts.withdrawn().len(),
        trust: if by_trust { facts.count_of(period.start(), period.last()) } else { 0 },
        rows: wards.into_iter().map(rows).sum(),
        revision: scoring::revision(facts, period, today, world.final_after_days()),
        standing: scoring::standing(period, today, world.final_after_days()),
        plan: world.plan_edition(),
    })
}

/// A period and those of its kind before it, oldest first.
pub(crate) fn run_up(calendar: &Calendar, period: &Period, many: usize) -> Vec<Period> {
    let before = |period: &Period| scoring::previous(calendar, period);
    let mut periods: Vec<_> = std::iter::successors(Some(*period), before).take(many).collect();
    periods.reverse();
    periods
}

/// The periods a viewer may choose, newest first: fortnights, months, half years.
pub(crate) fn choices(calendar: &Calendar, today: Date) -> Vec<(&'static str, Vec<Period>)> {
    let now = |text: String| calendar.period(&text).ok();
    let month = now(format!("{:04}-{:02}", today.year(), today.month()));
    let half = now(format!("{:04}-H{}", today.year(), if today.month() <= 6 { 1 } else { 2 }));
    let fortnight = calendar.fortnight_of(today).ok().map(Period::Fortnight);
    let newest_first = |period: Option<Period>, many| {
        let mut periods = period.map(|period| run_up(calendar, &period, many)).unwrap_or_default();
        periods.reverse();
        periods
    };
    vec![
        ("Fortnights", newest_first(fortnight, 27)),
        ("Months", newest_first(month, 12)),
        ("Half years", newest_first(half, 4)),
    ]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::contact::{Contact, Mode, Outcome};
    use wardvoice_protocol::fortnight::DayNumber;
    use wardvoice_protocol::id::Language;
    use wardvoice_protocol::questionnaire::Questionnaire;

    use super::*;
    use crate::demo_data::tests::scoring_world;
    use crate::facts::fact_of;

    /// What is asked for alone afterwards is what was made together, byte for byte what it is alone, and made again when something came.
    #[test]
    fn sheets_made_together_are_those_made_alone() {
        let world = scoring_world();
        let today = Date::constant(2026, 11, 18);
        let period = world.calendar().period("2026-F23").unwrap();
        let mut facts = Facts::new(Arc::clone(world.vocabulary()));
        let sheets = Sheets::default();
        let units: Vec<Unit> = world.units().into_iter().map(|(unit, _)| unit).collect();
        for (round, ward) in ["W12", "W03", "W12"].into_iter().enumerate() {
            let asleep = Contact {
                ward: ward.parse().unwrap(),
                questionnaire: Questionnaire::inpatient().unwrap().reference(),
                outcome: Outcome::Asleep,
                mode: Mode::Alone,
                language: Language::english(),
                attribution: None,
                response: None,
            };
            let day = DayNumber::from(Date::constant(2026, 11, 12));
            facts.insert(fact_of(&asleep, day, day, world.vocabulary()).unwrap());
            sheets.prepare(&facts, &world, &period, units.iter().cloned(), today).unwrap();
            for unit in &units {
                let found = sheets.get(&facts, &world, &period, unit, today).unwrap();
                let alone = scoring::score(&facts, &world, &period, unit, today).unwrap();
                assert_eq!(*found, alone, "{unit}, round {round}");
                let key = (unit.clone(), period);
                let is_kept =
                    stamp(&facts, &world, &period, unit, today).map(|stamp| sheets.kept.has(&key, &stamp));
                assert_ne!(is_kept, Some(false), "{unit} was not kept");
            }
        }
    }
}
