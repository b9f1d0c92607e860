//! Scores standardised for case mix: what a unit would score if those who answered were like the standard population.
//!
//! Every person of a cell (age by sex by admission, say) has the weight `min(cap, standard share / the unit's share)`, the shares among
//! those who answered a scored question and have a cell (Care Quality Commission, *NHS patient survey programme*; vector
//! T-26). Then everything is as in the plain score, with weighted means. Weights count as fixed, and the interval is linearised
//! over people. People whose cell is not known are left out and said.

use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::id::DomainId;

use super::definition::MinimumFile;
use super::results::{none, results};
use super::scheme::{CaseMix, Scheme};
use super::sheet::Figure;
use super::tally::Tally;
use super::word::{Word, Words};
use crate::statistics::joint_sums::JointSums;
use crate::statistics::sum::sum;

/// Scores standardised for case mix.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StandardisedSheet {
    /// Whom the unit is made to be like.
    pub population: String,
    /// The largest weight.
    pub cap: f64,
    /// How many people have a weight.
    pub people: u64,
    /// How many who answered have none, because a question that makes the cells has no answer.
    pub without_cell: u64,
    /// How many equally weighted people would carry as much.
    pub n_effective: Option<f64>,
    /// The overall score.
    pub overall: Figure,
    /// The scales, those inside others too, in the definition's order.
    pub domains: Vec<StandardisedScale>,
    /// The cells in which somebody answered.
    pub cells: Vec<CellSheet>,
}

/// A scale's standardised score.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StandardisedScale {
    /// The scale.
    #[schema(value_type = String)]
    pub id: DomainId,
    /// Its standardised score.
    pub figure: Figure,
}

/// A cell of the case mix.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CellSheet {
    /// The option of each question that makes the cells.
    #[schema(value_type = Vec<String>)]
    pub cell: &'static [Word],
    /// How many of the unit are in it.
    pub n: u64,
    /// How many of the standard population are.
    pub population: u64,
    /// What each of the unit's people counts.
    pub weight: f64,
}

/// The weight of every cell; 0 where nobody of the unit is in it. None where the population or the unit has nobody.
pub(super) fn weights(mix: &CaseMix, unit: &[u64], population: &[u64]) -> Option<Vec<f64>> {
    let (of_unit, of_all) = (unit.iter().sum::<u64>(), population.iter().sum::<u64>());
    if of_unit == 0 || of_all == 0 {
        return None;
    }
    let weight = |(here, there): (&u64, &u64)| {
        if *here == 0 {
            return 0.0;
        }
        // Shares as in the published formula, share over share, so that a pencil finds the same.
        let (standard, own) = (*there as f64 / of_all as f64, *here as f64 / of_unit as f64);
        (standard / own).min(mix.cap)
    };
    Some(unit.iter().zip(population).map(weight).collect())
}

/// The standardised scores of a tally.
pub(super) fn standardised(
    scheme: &Scheme,
    words: &Words,
    least: MinimumFile,
    tally: &Tally,
    population: &[u64],
) -> Option<StandardisedSheet> {
    let mix = scheme.case_mix.as_ref()?;
    let unit = tally.people_by_cell();
    let weights = weights(mix, &unit, population);
    let samples: Vec<(f64, &JointSums)> =
        weights.iter().flatten().copied().zip(tally.cells.iter().skip(1)).collect();
    let found = results(scheme, least, &samples);
    let counted = || weights.iter().flatten().zip(&unit).map(|(weight, n)| (*weight, *n as f64));
    let total = sum(counted().map(|(weight, n)| weight * n));
    let squares = sum(counted().map(|(weight, n)| weight * weight * n));
    let cells = weights.iter().flatten().zip(&unit).zip(population).enumerate();
    let cells = cells.filter(|(_, ((_, n), _))| **n > 0).map(|(cell, ((weight, n), population))| CellSheet {
        cell: words.cell(cell),
        n: *n,
        population: *population,
        weight: *weight,
    });
    let scales = scheme.nodes.iter().enumerate();
    Some(StandardisedSheet {
        population: match mix.population {
            None => "everybody of the trust who answered in the same period".to_owned(),
            Some(_) => "the counts of the definition".to_owned(),
        },
        cap: mix.cap,
        people: unit.iter().sum(),
        without_cell: tally.cells.first().map_or(0, |rest| rest.people(u32::MAX)),
        n_effective: (squares > 0.0).then(|| total * total / squares),
        overall: match scheme.overall {
            Some(overall) => found.scale(scheme, overall, least),
            None => none(0, "the definition has no overall score".to_owned()),
        },
        domains: scales
            .filter_map(|(place, node)| {
                Some(StandardisedScale { id: node.id.clone()?, figure: found.scale(scheme, place, least) })
            })
            .collect(),
        cells: cells.collect(),
    })
}
