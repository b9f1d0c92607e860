//! Wards beside each other, as a funnel and never as a league table.
//!
//! Scores are held against an expected range (the mean of all wards, with limits that widen as people become fewer), shares against a
//! funnel of proportions (D. J. Spiegelhalter 2005). A ward's standard error is that of so many people of the usual spread: the
//! pooled standard deviation of one person over the square root of n. A ward of six who are all content would otherwise have
//! none, and be certain of it. Where wards spread more than chance gives, limits are widened by the variance between wards;
//! with fewer than 10 wards they are not, because so few do not tell what that variance is.
//!
//! Wards that 5 people or fewer speak for are named and not compared. The order is the alphabet's.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Fortnight;

use super::history::{Grain, Observation, Reading, SignalError, merged};
use super::measure::Measure;
use super::sheet::ScaleSheet;
use super::world::{Edition, Members, ScoreError, ScoringWorld};
use crate::facts::Facts;
use crate::statistics::expected_range::{K_95, K_998, Score, expected_range};
use crate::statistics::funnel::{Count, FEWEST_TO_ADJUST, Measure as Kind, funnel, proportion_limits};
use crate::statistics::sum::sum;
use crate::statistics::variation::{self, variation};

mod words;

/// Fewer people than this are not compared.
pub const FEWEST_TO_COMPARE: u64 = 6;

/// How far z scores are drawn in.
const TRIM: f64 = 0.1;
/// Into how many stretches a limit's curve is cut.
const STRETCHES: u64 = 32;

/// The wards of a unit over some fortnights.
pub struct Peers<'a> {
    world: &'a ScoringWorld,
    edition: &'a Edition,
    unit: Unit,
    unit_name: String,
    first_day: Date,
    last_day: Date,
    wards: Vec<(Unit, String, Reading)>,
}

/// Wards compared by one measure.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Comparison {
    /// Whose wards they are.
    #[schema(value_type = String)]
    pub unit: Unit,
    /// Its name.
    pub unit_name: String,
    /// The measure.
    #[schema(value_type = String)]
    pub measure: Measure,
    /// What pages call it.
    pub label: String,
    /// The first local day that counts.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// The last local day that counts.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
    /// Whether values are per cent; they are points otherwise.
    pub per_cent: bool,
    /// The ends of the scale.
    pub scale: ScaleSheet,
    /// What all are compared with.
    pub target: Option<f64>,
    /// More than 1 where wards spread more than chance gives.
    pub phi: Option<f64>,
    /// Whether the limits are widened by the variance between wards.
    pub adjusted: bool,
    /// The share of the spread that is between wards and not chance, per cent.
    pub i_squared: Option<f64>,
    /// The chance of such a spread if wards did not differ.
    pub p: Option<f64>,
    /// The wards in alphabetical order.
    pub wards: Vec<ComparedWard>,
    /// Wards that too few people speak for.
    pub left_out: Vec<LeftOut>,
    /// The limits by number of people, to draw.
    pub curve: Vec<CurvePoint>,
    /// What there is to say.
    pub words: String,
}

/// A ward and what is expected of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComparedWard {
    /// The ward.
    #[schema(value_type = String)]
    pub unit: Unit,
    /// Its name.
    pub name: String,
    /// How many people or answers.
    pub n: u64,
    /// Its value.
    pub value: f64,
    /// What is expected of so many; none where nobody differs.
    pub limits: Option<LimitSheet>,
    /// How it lies to them.
    pub place: PlaceInFunnel,
}

/// Limits at 95 % and 99.8 %, as computed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct LimitSheet {
    /// Lower, 95 %.
    pub lower_95: f64,
    /// Upper, 95 %.
    pub upper_95: f64,
    /// Lower, 99.8 %.
    pub lower_998: f64,
    /// Upper, 99.8 %.
    pub upper_998: f64,
}

/// How a ward lies to its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceInFunnel {
    /// Inside.
    Inside,
    /// Above the 95 % limit.
    Above,
    /// Below it.
    Below,
    /// Above the 99.8 % limit.
    FarAbove,
    /// Below it.
    FarBelow,
}

/// A ward that is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// The ward.
    #[schema(value_type = String)]
    pub unit: Unit,
    /// Its name.
    pub name: String,
}

/// The limits for a number of people.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct CurvePoint {
    /// How many.
    pub n: u64,
    /// Their limits.
    pub limits: LimitSheet,
}

/// How limits follow from n.
enum Limits {
    Mean { target: f64, person: f64, tau2: f64 },
    Share { target: f64, tau2: f64 },
    None,
}

