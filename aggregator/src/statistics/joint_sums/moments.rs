//! `sum w² (y - r) (z - s)` over the people of weighted samples, pair by pair.
//!
//! Values are first taken from the whole numbers nearest to r and s, without rounding, so that what is left is small and nothing
//! cancels; then the weighted sums are taken once for all samples.
//!
//! A questionnaire's whole numbers are small enough to be exact as doubles. Then all pairs of a sample are taken together, several
//! at once on a processor that can; otherwise one by one in as many bits as it takes. Both give the same bits.

use super::table::{NARROW, PairTable};
use super::{JointSums, float};
use crate::statistics::sum::{Sums, sum};

/// Whole numbers up to this, and the sums of three products of them, are exact as doubles.
const EXACT: i64 = 1 << 49;

/// The whole numbers near the means of a pair's items, pair by pair; as doubles too.
struct Near {
    whole: Vec<(i64, i64)>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Near {
    fn new(whole: Vec<(i64, i64)>) -> Self {
        let first = whole.iter().map(|(first, _)| *first as f64).collect();
        let second = whole.iter().map(|(_, second)| *second as f64).collect();
        Self { whole, first, second }
    }
}

/// How the terms of a sample are made.
type Way = fn(&PairTable, &Near, &mut [f64]);

/// The centred sums of samples, each weighted as a whole, in the order of [`JointSums`]' pairs; `ratios` are the items' means.
pub(super) fn centred(samples: &[(f64, &JointSums)], ratios: &[f64]) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "means of values of at most 2^36 are at most 2^36")]
    let near: Vec<i64> = ratios.iter().map(|ratio| ratio.round() as i64).collect();
    let near = |item: usize| near.get(item).copied().unwrap_or(0);
    let places: Vec<(usize, usize)> = samples.first().map(|(_, sums)| sums.places().collect()).unwrap_or_default();
    let pairs = places.len();
    let near_pairs = Near::new(places.iter().map(|(first, second)| (near(*first), near(*second))).collect());
    let way: Way = if are_small(samples) { together } else { one_by_one };
    let moments = moments(samples, &near_pairs, way);
    let from_near = |item: usize| ratios.get(item).map_or(0.0, |ratio| ratio - near(item) as f64);
    let of_pair = |(place, (first, second)): (usize, &(usize, usize))| {
        let (r, s) = (from_near(*first), from_near(*second));
        let [both, left, right, product] = [0, 1, 2, 3].map(|section| moments.value(section * pairs + place));
        sum([product, -s * left, -r * right, r * s * both])
    };
    places.iter().enumerate().map(of_pair).collect()
}

/// Weighted sums over each pair's people: how many, the sums of the first, of the second and of products, from the numbers near
/// their means.
fn moments(samples: &[(f64, &JointSums)], near: &Near, way: Way) -> Sums {
    let pairs = near.whole.len();
    let (mut moments, mut terms) = (Sums::new(4 * pairs), vec![0.0; 4 * pairs]);
    for (weight, sums) in samples.iter().filter(|(_, sums)| !sums.pairs.is_empty()) {
        way(&sums.pairs, near, &mut terms);
        moments.add(weight * weight, &terms);
    }
    moments
}

fn are_small(samples: &[(f64, &JointSums)]) -> bool {
    let largest = samples.iter().map(|(_, sums)| sums.pairs.largest()).max().unwrap_or(0);
    let people = samples.iter().map(|(_, sums)| sums.everybody()).max().unwrap_or(0);
    let product = || i64::try_from(people).ok()?.checked_mul(largest * largest);
    largest <= NARROW && product().is_some_and(|product| product <= EXACT)
}

fn together(pairs: &PairTable, near: &Near, terms: &mut [f64]) {
    for (term, whole) in terms.iter_mut().zip(pairs.narrow()) {
        *term = double(*whole);
    }
    let [both, left, right, product] = sections(terms);
    subtract(right, &near.second, both);
    subtract(product, &near.second, left);
    subtract(product, &near.first, right);
    subtract(left, &near.first, both);
}

fn one_by_one(pairs: &PairTable, near: &Near, terms: &mut [f64]) {
    let [both, left, right, product] = sections(terms);
    let slots = both.iter_mut().zip(left).zip(right).zip(product);
    for (place, ((((both, left), right), product), (near_r, near_s))) in slots.zip(&near.whole).enumerate() {
        let pair = pairs.get(place);
        // Fewer than 2^26 people, so nothing here leaves 64 bits.
        let n = i64::try_from(pair.both).unwrap_or(i64::MAX);
        let (from_r, from_s) = (pair.left - near_r * n, pair.right - near_s * n);
        let whole =
            pair.product - i128::from(*near_s) * i128::from(pair.left) - i128::from(*near_r) * i128::from(from_s);
        (*both, *left, *right, *product) = (n as f64, from_r as f64, from_s as f64, float(whole));
    }
}

/// Takes from each number the product of two others.
fn subtract(from: &mut [f64], factors: &[f64], others: &[f64]) {
    for ((number, factor), other) in from.iter_mut().zip(factors).zip(others) {
        *number -= factor * other;
    }
}

fn sections(terms: &mut [f64]) -> [&mut [f64]; 4] {
    let pairs = terms.len() / 4;
    let (both, rest) = terms.split_at_mut(pairs);
    let (left, rest) = rest.split_at_mut(pairs);
    let (right, product) = rest.split_at_mut(pairs);
    [both, left, right, product]
}

/// A whole number below 2^51 in size as a double. The usual conversion takes one number at a time on most processors; an addition
/// to the last bits of 1.5 × 2^52 and a subtraction take as many as they have room for.
fn double(whole: i64) -> f64 {
    const MIDDLE: f64 = 6_755_399_441_055_744.0;
    f64::from_bits(MIDDLE.to_bits().wrapping_add_signed(whole)) - MIDDLE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::joint_sums::Pairs;

    #[test]
    #[expect(clippy::float_cmp, reason = "exactness is what is tested")]
    fn small_whole_numbers_are_the_same_as_doubles() {
        for whole in [0, 1, -1, 5_000, -33_333, EXACT, -EXACT, (1 << 51) - 1, 1 - (1 << 51)] {
            assert_eq!(double(whole), whole as f64);
        }
        assert!(double(0).is_sign_positive());
    }

    proptest! {
        /// All pairs together and one by one: the same bits.
        #[test]
        fn both_ways_give_the_same_bits(
            people in prop::collection::vec((0..3_usize, prop::collection::vec(prop::option::of(-2..5_i64), 3)), 0..60),
            weights in prop::collection::vec(0.01..5.0_f64, 3),
            unit in prop::sample::select(vec![1_i64, 333, 5_000, 30_000]),
        ) {
            let mut cells = vec![JointSums::new(3, Pairs::All); 3];
            for (cell, values) in &people {
                let values: Vec<_> = values.iter().map(|value| value.map(|value| value * unit)).collect();
                if let Some(cell) = cells.get_mut(*cell) {
                    cell.add(0, &values, 1);
                }
            }
            let samples: Vec<(f64, &JointSums)> = weights.iter().copied().zip(&cells).collect();
            prop_assert!(are_small(&samples));
            let whole = [(unit, 5), (2 * unit - 1, unit), (7, 0), (-3, 1), (unit + 1, 2 - unit), (0, 9)];
            let near = Near::new(whole.into());
            let quick = moments(&samples, &near, together);
            let slow = moments(&samples, &near, one_by_one);
            for place in 0..24 {
                prop_assert_eq!(quick.value(place).to_bits(), slow.value(place).to_bits());
            }
        }
    }
}
