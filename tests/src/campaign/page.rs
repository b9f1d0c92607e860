//! What whoever looks at a ward's page gets while a backlog drains: how it answers when it is asked for, and how late it moves where it stays
//! open.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde::Serialize;
use serde_json::Value;

use crate::aggregator::{Aggregator, OFFICE, PASSWORD};
use crate::bench::{ms, quantile};
use crate::http::Http;
use crate::stream::{Ended, EventStream};
use crate::wait::{PATIENCE, let_pass, until_true};

/// Between two questions for the page: somebody who looks all the time, and leaves the processors to the rest.
const BETWEEN_PAGES: Duration = Duration::from_millis(50);
/// How long an open page listens before it looks whether it may go.
const LISTEN: Duration = Duration::from_millis(50);

/// How a page answered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Page {
    /// How often it was asked for.
    pub asked: usize,
    /// How often it did not come.
    pub failed: usize,
    /// Half of the answers came within this, in milliseconds.
    pub p50_ms: f64,
    /// 99 of a hundred within this.
    pub p99_ms: f64,
    /// The last within this.
    pub most_ms: f64,
}

/// How an open page moved.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Open {
    /// How often it changed.
    pub changes: usize,
    /// Records of its ward that got their receipt meanwhile.
    pub receipts: usize,
    /// How long after a receipt the page changed next: half of the receipts, in milliseconds. At most so late was the page, because it may
    /// have shown the record before its receipt came.
    pub p50_ms: f64,
    /// 99 of a hundred.
    pub p99_ms: f64,
    /// The last.
    pub most_ms: f64,
    /// How long after the last receipt of all it was what a reload shows, in milliseconds; none where it never was.
    pub caught_up_ms: Option<f64>,
}

impl Open {
    /// Whether it moved while its ward's records came, at most so late, and came to show all of them.
    pub(super) fn is_live(&self, most_late: Duration) -> bool {
        let most_ms = ms(most_late);
        self.changes > 0
            && self.receipts > 0
            && self.p99_ms <= most_ms
            && self.caught_up_ms.is_some_and(|caught_up_ms| caught_up_ms <= most_ms)
    }
}

/// Somebody who asks for a page all the time.
pub(super) struct Asking {
    stop: Arc<AtomicBool>,
    asker: JoinHandle<Result<(Vec<Duration>, usize)>>,
}

impl Asking {
    pub(super) fn start(aggregator: &Aggregator, path: &str) -> Result<Self> {
        let (base, url) = (aggregator.url(""), aggregator.url(path));
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let asker = Builder::new().name("page".to_owned()).spawn(move || -> Result<(Vec<Duration>, usize)> {
            let mut http = Http::new()?;
            http.sign_in(&base, OFFICE, PASSWORD)?;
            let (mut times, mut failed) = (Vec::new(), 0);
            loop {
                let began = Instant::now();
                match http.get(&url) {
                    Ok(answer) if answer.status == 200 => times.push(began.elapsed()),
                    Ok(_) | Err(_) => failed += 1,
                }
                // Once at least, however soon everything was there.
                if told.load(Ordering::SeqCst) {
                    return Ok((times, failed));
                }
                let_pass(BETWEEN_PAGES);
            }
        })?;
        Ok(Self { stop, asker })
    }

    pub(super) fn finish(self) -> Result<Page> {
        self.stop.store(true, Ordering::SeqCst);
        let (mut times, failed) = self.asker.join().map_err(|_| anyhow!("who asks for the page panicked"))??;
        Ok(Page {
            asked: times.len() + failed,
            failed,
            p50_ms: ms(quantile(&mut times, 0.5)),
            p99_ms: ms(quantile(&mut times, 0.99)),
            most_ms: ms(times.iter().max().copied().unwrap_or_default()),
        })
    }
}

/// Somebody who leaves a page open.
pub(super) struct Watching {
    stop: Arc<AtomicBool>,
    shown: Arc<Mutex<Shown>>,
    reader: JoinHandle<()>,
    http: Http,
    url: String,
}

/// What an open page shows.
#[derive(Debug, Default)]
struct Shown {
    version: String,
    changes: Vec<Instant>,
}

