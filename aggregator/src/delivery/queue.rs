//! What waits, what is under way and what has ended: a state machine without clock, chance, file or socket.
//!
//! Everything that lasts is an [`Entry`], and the state is what its entries say, in order: [`Queue::apply`] decides entries, takes them
//! itself and hands them out to be kept; a start takes the kept ones again ([`Queue::take`]). What is under way is not kept: after a
//! restart it is sent again, with the same id.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::RecordId;

use super::{ContactName, Failure, GivenUp, Message, MessageId, Subject, Urgency};
use crate::journal::State;

mod backoff;

use backoff::pause;

/// The most messages that wait in a lane; beyond, the one that has waited longest is given up.
pub const MOST_WAITING: usize = 500;
/// The most messages that are remembered after they have ended.
pub const MOST_ENDED: usize = 20_000;
/// For how long they are: the days that times of help are told of.
pub const ENDED_FOR: SignedDuration = SignedDuration::from_hours(24 * 28);

/// For how long a test waits for its turn. It is tried once: whoever sent it waits for the answer.
pub const TEST_PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// Something that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A message waits.
    Posted {
        /// The message.
        message: Message,
    },
    /// A try came to nothing.
    Failed {
        /// The message.
        id: MessageId,
        /// How many tries there were.
        tries: u32,
        /// Why.
        why: Failure,
        /// When it is tried again.
        again: Timestamp,
    },
    /// A message does not wait any more.
    Ended(Ended),
}

/// A message that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// The message.
    pub id: MessageId,
    /// Who was to be told.
    pub contact: ContactName,
    /// What it was about.
    pub subject: Subject,
    /// What it said first.
    pub title: String,
    /// When.
    pub at: Timestamp,
    /// How.
    pub end: End,
}

/// How a message ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The receiver has taken it.
    Delivered,
    /// It is not tried any more.
    GivenUp(GivenUp),
    /// Nobody had to be told any more.
    Withdrawn,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Messages are to be delivered.
    Post(Vec<Message>),
    /// Nobody has to be told of these requests any more.
    Withdraw(Vec<RecordId>),
    /// A try has come to its end.
    Answer {
        /// The message.
        id: MessageId,
        /// What came of it.
        outcome: Outcome,
    },
    /// Time has passed.
    Tick,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Delivered,
    /// It may be taken later, not before so many seconds where the receiver says so.
    Failed(Failure, Option<u32>),
    /// It will never be taken.
    Refused(Failure),
}

/// What is to be done about an event: keep the entries first, then send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// What lasts, in order.
    pub entries: Vec<Entry>,
    /// What is to be sent now.
    pub send: Vec<Message>,
}

/// What is known of the telling of a request for help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// When the first contact had it.
    pub first: Option<Timestamp>,
    /// Whether more than the first of the chain was to be told.
    pub escalated: bool,
}

/// How a lane stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The contact.
    pub contact: ContactName,
    /// Which of its lanes.
    pub urgency: Urgency,
    /// How many messages wait in it.
    pub waiting: usize,
    /// Why the last try of the first of them failed, if it did, and when it is tried again.
    pub failing: Option<(Failure, Timestamp)>,
    /// When a message was last delivered.
    pub delivered: Option<Timestamp>,
}

/// The messages of all contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    give_up_after: SignedDuration,
    lanes: BTreeMap<(ContactName, Urgency), VecDeque<Waiting>>,
    ended: BTreeMap<MessageId, Ended>,
    /// The ids of what has ended, in the order it did.
    order: VecDeque<MessageId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    message: Message,
    tries: u32,
    failure: Option<Failure>,
    due: Timestamp,
    under_way: bool,
    /// Nobody has to be told any more, but it is under way: its answer ends it.
    unwanted: bool,
}

impl Waiting {
    fn new(message: Message, due: Timestamp) -> Self {
        Self { message, tries: 0, failure: None, due, under_way: false, unwanted: false }
    }
}

impl Queue {
    /// A queue with nothing in it. A message is given up so long after it was made.
    pub fn new(give_up_after: SignedDuration) -> Self {
        Self { give_up_after, lanes: BTreeMap::new(), ended: BTreeMap::new(), order: VecDeque::new() }
    }

    /// Something happens at a moment. `jitter` is drawn from 0 to 1.
    pub fn apply(&mut self, event: Event, now: Timestamp, jitter: f64) -> Done {
        let mut done = Done::default();
        match event {
            Event::Post(messages) => self.post(messages, now, &mut done),
            Event::Withdraw(records) => self.withdraw(&records, now, &mut done),
            Event::Answer { id, outcome } => self.answer(&id, outcome, now, jitter, &mut done),
            Event::Tick => {}
        }
        self.give_up(now, &mut done);
        self.send(now, &mut done);
        done
    }

