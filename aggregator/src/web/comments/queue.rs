//! The list of comments: those that wait first, the likely serious ones before the others.

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::fortnight::Period;

use super::{failed, standing};
use crate::comments::{Comments, Leaf, Listed, Piece, SignKind, Urgency, Which, pieces};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{page_off_thread, ward_of};
use crate::web::{Shared, Web, words};

/// So many comments are on a page.
const ON_A_PAGE: usize = 20;

/// The lists there are, in the order of the page.
const STANDINGS: [(&str, &str); 5] = [
    ("waiting", "Wait to be read"),
    ("proposed", "Wait for a second person"),
    ("escalated", "Escalated"),
    ("held", "Held"),
    ("released", "Released"),
];

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    standing: Option<String>,
    ward: Option<String>,
    page: Option<usize>,
    done: Option<String>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let ward = asked.ward.as_deref().filter(|text| !text.is_empty());
    let ward = ward.map(|id| ward_of(&web, id)).transpose()?;
    let shown = asked.standing.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| "waiting".to_owned());
    if !STANDINGS.iter().any(|(name, _)| *name == shown) {
        return Err(Failure::bad_request(format!("There is no list of comments called “{shown}”.")));
    }
    page_off_thread(&web, move |web| {
        let comments = &web.desk.comments;
        let counts = comments.counts().map_err(|error| failed(&error))?;
        let which = Which { standing: Some(shown.clone()), ward: ward.clone() };
        let leaf = comments.leaf(&which, asked.page.unwrap_or(1), ON_A_PAGE).map_err(|error| failed(&error))?;
        let ward = ward.as_ref().map(wardvoice_protocol::id::WardId::as_str);
        Ok(render(web, &viewer, &View { shown: &shown, ward, counts, leaf }, &asked))
    })
    .await
}

struct View<'a> {
    shown: &'a str,
    ward: Option<&'a str>,
    counts: [(&'static str, u64); 5],
    leaf: Leaf,
}

impl View<'_> {
    fn address(&self, standing: &str, page: usize) -> String {
        let ward = self.ward.map(|ward| format!("&ward={ward}")).unwrap_or_default();
        let page = if page > 1 { format!("&page={page}") } else { String::new() };
        format!("/office/comments?standing={standing}{ward}{page}")
    }
}

