//! What the pages of wards and of larger units show of a score sheet, one function a part. Every part is a section with an id of its
//! own, so that the script of an open page can leave alone those that stayed the same.

use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::Hash;

use super::charts::{self, Window, icons, tables};
use super::signals::{self, Outlook};
use super::words::{self, Scale};
use super::{like_for_like, units};
use crate::operations::ActionLine;
use crate::scoring::{
    DomainSheet, Figure, Measure, PlanSheet, ScoreSheet, Signal, Standing, assurance_words, variation_words,
};

/// A unit in a period, as the parts of its page see it.
pub(crate) struct About<'a> {
    pub(crate) unit: &'a Unit,
    pub(crate) period: &'a Period,
    /// The period's name for links; none where they go on with the present fortnight.
    pub(crate) asked: Option<&'a str>,
    pub(crate) sheet: &'a ScoreSheet,
    pub(crate) outlook: &'a Outlook,
    /// The actions that charts have flags for.
    pub(crate) actions: &'a [ActionLine],
    pub(crate) final_after_days: u16,
    pub(crate) today: Date,
}

impl About<'_> {
    /// Whether the period still runs.
    pub(crate) fn is_running(&self) -> bool {
        self.period.contains(self.today)
    }

    /// The address of a measure's own page.
    pub(crate) fn link(&self, measure: &Measure) -> String {
        signals::address(self.unit, measure, self.asked)
    }
}

/// How the numbers stand now, in one sentence for a screen reader.
pub(crate) fn said(sheet: &ScoreSheet) -> String {
    let overall = &sheet.overall;
    overall.value.map_or_else(
        || format!("Updated: {}.", words::of(sheet.responses, "answer", "answers")),
        |value| {
            format!("Updated: overall {} out of 10 from {}.", Scale::Points.write(value), words::people(overall.n))
        },
    )
}

/// Which days, and whether they may still fill. `heard` says what was heard from lately, `silent` what was not.
pub(crate) fn standing(about: &About<'_>, heard: Option<&str>, silent: &Markup) -> Markup {
    let sheet = about.sheet;
    let until = about.period.last().saturating_add(i32::from(about.final_after_days).days());
    let running = about.is_running();
    html! {
        section #standing aria-label="Period and standing" {
            p.strip {
                strong { (words::period(about.period)) }
                span { (words::days(about.period.start(), about.period.last())) }
                @match sheet.standing {
                    Standing::Provisional => span.tag { "Provisional" },
                    Standing::Final => span.tag.final { "Final" @if sheet.revision > 1 { ", revision " (sheet.revision) } },
                }
                @match sheet.standing {
                    Standing::Provisional if running => span { "Still open: answers count as they come in." },
                    Standing::Provisional => { span { "Late answers count until " (words::day(until)) "." } }
                    Standing::Final if sheet.revision > 1 => span { "Counted again since it was first final, with what came late or was corrected." },
                    Standing::Final => {}
                }
                @if let Some(heard) = heard { span { (heard) } }
            }
            (silent)
            @if sheet.responses == 0 {
                div.note {
                    strong { "No answers " (if running { "yet" } else { "came" }) " for these days." }
                    " There is no score, which does not mean that the score is low."
                }
            }
        }
    }
}

/// The overall score, the plan, who was reached and how. `trend` stands below the score.
pub(crate) fn glance(about: &About<'_>, trend: &Markup) -> Markup {
    let figure = &about.sheet.overall;
    html! {
        section #overall.glance aria-label="At a glance" {
            div.sheet.overall {
                h2 { "Overall" }
                @match figure.value {
                    Some(value) => {
                        p.number { b { (Scale::Points.write(value)) } span { "out of 10" } }
                        (charts::bar("Overall", figure, Scale::Points))
                        div.scale aria-hidden="true" { span { "0" } span { "5" } span { "10" } }
                    }
                    None => p.number { span.none { "No score" } },
                }
                p { (n_and_interval(figure, Scale::Points)) }
                @if let Some(before) = &about.sheet.previous {
                    p.aside {
                        a href=[units::address(about.unit, Some(&before.period))] { (before_word(about.period)) }
                        ": " (words::figure(&before.overall, Scale::Points))
                    }
                }
                (like_for_like::overall(about.sheet))
                (trend)
            }
            (reach(about))
        }
    }
}

/// The plan, the response rate, the mode mix and what came of everybody.
fn reach(about: &About<'_>) -> Markup {
    let sheet = about.sheet;
    html! {
        div.sheet {
            h2 { "Who we heard from" }
            dl.facts {
                @if let Some(plan) = &sheet.plan { (plan_of(about, plan)) }
                div {
                    dt { "Response rate" }
                    dd {
                        @match sheet.response_rate.value {
                            Some(rate) => {
                                b { (Scale::PerCent.write(rate)) } " "
                                span { "of " (words::people(sheet.response_rate.n)) " asked" }
                            }
                            None => b { "–" },
                        }
                        @if let Some(interval) = words::interval(&sheet.response_rate, Scale::PerCent) {
                            div.small { "95% interval " (interval) }
                        }
                        @if sheet.response_rate.value.is_none() { div.small { "n 0: nobody was asked" } }
                    }
                }
                div {
                    dt { "How they answered" }
                    dd {
                        @for mode in Mode::ALL {
                            @let count = sheet.modes.get(&mode).copied().unwrap_or(0);
                            @if count > 0 { div { strong { (words::count(count)) } " " (words::mode(mode)) } }
                        }
                        @if sheet.responses == 0 { div.small { "n 0: nobody answered" } }
                        @else { div.small { "How people are asked can move a score." } }
                    }
                }
            }
            (people(sheet))
        }
    }
}

