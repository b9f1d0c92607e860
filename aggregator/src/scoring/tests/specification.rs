//! The scoring specification: small tables that are tests and, printed, `docs/scoring.md`.
//!
//! Every table has people who left something out. `WARDVOICE_WRITE_PAGES=1` in the environment writes the page; without it
//! a page that is not what the tables say fails.

use std::path::Path;

use super::*;

mod page;
mod tables;
mod worked;

use worked::Found;

/// A table of people and what their answers must come to.
struct Table {
    title: &'static str,
    /// The published or agreed vectors it holds, `T-01`.
    vectors: &'static str,
    says: &'static str,
    formula: &'static str,
    source: &'static str,
    definition: DefinitionFile,
    /// Questions that are not scored, with their options.
    also: Vec<(&'static str, Vec<&'static str>)>,
    /// The questions of the columns.
    columns: Vec<&'static str>,
    /// How many people gave each row of answers: an option, `na`, `dk`, `declined` or `-` for not shown.
    people: Vec<(usize, Vec<&'static str>)>,
    expected: Vec<Expected>,
}

/// A figure and what it must be, to as many digits as are written.
struct Expected {
    what: &'static str,
    value: &'static str,
    n: u64,
    /// `lower to upper`, or nothing where the table does not say.
    interval: &'static str,
}

fn expect(what: &'static str, value: &'static str, n: u64, interval: &'static str) -> Expected {
    Expected { what, value, n, interval }
}

impl Table {
    /// A questionnaire that asks what the definition scores.
    fn questionnaire(&self) -> Questionnaire {
        fn scored(scale: &ScalePartFile, all: &mut Vec<serde_json::Value>) {
            for rule in &scale.questions {
                let options: Vec<_> = rule
                    .options
                    .iter()
                    .map(|worth| serde_json::json!({"id": worth.id, "text": {"en": worth.id.as_str()}, "score": worth.score}))
                    .collect();
                all.push(serde_json::json!({
                    "id": rule.id, "kind": {"domain": scale.id}, "text": {"en": rule.id.as_str()}, "options": options,
                    "not_applicable": {"en": "Not applicable"}, "dont_know": {"en": "I do not know"}
                }));
            }
            scale.scales.iter().for_each(|inner| scored(inner, all));
        }
        let mut questions = Vec::new();
        self.definition.scales.iter().for_each(|scale| scored(scale, &mut questions));
        for (id, options) in &self.also {
            let option = |id: &&str| serde_json::json!({"id": id, "text": {"en": id}, "score": "unscored"});
            let kind = if *id == "friends_and_family" { "friends_and_family" } else { "unscored" };
            let options: Vec<_> = options.iter().map(option).collect();
            questions.push(serde_json::json!({"id": id, "kind": kind, "text": {"en": id}, "options": options}));
        }
        let reference = &self.definition.questionnaire;
        let file = serde_json::json!({
            "format": 1, "id": reference.id, "version": reference.version, "audience": "patients",
            "title": {"en": self.title}, "languages": {"en": "approved"}, "questions": questions
        });
        Questionnaire::from_json(file.to_string().as_bytes()).unwrap()
    }

