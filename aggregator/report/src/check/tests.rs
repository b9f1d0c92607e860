//! Every wrong field is named with its place.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use serde_json::{Value, json};

use super::*;

fn poster() -> Value {
    json!({
        "version": 1,
        "front": {
            "title": "Ward 7: what patients say", "unit": "Ward 7", "trust": "Example Trust", "period": "Ward 7",
            "made_on": "2026-11-20", "language": "en"
        },
        "foot": {},
        "report": {"ward_poster": {"size": "a4", "figures": [{
            "question": "Have staff been kind to you?", "answer": "said “Yes, always”", "percent": 92, "people": 61,
            "of": "this_ward", "first_day": "2026-06-01", "last_day": "2026-06-14"
        }], "changes": [{"said": "It is loud at night.", "did": "Soft bins."}]}}
    })
}

fn read(paper: &Value) -> Result<Checked, String> {
    Checked::read(paper.to_string().as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn a_good_paper_is_taken_and_gives_the_same_text_every_time() {
    let checked = read(&poster()).unwrap();
    assert_eq!(checked.json(), read(&poster()).unwrap().json());
    assert_eq!(checked.paper().front.unit, "Ward 7");
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let check = |pointer: &str, value: Value, says: &[&str]| {
        let mut paper = poster();
        *paper.pointer_mut(pointer).unwrap() = value;
        let error = read(&paper).unwrap_err();
        assert!(says.iter().all(|said| error.contains(said)), "{pointer}: {error}");
    };
    let figure = "/report/ward_poster/figures/0";
    let named = "report.ward_poster.figures[0]";
    check("/version", json!(2), &["version", "2 is not known"]);
    check("/front/title", json!(" "), &["front.title", "empty"]);
    check("/front/title", json!("\u{fe0f}\u{200b}"), &["front.title", "empty"]);
    check("/front/unit", json!(7), &["front.unit", "expected a string"]);
    check("/front/made_on", json!("20 November"), &["front.made_on", "is no day"]);
    check("/front/language", json!("tlh"), &["front.language", "posters are set in en"]);
    check("/front/language", json!("English please"), &["front.language", "is no language"]);
    check("/foot", json!({"n": -1}), &["foot.n", "invalid value"]);
    check("/foot", json!({"who": "x"}), &["foot", "unknown field `who`"]);
    check("/foot", json!({"log": {"records": 1, "head": "<b>"}}), &["foot.log.head", "no hash"]);
    check("/report", json!({"novel": {}}), &["report", "unknown variant `novel`", "ward_poster"]);
    check(&format!("{figure}/percent"), json!(101), &[&format!("{named}.percent"), "101"]);
    check(&format!("{figure}/people"), json!(5), &[&format!("{named}.people"), "5 or fewer"]);
    check(&format!("{figure}/last_day"), json!("2026-05-01"), &[&format!("{named}.last_day"), "before the first"]);
    check(
        &format!("{figure}/question"),
        json!("x".repeat(201)),
        &[&format!("{named}.question"), "fit on a poster"],
    );
    check(
        "/report/ward_poster/changes/0/said",
        json!("x".repeat(4_001)),
        &["changes[0].said", "4000 are the most"],
    );
    let figures = json!(vec![poster().pointer(figure).unwrap().clone(); 4]);
    check("/report/ward_poster/figures", figures, &["report.ward_poster.figures", "4 entries"]);
    check("/report/ward_poster/size", json!("a0"), &["report.ward_poster.size", "unknown variant"]);
}

#[test]
fn what_is_missing_is_named() {
    let mut paper = poster();
    paper.pointer_mut("/front").unwrap().as_object_mut().unwrap().remove("title");
    let error = read(&paper).unwrap_err();
    assert!(error.contains("front") && error.contains("missing field `title`"), "{error}");
}

#[test]
fn garbage_and_too_much_are_refused() {
    let check = |bytes: &[u8], says: &str| {
        let error = Checked::read(bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    check(b"", "EOF while parsing");
    check(b"%PDF-1.7", "expected value");
    check(b"\xff\xfe\x00", "expected value");
    check(b"{\"version\": 1", "EOF while parsing");
    check("[".repeat(10_000).as_bytes(), "invalid type");
    check(format!("{} x", poster()).as_bytes(), "trailing characters");
    check(&vec![b' '; MOST_BYTES + 1], "more than");
}

#[test]
fn a_drawing_without_words_is_refused_before_anything_is_set() {
    let chart = |alt: &str, svg: &str| {
        json!({
            "version": 1, "front": poster().pointer("/front").unwrap(), "foot": {},
            "report": {"half_year": {
                "overall": {"label": "Overall", "figure": {"n": 3}, "bar": {"alt": alt, "svg": svg}},
                "reach": [], "changed": [], "domains": [],
                "friends": {"positive": {"n": 3}, "negative": {"n": 3}, "counts": []},
                "wards": {"title": "x", "columns": [{"label": "Ward"}], "rows": [["Ward 7"], []]},
                "actions": {"counts": []},
                "coverage": {"says": [], "groups": {"title": "x", "columns": [], "rows": []}}
            }}
        })
    };
    let svg = "<svg viewBox='0 0 9 9'><path d='M0 0h9'/></svg>";
    let check = |alt: &str, svg: &str, says: &[&str]| {
        let error = read(&chart(alt, svg)).unwrap_err();
        assert!(says.iter().all(|said| error.contains(said)), "{error}");
    };
    check(" ", svg, &["report.half_year.overall.bar.alt", "needs words"]);
    check("x", "<svg viewBox='0 0 9 9'><image/></svg>", &["report.half_year.overall.bar.svg", "<image>"]);
    check("x", svg, &["report.half_year.wards.rows[1]", "0 cells and there are 1 columns"]);
}

/// Ten thousand papers with a few bytes changed, cut out or doubled: each is taken as it says itself, or refused in words.
#[test]
fn a_paper_with_any_bytes_in_it_is_taken_or_refused() {
    let whole = poster().to_string().into_bytes();
    // Knuth's generator (The Art of Computer Programming, 3.3.4, table 1, line 26): the same papers every time.
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut taken = 0;
    for _ in 0..10_000 {
        let mut bytes = whole.clone();
        for _ in 0..=draw(2) {
            let after = bytes.split_off(draw(bytes.len() + 1));
            match draw(3) {
                0 => bytes.push(u8::try_from(draw(256)).unwrap()),
                1 => bytes.extend(after.iter().take(draw(40))),
                _ => {}
            }
            bytes.extend(after.into_iter().skip(draw(3)));
        }
        match Checked::read(&bytes) {
            Ok(checked) => {
                taken += 1;
                assert!(Checked::read(checked.json().as_bytes()).is_ok(), "{}", checked.json());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(taken > 100, "{taken} were taken");
}
