//! Signal or noise: what a unit's fortnights say about one measure.
//!
//! A signal is a pure function of a [`History`], a measure and the re-basings that are in force. Scores and friends and family are
//! charted as single values (`XmR`, "Making Data Count"), rates of problems as proportions (P, or Laney's P' where there is more
//! spread than chance gives). The last fortnight that has ended decides; one that still runs is shown apart and decides nothing.
//!
//! Invariants:
//! - A gap stays a gap: it is no 0, it is not bridged, and a unit whose last fortnight is one is silent, not stable.
//! - Below [`FEWEST_TO_SAY`] fortnights nothing is said but that they are too few; below 13 the limits are on trial and say so.
//! - Limits are kept as computed, also where no score can reach them; [`Signal::near_ceiling`] says that they are, and the rate
//!   of problems is the chart to watch then.
//!
//! Units: those of the measure: reported points or per cent.

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Fortnight, Period};

use super::history::{History, Observation, SignalError};
use super::measure::Measure;
use super::period::standing;
use super::sheet::{Figure, ScaleSheet, Standing, VersionSheet};
use crate::statistics::run_chart::run_chart;
use crate::statistics::xmr::{Assurance, Kind, Side, Signals, Variation};

mod charts;
mod words;

pub use words::{assurance_words, say, variation_words};

/// With fewer fortnights than this since the last re-basing nothing is said: the shortest run that any rule counts.
pub const FEWEST_TO_SAY: usize = 7;

/// What a unit's fortnights say about one measure.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Signal {
    /// The unit.
    #[schema(value_type = String)]
    pub unit: Unit,
    /// The unit's name.
    pub unit_name: String,
    /// The measure, `domain:kindness`.
    #[schema(value_type = String)]
    pub measure: Measure,
    /// What pages call it.
    pub label: String,
    /// Up to which fortnight.
    pub until: String,
    /// The definition that all points are scored by.
    pub definition: VersionSheet,
    /// Whether values are per cent; they are points otherwise.
    pub per_cent: bool,
    /// The ends of the scale.
    pub scale: ScaleSheet,
    /// Which chart it is.
    pub chart: ChartKind,
    /// The fortnights that have ended, oldest first, from the first with an answer.
    pub points: Vec<SignalPoint>,
    /// The fortnight that still runs: no point of the rules.
    pub provisional: Option<SignalPoint>,
    /// The points between two re-basings.
    pub groups: Vec<SignalGroup>,
    /// What there is to say.
    pub finding: Finding,
    /// The last fortnight that anybody answered in, where the unit is silent.
    pub last_heard: Option<String>,
    /// What the rules say of the last fortnight that has ended; none when nobody answered in it.
    #[serde(serialize_with = "variation")]
    #[schema(value_type = Option<String>)]
    pub variation: Option<Variation>,
    /// How many fortnights the last run on one side or in one direction has, where that is the signal.
    pub run_length: usize,
    /// What is to be reached.
    pub target: Option<f64>,
    /// Whether it will be: `pass`, `fail`, `inconsistent`, or `none` without a target.
    #[serde(serialize_with = "assurance")]
    #[schema(value_type = String)]
    pub assurance: Assurance,
    /// The run chart's test of all points.
    pub run_chart: RunSheet,
    /// Whether the upper limit of the last group lies above the scale, where no score can cross it.
    pub near_ceiling: bool,
    /// The finding as a sentence.
    pub words: String,
}

/// Which chart a series is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// Single values.
    Xmr,
    /// Proportions, with the binomial's limits.
    P,
    /// Proportions, with Laney's limits, because they spread more than chance gives.
    PPrime,
}

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Something that chance alone hardly does.
    Signal,
    /// Nothing but the ups and downs of chance.
    Common,
    /// Too few fortnights or answers to say.
    TooFew,
    /// Nobody answered in the last fortnight: not the same as no change.
    Silent,
    /// Nobody has ever answered.
    NoAnswers,
}

/// A fortnight on the chart.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SignalPoint {
    /// The fortnight's name.
    pub period: String,
    /// Its first local day.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// Its last local day, inclusive.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
    /// Whether late answers may still change it.
    pub standing: Standing,
    /// The value with its n and interval.
    pub figure: Figure,
    /// The centre line.
    pub mean: Option<f64>,
    /// The lower limit as computed.
    pub lower_limit: Option<f64>,
    /// The upper limit as computed.
    pub upper_limit: Option<f64>,
    /// What the rules say; none for a gap.
    #[serde(serialize_with = "kind")]
    #[schema(value_type = Option<String>)]
    pub kind: Option<Kind>,
    /// The same by whether it is good.
    #[serde(serialize_with = "variation")]
    #[schema(value_type = Option<String>)]
    pub variation: Option<Variation>,
}

/// The points between two re-basings.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SignalGroup {
    /// The place of its first point.
    pub first: usize,
    /// How many points it has, gaps counted.
    pub length: usize,
    /// How many of them have a value.
    pub values: usize,
    /// Whether its limits are on trial: fewer than 13 points.
    pub trial: bool,
    /// Why it starts here; none for the first.
    pub reason: Option<String>,
}

