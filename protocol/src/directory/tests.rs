#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use serde_json::{Value, json};

use super::*;

fn file() -> Value {
    json!({
        "version": 1,
        "trust": {"id": "T1", "name": "Example Trust"},
        "sites": [{"id": "S1", "name": "North"}, {"id": "S2", "name": "South"}],
        "departments": [{"id": "D1", "name": "Medicine"}],
        "specialties": [{"id": "general", "name": "General medicine"}],
        "wards": [
            {"id": "W1", "name": "Ward 1", "site": "S1", "department": "D1", "specialties": ["general"], "beds": 24},
            {"id": "W2", "name": "Ward 2", "site": "S2", "department": "D1", "specialties": [], "beds": 8},
        ],
        "consultants": [{"id": "C1", "label": "Consultant 1", "specialty": "general", "wards": ["W1", "W2"]}],
    })
}

fn check(change: impl Fn(&mut Value), expected: &DirectoryError) {
    let mut file = file();
    change(&mut file);
    let file: DirectoryFile = serde_json::from_value(file).unwrap();
    assert_eq!(Directory::try_from(file).map(|_| ()).as_ref(), Err(expected));
}

fn missing(from: &str, kind: &'static str, id: &str) -> DirectoryError {
    DirectoryError::Missing { from: from.to_owned(), kind, id: id.to_owned() }
}

fn twice(kind: &'static str, id: &str) -> DirectoryError {
    DirectoryError::Twice { kind, id: id.to_owned() }
}

#[test]
fn a_directory_answers_for_its_ids() {
    let read: DirectoryFile = serde_json::from_value(file()).unwrap();
    let directory = Directory::try_from(read.clone()).unwrap();
    assert_eq!(directory.file(), &read);
    assert_eq!(directory.ward(&"W2".parse().unwrap()).map(|ward| ward.beds), Some(8));
    assert_eq!(directory.ward(&"W3".parse().unwrap()), None);
    assert_eq!(directory.consultant(&"C1".parse().unwrap()).map(|c| c.label.as_str()), Some("Consultant 1"));
    assert_eq!(directory.consultant(&"C2".parse().unwrap()), None);
    assert_eq!((directory.wards().len(), directory.consultants().len()), (2, 1));
}

#[test]
fn an_unknown_version() {
    check(|file| file["version"] = json!(2), &DirectoryError::UnknownVersion(2));
}

#[test]
fn no_wards() {
    check(
        |file| {
            file["wards"] = json!([]);
            file["consultants"] = json!([]);
        },
        &DirectoryError::Empty("the list of wards"),
    );
}

#[test]
fn ids_that_stand_twice() {
    for (list, kind, id) in [
        ("sites", "site", "S1"),
        ("departments", "department", "D1"),
        ("specialties", "specialty", "general"),
        ("wards", "ward", "W1"),
        ("consultants", "consultant", "C1"),
    ] {
        let again = |file: &mut Value| {
            let first = file[list][0].clone();
            file[list].as_array_mut().unwrap().push(first);
        };
        check(again, &twice(kind, id));
    }
}

#[test]
fn names_of_what_is_not_there() {
    check(|file| file["wards"][1]["site"] = json!("S9"), &missing("ward W2", "site", "S9"));
    check(|file| file["wards"][1]["department"] = json!("D9"), &missing("ward W2", "department", "D9"));
    check(|file| file["wards"][1]["specialties"] = json!(["x"]), &missing("ward W2", "specialty", "x"));
    check(|file| file["consultants"][0]["specialty"] = json!("x"), &missing("consultant C1", "specialty", "x"));
    check(|file| file["consultants"][0]["wards"] = json!(["W1", "W9"]), &missing("consultant C1", "ward", "W9"));
}

#[test]
fn bays_are_places_and_stay_off_the_topic() {
    let bays = |bays: Value| move |file: &mut Value| file["wards"][0]["bays"] = bays.clone();
    check(
        bays(json!([{"name": "Bay 1", "beds": ["1", "1"]}])),
        &DirectoryError::Bays { ward: "W1".parse().unwrap(), error: BayError::Twice("1".to_owned()) },
    );
    check(
        bays(json!([{"name": "Bay 1", "beds": ["1"], "consultant": "C9"}])),
        &missing("ward W1", "consultant", "C9"),
    );
    let mut with_bays = file();
    bays(json!([{"name": "Bay 1", "beds": ["1", "2"], "consultant": "C1"}]))(&mut with_bays);
    let directory = Directory::try_from(serde_json::from_value::<DirectoryFile>(with_bays).unwrap()).unwrap();
    assert_eq!(directory.wards()[0].bays[0].beds, ["1", "2"]);
    assert_eq!(serde_json::to_value(directory.published()).unwrap(), file(), "as it was before there were bays");
}

#[test]
fn units_have_one_spelling() {
    for text in ["ward:W12", "department:D1", "site:S1", "trust:T1", "specialty:general", "consultant:C1"] {
        let unit: Unit = text.parse().unwrap();
        assert_eq!(unit.to_string(), text);
        assert_eq!(serde_json::to_value(&unit).unwrap(), json!(text));
        assert_eq!(serde_json::from_value::<Unit>(json!(text)).unwrap(), unit);
    }
    for text in ["", "ward", "ward:", "ward:W 1", "Ward:W1", "bed:1", "ward:W1:x", ":W1"] {
        assert!(text.parse::<Unit>().is_err(), "{text:?}");
        assert!(serde_json::from_value::<Unit>(json!(text)).is_err(), "{text:?}");
    }
}
