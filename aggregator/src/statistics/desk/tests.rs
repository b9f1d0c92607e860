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
        "find the method \"medians\": the desk knows domain_mean, expected_range, fft, fft_suppress, funnel, mean, p_chart, proportion, reliability, run, suppress, variation, weighted_mean, xmr",
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
    let answers: Vec<Value> = lines.iter().filter_map(run_line).collect();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["output"]["mean"], json!([8.7]));
    assert_eq!(answers[1], json!({"id": "two", "error": "read field groups: must be an object"}));
    assert_eq!(answers[2]["id"], Value::Null);
    assert!(answers[2]["error"].as_str().unwrap().starts_with("read the input as JSON"));
    assert_eq!(answers[3]["output"], json!({"total": [], "positive": [], "negative": []}));
}

/// Whatever a broken export sends is refused as what it is, alone and in a batch.
#[test]
fn bytes_that_are_no_text_are_a_bad_line_like_any_other() {
    let broken = b"{\"id\": 1, \"method\": \"run\", \"input\": {\"values\": [\"\xff\"]}}";
    let answer = run_line(broken).unwrap();
    assert_eq!(answer["id"], Value::Null);
    assert!(answer["error"].as_str().unwrap().starts_with("read the input as JSON"), "{answer}");
    assert!(matches!(run_text("run", b"\xff"), Err(DeskError::NotJson(_))));
    assert_eq!(run_line(" \r"), None);
}

#[test]
fn every_method_has_a_summary() {
    assert_eq!(SUMMARIES.map(|(name, _)| name), METHODS);
}

/// The examples of the document, each an input and what it gives, for every method.
#[test]
fn the_examples_of_the_document_are_true() {
    let document = include_str!("../../../../docs/statistics.md");
    let mut shown = Vec::new();
    for section in document.split("\n## ").skip(1) {
        let method = section.split('`').nth(1).unwrap();
        let blocks: Vec<Value> = section
            .split("```json")
            .skip(1)
            .map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap())
            .collect();
        let [input, expected] = blocks.as_slice() else { panic!("{method} has {} blocks", blocks.len()) };
        let found = run(method, input).unwrap();
        assert!(is_same(&found, expected), "{method} gives {found}");
        shown.push(method);
    }
    shown.sort_unstable();
    assert_eq!(shown, METHODS);
}

/// The examples of the document again and again, every method and inputs that are no good among them, as an analyst's programme would ask:
/// each is answered, in order, with what it gives alone. Release builds take a third of a second for these, and the bound is for a slow
/// machine with other work and no optimisation at all.
#[test]
fn three_hundred_mixed_cases_are_answered_in_order_and_soon() {
    const CASES: usize = 300;
    let document = include_str!("../../../../docs/statistics.md");
    let mut asked: Vec<(String, Value)> = Vec::new();
    for section in document.split("\n## ").skip(1) {
        let input = section.split("```json").nth(1).unwrap().split("```").next().unwrap();
        asked.push((section.split('`').nth(1).unwrap().to_owned(), serde_json::from_str(input).unwrap()));
    }
    assert_eq!(asked.len(), METHODS.len());
    asked.push(("xmr".to_owned(), json!({"values": [1, "two"]})));
    let cases: Vec<_> = asked.iter().cycle().take(CASES).enumerate().collect();
    let lines: Vec<String> = cases
        .iter()
        .map(|(id, (method, input))| json!({"id": id, "method": method, "input": input}).to_string())
        .collect();
    let started = std::time::Instant::now();
    let answers: Vec<Value> = lines.iter().filter_map(run_line).collect();
    let took = started.elapsed();
    assert_eq!(answers.len(), CASES);
    let mut refused = 0;
    for ((id, (method, input)), answer) in cases.iter().zip(&answers) {
        assert_eq!(answer["id"], json!(id));
        match run(method, input) {
            Ok(output) => assert_eq!(answer["output"], output, "{method}"),
            Err(error) => {
                refused += 1;
                assert_eq!(answer["error"], json!(error.to_string()), "{method}");
            }
        }
    }
    assert_eq!(refused, CASES / asked.len());
    assert!(took.as_secs() < 60, "{took:?} for {CASES} cases");
}

/// Equal, but for the last digits that another machine's sine may have.
fn is_same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| is_same(found, expected))
        }
        (Value::Object(found), Value::Object(expected)) => {
            found.keys().eq(expected.keys())
                && found.values().zip(expected.values()).all(|(found, expected)| is_same(found, expected))
        }
        _ => found == expected,
    }
}

/// Whatever overflows is `null` with a reason and never another figure.
#[test]
fn figures_beyond_the_numbers_of_a_computer_are_null_and_say_so() {
    let beyond = json!("is beyond the numbers of a computer");
    let found = run("variation", &json!({"values": [1e200, 2], "standard_errors": [1, 1]})).unwrap();
    for figure in ["q", "q_p", "i2", "random.tau2", "shrunk[0]", "reliability[1]"] {
        assert_eq!(found["why"][figure], beyond, "{figure} in {found}");
    }
    let found = run("xmr", &json!({"values": [1e308, -1e308]})).unwrap();
    assert_eq!((&found["why"]["upper[1]"], &found["lower"][0]), (&beyond, &Value::Null));
    let found = run("mean", &json!({"groups": {"a": [1e308, 1e308, -1e308]}})).unwrap();
    assert_eq!(found["why"]["sd[0]"], beyond);
    assert!((found["mean"][0].as_f64().unwrap() / 1e308 - 1.0 / 3.0).abs() < 1e-12);
    let found = run("expected_range", &json!({"values": [1, 2], "standard_errors": [1e-200, 1]})).unwrap();
    assert_eq!((&found["why"]["tau2"], &found["why"]["upper95[0]"]), (&beyond, &beyond));
}

