//! Plan and quotas: what the fortnight aims at, how far each ward is, how it was gone about, and who is missing; and the way to
//! change it.

use std::sync::{Arc, PoisonError};

use axum::Form;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::directory::{Unit, WardEntry};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use crate::audit::Deed;
use crate::help::StaffRole;
use crate::planning::{MAX_REASON_CHARACTERS, PlanChange, PlanDecision, PlanWish, Target};
use crate::scoring::{GroupSheet, Plan, ScoreSheet, WardPlan};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::sheets::choices;
use crate::web::viewer::Viewer;
use crate::web::ward::{self, off_thread, page_off_thread, period, sentence, ward_of};
use crate::web::words::{self, Scale};
use crate::web::{Shared, Web, charts};

/// So many decisions are shown.
const SHOWN: usize = 50;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    period: Option<String>,
    ward: Option<String>,
    changed: Option<u32>,
}

/// What the form says. Texts, because an empty field is no number.
#[derive(Debug, Deserialize)]
pub(crate) struct Changed {
    #[serde(default)]
    ward: String,
    #[serde(default)]
    beds: String,
    #[serde(default)]
    how: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    reason: String,
}

struct View {
    period: Period,
    today: Date,
    plan: Arc<Plan>,
    trust: Arc<ScoreSheet>,
    wards: Vec<Row>,
    /// The ward that is to be changed.
    chosen: Option<WardId>,
    decisions: Vec<PlanDecision>,
    /// What has just been decided.
    changed: Option<u32>,
}

struct Row {
    entry: WardEntry,
    planned: WardPlan,
    sheet: Arc<ScoreSheet>,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let shown = period(&web, asked.period.as_deref())?;
    if !matches!(shown, Period::Fortnight(_)) {
        return Err(Failure::bad_request("Only a fortnight has a plan: write it as 2026-F23."));
    }
    page_off_thread(&web, move |web| Ok(render(web, &viewer, &view(web, shown, &asked)?))).await
}

/// Changes the plan from the present fortnight on.
pub(crate) async fn change(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Form(form): Form<Changed>,
) -> Result<Response, Failure> {
    let wish = wish(&form)?;
    let by: StaffRole = viewer.name().parse().map_err(|error| Failure::internal(&error))?;
    off_thread(&web, move |web| {
        let about = wish.ward.as_ref().map_or_else(|| "plan:trust".to_owned(), |ward| format!("plan:{ward}"));
        web.note(viewer.name(), Deed::ChangedPlan, Some(&about), Some(wish.reason.trim()))?;
        let decided = (web.desk.plan)(&wish, &by).map_err(|error| Failure::bad_request(sentence(&error)))?;
        let number = decided.last().map_or(0, |decision| decision.number);
        Ok(Redirect::to(&format!("/office/plan?changed={number}#decisions")).into_response())
    })
    .await
}

fn wish(form: &Changed) -> Result<PlanWish, Failure> {
    let ward = match form.ward.trim() {
        "" => None,
        id => Some(id.parse().map_err(|_| Failure::bad_request(format!("There is no ward “{id}”.")))?),
    };
    let number = |field: &str, text: &str| -> Failure {
        Failure::bad_request(format!("{field} must be a whole number; you wrote “{text}”."))
    };
    let beds = match form.beds.trim() {
        "" => None,
        text => Some(text.parse().map_err(|_| number("Beds", text))?),
    };
    let target = match (form.how.as_str(), form.target.trim()) {
        ("share", _) => Some(Target::Share),
        (_, "") => None,
        (_, text) => Some(Target::Responses(text.parse().map_err(|_| number("The target", text))?)),
    };
    Ok(PlanWish { ward, beds, target, reason: form.reason.clone() })
}

fn view(web: &Web, shown: Period, asked: &Asked) -> Result<View, Failure> {
    let (scoring, today) = (&web.desk.scoring, web.today());
    let plan = scoring.plan(shown.start());
    let directory = &web.desk.world.directory;
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let wards = directory.wards().iter().map(|entry| Unit::Ward(entry.id.clone()));
    let prepared = web.sheets.prepare(&facts, scoring, &shown, wards, today);
    prepared.map_err(|error| Failure::internal(&error))?;
    let sheet = |unit: &Unit| {
        web.sheets.get(&facts, scoring, &shown, unit, today).map_err(|error| Failure::internal(&error))
    };
    let trust = sheet(&Unit::Trust(directory.file().trust.id.clone()))?;
    let mut wards = Vec::new();
    for (entry, planned) in directory.wards().iter().zip(plan.wards()) {
        let sheet = sheet(&Unit::Ward(entry.id.clone()))?;
        wards.push(Row { entry: entry.clone(), planned: *planned, sheet });
    }
    let chosen = asked.ward.as_deref().filter(|id| !id.is_empty());
    let chosen = chosen.map(|id| ward_of(web, id)).transpose()?;
    let decisions = web.desk.planning.decisions();
    Ok(View { period: shown, today, plan, trust, wards, chosen, decisions, changed: asked.changed })
}

