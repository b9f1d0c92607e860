#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use proptest::prelude::*;
use wardvoice_protocol::contact::{Answer, Attribution, AttributionSource, Contact, Mode, Outcome, Response};
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::{Calendar, DayNumber, Period};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};

use super::*;
use crate::demo_data;
use crate::facts::{Facts, Vocabulary, fact_of};

mod case_mix;
mod consultants;
mod cuts;
mod effects;
mod made_up_index;
mod series;
mod shipped;
mod signals;
mod specification;
mod unscored;
mod ways;

const TODAY: Date = Date::constant(2026, 11, 23);
/// The fortnight of 9 to 22 November 2026.
const PERIOD: &str = "2026-F23";

fn inpatient() -> Questionnaire {
    Questionnaire::inpatient().unwrap()
}

/// A world of the generated trust with a definition changed to taste.
fn world_with(change: impl FnOnce(&mut DefinitionFile)) -> ScoringWorld {
    let directory = Directory::try_from(demo_data::directory(1)).unwrap();
    let calendar = Calendar::new(Date::constant(2026, 1, 5)).unwrap();
    let mut other = inpatient().file().clone();
    other.version = 2;
    let questionnaires = [inpatient(), Questionnaire::try_from(other).unwrap()];
    let vocabulary = Arc::new(Vocabulary::new(&directory, &questionnaires).unwrap());
    let mut file = Definition::inpatient(&inpatient()).unwrap().file().clone();
    change(&mut file);
    let definition = Definition::new(file, &inpatient()).unwrap();
    ScoringWorld::new(directory, calendar, vocabulary, definition, FINAL_AFTER_DAYS).unwrap()
}

fn world() -> ScoringWorld {
    world_with(|_| ())
}

/// A completed contact on W12 whose answers are given by question; everything else is declined.
fn contact(answers: &[(&str, Answer)]) -> Contact {
    let given: BTreeMap<&str, &Answer> = answers.iter().map(|(id, answer)| (*id, answer)).collect();
    let questionnaire = inpatient();
    let all = questionnaire.questions().iter().map(|question| {
        let answer = given.get(question.id.as_str()).map_or(Answer::Declined, |answer| (*answer).clone());
        (question.id.clone(), answer)
    });
    let answers: BTreeMap<_, _> = all.collect();
    questionnaire.check_answers(&answers).unwrap();
    Contact {
        ward: "W12".parse().unwrap(),
        questionnaire: questionnaire.reference(),
        outcome: Outcome::Completed,
        mode: Mode::Alone,
        language: Language::english(),
        attribution: None,
        response: Some(Response { answers, minutes: None }),
    }
}

fn approached(outcome: Outcome) -> Contact {
    Contact { outcome, response: None, ..contact(&[]) }
}

fn option(id: &str) -> Answer {
    Answer::Answered(id.parse().unwrap())
}

fn day(text: &str) -> DayNumber {
    text.parse::<Date>().unwrap().into()
}

fn facts(world: &ScoringWorld, contacts: impl IntoIterator<Item = Contact>) -> Facts {
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    let on = day("2026-11-10");
    for contact in contacts {
        facts.insert(fact_of(&contact, on, on, world.vocabulary()).unwrap());
    }
    facts
}

fn sheet(world: &ScoringWorld, facts: &Facts, unit: &str) -> ScoreSheet {
    let period = world.calendar().period(PERIOD).unwrap();
    score(facts, world, &period, &unit.parse().unwrap(), TODAY).unwrap()
}

fn question<'a>(sheet: &'a ScoreSheet, id: &str) -> &'a QuestionSheet {
    let mut questions = sheet.domains.iter().flat_map(|domain| &domain.questions);
    questions.find(|question| question.id.as_str() == id).unwrap()
}

