//! `docs/protocol.md` says what the code does: its examples read, its vector is the fixture's, its lists are complete.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use wardvoice_protocol::approvals::Approvals;
use wardvoice_protocol::assignment::{Assignment, KioskSettings};
use wardvoice_protocol::board::Board;
use wardvoice_protocol::contact::{Answer, Mode, Outcome};
use wardvoice_protocol::directory::DirectoryFile;
use wardvoice_protocol::enrolment;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::help::HelpSeen;
use wardvoice_protocol::id::{Hash, KioskId, WardId};
use wardvoice_protocol::limits;
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireFile};
use wardvoice_protocol::receipt::{Reason, Receipt};
use wardvoice_protocol::record::Record;
use wardvoice_protocol::round::Round;
use wardvoice_protocol::signed::SignedFile;
use wardvoice_protocol::status::{Introduction, Status};
use wardvoice_protocol::thanks::Thanks;
use wardvoice_protocol::topic::{Channel, Topic};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(here().join("../docs/protocol.md")).unwrap()
}

/// The fenced blocks of the page: what stands after the three ticks, and the text.
fn blocks() -> Vec<(String, String)> {
    let page = page();
    let mut parts = page.split("\n```");
    parts.next();
    let mut blocks = Vec::new();
    while let (Some(block), Some(_)) = (parts.next(), parts.next()) {
        let (info, text) = block.split_once('\n').unwrap();
        blocks.push((info.to_owned(), text.to_owned()));
    }
    blocks
}

fn check(kind: &str, text: &str) -> Result<(), String> {
    fn reads<T: serde::de::DeserializeOwned>(text: &str) -> Result<(), String> {
        serde_json::from_str::<T>(text).map(|_| ()).map_err(|error| error.to_string())
    }
    match kind {
        "record" => Record::from_json(text.as_bytes()).map(|_| ()),
        "envelope" => Envelope::read(text.as_bytes()).map(|_| ()).map_err(|error| error.to_string()),
        "signed" => reads::<SignedFile>(text),
        "board" => reads::<Board>(text),
        "round" => reads::<Round>(text),
        "posting" => reads::<Posting>(text),
        "approvals" => reads::<Approvals>(text),
        "help-seen" => reads::<HelpSeen>(text),
        "thanks" => reads::<Thanks>(text),
        "receipt" => reads::<Receipt>(text),
        "assignment" => reads::<Assignment>(text),
        "settings" => reads::<KioskSettings>(text),
        "status" => reads::<Status>(text),
        "introduction" => reads::<Introduction>(text),
        "directory" => reads::<DirectoryFile>(text),
        "enrolment-ask" => reads::<enrolment::Ask>(text),
        "enrolment-answer" => reads::<enrolment::Answer>(text),
        "questionnaire" => reads::<QuestionnaireFile>(text),
        "answers" => reads::<std::collections::BTreeMap<String, Answer>>(text),
        other => Err(format!("no type is called {other}")),
    }
}

#[test]
fn every_example_reads_as_what_it_says_it_is() {
    let mut kinds = Vec::new();
    for (info, text) in blocks() {
        if let Some(kind) = info.strip_prefix("json ") {
            check(kind, &text).unwrap_or_else(|error| panic!("{kind}: {error}\n{text}"));
            kinds.push(kind.to_owned());
        }
        assert_ne!(info, "json", "an example says what it is an example of: {text}");
    }
    for kind in [
        "record",
        "envelope",
        "signed",
        "receipt",
        "settings",
        "status",
        "introduction",
        "round",
        "board",
        "posting",
        "approvals",
        "help-seen",
        "enrolment-ask",
        "enrolment-answer",
        "thanks",
    ] {
        assert!(kinds.iter().any(|known| known == kind), "no example of {kind}");
    }
}

#[test]
fn the_vector_is_the_fixture() {
    let fixture: Value =
        serde_json::from_str(&fs::read_to_string(here().join("fixtures/v1/vector.json")).unwrap()).unwrap();
    let page = page();
    for (name, value) in fixture.as_object().unwrap() {
        let value = value.as_str().unwrap();
        assert!(page.contains(&format!("{name}\n{value}\n")), "the page's {name} is not the fixture's:\n{value}");
    }
}

