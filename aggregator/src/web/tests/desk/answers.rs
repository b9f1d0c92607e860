//! What people answer and write, generated: in the facts, and where it is read from there in the log.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{
    Answer, Attribution, AttributionSource, Comment, Contact, Mode, Outcome, Response,
};
use wardvoice_protocol::id::{Hash, Language, RecordId};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::record::{Body, Record};

use super::{Bench, kiosk, noon, ward};
use crate::facts::fact_of;
use crate::ingest::testing::keep;
use crate::log::{DayEvidence, DayMethod, OpenedRow};

impl Bench {
    /// The same server with eight fortnights of answers for W1, an old fortnight for W2, and nothing for W3.
    pub(in crate::web::tests) fn filled(self) -> Self {
        let bench = self;
        for fortnight in 0..8 {
            let start = Date::constant(2026, 8, 3).saturating_add((14 * fortnight).days());
            let many = if fortnight == 7 { 31 } else { 40 };
            for place in 0..many {
                bench.answers(
                    "W1",
                    start.saturating_add((place % 11).days()),
                    if fortnight < 4 { 70 } else { 84 },
                );
            }
        }
        for (outcome, many) in [(Outcome::Declined, 6), (Outcome::Asleep, 4), (Outcome::LacksCapacity, 2)] {
            (0..many).for_each(|_| bench.contact("W1", Date::constant(2026, 11, 12), outcome, Mode::Interview, 0));
        }
        (0..12).for_each(|_| bench.answers("W2", Date::constant(2026, 10, 27), 80));
        bench.desk.fleet.record(&kiosk("k-1"), noon() - SignedDuration::from_mins(4));
        bench.desk.fleet.record(&kiosk("k-2"), "2026-11-02T09:00:00Z".parse().unwrap());
        bench.online("k-1", 2);
        bench
    }

    /// Somebody on a ward answers, well with a chance of so many in a hundred a question.
    pub(in crate::web::tests) fn answers(&self, place: &str, day: Date, well: u64) {
        let mode = match self.roll(10) {
            0 => Mode::Proxy,
            1 | 2 => Mode::Assisted,
            3 | 4 => Mode::Alone,
            _ => Mode::Interview,
        };
        self.contact(place, day, Outcome::Completed, mode, well);
    }

    fn contact(&self, place: &str, day: Date, outcome: Outcome, mode: Mode, well: u64) {
        let mut contact = self.completed(place, mode, well);
        contact.outcome = outcome;
        if !outcome.has_response() {
            contact.response = None;
        }
        self.insert(&contact, day);
    }

    fn insert(&self, contact: &Contact, day: Date) {
        let fact = fact_of(contact, day.into(), day.into(), self.desk.scoring.vocabulary()).unwrap();
        self.desk.facts.write().unwrap().insert(fact);
    }

    fn completed(&self, place: &str, mode: Mode, well: u64) -> Contact {
        let questionnaire = &Questionnaire::inpatient().unwrap();
        let mut answers = BTreeMap::new();
        for question in questionnaire.questions() {
            let last = question.options.len().saturating_sub(1);
            let place = if self.roll(100) < well { 0 } else { usize::from(self.roll(3) == 0) + 1 };
            let answer = match question.options.get(place.min(last)) {
                _ if question.not_applicable.is_some() && self.roll(4) == 0 => Answer::NotApplicable,
                _ if self.roll(25) == 0 => Answer::Declined,
                Some(option) => Answer::Answered(option.id.clone()),
                None => Answer::Declined,
            };
            answers.insert(question.id.clone(), answer);
        }
        Contact {
            ward: ward(place),
            questionnaire: questionnaire.reference(),
            outcome: Outcome::Completed,
            mode,
            language: Language::english(),
            attribution: None,
            response: Some(Response { answers, minutes: Some(4) }),
        }
    }

