//! Open pages that stay true: server-sent events, one fragment rendered for all who look at the same thing ([`Scene`]).
//!
//! The first change after a quiet moment is rendered at once; while changes keep coming, a room rests between two fragments
//! for some times as long as the last one took to render and to send: [`LEAST_REST`] times where one ward alone has news, [`MOST_REST`] times
//! where many have ([`rest_share`]). So however many answers come and however much there is to draw, up to five rooms together keep no more
//! than half a processor busy, and no room of many more than a tenth. Each fragment holds everything up to it. Once a minute a
//! room looks again by itself: days pass and wards fall silent without any record; kiosks come and go more often ([`scene::Pace`]).
//!
//! Pages of more than one ward are larger, and every answer anywhere concerns them. There are at most [`MOST_LARGE`] rooms of them, they are
//! drawn one after another, and after each drawing all of them rest for [`BRUSH_SHARE`] times as long as it took: so together, however many
//! are open, they keep no more than a third of one processor busy.
//!
//! A page says which fragment it has. From there it is led on by *steps*, each of which is what makes one fragment of the next
//! ([`changes`]): a new answer moves many figures by a little and is a kilobyte that way, compressed once for everybody ([`wire`]). A page
//! that has none of the last fragments, or that finds that its own is not what it should be, gets the present one whole. So
//! nothing is missed, whatever is lost.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use maud::{Markup, PreEscaped, html};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::failure::Failure;
use super::viewer::SessionEnd;
use super::ward::{Fragment, off_thread};
use crate::ingest::Change as News;
use crate::metrics::OpenStream;
use changes::Change;
pub(super) use scene::Scene;
pub(super) use wire::takes_gzip;
use wire::{GONE, Piece, STILL_HERE, Wire};

mod changes;
mod scene;
pub(super) mod streams;
#[cfg(test)]
pub(super) mod tests;
mod tree;
mod wire;

/// How much longer than it worked a room rests that is the only one with news.
const LEAST_REST: u32 = 3;
/// How much longer a room rests than it worked where many have news, and every room of several wards.
const MOST_REST: u32 = 9;
/// What a fragment costs for every page it is sent to, beside its drawing: a task that wakes and a write.
const SENDING: Duration = Duration::from_micros(30);
/// How much longer than a drawing of one took all pages of several wards rest after it.
const BRUSH_SHARE: u32 = 2;
/// How often a quiet stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// So many fragments back a page is led on by steps.
const MOST_STEPS: usize = 8;
/// The most open pages.
const MOST_STREAMS: i64 = 2_000;
/// The most rooms of several wards, some hundred kilobytes each.
const MOST_LARGE: usize = 64;

/// The rooms that somebody looks at.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    open: Mutex<HashMap<Scene, watch::Sender<Arc<Sent>>>>,
    /// Whoever draws a page of several wards again holds it.
    brush: tokio::sync::Mutex<()>,
    /// How many rooms of one ward draw at this moment, or rest from it.
    at_work: AtomicUsize,
}

/// A room of one ward that draws or rests from it.
struct AtWork<'a>(&'a AtomicUsize);

impl<'a> AtWork<'a> {
    fn begins(rooms: &'a Rooms) -> Self {
        rooms.at_work.fetch_add(1, Ordering::Relaxed);
        Self(&rooms.at_work)
    }

