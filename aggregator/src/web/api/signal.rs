//! Signals, comparisons and actions for machines: the same that pages draw.

use std::sync::PoisonError;

use axum::Json;
use axum::extract::{Extension, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::operations::ActionLine;
use crate::scoring::{Comparison, Measure, Signal};
use crate::web::failure::{Failure, Problem};
use crate::web::signals::{self, Outlook};
use crate::web::viewer::Viewer;
use crate::web::ward::{self, off_thread};
use crate::web::{Shared, units};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SignalAsked {
    /// The unit: `ward:W12`, `department:D1`, `site:S1`, `specialty:SP1` or `trust:T1`.
    unit: String,
    /// `overall`, `domain:kindness`, `friends_and_family`, `problem:domain:kindness`; all when absent.
    measure: Option<String>,
    /// The period that the charts end with, `2026-F23`, `2026-11` or `2026-H2`; the present fortnight when absent.
    period: Option<String>,
}

/// What a unit's fortnights say: signal or chance, with points, limits and words.
#[utoipa::path(get, path = "/api/v1/signals", tag = "scores", params(SignalAsked), responses(
    (status = 200, description = "A signal a measure", body = [Signal]),
    (status = 400, description = "The unit, measure or period cannot be read", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Consultants are not given here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such unit or measure, or the period has not begun", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn signals(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<SignalAsked>,
) -> Result<Json<Vec<Signal>>, Failure> {
    off_thread(&web, move |web| {
        let period = ward::period(web, asked.period.as_deref())?;
        let unit = units::readable(web, &viewer, &asked.unit)?;
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let outlook = Outlook::of(web, &facts, &unit, &period)?;
        drop(facts);
        let Some(text) = asked.measure.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(outlook.signals.clone());
        };
        let known: Vec<Measure> = outlook.signals.iter().map(|signal| signal.measure.clone()).collect();
        let measure = units::measure(Some(text), &known)?;
        Ok(outlook.signals.iter().filter(|signal| signal.measure == measure).cloned().collect())
    })
    .await
    .map(Json)
}

/// A unit's wards beside each other, in alphabetical order, with what is expected of each.
#[utoipa::path(get, path = "/api/v1/comparison", tag = "scores", params(SignalAsked), responses(
    (status = 200, description = "The comparison; null where there is nothing to compare", body = Option<Comparison>),
    (status = 400, description = "The unit, measure or period cannot be read", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Consultants are not given here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such unit or measure, or the period has not begun", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn comparison(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<SignalAsked>,
) -> Result<Json<Option<Comparison>>, Failure> {
    off_thread(&web, move |web| {
        let period = ward::period(web, asked.period.as_deref())?;
        let unit = units::readable(web, &viewer, &asked.unit)?;
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let outlook = Outlook::of(web, &facts, &unit, &period)?;
        let known: Vec<Measure> = outlook.signals.iter().map(|signal| signal.measure.clone()).collect();
        let measure = units::measure(asked.measure.as_deref(), &known)?;
        let compared = units::compared(web, &outlook.fortnights, &period);
        let comparison = units::compare(web, &facts, &unit, &compared, &measure)?;
        Ok((*comparison).clone())
    })
    .await
    .map(Json)
}

/// What every unit does about what patients said, the newest first, with what those that are done came to.
#[utoipa::path(get, path = "/api/v1/actions", tag = "scores", responses(
    (status = 200, description = "The actions", body = [ActionLine]),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn actions(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<Vec<ActionLine>>, Failure> {
    off_thread(&web, move |web| {
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let mut actions = signals::actions(web, &facts, None);
        actions.retain(|line| web.reads(&viewer, &line.unit));
        Ok(actions)
    })
    .await
    .map(Json)
}
