//! A volunteer and a manager, by the words on the screen: the door, a round, the staff corner. Every page is looked at lying,
//! standing and on a small tablet: what can be touched is labelled, large enough, apart and on the screen, as a patient's is
//! ([`fit`](patient::fit)). Whether every text has the room it needs is not looked at here. Keeps a picture of each under
//! `target/tmp/volunteer`.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod patient;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use patient::Patient;
use patient::fit::{Area, GAP, KEY_GAP, Touchable, faults};
use slint::ComponentHandle as _;
use wardvoice_kiosk::app::stage::Voice;
use wardvoice_kiosk::interview::volunteer::{Briefing, Errand, Role, TabletState, Word};
use wardvoice_kiosk::interview::{Action, Carriage, Happening, ReadingNumber, Screen, Spoken, Storing};
use wardvoice_kiosk_ui::{FoundControl, Theme};
use wardvoice_protocol::assignment::ConsultantChoice;
use wardvoice_protocol::board::{Bay, Board, WardChange};
use wardvoice_protocol::contact::{AttributionSource, Mode, Outcome};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::record::Body;
use wardvoice_protocol::round::{Round, WardName};

/// A voice that remembers what it was last asked to read.
struct Listener(Rc<Cell<Option<ReadingNumber>>>);

impl Voice for Listener {
    fn read(&self, number: ReadingNumber, _: &Language, _: Vec<String>) {
        self.0.set(Some(number));
    }

    fn hush(&self) {
        self.0.set(None);
    }
}

/// The shell: it knows two PINs, and remembers what it was asked to do.
struct Shell<'a> {
    patient: &'a Patient,
    errands: Rc<RefCell<Vec<Errand>>>,
    number: RefCell<u32>,
    /// What did not fit.
    wrong: RefCell<Vec<String>>,
}

fn board(ward: &str) -> Board {
    let bay = |number: usize, consultant: Option<&str>| Bay {
        name: format!("Bay {number}"),
        beds: (1..=6).map(|bed| (6 * (number - 1) + bed).to_string()).collect(),
        consultant: consultant.map(|id| id.parse().unwrap()),
    };
    Board {
        ward: ward.parse().unwrap(),
        ward_name: "Ward 12, care of older people".to_owned(),
        issued: "2026-11-25T09:00:00Z".parse().unwrap(),
        fortnight: "2026-F24".to_owned(),
        first_day: "2026-11-23".parse().unwrap(),
        last_day: "2026-12-06".parse().unwrap(),
        target: 40,
        completed: 31,
        contacts: 44,
        few: vec!["81plus".parse().unwrap()],
        changes: vec![WardChange {
            said: "The lights are on all night.".to_owned(),
            did: "They go down at ten.".to_owned(),
        }],
        bays: vec![bay(1, Some("C002")), bay(2, Some("C002")), bay(3, Some("C002")), bay(4, Some("C002"))],
        consultants: (1..=9)
            .map(|number| ConsultantChoice {
                id: format!("C{number:03}").parse().unwrap(),
                label: format!("Consultant {number:03}, geriatric medicine"),
            })
            .collect(),
    }
}

fn briefing() -> Arc<Briefing> {
    let name = |id: &str, name: &str| WardName { id: id.parse().unwrap(), name: name.to_owned() };
    let wards = vec![
        name("W12", "Ward 12, care of older people"),
        name("W13", "Ward 13, stroke"),
        name("W14", "Ward 14, orthopaedics and trauma"),
    ];
    let round = Round {
        kiosk: "k-0017".parse().unwrap(),
        issued: "2026-11-25T09:00:00Z".parse().unwrap(),
        volunteer_pin: Some("volunteer".to_owned()),
        manager_pin: Some("manager".to_owned()),
        wards,
        safeguarding: Some("Safeguarding team, extension 4321, day and night".to_owned()),
    };
    Arc::new(Briefing { round: Some(round), boards: [("W12".parse().unwrap(), board("W12"))].into() })
}

