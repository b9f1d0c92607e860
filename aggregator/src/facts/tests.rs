#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use wardvoice_protocol::contact::{
    Answer, Attribution, AttributionSource, Comment, Contact, Mode, Outcome, Response,
};
use wardvoice_protocol::directory::{
    ConsultantEntry, DepartmentEntry, Directory, DirectoryFile, SiteEntry, SpecialtyEntry, TrustEntry, WardEntry,
};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};

use super::*;

fn directory() -> Directory {
    let ward = |number: u32| WardEntry {
        id: format!("W{number:02}").parse().unwrap(),
        name: format!("Ward {number}"),
        site: "S1".parse().unwrap(),
        department: "D1".parse().unwrap(),
        specialties: vec!["orthopaedics".parse().unwrap()],
        beds: 20,
        bays: Vec::new(),
    };
    let consultant = |number: u32| ConsultantEntry {
        id: format!("C{number:02}").parse().unwrap(),
        label: format!("Consultant C{number:02}"),
        specialty: "orthopaedics".parse().unwrap(),
        wards: vec!["W01".parse().unwrap()],
    };
    let name = "Demonstration".to_owned();
    Directory::try_from(DirectoryFile {
        version: 1,
        trust: TrustEntry { id: "T1".parse().unwrap(), name: name.clone() },
        sites: vec![SiteEntry { id: "S1".parse().unwrap(), name: name.clone() }],
        departments: vec![DepartmentEntry { id: "D1".parse().unwrap(), name: name.clone() }],
        specialties: vec![SpecialtyEntry { id: "orthopaedics".parse().unwrap(), name }],
        wards: (1..=3).map(ward).collect(),
        consultants: (1..=2).map(consultant).collect(),
    })
    .unwrap()
}

fn vocabulary() -> Arc<Vocabulary> {
    Arc::new(Vocabulary::new(&directory(), &[Questionnaire::inpatient().unwrap()]).unwrap())
}

