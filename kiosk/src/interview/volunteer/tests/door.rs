//! The door: a PIN, and nothing else.

use super::*;

#[test]
fn a_pin_opens_and_nothing_else_does() {
    let mut tablet = Tablet::new(4);
    tablet.does([VolunteerTouch::Ward(0), VolunteerTouch::Begin, VolunteerTouch::Tablet, VolunteerTouch::Exit]);
    assert!(matches!(tablet.screen(), Screen::Rest { .. }));
    tablet.enters("1111");
    assert!(matches!(tablet.screen(), Screen::Door(DoorView { state: DoorState::Wrong, .. })));
    tablet.types(PIN);
    let Page::Wards(wards) = tablet.page() else { panic!("{:?}", tablet.page()) };
    assert_eq!(wards.len(), 2);
    assert_eq!(wards.first().unwrap().plan.unwrap().days_left, Some(3), "4, 5 and 6 December");
    let remembered: Vec<_> = tablet
        .errands
        .iter()
        .filter_map(|errand| match errand {
            Errand::RememberDoor { wrong } => Some(wrong.any),
            _ => None,
        })
        .collect();
    assert_eq!(remembered, [1, 2, 0], "each try is written down before it is checked");
}

#[test]
fn without_a_pin_the_door_says_so() {
    let mut tablet = Tablet::new(4);
    let round = Round { volunteer_pin: None, manager_pin: None, ..briefing(4).round.clone().unwrap() };
    tablet.hears(Word::Briefed(Arc::new(Briefing { round: Some(round), ..Briefing::default() })));
    tablet.enters(PIN);
    assert!(matches!(tablet.screen(), Screen::Door(DoorView { state: DoorState::NoPin, digits: 0, .. })));
    assert!(tablet.errands.is_empty());
    tablet.waits(DOOR_OPEN_MS);
    assert!(matches!(tablet.screen(), Screen::Rest { .. }), "an open door closes by itself");
}

#[test]
fn after_three_wrong_pins_it_waits() {
    let mut tablet = Tablet::new(4);
    tablet.enters("1111");
    tablet.types("1112");
    tablet.types("1113");
    assert!(matches!(tablet.screen(), Screen::Door(DoorView { state: DoorState::Waiting { .. }, .. })));
    tablet.types(PIN);
    assert!(matches!(tablet.screen(), Screen::Door(_)), "even the right one");
    tablet.waits(30_000);
    tablet.types(PIN);
    assert!(matches!(tablet.page(), Page::Wards(_)));
}

#[test]
fn while_guesses_at_the_managers_pin_are_waited_for_volunteers_come_and_go() {
    let mut tablet = Tablet::new(4);
    for _ in 0..2 {
        tablet.enters("1111");
        tablet.types("1112");
        tablet.types(PIN);
        assert!(matches!(tablet.page(), Page::Wards(_)));
        tablet.does([VolunteerTouch::Lock]);
    }
    let looked_at = |tablet: &Tablet| {
        let checks = tablet.errands.iter().filter_map(|errand| match errand {
            Errand::CheckPin { volunteer, manager, .. } => Some((volunteer.is_some(), manager.is_some())),
            _ => None,
        });
        checks.collect::<Vec<_>>()
    };
    let (both, volunteers) = ((true, true), (true, false));
    assert_eq!(
        looked_at(&tablet),
        [both, both, both, both, volunteers, volunteers],
        "the third guess is waited for"
    );
    tablet.enters(MANAGER);
    assert!(
        matches!(tablet.screen(), Screen::Door(DoorView { state: DoorState::Wrong, .. })),
        "it was not looked at"
    );
    tablet.waits(30_000);
    tablet.enters(MANAGER);
    assert!(matches!(tablet.page(), Page::Wards(_)));
}

#[test]
fn a_patient_who_is_asked_is_not_disturbed_by_the_door() {
    let mut tablet = Tablet::new(4);
    tablet.touches(Action::Start);
    tablet.does([VolunteerTouch::Knock]);
    assert!(matches!(tablet.screen(), Screen::Language { .. }));
}
