//! The public display of a ward: for a screen in its corridor that everybody can read, and for nobody in particular.
//!
//! It shows what was released and what the ward has changed, and nothing else: it reads the ledger of releases and the list of
//! actions, and never the facts. One thing at a time, in large type, in turn: by a script that keeps the last thing on the screen
//! while the server is away, and without a script by the page's own refresh.
//!
//! A figure stands with its n and its period. Where the rule for small numbers hides the ward's own, the one of its site or of the
//! trust is shown under that name. What patients wrote is not shown here: there is a place for it in [`Slide::Comment`], and
//! comments that a person has released are to be put there.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use wardvoice_protocol::board::WardChange;
use wardvoice_protocol::directory::{DirectoryFile, Unit, WardEntry};
use wardvoice_protocol::id::WardId;

use super::failure::Failure;
use super::{Shared, Web, assets, words};
use crate::publication::{Question, Release, questions};
use crate::releases::Releases;

/// How long a thing stays on the screen: long enough to read it twice.
const SECONDS: u32 = 20;
/// How many changes are shown, the latest first.
const MOST_CHANGES: usize = 5;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Turn {
    /// Which thing, counted from 0; any number, so that a page that has been open for a year still goes on.
    #[serde(default)]
    turn: usize,
    /// Whether it stays.
    #[serde(default)]
    stay: bool,
}

/// One thing on the screen.
enum Slide {
    /// How many of how many people said something.
    Figure { heading: String, said: String, of: String, percent: u64, people: u64, when: String },
    /// You said, we did.
    Change(WardChange),
    /// What a patient wrote, once a person has released it. Nothing makes one yet.
    #[expect(dead_code, reason = "released comments have their place here")]
    Comment(String),
    /// There is nothing to show yet.
    Nothing,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(turn): Query<Turn>,
) -> Result<Response, Failure> {
    let unknown = || Failure::unknown_ward(&id);
    let ward: WardId = id.parse().map_err(|_| unknown())?;
    let ward = web.desk.world.directory.ward(&ward).ok_or_else(unknown)?;
    Ok(render(&web, ward, &turn).into_response())
}

fn render(web: &Web, ward: &WardEntry, turn: &Turn) -> Markup {
    let slides = slides(web, ward);
    let count = slides.len().max(1);
    let place = turn.turn % count;
    let address = |turn: usize, stay: bool| {
        format!("/display/{}?turn={}{}", ward.id, turn % count, if stay { "&stay=true" } else { "" })
    };
    let next = address(place + 1, false);
    let trust = &web.desk.world.directory.file().trust.name;
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (ward.name) " · what patients say" }
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                link rel="stylesheet" href=(assets::address("display.css"));
                @if !turn.stay {
                    noscript { meta http-equiv="refresh" content=(format!("{SECONDS}; url={next}")); }
                    script src=(assets::address("display.js")) defer {}
                }
            }
            body {
                header {
                    h1 { (ward.name) }
                    @if web.desk.demonstration { p.generated role="note" { "Demonstration. Everything here is made up by a computer." } }
                }
                main #turn data-next=[(!turn.stay).then_some(next.as_str())] data-seconds=(SECONDS) {
                    @if let Some(slide) = slides.get(place) { (show(slide)) }
                }
                footer {
                    p { (trust) }
                    p {
                        "Figures of 5 or fewer people are not shown."
                        @if count > 1 {
                            " "
                            @if turn.stay { a href=(address(place, false)) { "Go on" } } @else { a href=(address(place, true)) { "Stay here" } }
                        }
                    }
                }
            }
        }
    }
}

fn show(slide: &Slide) -> Markup {
    match slide {
        Slide::Figure { heading, said, of, percent, people, when } => html! {
            h2 { (heading) }
            p.figure { strong { (percent) "%" } " " span { (said) } }
            p.small { (of) ", " (when) ": " (words::count(*people)) " people answered" }
        },
        Slide::Change(change) => html! {
            dl {
                dt { "You said" }
                dd { (change.said) }
                dt { "We did" }
                dd { (change.did) }
            }
        },
        Slide::Comment(text) => html! { blockquote { p { (text) } } },
        Slide::Nothing => html! {
            h2 { "Tell us about your care" }
            p.figure { span { "What patients on this ward say will be shown here when enough of them have answered." } }
        },
    }
}

/// Everything that there is to show, in turn.
fn slides(web: &Web, ward: &WardEntry) -> Vec<Slide> {
    let mut slides = Vec::new();
    for question in questions(&web.desk.world.vocabulary) {
        slides.extend(figure(web, ward, &question));
    }
    let changes = web.desk.actions.changes(&ward.id);
    slides.extend(changes.into_iter().take(MOST_CHANGES).map(Slide::Change));
    if slides.is_empty() {
        slides.push(Slide::Nothing);
    }
    slides
}

/// The newest released figure of a question: the ward's own, or its site's, or the trust's.
fn figure(web: &Web, ward: &WardEntry, question: &Question) -> Option<Slide> {
    let file = web.desk.world.directory.file();
    let shown = shown(&web.desk.releases, file, ward, question)?;
    let of = match &shown.release.unit {
        Unit::Ward(_) => "This ward".to_owned(),
        Unit::Site(_) => {
            let site = file.sites.iter().find(|site| site.id == ward.site);
            site.map(|site| site.name.clone()).unwrap_or_default()
        }
        _ => "All our hospitals".to_owned(),
    };
    let heading = question.text.clone();
    let when = when(web, &shown.release);
    let (percent, people) = (shown.percent, shown.release.people());
    Some(Slide::Figure { heading, said: question.best_said.clone(), of, percent, people, when })
}

/// A released figure that the public may see.
pub(super) struct Shown {
    /// The release; its unit says whose it is.
    pub(super) release: Release,
    /// How many of a hundred gave the best answer.
    pub(super) percent: u64,
}

/// The newest released figure of a question that a ward's public sees: the ward's own, or its site's, or the trust's.
pub(super) fn shown(
    releases: &Releases,
    file: &DirectoryFile,
    ward: &WardEntry,
    question: &Question,
) -> Option<Shown> {
    let units = [Unit::Ward(ward.id.clone()), Unit::Site(ward.site.clone()), Unit::Trust(file.trust.id.clone())];
    let best = question.best_part();
    let find = |unit: Unit| {
        let standing = releases.standing(&question.subject, &unit);
        standing.into_iter().find(|release| question.people_of(release, best).is_some())
    };
    let release = units.into_iter().find_map(find)?;
    let (told, people) = (question.people_of(&release, best)?, release.people());
    let percent = (told * 200 + people).checked_div(people * 2)?;
    Some(Shown { release, percent })
}

fn when(web: &Web, release: &Release) -> String {
    let period = web.desk.scoring.calendar().period(&release.period);
    period.map_or_else(|_| release.period.clone(), |period| words::period(&period))
}
