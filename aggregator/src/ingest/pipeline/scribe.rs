//! The writer's thread: puts what the judges hand over into the order it came in, decides, gathers and commits.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use wardvoice_protocol::receipt::{Decision, Verdict};

use super::judges::{Ready, ReadyTask};
use super::{Acknowledge, Answer, Forget, GATHER_RECORDS, GATHER_TIME, Gate, failure};
use crate::ingest::writer::Stored;
use crate::ingest::{Judged, Writer};
use crate::log::{Committed, Left, Log, LogError};

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
    /// What was new of it is out of the log.
    Forgotten {
        end: Committed,
        some: Forget,
    },
}

/// How long no work comes before there is time for the store's own affairs.
const QUIET: Duration = Duration::from_secs(2);
/// How much the store grows before a quiet moment is used for noting where everything is.
const NOTE_WHEN_QUIET_BYTES: u64 = 32 * 1024 * 1024;
/// How much it grows before that no longer waits for one: some 200,000 records, half a second's reading at a start.
const NOTE_ANYHOW_BYTES: u64 = 512 * 1024 * 1024;

/// The judged work, given out in the order of its tickets.
struct Queue<'a, T> {
    from_judges: &'a Receiver<Ready<T>>,
    early: BTreeMap<u64, ReadyTask<T>>,
    next: u64,
}

impl<T> Queue<'_, T> {
    /// The next piece of work; `None` when all judges have ended and nothing is left. When a while passes without any,
    /// `meanwhile` is called once.
    fn wait(&mut self, meanwhile: impl FnOnce()) -> Option<ReadyTask<T>> {
        let mut meanwhile = Some(meanwhile);
        while !self.early.contains_key(&self.next) {
            let ready = match self.from_judges.recv_timeout(QUIET) {
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(meanwhile) = meanwhile.take() {
                        meanwhile();
                    }
                    self.from_judges.recv().ok()?
                }
                other => other.ok()?,
            };
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
    loop {
        note_places(&mut writer, NOTE_ANYHOW_BYTES, gate);
        let quiet = || note_places(&mut writer, NOTE_WHEN_QUIET_BYTES, gate);
        let Some(task) = held.take().or_else(|| queue.wait(quiet)) else { break };
        let note = match task {
            ReadyTask::Still(act) => {
                let (done, wait) = std::sync::mpsc::sync_channel(1);
                if herald.send(Note::Still(act, done)).is_err() || wait.recv().is_err() {
                    break;
                }
                continue;
            }
            ReadyTask::Acknowledge(one) => {
                if let Err(error) = acknowledge(&mut writer, one) {
                    tracing::error!("{}", failure(&error));
                    gate.stop(&failure(&error));
                    break;
                }
                continue;
            }
            ReadyTask::Forget(some) => match forget(&mut writer, some, gate) {
                Ok(Some(note)) => Some(note),
                Ok(None) => continue,
                Err(()) => break,
            },
            ReadyTask::Decide { .. } => gather(&mut writer, task, &mut queue, &mut held, gate),
        };
        let Some(note) = note else { break };
        if herald.send(note).is_err() {
            break;
        }
    }
    note_places(&mut writer, NOTE_WHEN_QUIET_BYTES, gate);
    gate.stop("the writer has ended");
    writer.into_log()
}

/// Makes an acknowledgement durable and says what stands.
fn acknowledge(writer: &mut Writer, one: Acknowledge) -> Result<(), LogError> {
    let stands = writer.acknowledge(one.record, one.seen)?;
    writer.commit()?;
    // Whoever asked may have gone away; what is durable stays.
    drop(one.answer.send(stands));
    Ok(())
}

/// Takes records out of the log. One that cannot be read is told to whoever asked; a log that failed ends everything.
fn forget<T>(writer: &mut Writer, mut some: Forget, gate: &Gate) -> Result<Option<Note<T>>, ()> {
    let records: Vec<(u64, Left)> = some.records.iter().map(|one| (one.position, one.left.clone())).collect();
    match writer.forget(&records, some.on) {
        Ok(new) => {
            some.records.retain(|one| new.contains(&one.position));
            Ok(Some(Note::Forgotten { end: writer.end(), some }))
        }
        Err(error) => {
            tracing::error!("{}", failure(&error));
            if writer.reader().poisoned().is_some() {
                gate.stop(&failure(&error));
                return Err(());
            }
            // Whoever asked may have gone away.
            drop(some.answer.send(Err(error.to_string())));
            Ok(None)
        }
    }
}

/// Lets the store note where everything is, when it has grown by so much.
fn note_places(writer: &mut Writer, grown_bytes: u64, gate: &Gate) {
    if let Err(error) = writer.note_places(grown_bytes) {
        tracing::error!("{}", failure(&error));
        gate.stop(&failure(&error));
    }
}

/// Decides one piece of work and as much as follows at once, and commits it all.
fn gather<T>(
    writer: &mut Writer,
    first: ReadyTask<T>,
    queue: &mut Queue<'_, T>,
    held: &mut Option<ReadyTask<T>>,
    gate: &Gate,
) -> Option<Note<T>> {
    let mut gathered = Gathered { stored: Vec::new(), answers: Vec::new() };
    let committed = gathered.fill(writer, first, queue, held, gate).and_then(|()| {
        let begun = Instant::now();
        writer.commit().map(|end| (end, begun.elapsed()))
    });
    match committed {
        Ok((end, took)) => {
            let Gathered { stored, answers } = gathered;
            tracing::debug!(stored = stored.len(), answers = answers.len(), ?took, "what arrived is durable");
            Some(Note::Committed { end, took, stored, answers })
        }
        Err(error) => {
            tracing::error!("{}", failure(&error));
            // Said before the answers go: whoever waits for one finds the reason, not only that none comes.
            gate.stop(&failure(&error));
            None
        }
    }
}

/// What one commit holds.
struct Gathered<T> {
    stored: Vec<Stored>,
    answers: Vec<(Answer<T>, Vec<Verdict>)>,
}

impl<T> Gathered<T> {
    fn fill(
        &mut self,
        writer: &mut Writer,
        first: ReadyTask<T>,
        queue: &mut Queue<'_, T>,
        held: &mut Option<ReadyTask<T>>,
        gate: &Gate,
    ) -> Result<(), LogError> {
        let deadline = Instant::now() + GATHER_TIME;
        let mut count = 0;
        let mut next = Some(first);
        while let Some(task) = next.take() {
            match task {
                ReadyTask::Decide { judged, answer } => {
                    let verdicts = Vec::with_capacity(judged.len());
                    count += judged.len();
                    self.answers.push((answer, verdicts));
                    for (judged, replay) in judged {
                        self.decide(writer, judged, replay)?;
                    }
                }
                other @ (ReadyTask::Still(_) | ReadyTask::Acknowledge(_) | ReadyTask::Forget(_)) => {
                    *held = Some(other);
                    break;
                }
            }
            if count < GATHER_RECORDS && gate.lock().tickets > queue.next {
                next = queue.wait_until(deadline);
            }
        }
        Ok(())
    }

    fn decide(&mut self, writer: &mut Writer, judged: Judged, replay: Option<u64>) -> Result<(), LogError> {
        let Some((answer, verdicts)) = self.answers.last_mut() else { return Ok(()) };
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
        self.stored.extend(decided.stored);
        Ok(())
    }
}