impl<'a> Peers<'a> {
    /// The wards of a unit over some fortnights of one series, seen on a local day.
    pub fn new(
        facts: &Facts,
        world: &'a ScoringWorld,
        unit: &Unit,
        fortnights: &[Fortnight],
        today: Date,
        grains: &mut dyn FnMut(u16, Fortnight) -> Result<Arc<Grain>, ScoreError>,
    ) -> Result<Self, SignalError> {
        let unknown = || ScoreError::UnknownUnit(unit.clone());
        let unit_name = world.unit_name(unit).ok_or_else(unknown)?;
        let Members::Wards(indices) = world.members(unit).ok_or_else(unknown)? else {
            return Err(SignalError::Consultant(unit.clone()));
        };
        let (first, last) = fortnights.first().zip(fortnights.last()).ok_or(ScoreError::OtherVocabulary)?;
        let edition = world.edition_in_force(last.start()).ok_or(ScoreError::OtherVocabulary)?;
        let mut wards = Vec::with_capacity(indices.len());
        for index in indices {
            let Some(ward) = world.vocabulary().ward(index).map(|id| Unit::Ward(id.clone())) else { continue };
            let tally = merged(facts, world, &[index], fortnights, today, grains)?;
            let name = world.unit_name(&ward).unwrap_or_default();
            wards.push((ward, name, Reading::new(edition, &tally)));
        }
        wards.sort_by(|(_, left, _), (_, right, _)| by_name(left, right));
        let (first_day, last_day) = (first.start(), last.last().min(today));
        Ok(Self { world, edition, unit: unit.clone(), unit_name, first_day, last_day, wards })
    }

    /// The wards compared by a measure; `None` when the definition has no such measure.
    pub fn compare(&self, measure: &Measure) -> Option<Comparison> {
        let label = self.edition.label(measure)?;
        let (mut compared, mut left_out) = (Vec::new(), Vec::new());
        for (unit, name, reading) in &self.wards {
            let found = reading.observe(self.edition, measure)?;
            match found.figure.value {
                Some(value) if found.figure.n >= FEWEST_TO_COMPARE => compared.push((unit, name, value, found)),
                _ => left_out.push(LeftOut { unit: unit.clone(), name: name.clone() }),
            }
        }
        let observations: Vec<&Observation> = compared.iter().map(|(_, _, _, found)| found).collect();
        let spread = if measure.is_share() { of_shares(&observations) } else { of_means(&observations) };
        let wards = compared.iter().map(|(unit, name, value, found)| {
            let limits = spread.limits.of(found.figure.n);
            ComparedWard {
                unit: (*unit).clone(),
                name: (*name).clone(),
                n: found.figure.n,
                value: *value,
                place: limits.map_or(PlaceInFunnel::Inside, |limits| place(*value, limits)),
                limits,
            }
        });
        let wards: Vec<ComparedWard> = wards.collect();
        let (lowest, highest) = if measure.is_share() { (0.0, 100.0) } else { self.edition.definition.scale() };
        let mut comparison = Comparison {
            unit: self.unit.clone(),
            unit_name: self.unit_name.clone(),
            measure: measure.clone(),
            label,
            first_day: self.first_day,
            last_day: self.last_day,
            per_cent: measure.is_share(),
            scale: ScaleSheet { lowest, highest },
            target: spread.target,
            phi: spread.phi,
            adjusted: spread.adjusted,
            i_squared: spread.i_squared.map(|share| share * 100.0),
            p: spread.p,
            curve: curve(&wards, &spread.limits),
            wards,
            left_out,
            words: String::new(),
        };
        comparison.words = words::say(&comparison);
        Some(comparison)
    }

    /// The measures there are.
    pub fn measures(&self) -> Vec<Measure> {
        self.world.measures(self.last_day)
    }
}

/// What is found about some wards together.
struct Spread {
    target: Option<f64>,
    phi: Option<f64>,
    adjusted: bool,
    i_squared: Option<f64>,
    p: Option<f64>,
    limits: Limits,
}

impl Spread {
    const NONE: Self =
        Self { target: None, phi: None, adjusted: false, i_squared: None, p: None, limits: Limits::None };
}

