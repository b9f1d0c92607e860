//! What is published of a trust: by our rule, by the national rules, and by two rules that look sound and are not.

use wardvoice_aggregator::publication::{Circle, Decision, Group, Ladder, MINIMUM, Told, decide};
use wardvoice_aggregator::statistics::national_suppression::{Row, suppress_nationally};
use wardvoice_aggregator::statistics::suppression::{Cell, Table, suppress};
use wardvoice_protocol::fortnight::DayNumber;

use super::trust::{ANSWERS, About, FORTNIGHTS, MONTHS, RELEASES, Sentence, Trust};

fn ladder() -> Ladder {
    Ladder::of_options(&["always", "sometimes", "no"].map(str::to_owned), |place| place == 0).unwrap()
}

fn circle(about: &About) -> Circle {
    let day = DayNumber::from_count;
    let circle = match (&about.wards, about.consultant) {
        (_, Some(consultant)) => Circle::of_consultant(consultant, day(about.days.0), day(about.days.1)),
        (wards, None) => Circle::of_wards(wards.iter().flatten().copied(), day(about.days.0), day(about.days.1)),
    };
    circle.as_of(day(about.as_of))
}

fn groups(trust: &Trust) -> Vec<Group> {
    let group = |(kind, people): &(super::trust::Kind, u64)| Group {
        day: DayNumber::from_count(kind.day),
        arrived: DayNumber::from_count(kind.arrived),
        ward: kind.ward,
        consultant: Some(kind.consultant),
        answer: kind.answer,
        people: *people,
    };
    trust.kinds.iter().map(group).collect()
}

/// Our rule, in three releases.
pub(crate) fn our_rule(trust: &Trust) -> Vec<Sentence> {
    our_rule_after(trust, Vec::new())
}

/// The national publication of both months, and our rule after it.
pub(crate) fn our_rule_after_the_national(trust: &Trust) -> (Vec<Sentence>, Vec<Sentence>) {
    let mut national = Vec::new();
    for days in MONTHS {
        let month = About::everybody().in_days(days).arrived_by(RELEASES[0]);
        national.extend(national_tables(trust, &month));
    }
    // Of a sentence about one answer the others about the same people are there too: all steps are known.
    let step = |about: &About| if about.answers.len() == ANSWERS.len() { 0 } else { 2 };
    let everybody = |about: &About| circle(&about.clone().answering(&ANSWERS));
    let told = national.iter().map(|sentence| Told {
        circle: everybody(&sentence.about),
        step: step(&sentence.about),
        counts: None,
    });
    let ours = our_rule_after(trust, told.collect());
    (national, ours)
}

fn our_rule_after(trust: &Trust, mut told: Vec<Told>) -> Vec<Sentence> {
    let (ladder, groups) = (ladder(), groups(trust));
    let mut said = Vec::new();
    for as_of in RELEASES {
        let wanted = trust.wanted(as_of);
        let circles: Vec<Circle> = wanted.iter().map(circle).collect();
        let decisions = decide(&groups, &ladder, MINIMUM, &told, &circles).unwrap();
        for ((about, circle), decision) in wanted.iter().zip(circles).zip(decisions) {
            let Decision::Published { step, counts } = decision else { continue };
            for (part, people) in ladder.parts(step).iter().zip(&counts) {
                said.push(Sentence { about: about.clone().answering(&part.answers), people: *people });
            }
            told.push(Told { circle, step, counts: Some(counts) });
        }
    }
    said
}

/// Every cell of 6 or more is shown, whatever can be subtracted.
pub(crate) fn small_cells_alone(trust: &Trust) -> Vec<Sentence> {
    let mut said = Vec::new();
    for about in RELEASES.into_iter().flat_map(|as_of| trust.wanted(as_of)) {
        for answers in [&ANSWERS[..], &[0], &[1, 2]] {
            let about = about.clone().answering(answers);
            let people = trust.people(&about);
            if people == 0 || people >= MINIMUM {
                said.push(Sentence { about, people });
            }
        }
    }
    said
}

/// Each table of wards by answers for itself is sound; over periods and releases nobody looks.
pub(crate) fn table_by_table(trust: &Trust) -> Vec<Sentence> {
    let mut said = Vec::new();
    for as_of in RELEASES {
        for days in MONTHS.iter().chain(&FORTNIGHTS) {
            let base = About::everybody().in_days(*days).arrived_by(as_of);
            let cell = |ward: u16, answer: u8| base.clone().on_ward(ward).answering(&[answer]);
            let row =
                |ward: &u16| ANSWERS.iter().map(|answer| Some(trust.people(&cell(*ward, *answer)))).collect();
            let shown = suppress(&Table { rows: trust.wards.iter().map(row).collect() }, MINIMUM);
            for ((ward, cells), total) in trust.wards.iter().zip(&shown.cells).zip(&shown.rows) {
                for (answer, shown) in ANSWERS.iter().zip(cells) {
                    if let Cell::Shown(people) = shown {
                        said.push(Sentence { about: cell(*ward, *answer), people: *people });
                    }
                }
                if let Some(people) = total.filter(|people| *people == 0 || *people >= MINIMUM) {
                    said.push(Sentence { about: base.clone().on_ward(*ward), people });
                }
            }
            for (answer, total) in ANSWERS.iter().zip(&shown.columns) {
                if let Some(people) = *total {
                    said.push(Sentence { about: base.clone().answering(&[*answer]), people });
                }
            }
        }
    }
    said
}

/// The national tables of a trust with two sites: totals always, percentages unless a row's own number is small, counts unless anything
/// is. The answers are positive, neither, negative.
pub(crate) fn national_tables(trust: &Trust, base: &About) -> Vec<Sentence> {
    let of = |wards: &[u16]| base.clone().on_wards(wards);
    let row = |code: String, parent: Option<String>, wards: &[u16]| {
        (Row { code, parent, total: trust.people(&of(wards)), tie_break: Vec::new() }, wards.to_vec())
    };
    let sites: Vec<(String, &Vec<u16>)> =
        trust.sites().iter().enumerate().map(|(place, wards)| (format!("site {place}"), wards)).collect();
    let site_of = |ward: u16| sites.iter().find(|(_, wards)| wards.contains(&ward)).map(|(code, _)| code.clone());
    let levels = [
        vec![row("trust".to_owned(), None, &trust.wards)],
        sites.iter().map(|(code, wards)| row(code.clone(), Some("trust".to_owned()), wards)).collect(),
        trust.wards.iter().map(|ward| row(ward.to_string(), site_of(*ward), &[*ward])).collect::<Vec<_>>(),
    ];
    let rows = levels.clone().map(|level| level.into_iter().map(|(row, _)| row).collect::<Vec<_>>());
    let mut said = Vec::new();
    for ((_, wards), verdict) in levels.iter().flatten().zip(suppress_nationally(&rows).into_iter().flatten()) {
        let mut say = |about: About| said.push(Sentence { people: trust.people(&about), about });
        say(of(wards));
        if !verdict.first {
            // A percentage of a total that is known is a count, and what is neither is left.
            say(of(wards).answering(&[0]));
            say(of(wards).answering(&[2]));
        }
        if !verdict.is_suppressed() {
            for answer in &ANSWERS {
                say(of(wards).answering(&[*answer]));
            }
        }
    }
    said
}