    /// How many there are, this one among them.
    fn all(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
struct Asked {
    /// The version of the fragment that the page has.
    have: Option<String>,
}

/// A page that asks to be kept true: what it has, what it takes, and when its session ends.
pub(crate) struct Visit {
    have: Option<String>,
    wire: Wire,
    session_end: SessionEnd,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = QueryRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, QueryRejection> {
        let Query(Asked { have }) = Query::from_request_parts(parts, state).await?;
        let accepted = parts.headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let wire = Wire::for_client(accepted);
        let Ok(session_end) = SessionEnd::from_request_parts(parts, state).await;
        Ok(Self { have, wire, session_end })
    }
}

/// The part of a page that keeps itself true, with what is said of that. Complete without a script.
pub(super) fn part(stream: &str, fragment: &Fragment) -> Markup {
    html! {
        p.strip.no-print {
            span #live-state.live data-state="still" { "These are the numbers when the page was opened. Reload for newer ones." }
        }
        div #live.stack data-stream=(stream) data-version=(fragment.version) { (PreEscaped(&fragment.html)) }
        p #live-said.hidden role="status" aria-live="polite" {}
    }
}

/// Keeps a page true for as long as it is open.
async fn open(web: &Shared, scene: Scene, visit: Visit) -> Result<Response, Failure> {
    if web.desk.metrics.open_streams() >= MOST_STREAMS {
        return Err(too_many());
    }
    let counted = web.desk.metrics.stream_opened();
    let sent = enter(web, scene).await?;
    let Visit { have, wire, session_end } = visit;
    let (encoding, stopping) = (wire.encoding(), web.desk.stopping.clone());
    let page = OpenPage { sent, have, wire, stopping, session_end, _counted: counted };
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

fn too_many() -> Failure {
    let detail = "Too many live pages are open. The numbers are right; reload the page for newer ones.";
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Not live just now", detail)
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
async fn enter(web: &Shared, scene: Scene) -> Result<watch::Receiver<Arc<Sent>>, Failure> {
    {
        let open = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = open.get(&scene) {
            return Ok(room.subscribe());
        }
        if is_full(&open, &scene) {
            return Err(too_many());
        }
    }
    // Listen first and render then, so that no change falls between the two.
    let changes = web.desk.changes.subscribe();
    let drawn = scene.clone();
    let first = off_thread(web, move |web| drawn.draw(web)).await?;
    let mut open = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(room) = open.get(&scene) {
        return Ok(room.subscribe());
    }
    // Others may have come while this one was drawn.
    if is_full(&open, &scene) {
        return Err(too_many());
    }
    let (room, fragments) = watch::channel(Sent::first(first));
    open.insert(scene.clone(), room.clone());
    tokio::spawn(keep(Arc::clone(web), scene, room, changes));
    Ok(fragments)
}

fn is_full(open: &HashMap<Scene, watch::Sender<Arc<Sent>>>, scene: &Scene) -> bool {
    scene.is_large() && open.keys().filter(|scene| scene.is_large()).count() >= MOST_LARGE
}

/// Keeps a room's fragment true until the last page has left or the server stops.
async fn keep(web: Shared, scene: Scene, room: watch::Sender<Arc<Sent>>, mut changes: broadcast::Receiver<News>) {
    let (pace, wards) = (scene.pace(), scene.wards(&web));
    let mut looks = interval_at(Instant::now() + pace.look_again, pace.look_again);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopping = web.desk.stopping.clone();
    loop {
        let noticed = tokio::select! {
            () = stopping.cancelled() => break,
            () = room.closed() => {
                let mut open = web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner);
                // Somebody may have come in between; whoever enters holds the same lock.
                if room.receiver_count() == 0 {
                    open.remove(&scene);
                    return;
                }
                continue;
            }
            change = changes.recv() => match change {
                Ok(change) if wards.as_ref().is_none_or(|own| change.wards.iter().any(|ward| own.contains(ward))) => {
                    Some(Instant::now())
                }
                Ok(_) => continue,
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Instant::now()),
                Err(broadcast::error::RecvError::Closed) => break,
            },
            _ = looks.tick() => None,
        };
        let brush = if scene.is_large() { Some(web.rooms.brush.lock().await) } else { None };
        // What is waiting already is in the facts, so this fragment holds it too.
        drain(&mut changes);
        let at_work = (!scene.is_large()).then(|| AtWork::begins(&web.rooms));
        let begun = Instant::now();
        draw_again(&web, &scene, &room, noticed).await;
        let worked = begun.elapsed();
        let sent = SENDING * u32::try_from(room.receiver_count()).unwrap_or(u32::MAX);
        let share = at_work.as_ref().map_or(MOST_REST, |at_work| rest_share(at_work.all()));
        let rest = async {
            if let Some(brush) = brush {
                sleep(worked * BRUSH_SHARE).await;
                drop(brush);
            }
            sleep(((worked + sent) * share).clamp(pace.shortest_rest, pace.longest_rest)).await;
        };
        tokio::select! {
            () = stopping.cancelled() => break,
            () = rest => {}
        }
    }
    web.rooms.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&scene);
}

/// How much longer than it worked a room of one ward rests when so many of them have news.
fn rest_share(at_work: usize) -> u32 {
    u32::try_from(at_work).map_or(MOST_REST, |rooms| rooms.saturating_mul(2).clamp(LEAST_REST, MOST_REST))
}

/// Draws a room's fragment again, and sends what became of it where it is another.
async fn draw_again(web: &Shared, scene: &Scene, room: &watch::Sender<Arc<Sent>>, noticed: Option<Instant>) {
    // The room's keeper alone sends, so nothing comes in between.
    let (present, drawn) = (Arc::clone(&room.borrow()), scene.clone());
    let next = off_thread(web, move |web| {
        let fragment = drawn.draw(web)?;
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
        Err(_) => tracing::warn!(page = ?scene, "failed to render a live page"),
    }
}

fn drain(changes: &mut broadcast::Receiver<News>) {
    use broadcast::error::TryRecvError;
    while matches!(changes.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
}
