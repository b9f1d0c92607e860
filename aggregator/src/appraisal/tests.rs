#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use super::*;

fn calendar() -> Calendar {
    Calendar::new("2026-01-05".parse().unwrap()).unwrap()
}

#[test]
fn windows_end_with_fortnights_the_running_one_first() {
    let names: Vec<_> =
        windows(&calendar(), "2026-11-20".parse().unwrap()).iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), 13);
    assert_eq!(names.get(..3).unwrap(), ["6m-2026-11-22", "6m-2026-11-08", "6m-2026-10-25"]);
    let window = window_to(&calendar(), "2026-11-22".parse().unwrap()).unwrap();
    assert_eq!(
        (window.start().to_string(), window.last().to_string()),
        ("2026-05-23".into(), "2026-11-22".into())
    );
}

#[test]
fn a_command_on_the_server_does_not_open_a_window_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::open(folder.path().join("audit.ndjson")).unwrap();
    let (consultant, calendar) = ("C1".parse().unwrap(), calendar());
    let window = window_to(&calendar, "2026-11-22".parse().unwrap()).unwrap();
    let settings =
        Settings { demonstration: false, displays_need_token: false, shown_to: [].into(), first_days: 14 };
    let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let may = || {
        let today = "2026-11-24".parse().unwrap();
        released(&consultant, &window, Audience::Appraiser, (&audit, &calendar), (&settings, today)).is_ok()
    };
    for (who, opens) in [(crate::audit::COMMAND, false), ("c1", true)] {
        let noted = note_look(&audit, at, who, &consultant, window, Audience::Consultant);
        drop(noted.unwrap());
        assert_eq!(may(), opens, "{who}");
    }
}
