//! Requests for help on a ward's page and in the API: what is needed, where, how long ago, and that somebody has seen it.

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{RecordId, WardId};

use super::failure::{Failure, Problem};
use super::viewer::Viewer;
use super::ward::{View, address, off_thread, ward_of};
use super::{Shared, Web, units, words};
use crate::audit::Deed;
use crate::help::{Request, StaffRole};
use crate::log::Seen;

#[derive(Debug, Deserialize)]
pub(crate) struct Acknowledged {
    record: RecordId,
    /// The unit whose page it was said on, where that was not the ward's.
    unit: Option<String>,
}

/// A request on the page of several wards.
pub(crate) struct Waiting {
    pub(crate) request: Request,
    pub(crate) ward_name: String,
    /// Whether whoever looks may say that they have seen it.
    pub(crate) may_be_seen: bool,
}

/// A request for help that nobody has seen yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestSheet {
    /// What to acknowledge it by.
    record: String,
    /// The ward's id.
    ward: String,
    /// What is needed: `pain`, `toilet`, `drink`, `worried`, `talk` or `other`.
    need: &'static str,
    /// The bay or room, where it was said.
    place: Option<String>,
    /// When it was asked, in UTC; for one that waited on the kiosk, the quarter of an hour.
    #[schema(value_type = String, format = DateTime)]
    asked: Timestamp,
}

/// That a request for help was seen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeenSheet {
    /// The request.
    record: String,
    /// When it was seen first, in UTC.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The role of whoever has seen it first.
    by: String,
}

/// The requests of a ward that nobody has seen yet; nothing when there are none.
pub(super) fn section(view: &View) -> Markup {
    html! {
        @if !view.help.is_empty() {
            section #help.sheet.flows aria-labelledby="help-title" {
                h2 id="help-title" { "Somebody asks for help" }
                p.aside {
                    "Asked on a kiosk, which is not the call bell. Say so when you have seen it: the kiosk then tells whoever asked."
                }
                div.scroller tabindex="0" role="group" aria-labelledby="help-title" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Needs" } th scope="col" { "Where" } th scope="col" { "Asked" }
                                th scope="col" { span.hidden { "Say that you have seen it" } }
                            }
                        }
                        tbody { @for request in &view.help { (row(request, view.now, None, &seen_by(request, None))) } }
                    }
                }
            }
        }
    }
}

