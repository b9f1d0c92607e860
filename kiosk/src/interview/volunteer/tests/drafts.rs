//! An interrupted interview: kept for half an hour, sealed, and then stored and gone.

use super::*;

#[test]
fn ten_minutes_without_a_touch_lock_and_the_draft_waits_behind_the_pin() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 1);
    tablet.touches(Action::Choose(2));
    tablet.waits(LOCK_MS + 1_000);
    assert!(matches!(tablet.screen(), Screen::Rest { .. }));
    assert!(tablet.contacts().is_empty() && tablet.disk.is_some());
    tablet.touches(Action::Start);
    tablet.touches(Action::ChooseLanguage("en".parse().unwrap()));
    tablet.touches(Action::Agree);
    assert!(
        matches!(tablet.screen(), Screen::Question(question) if question.chosen.is_none()),
        "a patient alone finds nothing of it"
    );
    tablet.waits(IDLE_MS + STILL_THERE_MS + WIPE_MS);
    tablet.enters(PIN);
    let Page::Resume { minutes: 12..=14, answered: 1 } = tablet.page() else { panic!("{:?}", tablet.page()) };
    tablet.does([VolunteerTouch::Resume]);
    assert!(matches!(tablet.screen(), Screen::Question(question) if question.id.as_str() == "coordination"));
    tablet.touches(Action::Back);
    assert!(matches!(tablet.screen(), Screen::Question(question) if question.chosen == Some(2)));
    tablet.answers_all();
    let contacts = tablet.contacts();
    let contact = contacts.last().unwrap();
    assert_eq!((contact.mode, contact.outcome), (Mode::Interview, Outcome::Completed));
    assert_eq!(contact.attribution.as_ref().unwrap().consultant.as_str(), "C1");
    assert_eq!(tablet.disk, None);
    assert!(matches!(tablet.page(), Page::Plan(_)), "the order of the visit is gone; a new one is drawn");
}

#[test]
fn after_half_an_hour_a_draft_is_stored_as_partial_and_gone() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Assisted, 4);
    tablet.touches(Action::Choose(2));
    tablet.waits(KEEP_MS - 1);
    assert!(tablet.contacts().is_empty());
    tablet.waits(2);
    let contacts = tablet.contacts();
    let [contact] = contacts[..] else { panic!("{} contacts", contacts.len()) };
    assert_eq!((contact.outcome, contact.mode), (Outcome::Partial, Mode::Assisted));
    assert_eq!(tablet.disk, None);
    let ends = tablet.order.len() - 2;
    assert_eq!(tablet.order.get(ends..).unwrap(), ["wipe", "store"], "wiped before it is handed over");
    tablet.enters(PIN);
    assert!(matches!(tablet.page(), Page::Wards(_)));
}

#[test]
fn a_battery_swap_in_mid_interview_costs_nothing() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.does([VolunteerTouch::Back, VolunteerTouch::Back, VolunteerTouch::Ward(1), VolunteerTouch::Begin]);
    tablet.asks(Mode::Proxy, 2);
    tablet.touches(Action::Choose(1));
    tablet.waits(CONFIRMATION_MS);
    tablet.touches(Action::Skip);
    let question = tablet.screen();
    let json = serde_json::to_vec(tablet.disk.as_ref().unwrap()).unwrap();
    assert!(!String::from_utf8_lossy(&json).contains(BED));

    let mut again = Tablet::new(4);
    let draft: Draft = serde_json::from_slice(&json).unwrap();
    again.hears(Word::DraftFound { draft: Box::new(draft), age_ms: 240_000 });
    assert!(matches!(again.screen(), Screen::Rest { .. }), "nothing of it without the PIN");
    again.enters(PIN);
    assert!(matches!(again.page(), Page::Resume { minutes: 4, answered: 2 }));
    again.does([VolunteerTouch::Resume]);
    assert_eq!(again.screen(), question);
    assert_eq!(again.interview.setting.ward().as_str(), "W2");
    again.answers_all();
    let contacts = again.contacts();
    let contact = contacts.first().unwrap();
    assert_eq!((contact.mode, contact.ward.as_str()), (Mode::Proxy, "W2"));
}

#[test]
fn a_draft_that_is_too_old_or_of_other_questions_is_wiped() {
    let draft = {
        let mut tablet = Tablet::at_a_bed(4);
        tablet.asks(Mode::Interview, 4);
        tablet.disk.unwrap()
    };
    let mut tablet = Tablet::new(4);
    tablet.hears(Word::DraftFound { draft: Box::new(draft.clone()), age_ms: KEEP_MS });
    assert_eq!(tablet.order, ["wipe"]);
    let other = serde_json::to_string(&draft).unwrap().replace("\"consistency\"", "\"no_such_question\"");
    let mut tablet = Tablet::new(4);
    tablet.hears(Word::DraftFound { draft: Box::new(serde_json::from_str(&other).unwrap()), age_ms: 0 });
    assert_eq!(tablet.order, ["wipe"]);
    tablet.enters(PIN);
    assert!(matches!(tablet.page(), Page::Wards(_)));
}

#[test]
fn ending_the_program_keeps_the_draft_for_the_next_start() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 4);
    tablet.touches(Action::Choose(0));
    tablet.meets(Happening::Closing);
    assert!(tablet.contacts().is_empty(), "it is not over");
    assert!(tablet.disk.is_some());
}
