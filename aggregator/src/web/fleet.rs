//! The fleet: every kiosk, those in whose name two tablets send first, then those that were not heard from longest, and whether everything that each
//! numbered is here.

use std::cmp::Reverse;

use axum::extract::{Extension, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::questionnaire::QuestionnaireRef;
use wardvoice_protocol::status::Presence as Status;

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::office::moment;
use super::viewer::Viewer;
use super::ward::{Fragment, page_off_thread};
use super::{Shared, Web, live, words};
use crate::log::LogError;
use crate::registry::Kiosk;

/// From so many seconds on a clock is said to be out: records carry evidence, so nothing is lost by it.
const CLOCK_OUT_S: u64 = 120;
/// A battery below that is said to be low.
const LOW_BATTERY: u8 = 20;
/// A disk with less free space is said to be nearly full.
const LITTLE_DISK_BYTES: u64 = 200_000_000;
/// A kiosk asks for a new certificate thirty days before its own ends: with so few left it has been away, or cannot.
const PASS_ENDS_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// What there is to do about two tablets with one name.
const TWO_TABLETS: &str = "\
    A disk was copied or put back, or an empty tablet whose program is too old was given a name that was in use. What \
    the second tablet sends cannot be counted and is in quarantine. Take the kiosk off (kiosk revoke) and enrol it again on the tablet that \
    keeps the name (kiosk enrol); give the other tablet a name of its own and an empty data folder. Then say on the \
    page of alerts that you have seen it.";
/// From so many waiting records on an outbox is said to be stuck, when its kiosk is connected.
const MANY_WAITING: u64 = 50;

/// A kiosk: when it was last heard, and whether everything it numbered is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and all of them can be true of one kiosk"
)]
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
    pub(crate) silent: bool,
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
    /// How many of its entries in the quarantine hold no number up to the highest.
    #[serde(skip)]
    unplaced: u64,
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
    /// Until when its certificate is valid, in UTC; none where it was given none, or everything was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    certificate_until: Option<Timestamp>,
    /// Whether everything that it was given was taken back.
    taken_off: bool,
    /// That two tablets send in its name, as where a disk was copied; none where that is not so, and once somebody has seen its alert.
    pub(crate) fork: Option<ForkSheet>,
}

/// What of a kiosk's is not counted because others have its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ForkSheet {
    /// How many of its records are in quarantine for that.
    records: u64,
    /// When the newest of them came, in UTC.
    #[schema(value_type = String, format = DateTime)]
    last: Timestamp,
}

/// Numbers of a kiosk's chain that nothing has come for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct GapSheet {
    /// The first missing number.
    pub(crate) first: u64,
    /// The last missing number.
    pub(crate) last: u64,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let fragment = fragment(web)?;
        let content = html! {
            p.crumbs { a href="/office" { "Office" } " › Fleet" }
            div.head {
                div {
                    h1 { "Fleet" }
                    p.lede { "Every kiosk, those that were not heard from longest first." }
                }
            }
            (live::part("/fleet/stream", &fragment))
        };
        Ok(layout::frame(web, &viewer, &Page { title: "Fleet", place: Place::Fleet, live: true }, &content))
    })
    .await
}

/// What changes on the page.
pub(crate) fn fragment(web: &Web) -> Result<Fragment, Failure> {
    let kiosks = kiosks(web)?;
    let many = |wanted: &dyn Fn(&&KioskSheet) -> bool| words::count(kiosks.iter().filter(wanted).count() as u64);
    let said = format!(
        "Updated: {}, {} silent, {} to look at.",
        words::of(kiosks.len() as u64, "kiosk", "kiosks"),
        many(&|kiosk| kiosk.silent),
        many(&|kiosk| !troubles(kiosk, web.now()).is_empty())
    );
    Ok(Fragment::new(body(web, &kiosks), said))
}

