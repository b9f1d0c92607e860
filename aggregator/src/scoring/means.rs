//! Question means by ward and fortnight over long spans: what a board's charts are drawn from.

use wardvoice_protocol::fortnight::{Fortnight, Period};

use super::definition::DefinitionRef;
use super::score::Making;
use super::world::{ScoreError, ScoringWorld};
use super::{Cut, scheme::Scheme, threads};
use crate::facts::{Fact, Facts};

/// One ward in one fortnight.
#[derive(Debug, Clone, PartialEq)]
pub struct WardFortnight {
    /// The ward, by its number in the vocabulary.
    pub ward: u16,
    /// The fortnight.
    pub fortnight: Fortnight,
    /// Per scored question of the definition: how many answered, and their mean in points.
    pub questions: Vec<(u64, Option<f64>)>,
}

/// The question means of every ward in every fortnight from one to another, both included; wards in the directory's order, and
/// each ward's fortnights in theirs.
pub fn question_means(
    facts: &Facts,
    world: &ScoringWorld,
    first: Fortnight,
    last: Fortnight,
    definition: Option<&DefinitionRef>,
) -> Result<Vec<WardFortnight>, ScoreError> {
    let whole = Period::Fortnight(first);
    let making = Making::new(facts, world, whole, &Cut::default(), definition, last.last())?;
    let mut fortnights = vec![first];
    while let Some(next) = fortnights.last().and_then(|fortnight| world.calendar().after(*fortnight).ok()) {
        if next > last || fortnights.len() > 10_000 {
            break;
        }
        fortnights.push(next);
    }
    let tables = Tables::new(making.scheme(), making.edition.questionnaire_index);
    let wards: Vec<u16> = (0..world.vocabulary().ward_count()).collect();
    let of_ward = |ward: &u16| -> Vec<WardFortnight> {
        fortnights.iter().map(|fortnight| tables.ward_fortnight(facts, *ward, *fortnight)).collect()
    };
    Ok(threads::each(&wards, threads::processors(), of_ward).into_iter().flatten().collect())
}

/// Which bytes of a row are looked at, and what their nibbles are worth.
struct Tables {
    questionnaire: u8,
    bytes: Vec<usize>,
    /// Per question: its byte's place among those, whether it is the upper nibble, and the points of each nibble.
    questions: Vec<(usize, bool, [Option<i64>; 16])>,
}

impl Tables {
    fn new(scheme: &Scheme, questionnaire: u8) -> Self {
        let mut bytes: Vec<usize> = scheme.rules.iter().map(|rule| rule.position / 2).collect();
        bytes.sort_unstable();
        bytes.dedup();
        let question = |rule: &super::scheme::Rule| {
            let place = bytes.iter().position(|byte| *byte == rule.position / 2).unwrap_or(0);
            (place, rule.position % 2 == 1, rule.points)
        };
        let questions = scheme.rules.iter().map(question).collect();
        Self { questionnaire, bytes, questions }
    }

    fn ward_fortnight(&self, facts: &Facts, ward: u16, fortnight: Fortnight) -> WardFortnight {
        let mut counts = vec![[0_u32; 256]; self.bytes.len()];
        for fact in facts.ward_days(ward, fortnight.start(), fortnight.last()).flatten() {
            if counts_here(fact, self.questionnaire) {
                let row = fact.answers().to_le_bytes();
                for (byte, counts) in self.bytes.iter().zip(&mut counts) {
                    let value = row.get(*byte).map_or(0, |byte| usize::from(*byte));
                    if let Some(count) = counts.get_mut(value) {
                        *count += 1;
                    }
                }
            }
        }
        let mean = |(place, upper, points): &(usize, bool, [Option<i64>; 16])| {
            let (mut n, mut sum) = (0_u64, 0_i64);
            for (byte, count) in counts.get(*place).into_iter().flatten().enumerate() {
                let nibble = if *upper { byte >> 4 } else { byte & 0xf };
                if let Some(points) = points.get(nibble).copied().flatten() {
                    n += u64::from(*count);
                    sum += points * i64::from(*count);
                }
            }
            (n, (n > 0).then(|| sum as f64 / (n as f64 * 1000.0)))
        };
        WardFortnight { ward, fortnight, questions: self.questions.iter().map(mean).collect() }
    }
}

fn counts_here(fact: &Fact, questionnaire: u8) -> bool {
    fact.questionnaire_index() == questionnaire && fact.outcome().has_response()
}
