//! A volunteer and a manager, by the words on the screen: the door, a round, the staff corner. Every page is looked at lying,
//! standing and on a small tablet: everything fits, as on a patient's screens ([`fit`](patient::fit)). `layout.rs` looks at all pages
//! at every size of text. Keeps a picture of each under `target/tmp/volunteer`.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod attending;
mod patient;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use attending::pages::judge;
use attending::{Shell, briefing};
use patient::Patient;
use patient::fit::{GAP, KEY_GAP};
use slint::ComponentHandle as _;
use slint::platform::Key;
use wardvoice_kiosk::app::stage::Voice;
use wardvoice_kiosk::interview::volunteer::{Briefing, VolunteerTouch, Word};
use wardvoice_kiosk::interview::{Action, Happening, ReadingNumber, Screen, Spoken, Storing};
use wardvoice_kiosk_ui::Theme;
use wardvoice_protocol::contact::{AttributionSource, Mode, Outcome};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::record::Body;

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

impl Shell<'_> {
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
        let labels = self.patient.labels();
        for hidden in ["harm", "Lock", "keep the answers"] {
            assert!(!labels.iter().any(|label| label.contains(hidden)), "{labels:?}");
        }
        assert!(labels.iter().any(|label| label == "Read aloud"), "{labels:?}");
        self.asks_for_help();
        assert_eq!(self.screen(), "volunteer_paused");
        self.touches("Yes, I am still here");
        self.touches("Stop");
        self.touches("Stop now");
        self.touches("Finish");
        self.touches("It has been wiped");
        assert_eq!(self.screen(), "door");
        self.asks_for_help();
        self.is_on("door");
        self.types("2580");
        assert_eq!(self.screen(), "volunteer_bed");
        assert_eq!(self.contacts(), before + 1);
    }

    /// As a patient does.
    fn asks_for_help(&self) {
        let before = self.patient.stored.borrow().len();
        self.touches("I need someone to help me");
        self.touches("I am worried");
        self.touches("I would rather not say");
        self.touches("Go back");
        let stored = self.patient.stored.borrow();
        assert!(matches!(stored.get(before..), Some([Body::HelpRequest(_)])), "one request and nothing else");
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
        self.touches("Join again with a code");
        assert_eq!(self.screen(), "door", "for a manager");
        self.touches("Close");
        assert_eq!(self.screen(), "staff_tablet");
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

/// What does not fit of a screen, but for what `docs/accessibility.md` says of a small panel beside the margin.
fn faults_of(patient: &Patient, name: &str, width: u16, height: u16) -> Vec<String> {
    // The keys of a keyboard stand closer.
    let gap = if name.contains("comment") { KEY_GAP } else { GAP };
    let mut faults = judge(patient, width, height, gap).faults;
    faults.retain(|fault| {
        !(name.contains("small") && name.contains("comment-with-margin") && fault.ends_with(" is 68.4 by 72"))
    });
    faults
}

/// One touch says why somebody is not interviewed, and is one contact without an answer.
#[test]
fn every_reason_for_no_interview_is_one_touch_and_one_contact() {
    let reasons = [
        ("does not want to", Outcome::Declined),
        ("is asleep", Outcome::Asleep),
        ("is too unwell", Outcome::Unwell),
        ("lacks capacity", Outcome::LacksCapacity),
        ("speaks a language we do not offer", Outcome::Language),
        ("is in isolation", Outcome::Isolation),
        ("is away, or the bed is empty", Outcome::Away),
        ("was asked before", Outcome::AlreadyAsked),
    ];
    let patient = Patient::arrives(1280, 800);
    let shell = Shell::attends(&patient);
    shell.goes_to_a_bed();
    let offered = patient.labels();
    for (position, (label, outcome)) in reasons.into_iter().enumerate() {
        assert!(offered.iter().any(|offer| offer == label), "{label:?} is not among {offered:?}");
        shell.says_text(&format!("Bed {} of 24 in this visit", position + 1));
        shell.touches(label);
        assert_eq!(shell.screen(), "volunteer_bed", "{label}: on to the next bed at once");
        let contacts = patient.contacts();
        let contact = contacts.last().unwrap();
        assert_eq!((contacts.len(), contact.outcome), (position + 1, outcome), "{label}");
        assert_eq!(contact.ward.as_str(), "W12");
        assert!(contact.response.is_none() && contact.attribution.is_none(), "{label}: nobody has answered");
    }
    let others = Outcome::ALL.iter().filter(|outcome| !outcome.has_response());
    assert_eq!(others.count(), reasons.len(), "there is no other reason");
}

/// What to do is one touch away from every page on which a volunteer may be told something, and says whom to call.
#[test]
fn whoever_is_told_of_harm_finds_what_to_do_with_one_touch() {
    const HARM: &str = "If someone tells you about harm";
    const TO_DO: [&str; 5] = [
        "Listen. Stay calm. Let them use their own words.",
        "Do not promise to keep it secret. Do not question, do not investigate.",
        "Tell the nurse in charge now, in person, before you do anything else.",
        "Write nothing about it on this tablet.",
        "Then call: Safeguarding team, extension 4321, day and night",
    ];
    let patient = Patient::arrives(1280, 800);
    let shell = Shell::attends(&patient);
    let looks = |back_on: &str| {
        shell.touches(HARM);
        assert_eq!(shell.screen(), "volunteer_harm", "from {back_on}");
        for text in TO_DO {
            shell.says_text(text);
        }
        assert!(!patient.labels().iter().any(|label| label == HARM), "it does not lead to itself");
        shell.touches("Back");
        assert_eq!(shell.screen(), back_on);
    };
    shell.comes_in();
    looks("volunteer_wards");
    shell.touches("Ward 12, care of older people · 31 of 40");
    looks("volunteer_plan");
    shell.touches("Start the round");
    looks("volunteer_bed");
    shell.touches("Start the interview");
    looks("volunteer_how");
    shell.touches("I read the questions aloud");
    looks("volunteer_team");
    shell.touches("Not known");
    shell.touches("English");
    shell.touches("Yes, start");
    looks("question");
    shell.touches("Pause");
    looks("volunteer_paused");
    assert!(patient.stored.borrow().is_empty(), "that somebody looked is written down nowhere");

    // Where the office has set no number, the screen says that and does not leave the volunteer without a way.
    let mut told = Briefing::clone(&briefing());
    if let Some(round) = &mut told.round {
        round.safeguarding = None;
    }
    shell.says(Word::Briefed(Arc::new(told)));
    shell.touches(HARM);
    shell.says_text(
        "Then call the safeguarding team. Its number is not set on this tablet: ask the nurse in charge.",
    );
    shell.touches("Call staff to this ward");
    shell.touches("I would like to talk to someone");
    shell.touches("I would rather not say");
    shell.touches("Go back");
    assert!(
        matches!(&patient.stored.borrow()[..], [Body::HelpRequest(_)]),
        "staff are called, and no more is said"
    );
}

/// Whose answers are few is said on the plan and at every bed, and nothing waits for it; nothing is said where all have answered.
#[test]
fn a_representative_mix_is_nudged_and_not_forced() {
    let few = |ages: &str| format!("So far few people of these ages have answered: {ages}.");
    let told = |bands: &[&str]| {
        let mut told = Briefing::clone(&briefing());
        for board in told.boards.values_mut() {
            board.few = bands.iter().map(|band| band.parse().unwrap()).collect();
        }
        Word::Briefed(Arc::new(told))
    };
    let patient = Patient::arrives(1280, 800);
    let shell = Shell::attends(&patient);
    shell.comes_in();
    shell.touches("Ward 12, care of older people · 31 of 40");
    shell.says_text(&few("81 or over"));
    shell.touches("Start the round");
    shell.says_text(&few("81 or over"));
    for label in ["Start the interview", "does not want to", "Come back later"] {
        assert_eq!(patient.control(label).accessible_enabled(), Some(true), "{label}");
    }
    shell.says(told(&["16-35", "81plus"]));
    shell.says_text(&few("16 to 35, 81 or over"));
    shell.says(told(&[]));
    let said = patient.readable();
    assert!(!said.iter().any(|text| text.starts_with("So far few")), "{said:?}");
    shell.touches("does not want to");
    assert_eq!(patient.contacts().len(), 1, "whoever is in the bed is asked or not, as before");
}

/// A volunteer who has come in on a small tablet and reads the plan of a ward in large letters, where pages are longer than the screen.
fn looks_at_a_ward_in_large_letters(patient: &Patient) -> Shell<'_> {
    let shell = Shell::attends(patient);
    for _ in 0..2 {
        patient.meets(Happening::Touch(Action::TextSize));
    }
    shell.comes_in();
    shell.does(VolunteerTouch::Ward(0));
    shell
}

