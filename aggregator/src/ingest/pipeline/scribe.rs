//! The writer's thread: puts what the judges hand over into the order it came in, decides, gathers and commits.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use wardvoice_protocol::receipt::{Decision, Verdict};

use super::judges::{Ready, ReadyTask};
use super::{Answer, GATHER_RECORDS, GATHER_TIME, Gate, failure};
use crate::ingest::Writer;
use crate::ingest::writer::Stored;
use crate::log::{Committed, Log, LogError};

/// What the herald gets: either durable, or to be done while nothing is under way.
pub(super) enum Note<T> {
    /// With the time that the commit took, flush and fsync included.
    Committed {
        end: Committed,
        took: Duration,
        stored: Vec<Stored>,
        answers: Vec<(Answer<T>, Vec<Verdict>)>,
    },
    Still(Box<dyn FnOnce() + Send>, SyncSender<()>),
}

/// The judged work, given out in the order of its tickets.
struct Queue<'a, T> {
    from_judges: &'a Receiver<Ready<T>>,
    early: BTreeMap<u64, ReadyTask<T>>,
    next: u64,
}

impl<T> Queue<'_, T> {
    /// The next piece of work; `None` when all judges have ended and nothing is left.
    fn wait(&mut self) -> Option<ReadyTask<T>> {
        while !self.early.contains_key(&self.next) {
            let ready = self.from_judges.recv().ok()?;
            self.early.insert(ready.ticket, ready.task);
        }
        self.pop()
    }

    /// The next piece of work, if it comes before a moment.
    fn wait_until(&mut self, deadline: Instant) -> Option<ReadyTask<T>> {
        while !self.early.contains_key(&self.next) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.from_judges.recv_timeout(left) {
                Ok(ready) => self.early.insert(ready.ticket, ready.task),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            };
        }
        self.pop()
    }

    fn pop(&mut self) -> Option<ReadyTask<T>> {
        let task = self.early.remove(&self.next);
        self.next += u64::from(task.is_some());
        task
    }
}

/// Runs until all work is done or the log fails; gives the log back.
pub(super) fn run<T>(
    mut writer: Writer,
    from_judges: &Receiver<Ready<T>>,
    herald: &SyncSender<Note<T>>,
    gate: &Gate,
) -> Log {
    let mut queue = Queue { from_judges, early: BTreeMap::new(), next: 0 };
    let mut held: Option<ReadyTask<T>> = None;
    while let Some(task) = held.take().or_else(|| queue.wait()) {
        let note = match task {
            ReadyTask::Still(act) => {
                let (done, wait) = std::sync::mpsc::sync_channel(1);
                if herald.send(Note::Still(act, done)).is_err() || wait.recv().is_err() {
                    break;
                }
                continue;
            }
            ReadyTask::Decide { .. } => gather(&mut writer, task, &mut queue, &mut held, gate),
        };
        match note {
            Ok(note) => {
                if herald.send(note).is_err() {
                    break;
                }
            }
            Err(error) => {
                tracing::error!("{}", failure(&error));
                gate.stop(&failure(&error));
                break;
            }
        }
    }
    gate.stop("the writer has ended");
    writer.into_log()
}

/// Decides one piece of work and as much as follows at once, and commits it all.
fn gather<T>(
    writer: &mut Writer,
    first: ReadyTask<T>,
    queue: &mut Queue<'_, T>,
    held: &mut Option<ReadyTask<T>>,
    gate: &Gate,
) -> Result<Note<T>, LogError> {
    let deadline = Instant::now() + GATHER_TIME;
    let (mut stored, mut answers, mut count) = (Vec::new(), Vec::new(), 0);
    let mut next = Some(first);
    while let Some(task) = next.take() {
        match task {
            ReadyTask::Decide { judged, answer } => {
                let mut verdicts = Vec::with_capacity(judged.len());
                for (judged, replay) in judged {
                    let decided = match replay {
                        Some(number) => writer.replay(judged, number)?,
                        None => writer.decide(judged)?,
                    };
                    let mut verdict = decided.verdict;
                    // Racing copies are a kiosk's affair; a caller wants to know what is new.
                    if matches!(answer, Answer::Caller(_))
                        && decided.stored.is_none()
                        && verdict.decision == Decision::Accepted
                    {
                        verdict.decision = Decision::Duplicate;
                    }
                    verdicts.push(verdict);
                    stored.extend(decided.stored);
                }
                count += verdicts.len();
                answers.push((answer, verdicts));
            }
            still @ ReadyTask::Still(_) => {
                *held = Some(still);
                break;
            }
        }
        if count < GATHER_RECORDS && gate.lock().tickets > queue.next {
            next = queue.wait_until(deadline);
        }
    }
    let begun = Instant::now();
    let end = writer.commit()?;
    Ok(Note::Committed { end, took: begun.elapsed(), stored, answers })
}
