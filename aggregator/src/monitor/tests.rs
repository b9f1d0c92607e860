//! The monitor against generated trusts: an honest one says next to nothing, each kind of trouble is found.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::time::{Duration, Instant};

use jiff::ToSpan as _;
use jiff::civil::Date;
use wardvoice_protocol::contact::Mode;

use super::*;
use made_up::Trust;

mod made_up;

const PERIOD: &str = "2026-F23";

fn first() -> Date {
    Date::constant(2026, 11, 9)
}

fn report(trust: &Trust) -> Report {
    monitor(PERIOD, first(), first().saturating_add(13.days()), &trust.observations)
}

/// The kinds that were found, with their units.
fn found(report: &Report) -> Vec<(Kind, &str)> {
    report.findings.iter().map(|finding| (finding.kind, finding.unit.as_str())).collect()
}

#[test]
fn an_honest_trust_has_hardly_any_findings() {
    let mut findings = Vec::new();
    for seed in 1..=30 {
        let report = report(&Trust::honest(seed));
        for check in report.checks.iter().filter(|check| check.kind != Kind::Interviewers) {
            assert!(check.compared > 0, "{seed}: {check:?} compared nothing and could find nothing");
        }
        findings.extend(report.findings.into_iter().map(|finding| (seed, finding.sentence)));
    }
    // Seven checks over thirty periods at 5 % each would have about ten; the least differences leave fewer.
    assert!(findings.len() <= 4, "{findings:#?}");
}

#[test]
fn wards_that_differ_and_get_better_are_no_trouble_with_the_asking() {
    let mut findings = Vec::new();
    for seed in 1..=10 {
        let trust = Trust::honest(seed).with_wards_of_their_own();
        findings.extend(report(&trust).findings.into_iter().map(|finding| (seed, finding.sentence)));
    }
    assert!(findings.len() <= 2, "{findings:#?}");
}

#[test]
fn a_ward_that_is_suddenly_asked_in_another_way_is_found() {
    let trust = Trust::honest(1).spoilt(|one, dice| {
        if one.ward.as_str() == "W3" && dice.happens(0.9) {
            one.mode = Mode::Interview;
        }
    });
    let report = report(&trust);
    assert_eq!(found(&report), [(Kind::ModeMix, "ward:W3")]);
    let finding = report.findings.first().unwrap();
    assert!(finding.observed > finding.upper.unwrap() && finding.n >= 15, "{finding:?}");
    assert!(finding.sentence.contains("read aloud"), "{}", finding.sentence);
}

#[test]
fn a_trust_that_is_suddenly_asked_in_another_way_is_found() {
    let trust = Trust::honest(2).spoilt(|one, dice| {
        if one.mode == Mode::Interview && dice.happens(0.7) {
            one.mode = Mode::Alone;
        }
    });
    assert!(found(&report(&trust)).contains(&(Kind::ModeMix, "trust")));
}

#[test]
fn a_mode_that_suddenly_gives_other_results_is_found() {
    let trust = Trust::honest(3).spoilt(|one, _| {
        if one.mode == Mode::Interview {
            one.move_score(-1.4);
        }
    });
    let report = report(&trust);
    assert!(found(&report).contains(&(Kind::ModeResults, "mode:interview")), "{:?}", found(&report));
}

#[test]
fn a_kiosk_on_which_nobody_declines_any_more_and_one_on_which_half_do_are_found() {
    let none = Trust::honest(4).spoilt(|one, dice| {
        if one.kiosk.as_str() == "k-5" && one.outcome.has_response() && dice.happens(0.6) {
            one.declines();
        }
    });
    assert_eq!(found(&report(&none)), [(Kind::Refusals, "kiosk:k-5")]);
}

