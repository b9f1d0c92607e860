//! The pages, the API and the machine's own words, over HTTP.
//!
//! Purpose: a ward sister sees her ward's answers within a blink of their being stored; the office sees what was refused and
//! which kiosks are silent; a machine can ask for the same. Everything is rendered here; nothing is fetched from elsewhere.
//!
//! Vocabulary: the *desk* is everything the pages look at; a *viewer* is who is looking; a *fragment* is the part of a ward's
//! page that changes; a *room* is all the open pages of one ward and period, which get each fragment rendered once.
//!
//! Invariants:
//! - A number never stands without its n. A ward that nobody has heard from is shown as silent, never as unchanged.
//! - Pages work without JavaScript; the script only swaps what a reload would show.
//! - Nothing inline: the content security policy allows our own style sheet and our own script and nothing else.
//! - Outside a demonstration nothing but `/healthz`, `/metrics`, `/sign-in` and the assets is shown to a viewer who has not
//!   signed in. The office's pages ask for it always.
//! - Pages only read, except that the office may replay an entry of the quarantine and say that a request for help was seen, which both
//!   go through ingest's one writer; and decide about comments and note what the monitor found, which go to ledgers of their own.
//! - Raw comments are on the office's pages only; every other page and the API ask `Comments::released`.
//!
//! Failure modes: what cannot be found or computed is a page in plain English, or `application/problem+json` under `/api`.
//! Open streams end when [`Desk::stopping`] is cancelled, so that a graceful shutdown does not wait for browsers.

use std::sync::{Arc, RwLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use wardvoice_protocol::id::RecordId;
use wardvoice_protocol::receipt::Verdict;

use crate::accounts::Accounts;
use crate::comments::Comments;
use crate::facts::Facts;
use crate::fleet::Fleet;
use crate::help::{HelpDesk, StaffRole};
use crate::ingest::{Change, World};
use crate::log::{Reader, Seen};
use crate::metrics::Metrics;
use crate::monitor::Marks;
use crate::scoring::ScoringWorld;

mod api;
mod assets;
mod charts;
mod comments;
mod failure;
mod health;
mod help;
mod layout;
mod live;
mod monitor;
mod office;
mod presence;
mod sessions;
mod sheets;
mod sign_in;
mod viewer;
mod ward;
mod wards;
mod words;

#[cfg(test)]
mod tests;

/// Judges entries of the quarantine anew: their numbers in, their verdicts or why not out. Blocks until they are durable.
pub type Replay = Arc<dyn Fn(&[u64]) -> Result<Vec<(u64, Verdict)>, String> + Send + Sync>;

/// Notes that somebody of a role has seen a request for help, and tells the kiosk: what stands, or `None` when there is no such
/// request, or why not. Blocks until it is durable.
pub type Acknowledge = Arc<dyn Fn(RecordId, &StaffRole) -> Result<Option<Seen>, String> + Send + Sync>;

/// What time it is. Handed in so that pages can be tested on any day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything the pages look at.
pub struct Desk {
    /// The trust, the calendar and the kiosks.
    pub world: Arc<World>,
    /// The rules of scoring.
    pub scoring: Arc<ScoringWorld>,
    /// The facts, live.
    pub facts: Arc<RwLock<Facts>>,
    /// The log.
    pub reader: Reader,
    /// Where news of commits comes from.
    pub changes: broadcast::Sender<Change>,
    /// What is known of each kiosk at this moment.
    pub fleet: Arc<Fleet>,
    /// Who may sign in.
    pub accounts: Arc<Accounts>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The way back into ingest for the quarantine.
    pub replay: Replay,
    /// The requests for help.
    pub help: Arc<HelpDesk>,
    /// What people wrote, and what was decided about it.
    pub comments: Arc<Comments>,
    /// What people noted about what the monitor found.
    pub marks: Arc<Marks>,
    /// The way into the log for whoever has seen one.
    pub acknowledge: Acknowledge,
    /// Whether everything is generated: pages say so, and reading needs no sign-in.
    pub demonstration: bool,
    /// Cancelled when the server stops; ends the open streams.
    pub stopping: CancellationToken,
    /// What time it is.
    pub now: Clock,
}

/// The desk and what the pages themselves remember.
pub(crate) struct Web {
    desk: Arc<Desk>,
    sessions: sessions::Sessions,
    doorkeeper: sign_in::Doorkeeper,
    sheets: sheets::Sheets,
    rooms: live::Rooms,
}

type Shared = Arc<Web>;

/// The largest form that is read, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// All routes. Needs no running runtime until the first request.
pub fn router(desk: Arc<Desk>) -> Router {
    let web: Shared = Arc::new(Web {
        sessions: sessions::Sessions::default(),
        doorkeeper: sign_in::Doorkeeper::default(),
        sheets: sheets::Sheets::default(),
        rooms: live::Rooms::default(),
        desk,
    });
    let readable = Router::new()
        .route("/", get(wards::page))
        .route("/ward/{id}", get(ward::page))
        .route("/ward/{id}/stream", get(live::stream))
        .merge(api::readable())
        .route_layer(from_fn_with_state(Arc::clone(&web), viewer::may_read));
    let office = Router::new()
        .route("/office", get(office::page))
        .route("/office/quarantine/replay", post(office::replay))
        .route("/office/monitor", post(monitor::mark))
        .merge(comments::office())
        .route("/ward/{id}/help/seen", post(help::seen))
        .merge(api::office())
        .route_layer(from_fn_with_state(Arc::clone(&web), viewer::must_be_office));
    let open = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::leave))
        .route("/assets/{version}/{name}", get(assets::serve));
    open.merge(readable)
        .merge(office)
        .fallback(failure::no_such_page)
        .layer(from_fn_with_state(Arc::clone(&web), viewer::identify))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(CsrfLayer::new())
        .layer(from_fn(failure::in_plain_english))
        .layer(header_layer(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(header_layer(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(header_layer(
            header::HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ))
        .layer(header_layer(header::CACHE_CONTROL, "private, no-store"))
        .with_state(web)
}

/// Sets a header on every answer that does not set it itself.
fn header_layer(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

impl Web {
    fn now(&self) -> Timestamp {
        (self.desk.now)()
    }

    fn today(&self) -> jiff::civil::Date {
        self.desk.scoring.calendar().day_of(self.now())
    }
}
