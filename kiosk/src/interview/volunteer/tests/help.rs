//! Help for a patient who has the tablet in their hands while a session is open.

use super::*;

/// Asks for help and closes the screen that says what has become of it.
fn asks_for_help(tablet: &mut Tablet) {
    tablet.touches(Action::Help);
    assert!(matches!(tablet.screen(), Screen::Help(HelpView::Choosing { .. })), "{:?}", tablet.screen());
    tablet.touches(Action::Need(Need::Pain));
    if matches!(tablet.screen(), Screen::Help(HelpView::Placing { .. })) {
        tablet.touches(Action::Choose(0));
    }
    assert!(matches!(tablet.screen(), Screen::Help(HelpView::Kept { .. })), "{:?}", tablet.screen());
    tablet.touches(Action::CloseHelp);
}

#[test]
fn a_patient_can_ask_for_help_while_the_questions_wait_and_in_front_of_the_door() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Alone, 4);
    tablet.touches(Action::Choose(0));
    tablet.waits(PAUSE_MS);
    assert_eq!(tablet.page(), Page::Paused { handed_over: true });
    asks_for_help(&mut tablet);
    assert_eq!(tablet.page(), Page::Paused { handed_over: true }, "the questions still wait");
    tablet.does([VolunteerTouch::CarryOn]);
    assert!(matches!(tablet.screen(), Screen::Question(question) if question.id.as_str() == "coordination"));
    tablet.answers_all();
    assert!(matches!(tablet.screen(), Screen::Door(_)), "the patient has finished and still holds the tablet");
    asks_for_help(&mut tablet);
    assert!(matches!(tablet.screen(), Screen::Door(_)), "nobody comes in that way");
    tablet.types(PIN);
    assert_eq!(tablet.bed().number, 2, "the round goes on");
    let requests = tablet.stored.iter().filter(|body| matches!(body, Body::HelpRequest(_)));
    assert_eq!(requests.count(), 2);
    let before = tablet.screen();
    tablet.touches(Action::Help);
    assert_eq!(tablet.screen(), before, "a volunteer's own pages call staff from the page about harm");
}
