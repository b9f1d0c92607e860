//! What is known of the answers to one question, as classes of people that nothing known tells apart.

use std::collections::BTreeMap;

use super::circle::{Circle, Group};
use super::ladder::Ladder;

/// What an audience knows of the answers to one question.
#[derive(Debug, Clone)]
pub struct Disclosure<'a> {
    ladder: &'a Ladder,
    minimum: u64,
    /// Sorted, so that the days of a circle are a slice.
    groups: Vec<Group>,
    /// Per step, the classes by what is known at that step or a finer one.
    layers: Vec<Layer>,
}

#[derive(Debug, Clone)]
struct Layer {
    /// Per group, its class; `None` for an answer that the ladder does not have.
    class_of: Vec<Option<usize>>,
    classes: Vec<Class>,
}

#[derive(Debug, Clone, Copy)]
struct Class {
    people: u64,
    /// Whether anything about it is known. Of the rest of the world nothing is, not even how many they are.
    is_known: bool,
}

impl<'a> Disclosure<'a> {
    /// Nothing is known yet.
    pub fn new(groups: &[Group], ladder: &'a Ladder, minimum: u64) -> Self {
        let mut groups: Vec<Group> = groups.iter().filter(|group| group.people > 0).copied().collect();
        groups.sort_unstable();
        let layers = ladder.steps().iter().map(|step| {
            let class_of: Vec<_> = groups.iter().map(|group| step.part_of(group.answer)).collect();
            let mut classes = vec![Class { people: 0, is_known: false }; step.parts.len()];
            for (place, group) in class_of.iter().zip(&groups) {
                if let Some(class) = place.and_then(|place| classes.get_mut(place)) {
                    class.people += group.people;
                }
            }
            Layer { class_of, classes }
        });
        let layers = layers.collect();
        Self { ladder, minimum, groups, layers }
    }

    /// How many people of a circle are in each part of a step.
    pub fn counts(&self, circle: &Circle, step: usize) -> Vec<u64> {
        let Some(parts) = self.ladder.steps().get(step) else { return Vec::new() };
        let mut counts = vec![0; parts.parts.len()];
        for group in self.inside(circle).filter_map(|place| self.groups.get(place)) {
            if let Some(count) = parts.part_of(group.answer).and_then(|part| counts.get_mut(part)) {
                *count += group.people;
            }
        }
        counts
    }

    /// Whether a circle may be told of at a step: every class stays without people or with enough of them.
    pub fn is_safe(&self, circle: &Circle, step: usize) -> bool {
        let counts = self.counts(circle, step);
        let is_enough = |people: u64| people >= self.minimum;
        is_enough(counts.iter().sum())
            && counts.iter().all(|people| *people == 0 || is_enough(*people))
            && self.layers.iter().take(step + 1).all(|layer| {
                self.split(layer, circle).iter().all(|(class, inside)| {
                    let Some(class) = layer.classes.get(*class) else { return false };
                    let outside = class.people.saturating_sub(*inside);
                    let is_split_well = is_enough(*inside) && is_enough(outside);
                    if class.is_known { outside == 0 || is_split_well } else { is_enough(*inside) }
                })
            })
    }

    /// From now on a circle is known at a step, whether that is safe or not.
    pub fn tell(&mut self, circle: &Circle, step: usize) {
        let inside: Vec<usize> = self.inside(circle).collect();
        for layer in self.layers.iter_mut().take(step + 1) {
            let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
            for place in &inside {
                let Some(old) = layer.class_of.get(*place).copied().flatten() else { continue };
                let people = self.groups.get(*place).map_or(0, |group| group.people);
                let new = *moved.entry(old).or_insert_with(|| {
                    layer.classes.push(Class { people: 0, is_known: true });
                    layer.classes.len() - 1
                });
                if let Some(class) = layer.classes.get_mut(old) {
                    class.people -= people;
                }
                if let Some(class) = layer.classes.get_mut(new) {
                    class.people += people;
                }
                if let Some(class) = layer.class_of.get_mut(*place) {
                    *class = Some(new);
                }
            }
        }
    }

    /// How many people of each class a circle holds; only classes of which it holds some.
    fn split(&self, layer: &Layer, circle: &Circle) -> BTreeMap<usize, u64> {
        let mut inside = BTreeMap::new();
        for place in self.inside(circle) {
            if let (Some(Some(class)), Some(group)) = (layer.class_of.get(place), self.groups.get(place)) {
                *inside.entry(*class).or_insert(0) += group.people;
            }
        }
        inside
    }

