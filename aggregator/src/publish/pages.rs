//! The pages of a site. Links lead to files beside them; there is no script and no other host.

use maud::{DOCTYPE, Markup, html};

use super::files::{INDEX, Names};
use super::{ChangeLine, Edition, Figure, Material, PlanLine, Told, UnitPart, WardPart};
use crate::branding::{Branding, LOGO};
use crate::comments::{Released, Tone};
use crate::web::{charts, words};

/// So many periods of a question are on a page, the newest first; data.csv has all.
const MOST_EARLIER: usize = 24;

/// The page to begin with: the trust's figures and the way to every ward.
pub(super) fn index(material: &Material, names: &Names) -> String {
    let wards_of = |site: &str| material.wards.iter().filter(|ward| ward.site == site).collect::<Vec<_>>();
    let mut sites: Vec<&str> = Vec::new();
    for ward in &material.wards {
        if !sites.contains(&ward.site.as_str()) {
            sites.push(&ward.site);
        }
    }
    let content = html! {
        h1 { "What patients say" }
        p.lede { "Patients in our hospitals answer a few questions about their care. This is what they said, ward by ward, and what changed because of it." }
        section aria-labelledby="wards" {
            h2 id="wards" { "Wards" }
            @for site in sites {
                h3 { (site) }
                ul.wards { @for ward in wards_of(site) { li { a href=(names.of(&ward.part.unit)) { (ward.part.name) } } } }
            }
        }
        @if !material.units.is_empty() {
            section aria-labelledby="units" {
                h2 id="units" { "Hospitals and departments" }
                ul.wards { @for unit in &material.units { li { a href=(names.of(&unit.unit)) { (unit.name) } } } }
            }
        }
        (figures("All our hospitals", &material.trust.figures))
        section aria-labelledby="data" {
            h2 id="data" { "The same for a computer" }
            p { "Every figure on these pages: " a href="data.csv" { "data.csv" } " for a spreadsheet, " a href="data.json" { "data.json" } " with everything." }
        }
    };
    page(material, "What patients say", false, &content)
}

/// A site's or a department's page.
pub(super) fn unit(material: &Material, part: &UnitPart) -> String {
    let content = html! { h1 { (part.name) } (figures("What patients said", &part.figures)) };
    page(material, &part.name, true, &content)
}

/// A ward's page.
pub(super) fn ward(material: &Material, ward: &WardPart) -> String {
    let content = html! {
        h1 { (ward.part.name) }
        p.lede { (ward.site) }
        (changes(&ward.changes))
        @if material.edition == Edition::Trust { (plans(&ward.plans)) }
        (comments(&ward.comments))
        (figures("How many said so", &ward.part.figures))
    };
    page(material, &ward.part.name, true, &content)
}

fn changes(changes: &[ChangeLine]) -> Markup {
    html! {
        section aria-labelledby="changes" {
            h2 id="changes" { "You said, we did" }
            @if changes.is_empty() { p { "Nothing is shown here yet." } }
            @for change in changes {
                dl.change {
                    dt { "You said" } dd { (change.said) }
                    dt { "We did" } dd { (change.did) " " span.small { "(" (words::day(change.done)) ")" } }
                    @if let Some(effect) = &change.effect { dt { "What patients say since" } dd { (effect) } }
                }
            }
        }
    }
}

fn plans(plans: &[PlanLine]) -> Markup {
    html! {
        @if !plans.is_empty() {
            section aria-labelledby="plans" {
                h2 id="plans" { "What the ward is working on" }
                @for plan in plans {
                    dl.change {
                        dt { "Patients said" } dd { (plan.said) }
                        dt { "The ward does" } dd { (plan.does) @if let Some(due) = plan.due { " " span.small { "(by " (words::day(due)) ")" } } }
                    }
                }
            }
        }
    }
}

fn comments(released: &[Released]) -> Markup {
    let kinds =
        [(Tone::Praise, "What was good"), (Tone::Mixed, "Both sides"), (Tone::Criticism, "What could be better")];
    html! {
        section aria-labelledby="comments" {
            h2 id="comments" { "What patients wrote" }
            @if released.is_empty() { p { "Nothing is shown here yet." } }
            @else { p.small { "Each of these was read by a person before it was put here. Roles stand for names; […] is where something was left out." } }
            @for (tone, title) in kinds {
                @if released.iter().any(|one| one.tone == tone) {
                    h3 { (title) }
                    ul.said {
                        @for one in released.iter().filter(|one| one.tone == tone) {
                            li { blockquote lang=(one.language) dir="auto" { (one.text) } }
                        }
                    }
                }
            }
        }
    }
}

fn figures(title: &str, figures: &[Figure]) -> Markup {
    html! {
        section aria-labelledby="figures" {
            h2 id="figures" { (title) }
            @if figures.iter().all(|figure| figure.newest().is_none()) { p { "Nothing is shown here yet." } }
            @for figure in figures {
                @if let Some(newest) = figure.newest() { (one_figure(figure, newest)) }
            }
        }
    }
}

fn one_figure(figure: &Figure, newest: &Told) -> Markup {
    let percent = newest.percent().unwrap_or(0);
    let told: Vec<&Told> = figure.told.iter().filter(|told| told.percent().is_some()).collect();
    html! {
        div.figure {
            h3 { (figure.question) }
            p { strong { (percent) "%" } " " (figure.said) }
            div.bar { (charts::share(&figure.question, &figure.said, percent, newest.people)) }
            p.small { (newest.when) ", " (words::people(newest.people)) " answered" }
            @if told.len() > 1 {
                details {
                    summary { "Earlier" }
                    table {
                        caption { (figure.question) }
                        thead { tr { th scope="col" { "When" } th.n scope="col" { "How many in a hundred" } th.n scope="col" { "Of how many people" } } }
                        tbody {
                            @for one in told.iter().take(MOST_EARLIER) {
                                tr { th scope="row" { (one.when) } td.n { (one.percent().unwrap_or(0)) } td.n { (words::count(one.people)) } }
                            }
                        }
                    }
                    @if told.len() > MOST_EARLIER { p.small { "Older ones are in " a href="data.csv" { "data.csv" } "." } }
                }
            }
        }
    }
}

fn page(material: &Material, title: &str, leads_back: bool, content: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                @if material.edition == Edition::Trust { meta name="robots" content="noindex"; }
                title { (title) " · " (material.trust.name) }
                link rel="icon" type="image/svg+xml" href="icon.svg";
                link rel="stylesheet" href="style.css";
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    @if material.branding.as_ref().is_some_and(|look| look.logo().is_some()) { img.logo src=(LOGO) alt="" height="32"; }
                    p { (material.branding.as_ref().and_then(Branding::name).unwrap_or(&material.trust.name)) }
                    @if leads_back { nav aria-label="Main" { a href=(INDEX) { "All wards" } } }
                    @if material.edition == Edition::Trust { p.note { "For people who work in the trust. Do not pass it on." } }
                    @if material.demonstration { p.note role="note" { "Demonstration. Everything here is made up by a computer." } }
                }
                main #content tabindex="-1" { (content) }
                footer {
                    p {
                        @match material.as_of {
                            Some(day) => { "Figures of whoever had answered by " (words::day(day)) "." },
                            None => { "No figures have been released yet." },
                        }
                        " Figures of 5 or fewer people are not shown, nor any from which they could be worked out."
                    }
                    p { "The questionnaire is our own and not a validated instrument. These pages hold no names of patients." }
                }
            }
        }
    };
    markup.into_string()
}
