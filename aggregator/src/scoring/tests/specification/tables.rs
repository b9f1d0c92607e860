//! The tables themselves.

use wardvoice_protocol::questionnaire::OptionScore;

use super::super::*;
use super::{Expected, Table, expect};

const TEN: [(&str, i32); 3] = [("always", 10_000), ("sometimes", 5000), ("no", 0)];
const FIVE: [(&str, i32); 5] = [("one", 1000), ("two", 2000), ("three", 3000), ("four", 4000), ("five", 5000)];
const FOUR: [(&str, i32); 4] = [("never", 0), ("sometimes", 33_333), ("usually", 66_667), ("always", 100_000)];

fn rule(id: &str, options: &[(&str, i32)]) -> RuleFile {
    RuleFile {
        id: id.parse().unwrap(),
        not_applicable: NotApplicablePolicy::Missing,
        reversed: false,
        options: options
            .iter()
            .map(|(id, milli)| WorthFile { id: id.parse().unwrap(), score: OptionScore::Milli(*milli) })
            .collect(),
        top_box: Vec::new(),
        problem: Vec::new(),
    }
}

fn scale(id: &str, minimum_answered: u32, questions: Vec<RuleFile>) -> ScalePartFile {
    let id: wardvoice_protocol::id::DomainId = id.parse().unwrap();
    ScalePartFile { label: id.to_string(), id, minimum_answered, norm: None, questions, scales: Vec::new() }
}

fn definition(order: Order, scales: Vec<ScalePartFile>) -> DefinitionFile {
    let overall = OverallFile { label: "Overall".to_owned(), minimum_answered: 1, norm: None };
    DefinitionFile {
        format: 2,
        id: "table".parse().unwrap(),
        version: 1,
        title: "A table".to_owned(),
        questionnaire: "table@1".parse().unwrap(),
        order,
        option_values: OptionValues::AsTheQuestionnaire,
        scale: ScaleFile { lowest_milli: 0, highest_milli: 100_000 },
        reported: None,
        minimum_people: MinimumFile { question: 1, scale: 1, overall: 1 },
        overall: (!scales.is_empty()).then_some(overall),
        scales,
        case_mix: None,
        attribution: None,
        audiences: Vec::new(),
    }
}

fn ten_points(mut file: DefinitionFile) -> DefinitionFile {
    file.scale = ScaleFile { lowest_milli: 0, highest_milli: 10_000 };
    file
}

pub(super) fn tables() -> Vec<Table> {
    let mut tables = vec![
        question(),
        not_applicable(NotApplicablePolicy::Missing),
        not_applicable(NotApplicablePolicy::NoProblem),
    ];
    tables.extend([
        domains_and_overall(),
        minimum_people(),
        person_by_person(),
        reported(),
        reversed_and_nested(),
    ]);
    tables.extend([linear_mean_and_top_box(), composite()]);
    tables.extend([friends_and_family([40, 30, 10, 10, 5, 5]), friends_and_family([10, 20, 5, 5, 5, 5])]);
    tables.extend([nobody(), twelve_of_twelve(), case_mix()]);
    tables
}

fn question() -> Table {
    Table {
        title: "A question is the mean over whoever answered it",
        vectors: "T-01",
        says: "Whoever did not answer is not in the mean, whatever the reason. The interval is Student's t, cut to the scale.",
        formula: "mean = sum of points / n; interval = mean ± t(n - 1) × s / √n",
        source: "Student (W. S. Gosset), Biometrika 6, 1908; R `t.test`",
        definition: ten_points(definition(
            Order::OverPeople,
            vec![scale("respect", 1, vec![rule("respect", &TEN)])],
        )),
        also: Vec::new(),
        columns: vec!["respect"],
        people: vec![
            (2, vec!["always"]),
            (2, vec!["sometimes"]),
            (1, vec!["no"]),
            (3, vec!["declined"]),
            (2, vec!["dk"]),
            (1, vec!["na"]),
            (4, vec!["-"]),
        ],
        expected: vec![
            expect("question respect", "6.0", 5, "0.8057 to 10"),
            expect("scale respect", "6.0", 5, "0.8057 to 10"),
            expect("overall", "6.0", 5, "0.8057 to 10"),
            expect("top_box respect", "40", 5, ""),
            expect("problem respect", "60", 5, ""),
        ],
    }
}