#[test]
fn a_round_and_the_staff_corner_by_their_words() {
    let patient = Patient::arrives(1280, 800);
    let shell = Shell::attends(&patient);
    shell.the_door();
    shell.a_round();
    shell.asides();
    shell.handing_over();
    shell.interrupted();
    shell.the_staff_corner();
    let wrong = shell.wrong.take();
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

impl<'a> Shell<'a> {
    fn attends(patient: &'a Patient) -> Self {
        let errands = Rc::new(RefCell::new(Vec::new()));
        let asked = Rc::clone(&errands);
        patient.stage.attended_by(move |errand| asked.borrow_mut().push(errand));
        let shell = Self { patient, errands, number: RefCell::new(0), wrong: RefCell::default() };
        shell.says(Word::Briefed(briefing()));
        patient.meets(Happening::Carriage(Carriage { connected: false, waiting: 12 }));
        shell.says(Word::Reached("2026-11-25T14:05:00Z".parse().unwrap()));
        shell
    }

    fn says(&self, word: Word) {
        self.patient.meets(Happening::Volunteer(word));
    }

    /// Does what has been asked for since the last time.
    fn obliges(&self) {
        let asked: Vec<Errand> = self.errands.borrow_mut().drain(..).collect();
        for errand in asked {
            match errand {
                Errand::CheckPin { pin, volunteer, manager } => {
                    assert!(volunteer.is_some() && manager.is_some());
                    let role = match pin.digits() {
                        "2580" => Some(Role::Volunteer),
                        "13579" => Some(Role::Manager),
                        _ => None,
                    };
                    self.says(Word::Checked { role, seed: 11 });
                }
                Errand::LookAtTablet => self.says(Word::Tablet(Box::new(TabletState {
                    kiosk: "k-0017".parse().unwrap(),
                    software: "0.1.0".to_owned(),
                    today: "2026-12-04".parse().unwrap(),
                    battery_percent: Some(81),
                    charging: Some(false),
                    clock_offset_s: Some(-4),
                    free_disk_bytes: Some(9_100_000_000),
                    brightness_percent: Some(75),
                    last_error: Some("no connection: the broker has answered nothing for 30 s".to_owned()),
                    moved_to: None,
                }))),
                _ => {}
            }
        }
    }

    fn touches(&self, label: &str) {
        self.patient.touches(label);
        self.obliges();
    }

    fn types(&self, pin: &str) {
        for digit in pin.chars() {
            self.touches(&digit.to_string());
        }
        self.touches("OK");
    }

    fn screen(&self) -> &'static str {
        match self.patient.view().screen {
            Screen::Volunteer(view) => view.page.name(),
            Screen::Door(_) => "door",
            Screen::Question(_) => "question",
            Screen::Rest { .. } => "rest",
            _ => "another",
        }
    }

    fn is_on(&self, screen: &str) {
        assert_eq!(self.screen(), screen);
        self.looks(screen);
    }

    fn contacts(&self) -> usize {
        self.patient.contacts().len()
    }

    fn the_door(&self) {
        // Held in the corner, as a volunteer does.
        let window = self.patient.window.window();
        let at = slint::LogicalPosition::new(60.0, 64.0);
        let button = slint::platform::PointerEventButton::Left;
        window.dispatch_event(slint::platform::WindowEvent::PointerPressed { position: at, button });
        self.patient.waits(1_000);
        assert_eq!(self.screen(), "rest", "a short touch is nothing");
        self.patient.waits(1_000);
        window.dispatch_event(slint::platform::WindowEvent::PointerReleased { position: at, button });
        self.is_on("door");
        self.types("1111");
        self.looks("door-wrong");
        self.types("1112");
        self.types("1113");
        self.looks("door-waiting");
        assert!(!self.patient.control("5").accessible_enabled().unwrap_or(true), "the keys wait too");
        self.patient.waits(31_000);
        // With a real keyboard: digits and Return.
        for digit in "2580".chars() {
            self.patient.presses(slint::SharedString::from(digit.to_string()));
        }
        self.looks("door-typed");
        self.patient.presses(slint::SharedString::from("\u{a}"));
        self.obliges();
        self.is_on("volunteer_wards");
    }

    fn a_round(&self) {
        self.touches("Ward 12, care of older people · 31 of 40");
        self.is_on("volunteer_plan");
        self.says_who_is_missing();
        self.touches("Start the round");
        self.is_on("volunteer_bed");
        self.says_who_is_missing();
        for label in ["does not want to", "is asleep", "is too unwell", "lacks capacity", "is in isolation"] {
            self.touches(label);
        }
        self.touches("Come back later");
        let contacts = self.patient.contacts();
        let outcomes: Vec<Outcome> = contacts.iter().map(|contact| contact.outcome).collect();
        let expected =
            [Outcome::Declined, Outcome::Asleep, Outcome::Unwell, Outcome::LacksCapacity, Outcome::Isolation];
        assert_eq!(outcomes, expected);
        self.touches("Start the interview");
        self.is_on("volunteer_how");
        self.touches("I read the questions aloud");
        self.is_on("volunteer_team");
        self.touches("Consultant 002, geriatric medicine (roster)");
        self.looks("language-with-margin");
        self.touches("English");
        self.looks("consent-with-margin");
        self.touches("Yes, start");
        self.looks("question-with-margin");
        assert!(self.patient.view().margin.is_some());
        self.reads_aloud();
    }

    /// The answer that is being spoken is marked, and no other.
    fn reads_aloud(&self) {
        let asked = Rc::new(Cell::new(None));
        self.patient.stage.read_by(Listener(Rc::clone(&asked)));
        self.touches("Read aloud");
        let reading = asked.get().unwrap();
        let theme = self.patient.window.global::<Theme>();
        let answers = ["Yes, always", "Yes, sometimes", "No"];
        for (part, spoken) in answers.iter().enumerate() {
            self.patient.meets(Happening::Spoken { reading, spoken: Spoken::Begun(part + 1) });
            self.patient.waits(200);
            for answer in answers {
                let ground = if answer == *spoken { theme.get_reading() } else { theme.get_card() };
                assert_eq!(self.ground(answer), ground, "{answer:?} while {spoken:?} is spoken");
            }
        }
        self.looks("question-with-margin-read-aloud");
        self.touches("Stop reading");
        assert_eq!(asked.get(), None);
        assert!(answers.iter().all(|answer| self.ground(answer) == theme.get_card()));
    }

    /// The colour just within the upper edge of a control.
    fn ground(&self, label: &str) -> slint::Color {
        let control = self.patient.control(label);
        let (at, size) = (control.absolute_position(), control.size());
        let picture = self.patient.window.window().take_snapshot().unwrap();
        let at = slint::LogicalPosition::new(at.x + size.width / 2.0, at.y + 7.0).to_physical(1.0);
        let pixel = u32::try_from(at.y).unwrap() * picture.width() + u32::try_from(at.x).unwrap();
        let pixel = picture.as_slice().get(usize::try_from(pixel).unwrap()).unwrap();
        slint::Color::from_rgb_u8(pixel.r, pixel.g, pixel.b)
    }

    /// Whose answers are few is a sentence and no more: nothing that can be done waits for it.
    fn says_who_is_missing(&self) {
        let few = "So far few people of these ages have answered: 81 or over.";
        assert!(self.patient.readable().iter().any(|text| text == few), "{:?}", self.patient.readable());
        for control in self.patient.controls() {
            assert_eq!(control.accessible_enabled(), Some(true), "{:?}", control.accessible_label());
        }
    }

    fn asides(&self) {
        self.touches("What to say");
        self.is_on("volunteer_script");
        self.touches("Back");
        self.touches("If someone tells you about harm");
        self.is_on("volunteer_harm");
        self.touches("Call staff to this ward");
        self.touches("I would like to talk to someone");
        self.touches("I would rather not say");
        self.touches("Go back");
        assert!(matches!(self.patient.stored.borrow().last(), Some(Body::HelpRequest(_))));
        self.touches("Back");
        self.touches("Yes, always");
        self.touches("Pause");
        self.is_on("volunteer_paused");
        self.touches("Carry on with the questions");
        assert_eq!(self.patient.question().as_deref(), Some("coordination"));
        self.beside_a_comment();
        self.touches("Stop");
        self.touches("Stop now");
        self.touches("Finish");
        self.touches("It has been wiped");
        assert_eq!(self.screen(), "volunteer_bed");
        let contacts = self.patient.contacts();
        let contact = contacts.last().unwrap();
        assert_eq!((contact.mode, contact.outcome), (Mode::Interview, Outcome::Partial));
        assert_eq!(contact.attribution.as_ref().unwrap().source, AttributionSource::Roster);
    }

    /// Beside the margin a small tablet has no room for progress at 200 % text, nor for the hint about names: the margin says that.
    fn beside_a_comment(&self) {
        while !matches!(self.patient.view().screen, Screen::Comment(_)) {
            self.touches("Skip this question");
        }
        self.looks("comment-with-margin");
        self.patient.meets(Happening::Touch(Action::TextSize));
        self.patient.meets(Happening::Touch(Action::TextSize));
        self.looks("comment-with-margin-200");
        self.patient.turns(1024, 600);
        let said = self.patient.readable();
        assert!(said.iter().any(|text| text.contains("Write no names")), "{said:?}");
        let next = self.patient.control("Next");
        let end = next.absolute_position().x + next.size().width;
        assert!(end <= 1024.0 - 270.0, "the way on ends at {end}, under the margin");
        self.patient.turns(1280, 800);
    }

    fn handing_over(&self) {
        let before = self.contacts();
        self.touches("Start the interview");
        self.touches("I hand the tablet over");
        self.touches("Not known");
        self.touches("English");
        self.touches("Yes, start");
        assert_eq!(self.patient.view().margin, None);
        self.patient.waits(181_000);
        self.is_on("volunteer_paused");
        assert!(!self.patient.labels().iter().any(|label| label.contains("harm")), "{:?}", self.patient.labels());
        self.touches("Carry on with the questions");
        self.touches("Stop");
        self.touches("Stop now");
        self.touches("Finish");
        self.touches("It has been wiped");
        assert_eq!(self.screen(), "door");
        self.types("2580");
        assert_eq!(self.screen(), "volunteer_bed");
        assert_eq!(self.contacts(), before + 1);
    }

    fn interrupted(&self) {
        self.touches("Start the interview");
        self.touches("A relative or carer answers");
        self.touches("More names");
        self.touches("Not known");
        self.touches("English");
        self.touches("Yes, start");
        self.touches("Yes, always");
        self.patient.waits(601_000);
        assert_eq!(self.screen(), "rest");
        // The screen has dimmed, and the first touch only wakes it.
        self.patient.meets(Happening::Touch(Action::Dismiss));
        let control = slint::SharedString::from(slint::platform::Key::Control);
        let shift = slint::SharedString::from(slint::platform::Key::Shift);
        let window = self.patient.window.window();
        for key in [&control, &shift] {
            window.dispatch_event(slint::platform::WindowEvent::KeyPressed { text: key.clone() });
        }
        self.patient.presses("V");
        for key in [&shift, &control] {
            window.dispatch_event(slint::platform::WindowEvent::KeyReleased { text: key.clone() });
        }
        self.types("2580");
        self.is_on("volunteer_resume");
        self.touches("Go on with it");
        assert_eq!(self.patient.question().as_deref(), Some("coordination"));
        self.touches("Pause");
        self.touches("Stop here and keep the answers");
        self.touches("Finish");
        self.touches("It has been wiped");
        // Nobody knows here which day it is, so the round may be one of another day.
        assert_eq!(self.screen(), "volunteer_plan");
    }

    fn the_staff_corner(&self) {
        self.patient.meets(Happening::Storing(Storing::Refusing));
        self.touches("Back");
        self.looks("volunteer_wards-refusing");
        self.patient.meets(Happening::Storing(Storing::Ready));
        self.touches("This tablet");
        self.is_on("staff_tablet");
        self.touches("Test picture");
        self.is_on("staff_test_card");
        self.touches("Keep this picture");
        assert!(self.errands.borrow().is_empty());
        self.says(Word::TestCardKept(Ok("test-picture.png".to_owned())));
        self.touches("Back");
        self.touches("Move to another ward");
        self.is_on("door");
        self.types("13579");
        self.is_on("staff_move");
        self.touches("Ward 13, stroke");
        self.touches("Lock");
        assert_eq!(self.screen(), "rest");
        self.patient.meets(Happening::Touch(Action::Start));
        assert!(matches!(self.patient.view().screen, Screen::Language { .. }));
    }

    fn looks(&self, name: &str) {
        *self.number.borrow_mut() += 1;
        let number = *self.number.borrow();
        for (way, width, height) in [("standing", 800_u16, 1280_u16), ("small", 1024, 600), ("lying", 1280, 800)] {
            self.patient.turns(u32::from(width), u32::from(height));
            self.patient.waits(50);
            let name = format!("volunteer-{way}-{number:03}-{name}");
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("volunteer");
            std::fs::create_dir_all(&folder).unwrap();
            self.patient.keeps_picture(&folder.join(format!("{name}.png")));
            let found = faults_of(self.patient, &name, width, height);
            self.wrong.borrow_mut().extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
        }
    }
}

fn faults_of(patient: &Patient, name: &str, width: u16, height: u16) -> Vec<String> {
    let (controls, _) = patient.surveys();
    let touchable = |control: FoundControl| {
        let FoundControl { label, x, y, width, height, .. } = control;
        Touchable { label: label.into(), area: Area::new(x, y, width, height) }
    };
    let controls: Vec<_> = controls.into_iter().map(touchable).collect();
    // The keys of a keyboard stand closer.
    let gap = if name.contains("comment") { KEY_GAP } else { GAP };
    let mut faults = faults(Area::new(0.0, 0.0, width.into(), height.into()), &controls, &[], gap);
    // Beside the margin the smallest panel has no room for keys of 72 pixels.
    faults.retain(|fault| {
        !(name.contains("small") && name.contains("comment-with-margin") && fault.ends_with(" is 68.4 by 72"))
    });
    faults
}