/// With a keyboard nobody can pull a page up: it follows the focus.
#[test]
fn what_has_the_focus_is_in_sight_on_a_page_that_scrolls() {
    let patient = Patient::arrives(1024, 600);
    let shell = looks_at_a_ward_in_large_letters(&patient);
    shell.does(VolunteerTouch::Begin);
    let pane = patient.pane().unwrap();
    assert!(pane.content_height > pane.height, "{pane:?} would prove nothing");
    let mut reached = BTreeSet::new();
    for key in [Key::Tab, Key::Backtab].map(slint::SharedString::from) {
        for _ in 0..16 {
            patient.presses(key.clone());
            let Some(control) = patient.surveys().0.into_iter().find(|control| control.focused) else { continue };
            let label = control.label.to_string();
            if label.starts_with("is ") || label.starts_with("was ") || label == "Start the interview" {
                let (top, bottom) = (pane.y - 1.0, pane.y + pane.height + 1.0);
                assert!(control.y >= top && control.y + control.height <= bottom, "{control:?} {pane:?}");
                reached.insert(label);
            }
        }
    }
    assert_eq!(reached.len(), 6, "{reached:?}");
}

/// A page of words alone has nothing on it that could take the focus: the keys that turn pages read it to its end, and so does one
/// switch, which goes on from there to the beginning.
#[test]
fn a_page_of_words_is_read_to_its_end_with_keys_and_with_one_switch() {
    let patient = Patient::arrives(1024, 600);
    let shell = looks_at_a_ward_in_large_letters(&patient);
    shell.does(VolunteerTouch::Script);
    let pane = || patient.pane().unwrap();
    let end = pane().content_height - pane().height;
    assert!(end > 40.0, "{:?} would prove nothing", pane());
    let is_at = |wanted: f32| (pane().scrolled - wanted).abs() < 1.0;
    let turns = |key: Key, wanted: f32| {
        let key = slint::SharedString::from(key);
        assert!(!is_at(wanted));
        for _ in 0..30 {
            patient.presses(key.clone());
            if is_at(wanted) {
                return;
            }
        }
        panic!("{:?}, and {wanted} was wanted", pane());
    };
    turns(Key::PageDown, end);
    turns(Key::PageUp, 0.0);
    turns(Key::DownArrow, end);
    turns(Key::UpArrow, 0.0);
    turns(Key::PageDown, end);
    assert_eq!(patient.focused(), None, "no control was needed for that");
    patient.presses(Key::DownArrow);
    assert!(patient.focused().is_some(), "where there is no more to read the focus goes on");

    shell.does(VolunteerTouch::CloseAside);
    shell.does(VolunteerTouch::Script);
    assert!(is_at(0.0), "a page begins at its top");
    patient.presses(" ");
    let mut has_been_at_the_end = false;
    for _ in 0..120 {
        if pane().focused {
            patient.presses(" ");
        } else {
            patient.waits(500);
        }
        has_been_at_the_end |= is_at(end);
        if has_been_at_the_end && is_at(0.0) {
            return;
        }
    }
    panic!("{:?} with one switch; at the end: {has_been_at_the_end}", pane());
}

impl Shell<'_> {
    fn comes_in(&self) {
        self.does(VolunteerTouch::Knock);
        self.enters(attending::VOLUNTEER);
    }

    fn goes_to_a_bed(&self) {
        self.comes_in();
        self.touches("Ward 12, care of older people · 31 of 40");
        self.touches("Start the round");
    }

    fn says_text(&self, wanted: &str) {
        let said = self.patient.readable();
        assert!(said.iter().any(|text| text == wanted), "{wanted:?} is not in {said:?}");
    }
}
