//! How a command reaches the data: through the server while one runs, by itself otherwise.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use tokio_util::sync::CancellationToken;

use super::say::{Style, Terminal};
use crate::config::Config;
use crate::fleet::Fleet;
use crate::log;
use crate::operations::{Request, perform, perform_on_premises};
use crate::premises::{House, Premises, failed, log_folder};
use crate::{app, control, operations};

/// Does a request and says what came of it; whether all is well.
pub(super) fn ask(
    data: &Path,
    config: impl FnOnce() -> Result<Config>,
    request: &Request,
    style: Style,
) -> Result<bool> {
    let mut terminal = Terminal::new(style)?;
    let well = ask_through(data, config, request, &mut terminal)?;
    terminal.finish()?;
    Ok(well)
}

/// Does a request and hands what came of it to somebody; whether all is well.
pub(super) fn ask_through(
    data: &Path,
    config: impl FnOnce() -> Result<Config>,
    request: &Request,
    talk: &mut dyn operations::Talk,
) -> Result<bool> {
    let socket = control::connect(data)
        .with_context(|| format!("failed to reach the server through {}", control::socket_path(data).display()))?;
    match socket {
        Some(stream) => control::ask(&stream, request, talk),
        None => alone(data, config()?, request.clone(), talk),
    }
}

fn alone(data: &Path, config: Config, request: Request, talk: &mut dyn operations::Talk) -> Result<bool> {
    let premises = Premises::open(data, config)?;
    if request.needs_only_premises() {
        return perform_on_premises(&premises, request, talk);
    }
    let reaches_people = request.reaches_people();
    let house = House::open(premises, Box::new(|_, _, _| ()), Arc::new(Fleet::new()), Arc::default())?;
    let stopping = CancellationToken::new();
    let reaching = reaches_people.then(|| app::reach::start(&house, stopping.clone())).transpose();
    let well = reaching.and_then(|reaching| {
        let well = perform(&house, request, talk);
        stopping.cancel();
        drop(reaching.map(JoinHandle::join));
        well
    });
    let closed = house.close();
    let well = well?;
    closed?;
    Ok(well)
}

/// Mends a log. Only possible without a server.
pub(super) fn salvage(data: &Path, json: bool) -> Result<bool> {
    anyhow::ensure!(
        control::connect(data)?.is_none(),
        "failed to salvage the log: the aggregator is running on it; stop it first"
    );
    let salvaged = log::salvage(&log_folder(data)).map_err(failed)?;
    let mut terminal = Terminal::new(Style::one(json, super::say::salvaged))?;
    operations::Talk::item(&mut terminal, &serde_json::to_string(&salvaged)?)?;
    terminal.finish()?;
    Ok(salvaged.stopped_at.is_none() && salvaged.promised.is_none_or(|promised| promised == salvaged.records))
}

/// Writes a log anew. Only possible without a server.
pub(super) fn rewrite(data: &Path, json: bool) -> Result<()> {
    anyhow::ensure!(
        control::connect(data)?.is_none(),
        "failed to write the log anew: the aggregator is running on it; stop it first"
    );
    let rewrote = log::rewrite(&log_folder(data)).map_err(failed)?;
    let mut terminal = Terminal::new(Style::one(json, super::say::rewrote))?;
    operations::Talk::item(&mut terminal, &serde_json::to_string(&rewrote)?)?;
    terminal.finish()
}
