//! Certificates for machines: which there are and until when, so that a trust's own monitoring can watch over them.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::failure::{Failure, Problem};
use crate::web::ward::off_thread;
use crate::web::{Shared, Web};

/// A certificate that somebody has to renew, or that renews itself and may have failed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CertificateSheet {
    /// Who shows it: `broker`, `pages` or `kiosk`.
    holder: String,
    /// The kiosk's id; none for the others, of which there is one each.
    name: Option<String>,
    /// Until when it is valid, in UTC.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// How many whole days are left; less than 0 when it has run out.
    days_left: i64,
}

/// Certificates and when they end, the first to end first.
///
/// The broker's as it was last shown, where it is a program of its own; the pages', where it is the trust's own; and of each registered
/// kiosk the last one that was not taken back. What the aggregator shows of its built-in authority it renews by itself and is not listed.
#[utoipa::path(get, path = "/api/v1/certificates", tag = "office", responses(
    (status = 200, description = "The certificates", body = [CertificateSheet]),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn certificates(State(web): State<Shared>) -> Result<Json<Vec<CertificateSheet>>, Failure> {
    off_thread(&web, |web| Ok(sheets(web))).await.map(Json)
}

fn sheets(web: &Web) -> Vec<CertificateSheet> {
    const SECONDS_A_DAY: i64 = 86_400;
    let (fleet, now) = (&web.desk.fleet, web.now());
    let sheet = |holder: &str, name: Option<String>, until: Timestamp| CertificateSheet {
        holder: holder.to_owned(),
        name,
        until,
        days_left: until.duration_since(now).as_secs().div_euclid(SECONDS_A_DAY),
    };
    let registered = web.desk.world.registry.all();
    let mut sheets = Vec::new();
    sheets.extend(fleet.broker_certificate_until().map(|until| sheet("broker", None, until)));
    sheets.extend(fleet.pages_certificate_until().map(|until| sheet("pages", None, until)));
    let passes = fleet.pass_ends().into_iter().filter(|(kiosk, _)| registered.contains_key(kiosk));
    sheets.extend(passes.map(|(kiosk, until)| sheet("kiosk", Some(kiosk.to_string()), until)));
    sheets.sort_by_key(|sheet| sheet.until);
    sheets
}
