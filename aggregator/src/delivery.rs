//! The delivery room: messages to people outside the pages, over webhooks.
//!
//! Purpose: who is to be told of a request for help or of an alert is told within a moment of it, and again and again until the
//! receiver has taken it or the trust's patience ends; then the office is told that it could not be delivered.
//!
//! Vocabulary: a *[contact](Contact)* is a webhook with a name; a *[message](Message)* is for one contact and has an id that never
//! changes; a *lane* is a contact's messages of one [urgency](Urgency), in the order they were posted. A message *waits* until it
//! has *[ended](Ended)*: it was delivered, given up, or withdrawn because nobody has to be told any more.
//!
//! Invariants:
//! - A message that was posted is delivered at least once, or given up visibly, over any number of restarts. The id is in a header and in
//!   the body, the same each time, so that a receiver can drop doubles. A message with an id that is known is not posted again.
//! - A lane keeps its order, and at most one message of it is under way. Lanes do not wait for each other: a dead or slow contact holds
//!   up nobody else, and a contact's alerts do not hold up its requests for help.
//! - What waits is in `delivery.ndjson`, synced, before it is sent; but nobody waits for help because a disk is full: then it is sent all
//!   the same, and the file is written as soon as it can be.
//! - Nothing that names a patient is in a message. Addresses and tokens are in no file but the settings and the secrets, and in no log.
//!
//! Bounds: [`queue::MOST_WAITING`] messages a lane, [`queue::MOST_ENDED`] that have ended, for [`queue::ENDED_FOR`]; the file is written
//! anew when most of its lines are of the past. One request takes at most ten seconds, and of an answer only its status is read.
//!
//! Old readers and writers: lines of the file say their version ([`crate::line_file`]); an unknown one is an error that names it. A program
//! from before there were tests takes a file with one for damaged, for the 28 days that it is remembered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::id::RecordId;

use crate::journal::Journal;
use crate::line_file::LineFileError;

mod body;
mod contact;
mod failure;
mod message;
mod post;
pub mod queue;

pub(crate) use contact::{ADDRESS_RULE, too_many};
pub use contact::{
    Address, Contact, ContactName, ContactNameError, Contacts, ContactsError, Kind, Listed, Settings,
};
pub use failure::{Failure, GivenUp};
pub use message::{Fact, Letter, Message, MessageId, Subject, Urgency};
pub(crate) use post::is_proxy;
pub use post::{Post, PostError};
pub use queue::{End, Ended, Lane, Outcome, Queue, Told};

use queue::{Entry, Event};

/// How long the clock is not looked at, at most: it may have been set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How long what is under way may take at the end.
const GOODBYE: Duration = Duration::from_secs(1);

/// Everything that waits or has ended. Shared by reference.
#[derive(Debug)]
pub struct Delivery {
    room: Mutex<Room>,
    wake: Notify,
    /// Told whenever a message has ended.
    ended: Condvar,
}

#[derive(Debug)]
struct Room {
    queue: Queue,
    journal: Journal<Entry>,
    /// What is to be sent now, until the shell takes it.
    to_send: Vec<Message>,
}

impl Delivery {
    /// Opens the room of a file; one that is not there is made and has nothing.
    pub fn open(path: impl Into<PathBuf>, give_up_after: SignedDuration) -> Result<Self, LineFileError> {
        let mut queue = Queue::new(give_up_after);
        let journal = Journal::open(path, |at, entry| queue.take(at, entry))?;
        let room = Mutex::new(Room { queue, journal, to_send: Vec::new() });
        Ok(Self { room, wake: Notify::new(), ended: Condvar::new() })
    }

    /// Takes messages on. Those that are known already, waiting or ended, are left as they are.
    pub fn post(&self, messages: Vec<Message>, now: Timestamp) {
        if !messages.is_empty() {
            self.happen(Event::Post(messages), now);
        }
    }

    /// Nobody has to be told of these requests for help any more.
    pub fn withdraw(&self, records: &[RecordId], now: Timestamp) {
        if !records.is_empty() {
            self.happen(Event::Withdraw(records.to_vec()), now);
        }
    }

    /// The requests for help that somebody is still to be told of.
    pub fn waiting_for_help(&self) -> Vec<RecordId> {
        self.locked().queue.waiting_for_help()
    }

