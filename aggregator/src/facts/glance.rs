//! A fact straight from a record's JSON, without making the record: what a rebuild of millions needs.
//!
//! It reads what honest kiosks write, which is nearly everything: ids without escapes and answers sorted by question. For
//! anything else it says `None`, and the caller reads the whole record and asks [`fact_of`](super::fact_of), which is the
//! meaning of a fact; a test holds the two against each other.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use wardvoice_protocol::contact::{AttributionSource, Mode, Outcome};
use wardvoice_protocol::fortnight::DayNumber;

use super::fact::{Code, Fact, NO_CONSULTANT, OTHER_LANGUAGE, ROW_BYTES, source_number};
use super::vocabulary::{SpelledQuestion, Vocabulary};

#[derive(Deserialize)]
struct RecordGlance<'a> {
    #[serde(borrow)]
    body: BodyGlance<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum BodyGlance<'a> {
    #[serde(borrow)]
    Contact(ContactGlance<'a>),
}

#[derive(Deserialize)]
struct ContactGlance<'a> {
    ward: &'a str,
    #[serde(borrow)]
    questionnaire: ReferenceGlance<'a>,
    outcome: Outcome,
    mode: Mode,
    language: &'a str,
    #[serde(borrow, default)]
    attribution: Option<AttributionGlance<'a>>,
    #[serde(borrow, default)]
    response: Option<ResponseGlance<'a>>,
}

#[derive(Deserialize)]
struct ReferenceGlance<'a> {
    id: &'a str,
    version: u32,
}

#[derive(Deserialize)]
struct AttributionGlance<'a> {
    consultant: &'a str,
    source: AttributionSource,
}

#[derive(Deserialize)]
struct ResponseGlance<'a> {
    #[serde(borrow)]
    answers: AnswersGlance<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AnswerGlance<'a> {
    Answered(&'a str),
    Said(IgnoredAny),
    NotApplicable,
    DontKnow,
    Declined,
    NotShown,
}

/// The answers as they stand in the JSON.
struct AnswersGlance<'a>(Vec<(&'a str, AnswerGlance<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for AnswersGlance<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = AnswersGlance<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("answers by question")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut answers = Vec::with_capacity(32);
                while let Some(entry) = map.next_entry()? {
                    answers.push(entry);
                }
                Ok(AnswersGlance(answers))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// The fact of a record's JSON; `None` when it takes more than a glance, or is not a contact at all.
pub(crate) fn fact_at_a_glance(
    json: &[u8],
    day: DayNumber,
    arrival_day: DayNumber,
    vocabulary: &Vocabulary,
) -> Option<Fact> {
    // Checked as a whole, which takes many bytes at a time, and not once for each of a hundred short texts.
    let json = std::str::from_utf8(json).ok()?;
    let RecordGlance { body: BodyGlance::Contact(contact) } = serde_json::from_str(json).ok()?;
    let ReferenceGlance { id, version } = contact.questionnaire;
    let questionnaire = vocabulary.questionnaire_index_of(id, version)?;
    let outcome = Outcome::ALL.iter().position(|outcome| *outcome == contact.outcome)?;
    let mode = Mode::ALL.iter().position(|mode| *mode == contact.mode)?;
    let attribution = contact
        .attribution
        .and_then(|said| Some((vocabulary.consultant_index_of(said.consultant)?, source_number(said.source))));
    let (consultant, source) = attribution.unwrap_or((NO_CONSULTANT, 0));
    let answers = match &contact.response {
        Some(response) if contact.outcome.has_response() => {
            pack(&response.answers.0, vocabulary.spelled(questionnaire))?
        }
        None if !contact.outcome.has_response() => 0,
        _ => return None,
    };
    let mut row = [0; ROW_BYTES];
    let language = vocabulary.language_index_of(contact.language).unwrap_or(OTHER_LANGUAGE);
    let codes = [questionnaire, u8::try_from(outcome).ok()?, u8::try_from(mode).ok()? | source << 4, language];
    let fields = day.count().to_le_bytes().into_iter();
    let fields = fields
        .chain(arrival_day.count().to_le_bytes())
        .chain(vocabulary.ward_index_of(contact.ward)?.to_le_bytes())
        .chain(consultant.to_le_bytes())
        .chain(codes)
        .chain(answers.to_le_bytes());
    row.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
    Fact::from_bytes(&row, vocabulary)
}

