//! How many gave each answer to a questionnaire that no definition scores, for machines: the same that the page beside the scores draws.

use std::sync::PoisonError;

use axum::Json;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wardvoice_protocol::questionnaire::{QuestionnaireRef, QuestionnaireRefError};

use super::of_enough_staff;
use crate::policy::Place;
use crate::scoring::{self, QuestionSheet, Standing};
use crate::web::beside::{Counted, is_of_staff};
use crate::web::failure::{Failure, Problem};
use crate::web::viewer::Viewer;
use crate::web::ward::{self, off_thread};
use crate::web::{Shared, units};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AnswersAsked {
    /// The unit: `ward:W12`, `department:D1`, `site:S1`, `specialty:SP1` or `trust:T1`.
    unit: String,
    /// The questionnaire: `listening-into-action@1`.
    questionnaire: String,
    /// The period: `2026-F23`, `2026-11`, `2026-H2`, `6m-2026-11-22` or `2026-11-01..2026-11-14`; the present fortnight when absent.
    period: Option<String>,
}

/// How many gave each answer; nothing is made of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AnswersGiven {
    /// The unit.
    unit: String,
    /// Its name.
    unit_name: String,
    /// The period.
    period: String,
    /// Whether it may still fill.
    standing: Standing,
    /// The questionnaire.
    questionnaire: String,
    /// How many answered it.
    responses: u64,
    /// Its questions with a choice of answers, in its order. They have no score.
    questions: Vec<QuestionSheet>,
    /// How many questions are left out because so few members of staff answered them that they could be recognised.
    left_out: usize,
}

/// How many gave each answer to a questionnaire that no definition scores.
///
/// What a definition scores is at `/api/v1/scores`.
#[utoipa::path(get, path = "/api/v1/answers", tag = "scores", params(AnswersAsked), responses(
    (status = 200, description = "The answers", body = AnswersGiven),
    (status = 400, description = "The unit, questionnaire or period cannot be read", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Not for this account; what staff said is not given of few", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such unit or questionnaire, a definition scores it, or the period has not begun", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn answers(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<AnswersAsked>,
) -> Result<Json<AnswersGiven>, Failure> {
    off_thread(&web, move |web| {
        let unit = units::readable(web, &viewer, &asked.unit)?;
        let period = ward::period(web, asked.period.as_deref())?;
        let reference: QuestionnaireRef = asked
            .questionnaire
            .parse()
            .map_err(|error: QuestionnaireRefError| Failure::bad_request(format!("{error}.")))?;
        let scoring = &web.desk.scoring;
        let vocabulary = scoring.vocabulary();
        let index = vocabulary.questionnaire_index(&reference);
        let found = index.and_then(|index| Some((index, vocabulary.questionnaire(index)?)));
        let (index, questionnaire) = found.ok_or_else(|| {
            let detail = format!("There is no questionnaire {reference} here.");
            Failure::new(StatusCode::NOT_FOUND, "There is no such questionnaire", detail)
        })?;
        let of_staff = is_of_staff(questionnaire);
        if of_staff {
            web.enter(&viewer, Place::Staff(&unit))?;
        }
        if let Some(scored) = scoring.definitions().find(|one| one.file().questionnaire == reference) {
            let definition = scored.reference();
            let detail = format!("{reference} has scores: ask /api/v1/scores with definition={definition}.");
            return Err(Failure::new(StatusCode::NOT_FOUND, "It has scores", detail));
        }
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let counted = scoring::answers(&facts, scoring, (index, questionnaire), &unit, &period);
        drop(facts);
        of_enough_staff(of_staff, counted.responses)?;
        let Counted { sheet, left_out } = Counted::of(counted, of_staff);
        Ok(AnswersGiven {
            unit: unit.to_string(),
            unit_name: scoring.unit_name(&unit).unwrap_or_default(),
            period: period.to_string(),
            standing: scoring::standing(&period, web.today(), scoring.final_after_days()),
            questionnaire: reference.to_string(),
            responses: sheet.responses,
            questions: sheet.questions,
            left_out,
        })
    })
    .await
    .map(Json)
}
