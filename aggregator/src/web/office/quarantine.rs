//! The quarantine: what was refused and why, kept so that nothing is lost, and tried again where the reason is gone.

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::receipt::Decision;

use super::moment;
use crate::audit::Deed;
use crate::log::{LogError, Refused};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread};
use crate::web::{Shared, Web, words};

/// So many entries are shown at once.
pub(crate) const SHOWN: usize = 200;

/// The quarantine, or a part of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineSheet {
    /// How many entries there are.
    total: u64,
    /// How many more were only counted, because their kiosk's share was full.
    dropped: u64,
    /// The entries from the asked number on.
    entries: Vec<EntrySheet>,
    /// The number to ask from for the next ones; none at the end.
    next: Option<u64>,
}

/// A refused record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntrySheet {
    /// Its number in the quarantine.
    number: u64,
    /// The kiosk whose topic it came on.
    kiosk: String,
    /// When, in UTC.
    #[schema(value_type = String, format = DateTime)]
    received: Timestamp,
    /// Why, as receipts say it.
    reason: &'static str,
    /// Why, in words.
    words: &'static str,
    /// What exactly.
    detail: String,
    /// Its number in the kiosk's chain, where it could be read.
    sequence: Option<u64>,
    /// The size of the payload in bytes.
    bytes: u64,
    /// Whether all of it was kept, so that it can be tried again.
    whole: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    from: Option<u64>,
    tried: Option<u64>,
    taken: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReplayAsked {
    number: Option<u64>,
    from: Option<u64>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let sheet = quarantine(web, asked.from.unwrap_or(0), SHOWN)?;
        Ok(render(web, &viewer, &sheet, &asked))
    })
    .await
}

/// Tries one entry again, or those of a page that are kept whole, as the world is now.
pub(crate) async fn replay(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(asked): Form<ReplayAsked>,
) -> Result<Response, Failure> {
    let from = asked.from.unwrap_or(0);
    let (tried, taken) = off_thread(&web, move |web| {
        let about = asked.number.map_or_else(|| "quarantine".to_owned(), |number| format!("quarantine:{number}"));
        web.note(viewer.name(), Deed::Replayed, Some(&about), None)?;
        let numbers = match asked.number {
            Some(number) => vec![number],
            None => quarantine(web, from, SHOWN)?
                .entries
                .into_iter()
                .filter(|entry| entry.whole)
                .map(|entry| entry.number)
                .collect(),
        };
        let verdicts = (web.desk.replay)(&numbers).map_err(|error| Failure::internal(&error))?;
        let taken =
            verdicts.iter().filter(|(_, verdict)| !matches!(verdict.decision, Decision::Refused(_))).count();
        Ok((verdicts.len(), taken))
    })
    .await?;
    Ok(Redirect::to(&format!("/office/quarantine?from={from}&tried={tried}&taken={taken}")).into_response())
}

/// The quarantine from a number on.
pub(crate) fn quarantine(web: &Web, from: u64, limit: usize) -> Result<QuarantineSheet, Failure> {
    let internal = |error: LogError| Failure::internal(&error);
    let reader = &web.desk.reader;
    let total = reader.quarantined().map_err(internal)?;
    let dropped = reader.sources().map_err(internal)?.values().map(|source| source.dropped).sum();
    let mut refused = reader.quarantine(from).map_err(internal)?;
    let mut entries = Vec::new();
    for entry in refused.by_ref().take(limit) {
        entries.push(EntrySheet::from(entry.map_err(internal)?));
    }
    let next = refused.next().transpose().map_err(internal)?.map(|entry| entry.number);
    Ok(QuarantineSheet { total, dropped, entries, next })
}

impl From<Refused> for EntrySheet {
    fn from(entry: Refused) -> Self {
        Self {
            number: entry.number,
            kiosk: entry.kiosk.to_string(),
            received: entry.received,
            reason: entry.reason.as_str(),
            words: words::reason(entry.reason),
            detail: entry.detail,
            sequence: entry.sequence.map(wardvoice_protocol::id::Sequence::get),
            bytes: entry.bytes,
            whole: entry.whole,
        }
    }
}

