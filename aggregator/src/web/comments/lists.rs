//! The word lists and the names of staff: to look at, and to change a word or a name at a time. Names of staff stand on this page and on no
//! other, in no address and in no entry of the audit.

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::id::Language;

use crate::audit::Deed;
use crate::comments::{CommentsError, ListChange, ListError, ListedWord, Lists, WordKind};
use crate::help::{StaffRole, StaffRoleError};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::office::language_name;
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread, sentence};
use crate::web::{Shared, Web, words};

/// So many names stand on the page at once.
const NAMES_AT_ONCE: usize = 100;
const MAX_CHARACTERS: usize = 61;
const ADDRESS: &str = "/office/comments/words";

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    language: Option<String>,
    page: Option<String>,
    done: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Changed {
    what: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    word: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let language = match asked.language.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => language(text)?,
            None => Language::english(),
        };
        let page = asked.page.as_deref().and_then(|text| text.parse().ok()).unwrap_or(1);
        Ok(render(web, &viewer, &language, page, asked.done.as_deref()))
    })
    .await
}

/// Changes a list.
pub(crate) async fn change(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Changed>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let change = wished(&form)?;
        let (about, detail) = change.noted();
        web.note(viewer.name(), Deed::ChangedLists, Some(&about), Some(&detail))?;
        web.desk.comments.change_lists(&change).map_err(|error| refused(&error))?;
        let language = match &change {
            ListChange::AddWord(word) | ListChange::RemoveWord(word) => &word.language,
            ListChange::Checked { language, .. } => language,
            ListChange::AddName { .. } | ListChange::RemoveName { .. } => {
                return Ok(Redirect::to(&format!("{ADDRESS}?done={}#names", form.what)).into_response());
            }
        };
        Ok(Redirect::to(&format!("{ADDRESS}?language={language}&done={}", form.what)).into_response())
    })
    .await
}

/// What cannot be done is told to whoever wished it; what is broken is logged.
fn refused(error: &CommentsError) -> Failure {
    match error {
        CommentsError::Lists(ListError::Signs(_) | ListError::Names(_)) => Failure::internal(error),
        CommentsError::Lists(error) => Failure::bad_request(sentence(&error.to_string())),
        error => super::failed(error),
    }
}

fn language(text: &str) -> Result<Language, Failure> {
    let tag = text.trim().parse();
    tag.map_err(|_| Failure::bad_request("Write a language by its tag, as pl or en-simple."))
}

fn wished(form: &Changed) -> Result<ListChange, Failure> {
    let word = || {
        let kind = form.kind.parse::<WordKind>();
        let kind = kind.map_err(|error| Failure::bad_request(format!("{error}.")))?;
        Ok::<_, Failure>(ListedWord { language: language(&form.language)?, kind, word: form.word.clone() })
    };
    let checked =
        |checked: bool| Ok::<_, Failure>(ListChange::Checked { language: language(&form.language)?, checked });
    match form.what.as_str() {
        "add-word" => Ok(ListChange::AddWord(word()?)),
        "remove-word" => Ok(ListChange::RemoveWord(word()?)),
        "checked" => checked(true),
        "not-checked" => checked(false),
        "add-name" => {
            let role = Some(form.role.trim()).filter(|role| !role.is_empty()).map(str::parse::<StaffRole>);
            let role = role.transpose();
            let role = role.map_err(|error: StaffRoleError| Failure::bad_request(sentence(&error.to_string())))?;
            Ok(ListChange::AddName { name: form.name.clone(), role })
        }
        "remove-name" => Ok(ListChange::RemoveName { name: form.name.clone() }),
        other => Err(Failure::bad_request(format!("“{other}” is nothing that can be done with a list."))),
    }
}

fn render(web: &Web, viewer: &Viewer, language: &Language, page: usize, done: Option<&str>) -> Markup {
    let lists = web.desk.comments.lists();
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › " a href="/office/comments" { "Comments" } " › Words and names" }
        div.head {
            div {
                h1 { "Words and names" }
                p.lede { "They say which comments are read first, and nothing more: every comment is read. A change counts at once." }
            }
            (picker(&lists, language))
        }
        @if let Some(said) = notice(done) { p.problem role="status" { (said) } }
        div.stack {
            (of_language(&lists, language))
            (names(&lists, page))
        }
    };
    let title = "Words and names";
    layout::frame(web, viewer, &Page { title, place: Place::Office, live: false }, &content)
}

fn notice(done: Option<&str>) -> Option<&'static str> {
    Some(match done? {
        "add-word" => "The word is on the list. Comments with it stand where they belong now.",
        "remove-word" => "The word is off the list. Comments stand where they belong now.",
        "checked" => "The list is checked: where it finds nothing, that says something.",
        "not-checked" => {
            "The list is not checked: comments in the language are read before those in which a checked list found nothing."
        }
        "add-name" => "The name is on the list. What was released before stays as it was released.",
        "remove-name" => "The name is off the list.",
        _ => return None,
    })
}

