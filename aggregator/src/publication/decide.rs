//! The one function that decides what is published.

use super::circle::{Circle, Group};
use super::disclosure::Disclosure;
use super::ladder::Ladder;

/// Something the audience has been told before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Of whom.
    pub circle: Circle,
    /// How finely.
    pub step: usize,
    /// What was said, where it was our own release; `None` for what others publish.
    pub counts: Option<Vec<u64>>,
}

/// What is to become of something that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is published.
    Published {
        /// How finely.
        step: usize,
        /// The people of each part.
        counts: Vec<u64>,
    },
    /// What was released before still stands.
    Stands,
    /// It is not shown.
    Hidden,
}

/// An earlier release says something else than the facts do now, so nothing can be said about what may be worked out from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("compare with an earlier release: it said {said:?} and the facts now give {found:?}")]
pub struct Changed {
    /// Which of those told.
    pub place: usize,
    /// What was said.
    pub said: Vec<u64>,
    /// What the facts give.
    pub found: Vec<u64>,
}

/// Decides, in the order given, what of the wanted is published beside everything that was told before.
///
/// Each is told as finely as is safe beside all before it. What was released before stays as it is until a later look at it, with
/// everybody who has come since, is safe and at least as fine.
pub fn decide(
    groups: &[Group],
    ladder: &Ladder,
    minimum: u64,
    told: &[Told],
    wanted: &[Circle],
) -> Result<Vec<Decision>, Changed> {
    let mut known = Disclosure::new(groups, ladder, minimum);
    for (place, told) in told.iter().enumerate() {
        let found = known.counts(&told.circle, told.step);
        if let Some(said) = told.counts.as_ref().filter(|said| **said != found) {
            return Err(Changed { place, said: said.clone(), found });
        }
        known.tell(&told.circle, told.step);
    }
    let mut decisions = Vec::with_capacity(wanted.len());
    // Once is enough: what is not safe now does not become so by what is published after it, as classes only get smaller.
    for circle in wanted {
        // Only our own releases stand; what others tell in their own words is no release of ours.
        let is_ours = |told: &&Told| told.counts.is_some() && told.circle.is_another_look_at(circle);
        let earlier = told.iter().rev().find(is_ours);
        let least = earlier.map_or(0, |earlier| earlier.step);
        let found = (least..ladder.steps().len()).rev().find(|step| known.is_safe(circle, *step));
        let published = found.map(|step| (step, known.counts(circle, step)));
        let says_more = |step: usize, counts: &[u64]| {
            earlier.is_none_or(|earlier| step > earlier.step || earlier.counts.as_deref() != Some(counts))
        };
        decisions.push(match published {
            Some((step, counts)) if says_more(step, &counts) => {
                known.tell(circle, step);
                Decision::Published { step, counts }
            }
            _ if earlier.is_some() => Decision::Stands,
            _ => Decision::Hidden,
        });
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::fortnight::DayNumber;

    use super::super::MINIMUM;
    use super::*;

    fn day(count: i32) -> DayNumber {
        DayNumber::from_count(count)
    }

    fn group(ward: u16, on: i32, arrived: i32, answer: u8, people: u64) -> Group {
        Group { day: day(on), arrived: day(arrived), ward, consultant: Some(ward % 2), answer, people }
    }

    fn ward(ward: u16, days: std::ops::RangeInclusive<i32>, as_of: i32) -> Circle {
        Circle::of_wards([ward], day(*days.start()), day(*days.end())).as_of(day(as_of))
    }

    fn told(circle: &Circle, decision: &Decision) -> Told {
        let Decision::Published { step, counts } = decision else {
            unreachable!("{decision:?} was not published")
        };
        Told { circle: circle.clone(), step: *step, counts: Some(counts.clone()) }
    }

    fn ladder() -> Ladder {
        Ladder::of_options(&["yes", "no"].map(str::to_owned), |place| place == 0).unwrap()
    }

    fn decided(groups: &[Group], told: &[Told], wanted: &[Circle]) -> Vec<Decision> {
        decide(groups, &ladder(), MINIMUM, told, wanted).unwrap()
    }

    #[test]
    fn a_fortnight_that_would_leave_a_few_days_of_a_month_is_hidden() {
        // Two fortnights and four people in the three days that are left of the month.
        let groups = [group(0, 0, 0, 0, 20), group(0, 14, 14, 0, 20), group(0, 29, 29, 0, 4)];
        let (month, first, second) = (ward(0, 0..=30, 40), ward(0, 0..=13, 40), ward(0, 14..=27, 40));
        let found = decided(&groups, &[], &[month, first, second]);
        assert!(matches!(
            found.as_slice(),
            [Decision::Published { .. }, Decision::Published { .. }, Decision::Hidden]
        ));
    }

    #[test]
    fn whoever_came_late_is_told_of_in_company_only() {
        let month = |as_of| ward(0, 0..=30, as_of);
        let mut groups = vec![group(0, 3, 3, 0, 20), group(0, 5, 40, 0, 5)];
        let first = decided(&groups, &[], &[month(35)]);
        assert_eq!(first, [Decision::Published { step: 2, counts: vec![20, 0] }]);
        let earlier = [told(&month(35), first.first().unwrap())];
        assert_eq!(decided(&groups, &earlier, &[month(45)]), [Decision::Stands], "5 came late");
        groups.push(group(0, 6, 46, 0, 1));
        let again = decided(&groups, &earlier, &[month(50)]);
        assert_eq!(again, [Decision::Published { step: 2, counts: vec![26, 0] }]);
        let earlier = [earlier.to_vec(), vec![told(&month(50), again.first().unwrap())]].concat();
        assert_eq!(decided(&groups, &earlier, &[month(60)]), [Decision::Stands], "nothing is new");
    }

    #[test]
    fn a_revision_is_never_coarser_than_what_stands() {
        let month = |as_of| ward(0, 0..=30, as_of);
        // 20 and 7; then 6 more, one of whom said no.
        let groups = [group(0, 3, 3, 0, 20), group(0, 3, 3, 1, 7), group(0, 5, 40, 0, 5), group(0, 5, 40, 1, 1)];
        let first = decided(&groups, &[], &[month(35)]);
        let earlier = [told(&month(35), first.first().unwrap())];
        assert_eq!(decided(&groups, &earlier, &[month(45)]), [Decision::Stands]);
    }

    #[test]
    fn a_consultant_is_not_worked_out_from_wards() {
        let groups = [group(0, 0, 0, 0, 10), group(1, 0, 0, 0, 10), group(2, 0, 0, 0, 4)];
        let first = Circle::of_consultant(0, day(0), day(0)).as_of(day(9));
        // Wards 0 and 2 are of consultant 0: without ward 0 the consultant has 4 patients.
        let found = decided(&groups, &[], &[ward(0, 0..=0, 9), first]);
        assert!(matches!(found.as_slice(), [Decision::Published { .. }, Decision::Hidden]));
    }

    #[test]
    fn a_release_that_the_facts_no_longer_give_is_an_error() {
        let groups = [group(0, 0, 0, 0, 10)];
        let before = Told { circle: ward(0, 0..=0, 9), step: 0, counts: Some(vec![11]) };
        let error = decide(&groups, &ladder(), MINIMUM, &[before], &[]).unwrap_err();
        assert_eq!((error.said, error.found), (vec![11], vec![10]));
    }

    #[test]
    fn what_others_tell_counts_and_is_no_release_of_ours() {
        let groups = [group(0, 0, 0, 0, 10), group(0, 0, 5, 0, 3)];
        let national = Told { circle: ward(0, 0..=0, 2), step: 1, counts: None };
        let found = decided(&groups, std::slice::from_ref(&national), &[ward(0, 0..=0, 9)]);
        assert_eq!(found, [Decision::Hidden], "3 came after the national return");
        let found = decided(&groups, &[national], &[ward(0, 0..=0, 2)]);
        assert!(matches!(found.as_slice(), [Decision::Published { .. }]));
    }
}
