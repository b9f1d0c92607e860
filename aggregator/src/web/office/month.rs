//! The national month: the friends and family test as it is to be sent, counted twice, with everything to look at before; how many patients were
//! eligible; the files; and what was made before.
//!
//! Looking changes nothing. Files are there once it is noted that they are made, because what is published of them decides what else may be
//! released; whoever then asks for one is noted too. Wardvoice sends nothing itself.

use axum::Form;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use wardvoice_protocol::fortnight::Period;

use crate::audit::Deed;
use crate::national_return::{self, Checked, Exported, Recount, ReturnError, Sources};
use crate::web::failure::Failure;
use crate::web::sheets::choices;
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread, sentence};
use crate::web::{Desk, Shared, Web, words};

mod eligible;
mod parts;

use eligible::Typed;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    month: Option<String>,
    as_of: Option<String>,
    /// How many wards' eligible patients have just been noted.
    noted: Option<u64>,
    /// Whether the files have just been made.
    made: Option<String>,
}

/// What is asked of the files.
#[derive(Debug, Deserialize)]
pub(crate) struct Make {
    #[serde(default)]
    month: String,
    #[serde(default)]
    as_of: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    accept: String,
}

/// What is said besides the month.
enum Said {
    Nothing,
    /// So many wards' eligible patients are noted.
    Noted(u64),
    /// The files are made.
    Made,
    /// What was made would not be what was looked at.
    Changed,
    /// Whoever makes the files has not said that they have looked.
    NotLooked,
    /// Nothing was noted, because fields are wrong.
    Wrong,
    /// Nothing was noted, because somebody else has noted something meanwhile.
    Stale,
}

struct View {
    month: Period,
    /// The months that can be chosen.
    months: Vec<Period>,
    yesterday: Date,
    checked: Checked,
    recount: Recount,
    typed: Typed,
    /// The last export of the month.
    last: Option<Last>,
    /// Every export, the newest first.
    exports: Vec<(Timestamp, Exported)>,
    said: Said,
}

/// The last export of a month.
struct Last {
    at: Timestamp,
    exported: Exported,
    /// Whether its files would be the same today.
    stands: bool,
}

impl View {
    /// Why no files can be made now.
    fn refused(&self) -> Option<&'static str> {
        let found = |check: &str| self.checked.findings.iter().any(|finding| finding.check == check);
        if found("month_not_over") {
            Some("Files can be made once the month is over.")
        } else if found("reconcile") {
            Some(
                "No files are made while the two counts differ: what would be sent is not what patients said. See the first check.",
            )
        } else {
            None
        }
    }

    /// The month's address as of the day that is shown.
    fn address(&self) -> String {
        format!("/office/month?month={}&as_of={}", self.month, self.checked.made.as_of)
    }
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let (month, as_of) =
            read(web, asked.month.as_deref().filter(|name| !name.is_empty()), asked.as_of.as_deref())?;
        let said = match (asked.noted, asked.made) {
            (Some(noted), _) => Said::Noted(noted),
            (None, Some(_)) => Said::Made,
            (None, None) => Said::Nothing,
        };
        let typed = Typed::known(web, &month);
        Ok(parts::render(web, &viewer, &view(web, month, as_of, typed, said)?))
    })
    .await
}

/// Notes eligible patients: all that are new, or none when anything is wrong.
pub(crate) async fn note(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let one = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let (month, as_of) = read(web, Some(one("month").unwrap_or_default()), one("as_of"))?;
        let typed = Typed::read(web, &month, &pairs)?;
        let said = match (&typed.counts, typed.is_stale) {
            (None, _) => Some(Said::Wrong),
            (Some(_), true) => Some(Said::Stale),
            (Some(_), false) => None,
        };
        if let Some(said) = said {
            let view = view(web, month, as_of, typed, said)?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, parts::render(web, &viewer, &view)).into_response());
        }
        let (name, counts) = (month.to_string(), typed.counts.unwrap_or_default());
        let many = counts.len();
        if many > 0 {
            web.note(viewer.name(), Deed::ChangedEligible, Some(&format!("month:{name}")), None)?;
            let noted = web.desk.returns.note_eligible(&name, counts, &web.desk.world.directory);
            noted.map_err(|error| failure(error.into()))?;
        }
        Ok(Redirect::to(&format!("/office/month?month={name}&as_of={as_of}&noted={many}#eligible"))
            .into_response())
    })
    .await
}

/// Notes that the files are made, so that they can be had.
pub(crate) async fn make(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Make>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let (month, as_of) = read(web, Some(&form.month), Some(&form.as_of))?;
        let mut view = view(web, month, as_of, Typed::known(web, &month), Said::Nothing)?;
        if let Some(why) = view.refused() {
            return Err(Failure::bad_request(why));
        }
        let digest = view.checked.digest;
        if form.digest != digest.to_string() {
            view.said = Said::Changed;
        } else if !view.checked.findings.is_empty() && form.accept != "yes" {
            view.said = Said::NotLooked;
        } else {
            let about = format!("month:{month}");
            web.note(viewer.name(), Deed::ExportedReturn, Some(&about), None)?;
            sources(web).note_exported(&month, as_of, digest).map_err(failure)?;
            return Ok(Redirect::to(&format!("{}&made=yes#files", view.address())).into_response());
        }
        Ok((StatusCode::UNPROCESSABLE_ENTITY, parts::render(web, &viewer, &view)).into_response())
    })
    .await
}

