#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use wardvoice_protocol::questionnaire::QuestionnaireFile;

use super::*;

fn file(version: u32) -> QuestionnaireFile {
    QuestionnaireFile { version, ..Questionnaire::friends_and_family().unwrap().file().clone() }
}

fn write(path: &Path, file: &QuestionnaireFile) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, serde_json::to_vec_pretty(file).unwrap()).unwrap();
}

fn other_words(version: u32) -> QuestionnaireFile {
    let mut file = file(version);
    file.title.values_mut().for_each(|title| title.push('!'));
    file
}

fn named(text: &str) -> QuestionnaireName {
    text.parse().unwrap()
}

fn refused(data: &Path, says: &[&str]) {
    let said = Questionnaires::open(data, None).unwrap_err().to_string();
    for part in says {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn those_of_the_folder_stand_beside_the_shipped_ones() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join(FOLDER);
    write(&own.join("b.json"), &file(2));
    write(&own.join("a.json"), &file(10));
    // The very same as a shipped one is no other, and what is not JSON by name is not looked at.
    write(&own.join("c.json"), &file(1));
    fs::write(own.join("notes.txt"), "to do").unwrap();
    let questionnaires = Questionnaires::open(data.path(), None).unwrap();
    let references: Vec<_> = questionnaires.all().iter().map(|one| one.reference().to_string()).collect();
    assert_eq!(
        references,
        [
            "inpatient@1",
            "friends-and-family@1",
            "listening-into-action@1",
            "staff-engagement@1",
            "friends-and-family@2",
            "friends-and-family@10"
        ]
    );
    let check = |name: &str, expected: &str| {
        assert_eq!(questionnaires.for_patients(&named(name)).unwrap().to_string(), expected);
    };
    check("friends-and-family", "friends-and-family@10");
    check("friends-and-family@2", "friends-and-family@2");
    let unknown = questionnaires.for_patients(&named("friends-and-family@3")).unwrap_err().to_string();
    assert!(unknown.contains("there are inpatient@1, friends-and-family@1"), "{unknown}");
}

#[test]
fn a_version_that_was_used_never_changes() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(FOLDER).join("own.json");
    // Nobody has been asked it yet: it is a draft, and drafts change.
    write(&path, &file(2));
    Questionnaires::open(data.path(), None).unwrap();
    write(&path, &other_words(2));
    let questionnaires = Questionnaires::open(data.path(), None).unwrap();
    let hash =
        questionnaires.get(&questionnaires.for_patients(&named("friends-and-family@2")).unwrap()).unwrap().hash();

    write(&path, &file(2));
    refused(data.path(), &["own.json", "friends-and-family@2", "questionnaires-in-use", "another version"]);
    // The one that is in use is known without the folder.
    fs::remove_file(&path).unwrap();
    let again = Questionnaires::open(data.path(), None).unwrap();
    assert_eq!(again.all().last().unwrap().hash(), hash);
}

#[test]
fn two_files_of_one_version_that_differ_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join(FOLDER);
    write(&own.join("one.json"), &file(2));
    write(&own.join("two.json"), &other_words(2));
    refused(data.path(), &["two.json", "one.json", "friends-and-family@2"]);
    fs::remove_file(own.join("two.json")).unwrap();
    write(&own.join("shipped.json"), &other_words(1));
    refused(data.path(), &["shipped.json", "part of this program"]);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(FOLDER).join("own.json");
    write(&path, &QuestionnaireFile { questions: Vec::new(), ..file(2) });
    refused(data.path(), &["own.json", "there are 0 questions"]);
    fs::write(&path, "{").unwrap();
    refused(data.path(), &["own.json", "not readable"]);
    let mut large = file(2);
    for text in large.title.values_mut() {
        *text = "\"".repeat(30_000);
    }
    write(&path, &large);
    refused(data.path(), &["own.json", "more than 524288"]);
    let said = Questionnaires::open(data.path(), Some(Path::new("elsewhere"))).unwrap_err().to_string();
    assert!(said.contains("elsewhere"), "{said}");
}

#[test]
fn staff_questionnaires_are_refused_for_wards() {
    let data = tempfile::tempdir().unwrap();
    let staff = QuestionnaireFile { audience: KioskAudience::Staff, ..file(2) };
    write(&data.path().join(FOLDER).join("staff.json"), &staff);
    let questionnaires = Questionnaires::open(data.path(), None).unwrap();
    let said = questionnaires.for_patients(&named("friends-and-family@2")).unwrap_err().to_string();
    assert!(said.contains("it is for staff"), "{said}");
    assert!(!data.path().join(IN_USE).exists());
}
