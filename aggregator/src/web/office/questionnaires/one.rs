//! One questionnaire: its facts, how its languages stand, and one language with its texts, its pictures and the decision about it.

use maud::{Markup, html};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::Questionnaire;

use super::texts::{Pair, pairs};
use super::{AskedOn, Kept, address, audience, language_name, standing_words, title};
use crate::previews::Preview;
use crate::translations::{MAX_REASON_CHARACTERS, Ruling, Standing, TranslationDecision};
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::sentence;
use crate::web::{Web, words};

/// So many decisions are shown.
const SHOWN: usize = 50;

/// What the page shows.
pub(super) struct View<'a> {
    pub(super) questionnaire: &'a Questionnaire,
    pub(super) standings: Vec<(Language, Standing)>,
    pub(super) decisions: Vec<TranslationDecision>,
    pub(super) asked: AskedOn,
    /// The language that is looked at.
    pub(super) language: Option<Language>,
    pub(super) preview: Option<Kept>,
    /// What has just been decided.
    pub(super) done: Option<String>,
}

pub(super) fn render(web: &Web, viewer: &Viewer, view: &View<'_>) -> Markup {
    let questionnaire = view.questionnaire;
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › " a href="/office/questionnaires" { "Questionnaires" } " › " (questionnaire.reference()) }
        div.head {
            div {
                h1 { (title(questionnaire)) }
                p.lede { (questionnaire.reference()) ", for " (audience(questionnaire)) ", " (words::of(questionnaire.questions().len() as u64, "question", "questions")) }
            }
        }
        @if let Some(done) = &view.done {
            @let said = if done == "withdrawn" { "Withdrawn. Kiosks stop offering it between two patients." } else { "Approved. Kiosks offer it between two patients." };
            p.problem role="status" { (said) }
        }
        div.stack {
            section.sheet aria-labelledby="facts" {
                h2 id="facts" { "Where it is asked" }
                (where_asked(view))
                p.small { "Hash " code { (questionnaire.hash()) } ". It stands beside every score, and no approval changes it." }
            }
            (languages(web, view))
            @if let Some(language) = &view.language { (of_language(view, language)) }
            (history(view))
        }
    };
    layout::frame(web, viewer, &Page { title: title(questionnaire), place: Place::Office, live: false }, &content)
}

fn where_asked(view: &View<'_>) -> Markup {
    let asked = &view.asked;
    html! {
        @if asked.told == 0 {
            p { "No kiosk is told to ask it." }
        } @else {
            p {
                (words::of(asked.told, "kiosk is", "kiosks are")) " told to ask it, and " (words::count(asked.applied)) " said that "
                (if asked.applied == 1 { "it does" } else { "they do" }) " since the last restart: "
                (asked.wards.iter().map(|(ward, kiosks)| format!("{ward} ({kiosks})")).collect::<Vec<_>>().join(", ")) "."
            }
        }
    }
}

fn languages(web: &Web, view: &View<'_>) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="languages" {
            h2 id="languages" { "Languages" }
            p.aside {
                "A real kiosk offers only what is approved here, what the settings name and what its own buttons are approved in; a demonstration offers \
                 machine translations too, and says so on every screen. A kiosk of an older version follows a withdrawal at once and an \
                 approval after its update."
            }
            div.scroller tabindex="0" role="group" aria-labelledby="languages" {
                table.cards {
                    thead { tr { th scope="col" { "Language" } th scope="col" { "Stands" } th scope="col" { "Who and when" } th scope="col" { "Offered by the settings" } th.n scope="col" { "Missing texts" } th scope="col" { span.hidden { "Look" } } } }
                    tbody { @for (language, standing) in &view.standings { (language_row(web, view, language, standing)) } }
                }
            }
        }
    }
}

