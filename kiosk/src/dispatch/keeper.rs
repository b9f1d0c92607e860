//! The thread that owns outbox and courier.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::mpsc::UnboundedSender;
use wardvoice_protocol::id::{Hash, WardId};
use wardvoice_protocol::receipt::{Decision, Verdict};
use wardvoice_protocol::record::Body;
use wardvoice_protocol::status::{Health, Introduction, Presence, Status, Tablet};
use wardvoice_protocol::topic::{Channel, Topic};
use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::{DispatchConfig, DispatchState, Kept, ParcelEvent, Shared, Storing, SubmitError, Trust, locked};
use crate::appliance;
use crate::briefing::BriefingShelf;
use crate::commission::CommissionShelf;
use crate::courier::{Courier, Effect, Event, EventKind};
use crate::interview::Keepsake;
use crate::killpoint;
use crate::mqtt::{Command, Report};
use crate::outbox::{Outbox, OutboxError, Waiting};
use crate::steady::{Timekeeper, steady_ms};

mod letters;

/// How long a poisoned outbox stays closed before it is opened again, in milliseconds.
pub const REOPEN_MS: u64 = 10_000;
const STATUS_MS: u64 = 60_000;
const INTRODUCE_MS: u64 = 2_000;
const LOOK_MS: u64 = 5_000;

/// What the thread is told.
pub(super) enum Message {
    Submit { keepsake: Keepsake, body: Box<Body>, done: Box<dyn FnOnce(Result<Kept, SubmitError>) + Send> },
    Report(Report),
    Moved(Option<WardId>),
    Asks(Hash),
    Tick,
    Stop,
}

/// The name under which a simulated kiosk saves its assignment: there are no settings it could follow.
pub(crate) const SIMULATED_ORIGIN: Hash = Hash::ZERO;

pub(super) struct Keeper {
    config: DispatchConfig,
    // None between a poisoning and the next opening, and before the first where that has failed.
    outbox: Option<Outbox>,
    /// It has been open in this run, so that the state tells of it.
    opened: bool,
    courier: Courier,
    time: Timekeeper,
    commands: UnboundedSender<Command>,
    shared: Arc<Shared>,
    state: DispatchState,
    commissions: CommissionShelf,
    /// The hash of the questionnaire that is asked now.
    asks: Option<Hash>,
    /// None for a simulated kiosk, which no volunteer carries.
    briefing: Option<BriefingShelf>,
    moved_to: Option<WardId>,
    connection: Option<u64>,
    introduced: bool,
    status_due_ms: u64,
    introduce_due_ms: u64,
    look_due_ms: u64,
    reopen_due_ms: u64,
    rng: StdRng,
}

/// A code that was just drawn, with what the id of its record is made of.
#[derive(Clone, Copy)]
struct Coded {
    code: WithdrawalCode,
    random: [u8; 10],
}

/// Draws a code from the operating system's randomness, and from nothing else: a code that could be foreseen would be somebody else's.
fn coded() -> Option<Coded> {
    let mut drawn = [0; 7];
    if let Err(error) = getrandom::fill(&mut drawn) {
        tracing::error!(%error, "no withdrawal code: there is no randomness");
        return None;
    }
    let code = WithdrawalCode::from_random(drawn);
    let random = code.randomness().inspect_err(|error| tracing::error!("failed to {error}")).ok()?;
    Some(Coded { code, random })
}

