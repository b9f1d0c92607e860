//! A ward's page: what its patients said in one period.

use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{Hash, WardId};

use super::alerts::{self, Heeded};
use super::comments::trend::{self, Trends};
use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::presence::{self, Presence};
use super::sheets::choices;
use super::signals::{self, Outlook};
use super::viewer::Viewer;
use super::{Shared, Web, actions, reports, units, words};
use crate::alerts::Audience;
use crate::comments::Released;
use crate::help::Request;
use crate::operations::ActionLine;
use crate::policy;
use crate::scoring::ScoreSheet;

mod parts;

/// Everything a ward's page shows.
pub(crate) struct View {
    pub(super) ward: WardId,
    pub(super) name: String,
    /// The department and the site; whoever may open them is offered the way there.
    pub(super) places: Vec<(Unit, String)>,
    pub(super) beds: u16,
    pub(super) period: Period,
    /// What the fortnights up to the period say.
    pub(super) outlook: Arc<Outlook>,
    /// What the ward does about what patients said, the newest first.
    pub(super) actions: Vec<ActionLine>,
    /// Those that its charts have flags for, with what stands over it has done.
    pub(super) flagged: Vec<ActionLine>,
    pub(super) sheet: Arc<ScoreSheet>,
    pub(super) presence: Presence,
    /// Who asks for help now; nobody on the page of a period that is over.
    pub(super) help: Vec<Request>,
    /// What people wrote, as far as it was released.
    pub(super) comments: Vec<Released>,
    /// What they are about, fortnight by fortnight.
    pub(super) themes: Trends,
    pub(super) final_after_days: u16,
    pub(super) today: Date,
    pub(super) now: Timestamp,
}

impl View {
    /// A period's name for a link, where the page is not that of the present fortnight.
    pub(super) fn asked_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let present = matches!(self.period, Period::Fortnight(_)) && self.period.contains(self.today);
        (!present).then_some(name)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    pub(super) period: Option<String>,
}

/// What changes on the page, rendered once for everybody who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Changes exactly when the markup does.
    pub(crate) version: String,
    pub(crate) html: String,
    /// One sentence for a screen reader.
    pub(crate) said: String,
}

impl Fragment {
    /// What changes on a page, with what a screen reader is told of it.
    pub(crate) fn new(changes: Markup, said: String) -> Self {
        let html = changes.into_string();
        let version = Hash::of(html.as_bytes()).to_string().chars().take(16).collect();
        Self { version, html, said }
    }
}

/// The period that was asked for; the present fortnight when none was.
pub(crate) fn period(web: &Web, asked: Option<&str>) -> Result<Period, Failure> {
    let calendar = web.desk.scoring.calendar();
    let today = web.today();
    let Some(text) = asked.filter(|text| !text.is_empty()) else {
        let fortnight = calendar.fortnight_of(today);
        return fortnight.map(Period::Fortnight).map_err(|error| Failure::internal(&error));
    };
    let period = calendar.period(text).map_err(|error| Failure::bad_request(sentence(&error.to_string())))?;
    if period.start() > today {
        let detail = format!("{} begins on {}.", words::period(&period), words::day(period.start()));
        return Err(Failure::new(StatusCode::NOT_FOUND, "That has not begun yet", detail));
    }
    Ok(period)
}

/// A fragment of an error as a sentence.
pub(crate) fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// The ward a path names.
pub(crate) fn ward_of(web: &Web, id: &str) -> Result<WardId, Failure> {
    let unknown = || Failure::unknown_ward(id);
    let ward = WardId::new(id).map_err(|_| unknown())?;
    web.desk.world.directory.ward(&ward).map(|entry| entry.id.clone()).ok_or_else(unknown)
}

/// Everything the page shows. Reads the facts; takes about a millisecond.
pub(crate) fn view(web: &Web, ward: &WardId, period: Period) -> Result<View, Failure> {
    let directory = &web.desk.world.directory;
    let entry = directory.ward(ward).ok_or_else(|| Failure::unknown_ward(ward.as_str()))?;
    let scoring = &web.desk.scoring;
    let (today, unit) = (web.today(), Unit::Ward(ward.clone()));
    let (sheet, outlook, actions, flagged) = {
        let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
        let sheet = web.sheets.get(&facts, scoring, &period, &unit, today);
        let actions = signals::actions(web, &facts, Some(&unit));
        let flagged = web.books().flagged(&unit, &actions);
        (
            sheet.map_err(|error| Failure::internal(&error))?,
            Outlook::of(web, &facts, &unit, &period)?,
            actions,
            flagged,
        )
    };
    let help = if period.contains(today) { web.desk.help.of_ward(ward, web.now()) } else { Vec::new() };
    let comments = web.desk.comments.released(&unit, &period, policy::Audience::Ward);
    let places = [Unit::Department(entry.department.clone()), Unit::Site(entry.site.clone())];
    let places = places.into_iter().filter_map(|unit| scoring.unit_name(&unit).map(|name| (unit, name)));
    Ok(View {
        ward: ward.clone(),
        name: entry.name.clone(),
        places: places.collect(),
        beds: entry.beds,
        period,
        outlook,
        actions,
        flagged,
        sheet,
        presence: presence::of_ward(web, ward),
        help,
        comments: comments.map_err(|error| Failure::internal(&error))?,
        themes: trend::of(web, &unit, &period)?,
        final_after_days: scoring.final_after_days(),
        today,
        now: web.now(),
    })
}

/// The part of the page that changes.
pub(crate) fn fragment(web: &Web, view: &View, heeded: &Heeded) -> Fragment {
    let changes = html! {
        (alerts::notice(web, heeded))
        (parts::body(view, web.desk.scoring.calendar()))
    };
    Fragment::new(changes, parts::said(view))
}

