//! What one person has answered so far, and the way through the questions.

use std::collections::{BTreeMap, BTreeSet};

use wardvoice_protocol::assignment::ConsultantChoice;
use wardvoice_protocol::contact::{
    Answer, Attribution, AttributionSource, Comment, Contact, Mode, Outcome, Response,
};
use wardvoice_protocol::id::{ConsultantId, Language, OptionId, QuestionId};
use wardvoice_protocol::limits::MAX_COMMENT_CHARACTERS;
use wardvoice_protocol::questionnaire::{KindFile, QuestionFile};

use super::comfort::TextSize;
use super::setting::Setting;
use super::view::names_a_page;

/// The option of an attribution or help question that leads on to another screen.
const YES: &str = "yes";
const MS_PER_MINUTE: u64 = 60_000;

/// Where in the interview a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the question of that position.
    Question(usize),
    /// Naming the consultant, after the question of that position.
    Consultant { question: usize, page: usize },
}

impl Place {
    pub(super) fn question(self) -> usize {
        match self {
            Self::Question(question) | Self::Consultant { question, .. } => question,
        }
    }

    /// The same when a page of names holds another number: the first name that was shown is shown still.
    pub(super) fn repaged(self, before: usize, now: usize) -> Self {
        match self {
            Self::Question(_) => self,
            Self::Consultant { question, page } => Self::Consultant { question, page: page * before / now },
        }
    }
}

/// What the person said about the consultant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Consultant(ConsultantId),
    NotOnTheList,
}

#[derive(Debug)]
pub(super) struct Sheet {
    answers: BTreeMap<QuestionId, Answer>,
    /// What was written in comments that were skipped then: in the box again for whoever goes back, and stored only when they go
    /// on with it.
    withdrawn: BTreeMap<QuestionId, Comment>,
    shown: BTreeSet<QuestionId>,
    named: Option<Named>,
    started_ms: u64,
}

impl Sheet {
    /// An empty sheet at the first question, if the questionnaire has one that is asked.
    pub(super) fn new(setting: &Setting, now_ms: u64) -> Option<(Self, Place)> {
        let mut sheet = Self::from_parts(BTreeMap::new(), BTreeSet::new(), None, now_ms);
        let place = Place::Question(sheet.asked(setting).next()?);
        sheet.show(setting, place);
        Some((sheet, place))
    }

