//! The generated past: contacts of some fortnights, each with the moment it was completed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use wardvoice_protocol::contact::{
    Answer, Attribution, AttributionSource, Comment, Contact, Mode, Outcome, Response,
};
use wardvoice_protocol::directory::{Directory, WardEntry};
use wardvoice_protocol::fortnight::{Calendar, CalendarError, FORTNIGHT_DAYS, Fortnight};
use wardvoice_protocol::id::{Language, QuestionId};
use wardvoice_protocol::questionnaire::{KindFile, OptionScore, QuestionFile, Questionnaire};

use super::dice::Dice;
use super::effects::{Effect, EffectOn, effects};
use crate::scoring::{FORTNIGHT_RESPONSES, Plan};

/// The number of the last fortnight of the past.
const LAST_FORTNIGHT: i32 = 10;

const OUTCOMES: [(Outcome, f64); 10] = [
    (Outcome::Completed, 0.80),
    (Outcome::Partial, 0.04),
    (Outcome::Declined, 0.06),
    (Outcome::Asleep, 0.02),
    (Outcome::Unwell, 0.02),
    (Outcome::LacksCapacity, 0.02),
    (Outcome::Language, 0.01),
    (Outcome::Isolation, 0.01),
    (Outcome::Away, 0.01),
    (Outcome::AlreadyAsked, 0.01),
];

const MODES: [(Mode, f64); 4] =
    [(Mode::Alone, 0.45), (Mode::Assisted, 0.20), (Mode::Interview, 0.30), (Mode::Proxy, 0.05)];

const SOURCES: [(AttributionSource, f64); 3] =
    [(AttributionSource::Roster, 0.60), (AttributionSource::Patient, 0.25), (AttributionSource::Volunteer, 0.15)];

const GOOD: [&str; 7] = [
    "Generated comment: the staff took their time.",
    "Generated comment: everything was explained well.",
    "Generated comment: the ward was very clean.",
    "Generated comment: the food was better than expected.",
    "Generated comment: the night staff were lovely.",
    "Generated comment: Nurse Placeholder was kind to everybody on the bay.",
    "Generated comment: the doctor sat down and listened.",
];

const BETTER: [&str; 7] = [
    "Generated comment: it was noisy at night.",
    "Generated comment: I waited a long time for my medicines.",
    "Generated comment: I was told different things by different people.",
    "Generated comment: more information about going home.",
    "Generated comment: nothing, thank you.",
    "Generated comment: Nurse Placeholder was rude to me when I asked for help. That is not good enough!",
    "Generated comment: somebody shouted at me in the night and I was frightened.",
];

/// Contacts of the fortnights before the one that today falls in, sorted by the moment of completion: about 400 a fortnight,
/// spread over the wards by the plan, English, with the documented [effects](super::effects).
///
/// The moment is also when the record should be taken to have arrived: most are older than the aggregator accepts from a
/// kiosk today.
pub fn history(
    seed: u64,
    directory: &Directory,
    questionnaire: &Questionnaire,
    calendar: &Calendar,
    today: Date,
    fortnights: u32,
) -> Result<Vec<(Timestamp, Contact)>, CalendarError> {
    let mut contacts = Vec::new();
    for back in 0..fortnights {
        contacts.extend(fortnight(seed, directory, questionnaire, calendar, today, back)?);
    }
    contacts.sort_by_key(|(moment, _)| *moment);
    Ok(contacts)
}

/// The contacts of one of these fortnights, in no order: the last one for 0, and so on back.
pub fn fortnight(
    seed: u64,
    directory: &Directory,
    questionnaire: &Questionnaire,
    calendar: &Calendar,
    today: Date,
    back: u32,
) -> Result<Vec<(Timestamp, Contact)>, CalendarError> {
    let plan = Plan::new(directory, FORTNIGHT_RESPONSES);
    let mut contacts = Vec::new();
    let mut fortnight = calendar.before(calendar.fortnight_of(today)?)?;
    for _ in 0..back {
        fortnight = calendar.before(fortnight)?;
    }
    let number = LAST_FORTNIGHT - i32::try_from(back).unwrap_or(i32::MAX);
    for (ward, quota) in directory.wards().iter().zip(plan.quotas()) {
        let mut story = Story::new(seed, directory, questionnaire, ward, number);
        if story.effects.iter().any(|effect| effect.on == EffectOn::Silence && effect.holds(number)) {
            continue;
        }
        let quota = f64::from(*quota);
        let extra = story.dice.between(-0.1, 0.1) * quota;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let count = (quota + extra + 0.5).max(0.0) as u32;
        for _ in 0..count {
            let moment = story.moment(calendar, fortnight)?;
            contacts.push((moment, story.contact()));
        }
    }
    Ok(contacts)
}

