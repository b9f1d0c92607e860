//! Between the interview and the window: one file a screen, which connects its touches and shows its part of a view.
//!
//! Nothing here decides; a touch becomes an [`Action`], a [`View`] becomes properties. Rows that stay are changed in place, so
//! that what has the keyboard's focus keeps it.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::rc::Rc;

use slint::{ComponentHandle as _, Model as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{Journey, KioskWindow, Phrases, ScreenKind, Theme, Words, fonts, words};
use wardvoice_protocol::id::Language;

use crate::interview::volunteer::{DoorKey, VolunteerTouch};
use crate::interview::{Action, Progress, Screen, View};

mod aids;
mod comment;
mod consent;
mod consultant;
mod door;
mod help;
mod join;
mod keyboard;
mod language;
mod lines;
mod message;
mod question;
mod reading;
mod rest;
mod volunteer;

pub(crate) use join::JoinScreen;

/// Takes what was touched.
pub(crate) type Touch = Rc<dyn Fn(Action)>;

/// Every screen of a window.
pub(crate) struct Screens {
    window: KioskWindow,
    language: RefCell<Option<Language>>,
    name: RefCell<ScreenName>,
    kind: Rc<Cell<ScreenKind>>,
    /// The number of the question that was shown last.
    number: Cell<usize>,
    rest: rest::Rest,
    language_screen: language::LanguageScreen,
    question: question::Question,
    comment: comment::Comment,
    consultant: consultant::Consultant,
    help: help::Help,
    message: message::Message,
    door: door::Door,
    volunteer: volunteer::Volunteer,
}

/// Which screen it is, for tests: the screen and, where there is one, the question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ScreenName {
    /// `question`, `thanks` …
    pub(crate) screen: &'static str,
    /// The question's id.
    pub(crate) question: Option<String>,
}

impl Screens {
    /// Connects a window's touches.
    pub(crate) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let kind = Rc::new(Cell::new(ScreenKind::Rest));
        window.global::<Words>().on_font_of(|text| fonts::family_of(&text).into());
        connect_journey(window, touch, &kind);
        consent::connect(window, touch);
        aids::connect(window, touch);
        Self {
            window: window.clone_strong(),
            language: RefCell::default(),
            name: RefCell::default(),
            kind,
            number: Cell::new(0),
            rest: rest::Rest::connect(window, touch),
            language_screen: language::LanguageScreen::connect(window, touch),
            question: question::Question::connect(window, touch),
            comment: comment::Comment::connect(window, touch),
            consultant: consultant::Consultant::connect(window, touch),
            help: help::Help::connect(window, touch),
            message: message::Message::connect(window, touch),
            door: door::Door::connect(window, touch),
            volunteer: volunteer::Volunteer::connect(window, touch),
        }
    }

    /// Shows a view.
    pub(crate) fn show(&self, view: &View) {
        let say = self.speak(view);
        aids::show(&self.window, view);
        let journey = self.window.global::<Journey>();
        journey.set_ward_name(view.ward_name.as_str().into());
        journey.set_notice(notice(view, &say));
        journey.set_offers_languages(view.offers_languages);
        let kind = match &view.screen {
            Screen::Rest { languages, improvements } => self.rest.show(languages, improvements),
            Screen::Language { languages } => self.language_screen.show(languages),
            Screen::Consent => ScreenKind::Consent,
            Screen::Question(question) => {
                self.show_progress(question.progress, question.can_go_back, &say);
                self.question.show(question)
            }
            Screen::Comment(comment) => {
                self.show_progress(comment.progress, comment.can_go_back, &say);
                self.comment.show(comment, &view.language, &say)
            }
            Screen::Consultant(consultant) => {
                self.show_progress(consultant.progress, true, &say);
                self.consultant.show(consultant, &say)
            }
            Screen::Help(help) => self.help.show(help, &say),
            Screen::Door(door) => self.door.show(*door),
            Screen::Volunteer(page) if view.screen.is_for_staff() => self.volunteer.show(page),
            screen => self.message.show(screen, &say),
        };
        let writing = matches!(view.screen, Screen::Comment(_));
        self.volunteer.show_margin(view.margin.as_ref(), writing);
        self.kind.set(kind);
        journey.set_screen(kind);
        if kind != ScreenKind::Message {
            self.message.forget();
        }
        if kind == ScreenKind::Rest {
            self.question.forget();
            self.comment.forget();
            self.consultant.forget();
        }
        let name = ScreenName::of(&view.screen);
        if *self.name.borrow() != name {
            self.name.replace(name);
            self.window.invoke_start_at_top();
        }
    }

    /// What is read aloud of a view, part by part.
    pub(crate) fn parts(view: &View) -> Vec<String> {
        // Not those of the window: it may not show the view yet.
        reading::parts(&view.screen, &words::phrases(view.language.as_str()).unwrap_or_else(words::english))
    }

    /// Moves the keyboard's focus to the next control.
    pub(crate) fn move_focus(&self) {
        aids::move_focus(&self.window, true);
    }

    /// Sets the words when the language has changed.
    fn speak(&self, view: &View) -> Phrases {
        let words = self.window.global::<Words>();
        if self.language.borrow().as_ref() != Some(&view.language) {
            let mut say = words::phrases(view.language.as_str()).unwrap_or_else(words::english);
            // The invitation stands in the middle, in large letters: a word alone below it is the first thing that anybody sees.
            say.rest_title = lines::tied(&say.rest_title);
            say.rest_body = lines::tied(&say.rest_body);
            words.set_say(say);
            words.set_font(fonts::family(view.language.as_str()).into());
            self.language.replace(Some(view.language.clone()));
        }
        words.get_say()
    }

    fn show_progress(&self, progress: Progress, can_go_back: bool, say: &Phrases) {
        let journey = self.window.global::<Journey>();
        let words = |number: &str, of: &str| fill(&fill(&say.progress, "{number}", number), "{of}", of);
        // After a mark of its direction, what is read from the right begins with the number at the right.
        let mark = if self.window.global::<Theme>().get_rtl() { "\u{200f}" } else { "" };
        let numbers = |number: &str, of: &str| slint::format!("{mark}{number} / {of}");
        let (number, of) = (progress.number.to_string(), progress.of.to_string());
        let wide = "8".repeat(of.len());
        journey.set_progress_label(words(&number, &of));
        journey.set_progress_label_widest(words(&wide, &wide));
        journey.set_progress_numbers(numbers(&number, &of));
        journey.set_progress_numbers_widest(numbers(&wide, &wide));
        let value = progress.number as f32 / progress.of.max(1) as f32;
        // The same question may be shown again while the bar still moves.
        match progress.number.cmp(&self.number.replace(progress.number)) {
            Ordering::Less => {
                journey.set_progress_before(journey.get_progress());
                journey.set_progress_returns(journey.get_progress_returns().wrapping_add(1));
            }
            Ordering::Equal => {}
            Ordering::Greater => journey.set_progress_before(value),
        }
        journey.set_progress(value);
        journey.set_can_go_back(can_go_back);
    }
}

