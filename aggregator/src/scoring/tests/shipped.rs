//! The definitions this project ships.

use super::*;

pub(super) fn definition(reference: &str, questionnaire: &Questionnaire) -> Definition {
    let mut all = Definition::shipped().unwrap().into_iter();
    all.find(|one| one.reference().to_string() == reference).unwrap().check(questionnaire).unwrap()
}

/// A version that was used never changes.
#[test]
fn shipped_definitions_are_what_they_were() {
    let questionnaires = Questionnaire::shipped().unwrap();
    let hashes: Vec<String> = Definition::shipped()
        .unwrap()
        .into_iter()
        .map(|unchecked| {
            let of = |questionnaire: &&Questionnaire| questionnaire.reference() == *unchecked.questionnaire();
            let questionnaire = questionnaires.iter().find(of).unwrap();
            let definition = unchecked.clone().check(questionnaire).unwrap();
            format!("{} {}", definition.reference(), definition.hash())
        })
        .collect();
    insta::assert_snapshot!(hashes.join("\n"));
}

/// Format 1 is read for ever and scores what it scored.
#[test]
fn the_first_format_scores_as_the_second() {
    let (first, second) = (definition("inpatient@1", &inpatient()), definition("inpatient@2", &inpatient()));
    assert_eq!(first.scheme().rules, second.scheme().rules);
    assert_eq!(first.scheme().nodes, second.scheme().nodes);
    assert_eq!(first.file().audiences, second.file().audiences);
    assert!(first.file().case_mix.is_none() && second.file().case_mix.is_some());
}

#[test]
fn questionnaires_without_a_score_have_a_sheet_all_the_same() {
    let world = demo_data::tests::scoring_world();
    let listening = Questionnaire::listening_into_action().unwrap();
    let answers: BTreeMap<_, _> =
        listening.questions().iter().map(|question| (question.id.clone(), Answer::Declined)).collect();
    let open = Contact {
        questionnaire: listening.reference(),
        response: Some(Response { answers, minutes: None }),
        ..contact(&[])
    };
    let facts = facts(&world, [open, contact(&[("respect", option("always"))])]);
    let of = |definition: &str| {
        let ask = Ask {
            period: world.calendar().period(PERIOD).unwrap(),
            unit: "ward:W12".parse().unwrap(),
            cut: Cut::default(),
            definition: Some(definition_ref(definition).unwrap()),
        };
        score_asked(&facts, &world, &ask, TODAY).unwrap()
    };
    let sheet = of("listening-into-action@1");
    assert_eq!((sheet.responses, sheet.responses_elsewhere, sheet.domains.len()), (1, 1, 0));
    assert_eq!(sheet.overall.why.as_deref(), Some("the definition has no overall score"));
    // Staff and patients are never counted together.
    let staff = of("staff-engagement@1");
    assert_eq!((staff.responses, staff.responses_elsewhere, staff.contacts[&Outcome::Completed]), (0, 0, 0));
    assert_eq!(of("inpatient@3").responses_elsewhere, 1);
}
