//! What pages need of the log, read beside everything else once the server is up, so that whoever opens the first of them need not wait.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::fortnight::Period;

use crate::log::LogError;
use crate::premises::House;
use crate::web::Desk;
use crate::{national_return, scoring};

/// So many records are looked through for comments before anybody asks for them.
const MANY_RECORDS: u64 = 500;

/// Starts the thread that reads.
pub(super) fn start(desk: &Arc<Desk>) -> Result<()> {
    let desk = Arc::clone(desk);
    let read = move || {
        if let Err(error) = read(&desk) {
            tracing::warn!("failed to {error}");
        }
    };
    let thread = std::thread::Builder::new().name("ahead".to_owned()).spawn(read);
    thread.map(drop).context("failed to start the thread that reads ahead")
}

/// Looks the log through for comments beside everything else, first all of it and then what comes, so that no page waits for it.
pub(super) fn comments(house: &House, stopping: CancellationToken) -> Result<()> {
    let (comments, mut changes) = (Arc::clone(&house.comments), house.changes.subscribe());
    let read = move || {
        let _beside = comments.reads_beside();
        let is_over = || stopping.is_cancelled();
        // Asked here too: with much left to read nothing below waits.
        while !is_over() {
            if let Err(error) = comments.read_on(is_over) {
                tracing::warn!("failed to {error}");
                return;
            }
            // A few cost nobody anything who looks.
            while comments.left() < MANY_RECORDS {
                if is_over() || matches!(changes.blocking_recv(), Err(RecvError::Closed)) {
                    return;
                }
            }
        }
    };
    let thread = std::thread::Builder::new().name("comments".to_owned()).spawn(read);
    thread.map(drop).context("failed to start the thread that reads comments")
}

/// What the office's first page shows, who was named as a consultant, and the national month that is sent next.
fn read(desk: &Desk) -> Result<(), LogError> {
    let calendar = desk.scoring.calendar();
    let today = calendar.day_of((desk.now)());
    let ended = calendar.fortnight_of(today).and_then(|fortnight| calendar.before(fortnight));
    if let Ok(ended) = ended {
        desk.observations.report(desk.ground(), &Period::Fortnight(ended))?;
    }
    desk.attributed.catch_up(today)?;
    count_again(desk, today)
}

/// Counts the month that ended last from the log, as the page of the national month does it.
fn count_again(desk: &Desk, today: Date) -> Result<(), LogError> {
    let calendar = desk.scoring.calendar();
    let month = calendar.period(&format!("{:04}-{:02}", today.year(), today.month())).ok();
    let Some(ended) = month.and_then(|month| scoring::previous(calendar, &month)) else { return Ok(()) };
    let Ok(yesterday) = national_return::day_that_is_over(today, None) else { return Ok(()) };
    let sources = desk.sources();
    match sources.make(&ended, yesterday) {
        Ok(made) => desk.recounts.of(&sources, &made).map(drop),
        // The page says why.
        Err(_) => Ok(()),
    }
}
