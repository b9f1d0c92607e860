//! A unit's fortnights one after another: what control charts and comparisons are made of.
//!
//! Vocabulary: a *grain* is what one ward's facts of one fortnight add up to, with its *reading*: the figure of every measure. A
//! closed fortnight's grain does not change, so whoever draws many charts keeps grains under their [`GrainStamp`] and adds up
//! the wards of larger units instead of folding their facts again.
//!
//! A history goes back as long as the definition of its last fortnight was in force, because another definition is another
//! series, to the first fortnight that has facts, and at most [`MOST_FORTNIGHTS`].

use std::sync::Arc;

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{DayNumber, Fortnight, Period};

use super::cut::Cut;
use super::measure::Measure;
use super::results::{Results, none, results};
use super::score::{Making, share};
use super::sheet::Figure;
use super::tally::{Depth, Tally};
use super::threads;
use super::world::{Edition, Members, ScoreError, ScoringWorld};
use crate::facts::Facts;
use crate::statistics::p_chart::Part;

/// Fewer grains than this are not worth another thread.
const GRAINS_A_THREAD: usize = 4;

/// The longest history, two years.
pub const MOST_FORTNIGHTS: usize = 52;

/// One ward in one fortnight.
#[derive(Debug, Clone)]
pub struct Grain {
    pub(super) tally: Tally,
    pub(super) reading: Arc<Reading>,
}

/// What a grain is kept under, or what several add up to: it is the same while this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrainStamp {
    rows: usize,
    withdrawn: usize,
    as_of: i32,
}

/// The figures of every measure.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Per scale of the definition.
    scales: Vec<Observation>,
    /// Very good or good, of all six.
    friends: Part,
    /// Problems and answers per scored question.
    problems: Vec<Part>,
    /// Everybody who answered the scored questionnaire.
    pub(super) responses: u64,
}

/// One measure, once.
#[derive(Debug, Clone)]
pub(super) struct Observation {
    pub(super) figure: Figure,
    /// The counts of a share.
    pub(super) part: Option<Part>,
    /// The standard error of a score, in reported points.
    pub(super) standard_error: Option<f64>,
}

/// A unit's fortnights, oldest first.
pub struct History<'a> {
    pub(super) world: &'a ScoringWorld,
    pub(super) edition: &'a Edition,
    pub(super) unit: Unit,
    pub(super) unit_name: String,
    pub(super) fortnights: Vec<Fortnight>,
    pub(super) readings: Vec<Arc<Reading>>,
    pub(super) today: Date,
}

/// Why there is no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// There is no score.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The definition has no such measure.
    #[error("follow {measure}: definition {definition} has {known}")]
    NoMeasure {
        /// What was asked for.
        measure: Measure,
        /// The definition in force.
        definition: String,
        /// What there is.
        known: String,
    },
    /// A consultant's fortnight is too few people.
    #[error("follow {0} by fortnight: too few people a fortnight; a consultant's score is over six months")]
    Consultant(Unit),
    /// The fortnight has not begun.
    #[error("follow a unit until {0}: it has not begun")]
    NotBegun(Fortnight),
}

/// What some wards come to in a fortnight, from whoever keeps it.
type Readings<'a> = &'a mut dyn FnMut(&[u16], Fortnight) -> Result<Arc<Reading>, ScoreError>;

/// What a ward's grain of a fortnight is kept under, seen on a local day.
pub fn grain_stamp(facts: &Facts, ward: u16, fortnight: Fortnight, today: Date) -> GrainStamp {
    stamp(facts, &[ward], (fortnight.start(), fortnight.last()), today)
}

/// What the sum of some wards' grains of a fortnight is kept under, seen on a local day. Facts only grow, so as many rows are the same rows.
pub fn reading_stamp(facts: &Facts, wards: &[u16], fortnight: Fortnight, today: Date) -> GrainStamp {
    stamp(facts, wards, (fortnight.start(), fortnight.last()), today)
}

/// What a unit's history up to a fortnight is kept under, a stamp a fortnight; `None` for what has no history.
pub fn history_stamp(
    facts: &Facts,
    world: &ScoringWorld,
    unit: &Unit,
    until: Fortnight,
    today: Date,
) -> Option<Vec<GrainStamp>> {
    let wards = world.wards_of(unit)?;
    let of = |fortnight: &Fortnight| reading_stamp(facts, &wards, *fortnight, today);
    Some(world.run_up_to(facts, until).iter().map(of).collect())
}

/// What a comparison of a unit's wards over some fortnights is kept under; `None` for no fortnights and for what has no wards.
pub fn comparison_stamp(
    facts: &Facts,
    world: &ScoringWorld,
    unit: &Unit,
    fortnights: &[Fortnight],
    today: Date,
) -> Option<GrainStamp> {
    let (first, last) = fortnights.first().zip(fortnights.last())?;
    Some(stamp(facts, &world.wards_of(unit)?, (first.start(), last.last()), today))
}

