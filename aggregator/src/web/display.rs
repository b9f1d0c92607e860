//! The public display of a ward: for a screen in its corridor that everybody can read, and for nobody in particular.
//!
//! It shows what was released, what patients wrote that a person has passed for everybody, and what the ward has changed, and nothing else: it reads
//! the ledger of releases, asks [`Comments::released`](crate::comments::Comments::released) for the public, and reads the list of actions; it never
//! looks at the facts. One thing at a time, in large type, in turn: by a script that goes on showing what it has seen while the server is away and
//! says how old it is, for a day, and without a script by the page's own refresh. What the script has seen is kept on the screen's disk too, and a
//! [`worker`] of the browser shows it, with its age and for the same day, when the screen is switched on without a network.
//!
//! A figure stands with its n and its period. Where the rule for small numbers hides the ward's own, the one of its site or of the
//! trust is shown under that name.
//!
//! A trust may let only its own screens in ([`crate::display_tokens`]): a screen opens an address once and gets a cookie for it, which
//! every page renews, so that it stays in for as long as it is on.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use wardvoice_protocol::board::WardChange;
use wardvoice_protocol::directory::{DirectoryFile, Unit, WardEntry};
use wardvoice_protocol::id::WardId;

use super::failure::Failure;
use super::viewer::{Viewer, cookie, is_https};
use super::ward::off_thread;
use super::{Shared, Web, assets, branding, words};
use crate::accounts::{Account, AccountName};
use crate::actions::over;
use crate::audit::Deed;
use crate::comments::Released;
use crate::policy::{Audience, Role};
use crate::publication::{Question, Release, questions};
use crate::releases::Releases;

/// How long a thing stays on the screen: long enough to read it twice.
const SECONDS: u32 = 20;
/// How many changes are shown, the latest first.
const MOST_CHANGES: usize = 5;
/// Comments of so many calendar months are shown.
const MONTHS: usize = 3;
/// How many comments are shown.
const MOST_COMMENTS: usize = 8;
/// Among so many those are chosen that fit the screen.
const LOOKED_AT: usize = 200;
/// The longest comment that is shown, in characters.
const MOST_CHARACTERS: usize = 280;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Turn {
    /// Which thing, counted from 0; any number, so that a page that has been open for a year still goes on.
    #[serde(default)]
    turn: usize,
    /// Whether it stays.
    #[serde(default)]
    stay: bool,
}

/// The cookie of a screen where there is no TLS, and over TLS.
const COOKIES: [&str; 2] = ["wardvoice_display", "__Host-wardvoice_display"];
/// How long a browser keeps it without having opened the page: the longest that browsers allow.
const COOKIE_DAYS: u32 = 400;

/// One thing on the screen.
enum Slide {
    /// How many of how many people said something.
    Figure { heading: String, said: String, of: String, percent: u64, people: u64, when: String },
    /// You said, we did.
    Change(WardChange),
    /// What a patient wrote, once a person has released it to everybody.
    Comment(Released),
    /// There is nothing to show yet.
    Nothing,
    /// Nothing was found yet of what there may be: the log is still read after a start.
    Soon,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(turn): Query<Turn>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let ward: WardId = id.parse().map_err(|_| Failure::unknown_ward(&id))?;
    let held = secret(&headers).filter(|secret| web.desk.display_tokens.holder(secret).is_some());
    let kept = held.and_then(|secret| keep(secret, is_https(&headers)).parse().ok());
    // Comments may have to be read from the log first.
    let mut response = off_thread(&web, move |web| {
        let ward = web.desk.world.directory.ward(&ward).ok_or_else(|| Failure::unknown_ward(&id))?;
        let is_reading = web.desk.comments.found_so_far().is_some();
        Ok(render(web, ward, &turn, &slides(web, ward, is_reading)?, is_reading).into_response())
    })
    .await?;
    if let Some(kept) = kept {
        response.headers_mut().append(header::SET_COOKIE, kept);
    }
    Ok(response)
}

/// The script of the browser's worker. It stands under the displays and not with the assets, because a worker sees what lies beside it and
/// below: displays and no other page. A browser asks for it anew each time a display is opened.
pub(crate) async fn worker() -> Response {
    const SCRIPT: &str = include_str!("../../assets/display-worker.js");
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, SCRIPT).into_response()
}

