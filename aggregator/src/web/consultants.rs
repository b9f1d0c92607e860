//! The consultants whose pages somebody may open: their names, and no number of theirs.

use axum::extract::{Extension, State};
use axum::response::Response;
use maud::{Markup, html};
use wardvoice_protocol::directory::ConsultantEntry;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::viewer::Viewer;
use super::ward::page_off_thread;
use super::{Shared, Web};
use crate::policy;
use crate::scoring::by_name;

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| Ok(render(web, &viewer))).await
}

/// The way to the list, for whoever may open any of them.
pub(super) fn link(web: &Web, viewer: &Viewer) -> Markup {
    html! {
        @if web.enter(viewer, policy::Place::Consultants).is_ok() {
            p.small.no-print { a href="/consultants" { "Consultants’ pages" } }
        }
    }
}

fn render(web: &Web, viewer: &Viewer) -> Markup {
    let file = web.desk.world.directory.file();
    let opens = |entry: &&ConsultantEntry| web.enter(viewer, policy::Place::Consultant(&entry.id)).is_ok();
    let mut all: Vec<&ConsultantEntry> = file.consultants.iter().filter(opens).collect();
    all.sort_by(|left, right| by_name(&left.label, &right.label));
    let content = html! {
        div.head {
            div {
                h1 { "Consultants" }
                p.lede { "Names and no figures. Within a specialty they are in alphabetical order." }
            }
        }
        div.stack {
            section.sheet aria-labelledby="consultants" {
                h2 id="consultants" { "By specialty" }
                p.aside {
                    "What a page shows depends on who looks and on how many patients answered. Every look is written down, with the account that looked."
                }
                dl.places {
                    @for specialty in &file.specialties {
                        @let of_it: Vec<_> = all.iter().filter(|entry| entry.specialty == specialty.id).collect();
                        @if !of_it.is_empty() {
                            div {
                                dt { (specialty.name) }
                                @for entry in of_it { dd { a href=(format!("/consultant/{}", entry.id)) { (entry.label) } } }
                            }
                        }
                    }
                }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Consultants", place: Place::Consultants, live: false }, &content)
}
