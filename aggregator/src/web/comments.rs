//! Comments: the office's queue and desk, and what was released of them on a ward's page and in the API.

use axum::Json;
use axum::extract::{Extension, Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use utoipa::IntoParams;
use wardvoice_protocol::directory::{Unit, UnitError};
use wardvoice_protocol::id::WardId;

use super::failure::{Failure, Problem};
use super::routes::{Door, Route, does, reads};
use super::viewer::Viewer;
use super::ward::{off_thread, period};
use super::{Shared, Web, words};
use crate::comments::{CommentsError, Newest, Released, Standing, Tone};
use crate::help::{StaffRole, StaffRoleError};
use crate::policy::{Audience, Place};

mod lists;
mod one;
mod queue;
mod themes;
pub(super) mod trend;

/// So many comments of a kind are shown on a ward's page at once.
const SHOWN: usize = 8;
/// So many of a kind stand on the page of several wards; the others on the pages of the wards.
pub(super) const MOST_OF_WARDS: usize = 40;

/// Where a comment comes from, for a page of several wards.
type Whose<'a> = dyn Fn(&WardId) -> Markup + 'a;

/// The pages on which raw text stands; for the office only.
pub(super) fn routes() -> Vec<Route> {
    vec![
        reads("/office/comments", Door::Comments, queue::page),
        reads("/office/comments/themes", Door::Comments, themes::page),
        reads("/office/comments/words", Door::Comments, lists::page),
        does("/office/comments/words", Door::Comments, lists::change),
        reads("/office/comments/{record}/{question}", Door::Comments, one::page),
        does("/office/comments/{record}/{question}", Door::Comments, one::decide),
    ]
}

/// Whoever decides: the account.
fn moderator(viewer: &Viewer) -> Result<StaffRole, Failure> {
    viewer.name().parse().map_err(|error: StaffRoleError| Failure::internal(&error))
}

fn failed(error: &CommentsError) -> Failure {
    match error {
        CommentsError::NotThere(id) => {
            let detail = format!("There is no comment {id}. Start from the list of comments.");
            Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such comment", detail)
        }
        CommentsError::OfOnePerson(_) => Failure::bad_request(
            "Comments are counted by ward and what is above it. What is shown of a named consultant is on the consultant's page.",
        ),
        other => Failure::internal(other),
    }
}

/// The way to the queue, with how many wait; on the office's page.
pub(super) fn door(web: &Web) -> Result<Markup, Failure> {
    let counts = web.desk.comments.counts().map_err(|error| failed(&error))?;
    let count = |standing: &str| counts.iter().find(|(name, _)| *name == standing).map_or(0, |(_, count)| *count);
    Ok(html! {
        section #comments.sheet aria-labelledby="comments-title" {
            h2 id="comments-title" { "Comments" }
            p {
                (words::of(count("waiting"), "comment waits", "comments wait")) " to be read, "
                (words::count(count("proposed"))) " for a second person; "
                (words::of(count("escalated"), "is", "are")) " escalated."
            }
            p { a.action href="/office/comments" { "Read comments" } }
        }
    })
}

/// What people wrote, as far as it was released, praise first; nothing when nothing was.
pub(super) fn section(released: &[Released]) -> Markup {
    let count = |tone| released.iter().filter(|one| one.tone == tone).count() as u64;
    by_kind(released, &count, None)
}

/// The same of several wards: each says whose it is.
pub(super) fn section_of_wards(released: &Newest, place: &Whose<'_>) -> Markup {
    by_kind(&released.listed, &|tone| released.count(tone), Some(place))
}

/// Comments that are shown, by what they are; `count` says how many there are, which may be more.
fn by_kind(released: &[Released], count: &dyn Fn(Tone) -> u64, place: Option<&Whose<'_>>) -> Markup {
    let kinds =
        [(Tone::Praise, "What was good"), (Tone::Mixed, "Both sides"), (Tone::Criticism, "What could be better")];
    html! {
        @if !released.is_empty() {
            section #comments.sheet.flows aria-labelledby="comments-title" {
                h2 id="comments-title" { "What people wrote" }
                p.aside { "Each of these was read and passed by a person. Roles stand for names; […] is where something was left out." }
                @for (tone, title) in kinds {
                    @let of_kind: Vec<&Released> = released.iter().filter(|one| one.tone == tone).collect();
                    @if !of_kind.is_empty() {
                        h3 { (title) }
                        ul.said { @for one in of_kind.iter().take(SHOWN) { (quote(one, place)) } }
                        @if of_kind.len() > SHOWN {
                            details id=(format!("comments-{tone:?}").to_lowercase()) {
                                summary { (words::count((of_kind.len() - SHOWN) as u64)) " more" }
                                ul.said { @for one in of_kind.iter().skip(SHOWN) { (quote(one, place)) } }
                            }
                        }
                        @if count(tone) > of_kind.len() as u64 {
                            p.small { "The newest " (words::count(of_kind.len() as u64)) " of " (words::count(count(tone))) ". The others stand on the pages of the wards." }
                        }
                    }
                }
            }
        }
    }
}

fn quote(one: &Released, place: Option<&Whose<'_>>) -> Markup {
    html! { li { blockquote lang=(one.language) dir="auto" { (one.text) } @if let Some(place) = place { p.small { (place(&one.ward)) } } } }
}

/// How a comment stands, in words.
fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Waiting => "Waits to be read",
        Standing::Proposed { .. } => "Waits for a second person",
        Standing::Released { .. } => "Released",
        Standing::Held { .. } => "Held",
        Standing::Escalated { .. } => "Escalated",
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReleasedAsked {
    /// The unit: `ward:W12`, `department:D1`, `site:S1`, `specialty:SP1` or `trust:T1`.
    unit: String,
    /// The period: `2026-F23`, `2026-11`, `2026-H2` or `2026-11-01..2026-11-14`; the present fortnight when absent. Comments are given by
    /// whole fortnights: of a month or a half year by those that end in it, of other days by those that lie in them.
    period: Option<String>,
}

/// What people wrote, as far as it was released, praise first.
///
/// An account is given what staff may read, anybody else what everybody may. Comments by consultant are not given here.
#[utoipa::path(get, path = "/api/v1/comments", tag = "scores", params(ReleasedAsked), responses(
    (status = 200, description = "The comments", body = [Released]),
    (status = 400, description = "The unit or the period cannot be read", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Not for this account; consultants are not given here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such unit, or the period has not begun", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn released(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<ReleasedAsked>,
) -> Result<Json<Vec<Released>>, Failure> {
    let unit: Unit = asked.unit.parse().map_err(|error: UnitError| Failure::bad_request(format!("{error}.")))?;
    let period = period(&web, asked.period.as_deref())?;
    let audience = if viewer.is_known() { Audience::Ward } else { Audience::Public };
    off_thread(&web, move |web| {
        if web.desk.scoring.unit_name(&unit).is_none() {
            let detail = format!("The directory has no {unit}.");
            return Err(Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such unit", detail));
        }
        web.enter(&viewer, Place::Unit(&unit))?;
        web.desk.comments.catch_up().map_err(|error| failed(&error))?;
        web.desk.comments.released(&unit, &period, audience).map(Json).map_err(|error| failed(&error))
    })
    .await
}
