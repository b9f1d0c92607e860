//! Requests for help on a ward's page and in the API: what is needed, where, how long ago, and that somebody has seen it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::id::RecordId;

use super::failure::{Failure, Problem};
use super::ward::{View, address, off_thread, ward_of};
use super::{Shared, words};
use crate::accounts::OFFICE;
use crate::help::{Request, StaffRole};
use crate::log::Seen;

#[derive(Debug, Deserialize)]
pub(crate) struct Acknowledged {
    record: RecordId,
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
                div.scroller tabindex="0" role="region" aria-labelledby="help-title" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Needs" } th scope="col" { "Where" } th scope="col" { "Asked" }
                                th scope="col" { span.hidden { "Say that you have seen it" } }
                            }
                        }
                        tbody { @for request in &view.help { (row(view, request)) } }
                    }
                }
            }
        }
    }
}

fn row(view: &View, request: &Request) -> Markup {
    html! {
        tr {
            th scope="row" { (words::need(request.need)) }
            td { (request.place.as_ref().map_or("not said", |place| place.as_str())) }
            td { (words::waiting(request.asked, view.now)) }
            td {
                form method="post" action=(format!("/ward/{}/help/seen", view.ward)) {
                    input type="hidden" name="record" value=(request.record);
                    button.action type="submit" { "Seen" span.hidden { ": " (words::need(request.need)) } }
                }
            }
        }
    }
}

/// Somebody in the office says that a request was seen.
pub(crate) async fn seen(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Form(Acknowledged { record }): Form<Acknowledged>,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    acknowledge(&web, record).await?;
    Ok(Redirect::to(&address(&ward, None)).into_response())
}

async fn acknowledge(web: &Shared, record: RecordId) -> Result<Seen, Failure> {
    off_thread(web, move |web| {
        let office: StaffRole =
            OFFICE.parse().map_err(|error: crate::help::StaffRoleError| Failure::internal(&error))?;
        let stands = (web.desk.acknowledge)(record, &office).map_err(|error| Failure::internal(&error))?;
        stands.ok_or_else(|| {
            let detail = "There is no request for help of that number. Open the ward's page again.";
            Failure::new(StatusCode::NOT_FOUND, "There is no such request", detail)
        })
    })
    .await
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
    Path(record): Path<RecordId>,
) -> Result<Json<SeenSheet>, Failure> {
    let stands = acknowledge(&web, record).await?;
    Ok(Json(SeenSheet { record: record.to_string(), at: stands.at, by: stands.by }))
}
