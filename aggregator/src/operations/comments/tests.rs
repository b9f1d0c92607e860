#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use serde_json::Value;

use super::*;
use crate::comments::ListedWord;
use crate::operations::heard::Heard;
use crate::operations::withdrawal::tests::Scene;
use crate::operations::{Request, perform};

fn asks(scene: &Scene, asked: CommentsAsk) -> Result<Vec<Value>> {
    // As it comes over the socket.
    let asked: Request = serde_json::from_str(&serde_json::to_string(&Request::Comments(asked))?)?;
    let mut heard = Heard::default();
    perform(&scene.house, asked, &mut heard)?;
    Ok(heard.0)
}

#[test]
fn words_are_listed_and_changed_by_command_and_count_at_once() {
    let mut scene = Scene::new(5);
    scene.sends(Some("They left me on a trolley."));
    let language = Language::english();
    let word = ListedWord { language: language.clone(), kind: WordKind::Safeguarding, word: "trolley".to_owned() };
    let words = |change| CommentsAsk::Words { language: language.clone(), change };
    let signs = |scene: &Scene| {
        let listed = asks(scene, CommentsAsk::List(Which { standing: None, ward: None })).unwrap();
        listed.first().and_then(|comment| comment.pointer("/signs")?.as_array().map(Vec::len)).unwrap()
    };
    let has = |lists: &[Value]| {
        let listed = lists.first().and_then(|lists| lists.pointer("/safeguarding")?.as_array()).unwrap();
        listed.iter().any(|word| word == "trolley")
    };
    assert!(!has(&asks(&scene, words(None)).unwrap()));
    assert_eq!(signs(&scene), 0);
    assert!(has(&asks(&scene, words(Some(ListChange::AddWord(word.clone())))).unwrap()));
    assert_eq!(signs(&scene), 1);
    let again = asks(&scene, words(Some(ListChange::AddWord(word.clone())))).unwrap_err();
    assert!(format!("{again:#}").contains("on the list already"), "{again:#}");
    assert!(!has(&asks(&scene, words(Some(ListChange::RemoveWord(word)))).unwrap()));
    assert_eq!(signs(&scene), 0);
    let unchecked = ListChange::Checked { language: language.clone(), checked: false };
    let lists = asks(&scene, words(Some(unchecked))).unwrap();
    assert_eq!(lists.first().and_then(|lists| lists.pointer("/checked")), Some(&Value::Bool(false)));
}

#[test]
fn names_of_staff_are_listed_and_changed_by_command_and_stand_in_no_audit() {
    let scene = Scene::new(6);
    assert!(asks(&scene, CommentsAsk::Names { change: None }).unwrap().is_empty());
    let add = ListChange::AddName { name: "Nurse Placeholder".to_owned(), role: Some("a nurse".parse().unwrap()) };
    let listed = asks(&scene, CommentsAsk::Names { change: Some(add) }).unwrap();
    assert_eq!(listed, [serde_json::json!({"name": "Nurse Placeholder", "role": "a nurse"})]);
    let remove = ListChange::RemoveName { name: "Nurse Placeholder".to_owned() };
    assert!(asks(&scene, CommentsAsk::Names { change: Some(remove) }).unwrap().is_empty());
    let entries = scene.house.premises.audit.recent(9);
    assert_eq!(entries.iter().filter(|entry| entry.did == "changed_lists").count(), 2, "{entries:?}");
    assert!(!format!("{entries:?}").contains("Placeholder"), "{entries:?}");
}