fn contact(questionnaire: &Questionnaire, choose: impl Fn(usize) -> usize) -> Contact {
    let answers = questionnaire.questions().iter().enumerate().map(|(place, question)| {
        let answer = match choose(place) {
            0 => Answer::NotShown,
            1 => Answer::Declined,
            2 if question.not_applicable.is_some() => Answer::NotApplicable,
            chosen if question.kind != KindFile::Comment => {
                Answer::Answered(question.options.get(chosen % question.options.len()).unwrap().id.clone())
            }
            _ => Answer::Said(Comment::new("generated").unwrap()),
        };
        (question.id.clone(), answer)
    });
    Contact {
        ward: "W02".parse().unwrap(),
        questionnaire: questionnaire.reference(),
        outcome: Outcome::Completed,
        mode: Mode::Interview,
        language: Language::english(),
        attribution: Some(Attribution { consultant: "C02".parse().unwrap(), source: AttributionSource::Patient }),
        response: Some(Response { answers: answers.collect(), minutes: Some(4) }),
    }
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn day(text: &str) -> DayNumber {
    date(text).into()
}

#[test]
fn a_row_says_what_the_contact_said() {
    let questionnaire = Questionnaire::inpatient().unwrap();
    let contact = contact(&questionnaire, |place| place % 5);
    let vocabulary = vocabulary();
    let fact = fact_of(&contact, day("2026-11-09"), day("2026-11-12"), &vocabulary).unwrap();
    assert_eq!(fact.day(), day("2026-11-09"));
    assert_eq!(fact.arrival_day(), day("2026-11-12"));
    assert_eq!(vocabulary.ward(fact.ward_index()), Some(&contact.ward));
    assert_eq!(
        fact.consultant_index().and_then(|index| vocabulary.consultant(index)),
        Some(&"C02".parse().unwrap())
    );
    assert_eq!(fact.attribution_source(), Some(AttributionSource::Patient));
    assert_eq!((fact.outcome(), fact.mode()), (Outcome::Completed, Mode::Interview));
    assert_eq!(fact.language_index().and_then(|index| vocabulary.language(index)), Some(&Language::english()));
    let answers = &contact.response.unwrap().answers;
    for (place, question) in questionnaire.questions().iter().enumerate() {
        let expected = match answers.get(&question.id).unwrap() {
            Answer::Answered(option) => {
                Code::Option(u8::try_from(question.option_position(option).unwrap()).unwrap())
            }
            Answer::Said(_) => Code::Option(0),
            Answer::NotApplicable => Code::NotApplicable,
            Answer::DontKnow => Code::DontKnow,
            Answer::Declined => Code::Declined,
            Answer::NotShown => Code::NotShown,
        };
        assert_eq!(fact.code(place), expected, "question {}", question.id);
    }
    assert_eq!(fact.code(31), Code::NotShown);
    assert_eq!(fact.code(99), Code::NotShown);
}

#[test]
fn contacts_that_do_not_fit_have_no_row() {
    let questionnaire = Questionnaire::inpatient().unwrap();
    let vocabulary = vocabulary();
    let good = contact(&questionnaire, |_| 3);
    let refused = |change: &dyn Fn(&mut Contact)| {
        let mut contact = good.clone();
        change(&mut contact);
        fact_of(&contact, day("2026-11-09"), day("2026-11-09"), &vocabulary).is_none()
    };
    assert!(!refused(&|_| ()));
    assert!(refused(&|contact| contact.ward = "W99".parse().unwrap()));
    assert!(refused(&|contact| contact.questionnaire.version = 2));
    assert!(refused(&|contact| contact.outcome = Outcome::Asleep), "an answer from a sleeper");
    assert!(refused(&|contact| contact.response = None), "completed without answers");
    assert!(refused(&|contact| {
        contact.response.as_mut().unwrap().answers.remove(&"pain".parse().unwrap());
    }));
    assert!(refused(&|contact| {
        let answers = &mut contact.response.as_mut().unwrap().answers;
        answers.insert("pain".parse().unwrap(), Answer::Answered("always".parse().unwrap()));
    }));
    assert!(!refused(&|contact| contact.attribution.as_mut().unwrap().consultant = "C99".parse().unwrap()));
    assert!(!refused(&|contact| {
        contact.outcome = Outcome::Asleep;
        contact.response = None;
    }));
}

#[test]
fn days_and_wards_are_slices() {
    let vocabulary = vocabulary();
    let questionnaire = Questionnaire::inpatient().unwrap();
    let contact = contact(&questionnaire, |_| 3);
    let mut facts = Facts::new(Arc::clone(&vocabulary));
    for (on, arrived) in [("2026-11-08", "2026-11-08"), ("2026-11-09", "2026-11-09"), ("2026-11-09", "2026-11-20")]
    {
        facts.insert(fact_of(&contact, day(on), day(arrived), &vocabulary).unwrap());
    }
    let count = |from: &str, to: &str| facts.days(date(from), date(to)).count();
    assert_eq!(facts.len(), 3);
    assert_eq!(count("2026-11-09", "2026-11-09"), 2);
    assert_eq!(count("2026-11-01", "2026-11-30"), 3);
    assert_eq!(count("2026-11-30", "2026-11-01"), 0, "a span that ends before it begins");
    let ward = |ward: &str| {
        let index = vocabulary.ward_index(&ward.parse().unwrap()).unwrap();
        facts.ward_days(index, date("2026-11-01"), date("2026-11-30")).map(<[_]>::len).collect::<Vec<_>>()
    };
    assert_eq!(ward("W02"), [1, 2]);
    assert!(ward("W01").is_empty());
    let arrivals =
        facts.arrival_days(date("2026-11-09"), date("2026-11-09"), day("2026-11-01"), day("2026-12-31"));
    assert_eq!(arrivals.into_iter().collect::<Vec<_>>(), [day("2026-11-09"), day("2026-11-20")]);
}

#[test]
fn damaged_snapshots_are_refused() {
    let vocabulary = vocabulary();
    let mut facts = Facts::new(Arc::clone(&vocabulary));
    let contact = contact(&Questionnaire::inpatient().unwrap(), |_| 3);
    facts.insert(fact_of(&contact, day("2026-11-09"), day("2026-11-09"), &vocabulary).unwrap());
    let good = facts.encode();
    let refused = |bytes: &[u8]| Facts::decode(bytes, Arc::clone(&vocabulary)).unwrap_err();
    assert_eq!(refused(b""), FactsError::UnknownVersion);
    assert_eq!(refused(b"WVFACTS\x02"), FactsError::UnknownVersion);
    for length in 8..good.len() {
        assert!(matches!(refused(good.get(..length).unwrap()), FactsError::Length { .. }));
    }
    for place in 48..good.len() {
        let mut bytes = good.clone();
        *bytes.get_mut(place).unwrap() ^= 0x10;
        assert_eq!(refused(&bytes), FactsError::Checksum, "byte {place}");
    }
    let two = Questionnaire::inpatient().unwrap();
    let mut file = two.file().clone();
    file.version = 2;
    let other = Arc::new(Vocabulary::new(&directory(), &[two, Questionnaire::try_from(file).unwrap()]).unwrap());
    assert_eq!(Facts::decode(&good, other).unwrap_err(), FactsError::OtherVocabulary);
}

/// The bytes of version 1, for ever: a change of the row or the header must come with a new version.
#[test]
fn version_1_of_the_row_stands() {
    let vocabulary = vocabulary();
    let contact = contact(&Questionnaire::inpatient().unwrap(), |place| place % 5);
    let fact = fact_of(&contact, day("2026-11-09"), day("2026-11-12"), &vocabulary).unwrap();
    let mut facts = Facts::new(vocabulary);
    facts.insert(fact);
    let bytes = facts.encode();
    let row = bytes.get(48..80).unwrap();
    let hexadecimal: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hexadecimal.join(" "));
}

