//! Each check finds what it is for, and nothing is found where nothing is wrong.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::directory::DirectoryFile;
use wardvoice_protocol::fortnight::Calendar;

use super::*;
use crate::national_return::{NationalFile, tables};

/// A return with everything that is looked at, and nothing wrong with it.
struct Desk {
    directory: Directory,
    codes: NationalCodes,
    counts: BTreeMap<WardId, Tally>,
    recount: Recount,
    eligible: BTreeMap<WardId, u64>,
    as_of: Date,
    kiosks: Vec<(KioskId, WardId)>,
    gaps: Vec<(KioskId, Vec<Gap>)>,
    refused: u64,
    exported: Option<Exported>,
}

fn ward(id: &str) -> WardId {
    id.parse().unwrap()
}

fn codes(text: &str) -> NationalCodes {
    NationalCodes::try_from(toml::from_str::<NationalFile>(text).unwrap()).unwrap()
}

const CODES: &str = "icb_code = \"QXX\"\ntrust_code = \"RXX\"\nsites = { S1 = \"RXX01\", S2 = \"RXX02\" }\n\
    specialties = { general-medicine = \"300 - GENERAL MEDICINE\", general-surgery = \"100\" }";

impl Desk {
    fn new() -> Self {
        let mut tally = Tally::default();
        (0..7).for_each(|answer| tally.add(answer % 6, Mode::Alone));
        let counts: BTreeMap<WardId, Tally> = ["W1", "W2", "W3"].map(|id| (ward(id), tally)).into();
        let kiosk: KioskId = "k-1".parse().unwrap();
        Self {
            directory: crate::directory::example(),
            codes: codes(CODES),
            recount: Recount { wards: counts.clone(), heard: [kiosk.clone()].into(), ..Recount::default() },
            counts,
            eligible: ["W1", "W2", "W3"].map(|id| (ward(id), 7)).into(),
            as_of: "2026-11-07".parse().unwrap(),
            kiosks: vec![(kiosk.clone(), ward("W1"))],
            gaps: vec![(kiosk, Vec::new())],
            refused: 0,
            exported: None,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let month = Calendar::new("2026-01-05".parse().unwrap()).unwrap().period("2026-10").unwrap();
        let made = tables(&self.directory, &self.codes, (&month, self.as_of), &self.counts, &self.eligible);
        check(&Evidence {
            made: &made,
            digest: Hash::of(b"now"),
            recount: &self.recount,
            directory: &self.directory,
            codes: &self.codes,
            eligible: &self.eligible,
            final_after_days: 7,
            kiosks: &self.kiosks,
            gaps: &self.gaps,
            refused: self.refused,
            exported: self.exported.as_ref(),
        })
    }
}

/// Changes something and tells what is found, as check and what it is about.
#[track_caller]
fn finds(change: impl FnOnce(&mut Desk), expected: &[(&str, Option<&str>)]) -> Vec<Finding> {
    let mut desk = Desk::new();
    change(&mut desk);
    let findings = desk.findings();
    let found: Vec<(&str, Option<&str>)> =
        findings.iter().map(|finding| (finding.check, finding.about.as_deref())).collect();
    assert_eq!(found, expected);
    assert!(findings.iter().all(|finding| !finding.says.is_empty() && !finding.next.is_empty()));
    findings
}

fn rename(desk: &mut Desk, names: [&str; 2]) {
    let mut file: DirectoryFile = desk.directory.file().clone();
    for (ward, name) in file.wards.iter_mut().zip(names) {
        ward.name = name.to_owned();
    }
    desk.directory = Directory::try_from(file).unwrap();
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    finds(|_| (), &[]);
}

#[test]
fn counts_that_do_not_agree_are_found() {
    let found = finds(
        |desk| desk.recount.wards.entry(ward("W2")).or_default().add(0, Mode::Alone),
        &[("reconcile", Some("W2"))],
    );
    assert_eq!(found.first().unwrap().says, "the return counts 7 answers and the log holds 8");
    // The same number of other answers is no agreement.
    finds(
        |desk| {
            let tally = desk.recount.wards.get_mut(&ward("W2")).unwrap();
            tally.answers.very_good -= 1;
            tally.answers.poor += 1;
        },
        &[("reconcile", Some("W2"))],
    );
    finds(
        |desk| {
            let tally = *desk.counts.get(&ward("W1")).unwrap();
            desk.recount.wards.insert(ward("W9"), tally);
        },
        &[("reconcile", Some("W9"))],
    );
    finds(|desk| desk.recount.unreadable = 1, &[("reconcile", None)]);
}

#[test]
fn a_month_that_is_not_over_or_not_settled_is_found() {
    finds(|desk| desk.as_of = "2026-10-30".parse().unwrap(), &[("month_not_over", None)]);
    finds(|desk| desk.as_of = "2026-10-31".parse().unwrap(), &[("provisional", None)]);
    finds(|desk| desk.as_of = "2026-11-06".parse().unwrap(), &[("provisional", None)]);
}

#[test]
fn what_has_not_come_is_found() {
    let kiosk = || "k-1".parse::<KioskId>().unwrap();
    let found =
        finds(|desk| desk.gaps = vec![(kiosk(), vec![Gap { first: 3, last: 5 }])], &[("gap", Some("k-1"))]);
    assert!(found.first().unwrap().says.starts_with("3 records"));
    finds(|desk| desk.recount.heard.clear(), &[("silent_kiosk", Some("k-1"))]);
    finds(|desk| desk.refused = 2, &[("quarantine", None)]);
    finds(
        |desk| {
            desk.counts.remove(&ward("W3"));
            desk.recount.wards.remove(&ward("W3"));
        },
        &[("no_answers", Some("W3"))],
    );
}

#[test]
fn eligible_patients_are_there_and_enough() {
    finds(|desk| assert!(desk.eligible.remove(&ward("W1")).is_some()), &[("eligible_missing", Some("W1"))]);
    finds(
        |desk| assert_eq!(desk.eligible.insert(ward("W1"), 6), Some(7)),
        &[("more_answers_than_eligible", Some("W1"))],
    );
    finds(|desk| assert_eq!(desk.eligible.insert(ward("W9"), 6), None), &[("unknown_ward", Some("W9"))]);
}

#[test]
fn two_wards_that_could_be_taken_for_one_are_found() {
    finds(|desk| rename(desk, ["Ward A", " ward  a"]), &[("ward_twice", Some("W2"))]);
    finds(|desk| rename(desk, ["Ward A", "Ward B"]), &[]);
}

#[test]
fn codes_are_there_and_look_like_codes() {
    let without = |line: &str| CODES.replace(line, "");
    finds(|desk| desk.codes = codes(&without("icb_code = \"QXX\"\n")), &[("code_missing", Some("board"))]);
    finds(|desk| desk.codes = codes(&without(", S2 = \"RXX02\"")), &[("code_missing", Some("S2"))]);
    finds(|desk| desk.codes = codes(&CODES.replace("RXX\"", "rx\"")), &[("code_shape", Some("trust"))]);
    finds(|desk| desk.codes = codes(&CODES.replace("RXX02", "RXX2")), &[("code_shape", Some("S2"))]);
    finds(
        |desk| desk.codes = codes(&CODES.replace("\"100\"", "\"Surgery\"")),
        &[("code_shape", Some("general-surgery"))],
    );
    finds(
        |desk| desk.codes = codes(&CODES.replace("S2 =", "S9 =")),
        &[("code_missing", Some("S2")), ("unknown_code", Some("S9"))],
    );
}

#[test]
fn an_export_that_is_no_longer_so_is_found() {
    let exported = |digest: &[u8], responses: u64, of: u64| Exported {
        month: "2026-10".to_owned(),
        as_of: "2026-11-05".parse().unwrap(),
        responses,
        wards: [("W1", of), ("W2", 7), ("W3", 7)].map(|(id, count)| (ward(id), count)).into(),
        digest: Hash::of(digest),
    };
    finds(|desk| desk.exported = Some(exported(b"now", 21, 7)), &[]);
    let found = finds(|desk| desk.exported = Some(exported(b"then", 20, 6)), &[("differs_from_export", None)]);
    assert_eq!(
        found.first().unwrap().says,
        "the export as of 2026-11-05 had 20 answers and this has 21; wards W1"
    );
    let found = finds(|desk| desk.exported = Some(exported(b"then", 21, 7)), &[("differs_from_export", None)]);
    assert!(found.first().unwrap().says.contains("same answers"));
}

#[test]
fn the_return_is_due_on_the_ninth_working_day() {
    let check = |last: &str, expected: &str| {
        assert_eq!(due(last.parse().unwrap()), expected.parse::<Date>().unwrap(), "{last}");
    };
    // November 2026 begins on a Sunday, August on a Saturday, October on a Thursday.
    check("2026-10-31", "2026-11-12");
    check("2026-07-31", "2026-08-13");
    check("2026-09-30", "2026-10-13");
}
