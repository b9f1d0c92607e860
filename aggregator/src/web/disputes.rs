//! Disputes, for the office: a consultant says that a patient was not theirs, and the office rules.

use axum::Form;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::consultant::{standing, whom};
use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::viewer::Viewer;
use super::ward::{off_thread, page_off_thread, sentence};
use super::{Shared, Web, words};
use crate::audit::Deed;
use crate::disputes::{Dispute, MAX_CHARACTERS, Ruling};

/// So many that were ruled on are shown.
const SHOWN: usize = 200;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    number: u32,
    ruling: Ruling,
    #[serde(default)]
    note: String,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| Ok(render(web, &viewer))).await
}

/// Rules on a dispute.
pub(crate) async fn rule(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(Asked { number, ruling, note }): Form<Asked>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        web.note(viewer.name(), Deed::Ruled, Some(&format!("dispute:{number}")), Some(&ruling.to_string()))?;
        (web.desk.rule)(number, ruling, &note).map_err(|error| Failure::bad_request(sentence(&error)))?;
        Ok(Redirect::to("/office/disputes").into_response())
    })
    .await
}

fn render(web: &Web, viewer: &Viewer) -> Markup {
    let (open, ruled): (Vec<_>, Vec<_>) =
        web.desk.disputes.list().into_iter().partition(|dispute| dispute.ruled.is_none());
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Disputes" }
        div.head { h1 { "Disputes" } }
        div.stack {
            section.sheet.flows aria-labelledby="open" {
                h2 id="open" { "To be decided" }
                p.aside {
                    "A consultant says that a patient was not theirs. If you uphold it, the patient no longer counts for the consultant in the six months \
                     that are shown next; the ward keeps the answer."
                }
                @if open.is_empty() { p { "Nothing is to be decided." } } @else { (table(&open, true)) }
            }
            section.sheet.flows aria-labelledby="ruled" {
                h2 id="ruled" { "Decided" }
                @if ruled.is_empty() { p { "Nothing has been decided yet." } }
                @else { (table(ruled.get(..ruled.len().min(SHOWN)).unwrap_or_default(), false)) }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Disputes", place: Place::Office, live: false }, &content)
}

fn table(disputes: &[Dispute], open: bool) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby=(if open { "open" } else { "ruled" }) {
            table.cards {
                thead {
                    tr {
                        th scope="col" { "Dispute" } th scope="col" { "Opened" } th scope="col" { "Consultant" } th scope="col" { "Patient" } th scope="col" { "Why" }
                        th scope="col" { (if open { "Decide" } else { "Decided" }) }
                    }
                }
                tbody {
                    @for dispute in disputes {
                        tr {
                            th scope="row" { (dispute.number) }
                            td data-label="Opened" { (words::day(dispute.opened)) }
                            td data-label="Consultant" { a href=(format!("/consultant/{}", dispute.consultant)) { (dispute.consultant) } }
                            td data-label="Patient" {
                                (whom(dispute))
                                @if dispute.window.is_some() { " " small { (words::of(dispute.contacts as u64, "patient", "patients")) } }
                            }
                            td data-label="Why" { (dispute.reason) }
                            td { @if open { (form(dispute)) } @else { (standing(dispute)) } }
                        }
                    }
                }
            }
        }
    }
}

fn form(dispute: &Dispute) -> Markup {
    let note = format!("note-{}", dispute.number);
    html! {
        form method="post" action="/office/disputes/rule" {
            input type="hidden" name="number" value=(dispute.number);
            div.field {
                label for=(note) { "Why, for the consultant to read" }
                input id=(note) name="note" type="text" maxlength=(MAX_CHARACTERS);
            }
            p {
                button.action type="submit" name="ruling" value="upheld" { "Uphold" span.hidden { " dispute " (dispute.number) } } " "
                button.action.quiet type="submit" name="ruling" value="declined" { "Decline" span.hidden { " dispute " (dispute.number) } }
            }
        }
    }
}