    /// The places of a circle's groups.
    fn inside(&self, circle: &Circle) -> impl Iterator<Item = usize> {
        let (first, last) = circle.days();
        let from = self.groups.partition_point(|group| group.day < first);
        let to = self.groups.partition_point(|group| group.day <= last);
        let groups = self.groups.get(from..to.max(from)).unwrap_or_default();
        groups.iter().zip(from..).filter(|(group, _)| circle.holds(group)).map(|(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use wardvoice_protocol::fortnight::DayNumber;

    use super::super::MINIMUM;
    use super::*;

    fn day(count: i32) -> DayNumber {
        DayNumber::from_count(count)
    }

    /// Wards with so many people of each answer, all on day 0.
    fn wards(answers: &[&[u64]]) -> Vec<Group> {
        let of_ward = |(ward, counts): (u16, &&[u64])| -> Vec<Group> {
            let group = |(answer, people): (u8, &u64)| Group {
                day: day(0),
                arrived: day(0),
                ward,
                consultant: None,
                answer,
                people: *people,
            };
            (0..).zip(counts.iter()).map(group).collect()
        };
        (0..).zip(answers).flat_map(of_ward).collect()
    }

    fn circle(wards: &[u16]) -> Circle {
        Circle::of_wards(wards.iter().copied(), day(0), day(0))
    }

    fn ladder() -> Ladder {
        let names = ["always", "sometimes", "no"].map(str::to_owned);
        Ladder::of_options(&names, |place| place == 0).unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn the_last_ward_of_a_trust_covers_the_small_one() {
        let groups = wards(&[&[3], &[12], &[31]]);
        let ladder = ladder();
        let mut known = Disclosure::new(&groups, &ladder, MINIMUM);
        assert!(!known.is_safe(&circle(&[0]), 0), "3 people");
        assert!(known.is_safe(&circle(&[1]), 0), "nothing is known of the rest");
        assert!(known.is_safe(&circle(&[0, 1, 2]), 0));
        known.tell(&circle(&[0, 1, 2]), 0);
        assert!(known.is_safe(&circle(&[2]), 0), "15 are left");
        known.tell(&circle(&[2]), 0);
        assert!(!known.is_safe(&circle(&[1]), 0), "3 would be left");
        assert!(known.is_safe(&circle(&[0, 1]), 0), "what is known already");
        assert_eq!(known.counts(&circle(&[0, 1]), 0), [15]);
    }

    #[test]
    fn small_parts_are_cells_too_and_a_coarser_step_may_do() {
        let groups = wards(&[&[20, 4, 4], &[20, 10, 10], &[20, 2, 0]]);
        let ladder = ladder();
        let mut known = Disclosure::new(&groups, &ladder, MINIMUM);
        assert!(!known.is_safe(&circle(&[0]), 2), "4 said sometimes");
        assert!(known.is_safe(&circle(&[0]), 1), "8 did not say always");
        assert!(!known.is_safe(&circle(&[2]), 1), "2 did not say always");
        assert!(known.is_safe(&circle(&[2]), 0));
        known.tell(&circle(&[0, 1, 2]), 2);
        known.tell(&circle(&[0]), 1);
        assert!(!known.is_safe(&circle(&[1]), 1), "2 not always would be left to the third ward");
        assert!(known.is_safe(&circle(&[1]), 0), "how many answered says nothing of what they said");
    }

    #[test]
    fn nothing_is_told_of_nobody() {
        let ladder = ladder();
        let known = Disclosure::new(&wards(&[&[0]]), &ladder, MINIMUM);
        assert!(!known.is_safe(&circle(&[0]), 0));
        assert!(!known.is_safe(&circle(&[7]), 0));
    }

    #[test]
    fn what_others_have_told_is_known_even_where_it_is_not_safe() {
        let groups = wards(&[&[3], &[12], &[31]]);
        let ladder = ladder();
        let mut known = Disclosure::new(&groups, &ladder, MINIMUM);
        known.tell(&circle(&[0]), 0);
        known.tell(&circle(&[1]), 0);
        assert!(!known.is_safe(&circle(&[0]), 0), "3 people are not told again");
        assert!(known.is_safe(&circle(&[0, 1]), 0), "it says nothing new");
        assert!(known.is_safe(&circle(&[0, 1, 2]), 0), "the new ones are 31");
    }
}
