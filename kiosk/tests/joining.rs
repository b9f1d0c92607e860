//! Joining at the tablet, by the words on the screen: typed on its keys and on a real keyboard, asked of somebody who answers as the test wants.
//! For the first time, and again.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

#[expect(dead_code, reason = "the usual gap is for screens without a keyboard")]
#[path = "patient/fit.rs"]
mod fit;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use fit::{Area, KEY_GAP, Touchable, faults};
use i_slint_backend_testing::{
    AccessibleRole, ElementHandle, ElementQuery, TestingBackend, TestingBackendOptions,
};
use slint::ComponentHandle as _;
use slint::platform::{PointerEventButton, WindowEvent};
use wardvoice_kiosk::app::joining::{Answer, JoinStage};
use wardvoice_kiosk::join::JoinError;
use wardvoice_kiosk::joining::{IDLE, Joining};
use wardvoice_kiosk_ui::{JoinAdapter, KioskWindow, Survey, fonts};
use wardvoice_protocol::assignment::KioskSettings;
use wardvoice_protocol::enrolment::{JoinCode, Refusal};

const KEY: &str = "7Q4K-M2XB-0HJT-W9ZD";
const ADDRESS: &str = "wardvoice.example:8884";
const PANELS: [(u16, u16); 3] = [(1280, 800), (800, 1280), (1024, 600)];

/// Whom the tablet has asked with what, and who waits for the answer.
type Asked = (String, JoinCode, Answer);

/// Somebody of the staff in front of a tablet that is to be taken in.
struct Staff {
    window: KioskWindow,
    stage: Rc<JoinStage>,
    asked: Rc<RefCell<Vec<Asked>>>,
    begun: Rc<Cell<u32>>,
}

impl Staff {
    /// One a process.
    fn arrives_at(joining: Joining) -> Self {
        let options =
            TestingBackendOptions { mock_time: true, threading: false, renderer_name: Some("software".into()) };
        slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
        fonts::register();
        let window = KioskWindow::new().unwrap();
        let asked = Rc::new(RefCell::new(Vec::new()));
        let begun = Rc::new(Cell::new(0));
        let (asks, begins) = (Rc::clone(&asked), Rc::clone(&begun));
        let ask = move |address: String, code: JoinCode, answer: Answer| -> io::Result<()> {
            asks.borrow_mut().push((address, code, answer));
            Ok(())
        };
        let stage = JoinStage::new(&window, joining, KEY, Box::new(ask), move || begins.set(begins.get() + 1));
        let staff = Self { window, stage, asked, begun };
        staff.turns(1280, 800);
        staff.window.show().unwrap();
        waits();
        staff
    }

    fn turns(&self, width: u16, height: u16) {
        let size = slint::PhysicalSize::new(width.into(), height.into());
        self.window.window().set_size(size);
        let size = size.to_logical(self.window.window().scale_factor());
        self.window.window().dispatch_event(WindowEvent::Resized { size });
        waits();
    }

    fn draws(&self) {
        self.window.window().take_snapshot().unwrap();
    }

    fn touches(&self, label: &str) {
        self.draws();
        let is_it = |element: &ElementHandle| element.accessible_role() == Some(AccessibleRole::Button);
        let found = ElementQuery::from_root(&self.window).match_descendants().match_predicate(is_it).find_all();
        let control = found.iter().find(|control| control.accessible_label().as_deref() == Some(label));
        control.unwrap_or_else(|| panic!("no button says {label:?}")).mock_single_click(PointerEventButton::Left);
        waits();
    }

    /// Types with a real keyboard into whatever has the focus.
    fn types(&self, text: &str) {
        for letter in text.chars() {
            let text = slint::SharedString::from(letter.to_string());
            self.window.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
            self.window.window().dispatch_event(WindowEvent::KeyReleased { text });
        }
        waits();
    }

    fn says(&self, words: &str) -> bool {
        self.draws();
        let all = ElementQuery::from_root(&self.window).match_descendants().find_all();
        all.iter().filter_map(ElementHandle::accessible_label).any(|label| label.contains(words))
    }