fn render(web: &Web, viewer: &Viewer, sheet: &QuarantineSheet, asked: &Asked) -> Markup {
    let from = asked.from.unwrap_or(0);
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Quarantine" }
        div.head {
            div {
                h1 { "Quarantine" }
                p.lede { "Records that could not be counted, kept with the reason. Nothing here is lost, and nothing here is in a score." }
            }
            (jump(from))
        }
        p.strip {
            span { strong { (words::count(sheet.total)) } " in quarantine" }
            @if sheet.dropped > 0 {
                span { strong { (words::count(sheet.dropped)) } " more only counted, because one sender had filled its share" }
            }
        }
        @if let (Some(tried), Some(taken)) = (asked.tried, asked.taken) {
            p.problem role="status" { "Tried " (words::count(tried)) " again: " (words::count(taken)) " could be counted now." }
        }
        section.sheet.flows aria-labelledby="entries" {
            h2 id="entries" { (span_of(sheet)) }
            (table(web, sheet, from))
            (pages(sheet, from))
        }
    };
    layout::frame(web, viewer, &Page { title: "Quarantine", place: Place::Office, live: false }, &content)
}

/// "Numbers 201 to 400", by what is shown.
fn span_of(sheet: &QuarantineSheet) -> String {
    match (sheet.entries.first(), sheet.entries.last()) {
        (Some(first), Some(last)) if first.number < last.number => {
            format!("Numbers {} to {}", words::count(first.number), words::count(last.number))
        }
        (Some(only), _) => format!("Number {}", words::count(only.number)),
        _ => "Entries".to_owned(),
    }
}

fn jump(from: u64) -> Markup {
    html! {
        form.period method="get" action="/office/quarantine" {
            div {
                label for="from" { "From number" }
                input id="from" name="from" type="text" inputmode="numeric" pattern="[0-9]{1,19}" size="10" value=(from);
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

/// The ways to other parts. Numbers have holes where entries were counted after all, so a part further back may be shorter.
fn pages(sheet: &QuarantineSheet, from: u64) -> Markup {
    let link = |from: u64, words: &str| html! { a href=(format!("/office/quarantine?from={from}")) { (words) } };
    html! {
        @if from > 0 || sheet.next.is_some() {
            nav.strip aria-label="Other parts" {
                @if from > 0 {
                    (link(0, "From the beginning"))
                    (link(from.saturating_sub(SHOWN as u64), "Earlier"))
                }
                @if let Some(next) = sheet.next { (link(next, "Later")) }
            }
        }
    }
}

fn table(web: &Web, sheet: &QuarantineSheet, from: u64) -> Markup {
    let whole = sheet.entries.iter().filter(|entry| entry.whole).count() as u64;
    html! {
        @if sheet.entries.is_empty() {
            p { (if sheet.total == 0 { "Nothing is in quarantine." } else { "Nothing has so high a number." }) }
        } @else {
            @if whole > 0 {
                form method="post" action="/office/quarantine/replay" {
                    input type="hidden" name="from" value=(from);
                    p {
                        button.action type="submit" { "Try " (words::of(whole, "entry", "entries")) " again" }
                        " " span.small { "Worth it once the reason is gone: a ward was added, a kiosk registered, a key set right." }
                    }
                }
            }
            div.scroller tabindex="0" role="group" aria-labelledby="entries" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Number" } th scope="col" { "Kiosk" } th scope="col" { "Came" } th scope="col" { "Why" }
                            th.n scope="col" { "Size" } th scope="col" { span.hidden { "Try again" } }
                        }
                    }
                    tbody { @for entry in &sheet.entries { (entry_row(web, entry, from)) } }
                }
            }
        }
    }
}

fn entry_row(web: &Web, entry: &EntrySheet, from: u64) -> Markup {
    html! {
        tr {
            td { (words::count(entry.number)) }
            td { (entry.kiosk) @if let Some(sequence) = entry.sequence { " " small { "its record " (words::count(sequence)) } } }
            td { (moment(web, entry.received)) }
            td { (entry.words) " " small { (entry.detail) } }
            td.n { (words::count(entry.bytes)) " bytes" }
            td {
                @if entry.whole {
                    form method="post" action="/office/quarantine/replay" {
                        input type="hidden" name="number" value=(entry.number);
                        input type="hidden" name="from" value=(from);
                        button.action.quiet type="submit" { "Try again" span.hidden { " number " (entry.number) } }
                    }
                } @else { span.small { "only its beginning was kept" } }
            }
        }
    }
}
