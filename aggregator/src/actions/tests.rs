//! What happens to an action is there after a restart, whatever the power did.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::fs;

use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn new(ward: &str, said: &str) -> NewAction {
    NewAction {
        unit: Unit::Ward(ward.parse().unwrap()),
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
    let ward: Unit = "ward:W1".parse().unwrap();
    let own = std::slice::from_ref(&ward);
    let first = actions.add(new("W1", " Bins are loud. "), day("2026-11-25")).unwrap();
    assert_eq!((first.number, first.said.as_str()), (1, "Bins are loud."));
    actions.add(new("W1", "Lights are on."), day("2026-11-26")).unwrap();
    actions.add(new("W2", "Elsewhere."), day("2026-11-26")).unwrap();
    assert!(!first.is_overdue(day("2026-12-01")) && first.is_overdue(day("2026-12-02")));
    assert_eq!(actions.changes(own), []);
    actions.finish(2, day("2026-11-28")).unwrap();
    actions.finish(1, day("2026-12-03")).unwrap();
    let said = |actions: &Actions| -> Vec<String> {
        actions.changes(own).into_iter().map(|change| change.said).collect()
    };
    assert_eq!(said(&actions), ["Bins are loud.", "Lights are on."], "the latest change first");
    actions.reopen(1).unwrap();
    let again = Actions::open(&path).unwrap();
    assert_eq!(again.list(), actions.list());
    assert_eq!(said(&again), ["Lights are on."]);
    assert_eq!(again.of(&ward).len(), 2);
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
        refused(&actions, NewAction { unit: "ward:W2".parse().unwrap(), ..wished.clone() })
            .contains("another unit")
    );
    let many = vec![cause.comments.first().unwrap().clone(); MOST_COMMENTS + 1];
    let too_many = NewAction { cause: Cause { comments: many, signal: None }, ..wished.clone() };
    assert!(refused(&actions, too_many).contains("20 comments"));
    actions.finish(1, day("2026-11-26")).unwrap();
    assert!(refused(&actions, wished).contains("done already"));
}

#[test]
fn an_action_of_a_department_is_written_as_one_and_a_wards_as_it_always_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actions.ndjson");
    let actions = Actions::open(&path).unwrap();
    let today = day("2026-11-25");
    let unit = |text: &str| text.parse::<Unit>().unwrap();
    actions.add(new("W1", "Bins are loud."), today).unwrap();
    let of_department = NewAction { unit: unit("department:medicine"), ..new("W1", "Tea is cold.") };
    actions.add(of_department.clone(), today).unwrap();
    actions.add(NewAction { unit: unit("trust:T1"), ..new("W1", "Parking.") }, today).unwrap();
    for number in 1..=3 {
        actions.finish(number, day("2026-11-26")).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(r#""ward":"W1""#) && !lines[0].contains("unit"), "{text}");
    assert!(lines[1].contains(r#""unit":"department:medicine""#) && !lines[1].contains("ward\":"), "{text}");
    let again = Actions::open(&path).unwrap();
    assert_eq!(again.list(), actions.list());
    let said =
        |units: &[Unit]| -> Vec<String> { again.changes(units).into_iter().map(|change| change.said).collect() };
    assert_eq!(said(&[unit("ward:W2"), unit("trust:T1")]), ["Parking."]);
    assert_eq!(said(&[unit("department:medicine"), unit("trust:T1")]).len(), 2);
    // Neither of nobody nor of two.
    for wrong in [
        r#"{"said":"a","did":"b"}"#,
        r#"{"ward":"W1","unit":"trust:T1","said":"a","did":"b"}"#,
        r#"{"ward":"W1","said":"a","did":"b","more":1}"#,
    ] {
        assert!(serde_json::from_str::<NewAction>(wrong).is_err(), "{wrong}");
    }
    let written = serde_json::to_string(&of_department).unwrap();
    assert_eq!(serde_json::from_str::<NewAction>(&written).unwrap(), of_department);
}

#[test]
fn an_effect_does_not_reach_past_what_stands_over_a_unit_and_reaches_past_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let actions = Actions::open(folder.path().join("actions.ndjson")).unwrap();
    let unit = |text: &str| text.parse::<Unit>().unwrap();
    let of = |whose: &str| NewAction { unit: unit(whose), ..new("W1", "Tea is cold.") };
    for (whose, done) in [
        ("ward:W1", "2026-06-01"),
        ("department:medicine", "2026-07-01"),
        ("trust:T1", "2026-08-01"),
        ("ward:W2", "2026-09-01"),
    ] {
        let number = actions.add(of(whose), day("2026-05-01")).unwrap().number;
        actions.finish(number, day(done)).unwrap();
    }
    let directory = crate::directory::example();
    let all = actions.list();
    let others = |whose: &str| {
        let action = all.iter().find(|action| action.unit == unit(whose)).unwrap();
        let mut others = action.change(&all, &over(&directory, &action.unit), &[]).unwrap().others;
        others.sort_unstable();
        others
    };
    assert_eq!(others("ward:W1"), [day("2026-07-01"), day("2026-08-01")]);
    assert_eq!(others("department:medicine"), [day("2026-08-01")]);
    assert_eq!(others("trust:T1"), []);
}
