//! Who did what, for the office and whoever runs the machine.

use axum::extract::{Extension, State};
use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::viewer::Viewer;
use super::ward::page_off_thread;
use super::{Shared, Web, words};
use crate::audit::{COMMAND, Entry};

/// So many entries are shown.
const SHOWN: usize = 200;

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| Ok(render(web, &viewer))).await
}

fn render(web: &Web, viewer: &Viewer) -> Markup {
    let entries = web.desk.audit.recent(SHOWN);
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Who did what" }
        div.head { h1 { "Who did what" } }
        @if let Some(fault) = web.desk.audit.fault() {
            div.problem role="alert" {
                strong { "This was changed by somebody. " }
                "The chain of entries is broken: " (fault) ". Run " code { "wardvoice-aggregator audit verify" } " on the server."
            }
        }
        section.sheet.flows aria-labelledby="entries" {
            h2 id="entries" { "The last " (words::of(entries.len() as u64, "entry", "entries")) }
            p.aside {
                "Every look at a named consultant and every change. Each entry is chained to the one before, so none can be changed or taken out \
                 unseen; " code { "wardvoice-aggregator audit list" } " gives all of them."
            }
            @if entries.is_empty() { p { "Nothing has been noted yet." } } @else { (table(&entries)) }
        }
    };
    layout::frame(web, viewer, &Page { title: "Who did what", place: Place::Office, live: false }, &content)
}

fn table(entries: &[Entry]) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="entries" {
            table {
                thead {
                    tr { th.n scope="col" { "Entry" } th scope="col" { "When (UTC)" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "About" } }
                }
                tbody {
                    @for entry in entries {
                        tr {
                            td.n { (words::count(entry.number)) }
                            td { (entry.at.strftime("%-d %B %Y, %H:%M:%S").to_string()) }
                            th scope="row" { (if entry.who == COMMAND { "a command on the server" } else { &entry.who }) }
                            td { (words::deed(&entry.did)) }
                            td {
                                (entry.about.as_deref().unwrap_or_default())
                                @if let Some(detail) = &entry.detail { small { (detail) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