fn render(web: &Web, viewer: &Viewer, view: &View<'_>, asked: &Asked) -> Markup {
    let Leaf { listed, page, pages } = &view.leaf;
    let (page, pages) = (*page, *pages);
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Comments" }
        div.head {
            div {
                h1 { "Comments" }
                p.lede { "Only text that a person has passed leaves the office. Every comment is read; the word lists only say which first." }
            }
            (ward_picker(web, view))
        }
        (notice(asked.done.as_deref()))
        nav.tabs aria-label="Lists of comments" {
            @for (name, label) in STANDINGS {
                @let count = view.counts.iter().find(|(standing, _)| *standing == name).map_or(0, |(_, count)| *count);
                a href=(view.address(name, 1)) aria-current=[(name == view.shown).then_some("page")] { (label) " " strong { (words::count(count)) } }
            }
            a href="/office/comments/themes" { "Themes" }
            a href="/office/comments/words" { "Words and names" }
        }
        (legend(&web.desk.comments))
        @if listed.is_empty() {
            div.sheet { p { (nothing(view.shown)) } }
        }
        ul.queue.stack {
            @for one in listed { (card(web, one)) }
        }
        @if pages > 1 {
            p.pages {
                @if page > 1 { a href=(view.address(view.shown, page - 1)) rel="prev" { "Before" } " " }
                "Page " (page) " of " (pages)
                @if page < pages { " " a href=(view.address(view.shown, page + 1)) rel="next" { "More" } }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Comments", place: Place::Office, live: false }, &content)
}

fn nothing(shown: &str) -> &'static str {
    match shown {
        "waiting" => "Nothing waits to be read.",
        "proposed" => "Nothing waits for a second person.",
        "escalated" => "Nothing is escalated.",
        "held" => "Nothing is held.",
        _ => "Nothing has been released.",
    }
}

/// What has just been done, after a decision that leads back to the list.
pub(super) fn notice(done: Option<&str>) -> Markup {
    let said = match done {
        Some("released") => "Released.",
        Some("proposed") => "Passed. It leaves the office once a second person has passed it too.",
        Some("held") => "Held. It stays in the office.",
        Some("escalated") => "Escalated. It stays in the office.",
        _ => return html! {},
    };
    html! { p.problem role="status" { (said) } }
}

fn ward_picker(web: &Web, view: &View<'_>) -> Markup {
    html! {
        form.period method="get" action="/office/comments" {
            input type="hidden" name="standing" value=(view.shown);
            div {
                label for="ward" { "Ward" }
                select id="ward" name="ward" {
                    option value="" { "All wards" }
                    @for entry in web.desk.world.directory.wards() {
                        option value=(entry.id) selected[view.ward == Some(entry.id.as_str())] { (entry.name) }
                    }
                }
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

/// What the marks in the texts mean, and that finding none means nothing.
pub(super) fn legend(comments: &Comments) -> Markup {
    let rules = comments.rules();
    html! {
        p.strip.legend {
            span { mark.safeguarding { "harm" } " a word of harm" }
            span { mark.distress { "fear" } " a word of distress" }
            span { mark.name { "name" } " on the list of staff names" }
            @if rules.two_person_release { span { strong { "Two people" } " pass each comment" } }
        }
    }
}

fn card(web: &Web, one: &Listed) -> Markup {
    let found = &one.found;
    html! {
        li.sheet.comment {
            p.strip {
                @if let Some(tag) = urgency(one.urgency) { span.tag.silent { (tag) } }
                span { (ward_name(web, found.ward.as_str())) }
                span { (fortnight(web, found.day)) }
                span { "“" (found.asked) "”" }
                @if !found.language.as_str().starts_with("en") { span { "in " (found.language) } }
                @if !found.of_patients { span { "from staff" } }
            }
            blockquote lang=(found.language) dir="auto" { (marked(&pieces(&found.text, &found.signs, one.history.edits()))) }
            p {
                a.action href=(address(one)) { "Decide" span.hidden { " about the comment of " (ward_name(web, found.ward.as_str())) } }
                @if one.history.last() > 0 { " " span.small { (standing(one.history.standing())) } }
            }
        }
    }
}

/// The address of a comment's page.
pub(super) fn address(one: &Listed) -> String {
    format!("/office/comments/{}", one.found.id)
}

/// A text with its signs marked and what is struck out crossed.
pub(super) fn marked(pieces: &[Piece]) -> Markup {
    let word = |piece: &Piece| {
        let class = match piece.sign {
            Some(SignKind::Safeguarding) => Some("safeguarding"),
            Some(SignKind::Distress) => Some("distress"),
            Some(SignKind::StaffName) => Some("name"),
            None => None,
        };
        html! {
            @match class { Some(class) => mark class=(class) { (piece.text) }, None => (piece.text) }
        }
    };
    html! { @for piece in pieces { @if piece.struck { del { (word(piece)) } } @else { (word(piece)) } } }
}

/// What a comment is likely to be, where something says so.
pub(super) fn urgency(urgency: Urgency) -> Option<&'static str> {
    match urgency {
        Urgency::Safeguarding => Some("May be about harm"),
        Urgency::Distress => Some("May be about distress"),
        Urgency::StaffName => Some("Names somebody"),
        Urgency::NoList => Some("No checked word list for this language"),
        Urgency::Unmarked => None,
    }
}

pub(super) fn ward_name(web: &Web, id: &str) -> String {
    let ward = id.parse().ok().and_then(|id| web.desk.world.directory.ward(&id).map(|entry| entry.name.clone()));
    ward.unwrap_or_else(|| id.to_owned())
}

/// The fortnight of a day in words: a comment's day itself is nobody's business.
pub(super) fn fortnight(web: &Web, day: jiff::civil::Date) -> String {
    let fortnight = web.desk.scoring.calendar().fortnight_of(day).map(Period::Fortnight);
    fortnight.map_or_else(|_| words::day(day), |fortnight| words::period(&fortnight))
}
