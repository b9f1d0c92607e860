//! What stands behind a named consultant in a window: the people whose answers are the consultant's, and how far their mean is to be
//! trusted. What of it anybody sees is not decided here ([`crate::appraisal`]).
//!
//! A person's value is the mean of the person's answers to the questions that the definition names as the consultant's; the score is the
//! mean of those with Student's interval. How reliable it is follows from the correlation r of answers about one consultant (Spearman and
//! Brown, n r / (1 + (n - 1) r)):
//! - the trust's own r of the same window, where at least [`FEWEST_CONSULTANTS`] consultants have [`FEWEST_PATIENTS`] patients each and r is
//!   at least twice its standard error (R. A. Fisher, 1925; A. Donner, 1986);
//! - otherwise the published one, [`PUBLISHED_CORRELATION`], which is tau² 0.328 over tau² + sigma² 3.672 (M. J. Roberts and others, BMJ 349,
//!   2014; vectors T-23 and T-24).
//!
//! The shrunk estimate draws the score to the mean of all consultants' patients by what is not reliable (C. N. Morris, 1983). It needs
//! [`FEWEST_FOR_A_MEAN`] consultants with [`FEWEST_PATIENTS`] patients each, so that no other consultant's mean can be worked out from it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{ConsultantId, QuestionId, WardId};

use super::cut::Cut;
use super::definition::DefinitionRef;
use super::score::{Making, make};
use super::sheet::{Figure, ScoreSheet};
use super::world::{ScoreError, ScoringWorld};
use super::{Ask, LEVEL};
use crate::facts::{Fact, Facts};
use crate::policy::AudienceRow;
use crate::statistics::mean_interval;
use crate::statistics::reliability::{answers_needed, correlation_error, reliability, spearman_brown};
use crate::statistics::variation::shrink;

/// The published correlation of two patients' answers about one doctor.
pub const PUBLISHED_CORRELATION: f64 = 0.082;
/// The trust's own correlation takes so many consultants.
pub const FEWEST_CONSULTANTS: u64 = 10;
/// A consultant counts towards a correlation or a mean of all from so many patients on.
pub const FEWEST_PATIENTS: u64 = 5;
/// A mean of all consultants takes so many of them.
pub const FEWEST_FOR_A_MEAN: u64 = 5;

/// Everything about a consultant in a window, before anybody has decided what of it is shown.
#[derive(Debug, Clone)]
pub(crate) struct ConsultantWindow {
    /// The sheet of the consultant's people.
    pub(crate) sheet: ScoreSheet,
    /// The questions that are the consultant's; all when the definition does not say.
    pub(crate) questions: Vec<QuestionId>,
    /// Who may see what.
    pub(crate) audiences: Vec<AudienceRow>,
    /// How many people answered any of those questions.
    pub(crate) n: u64,
    /// The mean of their values.
    pub(crate) score: Figure,
    /// How far it is to be trusted; none without people.
    pub(crate) reliability: Option<ReliabilitySheet>,
    /// Who said that the consultant was in charge.
    pub(crate) attribution: AttributionSheet,
    /// The people by ward and by fortnight.
    pub(crate) wards: BTreeMap<WardId, u64>,
    pub(crate) fortnights: BTreeMap<String, u64>,
}

/// How far a consultant's score is to be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReliabilitySheet {
    /// The reliability of the score at its n, 0 to 1: the share of what consultants' scores differ in that is about the consultants.
    pub value: f64,
    /// Whose correlation it rests on.
    pub basis: ReliabilityBasis,
    /// The correlation of two patients' answers about one consultant.
    pub correlation: f64,
    /// The standard error of the trust's own correlation, where there is one.
    pub correlation_error: Option<f64>,
    /// How many consultants of the trust have enough patients to count.
    pub consultants: u64,
    /// How many patients a score of reliability 0.7 takes.
    pub needed_for_070: u64,
    /// How many patients a score of reliability 0.8 takes.
    pub needed_for_080: u64,
    /// The mean over the patients of all consultants; none where too few consultants make it.
    pub mean_of_all: Option<f64>,
    /// The score, drawn to the mean of all by what is not reliable.
    pub shrunk: Option<f64>,
    /// Where the correlation comes from, in words.
    pub source: String,
}

