//! The one conversion from what a file says to what the program trusts.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AboutFact, FRIENDS_AND_FAMILY_OPTIONS, KindFile, MAX_COMMENTS, MAX_OPTIONS, MAX_QUESTIONS, OptionScore,
    QuestionFile, Questionnaire, QuestionnaireFile, Text, YES_NO_OPTIONS, find_duplicate,
};
use crate::id::{Hash, Language, OptionId, QuestionId};

/// What is wrong with a questionnaire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionnaireError {
    /// Not JSON of the right shape.
    #[error("the questionnaire is not readable: {0}")]
    Unreadable(String),
    /// A format that is not known.
    #[error("questionnaire format {0} is not known")]
    UnknownFormat(u32),
    /// Versions start at 1.
    #[error("the version is 0; versions start at 1")]
    VersionZero,
    /// English is missing.
    #[error("English (en) is not among the languages")]
    NoEnglish,
    /// No questions, or too many.
    #[error("there are {0} questions; a questionnaire has 1 to {MAX_QUESTIONS}")]
    QuestionCount(usize),
    /// More free text than a record can hold.
    #[error("there are {0} comment questions, more than {MAX_COMMENTS}")]
    TooManyComments(usize),
    /// A question stands twice.
    #[error("question {0} stands twice")]
    QuestionTwice(QuestionId),
    /// An option stands twice.
    #[error("option {1} of question {0} stands twice")]
    OptionTwice(QuestionId, OptionId),
    /// No options, or too many, or options where there can be none.
    #[error("question {0} has {1} options, which does not fit its kind")]
    OptionCount(QuestionId, usize),
    /// A fixed question has other options than its own.
    #[error("question {question} must have exactly the options {expected:?}")]
    FixedOptions {
        /// The question.
        question: QuestionId,
        /// Its options.
        expected: Vec<&'static str>,
    },
    /// A scored question has no scored option, or an unscored question has one.
    #[error("question {0}: {1}")]
    Scores(QuestionId, &'static str),
    /// A kind that may stand once stands twice.
    #[error("question {0} is the second of a kind that may stand once")]
    KindTwice(QuestionId),
    /// A branch names a question that is not there or not before.
    #[error("question {0} depends on {1}, which is not an earlier question")]
    DanglingBranch(QuestionId, QuestionId),
    /// A branch names an option that is not there.
    #[error("question {0} depends on option {2} of {1}, which does not exist")]
    DanglingOption(QuestionId, QuestionId, OptionId),
    /// A text is missing or empty in a language.
    #[error("{place} has no text in {language}")]
    Untranslated {
        /// Where.
        place: String,
        /// The language.
        language: Language,
    },
    /// A text stands in a language that is not offered.
    #[error("{place} has text in {language}, which is not among the languages")]
    UnknownLanguage {
        /// Where.
        place: String,
        /// The language.
        language: Language,
    },
}

impl TryFrom<QuestionnaireFile> for Questionnaire {
    type Error = QuestionnaireError;

    fn try_from(file: QuestionnaireFile) -> Result<Self, QuestionnaireError> {
        if file.format != 1 {
            return Err(QuestionnaireError::UnknownFormat(file.format));
        }
        if file.version == 0 {
            return Err(QuestionnaireError::VersionZero);
        }
        if !file.languages.contains_key(&Language::english()) {
            return Err(QuestionnaireError::NoEnglish);
        }
        if !(1..=MAX_QUESTIONS).contains(&file.questions.len()) {
            return Err(QuestionnaireError::QuestionCount(file.questions.len()));
        }
        let comments = file.questions.iter().filter(|question| question.kind == KindFile::Comment).count();
        if comments > MAX_COMMENTS {
            return Err(QuestionnaireError::TooManyComments(comments));
        }
        if let Some(id) = find_duplicate(file.questions.iter().map(|question| &question.id)) {
            return Err(QuestionnaireError::QuestionTwice(id.clone()));
        }
        check_kinds_once(&file.questions)?;
        check_text(&file, "the title", &file.title)?;
        for (position, question) in file.questions.iter().enumerate() {
            check_options(question)?;
            check_branch(question, file.questions.get(..position).unwrap_or_default())?;
            check_texts(&file, question)?;
        }
        let positions: BTreeMap<_, _> =
            file.questions.iter().enumerate().map(|(place, question)| (question.id.clone(), place)).collect();
        let json = serde_json::to_vec(&file).map_err(|error| QuestionnaireError::Unreadable(error.to_string()))?;
        Ok(Self { file, positions, hash: Hash::of(&json) })
    }
}

