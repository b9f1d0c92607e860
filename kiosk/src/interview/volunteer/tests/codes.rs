//! Withdrawal codes on a volunteer's round: for the patient who holds the tablet, and for nobody who only hears the questions.

use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::*;

/// What a store gives back of what was wanted along.
pub(super) fn given(keepsake: Keepsake) -> Option<WithdrawalCode> {
    (keepsake == Keepsake::Code).then(|| WithdrawalCode::from_random([7; 7]))
}

/// The code that the patient of a first bed is shown after having stopped.
fn shown(mode: Mode) -> Option<WithdrawalCode> {
    let mut tablet = Tablet::new(4);
    let giving = Setting::clone(&tablet.interview.setting).with_withdrawal_codes(true);
    tablet.meets(Happening::Assigned(Arc::new(giving)));
    tablet.enters(PIN);
    tablet.does([VolunteerTouch::Ward(0), VolunteerTouch::Begin]);
    tablet.asks(mode, 4);
    tablet.touches(Action::Choose(0));
    tablet.waits(CONFIRMATION_MS);
    tablet.touches(Action::Stop);
    tablet.touches(Action::StopNow);
    let Screen::Thanks { code, .. } = tablet.screen() else { panic!("{:?}", tablet.screen()) };
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