    /// The newest question is answered.
    fn hears(&self, answer: Result<KioskSettings, JoinError>) {
        let (_, _, done) = self.asked.borrow_mut().pop().unwrap();
        done(answer);
        self.stage.read_post();
        waits();
    }

    /// What stands in the two lines.
    fn typed(&self) -> (String, String) {
        let adapter = self.window.global::<JoinAdapter>();
        (adapter.get_address().into(), adapter.get_code().into())
    }

    /// What does not fit on any of the panels.
    fn misfits(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (width, height) in PANELS {
            self.turns(width, height);
            let (controls, texts) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
            let survey = self.window.global::<Survey>();
            let (found, read) = (Rc::clone(&controls), Rc::clone(&texts));
            survey.on_found(move |control| {
                let area = Area::new(control.x, control.y, control.width, control.height);
                found.borrow_mut().push(Touchable { label: control.label.into(), area });
            });
            survey.on_read(move |text| read.borrow_mut().push(text));
            survey.set_round(survey.get_round() + 1);
            waits();
            let (controls, mut texts) = (controls.take(), texts.take());
            texts.retain(|text| !text.text.is_empty());
            let window = Area::new(0.0, 0.0, width.into(), height.into());
            let found = faults(window, &controls, &texts, KEY_GAP);
            wrong.extend(found.into_iter().map(|fault| format!("{width}x{height}: {fault}")));
        }
        self.turns(1280, 800);
        wrong
    }
}

fn code() -> JoinCode {
    JoinCode::new(b"certificate", [7; 8])
}

fn settings() -> KioskSettings {
    serde_json::from_str(include_str!("../../protocol/fixtures/v1/kiosk-settings.json")).unwrap()
}

fn waits() {
    for _ in 0..8 {
        i_slint_backend_testing::mock_elapsed_time(Duration::from_millis(50));
    }
}

#[test]
fn a_tablet_is_taken_in_at_its_own_screen() {
    let staff = Staff::arrives_at(Joining::default());
    assert!(staff.says("belongs to no hospital yet") && staff.says(KEY));
    assert_eq!(staff.misfits(), [""; 0]);

    // Nothing typed yet; then the address on the keys of the screen, one of them too many.
    staff.touches("Join");
    assert!(staff.says("That is not an address.") && staff.asked.borrow().is_empty());
    for key in ADDRESS.chars() {
        staff.touches(&key.to_uppercase().to_string());
    }
    staff.touches("X");
    staff.touches("Delete");
    // The code on a real keyboard, which goes on to it with Return.
    staff.types("\u{a}");
    staff.types("ABCD-EFGH\u{a}");
    assert!(staff.says("That is not a join code.") && staff.says("8 letters and digits instead of 28"));
    assert!(staff.asked.borrow().is_empty(), "nobody is asked with half a code");
    assert_eq!(staff.misfits(), [""; 0]);
    staff.types(&"\u{8}".repeat(9));
    staff.types(&format!("{}\u{a}", code().to_string().to_lowercase()));
    assert!(staff.says("One moment: asking wardvoice.example:8884"));
    // Keys that are touched while it is being asked change nothing that is on the screen.
    staff.touches("X");
    assert_eq!(staff.typed(), (ADDRESS.to_owned(), code().to_string().to_lowercase()));
    let asked: Vec<_> =
        staff.asked.borrow().iter().map(|(address, code, _)| (address.clone(), code.clone())).collect();
    assert_eq!(asked, [(ADDRESS.to_owned(), code())]);

    // Every trouble is said, fits, and leaves what was typed to be tried again.
    let address = || ADDRESS.to_owned();
    for (error, title, detail) in [
        (JoinError::Refused(Refusal::ExpiredCode), "does not take this tablet in", "has run out"),
        (JoinError::Refused(Refusal::UsedCode), "does not take this tablet in", "has been used"),
        (JoinError::Refused(Refusal::WrongCode), "does not take this tablet in", "knows no such join code"),
        (
            JoinError::Connect { address: address(), source: io::Error::other("no route to host") },
            "Nobody answers at that address",
            "no route to host",
        ),
        (
            JoinError::Tls {
                address: address(),
                reason:
                    "it is not the aggregator that this kiosk was told to believe, or the join code is mistyped; \
                         nothing was said to it"
                        .to_owned(),
            },
            "is not believed",
            "nothing was said to it",
        ),
    ] {
        staff.hears(Err(error));
        assert!(staff.says(title) && staff.says(detail), "{title}, {detail}");
        assert_eq!(staff.misfits(), [""; 0], "{title}, {detail}");
        staff.touches("Join");
    }

    staff.hears(Ok(settings()));
    let assignment = settings().assignment;
    assert!(staff.says(&format!("This tablet is {} on {}", assignment.kiosk, assignment.ward_name)));
    assert!(staff.says(KEY), "to be compared");
    assert_eq!(staff.misfits(), [""; 0]);
    assert_eq!(staff.begun.get(), 0, "nobody begins by themselves");
    staff.touches("Begin");
    assert_eq!(staff.begun.get(), 1);
}

