//! Signing in with the trust's own sign-in: the way there and the way back.
//!
//! The way back comes from another site, so a browser sends only the attempt's own cookie along, which is therefore `SameSite=Lax`, and it
//! would not send the new session's, which is strict, to a page it is redirected to. So the way back ends in a page of ours that goes on by
//! itself; and a session that somebody had ends when they set out, because nobody can tell any more which it was when they are back.

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::Shared;
use super::doorkeeper::caller;
use super::failure::Failure;
use super::layout;
use super::routes::{Door, Route, reads};
use super::sign_in;
use super::viewer::{Viewer, cookie, is_https, token};
use super::ward::off_thread;
use crate::audit::{Deed, UNKNOWN};
use crate::openid::{ATTEMPT_HOLDS, OpenId, OpenIdError, Returned};

/// The cookie of an attempt where there is no TLS, and over TLS.
const COOKIES: [&str; 2] = ["wardvoice_openid", "__Host-wardvoice_openid"];

/// The routes of the way there and back.
pub(super) fn routes() -> Vec<Route> {
    vec![reads("/sign-in/openid", Door::Open, go), reads("/sign-in/openid/return", Door::Open, back)]
}

/// The address that begins a sign-in which leads back to a page.
pub(crate) fn address(next: &str) -> String {
    sign_in::address(next).replacen("/sign-in?", "/sign-in/openid?", 1)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    next: Option<String>,
}

async fn go(
    State(web): State<Shared>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let openid = set_up(&web)?;
    let next = sign_in::destination(wanted.next.as_deref()).unwrap_or_default();
    let begun = openid.begin(next, web.now()).await.map_err(|error| {
        tracing::warn!("failed to {error}");
        told(&error)
    })?;
    // Another site cannot do this to anybody: from there a browser does not send the session's cookie.
    if let Some(old) = token(&headers) {
        web.desk.sessions.end(old);
    }
    let kept = keep(&begun.cookie, ATTEMPT_HOLDS.as_secs(), is_https(&headers));
    Ok(([(header::SET_COOKIE, kept)], Redirect::to(&begun.address)).into_response())
}

async fn back(
    State(web): State<Shared>,
    Query(returned): Query<Returned>,
    request: Request,
) -> Result<Response, Failure> {
    let openid = set_up(&web)?;
    let secure = is_https(request.headers());
    let forget = keep("", 0, secure);
    let forgetting = |failure: Failure| match HeaderValue::from_str(&forget) {
        Ok(value) => failure.with(header::SET_COOKIE, value),
        Err(_) => failure,
    };
    let from = caller(&web, &request).map(|address| format!(" from {address}")).unwrap_or_default();
    let held = cookie(request.headers(), cookie_name(secure)).map(str::to_owned);
    let (account, next) =
        match openid.finish(held.as_deref(), returned, &web.desk.world.directory, web.now()).await {
            Ok(finished) => finished,
            Err(error) => {
                note_refusal(&web, &error, &from).await?;
                return Err(forgetting(told(&error)));
            }
        };
    let home = match sign_in::destination(Some(&next)) {
        Some(next) => next.to_owned(),
        None => Viewer::of_request(&account).home(),
    };
    let lasts = openid.session_lasts();
    let begun = off_thread(&web, move |web| {
        let roles: Vec<_> = account.roles.iter().map(ToString::to_string).collect();
        let detail = format!("with the trust's own sign-in{from}, as {}", roles.join(" "));
        web.note(account.name.as_str(), Deed::SignedIn, None, Some(&detail))?;
        let begun = web.desk.sessions.begin(&account, web.now(), lasts);
        begun.map_err(|error| Failure::internal(&format!("begin a session: {error}")))
    });
    let session = sign_in::cookie(&begun.await.map_err(&forgetting)?, lasts.as_secs(), secure);
    let refresh = format!("0; url={home}");
    let cookies = axum::response::AppendHeaders([(header::SET_COOKIE, session), (header::SET_COOKIE, forget)]);
    Ok((cookies, [(header::REFRESH, refresh)], arrived(&home)).into_response())
}