#[test]
fn sheets_that_are_filled_in_alike_are_found() {
    for (line, says) in [(Line::Best, "the best option"), (Line::Other, "lesser option")] {
        let trust = Trust::honest(5).spoilt(|one, dice| {
            if one.kiosk.as_str() == "k-7" && dice.happens(0.8) {
                one.set_line(line);
            }
        });
        let report = report(&trust);
        let straight = report.findings.iter().find(|finding| finding.kind == Kind::StraightLines).unwrap();
        assert!(straight.unit == "kiosk:k-7" && straight.sentence.contains(says), "{}", straight.sentence);
        // Whoever fills in sheets alike fills in scores as well; nobody else is found.
        assert!(found(&report).iter().all(|(_, unit)| *unit == "kiosk:k-7"), "{:?}", found(&report));
    }
}

#[test]
fn a_kiosk_that_always_has_sheets_alike_is_not_its_own_measure() {
    let trust = Trust::honest(6).spoilt_always(|one, dice| {
        if one.kiosk.as_str() == "k-7" && dice.happens(0.8) {
            one.set_line(Line::Best);
        }
    });
    assert!(found(&report(&trust)).contains(&(Kind::StraightLines, "kiosk:k-7")));
}

#[test]
fn more_answers_at_once_than_people_can_give_are_found() {
    let day = Date::constant(2026, 11, 12);
    let mut trust = Trust::honest(7);
    trust.adds("k-2", "W2", day, 14, 6);
    let of_quarter = report(&trust);
    assert_eq!(found(&of_quarter), [(Kind::Bursts, "kiosk:k-2")]);
    let finding = of_quarter.findings.first().unwrap();
    assert_eq!(finding.day, Some(day));
    assert!(finding.sentence.contains("12 November 2026"), "{}", finding.sentence);
    // Sixteen in an hour, spread over its quarters.
    let mut slower = Trust::honest(7);
    slower.spreads("k-2", "W2", day, 14, 16);
    let report = report(&slower);
    assert!(report.findings.iter().any(|finding| finding.sentence.contains("hour, from 14:00")), "{report:?}");
    // Five in a quarter are quick and can be.
    let mut quick = Trust::honest(7);
    quick.adds("k-2", "W2", day, 20, 5);
    assert!(self::report(&quick).findings.is_empty());
}

#[test]
fn answers_in_the_small_hours_are_found() {
    let day = Date::constant(2026, 11, 15);
    let mut read_aloud = Trust::honest(8);
    read_aloud.adds("k-3", "W3", day, 3, 2);
    read_aloud.last(2, |one| one.mode = Mode::Interview);
    let report = report(&read_aloud);
    assert_eq!(found(&report), [(Kind::SmallHours, "kiosk:k-3")]);
    assert!(report.findings.first().unwrap().sentence.contains("somebody beside the patient"));
    // One patient who cannot sleep is nobody's business.
    let mut one_alone = Trust::honest(8);
    one_alone.adds("k-3", "W3", day, 3, 1);
    one_alone.last(1, |one| one.mode = Mode::Alone);
    assert!(self::report(&one_alone).findings.is_empty());
    let mut many_alone = Trust::honest(8);
    (0..3).for_each(|hour| many_alone.adds("k-3", "W3", day, 1 + hour, 3));
    many_alone.last(9, |one| one.mode = Mode::Alone);
    assert_eq!(found(&self::report(&many_alone)), [(Kind::SmallHours, "kiosk:k-3")]);
}

#[test]
fn a_tablet_whose_own_clock_alone_says_so_is_said_and_one_without_a_time_left_out() {
    let day = Date::constant(2026, 11, 15);
    let mut trust = Trust::honest(9);
    trust.adds("k-3", "W3", day, 3, 3);
    trust.last(3, |one| {
        one.mode = Mode::Interview;
        one.moment = one.moment.map(|moment| Moment { uncorrected: true, ..moment });
    });
    let sentence = report(&trust).findings.first().unwrap().sentence.clone();
    assert!(sentence.contains("own clock"), "{sentence}");
    trust.last(3, |one| one.moment = None);
    let report = report(&trust);
    assert!(report.findings.is_empty());
    let left_out = |kind| report.checks.iter().find(|check| check.kind == kind).unwrap().left_out;
    assert_eq!((left_out(Kind::Bursts), left_out(Kind::SmallHours)), (3, 3));
}

