//! An attacker tries to work out, from everything that was published, what 5 or fewer people said.
//!
//! It shares no code with what it attacks: it knows published numbers as sentences ("of the people of these wards on these days who
//! had arrived by then, so many gave one of these answers"), writes them down as equations over whole numbers of people, and asks a
//! solver how many people there can be at most in a small cell. If that is 5 or fewer, the cell has been found out. If not, the
//! solver's answer is another trust in which everything published is the same and the cell is not small, and that is checked in whole
//! numbers: no attacker whatever can tell the two apart.
//!
//! It must fail against our rule, and it must succeed against the national rule alone and against hiding small cells and no
//! others, or it would prove nothing.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod attack {
    pub(super) mod attacker;
    pub(super) mod defenders;
    pub(super) mod trust;
}

use attack::attacker::{Attack, Found};
use attack::defenders::{
    national_tables, our_rule, our_rule_after_the_national, small_cells_alone, table_by_table,
};
use attack::trust::{About, Sentence, Trust};

/// What an attack on one trust came to.
#[derive(Debug, Default)]
struct Tried {
    cells: usize,
    found_out: Vec<(About, Found)>,
}

/// Tries the small cells of a trust that are most likely to be found out, until one is.
fn try_on(trust: &Trust, said: &[Sentence], at_most: usize) -> Tried {
    let mut tried = Tried::default();
    let attack = Attack::new(trust, said);
    for cell in trust.small_cells(said, at_most) {
        tried.cells += 1;
        let found = attack.on(&cell);
        if found != Found::CannotTell {
            tried.found_out.push((cell, found));
            break;
        }
    }
    tried
}

fn seeds(quarter: u64) -> std::ops::Range<u64> {
    const TRUSTS: u64 = 500;
    quarter * TRUSTS..(quarter + 1) * TRUSTS
}

/// Attacks our rule on many trusts, which publish over months, fortnights, wards, sites and consultants, and again after late arrivals.
fn our_rule_holds(quarter: u64) {
    let (mut cells, mut sentences, mut trusts_with_something) = (0, 0, 0);
    for seed in seeds(quarter) {
        let trust = Trust::generate(seed);
        let said = our_rule(&trust);
        let tried = try_on(&trust, &said, 8);
        assert!(tried.found_out.is_empty(), "trust {seed}: {:?} from {said:#?}", tried.found_out);
        cells += tried.cells;
        sentences += said.len();
        trusts_with_something += usize::from(!said.is_empty());
    }
    // Whoever publishes nothing is safe too.
    assert!(
        trusts_with_something > 450 && sentences > 5_000,
        "{trusts_with_something} trusts, {sentences} sentences"
    );
    assert!(cells > 2_500, "{cells} small cells were attacked");
}

#[test]
fn nobody_finds_out_what_five_people_said_first_quarter() {
    our_rule_holds(0);
}

#[test]
fn nobody_finds_out_what_five_people_said_second_quarter() {
    our_rule_holds(1);
}

#[test]
fn nobody_finds_out_what_five_people_said_third_quarter() {
    our_rule_holds(2);
}

#[test]
fn nobody_finds_out_what_five_people_said_fourth_quarter() {
    our_rule_holds(3);
}

/// How many of a hundred trusts have a small cell that is found out.
fn found_out_of_a_hundred(publish: impl Fn(&Trust) -> Vec<Sentence>) -> usize {
    let attacked = (10_000..10_100).map(Trust::generate);
    attacked.filter(|trust| !try_on(trust, &publish(trust), 40).found_out.is_empty()).count()
}

#[test]
fn hiding_small_cells_and_no_others_is_found_out() {
    let found = found_out_of_a_hundred(small_cells_alone);
    assert!(found > 80, "only {found} of 100");
}

#[test]
fn covering_small_cells_table_by_table_is_found_out_over_periods_and_revisions() {
    let found = found_out_of_a_hundred(table_by_table);
    assert!(found > 50, "only {found} of 100");
}

/// Wards of 3, 12 and 31 of one site: the national rules hide the counts of the first two and show the percentages of the second.
#[test]
fn the_national_rule_alone_gives_back_what_three_people_said() {
    let trust = Trust::of_wards(&[[1, 0, 2], [10, 1, 1], [28, 2, 1]]);
    let said = national_tables(&trust, &About::everybody());
    let attack = Attack::new(&trust, &said);
    for (answer, people) in [(0, 1), (1, 0), (2, 2)] {
        let cell = About::everybody().on_ward(0).answering(&[answer]);
        assert_eq!(trust.people(&cell), people);
        assert_eq!(attack.between(&cell), Some((people, people)), "answer {answer} of the ward of three");
    }
}

/// What is published nationally leaks, and nothing of ours makes it leak more.
#[test]
fn our_rule_gives_nothing_away_that_the_national_tables_do_not() {
    let (mut cells, mut given_away, mut ours_said) = (0, 0, 0);
    for seed in 20_000..20_200 {
        let trust = Trust::generate(seed);
        let (national, ours) = our_rule_after_the_national(&trust);
        ours_said += ours.len();
        let both = [national.as_slice(), &ours].concat();
        let (by_both, by_national) = (Attack::new(&trust, &both), Attack::new(&trust, &national));
        for cell in trust.small_cells(&both, 12) {
            cells += 1;
            if by_both.on(&cell) != Found::CannotTell {
                given_away += 1;
                // Our releases may say that nobody came late; who is found out is found out by the national tables already.
                let in_time = cell.clone().arrived_by(cell.as_of.min(attack::trust::RELEASES[0]));
                assert_eq!(trust.people(&in_time), trust.people(&cell), "trust {seed}: {cell:?}");
                assert_ne!(by_national.on(&in_time), Found::CannotTell, "trust {seed}: {cell:?}");
            }
        }
    }
    assert!(cells > 2_000 && given_away > 100 && ours_said > 500, "{cells} {given_away} {ours_said}");
}
