//! A unit's actions, for whoever leads it: take one on, say what caused it, change it, say that it is done. Wards, departments, sites,
//! specialties and the trust have a page each, and all of them are this one.

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

use super::failure::Failure;
use super::routes::{Door, Route, does, reads};
use super::signals::{self, Outlook};
use super::units;
use super::viewer::Viewer;
use super::ward::{off_thread, page_off_thread, sentence, ward_of};
use super::{Shared, Web};
use crate::actions::{Action, Cause, NewAction, SignalCause};
use crate::audit::Deed;
use crate::comments::{CommentHandle, Released};
use crate::ingest::Change;
use crate::operations::ActionLine;
use crate::policy::{self, Audience};
use crate::scoring::{FEWEST_TO_SAY, Measure, variation_words};

mod parts;

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
    unit: Unit,
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

pub(super) fn routes() -> Vec<Route> {
    vec![
        reads("/ward/{id}/actions", Door::Actions("ward"), of_ward),
        does("/ward/{id}/actions", Door::Actions("ward"), change_of_ward),
        reads("/department/{id}/actions", Door::Actions("department"), of_department),
        does("/department/{id}/actions", Door::Actions("department"), change_of_department),
        reads("/site/{id}/actions", Door::Actions("site"), of_site),
        does("/site/{id}/actions", Door::Actions("site"), change_of_site),
        reads("/specialty/{id}/actions", Door::Actions("specialty"), of_specialty),
        does("/specialty/{id}/actions", Door::Actions("specialty"), change_of_specialty),
        reads("/trust/actions", Door::TrustActions, of_trust),
        does("/trust/actions", Door::TrustActions, change_of_trust),
    ]
}

/// Whether somebody may take on and change the actions of a unit.
pub(crate) fn may(web: &Web, viewer: &Viewer, unit: &Unit) -> bool {
    web.enter(viewer, policy::Place::Actions(unit)).is_ok()
}

/// The way from a unit's page to its actions.
pub(crate) fn link(page: &str) -> Markup {
    html! { p.no-print { a.action href=(format!("{page}/actions")) { "Take on, change or finish actions" } } }
}

/// The fields of a form, in the order they were sent.
type Fields = Form<Vec<(String, String)>>;

async fn of_ward(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = Unit::Ward(ward_of(&web, &id)?);
    page(web, viewer, unit, asked).await
}

async fn of_department(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "department", &id)?;
    page(web, viewer, unit, asked).await
}

async fn of_site(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "site", &id)?;
    page(web, viewer, unit, asked).await
}

async fn of_specialty(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "specialty", &id)?;
    page(web, viewer, unit, asked).await
}

async fn of_trust(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let unit = units::trust_of(&web);
    page(web, viewer, unit, asked).await
}

async fn change_of_ward(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let unit = Unit::Ward(ward_of(&web, &id)?);
    change(web, viewer, unit, Sent(fields)).await
}

async fn change_of_department(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "department", &id)?;
    change(web, viewer, unit, Sent(fields)).await
}

async fn change_of_site(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "site", &id)?;
    change(web, viewer, unit, Sent(fields)).await
}

async fn change_of_specialty(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "specialty", &id)?;
    change(web, viewer, unit, Sent(fields)).await
}

async fn change_of_trust(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let unit = units::trust_of(&web);
    change(web, viewer, unit, Sent(fields)).await
}

async fn page(web: Shared, viewer: Viewer, unit: Unit, asked: Asked) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| Ok(parts::render(web, &viewer, &view(web, unit, asked)?))).await
}

/// Takes an action on, changes one, or says that one is done or is not.
async fn change(web: Shared, viewer: Viewer, unit: Unit, form: Sent) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let what = form.one("what").to_owned();
        let wished = match what.as_str() {
            "add" | "change" => Some(action(web, &unit, &form)?),
            _ => None,
        };
        let number = match what.as_str() {
            "add" => None,
            _ => Some(own(web, &unit, form.one("number"))?.number),
        };
        let about = number.map_or_else(|| unit.to_string(), |number| format!("action:{number}"));
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
        // Pages and kiosks of its wards show it; nobody has to be looking.
        let (wards, position) = (units::ward_ids(web, &unit), web.desk.reader.position());
        drop(web.desk.changes.send(Change { wards, position }));
        Ok(Redirect::to(&format!("{}?done={what}", address(&unit))).into_response())
    })
    .await
}