/// Vectors T-02 and T-03: definitely 60, some 25, no 10, not applicable 5, under both policies.
#[test]
fn t02_t03_not_applicable_is_missing_or_no_problem() {
    let pain = |answer: Answer, count| vec![contact(&[("pain", answer)]); count];
    let contacts = [
        pain(option("completely"), 60),
        pain(option("partly"), 25),
        pain(option("no"), 10),
        pain(Answer::NotApplicable, 5),
    ]
    .concat();
    let check = |policy: NotApplicablePolicy, value: f64, n: u64, problem: f64| {
        let world = world_with(|file| {
            let rules = file.scales.iter_mut().flat_map(|scale| &mut scale.questions);
            rules.filter(|rule| rule.id.as_str() == "pain").for_each(|rule| rule.not_applicable = policy);
        });
        let sheet = sheet(&world, &facts(&world, contacts.clone()), "ward:W12");
        let pain = question(&sheet, "pain");
        assert!((pain.figure.value.unwrap() - value).abs() < 0.00005, "{:?}", pain.figure);
        assert_eq!((pain.figure.n, pain.not_applicable), (n, 5));
        let problems = pain.distribution[1].count + pain.distribution[2].count;
        assert!((problems as f64 * 100.0 / pain.figure.n as f64 - problem).abs() < 0.005);
        sheet.definition.hash
    };
    let missing = check(NotApplicablePolicy::Missing, 7.6316, 95, 36.84);
    let no_problem = check(NotApplicablePolicy::NoProblem, 7.75, 100, 35.0);
    assert_ne!(missing, no_problem, "another policy is another definition");
}

/// Vector T-01 through the whole sheet, and that missing is never zero.
#[test]
fn t01_question_domain_and_overall() {
    let world = world();
    let answers = ["always", "always", "sometimes", "no", "sometimes"];
    let facts = facts(&world, answers.map(|answer| contact(&[("respect", option(answer))])));
    let sheet = sheet(&world, &facts, "ward:W12");
    let respect = &question(&sheet, "respect").figure;
    assert_eq!((respect.value, respect.n), (Some(6.0), 5));
    assert_eq!(sheet.overall.value, Some(6.0), "domains that nobody answered leave the overall score");
    assert!(sheet.overall.why.as_ref().unwrap().starts_with("without Consistency, Coordination, Dignity"));
    let kindness = question(&sheet, "kindness");
    assert_eq!((kindness.figure.value, kindness.figure.n, kindness.declined), (None, 0, 5));
    assert_eq!(kindness.figure.why.as_deref(), Some("nobody has answered"));
    // t(4) at 95 % is 2.776; the standard error is √3.5: the interval would end above the scale.
    assert_eq!(respect.upper, Some(10.0));
    assert!((respect.lower.unwrap() - (6.0 - 2.776_445_105 * 3.5_f64.sqrt())).abs() < 1e-8);
}

#[test]
fn overall_is_the_mean_of_domains_and_not_of_answers() {
    let world = world();
    let mut contacts = vec![contact(&[("respect", option("always"))]); 8];
    contacts.push(contact(&[("respect", option("always")), ("dignity", option("no"))]));
    let sheet = sheet(&world, &facts(&world, contacts), "ward:W12");
    assert_eq!((sheet.overall.value, sheet.overall.n), (Some(5.0), 9));
}

/// Vectors T-04, T-05 and T-06.
#[test]
fn t04_t05_t06_friends_and_family() {
    let check = |counts: [usize; 6], expected: (Option<f64>, Option<f64>)| {
        let world = world();
        let options = wardvoice_protocol::questionnaire::FRIENDS_AND_FAMILY_OPTIONS;
        let contacts = options.into_iter().zip(counts).flat_map(|(answer, count)| {
            std::iter::repeat_n(contact(&[("friends_and_family", option(answer))]), count)
        });
        let sheet = sheet(&world, &facts(&world, contacts), "ward:W12");
        let test = &sheet.friends_and_family;
        assert_eq!((test.positive.value, test.negative.value), expected);
        assert_eq!(test.counts.total(), counts.iter().sum::<usize>() as u64);
        assert_eq!(test.positive.why.is_some(), expected.0.is_none());
    };
    check([40, 30, 10, 10, 5, 5], (Some(70.0), Some(15.0)));
    check([0; 6], (None, None));
    check([10, 20, 5, 5, 5, 5], (Some(60.0), Some(20.0)));
}

