//! Binds outbox, courier and link: one thread owns the first two, a task of its own carries.
//!
//! Channels in, callbacks out; nothing is shared with a window or an async task. A record is *kept* when the `done`
//! of [`Dispatch::submit`] says so, which is after its fsync; whether it was delivered is a later matter and shows in
//! [`DispatchState::waiting`].
//!
//! Failure modes: a full disk refuses records until there is room. A failed write poisons the outbox: records are
//! refused, and the outbox is closed and opened again through all of its checks, every [`REOPEN_MS`] until that works.
//! A damaged outbox stays refused until a person recovers it. A dispatch that [awaits its outbox](DispatchConfig::awaits_outbox)
//! starts in this state where the disk is full, damaged or read-only, and says nothing of itself to the hospital before it has
//! seen its outbox. Every callback runs on the dispatch thread: be quick.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::UnboundedSender;
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::id::{Hash, KioskId, RecordId, WardId};
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::record::Body;
use wardvoice_protocol::status::{Presence, Status};
use wardvoice_protocol::topic::{Channel, Topic};
use wardvoice_protocol::withdrawal::WithdrawalCode;

use crate::commission::Commission;
use crate::courier::Pace;
use crate::identity::Identity;
use crate::interview::Keepsake;
use crate::interview::volunteer::Briefing;
use crate::mqtt::{self, BrokerAddress, Command, Link, MqttError};
use crate::outbox::{self, Outbox, OutboxError};
use crate::pass;

mod keeper;

pub use keeper::REOPEN_MS;
pub(crate) use keeper::SIMULATED_ORIGIN;

use keeper::{Keeper, Message};

/// Everything a dispatch is started with.
pub struct DispatchConfig {
    /// The data directory.
    pub data: PathBuf,
    /// Who the kiosk is.
    pub identity: Identity,
    /// Where the broker is.
    pub broker: BrokerAddress,
    /// A PEM file of the certificates that a broker's TLS certificate is checked with.
    pub ca: Option<PathBuf>,
    /// Whose words are believed.
    pub trust: Trust,
    /// How fast envelopes are sent.
    pub pace: Pace,
    /// The free disk that must remain, in bytes.
    pub reserve_bytes: u64,
    /// An outbox that does not open is tried again and again instead of being the end: for a kiosk that people stand in front of.
    /// One that another process has open or that is another kiosk's is the end all the same.
    pub awaits_outbox: bool,
    /// Where the link runs; a thread of its own when absent.
    pub runtime: Option<Handle>,
    /// Called with what happens to each envelope.
    pub on_parcel: Option<Box<dyn Fn(ParcelEvent) + Send>>,
}

/// Whose assignments and receipts are believed.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Those signed with the key of this assignment; later assignments are saved under the settings' name.
    Pinned {
        /// The newest assignment.
        assignment: Assignment,
        /// The hash of the settings it follows.
        origin: Hash,
    },
    /// A simulated kiosk introduces itself and believes the assignment that answers.
    Introduce {
        /// The ward it would like.
        ward: Option<WardId>,
        /// The assignment of an earlier run.
        known: Option<Assignment>,
    },
}

/// What happens to an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParcelEvent {
    /// It is kept, flushed and fsynced.
    Kept {
        /// Its number.
        sequence: u64,
    },
    /// The aggregator holds it and it is deleted here.
    Settled {
        /// Its number.
        sequence: u64,
        /// The decision.
        decision: Decision,
    },
    /// The aggregator refused it and did not keep it; it stays and is tried again.
    TurnedAway {
        /// Its number.
        sequence: u64,
    },
}

/// How the dispatch is doing, for a volunteer and for the staff corner; patients never see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchState {
    /// How many records wait.
    pub waiting: u64,
    /// The number of the last sealed record, 0 for none.
    pub last_sequence: u64,
    /// The aggregator's time in the last receipt, of this run or an earlier one.
    pub last_receipt: Option<Timestamp>,
    /// Whether a broker is connected. Says nothing about the aggregator behind it.
    pub connected: bool,
    /// Whether records can be kept.
    pub storing: Storing,
    /// The aggregator's clock minus this one, in seconds.
    pub clock_offset_s: Option<i64>,
    /// The last thing that went wrong, in words for staff.
    pub last_error: Option<String>,
    /// What keeps the newest assignment from being followed, in words for staff.
    pub waits_for: Option<String>,
}

/// Whether records can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storing {
    /// They can.
    Ready,
    /// They cannot, and why, in words for staff. No interview may begin.
    Refusing(String),
}

/// A record that is flushed and fsynced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub record: RecordId,
    /// The code that finds it, where one was wanted. It is here and nowhere else.
    pub code: Option<WithdrawalCode>,
}

/// Why a record was not kept. The person must not be thanked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// There is no assignment yet, so no key to seal to.
    #[error("keep a record: the kiosk has no assignment yet")]
    NotAssigned,
    /// The outbox cannot keep it.
    #[error("{0}")]
    Refused(String),
    /// The dispatch has been stopped.
    #[error("keep a record: the kiosk is stopping")]
    Stopped,
}

