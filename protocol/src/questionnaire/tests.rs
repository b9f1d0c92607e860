#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::contact::Comment;

mod shipped;

fn inpatient() -> Questionnaire {
    Questionnaire::inpatient().unwrap()
}

/// A small questionnaire with one question of every kind, English only.
fn small() -> Value {
    let text = |words: &str| json!({"en": words});
    let option = |id: &str| json!({"id": id, "text": {"en": id}, "score": "unscored"});
    let scored = |id: &str, milli: i32| json!({"id": id, "text": {"en": id}, "score": {"milli": milli}});
    let options = |ids: &[&str]| ids.iter().map(|id| option(id)).collect::<Vec<_>>();
    json!({
        "format": 1,
        "id": "small",
        "version": 3,
        "audience": "patients",
        "title": text("Small"),
        "languages": {"en": "approved"},
        "questions": [
            {"id": "nights", "kind": {"about": "nights"}, "text": text("Nights?"),
             "options": options(&["0", "1-2", "3-7", "8plus"])},
            {"id": "noise", "kind": {"domain": "noise"}, "text": text("Rest?"),
             "options": [scored("yes", 10_000), scored("no", 0), option("hard_to_say")],
             "not_applicable": text("I work at night"), "dont_know": text("I cannot say"),
             "only_if": {"question": "nights", "unless": ["0"]}},
            {"id": "overall", "kind": "friends_and_family", "text": text("Overall?"),
             "options": options(&FRIENDS_AND_FAMILY_OPTIONS)},
            {"id": "consultant", "kind": "attribution", "text": text("Know?"), "options": options(&["yes", "no"])},
            {"id": "good", "kind": "comment", "text": text("Good?")},
            {"id": "colour", "kind": "unscored", "text": text("Colour?"), "options": options(&["red", "blue"])},
            {"id": "help", "kind": "help", "text": text("Help?"), "options": options(&["yes", "no"])},
        ],
    })
}

fn question(id: &str) -> QuestionId {
    id.parse().unwrap()
}

fn option(id: &str) -> OptionId {
    id.parse().unwrap()
}

fn check(change: impl Fn(&mut Value), expected: &QuestionnaireError) {
    let mut file = small();
    change(&mut file);
    let read = Questionnaire::from_json(&serde_json::to_vec(&file).unwrap());
    assert_eq!(read.map(|_| ()).as_ref(), Err(expected));
}

#[test]
fn unreadable() {
    for json in [&b""[..], b"[]", b"\xff", b"{\"format\":1}"] {
        assert!(matches!(Questionnaire::from_json(json), Err(QuestionnaireError::Unreadable(_))));
    }
    let mut file = small();
    file["colour"] = json!("red");
    let json = serde_json::to_vec(&file).unwrap();
    assert!(matches!(Questionnaire::from_json(&json), Err(QuestionnaireError::Unreadable(_))));
}

#[test]
fn unknown_format() {
    check(|file| file["format"] = json!(2), &QuestionnaireError::UnknownFormat(2));
}

#[test]
fn version_zero() {
    check(|file| file["version"] = json!(0), &QuestionnaireError::VersionZero);
}

#[test]
fn no_english() {
    check(|file| file["languages"] = json!({"cy": "approved"}), &QuestionnaireError::NoEnglish);
}

#[test]
fn question_count() {
    check(|file| file["questions"] = json!([]), &QuestionnaireError::QuestionCount(0));
    let many = |file: &mut Value| file["questions"] = json!(vec![file["questions"][5].clone(); MAX_QUESTIONS + 1]);
    check(many, &QuestionnaireError::QuestionCount(MAX_QUESTIONS + 1));
}

#[test]
fn too_many_comments() {
    let many = |file: &mut Value| {
        file["questions"] = json!(
            (0..=MAX_COMMENTS)
                .map(|n| json!({"id": format!("c{n}"), "kind": "comment", "text": {"en": "Say"}}))
                .collect::<Vec<_>>()
        );
    };
    check(many, &QuestionnaireError::TooManyComments(MAX_COMMENTS + 1));
}

#[test]
fn question_twice() {
    check(
        |file| file["questions"][6]["id"] = json!("noise"),
        &QuestionnaireError::QuestionTwice(question("noise")),
    );
}

#[test]
fn option_twice() {
    check(
        |file| file["questions"][5]["options"][1]["id"] = json!("red"),
        &QuestionnaireError::OptionTwice(question("colour"), option("red")),
    );
}