    fn sheet(&self) -> ScoreSheet {
        let questionnaire = self.questionnaire();
        let directory = Directory::try_from(demo_data::directory(1)).unwrap();
        let calendar = Calendar::new(Date::constant(2026, 1, 5)).unwrap();
        let vocabulary = Arc::new(Vocabulary::new(&directory, std::slice::from_ref(&questionnaire)).unwrap());
        let definition = Definition::new(self.definition.clone(), &questionnaire).unwrap();
        let world = ScoringWorld::new(directory, calendar, vocabulary, definition, 7).unwrap();
        let person = |answers: &Vec<&str>| {
            let given: BTreeMap<&str, &str> = self.columns.iter().copied().zip(answers.iter().copied()).collect();
            let answer = |id: &str| match given.get(id).copied().unwrap_or("declined") {
                "na" => Answer::NotApplicable,
                "dk" => Answer::DontKnow,
                "declined" => Answer::Declined,
                "-" => Answer::NotShown,
                chosen => option(chosen),
            };
            let questions = questionnaire.questions().iter();
            let answers: BTreeMap<_, _> = questions.map(|q| (q.id.clone(), answer(q.id.as_str()))).collect();
            questionnaire.check_answers(&answers).unwrap();
            Contact {
                questionnaire: questionnaire.reference(),
                response: Some(Response { answers, minutes: None }),
                ..contact(&[])
            }
        };
        let people = self.people.iter().flat_map(|(count, answers)| std::iter::repeat_n(person(answers), *count));
        sheet(&world, &facts(&world, people), "ward:W12")
    }
}

/// The figure of a sheet by the name a table gives it.
fn figure_of(sheet: &ScoreSheet, what: &str) -> Figure {
    fn scale(scales: &[DomainSheet], id: &str) -> Option<Figure> {
        scales
            .iter()
            .find_map(|one| if one.id.as_str() == id { Some(one.figure.clone()) } else { scale(&one.parts, id) })
    }
    fn questions(scales: &[DomainSheet]) -> Vec<&QuestionSheet> {
        scales.iter().flat_map(|one| one.questions.iter().chain(questions(&one.parts))).collect()
    }
    let (kind, id) = what.split_once(' ').unwrap_or((what, ""));
    let asked = || questions(&sheet.domains).into_iter().find(|question| question.id.as_str() == id).unwrap();
    match kind {
        "question" => asked().figure.clone(),
        "problem" => asked().problem.figure.clone(),
        "top_box" => asked().top_box.figure.clone(),
        "scale" => scale(&sheet.domains, id).unwrap(),
        "overall" => sheet.overall.clone(),
        "standardised" => sheet.standardised.clone().unwrap().overall,
        "positive" => sheet.friends_and_family.positive.clone(),
        "negative" => sheet.friends_and_family.negative.clone(),
        other => panic!("no figure is called {other}"),
    }
}

/// Whether a number, rounded to the digits of a text, is the text's.
fn is_as_written(found: f64, written: &str) -> bool {
    let digits = written.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    (found - written.parse::<f64>().unwrap()).abs() <= 0.5 * 10_f64.powi(-i32::try_from(digits).unwrap()) + 1e-9
}

#[test]
fn every_table_comes_to_what_it_says() {
    for table in tables::tables() {
        let missing = ["na", "dk", "declined", "-"];
        let leaves_out =
            table.people.iter().any(|(_, answers)| answers.iter().any(|answer| missing.contains(answer)));
        assert!(leaves_out, "{}: nobody leaves anything out", table.title);
        let sheet = table.sheet();
        for expected in &table.expected {
            let found = figure_of(&sheet, expected.what);
            let place = format!("{}: {}: {found:?}", table.title, expected.what);
            assert_eq!(found.n, expected.n, "{place}");
            match found.value {
                None => assert_eq!(expected.value, "none", "{place}"),
                Some(value) => {
                    assert!(expected.value != "none" && is_as_written(value, expected.value), "{place}");
                }
            }
            if let Some((lower, upper)) = expected.interval.split_once(" to ") {
                assert!(
                    is_as_written(found.lower.unwrap(), lower) && is_as_written(found.upper.unwrap(), upper),
                    "{place}"
                );
            }
        }
    }
}

#[test]
fn every_worked_example_comes_to_what_it_says() {
    for worked in worked::worked() {
        assert!(!worked.rows.is_empty() && !worked.says.is_empty(), "{}", worked.title);
        for row in &worked.rows {
            let place = format!("{}: {} must be {} and is {:?}", worked.title, row.what, row.must_be, row.found);
            match &row.found {
                Found::Number(found) => assert!(is_as_written(found.unwrap(), row.must_be), "{place}"),
                Found::Words(found) => assert_eq!(found, row.must_be, "{place}"),
            }
        }
    }
}

#[test]
fn the_page_says_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scoring.md");
    let page = page::page(&tables::tables(), &worked::worked());
    if std::env::var_os("WARDVOICE_WRITE_PAGES").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/scoring.md is not what the tables say; its first lines tell how to write it again"
    );
}

#[test]
fn every_vector_of_scoring_is_in_a_table() {
    let (tables, worked) = (tables::tables(), worked::worked());
    let all = tables.iter().map(|table| table.vectors).chain(worked.iter().map(|worked| worked.vectors));
    let all = all.collect::<Vec<_>>().join(" ");
    for number in [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 15, 16, 18, 20, 21, 22, 23, 24, 25, 26, 27] {
        assert!(all.contains(&format!("T-{number:02}")), "T-{number:02}");
    }
}
