//! Everything a screen shows. The kiosk's own words are left to the window; the questionnaire's are here.

use wardvoice_protocol::contact::Answer;
use wardvoice_protocol::id::{Language, QuestionId};
use wardvoice_protocol::limits::MAX_COMMENT_CHARACTERS;
use wardvoice_protocol::questionnaire::{KindFile, QuestionFile, Text};
use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::comfort::{Comfort, Light, TextSize};
use super::picture::{Picture, picture};
use super::reading::Aloud;
use super::setting::Improvement;
use super::sheet::{Named, Place, choices, consultants_of_page};
use super::volunteer::{DoorView, Margin, Page, VolunteerView};
use super::{Aside, Asking, Farewell, HelpStep, Interview, STILL_THERE_MS, Setting, Stage, Trouble};

/// The tag of easy-read English, whose answers have drawings.
const EASY_READ: &str = "en-simple";
/// The languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 2] = ["ar", "ur"];

/// How many names of consultants, or of bays and rooms, are on one screen: fewer where they are large.
pub(super) fn names_a_page(text_size: TextSize) -> usize {
    match text_size {
        TextSize::Normal | TextSize::Large => 8,
        TextSize::Larger => 6,
        TextSize::Largest => 4,
    }
}

/// What the window shows now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language of the screen.
    pub language: Language,
    /// Whether people have checked that language's translation.
    pub approved: bool,
    /// The ward's name.
    pub ward_name: String,
    /// Whether everything here is generated for a demonstration.
    pub demonstration: bool,
    /// How the person in front of it wants it.
    pub comfort: Comfort,
    /// Whether another language can be chosen in the middle of the questions.
    pub offers_languages: bool,
    /// How bright the screen has to be.
    pub light: Light,
    /// Whether it can be read aloud, and whether it is.
    pub aloud: Aloud,
    /// The screen.
    pub screen: Screen,
    /// What stands beside it while a volunteer asks.
    pub margin: Option<Margin>,
}

/// The screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// Nobody is here.
    Rest {
        /// The languages to say hello in.
        languages: Vec<Language>,
        /// What the ward did about what patients said.
        improvements: Vec<Improvement>,
    },
    /// Which language?
    Language {
        /// Those offered.
        languages: Vec<Language>,
    },
    /// What this is, and whether the patient agrees.
    Consent,
    /// A question with answers to choose from.
    Question(QuestionView),
    /// A question to be answered in writing.
    Comment(CommentView),
    /// Which consultant?
    Consultant(ConsultantView),
    /// Is stopping meant?
    StopAsked,
    /// Is anybody there?
    StillThere {
        /// Until everything is wiped.
        seconds_left: u64,
    },
    /// The store has not answered yet.
    Saving,
    /// Stored; thank you.
    Thanks {
        /// Which goodbye.
        farewell: Farewell,
        /// The code with which what was answered can be deleted, where one is given.
        code: Option<WithdrawalCode>,
    },
    /// Please wipe the tablet.
    Wipe,
    /// What help is needed, and what has become of the request.
    Help(HelpView),
    /// Staff are needed.
    Staff(Trouble),
    /// Which PIN?
    Door(DoorView),
    /// A screen behind the door.
    Volunteer(Box<VolunteerView>),
}

/// Where in the interview a question stands: 4 of 14.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// From 1.
    pub number: usize,
    /// How many are asked, as far as the answers say now.
    pub of: usize,
}

/// A question with answers to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionView {
    /// The question.
    pub id: QuestionId,
    /// Its wording.
    pub text: String,
    /// Where it stands.
    pub progress: Progress,
    /// The answers in order.
    pub choices: Vec<Choice>,
    /// The one that is chosen.
    pub chosen: Option<usize>,
    /// The choice was made just now and the interview is about to move on.
    pub confirming: bool,
    /// The question was skipped before.
    pub skipped: bool,
    /// There is a question before.
    pub can_go_back: bool,
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it means.
    pub answer: Answer,
    /// What it says.
    pub label: String,
    /// What is drawn beside it, in easy read.
    pub picture: Option<Picture>,
}

