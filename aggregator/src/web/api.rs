//! The same for machines, under `/api/v1`: JSON, problems as `application/problem+json`, described by an `OpenAPI` 3.1
//! document and a page.
//!
//! Within version 1 fields are added and never renamed or removed, and unknown units, periods and paths are 4xx.

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Json, extract::Extension};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Arc, PoisonError};
use utoipa::{IntoParams, OpenApi, ToSchema};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::failure::{Failure, Problem};
use super::routes::{Door, Route, does, reads};
use super::sheets::choices;
use super::viewer::Viewer;
use super::ward::{self, off_thread};
use super::{Shared, Web, comments, consultant, fleet, help, office, presence, tables};
use crate::policy::{self, Place};
use crate::scoring::{self, Ask, Explained, Figure, ScoreError, ScoreSheet, Standing};

mod answers;
mod certificates;
mod docs;
mod signal;
mod unscored;

pub(crate) use docs::prose;

/// Everything under `/api/v1`.
pub(super) fn routes() -> Vec<Route> {
    vec![
        reads("/api/v1/openapi.json", Door::Description, openapi),
        reads("/api/v1/docs", Door::Description, docs_page),
        reads("/api/v1/wards", Door::Units, wards),
        reads("/api/v1/periods", Door::Units, periods),
        // What may be read is asked for again when it is known which unit.
        reads("/api/v1/scores", Door::Description, scores),
        reads("/api/v1/scores/explain", Door::Description, explained),
        reads("/api/v1/answers", Door::Description, unscored::answers),
        reads("/api/v1/signals", Door::Description, signal::signals),
        reads("/api/v1/comparison", Door::Description, signal::comparison),
        reads("/api/v1/actions", Door::Description, signal::actions),
        reads("/api/v1/comments", Door::Description, comments::released),
        reads("/api/v1/consultants/{id}/appraisal", Door::Consultant, consultant::appraisal),
        reads("/api/v1/fleet", Door::Office, fleet),
        reads("/api/v1/certificates", Door::Office, certificates::certificates),
        reads("/api/v1/quarantine", Door::Office, quarantine),
        reads("/api/v1/completeness", Door::Office, completeness),
        reads("/api/v1/help", Door::AllHelp, help::list),
        does("/api/v1/help/{record}/seen", Door::AllHelp, help::seen_by_machine),
    ]
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wardvoice",
        version = "1",
        description = "Patient feedback, ward by ward: scores with their n and interval, the fleet of kiosks, and what was \
            refused. No field holds anything about one person. In a demonstration wards, periods and scores need no sign-in; \
            everything else takes an account's name and password (basic authentication) or a session of the pages, and gives what \
            that account's roles may see.",
        license(name = "GPL-3.0-or-later", identifier = "GPL-3.0-or-later")
    ),
    paths(wards, periods, scores, explained, unscored::answers, comments::released, consultant::appraisal, signal::signals, signal::comparison, signal::actions, fleet, certificates::certificates, quarantine, completeness, help::list, help::seen_by_machine, tables::list, tables::download),
    components(schemas(Problem)),
    tags(
        (name = "scores", description = "What patients said"),
        (name = "office", description = "For the people who run the programme")
    )
)]
struct Description;

/// A ward and how it stands this fortnight.
#[derive(Debug, Serialize, ToSchema)]
struct WardSummary {
    /// The ward's id.
    id: String,
    /// Its name.
    name: String,
    /// The site it is on.
    site: String,
    /// The department it belongs to.
    department: String,
    /// Its beds.
    beds: u16,
    /// The fortnight the figures are for.
    period: String,
    /// Whether that fortnight may still fill.
    standing: Standing,
    /// The overall score.
    overall: Figure,
    /// Responses so far.
    responses: u64,
    /// Responses planned for the fortnight; none where the ward has no plan.
    planned: Option<u64>,
    /// Whether nothing has come from the ward for three days: then the figures say nothing about now.
    silent: bool,
    /// When the last record came, in UTC.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_record: Option<jiff::Timestamp>,
}

/// The wards in the directory's order, with the present fortnight.
#[utoipa::path(get, path = "/api/v1/wards", tag = "scores", responses(
    (status = 200, description = "The wards", body = [WardSummary]),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
