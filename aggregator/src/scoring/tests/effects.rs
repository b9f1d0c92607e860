//! The effect of a change, and wards beside each other: what is known to be there is found, and nothing else is said.

use jiff::ToSpan;

use super::signals::{demonstration, fortnight};
use super::*;

fn change(measure: &str, done: &str, others: &[&str]) -> Change {
    Change {
        unit: "ward:W12".parse().unwrap(),
        measure: measure.parse().unwrap(),
        done: done.parse().unwrap(),
        others: others.iter().map(|day| day.parse().unwrap()).collect(),
    }
}

/// People of W12 on a day: so many content, so many half.
fn people(world: &ScoringWorld, facts: &mut Facts, on: &str, always: usize, sometimes: usize) {
    for (id, many) in [("always", always), ("sometimes", sometimes)] {
        for _ in 0..many {
            let contact = contact(&[("kindness", option(id))]);
            facts.insert(fact_of(&contact, day(on), day(on), world.vocabulary()).unwrap());
        }
    }
}

/// 20 of 40 before, 30 of 40 after: means 7.5 and 8.75. By hand: variances 25 x 20/40 x 20/40 x 40/39 = 6.41026 and 4.80769 of one
/// person, standard errors 0.40032 and 0.34669, together 0.52957; degrees of freedom 76.44, t 1.99167 at 76: 1.25 +- 1.05473.
#[test]
fn a_difference_has_the_interval_a_pencil_finds() {
    let world = world();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    people(&world, &mut facts, "2026-09-01", 20, 20);
    people(&world, &mut facts, "2026-09-20", 0, 9);
    people(&world, &mut facts, "2026-10-05", 30, 10);
    let found = effect(&facts, &world, &change("domain:kindness", "2026-09-20", &[]), TODAY).unwrap();
    assert_eq!((found.before.figure.n, found.after.figure.n), (40, 40), "the day itself counts to neither side");
    let near = |value: Option<f64>, expected: f64| assert!((value.unwrap() - expected).abs() < 5e-5, "{value:?}");
    near(found.difference, 1.25);
    near(found.lower, 1.25 - 1.05473);
    near(found.upper, 1.25 + 1.05473);
    assert_eq!(found.finding, EffectFinding::Better);
    assert_eq!(
        found.words,
        "Kindness: 7.5 before, 8.8 after: +1.2 (0.2 to 2.3), 40 and 40 patients; other things changed too"
    );
    let overall = effect(&facts, &world, &change("overall", "2026-09-20", &[]), TODAY).unwrap();
    assert_eq!(overall.difference, found.difference);
}

#[test]
fn a_share_has_newcombes_interval() {
    // R. G. Newcombe, Statistics in Medicine 17, 1998, table II, method 10: 56/70 against 48/80 is 0.2000 (0.0524 to 0.3339).
    let world = world();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    people(&world, &mut facts, "2026-09-01", 80 - 48, 48);
    people(&world, &mut facts, "2026-10-05", 70 - 56, 56);
    let found = effect(&facts, &world, &change("problem:domain:kindness", "2026-09-20", &[]), TODAY).unwrap();
    let near = |value: Option<f64>, expected: f64| assert!((value.unwrap() - expected).abs() < 0.005, "{value:?}");
    near(found.difference, 20.0);
    near(found.lower, 5.24);
    near(found.upper, 33.39);
    assert_eq!(found.finding, EffectFinding::Worse, "more problems are worse");
    assert!(
        found.words.starts_with("Kindness, problems: 60% before, 80% after: +20 (5 to 33)"),
        "{}",
        found.words
    );
}

#[test]
fn windows_end_at_other_changes_at_six_fortnights_and_today() {
    let world = world();
    let facts = Facts::new(Arc::clone(world.vocabulary()));
    let check = |done: &str, others: &[&str], expected: [&str; 4]| {
        let found = effect(&facts, &world, &change("overall", done, others), TODAY).unwrap();
        let days = [found.before.first_day, found.before.last_day, found.after.first_day, found.after.last_day];
        assert_eq!(days.map(|day| day.to_string()), expected, "{done} {others:?}");
        assert_eq!(found.finding, EffectFinding::TooFew);
    };
    check("2026-07-01", &[], ["2026-04-08", "2026-06-30", "2026-07-02", "2026-09-23"]);
    check("2026-11-01", &[], ["2026-08-09", "2026-10-31", "2026-11-02", "2026-11-23"]);
    check(
        "2026-07-01",
        &["2026-06-10", "2026-05-01", "2026-08-01", "2026-07-01"],
        ["2026-06-11", "2026-06-30", "2026-07-02", "2026-07-31"],
    );
    // Done today: nobody can have answered since.
    check("2026-11-23", &[], ["2026-08-31", "2026-11-22", "2026-11-24", "2026-11-23"]);
}

#[test]
fn too_few_people_are_too_few_to_tell() {
    let world = world();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    people(&world, &mut facts, "2026-09-01", 0, 30);
    people(&world, &mut facts, "2026-10-05", 19, 0);
    let found = effect(&facts, &world, &change("domain:kindness", "2026-09-20", &[]), TODAY).unwrap();
    assert_eq!((found.finding, found.difference), (EffectFinding::TooFew, None));
    assert_eq!(found.words, "Kindness: too few to tell (30 and 19 patients; 20 are needed on each side)");
}

