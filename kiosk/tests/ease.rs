//! Whoever is in front of it can use it: with large text, by keyboard, with one switch, in their own language.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod patient;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use patient::walk::walk;
use patient::{Patient, setting, ward_with_bays};
use slint::ComponentHandle as _;
use slint::platform::{Key, PointerEventButton, WindowEvent};
use wardvoice_kiosk::interview::comfort::{Light, SCANNING_MS};
use wardvoice_kiosk::interview::{Action, CONFIRMATION_MS, Comfort, DIM_MS, Happening, HelpView, Screen, Trouble};
use wardvoice_kiosk_ui::{Journey, Theme, words};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{Questionnaire, Text};
use wardvoice_protocol::record::{Body, Need};

#[test]
fn text_contrast_and_movement_are_set_on_the_screen_and_gone_with_the_visit() {
    let patient = Patient::arrives(1280, 800);
    let theme = patient.window.global::<Theme>();
    let usual = theme.get_body();
    patient.touches("Text size");
    patient.touches("Text size");
    assert!(theme.get_body() > 1.5 * usual, "two touches are from 125 to 200 %");
    assert_eq!(patient.control("Text size").accessible_description().unwrap_or_default(), "200 %");
    patient.touches("Strong contrast");
    patient.touches("Less movement");
    assert_eq!(patient.control("Strong contrast").accessible_checked(), Some(true));
    assert_eq!(theme.get_gentle(), 0);
    patient.touches("Touch here to start");
    patient.touches("Cymraeg");
    assert!(theme.get_contrast() && theme.get_body() > 1.5 * usual, "another language changes nothing of it");
    patient.touches("Dim diolch");
    patient.touches("Gorffen");
    patient.touches("Mae wedi'i sychu");
    assert!((theme.get_body() - usual).abs() < 0.1 && !theme.get_contrast());
    assert_eq!(patient.view().comfort, Comfort::default());
}

#[test]
fn arrow_keys_go_from_answer_to_answer() {
    let patient = begins();
    let down = || patient.presses(Key::DownArrow);
    down();
    assert_eq!(patient.focused().as_deref(), Some("Yes, always"), "the first arrow comes to the answers");
    down();
    down();
    assert_eq!(patient.focused().as_deref(), Some("No"));
    down();
    assert_eq!(patient.focused().as_deref(), Some("Yes, always"), "the answers are a ring");
    patient.presses(Key::UpArrow);
    patient.presses(" ");
    assert_eq!(patient.question().as_deref(), Some("coordination"));
    patient.presses(Key::Escape);
    assert_eq!(patient.control("No").accessible_checked(), Some(true));
}

#[test]
fn a_touch_that_slides_off_does_nothing() {
    let patient = begins();
    let answer = patient.control("Yes, always");
    let (at, size) = (answer.absolute_position(), answer.size());
    let inside = slint::LogicalPosition::new(at.x + size.width / 2.0, at.y + size.height / 2.0);
    let outside = slint::LogicalPosition::new(5.0, 400.0);
    let window = patient.window.window();
    let touch = |lifted_at| {
        let button = PointerEventButton::Left;
        window.dispatch_event(WindowEvent::PointerPressed { position: inside, button });
        window.dispatch_event(WindowEvent::PointerMoved { position: lifted_at });
        window.dispatch_event(WindowEvent::PointerReleased { position: lifted_at, button });
        patient.waits(400);
    };
    touch(outside);
    assert_eq!(patient.question().as_deref(), Some("consistency"));
    touch(inside);
    assert_eq!(patient.question().as_deref(), Some("coordination"), "the same without sliding off");
}

/// A processor draws every picture. A mark that fades in, or away on the next question, would be a dozen of them for one answer.
#[test]
fn an_answer_is_marked_and_left_behind_in_one_picture_each() {
    let patient = begins();
    let moves = || {
        patient.draws();
        patient.window.window().has_active_animations()
    };
    patient.passes(1_000);
    assert!(!moves(), "nothing moves before a touch");
    patient.control("Yes, always").mock_single_click(PointerEventButton::Left);
    assert!(!moves(), "the mark is there at once");
    patient.passes(CONFIRMATION_MS);
    assert_eq!(patient.question().as_deref(), Some("coordination"));
    assert!(!moves(), "and nothing of it is left on the next question");
    patient.meets(Happening::Touch(Action::Back));
    assert!(moves(), "the bar of progress shows somebody who goes back which way they went");
    patient.passes(300);
    assert!(!moves(), "and is there soon");
}