fn of_means(found: &[&Observation]) -> Spread {
    let people = || found.iter().map(|one| (one.figure.n as f64, one.standard_error.unwrap_or(0.0)));
    // The variance of one person, pooled over wards by their degrees of freedom.
    let squares = sum(people().map(|(n, error)| (n - 1.0) * n * error * error));
    let freedom = sum(people().map(|(n, _)| n - 1.0));
    let person = (squares / freedom).sqrt();
    let values = || found.iter().filter_map(|one| one.figure.value);
    if !(person.is_finite() && person > 0.0) {
        let target = crate::statistics::sum::mean(&values().collect::<Vec<_>>());
        return Spread { target, ..Spread::NONE };
    }
    let error = |n: f64| person / n.sqrt();
    let scores: Vec<Score> =
        values().zip(people()).map(|(value, (n, _))| Score { value, standard_error: error(n) }).collect();
    let range = expected_range(&scores, None, TRIM);
    let between = scores
        .iter()
        .map(|score| variation::Score { value: score.value, standard_error: score.standard_error })
        .collect::<Vec<_>>();
    let between = variation(&between);
    let adjusted = is_adjusted(scores.len(), range.phi);
    let tau2 = if adjusted { range.tau2.unwrap_or(0.0) } else { 0.0 };
    let limits = range.target.map_or(Limits::None, |target| Limits::Mean { target, person, tau2 });
    Spread { target: range.target, phi: range.phi, adjusted, i_squared: between.i2, p: between.q_p, limits }
}

fn of_shares(found: &[&Observation]) -> Spread {
    let counts: Vec<Count> = found
        .iter()
        .filter_map(|one| one.part)
        .map(|part| Count { numerator: part.numerator as f64, denominator: part.denominator as f64 })
        .collect();
    let plot = funnel(&counts, Kind::Proportion, TRIM);
    let units = plot.units.iter().flatten();
    let between: Vec<_> = units
        .map(|unit| variation::Score { value: unit.transformed, standard_error: unit.standard_error })
        .collect();
    let between = variation(&between);
    let adjusted = is_adjusted(counts.len(), plot.phi);
    let tau2 = if adjusted { plot.tau2.unwrap_or(0.0) } else { 0.0 };
    let limits = plot.target.map_or(Limits::None, |target| Limits::Share { target, tau2 });
    let target = plot.target.map(|target| target * 100.0);
    Spread { target, phi: plot.phi, adjusted, i_squared: between.i2, p: between.q_p, limits }
}

fn is_adjusted(wards: usize, phi: Option<f64>) -> bool {
    wards >= FEWEST_TO_ADJUST && phi.is_some_and(|phi| phi > 1.0)
}

impl Limits {
    fn of(&self, n: u64) -> Option<LimitSheet> {
        let n = n as f64;
        match self {
            Self::Mean { target, person, tau2 } => {
                let error = (person * person / n + tau2).sqrt();
                Some(LimitSheet {
                    lower_95: target - K_95 * error,
                    upper_95: target + K_95 * error,
                    lower_998: target - K_998 * error,
                    upper_998: target + K_998 * error,
                })
            }
            Self::Share { target, tau2 } => {
                let limits = proportion_limits(*target, n, *tau2);
                Some(LimitSheet {
                    lower_95: limits.lower_95 * 100.0,
                    upper_95: limits.upper_95 * 100.0,
                    lower_998: limits.lower_998 * 100.0,
                    upper_998: limits.upper_998 * 100.0,
                })
            }
            Self::None => None,
        }
    }
}

fn place(value: f64, limits: LimitSheet) -> PlaceInFunnel {
    if value > limits.upper_998 {
        PlaceInFunnel::FarAbove
    } else if value < limits.lower_998 {
        PlaceInFunnel::FarBelow
    } else if value > limits.upper_95 {
        PlaceInFunnel::Above
    } else if value < limits.lower_95 {
        PlaceInFunnel::Below
    } else {
        PlaceInFunnel::Inside
    }
}

fn curve(wards: &[ComparedWard], limits: &Limits) -> Vec<CurvePoint> {
    let numbers = || wards.iter().map(|ward| ward.n);
    let (Some(least), Some(most)) = (numbers().min(), numbers().max()) else { return Vec::new() };
    let least = (least * 9 / 10).max(1);
    let most = (most * 11 / 10).max(least + 1);
    let mut all: Vec<u64> = (0..=STRETCHES).map(|step| least + (most - least) * step / STRETCHES).collect();
    all.dedup();
    all.into_iter().filter_map(|n| Some(CurvePoint { n, limits: limits.of(n)? })).collect()
}

/// The order of names as people look them up: "Ward 2" before "Ward 10".
pub fn by_name(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (parts(left).into_iter(), parts(right).into_iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => {
                let order = match (one.parse::<u64>(), other.parse::<u64>()) {
                    (Ok(one), Ok(other)) => one.cmp(&other),
                    _ => one.cmp(&other),
                };
                if order.is_ne() {
                    return order;
                }
            }
        }
    }
}

/// A name cut into runs of digits and of anything else, in small letters.
fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for letter in name.to_lowercase().chars() {
        let is_digit = letter.is_ascii_digit();
        match parts.last_mut().filter(|part| part.ends_with(|last: char| last.is_ascii_digit()) == is_digit) {
            Some(part) => part.push(letter),
            None => parts.push(letter.to_string()),
        }
    }
    parts
}