#[test]
fn option_count() {
    let count = |id: &str, number| QuestionnaireError::OptionCount(question(id), number);
    check(|file| file["questions"][5]["options"] = json!([]), &count("colour", 0));
    check(
        |file| {
            file["questions"][5]["options"].as_array_mut().unwrap().pop();
        },
        &count("colour", 1),
    );
    let many = |file: &mut Value| {
        file["questions"][5]["options"] = json!(
            (0..=MAX_OPTIONS)
                .map(|n| json!({"id": format!("o{n}"), "text": {"en": "x"}, "score": "unscored"}))
                .collect::<Vec<_>>()
        );
    };
    check(many, &count("colour", MAX_OPTIONS + 1));
    let comment_with_options =
        |file: &mut Value| file["questions"][4]["options"] = file["questions"][5]["options"].clone();
    check(comment_with_options, &count("good", 2));
}

#[test]
fn fixed_options() {
    let fixed = |id: &str, expected: &[&'static str]| QuestionnaireError::FixedOptions {
        question: question(id),
        expected: expected.to_vec(),
    };
    let rename =
        |place: usize| move |file: &mut Value| file["questions"][place]["options"][1]["id"] = json!("maybe");
    check(rename(0), &fixed("nights", AboutFact::Nights.options()));
    check(rename(2), &fixed("overall", &FRIENDS_AND_FAMILY_OPTIONS));
    check(rename(3), &fixed("consultant", &YES_NO_OPTIONS));
    check(rename(6), &fixed("help", &YES_NO_OPTIONS));
    let reversed = |file: &mut Value| file["questions"][2]["options"].as_array_mut().unwrap().reverse();
    check(reversed, &fixed("overall", &FRIENDS_AND_FAMILY_OPTIONS));
}

#[test]
fn scores() {
    let none = |file: &mut Value| {
        for place in 0..3 {
            file["questions"][1]["options"][place]["score"] = json!("unscored");
        }
    };
    check(
        none,
        &QuestionnaireError::Scores(question("noise"), "it counts towards a domain but no option is scored"),
    );
    check(
        |file| file["questions"][5]["options"][0]["score"] = json!({"milli": 1}),
        &QuestionnaireError::Scores(question("colour"), "it counts towards no domain but an option is scored"),
    );
}

#[test]
fn kind_twice() {
    for place in [0, 2, 3, 6] {
        let again = |file: &mut Value| {
            let mut copy = file["questions"][place].clone();
            copy["id"] = json!("again");
            file["questions"].as_array_mut().unwrap().push(copy);
        };
        check(again, &QuestionnaireError::KindTwice(question("again")));
    }
}

#[test]
fn dangling_branch() {
    let dangling = |on: &str| QuestionnaireError::DanglingBranch(question("noise"), question(on));
    let depend =
        |on: &'static str| move |file: &mut Value| file["questions"][1]["only_if"]["question"] = json!(on);
    check(depend("nowhere"), &dangling("nowhere"));
    check(depend("overall"), &dangling("overall"));
    check(depend("noise"), &dangling("noise"));
}

#[test]
fn dangling_option() {
    check(
        |file| file["questions"][1]["only_if"]["unless"] = json!(["0", "17"]),
        &QuestionnaireError::DanglingOption(question("noise"), question("nights"), option("17")),
    );
}

#[test]
fn untranslated() {
    let untranslated = |place: &str, language: &str| QuestionnaireError::Untranslated {
        place: place.to_owned(),
        language: language.parse().unwrap(),
    };
    check(|file| file["title"] = json!({"en": " "}), &untranslated("the title", "en"));
    check(|file| file["languages"]["cy"] = json!("approved"), &untranslated("the title", "cy"));
    check(|file| file["questions"][4]["text"] = json!({}), &untranslated("question good", "en"));
    check(
        |file| file["questions"][5]["options"][1]["text"]["en"] = json!(""),
        &untranslated("option blue of question colour", "en"),
    );
    check(|file| file["questions"][1]["not_applicable"] = json!({}), &untranslated("question noise", "en"));
    check(|file| file["questions"][1]["dont_know"] = json!({}), &untranslated("question noise", "en"));
}

#[test]
fn unknown_language() {
    check(
        |file| file["questions"][4]["text"]["pl"] = json!("Dobre?"),
        &QuestionnaireError::UnknownLanguage {
            place: "question good".to_owned(),
            language: "pl".parse().unwrap(),
        },
    );
}