    /// What is known of the telling of each request for help.
    pub fn told(&self) -> BTreeMap<RecordId, Told> {
        self.locked().queue.told()
    }

    /// Waits until a message has ended; `None` when it has not by then. Blocks.
    pub fn until_ended(&self, id: &MessageId, patience: Duration) -> Option<Ended> {
        let goes_on = |room: &mut Room| room.queue.ended(id).is_none();
        let waited = self.ended.wait_timeout_while(self.locked(), patience, goes_on);
        let (room, _) = waited.unwrap_or_else(PoisonError::into_inner);
        room.queue.ended(id).cloned()
    }

    /// What was given up and is still remembered, the newest first.
    pub fn given_up(&self) -> Vec<Ended> {
        self.locked().queue.given_up()
    }

    /// How each lane stands that has something waiting or has had something delivered.
    pub fn lanes(&self) -> Vec<Lane> {
        self.locked().queue.lanes()
    }

    /// Whether the file could not be written last time.
    pub fn is_unwritten(&self) -> bool {
        self.locked().journal.is_unwritten()
    }

    fn happen(&self, event: Event, now: Timestamp) {
        let jitter = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
        let mut room = self.locked();
        let done = room.queue.apply(event, now, jitter);
        let Room { queue, journal, to_send } = &mut *room;
        journal.note(now, &done.entries, queue);
        done.entries.iter().for_each(say);
        if done.entries.iter().any(|entry| matches!(entry, Entry::Ended(_))) {
            self.ended.notify_all();
        }
        to_send.extend(done.send);
        let is_more = !to_send.is_empty();
        drop(room);
        if is_more {
            self.wake.notify_one();
        }
    }

    /// What is to be sent now, and when to look again.
    pub(crate) fn due(&self, now: Timestamp) -> (Vec<Message>, Option<Timestamp>) {
        self.happen(Event::Tick, now);
        let mut room = self.locked();
        (std::mem::take(&mut room.to_send), room.queue.next_due())
    }

    fn locked(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what is due until it is told to stop.
pub async fn deliver(delivery: Arc<Delivery>, post: Arc<Post>, stopping: CancellationToken) {
    let mut under_way = JoinSet::new();
    loop {
        let now = Timestamp::now();
        let (messages, next) = delivery.due(now);
        for message in messages {
            let post = Arc::clone(&post);
            under_way.spawn(async move { (message.id.clone(), post.send(&message).await) });
        }
        let rest = next.map_or(LOOK_AGAIN, |next| {
            Duration::try_from(next.duration_since(now)).unwrap_or_default().min(LOOK_AGAIN)
        });
        tokio::select! {
            () = stopping.cancelled() => break,
            () = delivery.wake.notified() => {}
            Some(done) = under_way.join_next() => settle(&delivery, done),
            () = tokio::time::sleep(rest) => {}
        }
    }
    // What is not answered by then is sent again after the start, with the same id.
    let finish = async {
        while let Some(done) = under_way.join_next().await {
            settle(&delivery, done);
        }
    };
    drop(tokio::time::timeout(GOODBYE, finish).await);
}

/// Says in the log what somebody who runs the program has to know. No address and no words of a message are in it.
fn say(entry: &Entry) {
    match entry {
        Entry::Posted { message } => {
            tracing::debug!(contact = %message.contact, id = %message.id, "a message is to be delivered");
        }
        Entry::Failed { id, tries: 1, why, .. } => {
            tracing::warn!(%id, "a message was not delivered and is tried again: {why}");
        }
        Entry::Failed { id, tries, why, .. } => tracing::debug!(%id, tries, "not delivered again: {why}"),
        Entry::Ended(Ended { id, contact, end: End::GivenUp(why), subject, .. }) if *subject != Subject::Test => {
            tracing::error!(%contact, %id, "a message was given up: {why}");
        }
        Entry::Ended(Ended { id, contact, end, .. }) => {
            tracing::debug!(%contact, %id, ?end, "a message has ended");
        }
    }
}

fn settle(delivery: &Delivery, done: Result<(MessageId, Outcome), tokio::task::JoinError>) {
    match done {
        Ok((id, outcome)) => delivery.happen(Event::Answer { id, outcome }, Timestamp::now()),
        Err(error) => tracing::error!(%error, "a delivery ended before it was done"),
    }
}

#[cfg(test)]
mod tests;
