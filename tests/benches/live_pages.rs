//! 200 open ward pages while 300 answers a second come: how long until each page shows each answer, what memory that takes and
//! whether it comes back, and how long the server takes to end with every page open.
//!
//! `WARDVOICE_PAGES` sets how many pages (default 200), `WARDVOICE_RATE` how many answers a second (default 300),
//! `WARDVOICE_RECORDS` how many answers (default 9,000).

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use wardvoice_tests::bench::{machine, ms, number, quantile, say};
use wardvoice_tests::live::{Crowd, hold};

/// The machine reads the pages too: a page that is later than this is late.
const LATE: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    let (pages, answers) = (number("WARDVOICE_PAGES", 200), number("WARDVOICE_RECORDS", 9_000));
    let rate = u32::try_from(number("WARDVOICE_RATE", 300))?;
    let mut outcome = hold(Crowd { pages, wards: 26, answers, rate })?;
    let late = outcome.delays.iter().filter(|delay| **delay > LATE).count();
    let [quiet, lively, closed] = outcome.memory.map(|bytes| bytes / 1_000_000);
    say(&json!({
        "bench": "live_pages", "machine": machine()?, "pages": pages, "wards": 26, "answers": answers,
        "answers_a_second": answers as f64 / outcome.sending.as_secs_f64(), "showings": outcome.delays.len(), "late": late,
        "p50_ms": ms(quantile(&mut outcome.delays, 0.5)), "p99_ms": ms(quantile(&mut outcome.delays, 0.99)),
        "worst_ms": ms(quantile(&mut outcome.delays, 1.0)), "memory_quiet_mb": quiet, "memory_lively_mb": lively,
        "memory_closed_mb": closed, "ending_ms": ms(outcome.ending),
    }))
}
