//! What stands beside a unit's page: the same answers by another scoring definition, and what was asked besides.
//!
//! A new version of a definition starts a new series and changes nothing that was published. Here both stand side by side, and which of them a
//! fortnight is published by is said. What staff say of their work is for the board and the office alone, and from six answers on.

use std::sync::{Arc, PoisonError};

use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireRef};

use super::failure::Failure;
use super::layout::{self, Page, Place};
use super::sheets::run_up;
use super::units::readable;
use super::viewer::Viewer;
use super::ward::{self, page_off_thread};
use super::{Shared, Web, signals};
use crate::comments::Released;
use crate::facts::Facts;
use crate::policy;
use crate::scoring::{AnswersSheet, Definition, DefinitionRef, ScoreSheet, ScoringWorld, answers};

mod parts;

/// So many fortnights are shown by both definitions.
const FORTNIGHTS: usize = 6;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    unit: String,
    period: Option<String>,
    /// The definition that is to stand beside.
    definition: Option<String>,
}

/// A definition with what people call it.
type Named = (DefinitionRef, String);

struct View {
    unit: Unit,
    name: String,
    period: Period,
    /// By the definition that the period is published by.
    published: (Named, Arc<ScoreSheet>),
    /// The other definitions of the same questionnaire.
    known: Vec<Named>,
    beside: Option<Beside>,
    asked: Vec<Other>,
    /// Whether there is a questionnaire for staff of which whoever looks is shown nothing.
    hides_staff: bool,
}

/// The same answers by another definition.
struct Beside {
    definition: Named,
    sheet: Arc<ScoreSheet>,
    /// The last fortnights, oldest first: by the definition of the period that is shown, and by the other.
    fortnights: Vec<(Period, Arc<ScoreSheet>, Arc<ScoreSheet>)>,
}

/// Another questionnaire.
struct Other {
    reference: QuestionnaireRef,
    title: String,
    says: Says,
}

/// What a questionnaire says of a unit.
enum Says {
    /// Nobody answered it.
    Nothing,
    /// So few members of staff answered that they could be recognised.
    TooFew,
    /// The definition's rows do not let it be seen, and why.
    Withheld(String),
    /// There is no definition to score it by: how many gave each answer, and what people wrote as far as it was released.
    Unscored(Counted, Vec<Released>),
    /// The scores, and what people wrote as far as it was released.
    Scores(Box<ScoreSheet>, Vec<Released>),
}

/// How many gave each answer, as far as it may be seen.
pub(super) struct Counted {
    pub(super) sheet: AnswersSheet,
    /// Questions that so few members of staff answered that they could be recognised.
    pub(super) left_out: usize,
}

pub(crate) async fn page(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let period = ward::period(&web, asked.period.as_deref())?;
    let unit = readable(&web, &viewer, &asked.unit)?;
    page_off_thread(&web, move |web| {
        let view = view(web, &viewer, unit, period, asked.definition.as_deref())?;
        let title = format!("{}: by other rules, and what else was asked", view.name);
        let page = Page { title: &title, place: Place::Unit, live: false };
        Ok(layout::frame(web, &viewer, &page, &parts::body(web, &view)))
    })
    .await
}

fn view(
    web: &Web,
    viewer: &Viewer,
    unit: Unit,
    period: Period,
    definition: Option<&str>,
) -> Result<View, Failure> {
    let scoring = &web.desk.scoring;
    let in_force = scoring.in_force(period.start());
    let in_force = in_force.ok_or_else(|| Failure::internal(&"score anything: no definition is in force"))?;
    let known: Vec<Named> = scoring.definitions().filter(|one| is_beside(one, in_force)).map(named).collect();
    let chosen = chosen(&known, definition)?;
    let others = others(scoring, in_force);
    let may_see_staff = web.enter(viewer, policy::Place::Staff(&unit)).is_ok();
    let (seen, hidden): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(_, questionnaire)| may_see_staff || !is_of_staff(questionnaire));
    // Comments may have to be read from the log, which is not done while the facts are held.
    let mut written = Vec::with_capacity(seen.len());
    for (index, _) in &seen {
        let released = web.desk.comments.released_in(&unit, &period, policy::Audience::Ward, *index);
        written.push(released.map_err(|error| Failure::internal(&error))?);
    }
    let facts = web.desk.facts.read().unwrap_or_else(PoisonError::into_inner);
    let look = Look { web, viewer, facts: &facts, unit: &unit, period: &period, today: web.today() };
    let mut asked = Vec::with_capacity(seen.len());
    for ((index, questionnaire), comments) in seen.into_iter().zip(written) {
        let title = parts::english(&questionnaire.file().title);
        let says = look.says(index, questionnaire, comments)?;
        asked.push(Other { reference: questionnaire.reference(), title, says });
    }
    Ok(View {
        name: scoring.unit_name(&unit).unwrap_or_default(),
        published: (named(in_force), look.by(&in_force.reference(), &period)?),
        beside: chosen.map(|definition| look.beside(&in_force.reference(), definition)).transpose()?,
        known,
        asked,
        hides_staff: !hidden.is_empty(),
        period,
        unit,
    })
}

