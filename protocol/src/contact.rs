//! One approach to one patient, and what came of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{ConsultantId, Language, OptionId, QuestionId, WardId};
use crate::questionnaire::QuestionnaireRef;

/// One approach to one patient. Holds no name, number, bed or time of day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The ward the patient is on.
    pub ward: WardId,
    /// The questionnaire that was, or would have been, asked.
    pub questionnaire: QuestionnaireRef,
    /// What came of the approach.
    pub outcome: Outcome,
    /// How it was, or would have been, done.
    pub mode: Mode,
    /// The language it was done in.
    pub language: Language,
    /// The consultant in charge and who said so; absent when nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
    /// The answers; present exactly when the outcome is completed or partial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
}

/// Why a contact contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// The outcome is completed or partial, and there is no response.
    #[error("a contact that is {0} has a response, and this one has none")]
    NoResponse(Outcome),
    /// The outcome is another, and there is a response.
    #[error("a contact that is {0} has no response, and this one has one")]
    UnexpectedResponse(Outcome),
}

impl Contact {
    /// Checks that there is a response exactly when the outcome says so.
    pub fn check(&self) -> Result<(), ContactError> {
        match (self.outcome.has_response(), self.response.is_some()) {
            (true, false) => Err(ContactError::NoResponse(self.outcome)),
            (false, true) => Err(ContactError::UnexpectedResponse(self.outcome)),
            (true, true) | (false, false) => Ok(()),
        }
    }
}

/// What came of an approach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the field's own and are explained in docs/protocol.md")]
pub enum Outcome {
    Completed,
    Partial,
    Declined,
    Asleep,
    Unwell,
    LacksCapacity,
    Language,
    Isolation,
    Away,
    AlreadyAsked,
}

impl Outcome {
    /// Every outcome, in the order of the documents.
    pub const ALL: [Self; 10] = [
        Self::Completed,
        Self::Partial,
        Self::Declined,
        Self::Asleep,
        Self::Unwell,
        Self::LacksCapacity,
        Self::Language,
        Self::Isolation,
        Self::Away,
        Self::AlreadyAsked,
    ];

    /// The outcome as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Declined => "declined",
            Self::Asleep => "asleep",
            Self::Unwell => "unwell",
            Self::LacksCapacity => "lacks_capacity",
            Self::Language => "language",
            Self::Isolation => "isolation",
            Self::Away => "away",
            Self::AlreadyAsked => "already_asked",
        }
    }

    /// Whether a contact with this outcome holds a response.
    pub fn has_response(self) -> bool {
        matches!(self, Self::Completed | Self::Partial)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How an interview was done. Modes move scores, so each is kept and none is pooled silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The patient alone.
    #[serde(rename = "self")]
    Alone,
    /// The patient with somebody's help.
    Assisted,
    /// Read aloud by a volunteer.
    Interview,
    /// A relative or carer answers for the patient.
    Proxy,
}

impl Mode {
    /// Every mode, in the order of the documents.
    pub const ALL: [Self; 4] = [Self::Alone, Self::Assisted, Self::Interview, Self::Proxy];

    /// The mode as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "self",
            Self::Assisted => "assisted",
            Self::Interview => "interview",
            Self::Proxy => "proxy",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The consultant in charge, and who said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// The consultant.
    pub consultant: ConsultantId,
    /// Who said so.
    pub source: AttributionSource,
}

/// Where an attribution came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributionSource {
    /// The ward's roster.
    Roster,
    /// The patient.
    Patient,
    /// The volunteer.
    Volunteer,
}

/// One person's answered questionnaire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Every question of the questionnaire's version with its answer or why there is none.
    #[serde(deserialize_with = "each_once")]
    pub answers: BTreeMap<QuestionId, Answer>,
    /// How long it took, in whole minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u16>,
}

/// Reads answers and refuses a question that stands twice, of which a plain map would silently keep the last.
fn each_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<QuestionId, Answer>, D::Error> {
    struct Answers;

    impl<'de> Visitor<'de> for Answers {
        type Value = BTreeMap<QuestionId, Answer>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of questions and their answers")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut answers = BTreeMap::new();
            while let Some((question, answer)) = map.next_entry::<QuestionId, Answer>()? {
                match answers.entry(question) {
                    Entry::Vacant(place) => place.insert(answer),
                    Entry::Occupied(there) => {
                        return Err(A::Error::custom(format!("question {} stands twice", there.key())));
                    }
                };
            }
            Ok(answers)
        }
    }

    deserializer.deserialize_map(Answers)
}

/// The five kinds of (non-)answer. Missing is never zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// An option was chosen: `{"answered": "always"}`.
    Answered(OptionId),
    /// Free text was written: `{"said": "…"}`. Also an answered question.
    Said(Comment),
    /// The question does not apply to this person.
    NotApplicable,
    /// The person does not know.
    DontKnow,
    /// The person would rather not say, or skipped the question.
    Declined,
    /// The question was never on the screen (a branch, or the interview stopped before it).
    NotShown,
}

