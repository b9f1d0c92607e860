#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A program that stands for the kiosk's: a script with what it does after it has found out where to write.
pub(crate) fn program(folder: &Path, does: &str) -> PathBuf {
    let path = folder.join("kiosk");
    let find = "while [ $# -gt 0 ]; do case \"$1\" in --out) out=\"$2\";; --language) language=\"$2\";; esac; shift; done";
    fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{find}\n{does}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What a good one does.
pub(crate) fn draws(questionnaire: &Questionnaire) -> String {
    let (hash, zero) = (questionnaire.hash(), Hash::ZERO);
    let index = format!(
        r#"{{"version":1,"software":"0.1.0","questionnaire":"{hash}","language":"'"$language"'","words":"{zero}","words_approved":false,"phrases":[["Back","Wstecz"]],"screens":[{{"screen":"consent","question":null,"file":"01-consent.png"}}]}}"#
    );
    format!("mkdir -p \"$out\"; printf PNG > \"$out/01-consent.png\"; printf '%s' '{index}' > \"$out/index.json\"")
}

fn previews(folder: &Path, does: &str) -> Previews {
    Previews::new(folder.join("previews"), Some(program(folder, does)))
}

fn draw(does: &str) -> (Result<Preview, PreviewError>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let questionnaire = Questionnaire::inpatient().unwrap();
    let previews = previews(folder.path(), does).within(Duration::from_secs(20));
    (previews.draw(&questionnaire, &"pl".parse().unwrap()), folder)
}

#[test]
fn what_was_drawn_is_kept_until_the_program_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (questionnaire, polish) = (Questionnaire::inpatient().unwrap(), "pl".parse().unwrap());
    let count = format!("echo run >> {}\n", folder.path().join("runs").display());
    let previews = previews(folder.path(), &(count + &draws(&questionnaire)));
    assert_eq!(previews.kept(&questionnaire, &polish).unwrap(), None);
    let drawn = previews.draw(&questionnaire, &polish).unwrap();
    assert_eq!(drawn.pictures.len(), 1);
    assert_eq!(drawn.phrases.first().unwrap().1, "Wstecz");
    assert_eq!(previews.picture(&drawn.key, "01-consent.png").unwrap(), b"PNG");
    assert_eq!(previews.draw(&questionnaire, &polish).unwrap(), drawn);
    assert_eq!(previews.kept(&questionnaire, &polish).unwrap().unwrap(), drawn);
    assert_eq!(fs::read_to_string(folder.path().join("runs")).unwrap(), "run\n", "it was drawn once");
    assert_eq!(previews.kept(&questionnaire, &"ro".parse().unwrap()).unwrap(), None);
    program(folder.path(), &format!("{} # and more", draws(&questionnaire)));
    assert_eq!(previews.kept(&questionnaire, &polish).unwrap(), None, "another program draws other pictures");
}

#[test]
fn a_picture_is_a_file_of_a_preview_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let previews = previews(folder.path(), "true");
    fs::write(folder.path().join("secret.png"), "no").unwrap();
    let key = "0".repeat(KEY_DIGITS);
    for (key, file) in
        [("..", "secret.png"), (key.as_str(), "../../secret.png"), (&key, "secret.png"), (&key, ".png")]
    {
        assert_eq!(previews.picture(key, file), None, "{key} {file}");
    }
}

#[test]
fn a_program_that_fails_lies_writes_too_much_or_is_not_there_is_an_error_in_words() {
    let check = |does: &str, says: &str| {
        let (drawn, folder) = draw(does);
        let said = drawn.unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
        assert!(!folder.path().join("previews").read_dir().unwrap().any(|_| true), "nothing is left");
    };
    check("echo 'there are no words in pl' >&2; exit 1", "says: there are no words in pl");
    check("exit 3", "nothing (exit status: 3)");
    check("true", "index.json");
    check("mkdir \"$out\"; echo '{}' > \"$out/index.json\"", "missing field");
    let other = draws(&Questionnaire::friends_and_family().unwrap());
    check(&other, "another questionnaire");
    let questionnaire = Questionnaire::inpatient().unwrap();
    check(
        &draws(&questionnaire).replace("01-consent.png\"; printf '%s'", "02.png\"; printf '%s'"),
        "a picture is not there",
    );
    check(
        &format!("{}; head -c 41000000 /dev/zero > \"$out/more\"; sleep 15", draws(&questionnaire)),
        "more than",
    );
    let missing = Previews::new("nowhere", Some(PathBuf::from("/nowhere/kiosk")));
    let said = missing.draw(&questionnaire, &"pl".parse().unwrap()).unwrap_err().to_string();
    assert!(said.contains("/nowhere/kiosk") && said.contains("kiosks.preview_program"), "{said}");
}

#[test]
fn a_program_that_hangs_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let previews = previews(folder.path(), "exec sleep 600").within(Duration::from_millis(200));
    let began = Instant::now();
    let drawn = previews.draw(&Questionnaire::inpatient().unwrap(), &"pl".parse().unwrap());
    assert!(matches!(drawn, Err(PreviewError::TooSlow)));
    assert!(began.elapsed() < Duration::from_mins(1));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_index_that_a_program_writes_is_believed_or_refused(
        bytes in {
            let (hash, zero) = (Questionnaire::inpatient().unwrap().hash(), Hash::ZERO);
            let index = format!(
                r#"{{"version":1,"software":"0.1.0","questionnaire":"{hash}","language":"pl","words":"{zero}","words_approved":false,"phrases":[["Back","Wstecz"]],"screens":[{{"screen":"consent","question":null,"file":"01-consent.png"}}]}}"#
            );
            crate::garbled::bytes(vec![index.into_bytes()])
        },
    ) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("01-consent.png"), "PNG").unwrap();
        fs::write(folder.path().join("index.json"), bytes).unwrap();
        let key = "0".repeat(KEY_DIGITS);
        let found = read(folder.path(), &key, &Questionnaire::inpatient().unwrap(), &"pl".parse().unwrap());
        if let Ok(preview) = found {
            let inside = |picture: &Picture| is_picture(&picture.file) && folder.path().join(&picture.file).is_file();
            proptest::prop_assert!(preview.pictures.iter().all(inside));
        }
    }
}
