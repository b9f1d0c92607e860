//! The verdicts of late: copies of one envelope that race each other all get `accepted`.
//!
//! Only the last [`REMEMBERED`] are kept, in memory: a copy that comes later, or after a restart, gets `duplicate`, which
//! settles it just as well.

use std::collections::{HashSet, VecDeque};

use wardvoice_protocol::id::Hash;

/// How many envelopes are remembered.
const REMEMBERED: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<Hash>,
    order: VecDeque<Hash>,
}

impl Recent {
    pub(super) fn contains(&self, envelope: &Hash) -> bool {
        self.known.contains(envelope)
    }

    pub(super) fn remember(&mut self, envelope: Hash) {
        if !self.known.insert(envelope) {
            return;
        }
        self.order.push_back(envelope);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let hash = |number: usize| Hash::of(&number.to_le_bytes());
        let mut recent = Recent::default();
        for number in 0..=REMEMBERED {
            recent.remember(hash(number));
        }
        assert!(!recent.contains(&hash(0)));
        assert!(recent.contains(&hash(1)) && recent.contains(&hash(REMEMBERED)));
    }
}
