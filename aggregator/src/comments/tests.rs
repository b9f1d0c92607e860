//! Comments over a real log: found, decided about, and released to whom they may go.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;

use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::ConsultantId;

use super::*;
use crate::policy::Audience;
use crate::scoring::ScoringWorld;
use office::{Named, Office, now, role};

mod history;
mod index;
mod lists;
mod office;
mod reading;

/// The texts that an audience is shown of a unit in the fortnight of the tests.
fn shown(office: &Office, unit: &str, audience: Audience) -> Vec<String> {
    shown_in(office, unit, "2026-F23", audience)
}

fn shown_in(office: &Office, unit: &str, period: &str, audience: Audience) -> Vec<String> {
    let period: Period = office.world.calendar.period(period).unwrap();
    let unit: Unit = unit.parse().unwrap();
    office.comments().released(&unit, &period, audience).unwrap().into_iter().map(|one| one.text).collect()
}

#[test]
fn nothing_leaves_the_office_that_nobody_has_passed() {
    let mut office = Office::new();
    let kind = office.says("W1", "good", "Everybody was kind.");
    let held = office.says("W1", "better", "It was noisy.");
    let escalated = office.says("W1", "better", "A porter hit me.");
    let waiting = office.says("W1", "better", "Nobody came.");
    (0..10).for_each(|_| office.answers("W1"));
    for audience in [Audience::Ward, Audience::Board, Audience::Office, Audience::Public] {
        assert_eq!(shown(&office, "ward:W1", audience), Vec::<String>::new());
    }
    office.decides(&kind, &Wish::Release(Tone::Praise, Reach::Everybody));
    office.decides(&held, &Wish::Hold("already dealt with".to_owned()));
    office.decides(&escalated, &Wish::Escalate(role("safeguarding lead"), "harm by staff".to_owned()));
    for audience in [Audience::Ward, Audience::Board, Audience::Office, Audience::Public] {
        assert_eq!(shown(&office, "ward:W1", audience), ["Everybody was kind."]);
    }
    assert_eq!(office.stands(&waiting), Standing::Waiting);
    // Holding takes it off every page again.
    office.decides(&kind, &Wish::Hold("the patient asked for it".to_owned()));
    assert_eq!(shown(&office, "ward:W1", Audience::Ward), Vec::<String>::new());
}

#[test]
fn what_staff_may_read_is_not_what_everybody_may() {
    let mut office = Office::new();
    let staff = office.says("W1", "better", "It was noisy.");
    let everybody = office.says("W1", "good", "Everybody was kind.");
    (0..10).for_each(|_| office.answers("W1"));
    office.decides(&staff, &Wish::Release(Tone::Criticism, Reach::Staff));
    office.decides(&everybody, &Wish::Release(Tone::Praise, Reach::Everybody));
    // Praise first, whatever was passed first.
    assert_eq!(shown(&office, "ward:W1", Audience::Ward), ["Everybody was kind.", "It was noisy."]);
    assert_eq!(shown(&office, "ward:W1", Audience::Public), ["Everybody was kind."]);
    assert_eq!(shown(&office, "ward:W2", Audience::Ward), Vec::<String>::new());
    assert_eq!(shown_in(&office, "ward:W1", "2026-F22", Audience::Ward), Vec::<String>::new());
    let file = office.world.directory.file().clone();
    let ward = office.world.directory.ward(&"W1".parse().unwrap()).unwrap().clone();
    for unit in [
        format!("trust:{}", file.trust.id),
        format!("site:{}", ward.site),
        format!("department:{}", ward.department),
    ] {
        assert_eq!(shown(&office, &unit, Audience::Ward).len(), 2, "{unit}");
    }
}

#[test]
fn the_day_a_comment_was_written_cannot_be_asked_for() {
    let mut office = Office::new();
    let kind = office.says("W1", "good", "Everybody was kind.");
    (0..10).for_each(|_| office.answers("W1"));
    office.decides(&kind, &Wish::Release(Tone::Praise, Reach::Everybody));
    for (period, many) in [
        ("2026-11-12..2026-11-12", 0),
        ("2026-11-09..2026-11-21", 0),
        ("2026-11-10..2026-11-22", 0),
        ("2026-11-09..2026-11-22", 1),
        ("2026-11", 1),
        ("2026-10", 0),
    ] {
        for audience in [Audience::Ward, Audience::Board, Audience::Office, Audience::Public] {
            assert_eq!(shown_in(&office, "ward:W1", period, audience).len(), many, "{period}");
        }
    }
}