fn picker(lists: &Lists, language: &Language) -> Markup {
    html! {
        form.period method="get" action=(ADDRESS) {
            div {
                label for="language" { "Language" }
                select id="language" name="language" {
                    @if !lists.signs().languages().any(|known| known == language) { option value=(language) selected { (language_name(language)) } }
                    @for known in lists.signs().languages() { option value=(known) selected[known == language] { (language_name(known)) } }
                }
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

fn of_language(lists: &Lists, language: &Language) -> Markup {
    let signs = lists.signs();
    let is_listed = signs.languages().any(|known| known == language);
    let is_checked = is_listed && signs.is_checked(language);
    let (what, label) = if is_checked {
        ("not-checked", "It has to be checked again")
    } else {
        ("checked", "I speak it and have checked it")
    };
    html! {
        @for kind in WordKind::ALL { (list(lists, language, kind)) }
        section.sheet.flows aria-labelledby="checked" {
            h2 id="checked" { "Has somebody who speaks it checked the list?" }
            @if !is_listed {
                p { "There is no list for " strong { (language_name(language)) } " yet. The first word makes one. Until then its comments are read before those in which a checked list found nothing." }
            } @else {
                p { @if is_checked { "Yes." } @else { "No. Its comments are read before those in which a checked list found nothing." } }
                form.buttons method="post" action=(ADDRESS) {
                    input type="hidden" name="language" value=(language);
                    button.action.quiet type="submit" name="what" value=(what) { (label) }
                }
            }
        }
    }
}

fn list(lists: &Lists, language: &Language, kind: WordKind) -> Markup {
    let listed = lists.signs().words(language, kind);
    let heading = match kind {
        WordKind::Safeguarding => "Words of harm",
        WordKind::Distress => "Words of distress",
    };
    let id = kind.as_str();
    let hidden = html! {
        input type="hidden" name="language" value=(language);
        input type="hidden" name="kind" value=(kind);
    };
    html! {
        section.sheet.flows aria-labelledby=(id) {
            h2 id=(id) { (heading) ": " (words::of(listed.len() as u64, "word", "words")) }
            @if listed.is_empty() { p { "No word is on the list." } } @else {
                form method="post" action=(ADDRESS) {
                    (hidden)
                    input type="hidden" name="what" value="remove-word";
                    ul.listed {
                        @for word in listed {
                            li { span lang=(language) dir="auto" { (word) } " " button.action.link type="submit" name="word" value=(word) { "Take off" span.hidden { ": " (word) } } }
                        }
                    }
                }
            }
            form method="post" action=(ADDRESS) {
                (hidden)
                div.field {
                    label for=(format!("word-{id}")) { "A word more" }
                    p.small { "One word or a few, as patients write them. A star at the end stands for any ending: bruis*." }
                    input id=(format!("word-{id}")) name="word" type="text" required maxlength=(MAX_CHARACTERS) autocomplete="off" lang=(language) dir="auto";
                }
                p.buttons { button.action type="submit" name="what" value="add-word" { "Add it" span.hidden { " to the " (heading.to_lowercase()) } } }
            }
        }
    }
}

/// A page of the names, in alphabetical order.
fn names(lists: &Lists, page: usize) -> Markup {
    let all = lists.names().listed();
    let pages = all.len().div_ceil(NAMES_AT_ONCE).max(1);
    let page = page.clamp(1, pages);
    let shown = all.iter().skip((page - 1).saturating_mul(NAMES_AT_ONCE)).take(NAMES_AT_ONCE);
    html! {
        section #names.sheet.flows aria-labelledby="names-title" {
            h2 id="names-title" { "Names of staff: " (words::of(all.len() as u64, "name", "names")) }
            p.aside { "They are highlighted, and in a comment that is no praise a role has to take their place before it is released. They stand on this page only." }
            @if all.is_empty() { p { "No name is on the list." } } @else {
                form method="post" action=(ADDRESS) {
                    input type="hidden" name="what" value="remove-name";
                    ul.listed {
                        @for (name, role) in shown {
                            li {
                                span { (name) @if let Some(role) = role { " → " (role) } } " "
                                button.action.link type="submit" name="name" value=(name) { "Take off" span.hidden { ": " (name) } }
                            }
                        }
                    }
                }
            }
            @if pages > 1 {
                p.pages {
                    @if page > 1 { a href=(format!("{ADDRESS}?page={}#names", page - 1)) rel="prev" { "Before" } " " }
                    "Page " (page) " of " (pages)
                    @if page < pages { " " a href=(format!("{ADDRESS}?page={}#names", page + 1)) rel="next" { "More" } }
                }
            }
            form method="post" action=(ADDRESS) {
                div.field {
                    label for="name" { "A name more" }
                    p.small { "In a form that patients use. Add each form by itself." }
                    input id="name" name="name" type="text" required maxlength=(MAX_CHARACTERS - 1) autocomplete="off";
                }
                div.field {
                    label for="role" { "The role that takes its place, if you like" }
                    p.small { "As it reads in a sentence: a nurse." }
                    input id="role" name="role" type="text" maxlength="40" autocomplete="off";
                }
                p.buttons { button.action type="submit" name="what" value="add-name" { "Add it" span.hidden { " to the names of staff" } } }
            }
        }
    }
}
