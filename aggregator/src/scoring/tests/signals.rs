//! Signal or noise: what is said of made-up fortnights in which it is known.

use jiff::ToSpan;
use wardvoice_protocol::fortnight::Fortnight;

use super::*;
use crate::statistics::xmr::{Assurance, Variation};

/// The wards' grains, made afresh each time.
pub(super) fn history<'a>(
    facts: &Facts,
    world: &'a ScoringWorld,
    unit: &str,
    until: &str,
    today: Date,
) -> Result<History<'a>, SignalError> {
    let mut grains = |ward, fortnight| grain(facts, world, ward, fortnight, today).map(Arc::new);
    let until = fortnight(world, until);
    History::new(facts, world, &unit.parse().unwrap(), until, today, &mut grains)
}

pub(super) fn fortnight(world: &ScoringWorld, name: &str) -> Fortnight {
    match world.calendar().period(name).unwrap() {
        Period::Fortnight(fortnight) => fortnight,
        other => panic!("{other} is no fortnight"),
    }
}

/// Facts of W12: fortnight by fortnight up to 2026-F23, how many of ten people were always treated kindly; the others sometimes, so
/// that k of ten make a score of 5 + k / 2. `None` is a fortnight without anybody.
fn story(world: &ScoringWorld, fortnights: &[Option<usize>]) -> Facts {
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    let last = Date::constant(2026, 11, 9);
    for (back, well) in fortnights.iter().rev().enumerate() {
        let start = last.saturating_sub((14 * i32::try_from(back).unwrap()).days());
        if let Some(well) = well {
            insert(world, &mut facts, start, *well, 10 - well);
        }
    }
    facts
}

fn insert(world: &ScoringWorld, facts: &mut Facts, on: Date, always: usize, sometimes: usize) {
    for (id, many) in [("always", always), ("sometimes", sometimes)] {
        for _ in 0..many {
            let contact = contact(&[("kindness", option(id))]);
            facts.insert(fact_of(&contact, on.into(), on.into(), world.vocabulary()).unwrap());
        }
    }
}

fn kindness(facts: &Facts, world: &ScoringWorld, rebasings: &[Rebasing]) -> Signal {
    let history = history(facts, world, "ward:W12", "2026-F23", TODAY).unwrap();
    signal(&history, &"domain:kindness".parse().unwrap(), rebasings).unwrap()
}

/// Fifteen fortnights: eight up and down around 7, then seven between 8.5 and 9.
const SHIFT: [Option<usize>; 15] = {
    let (a, b, c, d) = (Some(6), Some(2), Some(7), Some(8));
    [a, b, a, b, a, b, a, b, c, d, c, d, c, d, c]
};

/// However many threads made them.
#[test]
fn grains_made_together_are_those_made_alone() {
    let world = world();
    let facts = story(&world, &SHIFT);
    let fortnights = world.run_up_to(&facts, fortnight(&world, "2026-F23"));
    let wanted: Vec<(u16, Fortnight)> =
        fortnights.iter().flat_map(|fortnight| (10..13).map(move |ward| (ward, *fortnight))).collect();
    let together = grains(&facts, &world, &wanted, TODAY).unwrap();
    assert_eq!((together.len(), wanted.len()), (45, 45));
    assert!(together.iter().any(|grain| grain.tally.responses == 10), "nobody answered");
    for ((ward, fortnight), made) in wanted.iter().zip(&together) {
        let alone = grain(&facts, &world, *ward, *fortnight, TODAY).unwrap();
        assert!(made.tally == alone.tally, "ward {ward} in {fortnight}");
        assert_eq!(format!("{:?}", made.reading()), format!("{:?}", alone.reading()));
    }
    assert!(grains(&facts, &world, &[], TODAY).unwrap().is_empty());
}

#[test]
fn seven_above_the_mean_are_said_to_be() {
    let world = world();
    let found = kindness(&story(&world, &SHIFT), &world, &[]);
    assert_eq!(found.finding, Finding::Signal);
    assert_eq!(
        found.words,
        "Kindness: 7 fortnights above the mean. This is unlikely to be chance. 15 fortnights, n 10 in the last."
    );
    assert!(matches!(found.variation, Some(Variation::Improvement(_))));
    assert_eq!(variation_words(&found), "Better: higher");
    let values: Vec<f64> = found.points.iter().filter_map(|point| point.figure.value).collect();
    assert_eq!(values, [8.0, 6.0, 8.0, 6.0, 8.0, 6.0, 8.0, 6.0, 8.5, 9.0, 8.5, 9.0, 8.5, 9.0, 8.5]);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["variation"], "improvement_high");
    assert_eq!(json["points"][14]["kind"], "shift_high");
    assert_eq!(json["assurance"], "none");
    assert_eq!(json["measure"], "domain:kindness");
}