async fn wards(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<Vec<WardSummary>>, Failure> {
    off_thread(&web, move |web| {
        let period = ward::period(web, None)?;
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let summary = |entry: &wardvoice_protocol::directory::WardEntry| {
            let unit = Unit::Ward(entry.id.clone());
            let sheet = web.sheets.get(&facts, &web.desk.scoring, &period, &unit, web.today());
            let sheet = sheet.map_err(|error| Failure::internal(&error))?;
            let presence = presence::of_ward(web, &entry.id);
            Ok(WardSummary {
                id: entry.id.to_string(),
                name: entry.name.clone(),
                site: entry.site.to_string(),
                department: entry.department.to_string(),
                beds: entry.beds,
                period: period.to_string(),
                standing: sheet.standing,
                overall: sheet.overall.clone(),
                responses: sheet.responses,
                planned: sheet.plan.map(|plan| plan.quota),
                silent: presence.is_silent(web.now()),
                last_record: presence.last_record,
            })
        };
        let wards = web.desk.world.directory.wards().iter();
        let read = wards.filter(|ward| web.reads(&viewer, &Unit::Ward(ward.id.clone())));
        read.map(summary).collect::<Result<_, Failure>>().map(Json)
    })
    .await
}

/// A period that scores can be asked for.
#[derive(Debug, Serialize, ToSchema)]
struct PeriodSummary {
    /// Its name, `2026-F23`, `2026-11` or `2026-H2`.
    period: String,
    /// `fortnight`, `month` or `half_year`.
    kind: &'static str,
    /// Its first local day.
    first_day: String,
    /// Its last local day, inclusive.
    last_day: String,
    /// Whether it may still fill.
    standing: Standing,
}

/// The periods up to now, newest first within each kind.
#[utoipa::path(get, path = "/api/v1/periods", tag = "scores", responses(
    (status = 200, description = "The periods", body = [PeriodSummary]),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
async fn periods(State(web): State<Shared>) -> Json<Vec<PeriodSummary>> {
    let (scoring, today) = (&web.desk.scoring, web.today());
    let summary = |period: &Period| PeriodSummary {
        period: period.to_string(),
        kind: match period {
            Period::Fortnight(_) => "fortnight",
            Period::Month { .. } => "month",
            Period::HalfYear { .. } => "half_year",
            Period::RollingHalfYear { .. } => "rolling_half_year",
            Period::Days { .. } => "days",
        },
        first_day: period.start().to_string(),
        last_day: period.last().to_string(),
        standing: scoring::standing(period, today, scoring.final_after_days()),
    };
    let groups = choices(scoring.calendar(), today);
    Json(groups.iter().flat_map(|(_, periods)| periods).map(summary).collect())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ScoresAsked {
    /// The unit: `ward:W12`, `department:D1`, `site:S1`, `specialty:SP1` or `trust:T1`.
    unit: String,
    /// The period: `2026-F23`, `2026-11`, `2026-H2`, `6m-2026-11-22` or `2026-11-01..2026-11-14`; the present fortnight when absent.
    period: Option<String>,
    /// A part of the unit's people, `mode=self,age=81+`; fields are `mode`, `language`, `attribution` and the questionnaire's questions.
    cut: Option<String>,
    /// The scoring definition, `inpatient@2`; the one in force for the period when absent.
    definition: Option<String>,
    /// The local day to look on it from; what came later is not in it. Today when absent.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<String>,
}

impl ScoresAsked {
    /// What is asked for and the day to look from, which is never after today.
    fn read(&self, web: &Web, viewer: &Viewer) -> Result<(Ask, Date), Failure> {
        let (ask, day) = self.parse(web, viewer)?;
        if let Some(field) = policy::refused_field(&ask.cut).filter(|_| !reads_the_trust(web, viewer)) {
            let detail = format!(
                "Your account may ask for a part of the people by mode and language, and not by {field}: on one ward few people give \
                 the same answers, and those could be recognised."
            );
            return Err(Failure::new(axum::http::StatusCode::FORBIDDEN, "Not for this account", detail));
        }
        Ok((ask, day))
    }

    fn parse(&self, web: &Web, viewer: &Viewer) -> Result<(Ask, Date), Failure> {
        let bad = |error: &dyn std::fmt::Display| Failure::bad_request(format!("{error}."));
        let unit: Unit =
            self.unit.parse().map_err(|error: wardvoice_protocol::directory::UnitError| bad(&error))?;
        web.enter(viewer, Place::Unit(&unit))?;
        let given = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
        let definition = given(&self.definition).map(|text| scoring::definition_ref(&text));
        let today = web.today();
        let as_of =
            given(&self.as_of).map(|text| text.parse::<Date>()).transpose().map_err(|error| bad(&error))?;
        let ask = Ask {
            period: ward::period(web, self.period.as_deref())?,
            unit,
            cut: given(&self.cut).unwrap_or_default().parse().map_err(|error: scoring::CutError| bad(&error))?,
            definition: definition.transpose().map_err(|error| bad(&error))?,
        };
        if is_of_staff(web, &ask) {
            web.enter(viewer, Place::Staff(&ask.unit))?;
            if !ask.cut.is_whole() {
                return Err(not_so_few("What staff said is not given in parts: few people could be recognised."));
            }
        }
        Ok((ask, as_of.unwrap_or(today).min(today)))
    }
}

fn not_so_few(detail: &str) -> Failure {
    Failure::new(axum::http::StatusCode::FORBIDDEN, "Not given of so few", detail)
}

/// Whether it is staff who said what is asked for.
fn is_of_staff(web: &Web, ask: &Ask) -> bool {
    ask.definition.as_ref().is_some_and(|definition| web.desk.scoring.is_of_staff(definition))
}

/// What staff said is given of six people or more.
fn of_enough_staff(of_staff: bool, responses: u64) -> Result<(), Failure> {
    if of_staff && policy::shown_count(responses).is_none() {
        let fewest = policy::FEWEST_SHOWN;
        return Err(not_so_few(&format!(
            "Fewer than {fewest} members of staff have answered, so nothing is given."
        )));
    }
    Ok(())
}

fn reads_the_trust(web: &Web, viewer: &Viewer) -> bool {
    web.enter(viewer, Place::Trust).is_ok()
}

fn not_scored(error: ScoreError) -> Failure {
    let not_found = axum::http::StatusCode::NOT_FOUND;
    match error {
        ScoreError::UnknownUnit(unit) => {
            Failure::new(not_found, "There is no such unit", format!("The directory has no {unit}."))
        }
        ScoreError::UnknownDefinition { asked, known } => Failure::new(
            not_found,
            "There is no such definition",
            format!("There is no {asked}; there are {known}."),
        ),
        ScoreError::Cut(error) => Failure::bad_request(format!("{error}.")),
        other @ ScoreError::OtherVocabulary => Failure::internal(&other),
    }
}

/// Everything known about one unit in one period.
///
/// Consultants' scores follow their own rules of who may see what at which n: `/api/v1/consultants/{id}/appraisal`.
#[utoipa::path(get, path = "/api/v1/scores", tag = "scores", params(ScoresAsked), responses(
    (status = 200, description = "The score sheet", body = ScoreSheet),
    (status = 400, description = "The unit, period, cut, definition or day cannot be read", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Not for this account; consultants are not given here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such unit or definition, or the period has not begun", body = Problem, content_type = "application/problem+json"),
))]
async fn scores(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<ScoresAsked>,
) -> Result<Json<ScoreSheet>, Failure> {
    let (ask, day) = asked.read(&web, &viewer)?;
    let sheet = off_thread(&web, move |web: &Web| {
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let sheet = if ask.cut.is_whole() && ask.definition.is_none() && day == web.today() {
            web.sheets.get(&facts, &web.desk.scoring, &ask.period, &ask.unit, day).map(Arc::unwrap_or_clone)
        } else {
            scoring::score_asked(&facts, &web.desk.scoring, &ask, day)
        };
        let sheet = sheet.map_err(not_scored)?.from_log(facts.head());
        of_enough_staff(is_of_staff(web, &ask), sheet.responses)?;
        Ok(if reads_the_trust(web, &viewer) { sheet } else { policy::of_own_unit(sheet) })
    })
    .await?;
    Ok(Json(sheet))
}

