//! Who is looking, and the guard of every route. What somebody may open is decided by [`crate::policy`] and nowhere here.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::doorkeeper::{self, Outcome};
use super::failure::Failure;
use super::layout::Ways;
use super::routes::Door;
use super::{Shared, Web, display, sign_in};
use crate::accounts::{Account, Source};
use crate::policy::{self, Entrance, Role};
use crate::sessions::SessionKey;

/// The cookie of a session where there is no TLS.
const COOKIE: &str = "wardvoice_session";
/// The cookie of a session over TLS: a browser takes it from this host alone.
const HOST_COOKIE: &str = "__Host-wardvoice_session";

/// Who is looking, and how we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Viewer {
    who: policy::Viewer,
    session: Option<SessionKey>,
    source: Source,
}

/// How often an open page looks whether its session is over, besides when it is told that one is.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How long an open page may take over its last word when its session is over.
const GOODBYE: Duration = Duration::from_secs(1);

/// For what stays open: the end of the session that it was asked for in. Without a session it never comes.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionEnd(CancellationToken);

impl SessionEnd {
    /// Waits for it.
    pub(crate) async fn has_come(&self) {
        self.0.cancelled().await;
    }
}

impl<S: Sync> FromRequestParts<S> for SessionEnd {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

impl Viewer {
    /// Nobody we know.
    pub(crate) fn nobody() -> Self {
        Self { who: policy::Viewer::Nobody, session: None, source: Source::Here }
    }

    /// Somebody who has signed in.
    pub(crate) fn of_session(key: SessionKey, account: &Account) -> Self {
        Self { session: Some(key), ..Self::of_request(account) }
    }

    /// Somebody who proves who it is with each request: a program with name and password, a screen with its secret.
    pub(crate) fn of_request(account: &Account) -> Self {
        let who = policy::Viewer::Account { name: account.name.clone(), roles: account.roles.clone() };
        Self { who, session: None, source: account.source }
    }

    /// For whoever decides what is shown.
    pub(crate) fn who(&self) -> &policy::Viewer {
        &self.who
    }

    /// The name of the account; empty for nobody.
    pub(crate) fn name(&self) -> &str {
        match &self.who {
            policy::Viewer::Nobody => "",
            policy::Viewer::Account { name, .. } => name.as_str(),
        }
    }

    /// Whether it is an account.
    pub(crate) fn is_known(&self) -> bool {
        self.who != policy::Viewer::Nobody
    }

    /// Whether it is the patient-experience team.
    pub(crate) fn is_office(&self) -> bool {
        self.who.is(&Role::Office)
    }

    /// As what it has seen a request for help: a role and never a name.
    pub(crate) fn staff_role(&self) -> &'static str {
        let kinds: Vec<_> = self.who.roles().map(Role::kind).collect();
        ["ward", "department", "office"].into_iter().find(|kind| kinds.contains(kind)).unwrap_or("office")
    }

    /// Whether there is a session to sign out of.
    pub(crate) fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Who knows it.
    pub(crate) fn source(&self) -> Source {
        self.source
    }

    /// The page to begin with: the own one where there is one, the list where there are several.
    pub(crate) fn home(&self) -> String {
        if self.who.is(&Role::Office) || self.who.is(&Role::Administrator) {
            return "/office".to_owned();
        }
        if self.who.is(&Role::Board) {
            return "/board".to_owned();
        }
        let own = |kinds: &[&str]| -> Vec<String> {
            let roles = self.who.roles().filter(|role| kinds.contains(&role.kind()));
            roles.filter_map(page_of).collect()
        };
        let steps: [(&[&str], &str); 3] =
            [(&["consultant"], "/consultants"), (&["ward", "department"], "/"), (&["appraiser"], "/consultants")];
        for (kinds, list) in steps {
            match own(kinds).as_slice() {
                [] => {}
                [page] => return page.clone(),
                _ => return list.to_owned(),
            }
        }
        own(&["display"]).into_iter().next().unwrap_or_else(|| "/".to_owned())
    }

