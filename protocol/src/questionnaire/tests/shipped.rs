//! What the shipped questionnaires say, in every language.

use super::*;

/// The wording is the project's own; a change of it is a new version.
#[test]
fn the_inpatient_questionnaire_says_what_was_agreed() {
    let questionnaire = inpatient();
    let english: Vec<_> = questionnaire
        .questions()
        .iter()
        .map(|question| (question.id.as_str(), question.text[&Language::english()].as_str()))
        .collect();
    assert_eq!(
        english,
        [
            ("consistency", "Have the people looking after you given you the same information as each other?"),
            ("coordination", "Has someone explained what happens next in your care?"),
            ("respect", "Have you been treated with respect?"),
            ("dignity", "Have you had enough privacy?"),
            ("involvement", "Have you been as involved as you wanted in decisions about your care?"),
            ("doctors", "Have doctors answered your questions in a way you could understand?"),
            ("consultant", "Do you know which consultant is in charge of your care?"),
            ("nurses", "Have nurses come when you needed them?"),
            ("cleanliness", "Has the ward been clean?"),
            ("pain", "Have staff done enough to help with any pain?"),
            ("medicines", "Have staff explained what your medicines are for?"),
            ("nights", "How many nights have you been here so far?"),
            ("noise", "Have you been able to rest at night?"),
            ("kindness", "Have staff been kind to you?"),
            ("friends_and_family", "Overall, how was your experience of our service?"),
            ("good", "What was good?"),
            ("better", "What could be better?"),
            ("age", "How old are you?"),
            ("sex", "Are you …"),
            ("admission", "Was your stay planned, or was it an emergency?"),
            ("help", "Is there anything you need someone to help you with now?"),
        ]
    );
    let options = |id: &str| -> Vec<String> {
        let question = questionnaire.question(&question(id)).unwrap();
        question.options.iter().map(|option| option.text[&Language::english()].clone()).collect()
    };
    assert_eq!(
        options("friends_and_family"),
        ["Very good", "Good", "Neither good nor poor", "Poor", "Very poor", "Don't know"]
    );
    for question in questionnaire.questions() {
        if let KindFile::Domain(_) = question.kind {
            let scores: Vec<_> = question.options.iter().map(|option| option.score).collect();
            assert_eq!(scores, [OptionScore::Milli(10_000), OptionScore::Milli(5000), OptionScore::Milli(0)]);
        }
    }
    let may_not_apply: Vec<_> =
        questionnaire.questions().iter().filter(|q| q.not_applicable.is_some()).map(|q| q.id.as_str()).collect();
    assert_eq!(may_not_apply, ["pain", "medicines"]);
    assert_eq!(questionnaire.reference().to_string(), "inpatient@1");
    assert_eq!(
        questionnaire.hash().to_string(),
        "f2690471fac0d2b68feda71240881df6e905a8e3a964b0216232fad2e69040ee",
        "a version that has been used never changes: write a new version instead"
    );
}

#[test]
fn the_friends_and_family_test_asks_as_the_inpatient_questionnaire_does() {
    let (alone, ours) = (Questionnaire::friends_and_family().unwrap(), inpatient());
    for question in alone.questions() {
        let ours = ours.question(&question.id).unwrap();
        assert_eq!((&question.kind, &question.text), (&ours.kind, &ours.text));
        let words = |question: &QuestionFile| -> Vec<_> {
            question.options.iter().map(|option| (option.id.clone(), option.text.clone())).collect()
        };
        assert_eq!(words(question), words(ours));
    }
    assert_eq!(alone.questions().len(), 3);
    assert_eq!(
        (alone.reference().to_string().as_str(), alone.hash().to_string().as_str()),
        ("friends-and-family@1", "0b6b754b968dd65e0884a6c1efad664abe60c462b3e2944306632f7438122dde"),
        "a version that has been used never changes: write a new version instead"
    );
}

#[test]
fn listening_into_action_asks_three_open_questions_and_scores_nothing() {
    let questionnaire = Questionnaire::listening_into_action().unwrap();
    let english: Vec<_> =
        questionnaire.questions().iter().map(|question| question.text[&Language::english()].as_str()).collect();
    assert_eq!(english, ["What is good here?", "What is less good here?", "What should change?"]);
    assert!(questionnaire.questions().iter().all(|question| question.kind == KindFile::Comment));
    assert_eq!(
        (questionnaire.reference().to_string().as_str(), questionnaire.hash().to_string().as_str()),
        ("listening-into-action@1", "9e7276b16becb67dcad78914f130779c00144eebaeff6bdebb93cef266009b80"),
        "a version that has been used never changes: write a new version instead"
    );
}

