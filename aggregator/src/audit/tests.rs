#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_428_000 + 60 * minute).unwrap()
}

/// A file of five entries.
fn written() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.ndjson");
    let audit = Audit::open(&path).unwrap();
    for minute in 0..5 {
        let detail = look("6m-2026-11-22", "appraiser");
        audit.note(at(minute), "appraiser", Deed::SawConsultant, Some("consultant:C07"), Some(&detail)).unwrap();
    }
    (folder, path)
}

#[test]
fn entries_are_chained_numbered_and_there_again() {
    let (_folder, path) = written();
    let audit = Audit::open(&path).unwrap();
    assert_eq!(audit.fault(), None);
    audit.note(at(9), COMMAND, Deed::ChangedAccount, Some("account:office"), None).unwrap();
    let report = audit.verify(None).unwrap();
    assert_eq!((report.entries, report.head.number, report.faults.len()), (6, 6, 0));
    let recent = audit.recent(2);
    assert_eq!(recent.iter().map(|entry| entry.number).collect::<Vec<_>>(), [6, 5], "the newest first");
    assert_eq!(recent.first().unwrap().did, "changed_account");
}

#[test]
fn every_deed_can_be_looked_for_and_is_said_in_words() {
    let mut words: Vec<&str> = Deed::ALL.iter().map(|deed| deed.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Deed::ALL.len());
    for (place, deed) in Deed::ALL.iter().enumerate() {
        assert_eq!(*deed as usize, place, "{deed} stands where another was forgotten");
    }
    assert_eq!(Deed::Swept as usize + 1, Deed::ALL.len());
}

#[test]
fn a_line_that_was_changed_taken_out_or_put_in_is_found() {
    let (_folder, path) = written();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let check = |lines: &[&str], says: &str| {
        fs::write(&path, lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).collect::<Vec<_>>().concat())
            .unwrap();
        let faults = verify(&path, None).unwrap().faults;
        assert!(faults.first().unwrap().contains(says), "{faults:?}");
        // It is found at the start as well, and does not keep anybody from noting more.
        let audit = Audit::open(&path).unwrap();
        assert!(audit.fault().is_some());
        audit.note(at(10), "office", Deed::SignedIn, None, None).unwrap();
        assert_eq!(verify(&path, None).unwrap().faults.len(), faults.len(), "what is noted afterwards follows");
    };
    let [first, second, third, fourth, fifth] = <[&str; 5]>::try_from(lines).unwrap();
    let changed = third.replace("appraiser\",\"did", "board\",\"did");
    assert_ne!(changed, third);
    check(&[first, second, &changed, fourth, fifth], "entry 4 does not follow");
    check(&[first, second, fourth, fifth], "entry 4 stands where entry 3 belongs");
    check(&[first, second, second, third, fourth, fifth], "entry 2 stands where entry 3 belongs");
    check(&[first, "{}", third, fourth, fifth], "it is no entry");
    check(&[second, third, fourth, fifth], "entry 2 stands where entry 1 belongs");
}

/// The chain alone cannot tell; a head that was kept elsewhere can.
#[test]
fn lines_cut_off_the_end_change_the_head() {
    let (_folder, path) = written();
    let whole = verify(&path, None).unwrap().head;
    let text = fs::read_to_string(&path).unwrap();
    let shorter: String = text.lines().take(3).flat_map(|line| [line, "\n"]).collect();
    fs::write(&path, shorter).unwrap();
    let report = verify(&path, None).unwrap();
    assert!(report.faults.is_empty());
    assert_ne!(report.head, whole);
    let faults = |head: Head| verify(&path, Some((head.number, head.hash))).unwrap().faults;
    assert!(faults(whole).first().unwrap().contains("entry 5 is not there as it was noted"));
    assert!(faults(report.head).is_empty());
}

#[test]
fn who_has_opened_a_window_as_the_consultant_is_known_after_a_restart() {
    let (_folder, path) = written();
    let audit = Audit::open(&path).unwrap();
    assert_eq!(audit.opened("consultant:C07", "6m-2026-11-22"), None, "an appraiser is not the consultant");
    let detail = look("6m-2026-11-22", "consultant");
    audit.note(at(7), "c07", Deed::SawConsultant, Some("consultant:C07"), Some(&detail)).unwrap();
    let again = Audit::open(&path).unwrap();
    assert_eq!(again.opened("consultant:C07", "6m-2026-11-22"), Some(at(7)));
    assert_eq!(again.opened("consultant:C08", "6m-2026-11-22"), None);
}

#[test]
fn no_text_breaks_a_line_or_fills_the_disk() {
    let (_folder, path) = written();
    let audit = Audit::open(&path).unwrap();
    audit.note(at(8), "a\nb", Deed::SignInRefused, Some(&"x".repeat(10_000)), None).unwrap();
    let entry = audit.recent(1).pop().unwrap();
    assert_eq!((entry.who.as_str(), entry.about.unwrap().len()), ("ab", MAX_CHARACTERS));
    assert!(audit.verify(None).unwrap().faults.is_empty());
}

/// Two commands without a server between them.
#[test]
fn two_processes_that_note_at_once_make_one_chain() {
    let (_folder, path) = written();
    let (one, two) = (Audit::open(&path).unwrap(), Audit::open(&path).unwrap());
    for minute in 0..3 {
        one.note(at(20 + minute), COMMAND, Deed::Rebuilt, None, None).unwrap();
        two.note(
            at(20 + minute),
            "c07",
            Deed::SawConsultant,
            Some("consultant:C07"),
            Some("6m-2026-11-22 as consultant"),
        )
        .unwrap();
    }
    let report = one.verify(None).unwrap();
    assert_eq!((report.entries, report.faults.len()), (11, 0));
    one.note(at(30), COMMAND, Deed::Rebuilt, None, None).unwrap();
    assert_eq!(
        one.opened("consultant:C07", "6m-2026-11-22"),
        Some(at(22)),
        "each learns what the other has noted"
    );
}
