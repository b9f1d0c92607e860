//! Publishing: what stands on the trust's web server or file share, what would take its place, and the way to put it there.
//!
//! The site is the one that `publish` is sent, made by the same function, and goes the same way. What would be published is looked at only
//! when it is asked for, because it takes a while where wards are many; what is published is what was shown. One publishing of an edition runs
//! at a time, on a thread of its own: a web server that is slow to take files keeps nobody waiting for a page, who reads later how it went.
//! How it went is kept ([`Publishings`](crate::publish::Publishings)). What stands is read from the folder, which knows of the command's publishing too.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::moment;
use crate::audit::Deed;
use crate::operations::{PublishAsk, published_site};
use crate::publish::{
    Came, DeliverError, Delivered, Destination, Difference, Edition, Publishing, Put, Site, Standing, deliver,
};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread, sentence};
use crate::web::{Shared, Web, words};

/// So long whoever publishes waits for the end; a folder takes less, a web server may take more.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many files are named.
const SHOWN: usize = 300;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// The edition that is looked at.
    look: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Make {
    edition: String,
    /// The version that was shown.
    #[serde(default)]
    version: String,
}

/// What an edition would be now.
struct Look {
    edition: Edition,
    version: String,
    difference: Difference,
    /// Whether something has come between what was looked at and now.
    has_changed: bool,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let look = asked.look.as_deref().filter(|text| !text.is_empty());
        let look = look.map(|edition| look_at(web, destination(web, edition)?, false)).transpose()?;
        Ok(render(web, &viewer, look.as_ref()))
    })
    .await
}

/// Publishes what was shown.
pub(crate) async fn make(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Make>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let destination = destination(web, &form.edition)?.clone();
        let edition = destination.edition;
        let site = site_of(web, edition)?;
        if site.version != form.version {
            let look = look_at(web, &destination, true)?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(web, &viewer, Some(&look))).into_response());
        }
        if !web.desk.publishings.begin(edition, viewer.name(), web.now()) {
            let detail = "This edition is being published at this moment. Open the page again to see how it went.";
            return Err(Failure::new(StatusCode::CONFLICT, "Somebody publishes already", detail));
        }
        let noted =
            web.note(viewer.name(), Deed::Published, Some(&format!("edition:{edition}")), Some("by the page"));
        if let Err(failure) = noted {
            web.desk.publishings.end(edition, Came::failed("it could not be noted who publishes"));
            return Err(failure);
        }
        start(web, destination, site);
        Ok(Redirect::to(&format!("/office/publish#{edition}")).into_response())
    })
    .await
}

/// Publishes on a thread of its own, and waits for it for a while.
fn start(web: &Web, destination: Destination, site: Site) {
    let (edition, publishings) = (destination.edition, Arc::clone(&web.desk.publishings));
    let (ended, end) = mpsc::channel();
    let work = move || {
        publishings.end(edition, came_of(|| deliver(&destination, &site)));
        if ended.send(()).is_err() {
            tracing::info!(%edition, "published, after whoever began it had stopped waiting");
        }
    };
    let thread = std::thread::Builder::new().name("publish".to_owned()).spawn(work);
    if let Err(error) = thread {
        let why = format!("failed to start what publishes: {error}");
        web.desk.publishings.end(edition, Came::failed(&why));
    } else if end.recv_timeout(PATIENCE).is_err() {
        tracing::info!(%edition, "publishing goes on without whoever began it");
    }
}

/// What came of delivering, whatever happens meanwhile: what never ended would keep everybody from publishing until the next start.
fn came_of(deliver: impl FnOnce() -> Result<Delivered, DeliverError>) -> Came {
    let Ok(delivered) = catch_unwind(AssertUnwindSafe(deliver)) else {
        return Came::failed("it broke off in the middle; the server's own log says where");
    };
    if let Err(error) = &delivered {
        tracing::warn!("failed to {error}");
    }
    Came::of(&delivered)
}

/// How publishing stands, for the office's first page. Folders are not looked at: a file share that hangs must not hold that page up.
pub(super) fn words_of(web: &Web) -> String {
    match web.desk.published.len() as u64 {
        0 => "No folder is set yet".to_owned(),
        many => format!("To {}", words::of(many, "folder", "folders")),
    }
}

/// Where an edition goes that somebody names.
fn destination<'a>(web: &'a Web, edition: &str) -> Result<&'a Destination, Failure> {
    let edition: Edition = edition.parse().map_err(|error| Failure::bad_request(format!("{error}.")))?;
    let found = web.desk.published.iter().find(|destination| destination.edition == edition);
    found.ok_or_else(|| Failure::bad_request(format!("The settings name no folder for the {edition} edition.")))
}

/// The site that the command would be sent now.
fn site_of(web: &Web, edition: Edition) -> Result<Site, Failure> {
    let asked = PublishAsk { edition, until: None };
    published_site(&web.desk.site_sources(), &asked, web.today())
        .map_err(|error| Failure::internal(&format!("{error:#}")))
}

fn look_at(web: &Web, destination: &Destination, has_changed: bool) -> Result<Look, Failure> {
    let site = site_of(web, destination.edition)?;
    let standing = Standing::of(&destination.out);
    let difference = Difference::between(standing.as_ref(), &site);
    Ok(Look { edition: destination.edition, version: site.version, difference, has_changed })
}