fn language_row(web: &Web, view: &View<'_>, language: &Language, standing: &Standing) -> Markup {
    let missing = pairs(view.questionnaire, language).iter().filter(|pair| pair.translation.is_none()).count();
    let looked_at = view.language.as_ref() == Some(language);
    let link = address(view.questionnaire, Some(language));
    html! {
        tr aria-current=[looked_at.then_some("true")] {
            th scope="row" { (language_name(language)) " " small { (language) } }
            td data-label="Stands" { (standing_words(standing)) }
            td data-label="Who and when" {
                @match standing {
                    Standing::Approved(decision) | Standing::Withdrawn(decision) => {
                        (decision.by) ", " (moment(web, decision)) " " small { (decision.reason) }
                    },
                    _ => "–",
                }
            }
            td data-label="Offered by the settings" { (if web.desk.languages.contains(language) { "yes" } else { "no" }) }
            td.n data-label="Missing texts" { (missing) }
            td { @if *standing != Standing::Original { a href=(format!("{link}#language")) { "Look" span.hidden { " at " (language_name(language)) } } } }
        }
    }
}

fn moment(web: &Web, decision: &TranslationDecision) -> String {
    words::day(web.desk.scoring.calendar().day_of(decision.at))
}

/// A language: decision, pictures, texts.
fn of_language(view: &View<'_>, language: &Language) -> Markup {
    let standing = view.standings.iter().find(|(known, _)| known == language).map(|(_, standing)| standing);
    let preview = view.preview.as_ref().and_then(|kept| kept.as_ref().ok()).and_then(Option::as_ref);
    html! {
        section #language.sheet.flows aria-labelledby="language-title" {
            h2 id="language-title" { (language_name(language)) }
            @if let Some(standing) = standing.filter(|standing| **standing != Standing::Original) {
                p { (standing_words(standing)) "." }
                (decision(view, language, standing, preview))
            }
        }
        (pictures(view, language, preview))
        (texts(view, language))
        @if let Some(preview) = preview { (own_words(language, preview)) }
    }
}

fn decision(view: &View<'_>, language: &Language, standing: &Standing, preview: Option<&Preview>) -> Markup {
    let covered = match standing {
        Standing::Approved(decision) => {
            preview.is_none_or(|preview| decision.ruling == Ruling::Approve { words: Some(preview.words) })
        }
        _ => false,
    };
    let may_approve = !covered && (*standing != Standing::Written || preview.is_some());
    html! {
        form method="post" action=(format!("{}/decide", address(view.questionnaire, None))) {
            input type="hidden" name="language" value=(language);
            @if let Some(preview) = preview { input type="hidden" name="words" value=(preview.words); }
            div.field {
                label for="reason" { "Who has checked it, or why it is withdrawn" }
                p.small { "A role and never a name: “the interpreting service and two nurses who speak it”." }
                input id="reason" name="reason" type="text" required maxlength=(MAX_REASON_CHARACTERS) autocomplete="off";
            }
            p.small {
                @match preview {
                    Some(_) => "Approving covers what is asked and the kiosk’s own buttons and explanations, as they stand below.",
                    None => "Approving covers what is asked. The kiosk’s own buttons and explanations are covered once you have drawn the preview; until then kiosks offer the language only where their makers have approved those.",
                }
            }
            p.buttons {
                @if may_approve { button.action type="submit" name="ruling" value="approve" { "Approve " (language_name(language)) } }
                @if standing.is_approved() { button.action.quiet type="submit" name="ruling" value="withdraw" { "Withdraw " (language_name(language)) } }
            }
        }
    }
}

fn pictures(view: &View<'_>, language: &Language, preview: Option<&Preview>) -> Markup {
    html! {
        section #preview.sheet.flows aria-labelledby="preview-title" {
            h2 id="preview-title" { "What a patient sees" }
            @match (&view.preview, preview) {
                (Some(Err(error)), _) => {
                    p.problem { (sentence(&error.to_string())) }
                },
                (_, Some(preview)) => {
                    p.aside {
                        (words::of(preview.pictures.len() as u64, "screen", "screens")) ", drawn by the kiosk’s own program (version " (preview.software)
                        ") as a tablet lying on its side shows them in standard size. A tablet with a voice for the language offers to read them aloud as well."
                    }
                    ul.screens {
                        @for picture in &preview.pictures {
                            @let name = screen_words(view.questionnaire, &picture.screen, picture.question.as_deref());
                            @let link = format!("/office/previews/{}/{}", preview.key, picture.file);
                            li {
                                figure {
                                    a href=(link) { img src=(link) alt=(format!("{name}, in {}", language_name(language))) width="1280" height="800" loading="lazy"; }
                                    figcaption { (name) }
                                }
                            }
                        }
                    }
                },
                _ => {
                    p { "Nobody has drawn it yet. It takes some seconds." }
                    form method="post" action=(format!("{}/preview", address(view.questionnaire, None))) {
                        input type="hidden" name="language" value=(language);
                        p { button.action type="submit" { "Draw every screen" } }
                    }
                },
            }
        }
    }
}