/// A question to be answered in writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentView {
    /// The question.
    pub id: QuestionId,
    /// Its wording.
    pub text: String,
    /// Where it stands.
    pub progress: Progress,
    /// What is written.
    pub draft: String,
    /// How many more characters there may be.
    pub characters_left: usize,
    /// There is a question before.
    pub can_go_back: bool,
}

/// Which consultant?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsultantView {
    /// Where its question stands.
    pub progress: Progress,
    /// The names on this page. One place further is "not on this list".
    pub names: Vec<String>,
    /// The one that is chosen.
    pub chosen: Option<usize>,
    /// The choice was made just now and the interview is about to move on.
    pub confirming: bool,
    /// There are more names.
    pub has_more: bool,
}

/// The help screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpView {
    /// What is needed?
    Choosing {
        /// Whether a request can reach anybody now.
        connected: bool,
    },
    /// In which bay or room?
    Placing {
        /// The names on this page. One place further is "I would rather not say".
        names: Vec<String>,
        /// There are more.
        has_more: bool,
    },
    /// Being stored.
    Sending,
    /// Stored on the tablet, and on its way as soon as there is one.
    Kept {
        /// Whether there is a way now.
        connected: bool,
    },
    /// Stored at the hospital.
    Delivered,
    /// A member of staff has seen it.
    Seen,
    /// Not even stored on the tablet.
    Failed,
}

impl View {
    /// Whether the language is written from right to left, and the screen mirrored.
    pub fn is_right_to_left(&self) -> bool {
        let tag = self.language.as_str();
        RIGHT_TO_LEFT.contains(&tag.split_once('-').map_or(tag, |(language, _)| language))
    }

    /// Whether answers have drawings.
    pub fn has_pictures(&self) -> bool {
        self.language.as_str() == EASY_READ
    }
}

impl Screen {
    /// Whether it is in front of the door or behind it, and no patient holds the tablet.
    pub fn is_for_staff(&self) -> bool {
        match self {
            Self::Door(_) => true,
            Self::Volunteer(view) => view.page != Page::Paused { handed_over: true },
            _ => false,
        }
    }
}

impl Interview {
    /// What the window shows at a moment.
    pub fn view(&self, now_ms: u64) -> View {
        let screen = self.screen(now_ms);
        // Volunteers and staff work in English and in their own type, whoever they have just asked.
        let (language, comfort) = match &screen {
            screen if screen.is_for_staff() => (Language::english(), self.looks()),
            Screen::Staff(Trouble::Waiting) => (Language::english(), self.comfort),
            _ => (self.language.clone(), self.comfort),
        };
        let aloud = self.reader.aloud(&screen, &language);
        View {
            approved: self.setting.is_approved(&language),
            language,
            ward_name: self.setting.ward_name().to_owned(),
            demonstration: self.setting.is_demonstration(),
            comfort,
            offers_languages: matches!(self.stage, Stage::Asking(_)) && self.setting.languages().len() > 1,
            light: self.light(),
            aloud,
            screen,
            margin: self.margin(),
        }
    }

    pub(super) fn screen(&self, now_ms: u64) -> Screen {
        if let Some(since_ms) = self.asked_since_ms {
            let left_ms = STILL_THERE_MS.saturating_sub(now_ms.saturating_sub(since_ms));
            return Screen::StillThere { seconds_left: left_ms.div_ceil(1_000) };
        }
        if let Some(help) = &self.help {
            let connected = self.carriage.connected;
            return Screen::Help(match help.step {
                HelpStep::Choosing => HelpView::Choosing { connected },
                HelpStep::Placing { page, .. } => HelpView::Placing {
                    names: places_of_page(&self.setting, page, self.comfort.text_size)
                        .iter()
                        .map(|place| place.as_str().to_owned())
                        .collect(),
                    has_more: self.setting.places().len() > names_a_page(self.comfort.text_size),
                },
                HelpStep::Sending { .. } => HelpView::Sending,
                HelpStep::Kept => HelpView::Kept { connected },
                HelpStep::Delivered => HelpView::Delivered,
                HelpStep::Seen => HelpView::Seen,
                HelpStep::Failed => HelpView::Failed,
            });
        }
        if let Some(screen) = self.volunteer_screen(now_ms) {
            return screen;
        }
        let languages = || self.setting.languages().to_vec();
        match &self.stage {
            Stage::Rest => {
                Screen::Rest { languages: languages(), improvements: self.setting.improvements().to_vec() }
            }
            Stage::Language | Stage::Asking(Asking { aside: Aside::Languages, .. }) => {
                Screen::Language { languages: languages() }
            }
            Stage::Consent => Screen::Consent,
            Stage::Asking(Asking { aside: Aside::Stopping, .. }) => Screen::StopAsked,
            Stage::Asking(asking) => asking.screen(&self.setting, &self.language, self.comfort.text_size),
            Stage::Saving { .. } => Screen::Saving,
            Stage::Thanks { farewell, code, .. } => Screen::Thanks { farewell: *farewell, code: *code },
            Stage::Wipe { .. } => Screen::Wipe,
            Stage::Staff(trouble) => Screen::Staff(*trouble),
        }
    }
}