fn set_up(web: &Shared) -> Result<&OpenId, Failure> {
    web.desk.openid.as_deref().ok_or_else(Failure::page_not_found)
}

/// Notes whom the provider knows and who was not let in. What is no sign-in of the provider's at all is not noted: anybody can send that,
/// without end.
async fn note_refusal(web: &Shared, error: &OpenIdError, from: &str) -> Result<(), Failure> {
    tracing::warn!("failed to {error}");
    let (who, why) = match error {
        OpenIdError::NoRole(name) => (name.to_string(), "is in none of the groups".to_owned()),
        OpenIdError::Token(fault) => (UNKNOWN.to_owned(), fault.to_string()),
        _ => return Ok(()),
    };
    let detail = format!("by the trust's own sign-in{from}: {why}");
    off_thread(web, move |web| web.note(&who, Deed::SignInRefused, None, Some(&detail))).await
}

/// What somebody is told who cannot be signed in.
fn told(error: &OpenIdError) -> Failure {
    let (status, title, detail) = match error {
        OpenIdError::Unreachable(_) | OpenIdError::Odd(_) | OpenIdError::File { .. } => (
            StatusCode::BAD_GATEWAY,
            "Your trust's sign-in cannot be used just now",
            "It does not answer, or not as it should. Try again in a moment. Whoever has a name and password of Wardvoice's own can sign in \
             with that. If it stays like this, tell the people who run Wardvoice: the log says what is wrong.",
        ),
        OpenIdError::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Wait a moment",
            "Many people are signing in. Try again in a moment.",
        ),
        OpenIdError::NotBegun(_) => (
            StatusCode::BAD_REQUEST,
            "This sign-in does not go on",
            "It was begun in another browser, or more than ten minutes ago, or it has ended already. Start again from the sign-in page.",
        ),
        OpenIdError::Declined(_) => (
            StatusCode::FORBIDDEN,
            "Your trust's sign-in did not let you in",
            "You were not signed in there, or stopped. Start again from the sign-in page.",
        ),
        OpenIdError::Token(_) => (
            StatusCode::FORBIDDEN,
            "You are not signed in",
            "What your trust's sign-in says of you does not hold. Try again; if it stays like this, tell the people who run Wardvoice: the log \
             says what is wrong.",
        ),
        OpenIdError::NoRole(_) => (
            StatusCode::FORBIDDEN,
            "Your trust knows you, but Wardvoice is not open to you yet",
            "Your account at the trust is in none of the groups that may use Wardvoice. Ask whoever looks after accounts at your trust to put \
             you into the group for your ward or your work, then sign in again.",
        ),
        OpenIdError::NoRandomness(_) => return Failure::internal(error),
    };
    Failure::new(status, title, detail)
}

fn cookie_name(secure: bool) -> &'static str {
    let [plain, over_tls] = COOKIES;
    if secure { over_tls } else { plain }
}

fn keep(value: &str, seconds: i64, secure: bool) -> String {
    let (name, secure) = (cookie_name(secure), if secure { "; Secure" } else { "" });
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// The page that goes on by itself.
fn arrived(home: &str) -> Markup {
    let content = html! {
        div.sheet.narrow {
            h1 { "You are signed in" }
            p { a href=(home) { "Go on" } }
        }
    };
    layout::bare("You are signed in", &layout::Ways::default(), &content)
}

/// What somebody sees who has signed out here and may still be signed in there.
pub(crate) fn left(address: &str) -> Markup {
    let content = html! {
        div.sheet.narrow {
            h1 { "You are signed out of Wardvoice" }
            p.lede { "You may still be signed in at your trust. On a computer that others use, sign out there too." }
            p { a.action href=(address) { "Sign out of my trust's sign-in" } }
        }
    };
    layout::bare("You are signed out", &layout::Ways::default(), &content)
}