fn not_applicable(policy: NotApplicablePolicy) -> Table {
    let options = [("definitely", 10_000), ("some", 5000), ("no", 0)];
    let mut pain = rule("pain", &options);
    pain.not_applicable = policy;
    let missing = policy == NotApplicablePolicy::Missing;
    Table {
        title: if missing { "\"Does not apply\" as missing" } else { "\"Does not apply\" as no problem" },
        vectors: "T-02 and T-03",
        says: "Validated forms of one questionnaire differ in exactly this, so it is said per question. A problem is any answer but the best.",
        formula: "problem = people who said some or no / people who count",
        source: "Relational Aspects of Care Questionnaire (C. Graham and others, 2018), both published scorings",
        definition: ten_points(definition(Order::OverPeople, vec![scale("pain", 1, vec![pain])])),
        also: Vec::new(),
        columns: vec!["pain"],
        people: vec![
            (60, vec!["definitely"]),
            (25, vec!["some"]),
            (10, vec!["no"]),
            (5, vec!["na"]),
            (7, vec!["declined"]),
        ],
        expected: if missing {
            vec![expect("question pain", "7.6316", 95, ""), expect("problem pain", "36.84", 95, "")]
        } else {
            vec![expect("question pain", "7.75", 100, ""), expect("problem pain", "35.00", 100, "")]
        },
    }
}

fn domains_and_overall() -> Table {
    let nurses = vec![rule("came", &TEN), rule("listened", &TEN)];
    let scales = vec![scale("nurses", 1, nurses), scale("food", 1, vec![rule("food", &TEN)])];
    Table {
        title: "Question, then domain, then overall",
        vectors: "",
        says: "A domain is the plain mean of its questions' scores and the overall score the plain mean of the domains', however many \
               answered each: few answers about food count as much as many about nurses. The interval knows that the answers of one person \
               belong together. n of a domain is how many answered any of its questions.",
        formula: "z = sum over questions of share × (answer - mean) / n of the question; error = √(n / (n - 1) × sum of z²)",
        source: "K. M. Wolter, Introduction to Variance Estimation, 2nd ed., 2007, chapter 6",
        definition: ten_points(definition(Order::OverPeople, scales)),
        also: Vec::new(),
        columns: vec!["came", "listened", "food"],
        people: vec![
            (4, vec!["always", "always", "declined"]),
            (2, vec!["sometimes", "-", "no"]),
            (1, vec!["na", "no", "sometimes"]),
            (1, vec!["declined", "dk", "-"]),
        ],
        expected: vec![
            expect("question came", "8.3333", 6, ""),
            expect("question listened", "8.0", 5, ""),
            expect("question food", "1.6667", 3, ""),
            expect("scale nurses", "8.1667", 7, ""),
            expect("overall", "4.9167", 7, ""),
        ],
    }
}

fn minimum_people() -> Table {
    let mut file = ten_points(definition(
        Order::OverPeople,
        vec![scale("respect", 1, vec![rule("respect", &TEN)]), scale("food", 1, vec![rule("food", &TEN)])],
    ));
    file.minimum_people = MinimumFile { question: 3, scale: 3, overall: 3 };
    Table {
        title: "Too few people",
        vectors: "",
        says: "A figure below its minimum has an n and no value, and leaves what it would be part of.",
        formula: "value only where n ≥ the minimum",
        source: "this project's rule",
        definition: file,
        also: Vec::new(),
        columns: vec!["respect", "food"],
        people: vec![(2, vec!["always", "no"]), (1, vec!["sometimes", "declined"])],
        expected: vec![
            expect("question respect", "8.3333", 3, ""),
            expect("question food", "none", 2, ""),
            expect("scale food", "none", 2, ""),
            expect("overall", "8.3333", 3, ""),
        ],
    }
}