#[test]
fn five_people_are_too_few_for_the_public() {
    let mut office = Office::new();
    let kind = office.says("W1", "good", "Everybody was kind.");
    (0..4).for_each(|_| office.answers("W1"));
    office.decides(&kind, &Wish::Release(Tone::Praise, Reach::Everybody));
    assert_eq!(shown(&office, "ward:W1", Audience::Public), Vec::<String>::new());
    assert_eq!(shown(&office, "ward:W1", Audience::Ward).len(), 1);
    office.answers("W1");
    assert_eq!(shown(&office, "ward:W1", Audience::Public).len(), 1, "six have answered");
}

#[test]
fn a_consultant_is_shown_what_is_about_consultants_and_nobody_else_is() {
    let mut office = Office::new();
    let consultant = office.consultant_of("W1");
    let doctors = Wish::Code(["doctors".parse().unwrap()].into());
    let roster = Named::by(AttributionSource::Roster, &consultant, false);
    let other = office.says_of("W1", "good", "The food was good.", Some(&roster));
    office.decides(&other, &Wish::Release(Tone::Praise, Reach::Everybody));
    // Whose patients they are is decided as for the figures: by the roster's word or the patient's knowledge, whoever named the consultant.
    for (source, knows, text) in [
        (AttributionSource::Roster, false, "The doctor explained it."),
        (AttributionSource::Volunteer, false, "The surgeon took time."),
        (AttributionSource::Volunteer, true, "The anaesthetist was calm."),
        (AttributionSource::Patient, false, "Some doctor was late."),
        (AttributionSource::Patient, true, "My doctor was never late."),
    ] {
        let comment = office.says_of("W1", "good", text, Some(&Named::by(source, &consultant, knows)));
        office.decides(&comment, &Wish::Release(Tone::Praise, Reach::Everybody));
        office.decides(&comment, &doctors);
    }
    let theirs = ["My doctor was never late.", "The anaesthetist was calm.", "The doctor explained it."];
    assert_eq!(of_patients(&office, &consultant, "2026-11-22", &[]), theirs);
    assert_eq!(of_patients(&office, &consultant, "2026-11-11", &[]), Vec::<String>::new(), "nothing had come");
    let elsewhere = office.world.directory.consultants().iter().find(|entry| entry.id != consultant).unwrap();
    assert_eq!(of_patients(&office, &elsewhere.id, "2026-11-22", &[]), Vec::<String>::new());
    for audience in Audience::ALL.map(|(audience, _)| audience) {
        let by_consultant = shown(&office, &format!("consultant:{consultant}"), audience);
        assert_eq!(by_consultant, Vec::<String>::new(), "{audience}");
    }
    assert_eq!(shown(&office, "ward:W1", Audience::Consultant), Vec::<String>::new());
    let upheld = office.says_of("W1", "good", "The doctor was never there.", Some(&roster));
    office.decides(&upheld, &Wish::Release(Tone::Criticism, Reach::Staff));
    office.decides(&upheld, &doctors);
    assert_eq!(of_patients(&office, &consultant, "2026-11-22", &[]).len(), 4);
    assert_eq!(of_patients(&office, &consultant, "2026-11-22", &[&upheld]), theirs);
}

/// The texts by a consultant's patients in the fortnight of the tests, as of a day, but for those of some records.
fn of_patients(office: &Office, consultant: &ConsultantId, as_of: &str, but: &[&CommentId]) -> Vec<String> {
    let world = &office.world;
    let (directory, calendar) = (world.directory.clone(), world.calendar.clone());
    let scoring = ScoringWorld::inpatient(directory, calendar, Arc::clone(&world.vocabulary), 7).unwrap();
    let window = world.calendar.period("2026-F23").unwrap();
    let patients = Patients {
        consultant: world.vocabulary.consultant_index(consultant).unwrap(),
        window,
        as_of: as_of.parse().unwrap(),
        in_charge: scoring.in_charge(&window).unwrap(),
        not_theirs: but.iter().map(|comment| comment.record()).collect(),
    };
    office.comments().of_patients(&patients).unwrap().into_iter().map(|one| one.text).collect()
}

