//! Questionnaires and their translations: what there is, where it is asked, how each language stands, and what a patient will see.

use axum::Form;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireRef};

use crate::audit::Deed;
use crate::help::StaffRole;
use crate::operations::translation_word;
use crate::previews::{Preview, PreviewError};
use crate::registry::Kiosk;
use crate::translations::{Ruling, Standing};
use crate::web::failure::Failure;
use crate::web::layout::{self, Page, Place};
use crate::web::viewer::Viewer;
use crate::web::ward::{off_thread, page_off_thread, sentence};
use crate::web::{Shared, Web, words};

mod one;
mod texts;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    language: Option<String>,
    done: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Decided {
    language: String,
    ruling: String,
    #[serde(default)]
    reason: String,
    /// The hash of the kiosk's own words that were seen.
    #[serde(default)]
    words: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Drawn {
    language: String,
}

/// Every questionnaire.
pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| Ok(render(web, &viewer))).await
}

/// One questionnaire, and one of its languages.
pub(crate) async fn one(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(reference): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page_off_thread(&web, move |web| {
        let questionnaire = found(web, &reference)?;
        let language = asked.language.as_deref().filter(|tag| !tag.is_empty());
        let language = language.map(|tag| spoken(questionnaire, tag)).transpose()?;
        let preview = language.as_ref().map(|language| web.desk.previews.kept(questionnaire, language));
        let view = one::View {
            questionnaire,
            standings: web.desk.translations.standings(questionnaire),
            decisions: web.desk.translations.decisions(questionnaire.hash()),
            asked: asked_on(web, questionnaire),
            language,
            preview,
            done: asked.done,
        };
        Ok(one::render(web, &viewer, &view))
    })
    .await
}

/// Approves or withdraws a language.
pub(crate) async fn decide(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(reference): Path<String>,
    Form(form): Form<Decided>,
) -> Result<Response, Failure> {
    let by: StaffRole = viewer.name().parse().map_err(|error| Failure::internal(&error))?;
    off_thread(&web, move |web| {
        let questionnaire = found(web, &reference)?;
        let language = spoken(questionnaire, &form.language)?;
        let ruling = match form.ruling.as_str() {
            "approve" => Ruling::Approve { words: seen(web, questionnaire, &language, &form.words)? },
            "withdraw" => Ruling::Withdraw,
            other => return Err(Failure::bad_request(format!("“{other}” is no decision: approve or withdraw."))),
        };
        let about = format!("translation:{}/{language}", questionnaire.reference());
        let detail = format!("{}: {}", translation_word(ruling), form.reason.trim());
        web.note(viewer.name(), Deed::ChangedApproval, Some(&about), Some(&detail))?;
        (web.desk.translate)(questionnaire, &language, ruling, &form.reason, &by)
            .map_err(|error| Failure::bad_request(sentence(&error)))?;
        let done = match ruling {
            Ruling::Approve { .. } => "approved",
            Ruling::Withdraw => "withdrawn",
        };
        Ok(Redirect::to(&format!("{}&done={done}", address(questionnaire, Some(&language)))).into_response())
    })
    .await
}

/// The kiosk's own words that whoever approves has seen: those of the preview that stands now, or none.
fn seen(
    web: &Web,
    questionnaire: &Questionnaire,
    language: &Language,
    words: &str,
) -> Result<Option<Hash>, Failure> {
    if words.is_empty() {
        return Ok(None);
    }
    let kept = web.desk.previews.kept(questionnaire, language).map_err(|error| no_preview(&error))?;
    let same = kept.map(|preview| preview.words).filter(|kept| kept.to_string() == words);
    same.map(Some).ok_or_else(|| {
        let detail = "The kiosk’s program is another than the one whose words you have seen. Draw the preview again and look.";
        Failure::new(StatusCode::CONFLICT, "The words have changed", detail)
    })
}

/// Draws what a patient will see.
pub(crate) async fn draw(
    State(web): State<Shared>,
    Extension(_viewer): Extension<Viewer>,
    Path(reference): Path<String>,
    Form(form): Form<Drawn>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let questionnaire = found(web, &reference)?;
        let language = spoken(questionnaire, &form.language)?;
        web.desk.previews.draw(questionnaire, &language).map_err(|error| no_preview(&error))?;
        Ok(Redirect::to(&format!("{}#preview", address(questionnaire, Some(&language)))).into_response())
    })
    .await
}