/// The same with how it came to be, step by step, so that a person can redo it with a pencil.
#[utoipa::path(get, path = "/api/v1/scores/explain", tag = "scores", params(ScoresAsked), responses(
    (status = 200, description = "The score sheet and the steps", body = Explained),
    (status = 400, description = "The unit, period, cut, definition or day cannot be read", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Not for this account; consultants are not given here", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such unit or definition, or the period has not begun", body = Problem, content_type = "application/problem+json"),
))]
async fn explained(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<ScoresAsked>,
) -> Result<Json<Explained>, Failure> {
    let (ask, day) = asked.read(&web, &viewer)?;
    let explained = off_thread(&web, move |web: &Web| {
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let explained = scoring::explain(&facts, &web.desk.scoring, &ask, day).map_err(not_scored)?;
        let explained = explained.from_log(facts.head());
        of_enough_staff(is_of_staff(web, &ask), explained.sheet.responses)?;
        Ok(if reads_the_trust(web, &viewer) { explained } else { explained.of_own_unit() })
    });
    explained.await.map(Json)
}

/// Every kiosk: those in whose name two tablets send first, then silent ones.
#[utoipa::path(get, path = "/api/v1/fleet", tag = "office", responses(
    (status = 200, description = "The kiosks", body = [fleet::KioskSheet]),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