/// The requests of several wards that nobody has seen yet; nothing when there are none. Whoever may says here that one was seen.
pub(super) fn of_wards(unit: &Unit, waiting: &[Waiting], now: Timestamp) -> Markup {
    html! {
        @if !waiting.is_empty() {
            section #help.sheet.flows aria-labelledby="help-title" {
                h2 id="help-title" { (words::of(waiting.len() as u64, "person asks for help", "people ask for help")) }
                p.aside {
                    "Asked on a kiosk, which is not the call bell. The ward sees it too. Whoever says that they have seen it tells whoever asked."
                }
                div.scroller tabindex="0" role="group" aria-labelledby="help-title" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Needs" } th scope="col" { "Ward" } th scope="col" { "Where" } th scope="col" { "Asked" }
                                th scope="col" { span.hidden { "Say that you have seen it" } }
                            }
                        }
                        tbody {
                            @for Waiting { request, ward_name, may_be_seen } in waiting {
                                @let ward = html! { a href=(address(&request.ward, None)) { (ward_name) } };
                                @let seen = if *may_be_seen { seen_by(request, Some(unit)) } else { html! { "Not seen yet" } };
                                (row(request, now, Some(&ward), &seen))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row(request: &Request, now: Timestamp, ward: Option<&Markup>, seen: &Markup) -> Markup {
    html! {
        // With an id, so that a button stays with what it is about when the list moves under an open page.
        tr id=(format!("request-{}", request.record)) {
            th scope="row" { (words::need(request.need)) }
            @if let Some(ward) = ward { td { (ward) } }
            td { (request.place.as_ref().map_or("not said", |place| place.as_str())) }
            td { (words::waiting(request.asked, now)) }
            td { (seen) }
        }
    }
}

/// Says that a request was seen, on its ward's page or on that of a unit.
fn seen_by(request: &Request, unit: Option<&Unit>) -> Markup {
    html! {
        form method="post" action=(format!("/ward/{}/help/seen", request.ward)) {
            input type="hidden" name="record" value=(request.record);
            @if let Some(unit) = unit { input type="hidden" name="unit" value=(unit.to_string()); }
            button.action type="submit" { "Seen" span.hidden { ": " (words::need(request.need)) } }
        }
    }
}

/// Somebody of the ward or the office says that a request was seen.
pub(crate) async fn seen(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Form(Acknowledged { record, unit }): Form<Acknowledged>,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    acknowledge(&web, viewer, Some(ward.clone()), record).await?;
    // Back to the page that it was said on: always one of ours, as only a unit's name is taken.
    let unit = unit.and_then(|text| text.parse::<Unit>().ok());
    let page = unit.and_then(|unit| units::address(&unit, None)).unwrap_or_else(|| address(&ward, None));
    Ok(Redirect::to(&page).into_response())
}

/// Notes who has seen it. Only a request of the ward is taken where one is named: the door was that ward's.
async fn acknowledge(
    web: &Shared,
    viewer: Viewer,
    ward: Option<WardId>,
    record: RecordId,
) -> Result<Seen, Failure> {
    off_thread(web, move |web| {
        let unknown = || {
            let detail = "There is no request for help of that number. Open the ward's page again.";
            Failure::new(StatusCode::NOT_FOUND, "There is no such request", detail)
        };
        if let Some(ward) = &ward
            && web.request_of(record)?.is_some_and(|found| found != *ward)
        {
            return Err(unknown());
        }
        // Nobody waits for help because a disk does not take a note.
        let noted = web.note(viewer.name(), Deed::SawHelp, Some(&format!("request:{record}")), None);
        drop(noted);
        let role: StaffRole =
            viewer.staff_role().parse().map_err(|error: crate::help::StaffRoleError| Failure::internal(&error))?;
        let stands = (web.desk.acknowledge)(record, &role).map_err(|error| Failure::internal(&error))?;
        stands.ok_or_else(unknown)
    })
    .await
}

impl Web {
    /// The ward of an open or stored request for help.
    fn request_of(&self, record: RecordId) -> Result<Option<WardId>, Failure> {
        let open = self.desk.help.all(self.now()).into_iter().find(|request| request.record == record);
        if let Some(request) = open {
            return Ok(Some(request.ward));
        }
        let internal = |error: crate::log::LogError| Failure::internal(&error);
        let position = self.desk.reader.find(&record).map_err(internal)?;
        let stored = position.map(|position| self.desk.reader.record(position)).transpose().map_err(internal)?;
        Ok(stored.flatten().map(|stored| stored.record.ward().clone()))
    }
}

/// The requests for help that nobody has seen yet, the one that waits longest first.
#[utoipa::path(get, path = "/api/v1/help", tag = "office", responses(
    (status = 200, description = "The requests", body = [RequestSheet]),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(web): State<Shared>) -> Json<Vec<RequestSheet>> {
    let sheet = |request: Request| RequestSheet {
        record: request.record.to_string(),
        ward: request.ward.to_string(),
        need: words::need_word(request.need),
        place: request.place.map(String::from),
        asked: request.asked,
    };
    Json(web.desk.help.all(web.now()).into_iter().map(sheet).collect())
}

/// Says that somebody has seen a request for help. The kiosk shows it; the first word stays.
#[utoipa::path(post, path = "/api/v1/help/{record}/seen", tag = "office",
    params(("record" = String, Path, description = "The request, as `/api/v1/help` names it")),
    responses(
        (status = 200, description = "What stands", body = SeenSheet),
        (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn seen_by_machine(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(record): Path<RecordId>,
) -> Result<Json<SeenSheet>, Failure> {
    let stands = acknowledge(&web, viewer, None, record).await?;
    Ok(Json(SeenSheet { record: record.to_string(), at: stands.at, by: stands.by }))
}