/// The run chart's test.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunSheet {
    /// The median of all points.
    pub median: Option<f64>,
    /// The longest run on one side of it.
    pub longest_run: Option<u64>,
    /// The longest that chance gives.
    pub longest_run_limit: Option<u64>,
    /// How often the series crosses it.
    pub crossings: Option<u64>,
    /// The fewest that chance gives.
    pub crossings_limit: Option<u64>,
    /// Whether the series is not random around its median.
    pub signal: bool,
}

/// From a day on limits and rules start afresh, for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebasing {
    /// A day of the first fortnight of the new group.
    pub from: Date,
    /// Why.
    pub reason: String,
}

/// What a group's points are held against.
struct Judged {
    means: Vec<Option<f64>>,
    limits: Vec<Option<(f64, f64)>>,
    signals: Vec<Option<Signals>>,
    /// Per group: whether its limits are on trial.
    trial: Vec<bool>,
    chart: ChartKind,
    assurance: Assurance,
}

impl Signal {
    /// Whether the group of a point has enough fortnights to tell signal from chance; nothing is said of its points before.
    pub fn is_told_at(&self, place: usize) -> bool {
        let group = self.groups.iter().rfind(|group| group.first <= place);
        group.is_some_and(|group| group.values >= FEWEST_TO_SAY)
    }
}

/// What the fortnights of a history say about a measure.
pub fn signal(history: &History<'_>, measure: &Measure, rebasings: &[Rebasing]) -> Result<Signal, SignalError> {
    let label = history.edition.label(measure).ok_or_else(|| no_such(history, measure))?;
    let observe = |place: usize| history.readings.get(place)?.observe(history.edition, measure);
    let observed: Vec<(Fortnight, Observation)> = history
        .fortnights
        .iter()
        .enumerate()
        .filter_map(|(place, fortnight)| Some((*fortnight, observe(place)?)))
        .skip_while(|(_, found)| found.figure.n == 0)
        .collect();
    let (ended, running): (Vec<_>, Vec<_>) =
        observed.into_iter().partition(|(fortnight, _)| fortnight.last() < history.today);
    let starts = starts(&ended, rebasings);
    let target = history.world.target(measure);
    let judged = charts::judge(&ended, &starts, measure, target);
    let values: Vec<Option<f64>> = ended.iter().map(|(_, found)| found.figure.value).collect();
    let points: Vec<SignalPoint> =
        ended.iter().enumerate().map(|(place, point)| point_of(history, measure, point, &judged, place)).collect();
    let groups = groups(&starts, &values, &judged.trial);
    let (lowest, highest) = if measure.is_share() { (0.0, 100.0) } else { history.edition.definition.scale() };
    let last_limits = judged.limits.last().copied().flatten();
    let definition = &history.edition.definition;
    let mut signal = Signal {
        unit: history.unit.clone(),
        unit_name: history.unit_name.clone(),
        measure: measure.clone(),
        label,
        until: history.fortnights.last().map(ToString::to_string).unwrap_or_default(),
        definition: VersionSheet {
            id: definition.file().id.to_string(),
            version: definition.file().version,
            hash: definition.hash(),
        },
        per_cent: measure.is_share(),
        scale: ScaleSheet { lowest, highest },
        chart: judged.chart,
        provisional: running.first().map(|point| provisional(history, point)),
        finding: Finding::NoAnswers,
        last_heard: None,
        variation: points.last().and_then(|point| point.variation),
        run_length: 0,
        target,
        assurance: judged.assurance,
        run_chart: run_sheet(&values),
        near_ceiling: !measure.is_problem() && last_limits.is_some_and(|(_, upper)| upper > highest),
        words: String::new(),
        points,
        groups,
    };
    signal.finding = finding(&signal);
    signal.run_length = run_length(&signal);
    if signal.finding == Finding::Silent {
        let heard = signal.points.iter().rev().find(|point| point.figure.n > 0);
        signal.last_heard = heard.map(|point| point.period.clone());
    }
    signal.words = say(&signal);
    Ok(signal)
}

fn no_such(history: &History<'_>, measure: &Measure) -> SignalError {
    let known: Vec<_> = history.measures().iter().map(ToString::to_string).collect();
    let definition = history.edition.definition.reference().to_string();
    SignalError::NoMeasure { measure: measure.clone(), definition, known: known.join(", ") }
}

/// Where groups start, with the reason: the places of the fortnights in which re-basings fall. What lies before the first point or
/// after the last changes nothing.
fn starts(points: &[(Fortnight, Observation)], rebasings: &[Rebasing]) -> Vec<(usize, Option<String>)> {
    let mut starts: Vec<(usize, Option<String>)> = vec![(0, None)];
    let place = |day: Date| points.iter().position(|(fortnight, _)| Period::Fortnight(*fortnight).contains(day));
    for rebasing in rebasings {
        if let Some(place) = place(rebasing.from).filter(|place| *place > 0) {
            starts.push((place, Some(rebasing.reason.clone())));
        }
    }
    // Of two on one fortnight the later word stands.
    starts.reverse();
    starts.sort_by_key(|(place, _)| *place);
    starts.dedup_by_key(|(place, _)| *place);
    starts
}

