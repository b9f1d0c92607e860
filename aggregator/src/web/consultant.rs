//! A consultant's page: what the consultant, or whoever may, sees of six months of patients. Private, and every look is noted.
//!
//! What is shown is an [`Appraisal`], which holds nothing that the policy withholds; this file only draws it.

use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde::Deserialize;
use utoipa::IntoParams;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{ConsultantId, WardId};

use super::failure::{Failure, Problem};
use super::viewer::Viewer;
use super::ward::{off_thread, page_off_thread};
use super::{Shared, Web};
use crate::appraisal::{self, Appraisal, AppraisalError, Chosen, Looker, Offers};
use crate::audit::Deed;
use crate::comments::Released;
use crate::disputes::{AllOf, AttributedContact, Dispute, DisputesError, Handle, HandleError};
use crate::log::LogError;
use crate::policy::Audience;
use crate::scoring::ScoreError;

mod parts;

pub(super) use parts::{instead_of, private, standing, what, whom};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The window, `6m-2026-11-22`: six months to the last day of a fortnight that is final, the last or one of the twelve before. The newest
    /// that is shown to whoever asks, when absent. Where its figures would tell what a few patients said, an earlier one is given and says so.
    window: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Disputed {
    window: String,
    /// The contact, by its handle; where patients are too few to be told apart there is none, and it is about all of them.
    #[serde(default)]
    contact: String,
    /// Of all of them, those on this ward.
    #[serde(default)]
    ward: String,
    reason: String,
}

/// What a viewer sees of a consultant, noted; for a document of it.
pub(super) fn seen(web: &Web, viewer: &Viewer, id: &str, asked: &Asked) -> Result<Appraisal, Failure> {
    let (consultant, audience) = who_and_as_what(web, viewer, id)?;
    let offers = offers(web, &consultant)?;
    look(web, viewer, &offers, (&consultant, audience), asked.window.as_deref())
}

/// Everything the page shows.
struct View {
    appraisal: Appraisal,
    windows: Vec<Period>,
    /// The consultant's own business: contacts that can be disputed, and disputes.
    own: Option<Own>,
    /// What patients wrote about doctors, once it was passed; nothing where not even their answers are shown.
    comments: Vec<Released>,
}

struct Own {
    /// Those that can be disputed.
    contacts: Vec<AttributedContact>,
    /// The wards where there may be some, which says nothing of where they are.
    wards: Vec<WardId>,
    disputes: Vec<Dispute>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let (consultant, audience) = who_and_as_what(web, &viewer, &id)?;
        let offers = offers(web, &consultant)?;
        let appraisal = look(web, &viewer, &offers, (&consultant, audience), asked.window.as_deref())?;
        let own = if audience == Audience::Consultant { Some(own(web, &consultant, &appraisal)?) } else { None };
        let released = |window: &Period| is_released(web, &consultant, window, audience).is_ok();
        let windows = offers.list(audience).into_iter().filter(released).collect();
        let desk = &web.desk;
        let comments = appraisal::comments(&appraisal, &desk.comments, &desk.scoring, &desk.disputes);
        let comments = comments.map_err(|error| Failure::internal(&error))?;
        let view = View { appraisal, windows, own, comments };
        Ok(parts::page(web, &viewer, &view))
    })
    .await
}

