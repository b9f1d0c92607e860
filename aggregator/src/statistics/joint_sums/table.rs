//! The sums of pairs, laid out so that a processor adds several at once: all numbers of people, then all sums of the first of two, of the
//! second, of their products.
//!
//! Values of a questionnaire are small, and 64 bits hold the sums of their products. From the first larger value on they are kept in 128.
//! Which of the two it is follows from the values and not from their order.

use super::PairSums;

/// The sums of products of values up to this, of fewer than 2^26 people, fit 64 bits.
pub(super) const NARROW: i64 = 1 << 17;

/// The sums of pairs, by their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PairTable {
    /// Four sections of one length; nothing before anybody is added: most cells of a small unit are empty.
    sums: Vec<i64>,
    /// The sums of products in the place of the last section, where a value is too large for it.
    wide: Vec<i128>,
    /// The size of the largest value.
    largest: i64,
}

impl PairTable {
    /// Whether nobody was added.
    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// The size of the largest value that was added.
    pub(super) fn largest(&self) -> i64 {
        self.largest
    }

    /// How many people, the sums of the first, of the second, and of products, as far as values are small.
    pub(super) fn narrow(&self) -> &[i64] {
        &self.sums
    }

    /// The numbers of people and the sums of the first, pair by pair.
    pub(super) fn people_and_sums(&self) -> (&[i64], &[i64]) {
        let [both, left, _, _] = sections(&self.sums);
        (both, left)
    }

    /// Makes room for so many pairs, and for values of a size.
    pub(super) fn make_room(&mut self, pairs: usize, size: i64) {
        if self.sums.is_empty() {
            self.sums.resize(4 * pairs, 0);
        }
        if size <= self.largest {
            return;
        }
        self.largest = size;
        if size > NARROW && self.wide.is_empty() {
            let [_, _, _, products] = sections_mut(&mut self.sums);
            self.wide = products.iter_mut().map(|product| i128::from(std::mem::take(product))).collect();
        }
    }

    /// Adds equal people to the pairs from a place on: of one value with each of several. There is room for them.
    pub(super) fn add(&mut self, from: usize, value: i64, partners: &[Option<i64>], many: i64) {
        let is_narrow = self.wide.is_empty();
        let weighted = value * many;
        let from_there = sections_mut(&mut self.sums).map(|section| section.get_mut(from..).unwrap_or_default());
        let [both, left, right, products] = from_there;
        let slots = both.iter_mut().zip(left).zip(right).zip(products);
        for ((((both, left), right), product), partner) in slots.zip(partners) {
            let Some(partner) = partner else { continue };
            *both += many;
            *left += weighted;
            *right += partner * many;
            if is_narrow {
                *product += weighted * partner;
            }
        }
        for (product, partner) in self.wide.get_mut(from..).unwrap_or_default().iter_mut().zip(partners) {
            if let Some(partner) = partner {
                *product += i128::from(weighted) * i128::from(*partner);
            }
        }
    }

    /// Adds the sums of people to the pair at a place. There is room for them and for their values.
    pub(super) fn add_sums(&mut self, place: usize, people: &PairSums) {
        let is_narrow = self.wide.is_empty();
        // Sums of products that fit no 64 bits are of values that are too large for them, and those are kept in 128.
        let narrow = if is_narrow { i64::try_from(people.product).unwrap_or(i64::MAX) } else { 0 };
        let both = i64::try_from(people.both).unwrap_or(i64::MAX);
        let added = [both, people.left, people.right, narrow];
        for (section, more) in sections_mut(&mut self.sums).into_iter().zip(added) {
            if let Some(sum) = section.get_mut(place) {
                *sum += more;
            }
        }
        if let Some(product) = self.wide.get_mut(place) {
            *product += people.product;
        }
    }

    /// Adds the sums of other people.
    pub(super) fn merge(&mut self, other: &Self) {
        if self.sums.is_empty() {
            self.clone_from(other);
            return;
        }
        if other.sums.is_empty() {
            return;
        }
        self.make_room(self.sums.len() / 4, other.largest);
        let whole = if self.wide.is_empty() { self.sums.len() } else { self.sums.len() / 4 * 3 };
        self.sums.iter_mut().zip(&other.sums).take(whole).for_each(|(mine, theirs)| *mine += theirs);
        self.wide.iter_mut().enumerate().for_each(|(place, mine)| *mine += other.product(place));
    }

    /// The sums of the pair at a place; nothing where there is none.
    pub(super) fn get(&self, place: usize) -> PairSums {
        let [both, left, right, _] =
            sections(&self.sums).map(|section| section.get(place).copied().unwrap_or_default());
        PairSums { both: both.unsigned_abs(), left, right, product: self.product(place) }
    }

    fn product(&self, place: usize) -> i128 {
        let [_, _, _, products] = sections(&self.sums);
        let narrow = || products.get(place).copied().unwrap_or_default();
        self.wide.get(place).copied().unwrap_or_else(|| i128::from(narrow()))
    }
}

fn sections(sums: &[i64]) -> [&[i64]; 4] {
    let pairs = sums.len() / 4;
    let (both, rest) = sums.split_at(pairs);
    let (left, rest) = rest.split_at(pairs);
    let (right, products) = rest.split_at(pairs);
    [both, left, right, products]
}

fn sections_mut(sums: &mut [i64]) -> [&mut [i64]; 4] {
    let pairs = sums.len() / 4;
    let (both, rest) = sums.split_at_mut(pairs);
    let (left, rest) = rest.split_at_mut(pairs);
    let (right, products) = rest.split_at_mut(pairs);
    [both, left, right, products]
}
