//! Open pages that stay true: server-sent events, one fragment rendered for all who look at the same ward and period.
//!
//! The first change after a quiet moment is rendered at once; while changes keep coming, a room rests between two fragments
//! for [`REST_SHARE`] times as long as the last one took to render, so that however many answers come and however much there
//! is to draw, a room keeps no more than a tenth of a processor busy. Each fragment holds everything up to it. A page that (re)connects says which fragment it has and gets the present one when that is
//! another, so nothing is missed. Once a minute a room looks again by itself: days pass and wards fall silent without any record.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use super::failure::Failure;
use super::ward::{Fragment, fragment, off_thread, period, view, ward_of};
use super::{Shared, Web};
use crate::ingest::Change;

/// How much longer a room rests than it worked.
const REST_SHARE: u32 = 9;
/// The shortest rest: faster than this no eye follows, and each fragment costs every open page some drawing.
const SHORTEST_REST: Duration = Duration::from_millis(10);
/// The longest rest: what happens on a ward is on its page within this time, however busy the machine is.
const LONGEST_REST: Duration = Duration::from_millis(500);
/// How often a room looks by itself.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How often a quiet stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The most open pages.
const MOST_STREAMS: i64 = 2_000;

/// Which page: a ward, and a period of its own or (none) whatever fortnight it is.
type Key = (WardId, Option<Period>);

/// The rooms that somebody looks at.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    open: Mutex<HashMap<Key, watch::Sender<Arc<Sent>>>>,
}

/// A fragment as it goes over the wire.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    version: String,
    json: String,
}

#[derive(Serialize)]
struct Message<'a> {
    version: &'a str,
    said: &'a str,
    html: &'a str,
}

impl Sent {
    fn new(fragment: &Fragment) -> Arc<Self> {
        let Fragment { version, html, said } = fragment;
        // A struct of three texts always has a JSON form.
        let json = serde_json::to_string(&Message { version, said, html }).unwrap_or_default();
        Arc::new(Self { version: version.clone(), json })
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    period: Option<String>,
    /// The version of the fragment that the page has.
    have: Option<String>,
}

pub(crate) async fn stream(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    let own = asked.period.as_deref().filter(|text| !text.is_empty());
    let own = own.map(|text| period(&web, Some(text))).transpose()?;
    if web.desk.metrics.open_streams() >= MOST_STREAMS {
        let detail = "Too many live pages are open. The numbers are right; reload the page for newer ones.";
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Not live just now", detail));
    }
    let counted = web.desk.metrics.stream_opened();
    let fragments = enter(&web, (ward, own)).await?;
    let stopping = web.desk.stopping.clone();
    let events = stream::unfold((fragments, asked.have, counted), |(mut fragments, have, counted)| async move {
        let mut have = have;
        loop {
            let sent = Arc::clone(&fragments.borrow_and_update());
            if have.as_deref() != Some(&sent.version) {
                have = Some(sent.version.clone());
                let event = Event::default().event("page").id(&sent.version).data(&sent.json);
                return Some((Ok::<_, Infallible>(event), (fragments, have, counted)));
            }
            // A room that has closed has nothing more to say.
            fragments.changed().await.ok()?;
        }
    });
    let events = events.take_until(stopping.cancelled_owned());
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("still here"));
    let headers = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, sse).into_response())
}

/// Enters the room of a page; the first to come opens it.
async fn enter(web: &Shared, key: Key) -> Result<watch::Receiver<Arc<Sent>>, Failure> {
    if let Some(room) = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(room.subscribe());
    }
    // Listen first and render then, so that no change falls between the two.
    let changes = web.desk.changes.subscribe();
    let first = render(web, &key).await?;
    let mut open = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(room) = open.get(&key) {
        return Ok(room.subscribe());
    }
    let (room, fragments) = watch::channel(first);
    open.insert(key.clone(), room.clone());
    tokio::spawn(keep(Arc::clone(web), key, room, changes));
    Ok(fragments)
}

async fn render(web: &Shared, key: &Key) -> Result<Arc<Sent>, Failure> {
    let (ward, own) = key.clone();
    off_thread(web, move |web| render_now(web, &ward, own)).await
}

fn render_now(web: &Web, ward: &WardId, own: Option<Period>) -> Result<Arc<Sent>, Failure> {
    let period = own.map_or_else(|| period(web, None), Ok)?;
    let view = view(web, ward, period)?;
    Ok(Sent::new(&fragment(web, &view)))
}

/// Keeps a room's fragment true until the last page has left or the server stops.
async fn keep(web: Shared, key: Key, room: watch::Sender<Arc<Sent>>, mut changes: broadcast::Receiver<Change>) {
    let mut minute = interval_at(Instant::now() + LOOK_AGAIN, LOOK_AGAIN);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopping = web.desk.stopping.clone();
    loop {
        let noticed = tokio::select! {
            () = stopping.cancelled() => break,
            () = room.closed() => {
                let mut open = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner);
                // Somebody may have come in between; whoever enters holds the same lock.
                if room.receiver_count() == 0 {
                    open.remove(&key);
                    return;
                }
                continue;
            }
            change = changes.recv() => match change {
                Ok(change) if change.wards.contains(&key.0) => Some(Instant::now()),
                Ok(_) => continue,
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Instant::now()),
                Err(broadcast::error::RecvError::Closed) => break,
            },
            _ = minute.tick() => None,
        };
        // What is waiting already is in the facts, so this fragment holds it too.
        drain(&mut changes);
        let begun = Instant::now();
        if let Ok(sent) = render(&web, &key).await {
            let differs = room.send_if_modified(|present| {
                let differs = present.version != sent.version;
                if differs {
                    *present = sent;
                }
                differs
            });
            if let (true, Some(noticed)) = (differs, noticed) {
                web.desk.metrics.pushed(noticed.elapsed());
            }
        } else {
            // Why has been logged. The pages keep what they have, and the next change tries again.
            tracing::warn!(ward = %key.0, "failed to render a live page");
        }
        sleep_until(Instant::now() + rest(begun.elapsed())).await;
    }
    web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
}

/// How long a room rests after a fragment that took so long.
fn rest(worked: Duration) -> Duration {
    (worked * REST_SHARE).clamp(SHORTEST_REST, LONGEST_REST)
}

fn drain(changes: &mut broadcast::Receiver<Change>) {
    use broadcast::error::TryRecvError;
    while matches!(changes.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
}