/// What somebody sees of a consultant in six months, everything an appraisal is made of, and what is withheld and why.
///
/// Every look is noted with the account's name. A window is the consultant's first.
#[utoipa::path(get, path = "/api/v1/consultants/{id}/appraisal", tag = "scores",
    params(("id" = String, Path, description = "The consultant"), Asked),
    responses(
        (status = 200, description = "What is shown", body = Appraisal),
        (status = 400, description = "There is no such window", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not for this account, or not yet", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such consultant", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The look could not be noted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn appraisal(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Appraisal>, Failure> {
    off_thread(&web, move |web| {
        let (consultant, audience) = who_and_as_what(web, &viewer, &id)?;
        let offers = offers(web, &consultant)?;
        look(web, &viewer, &offers, (&consultant, audience), asked.window.as_deref()).map(Json)
    })
    .await
}

/// The consultant disputes that a contact was theirs.
pub(crate) async fn dispute(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Form(Disputed { window, contact, ward, reason }): Form<Disputed>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let (consultant, audience) = who_and_as_what(web, &viewer, &id)?;
        let chosen = offers(web, &consultant)?.named(&window, audience).ok_or_else(no_such_window)?;
        let window = chosen.window();
        let refuse =
            |error: &dyn std::fmt::Display| Failure::bad_request(super::ward::sentence(&error.to_string()));
        let contacts = web.desk.attributed.of(&consultant, &window, &web.desk.scoring, web.today());
        let contacts = contacts.map_err(internal)?;
        let (about, today, now) = (format!("consultant:{consultant}"), web.today(), web.now());
        let opened = if chosen.shows_figures() {
            let handle: Handle = contact.parse().map_err(|error: HandleError| refuse(&error))?;
            let found = contacts.iter().find(|contact| contact.handle == handle);
            let found = found.ok_or_else(|| refuse(&HandleError))?;
            web.note(viewer.name(), Deed::Disputed, Some(&about), Some(handle.short()))?;
            web.desk.disputes.dispute(found, &reason, today, now)
        } else if !contact.is_empty() {
            // From a page that showed more.
            return Err(refuse(&HandleError));
        } else {
            let ward = ward_of(web, &consultant, &ward)?;
            web.note(viewer.name(), Deed::Disputed, Some(&about), Some(&window.to_string()))?;
            let all = AllOf { consultant: &consultant, window: &window, ward };
            web.desk.disputes.dispute_all(all, &contacts, &reason, today, now)
        };
        opened.map_err(|error| match error {
            DisputesError::File(_) => Failure::internal(&error),
            error => refuse(&error),
        })?;
        Ok(Redirect::to(&format!("/consultant/{consultant}?window={window}#disputes")).into_response())
    })
    .await
}

/// The wards where a consultant has patients, as the directory says.
fn wards_of<'a>(web: &'a Web, consultant: &ConsultantId) -> &'a [WardId] {
    web.desk.world.directory.consultant(consultant).map_or(&[], |entry| entry.wards.as_slice())
}

/// One of those by its name; none for no name.
fn ward_of<'a>(web: &'a Web, consultant: &ConsultantId, name: &str) -> Result<Option<&'a WardId>, Failure> {
    if name.is_empty() {
        return Ok(None);
    }
    let found = wards_of(web, consultant).iter().find(|ward| ward.as_str() == name);
    let wrong = || Failure::bad_request("Find the ward: choose one from the page, or all of them.");
    found.map(Some).ok_or_else(wrong)
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn internal(error: LogError) -> Failure {
    Failure::internal(&error)
}

/// The consultant a path names, and as what the viewer looks. The door has let through who has any business here.
fn who_and_as_what(web: &Web, viewer: &Viewer, id: &str) -> Result<(ConsultantId, Audience), Failure> {
    let unknown = || {
        Failure::new(
            StatusCode::NOT_FOUND,
            "There is no such consultant",
            "The directory has nobody of that number.",
        )
    };
    let consultant = ConsultantId::new(id).map_err(|_| unknown())?;
    web.desk.world.directory.consultant(&consultant).ok_or_else(unknown)?;
    let audience = viewer.who().audience_of(&consultant).ok_or_else(unknown)?;
    Ok((consultant, audience))
}

/// The six months of a consultant that can be looked at.
fn offers(web: &Web, consultant: &ConsultantId) -> Result<Arc<Offers>, Failure> {
    with_looker(web, |looker| web.appraisals.offers(looker, consultant)).map_err(not_seen)
}

