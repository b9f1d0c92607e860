//! A ward's actions, for the ward: take one on, say what caused it, change it, say that it is done.

use std::sync::PoisonError;

use axum::Form;
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::signals::{self, Outlook};
use super::viewer::Viewer;
use super::ward::{self, off_thread, page_off_thread, sentence, ward_of};
use super::{Shared, Web, words};
use crate::actions::{Action, Cause, MAX_CHARACTERS, NewAction, SignalCause};
use crate::audit::Deed;
use crate::comments::{CommentHandle, Released};
use crate::ingest::Change;
use crate::operations::ActionLine;
use crate::policy::Audience;
use crate::scoring::{FEWEST_TO_SAY, Measure, variation_words};

/// Comments of so many days are offered as causes.
const DAYS_OF_COMMENTS: i32 = 182;
/// So many of them at the most, the newest.
const MOST_OFFERED: usize = 40;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    edit: Option<u32>,
    done: Option<String>,
}

struct View {
    ward: WardId,
    name: String,
    today: Date,
    actions: Vec<ActionLine>,
    comments: Vec<(CommentHandle, Released)>,
    /// Every measure, and what its chart says where it says something.
    measures: Vec<(Measure, String)>,
    signals: Vec<(SignalCause, String)>,
    /// The action that is being changed.
    editing: Option<ActionLine>,
    done: Option<String>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    page_off_thread(&web, move |web| Ok(render(web, &viewer, &view(web, ward, asked)?))).await
}

/// Takes an action on, changes one, or says that one is done or is not.
pub(crate) async fn change(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    let form = Sent(fields);
    off_thread(&web, move |web| {
        let what = form.one("what").to_owned();
        let wished = match what.as_str() {
            "add" | "change" => Some(action(web, &ward, &form)?),
            _ => None,
        };
        let number = match what.as_str() {
            "add" => None,
            _ => Some(own(web, &ward, form.one("number"))?.number),
        };
        let about = number.map_or_else(|| format!("ward:{ward}"), |number| format!("action:{number}"));
        web.note(viewer.name(), Deed::ChangedAction, Some(&about), Some(&what))?;
        let (actions, today) = (&web.desk.actions, web.today());
        let changed = match (what.as_str(), number, wished) {
            ("add", None, Some(wished)) => actions.add(wished, today),
            ("change", Some(number), Some(wished)) => actions.change(number, wished),
            ("done", Some(number), None) => actions.finish(number, today),
            ("reopen", Some(number), None) => actions.reopen(number),
            _ => {
                return Err(Failure::bad_request(format!("“{what}” is nothing that can be done with an action.")));
            }
        };
        changed.map_err(|error| Failure::bad_request(sentence(&error.to_string())))?;
        // Pages and kiosks of the ward show it; nobody has to be looking.
        let position = web.desk.reader.position();
        drop(web.desk.changes.send(Change { wards: vec![ward.clone()], position }));
        Ok(Redirect::to(&format!("/ward/{ward}/actions?done={what}")).into_response())
    })
    .await
}

/// A form as it was sent. A field may stand in it several times.
struct Sent(Vec<(String, String)>);

