//! The national rules of the friends and family test for small numbers.
//!
//! NHS England, *The Friends and Family Test: guidance*, as its own
//! [pipeline](https://github.com/nhsengland/fft_pipeline) has them, level by level from the top (ICB, trust, site, ward):
//!
//! 1. 1 to 4 answers are suppressed; 0 are not.
//! 2. Rows with answers are ranked within their parent, fewest first. If rank 1 is suppressed and rank 2 is not, rank 2 is too.
//! 3. If a parent is suppressed for any reason, its ranks 1 and 2 are.
//!
//! Ties are broken by what the caller gives (the pipeline: specialties, then the ward's name), as texts by code point, and then by
//! the order of the input. Rows without a parent are ranked together, on whatever level; a parent that is not a row of the level
//! above has nothing to pass on, and of several rows with its code one suppressed one is enough.
//!
//! Invariant of the publication, not of privacy: these rules alone leak (of wards of 3, 12 and 31 the 3 is given away when the
//! percentage of the 12 is shown). What we publish ourselves goes through [`suppression`](super::suppression).

use std::collections::BTreeSet;

/// Counts from 1 to one less are suppressed.
pub const NATIONAL_MINIMUM: u64 = 5;

/// A row of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's own code.
    pub code: String,
    /// The code of its parent on the level above.
    pub parent: Option<String>,
    /// How many answered.
    pub total: u64,
    /// What breaks ties, the most important first.
    pub tie_break: Vec<String>,
}

/// What the rules make of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Its place among its parent's rows with answers, from 1; `None` without answers.
    pub rank: Option<u64>,
    /// Suppressed for its own small number: percentages are masked too.
    pub first: bool,
    /// Suppressed because the row before it is.
    pub second: bool,
    /// Suppressed because its parent is.
    pub cascade: bool,
}

impl Verdict {
    /// Whether the row's counts are masked.
    pub fn is_suppressed(&self) -> bool {
        self.first || self.second || self.cascade
    }
}

/// The verdicts on the rows of some levels, from the top down, in the order of the input.
pub fn suppress_nationally(levels: &[Vec<Row>]) -> Vec<Vec<Verdict>> {
    let mut suppressed_parents = BTreeSet::new();
    let mut verdicts = Vec::with_capacity(levels.len());
    for rows in levels {
        let found = suppress_level(rows, &suppressed_parents);
        let codes = rows.iter().zip(&found).filter(|(_, verdict)| verdict.is_suppressed());
        suppressed_parents = codes.map(|(row, _)| row.code.as_str()).collect();
        verdicts.push(found);
    }
    verdicts
}

