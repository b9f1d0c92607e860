//! Tables for people's own programs: a page to choose one, and the downloads.
//!
//! A download is written while it is sent: nothing holds a whole table, a browser that takes nothing for a minute loses it, and only a few run at a
//! time, so that tables never keep pages waiting. What cannot be written is said before the first byte; what fails after it breaks the
//! connection, so that half a table is never taken for a whole one (and its last line, with count and hash, would be missing).

use std::io::{self, Seek as _, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use maud::html;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use wardvoice_protocol::directory::Unit;

use super::failure::{Failure, Problem};
use super::layout::{self, Page};
use super::routes::{Door, Route, reads};
use super::viewer::Viewer;
use super::ward::{off_thread, page_off_thread, sentence};
use super::{Shared, Web};
use crate::audit::Deed;
use crate::export::{Ask, Asker, By, ExportError, Form, Ground, Pieces, Table};
use crate::policy::Place;

/// So many downloads run at a time.
const AT_ONCE: usize = 2;
/// So many bytes are sent at once.
const TOGETHER: usize = 64 * 1024;
/// So many of these may wait for a browser.
const WAITING: usize = 8;
/// So long may a browser take nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// The downloads that may begin.
#[derive(Debug, Clone)]
pub(crate) struct Downloads(Arc<Semaphore>);

impl Default for Downloads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Downloads {
    /// The right to begin one, until it is dropped.
    pub(crate) fn begin(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            let detail = "Others are downloading tables at this moment. Try again in a minute.";
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Too many downloads at once", detail)
                .with(header::RETRY_AFTER, HeaderValue::from_static("60"))
        })
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        reads("/tables", Door::Units, page),
        reads("/api/v1/tables", Door::Units, list),
        reads("/api/v1/tables/{id}", Door::Table, download),
    ]
}

/// A table that can be downloaded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TableSummary {
    /// Its name, as its address has it.
    name: &'static str,
    /// What it is.
    says: &'static str,
}

fn open_to(web: &Web, viewer: &Viewer) -> Vec<Table> {
    Table::ALL.into_iter().filter(|table| web.enter(viewer, Place::Table(*table)).is_ok()).collect()
}

/// The tables that whoever asks may download.
#[utoipa::path(get, path = "/api/v1/tables", tag = "scores", responses(
    (status = 200, description = "The tables", body = [TableSummary]),
    (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Json<Vec<TableSummary>> {
    let tables = open_to(&web, &viewer).into_iter();
    Json(tables.map(|table| TableSummary { name: table.as_str(), says: table.says() }).collect())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TableAsked {
    /// `csv`, `xlsx`, `json` (an object a line) or `parquet`.
    format: Option<String>,
    /// The first local day, `2026-11-01`; that of the first answer when absent.
    from: Option<String>,
    /// The last local day, inclusive; today when absent.
    to: Option<String>,
    /// The periods of scores and contacts: `fortnight`, `month` or `half-year`.
    by: Option<String>,
    /// The questionnaire of responses, by its id.
    questionnaire: Option<String>,
    /// The local day to look from; what came later is not in it.
    as_of: Option<String>,
}

impl TableAsked {
    fn read(self, table: Table) -> Result<(Ask, Form), Failure> {
        fn read<T: std::str::FromStr<Err: std::fmt::Display>>(
            name: &str,
            text: Option<String>,
        ) -> Result<Option<T>, Failure> {
            let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
            text.parse().map(Some).map_err(|error| Failure::bad_request(format!("{name}: {error}.")))
        }
        let ask = Ask {
            table,
            from: read::<Date>("from", self.from)?,
            to: read::<Date>("to", self.to)?,
            by: read::<By>("by", self.by)?.unwrap_or_default(),
            questionnaire: self.questionnaire.filter(|text| !text.is_empty()),
            as_of: read::<Date>("as_of", self.as_of)?,
        };
        Ok((ask, read("format", self.format)?.unwrap_or(Form::Csv)))
    }
}

/// One table, with how many rows it has and their hash at its end.
///
/// Rows of single patients are for the patient-experience team; of the other tables everybody is given the units they may read.
#[utoipa::path(get, path = "/api/v1/tables/{id}", tag = "scores",
    params(("id" = String, Path, description = "The table: responses, scores, contacts, comments or actions"), TableAsked),
    responses(
        (status = 200, description = "The table in the form that was asked for: `text/csv`, `application/x-ndjson`, a workbook or Parquet"),
        (status = 400, description = "The days, the format or the questionnaire cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Sign in first", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not for this account", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such table", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many downloads at once", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn download(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(name): Path<String>,
    Query(asked): Query<TableAsked>,
) -> Result<Response, Failure> {
    let unknown = |error: crate::export::TableError| {
        Failure::new(StatusCode::NOT_FOUND, "There is no such table", sentence(&error.to_string()))
    };
    let table: Table = name.parse().map_err(unknown)?;
    let (ask, form) = asked.read(table)?;
    let permit = web.downloads.begin()?;
    if table == Table::Responses {
        let (noting, who) = (format!("table:{table}"), viewer.name().to_owned());
        off_thread(&web, move |web| web.note(&who, Deed::SawRecords, Some(&noting), Some(form.as_str()))).await?;
    }
    let today = web.today();
    let (ready, begun) = oneshot::channel();
    let (sender, parts) = mpsc::channel(WAITING);
    let (stopping, runtime) = (web.desk.stopping.clone(), Handle::current());
    let outlet = Outlet { permit, sender, stopping, runtime };
    let outlet = Pieces::new(TOGETHER, move |bytes| outlet.give(bytes));
    let whole = Arc::new(AtomicBool::new(false));
    let (writing, is_whole) = (Arc::clone(&web), Arc::clone(&whole));
    tokio::task::spawn_blocking(move || produce(&writing, &viewer, &ask, form, ready, outlet, &is_whole));
    begun.await.map_err(|_| Failure::internal(&"write the table: its thread broke off"))?.map_err(failed)?;
    let body = futures_util::stream::unfold((parts, whole), |(mut parts, whole)| async move {
        match parts.recv().await {
            Some(part) => Some((Ok(part), (parts, whole))),
            None if whole.swap(true, Ordering::AcqRel) => None,
            // An error, and not an end: nobody takes half a table for a whole one.
            None => Some((Err(io::Error::other("the table broke off")), (parts, whole))),
        }
    });
    let name = format!("attachment; filename=\"wardvoice-{table}-{today}.{}\"", form.ending());
    let name = HeaderValue::try_from(name).map_err(|error| Failure::internal(&error))?;
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type())), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(body)).into_response())
}

