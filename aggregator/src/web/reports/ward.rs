//! A ward's fortnight, or another period of it.

use std::sync::PoisonError;

use jiff::ToSpan as _;
use wardvoice_paper::{Paper, Report, VERSION, WardFortnight};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use super::{ReportError, parts};
use crate::policy::Audience;
use crate::scoring::{Finding, Measure, ScoreSheet, Signal, Standing};
use crate::web::books::Books;
use crate::web::charts::Window;
use crate::web::{figures, words};

pub(super) fn paper(books: &Books<'_>, id: &WardId, period: Period) -> Result<Paper, ReportError> {
    let entry = books.directory.ward(id).ok_or_else(|| ReportError::NoWard(id.clone()))?;
    let unit = Unit::Ward(id.clone());
    let (sheet, outlook, actions, flagged, head) = {
        let facts = books.facts.read().unwrap_or_else(PoisonError::into_inner);
        let actions = books.actions(&facts, Some(&unit));
        let flagged = books.flagged(&unit, &actions);
        let sheet = books.sheet(&facts, &unit, &period)?;
        (sheet, books.outlook(&facts, &unit, &period)?, actions, flagged, facts.head())
    };
    books.comments.catch_up()?;
    let comments = books.comments.released(&unit, &period, Audience::Ward)?;
    let overall = outlook.get(&Measure::Overall);
    let window = Window::of(outlook.scores());
    let domains = sheet.domains.iter().map(|domain| parts::domain(domain, &outlook, &flagged, window));
    let report = WardFortnight {
        overall: parts::overall(&sheet, &outlook, &flagged),
        reach: parts::reach(&sheet, &period),
        changed: parts::changed(&outlook),
        domains: domains.collect(),
        friends: parts::friends(&sheet, &outlook),
        actions: actions.iter().map(|line| parts::action(line, None)).collect(),
        comments: parts::comments(comments),
        not_shown: figures::unshown(&sheet),
        numbers: overall.map(parts::numbers),
    };
    let title = format!("{}: {}", entry.name, words::period(&period));
    let notices = notices(books, &sheet, &period, overall);
    Ok(Paper {
        version: VERSION,
        front: parts::front(books, (title, entry.name.clone(), parts::of_period(&period)), notices),
        foot: parts::foot(&sheet, head),
        report: Report::WardFortnight(Box::new(report)),
    })
}

/// How the period stands, whether nobody answered and whether the ward is silent.
pub(super) fn notices(
    books: &Books<'_>,
    sheet: &ScoreSheet,
    period: &Period,
    overall: Option<&Signal>,
) -> Vec<String> {
    let running = period.contains(books.today);
    let until = period.last().saturating_add(i32::from(books.scoring.final_after_days()).days());
    let mut notices = vec![match (sheet.standing, running) {
        (Standing::Provisional, true) => "Provisional. Still open: answers count as they come in.".to_owned(),
        (Standing::Provisional, false) => format!("Provisional. Late answers count until {}.", words::day(until)),
        (Standing::Final, _) if sheet.revision > 1 => {
            format!("Final, revision {}. Answers that came late have been counted.", sheet.revision)
        }
        (Standing::Final, _) => "Final.".to_owned(),
    }];
    if let Some(signal) = overall.filter(|signal| signal.finding == Finding::Silent) {
        notices.push(format!("This ward is silent. {}", signal.words));
    }
    if sheet.responses == 0 {
        let came = if running { "yet" } else { "came" };
        notices.push(format!(
            "No answers {came} for these days. There is no score, which does not mean that the score is low."
        ));
    }
    notices
}
