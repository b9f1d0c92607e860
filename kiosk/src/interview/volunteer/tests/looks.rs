//! How large the text is behind the door, and whose choice that is.

use super::super::super::comfort::{Contrast, TextSize};
use super::super::super::view::View;
use super::*;

fn shown(tablet: &Tablet) -> View {
    tablet.interview.view(tablet.now_ms)
}

fn size(tablet: &Tablet) -> TextSize {
    shown(tablet).comfort.text_size
}

#[test]
fn text_behind_the_door_is_as_large_as_the_volunteer_wants_it_and_a_patients_as_the_patient() {
    let mut tablet = Tablet::new(4);
    tablet.touches(Action::TextSize);
    assert_eq!(size(&tablet), TextSize::Larger);
    tablet.does([VolunteerTouch::Knock]);
    assert_eq!(size(&tablet), TextSize::Larger, "what was set at rest comes to the door");
    tablet.types(PIN);
    tablet.touches(Action::TextSize);
    tablet.touches(Action::Contrast);
    assert_eq!((size(&tablet), shown(&tablet).comfort.contrast), (TextSize::Largest, Contrast::Strong));
    tablet.does([VolunteerTouch::Ward(0), VolunteerTouch::Begin]);
    tablet.asks(Mode::Interview, 4);
    assert_eq!((size(&tablet), shown(&tablet).comfort.contrast), (TextSize::Large, Contrast::Light));
    tablet.touches(Action::TextSize);
    assert_eq!(size(&tablet), TextSize::Larger);
    tablet.does([VolunteerTouch::Pause]);
    assert_eq!(size(&tablet), TextSize::Largest, "the volunteer's again");
    tablet.touches(Action::TextSize);
    assert_eq!(size(&tablet), TextSize::Normal);
    tablet.does([VolunteerTouch::CarryOn]);
    assert_eq!(size(&tablet), TextSize::Larger, "and the patient's is what it was");
    tablet.does([VolunteerTouch::Pause, VolunteerTouch::Lock]);
    assert_eq!(size(&tablet), TextSize::Large, "nothing of either at rest");
    tablet.enters(PIN);
    assert_eq!(size(&tablet), TextSize::Large, "nor for whoever comes in next");
}

/// Three minutes without a touch, and the patient who holds the tablet reads no English.
#[test]
fn a_page_that_a_patient_holds_is_in_the_patients_language_and_size() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.does([VolunteerTouch::Start, VolunteerTouch::Mode(Mode::Alone), VolunteerTouch::Team(4)]);
    tablet.touches(Action::ChooseLanguage("cy".parse().unwrap()));
    tablet.touches(Action::Agree);
    tablet.touches(Action::TextSize);
    tablet.waits(PAUSE_MS + 1_000);
    assert_eq!(tablet.page(), Page::Paused { handed_over: true });
    assert_eq!((shown(&tablet).language.as_str(), size(&tablet)), ("cy", TextSize::Larger));
    tablet.touches(Action::TextSize);
    assert_eq!(size(&tablet), TextSize::Largest);
    tablet.does([VolunteerTouch::Knock]);
    assert_eq!((shown(&tablet).language.as_str(), size(&tablet)), ("en", TextSize::Large), "the door is staff's");
}
