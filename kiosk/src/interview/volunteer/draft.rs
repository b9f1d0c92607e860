//! An interview that was interrupted: everything needed to go on with it, as the shell seals it onto the disk.
//!
//! It holds answers, so it exists in volunteer mode only, for at most [`KEEP_MS`] after the last touch, and nothing reaches it
//! without the PIN. It has no bed and no time of day. Its record is either handed to the outbox or lost, never both: the shell
//! wipes the draft before it hands the record over.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wardvoice_protocol::contact::{Answer, Attribution, Comment, Mode};
use wardvoice_protocol::id::{ConsultantId, Language, QuestionId, WardId};
use wardvoice_protocol::questionnaire::QuestionnaireRef;

use super::super::comfort::TextSize;
use super::super::setting::Setting;
use super::super::sheet::{Named, Place, Sheet};
use super::super::view::names_a_page;

/// How long a draft is kept.
pub const KEEP_MS: u64 = 30 * 60 * 1_000;
/// The version of this shape.
const VERSION: u32 = 1;

/// An interrupted interview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    version: u32,
    pub(super) ward: WardId,
    questionnaire: QuestionnaireRef,
    pub(super) language: Language,
    pub(super) mode: Mode,
    pub(super) attribution: Option<Attribution>,
    answers: BTreeMap<QuestionId, Answer>,
    /// What was written in comments that were skipped then: whoever goes back finds it, as without the interruption. It is none of
    /// the answers. Absent from drafts of older programs and where there is none; an older program wipes a draft that has some.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    withdrawn: BTreeMap<QuestionId, Comment>,
    shown: BTreeSet<QuestionId>,
    named: Option<NamedInDraft>,
    /// The question on the screen.
    question: QuestionId,
    /// The screen asks which consultant, after that question.
    naming: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NamedInDraft {
    Consultant(ConsultantId),
    NotOnTheList,
}

/// How and by whom an interview is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doing {
    pub(super) mode: Mode,
    pub(super) attribution: Option<Attribution>,
}

impl Draft {
    /// An interview as it stands.
    pub(in super::super) fn of(
        sheet: &Sheet,
        place: Place,
        setting: &Setting,
        language: &Language,
        mode: Mode,
        attribution: Option<Attribution>,
    ) -> Option<Self> {
        let question = setting.questionnaire().questions().get(place.question())?;
        let (answers, shown, named) = sheet.parts();
        let named = named.map(|named| match named {
            Named::Consultant(id) => NamedInDraft::Consultant(id.clone()),
            Named::NotOnTheList => NamedInDraft::NotOnTheList,
        });
        Some(Self {
            version: VERSION,
            ward: setting.ward().clone(),
            questionnaire: setting.questionnaire().reference(),
            language: language.clone(),
            mode,
            attribution,
            answers: answers.clone(),
            withdrawn: sheet.withdrawn().clone(),
            shown: shown.clone(),
            named,
            question: question.id.clone(),
            naming: matches!(place, Place::Consultant { .. }),
        })
    }

    /// Whether the kiosk, as it is now, can go on with it.
    pub(super) fn fits(&self, setting: &Setting) -> bool {
        let known =
            |id: &QuestionId| setting.questionnaire().questions().iter().any(|question| question.id == *id);
        self.version == VERSION
            && self.questionnaire == setting.questionnaire().reference()
            && known(&self.question)
            && self.answers.keys().chain(self.withdrawn.keys()).chain(&self.shown).all(known)
    }

    /// How many questions have an answer.
    pub(super) fn answered(&self) -> usize {
        self.answers.len()
    }

    /// The interview again, in the setting of its ward.
    pub(super) fn restore(self, setting: &Setting, now_ms: u64) -> Option<(Sheet, Place)> {
        let questions = setting.questionnaire().questions();
        let question = questions.iter().position(|question| question.id == self.question)?;
        let named = self.named.map(|named| match named {
            NamedInDraft::Consultant(id) => Named::Consultant(id),
            NamedInDraft::NotOnTheList => Named::NotOnTheList,
        });
        let place = match &named {
            Some(Named::Consultant(id)) if self.naming => {
                let at = setting.consultants().iter().position(|choice| choice.id == *id);
                Place::Consultant { question, page: at.unwrap_or(0) / names_a_page(TextSize::default()) }
            }
            _ if self.naming => Place::Consultant { question, page: 0 },
            _ => Place::Question(question),
        };
        let sheet = Sheet::from_parts(self.answers, self.shown, named, now_ms).with_withdrawn(self.withdrawn);
        Some((sheet, place))
    }
}
