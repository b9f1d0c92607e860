//! Every screen, in every language, lying and standing: what can be touched is large enough, apart and on the screen.
//! Keeps a picture of each under `target/tmp/screens`.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod patient;

use patient::{Patient, Store};
use wardvoice_kiosk::interview::{Action, Carriage, Happening, Screen, StoreFailed, Storing};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::record::Need;

/// The least height and width of what can be touched, and the least distance between two, in pixels.
const TARGET: f32 = 72.0;
const GAP: f32 = 16.0;
/// A keyboard's keys stand closer.
const KEY_GAP: f32 = 6.0;

struct Photographer<'a> {
    patient: &'a Patient,
    language: &'static str,
    number: u32,
}

#[test]
fn every_screen_fits_in_every_language_lying_and_standing() {
    let patient = Patient::arrives(1280, 800);
    for language in ["en", "cy"] {
        Photographer { patient: &patient, language, number: 0 }.walks_through();
    }
}

impl Photographer<'_> {
    fn touches(&self, action: Action) {
        self.patient.meets(Happening::Touch(action));
    }

    fn chooses(&self, choice: usize) {
        self.touches(Action::Choose(choice));
        self.patient.waits(400);
    }

    fn walks_through(&mut self) {
        self.looks("rest");
        self.touches(Action::Start);
        self.looks("language");
        self.touches(Action::ChooseLanguage(Language::new(self.language).unwrap()));
        self.looks("consent");
        self.touches(Action::Agree);
        self.questions();
        self.looks("saving");
        self.patient.store_answers(Ok(()));
        self.looks("thanks");
        self.touches(Action::Dismiss);
        self.looks("wipe");
        self.touches(Action::Wiped);
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
                    if question.id.as_str() == "consultant" {
                        self.touches(Action::Back);
                        self.chooses(0);
                    }
                }
                Screen::Comment(comment) => {
                    self.looks(&format!("comment-{}", comment.id));
                    let words = "The night staff came at once. ";
                    self.touches(Action::Write(words.repeat(if comment.id.as_str() == "good" { 2 } else { 30 })));
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
        self.touches(Action::Start);
        self.touches(Action::ChooseLanguage(Language::new(self.language).unwrap()));
        self.touches(Action::Help);
        self.looks("help-offline");
        self.patient.meets(Happening::Carriage(Carriage { connected: true, waiting: 0 }));
        self.looks("help");
        self.touches(Action::Need(Need::Talk));
        self.looks("help-sending");
        self.patient.store_answers(Ok(()));
        self.looks("help-kept");
        self.patient.meets(Happening::Carriage(Carriage { connected: false, waiting: 1 }));
        self.looks("help-waiting");
        self.patient.meets(Happening::Carriage(Carriage { connected: true, waiting: 0 }));
        self.looks("help-delivered");
        self.touches(Action::CloseHelp);
        self.touches(Action::Help);
        self.touches(Action::Need(Need::Talk));
        self.patient.store_answers(Err(StoreFailed));
        self.looks("help-failed");
        self.touches(Action::CloseHelp);
        self.touches(Action::Agree);
        self.touches(Action::Stop);
        self.touches(Action::StopNow);
        self.patient.store_answers(Err(StoreFailed));
        self.looks("staff-not-kept");
        self.touches(Action::Dismiss);
        self.touches(Action::Start);
        self.touches(Action::ChooseLanguage(Language::new(self.language).unwrap()));
        self.patient.meets(Happening::Storing(Storing::Refusing));
        self.looks("staff-cannot-keep");
        self.patient.meets(Happening::Storing(Storing::Ready));
        self.touches(Action::Start);
        self.touches(Action::ChooseLanguage(Language::new(self.language).unwrap()));
        self.touches(Action::Decline);
        self.patient.store_answers(Ok(()));
        self.looks("thanks-declined");
        self.touches(Action::Dismiss);
        self.touches(Action::Wiped);
        self.patient.store_answers(Ok(()));
    }

    fn looks(&mut self, screen: &str) {
        self.number += 1;
        for (way, width, height) in [("standing", 800, 1280), ("lying", 1280, 800)] {
            self.patient.turns(width, height);
            let name = format!("{}-{way}-{:03}-{screen}", self.language, self.number);
            self.patient.keeps_picture(&name);
            check_controls(self.patient, &name, width, height);
        }
    }
}

fn check_controls(patient: &Patient, name: &str, width: u32, height: u32) {
    let (width, height) = (f32::from(u16::try_from(width).unwrap()), f32::from(u16::try_from(height).unwrap()));
    let controls: Vec<_> = patient
        .controls()
        .iter()
        .map(|control| {
            let label = control.accessible_label().unwrap_or_default();
            assert!(!label.is_empty(), "{name}: a control says nothing");
            (label, control.absolute_position(), control.size())
        })
        .collect();
    for (label, at, size) in &controls {
        assert!(size.width >= TARGET && size.height >= TARGET, "{name}: {label} is {size:?}");
        let inside = at.x >= 0.0 && at.y >= 0.0 && at.x + size.width <= width && at.y + size.height <= height;
        assert!(inside, "{name}: {label} lies at {at:?} with {size:?}, off the screen");
    }
    let gap = if name.contains("comment") { KEY_GAP } else { GAP };
    for (index, (label, at, size)) in controls.iter().enumerate() {
        for (other, beside, extent) in controls.iter().skip(index + 1) {
            let across = (beside.x - at.x - size.width).max(at.x - beside.x - extent.width);
            let down = (beside.y - at.y - size.height).max(at.y - beside.y - extent.height);
            // A hundredth for rounding.
            assert!(across.max(down) > gap - 0.01, "{name}: {label} and {other} are {} apart", across.max(down));
        }
    }
}
