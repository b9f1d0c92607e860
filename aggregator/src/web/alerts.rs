//! Alerts: the list of what somebody should look at, which keeps itself true, and a short notice on the pages of whom it concerns.

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{Hash, WardId};

use super::failure::Failure;
use super::layout::{self, Page};
use super::viewer::Viewer;
use super::ward::{Fragment, off_thread, page_off_thread};
use super::{Shared, Web, live, units, words};
use crate::alerts::{Audience, Open};
use crate::audit::Deed;
use crate::help::{StaffRole, StaffRoleError};
use crate::ingest::Change;
use crate::policy;

/// So many are named in a notice.
const IN_A_NOTICE: usize = 3;
/// So many are named in a list; where a whole network is gone, the first of them say enough.
const IN_A_LIST: usize = 200;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    key: String,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let fragment = fragment(web, &Heeded::of_all(web, &viewer));
        let content = html! {
            div.head {
                div {
                    h1 { "Alerts" }
                    p.lede { "What is worth a look. Who says that they have seen one silences it until it ends and comes back." }
                }
            }
            (live::part("/alerts/stream", &fragment))
        };
        let page = Page { title: "Alerts", place: layout::Place::Alerts, live: true };
        Ok(layout::frame(web, &viewer, &page, &content))
    })
    .await
}

/// Somebody says that they have seen an alert.
pub(crate) async fn seen(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(Asked { key }): Form<Asked>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let unknown = || {
            let detail = "It has ended meanwhile, or there never was one. Open the list again.";
            Failure::new(StatusCode::NOT_FOUND, "There is no such alert", detail)
        };
        // Whoever may not see it is told no more than that.
        let open = web.desk.alerts.get(&key).filter(|open| concerns(web, &viewer, open)).ok_or_else(unknown)?;
        web.note(viewer.name(), Deed::SawAlert, Some(&format!("alert:{}", open.alert.key)), None)?;
        let by: StaffRole = viewer.name().parse().map_err(|error: StaffRoleError| Failure::internal(&error))?;
        let (reader, registry) = (&web.desk.reader, &web.desk.world.registry);
        let looked = web.desk.forks.seen(&key, &by, reader, registry, web.now());
        looked.map_err(|error| Failure::internal(&error))?;
        web.desk.alerts.see(&key, &by, web.now()).map_err(|error| Failure::internal(&error))?;
        tell(web, &open.alert.audience);
        Ok(Redirect::to("/alerts").into_response())
    })
    .await
}

fn concerns(web: &Web, viewer: &Viewer, open: &Open) -> bool {
    web.enter(viewer, policy::Place::Alert(&open.alert.audience)).is_ok()
}

/// The audiences whose alerts a page shows to whoever looks, as the policy has decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Heeded(Vec<Audience>);

impl Heeded {
    /// Those of a page's audiences whose alerts somebody may see.
    pub(crate) fn of(web: &Web, viewer: &Viewer, audiences: &[Audience]) -> Self {
        let may = |audience: &&Audience| web.enter(viewer, policy::Place::Alert(audience)).is_ok();
        Self(audiences.iter().filter(may).cloned().collect())
    }

    /// Those of all audiences there are.
    pub(crate) fn of_all(web: &Web, viewer: &Viewer) -> Self {
        let file = web.desk.world.directory.file();
        let mut all = BTreeSet::from([Audience::Board, Audience::It, Audience::Office]);
        all.extend(file.departments.iter().map(|entry| Audience::Department(entry.id.clone())));
        all.extend(web.desk.world.directory.wards().iter().map(|entry| Audience::Ward(entry.id.clone())));
        // What the directory no longer has may still be told of.
        all.extend(web.desk.alerts.audiences());
        Self::of(web, viewer, &all.into_iter().collect::<Vec<_>>())
    }

    /// The wards whose news may be news of these alerts; every ward's where there is no list.
    pub(super) fn wards(&self, web: &Web) -> Option<BTreeSet<WardId>> {
        let mut wards = BTreeSet::new();
        for audience in &self.0 {
            wards.extend(wards_of(web, audience)?);
        }
        Some(wards)
    }
}

/// The wards that an audience's alerts are about; none where they are about all of them.
fn wards_of(web: &Web, audience: &Audience) -> Option<Vec<WardId>> {
    match audience {
        Audience::Ward(ward) => Some(vec![ward.clone()]),
        Audience::Department(department) => Some(units::ward_ids(web, &Unit::Department(department.clone()))),
        Audience::Board | Audience::Office | Audience::It => None,
    }
}