/// Every kiosk that is registered, was heard of, or sent anything: those in whose name two tablets send first, then those that were not heard from
/// longest.
pub(crate) fn kiosks(web: &Web) -> Result<Vec<KioskSheet>, Failure> {
    let internal = |error: LogError| Failure::internal(&error);
    let registered = web.desk.world.registry.all();
    let sightings = web.desk.fleet.all();
    let passes = web.desk.fleet.pass_ends();
    // After what kiosks say of themselves: what has come since is not lost.
    let heads = web.desk.reader.heads().map_err(internal)?;
    let sources = web.desk.reader.sources().map_err(internal)?;
    let forks = web.desk.forks.standing(&web.desk.reader, &web.desk.world.registry).map_err(internal)?;
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
        // Where nothing is missing there is no need to walk the chain to know.
        let gaps = if head.is_whole() {
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
            silent: sighting.is_silent(now),
            last_status: sighting.heard,
            last_record: sighting.last_record,
            waiting: health.map(|health| health.waiting),
            last_sealed: health.map(|health| health.last_sequence),
            highest: head.highest,
            stored: head.stored,
            refused: head.refused + head.unlinked,
            unplaced: sources.get(id).map_or(0, |source| source.entries.saturating_sub(head.refused)),
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
            certificate_until: passes.get(id).copied(),
            taken_off: web.desk.fleet.is_taken_off(id),
            fork: forks.get(id).map(|fork| ForkSheet { records: fork.records, last: fork.last }),
        });
    }
    sheets.sort_by_key(|sheet| {
        (Reverse(sheet.fork.is_some()), Reverse(sheet.silent), sheet.connected, sheet.last_record)
    });
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

/// What of a kiosk somebody should look at, in words; nothing where all is well.
fn troubles(kiosk: &KioskSheet, now: Timestamp) -> Vec<String> {
    let mut troubles = Vec::new();
    if let Some(fork) = &kiosk.fork {
        let records = words::of(fork.records, "record is", "records are");
        troubles
            .push(format!("two tablets send in its name, {records} not counted: take it off and enrol it again"));
    }
    if kiosk.taken_off {
        troubles.push("it was taken off, and is not let in".to_owned());
    }
    if let Some(until) = kiosk.certificate_until {
        if until <= now {
            troubles.push("its certificate has run out, so it is not let in".to_owned());
        } else if until.duration_since(now) <= PASS_ENDS_SOON {
            troubles.push("its certificate ends soon and was not renewed".to_owned());
        }
    }
    if kiosk.ward.is_none() {
        troubles.push("it is not registered".to_owned());
    }
    let missing: u64 = kiosk.gaps.iter().map(|gap| gap.last - gap.first + 1).sum();
    if missing > 0 {
        troubles.push(format!("{} missing", words::of(missing, "record is", "records are")));
    }
    let lost = lost(kiosk);
    if lost > 0 {
        let many = words::of(lost, "record is", "records are");
        troubles.push(format!("{many} not here although it has had receipts for them"));
    }
    if kiosk.refused > 0 {
        troubles.push(format!("{} in quarantine", words::of(kiosk.refused, "record is", "records are")));
    }
    if kiosk.connected && kiosk.waiting.is_some_and(|waiting| waiting >= MANY_WAITING) {
        troubles.push("its outbox does not empty although it is connected".to_owned());
    }
    if kiosk.clock_offset_s.is_some_and(|offset| offset.unsigned_abs() > CLOCK_OUT_S) {
        troubles.push("its clock is out".to_owned());
    }
    if kiosk.battery_percent.is_some_and(|charge| charge < LOW_BATTERY) && kiosk.charging != Some(true) {
        troubles.push("its battery is low and not charging".to_owned());
    }
    if kiosk.free_disk_bytes.is_some_and(|free| free < LITTLE_DISK_BYTES) {
        troubles.push("its disk is nearly full".to_owned());
    }
    match (&kiosk.questionnaire_asked, &kiosk.questionnaire_applied) {
        (Some(asked), Some(applied)) if asked != applied => {
            troubles.push("it goes on with an earlier questionnaire".to_owned());
        }
        _ => {}
    }
    troubles
}

