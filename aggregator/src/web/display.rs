//! The public display of a ward: for a screen in its corridor that everybody can read, and for nobody in particular.
//!
//! It shows what was released, what patients wrote that a person has passed for everybody, and what the ward has changed, and nothing else: it reads
//! the ledger of releases, asks [`Comments::released`](crate::comments::Comments::released) for the public, and reads the list of actions; it never
//! looks at the facts. One thing at a time, in large type, in turn: by a script that goes on showing what it has seen while the server is away and
//! says how old it is, for a day, and without a script by the page's own refresh.
//!
//! A figure stands with its n and its period. Where the rule for small numbers hides the ward's own, the one of its site or of the
//! trust is shown under that name.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use wardvoice_protocol::board::WardChange;
use wardvoice_protocol::directory::{DirectoryFile, Unit, WardEntry};
use wardvoice_protocol::id::WardId;

use super::failure::Failure;
use super::ward::off_thread;
use super::{Shared, Web, assets, words};
use crate::comments::Released;
use crate::policy::Audience;
use crate::publication::{Question, Release, questions};
use crate::releases::Releases;

/// How long a thing stays on the screen: long enough to read it twice.
const SECONDS: u32 = 20;
/// How many changes are shown, the latest first.
const MOST_CHANGES: usize = 5;
/// Comments of so many calendar months are shown.
const MONTHS: usize = 3;
/// How many comments are shown.
const MOST_COMMENTS: usize = 8;
/// The longest comment that is shown, in characters.
const MOST_CHARACTERS: usize = 280;

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
    /// What a patient wrote, once a person has released it to everybody.
    Comment(Released),
    /// There is nothing to show yet.
    Nothing,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(turn): Query<Turn>,
) -> Result<Response, Failure> {
    let ward: WardId = id.parse().map_err(|_| Failure::unknown_ward(&id))?;
    // Comments may have to be read from the log first.
    off_thread(&web, move |web| {
        let ward = web.desk.world.directory.ward(&ward).ok_or_else(|| Failure::unknown_ward(&id))?;
        Ok(render(web, ward, &turn, &slides(web, ward)?).into_response())
    })
    .await
}

fn render(web: &Web, ward: &WardEntry, turn: &Turn, slides: &[Slide]) -> Markup {
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
                    p #age {}
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
        Slide::Comment(comment) => html! {
            h2 { "A patient on this ward wrote" }
            blockquote lang=(comment.language) dir="auto" { p { (comment.text) } }
            p.small { "In answer to “" (comment.asked) "”" }
        },
        Slide::Nothing => html! {
            h2 { "Tell us about your care" }
            p.figure { span { "What patients on this ward say will be shown here when enough of them have answered." } }
        },
    }
}

/// Everything that there is to show, in turn.
fn slides(web: &Web, ward: &WardEntry) -> Result<Vec<Slide>, Failure> {
    let mut slides = Vec::new();
    for question in questions(&web.desk.world.vocabulary) {
        slides.extend(figure(web, ward, &question));
    }
    let (unit, calendar) = (Unit::Ward(ward.id.clone()), &web.desk.world.calendar);
    let comments = web.desk.comments.released_lately(&unit, calendar, web.today(), MONTHS, Audience::Public);
    let comments = comments.map_err(|error| Failure::internal(&error))?.into_iter();
    // What does not fit the screen would be cut off, and half of what somebody said is not what they said.
    let comments = comments.filter(|comment| comment.text.chars().count() <= MOST_CHARACTERS);
    slides.extend(comments.take(MOST_COMMENTS).map(Slide::Comment));
    let changes = web.desk.actions.changes(&ward.id);
    slides.extend(changes.into_iter().take(MOST_CHANGES).map(Slide::Change));
    if slides.is_empty() {
        slides.push(Slide::Nothing);
    }
    Ok(slides)
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
