//! A licensee's index, loaded as two files and no code: scales within scales, reversed items, norms. Everything here is made up.

use wardvoice_protocol::questionnaire::QuestionnaireFile;

use super::*;

/// Two meta-scales of two and one sub-scales, nine items, of which every third is reversed.
fn index() -> (Questionnaire, Definition) {
    let options = ["never", "seldom", "sometimes", "often", "always"];
    let worth = |place: usize| serde_json::json!({"milli": 1000 * (place + 1)});
    let scale_of = |item: usize| ["working_alone", "working_together", "direction"][item / 3];
    let questions: Vec<_> = (0..9)
        .map(|item| {
            let option = |(place, id): (usize, &&str)| serde_json::json!({"id": id, "text": {"en": id}, "score": worth(place)});
            let options: Vec<_> = options.iter().enumerate().map(option).collect();
            serde_json::json!({"id": format!("item_{item}"), "kind": {"domain": scale_of(item)}, "text": {"en": format!("Item {item}")}, "options": options})
        })
        .collect();
    let questionnaire: QuestionnaireFile = serde_json::from_value(serde_json::json!({
        "format": 1, "id": "made-up-index", "version": 1, "audience": "staff", "title": {"en": "A made-up index"},
        "languages": {"en": "approved"}, "questions": questions
    }))
    .unwrap();
    let questionnaire = Questionnaire::try_from(questionnaire).unwrap();
    let rule = |item: usize| {
        let options: Vec<_> = options
            .iter()
            .enumerate()
            .map(|(place, id)| serde_json::json!({"id": id, "score": worth(place)}))
            .collect();
        serde_json::json!({"id": format!("item_{item}"), "not_applicable": "missing", "reversed": item % 3 == 2, "options": options})
    };
    let scale = |place: usize| {
        let rules: Vec<_> = (3 * place..3 * place + 3).map(rule).collect();
        serde_json::json!({"id": scale_of(3 * place), "label": scale_of(3 * place), "minimum_answered": 2, "questions": rules})
    };
    let file = serde_json::json!({
        "format": 2, "id": "made-up-index", "version": 1, "title": "A made-up index",
        "questionnaire": {"id": "made-up-index", "version": 1}, "order": "per_person",
        "option_values": "as_the_questionnaire", "scale": {"lowest_milli": 1000, "highest_milli": 5000},
        "reported": {"lowest_milli": 0, "highest_milli": 100_000},
        "minimum_people": {"question": 1, "scale": 1, "overall": 1},
        "overall": {"label": "Index", "minimum_answered": 2,
            "norm": {"mean_milli": 58_000, "sd_milli": 12_000, "source": "made up for a test"}},
        "scales": [
            {"id": "working", "label": "Working", "scales": [scale(0), scale(1)]},
            {"id": "leading", "label": "Leading", "norm": {"mean_milli": 50_000, "sd_milli": 10_000, "source": "made up"},
             "scales": [scale(2)]}
        ],
        "audiences": []
    });
    let definition = Definition::from_json(file.to_string().as_bytes(), &questionnaire).unwrap();
    (questionnaire, definition)
}

fn world_of(questionnaire: &Questionnaire, definition: Definition) -> ScoringWorld {
    let directory = Directory::try_from(demo_data::directory(1)).unwrap();
    let calendar = Calendar::new(Date::constant(2026, 1, 5)).unwrap();
    let vocabulary = Arc::new(Vocabulary::new(&directory, std::slice::from_ref(questionnaire)).unwrap());
    ScoringWorld::new(directory, calendar, vocabulary, definition, 7).unwrap()
}

/// A person's answers, 1 to 5 or none per item.
fn person(questionnaire: &Questionnaire, answers: &[Option<usize>]) -> Contact {
    let answer = |(question, chosen): (&wardvoice_protocol::questionnaire::QuestionFile, &Option<usize>)| {
        let answer =
            chosen.map_or(Answer::Declined, |chosen| Answer::Answered(question.options[chosen - 1].id.clone()));
        (question.id.clone(), answer)
    };
    let answers: BTreeMap<_, _> = questionnaire.questions().iter().zip(answers).map(answer).collect();
    Contact {
        questionnaire: questionnaire.reference(),
        response: Some(Response { answers, minutes: None }),
        ..contact(&[])
    }
}