impl View {
    /// How many days are left, today counted; none when the fortnight is over.
    fn days_left(&self) -> Option<u64> {
        let left = self.today.until(self.period.last()).ok()?.get_days() + 1;
        u64::try_from(left).ok().filter(|left| *left > 0)
    }

    /// The share of the fortnight's days that are gone, today not counted.
    fn gone(&self) -> f64 {
        self.days_left().map_or(1.0, |left| 1.0 - left as f64 / 14.0)
    }

    fn name_of(&self, ward: &str) -> String {
        let row = self.wards.iter().find(|row| row.entry.id.as_str() == ward);
        row.map_or_else(|| ward.to_owned(), |row| row.entry.name.clone())
    }
}

/// How a ward is placed, in words. "Behind" is said only where the days gone by would give clearly more: by two standard deviations
/// of a count, so that a quiet day is not a reproach.
fn pace(done: u64, quota: u64, gone: f64) -> &'static str {
    let due = quota as f64 * gone;
    if quota == 0 {
        "no plan"
    } else if done >= quota {
        "met"
    } else if gone >= 1.0 {
        "not met"
    } else if (done as f64) < due - 2.0 * due.sqrt() {
        "behind"
    } else {
        "on course"
    }
}

fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let (done, quota) = (view.trust.responses, u64::from(view.plan.quotas().iter().sum::<u32>()));
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Plan" }
        div.head {
            div {
                h1 { "Plan and quotas" }
                p.lede { (words::period(&view.period)) ", " (words::days(view.period.start(), view.period.last())) }
            }
            (picker(web, view))
        }
        p.strip {
            span { strong { (words::count(done)) } " of " (words::count(quota)) " planned answers" }
            @match (quota.saturating_sub(done), view.days_left()) {
                (0, _) => span { "the plan is met" },
                (to_go, Some(left)) => {
                    span { strong { (words::count(to_go)) } " to go" }
                    span { strong { (words::of(left, "day", "days")) } " left" }
                },
                (short, None) => span { strong { (words::count(short)) } " short of the plan" },
            }
        }
        div.stack {
            (wards(view))
            (missing(view))
            (forms(view))
            (decisions(web, view))
        }
    };
    layout::frame(web, viewer, &Page { title: "Plan and quotas", place: Place::Office, live: false }, &content)
}