    /// The positions of the questions that are asked, as far as the answers say now.
    pub(super) fn asked<'a>(&'a self, setting: &'a Setting) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let questionnaire = setting.questionnaire();
        let questions = questionnaire.questions().iter().enumerate();
        questions
            .filter(|(_, question)| questionnaire.is_asked(question, &self.answers))
            .map(|(position, _)| position)
    }

    pub(super) fn answer(&self, question: &QuestionFile) -> Option<&Answer> {
        self.answers.get(&question.id)
    }

    /// What stands in the box of a comment.
    pub(super) fn written(&self, question: &QuestionFile) -> &str {
        let withdrawn = self.withdrawn.get(&question.id);
        let written = match self.answer(question) {
            Some(Answer::Said(comment)) => Some(comment),
            _ => withdrawn,
        };
        written.map(Comment::as_str).unwrap_or_default()
    }

    pub(super) fn named(&self) -> Option<&Named> {
        self.named.as_ref()
    }

    /// Everything a draft keeps of it.
    pub(super) fn parts(&self) -> (&BTreeMap<QuestionId, Answer>, &BTreeSet<QuestionId>, Option<&Named>) {
        (&self.answers, &self.shown, self.named.as_ref())
    }

    /// A sheet from what a draft kept. The minutes count from now: nobody knows how long nobody answered.
    pub(super) fn from_parts(
        answers: BTreeMap<QuestionId, Answer>,
        shown: BTreeSet<QuestionId>,
        named: Option<Named>,
        now_ms: u64,
    ) -> Self {
        Self { answers, withdrawn: BTreeMap::new(), shown, named, started_ms: now_ms }
    }

    /// What was written in comments that were skipped then.
    pub(super) fn withdrawn(&self) -> &BTreeMap<QuestionId, Comment> {
        &self.withdrawn
    }

    /// The same with what was written in comments that were skipped then.
    pub(super) fn with_withdrawn(self, withdrawn: BTreeMap<QuestionId, Comment>) -> Self {
        Self { withdrawn, ..self }
    }

    pub(super) fn show(&mut self, setting: &Setting, place: Place) {
        if let Some(question) = setting.questionnaire().questions().get(place.question()) {
            self.shown.insert(question.id.clone());
        }
    }

    /// Takes a choice; false when there is none at that place of the list.
    pub(super) fn choose(&mut self, setting: &Setting, place: Place, choice: usize, text_size: TextSize) -> bool {
        match place {
            Place::Question(position) => {
                let Some(question) = setting.questionnaire().questions().get(position) else { return false };
                let Some(answer) = choices(question).nth(choice) else { return false };
                if question.kind == KindFile::Attribution && !is_yes(&answer) {
                    self.named = None;
                }
                self.answers.insert(question.id.clone(), answer);
            }
            Place::Consultant { page, .. } => {
                let names = consultants_of_page(setting, page, text_size);
                self.named = match names.get(choice) {
                    Some(consultant) => Some(Named::Consultant(consultant.id.clone())),
                    None if choice == names.len() => Some(Named::NotOnTheList),
                    None => return false,
                };
            }
        }
        true
    }

    /// Takes the comment as it stands, cut to what a comment may hold; an empty one is no answer yet. A full one takes nothing more:
    /// to cut it would take its end away for what was put into its middle.
    pub(super) fn write(&mut self, setting: &Setting, place: Place, text: &str) {
        let Some(question) = setting.questionnaire().questions().get(place.question()) else { return };
        if question.kind != KindFile::Comment {
            return;
        }
        let plain = text.chars().filter(|character| !character.is_control() || *character == '\n');
        if self.is_full(question) && plain.clone().count() > MAX_COMMENT_CHARACTERS {
            return;
        }
        self.withdrawn.remove(&question.id);
        match Comment::new(plain.take(MAX_COMMENT_CHARACTERS).collect::<String>()) {
            Ok(comment) => self.answers.insert(question.id.clone(), Answer::Said(comment)),
            Err(_) => self.answers.remove(&question.id),
        };
    }

    fn is_full(&self, question: &QuestionFile) -> bool {
        self.written(question).chars().count() == MAX_COMMENT_CHARACTERS
    }

    /// The person would rather not say. What they wrote is not lost by a slip of the finger: see `withdrawn`.
    pub(super) fn skip(&mut self, setting: &Setting, place: Place) {
        match place {
            Place::Question(position) => {
                if let Some(question) = setting.questionnaire().questions().get(position) {
                    let before = self.answers.insert(question.id.clone(), Answer::Declined);
                    if let Some(Answer::Said(comment)) = before {
                        self.withdrawn.insert(question.id.clone(), comment);
                    }
                    if question.kind == KindFile::Attribution {
                        self.named = None;
                    }
                }
            }
            Place::Consultant { .. } => self.named = None,
        }
    }

    /// The person goes on: what stands, stands; nothing at all is a skip.
    pub(super) fn settle(&mut self, setting: &Setting, place: Place) {
        let Place::Question(position) = place else { return };
        let Some(question) = setting.questionnaire().questions().get(position) else { return };
        if let Some(comment) = self.withdrawn.remove(&question.id) {
            self.answers.insert(question.id.clone(), Answer::Said(comment));
        } else if !self.answers.contains_key(&question.id) {
            self.skip(setting, place);
        }
    }

    /// The place after this one; none at the end.
    pub(super) fn after(&self, setting: &Setting, place: Place, text_size: TextSize) -> Option<Place> {
        if let Place::Question(question) = place
            && self.knows_consultant(setting, question)
            && !setting.consultants().is_empty()
        {
            return Some(Place::Consultant { question, page: self.page_of_named(setting, text_size) });
        }
        self.asked(setting).find(|position| *position > place.question()).map(Place::Question)
    }

    /// The place before this one; none at the beginning.
    pub(super) fn before(&self, setting: &Setting, place: Place) -> Option<Place> {
        match place {
            Place::Consultant { question, .. } => Some(Place::Question(question)),
            Place::Question(question) => {
                self.asked(setting).rev().find(|position| *position < question).map(Place::Question)
            }
        }
    }

    /// Whether the question here is the one about help and was answered yes.
    pub(super) fn asks_for_help(&self, setting: &Setting, place: Place) -> bool {
        self.says_yes(setting, place.question(), &KindFile::Help)
    }

    /// Ends the interview: every question with its answer or why it has none.
    ///
    /// A question that was on the screen and got no answer was passed over, which is declining; one that never was on
    /// the screen, or that a later answer has taken back, is not shown.
    pub(super) fn into_contact(
        mut self,
        setting: &Setting,
        language: &Language,
        outcome: Outcome,
        now_ms: u64,
    ) -> Contact {
        let asked: BTreeSet<usize> = self.asked(setting).collect();
        let mut answers = BTreeMap::new();
        for (position, question) in setting.questionnaire().questions().iter().enumerate() {
            let answer = match self.answers.remove(&question.id) {
                _ if !asked.contains(&position) => Answer::NotShown,
                Some(answer) => answer,
                None if self.shown.contains(&question.id) => Answer::Declined,
                None => Answer::NotShown,
            };
            answers.insert(question.id.clone(), answer);
        }
        let attribution = match self.named {
            Some(Named::Consultant(consultant)) => {
                Some(Attribution { consultant, source: AttributionSource::Patient })
            }
            Some(Named::NotOnTheList) | None => None,
        };
        let minutes = u16::try_from(now_ms.saturating_sub(self.started_ms) / MS_PER_MINUTE).ok();
        Contact {
            attribution,
            response: Some(Response { answers, minutes }),
            ..without_response(setting, language, outcome)
        }
    }

    fn knows_consultant(&self, setting: &Setting, position: usize) -> bool {
        self.says_yes(setting, position, &KindFile::Attribution)
    }

    fn says_yes(&self, setting: &Setting, position: usize, kind: &KindFile) -> bool {
        let question = setting.questionnaire().questions().get(position);
        question.is_some_and(|question| question.kind == *kind && self.answer(question).is_some_and(is_yes))
    }

    fn page_of_named(&self, setting: &Setting, text_size: TextSize) -> usize {
        let position = match &self.named {
            Some(Named::Consultant(id)) => setting.consultants().iter().position(|choice| choice.id == *id),
            Some(Named::NotOnTheList) | None => None,
        };
        position.unwrap_or(0) / names_a_page(text_size)
    }
}

