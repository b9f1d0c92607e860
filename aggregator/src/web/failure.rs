//! What a viewer is told when something cannot be shown: a page in plain English, or problem details (RFC 9457) under `/api`.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Serialize;
use utoipa::ToSchema;

use super::layout::{self, Ways};

/// Above what is wrong with an address.
const NOT_READ: &str = "That cannot be read";
/// Above what is wrong with a form.
const NOT_DONE: &str = "That was not done";

/// Why something cannot be shown. Boxed, because results that hold one are everywhere and failures are rare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(Box<Told>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    status: StatusCode,
    title: String,
    detail: String,
    header: Option<(HeaderName, HeaderValue)>,
}

/// Problem details as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The problem in a few words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what to do.
    detail: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(Box::new(Told { status, title: title.into(), detail: detail.into(), header: None }))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    pub(crate) fn page_not_found() -> Self {
        let detail = "Check the address, or start from the list of wards.";
        Self::new(StatusCode::NOT_FOUND, "There is no such page", detail)
    }

    pub(crate) fn unknown_ward(id: &str) -> Self {
        let detail = format!("The directory has no ward “{id}”. Choose one from the list of wards.");
        Self::new(StatusCode::NOT_FOUND, "There is no such ward", detail)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, NOT_READ, detail)
    }

    /// Something inside failed. What it was is logged; the viewer is told what it means.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!("failed to {error}");
        let detail = "This part could not be read. Nothing that patients said is lost. Try again; if it stays like this, \
                      tell the people who run Wardvoice.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something is wrong here", detail)
    }
}

impl Failure {
    /// What is to be noted in the audit could not be.
    pub(crate) fn not_noted() -> Self {
        let detail = "Who sees or changes this is written down, and the disk did not take it. So it is not shown and not done. \
                      Tell the people who run Wardvoice; try again when they have made room.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "This cannot be written down", detail)
    }
}

impl IntoResponse for Failure {
    /// The status with the failure beside it; [`in_plain_english`] knows who asked and writes the words.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        if let Some((name, value)) = self.0.header.clone() {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// No route has this address.
pub(crate) async fn no_such_page() -> Failure {
    Failure::page_not_found()
}

/// The longest reason of a refused request that is kept.
const MAX_REASON_BYTES: usize = 2_000;

/// Writes every failure in the form its reader can read: ours, and those that routing, extraction and other layers make.
pub(crate) async fn in_plain_english(request: Request, next: Next) -> Response {
    let for_machines = request.uri().path().starts_with("/api/");
    let was_sent = request.method() == Method::POST;
    let response = next.run(request).await;
    let status = response.status();
    let (mut parts, body) = response.into_parts();
    let failure = match parts.extensions.remove::<Failure>() {
        Some(failure) => failure,
        None if (status.is_client_error() || status.is_server_error()) && is_bare(&parts.headers) => {
            let reason = to_bytes(body, MAX_REASON_BYTES).await.unwrap_or_default();
            // What a library says of a request is for whoever wrote the request, and nobody writes a page's.
            named(status, if for_machines { &reason } else { &[] })
        }
        None => return Response::from_parts(parts, body),
    };
    let failure = if was_sent { failure.of_a_form() } else { failure };
    let ways = parts.extensions.remove::<Ways>().unwrap_or_default();
    let written = if for_machines { failure.problem() } else { failure.page(&ways) };
    let (mut written, body) = written.into_parts();
    for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::ALLOW, header::SET_COOKIE] {
        if let Some(value) = parts.headers.remove(&name) {
            written.headers.insert(name, value);
        }
    }
    Response::from_parts(written, body)
}

/// Whether an answer has nothing in it, or plain text: neither a page nor JSON of ours.
fn is_bare(headers: &axum::http::HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/plain")))
}

/// Words for an answer that has none of ours.
fn named(status: StatusCode, reason: &[u8]) -> Failure {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            Failure::new(status, "That cannot be done here", "This address takes another kind of request.")
        }
        StatusCode::FORBIDDEN => Failure::new(
            status,
            "That was not accepted",
            "The request came from another site. Open the page here and try again.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Failure::new(status, "That is too large", "Send less."),
        status if status.is_client_error() => {
            let reason = String::from_utf8_lossy(reason);
            let detail = if reason.is_empty() {
                "Something is missing or cannot be read. Go back and try again."
            } else {
                &*reason
            };
            Failure::new(status, NOT_READ, detail)
        }
        status => Failure::new(status, "Something is wrong here", "Try again in a moment."),
    }
}

impl Failure {
    /// The same where a form was sent: it was read, and what it asks for is not done.
    fn of_a_form(mut self) -> Self {
        if self.0.title == NOT_READ {
            NOT_DONE.clone_into(&mut self.0.title);
        }
        self
    }

    fn problem(self) -> Response {
        let Told { status, title, detail, .. } = *self.0;
        let problem = Problem { kind: "about:blank", title, status: status.as_u16(), detail };
        let body = serde_json::to_string(&problem).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }

    fn page(self, ways: &Ways) -> Response {
        let Told { status, title, detail, .. } = *self.0;
        let content = html! {
            div.sheet.narrow {
                h1 { (title) }
                p.lede { (detail) }
                // Signing in leads whoever has done so to where they begin.
                p.buttons {
                    a.action href="/sign-in" { "Back to your pages" }
                    @if ways.wards { a.action.quiet href="/" { "The wards" } }
                }
            }
        };
        (status, layout::bare(&title, ways, &content)).into_response()
    }
}
