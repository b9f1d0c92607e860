//! The office's pages: the first one, which leads to all others, and what they share.

use std::sync::PoisonError;

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::alerts::{self, Heeded};
use super::failure::Failure;
use super::fleet::{self, KioskSheet};
use super::layout::{self, Page, Place};
use super::live::streams;
use super::routes::{Door, Route, does, reads};
use super::viewer::Viewer;
use super::ward::{self, Fragment, page_off_thread};
use super::{Shared, Web, comments, deliveries, live, monitor, words};
use crate::alerts::Audience;
use crate::policy;

mod contacts;
mod month;
mod plan;
mod publish;
pub(super) mod quarantine;
mod questionnaires;
mod release;
mod themes;
mod withdrawal;

pub(super) use quarantine::{QuarantineSheet, SHOWN, quarantine};
pub(super) use questionnaires::language_name;

/// The pages of the office and of whoever runs the machine.
pub(super) fn routes() -> Vec<Route> {
    vec![
        reads("/office", Door::Office, page),
        reads("/office/stream", Door::Office, streams::office),
        reads("/office/plan", Door::Programme, plan::page),
        does("/office/plan", Door::Programme, plan::change),
        reads("/office/contacts", Door::Programme, contacts::page),
        reads("/office/month", Door::Programme, month::page),
        does("/office/month/eligible", Door::Programme, month::note),
        does("/office/month/files", Door::Programme, month::make),
        reads("/office/month/{month}/{file}", Door::Programme, month::file),
        reads("/office/questionnaires", Door::Programme, questionnaires::page),
        reads("/office/questionnaires/{questionnaire}", Door::Programme, questionnaires::one),
        does("/office/questionnaires/{questionnaire}/decide", Door::Programme, questionnaires::decide),
        does("/office/questionnaires/{questionnaire}/preview", Door::Programme, questionnaires::draw),
        reads("/office/previews/{key}/{file}", Door::Programme, questionnaires::picture),
        reads("/office/release", Door::Programme, release::page),
        does("/office/release", Door::Programme, release::make),
        reads("/office/publish", Door::Programme, publish::page),
        does("/office/publish", Door::Programme, publish::make),
        reads("/office/themes", Door::Programme, themes::page),
        does("/office/themes", Door::Programme, themes::change),
        reads("/office/withdrawal", Door::Programme, withdrawal::page),
        does("/office/withdrawal", Door::Programme, withdrawal::withdraw),
        reads("/office/quarantine", Door::Office, quarantine::page),
        does("/office/quarantine/replay", Door::Office, quarantine::replay),
        reads("/fleet", Door::Office, fleet::page),
        reads("/fleet/stream", Door::Office, streams::fleet),
    ]
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    monitor: Option<String>,
}

/// What of the first page is shown, to whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sight {
    /// Whoever runs the machine sees no figures and no comments.
    figures: bool,
    accounts: bool,
    heeded: Heeded,
    /// The period of the monitor; none for the fortnight that ended last.
    monitor: Option<Period>,
}

impl Sight {
    /// What somebody sees who asks for it.
    pub(crate) fn of(web: &Web, viewer: &Viewer, asked: &Asked) -> Result<Self, Failure> {
        let monitor = asked.monitor.as_deref().filter(|text| !text.is_empty());
        Ok(Self {
            figures: viewer.is_office(),
            accounts: web.enter(viewer, policy::Place::Accounts).is_ok(),
            heeded: Heeded::of(web, viewer, &[Audience::Office, Audience::It]),
            monitor: monitor.map(|text| ward::period(web, Some(text))).transpose()?,
        })
    }

    fn stream(&self) -> String {
        let monitor = self.monitor.map(|period| format!("?monitor={period}"));
        format!("/office/stream{}", monitor.unwrap_or_default())
    }
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let sight = Sight::of(web, &viewer, &asked)?;
        let fragment = fragment(web, &sight)?;
        let content = html! {
            div.head { h1 { "Office" } }
            (live::part(&sight.stream(), &fragment))
        };
        Ok(layout::frame(web, &viewer, &Page { title: "Office", place: Place::Office, live: true }, &content))
    })
    .await
}

/// What changes on the page.
pub(crate) fn fragment(web: &Web, sight: &Sight) -> Result<Fragment, Failure> {
    let (comments, monitor) = if sight.figures {
        (comments::door(web)?, monitor::section(web, sight.monitor)?)
    } else {
        (html! {}, html! {})
    };
    let found = Found {
        kiosks: fleet::kiosks(web)?,
        quarantined: web.desk.reader.quarantined().map_err(|error| Failure::internal(&error))?,
        comments,
        monitor,
    };
    let silent = found.kiosks.iter().filter(|kiosk| kiosk.silent).count();
    let said = format!(
        "Updated: {} stored, {}.",
        words::of(web.desk.reader.position(), "record", "records"),
        fleet_words(silent, &found.kiosks)
    );
    let changes = html! {
        (alerts::notice(web, &sight.heeded))
        (body(web, sight, &found, silent))
    };
    Ok(Fragment::new(changes, said))
}

