//! Which of a consultant's patients came into the figures together, and whether the next figures would tell what few of them said.
//!
//! Vocabulary: patients of whom every set of figures that was taken holds all or none are a *group*. [`Crowd::takes`] takes the next set when
//! afterwards every group has enough people or nobody, and when nobody has come or left but with enough others.
//!
//! Why that is enough: any sum of figures, whatever is added and subtracted, counts all of a group alike, so what comes out is made of what
//! whole groups said. [`crate::publication`] guards in the same way what the public sees.
//!
//! A patient who was disputed with success leaves alone, whatever the groups are. For the groups such a patient stays, or one dispute would
//! keep the others of the group from being shown for half a year; enough others have to leave with the patient, so that no two sets that
//! follow each other tell it.

use std::collections::BTreeMap;

use crate::scoring::Belongs;

/// A consultant's patients by the groups in which they have been shown.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    patients: Vec<Patient>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Patient {
    /// The group; none for who has not been in any figures yet.
    group: Option<usize>,
    /// Whether the last set has the patient.
    is_shown: bool,
}

/// The group that somebody was in, and whether they are still in the figures.
type Part = (Option<usize>, bool);

impl Crowd {
    /// So many patients, none of whom has been shown.
    pub(super) fn new(patients: usize) -> Self {
        Self { patients: vec![Patient::default(); patients] }
    }

    /// Takes the next set of figures if it tells nothing of fewer than so many patients, and says whether it did.
    pub(super) fn takes(&mut self, next: &[Belongs], fewest: u64) -> bool {
        let (mut came, mut left) = (0, 0);
        let mut parts: BTreeMap<Part, u64> = BTreeMap::new();
        for (patient, belongs) in self.patients.iter().zip(next) {
            came += u64::from(!patient.is_shown && belongs.is_shown());
            left += u64::from(patient.is_shown && !belongs.is_shown());
            if let Some(part) = patient.part(*belongs) {
                *parts.entry(part).or_default() += 1;
            }
        }
        let enough = |many: u64| many == 0 || many >= fewest;
        if ![came, left].into_iter().chain(parts.values().copied()).all(enough) {
            return false;
        }
        let groups: BTreeMap<Part, usize> = parts.into_keys().zip(0..).collect();
        for (patient, belongs) in self.patients.iter_mut().zip(next) {
            let group = patient.part(*belongs).and_then(|part| groups.get(&part).copied());
            *patient = Patient { group, is_shown: belongs.is_shown() };
        }
        true
    }
}

impl Patient {
    /// What part of which group the patient would be in; none of any for who said nothing that is shown, now or before.
    fn part(self, belongs: Belongs) -> Option<Part> {
        match (self.group, belongs) {
            (None, Belongs::Counts) => Some((None, true)),
            (None, _) => None,
            (group, belongs) => Some((group, belongs != Belongs::Not)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;

    use super::*;

    /// Sets of figures, one after another; a letter a patient: `#` counts, `s` has said nothing, `x` was dropped, `.` is not there.
    fn taken(sets: &[&str]) -> Vec<bool> {
        let mut crowd = Crowd::new(sets.first().unwrap().len());
        let belongs = |letter: char| match letter {
            '#' => Belongs::Counts,
            's' => Belongs::Silent,
            'x' => Belongs::Dropped,
            _ => Belongs::Not,
        };
        sets.iter().map(|set| crowd.takes(&set.chars().map(belongs).collect::<Vec<_>>(), 5)).collect()
    }

    #[test]
    fn five_come_together_and_leave_together() {
        let check = |sets: &[&str], expected: &[bool]| assert_eq!(taken(sets), expected, "{sets:?}");
        check(&["....", "####"], &[true, false]);
        check(&["#####.....", "######....", "##########"], &[true, false, true]);
        // One of five leaves, then all five do.
        check(&["#####.....", ".#########", ".....#####"], &[true, false, true]);
        // Five came and five left, and yet one was left of those who had come together.
        check(&["######.....", ".....######"], &[true, false]);
        // Nothing moves at all.
        check(&["######", "######"], &[true, true]);
        // Two steps that are each of five and together single out the one who came late.
        check(&["#####......", "###########", "....#######"], &[true, true, false]);
        // Who has said nothing neither comes nor leaves alone.
        check(&["#####.", "#####s"], &[true, false]);
        check(&["#####......", "##########s", "#####.....s"], &[true, true, true]);
        // Who was disputed leaves with five others or not at all, and keeps nobody of the group from leaving.
        check(&["##########", "x#########"], &[true, false]);
        check(&["##########.....", "##########.....", "x##############"], &[true, true, false]);
        check(&["#####.....", "##########", "x....#####", ".....#####"], &[true, true, false, true]);
        check(&["#####.....", "##########", ".....x####"], &[true, true, true]);
    }

    proptest! {
        /// Of everybody who was ever shown, there are five or more who were shown in the same sets: found out by another way than the crowd's.
        #[test]
        fn nobody_is_told_from_four_others(
            patients in prop::collection::vec((0..12_usize, 0..4_usize), 1..60),
            length in 3..6_usize,
        ) {
            let mut crowd = Crowd::new(patients.len());
            let mut seen: Vec<Vec<usize>> = vec![Vec::new(); patients.len()];
            for step in 0..24_usize {
                // Who answers in a step may be heard of some steps later, and is old after `length`.
                let is_in = |(day, late): &(usize, usize)| day + late <= step && step < day + length;
                let next: Vec<Belongs> =
                    patients.iter().map(|one| if is_in(one) { Belongs::Counts } else { Belongs::Not }).collect();
                if crowd.takes(&next, 5) {
                    let shown = seen.iter_mut().zip(&patients).filter(|(_, one)| is_in(one));
                    shown.for_each(|(seen, _)| seen.push(step));
                }
            }
            let mut alike: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
            seen.into_iter().filter(|steps| !steps.is_empty()).for_each(|steps| *alike.entry(steps).or_default() += 1);
            prop_assert!(alike.values().all(|many| *many >= 5), "{alike:?}");
        }
    }
}