fn engagement() -> DefinitionFile {
    let items =
        |name: &'static str| (1..=3).map(move |item| rule(&format!("{name}_{item}"), &FIVE)).collect::<Vec<_>>();
    let names = ["motivation", "involvement", "advocacy"];
    let scales = names.map(|name| scale(name, 2, items(name)));
    let mut file = definition(Order::PerPerson, scales.to_vec());
    file.scale = ScaleFile { lowest_milli: 1000, highest_milli: 5000 };
    file.overall = Some(OverallFile { label: "Engagement".to_owned(), minimum_answered: 3, norm: None });
    file
}

fn nine() -> Vec<&'static str> {
    vec![
        "motivation_1",
        "motivation_2",
        "motivation_3",
        "involvement_1",
        "involvement_2",
        "involvement_3",
        "advocacy_1",
        "advocacy_2",
        "advocacy_3",
    ]
}

fn person_by_person() -> Table {
    Table {
        title: "Item, then dimension, then overall, person by person",
        vectors: "T-20",
        says: "The order matters when answers are missing. The first person has dimensions 3.50, 3.33 and 4.00 and so 3.61. The second answered \
               one item of involvement, of which two are needed, and has no overall score.",
        formula: "of each person: mean of items, then of dimensions; then mean and t interval over people",
        source: "NHS Staff Survey, staff engagement theme, technical guide",
        definition: engagement(),
        also: Vec::new(),
        columns: nine(),
        people: vec![
            (1, vec!["three", "four", "declined", "three", "three", "four", "four", "four", "four"]),
            (1, vec!["five", "five", "five", "five", "declined", "-", "five", "five", "five"]),
        ],
        expected: vec![
            expect("scale motivation", "4.25", 2, ""),
            expect("scale involvement", "3.33", 1, ""),
            expect("scale advocacy", "4.50", 2, ""),
            expect("overall", "3.61", 1, ""),
        ],
    }
}

fn reported() -> Table {
    let mut file = engagement();
    file.reported = Some(ScaleFile { lowest_milli: 0, highest_milli: 10_000 });
    Table {
        title: "Reported on another scale",
        vectors: "T-20",
        says: "The ends of the one scale become the ends of the other: (x - 1) × 2.5.",
        formula: "reported = lowest + (x - lowest point) × (length of the reported scale / length of the points)",
        source: "NHS Staff Survey, technical guide",
        definition: file,
        also: Vec::new(),
        columns: nine(),
        people: vec![(1, vec!["three", "four", "declined", "three", "three", "four", "four", "four", "four"])],
        expected: vec![
            expect("question motivation_1", "5.0", 1, ""),
            expect("scale motivation", "6.25", 1, ""),
            expect("overall", "6.53", 1, ""),
        ],
    }
}

