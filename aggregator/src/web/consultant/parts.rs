//! The parts of a consultant's page.

use maud::{Markup, html};

use super::{Own, View};
use crate::appraisal::{Appraisal, CoverageCounts, DomainFigures, InsteadOf};
use crate::disputes::{AttributedContact, Dispute, MAX_CHARACTERS, Ruling};
use crate::policy::Audience;
use crate::scoring::{AttributionSheet, QuestionSheet, ReliabilityBasis, ReliabilitySheet, SourceCounts};
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::words::{self, Scale};
use crate::web::{Web, charts, comments, reports, ward};

pub(super) fn page(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let seen = &view.appraisal;
    let file = web.desk.world.directory.file();
    let specialty =
        file.specialties.iter().find(|entry| entry.id == seen.specialty).map_or("", |entry| &entry.name);
    let content = html! {
        div.head {
            div {
                h1 { (seen.label) }
                p.lede { (specialty) ", six months: " (words::days(seen.first_day, seen.last_day)) }
            }
            (picker(view))
        }
        p.strip {
            span.tag { "Private" }
            span { (private(seen.audience)) }
        }
        @if let Some(instead) = &seen.instead_of { p.note { (instead_of(instead)) } }
        (reports::links(&[(format!("/consultant/{}/appraisal.pdf?window={}", seen.consultant, seen.window), "appraisal")]))
        div.stack {
            (score(seen))
            @if let Some(reliability) = &seen.reliability { (trusted(reliability, seen.patients.unwrap_or(0))) }
            @if let Some(domains) = &seen.domains { (answers(domains, "answers", "What patients said about doctors")) }
            (comments::section(&view.comments))
            @if let Some(specialty) = &seen.specialty_figures {
                (answers(&specialty.domains, "specialty", &format!("The whole specialty: {}, {}", specialty.name, words::of(specialty.responses, "response", "responses"))))
            }
            @if let Some(attribution) = &seen.attribution { (sources(attribution, seen.audience)) }
            @if let Some(coverage) = &seen.coverage { (parts(coverage)) }
            @if let Some(own) = &view.own { (disputes(seen, own)) }
            (withheld(seen))
            (made_of(seen))
        }
    };
    layout::frame(web, viewer, &Page { title: &seen.label, place: Place::Consultant, live: false }, &content)
}

/// Which six months are not shown, and why.
pub(in crate::web) fn instead_of(instead: &InsteadOf) -> String {
    format!("You asked for the six months to {}. {}", words::day(instead.last_day), ward::sentence(instead.why))
}

pub(in crate::web) fn private(audience: Audience) -> &'static str {
    match audience {
        Audience::Consultant => {
            "You see this first. Every look at this page is written down, with the account that looked."
        }
        Audience::Appraiser => "You see this as the appraiser. Every look at this page is written down.",
        _ => {
            "You see what anybody but the consultant and the appraiser may. Every look at this page is written down."
        }
    }
}