#[test]
fn tab_follows_the_order_of_reading_and_back_again() {
    let patient = begins();
    let mut forwards = Vec::new();
    for _ in 0..patient.labels().len() {
        patient.presses(Key::Tab);
        forwards.push(patient.focused().unwrap());
    }
    let (top, answers, bottom) = (["Text size", "Stop"], ["Yes, always", "No"], ["Skip this question"]);
    let place = |label: &str| forwards.iter().position(|focused| focused == label).unwrap();
    let order: Vec<usize> = top.iter().chain(&answers).chain(&bottom).map(|label| place(label)).collect();
    assert!(order.is_sorted(), "{forwards:?}");
    patient.presses(Key::Backtab);
    assert_eq!(patient.focused().as_ref(), forwards.get(forwards.len() - 2));
}

/// One switch, which is Space to the kiosk: press it when the focus stands where it should.
#[test]
fn one_switch_is_enough_to_answer() {
    let patient = Patient::arrives(1280, 800);
    let chooses = |label: &str| {
        for _ in 0..40 {
            if patient.focused().as_deref() == Some(label) {
                return patient.presses(" ");
            }
            patient.waits(1_000);
        }
        panic!("the focus does not come to {label:?} among {:?}", patient.labels());
    };
    patient.presses(" ");
    chooses("Touch here to start");
    chooses("English");
    chooses("Yes, start");
    for question in ["consistency", "coordination", "respect"] {
        assert_eq!(patient.question().as_deref(), Some(question));
        chooses(if question == "coordination" { "Yes, to some extent" } else { "Yes, always" });
    }
    chooses("Stop");
    chooses("Stop now");
    assert_eq!(patient.contacts().len(), 1);
}

/// A row first, then a key of it.
#[test]
fn one_switch_writes_row_by_row() {
    let patient = Patient::arrives(1280, 800);
    patient.touches("Touch here to start");
    patient.touches("English");
    patient.touches("Yes, start");
    while !matches!(patient.view().screen, Screen::Comment(_)) {
        patient.touches("Skip this question");
    }
    let draft = || match patient.view().screen {
        Screen::Comment(comment) => comment.draft,
        screen => panic!("{screen:?}"),
    };
    patient.meets(Happening::Touch(Action::Switch));
    let chooses = |label: &str, at_most: usize| {
        for _ in 0..at_most {
            if patient.focused().as_deref() == Some(label) {
                return patient.presses(" ");
            }
            patient.waits(SCANNING_MS);
        }
        panic!("the focus does not come to {label:?}; it is at {:?}", patient.focused());
    };
    // Once past the bars and the rows.
    chooses("A S D F G H J K L", 30);
    chooses("H", 10);
    assert_eq!(draft(), "H");
    chooses("q w e r t y u i o p", 2);
    chooses("i", 10);
    assert_eq!(draft(), "Hi");
    // A row that was chosen by mistake is left by itself.
    chooses("Shift z x c v b n m Delete", 4);
    chooses("q w e r t y u i o p", 12);
    chooses("p", 12);
    assert_eq!(draft(), "Hip");
    chooses("Next", 12);
    assert_eq!(patient.question().as_deref(), Some("better"));
}

#[test]
fn another_language_in_the_middle_keeps_the_answers_on_the_screen() {
    let patient = begins();
    patient.touches("Yes, always");
    assert_eq!(patient.question().as_deref(), Some("coordination"));
    patient.touches("Choose your language");
    patient.touches("Cymraeg");
    assert_eq!((patient.question().as_deref(), patient.view().language.as_str()), (Some("coordination"), "cy"));
    patient.touches("Yn ôl");
    assert_eq!(patient.control("Do, bob amser").accessible_checked(), Some(true));
}

#[test]
fn the_touch_that_wakes_the_screen_does_nothing_else() {
    let patient = Patient::arrives(1280, 800);
    let wake = |patient: &Patient| {
        patient.dozes(DIM_MS);
        assert!(patient.view().light == Light::Dimmed && patient.window.global::<Journey>().get_dimmed());
    };
    wake(&patient);
    patient.touches("Touch here to start");
    assert!(matches!(patient.view().screen, Screen::Rest { .. }) && patient.view().light != Light::Dimmed);
    wake(&patient);
    let position = slint::LogicalPosition::new(5.0, 5.0);
    let button = PointerEventButton::Left;
    patient.window.window().dispatch_event(WindowEvent::PointerPressed { position, button });
    patient.window.window().dispatch_event(WindowEvent::PointerReleased { position, button });
    assert!(patient.view().light != Light::Dimmed, "anywhere will do");
    wake(&patient);
    patient.presses(" ");
    assert!(patient.view().light != Light::Dimmed && patient.view().comfort.scanning_ms.is_none());
    patient.touches("Touch here to start");
    assert!(matches!(patient.view().screen, Screen::Language { .. }));
}

