//! Compensated sums.

/// A sum whose rounding error does not grow with the number of terms: Neumaier's variant of Kahan's summation
/// (A. Neumaier, *Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen*, ZAMM 54, 1974).
///
/// With a plain sum fourteen 8.7s have a mean one unit in the last place off; with this one they have the mean 8.7.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    total: f64,
    compensation: f64,
}

impl Sum {
    /// The empty sum, 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a term.
    pub fn add(&mut self, term: f64) {
        let total = self.total + term;
        // What the addition lost, without asking which of the two is larger (D. E. Knuth, *The Art of Computer Programming*, vol. 2, 4.2.2,
        // theorem B): exact all the same, and no branch.
        let of_term = total - self.total;
        self.compensation += (self.total - (total - of_term)) + (term - of_term);
        self.total = total;
    }

    /// The sum so far; infinite where it is beyond the numbers of a computer.
    pub fn value(self) -> f64 {
        if self.total.is_finite() { self.total + self.compensation } else { self.total }
    }

    /// The sum over a number above 0, corrected by the remainder of its own division: n equal terms have exactly their value
    /// as mean for every n. With a sum that is rounded before it is divided some have a mean one unit in the last place off.
    pub fn over(self, count: f64) -> f64 {
        let quotient = self.value() / count;
        let remainder = (-quotient).mul_add(count, self.total) + self.compensation;
        let corrected = quotient + remainder / count;
        if corrected.is_finite() { corrected } else { quotient }
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::new();
        terms.into_iter().for_each(|term| sum.add(term));
        sum
    }
}

/// Several sums side by side, each to the bit what [`Sum`] makes of its terms: as many at once as the processor has room for.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    totals: Vec<f64>,
    compensations: Vec<f64>,
}

impl Sums {
    /// So many empty sums.
    pub fn new(many: usize) -> Self {
        Self { totals: vec![0.0; many], compensations: vec![0.0; many] }
    }

    /// Adds a term to each sum, times a factor.
    pub fn add(&mut self, factor: f64, terms: &[f64]) {
        add_each(&mut self.totals, &mut self.compensations, factor, terms);
    }

    /// The sum at a place so far.
    pub fn value(&self, place: usize) -> f64 {
        let at = |numbers: &[f64]| numbers.get(place).copied().unwrap_or(0.0);
        Sum { total: at(&self.totals), compensation: at(&self.compensations) }.value()
    }
}

/// As [`Sum::add`], in a loop that compilers turn into one of several at once.
fn add_each(totals: &mut [f64], compensations: &mut [f64], factor: f64, terms: &[f64]) {
    for ((sum, compensation), term) in totals.iter_mut().zip(compensations).zip(terms) {
        let term = factor * term;
        let total = *sum + term;
        let of_term = total - *sum;
        *compensation += (*sum - (total - of_term)) + (term - of_term);
        *sum = total;
    }
}

/// The compensated sum of some terms.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    terms.into_iter().collect::<Sum>().value()
}

/// The mean of some finite values, itself finite even where their sum is not; `None` when there are none.
pub fn mean(values: &[f64]) -> Option<f64> {
    /// A power of two, so that nothing is lost where values are as large as that.
    const SCALE: f64 = 1.0 / (1_u64 << 63) as f64;
    let count = values.len() as f64;
    let mean = values.iter().copied().collect::<Sum>().over(count);
    match values.len() {
        0 => None,
        _ if mean.is_finite() => Some(mean),
        _ => Some(values.iter().map(|y| y * SCALE).collect::<Sum>().over(count) / SCALE),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "exactness is what is tested")]
    use super::*;

    #[test]
    fn fourteen_equal_terms_have_their_own_mean() {
        assert_eq!(sum([8.7; 14]) / 14.0, 8.7);
        assert_ne!([8.7; 14].iter().sum::<f64>() / 14.0, 8.7, "a plain sum has the fault this module is for");
    }

    #[test]
    fn equal_terms_have_their_own_mean_however_many() {
        for value in [8.7, 0.1, 1.0 / 3.0, 9.999, 1e-300, 1.7e308] {
            for n in 1..400 {
                assert_eq!(mean(&vec![value; n]), Some(value), "{n} times {value}");
            }
        }
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.7e308, 1.7e308, -1.7e308, -1.7e308]), Some(0.0));
    }

    #[test]
    fn a_large_term_does_not_swallow_small_ones() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum([]), 0.0);
        assert_eq!(sum([1e308, 1e308, 1.0]), f64::INFINITY, "and not no number at all");
    }

    proptest::proptest! {
        /// One after the other.
        #[test]
        fn sums_side_by_side_are_what_each_is_alone(
            terms in proptest::collection::vec(proptest::array::uniform3(-1e9..1e9_f64), 0..50),
            factor in 0.1..9.0_f64,
        ) {
            let (mut together, mut alone) = (Sums::new(3), [Sum::new(); 3]);
            for row in &terms {
                together.add(factor, row);
                alone.iter_mut().zip(row).for_each(|(sum, term)| sum.add(factor * term));
            }
            for (place, sum) in alone.iter().enumerate() {
                proptest::prop_assert_eq!(together.value(place).to_bits(), sum.value().to_bits());
            }
        }

        /// Whole numbers below 2^40 in eighths: an integer sum is the slow obvious truth.
        #[test]
        fn sums_of_eighths_are_exact(terms in proptest::collection::vec(-(1_i64 << 40)..(1_i64 << 40), 0..200)) {
            let exact: i64 = terms.iter().sum();
            proptest::prop_assert_eq!(sum(terms.iter().map(|term| *term as f64 / 8.0)), exact as f64 / 8.0);
        }
    }
}
