//! The threads of ingest: judges, one writer, one herald.
//!
//! ```text
//!  submit ─► judges (2) ─► writer: decide, gather, commit ─► herald: facts, receipts, changes
//! ```
//!
//! Everything keeps the order it was submitted in, so that a kiosk's records are decided in the order it sent them. The
//! writer commits what is there as soon as nothing more is under way, and gathers up to [`GATHER_RECORDS`] or
//! [`GATHER_TIME`] when more is: one flush for many when there are many, and no waiting when there are few. At most
//! [`MAX_UNDER_WAY`] arrivals are under way; [`Pipeline::submit`] waits beyond that, so a broker that is not asked for
//! more keeps the rest.
//!
//! Failure: when the log fails, the pipeline stops for good and says why. No token is given back for what was not
//! committed, so the broker, or the kiosk when no receipt comes, sends it again after the restart.

use std::collections::BTreeMap;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::broadcast;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{KioskId, RecordId, WardId};
use wardvoice_protocol::receipt::{Decision, Verdict};

use super::{Arrival, Change, Unacked, World, Writer};
use crate::facts::{Fact, Facts};
use crate::help::HelpDesk;
use crate::log::{Left, Log, LogError, Reader, Seen};
use crate::metrics::Metrics;

mod herald;
mod judges;
mod scribe;

/// The most arrivals of one commit.
const GATHER_RECORDS: usize = 512;
/// How long the writer waits for more when more is under way.
const GATHER_TIME: Duration = Duration::from_millis(2);
/// The most arrivals under way at once.
const MAX_UNDER_WAY: usize = 8_192;
const JUDGES: usize = 2;

/// What is called with a kiosk's verdicts, and with the tokens that may now be acknowledged.
pub type TellKiosk<T> = Box<dyn Fn(KioskId, Vec<Verdict>, Vec<T>) + Send>;

/// Where the pipeline says what happened. Called on the herald's thread, after the flush and after the facts.
pub struct Sinks<T> {
    /// Sends a kiosk its verdicts and acknowledges the tokens.
    pub receipts: TellKiosk<T>,
    /// Tells pages that something is new.
    pub changes: broadcast::Sender<Change>,
    /// Counts commits and how long they take.
    pub metrics: Arc<Metrics>,
    /// Is told of requests for help.
    pub help: Arc<HelpDesk>,
}

/// Why the pipeline takes nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipelineError {
    /// The log failed, or the pipeline was stopped.
    #[error("take the record: ingest has stopped ({0})")]
    Stopped(String),
    /// A record that was to be forgotten cannot be read.
    #[error("forget the records: {0}; none of them was forgotten")]
    NotForgotten(String),
}

/// The running threads.
pub struct Pipeline<T> {
    gate: Arc<Gate>,
    entrance: Mutex<Entrance<T>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    log: Mutex<Receiver<Log>>,
    reader: Reader,
}

struct Entrance<T> {
    next_ticket: u64,
    work: Option<Sender<Work<T>>>,
}

/// One thing in its place in the order.
struct Work<T> {
    ticket: u64,
    task: Task<T>,
}

enum Task<T> {
    /// Arrivals, each with the number of the quarantine's entry that it replays.
    Judge { arrivals: Vec<(Arrival, Option<u64>)>, answer: Answer<T> },
    /// Something to be done while nothing is under way.
    Still(Box<dyn FnOnce() + Send>),
    /// Somebody has seen a request for help.
    Acknowledge(Acknowledge),
    /// Records are to be forgotten.
    Forget(Forget),
}

/// A contact that is to be forgotten, as it is known where it leaves.
#[derive(Debug, Clone)]
pub struct Forgetting {
    /// Its place in the log.
    pub position: u64,
    /// Its ward.
    pub ward: WardId,
    /// Its local day.
    pub day: DayNumber,
    /// Its fact, where the facts know it.
    pub fact: Option<Fact>,
    /// What is to stay of it. A record that is reduced has the same fact as before.
    pub left: Left,
}

/// What is to be forgotten on which local day, and who wants to know how many that was.
struct Forget {
    records: Vec<Forgetting>,
    on: DayNumber,
    answer: SyncSender<Result<usize, String>>,
}

/// Who has seen which request for help, and who wants to know what stands.
struct Acknowledge {
    record: RecordId,
    seen: Seen,
    answer: SyncSender<Option<(Seen, bool)>>,
}

/// Who wants to know.
enum Answer<T> {
    /// The kiosks, by receipts; the messages are let go of.
    Kiosks(Vec<Unacked<T>>),
    /// A caller who waits.
    Caller(SyncSender<Vec<Verdict>>),
}

/// How much is under way, and whether anything may come in.
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

