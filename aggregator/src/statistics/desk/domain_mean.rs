//! `domain_mean`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::{People, domain_mean};

struct Table {
    scores: Vec<Vec<Option<f64>>>,
    weights: Vec<f64>,
}

impl People for Table {
    fn each(&self, mut visit: impl FnMut(u64, f64, &[Option<f64>])) {
        self.scores.iter().zip(&self.weights).for_each(|(row, weight)| visit(1, *weight, row));
    }
}

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["scores", "weights", "level"])?;
    let scores: Vec<Vec<Option<f64>>> =
        input.field("scores")?.each(|person| person.each(|answer| answer.number_or_null()))?;
    let questions = scores.first().map_or(0, Vec::len);
    if let Some(person) = scores.iter().position(|row| row.len() != questions) {
        let length = scores.get(person).map_or(0, Vec::len);
        let problem = format!("has {length} answers where the first person has {questions}");
        return Err(input.field("scores")?.at(person).refuse(problem));
    }
    let weights = match input.field_or_null("weights")? {
        None => vec![1.0; scores.len()],
        Some(field) => {
            let weights = field.each(|weight| weight.number_at_least_zero())?;
            if weights.len() != scores.len() {
                return Err(field.refuse(format!("has {} weights for {} people", weights.len(), scores.len())));
            }
            weights
        }
    };
    let level = input.level()?;
    let found = domain_mean(&Table { scores, weights }, questions);
    let people = found.overall.map_or(0, |overall| overall.n);
    let mut why = Why::default();
    for (place, question) in found.questions.iter().enumerate() {
        match question {
            None => {
                why.say(format!("question_mean[{place}]"), "nobody answered");
                why.say(format!("question_se[{place}]"), "nobody answered");
            }
            Some(estimate) if estimate.n < 2 => {
                why.say(format!("question_se[{place}]"), "one person answered");
            }
            Some(_) => {}
        }
    }
    let reason = if people == 0 { "nobody answered" } else { "one person answered" };
    if people == 0 {
        why.say("mean", reason);
    }
    if people < 2 {
        for figure in ["standard_error", "lower", "upper"] {
            why.say(figure, reason);
        }
    }
    let interval = found.overall.and_then(|overall| overall.interval(level));
    let mean: Vec<_> = found.questions.iter().map(|question| question.map(|q| q.mean)).collect();
    let error: Vec<_> =
        found.questions.iter().map(|question| question.and_then(|q| q.standard_error_among(people))).collect();
    Ok(why.close(json!({
        "question_mean": mean,
        "question_se": error,
        "n": people,
        "mean": found.overall.map(|overall| overall.mean),
        "standard_error": found.overall.and_then(|overall| overall.standard_error()),
        "lower": interval.map(|(lower, _)| lower),
        "upper": interval.map(|(_, upper)| upper),
    })))
}
