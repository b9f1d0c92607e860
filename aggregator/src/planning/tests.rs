#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;
use std::path::Path;

use super::*;
use crate::directory;

fn planning(path: &Path) -> Planning {
    let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
    Planning::open(path, &directory::example(), 400, calendar).unwrap()
}

fn wish(ward: Option<&str>, beds: Option<u16>, target: Option<Target>) -> PlanWish {
    PlanWish {
        ward: ward.map(|ward| ward.parse().unwrap()),
        beds,
        target,
        reason: " The ward has moved to a smaller building. ".to_owned(),
    }
}

fn office() -> StaffRole {
    "office".parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

const TODAY: Date = Date::constant(2026, 11, 25);

#[test]
fn a_decision_holds_from_its_fortnight_on_and_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.ndjson");
    let first = planning(&path);
    let before = first.plans().on(TODAY).quotas().to_vec();
    assert_eq!(before.iter().sum::<u32>(), 400);
    let decided =
        first.decide(&wish(Some("W1"), Some(10), Some(Target::Responses(50))), &office(), TODAY).unwrap();
    assert_eq!(decided.len(), 2, "beds and a target");
    assert_eq!(decided.first().unwrap().reason, "The ward has moved to a smaller building.");
    assert_eq!(decided.last().unwrap().before, "by its beds");
    first.decide(&wish(None, None, Some(Target::Responses(300))), &office(), TODAY).unwrap();
    for planning in [first, planning(&path)] {
        let plans = planning.plans();
        assert_eq!(plans.on(day("2026-11-22")).quotas(), before, "the fortnight before keeps its plan");
        let now = plans.on(day("2026-11-23"));
        assert_eq!((now.total(), now.quota(0), now.quotas().iter().sum::<u32>()), (300, 50, 300));
        assert_eq!(planning.beds(&"W1".parse().unwrap()), Some(10));
        assert_eq!(planning.decisions().len(), 3);
        assert_eq!(planning.decisions().first().unwrap().change, PlanChange::Trust { responses: 300 });
    }
}

#[test]
fn whoever_shares_the_plans_sees_a_decision_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let planning = planning(&folder.path().join("plan.ndjson"));
    let plans = planning.plans();
    let edition = plans.edition();
    planning.decide(&wish(Some("W2"), None, Some(Target::Responses(7))), &office(), TODAY).unwrap();
    assert_eq!(plans.on(TODAY).quota(1), 7);
    assert!(plans.edition() > edition);
    planning.decide(&wish(Some("W2"), None, Some(Target::Share)), &office(), TODAY).unwrap();
    assert!(plans.on(TODAY).quota(1) > 7, "by its beds again");
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.ndjson");
    let planning = planning(&path);
    let check = |wish: &PlanWish, says: &str| {
        let said = planning.decide(wish, &office(), TODAY).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    };
    check(&wish(Some("W9"), None, Some(Target::Share)), "no such ward");
    check(&wish(Some("W1"), None, None), "nothing would be different");
    check(&wish(Some("W1"), None, Some(Target::Share)), "nothing would be different");
    check(&wish(Some("W1"), Some(201), None), "201 beds");
    check(&wish(None, Some(3), None), "beds needs a ward");
    check(&wish(None, None, Some(Target::Share)), "needs a ward");
    check(&wish(None, None, Some(Target::Responses(0))), "1 to 1000000");
    check(&wish(Some("W1"), Some(3), Some(Target::Responses(401))), "come to 401, more than the 400");
    check(&PlanWish { reason: " ".to_owned(), ..wish(Some("W1"), Some(3), None) }, "the reason");
    check(&PlanWish { reason: "x".repeat(201), ..wish(Some("W1"), Some(3), None) }, "1 to 200");
    assert_eq!(fs::read_to_string(&path).unwrap(), "");
    assert!(planning.decisions().is_empty());
    planning.decide(&wish(Some("W1"), None, Some(Target::Responses(300))), &office(), TODAY).unwrap();
    check(&wish(None, None, Some(Target::Responses(299))), "more than the 299");
}

#[test]
fn a_ward_that_has_left_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.ndjson");
    let line = r#"{"version":1,"at":"2026-11-25T10:00:00Z","event":{"on":"2026-11-25","by":"office","change":{"of":"target","ward":"GONE","responses":40},"reason":"It was there."}}"#;
    fs::write(&path, format!("{line}\n")).unwrap();
    let planning = planning(&path);
    assert_eq!(planning.decisions().len(), 1);
    assert_eq!(planning.plans().on(TODAY).quotas().iter().sum::<u32>(), 400);
}

#[test]
fn a_target_is_a_number_or_a_share() {
    assert_eq!("share".parse(), Ok(Target::Share));
    assert_eq!(" 40 ".parse(), Ok(Target::Responses(40)));
    assert!("many".parse::<Target>().unwrap_err().contains("write a number"));
    assert!("-1".parse::<Target>().is_err());
}
