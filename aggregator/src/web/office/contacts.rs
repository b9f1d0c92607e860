//! The contact log and response rates: by ward, by how it was gone about, by fortnight and by kiosk.

use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::fortnight::{FORTNIGHT_DAYS, Period};
use wardvoice_protocol::id::{KioskId, WardId};

use crate::contact_log::{Contacts, Grouped};
use crate::facts::Facts;
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::sheets::run_up;
use crate::web::viewer::Viewer;
use crate::web::ward::{self, page_off_thread, period, ward_of};
use crate::web::words::{self, Scale};
use crate::web::{Shared, Web, charts};

/// So many fortnights are shown: half a year.
const FORTNIGHTS: usize = 13;
/// Kiosks are counted from the log, which is read once for that; for longer than so many days it is not.
const LONGEST_BY_KIOSK: i32 = 31;
/// What came of it without an answer.
const REASONS: [Outcome; 7] = [
    Outcome::Declined,
    Outcome::Asleep,
    Outcome::Unwell,
    Outcome::LacksCapacity,
    Outcome::Language,
    Outcome::Isolation,
    Outcome::Away,
];

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    period: Option<String>,
    ward: Option<String>,
}

struct View {
    period: Period,
    /// Of one ward, or of all.
    ward: Option<WardId>,
    /// Name and place in the directory of each ward that is shown.
    wards: Vec<(WardId, String)>,
    by_ward: Grouped<WardId>,
    by_mode: Grouped<Mode>,
    /// The period's own fortnight, or the one it ends in, and those before it; the newest first.
    by_fortnight: Vec<(Period, Contacts)>,
    /// None where the period is too long for it.
    by_kiosk: Option<Grouped<(WardId, KioskId)>>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let shown = period(&web, asked.period.as_deref())?;
    page_off_thread(&web, move |web| Ok(render(web, &viewer, &view(web, shown, &asked)?))).await
}

fn view(web: &Web, shown: Period, asked: &Asked) -> Result<View, Failure> {
    let ward = asked.ward.as_deref().filter(|id| !id.is_empty()).map(|id| ward_of(web, id)).transpose()?;
    let directory = &web.desk.world.directory;
    let of_the_ward = |id: &WardId| ward.as_ref().is_none_or(|ward| ward == id);
    let wards = directory.wards().iter().filter(|entry| of_the_ward(&entry.id));
    let wards: Vec<_> = wards.map(|entry| (entry.id.clone(), entry.name.clone())).collect();
    let (mut by_ward, mut by_mode) = (Grouped::default(), Grouped::default());
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    for (id, contacts) in of_wards(web, &facts, &wards, &shown) {
        by_ward.add_all(id.clone(), &contacts.all());
        by_mode.merge(&contacts);
    }
    let calendar = web.desk.scoring.calendar();
    let last = shown.last().min(web.today());
    let fortnight =
        calendar.fortnight_of(last).map(Period::Fortnight).map_err(|error| Failure::internal(&error))?;
    let mut by_fortnight: Vec<(Period, Contacts)> = run_up(calendar, &fortnight, FORTNIGHTS)
        .into_iter()
        .map(|fortnight| {
            let mut contacts = Contacts::default();
            of_wards(web, &facts, &wards, &fortnight).for_each(|(_, of_ward)| contacts.merge(&of_ward.all()));
            (fortnight, contacts)
        })
        .collect();
    by_fortnight.reverse();
    drop(facts);
    let by_kiosk = by_kiosk(web, &shown, ward.as_ref())?;
    Ok(View { period: shown, ward, wards, by_ward, by_mode, by_fortnight, by_kiosk })
}

/// The contacts with patients of each of some wards in a period.
fn of_wards<'a>(
    web: &'a Web,
    facts: &'a Facts,
    wards: &'a [(WardId, String)],
    period: &'a Period,
) -> impl Iterator<Item = (&'a WardId, Arc<Grouped<Mode>>)> {
    let places = wards.iter().filter_map(move |(id, _)| Some((id, facts.vocabulary().ward_index(id)?)));
    places.map(move |(id, index)| (id, web.contact_logs.of_ward(facts, index, period)))
}

/// Facts know no kiosk, so the monitor's observations are counted.
fn by_kiosk(
    web: &Web,
    period: &Period,
    ward: Option<&WardId>,
) -> Result<Option<Grouped<(WardId, KioskId)>>, Failure> {
    let days = period.start().until(period.last()).map_or(i32::MAX, |span| span.get_days());
    if days >= LONGEST_BY_KIOSK.max(FORTNIGHT_DAYS) {
        return Ok(None);
    }
    let counted = web.desk.observations.by_kiosk(web.desk.ground(), (period.start(), period.last()), ward);
    counted.map(Some).map_err(|error| Failure::internal(&error))
}

fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let all = view.by_ward.all();
    let rate = all.rate();
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Contacts" }
        div.head {
            div {
                h1 { "Contacts and response rates" }
                p.lede { (name_of(view)) ", " (words::period(&view.period)) ", " (words::days(view.period.start(), view.period.last())) }
            }
            (picker(web, view))
        }
        p.strip {
            span { strong { (words::count(all.approached())) } " approached" }
            span { strong { (words::count(all.answered())) } " answered" }
            @match (rate.value, words::interval(&rate, Scale::PerCent)) {
                (Some(value), Some(interval)) => span { "response rate " strong { (Scale::PerCent.write(value)) } ", 95% interval " (interval) " (n " (words::count(rate.n)) ")" },
                _ => span { "nobody has been approached (n 0)" },
            }
        }
        div.stack {
            (wards(view))
            (modes(view))
            (fortnights(view))
            (kiosks(view))
        }
    };
    layout::frame(
        web,
        viewer,
        &Page { title: "Contacts and response rates", place: Place::Office, live: false },
        &content,
    )
}

fn name_of(view: &View) -> &str {
    match (&view.ward, view.wards.first()) {
        (Some(_), Some((_, name))) => name,
        _ => "All wards",
    }
}

fn picker(web: &Web, view: &View) -> Markup {
    html! {
        form.period method="get" action="/office/contacts" {
            div {
                label for="ward" { "Of" }
                select id="ward" name="ward" {
                    option value="" { "All wards" }
                    @for entry in web.desk.world.directory.wards() { option value=(entry.id) selected[view.ward.as_ref() == Some(&entry.id)] { (entry.name) } }
                }
            }
            (ward::periods(web, ("period", "period"), &view.period))
            button.action.quiet type="submit" { "Show" }
        }
    }
}

fn wards(view: &View) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="wards" {
            h2 id="wards" { "By ward" }
            p.aside {
                "In the order of the directory, and no ranks: with these intervals an order would be mostly chance. Whatever the reason was, it stays in the \
                 denominator; whoever had been asked already was counted the first time."
            }
            (table("wards", "Ward", view.wards.iter().map(|(id, name)| (html! { a href=(ward::address(id, Some(&view.period.to_string()))) { (name) } }, view.by_ward.get(id)))))
        }
    }
}

fn modes(view: &View) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="modes" {
            h2 id="modes" { "By how it was gone about" }
            p.aside { "How people are asked can move a score and a rate; a patient alone at a kiosk who walks away is not seen." }
            (table("modes", "How", Mode::ALL.into_iter().map(|mode| (html! { (words::mode(mode)) }, view.by_mode.get(&mode)))))
        }
    }
}

fn fortnights(view: &View) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="fortnights" {
            h2 id="fortnights" { "Fortnight by fortnight" }
            (table("fortnights", "Fortnight", view.by_fortnight.iter().map(|(period, contacts)| (html! { (words::period(period)) " " small { (words::days(period.start(), period.last())) } }, contacts.clone()))))
        }
    }
}

fn kiosks(view: &View) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="kiosks" {
            h2 id="kiosks" { "By kiosk" }
            @match &view.by_kiosk {
                None => p { "For a month or less: kiosks are counted from the log, which takes too long for half a year." },
                Some(by_kiosk) if by_kiosk.all().is_empty() => p { "Nothing has come from any kiosk in these days (n 0)." },
                Some(by_kiosk) => {
                    p.aside { "Which ward was visited with which kiosk. Rounds and volunteers are in no record, so they cannot be counted." }
                    (table("kiosks", "Ward and kiosk", by_kiosk.iter().map(|((ward, kiosk), contacts)| (html! { (ward_name(view, ward)) " " small { (kiosk) } }, contacts.clone()))))
                },
            }
        }
    }
}

fn ward_name(view: &View, id: &WardId) -> String {
    let known = view.wards.iter().find(|(ward, _)| ward == id);
    known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
}

fn table(id: &str, what: &str, rows: impl Iterator<Item = (Markup, Contacts)>) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby=(id) {
            table.cards.contacts {
                thead {
                    tr {
                        th scope="col" { (what) } th.n scope="col" { "Approached" } th.n scope="col" { "Answered" } th.n scope="col" { "In part" } th scope="col" { "Response rate" }
                        @for reason in REASONS { th.n scope="col" { (words::outcome(reason)) } }
                        th.n scope="col" { (words::outcome(Outcome::AlreadyAsked)) }
                    }
                }
                tbody {
                    @for (name, contacts) in rows {
                        tr {
                            th scope="row" { (name) }
                            td.n data-label="Approached" { (words::count(contacts.approached())) }
                            td.n data-label="Answered" { (words::count(contacts.answered())) }
                            td.n data-label="In part" { (words::count(contacts.of(Outcome::Partial))) }
                            td.wide data-label="Response rate" { (rate(&contacts)) }
                            @for reason in REASONS { td.n data-label=(words::outcome(reason)) { (words::count(contacts.of(reason))) } }
                            td.n data-label=(words::outcome(Outcome::AlreadyAsked)) { (words::count(contacts.of(Outcome::AlreadyAsked))) }
                        }
                    }
                }
            }
        }
    }
}

fn rate(contacts: &Contacts) -> Markup {
    let rate = contacts.rate();
    html! {
        @match (rate.value, words::interval(&rate, Scale::PerCent)) {
            (Some(value), Some(interval)) => {
                (charts::bar("Response rate", &rate, Scale::PerCent))
                (Scale::PerCent.write(value)) " " small { "n " (words::count(rate.n)) ", " (interval) }
            },
            _ => "n 0",
        }
    }
}
