//! The judges: as many threads as there are cores to spare, each taking what is waiting, many signatures at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use wardvoice_protocol::id::Hash;
use wardvoice_protocol::receipt::Reason;

use super::{Acknowledge, Answer, Forget, Task, Work};
use crate::ingest::{Arrival, Judged, World, judge, judge_all};

/// How many signatures are checked at once at most.
const TOGETHER: usize = 64;

/// What the writer gets, with its place in the order.
pub(super) struct Ready<T> {
    pub(super) ticket: u64,
    pub(super) task: ReadyTask<T>,
}

pub(super) enum ReadyTask<T> {
    Decide { judged: Vec<(Judged, Option<u64>)>, answer: Answer<T> },
    Still(Box<dyn FnOnce() + Send>),
    Acknowledge(Acknowledge),
    Forget(Forget),
}

pub(super) fn run<T>(to_judge: &Mutex<Receiver<Work<T>>>, judged: &Sender<Ready<T>>, world: &World) {
    while let Some(works) = take(to_judge) {
        for ready in judge_works(works, world) {
            if judged.send(ready).is_err() {
                return;
            }
        }
    }
}

/// Waits for one piece of work and takes what else is waiting, up to a good number of signatures.
fn take<T>(to_judge: &Mutex<Receiver<Work<T>>>) -> Option<Vec<Work<T>>> {
    let to_judge = to_judge.lock().unwrap_or_else(PoisonError::into_inner);
    let first = to_judge.recv().ok()?;
    let mut count = size(&first);
    let mut works = vec![first];
    while count < TOGETHER
        && let Ok(work) = to_judge.try_recv()
    {
        count += size(&work);
        works.push(work);
    }
    Some(works)
}

fn size<T>(work: &Work<T>) -> usize {
    match &work.task {
        Task::Judge { arrivals, .. } => arrivals.len(),
        Task::Still(_) | Task::Acknowledge(_) | Task::Forget(_) => 1,
    }
}

fn judge_works<T>(works: Vec<Work<T>>, world: &World) -> Vec<Ready<T>> {
    let mut arrivals = Vec::new();
    let mut shapes = Vec::new();
    for Work { ticket, task } in works {
        match task {
            Task::Judge { arrivals: some, answer } => {
                let (some, replays): (Vec<_>, Vec<_>) = some.into_iter().unzip();
                arrivals.extend(some);
                shapes.push((ticket, Ok((replays, answer))));
            }
            Task::Still(act) => shapes.push((ticket, Err(ReadyTask::Still(act)))),
            Task::Acknowledge(one) => shapes.push((ticket, Err(ReadyTask::Acknowledge(one)))),
            Task::Forget(some) => shapes.push((ticket, Err(ReadyTask::Forget(some)))),
        }
    }
    let mut judged = judge_in_slices(arrivals, world).into_iter();
    let ready = shapes.into_iter().map(|(ticket, shape)| {
        let task = match shape {
            Ok((replays, answer)) => {
                let judged = judged.by_ref().take(replays.len()).zip(replays).collect();
                ReadyTask::Decide { judged, answer }
            }
            Err(other) => other,
        };
        Ready { ticket, task }
    });
    ready.collect()
}

fn judge_in_slices(mut arrivals: Vec<Arrival>, world: &World) -> Vec<Judged> {
    let mut judged = Vec::with_capacity(arrivals.len());
    while !arrivals.is_empty() {
        let rest = arrivals.split_off(arrivals.len().min(TOGETHER));
        let slice = std::mem::replace(&mut arrivals, rest);
        judged.extend(judge_unharmed(slice, world));
    }
    judged
}

/// Nothing that comes from outside may end a judge. None of this code is known to panic; should some payload make a
/// library do so, that payload alone is refused.
fn judge_unharmed(arrivals: Vec<Arrival>, world: &World) -> Vec<Judged> {
    let copies = arrivals.clone();
    catch_unwind(AssertUnwindSafe(|| judge_all(arrivals, world))).unwrap_or_else(|_| {
        let one = |arrival: Arrival| {
            let copy = arrival.clone();
            catch_unwind(AssertUnwindSafe(|| judge(arrival, world))).unwrap_or_else(|_| not_judged(copy))
        };
        copies.into_iter().map(one).collect()
    })
}

fn not_judged(arrival: Arrival) -> Judged {
    Judged {
        envelope: Hash::of(&arrival.payload),
        arrival,
        identity: None,
        previous: None,
        outcome: Err((Reason::Unreadable, "reading the payload failed".to_owned())),
    }
}