fn plan_of(about: &About<'_>, plan: &PlanSheet) -> Markup {
    let running = about.is_running();
    let left = about.today.until(about.period.last()).map_or(0, |span| span.get_days()) + 1;
    let to_go = plan.quota.saturating_sub(plan.done);
    html! {
        div {
            dt { "Plan" }
            dd {
                b { (words::count(plan.done)) " of " (words::count(plan.quota)) } " "
                span { (if running { "this fortnight" } else { "answers" }) }
                (charts::progress("Plan", plan.done, plan.quota))
                div.small {
                    @if to_go == 0 { "The plan is met." }
                    @else if running { (words::count(to_go)) " to go, " (words::of(u64::try_from(left).unwrap_or(0), "day", "days")) " left" }
                    @else { (words::count(to_go)) " short of the plan" }
                }
            }
        }
    }
}

/// Everybody who was approached, and what came of it.
fn people(sheet: &ScoreSheet) -> Markup {
    let contacts = &sheet.contacts;
    let total: u64 = contacts.values().sum();
    let came_of_it =
        Outcome::ALL.into_iter().map(|outcome| (outcome, contacts.get(&outcome).copied().unwrap_or(0)));
    html! {
        h3 { "Everybody who was approached: " (words::people(total)) }
        @if total > 0 {
            dl.tallies.side-by-side {
                @for (outcome, count) in came_of_it.filter(|(outcome, count)| *count > 0 || outcome.has_response()) {
                    div.zero[count == 0] { dt { (words::outcome(outcome)) } dd { (words::count(count)) } }
                }
            }
        }
    }
}

pub(crate) fn before_word(period: &Period) -> &'static str {
    match period {
        Period::Fortnight(_) => "Fortnight before",
        Period::Month { .. } => "Month before",
        Period::HalfYear { .. } => "Half year before",
        Period::RollingHalfYear { .. } => "Six months before",
        Period::Days { .. } => "As many days before",
    }
}

/// The n and the interval under a big number, or why there is none.
fn n_and_interval(figure: &Figure, scale: Scale) -> Markup {
    html! {
        "n " (words::count(figure.n))
        @if let Some(interval) = words::interval(figure, scale) { ", 95% interval " (interval) }
        @if let Some(why) = &figure.why { ": " (why) }
    }
}

/// A small chart with the finding in words below it.
pub(crate) fn chart(about: &About<'_>, signal: &Signal, window: Window) -> Markup {
    let events = signals::events(about.actions, &signal.measure);
    html! {
        @if !signal.points.is_empty() || signal.provisional.is_some() {
            (signals::small(signal, window, &events))
        }
        div.said {
            (icons::variation(signal))
            a href=(about.link(&signal.measure)) { (variation_words(signal)) span.hidden { ": the chart of " (signal.label) } }
            @if let (Some(icon), Some(said)) = (icons::assurance(signal), assurance_words(signal)) { (icon) span { (said) } }
        }
    }
}

/// Each domain: its score, its bar, its control chart, and what people answered.
pub(crate) fn domains(about: &About<'_>, window: Window) -> Markup {
    html! {
        section #domains.sheet.flows aria-labelledby="domains-title" {
            h2 id="domains-title" { "What care was like" }
            p.aside {
                "The bar is the score from 0 to 10, the mark on it the 95% interval. The chart is the last fortnights, from "
                (window.from) " to " (window.to) " points: a dot each, the mean as a line, the limits of chance in dashes. A large dot is "
                "better than chance gives, a diamond worse, a hollow dot still open; "
                @match about.unit {
                    Unit::Ward(_) => "a flag is an action; ",
                    Unit::Department(_) | Unit::Site(_) | Unit::Specialty(_) => "a flag is an action, its own or of one of its wards; ",
                    Unit::Trust(_) => "a flag is an action of the trust; ",
                    Unit::Consultant(_) => "",
                }
                "a gap means that nobody answered. Where no score can cross the upper limit, what the problems say stands below."
            }
            ul.domains {
                @for domain in &about.sheet.domains { (domain_of(about, domain, window)) }
            }
        }
    }
}

