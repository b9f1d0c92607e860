//! Somebody in front of a kiosk without a display: the real window, drawn by the real renderer into memory, with a clock that
//! tests move and a store that tests command.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics is a test that fails")]
#![allow(dead_code, reason = "each test file uses the part it needs")]

pub(crate) mod disk;
pub(crate) mod fit;
pub(crate) mod walk;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use disk::Disk;
use i_slint_backend_testing::{
    AccessibleRole, ElementHandle, ElementQuery, TestingBackend, TestingBackendOptions,
};
use slint::ComponentHandle as _;
use slint::platform::{PointerEventButton, WindowEvent};
use wardvoice_kiosk::app::post::Post;
use wardvoice_kiosk::app::stage::{Done, Stage};
use wardvoice_kiosk::interview::{Happening, Improvement, Keepsake, Screen, Setting, StoreFailed, Stored, View};
use wardvoice_kiosk_ui::{FoundControl, FoundPane, FoundText, FoundWriting, KioskWindow, Survey, fonts, words};
use wardvoice_protocol::assignment::{Assignment, ConsultantChoice, KioskAudience};
use wardvoice_protocol::contact::Contact;
use wardvoice_protocol::id::{ConsultantId, KioskId, Language, WardId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::record::{Body, Place};
use wardvoice_protocol::withdrawal::WithdrawalCode;

/// What the store does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// Flushes it at once.
    Keeps,
    /// Fails.
    Fails,
    /// Says nothing until told to.
    Waits,
}

/// The code that everybody takes along who is given one.
pub(crate) fn code() -> WithdrawalCode {
    WithdrawalCode::from_random([7; 7])
}

/// Somebody in front of a kiosk.
pub(crate) struct Patient {
    pub(crate) window: KioskWindow,
    pub(crate) stage: Rc<Stage>,
    pub(crate) stored: Rc<RefCell<Vec<Body>>>,
    pub(crate) store: Rc<Cell<Store>>,
    waiting: Rc<RefCell<Vec<Done>>>,
    disk: Option<Rc<Disk>>,
    now_ms: Rc<Cell<u64>>,
}

impl Patient {
    /// Comes to a kiosk of that size, in pixels. One a process.
    pub(crate) fn arrives(width: u32, height: u32) -> Self {
        Self::arrives_at(setting(), width, height)
    }

    /// Comes to a kiosk that is set so.
    pub(crate) fn arrives_at(setting: Setting, width: u32, height: u32) -> Self {
        Self::arrives_before(setting, None, width, height)
    }

    /// Comes to a kiosk that keeps what it is told in a real outbox. Its word comes with the next moment that passes.
    pub(crate) fn arrives_at_disk(setting: Setting, disk: &Rc<Disk>, width: u32, height: u32) -> Self {
        Self::arrives_before(setting, Some(Rc::clone(disk)), width, height)
    }

    fn arrives_before(setting: Setting, disk: Option<Rc<Disk>>, width: u32, height: u32) -> Self {
        let options =
            TestingBackendOptions { mock_time: true, threading: false, renderer_name: Some("software".into()) };
        slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
        fonts::register();
        let window = KioskWindow::new().unwrap();
        let now_ms = Rc::new(Cell::new(0));
        let stored = Rc::new(RefCell::new(Vec::new()));
        let store = Rc::new(Cell::new(Store::Keeps));
        let waiting = Rc::new(RefCell::new(Vec::new()));
        let submit = {
            let (stored, store, waiting) = (Rc::clone(&stored), Rc::clone(&store), Rc::clone(&waiting));
            let disk = disk.clone();
            move |body: Body, keepsake: Keepsake, done: Done| {
                if let Some(disk) = &disk {
                    return disk.takes(body, keepsake, done);
                }
                stored.borrow_mut().push(body);
                match store.get() {
                    Store::Keeps => done(Ok((keepsake == Keepsake::Code).then(code))),
                    Store::Fails => done(Err(StoreFailed)),
                    Store::Waits => waiting.borrow_mut().push(done),
                }
            }
        };
        let clock = {
            let now_ms = Rc::clone(&now_ms);
            move || now_ms.get()
        };
        let (post, incoming) = Post::new(&window);
        let stage = Stage::new(&window, Arc::new(setting), Box::new(clock), Box::new(submit), post, incoming);
        // With a voice there is one control more.
        let voices = words::LANGUAGES.iter().map(|tag| Language::new(*tag).unwrap()).collect();
        stage.meet(Happening::Voices(voices));
        let patient = Self { window, stage, stored, store, waiting, disk, now_ms };
        patient.turns(width, height);
        patient.window.show().unwrap();
        patient.waits(100);
        patient
    }

    /// Turns the tablet, so to speak.
    pub(crate) fn turns(&self, width: u32, height: u32) {
        let size = slint::PhysicalSize::new(width, height);
        self.window.window().set_size(size);
        let size = size.to_logical(self.window.window().scale_factor());
        self.window.window().dispatch_event(WindowEvent::Resized { size });
    }

