//! The preview draws every screen of a questionnaire with the kiosk's own window.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use wardvoice_kiosk::preview::{self, Index};
use wardvoice_protocol::questionnaire::Questionnaire;

/// One test, because a process has one platform.
#[test]
fn every_question_is_drawn_in_order_and_no_picture_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let questionnaire = Arc::new(Questionnaire::friends_and_family().unwrap());
    let language = "cy".parse().unwrap();
    let index = preview::draw(Arc::clone(&questionnaire), &language, (1280, 800), folder.path()).unwrap();
    let asked: Vec<&str> = index.screens.iter().filter_map(|screen| screen.question.as_deref()).collect();
    let expected: Vec<&str> = questionnaire.questions().iter().map(|question| question.id.as_str()).collect();
    assert_eq!(asked, expected);
    let names: Vec<&str> = index.screens.iter().map(|screen| screen.screen.as_str()).collect();
    for name in ["rest", "language", "consent", "help", "stop_asked", "thanks", "wipe"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert_eq!(
        names.iter().filter(|name| **name == "thanks").count(),
        2,
        "without a code and with one: {names:?}"
    );
    let pictures: BTreeSet<Vec<u8>> =
        index.screens.iter().map(|screen| fs::read(folder.path().join(&screen.file)).unwrap()).collect();
    assert_eq!(pictures.len(), index.screens.len(), "each is another picture");
    assert!(pictures.iter().all(|bytes| bytes.starts_with(b"\x89PNG") && bytes.len() > 5_000));
    assert!(!index.words_approved && index.phrases.len() > 50);
    let written: Index = serde_json::from_slice(&fs::read(folder.path().join("index.json")).unwrap()).unwrap();
    assert_eq!(written, index);
    let wrong = preview::draw(questionnaire, &"xx".parse().unwrap(), (1280, 800), folder.path());
    assert!(wrong.unwrap_err().to_string().contains("no text in xx"));
}
