//! Cuts: the part of a unit's people that a score is about, `mode=self,age=81+`.
//!
//! A cut is data: a field and the values that count; the same field again adds a value, another field narrows. Fields are `mode`,
//! `language`, `attribution` (who named the consultant) and every question of the questionnaire that has options, the
//! facts about a person among them; `age_band` is another name of the question that asks for it. A question's values are its
//! options and the four reasons for no answer. What a field means is read from the questionnaire, so a new one is not new code.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wardvoice_protocol::contact::{AttributionSource, Mode};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{AboutFact, KindFile, QuestionFile, Questionnaire};

use super::scheme::nibble;
use crate::facts::{Fact, Vocabulary};

/// A cut as it is written; fields in alphabetical order, values in the order in which they were said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cut(BTreeMap<String, Vec<String>>);

/// Why a text is no cut, or the questionnaire has no such cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// Not a list of `field=value`.
    #[error("read the cut {0:?}: write field=value, and more of them after commas, as in mode=self,age=81+")]
    Unreadable(String),
    /// There is no such field.
    #[error("cut by {0}: the fields are {1}")]
    NoField(String, String),
    /// The field has no such value.
    #[error("cut by {field}={value}: its values are {known}")]
    NoValue {
        /// The field.
        field: String,
        /// What was asked for.
        value: String,
        /// What there is.
        known: String,
    },
}

/// A cut, ready for rows of facts.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    modes: Option<u8>,
    sources: Option<u8>,
    languages: Option<Vec<Option<u8>>>,
    /// The place of a question and the nibbles that count, a bit each.
    answers: Vec<(usize, u16)>,
}

impl Cut {
    /// Whether it is no cut at all.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// Each field with the values that count.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(field, values)| (field.as_str(), values.as_slice()))
    }

    pub(super) fn filter(
        &self,
        questionnaire: &Questionnaire,
        vocabulary: &Vocabulary,
    ) -> Result<Filter, CutError> {
        let mut filter = Filter::default();
        for (field, values) in &self.0 {
            match field.as_str() {
                "mode" => {
                    let known = Mode::ALL.map(Mode::as_str);
                    filter.modes = Some(bits(field, values, &known)?);
                }
                "attribution" => filter.sources = Some(bits(field, values, &SOURCES)?),
                "language" => {
                    let index = |value: &String| {
                        let language = Language::new(value.as_str()).ok();
                        let index = language.and_then(|language| vocabulary.language_index(&language));
                        let known = || "the languages of the questionnaires, as in en or cy".to_owned();
                        index.map(Some).ok_or_else(|| no_value(field, value, known()))
                    };
                    filter.languages = Some(values.iter().map(index).collect::<Result<_, _>>()?);
                }
                _ => filter.answers.push(of_question(field, values, questionnaire)?),
            }
        }
        Ok(filter)
    }
}

const SOURCES: [&str; 4] = ["nobody", "roster", "patient", "volunteer"];
const REASONS: [&str; 4] = ["not_shown", "not_applicable", "dont_know", "declined"];

fn bits(field: &str, values: &[String], known: &[&str]) -> Result<u8, CutError> {
    values.iter().try_fold(0, |bits, value| {
        let place = known.iter().position(|known| known == value);
        place.map(|place| bits | 1 << place).ok_or_else(|| no_value(field, value, known.join(", ")))
    })
}

fn of_question(field: &str, values: &[String], questionnaire: &Questionnaire) -> Result<(usize, u16), CutError> {
    let named = |question: &QuestionFile| {
        question.id.as_str() == field
            || matches!(&question.kind, KindFile::About(fact) if fact_name(*fact) == field)
    };
    let questions = questionnaire.questions();
    let found = questions.iter().enumerate().find(|(_, one)| named(one) && !one.options.is_empty());
    let Some((position, question)) = found else {
        let with_options = questions.iter().filter(|question| !question.options.is_empty());
        let fields = ["mode", "language", "attribution"].into_iter().chain(with_options.map(|q| q.id.as_str()));
        return Err(CutError::NoField(field.to_owned(), fields.collect::<Vec<_>>().join(", ")));
    };
    let options: Vec<&str> = question.options.iter().map(|option| option.id.as_str()).collect();
    let mut nibbles = 0;
    for value in values {
        // An id holds no plus sign; people write 81+.
        let id = value.strip_suffix('+').map_or_else(|| value.clone(), |stem| format!("{stem}plus"));
        let option = options.iter().position(|option| *option == id).map(|place| place + 4);
        let nibble = option.or_else(|| REASONS.iter().position(|reason| *reason == id));
        let known = || options.iter().chain(&REASONS).copied().collect::<Vec<_>>().join(", ");
        nibbles |= 1 << nibble.ok_or_else(|| no_value(field, value, known()))?;
    }
    Ok((position, nibbles))
}

fn fact_name(fact: AboutFact) -> &'static str {
    match fact {
        AboutFact::AgeBand => "age_band",
        AboutFact::Sex => "sex",
        AboutFact::Admission => "admission",
        AboutFact::Nights => "nights",
    }
}

fn no_value(field: &str, value: &str, known: String) -> CutError {
    CutError::NoValue { field: field.to_owned(), value: value.to_owned(), known }
}

impl Filter {
    /// Whether a contact counts, as far as contacts without answers can be told apart.
    pub(super) fn contact(&self, fact: &Fact) -> bool {
        let is_in = |bits: Option<u8>, place: usize| bits.is_none_or(|bits| bits >> place & 1 == 1);
        is_in(self.modes, fact.mode() as usize)
            && is_in(self.sources, fact.attribution_source().map_or(0, source_place))
            && self.languages.as_ref().is_none_or(|languages| languages.contains(&fact.language_index()))
    }

    /// Whether a response counts.
    pub(super) fn answers(&self, answers: u128) -> bool {
        self.answers.iter().all(|(position, nibbles)| nibbles >> nibble(answers, *position) & 1 == 1)
    }

    /// Whether it asks for answers, which contacts without a response do not have.
    pub(super) fn asks_for_answers(&self) -> bool {
        !self.answers.is_empty()
    }
}

fn source_place(source: AttributionSource) -> usize {
    match source {
        AttributionSource::Roster => 1,
        AttributionSource::Patient => 2,
        AttributionSource::Volunteer => 3,
    }
}

impl FromStr for Cut {
    type Err = CutError;

    fn from_str(text: &str) -> Result<Self, CutError> {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let said = part.split_once('=').map(|(field, value)| (field.trim(), value.trim()));
            let fits = |text: &str| !text.is_empty() && !text.chars().any(char::is_control) && text.len() <= 64;
            let Some((field, value)) = said.filter(|(field, value)| fits(field) && fits(value)) else {
                return Err(CutError::Unreadable(text.to_owned()));
            };
            let values = fields.entry(field.to_owned()).or_default();
            if !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        }
        Ok(Self(fields))
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.iter().flat_map(|(field, values)| values.iter().map(move |value| (field, value)));
        for (place, (field, value)) in pairs.enumerate() {
            write!(formatter, "{}{field}={value}", if place == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Cut {
    type Error = CutError;
    fn try_from(text: String) -> Result<Self, CutError> {
        text.parse()
    }
}

impl From<Cut> for String {
    fn from(cut: Cut) -> String {
        cut.to_string()
    }
}