/// Why a dispatch does not start.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The outbox does not open.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The link cannot be set up.
    #[error(transparent)]
    Mqtt(#[from] MqttError),
    /// A thread cannot be started.
    #[error("start a thread: {0}")]
    Thread(std::io::Error),
    /// The status message does not serialise.
    #[error("write a status: {0}")]
    Status(serde_json::Error),
}

/// A running dispatch. Clones are the same dispatch; it stops with the last of them, or with [`Dispatch::stop`].
#[derive(Clone)]
pub struct Dispatch {
    running: Arc<Running>,
}

struct Running {
    data: PathBuf,
    kiosk: KioskId,
    messages: Sender<Message>,
    commands: UnboundedSender<Command>,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

type Listener = Box<dyn Fn(&DispatchState) + Send>;
type AssignmentListener = Box<dyn Fn(&Assignment) + Send>;
type CommissionListener = Box<dyn Fn(&Arc<Commission>) + Send>;
type HelpListener = Box<dyn Fn(&[RecordId]) + Send>;
type DeliveryListener = Box<dyn Fn(&[RecordId]) + Send>;
type BriefingListener = Box<dyn Fn(&Arc<Briefing>) + Send>;

struct Shared {
    state: Mutex<DispatchState>,
    assignment: Mutex<Option<Assignment>>,
    commission: Mutex<Option<Arc<Commission>>>,
    listeners: Mutex<Vec<Listener>>,
    assignment_listeners: Mutex<Vec<AssignmentListener>>,
    commission_listeners: Mutex<Vec<CommissionListener>>,
    help_listeners: Mutex<Vec<HelpListener>>,
    delivery_listeners: Mutex<Vec<DeliveryListener>>,
    briefing: Mutex<Arc<Briefing>>,
    briefing_listeners: Mutex<Vec<BriefingListener>>,
}

impl DispatchConfig {
    /// A config with the usual pace and reserve, no certificates and no callbacks.
    pub fn new(data: PathBuf, identity: Identity, broker: BrokerAddress, trust: Trust) -> Self {
        Self {
            data,
            identity,
            broker,
            ca: None,
            trust,
            pace: Pace::default(),
            reserve_bytes: outbox::RESERVE_BYTES,
            awaits_outbox: false,
            runtime: None,
            on_parcel: None,
        }
    }
}

impl Dispatch {
    /// Opens the outbox and starts to carry.
    pub fn start(config: DispatchConfig) -> Result<Self, DispatchError> {
        let outbox = Outbox::open_with_reserve(&config.data, config.identity.clone(), config.reserve_bytes);
        if !config.awaits_outbox || matches!(outbox, Err(OutboxError::InUse(_) | OutboxError::OtherKiosk { .. })) {
            return Self::begin(config, Ok(outbox?));
        }
        Self::begin(config, outbox)
    }

    fn begin(config: DispatchConfig, outbox: Result<Outbox, OutboxError>) -> Result<Self, DispatchError> {
        let kiosk = &config.identity.kiosk;
        let offline = Status { version: 1, kiosk: kiosk.clone(), presence: Presence::Offline };
        let offline = serde_json::to_vec(&offline).map_err(DispatchError::Status)?;
        let topic = |channel| Topic::Kiosk(kiosk.clone(), channel);
        let link = Link::new(
            &config.broker,
            config.ca.as_deref(),
            &config.data.join(pass::FILE),
            kiosk,
            vec![topic(Channel::Receipts), topic(Channel::Assignment)],
            (topic(Channel::Status), offline),
        )?;
        let (runtime, handle) = runtime(config.runtime.clone())?;
        let (messages, inbox) = mpsc::channel();
        let (commands, orders) = tokio::sync::mpsc::unbounded_channel();
        let reports = messages.clone();
        let carrying = handle.spawn(mqtt::run(link, orders, move |report| {
            // The keeper is gone only when everything ends.
            let _gone = reports.send(Message::Report(report));
        }));
        let (data, kiosk) = (config.data.clone(), kiosk.clone());
        let keeper = Keeper::new(config, outbox, commands.clone());
        let shared = keeper.shared();
        let thread = thread::Builder::new()
            .name("dispatch".to_owned())
            .spawn(move || {
                keeper.run(&inbox);
                end(runtime, &handle, carrying);
            })
            .map_err(DispatchError::Thread)?;
        let running = Running { data, kiosk, messages, commands, shared, thread: Mutex::new(Some(thread)) };
        Ok(Self { running: Arc::new(running) })
    }

    /// Hands a record in. `done` is called once: with the record's id when it is flushed and fsynced.
    pub fn submit(&self, body: Body, done: impl FnOnce(Result<RecordId, SubmitError>) + Send + 'static) {
        self.submit_with(Keepsake::Nothing, body, move |kept| done(kept.map(|kept| kept.record)));
    }