fn picker(view: &View) -> Markup {
    let seen = &view.appraisal;
    html! {
        form.period method="get" action=(format!("/consultant/{}", seen.consultant)) {
            div {
                label for="window" { "Six months to" }
                select id="window" name="window" {
                    @for window in &view.windows {
                        @let name = window.to_string();
                        option value=(name) selected[name == seen.window] {
                            (words::day(window.last()))
                        }
                    }
                }
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

/// The score, as far as it is shown, and always why.
fn score(seen: &Appraisal) -> Markup {
    html! {
        section.sheet.overall aria-labelledby="score" {
            h2 id="score" { "Score" }
            @match (&seen.score, seen.patients) {
                (Some(figure), _) if seen.reliable => {
                    p.number {
                        @if let Some(value) = figure.value { b { (Scale::Points.write(value)) } }
                        span { "of " (Scale::Points.write(seen.scale.highest)) ", from " (words::people(figure.n)) }
                    }
                    (charts::bar("Score", figure, Scale::Points))
                    @if let Some(interval) = words::interval(figure, Scale::Points) { p { "95% interval " (interval) "." } }
                }
                (Some(figure), _) => {
                    p.number { span.none { "Not reliable yet" } }
                    p.small { "So far " (words::figure(figure, Scale::Points)) ". A few more patients can move this far in either direction." }
                }
                (None, Some(patients)) => p.number { span.none { (words::of(patients, "patient", "patients")) " so far" } },
                (None, None) => p.number { span.none { "Not shown" } },
            }
            p { (ward::sentence(&seen.why)) }
        }
    }
}

fn trusted(reliability: &ReliabilitySheet, patients: u64) -> Markup {
    html! {
        section.sheet aria-labelledby="reliability" {
            h2 id="reliability" { "How far to trust it" }
            dl.facts {
                div {
                    dt { "Reliability" }
                    dd { b { (format!("{:.2}", reliability.value)) } span { " of 1, from " (words::of(patients, "patient", "patients")) } }
                    @if reliability.value < 0.7 {
                        dd.small { "Below 0.70 a score says little about how one consultant differs from another." }
                    }
                    dd.small { "0.70 takes " (words::of(reliability.needed_for_070, "patient", "patients")) ", 0.80 takes " (words::count(reliability.needed_for_080)) "." }
                }
                @if let (Some(shrunk), Some(mean)) = (reliability.shrunk, reliability.mean_of_all) {
                    div {
                        dt { "Best guess" }
                        dd { b { (format!("{shrunk:.1}")) } }
                        dd.small {
                            "The score, drawn to the mean of all consultants' patients (" (format!("{mean:.1}")) ") by what is not reliable."
                        }
                    }
                } @else {
                    div {
                        dt { "Best guess" }
                        dd.small { "Too few consultants have patients for a mean to draw the score to." }
                    }
                }
                div {
                    dt { "Where this comes from" }
                    dd.small {
                        (match reliability.basis { ReliabilityBasis::TrustsOwn => "From ", ReliabilityBasis::Published => "Published: " })
                        (reliability.source) "."
                    }
                }
            }
        }
    }
}

fn answers(domains: &[DomainFigures], id: &str, title: &str) -> Markup {
    html! {
        section.sheet.flows aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @for question in domains.iter().flat_map(|domain| &domain.questions) { (answers_to(question)) }
        }
    }
}

fn answers_to(question: &QuestionSheet) -> Markup {
    let answered = question.distribution.iter().map(|option| option.count).sum();
    html! {
        (charts::answers(question, charts::round_top(answered)))
        p.small { "Mean " (words::figure(&question.figure, Scale::Points)) }
    }
}

fn sources(attribution: &AttributionSheet, audience: Audience) -> Markup {
    let whose = if audience == Audience::Consultant { "yours" } else { "the consultant’s" };
    let row = |counts: &SourceCounts| {
        html! {
            td.n { (words::count(counts.roster)) } td.n { (words::count(counts.patient)) } td.n { (words::count(counts.volunteer)) }
        }
    };
    html! {
        section.sheet.flows aria-labelledby="attribution" {
            h2 id="attribution" { "Who said that these patients were " (whose) }
            p.aside {
                "A patient counts when the ward's roster says so, or when the patient answered that they know which consultant is in charge."
            }
            div.scroller tabindex="0" role="group" aria-labelledby="attribution" {
                table {
                    thead { tr { th scope="col" { "Patients" } th.n scope="col" { "Roster" } th.n scope="col" { "Patient" } th.n scope="col" { "Volunteer" } } }
                    tbody {
                        tr { th scope="row" { "Count" } (row(&attribution.counted)) }
                        tr { th scope="row" { "Do not count" } (row(&attribution.not_counted)) }
                    }
                }
            }
            @if attribution.dropped > 0 {
                p.small { (words::of(attribution.dropped, "patient was", "patients were")) " disputed with success and no longer count." }
            }
        }
    }
}

fn parts(coverage: &CoverageCounts) -> Markup {
    let counts = |title: &str, counts: Vec<(String, u64)>| {
        html! {
            div {
                h3 { (title) }
                dl.tallies { @for (name, count) in counts { div.zero[count == 0] { dt { (name) } dd { (words::count(count)) } } } }
            }
        }
    };
    html! {
        section.sheet.flows aria-labelledby="coverage" {
            h2 id="coverage" { "Who they were" }
            div.pair {
                (counts("Ward", coverage.wards.iter().map(|(ward, count)| (ward.to_string(), *count)).collect()))
                (counts("How they were asked", coverage.modes.iter().map(|(mode, count)| (words::mode(*mode).to_owned(), *count)).collect()))
                (counts("Fortnight", coverage.fortnights.iter().map(|(name, count)| (name.clone(), *count)).collect()))
            }
        }
    }
}

fn disputes(seen: &Appraisal, own: &Own) -> Markup {
    html! {
        section #disputes.sheet.flows aria-labelledby="disputes-title" {
            h2 id="disputes-title" { "A patient who was not yours" }
            p.aside {
                "Say so here. The patient-experience team decides. Nobody learns who the patient was. "
                @if seen.domains.is_some() { "What you choose from is a fortnight, a ward and who said it, in no order. " }
                @else { "With so few patients you are not told where or when they answered, so it is about all of them, or all on one ward. " }
                "Do not write anything about the patient."
            }
            @if !own.disputes.is_empty() { (disputed(&own.disputes)) }
            @if own.contacts.is_empty() {
                p { "There is no patient in these six months that could be disputed." }
            } @else {
                details {
                    summary {
                        @if seen.domains.is_some() { "Dispute one of " (words::of(own.contacts.len() as u64, "patient", "patients")) }
                        @else { "Dispute these patients" }
                    }
                    form method="post" action=(format!("/consultant/{}/dispute", seen.consultant)) {
                        input type="hidden" name="window" value=(seen.window);
                        div.field {
                            @if seen.domains.is_some() {
                                label for="contact" { "Which" }
                                select id="contact" name="contact" required {
                                    option value="" { "Choose" }
                                    @for contact in &own.contacts { (choice(contact)) }
                                }
                            } @else {
                                label for="ward" { "Which" }
                                select id="ward" name="ward" {
                                    option value="" { "All patients of these six months" }
                                    @for ward in &own.wards { option value=(ward) { "All on ward " (ward) } }
                                }
                            }
                        }
                        div.field {
                            label for="reason" { "Why" }
                            input id="reason" name="reason" type="text" maxlength=(MAX_CHARACTERS) required placeholder="for example: on leave in this fortnight";
                        }
                        button.action type="submit" { "Dispute" }
                    }
                }
            }
        }
    }
}

/// A contact to choose.
fn choice(contact: &AttributedContact) -> Markup {
    html! {
        option value=(contact.handle) {
            (contact.fortnight) ", " (contact.ward) ", said by " (words::attribution_source(contact.source))
            " (" (contact.handle.short()) ")"
        }
    }
}

fn disputed(all: &[Dispute]) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="disputes-title" {
            table {
                thead { tr { th scope="col" { "Dispute" } th scope="col" { "Opened" } th scope="col" { "Patient" } th scope="col" { "Why" } th scope="col" { "How it stands" } } }
                tbody {
                    @for dispute in all {
                        tr {
                            th scope="row" { (dispute.number) }
                            td { (words::day(dispute.opened)) }
                            td { (whom(dispute)) }
                            td { (dispute.reason) }
                            td { (standing(dispute)) }
                        }
                    }
                }
            }
        }
    }
}