fn picker(web: &Web, view: &View) -> Markup {
    let groups = choices(web.desk.scoring.calendar(), web.today());
    html! {
        form.period method="get" action="/office/plan" {
            div {
                label for="period" { "Fortnight" }
                select id="period" name="period" {
                    @for (_, periods) in groups.iter().take(1) {
                        @for period in periods { option value=(period) selected[*period == view.period] { (words::period(period)) } }
                    }
                }
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

fn wards(view: &View) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="wards" {
            h2 id="wards" { "Wards" }
            p.aside {
                "In the order of the directory. Approached counts every patient once, whatever came of it; how people were asked is that of \
                 the answers. “Behind” is said only where the days gone by would give clearly more."
            }
            div.scroller tabindex="0" role="group" aria-labelledby="wards" {
                table.cards.plan {
                    thead {
                        tr {
                            th scope="col" { "Ward" } th.n scope="col" { "Beds" } th.n scope="col" { "Target" } th scope="col" { "Answers" }
                            th scope="col" { "Stands" } th.n scope="col" { "Approached" }
                            @for mode in Mode::ALL { th.n scope="col" { (sentence_case(words::mode(mode))) } }
                            th scope="col" { span.hidden { "Change" } }
                        }
                    }
                    tbody { @for row in &view.wards { (ward_row(view, row)) } }
                }
            }
        }
    }
}

fn ward_row(view: &View, row: &Row) -> Markup {
    let plan = row.sheet.plan;
    let (done, quota) = plan.map_or((row.sheet.responses, 0), |plan| (plan.done, plan.quota));
    let approached = row.sheet.response_rate.n;
    html! {
        tr {
            th scope="row" { a href=(ward::address(&row.entry.id, None)) { (row.entry.name) } }
            td.n data-label="Beds" { (row.planned.beds) }
            td.n data-label="Target" { (words::count(quota)) " " small { (if row.planned.own.is_some() { "its own" } else { "by its beds" }) } }
            td.wide data-label="Answers" {
                (words::count(done)) " of " (words::count(quota))
                (charts::progress("Plan", done, quota))
            }
            td data-label="Stands" {
                (pace(done, quota, view.gone()))
                @if let Some(left) = view.days_left() && done < quota { " " small { (words::count(quota - done)) " to go, " (words::of(left, "day", "days")) " left" } }
            }
            td.n data-label="Approached" { (words::count(approached)) }
            @for mode in Mode::ALL {
                td.n data-label=(sentence_case(words::mode(mode))) { (words::count(row.sheet.modes.get(&mode).copied().unwrap_or(0))) }
            }
            td { a href=(format!("/office/plan?ward={}#change", row.entry.id)) { "Change" span.hidden { " the plan of " (row.entry.name) } } }
        }
    }
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// Who is missing among the answers of the trust, and what kept people from answering.
fn missing(view: &View) -> Markup {
    let sheet = &view.trust;
    let lags = |group: &&GroupSheet| {
        group.share.upper.zip(group.expected).is_some_and(|(upper, expected)| upper < expected)
    };
    let few: Vec<&GroupSheet> = sheet.coverage.groups.iter().filter(lags).collect();
    let reasons =
        Outcome::ALL.into_iter().filter(|outcome| !outcome.has_response() && *outcome != Outcome::AlreadyAsked);
    html! {
        section.sheet aria-labelledby="missing" {
            h2 id="missing" { "Who is missing" }
            @if sheet.responses == 0 {
                p { "Nobody has answered in this fortnight yet (n 0)." }
            } @else if few.is_empty() {
                p { "No group is smaller among the answers than chance gives (n " (words::count(sheet.responses)) ")." }
            } @else {
                p { "Fewer answers than expected, beyond chance:" }
                ul { @for group in &few { li { (group_words(view, group)) } } }
            }
            p.small {
                "Of " (words::people(sheet.response_rate.n)) " approached without an answer: "
                (reasons.map(|outcome| {
                    let count = sheet.contacts.get(&outcome).copied().unwrap_or(0);
                    format!("{} {}", words::outcome(outcome).to_lowercase(), words::count(count))
                }).collect::<Vec<_>>().join(", ")) ". "
                "People are compared with the standard population of the definition, wards with their share of the plan."
            }
        }
    }
}

fn group_words(view: &View, group: &GroupSheet) -> String {
    let per_cent = |value: Option<f64>| value.map(|value| Scale::PerCent.write(value)).unwrap_or_default();
    let name = if group.field == "ward" {
        view.name_of(&group.value)
    } else {
        format!("{}: {}", group.field, group.value)
    };
    let (found, expected) = (per_cent(group.share.value), per_cent(group.expected));
    format!("{name}: {found} of the answers (n {}), {expected} expected", words::count(group.count))
}

/// The two ways to change it: a ward, and the trust as a whole.
fn forms(view: &View) -> Markup {
    let chosen = view.chosen.as_ref().and_then(|id| view.wards.iter().find(|row| row.entry.id == *id));
    html! {
        section #change.sheet aria-labelledby="change-title" {
            h2 id="change-title" { "Change the plan" }
            p.aside {
                "A change holds from the present fortnight on; fortnights that are over keep their plan. Volunteers see it on their tablets within \
                 seconds, where there is a network. It is written down with your account and the reason."
            }
            div.pair {
                form method="post" action="/office/plan" aria-labelledby="of-ward" {
                    h3 id="of-ward" { @match chosen { Some(row) => (row.entry.name), None => "A ward" } }
                    @match chosen {
                        Some(row) => { input type="hidden" name="ward" value=(row.entry.id); },
                        None => (ward_choice(view)),
                    }
                    (field("beds", "Beds", &chosen.map(|row| row.planned.beds.to_string()).unwrap_or_default(), "They weigh the ward’s share"))
                    fieldset {
                        legend { "Target" }
                        div.choices {
                            label { input type="radio" name="how" value="share" checked[chosen.is_some_and(|row| row.planned.own.is_none())]; "By its beds" }
                            label { input type="radio" name="how" value="own" checked[chosen.is_none_or(|row| row.planned.own.is_some())]; "Its own" }
                        }
                        (field("target", "Answers a fortnight, where it is its own", &chosen.and_then(|row| row.planned.own).map(|own| own.to_string()).unwrap_or_default(), ""))
                    }
                    (reason("reason-ward"))
                    p { button.action type="submit" { "Change the ward’s plan" } @if chosen.is_some() { " " a.action.link href="/office/plan#change" { "Another ward" } } }
                }
                form method="post" action="/office/plan" aria-labelledby="of-trust" {
                    h3 id="of-trust" { "The whole trust" }
                    p.small {
                        "Now " (words::count(u64::from(view.plan.total()))) " answers a fortnight. "
                        @let own = view.plan.own_targets();
                        @if own > 0 { "The wards’ own targets come to " (words::count(own)) " of them; the other wards share the rest by their beds." }
                        @else { "The wards share them by their beds." }
                    }
                    (field("target", "Answers a fortnight", &view.plan.total().to_string(), ""))
                    (reason("reason-trust"))
                    p { button.action type="submit" { "Change the trust’s target" } }
                }
            }
        }
    }
}

fn ward_choice(view: &View) -> Markup {
    html! {
        div.field {
            label for="ward" { "Ward" }
            select id="ward" name="ward" required {
                option value="" { "Choose a ward" }
                @for row in &view.wards { option value=(row.entry.id) { (row.entry.name) } }
            }
        }
    }
}

fn field(name: &str, label: &str, value: &str, hint: &str) -> Markup {
    let id = format!("{}-{name}", if label.contains("where") || name == "beds" { "ward" } else { "trust" });
    html! {
        div.field {
            label for=(id) { (label) }
            @if !hint.is_empty() { p.small { (hint) "." } }
            input id=(id) name=(name) type="text" inputmode="numeric" pattern="[0-9]{1,7}" autocomplete="off" value=(value);
        }
    }
}

fn reason(id: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { "Why" }
            input id=(id) name="reason" type="text" required maxlength=(MAX_REASON_CHARACTERS) autocomplete="off";
        }
    }
}