/// Vector T-27 on the sheet: 12 of 12 positive.
#[test]
fn t27_friends_and_family_interval() {
    let world = world();
    let all_good = vec![contact(&[("friends_and_family", option("good"))]); 12];
    let positive = sheet(&world, &facts(&world, all_good), "ward:W12").friends_and_family.positive;
    assert!((positive.lower.unwrap() - 75.75).abs() < 0.005);
    assert_eq!(positive.upper, Some(100.0));
}

#[test]
fn contacts_modes_plan_and_response_rate() {
    let world = world();
    let mut contacts = vec![contact(&[]); 6];
    contacts[0].mode = Mode::Interview;
    contacts[1].outcome = Outcome::Partial;
    contacts.extend([Outcome::Asleep, Outcome::Declined, Outcome::AlreadyAsked].map(approached));
    let mut elsewhere = contact(&[("respect", option("no"))]);
    elsewhere.questionnaire.version = 2;
    contacts.push(elsewhere);
    let sheet = sheet(&world, &facts(&world, contacts), "ward:W12");
    assert_eq!(sheet.contacts.len(), Outcome::ALL.len());
    assert_eq!((sheet.contacts[&Outcome::Completed], sheet.contacts[&Outcome::Isolation]), (6, 0));
    assert_eq!((sheet.responses, sheet.responses_elsewhere), (6, 1));
    assert_eq!((sheet.modes[&Mode::Alone], sheet.modes[&Mode::Interview], sheet.modes[&Mode::Proxy]), (5, 1, 0));
    // 7 responses of 9 approaches; the patient who was already asked is not approached again.
    assert_eq!((sheet.response_rate.n, sheet.response_rate.value), (9, Some(700.0 / 9.0)));
    assert_eq!(sheet.plan.unwrap().done, 6);
    assert_eq!(sheet.overall.value, None, "another version's answers are not pooled");
}

#[test]
fn units_hold_their_wards_and_consultants_their_patients() {
    let world = world();
    let on = |ward: &str, consultant: Option<&str>| Contact {
        ward: ward.parse().unwrap(),
        attribution: consultant.map(|consultant| Attribution {
            consultant: consultant.parse().unwrap(),
            source: AttributionSource::Roster,
        }),
        ..contact(&[("respect", option("always"))])
    };
    let contacts =
        [on("W12", Some("C12")), on("W13", None), on("W14", Some("C12")), on("W24", None), on("W01", None)];
    let facts = facts(&world, contacts);
    let check = |unit: &str, responses: u64, planned: bool| {
        let sheet = sheet(&world, &facts, unit);
        assert_eq!((sheet.responses, sheet.plan.is_some()), (responses, planned), "{unit}");
    };
    check("ward:W12", 1, true);
    check("ward:W02", 0, true);
    check("department:surgery", 3, true);
    check("specialty:orthopaedics", 3, true);
    check("trust:DEMO", 5, true);
    check("consultant:C12", 2, false);
    let sites: u64 =
        ["S1", "S2", "S3"].map(|site| sheet(&world, &facts, &format!("site:{site}")).responses).iter().sum();
    assert_eq!(sites, 5);
    let period = world.calendar().period(PERIOD).unwrap();
    for unit in ["ward:W99", "trust:T1", "consultant:C99"] {
        let unit: Unit = unit.parse().unwrap();
        assert_eq!(score(&facts, &world, &period, &unit, TODAY), Err(ScoreError::UnknownUnit(unit)));
    }
    assert_eq!(world.units().len(), 1 + 3 + 4 + 12 + 26 + 60);
    assert!(world.units().iter().all(|(unit, name)| world.unit_name(unit).as_ref() == Some(name)));
}

#[test]
fn the_quota_is_split_by_beds_with_largest_remainders() {
    let check = |beds: &[u16], total: u32, expected: &[u32]| {
        let mut file = demo_data::directory(1);
        file.consultants.clear();
        file.wards.truncate(beds.len());
        file.wards.iter_mut().for_each(|ward| ward.bays.clear());
        file.wards.iter_mut().zip(beds).for_each(|(ward, beds)| ward.beds = *beds);
        assert_eq!(Plan::new(&Directory::try_from(file).unwrap(), total).quotas(), expected, "{beds:?}");
    };
    check(&[10, 10, 10], 400, &[134, 133, 133]);
    check(&[20, 10], 400, &[267, 133]);
    check(&[1, 2, 3, 0], 10, &[2, 3, 5, 0]);
    check(&[0, 0], 5, &[3, 2]);
    check(&[7], 400, &[400]);
    assert_eq!(world().plan(Date::constant(2026, 11, 9)).quotas().iter().sum::<u32>(), 400);
}