#[test]
fn the_fortnight_that_runs_is_shown_apart_and_decides_nothing() {
    let world = world();
    let mut facts = story(&world, &SHIFT);
    let before = kindness(&facts, &world, &[]);
    insert(&world, &mut facts, TODAY, 0, 3);
    let history = history(&facts, &world, "ward:W12", "2026-F24", TODAY).unwrap();
    let found = signal(&history, &"domain:kindness".parse().unwrap(), &[]).unwrap();
    assert_eq!(found.points, before.points);
    assert_eq!(found.words, before.words);
    let running = found.provisional.unwrap();
    assert_eq!((running.figure.value, running.figure.n, running.kind), (Some(5.0), 3, None));
}

#[test]
fn chance_is_said_plainly_and_limits_on_trial_are() {
    let world = world();
    let chance = [Some(6), Some(4), Some(5), Some(7), Some(4), Some(6), Some(5), Some(6), Some(4)];
    let found = kindness(&story(&world, &chance), &world, &[]);
    assert_eq!(found.finding, Finding::Common);
    assert_eq!(
        found.words,
        "Kindness: no signal. The ups and downs of 9 fortnights are those of chance. n 10 in the last. Limits on trial."
    );
    assert!(found.groups[0].trial);
}

#[test]
fn too_few_silent_and_nobody_are_not_no_change() {
    let world = world();
    let few = kindness(&story(&world, &[Some(6), Some(2), Some(6)]), &world, &[]);
    assert_eq!(few.words, "Kindness: too few to say. 3 fortnights ended, n 10 in the last; 7 are needed.");
    let mut silent = SHIFT.to_vec();
    silent.push(None);
    let silent = kindness(&story(&world, &silent), &world, &[]);
    assert_eq!((silent.finding, silent.variation), (Finding::Silent, None));
    assert_eq!(silent.points.last().unwrap().figure.value, None, "a gap is a gap");
    assert_eq!(silent.words, "Kindness: silent. No answers since 2026-F22. That is not the same as no change.");
    let nobody = Facts::new(Arc::clone(world.vocabulary()));
    assert_eq!(kindness(&nobody, &world, &[]).words, "Kindness: no answers yet.");
}

#[test]
fn a_rebasing_starts_limits_afresh_and_says_why() {
    let world = world();
    let facts = story(&world, &SHIFT);
    let rebasing = |from: &str, reason: &str| Rebasing { from: from.parse().unwrap(), reason: reason.to_owned() };
    // The ninth of the fifteen is 2026-F17, 17 to 30 August; any day of it will do.
    let found = kindness(&facts, &world, &[rebasing("2026-08-19", "the ward moved")]);
    assert_eq!(found.groups.iter().map(|group| group.first).collect::<Vec<_>>(), [0, 8]);
    assert_eq!(found.groups[1].reason.as_deref(), Some("the ward moved"));
    assert_eq!(found.finding, Finding::Common, "{}", found.words);
    assert!(found.points[14].mean.unwrap() > 8.5 && found.points[0].mean.unwrap() < 7.5);
    let latest = kindness(&facts, &world, &[rebasing("2026-11-10", "new sister")]);
    assert_eq!(
        latest.words,
        "Kindness: too few to say. 1 fortnight ended since the re-basing, n 10 in the last; 7 are needed."
    );
    let twice = kindness(&facts, &world, &[rebasing("2026-08-19", "one"), rebasing("2026-08-20", "two")]);
    assert_eq!(twice.groups[1].reason.as_deref(), Some("two"), "the later word stands");
    for outside in ["2020-01-06", "2030-01-07"] {
        assert_eq!(kindness(&facts, &world, &[rebasing(outside, "nothing")]).groups.len(), 1);
    }
}

#[test]
fn a_target_is_reached_or_not_and_a_ceiling_is_seen() {
    let world = world();
    let facts = story(&world, &SHIFT);
    let check = |target: f64, expected: Assurance, says: &str| {
        let measure: Measure = "domain:kindness".parse().unwrap();
        let world = world.clone().with_targets(BTreeMap::from([(measure, target)]));
        let found = kindness(&facts, &world, &[]);
        assert_eq!(found.assurance, expected, "{target}");
        assert_eq!(assurance_words(&found).unwrap(), says);
    };
    check(2.0, Assurance::Pass, "Target 2.0: will be met");
    check(8.0, Assurance::Inconsistent, "Target 8.0: met or missed by chance");
    let found = kindness(&facts, &world, &[]);
    assert!(found.near_ceiling, "{:?}", found.points[0]);
    assert!(found.points[0].upper_limit.unwrap() > 10.0, "the limit is kept as computed");
    assert_eq!(assurance_words(&found), None);
}

