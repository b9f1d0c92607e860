//! Means of question means, with an interval that knows that the answers of one person belong together.
//!
//! Each question's mean is a ratio over people, `r_k = sum w y I / sum w I` (I: answered). A figure is a linear combination
//! `sum a_k r_k`. Linearised over people (K. M. Wolter, *Introduction to Variance Estimation*, 2nd ed., 2007, ch. 6), person
//! i moves it by `z_i = sum_k a_k w_i I_ik (y_ik - r_k) / sum w I_k`, so with V the joint covariance of the ratios
//!
//! > `a'Va = n/(n-1) sum z_i²`
//!
//! where n is the number of people who answered anything (and have a weight above 0). The interval is Student's t on n - 1
//! degrees of freedom, not clamped to any scale: clamping belongs to scoring. Treating questions as independent would make
//! the standard error 10 to 42 % too small. One question and no weights: exactly s/√n and the t interval of
//! [`mean`](super::mean).

use super::quantile::student_two_sided;
use super::sum::Sum;

/// People and their answers: a visit per distinct row. Several people with equal rows may be visited at once.
pub trait People {
    /// Calls `visit` with how many people share a row, the weight of each, and a value or none per question. Every call gives
    /// the same rows in the same order, each as long as the number of questions.
    fn each(&self, visit: impl FnMut(u64, f64, &[Option<f64>]));
}

/// A question's place in the combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coefficient {
    /// The group whose mean the question enters; groups are numbered from 0.
    pub group: usize,
}

/// An estimated mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// How many people it rests on, at least 1.
    pub n: u64,
    /// Sum of the squared influences `z_i²` of its people.
    squares: f64,
}

/// Question means, the means of groups of them, and the mean of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearMean {
    /// Per question; `None` for one that nobody answered, which leaves.
    pub questions: Vec<Option<Estimate>>,
    /// Per group, the plain mean of its questions that somebody answered; `None` when there are none, and the group leaves.
    pub groups: Vec<Option<Estimate>>,
    /// The plain mean of the groups; `None` when there are none.
    pub overall: Option<Estimate>,
}

impl Estimate {
    /// The standard error; `None` for one person.
    pub fn standard_error(&self) -> Option<f64> {
        self.standard_error_among(self.n)
    }

    /// The standard error with the factor n/(n-1) of a larger sample, of which the people who answered are a part: the
    /// diagonal of a joint covariance. `None` for fewer than two people.
    pub fn standard_error_among(&self, n: u64) -> Option<f64> {
        (self.n > 1 && n > 1).then(|| (n as f64 / (n - 1) as f64 * self.squares).sqrt())
    }

    /// The t interval on n - 1 degrees of freedom; `None` for one person.
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let error = self.standard_error()?;
        let half = student_two_sided(level, self.n.saturating_sub(1)) * error;
        Some((self.mean - half, self.mean + half))
    }
}

/// The mean of question means: one group.
pub fn domain_mean(people: &impl People, questions: usize) -> LinearMean {
    linear_mean(people, &vec![Coefficient { group: 0 }; questions])
}

/// The mean of the means of groups of questions: `a_k` is 1 / (groups with an answer × answered questions of the group).
pub fn linear_mean(people: &impl People, questions: &[Coefficient]) -> LinearMean {
    let ratios = ratios(people, questions.len());
    let group_count = questions.iter().map(|question| question.group + 1).max().unwrap_or(0);
    let mut sizes = vec![0_u32; group_count];
    for (question, ratio) in questions.iter().zip(&ratios) {
        if let (Some(_), Some(size)) = (ratio, sizes.get_mut(question.group)) {
            *size += 1;
        }
    }
    let filled = sizes.iter().filter(|size| **size > 0).count();
    // Per answered question: where it stands, its group, its share of the group's mean, its mean and its sum of weights.
    let terms: Vec<Term> = questions
        .iter()
        .zip(&ratios)
        .enumerate()
        .filter_map(|(place, (question, ratio))| {
            let ratio = (*ratio)?;
            let size = f64::from(*sizes.get(question.group)?);
            Some(Term { place, group: question.group, share: 1.0 / size, mean: ratio.mean, weight: ratio.weight })
        })
        .collect();

    let mut of_question = vec![Spread::default(); questions.len()];
    let mut of_group = vec![Spread::default(); group_count];
    let mut of_all = Spread::default();
    let mut moved: Vec<Option<f64>> = vec![None; group_count];
    people.each(|count, weight, row| {
        if count == 0 || weight <= 0.0 {
            return;
        }
        for term in &terms {
            let Some(value) = row.get(term.place).copied().flatten() else { continue };
            let influence = weight * (value - term.mean) / term.weight;
            if let Some(spread) = of_question.get_mut(term.place) {
                spread.add(count, influence);
            }
            if let Some(group) = moved.get_mut(term.group) {
                *group = Some(group.unwrap_or(0.0) + term.share * influence);
            }
        }
        let mut all = None;
        for (group, spread) in moved.iter_mut().zip(&mut of_group) {
            if let Some(influence) = group.take() {
                spread.add(count, influence);
                all = Some(all.unwrap_or(0.0) + influence);
            }
        }
        if let Some(influence) = all {
            of_all.add(count, influence / filled as f64);
        }
    });

    let means = ratios.iter().map(|ratio| ratio.map(|ratio| ratio.mean));
    let question_estimates = means.zip(&of_question).map(|(mean, spread)| spread.estimate(mean)).collect();
    let group_means = (0..group_count).map(|group| {
        let of_group = terms.iter().filter(|term| term.group == group);
        let (sum, size) = of_group.fold((Sum::new(), 0_u32), |(mut sum, size), term| {
            sum.add(term.mean);
            (sum, size + 1)
        });
        (size > 0).then(|| sum.value() / f64::from(size))
    });
    let group_means: Vec<_> = group_means.collect();
    let overall =
        (filled > 0).then(|| group_means.iter().copied().flatten().collect::<Sum>().value() / filled as f64);
    LinearMean {
        questions: question_estimates,
        groups: group_means.iter().zip(&of_group).map(|(mean, spread)| spread.estimate(*mean)).collect(),
        overall: of_all.estimate(overall),
    }
}

struct Term {
    place: usize,
    group: usize,
    share: f64,
    mean: f64,
    weight: f64,
}

#[derive(Clone, Copy)]
struct Ratio {
    mean: f64,
    weight: f64,
}

/// The ratio per question; `None` for one that nobody answered.
fn ratios(people: &impl People, questions: usize) -> Vec<Option<Ratio>> {
    let mut sums = vec![(Sum::new(), Sum::new()); questions];
    people.each(|count, weight, row| {
        if count == 0 || weight <= 0.0 {
            return;
        }
        let weight = weight * count as f64;
        for (value, (points, weights)) in row.iter().zip(&mut sums) {
            if let Some(value) = value {
                points.add(weight * value);
                weights.add(weight);
            }
        }
    });
    sums.into_iter()
        .map(|(points, weights)| {
            let weight = weights.value();
            (weight > 0.0).then(|| Ratio { mean: points.value() / weight, weight })
        })
        .collect()
}

/// Squared influences and how many people have one.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    n: u64,
    squares: Sum,
}

impl Spread {
    fn add(&mut self, count: u64, influence: f64) {
        self.n += count;
        self.squares.add(count as f64 * influence * influence);
    }

    fn estimate(&self, mean: Option<f64>) -> Option<Estimate> {
        mean.map(|mean| Estimate { mean, n: self.n, squares: self.squares.value() })
    }
}

#[cfg(test)]
mod tests;
