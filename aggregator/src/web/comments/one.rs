//! One comment on the desk: its text, what is struck out of it, the decision and the history. Plain forms; each says how the comment
//! stood when the page was drawn, so that two people at once are told of each other.

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::queue::{address, fortnight, legend, marked, notice, urgency, ward_name};
use super::{failed, moderator, standing};
use crate::audit::Deed;
use crate::comments::{
    CommentId, CommentsError, Decided, Decision, DecisionError, Found, History, MAX_REASON_CHARACTERS, Reach,
    SignKind, Standing, ThemeId, Tone, Which, Wish, apply, edits_for, pieces, suggested, words as words_of,
};
use crate::help::StaffRole;
use crate::ingest::Change;
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread};
use crate::web::{Shared, Web, words};

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    done: Option<String>,
    told: Option<String>,
}

fn named(record: &str, question: &str) -> Result<CommentId, Failure> {
    let id = format!("{record}/{question}").parse::<CommentId>();
    id.map_err(|error| {
        Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such comment", format!("{error}."))
    })
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path((record, question)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let id = named(&record, &question)?;
    page_off_thread(&web, move |web| {
        let (found, history) = web.desk.comments.one(&id).map_err(|error| failed(&error))?;
        Ok(render(web, &viewer, &found, &history, &asked))
    })
    .await
}

/// Takes the decision of a form, and leads on: to the next comment that waits, or back to this one.
pub(crate) async fn decide(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path((record, question)): Path<(String, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let id = named(&record, &question)?;
    off_thread(&web, move |web| {
        let by = moderator(&viewer)?;
        web.note(viewer.name(), Deed::DecidedComment, Some(&format!("comment:{id}")), None)?;
        let form = Fields(fields);
        let to = match form.carry_out(web, &id, &by) {
            Ok(decided) => next(web, &id, &decided)?,
            Err(Refused::Told(told)) => format!("/office/comments/{id}?told={told}"),
            Err(Refused::Failed(failure)) => return Err(failure),
        };
        Ok(Redirect::to(&to).into_response())
    })
    .await
}

/// Where a decision leads.
fn next(web: &Web, id: &CommentId, decided: &Decision) -> Result<String, Failure> {
    let done = match decided {
        Decision::Released { .. } => "released",
        Decision::Proposed { .. } => "proposed",
        Decision::Held { .. } => "held",
        Decision::Escalated { .. } => "escalated",
        Decision::Redacted { .. } | Decision::Coded { .. } | Decision::Undone { .. } => {
            return Ok(format!("/office/comments/{id}#decide"));
        }
    };
    let waiting = Which { standing: Some("waiting".to_owned()), ward: None };
    let waiting = web.desk.comments.leaf(&waiting, 1, 1).map_err(|error| failed(&error))?;
    Ok(waiting
        .listed
        .first()
        .map_or_else(|| format!("/office/comments?done={done}"), |one| format!("{}?done={done}", address(one))))
}

/// Why a form was not carried out.
enum Refused {
    /// For a reason that the comment's page tells.
    Told(&'static str),
    Failed(Failure),
}

impl From<CommentsError> for Refused {
    fn from(error: CommentsError) -> Self {
        match error {
            CommentsError::Decision(error) => Self::Told(match error {
                DecisionError::Stale { .. } => "stale",
                DecisionError::NeedsAnother(_) => "another",
                DecisionError::AlreadyReleased => "already",
                DecisionError::NameStands => "name",
                DecisionError::Edits => "edits",
                DecisionError::Reason => "reason",
                DecisionError::NoSuchTheme(_) => "theme",
                DecisionError::NotTheLast(_) => "undo",
            }),
            other => Self::Failed(failed(&other)),
        }
    }
}

/// The fields of a form, in which some stand more than once.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    fn many<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn carry_out(&self, web: &Web, id: &CommentId, by: &StaffRole) -> Result<Decision, Refused> {
        let comments = &web.desk.comments;
        let bad = |what: &str| Refused::Failed(Failure::bad_request(what));
        let mut seen: u64 =
            self.one("seen").parse().map_err(|_| bad("The form does not say what it was filled in for."))?;
        let (found, history) = comments.one(id)?;
        let reach = if self.one("reach") == "everybody" { Reach::Everybody } else { Reach::Staff };
        let wish = match self.one("what") {
            "strike" => Wish::Redact(self.edits(&found, &history)?),
            "unedit" => Wish::Redact(Vec::new()),
            "praise" => Wish::Release(Tone::Praise, reach),
            "mixed" => Wish::Release(Tone::Mixed, reach),
            "criticism" => Wish::Release(Tone::Criticism, reach),
            "hold" => Wish::Hold(self.one("reason").to_owned()),
            "escalate" => {
                let to = self.one("to").parse::<StaffRole>().map_err(|_| Refused::Told("to"))?;
                Wish::Escalate(to, self.one("reason").to_owned())
            }
            "code" => Wish::Code(self.themes()?),
            "undo" => Wish::Undo(self.one("number").parse().map_err(|_| Refused::Told("undo"))?),
            _ => return Err(bad("The form does not say what is to be done.")),
        };
        // The form with the decision has the themes too; a decision that cannot be taken leaves them as they were.
        let themes = if self.one("themed").is_empty() { history.themes().clone() } else { self.themes()? };
        if themes != *history.themes() && !matches!(wish, Wish::Code(_)) {
            history
                .judge(comments.rules(), &found, &comments.frame(), seen, by, &wish)
                .map_err(CommentsError::from)?;
            seen = comments.decide(id, seen, by, &Wish::Code(themes), web.now())?.number;
        }
        let decided = comments.decide(id, seen, by, &wish, web.now())?;
        // Nobody has to be looking.
        drop(web.desk.changes.send(Change { wards: vec![found.ward], position: web.desk.reader.position() }));
        Ok(decided.decision)
    }

    fn themes(&self) -> Result<BTreeSet<ThemeId>, Refused> {
        self.many("theme").map(|id| id.parse().map_err(|_| Refused::Told("theme"))).collect()
    }

    fn edits(&self, found: &Found, history: &History) -> Result<Vec<crate::comments::Edit>, Refused> {
        let chosen: Vec<usize> = self.many("word").filter_map(|place| place.parse().ok()).collect();
        if chosen.is_empty() {
            return Err(Refused::Told("words"));
        }
        let role = Some(self.one("role")).filter(|role| !role.is_empty());
        let role = role.map(str::parse::<StaffRole>).transpose().map_err(|_| Refused::Told("role"))?;
        Ok(edits_for(&found.text, history.edits(), &chosen, role.as_ref()))
    }
}

/// Why nothing was written, in words.
fn told(why: Option<&str>) -> Markup {
    let said = match why {
        Some("stale") => {
            "Somebody else decided while you were reading. What they decided stands below; nothing of yours was written."
        }
        Some("another") => {
            "You have passed it already. A second person has to pass it before it leaves the office."
        }
        Some("already") => "It is released like that already.",
        Some("name") => "It is no praise and names a member of staff. Put a role in the place of the name first.",
        Some("edits") => "These words cannot be struck out together. Choose fewer of them.",
        Some("reason") => "Write why, in 1 to 200 characters on one line, without a name.",
        Some("to") => "Write who was told, as a role of 1 to 40 characters.",
        Some("role") => "Write the role in 1 to 40 characters.",
        Some("theme") => "The coding frame has no such theme any more. Choose again.",
        Some("words") => "Choose the words to strike out.",
        Some("undo") => "Only the last decision that stands can be taken back. Look at the history below.",
        _ => return html! {},
    };
    html! { p.problem role="alert" { strong { "Nothing was changed. " } (said) } }
}

fn render(web: &Web, viewer: &Viewer, found: &Found, history: &History, asked: &Asked) -> Markup {
    let comments = &web.desk.comments;
    let place = format!("/office/comments/{}", found.id);
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › " a href="/office/comments" { "Comments" } }
        div.head {
            div {
                h1 { (ward_name(web, found.ward.as_str())) }
                p.lede { (fortnight(web, found.day)) ", “" (found.asked) "”" }
            }
            span.tag { (standing(history.standing())) }
        }
        (notice(asked.done.as_deref()))
        (told(asked.told.as_deref()))
        div.stack {
            section.sheet.comment aria-labelledby="text-title" {
                h2 id="text-title" { "As it was written" }
                @if let Some(tag) = urgency(comments.urgency(found)) { p { span.tag.silent { (tag) } } }
                blockquote lang=(found.language) dir="auto" { (marked(&pieces(&found.text, &found.signs, history.edits()))) }
                @if !found.language.as_str().starts_with("en") {
                    p.small {
                        "The interview was in " (found.language) ". Nothing is translated here: let somebody who reads the language pass it."
                    }
                }
                (legend(comments))
                @if !history.edits().is_empty() {
                    h3 { "As it would be shown" }
                    blockquote lang=(found.language) dir="auto" { (apply(&found.text, history.edits())) }
                }
                (editing(&place, found, history))
            }
            (deciding(web, &place, found, history))
            (past(web, &place, history))
        }
    };
    layout::frame(web, viewer, &Page { title: "Comment", place: Place::Office, live: false }, &content)
}

