//! Reports by command: gathered from the house as pages are from the desk.

use anyhow::{Context as _, Result, ensure};

use super::people::look;
use super::{Talk, say};
use crate::premises::{House, failed};
use crate::web::reports::{ReportAsk, consultant_paper, gather, with_books};

/// Says a report as the paper that `wardvoice-report` sets.
pub(super) fn report(house: &House, ask: &ReportAsk, talk: &mut dyn Talk) -> Result<bool> {
    let today = house.premises.today();
    if let ReportAsk::Consultant { consultant, until, audience } = ask {
        let seen = look(house, consultant, *until, *audience)?;
        let paper = with_books(house, today, |books| consultant_paper(books, &seen)).map_err(failed)?;
        say(talk, &paper)?;
        return Ok(true);
    }
    let day = ask.as_of().unwrap_or(today);
    ensure!(day <= today, "failed to look back from {day}: it is still to come");
    let paper = with_books(house, day, |books| gather(books, ask)).map_err(failed)?;
    say(talk, &paper.context("failed to gather the report: its look was not noted")?)?;
    Ok(true)
}
