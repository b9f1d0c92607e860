#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use serde_json::json;

use super::*;

#[track_caller]
fn check(method: &str, input: &Value, expected: &Value) {
    assert_eq!(run(method, input).unwrap(), *expected);
}

#[track_caller]
fn refuses(method: &str, input: &Value, line: &str) {
    let error = run(method, input).unwrap_err().to_string();
    assert_eq!(error, line);
    assert!(!error.contains('\n'));
}

/// Vectors T-04, T-05 and T-06.
#[test]
fn t04_t05_t06_friends_and_family() {
    let row = |very_good, good, neither, poor, very_poor, dont_know| json!({"very_good": very_good, "good": good, "neither": neither, "poor": poor, "very_poor": very_poor, "dont_know": dont_know});
    check(
        "fft",
        &json!({"rows": [row(40, 30, 10, 10, 5, 5), row(0, 0, 0, 0, 0, 0), row(10, 20, 5, 5, 5, 5)]}),
        &json!({
            "total": [100, 0, 50],
            "positive": [70.0, null, 60.0],
            "negative": [15.0, null, 20.0],
            "why": {"positive[1]": "nobody answered", "negative[1]": "nobody answered"},
        }),
    );
}

/// Vector T-02 as a domain mean, with its not-applicable answers missing, and T-01.
#[test]
fn t01_t02_domain_mean() {
    let mut answers = vec![json!([10]); 60];
    answers.extend(vec![json!([5]); 25]);
    answers.extend(vec![json!([0]); 10]);
    answers.extend(vec![json!([null]); 5]);
    let found = run("domain_mean", &json!({"scores": answers})).unwrap();
    assert!((found["mean"].as_f64().unwrap() - 7.6316).abs() < 0.00005, "{found}");
    assert_eq!(found["n"], json!(95));
    let found = run("domain_mean", &json!({"scores": [[10], [10], [5], [0], [5]], "weights": null})).unwrap();
    assert_eq!(found["mean"], json!(6.0));
}

#[test]
fn figures_that_do_not_exist_are_null_and_say_why() {
    check(
        "domain_mean",
        &json!({"scores": [[10, null]]}),
        &json!({
            "question_mean": [10.0, null], "question_se": [null, null], "n": 1,
            "mean": 10.0, "standard_error": null, "lower": null, "upper": null,
            "why": {
                "question_se[0]": "one person answered",
                "question_mean[1]": "nobody answered", "question_se[1]": "nobody answered",
                "standard_error": "one person answered", "lower": "one person answered",
                "upper": "one person answered",
            },
        }),
    );
    check(
        "mean",
        &json!({"groups": {"b": [], "a": [7], "c": [1, 1]}}),
        &json!({
            "group": ["b", "a", "c"], "n": [0, 1, 2], "mean": [null, 7.0, 1.0], "sd": [null, null, 0.0],
            "lower": [null, null, 1.0], "upper": [null, null, 1.0],
            "why": {
                "mean[0]": "there are no values", "sd[0]": "there are no values",
                "lower[0]": "there are no values", "upper[0]": "there are no values",
                "sd[1]": "there is one value", "lower[1]": "there is one value", "upper[1]": "there is one value",
            },
        }),
    );
    check(
        "proportion",
        &json!({"successes": [0], "totals": [0], "method": "exact"}),
        &json!({
            "estimate": [null], "lower": [null], "upper": [null],
            "why": {
                "estimate[0]": "the total is 0", "lower[0]": "the total is 0", "upper[0]": "the total is 0",
            },
        }),
    );
}

/// Vector T-27, and the exact edges as the reader of the JSON sees them.
#[test]
fn t27_proportion() {
    let found =
        run("proportion", &json!({"successes": [12, 11, 0], "totals": [12, 12, 12], "level": 0.95})).unwrap();
    assert_eq!((&found["upper"][0], &found["lower"][2]), (&json!(1.0), &json!(0.0)));
    assert!((found["lower"][0].as_f64().unwrap() - 0.7575).abs() < 0.00005);
    assert!((found["lower"][1].as_f64().unwrap() - 0.646).abs() < 0.0005);
    assert!((found["upper"][1].as_f64().unwrap() - 0.985).abs() < 0.0005);
}

#[test]
fn refusals_name_the_field() {
    refuses("domain_mean", &json!({}), "read field scores: is missing");
    refuses("domain_mean", &json!([]), "read field input: must be an object");
    refuses(
        "domain_mean",
        &json!({"scores": [[1], [1, 2]]}),
        "read field scores[1]: has 2 answers where the first person has 1",
    );
    refuses("domain_mean", &json!({"scores": [[1], ["x"]]}), "read field scores[1][0]: must be a number or null");
    refuses(
        "domain_mean",
        &json!({"scores": [[1]], "weights": [-1]}),
        "read field weights[0]: must not be negative",
    );
    refuses(
        "domain_mean",
        &json!({"scores": [[1]], "weights": [1, 1]}),
        "read field weights: has 2 weights for 1 people",
    );
    refuses("domain_mean", &json!({"scores": [[1]], "level": 1}), "read field level: must be between 0 and 1");
    refuses("domain_mean", &json!({"score": [[1]]}), "read field score: is not one of scores, weights, level");
    refuses(
        "proportion",
        &json!({"successes": [2], "totals": [1]}),
        "read field successes[0]: is more than its total",
    );
    refuses(
        "proportion",
        &json!({"successes": [0.5], "totals": [1]}),
        "read field successes[0]: must be a whole number, 0 or more",
    );
    refuses("mean", &json!({"groups": {"a": [null]}}), "read field groups.a[0]: must be a number");
    refuses("fft", &json!({"rows": [{}]}), "read field rows[0].very_good: is missing");
    refuses(
        "medians",
        &json!({}),
        "find the method \"medians\": the desk knows domain_mean, expected_range, fft, funnel, mean, p_chart, proportion, reliability, run, variation, weighted_mean, xmr",
    );
}

#[test]
fn a_bad_line_in_a_batch_harms_no_other() {
    let lines = [
        r#"{"id": 1, "method": "mean", "input": {"groups": {"a": [8.7, 8.7]}}}"#,
        "",
        r#"{"id": "two", "method": "mean", "input": {"groups": 3}}"#,
        "not json",
        r#"{"id": 4, "method": "fft", "input": {"rows": []}}"#,
    ];
    let answers: Vec<Value> = lines.iter().filter_map(|line| run_line(line)).collect();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["output"]["mean"], json!([8.7]));
    assert_eq!(answers[1], json!({"id": "two", "error": "read field groups: must be an object"}));
    assert_eq!(answers[2]["id"], Value::Null);
    assert!(answers[2]["error"].as_str().unwrap().starts_with("read the input as JSON"));
    assert_eq!(answers[3]["output"], json!({"total": [], "positive": [], "negative": []}));
}
