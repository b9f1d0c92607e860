//! The contact log: how many patients were approached, what came of it, and how many answered, by ward, mode, fortnight and kiosk.
//!
//! Vocabulary: *approached* is every contact but those with patients who had been asked already, who were counted the first time; *answered* is a
//! contact with a response, whole or in part. The *rate* is answered of approached, with Wilson's 95 % interval, as on every score sheet: whatever
//! the reason was, it stays in the denominator.
//!
//! Pure: it counts what it is handed. Contacts of staff are not among them; who the patients or the volunteers were is in no contact.

use std::collections::BTreeMap;

use wardvoice_protocol::contact::Outcome;

use crate::scoring::{Figure, proportion};

/// Contacts by what came of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contacts {
    outcomes: BTreeMap<Outcome, u64>,
}

/// Contacts in groups of one kind, in the order of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouped<K> {
    groups: BTreeMap<K, Contacts>,
}

impl Contacts {
    /// One more.
    pub fn add(&mut self, outcome: Outcome) {
        self.add_many(outcome, 1);
    }

    /// So many more.
    pub fn add_many(&mut self, outcome: Outcome, many: u64) {
        *self.outcomes.entry(outcome).or_default() += many;
    }

    /// Those of others as well.
    pub fn merge(&mut self, others: &Self) {
        others.outcomes.iter().for_each(|(outcome, count)| self.add_many(*outcome, *count));
    }

    /// How many came to that.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }

    /// Patients who were approached.
    pub fn approached(&self) -> u64 {
        self.outcomes
            .iter()
            .filter(|(outcome, _)| **outcome != Outcome::AlreadyAsked)
            .map(|(_, count)| count)
            .sum()
    }

    /// Patients who answered, whole or in part.
    pub fn answered(&self) -> u64 {
        self.outcomes.iter().filter(|(outcome, _)| outcome.has_response()).map(|(_, count)| count).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// The response rate in per cent.
    pub fn rate(&self) -> Figure {
        proportion(self.answered(), self.approached(), "nobody has been approached")
    }
}

impl<K: Ord> Default for Grouped<K> {
    fn default() -> Self {
        Self { groups: BTreeMap::new() }
    }
}

impl<K: Ord> Grouped<K> {
    /// One more of a group.
    pub fn add(&mut self, key: K, outcome: Outcome) {
        self.add_many(key, outcome, 1);
    }

    /// So many more of a group.
    pub fn add_many(&mut self, key: K, outcome: Outcome, many: u64) {
        self.groups.entry(key).or_default().add_many(outcome, many);
    }

    /// Contacts more of a group.
    pub fn add_all(&mut self, key: K, contacts: &Contacts) {
        self.groups.entry(key).or_default().merge(contacts);
    }

    /// Those of others as well, group by group.
    pub fn merge(&mut self, others: &Self)
    where
        K: Clone,
    {
        for (key, contacts) in &others.groups {
            self.groups.entry(key.clone()).or_default().merge(contacts);
        }
    }

    /// A group; an empty one where nothing was counted.
    pub fn get(&self, key: &K) -> Contacts {
        self.groups.get(key).cloned().unwrap_or_default()
    }

    /// Every group that has something in it.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Contacts)> {
        self.groups.iter()
    }

    /// All groups together.
    pub fn all(&self) -> Contacts {
        let mut all = Contacts::default();
        self.groups.values().for_each(|contacts| all.merge(contacts));
        all
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn whatever_the_reason_it_stays_in_the_denominator_and_nobody_is_counted_twice() {
        let mut log = Grouped::default();
        let contacts = [
            (Outcome::Completed, 7),
            (Outcome::Partial, 1),
            (Outcome::Declined, 5),
            (Outcome::LacksCapacity, 3),
            (Outcome::AlreadyAsked, 9),
        ];
        for (outcome, many) in contacts {
            (0..many).for_each(|place| log.add(place % 2, outcome));
        }
        let all = log.all();
        assert_eq!((all.approached(), all.answered(), all.of(Outcome::AlreadyAsked)), (16, 8, 9));
        let rate = all.rate();
        assert_eq!((rate.value, rate.n), (Some(50.0), 16));
        assert!(rate.lower.unwrap() < 30.0 && rate.upper.unwrap() > 70.0);
        let halves: u64 = log.iter().map(|(_, contacts)| contacts.approached()).sum();
        assert_eq!(halves, 16);
        assert!(log.get(&7).is_empty());
        assert_eq!(log.get(&7).rate().why.unwrap(), "nobody has been approached");
    }
}