fn reversed_and_nested() -> Table {
    let mut tired = rule("tired", &FIVE);
    tired.reversed = true;
    let inner =
        vec![scale("energy", 1, vec![rule("keen", &FIVE), tired]), scale("team", 1, vec![rule("heard", &FIVE)])];
    let outer = ScalePartFile { scales: inner, ..scale("working", 1, Vec::new()) };
    let mut file = definition(Order::PerPerson, vec![outer, scale("leading", 1, vec![rule("clear", &FIVE)])]);
    file.scale = ScaleFile { lowest_milli: 1000, highest_milli: 5000 };
    Table {
        title: "Scales within scales, and reversed items",
        vectors: "",
        says: "A reversed item counts v as best + worst - v. Scales may hold scales to any depth. First person: energy (4 + 4) / 2, team 2, so \
               working 3; leading 5; overall 4. Second: energy 5, no team, so working 5; no leading; overall 5.",
        formula: "reversed v = highest + lowest - v; a scale = mean of its answered parts",
        source: "the usual scoring of multi-scale indices; all items made up",
        definition: file,
        also: Vec::new(),
        columns: vec!["keen", "tired", "heard", "clear"],
        people: vec![(1, vec!["four", "two", "two", "five"]), (1, vec!["declined", "one", "-", "dk"])],
        expected: vec![
            expect("question tired", "4.5", 2, ""),
            expect("scale energy", "4.5", 2, ""),
            expect("scale team", "2", 1, ""),
            expect("scale working", "4.0", 2, ""),
            expect("overall", "4.5", 2, ""),
        ],
    }
}

fn linear_mean_and_top_box() -> Table {
    Table {
        title: "Linear mean and top box",
        vectors: "T-22",
        says: "Four steps at 0, 33.3, 66.7 and 100; the top box is the share of the best answer.",
        formula: "linear mean = sum of steps / n; top box = people with the best answer / n",
        source: "CAHPS, linear mean scores and top-box scores (Centers for Medicare & Medicaid Services)",
        definition: definition(Order::OverPeople, vec![scale("nurses", 1, vec![rule("nurses", &FOUR)])]),
        also: Vec::new(),
        columns: vec!["nurses"],
        people: vec![
            (2, vec!["never"]),
            (3, vec!["sometimes"]),
            (15, vec!["usually"]),
            (80, vec!["always"]),
            (9, vec!["declined"]),
        ],
        expected: vec![
            expect("question nurses", "91.0", 100, ""),
            expect("top_box nurses", "80", 100, "71.1 to 86.7"),
        ],
    }
}

fn composite() -> Table {
    let yes = [("yes", 100_000), ("no", 0)];
    let rules = ["listened", "explained", "respected"].map(|id| rule(id, &yes));
    Table {
        title: "A composite is the plain mean of its items",
        vectors: "T-21",
        says: "Items of 85, 76 and 75 make 78.67, shown as 79.",
        formula: "composite = mean of the items' scores",
        source: "CAHPS, composite measures",
        definition: definition(Order::OverPeople, vec![scale("communication", 1, rules.to_vec())]),
        also: Vec::new(),
        columns: vec!["listened", "explained", "respected"],
        people: vec![
            (75, vec!["yes", "yes", "yes"]),
            (1, vec!["yes", "yes", "no"]),
            (9, vec!["yes", "no", "no"]),
            (15, vec!["no", "no", "no"]),
            (6, vec!["declined", "declined", "-"]),
        ],
        expected: vec![
            expect("question listened", "85", 100, ""),
            expect("question explained", "76", 100, ""),
            expect("question respected", "75", 100, ""),
            expect("scale communication", "79", 100, ""),
        ],
    }
}

fn test_options() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![("friends_and_family", wardvoice_protocol::questionnaire::FRIENDS_AND_FAMILY_OPTIONS.to_vec())]
}

