//! What only a manager does: moving the tablet, joining again, ending the program.

use super::*;

#[test]
fn only_a_manager_moves_and_ends() {
    let mut tablet = Tablet::opened(4);
    tablet.does([VolunteerTouch::Tablet, VolunteerTouch::Move]);
    assert!(matches!(tablet.screen(), Screen::Door(DoorView { wanted: Role::Manager, .. })));
    tablet.types(PIN);
    assert!(matches!(tablet.screen(), Screen::Door(_)), "a volunteer's PIN is not enough");
    tablet.types(MANAGER);
    assert_eq!(tablet.page(), Page::Move(vec!["Ward W1".to_owned(), "Ward W2".to_owned()]));
    tablet.does([VolunteerTouch::MoveTo(1)]);
    let moved = tablet
        .errands
        .iter()
        .any(|errand| matches!(errand, Errand::MoveTo(Some(ward)) if ward.id.as_str() == "W2"));
    assert!(moved);
    tablet.does([VolunteerTouch::Brightness]);
    assert!(tablet.errands.ends_with(&[Errand::Brighten, Errand::LookAtTablet]), "anybody behind the door may");
    tablet.does([VolunteerTouch::Exit, VolunteerTouch::Back]);
    assert!(!tablet.errands.contains(&Errand::Exit));

    let mut tablet = Tablet::new(4);
    tablet.enters(MANAGER);
    tablet.does([VolunteerTouch::Tablet, VolunteerTouch::Move, VolunteerTouch::MoveTo(2), VolunteerTouch::Exit]);
    assert!(tablet.errands.contains(&Errand::MoveTo(None)) && tablet.errands.contains(&Errand::Exit));
}

#[test]
fn only_a_manager_takes_the_tablet_in_again_and_nothing_is_under_way_then() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 4);
    tablet.touches(Action::Choose(0));
    tablet.does([VolunteerTouch::Pause, VolunteerTouch::Lock]);
    tablet.enters(MANAGER);
    tablet.does([VolunteerTouch::Tablet, VolunteerTouch::JoinAgain]);
    assert!(!tablet.errands.contains(&Errand::JoinAgain), "what was interrupted comes first: {:?}", tablet.page());
    tablet.does([VolunteerTouch::EndDraft, VolunteerTouch::Lock]);
    assert!(tablet.disk.is_none() && tablet.contacts().len() == 1);

    tablet.enters(PIN);
    tablet.does([VolunteerTouch::Tablet, VolunteerTouch::JoinAgain]);
    assert!(matches!(tablet.screen(), Screen::Door(DoorView { wanted: Role::Manager, .. })));
    tablet.types(PIN);
    assert!(!tablet.errands.contains(&Errand::JoinAgain), "a volunteer's PIN is not enough");
    tablet.types(MANAGER);
    assert_eq!(tablet.errands.last(), Some(&Errand::JoinAgain));
}

#[test]
fn a_tablet_that_never_had_a_code_is_not_taken_in_again() {
    let mut tablet = Tablet::new(4);
    tablet.enters(MANAGER);
    tablet.does([VolunteerTouch::Tablet]);
    let Some(session) = &mut tablet.interview.volunteer.session else { panic!("nobody came in") };
    let Some(state) = &mut session.tablet else { panic!("nobody looked at the tablet") };
    state.can_join_again = false;
    tablet.does([VolunteerTouch::JoinAgain]);
    assert!(!tablet.errands.contains(&Errand::JoinAgain));
    assert!(matches!(tablet.page(), Page::Tablet(_)));
}
