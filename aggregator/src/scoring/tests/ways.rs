//! Many ways, one answer: one sheet, all sheets, sheets that are kept up to date, and the sums beneath them.

use super::*;
use crate::facts::Fact;
use crate::scoring::bulk::Bulk;
use crate::scoring::scheme::Rule;
use crate::scoring::score::Making;
use crate::scoring::tally::{Depth, Gathering, Tally};
use crate::scoring::world::Members;
use crate::statistics::joint_sums::{JointSums, Pairs};

fn rows(contacts: &[(Contact, u8)], world: &ScoringWorld) -> Vec<Fact> {
    let day = |after: u8| DayNumber::from_count(day("2026-11-05").count() + i32::from(after));
    let row = |(place, (contact, after)): (usize, &(Contact, u8))| {
        let consultant = ["C01", "C02", "C12"]
            .get(place % 4)
            .map(|id| Attribution { consultant: id.parse().unwrap(), source: AttributionSource::Roster });
        let contact = Contact { attribution: consultant, ..contact.clone() };
        fact_of(&contact, day(*after), day(*after), world.vocabulary()).unwrap()
    };
    contacts.iter().enumerate().map(row).collect()
}

fn bytes(sheet: &ScoreSheet) -> String {
    serde_json::to_string(sheet).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn one_sheet_all_sheets_and_living_sheets_are_the_same_bytes(contacts in contacts()) {
        let world = world();
        let periods: Vec<Period> = [PERIOD, "2026-11", "2026-H2"].map(|name| world.calendar().period(name).unwrap()).into();
        let (mut facts, all) = (Facts::new(Arc::clone(world.vocabulary())), rows(&contacts, &world));
        let (before, after) = all.split_at(all.len() / 2);
        for fact in before {
            facts.insert(*fact);
        }
        let mut live = Live::default();
        let units = world.units();
        for (place, fact) in after.iter().enumerate() {
            facts.insert(*fact);
            let (period, (unit, _)) = (periods.get(place % 3).unwrap(), units.get(place % units.len()).unwrap());
            let sheet = live.sheet(&facts, &world, period, unit, TODAY).unwrap();
            prop_assert_eq!(bytes(&sheet), bytes(&score(&facts, &world, period, unit, TODAY).unwrap()));
        }
        let units: Vec<Unit> = units.into_iter().map(|(unit, _)| unit).collect();
        let living = live.sheets(&facts, &world, &periods, &units, TODAY).unwrap();
        prop_assert_eq!(living.len(), periods.len() * units.len());
        for (period, living) in periods.iter().zip(living.chunks(units.len())) {
            let sheets = score_all(&facts, &world, period, None, TODAY).unwrap();
            prop_assert_eq!(sheets.len(), units.len());
            for (sheet, living) in sheets.iter().zip(living) {
                let one = score(&facts, &world, period, &sheet.unit, TODAY).unwrap();
                prop_assert_eq!(bytes(sheet), bytes(&one));
                prop_assert_eq!(bytes(living), bytes(&one));
            }
        }
    }

    /// What is looked back on is what stood: the facts that came later change nothing.
    #[test]
    fn an_earlier_sheet_can_be_made_again(contacts in contacts()) {
        let world = world();
        let period = world.calendar().period("2026-H2").unwrap();
        let unit: Unit = "trust:DEMO".parse().unwrap();
        let mut all = rows(&contacts, &world);
        all.sort_unstable_by_key(Fact::arrival_day);
        let then = Date::constant(2026, 11, 12);
        let (mut facts, mut published) = (Facts::new(Arc::clone(world.vocabulary())), None);
        for fact in all {
            if fact.arrival_day().date().unwrap() > then && published.is_none() {
                published = Some(score(&facts, &world, &period, &unit, then).unwrap());
            }
            facts.insert(fact);
        }
        if let Some(published) = published {
            prop_assert_eq!(bytes(&published), bytes(&score(&facts, &world, &period, &unit, then).unwrap()));
        }
    }

    /// Slow and obvious: one by one. Tables are counted into twice before they are emptied.
    #[test]
    fn tables_sum_what_adding_one_by_one_sums(
        rows in prop::collection::vec(any::<u128>(), 0..900),
        first in 0..900_usize,
        definition in 0..4_usize,
    ) {
        let scheme = &schemes()[definition];
        let bulk = Bulk::new(scheme).unwrap();
        let empty = || JointSums::new(scheme.items(), Pairs::All);
        let (mut fast, mut slow) = (empty(), empty());
        let mut patterns = bulk.nobody();
        let (some, others) = rows.split_at(first.min(rows.len()));
        bulk.count(some, &mut patterns);
        bulk.count(others, &mut patterns);
        bulk.pour(patterns, &mut fast);
        let mut values = Vec::new();
        for row in &rows {
            let answered = scheme.person(*row, &mut values);
            slow.add(answered, &values, 1);
        }
        prop_assert_eq!(fast, slow);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    /// So many people that a cell's tables are counted into more than once: every tally is what adding one by one gives, and
    /// every sheet of all is the one alone.
    #[test]
    fn many_people_are_summed_as_few_are(contacts in contacts()) {
        let world = world();
        let (mut facts, all) = (Facts::new(Arc::clone(world.vocabulary())), rows(&contacts, &world));
        for fact in all.iter().cycle().take(6_000) {
            facts.insert(*fact);
        }
        let period = world.calendar().period("2026-H2").unwrap();
        let making = Making::new(&facts, &world, period, &Cut::default(), None, TODAY).unwrap();
        let wards = Members::Wards((0..world.vocabulary().ward_count()).collect());
        let tally = making.tally(&facts, &wards, Depth::Cells);
        let rules = making.rules();
        let mut slow = Tally::new(&rules);
        for fact in facts.days(period.start(), period.last()) {
            if let Some(counted) = rules.counted(fact) {
                slow.add(&rules, &counted);
            }
        }
        prop_assert!(tally == slow, "{tally:?} is not {slow:?}");
        // Without room for the tables of all cells they are filled one cell after another.
        let mut one_by_one = Gathering::within(rules, 0);
        facts.days(period.start(), period.last()).for_each(|fact| one_by_one.add(fact));
        let one_by_one = one_by_one.close();
        prop_assert!(one_by_one == slow, "{one_by_one:?} is not {slow:?}");
        let sheets = score_all(&facts, &world, &period, None, TODAY).unwrap();
        for unit in ["trust:DEMO", "ward:W12", "consultant:C01", "consultant:C12"] {
            let unit: Unit = unit.parse().unwrap();
            let one = score(&facts, &world, &period, &unit, TODAY).unwrap();
            let of_all = sheets.iter().find(|sheet| sheet.unit == unit).unwrap();
            prop_assert_eq!(bytes(of_all), bytes(&one));
        }
    }

    /// More periods than are watched, more news than is remembered, another day: every sheet is still what the facts say.
    #[test]
    fn a_living_sheet_forgets_rather_than_lie(contacts in contacts()) {
        let world = world();
        let (mut facts, all) = (Facts::new(Arc::clone(world.vocabulary())), rows(&contacts, &world));
        let mut live = Live::default();
        let unit: Unit = "trust:DEMO".parse().unwrap();
        for turn in 0..3 {
            for fact in all.iter().cycle().take(4_200) {
                facts.insert(*fact);
            }
            for number in 1..=26 {
                let period = Period::Fortnight(world.calendar().fortnight(2026, number).unwrap());
                let today = if turn == 1 { TODAY.tomorrow().unwrap() } else { TODAY };
                if period.start() > today {
                    continue;
                }
                let sheet = live.sheet(&facts, &world, &period, &unit, today).unwrap();
                prop_assert_eq!(bytes(&sheet), bytes(&score(&facts, &world, &period, &unit, today).unwrap()));
            }
        }
    }
}

/// Three options, five options, one question alone, and so many that a pattern has no room for which of them were answered.
fn schemes() -> Vec<super::super::scheme::Scheme> {
    let staff = Questionnaire::staff_engagement().unwrap();
    let mut file = shipped::definition("staff-engagement@1", &staff).file().clone();
    file.order = Order::OverPeople;
    let mut one = Definition::inpatient(&inpatient()).unwrap().file().clone();
    one.option_values = OptionValues::ItsOwn;
    one.scales.truncate(1);
    one.attribution = None;
    let mut many = Definition::inpatient(&inpatient()).unwrap().scheme().clone();
    let rule = many.rules[0].clone();
    many.rules = (0..26).map(|position| Rule { position, ..rule.clone() }).collect();
    vec![
        Definition::inpatient(&inpatient()).unwrap().scheme().clone(),
        Definition::new(file, &staff).unwrap().scheme().clone(),
        Definition::new(one, &inpatient()).unwrap().scheme().clone(),
        many,
    ]
}

/// A pencil finds the same.
#[test]
fn every_step_is_explained_and_ends_where_the_sheet_does() {
    let world = world();
    let answers = ["always", "always", "sometimes", "no", "sometimes"];
    let facts = facts(
        &world,
        answers.map(|answer| {
            contact(&[
                ("respect", option(answer)),
                ("age", option("36-50")),
                ("sex", option("female")),
                ("admission", option("planned")),
            ])
        }),
    );
    let ask = Ask {
        period: world.calendar().period(PERIOD).unwrap(),
        unit: "ward:W12".parse().unwrap(),
        cut: Cut::default(),
        definition: None,
    };
    let found = explain(&facts, &world, &ask, TODAY).unwrap();
    assert_eq!(bytes(&found.sheet), bytes(&score_asked(&facts, &world, &ask, TODAY).unwrap()));
    let text: Vec<String> = found
        .steps
        .iter()
        .flat_map(|step| std::iter::once(format!("# {}", step.title)).chain(step.lines.clone()))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}