/// How many of a kiosk's last records it has had receipts for and that are not here: those that a log is behind which was restored from an
/// older backup. They become a gap with the kiosk's next record; it says so of itself before. What is in the quarantine is here, also where it has
/// no place in the chain, as when the signature is of another key than the one that is registered.
fn lost(kiosk: &KioskSheet) -> u64 {
    let (Some(sealed), Some(waiting)) = (kiosk.last_sealed, kiosk.waiting) else { return 0 };
    sealed.saturating_sub(waiting).saturating_sub(kiosk.highest).saturating_sub(kiosk.unplaced)
}

/// All parts that change, each with an id of its own.
fn body(web: &Web, kiosks: &[KioskSheet]) -> Markup {
    let count = |wanted: &dyn Fn(&&KioskSheet) -> bool| words::count(kiosks.iter().filter(wanted).count() as u64);
    let (forked, others): (Vec<&KioskSheet>, Vec<&KioskSheet>) =
        kiosks.iter().partition(|kiosk| kiosk.fork.is_some());
    let (silent, others): (Vec<&KioskSheet>, Vec<&KioskSheet>) =
        others.into_iter().partition(|kiosk| kiosk.silent);
    html! {
        p #standing.strip {
            span { strong { (words::of(kiosks.len() as u64, "kiosk", "kiosks")) } }
            span { strong { (count(&|kiosk| kiosk.connected)) } " connected" }
            span { strong { (count(&|kiosk| kiosk.silent)) } " silent for three days or more" }
            span { strong { (count(&|kiosk| !troubles(kiosk, web.now()).is_empty())) } " to look at" }
            @if let Some(until) = web.desk.fleet.broker_certificate_until() { span { (certificate(web, "the broker's", until)) } }
            @if let Some(until) = web.desk.fleet.pages_certificate_until() { span { (certificate(web, "these pages'", until)) } }
        }
        @if kiosks.is_empty() {
            section #none.sheet { p { "No kiosk is registered. Whoever runs the server prints a join code for one: " code { "wardvoice-aggregator kiosk enrol" } "." } }
        } @else {
            @if !forked.is_empty() { (part(web, "forked", "Two tablets with one name", TWO_TABLETS, &forked)) }
            (part(web, "silent", "Silent", "Nothing has come from these for three days. Silence is not stability: their wards are shown as silent.", &silent))
            (part(web, "heard", "Heard from", "Something has come from these in the last three days.", &others))
        }
    }
}

fn part(web: &Web, id: &str, title: &str, says: &str, kiosks: &[&KioskSheet]) -> Markup {
    html! {
        section.sheet.flows id=(format!("{id}-kiosks")) aria-labelledby=(id) {
            h2 id=(id) { (title) ": " (words::of(kiosks.len() as u64, "kiosk", "kiosks")) }
            @if kiosks.is_empty() { p { "None." } } @else {
                p.aside { (says) }
                (table(web, id, kiosks))
            }
        }
    }
}

fn table(web: &Web, id: &str, kiosks: &[&KioskSheet]) -> Markup {
    // On one machine no kiosk has any.
    let certified = kiosks.iter().any(|kiosk| kiosk.certificate_until.is_some() || kiosk.taken_off);
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby=(id) {
            table.cards.fleet {
                thead {
                    tr {
                        th scope="col" { "Kiosk" } th scope="col" { "To look at" } th scope="col" { "Last seen" } th scope="col" { "Last record" }
                        th scope="col" { "Records here" } th.n scope="col" { "Waiting" } th scope="col" { "Battery" } th scope="col" { "Clock" }
                        th scope="col" { "Asks" } th scope="col" { "Software" }
                        @if certified { th scope="col" { "Certificate" } }
                    }
                }
                tbody { @for kiosk in kiosks { (row(web, kiosk, certified)) } }
            }
        }
    }
}

