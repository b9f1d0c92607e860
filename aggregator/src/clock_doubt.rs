//! Why the server's clock is not believed enough to delete by it, for whoever has to hear of that. What judges it is
//! [retention](crate::operations), and while nothing is to be deleted nobody does.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why the clock is doubted, if it is. Shared by reference.
#[derive(Debug, Default)]
pub struct ClockDoubt(Mutex<Option<String>>);

impl ClockDoubt {
    /// Why, as a sentence without its end; none while it is believed.
    pub fn why(&self) -> Option<String> {
        self.locked().clone()
    }

    /// Whether it is doubted.
    pub fn is_doubted(&self) -> bool {
        self.locked().is_some()
    }

    /// It is doubted for this reason, or believed.
    pub(crate) fn set(&self, why: Option<String>) {
        *self.locked() = why;
    }

    fn locked(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