fn stamp(facts: &Facts, wards: &[u16], (first, last): (Date, Date), today: Date) -> GrainStamp {
    let today = DayNumber::from(today).count();
    let rows = |ward: &u16| facts.ward_days(*ward, first, last).map(<[_]>::len).sum::<usize>();
    GrainStamp {
        withdrawn: facts.withdrawn().len(),
        rows: wards.iter().map(rows).sum(),
        // What came later than today is not in it; where nothing did, every later day gives the same.
        as_of: facts.last_arrival(first, last).map_or(today, |latest| latest.count().min(today)),
    }
}

/// A ward's grain of a fortnight, by the definition in force, seen on a local day.
pub fn grain(
    facts: &Facts,
    world: &ScoringWorld,
    ward: u16,
    fortnight: Fortnight,
    today: Date,
) -> Result<Grain, ScoreError> {
    let period = Period::Fortnight(fortnight);
    let making = Making::new(facts, world, period, &Cut::default(), None, today)?;
    // Case mix is nothing that charts are made of, and most of a tally.
    let tally = making.tally(facts, &Members::Wards(vec![ward]), Depth::Whole);
    let reading = Arc::new(Reading::new(making.edition, &tally));
    Ok(Grain { tally, reading })
}

/// Several grains, each as [`grain`] makes it, shared out to the processors.
pub fn grains(
    facts: &Facts,
    world: &ScoringWorld,
    wanted: &[(u16, Fortnight)],
    today: Date,
) -> Result<Vec<Grain>, ScoreError> {
    let threads = threads::processors().min(wanted.len() / GRAINS_A_THREAD);
    let made = threads::each(wanted, threads, |(ward, fortnight)| grain(facts, world, *ward, *fortnight, today));
    made.into_iter().collect()
}

impl Grain {
    /// The figures of every measure.
    pub fn reading(&self) -> Arc<Reading> {
        Arc::clone(&self.reading)
    }
}

/// What some wards' grains of a fortnight come to together.
pub fn reading(
    facts: &Facts,
    world: &ScoringWorld,
    wards: &[u16],
    fortnight: Fortnight,
    today: Date,
    grains: &mut dyn FnMut(u16, Fortnight) -> Result<Arc<Grain>, ScoreError>,
) -> Result<Reading, ScoreError> {
    let edition = world.edition_in_force(fortnight.start()).ok_or(ScoreError::OtherVocabulary)?;
    Ok(Reading::new(edition, &merged(facts, world, wards, &[fortnight], today, grains)?))
}

impl<'a> History<'a> {
    /// The fortnights of a unit up to one, seen on a local day; grains come from whoever keeps them.
    pub fn new(
        facts: &Facts,
        world: &'a ScoringWorld,
        unit: &Unit,
        until: Fortnight,
        today: Date,
        grains: &mut dyn FnMut(u16, Fortnight) -> Result<Arc<Grain>, ScoreError>,
    ) -> Result<Self, SignalError> {
        Self::of_readings(facts, world, unit, until, today, &mut |wards, fortnight| match wards {
            [ward] => Ok(grains(*ward, fortnight)?.reading()),
            _ => reading(facts, world, wards, fortnight, today, grains).map(Arc::new),
        })
    }

    /// The same; what a unit's wards come to in a fortnight comes from whoever keeps it.
    pub fn of_readings(
        facts: &Facts,
        world: &'a ScoringWorld,
        unit: &Unit,
        until: Fortnight,
        today: Date,
        readings: Readings<'_>,
    ) -> Result<Self, SignalError> {
        if facts.vocabulary().hash() != world.vocabulary().hash() {
            return Err(ScoreError::OtherVocabulary.into());
        }
        let unknown = || ScoreError::UnknownUnit(unit.clone());
        let unit_name = world.unit_name(unit).ok_or_else(unknown)?;
        let Members::Wards(wards) = world.members(unit).ok_or_else(unknown)? else {
            return Err(SignalError::Consultant(unit.clone()));
        };
        if until.start() > today {
            return Err(SignalError::NotBegun(until));
        }
        let edition = world.edition_in_force(until.start()).ok_or(ScoreError::OtherVocabulary)?;
        let fortnights = world.run_up_to(facts, until);
        let readings = fortnights.iter().map(|fortnight| readings(&wards, *fortnight));
        let readings = readings.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { world, edition, unit: unit.clone(), unit_name, fortnights, readings, today })
    }

    /// The measures there are.
    pub fn measures(&self) -> Vec<Measure> {
        self.fortnights.last().map(|until| self.world.measures(until.start())).unwrap_or_default()
    }

    /// The fortnights, oldest first.
    pub fn fortnights(&self) -> &[Fortnight] {
        &self.fortnights
    }

    /// How many answered in each fortnight.
    pub fn responses(&self) -> Vec<u64> {
        self.readings.iter().map(|reading| reading.responses).collect()
    }
}