/// A screen in words.
fn screen_words(questionnaire: &Questionnaire, screen: &str, question: Option<&str>) -> String {
    let position = question.and_then(|id| questionnaire.questions().iter().position(|one| one.id.as_str() == id));
    match (position, screen) {
        (Some(position), _) => format!("Question {}", position + 1),
        (None, "rest") => "At rest".to_owned(),
        (None, "language") => "Choosing a language".to_owned(),
        (None, "consent") => "What this is, and whether the patient agrees".to_owned(),
        (None, "help") => "Asking for help".to_owned(),
        (None, "stop_asked") => "Stopping".to_owned(),
        (None, "thanks") => "Thank you".to_owned(),
        (None, "wipe") => "Please wipe the tablet".to_owned(),
        (None, other) => other.to_owned(),
    }
}

fn texts(view: &View<'_>, language: &Language) -> Markup {
    let pairs = pairs(view.questionnaire, language);
    html! {
        section.sheet.flows aria-labelledby="texts" {
            h2 id="texts" { "What is asked, side by side" }
            (side_by_side("texts", language, &pairs.iter().map(|pair: &Pair<'_>| (pair.place.as_str(), pair.original, pair.translation)).collect::<Vec<_>>()))
        }
    }
}

fn own_words(language: &Language, preview: &Preview) -> Markup {
    let rows: Vec<_> =
        preview.phrases.iter().map(|(english, text)| ("", english.as_str(), Some(text.as_str()))).collect();
    html! {
        section.sheet.flows aria-labelledby="own-words" {
            h2 id="own-words" { "The kiosk’s own words, side by side" }
            p.aside {
                "Buttons and explanations of version " (preview.software) " of the kiosk’s program. "
                (if preview.words_approved { "Their makers have approved them." } else { "A machine has translated them; their makers have not approved them." })
                " A later version with other words waits until somebody has looked again."
            }
            details { summary { (words::of(rows.len() as u64, "phrase", "phrases")) } (side_by_side("own-words", language, &rows)) }
        }
    }
}

fn side_by_side(id: &str, language: &Language, rows: &[(&str, &str, Option<&str>)]) -> Markup {
    let placed = rows.iter().any(|(place, _, _)| !place.is_empty());
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby=(id) {
            table.cards {
                thead { tr { @if placed { th scope="col" { "Where" } } th scope="col" { "English" } th scope="col" { (language_name(language)) } } }
                tbody {
                    @for (place, original, translation) in rows {
                        tr {
                            @if placed { th scope="row" { (place) } }
                            td data-label="English" { (original) }
                            td data-label=(language_name(language)) lang=(language) dir="auto" {
                                @match translation {
                                    Some(text) => (text),
                                    None => strong lang="en" { "Missing" },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn history(view: &View<'_>) -> Markup {
    html! {
        section.sheet.flows aria-labelledby="history" {
            h2 id="history" { "What was decided" }
            @if view.decisions.is_empty() {
                p { "Nothing yet: each language stands as the questionnaire’s file says." }
            } @else {
                ol.history reversed {
                    @for decision in view.decisions.iter().take(SHOWN) {
                        li {
                            (words::day(decision.at.to_zoned(jiff::tz::TimeZone::UTC).date())) ": " (language_name(&decision.language)) " "
                            @match decision.ruling {
                                Ruling::Approve { words: Some(_) } => "approved, with the kiosk’s own words",
                                Ruling::Approve { words: None } => "approved",
                                Ruling::Withdraw => "withdrawn",
                            }
                            " by " (decision.by) ": " (decision.reason)
                        }
                    }
                }
                @if view.decisions.len() > SHOWN { p.small { "The last " (SHOWN) " of " (words::count(view.decisions.len() as u64)) "." } }
            }
        }
    }
}