#[test]
fn answers_fit_their_questions() {
    let questionnaire = Questionnaire::from_json(&serde_json::to_vec(&small()).unwrap()).unwrap();
    let answers = |changes: &[(&str, Option<Answer>)]| {
        let mut answers: BTreeMap<_, _> =
            questionnaire.questions().iter().map(|question| (question.id.clone(), Answer::NotShown)).collect();
        for (id, answer) in changes {
            match answer {
                Some(answer) => answers.insert(question(id), answer.clone()),
                None => answers.remove(&question(id)),
            };
        }
        questionnaire.check_answers(&answers)
    };
    let said = || Answer::Said(Comment::new("Kind").unwrap());
    let chosen = |id: &str| Answer::Answered(option(id));
    let not_offered = |id: &str| Err(AnswerError::NotOffered(question(id)));
    assert_eq!(answers(&[]), Ok(()));
    assert_eq!(answers(&[("noise", Some(chosen("hard_to_say"))), ("good", Some(said()))]), Ok(()));
    assert_eq!(answers(&[("noise", Some(Answer::NotApplicable)), ("good", Some(Answer::Declined))]), Ok(()));
    assert_eq!(answers(&[("noise", Some(Answer::DontKnow))]), Ok(()));
    assert_eq!(answers(&[("colour", Some(Answer::DontKnow))]), not_offered("colour"));
    assert_eq!(answers(&[("colour", Some(Answer::NotApplicable))]), not_offered("colour"));
    assert_eq!(answers(&[("colour", Some(said()))]), not_offered("colour"));
    let unknown_option = AnswerError::UnknownOption(question("good"), option("red"));
    assert_eq!(answers(&[("good", Some(chosen("red")))]), Err(unknown_option));
    let unknown_option = AnswerError::UnknownOption(question("colour"), option("green"));
    assert_eq!(answers(&[("colour", Some(chosen("green")))]), Err(unknown_option));
    assert_eq!(answers(&[("colour", None)]), Err(AnswerError::Missing(question("colour"))));
    let unknown_question = AnswerError::UnknownQuestion(question("weather"));
    assert_eq!(answers(&[("weather", Some(Answer::Declined))]), Err(unknown_question));
}

#[test]
fn a_branch_follows_the_answers_so_far() {
    let questionnaire = inpatient();
    let noise = questionnaire.question(&question("noise")).unwrap();
    let check = |nights: Option<Answer>, expected| {
        let answers = nights.into_iter().map(|answer| (question("nights"), answer)).collect();
        assert_eq!(questionnaire.is_asked(noise, &answers), expected);
    };
    check(None, true);
    check(Some(Answer::Answered(option("0"))), false);
    check(Some(Answer::Answered(option("1-2"))), true);
    check(Some(Answer::Declined), true);
}

#[test]
fn a_questionnaire_is_named_with_or_without_its_version() {
    for text in ["inpatient", "inpatient@2"] {
        assert_eq!(text.parse::<QuestionnaireName>().unwrap().to_string(), text);
    }
    for text in ["", "in patient", "inpatient@", "inpatient@0", "@1"] {
        assert_eq!(text.parse::<QuestionnaireName>(), Err(QuestionnaireRefError(text.to_owned())));
    }
}

#[test]
fn a_reference_has_one_spelling() {
    let reference: QuestionnaireRef = "inpatient@12".parse().unwrap();
    assert_eq!((reference.id.as_str(), reference.version), ("inpatient", 12));
    for text in [
        "",
        "inpatient",
        "inpatient@",
        "@1",
        "inpatient@0",
        "inpatient@01",
        "inpatient@+1",
        "a b@1",
        "a@1@2",
        "inpatient@4294967296",
        "inpatient@-1",
        "inpatient@1 ",
    ] {
        assert_eq!(text.parse::<QuestionnaireRef>(), Err(QuestionnaireRefError(text.to_owned())));
    }
}

#[test]
fn the_hash_does_not_depend_on_white_space_and_does_on_words() {
    let compact = Questionnaire::from_json(&serde_json::to_vec(&small()).unwrap()).unwrap();
    let pretty = Questionnaire::from_json(&serde_json::to_vec_pretty(&small()).unwrap()).unwrap();
    assert_eq!(compact.hash(), pretty.hash());
    let mut changed = small();
    changed["questions"][0]["text"]["en"] = json!("Nights here?");
    let changed = Questionnaire::from_json(&serde_json::to_vec(&changed).unwrap()).unwrap();
    assert_ne!(changed.hash(), compact.hash());
}

proptest! {
    #[test]
    fn references_round_trip(id in crate::arbitrary::plain_id(), version in 1_u32..) {
        let reference = QuestionnaireRef { id: id.parse().unwrap(), version };
        prop_assert_eq!(reference.to_string().parse(), Ok(reference));
    }
}