/// Whether a definition scores answers to the same questionnaire, of whatever version, by other rules.
fn is_beside(one: &Definition, in_force: &Definition) -> bool {
    one.file().questionnaire.id == in_force.file().questionnaire.id && one.reference() != in_force.reference()
}

fn named(definition: &Definition) -> Named {
    (definition.reference(), definition.file().title.clone())
}

/// The definition that was asked for; the first there is when none was.
fn chosen(known: &[Named], asked: Option<&str>) -> Result<Option<Named>, Failure> {
    let Some(text) = asked.filter(|text| !text.is_empty()) else { return Ok(known.first().cloned()) };
    let found = known.iter().find(|(reference, _)| reference.to_string() == text).cloned();
    found.map(Some).ok_or_else(|| {
        let there: Vec<_> = known.iter().map(|(reference, _)| reference.to_string()).collect();
        let there = if there.is_empty() { "no other".to_owned() } else { there.join(", ") };
        let detail = format!("There is no {text} to stand beside these scores; there is {there}.");
        Failure::new(StatusCode::NOT_FOUND, "There is no such definition", detail)
    })
}

/// The questionnaires that are not the one whose scores are published, with their numbers in facts.
fn others<'a>(scoring: &'a ScoringWorld, in_force: &Definition) -> Vec<(u8, &'a Questionnaire)> {
    let vocabulary = scoring.vocabulary();
    let all = (0..=u8::MAX).map_while(|index| Some((index, vocabulary.questionnaire(index)?)));
    all.filter(|(_, one)| one.reference() != in_force.file().questionnaire).collect()
}

pub(super) fn is_of_staff(questionnaire: &Questionnaire) -> bool {
    questionnaire.file().audience == KioskAudience::Staff
}

/// Who looks at whom.
struct Look<'a> {
    web: &'a Web,
    viewer: &'a Viewer,
    facts: &'a Facts,
    unit: &'a Unit,
    period: &'a Period,
    today: Date,
}

impl Look<'_> {
    fn by(&self, definition: &DefinitionRef, period: &Period) -> Result<Arc<ScoreSheet>, Failure> {
        let scoring = &self.web.desk.scoring;
        let sheet = self.web.sheets.by(self.facts, scoring, (period, self.unit), definition, self.today);
        sheet.map_err(|error| Failure::internal(&error))
    }

    fn beside(&self, published: &DefinitionRef, definition: Named) -> Result<Beside, Failure> {
        let last = Period::Fortnight(signals::until(self.web, self.period)?);
        let mut fortnights = Vec::with_capacity(FORTNIGHTS);
        for fortnight in run_up(self.web.desk.scoring.calendar(), &last, FORTNIGHTS) {
            let (by_one, by_other) = (self.by(published, &fortnight)?, self.by(&definition.0, &fortnight)?);
            fortnights.push((fortnight, by_one, by_other));
        }
        Ok(Beside { sheet: self.by(&definition.0, self.period)?, fortnights, definition })
    }

    /// What a questionnaire says, as far as whoever looks may see it.
    fn says(&self, index: u8, questionnaire: &Questionnaire, comments: Vec<Released>) -> Result<Says, Failure> {
        let (scoring, reference) = (&self.web.desk.scoring, questionnaire.reference());
        let definitions = scoring.definitions().filter(|one| one.file().questionnaire == reference);
        let definition = definitions.max_by_key(|one| one.file().version);
        let sheet = definition.map(|one| self.by(&one.reference(), self.period)).transpose()?;
        let answers = || answers(self.facts, scoring, (index, questionnaire), self.unit, self.period);
        let unscored = sheet.is_none().then(answers);
        let responses = sheet.as_ref().map(|sheet| sheet.responses);
        let responses = responses.or(unscored.as_ref().map(|sheet| sheet.responses)).unwrap_or_default();
        if is_of_staff(questionnaire) && policy::shown_count(responses).is_none() {
            return Ok(Says::TooFew);
        }
        Ok(match (sheet, unscored) {
            (None, None) => Says::Nothing,
            _ if responses == 0 => Says::Nothing,
            (None, Some(sheet)) => Says::Unscored(Counted::of(sheet, is_of_staff(questionnaire)), comments),
            (Some(sheet), _) => {
                let audience = self.viewer.who().audience();
                let decision = policy::of_sheet(scoring, &sheet, audience, &self.web.desk.policy);
                match policy::withhold(Arc::unwrap_or_clone(sheet), &decision) {
                    Some(sheet) => Says::Scores(Box::new(sheet), comments),
                    None => Says::Withheld(decision.why),
                }
            }
        })
    }
}

impl Counted {
    /// What patients answered is for the unit's staff; of what staff answered only what enough of them did.
    pub(super) fn of(mut sheet: AnswersSheet, of_staff: bool) -> Self {
        let all = sheet.questions.len();
        sheet.questions.retain(|question| !of_staff || policy::shown_count(question.figure.n).is_some());
        Self { left_out: all - sheet.questions.len(), sheet }
    }
}
