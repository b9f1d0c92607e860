//! What commands say about the contacts that messages go to.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Talk, say};
use crate::delivery::{ContactName, End, Failure, GivenUp, Message, MessageId, Urgency, queue};
use crate::premises::House;

/// The longest that a test can take: its wait for its turn, a try, and some time for the disk.
const MOST_WAIT: Duration = Duration::from_secs(45);

/// What is asked about contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryAsk {
    /// Sends one a message that asks nothing of anybody.
    Test {
        /// Whom.
        contact: ContactName,
    },
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestLine {
    /// Who was sent it.
    pub contact: ContactName,
    /// Its id, as the receiver has it.
    pub id: MessageId,
    /// Whether the receiver has taken it.
    pub taken: bool,
    /// What the receiver answered, in words.
    pub answer: String,
    /// What to look at where it was not taken.
    pub advice: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// Sends a test and waits for what becomes of it. True when it was taken.
pub(super) fn test(house: &House, contact: &ContactName, talk: &mut dyn Talk) -> Result<bool> {
    let known = &house.premises.config.reach.delivery.contacts;
    if !known.iter().any(|listed| listed.name == *contact) {
        let names: Vec<&str> = known.iter().map(|listed| listed.name.as_str()).collect();
        let there_are = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!("failed to find contact {contact} in the settings: they have {there_are}");
    }
    let before = lane(house, contact);
    // A lane that is full gives up its oldest for what comes.
    ensure!(
        before.as_ref().is_none_or(|lane| lane.waiting < queue::MOST_WAITING),
        "failed to send {contact} a test: no more messages can wait for it; mend the webhook first"
    );
    let begun = Timestamp::now();
    let message = Message::test(contact, begun);
    let id = message.id.clone();
    talk.progress("waiting for the answer", 0, 1);
    house.delivery.post(vec![message], begun);
    let ended = house.delivery.until_ended(&id, MOST_WAIT).with_context(|| {
        format!("failed to hear what became of the test for {contact}: see in the log why nothing is delivered")
    })?;
    talk.progress("waiting for the answer", 1, 1);
    let (answer, failure) = match ended.end {
        End::Delivered => ("it has taken the message".to_owned(), None),
        End::GivenUp(GivenUp::Refused(why) | GivenUp::TooLate(Some(why))) => (why.to_string(), Some(why)),
        End::GivenUp(_) | End::Withdrawn => not_tried(house, contact),
    };
    let line = TestLine {
        contact: contact.clone(),
        id,
        taken: ended.end == End::Delivered,
        answer,
        advice: failure.map(|failure| advice(failure).to_owned()),
        seconds: ended.at.duration_since(begun).as_secs_f64(),
    };
    say(talk, &line)?;
    Ok(line.taken)
}

fn lane(house: &House, contact: &ContactName) -> Option<queue::Lane> {
    let lanes = house.delivery.lanes();
    lanes.into_iter().find(|lane| lane.contact == *contact && lane.urgency == Urgency::Ordinary)
}

/// Others wait before it, and the first of them does not get through.
fn not_tried(house: &House, contact: &ContactName) -> (String, Option<Failure>) {
    let lane = lane(house, contact);
    let waiting = lane.as_ref().map_or(0, |lane| lane.waiting);
    let failure = lane.and_then(|lane| Some(lane.failing?.0));
    let why =
        failure.map(|failure| format!("; when the first of them was last tried, {failure}")).unwrap_or_default();
    (format!("it was not asked, because messages that wait for it go first ({waiting} now){why}"), failure)
}

/// What to look at.
fn advice(failure: Failure) -> &'static str {
    match failure {
        Failure::Unreachable => "check its address, the setting delivery.proxy and the network",
        Failure::NoAnswer => "see at the receiver why it takes more than ten seconds to answer",
        Failure::Status(401 | 403) => "check its token in the file of secrets",
        Failure::Status(300..=399) => "give the address that it answers with: none is followed",
        Failure::Status(404 | 405 | 410) => "check its address",
        Failure::Status(400 | 413 | 415 | 422) => "check its kind, json or teams, in the settings",
        Failure::Status(_) => "see at the receiver why it answers so",
        Failure::NoContact => "restart the aggregator: it does not know this contact yet",
    }
}
