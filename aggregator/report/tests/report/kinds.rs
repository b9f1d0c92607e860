//! Every kind of report, set from papers that were written by hand in the shapes that the aggregator writes. Those that it writes itself
//! are set by the story `reports`.

use std::collections::BTreeMap;

use crate::support::{info, made, printed, text};
use serde_json::{Value, json};
use wardvoice_report::set;

/// Each kind, and what has to stand on it besides its front and foot.
const KINDS: [(&str, &[&str]); 6] = [
    (
        "ward",
        &[
            "Overall",
            "What changed",
            "Who we heard from",
            "Response rate",
            "Kindness",
            "Friends and family test",
            "Action ",
            "What is not shown here",
            "Lower limit",
        ],
    ),
    (
        "consultant",
        &[
            "Private. You see this first",
            "Reliability",
            "Who said that these patients were",
            "Mean:",
            "For the appraisal",
        ],
    ),
    ("consultant-board", &["The whole specialty", "What is not shown here", "Not shown"]),
    (
        "board",
        &[
            "the whole trust",
            "Signal or chance, ward by ward",
            "Wards beside each other",
            "overdue",
            "Who was heard, and who is missing",
            "Requests for help",
        ],
    ),
    ("half-year", &["As it stood on", "Every ward", "What care was like", "Friends and family test"]),
    ("you-said", &["You said, we did", "You said", "We did"]),
];

#[test]
fn every_kind_is_set_and_says_what_it_should() {
    for (name, says) in KINDS {
        let paper = made(name);
        let printed = printed(name, &paper);
        let text = text(name);
        let front = paper.get("front").unwrap();
        let fronts = ["unit", "trust"].map(|field| front.get(field).and_then(Value::as_str).unwrap());
        for said in fronts.iter().chain(says) {
            assert!(text.contains(said), "{name} does not say {said}: {text}");
        }
        if name != "you-said" {
            let foot = paper.get("foot").unwrap();
            assert!(text.contains(&format!("Page 1 of {}", printed.pages)), "{name}: {text}");
            let hash = foot.pointer("/definition/hash").and_then(Value::as_str).unwrap();
            assert!(
                text.contains(&format!("definition inpatient@2 {}", hash.get(..12).unwrap())),
                "{name}: {text}"
            );
            let standing = foot.pointer("/standing").and_then(Value::as_str).unwrap();
            assert!(text.contains(standing), "{name}: {text}");
        }
        let about = info(name, None);
        assert!(about.contains("Tagged:          yes"), "{name}: {about}");
        assert!(about.contains(front.get("title").and_then(Value::as_str).unwrap()), "{name}: {about}");
    }
}

#[test]
fn every_chart_has_its_words_in_the_tags() {
    for name in ["ward", "board", "half-year"] {
        let paper = made(name);
        let kept = format!("{name}-tags");
        printed(&kept, &paper);
        let tags = info(&kept, Some("-struct-text"));
        let figures = info(&kept, Some("-struct")).matches("Figure").count();
        let mut words = BTreeMap::new();
        charts(&paper, &mut words);
        assert!(figures >= words.len() / 2, "{name}: {figures} figures and {} drawings", words.len());
        assert!(tags.contains("TH"), "{name} has headers of rows and columns: {tags}");
    }
}

fn charts(value: &Value, found: &mut BTreeMap<String, String>) {
    if let (Some(alt), Some(svg)) =
        (value.get("alt").and_then(Value::as_str), value.get("svg").and_then(Value::as_str))
    {
        found.insert(alt.to_owned(), svg.to_owned());
    }
    match value {
        Value::Array(all) => all.iter().for_each(|value| charts(value, found)),
        Value::Object(all) => all.values().for_each(|value| charts(value, found)),
        _ => {}
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for (name, _) in KINDS {
        let json = made(name).to_string();
        let (one, other) = (set(json.as_bytes()).unwrap(), set(json.as_bytes()).unwrap());
        assert!(one.pdf == other.pdf, "{name}");
    }
}

#[test]
fn comments_in_any_script_stand_in_their_own_language() {
    let mut paper = made("ward");
    let comment = |tone: &str, language: &str, text: &str| json!({"tone": tone, "asked": "What was good?", "text": text, "language": language});
    let comments = [
        comment("praise", "ur", "نرسیں بہت مہربان تھیں۔ شکریہ"),
        comment("mixed", "ar", "الطعام بارد لكن الممرضات رائعات"),
        comment("criticism", "bn", "রাতে অনেক শব্দ ছিল"),
        comment("praise", "pa", "ਨਰਸਾਂ ਬਹੁਤ ਚੰਗੀਆਂ ਸਨ"),
        comment("praise", "gu", "નર્સો ખૂબ સારી હતી"),
        comment("praise", "pl", "Bardzo dziękuję, świetna opieka!"),
        comment("praise", "zh", "护士很好"),
    ];
    *paper
        .pointer_mut("/report/ward_fortnight")
        .unwrap()
        .as_object_mut()
        .unwrap()
        .entry("comments")
        .or_insert(json!([])) = json!(comments);
    printed("ward-comments", &paper);
    let text = text("ward-comments");
    for said in ["What people wrote", "Bardzo dziękuję, świetna opieka!", "[?]", "Both sides"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
