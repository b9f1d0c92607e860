//! Reports as downloads, each behind the door of the page it is of.

use std::time::Duration;

use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::sync::Semaphore;
use wardvoice_paper::{Paper, Size};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::Language;

use super::{PosterAsk, ReportAsk, ReportError, YouSaidAsk, consultant_paper, gather};
use crate::press::{Press, PressError};
use crate::web::failure::Failure;
use crate::web::routes::{Door, Route, reads};
use crate::web::viewer::Viewer;
use crate::web::ward::{self, off_thread, sentence};
use crate::web::{Shared, Web, consultant, units};

/// So many reports are set at once; each takes a processor for some seconds.
const AT_ONCE: usize = 2;
/// So long a viewer waits for a turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// The turns.
pub(in crate::web) struct Presses(Semaphore);

impl Default for Presses {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

pub(in crate::web) fn routes() -> Vec<Route> {
    vec![
        reads("/ward/{id}/report.pdf", Door::Ward, ward_report),
        reads("/ward/{id}/poster.pdf", Door::Ward, ward_poster),
        reads("/ward/{id}/you-said.pdf", Door::Ward, ward_you_said),
        reads("/department/{id}/you-said.pdf", Door::Of("department"), department_you_said),
        reads("/site/{id}/you-said.pdf", Door::Of("site"), site_you_said),
        reads("/specialty/{id}/you-said.pdf", Door::Of("specialty"), specialty_you_said),
        reads("/trust/you-said.pdf", Door::Trust, trust_you_said),
        reads("/consultant/{id}/appraisal.pdf", Door::Consultant, appraisal),
        reads("/board/report.pdf", Door::Trust, board),
        reads("/board/half-year.pdf", Door::Trust, half_year),
    ]
}

/// Where the papers of a page are.
pub(in crate::web) fn links(papers: &[(String, &str)]) -> Markup {
    html! {
        p.small.no-print {
            "On paper (PDF): "
            @for (place, (address, name)) in papers.iter().enumerate() {
                @if place > 0 { ", " }
                a href=(address) { (name) }
            }
            "."
        }
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    period: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PosterAsked {
    language: Option<Language>,
    size: Option<Size>,
    #[serde(default)]
    approved: bool,
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Books(error) => error.into(),
            ReportError::Comments(error) => Self::internal(&error),
            ReportError::NoWard(ward) => Self::unknown_ward(ward.as_str()),
            ReportError::NoChange(_) => Self::new(
                StatusCode::NOT_FOUND,
                "There is nothing to put on it yet",
                "No action is done here yet. When one is, the poster says what patients said and what was done.",
            ),
            error => Self::bad_request(sentence(&error.to_string())),
        }
    }
}

async fn ward_report(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let ward = ward::ward_of(&web, &id)?;
    let period = ward::period(&web, asked.period.as_deref())?.to_string();
    let name = format!("ward-{ward}-{period}");
    let ask = ReportAsk::Ward { ward, period: Some(period), as_of: None };
    gathered(&web, name, ask).await
}

async fn ward_poster(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<PosterAsked>,
) -> Result<Response, Failure> {
    let ask = poster(&web, &id, asked)?;
    gathered(&web, format!("poster-{}-{}", ask.ward, ask.language), ReportAsk::Poster(ask)).await
}

async fn ward_you_said(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<PosterAsked>,
) -> Result<Response, Failure> {
    let ward = ward::ward_of(&web, &id)?;
    you_said(&web, ward.to_string(), Unit::Ward(ward), asked).await
}

async fn department_you_said(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<PosterAsked>,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "department", &id)?;
    you_said(&web, id, unit, asked).await
}

async fn site_you_said(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<PosterAsked>,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "site", &id)?;
    you_said(&web, id, unit, asked).await
}

async fn specialty_you_said(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<PosterAsked>,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "specialty", &id)?;
    you_said(&web, id, unit, asked).await
}