/// Choosing words to strike out. Those of a staff name that still stands are chosen already, with the role of the list.
fn editing(place: &str, found: &Found, history: &History) -> Markup {
    let is_struck = |at: usize| history.edits().iter().any(|edit| edit.from <= at && at < edit.to);
    let names: Vec<_> =
        found.signs.iter().filter(|sign| sign.kind == SignKind::StaffName && !is_struck(sign.from)).collect();
    let role = names.iter().find_map(|name| name.role.as_ref()).map_or("", |role| role.as_str());
    html! {
        details open[!names.is_empty()] {
            summary { "Strike out words, or put a role in the place of a name" }
            form method="post" action=(place) {
                input type="hidden" name="seen" value=(history.last());
                fieldset.words lang=(found.language) dir="auto" {
                    legend { "The words" }
                    @for (number, word) in words_of(&found.text).iter().enumerate() {
                        @let is_name = names.iter().any(|name| name.from < word.to && word.from < name.to);
                        label { input type="checkbox" name="word" value=(number) checked[is_name]; span { (word.text) } } " "
                    }
                }
                div.field {
                    label for="role" { "The role that takes their place; empty to leave only a mark" }
                    input type="text" id="role" name="role" value=(role) maxlength="40" autocomplete="off" list="roles";
                    datalist id="roles" { option value="a nurse" {} option value="a doctor" {} option value="a member of staff" {} option value="a porter" {} }
                }
                p {
                    button.action type="submit" name="what" value="strike" { "Strike out" } " "
                    @if !history.edits().is_empty() {
                        button.action.quiet type="submit" name="what" value="unedit" { "Show it unedited again" }
                    }
                }
            }
        }
    }
}