/// Silence is not stability, and a re-basing where there is no point is a typing error.
#[test]
fn edges_of_control_charts() {
    let found = run("xmr", &json!({"values": [1, 2, null], "target": 9})).unwrap();
    assert_eq!(
        (&found["point"][2], &found["variation"], &found["outside"][2]),
        (&Value::Null, &Value::Null, &json!(false))
    );
    assert_eq!(found["why"]["variation"], json!("the last point is missing"));
    let jump = json!({"values": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5], "improvement": "decrease"});
    let found = run("xmr", &jump).unwrap();
    assert_eq!(found["why"], json!({"screen[0..12]": "not done: it would leave limits of no width"}));
    assert_eq!((&found["point"][12], &found["variation"]), (&json!("outside_high"), &json!("concern_high")));
    refuses(
        "xmr",
        &json!({"values": [1, 2], "rebase_at": [0, 2]}),
        "read field rebase_at[1]: is not one of the 2 points, from 0",
    );
    refuses("xmr", &json!({"values": [1], "fix_after": 11}), "read field fix_after: must be 12 or more");
    refuses("xmr", &json!({"values": [1], "screen": 1}), "read field screen: must be true or false");
    refuses("xmr", &json!({"values": [1], "two_of_three": 2023}), "read field two_of_three: must be a text");
    refuses(
        "p_chart",
        &json!({"numerators": [1, 2], "denominators": [1]}),
        "read field denominators: has 1 entries where numerators has 2",
    );
}

#[test]
fn edges_of_comparisons() {
    refuses(
        "funnel",
        &json!({"numerators": [1], "denominators": [2], "kind": "rate"}),
        "read field kind: must be \"proportion\" or \"ratio\"",
    );
    refuses(
        "expected_range",
        &json!({"values": [1], "standard_errors": [0]}),
        "read field standard_errors[0]: must be above 0",
    );
    refuses(
        "expected_range",
        &json!({"values": [1], "standard_errors": [1], "trim": 0.6}),
        "read field trim: must be between 0 and 0.5",
    );
    refuses(
        "weighted_mean",
        &json!({"unit": ["A"], "cell": ["x"], "score": [1], "population": {"y": 1}}),
        "read field cell[0]: \"x\" is not in the population",
    );
    let found =
        run("reliability", &json!({"unit": [1, 1.0, "1", "B"], "score": [2, 0, 1, 1], "at": [5]})).unwrap();
    assert_eq!((&found["unit"], &found["n"]), (&json!([1, "B"]), &json!([3, 1])));
    assert_eq!(
        found["why"]["spearman_brown[0]"],
        json!("units differ less than chance: the correlation is not above 0"),
    );
    assert_eq!(found["shrunk"], json!([1.0, 1.0]));
}

/// Vectors T-15 and T-16 as the reader of the JSON sees them.
#[test]
fn t15_t16_national_rules() {
    let row = |parent: Value, total: u64| json!({"code": format!("c{total}"), "parent": parent, "total": total});
    let level = |rows: Vec<Value>| json!({"levels": [{"name": "site", "rows": rows}]});
    let found =
        run("fft_suppress", &level([0, 3, 5, 10, 2].map(|total| row(Value::Null, total)).to_vec())).unwrap();
    let level_found = &found["levels"][0];
    assert_eq!(level_found["first"], json!([false, true, false, false, true]));
    assert_eq!(level_found["rank"], json!([null, 2, 3, 4, 1]));
    assert_eq!(found["why"]["levels[0].rank[0]"], json!("nobody answered"));
    let rows =
        [("A", 3), ("A", 10), ("A", 20), ("B", 6), ("B", 7)].map(|(parent, total)| row(json!(parent), total));
    let found = run("fft_suppress", &level(rows.to_vec())).unwrap();
    assert_eq!(found["levels"][0]["second"], json!([false, true, false, false, false]));
}

#[test]
fn a_table_of_one_row_hides_the_totals_that_are_its_counts() {
    let found = run("suppress", &json!({"counts": {"all": {"a": 3, "b": 12, "c": 31}}, "minimum": 5})).unwrap();
    assert_eq!(found["published"], json!({"all": {"a": null, "b": null, "c": 31}}));
    assert_eq!(
        found["totals"],
        json!({"rows": {"all": 46}, "columns": {"a": null, "b": null, "c": 31}, "grand": 46})
    );
    let found =
        run("suppress", &json!({"counts": {"x": {"a": 3, "b": 1}, "y": {"a": 1, "b": 0}}, "minimum": 5})).unwrap();
    assert!(found["why"]["published.x.a"].as_str().unwrap().contains("totals alone"), "{found}");
}