fn with_looker<T>(web: &Web, work: impl FnOnce(&Looker<'_>) -> T) -> T {
    let desk = &web.desk;
    let facts = desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let (settings, disputes) = (&desk.policy, &desk.disputes);
    work(&Looker { facts: &facts, world: &desk.scoring, settings, disputes, today: web.today() })
}

fn no_such_window() -> Failure {
    Failure::bad_request(
        "There is no such window: it is six months to the last day of a fortnight that is final, the last or one of the twelve before it.",
    )
}

fn is_released(
    web: &Web,
    consultant: &ConsultantId,
    window: &Period,
    audience: Audience,
) -> Result<(), AppraisalError> {
    let (audit, calendar) = (&*web.desk.audit, web.desk.scoring.calendar());
    appraisal::released(consultant, window, audience, (audit, calendar), (&web.desk.policy, web.today()))
}

/// The six months that were asked for, or what is shown in their place; the newest that somebody may see when none were asked for.
fn chosen(
    web: &Web,
    offers: &Offers,
    (consultant, audience): (&ConsultantId, Audience),
    asked: Option<&str>,
) -> Result<Chosen, Failure> {
    if let Some(name) = asked.filter(|name| !name.is_empty()) {
        return offers.named(name, audience).ok_or_else(no_such_window);
    }
    let windows = offers.list(audience);
    let released = windows.iter().find(|window| is_released(web, consultant, window, audience).is_ok());
    // The newest says from when it can be seen.
    let window = released.or_else(|| windows.first());
    let chosen = window.map_or_else(|| offers.last(audience), |window| offers.of(window, audience));
    chosen.ok_or_else(Failure::page_not_found)
}

/// Notes the look and takes it.
fn look(
    web: &Web,
    viewer: &Viewer,
    offers: &Offers,
    (consultant, audience): (&ConsultantId, Audience),
    asked: Option<&str>,
) -> Result<Appraisal, Failure> {
    let chosen = chosen(web, offers, (consultant, audience), asked)?;
    is_released(web, consultant, &chosen.window(), audience).map_err(not_seen)?;
    let noted = appraisal::note_look(&web.desk.audit, web.now(), viewer.name(), chosen.clone());
    let noted = noted.map_err(|error| {
        tracing::error!("failed to {error}");
        Failure::not_noted()
    })?;
    let look = |looker: &Looker<'_>| {
        let gathered = web.appraisals.gathered(looker, &chosen)?;
        looker.look_at(&gathered, noted)
    };
    with_looker(web, look).map_err(not_seen)
}

fn not_seen(error: AppraisalError) -> Failure {
    match error {
        AppraisalError::NotYet { from, .. } => {
            let from = super::words::day(from);
            let detail = format!(
                "These six months are the consultant's first. You can open them from {from}, or as soon as the consultant has."
            );
            Failure::new(StatusCode::FORBIDDEN, "Not yet", detail)
        }
        AppraisalError::Score(ScoreError::UnknownUnit(_)) => Failure::new(
            StatusCode::NOT_FOUND,
            "There is no such consultant",
            "The directory has nobody of that number.",
        ),
        AppraisalError::Score(error) => Failure::internal(&error),
    }
}

fn own(web: &Web, consultant: &ConsultantId, appraisal: &Appraisal) -> Result<Own, Failure> {
    let window =
        web.desk.scoring.calendar().period(&appraisal.window).map_err(|error| Failure::internal(&error))?;
    let contacts =
        web.desk.attributed.of(consultant, &window, &web.desk.scoring, web.today()).map_err(internal)?;
    let disputes = web.desk.disputes.of(consultant);
    let contacts =
        contacts.into_iter().filter(|contact| !disputes.iter().any(|dispute| dispute.is_about(contact)));
    Ok(Own { contacts: contacts.collect(), wards: wards_of(web, consultant).to_vec(), disputes })
}