/// A picture of a preview.
pub(crate) async fn picture(
    State(web): State<Shared>,
    Path((key, file)): Path<(String, String)>,
) -> Result<Response, Failure> {
    off_thread(&web, move |web| {
        let bytes = web.desk.previews.picture(&key, &file).ok_or_else(Failure::page_not_found)?;
        // What stands under a key never changes.
        let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=86400")];
        Ok((headers, bytes).into_response())
    })
    .await
}

fn no_preview(error: &PreviewError) -> Failure {
    let (status, title) = match error {
        PreviewError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Another preview is being drawn"),
        PreviewError::NotInstalled(_) => (StatusCode::SERVICE_UNAVAILABLE, "The kiosk’s program is not installed"),
        _ => (StatusCode::BAD_GATEWAY, "The preview could not be drawn"),
    };
    tracing::warn!("failed to {error}");
    Failure::new(status, title, sentence(&error.to_string()))
}

fn found<'a>(web: &'a Web, reference: &str) -> Result<&'a Questionnaire, Failure> {
    let read = reference.parse::<QuestionnaireRef>().ok();
    let found = read.and_then(|reference| web.desk.questionnaires.get(&reference));
    found.map(|questionnaire| &**questionnaire).ok_or_else(|| {
        let detail = format!("There is no questionnaire “{reference}”. Choose one from the list.");
        Failure::new(StatusCode::NOT_FOUND, "There is no such questionnaire", detail)
    })
}

fn spoken(questionnaire: &Questionnaire, tag: &str) -> Result<Language, Failure> {
    let language = tag.parse().ok().filter(|language| questionnaire.file().languages.contains_key(language));
    language.ok_or_else(|| {
        let detail = format!("The questionnaire has no text in “{tag}”.");
        Failure::new(StatusCode::NOT_FOUND, "There is no such language", detail)
    })
}

/// The address of a questionnaire, or of one of its languages.
fn address(questionnaire: &Questionnaire, language: Option<&Language>) -> String {
    let page = format!("/office/questionnaires/{}", questionnaire.reference());
    language.map_or_else(|| page.clone(), |language| format!("{page}?language={language}"))
}

/// Where a questionnaire is asked.
struct AskedOn {
    /// The wards, in the directory's order, each with its kiosks.
    wards: Vec<(String, u64)>,
    /// How many kiosks are told to ask it.
    told: u64,
    /// How many of them have said that they do.
    applied: u64,
}

fn asked_on(web: &Web, questionnaire: &Questionnaire) -> AskedOn {
    let registered = web.desk.world.registry.all();
    let first = web.desk.questionnaires.all().first().map(|first| first.reference());
    let reference = questionnaire.reference();
    let for_patients = questionnaire.file().audience == KioskAudience::Patients;
    let asks = |kiosk: &Kiosk| kiosk.questionnaire.as_ref().or(first.as_ref()) == Some(&reference) && for_patients;
    let asking: Vec<_> = registered.iter().filter(|(_, kiosk)| asks(kiosk)).collect();
    let applied = asking.iter().filter(|(id, _)| {
        let presence = web.desk.fleet.get(id).and_then(|sighting| sighting.presence);
        matches!(presence, Some(wardvoice_protocol::status::Presence::Online(health)) if health.questionnaire == Some(questionnaire.hash()))
    });
    let wards =
        web.desk.world.directory.wards().iter().map(|ward| {
            (ward.name.clone(), asking.iter().filter(|(_, kiosk)| kiosk.ward == ward.id).count() as u64)
        });
    AskedOn {
        wards: wards.filter(|(_, kiosks)| *kiosks > 0).collect(),
        told: asking.len() as u64,
        applied: applied.count() as u64,
    }
}

/// A language in English; its tag where it has none here.
pub(in crate::web) fn language_name(language: &Language) -> String {
    let name = match language.as_str() {
        "en" => "English",
        "en-simple" => "English, easy read",
        "cy" => "Welsh",
        "pl" => "Polish",
        "ro" => "Romanian",
        "pa" => "Panjabi",
        "ur" => "Urdu",
        "pt" => "Portuguese",
        "es" => "Spanish",
        "ar" => "Arabic",
        "bn" => "Bengali",
        "gu" => "Gujarati",
        "it" => "Italian",
        other => other,
    };
    name.to_owned()
}

