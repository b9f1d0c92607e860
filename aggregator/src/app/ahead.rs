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
        let waits = |failed: bool| {
            // With much left to read nothing waits; a few cost nobody anything who looks.
            let mut is_to_wait = failed;
            while is_to_wait || comments.left() < MANY_RECORDS {
                is_to_wait = false;
                if is_over() || matches!(changes.blocking_recv(), Err(RecvError::Closed)) {
                    return false;
                }
            }
            !is_over()
        };
        keep_reading(|| comments.read_on(is_over), waits);
    };
    let thread = std::thread::Builder::new().name("comments".to_owned()).spawn(read);
    thread.map(drop).context("failed to start the thread that reads comments")
}

/// Reads, and reads again whenever there is something to read. What cannot be read is said, once until it can be, and tried again with what comes
/// next: a disk that fails for a moment must not keep words of harm out of the queue for as long as the program runs. Whoever opens a page
/// meanwhile reads for themselves, and is told the same. A log that takes nothing any more ends the program elsewhere.
fn keep_reading<E: std::fmt::Display>(
    mut read: impl FnMut() -> Result<(), E>,
    mut waits: impl FnMut(bool) -> bool,
) {
    let mut fault: Option<String> = None;
    loop {
        match read() {
            Ok(()) => {
                if fault.take().is_some() {
                    tracing::info!("comments are read again");
                }
            }
            Err(error) => {
                let said = error.to_string();
                if fault.as_ref() != Some(&said) {
                    tracing::error!(
                        "failed to {said}; comments that came since are not looked through until it can be"
                    );
                }
                fault = Some(said);
            }
        }
        if !waits(fault.is_some()) {
            return;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read_on_after_what_could_not_be_read() {
        let mut answers = [Ok(()), Err("read a record"), Err("read a record"), Ok(()), Ok(())].into_iter();
        let (mut reads, mut waited) = (0, Vec::new());
        keep_reading(
            || {
                reads += 1;
                answers.next().unwrap_or(Ok(()))
            },
            |failed| {
                waited.push(failed);
                waited.len() < 5
            },
        );
        assert_eq!(reads, 5, "the first failure was the end");
        assert_eq!(waited, [false, true, true, false, false]);
    }
}
