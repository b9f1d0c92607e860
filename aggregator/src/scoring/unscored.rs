//! What people answered to a questionnaire that no definition scores: how many gave each answer, and nothing made of it.
//!
//! Questions about the person are left out, as on pages of scores: on one ward few people could be recognised by them. So are whether help
//! is needed, which is for the ward at once, and who was in charge.

use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::questionnaire::{KindFile, QuestionFile, Questionnaire};

use super::definition::english;
use super::results::none;
use super::sheet::{OptionCount, QuestionSheet, ShareSheet};
use super::word::Word;
use super::world::ScoringWorld;
use crate::facts::{Code, Facts};

/// As many as a row can say of one question.
const CODES: usize = 16;

/// How many gave each answer to a questionnaire.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswersSheet {
    /// How many answered it.
    pub responses: u64,
    /// Its questions with a choice of answers, in its order. They have no score.
    pub questions: Vec<QuestionSheet>,
}

/// How many people of a unit gave each answer to the questionnaire of a number in facts, in a period.
pub fn answers(
    facts: &Facts,
    world: &ScoringWorld,
    (index, questionnaire): (u8, &Questionnaire),
    unit: &Unit,
    period: &Period,
) -> AnswersSheet {
    let all = questionnaire.questions().iter().enumerate();
    let asked: Vec<(usize, &QuestionFile)> = all.filter(|(_, question)| is_counted(question)).collect();
    let mut counts = vec![[0_u64; CODES]; asked.len()];
    let mut responses = 0;
    let wards = world.wards_of(unit).unwrap_or_default();
    let rows = wards.iter().flat_map(|ward| facts.ward_days(*ward, period.start(), period.last())).flatten();
    for row in rows.filter(|row| row.questionnaire_index() == index && row.outcome().has_response()) {
        responses += 1;
        for ((place, _), counts) in asked.iter().zip(&mut counts) {
            if let Some(count) = counts.get_mut(slot(row.code(*place))) {
                *count += 1;
            }
        }
    }
    let questions =
        asked.into_iter().zip(counts).map(|((_, question), counts)| counted(question, counts)).collect();
    AnswersSheet { responses, questions }
}

fn is_counted(question: &QuestionFile) -> bool {
    match question.kind {
        KindFile::Domain(_) | KindFile::FriendsAndFamily | KindFile::Unscored => !question.options.is_empty(),
        KindFile::About(_) | KindFile::Attribution | KindFile::Comment | KindFile::Help => false,
    }
}

fn slot(code: Code) -> usize {
    match code {
        Code::NotShown => 0,
        Code::NotApplicable => 1,
        Code::DontKnow => 2,
        Code::Declined => 3,
        Code::Option(place) => 4 + usize::from(place),
    }
}

fn counted(question: &QuestionFile, counts: [u64; CODES]) -> QuestionSheet {
    let [not_shown, not_applicable, dont_know, declined, options @ ..] = counts;
    let answered: u64 = options.iter().sum();
    let unscored = || none(answered, "no scoring definition is loaded".to_owned());
    let share = || ShareSheet { count: 0, figure: unscored() };
    let distribution = question.options.iter().zip(options).map(|(option, count)| OptionCount {
        option: Word::of(option.id.as_str()),
        label: Word::of(&english(&option.text)),
        count,
    });
    QuestionSheet {
        id: question.id.clone(),
        label: Word::of(&english(&question.text)),
        figure: unscored(),
        top_box: share(),
        problem: share(),
        distribution: distribution.collect(),
        not_applicable,
        dont_know,
        declined,
        not_shown,
    }
}
