#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use super::*;
use crate::directory;

fn settings(demonstration: bool, shown_to: &[Audience]) -> Settings {
    let shown_to = shown_to.iter().copied().collect();
    Settings { demonstration, displays_need_token: false, shown_to, first_days: 14 }
}

fn viewer(roles: &[&str]) -> Viewer {
    let roles = roles.iter().map(|role| role.parse().unwrap()).collect();
    Viewer::Account { name: "somebody".parse().unwrap(), roles }
}

#[test]
fn consultants_are_shown_by_how_many_people_there_are() {
    let rows = consultants_table();
    let check = |n, own: Show, others: Show, by_policy: Show| {
        let of = |audience, settings: &Settings| decide(&rows, UnitKind::Consultant, n, audience, settings).show;
        let none = settings(false, &[]);
        assert_eq!((of(Audience::Consultant, &none), of(Audience::Appraiser, &none)), (own, own), "{n}");
        for audience in [Audience::Ward, Audience::Board, Audience::Public, Audience::Office] {
            assert_eq!(of(audience, &none), others, "{n}");
        }
        let board = settings(false, &[Audience::Board]);
        assert_eq!((of(Audience::Board, &board), of(Audience::Office, &board)), (by_policy, others), "{n}");
    };
    check(0, Show::Count, Show::Nothing, Show::Nothing);
    check(4, Show::Count, Show::Nothing, Show::Nothing);
    check(5, Show::GreyedScore, Show::Nothing, Show::Nothing);
    check(26, Show::GreyedScore, Show::Nothing, Show::Nothing);
    check(27, Show::Score, Show::SpecialtyOnly, Show::SpecialtyOnly);
    check(45, Show::Score, Show::SpecialtyOnly, Show::SpecialtyOnly);
    check(46, Show::Everything, Show::SpecialtyOnly, Show::Everything);
    let ward = decide(&rows, UnitKind::Ward, 0, Audience::Public, &settings(false, &[]));
    assert_eq!(ward.show, Show::Everything, "wards have no row here");
}

#[test]
fn every_reason_is_in_plain_words_and_tells_others_no_number() {
    let rows = consultants_table();
    let check = |n, audience, says: &str| {
        let why = decide(&rows, UnitKind::Consultant, n, audience, &settings(false, &[])).why;
        assert_eq!(why, says);
    };
    check(1, Audience::Consultant, "1 patient: too few to show what they said; shown from 5");
    check(23, Audience::Appraiser, "23 patients: too few for a reliable score yet; shown from 27");
    check(30, Audience::Consultant, "30 patients: enough for a score; everything is shown from 46");
    check(50, Audience::Consultant, "50 patients: enough to show everything");
    check(23, Audience::Board, "nothing is shown of one consultant to anybody else below 27 patients");
    for (n, audience) in [(23, Audience::Office), (33, Audience::Board), (61, Audience::Public)] {
        let why = decide(&rows, UnitKind::Consultant, n, audience, &settings(false, &[])).why;
        assert!(!why.contains(&n.to_string()), "{why}");
    }
}

#[test]
fn somebody_with_several_roles_sees_as_the_one_that_sees_most() {
    let (own, other) = ("C031".parse().unwrap(), "C032".parse().unwrap());
    let both = viewer(&["board", "consultant:C031", "appraiser:C032"]);
    assert_eq!(both.audience_of(&own), Some(Audience::Consultant));
    assert_eq!(both.audience_of(&other), Some(Audience::Appraiser));
    assert_eq!(viewer(&["ward:W1", "administrator"]).audience_of(&own), None);
    assert_eq!(viewer(&["office", "board"]).audience_of(&own), Some(Audience::Office));
    assert_eq!(Viewer::Nobody.audience_of(&own), None);
}

#[test]
fn roles_are_written_as_they_are_read_and_name_what_is_there() {
    for text in [
        "office",
        "administrator",
        "board",
        "ward:W1",
        "department:medicine",
        "consultant:C1",
        "appraiser:C1",
        "display:W1",
    ] {
        assert_eq!(text.parse::<Role>().unwrap().to_string(), text);
    }
    for text in ["", "ward", "ward:", "office:W1", "nurse", "consultant:a b"] {
        assert!(text.parse::<Role>().is_err(), "{text:?}");
    }
    let said = "ward:W99".parse::<Role>().unwrap().check(&directory::example()).unwrap_err().to_string();
    assert_eq!(said, "give the role ward:W99: the directory has no such ward");
}