fn friends_and_family(counts: [usize; 6]) -> Table {
    let first = counts[0] == 40;
    let options = wardvoice_protocol::questionnaire::FRIENDS_AND_FAMILY_OPTIONS;
    let mut people: Vec<(usize, Vec<&'static str>)> =
        counts.into_iter().zip(options.map(|option| vec![option])).collect();
    people.push((3, vec!["declined"]));
    let n = counts.iter().sum::<usize>() as u64;
    Table {
        title: if first { "The friends and family test" } else { "The friends and family test again" },
        vectors: if first { "T-04" } else { "T-06" },
        says: "\"Don't know\" is in the total. Whoever did not answer is not.",
        formula: "positive = (very good + good) / all six; negative = (poor + very poor) / all six",
        source: "NHS England, Friends and Family Test guidance, 2020",
        definition: definition(Order::OverPeople, Vec::new()),
        also: test_options(),
        columns: vec!["friends_and_family"],
        people,
        expected: if first {
            vec![expect("positive", "70", n, ""), expect("negative", "15", n, "")]
        } else {
            vec![expect("positive", "60", n, ""), expect("negative", "20", n, "")]
        },
    }
}

fn nobody() -> Table {
    Table {
        title: "Nobody answered",
        vectors: "T-05",
        says: "Without answers there is no figure, never 0.",
        formula: "none",
        source: "NHS England, Friends and Family Test guidance, 2020",
        definition: ten_points(definition(
            Order::OverPeople,
            vec![scale("respect", 1, vec![rule("respect", &TEN)])],
        )),
        also: test_options(),
        columns: vec!["respect", "friends_and_family"],
        people: vec![(2, vec!["na", "declined"]), (1, vec!["-", "-"])],
        expected: ["question respect", "problem respect", "scale respect", "overall", "positive", "negative"]
            .map(|what| expect(what, "none", 0, ""))
            .into_iter()
            .collect(),
    }
}

fn twelve_of_twelve() -> Table {
    Table {
        title: "The interval of a share",
        vectors: "T-27",
        says: "Wilson's interval is not empty at 100 %.",
        formula: "(p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n)",
        source: "E. B. Wilson, Journal of the American Statistical Association 22, 1927",
        definition: definition(Order::OverPeople, Vec::new()),
        also: test_options(),
        columns: vec!["friends_and_family"],
        people: vec![(12, vec!["good"]), (5, vec!["declined"])],
        expected: vec![expect("positive", "100", 12, "75.75 to 100"), expect("negative", "0", 12, "0 to 24.25")],
    }
}

fn case_mix() -> Table {
    let options: Vec<(String, i32)> = (0..=20).map(|step| (format!("p{step}"), step * 500)).collect();
    // Eleven options are the most; these five are what the cells say.
    let used = ["p12", "p14", "p16", "p17", "p18"];
    let options: Vec<(&str, i32)> = options
        .iter()
        .filter(|(id, _)| used.contains(&id.as_str()))
        .map(|(id, milli)| (id.as_str(), *milli))
        .collect();
    let mut file = ten_points(definition(Order::OverPeople, vec![scale("care", 1, vec![rule("care", &options)])]));
    let cells = ["a", "b", "c", "d", "e"];
    let counts = [10, 10, 15, 20, 45];
    let cell = |(id, count): (&str, u64)| CellCountFile { cell: vec![id.parse().unwrap()], count };
    file.case_mix = Some(CaseMixFile {
        by: vec!["group".parse().unwrap()],
        cap_milli: 5000,
        population: PopulationFile::Counts(cells.into_iter().zip(counts).map(cell).collect()),
    });
    let expected: Vec<Expected> =
        vec![expect("overall", "8.44554", 101, ""), expect("standardised", "8.125", 100, "")];
    Table {
        title: "Standardised for case mix",
        vectors: "T-26",
        says: "Weights 5, 2.5, 2.5, 1 and 0.6618. The standardised score stands beside the plain one, which here has one person more, whose \
               group is not known.",
        formula: "weight of a cell = min(cap, standard share / unit share); mean = sum of weight × score / sum of weights",
        source: "Care Quality Commission, NHS patient survey programme, methods; worked example of the project",
        definition: file,
        also: vec![("group", cells.to_vec())],
        columns: vec!["group", "care"],
        people: vec![
            (2, vec!["a", "p12"]),
            (4, vec!["b", "p14"]),
            (6, vec!["c", "p16"]),
            (20, vec!["d", "p18"]),
            (68, vec!["e", "p17"]),
            (1, vec!["declined", "p14"]),
            (3, vec!["a", "declined"]),
        ],
        expected,
    }
}
