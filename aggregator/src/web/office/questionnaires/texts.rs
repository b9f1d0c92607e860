//! Every text of a questionnaire in its place, original and translation side by side.

use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire, Text};

/// A text in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    /// "Question 3", "Question 3, answer 1".
    pub(super) place: String,
    /// The English.
    pub(super) original: &'a str,
    /// The translation; none where it is missing.
    pub(super) translation: Option<&'a str>,
}

/// Every text, in the order in which patients meet it.
pub(super) fn pairs<'a>(questionnaire: &'a Questionnaire, language: &Language) -> Vec<Pair<'a>> {
    let english = Language::english();
    let pair = |place: String, text: &'a Text| Pair {
        place,
        original: text.get(&english).map_or("", String::as_str),
        translation: text.get(language).map(String::as_str).filter(|text| !text.trim().is_empty()),
    };
    let mut pairs = vec![pair("The title".to_owned(), &questionnaire.file().title)];
    for (number, question) in (1..).zip(questionnaire.questions()) {
        let kind = if question.kind == KindFile::Comment { ", in writing" } else { "" };
        pairs.push(pair(format!("Question {number}{kind}"), &question.text));
        for (answer, option) in (1..).zip(&question.options) {
            pairs.push(pair(format!("Question {number}, answer {answer}"), &option.text));
        }
        let others = [("does not apply", &question.not_applicable), ("does not know", &question.dont_know)];
        for (what, text) in others {
            if let Some(text) = text {
                pairs.push(pair(format!("Question {number}, {what}"), text));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn every_text_has_its_place_and_what_is_missing_is_seen() {
        let questionnaire = Questionnaire::inpatient().unwrap();
        let polish = pairs(&questionnaire, &"pl".parse().unwrap());
        assert!(
            polish.len() > 60 && polish.iter().all(|pair| pair.translation.is_some() && !pair.original.is_empty())
        );
        assert_eq!(polish.first().unwrap().place, "The title");
        assert!(polish.iter().any(|pair| pair.place == "Question 1, answer 3"));
        let none = pairs(&questionnaire, &"xx".parse().unwrap());
        assert!(none.iter().all(|pair| pair.translation.is_none()));
    }
}