    /// The consultants whose pages it may open as the consultant or the appraiser.
    pub(crate) fn consultants(&self) -> Vec<&wardvoice_protocol::id::ConsultantId> {
        let named = self.who.roles().filter_map(|role| match role {
            Role::Consultant(id) | Role::Appraiser(id) => Some(id),
            _ => None,
        });
        named.collect()
    }
}

/// The page that a role is about; none where it is about everything.
fn page_of(role: &Role) -> Option<String> {
    match role {
        Role::Office | Role::Administrator | Role::Board => None,
        Role::Ward(id) => Some(format!("/ward/{id}")),
        Role::Department(id) => Some(format!("/department/{id}")),
        Role::Consultant(id) | Role::Appraiser(id) => Some(format!("/consultant/{id}")),
        Role::Display(id) => Some(format!("/display/{id}")),
    }
}

impl Web {
    /// Whether somebody may open a place; why not otherwise.
    pub(crate) fn enter(&self, viewer: &Viewer, place: policy::Place<'_>) -> Result<(), Failure> {
        match policy::enter(&viewer.who, place, &self.desk.policy, &self.desk.world.directory) {
            Entrance::Open => Ok(()),
            Entrance::SignIn => Err(unauthorised()),
            Entrance::Refused(why) => Err(forbidden(why)),
        }
    }

    /// Whether somebody may read what a unit's patients said; for lists that show only that.
    pub(crate) fn reads(&self, viewer: &Viewer, unit: &wardvoice_protocol::directory::Unit) -> bool {
        self.enter(viewer, policy::Place::Unit(unit)).is_ok()
    }
}

/// The cookie's name for the way a request came.
pub(crate) fn cookie_name(secure: bool) -> &'static str {
    if secure { HOST_COOKIE } else { COOKIE }
}

/// Whether a proxy in front says that the browser speaks TLS. On loopback without one, a secure cookie would be dropped. It is believed of
/// anybody: whoever lies about it only gets a cookie that the own browser does not keep or send.
pub(crate) fn is_https(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// The session token a browser sent, under the name for the way it came.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, cookie_name(is_https(headers)))
}

/// A cookie that a browser sent.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

/// Finds out who is looking and lets every page know.
pub(crate) async fn identify(State(web): State<Shared>, mut request: Request, next: Next) -> Response {
    let now = web.now();
    let still = |then: &Account| web.desk.accounts.still(then);
    let by_session = token(request.headers()).and_then(|token| web.desk.sessions.touch(token, now, still));
    let viewer = if let Some((key, account)) = by_session {
        Viewer::of_session(key, &account)
    } else if let Some(screen) = display::screen(&web, &request) {
        screen
    } else if let Some((name, password)) = basic(&request) {
        let caller = doorkeeper::caller(&web, &request);
        match doorkeeper::check(&web, caller, name, password).await {
            Outcome::Right(account) => Viewer::of_request(&account),
            Outcome::Wrong => return unauthorised().into_response(),
            Outcome::Wait(seconds) => return sign_in::too_many(seconds).into_response(),
        }
    } else {
        Viewer::nobody()
    };
    let ways = Ways::of(&web, &viewer);
    request.extensions_mut().insert(viewer);
    let mut response = next.run(request).await;
    // Pages that say what went wrong are written outside, where nobody knows any more who looks.
    response.extensions_mut().insert(ways);
    response
}

/// The name and password of a request to the API.
fn basic(request: &Request) -> Option<(String, String)> {
    if !is_api(request) {
        return None;
    }
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let encoded = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))?.1;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Lets through who may open what is behind a door, as the policy says.
pub(crate) async fn guard(
    State((web, door)): State<(Shared, Door)>,
    parameters: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let id = parameters.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned());
    let stranger = Viewer::nobody();
    let viewer = request.extensions().get::<Viewer>().unwrap_or(&stranger);
    let entrance = door.place(id.as_deref().unwrap_or_default(), |place| {
        policy::enter(&viewer.who, place, &web.desk.policy, &web.desk.world.directory)
    });
    match entrance {
        Entrance::Open => {
            let (session, end) = (viewer.session, SessionEnd::default());
            request.extensions_mut().insert(end.clone());
            until_gone(&web, session, end, next.run(request).await)
        }
        Entrance::SignIn if door == Door::Display => display::not_let_in(),
        Entrance::SignIn => ask_to_sign_in(&request),
        Entrance::Refused(why) => forbidden(why).into_response(),
    }
}

