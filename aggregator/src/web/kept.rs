//! Things that are made once and kept for as long as nothing that could change them has changed.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Things by a key, each with the stamp under which it was made: as long as the stamp is the same, so is the thing. When there are too
/// many all of them are forgotten.
#[derive(Debug)]
pub(crate) struct Kept<K, S, T> {
    most: usize,
    things: Mutex<HashMap<K, (S, Arc<T>)>>,
}

impl<K: Eq + Hash, S: PartialEq, T> Kept<K, S, T> {
    /// Nothing yet, and never more than so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, things: Mutex::default() }
    }

    /// What is kept under the key and the stamp, or else what is made now. Nobody waits for another's making.
    pub(crate) fn get<E>(&self, key: K, stamp: S, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        {
            let things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, thing)) = things.get(&key).filter(|(under, _)| *under == stamp) {
                return Ok(Arc::clone(thing));
            }
        }
        Ok(self.put(key, stamp, make()?))
    }

    /// Whether something is kept under the key and the stamp.
    pub(crate) fn has(&self, key: &K, stamp: &S) -> bool {
        let things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        things.get(key).is_some_and(|(under, _)| under == stamp)
    }

    /// Keeps what was made elsewhere.
    pub(crate) fn put(&self, key: K, stamp: S, thing: T) -> Arc<T> {
        let thing = Arc::new(thing);
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        if things.len() >= self.most {
            things.clear();
        }
        things.insert(key, (stamp, Arc::clone(&thing)));
        thing
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_thing_is_made_again_when_its_stamp_is_another_or_too_many_were_kept() {
        let kept = Kept::new(2);
        let get = |key: u8, stamp: u8, made: &str| *kept.get(key, stamp, || Ok::<_, ()>(made.len())).unwrap();
        assert_eq!(get(1, 1, "one"), 3);
        assert_eq!(get(1, 1, "again"), 3, "kept");
        assert_eq!(get(1, 2, "again"), 5, "another stamp");
        assert_eq!(get(2, 1, "second"), 6);
        assert_eq!(get(3, 1, "the third"), 9);
        assert_eq!(get(1, 2, "anew"), 4, "forgotten");
        assert!(kept.get(4, 1, || Err::<usize, _>("no")).is_err());
        assert!(kept.has(&1, &2) && !kept.has(&1, &1) && !kept.has(&4, &1));
        assert_eq!(*kept.put(3, 2, 7), 7);
        assert_eq!(get(3, 2, "made"), 7, "put there");
    }
}
