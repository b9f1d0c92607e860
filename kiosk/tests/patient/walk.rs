//! A walk past every screen a patient can meet, with a stop at each.

use wardvoice_kiosk::interview::{Action, Carriage, Happening, Screen, StoreFailed, Storing};
use wardvoice_kiosk_ui::words;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::record::Need;

use super::{Patient, Store, code};

/// Walks past every screen in a language, and calls at each with its name. What the caller does to the window it undoes.
pub(crate) fn walk(
    patient: &Patient,
    language: &str,
    prepare: &dyn Fn(&Patient),
    look: &mut dyn FnMut(&Patient, &str),
) {
    Walk { patient, language, prepare, look }.whole();
}

struct Walk<'a> {
    patient: &'a Patient,
    language: &'a str,
    /// Sets what is the person's own, which is gone with every rest.
    prepare: &'a dyn Fn(&Patient),
    look: &'a mut dyn FnMut(&Patient, &str),
}

impl Walk<'_> {
    fn touches(&self, action: Action) {
        self.patient.meets(Happening::Touch(action));
    }

    fn chooses(&self, choice: usize) {
        self.touches(Action::Choose(choice));
        self.patient.waits(400);
    }

    fn looks(&mut self, screen: &str) {
        (self.look)(self.patient, screen);
    }

    fn begins(&self) {
        (self.prepare)(self.patient);
        self.touches(Action::Start);
        self.touches(Action::ChooseLanguage(Language::new(self.language).expect("a language")));
    }

    fn whole(&mut self) {
        (self.prepare)(self.patient);
        self.looks("rest");
        self.touches(Action::Start);
        self.looks("language");
        self.touches(Action::ChooseLanguage(Language::new(self.language).expect("a language")));
        self.looks("consent");
        self.touches(Action::Agree);
        self.questions();
        self.looks("saving");
        self.patient.store_answers(Ok(None));
        self.looks("thanks");
        self.touches(Action::Dismiss);
        self.looks("wipe");
        self.touches(Action::Wiped);
        self.patient.store_answers(Ok(None));
        self.asides();
    }

    fn questions(&mut self) {
        loop {
            match self.patient.view().screen {
                Screen::Question(question) => {
                    self.looks(&format!("question-{}", question.id));
                    if question.id.as_str() == "help" {
                        self.patient.store.set(Store::Waits);
                        self.chooses(1);
                        return;
                    }
                    if question.id.as_str() == "respect" {
                        self.going_back();
                    }
                    self.touches(Action::Choose(1));
                    if question.id.as_str() == "friends_and_family" {
                        self.looks("question-chosen");
                    }
                    self.patient.waits(400);
                    if question.id.as_str() == "friends_and_family" {
                        self.touches(Action::Back);
                        self.looks("question-back");
                        self.touches(Action::Next);
                    }
                    if question.id.as_str() == "consultant" {
                        self.touches(Action::Back);
                        self.chooses(0);
                    }
                }
                Screen::Comment(comment) => {
                    self.looks(&format!("comment-{}", comment.id));
                    let length = if comment.id.as_str() == "good" { 60 } else { 900 };
                    self.touches(Action::Write(self.written(length)));
                    self.looks(&format!("comment-{}-written", comment.id));
                    self.touches(Action::Next);
                }
                Screen::Consultant(_) => {
                    self.looks("consultant");
                    self.chooses(2);
                }
                screen => panic!("{screen:?} in the middle of the questions"),
            }
        }
    }

    /// About so many characters in the language of the walk. A space at the end might have a line to itself that nobody sees.
    fn written(&self, length: usize) -> String {
        let said = words::phrases(self.language).expect("a language").rest_body;
        let written: String = said.chars().chain([' ']).cycle().take(length).collect();
        written.trim_end().to_owned()
    }

    fn going_back(&mut self) {
        self.touches(Action::Skip);
        self.touches(Action::Back);
        self.looks("question-skipped");
        self.touches(Action::Stop);
        self.looks("stop-asked");
        self.touches(Action::CarryOn);
        self.patient.waits(60_000);
        self.looks("still-there");
        self.touches(Action::CarryOn);
    }

    /// What a straight journey does not meet.
    fn asides(&mut self) {
        self.patient.store.set(Store::Waits);
        self.begins();
        self.help();
        self.touches(Action::Agree);
        self.touches(Action::Stop);
        self.touches(Action::StopNow);
        self.patient.store_answers(Err(StoreFailed));
        self.looks("staff-not-kept");
        self.touches(Action::Dismiss);
        self.begins();
        self.patient.meets(Happening::Storing(Storing::Refusing));
        self.looks("staff-cannot-keep");
        self.patient.meets(Happening::Storing(Storing::Ready));
        self.begins();
        for action in [Action::Agree, Action::Stop, Action::StopNow] {
            self.touches(action);
        }
        self.patient.store_answers(Ok(Some(code())));
        self.looks("thanks-code");
        self.touches(Action::Dismiss);
        self.touches(Action::Wiped);
        self.patient.store_answers(Ok(None));
        self.begins();
        self.touches(Action::Decline);
        self.patient.store_answers(Ok(None));
        self.looks("thanks-declined");
        self.touches(Action::Dismiss);
        self.touches(Action::Wiped);
        self.patient.store_answers(Ok(None));
        self.patient.store.set(Store::Keeps);
    }

    fn help(&mut self) {
        let carried = |connected, waiting| Happening::Carriage(Carriage { connected, waiting });
        self.patient.meets(carried(false, 0));
        self.touches(Action::Help);
        self.looks("help-offline");
        self.patient.meets(carried(true, 0));
        self.looks("help");
        self.touches(Action::Need(Need::Talk));
        self.looks("help-place");
        self.touches(Action::Choose(1));
        self.looks("help-sending");
        self.patient.store_answers(Ok(None));
        self.looks("help-kept");
        self.patient.meets(carried(false, 1));
        self.looks("help-waiting");
        self.patient.meets(carried(true, 1));
        self.patient.meets(Happening::HelpDelivered);
        self.looks("help-delivered");
        self.patient.meets(Happening::HelpSeen);
        self.looks("help-seen");
        self.touches(Action::CloseHelp);
        self.touches(Action::Help);
        self.touches(Action::Need(Need::Talk));
        self.touches(Action::Choose(0));
        self.patient.store_answers(Err(StoreFailed));
        self.looks("help-failed");
        self.touches(Action::CloseHelp);
        self.patient.meets(Happening::Storing(Storing::Ready));
    }
}
