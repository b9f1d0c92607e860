//! The statistics desk: `statistics METHOD` runs our formulas on anybody's numbers.
//!
//! One JSON object in, one out; a batch has a line each. Bad input is refused with the field's name and never guessed at: an
//! unknown field is a typing error, not an option. A figure that does not exist is `null`, and the object `why` names it by
//! its path (`"mean[2]"`) with the reason.

use serde_json::{Map, Value, json};

use super::friends_and_family::FriendsAndFamilyCounts;
use super::mean::mean_interval;
use super::{People, domain_mean, exact, wilson};

mod input;

use input::Input;

/// The methods, as the command line names them.
pub const METHODS: [&str; 4] = ["domain_mean", "fft", "mean", "proportion"];

/// The exit status of a refused input.
pub const REFUSED_STATUS: u8 = 2;

const DEFAULT_LEVEL: f64 = 0.95;

/// Why the desk refuses. One line that completes "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// There is no such method.
    #[error("find the method {0:?}: the desk knows {known}", known = METHODS.join(", "))]
    UnknownMethod(String),
    /// A field is wrong.
    #[error("read field {field}: {problem}")]
    Field {
        /// The field's path, `scores[3][1]`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The text is not JSON.
    #[error("read the input as JSON: {0}")]
    NotJson(String),
}

/// Runs a method on a JSON object.
pub fn run(method: &str, input: &Value) -> Result<Value, DeskError> {
    let input = Input::top(input);
    match method {
        "domain_mean" => run_domain_mean(&input),
        "fft" => run_friends_and_family(&input),
        "mean" => run_mean(&input),
        "proportion" => run_proportion(&input),
        _ => Err(DeskError::UnknownMethod(method.to_owned())),
    }
}

/// Runs a method on a JSON text.
pub fn run_text(method: &str, input: &str) -> Result<Value, DeskError> {
    run(method, &parse(input)?)
}

/// Runs one line of a batch, `{"id", "method", "input"}`, and gives the line that answers it: `{"id", "output"}`, or `{"id",
/// "error"}` for a bad one. `None` for a blank line. The id is `null` where it cannot be read.
pub fn run_line(line: &str) -> Option<Value> {
    if line.trim().is_empty() {
        return None;
    }
    let parsed = parse(line);
    let id = parsed.as_ref().ok().and_then(|value| value.get("id")).cloned().unwrap_or(Value::Null);
    let output = parsed.and_then(|value| {
        let line = Input::top(&value);
        line.only(&["id", "method", "input"])?;
        let method = line.field("method")?.text()?;
        run(method, line.field("input")?.value())
    });
    Some(match output {
        Ok(output) => json!({"id": id, "output": output}),
        Err(error) => json!({"id": id, "error": error.to_string()}),
    })
}

fn parse(text: &str) -> Result<Value, DeskError> {
    serde_json::from_str(text).map_err(|error| DeskError::NotJson(error.to_string()))
}

/// The reasons why figures do not exist, by the figure's path.
#[derive(Default)]
struct Why(Map<String, Value>);

impl Why {
    fn say(&mut self, figure: impl Into<String>, reason: &str) {
        self.0.insert(figure.into(), Value::from(reason));
    }

    fn close(self, mut output: Value) -> Value {
        if let (false, Some(object)) = (self.0.is_empty(), output.as_object_mut()) {
            object.insert("why".to_owned(), Value::Object(self.0));
        }
        output
    }
}

struct Table {
    scores: Vec<Vec<Option<f64>>>,
    weights: Vec<f64>,
}

impl People for Table {
    fn each(&self, mut visit: impl FnMut(u64, f64, &[Option<f64>])) {
        self.scores.iter().zip(&self.weights).for_each(|(row, weight)| visit(1, *weight, row));
    }
}