impl Asking {
    fn screen(&self, setting: &Setting, language: &Language, text_size: TextSize) -> Screen {
        let position = self.place.question();
        let progress = Progress {
            number: self.sheet.asked(setting).filter(|asked| *asked <= position).count(),
            of: self.sheet.asked(setting).count(),
        };
        let confirming = self.confirmed_until_ms.is_some();
        let can_go_back = self.sheet.before(setting, self.place).is_some();
        match (self.place, setting.questionnaire().questions().get(position)) {
            (Place::Consultant { page, .. }, _) => {
                Screen::Consultant(self.consultants(setting, page, progress, confirming, text_size))
            }
            (Place::Question(_), Some(question)) if question.kind == KindFile::Comment => {
                let draft = self.sheet.written(question).to_owned();
                Screen::Comment(CommentView {
                    id: question.id.clone(),
                    text: wording(&question.text, language),
                    progress,
                    characters_left: MAX_COMMENT_CHARACTERS.saturating_sub(draft.chars().count()),
                    draft,
                    can_go_back,
                })
            }
            (Place::Question(_), Some(question)) => {
                let answer = self.sheet.answer(question);
                Screen::Question(QuestionView {
                    id: question.id.clone(),
                    text: wording(&question.text, language),
                    progress,
                    choices: labelled(question, language),
                    chosen: choices(question).position(|choice| answer == Some(&choice)),
                    confirming,
                    skipped: answer == Some(&Answer::Declined),
                    can_go_back,
                })
            }
            // A place is only ever made from a position the questionnaire has.
            (Place::Question(_), None) => Screen::Saving,
        }
    }

    fn consultants(
        &self,
        setting: &Setting,
        page: usize,
        progress: Progress,
        confirming: bool,
        text_size: TextSize,
    ) -> ConsultantView {
        let names = consultants_of_page(setting, page, text_size);
        let chosen = match self.sheet.named() {
            Some(Named::Consultant(id)) => names.iter().position(|choice| choice.id == *id),
            Some(Named::NotOnTheList) => Some(names.len()),
            None => None,
        };
        ConsultantView {
            progress,
            names: names.iter().map(|choice| choice.label.clone()).collect(),
            chosen,
            confirming,
            has_more: setting.consultants().len() > names_a_page(text_size),
        }
    }
}

fn labelled(question: &QuestionFile, language: &Language) -> Vec<Choice> {
    let options = question.options.iter().map(|option| &option.text);
    let texts = options.chain(&question.not_applicable).chain(&question.dont_know);
    let choice = |(answer, text)| Choice {
        picture: picture(&question.kind, &answer),
        answer,
        label: wording(text, language),
    };
    choices(question).zip(texts).map(choice).collect()
}

/// The bays and rooms on a page; none beyond the last.
pub(super) fn places_of_page(
    setting: &Setting,
    page: usize,
    text_size: TextSize,
) -> &[wardvoice_protocol::record::Place] {
    setting.places().chunks(names_a_page(text_size)).nth(page).unwrap_or_default()
}

/// A checked questionnaire has every text in every language it offers, and English always.
fn wording(text: &Text, language: &Language) -> String {
    text.get(language).or_else(|| text.get(&Language::english())).cloned().unwrap_or_default()
}