/// What the first page shows.
struct Found {
    kiosks: Vec<KioskSheet>,
    quarantined: u64,
    comments: Markup,
    monitor: Markup,
}

/// All parts that change, each with an id of its own.
fn body(web: &Web, sight: &Sight, found: &Found, silent: usize) -> Markup {
    let gaps: u64 = found.kiosks.iter().flat_map(|kiosk| &kiosk.gaps).map(|gap| gap.last - gap.first + 1).sum();
    html! {
        @if let Some(why) = web.desk.reader.poisoned() {
            div #poisoned.problem role="alert" {
                strong { "Nothing is being taken. " }
                "The disk did not keep what it was given (" (why) "). Free space or repair it, then restart Wardvoice. The kiosks \
                 keep their answers until then."
            }
        }
        p #standing.strip {
            span { strong { (words::count(web.desk.reader.position())) } " records stored" }
            span { strong { (words::count(gaps)) } " missing" }
            span { strong { (words::count(found.quarantined)) } " in quarantine" }
            span { strong { (silent) } " of " (words::of(found.kiosks.len() as u64, "kiosk", "kiosks")) " silent" }
        }
        (found.comments)
        section #places.sheet aria-labelledby="pages" {
            h2 id="pages" { "What there is to see to" }
            dl.places {
                @if sight.figures { (programme(web)) }
                (place("/fleet", "Fleet", &fleet_words(silent, &found.kiosks)))
                (place("/office/quarantine", "Quarantine", &quarantine_words(found.quarantined)))
                (place("/office/audit", "Who did what", "Every look at a named consultant and every change"))
                @if sight.accounts { (place("/office/accounts", "Who may sign in", "Accounts, roles and who is signed in")) }
            }
        }
        (found.monitor)
        (deliveries::section(web))
    }
}

/// The ways to what the office alone decides.
fn programme(web: &Web) -> Markup {
    let open = web.desk.disputes.list().iter().filter(|dispute| dispute.ruled.is_none()).count() as u64;
    html! {
        (place("/office/plan", "Plan and quotas", &plan_words(web)))
        (place("/office/contacts", "Contacts and response rates", "Who was approached, what came of it, and how many answered"))
        (place("/office/month", "National month", &month::words_of(web)))
        (place("/office/release", "What the public may see", &release::words_of(web)))
        (place("/office/publish", "Publish", &publish::words_of(web)))
        (place("/office/questionnaires", "Questionnaires and languages", &questionnaires::words_of(web)))
        (place("/office/themes", "Coding frame", &words::of(web.desk.comments.frame().themes().len() as u64, "theme", "themes")))
        (place("/office/comments/words", "Words and names", "What comments are looked through for, and the names of staff"))
        (place("/office/withdrawal", "Take an answer back", "Delete what a patient answered, because the patient wants it"))
        (place("/consultants", "Consultants", "Their pages, by specialty"))
        (place("/office/disputes", "Disputes", &format!("{} to be decided", words::count(open))))
    }
}

fn place(address: &str, name: &str, says: &str) -> Markup {
    html! { div { dt { a href=(address) { (name) } } dd { (says) } } }
}

fn fleet_words(silent: usize, kiosks: &[KioskSheet]) -> String {
    let said = format!("{silent} of {} silent", words::of(kiosks.len() as u64, "kiosk", "kiosks"));
    match kiosks.iter().filter(|kiosk| kiosk.fork.is_some()).count() {
        0 => said,
        forked => format!("{said}, {forked} with two tablets in one name"),
    }
}

fn quarantine_words(quarantined: u64) -> String {
    match quarantined {
        0 => "Nothing was refused".to_owned(),
        many => format!("{} could not be counted", words::of(many, "record", "records")),
    }
}

/// "212 of 400 planned answers this fortnight".
fn plan_words(web: &Web) -> String {
    let today = web.today();
    let Ok(fortnight) = web.desk.scoring.calendar().fortnight_of(today) else { return String::new() };
    let unit = Unit::Trust(web.desk.world.directory.file().trust.id.clone());
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let sheet = web.sheets.get(&facts, &web.desk.scoring, &Period::Fortnight(fortnight), &unit, today);
    let plan = sheet.ok().and_then(|sheet| sheet.plan);
    plan.map_or_else(String::new, |plan| {
        format!("{} of {} planned answers this fortnight", words::count(plan.done), words::count(plan.quota))
    })
}

/// When something happened, in words.
pub(super) fn moment(web: &Web, time: Timestamp) -> String {
    words::ago(time, web.now(), web.desk.scoring.calendar())
}