#[test]
fn the_likely_serious_come_first_and_a_language_without_a_checked_list_before_the_rest() {
    let mut office = Office::new();
    office.lists("Nurse Placeholder = a nurse\n");
    let fine = office.says("W1", "good", "Thank you.");
    let polish = office.says_in("W1", "better", "Było głośno.", "pl");
    let named = office.says("W1", "better", "Nurse Placeholder was rude.");
    let distress = office.says("W1", "better", "I was crying all night.");
    let harm = office.says("W2", "better", "They shouted at me.");
    let later = office.says("W1", "better", "A porter hit me.");
    let list = |ward: Option<&str>| -> Vec<(CommentId, Urgency)> {
        let which = Which { standing: Some("waiting".to_owned()), ward: ward.map(|ward| ward.parse().unwrap()) };
        office.comments().list(&which).unwrap().into_iter().map(|one| (one.found.id, one.urgency)).collect()
    };
    let expected = [
        (&harm, Urgency::Safeguarding),
        (&later, Urgency::Safeguarding),
        (&distress, Urgency::Distress),
        (&named, Urgency::StaffName),
        (&polish, Urgency::NoList),
        (&fine, Urgency::Unmarked),
    ];
    assert_eq!(list(None), expected.map(|(id, urgency)| (id.clone(), urgency)));
    assert_eq!(list(Some("W2")).len(), 1);
    office.decides(&harm, &Wish::Escalate(role("matron"), "shouting".to_owned()));
    assert_eq!(list(None).len(), 5);
    assert_eq!(
        office.comments().counts().unwrap(),
        [("waiting", 5), ("proposed", 0), ("escalated", 1), ("held", 0), ("released", 0)]
    );
}

#[test]
fn a_name_on_the_list_becomes_a_role_unless_it_is_praise() {
    let mut office = Office::new();
    office.lists("Nurse Placeholder = a nurse\n");
    let angry = office.says("W1", "better", "Nurse Placeholder was rude, and nurse placeholder laughed.");
    let glad = office.says("W1", "good", "Nurse Placeholder was lovely.");
    for tone in [Tone::Criticism, Tone::Mixed] {
        assert_eq!(office.refused(&angry, &Wish::Release(tone, Reach::Staff)), DecisionError::NameStands);
    }
    let (found, _) = office.comments().one(&angry).unwrap();
    let half = edits_for(&found.text, &[], &[0, 1], Some(&role("a nurse")));
    office.decides(&angry, &Wish::Redact(half));
    assert_eq!(office.refused(&angry, &Wish::Release(Tone::Criticism, Reach::Staff)), DecisionError::NameStands);
    let both = edits_for(&found.text, &[], &[0, 1, 5, 6], Some(&role("a nurse")));
    office.decides(&angry, &Wish::Redact(both));
    office.decides(&angry, &Wish::Release(Tone::Criticism, Reach::Staff));
    office.decides(&glad, &Wish::Release(Tone::Praise, Reach::Staff));
    let expected = ["Nurse Placeholder was lovely.", "[a nurse] was rude, and [a nurse] laughed."];
    assert_eq!(shown(&office, "ward:W1", Audience::Ward), expected);
}

#[test]
fn two_who_decide_at_once_are_told_of_each_other_and_the_first_stands() {
    let mut office = Office::new();
    let comment = office.says("W1", "good", "Everybody was kind.");
    let wish = Wish::Release(Tone::Praise, Reach::Staff);
    let first = office.comments().decide(&comment, 0, &role("office"), &wish, now()).unwrap();
    let second = office.comments().decide(&comment, 0, &role("matron"), &Wish::Hold("late".to_owned()), now());
    let stale = DecisionError::Stale { seen: 0, stands: first.number };
    assert!(matches!(second, Err(CommentsError::Decision(error)) if error == stale));
    assert_eq!(office.comments().one(&comment).unwrap().1.entries().len(), 1, "nothing of the second was written");
}

#[test]
fn what_was_decided_survives_a_restart_and_what_came_meanwhile_is_found() {
    let mut office = Office::new();
    let kind = office.says("W1", "good", "Everybody was kind.");
    let noisy = office.says("W1", "better", "It was noisy.");
    office.decides(&kind, &Wish::Release(Tone::Praise, Reach::Staff));
    office.decides(&noisy, &Wish::Hold("known".to_owned()));
    let last = office.comments().one(&noisy).unwrap().1.last();
    office.decides(&noisy, &Wish::Undo(last));
    let before = [&kind, &noisy].map(|id| office.comments().one(id).unwrap());
    office.restarts();
    assert_eq!([&kind, &noisy].map(|id| office.comments().one(id).unwrap()), before);
    let new = office.says("W1", "better", "It was cold.");
    assert_eq!(office.stands(&new), Standing::Waiting);
    assert_eq!(office.stands(&noisy), Standing::Waiting);
    assert_eq!(shown(&office, "ward:W1", Audience::Ward), ["Everybody was kind."]);
}

