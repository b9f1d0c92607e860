//! Who is looking, and what they may see.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::failure::Failure;
use super::{Shared, sign_in};

/// The cookie of a session.
pub(crate) const COOKIE: &str = "wardvoice_session";

/// Who is looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Nobody we know.
    Stranger,
    /// The office, by a session.
    Session,
    /// The office, by name and password on each request of the API.
    Basic,
}

impl Viewer {
    /// Whether it is the patient-experience team.
    pub(crate) fn is_office(&self) -> bool {
        *self != Self::Stranger
    }

    /// Whether there is a session to sign out of.
    pub(crate) fn has_session(&self) -> bool {
        *self == Self::Session
    }
}

/// The session token a browser sent.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Finds out who is looking and lets every page know.
pub(crate) async fn identify(State(web): State<Shared>, mut request: Request, next: Next) -> Response {
    let now = web.now();
    let by_session = token(request.headers()).and_then(|token| web.sessions.touch(token, now)).is_some();
    let viewer = if by_session {
        Viewer::Session
    } else if let Some((name, password)) = basic(&request) {
        let caller = sign_in::caller(request.extensions());
        match sign_in::check(&web, caller, name, password).await {
            sign_in::Outcome::Right => Viewer::Basic,
            sign_in::Outcome::Wrong => return unauthorised().into_response(),
            sign_in::Outcome::Wait(seconds) => return sign_in::too_many(seconds).into_response(),
        }
    } else {
        Viewer::Stranger
    };
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

/// The name and password of a request to the API.
fn basic(request: &Request) -> Option<(String, String)> {
    if !is_api(request) {
        return None;
    }
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Lets through who may read wards and scores: the office, and in a demonstration anybody.
pub(crate) async fn may_read(State(web): State<Shared>, request: Request, next: Next) -> Response {
    if web.desk.demonstration || is_office(&request) { next.run(request).await } else { refuse(&request) }
}

/// Lets through the office only.
pub(crate) async fn must_be_office(request: Request, next: Next) -> Response {
    if is_office(&request) { next.run(request).await } else { refuse(&request) }
}

fn is_office(request: &Request) -> bool {
    request.extensions().get::<Viewer>().is_some_and(Viewer::is_office)
}

fn is_api(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

/// A machine is told how to say who it is, a person is asked to sign in and comes back to the page.
fn refuse(request: &Request) -> Response {
    if is_api(request) || request.uri().path().ends_with("/stream") {
        return unauthorised().into_response();
    }
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    // Whoever says on a ward's page that help was seen comes back to that page; the form has to be sent again.
    let from_ward = request.uri().path().strip_suffix("/help/seen");
    let wanted = if request.method().is_safe() { wanted } else { from_ward.unwrap_or("/office") };
    Redirect::to(&sign_in::address(wanted)).into_response()
}

fn unauthorised() -> Failure {
    let detail =
        "Sign in on the pages, or send the office's name and password with the request (basic authentication).";
    Failure::new(StatusCode::UNAUTHORIZED, "Sign in first", detail)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Wardvoice\", charset=\"UTF-8\""))
}