#[test]
fn scales_within_scales_reversed_items_and_norms() {
    let (questionnaire, definition) = index();
    let world = world_of(&questionnaire, definition);
    // Items 2, 5 and 8 are reversed: 1 counts as 5.
    let people = [
        person(&questionnaire, &[4, 4, 2, 5, 5, 1, 3, 3, 3].map(Some)),
        person(&questionnaire, &[Some(2), None, None, Some(3), Some(4), None, Some(1), Some(2), Some(4)]),
    ];
    let sheet = sheet(&world, &facts(&world, people), "ward:W12");
    // First: (4 + 5) / 2 = 4.5 and 3, so 3.75. Second: its first sub-scale has one answer of the two needed; 3.5 and 5/3.
    let working = &sheet.domains[0];
    let reported = |points: f64| (points - 1.0) * 25.0;
    let near = |found: &Figure, points: f64, n: u64| {
        assert_eq!(found.n, n);
        assert!((found.value.unwrap() - reported(points)).abs() < 1e-9, "{found:?} {}", reported(points));
    };
    near(&working.parts[0].figure, 4.0, 1);
    near(&working.parts[1].figure, f64::midpoint(5.0, 3.5), 2);
    near(&working.figure, f64::midpoint(4.5, 3.5), 2);
    near(&sheet.domains[1].figure, f64::midpoint(3.0, 5.0 / 3.0), 2);
    near(&sheet.overall, f64::midpoint(3.75, f64::midpoint(3.5, 5.0 / 3.0)), 2);
    assert_eq!(
        working.parts[0].questions[2].distribution.iter().map(|option| option.count).collect::<Vec<_>>(),
        [0, 1, 0, 0, 0]
    );
    near(&working.parts[0].questions[2].figure, 4.0, 1);
    let norm = sheet.norm.unwrap();
    assert_eq!((norm.mean, norm.sd, norm.source.as_str()), (58.0, 12.0, "made up for a test"));
    assert!((norm.difference.unwrap() - (sheet.overall.value.unwrap() - 58.0)).abs() < 1e-12);
    assert!((norm.in_sds.unwrap() - norm.difference.unwrap() / 12.0).abs() < 1e-12);
    assert_eq!((sheet.scale.lowest, sheet.scale.highest), (0.0, 100.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Slow and obvious: each person by recursion, then the mean and t interval of the people.
    #[test]
    fn person_by_person_agrees_with_doing_it_by_hand(
        people in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.7, 1..=5_usize), 9), 0..25),
    ) {
        let (questionnaire, definition) = index();
        let world = world_of(&questionnaire, definition);
        let facts = facts(&world, people.iter().map(|answers| person(&questionnaire, answers)));
        let sheet = sheet(&world, &facts, "ward:W12");
        let mean = |values: Vec<Option<f64>>, least: usize| {
            let given: Vec<f64> = values.into_iter().flatten().collect();
            (given.len() >= least.max(1)).then(|| given.iter().sum::<f64>() / given.len() as f64)
        };
        let overall = |answers: &Vec<Option<usize>>| {
            let item = |item: usize| answers[item].map(|chosen| if item % 3 == 2 { 6.0 - chosen as f64 } else { chosen as f64 });
            let sub = |place: usize| mean((3 * place..3 * place + 3).map(item).collect(), 2);
            mean(vec![mean(vec![sub(0), sub(1)], 1), mean(vec![sub(2)], 1)], 2)
        };
        let values: Vec<f64> = people.iter().filter_map(overall).map(|points| (points - 1.0) * 25.0).collect();
        let slow = crate::statistics::mean_interval(&values, 0.95);
        prop_assert_eq!(sheet.overall.n, values.len() as u64);
        prop_assert_eq!(sheet.overall.value.is_some(), slow.is_some());
        if let Some(slow) = slow {
            prop_assert!((sheet.overall.value.unwrap() - slow.mean).abs() < 1e-9);
            if let (Some(lower), Some((low, _))) = (sheet.overall.lower, slow.interval) {
                prop_assert!((lower - low.clamp(0.0, 100.0)).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn what_cannot_be_averaged_without_rounding_is_refused() {
    let (questionnaire, definition) = index();
    let mut file = definition.file().clone();
    for level in 0..16 {
        let inner = std::mem::take(&mut file.scales);
        let filler = |place: usize| ScalePartFile {
            id: format!("level_{level}_{place}").parse().unwrap(),
            label: "filler".to_owned(),
            minimum_answered: 1,
            norm: None,
            questions: Vec::new(),
            scales: Vec::new(),
        };
        let mut all = filler(0);
        all.scales = inner;
        file.scales = vec![all];
    }
    file.overall.as_mut().unwrap().minimum_answered = 1;
    assert!(Definition::new(file.clone(), &questionnaire).is_ok(), "one inside the other needs no rounding");
    file.scales[0].scales.clear();
    let error = Definition::new(file, &questionnaire).unwrap_err().to_string();
    assert_eq!(error, "read the scoring definition: scale level_15_0 has neither questions nor scales");
}
