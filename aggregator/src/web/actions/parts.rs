//! The parts of the page of a unit's actions: what is open, what is done and came to what, and the form.

use maud::{Markup, html};
use wardvoice_protocol::directory::Unit;

use super::{View, address};
use crate::actions::MAX_CHARACTERS;
use crate::comments::{CommentHandle, Released};
use crate::operations::ActionLine;
use crate::scoring::Measure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::{Web, signals, units, words};

pub(super) fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let (open, done): (Vec<ActionLine>, Vec<ActionLine>) =
        view.actions.iter().cloned().partition(|action| action.done.is_none());
    let content = html! {
        p.crumbs { a href="/" { "Wards" } " › " a href=(units::address(&view.unit, None).unwrap_or_default()) { (view.name) } " › Actions" }
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
                    "done" => "Done: the kiosks show it from now on, and its effect is measured.",
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
    let place = match view.unit {
        Unit::Ward(_) => Place::Ward,
        Unit::Trust(_) => Place::Trust,
        _ => Place::Unit,
    };
    layout::frame(web, viewer, &Page { title: "Actions", place, live: false }, &content)
}

fn list(view: &View, actions: &[ActionLine]) -> Markup {
    let address = address(&view.unit);
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
            p { span.aside { "Because of: " } a href=(signals::address(&view.unit, &signal.measure, Some(&signal.fortnight))) { "the chart of " (label) ", fortnight " (signal.fortnight) } }
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
            form method="post" action=(address(&view.unit)) {
                input type="hidden" name="what" value=(if action.is_some() { "change" } else { "add" });
                @if let Some(action) = action { input type="hidden" name="number" value=(action.number); }
                @for handle in kept.into_iter().flatten() { input type="hidden" name="comment" value=(handle); }
                (field("said", "You said", "What patients said, in your own words. It stands on kiosks and posters", &text(action.map(|action| action.said.as_str())), true))
                (field("did", "We did", "What is done about it", &text(action.map(|action| action.did.as_str())), true))
                (field("owner", "Who sees to it", "A role and never a name: “ward sister”, “matron”", &text(action.and_then(|action| action.owner.as_deref())), false))
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
                    @if action.is_some() { a.action.link href=(address(&view.unit)) { "Leave it as it is" } }
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