#[test]
fn every_word_of_the_wire_is_explained() {
    let page = page();
    let explained = |word: &str| assert!(page.contains(&format!("`{word}`")), "{word} is not explained");
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str());
    let outcomes = Outcome::ALL.iter().map(|outcome| outcome.as_str());
    let modes = Mode::ALL.iter().map(|mode| mode.as_str());
    for word in reasons.chain(outcomes).chain(modes) {
        explained(word);
    }
    // A kiosk does not read the directory; its schema is enough for whoever does.
    for (_, schema) in wardvoice_protocol::schema::all().into_iter().filter(|(name, _)| *name != "directory") {
        let mut words = Vec::new();
        collect(&schema.to_value(), &mut words);
        for word in &words {
            explained(word);
        }
    }
}

#[test]
fn every_topic_has_its_row_and_every_row_is_a_topic() {
    let page = page();
    let mut rows: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `wardvoice/1/")?.split_once('`'))
        .map(|(topic, _)| topic.to_owned())
        .collect();
    let mut expected: Vec<String> = Channel::ALL
        .iter()
        .map(|channel| Topic::Kiosk(KioskId::new("KIOSK").unwrap(), *channel).to_string())
        .chain([
            Topic::Questionnaire(Hash::ZERO).to_string(),
            Topic::Board(WardId::new("WARD").unwrap()).to_string(),
            Topic::Directory.to_string(),
        ])
        .map(|topic| {
            topic.replace("KIOSK", "{kiosk}").replace("WARD", "{ward}").replace(&"0".repeat(64), "{hash}")
        })
        .map(|topic| topic.replacen("wardvoice/1/", "", 1))
        .collect();
    rows.sort();
    expected.sort();
    assert_eq!(rows, expected);
}

#[test]
fn every_link_on_the_page_leads_to_a_heading() {
    let page = page();
    let headings: Vec<String> = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            words
                .chars()
                .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
                .collect::<String>()
        })
        .map(|words| words.replace(' ', "-"))
        .collect();
    let links: Vec<&str> =
        page.split("](#").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link).collect();
    assert!(links.len() > 30, "{links:?}");
    for link in links {
        assert!(headings.iter().any(|heading| heading == link), "{link} leads nowhere");
    }
    // A section that the list at the top forgets is not found.
    let top = page.split("\n## ").next().unwrap();
    for line in page.lines().filter_map(|line| line.strip_prefix("## ")) {
        let anchor: String =
            line.to_lowercase().chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ').collect();
        assert!(top.contains(&format!("](#{})", anchor.replace(' ', "-"))), "{line} is not in the contents");
    }
}

/// The names of every property and the words of every enumeration of a schema.
fn collect(schema: &Value, words: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("properties", Value::Object(properties)) => words.extend(properties.keys().cloned()),
                    ("const", Value::String(word)) => words.push(word.clone()),
                    ("enum", Value::Array(list)) => {
                        words.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => {}
                }
                collect(value, words);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, words)),
        _ => {}
    }
}

#[test]
fn the_questionnaire_on_the_page_is_the_shipped_one() {
    let page = page();
    let inpatient = Questionnaire::inpatient().unwrap();
    let row = |question: &wardvoice_protocol::questionnaire::QuestionFile| {
        let options: Vec<String> = question.options.iter().map(|option| format!("`{}`", option.id)).collect();
        let mut reasons = Vec::new();
        if question.not_applicable.is_some() {
            reasons.push("`not_applicable`");
        }
        if question.dont_know.is_some() {
            reasons.push("`dont_know`");
        }
        let answers = if options.is_empty() { "free text".to_owned() } else { options.join(" ") };
        format!("| `{}` | {answers} | {} |", question.id, reasons.join(" "))
    };
    for question in inpatient.questions() {
        assert!(page.contains(&row(question)), "the page has no row\n{}", row(question));
    }
    assert!(page.contains(&inpatient.hash().to_string()), "{}", inpatient.hash());
}

#[test]
fn the_limits_on_the_page_are_those_of_the_code() {
    let page = page();
    for (limit, words) in [
        (limits::MAX_RECORD_BYTES, "24,576"),
        (limits::MAX_ENVELOPE_BYTES, "40,960"),
        (limits::MAX_MESSAGE_BYTES, "524,288"),
        (limits::MAX_COMMENT_CHARACTERS, "1,000"),
    ] {
        assert_eq!(words.replace(',', ""), limit.to_string());
        assert!(page.contains(words), "{words}");
    }
}