/// How a language stands, in words.
fn standing_words(standing: &Standing) -> &'static str {
    match standing {
        Standing::Original => "The original",
        Standing::Written => "Approved, by its file",
        Standing::Machine => "Machine translation, not approved",
        Standing::Approved(_) => "Approved",
        Standing::Withdrawn(_) => "Withdrawn",
    }
}

/// "3 of 13 languages approved", on the office's first page.
pub(super) fn words_of(web: &Web) -> String {
    let all: Vec<(Language, Standing)> = web
        .desk
        .questionnaires
        .all()
        .iter()
        .filter(|questionnaire| questionnaire.file().audience == KioskAudience::Patients)
        .flat_map(|questionnaire| web.desk.translations.standings(questionnaire))
        .filter(|(_, standing)| *standing != Standing::Original)
        .collect();
    let approved = all.iter().filter(|(_, standing)| standing.is_approved()).count() as u64;
    format!(
        "{} of {} approved",
        words::count(approved),
        words::of(all.len() as u64, "translation", "translations")
    )
}

fn render(web: &Web, viewer: &Viewer) -> Markup {
    let content = html! {
        p.crumbs { a href="/office" { "Office" } " › Questionnaires" }
        div.head {
            div {
                h1 { "Questionnaires" }
                p.lede { "What can be asked, where it is asked, and in which languages." }
            }
        }
        section.sheet.flows aria-labelledby="all" {
            h2 id="all" { "What can be asked" }
            p.aside {
                "A version never changes once it is used; its hash proves that. Approving a translation changes no word of it, so the hash stays, and so \
                 does every score that names it. Another one is a file in the folder of questionnaires, read at the start; a kiosk is told to ask it with "
                code { "wardvoice-aggregator kiosk assign" } "."
            }
            div.scroller tabindex="0" role="group" aria-labelledby="all" {
                table.cards {
                    thead { tr { th scope="col" { "Questionnaire" } th scope="col" { "Version" } th scope="col" { "For" } th.n scope="col" { "Questions" } th scope="col" { "Asked on" } th scope="col" { "Languages" } th scope="col" { "Hash" } } }
                    tbody { @for questionnaire in web.desk.questionnaires.all() { (row(web, questionnaire)) } }
                }
            }
        }
    };
    layout::frame(web, viewer, &Page { title: "Questionnaires", place: Place::Office, live: false }, &content)
}

fn title(questionnaire: &Questionnaire) -> &str {
    questionnaire.file().title.get(&Language::english()).map_or("", String::as_str)
}

fn row(web: &Web, questionnaire: &Questionnaire) -> Markup {
    let asked = asked_on(web, questionnaire);
    let standings = web.desk.translations.standings(questionnaire);
    let approved = standings.iter().filter(|(_, standing)| standing.is_approved()).count() as u64;
    html! {
        tr {
            th scope="row" { a href=(address(questionnaire, None)) { (title(questionnaire)) } }
            td data-label="Version" { (questionnaire.reference()) }
            td data-label="For" { (audience(questionnaire)) }
            td.n data-label="Questions" { (questionnaire.questions().len()) }
            td data-label="Asked on" {
                @if asked.told == 0 { "no kiosk" }
                @else { (words::of(asked.told, "kiosk", "kiosks")) " of " (words::of(asked.wards.len() as u64, "ward", "wards")) }
            }
            td data-label="Languages" { (words::count(approved)) " of " (words::count(standings.len() as u64)) " approved" }
            td data-label="Hash" { code.short { (questionnaire.hash().to_string().get(..12).unwrap_or_default()) } }
        }
    }
}

fn audience(questionnaire: &Questionnaire) -> &'static str {
    match questionnaire.file().audience {
        KioskAudience::Patients => "patients",
        KioskAudience::Staff => "staff, never near patients",
    }
}

/// What there is of a preview: the pictures, or that nobody has drawn it, or why it cannot be.
type Kept = Result<Option<Preview>, PreviewError>;