fn render(web: &Web, viewer: &Viewer, look: Option<&Look>) -> Markup {
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Publish" }
        div.head {
            div {
                h1 { "Publish" }
                p.lede { "What was released, as pages on the trust’s web server or file share. What everybody may see is decided before: " a href="/office/release" { "What the public may see" } "." }
            }
        }
        div.stack {
            @if web.desk.published.is_empty() {
                section.sheet aria-labelledby="none" {
                    h2 id="none" { "No folder is set yet" }
                    p { "Whoever runs Wardvoice names a folder for each edition in the settings, under " code { "[[publish]]" } ", or publishes with " code { "wardvoice-aggregator publish --out DIR" } "." }
                }
            }
            @for destination in &web.desk.published {
                (one(web, destination, look.filter(|look| look.edition == destination.edition)))
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Publish", place: Place::Office, live: false }, &content)
}

fn name(edition: Edition) -> &'static str {
    match edition {
        Edition::Public => "For everybody",
        Edition::Trust => "For everybody who works in the trust",
    }
}

/// An edition: what stands, how the last try went, and what would take its place.
fn one(web: &Web, destination: &Destination, look: Option<&Look>) -> Markup {
    let edition = destination.edition;
    let title = format!("{edition}-title");
    let standing = Standing::of(&destination.out);
    html! {
        section.sheet.flows id=(edition) aria-labelledby=(title) {
            h2 id=(title) { (name(edition)) }
            @if let Some(job) = web.desk.publishings.of(edition) { (last(web, &job, destination.put.as_ref())) }
            @match &standing {
                Some(standing) => p {
                    "What stands there "
                    @if let Some(since) = standing.since { "was published " (moment(web, since)) ": " } @else { "is " }
                    (words::of(standing.files() as u64, "file", "files")) ", version " code { (standing.version) } "."
                },
                None => p { "Nothing is published there yet, or the folder cannot be read." },
            }
            p.small {
                "Folder " code { (destination.out.display()) }
                @if let Some(Put { url, .. }) = &destination.put { ", and put to " code { (url) } }
                ". Who published stands in " a href="/office/audit" { "Who did what" } "."
            }
            @match look {
                Some(look) => (looked(look)),
                None => form method="get" action="/office/publish" {
                    input type="hidden" name="look" value=(edition);
                    p.buttons { button.action.quiet type="submit" { "See what would be published" span.hidden { ": " (name(edition)) } } }
                },
            }
        }
    }
}

/// How the last publishing that is known of went.
fn last(web: &Web, job: &Publishing, put: Option<&Put>) -> Markup {
    let when = format!("{} by {}", moment(web, job.since), job.who);
    html! {
        @match &job.came {
            Came::Running => p.problem role="status" { "It is being published: begun " (when) ". Open this page again to see how it went." },
            Came::Failed { why } => p.problem role="alert" { strong { "Not published, tried " (when) ". " } (sentence(why)) },
            Came::Done { files, is_new, put: put_there } => p.problem role="status" {
                "Published " (when) ": " (words::of(*files as u64, "file", "files"))
                @if !is_new { ", which is what was there already" }
                @if let (Some(count), Some(Put { url, .. })) = (put_there, put) { "; " (words::of(*count as u64, "file", "files")) " put to " code { (url) } }
                "."
            },
        }
    }
}

/// What would be published, and the way to do it.
fn looked(look: &Look) -> Markup {
    let Difference { added, changed, removed, same } = &look.difference;
    html! {
        h3 { "What would be published" }
        @if look.has_changed {
            p.problem role="alert" { "Nothing was published: something has come between what you looked at and now. This is what it would be now; look again." }
        }
        p.strip {
            span { strong { (added.len()) } " new" }
            span { strong { (changed.len()) } " changed" }
            span { strong { (removed.len()) } " gone" }
            span { strong { (same) } " as they are" }
        }
        @if look.difference.is_nothing() { p { "What stands there is what would be published." } }
        @else {
            details {
                summary { "Which files" }
                (names("New", added))
                (names("Changed", changed))
                (names("Gone", removed))
            }
        }
        form method="post" action="/office/publish" {
            input type="hidden" name="edition" value=(look.edition);
            input type="hidden" name="version" value=(look.version);
            p.buttons { button.action type="submit" { @if look.difference.is_nothing() { "Publish again" } @else { "Publish" } span.hidden { ": " (name(look.edition)) } } }
        }
    }
}

fn names(title: &str, files: &[String]) -> Markup {
    html! {
        @if !files.is_empty() {
            h4 { (title) }
            ul { @for name in files.iter().take(SHOWN) { li { code { (name) } } } }
            @if files.len() > SHOWN { p.small { "The first " (SHOWN) " of " (words::count(files.len() as u64)) "." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of what delivers, or of a library behind it.
    #[test]
    fn a_publishing_that_breaks_off_comes_to_an_end() {
        let broken = || -> Result<Delivered, DeliverError> { panic!("a made-up fault") };
        assert!(matches!(came_of(broken), Came::Failed { why } if why.contains("broke off")));
    }
}
