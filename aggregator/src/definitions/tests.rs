#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use wardvoice_protocol::questionnaire::Questionnaire;

use super::*;
use crate::scoring::DefinitionFile;

fn own(version: u32) -> DefinitionFile {
    let mut file = Definition::inpatient(&Questionnaire::inpatient().unwrap()).unwrap().file().clone();
    file.id = "ours".parse().unwrap();
    file.version = version;
    file
}

fn write(data: &Path, name: &str, file: &DefinitionFile) {
    let folder = data.join(FOLDER);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), serde_json::to_vec_pretty(file).unwrap()).unwrap();
}

fn open(data: &Path, series: &[&str]) -> Result<Vec<String>, String> {
    let start = |id: &&str| SeriesStart {
        from: "2027-01-01".parse().unwrap(),
        definition: crate::scoring::definition_ref(id).unwrap(),
    };
    let series: Vec<_> = series.iter().map(start).collect();
    let all = load(data, None, &Questionnaires::shipped().unwrap(), &series).map_err(|error| error.to_string())?;
    Ok(all.iter().map(|one| one.reference().to_string()).collect())
}

const SHIPPED: [&str; 6] = [
    "inpatient@3",
    "inpatient@2",
    "inpatient@1",
    "friends-and-family@1",
    "listening-into-action@1",
    "staff-engagement@1",
];

#[test]
fn those_of_the_folder_stand_behind_the_shipped_ones() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(open(data.path(), &[]).unwrap(), SHIPPED);
    write(data.path(), "ours.json", &own(1));
    fs::write(data.path().join(FOLDER).join("notes.txt"), "to do").unwrap();
    let all = open(data.path(), &[]).unwrap();
    assert_eq!((all.len(), all.last().map(String::as_str)), (7, Some("ours@1")));
}

#[test]
fn a_version_that_periods_are_published_by_never_changes() {
    let data = tempfile::tempdir().unwrap();
    let changed = || {
        let mut file = own(1);
        file.minimum_people.question = 3;
        file
    };
    write(data.path(), "ours.json", &own(1));
    open(data.path(), &[]).unwrap();
    write(data.path(), "ours.json", &changed());
    open(data.path(), &[]).unwrap();
    write(data.path(), "ours.json", &own(1));
    open(data.path(), &["ours@1"]).unwrap();
    write(data.path(), "ours.json", &changed());
    let said = open(data.path(), &["ours@1"]).unwrap_err();
    assert!(said.contains("ours@1 is already in") && said.contains("give this one another version"), "{said}");
    fs::remove_dir_all(data.path().join(FOLDER)).unwrap();
    assert!(
        open(data.path(), &["ours@1"]).unwrap().contains(&"ours@1".to_owned()),
        "a lost file takes no series with it"
    );
}

#[test]
fn whatever_does_not_fit_is_named() {
    let data = tempfile::tempdir().unwrap();
    let refused = |file: &DefinitionFile, says: &[&str]| {
        write(data.path(), "wrong.json", file);
        let said = open(data.path(), &[]).unwrap_err();
        assert!(says.iter().all(|part| said.contains(part)), "{said}");
    };
    let mut file = own(1);
    file.scales.pop();
    refused(&file, &["wrong.json: failed to read the scoring definition", "kindness", "has no rule"]);
    file = own(1);
    file.questionnaire.version = 9;
    refused(&file, &["wrong.json", "inpatient@9", "not among the questionnaires"]);
    file = own(1);
    file.id = "inpatient".parse().unwrap();
    file.version = 3;
    file.minimum_people.question = 2;
    refused(&file, &["wrong.json: inpatient@3 is already part of this program"]);
}