/// The tallies of some wards in some fortnights as one.
pub(super) fn merged(
    facts: &Facts,
    world: &ScoringWorld,
    wards: &[u16],
    fortnights: &[Fortnight],
    today: Date,
    grains: &mut dyn FnMut(u16, Fortnight) -> Result<Arc<Grain>, ScoreError>,
) -> Result<Tally, ScoreError> {
    let mut all: Option<Tally> = None;
    for fortnight in fortnights {
        for ward in wards {
            let grain = grains(*ward, *fortnight)?;
            match &mut all {
                Some(all) => all.merge(&grain.tally),
                None => all = Some(grain.tally.clone()),
            }
        }
    }
    match (all, fortnights.first()) {
        (Some(all), _) => Ok(all),
        (None, Some(fortnight)) => {
            let period = Period::Fortnight(*fortnight);
            Ok(Tally::new(&Making::new(facts, world, period, &Cut::default(), None, today)?.rules()))
        }
        (None, None) => Err(ScoreError::OtherVocabulary),
    }
}

impl ScoringWorld {
    /// The fortnights that belong to one series with the last of them, oldest first.
    pub fn run_up_to(&self, facts: &Facts, until: Fortnight) -> Vec<Fortnight> {
        let reference = |fortnight: Fortnight| self.in_force(fortnight.start()).map(super::Definition::reference);
        let (last, first_day) = (reference(until), facts.first_day().unwrap_or(until.start()));
        let before = |fortnight: &Fortnight| self.calendar().before(*fortnight).ok();
        let mut fortnights: Vec<_> = std::iter::successors(Some(until), before)
            .take(MOST_FORTNIGHTS)
            .take_while(|fortnight| *fortnight == until || fortnight.last() >= first_day)
            .take_while(|fortnight| reference(*fortnight) == last)
            .collect();
        fortnights.reverse();
        fortnights
    }
}

impl Reading {
    pub(super) fn new(edition: &Edition, tally: &Tally) -> Self {
        let definition = &edition.definition;
        let (scheme, least) = (definition.scheme(), definition.file().minimum_people);
        let found: Results = results(scheme, least, &[(1.0, &tally.everybody)]);
        let factor = scheme.report.factor().abs();
        let scales = (0..scheme.nodes.len()).map(|place| {
            let estimate = found.scales.get(place).and_then(|scale| scale.estimate);
            Observation {
                figure: found.scale(scheme, place, least),
                part: None,
                standard_error: estimate.and_then(|one| one.standard_error()).map(|error| error * factor),
            }
        });
        let nibbles = |position: usize| tally.nibbles.get(position).copied().unwrap_or_default();
        let problems = scheme.rules.iter().map(|rule| {
            let (mut part, counts) = (Part { numerator: 0, denominator: 0 }, nibbles(rule.position));
            for (nibble, count) in counts.iter().enumerate() {
                if rule.points.get(nibble).copied().flatten().is_some() {
                    part.denominator += count;
                    part.numerator += if rule.problem >> nibble & 1 == 1 { *count } else { 0 };
                }
            }
            part
        });
        Self {
            scales: scales.collect(),
            friends: friends(edition.friends_and_family.map(nibbles)),
            problems: problems.collect(),
            responses: tally.responses,
        }
    }

    /// The figure of a measure; `None` when the definition has no such measure.
    pub(super) fn observe(&self, edition: &Edition, measure: &Measure) -> Option<Observation> {
        let scheme = edition.definition.scheme();
        match measure {
            Measure::Overall => self.scales.get(scheme.overall?).cloned(),
            Measure::Domain(id) => self.scales.get(edition.node(id)?.0).cloned(),
            Measure::FriendsAndFamily => edition.friends_and_family.map(|_| of_part(self.friends)),
            Measure::DomainProblem(id) => {
                let questions = edition.node(id)?.1.questions;
                let inside = self.problems.iter().enumerate().filter(|(rule, _)| questions >> rule & 1 == 1);
                let sum = |sum: Part, (_, part): (usize, &Part)| Part {
                    numerator: sum.numerator + part.numerator,
                    denominator: sum.denominator + part.denominator,
                };
                Some(of_part(inside.fold(Part { numerator: 0, denominator: 0 }, sum)))
            }
            Measure::QuestionProblem(id) => self.problems.get(edition.rule(id)?).copied().map(of_part),
        }
    }
}

fn friends(nibbles: Option<[u64; 16]>) -> Part {
    // The six options are fixed and in this order; "I do not know" offered beside them is the sixth.
    let [_, _, beside, _, very_good, good, neither, poor, very_poor, dont_know, ..] = nibbles.unwrap_or_default();
    let all = very_good + good + neither + poor + very_poor + dont_know + beside;
    Part { numerator: very_good + good, denominator: all }
}

fn of_part(part: Part) -> Observation {
    let figure = match part.denominator {
        0 => none(0, "nobody has answered".to_owned()),
        _ => share(part.numerator, part.denominator, "nobody has answered"),
    };
    Observation { figure, part: Some(part), standard_error: None }
}