    /// Lets time pass.
    pub(crate) fn waits(&self, ms: u64) {
        // In steps, as timers set timers.
        let mut left_ms = ms;
        while left_ms > 0 {
            let step_ms = left_ms.min(50);
            left_ms -= step_ms;
            self.passes(step_ms);
        }
    }

    /// The store says what it has put off.
    pub(crate) fn store_answers(&self, result: Stored) {
        for done in self.waiting.borrow_mut().drain(..) {
            done(result);
        }
        self.stage.read_post();
        self.waits(50);
    }

    /// Tells the kiosk something.
    pub(crate) fn meets(&self, happening: Happening) {
        self.stage.meet(happening);
        self.waits(50);
    }

    /// Draws the screen, as a display would: what a list shows is made when it is drawn.
    pub(crate) fn draws(&self) {
        self.window.window().take_snapshot().expect("the screen can be drawn");
    }

    /// Every control and every text on the screen, as the window itself finds them.
    pub(crate) fn surveys(&self) -> (Vec<FoundControl>, Vec<FoundText>) {
        // What a list shows comes into being in one round and is laid out in the next.
        self.waits(1);
        self.waits(1);
        let (controls, texts) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
        let survey = self.window.global::<Survey>();
        let (found, read) = (Rc::clone(&controls), Rc::clone(&texts));
        survey.on_found(move |control| found.borrow_mut().push(control));
        survey.on_read(move |text| read.borrow_mut().push(text));
        survey.set_round(survey.get_round() + 1);
        self.waits(1);
        let mut texts = texts.take();
        texts.retain(|text| !text.text.is_empty());
        (controls.take(), texts)
    }

    /// Where something is being written, as the window itself finds it.
    pub(crate) fn writing(&self) -> Option<FoundWriting> {
        let writing = Rc::new(RefCell::new(None));
        let survey = self.window.global::<Survey>();
        let found = Rc::clone(&writing);
        survey.on_wrote(move |writing| {
            found.replace(Some(writing));
        });
        survey.set_round(survey.get_round() + 1);
        self.waits(1);
        writing.take()
    }

    /// Where a page stands that may be longer than its place.
    pub(crate) fn pane(&self) -> Option<FoundPane> {
        let pane = Rc::new(RefCell::new(None));
        let survey = self.window.global::<Survey>();
        let found = Rc::clone(&pane);
        survey.on_paned(move |pane| {
            found.replace(Some(pane));
        });
        survey.set_round(survey.get_round() + 1);
        self.waits(1);
        pane.take()
    }

    /// Pulls such a page up so far from its beginning.
    pub(crate) fn pulls(&self, by: f32) {
        self.window.global::<Survey>().set_pulled(by);
        self.waits(1);
    }

    /// Everything that anybody could read off the screen or have read to them by it.
    pub(crate) fn readable(&self) -> Vec<String> {
        self.draws();
        let all = ElementQuery::from_root(&self.window).match_descendants().find_all();
        let said = all.iter().flat_map(|element| {
            [element.accessible_label(), element.accessible_value(), element.accessible_description()]
        });
        let read = self.surveys().1.into_iter().map(|text| text.text.into());
        let mut all: Vec<String> = said.flatten().map(String::from).chain(read).collect();
        all.sort();
        all
    }

    /// Every control on the screen.
    pub(crate) fn controls(&self) -> Vec<ElementHandle> {
        self.draws();
        let operable = |element: &ElementHandle| {
            matches!(element.accessible_role(), Some(AccessibleRole::Button | AccessibleRole::RadioButton))
        };
        let found = ElementQuery::from_root(&self.window).match_descendants().match_predicate(operable).find_all();
        // A component and the one it inherits from are two elements and one control.
        let mut seen = BTreeSet::new();
        let once = |control: &ElementHandle| {
            let (at, size) = (control.absolute_position(), control.size());
            seen.insert(format!("{:?} {at:?} {size:?}", control.accessible_label()))
        };
        found.into_iter().filter(once).collect()
    }

    /// What the control says that has the keyboard's focus.
    pub(crate) fn focused(&self) -> Option<String> {
        self.draws();
        let focused = Rc::new(RefCell::new(None));
        let survey = self.window.global::<Survey>();
        let found = Rc::clone(&focused);
        survey.on_found(move |control| {
            if control.focused {
                found.replace(Some(control.label.to_string()));
            }
        });
        survey.set_round(survey.get_round() + 1);
        self.waits(50);
        focused.take()
    }

    /// The control of that label.
    pub(crate) fn control(&self, label: &str) -> ElementHandle {
        let found =
            self.controls().into_iter().find(|control| control.accessible_label().as_deref() == Some(label));
        found.unwrap_or_else(|| panic!("no control says {label:?}; there are {:?}", self.labels()))
    }