/// Whose correlation a reliability rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReliabilityBasis {
    /// The trust's own data of the window.
    TrustsOwn,
    /// A published study's.
    Published,
}

/// Who said that the consultant was in charge, in numbers of responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttributionSheet {
    /// Of the responses that count.
    pub counted: SourceCounts,
    /// Of those that do not: the patient did not know the consultant, and the roster does not say so.
    pub not_counted: SourceCounts,
    /// Responses that were disputed with success and no longer count.
    pub dropped: u64,
}

/// Responses by who said it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceCounts {
    /// The ward's roster.
    pub roster: u64,
    /// The patient.
    pub patient: u64,
    /// The volunteer.
    pub volunteer: u64,
}

impl SourceCounts {
    fn add(&mut self, source: Option<AttributionSource>) {
        match source {
            Some(AttributionSource::Roster) => self.roster += 1,
            Some(AttributionSource::Patient) => self.patient += 1,
            Some(AttributionSource::Volunteer) => self.volunteer += 1,
            None => {}
        }
    }
}

/// Everything about a consultant in a window, seen on a local day.
pub(crate) fn consultant_window(
    facts: &Facts,
    world: &ScoringWorld,
    consultant: &ConsultantId,
    window: &Period,
    definition: Option<&DefinitionRef>,
    today: Date,
) -> Result<ConsultantWindow, ScoreError> {
    let unit = Unit::Consultant(consultant.clone());
    let ask = Ask { period: *window, unit: unit.clone(), cut: Cut::default(), definition: definition.cloned() };
    let sheet = make(facts, world, &ask, today)?.sheet;
    let index = world.vocabulary().consultant_index(consultant).ok_or(ScoreError::UnknownUnit(unit))?;
    let making = Making::new(facts, world, *window, &Cut::default(), definition, today)?;
    let mut gathered = gather(facts, world, &making, index);
    let own = gathered.values.remove(&index).unwrap_or_default();
    let score = score_of(&own, making.scheme().report.to);
    let reliability = score.value.map(|value| reliability_of(value, index, own, gathered.values));
    let file = making.edition.definition.file();
    let questions = match &file.attribution {
        Some(attribution) => attribution.questions.clone(),
        None => sheet.domains.iter().flat_map(|domain| &domain.questions).map(|one| one.id.clone()).collect(),
    };
    Ok(ConsultantWindow {
        questions,
        audiences: file.audiences.clone(),
        n: score.n,
        score,
        reliability,
        attribution: gathered.attribution,
        wards: gathered.wards,
        fortnights: gathered.fortnights,
        sheet,
    })
}

/// What one pass over the window's facts gives.
#[derive(Default)]
struct Gathered {
    /// Each consultant's people's values, ascending: the order of facts means nothing.
    values: BTreeMap<u16, Vec<f64>>,
    attribution: AttributionSheet,
    wards: BTreeMap<WardId, u64>,
    fortnights: BTreeMap<String, u64>,
}

fn gather(facts: &Facts, world: &ScoringWorld, making: &Making<'_>, consultant: u16) -> Gathered {
    let rules = making.rules();
    let mut dropped = facts.dropped(rules.as_of);
    let mut gathered = Gathered::default();
    let mut points = Vec::new();
    for fact in facts.days(making.period.start(), making.period.last()) {
        let Some(named) = fact.consultant_index() else { continue };
        let scored = fact.outcome().has_response()
            && fact.questionnaire_index() == rules.questionnaire
            && fact.arrival_day().count() <= rules.as_of;
        if !scored {
            continue;
        }
        let counts = rules.consultant_of(fact).is_some();
        let is_dropped = dropped.take(fact);
        if named == consultant {
            gathered.note(fact, counts, is_dropped, world);
        }
        if counts && !is_dropped {
            making.scheme().person(fact.answers(), &mut points);
            if let Some(value) = value_of(making, &points) {
                gathered.values.entry(named).or_default().push(value);
            }
        }
    }
    gathered.values.values_mut().for_each(|values| values.sort_by(f64::total_cmp));
    gathered
}

