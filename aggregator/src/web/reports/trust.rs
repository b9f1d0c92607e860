//! What is of the whole trust: the board's report and the half year.

use std::sync::{Arc, PoisonError, RwLockReadGuard};

use wardvoice_paper::{Board, Cell, HalfYear, Matrix, MatrixRow, Paper, Report, Table, VERSION};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::{ReportError, parts, ward};
use crate::facts::{Facts, LogHead};
use crate::operations::ActionLine;
use crate::scoring::{Comparison, Measure, ScoreSheet, Signal, assurance_words, by_name, variation_words};
use crate::web::board::{self, parts as pictures};
use crate::web::books::Books;
use crate::web::charts::{Window, icons};
use crate::web::signals::Outlook;
use crate::web::words::{self, Scale};

/// What both say of the trust.
struct Trust {
    name: String,
    sheet: Arc<ScoreSheet>,
    outlook: Arc<Outlook>,
    actions: Vec<ActionLine>,
    /// The trust's own, which its charts have flags for.
    flagged: Vec<ActionLine>,
    comparison: Arc<Option<Comparison>>,
    head: Option<LogHead>,
}

fn locked<'a>(books: &Books<'a>) -> RwLockReadGuard<'a, Facts> {
    books.facts.read().unwrap_or_else(PoisonError::into_inner)
}

fn trust(books: &Books<'_>, facts: &Facts, period: &Period) -> Result<Trust, ReportError> {
    let entry = &books.directory.file().trust;
    let unit = Unit::Trust(entry.id.clone());
    let outlook = books.outlook(facts, &unit, period)?;
    let compared = books.compared(&outlook.fortnights, period);
    let actions = books.actions(facts, None);
    Ok(Trust {
        name: entry.name.clone(),
        sheet: books.sheet(facts, &unit, period)?,
        comparison: books.comparison(facts, &unit, &compared, &Measure::Overall)?,
        flagged: books.flagged(&unit, &actions),
        actions,
        head: facts.head(),
        outlook,
    })
}

fn paper(books: &Books<'_>, trust: &Trust, period: &Period, title: &str, report: Report) -> Paper {
    let title = format!("{title}: {}", words::period(period));
    let notices = ward::notices(books, &trust.sheet, period, None);
    Paper {
        version: VERSION,
        front: parts::front(books, (title, trust.name.clone(), parts::of_period(period)), notices),
        foot: parts::foot(&trust.sheet, trust.head),
        report,
    }
}

/// What the board reviews.
pub(super) fn board(books: &Books<'_>, period: Period) -> Result<Paper, ReportError> {
    let facts = locked(books);
    let trust = trust(books, &facts, &period)?;
    let mut rows = Vec::new();
    for entry in books.directory.wards() {
        rows.push((entry.name.clone(), books.outlook(&facts, &Unit::Ward(entry.id.clone()), &period)?));
    }
    drop(facts);
    rows.sort_by(|(left, _), (right, _)| by_name(left, right));
    let report = Board {
        overall: parts::overall(&trust.sheet, &trust.outlook, &trust.flagged),
        changed: parts::changed(&trust.outlook),
        matrix: matrix(&trust.outlook, &rows),
        spread: (*trust.comparison).as_ref().map(|comparison| parts::spread(comparison, &period)),
        actions: parts::actions(books, &trust.actions),
        coverage: parts::coverage(books, &trust.sheet),
        help: board::help::lines(&books.help_times(), books.longest_wait()).to_vec(),
    };
    Ok(paper(books, &trust, &period, "Board", Report::Board(Box::new(report))))
}

/// Signal or chance, ward by ward.
fn matrix(trust: &Outlook, rows: &[(String, Arc<Outlook>)]) -> Matrix {
    let measures: Vec<&Signal> = trust.signals.iter().filter(|signal| !signal.measure.is_problem()).collect();
    let cell = |signal: &Signal| {
        let of = format!("{}, {}", signal.unit_name, signal.label);
        let assurance = icons::assurance(signal).zip(assurance_words(signal));
        Cell {
            variation: parts::drawing(icons::variation(signal), format!("{of}: {}", variation_words(signal))),
            assurance: assurance.map(|(icon, said)| parts::drawing(icon, said)),
            value: pictures::value(signal),
        }
    };
    Matrix {
        note: pictures::what_pictures_mean(measures.iter().any(|signal| signal.target.is_some())),
        columns: measures.iter().map(|signal| signal.label.clone()).collect(),
        rows: rows
            .iter()
            .map(|(ward, outlook)| MatrixRow {
                ward: ward.clone(),
                cells: measures.iter().map(|column| outlook.get(&column.measure).map(cell)).collect(),
            })
            .collect(),
    }
}

/// A half year of the trust as it stood on a day.
pub(super) fn half_year(books: &Books<'_>, period: Period) -> Result<Paper, ReportError> {
    let facts = locked(books);
    let trust = trust(books, &facts, &period)?;
    let wards = wards(books, &facts, &period)?;
    drop(facts);
    let window = Window::of(trust.outlook.scores());
    let domains =
        trust.sheet.domains.iter().map(|domain| parts::domain(domain, &trust.outlook, &trust.flagged, window));
    let report = HalfYear {
        overall: parts::overall(&trust.sheet, &trust.outlook, &trust.flagged),
        reach: parts::reach(&trust.sheet, &period),
        changed: parts::changed(&trust.outlook),
        domains: domains.collect(),
        friends: parts::friends(&trust.sheet, &trust.outlook),
        wards,
        spread: (*trust.comparison).as_ref().map(|comparison| parts::spread(comparison, &period)),
        actions: parts::actions(books, &trust.actions),
        coverage: parts::coverage(books, &trust.sheet),
    };
    let mut paper = paper(books, &trust, &period, "Six-monthly snapshot", Report::HalfYear(Box::new(report)));
    let as_of = format!("As it stood on {}. What came later is not in it.", words::day(books.today));
    paper.front.notices.push(as_of);
    Ok(paper)
}

/// Every ward's overall score in alphabetical order.
fn wards(books: &Books<'_>, facts: &Facts, period: &Period) -> Result<Table, ReportError> {
    let mut rows = Vec::new();
    for entry in books.directory.wards() {
        let sheet = books.sheet(facts, &Unit::Ward(entry.id.clone()), period)?;
        let figure = &sheet.overall;
        let dash = || "–".to_owned();
        rows.push(vec![
            entry.name.clone(),
            figure.value.map_or_else(dash, |value| Scale::Points.write(value)),
            words::count(figure.n),
            words::interval(figure, Scale::Points).unwrap_or_else(dash),
            sheet.friends_and_family.positive.value.map_or_else(dash, |value| Scale::PerCent.write(value)),
            words::count(sheet.friends_and_family.positive.n),
        ]);
    }
    rows.sort_by(|left, right| by_name(name(left), name(right)));
    let labels = [
        ("Ward", false),
        ("Overall", true),
        ("n", true),
        ("95% interval", true),
        ("Friends and family, positive", true),
        ("n", true),
    ];
    let note = "In alphabetical order: with these intervals an order of scores would be mostly chance.".to_owned();
    Ok(parts::table("Every ward", &labels, rows, Some(note)))
}

fn name(row: &[String]) -> &str {
    row.first().map_or("", String::as_str)
}
