//! Reports as they are gathered: what stands in a paper, and what never does.

use jiff::civil::Date;
use serde_json::Value;
use wardvoice_paper::{Paper, Report, Size, Whose};

use super::desk::{Bench, ward};
use crate::actions::{Cause, NewAction};
use crate::appraisal::{Looker, note_look, window_to};
use crate::comments::{Reach, Tone, Wish};
use crate::disputes::Ruling;
use crate::policy::Audience;
use crate::publication::{PartCount, Release, Subject};
use crate::releases::Releases;
use crate::web::books::Books;
use crate::web::histories::Histories;
use crate::web::reports::{PosterAsk, ReportAsk, YouSaidAsk, consultant_paper, gather};
use crate::web::sheets::Sheets;

const TODAY: Date = Date::constant(2026, 11, 20);

/// Does something with the books of a bench.
fn with<T>(bench: &Bench, releases: Option<&Releases>, work: impl FnOnce(&Books<'_>) -> T) -> T {
    let desk = &bench.desk;
    let (sheets, histories) = (Sheets::default(), Histories::default());
    work(&Books {
        directory: &desk.world.directory,
        scoring: &desk.scoring,
        facts: &desk.facts,
        actions: &desk.actions,
        rebases: &desk.rebases,
        releases: releases.unwrap_or(&desk.releases),
        comments: &desk.comments,
        disputes: &desk.disputes,
        help: &desk.help,
        delivery: &desk.delivery,
        sheets: &sheets,
        histories: &histories,
        demonstration: desk.demonstration,
        now: super::desk::noon(),
        today: TODAY,
    })
}

fn paper(bench: &Bench, ask: &ReportAsk) -> Paper {
    with(bench, None, |books| gather(books, ask)).unwrap().unwrap()
}

fn error(bench: &Bench, ask: &ReportAsk) -> String {
    with(bench, None, |books| gather(books, ask)).unwrap_err().to_string()
}

fn json(paper: &Paper) -> String {
    serde_json::to_string(paper).unwrap()
}

fn you_said(unit: &str, language: &str) -> ReportAsk {
    let (unit, language) = (unit.parse().unwrap(), language.parse().unwrap());
    ReportAsk::YouSaid(YouSaidAsk { unit, language, size: Size::A4, approved: false })
}

fn of_ward(id: &str, period: Option<&str>) -> ReportAsk {
    ReportAsk::Ward { ward: ward(id), period: period.map(str::to_owned), as_of: None }
}

fn change(bench: &Bench, said: &str) {
    let days = [Date::constant(2026, 9, 1), Date::constant(2026, 9, 21)];
    bench.acted("ward:W1", [said, "Soft bins."], None, days);
}

#[tokio::test]
async fn a_ward_says_on_paper_what_its_page_says() {
    let bench = Bench::lively(true).await;
    change(&bench, "It is loud at night.");
    let paper = paper(&bench, &of_ward("W1", None));
    let page = bench.get("/ward/W1").send().await.unwrap().text().await.unwrap();
    let Report::WardFortnight(report) = &paper.report else { unreachable!("{paper:?}") };
    assert_eq!(paper.foot.n, Some(31));
    assert_eq!(paper.foot.standing.as_deref(), Some("provisional"));
    assert!(paper.front.notices.iter().any(|notice| notice.contains("made up")), "{:?}", paper.front.notices);
    let overall = report.overall.figure.value.clone().unwrap();
    let interval = report.overall.figure.interval.clone().unwrap();
    assert!(page.contains(&format!("<b>{overall}</b>")), "{overall}");
    assert!(page.contains(&format!("n 31, 95% interval {interval}")), "{interval}");
    for finding in &report.changed {
        let said = finding.says.split(". ").last().unwrap();
        assert!(page.contains(said), "{said}");
    }
    for line in &report.not_shown {
        assert!(page.contains(line.as_str()), "{line}");
    }
    for domain in &report.domains {
        let chart = domain.chart.as_ref().unwrap();
        assert!(page.contains(&chart.svg), "the drawing of {} is another", domain.label);
        assert!(!chart.alt.trim().is_empty());
    }
    assert_eq!(report.actions.first().unwrap().said, "It is loud at night.");
    assert_eq!(json(&paper), json(&self::paper(&bench, &of_ward("W1", None))), "the same facts, the same paper");
}

#[tokio::test]
async fn empty_and_unknown_wards_and_periods_are_said() {
    let bench = Bench::lively(false).await;
    let empty = paper(&bench, &of_ward("W3", None));
    assert!(
        empty.front.notices.iter().any(|notice| notice.contains("No answers yet")),
        "{:?}",
        empty.front.notices
    );
    assert!(!json(&empty).contains("made up"));
    let check = |ask: &ReportAsk, says: &str| {
        let error = error(&bench, ask);
        assert!(error.contains(says), "{error}");
    };
    check(&of_ward("W9", None), "find ward W9");
    check(&of_ward("W1", Some("soon")), "read the period soon");
    check(&of_ward("W1", Some("2027-F05")), "still to come");
    let half = |half: &str| ReportAsk::HalfYear { half: Some(half.to_owned()), as_of: None };
    check(&half("2026-11"), "write 2026-H1");
    check(&half("2027-H1"), "still to come");
}

#[tokio::test]
async fn the_board_and_the_half_year_hold_every_ward() {
    let bench = Bench::lively(false).await;
    let due = NewAction {
        unit: "ward:W1".parse().unwrap(),
        said: "It is loud.".to_owned(),
        did: "Soft bins.".to_owned(),
        owner: None,
        about: None,
        due: Some(Date::constant(2026, 11, 1)),
        cause: Cause::default(),
    };
    let number = bench.desk.actions.add(due.clone(), Date::constant(2026, 10, 1)).unwrap().number;
    bench.desk.actions.finish(number, Date::constant(2026, 10, 20)).unwrap();
    bench.desk.actions.add(due, Date::constant(2026, 10, 1)).unwrap();
    let board = paper(&bench, &ReportAsk::Board { period: None, as_of: None });
    let Report::Board(report) = &board.report else { unreachable!("{board:?}") };
    let wards: Vec<&str> = report.matrix.rows.iter().map(|row| row.ward.as_str()).collect();
    assert_eq!(wards.len(), bench.desk.world.directory.wards().len());
    assert!(report.matrix.rows.iter().all(|row| row.cells.len() == report.matrix.columns.len()));
    let counted = |label: &str| report.actions.counts.iter().find(|one| one.label == label).map(|one| one.count);
    let loops =
        ["fell due in the last year", "of those that fell due, done", "of those that fell due, done by the day"];
    assert_eq!(loops.map(counted), [Some(2), Some(1), Some(1)]);
    assert!(
        report.help[1].contains("0 had to go on to another contact; 0 were never seen by anybody."),
        "{:?}",
        report.help
    );
    let half = paper(&bench, &ReportAsk::HalfYear { half: None, as_of: None });
    assert_eq!(half.front.title, "Six-monthly snapshot: January to June 2026");
    let half = paper(&bench, &ReportAsk::HalfYear { half: Some("2026-H2".to_owned()), as_of: None });
    let Report::HalfYear(report) = &half.report else { unreachable!("{half:?}") };
    assert_eq!(report.wards.rows.len(), wards.len());
    assert!(half.front.notices.iter().any(|notice| notice.contains("As it stood on 20 November 2026")));
}

fn appraisal(bench: &Bench, audience: Audience) -> Paper {
    let desk = &bench.desk;
    let seen = {
        let facts = desk.facts.read().unwrap();
        let (world, settings, disputes) = (&desk.scoring, &desk.policy, &desk.disputes);
        let looker = Looker { facts: &facts, world, settings, disputes, today: TODAY };
        let chosen = looker.offers(&"C1".parse().unwrap()).unwrap().last(audience).unwrap();
        looker.look(note_look(&desk.audit, super::desk::noon(), "board", chosen).unwrap()).unwrap()
    };
    with(bench, None, |books| consultant_paper(books, &seen)).unwrap()
}

#[tokio::test]
async fn what_others_may_not_see_of_a_consultant_is_not_on_paper() {
    let bench = Bench::empty(false).await;
    bench.patients_of("C1", Date::constant(2026, 11, 3), [20, 7, 3]);
    let own = appraisal(&bench, Audience::Consultant);
    let Report::ConsultantAppraisal(report) = &own.report else { unreachable!("{own:?}") };
    assert_eq!((own.foot.n, report.patients, report.reliable), (Some(30), Some(30), true));
    assert!(report.score.as_ref().unwrap().value.is_some() && !report.questions.is_empty());
    assert!(own.front.notices.iter().any(|notice| notice.starts_with("Private. You see this first")));
    let others = appraisal(&bench, Audience::Board);
    let Report::ConsultantAppraisal(report) = &others.report else { unreachable!("{others:?}") };
    assert_eq!((others.foot.n, report.patients, &report.score, &report.bar), (None, None, &None, &None));
    assert!(report.questions.is_empty() && report.trust.is_empty() && report.comments.is_empty());
    assert!(report.specialty.is_some() && !report.withheld.is_empty());
    let few = Bench::empty(false).await;
    few.patients_of("C1", Date::constant(2026, 11, 3), [2, 1, 0]);
    let own = appraisal(&few, Audience::Consultant);
    let Report::ConsultantAppraisal(report) = &own.report else { unreachable!("{own:?}") };
    assert_eq!((report.patients, &report.score), (Some(3), &None));
    assert!(report.questions.is_empty(), "{report:?}");
}

#[tokio::test]
async fn a_comment_of_a_patient_who_was_not_the_consultants_is_not_on_paper() {
    let mut bench = Bench::empty(false).await;
    bench.patients_of("C1", Date::constant(2026, 11, 3), [20, 7, 3]);
    let said = Some(("good", "The doctor explained it."));
    let comment = bench.writes_of(Some("C1"), "W1", "2026-11-04T10:15:00Z", said);
    bench.decides(&comment, &Wish::Code(["doctors".parse().unwrap()].into()));
    bench.decides(&comment, &Wish::Release(Tone::Praise, Reach::Staff));
    let comments = |bench: &Bench| {
        let paper = appraisal(bench, Audience::Consultant);
        let Report::ConsultantAppraisal(report) = &paper.report else { unreachable!("{paper:?}") };
        report.comments.len()
    };
    assert_eq!(comments(&bench), 1);
    let desk = &bench.desk;
    let window = window_to(desk.scoring.calendar(), Date::constant(2026, 11, 8)).unwrap();
    let contacts = desk.attributed.of(&"C1".parse().unwrap(), &window, &desk.scoring, TODAY).unwrap();
    let at = super::desk::noon();
    let dispute = desk.disputes.dispute(contacts.first().unwrap(), "on leave", TODAY, at).unwrap();
    desk.disputes.rule(dispute.number, Ruling::Upheld, "so it was", TODAY, at).unwrap();
    assert_eq!(comments(&bench), 0);
}

fn release(unit: &str, period: &str, best: u64, rest: u64) -> Release {
    let part = |name: &str, people| PartCount { name: name.to_owned(), people };
    Release {
        subject: Subject::Question {
            questionnaire: "inpatient".parse().unwrap(),
            question: "kindness".parse().unwrap(),
        },
        unit: unit.parse().unwrap(),
        wards: vec![ward("W1")],
        period: period.to_owned(),
        first_day: "2026-10-01".parse().unwrap(),
        last_day: "2026-10-31".parse().unwrap(),
        as_of: "2026-11-08".parse().unwrap(),
        parts: vec![part("best", best), part("other", rest)],
    }
}

#[tokio::test]
async fn a_poster_reads_what_was_released_and_nothing_else() {
    let bench = Bench::lively(false).await;
    change(&bench, "It is loud at night.");
    let ask = |language: &str| PosterAsk {
        ward: ward("W1"),
        language: language.parse().unwrap(),
        size: Size::A4,
        approved: false,
    };
    let poster = |releases: Option<&Releases>, language: &str| {
        let paper = with(&bench, releases, |books| gather(books, &ReportAsk::Poster(ask(language)))).unwrap();
        let Report::WardPoster(report) = paper.clone().unwrap().report else { unreachable!() };
        (paper.unwrap(), report)
    };
    let (paper, report) = poster(None, "en");
    assert_eq!(report.figures, [], "hundreds have answered and nothing was released");
    assert_eq!(report.changes.len(), 1);
    assert_eq!(paper.foot.n, None);
    let folder = tempfile::tempdir().unwrap();
    let releases = Releases::open(folder.path().join("releases.ndjson")).unwrap();
    let made =
        |_: &[Release]| Ok::<_, crate::line_file::LineFileError>(vec![release("ward:W1", "2026-10", 57, 4)]);
    releases.release(made).unwrap();
    let (_, report) = poster(Some(&releases), "en");
    let figure = report.figures.first().unwrap();
    assert_eq!((figure.percent, figure.people, &figure.of), (93, 61, &Whose::ThisWard));
    assert_eq!((figure.first_day.as_str(), figure.last_day.as_str()), ("2026-10-01", "2026-10-31"));
    let (paper, report) = poster(Some(&releases), "ur");
    assert_eq!(paper.front.language, "ur");
    assert!(paper.front.notices.iter().any(|notice| notice.contains("Not checked")), "{:?}", paper.front.notices);
    let figure = report.figures.first().unwrap();
    assert!(!figure.question.is_ascii() && !figure.answer.is_ascii(), "{figure:?}");
    assert_eq!(report.changes.first().unwrap().language.as_deref(), Some("en"));
    let unknown = error(&bench, &ReportAsk::Poster(ask("fr")));
    assert!(unknown.contains("posters are made in ar, bn"), "{unknown}");
    let nothing = you_said("ward:W2", "en");
    assert!(error(&bench, &nothing).contains("`action done`"));
}

#[tokio::test]
async fn a_poster_of_changes_is_a_wards_or_a_larger_units() {
    let bench = Bench::lively(false).await;
    change(&bench, "It is loud at night.");
    let days = [Date::constant(2026, 9, 1), Date::constant(2026, 9, 22)];
    bench.acted("department:medicine", ["Tea is cold.", "New flasks."], None, days);
    let said = |unit: &str| -> (String, Vec<String>) {
        let paper = with(&bench, None, |books| gather(books, &you_said(unit, "en"))).unwrap().unwrap();
        let Report::YouSaidWeDid(report) = &paper.report else { unreachable!() };
        (paper.front.title.clone(), report.changes.iter().map(|change| change.said.clone()).collect())
    };
    let (title, changes) = said("department:medicine");
    assert!(title.starts_with("Medicine: you said"), "{title}");
    assert_eq!(changes, ["Tea is cold."], "what one of its wards did is the ward's");
    let (_, changes) = said("ward:W1");
    assert_eq!(changes, ["Tea is cold.", "It is loud at night."], "a ward's patients drink that tea");
    assert_eq!(said("ward:W3").1, ["Tea is cold."]);
    assert!(error(&bench, &you_said("trust:T1", "en")).contains("`action done`"));
    assert!(error(&bench, &you_said("specialty:respiratory", "en")).contains("find specialty:respiratory"));
    assert!(error(&bench, &you_said("ward:W9", "en")).contains("find ward W9"));
}

#[tokio::test]
async fn without_the_program_a_download_says_what_is_missing() {
    let bench = Bench::lively(true).await;
    let response = bench.get("/ward/W1/report.pdf").send().await.unwrap();
    assert_eq!(response.status(), 503);
    let body = response.text().await.unwrap();
    assert!(body.contains("Reports are not installed"), "{body}");
    let unknown = bench.get("/ward/W9/report.pdf").send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}

/// Nothing of a paper that the schema does not have, so that the two ends cannot drift.
#[tokio::test]
async fn a_paper_is_read_again_as_it_was_written() {
    let bench = Bench::lively(false).await;
    for ask in [of_ward("W1", None), ReportAsk::Board { period: None, as_of: None }] {
        let paper = paper(&bench, &ask);
        let value: Value = serde_json::to_value(&paper).unwrap();
        assert_eq!(serde_json::from_value::<Paper>(value).unwrap(), paper);
    }
}