fn deciding(web: &Web, place: &str, found: &Found, history: &History) -> Markup {
    let comments = &web.desk.comments;
    let frame = comments.frame();
    let suggested = suggested(&frame, found);
    let chosen = if history.themes().is_empty() { &suggested } else { history.themes() };
    let reach = match history.standing() {
        Standing::Released { reach, .. } | Standing::Proposed { reach, .. } => *reach,
        _ => Reach::Staff,
    };
    html! {
        section #decide.sheet aria-labelledby="decide-title" {
            h2 id="decide-title" { "Decide" }
            (as_it_stands(history))
            form.decision method="post" action=(place) {
                input type="hidden" name="seen" value=(history.last());
                input type="hidden" name="themed" value="yes";
                fieldset {
                    legend { "What it is about" }
                    div.choices {
                        @for theme in frame.themes() {
                            label {
                                input type="checkbox" name="theme" value=(theme.id) checked[chosen.contains(&theme.id)];
                                span { (theme.label) @if history.themes().is_empty() && suggested.contains(&theme.id) { " " small { "suggested" } } }
                            }
                        }
                    }
                    // The first button of the form is what the Enter key presses, so it is the one that does least.
                    p { button.action.quiet type="submit" name="what" value="code" { "Save the themes only" } }
                }
                fieldset {
                    legend { "How far may it go?" }
                    div.choices {
                        label { input type="radio" name="reach" value="staff" checked[reach == Reach::Staff]; span { "To the staff of the trust" } }
                        label { input type="radio" name="reach" value="everybody" checked[reach == Reach::Everybody]; span { "To everybody: screens, posters, published pages" } }
                    }
                    p.buttons {
                        button.action type="submit" name="what" value="praise" { "Release as praise" }
                        button.action type="submit" name="what" value="mixed" { "Release as both" }
                        button.action type="submit" name="what" value="criticism" { "Release as criticism" }
                    }
                }
                fieldset {
                    legend { "Or keep it in the office" }
                    div.field {
                        label for="reason" { "Why, without a name or the patient’s words" }
                        input type="text" id="reason" name="reason" maxlength=(MAX_REASON_CHARACTERS) autocomplete="off";
                    }
                    div.field {
                        label for="to" { "Who was told, as a role; only to escalate" }
                        input type="text" id="to" name="to" maxlength="40" autocomplete="off" list="escalated-to";
                        datalist id="escalated-to" { option value="safeguarding lead" {} option value="complaints team" {} option value="ward manager" {} option value="matron" {} }
                    }
                    p.buttons {
                        button.action.quiet type="submit" name="what" value="hold" { "Hold" }
                        button.action.quiet type="submit" name="what" value="escalate" { "Escalate" }
                    }
                }
            }
        }
    }
}

