//! The parts of the month's page.

use std::collections::BTreeMap;

use maud::{Markup, html};
use wardvoice_protocol::id::WardId;

use super::{Said, View, eligible};
use crate::national_return::{CHECKS, Finding, Suppressed, Tally, percent_text};
use crate::statistics::FriendsAndFamilyCounts;
use crate::web::api::prose;
use crate::web::layout::{self, Page, Place};
use crate::web::office::moment;
use crate::web::viewer::Viewer;
use crate::web::{Web, words};

/// So many are named one by one.
const MOST_NAMED: usize = 6;

/// So many exports are shown.
const SHOWN: usize = 50;

pub(super) fn render(web: &Web, viewer: &Viewer, view: &View) -> Markup {
    let made = &view.checked.made;
    let total = made.trust.figures.total;
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › National month" }
        div.head {
            div {
                h1 { "National month" }
                p.lede { "Friends and family test, " (words::period(&view.month)) ", of whoever had arrived by the end of " (words::day(made.as_of)) }
            }
            (picker(view))
        }
        p.strip {
            span { strong { (words::count(total)) } (if total == 1 { " answer" } else { " answers" }) }
            span { strong { (words::count(view.checked.findings.len() as u64)) } " to look at" }
            span { "to be sent by " strong { (words::day(view.checked.due)) } ", bank holidays not counted" }
            span { (standing(web, view)) }
        }
        div.stack {
            (figures(view))
            (checks(view))
            (eligible::form(view))
            (files(web, view))
            (history(web, view))
        }
    };
    layout::frame(web, viewer, &Page { title: "National month", place: Place::Office, live: false }, &content)
}

fn picker(view: &View) -> Markup {
    html! {
        form.period method="get" action="/office/month" {
            div {
                label for="month" { "Month" }
                select id="month" name="month" {
                    @for month in &view.months { option value=(month) selected[*month == view.month] { (words::period(month)) } }
                }
            }
            div {
                label for="as_of" { "As of the end of" }
                input id="as_of" name="as_of" type="date" max=(view.yesterday) value=(view.checked.made.as_of);
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

/// Whether the files of the month are made.
fn standing(web: &Web, view: &View) -> String {
    match &view.last {
        None => "no files made yet".to_owned(),
        Some(last) if last.stands => format!("files made {}", moment(web, last.at)),
        Some(last) => format!("files made {}, and something has changed since", moment(web, last.at)),
    }
}

fn figures(view: &View) -> Markup {
    let (made, recount) = (&view.checked.made, &view.recount);
    let none = Tally::default();
    let again = |ward: &WardId| recount.wards.get(ward).unwrap_or(&none).answers;
    let strangers = recount.wards.iter().filter(|(ward, _)| !made.wards.iter().any(|row| row.ward == **ward));
    let mut all = Tally::default();
    for tally in recount.wards.values() {
        all += *tally;
    }
    html! {
        section.sheet.flows aria-labelledby="figures" {
            h2 id="figures" { "As it would be sent" }
            p.aside {
                "Every number is counted twice: from the facts that all pages show, and again from the records as the kiosks wrote them. Percentages are of all six \
                 answers. Small numbers are sent whole; NHS England hides them when it publishes."
            }
            div.scroller tabindex="0" role="group" aria-labelledby="figures" {
                table.cards.contacts {
                    thead {
                        tr {
                            th scope="col" { "Ward" }
                            @for (name, _) in answers(&none.answers) { th.n scope="col" { (name) } }
                            th.n scope="col" { "Answers" } th.n scope="col" { "Counted again" } th.n scope="col" { "Eligible" }
                            th.n scope="col" { "Positive" } th.n scope="col" { "Negative" } th scope="col" { "When it is published" }
                        }
                    }
                    tbody {
                        @for ward in &made.wards {
                            (row(&ward.ward_name, &ward.answers.answers, &again(&ward.ward), ward.eligible, ward.suppressed))
                        }
                        @for (ward, tally) in strangers {
                            tr {
                                th scope="row" { (ward) small { "not in the directory" } }
                                td.n colspan="7" data-label="Answers" { "none would be sent" }
                                td.n data-label="Counted again" { strong { (words::count(tally.answers.total())) } }
                                td colspan="4" {}
                            }
                        }
                        (row("The trust", &made.trust.answers.answers, &all.answers, made.trust.eligible, made.trust.suppressed))
                    }
                }
            }
        }
    }
}

/// The six answers in the order of the national columns.
fn answers(counts: &FriendsAndFamilyCounts) -> [(&'static str, u64); 6] {
    let FriendsAndFamilyCounts { very_good, good, neither, poor, very_poor, dont_know } = *counts;
    [
        ("Very good", very_good),
        ("Good", good),
        ("Neither", neither),
        ("Poor", poor),
        ("Very poor", very_poor),
        ("Don’t know", dont_know),
    ]
}

fn row(
    name: &str,
    counts: &FriendsAndFamilyCounts,
    again: &FriendsAndFamilyCounts,
    eligible: Option<u64>,
    suppressed: Suppressed,
) -> Markup {
    let total = counts.total();
    let per_cent = |part: u64| match percent_text(part, total).as_str() {
        "" => "none".to_owned(),
        text => format!("{text}%"),
    };
    html! {
        tr {
            th scope="row" { (name) }
            @for (answer, count) in answers(counts) { td.n data-label=(answer) { (words::count(count)) } }
            td.n data-label="Answers" { strong { (words::count(total)) } }
            td.n data-label="Counted again" {
                @if counts == again { (words::count(again.total())) }
                @else { strong { (words::count(again.total())) } small { "not the same answers" } }
            }
            td.n data-label="Eligible" { @match eligible { Some(count) => (words::count(count)), None => "not known" } }
            td.n data-label="Positive" { (per_cent(counts.positive())) }
            td.n data-label="Negative" { (per_cent(counts.negative())) }
            td data-label="When it is published" { (published(suppressed)) }
        }
    }
}

fn published(suppressed: Suppressed) -> &'static str {
    match (suppressed.masks_percentages(), suppressed.masks_counts()) {
        (true, _) => "answers and percentages hidden",
        (false, true) => "answers hidden",
        (false, false) => "all of it",
    }
}

/// What one check found: what is the matter, about which wards, kiosks or codes, and what to do.
struct Group<'a> {
    says: &'a str,
    next: &'a str,
    about: Vec<&'a str>,
}

/// What a check found, the same things together.
fn groups<'a>(findings: &'a [Finding], check: &str) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.check == check) {
        let about = finding.about.as_deref();
        // Where a place on these pages says what to do, what a command would take is no reason to keep things apart.
        let is_same = |group: &&mut Group<'_>| {
            group.says == finding.says && (place(check).is_some() || group.next == finding.next)
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.about.extend(about),
            None => {
                groups.push(Group {
                    says: &finding.says,
                    next: &finding.next,
                    about: about.into_iter().collect(),
                });
            }
        }
    }
    groups
}