fn groups(starts: &[(usize, Option<String>)], values: &[Option<f64>], trial: &[bool]) -> Vec<SignalGroup> {
    let ends = starts.iter().map(|(place, _)| *place).skip(1).chain([values.len()]);
    let all = starts.iter().zip(ends).zip(trial);
    all.map(|(((first, reason), end), trial)| SignalGroup {
        first: *first,
        length: end - first,
        values: values.get(*first..end).unwrap_or_default().iter().flatten().count(),
        trial: *trial,
        reason: reason.clone(),
    })
    .collect()
}

fn point_of(
    history: &History<'_>,
    measure: &Measure,
    (fortnight, found): &(Fortnight, Observation),
    judged: &Judged,
    place: usize,
) -> SignalPoint {
    let limits = judged.limits.get(place).copied().flatten();
    let kind = judged.signals.get(place).copied().flatten().map(|signals| signals.kind());
    SignalPoint {
        mean: judged.means.get(place).copied().flatten(),
        lower_limit: limits.map(|(lower, _)| lower),
        upper_limit: limits.map(|(_, upper)| upper),
        variation: kind.map(|kind| Variation::of(kind, measure.improvement())),
        kind,
        ..provisional(history, &(*fortnight, found.clone()))
    }
}

/// A point that nothing is judged of.
fn provisional(history: &History<'_>, (fortnight, found): &(Fortnight, Observation)) -> SignalPoint {
    let period = Period::Fortnight(*fortnight);
    SignalPoint {
        period: fortnight.to_string(),
        first_day: fortnight.start(),
        last_day: fortnight.last(),
        standing: standing(&period, history.today, history.world.final_after_days()),
        figure: found.figure.clone(),
        mean: None,
        lower_limit: None,
        upper_limit: None,
        kind: None,
        variation: None,
    }
}

fn finding(signal: &Signal) -> Finding {
    let Some(last) = signal.points.last() else {
        let begun = signal.provisional.as_ref().is_some_and(|point| point.figure.n > 0);
        return if begun { Finding::TooFew } else { Finding::NoAnswers };
    };
    let enough = signal.groups.last().is_some_and(|group| group.values >= FEWEST_TO_SAY);
    match signal.variation {
        _ if last.figure.n == 0 => Finding::Silent,
        Some(Variation::Common) if enough => Finding::Common,
        Some(_) if enough => Finding::Signal,
        _ => Finding::TooFew,
    }
}

/// How long the last shift or trend is: points on one side of the mean, or in one direction, up to a gap or a re-basing.
fn run_length(signal: &Signal) -> usize {
    let first = signal.groups.last().map_or(0, |group| group.first);
    let group: Vec<&SignalPoint> = signal.points.iter().skip(first).rev().collect();
    let Some(last) = group.first() else { return 0 };
    match last.kind {
        Some(Kind::Shift(side)) => {
            let on_side = |point: &&&SignalPoint| match (point.figure.value, point.mean) {
                (Some(value), Some(mean)) => {
                    if side == Side::High {
                        value > mean
                    } else {
                        value < mean
                    }
                }
                _ => false,
            };
            group.iter().take_while(on_side).count()
        }
        Some(Kind::Trend(side)) => {
            let steps = group.iter().zip(group.iter().skip(1)).take_while(|(later, earlier)| {
                match (later.figure.value, earlier.figure.value) {
                    (Some(later), Some(earlier)) => {
                        if side == Side::High {
                            later > earlier
                        } else {
                            later < earlier
                        }
                    }
                    _ => false,
                }
            });
            steps.count() + 1
        }
        _ => 0,
    }
}

fn run_sheet(values: &[Option<f64>]) -> RunSheet {
    let run = run_chart(values);
    RunSheet {
        median: run.median,
        longest_run: run.runs.map(|runs| runs.longest_run),
        longest_run_limit: run.runs.map(|runs| runs.longest_run_limit),
        crossings: run.runs.map(|runs| runs.crossings),
        crossings_limit: run.runs.map(|runs| runs.crossings_limit),
        signal: run.is_signal(),
    }
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn kind<S: Serializer>(kind: &Option<Kind>, serializer: S) -> Result<S::Ok, S::Error> {
    kind.map(Kind::as_str).serialize(serializer)
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn variation<S: Serializer>(variation: &Option<Variation>, serializer: S) -> Result<S::Ok, S::Error> {
    variation.map(Variation::as_str).serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn assurance<S: Serializer>(assurance: &Assurance, serializer: S) -> Result<S::Ok, S::Error> {
    assurance.as_str().serialize(serializer)
}