fn decisions(web: &Web, view: &View) -> Markup {
    html! {
        section #decisions.sheet.flows aria-labelledby="decisions-title" {
            h2 id="decisions-title" { "What was decided" }
            @if view.changed.is_some() { p.problem role="status" { "The plan is changed." } }
            @if view.decisions.is_empty() {
                p { "Nothing yet: the trust’s target is that of the settings, and beds are those of the directory." }
            } @else {
                div.scroller tabindex="0" role="group" aria-labelledby="decisions-title" {
                    table {
                        thead { tr { th scope="col" { "When" } th scope="col" { "Of" } th scope="col" { "What" } th scope="col" { "Before" } th scope="col" { "Now" } th scope="col" { "Who" } th scope="col" { "Why" } } }
                        tbody { @for decision in view.decisions.iter().take(SHOWN) { (decision_row(view, decision)) } }
                    }
                }
                @if view.decisions.len() > SHOWN {
                    p.small { "The last " (SHOWN) " of " (words::count(view.decisions.len() as u64)) "; " code { "wardvoice-aggregator plan history" } " gives all." }
                }
            }
            @let differs: Vec<&Row> = view.wards.iter().filter(|row| web.desk.planning.beds_of_directory(&row.entry.id) != web.desk.planning.beds(&row.entry.id)).collect();
            @if !differs.is_empty() {
                p.small { "The directory’s file says other beds for " (differs.iter().map(|row| row.entry.name.as_str()).collect::<Vec<_>>().join(", ")) "; what was decided here counts." }
            }
        }
    }
}

fn decision_row(view: &View, decision: &PlanDecision) -> Markup {
    let of = decision.change.ward().map_or_else(|| "The trust".to_owned(), |ward| view.name_of(ward.as_str()));
    let what = match decision.change {
        PlanChange::Beds { .. } => "Beds",
        PlanChange::Target { .. } | PlanChange::Trust { .. } => "Target",
    };
    html! {
        tr {
            td { (words::day(decision.on)) }
            th scope="row" { (of) }
            td { (what) }
            td { (decision.before) }
            td { strong { (decision.change) } }
            td { (decision.by) }
            td { (decision.reason) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ward_is_behind_only_where_the_days_would_give_clearly_more() {
        let check =
            |done, quota, gone, expected: &str| assert_eq!(pace(done, quota, gone), expected, "{done} of {quota}");
        check(0, 0, 0.5, "no plan");
        check(40, 40, 0.1, "met");
        check(31, 40, 0.9, "on course");
        check(5, 40, 0.5, "behind");
        check(12, 40, 0.5, "on course");
        check(0, 40, 0.0, "on course");
        check(39, 40, 1.0, "not met");
    }
}