impl Gathered {
    fn note(&mut self, fact: &Fact, counts: bool, is_dropped: bool, world: &ScoringWorld) {
        let attribution = &mut self.attribution;
        if is_dropped {
            attribution.dropped += 1;
            return;
        }
        if !counts {
            attribution.not_counted.add(fact.attribution_source());
            return;
        }
        attribution.counted.add(fact.attribution_source());
        if let Some(ward) = world.vocabulary().ward(fact.ward_index()) {
            *self.wards.entry(ward.clone()).or_default() += 1;
        }
        let fortnight = fact.day().date().and_then(|day| world.calendar().fortnight_of(day).ok());
        if let Some(fortnight) = fortnight {
            *self.fortnights.entry(Period::Fortnight(fortnight).to_string()).or_default() += 1;
        }
    }
}

/// The mean of a person's answers that are the consultant's, on the reported scale.
pub(super) fn value_of(making: &Making<'_>, points: &[Option<i64>]) -> Option<f64> {
    let scheme = making.scheme();
    let places: Vec<usize> = match &scheme.attribution {
        Some(attribution) => attribution.rules.clone(),
        None => (0..scheme.rules.len()).collect(),
    };
    let answered: Vec<i64> = places.iter().filter_map(|place| points.get(*place).copied().flatten()).collect();
    let count = answered.len();
    (count > 0).then(|| scheme.report.point(answered.iter().sum::<i64>() as f64 / (count as f64 * 1000.0)))
}

/// A mean with its interval, cut to the scale.
fn score_of(values: &[f64], (lowest, highest): (f64, f64)) -> Figure {
    let Some(found) = mean_interval(values, LEVEL) else {
        return Figure {
            value: None,
            n: 0,
            lower: None,
            upper: None,
            why: Some("nobody has answered".to_owned()),
        };
    };
    let cut = |point: f64| point.clamp(lowest, highest) + 0.0;
    let why = match found.interval {
        None => Some("one person has no interval".to_owned()),
        Some((lower, upper)) if lower >= upper => {
            Some("all answers are alike, so the interval has no width".to_owned())
        }
        Some(_) => None,
    };
    Figure {
        value: Some(cut(found.mean)),
        n: found.n,
        lower: found.interval.map(|(lower, _)| cut(lower)),
        upper: found.interval.map(|(_, upper)| cut(upper)),
        why,
    }
}

fn reliability_of(
    value: f64,
    own_index: u16,
    own: Vec<f64>,
    mut all: BTreeMap<u16, Vec<f64>>,
) -> ReliabilitySheet {
    let n = own.len() as u64;
    all.insert(own_index, own);
    all.retain(|_, values| values.len() as u64 >= FEWEST_PATIENTS);
    let units: Vec<Vec<f64>> = all.into_values().collect();
    let consultants = units.len() as u64;
    let found = reliability(&units);
    let error = found.icc.zip(found.n0).filter(|(_, n0)| *n0 > 1.0 && consultants > 1);
    let error = error.map(|(icc, n0)| correlation_error(icc, n0, consultants));
    let usable = found
        .usable()
        .zip(error)
        .filter(|(icc, error)| consultants >= FEWEST_CONSULTANTS && *icc >= 2.0 * error && *icc < 1.0);
    let (basis, correlation, source) = if let Some((icc, error)) = usable {
        let words = format!(
            "the trust's own patients in this window: {consultants} consultants with {FEWEST_PATIENTS} patients or more; \
             correlation {icc:.3}, standard error {error:.3}"
        );
        (ReliabilityBasis::TrustsOwn, icc, words)
    } else {
        let words = format!(
            "M. J. Roberts and others, BMJ 349, 2014, because the trust's own patients do not say it well enough: it takes \
             {FEWEST_CONSULTANTS} consultants with {FEWEST_PATIENTS} patients or more, and a correlation of twice its standard error"
        );
        (ReliabilityBasis::Published, PUBLISHED_CORRELATION, words)
    };
    let trusted = spearman_brown(correlation, n as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of patients")]
    let needed = |wanted| answers_needed(correlation, wanted).ceil() as u64;
    let mean_of_all = found.grand_mean.filter(|_| consultants >= FEWEST_FOR_A_MEAN);
    ReliabilitySheet {
        value: trusted,
        basis,
        correlation,
        correlation_error: error,
        consultants,
        needed_for_070: needed(0.7),
        needed_for_080: needed(0.8),
        mean_of_all,
        shrunk: mean_of_all.map(|mean| shrink(value, mean, trusted)),
        source,
    }
}
