//! The office's page: silent kiosks first, gaps in what came, and the quarantine with a way to try again.

use std::cmp::Reverse;

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::questionnaire::QuestionnaireRef;
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::status::Presence as Status;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::presence::SILENT_AFTER;
use super::viewer::Viewer;
use super::ward::{off_thread, page_off_thread};
use super::{Shared, Web, alerts, comments, deliveries, monitor, words};
use crate::alerts::Audience;
use crate::audit::Deed;
use crate::log::{LogError, Refused};
use crate::policy;
use crate::registry::Kiosk;

/// So many entries of the quarantine are shown at once.
pub(crate) const SHOWN: usize = 200;
/// The most entries that are tried again at once.
const MOST_REPLAYED: usize = 1_000;

/// A kiosk: when it was last heard, and whether everything it numbered is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct KioskSheet {
    /// The kiosk's id.
    pub(crate) kiosk: String,
    /// The ward it stands on; none when it is not registered.
    ward: Option<String>,
    /// Whether it introduced itself in a demonstration.
    simulated: bool,
    /// Whether its last word was that it is there.
    connected: bool,
    /// Whether nothing has come from it for three days.
    silent: bool,
    /// When its last status came, in UTC; none since the aggregator started.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_status: Option<Timestamp>,
    /// When its last record came, in UTC.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_record: Option<Timestamp>,
    /// How many records wait in its outbox, as it last said.
    waiting: Option<u64>,
    /// The number of its last sealed record, as it last said.
    last_sealed: Option<u64>,
    /// The highest number of its chain that is here.
    highest: u64,
    /// How many of its records are stored.
    stored: u64,
    /// How many numbers of its chain are held by refused records.
    refused: u64,
    /// Numbers below the highest that nothing has come for.
    pub(crate) gaps: Vec<GapSheet>,
    /// The version of its software.
    software: Option<String>,
    /// What it is told to ask, `inpatient@1`; none when it is not registered.
    questionnaire: Option<String>,
    /// The hash of that.
    questionnaire_asked: Option<String>,
    /// The hash of what it asks, as it last said.
    questionnaire_applied: Option<String>,
    /// How far its clock was out when it last learnt, in seconds.
    clock_offset_s: Option<i64>,
    /// The charge of its battery, 0 to 100, as it last said.
    battery_percent: Option<u8>,
    /// Whether it hung on a charger.
    charging: Option<bool>,
    /// The free bytes of its disk.
    free_disk_bytes: Option<u64>,
    /// The ward to which a manager has moved it on the spot.
    moved_to: Option<String>,
}

/// Numbers of a kiosk's chain that nothing has come for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct GapSheet {
    /// The first missing number.
    pub(crate) first: u64,
    /// The last missing number.
    pub(crate) last: u64,
}

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
    monitor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReplayAsked {
    number: Option<u64>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let kiosks = kiosks(web)?;
        let quarantine = quarantine(web, asked.from.unwrap_or(0), SHOWN)?;
        // Who runs the machine sees no figures and no comments.
        let watched = if viewer.is_office() {
            (comments::door(web)?, monitor::section(web, asked.monitor.as_deref())?)
        } else {
            (html! {}, html! {})
        };
        Ok(render(web, &viewer, &kiosks, &quarantine, &asked, &watched))
    })
    .await
}

