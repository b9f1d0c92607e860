//! What no sequence of events may do.

use super::*;

fn any_touch() -> impl Strategy<Value = Action> {
    let outcome = prop::sample::select(&Outcome::ALL[..]);
    let volunteer = prop_oneof![
        4 => Just(VolunteerTouch::Knock),
        6 => (1u8..10).prop_map(|digit| VolunteerTouch::Key(DoorKey::Digit(digit))),
        2 => Just(VolunteerTouch::Key(DoorKey::Enter)),
        1 => Just(VolunteerTouch::Key(DoorKey::Erase)),
        3 => Just(VolunteerTouch::Back),
        3 => (0usize..3).prop_map(VolunteerTouch::Ward),
        4 => Just(VolunteerTouch::Begin),
        6 => Just(VolunteerTouch::Start),
        3 => outcome.prop_map(VolunteerTouch::NotToday),
        1 => Just(VolunteerTouch::Later),
        4 => prop::sample::select(&Mode::ALL[..]).prop_map(VolunteerTouch::Mode),
        4 => (0usize..6).prop_map(VolunteerTouch::Team),
        2 => Just(VolunteerTouch::Resume),
        1 => Just(VolunteerTouch::EndDraft),
        1 => Just(VolunteerTouch::Pause),
        2 => Just(VolunteerTouch::CarryOn),
        1 => Just(VolunteerTouch::Harm),
        1 => Just(VolunteerTouch::CloseAside),
        1 => Just(VolunteerTouch::AskForHelp),
        1 => Just(VolunteerTouch::Tablet),
        1 => Just(VolunteerTouch::Move),
        1 => (0usize..4).prop_map(VolunteerTouch::MoveTo),
        1 => Just(VolunteerTouch::JoinAgain),
        1 => Just(VolunteerTouch::Exit),
        1 => Just(VolunteerTouch::Lock),
    ];
    let patient = prop_oneof![
        2 => Just(Action::Start),
        3 => Just(Action::ChooseLanguage("en".parse().unwrap())),
        4 => Just(Action::Agree),
        1 => Just(Action::Decline),
        12 => (0usize..4).prop_map(Action::Choose),
        2 => Just(Action::Skip),
        1 => Just(Action::Back),
        1 => Just(Action::Stop),
        1 => Just(Action::StopNow),
        1 => Just(Action::CarryOn),
        1 => Just(Action::Help),
        1 => Just(Action::Need(Need::Pain)),
        1 => Just(Action::CloseHelp),
        2 => Just(Action::Wiped),
        1 => Just(Action::Dismiss),
    ];
    prop_oneof![3 => volunteer.prop_map(Action::Volunteer), 2 => patient]
}

#[derive(Debug, Clone)]
enum Step {
    Touch(Action),
    /// The right PIN, where a door asks for one.
    Pin(bool),
    Wait(u64),
    Storing(bool),
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => any_touch().prop_map(Step::Touch),
        4 => any::<bool>().prop_map(Step::Pin),
        12 => (0u64..2_000).prop_map(Step::Wait),
        2 => (0u64..700_000).prop_map(Step::Wait),
        1 => prop::bool::weighted(0.9).prop_map(Step::Storing),
        1 => Just(Step::Restart),
    ]
}

/// People who agreed and of whom something is here: stored, on the screen, or interrupted.
fn people(tablet: &Tablet) -> usize {
    let stored = tablet.contacts().iter().filter(|contact| contact.response.is_some()).count();
    let asking = usize::from(matches!(tablet.interview.stage, Stage::Asking(_)));
    stored + asking + usize::from(tablet.interview.volunteer.parked.is_some())
}

proptest! {
    #[test]
    fn no_sequence_of_events_opens_the_door_or_loses_or_doubles_an_answer(
        steps in prop::collection::vec(any_step(), 1..250),
    ) {
        let mut tablet = Tablet::new(5);
        for step in steps {
            let was_in = tablet.interview.volunteer.is_in();
            let people_before = people(&tablet);
            // Random digits have no 0, so only this opens a door.
            let right_pin = matches!(step, Step::Pin(_));
            let refuses = matches!(step, Step::Storing(false));
            match step {
                Step::Touch(action) => tablet.touches(action),
                Step::Pin(manager) => {
                    if matches!(tablet.screen(), Screen::Door(_)) {
                        tablet.does(std::iter::repeat_n(VolunteerTouch::Key(DoorKey::Erase), 8));
                        tablet.types(if manager { MANAGER } else { PIN });
                    }
                }
                Step::Wait(ms) => tablet.waits(ms),
                Step::Storing(ready) => {
                    tablet.meets(Happening::Storing(if ready { Storing::Ready } else { Storing::Refusing }));
                }
                Step::Restart => tablet = tablet.again(5),
            }
            let is_in = tablet.interview.volunteer.is_in();
            prop_assert!(!is_in || was_in || right_pin, "came in without a PIN");
            if !is_in {
                prop_assert!(!matches!(tablet.screen(), Screen::Volunteer(_)), "a page without a session");
                prop_assert!(!tablet.interview.volunteer.is_away(), "the visited ward outlived the session");
            }
            // A refusing store ends an interview that is under way, as it does for a patient alone.
            prop_assert!(refuses || people(&tablet) >= people_before, "an answer was lost");
            prop_assert!(people(&tablet) <= people_before + 1, "an answer was doubled");
            let asking = matches!(tablet.interview.stage, Stage::Asking(_));
            let here = (asking && is_in) || tablet.interview.volunteer.parked.is_some();
            prop_assert_eq!(tablet.disk.is_some(), here, "the draft on the disk is another than the one here");
        }
        let everything = format!("{:?} {:?} {:?} {:?}", tablet.stored, tablet.errands, tablet.disk, tablet.unfinished);
        prop_assert!(!everything.contains(BED), "a bed left the screen");
    }
}