#[test]
fn help_asks_where_and_says_when_staff_have_seen_it() {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    patient.touches("I need someone to help me");
    patient.touches("I am worried");
    patient.touches("More places");
    patient.touches("Garden room");
    patient.meets(Happening::HelpSeen);
    assert_eq!(patient.view().screen, Screen::Help(HelpView::Seen));
    assert!(patient.readable().contains(&"Staff have seen your request".to_owned()));
    let stored = patient.stored.borrow();
    let [Body::HelpRequest(request)] = &stored[..] else { panic!("one request") };
    assert_eq!((request.need, request.place.as_ref().unwrap().as_str()), (Need::Worried, "Garden room"));
}

/// But on those that are about help themselves, and where nothing could keep the request.
#[test]
fn help_can_be_asked_for_on_every_screen_that_a_patient_sees() {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    let (mut with, mut wrong) = (0, Vec::new());
    let mut look = |patient: &Patient, screen: &str| {
        let offers = patient.labels().iter().any(|label| label == "I need someone to help me");
        let expected = !screen.starts_with("help") && !screen.starts_with("staff-");
        with += usize::from(offers);
        if offers != expected {
            wrong.push(screen.to_owned());
        }
    };
    walk(&patient, "en", &|_| {}, &mut look);
    assert!(wrong.is_empty() && with > 30, "{with} with it; not as it should be: {wrong:?}");
}

#[test]
fn a_kiosk_without_its_questions_says_what_it_waits_for() {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    patient.stage.waits_for_questions();
    patient.waits(50);
    let said = patient.readable();
    assert!(said.contains(&"This tablet is waiting for the hospital".to_owned()), "{said:?}");
    assert!(!said.contains(&"Touch here to start".to_owned()), "{said:?}");
    patient.presses(" ");
    patient.presses("1");
    assert!(matches!(patient.view().screen, Screen::Staff(Trouble::Waiting)));
    patient.meets(Happening::Assigned(Arc::new(ward_with_bays())));
    assert!(patient.readable().contains(&"Touch here to start".to_owned()));
}

#[test]
fn what_the_ward_did_is_on_the_screen_at_rest() {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    let said = patient.readable();
    for text in ["You said", "We did", "The ward was noisy at night.", "Ward 12, care of older people"] {
        assert!(said.contains(&text.to_owned()), "{text:?} is not in {said:?}");
    }
}

/// Every control of every screen has a label, and one of its own language.
#[test]
fn every_label_is_in_the_language_of_the_screen() {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    for tag in words::LANGUAGES {
        let known = vocabulary(tag);
        let foreign = RefCell::new(BTreeSet::new());
        let mut look = |patient: &Patient, screen: &str| {
            // At rest and in the list of languages nobody has chosen one yet.
            if matches!(screen, "rest" | "language") || screen.starts_with("comment") {
                return;
            }
            for label in patient.labels() {
                if !known.contains(&label) {
                    foreign.borrow_mut().insert(format!("{screen}: {label}"));
                }
            }
        };
        walk(&patient, tag, &|_| {}, &mut look);
        assert!(foreign.borrow().is_empty(), "{tag}: {:?}", foreign.borrow());
    }
}

/// Whoever speaks to a control says what they see.
#[test]
fn what_large_text_leaves_of_a_label_is_part_of_it() {
    for tag in words::LANGUAGES {
        let say = words::phrases(tag).unwrap();
        for (short, whole) in [(say.help_short, say.help), (say.skip_short, say.skip)] {
            let [few, all] = [&short, &whole].map(|words| words.to_lowercase());
            assert!(!few.is_empty() && all.contains(&few), "{tag}: {short:?} is no part of {whole:?}");
        }
    }
}

/// Everything that is said in a language: the kiosk's own words, the questionnaire's, and the names of the ward.
fn vocabulary(tag: &str) -> BTreeSet<String> {
    let language = Language::new(tag).unwrap();
    // The debug form of the words holds them all, each between quotation marks.
    let mut known: BTreeSet<String> =
        format!("{:?}", words::phrases(tag).unwrap()).split('"').map(unescaped).collect();
    let mut learn = |text: &Text| known.extend(text.get(&language).cloned());
    for question in Questionnaire::inpatient().unwrap().questions() {
        question.options.iter().for_each(|option| learn(&option.text));
        question.not_applicable.iter().for_each(&mut learn);
        question.dont_know.iter().for_each(&mut learn);
    }
    known.extend(setting().consultants().iter().map(|consultant| consultant.label.clone()));
    known.extend(ward_with_bays().places().iter().map(|place| place.as_str().to_owned()));
    known
}

/// A text as it was before its debug form: that writes marks over and under letters as `\\u{a71}`.
fn unescaped(text: &str) -> String {
    let plain = text.replace("\\'", "'");
    let mut parts = plain.split("\\u{");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        whole.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        whole.push_str(rest);
    }
    whole
}

fn begins() -> Patient {
    let patient = Patient::arrives(1280, 800);
    patient.touches("Touch here to start");
    patient.touches("English");
    patient.touches("Yes, start");
    patient
}