/// What happens on one ward in one fortnight.
struct Story<'a> {
    dice: Dice,
    questionnaire: &'a Questionnaire,
    directory: &'a Directory,
    ward: &'a WardEntry,
    /// The effects on the ward.
    effects: Vec<&'static Effect>,
    fortnight: i32,
    /// How far the ward stands from the others without meaning anything, in points.
    offset: f64,
}

impl<'a> Story<'a> {
    fn new(
        seed: u64,
        directory: &'a Directory,
        questionnaire: &'a Questionnaire,
        ward: &'a WardEntry,
        fortnight: i32,
    ) -> Self {
        // Each ward and fortnight has dice of its own, so that asking for more fortnights changes none of the later ones.
        let name = ward.id.as_str().bytes().fold(7_u64, |sum, byte| sum * 131 + u64::from(byte));
        let offset = Dice::new(seed, name).between(-0.3, 0.3);
        let place = u64::from(fortnight.unsigned_abs()) * 2 + u64::from(fortnight < 0);
        let unit = format!("ward:{}", ward.id);
        Self {
            dice: Dice::new(seed, name.wrapping_mul(1_000_003) + place + 1),
            questionnaire,
            directory,
            ward,
            effects: effects().iter().filter(|effect| effect.unit == unit).collect(),
            fortnight,
            offset,
        }
    }

    /// A quarter of an hour between nine and seven o'clock on a day of the fortnight.
    fn moment(&mut self, calendar: &Calendar, fortnight: Fortnight) -> Result<Timestamp, CalendarError> {
        let day = self.dice.below(usize::try_from(FORTNIGHT_DAYS).unwrap_or(1));
        let date = fortnight.start().saturating_add(i64::try_from(day).unwrap_or(0).days());
        let quarters = 9 * 4 + self.dice.below(10 * 4);
        let after = SignedDuration::from_mins(15 * i64::try_from(quarters).unwrap_or(0));
        calendar.start_of(date)?.checked_add(after).map_err(|_| CalendarError::OutOfRange(date.to_string()))
    }

    fn contact(&mut self) -> Contact {
        let outcome = self.dice.weighted(&OUTCOMES).unwrap_or(Outcome::Completed);
        let mode = self.dice.weighted(&MODES).unwrap_or(Mode::Alone);
        let attribution = self.attribution();
        let response = outcome.has_response().then(|| self.response(outcome, attribution.as_ref()));
        Contact {
            ward: self.ward.id.clone(),
            questionnaire: self.questionnaire.reference(),
            outcome,
            mode,
            language: Language::english(),
            attribution,
            response,
        }
    }

    fn attribution(&mut self) -> Option<Attribution> {
        let of_ward: Vec<_> =
            self.directory.consultants().iter().filter(|entry| entry.wards.contains(&self.ward.id)).collect();
        let consultant = self.dice.one(&of_ward)?.id.clone();
        let source = self.dice.weighted(&SOURCES)?;
        self.dice.happens(0.85).then_some(Attribution { consultant, source })
    }

    fn response(&mut self, outcome: Outcome, attribution: Option<&Attribution>) -> Response {
        let questions = self.questionnaire.questions();
        let stop = match outcome {
            Outcome::Partial => 3 + self.dice.below(questions.len().saturating_sub(3).max(1)),
            _ => questions.len(),
        };
        // What the person thinks of everything: the reason why one person's answers belong together.
        let person = self.dice.between(-1.2, 1.2);
        let mut answers: BTreeMap<QuestionId, Answer> = BTreeMap::new();
        for (place, question) in questions.iter().enumerate() {
            let asked = place < stop && self.questionnaire.is_asked(question, &answers);
            let answer = if asked { self.answer(question, person, attribution) } else { Answer::NotShown };
            answers.insert(question.id.clone(), answer);
        }
        Response { answers, minutes: u16::try_from(3 + self.dice.below(6)).ok() }
    }