/// Lets in the screen on which the address of a token is opened, once, and shows its ward.
pub(crate) async fn enter(
    State(web): State<Shared>,
    Path((id, code)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let unknown = || Failure::unknown_ward(&id);
    let ward: WardId = id.parse().map_err(|_| unknown())?;
    let ward = web.desk.world.directory.ward(&ward).map(|entry| entry.id.clone()).ok_or_else(unknown)?;
    let to = format!("/display/{ward}");
    let entered = off_thread(&web, move |web| {
        let entered =
            web.desk.display_tokens.enter(&ward, &code, web.now()).map_err(|error| Failure::internal(&error))?;
        if let Some((number, _)) = &entered {
            let about = format!("display:{ward}");
            if let Err(failure) = web.note(&name_of(*number), Deed::SignedIn, Some(&about), None) {
                // What cannot be noted is not done: the screen is not let in, and a new token has to be made.
                drop(web.desk.display_tokens.revoke(*number));
                return Err(failure);
            }
        }
        Ok(entered)
    });
    let Some((_, secret)) = entered.await? else {
        let detail = "This address was opened before, or waited for more than a week. On the server, wardvoice-aggregator display \
                      token add makes another.";
        return Err(Failure::new(StatusCode::GONE, "This address lets no screen in any more", detail));
    };
    Ok(([(header::SET_COOKIE, keep(&secret, is_https(&headers)))], Redirect::to(&to)).into_response())
}

/// The screen that a request to a display comes from, by its cookie. Elsewhere the cookie counts for nothing: whoever signs in with the
/// same browser is not the screen.
pub(crate) fn screen(web: &Web, request: &Request) -> Option<Viewer> {
    if !request.uri().path().starts_with("/display/") {
        return None;
    }
    let (number, ward) = web.desk.display_tokens.holder(secret(request.headers())?)?;
    let name: AccountName = name_of(number).parse().ok()?;
    Some(Viewer::of_request(&Account::from_elsewhere(name, [Role::Display(ward)].into())))
}

/// What a screen is told that has not been let in, or no longer.
pub(crate) fn not_let_in() -> Response {
    let detail = "This trust lets only its own screens show this. On the server, wardvoice-aggregator display token add makes an \
                  address to open here once. Staff of the ward can sign in.";
    Failure::new(StatusCode::UNAUTHORIZED, "This screen has not been let in", detail).into_response()
}

fn name_of(number: u32) -> String {
    format!("screen-{number}")
}

fn secret(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, cookie_name(is_https(headers)))
}

fn cookie_name(secure: bool) -> &'static str {
    let [plain, over_tls] = COOKIES;
    if secure { over_tls } else { plain }
}

/// Lax, because the address may be opened from a link in a message; there is nothing to be done with it but to look.
fn keep(secret: &str, secure: bool) -> String {
    let seconds = COOKIE_DAYS * 24 * 60 * 60;
    let (name, secure) = (cookie_name(secure), if secure { "; Secure" } else { "" });
    format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn render(web: &Web, ward: &WardEntry, turn: &Turn, slides: &[Slide], is_reading: bool) -> Markup {
    let count = slides.len().max(1);
    let place = turn.turn % count;
    let address = |turn: usize, stay: bool| {
        format!("/display/{}?turn={}{}", ward.id, turn % count, if stay { "&stay=true" } else { "" })
    };
    let next = address(place + 1, false);
    let trust = &web.desk.world.directory.file().trust.name;
    let look = web.desk.branding.as_deref();
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (ward.name) " · what patients say" }
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                link rel="stylesheet" href=(assets::address("display.css"));
                (branding::colours(look, branding::LIGHT_COLOURS))
                @if !turn.stay {
                    noscript { meta http-equiv="refresh" content=(format!("{SECONDS}; url={next}")); }
                    script src=(assets::address("display.js")) defer {}
                }
            }
            body {
                header {
                    h1 { (ward.name) }
                    @if let Some(logo) = branding::logo(look) { (logo) }
                    @if web.desk.demonstration { p.generated role="note" { "Demonstration. Everything here is made up by a computer." } }
                }
                main #turn data-next=[(!turn.stay).then_some(next.as_str())] data-seconds=(SECONDS) {
                    @if let Some(slide) = slides.get(place) { (show(slide)) }
                }
                footer {
                    p { (trust) }
                    p #age {}
                    @if is_reading { p { "Not everything that patients wrote is here yet. It comes by itself." } }
                    p {
                        "Figures of 5 or fewer people are not shown."
                        @if count > 1 {
                            " "
                            @if turn.stay { a href=(address(place, false)) { "Go on" } } @else { a href=(address(place, true)) { "Stay here" } }
                        }
                    }
                }
            }
        }
    }
}

