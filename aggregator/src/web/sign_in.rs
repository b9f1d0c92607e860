//! Signing in and out.
//!
//! A wrong name and a wrong password are told apart by nobody. After [`FREE_TRIES`] wrong tries from one address each further
//! one waits twice as long as the one before, up to a minute. Checking a password takes tens of milliseconds of CPU, so at most
//! [`CHECKS_AT_ONCE`] are under way; a right one from the API is remembered for a minute, as a keyed hash.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Form;
use axum::extract::{ConnectInfo, Extension, Query, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::sync::Semaphore;
use wardvoice_protocol::id::Hash;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::sessions::LONGEST;
use super::viewer::{COOKIE, Viewer, token};
use super::{Shared, Web};
use crate::accounts::OFFICE;

/// So many wrong tries in a row cost nothing.
const FREE_TRIES: u32 = 5;
/// The longest wait after a wrong try, in seconds.
const LONGEST_WAIT_S: i64 = 60;
/// Wrong tries are forgotten after this long.
const FORGET_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// The most addresses whose wrong tries are remembered.
const MOST_ADDRESSES: usize = 4_096;
/// The most passwords that are checked at once.
const CHECKS_AT_ONCE: usize = 2;
/// How long a right password of the API is remembered.
const REMEMBER: SignedDuration = SignedDuration::from_mins(1);

/// Counts wrong tries and remembers right ones.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    tries: Mutex<HashMap<Option<IpAddr>, Tries>>,
    right: Mutex<HashMap<Hash, Timestamp>>,
    checks: Semaphore,
    /// Drawn at the start, so that what is remembered says nothing without this process.
    pepper: [u8; 32],
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Timestamp,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Right,
    Wrong,
    /// It was not looked at; wait so many seconds.
    Wait(i64),
}

impl Default for Doorkeeper {
    fn default() -> Self {
        let mut pepper = [0; 32];
        // Without randomness nothing is remembered safely, but the process would not have got this far: keys need it too.
        if getrandom::fill(&mut pepper).is_err() {
            tracing::error!("failed to draw random bytes for the sign-in");
        }
        Self { tries: Mutex::default(), right: Mutex::default(), checks: Semaphore::new(CHECKS_AT_ONCE), pepper }
    }
}

impl Doorkeeper {
    /// How many seconds an address still has to wait.
    fn wait(&self, caller: Option<IpAddr>, now: Timestamp) -> Option<i64> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let Tries { wrong, last } = *tries.get(&caller)?;
        let over = wrong.checked_sub(FREE_TRIES)?;
        let wait = 1_i64.checked_shl(over).unwrap_or(LONGEST_WAIT_S).clamp(1, LONGEST_WAIT_S);
        let left = wait - now.duration_since(last).as_secs();
        (left > 0).then_some(left)
    }

    fn note(&self, caller: Option<IpAddr>, right: bool, now: Timestamp) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if right {
            tries.remove(&caller);
            return;
        }
        tries.retain(|_, tries| now.duration_since(tries.last) <= FORGET_AFTER);
        if tries.len() >= MOST_ADDRESSES
            && let Some(oldest) = tries.iter().min_by_key(|(_, tries)| tries.last).map(|(caller, _)| *caller)
        {
            tries.remove(&oldest);
        }
        let entry = tries.entry(caller).or_insert(Tries { wrong: 0, last: now });
        *entry = Tries { wrong: entry.wrong.saturating_add(1), last: now };
    }

    fn key(&self, name: &str, password: &str) -> Hash {
        let mut bytes = self.pepper.to_vec();
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(password.as_bytes());
        Hash::of(&bytes)
    }

    fn remembers(&self, key: Hash, now: Timestamp) -> bool {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.retain(|_, since| now.duration_since(*since) <= REMEMBER);
        right.contains_key(&key)
    }

    fn remember(&self, key: Hash, now: Timestamp) {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).insert(key, now);
    }
}