    /// What the controls say.
    pub(crate) fn labels(&self) -> Vec<String> {
        self.controls().iter().filter_map(ElementHandle::accessible_label).map(String::from).collect()
    }

    /// Touches the control of that label, and waits until a choice has moved on.
    pub(crate) fn touches(&self, label: &str) {
        self.control(label).mock_single_click(PointerEventButton::Left);
        self.stage.read_post();
        self.waits(400);
    }

    /// Presses and releases a key of a real keyboard.
    pub(crate) fn presses(&self, text: impl Into<slint::SharedString>) {
        let text = text.into();
        self.window.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        self.window.window().dispatch_event(WindowEvent::KeyReleased { text });
        self.stage.read_post();
        self.waits(400);
    }

    /// The same without waiting for what comes of it.
    pub(crate) fn presses_quickly(&self, text: impl Into<slint::SharedString>) {
        let text = text.into();
        self.window.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        self.window.window().dispatch_event(WindowEvent::KeyReleased { text });
        self.waits(10);
    }

    /// Lets time pass in one step.
    pub(crate) fn passes(&self, ms: u64) {
        if let Some(disk) = &self.disk {
            disk.answers();
        }
        self.now_ms.set(self.now_ms.get() + ms);
        i_slint_backend_testing::mock_elapsed_time(Duration::from_millis(ms));
        self.stage.read_post();
    }

    /// Lets long times pass, a second at a time.
    pub(crate) fn dozes(&self, ms: u64) {
        for _ in 0..ms.div_ceil(1_000) {
            self.passes(1_000);
        }
    }

    /// What is shown.
    pub(crate) fn view(&self) -> View {
        self.stage.view()
    }

    /// The id of the question on the screen.
    pub(crate) fn question(&self) -> Option<String> {
        match self.view().screen {
            Screen::Question(question) => Some(question.id.to_string()),
            Screen::Comment(comment) => Some(comment.id.to_string()),
            _ => None,
        }
    }

    /// The contacts handed to the store.
    pub(crate) fn contacts(&self) -> Vec<Contact> {
        let stored = self.stored.borrow();
        let contacts = stored.iter().filter_map(|body| match body {
            Body::Contact(contact) => Some(contact.clone()),
            Body::HelpRequest(_) | Body::Cleaning(_) => None,
        });
        contacts.collect()
    }

    /// Draws the screen into a file.
    pub(crate) fn keeps_picture(&self, file: &Path) {
        let picture = self.window.window().take_snapshot().unwrap();
        let file = std::fs::File::create(file).unwrap();
        let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), picture.width(), picture.height());
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_compression(png::Compression::Fast);
        encoder.write_header().unwrap().write_image_data(picture.as_bytes()).expect("a picture is written");
    }
}

/// Of the key that the aggregator opens records with.
pub(crate) const SEAL_SECRET: [u8; 32] = [7; 32];

pub(crate) fn setting() -> Setting {
    let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
    Setting::new(&assignment(), questionnaire, |_| true).unwrap()
}

/// What the kiosk is told to be.
pub(crate) fn assignment() -> Assignment {
    let consultant = |number: usize| ConsultantChoice {
        id: ConsultantId::new(format!("C{number:03}")).unwrap(),
        label: format!("Consultant {number:03}, geriatric medicine"),
    };
    let questionnaire = Questionnaire::inpatient().unwrap();
    Assignment {
        kiosk: KioskId::new("k-0017").unwrap(),
        ward: WardId::new("W12").unwrap(),
        ward_name: "Ward 12, care of older people".to_owned(),
        audience: KioskAudience::Patients,
        questionnaire: questionnaire.reference(),
        languages: words::LANGUAGES.iter().map(|tag| Language::new(*tag).unwrap()).collect(),
        consultants: (1..=11).map(consultant).collect(),
        seal_key: OpenKey::from_bytes(&SEAL_SECRET).unwrap().seal_key().clone(),
        aggregator_key: SigningKey::from_bytes(&[8; 32]).verifying_key(),
        fortnight_anchor: jiff::civil::date(2026, 1, 5),
        demonstration: true,
    }
}

/// A ward that has bays, and something to show for earlier answers.
pub(crate) fn ward_with_bays() -> Setting {
    let place = |name: &str| Place::new(name).unwrap();
    let places = [
        "Bay A",
        "Bay B",
        "Bay C",
        "Bay D",
        "Side room 1",
        "Side room 2",
        "Side room 3",
        "Day room",
        "Garden room",
    ];
    let improvement =
        |you_said: &str, we_did: &str| Improvement { you_said: you_said.to_owned(), we_did: we_did.to_owned() };
    setting().with_places(places.map(place).to_vec()).with_improvements(vec![
        improvement("The ward was noisy at night.", "The doors close softly now, and lights go down at ten."),
        improvement("Nobody told us when tea was coming.", "A board in every bay says when."),
        improvement("It was hard to reach water.", "Every table has a light cup and a jug with a handle."),
    ])
}
