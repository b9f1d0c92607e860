//! A patient wants back what they answered: the office deletes it, by the code that the kiosk showed, or by the record it came in.

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::id::RecordId;
use wardvoice_protocol::withdrawal::{WithdrawalCode, WithdrawalCodeError};

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
    code: String,
    #[serde(default)]
    record: String,
    #[serde(default)]
    sure: String,
}

/// What stands beside the form.
#[derive(Clone, Default)]
struct View {
    code: String,
    record: String,
    done: Option<String>,
    /// Beside the code, where there is one, otherwise beside the record.
    wrong: Option<String>,
    not_sure: bool,
}

/// Which answer is meant.
enum Meant {
    Record(RecordId),
    Code(WithdrawalCode),
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
        let cut = |text: &str| -> String { text.trim().chars().take(MAX_CHARACTERS).collect() };
        let said = View { code: cut(&form.code), record: cut(&form.record), ..View::default() };
        let wrong = |why: String| again(&View { wrong: Some(why), ..said.clone() });
        let meant = match meant(&said) {
            Ok(meant) => meant,
            Err(why) => return Ok(wrong(why)),
        };
        if form.sure != "yes" {
            return Ok(again(&View { not_sure: true, ..said.clone() }));
        }
        let found = match meant {
            Meant::Record(record) => Ok(record),
            Meant::Code(code) => (web.desk.find_by_code)(code),
        };
        let record = match found {
            Ok(record) => record,
            Err(why) => return Ok(wrong(sentence(&why))),
        };
        web.note(viewer.name(), Deed::Withdrew, Some(&format!("record:{record}")), None)?;
        Ok(match (web.desk.withdraw)(record) {
            Ok(gone) => Redirect::to(&format!("/office/withdrawal?done={}", gone.period)).into_response(),
            Err(why) => wrong(sentence(&why)),
        })
    })
    .await
}

/// What was written, or what is wrong with it.
fn meant(said: &View) -> Result<Meant, String> {
    match (said.code.as_str(), said.record.as_str()) {
        ("", record) => named(record).map(Meant::Record).ok_or_else(|| {
            "Write the record as it stands in the address of one of its comments, or in an export.".to_owned()
        }),
        (code, "") => code.parse().map(Meant::Code).map_err(|error: WithdrawalCodeError| {
            format!("{} Compare it with what the patient wrote down.", sentence(&format!("failed to {error}")))
        }),
        _ => Err("Write the code or the record, and leave the other empty.".to_owned()),
    }
}

/// The record of a text: its id, or the name of one of its comments.
fn named(text: &str) -> Option<RecordId> {
    let text = text.strip_prefix("/office/comments/").unwrap_or(text);
    text.split_once('/').map_or(text, |(record, _)| record).parse().ok()
}

fn field(name: &str, label: &str, value: &str, wrong: bool) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) type="text" name=(name) maxlength=(MAX_CHARACTERS) autocomplete="off" spellcheck="false" value=(value)
                aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then_some("wrong")];
        }
    }
}

fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let by_code = !view.code.is_empty();
    let wrong = html! { @if let Some(wrong) = &view.wrong { p.wrong id="wrong" { (wrong) } } };
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
                    p { "A patient who was shown a code when the questions were over has only to say the code, and nobody has to ask who they are. Without one, it is the record in the address of a comment." }
                    (field("code", "The code", &view.code, view.wrong.is_some() && by_code))
                    @if by_code { (wrong) }
                    (field("record", "The record", &view.record, view.wrong.is_some() && !by_code))
                    @if !by_code { (wrong) }
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