fn as_it_stands(history: &History) -> Markup {
    html! {
        @match history.standing() {
            Standing::Proposed { by, tone, reach } => p {
                strong { (by) } " has passed it as " (tone_word(*tone)) " for " (reach_word(*reach)) ". A second person passes it by choosing the same."
            },
            Standing::Released { tone, reach } => p {
                "Released as " (tone_word(*tone)) " for " (reach_word(*reach)) ". Hold it to take it off every page again."
            },
            Standing::Held { reason } => p { "Held: " (reason) },
            Standing::Escalated { to, reason } => p { "Escalated to " strong { (to) } ": " (reason) },
            Standing::Waiting => {},
        }
    }
}

/// The history, with a way to take the last decision back.
fn past(web: &Web, place: &str, history: &History) -> Markup {
    let undoable = history.undoable().map(|entry| entry.number);
    html! {
        section.sheet aria-labelledby="history-title" {
            h2 id="history-title" { "History" }
            @if history.entries().is_empty() { p { "Nothing has been decided yet." } }
            ol.history {
                @for entry in history.entries() {
                    li value=(entry.number) {
                        @if history.is_undone(entry.number) { del { (entry_words(web, entry)) } } @else { (entry_words(web, entry)) }
                        " " span.small { (entry.by) ", " (words::ago(entry.at, web.now(), web.desk.scoring.calendar())) }
                        @if undoable == Some(entry.number) {
                            form method="post" action=(place) {
                                input type="hidden" name="seen" value=(history.last());
                                input type="hidden" name="number" value=(entry.number);
                                button.action.quiet type="submit" name="what" value="undo" { "Undo" span.hidden { " this decision" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn entry_words(web: &Web, entry: &Decided) -> String {
    let frame = web.desk.comments.frame();
    match &entry.decision {
        Decision::Redacted { edits } if edits.is_empty() => "Shown unedited.".to_owned(),
        Decision::Redacted { edits } => {
            format!("Struck out {}.", words::of(edits.len() as u64, "place", "places"))
        }
        Decision::Proposed { tone, reach } => {
            format!("Passed as {} for {}.", tone_word(*tone), reach_word(*reach))
        }
        Decision::Released { tone, reach } => {
            format!("Released as {} for {}.", tone_word(*tone), reach_word(*reach))
        }
        Decision::Held { reason } => format!("Held: {reason}"),
        Decision::Escalated { to, reason } => format!("Escalated to {to}: {reason}"),
        Decision::Coded { themes } if themes.is_empty() => "No themes.".to_owned(),
        Decision::Coded { themes } => {
            format!("Themes: {}.", themes.iter().map(|theme| frame.label(theme)).collect::<Vec<_>>().join(", "))
        }
        Decision::Undone { number } => format!("Took back decision {number}."),
    }
}

fn tone_word(tone: Tone) -> &'static str {
    match tone {
        Tone::Praise => "praise",
        Tone::Mixed => "both",
        Tone::Criticism => "criticism",
    }
}

fn reach_word(reach: Reach) -> &'static str {
    match reach {
        Reach::Staff => "staff",
        Reach::Everybody => "everybody",
    }
}