fn run_domain_mean(input: &Input<'_>) -> Result<Value, DeskError> {
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
    let level = input.level(DEFAULT_LEVEL)?;
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

fn run_proportion(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["successes", "totals", "level", "method"])?;
    let successes = input.field("successes")?.each(|count| count.count())?;
    let totals = input.field("totals")?.each(|count| count.count())?;
    if successes.len() != totals.len() {
        let problem = format!("has {} entries where successes has {}", totals.len(), successes.len());
        return Err(input.field("totals")?.refuse(problem));
    }
    if let Some(place) = successes.iter().zip(&totals).position(|(x, n)| x > n) {
        return Err(input.field("successes")?.at(place).refuse("is more than its total"));
    }
    let level = input.level(DEFAULT_LEVEL)?;
    let interval = match input.field_or_null("method")? {
        None => wilson,
        Some(field) => match field.text()? {
            "wilson" => wilson,
            "exact" => exact,
            _ => return Err(field.refuse("must be \"wilson\" or \"exact\"")),
        },
    };
    let found: Vec<_> = successes.iter().zip(&totals).map(|(x, n)| interval(*x, *n, level)).collect();
    let mut why = Why::default();
    for (place, _) in found.iter().enumerate().filter(|(_, proportion)| proportion.is_none()) {
        for list in ["estimate", "lower", "upper"] {
            why.say(format!("{list}[{place}]"), "the total is 0");
        }
    }
    let list = |get: fn(super::Proportion) -> f64| found.iter().map(|p| p.map(get)).collect::<Vec<_>>();
    Ok(why.close(json!({
        "estimate": list(|p| p.estimate),
        "lower": list(|p| p.lower),
        "upper": list(|p| p.upper),
    })))
}

fn run_mean(input: &Input<'_>) -> Result<Value, DeskError> {
    input.only(&["groups", "level"])?;
    let groups = input.field("groups")?.entries(|values| values.each(|value| value.number()))?;
    let level = input.level(DEFAULT_LEVEL)?;
    let found: Vec<_> = groups.iter().map(|(_, values)| mean_interval(values, level)).collect();
    let mut why = Why::default();
    for (place, mean) in found.iter().enumerate() {
        let (lists, reason): (&[&str], _) = match mean {
            None => (&["mean", "sd", "lower", "upper"], "there are no values"),
            Some(mean) if mean.n < 2 => (&["sd", "lower", "upper"], "there is one value"),
            Some(_) => continue,
        };
        for list in lists {
            why.say(format!("{list}[{place}]"), reason);
        }
    }
    let interval = |mean: &Option<super::MeanInterval>| mean.and_then(|mean| mean.interval);
    Ok(why.close(json!({
        "group": groups.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        "n": groups.iter().map(|(_, values)| values.len()).collect::<Vec<_>>(),
        "mean": found.iter().map(|mean| mean.map(|mean| mean.mean)).collect::<Vec<_>>(),
        "sd": found.iter().map(|mean| mean.and_then(|mean| mean.deviation)).collect::<Vec<_>>(),
        "lower": found.iter().map(|mean| interval(mean).map(|(lower, _)| lower)).collect::<Vec<_>>(),
        "upper": found.iter().map(|mean| interval(mean).map(|(_, upper)| upper)).collect::<Vec<_>>(),
    })))
}

fn run_friends_and_family(input: &Input<'_>) -> Result<Value, DeskError> {
    const ANSWERS: [&str; 6] = ["very_good", "good", "neither", "poor", "very_poor", "dont_know"];
    input.only(&["rows"])?;
    let rows = input.field("rows")?.each(|row| {
        row.only(&ANSWERS)?;
        let count = |answer: &str| row.field(answer)?.count();
        Ok(FriendsAndFamilyCounts {
            very_good: count("very_good")?,
            good: count("good")?,
            neither: count("neither")?,
            poor: count("poor")?,
            very_poor: count("very_poor")?,
            dont_know: count("dont_know")?,
        })
    })?;
    let mut why = Why::default();
    for (place, _) in rows.iter().enumerate().filter(|(_, row)| row.total() == 0) {
        why.say(format!("positive[{place}]"), "nobody answered");
        why.say(format!("negative[{place}]"), "nobody answered");
    }
    Ok(why.close(json!({
        "total": rows.iter().map(FriendsAndFamilyCounts::total).collect::<Vec<_>>(),
        "positive": rows.iter().map(FriendsAndFamilyCounts::percent_positive).collect::<Vec<_>>(),
        "negative": rows.iter().map(FriendsAndFamilyCounts::percent_negative).collect::<Vec<_>>(),
    })))
}

#[cfg(test)]
mod tests;