/// Ends what stays open when the session it was opened in is over: its account was removed, changed or signed out, or its time has come.
/// It is told first, so that it can say so on its own wire; what has not ended a moment later is cut off. Here and not where streams are
/// made, so that none is forgotten.
fn until_gone(web: &Shared, session: Option<SessionKey>, end: SessionEnd, response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let stays_open = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let Some(key) = session.filter(|_| stays_open) else { return response };
    let (parts, body) = response.into_parts();
    let web = Shared::clone(web);
    let over = async move {
        let (mut accounts, mut sessions) = (web.desk.accounts.changes(), web.desk.sessions.changes());
        while web.desk.sessions.stands(key, web.now(), |then| web.desk.accounts.still(then)) {
            tokio::select! {
                changed = accounts.changed() => drop(changed),
                changed = sessions.changed() => drop(changed),
                () = sleep(LOOK_AGAIN) => (),
            }
        }
    };
    Response::from_parts(parts, ending(body, over, end))
}

/// What is told when its session is over, and cut off where it does not end then.
fn ending(body: Body, over: impl Future<Output = ()> + Send + 'static, end: SessionEnd) -> Body {
    let cut_off = Box::pin(async move {
        over.await;
        end.0.cancel();
        sleep(GOODBYE).await;
    });
    Body::from_stream(body.into_data_stream().take_until(cut_off))
}

fn is_api(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

/// A machine is told how to say who it is, a person is asked to sign in and comes back to the page.
fn ask_to_sign_in(request: &Request) -> Response {
    if is_api(request) || request.uri().path().ends_with("/stream") {
        return unauthorised().into_response();
    }
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    // Whoever sends a form comes back to its page and has to send it again.
    let path = request.uri().path();
    let page = ["/help/seen", "/dispute", "/rule", "/seen"].iter().find_map(|end| path.strip_suffix(end));
    let wanted = if request.method().is_safe() { wanted } else { page.unwrap_or("/office") };
    Redirect::to(&sign_in::address(wanted)).into_response()
}

fn unauthorised() -> Failure {
    let detail =
        "Sign in on the pages, or send an account's name and password with the request (basic authentication).";
    Failure::new(StatusCode::UNAUTHORIZED, "Sign in first", detail)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Wardvoice\", charset=\"UTF-8\""))
}

fn forbidden(why: &str) -> Failure {
    Failure::new(StatusCode::FORBIDDEN, "This is not for your account", why)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use axum::body::Bytes;
    use futures_util::stream;

    use super::*;

    const WORD: Bytes = Bytes::from_static(b"data: 1\n\n");

    #[tokio::test]
    async fn what_listens_to_the_end_of_its_session_has_the_last_word_and_what_forgets_it_is_cut_off() {
        let first = || stream::once(async { Ok::<_, Infallible>(WORD) });
        for listens in [true, false] {
            let end = SessionEnd::default();
            let heard = end.clone();
            let last = stream::once(async move {
                if listens {
                    heard.has_come().await;
                } else {
                    std::future::pending::<()>().await;
                }
                Ok(WORD)
            });
            let (ends, over) = tokio::sync::oneshot::channel();
            let over = async { drop(over.await) };
            let mut body = ending(Body::from_stream(first().chain(last)), over, end).into_data_stream();
            assert_eq!(body.next().await.unwrap().unwrap(), WORD);
            ends.send(()).unwrap();
            let rest: Vec<_> = tokio::time::timeout(Duration::from_secs(20), body.collect()).await.unwrap();
            assert_eq!(rest.len(), usize::from(listens));
        }
    }
}