fn row(web: &Web, kiosk: &KioskSheet, certified: bool) -> Markup {
    let troubles = troubles(kiosk, web.now());
    let ward = kiosk.ward.as_deref().unwrap_or("not registered");
    let seen = match (kiosk.connected, kiosk.last_status) {
        (true, _) => "connected".to_owned(),
        (false, Some(time)) => format!("gone, {}", moment(web, time)),
        (false, None) => "no word since the last restart".to_owned(),
    };
    html! {
        tr id=(format!("kiosk-{}", kiosk.kiosk)) {
            th scope="row" {
                (kiosk.kiosk)
                " " small { (ward) @if kiosk.simulated { ", simulated" } @if let Some(moved) = &kiosk.moved_to { ", moved to " (moved) } }
            }
            td data-label="To look at" {
                @if kiosk.silent { span.tag.silent { "Silent" } " " }
                @if troubles.is_empty() { @if !kiosk.silent { "nothing" } } @else { (super::ward::sentence(&troubles.join("; "))) }
            }
            td data-label="Last seen" { (seen) }
            td data-label="Last record" { (kiosk.last_record.map_or_else(|| "never".to_owned(), |time| moment(web, time))) }
            td data-label="Records here" { (completeness(kiosk)) }
            td.n data-label="Waiting" { (kiosk.waiting.map_or_else(|| "not said".to_owned(), words::count)) }
            td data-label="Battery" {
                @match kiosk.battery_percent {
                    Some(charge) => { (charge) " %" @if kiosk.charging == Some(true) { ", charging" } },
                    None => "not said",
                }
            }
            td data-label="Clock" { (kiosk.clock_offset_s.map_or_else(|| "not said".to_owned(), clock)) }
            td data-label="Asks" {
                (kiosk.questionnaire.as_deref().unwrap_or("not known"))
                @match (&kiosk.questionnaire_asked, &kiosk.questionnaire_applied) {
                    (Some(asked), Some(applied)) if asked != applied => { " " small { "not yet: it goes on with what it had" } }
                    (Some(_), None) => { " " small { "it has not said so" } }
                    _ => {}
                }
            }
            td data-label="Software" { (kiosk.software.as_deref().unwrap_or("not said")) }
            @if certified { td data-label="Certificate" { (pass(web, kiosk)) } }
        }
    }
}

/// Until when a server's certificate is valid: every kiosk checks the broker's as the aggregator does, and every browser the pages'.
fn certificate(web: &Web, whose: &str, until: Timestamp) -> Markup {
    let last = words::day(web.desk.scoring.calendar().day_of(until));
    html! {
        @if until > web.now() { (whose) " certificate is valid until " strong { (last) } }
        @else { (whose) " certificate ran out on " strong { (last) } }
    }
}

/// Until when a kiosk's certificate is valid.
fn pass(web: &Web, kiosk: &KioskSheet) -> String {
    let day = |until| words::day(web.desk.scoring.calendar().day_of(until));
    match kiosk.certificate_until {
        Some(until) if until > web.now() => format!("until {}", day(until)),
        Some(until) => format!("ran out on {}", day(until)),
        None if kiosk.taken_off => "taken back".to_owned(),
        None => "none".to_owned(),
    }
}

/// How far a clock is out, in words: what the kiosk must add to be right.
fn clock(offset_s: i64) -> String {
    let size = offset_s.unsigned_abs();
    let length =
        if size < 120 { words::of(size, "second", "seconds") } else { words::of(size / 60, "minute", "minutes") };
    match offset_s {
        0 => "right".to_owned(),
        1.. => format!("{length} behind"),
        _ => format!("{length} ahead"),
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
        @if kiosk.refused > 0 { " " small { (words::count(kiosk.refused)) " in quarantine" } }
        @if let Some(sealed) = kiosk.last_sealed && sealed > kiosk.highest {
            " " small { (words::count(sealed - kiosk.highest)) " sealed and not here yet" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_behind_or_ahead() {
        let said = [0, 1, -3, 119, 120, -7_300].map(clock);
        assert_eq!(
            said,
            [
                "right",
                "1 second behind",
                "3 seconds ahead",
                "119 seconds behind",
                "2 minutes behind",
                "121 minutes ahead"
            ]
        );
    }
}
