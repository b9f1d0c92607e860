//! The herald: what is durable becomes a fact, then a receipt, then news for the pages. In that order, so that whoever is
//! told finds it there.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};

use wardvoice_protocol::receipt::Verdict;

use super::scribe::Note;
use super::{Answer, Forget, Gate, Sinks, by_kiosk};
use crate::facts::{Facts, LogHead};
use crate::ingest::Change;
use crate::ingest::writer::Stored;
use crate::killpoint::die;
use crate::log::{Committed, Left};
use crate::rebuild;

/// How many new records make a new snapshot of the facts worth writing.
const SNAPSHOT_EVERY: u64 = 100_000;

pub(super) struct Herald<T> {
    pub(super) facts: Arc<RwLock<Facts>>,
    pub(super) sinks: Sinks<T>,
    pub(super) gate: Arc<Gate>,
    pub(super) directory: PathBuf,
}

impl<T> Herald<T> {
    pub(super) fn run(self, notes: &Receiver<Note<T>>) {
        let mut last = None;
        let mut saved_at = None;
        let mut saving: Option<JoinHandle<()>> = None;
        while let Ok(note) = notes.recv() {
            match note {
                Note::Still(act, done) => {
                    act();
                    if done.send(()).is_err() {
                        break;
                    }
                }
                Note::Forgotten { end, some } => {
                    self.forget(end, &some);
                    last = Some(end);
                }
                Note::Committed { end, took, stored, answers } => {
                    if !stored.is_empty() {
                        self.sinks.metrics.committed(stored.len(), took);
                    }
                    self.tell(end, &stored, answers);
                    last = Some(end);
                    let since = *saved_at.get_or_insert(end.position);
                    if end.position >= since + SNAPSHOT_EVERY
                        && saving.as_ref().is_none_or(JoinHandle::is_finished)
                    {
                        saved_at = Some(end.position);
                        saving = self.save_beside(end);
                    }
                }
            }
        }
        if let Some(saving) = saving {
            drop(saving.join());
        }
        if let Some(end) = last {
            let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner);
            report(rebuild::save_snapshot(&self.directory, &facts, end));
        }
    }

    fn tell(&self, end: Committed, stored: &[Stored], answers: Vec<(Answer<T>, Vec<Verdict>)>) {
        // Before anything that may have to wait: somebody asks for help.
        for request in stored.iter().filter_map(|stored| stored.request.clone()) {
            self.sinks.help.open(request);
        }
        let new: Vec<_> = stored.iter().filter_map(|stored| stored.fact).collect();
        if !stored.is_empty() {
            let mut facts = self.facts.write().unwrap_or_else(PoisonError::into_inner);
            for fact in new {
                facts.insert(fact);
            }
            facts.stand_at(LogHead { position: end.position, running: end.running });
        }
        fail::fail_point!("receipts.before_send", |_| die());
        let count = answers.iter().map(|(_, verdicts)| verdicts.len()).sum();
        let mut for_kiosks = Vec::new();
        for (answer, verdicts) in answers {
            match answer {
                Answer::Kiosks(messages) => for_kiosks.extend(messages.into_iter().zip(verdicts)),
                // A caller who has gone away does not want to know.
                Answer::Caller(caller) => drop(caller.send(verdicts)),
            }
        }
        for (kiosk, told) in by_kiosk(for_kiosks.into_iter()) {
            (self.sinks.receipts)(kiosk, told.verdicts, told.tokens);
        }
        if !stored.is_empty() {
            let wards: BTreeSet<_> = stored.iter().map(|stored| &stored.ward).collect();
            let change = Change { wards: wards.into_iter().cloned().collect(), position: end.position };
            // Nobody has to be looking.
            drop(self.sinks.changes.send(change));
        }
        self.gate.leave(count);
    }

    /// What is out of the log leaves the facts and their snapshot, and pages are told.
    fn forget(&self, end: Committed, some: &Forget) {
        {
            let mut facts = self.facts.write().unwrap_or_else(PoisonError::into_inner);
            for one in some.records.iter().filter(|one| one.left == Left::Nothing) {
                match &one.fact {
                    Some(fact) => facts.withdraw(fact, some.on),
                    None => facts.note_withdrawn(one.day, some.on),
                }
            }
        }
        if let Err(error) = rebuild::drop_snapshot(&self.directory) {
            tracing::warn!("failed to remove the snapshot of the facts: {error}");
        }
        let wards: BTreeSet<_> = some.records.iter().map(|one| one.ward.clone()).collect();
        if !wards.is_empty() {
            let change = Change { wards: wards.into_iter().collect(), position: end.position };
            // Nobody has to be looking.
            drop(self.sinks.changes.send(change));
        }
        // Whoever asked may have gone away.
        drop(some.answer.send(Ok(some.records.len())));
    }

    /// Writes a snapshot on a thread of its own: encoding a million facts takes longer than a receipt may.
    fn save_beside(&self, end: Committed) -> Option<JoinHandle<()>> {
        let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner).clone();
        let directory = self.directory.clone();
        let save = move || report(rebuild::save_snapshot(&directory, &facts, end));
        Builder::new().name("snapshot".to_owned()).spawn(save).ok()
    }
}

/// A snapshot that cannot be written costs time at the next start and nothing else.
fn report(saved: std::io::Result<()>) {
    if let Err(error) = saved {
        tracing::warn!("failed to write the snapshot of the facts: {error}");
    }
}
