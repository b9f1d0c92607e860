//! The thread on which people outside the pages are reached: a loop that watches requests for help, and one that delivers. It is their own, so
//! that a file that is written or a receiver that is slow holds up no page and no record, and they hold up nothing either. The server has it
//! for as long as it runs, a command that sends something without a server for as long as the command runs.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use anyhow::{Context as _, Result};
use tokio_util::sync::CancellationToken;

use crate::delivery::{Contacts, Post, deliver};
use crate::help;
use crate::premises::{House, failed};

/// Reads contacts and secrets, and starts the thread.
pub(crate) fn start(house: &House, stopping: CancellationToken) -> Result<JoinHandle<()>> {
    let reach = &house.premises.config.reach;
    let contacts = Contacts::open(&reach.delivery, &house.premises.data).map_err(failed)?;
    if reach.help.is_empty() {
        tracing::info!("no contacts are set for requests for help: they are on the pages alone");
    }
    let post = Arc::new(Post::new(&reach.delivery, contacts).map_err(failed)?);
    let watch = help::Watch {
        help: Arc::clone(&house.help),
        delivery: Arc::clone(&house.delivery),
        chains: reach.help.clone(),
        give_up_after: reach.delivery.give_up_after,
        directory: house.premises.directory.clone(),
    };
    let changes = house.changes.subscribe();
    let delivery = Arc::clone(&house.delivery);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the thread that reaches people")?;
    let run = move || {
        let watching = help::watch(watch, changes, stopping.clone());
        let delivering = deliver(delivery, post, stopping);
        runtime.block_on(async { tokio::join!(watching, delivering) });
    };
    Builder::new().name("reach".to_owned()).spawn(run).context("failed to start the thread that reaches people")
}
