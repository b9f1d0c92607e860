//! A ward's page that somebody leaves open while a backlog drains: whether it was told of it meanwhile, and whether it ends as a reload would.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::aggregator::{Aggregator, OFFICE, PASSWORD};
use crate::http::Http;
use crate::stream::{Ended, EventStream};

/// How long it listens before it looks whether it may go.
const LISTEN: Duration = Duration::from_millis(50);
/// How long the last news may take once everything has a receipt.
const LAST_NEWS: Duration = Duration::from_secs(30);

/// How a page fared that was left open.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Live {
    /// How often it was told something new.
    pub news: usize,
    /// Whether it then showed what a reload shows.
    pub ends_as_a_reload: bool,
}

/// The page.
pub(super) struct OpenPage {
    stop: Arc<AtomicBool>,
    reader: JoinHandle<Result<Live>>,
}

impl OpenPage {
    /// Opens a page and leaves it open.
    pub(super) fn open(aggregator: &Aggregator, path: &str) -> Result<Self> {
        let mut http = Http::new()?;
        http.sign_in(&aggregator.url(""), OFFICE, PASSWORD)?;
        let page = aggregator.url(path);
        let stream = EventStream::open(&aggregator.url(&format!("{path}/stream")), http.session()?)?;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let reader = std::thread::Builder::new()
            .name("open page".to_owned())
            .spawn(move || stays_open(&http, &page, &stream, &told))?;
        Ok(Self { stop, reader })
    }

    /// Lets it hear the last news, and closes it.
    pub(super) fn close(self) -> Result<Live> {
        self.stop.store(true, Ordering::SeqCst);
        self.reader.join().map_err(|_| anyhow!("whoever has the page open panicked"))?
    }
}

fn stays_open(http: &Http, page: &str, stream: &EventStream, told: &AtomicBool) -> Result<Live> {
    let (mut live, mut version) = (Live::default(), String::new());
    let mut closes = None;
    loop {
        match stream.hear(LISTEN) {
            Ok(Some(event)) => {
                // What only says that the connection stands says no version.
                let said: Value = serde_json::from_str(&event.data).unwrap_or_default();
                if let Some(now) = said.get("version").and_then(Value::as_str) {
                    now.clone_into(&mut version);
                    live.news += 1;
                }
            }
            Ok(None) if !told.load(Ordering::SeqCst) => {}
            Ok(None) => {
                live.ends_as_a_reload = fresh(http, page)? == version;
                let last = *closes.get_or_insert_with(|| Instant::now() + LAST_NEWS);
                if live.ends_as_a_reload || Instant::now() > last {
                    return Ok(live);
                }
            }
            Err(Ended) => return Err(anyhow!("the open page was left alone after {} news", live.news)),
        }
    }
}

/// The version of the page as a reload shows it.
fn fresh(http: &Http, page: &str) -> Result<String> {
    let answer = http.get(page)?;
    ensure!(answer.status == 200, "{page} answered {}", answer.status);
    let (_, rest) = answer.body.split_once("data-version=\"").context("the page has no version")?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}