impl Keeper {
    pub(super) fn new(
        config: DispatchConfig,
        outbox: Result<Outbox, OutboxError>,
        commands: UnboundedSender<Command>,
    ) -> Self {
        let (outbox, storing, last_error) = match outbox {
            Ok(outbox) => {
                let storing = storing(outbox.can_keep());
                (Some(outbox), storing, None)
            }
            Err(error) => {
                tracing::error!(%error, "outbox");
                (None, Storing::Refusing(error.to_string()), Some(error.to_string()))
            }
        };
        let courier = Courier::new(config.pace, outbox.iter().flat_map(Outbox::waiting));
        let time = Timekeeper::open(&config.data);
        let kiosk = &config.identity.kiosk;
        let (known, origin, introduced) = match &config.trust {
            Trust::Pinned { assignment, origin } => (Some(assignment.clone()), *origin, true),
            Trust::Introduce { known, .. } => (known.clone(), SIMULATED_ORIGIN, false),
        };
        let commissions = CommissionShelf::open(&config.data, kiosk, origin, known);
        let kept = match &config.trust {
            Trust::Pinned { assignment, .. } => {
                let assignment = commissions.asked().unwrap_or(assignment);
                Some(BriefingShelf::open(&config.data, kiosk, &assignment.aggregator_key))
            }
            Trust::Introduce { .. } => None,
        };
        let briefing = kept.as_ref().map(|kept| kept.briefing().clone()).unwrap_or_default();
        let state = DispatchState {
            waiting: outbox.as_ref().map_or(0, |outbox| outbox.waiting().len() as u64),
            last_sequence: outbox.as_ref().map_or(0, |outbox| outbox.head().sequence),
            last_receipt: time.aggregator_time(),
            connected: false,
            storing,
            clock_offset_s: time.offset_s(),
            last_error,
            waits_for: commissions.waits_for(),
        };
        let shared = Shared {
            state: Mutex::new(state.clone()),
            assignment: Mutex::new(commissions.asked().cloned()),
            commission: Mutex::new(commissions.whole().cloned()),
            listeners: Mutex::new(Vec::new()),
            assignment_listeners: Mutex::new(Vec::new()),
            commission_listeners: Mutex::new(Vec::new()),
            help_listeners: Mutex::new(Vec::new()),
            delivery_listeners: Mutex::new(Vec::new()),
            briefing: Mutex::new(Arc::new(briefing)),
            briefing_listeners: Mutex::new(Vec::new()),
        };
        let rng = StdRng::try_from_rng(&mut SysRng).unwrap_or_else(|_| StdRng::seed_from_u64(0));
        let reopen_due_ms = if outbox.is_some() { u64::MAX } else { steady_ms() + REOPEN_MS };
        Self {
            config,
            opened: outbox.is_some(),
            outbox,
            courier,
            time,
            commands,
            shared: Arc::new(shared),
            state,
            commissions,
            asks: None,
            briefing: kept,
            moved_to: None,
            connection: None,
            introduced,
            status_due_ms: u64::MAX,
            introduce_due_ms: u64::MAX,
            look_due_ms: steady_ms() + LOOK_MS,
            reopen_due_ms,
            rng,
        }
    }