#[test]
fn standing_and_revision() {
    let world = world();
    let period = world.calendar().period(PERIOD).unwrap();
    let check = |today: &str, arrivals: &[&str], expected: (Standing, u32)| {
        let mut facts = Facts::new(Arc::clone(world.vocabulary()));
        for (ward, arrived) in arrivals.iter().enumerate() {
            // Late on any ward is late for the period.
            let contact = Contact { ward: format!("W{:02}", ward + 1).parse().unwrap(), ..contact(&[]) };
            facts.insert(fact_of(&contact, day("2026-11-22"), day(arrived), world.vocabulary()).unwrap());
        }
        let today: Date = today.parse().unwrap();
        let sheet = score(&facts, &world, &period, &"ward:W12".parse().unwrap(), today).unwrap();
        assert_eq!((sheet.standing, sheet.revision), expected, "{today} {arrivals:?}");
    };
    check("2026-11-10", &[], (Standing::Provisional, 0));
    check("2026-11-29", &["2026-11-29"], (Standing::Provisional, 0));
    check("2026-11-30", &["2026-11-29"], (Standing::Final, 1));
    check("2026-11-30", &["2026-11-30"], (Standing::Final, 2));
    check("2026-12-24", &["2026-11-22", "2026-12-01", "2026-12-01", "2026-12-03"], (Standing::Final, 3));
    check("2026-12-02", &["2026-12-01", "2026-12-03"], (Standing::Final, 2));
}

#[test]
fn the_period_before_stands_beside() {
    let world = world();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    for (on, answer) in [("2026-11-08", "no"), ("2026-11-09", "always"), ("2026-10-25", "sometimes")] {
        let contact = contact(&[("respect", option(answer))]);
        facts.insert(fact_of(&contact, day(on), day(on), world.vocabulary()).unwrap());
    }
    let check = |period: &str, now: Option<f64>, before: &str, then: Option<f64>| {
        let period = world.calendar().period(period).unwrap();
        let sheet = score(&facts, &world, &period, &"ward:W12".parse().unwrap(), TODAY).unwrap();
        let previous = sheet.previous.unwrap();
        assert_eq!((sheet.overall.value, previous.period.as_str(), previous.overall.value), (now, before, then));
    };
    check("2026-F23", Some(10.0), "2026-F22", Some(0.0));
    check("2026-F22", Some(0.0), "2026-F21", Some(5.0));
    check("2026-11", Some(5.0), "2026-10", Some(5.0));
    check("2027-H1", None, "2026-H2", Some(5.0));
    check("2026-01", None, "2025-12", None);
    let first = Period::Month { start: Date::constant(1900, 1, 1) };
    assert_eq!(previous(world.calendar(), &first), None);
}

#[test]
fn minimum_numbers_hold_figures_back() {
    let world = world_with(|file| file.minimum_people = MinimumFile { question: 2, scale: 2, overall: 3 });
    let contacts = [
        contact(&[("respect", option("always")), ("dignity", option("no"))]),
        contact(&[("respect", option("sometimes"))]),
    ];
    let two = sheet(&world, &facts(&world, contacts.clone()), "ward:W12");
    assert_eq!(question(&two, "respect").figure.value, Some(7.5));
    let dignity = &question(&two, "dignity").figure;
    assert_eq!((dignity.value, dignity.n), (None, 1));
    assert_eq!(dignity.why.as_deref(), Some("1 of the 2 people needed have answered"));
    assert_eq!((two.overall.value, two.overall.n), (None, 2));
    let three = sheet(
        &world,
        &facts(&world, contacts.into_iter().chain([contact(&[("respect", option("no"))])])),
        "ward:W12",
    );
    assert_eq!(three.overall.value, Some(5.0), "dignity, with one answer, is not in it");
}

