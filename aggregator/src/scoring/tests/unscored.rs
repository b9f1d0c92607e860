//! What people answered to a version of the questionnaire that no definition scores.

use wardvoice_protocol::questionnaire::QuestionFile;

use super::*;

#[test]
fn how_many_gave_each_answer_is_counted_and_nothing_is_made_of_it() {
    let world = world();
    let mut contacts = Vec::new();
    for (answer, many) in [("always", 7), ("sometimes", 2)] {
        for _ in 0..many {
            let mut contact = contact(&[("kindness", option(answer)), ("pain", Answer::NotApplicable)]);
            contact.questionnaire.version = 2;
            contacts.push(contact);
        }
    }
    // Those who answered the scored version are not among them, and neither are other wards'.
    contacts.push(contact(&[("kindness", option("always"))]));
    let mut elsewhere = contacts.first().unwrap().clone();
    elsewhere.ward = "W13".parse().unwrap();
    contacts.push(elsewhere);
    let facts = facts(&world, contacts);
    let mut other = inpatient().file().clone();
    other.version = 2;
    let other = Questionnaire::try_from(other).unwrap();
    let index = world.vocabulary().questionnaire_index(&other.reference()).unwrap();
    let period = world.calendar().period(PERIOD).unwrap();
    let of = |unit: &str| answers(&facts, &world, (index, &other), &unit.parse().unwrap(), &period);
    let sheet = of("ward:W12");
    assert_eq!((sheet.responses, of("trust:DEMO").responses, of("ward:W01").responses), (9, 10, 0));
    let find = |id: &str| sheet.questions.iter().find(|question| question.id.as_str() == id).unwrap();
    let kindness = find("kindness");
    let counts: Vec<(&str, u64)> =
        kindness.distribution.iter().map(|option| (option.option.as_str(), option.count)).collect();
    assert!(counts.contains(&("always", 7)) && counts.contains(&("sometimes", 2)), "{counts:?}");
    assert_eq!((kindness.figure.value, kindness.figure.n), (None, 9), "a count is no score");
    assert_eq!(find("pain").not_applicable, 9);
    // Nobody can be recognised by what they are.
    for kind in ["age", "sex"] {
        assert!(!sheet.questions.iter().any(|question| question.id.as_str() == kind), "{kind}");
    }
    let choices = |question: &QuestionFile| {
        matches!(question.kind, KindFile::Domain(_) | KindFile::FriendsAndFamily | KindFile::Unscored)
    };
    assert_eq!(sheet.questions.len(), other.questions().iter().filter(|question| choices(question)).count());
}