fn suppress_level(rows: &[Row], suppressed_parents: &BTreeSet<&str>) -> Vec<Verdict> {
    let is_small = |row: &Row| (1..NATIONAL_MINIMUM).contains(&row.total);
    let mut verdicts: Vec<Verdict> =
        rows.iter().map(|row| Verdict { first: is_small(row), ..Verdict::default() }).collect();
    let mut ranked: Vec<(usize, &Row)> = rows.iter().enumerate().filter(|(_, row)| row.total > 0).collect();
    // A stable sort: equal rows stay in the order of the input.
    ranked.sort_by_key(|(_, row)| (&row.parent, row.total, &row.tie_break));
    for family in ranked.chunk_by(|(_, left), (_, right)| left.parent == right.parent) {
        let is_first_suppressed = family.first().is_some_and(|(_, row)| is_small(row));
        for (rank, (place, row)) in (1..).zip(family) {
            if let Some(verdict) = verdicts.get_mut(*place) {
                verdict.rank = Some(rank);
                verdict.second = rank == 2 && is_first_suppressed && !verdict.first;
                let is_parent_suppressed =
                    row.parent.as_deref().is_some_and(|parent| suppressed_parents.contains(parent));
                verdict.cascade = rank <= 2 && is_parent_suppressed;
            }
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "a test that panics is a test that fails")]
    use super::*;

    fn row(code: &str, parent: Option<&str>, total: u64) -> Row {
        Row { code: code.to_owned(), parent: parent.map(str::to_owned), total, tie_break: Vec::new() }
    }

    fn flags(verdicts: &[Verdict], get: fn(&Verdict) -> bool) -> Vec<bool> {
        verdicts.iter().map(get).collect()
    }

    /// Vector T-15.
    #[test]
    fn t15_one_to_four_are_suppressed() {
        let rows = [0, 3, 5, 10, 2].map(|total| row("x", None, total));
        let found = suppress_nationally(&[rows.to_vec()]);
        assert_eq!(flags(&found[0], |verdict| verdict.first), [false, true, false, false, true]);
        assert_eq!(
            found[0].iter().map(|verdict| verdict.rank).collect::<Vec<_>>(),
            [None, Some(2), Some(3), Some(4), Some(1)]
        );
    }

    /// Vector T-16: groups A A A B B with ranks 1 2 3 1 2, of which the first row is suppressed.
    #[test]
    fn t16_the_next_is_suppressed_too() {
        let rows = [("A", 3), ("A", 10), ("A", 20), ("B", 6), ("B", 7)]
            .map(|(parent, total)| row("x", Some(parent), total));
        let found = suppress_nationally(&[rows.to_vec()]);
        assert_eq!(found[0].iter().filter_map(|verdict| verdict.rank).collect::<Vec<_>>(), [1, 2, 3, 1, 2]);
        assert_eq!(flags(&found[0], |verdict| verdict.second), [false, true, false, false, false]);
        let both = suppress_nationally(&[vec![row("x", None, 3), row("y", None, 4)]]);
        assert_eq!(flags(&both[0], |verdict| verdict.second), [false, false]);
    }

    /// Vector T-18: parent A suppressed, children A three times and B twice.
    #[test]
    fn t18_a_parent_passes_it_on() {
        let parents = vec![row("A", None, 4), row("B", None, 9), row("C", None, 90)];
        let children = [("A", 20), ("A", 30), ("A", 40), ("B", 50), ("B", 60)]
            .map(|(parent, total)| row("x", Some(parent), total));
        let found = suppress_nationally(&[parents, children.to_vec()]);
        assert_eq!(flags(&found[0], Verdict::is_suppressed), [true, true, false]);
        assert_eq!(flags(&found[1], |verdict| verdict.cascade), [true, true, false, true, true]);
        let parents = vec![row("A", None, 4), row("C", None, 4), row("B", None, 90)];
        let found = suppress_nationally(&[parents, children.to_vec()]);
        assert_eq!(flags(&found[1], |verdict| verdict.cascade), [true, true, false, false, false]);
    }

    #[test]
    fn what_is_suppressed_in_any_way_is_passed_down_every_level() {
        let top = vec![row("A", None, 3), row("B", None, 50)];
        let middle = vec![row("b1", Some("B"), 20), row("b2", Some("B"), 20), row("b3", Some("B"), 0)];
        let bottom = vec![
            row("w1", Some("b1"), 8),
            row("w2", Some("b2"), 9),
            row("w3", Some("b3"), 0),
            row("w4", Some("?"), 9),
        ];
        let found = suppress_nationally(&[top, middle, bottom]);
        assert!(found[0][1].second && found[1][0].cascade && found[1][1].cascade && !found[1][2].is_suppressed());
        assert_eq!(flags(&found[2], |verdict| verdict.cascade), [true, true, false, false]);
    }

    #[test]
    fn ties_go_by_what_breaks_them_and_then_by_order() {
        let tied = |code: &str, tie: &[&str]| Row {
            tie_break: tie.iter().map(|text| (*text).to_owned()).collect(),
            ..row(code, None, 4)
        };
        let rows = vec![
            tied("a", &["100", "Ward B"]),
            tied("b", &["100", "Ward A"]),
            tied("c", &["99"]),
            tied("d", &[]),
            tied("e", &["99"]),
        ];
        let ranks: Vec<_> = suppress_nationally(&[rows])[0].iter().filter_map(|verdict| verdict.rank).collect();
        assert_eq!(ranks, [3, 2, 4, 1, 5]);
    }
}