    /// Takes an entry, as decided now or as kept.
    pub fn take(&mut self, at: Timestamp, entry: Entry) -> Result<(), String> {
        match entry {
            Entry::Posted { message } => {
                if self.knows(&message.id) {
                    return Err(format!("message {} was posted twice", message.id));
                }
                self.lanes.entry(lane_of(&message)).or_default().push_back(Waiting::new(message, at));
            }
            Entry::Failed { id, tries, why, again } => {
                let waiting = self.waiting_mut(&id).ok_or_else(|| format!("message {id} does not wait"))?;
                (waiting.tries, waiting.failure, waiting.due) = (tries, Some(why), again);
                waiting.under_way = false;
            }
            Entry::Ended(ended) => {
                // A file that was written anew has no more of it than this.
                if let Some(lane) = self.lanes.get_mut(&(ended.contact.clone(), ended.subject.urgency())) {
                    lane.retain(|waiting| waiting.message.id != ended.id);
                }
                self.forget(ended.at);
                self.order.push_back(ended.id.clone());
                self.ended.insert(ended.id.clone(), ended);
            }
        }
        Ok(())
    }

    /// When something is to be done next, if nothing happens before.
    pub fn next_due(&self) -> Option<Timestamp> {
        let first = |lane: &VecDeque<Waiting>| lane.front().filter(|one| !one.under_way).map(|one| one.due);
        let due = self.lanes.values().filter_map(first);
        let idle = self.lanes.values().flatten().filter(|one| !one.under_way);
        due.chain(idle.map(|one| self.end_of(one))).min()
    }

    /// The requests for help that somebody is still to be told of.
    pub fn waiting_for_help(&self) -> Vec<RecordId> {
        let records: BTreeSet<_> =
            self.lanes.values().flatten().filter_map(|waiting| record_of(&waiting.message.subject)).collect();
        records.into_iter().collect()
    }

    /// What is known of the telling of each request for help.
    pub fn told(&self) -> BTreeMap<RecordId, Told> {
        let mut all: BTreeMap<RecordId, Told> = BTreeMap::new();
        let mut see = |subject: &Subject, delivered: Option<Timestamp>| {
            if let Subject::Help { record, step } = subject {
                let told = all.entry(*record).or_default();
                told.escalated |= *step > 0;
                told.first = told.first.into_iter().chain(delivered).min();
            }
        };
        for waiting in self.lanes.values().flatten() {
            see(&waiting.message.subject, None);
        }
        for ended in self.ended.values() {
            see(&ended.subject, (ended.end == End::Delivered).then_some(ended.at));
        }
        all
    }

    /// What was given up, the newest first. Tests are not among it: whoever sent one has been told.
    pub fn given_up(&self) -> Vec<Ended> {
        let ended = self.order.iter().rev().filter_map(|id| self.ended.get(id));
        let is_lost = |ended: &&Ended| matches!(ended.end, End::GivenUp(_)) && ended.subject != Subject::Test;
        ended.filter(is_lost).cloned().collect()
    }

    /// A message that has ended and is remembered.
    pub fn ended(&self, id: &MessageId) -> Option<&Ended> {
        self.ended.get(id)
    }

    /// How each lane stands that has something waiting or has had something delivered.
    pub fn lanes(&self) -> Vec<Lane> {
        let mut lanes: BTreeMap<(ContactName, Urgency), Lane> = BTreeMap::new();
        let new = |(contact, urgency): &(ContactName, Urgency)| Lane {
            contact: contact.clone(),
            urgency: *urgency,
            waiting: 0,
            failing: None,
            delivered: None,
        };
        for (key, lane) in self.lanes.iter().filter(|(_, lane)| !lane.is_empty()) {
            let entry = lanes.entry(key.clone()).or_insert_with(|| new(key));
            entry.waiting = lane.len();
            entry.failing = lane.front().and_then(|first| Some((first.failure?, first.due)));
        }
        for ended in self.ended.values().filter(|ended| ended.end == End::Delivered) {
            let key = (ended.contact.clone(), ended.subject.urgency());
            let entry = lanes.entry(key.clone()).or_insert_with(|| new(&key));
            entry.delivered = entry.delivered.max(Some(ended.at));
        }
        lanes.into_values().collect()
    }

    fn post(&mut self, messages: Vec<Message>, now: Timestamp, done: &mut Done) {
        for message in messages {
            if self.knows(&message.id) {
                continue;
            }
            let lane = lane_of(&message);
            self.decide(now, Entry::Posted { message }, done);
            let waiting = self.lanes.get(&lane).into_iter().flatten();
            let over = waiting.clone().count().saturating_sub(MOST_WAITING);
            let oldest: Vec<_> =
                waiting.filter(|one| !one.under_way).take(over).map(|one| one.message.clone()).collect();
            for message in oldest {
                self.end(&message, End::GivenUp(GivenUp::TooMany), now, done);
            }
        }
    }

    fn withdraw(&mut self, records: &[RecordId], now: Timestamp, done: &mut Done) {
        let mut idle = Vec::new();
        for waiting in self.lanes.values_mut().flatten() {
            if record_of(&waiting.message.subject).is_none_or(|of| !records.contains(&of)) {
                continue;
            }
            // What is under way may have arrived; its answer says so.
            waiting.unwanted = true;
            if !waiting.under_way {
                idle.push(waiting.message.clone());
            }
        }
        for message in idle {
            self.end(&message, End::Withdrawn, now, done);
        }
    }

