//! The statistics desk: `statistics METHOD` runs our formulas on anybody's numbers.
//!
//! One JSON object in, one out; a batch has a line each. Bad input is refused with the field's name and never guessed at: an
//! unknown field is a typing error, not an option. A figure that does not exist is `null`, and the object `why` names it by
//! its path (`"mean[2]"`) with the reason. Lists are per point or per unit in the order of the input.
//!
//! Here JSON is translated and nothing is computed: each method has its module beside this one, for pages and reports too.
//! `docs/statistics.md` shows every method with an example that the tests run.

use serde_json::{Value, json};

mod domain_mean;
mod expected_range;
mod friends_and_family;
mod funnel;
mod input;
mod mean;
mod national;
mod p_chart;
mod proportion;
mod reliability;
mod run_chart;
mod suppression;
mod variation;
mod weighted_mean;
mod why;
mod xmr;

use input::Input;

/// The methods, as the command line names them.
pub const METHODS: [&str; 14] = [
    "domain_mean",
    "expected_range",
    "fft",
    "fft_suppress",
    "funnel",
    "mean",
    "p_chart",
    "proportion",
    "reliability",
    "run",
    "suppress",
    "variation",
    "weighted_mean",
    "xmr",
];

/// What each method is for, in a line.
pub const SUMMARIES: [(&str, &str); METHODS.len()] = [
    ("domain_mean", "mean of question means; one person's answers belong together"),
    ("expected_range", "what scores of units are expected to be, over-dispersion included"),
    ("fft", "friends and family test: totals and percentages"),
    ("fft_suppress", "friends and family test: the national rules for small numbers"),
    ("funnel", "units of different size beside each other, over-dispersion included"),
    ("mean", "means with their t intervals"),
    ("p_chart", "control chart of proportions, plain or Laney's P'"),
    ("proportion", "proportions with Wilson's or exact intervals"),
    ("reliability", "how many answers make a mean that says something about its unit"),
    ("run", "run chart: too long a run, too few crossings of the median"),
    ("suppress", "hide small counts of a table so that nobody can work them out"),
    ("variation", "do units differ more than chance; shrinkage to their mean"),
    ("weighted_mean", "means standardised for case mix"),
    ("xmr", "control chart of single values with its rules"),
];

/// The exit status of a refused input.
pub const REFUSED_STATUS: u8 = 2;

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
        "domain_mean" => domain_mean::run(&input),
        "expected_range" => expected_range::run(&input),
        "fft" => friends_and_family::run(&input),
        "fft_suppress" => national::run(&input),
        "funnel" => funnel::run(&input),
        "mean" => mean::run(&input),
        "p_chart" => p_chart::run(&input),
        "proportion" => proportion::run(&input),
        "reliability" => reliability::run(&input),
        "run" => run_chart::run(&input),
        "suppress" => suppression::run(&input),
        "variation" => variation::run(&input),
        "weighted_mean" => weighted_mean::run(&input),
        "xmr" => xmr::run(&input),
        _ => Err(DeskError::UnknownMethod(method.to_owned())),
    }
}

/// Runs a method on a JSON text, which may turn out to be no text at all.
pub fn run_text(method: &str, input: &(impl AsRef<[u8]> + ?Sized)) -> Result<Value, DeskError> {
    run(method, &parse(input.as_ref())?)
}

/// Runs one line of a batch, `{"id", "method", "input"}`, and gives the line that answers it: `{"id", "output"}`, or `{"id",
/// "error"}` for a bad one. `None` for a blank line. The id is `null` where it cannot be read.
pub fn run_line(line: &(impl AsRef<[u8]> + ?Sized)) -> Option<Value> {
    let line = line.as_ref();
    if line.trim_ascii().is_empty() {
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

fn parse(text: &[u8]) -> Result<Value, DeskError> {
    serde_json::from_slice(text).map_err(|error| DeskError::NotJson(error.to_string()))
}

#[cfg(test)]
mod tests;