async fn trust_you_said(State(web): State<Shared>, Query(asked): Query<PosterAsked>) -> Result<Response, Failure> {
    let unit = units::trust_of(&web);
    you_said(&web, "trust".to_owned(), unit, asked).await
}

async fn you_said(web: &Shared, name: String, unit: Unit, asked: PosterAsked) -> Result<Response, Failure> {
    let PosterAsked { language, size, approved } = asked;
    let language = language.unwrap_or_else(Language::english);
    let name = format!("you-said-{name}-{language}");
    let ask = YouSaidAsk { unit, language, size: size.unwrap_or_default(), approved };
    gathered(web, name, ReportAsk::YouSaid(ask)).await
}

fn poster(web: &Web, id: &str, asked: PosterAsked) -> Result<PosterAsk, Failure> {
    Ok(PosterAsk {
        ward: ward::ward_of(web, id)?,
        language: asked.language.unwrap_or_else(Language::english),
        size: asked.size.unwrap_or_default(),
        approved: asked.approved,
    })
}

async fn board(State(web): State<Shared>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let period = ward::period(&web, asked.period.as_deref())?.to_string();
    let name = format!("board-{period}");
    gathered(&web, name, ReportAsk::Board { period: Some(period), as_of: None }).await
}

async fn half_year(State(web): State<Shared>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let half = asked.period.filter(|text| !text.is_empty());
    let name = format!("half-year-{}", half.as_deref().unwrap_or("last"));
    gathered(&web, name, ReportAsk::HalfYear { half, as_of: None }).await
}

/// A consultant's appraisal: the look is noted as one at the page is.
async fn appraisal(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<consultant::Asked>,
) -> Result<Response, Failure> {
    let press = Press::of_this_machine();
    press.ready().map_err(|error| not_set(&error))?;
    let (name, paper) = off_thread(&web, move |web| {
        let seen = consultant::seen(web, &viewer, &id, &asked)?;
        let paper = consultant_paper(&web.books(), &seen)?;
        Ok((format!("appraisal-{}-{}", seen.consultant, seen.window), paper))
    })
    .await?;
    printed(&web, press, &name, paper).await
}

async fn gathered(web: &Shared, name: String, ask: ReportAsk) -> Result<Response, Failure> {
    let press = Press::of_this_machine();
    press.ready().map_err(|error| not_set(&error))?;
    let paper = off_thread(web, move |web| {
        gather(&web.books(), &ask)?.ok_or_else(|| Failure::internal(&"gather a report: a look was not noted"))
    });
    let paper = paper.await?;
    printed(web, press, &name, paper).await
}

async fn printed(web: &Shared, press: Press, name: &str, paper: Paper) -> Result<Response, Failure> {
    let busy = || {
        let detail = "Others are being made. Try again in a moment.";
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Reports are busy", detail)
            .with(header::RETRY_AFTER, HeaderValue::from_static("20"))
    };
    let turn = tokio::time::timeout(PATIENCE, web.presses.0.acquire()).await;
    let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
    let pdf = press.print(&paper).await.map_err(|error| not_set(&error))?;
    drop(turn);
    // Names are made of ids and periods, which need no quoting.
    let disposition = format!("attachment; filename=\"{name}.pdf\"");
    Ok(([(header::CONTENT_TYPE, "application/pdf".to_owned()), (header::CONTENT_DISPOSITION, disposition)], pdf)
        .into_response())
}

fn not_set(error: &PressError) -> Failure {
    tracing::error!("failed to {error}");
    match error {
        PressError::Missing { .. } => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Reports are not installed",
            "The program that makes PDFs, wardvoice-report, is not beside this server. Tell the people who run Wardvoice.",
        ),
        PressError::TooSlow(_) => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The report took too long",
            "Nothing is lost. Try again in a moment; if it stays like this, tell the people who run Wardvoice.",
        ),
        _ => Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The report could not be made",
            "Nothing is lost, and the page says the same. Tell the people who run Wardvoice.",
        ),
    }
}
