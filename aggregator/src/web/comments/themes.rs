//! What comments are about, counted by unit and period.

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::{Unit, UnitError};
use wardvoice_protocol::fortnight::Period;

use super::failed;
use crate::comments::ThemeCount;
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{page_off_thread, period};
use crate::web::{Shared, Web, ward, words};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    unit: Option<String>,
    period: Option<String>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let shown = period(&web, asked.period.as_deref())?;
    let unit = match asked.unit.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => text.parse().map_err(|error: UnitError| Failure::bad_request(format!("{error}.")))?,
        None => Unit::Trust(web.desk.world.directory.file().trust.id.clone()),
    };
    page_off_thread(&web, move |web| {
        let Some(name) = web.desk.scoring.unit_name(&unit) else {
            let detail = format!("The directory has no {unit}.");
            return Err(Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such unit", detail));
        };
        let counts = web.desk.comments.theme_counts(&unit, &shown).map_err(|error| failed(&error))?;
        Ok(render(web, &viewer, &View { unit, name, shown, counts }))
    })
    .await
}

struct View {
    unit: Unit,
    name: String,
    shown: Period,
    counts: Vec<ThemeCount>,
}

fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › " a href="/office/comments" { "Comments" } " › Themes" }
        div.head { h1 { "What comments are about" } (picker(web, view)) }
        section.sheet.flows aria-labelledby="themes" {
            h2 id="themes" { (view.name) ", " (words::period(&view.shown)) }
            p.aside { "Counted as people have coded them; a comment may be about more than one thing. For the office: such small numbers are shown nowhere else." }
            @if view.counts.is_empty() {
                p { "No comment of these days has been given a theme yet." }
            } @else {
                div.scroller tabindex="0" role="group" aria-labelledby="themes" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Theme" } th.n scope="col" { "Praise" } th.n scope="col" { "Criticism or both" }
                                th.n scope="col" { "Not released" } th.n scope="col" { "All" }
                            }
                        }
                        tbody {
                            @for count in &view.counts {
                                tr {
                                    th scope="row" { (count.label) }
                                    td.n { (words::count(count.praise)) } td.n { (words::count(count.criticism)) }
                                    td.n { (words::count(count.not_released)) }
                                    td.n { strong { (words::count(count.praise + count.criticism + count.not_released)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Themes", place: Place::Office, live: false }, &content)
}

fn picker(web: &Web, view: &View) -> Markup {
    let units = web.desk.scoring.units();
    html! {
        form.period method="get" action="/office/comments/themes" {
            div {
                label for="unit" { "Of" }
                select id="unit" name="unit" {
                    @for (unit, name) in units.iter().filter(|(unit, _)| !matches!(unit, Unit::Consultant(_))) {
                        option value=(unit) selected[*unit == view.unit] { (name) }
                    }
                }
            }
            (ward::periods(web, ("period", "period"), &view.shown))
            button.action.quiet type="submit" { "Show" }
        }
    }
}
