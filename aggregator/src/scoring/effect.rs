//! The measured effect of a change: what patients said before the day it was done and after.
//!
//! The people of the days before are held against those of the days after, the day itself left out: a difference of two means, each
//! with the standard error of a score (linearised over people), and a t interval with the degrees of freedom of B. L. Welch
//! (*The generalization of "Student's" problem*, Biometrika 34, 1947), rounded down; of two shares the interval of R. G. Newcombe (*Interval
//! estimation for the difference between independent proportions*, Statistics in Medicine 17, 1998, method 10). Either side
//! reaches at most six fortnights, and not past another change or re-basing of the unit: what lies beyond has other causes.
//!
//! It is a difference, not a proof: other things changed too, and the words say so.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{FORTNIGHT_DAYS, Period};

use super::cut::Cut;
use super::history::{Observation, Reading, SignalError};
use super::measure::Measure;
use super::score::{LEVEL, Making};
use super::sheet::Figure;
use super::tally::Depth;
use super::world::{ScoreError, ScoringWorld};
use crate::facts::Facts;
use crate::statistics::quantile::student_two_sided;
use crate::statistics::wilson;

/// So many fortnights on either side are looked at.
pub const EFFECT_FORTNIGHTS: i32 = 6;
/// With fewer people on either side nothing is said. Our rule: then an interval is as wide as any change one could hope for.
pub const FEWEST_FOR_EFFECT: u64 = 20;

/// What is to be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose it is.
    pub unit: Unit,
    /// By what.
    pub measure: Measure,
    /// The local day it was done.
    pub done: Date,
    /// The local days of the unit's other changes and re-basings.
    pub others: Vec<Date>,
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EffectSheet {
    /// By what it is measured.
    #[schema(value_type = String)]
    pub measure: Measure,
    /// What pages call it.
    pub label: String,
    /// Whether values are per cent; they are points otherwise.
    pub per_cent: bool,
    /// The people before.
    pub before: SideSheet,
    /// The people after.
    pub after: SideSheet,
    /// After minus before; none where there are too few.
    pub difference: Option<f64>,
    /// The lower end of its 95 % interval.
    pub lower: Option<f64>,
    /// The upper end of its 95 % interval.
    pub upper: Option<f64>,
    /// What there is to say.
    pub finding: EffectFinding,
    /// The same in words.
    pub words: String,
}

/// The people on one side.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SideSheet {
    /// The first local day.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// The last local day, inclusive; before the first where there are no days.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
    /// Their figure.
    pub figure: Figure,
}

/// What there is to say about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectFinding {
    /// Too few people on a side.
    TooFew,
    /// The interval holds no difference.
    MayBeChance,
    /// The whole interval is on the better side.
    Better,
    /// The whole interval is on the worse side.
    Worse,
}

/// The effect of a change, seen on a local day.
pub fn effect(
    facts: &Facts,
    world: &ScoringWorld,
    change: &Change,
    today: Date,
) -> Result<EffectSheet, SignalError> {
    let edition = world.edition_in_force(change.done).ok_or(ScoreError::OtherVocabulary)?;
    let label = edition.label(&change.measure).ok_or_else(|| SignalError::NoMeasure {
        measure: change.measure.clone(),
        definition: edition.definition.reference().to_string(),
        known: world.measures(change.done).iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    })?;
    let members = world.members(&change.unit).ok_or_else(|| ScoreError::UnknownUnit(change.unit.clone()))?;
    let reference = edition.definition.reference();
    let mut sides = Vec::with_capacity(2);
    for (start, last) in windows(change, today) {
        let observation = if start <= last {
            let period = Period::Days { start, last };
            let making = Making::new(facts, world, period, &Cut::default(), Some(&reference), today)?;
            let reading = Reading::new(edition, &making.tally(facts, &members, Depth::Whole));
            reading.observe(edition, &change.measure)
        } else {
            None
        };
        sides.push((start, last, observation.unwrap_or_else(nobody)));
    }
    let [before, after] = sides.as_slice() else { return Err(ScoreError::OtherVocabulary.into()) };
    let enough = [before, after].iter().all(|(_, _, found)| found.figure.n >= FEWEST_FOR_EFFECT);
    let found = if enough { difference(&before.2, &after.2) } else { None };
    let side = |(first_day, last_day, found): &(Date, Date, Observation)| SideSheet {
        first_day: *first_day,
        last_day: *last_day,
        figure: found.figure.clone(),
    };
    let mut sheet = EffectSheet {
        finding: finding(found, change.measure.is_problem()),
        per_cent: change.measure.is_share(),
        measure: change.measure.clone(),
        label,
        before: side(before),
        after: side(after),
        difference: found.map(|(difference, _, _)| difference),
        lower: found.map(|(_, lower, _)| lower),
        upper: found.map(|(_, _, upper)| upper),
        words: String::new(),
    };
    sheet.words = words(&sheet);
    Ok(sheet)
}

