//! The coding frame: the themes that comments are coded by, and the way to change them.

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::one_line;

use crate::audit::Deed;
use crate::comments::{Frame, FrameChange, Theme, ThemeId, ThemeWish};
use crate::web::comments::trend;
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread, period, sentence};
use crate::web::{Shared, Web};

const MAX_REASON_CHARACTERS: usize = 150;
const MAX_LABEL_CHARACTERS: usize = 60;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    edit: Option<String>,
    done: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Changed {
    what: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    terms: String,
    about_consultants: Option<String>,
    #[serde(default)]
    reason: String,
    /// The frame that was seen.
    #[serde(default)]
    seen: String,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let present = period(&web, None)?;
    page_off_thread(&web, move |web| {
        let trust = Unit::Trust(web.desk.world.directory.file().trust.id.clone());
        let trends = trend::of(web, &trust, &present)?;
        render(web, &viewer, &asked, &trends)
    })
    .await
}

/// Adds, changes or retires a theme.
pub(crate) async fn change(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Changed>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let reason = one_line::trimmed(&form.reason, MAX_REASON_CHARACTERS).ok_or_else(|| {
            Failure::bad_request(format!("Say why in 1 to {MAX_REASON_CHARACTERS} characters on one line."))
        })?;
        let change = wished(&form)?;
        let seen = form
            .seen
            .parse()
            .map_err(|_| Failure::bad_request("Open the page again: it does not say what you saw."))?;
        let detail = format!("{}: {reason}", form.what);
        web.note(viewer.name(), Deed::ChangedFrame, Some(&format!("theme:{}", change.theme())), Some(&detail))?;
        let changed = web.desk.comments.change_frame(&change, seen);
        let changed = changed.map_err(|error| Failure::bad_request(sentence(&error.to_string())))?;
        if !changed {
            let detail = "Somebody has changed the coding frame meanwhile. Open the page again and look.";
            return Err(Failure::new(StatusCode::CONFLICT, "Somebody was quicker", detail));
        }
        Ok(Redirect::to(&format!("/office/themes?done={}", form.what)).into_response())
    })
    .await
}

fn wished(form: &Changed) -> Result<FrameChange, Failure> {
    let id: ThemeId = form.id.trim().parse().map_err(|error: String| Failure::bad_request(format!("{error}.")))?;
    let terms = form.terms.split(',').map(str::trim).filter(|term| !term.is_empty()).map(str::to_owned);
    let wish = || ThemeWish {
        id: id.clone(),
        label: form.label.trim().to_owned(),
        about_consultants: form.about_consultants.is_some(),
        terms: terms.clone().collect(),
    };
    match form.what.as_str() {
        "add" => Ok(FrameChange::Add(wish())),
        "change" => Ok(FrameChange::Change(wish())),
        "retire" => Ok(FrameChange::Retire(id)),
        other => Err(Failure::bad_request(format!("“{other}” is nothing that can be done with a theme."))),
    }
}

fn render(web: &Web, viewer: &Viewer, asked: &Asked, trends: &trend::Trends) -> Result<Markup, Failure> {
    let frame = web.desk.comments.frame();
    let editing = asked.edit.as_deref().filter(|id| !id.is_empty());
    let editing = editing.map(|id| {
        let found = id.parse().ok().and_then(|id: ThemeId| frame.theme(&id));
        found.ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "There is no such theme",
                format!("The coding frame has no theme “{id}”."),
            )
        })
    });
    let editing = editing.transpose()?;
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › " a href="/office/comments" { "Comments" } " › Coding frame" }
        div.head {
            div {
                h1 { "Coding frame" }
                p.lede { "The themes that comments are coded by, and how often released comments were about them." }
            }
        }
        @if let Some(done) = &asked.done {
            p.problem role="status" { (match done.as_str() { "add" => "The theme is there.", "retire" => "The theme is retired; what was coded by it stays.", _ => "The theme is changed." }) }
        }
        div.stack {
            @if let Some(theme) = editing { (form(&frame, Some(theme))) }
            section.sheet.flows aria-labelledby="counts" {
                h2 id="counts" { "Fortnight by fortnight, the whole trust" }
                (trend::whole(trends))
                p { a href="/office/comments/themes" { "By unit and period, with what was not released" } }
            }
            (list(&frame))
            @if editing.is_none() { (form(&frame, None)) }
        }
    };
    Ok(layout::frame(web, viewer, &Page { title: "Coding frame", place: Place::Office, live: false }, &content))
}

fn list(frame: &Frame) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="themes" {
            h2 id="themes" { (frame.themes().len()) " themes" }
            p.aside { "Words only suggest a theme; a person decides. A star stands for any ending." }
            div.scroller tabindex="0" role="group" aria-labelledby="themes" {
                table.cards {
                    thead { tr { th scope="col" { "Theme" } th scope="col" { "English words that suggest it" } th scope="col" { "About consultants" } th scope="col" { span.hidden { "Change" } } } }
                    tbody {
                        @for theme in frame.themes() {
                            tr {
                                th scope="row" { (theme.label) " " small { (theme.id) } }
                                td data-label="Words" { (frame.english_terms(&theme.id).join(", ")) }
                                td data-label="About consultants" { (if theme.about_consultants { "yes" } else { "no" }) }
                                td { a href=(format!("/office/themes?edit={}#form", theme.id)) { "Change" span.hidden { " " (theme.label) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn form(frame: &Frame, theme: Option<&Theme>) -> Markup {
    let terms = theme.map(|theme| frame.english_terms(&theme.id).join(", ")).unwrap_or_default();
    html! {
        section #form.sheet aria-labelledby="form-title" {
            h2 id="form-title" { @match theme { Some(theme) => { "Change “" (theme.label) "”" }, None => "A theme more" } }
            form method="post" action="/office/themes" {
                input type="hidden" name="seen" value=(frame.hash());
                @match theme {
                    Some(theme) => { input type="hidden" name="id" value=(theme.id); },
                    None => div.field {
                        label for="id" { "A short name for the data, which never changes" }
                        p.small { "Lower-case letters, digits, - and _: visiting-times." }
                        input id="id" name="id" type="text" required maxlength="40" pattern="[a-z0-9_\\-]{1,40}" autocomplete="off";
                    },
                }
                div.field {
                    label for="label" { "What people call it" }
                    input id="label" name="label" type="text" required maxlength=(MAX_LABEL_CHARACTERS) autocomplete="off" value=(theme.map_or("", |theme| theme.label.as_str()));
                }
                div.field {
                    label for="terms" { "English words that suggest it, with commas between them" }
                    input id="terms" name="terms" type="text" autocomplete="off" value=(terms);
                }
                div.choices {
                    label { input type="checkbox" name="about_consultants" value="yes" checked[theme.is_some_and(|theme| theme.about_consultants)]; "Comments about it are about the consultant in charge, who is shown them once they are released" }
                }
                div.field {
                    label for="reason" { "Why" }
                    input id="reason" name="reason" type="text" required maxlength=(MAX_REASON_CHARACTERS) autocomplete="off";
                }
                p.buttons {
                    button.action type="submit" name="what" value=(if theme.is_some() { "change" } else { "add" }) { (if theme.is_some() { "Change it" } else { "Add it" }) }
                    @if theme.is_some() {
                        button.action.quiet type="submit" name="what" value="retire" { "Retire it" }
                        a.action.link href="/office/themes" { "Leave it as it is" }
                    }
                }
            }
        }
    }
}