    fn answer(&mut self, id: &MessageId, outcome: Outcome, now: Timestamp, jitter: f64, done: &mut Done) {
        // An answer to what has ended meanwhile changes nothing.
        let Some(waiting) = self.waiting_mut(id) else { return };
        let (message, tries) = (waiting.message.clone(), waiting.tries.saturating_add(1));
        match outcome {
            Outcome::Delivered => self.end(&message, End::Delivered, now, done),
            _ if waiting.unwanted => self.end(&message, End::Withdrawn, now, done),
            Outcome::Refused(why) => self.end(&message, End::GivenUp(GivenUp::Refused(why)), now, done),
            Outcome::Failed(why, _) if message.subject == Subject::Test => {
                self.end(&message, End::GivenUp(GivenUp::TooLate(Some(why))), now, done);
            }
            Outcome::Failed(why, wait_s) => {
                let again = now + pause(message.subject.urgency(), tries, jitter, wait_s);
                self.decide(now, Entry::Failed { id: id.clone(), tries, why, again }, done);
            }
        }
    }

    fn give_up(&mut self, now: Timestamp, done: &mut Done) {
        let late = |waiting: &&Waiting| !waiting.under_way && self.end_of(waiting) <= now;
        let late: Vec<_> = self.lanes.values().flatten().filter(late).cloned().collect();
        for Waiting { message, failure, .. } in late {
            self.end(&message, End::GivenUp(GivenUp::TooLate(failure)), now, done);
        }
    }

    fn send(&mut self, now: Timestamp, done: &mut Done) {
        for lane in self.lanes.values_mut() {
            let Some(first) = lane.front_mut().filter(|first| !first.under_way) else { continue };
            // A clock that was set back may not keep a message longer than the longest pause.
            if first.due <= now || first.due.duration_since(now) > backoff::LONGEST {
                first.under_way = true;
                done.send.push(first.message.clone());
            }
        }
    }

    fn end(&mut self, message: &Message, end: End, at: Timestamp, done: &mut Done) {
        let ended = Ended {
            id: message.id.clone(),
            contact: message.contact.clone(),
            subject: message.subject.clone(),
            title: message.letter.title.clone(),
            at,
            end,
        };
        self.decide(at, Entry::Ended(ended), done);
    }

    fn decide(&mut self, now: Timestamp, entry: Entry, done: &mut Done) {
        match self.take(now, entry.clone()) {
            Ok(()) => done.entries.push(entry),
            // Entries are made of what is here, so this is a fault of this file and not of any message.
            Err(error) => tracing::error!(error, "a message was not taken on"),
        }
    }

    fn end_of(&self, waiting: &Waiting) -> Timestamp {
        let patience = match waiting.message.subject {
            Subject::Test => TEST_PATIENCE.min(self.give_up_after),
            _ => self.give_up_after,
        };
        waiting.message.made.saturating_add(patience).unwrap_or(Timestamp::MAX)
    }

    fn knows(&self, id: &MessageId) -> bool {
        self.ended.contains_key(id) || self.lanes.values().flatten().any(|waiting| waiting.message.id == *id)
    }

    fn waiting_mut(&mut self, id: &MessageId) -> Option<&mut Waiting> {
        self.lanes.values_mut().flatten().find(|waiting| waiting.message.id == *id)
    }

    /// Forgets what ended too long ago, and the oldest of too many.
    fn forget(&mut self, now: Timestamp) {
        while let Some(oldest) = self.order.front() {
            let is_old = self.ended.get(oldest).is_none_or(|ended| now.duration_since(ended.at) > ENDED_FOR);
            if !is_old && self.order.len() < MOST_ENDED {
                break;
            }
            self.ended.remove(oldest);
            self.order.pop_front();
        }
    }
}

impl State<Entry> for Queue {
    fn entries(&self) -> Vec<(Timestamp, Entry)> {
        let ended = self.order.iter().filter_map(|id| self.ended.get(id));
        let mut entries: Vec<_> = ended.map(|ended| (ended.at, Entry::Ended(ended.clone()))).collect();
        for waiting in self.lanes.values().flatten() {
            let Waiting { message, tries, failure, due, .. } = waiting;
            let (id, made) = (message.id.clone(), message.made);
            // One that was not tried yet is due since it was posted.
            let posted = if failure.is_some() { made } else { *due };
            entries.push((posted, Entry::Posted { message: message.clone() }));
            if let Some(why) = *failure {
                entries.push((posted, Entry::Failed { id, tries: *tries, why, again: *due }));
            }
        }
        entries
    }

    fn size(&self) -> usize {
        self.ended.len() + 2 * self.lanes.values().map(VecDeque::len).sum::<usize>()
    }
}

fn lane_of(message: &Message) -> (ContactName, Urgency) {
    (message.contact.clone(), message.subject.urgency())
}

fn record_of(subject: &Subject) -> Option<RecordId> {
    match subject {
        Subject::Help { record, .. } => Some(*record),
        Subject::Alert { .. } | Subject::Digest { .. } | Subject::Test => None,
    }
}
