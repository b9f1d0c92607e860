//! Cuts are data.

use super::*;

fn cut_sheet(world: &ScoringWorld, facts: &Facts, cut: &str) -> Result<ScoreSheet, String> {
    let ask = Ask {
        period: world.calendar().period(PERIOD).unwrap(),
        unit: "ward:W12".parse().unwrap(),
        cut: cut.parse().map_err(|error: CutError| error.to_string())?,
        definition: None,
    };
    score_asked(facts, world, &ask, TODAY).map_err(|error| error.to_string())
}

#[test]
fn a_cut_is_a_part_of_the_people() {
    let world = world();
    let mut contacts = vec![
        contact(&[("respect", option("always")), ("age", option("81plus")), ("sex", option("female"))]),
        contact(&[("respect", option("no")), ("age", option("81plus")), ("sex", option("male"))]),
        contact(&[("respect", option("sometimes")), ("age", option("16-35")), ("admission", option("planned"))]),
        contact(&[("respect", option("no"))]),
    ];
    contacts[1].mode = Mode::Interview;
    contacts[2].language = "cy".parse().unwrap();
    contacts
        .extend([approached(Outcome::Asleep), Contact { mode: Mode::Interview, ..approached(Outcome::Declined) }]);
    let facts = facts(&world, contacts);
    let check = |cut: &str, responses: u64, respect: Option<f64>| {
        let sheet = cut_sheet(&world, &facts, cut).unwrap();
        let found = question(&sheet, "respect").figure.value;
        assert_eq!((sheet.responses, found), (responses, respect), "{cut}");
        sheet
    };
    assert_eq!(check("", 4, Some(3.75)).cut, None);
    check("mode=self", 3, Some(5.0));
    check("mode=self,mode=interview", 4, Some(3.75));
    check("language=cy", 1, Some(5.0));
    check("age=81+", 2, Some(5.0));
    check("age_band=81plus,sex=female", 1, Some(10.0));
    check("sex=female,sex=male", 2, Some(5.0));
    check("sex=declined", 2, Some(2.5));
    check("admission=emergency", 0, None);
    check("attribution=nobody", 4, Some(3.75));
    check("respect=no", 2, Some(0.0));
    let by_mode = cut_sheet(&world, &facts, "mode=interview").unwrap();
    assert_eq!((by_mode.response_rate.value, by_mode.response_rate.n, by_mode.plan), (Some(50.0), 2, None));
    let by_age = cut_sheet(&world, &facts, "age=81+").unwrap();
    assert_eq!(by_age.response_rate.value, None, "who was asleep did not say how old they are");
    assert_eq!(by_age.cut.as_deref(), Some("age=81+"));
}

#[test]
fn cuts_that_mean_nothing_are_refused() {
    let world = world();
    let facts = facts(&world, []);
    let check = |cut: &str, expected: &str| {
        let error = cut_sheet(&world, &facts, cut).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    };
    check("mode", "read the cut \"mode\": write field=value");
    check("=self", "read the cut");
    check("mode=alone", "cut by mode=alone: its values are self, assisted, interview, proxy");
    check("language=xx", "cut by language=xx: its values are the languages");
    check("shoe_size=9", "cut by shoe_size: the fields are mode, language, attribution, consistency");
    check("good=yes", "cut by good: the fields are");
    check("age=80+", "cut by age=80+: its values are 16-35, 36-50, 51-65, 66-80, 81plus, not_shown");
}

proptest! {
    #[test]
    fn cuts_have_one_spelling(text in "([a-z_]{1,6}=[a-z0-9+]{1,5},?){0,4}") {
        if let Ok(cut) = text.parse::<Cut>() {
            prop_assert_eq!(cut.to_string().parse::<Cut>().unwrap(), cut);
        }
    }
}
