//! A new version starts a new series, and nothing published changes.

use super::*;

/// Version 2 until the end of the year, then one that counts "sometimes" as nothing.
pub(super) fn two_series() -> ScoringWorld {
    let directory = Directory::try_from(demo_data::directory(1)).unwrap();
    let calendar = Calendar::new(Date::constant(2026, 1, 5)).unwrap();
    let vocabulary = Arc::new(Vocabulary::new(&directory, &[inpatient()]).unwrap());
    let second = super::shipped::definition("inpatient@2", &inpatient());
    let mut file = second.file().clone();
    file.version = 3;
    file.option_values = OptionValues::ItsOwn;
    for option in file.scales.iter_mut().flat_map(|scale| &mut scale.questions).map(|rule| &mut rule.options[1]) {
        option.score = wardvoice_protocol::questionnaire::OptionScore::Milli(0);
    }
    let third = Definition::new(file, &inpatient()).unwrap();
    let series = vec![SeriesStart { from: Date::constant(2027, 1, 1), definition: third.reference() }];
    ScoringWorld::with(directory, calendar, vocabulary, vec![second, third], series, 7).unwrap()
}

#[test]
fn a_period_belongs_to_the_series_of_its_first_day() {
    let world = two_series();
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    for on in ["2026-12-30", "2027-01-05"] {
        let contact = contact(&[("respect", option("sometimes"))]);
        facts.insert(fact_of(&contact, day(on), day(on), world.vocabulary()).unwrap());
    }
    let today = Date::constant(2027, 3, 1);
    let check = |period: &str, asked: Option<&str>, version: u32, in_force: bool, value: f64| {
        let ask = Ask {
            period: world.calendar().period(period).unwrap(),
            unit: "ward:W12".parse().unwrap(),
            cut: Cut::default(),
            definition: asked.map(|asked| definition_ref(asked).unwrap()),
        };
        let sheet = score_asked(&facts, &world, &ask, today).unwrap();
        let found = (sheet.definition.version, sheet.in_force, sheet.overall.value);
        assert_eq!(found, (version, in_force, Some(value)), "{period} {asked:?}");
    };
    check("2026-12", None, 2, true, 5.0);
    check("2026-12", Some("inpatient@3"), 3, false, 0.0);
    check("2027-01", None, 3, true, 0.0);
    check("2027-01", Some("inpatient@2"), 2, false, 5.0);
    // The fortnight of 21 December to 3 January began under the old series and stays in it.
    check("2026-F26", None, 2, true, 5.0);
    let ask = Ask {
        period: world.calendar().period("2027-01").unwrap(),
        unit: "ward:W12".parse().unwrap(),
        cut: Cut::default(),
        definition: Some(definition_ref("inpatient@9").unwrap()),
    };
    let error = score_asked(&facts, &world, &ask, today).unwrap_err().to_string();
    assert_eq!(error, "score by inpatient@9: the definitions are inpatient@2, inpatient@3");
}

#[test]
fn a_series_names_what_there_is_and_begins_once() {
    let world = two_series();
    let definitions = || world.definitions().cloned().collect::<Vec<_>>();
    let with = |definitions, series| {
        let (directory, calendar) = (world.directory().clone(), world.calendar().clone());
        ScoringWorld::with(directory, calendar, Arc::clone(world.vocabulary()), definitions, series, 7)
    };
    let start = |day: i8, id: &str| SeriesStart {
        from: Date::constant(2027, 1, day),
        definition: definition_ref(id).unwrap(),
    };
    let refused = |definitions, series, expected: &str| {
        assert_eq!(with(definitions, series).unwrap_err().to_string(), expected);
    };
    refused(definitions(), vec![start(1, "ours@1")], "score by ours@1: there is no such definition");
    let twice = vec![start(1, "inpatient@2"), start(1, "inpatient@3")];
    refused(definitions(), twice, "score by inpatient@3: another series begins on the same day");
    let two = [definitions(), definitions()].concat();
    refused(two, Vec::new(), "score by inpatient@2: it stands twice");
    refused(Vec::new(), Vec::new(), "score anything: there is no definition");
}

#[test]
fn periods_of_other_kinds_have_one_before() {
    let world = world();
    let check = |period: &str, expected: &str| {
        let period = world.calendar().period(period).unwrap();
        assert_eq!(previous(world.calendar(), &period).unwrap().to_string(), expected);
    };
    check("6m-2026-11-22", "6m-2026-05-24");
    check("2026-11-01..2026-11-14", "2026-10-18..2026-10-31");
    check("2026-11-01..2026-11-01", "2026-10-31..2026-10-31");
}
