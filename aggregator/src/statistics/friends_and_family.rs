//! The friends and family test: sums first, percentages after.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many gave each of the six answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the test's own")]
pub struct FriendsAndFamilyCounts {
    pub very_good: u64,
    pub good: u64,
    pub neither: u64,
    pub poor: u64,
    pub very_poor: u64,
    pub dont_know: u64,
}

impl FriendsAndFamilyCounts {
    /// All six, "don't know" included.
    pub fn total(&self) -> u64 {
        [self.very_good, self.good, self.neither, self.poor, self.very_poor, self.dont_know]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Very good and good.
    pub fn positive(&self) -> u64 {
        self.very_good.saturating_add(self.good)
    }

    /// Poor and very poor.
    pub fn negative(&self) -> u64 {
        self.poor.saturating_add(self.very_poor)
    }

    /// Per cent positive of all six (NHS England guidance); `None` without answers, never 0.
    pub fn percent_positive(&self) -> Option<f64> {
        percent(self.positive(), self.total())
    }

    /// Per cent negative of all six; `None` without answers, never 0.
    pub fn percent_negative(&self) -> Option<f64> {
        percent(self.negative(), self.total())
    }
}

fn percent(part: u64, total: u64) -> Option<f64> {
    // Multiplying first keeps whole percentages whole.
    (total > 0).then(|| part as f64 * 100.0 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts in the order of the documents, then what is expected.
    #[track_caller]
    fn check(counts: [u64; 6], expected: Option<(f64, f64)>) {
        let [very_good, good, neither, poor, very_poor, dont_know] = counts;
        let counts = FriendsAndFamilyCounts { very_good, good, neither, poor, very_poor, dont_know };
        assert_eq!(counts.percent_positive(), expected.map(|(positive, _)| positive));
        assert_eq!(counts.percent_negative(), expected.map(|(_, negative)| negative));
    }

    #[test]
    fn t04_of_a_hundred() {
        check([40, 30, 10, 10, 5, 5], Some((70.0, 15.0)));
    }

    #[test]
    fn t05_no_answers_are_undefined() {
        check([0; 6], None);
    }

    #[test]
    fn t06_of_fifty() {
        check([10, 20, 5, 5, 5, 5], Some((60.0, 20.0)));
        check([0, 0, 0, 0, 0, 3], Some((0.0, 0.0)));
    }
}