impl ScreenName {
    /// The name of a screen.
    pub(crate) fn of(screen: &Screen) -> Self {
        let (screen, question) = match screen {
            Screen::Rest { .. } => ("rest", None),
            Screen::Language { .. } => ("language", None),
            Screen::Consent => ("consent", None),
            Screen::Question(question) => ("question", Some(question.id.to_string())),
            Screen::Comment(comment) => ("comment", Some(comment.id.to_string())),
            Screen::Consultant(_) => ("consultant", None),
            Screen::StopAsked => ("stop_asked", None),
            Screen::StillThere { .. } => ("still_there", None),
            Screen::Saving => ("saving", None),
            Screen::Thanks { .. } => ("thanks", None),
            Screen::Wipe => ("wipe", None),
            Screen::Help(_) => ("help", None),
            Screen::Staff(_) => ("staff", None),
            Screen::Door(_) => ("door", None),
            Screen::Volunteer(view) => (view.page.name(), None),
        };
        Self { screen, question }
    }
}

fn connect_journey(window: &KioskWindow, touch: &Touch, kind: &Rc<Cell<ScreenKind>>) {
    let journey = window.global::<Journey>();
    journey.on_back(sends(touch, Action::Back));
    journey.on_skip(sends(touch, Action::Skip));
    journey.on_next(sends(touch, Action::Next));
    journey.on_stop(sends(touch, Action::Stop));
    journey.on_languages(sends(touch, Action::Languages));
    journey.on_help(sends(touch, Action::Help));
    let (touch, kind) = (Rc::clone(touch), Rc::clone(kind));
    journey.on_digit(move |number| {
        if let (ScreenKind::Door, Ok(digit @ 0..=9)) = (kind.get(), u8::try_from(number)) {
            touch(Action::Volunteer(VolunteerTouch::Key(DoorKey::Digit(digit))));
        }
        // A digit chooses only where answers are in a list; elsewhere it is no touch at all.
        if matches!(kind.get(), ScreenKind::Question | ScreenKind::Consultant)
            && let Some(position) = usize::try_from(number).ok().and_then(|number| number.checked_sub(1))
        {
            touch(Action::Choose(position));
        }
    });
}

fn notice(view: &View, say: &Phrases) -> SharedString {
    let demonstration = view.demonstration.then_some(say.demonstration.as_str());
    let translation = (!view.approved).then_some(say.machine_translation.as_str());
    let parts: Vec<&str> = demonstration.into_iter().chain(translation).collect();
    parts.join("  ·  ").into()
}

/// A callback that sends one action.
fn sends(touch: &Touch, action: Action) -> impl Fn() + 'static {
    let touch = Rc::clone(touch);
    move || touch(action.clone())
}

/// A callback that sends the choice at a position.
fn chooses(touch: &Touch) -> impl Fn(i32) + 'static {
    let touch = Rc::clone(touch);
    move |position| {
        if let Ok(position) = usize::try_from(position) {
            touch(Action::Choose(position));
        }
    }
}

fn fill(phrase: &SharedString, place: &str, number: impl std::fmt::Display) -> SharedString {
    phrase.replace(place, &number.to_string()).into()
}

/// A position for the window, where -1 is none.
fn position(chosen: Option<usize>) -> i32 {
    chosen.and_then(|position| i32::try_from(position).ok()).unwrap_or(-1)
}

/// For each of so many choices whether it is the chosen one.
fn marks(chosen: Option<usize>, count: usize) -> Vec<bool> {
    (0..count).map(|position| chosen == Some(position)).collect()
}

/// Changes rows in place where it can. Another number of rows is said in one word: a layout that is asked between two of several, with
/// rows that it has not counted yet, ends the program (Slint 1.18.1, `col_or_row_and_span`).
fn set_rows<T: Clone + PartialEq + 'static>(model: &VecModel<T>, rows: Vec<T>) {
    if model.row_count() != rows.len() {
        return model.set_vec(rows);
    }
    for (position, row) in rows.into_iter().enumerate() {
        if model.row_data(position).as_ref() != Some(&row) {
            model.set_row_data(position, row);
        }
    }
}