    #[cfg(test)]
    pub(super) fn state(&self) -> &DispatchState {
        &self.state
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    pub(super) fn run(mut self, inbox: &Receiver<Message>) {
        loop {
            match inbox.recv_timeout(self.patience()) {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => self.take(Message::Tick),
            }
        }
        self.say_goodbye();
        self.state.connected = false;
        self.publish_state();
    }

    /// Takes one message and does what it asks for, and what is due besides.
    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::Submit { keepsake, body, done } => {
                let coded = if keepsake == Keepsake::Code { coded() } else { None };
                let kept = self.keep(*body, coded.map(|coded| coded.random));
                // Before the one who submitted goes on: whoever counts has counted it by then.
                if let Ok(waiting) = &kept {
                    self.tell(ParcelEvent::Kept { sequence: waiting.sequence });
                }
                let code = coded.map(|coded| coded.code);
                done(kept.as_ref().map(|waiting| Kept { record: waiting.record, code }).map_err(Clone::clone));
                if let Ok(waiting) = kept {
                    self.drive(EventKind::Appended(waiting));
                }
            }
            Message::Report(report) => self.hear(report),
            Message::Moved(ward) => {
                self.moved_to = ward;
                self.say_how_it_is();
            }
            Message::Asks(hash) => {
                if self.asks.replace(hash) != Some(hash) {
                    self.say_how_it_is();
                }
            }
            Message::Tick => self.drive(EventKind::Tick),
            Message::Stop => {}
        }
        self.do_what_is_due();
        self.publish_state();
    }

    /// Publishes the status soon, when there is anybody to tell.
    fn say_how_it_is(&mut self) {
        if self.connection.is_some() {
            self.status_due_ms = 0;
        }
    }

    fn patience(&self) -> Duration {
        let dues = [self.status_due_ms, self.introduce_due_ms, self.look_due_ms, self.reopen_due_ms];
        let due = dues.into_iter().chain(self.courier.next_due_ms()).min().unwrap_or(u64::MAX);
        Duration::from_millis(due.saturating_sub(steady_ms()).min(LOOK_MS))
    }

    /// Keeps a record; its id is made of the random bytes, where there are any.
    fn keep(&mut self, body: Body, random: Option<[u8; 10]>) -> Result<Waiting, SubmitError> {
        let assignment = self.commissions.asked().ok_or(SubmitError::NotAssigned)?;
        let Some(outbox) = &mut self.outbox else {
            return Err(SubmitError::Refused("keep a record: the outbox is not open".to_owned()));
        };
        let clock = self.time.clock(Timestamp::now(), steady_ms());
        let appended = match random {
            Some(random) => outbox.append_made_of(random, body, clock, &assignment.seal_key),
            None => outbox.append(body, clock, &assignment.seal_key),
        };
        match appended {
            Ok(envelope) => {
                self.state.storing = Storing::Ready;
                Ok(Waiting::of(&envelope))
            }
            Err(error) => {
                let text = error.to_string();
                self.fail(&error);
                Err(SubmitError::Refused(text))
            }
        }
    }

    /// Takes note of an error of the outbox; a poisoned one is closed.
    fn fail(&mut self, error: &OutboxError) {
        tracing::error!(%error, "outbox");
        self.state.last_error = Some(error.to_string());
        match error {
            OutboxError::TooLarge(_) | OutboxError::Seal(_) => {}
            OutboxError::NoSpace { .. } => self.state.storing = Storing::Refusing(error.to_string()),
            _ => {
                self.state.storing = Storing::Refusing(error.to_string());
                self.outbox = None;
                self.reopen_due_ms = steady_ms() + REOPEN_MS;
            }
        }
    }

    pub(super) fn reopen(&mut self) {
        let (data, identity) = (&self.config.data, self.config.identity.clone());
        match Outbox::open_with_reserve(data, identity, self.config.reserve_bytes) {
            Ok(outbox) => {
                tracing::info!("the outbox is open again");
                if !std::mem::replace(&mut self.opened, true) {
                    self.state.last_error = None;
                    self.say_how_it_is();
                }
                self.courier = Courier::new(self.config.pace, outbox.waiting());
                self.state.waiting = outbox.waiting().len() as u64;
                self.state.last_sequence = outbox.head().sequence;
                self.state.storing = storing(outbox.can_keep());
                self.outbox = Some(outbox);
                self.reopen_due_ms = u64::MAX;
                if self.connection.is_some() {
                    self.drive(EventKind::Connected);
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Connected(connection) => {
                self.connection = Some(connection);
                self.state.connected = true;
                if self.outbox.is_some() {
                    self.state.last_error = None;
                }
                self.status_due_ms = 0;
                if !self.introduced {
                    self.introduce_due_ms = 0;
                }
                self.do_what_is_due();
                self.subscribe_to_letters();
                self.subscribe_to_briefing();
                self.drive(EventKind::Connected);
            }
            Report::Disconnected(reason) => {
                tracing::info!(%reason, "not connected");
                self.state.last_error = Some(format!("no connection: {reason}"));
                self.connection = None;
                self.state.connected = false;
                (self.status_due_ms, self.introduce_due_ms) = (u64::MAX, u64::MAX);
                self.drive(EventKind::Disconnected);
            }
            Report::Message { topic, payload } => self.read(&topic, &payload),
        }
    }

    /// Gives the courier an event and does what it says.
    fn drive(&mut self, kind: EventKind) {
        let at_ms = steady_ms();
        let jitter = self.rng.random_range(0.0..1.0);
        for effect in self.courier.apply(Event { at_ms, jitter, kind }) {
            match effect {
                Effect::Publish(sequence) => self.publish_envelope(sequence),
                Effect::Settle(verdicts) => self.settle(&verdicts),
                Effect::Alarm { sequence, refusal } => {
                    tracing::warn!(sequence, reason = %refusal.reason, detail = %refusal.detail, "refused");
                    self.state.last_error = Some(format!("record {sequence} was refused: {}", refusal.detail));
                    if !refusal.kept {
                        self.tell(ParcelEvent::TurnedAway { sequence });
                    }
                }
                Effect::LearnOffset { offset_s, aggregator_time } => {
                    self.time.learn(offset_s, aggregator_time, at_ms);
                    self.state.clock_offset_s = Some(offset_s);
                }
            }
        }
    }

    fn publish_envelope(&mut self, sequence: u64) {
        let Some(outbox) = &mut self.outbox else { return };
        match outbox.payload(sequence) {
            Ok(Some(payload)) => {
                self.publish(Channel::Records, payload);
                killpoint::reach("courier.after_publish");
            }
            Ok(None) => tracing::error!(sequence, "the courier knows a record that the outbox does not"),
            Err(error) => self.fail(&error),
        }
    }

    fn settle(&mut self, verdicts: &[Verdict]) {
        let Some(outbox) = &mut self.outbox else { return };
        match outbox.settle(verdicts) {
            Ok(settled) => {
                let mut taken = Vec::new();
                for waiting in settled {
                    let verdict = verdicts.iter().find(|verdict| verdict.envelope == waiting.hash);
                    if let Some(verdict) = verdict {
                        let decision = verdict.decision.clone();
                        if matches!(decision, Decision::Accepted | Decision::Duplicate) {
                            taken.push(waiting.record);
                        }
                        self.tell(ParcelEvent::Settled { sequence: waiting.sequence, decision });
                    }
                }
                if !taken.is_empty() {
                    for listener in locked(&self.shared.delivery_listeners).iter() {
                        listener(&taken);
                    }
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    fn do_what_is_due(&mut self) {
        let now = steady_ms();
        if self.reopen_due_ms <= now {
            self.reopen();
        }
        if self.look_due_ms <= now {
            self.look_due_ms = now + LOOK_MS;
            if let Some(outbox) = &self.outbox {
                self.state.storing = storing(outbox.can_keep());
            }
        }
        if self.status_due_ms <= now {
            self.status_due_ms = now + STATUS_MS;
            // How many records wait and where the chain stands nobody knows before.
            if self.opened {
                self.publish_json(Channel::Status, &self.status());
            }
        }
        if self.introduce_due_ms <= now {
            self.introduce_due_ms = now + INTRODUCE_MS;
            if let Trust::Introduce { ward, .. } = &self.config.trust {
                let introduction = Introduction {
                    version: 1,
                    kiosk: self.config.identity.kiosk.clone(),
                    signing_key: self.config.identity.signing_key.verifying_key(),
                    ward: ward.clone(),
                };
                self.publish_json(Channel::Introduction, &introduction);
            }
        }
    }

    fn status(&self) -> Status {
        let assignment = self.commissions.asked().and_then(|assignment| serde_json::to_vec(assignment).ok());
        let health = Health {
            software: env!("CARGO_PKG_VERSION").to_owned(),
            waiting: self.state.waiting,
            last_sequence: self.state.last_sequence,
            clock_offset_s: self.state.clock_offset_s,
            assignment: assignment.map(|bytes| Hash::of(&bytes)),
            tablet: self.tablet(),
            // An aggregator from before there were postings would refuse the status.
            questionnaire: self.asks.filter(|_| self.commissions.is_posted()),
        };
        Status::new(self.config.identity.kiosk.clone(), Presence::Online(health))
    }

    /// How the tablet is; only for an aggregator that has sent a round, because an older one would refuse the status.
    fn tablet(&self) -> Option<Tablet> {
        self.briefing.as_ref()?.briefing().round.as_ref()?;
        let power = appliance::power();
        Some(Tablet {
            battery_percent: power.battery_percent,
            charging: power.charging,
            free_disk_bytes: appliance::free_disk_bytes(&self.config.data),
            moved_to: self.moved_to.clone(),
        })
    }

    fn say_goodbye(&self) {
        let kiosk = self.config.identity.kiosk.clone();
        let offline = Status { version: 1, kiosk: kiosk.clone(), presence: Presence::Offline };
        // Serialising a struct of two strings and a number has no way to fail.
        let payload = serde_json::to_vec(&offline).unwrap_or_default();
        let topic = Topic::Kiosk(kiosk, Channel::Status);
        let _ended_before = self.commands.send(Command::Stop { topic, payload });
    }

    fn publish_json(&self, channel: Channel, message: &impl serde::Serialize) {
        match serde_json::to_vec(message) {
            Ok(payload) => self.publish(channel, payload),
            Err(error) => tracing::error!(%error, "writing a message"),
        }
    }

    fn publish(&self, channel: Channel, payload: Vec<u8>) {
        let Some(connection) = self.connection else { return };
        let topic = Topic::Kiosk(self.config.identity.kiosk.clone(), channel);
        // A link that has ended carries nothing; what matters is still in the outbox.
        let _ended = self.commands.send(Command::Publish { connection, topic, payload });
    }

    fn tell(&self, event: ParcelEvent) {
        if let Some(on_parcel) = &self.config.on_parcel {
            on_parcel(event);
        }
    }

    fn publish_state(&mut self) {
        if let Some(outbox) = &self.outbox {
            self.state.waiting = outbox.waiting().len() as u64;
            self.state.last_sequence = outbox.head().sequence;
        }
        let changed = {
            let mut shown = locked(&self.shared.state);
            let changed = *shown != self.state;
            shown.clone_from(&self.state);
            changed
        };
        if changed {
            for listener in locked(&self.shared.listeners).iter() {
                listener(&self.state);
            }
        }
    }
}

fn storing(can_keep: Result<(), OutboxError>) -> Storing {
    match can_keep {
        Ok(()) => Storing::Ready,
        Err(error) => Storing::Refusing(error.to_string()),
    }
}
