//! Open pages that stay true: server-sent events, one fragment rendered for all who look at the same ward and period.
//!
//! The first change after a quiet moment is rendered at once; while changes keep coming, a room rests between two fragments
//! for [`REST_SHARE`] times as long as the last one took to render, so that however many answers come and however much there
//! is to draw, a room keeps no more than a tenth of a processor busy. Each fragment holds everything up to it. Once a minute a
//! room looks again by itself: days pass and wards fall silent without any record.
//!
//! A page says which fragment it has. From there it is led on by *steps*, each of which is what makes one fragment of the next
//! ([`changes`]): a new answer moves many figures by a little and is a kilobyte that way, compressed once for everybody ([`wire`]). A page
//! that has none of the last fragments, or that finds that its own is not what it should be, gets the present one whole. So
//! nothing is missed, whatever is lost.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use super::failure::Failure;
use super::viewer::SessionEnd;
use super::ward::{Fragment, fragment, off_thread, period, view, ward_of};
use super::{Shared, Web};
use crate::ingest::Change as News;
use crate::metrics::OpenStream;
use changes::Change;
use wire::{GONE, Piece, STILL_HERE, Wire};

mod changes;
#[cfg(test)]
pub(super) mod tests;
mod tree;
mod wire;

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
/// So many fragments back a page is led on by steps.
const MOST_STEPS: usize = 8;
/// The most open pages.
const MOST_STREAMS: i64 = 2_000;

/// Which page: a ward, and a period of its own or (none) whatever fortnight it is.
type Key = (WardId, Option<Period>);

/// The rooms that somebody looks at.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    open: Mutex<HashMap<Key, watch::Sender<Arc<Sent>>>>,
}

/// A fragment as it goes over the wire, and the last steps that led to it.
#[derive(Debug)]
struct Sent {
    fragment: Fragment,
    /// The fragment in an event of its own; made when the first page asks for it.
    whole: OnceLock<Piece>,
    /// The newest last.
    steps: Vec<Arc<Step>>,
}

/// What makes one fragment of another.
#[derive(Debug)]
struct Step {
    from: String,
    to: String,
    piece: Piece,
}

/// A fragment as a message.
#[derive(Serialize)]
struct Whole<'a> {
    version: &'a str,
    said: &'a str,
    html: &'a str,
}

/// A step as a message.
#[derive(Serialize)]
struct Next<'a> {
    from: &'a str,
    version: &'a str,
    said: &'a str,
    /// How many nodes there are then: a page that counts another number asks for the whole. One whose script does not know all changes
    /// that there are today looks for a number under another name.
    size: u32,
    changes: &'a [Change],
}

impl Sent {
    fn first(fragment: Fragment) -> Arc<Self> {
        Arc::new(Self { fragment, whole: OnceLock::new(), steps: Vec::new() })
    }

    /// The fragment that follows this one.
    fn followed_by(&self, fragment: Fragment) -> Arc<Self> {
        let mut steps = Vec::new();
        // Without the last step those before it lead nowhere.
        if let Some(step) = Step::between(&self.fragment, &fragment) {
            let kept = self.steps.len().min(MOST_STEPS - 1);
            steps.extend(self.steps.iter().skip(self.steps.len() - kept).cloned());
            steps.push(Arc::new(step));
        }
        Arc::new(Self { fragment, whole: OnceLock::new(), steps })
    }

    /// What leads a page on that has a version, and the version that it has then; nothing when it has the present one.
    fn after(&self, have: Option<&str>) -> Option<(Piece, String)> {
        let Fragment { version, said, html } = &self.fragment;
        if have == Some(version) {
            return None;
        }
        if let Some(step) = self.steps.iter().find(|step| have == Some(&step.from)) {
            return Some((step.piece.clone(), step.to.clone()));
        }
        let whole = self.whole.get_or_init(|| {
            // A struct of texts always has a JSON form.
            let data = serde_json::to_string(&Whole { version, said, html }).unwrap_or_default();
            Piece::event("page", version, &data)
        });
        Some((whole.clone(), version.clone()))
    }
}

