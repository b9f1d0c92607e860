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

use super::quantile::{normal_two_sided, student_two_sided};
use super::sum::Sum;

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
    /// None before anybody is added: most cells of a small unit are empty.
    pairs: Vec<PairSums>,
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
        Self { items, which, pairs: Vec::new(), answered: Vec::new(), everybody: 0, questions: 0 }
    }

    fn make_room(&mut self) {
        let count = match self.which {
            Pairs::All => self.items * (self.items + 1) / 2,
            Pairs::Own => self.items,
        };
        self.pairs.resize(count, PairSums::default());
    }

    /// Adds people with equal answers: a bit for each question they answered, and a value or none for each item.
    pub fn add(&mut self, answered: u32, values: &[Option<i64>], count: u64) {
        self.add_answered(answered, count);
        self.make_room();
        // Fewer than 2^26 people.
        let many = i64::try_from(count).unwrap_or(i64::MAX);
        for (first, left) in values.iter().enumerate() {
            let Some(left) = left else { continue };
            let Some(place) = self.place(first, first) else { continue };
            let partners = match self.which {
                Pairs::All => values.get(first..).unwrap_or_default(),
                Pairs::Own => values.get(first..=first).unwrap_or_default(),
            };
            for (slot, right) in self.pairs.get_mut(place..).unwrap_or_default().iter_mut().zip(partners) {
                if let Some(right) = right {
                    slot.add(*left, *right, many);
                }
            }
        }
    }

    /// Adds to one pair alone; what a table of pairs is poured out with.
    pub fn add_pair(&mut self, first: usize, second: usize, left: i64, right: i64, count: u64) {
        self.make_room();
        let many = i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(slot) = self.place(first, second).and_then(|place| self.pairs.get_mut(place)) {
            slot.add(left, right, many);
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

    /// Adds another sample of the same items.
    pub fn merge(&mut self, other: &Self) {
        if self.pairs.is_empty() {
            self.pairs.clone_from(&other.pairs);
        } else {
            self.merge_pairs(other);
        }
        self.answered = merged(&self.answered, &other.answered);
        self.everybody += other.everybody;
        self.questions |= other.questions;
    }

    fn merge_pairs(&mut self, other: &Self) {
        for (mine, theirs) in self.pairs.iter_mut().zip(&other.pairs) {
            mine.both += theirs.both;
            mine.left += theirs.left;
            mine.right += theirs.right;
            mine.product += theirs.product;
        }
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
        self.place(first, second).and_then(|place| self.pairs.get(place)).copied().unwrap_or_default()
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

impl PairSums {
    fn add(&mut self, left: i64, right: i64, many: i64) {
        self.both += many.unsigned_abs();
        self.left += left * many;
        self.right += right * many;
        self.product += i128::from(left * many) * i128::from(right);
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
    let counts: Vec<u64> =
        (0..items).map(|item| weighted.iter().map(|(_, sums)| sums.own(item).both).sum()).collect();
    let totals: Vec<(f64, f64)> = (0..items)
        .map(|item| {
            let mut total = (Sum::new(), Sum::new());
            for (weight, sums) in &weighted {
                let own = sums.own(item);
                total.0.add(weight * own.left as f64);
                total.1.add(weight * own.both as f64);
            }
            (total.0.value(), total.1.value())
        })
        .collect();
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

/// `sum w² (y - r) (z - s)` over the people of one sample, pair by pair.
fn centred_exactly(weight: f64, sums: &JointSums) -> Vec<f64> {
    let of_pair = |(first, second)| {
        let pair = sums.pair(first, second);
        let whole = (pair.both > 0).then(|| exactly(&pair, &sums.own(first), &sums.own(second)));
        whole.map_or(0.0, |whole| weight * weight * whole)
    };
    sums.places().map(of_pair).collect()
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

/// `sum w² (y - r) (z - s)` over the people of weighted samples, pair by pair. Values are first taken from the whole numbers nearest to
/// r and s, without rounding, so that what is left is small and nothing cancels; then the weighted sums are taken once
/// for all samples.
fn centred(samples: &[(f64, &JointSums)], ratios: &[f64]) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "means of values of at most 2^36 are at most 2^36")]
    let near: Vec<i64> = ratios.iter().map(|ratio| ratio.round() as i64).collect();
    let near = |item: usize| near.get(item).copied().unwrap_or(0);
    let places: Vec<(usize, usize)> = samples.first().map(|(_, sums)| sums.places().collect()).unwrap_or_default();
    let mut moments = vec![Moments::default(); places.len()];
    for (weight, sums) in samples {
        for ((moments, pair), (first, second)) in moments.iter_mut().zip(&sums.pairs).zip(&places) {
            moments.add(weight * weight, pair, near(*first), near(*second));
        }
    }
    let from_near = |item: usize| ratios.get(item).map_or(0.0, |ratio| ratio - near(item) as f64);
    let of_pair = |(moments, (first, second)): (&Moments, &(usize, usize))| {
        moments.centred(from_near(*first), from_near(*second))
    };
    moments.iter().zip(&places).map(of_pair).collect()
}

/// Weighted sums over a pair's people, of values from whole numbers near their means.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    product: Sum,
    left: Sum,
    right: Sum,
    both: Sum,
}

impl Moments {
    fn add(&mut self, weight: f64, pair: &PairSums, near_r: i64, near_s: i64) {
        // Fewer than 2^26 people, so nothing here leaves 64 bits.
        let n = i64::try_from(pair.both).unwrap_or(i64::MAX);
        let (from_r, from_s) = (pair.left - near_r * n, pair.right - near_s * n);
        self.product.add(weight * product_from(pair, near_r, near_s, from_s));
        self.left.add(weight * from_r as f64);
        self.right.add(weight * from_s as f64);
        self.both.add(weight * n as f64);
    }

    fn centred(&self, r: f64, s: f64) -> f64 {
        let terms =
            [self.product.value(), -s * self.left.value(), -r * self.right.value(), r * s * self.both.value()];
        terms.into_iter().collect::<Sum>().value()
    }
}

/// The sum of products of values from the whole numbers near their means. Values of a questionnaire are small enough for 64 bits, which
/// are several times faster; what is not takes 128.
fn product_from(pair: &PairSums, near_r: i64, near_s: i64, from_s: i64) -> f64 {
    let short = || {
        let product = i64::try_from(pair.product).ok()?;
        product.checked_sub(near_s.checked_mul(pair.left)?)?.checked_sub(near_r.checked_mul(from_s)?)
    };
    short().map_or_else(
        || {
            float(
                pair.product
                    - i128::from(near_s) * i128::from(pair.left)
                    - i128::from(near_r) * i128::from(from_s),
            )
        },
        |short| short as f64,
    )
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