    /// Somebody on a ward answers everything well and says something; in the log and in the facts. Gives the comment's name.
    pub(in crate::web::tests) fn writes(&mut self, place: &str, at: &str, said: Option<(&str, &str)>) -> String {
        self.writes_of(None, place, at, said)
    }

    /// The same by a patient of a consultant, as the roster says.
    pub(in crate::web::tests) fn writes_of(
        &mut self,
        consultant: Option<&str>,
        place: &str,
        at: &str,
        said: Option<(&str, &str)>,
    ) -> String {
        self.writes_in(&Language::english(), consultant, place, at, said)
    }

    /// The same in a language.
    pub(in crate::web::tests) fn writes_in(
        &mut self,
        language: &Language,
        consultant: Option<&str>,
        place: &str,
        at: &str,
        said: Option<(&str, &str)>,
    ) -> String {
        self.answers_to(&Questionnaire::inpatient().unwrap(), language, consultant, place, at, said)
    }

    /// The same to a questionnaire; every question with options gets its first.
    pub(in crate::web::tests) fn answers_to(
        &mut self,
        questionnaire: &Questionnaire,
        language: &Language,
        consultant: Option<&str>,
        place: &str,
        at: &str,
        said: Option<(&str, &str)>,
    ) -> String {
        self.sequence += 1;
        let claimed: Timestamp = at.parse().unwrap();
        let answers = questionnaire.questions().iter().map(|question| {
            let answer = match (said, question.options.first()) {
                (Some((asked, text)), _) if asked == question.id.as_str() => {
                    Answer::Said(Comment::new(text).unwrap())
                }
                (_, Some(option)) => Answer::Answered(option.id.clone()),
                (_, None) => Answer::Declined,
            };
            (question.id.clone(), answer)
        });
        let contact = Contact {
            ward: ward(place),
            questionnaire: questionnaire.reference(),
            outcome: Outcome::Completed,
            mode: Mode::Alone,
            language: language.clone(),
            attribution: consultant
                .map(|id| Attribution { consultant: id.parse().unwrap(), source: AttributionSource::Roster }),
            response: Some(Response { answers: answers.collect(), minutes: Some(4) }),
        };
        let day = self.desk.world.calendar.day_of(claimed);
        self.insert(&contact, day);
        let json = serde_json::to_vec(&Record { clock: Clock::new(claimed, None), body: Body::Contact(contact) })
            .unwrap();
        let id = RecordId::new(1_795_428_000_000, [u8::try_from(self.sequence % 251).unwrap(); 10]);
        let row = OpenedRow {
            position: 0,
            kiosk: "k-1",
            sequence: self.sequence,
            record_id: id,
            envelope: Hash::of(&self.sequence.to_le_bytes()),
            received: claimed,
            day: day.into(),
            arrival_day: day.into(),
            evidence: DayEvidence { method: DayMethod::Offset, claimed, held_to_arrival: false },
            json: &json,
        };
        keep(&mut self.log, row);
        format!("{id}/{}", said.map_or("good", |(asked, _)| asked))
    }

    /// So many patients of a ward name a consultant and answer the doctors' question well, sometimes or not.
    pub(in crate::web::tests) fn patients_of(&self, consultant: &str, day: Date, answers: [usize; 3]) {
        let options = ["always", "sometimes", "no"].into_iter().zip(answers);
        for option in options.flat_map(|(option, many)| std::iter::repeat_n(option, many)) {
            let mut contact = self.completed("W1", Mode::Interview, 80);
            contact.attribution =
                Some(Attribution { consultant: consultant.parse().unwrap(), source: AttributionSource::Roster });
            let answer = Answer::Answered(option.parse().unwrap());
            contact.response.as_mut().unwrap().answers.insert("doctors".parse().unwrap(), answer);
            self.insert(&contact, day);
        }
    }

    fn roll(&self, sides: u64) -> u64 {
        let mut dice = self.dice.lock().unwrap();
        *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*dice >> 33) % sides
    }
}