#[test]
fn the_ledger_holds_no_word_of_a_patient() {
    let mut office = Office::new();
    office.lists("Nurse Placeholder = a nurse\n");
    let angry = office.says("W1", "better", "Nurse Placeholder ignored Bumblebee.");
    let (found, _) = office.comments().one(&angry).unwrap();
    office.decides(&angry, &Wish::Redact(edits_for(&found.text, &[], &[0, 1], Some(&role("a nurse")))));
    office.decides(&angry, &Wish::Release(Tone::Criticism, Reach::Staff));
    let ledger = fs::read_to_string(office.folder().join(LEDGER_FILE)).unwrap();
    for word in ["Placeholder", "ignored", "Bumblebee"] {
        assert!(!ledger.contains(word), "{word}: {ledger}");
    }
    assert_eq!(ledger.lines().count(), 2);
    insta::assert_snapshot!(
        "ledger",
        ledger.replace(&angry.to_string(), "RECORD/better").lines().map(unhashed).collect::<Vec<_>>().join("\n")
    );
}

/// A line of the ledger without the hash of the one before.
fn unhashed(line: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
    value.as_object_mut().unwrap().insert("previous".to_owned(), "HASH".into());
    value.to_string()
}

#[test]
fn a_decision_that_somebody_removed_from_the_ledger_is_an_error_and_not_a_release() {
    let mut office = Office::new();
    let kind = office.says("W1", "good", "Everybody was kind.");
    office.decides(&kind, &Wish::Release(Tone::Praise, Reach::Staff));
    office.decides(&kind, &Wish::Hold("names the ward sister".to_owned()));
    office.closes();
    let path = office.folder().join(LEDGER_FILE);
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{}\n", whole.lines().next().unwrap())).unwrap();
    assert!(office.opens().err().unwrap().to_string().contains("2 lines were promised and 1 are there"));
    fs::write(&path, whole).unwrap();
    office.restarts();
    assert!(matches!(office.stands(&kind), Standing::Held { .. }));
}

#[test]
fn themes_are_counted_by_unit_and_period_as_people_coded_them() {
    let mut office = Office::new();
    let themes = |ids: &[&str]| Wish::Code(ids.iter().map(|id| id.parse().unwrap()).collect());
    let kind = office.says("W1", "good", "Everybody was kind.");
    let noisy = office.says("W1", "better", "It was noisy and the food was cold.");
    let elsewhere = office.says("W2", "better", "It was noisy.");
    let uncoded = office.says("W1", "better", "It was noisy.");
    office.decides(&kind, &themes(&["kindness"]));
    office.decides(&kind, &Wish::Release(Tone::Praise, Reach::Staff));
    office.decides(&noisy, &themes(&["noise", "food"]));
    office.decides(&noisy, &Wish::Release(Tone::Criticism, Reach::Staff));
    office.decides(&elsewhere, &themes(&["noise"]));
    let counts = |unit: &str, period: &str| -> Vec<(String, u64, u64, u64)> {
        let period = office.world.calendar.period(period).unwrap();
        let counts = office.comments().theme_counts(&unit.parse().unwrap(), &period).unwrap();
        counts
            .into_iter()
            .map(|one| (one.theme.to_string(), one.praise, one.criticism, one.not_released))
            .collect()
    };
    let row = |id: &str, praise, criticism, not_released| (id.to_owned(), praise, criticism, not_released);
    assert_eq!(
        counts("ward:W1", "2026-F23"),
        [row("food", 0, 1, 0), row("kindness", 1, 0, 0), row("noise", 0, 1, 0)]
    );
    let trust = format!("trust:{}", office.world.directory.file().trust.id);
    assert_eq!(counts(&trust, "2026-11").first().unwrap(), &row("noise", 0, 1, 1));
    assert_eq!(counts("ward:W1", "2026-F22"), []);
    let consultant: Unit = format!("consultant:{}", office.consultant_of("W1")).parse().unwrap();
    let period = office.world.calendar.period("2026-F23").unwrap();
    let refused = office.comments().theme_counts(&consultant, &period);
    assert!(matches!(refused, Err(CommentsError::OfOnePerson(unit)) if unit == consultant));
    assert_eq!(
        suggested(&office.comments().frame(), &office.comments().one(&uncoded).unwrap().0),
        ["noise".parse().unwrap()].into()
    );
    let unknown = ["nothing".parse().unwrap()].into();
    assert!(matches!(office.refused(&uncoded, &Wish::Code(unknown)), DecisionError::NoSuchTheme(_)));
}

#[test]
fn a_comment_that_is_not_there_is_said_to_be_missing() {
    let office = Office::new();
    let id: CommentId = "01a207d9-2100-7707-8707-070707070707/better".parse().unwrap();
    assert!(matches!(office.comments().one(&id), Err(CommentsError::NotThere(_))));
    let decided = office.comments().decide(&id, 0, &role("office"), &Wish::Hold("x".to_owned()), now());
    assert!(matches!(decided, Err(CommentsError::NotThere(_))));
}
