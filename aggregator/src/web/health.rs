//! For machines that watch: is it well, and what has it counted.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::PoisonError;

use super::Shared;
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

pub(crate) async fn metrics(State(web): State<Shared>) -> Response {
    let desk = &web.desk;
    let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let sightings = desk.fleet.all();
    let gauges = Gauges {
        quarantined: desk.reader.quarantined().unwrap_or_default(),
        kiosks_connected: whole(sightings.values().filter(|sighting| sighting.is_online()).count()),
        kiosks_registered: whole(desk.world.registry.all().len()),
        records: desk.reader.position(),
        contacts: whole(desk.facts.read().unwrap_or_else(PoisonError::into_inner).len()),
    };
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], desk.metrics.text(gauges)).into_response()
}
