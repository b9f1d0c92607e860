//! A patient alone, from rest to rest, by the words on the screen.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod patient;

use patient::{Patient, Store};
use wardvoice_kiosk::interview::{Farewell, Screen, Trouble};
use wardvoice_protocol::contact::{Answer, Outcome};
use wardvoice_protocol::id::{OptionId, QuestionId};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::record::{Body, Need};

#[test]
fn a_patient_answers_every_question_and_is_thanked_after_the_flush() {
    let patient = Patient::arrives(1280, 800);
    whole_interview(&patient);
    declining(&patient);
    failing(&patient);
    by_keyboard(&patient);
}

fn whole_interview(patient: &Patient) {
    patient.touches("Touch here to start");
    patient.touches("English");
    patient.touches("Yes, start");
    let answers = [
        ("consistency", "Yes, always"),
        ("coordination", "Yes, to some extent"),
        ("respect", "No"),
        ("dignity", "Skip this question"),
        ("involvement", "Yes, completely"),
        ("doctors", "Yes, sometimes"),
        ("consultant", "Yes"),
    ];
    for (question, label) in answers {
        assert_eq!(patient.question().as_deref(), Some(question));
        patient.touches(label);
    }
    patient.touches("More names");
    patient.touches("Consultant 010, geriatric medicine");

    patient.touches("Back");
    patient.touches("Back");
    assert_eq!(patient.control("Yes, sometimes").accessible_checked(), Some(true), "back shows the choice");
    patient.touches("Next");
    patient.touches("Next");
    patient.touches("Next");

    patient.touches("I need someone to help me");
    patient.touches("I would like a drink");
    patient.touches("Go back");
    assert!(matches!(&patient.stored.borrow()[..], [Body::HelpRequest(request)] if request.need == Need::Drink));

    let answers = [
        ("nurses", "Yes, sometimes"),
        ("cleanliness", "Yes, always"),
        ("pain", "I have had no pain"),
        ("medicines", "Yes, completely"),
        ("nights", "3 to 7"),
        ("noise", "No"),
        ("kindness", "Yes, always"),
        ("friends_and_family", "Very good"),
    ];
    for (question, label) in answers {
        assert_eq!(patient.question().as_deref(), Some(question));
        patient.touches(label);
    }
    for key in ["K", "i", "n", "d", ".", "Space", "Y", "e", "s", "x", "Delete"] {
        patient.touches(key);
    }
    patient.presses("!");
    patient.touches("Next");
    patient.touches("Skip this question");
    for (question, label) in
        [("age", "81 or over"), ("sex", "Female"), ("admission", "An emergency"), ("help", "No")]
    {
        assert_eq!(patient.question().as_deref(), Some(question));
        if question == "help" {
            patient.store.set(Store::Waits);
        }
        patient.touches(label);
    }
    assert_eq!(patient.view().screen, Screen::Saving, "nobody is thanked before the flush");
    patient.store_answers(Ok(None));
    assert_eq!(patient.view().screen, Screen::Thanks { farewell: Farewell::Completed, code: None });
    patient.store.set(Store::Keeps);
    patient.touches("Finish");
    patient.touches("It has been wiped");
    assert!(matches!(patient.view().screen, Screen::Rest { .. }));

    let contacts = patient.contacts();
    let [contact] = &contacts[..] else { panic!("{} contacts", contacts.len()) };
    let answers = &contact.response.as_ref().unwrap().answers;
    let answer = |id: &str| &answers[&QuestionId::new(id).unwrap()];
    Questionnaire::inpatient().unwrap().check_answers(answers).unwrap();
    assert_eq!(contact.outcome, Outcome::Completed);
    assert_eq!(contact.attribution.as_ref().unwrap().consultant.as_str(), "C010");
    assert_eq!(answer("respect"), &Answer::Answered(OptionId::new("no").unwrap()));
    assert_eq!(answer("dignity"), &Answer::Declined);
    assert_eq!(answer("pain"), &Answer::NotApplicable);
    assert!(matches!(answer("good"), Answer::Said(said) if said.as_str() == "Kind. Yes!"), "{:?}", answer("good"));
}

fn declining(patient: &Patient) {
    patient.touches("Touch here to start");
    patient.touches("Cymraeg");
    patient.touches("Dim diolch");
    patient.touches("Gorffen");
    patient.touches("Mae wedi'i sychu");
    assert_eq!(patient.contacts().last().unwrap().outcome, Outcome::Declined);
    assert_eq!(patient.view().language.as_str(), "en", "the next person finds the first language again");
}

fn failing(patient: &Patient) {
    patient.touches("Touch here to start");
    patient.touches("English");
    patient.touches("Yes, start");
    patient.touches("Stop");
    patient.touches("Carry on");
    patient.touches("Stop");
    patient.store.set(Store::Fails);
    patient.touches("Stop now");
    assert_eq!(patient.view().screen, Screen::Staff(Trouble::NotKept));
    patient.store.set(Store::Keeps);
    patient.touches("Close");
}

/// The same with a keyboard only: Tab and Enter, and digits for answers.
fn by_keyboard(patient: &Patient) {
    const TAB: &str = "\u{9}";
    const RETURN: &str = "\u{a}";
    let tabs_to = |label: &str| {
        for _ in 0..40 {
            patient.presses(TAB);
            if patient.focused().as_deref() == Some(label) {
                return patient.presses(RETURN);
            }
        }
        panic!("Tab does not reach {label:?}");
    };
    tabs_to("Touch here to start");
    tabs_to("English");
    tabs_to("Yes, start");
    patient.presses("2");
    assert_eq!(patient.question().as_deref(), Some("coordination"));
    patient.presses("9");
    assert_eq!(patient.question().as_deref(), Some("coordination"), "there is no ninth answer");
    tabs_to("Yes, completely");
    assert_eq!(patient.question().as_deref(), Some("respect"));
    patient.presses("\u{1b}");
    assert_eq!(patient.question().as_deref(), Some("coordination"), "Escape goes back");
}
