//! Twenty open pages while answers come: each is right within a second, and the server ends with all of them open. The bench of the
//! same name holds two hundred and three hundred answers a second.

use std::time::Duration;

use anyhow::{Result, ensure};
use wardvoice_tests::live::{Crowd, hold};

/// What a page may take to show an answer. Here everything is unoptimised and other tests run beside it.
const RIGHT_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn open_pages_show_each_answer_and_let_the_server_end() -> Result<()> {
    let outcome = hold(Crowd { pages: 20, wards: 5, answers: 100, rate: 20 })?;
    let worst = outcome.delays.iter().max().copied().unwrap_or_default();
    ensure!(outcome.delays.len() == 20 * 20, "{} showings", outcome.delays.len());
    ensure!(worst < RIGHT_WITHIN, "a page took {worst:?}");
    ensure!(outcome.ending < Duration::from_secs(5), "the server took {:?} to end", outcome.ending);
    let [quiet, _, closed] = outcome.memory;
    ensure!(closed < quiet + 64 * 1024 * 1024, "from {quiet} to {closed} bytes when all pages are closed");
    Ok(())
}