/// A kiosk that was taken in before, at the screen that its staff corner leads to.
fn taken_in_before() -> Staff {
    Staff::arrives_at(Joining::again("k-0017".parse().unwrap(), ADDRESS.to_owned()))
}

#[test]
fn a_kiosk_is_taken_in_again_with_the_code_alone() {
    let staff = taken_in_before();
    assert!(staff.says("k-0017 joins the hospital again") && staff.says("stays on this tablet"));
    assert!(!staff.says("belongs to no hospital yet"));
    assert_eq!(staff.misfits(), [""; 0]);
    // The address is there already: Return goes on to the code.
    staff.types("\u{a}");
    staff.types(&format!("{}\u{a}", code()));
    let asked: Vec<_> =
        staff.asked.borrow().iter().map(|(address, code, _)| (address.clone(), code.clone())).collect();
    assert_eq!(asked, [(ADDRESS.to_owned(), code())]);
    staff
        .hears(Err(JoinError::AnotherKiosk { here: "k-0017".parse().unwrap(), there: "k-0018".parse().unwrap() }));
    assert!(staff.says("That code is not for this tablet.") && staff.says("ask the office for a code for k-0017"));
    assert_eq!(staff.misfits(), [""; 0]);
    staff.touches("Join");
    staff.hears(Err(JoinError::AnotherHospital));
    assert!(staff.says("That code is not for this tablet.") && staff.says("an empty data folder"));
    assert_eq!(staff.misfits(), [""; 0]);
    staff.touches("Join");
    staff.hears(Ok(settings()));
    assert!(staff.says("This tablet is k-0017 on") && !staff.says("Not now"));
    staff.touches("Begin");
    assert_eq!(staff.begun.get(), 1);
}

#[test]
fn a_kiosk_that_is_not_taken_in_again_goes_on_as_it_was() {
    let staff = taken_in_before();
    staff.touches("Not now");
    assert_eq!((staff.begun.get(), staff.asked.borrow().len()), (1, 0));
}

#[test]
fn whoever_comes_by_finds_no_code_on_a_tablet_that_was_left() {
    let staff = Staff::arrives_at(Joining::default());
    staff.misfits();
    staff.types(&format!("{ADDRESS}\u{a}"));
    staff.types(&code().to_string());
    assert_eq!(staff.typed(), (ADDRESS.to_owned(), code().to_string()));
    i_slint_backend_testing::mock_elapsed_time(IDLE);
    waits();
    assert_eq!(staff.typed(), (ADDRESS.to_owned(), String::new()));
    assert_eq!(staff.begun.get(), 0, "it is no kiosk yet");
}

#[test]
fn a_kiosk_whose_staff_have_gone_asks_patients_again() {
    let staff = taken_in_before();
    staff.misfits();
    i_slint_backend_testing::mock_elapsed_time(IDLE);
    waits();
    assert_eq!(staff.begun.get(), 1);
}