/// The address a request came from, where the server was told to keep it.
pub(crate) fn caller(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

/// Checks a name and password.
pub(crate) async fn check(web: &Shared, caller: Option<IpAddr>, name: String, password: String) -> Outcome {
    let now = web.now();
    let key = web.doorkeeper.key(&name, &password);
    if web.doorkeeper.remembers(key, now) {
        return Outcome::Right;
    }
    if let Some(seconds) = web.doorkeeper.wait(caller, now) {
        return Outcome::Wait(seconds);
    }
    let Ok(_permit) = web.doorkeeper.checks.acquire().await else { return Outcome::Wait(1) };
    let accounts = Arc::clone(&web.desk.accounts);
    let right = tokio::task::spawn_blocking(move || accounts.verify(&name, &password)).await.unwrap_or(false);
    web.doorkeeper.note(caller, right, now);
    if right {
        web.doorkeeper.remember(key, now);
        Outcome::Right
    } else {
        Outcome::Wrong
    }
}

pub(crate) fn too_many(seconds: i64) -> Failure {
    let detail = format!("There were too many wrong passwords. Wait {seconds} seconds and try again.");
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
fn destination(next: Option<&str>) -> &str {
    let ours = |next: &&str| {
        next.starts_with('/')
            && !next.starts_with("//")
            && !next.contains('\\')
            && !next.contains(char::is_control)
    };
    next.filter(ours).unwrap_or("/office")
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
    if viewer.is_office() {
        return Redirect::to(next).into_response();
    }
    page(&web, &viewer, next, OFFICE, None).into_response()
}

pub(crate) async fn submit(State(web): State<Shared>, request: Request) -> Result<Response, Failure> {
    let caller = caller(request.extensions());
    let old = token(request.headers()).map(str::to_owned);
    let secure = is_https(request.headers());
    let Form(given) = <Form<Credentials> as axum::extract::FromRequest<Shared>>::from_request(request, &web)
        .await
        .map_err(|_| Failure::bad_request("Fill in the name and the password."))?;
    let next = destination(given.next.as_deref()).to_owned();
    let name = given.name.trim().to_owned();
    match check(&web, caller, name.clone(), given.password).await {
        Outcome::Right => {
            if let Some(old) = old {
                web.sessions.end(&old);
            }
            let begun = web.sessions.begin(&name, web.now());
            let token = begun.map_err(|error| Failure::internal(&format!("begin a session: {error}")))?;
            tracing::info!(name, "signed in");
            Ok(([(header::SET_COOKIE, cookie(&token, LONGEST.as_secs(), secure))], Redirect::to(&next))
                .into_response())
        }
        Outcome::Wrong => {
            tracing::warn!("a sign-in was refused");
            let said = "This name and password do not belong together. Try again.";
            let page = page(&web, &Viewer::Stranger, &next, &name, Some(said));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Outcome::Wait(seconds) => Err(too_many(seconds)),
    }
}

pub(crate) async fn leave(State(web): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(token) = token(&headers) {
        web.sessions.end(token);
    }
    ([(header::SET_COOKIE, cookie("", 0, is_https(&headers)))], Redirect::to("/")).into_response()
}

fn cookie(token: &str, seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// Whether a proxy in front says that the browser speaks TLS. On loopback without one, a secure cookie would be dropped.
fn is_https(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn page(web: &Web, viewer: &Viewer, next: &str, name: &str, said: Option<&str>) -> Markup {
    let content = html! {
        div.sheet.narrow {
            h1 { "Sign in" }
            p.lede { "For the patient-experience team." }
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
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn wrong_tries_wait_longer_and_a_right_one_forgives() {
        let keeper = Doorkeeper::default();
        let here = Some("10.0.0.1".parse().unwrap());
        let mut now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        for _ in 0..FREE_TRIES {
            assert_eq!(keeper.wait(here, now), None);
            keeper.note(here, false, now);
        }
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(keeper.wait(here, now), Some(expected));
            now += SignedDuration::from_secs(expected);
            assert_eq!(keeper.wait(here, now), None);
            keeper.note(here, false, now);
        }
        assert_eq!(keeper.wait(None, now), None, "others do not wait");
        keeper.note(here, true, now);
        assert_eq!(keeper.wait(here, now), None);
    }

    #[test]
    fn signing_in_never_leads_to_another_site() {
        for (next, expected) in [
            (None, "/office"),
            (Some("/ward/W1?period=2026-F23"), "/ward/W1?period=2026-F23"),
            (Some("//evil.example"), "/office"),
            (Some("/\\evil.example"), "/office"),
            (Some("https://evil.example"), "/office"),
            (Some("/a\r\nset-cookie: x"), "/office"),
        ] {
            assert_eq!(destination(next), expected);
        }
        assert_eq!(address("/ward/W1?period=2026-F23"), "/sign-in?next=/ward/W1%3Fperiod%3D2026-F23");
    }
}