#[test]
fn a_round_far_from_the_others_is_found_and_a_kiosk_with_many_of_them_once() {
    let day = Date::constant(2026, 11, 18);
    let mut one_day = Trust::honest(10);
    one_day.visits("k-4", "W4", day, 12, 9.9);
    let report = report(&one_day);
    let rounds: Vec<_> = report.findings.iter().map(|one| (one.kind, one.unit.as_str(), one.day)).collect();
    assert!(
        rounds.contains(&(Kind::Interviewers, "kiosk:k-4", Some(day)))
            || rounds.contains(&(Kind::Interviewers, "kiosk:k-4", None)),
        "{rounds:?}"
    );
    let mut always = Trust::honest(10);
    (0..5).for_each(|later| always.visits("k-4", "W4", day.saturating_sub(later.days()), 12, 4.0));
    let report = self::report(&always);
    let of_kiosk = report.findings.iter().filter(|one| one.kind == Kind::Interviewers).count();
    assert_eq!(of_kiosk, 1, "{:?}", found(&report));
}

#[test]
fn few_people_are_no_finding_whatever_they_did() {
    let mut trust = Trust::honest(11);
    trust.observations.retain(|one| one.day < first());
    trust.visits("k-4", "W4", first(), 5, 1.0);
    trust.last(5, |one| one.set_line(Line::Other));
    let report = report(&trust);
    assert_eq!(found(&report), []);
    assert!(
        report
            .checks
            .iter()
            .all(|check| check.compared == 0 || matches!(check.kind, Kind::Bursts | Kind::SmallHours))
    );
}

#[test]
fn an_empty_trust_is_no_finding() {
    let report = monitor(PERIOD, first(), first(), &[]);
    assert_eq!((report.contacts, report.responses, report.findings.len()), (0, 0, 0));
    assert_eq!(report.checks.len(), Kind::ALL.len());
    insta::assert_json_snapshot!("checks", report.checks);
}

#[test]
fn ten_thousands_of_contacts_are_looked_at_in_a_moment() {
    let trust = Trust::large(12, 40_000);
    let began = Instant::now();
    let report = report(&trust);
    assert!(report.contacts + report.past_responses > 20_000, "{}", report.contacts);
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
}

#[test]
fn a_finding_that_was_looked_at_stands_apart_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.ndjson");
    let mut trust = Trust::honest(7);
    trust.adds("k-2", "W2", Date::constant(2026, 11, 12), 14, 9);
    let report = report(&trust);
    let finding = report.findings.first().unwrap();
    let (office, now) = ("office".parse().unwrap(), "2026-11-20T12:00:00Z".parse().unwrap());
    {
        let marks = Marks::open(&path).unwrap();
        for note in ["", "  ", "two\nlines", &"x".repeat(301)] {
            assert!(matches!(marks.look(finding, &office, note, now), Err(MarksError::Note)), "{note:?}");
        }
        marks.look(finding, &office, " a training session ", now).unwrap();
    }
    let marks = Marks::open(&path).unwrap();
    let marked = report.clone().with(&marks);
    let (open, seen) = marked.apart();
    assert_eq!((open.len(), seen.len()), (0, 1));
    let mark = seen.first().unwrap().looked_at.clone().unwrap();
    assert_eq!((mark.note.as_str(), mark.by.as_str(), mark.n), ("a training session", "office", finding.n));
    marks.take_back(&finding.id, &office, now).unwrap();
    assert!(matches!(marks.take_back(&finding.id, &office, now), Err(MarksError::NotMarked(_))));
    drop(marks);
    assert_eq!(report.with(&Marks::open(&path).unwrap()).apart().0.len(), 1);
}