/// One of the files that were made last.
pub(crate) async fn file(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path((month, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let read = off_thread(&web, move |web| {
        let (month, _) = read(web, Some(&month), None)?;
        let unmade = |detail: &str| Failure::new(StatusCode::NOT_FOUND, "There is no such file", detail);
        let last = last(web, &month)?.ok_or_else(|| unmade("The files of this month are not made yet."))?;
        if !last.stands {
            return Err(unmade(
                "Codes, names or eligible patients have changed since the files were made. Open the month and make them again.",
            ));
        }
        let made = sources(web).make(&month, last.exported.as_of).map_err(failure)?;
        let (mut files, _) = national_return::files_of(&made).map_err(failure)?;
        let text = files.remove(&name).ok_or_else(|| unmade("Open the month: its files are named there."))?;
        web.note(viewer.name(), Deed::ExportedReturn, Some(&format!("month:{month}")), Some(&name))?;
        let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        Ok((disposition.map_err(|error| Failure::internal(&error))?, text))
    });
    let (disposition, text) = read.await?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}

/// How the last month that is over stands, for the office's first page.
pub(super) fn words_of(web: &Web) -> String {
    let Some(month) = months(web).into_iter().find(|month| month.last() < web.today()) else {
        return "No month is over yet".to_owned();
    };
    let name = words::period(&month);
    match web.desk.returns.last_export(&month.to_string()) {
        Some((_, exported)) => {
            format!("{name}: made with {}", words::of(exported.responses, "answer", "answers"))
        }
        None => format!("{name}: to be sent by {}", words::day(national_return::due(month.last()))),
    }
}

fn months(web: &Web) -> Vec<Period> {
    let groups = choices(web.desk.scoring.calendar(), web.today());
    groups.into_iter().flat_map(|(_, periods)| periods).filter(|one| matches!(one, Period::Month { .. })).collect()
}

/// What returns and releases are made from.
pub(super) fn sources(web: &Web) -> Sources<'_> {
    web.desk.sources()
}

impl Desk {
    /// What returns and releases are made from.
    pub(crate) fn sources(&self) -> Sources<'_> {
        Sources {
            world: &self.world,
            facts: &self.facts,
            reader: &self.reader,
            codes: &self.national,
            final_after_days: self.scoring.final_after_days(),
            book: &self.returns,
        }
    }
}

/// The month and the day that are asked for: the last month that is over, as of yesterday, where none is.
fn read(web: &Web, month: Option<&str>, as_of: Option<&str>) -> Result<(Period, Date), Failure> {
    let month = if let Some(name) = month {
        national_return::month_named(web.desk.scoring.calendar(), name.trim()).map_err(failure)?
    } else {
        let months = months(web);
        let over = months.iter().find(|month| month.last() < web.today()).or(months.first());
        over.copied().ok_or_else(|| Failure::bad_request("No month has begun yet."))?
    };
    let day = as_of.map(str::trim).filter(|text| !text.is_empty()).map(|text| {
        text.parse::<Date>()
            .map_err(|_| Failure::bad_request(format!("As of must be a day as 2026-11-10; you wrote “{text}”.")))
    });
    let as_of = national_return::day_that_is_over(web.today(), day.transpose()?).map_err(failure)?;
    Ok((month, as_of))
}

fn failure(error: ReturnError) -> Failure {
    match error {
        ReturnError::NoMonth(_)
        | ReturnError::NotBegun { .. }
        | ReturnError::DayNotOver { .. }
        | ReturnError::Changed(_) => Failure::bad_request(sentence(&format!("failed to {error}"))),
        error => Failure::internal(&error),
    }
}

fn view(web: &Web, month: Period, as_of: Date, typed: Typed, said: Said) -> Result<View, Failure> {
    let sources = sources(web);
    let made = sources.make(&month, as_of).map_err(failure)?;
    let recount = web.desk.recounts.of(&sources, &made).map_err(|error| Failure::internal(&error))?;
    let checked = sources.check(made, &recount).map_err(failure)?;
    let mut months = months(web);
    if !months.contains(&month) {
        months.push(month);
    }
    let mut exports = web.desk.returns.exports();
    exports.reverse();
    let (last, yesterday) = (last(web, &month)?, national_return::day_that_is_over(web.today(), None));
    let yesterday = yesterday.map_err(failure)?;
    Ok(View { month, months, yesterday, checked, recount, typed, last, exports, said })
}

fn last(web: &Web, month: &Period) -> Result<Option<Last>, Failure> {
    let Some((at, exported)) = web.desk.returns.last_export(&month.to_string()) else { return Ok(None) };
    let made = sources(web).make(month, exported.as_of).map_err(failure)?;
    let (_, digest) = national_return::files_of(&made).map_err(failure)?;
    let stands = digest == exported.digest;
    Ok(Some(Last { at, exported, stands }))
}