async fn fleet(State(web): State<Shared>) -> Result<Json<Vec<fleet::KioskSheet>>, Failure> {
    off_thread(&web, fleet::kiosks).await.map(Json)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct QuarantineAsked {
    /// The first number to give; 0 when absent.
    #[param(format = "uint64")]
    from: Option<u64>,
    /// How many to give, at most 1,000; 200 when absent.
    limit: Option<usize>,
}

/// What was refused and kept, oldest first. The sealed bytes themselves are not given.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "office", params(QuarantineAsked), responses(
    (status = 200, description = "The entries", body = office::QuarantineSheet),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
async fn quarantine(
    State(web): State<Shared>,
    Query(asked): Query<QuarantineAsked>,
) -> Result<Json<office::QuarantineSheet>, Failure> {
    let (from, limit) = (asked.from.unwrap_or(0), asked.limit.unwrap_or(office::SHOWN).min(1_000));
    off_thread(&web, move |web| office::quarantine(web, from, limit)).await.map(Json)
}

/// How much of what the kiosks say they sealed has come.
#[derive(Debug, Serialize, ToSchema)]
struct Completeness {
    /// Records in the log.
    records: u64,
    /// Entries in quarantine.
    quarantined: u64,
    /// Numbers that are missing below a number that came.
    missing: u64,
    /// Whether nothing is missing and nothing is in quarantine.
    complete: bool,
    /// Every kiosk that sent anything or is registered.
    kiosks: Vec<fleet::KioskSheet>,
}

/// Whether every kiosk's chain is here, "1 to 4,312, all here", or where the gaps are.
///
/// This is read from the log's index. `wardvoice-aggregator verify` re-checks every record.
#[utoipa::path(get, path = "/api/v1/completeness", tag = "office", responses(
    (status = 200, description = "The summary", body = Completeness),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
async fn completeness(State(web): State<Shared>) -> Result<Json<Completeness>, Failure> {
    off_thread(&web, |web| {
        let kiosks = fleet::kiosks(web)?;
        let quarantined = web.desk.reader.quarantined().map_err(|error| Failure::internal(&error))?;
        let missing = kiosks.iter().flat_map(|kiosk| &kiosk.gaps).map(|gap| gap.last - gap.first + 1).sum();
        let complete = missing == 0 && quarantined == 0;
        Ok(Completeness { records: web.desk.reader.position(), quarantined, missing, complete, kiosks })
    })
    .await
    .map(Json)
}

/// The description, as it holds here.
fn description(web: &Web) -> Result<Value, Failure> {
    let written = serde_json::to_value(Description::openapi());
    let written = written.map_err(|error| Failure::internal(&format!("write the description: {error}")))?;
    Ok(answers::with_what_holds_everywhere(written, web))
}

async fn openapi(State(web): State<Shared>) -> Result<Response, Failure> {
    let json = serde_json::to_string_pretty(&description(&web)?);
    let json = json.map_err(|error| Failure::internal(&format!("write the description: {error}")))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

async fn docs_page(State(web): State<Shared>, Extension(viewer): Extension<Viewer>) -> Result<Response, Failure> {
    Ok(docs::page(&web, &viewer, &description(&web)?).into_response())
}