struct GateState {
    under_way: usize,
    /// The tickets given out so far; the writer knows from it whether more is to come.
    tickets: u64,
    stopped: Option<String>,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, count: usize) -> Result<(), PipelineError> {
        let mut state = self.lock();
        loop {
            if let Some(reason) = &state.stopped {
                return Err(PipelineError::Stopped(reason.clone()));
            }
            if state.under_way == 0 || state.under_way + count <= MAX_UNDER_WAY {
                state.under_way += count;
                return Ok(());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn leave(&self, count: usize) {
        let mut state = self.lock();
        state.under_way = state.under_way.saturating_sub(count);
        drop(state);
        self.changed.notify_all();
    }

    fn stop(&self, reason: &str) {
        self.lock().stopped.get_or_insert_with(|| reason.to_owned());
        self.changed.notify_all();
    }
}

impl<T: Send + 'static> Pipeline<T> {
    /// Starts the threads. `facts` must hold what the log holds.
    #[expect(clippy::needless_pass_by_value, reason = "each thread has a share of the world of its own")]
    pub fn start(
        log: Log,
        world: Arc<World>,
        facts: Arc<RwLock<Facts>>,
        sinks: Sinks<T>,
    ) -> std::io::Result<Self> {
        let gate = Arc::new(Gate {
            state: Mutex::new(GateState { under_way: 0, tickets: 0, stopped: None }),
            changed: Condvar::new(),
        });
        let (work, to_judge) = channel();
        let (judged, to_write) = channel();
        let (written, to_tell) = sync_channel(4);
        let (give_log, log_back) = channel();
        let to_judge = Arc::new(Mutex::new(to_judge));
        let (directory, reader) = (log.directory().to_owned(), log.reader());
        let mut threads = Vec::new();
        for number in 1..=JUDGES {
            let (to_judge, judged, world) = (Arc::clone(&to_judge), judged.clone(), Arc::clone(&world));
            let run = move || judges::run(&to_judge, &judged, &world);
            threads.push(Builder::new().name(format!("judge-{number}")).spawn(run)?);
        }
        drop(judged);
        let writer_gate = Arc::clone(&gate);
        let run = move || {
            let log = scribe::run(Writer::new(log), &to_write, &written, &writer_gate);
            // When nobody waits for the log it is closed here.
            drop(give_log.send(log));
        };
        threads.push(Builder::new().name("writer".to_owned()).spawn(run)?);
        let herald_gate = Arc::clone(&gate);
        let herald = herald::Herald { facts, sinks, gate: herald_gate, directory };
        threads.push(Builder::new().name("herald".to_owned()).spawn(move || herald.run(&to_tell))?);
        let entrance = Mutex::new(Entrance { next_ticket: 0, work: Some(work) });
        Ok(Self { gate, entrance, threads: Mutex::new(threads), log: Mutex::new(log_back), reader })
    }

    /// Takes messages in. Waits while too much is under way. The tokens come back through the sink.
    pub fn submit(&self, messages: Vec<Unacked<T>>) -> Result<(), PipelineError> {
        let mut messages = messages;
        let arrivals: Vec<_> = messages.iter_mut().map(|message| (message.take_arrival(), None)).collect();
        self.enter(arrivals, Answer::Kiosks(messages))
    }

    /// Takes arrivals in, waits until they are decided and durable, and gives the verdicts in the same order. No receipt
    /// is sent.
    pub fn settle(&self, arrivals: Vec<Arrival>) -> Result<Vec<Verdict>, PipelineError> {
        self.ask(arrivals.into_iter().map(|arrival| (arrival, None)).collect())
    }

    /// Judges entries of the quarantine anew, as the world is now. What is taken counts as having come today, on the day that was decided
    /// from when it was received. Entries that are not there are left out.
    pub fn replay(&self, numbers: &[u64], today: Date) -> Result<Vec<(u64, Verdict)>, PipelineError> {
        let mut arrivals = Vec::new();
        for number in numbers {
            let entry = self.reader.refused(*number).map_err(|error| PipelineError::Stopped(error.to_string()))?;
            if let Some(entry) = entry.filter(|entry| entry.whole) {
                let (received, not_before) = (entry.received, Some(today));
                let arrival = Arrival { kiosk: entry.kiosk, payload: entry.payload, received, not_before };
                arrivals.push((arrival, Some(*number)));
            }
        }
        let found: Vec<u64> = arrivals.iter().filter_map(|(_, number)| *number).collect();
        Ok(found.into_iter().zip(self.ask(arrivals)?).collect())
    }

    /// Notes that somebody has seen a request for help, and waits until that is durable. The first acknowledgement stays; what
    /// stands is given, with whether it is this one. `None` when the record is not a request for help.
    pub fn acknowledge(&self, record: RecordId, seen: Seen) -> Result<Option<(Seen, bool)>, PipelineError> {
        let (answer, wait) = sync_channel(1);
        self.gate.enter(0)?;
        self.send(Task::Acknowledge(Acknowledge { record, seen, answer }))?;
        wait.recv().map_err(|_| self.why_stopped())
    }

    /// Takes what contacts held out of the log and the facts for good, and waits until that is durable and pages can know. How many there were:
    /// what was forgotten before is not counted.
    pub fn forget(&self, records: Vec<Forgetting>, on: DayNumber) -> Result<usize, PipelineError> {
        let (answer, wait) = sync_channel(1);
        self.gate.enter(0)?;
        self.send(Task::Forget(Forget { records, on, answer }))?;
        wait.recv().map_err(|_| self.why_stopped())?.map_err(PipelineError::NotForgotten)
    }

    /// Does something while nothing is under way: log, facts and pages say the same. Everything that comes waits.
    pub fn while_still<R: Send + 'static>(
        &self,
        act: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, PipelineError> {
        let (answer, wait) = sync_channel(1);
        self.gate.enter(0)?;
        self.send(Task::Still(Box::new(move || drop(answer.send(act())))))?;
        wait.recv().map_err(|_| self.why_stopped())
    }

    /// Why nothing is taken any more; `None` while all is well.
    pub fn stopped(&self) -> Option<String> {
        self.gate.lock().stopped.clone()
    }

    /// A reader of the log.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Lets what is under way finish, writes a snapshot of the facts and gives the log back. After a failure of the log
    /// the failure is given instead.
    pub fn stop(&self) -> Result<Log, PipelineError> {
        let failure = self.stopped();
        self.gate.stop("it was asked to");
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner).work = None;
        for thread in mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner)) {
            drop(thread.join());
        }
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).try_recv();
        match (failure, log) {
            (Some(reason), _) => Err(PipelineError::Stopped(reason)),
            (None, Ok(log)) => match log.reader().poisoned() {
                Some(reason) => Err(PipelineError::Stopped(reason)),
                None => Ok(log),
            },
            (None, Err(_)) => Err(self.why_stopped()),
        }
    }

    fn ask(&self, arrivals: Vec<(Arrival, Option<u64>)>) -> Result<Vec<Verdict>, PipelineError> {
        if arrivals.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, wait) = sync_channel(1);
        self.enter(arrivals, Answer::Caller(answer))?;
        wait.recv().map_err(|_| self.why_stopped())
    }

    fn enter(&self, arrivals: Vec<(Arrival, Option<u64>)>, answer: Answer<T>) -> Result<(), PipelineError> {
        if arrivals.is_empty() {
            return Ok(());
        }
        self.gate.enter(arrivals.len())?;
        self.send(Task::Judge { arrivals, answer })
    }

    fn send(&self, task: Task<T>) -> Result<(), PipelineError> {
        let mut entrance = self.entrance.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = entrance.next_ticket;
        let work = entrance.work.as_ref().ok_or_else(|| self.why_stopped())?;
        work.send(Work { ticket, task }).map_err(|_| self.why_stopped())?;
        entrance.next_ticket += 1;
        self.gate.lock().tickets = ticket + 1;
        Ok(())
    }

    fn why_stopped(&self) -> PipelineError {
        PipelineError::Stopped(self.stopped().unwrap_or_else(|| "a thread of it ended".to_owned()))
    }
}

/// Verdicts for one kiosk with the messages they settle.
struct ForKiosk<T> {
    verdicts: Vec<Verdict>,
    tokens: Vec<T>,
}

/// Sorts verdicts and messages by kiosk; a message is let go of as its verdict says.
fn by_kiosk<T>(told: impl Iterator<Item = (Unacked<T>, Verdict)>) -> BTreeMap<KioskId, ForKiosk<T>> {
    let mut kiosks: BTreeMap<KioskId, ForKiosk<T>> = BTreeMap::new();
    for (message, verdict) in told {
        let kiosk = message.arrival().kiosk.clone();
        let token = match verdict.decision {
            Decision::Accepted | Decision::Duplicate => message.accept(),
            Decision::Refused(_) => message.quarantine(),
        };
        let entry = kiosks.entry(kiosk).or_insert_with(|| ForKiosk { verdicts: Vec::new(), tokens: Vec::new() });
        entry.verdicts.push(verdict);
        entry.tokens.push(token);
    }
    kiosks
}

fn failure(error: &LogError) -> String {
    format!("failed to {error}")
}

#[cfg(test)]
mod tests;