    /// The same where whoever answered may take something along. Where no code can be made the record is kept all the same, without.
    pub fn submit_with(
        &self,
        keepsake: Keepsake,
        body: Body,
        done: impl FnOnce(Result<Kept, SubmitError>) + Send + 'static,
    ) {
        let message = Message::Submit { keepsake, body: Box::new(body), done: Box::new(done) };
        if let Err(mpsc::SendError(Message::Submit { done, .. })) = self.running.messages.send(message) {
            done(Err(SubmitError::Stopped));
        }
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.running.data
    }

    /// The kiosk.
    pub fn kiosk(&self) -> &KioskId {
        &self.running.kiosk
    }

    /// How it is doing now.
    pub fn state(&self) -> DispatchState {
        locked(&self.running.shared.state).clone()
    }

    /// The newest assignment: records are sealed as it says, whether or not its questionnaire is here.
    pub fn assignment(&self) -> Option<Assignment> {
        locked(&self.running.shared.assignment).clone()
    }

    /// Calls back with every change of the state, from now until it stops.
    pub fn on_change(&self, listener: impl Fn(&DispatchState) + Send + 'static) {
        locked(&self.running.shared.listeners).push(Box::new(listener));
    }

    /// The newest assignment whose questionnaire is here.
    pub fn commission(&self) -> Option<Arc<Commission>> {
        locked(&self.running.shared.commission).clone()
    }

    /// Calls back with each commission that is new, from now on; ask [`Dispatch::commission`] for the one before. The
    /// interview takes it up between two patients and says so with [`Dispatch::asks`].
    pub fn on_commission(&self, listener: impl Fn(&Arc<Commission>) + Send + 'static) {
        locked(&self.running.shared.commission_listeners).push(Box::new(listener));
    }

    /// The questionnaire of this hash is asked from now on; the status says so.
    pub fn asks(&self, questionnaire: Hash) {
        // A dispatch that has stopped has no status to say.
        let _stopped = self.running.messages.send(Message::Asks(questionnaire));
    }

    /// Calls back with the requests for help that staff have seen, whenever the aggregator names them.
    pub fn on_help_seen(&self, listener: impl Fn(&[RecordId]) + Send + 'static) {
        locked(&self.running.shared.help_listeners).push(Box::new(listener));
    }

    /// Calls back with the records that the hospital has taken, each by its own receipt. One that it kept and did not count is not
    /// among them.
    pub fn on_delivered(&self, listener: impl Fn(&[RecordId]) + Send + 'static) {
        locked(&self.running.shared.delivery_listeners).push(Box::new(listener));
    }

    /// Calls back with each assignment that is new, from now on; ask [`Dispatch::assignment`] for the one before.
    pub fn on_assignment(&self, listener: impl Fn(&Assignment) + Send + 'static) {
        locked(&self.running.shared.assignment_listeners).push(Box::new(listener));
    }

    /// What the hospital has said about volunteers and wards.
    pub fn briefing(&self) -> Arc<Briefing> {
        Arc::clone(&locked(&self.running.shared.briefing))
    }

    /// Reads the briefing without keeping the dispatch alive.
    pub fn briefing_reader(&self) -> impl Fn() -> Arc<Briefing> + Send + 'static {
        let shared = Arc::downgrade(&self.running.shared);
        move || shared.upgrade().map(|shared| Arc::clone(&locked(&shared.briefing))).unwrap_or_default()
    }

    /// Calls back with every change of the briefing, from now on.
    pub fn on_briefing(&self, listener: impl Fn(&Arc<Briefing>) + Send + 'static) {
        locked(&self.running.shared.briefing_listeners).push(Box::new(listener));
    }

    /// The ward a manager has moved the kiosk to, for its status.
    pub fn set_moved(&self, ward: Option<WardId>) {
        // A dispatch that has stopped has no status to say.
        let _stopped = self.running.messages.send(Message::Moved(ward));
    }

    /// Cuts the network, or lets it come back: for tests and for outages on purpose.
    pub fn allow_network(&self, allowed: bool) {
        // A link that has ended has no network to allow.
        let _ended = self.running.commands.send(Command::Allow(allowed));
    }

    /// Says goodbye to the broker, closes the outbox and returns when both are done. Nothing that waits is lost.
    pub fn stop(&self) {
        let _stopped_before = self.running.messages.send(Message::Stop);
        let thread = locked(&self.running.thread).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the dispatch thread panicked");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _stopped_before = self.messages.send(Message::Stop);
    }
}

fn runtime(given: Option<Handle>) -> Result<(Option<Runtime>, Handle), DispatchError> {
    if let Some(handle) = given {
        return Ok((None, handle));
    }
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_name("link").enable_all().build();
    let runtime = runtime.map_err(DispatchError::Thread)?;
    let handle = runtime.handle().clone();
    Ok((Some(runtime), handle))
}

fn end(runtime: Option<Runtime>, handle: &Handle, carrying: tokio::task::JoinHandle<()>) {
    if handle.block_on(carrying).is_err() {
        tracing::debug!("the link's task was ended from outside");
    }
    if let Some(runtime) = runtime {
        runtime.shutdown_background();
    }
}

/// A lock whose holder panicked is still good here: every holder replaces whole values.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