#[test]
fn a_unit_is_read_by_whose_it_is() {
    let directory = directory::example();
    let department = directory.wards().first().unwrap().department.clone();
    let opens = |who: &Viewer, unit: &str, demonstration| {
        let unit: Unit = unit.parse().unwrap();
        enter(who, Place::Unit(&unit), &settings(demonstration, &[]), &directory)
    };
    let of_department = viewer(&[&format!("department:{department}")]);
    let refused = Entrance::Refused(NOT_YOURS);
    for (who, unit, expected) in [
        (viewer(&["ward:W1"]), "ward:W1", Entrance::Open),
        (viewer(&["ward:W1"]), "ward:W2", refused),
        (viewer(&["ward:W1"]), "trust:T1", refused),
        (of_department.clone(), "ward:W1", Entrance::Open),
        (of_department, &format!("department:{department}"), Entrance::Open),
        (viewer(&["board"]), "trust:T1", Entrance::Open),
        (viewer(&["office"]), "consultant:C1", Entrance::Refused(NOT_AMONG_SCORES)),
        (viewer(&["consultant:C1"]), "ward:W1", refused),
        (viewer(&["administrator"]), "ward:W1", refused),
        (viewer(&["display:W1"]), "ward:W1", refused),
        (Viewer::Nobody, "ward:W1", Entrance::SignIn),
    ] {
        assert_eq!(opens(&who, unit, false), expected, "{who:?} {unit}");
    }
    assert_eq!(opens(&Viewer::Nobody, "ward:W1", true), Entrance::Open, "in a demonstration");
    let display = viewer(&["display:W1"]);
    let screen = |who: &Viewer, ward: &str, settings: &Settings| {
        enter(who, Place::Display(&ward.parse().unwrap()), settings, &directory)
    };
    let guarded = Settings { displays_need_token: true, ..settings(false, &[]) };
    assert_eq!((screen(&display, "W1", &guarded), screen(&display, "W2", &guarded)), (Entrance::Open, refused));
    assert_eq!(screen(&Viewer::Nobody, "W1", &guarded), Entrance::SignIn);
    assert_eq!(screen(&viewer(&["ward:W1"]), "W1", &guarded), Entrance::Open, "whoever reads the ward");
    let made_up = Settings { demonstration: true, ..guarded };
    for open in [settings(false, &[]), made_up] {
        assert_eq!(screen(&Viewer::Nobody, "W1", &open), Entrance::Open);
    }
    let consultant = Entrance::Refused(NOT_AMONG_SCORES);
    assert_eq!(opens(&Viewer::Nobody, "consultant:C1", true), consultant, "and consultants not even there");
}

#[test]
fn a_window_is_the_consultants_first() {
    let day = |text: &str| text.parse::<Date>().unwrap();
    let check = |audience, opened: Option<&str>, today: &str, expected: Result<(), &str>| {
        let found = release(audience, day("2026-11-22"), opened.map(day), day(today), &settings(false, &[]));
        assert_eq!(found, expected.map_err(day), "{audience} {opened:?} {today}");
    };
    check(Audience::Consultant, None, "2026-11-20", Ok(()));
    check(Audience::Appraiser, None, "2026-11-20", Err("2026-12-06"));
    check(Audience::Appraiser, Some("2026-11-19"), "2026-11-23", Err("2026-12-06"));
    check(Audience::Appraiser, Some("2026-11-23"), "2026-11-23", Ok(()));
    check(Audience::Board, None, "2026-12-05", Err("2026-12-06"));
    check(Audience::Board, None, "2026-12-06", Ok(()));
    let at_once = Settings { first_days: 0, ..settings(false, &[]) };
    let found = release(Audience::Appraiser, day("2026-11-22"), None, day("2026-11-22"), &at_once);
    assert_eq!(found, Err(day("2026-11-23")), "a window that has not ended is nobody else's");
}