#[test]
fn problems_are_a_p_chart_and_laneys_where_they_spread_more() {
    let world = world();
    let problems = |fortnights: &[Option<usize>]| {
        let facts = story(&world, fortnights);
        let history = history(&facts, &world, "ward:W12", "2026-F23", TODAY).unwrap();
        let of = |measure: &str| signal(&history, &measure.parse().unwrap(), &[]).unwrap();
        let (domain, question) = (of("problem:domain:kindness"), of("problem:question:kindness"));
        assert_eq!(domain.points, question.points, "the domain has one question");
        domain
    };
    let quiet = problems(&[Some(8), Some(7), Some(8), Some(7), Some(8), Some(7), Some(8), Some(7)]);
    assert_eq!(quiet.chart, ChartKind::P);
    assert_eq!(quiet.points[0].figure.value, Some(20.0));
    assert_eq!((quiet.points[0].mean, quiet.points[0].lower_limit), (Some(25.0), Some(0.0)));
    let wild = problems(&[Some(10), Some(0), Some(10), Some(0), Some(10), Some(0), Some(10), Some(0)]);
    assert_eq!(wild.chart, ChartKind::PPrime);
    let worse = problems(&[&[Some(9); 12][..], &[Some(2)]].concat());
    assert!(matches!(worse.variation, Some(Variation::Concern(_))), "more problems are worse");
    assert!(worse.words.starts_with("Kindness, problems: the last fortnight, 80%, is above the upper limit of"));
    let none = problems(&[Some(10); 9]);
    assert_eq!((none.finding, none.points[0].mean), (Finding::Common, Some(0.0)));
}

/// The figures of a history are those of the score sheets, whatever the unit and however wards are added up.
#[test]
fn a_history_says_what_the_sheets_say() {
    let world = world();
    let facts = demonstration(&world);
    for unit in ["ward:W07", "department:surgery", "site:S2", "specialty:cardiology", "trust:DEMO"] {
        let history = history(&facts, &world, unit, "2026-F23", TODAY).unwrap();
        assert_eq!(history.fortnights().len(), 10);
        for measure in history.measures() {
            let found = signal(&history, &measure, &[]).unwrap();
            for point in &found.points {
                let period = world.calendar().period(&point.period).unwrap();
                let sheet = score(&facts, &world, &period, &unit.parse().unwrap(), TODAY).unwrap();
                let domain = |id: &wardvoice_protocol::id::DomainId| {
                    sheet.domains.iter().find(|domain| domain.id == *id).unwrap().clone()
                };
                let expected = match &measure {
                    Measure::Overall => sheet.overall.clone(),
                    Measure::Domain(id) => domain(id).figure,
                    Measure::FriendsAndFamily => sheet.friends_and_family.positive.clone(),
                    Measure::DomainProblem(id) => domain(id).questions[0].problem.figure.clone(),
                    Measure::QuestionProblem(_) => continue,
                };
                assert_eq!(point.figure, expected, "{unit} {measure} {}", point.period);
            }
        }
    }
}

pub(super) fn demonstration(world: &ScoringWorld) -> Facts {
    let past = demo_data::history(1, world.directory(), &inpatient(), world.calendar(), TODAY, 10).unwrap();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    for (moment, contact) in past {
        let on = world.calendar().day_of(moment).into();
        facts.insert(fact_of(&contact, on, on, world.vocabulary()).unwrap());
    }
    facts
}

#[test]
fn another_definition_is_another_series() {
    let world = series::two_series();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    for on in ["2026-12-08", "2026-12-22", "2027-01-05", "2027-01-19"] {
        insert(&world, &mut facts, on.parse().unwrap(), 3, 3);
    }
    let today = Date::constant(2027, 2, 10);
    let names = |until: &str| -> Vec<String> {
        let history = history(&facts, &world, "ward:W12", until, today).unwrap();
        history.fortnights().iter().map(ToString::to_string).collect()
    };
    assert_eq!(names("2026-F26"), ["2026-F25", "2026-F26"]);
    assert_eq!(names("2027-F02"), ["2027-F01", "2027-F02"]);
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let world = world();
    let facts = story(&world, &SHIFT);
    let check = |unit: &str, until: &str, measure: &str, says: &str| {
        let found = history(&facts, &world, unit, until, TODAY)
            .and_then(|history| signal(&history, &measure.parse().unwrap(), &[]));
        let said = found.unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    };
    check("ward:W99", "2026-F23", "overall", "no such unit");
    check("consultant:C07", "2026-F23", "overall", "six months");
    check("ward:W12", "2026-F25", "overall", "has not begun");
    check("ward:W12", "2026-F23", "domain:parking", "definition inpatient@3 has overall, domain:consistency");
}