/// Free text of 1 to 1,000 characters that are not all white space; line breaks and tabs are the only controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct Comment(#[schemars(length(min = 1, max = 1000))] String);

/// Why a text is not a comment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommentError {
    /// There is nothing in it.
    #[error("the comment is empty")]
    Empty,
    /// It is too long.
    #[error("the comment has {0} characters, more than {max}", max = crate::limits::MAX_COMMENT_CHARACTERS)]
    TooLong(usize),
    /// It holds control characters other than line breaks and tabs.
    #[error("the comment holds a control character")]
    Control,
}

impl Comment {
    /// Checks the text and makes the comment.
    pub fn new(text: impl Into<String>) -> Result<Self, CommentError> {
        let text = text.into();
        let length = text.chars().count();
        if text.trim().is_empty() {
            Err(CommentError::Empty)
        } else if length > crate::limits::MAX_COMMENT_CHARACTERS {
            Err(CommentError::TooLong(length))
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            Err(CommentError::Control)
        } else {
            Ok(Self(text))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Comment {
    type Error = CommentError;
    fn try_from(text: String) -> Result<Self, CommentError> {
        Self::new(text)
    }
}

impl From<Comment> for String {
    fn from(comment: Comment) -> String {
        comment.0
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::arbitrary::{answer, contact};

    #[test]
    fn a_response_stands_exactly_where_the_outcome_says() {
        for outcome in Outcome::ALL {
            let check = |response: Option<Response>, expected| {
                let contact = Contact {
                    ward: "W12".parse().unwrap(),
                    questionnaire: "inpatient@1".parse().unwrap(),
                    outcome,
                    mode: Mode::Alone,
                    language: Language::english(),
                    attribution: None,
                    response,
                };
                assert_eq!(contact.check(), expected);
            };
            let response = Response { answers: BTreeMap::new(), minutes: None };
            let holds = matches!(outcome, Outcome::Completed | Outcome::Partial);
            check(None, if holds { Err(ContactError::NoResponse(outcome)) } else { Ok(()) });
            check(Some(response), if holds { Ok(()) } else { Err(ContactError::UnexpectedResponse(outcome)) });
        }
        let error = ContactError::UnexpectedResponse(Outcome::LacksCapacity).to_string();
        assert_eq!(error, "a contact that is lacks_capacity has no response, and this one has one");
    }

    #[test]
    fn words_stand_in_json_as_they_are_displayed() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), json!(outcome.to_string()));
        }
        for mode in Mode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), json!(mode.to_string()));
        }
    }

    #[test]
    fn the_five_kinds_of_answer_and_free_text() {
        let check = |json: serde_json::Value, expected: Answer| {
            assert_eq!(serde_json::from_value::<Answer>(json.clone()).unwrap(), expected);
            assert_eq!(serde_json::to_value(expected).unwrap(), json);
        };
        check(json!({"answered": "always"}), Answer::Answered("always".parse().unwrap()));
        check(json!({"said": "Kind.\nQuick."}), Answer::Said(Comment::new("Kind.\nQuick.").unwrap()));
        check(json!("not_applicable"), Answer::NotApplicable);
        check(json!("dont_know"), Answer::DontKnow);
        check(json!("declined"), Answer::Declined);
        check(json!("not_shown"), Answer::NotShown);
        for json in [json!(null), json!("answered"), json!(10), json!({"answered": 10}), json!({"said": ""})] {
            assert!(serde_json::from_value::<Answer>(json).is_err());
        }
    }

    #[test]
    fn a_question_that_stands_twice_is_refused() {
        let read = |json: &str| serde_json::from_str::<Response>(json);
        assert!(read(r#"{"answers":{"pain":"declined","noise":"declined"}}"#).is_ok());
        let error = read(r#"{"answers":{"pain":"declined","pain":{"answered":"no"}}}"#).unwrap_err();
        assert!(error.to_string().starts_with("question pain stands twice"), "{error}");
    }

    #[test]
    fn comments_have_limits() {
        let check = |text: &str, expected| {
            assert_eq!(Comment::new(text).map(String::from), expected);
        };
        check("", Err(CommentError::Empty));
        check(" \n\t\u{a0}", Err(CommentError::Empty));
        check(&"é".repeat(1000), Ok("é".repeat(1000)));
        check(&"é".repeat(1001), Err(CommentError::TooLong(1001)));
        check("a\u{0}b", Err(CommentError::Control));
        check("a\u{1b}[31m", Err(CommentError::Control));
        check("a\r\nb", Err(CommentError::Control));
        check("a\tb\nc", Ok("a\tb\nc".to_owned()));
    }

    proptest! {
        #[test]
        fn contacts_round_trip(contact in contact()) {
            let json = serde_json::to_string(&contact).unwrap();
            prop_assert_eq!(serde_json::from_str::<Contact>(&json).unwrap(), contact.clone());
            prop_assert_eq!(contact.check(), Ok(()));
        }

        #[test]
        fn answers_round_trip(answer in answer()) {
            let json = serde_json::to_string(&answer).unwrap();
            prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
        }
    }
}
