//! For machines that watch: is it well, can it be used, and what has it counted.
//!
//! *Well* (`/healthz`) is whether a restart would help: no, as long as the log takes records. *Ready* (`/readyz`) is whether answers come in and
//! pages say them: the log is open, its disk has room, the broker is connected, and the facts are not behind the log. A broker that is away makes the
//! aggregator unready and not unwell, since starting it again brings no broker back; nor does it make room.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::PoisonError;
use wardvoice_protocol::id::KioskId;

use super::{Desk, Shared, Web};
use crate::metrics::Gauges;

/// Whether records are taken.
#[derive(Debug, Serialize)]
struct Health {
    /// `ok`, or `poisoned`: a flush failed, nothing is taken until a restart.
    status: &'static str,
    /// Why it is not well.
    why: Option<String>,
    /// The last position that is on the disk.
    position: u64,
    /// The version of the program.
    version: &'static str,
}

pub(crate) async fn healthz(State(web): State<Shared>) -> Response {
    let why = web.desk.reader.poisoned();
    let (code, status) =
        if why.is_some() { (StatusCode::SERVICE_UNAVAILABLE, "poisoned") } else { (StatusCode::OK, "ok") };
    let position = web.desk.reader.position();
    (code, Json(Health { status, why, position, version: env!("CARGO_PKG_VERSION") })).into_response()
}

/// So many records the facts may be behind the log: what a burst leaves for a moment.
const MOST_BEHIND: u64 = 10_000;

/// With less room on the disk of the log the next answers may be the last that it takes.
const LEAST_ROOM_BYTES: u64 = 32 * 1024 * 1024;

/// Whether answers come in and pages say them.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that a machine reads by its name")]
struct Readiness {
    /// `ready`, or `unready`.
    status: &'static str,
    /// Whether the log takes records.
    log_open: bool,
    /// Whether the disk that the log is on has room for more.
    has_room: bool,
    /// Whether the broker is connected.
    broker_connected: bool,
    /// How many records of the log the pages do not say yet.
    facts_behind: u64,
    /// Whether the end has begun.
    stopping: bool,
}

impl Readiness {
    fn is_ready(&self) -> bool {
        self.log_open
            && self.has_room
            && self.broker_connected
            && self.facts_behind <= MOST_BEHIND
            && !self.stopping
    }

    /// How things are.
    fn of(web: &Web) -> Self {
        let desk = &web.desk;
        let facts = desk.facts.read().unwrap_or_else(PoisonError::into_inner).head();
        let facts = facts.map_or(0, |head| head.position);
        let found = Self {
            status: "unready",
            log_open: desk.reader.poisoned().is_none(),
            // A disk that says nothing is no disk to write to.
            has_room: (desk.free_bytes)().is_some_and(|free| free >= LEAST_ROOM_BYTES),
            broker_connected: (desk.broker_connected)(),
            facts_behind: desk.reader.position().saturating_sub(facts),
            stopping: desk.stopping.is_cancelled(),
        };
        Self { status: if found.is_ready() { "ready" } else { "unready" }, ..found }
    }
}

pub(crate) async fn readyz(State(web): State<Shared>) -> Response {
    let found = Readiness::of(&web);
    let code = if found.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(found)).into_response()
}

/// For how long what is here has been in no backup.
fn unsaved_seconds(desk: &Desk, now: Timestamp) -> u64 {
    // A log that cannot be read is unready, which is said beside it.
    let unsaved = desk.last_backup.unsaved(&desk.reader).ok().flatten();
    unsaved.map_or(0, |unsaved| u64::try_from(now.duration_since(unsaved.since()).as_secs()).unwrap_or(0))
}

pub(crate) async fn metrics(State(web): State<Shared>) -> Response {
    let desk = &web.desk;
    let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (sightings, registered, now) = (desk.fleet.all(), desk.world.registry.all(), (desk.now)());
    let is_silent = |id: &&KioskId| sightings.get(*id).is_none_or(|sighting| sighting.is_silent(now));
    let silent = registered.keys().filter(is_silent).count();
    // Before the facts are read below: a lock that is taken twice may wait for itself.
    let readiness = Readiness::of(&web);
    let gauges = Gauges {
        quarantined: desk.reader.quarantined().unwrap_or_default(),
        kiosks_connected: whole(sightings.values().filter(|sighting| sighting.is_online()).count()),
        kiosks_registered: whole(registered.len()),
        kiosks_silent: whole(silent),
        records: desk.reader.position(),
        contacts: whole(desk.facts.read().unwrap_or_else(PoisonError::into_inner).len()),
        backup_age_seconds: unsaved_seconds(desk, now),
        clock_doubted: u64::from(desk.clock_doubt.is_doubted()),
        data_free_bytes: (desk.free_bytes)().unwrap_or_default(),
        broker_connected: u64::from(readiness.broker_connected),
        ready: u64::from(readiness.is_ready()),
    };
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], desk.metrics.text(gauges)).into_response()
}
