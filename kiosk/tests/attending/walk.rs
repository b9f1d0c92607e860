//! A walk past every page in front of the door and behind it, with a stop at each.

use std::sync::Arc;

use wardvoice_kiosk::interview::comfort::TextSize;
use wardvoice_kiosk::interview::volunteer::{Briefing, Page, VolunteerTouch, Word};
use wardvoice_kiosk::interview::{Action, Happening, Screen, Storing};
use wardvoice_kiosk_ui::words;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::id::Language;

use super::{MANAGER, Shell, VOLUNTEER, briefing};
use crate::patient::{Patient, Store};

/// Walks past every page with text of a size, and calls at each with its name.
pub(crate) fn walk(patient: &Patient, text_size: TextSize, look: &mut dyn FnMut(&Patient, &str)) {
    let shell = Shell::attends(patient);
    Walk { shell, text_size, look }.whole();
}

struct Walk<'a> {
    shell: Shell<'a>,
    text_size: TextSize,
    look: &'a mut dyn FnMut(&Patient, &str),
}

impl Walk<'_> {
    fn whole(&mut self) {
        self.door();
        self.wards_and_plan();
        self.bed();
        self.end_of_a_round();
        self.tablet();
        self.in_a_patients_hands();
    }

    fn looks(&mut self, page: &str) {
        (self.look)(self.shell.patient, page);
    }

    fn does(&self, touch: VolunteerTouch) {
        self.shell.does(touch);
    }

    fn touches(&self, action: Action) {
        self.shell.patient.meets(Happening::Touch(action));
    }

    /// At rest, where the text that comes in with somebody is set, and on to the door.
    fn knocks(&self) {
        let patient = self.shell.patient;
        while patient.view().comfort.text_size != self.text_size {
            self.touches(Action::TextSize);
        }
        self.does(VolunteerTouch::Knock);
    }

    fn comes_in(&self) {
        self.knocks();
        self.shell.enters(VOLUNTEER);
    }

    fn asks(&self, mode: Mode, language: &str) {
        self.does(VolunteerTouch::Start);
        self.does(VolunteerTouch::Mode(mode));
        self.does(VolunteerTouch::Team(0));
        self.touches(Action::ChooseLanguage(Language::new(language).expect("a language")));
        self.touches(Action::Agree);
    }

    fn door(&mut self) {
        self.shell.says(Word::Briefed(Arc::new(Briefing::default())));
        self.knocks();
        self.looks("door-no-pin");
        self.does(VolunteerTouch::Back);
        self.shell.says(Word::Briefed(briefing()));
        self.knocks();
        self.looks("door");
        self.shell.enters("1111");
        self.looks("door-wrong");
        self.shell.enters("1112");
        self.shell.enters("1113");
        self.looks("door-waiting");
        self.shell.patient.waits(31_000);
        self.shell.enters(VOLUNTEER);
    }

    fn wards_and_plan(&mut self) {
        self.looks("wards");
        self.shell.patient.meets(Happening::Storing(Storing::Refusing));
        self.looks("wards-refusing");
        self.shell.patient.meets(Happening::Storing(Storing::Ready));
        self.does(VolunteerTouch::Ward(1));
        self.looks("plan-without-figures");
        self.does(VolunteerTouch::Back);
        self.does(VolunteerTouch::Ward(0));
        self.looks("plan");
        self.does(VolunteerTouch::Script);
        self.looks("script");
        self.does(VolunteerTouch::CloseAside);
        self.does(VolunteerTouch::Harm);
        self.looks("harm");
        self.does(VolunteerTouch::CloseAside);
    }

    fn bed(&mut self) {
        self.does(VolunteerTouch::Begin);
        self.looks("bed");
        self.does(VolunteerTouch::Start);
        self.looks("how");
        self.does(VolunteerTouch::Mode(Mode::Interview));
        self.looks("team");
        self.does(VolunteerTouch::More);
        self.looks("team-more");
        self.does(VolunteerTouch::Back);
        self.does(VolunteerTouch::Back);
        self.asks(Mode::Interview, "en");
        self.does(VolunteerTouch::Pause);
        self.looks("paused");
        self.does(VolunteerTouch::Lock);
        self.comes_in();
        self.looks("resume");
        self.does(VolunteerTouch::EndDraft);
        self.does(VolunteerTouch::Ward(0));
        self.looks("plan-that-goes-on");
        self.does(VolunteerTouch::Begin);
    }

    fn end_of_a_round(&mut self) {
        while self.shell.screen() == "volunteer_bed" {
            self.does(VolunteerTouch::NotToday(Outcome::Asleep));
        }
        self.looks("round");
        self.does(VolunteerTouch::Back);
    }

    fn tablet(&mut self) {
        self.does(VolunteerTouch::Tablet);
        self.looks("tablet");
        self.does(VolunteerTouch::TestCard);
        self.looks("test-card");
        self.shell.says(Word::TestCardKept(Ok("/var/lib/wardvoice-kiosk/test-picture.png".to_owned())));
        self.looks("test-card-kept");
        self.does(VolunteerTouch::Back);
        self.does(VolunteerTouch::Move);
        self.looks("door-manager");
        self.shell.enters(MANAGER);
        self.looks("move");
        self.does(VolunteerTouch::Lock);
    }

    /// The one page that a patient holds, in every language and as large as the patient wants it.
    fn in_a_patients_hands(&mut self) {
        self.comes_in();
        self.does(VolunteerTouch::Ward(0));
        self.does(VolunteerTouch::Begin);
        self.shell.patient.store.set(Store::Keeps);
        for language in words::LANGUAGES {
            self.asks(Mode::Alone, language);
            while self.shell.patient.view().comfort.text_size != self.text_size {
                self.touches(Action::TextSize);
            }
            self.shell.patient.dozes(181_000);
            let Screen::Volunteer(view) = self.shell.patient.view().screen else { panic!("the questions wait") };
            assert_eq!(view.page, Page::Paused { handed_over: true });
            self.looks(&format!("held-{language}"));
            self.does(VolunteerTouch::Knock);
            self.shell.enters(VOLUNTEER);
            self.does(VolunteerTouch::EndDraft);
            self.touches(Action::Dismiss);
            self.touches(Action::Wiped);
        }
        self.does(VolunteerTouch::Lock);
    }
}