/// Where on these pages something can be done about what a check found, and what that is.
fn place(check: &str) -> Option<(&'static str, &'static str)> {
    match check {
        "eligible_missing" => Some(("#eligible", "Get them from the patient system and write them below")),
        "gap" | "silent_kiosk" => Some(("/fleet", "Find out where the kiosk is, and bring it to the network")),
        "quarantine" => Some(("/office/quarantine", "Look at what was refused, mend the cause and try it again")),
        "differs_from_export" => {
            Some(("#files", "Make the files again and send them while the collection is open"))
        }
        _ => None,
    }
}

fn checks(view: &View) -> Markup {
    let findings = &view.checked.findings;
    let names: BTreeMap<&str, &str> =
        view.checked.made.wards.iter().map(|ward| (ward.ward.as_str(), ward.ward_name.as_str())).collect();
    let (found, well): (Vec<_>, Vec<_>) =
        CHECKS.iter().partition(|(check, _)| findings.iter().any(|finding| finding.check == *check));
    html! {
        section #checks.sheet.flows aria-labelledby="checks-title" {
            h2 id="checks-title" { "To look at before it is sent" }
            @if findings.is_empty() { p { "Nothing: it can be sent." } }
            @else {
                ul.checks {
                    @for (check, means) in found {
                        li {
                            h3 { (means) ": not yet" }
                            @for group in groups(findings, check) {
                                p {
                                    @if !group.about.is_empty() { strong { (about(&names, &group.about)) } ": " }
                                    (group.says) ". "
                                    @match place(check) {
                                        Some((address, says)) => { a href=(address) { (says) } "." },
                                        None => (prose(group.next)),
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if !well.is_empty() {
                h3 { "Looked at, and well" }
                ul.small { @for (_, means) in well { li { (means) } } }
            }
        }
    }
}

/// What a check is about by name, the first ones of many.
fn about(names: &BTreeMap<&str, &str>, ids: &[&str]) -> String {
    let list =
        ids.iter().take(MOST_NAMED).map(|id| names.get(id).copied().unwrap_or(id)).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(MOST_NAMED) {
        0 => list,
        more => format!("{list} and {} more", words::count(more as u64)),
    }
}

fn files(web: &Web, view: &View) -> Markup {
    html! {
        section #files.sheet aria-labelledby="files-title" {
            h2 id="files-title" { "The files" }
            @match view.said {
                Said::Made => p.problem role="status" { "The files are made. Now they have to be sent." },
                Said::Changed => p.problem role="alert" {
                    "Nothing was made: the numbers, codes or eligible patients have changed since you looked. They are shown as they are now; look again."
                },
                _ => {},
            }
            @match &view.last {
                None => p { "None are made for " (words::period(&view.month)) " yet." },
                Some(last) => {
                    p {
                        "Made " (moment(web, last.at)) ", as of the end of " (words::day(last.exported.as_of)) ", with "
                        (words::of(last.exported.responses, "answer", "answers")) "."
                    }
                    @if last.stands {
                        ul { @for name in view.checked.files.keys() { li { (link(view, name)) } } }
                        p.small {
                            "Wardvoice sends nothing: put the two files that end in “submitted” into the collection. They have small numbers in them; keep them in the team. Who \
                             takes a file is written down."
                        }
                    } @else {
                        p { "They are no longer what would be sent, so they are not given out. What has changed stands among the checks." }
                    }
                },
            }
            (make(view))
        }
    }
}

fn link(view: &View, name: &str) -> Markup {
    let (of, side) = (name.contains("-wards-"), name.contains("-submitted"));
    html! {
        a href=(format!("/office/month/{}/{name}", view.month)) { (name) }
        ": " (if of { "every ward" } else { "the trust with the ways of answering" })
        ", " (if side { "to be sent" } else { "as everybody will see it" })
    }
}

/// The way to make the files, where there is something to make.
fn make(view: &View) -> Markup {
    let checked = &view.checked;
    let is_made = view.last.as_ref().is_some_and(|last| last.stands && last.exported.digest == checked.digest);
    let missed = matches!(view.said, Said::NotLooked);
    html! {
        @if let Some(why) = view.refused() { p.note { (why) } }
        @else if is_made { p { "Nothing that would be sent has changed since." } }
        @else {
            form method="post" action="/office/month/files" {
                input type="hidden" name="month" value=(view.month);
                input type="hidden" name="as_of" value=(checked.made.as_of);
                input type="hidden" name="digest" value=(checked.digest);
                p {
                    "Four files are made from what stands here, and that they are made is noted: from then on what is published nationally counts as known to everybody, and \
                     nothing is released to the public that could be worked out with it."
                }
                @if !checked.findings.is_empty() {
                    div.choices {
                        label {
                            input type="checkbox" name="accept" value="yes" aria-invalid=[missed.then_some("true")] aria-describedby=[missed.then_some("not-looked")];
                            "I have looked at " (words::of(checked.findings.len() as u64, "thing", "things")) " that the checks found, and it is to be sent all the same"
                        }
                    }
                    @if missed { p.wrong id="not-looked" { "Nothing was made yet. Look at what the checks found, then tick this." } }
                }
                p.buttons { button.action type="submit" { "Make the four files" } }
            }
        }
    }
}

fn history(web: &Web, view: &View) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="history" {
            h2 id="history" { "What was made" }
            @if view.exports.is_empty() { p { "No files were made yet." } }
            @else {
                div.scroller tabindex="0" role="group" aria-labelledby="history" {
                    table.cards {
                        thead { tr { th scope="col" { "Month" } th scope="col" { "Made" } th scope="col" { "As of the end of" } th.n scope="col" { "Answers" } th.n scope="col" { "Wards with answers" } } }
                        tbody {
                            @for (at, exported) in view.exports.iter().take(SHOWN) {
                                tr {
                                    th scope="row" { a href=(format!("/office/month?month={}", exported.month)) { (exported.month) } }
                                    td data-label="Made" { (moment(web, *at)) }
                                    td data-label="As of the end of" { (words::day(exported.as_of)) }
                                    td.n data-label="Answers" { (words::count(exported.responses)) }
                                    td.n data-label="Wards with answers" { (words::count(exported.wards.values().filter(|count| **count > 0).count() as u64)) " of " (words::count(exported.wards.len() as u64)) }
                                }
                            }
                        }
                    }
                }
                @if view.exports.len() > SHOWN { p.small { "The last " (SHOWN) " of " (words::count(view.exports.len() as u64)) "." } }
                p.small { "Who made them stands in " a href="/office/audit" { "Who did what" } "." }
            }
        }
    }
}