/// The address of the page of a unit's actions.
fn address(unit: &Unit) -> String {
    format!("{}/actions", units::address(unit, None).unwrap_or_default())
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

/// An action of the unit by its number; another unit's is none.
fn own(web: &Web, unit: &Unit, number: &str) -> Result<Action, Failure> {
    let read = number.parse::<u32>().ok();
    let found = read.and_then(|number| web.desk.actions.of(unit).into_iter().find(|one| one.number == number));
    found.ok_or_else(|| {
        let detail = format!("There is no action “{number}” here. Open the page again.");
        Failure::new(axum::http::StatusCode::NOT_FOUND, "There is no such action", detail)
    })
}

/// What the form asks for, as far as it can be.
fn action(web: &Web, unit: &Unit, form: &Sent) -> Result<NewAction, Failure> {
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
    // All that was released of a trust is much to look through for a form that names none.
    let offered = if comments.is_empty() { Vec::new() } else { comments_of(web, unit, usize::MAX)? };
    // What an action already names may have been taken back since; it stays named.
    let named = form.one("number").parse::<u32>().ok();
    let named = named.and_then(|number| web.desk.actions.of(unit).into_iter().find(|one| one.number == number));
    let named = named.map(|action| action.cause.comments).unwrap_or_default();
    let known =
        |handle: &CommentHandle| offered.iter().any(|(known, _)| known == handle) || named.contains(handle);
    if let Some(strange) = comments.iter().find(|handle| !known(handle)) {
        return Err(Failure::bad_request(format!(
            "There is no released comment {strange} here. Open the page again."
        )));
    }
    Ok(NewAction {
        unit: unit.clone(),
        said: form.one("said").to_owned(),
        did: form.one("did").to_owned(),
        owner: optional("owner").map(str::to_owned),
        about,
        due: due.transpose()?,
        cause: Cause { comments, signal },
    })
}

/// The first so many of what was released of the unit in the last half year: whole fortnights, the present one with them.
fn comments_of(web: &Web, unit: &Unit, most: usize) -> Result<Vec<(CommentHandle, Released)>, Failure> {
    let calendar = web.desk.scoring.calendar();
    let fortnight_of = |day| calendar.fortnight_of(day).map_err(|error| Failure::internal(&error));
    let first = fortnight_of(web.today().saturating_sub(DAYS_OF_COMMENTS.days()))?;
    let last = fortnight_of(web.today())?;
    let period = Period::Days { start: first.start(), last: last.last() };
    let released = web.desk.comments.released_with_handles(unit, &period, Audience::Ward, most);
    released.map_err(|error| Failure::internal(&error))
}

fn view(web: &Web, unit: Unit, asked: Asked) -> Result<View, Failure> {
    let today = web.today();
    let fortnight = web.desk.scoring.calendar().fortnight_of(today).map_err(|error| Failure::internal(&error))?;
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let outlook = Outlook::of(web, &facts, &unit, &Period::Fortnight(fortnight))?;
    let mut actions = signals::actions(web, &facts, Some(&unit));
    drop(facts);
    // What its parts do stands on their own pages.
    actions.retain(|action| action.unit == unit);
    let measures = outlook.signals.iter().map(|signal| (signal.measure.clone(), signal.label.clone())).collect();
    let told = outlook.signals.iter().filter(|signal| signal.points.len() >= FEWEST_TO_SAY);
    let signals = told.filter_map(|signal| {
        let last = signal.points.last().map(|point| point.period.clone())?;
        let says = format!("{}: {}", signal.label, variation_words(signal));
        Some((SignalCause { measure: signal.measure.clone(), fortnight: last }, says))
    });
    let signals = signals.collect();
    let name = web.desk.scoring.unit_name(&unit).unwrap_or_default();
    let comments = comments_of(web, &unit, MOST_OFFERED)?;
    let editing = asked.edit.map(|number| own(web, &unit, &number.to_string())).transpose()?;
    let editing = editing.and_then(|action| actions.iter().find(|line| line.number == action.number).cloned());
    Ok(View { unit, name, today, actions, comments, measures, signals, editing, done: asked.done })
}