#[test]
fn staff_engagement_is_for_staff_alone() {
    let questionnaire = Questionnaire::staff_engagement().unwrap();
    assert_eq!(questionnaire.file().audience, crate::assignment::KioskAudience::Staff);
    let domains: Vec<_> = questionnaire.questions().iter().map(|question| question.kind.clone()).collect();
    let of = |id: &str| vec![KindFile::Domain(id.parse().unwrap()); 3];
    assert_eq!(domains, [of("motivation"), of("involvement"), of("advocacy")].concat());
    for question in questionnaire.questions() {
        let scores: Vec<_> = question.options.iter().map(|option| option.score).collect();
        assert_eq!(scores, [1000, 2000, 3000, 4000, 5000].map(OptionScore::Milli));
    }
    assert_eq!(
        (questionnaire.reference().to_string().as_str(), questionnaire.hash().to_string().as_str()),
        ("staff-engagement@1", "a7aebf667134670b2e91a81c8e392362fdff59b0d085ce143d0d77d1459ece36"),
        "a version that has been used never changes: write a new version instead"
    );
}

/// What each translated questionnaire offers, in the order in which people choose; a translation that somebody has checked is named
/// here with the change.
#[test]
fn english_is_approved_and_every_translation_waits_for_a_person() {
    const TRANSLATIONS: [&str; 12] =
        ["en-simple", "cy", "pl", "ro", "pa", "ur", "pt", "es", "ar", "bn", "gu", "it"];
    for questionnaire in translated() {
        let expected = std::iter::once((Language::english(), Approval::Approved))
            .chain(TRANSLATIONS.map(|tag| (tag.parse().unwrap(), Approval::MachineTranslation)))
            .collect();
        assert_eq!(questionnaire.file().languages, expected);
    }
}

/// The two that patients and staff are seldom asked are offered in English until somebody translates them.
#[test]
fn the_others_are_in_approved_english_alone() {
    let others = [Questionnaire::listening_into_action().unwrap(), Questionnaire::staff_engagement().unwrap()];
    for questionnaire in others {
        assert_eq!(questionnaire.file().languages, BTreeMap::from([(Language::english(), Approval::Approved)]));
    }
}

/// The programme fixes the wording; easy-read English may not put it in other words.
#[test]
fn the_friends_and_family_test_is_verbatim_in_easy_read_english() {
    let simple = Language::new("en-simple").unwrap();
    for questionnaire in translated() {
        let question = questionnaire.question(&question("friends_and_family")).unwrap();
        for text in std::iter::once(&question.text).chain(question.options.iter().map(|option| &option.text)) {
            assert_eq!(text[&simple], text[&Language::english()]);
        }
    }
}

/// Two answers that read the same could not be told apart; a text with a space at its end or a line break in it was not meant.
#[test]
fn every_answer_of_a_question_reads_differently_in_every_language() {
    for questionnaire in shipped() {
        for language in questionnaire.file().languages.keys() {
            for question in questionnaire.questions() {
                let texts = question.options.iter().map(|option| &option.text);
                let texts: Vec<_> = texts
                    .chain(&question.not_applicable)
                    .chain(&question.dont_know)
                    .map(|text| text[language].as_str())
                    .collect();
                assert_eq!(find_duplicate(texts.iter()), None, "{language}: {}", question.id);
                for text in texts.into_iter().chain([question.text[language].as_str()]) {
                    assert!(text.trim() == text && !text.chars().any(char::is_control), "{language}: {text:?}");
                }
            }
        }
    }
}

/// A number is the same in every language, so that "16 to 35" cannot become another group by a slip.
#[test]
fn every_translation_has_the_numbers_of_the_english() {
    fn numbers(text: &str) -> Vec<&str> {
        text.split(|character: char| !character.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect()
    }
    for questionnaire in shipped() {
        for question in questionnaire.questions() {
            for text in std::iter::once(&question.text).chain(question.options.iter().map(|option| &option.text)) {
                for (language, words) in text {
                    assert_eq!(numbers(words), numbers(&text[&Language::english()]), "{language}: {words}");
                }
            }
        }
    }
}

/// Questionnaires are to travel to kiosks as messages one day, with room for a signature around them.
#[test]
fn a_shipped_questionnaire_fits_into_a_message() {
    for questionnaire in shipped() {
        let bytes = serde_json::to_vec(questionnaire.file()).unwrap().len();
        assert!(bytes < crate::limits::MAX_MESSAGE_BYTES / 4, "{} has {bytes} bytes", questionnaire.reference());
    }
}

fn shipped() -> Vec<Questionnaire> {
    Questionnaire::shipped().unwrap()
}

fn translated() -> [Questionnaire; 2] {
    [inpatient(), Questionnaire::friends_and_family().unwrap()]
}
