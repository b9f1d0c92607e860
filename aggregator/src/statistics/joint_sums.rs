//! What many people's answers add up to, in whole numbers: enough for every mean of means and its interval, and nothing more.
//!
//! For items k and l: how many people answered both, the sums of either over them, and the sum of products. Two samples are one by
//! adding, one more person is added in a few hundred additions, and no order of adding changes a bit, because whole
//! numbers do not round. [`linearise`] then gives the ratios `r_k = sum w y / sum w` and the joint sums of squares of the influences
//! `w (y_k - r_k) / sum w`, from which the linearised variance of any `sum a_k r_k` follows (K. M. Wolter, *Introduction to Variance
//! Estimation*, 2nd ed., 2007, ch. 6). [`linear_mean`](super::linear_mean) computes the same from the people themselves, slowly;
//! property tests hold the two against each other.
//!
//! Units: values are whole numbers of a unit of the caller's (thousandths of a point, say), at most 2^36 in size, of fewer
//! than 2^26 people: then no sum leaves 64 bits and no intermediate product 128.

use self::moments::centred;
use self::table::PairTable;
use super::quantile::{normal_two_sided, student_two_sided};
use super::sum::{Sum, Sums};

mod moments;
mod table;

/// The largest value that can be added.
pub const MAX_VALUE: i64 = 1 << 36;

/// Which pairs of items are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// Every pair: for means of means.
    All,
    /// Each item with itself alone: for plain means.
    Own,
}

/// The sums of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointSums {
    items: usize,
    which: Pairs,
    pairs: PairTable,
    /// How many people answered which set of questions, in the order of the sets; none twice.
    answered: Vec<(u32, u64)>,
    /// How many people there are, and every question that any of them answered.
    everybody: u64,
    questions: u32,
}

/// The sums over the people who answered both items of a pair; left is the item that stands first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairSums {
    /// How many people.
    pub both: u64,
    /// The sum of the first item.
    pub left: i64,
    /// The sum of the second.
    pub right: i64,
    /// The sum of products.
    pub product: i128,
}

impl JointSums {
    /// Of nobody.
    pub fn new(items: usize, which: Pairs) -> Self {
        Self { items, which, pairs: PairTable::default(), answered: Vec::new(), everybody: 0, questions: 0 }
    }

    /// How many pairs are summed.
    fn pair_count(&self) -> usize {
        match self.which {
            Pairs::All => self.items * (self.items + 1) / 2,
            Pairs::Own => self.items,
        }
    }

    /// Adds people with equal answers: a bit for each question they answered, and a value or none for each item.
    pub fn add(&mut self, answered: u32, values: &[Option<i64>], count: u64) {
        self.add_answered(answered, count);
        let Some(size) = values.iter().flatten().map(|value| value.abs()).max() else { return };
        let pairs = self.pair_count();
        self.pairs.make_room(pairs, size);
        // Fewer than 2^26 people.
        let many = i64::try_from(count).unwrap_or(i64::MAX);
        for (first, left) in values.iter().enumerate() {
            let Some(left) = left else { continue };
            let Some(place) = self.place(first, first) else { continue };
            let partners = match self.which {
                Pairs::All => values.get(first..).unwrap_or_default(),
                Pairs::Own => values.get(first..=first).unwrap_or_default(),
            };
            self.pairs.add(place, *left, partners, many);
        }
    }

    /// Adds the sums of people to one pair alone, of values up to a size; what a table of pairs is poured out with.
    pub fn add_pair(&mut self, first: usize, second: usize, size: i64, people: &PairSums) {
        let pairs = self.pair_count();
        self.pairs.make_room(pairs, size);
        if let Some(place) = self.place(first, second) {
            self.pairs.add_sums(place, people);
        }
    }

    /// Adds to the numbers of people by what they answered alone.
    pub fn add_answered(&mut self, answered: u32, count: u64) {
        match self.answered.binary_search_by_key(&answered, |(set, _)| *set) {
            Ok(place) => {
                if let Some((_, people)) = self.answered.get_mut(place) {
                    *people += count;
                }
            }
            Err(place) => self.answered.insert(place, (answered, count)),
        }
        self.everybody += count;
        self.questions |= answered;
    }

    /// The same of many: how many answered which set, in the order of the sets, none twice.
    pub fn add_all_answered(&mut self, people: Vec<(u32, u64)>) {
        self.everybody += people.iter().map(|(_, count)| count).sum::<u64>();
        self.questions |= people.iter().fold(0, |questions, (set, _)| questions | set);
        self.answered = if self.answered.is_empty() { people } else { merged(&self.answered, &people) };
    }

    /// Adds another sample of the same items.
    pub fn merge(&mut self, other: &Self) {
        self.pairs.merge(&other.pairs);
        self.answered = merged(&self.answered, &other.answered);
        self.everybody += other.everybody;
        self.questions |= other.questions;
    }

