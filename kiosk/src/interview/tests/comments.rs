//! What is written into a comment, and what becomes of it.

use wardvoice_protocol::limits::MAX_COMMENT_CHARACTERS;

use super::*;

#[test]
fn a_full_comment_takes_nothing_more_and_loses_nothing() {
    let mut patient = Patient::agrees();
    patient.goes_to("good");
    let draft = |patient: &Patient| match patient.screen() {
        Screen::Comment(comment) => comment.draft,
        screen => panic!("{screen:?}"),
    };
    let full = "x".repeat(MAX_COMMENT_CHARACTERS - 3) + "end";
    patient.touches(Action::Write(full.clone() + " and more"));
    assert_eq!(draft(&patient), full, "what is too long at once is cut");
    patient.touches(Action::Write(format!("y{full}")));
    assert_eq!(draft(&patient), full, "a letter too many takes nothing away");
    patient.touches(Action::Write("shorter".to_owned()));
    assert_eq!(draft(&patient), "shorter");
}

#[test]
fn what_was_written_before_a_slip_to_skip_is_there_on_going_back_and_stored_only_by_going_on() {
    let written = |patient: &Patient| match patient.screen() {
        Screen::Comment(comment) => comment.draft,
        screen => panic!("{screen:?}"),
    };
    let good: QuestionId = "good".parse().unwrap();
    for (again, stored) in [(Action::Next, true), (Action::Skip, false), (Action::Back, false)] {
        let mut patient = Patient::agrees();
        patient.goes_to("good");
        patient.touches(Action::Write("Everybody is kind.".to_owned()));
        patient.touches(Action::Skip);
        patient.touches(Action::Back);
        assert_eq!(written(&patient), "Everybody is kind.");
        patient.touches(again.clone());
        patient.touches(Action::Stop);
        patient.touches(Action::StopNow);
        let contacts = patient.contacts();
        let answer = contacts.first().unwrap().response.as_ref().unwrap().answers.get(&good);
        assert_eq!(matches!(answer, Some(Answer::Said(_))), stored, "{again:?}: {answer:?}");
        assert!(stored || answer == Some(&Answer::Declined), "{again:?}: {answer:?}");
    }
    let mut patient = Patient::agrees();
    patient.goes_to("good");
    patient.touches(Action::Write("No, nothing.".to_owned()));
    patient.touches(Action::Skip);
    patient.touches(Action::Back);
    patient.touches(Action::Write(String::new()));
    patient.touches(Action::Next);
    patient.touches(Action::Back);
    assert_eq!(written(&patient), "", "what was deleted does not come back");
}
