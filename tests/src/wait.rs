//! Waiting for a condition, with a deadline. The only place of the harness that lets time pass without looking.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a condition may take that a healthy machine meets in well under a second.
pub const PATIENCE: Duration = Duration::from_mins(1);

const LOOK_EVERY: Duration = Duration::from_millis(4);

/// Looks until the closure finds something. An error ends the wait at once; so does the deadline, and says what was
/// waited for.
pub fn until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if started.elapsed() > deadline {
            bail!("waited {} s for {what}", deadline.as_secs());
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// Looks until a condition holds.
pub fn until_true(what: &str, deadline: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    until(what, deadline, || Ok(holds()?.then_some(())))
}

/// Lets a drawn moment pass: the random instants of the fault runs, never a way to wait for a condition.
pub fn let_pass(moment: Duration) {
    let ends = Instant::now() + moment;
    while let Some(left) = ends.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}