/// W07 became kinder by 2.8 points after the sixth of ten fortnights; everything else of it stayed.
#[test]
fn the_known_effect_is_found_in_its_measure() {
    let world = world();
    let facts = demonstration(&world);
    let sixth = fortnight(&world, "2026-F19");
    let change = |measure: &str| Change {
        unit: "ward:W07".parse().unwrap(),
        measure: measure.parse().unwrap(),
        done: sixth.last(),
        others: Vec::new(),
    };
    let found = effect(&facts, &world, &change("domain:kindness"), TODAY).unwrap();
    assert_eq!(found.finding, EffectFinding::Better);
    assert!(found.lower.unwrap() < 2.8 && found.upper.unwrap() > 2.8, "{}", found.words);
    let noise = effect(&facts, &world, &change("domain:noise"), TODAY).unwrap();
    assert_eq!(noise.finding, EffectFinding::MayBeChance, "{}", noise.words);
    assert!(noise.words.ends_with("; the difference may be chance"));
}

fn compare(facts: &Facts, world: &ScoringWorld, unit: &str, measure: &str) -> Comparison {
    let mut grains = |ward, fortnight| grain(facts, world, ward, fortnight, TODAY).map(Arc::new);
    let fortnights: Vec<_> = (14..=23).map(|number| fortnight(world, &format!("2026-F{number}"))).collect();
    let unit = unit.parse().unwrap();
    let peers = Peers::new(facts, world, &unit, &fortnights, TODAY, &mut grains).unwrap();
    peers.compare(&measure.parse().unwrap()).unwrap()
}

#[test]
fn the_ward_without_rest_lies_far_below_and_wards_stand_in_the_alphabets_order() {
    let world = world();
    let facts = demonstration(&world);
    for (measure, expected) in
        [("domain:noise", PlaceInFunnel::FarBelow), ("problem:domain:noise", PlaceInFunnel::FarAbove)]
    {
        let found = compare(&facts, &world, "trust:DEMO", measure);
        assert_eq!(found.wards.len(), 26);
        let far: Vec<_> = found
            .wards
            .iter()
            .filter(|ward| matches!(ward.place, PlaceInFunnel::FarBelow | PlaceInFunnel::FarAbove))
            .map(|ward| (ward.unit.to_string(), ward.place))
            .collect();
        assert!(far.contains(&("ward:W15".to_owned(), expected)), "{measure}: {far:?}");
        assert!(found.words.contains("Ward 15"), "{}", found.words);
        let names: Vec<_> = found.wards.iter().map(|ward| ward.name.as_str()).collect();
        assert!(names[1].starts_with("Ward 2 ") && names[9].starts_with("Ward 10 "), "{names:?}");
        assert!(!found.words.contains("NaN") && found.i_squared.is_some());
    }
    // Where nothing was put, nobody stands out.
    let dignity = compare(&facts, &world, "trust:DEMO", "domain:dignity");
    let far = dignity.wards.iter().filter(|ward| matches!(ward.place, PlaceInFunnel::FarAbove)).count();
    assert_eq!(far, 0, "{}", dignity.words);
}

#[test]
fn few_wards_have_no_widened_limits_and_few_people_are_not_compared() {
    let world = world();
    let facts = demonstration(&world);
    let site = compare(&facts, &world, "department:older_people", "overall");
    assert!(site.wards.len() < 10 && !site.adjusted);
    // Five people on one ward, and one who is alone on another, are named and not shown.
    let mut few = Facts::new(Arc::clone(world.vocabulary()));
    people(&world, &mut few, "2026-10-05", 5, 0);
    let found = compare(&few, &world, "trust:DEMO", "domain:kindness");
    assert!(found.wards.is_empty());
    assert_eq!(found.left_out.len(), 26);
    assert_eq!(found.words, "Kindness: nothing to compare. Fewer than 2 wards have 6 answers or more.");
    // Six who all say the same have no spread, and so no limits and no certainty.
    people(&world, &mut few, "2026-10-06", 1, 0);
    let found = compare(&few, &world, "trust:DEMO", "domain:kindness");
    assert_eq!(found.wards[0].limits, None);
    assert_eq!(found.wards[0].place, PlaceInFunnel::Inside);
}

#[test]
fn names_are_in_the_order_people_look_them_up_in() {
    let mut names = ["Ward 10", "ward 2", "Ward 2b", "Annexe", "Ward 1", "Ward"];
    names.sort_by(|left, right| by_name(left, right));
    assert_eq!(names, ["Annexe", "Ward", "Ward 1", "ward 2", "Ward 2b", "Ward 10"]);
}

/// A grain is kept under a stamp that changes with every new fact and with no other day.
#[test]
fn a_closed_fortnights_stamp_is_the_same_on_every_later_day() {
    let world = world();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    people(&world, &mut facts, "2026-10-05", 5, 0);
    let ward = world.vocabulary().ward_index(&"W12".parse().unwrap()).unwrap();
    let fortnight = fortnight(&world, "2026-F20");
    let on = |facts: &Facts, today: Date| grain_stamp(facts, ward, fortnight, today);
    let before = on(&facts, TODAY);
    assert_eq!(on(&facts, TODAY.saturating_add(30.days())), before);
    assert_ne!(on(&facts, Date::constant(2026, 10, 4)), before, "what came later is not in it");
    people(&world, &mut facts, "2026-10-06", 1, 0);
    assert_ne!(on(&facts, TODAY), before);
}
