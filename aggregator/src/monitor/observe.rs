//! Observations from the log: what facts do not keep (kiosk, quarter of an hour) is in the opened records.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::contact::{Answer, Contact, Response};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{KioskId, OptionId, QuestionId};
use wardvoice_protocol::questionnaire::{KindFile, OptionScore, Questionnaire, QuestionnaireRef};
use wardvoice_protocol::record::{Body, Record};

use super::{Answers, Line, Moment, Observation, Report, monitor, needed_since};
use crate::facts::{Fact, Facts};
use crate::ingest::World;
use crate::log::{DayMethod, LogError, OpenedRow, Reader};

/// So many scored questions must have been answered before one can speak of a line.
const FEWEST_IN_A_LINE: usize = 6;

/// What is to be looked at in a period, without what people have noted.
pub fn of_period(
    reader: &Reader,
    world: &World,
    facts: &RwLock<Facts>,
    period: &Period,
) -> Result<Report, LogError> {
    let (first, last) = (period.start(), period.last());
    let since = needed_since(first);
    let observations = observe(reader, world, since, last, of_patients(facts, since, last))?;
    Ok(monitor(&period.to_string(), first, last, &observations))
}

/// How many contacts of patients there are on some days, by the facts.
pub(super) fn of_patients(facts: &RwLock<Facts>, first: Date, last: Date) -> u64 {
    let facts = facts.read().unwrap_or_else(PoisonError::into_inner);
    facts.days(first, last).filter(|fact| is_of_patients(&facts, fact)).count() as u64
}

fn is_of_patients(facts: &Facts, fact: &Fact) -> bool {
    let questionnaire = facts.vocabulary().questionnaire(fact.questionnaire_index());
    questionnaire.is_some_and(|questionnaire| questionnaire.file().audience == KioskAudience::Patients)
}

/// Every contact of patients whose local day is in a span, both ends included, day by day and of each in the order of the log. `expected` is how
/// many there are by the facts: when fewer are found where they should be, the whole log is read.
pub fn observe(
    reader: &Reader,
    world: &World,
    first: Date,
    last: Date,
    expected: u64,
) -> Result<Vec<Observation>, LogError> {
    Source::new(reader, world).observe(first, last, reader.position(), expected)
}

/// A log that observations are read from.
pub(super) struct Source<'a> {
    reader: &'a Reader,
    world: &'a World,
    scales: BTreeMap<QuestionnaireRef, Scales>,
}

impl<'a> Source<'a> {
    pub(super) fn new(reader: &'a Reader, world: &'a World) -> Self {
        let of_patients = |one: &&Questionnaire| one.file().audience == KioskAudience::Patients;
        let asked = world.questionnaires.iter().filter(of_patients);
        let scales = asked.map(|questionnaire| (questionnaire.reference(), Scales::of(questionnaire))).collect();
        Self { reader, world, scales }
    }

    /// Like [`observe`], up to a position.
    pub(super) fn observe(
        &self,
        first: Date,
        last: Date,
        end: u64,
        expected: u64,
    ) -> Result<Vec<Observation>, LogError> {
        let from = first_position(self.reader, self.world, first)?;
        let observed = self.read(from, end, first, last)?;
        if from > 1 && (observed.len() as u64) < expected {
            // An import keeps the times at which records came elsewhere, so they may stand out of order.
            return self.read(1, end, first, last);
        }
        Ok(observed)
    }

    /// The observations of a span of days among the records of a span of positions, day by day and of each in the order of the log.
    pub(super) fn read(&self, from: u64, end: u64, first: Date, last: Date) -> Result<Vec<Observation>, LogError> {
        let mut observed = Vec::new();
        if from > end {
            return Ok(observed);
        }
        self.reader.each_row(from..=end, |row| {
            if let Some(day) = row.day.date().filter(|day| (first..=last).contains(day)) {
                observed.extend(observation(&row, day, self.world, &self.scales)?);
            }
            Ok::<(), LogError>(())
        })?;
        observed.sort_by_key(|one| one.day);
        Ok(observed)
    }
}

/// The first record that came when a day began or later: no record counts on a day after the one it came on.
fn first_position(reader: &Reader, world: &World, first: Date) -> Result<u64, LogError> {
    let begins = world.calendar.start_of(first).unwrap_or(Timestamp::MIN);
    let (mut low, mut high) = (1, reader.position() + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let came_before = reader.record(middle)?.is_some_and(|record| record.received < begins);
        if came_before {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn observation(
    row: &OpenedRow<'_>,
    day: Date,
    world: &World,
    scales: &BTreeMap<QuestionnaireRef, Scales>,
) -> Result<Option<Observation>, LogError> {
    if row.is_forgotten() {
        return Ok(None);
    }
    let unreadable = || LogError::Unreadable(format!("the opened record {}", row.position));
    let record: Record = serde_json::from_slice(row.json).map_err(|_| unreadable())?;
    let Body::Contact(contact) = record.body else { return Ok(None) };
    let Some(scales) = scales.get(&contact.questionnaire) else { return Ok(None) };
    let kiosk = KioskId::new(row.kiosk).map_err(|_| unreadable())?;
    let moment = (!row.evidence.held_to_arrival).then(|| Moment {
        quarter: world.calendar.wall_clock(row.evidence.claimed),
        uncorrected: row.evidence.method == DayMethod::Wall,
    });
    let Contact { ward, mode, outcome, response, .. } = contact;
    let answers = response.map(|response| scales.answers(&response));
    Ok(Some(Observation { day, moment, kiosk, ward, mode, outcome, answers }))
}

/// What the options of a questionnaire's scored questions are worth.
struct Scales(BTreeMap<QuestionId, Vec<(OptionId, i32)>>);

impl Scales {
    fn of(questionnaire: &Questionnaire) -> Self {
        let scored =
            questionnaire.questions().iter().filter(|question| matches!(question.kind, KindFile::Domain(_)));
        let worth = scored.map(|question| {
            let options = question.options.iter().filter_map(|option| match option.score {
                OptionScore::Milli(milli) => Some((option.id.clone(), milli)),
                OptionScore::Unscored => None,
            });
            (question.id.clone(), options.collect())
        });
        Self(worth.collect())
    }

    fn answers(&self, response: &Response) -> Answers {
        let chosen: Vec<(usize, i32, bool)> =
            response.answers.iter().filter_map(|(question, answer)| self.chosen(question, answer)).collect();
        let sum: i64 = chosen.iter().map(|(_, milli, _)| i64::from(*milli)).sum();
        let score = (!chosen.is_empty()).then(|| sum as f64 / 1_000.0 / chosen.len() as f64);
        Answers { score, line: line(&chosen) }
    }

    /// The place of the chosen option, what it is worth, and whether it is the best.
    fn chosen(&self, question: &QuestionId, answer: &Answer) -> Option<(usize, i32, bool)> {
        let Answer::Answered(chosen) = answer else { return None };
        let options = self.0.get(question)?;
        let place = options.iter().position(|(option, _)| option == chosen)?;
        let (_, worth) = options.get(place)?;
        Some((place, *worth, options.iter().all(|(_, other)| other <= worth)))
    }
}

fn line(chosen: &[(usize, i32, bool)]) -> Option<Line> {
    let (first, rest) = chosen.split_first()?;
    if chosen.len() < FEWEST_IN_A_LINE {
        return None;
    }
    let same = rest.iter().all(|other| other.0 == first.0);
    Some(match (same, chosen.iter().all(|one| one.2)) {
        (true, true) => Line::Best,
        (true, false) => Line::Other,
        (false, _) => Line::Mixed,
    })
}