fn domain_of(about: &About<'_>, domain: &DomainSheet, window: Window) -> Markup {
    let figure = &domain.figure;
    let signal = about.outlook.get(&Measure::Domain(domain.id.clone()));
    let problems = about.outlook.get(&Measure::DomainProblem(domain.id.clone()));
    let top = charts::round_top(about.sheet.responses);
    html! {
        li.domain {
            h3 { (domain.label) }
            (signals::value(figure))
            div.bar-cell { (charts::bar(&domain.label, figure, Scale::Points)) }
            @if let Some(signal) = signal {
                div.trend-cell {
                    (chart(about, signal, window))
                    @if let Some(problems) = problems.filter(|_| signal.near_ceiling) {
                        div.said {
                            (icons::variation(problems))
                            a href=(about.link(&problems.measure)) { (variation_words(problems)) " in problems" }
                        }
                    }
                }
            }
            details id=(format!("answers-{}", domain.id)) {
                summary id=(format!("answers-{}-title", domain.id)) { "Answers and numbers" span.hidden { " about " (domain.label) } }
                @for question in &domain.questions { (charts::answers(question, top)) }
                (like_for_like::domain(about.sheet, &domain.id))
                @if let Some(signal) = signal { (tables::of_signal(signal)) }
            }
        }
    }
}

/// The friends and family test.
pub(crate) fn friends_and_family(about: &About<'_>) -> Markup {
    let sheet = &about.sheet.friends_and_family;
    let counts = &sheet.counts;
    let share = |name: &str, said: &str, figure: &Figure| {
        html! {
            div.share {
                b { (figure.value.map_or_else(|| "–".to_owned(), |value| Scale::PerCent.write(value))) }
                span { (said) }
                (charts::bar(name, figure, Scale::PerCent))
                span.small { (n_and_interval(figure, Scale::PerCent)) }
            }
        }
    };
    let rows = [
        ("Very good", counts.very_good),
        ("Good", counts.good),
        ("Neither good nor poor", counts.neither),
        ("Poor", counts.poor),
        ("Very poor", counts.very_poor),
        ("Don’t know", counts.dont_know),
    ];
    html! {
        section #friends-and-family.sheet aria-labelledby="friends-title" {
            h2 id="friends-title" { "Friends and family test" }
            p.aside { "“Overall, how was your experience of our service?” Everybody who answered counts, “don’t know” too." }
            div.pair {
                div {
                    (share("Positive", "said very good or good", &sheet.positive))
                    (share("Negative", "said poor or very poor", &sheet.negative))
                    @if let Some(signal) = about.outlook.get(&Measure::FriendsAndFamily) {
                        div.trend { (chart(about, signal, Window::of(std::iter::once(signal)))) }
                    }
                }
                dl.tallies {
                    @for (label, count) in rows {
                        div.zero[count == 0] { dt { (label) } dd { (words::count(count)) } }
                    }
                }
            }
        }
    }
}

/// What is left out of a sheet, and why, a line each.
pub(crate) fn unshown(sheet: &ScoreSheet) -> Vec<String> {
    let without = sheet.domains.iter().filter(|domain| domain.figure.value.is_none());
    let mut lines: Vec<String> = without
        .map(|domain| {
            let why = domain.figure.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{}: no score, n {}{why}.", domain.label, words::count(domain.figure.n))
        })
        .collect();
    if sheet.responses_elsewhere > 0 {
        let answers = words::of(sheet.responses_elsewhere, "answer", "answers");
        lines.push(format!(
            "{answers} to other questionnaires, or to another version of this one: counted apart, not in these figures."
        ));
    }
    lines
        .push("What people wrote: a person reads and passes each comment before anybody else sees it.".to_owned());
    let always = if matches!(sheet.unit, Unit::Ward(_)) {
        [
            "Age, sex and kind of admission: few people could be recognised on one ward.",
            "Consultants: a fortnight on one ward is too few people for a fair figure.",
            "Other wards’ places: with these intervals an order would be mostly chance.",
        ]
    } else {
        [
            "Age, sex and kind of admission: who is missing stands on the board’s page, for the whole trust.",
            "Consultants: what is shown of one has rules of its own, and stands on the consultant’s page alone.",
            "An order of wards: with these intervals it would be mostly chance.",
        ]
    };
    lines.extend(always.map(str::to_owned));
    lines
}

/// What is left out, and why. Leaving out in silence would be a kind of lie.
pub(crate) fn not_shown(sheet: &ScoreSheet) -> Markup {
    html! {
        section #not-shown.sheet aria-labelledby="not-shown-title" {
            h2 id="not-shown-title" { "What is not shown here" }
            ul.unshown { @for line in unshown(sheet) { li { (line) } } }
        }
    }
}

/// Which rules and questions made these numbers.
pub(crate) fn versions(about: &About<'_>) -> Markup {
    let short = |hash: &Hash| hash.to_string().chars().take(12).collect::<String>();
    let (definition, questionnaire) = (&about.sheet.definition, &about.sheet.questionnaire);
    html! {
        p #versions.versions.small {
            "Scored by definition " code { (definition.id) "@" (definition.version) " " (short(&definition.hash)) }
            ", questionnaire " code { (questionnaire.id) "@" (questionnaire.version) " " (short(&questionnaire.hash)) }
            ", revision " (about.sheet.revision) ". "
            a.no-print href=(format!("/api/v1/scores?unit={}&period={}", about.unit, about.period)) { "The same as data" } " · "
            a.no-print href=(format!("/beside?unit={}&period={}", about.unit, about.period)) { "By other rules, and what else was asked" }
        }
    }
}
