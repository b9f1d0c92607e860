//! Ten thousand touches, keys and waits of somebody who does anything at all, from a seed, on the real window.
//!
//! Afterwards the kiosk is at rest as on its first day: it says not a word more than it did then, nothing of the last person is
//! left in the window, and every interview that was agreed to is in the outbox exactly once. The store is the real one
//! ([`Disk`]): a dispatch on a thread of its own, an outbox that flushes and syncs, and at the end the records as they are read
//! back from the disk and opened.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod patient;

use std::cell::Cell;
use std::mem::{Discriminant, discriminant};
use std::rc::Rc;

use patient::disk::Disk;
use patient::{Patient, ward_with_bays};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle as _, Model as _};
use wardvoice_kiosk::interview::{Comfort, Screen};
use wardvoice_kiosk_ui::{CommentAdapter, ConsultantAdapter, FoundControl, QuestionAdapter};
use wardvoice_protocol::contact::Answer;
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::record::Body;

const SEED: u64 = 20_260_101;
const EVENTS: usize = 10_000;
const SIZE: (u16, u16) = (1280, 800);
/// What a keyboard or a switch may send.
const KEYS: [&str; 14] = [
    "\u{9}", "\u{9}", "\u{19}", "\u{a}", "\u{a}", " ", "\u{1b}", "1", "2", "3", "\u{f700}", "\u{f701}", "x",
    "\u{8}",
];
/// Written now and then; it must not be found again.
const WRITTEN: &str = "zephyr quartz";

#[test]
fn nothing_of_anybody_is_left_and_every_interview_is_kept_once() {
    let disk = Rc::new(Disk::new());
    let patient = Patient::arrives_at_disk(ward_with_bays(), &disk, SIZE.0.into(), SIZE.1.into());
    let fresh = patient.readable();
    let mut random = StdRng::seed_from_u64(SEED);
    let agreed = counts_agreements(&patient);
    let mut written = 0usize;
    let mut controls = Controls::default();
    for _ in 0..EVENTS {
        match random.random_range(0..100) {
            0..75 => touches_a_control(&patient, controls.on(&patient), &mut random),
            75..83 => touches_anywhere(&patient, &mut random),
            83..89 => patient.presses_quickly(*KEYS.choose(&mut random).unwrap()),
            // Often enough to be found if it stayed anywhere.
            89..99 => {
                if matches!(patient.view().screen, Screen::Comment(_)) {
                    WRITTEN.chars().for_each(|letter| patient.presses_quickly(letter));
                    written += 1;
                }
            }
            _ => patient.dozes(random.random_range(0..70_000)),
        }
        patient.passes(random.random_range(20..400));
    }
    // Left alone for long enough, any screen comes to rest.
    patient.dozes(300_000);
    assert!(matches!(patient.view().screen, Screen::Rest { .. }), "{:?}", patient.view().screen);
    assert_eq!(patient.readable(), fresh, "the screen at rest says what it said on the first day");
    let window = &patient.window;
    assert_eq!(window.global::<CommentAdapter>().get_draft(), "", "no comment is left in the window");
    assert_eq!(window.global::<QuestionAdapter>().get_chosen(), -1, "no choice is left in the window");
    assert_eq!(window.global::<ConsultantAdapter>().get_chosen(), -1, "no name is left in the window");
    let marks = window.global::<QuestionAdapter>().get_marks();
    assert!(marks.iter().all(|mark| !mark), "no choice is marked");
    let marks = window.global::<ConsultantAdapter>().get_marks();
    assert!(marks.iter().all(|mark| !mark), "no name is marked");

    let agreed = agreed.get();
    let questionnaire = Questionnaire::inpatient().unwrap();
    let kept = disk.kept();
    let responses: Vec<_> = kept
        .iter()
        .filter_map(|body| match body {
            Body::Contact(contact) => contact.response.as_ref(),
            Body::HelpRequest(_) | Body::Cleaning(_) => None,
        })
        .collect();
    assert_eq!(responses.len(), agreed, "each interview that was agreed to is in the outbox once");
    assert!(
        agreed > 30 && written > 10,
        "{agreed} interviews and {written} comments are enough to mean something"
    );
    for response in &responses {
        questionnaire.check_answers(&response.answers).unwrap();
    }
    let said = |answer: &Answer| matches!(answer, Answer::Said(comment) if comment.as_str().contains("zephyr"));
    assert!(responses.iter().any(|response| response.answers.values().any(said)), "what was written is kept");
}

/// Only agreeing leads from consent straight to a question; whatever lies over them in between has a screen of its own.
fn counts_agreements(patient: &Patient) -> Rc<Cell<usize>> {
    let agreed = Rc::new(Cell::new(0));
    let (counted, at_consent) = (Rc::clone(&agreed), Cell::new(false));
    patient.stage.observe(move |view| {
        let is_question = matches!(view.screen, Screen::Question(_));
        if at_consent.replace(view.screen == Screen::Consent) && is_question {
            counted.set(counted.get() + 1);
        }
    });
    agreed
}

/// The controls of the screen. They are looked for anew when the screen changes; a touch where one was is as random as any.
#[derive(Default)]
struct Controls {
    of: Option<(Discriminant<Screen>, Option<String>, Comfort)>,
    found: Vec<FoundControl>,
}

impl Controls {
    fn on(&mut self, patient: &Patient) -> &[FoundControl] {
        let view = patient.view();
        let of = Some((discriminant(&view.screen), patient.question(), view.comfort));
        if self.of != of {
            self.of = of;
            self.found = patient.surveys().0;
        }
        &self.found
    }
}

fn touches_a_control(patient: &Patient, controls: &[FoundControl], random: &mut StdRng) {
    // Stopping and asking for help are in every bar, and a keyboard has forty keys; the way on has to be found too.
    let keyboard = matches!(patient.view().screen, Screen::Comment(_));
    let weight = |control: &&FoundControl| match control.y {
        y if y < 130.0 => 1,
        y if keyboard && (350.0..700.0).contains(&y) => 1,
        _ if keyboard => 20,
        _ => 8,
    };
    let total: u32 = controls.iter().map(|control| weight(&control)).sum();
    let mut pick = random.random_range(0..total.max(1));
    let chosen = controls.iter().find(|control| {
        let reached = pick < weight(control);
        pick = pick.saturating_sub(weight(control));
        reached
    });
    if let Some(control) = chosen {
        touches(patient, control.x + control.width / 2.0, control.y + control.height / 2.0);
    }
}

fn touches_anywhere(patient: &Patient, random: &mut StdRng) {
    touches(patient, random.random_range(0.0..f32::from(SIZE.0)), random.random_range(0.0..f32::from(SIZE.1)));
}

fn touches(patient: &Patient, x: f32, y: f32) {
    let (position, button) = (slint::LogicalPosition::new(x, y), PointerEventButton::Left);
    let window = patient.window.window();
    window.dispatch_event(WindowEvent::PointerMoved { position });
    window.dispatch_event(WindowEvent::PointerPressed { position, button });
    patient.passes(20);
    window.dispatch_event(WindowEvent::PointerReleased { position, button });
    window.dispatch_event(WindowEvent::PointerExited);
}