#[test]
fn definitions_that_do_not_fit_are_refused() {
    let good = Definition::inpatient(&inpatient()).unwrap().file().clone();
    let check = |change: &dyn Fn(&mut DefinitionFile), expected: &str| {
        let mut file = good.clone();
        change(&mut file);
        assert_eq!(Definition::new(file, &inpatient()).unwrap_err().to_string(), expected);
    };
    check(&|file| file.format = 3, "read the scoring definition: only formats 1 and 2 are known");
    check(
        &|file| file.questionnaire.version = 2,
        "use the scoring definition for inpatient@1: it scores inpatient@2",
    );
    check(
        &|file| file.minimum_people.scale = 0,
        "read the scoring definition: a minimum of 0 would give a value to nothing",
    );
    check(
        &|file| {
            file.scales.pop();
        },
        "read the scoring definition: question kindness counts towards a domain in the questionnaire and has no rule",
    );
    check(
        &|file| {
            file.scales[0].questions[0].options[0].score =
                wardvoice_protocol::questionnaire::OptionScore::Milli(9000);
        },
        "read the scoring definition: question consistency is worth something else in the questionnaire at option always",
    );
    check(
        &|file| file.scales[0].questions[0].options.swap(0, 1),
        "read the scoring definition: question consistency has other options, or another order of them, than the questionnaire",
    );
    check(
        &|file| file.scales[0].id = "kindness".parse().unwrap(),
        "read the scoring definition: scale kindness stands twice",
    );
    check(
        &|file| file.scales[0].questions[0].id = "good".parse().unwrap(),
        "read the scoring definition: question good does not count towards consistency in the questionnaire",
    );
    check(
        &|file| file.scales[0].minimum_answered = 2,
        "read the scoring definition: scale consistency must need at least one answered part and not more than it has",
    );
    check(
        &|file| file.scales[0].questions[0].problem = vec!["never".parse().unwrap()],
        "read the scoring definition: question consistency has no scored option never",
    );
    check(
        &|file| file.case_mix.as_mut().unwrap().by.push("good".parse().unwrap()),
        "read the scoring definition: question good makes cells of the case mix and is no question with options",
    );
    check(
        &|file| file.case_mix.as_mut().unwrap().cap_milli = 0,
        "read the scoring definition: the case mix needs a cap above 0, a question, and no more than 4,096 cells",
    );
    check(
        &|file| file.case_mix.as_mut().unwrap().population = PopulationFile::Counts(Vec::new()),
        "read the scoring definition: the standard population has nobody",
    );
    check(
        &|file| file.audiences[0].from = 1,
        "read the scoring definition: the audiences of a kind of unit do not begin at 0 people",
    );
    check(&|file| file.scales.clear(), "read the scoring definition: there is an overall score of no scales");
    check(
        &|file| file.scale.highest_milli = 9000,
        "read the scoring definition: question consistency is worth more or less than the scale allows at option always",
    );
}

#[test]
fn the_sheet_as_json() {
    let world = world();
    let contacts = [
        contact(&[
            ("respect", option("always")),
            ("kindness", option("always")),
            ("friends_and_family", option("good")),
        ]),
        contact(&[("respect", option("no")), ("kindness", option("always")), ("pain", Answer::NotApplicable)]),
        approached(Outcome::Asleep),
    ];
    insta::assert_json_snapshot!(sheet(&world, &facts(&world, contacts), "ward:W12"));
}

fn contacts() -> impl Strategy<Value = Vec<(Contact, u8)>> {
    let one = (prop::collection::vec(0_usize..8, 32), 0_usize..10, 0_usize..4, 0_usize..3, 0_u8..20);
    prop::collection::vec(one, 0..40).prop_map(|rows| {
        let questionnaire = inpatient();
        let row = |(choices, outcome, mode, ward, day): (Vec<usize>, usize, usize, usize, u8)| {
            let answers = questionnaire.questions().iter().zip(choices).map(|(question, chosen)| {
                let answer = match chosen {
                    0 => Answer::Declined,
                    1 if question.not_applicable.is_some() => Answer::NotApplicable,
                    2 => Answer::NotShown,
                    _ if question.kind == KindFile::Comment => Answer::Declined,
                    chosen => Answer::Answered(question.options[chosen % question.options.len()].id.clone()),
                };
                (question.id.clone(), answer)
            });
            let outcome = Outcome::ALL[if outcome > 5 { 0 } else { outcome }];
            let response = Response { answers: answers.collect(), minutes: None };
            let contact = Contact {
                ward: ["W12", "W13", "W01"][ward].parse().unwrap(),
                outcome,
                mode: Mode::ALL[mode],
                response: outcome.has_response().then_some(response),
                ..contact(&[])
            };
            (contact, day)
        };
        rows.into_iter().map(row).collect()
    })
}

