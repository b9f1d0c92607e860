//! Withdrawal codes on a volunteer's round: for the patient who holds the tablet, and for nobody who only hears the questions.

use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::*;

/// What a store gives back of what was wanted along.
pub(super) fn given(keepsake: Keepsake) -> Option<WithdrawalCode> {
    (keepsake == Keepsake::Code).then(|| WithdrawalCode::from_random([7; 7]))
}

/// A tablet of a trust that gives codes.
fn giving() -> Tablet {
    let mut tablet = Tablet::new(4);
    let giving = Setting::clone(&tablet.interview.setting).with_withdrawal_codes(true);
    tablet.meets(Happening::Assigned(Arc::new(giving)));
    tablet
}

/// Whoever is asked answers once and stops; the code that is shown then.
fn stops(tablet: &mut Tablet) -> Option<WithdrawalCode> {
    tablet.touches(Action::Choose(0));
    tablet.waits(CONFIRMATION_MS);
    tablet.touches(Action::Stop);
    tablet.touches(Action::StopNow);
    match tablet.screen() {
        Screen::Thanks { code, .. } => code,
        screen => panic!("{screen:?}"),
    }
}

/// At the first bed, where somebody is being asked.
fn asked(mode: Mode) -> Tablet {
    let mut tablet = giving();
    tablet.enters(PIN);
    tablet.does([VolunteerTouch::Ward(0), VolunteerTouch::Begin]);
    tablet.asks(mode, 4);
    tablet
}

/// At the first bed, where somebody has answered: the tablet, and the code that is shown there.
fn thanked(mode: Mode) -> (Tablet, Option<WithdrawalCode>) {
    let mut tablet = asked(mode);
    let code = stops(&mut tablet);
    (tablet, code)
}

/// The code that the patient of a first bed is shown after having stopped.
fn shown(mode: Mode) -> Option<WithdrawalCode> {
    let (mut tablet, code) = thanked(mode);
    tablet.touches(Action::Dismiss);
    tablet.touches(Action::Wiped);
    let next = tablet.screen();
    assert!(!matches!(next, Screen::Thanks { .. }), "the volunteer sees nothing of it: {next:?}");
    code
}

#[test]
fn the_patient_who_holds_the_tablet_is_given_a_code() {
    assert!(shown(Mode::Alone).is_some());
    assert!(shown(Mode::Assisted).is_some());
    assert_eq!(shown(Mode::Interview), None, "the volunteer holds it");
    assert_eq!(shown(Mode::Proxy), None, "and here a relative sees it");
}

#[test]
fn an_interview_that_somebody_else_ends_later_has_no_code() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.interview.setting = Arc::new(Setting::clone(&tablet.interview.setting).with_withdrawal_codes(true));
    tablet.asks(Mode::Assisted, 4);
    tablet.touches(Action::Choose(0));
    tablet.does([VolunteerTouch::Pause, VolunteerTouch::Lock]);
    tablet.enters(PIN);
    tablet.does([VolunteerTouch::EndDraft]);
    assert_eq!(tablet.contacts().first().unwrap().outcome, Outcome::Partial);
    assert!(matches!(tablet.page(), Page::Wards(_)), "the patient is not there to be given anything");
}

#[test]
fn whoever_takes_the_tablet_from_a_patient_who_did_not_finish_sees_no_code() {
    let (mut tablet, code) = thanked(Mode::Alone);
    assert!(code.is_some());
    tablet.does([VolunteerTouch::Knock]);
    assert!(matches!(tablet.screen(), Screen::Door(_)), "{:?}", tablet.screen());
    tablet.types(PIN);
    assert_eq!(tablet.screen(), Screen::Wipe);
    tablet.touches(Action::Wiped);
    assert_eq!(tablet.bed().number, 2, "and the round goes on");
}

#[test]
fn a_code_does_not_outlast_whoever_comes_in_after_its_patient() {
    let mut tablet = giving();
    tablet.touches(Action::Start);
    tablet.touches(Action::ChooseLanguage("en".parse().unwrap()));
    tablet.touches(Action::Agree);
    assert!(stops(&mut tablet).is_some());
    tablet.enters(PIN);
    // Every touch behind the door would have kept the thanks beneath it.
    tablet.does([VolunteerTouch::Ward(0), VolunteerTouch::Back, VolunteerTouch::Lock]);
    assert_eq!(tablet.screen(), Screen::Wipe);
}

#[test]
fn whoever_takes_the_tablet_back_and_ends_the_questions_is_given_no_code() {
    let mut tablet = asked(Mode::Alone);
    tablet.touches(Action::Choose(0));
    tablet.waits(CONFIRMATION_MS);
    tablet.does([VolunteerTouch::Knock]);
    tablet.types(PIN);
    assert_eq!(tablet.page(), Page::Paused { handed_over: false });
    tablet.does([VolunteerTouch::EndDraft]);
    assert!(matches!(tablet.screen(), Screen::Thanks { code: None, .. }), "{:?}", tablet.screen());
}

#[test]
fn whoever_takes_the_tablet_back_while_the_answer_is_being_kept_sees_no_code() {
    let mut tablet = asked(Mode::Alone);
    tablet.answers_stores = false;
    tablet.touches(Action::Stop);
    tablet.touches(Action::StopNow);
    let ticket = *tablet.tickets.last().unwrap();
    tablet.does([VolunteerTouch::Knock]);
    tablet.types(PIN);
    assert_eq!(tablet.screen(), Screen::Saving);
    tablet.meets(Happening::Stored { ticket, result: Ok(given(Keepsake::Code)) });
    assert!(matches!(tablet.screen(), Screen::Thanks { code: None, .. }), "{:?}", tablet.screen());
}
