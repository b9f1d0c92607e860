//! Signing in and out.
//!
//! A session begins anew with every sign-in. Over TLS its cookie is named `__Host-…`, which a browser takes from this host alone, for
//! every path and only over TLS; a browser that speaks plain HTTP to a loopback address would drop such a cookie, so there it has
//! the plain name. One that came under the wrong name for the way it came counts for nothing.

use axum::Form;
use axum::extract::{Extension, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::doorkeeper::{Outcome, caller, check};
use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::sessions::LONGEST;
use super::viewer::{Viewer, cookie_name, is_https, token};
use super::ward::off_thread;
use super::{Shared, Web, words};
use crate::accounts::{Account, OFFICE};
use crate::audit::Deed;

pub(crate) fn too_many(seconds: i64) -> Failure {
    let detail = format!(
        "There were too many wrong passwords. Wait {} and try again.",
        words::of(seconds.unsigned_abs(), "second", "seconds")
    );
    Failure::new(StatusCode::TOO_MANY_REQUESTS, "Wait a moment", detail)
        .with(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// The address of the form that leads back to a page.
pub(crate) fn address(next: &str) -> String {
    let encode = |byte: u8| {
        let plain = byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    format!("/sign-in?next={}", next.bytes().map(encode).collect::<String>())
}

/// A page of ours to go to after signing in, and never another site's.
fn destination(next: Option<&str>) -> Option<&str> {
    let ours = |next: &&str| {
        next.starts_with('/')
            && !next.starts_with("//")
            && !next.contains('\\')
            && !next.contains(char::is_control)
    };
    next.filter(ours)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    next: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    next: Option<String>,
}

pub(crate) async fn form(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let next = destination(wanted.next.as_deref());
    // Somebody who is known and may not see the page would be sent back and forth.
    if viewer.is_known() && next.is_none() {
        return Redirect::to(&viewer.home()).into_response();
    }
    let said = viewer
        .is_known()
        .then_some("You are signed in, and this account may not see that page. Sign in with another.");
    page(&web, &viewer, next.unwrap_or_default(), OFFICE, said).into_response()
}

pub(crate) async fn submit(State(web): State<Shared>, request: Request) -> Result<Response, Failure> {
    let caller = caller(request.extensions());
    let old = token(request.headers()).map(str::to_owned);
    let secure = is_https(request.headers());
    let Form(given) = <Form<Credentials> as axum::extract::FromRequest<Shared>>::from_request(request, &web)
        .await
        .map_err(|_| Failure::bad_request("Fill in the name and the password."))?;
    let next = destination(given.next.as_deref()).map(str::to_owned);
    let name = given.name.trim().to_owned();
    match check(&web, caller, name.clone(), given.password).await {
        Outcome::Right(account) => {
            let home = next.unwrap_or_else(|| Viewer::of_session(&account).home());
            let token = begin(&web, account, old).await?;
            let cookie = cookie(&token, LONGEST.as_secs(), secure);
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&home)).into_response())
        }
        Outcome::Wrong => {
            tracing::warn!("a sign-in was refused");
            let said = "This name and password do not belong together. Try again.";
            let page = page(&web, &Viewer::nobody(), &next.unwrap_or_default(), &name, Some(said));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Outcome::Wait(seconds) => Err(too_many(seconds)),
    }
}

/// Begins a session, noted, in the place of an old one.
async fn begin(web: &Shared, account: Account, old: Option<String>) -> Result<String, Failure> {
    off_thread(web, move |web| {
        web.note(account.name.as_str(), Deed::SignedIn, None, None)?;
        if let Some(old) = old {
            web.sessions.end(&old);
        }
        let begun = web.sessions.begin(&account, web.now());
        begun.map_err(|error| Failure::internal(&format!("begin a session: {error}")))
    })
    .await
}

pub(crate) async fn leave(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = token(&headers) {
        web.sessions.end(token);
    }
    let name = viewer.name().to_owned();
    if !name.is_empty() {
        // Whoever wants to go is let go of, noted or not.
        let noted = off_thread(&web, move |web| web.note(&name, Deed::SignedOut, None, None)).await;
        drop(noted);
    }
    ([(header::SET_COOKIE, cookie("", 0, is_https(&headers)))], Redirect::to("/")).into_response()
}

fn cookie(token: &str, seconds: i64, secure: bool) -> String {
    let (name, secure) = (cookie_name(secure), if secure { "; Secure" } else { "" });
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn page(web: &Web, viewer: &Viewer, next: &str, name: &str, said: Option<&str>) -> Markup {
    let content = html! {
        div.sheet.narrow {
            h1 { "Sign in" }
            p.lede { "With the name and password that you were given." }
            @if web.desk.accounts.is_empty() {
                p.note {
                    "No password has been set yet. On the server, run " code { "wardvoice-aggregator user add " (OFFICE) } "."
                }
            }
            @if let Some(said) = said {
                p.problem role="alert" id="wrong" { (said) }
            }
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(next);
                div.field {
                    label for="name" { "Name" }
                    input id="name" name="name" type="text" value=(name) autocomplete="username" autocapitalize="none" spellcheck="false" required;
                }
                div.field {
                    label for="password" { "Password" }
                    input id="password" name="password" type="password" autocomplete="current-password" required
                        aria-describedby=[said.map(|_| "wrong")];
                }
                button.action type="submit" { "Sign in" }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Sign in", place: Place::SignIn, live: false }, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
        for (next, expected) in [
            (None, None),
            (Some("/ward/W1?period=2026-F23"), Some("/ward/W1?period=2026-F23")),
            (Some("//evil.example"), None),
            (Some("/\\evil.example"), None),
            (Some("https://evil.example"), None),
            (Some("/a\r\nset-cookie: x"), None),
        ] {
            assert_eq!(destination(next), expected);
        }
        assert_eq!(address("/ward/W1?period=2026-F23"), "/sign-in?next=/ward/W1%3Fperiod%3D2026-F23");
    }

    #[test]
    fn a_cookie_over_tls_is_this_hosts_alone() {
        let over_tls = cookie("x", 60, true);
        assert!(over_tls.starts_with("__Host-wardvoice_session=x; Path=/;") && over_tls.ends_with("; Secure"));
        assert!(!over_tls.contains("Domain"));
        let plain = cookie("x", 60, false);
        assert!(plain.starts_with("wardvoice_session=x;") && !plain.contains("Secure"));
    }
}