impl Sent {
    fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An action of the ward by its number; another ward's is none.
fn own(web: &Web, ward: &WardId, number: &str) -> Result<Action, Failure> {
    let read = number.parse::<u32>().ok();
    let found =
        read.and_then(|number| web.desk.actions.of_ward(ward).into_iter().find(|one| one.number == number));
    found.ok_or_else(|| {
        let detail = format!("The ward has no action “{number}”. Open its actions again.");
        Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such action", detail)
    })
}

/// What the form asks for, as far as it can be.
fn action(web: &Web, ward: &WardId, form: &Sent) -> Result<NewAction, Failure> {
    let optional = |name: &str| Some(form.one(name)).filter(|text| !text.is_empty());
    let about = optional("about").map(str::parse::<Measure>).transpose();
    let about = about.map_err(|error| Failure::bad_request(sentence(&error.to_string())))?;
    if let Some(about) = about.as_ref().filter(|about| !web.desk.scoring.has_measure(about)) {
        return Err(Failure::bad_request(format!("There is no measure “{about}”. Choose one of the list.")));
    }
    let due = optional("due").map(|text| {
        text.parse::<Date>()
            .map_err(|_| Failure::bad_request(format!("Due must be a day as 2026-12-01; you wrote “{text}”.")))
    });
    let signal = optional("signal").map(str::parse::<SignalCause>).transpose().map_err(Failure::bad_request)?;
    let handles = form.all("comment").map(str::parse::<CommentHandle>).collect::<Result<Vec<_>, _>>();
    let comments = handles.map_err(Failure::bad_request)?;
    let offered = comments_of(web, ward, usize::MAX)?;
    // What an action already names may have been taken back since; it stays named.
    let named = form.one("number").parse::<u32>().ok();
    let named =
        named.and_then(|number| web.desk.actions.of_ward(ward).into_iter().find(|one| one.number == number));
    let named = named.map(|action| action.cause.comments).unwrap_or_default();
    let known =
        |handle: &CommentHandle| offered.iter().any(|(known, _)| known == handle) || named.contains(handle);
    if let Some(strange) = comments.iter().find(|handle| !known(handle)) {
        return Err(Failure::bad_request(format!(
            "The ward has no released comment {strange}. Open the page again."
        )));
    }
    Ok(NewAction {
        ward: ward.clone(),
        said: form.one("said").to_owned(),
        did: form.one("did").to_owned(),
        owner: optional("owner").map(str::to_owned),
        about,
        due: due.transpose()?,
        cause: Cause { comments, signal },
    })
}

/// The first so many of what was released of the ward in the last half year: whole fortnights, the present one with them.
fn comments_of(web: &Web, ward: &WardId, most: usize) -> Result<Vec<(CommentHandle, Released)>, Failure> {
    let calendar = web.desk.scoring.calendar();
    let fortnight_of = |day| calendar.fortnight_of(day).map_err(|error| Failure::internal(&error));
    let first = fortnight_of(web.today().saturating_sub(DAYS_OF_COMMENTS.days()))?;
    let last = fortnight_of(web.today())?;
    let period = Period::Days { start: first.start(), last: last.last() };
    let unit = Unit::Ward(ward.clone());
    let released = web.desk.comments.released_with_handles(&unit, &period, Audience::Ward, most);
    released.map_err(|error| Failure::internal(&error))
}

fn view(web: &Web, ward: WardId, asked: Asked) -> Result<View, Failure> {
    let unit = Unit::Ward(ward.clone());
    let today = web.today();
    let fortnight = web.desk.scoring.calendar().fortnight_of(today).map_err(|error| Failure::internal(&error))?;
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let outlook = Outlook::of(web, &facts, &unit, &Period::Fortnight(fortnight))?;
    let actions = signals::actions(web, &facts, Some(std::slice::from_ref(&ward)));
    drop(facts);
    let measures = outlook.signals.iter().map(|signal| (signal.measure.clone(), signal.label.clone())).collect();
    let told = outlook.signals.iter().filter(|signal| signal.points.len() >= FEWEST_TO_SAY);
    let signals = told.filter_map(|signal| {
        let last = signal.points.last().map(|point| point.period.clone())?;
        let says = format!("{}: {}", signal.label, variation_words(signal));
        Some((SignalCause { measure: signal.measure.clone(), fortnight: last }, says))
    });
    let signals = signals.collect();
    let name = web.desk.scoring.unit_name(&unit).unwrap_or_default();
    let comments = comments_of(web, &ward, MOST_OFFERED)?;
    let editing = asked.edit.map(|number| own(web, &ward, &number.to_string())).transpose()?;
    let editing = editing.and_then(|action| actions.iter().find(|line| line.number == action.number).cloned());
    Ok(View { ward, name, today, actions, comments, measures, signals, editing, done: asked.done })
}

fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let (open, done): (Vec<ActionLine>, Vec<ActionLine>) =
        view.actions.iter().cloned().partition(|action| action.done.is_none());
    let content = html! {
        p.crumbs { a href="/" { "Wards" } " › " a href=(ward::address(&view.ward, None)) { (view.name) } " › Actions" }
        div.head {
            div {
                h1 { "You said, we did" }
                p.lede { (view.name) ": " (words::of(open.len() as u64, "action", "actions")) " open, " (words::count(done.len() as u64)) " done" }
            }
        }
        @if let Some(done) = &view.done {
            p.problem role="status" {
                (match done.as_str() {
                    "add" => "The action is taken on.",
                    "done" => "Done: the ward’s kiosks show it from now on, and its effect is measured.",
                    "reopen" => "It is open again, and kiosks show it no more.",
                    _ => "The action is changed.",
                })
            }
        }
        div.stack {
            @if let Some(action) = &view.editing { (form(view, Some(action))) }
            section.sheet.flows aria-labelledby="open" {
                h2 id="open" { "Open" }
                @if open.is_empty() { p { "No action is open." } } @else { (list(view, &open)) }
            }
            @if view.editing.is_none() { (form(view, None)) }
            section.sheet.flows aria-labelledby="done" {
                h2 id="done" { "Done, and what it came to" }
                @if done.is_empty() { p { "No action is done yet." } } @else { (list(view, &done)) }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Actions", place: Place::Ward, live: false }, &content)
}

fn list(view: &View, actions: &[ActionLine]) -> Markup {
    let address = format!("/ward/{}/actions", view.ward);
    let (what, label) = if actions.first().is_some_and(|action| action.done.is_some()) {
        ("reopen", "Open again")
    } else {
        ("done", "Done")
    };
    html! {
        ul.actions {
            @for action in actions {
                li {
                    (signals::action_item(action, None))
                    (cause(view, action))
                    form.buttons method="post" action=(address) {
                        input type="hidden" name="number" value=(action.number);
                        button.action.quiet type="submit" name="what" value=(what) { (label) span.hidden { ": action " (action.number) } }
                        @if action.done.is_none() {
                            a.action.link href=(format!("{address}?edit={}#form", action.number)) { "Change" span.hidden { " action " (action.number) } }
                        }
                    }
                }
            }
        }
    }
}

/// What caused an action: the chart, and the comments as far as they may still be read.
fn cause(view: &View, action: &ActionLine) -> Markup {
    let named = &action.cause.comments;
    let shown: Vec<&Released> =
        view.comments.iter().filter(|(handle, _)| named.contains(handle)).map(|(_, released)| released).collect();
    html! {
        @if let Some(signal) = &action.cause.signal {
            @let label = view.measures.iter().find(|(measure, _)| *measure == signal.measure).map_or_else(|| signal.measure.to_string(), |(_, label)| label.clone());
            p { span.aside { "Because of: " } a href=(signals::address(&Unit::Ward(view.ward.clone()), &signal.measure, Some(&signal.fortnight))) { "the chart of " (label) ", fortnight " (signal.fortnight) } }
        }
        @for released in &shown { blockquote lang=(released.language) dir="auto" { (released.text) } }
        @if named.len() > shown.len() {
            p.small { (words::of((named.len() - shown.len()) as u64, "comment", "comments")) " that is older or may not be shown any more" }
        }
    }
}

fn form(view: &View, action: Option<&ActionLine>) -> Markup {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let due = action.and_then(|action| action.due).map(|due| due.to_string());
    let named = |handle: &CommentHandle| action.is_some_and(|action| action.cause.comments.contains(handle));
    let signal = action.and_then(|action| action.cause.signal.as_ref());
    let kept = action.map(|action| {
        action.cause.comments.iter().filter(|handle| !view.comments.iter().any(|(known, _)| known == *handle))
    });
    html! {
        section #form.sheet aria-labelledby="form-title" {
            h2 id="form-title" { @match action { Some(action) => { "Change action " (action.number) }, None => "Take an action on" } }
            form method="post" action=(format!("/ward/{}/actions", view.ward)) {
                input type="hidden" name="what" value=(if action.is_some() { "change" } else { "add" });
                @if let Some(action) = action { input type="hidden" name="number" value=(action.number); }
                @for handle in kept.into_iter().flatten() { input type="hidden" name="comment" value=(handle); }
                (field("said", "You said", "What patients said, in the ward’s own words. It stands on kiosks and posters", &text(action.map(|action| action.said.as_str())), true))
                (field("did", "We did", "What the ward does about it", &text(action.map(|action| action.did.as_str())), true))
                (field("owner", "Who sees to it", "A role and never a name: “ward sister”", &text(action.and_then(|action| action.owner.as_deref())), false))
                div.field {
                    label for="due" { "Due" }
                    input id="due" name="due" type="date" min=(view.today) value=[due];
                }
                (measures(view, action))
                @if !view.signals.is_empty() {
                    div.field {
                        label for="signal" { "Which chart shows it" }
                        select id="signal" name="signal" {
                            option value="" { "None" }
                            @if let Some(own) = signal.filter(|own| !view.signals.iter().any(|(known, _)| known == *own)) { option value=(own) selected { (own) } }
                            @for (known, says) in &view.signals { option value=(known) selected[signal == Some(known)] { (says) } }
                        }
                    }
                }
                @if !view.comments.is_empty() {
                    fieldset {
                        legend { "Which comments say so" }
                        p.small { "Released comments of the last half year." }
                        div.choices.quotes {
                            @for (handle, released) in &view.comments {
                                label { input type="checkbox" name="comment" value=(handle) checked[named(handle)]; span lang=(released.language) dir="auto" { (released.text) } }
                            }
                        }
                    }
                }
                p.buttons {
                    button.action type="submit" { (if action.is_some() { "Change it" } else { "Take it on" }) }
                    @if action.is_some() { a.action.link href=(format!("/ward/{}/actions", view.ward)) { "Leave it as it is" } }
                }
            }
        }
    }
}

fn field(name: &str, label: &str, hint: &str, value: &str, required: bool) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            p.small { (hint) "." }
            input id=(name) name=(name) type="text" maxlength=(MAX_CHARACTERS) required[required] autocomplete="off" value=(value);
        }
    }
}

fn measures(view: &View, action: Option<&ActionLine>) -> Markup {
    let about = action.and_then(|action| action.about.as_ref());
    html! {
        div.field {
            label for="about" { "What it is to change" }
            p.small { "Its effect is measured by that." }
            select id="about" name="about" {
                option value="" { "The overall score" }
                @for (measure, label) in view.measures.iter().filter(|(measure, _)| *measure != Measure::Overall) {
                    option value=(measure) selected[about == Some(measure)] { (label) }
                }
            }
        }
    }
}
