//! What happens to an action is there after a restart, whatever the power did.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;

use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn new(ward: &str, said: &str) -> NewAction {
    NewAction {
        ward: ward.parse().unwrap(),
        said: said.to_owned(),
        did: "Soft closing bins.".to_owned(),
        owner: Some("ward sister".to_owned()),
        about: None,
        due: Some(day("2026-12-01")),
        cause: Cause::default(),
    }
}

#[test]
fn an_action_is_open_then_overdue_then_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actions.ndjson");
    let actions = Actions::open(&path).unwrap();
    let ward: WardId = "W1".parse().unwrap();
    let first = actions.add(new("W1", " Bins are loud. "), day("2026-11-25")).unwrap();
    assert_eq!((first.number, first.said.as_str()), (1, "Bins are loud."));
    actions.add(new("W1", "Lights are on."), day("2026-11-26")).unwrap();
    actions.add(new("W2", "Elsewhere."), day("2026-11-26")).unwrap();
    assert!(!first.is_overdue(day("2026-12-01")) && first.is_overdue(day("2026-12-02")));
    assert_eq!(actions.changes(&ward), []);
    actions.finish(2, day("2026-11-28")).unwrap();
    actions.finish(1, day("2026-12-03")).unwrap();
    let said = |actions: &Actions| -> Vec<String> {
        actions.changes(&ward).into_iter().map(|change| change.said).collect()
    };
    assert_eq!(said(&actions), ["Bins are loud.", "Lights are on."], "the latest change first");
    actions.reopen(1).unwrap();
    let again = Actions::open(&path).unwrap();
    assert_eq!(again.list(), actions.list());
    assert_eq!(said(&again), ["Lights are on."]);
    assert_eq!(again.of_ward(&ward).len(), 2);
}

#[test]
fn what_does_not_make_sense_is_refused_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actions.ndjson");
    let actions = Actions::open(&path).unwrap();
    let today = day("2026-11-25");
    let check = |result: Result<Action, ActionsError>, says: &str| {
        let said = result.unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    };
    check(actions.add(new("W1", " "), today), "what patients said");
    check(actions.add(new("W1", &"x".repeat(MAX_CHARACTERS + 1)), today), "1 to 160 characters");
    check(actions.add(new("W1", "two\nlines"), today), "no line breaks");
    check(actions.finish(1, today), "none of that number");
    actions.add(new("W1", "Bins are loud."), today).unwrap();
    check(actions.finish(1, day("2026-11-24")), "taken on later");
    check(actions.reopen(1), "open already");
    actions.finish(1, today).unwrap();
    check(actions.finish(1, today), "done already");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
}

#[test]
fn a_line_that_a_power_cut_left_unfinished_is_cut_off_and_a_damaged_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actions.ndjson");
    let today = day("2026-11-25");
    Actions::open(&path).unwrap().add(new("W1", "Bins are loud."), today).unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, [whole.as_slice(), whole.get(..cut).unwrap()].concat()).unwrap();
        let actions = Actions::open(&path).unwrap();
        assert_eq!(actions.list().len(), 1, "{cut}");
        actions.add(new("W1", "Lights are on."), today).unwrap();
        assert_eq!(Actions::open(&path).unwrap().list().len(), 2, "{cut}");
    }
    fs::write(&path, b"{}\n").unwrap();
    assert!(Actions::open(&path).unwrap_err().to_string().contains("line 1"));
}

#[test]
fn an_open_action_can_be_changed_and_says_what_caused_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actions.ndjson");
    let actions = Actions::open(&path).unwrap();
    actions.add(new("W1", "Bins are loud."), day("2026-11-25")).unwrap();
    let plain = fs::read_to_string(&path).unwrap();
    assert!(!plain.contains("cause"), "a program from before reads it: {plain}");
    let cause = Cause {
        comments: vec!["0123456789abcdef".parse().unwrap()],
        signal: Some("domain:kindness@2026-F22".parse().unwrap()),
    };
    let wished = NewAction { did: "New bins.".to_owned(), cause: cause.clone(), ..new("W1", "Bins are loud.") };
    actions.change(1, wished.clone()).unwrap();
    for actions in [&actions, &Actions::open(&path).unwrap()] {
        let found = actions.list().remove(0);
        assert_eq!((found.did.as_str(), &found.cause, found.opened), ("New bins.", &cause, day("2026-11-25")));
    }
    let refused = |actions: &Actions, wished| actions.change(1, wished).unwrap_err().to_string();
    assert!(
        refused(&actions, NewAction { ward: "W2".parse().unwrap(), ..wished.clone() }).contains("another ward")
    );
    let many = vec![cause.comments.first().unwrap().clone(); MOST_COMMENTS + 1];
    let too_many = NewAction { cause: Cause { comments: many, signal: None }, ..wished.clone() };
    assert!(refused(&actions, too_many).contains("20 comments"));
    actions.finish(1, day("2026-11-26")).unwrap();
    assert!(refused(&actions, wished).contains("done already"));
}