/// Open pages show it: those of the wards it is about, and whatever shows all wards.
fn tell(web: &Web, audience: &Audience) {
    let wards = wards_of(web, audience).unwrap_or_default();
    drop(web.desk.changes.send(Change { wards, position: web.desk.reader.position() }));
}

/// What of a page's audiences nobody has seen yet; nothing where there is nothing.
pub(crate) fn notice(web: &Web, heeded: &Heeded) -> Markup {
    // What is over the budget is in the list and in the digest, and not here.
    let is_shown = |open: &Open| heeded.0.contains(&open.alert.audience) && open.seen.is_none() && open.at_once;
    let open = web.desk.alerts.those(is_shown);
    html! {
        @if !open.is_empty() {
            section #alerts.note.no-print aria-labelledby="alerts-notice" {
                h2 #alerts-notice { "To look at" }
                ul { @for one in open.iter().take(IN_A_NOTICE) { li { (one.alert.words) } } }
                p {
                    a href="/alerts" {
                        @if open.len() > IN_A_NOTICE { "See " (words::of((open.len() - IN_A_NOTICE) as u64, "more alert", "more alerts")) " and say that you have seen them" }
                        @else { "Say that you have seen it" }
                    }
                }
            }
        }
    }
}

/// What changes on the page.
pub(crate) fn fragment(web: &Web, heeded: &Heeded) -> Fragment {
    let all = web.desk.alerts.those(|open| heeded.0.contains(&open.alert.audience));
    let (seen, new): (Vec<Open>, Vec<Open>) = all.into_iter().partition(|open| open.seen.is_some());
    let said = format!(
        "Updated: {} to look at, {} seen.",
        words::of(new.len() as u64, "alert", "alerts"),
        words::count(seen.len() as u64)
    );
    let changes = html! {
        section #to-look-at.sheet.flows aria-labelledby="new" {
            h2 id="new" { "To look at" }
            @if new.is_empty() { p { "There is nothing to look at now." } } @else { (table(web, &new, "new")) }
        }
        section #seen-already.sheet.flows aria-labelledby="seen" {
            h2 id="seen" { "Seen, and still so" }
            @if seen.is_empty() { p { "Nothing that was seen is still so." } } @else { (table(web, &seen, "seen")) }
        }
    };
    Fragment::new(changes, said)
}

fn table(web: &Web, alerts: &[Open], title: &str) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby=(title) {
            table.cards {
                thead {
                    tr {
                        th scope="col" { "What" } th scope="col" { "What there is" } th scope="col" { "For" } th scope="col" { "Since" }
                        th scope="col" { (if title == "new" { "Say that you have seen it" } else { "Seen by" }) }
                    }
                }
                tbody { @for open in alerts.iter().take(IN_A_LIST) { (row(web, open)) } }
            }
        }
        @if alerts.len() > IN_A_LIST {
            p.aside {
                "And " (words::of((alerts.len() - IN_A_LIST) as u64, "more", "more")) ". " code { "wardvoice-aggregator alert list" } " names all."
            }
        }
    }
}

fn row(web: &Web, open: &Open) -> Markup {
    let alert = &open.alert;
    let ago = |moment| words::ago(moment, web.now(), web.desk.scoring.calendar());
    // A row keeps its place in an open page by its id: a button under somebody's finger never becomes another alert's.
    let id: String = Hash::of(alert.key.as_bytes()).to_string().chars().take(12).collect();
    html! {
        tr id=(format!("alert-{id}")) {
            th scope="row" { (alert.kind.label()) }
            td data-label="What there is" { a href=(alert.page) { (alert.words) } small { (alert.kind.what_to_do()) } }
            td data-label="For" { (audience(web, &alert.audience)) }
            td data-label="Since" { (ago(open.raised)) }
            td data-label="Seen" {
                @match &open.seen {
                    Some(seen) => { (seen.by) small { (ago(seen.at)) } },
                    None => form method="post" action="/alerts/seen" {
                        input type="hidden" name="key" value=(alert.key);
                        button.action.quiet type="submit" { "Seen" span.hidden { ": " (alert.words) } }
                    },
                }
            }
        }
    }
}

fn audience(web: &Web, audience: &Audience) -> String {
    match audience {
        Audience::Board => "The board".to_owned(),
        Audience::It => "Who runs the kiosks".to_owned(),
        Audience::Office => "The office".to_owned(),
        Audience::Department(department) => {
            let unit = Unit::Department(department.clone());
            web.desk.scoring.unit_name(&unit).unwrap_or_else(|| department.to_string())
        }
        Audience::Ward(ward) => {
            web.desk.world.directory.ward(ward).map_or_else(|| ward.to_string(), |entry| entry.name.clone())
        }
    }
}