/// More than are remembered, on one ward's day and on the next.
#[test]
fn a_snapshot_of_many_remembers_the_last_of_them() {
    let (questionnaire, vocabulary) = (Questionnaire::inpatient().unwrap(), vocabulary());
    let row = |on: &str| fact_of(&contact(&questionnaire, |_| 1), day(on), day(on), &vocabulary).unwrap();
    for (first, second) in [(5_000, 0), (5_000, 10), (10, 5_000)] {
        let mut facts = Facts::new(Arc::clone(&vocabulary));
        let all = [vec![row("2026-11-09"); first], vec![row("2026-11-10"); second]].concat();
        for fact in &all {
            facts.insert(*fact);
        }
        let decoded = Facts::decode(&facts.encode(), Arc::clone(&vocabulary)).unwrap();
        for facts in [&facts, &decoded] {
            let last: Vec<Fact> = facts.since(all.len() - RECENT).unwrap().copied().collect();
            assert_eq!(last.as_slice(), all.get(all.len() - RECENT..).unwrap());
            assert!(facts.since(all.len() - RECENT - 1).is_none());
        }
    }
}

fn contacts() -> impl Strategy<Value = Vec<Fact>> {
    let one = (0_usize..3, 0_i32..20, 0_i32..30, prop::collection::vec(0_usize..9, 32), 0_usize..10, 0_usize..4);
    prop::collection::vec(one, 0..60).prop_map(|rows| {
        let (questionnaire, vocabulary) = (Questionnaire::inpatient().unwrap(), vocabulary());
        let row = |(ward, day, late, choices, outcome, mode): (usize, i32, i32, Vec<usize>, usize, usize)| {
            let mut contact = contact(&questionnaire, |place| *choices.get(place).unwrap());
            contact.ward = format!("W{:02}", ward + 1).parse().unwrap();
            contact.outcome = *Outcome::ALL.get(outcome).unwrap();
            contact.mode = *Mode::ALL.get(mode).unwrap();
            contact.response = contact.response.filter(|_| contact.outcome.has_response());
            contact.attribution = contact.attribution.filter(|_| late % 2 == 0);
            let day = 20_760 + day;
            fact_of(&contact, DayNumber::from_count(day), DayNumber::from_count(day + late), &vocabulary).unwrap()
        };
        rows.into_iter().map(row).collect()
    })
}

proptest! {
    #[test]
    fn encoding_forgets_nothing_but_the_order(rows in contacts(), seed in 0_u64..1000) {
        let vocabulary = vocabulary();
        let filled = |rows: &[Fact]| {
            let mut facts = Facts::new(Arc::clone(&vocabulary));
            for row in rows {
                facts.insert(*row);
            }
            facts
        };
        let facts = filled(&rows);
        let mut shuffled: Vec<_> = rows.clone();
        shuffled.sort_by_key(|row| (u64::try_from(row.answers() % 1_000_003).unwrap()).wrapping_mul(seed * 2 + 1) % 1009);
        let other = filled(&shuffled);
        prop_assert_eq!(facts.encode(), other.encode());
        prop_assert_eq!(facts.digest(), other.digest());
        let decoded = Facts::decode(&facts.encode(), Arc::clone(&vocabulary)).unwrap();
        prop_assert_eq!(decoded.digest(), facts.digest());
        prop_assert_eq!(decoded.len(), rows.len());
        let sorted = |facts: &Facts| {
            let mut all: Vec<Fact> = facts.days(date("2026-01-01"), date("2027-12-31")).copied().collect();
            all.sort_unstable();
            all
        };
        prop_assert_eq!(sorted(&decoded), sorted(&facts));
        // A ward's day is read at once; what comes of it is what its rows make one after another.
        let mut in_order = rows.clone();
        in_order.sort_unstable_by_key(|row| (row.day(), row.ward_index(), *row));
        let one_by_one = filled(&in_order);
        let arrived = |facts: &Facts| {
            let (first, last) = (DayNumber::from_count(0), DayNumber::from_count(30_000));
            facts.arrival_days(date("2026-01-01"), date("2027-12-31"), first, last)
        };
        prop_assert_eq!(arrived(&decoded), arrived(&one_by_one));
        let since = |facts: &Facts| facts.since(0).map(|all| all.copied().collect::<Vec<_>>());
        prop_assert_eq!(since(&decoded), since(&one_by_one));
        // Slow and obvious: a map from day to how many.
        let mut counts: BTreeMap<DayNumber, usize> = BTreeMap::new();
        for row in &rows {
            *counts.entry(row.day()).or_default() += 1;
        }
        for (day, count) in counts {
            let date = day.date().unwrap();
            prop_assert_eq!(facts.days(date, date).count(), count);
        }
        if let Some(first) = rows.first() {
            let missing = filled(rows.get(1..).unwrap());
            prop_assert_ne!(missing.digest(), facts.digest());
            let mut twice = filled(&rows);
            twice.insert(*first);
            prop_assert_ne!(twice.digest(), facts.digest());
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Facts::decode(&bytes, vocabulary()).is_err());
    }
}