    fn answer(&mut self, question: &QuestionFile, person: f64, attribution: Option<&Attribution>) -> Answer {
        match &question.kind {
            KindFile::Domain(_) => {
                if question.not_applicable.is_some() && self.dice.happens(0.1) {
                    return Answer::NotApplicable;
                }
                let expected = self.expected(question.id.as_str(), person, attribution);
                self.declines(0.02, question, |story| story.by_score(question, expected))
            }
            KindFile::FriendsAndFamily => {
                let mood =
                    (usual("") + self.offset + self.moved("") + person) / 10.0 + self.dice.between(-0.25, 0.25);
                let place = match mood {
                    _ if self.dice.happens(0.03) => 5,
                    mood if mood > 0.72 => 0,
                    mood if mood > 0.58 => 1,
                    mood if mood > 0.48 => 2,
                    mood if mood > 0.38 => 3,
                    _ => 4,
                };
                self.declines(0.03, question, |_| Some(place))
            }
            KindFile::Comment => {
                let pool = if question.id.as_str() == "good" { &GOOD } else { &BETTER };
                let said = self.dice.one(pool).and_then(|text| Comment::new(*text).ok());
                match said {
                    Some(comment) if self.dice.happens(0.2) => Answer::Said(comment),
                    _ => Answer::Declined,
                }
            }
            KindFile::Help => self.declines(0.02, question, |story| Some(usize::from(!story.dice.happens(0.05)))),
            KindFile::Attribution => {
                self.declines(0.02, question, |story| Some(usize::from(!story.dice.happens(0.6))))
            }
            KindFile::About(_) | KindFile::Unscored => {
                self.declines(0.08, question, |story| Some(story.dice.below(question.options.len())))
            }
        }
    }

    /// The option that is chosen, unless the person would rather not say.
    fn declines(
        &mut self,
        probability: f64,
        question: &QuestionFile,
        choose: impl FnOnce(&mut Self) -> Option<usize>,
    ) -> Answer {
        if self.dice.happens(probability) {
            return Answer::Declined;
        }
        let chosen = choose(self).and_then(|place| question.options.get(place));
        chosen.map_or(Answer::Declined, |option| Answer::Answered(option.id.clone()))
    }

    /// The expected score of an answer.
    fn expected(&self, question: &str, person: f64, attribution: Option<&Attribution>) -> f64 {
        let consultant = attribution.map(|said| format!("consultant:{}", said.consultant));
        let of_consultant = effects().iter().filter(|effect| consultant.as_deref() == Some(effect.unit));
        let by_consultant: f64 = of_consultant.map(|effect| effect.points(question, self.fortnight)).sum();
        (usual(question) + self.offset + self.moved(question) + by_consultant + person).clamp(0.4, 9.6)
    }

    /// What the effects on the ward add up to.
    fn moved(&self, question: &str) -> f64 {
        self.effects.iter().map(|effect| effect.points(question, self.fortnight)).sum()
    }

    /// An option whose expectation is the expected score, for options that are evenly spaced over 0 to 10: each step down
    /// from the best is missed with the same probability.
    fn by_score(&mut self, question: &QuestionFile, expected: f64) -> Option<usize> {
        let mut by_worth: Vec<(i32, usize)> = question
            .options
            .iter()
            .enumerate()
            .filter_map(|(place, option)| match option.score {
                OptionScore::Milli(milli) => Some((milli, place)),
                OptionScore::Unscored => None,
            })
            .collect();
        by_worth.sort_by_key(|(milli, _)| std::cmp::Reverse(*milli));
        let steps = by_worth.len().saturating_sub(1);
        let missed = (0..steps).filter(|_| !self.dice.happens(expected / 10.0)).count();
        by_worth.get(missed).map(|(_, place)| *place)
    }
}

/// What a question usually scores.
fn usual(question: &str) -> f64 {
    match question {
        "kindness" | "respect" => 8.4,
        "cleanliness" | "dignity" => 8.2,
        "consistency" | "involvement" => 7.4,
        "coordination" | "noise" => 7.2,
        "medicines" => 6.9,
        _ => 7.9,
    }
}