    /// How many people answered at least one question of a set.
    pub fn people(&self, set: u32) -> u64 {
        // All of the questions is asked most often, and is everybody but who answered none.
        if set & self.questions == self.questions {
            let none = self.answered.first().filter(|(answered, _)| *answered == 0).map_or(0, |(_, count)| *count);
            return self.everybody - none;
        }
        self.answered.iter().filter(|(answered, _)| *answered & set != 0).map(|(_, count)| count).sum()
    }

    /// How many people there are, answers or not.
    pub fn everybody(&self) -> u64 {
        self.everybody
    }

    /// An item's own sums: n, sum, sum of squares.
    pub fn own(&self, item: usize) -> PairSums {
        self.pair(item, item)
    }

    /// The sums of a pair, first not after second; nothing where there is no such pair.
    pub fn pair(&self, first: usize, second: usize) -> PairSums {
        self.place(first, second).map(|place| self.pairs.get(place)).unwrap_or_default()
    }

    /// The pairs in the order in which they are kept.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (items, which) = (self.items, self.which);
        (0..items).flat_map(move |first| {
            let last = if which == Pairs::All { items } else { first + 1 };
            (first..last).map(move |second| (first, second))
        })
    }

    fn place(&self, first: usize, second: usize) -> Option<usize> {
        (first <= second && second < self.items).then_some(())?;
        match self.which {
            Pairs::Own => (first == second).then_some(first),
            Pairs::All => Some(first * (2 * self.items - first + 1) / 2 + second - first),
        }
    }
}

/// Two ordered lists as one.
fn merged(mine: &[(u32, u64)], theirs: &[(u32, u64)]) -> Vec<(u32, u64)> {
    let (mut mine, mut theirs) = (mine.iter().copied().peekable(), theirs.iter().copied().peekable());
    let mut both = Vec::with_capacity(mine.len().max(theirs.len()));
    loop {
        both.push(match (mine.peek().copied(), theirs.peek().copied()) {
            (Some(left), Some(right)) if left.0 == right.0 => {
                mine.next();
                theirs.next();
                (left.0, left.1 + right.1)
            }
            (Some(left), right) if right.is_none_or(|right| left.0 < right.0) => {
                mine.next();
                left
            }
            (_, Some(right)) => {
                theirs.next();
                right
            }
            _ => return both,
        });
    }
}

/// Ratios and the joint sums of squares of their influences.
#[derive(Debug, Clone, PartialEq)]
pub struct Linearised {
    /// Per item, in the unit of the values; `None` where nobody answered.
    pub means: Vec<Option<f64>>,
    /// Per item, how many people with a weight answered it.
    pub counts: Vec<u64>,
    items: usize,
    squares: Vec<f64>,
}

/// A mean with what its interval is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimated {
    /// The mean.
    pub mean: f64,
    /// How many people it rests on, at least 1.
    pub n: u64,
    /// The sum of their squared influences.
    pub squares: f64,
}

impl Estimated {
    /// The standard error, `sqrt(n / (n - 1) × squares)`; `None` for one person.
    pub fn standard_error(&self) -> Option<f64> {
        (self.n > 1).then(|| (self.n as f64 / (self.n - 1) as f64 * self.squares).sqrt())
    }

    /// The t interval at 95 % on n - 1 degrees of freedom, not clamped to any scale; `None` for one person.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let half = t95(self.n.saturating_sub(1)) * self.standard_error()?;
        Some((self.mean - half, self.mean + half))
    }
}

/// Student's two-sided 95 % quantile, remembered up to 1,000 degrees of freedom: sheets have dozens of intervals each.
pub fn t95(degrees_of_freedom: u64) -> f64 {
    use std::sync::LazyLock;
    static KNOWN: LazyLock<Vec<f64>> =
        LazyLock::new(|| (0..=1_000_u64).map(|v| student_two_sided(0.95, v.max(1))).collect());
    let known = usize::try_from(degrees_of_freedom).ok().and_then(|place| KNOWN.get(place)).copied();
    // Beyond ten million degrees of freedom the two differ by less than 1e-7 of the half width and the expansion is not needed.
    known.unwrap_or_else(|| {
        if degrees_of_freedom > 1 << 40 {
            normal_two_sided(0.95)
        } else {
            student_two_sided(0.95, degrees_of_freedom)
        }
    })
}

