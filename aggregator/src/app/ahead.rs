//! What pages need of the log, read beside everything else once the server is up, so that whoever opens the first of them need not wait.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use wardvoice_protocol::fortnight::Period;

use crate::log::LogError;
use crate::web::Desk;

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

/// What the office's first page shows, and who was named as a consultant.
fn read(desk: &Desk) -> Result<(), LogError> {
    let calendar = desk.scoring.calendar();
    let today = calendar.day_of((desk.now)());
    let ended = calendar.fortnight_of(today).and_then(|fortnight| calendar.before(fortnight));
    if let Ok(ended) = ended {
        desk.observations.report(desk.ground(), &Period::Fortnight(ended))?;
    }
    desk.attributed.catch_up(today)
}