fn check_kinds_once(questions: &[QuestionFile]) -> Result<(), QuestionnaireError> {
    let mut facts: BTreeSet<AboutFact> = BTreeSet::new();
    let (mut friends, mut attribution, mut help) = (0, 0, 0);
    for question in questions {
        let first = match &question.kind {
            KindFile::About(fact) => facts.insert(*fact),
            KindFile::FriendsAndFamily => count(&mut friends),
            KindFile::Attribution => count(&mut attribution),
            KindFile::Help => count(&mut help),
            KindFile::Domain(_) | KindFile::Comment | KindFile::Unscored => true,
        };
        if !first {
            return Err(QuestionnaireError::KindTwice(question.id.clone()));
        }
    }
    Ok(())
}

fn count(seen: &mut u32) -> bool {
    *seen += 1;
    *seen == 1
}

fn check_options(question: &QuestionFile) -> Result<(), QuestionnaireError> {
    let id = || question.id.clone();
    if let Some(option) = find_duplicate(question.options.iter().map(|option| &option.id)) {
        return Err(QuestionnaireError::OptionTwice(id(), option.clone()));
    }
    let number = question.options.len();
    let count_fits =
        if question.kind == KindFile::Comment { number == 0 } else { (2..=MAX_OPTIONS).contains(&number) };
    if !count_fits {
        return Err(QuestionnaireError::OptionCount(id(), number));
    }
    let fixed = match &question.kind {
        KindFile::About(fact) => Some(fact.options()),
        KindFile::FriendsAndFamily => Some(FRIENDS_AND_FAMILY_OPTIONS.as_slice()),
        KindFile::Attribution | KindFile::Help => Some(YES_NO_OPTIONS.as_slice()),
        KindFile::Domain(_) | KindFile::Comment | KindFile::Unscored => None,
    };
    if let Some(expected) = fixed
        && !question.options.iter().map(|option| option.id.as_str()).eq(expected.iter().copied())
    {
        return Err(QuestionnaireError::FixedOptions { question: id(), expected: expected.to_vec() });
    }
    let any_scored = question.options.iter().any(|option| option.score != OptionScore::Unscored);
    match question.kind {
        KindFile::Domain(_) if !any_scored => {
            Err(QuestionnaireError::Scores(id(), "it counts towards a domain but no option is scored"))
        }
        KindFile::Domain(_) => Ok(()),
        _ if any_scored => {
            Err(QuestionnaireError::Scores(id(), "it counts towards no domain but an option is scored"))
        }
        _ => Ok(()),
    }
}

fn check_branch(question: &QuestionFile, earlier: &[QuestionFile]) -> Result<(), QuestionnaireError> {
    let Some(condition) = &question.only_if else { return Ok(()) };
    let depends_on = earlier
        .iter()
        .find(|before| before.id == condition.question)
        .ok_or_else(|| QuestionnaireError::DanglingBranch(question.id.clone(), condition.question.clone()))?;
    match condition.unless.iter().find(|option| depends_on.option_position(option).is_none()) {
        Some(option) => Err(QuestionnaireError::DanglingOption(
            question.id.clone(),
            condition.question.clone(),
            option.clone(),
        )),
        None => Ok(()),
    }
}

fn check_texts(file: &QuestionnaireFile, question: &QuestionFile) -> Result<(), QuestionnaireError> {
    let place = format!("question {}", question.id);
    check_text(file, &place, &question.text)?;
    for option in &question.options {
        check_text(file, &format!("option {} of {place}", option.id), &option.text)?;
    }
    for text in question.not_applicable.iter().chain(&question.dont_know) {
        check_text(file, &place, text)?;
    }
    Ok(())
}

fn check_text(file: &QuestionnaireFile, place: &str, text: &Text) -> Result<(), QuestionnaireError> {
    for language in file.languages.keys() {
        if text.get(language).is_none_or(|words| words.trim().is_empty()) {
            return Err(QuestionnaireError::Untranslated { place: place.to_owned(), language: language.clone() });
        }
    }
    match text.keys().find(|language| !file.languages.contains_key(language)) {
        Some(language) => {
            Err(QuestionnaireError::UnknownLanguage { place: place.to_owned(), language: language.clone() })
        }
        None => Ok(()),
    }
}