impl Watching {
    pub(super) fn start(aggregator: &Aggregator, path: &str) -> Result<Self> {
        let (base, url) = (aggregator.url(""), aggregator.url(path));
        let mut http = Http::new()?;
        http.sign_in(&base, OFFICE, PASSWORD)?;
        let stream = EventStream::open(&format!("{url}/stream"), http.session()?)?;
        let (stop, shown) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Shown::default())));
        let (told, seen) = (Arc::clone(&stop), Arc::clone(&shown));
        let reader = Builder::new().name("open page".to_owned()).spawn(move || read(&stream, &seen, &told))?;
        Ok(Self { stop, shown, reader, http, url })
    }

    /// To be called once everything has its receipt, with when the records of the page's ward got theirs.
    pub(super) fn finish(self, receipts: &[Instant]) -> Result<Open> {
        let since = Instant::now();
        let caught_up = until_true("the open page to show what a reload shows", PATIENCE, || {
            let page = self.http.get(&self.url)?;
            let (_, version) = page.body.split_once("data-version=\"").context("the page has no version")?;
            let version = version.split('"').next().unwrap_or_default();
            Ok(self.shown.lock().unwrap_or_else(PoisonError::into_inner).version == version)
        });
        let until = Instant::now();
        if let Err(error) = &caught_up {
            tracing::error!("{error:#}");
        }
        self.stop.store(true, Ordering::SeqCst);
        self.reader.join().map_err(|_| anyhow!("the open page panicked"))?;
        let shown = std::mem::take(&mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner));
        let mut late = lateness(&shown.changes, receipts, caught_up.is_err().then_some(until));
        Ok(Open {
            changes: shown.changes.len(),
            receipts: receipts.len(),
            p50_ms: ms(quantile(&mut late, 0.5)),
            p99_ms: ms(quantile(&mut late, 0.99)),
            most_ms: ms(late.iter().max().copied().unwrap_or_default()),
            caught_up_ms: caught_up.is_ok().then(|| ms(until.duration_since(since))),
        })
    }
}

fn read(stream: &EventStream, shown: &Mutex<Shown>, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let event = match stream.hear(LISTEN) {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            // What comes afterwards it does not show, and so it is found to be late.
            Err(Ended) => return,
        };
        let Ok(message) = serde_json::from_str::<Value>(&event.data) else { continue };
        let Some(version) = message.get("version").and_then(Value::as_str) else { continue };
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.version != version {
            version.clone_into(&mut shown.version);
            shown.changes.push(event.at);
        }
    }
}

/// How long after each receipt the page changed next. After the last change there are receipts of what that change has shown already, unless
/// the page still was behind at some moment.
fn lateness(changes: &[Instant], receipts: &[Instant], still_behind_at: Option<Instant>) -> Vec<Duration> {
    let next = |receipt: &Instant| changes.get(changes.partition_point(|change| change < receipt)).copied();
    let late = |receipt: &Instant| {
        let shown = next(receipt).or(still_behind_at).unwrap_or(*receipt);
        shown.saturating_duration_since(*receipt)
    };
    receipts.iter().map(late).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_stands_still_is_late_for_everything_that_came_meanwhile() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let late = |still_behind_at| {
            let late = lateness(&[at(1), at(2), at(9)], &[at(0), at(2), at(3), at(10)], still_behind_at);
            late.iter().map(Duration::as_secs).collect::<Vec<_>>()
        };
        assert_eq!(late(None), [1, 0, 6, 0], "it has shown the last before its receipt came");
        assert_eq!(late(Some(at(30))), [1, 0, 6, 20], "it has not shown the last");
    }

    #[test]
    fn a_page_is_live_that_moves_in_time_and_shows_everything_in_the_end() {
        let live = Open { changes: 3, receipts: 9, p99_ms: 400.0, caught_up_ms: Some(100.0), ..Open::default() };
        let most = Duration::from_secs(1);
        assert!(live.is_live(most));
        for dead in [
            Open { changes: 0, ..live.clone() },
            Open { receipts: 0, ..live.clone() },
            Open { p99_ms: 1_001.0, ..live.clone() },
            Open { caught_up_ms: Some(1_001.0), ..live.clone() },
            Open { caught_up_ms: None, ..live.clone() },
        ] {
            assert!(!dead.is_live(most), "{dead:?}");
        }
    }
}