fn show(slide: &Slide) -> Markup {
    match slide {
        Slide::Figure { heading, said, of, percent, people, when } => html! {
            h2 { (heading) }
            p.figure { strong { (percent) "%" } " " span { (said) } }
            p.small { (of) ", " (when) ": " (words::count(*people)) " people answered" }
        },
        Slide::Change(change) => html! {
            dl {
                dt { "You said" }
                dd { (change.said) }
                dt { "We did" }
                dd { (change.did) }
            }
        },
        Slide::Comment(comment) => html! {
            h2 { "A patient on this ward wrote" }
            blockquote lang=(comment.language) dir="auto" { p { (comment.text) } }
            p.small { "In answer to “" (comment.asked) "”" }
        },
        Slide::Nothing => html! {
            h2 { "Tell us about your care" }
            p.figure { span { "What patients on this ward say will be shown here when enough of them have answered." } }
        },
        Slide::Soon => html! {
            h2 { "Tell us about your care" }
            p.figure { span { "What patients on this ward say is being put together, and is shown here soon." } }
        },
    }
}

/// Everything that there is to show, in turn; while what patients wrote is still read, what was found of it.
fn slides(web: &Web, ward: &WardEntry, is_reading: bool) -> Result<Vec<Slide>, Failure> {
    let mut slides = Vec::new();
    for question in questions(&web.desk.world.vocabulary) {
        slides.extend(figure(web, ward, &question));
    }
    let (unit, calendar) = (Unit::Ward(ward.id.clone()), &web.desk.world.calendar);
    let comments = &web.desk.comments;
    let comments = comments.released_lately(&unit, calendar, web.today(), MONTHS, Audience::Public, LOOKED_AT);
    let comments = comments.map_err(|error| Failure::internal(&error))?.into_iter();
    // What does not fit the screen would be cut off, and half of what somebody said is not what they said.
    let comments = comments.filter(|comment| comment.text.chars().count() <= MOST_CHARACTERS);
    slides.extend(comments.take(MOST_COMMENTS).map(Slide::Comment));
    let changes = web.desk.actions.changes(&over(&web.desk.world.directory, &unit));
    slides.extend(changes.into_iter().take(MOST_CHANGES).map(Slide::Change));
    if slides.is_empty() {
        slides.push(if is_reading { Slide::Soon } else { Slide::Nothing });
    }
    Ok(slides)
}

/// The newest released figure of a question: the ward's own, or its site's, or the trust's.
fn figure(web: &Web, ward: &WardEntry, question: &Question) -> Option<Slide> {
    let file = web.desk.world.directory.file();
    let shown = shown(&web.desk.releases, file, ward, question)?;
    let of = match &shown.release.unit {
        Unit::Ward(_) => "This ward".to_owned(),
        Unit::Site(_) => {
            let site = file.sites.iter().find(|site| site.id == ward.site);
            site.map(|site| site.name.clone()).unwrap_or_default()
        }
        _ => "All our hospitals".to_owned(),
    };
    let heading = question.text.clone();
    let when = when(web, &shown.release);
    let (percent, people) = (shown.percent, shown.release.people());
    Some(Slide::Figure { heading, said: question.best_said.clone(), of, percent, people, when })
}

/// A released figure that the public may see.
pub(super) struct Shown {
    /// The release; its unit says whose it is.
    pub(super) release: Release,
    /// How many of a hundred gave the best answer.
    pub(super) percent: u64,
}

/// The newest released figure of a question that a ward's public sees: the ward's own, or its site's, or the trust's.
pub(super) fn shown(
    releases: &Releases,
    file: &DirectoryFile,
    ward: &WardEntry,
    question: &Question,
) -> Option<Shown> {
    let units = [Unit::Ward(ward.id.clone()), Unit::Site(ward.site.clone()), Unit::Trust(file.trust.id.clone())];
    let best = question.best_part();
    let find = |unit: Unit| {
        let standing = releases.standing(&question.subject, &unit);
        standing.into_iter().find(|release| question.people_of(release, best).is_some())
    };
    let release = units.into_iter().find_map(find)?;
    let (told, people) = (question.people_of(&release, best)?, release.people());
    let percent = (told * 200 + people).checked_div(people * 2)?;
    Some(Shown { release, percent })
}

fn when(web: &Web, release: &Release) -> String {
    let period = web.desk.scoring.calendar().period(&release.period);
    period.map_or_else(|_| release.period.clone(), |period| words::period(&period))
}