/// How many of a unit's facts an effect rests on: it is the same while this is.
pub fn effect_rows(facts: &Facts, world: &ScoringWorld, change: &Change, today: Date) -> usize {
    let wards = world.wards_of(&change.unit).unwrap_or_default();
    let rows = |ward: u16| -> usize {
        let sides = windows(change, today).into_iter().filter(|(start, last)| start <= last);
        sides.flat_map(|(start, last)| facts.ward_days(ward, start, last)).map(<[_]>::len).sum()
    };
    wards.into_iter().map(rows).sum()
}

/// The days before and the days after.
fn windows(change: &Change, today: Date) -> [(Date, Date); 2] {
    let reach = (EFFECT_FORTNIGHTS * FORTNIGHT_DAYS).days();
    let (yesterday, tomorrow) = (change.done.saturating_sub(1.day()), change.done.saturating_add(1.day()));
    let mut start = change.done.saturating_sub(reach);
    let mut last = change.done.saturating_add(reach).min(today);
    for other in &change.others {
        // The day of a change counts to neither side of it.
        if *other < change.done {
            start = start.max(other.saturating_add(1.day()));
        } else if *other > change.done {
            last = last.min(other.saturating_sub(1.day()));
        }
    }
    [(start, yesterday), (tomorrow, last)]
}

fn nobody() -> Observation {
    let figure = Figure { value: None, n: 0, lower: None, upper: None, why: Some("there are no days".to_owned()) };
    Observation { figure, part: None, standard_error: None }
}

/// After minus before with its interval.
fn difference(before: &Observation, after: &Observation) -> Option<(f64, f64, f64)> {
    let (first, second) = (before.figure.value?, after.figure.value?);
    let difference = second - first;
    if let (Some(left), Some(right)) = (before.part, after.part) {
        let first = wilson(left.numerator, left.denominator, LEVEL)?;
        let second = wilson(right.numerator, right.denominator, LEVEL)?;
        let (p, q) = (before.figure.value? / 100.0, after.figure.value? / 100.0);
        let down = f64::hypot(q - second.lower, first.upper - p) * 100.0;
        let up = f64::hypot(second.upper - q, p - first.lower) * 100.0;
        return Some((difference, difference - down, difference + up));
    }
    let (left, right) = (before.standard_error?, after.standard_error?);
    let error = left.hypot(right);
    if error <= 0.0 {
        return Some((difference, difference, difference));
    }
    let freedom = |error: f64, n: u64| error.powi(4) / (n.saturating_sub(1).max(1)) as f64;
    let degrees = error.powi(4) / (freedom(left, before.figure.n) + freedom(right, after.figure.n));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most the number of people, never below 1"
    )]
    let degrees = degrees.max(1.0) as u64;
    let half = student_two_sided(LEVEL, degrees) * error;
    Some((difference, difference - half, difference + half))
}

fn finding(found: Option<(f64, f64, f64)>, is_problem: bool) -> EffectFinding {
    match found {
        None => EffectFinding::TooFew,
        Some((_, lower, _)) if lower > 0.0 => {
            if is_problem {
                EffectFinding::Worse
            } else {
                EffectFinding::Better
            }
        }
        Some((_, _, upper)) if upper < 0.0 => {
            if is_problem {
                EffectFinding::Better
            } else {
                EffectFinding::Worse
            }
        }
        Some(_) => EffectFinding::MayBeChance,
    }
}

/// "8.1 before, 8.9 after: +0.8 (0.2 to 1.4), 118 and 97 patients; other things changed too"
fn words(sheet: &EffectSheet) -> String {
    let (before, after) = (&sheet.before.figure, &sheet.after.figure);
    let unit = if sheet.per_cent { "%" } else { "" };
    let write = |value: f64| if sheet.per_cent { format!("{value:.0}") } else { format!("{value:.1}") };
    // What rounds to nothing has no sign.
    let signed = |value: f64| {
        let text = write(value.abs());
        let is_nothing = text.chars().all(|letter| matches!(letter, '0' | '.'));
        if value < 0.0 && !is_nothing { format!("−{text}") } else { text }
    };
    let plus = |value: f64| if value > 0.0 { format!("+{}", signed(value)) } else { signed(value) };
    let people = format!("{} and {} patients", before.n, after.n);
    let (Some(difference), Some(lower), Some(upper)) = (sheet.difference, sheet.lower, sheet.upper) else {
        return format!(
            "{}: too few to tell ({people}; {FEWEST_FOR_EFFECT} are needed on each side)",
            sheet.label
        );
    };
    let caution = match sheet.finding {
        EffectFinding::MayBeChance => "the difference may be chance",
        _ => "other things changed too",
    };
    format!(
        "{}: {}{unit} before, {}{unit} after: {} ({} to {}), {people}; {caution}",
        sheet.label,
        write(before.value.unwrap_or(0.0)),
        write(after.value.unwrap_or(0.0)),
        plus(difference),
        signed(lower),
        signed(upper)
    )
}