/// Whom a dispute is about, in words.
pub(in crate::web) fn whom(dispute: &Dispute) -> Markup {
    html! {
        @if let Some(fortnight) = &dispute.fortnight { (fortnight) }
        @if let Some(window) = &dispute.window { "All of " (window) }
        @if let Some(ward) = &dispute.ward { ", " (ward) }
        @if let Some(source) = dispute.source { small { "said by " (words::attribution_source(source)) } }
    }
}

/// How a dispute stands, in words.
pub(in crate::web) fn standing(dispute: &Dispute) -> Markup {
    html! {
        @match &dispute.ruled {
            None => span.tag { "Open" },
            Some(ruled) => {
                @match ruled.ruling {
                    Ruling::Upheld => "Upheld: no longer counts",
                    Ruling::Declined => "Declined: counts as before",
                }
                small { (words::day(ruled.on)) @if let Some(note) = &ruled.note { ": " (note) } }
            }
        }
    }
}

fn withheld(seen: &Appraisal) -> Markup {
    html! {
        @if !seen.withheld.is_empty() {
            section.sheet aria-labelledby="withheld" {
                h2 id="withheld" { "What is not shown here" }
                ul.unshown {
                    @for one in &seen.withheld { li { (what(one.what)) ": " (one.why) "." } }
                }
            }
        }
    }
}

pub(in crate::web) fn what(field: &str) -> &str {
    match field {
        "patients" => "How many patients there are",
        "score" => "The score",
        "reliability" => "Its reliability",
        "domains" => "What patients answered",
        "attribution" => "Who said that the patients were theirs",
        "disputes" => "Disputes",
        "coverage" => "Patients by ward, by fortnight and by how they were asked",
        other => other,
    }
}

fn made_of(seen: &Appraisal) -> Markup {
    html! {
        section.sheet.small aria-labelledby="made-of" {
            h2 id="made-of" { "What this is made of" }
            p.versions {
                "Definition " code { (seen.definition.id) "@" (seen.definition.version) } ", questionnaire "
                code { (seen.questionnaire.id) "@" (seen.questionnaire.version) } ", "
                "final, as of " (words::day(seen.as_of)) ". What came or was decided later is in the next six months."
            }
        }
    }
}