/// Ratios of samples that are each weighted as a whole. `units[k]` is how many of item k's units make one of the result's. One
/// sample with weight 1 is computed exactly up to the last division.
pub fn linearise(samples: &[(f64, &JointSums)], units: &[f64]) -> Linearised {
    let items = units.len();
    let weighted: Vec<_> = samples.iter().filter(|(weight, _)| *weight > 0.0).copied().collect();
    let (counts, totals) = totals(&weighted, items);
    let means = totals.iter().zip(units).map(|((points, weight), unit)| {
        // One division where there is one, so that 30/5 thousandths is 6 and not almost.
        (*weight > 0.0).then(|| points / (weight * unit))
    });
    let means: Vec<_> = means.collect();
    let ratios = totals.iter().map(|(points, weight)| if *weight > 0.0 { points / weight } else { 0.0 });
    let centred = match weighted.as_slice() {
        [] => Vec::new(),
        [(weight, sums)] => centred_exactly(*weight, sums),
        several => centred(several, &ratios.collect::<Vec<_>>()),
    };
    let weights: Vec<f64> = totals.iter().zip(units).map(|((_, weight), unit)| weight * unit).collect();
    let weight = |item: usize| weights.get(item).copied().unwrap_or(1.0);
    let mut squares = vec![0.0; items * items];
    let places = weighted.first().map(|(_, sums)| sums.places());
    for ((first, second), centred) in places.into_iter().flatten().zip(centred) {
        let value = if centred == 0.0 { 0.0 } else { centred / (weight(first) * weight(second)) };
        for place in [first * items + second, second * items + first] {
            if let Some(slot) = squares.get_mut(place) {
                *slot = value;
            }
        }
    }
    Linearised { means, counts, items, squares }
}

/// Per item, how many people there are, and the weighted sums of their values and of themselves.
fn totals(weighted: &[(f64, &JointSums)], items: usize) -> (Vec<u64>, Vec<(f64, f64)>) {
    let (mut counts, mut sums, mut terms) = (vec![0; items], Sums::new(2 * items), vec![0.0; 2 * items]);
    for (weight, sample) in weighted {
        let (people, values) = sample.pairs.people_and_sums();
        let (of_values, of_people) = terms.split_at_mut(items);
        for (((item, count), points), people_of_item) in
            counts.iter_mut().enumerate().zip(of_values).zip(of_people)
        {
            let own = sample.place(item, item);
            let of = |section: &[i64]| own.and_then(|own| section.get(own)).copied().unwrap_or_default();
            *count += of(people).unsigned_abs();
            (*points, *people_of_item) = (of(values) as f64, of(people) as f64);
        }
        sums.add(*weight, &terms);
    }
    (counts, (0..items).map(|item| (sums.value(item), sums.value(items + item))).collect())
}

/// `sum w² (y - r) (z - s)` over the people of one sample, pair by pair.
fn centred_exactly(weight: f64, sums: &JointSums) -> Vec<f64> {
    let own: Vec<PairSums> = (0..sums.items).map(|item| sums.own(item)).collect();
    let of_pair = |(place, (first, second)): (usize, (usize, usize))| {
        let pair = sums.pairs.get(place);
        let items = own.get(first).zip(own.get(second)).filter(|_| pair.both > 0);
        items.map_or(0.0, |(first, second)| weight * weight * exactly(&pair, first, second))
    };
    sums.places().enumerate().map(of_pair).collect()
}

/// `sum (y - r) (z - s)` over the people of a pair, where r and s are the items' means over everybody: in whole numbers up to the end.
fn exactly(pair: &PairSums, first: &PairSums, second: &PairSums) -> f64 {
    let (n, m, both) = (i128::from(first.both), i128::from(second.both), i128::from(pair.both));
    let (left, right) = (i128::from(pair.left), i128::from(pair.right));
    if pair == first && pair == second {
        return float(n * pair.product - left * left) / n as f64;
    }
    let (of_first, of_second) = (i128::from(first.left), i128::from(second.left));
    let whole = n * m * pair.product - n * of_second * left - m * of_first * right + of_first * of_second * both;
    float(whole) / float(n * m)
}

/// The nearest number; most are small, and small ones are converted much faster.
fn float(whole: i128) -> f64 {
    i64::try_from(whole).map_or_else(|_| whole as f64, |small| small as f64)
}

impl Linearised {
    /// One item as an estimate.
    pub fn item(&self, item: usize) -> Option<Estimated> {
        let mean = self.means.get(item).copied().flatten()?;
        Some(Estimated { mean, n: *self.counts.get(item)?, squares: self.square(item, item).max(0.0) })
    }

    /// The joint sum of squared influences of two items.
    pub fn square(&self, first: usize, second: usize) -> f64 {
        self.squares.get(first * self.items + second).copied().unwrap_or(0.0)
    }

    /// The sum of squared influences of `sum a_k r_k`. Never below 0, which rounding could otherwise bring about where influences cancel.
    pub fn squares_of(&self, coefficients: &[(usize, f64)]) -> f64 {
        let mut sum = Sum::new();
        for (place, (first, a)) in coefficients.iter().enumerate() {
            sum.add(a * a * self.square(*first, *first));
            for (second, b) in coefficients.get(place + 1..).unwrap_or_default() {
                sum.add(2.0 * a * b * self.square(*first, *second));
            }
        }
        sum.value().max(0.0)
    }
}

#[cfg(test)]
mod tests;
