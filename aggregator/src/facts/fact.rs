//! One contact as 32 bytes.
//!
//! | bytes | content, little-endian |
//! |---|---|
//! | 0-3 | day, days since 1970-01-01 |
//! | 4-7 | arrival day |
//! | 8-9 | ward |
//! | 10-11 | consultant, 0xffff for none |
//! | 12 | questionnaire |
//! | 13 | outcome, its place in `Outcome::ALL` |
//! | 14 | mode (bits 0-3) and who attributed (bits 4-7: 0 nobody, 1 roster, 2 patient, 3 volunteer) |
//! | 15 | language, 0xff for one no questionnaire offers |
//! | 16-31 | 32 nibbles, question *q* in byte *q*/2, even questions in the low half |
//!
//! A nibble: 0 not shown, 1 not applicable, 2 don't know, 3 declined, 4 + *i* option *i* (4 alone for free text that was
//! written). So missing is never zero points.

use wardvoice_protocol::contact::{Answer, AttributionSource, Contact, Mode, Outcome};
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::questionnaire::{MAX_OPTIONS, MAX_QUESTIONS};

use super::vocabulary::{SpelledQuestion, Vocabulary};

/// The bytes of a row.
pub(super) const ROW_BYTES: usize = 32;
/// The number of an absent consultant.
pub(super) const NO_CONSULTANT: u16 = u16::MAX;
/// The number of a language that no questionnaire offers.
pub(super) const OTHER_LANGUAGE: u8 = u8::MAX;
const FIRST_OPTION: u8 = 4;

// Twelve codes above the four reasons for no answer: every option of every question has one.
const _: () = assert!(FIRST_OPTION as usize + MAX_OPTIONS <= 16 && MAX_QUESTIONS == 32);

/// One contact as a row. Rows compare by their bytes' meaning, so sorting is total and deterministic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    day: i32,
    arrival_day: i32,
    ward: u16,
    consultant: u16,
    questionnaire: u8,
    outcome: u8,
    mode_and_source: u8,
    language: u8,
    answers: [u8; 16],
}

const _: () = assert!(size_of::<Fact>() == ROW_BYTES);

/// What a row says about one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Never on the screen.
    NotShown,
    /// Does not apply to the person.
    NotApplicable,
    /// The person does not know.
    DontKnow,
    /// The person would rather not say.
    Declined,
    /// The option at this place; 0 for free text that was written.
    Option(u8),
}

impl Code {
    /// The code of a nibble.
    pub fn from_nibble(nibble: u8) -> Self {
        match nibble & 0xf {
            0 => Self::NotShown,
            1 => Self::NotApplicable,
            2 => Self::DontKnow,
            3 => Self::Declined,
            option => Self::Option(option - FIRST_OPTION),
        }
    }

    pub(super) fn nibble(self) -> u8 {
        match self {
            Self::NotShown => 0,
            Self::NotApplicable => 1,
            Self::DontKnow => 2,
            Self::Declined => 3,
            Self::Option(place) => (FIRST_OPTION + place).min(0xf),
        }
    }
}

impl Fact {
    /// The local day the aggregator decided for the contact.
    pub fn day(&self) -> DayNumber {
        DayNumber::from_count(self.day)
    }

    /// The local day on which it came.
    pub fn arrival_day(&self) -> DayNumber {
        DayNumber::from_count(self.arrival_day)
    }

    /// The ward's number in the vocabulary.
    pub fn ward_index(&self) -> u16 {
        self.ward
    }

    /// The consultant's number in the vocabulary, if the contact is attributed.
    pub fn consultant_index(&self) -> Option<u16> {
        (self.consultant != NO_CONSULTANT).then_some(self.consultant)
    }

    /// Who attributed the contact.
    pub fn attribution_source(&self) -> Option<AttributionSource> {
        match self.mode_and_source >> 4 {
            1 => Some(AttributionSource::Roster),
            2 => Some(AttributionSource::Patient),
            3 => Some(AttributionSource::Volunteer),
            _ => None,
        }
    }

    /// The questionnaire's number in the vocabulary.
    pub fn questionnaire_index(&self) -> u8 {
        self.questionnaire
    }

    /// What came of the approach.
    pub fn outcome(&self) -> Outcome {
        // Rows are only made by `fact_of` and by `from_bytes`, which both check the number.
        Outcome::ALL.get(usize::from(self.outcome)).copied().unwrap_or(Outcome::Completed)
    }

    /// How it was done.
    pub fn mode(&self) -> Mode {
        Mode::ALL.get(usize::from(self.mode_and_source & 0xf)).copied().unwrap_or(Mode::Alone)
    }

    /// The language's number in the vocabulary, if a questionnaire offers it.
    pub fn language_index(&self) -> Option<u8> {
        (self.language != OTHER_LANGUAGE).then_some(self.language)
    }

    /// What it says about the question at a place.
    pub fn code(&self, question: usize) -> Code {
        let byte = self.answers.get(question / 2).copied().unwrap_or(0);
        Code::from_nibble(if question.is_multiple_of(2) { byte } else { byte >> 4 })
    }

