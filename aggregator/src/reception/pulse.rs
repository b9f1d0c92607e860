//! What a connection is doing, as both of its ends see it: bytes on one, requests and answers on the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::time::Instant;

use super::Patience;

/// What a connection is doing. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Pulse(Arc<Mutex<Beat>>);

#[derive(Debug)]
struct Beat {
    /// How many answers are being made.
    answering: usize,
    /// What comes next, where none is.
    awaited: Awaited,
    /// Who waits for bytes, to be told that nothing is answered any more.
    reader: Option<Waker>,
}

/// What is waited for, and since when.
#[derive(Debug, Clone, Copy)]
enum Awaited {
    /// The rest of a request's head, of which so many bytes have come.
    Head { since: Instant, bytes: usize },
    /// Another request, if there is one.
    Another { since: Instant },
}

/// An answer that is being made, until this is dropped.
#[derive(Debug)]
pub(super) struct Answering(Pulse);

impl Pulse {
    /// Of a connection that has just begun: who connects has something to ask.
    pub(super) fn new() -> Self {
        let awaited = Awaited::Head { since: Instant::now(), bytes: 0 };
        Self(Arc::new(Mutex::new(Beat { answering: 0, awaited, reader: None })))
    }

    /// A request has come.
    pub(super) fn answering(&self) -> Answering {
        self.beat().answering += 1;
        Answering(self.clone())
    }

    /// Bytes have come.
    pub(super) fn came(&self, many: usize) {
        let mut beat = self.beat();
        if beat.answering > 0 {
            return;
        }
        beat.awaited = match beat.awaited {
            Awaited::Head { since, bytes } => Awaited::Head { since, bytes: bytes.saturating_add(many) },
            Awaited::Another { .. } => Awaited::Head { since: Instant::now(), bytes: many },
        };
    }

    /// Bytes have gone: what is written still is no idleness.
    pub(super) fn went(&self) {
        let mut beat = self.beat();
        if let Awaited::Another { since } = &mut beat.awaited {
            *since = Instant::now();
        }
    }

    /// Whether a head has become longer than any request's is.
    pub(super) fn is_too_long(&self, most: usize) -> bool {
        let beat = self.beat();
        beat.answering == 0 && matches!(beat.awaited, Awaited::Head { bytes, .. } if bytes > most)
    }

    /// Until when is waited for bytes; for as long as it takes while something is being answered. Whoever reads is woken when that ends,
    /// because it may have looked before it began and looks no more by itself.
    pub(super) fn until(&self, patience: &Patience, reader: &Waker) -> Option<Instant> {
        let mut beat = self.beat();
        match &mut beat.reader {
            Some(known) => known.clone_from(reader),
            none => *none = Some(reader.clone()),
        }
        if beat.answering > 0 {
            return None;
        }
        Some(match beat.awaited {
            Awaited::Head { since, .. } => since + patience.head,
            Awaited::Another { since } => since + patience.idle,
        })
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut beat = self.0.beat();
        beat.answering = beat.answering.saturating_sub(1);
        if beat.answering > 0 {
            return;
        }
        beat.awaited = Awaited::Another { since: Instant::now() };
        let reader = beat.reader.take();
        drop(beat);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}
