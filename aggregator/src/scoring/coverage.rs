//! Who is among the responses of a unit, and who is missing.
//!
//! A group is called under-represented when its share of the responses, with Wilson's 95 % interval, lies wholly below what it
//! should be: its share of the standard population for groups of people, its share of the plan for wards.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::fortnight::Period;

use super::scheme::CaseMix;
use super::score::share;
use super::sheet::Figure;
use super::tally::Tally;
use super::word::Word;
use super::world::{Edition, Members, ScoringWorld};

/// Who is among the responses.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CoverageSheet {
    /// Scored responses by language; `other` for one that no questionnaire offers.
    pub languages: BTreeMap<String, u64>,
    /// Groups of people, and the wards of a unit that has several, each with its share of the responses.
    pub groups: Vec<GroupSheet>,
    /// The groups of which there are too few for chance, in words.
    pub under_represented: Vec<String>,
}

/// A group's share.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GroupSheet {
    /// The question that makes the group, or `ward`.
    #[schema(value_type = String)]
    pub field: Word,
    /// The option, or the ward.
    #[schema(value_type = String)]
    pub value: Word,
    /// How many responses are from the group.
    pub count: u64,
    /// Per cent of those who said.
    pub share: Figure,
    /// Per cent that it would be if the responses were like the standard; none where there is no standard.
    pub expected: Option<f64>,
}

/// The coverage of a tally. `population` is the standard population by cell.
pub(super) fn coverage(
    world: &ScoringWorld,
    edition: &Edition,
    tally: &Tally,
    members: &Members,
    period: &Period,
    population: Option<&[u64]>,
) -> CoverageSheet {
    let mut groups = Vec::new();
    if let Some(mix) = &edition.definition.scheme().case_mix {
        by_questions(edition, mix, tally, population, &mut groups);
    }
    if let Members::Wards(wards) = members
        && wards.len() > 1
    {
        by_wards(world, tally, wards, period, &mut groups);
    }
    let too_few = groups.iter().filter_map(|group| {
        let (expected, upper, found) = (group.expected?, group.share.upper?, group.share.value?);
        let words =
            || format!("{} {}: {found:.0} % of the responses, {expected:.0} % expected", group.field, group.value);
        (upper < expected).then(words)
    });
    let language = |index: usize| {
        let language = u8::try_from(index).ok().and_then(|index| world.vocabulary().language(index));
        language.map_or_else(|| "other".to_owned(), ToString::to_string)
    };
    let languages = tally.languages.iter().enumerate().filter(|(_, count)| **count > 0);
    CoverageSheet {
        languages: languages.map(|(index, count)| (language(index), *count)).collect(),
        under_represented: too_few.collect(),
        groups,
    }
}

fn by_questions(
    edition: &Edition,
    mix: &CaseMix,
    tally: &Tally,
    population: Option<&[u64]>,
    groups: &mut Vec<GroupSheet>,
) {
    let everybody = population.map_or(0, |population| population.iter().sum::<u64>());
    for (place, (position, options)) in mix.by.iter().zip(&mix.options).enumerate() {
        let Some(question) = edition.words.question(*position) else { continue };
        let counts = tally.nibbles.get(*position).copied().unwrap_or_default();
        let of_option = |option: usize| counts.get(option + 4).copied().unwrap_or(0);
        let said = (0..options.len()).map(of_option).sum();
        let standard = population.filter(|_| everybody > 0).map(|population| mix.by_option(population, place));
        for (option, (id, _)) in question.options.iter().enumerate() {
            let expected = standard.as_ref().and_then(|standard| standard.get(option));
            groups.push(GroupSheet {
                field: question.id,
                value: *id,
                count: of_option(option),
                share: share(of_option(option), said, "nobody has said"),
                expected: expected.map(|people| *people as f64 * 100.0 / everybody as f64),
            });
        }
    }
}

/// Shares of the plan that held on the period's last day; a plan seldom changes, and then a little.
fn by_wards(world: &ScoringWorld, tally: &Tally, wards: &[u16], period: &Period, groups: &mut Vec<GroupSheet>) {
    let plan = world.plan(period.last());
    let planned: u64 = wards.iter().map(|ward| u64::from(plan.quota(*ward))).sum();
    for ward in wards {
        let Some(id) = world.ward_word(*ward) else { continue };
        let count = tally.wards.get(usize::from(*ward)).copied().unwrap_or(0);
        let quota = f64::from(plan.quota(*ward));
        groups.push(GroupSheet {
            field: Word::WARD,
            value: id,
            count,
            share: share(count, tally.responses, "nobody has answered"),
            expected: (planned > 0).then(|| quota * 100.0 / planned as f64),
        });
    }
}