    /// All 32 nibbles, question 0 in the lowest four bits: equal answers are equal numbers.
    pub fn answers(&self) -> u128 {
        u128::from_le_bytes(self.answers)
    }

    pub(super) fn to_bytes(self) -> [u8; ROW_BYTES] {
        let mut row = [0; ROW_BYTES];
        let fields = self
            .day
            .to_le_bytes()
            .into_iter()
            .chain(self.arrival_day.to_le_bytes())
            .chain(self.ward.to_le_bytes())
            .chain(self.consultant.to_le_bytes())
            .chain([self.questionnaire, self.outcome, self.mode_and_source, self.language])
            .chain(self.answers);
        row.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
        row
    }

    /// A row from its bytes; `None` when a number has no meaning in the vocabulary.
    pub(super) fn from_bytes(row: &[u8; ROW_BYTES], vocabulary: &Vocabulary) -> Option<Self> {
        let [
            d0,
            d1,
            d2,
            d3,
            a0,
            a1,
            a2,
            a3,
            w0,
            w1,
            c0,
            c1,
            questionnaire,
            outcome,
            mode_and_source,
            language,
            answers @ ..,
        ] = *row;
        let fact = Self {
            day: i32::from_le_bytes([d0, d1, d2, d3]),
            arrival_day: i32::from_le_bytes([a0, a1, a2, a3]),
            ward: u16::from_le_bytes([w0, w1]),
            consultant: u16::from_le_bytes([c0, c1]),
            questionnaire,
            outcome,
            mode_and_source,
            language,
            answers,
        };
        let known = fact.ward < vocabulary.ward_count()
            && fact.consultant_index().is_none_or(|index| vocabulary.consultant(index).is_some())
            && vocabulary.questionnaire(questionnaire).is_some()
            && usize::from(outcome) < Outcome::ALL.len()
            && usize::from(mode_and_source & 0xf) < Mode::ALL.len()
            && mode_and_source >> 4 <= 3
            && fact.language_index().is_none_or(|index| vocabulary.language(index).is_some());
        known.then_some(fact)
    }
}

/// The row of a contact, or `None` when its ward, questionnaire, a question or an option is not in the vocabulary, or
/// when answers and outcome contradict each other.
///
/// A consultant whom the directory does not know counts as nobody: the log keeps the id, and a rebuild with a directory
/// that knows it brings the attribution back.
pub fn fact_of(
    contact: &Contact,
    day: DayNumber,
    arrival_day: DayNumber,
    vocabulary: &Vocabulary,
) -> Option<Fact> {
    let questionnaire = vocabulary.questionnaire_index(&contact.questionnaire)?;
    let outcome = Outcome::ALL.iter().position(|outcome| *outcome == contact.outcome)?;
    let mode = Mode::ALL.iter().position(|mode| *mode == contact.mode)?;
    let attribution = contact
        .attribution
        .as_ref()
        .and_then(|said| Some((vocabulary.consultant_index(&said.consultant)?, source_number(said.source))));
    let (consultant, source) = attribution.unwrap_or((NO_CONSULTANT, 0));
    let answers = match &contact.response {
        Some(response) if contact.outcome.has_response() => {
            pack(response.answers.iter(), vocabulary.spelled(questionnaire))?
        }
        None if !contact.outcome.has_response() => [0; 16],
        _ => return None,
    };
    Some(Fact {
        day: day.count(),
        arrival_day: arrival_day.count(),
        ward: vocabulary.ward_index(&contact.ward)?,
        consultant,
        questionnaire,
        outcome: u8::try_from(outcome).ok()?,
        mode_and_source: u8::try_from(mode).ok()? | source << 4,
        language: vocabulary.language_index(&contact.language).unwrap_or(OTHER_LANGUAGE),
        answers,
    })
}

pub(super) fn source_number(source: AttributionSource) -> u8 {
    match source {
        AttributionSource::Roster => 1,
        AttributionSource::Patient => 2,
        AttributionSource::Volunteer => 3,
    }
}

/// Packs answers, which come sorted by question id, against questions sorted the same way.
fn pack<'a>(
    mut answers: impl ExactSizeIterator<Item = (&'a wardvoice_protocol::id::QuestionId, &'a Answer)>,
    questions: &[SpelledQuestion],
) -> Option<[u8; 16]> {
    let mut packed = 0_u128;
    if answers.len() != questions.len() {
        return None;
    }
    for question in questions {
        let (id, answer) = answers.next()?;
        if *id != question.id {
            return None;
        }
        let code = match answer {
            Answer::Answered(option) => {
                let place = question.options.iter().position(|candidate| candidate == option)?;
                Code::Option(u8::try_from(place).ok()?)
            }
            Answer::Said(_) if question.options.is_empty() => Code::Option(0),
            Answer::Said(_) => return None,
            Answer::NotApplicable => Code::NotApplicable,
            Answer::DontKnow => Code::DontKnow,
            Answer::Declined => Code::Declined,
            Answer::NotShown => Code::NotShown,
        };
        packed |= u128::from(code.nibble()) << (4 * question.position);
    }
    Some(packed.to_le_bytes())
}
