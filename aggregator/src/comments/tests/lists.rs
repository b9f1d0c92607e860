//! A list that changes while the server runs changes the queue at once, and two people who change it lose nothing.

use std::sync::Arc;

use super::*;
use crate::comments::lists::SPAN;

fn waiting(office: &Office) -> Vec<(CommentId, Urgency)> {
    let which = Which { standing: Some("waiting".to_owned()), ward: None };
    office.comments().list(&which).unwrap().into_iter().map(|one| (one.found.id, one.urgency)).collect()
}

fn word(kind: WordKind, word: &str) -> ListedWord {
    ListedWord { language: "en".parse().unwrap(), kind, word: word.to_owned() }
}

#[test]
fn a_word_or_a_name_more_or_less_changes_the_queue_at_once() {
    let mut office = Office::new();
    let plain = office.says("W1", "better", "The trolley rattled.");
    let named = office.says("W1", "better", "Porter Example was rude.");
    assert_eq!(waiting(&office), [(plain.clone(), Urgency::Unmarked), (named.clone(), Urgency::Unmarked)]);
    let change = |change: ListChange| office.comments().change_lists(&change);
    change(ListChange::AddName { name: "Porter Example".to_owned(), role: Some(role("a porter")) }).unwrap();
    assert_eq!(waiting(&office), [(named.clone(), Urgency::StaffName), (plain.clone(), Urgency::Unmarked)]);
    let (found, _) = office.comments().one(&named).unwrap();
    assert_eq!(found.signs.first().unwrap().role, Some(role("a porter")), "it is highlighted");
    change(ListChange::AddWord(word(WordKind::Safeguarding, "trolley"))).unwrap();
    assert_eq!(waiting(&office), [(plain.clone(), Urgency::Safeguarding), (named.clone(), Urgency::StaffName)]);
    change(ListChange::RemoveWord(word(WordKind::Safeguarding, "Trolley"))).unwrap();
    change(ListChange::RemoveName { name: "porter example".to_owned() }).unwrap();
    assert_eq!(waiting(&office), [(plain, Urgency::Unmarked), (named, Urgency::Unmarked)]);
}

#[test]
fn a_name_that_is_listed_later_has_to_become_a_role_as_well() {
    let mut office = Office::new();
    let angry = office.says("W1", "better", "Nurse Placeholder was rude.");
    let add = ListChange::AddName { name: "Nurse Placeholder".to_owned(), role: None };
    office.comments().change_lists(&add).unwrap();
    assert_eq!(office.refused(&angry, &Wish::Release(Tone::Criticism, Reach::Staff)), DecisionError::NameStands);
    office.restarts();
    assert_eq!(office.refused(&angry, &Wish::Release(Tone::Criticism, Reach::Staff)), DecisionError::NameStands);
}

#[test]
fn many_people_change_lists_at_once_and_nobodys_change_is_lost() {
    let mut office = Office::new();
    office.lists("# by hand\nPorter Example\n");
    let comments = office.comments();
    std::thread::scope(|scope| {
        for place in 0..8 {
            scope.spawn(move || {
                let name = ListChange::AddName { name: format!("Nurse Placeholder {place}"), role: None };
                comments.change_lists(&name).unwrap();
                let made_up = word(WordKind::Distress, &format!("made up {place}"));
                comments.change_lists(&ListChange::AddWord(made_up)).unwrap();
            });
        }
    });
    // Somebody writes a name into the file while the server runs.
    let path = office.folder().join(NAMES_FILE);
    let by_hand = format!("{}Doctor Example\n", fs::read_to_string(&path).unwrap());
    fs::write(&path, by_hand).unwrap();
    let last = ListChange::AddName { name: "Ward Clerk Example".to_owned(), role: None };
    comments.change_lists(&last).unwrap();
    assert!(matches!(comments.change_lists(&last), Err(CommentsError::Lists(ListError::Already))));
    let check = |lists: &Arc<Lists>| {
        assert_eq!(lists.names().len(), 11);
        let words = lists.signs().words(&"en".parse().unwrap(), WordKind::Distress);
        assert_eq!(words.iter().filter(|word| word.starts_with("made up")).count(), 8);
    };
    check(&comments.lists());
    office.restarts();
    check(&office.comments().lists());
    assert!(fs::read_to_string(&path).unwrap().starts_with("# by hand\n"));
}

#[test]
fn what_is_noted_of_a_change_names_no_member_of_staff() {
    let name = "Nurse Placeholder".to_owned();
    for change in [ListChange::AddName { name: name.clone(), role: None }, ListChange::RemoveName { name }] {
        let (about, detail) = change.noted();
        assert_eq!(about, NAMES_FILE);
        assert!(!detail.contains("Placeholder"), "{detail}");
    }
    let noted = ListChange::AddWord(word(WordKind::Distress, "end of my tether")).noted();
    assert_eq!(noted, ("words:en".to_owned(), "add distress: end of my tether".to_owned()));
}

/// A change takes as long as there are comments, and a page is drawn meanwhile: with what was found, in the order that stood.
#[test]
fn while_lists_are_changed_nobody_waits_who_only_looks() {
    let mut office = Office::new();
    let first = office.says("W1", "better", "The trolley rattled.");
    assert_eq!(waiting(&office).len(), 1);
    let all = Which { standing: None, ward: None };
    office.says("W1", "better", "It was loud.");
    let comments = office.comments();
    let pause = comments.pause();
    assert_eq!(comments.leaf(&all, 1, 10).unwrap().listed.len(), 1, "what came since is not waited for");
    assert_eq!(comments.one(&first).unwrap().0.text, "The trolley rattled.");
    drop(pause);
    assert_eq!(comments.leaf(&all, 1, 10).unwrap().listed.len(), 2);
}

/// More comments than are copied at once.
#[test]
fn a_change_reaches_every_comment_of_a_long_log() {
    let mut office = Office::new();
    let many = SPAN + 3;
    for place in 0..many {
        office.says("W1", "better", if place % 2 == 0 { "The trolley rattled." } else { "It was loud." });
    }
    assert_eq!(waiting(&office).len(), many, "all of them are found before");
    office.comments().change_lists(&ListChange::AddWord(word(WordKind::Distress, "trolley"))).unwrap();
    let found = waiting(&office);
    let with_the_word = found.iter().filter(|(_, urgency)| *urgency == Urgency::Distress).count();
    assert_eq!((found.len(), with_the_word), (many, many.div_ceil(2)));
}
