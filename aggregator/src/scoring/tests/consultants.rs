//! Which answers are a named consultant's, what was ruled about them, and how far a score is to be trusted.

use super::*;
use crate::facts::{Fact, Rulings};

const CONSULTANT: &str = "consultant:C12";

/// A contact that somebody attributes to C12, whose patient knows the consultant or not, or was not asked.
fn named(source: AttributionSource, knows: Option<&str>, doctors: &str) -> Contact {
    let mut answers = vec![("doctors", option(doctors)), ("respect", option("always"))];
    answers.extend(knows.map(|knows| ("consultant", option(knows))));
    let attribution = Attribution { consultant: "C12".parse().unwrap(), source };
    Contact { attribution: Some(attribution), ..contact(&answers) }
}

fn row(world: &ScoringWorld, contact: &Contact) -> Fact {
    fact_of(contact, day("2026-11-10"), day("2026-11-10"), world.vocabulary()).unwrap()
}

#[test]
fn an_answer_is_the_consultants_when_the_roster_says_so_or_the_patient_knows() {
    let world = world();
    let check = |source, knows, counts: bool| {
        let facts = facts(&world, [named(source, knows, "always")]);
        let found = sheet(&world, &facts, CONSULTANT).responses;
        assert_eq!(found, u64::from(counts), "{source:?} {knows:?}");
        // Whatever it is to the consultant, it is the ward's.
        assert_eq!(sheet(&world, &facts, "ward:W12").responses, 1);
    };
    for source in [AttributionSource::Roster, AttributionSource::Patient, AttributionSource::Volunteer] {
        let roster = source == AttributionSource::Roster;
        check(source, Some("yes"), true);
        check(source, Some("no"), roster);
        check(source, None, roster);
    }
    let before = world_with(|file| file.attribution = None);
    let facts = facts(&before, [named(AttributionSource::Volunteer, None, "always")]);
    assert_eq!(
        sheet(&before, &facts, CONSULTANT).responses,
        1,
        "a definition that does not say takes everybody's word"
    );
}

#[test]
fn attributions_that_do_not_fit_the_questionnaire_are_refused() {
    let refused = |change: &dyn Fn(&mut AttributionFile), says: &str| {
        let mut file = Definition::inpatient(&inpatient()).unwrap().file().clone();
        change(file.attribution.as_mut().unwrap());
        let said = Definition::new(file, &inpatient()).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    };
    refused(&|file| file.questions.clear(), "attribution needs a question");
    refused(
        &|file| file.questions = vec!["consultant".parse().unwrap()],
        "question consultant is about the consultant and not scored",
    );
    refused(
        &|file| file.known_by.as_mut().unwrap().options = vec!["perhaps".parse().unwrap()],
        "has no option perhaps",
    );
    refused(
        &|file| file.known_by.as_mut().unwrap().question = "gone".parse().unwrap(),
        "is not in the questionnaire",
    );
    refused(
        &|file| {
            file.sources.clear();
            file.known_by = None;
        },
        "somebody whose word is enough",
    );
}

/// What is upheld no longer counts for the consultant from the day of the ruling; the ward keeps it, a look back shows what stood, and a
/// final period shows a revision.
#[test]
fn a_ruling_drops_one_attribution_as_a_dated_revision() {
    let world = world();
    let roster = |doctors| named(AttributionSource::Roster, None, doctors);
    let mut facts = facts(&world, [roster("always"), roster("always"), roster("no")]);
    let period = world.calendar().period(PERIOD).unwrap();
    let seen = |facts: &Facts, unit: &str, on: &str| {
        let sheet = score(facts, &world, &period, &unit.parse().unwrap(), on.parse().unwrap()).unwrap();
        (sheet.responses, sheet.revision)
    };
    let before = facts.digest();
    assert_eq!(seen(&facts, CONSULTANT, "2026-12-20"), (3, 1));
    let mut rulings = Rulings::default();
    rulings.add(row(&world, &roster("always")), day("2026-12-10"));
    facts.set_rulings(rulings.clone());
    assert_ne!(facts.digest(), before, "what was ruled is part of what facts are");
    assert_eq!(seen(&facts, CONSULTANT, "2026-12-20"), (2, 2), "one of two that are alike");
    assert_eq!(seen(&facts, CONSULTANT, "2026-12-10"), (2, 2));
    assert_eq!(seen(&facts, CONSULTANT, "2026-12-09"), (3, 1), "as it stood before");
    assert_eq!(seen(&facts, "ward:W12", "2026-12-20"), (3, 2));
    // The same by every way of making sheets.
    let today = "2026-12-20".parse().unwrap();
    let all = score_all(&facts, &world, &period, None, today).unwrap();
    let unit: Unit = CONSULTANT.parse().unwrap();
    let of_all = all.into_iter().find(|sheet| sheet.unit == unit).unwrap();
    let one = score(&facts, &world, &period, &unit, today).unwrap();
    assert_eq!(of_all, one);
    let mut live = Live::default();
    assert_eq!(live.sheet(&facts, &world, &period, &unit, today).unwrap(), one);
    facts.insert(row(&world, &roster("always")));
    let after = score(&facts, &world, &period, &unit, today).unwrap();
    assert_eq!(after.responses, 3, "one more of the same kind counts");
    assert_eq!(live.sheet(&facts, &world, &period, &unit, today).unwrap(), after);
    // A ruling is seen although no fact came.
    let mut more = facts.rulings().clone();
    more.add(row(&world, &roster("always")), day("2026-12-11"));
    facts.set_rulings(more);
    let ruled = live.sheet(&facts, &world, &period, &unit, today).unwrap();
    assert_eq!(ruled, score(&facts, &world, &period, &unit, today).unwrap());
    assert_eq!(ruled.responses, 2);
}

