//! A patient wants back what they answered: the office deletes it, by the record it came in.

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::id::RecordId;

use crate::audit::Deed;
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread, sentence};
use crate::web::{Shared, Web, words};

/// The longest text that is looked at.
const MAX_CHARACTERS: usize = 120;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    record: Option<String>,
    /// The period in which something has just been deleted.
    done: Option<String>,
}

/// What is to be deleted.
#[derive(Debug, Deserialize)]
pub(crate) struct Withdraw {
    #[serde(default)]
    record: String,
    #[serde(default)]
    sure: String,
}

/// What stands beside the form.
#[derive(Default)]
struct View {
    record: String,
    done: Option<String>,
    wrong: Option<String>,
    not_sure: bool,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let record = asked.record.unwrap_or_default().chars().take(MAX_CHARACTERS).collect();
        let done = asked.done.map(|period| period.chars().take(MAX_CHARACTERS).collect());
        Ok(render(web, &viewer, &View { record, done, ..View::default() }))
    })
    .await
}

/// Deletes what is named, once whoever asks is sure.
pub(crate) async fn withdraw(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Withdraw>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let again = |view: &View| (StatusCode::UNPROCESSABLE_ENTITY, render(web, &viewer, view)).into_response();
        let said: String = form.record.trim().chars().take(MAX_CHARACTERS).collect();
        let Some(record) = named(&said) else {
            let wrong = "Write the record as it stands in the address of one of its comments, or in an export.";
            return Ok(again(&View { record: said, wrong: Some(wrong.to_owned()), ..View::default() }));
        };
        if form.sure != "yes" {
            return Ok(again(&View { record: said, not_sure: true, ..View::default() }));
        }
        web.note(viewer.name(), Deed::Withdrew, Some(&format!("record:{record}")), None)?;
        Ok(match (web.desk.withdraw)(record) {
            Ok(gone) => Redirect::to(&format!("/office/withdrawal?done={}", gone.period)).into_response(),
            Err(why) => again(&View { record: said, wrong: Some(sentence(&why)), ..View::default() }),
        })
    })
    .await
}

/// The record of a text: its id, or the name of one of its comments.
fn named(text: &str) -> Option<RecordId> {
    let text = text.strip_prefix("/office/comments/").unwrap_or(text);
    text.split_once('/').map_or(text, |(record, _)| record).parse().ok()
}

fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Take an answer back" }
        div.head {
            div {
                h1 { "Take an answer back" }
                p.lede { "A patient may want back what they answered. It is deleted here, comments too; that there was an answer stays, so that nobody can take one away unseen." }
            }
        }
        div.stack {
            @if let Some(period) = &view.done {
                p.problem role="status" { "It is deleted. Scores of " (period) " are made without it; where they were final, they say so by a revision." }
            }
            section.sheet aria-labelledby="which" {
                h2 id="which" { "Which answer" }
                form method="post" action="/office/withdrawal" {
                    div.field {
                        label for="record" { "The record" }
                        input id="record" type="text" name="record" required maxlength=(MAX_CHARACTERS) autocomplete="off" spellcheck="false" value=(view.record)
                            aria-invalid=[view.wrong.as_ref().map(|_| "true")] aria-describedby=[view.wrong.as_ref().map(|_| "wrong")];
                    }
                    @if let Some(wrong) = &view.wrong { p.wrong id="wrong" { (wrong) } }
                    div.choices {
                        label {
                            input type="checkbox" name="sure" value="yes" aria-invalid=[view.not_sure.then_some("true")] aria-describedby=[view.not_sure.then_some("not-sure")];
                            "The patient wants it, and I know that it cannot be brought back"
                        }
                    }
                    @if view.not_sure { p.wrong id="not-sure" { "Nothing was deleted yet. Tick this to delete it." } }
                    p.buttons { button.action type="submit" { "Delete the answer" } }
                }
            }
            section.sheet aria-labelledby="after" {
                h2 id="after" { "What happens then" }
                p { "The answer leaves the log, the comments and every figure. Who deleted which record is noted. What the public was told with it stands, and nothing more is told that it could be worked out from." }
                p { (words::of(web.desk.reader.forgotten(), "record", "records")) " " (if web.desk.reader.forgotten() == 1 { "has" } else { "have" }) " been deleted or reduced so far." }
            }
        }
    };
    let page = Page { title: "Take an answer back", place: Place::Office, live: false };
    layout::frame(web, viewer, &page, &content)
}