/// What can be chosen at a question, in the order of the screen. "Prefer not to say" is the skip beside them.
pub(super) fn choices(question: &QuestionFile) -> impl Iterator<Item = Answer> + '_ {
    let options = question.options.iter().map(|option| Answer::Answered(option.id.clone()));
    let not_applicable = question.not_applicable.iter().map(|_| Answer::NotApplicable);
    let dont_know = question.dont_know.iter().map(|_| Answer::DontKnow);
    options.chain(not_applicable).chain(dont_know)
}

/// The names on a page; none beyond the last.
pub(super) fn consultants_of_page(setting: &Setting, page: usize, text_size: TextSize) -> &[ConsultantChoice] {
    setting.consultants().chunks(names_a_page(text_size)).nth(page).unwrap_or_default()
}

/// The next page of names, or the first again.
pub(super) fn more(setting: &Setting, place: Place, text_size: TextSize) -> Place {
    match place {
        Place::Consultant { question, page } => {
            let page = if consultants_of_page(setting, page + 1, text_size).is_empty() { 0 } else { page + 1 };
            Place::Consultant { question, page }
        }
        Place::Question(_) => place,
    }
}

/// A contact of a patient alone that holds no response.
pub(super) fn without_response(setting: &Setting, language: &Language, outcome: Outcome) -> Contact {
    Contact {
        ward: setting.ward().clone(),
        questionnaire: setting.questionnaire().reference(),
        outcome,
        mode: Mode::Alone,
        language: language.clone(),
        attribution: None,
        response: None,
    }
}

fn is_yes(answer: &Answer) -> bool {
    matches!(answer, Answer::Answered(option) if OptionId::as_str(option) == YES)
}