fn failed(error: ExportError) -> Failure {
    match error {
        ExportError::Days { .. }
        | ExportError::TooManyPeriods { .. }
        | ExportError::NoQuestionnaire { .. }
        | ExportError::TooManyRows { .. } => Failure::bad_request(format!("Failed to {error}.")),
        error => Failure::internal(&error),
    }
}

/// Writes a table into an outlet; says first whether it can be written.
fn produce(
    web: &Web,
    viewer: &Viewer,
    ask: &Ask,
    form: Form,
    ready: oneshot::Sender<Result<(), ExportError>>,
    mut outlet: impl Write + Send,
    whole: &AtomicBool,
) {
    let desk = &web.desk;
    let ground = Ground {
        facts: &desk.facts,
        world: &desk.scoring,
        comments: &desk.comments,
        actions: &desk.actions,
        rebases: &desk.rebases,
        today: web.today(),
    };
    let may_read = |unit: &Unit| web.reads(viewer, unit);
    let asker = Asker { reads: &may_read, audience: viewer.who().audience(), settings: &desk.policy };
    let opened = match ground.open(ask, asker) {
        Ok(opened) => opened,
        // Whoever asked is gone if they do not hear it.
        Err(error) => return drop(ready.send(Err(error))),
    };
    let written = if form.is_whole() {
        let whole = tempfile::tempfile().map_err(ExportError::from);
        let whole = whole.and_then(|file| opened.write(form, &file, &mut |_, _| ()).map(|_| file));
        match whole {
            Ok(file) => {
                drop(ready.send(Ok(())));
                send(file, &mut outlet)
            }
            Err(error) => return drop(ready.send(Err(error))),
        }
    } else {
        drop(ready.send(Ok(())));
        let written = opened.write(form, &mut outlet, &mut |_, _| ());
        written.map(drop).map_err(io::Error::other)
    };
    match written.and_then(|()| outlet.flush()) {
        Ok(()) => whole.store(true, Ordering::Release),
        Err(error) => tracing::info!(table = %ask.table, "a download broke off: {error}"),
    }
}

fn send(mut file: std::fs::File, outlet: &mut impl Write) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut file, outlet).map(drop)
}

/// Where a download is written: into the body of an answer, as fast as the browser takes it.
struct Outlet {
    /// Given back before the answer ends, so that whoever has read one may ask for the next.
    #[expect(dead_code, reason = "held and not read")]
    permit: OwnedSemaphorePermit,
    sender: mpsc::Sender<Bytes>,
    stopping: CancellationToken,
    runtime: Handle,
}

impl Outlet {
    fn give(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => Err(io::Error::other("the aggregator is ending")),
                sent = tokio::time::timeout(PATIENCE, self.sender.send(Bytes::from(bytes))) => match sent {
                    Ok(sent) => sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe)),
                    Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
                },
            }
        })
    }
}

/// Chooses a table; a plain form, so that it works without a script.
pub(super) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let tables = open_to(web, &viewer);
        let content = html! {
            div.head { div { h1 { "Tables" } p.lede { "The same figures for a spreadsheet or a statistics program." } } }
            div.stack {
                @for table in tables { (form(table)) }
                section.sheet.small aria-labelledby="check" {
                    h2 id="check" { "Is a file whole?" }
                    p {
                        "Each ends with the number of its rows and a hash. A file without them is not whole: download it again. Named consultants are in no table."
                    }
                }
            }
        };
        Ok(layout::frame(web, &viewer, &Page { title: "Tables", place: layout::Place::Tables, live: false }, &content))
    })
    .await
}

fn form(table: Table) -> maud::Markup {
    let id = |field: &str| format!("{table}-{field}");
    let title = {
        let name = table.as_str();
        name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect::<String>()
    };
    html! {
        section.sheet aria-labelledby=(id("title")) {
            h2 id=(id("title")) { (title) }
            p { (table.says()) }
            @if table == Table::Responses {
                p.aside { "Rows of single patients: keep them in the team. That you download them is written down." }
            }
            form.period method="get" action=(format!("/api/v1/tables/{table}")) {
                div { label for=(id("from")) { "From" } input id=(id("from")) name="from" type="date"; }
                div { label for=(id("to")) { "To" } input id=(id("to")) name="to" type="date"; }
                @if matches!(table, Table::Scores | Table::Contacts) {
                    div {
                        label for=(id("by")) { "By" }
                        select id=(id("by")) name="by" {
                            @for (_, word) in By::ALL { option value=(word) { (word.replace('-', " ")) } }
                        }
                    }
                }
                div {
                    label for=(id("format")) { "As" }
                    select id=(id("format")) name="format" {
                        option value="xlsx" { "Excel" }
                        option value="csv" { "CSV" }
                        option value="json" { "JSON, an object a line" }
                        option value="parquet" { "Parquet" }
                    }
                }
                button.action.quiet type="submit" { "Download" }
            }
        }
    }
}