/// Patients of some consultants: how many said always, sometimes and no of each.
fn trust(world: &ScoringWorld, consultants: &[(&str, [usize; 3])]) -> Facts {
    let of = |(id, answers): &(&str, [usize; 3])| {
        let id = id.to_owned().to_owned();
        let options = ["always", "sometimes", "no"].into_iter().zip(*answers);
        let all = options.flat_map(|(option, many)| std::iter::repeat_n(option, many));
        all.map(move |doctors| {
            let mut contact = named(AttributionSource::Roster, None, doctors);
            contact.attribution.as_mut().unwrap().consultant = id.parse().unwrap();
            contact
        })
        .collect::<Vec<_>>()
    };
    facts(world, consultants.iter().flat_map(of))
}

fn window(world: &ScoringWorld, facts: &Facts, consultant: &str) -> crate::scoring::consultant::ConsultantWindow {
    let window = world.calendar().period("6m-2026-11-22").unwrap();
    crate::scoring::consultant_window(facts, world, &consultant.parse().unwrap(), &window, None, TODAY).unwrap()
}

#[test]
fn the_published_correlation_stands_where_the_trusts_own_data_are_too_few() {
    let world = world();
    let facts = trust(&world, &[("C01", [20, 7, 3])]);
    let found = window(&world, &facts, "C01");
    assert_eq!((found.n, found.score.value), (30, Some(235.0 / 30.0)));
    let trusted = found.reliability.unwrap();
    assert_eq!(trusted.basis, ReliabilityBasis::Published);
    // Vector T-23: 26.1 patients for 0.7, 44.8 for 0.8; R(30) by Spearman and Brown.
    assert_eq!((trusted.needed_for_070, trusted.needed_for_080), (27, 45));
    assert!((trusted.value - 30.0 * 0.082 / (1.0 + 29.0 * 0.082)).abs() < 1e-12);
    assert_eq!((trusted.mean_of_all, trusted.shrunk), (None, None), "there is nobody else to draw it to");
}

#[test]
fn the_trusts_own_correlation_stands_where_it_is_well_known() {
    let world = world();
    let ids: Vec<String> = (1..=12).map(|number| format!("C{number:02}")).collect();
    // Half of the consultants are answered well and half are not: nobody could call that chance.
    let answers = |place: usize| if place.is_multiple_of(2) { [36, 3, 1] } else { [10, 15, 15] };
    let all: Vec<(&str, [usize; 3])> =
        ids.iter().enumerate().map(|(place, id)| (id.as_str(), answers(place))).collect();
    let facts = trust(&world, &all);
    let trusted = window(&world, &facts, "C01").reliability.unwrap();
    assert_eq!((trusted.basis, trusted.consultants), (ReliabilityBasis::TrustsOwn, 12));
    assert!(trusted.correlation >= 2.0 * trusted.correlation_error.unwrap());
    let mean = trusted.mean_of_all.unwrap();
    let score = 375.0 / 40.0;
    assert!((trusted.shrunk.unwrap() - (trusted.value * score + (1.0 - trusted.value) * mean)).abs() < 1e-12);
    // One consultant fewer than it takes.
    let few = trust(&world, all.get(..9).unwrap());
    let published = window(&world, &few, "C01").reliability.unwrap();
    assert_eq!(published.basis, ReliabilityBasis::Published);
    assert!(published.mean_of_all.is_some());
    // And where consultants do not differ, there is no correlation to be known.
    let alike: Vec<_> = ids.iter().map(|id| (id.as_str(), [20, 7, 3])).collect();
    let facts = trust(&world, &alike);
    assert_eq!(window(&world, &facts, "C01").reliability.unwrap().basis, ReliabilityBasis::Published);
}

/// The order in which answers came changes not one byte.
#[test]
fn a_consultants_window_does_not_depend_on_the_order_of_the_facts() {
    let world = world();
    let rows: Vec<Contact> = (0..40_usize)
        .map(|place| {
            let sources = [AttributionSource::Roster, AttributionSource::Patient, AttributionSource::Volunteer];
            let knows = ["yes", "no"].get(place % 2).copied();
            named(sources[place % 3], knows, ["always", "sometimes", "no"][place % 3])
        })
        .collect();
    let said = |contacts: Vec<Contact>| {
        let found = window(&world, &facts(&world, contacts), "C12");
        let trusted = serde_json::to_string(&found.reliability).unwrap();
        (serde_json::to_string(&found.score).unwrap(), trusted, found.attribution, found.wards, found.fortnights)
    };
    let backwards = rows.iter().rev().cloned().collect();
    let (first, second) = (said(rows), said(backwards));
    assert_eq!(first, second);
    assert_eq!((first.2.counted.roster, first.2.counted.patient, first.2.not_counted.patient), (14, 6, 7));
}
