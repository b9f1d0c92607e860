//! Another questionnaire comes while somebody answers.

use wardvoice_protocol::questionnaire::QuestionnaireFile;

use super::super::volunteer::VolunteerTouch;
use super::*;

fn second() -> Arc<Setting> {
    let file = Questionnaire::friends_and_family().unwrap().file().clone();
    let questionnaire = Questionnaire::try_from(QuestionnaireFile { version: 2, ..file }).unwrap();
    let assignment = Assignment { questionnaire: questionnaire.reference(), ..assignment(0) };
    Arc::new(Setting::new(&assignment, Arc::new(questionnaire), |_| true).unwrap())
}

#[test]
fn nothing_is_asked_before_the_questionnaire_has_come() {
    let mut patient = Patient::arrives();
    patient.interview.wait_for_questions();
    let waits = Screen::Staff(Trouble::Waiting);
    assert_eq!((patient.screen(), patient.interview.asks()), (waits.clone(), None));
    for action in [Action::Start, Action::Dismiss, Action::Agree, Action::Volunteer(VolunteerTouch::Knock)] {
        patient.touches(action);
        assert_eq!(patient.screen(), waits);
    }
    for storing in [Storing::Refusing, Storing::Ready] {
        patient.meets(Happening::Storing(storing));
        assert_eq!(patient.screen(), waits);
    }
    patient.waits(DIM_MS);
    let second = second();
    let hash = second.questionnaire().hash();
    let effects =
        patient.interview.apply(Event { now_ms: patient.now_ms, happening: Happening::Assigned(second) });
    assert!(effects.contains(&Effect::Asks(hash)), "{effects:?}");
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
    assert!(patient.stored.is_empty());
}

#[test]
fn whoever_answers_when_an_update_comes_finishes_with_the_old_questionnaire() {
    let mut patient = Patient::agrees();
    let (old, second) = (patient.interview.asks(), second());
    let hash = second.questionnaire().hash();
    patient.goes_to("respect");
    let effects =
        patient.interview.apply(Event { now_ms: patient.now_ms, happening: Happening::Assigned(second) });
    assert_eq!((effects, patient.interview.asks()), (Vec::new(), old), "nothing moves under a finger");
    patient.goes_to("dignity");
    patient.touches(Action::Stop);
    patient.touches(Action::StopNow);
    assert_eq!(patient.contacts().first().unwrap().questionnaire.to_string(), "inpatient@1");
    patient.stores(Ok(None));
    patient.waits(THANKS_MS);
    assert_eq!(patient.interview.asks(), old, "it is not over yet");
    let effects =
        patient.interview.apply(Event { now_ms: patient.now_ms, happening: Happening::Touch(Action::Wiped) });
    assert!(effects.contains(&Effect::Asks(hash)), "{effects:?}");

    patient.touches(Action::Start);
    patient.touches(Action::ChooseLanguage(language("en")));
    patient.touches(Action::Decline);
    assert_eq!(patient.contacts().last().unwrap().questionnaire.to_string(), "friends-and-family@2");
}