fn filled(world: &ScoringWorld, contacts: &[(Contact, u8)]) -> Facts {
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    for (contact, after) in contacts {
        let on = DayNumber::from_count(day("2026-11-05").count() + i32::from(*after));
        facts.insert(fact_of(contact, on, on, world.vocabulary()).unwrap());
    }
    facts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Invariant 8: the same facts give the same bytes, whatever order they came in and after a snapshot.
    #[test]
    fn the_same_facts_give_the_same_bytes(
        (contacts, shuffled) in contacts().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let world = world();
        let (one, other) = (filled(&world, &contacts), filled(&world, &shuffled));
        let decoded = Facts::decode(&one.encode(), Arc::clone(world.vocabulary())).unwrap();
        for unit in ["ward:W12", "department:surgery", "trust:DEMO"] {
            let bytes = |facts: &Facts| serde_json::to_vec(&sheet(&world, facts, unit)).unwrap();
            prop_assert_eq!(bytes(&one), bytes(&other));
            prop_assert_eq!(bytes(&one), bytes(&decoded));
        }
    }

    /// Slow and obvious: the figures from the contacts themselves.
    #[test]
    fn figures_agree_with_the_contacts(contacts in contacts()) {
        let world = world();
        let found = sheet(&world, &filled(&world, &contacts), "ward:W12");
        let responses: Vec<_> = contacts
            .iter()
            .filter(|(contact, after)| contact.ward.as_str() == "W12" && (4..18).contains(after))
            .filter_map(|(contact, _)| contact.response.as_ref())
            .collect();
        prop_assert_eq!(found.responses, responses.len() as u64);
        let questionnaire = inpatient();
        let mut domain_means = Vec::new();
        for domain in &found.domains {
            let question = questionnaire.question(&domain.questions[0].id).unwrap();
            let points: Vec<f64> = responses
                .iter()
                .filter_map(|response| match &response.answers[&question.id] {
                    Answer::Answered(chosen) => match question.options[question.option_position(chosen).unwrap()].score {
                        wardvoice_protocol::questionnaire::OptionScore::Milli(milli) => Some(f64::from(milli) / 1000.0),
                        wardvoice_protocol::questionnaire::OptionScore::Unscored => None,
                    },
                    _ => None,
                })
                .collect();
            prop_assert_eq!(domain.figure.n, points.len() as u64);
            let expected = crate::statistics::mean_interval(&points, LEVEL);
            prop_assert_eq!(domain.figure.value.is_some(), expected.is_some());
            prop_assert_eq!(&domain.figure, &domain.questions[0].figure);
            if let (Some(value), Some(expected)) = (domain.figure.value, expected) {
                prop_assert!((value - expected.mean).abs() < 1e-12);
                domain_means.push(expected.mean);
                if let (Some(lower), Some((low, _))) = (domain.figure.lower, expected.interval) {
                    prop_assert!((lower - low.clamp(0.0, 10.0)).abs() < 1e-9);
                }
            }
        }
        prop_assert_eq!(found.overall.value.is_some(), !domain_means.is_empty());
        if let Some(overall) = found.overall.value {
            let expected = domain_means.iter().sum::<f64>() / domain_means.len() as f64;
            prop_assert!((overall - expected).abs() < 1e-12);
        }
        for figure in found.domains.iter().map(|domain| &domain.figure).chain([&found.overall]) {
            if let (Some(value), Some(lower), Some(upper)) = (figure.value, figure.lower, figure.upper) {
                prop_assert!(0.0 <= lower && lower <= value && value <= upper && upper <= 10.0, "{figure:?}");
            }
            prop_assert!(figure.lower.is_some() || figure.why.is_some(), "no interval and no reason: {figure:?}");
        }
    }
}
