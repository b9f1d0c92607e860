//! The watch over open requests: posts what is due, takes back what is seen. A loop of a few lines around [escalation](super::escalation).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::RecordId;

use super::HelpDesk;
use super::escalation::{Chains, MOST_STEPS};
use crate::delivery::Delivery;
use crate::delivery::queue::MOST_ENDED;
use crate::ingest::Change;

/// How long the clock is not looked at, at most: it may have been set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// People are told of so many open requests, the newest of them: as many as the delivery room remembers with the longest chain.
const MOST_TOLD: usize = MOST_ENDED / MOST_STEPS;

/// What the watch knows.
pub struct Watch {
    /// The requests.
    pub help: Arc<HelpDesk>,
    /// Where messages go.
    pub delivery: Arc<Delivery>,
    /// Who is told.
    pub chains: Chains,
    /// For how long a message is worth sending.
    pub give_up_after: SignedDuration,
    /// The wards' names.
    pub directory: Directory,
}

impl Watch {
    /// Posts every step that is due and takes back what nobody has to be told any more. When the next step is due is given.
    pub fn look(&self, now: Timestamp) -> Option<Timestamp> {
        let open = self.help.all(now);
        let ids: BTreeSet<RecordId> = open.iter().map(|request| request.record).collect();
        let seen: Vec<_> = self.delivery.waiting_for_help().into_iter().filter(|id| !ids.contains(id)).collect();
        self.delivery.withdraw(&seen, now);
        let (mut due, mut next) = (Vec::new(), None::<Timestamp>);
        for request in open.iter().rev().take(MOST_TOLD).rev() {
            let chain = self.chains.of(&request.ward);
            let name = self.directory.ward(&request.ward).map_or(request.ward.as_str(), |entry| &entry.name);
            for step in chain.steps(request) {
                if step.due > now {
                    next = next.into_iter().chain([step.due]).min();
                } else if now.duration_since(step.due) < self.give_up_after {
                    due.push(request.message(&step, name, chain.after.as_mins()));
                }
            }
        }
        self.delivery.post(due, now);
        next
    }
}

/// Watches until it is told to stop.
pub async fn watch(watch: Watch, mut changes: broadcast::Receiver<Change>, stopping: CancellationToken) {
    loop {
        // Read before looking, so that what changes meanwhile is looked at again.
        let looked_at = watch.help.changes();
        let now = Timestamp::now();
        let next = watch.look(now);
        let rest = next.map_or(LOOK_AGAIN, |next| {
            Duration::try_from(next.duration_since(now)).unwrap_or_default().min(LOOK_AGAIN)
        });
        let rested = tokio::time::sleep(rest);
        tokio::pin!(rested);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = &mut rested => break,
                change = changes.recv() => match change {
                    Err(broadcast::error::RecvError::Closed) => return,
                    // Most changes are answers, which are nothing to this.
                    Ok(_) if watch.help.changes() == looked_at => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => break,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::collections::BTreeMap;
    use std::path::Path;

    use wardvoice_protocol::record::{Need, Place};

    use super::*;
    use crate::delivery::Message;
    use crate::help::Request;
    use crate::help::escalation::Chain;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_764_000_000 + minutes * 60).unwrap()
    }

    fn request(number: u8, minutes: i64) -> Request {
        Request {
            record: RecordId::new(0, [number; 10]),
            kiosk: "k-1".parse().unwrap(),
            ward: "W1".parse().unwrap(),
            need: Need::Toilet,
            place: Some(Place::new("Bay 2").unwrap()),
            asked: at(minutes - 60),
            arrived: at(minutes),
        }
    }

    fn watch(folder: &Path) -> Watch {
        let hour = SignedDuration::from_hours(1);
        let contacts = ["first", "second"].map(|name| name.parse().unwrap()).into();
        let default = Chain { contacts, after: SignedDuration::from_mins(5) };
        Watch {
            help: Arc::new(HelpDesk::default()),
            delivery: Arc::new(Delivery::open(folder.join("delivery.ndjson"), hour).unwrap()),
            chains: Chains { default, wards: BTreeMap::new() },
            give_up_after: hour,
            directory: crate::directory::example(),
        }
    }

    fn sent(watch: &Watch, now: Timestamp) -> Vec<Message> {
        watch.delivery.due(now).0
    }

    #[test]
    fn the_first_contact_is_told_at_once_and_the_next_when_nobody_has_seen_it() {
        let folder = tempfile::tempdir().unwrap();
        let before = watch(folder.path());
        before.help.open(request(1, 0));
        assert_eq!(before.look(at(0)), Some(at(5)));
        let messages = sent(&before, at(0));
        let message = messages.first().unwrap();
        assert_eq!((messages.len(), message.contact.as_str()), (1, "first"));
        let said: Vec<_> = message.letter.facts.iter().map(|fact| fact.words.as_str()).collect();
        assert_eq!(said.get(1..), Some(["Bay 2", "The toilet"].as_slice()), "ward, place and need");
        assert_eq!(said.len(), 3, "and nothing else");
        assert!(!serde_json::to_string(&message.letter).unwrap().contains("k-1"));
        assert_eq!(before.look(at(4)), Some(at(5)));
        assert!(sent(&before, at(4)).is_empty());
        drop(before);

        // The escalation goes on where it was, and nobody is told a second time but who may not have heard.
        let after = watch(folder.path());
        after.help.open(request(1, 0));
        assert_eq!(after.look(at(5)), None);
        let contacts: Vec<_> = sent(&after, at(5)).iter().map(|message| message.contact.to_string()).collect();
        assert_eq!(contacts, ["first", "second"]);
        assert!(after.delivery.told().values().all(|told| told.escalated));
    }

    #[test]
    fn who_has_seen_it_ends_the_chain_and_what_waits_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let watch = watch(folder.path());
        for number in 1..=2 {
            watch.help.open(request(number, 0));
        }
        watch.look(at(0));
        assert_eq!(watch.delivery.waiting_for_help().len(), 2);
        for number in 1..=2 {
            watch.help.seen("k-1".parse().unwrap(), RecordId::new(0, [number; 10]), at(1));
        }
        assert_eq!(watch.look(at(1)), None);
        // One of them is under way already.
        assert_eq!(watch.delivery.waiting_for_help().len(), 1);
        assert_eq!(watch.look(at(10)), None);
        assert!(watch.delivery.told().values().all(|told| !told.escalated));
    }

    #[test]
    fn what_is_too_old_to_be_worth_sending_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let watch = watch(folder.path());
        watch.help.open(request(1, 0));
        assert_eq!(watch.look(at(63)), None);
        let contacts: Vec<_> = sent(&watch, at(63)).iter().map(|message| message.contact.to_string()).collect();
        assert_eq!(contacts, ["second"], "whose turn was less than an hour ago");
    }
}