impl Step {
    /// `None` when the whole fragment is the shorter way.
    fn between(old: &Fragment, new: &Fragment) -> Option<Self> {
        let (before, after) = (tree::read(&old.html)?, tree::read(&new.html)?);
        let changes = changes::between(&before, &after)?;
        let next = Next {
            from: &old.version,
            version: &new.version,
            said: &new.said,
            size: tree::size(&after),
            changes: &changes,
        };
        let data = serde_json::to_string(&next).ok()?;
        let (from, to) = (old.version.clone(), new.version.clone());
        (data.len() < new.html.len()).then(|| Self { from, to, piece: Piece::event("step", &new.version, &data) })
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
    session_end: SessionEnd,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    let own = asked.period.as_deref().filter(|text| !text.is_empty());
    let own = own.map(|text| period(&web, Some(text))).transpose()?;
    if web.desk.metrics.open_streams() >= MOST_STREAMS {
        let detail = "Too many live pages are open. The numbers are right; reload the page for newer ones.";
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Not live just now", detail));
    }
    let counted = web.desk.metrics.stream_opened();
    let sent = enter(&web, (ward, own)).await?;
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let wire = Wire::for_client(accepted);
    let encoding = wire.encoding();
    let stopping = web.desk.stopping.clone();
    let page = OpenPage { sent, have: asked.have, wire, stopping, session_end, _counted: counted };
    let mut response = Body::from_stream(page.stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}

/// A page that is open somewhere.
struct OpenPage {
    sent: watch::Receiver<Arc<Sent>>,
    /// The version of the fragment that it has.
    have: Option<String>,
    wire: Wire,
    stopping: CancellationToken,
    session_end: SessionEnd,
    _counted: OpenStream,
}

/// What an open page is sent.
enum Sends {
    More(Bytes),
    /// Nothing comes after it.
    Last(Bytes),
}

impl OpenPage {
    /// Everything it is sent, to the end of the room, of its session or of the server. However it ends, the file that a compressed stream
    /// is ends with it.
    fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        enum Now {
            Begins(OpenPage),
            GoesOn(OpenPage),
            Ends(Wire),
            Over,
        }
        stream::unfold(Now::Begins(self), |now| async {
            let (bytes, next) = match now {
                Now::Begins(page) => (page.wire.head(), Now::GoesOn(page)),
                Now::GoesOn(mut page) => match page.next().await {
                    Some(Sends::More(bytes)) => (bytes, Now::GoesOn(page)),
                    Some(Sends::Last(bytes)) => (bytes, Now::Ends(page.wire)),
                    None => (page.wire.foot(), Now::Over),
                },
                Now::Ends(wire) => (wire.foot(), Now::Over),
                Now::Over => return None,
            };
            Some((Ok(bytes), next))
        })
    }

    /// What is sent next; `None` at the end.
    async fn next(&mut self) -> Option<Sends> {
        let (stopping, session_end) = (self.stopping.clone(), self.session_end.clone());
        let piece = tokio::select! {
            biased;
            () = stopping.cancelled() => return None,
            () = session_end.has_come() => return self.wire.carry(&GONE).map(Sends::Last),
            piece = self.news() => piece?,
            () = sleep(KEEP_ALIVE) => STILL_HERE.clone(),
        };
        self.wire.carry(&piece).map(Sends::More)
    }

    /// Waits for a fragment that it does not have. A room that has closed has nothing more to say.
    async fn news(&mut self) -> Option<Piece> {
        loop {
            let sent = Arc::clone(&self.sent.borrow_and_update());
            if let Some((piece, version)) = sent.after(self.have.as_deref()) {
                self.have = Some(version);
                return Some(piece);
            }
            self.sent.changed().await.ok()?;
        }
    }
}

/// Enters the room of a page; the first to come opens it.
async fn enter(web: &Shared, key: Key) -> Result<watch::Receiver<Arc<Sent>>, Failure> {
    if let Some(room) = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(room.subscribe());
    }
    // Listen first and render then, so that no change falls between the two.
    let changes = web.desk.changes.subscribe();
    let (ward, own) = key.clone();
    let first = off_thread(web, move |web| render_now(web, &ward, own)).await?;
    let mut open = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(room) = open.get(&key) {
        return Ok(room.subscribe());
    }
    let (room, fragments) = watch::channel(Sent::first(first));
    open.insert(key.clone(), room.clone());
    tokio::spawn(keep(Arc::clone(web), key, room, changes));
    Ok(fragments)
}

fn render_now(web: &Web, ward: &WardId, own: Option<Period>) -> Result<Fragment, Failure> {
    let period = own.map_or_else(|| period(web, None), Ok)?;
    let view = view(web, ward, period)?;
    Ok(fragment(web, &view))
}

/// Keeps a room's fragment true until the last page has left or the server stops.
async fn keep(web: Shared, key: Key, room: watch::Sender<Arc<Sent>>, mut changes: broadcast::Receiver<News>) {
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
        // This task alone sends, so nothing comes in between.
        let (present, (ward, own)) = (Arc::clone(&room.borrow()), key.clone());
        let next = off_thread(&web, move |web| {
            let fragment = render_now(web, &ward, own)?;
            let differs = fragment.version != present.fragment.version;
            Ok(differs.then(|| present.followed_by(fragment)))
        });
        match next.await {
            Ok(Some(sent)) => {
                room.send_replace(sent);
                if let Some(noticed) = noticed {
                    web.desk.metrics.pushed(noticed.elapsed());
                }
            }
            Ok(None) => {}
            // Why has been logged. The pages keep what they have, and the next change tries again.
            Err(_) => tracing::warn!(ward = %key.0, "failed to render a live page"),
        }
        sleep_until(Instant::now() + rest(begun.elapsed())).await;
    }
    web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
}

/// How long a room rests after a fragment that took so long.
fn rest(worked: Duration) -> Duration {
    (worked * REST_SHARE).clamp(SHORTEST_REST, LONGEST_REST)
}

fn drain(changes: &mut broadcast::Receiver<News>) {
    use broadcast::error::TryRecvError;
    while matches!(changes.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
}