/// Tries one entry of the quarantine again, or all that are kept whole, as the world is now.
pub(crate) async fn replay(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(asked): Form<ReplayAsked>,
) -> Result<Response, Failure> {
    let (tried, taken) = off_thread(&web, move |web| {
        let about = asked.number.map_or_else(|| "quarantine".to_owned(), |number| format!("quarantine:{number}"));
        web.note(viewer.name(), Deed::Replayed, Some(&about), None)?;
        let numbers = match asked.number {
            Some(number) => vec![number],
            None => quarantine(web, 0, MOST_REPLAYED)?
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
    Ok(Redirect::to(&format!("/office?tried={tried}&taken={taken}#quarantine")).into_response())
}

/// Every kiosk that is registered, was heard of, or sent anything: those that were not heard from longest first.
pub(crate) fn kiosks(web: &Web) -> Result<Vec<KioskSheet>, Failure> {
    let internal = |error: LogError| Failure::internal(&error);
    let registered = web.desk.world.registry.all();
    let sightings = web.desk.fleet.all();
    let heads = web.desk.reader.heads().map_err(internal)?;
    let mut ids: Vec<_> = registered.keys().chain(sightings.keys()).chain(heads.keys()).collect();
    ids.sort();
    ids.dedup();
    let now = web.now();
    let mut sheets = Vec::with_capacity(ids.len());
    for id in ids {
        let entry = registered.get(id);
        let sighting = sightings.get(id).cloned().unwrap_or_default();
        let asked = entry.and_then(|kiosk| asked(web, kiosk));
        let head = heads.get(id).copied().unwrap_or(crate::log::Head::EMPTY);
        let health = match &sighting.presence {
            Some(Status::Online(health)) => Some(health),
            _ => None,
        };
        let tablet = health.and_then(|health| health.tablet.clone()).unwrap_or_default();
        // Every number up to the highest is held: there is no gap, and no need to walk the chain to know.
        let gaps = if head.stored + head.refused >= head.highest {
            Vec::new()
        } else {
            let gaps = web.desk.reader.gaps(id).map_err(internal)?;
            gaps.into_iter().map(|gap| GapSheet { first: gap.first, last: gap.last }).collect()
        };
        sheets.push(KioskSheet {
            kiosk: id.to_string(),
            ward: entry.map(|kiosk| kiosk.ward.to_string()),
            simulated: entry.is_some_and(|kiosk| kiosk.simulated),
            connected: sighting.is_online(),
            silent: sighting.last_record.is_none_or(|last| now.duration_since(last) > SILENT_AFTER),
            last_status: sighting.heard,
            last_record: sighting.last_record,
            waiting: health.map(|health| health.waiting),
            last_sealed: health.map(|health| health.last_sequence),
            highest: head.highest,
            stored: head.stored,
            refused: head.refused + head.unlinked,
            gaps,
            software: health.map(|health| health.software.clone()),
            questionnaire: asked.as_ref().map(|(reference, _)| reference.to_string()),
            questionnaire_asked: asked.as_ref().map(|(_, hash)| hash.to_string()),
            questionnaire_applied: health.and_then(|health| health.questionnaire).map(|hash| hash.to_string()),
            clock_offset_s: health.and_then(|health| health.clock_offset_s),
            battery_percent: tablet.battery_percent,
            charging: tablet.charging,
            free_disk_bytes: tablet.free_disk_bytes,
            moved_to: tablet.moved_to.map(|ward| ward.to_string()),
        });
    }
    sheets.sort_by_key(|sheet| (Reverse(sheet.silent), sheet.connected, sheet.last_record));
    Ok(sheets)
}

/// What a kiosk is told to ask, with its hash. The first questionnaire is asked where nothing else was said.
fn asked(web: &Web, kiosk: &Kiosk) -> Option<(QuestionnaireRef, Hash)> {
    let mut all = web.desk.world.questionnaires.iter();
    let asked = match &kiosk.questionnaire {
        Some(reference) => all.find(|questionnaire| questionnaire.reference() == *reference),
        None => all.next(),
    };
    asked.map(|questionnaire| (questionnaire.reference(), questionnaire.hash()))
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

fn render(
    web: &Web,
    viewer: &Viewer,
    kiosks: &[KioskSheet],
    quarantine: &QuarantineSheet,
    asked: &Asked,
    (door, watched): &(Markup, Markup),
) -> Markup {
    let silent = kiosks.iter().filter(|kiosk| kiosk.silent).count();
    let gaps: u64 = kiosks.iter().flat_map(|kiosk| &kiosk.gaps).map(|gap| gap.last - gap.first + 1).sum();
    let content = html! {
        div.head { h1 { "Office" } }
        @if let Some(why) = web.desk.reader.poisoned() {
            div.problem role="alert" {
                strong { "Nothing is being taken. " }
                "The disk did not keep what it was given (" (why) "). Free space or repair it, then restart Wardvoice. The kiosks \
                 keep their answers until then."
            }
        }
        p.strip {
            span { strong { (words::count(web.desk.reader.position())) } " records stored" }
            span { strong { (words::count(gaps)) } " missing" }
            span { strong { (words::count(quarantine.total)) } " in quarantine" }
            span { strong { (silent) } " of " (words::of(kiosks.len() as u64, "kiosk", "kiosks")) " silent" }
            @if viewer.is_office() {
                @let open = web.desk.disputes.list().iter().filter(|dispute| dispute.ruled.is_none()).count() as u64;
                span { a href="/office/disputes" { "Disputes" } " (" (words::count(open)) " to be decided)" }
            }
            span { a href="/office/audit" { "Who did what" } }
            @if web.enter(viewer, policy::Place::Accounts).is_ok() {
                span { a href="/office/accounts" { "Who may sign in" } }
            }
        }
        (alerts::notice(web, viewer, &Audience::Office))
        (alerts::notice(web, viewer, &Audience::It))
        div.stack {
            (door)
            section.sheet.flows aria-labelledby="kiosks" {
                h2 id="kiosks" { "Kiosks, silent ones first" }
                @if kiosks.is_empty() {
                    p { "No kiosk is registered. Add one with " code { "wardvoice-aggregator kiosk add" } "." }
                } @else {
                    (kiosk_table(web, kiosks))
                }
            }
            (watched)
            (deliveries::section(web))
            section #quarantine.sheet.flows aria-labelledby="quarantine-title" {
                h2 id="quarantine-title" { "Quarantine" }
                p.aside { "Records that could not be counted, kept with the reason. Nothing here is lost, and nothing here is in a score." }
                @if let (Some(tried), Some(taken)) = (asked.tried, asked.taken) {
                    p.problem role="status" { "Tried " (words::count(tried)) " again: " (words::count(taken)) " could be counted now." }
                }
                (quarantine_table(web, quarantine))
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Office", place: Place::Office, live: false }, &content)
}

fn kiosk_table(web: &Web, kiosks: &[KioskSheet]) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="kiosks" {
            table {
                thead {
                    tr {
                        th scope="col" { "Kiosk" } th scope="col" { "Ward" } th scope="col" { "State" }
                        th scope="col" { "Last record" } th scope="col" { "Records here" }
                        th.n scope="col" { "Waiting" } th scope="col" { "Clock" } th scope="col" { "Asks" } th scope="col" { "Software" }
                    }
                }
                tbody {
                    @for kiosk in kiosks {
                        tr {
                            th scope="row" { (kiosk.kiosk) @if kiosk.simulated { small { "simulated" } } }
                            td {
                                (kiosk.ward.as_deref().unwrap_or("not registered"))
                                @if let Some(ward) = &kiosk.moved_to { small { "moved to " (ward) } }
                            }
                            td {
                                @if kiosk.silent { span.tag.silent { "Silent" } " " }
                                (if kiosk.connected { "connected" } else if kiosk.last_status.is_some() { "gone" } else { "no word since the last restart" })
                                @if let Some(charge) = kiosk.battery_percent {
                                    small { "battery " (charge) " %" @if kiosk.charging == Some(true) { ", charging" } }
                                }
                            }
                            td { (kiosk.last_record.map_or_else(|| "never".to_owned(), |time| moment(web, time))) }
                            td { (completeness(kiosk)) }
                            td.n { @if let Some(waiting) = kiosk.waiting { (words::count(waiting)) } @else { "–" } }
                            td { @match kiosk.clock_offset_s { Some(offset) => { (offset) " s" } None => "–", } }
                            td {
                                (kiosk.questionnaire.as_deref().unwrap_or("–"))
                                @match (&kiosk.questionnaire_asked, &kiosk.questionnaire_applied) {
                                    (Some(asked), Some(applied)) if asked != applied => small { "not yet: it goes on with what it had" },
                                    (Some(_), None) => small { "it has not said so" },
                                    _ => {}
                                }
                            }
                            td { (kiosk.software.as_deref().unwrap_or("–")) }
                        }
                    }
                }
            }
        }
    }
}

/// "1 to 4,312, all here", or where the gaps are.
fn completeness(kiosk: &KioskSheet) -> Markup {
    const GAPS: usize = 5;
    html! {
        @if kiosk.highest == 0 { "none yet" }
        @else if kiosk.gaps.is_empty() { "1 to " (words::count(kiosk.highest)) ", all here" }
        @else {
            "1 to " (words::count(kiosk.highest)) ", missing "
            @for (place, gap) in kiosk.gaps.iter().take(GAPS).enumerate() {
                @if place > 0 { ", " }
                strong { (words::count(gap.first)) @if gap.last > gap.first { " to " (words::count(gap.last)) } }
            }
            @if kiosk.gaps.len() > GAPS { " and " (words::of((kiosk.gaps.len() - GAPS) as u64, "more gap", "more gaps")) }
        }
        @if kiosk.refused > 0 { small { (words::count(kiosk.refused)) " in quarantine" } }
        @if let Some(sealed) = kiosk.last_sealed && sealed > kiosk.highest {
            small { (words::count(sealed - kiosk.highest)) " sealed and not here yet" }
        }
    }
}

fn quarantine_table(web: &Web, quarantine: &QuarantineSheet) -> Markup {
    html! {
        @if quarantine.entries.is_empty() {
            p { "Nothing is in quarantine." }
        } @else {
            form method="post" action="/office/quarantine/replay" {
                p { button.action type="submit" { "Try all again" } }
            }
            div.scroller tabindex="0" role="group" aria-labelledby="quarantine-title" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Number" } th scope="col" { "Kiosk" } th scope="col" { "Came" } th scope="col" { "Why" }
                            th.n scope="col" { "Size" } th scope="col" { span.hidden { "Try again" } }
                        }
                    }
                    tbody { @for entry in &quarantine.entries { (entry_row(web, entry)) } }
                }
            }
        }
        @if let Some(next) = quarantine.next { p { a href=(format!("/office?from={next}#quarantine")) { "More" } } }
        @if quarantine.dropped > 0 {
            p.small { (words::count(quarantine.dropped)) " more were refused and only counted, because one sender had filled its share." }
        }
    }
}

fn entry_row(web: &Web, entry: &EntrySheet) -> Markup {
    html! {
        tr {
            td { (words::count(entry.number)) }
            td { (entry.kiosk) @if let Some(sequence) = entry.sequence { small { "its record " (words::count(sequence)) } } }
            td { (moment(web, entry.received)) }
            td { (entry.words) small { (entry.detail) } }
            td.n { (words::count(entry.bytes)) " bytes" }
            td {
                @if entry.whole {
                    form method="post" action="/office/quarantine/replay" {
                        input type="hidden" name="number" value=(entry.number);
                        button.action.quiet type="submit" { "Try again" span.hidden { " number " (entry.number) } }
                    }
                } @else { span.small { "only its beginning was kept" } }
            }
        }
    }
}

fn moment(web: &Web, time: Timestamp) -> String {
    words::ago(time, web.now(), web.desk.scoring.calendar())
}