/// Whose alerts a ward's page shows to somebody.
pub(crate) fn heeded(web: &Web, viewer: &Viewer, ward: &WardId) -> Heeded {
    Heeded::of(web, viewer, &[Audience::Ward(ward.clone())])
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    let period = period(&web, asked.period.as_deref())?;
    page_off_thread(&web, move |web| {
        let view = view(web, &ward, period)?;
        let fragment = fragment(web, &view, &heeded(web, &viewer, &ward));
        Ok(render(web, &viewer, &view, &fragment, asked.period.as_deref()))
    })
    .await
}

/// A whole page, drawn as [`off_thread`] does it and counted in the metrics with the time it took.
pub(crate) async fn page_off_thread(
    web: &Shared,
    draw: impl FnOnce(&Web) -> Result<Markup, Failure> + Send + 'static,
) -> Result<Response, Failure> {
    let started = std::time::Instant::now();
    let html = off_thread(web, move |web| draw(web).map(Markup::into_string)).await?;
    web.desk.metrics.answered(started.elapsed());
    Ok(Html(html).into_response())
}

/// Does what reads facts on a thread that may wait for their lock.
pub(crate) async fn off_thread<T: Send + 'static>(
    web: &Shared,
    work: impl FnOnce(&Web) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let web = Arc::clone(web);
    match tokio::task::spawn_blocking(move || work(&web)).await {
        Ok(result) => result,
        Err(error) => Err(Failure::internal(&format!("render a page: {error}"))),
    }
}

/// The address of a ward's page in a period; the present fortnight has none of its own, so that it moves on by itself.
pub(crate) fn address(ward: &WardId, period: Option<&str>) -> String {
    period.map_or_else(|| format!("/ward/{ward}"), |period| format!("/ward/{ward}?period={period}"))
}

fn render(web: &Web, viewer: &Viewer, view: &View, fragment: &Fragment, asked: Option<&str>) -> Markup {
    let asked = asked.filter(|text| !text.is_empty()).map(|_| view.period.to_string());
    let stream = asked.as_ref().map_or_else(
        || format!("/ward/{}/stream", view.ward),
        |name| format!("/ward/{}/stream?period={name}", view.ward),
    );
    let content = html! {
        p.crumbs {
            a href="/" { "Wards" }
            @for (unit, name) in view.places.iter().filter(|(unit, _)| web.reads(viewer, unit)) {
                @if let Some(address) = units::address(unit, None) { " › " a href=(address) { (name) } }
            }
        }
        div.head {
            div {
                h1 { (view.name) }
                p.lede { (words::of(u64::from(view.beds), "bed", "beds")) }
            }
            (picker(web, &address(&view.ward, None), view.period, asked.is_some()))
        }
        (reports::links(&papers(view)))
        p.strip.no-print {
            span #live-state.live data-state="still" { "These are the numbers when the page was opened. Reload for newer ones." }
        }
        div #live.stack.looks-on[web.enter(viewer, policy::Place::Help(&view.ward)).is_err()] data-stream=(stream) data-version=(fragment.version) {
            (maud::PreEscaped(&fragment.html))
        }
        p #live-said.hidden role="status" aria-live="polite" {}
        @if actions::may(web, viewer, &Unit::Ward(view.ward.clone())) {
            (actions::link(&address(&view.ward, None)))
        }
    };
    layout::frame(web, viewer, &Page { title: &view.name, place: Place::Ward, live: true }, &content)
}

/// The ward's papers.
fn papers(view: &View) -> [(String, &'static str); 3] {
    let (ward, period) = (&view.ward, view.period);
    [
        (format!("/ward/{ward}/report.pdf?period={period}"), "these days"),
        (format!("/ward/{ward}/poster.pdf"), "poster of what patients say"),
        (format!("/ward/{ward}/you-said.pdf"), "poster “you said, we did”"),
    ]
}

/// The periods there are as a form's choice, with its id and the name it is sent under.
pub(super) fn periods(web: &Web, (id, name): (&str, &str), shown: &Period) -> Markup {
    html! {
        div {
            label for=(id) { "Fortnight, month or half year" }
            select id=(id) name=(name) {
                @for (label, periods) in &choices(web.desk.scoring.calendar(), web.today()) {
                    optgroup label=(label) {
                        @for period in periods { option value=(period) selected[period == shown] { (words::period(period)) } }
                    }
                }
            }
        }
    }
}

/// Chooses another period; a plain form, so that it works without a script. `own` says that a period was asked for.
pub(crate) fn picker(web: &Web, address: &str, shown: Period, own: bool) -> Markup {
    let name_of_shown = shown.to_string();
    let option = |period: &Period| {
        let name = period.to_string();
        let days = words::days(period.start(), period.last());
        let text = match period {
            Period::Fortnight(fortnight) => format!("{}: {days}", fortnight.number()),
            _ => words::period(period),
        };
        html! { option value=(name) selected[name == name_of_shown] { (text) } }
    };
    let groups = choices(web.desk.scoring.calendar(), web.today());
    let listed = groups.iter().any(|(_, periods)| periods.contains(&shown));
    html! {
        form.period method="get" action=(address) {
            div {
                label for="period" { "Fortnight, month or half year" }
                select id="period" name="period" {
                    @if !listed { (option(&shown)) }
                    @for (label, periods) in &groups {
                        optgroup label=(label) { @for period in periods { (option(period)) } }
                    }
                }
            }
            button.action.quiet type="submit" { "Show" }
            @if own { a.action.link href=(address) { "This fortnight" } }
        }
    }
}