/// Packs answers that come sorted as the questions are.
fn pack(answers: &[(&str, AnswerGlance<'_>)], questions: &[SpelledQuestion]) -> Option<u128> {
    let mut packed = 0_u128;
    if answers.len() != questions.len() {
        return None;
    }
    for (question, (id, answer)) in questions.iter().zip(answers) {
        if *id != question.id.as_str() {
            return None;
        }
        let code = match answer {
            AnswerGlance::Answered(option) => {
                let place = question.options.iter().position(|candidate| candidate.as_str() == *option)?;
                Code::Option(u8::try_from(place).ok()?)
            }
            AnswerGlance::Said(_) if question.options.is_empty() => Code::Option(0),
            AnswerGlance::Said(_) => return None,
            AnswerGlance::NotApplicable => Code::NotApplicable,
            AnswerGlance::DontKnow => Code::DontKnow,
            AnswerGlance::Declined => Code::Declined,
            AnswerGlance::NotShown => Code::NotShown,
        };
        packed |= u128::from(code.nibble()) << (4 * question.position);
    }
    Some(packed)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::sync::Arc;

    use proptest::prelude::*;
    use wardvoice_protocol::contact::{Answer, Attribution, Comment, Contact};
    use wardvoice_protocol::questionnaire::Questionnaire;
    use wardvoice_protocol::record::{Body, Record};

    use super::*;
    use crate::facts::fact_of;
    use crate::ingest::testing::{Trust, cleaning, contact_record};

    fn chosen(choice: usize, question: usize, questionnaire: &Questionnaire) -> Answer {
        let options = &questionnaire.questions().get(question).unwrap().options;
        match choice {
            0 => Answer::NotShown,
            1 => Answer::Declined,
            2 => Answer::DontKnow,
            3 => Answer::NotApplicable,
            _ if options.is_empty() => Answer::Said(Comment::new("with \"quotes\"\nand lines").unwrap()),
            _ => Answer::Answered(options.get(choice % options.len()).unwrap().id.clone()),
        }
    }

    fn both(contact: &Contact, trust: &Trust) -> (Option<Fact>, Option<Fact>) {
        let (day, arrival) = (DayNumber::from_count(20_780), DayNumber::from_count(20_781));
        let vocabulary = &trust.world.vocabulary;
        let json = serde_json::to_vec(&contact_record(contact.clone())).unwrap();
        (fact_at_a_glance(&json, day, arrival, vocabulary), fact_of(contact, day, arrival, vocabulary))
    }

    proptest! {
        #[test]
        fn a_glance_sees_what_the_whole_record_says(
            choices in prop::collection::vec(0..9_usize, 32),
            outcome in 0..Outcome::ALL.len(),
            mode in 0..Mode::ALL.len(),
            consultant in prop::option::of(0..3_usize),
            language in 0..3_usize,
        ) {
            let trust = Trust::new(1);
            let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
            let mut contact = trust.contact();
            contact.outcome = *Outcome::ALL.get(outcome).unwrap();
            contact.mode = *Mode::ALL.get(mode).unwrap();
            contact.language = ["en", "cy", "xx"].get(language).unwrap().parse().unwrap();
            let known = trust.world.directory.consultants().first().map(|entry| entry.id.clone());
            contact.attribution = consultant.map(|source| Attribution {
                consultant: known.filter(|_| source > 0).unwrap_or_else(|| "nobody".parse().unwrap()),
                source: [AttributionSource::Roster, AttributionSource::Patient, AttributionSource::Volunteer]
                    .get(source).copied().unwrap(),
            });
            if contact.outcome.has_response() {
                let answers = &mut contact.response.as_mut().unwrap().answers;
                for (place, question) in questionnaire.questions().iter().enumerate() {
                    let answer = chosen(*choices.get(place).unwrap(), place, &questionnaire);
                    answers.insert(question.id.clone(), answer);
                }
            } else {
                contact.response = None;
            }
            let (glance, whole) = both(&contact, &trust);
            prop_assert!(whole.is_some());
            prop_assert_eq!(glance, whole);
        }
    }

    #[test]
    fn what_takes_more_than_a_glance_is_left_to_the_whole_record() {
        let trust = Trust::new(2);
        let (day, vocabulary) = (DayNumber::from_count(20_780), &trust.world.vocabulary);
        let other = serde_json::to_vec(&cleaning()).unwrap();
        assert_eq!(fact_at_a_glance(&other, day, day, vocabulary), None);
        let json = serde_json::to_string(&contact_record(trust.contact())).unwrap();
        let escaped = json.replace("\"respect\"", "\"r\\u0065spect\"");
        assert_eq!(fact_at_a_glance(escaped.as_bytes(), day, day, vocabulary), None);
        let Body::Contact(contact) = serde_json::from_str::<Record>(&escaped).unwrap().body else {
            unreachable!()
        };
        assert!(fact_of(&contact, day, day, vocabulary).is_some());
    }
}
